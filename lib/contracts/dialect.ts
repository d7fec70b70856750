import type { TableName } from '../core/table-name.js';
import type { Driver } from './driver.js';
import type { Examination } from './examination.js';
import type { Row, Statement } from './session.js';
import type { TransactionDefaults } from './transactions.js';

/** What a server can do and how it was told to do it: what the README's table is made of, and what the engine asks instead of a name. */
export interface DialectFacts {
  /** As a person calls the server. */
  readonly title: string;
  readonly oldestServer: string;
  /** The servers on which all specs are run, as their versions begin; empty: none yet. */
  readonly testedOn: readonly string[];
  /** The driver's package on npm. */
  readonly driver: string;
  /** The expression that is the database's clock. */
  readonly clockSource: string;
  /** How waiters learn of a release. */
  readonly wakeUp: 'notification' | 'polling';
  /** How many statements a step is, one after the other on one connection (`Statement.followUp`): 1 where a change tells what it did. */
  readonly statementsPerStep: Readonly<Record<'ask' | 'join' | 'confirm' | 'renew' | 'release', number>>;
  /** Connections that are of use to one registry at the same time. */
  readonly mostConnections: number;
  /** Processes that may share the database. */
  readonly sharedBy: string;
  /** Where `lease.transaction` and `fence` work. */
  readonly fencedTransactions: string;
  /** What a user should know before relying on it; empty where there is nothing. */
  readonly limits: readonly string[];
}

/** One SQL server: how a lock is taken, renewed and freed there. */
export interface Dialect<Connection = unknown> {
  /** Sequelize's name of it. */
  readonly name: string;
  readonly facts: DialectFacts;
  readonly driver: Driver<Connection>;
  /** What a fenced transaction is begun with, where its caller does not say. */
  readonly transactionDefaults: TransactionDefaults;
  /** The statements on one table. */
  statements(table: TableName): LockStatements;
}

/** A statement with the function that reads its answer. */
export interface Step<Answer> {
  readonly statement: Statement;
  readonly read: (rows: readonly Row[]) => Answer;
}

/** All times are whole milliseconds of the database's clock since 1970, read when the statement runs. */
type DatabaseMs = number;

/**
 * What every dialect must be able to say. Each is one conditional statement in a transaction of its own, with another one to read its answer where
 * it does not tell it, and safe to send again when its answer was lost. `key` is the encoded name (core/lock-name.ts), printable ASCII.
 */
export interface LockStatements {
  /** What columns the table has, none where there is no table; and the time, which bounds the first asks. */
  columns(): Step<TableView>;
  /** Makes schema and table where they are missing; any number of processes may run it at once. */
  create(): Step<void>;
  /** The same for a person or a migration to run. */
  createSql(): string;

  /**
   * Takes the lock if it is free, or is `owner`'s already. Advances a line whose row is expired. Never joins it.
   * On a busy row it writes nothing, waits for nobody and leaves no error in the server's log; it need not say who is in the way, nor that it
   * ran too late: to a lock that is free, which most are, that would be dear.
   */
  ask(claim: Claim): Step<AskAnswer>;
  /**
   * {@link ask}, as quickly as can be: takes only a row that lies there given back, at rest no longer and without a line. Everything else it may
   * answer busy: that there is no row, too, and the lock that is `owner`'s already. Who sends it sends {@link join} or {@link ask} next.
   */
  takeFree?(claim: Claim): Step<AskAnswer>;
  /** {@link ask}, and stands in line if busy. */
  join(claim: Claim & { readonly waitMs: number }): Step<JoinAnswer>;
  /** Sends `payload` to who listens as `registry`, where the server can notify. */
  notify?(registry: string, payload: string): Step<void>;
  /** Where do these stand? One read for all, which locks nothing. */
  look(stands: readonly Stand[]): Step<readonly StandView[]>;
  /** Makes the head of the line owner for one claim, if the row is expired. */
  advance(key: string, claimMs: number): Step<void>;
  /** Makes a claim a lease; `undefined` where the row does not name `owner` any more, or was revoked. */
  confirm(claim: Claim): Step<Grant | undefined>;
  /** Extends all of these; one answer for each. Never inserts, takes, revives or shortens. */
  renew(renewals: readonly Renewal[]): Step<readonly RenewalAnswer[]>;
  /**
   * The owners among these whose rows still name them, with no higher token where that can be told without holding up renewals (the lease itself
   * knows when it was handed on); their rows are locked against take-over until the transaction ends,
   * and renewals pass. Runs within a transaction of the application's, under any isolation level. Bound as Sequelize binds: `$1`.
   */
  fence(fenced: readonly Fenced[]): Step<readonly string[]>;
  /** Frees the row that `owner` holds, or hands it to the head of the line. True where it held it. */
  release(release: Release): Step<boolean>;
  /** {@link release}, as quickly as can be: without a rest, and only where nobody stands in line. False: somebody does, or it is not `owner`'s. */
  releaseLone?(release: Omit<Release, 'restMs' | 'claimMs'>): Step<boolean>;
  /** {@link release} of several names, except where a row is locked just now: it waits for nobody. The owners whose rows it let go. */
  releaseAll?(releases: readonly Release[]): Step<readonly string[]>;
  /**
   * {@link confirm} for nobody, which changes nothing; {@link rehearseRelease} likewise. They are sent once before anybody is in a hurry, where a
   * server makes a statement ready at its first use on a connection.
   */
  rehearseConfirm?(): Step<unknown>;
  rehearseRelease?(): Step<unknown>;
  /** Out of the line, and {@link release} if the row names `owner` meanwhile: one statement for all ways of giving up. */
  leave(leave: Omit<Release, 'restMs'>): Step<void>;

