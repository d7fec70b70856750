import { setFakeTime } from '../../support/fake-time.js';

const realNow = Date.now;
const file = process.env.FAKETIME_TIMESTAMP_FILE;
let jumpedMs = 0;

/**
 * Sets this process's wall clock forward or back, as somebody who sets the machine's clock would; the monotonic clock goes on. That is
 * also what a suspended machine sees when it wakes: its wall clock has gone on without the monotonic one.
 */
export function jumpWallClock(ms: number): void {
  jumpedMs += ms;
  if (file === undefined) Date.now = () => realNow() + jumpedMs;
  else setFakeTime(file, jumpedMs);
}
