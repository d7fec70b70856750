import { LockRegistry } from '../../lib/index.js';
import { connect } from './databases.js';

// Asks the doctor, takes a lock, closes, and has nothing else to do: nothing but the library keeps this process alive.
const sequelize = connect(process.argv[2] ?? '');
const locks = new LockRegistry(sequelize);
await locks.doctor();
await locks.run('script', () => undefined);
await locks.close();
await sequelize.close();
console.log('done');
