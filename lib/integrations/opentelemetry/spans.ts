import { type Attributes, type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { systemClock } from '../../adapters/system-clock.js';
import { errorTypeOf } from './error-type.js';
import type { Group } from './group.js';
import { listen } from './listen.js';
import { leaseId, Open } from './open.js';

/**
 * Makes a span `lock wait` of each wait and a span `lock hold` of each lease until stopped, both as children of what was active where the lock was
 * asked for.
 *
 * A wait's span is made when the wait is over, of the time that it took.
 */
export function recordSpans(tracer: Tracer, groupOf: Group): () => void {
  const held = new Open<Span>();
  const attributesOf = (lockName: string): Attributes => ({ 'lock.name': lockName, 'lock.group': groupOf(lockName) });
  const stop = listen({
    acquired(message) {
      const { lockName, caller, token, waitMs, attempts, label } = message;
      const attributes = { ...attributesOf(lockName), 'lock.fencing_token': token, ...(label && { 'lock.label': label }) };
      // A call that stood in no line has not waited.
      if (caller > 0) endedNow(tracer, waitMs, { ...attributes, 'lock.attempts': attempts }).end();
      held.begin(message.registry, leaseId(message), tracer.startSpan('lock hold', { attributes }));
    },
    refused({ lockName, waitMs, error }) {
      endWithError(endedNow(tracer, waitMs, attributesOf(lockName)), errorTypeOf(error), messageOf(error));
    },
    released: (message) => held.end(message.registry, leaseId(message))?.end(),
    lost(message) {
      const span = held.end(message.registry, leaseId(message));
      span?.setAttribute('lock.loss.reason', message.reason);
      if (span) endWithError(span, 'LEASE_LOST', `The lease was lost: ${message.reason}.`);
    },
  });
  return () => {
    stop();
    for (const span of held.values()) span.end();
  };
}

/** A wait that began so long ago. */
function endedNow(tracer: Tracer, waitMs: number, attributes: Attributes): Span {
  return tracer.startSpan('lock wait', { startTime: systemClock.now().wallMs - waitMs, attributes });
}

function endWithError(span: Span, type: string, message: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.end();
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
