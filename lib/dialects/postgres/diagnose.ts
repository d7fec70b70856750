import type { Finding } from '../../contracts/examination.js';
import { PROMISES } from '../../core/promises.js';
import type { Facts } from './examine.js';

type Rule = (facts: Facts, notified: boolean | undefined) => Finding | undefined;

/** What the facts put at risk. Pure: the same facts, the same findings. */
export function diagnose(facts: Facts, notified: boolean | undefined): Finding[] {
  return rules.flatMap((rule) => rule(facts, notified) ?? []);
}

const standby: Rule = (facts) =>
  facts.standby
    ? {
        code: 'STANDBY',
        level: 'risk',
        what: 'This server is a standby (pg_is_in_recovery()): it takes no writes, so no lock can be taken here.',
        promise: PROMISES.failures,
        remedy: 'Connect to the primary; with several hosts in the address, set target_session_attrs=read-write or its like.',
      }
    : undefined;

const readOnly: Rule = ({ settings: { default_transaction_read_only: setting } }) => {
  if (setting.given === 'off' && setting.here === 'off') return undefined;
  const shared = setting.here === 'on';
  return {
    code: 'READ_ONLY',
    level: shared ? 'risk' : 'advice',
    what: shared
      ? 'default_transaction_read_only is on for lock statements too: the server refuses them all.'
      : 'default_transaction_read_only is on. Lock statements set it off for themselves; what your holders write is refused.',
    promise: PROMISES.failures,
    remedy: 'Set default_transaction_read_only = off for the database and the role of the application.',
  };
};

// Asynchronous commits are never corrupt, only forgotten (https://www.postgresql.org/docs/current/wal-async-commit.html).
const synchronousCommit: Rule = ({ settings: { synchronous_commit: setting } }) => {
  if (setting.given !== 'off' && setting.here !== 'off') return undefined;
  const shared = setting.here === 'off';
  return {
    code: 'SYNCHRONOUS_COMMIT_OFF',
    level: shared ? 'risk' : 'advice',
    what: shared
      ? 'synchronous_commit is off for lock statements too: a server that crashes forgets the last grants, whose holders work on beside the next ones.'
      : 'synchronous_commit is off. Lock statements set it on for themselves; a server that crashes still forgets what holders last wrote, ' +
        'a fence’s highest token included, so the next holder may not see the work of the one before.',
    promise: PROMISES.durability,
    remedy: shared
      ? 'Set synchronous_commit = on for the role of the application, or give the registry connections of its own (option "connections").'
      : 'Set synchronous_commit = on for the role of the application, or in transactions that are done under a lock.',
  };
};

const fsync: Rule = ({ settings }) =>
  settings.fsync.here === 'off'
    ? {
        code: 'FSYNC_OFF',
        level: 'risk',
        what: 'fsync is off: when the machine crashes or loses power, the last grants are forgotten and the database may be damaged for good.',
        promise: PROMISES.durability,
        remedy: 'Set fsync = on.',
      }
    : undefined;

const fullPageWrites: Rule = ({ settings }) =>
  settings.full_page_writes.here === 'off'
    ? {
        code: 'FULL_PAGE_WRITES_OFF',
        level: 'risk',
        what: 'full_page_writes is off: a page that was half written when the machine lost power stays damaged, of the lock table as of any other.',
        promise: PROMISES.durability,
        remedy: 'Set full_page_writes = on, unless the file system writes whole pages or none.',
      }
    : undefined;

// "Automatically truncated after a crash", and not replicated (https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-UNLOGGED).
const unlogged: Rule = (facts) =>
  facts.unlogged
    ? {
        code: 'TABLE_UNLOGGED',
        level: 'risk',
        what: 'The lock table is UNLOGGED: after a crash of the server, and on a standby that takes over, it is empty, and every lock is free while its holder works on.',
        promise: PROMISES.exclusion,
        remedy: 'ALTER TABLE … SET LOGGED.',
      }
    : undefined;

// A standby is waited for where it is named and the commit asks for it (https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION).
const asynchronousReplicas: Rule = ({ replicas, settings: { synchronous_standby_names: names, synchronous_commit: commit } }) => {
  const waits = names.here !== '' && !['off', 'local'].includes(commit.here);
  if (replicas.length === 0 || waits) return undefined;
  return {
    code: 'ASYNCHRONOUS_REPLICAS',
    level: 'risk',
    what:
      `${replicas.length === 1 ? 'One server follows' : `${replicas.length} servers follow`} this one (${replicas.join(', ')}), and no grant waits for any: ` +
      `synchronous_standby_names is '${names.here}' and synchronous_commit is ${commit.here}. A failover may forget the last grants, whose holders work on beside the next ones.`,
    promise: PROMISES.durability,
    remedy: 'Name the standbys that may take over in synchronous_standby_names, with synchronous_commit = on; or fence what holders write.',
  };
};

const isolation: Rule = ({ settings: { default_transaction_isolation: setting } }) =>
  setting.given === 'read committed'
    ? undefined
    : {
        code: 'DEFAULT_ISOLATION',
        level: 'advice',
        what:
          `default_transaction_isolation is ${setting.given}. ` +
          (setting.here === 'read committed'
            ? 'Lock statements set read committed for themselves; your own transactions meet serialization failures (40001), those done under a lock included.'
            : 'Lock statements run under it too, meet serialization failures (40001), and are tried again.'),
        promise: PROMISES.failures,
        remedy: 'Run transactions that are done under a lock as READ COMMITTED, or try them again after 40001.',
      };

const pooler: Rule = (facts, notified) => {
  if (notified === true || facts.standby) return undefined;
  return notified === undefined ? unknownPooler : transactionPooler;
};

// A session setting stays on the server connection that it came to, and the pooler gives that to whoever is next
// (https://www.pgbouncer.org/features.html, "SQL feature map for pooling modes").
const transactionPooler: Finding = {
  code: 'TRANSACTION_POOLER',
  level: 'risk',
  what:
    'A notification sent on one connection was not heard on another, as behind a pooler in transaction mode (PgBouncer): waiters learn of a release ' +
    'by looking only, and where the registry has connections of its own, their session settings (time-outs of 10 s, isolation) may come to server ' +
    'connections that your application uses.',
  promise: PROMISES.apart,
  remedy: 'Give the registry a Sequelize instance that goes past the pooler, or through a pool in session mode.',
};

const unknownPooler: Finding = {
  code: 'POOLER_UNKNOWN',
  level: 'advice',
  what:
    'Whether a pooler in transaction mode stands in between cannot be known: a second connection that listens could not be opened, ' +
    'or no notification could be sent.',
  promise: PROMISES.order,
  remedy: 'See that the role may open one connection more (connection limit, size of the pool), and call doctor() again.',
};

const rules: readonly Rule[] = [
  standby,
  readOnly,
  synchronousCommit,
  fsync,
  fullPageWrites,
  unlogged,
  asynchronousReplicas,
  isolation,
  pooler,
];
