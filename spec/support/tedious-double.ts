import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers';
import type { Row } from '../../lib/contracts/session.js';

export interface SentBatch {
  readonly sql: string;
  readonly parameters: readonly Parameter[];
  readonly timeoutMs: number | undefined;
  readonly connection: TediousConnectionDouble;
}

export interface Parameter {
  readonly name: string;
  readonly type: unknown;
  readonly value: unknown;
  readonly length: number | undefined;
}

/** What a batch is answered with; an error fails it, and `'lost'` ends its connection without an answer. */
export type Answer = readonly Row[] | Error | 'lost';

const NO_STATE = { name: 'LoggedIn' };

/** The driver `tedious` without a server, for Sequelize's `dialectModule`: notes what it is sent, and answers what a spec says. */
export class TediousDouble {
  readonly sent: SentBatch[] = [];
  readonly connections: TediousConnectionDouble[] = [];
  answer: (batch: SentBatch) => Answer = () => [];
  /** For `dialectModule`. */
  readonly module: object;

  constructor() {
    const connected = (connection: TediousConnectionDouble) => void this.connections.push(connection);
    const run = (batch: SentBatch): Answer => {
      this.sent.push(batch);
      return this.answer(batch);
    };
    this.module = {
      Connection: class extends TediousConnectionDouble {
        constructor() {
          super(run);
          connected(this);
        }
      },
      Request: TediousRequestDouble,
      TYPES: { NVarChar: 'NVarChar', BigInt: 'BigInt', Int: 'Int' },
      ISOLATION_LEVEL: {},
    };
  }
}

export class TediousConnectionDouble extends EventEmitter {
  readonly STATE = { INITIALIZED: 'INITIALIZED' };
  readonly state = NO_STATE;
  /** What was asked of its transaction manager. */
  readonly transactions: string[] = [];
  closed = false;
  keepsAlive = true;
  readonly socket = { ref: () => void (this.keepsAlive = true), unref: () => void (this.keepsAlive = false) };

  constructor(private readonly run: (batch: SentBatch) => Answer) {
    super();
    setImmediate(() => this.emit('connect'));
  }

  execSql(request: TediousRequestDouble): void {
    const { sql, parameters, timeoutMs } = request;
    const answer = this.run({ sql, parameters, timeoutMs, connection: this });
    setImmediate(() => {
      if (answer === 'lost') {
        this.close();
        request.done(Object.assign(new Error('Connection closed before request completed.'), { code: 'ECLOSE' }));
      } else if (answer instanceof Error) {
        request.done(answer);
      } else {
        for (const row of answer) request.emit('row', columnsOf(row));
        request.done(null, answer.length);
      }
    });
  }

  beginTransaction(done: () => void): void {
    this.#manage('begin', done);
  }

  commitTransaction(done: () => void): void {
    this.#manage('commit', done);
  }

  rollbackTransaction(done: () => void): void {
    this.#manage('rollback', done);
  }

  close(): void {
    this.closed = true;
    setImmediate(() => this.emit('end'));
  }

  #manage(what: string, done: () => void): void {
    this.transactions.push(what);
    setImmediate(done);
  }
}

class TediousRequestDouble extends EventEmitter {
  readonly parameters: Parameter[] = [];
  timeoutMs: number | undefined;

  constructor(
    readonly sql: string,
    readonly done: (error: Error | null, rowCount?: number) => void,
  ) {
    super();
  }

  addParameter(name: string, type: unknown, value: unknown, options: { readonly length?: number } = {}): void {
    this.parameters.push({ name, type, value, length: options.length });
  }

  setTimeout(ms: number): void {
    this.timeoutMs = ms;
  }
}

const columnsOf = (row: Row) => Object.entries(row).map(([colName, value]) => ({ value, metadata: { colName, type: { id: 0 } } }));
