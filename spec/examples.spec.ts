import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Child } from './support/child.js';
import { unavailable } from './support/requirements.js';

/** What each example must print to have shown what it is for. */
const shows: Readonly<Record<string, (lines: readonly string[]) => void>> = {
  '01-cron.ts'(lines) {
    expect(lines.filter((line) => line.endsWith('wrote the report'))).to.have.length(3);
    expect(lines.filter((line) => line.endsWith('skipped it'))).to.have.length(3);
  },

  '02-service-class.ts'(lines) {
    const steps = lines.map((line) => line.replace(/^replica \d /, ''));
    expect(steps.filter((step) => /^(ships|has shipped) A/.test(step))).to.deep.equal([
      'ships A …',
      'has shipped A',
      'ships A …',
      'has shipped A',
    ]);
    expect(steps.indexOf('ships B …')).to.be.lessThan(steps.indexOf('has shipped A'));
    expect(new Set(lines.flatMap((line) => /^A went out under token (\d+)$/.exec(line)?.[1] ?? []))).to.have.property('size', 2);
  },

  '03-migrations.ts'(lines) {
    const applied = lines.map((line) => /^replica \d applied (.*) and is ready$/.exec(line)?.[1]);
    expect(applied).to.have.members(['01-customers, 02-orders, 03-index', 'nothing', 'nothing']);
  },

  '04-policies.ts'(lines) {
    expect(lines).to.include.members(['invoices: busy, look 1', 'report: gave up, LOCK_TIMEOUT', 'the database failed, attempt 1']);
    expect(lines.filter((line) => line.endsWith('got it'))).to.deep.equal(['invoices: got it', 'export: got it']);
  },

  '05-lost-lease.ts'(lines) {
    expect(lines).to.have.length(5);
    expect(lines[0]).to.equal('signal: AbortError: The operation was aborted');
    expect(lines[1]).to.match(/^assertHeld: LEASE_LOST \(\w+\), result undefined$/);
    expect(lines[2]).to.match(/^unaware: LEASE_LOST \(\w+\), result 42 rows$/);
    expect(lines.slice(3)).to.deep.equal(['fence: the new holder wrote', 'fence: the old holder was refused']);
  },

  '06-several-names.ts'([locked, unlocked]) {
    expect(locked).to.equal('with locks:    Ann 100, Ben 100, Cem 100');
    expect(unlocked).to.match(/^without locks: Ann \d+, Ben \d+, Cem \d+$/);
    expect(unlocked).not.to.contain('Ann 100, Ben 100, Cem 100');
  },

  '07-stale-writer.ts'(lines) {
    expect(lines).to.deep.equal(['the next holder wrote 2', 'the stale writer was refused: LEASE_LOST (taken)', 'balance: 2']);
  },
};

describe('The examples', () => {
  const folder = new URL('../examples/', import.meta.url);
  let temporary: string;

  before(async function () {
    await import('sqlite3').catch((error: unknown) => unavailable(this, 'sqlite', String(error)));
  });
  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'locks-spec-'));
  });
  afterEach(() => rm(temporary, { recursive: true, force: true }));

  it('are all looked at here', async () => {
    const examples = (await readdir(folder)).filter((name) => /^\d\d-.*\.ts$/.test(name));
    expect(examples.sort()).to.deep.equal(Object.keys(shows).sort());
  });

  for (const [name, check] of Object.entries(shows)) {
    it(`${name} shows what it is for, ends by itself and leaves nothing behind`, async function () {
      this.timeout(30_000); // a process that compiles TypeScript, on a machine that may be busy
      this.slow(10_000);
      const child = Child.start(new URL(name, folder), [], { env: { TMPDIR: temporary } });
      const exit = await child.exited;
      expect(exit, child.output).to.deep.equal({ code: 0, signal: null });
      check(child.output.trimEnd().split('\n'));
      expect((await readdir(temporary)).filter((entry) => entry.startsWith('locks-'))).to.deep.equal([]);
    });
  }
});
