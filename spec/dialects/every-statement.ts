import type { LockStatements, Step } from '../../lib/contracts/dialect.js';
import { claimOf, freshOwner, releaseOf } from './lock-table.js';

/** Every statement on one table, by the name of its step; what may follow a statement is not there. */
export function textsOf(statements: LockStatements): Readonly<Record<string, string>> {
  const [key, owner] = ['job', freshOwner()];
  const steps = {
    columns: statements.columns(),
    create: statements.create(),
    ask: statements.ask(claimOf(key)),
    join: statements.join({ ...claimOf(key), waitMs: 1 }),
    look: statements.look([{ key, owner }]),
    advance: statements.advance(key, 1),
    confirm: statements.confirm(claimOf(key)),
    renew: statements.renew([{ key, owner, ttlMs: 1, token: 1 }]),
    fence: statements.fence([{ key, owner, token: 1 }]),
    release: statements.release(releaseOf(key, owner)),
    releaseAll: statements.releaseAll?.([releaseOf(key, owner)]),
    leave: statements.leave(releaseOf(key, owner)),
    revoke: statements.revoke(key),
    free: statements.free(key, 1),
    list: statements.list(),
    inspect: statements.list(key),
    prune: statements.prune(1),
    examine: statements.examine(undefined),
  } satisfies Partial<Record<keyof LockStatements | 'inspect', Step<unknown> | undefined>>;
  const texts = Object.entries(steps).flatMap(([name, step]) => (step ? [[name, step.statement.text]] : []));
  return { ...(Object.fromEntries(texts) as Record<string, string>), createSql: statements.createSql() };
}