  /** No renewal is accepted any more. Answers whether anybody held it. */
  revoke(key: string): Step<boolean>;
  /** Frees it now, or hands it to the head of the line. Answers whether anybody held it. */
  free(key: string, claimMs: number): Step<boolean>;
  /** All held or resting locks, or the one named. */
  list(key?: string): Step<readonly LockView[]>;
  /** Deletes rows that have been free for `idleMs`, have no line, and whose tokens are not ahead of the clock. Answers how many. */
  prune(idleMs: number): Step<number>;
  /**
   * What the server says of itself and of the table. One statement that reads only: a table that is missing is an answer.
   *
   * @param notified whether a notification that one connection sent was heard on another; `undefined` where that could not be tried
   */
  examine(notified: boolean | undefined): Step<Examination>;
}

export interface TableView {
  readonly columns: readonly string[];
  readonly now: DatabaseMs;
}

/** Who asks for what. */
export interface Claim {
  readonly key: string;
  /** Fresh for every ask, never reused. */
  readonly owner: string;
  readonly ttlMs: number;
  /** How long a hand-over reserves the lock for the head of the line. */
  readonly claimMs: number;
  readonly holder: string;
  readonly label: string;
  /** The statement does nothing after this moment: its sender has given it up by then. `undefined` while the clocks' offset is unknown. */
  readonly notAfter: DatabaseMs | undefined;
}

/** What the row says of its owner's lease. `now`: the database's time then, or earlier where it says again what it had granted before. */
export interface Grant {
  readonly token: number;
  readonly tokenTop: number;
  readonly acquiredAt: DatabaseMs;
  readonly now: DatabaseMs;
  /** How many stand in line behind it. */
  readonly waiters: number;
}

export interface OccupantView {
  readonly holder: string;
  readonly label: string;
  readonly acquiredAt: DatabaseMs;
  readonly expiresAt: DatabaseMs;
}

export type AskAnswer =
  | { readonly kind: 'granted'; readonly grant: Grant }
  /** `occupant` is missing where the statement could not see who it is. */
  | { readonly kind: 'busy'; readonly now: DatabaseMs | undefined; readonly occupant: OccupantView | undefined }
  /** It ran after its {@link Claim.notAfter}, and did nothing. */
  | { readonly kind: 'late'; readonly now: DatabaseMs };

/** `'busy'` to a join: the line is full, or the row was changing hands; ask again. */
export type JoinAnswer =
  | AskAnswer
  /** `ahead`: how many stand in front. */
  | { readonly kind: 'waiting'; readonly now: DatabaseMs; readonly ahead: number; readonly occupant: OccupantView };

export interface Stand {
  readonly key: string;
  readonly owner: string;
}

export interface StandView {
  readonly owner: string;
  /** `'mine'`: the row names it as owner; `'waiting'`: in line; `'gone'`: neither. */
  readonly place: 'mine' | 'waiting' | 'gone';
  readonly now: DatabaseMs;
  readonly waiters: number;
  /** How many stand in line in front of it; 0 where it stands in none. */
  readonly ahead: number;
  /** `undefined` where there is no row or nobody holds it. */
  readonly occupant: OccupantView | undefined;
}

export interface Fenced extends Stand {
  readonly token: number;
}

export interface Renewal extends Stand {
  readonly ttlMs: number;
  /** The token last used: what {@link LockStatements.list} shows. */
  readonly token: number;
}

export type RenewalAnswer =
  | { readonly owner: string; readonly kind: 'renewed'; readonly tokenTop: number; readonly now: DatabaseMs; readonly waiters: number }
  | { readonly owner: string; readonly kind: 'taken' | 'deleted' | 'revoked' };

export interface Release extends Stand {
  /** The highest token used: the rest of what was reserved is given back. 0 where it used none. */
  readonly usedToken: number;
  /** The lock stays without owner for so long: what is left of `minHold`. */
  readonly restMs: number;
  readonly claimMs: number;
}

export interface LockView extends OccupantView {
  readonly key: string;
  readonly token: number;
  readonly releasedAt: DatabaseMs | undefined;
  /** No renewal is accepted any more. */
  readonly revoked: boolean;
  readonly waiters: number;
}
