'use strict';
const use = require('./use.cjs');
const { Locked } = require('sequelize-distributed-lock');
const testing = require('sequelize-distributed-lock/testing');

void (async () => {
  await use(require('sequelize-distributed-lock'));
  if (typeof Locked !== 'function' || Object.keys(testing).length === 0) throw new Error('something is missing');
})();
