import Table from 'cli-table3';
import type { Outcome } from './trial.js';

// Plain text: it is read in logs and pasted.
const style = { head: [], border: [], compact: true };

/** A row for each fault and database. */
export function reportOf(outcomes: readonly Outcome[]): string {
  const head = ['', 'fault', 'database', 'grants', 'hand-overs', 'injected', 'violations', 'longest gap', 'took', ''];
  const table = new Table({ head, style });
  for (const outcome of outcomes) {
    const { fault, kind, grants, handOvers, injected, violations, longestGapMs, tookMs } = outcome;
    const times = [`${Math.round(longestGapMs)} ms`, `${(tookMs / 1_000).toFixed(1)} s`];
    table.push([
      fault.id,
      fault.title,
      kind,
      grants,
      handOvers,
      injected,
      violations.length,
      ...times,
      outcome.shortcomings.length === 0 ? 'ok' : 'FAILED',
    ]);
  }
  return table.toString();
}

/** What a failed row has to say. */
export function detailsOf(outcome: Outcome): string {
  const { fault, kind, shortcomings, journals } = outcome;
  const more = shortcomings.length > MOST ? [`and ${shortcomings.length - MOST} more`] : [];
  return [`${fault.id} on ${kind} (journals: ${journals ?? 'deleted'}):`, ...shortcomings.slice(0, MOST), ...more].join('\n  - ');
}

const MOST = 6;
