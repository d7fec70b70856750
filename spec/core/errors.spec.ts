import { expect } from 'chai';
import * as errors from '../../lib/core/errors.js';

const {
  isLockError,
  LeaseLostError,
  LockBusyError,
  LockDeadlockError,
  LockError,
  LockRegistryClosedError,
  LockRegistryNotConfiguredError,
  LockStoreError,
  LockTableError,
  LockTimeoutError,
} = errors;

const occupant = {
  holder: 'host 7:42 worker.js',
  label: 'nightly',
  acquiredAt: new Date('2030-01-01T00:00:00Z'),
  expiresAt: new Date('2030-01-01T00:00:30Z'),
};
const driverError = Object.assign(new Error('connection terminated'), { code: '57P01' });

const examples: Readonly<Record<errors.LockErrorCode, errors.LockError>> = {
  LOCK_TIMEOUT: new LockTimeoutError('invoices', 5_000.4, occupant),
  LOCK_BUSY: new LockBusyError('invoices', occupant),
  LEASE_LOST: new LeaseLostError('invoices', 'taken', 17),
  LOCK_DEADLOCK: new LockDeadlockError('invoices'),
  LOCK_STORE: new LockStoreError('invoices', 'ask', true, { cause: driverError }),
  LOCK_TABLE: new LockTableError('ops.locks', 'is not a lock table. Choose another.', ['a', 'b']),
  LOCK_REGISTRY_NOT_CONFIGURED: new LockRegistryNotConfiguredError('invoices'),
  LOCK_REGISTRY_CLOSED: new LockRegistryClosedError('invoices'),
};

describe('Every error', () => {
  for (const [code, error] of Object.entries(examples)) {
    it(`of code ${code} is a LockError with its class's name`, () => {
      expect(error).to.be.instanceOf(LockError).and.instanceOf(Error);
      expect(error.code).to.equal(code);
      expect((errors as Record<string, unknown>)[error.name]).to.equal(error.constructor);
      expect(String(error)).to.equal(`${error.name}: ${error.message}`);
    });
  }

  it('is shown here: there is no code without an example', () => {
    const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error') && name !== 'isLockError' && name !== 'LockError');
    expect(Object.values(examples).map(({ name }) => name)).to.have.members(classes.map(([name]) => name));
  });

  it('about a lock names it, in its message and as a field', () => {
    for (const error of Object.values(examples)) {
      if (error.code === 'LOCK_TABLE') continue;
      expect(error.lockName, error.name).to.equal('invoices');
      if (error.code !== 'LOCK_REGISTRY_NOT_CONFIGURED') expect(error.message).to.contain('"invoices"');
    }
  });

  it('says what happened and what to do about it', () => {
    expect(Object.values(examples).map(({ message }) => message)).to.deep.equal([
      'Lock "invoices" was still held after 5000 ms by host 7:42 worker.js (nightly) since 2030-01-01T00:00:00.000Z until 2030-01-01T00:00:30.000Z. Wait longer, or see who holds it with inspect().',
      'Lock "invoices" is held by host 7:42 worker.js (nightly) since 2030-01-01T00:00:00.000Z until 2030-01-01T00:00:30.000Z. Use onBusy: \'wait\' to stand in line.',
      'The lease of lock "invoices" (token 17) is over: another owner has it now. Stop working; another owner may have begun.',
      'Lock "invoices" is held by the caller itself, so waiting for it would never end. Go on under the outer lease: currentLease() is it, and run(), withLock() and @Locked take reentrant: true.',
      'The database failed at "ask" for lock "invoices": connection terminated. It may have been carried out all the same; what was taken is being given back. Check that it is reachable, and what this user may do there.',
      'Lock table "ops.locks" is not a lock table. Choose another.',
      'No lock registry is configured. Call configureLocks(registry) at start-up, pass options.registry, or give the object a property `locks` that is a registry.',
      'The lock registry is closed, so lock "invoices" cannot be taken. Make a new LockRegistry.',
    ]);
  });
});

describe('isLockError', () => {
  it('knows the errors of this library, and no others', () => {
    expect(isLockError(examples.LOCK_BUSY)).to.equal(true);
    for (const other of [new Error('LOCK_BUSY'), { code: 'LOCK_BUSY' }, 'LOCK_BUSY', null, undefined, 0])
      expect(isLockError(other)).to.equal(false);
  });

  it('knows the errors of another copy of the package', async () => {
    const copy = (await import(`../../lib/core/errors.js?copy=${Math.random()}`)) as typeof errors;
    const error = new copy.LockBusyError('invoices');
    expect(error).not.to.be.instanceOf(LockError);
    expect(isLockError(error)).to.equal(true);
    expect(copy.isLockError(examples.LOCK_BUSY)).to.equal(true);
  });
});

describe('LockTimeoutError', () => {
  it('carries how long was waited and who is in the way', () => {
    expect(examples.LOCK_TIMEOUT).to.deep.include({ waitedMs: 5_000.4, occupant });
  });

  it('says nothing of an occupant that is not known', () => {
    const error = new LockTimeoutError('invoices', 0);
    expect(error.occupant).to.deep.equal({});
    expect(error.message).to.match(/after 0 ms\. Wait/);
  });
});

describe('LeaseLostError', () => {
  it('says why in words, for every reason', () => {
    const reasons: errors.LossReason[] = ['taken', 'deleted', 'revoked', 'unreachable', 'expired', 'closed', 'released'];
    const texts = reasons.map((reason) => new LeaseLostError('invoices', reason, 17).message);
    expect(new Set(texts).size).to.equal(reasons.length);
    for (const text of texts) expect(text).not.to.contain('undefined');
  });

  it('with a result is the same loss with the same cause', () => {
    const lost = new LeaseLostError('invoices', 'unreachable', 17, { cause: driverError });
    const withResult = lost.withResult({ sent: 3 });
    expect(withResult).to.deep.include({ lockName: 'invoices', reason: 'unreachable', fencingToken: 17, result: { sent: 3 } });
    expect(withResult.cause).to.equal(driverError);
    expect(lost.result).to.equal(undefined);
  });
});

describe('LockStoreError', () => {
  it('carries the step, the driver’s error, and whether the outcome is unknown', () => {
    expect(examples.LOCK_STORE).to.include({ step: 'ask', outcomeUnknown: true, cause: driverError });
  });

  it('says nothing of a doubt where there is none, nor of a lock where no single one is concerned', () => {
    expect(new LockStoreError(undefined, 'look', false, { cause: driverError }).message).to.equal(
      'The database failed at "look": connection terminated. Check that it is reachable, and what this user may do there.',
    );
  });

  it('finds words for causes without any', () => {
    const texts = [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), new RangeError(''), 'gone'].map(
      (cause) => new LockStoreError('invoices', 'ask', false, { cause }).message,
    );
    expect(texts.map((text) => / for lock "invoices": (\S+)\. /.exec(text)?.[1])).to.deep.equal(['ECONNREFUSED', 'RangeError', 'gone']);
  });
});

describe('LockBusyError', () => {
  it('may give another reason than a holder', () => {
    expect(new LockBusyError('invoices', {}, 'has 3 callers in line here').message).to.equal(
      'Lock "invoices" has 3 callers in line here. Use onBusy: \'wait\' to stand in line.',
    );
  });
});
