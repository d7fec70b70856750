import type { Finding } from '../../contracts/examination.js';
import { PROMISES } from '../../core/promises.js';
import type { Facts } from './examine.js';

type Rule = (facts: Facts) => Finding | undefined;

/** What the facts put at risk. Pure: the same facts, the same findings. */
export function diagnose(facts: Facts): Finding[] {
  return rules.flatMap((rule) => rule(facts) ?? []);
}

const readOnly: Rule = ({ updateability }) =>
  updateability === 'READ_ONLY'
    ? {
        code: 'READ_ONLY',
        level: 'risk',
        what: 'The database is READ_ONLY here, as on a secondary replica: the server refuses lock statements, and what your holders write.',
        promise: PROMISES.failures,
        remedy: 'Connect to the primary replica, by the listener and without a read-only intent; or ALTER DATABASE … SET READ_WRITE.',
      }
    : undefined;

// "If there is a … crash, some committed transactions … are lost"
// (https://learn.microsoft.com/sql/relational-databases/logs/control-transaction-durability).
const delayedDurability: Rule = ({ delayedDurability: setting }) =>
  setting === 'FORCED'
    ? {
        code: 'DELAYED_DURABILITY_FORCED',
        level: 'risk',
        what: 'DELAYED_DURABILITY is FORCED: a server that crashes forgets the last grants, whose holders work on beside the next ones.',
        promise: PROMISES.durability,
        remedy: 'ALTER DATABASE … SET DELAYED_DURABILITY = DISABLED or ALLOWED; or fence what holders write.',
      }
    : undefined;

const asynchronousReplicas: Rule = ({ asynchronousReplicas: count }) =>
  count > 0
    ? {
        code: 'ASYNCHRONOUS_REPLICAS',
        level: 'risk',
        what:
          `No grant waits for ${count === 1 ? 'one replica' : `${count} replicas`} of this database (ASYNCHRONOUS_COMMIT). ` +
          'A forced failover may forget the last grants, whose holders work on beside the next ones.',
        promise: PROMISES.durability,
        remedy: 'Fail over to replicas with SYNCHRONOUS_COMMIT only; or fence what holders write.',
      }
    : undefined;

/** The least that has OPENJSON. */
const COMPATIBILITY_LEVEL = 130;

const compatibility: Rule = ({ compatibilityLevel: level }) =>
  level < COMPATIBILITY_LEVEL
    ? {
        code: 'COMPATIBILITY_LEVEL',
        level: 'risk',
        what: `The database's compatibility level is ${level}: it has no OPENJSON, so leases cannot be renewed, and end after their ttl.`,
        promise: PROMISES.failures,
        remedy: `ALTER DATABASE … SET COMPATIBILITY_LEVEL = ${COMPATIBILITY_LEVEL} or higher.`,
      }
    : undefined;

const lockEscalation: Rule = ({ lockEscalation: setting }) =>
  setting === '' || setting === 'DISABLE'
    ? undefined
    : {
        code: 'LOCK_ESCALATION',
        level: 'advice',
        what: `LOCK_ESCALATION of the lock table is ${setting}: a prune of some thousand rows may hold up all locks until it ends.`,
        promise: PROMISES.failures,
        remedy: 'ALTER TABLE … SET (LOCK_ESCALATION = DISABLE).',
      };

const rules: readonly Rule[] = [readOnly, delayedDurability, asynchronousReplicas, compatibility, lockEscalation];
