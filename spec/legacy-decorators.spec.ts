import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';

// tsx compiles a whole process by one tsconfig. The specs of this folder need `experimentalDecorators`, so they come in through a loader of
// their own; it also gives them their own copy of every module, as an application with two copies of the package has.
const folder = new URL('legacy-decorators/', import.meta.url);
const tsconfig = fileURLToPath(new URL('tsconfig.json', folder));

for (const file of readdirSync(folder).filter((name) => name.endsWith('.spec.ts'))) {
  await tsImport(new URL(file, folder).href, { parentURL: import.meta.url, tsconfig });
}
