import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventOf, Kind, LockEvent } from '../history/event.js';
import { nowMs } from '../history/journal.js';

const LOOK_EVERY_MS = 10;

/** Reads the journals of a folder while they are being written, each line once. */
export class Tail {
  readonly #folder: string;
  readonly #offsets = new Map<string, number>();
  #unread: LockEvent[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    this.#read();
  }

  /** The next event of a kind that is wanted; what was written before it is passed over. @throws none came in time */
  async next<K extends Kind>(kind: K, isWanted: (event: EventOf<K>) => boolean = () => true, limitMs = 10_000): Promise<EventOf<K>> {
    const endMs = nowMs() + limitMs;
    while (nowMs() < endMs) {
      this.#unread.push(...this.#read());
      const at = this.#unread.findIndex((event) => event.kind === kind && isWanted(event as EventOf<K>));
      const [found] = this.#unread.splice(0, at < 0 ? Infinity : at + 1).slice(-1);
      // It is of this kind, or the whole of what was read is not wanted.
      if (at >= 0 && found) return found as EventOf<K>;
      await sleep(LOOK_EVERY_MS);
    }
    throw new Error(`No «${kind}» within ${limitMs} ms.`);
  }

  #read(): LockEvent[] {
    return readdirSync(this.#folder).flatMap((file) => this.#linesOf(file).map((line) => JSON.parse(line) as LockEvent));
  }

  #linesOf(file: string): string[] {
    const handle = openSync(join(this.#folder, file), 'r');
    try {
      const from = this.#offsets.get(file) ?? 0;
      const bytes = Buffer.alloc(fstatSync(handle).size - from);
      readSync(handle, bytes, 0, bytes.length, from);
      const end = bytes.lastIndexOf('\n') + 1;
      this.#offsets.set(file, from + end);
      return bytes.toString('utf8', 0, end).split('\n').filter(Boolean);
    } finally {
      closeSync(handle);
    }
  }
}
