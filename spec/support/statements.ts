import mysql2 from 'mysql2';
import pg from 'pg';
import sinon from 'sinon';
import sqlite3 from 'sqlite3';
import { Connection as TediousConnection } from 'tedious';
import { mariadbConnections } from './mariadb-source.js';

/**
 * The text of every statement that this process hands to a driver from now on, whoever sends it, in a list that grows.
 * The root hooks end the recording with the spec.
 */
export function recordStatements(): string[] {
  const statements: string[] = [];
  const wrap = (prototype: object, method: string, textOf: (self: unknown, first: unknown) => string): void => {
    const original = (prototype as Record<string, (...args: unknown[]) => unknown>)[method];
    sinon.replace(prototype as Record<string, unknown>, method, function (this: unknown, ...args: unknown[]) {
      statements.push(textOf(this, args[0]));
      return original?.apply(this, args);
    });
  };

  wrap(pg.Client.prototype, 'query', (_, query) => (typeof query === 'string' ? query : (query as { text: string }).text));
  const sqlOf = (query: unknown) => (typeof query === 'string' ? query : (query as { sql: string }).sql);
  for (const prototype of [mysql2.Connection.prototype, mariadbConnections()]) {
    for (const method of ['query', 'execute']) if (prototype) wrap(prototype, method, (_, query) => sqlOf(query));
  }
  for (const method of ['execSql', 'execSqlBatch']) {
    wrap(TediousConnection.prototype, method, (_, request) => (request as { sqlTextOrProcedure?: string }).sqlTextOrProcedure ?? '');
  }
  wrap(sqlite3.Database.prototype, 'exec', (_, sql) => sql as string);
  // Database.run and its like are a Statement each, run once.
  for (const method of ['run', 'get', 'all', 'each']) {
    wrap(sqlite3.Statement.prototype, method, (statement) => (statement as { sql: string }).sql);
  }
  return statements;
}
