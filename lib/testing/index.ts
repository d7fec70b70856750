export { systemClock } from '../adapters/system-clock.js';
export { type Case, type Locks, type LockSeen, type World } from './contract/contract-case.js';
export { dialectContract } from './dialect-contract.js';
export { type FakeCall, FakeLocks } from './fake-locks.js';
export { type Hold, type Violation, violationsIn } from './history.js';
export {
  InjectedFailure,
  intercepted,
  type Interceptor,
  notDone,
  outcomeUnknown,
  recorded,
  refused,
  type StepName,
} from './intercepted.js';
export { ManualClock } from './manual-clock.js';
export { MemoryLocks } from './memory-locks.js';
export { type PolicyCase, type PolicyLimits, pollingContract, retryContract } from './policy-contract.js';
