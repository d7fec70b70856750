import { expect } from 'chai';
import { event } from './by-hand.js';
import { errorClass } from './error-class.js';

const failed = (error: string) => event(0, 'a', { kind: 'failed', ask: 1, error });

describe('C9, class', () => {
  it('lets the library’s own errors pass, and the reason of an abort', () => {
    expect(
      errorClass([failed('LockTimeoutError: still held'), failed('LockStoreError: the database failed'), failed('AbortError')]),
    ).to.deep.equal([]);
  });

  it('finds a driver’s error', () => {
    expect(errorClass([failed('SequelizeConnectionError: ECONNREFUSED')])).to.have.length(1);
  });
});
