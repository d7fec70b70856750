/**
 * The line of waiters in a row: owner ids one after the other, each followed by a comma, so that every server can take the head off
 * and cut one out with the plainest of its string functions.
 */
export const OWNER_ID_LENGTH = 32;

/** An id and its comma. */
export const PLACE_LENGTH = OWNER_ID_LENGTH + 1;

/** More than so many in line poll instead of standing. */
export const MOST_IN_LINE = 64;

/** A line lives as long as somebody in it waits, and at most so long after the last join: dead waiters must not block `'skip'` callers for good. */
export const LONGEST_LINE_MS = 5 * 60_000;

/** How many ids stand in front of `owner`, which is in it. */
export const placesBefore = (line: string, owner: string) => Math.max(0, line.indexOf(owner)) / PLACE_LENGTH;

/** How many ids a line has. */
export const placesIn = (line: string) => line.length / PLACE_LENGTH;
