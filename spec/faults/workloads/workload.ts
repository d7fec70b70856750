import type { Participant } from '../support/participant.js';

/** What one worker does until it is to stop. */
export interface Workload {
  /** False where the first statement of a process is what is tested. */
  readonly prepared: boolean;
  /** So many grants show that it has got going. */
  readonly warmUp: number;
  run(participant: Participant): Promise<void>;
}
