import { readdirSync } from 'node:fs';
import type { Fault } from './fault.js';

const folder = new URL('../faults/', import.meta.url);

/** Every fault there is: a file is enough to add one. */
export async function allFaults(): Promise<Fault[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href) as Promise<{ fault?: Fault }>));
  const faults = modules.map(({ fault }, at) => {
    if (!fault) throw new TypeError(`${files[at] ?? ''} exports no fault.`);
    return fault;
  });
  return faults.sort((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
}
