// The two builds side by side, as in an application where one dependency imports the package and another one requires it.
import { createRequire } from 'node:module';
import * as modules from 'sequelize-distributed-lock';
import use from './use.cjs';

const require = createRequire(import.meta.url);
const common = require(require.resolve('sequelize-distributed-lock/package.json').replace('package.json', 'dist/index.cjs'));

await use(common);
if (common.LockRegistry === modules.LockRegistry) throw new Error('expected two copies');
if (common.EXECUTION_SKIPPED !== modules.EXECUTION_SKIPPED) throw new Error('the copies do not agree on EXECUTION_SKIPPED');
