import { expect } from 'chai';
import { parseTableName } from '../../lib/core/table-name.js';
import { mysql } from '../../lib/dialects/mysql/index.js';
import { mysqlErrors } from '../support/sql-grammar.js';
import { textsOf } from './every-statement.js';

/** The servers of the specs are MariaDB, which takes more than MySQL does. */
describe('Statements for MySQL, without a server', function () {
  this.timeout(20_000); // a grammar of some size, on a machine that may be busy
  this.slow(5_000);

  for (const table of ['distributed_lock', 'ops.distributed_lock', "odd.it's [here]"]) {
    describe(`on the table ${table}`, () => {
      for (const [name, text] of Object.entries(textsOf(mysql.statements(parseTableName(table)))))
        it(`${name} is SQL of MySQL 8.0 by its grammar`, () =>
          expect(text.split(/;\n/).filter(Boolean).flatMap(mysqlErrors)).to.deep.equal([]));
    });
  }

  for (const [what, sql] of Object.entries({
    RETURNING: 'INSERT INTO t (a) VALUES (1) RETURNING a',
    'an UPDATE that returns': 'UPDATE t SET a = 1 RETURNING a',
    'WAIT n': 'SELECT a FROM t FOR UPDATE WAIT 1',
    sequences: 'SELECT NEXT VALUE FOR s',
    'settings of one statement': 'SET STATEMENT max_statement_time = 1 FOR SELECT 1',
    'OR REPLACE TABLE': 'CREATE OR REPLACE TABLE t (a int)',
    'a compound statement': 'BEGIN NOT ATOMIC SELECT 1; END',
    'the alias of a new row, which MariaDB does not take': 'INSERT INTO t VALUES (1) AS n ON DUPLICATE KEY UPDATE a = n.a',
    'ON CONFLICT': 'INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING',
    'identifiers in double quotes': 'SELECT "a" FROM "t"',
    'a condition that is missing': 'UPDATE t SET a = 1 WHERE',
  }))
    it(`${what}: the grammar refuses it`, () => expect(mysqlErrors(sql)).to.not.be.empty);
});
