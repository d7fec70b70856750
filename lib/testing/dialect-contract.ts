import { basics } from './contract/basics.js';
import type { Case } from './contract/contract-case.js';
import { expiry } from './contract/expiry.js';
import { fencing } from './contract/fencing.js';
import { holding } from './contract/holding.js';
import { loss } from './contract/loss.js';
import { names } from './contract/names.js';
import { observing } from './contract/observing.js';
import { parallelism } from './contract/parallelism.js';
import { release } from './contract/release.js';
import { renewal } from './contract/renewal.js';
import { severalNames } from './contract/several-names.js';
import { table } from './contract/table.js';
import { waiting } from './contract/waiting.js';

/** What must hold of every dialect. */
export const dialectContract: readonly Case[] = [
  ...basics,
  ...waiting,
  ...names,
  ...parallelism,
  ...expiry,
  ...renewal,
  ...loss,
  ...release,
  ...holding,
  ...fencing,
  ...table,
  ...severalNames,
  ...observing,
];
