import type { AskAnswer, Claim, Grant, JoinAnswer, LockView, OccupantView, StandView, TableView } from '../../contracts/dialect.js';
import { placesBefore, placesIn } from '../../contracts/line.js';
import type { Row } from '../../contracts/session.js';

/** A whole number, whatever the driver makes of a big one: a number, a bigint or text. @throws {TypeError} anything else */
export function toNumber(value: unknown): number {
  const number = typeof value === 'string' || typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new TypeError(`The lock table answered ${String(value)} where a whole number belongs.`);
  return number;
}

/** How many rows were changed, of a statement that changes all that it matches and returns none. */
export const changed = ([change]: readonly Row[]) => toNumber(change?.['affectedRows']);

export const toText = (value: unknown) => (typeof value === 'string' ? value : '');

const present = (value: unknown) => value !== null && value !== undefined;

/** The columns of {@link Grant}: `token`, `token_top`, `acquired_at`, `line` and `now`. */
export function toGrant(row: Row): Grant {
  return {
    token: toNumber(row['token']),
    tokenTop: toNumber(row['token_top']),
    acquiredAt: toNumber(row['acquired_at']),
    now: toNumber(row['now']),
    waiters: placesIn(toText(row['line'])),
  };
}

/** The columns of {@link OccupantView}; `undefined` where the row is absent. */
export function toOccupant(row: Row): OccupantView | undefined {
  if (!present(row['expires_at'])) return undefined;
  return {
    holder: toText(row['holder']),
    label: toText(row['label']),
    acquiredAt: toNumber(row['acquired_at']),
    expiresAt: toNumber(row['expires_at']),
  };
}

/** One row about the lock, or one with nothing but `now`. */
export function toAskAnswer(row: Row | undefined, { owner, notAfter }: Claim): AskAnswer {
  if (!row) return { kind: 'busy', now: undefined, occupant: undefined };
  if (row['owner'] === owner) return { kind: 'granted', grant: toGrant(row) };
  const now = toNumber(row['now']);
  return notAfter !== undefined && now > notAfter ? { kind: 'late', now } : { kind: 'busy', now, occupant: toOccupant(row) };
}

export function toJoinAnswer(row: Row | undefined, claim: Claim): JoinAnswer {
  const answer = toAskAnswer(row, claim);
  const line = toText(row?.['line']);
  const standing = answer.kind !== 'granted' && row !== undefined && line.includes(claim.owner);
  const occupant = row && toOccupant(row);
  return standing && occupant ? { kind: 'waiting', now: toNumber(row['now']), ahead: placesBefore(line, claim.owner), occupant } : answer;
}

/** The columns of {@link OccupantView} with `asker`, `owner`, `line` and `now`. */
export function toStandView(row: Row): StandView {
  const asker = toText(row['asker']);
  const line = toText(row['line']);
  return {
    owner: asker,
    place: row['owner'] === asker ? 'mine' : line.includes(asker) ? 'waiting' : 'gone',
    now: toNumber(row['now']),
    waiters: placesIn(line),
    ahead: placesBefore(line, asker),
    occupant: toOccupant(row),
  };
}

/** `columns` as JSON, and `now`. */
export function toTableView(row: Row | undefined): TableView {
  return { columns: JSON.parse(toText(row?.['columns'])) as string[], now: toNumber(row?.['now']) };
}

export function toLockView(row: Row): LockView {
  return {
    key: toText(row['name']),
    token: toNumber(row['token']),
    holder: toText(row['holder']),
    label: toText(row['label']),
    acquiredAt: toNumber(row['acquired_at']),
    expiresAt: toNumber(row['expires_at']),
    releasedAt: present(row['released_at']) ? toNumber(row['released_at']) : undefined,
    revoked: Number(row['revoked']) === 1,
    waiters: placesIn(toText(row['line'])),
  };
}
