import * as locks from 'sequelize-distributed-lock';
import { instrumentLocks } from 'sequelize-distributed-lock/opentelemetry';
import * as testing from 'sequelize-distributed-lock/testing';
import use from './use.cjs';

const telemetry = instrumentLocks();
await use(locks);
telemetry.stop();
if (Object.keys(testing).length === 0) throw new Error('the subpath is empty');
