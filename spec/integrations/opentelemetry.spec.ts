import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { context, diag, type DiagLogger, metrics, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import sinon from 'sinon';
import { systemClock } from '../../lib/adapters/system-clock.js';
import { LockRegistry } from '../../lib/index.js';
import { instrumentLocks, type LockTelemetry, type LockTelemetryOptions } from '../../lib/integrations/opentelemetry/index.js';
import { intercepted, ManualClock, MemoryLocks, notDone, refused } from '../../lib/testing/index.js';
import { onDatabase } from '../support/databases.js';
import { rejection } from '../support/outcome.js';

/** Metrics are read when a spec asks for them. */
class ReaderOnDemand extends MetricReader {
  protected override onShutdown = () => Promise.resolve();
  protected override onForceFlush = () => Promise.resolve();
}

describe('OpenTelemetry', () => {
  let application: Tracer;
  let reader: ReaderOnDemand;
  let spans: InMemorySpanExporter;
  let running: LockTelemetry[];
  let clock: ManualClock;
  let memory: MemoryLocks;

  beforeEach(() => {
    reader = new ReaderOnDemand();
    spans = new InMemorySpanExporter();
    running = [];
    clock = new ManualClock();
    memory = new MemoryLocks({ clock });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
    application = trace.getTracer('the application');
  });
  afterEach(() => {
    for (const telemetry of running) telemetry.stop();
    for (const api of [context, metrics, trace, diag]) api.disable();
  });

  const instrument = (options?: LockTelemetryOptions): LockTelemetry => {
    const telemetry = instrumentLocks(options);
    running.push(telemetry);
    return telemetry;
  };

  const collected = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).to.deep.equal([]);
    return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics: all }) =>
      all.map(({ descriptor, dataPoints }) => ({ scope: scope.name, descriptor, points: dataPoints })),
    );
  };
  /** The points of one instrument, as attributes and value. */
  const pointsOf = async (name: string): Promise<unknown[]> => {
    const found = (await collected()).find(({ descriptor }) => descriptor.name === name);
    return (found?.points ?? []).map(({ attributes, value }) => [attributes, summed(value)]);
  };
  const spansOf = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);

  describe('measures', () => {
    it('how long calls waited and leases were held, in seconds', async () => {
      instrument();
      const [one, other] = [memory.registry(), memory.registry()];
      const held = await one.acquire('order:1');
      const waiting = other.acquire('order:1');
      await clock.advance('2s');
      await held.release();
      const lease = await clock.until(waiting);
      await clock.advance('3s');
      await lease.release();
      expect(await pointsOf('lock.wait.duration')).to.deep.equal([[{ 'lock.group': 'order' }, { count: 2, sum: 2 }]]);
      expect(await pointsOf('lock.hold.duration')).to.deep.equal([[{ 'lock.group': 'order' }, { count: 2, sum: 5 }]]);
      expect(await pointsOf('lock.acquired')).to.deep.equal([[{ 'lock.group': 'order' }, 2]]);
    });

    it('how many leases are held and how many calls wait now, and 0 where there were some', async () => {
      instrument();
      const levels = async () => [await pointsOf('lock.held'), await pointsOf('lock.waiting')];
      const of = (group: string, value: number) => [{ 'lock.group': group }, value];
      const locks = memory.registry();
      const [a, b] = [await locks.acquire('a:1'), await locks.acquire('a:2')];
      const waiting = rejection(locks.acquire('a:1', { wait: '1s' }));
      void locks.acquire('b', { renew: false, ttl: '2s' });
      await clock.advance(100);
      expect(await levels()).to.deep.equal([
        [of('a', 2), of('b', 1)],
        [of('a', 1), of('b', 0)],
      ]);
      await clock.until(waiting);
      await Promise.all([a.release(), b.release()]);
      expect(await levels()).to.deep.equal([
        [of('a', 0), of('b', 1)],
        [of('a', 0), of('b', 0)],
      ]);
      await clock.advance('2s'); // the end of b, which nobody renews
      expect(await levels()).to.deep.equal([
        [of('a', 0), of('b', 0)],
        [of('a', 0), of('b', 0)],
      ]);
    });

    it('leases of one name and one token apart, where they are of different databases', async () => {
      instrument();
      // Both clocks stand still at one moment, so both locks get one number.
      const [one, other] = [await memory.registry().acquire('a'), await new MemoryLocks({ clock }).registry().acquire('a')];
      expect(one.fencingToken).to.equal(other.fencingToken);
      expect(await pointsOf('lock.held')).to.deep.equal([[{ 'lock.group': 'a' }, 2]]);
      await one.release();
      expect(await pointsOf('lock.held')).to.deep.equal([[{ 'lock.group': 'a' }, 1]]);
      await other.release();
      expect(await pointsOf('lock.held')).to.deep.equal([[{ 'lock.group': 'a' }, 0]]);
    });

    it('waits that ended without the lock, by what ended them', async () => {
      instrument();
      const locks = memory.registry();
      await memory.registry().acquire('a');
      const controller = new AbortController();
      const waits = [rejection(locks.acquire('a', { wait: '1s' })), rejection(locks.acquire('a', { signal: controller.signal }))];
      await clock.advance(500);
      controller.abort();
      await clock.until(Promise.all(waits));
      const of = (type: string, sum: number) => [
        { 'lock.group': 'a', 'error.type': type },
        { count: 1, sum },
      ];
      expect(await pointsOf('lock.wait.duration')).to.deep.include.members([of('AbortError', 0.5), of('LOCK_TIMEOUT', 1)]);
    });

    it('calls that found a lock busy, and those that skipped their body', async () => {
      instrument();
      const locks = memory.registry();
      const lease = await memory.registry().acquire('a');
      await locks.tryAcquire('a');
      await locks.run('a', () => undefined, { onBusy: 'skip' });
      expect(await pointsOf('lock.busy')).to.deep.equal([[{ 'lock.group': 'a' }, 2]]);
      expect(await pointsOf('lock.skipped')).to.deep.equal([[{ 'lock.group': 'a' }, 1]]);
      await lease.release();
    });

    it('renewals that failed, and leases that were lost, with the reason', async () => {
      instrument();
      const dialect = intercepted(memory.dialect, (step, run) => (step === 'renew' ? Promise.reject(notDone()) : run()));
      await memory.registry({ dialect, ttl: '3s' }).acquire('a');
      await clock.advance('3s');
      const [[attributes, failures] = []] = (await pointsOf('lock.renewal.failed')) as [object, number][];
      expect(attributes).to.deep.equal({ 'lock.group': 'a', 'error.type': 'InjectedFailure' });
      expect(failures).to.be.above(1);
      expect(await pointsOf('lock.lost')).to.deep.equal([[{ 'lock.group': 'a', 'lock.loss.reason': 'unreachable' }, 1]]);
      const [[held, hold] = []] = (await pointsOf('lock.hold.duration')) as [object, { count: number }][];
      expect([held, hold?.count]).to.deep.equal([{ 'lock.group': 'a', 'error.type': 'LEASE_LOST' }, 1]);
    });

    it('a lease that was found to be somebody else’s at its release once as held, and as lost', async () => {
      instrument();
      const lease = await memory.registry().acquire('a');
      await memory.registry().forceRelease('a', { now: true });
      expect(await lease.release()).to.equal(false);
      expect(await pointsOf('lock.hold.duration')).to.deep.equal([[{ 'lock.group': 'a' }, { count: 1, sum: 0 }]]);
      expect(await pointsOf('lock.lost')).to.deep.equal([[{ 'lock.group': 'a', 'lock.loss.reason': 'taken' }, 1]]);
    });

    it('steps that failed with nobody to be told', async () => {
      instrument();
      const dialect = intercepted(memory.dialect, (step, run) => (step.startsWith('release') ? Promise.reject(refused()) : run()));
      const lease = await memory.registry({ dialect }).acquire('a');
      await clock.until(lease.release());
      expect(await pointsOf('lock.step.failed')).to.deep.equal([
        [{ 'lock.group': 'a', 'lock.step': 'release', 'error.type': 'LOCK_STORE' }, 1],
      ]);
    });

    it('a thousand locks as one series, and groups as it is told', async () => {
      const { stop } = instrument();
      const locks = memory.registry();
      const all = () => Promise.all(Array.from({ length: 1_000 }, (_, at) => locks.run(`order:${at}`, () => undefined)));
      await all();
      const series = async () => (await collected()).map(({ descriptor, points }) => [descriptor.name, points.length]);
      for (const [name, count] of await series()) expect(count, String(name)).to.equal(1);
      stop();
      instrument({ group: (lockName) => (Number(lockName.slice('order:'.length)) < 500 ? 'old' : 'new') });
      await all();
      expect(await pointsOf('lock.acquired')).to.deep.include.members([
        [{ 'lock.group': 'old' }, 500],
        [{ 'lock.group': 'new' }, 500],
      ]);
    });

    it('in units of the conventions, under names with the unit left out, each described', async () => {
      instrument();
      const locks = memory.registry();
      await locks.run('a', () => undefined);
      const seen = (await collected()).map(({ scope, descriptor: { name, unit, description } }) => [
        scope,
        name,
        unit,
        description.endsWith('.'),
      ]);
      expect(seen).to.deep.include.members([
        ['sequelize-distributed-lock', 'lock.wait.duration', 's', true],
        ['sequelize-distributed-lock', 'lock.hold.duration', 's', true],
        ['sequelize-distributed-lock', 'lock.acquired', '{lease}', true],
        ['sequelize-distributed-lock', 'lock.held', '{lease}', true],
        ['sequelize-distributed-lock', 'lock.waiting', '{call}', true],
      ]);
    });
  });

  it('has in docs/operations.md the instruments that it makes, with their units', async () => {
    instrument();
    const locks = memory.registry();
    const failing = intercepted(memory.dialect, (step, run) => (/^re/.test(step) ? Promise.reject(refused()) : run()));
    await memory.registry({ dialect: failing, ttl: '3s' }).acquire('lost');
    await clock.advance('3s');
    await clock.until((await memory.registry({ dialect: failing }).acquire('a')).release());
    const lease = await memory.registry().acquire('b');
    await locks.run('b', () => undefined, { onBusy: 'skip' });
    await lease.release();
    const made = (await collected()).map(({ descriptor: { name, unit } }) => `${name} ${unit}`);
    const text = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const told = [...text.matchAll(/^\| `(lock\.[\w.]+)` *\| [^|]+\| `([^`]+)`/gm)].map(([, name = '', unit = '']) => `${name} ${unit}`);
    expect(made.sort()).to.deep.equal(told.sort());
  });

  describe('traces', () => {
    it('a wait and a hold as children of what the caller was doing, though another caller hands the lock over', async () => {
      instrument();
      const locks = memory.registry();
      const asking = <T>(name: string, ask: () => Promise<T>) =>
        application.startActiveSpan(name, async (span) => {
          try {
            return await ask();
          } finally {
            span.end();
          }
        });
      const first = await asking('first', () => locks.acquire('order:1'));
      const second = asking('second', () => locks.acquire('order:1', { label: 'nightly' }));
      await clock.advance(1);
      await asking('releasing', () => first.release());
      const lease = await clock.until(second);
      await lease.release();
      const parentOf = (span: ReadableSpan | undefined) =>
        spans.getFinishedSpans().find((other) => other.spanContext().spanId === span?.parentSpanContext?.spanId)?.name;
      expect(spansOf('lock wait').map(parentOf)).to.deep.equal(['first', 'second']);
      expect(spansOf('lock hold').map(parentOf)).to.deep.equal(['first', 'second']);
      const { fencingToken: token } = lease;
      const common = { 'lock.name': 'order:1', 'lock.group': 'order', 'lock.fencing_token': token, 'lock.label': 'nightly' };
      expect(spansOf('lock wait')[1]?.attributes).to.deep.equal({ ...common, 'lock.attempts': 0 });
      expect(spansOf('lock hold')[1]?.attributes).to.deep.equal(common);
      for (const span of spans.getFinishedSpans()) expect(span.status.code).to.equal(SpanStatusCode.UNSET);
    });

    it('a lease that was lost as an error, with the reason', async () => {
      instrument();
      await memory.registry().acquire('a', { ttl: '1s', renew: false });
      await clock.advance('1s');
      const [span] = spansOf('lock hold');
      expect(span?.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: 'The lease was lost: expired.' });
      expect(span?.attributes).to.include({ 'error.type': 'LEASE_LOST', 'lock.loss.reason': 'expired' });
    });

    it('a wait that ended without the lock as an error, as long as it was', async () => {
      instrument();
      await memory.registry().acquire('a');
      await clock.until(rejection(memory.registry().acquire('a', { wait: '30s' })));
      const [, span] = spansOf('lock wait');
      expect(span?.status.code).to.equal(SpanStatusCode.ERROR);
      expect(span?.status.message).to.contain('"a"');
      expect(span?.attributes).to.include({ 'error.type': 'LOCK_TIMEOUT', 'lock.name': 'a' });
      expect(secondsOf(span)).to.be.within(30, 31);
    });

    it('no wait of a call that asked once', async () => {
      instrument();
      await (await memory.registry().tryAcquire('a'))?.release();
      expect([spansOf('lock wait').length, spansOf('lock hold').length]).to.deep.equal([0, 1]);
    });
  });

  describe('stops', () => {
    it('and records nothing afterwards, while the spans of what is held still end', async () => {
      const telemetry = instrument();
      const locks = memory.registry();
      const lease = await locks.acquire('a');
      telemetry.stop();
      telemetry.stop();
      expect(spansOf('lock hold')).to.have.length(1);
      const before = [await pointsOf('lock.acquired'), await pointsOf('lock.hold.duration')];
      await lease.release();
      await locks.run('a', () => undefined);
      expect([await pointsOf('lock.acquired'), await pointsOf('lock.hold.duration')]).to.deep.equal(before);
      expect([await pointsOf('lock.held'), await pointsOf('lock.waiting')]).to.deep.equal([[], []]);
      expect(spans.getFinishedSpans()).to.have.length(2);
    });

    it('at the end of a block', async () => {
      {
        using telemetry = instrumentLocks();
        expect(telemetry).to.have.property('stop');
        await memory.registry().run('a', () => undefined);
      }
      await memory.registry().run('a', () => undefined);
      expect(await pointsOf('lock.acquired')).to.deep.equal([[{ 'lock.group': 'a' }, 1]]);
    });

    it('and starts again, counting what begins from then on: leases and waits from before are no part of what goes on', async () => {
      const locks = memory.registry();
      const before = await locks.acquire('a');
      const waiting = locks.acquire('a');
      instrument();
      await before.release();
      const lease = await clock.until(waiting);
      expect([await pointsOf('lock.held'), await pointsOf('lock.waiting')]).to.deep.equal([[[{ 'lock.group': 'a' }, 1]], []]);
      await lease.release();
      expect(await pointsOf('lock.held')).to.deep.equal([[{ 'lock.group': 'a' }, 0]]);
    });
  });

  describe('disturbs no lock', () => {
    let logged: unknown[];

    beforeEach(() => {
      logged = [];
      const ignore = () => undefined;
      const logger: DiagLogger = { error: (...all) => logged.push(all), warn: ignore, info: ignore, debug: ignore, verbose: ignore };
      diag.setLogger(logger);
    });

    it('when the function of groups throws or answers no text: the group is _OTHER then', async () => {
      const answers: (() => unknown)[] = [
        () => {
          throw new Error('a mistake');
        },
        () => undefined,
      ];
      let at = 0;
      instrument({ group: () => answers[at++ % 2]?.() as string });
      const locks = memory.registry();
      for (const name of ['a', 'b']) expect(await locks.run(name, () => 'done')).to.equal('done');
      expect(await pointsOf('lock.acquired')).to.deep.equal([[{ 'lock.group': '_OTHER' }, 2]]);
      expect(logged).not.to.be.empty;
    });

    it('when what takes the spans throws', async () => {
      sinon.stub(spans, 'export').throws(new Error('a mistake'));
      instrument();
      expect(await memory.registry().run('a', () => 'done')).to.equal('done');
      expect(await pointsOf('lock.held')).to.deep.equal([[{ 'lock.group': 'a' }, 0]]);
      expect(logged).not.to.be.empty;
    });

    it('when there is no SDK', async () => {
      for (const api of [context, metrics, trace]) api.disable();
      instrument();
      expect(await memory.registry().run('a', () => 'done')).to.equal('done');
    });
  });

  it('refuses options that it does not know, and a group that is no function', () => {
    expect(() => instrumentLocks({ label: () => '' } as LockTelemetryOptions)).to.throw(TypeError, 'label');
    expect(() => instrumentLocks({ group: 'orders' } as unknown as LockTelemetryOptions)).to.throw(TypeError, '"group"');
  });

  for (const dialect of ['postgres', 'sqlite'] as const) {
    onDatabase(dialect, `on a real database (${dialect})`, (database) => {
      it('tells how long one registry waited for another one, and where the call came from', async () => {
        instrument();
        const sequelize = database().newSequelize();
        const [one, other] = [new LockRegistry(sequelize), new LockRegistry(sequelize)];
        const held = await one.acquire('report');
        const lease = application.startActiveSpan('asking', (span) => other.acquire('report').finally(() => span.end()));
        await systemClock.sleep(200);
        await held.release();
        await (await lease).release();
        const [, wait] = spansOf('lock wait');
        const [asking] = spansOf('asking');
        expect(asking).not.to.equal(undefined);
        expect(wait?.parentSpanContext?.spanId).to.equal(asking?.spanContext().spanId);
        expect(secondsOf(wait)).to.be.within(0.15, 4.5);
        expect(await pointsOf('lock.held')).to.deep.equal([[{ 'lock.group': 'report' }, 0]]);
        await Promise.all([one.close(), other.close()]);
      });
    });
  }
});

/** A histogram's sum and count; rounded, because clocks are read in fractions. */
function summed(value: unknown): unknown {
  if (typeof value !== 'object') return value;
  const { count, sum = 0 } = value as Histogram;
  return { count, sum: Math.round(sum * 1_000) / 1_000 };
}

const secondsOf = (span: ReadableSpan | undefined) => (span ? span.duration[0] + span.duration[1] / 1e9 : NaN);
