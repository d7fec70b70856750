'use strict';
const use = require('./use.cjs');
const { Locked } = require('sequelize-distributed-lock');
const subpaths = ['node-cron', 'testing', 'umzug'].map((subpath) => require(`sequelize-distributed-lock/${subpath}`));
const { instrumentLocks } = require('sequelize-distributed-lock/opentelemetry');

void (async () => {
  const telemetry = instrumentLocks();
  await use(require('sequelize-distributed-lock'));
  telemetry.stop();
  if (typeof Locked !== 'function' || subpaths.some((subpath) => Object.keys(subpath).length === 0))
    throw new Error('something is missing');
})();
