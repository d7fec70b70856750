import 'reflect-metadata';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  ConflictException,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Inject,
  Injectable,
  type INestApplication,
  type NestInterceptor,
  Param,
  SetMetadata,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, Reflector } from '@nestjs/core';
import { expect } from 'chai';
import { map, type Observable } from 'rxjs';
import { LockBusyError, LockTimeoutError } from '../../../lib/core/errors.js';
import { currentLease } from '../../../lib/engine/held-context.js';
import { LockModule } from '../../../lib/integrations/nestjs/index.js';
import { LockRegistry } from '../../../lib/lock-registry.js';
import { Locked } from '../../../lib/locked.js';
import { onDatabase } from '../../support/databases.js';
import { closeAll, sequelizeOn, startServer } from './apps.js';

/** Lets in who has the role that the method's metadata ask for, and looks under a lock of its own. */
@Injectable()
class RoleGuard implements CanActivate {
  static lookedUnder: string | undefined;

  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  @Locked('roles')
  async canActivate(context: ExecutionContext): Promise<boolean> {
    RoleGuard.lookedUnder = lockName();
    const role = this.reflector.get<string>('role', context.getHandler());
    return Promise.resolve(context.switchToHttp().getRequest<IncomingMessage>().headers['x-role'] === role);
  }
}

/** As in the guide. */
@Catch(LockBusyError, LockTimeoutError)
class BusyFilter extends BaseExceptionFilter {
  override catch(cause: LockBusyError | LockTimeoutError, host: ArgumentsHost): void {
    super.catch(new ConflictException('This is being worked on. Try again.', { cause }), host);
  }
}

@Injectable()
class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<string>): Observable<string> {
    return next.handle().pipe(map((body) => `<${body}>`));
  }
}

/** What a request waits for. */
class Gate {
  readonly entered: Promise<void>;
  readonly opened: Promise<void>;
  enter = (): void => undefined;
  open = (): void => undefined;

  constructor() {
    this.entered = new Promise((resolve) => (this.enter = resolve));
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}

/** Tells when a shutdown has begun, and the hooks before the servers are closed have run. */
class Farewell {
  begun = (): void => undefined;
  readonly began = new Promise<void>((resolve) => (this.begun = resolve));

  beforeApplicationShutdown(): void {
    this.begun();
  }
}

const lockName = () => currentLease()?.name ?? 'no lock';

@Controller('orders')
class OrdersController {
  constructor(
    @Inject(Gate) private readonly gate: Gate,
    @Inject(LockRegistry) private readonly registry: LockRegistry,
  ) {}

  @Locked((id: string) => `order:${id}`)
  @Get('above/:id')
  @Header('x-kept', 'yes')
  @SetMetadata('role', 'clerk')
  @UseGuards(RoleGuard)
  @UseInterceptors(Wrapping)
  async lockedAbove(@Param('id') id: string): Promise<string> {
    return Promise.resolve(`${id} under ${lockName()}`);
  }

  @Get('below/:id')
  @Header('x-kept', 'yes')
  @SetMetadata('role', 'clerk')
  @UseGuards(RoleGuard)
  @UseInterceptors(Wrapping)
  @Locked((id: string) => `order:${id}`)
  async lockedBelow(@Param('id') id: string): Promise<string> {
    return Promise.resolve(`${id} under ${lockName()}`);
  }

  @Get('busy')
  @Locked('held elsewhere', { onBusy: 'fail' })
  async busy(): Promise<string> {
    return Promise.resolve('not reached');
  }

  @Get('slow')
  @Locked('slow')
  async slow(): Promise<string> {
    this.gate.enter();
    await this.gate.opened;
    const second = await this.registry.run('another', lockName);
    return `held ${lockName()}, then took ${second}`;
  }
}

onDatabase('sqlite', 'A Nest controller with @Locked', (database) => {
  let app: INestApplication;

  beforeEach(async () => {
    app = await startServer({
      imports: [sequelizeOn(database()), LockModule.forRoot()],
      controllers: [OrdersController],
      providers: [Gate, Farewell, { provide: APP_FILTER, useClass: BusyFilter }],
    });
  });
  afterEach(closeAll);

  for (const place of ['above', 'below']) {
    describe(`${place} the other decorators`, () => {
      it('runs under the lock that its parameters tell, with headers and interceptors applied', async () => {
        const { status, headers, body } = await get(app, `/orders/${place}/7`, { 'x-role': 'clerk' });
        expect([status, headers['x-kept'], body]).to.deep.equal([200, 'yes', '<7 under order:7>']);
      });

      it('leaves its guard a lock too', async () => {
        RoleGuard.lookedUnder = undefined;
        await get(app, `/orders/${place}/7`, { 'x-role': 'clerk' });
        expect(RoleGuard.lookedUnder).to.equal('roles');
      });

      it('keeps out whom its guard keeps out, by the metadata of the method', async () => {
        expect((await get(app, `/orders/${place}/7`, { 'x-role': 'thief' })).status).to.equal(403);
      });
    });
  }

  it('has its lock errors answered by a filter', async () => {
    const lease = await app.get(LockRegistry).acquire('held elsewhere');
    const { status, body } = await get(app, '/orders/busy');
    expect([status, body]).to.deep.equal([409, '{"message":"This is being worked on. Try again.","error":"Conflict","statusCode":409}']);
    await lease.release();
  });

  it('lets a request in flight end with its lock, and take another, while the application shuts down', async () => {
    const gate = app.get(Gate);
    const answered = get(app, '/orders/slow');
    await gate.entered;
    const closed = app.close();
    await app.get(Farewell).began;
    gate.open();
    expect((await answered).body).to.equal('held slow, then took another');
    await closed;
    const after = new LockRegistry(database().newSequelize());
    expect(await after.list()).to.deep.equal([]);
    await after.close();
  });
});

/** On a connection that ends with the answer. */
async function get(app: INestApplication, path: string, headers: Record<string, string> = {}) {
  const request = http.get(`${await app.getUrl()}${path}`, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks = (await response.toArray()) as Buffer[];
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}
