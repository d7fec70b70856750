import * as locks from 'sequelize-distributed-lock';
import * as testing from 'sequelize-distributed-lock/testing';
import use from './use.cjs';

await use(locks);
if (Object.keys(testing).length === 0) throw new Error('the subpath is empty');
