import type { Finding } from '../../../contracts/examination.js';
import { PROMISES } from '../../../core/promises.js';
import type { Facts } from './examine.js';
import { AWAITED } from './settings.js';

type Rule = (facts: Facts) => Finding | undefined;

/** What the facts put at risk. Pure: the same facts, the same findings. */
export function diagnose(facts: Facts): Finding[] {
  return rules.flatMap((rule) => rule(facts) ?? []);
}

const readOnly: Rule = ({ given }) =>
  isOn(given['read_only'])
    ? {
        code: 'READ_ONLY',
        level: 'risk',
        what: `read_only is ${String(given['read_only'])}, as on a replica: the server refuses lock statements, and what your holders write.`,
        promise: PROMISES.failures,
        remedy: 'Connect to the primary, or set read_only = OFF there.',
      }
    : undefined;

// "Up to one second of transactions" are lost with 0 and 2 (https://dev.mysql.com/doc/refman/8.0/en/innodb-parameters.html).
const logFlush: Rule = ({ given }) => {
  const value = given['innodb_flush_log_at_trx_commit'];
  if (value === '1' || value === '3') return undefined;
  // What one node of a cluster forgets, the others have.
  const [clustered, alone] = [isOn(given['wsrep_on']), value === '0' ? ', or the server alone,' : ''];
  return {
    code: 'LOG_NOT_FLUSHED',
    level: clustered ? 'advice' : 'risk',
    what:
      `innodb_flush_log_at_trx_commit is ${String(value)}: when ${clustered ? 'all nodes crash at one time' : `the machine crashes${alone}`} the grants of ` +
      'the last second are forgotten, whose holders work on beside the next ones.',
    promise: PROMISES.durability,
    remedy: 'Set innodb_flush_log_at_trx_commit = 1; or fence what holders write.',
  };
};

const binlogSync: Rule = ({ given }) =>
  isOn(given['log_bin']) && given['sync_binlog'] !== '1'
    ? {
        code: 'BINLOG_NOT_SYNCED',
        level: 'advice',
        what:
          `sync_binlog is ${String(given['sync_binlog'])}: after a crash of the machine the binary log may lack the last grants, ` +
          'and a replica that takes over with it.',
        promise: PROMISES.durability,
        remedy: 'Set sync_binlog = 1 where a replica may take over.',
      }
    : undefined;

// Under READ COMMITTED "only row-based binary logging is supported" (https://dev.mysql.com/doc/refman/8.0/en/innodb-transaction-isolation-levels.html).
const binlogFormat: Rule = ({ given }) =>
  isOn(given['log_bin']) && given['binlog_format'] === 'STATEMENT'
    ? {
        code: 'BINLOG_STATEMENT',
        level: 'risk',
        what: 'binlog_format is STATEMENT: the server refuses all changes made under READ COMMITTED, lock statements among them.',
        promise: PROMISES.failures,
        remedy: 'Set binlog_format to MIXED or ROW.',
      }
    : undefined;

const asynchronousReplicas: Rule = ({ given, replicas }) => {
  if (replicas === 0 || isOn(given['rpl_semi_sync_master_enabled']) || isOn(given['rpl_semi_sync_source_enabled'])) return undefined;
  return {
    code: 'ASYNCHRONOUS_REPLICAS',
    level: 'risk',
    what:
      `${replicas === 1 ? 'One server follows' : `${replicas} servers follow`} this one, and no grant waits for any: semi-synchronous replication is off. ` +
      'A failover may forget the last grants, whose holders work on beside the next ones.',
    promise: PROMISES.durability,
    remedy: 'Turn semi-synchronous replication on, with its wait after the sync (AFTER_SYNC); or fence what holders write.',
  };
};

const cluster: Rule = ({ given }) =>
  isOn(given['wsrep_on'])
    ? {
        code: 'CLUSTER',
        level: 'advice',
        what:
          'This server is a node of a Galera cluster. Locks exclude over all nodes as long as the clocks of these agree, and the lock that a fenced ' +
          'transaction has on its row is known to one node only.',
        promise: PROMISES.exclusion,
        remedy:
          'Keep the clocks of all nodes together, to less than the option "margin". Where you fence, let all lock statements and fenced transactions ' +
          'go to one node, as a proxy with a single writer does.',
      }
    : undefined;

