import type { Dialect, LockStatements, Step } from '../contracts/dialect.js';
import type { Failure, Row, Statement } from '../contracts/session.js';

/** What a statement is for. */
export type StepName = Exclude<keyof LockStatements, 'createSql'>;

/** Stands between the library and a database: passes a statement on with `run`, or does something else. */
export type Interceptor = (step: StepName, run: () => Promise<readonly Row[]>) => Promise<readonly Row[]>;

/** Throw it in place of a driver's error, to say what the failure means. */
export class InjectedFailure extends Error {
  override readonly name = 'InjectedFailure';

  constructor(readonly failure: Failure) {
    super(`an injected failure: ${failure.outcome}, ${failure.transient ? 'transient' : 'for good'}`);
  }
}

/** A failure after which nothing happened, and the same statement may succeed soon. */
export const notDone = () => new InjectedFailure({ outcome: 'not-done', transient: true });
/** A failure after which the statement may have been carried out. */
export const outcomeUnknown = () => new InjectedFailure({ outcome: 'unknown', transient: true });
/** A failure after which nothing happened, and nothing will. */
export const refused = () => new InjectedFailure({ outcome: 'not-done', transient: false });

/**
 * `dialect`, with each of its statements in the hands of `intercept`: to count them, to fail or delay them, to lose their answers.
 *
 * @example
 * const deaf = intercepted(dialects.sqlite, (step, run) => (step === 'renew' ? Promise.reject(notDone()) : run()));
 * const locks = new LockRegistry(sequelize, { dialect: deaf });
 */
export function intercepted(dialect: Dialect, intercept: Interceptor): Dialect {
  const steps = new WeakMap<Statement, StepName>();
  const { driver } = dialect;
  return {
    ...dialect,
    statements: (table) => tagged(dialect.statements(table), steps),
    driver: {
      ...driver,
      run(connection, statement) {
        const step = steps.get(statement);
        const run = () => driver.run(connection, statement);
        return step === undefined ? run() : intercept(step, run);
      },
      classify: (error, sent) => (error instanceof InjectedFailure ? error.failure : driver.classify(error, sent)),
    },
  };
}

/** `dialect`, which writes down what each of its statements is for. */
export function recorded(dialect: Dialect): { readonly dialect: Dialect; readonly steps: StepName[] } {
  const steps: StepName[] = [];
  const record: Interceptor = (step, run) => {
    steps.push(step);
    return run();
  };
  return { dialect: intercepted(dialect, record), steps };
}

/** The same statements, each known by what it is for. */
function tagged(statements: LockStatements, steps: WeakMap<Statement, StepName>): LockStatements {
  const make = (name: StepName, maker: (...args: unknown[]) => Step<unknown>) => {
    return (...args: unknown[]) => {
      const step = maker.apply(statements, args);
      steps.set(step.statement, name);
      return step;
    };
  };
  const makers = Object.entries(statements as unknown as Record<string, () => Step<unknown>>);
  const replaced = makers.map(([name, maker]): [string, unknown] => [name, name === 'createSql' ? maker : make(name as StepName, maker)]);
  // Every maker was replaced by one of the same kind.
  return Object.fromEntries(replaced) as unknown as LockStatements;
}
