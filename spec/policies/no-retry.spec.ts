import { expect } from 'chai';
import { noRetry } from '../../lib/policies/no-retry.js';
import { NOT_DONE } from '../support/memory-session.js';
import { rejection } from '../support/outcome.js';
import { failureWith, RetryTrial } from '../support/retry-trial.js';

describe('noRetry', () => {
  it('asks once and passes the answer on', async () => {
    const trial = new RetryTrial();
    expect(await trial.run(noRetry(), 'an answer')).to.equal('an answer');
    expect(trial.startedMs).to.have.length(1);
  });

  it('passes the first failure on, transient or not', async () => {
    const trial = new RetryTrial();
    const failure = failureWith(NOT_DONE);
    expect(await rejection(trial.run(noRetry(), failure))).to.equal(failure);
    expect(trial.startedMs).to.have.length(1);
  });
});
