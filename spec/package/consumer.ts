import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const { name, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  name: string;
  dependencies: Record<string, string>;
};

/** What the application brings: the peer, a driver, and its own tools. */
const APPLICATION = ['sequelize', 'sqlite3', '@opentelemetry/api', '@types/node', '@types/validator', '@types/debug'];

/**
 * A project in a temporary folder that has installed the packed tarball. Nothing is fetched: what the package declares is linked from this
 * repository, and nothing else can be found.
 */
export class Consumer {
  private constructor(readonly folder: string) {}

  static async install(): Promise<Consumer> {
    const consumer = new Consumer(mkdtempSync(join(tmpdir(), 'locks-consumer-')));
    cpSync(join(root, 'spec/consumers'), consumer.folder, { recursive: true, filter: (path) => !path.endsWith('nest-11') });
    const installed = join(consumer.folder, 'node_modules', name);
    mkdirSync(installed, { recursive: true });
    await run('tar', ['-xzf', await consumer.#tarball(), '-C', installed, '--strip-components=1']);
    for (const needed of [...Object.keys(dependencies), ...APPLICATION]) consumer.#link(needed);
    return consumer;
  }

  /** The same with what the project declares itself, fetched by npm: packages that this repository has in another version. */
  static async installByNpm(project: string): Promise<Consumer> {
    const consumer = new Consumer(mkdtempSync(join(tmpdir(), 'locks-consumer-')));
    cpSync(join(root, 'spec/consumers', project), consumer.folder, { recursive: true });
    await consumer.run('npm', 'install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', await consumer.#tarball());
    // Built for this machine already.
    consumer.#link('sqlite3');
    return consumer;
  }

  /** Runs a program in the project's folder and gives all that it wrote; rejects with that where it fails. */
  async run(program: string, ...args: string[]): Promise<string> {
    const output = await run(program, args, { cwd: this.folder }).catch((cause: unknown) => {
      const { stdout, stderr } = cause as { stdout: string; stderr: string };
      throw new Error(`${[program, ...args].join(' ')} failed:\n${stdout}${stderr}`, { cause });
    });
    return output.stdout + output.stderr;
  }

  /** Runs a tool of this repository. */
  tool(name: string, ...args: string[]): Promise<string> {
    return this.run(process.execPath, join(root, 'node_modules', '.bin', name), ...args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** The packed package, in the project's folder. */
  async #tarball(): Promise<string> {
    const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', this.folder], { cwd: root });
    return join(this.folder, stdout.trim());
  }

  /** Makes a package of this repository's the project's. */
  #link(needed: string): void {
    const link = join(this.folder, 'node_modules', needed);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', needed), link);
  }
}
