export { getLocksToken, InjectLocks } from './inject-locks.js';
export { LockModule } from './lock-module.js';
export type { LockModuleAsyncOptions, LockModuleOptions, LockModuleScope } from './options.js';
