/** No row is waited for any longer: what waits is tried again soon, and judges by a clock that is not old. The least that every server takes. */
const ROW_WAIT_S = 1;

/** Longer than any statement of ours may take: what its sender has long given up must not run on. */
export const LONGEST_STATEMENT_S = 10;

/**
 * What a connection is set to, whatever the server, the database or the application prefers. Assignments must come one after the other
 * (no SIMULTANEOUS_ASSIGNMENT), '' must not be NULL, and reads within a change must lock nothing (READ COMMITTED).
 */
export const SESSION_SETTINGS: readonly string[] = [
  `SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', unique_checks = 1,
    sql_safe_updates = 0, sql_select_limit = 18446744073709551615, innodb_lock_wait_timeout = ${ROW_WAIT_S}, lock_wait_timeout = ${LONGEST_STATEMENT_S}`,
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
];

/** Answers with a row where the server is a node of a Galera cluster. Other servers do not know the variable below. */
export const CLUSTERED = `SHOW SESSION VARIABLES WHERE Variable_name = 'wsrep_on' AND Value = 'ON'`;

/** Reads, changes and inserts (1, 2, 4). */
export const AWAITED = 7;

/**
 * What a connection to such a node is set to besides: these statements first wait until the node has what was committed at others before. A
 * connection may lead to another node than the one before it, and a node may be behind: a lease that it has not heard of yet it would call lost,
 * and a lock busy that was given back elsewhere. It would grant nothing twice either way: of two nodes that write one row the second one fails
 * (https://mariadb.com/docs/server/ref/mdb/system-variables/wsrep_sync_wait).
 */
export const CLUSTER_SETTING = `SET SESSION wsrep_sync_wait = ${AWAITED}`;
