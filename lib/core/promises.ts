/** What the README promises, and what it does not, in the words that stand there in bold: what a finding may touch. */
export const PROMISES = {
  exclusion: 'One holder at a time.',
  clock: "The database's clock alone decides expiry.",
  failures: 'Busy is never confused with broken.',
  loss: 'You learn of a loss.',
  apart: 'Lock statements stay out of your transactions and of your pool.',
  order: 'First come, first served',
  durability: 'It is only as durable as the database.',
} as const;
