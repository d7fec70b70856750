/** The part of a driver's client that matters here. */
interface Emitter {
  on(event: 'error', listener: () => void): unknown;
}

type ClientClass = new (...args: never[]) => Emitter;

/**
 * The same class, whose clients have a listener for errors from the first moment. One that is added after the connection was awaited comes a
 * turn too late for an error that the server sends along with its "ready", as it does when it is shutting down: nobody listens, and the
 * process ends.
 */
export function listeningFromTheStart<C extends ClientClass>(Client: C): C {
  const Listening = class extends (Client as unknown as new (...args: unknown[]) => Emitter) {
    constructor(...args: unknown[]) {
      super(...args);
      this.on('error', () => undefined);
    }
  };
  // A subclass with the same constructor.
  return Listening as unknown as C;
}
