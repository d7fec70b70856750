import { expect } from 'chai';

/** What `promise` rejects with, where it must. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const [outcome] = await Promise.allSettled([promise]);
  if (outcome.status === 'fulfilled') throw new Error(`It resolved, with ${String(outcome.value)}.`);
  return outcome.reason;
}

/** The same, which must be an error of this class. */
export async function failureOf<E>(promise: Promise<unknown>, kind: new (...args: never[]) => E): Promise<E> {
  const error = await rejection(promise);
  expect(error).to.be.instanceOf(kind);
  return error as E;
}

/** How a promise ended so far, to be asked at any time. */
export function watched(promise: Promise<unknown>): { readonly status: () => 'pending' | 'fulfilled' | 'rejected' } {
  let status: 'pending' | 'fulfilled' | 'rejected' = 'pending';
  promise.then(
    () => (status = 'fulfilled'),
    () => (status = 'rejected'),
  );
  return { status: () => status };
}
