import 'reflect-metadata';
import { Controller, Get, Injectable, Module, Param, Scope, type DynamicModule } from '@nestjs/common';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { SequelizeModule } from '@nestjs/sequelize';
import { currentLease, Locked, LockRegistry } from 'sequelize-distributed-lock';
import { LockModule } from 'sequelize-distributed-lock/nestjs';

// Written as an application writes it: what to inject is told by the types of the parameters.

@Injectable()
export class Reports {
  readonly runs: (string | undefined)[] = [];
  /** What a run waits for. */
  gate: Promise<void> = Promise.resolve();

  @Cron('* * * * * *', { name: 'nightly', waitForCompletion: true })
  @Locked('nightly', { onBusy: 'skip' })
  async nightly(): Promise<void> {
    this.runs.push(currentLease()?.name);
    await this.gate;
  }

  @Locked('all reports')
  static async count(): Promise<string | undefined> {
    return currentLease()?.name;
  }
}

@Injectable({ scope: Scope.REQUEST })
export class RequestLog {
  @Locked('log')
  async write(): Promise<string | undefined> {
    return currentLease()?.name;
  }
}

@Controller('reports')
export class ReportsController {
  constructor(
    private readonly locks: LockRegistry,
    private readonly log: RequestLog,
  ) {}

  @Get(':id')
  @Locked((id: string) => `report:${id}`)
  async read(@Param('id') id: string): Promise<unknown> {
    const inner = await this.locks.run('inner', (lease) => lease.name);
    return { id, under: currentLease()?.name, inner, logged: await this.log.write() };
  }
}

@Module({})
export class AppModule {
  /** The locks first: they must be closed before the connection all the same. */
  static on(storage: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        LockModule.forRoot({ ttl: '10s' }),
        ScheduleModule.forRoot(),
        SequelizeModule.forRoot({ dialect: 'sqlite', storage, logging: false, retryAttempts: 1 }),
      ],
      controllers: [ReportsController],
      providers: [Reports, RequestLog],
    };
  }
}
