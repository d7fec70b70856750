import type { Clock } from '../contracts/clock.js';
import type {
  AskAnswer,
  Claim,
  Fenced,
  Grant,
  JoinAnswer,
  LockView,
  Release,
  Renewal,
  RenewalAnswer,
  Stand,
  StandView,
  TableView,
} from '../contracts/dialect.js';
import type { Examination } from '../contracts/examination.js';
import { LONGEST_LINE_MS, MOST_IN_LINE, OWNER_ID_LENGTH } from '../contracts/line.js';
import { LOCK_COLUMNS } from '../core/lock-table.js';
import { TOKENS_RESERVED } from '../core/fencing-token.js';
import { emptyRow, type MemoryRow, occupantOf } from './memory-row.js';

type JoinClaim = Claim & { readonly waitMs: number };

/** The rows of a lock table without a server: what the dialects' SQL says, in plain words. */
export class MemoryDatabase {
  readonly rows = new Map<string, MemoryRow>();
  /** Who listens, by the registry's half of its owner ids. */
  readonly listeners: Map<string, (payload: string) => void>;
  /** False: every step that needs the table fails. */
  hasTable = true;
  tableColumns: readonly string[] = LOCK_COLUMNS;
  readonly #clock: Clock;
  /** What its own time is ahead of the clock's monotonic one. */
  #aheadMs: number;

  /** `listeners`: those of the server, where it has other tables too. */
  constructor(clock: Clock, aheadMs = Date.UTC(2030, 0, 1), listeners = new Map<string, (payload: string) => void>()) {
    this.#clock = clock;
    this.#aheadMs = aheadMs;
    this.listeners = listeners;
  }

