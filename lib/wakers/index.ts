export { notifications } from './notifications.js';
export { pollingOnly } from './polling-only.js';
