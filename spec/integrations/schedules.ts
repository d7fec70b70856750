import { Cron } from 'croner';
import { CronJob } from 'cron';
import nodeCron from 'node-cron';

/** A tick may be more than a second late on a busy machine, and is still told from the next one. */
export const EVERY_THREE_SECONDS = '*/3 * * * * *';

/** Which tick a moment belongs to. Timers may be early by a little, and late by more. */
export const tickAt = (ms: number) => Math.floor((ms + 750) / 3_000);

/** Calls `fire` at every tick until what it returns is called. */
export type Schedule = (fire: () => Promise<void>) => () => void;

export const schedules: Readonly<Record<string, Schedule>> = {
  croner(fire) {
    const job = new Cron(EVERY_THREE_SECONDS, fire);
    return () => job.stop();
  },

  cron(fire) {
    // threshold: by default it leaves out a tick that is 250 ms late.
    const job = CronJob.from({ cronTime: EVERY_THREE_SECONDS, onTick: fire, start: true, threshold: 2_000 });
    return () => void job.stop();
  },

  'node-cron'(fire) {
    const task = nodeCron.schedule(EVERY_THREE_SECONDS, fire);
    return () => void task.destroy();
  },
};
