import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import * as dialects from '../lib/dialects/index.js';
import { type DialectName, onDatabase } from './support/databases.js';

/** How a server says which one it is. */
const VERSION: Partial<Record<DialectName, string>> = {
  mariadb: `SELECT concat(if(version() LIKE '%MariaDB%', 'MariaDB ', 'MySQL '), version()) AS version`,
  mysql: `SELECT concat(if(version() LIKE '%MariaDB%', 'MariaDB ', 'MySQL '), version()) AS version`,
  postgres: 'SELECT version() AS version',
  sqlite: `SELECT 'SQLite ' || sqlite_version() AS version`,
};

for (const [dialect, sql] of Object.entries(VERSION) as [DialectName, string][]) {
  onDatabase(dialect, `The README's table of databases (${dialect})`, (database) => {
    it('names the server that these specs run on', async function () {
      // Elsewhere people have the servers that they have.
      if (!process.env.CI || process.env[`LOCKS_${dialect.toUpperCase()}_URL`]) return this.skip();
      const [row] = await database().newSequelize().query<{ version: string }>(sql, { type: QueryTypes.SELECT });
      expect(dialects[dialect].facts.testedOn.filter((server) => row?.version.startsWith(server))).to.have.length(1);
    });
  });
}
