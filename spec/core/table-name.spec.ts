import { expect } from 'chai';
import { parseTableName, spokenTable } from '../../lib/core/table-name.js';

describe('parseTableName', () => {
  it('reads a table, with its schema where it has one', () => {
    expect(parseTableName('distributed_lock')).to.deep.equal({ table: 'distributed_lock' });
    expect(parseTableName('ops.distributed_lock')).to.deep.equal({ schema: 'ops', table: 'distributed_lock' });
  });

  it('leaves quotes and blanks alone: they are quoted later', () => {
    expect(parseTableName('My "Ops".the locks')).to.deep.equal({ schema: 'My "Ops"', table: 'the locks' });
  });

  it('refuses anything else, and names the option', () => {
    for (const value of ['', '.', 'a.', '.a', 'a.b.c', 'a\0b', undefined, null, 7, {}, ['a']])
      expect(() => parseTableName(value)).to.throw(TypeError, 'Option "table"');
  });

  it('refuses a part that some servers would cut off', () => {
    expect(parseTableName(`${'s'.repeat(60)}.${'é'.repeat(30)}`).table).to.have.length(30);
    expect(() => parseTableName('x'.repeat(61))).to.throw(RangeError, /Option "table".*60 bytes/);
    expect(() => parseTableName(`ops.${'é'.repeat(31)}`)).to.throw(RangeError, 'Option "table"');
  });

  it('is spoken as it was written', () => {
    for (const name of ['distributed_lock', 'ops.distributed_lock']) expect(spokenTable(parseTableName(name))).to.equal(name);
  });
});
