/** What a worker can be told to do. */
export { contend } from './contend.js';
export { memory } from './memory.js';
export { pairs } from './pairs.js';
export { renew } from './renew.js';
export { entries, hold, letGo, listenToStatements, wait } from './wait.js';