// With either a node goes on that has no majority (https://mariadb.com/docs/galera-cluster/reference/wsrep-variable-details/wsrep_provider_options).
const split: Rule = ({ given }) => {
  const ignored = [...(given['wsrep_provider_options'] ?? '').matchAll(/\b(pc\.ignore_(?:quorum|sb)) = (?:true|yes|on|1)\b/gi)].map(
    ([, name]) => name,
  );
  if (!isOn(given['wsrep_on']) || ignored.length === 0) return undefined;
  return {
    code: 'CLUSTER_MAY_SPLIT',
    level: 'risk',
    what: `${ignored.join(' and ')} is set: parts of the cluster that have lost sight of each other all go on, and each grants every lock.`,
    promise: PROMISES.exclusion,
    remedy: `Set ${ignored.map((name) => `${String(name)} = false`).join(' and ')} in wsrep_provider_options, on every node.`,
  };
};

const behind: Rule = ({ given, here }) =>
  isOn(given['wsrep_on']) && (Number(here['wsrep_sync_wait'] ?? 0) & AWAITED) !== AWAITED
    ? {
        code: 'CLUSTER_BEHIND',
        level: 'advice',
        what:
          `wsrep_sync_wait is ${String(here['wsrep_sync_wait'])} on connections that lock statements share with the application: at a node that is behind ` +
          'the others a lease is called lost, or a lock busy, that is not.',
        promise: PROMISES.loss,
        remedy:
          'Give the registry connections of its own (option "connections"), which wait for what others committed; or set wsrep_sync_wait = 7.',
      }
    : undefined;

const isolation: Rule = ({ given, here }) => {
  const [theirs, ours] = [isolationOf(given), isolationOf(here)];
  // The servers' own default: what it means for an application is the application's affair.
  if (theirs === 'READ-COMMITTED' || (theirs === 'REPEATABLE-READ' && ours === 'READ-COMMITTED')) return undefined;
  const own = ours === 'READ-COMMITTED';
  return {
    code: 'DEFAULT_ISOLATION',
    level: 'advice',
    what:
      `The default isolation is ${theirs}. ` +
      (own
        ? 'Lock statements set READ COMMITTED for themselves; your own transactions meet deadlocks (1213), those done under a lock included.'
        : 'Lock statements run under it too, meet deadlocks (1213), and are tried again.'),
    promise: PROMISES.failures,
    remedy: 'Run transactions that are done under a lock as READ COMMITTED, or try them again after 1213.',
  };
};

const isolationOf = (settings: Facts['given']) => settings['transaction_isolation'] ?? settings['tx_isolation'] ?? '';

// Assignments that see each other's results are what lock statements are made of.
const sqlMode: Rule = ({ here }) => {
  const bad = (here['sql_mode'] ?? '').split(',').filter((mode) => ['SIMULTANEOUS_ASSIGNMENT', 'EMPTY_STRING_IS_NULL'].includes(mode));
  if (bad.length === 0) return undefined;
  return {
    code: 'SQL_MODE',
    level: 'risk',
    what: `sql_mode has ${bad.join(' and ')} on connections that lock statements share with the application: they mean something else there.`,
    promise: PROMISES.exclusion,
    remedy: 'Give the registry connections of its own (option "connections"), which set a mode for themselves.',
  };
};

const engine: Rule = ({ engine: found }) =>
  found === '' || found === 'InnoDB'
    ? undefined
    : {
        code: 'TABLE_ENGINE',
        level: 'risk',
        what: `The lock table is kept by ${found}, not InnoDB: without transactions a fence holds nothing, and a crash may damage the table.`,
        promise: PROMISES.exclusion,
        remedy: 'ALTER TABLE … ENGINE = InnoDB ROW_FORMAT = DYNAMIC.',
      };

const isOn = (value: string | undefined) => value !== undefined && !['OFF', '0', ''].includes(value);

const rules: readonly Rule[] = [
  readOnly,
  logFlush,
  binlogSync,
  binlogFormat,
  asynchronousReplicas,
  cluster,
  split,
  behind,
  isolation,
  sqlMode,
  engine,
];
