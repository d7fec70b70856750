import advisory from 'advisory-lock';
import type { Contender } from './contender.js';

/** `advisory-lock`: a session-level advisory lock on a connection of its own for each caller, opened anew each time. */
export const advisoryLock: Contender = ({ url }) => {
  const mutex = advisory.default(url);
  return Promise.resolve({
    acquire: (name) => mutex(name).lock(),
    close: () => Promise.resolve(),
  });
};
