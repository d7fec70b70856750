import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The versions of Node that the package promises to run on: the oldest of each line, as far as the registry has it, and what is current. */
export const NODE_VERSIONS = ['20.19', '22', '24', '26'] as const;

/** The path of a Node binary of that version, fetched once from the npm registry and kept in .tmp. */
export async function nodeBinary(version: string): Promise<string> {
  const folder = fileURLToPath(new URL(`../../.tmp/node-${version}`, import.meta.url));
  // What the npm package `node` fetches in its install script.
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const binary = `${folder}/node_modules/${name}/bin/node`;
  const cached = await access(binary).then(
    () => true,
    () => false,
  );
  if (!cached) await run('npm', ['install', '--no-save', '--silent', '--prefix', folder, `${name}@${version}`]);
  return binary;
}
