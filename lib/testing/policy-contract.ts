import { strict as assert } from 'node:assert';
import { giveUp, type PollingContext, type PollingPolicy } from '../contracts/polling-policy.js';
import type { RetryContext, RetryPolicy } from '../contracts/retry-policy.js';
import { InjectedFailure, notDone, refused } from './intercepted.js';
import { ManualClock } from './manual-clock.js';

/** One thing that must hold of every policy of a kind. */
export interface PolicyCase<Policy> {
  /** A sentence of behaviour. */
  readonly name: string;
  /** Rejects where it does not hold of what `make` makes. */
  readonly run: (make: () => Policy, limits: PolicyLimits) => void | Promise<void>;
}

/** What the author of a policy promises beside. */
export interface PolicyLimits {
  /** No delay is longer. */
  readonly ceilingMs: number;
}

/** More attempts than any sensible policy makes. */
const MOST_ATTEMPTS = 1_000;
/** Chance as it may fall: from the least to the most. */
const chances = [0, 0.25, 0.5, 0.999_999];

/** What must hold of every polling policy: it is a function, so it is asked about everything that may be seen. */
export const pollingContract: readonly PolicyCase<PollingPolicy>[] = [
  {
    name: 'answers with a time of at least 0 and at most its ceiling, or gives up',
    run(make, { ceilingMs }) {
      const policy = make();
      for (const seen of situations()) {
        const delay = policy(seen);
        assert(delay === giveUp || (delay >= 0 && delay <= ceilingMs), `${String(delay)} ms for ${JSON.stringify(seen)}`);
      }
    },
  },
  {
    name: 'answers the same for the same, whatever it was asked before and by whom',
    run(make) {
      const answers = (policy: PollingPolicy) => situations().map((seen) => policy(seen));
      const policy = make();
      const first = answers(policy);
      assert.deepEqual(answers(policy), first);
      assert.deepEqual(answers(make()), first);
    },
  },
];

/** What must hold of every retry policy: it runs attempts, and sleeps on the clock that it is given. */
export const retryContract: readonly PolicyCase<RetryPolicy>[] = [
  {
    name: 'resolves with the first answer and tries no more',
    async run(make) {
      const trial = new Trial();
      assert.equal(await trial.run(make(), () => Promise.resolve('an answer')), 'an answer');
      assert.equal(trial.attempts, 1);
    },
  },
  {
    name: 'rejects with the error of the last attempt, after a bounded number of them',
    async run(make) {
      const trial = new Trial();
      const errors: Error[] = [];
      const [outcome] = await Promise.allSettled([
        trial.run(make(), () => Promise.reject(errors[errors.push(notDone()) - 1] ?? new Error())),
      ]);
      assert.equal(outcome.status, 'rejected');
      assert.equal(outcome.reason, errors.at(-1));
    },
  },
  {
    name: 'does not try again what fails for good, nor what it does not know',
    async run(make) {
      for (const error of [refused(), new Error('somebody else\u2019s')]) {
        const trial = new Trial();
        const [outcome] = await Promise.allSettled([trial.run(make(), () => Promise.reject(error))]);
        assert.deepEqual(outcome, { status: 'rejected', reason: error });
        assert.equal(trial.attempts, 1);
      }
    },
  },
  {
    name: 'starts no attempt whose answer would come too late',
    async run(make) {
      for (const chance of chances) {
        const trial = new Trial({ remainingMs: 300, chance });
        await trial.run(make(), () => Promise.reject(notDone())).catch(() => undefined);
        assert(
          trial.startedMs.slice(1).every((ms) => ms < 300),
          `at ${trial.startedMs.join()}`,
        );
        assert(trial.clock.now().monotonicMs <= 300, `went on until ${trial.clock.now().monotonicMs}`);
      }
    },
  },
  {
    name: 'answers as late as a slow attempt does, and does not cut it off',
    async run(make) {
      const trial = new Trial({ remainingMs: 300 });
      const slow = () => trial.clock.sleep(5_000).then(() => 'an answer');
      assert.equal(await trial.run(make(), slow), 'an answer');
    },
  },
];

/** Everything a polling policy may see, roughly. */
function situations(): PollingContext[] {
  return [1, 2, 3, 10, 100, 1_000_000].flatMap((attempt) =>
    chances.flatMap((chance) =>
      [undefined, 0, 15_000].map((holderRemainingMs) => ({
        lockName: 'invoices',
        attempt,
        attemptSinceMove: attempt === 10 ? 1 : attempt,
        ahead: attempt % 3,
        elapsedMs: attempt * 100,
        previousDelayMs: attempt === 1 ? 0 : 100,
        holderRemainingMs,
        waitRemainingMs: attempt === 3 ? Infinity : 60_000,
        random: () => chance,
      })),
    ),
  );
}

/** A retry policy at work, on a clock that moves as fast as it sleeps. */
class Trial {
  readonly clock = new ManualClock();
  /** When each attempt began. */
  readonly startedMs: number[] = [];
  readonly #context: RetryContext;

  constructor({ remainingMs = Infinity, chance = 0.5 }: { readonly remainingMs?: number; readonly chance?: number } = {}) {
    this.#context = {
      step: 'ask',
      remainingMs: () => remainingMs - this.clock.now().monotonicMs,
      failureOf: (error) => (error instanceof InjectedFailure ? error.failure : { outcome: 'not-done', transient: false }),
      clock: this.clock,
      random: () => chance,
    };
  }

  get attempts(): number {
    return this.startedMs.length;
  }

  run<T>(policy: RetryPolicy, attempt: () => Promise<T>): Promise<T> {
    const counted = () => {
      assert(this.startedMs.push(this.clock.now().monotonicMs) <= MOST_ATTEMPTS, `more than ${MOST_ATTEMPTS} attempts`);
      return attempt();
    };
    return this.clock.until(policy(counted, this.#context));
  }
}
