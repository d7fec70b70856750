import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { SequelizeModule } from '@nestjs/sequelize';
import { currentLease, Locked } from '../../../lib/index.js';
import { LockModule } from '../../../lib/integrations/nestjs/index.js';
import { hear, tell } from '../../support/parent.js';

// A service with one job a second, which works until the spec tells it to finish.
const [url = ''] = process.argv.slice(2);

class Jobs {
  @Cron('* * * * * *')
  @Locked('tick', { onBusy: 'skip' })
  async tick(): Promise<void> {
    await tell({ working: currentLease()?.fencingToken ?? NaN });
    await hear();
    await tell('finished');
  }

  async beforeApplicationShutdown(): Promise<void> {
    await tell('closing');
  }
}

const database = url.startsWith('sqlite:') ? { dialect: 'sqlite' as const, storage: url.slice('sqlite:'.length) } : { uri: url };

@Module({
  imports: [
    LockModule.forRoot({ ttl: '5m' }),
    ScheduleModule.forRoot(),
    SequelizeModule.forRoot({ ...database, logging: false, retryAttempts: 1 }),
  ],
  providers: [Jobs],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false } as never);
app.enableShutdownHooks();
