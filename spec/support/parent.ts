// The other end of `child.ts`: what a process started by a spec imports.

/** What goes between a spec and its processes, as JSON. */
export type Message = object | string | number | boolean;

/** Sends one message to the spec. */
export function tell(message: Message): Promise<void> {
  return new Promise((resolve, reject) => process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve())));
}

/** The next message from the spec; messages wait until somebody asks. */
export function hear<M extends Message>(): Promise<M> {
  if (heard.length > 0) return Promise.resolve(heard.shift() as M);
  process.channel?.ref();
  return new Promise((resolve) => listeners.push(resolve as (message: Message) => void));
}

const heard: Message[] = [];
const listeners: ((message: Message) => void)[] = [];

process.on('message', (message: Message) => {
  const listener = listeners.shift();
  if (listeners.length === 0) process.channel?.unref();
  if (listener) listener(message);
  else heard.push(message);
});
process.once('disconnect', () => process.exit()); // the spec's process is gone
process.channel?.unref(); // a child with nothing left to do ends by itself
