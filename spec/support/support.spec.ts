import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { Child } from './child.js';
import { eachDatabase } from './databases.js';
import { ServerHome } from './server-home.js';
import { recordStatements } from './statements.js';

describe('Child', () => {
  it('talks to a process, which ends by itself when it has nothing left to do', async () => {
    const child = Child.start('echo.ts', ['40']);
    child.send(2);
    expect(await child.next()).to.equal(42);
    expect(await child.exited).to.deep.equal({ code: 0, signal: null });
  });

  it('kills a stopped process', async () => {
    const child = Child.start('echo.ts');
    child.kill('SIGSTOP');
    child.kill('SIGKILL');
    expect(await child.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
  });

  it('tells who waits for a message that the process ended without one', async () => {
    const child = Child.start(new URL('nowhere.ts', import.meta.url));
    const failure = await child.next().catch((error: unknown) => error);
    expect(String(failure)).to.match(/code 1.*ERR_MODULE_NOT_FOUND/s);
    expect(String(await child.next().catch((error: unknown) => error))).to.equal(String(failure));
  });
});

describe('ServerHome', () => {
  let home: ServerHome;
  beforeEach(() => (home = new ServerHome('spec')));
  afterEach(() => home.remove());

  it('leaves no server behind that did not become ready', async () => {
    let pid = 0;
    const isReady = () => ((pid = home.pid ?? 0), false);
    const failure = await home.start({ file: 'sleep', args: ['60'], isReady, withinMs: 50 }).catch((error: unknown) => error);
    expect(String(failure)).to.include('sleep did not start');
    expect(home.pid).to.equal(undefined);
    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });

  it('reads the notes of a server, which may be gone at any moment', () => {
    writeFileSync(join(home.folder, 'note'), '1\nready');
    expect(home.linesOf('note')).to.deep.equal(['1', 'ready']);
    expect(home.linesOf('data', 'note')).to.deep.equal([]);
  });
});

eachDatabase('TestDatabase', (database) => {
  it('is empty, and its statements are counted at the driver', async () => {
    const sequelize = database().newSequelize();
    await sequelize.query('SELECT 1', { type: QueryTypes.SELECT }); // opens the connection
    const statements = recordStatements();
    await sequelize.query('CREATE TABLE t (a int)');
    expect(statements).to.deep.equal(['CREATE TABLE t (a int)']);
    expect(await sequelize.getQueryInterface().showAllTables()).to.have.length(1);
  });

  it('shows an error of the server in its log', async () => {
    await database()
      .newSequelize()
      .query('SELECT nonsense')
      .catch(() => undefined);
    const lines = database().logLines();
    if (lines) expect(lines.filter((line) => line.includes('ERROR'))).to.have.length(1);
  });
});
