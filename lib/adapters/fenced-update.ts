import { type Model, type ModelStatic, Op, type Transaction, type WhereOptions } from 'sequelize';
import { LeaseLostError } from '../core/errors.js';

/** What a fenced update needs of a lease. */
export interface FencingLease {
  readonly name: string;
  readonly fencingToken: number;
  assertHeld(): void;
}

/** How {@link fencedUpdate} finds the rows, and on whose behalf it writes. */
export interface FencedUpdateOptions<M extends Model> {
  readonly where: WhereOptions<M['_attributes']>;
  /** The lease under which the row is written. */
  readonly lease: FencingLease;
  /** The attribute that keeps the token of the last writer: a `BIGINT` that is not null, 0 at first. Default: `lockToken`. */
  readonly token?: string;
  readonly transaction?: Transaction | null;
}

/**
 * Updates rows of a table that keeps the token of its last writer, and none that a later holder has written: for data in another database than
 * the locks, or where a transaction would be too long.
 *
 * @returns how many rows were written
 * @throws {LeaseLostError} the lease is over, and nothing was written; or a later holder has written one of the rows
 * @throws {TypeError} the model has no such attribute
 *
 * @example
 * await fencedUpdate(Account, { balance: 0 }, { where: { id: 7 }, lease });
 */
export async function fencedUpdate<M extends Model>(
  model: ModelStatic<M>,
  values: Partial<M['_attributes']>,
  { where, lease, token = 'lockToken', transaction = null }: FencedUpdateOptions<M>,
): Promise<number> {
  if (!(token in model.getAttributes()))
    throw new TypeError(`Model ${model.name} has no attribute "${token}" to keep the token of its last writer (option "token").`);
  if (typeof (lease as FencingLease | undefined)?.assertHeld !== 'function')
    throw new TypeError('fencedUpdate() needs option "lease": the lease under which it writes.');
  lease.assertHeld();
  const ours = { [token]: { [Op.lte]: lease.fencingToken } };
  const later = { [token]: { [Op.gt]: lease.fencingToken } };
  const [written] = await model.update({ ...values, [token]: lease.fencingToken }, { where: both(where, ours), transaction });
  if (await model.count({ where: both(where, later), transaction })) throw new LeaseLostError(lease.name, 'taken', lease.fencingToken);
  return written;
}

// The types know the model's attributes by name; this one's name is an option.
const both = <W>(where: W, more: object) => ({ [Op.and]: [where, more] }) as W;
