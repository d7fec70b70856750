import { askKey, ofKind } from '../history/event.js';
import { type Criterion, ms } from './criterion.js';

/** C5, the other half: who says that it holds the lock has the row. Not so until the next renewal where the row was taken away by hand. */
export const ownRow: Criterion = (history) =>
  ofKind(history, 'row')
    .filter(({ ours }) => !ours)
    .map((event) => ({ criterion: 'C5', text: `${askKey(event)} said that it was held and the row was not its own at ${ms(event.at)}` }));
