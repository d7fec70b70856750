'use strict';
const use = require('./use.cjs');
const { Locked } = require('sequelize-distributed-lock');
const subpaths = ['node-cron', 'testing', 'umzug'].map((subpath) => require(`sequelize-distributed-lock/${subpath}`));

void (async () => {
  await use(require('sequelize-distributed-lock'));
  if (typeof Locked !== 'function' || subpaths.some((subpath) => Object.keys(subpath).length === 0))
    throw new Error('something is missing');
})();
