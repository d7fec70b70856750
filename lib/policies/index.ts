export { exponentialPolling } from './exponential-polling.js';
export { fixedPolling } from './fixed-polling.js';
export { noRetry } from './no-retry.js';
export { transientRetry } from './transient-retry.js';
