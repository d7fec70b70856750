#!/usr/bin/env node
import { SUPERVISOR } from './supervision.js';

// One program in two roles: as supervisor it loads neither the library nor a driver.
const [, , role, ...rest] = process.argv;
if (role === SUPERVISOR && process.send) (await import('./supervisor.js')).supervise(rest);
else await (await import('./program.js')).run(process.argv.slice(2));
