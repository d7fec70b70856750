'use strict';
// What an application does with the package, written once for every way of loading it.
module.exports = async function use({ LockRegistry, withLock, configureLocks, EXECUTION_SKIPPED }) {
  const { Sequelize } = require('sequelize');
  const sequelize = new Sequelize({ dialect: 'sqlite', storage: ':memory:', logging: false });
  const locks = new LockRegistry(sequelize);
  configureLocks(locks);

  const inner = withLock('nightly', async () => 'worked', { onBusy: 'skip' });
  const outer = await locks.run('nightly', () => inner());
  const after = await inner();

  await locks.close();
  await sequelize.close();
  if (outer !== EXECUTION_SKIPPED || after !== 'worked')
    throw new Error(`expected a skip, then work; got ${String(outer)}, then ${String(after)}`);
};
