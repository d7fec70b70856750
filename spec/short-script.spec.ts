import { expect } from 'chai';
import { Child } from './support/child.js';
import { eachDatabase } from './support/databases.js';

eachDatabase('A script that does nothing but work under a lock', (database) => {
  it('comes to its end after close()', async function () {
    this.timeout(20_000); // a process that compiles TypeScript, on a machine that may be busy
    this.slow(5_000);
    const child = Child.start('short-script.ts', [database().url]);
    const exit = await child.exited;
    // Node's 13: it had nothing left to do while somebody waited for a promise.
    expect({ ...exit, output: child.output }).to.deep.equal({ code: 0, signal: null, output: 'done\n' });
  });
});
