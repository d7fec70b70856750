import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsdown';
import type * as Library from '../../lib/index.js';

const VARIABLE = 'BENCH_LIBRARY';

/** The library as its users get it: built. What runs a TypeScript file on the fly pays for every closure's name. */
export async function builtLibrary(): Promise<typeof Library> {
  const address = process.env[VARIABLE];
  if (address === undefined) throw new Error(`${VARIABLE} must name the built library.`);
  return (await import(address)) as typeof Library;
}

/** Builds it for this process and those it starts; the answer takes it away again. */
export async function buildLibrary(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'locks-bench-'));
  await build({
    config: false,
    entry: { library: fileURLToPath(new URL('../../lib/index.ts', import.meta.url)) },
    outDir: folder,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    dts: false,
    clean: false,
    logLevel: 'error',
    deps: { alwaysBundle: [/./] }, // the folder has no node_modules
  });
  process.env[VARIABLE] = pathToFileURL(join(folder, 'library.mjs')).href;
  return () => rm(folder, { recursive: true, force: true });
}
