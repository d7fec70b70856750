const required = (process.env.LOCKS_REQUIRE ?? '').split(',').map((name) => name.trim());

/** Whether this machine must have it: `LOCKS_REQUIRE` names it, or `all`. */
export const isRequired = (what: string): boolean => required.includes(what) || required.includes('all');

/**
 * Skips the running spec or suite because `what` is not to be had here, loudly; fails instead where `LOCKS_REQUIRE` names it
 * (a list such as `postgres,sqlite`, or `all`), so that a machine meant to test everything never passes by testing nothing.
 */
export function unavailable(context: Mocha.Context, what: string, why: string): never {
  if (isRequired(what)) throw new Error(`LOCKS_REQUIRE asks for ${what}, but ${why}`);
  console.warn(`\n  !!! SKIPPED, ${what} is missing: ${why}\n`);
  return context.skip();
}
