'use strict';
const use = require('./use.cjs');
const locks = require('sequelize-distributed-lock');

test('Jest requires the package', () => use(locks));
