import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { user } from './server-home.js';

const BINARY = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find((path) => existsSync(path));

/** PgBouncer in transaction mode before a server: LISTEN is answered with OK there, and nothing is ever delivered. */
export class PgBouncer {
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(
    folder: string,
    process: ChildProcess,
    readonly port: number,
  ) {
    this.#folder = folder;
    this.#process = process;
  }

  /** @throws where it is not installed */
  static async start(target: URL): Promise<PgBouncer> {
    if (!BINARY) throw new Error('pgbouncer is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'locks-bouncer-'));
    const port = await freePort();
    const [settings, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')];
    writeFileSync(users, '"postgres" ""\n');
    writeFileSync(settings, ini(target, port, users));
    if (user) chownSync(folder, user.uid, user.gid);
    const child = spawn(BINARY, ['-q', settings], { ...user, cwd: '/', stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    const bouncer = new PgBouncer(folder, child, port);
    await bouncer.#listening();
    return bouncer;
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listening(): Promise<void> {
    for (let attempts = 1; attempts <= 200; attempts++) {
      const socket = connect(this.port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return;
      } catch {
        await setTimeout(25);
      } finally {
        socket.destroy();
      }
    }
    throw new Error('pgbouncer did not start');
  }
}

const ini = (target: URL, port: number, users: string) => `
[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 5
`;
