/** A signal that aborts with the first of these, and that holds on to none of them once it is collected. */
export const firstOf = (signals: readonly AbortSignal[]): AbortSignal => AbortSignal.any([...signals]);
