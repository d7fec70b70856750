import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Alarms } from '../../lib/adapters/alarms.js';

describe('Alarms', () => {
  let alarms: Alarms;
  let rung: string[];
  const ring = (name: string) => () => rung.push(name);

  beforeEach(() => {
    alarms = new Alarms(() => performance.now(), setTimeout);
    rung = [];
  });

  it('ring in the order of their times, whatever the order in which they were set, and never early', async () => {
    const setAt = performance.now();
    let rangAt = 0;
    alarms.set(60, ring('late'), false);
    alarms.set(20, () => (rangAt = performance.now()) && ring('early')(), false);
    alarms.set(40, ring('middle'), false);
    await sleep(120);
    expect([rung, rangAt - setAt >= 20]).to.deep.equal([['early', 'middle', 'late'], true]);
  });

  it('ring once, and not when they were called off', async () => {
    const callOff = alarms.set(20, ring('called off'), false);
    alarms.set(30, ring('kept'), false);
    callOff();
    callOff();
    await sleep(90);
    expect(rung).to.deep.equal(['kept']);
  });

  it('may call off one another, and set new ones', async () => {
    const later: (() => void)[] = [];
    alarms.set(
      20,
      () => {
        later.forEach((callOff) => callOff());
        alarms.set(10, ring('new'), false);
      },
      false,
    );
    later.push(alarms.set(20, ring('called off'), false));
    await sleep(90);
    expect(rung).to.deep.equal(['new']);
  });

  it('that were slept past ring all together', async () => {
    for (const at of [5, 1, 3]) alarms.set(at, ring(String(at)), false);
    const until = performance.now() + 20;
    while (performance.now() < until);
    await sleep(30);
    expect(rung).to.deep.equal(['1', '3', '5']);
  });

  describe('in a process that has nothing else to do', () => {
    const source = fileURLToPath(new URL('../../lib/adapters/alarms.ts', import.meta.url));
    const run = async (code: string) => {
      const script = `import { Alarms } from ${JSON.stringify(source)}; const alarms = new Alarms(() => performance.now(), setTimeout); ${code}`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
      return stdout.trim();
    };

    it('keep it alive where they are to, and only then', async function () {
      this.timeout(20_000); // four processes
      const rings = (ms: number, keepAlive: boolean) => `alarms.set(${ms}, () => console.log(${ms}), ${keepAlive});`;
      expect(await run(rings(50, true))).to.equal('50');
      expect(await run(rings(50, false))).to.equal('');
      expect(await run(`${rings(40, false)} ${rings(80, true)}`)).to.equal('40\n80');
      expect(await run(`const callOff = alarms.set(3_600_000, () => {}, true); ${rings(60_000, false)} callOff();`)).to.equal('');
    });
  });
});
