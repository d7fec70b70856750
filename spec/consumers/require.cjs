'use strict';
const use = require('./use.cjs');
const { Locked } = require('sequelize-distributed-lock');
const { instrumentLocks } = require('sequelize-distributed-lock/opentelemetry');
const testing = require('sequelize-distributed-lock/testing');

void (async () => {
  const telemetry = instrumentLocks();
  await use(require('sequelize-distributed-lock'));
  telemetry.stop();
  if (typeof Locked !== 'function' || Object.keys(testing).length === 0) throw new Error('something is missing');
})();
