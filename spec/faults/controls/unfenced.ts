import { type Dialect, dialects } from '../../../lib/index.js';

/** The library, but for a fence that lets everybody pass. */
export const unfencedDialect: Dialect = {
  ...dialects.postgres,
  statements: (table) => ({
    ...dialects.postgres.statements(table),
    fence: (fenced) => ({ statement: { id: '', text: 'SELECT 1', values: [] }, read: () => fenced.map(({ owner }) => owner) }),
  }),
};
