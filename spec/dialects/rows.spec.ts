import { expect } from 'chai';
import type { Claim } from '../../lib/contracts/dialect.js';
import {
  toAskAnswer,
  toGrant,
  toJoinAnswer,
  toLockView,
  toNumber,
  toOccupant,
  toStandView,
  toTableView,
  toText,
} from '../../lib/dialects/sql/rows.js';
import { tableBody } from '../../lib/dialects/sql/table-body.js';
import { claimOf } from './lock-table.js';

const [ME, OTHER] = ['a'.repeat(32), 'b'.repeat(32)];
const claim = (more: Partial<Claim> = {}): Claim => claimOf('invoices', { owner: ME, ...more });
/** A row as a driver that knows no big numbers gives it. */
const row = (more: Record<string, unknown> = {}) => ({
  owner: OTHER,
  token: '70',
  token_top: '90',
  acquired_at: '1000',
  expires_at: '5000',
  released_at: null,
  holder: 'host 1',
  label: 'nightly',
  line: '',
  now: '2000',
  ...more,
});
const occupant = { holder: 'host 1', label: 'nightly', acquiredAt: 1_000, expiresAt: 5_000 };

describe('What is read from rows', () => {
  it('are whole numbers, as numbers, bigints or text', () => {
    expect([toNumber(7), toNumber(7n), toNumber('7'), toNumber(0)]).to.deep.equal([7, 7, 7, 0]);
    for (const wrong of [null, undefined, 'x', 1.5, '1.5', 2n ** 60n, true, {}])
      expect(() => toNumber(wrong)).to.throw(TypeError, 'whole number');
  });

  it('is text, or none', () => {
    expect([toText('x'), toText(''), toText(null), toText(undefined), toText(7)]).to.deep.equal(['x', '', '', '', '']);
  });

  it('is a grant', () => {
    const granted = { token: 70, tokenTop: 90, acquiredAt: 1_000, now: 2_000 };
    expect(toGrant(row())).to.deep.equal({ ...granted, waiters: 0 });
    expect(toGrant(row({ line: `${ME},${OTHER},` }))).to.deep.equal({ ...granted, waiters: 2 });
  });

  it('is who holds the lock, if there is a row', () => {
    expect(toOccupant(row())).to.deep.equal(occupant);
    expect(toOccupant(row({ holder: null, label: null }))).to.deep.equal({ ...occupant, holder: '', label: '' });
    expect([toOccupant(row({ expires_at: null })), toOccupant({})]).to.deep.equal([undefined, undefined]);
    expect(toOccupant(row({ expires_at: 0 }))).to.include({ expiresAt: 0 });
  });

  it('is the answer to an ask', () => {
    expect(toAskAnswer(undefined, claim())).to.deep.equal({ kind: 'busy', now: undefined, occupant: undefined });
    expect(toAskAnswer(row({ owner: ME }), claim())).to.deep.equal({ kind: 'granted', grant: toGrant(row()) });
    expect(toAskAnswer(row(), claim())).to.deep.equal({ kind: 'busy', now: 2_000, occupant });
    expect(toAskAnswer(row(), claim({ notAfter: 2_000 })).kind).to.equal('busy');
    expect(toAskAnswer(row(), claim({ notAfter: 1_999 }))).to.deep.equal({ kind: 'late', now: 2_000 });
    expect(toAskAnswer(row({ owner: ME }), claim({ notAfter: 1_999 })).kind).to.equal('granted');
  });

  it('is the answer to a join', () => {
    const standing = row({ line: `${OTHER},${ME},` });
    expect(toJoinAnswer(standing, claim())).to.deep.equal({ kind: 'waiting', now: 2_000, ahead: 1, occupant });
    expect(toJoinAnswer(row({ line: `${OTHER},` }), claim()).kind).to.equal('busy');
    expect(toJoinAnswer({ ...standing, owner: ME }, claim()).kind).to.equal('granted');
    expect(toJoinAnswer({ ...standing, expires_at: null }, claim()).kind).to.equal('busy');
    expect(toJoinAnswer(standing, claim({ notAfter: 1_999 })).kind).to.equal('waiting');
    expect(toJoinAnswer(undefined, claim()).kind).to.equal('busy');
  });

  it('is where somebody stands', () => {
    const view = (more: Record<string, unknown>) => toStandView(row({ asker: ME, ...more }));
    expect(view({ owner: ME })).to.deep.equal({ owner: ME, place: 'mine', now: 2_000, waiters: 0, ahead: 0, occupant });
    expect(view({ line: `${OTHER},${ME},` })).to.deep.equal({ owner: ME, place: 'waiting', now: 2_000, waiters: 2, ahead: 1, occupant });
    expect(view({ owner: null, expires_at: null })).to.deep.equal({
      owner: ME,
      place: 'gone',
      now: 2_000,
      waiters: 0,
      ahead: 0,
      occupant: undefined,
    });
  });

  it('is what columns a table has', () => {
    expect(toTableView({ columns: '["name","owner"]', now: '5' })).to.deep.equal({ columns: ['name', 'owner'], now: 5 });
    expect(() => toTableView(undefined)).to.throw(SyntaxError);
  });

  it('is a lock, as operators see it', () => {
    const seen = { key: 'invoices', token: 70, ...occupant, revoked: false, waiters: 1 };
    expect(toLockView(row({ name: 'invoices', line: `${ME},` }))).to.deep.equal({ ...seen, releasedAt: undefined });
    expect(toLockView(row({ name: 'invoices', line: `${ME},`, released_at: 0 }))).to.deep.equal({ ...seen, releasedAt: 0 });
    // As drivers say it.
    for (const revoked of [true, 1, '1']) expect(toLockView(row({ name: 'invoices', line: '', revoked })).revoked).to.equal(true);
    for (const revoked of [false, 0, '0']) expect(toLockView(row({ name: 'invoices', line: '', revoked })).revoked).to.equal(false);
  });
});

describe('The body of a table', () => {
  it('has a line for each column and each key, the first of which is the primary one', () => {
    const shape = { columns: { a: 'text NOT NULL', b: 'text' }, keys: [['a'], ['a', 'b']] };
    expect(tableBody(shape).split(',\n')).to.deep.equal(['  a text NOT NULL', '  b text', '  PRIMARY KEY (a)', '  UNIQUE (a, b)']);
  });
});
