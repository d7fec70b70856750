import type { DynamicModule, INestApplication, INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SequelizeModule, type SequelizeModuleOptions } from '@nestjs/sequelize';
import type { TestDatabase } from '../../support/databases.js';

const open: INestApplicationContext[] = [];
// Nest declares its options as classes, and takes literals.
const quiet = { logger: false, abortOnError: false } as never;

/** An application without a server, closed by {@link closeAll}. */
export async function startContext(metadata: ModuleMetadata): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext(moduleOf(metadata), quiet);
  open.push(app);
  return app;
}

/** An application that listens on a free port of this machine, closed by {@link closeAll}. */
export async function startServer(metadata: ModuleMetadata): Promise<INestApplication> {
  const app: INestApplication = await NestFactory.create(moduleOf(metadata), quiet);
  open.push(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((app) => app.close()));
}

/** `@nestjs/sequelize` on this file. */
export function sequelizeOn({ url }: TestDatabase, options: SequelizeModuleOptions = {}): DynamicModule {
  return SequelizeModule.forRoot({ dialect: 'sqlite', storage: url.slice('sqlite:'.length), logging: false, retryAttempts: 1, ...options });
}

/** A module whose class nobody needs to name; one class for all, as two applications of one program have. */
function moduleOf(metadata: ModuleMetadata): DynamicModule {
  return { module: AppModule, ...metadata };
}

class AppModule {}
