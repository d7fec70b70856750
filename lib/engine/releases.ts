import type { LockStatements, Release, Step } from '../contracts/dialect.js';
import { type Attempt, failureOf, type Store, storeError } from './store.js';

/** No more of them in one statement. */
const MOST_TOGETHER = 100;

/** Of each owner: whether the row was its own. Nothing of those that the statement did not reach. */
type Told = ReadonlyMap<string, boolean>;

interface Gathering {
  readonly timeoutMs: number;
  readonly releases: Release[];
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
  async send(release: Release, attempt: Pick<Attempt<boolean>, 'lockName' | 'timeoutMs' | 'remainingMs'>): Promise<boolean> {
    let mayBeDone = false;
    try {
      const told = this.#store.statements.releaseAll && (await this.#together(release, attempt.timeoutMs)).get(release.owner);
      if (told !== undefined) return told;
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

  #together(release: Release, timeoutMs: number): Promise<Told> {
    const open = this.#gathering;
    const gathering = open?.timeoutMs === timeoutMs && open.releases.length < MOST_TOGETHER ? open : this.#gather(timeoutMs);
    gathering.releases.push(release);
    return gathering.told;
  }

  #gather(timeoutMs: number): Gathering {
    const releases: Release[] = [];
    const close = () => {
      if (this.#gathering === gathering) this.#gathering = undefined;
    };
    const step = (statements: LockStatements) => (close(), stepOf(statements, releases));
    const told = this.#store.once({ name: 'releaseAll', timeoutMs, step }).then(({ answer }) => answer);
    const gathering: Gathering = { timeoutMs, releases, told: told.finally(close) };
    return (this.#gathering = gathering);
  }
}

function stepOf(statements: LockStatements, releases: readonly Release[]): Step<Told> {
  const [first] = releases;
  if (first && releases.length === 1) return mapped(statements.release(first), (wasOurs) => new Map([[first.owner, wasOurs]]));
  const together = statements.releaseAll?.(releases);
  if (!together) throw new TypeError('The dialect lets go of one row at a time.');
  return mapped(together, (owners) => new Map(owners.map((owner) => [owner, true])));
}

const mapped = <A, B>({ statement, read }: Step<A>, to: (answer: A) => B): Step<B> => ({ statement, read: (rows) => to(read(rows)) });
