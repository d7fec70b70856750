import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { getConnectionToken } from '@nestjs/sequelize';
import { Test } from '@nestjs/testing';
import { LockRegistry, LockRegistryClosedError } from 'sequelize-distributed-lock';
import { FakeLocks } from 'sequelize-distributed-lock/testing';
import { AppModule, Reports } from './app.js';

// The project has no types of Jest: this is what it uses of them.
declare function describe(title: string, suite: () => void): void;
declare function test(title: string, run: () => Promise<void>): void;
declare function beforeEach(run: () => Promise<void>): void;
declare function afterEach(run: () => Promise<void>): void;
declare function expect(value: unknown): { toEqual(expected: unknown): void; toBeInstanceOf(kind: unknown): void };

const folder = mkdtempSync(join(tmpdir(), 'locks-nest-'));
const apps: INestApplication[] = [];

async function start(): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports: [AppModule.on(join(folder, 'app.db'))] }).compile();
  const app = testing.createNestApplication({ logger: false });
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('A Nest application tested by Jest', () => {
  let app: INestApplication;

  beforeEach(async () => {
    app = await start();
  });
  afterEach(async () => {
    for (const one of apps.splice(0)) await one.close();
  });

  test('finds the registry on a controller that is made for each request, and on what that uses', async () => {
    const answer = await fetch(`${await app.getUrl()}/reports/7`, { headers: { connection: 'close' } });
    expect(await answer.json()).toEqual({ id: '7', under: 'report:7', inner: 'inner', logged: 'log' });
  });

  test('finds it on a static method', async () => {
    expect(await Reports.count()).toEqual('all reports');
  });

  test('runs a job once at each tick in two applications on one database', async () => {
    const both = [app, await start()];
    // By hand alone from here on.
    for (const one of both) await one.get(SchedulerRegistry).getCronJob('nightly').stop();
    for (const one of both) one.get(Reports).runs.length = 0;
    const skipped = new Promise<void>((resolve) => {
      for (const one of both) one.get(LockRegistry).on('skipped', () => resolve());
    });
    for (const one of both) one.get(Reports).gate = skipped;
    await Promise.all(both.map((one) => one.get(SchedulerRegistry).getCronJob('nightly').fireOnTick()));
    expect(both.flatMap((one) => one.get(Reports).runs)).toEqual(['nightly']);
  });

  test('closes the registry before the connection when it shuts down', async () => {
    const locks = app.get(LockRegistry);
    const sequelize = app.get<{ close(): Promise<void> }>(getConnectionToken());
    const events: string[] = [];
    const [closeLocks, closeSequelize] = [locks.close.bind(locks), sequelize.close.bind(sequelize)];
    locks.close = async (options) => {
      await closeLocks(options);
      events.push('locks');
    };
    sequelize.close = async () => {
      events.push('connection');
      await closeSequelize();
    };
    await app.close();
    expect(events).toEqual(['locks', 'connection']);
    expect(await locks.acquire('job').catch((error: unknown) => error)).toBeInstanceOf(LockRegistryClosedError);
  });

  test('takes fakes in a unit test', async () => {
    const locks = new FakeLocks();
    const testing = await Test.createTestingModule({ imports: [AppModule.on(':memory:')] })
      .overrideProvider(LockRegistry)
      .useValue(locks)
      .compile();
    await testing.get(Reports).nightly();
    locks.busy.add('nightly');
    await testing.get(Reports).nightly();
    expect(testing.get(Reports).runs).toEqual(['nightly']);
    expect(locks.calls.map(({ names }) => names)).toEqual([['nightly'], ['nightly']]);
    await testing.close();
  });
});

process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
