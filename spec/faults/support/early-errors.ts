import pg from 'pg';

/**
 * Gives every client of `pg` a listener before it connects. Sequelize 6 adds its own one turn after the connection is there, so an error
 * that comes in the same packet as the server's «ready» ends the process. That is no fault of a lock's, whose
 * own connections have one (`spec/adapters/early-errors.spec.ts`), and would hide what is.
 */
export function toleratesEarlyErrors(): void {
  // Called with the client as `this` below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const connect = pg.Client.prototype.connect as (this: pg.Client, ...args: unknown[]) => unknown;
  const tolerant = function (this: pg.Client, ...args: unknown[]) {
    this.on('error', () => undefined);
    return connect.apply(this, args);
  };
  // The same arguments and the same answer.
  pg.Client.prototype.connect = tolerant as typeof pg.Client.prototype.connect;
}
