import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Facts, LockEvent } from './event.js';

/** CLOCK_MONOTONIC in milliseconds. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Writes each event as a line of JSON before it goes on, so that a kill loses nothing that was believed. */
export class Journal {
  constructor(
    private readonly file: string,
    readonly who: string,
  ) {}

  write(facts: Facts, at = nowMs()): void {
    appendFileSync(this.file, `${JSON.stringify({ at, who: this.who, ...facts })}\n`);
  }
}

/** All journals of a folder as one history, in the order of time. */
export function readHistory(folder: string): LockEvent[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => eventsIn(join(folder, file)))
    .sort((one, other) => one.at - other.at);
}

/** A kill in the middle of a line leaves a part of it, which is no event. */
function eventsIn(file: string): LockEvent[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as LockEvent);
}