  /** Its own clock: nothing that happens to a process's wall clock moves it. */
  get nowMs(): number {
    return Math.floor(this.#clock.now().monotonicMs + this.#aheadMs);
  }

  /** Sets this clock alone. */
  jump(ms: number): void {
    this.#aheadMs += ms;
  }

  /** The row of `name`, where it must be there; names of the specs are their own keys. */
  row(name: string): MemoryRow {
    const row = this.rows.get(name);
    if (!row) throw new Error(`There is no row "${name}".`);
    return row;
  }

  /** Who holds `name` now. */
  ownerOf(name: string): string | undefined {
    const row = this.rows.get(name);
    return row && row.expiresAt > this.nowMs ? row.owner : undefined;
  }

  columns(): TableView {
    return { columns: this.hasTable ? this.tableColumns : [], now: this.nowMs };
  }

  create(): void {
    this.hasTable = true;
  }

  ask(claim: Claim): AskAnswer {
    // Without a wait nobody is put in line. Like the servers, it tells no more than that it took nothing.
    const answer = this.#take(claim, undefined);
    return answer.kind === 'granted' ? answer : { kind: 'busy', now: undefined, occupant: undefined };
  }

  takeFree(claim: Claim): AskAnswer {
    const row = this.rows.get(claim.key);
    const liesFree = row?.owner === undefined && row?.expiresAt === 0 && row.line.length === 0;
    return liesFree ? this.ask(claim) : { kind: 'busy', now: undefined, occupant: undefined };
  }

  join(claim: JoinClaim): JoinAnswer {
    return this.#take(claim, claim.waitMs);
  }

  look(stands: readonly Stand[]): StandView[] {
    return stands.map(({ key, owner }) => {
      const row = this.rows.get(key);
      const place = row?.owner === owner ? 'mine' : row?.line.includes(owner) ? 'waiting' : 'gone';
      const [waiters, ahead] = [row?.line.length ?? 0, Math.max(0, row?.line.indexOf(owner) ?? 0)];
      return { owner, place, now: this.nowMs, waiters, ahead, occupant: row && occupantOf(row) };
    });
  }

  advance(key: string, claimMs: number): void {
    const row = this.rows.get(key);
    if (row && row.expiresAt <= this.nowMs && this.#lives(row)) this.#handOver(row, claimMs, row.tokenTop);
  }

  confirm({ key, owner, ttlMs, holder, label }: Claim): Grant | undefined {
    const row = this.rows.get(key);
    if (row?.owner !== owner || row.revoked) return undefined;
    const now = this.nowMs;
    Object.assign(row, { expiresAt: Math.max(row.expiresAt, now + ttlMs), acquiredAt: now, holder, label });
    return this.#grantOf(row);
  }

  renew(renewals: readonly Renewal[]): RenewalAnswer[] {
    return renewals.map(({ key, owner, ttlMs, token }): RenewalAnswer => {
      const row = this.rows.get(key);
      if (!row) return { owner, kind: 'deleted' };
      if (row.owner !== owner) return { owner, kind: 'taken' };
      if (row.revoked) return { owner, kind: 'revoked' };
      row.expiresAt = Math.max(row.expiresAt, this.nowMs + ttlMs);
      row.token = Math.max(row.token, token);
      row.tokenTop = Math.max(row.tokenTop, token + TOKENS_RESERVED);
      return { owner, kind: 'renewed', tokenTop: row.tokenTop, now: this.nowMs, waiters: row.line.length };
    });
  }

  fence(fenced: readonly Fenced[]): string[] {
    return fenced.filter(({ key, owner, token }) => this.#names(key, owner, token)).map(({ owner }) => owner);
  }

  release({ key, owner, usedToken, restMs, claimMs }: Release): boolean {
    const row = this.rows.get(key);
    if (row?.owner !== owner) return false;
    const used = Math.max(usedToken, row.token);
    if (this.#lives(row) && restMs === 0) this.#handOver(row, claimMs, used);
    else this.#free(row, used, restMs);
    return true;
  }

  releaseLone(release: Omit<Release, 'restMs' | 'claimMs'>): boolean {
    return this.rows.get(release.key)?.line.length === 0 && this.release({ ...release, restMs: 0, claimMs: 0 });
  }

  leave(leave: Omit<Release, 'restMs'>): void {
    const row = this.rows.get(leave.key);
    if (row) row.line = row.line.filter((id) => id !== leave.owner);
    this.release({ ...leave, restMs: 0 });
  }

  revoke(key: string): boolean {
    if (this.ownerOf(key) === undefined) return false;
    this.row(key).revoked = true;
    return true;
  }

  free(key: string, claimMs: number): boolean {
    const row = this.rows.get(key);
    if (!row || row.expiresAt <= this.nowMs) return false;
    if (this.#lives(row)) this.#handOver(row, claimMs, row.tokenTop);
    else this.#free(row, row.token, 0);
    return true;
  }

  list(key?: string): LockView[] {
    const held = [...this.rows].filter(([name, { expiresAt }]) => expiresAt > this.nowMs && (key === undefined || name === key));
    return held.map(([name, row]) => {
      const { token, releasedAt, revoked, line } = row;
      return { key: name, token, releasedAt, revoked, waiters: line.length, ...occupantOf(row) };
    });
  }

  examine(): Examination {
    const shapeOf = (columns: readonly string[]) => ({
      columns: Object.fromEntries(columns.map((name) => [name, 'any'])),
      keys: [['name']],
    });
    const table = this.hasTable ? shapeOf(this.tableColumns) : undefined;
    return { now: this.nowMs, table, intended: shapeOf(LOCK_COLUMNS), findings: [] };
  }

  prune(idleMs: number): number {
    const idle = [...this.rows].filter(([, { expiresAt, releasedAt = 0 }]) => Math.max(expiresAt, releasedAt) <= this.nowMs - idleMs);
    for (const [name] of idle) this.rows.delete(name);
    return idle.length;
  }

  notify(registry: string, payload: string): void {
    this.listeners.get(registry)?.(payload);
  }

  #names(key: string, owner: string, token: number): boolean {
    const row = this.rows.get(key);
    return row?.owner === owner && row.token <= token;
  }

  #take(claim: Claim, waitMs: number | undefined): JoinAnswer {
    const { key, owner, ttlMs, claimMs, holder, label, notAfter } = claim;
    const now = this.nowMs;
    if (notAfter !== undefined && now > notAfter) return { kind: 'late', now };
    const row = this.rows.get(key) ?? emptyRow();
    this.rows.set(key, row);
    if (row.owner === owner && !row.revoked) row.expiresAt = Math.max(row.expiresAt, now + ttlMs);
    else if (row.expiresAt > now) return this.#busy(row, owner, waitMs);
    else if (this.#lives(row) && row.line[0] !== owner) {
      this.#handOver(row, claimMs, row.tokenTop);
      return { kind: 'busy', now, occupant: occupantOf(row) };
    } else {
      row.line = this.#lives(row) ? row.line.slice(1) : [];
      this.#give(row, owner, ttlMs, row.tokenTop);
      Object.assign(row, { holder, label });
    }
    return { kind: 'granted', grant: this.#grantOf(row) };
  }

  #busy(row: MemoryRow, owner: string, waitMs: number | undefined): JoinAnswer {
    const now = this.nowMs;
    const occupant = occupantOf(row);
    if (!this.#lives(row) && waitMs !== undefined) row.line = [];
    if (waitMs === undefined || row.owner === owner || row.line.length >= MOST_IN_LINE) return { kind: 'busy', now, occupant };
    if (!row.line.includes(owner)) row.line.push(owner);
    row.lineUntil = Math.max(row.lineUntil, now + Math.min(waitMs, LONGEST_LINE_MS));
    return { kind: 'waiting', now, ahead: row.line.indexOf(owner), occupant };
  }

  #lives(row: MemoryRow): boolean {
    return row.line.length > 0 && row.lineUntil > this.nowMs;
  }

  /** The lock is the head's for one claim. */
  #handOver(row: MemoryRow, claimMs: number, aboveToken: number): void {
    const head = row.line.shift() ?? '';
    this.#give(row, head, claimMs, aboveToken);
    Object.assign(row, { holder: '', label: '' });
    this.notify(head.slice(0, OWNER_ID_LENGTH / 2), head);
  }

  #give(row: MemoryRow, owner: string, forMs: number, aboveToken: number): void {
    const now = this.nowMs;
    const token = Math.max(aboveToken + 1, now * 1_000);
    const tokenTop = token + TOKENS_RESERVED;
    Object.assign(row, { owner, token, tokenTop, acquiredAt: now, expiresAt: now + forMs, releasedAt: undefined, revoked: false });
  }

  #free(row: MemoryRow, token: number, restMs: number): void {
    const now = this.nowMs;
    if (!this.#lives(row)) row.line = [];
    const expiresAt = restMs > 0 ? now + restMs : 0;
    Object.assign(row, { owner: undefined, token, tokenTop: token, expiresAt, releasedAt: now, revoked: false });
    const [head] = row.line;
    if (head !== undefined) this.notify(head.slice(0, OWNER_ID_LENGTH / 2), 'look');
  }

  #grantOf({ token, tokenTop, acquiredAt, line }: MemoryRow): Grant {
    return { token, tokenTop, acquiredAt, now: this.nowMs, waiters: line.length };
  }
}
