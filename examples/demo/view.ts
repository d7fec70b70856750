import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';
import type { Contender, Contest, Scene } from './contest.js';
import { nowMs } from './messages.js';
import type { Verdict } from './verdict.js';

/** What the audience sees while the contest runs. */
export interface View {
  show(contest: Contest, scene: Scene): void;
  /** Draws what has changed with the time. */
  refresh(contest: Contest): void;
  close(): void;
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
const plain = { head: [], border: [] }; // no colours, for logs and for all backgrounds

const word: Readonly<Record<Contender['state'], string>> = {
  starts: 'starts',
  waits: 'waits',
  works: '● HOLDS THE LOCK',
  rests: '',
  killed: '✗ killed',
  done: 'done',
};

/** A picture that moves where there is a terminal, lines elsewhere. */
export function openView(stream: NodeJS.WriteStream): View {
  return stream.isTTY ? liveView(stream) : lineView(stream);
}

function liveView(stream: NodeJS.WriteStream): View {
  const draw = createLogUpdate(stream);
  let news = '';
  const refresh = (contest: Contest) => draw(`${picture(contest)}\n${seconds(nowMs() - contest.startedMs)}${news}`);
  return {
    show(contest, scene) {
      if (scene.what !== 'enters') news += `\n${lineOf(contest, scene)}`;
      refresh(contest);
    },
    refresh,
    close: () => draw.done(),
  };
}

function lineView(stream: NodeJS.WriteStream): View {
  return {
    show: (contest, scene) => void stream.write(`${lineOf(contest, scene)}\n`),
    refresh: () => undefined,
    close: () => undefined,
  };
}

function picture({ contenders, history }: Contest): string {
  const table = new Table({
    head: ['worker', 'pid', 'state', 'for', 'token', 'entries'],
    colWidths: [8, 10, 20, 10, 20, 9],
    style: plain,
  });
  for (const { number, pid, state, sinceMs, token } of contenders) {
    const inState = state === 'waits' || state === 'works' ? seconds(nowMs() - sinceMs) : '';
    table.push([
      number,
      pid,
      word[state],
      inState,
      state === 'works' ? token : '',
      history.filter(({ worker }) => worker === number).length,
    ]);
  }
  return table.toString();
}

function lineOf({ startedMs, contenders }: Contest, { contender, what }: Scene): string {
  const waiting = contenders.filter(({ state }) => state === 'waits').map(({ number }) => number);
  const time = seconds(contender.sinceMs - startedMs).padStart(8);
  const token = what === 'is killed' ? 'SIGKILL in mid-work; free when its lease ends' : `token ${contender.token ?? '?'}`;
  return `${time}  worker ${contender.number} ${what.padEnd(10)}  ${token}, waiting: ${waiting.join(' ') || 'nobody'}`;
}

/** What is left to say when it is over. */
export function summary({ contenders, history }: Contest, verdict: Verdict, ttlMs: number): string {
  const perWorker = new Table({ head: ['worker', 'entries', 'longest wait', 'end'], style: plain });
  for (const { number, state } of contenders) {
    const own = history.filter(({ worker }) => worker === number);
    perWorker.push([number, own.length, seconds(Math.max(0, ...own.map(({ waitedMs }) => waitedMs))), state]);
  }
  const { overlaps, setbacks, takenOverMs, longestWaitMs, faults } = verdict;
  const whole = new Table({ style: plain });
  whole.push(
    { 'entries in all': history.length },
    { 'overlaps found': overlaps.length },
    { 'tokens in order': setbacks.length === 0 ? 'all' : `not all: ${setbacks.length} went back` },
    { 'longest wait': seconds(longestWaitMs) },
    { 'taken over': takenOverMs === undefined ? 'never' : `${seconds(takenOverMs)} after the kill (ttl ${seconds(ttlMs)})` },
  );
  return [perWorker.toString(), whole.toString(), ...faults.slice(0, 10)].join('\n');
}
