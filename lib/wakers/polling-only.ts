import type { WakerStrategy } from '../contracts/waker.js';

/** No notifications: waiters look as the polling policy says. Right where NOTIFY, which serialises commits, costs more than it brings. */
export function pollingOnly(): WakerStrategy {
  return () => ({ listens: false, reliable: false, start: ignore, stop: ignore, doubt: ignore, close: ignore });
}

const ignore = () => undefined;
