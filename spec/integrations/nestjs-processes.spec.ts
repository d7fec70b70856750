import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Child } from '../support/child.js';
import { onDatabase } from '../support/databases.js';

const program = new URL('nestjs/program.ts', import.meta.url);
const tsconfig = fileURLToPath(new URL('../legacy-decorators/tsconfig.json', import.meta.url));

for (const dialect of ['postgres', 'sqlite'] as const) {
  onDatabase(dialect, `Two Nest services with one job (${dialect})`, (database) => {
    const start = () => Child.start(program, [database().url], { env: { TSX_TSCONFIG_PATH: tsconfig } });

    it('let the run end at SIGTERM, give its lock back, and go on in the other one', async function () {
      this.timeout(60_000); // two processes that compile for themselves; far below the ttl, after which the lock would be free anyway
      this.slow(30_000);
      const one = start();
      const { working } = await one.next<{ working: number }>();
      const other = start();
      one.kill('SIGTERM');
      expect(await one.next()).to.equal('closing');
      one.send('finish');
      expect(await one.next()).to.equal('finished');
      expect((await one.exited).signal).to.equal('SIGTERM');
      expect((await other.next<{ working: number }>()).working).to.be.above(working);
    });
  });
}
