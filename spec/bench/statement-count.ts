import pg from 'pg';
import sqlite3 from 'sqlite3';

/** Statements that this process has handed to a driver, whoever sent them. */
export const statements: { count: number; /** When each was sent, while somebody wants to know. */ times: number[] | undefined } = {
  count: 0,
  times: undefined,
};

/** Milliseconds on a clock that all processes of the machine share. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Counts from now on. To be called once, before anything is opened. */
export function countStatements(): void {
  wrap(pg.Client.prototype, 'query');
  wrap(sqlite3.Database.prototype, 'exec');
  for (const method of ['run', 'get', 'all', 'each']) wrap(sqlite3.Statement.prototype, method);
}

function wrap(prototype: object, method: string): void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[method];
  if (!original) throw new Error(`The driver has no "${method}" to count.`);
  methods[method] = function (this: unknown, ...args: unknown[]) {
    statements.count++;
    statements.times?.push(machineMs());
    return original.apply(this, args);
  };
}
