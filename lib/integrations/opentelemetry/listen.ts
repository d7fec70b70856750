import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { diag } from '@opentelemetry/api';
import type { LockEventName, LockMessage } from '../../contracts/observer.js';

/** What is done at which event. */
export type Handlers = { readonly [E in LockEventName]?: (message: LockMessage<E>) => void };

/** Calls the handlers until stopped. An error of theirs is logged: from a subscriber of a channel it would end the process. */
export function listen(handlers: Handlers): () => void {
  const stops = Object.entries(handlers).map(([event, handle]) => {
    const heard = (message: unknown): void => {
      try {
        // What is published on an event's channel is what its handler takes.
        (handle as (published: unknown) => void)(message);
      } catch (error) {
        diag.error(`sequelize-distributed-lock: the event "${event}" could not be recorded.`, error);
      }
    };
    subscribe(`sequelize-distributed-lock:${event}`, heard);
    return () => unsubscribe(`sequelize-distributed-lock:${event}`, heard);
  });
  return () => {
    for (const stop of stops) stop();
  };
}
