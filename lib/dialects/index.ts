export { postgres } from './postgres/index.js';
export { sqlite } from './sqlite/index.js';
