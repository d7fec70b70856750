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
    const folder = mkdtempSync(join(tmpdir(), 'locks-consumer-'));
    cpSync(join(root, 'spec/consumers'), folder, { recursive: true });
    const installed = join(folder, 'node_modules', name);
    mkdirSync(installed, { recursive: true });
    const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
    await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', installed, '--strip-components=1']);
    for (const needed of [...Object.keys(dependencies), ...APPLICATION]) {
      const link = join(folder, 'node_modules', needed);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', needed), link);
    }
    return new Consumer(folder);
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
}
