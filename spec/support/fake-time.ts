import { existsSync, mkdtempSync, readdirSync, rmSync, chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const LIBRARIES = '/usr/lib';

/** Where the variants of libfaketime are; `undefined` where it is not installed. */
export const fakeTimeFolder = (existsSync(LIBRARIES) ? readdirSync(LIBRARIES) : [])
  .map((folder) => join(LIBRARIES, folder, 'faketime'))
  .find((folder) => existsSync(join(folder, 'libfaketimeMT.so.1')));

/** The wall clock of processes that are started with its environment, set while they run; their monotonic clock goes on. */
export class FakeTime {
  readonly #file = join(mkdtempSync(join(tmpdir(), 'fake-time-')), 'ahead');

  constructor() {
    // The server runs as a user without rights.
    chmodSync(dirname(this.#file), 0o755);
    this.set(0);
  }

  /** For a process with threads, as Node's are, or without. @throws libfaketime is not installed */
  env(threads: 'threads' | 'one thread'): NodeJS.ProcessEnv {
    if (!fakeTimeFolder) throw new Error('libfaketime is not installed.');
    return {
      LD_PRELOAD: join(fakeTimeFolder, threads === 'threads' ? 'libfaketimeMT.so.1' : 'libfaketime.so.1'),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  set(aheadMs: number): void {
    setFakeTime(this.#file, aheadMs);
  }

  remove(): void {
    rmSync(dirname(this.#file), { recursive: true });
  }
}

/** The same from within a process that was started so. */
export function setFakeTime(file: string, aheadMs: number): void {
  writeFileSync(file, `${aheadMs < 0 ? '-' : '+'}${Math.abs(aheadMs) / 1_000}`);
}
