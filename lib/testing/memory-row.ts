import type { OccupantView } from '../contracts/dialect.js';

/** A lock's row as the database has it; free where it has no owner or its time is over. */
export interface MemoryRow {
  owner: string | undefined;
  token: number;
  tokenTop: number;
  acquiredAt: number;
  expiresAt: number;
  releasedAt: number | undefined;
  holder: string;
  label: string;
  line: string[];
  lineUntil: number;
  revoked: boolean;
}

export const occupantOf = ({ holder, label, acquiredAt, expiresAt }: MemoryRow): OccupantView => ({ holder, label, acquiredAt, expiresAt });

export const emptyRow = (): MemoryRow => ({
  owner: undefined,
  token: 0,
  tokenTop: 0,
  acquiredAt: 0,
  expiresAt: 0,
  releasedAt: undefined,
  holder: '',
  label: '',
  line: [],
  lineUntil: 0,
  revoked: false,
});
