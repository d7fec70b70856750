/** What a proxy must know of the protocol on one connection. */
export interface Wire {
  /** The statement, or the name it was prepared under, that is carried out with this chunk of the client's; '' where none is. */
  requested(chunk: Buffer): string;
  /** Sees each chunk of the server's. Whether a statement has been carried out when it comes. */
  answered(chunk: Buffer): boolean;
}

/** ReadyForQuery, idle: the statement's transaction is over. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** PostgreSQL's (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
export class PostgresWire implements Wire {
  requested(chunk: Buffer): string {
    return chunk.toString('latin1');
  }

  answered(chunk: Buffer): boolean {
    return chunk.subarray(-READY.length).equals(READY);
  }
}

const QUERY = 0x03;
const PREPARE = 0x16;
const EXECUTE = 0x17;
/** QUIT, STMT_SEND_LONG_DATA, STMT_CLOSE. */
const UNANSWERED: readonly (number | undefined)[] = [0x01, 0x18, 0x19];
const LAST_PREPARED = 0xffffffff;

/** What a client has sent and waits for. */
interface Command {
  readonly prepares?: string;
  readonly carriesOut?: boolean;
}

/** MySQL's and MariaDB's (https://mariadb.com/kb/en/clientserver-protocol/), where what is carried out was prepared before and has a number. */
export class MyWire implements Wire {
  readonly #texts = new Map<number, string>();
  readonly #sent: Command[] = [];
  readonly #requests = new Packets();
  readonly #answers = new Packets();
  #last = '';

  requested(chunk: Buffer): string {
    // A command begins to count anew; what goes on counting is the exchange of greetings.
    const commands = this.#requests.next(chunk).filter(({ sequence }) => sequence === 0);
    return commands.map(({ body }) => this.#command(body)).join('');
  }

  answered(chunk: Buffer): boolean {
    // An answer goes on counting where its command ended, which took one packet.
    const first = this.#answers.next(chunk).filter(({ sequence }) => sequence === 1);
    return first.map(({ body }) => this.#answer(body)).includes(true);
  }

  #command(body: Buffer): string {
    switch (body[0]) {
      case QUERY:
        this.#sent.push({ carriesOut: true });
        return body.toString('utf8', 1);
      case PREPARE:
        this.#last = body.toString('utf8', 1);
        this.#sent.push({ prepares: this.#last });
        return '';
      case EXECUTE: {
        this.#sent.push({ carriesOut: true });
        const number = body.readUInt32LE(1);
        return number === LAST_PREPARED ? this.#last : (this.#texts.get(number) ?? '');
      }
      default:
        if (!UNANSWERED.includes(body[0])) this.#sent.push({});
        return '';
    }
  }

  #answer(body: Buffer): boolean {
    const { prepares, carriesOut = false } = this.#sent.shift() ?? {};
    // OK, and the number.
    if (prepares !== undefined && body[0] === 0) this.#texts.set(body.readUInt32LE(1), prepares);
    return carriesOut;
  }
}

interface Packet {
  readonly sequence: number;
  readonly body: Buffer;
}

const HEADER_LENGTH = 4;

/** The packets of one direction, however they are cut into chunks. */
class Packets {
  #rest = Buffer.alloc(0);

  /** Those that are whole with this chunk. */
  next(chunk: Buffer): Packet[] {
    const packets: Packet[] = [];
    let bytes = Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER_LENGTH) {
      const end = HEADER_LENGTH + bytes.readUIntLE(0, 3);
      if (bytes.length < end) break;
      packets.push({ sequence: bytes.readUInt8(3), body: bytes.subarray(HEADER_LENGTH, end) });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return packets;
  }
}
