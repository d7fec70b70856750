import * as locks from 'sequelize-distributed-lock';
import * as nodeCron from 'sequelize-distributed-lock/node-cron';
import { instrumentLocks } from 'sequelize-distributed-lock/opentelemetry';
import * as testing from 'sequelize-distributed-lock/testing';
import * as umzug from 'sequelize-distributed-lock/umzug';
import use from './use.cjs';

const telemetry = instrumentLocks();
await use(locks);
telemetry.stop();
for (const subpath of [nodeCron, testing, umzug]) if (Object.keys(subpath).length === 0) throw new Error('a subpath is empty');
