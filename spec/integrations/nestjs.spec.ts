import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';

// Nest's decorators need `experimentalDecorators`: these specs come in like those of `spec/legacy-decorators`, by the tsconfig there.
const folder = new URL('nestjs/', import.meta.url);
const tsconfig = fileURLToPath(new URL('../legacy-decorators/tsconfig.json', import.meta.url));

for (const file of readdirSync(folder).filter((name) => name.endsWith('.spec.ts'))) {
  await tsImport(new URL(file, folder).href, { parentURL: import.meta.url, tsconfig });
}
