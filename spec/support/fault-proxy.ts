import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresWire, type Wire } from './wires.js';

/** `black-hole`: nothing gets through in either direction, and nobody is told; what was sent meanwhile arrives when it is over. */
type Mode = 'pass' | 'black-hole';
type Direction = 'to the server' | 'to the client';

/** `request`: reset before it gets through. `answer`: reset, or silent for ever, after it was carried out. */
export type Fate = 'reset request' | 'reset answer' | 'swallow answer';

/** What happens to one statement, once. */
interface Trap {
  readonly marks: readonly string[];
  readonly fate: Fate;
  readonly sprung: () => void;
}

/** A TCP proxy that fails on demand, between one client and its server. */
export class FaultProxy {
  #mode: Mode = 'pass';
  #refusing = false;
  readonly #delayMs = { 'to the server': 0, 'to the client': 0 };
  readonly #links = new Set<Link>();
  readonly #traps = new Set<Trap>();

  private constructor(
    private readonly server: Server,
    private targetPort: number,
    private readonly newWire: () => Wire,
  ) {
    server.on('connection', (client) => this.#accept(client));
  }

  static async open(targetPort: number, newWire: () => Wire = () => new PostgresWire()): Promise<FaultProxy> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, targetPort, newWire);
  }

  get port(): number {
    // A server that listens on TCP has such an address.
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends every fault: what was held back flows, and new connections are taken. */
  heal(): void {
    this.#mode = 'pass';
    this.#refusing = false;
    this.delay('to the server', 0);
    this.delay('to the client', 0);
    this.#traps.clear();
    for (const link of this.#links) link.flush();
  }

  blackHole(): void {
    this.#mode = 'black-hole';
  }

  /** Resets all connections, and every new one at once. */
  refuse(): void {
    this.#refusing = true;
    this.reset();
  }

  /** Resets all connections; new ones go to another server. */
  redirect(port: number): void {
    this.targetPort = port;
    this.reset();
  }

  /** Resets all connections (RST); returns how many there were. */
  reset(): number {
    const links = [...this.#links];
    for (const link of links) link.reset();
    return links.length;
  }

  /** The clients are cut off and the server is not told: it keeps their sessions. Returns how many. */
  halfOpen(): number {
    const links = [...this.#links];
    for (const link of links) reset(link.client);
    return links.length;
  }

  delay(direction: Direction, ms: number): void {
    this.#delayMs[direction] = ms;
  }

  /** Resolves when the next statement that carries one of these marks has had its fate. */
  trap(fate: Fate, ...marks: readonly string[]): Promise<void> {
    return new Promise((sprung) => this.#traps.add({ fate, sprung, marks }));
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.end();
    this.server.close();
    await once(this.server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#refusing) return reset(client);
    const link = new Link(client, connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true }), this.newWire(), () => this.#mode);
    this.#links.add(link);
    link.client.once('close', () => this.#links.delete(link));
    link.client.on('data', (chunk: Buffer) => this.#request(link, chunk));
    link.server.on('data', (chunk: Buffer) => this.#answer(link, chunk));
  }

  #request(link: Link, chunk: Buffer): void {
    const requested = link.wire.requested(chunk);
    const trap = link.doom ? undefined : [...this.#traps].find(({ marks }) => marks.some((mark) => requested.includes(mark)));
    if (trap) this.#traps.delete(trap);
    if (trap?.fate === 'reset request') {
      link.reset();
      return trap.sprung();
    }
    link.doom ??= trap;
    link.later('to the server', this.#delayMs['to the server'], () => link.send(link.server, chunk));
  }

  /** The first part of an answer is there only after the statement was carried out: everything here is one autocommit statement. */
  #answer(link: Link, chunk: Buffer): void {
    const { doom } = link;
    const isOver = link.wire.answered(chunk);
    if (!doom) return link.later('to the client', this.#delayMs['to the client'], () => link.send(link.client, chunk));
    if (!isOver) return;
    if (doom.fate === 'reset answer') link.reset();
    doom.sprung();
  }
}

/**
 * Ends a connection by RST. One that is saying goodbye just then is dropped: Node fails to reset it (EINVAL), keeps it open for good, and on the
 * way out waits for it without end, at full speed.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** One client's connection and the one to the server. */
class Link {
  /** Set where the answer that comes next does not get through. */
  doom: Trap | undefined;
  readonly #kept: (() => void)[] = [];
  readonly #late = { 'to the server': 0, 'to the client': 0 };
  readonly #last = { 'to the server': Promise.resolve(), 'to the client': Promise.resolve() };

  constructor(
    readonly client: Socket,
    readonly server: Socket,
    readonly wire: Wire,
    private readonly mode: () => Mode,
  ) {
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.once('close', () => this.#deliver(() => server.end()));
    server.once('close', () => this.#deliver(() => reset(client)));
  }

  /** After a delay, and after everything that was sent this way before. */
  later(direction: Direction, delayMs: number, send: () => void): void {
    if (delayMs === 0 && this.#late[direction] === 0) return send();
    this.#late[direction]++;
    const [before, due] = [this.#last[direction], sleep(delayMs)];
    this.#last[direction] = Promise.all([before, due]).then(() => {
      this.#late[direction]--;
      send();
    });
  }

  send(to: Socket, chunk: Buffer): void {
    this.#deliver(() => !to.destroyed && to.write(chunk));
  }

  flush(): void {
    for (const deliver of this.#kept.splice(0)) deliver();
  }

  reset(): void {
    reset(this.client);
    reset(this.server);
  }

  end(): void {
    this.client.destroy();
    this.server.destroy();
  }

  /** Now, or when the hole is closed. */
  #deliver(deliver: () => void): void {
    if (this.mode() === 'pass') deliver();
    else this.#kept.push(deliver);
  }
}
