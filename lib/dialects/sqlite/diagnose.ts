import type { Finding } from '../../contracts/examination.js';
import { PROMISES } from '../../core/promises.js';
import type { Facts } from './examine.js';

type Told = Pick<Facts, 'file' | 'journalMode' | 'synchronous'>;
type Rule = (told: Told) => Finding | undefined;

/** What the facts put at risk. Pure: the same facts, the same findings. */
export function diagnose(told: Told): Finding[] {
  return rules.flatMap((rule) => rule(told) ?? []);
}

const inMemory: Rule = ({ file }) =>
  file === ''
    ? {
        code: 'IN_MEMORY',
        level: 'advice',
        what: 'The database is in memory: its locks exclude within this process only, and there among registries on the same Sequelize instance.',
        promise: PROMISES.exclusion,
        remedy: 'Use a file where several processes share the locks.',
      }
    : undefined;

// Readers and the one writer do not block each other in WAL mode (https://www.sqlite.org/wal.html#concurrency).
const journal: Rule = ({ file, journalMode }) =>
  file === '' || journalMode === 'wal'
    ? undefined
    : {
        code: 'JOURNAL_NOT_WAL',
        level: 'advice',
        what: `journal_mode is ${journalMode}, not wal: lock statements wait while anybody reads, and who reads waits for them. A renewal that waits for too long is a lost lease.`,
        promise: PROMISES.loss,
        remedy: 'PRAGMA journal_mode = WAL, once: the file keeps it. The library never switches it.',
      };

// https://www.sqlite.org/pragma.html#pragma_synchronous
const synchronous: Rule = ({ file, synchronous: value }) =>
  file !== '' && value === 0
    ? {
        code: 'SYNCHRONOUS_OFF',
        level: 'risk',
        what: 'synchronous is 0 (OFF) on the connection of lock statements: when the machine crashes or loses power, the file may be damaged for good.',
        promise: PROMISES.durability,
        remedy: 'Leave PRAGMA synchronous at FULL, or at NORMAL with WAL, on every connection to the file.',
      }
    : undefined;

const rules: readonly Rule[] = [inMemory, journal, synchronous];
