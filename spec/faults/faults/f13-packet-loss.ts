import { execFileSync, spawnSync } from 'node:child_process';
import { allBut, type Fault } from '../support/fault.js';

const LOST = '0.3';
const LASTS_MS = 4_000;
const TOLERANCE_MS = 1_000;

/** Three of ten packets between each worker and its database are lost, in both directions: TCP repeats them later and later. */
export const fault: Fault = {
  id: 'F13',
  title: '30 % of all packets lost',
  databases: ['postgres', 'mariadb', 'mysql'],
  // TCP waits for seconds before it tries again, and after the loss is over too.
  criteria: allBut('C4', 'C6', 'C8'),
  missing: spawnSync('iptables', ['-L', '-n']).status === 0 ? undefined : 'iptables is not installed, or needs the rights of root',

  async inject(world) {
    const ports = world.crew.workers.flatMap(({ proxy }) => proxy?.port ?? []);
    world.fault(`${LOST} of the packets lost`);
    try {
      for (const port of ports) lose('-A', port);
      await world.sleep(LASTS_MS);
    } finally {
      for (const port of ports) lose('-D', port);
    }
    world.over('packets lost', TOLERANCE_MS);
    await world.grants(5);
  },
};

function lose(change: '-A' | '-D', port: number): void {
  for (const side of ['--dport', '--sport'])
    execFileSync('iptables', [change, 'INPUT', '-i', 'lo', '-p', 'tcp', side, String(port), ...CHANCE, '-j', 'DROP']);
}

const CHANCE = ['-m', 'statistic', '--mode', 'random', '--probability', LOST];
