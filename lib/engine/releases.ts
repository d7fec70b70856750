import type { LockStatements, Release, Step } from '../contracts/dialect.js';
import { type Attempt, failureOf, type Store, storeError } from './store.js';

/** No more of them in one statement. */
const MOST_TOGETHER = 100;

/** A release, with what is known about its line. */
export interface Outgoing extends Release {
  /** Nobody was seen in line behind it, and it need not rest. */
  readonly alone: boolean;
}

/** Of each owner: whether the row was its own. Nothing of those that the statement did not reach. */
type Told = ReadonlyMap<string, boolean>;

interface Gathering {
  readonly timeoutMs: number;
  readonly releases: Outgoing[];
  readonly told: Promise<Told>;
}

/**
 * Sends releases; those that wait for a connection go as one statement when it is there. So a registry with many locks and few connections
 * gives back a whole batch in the time of one.
 */
export class Releases {
  readonly #store: Store;
  #gathering: Gathering | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** True where the row was the owner's. @throws {LockStoreError} */
  async send(release: Outgoing, attempt: Pick<Attempt<boolean>, 'lockName' | 'timeoutMs' | 'remainingMs'>): Promise<boolean> {
    let mayBeDone = false;
    try {
      const wasOurs = (await this.#quickly(release, attempt.timeoutMs))?.get(release.owner);
      if (wasOurs !== undefined) return wasOurs;
    } catch (error) {
      const { outcome, transient } = failureOf(error);
      mayBeDone = outcome === 'unknown';
      if (!transient) throw storeError({ name: 'release', ...attempt }, error, mayBeDone);
    }
    const step: Attempt<boolean>['step'] = (statements) => statements.release(release);
    const { answer, unsureUntilMs } = await this.#store.run({ name: 'release', urgent: true, step, ...attempt });
    // After an attempt without an answer, no row means that that attempt had done it.
    return answer || mayBeDone || unsureUntilMs !== undefined;
  }

  /** `undefined` where there is no quicker way than the release itself. @throws {StatementError} */
  #quickly(release: Outgoing, timeoutMs: number): Promise<Told> | undefined {
    const { statements } = this.#store;
    const [joins, isQuick] = [statements.releaseAll !== undefined, release.alone && statements.releaseLone !== undefined];
    if (!joins && !isQuick) return undefined;
    return this.#together(release, timeoutMs, joins ? MOST_TOGETHER : 1);
  }

  #together(release: Outgoing, timeoutMs: number, most: number): Promise<Told> {
    const open = this.#gathering;
    if (open?.timeoutMs !== timeoutMs || open.releases.length >= most) return this.#gather(release, timeoutMs);
    open.releases.push(release);
    return open.told;
  }

  #gather(first: Outgoing, timeoutMs: number): Promise<Told> {
    const releases = [first];
    const told = this.#sendAll(releases, timeoutMs);
    this.#gathering = { timeoutMs, releases, told };
    return told;
  }

  async #sendAll(releases: readonly Outgoing[], timeoutMs: number): Promise<Told> {
    const close = () => {
      if (this.#gathering?.releases === releases) this.#gathering = undefined;
    };
    const step = (statements: LockStatements) => (close(), stepOf(statements, releases));
    try {
      const { answer } = await this.#store.once({ name: 'releaseAll', timeoutMs, step });
      return answer;
    } finally {
      close();
    }
  }
}

function stepOf(statements: LockStatements, releases: readonly Outgoing[]): Step<Told> {
  const [first] = releases;
  if (first && releases.length === 1) return stepForOne(statements, first);
  const together = statements.releaseAll?.(releases);
  if (!together) throw new TypeError('The dialect lets go of one row at a time.');
  return mapped(together, (owners) => new Map(owners.map((owner) => [owner, true])));
}

function stepForOne(statements: LockStatements, release: Outgoing): Step<Told> {
  const lone = release.alone ? statements.releaseLone?.(release) : undefined;
  // Where the quick way does not reach the row, the full one must tell why.
  return mapped(lone ?? statements.release(release), (wasOurs) => new Map(lone && !wasOurs ? [] : [[release.owner, wasOurs]]));
}

const mapped = <A, B>({ statement, read }: Step<A>, to: (answer: A) => B): Step<B> => ({ statement, read: (rows) => to(read(rows)) });
