export { mariadb } from './mariadb/index.js';
export { mssql } from './mssql/index.js';
export { mysql } from './mysql/index.js';
export { postgres } from './postgres/index.js';
export { sqlite } from './sqlite/index.js';
