import { expect } from 'chai';
import * as dialects from '../lib/dialects/index.js';
import * as api from '../lib/index.js';
import * as policies from '../lib/policies/index.js';
import * as wakers from '../lib/wakers/index.js';
import { type PublicThing, publicThings } from './support/public-api.js';

/** What the package exports beside its policies, wakers and dialects, which are open: one that is added needs no line here. */
const VALUES = [
  'DistributedLock',
  'EXECUTION_SKIPPED',
  'LeaseLostError',
  'LeaseSet',
  'LockBusyError',
  'LockDeadlockError',
  'LockError',
  'LockRegistry',
  'LockRegistryClosedError',
  'LockRegistryNotConfiguredError',
  'LockStoreError',
  'LockTableError',
  'LockTimeoutError',
  'Locked',
  'NO_LOCK',
  'atMost',
  'configureLocks',
  'currentLease',
  'dialects',
  'fencedUpdate',
  'giveUp',
  'isLockError',
  'isLockRegistry',
  'withLock',
  'within',
];

const TYPES = [
  'Clock',
  'Dialect',
  'DialectFacts',
  'DistributedLockOptions',
  'Duration',
  'FencedUpdateOptions',
  'FencingLease',
  'Finding',
  'Health',
  'Lease',
  'LockErrorCode',
  'LockEventName',
  'LockEvents',
  'LockInfo',
  'LockMessage',
  'LockNames',
  'LockOptions',
  'LockSource',
  'LockedDecorator',
  'LossReason',
  'MethodKey',
  'NameOf',
  'Occupant',
  'PollingContext',
  'PollingPolicy',
  'RegistryOptions',
  'RetryContext',
  'RetryPolicy',
  'RunOptions',
  'SkipResult',
  'Waker',
  'WakerContext',
  'WakerStrategy',
  'WithLockOptions',
];

const open = [...Object.keys(policies), ...Object.keys(wakers)];

describe('The public API', () => {
  let things: PublicThing[];

  before(function () {
    this.timeout(30_000); // the compiler reads the types of Sequelize and Node
    things = publicThings('index.ts');
  });

  const namesWhere = (is: (thing: PublicThing) => boolean) => things.filter(is).map(({ name }) => name);

  it('exports these values, and every policy and waker', () => {
    expect(Object.keys(api).sort()).to.deep.equal([...VALUES, ...open].sort());
  });

  it('exports these types', () => {
    const types = namesWhere(({ name }) => /^\w+$/.test(name) && !(name in api));
    // The options of policies and wakers are as open as these are.
    expect(types.filter((name) => !/(Polling|Retry|Notifications)Options$/.test(name)).sort()).to.deep.equal([...TYPES].sort());
  });

  it('calls policies by what they answer', () => {
    for (const policy of Object.keys(policies)) expect(policy).to.match(/(Polling|Retry)$/);
  });

  it('exports its dialects together, by Sequelize’s names of them', () => {
    expect(api.dialects).to.equal(dialects);
    for (const [name, dialect] of Object.entries(dialects)) expect(dialect.name).to.equal(name);
  });

  it('describes everything that it exports', () => {
    expect(namesWhere(({ described }) => !described)).to.deep.equal([]);
  });

  it('says of everything that may throw that it does', () => {
    expect(namesWhere(({ mayThrow, warns }) => mayThrow && !warns)).to.deep.equal([]);
  });
});

describe('The public API for other packages', () => {
  for (const entry of ['node-cron', 'umzug']) {
    it(`describes everything that ${entry} exports, and says of what may throw that it does`, function () {
      this.timeout(30_000); // the compiler reads the types of Sequelize and Node
      const things = publicThings(`integrations/${entry}.ts`);
      expect(things).not.to.be.empty;
      expect(things.filter(({ described, mayThrow, warns }) => !described || (mayThrow && !warns)).map(({ name }) => name)).to.deep.equal(
        [],
      );
    });
  }
});
