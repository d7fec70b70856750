/** What a proxy must know of the protocol on one connection. */
export interface Wire {
  /** The statement, or the name it was prepared under, that a chunk of the client's has carried out; '' where it carries out none. */
  requested(chunk: Buffer): string;
  /** Sees each chunk of the server's. Whether the statement that was carried out is over with it. */
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

const HEADER_LENGTH = 4;
const QUERY = 0x03;
const PREPARE = 0x16;
const EXECUTE = 0x17;
const LAST_PREPARED = 0xffffffff;

/** MySQL's and MariaDB's (https://mariadb.com/kb/en/clientserver-protocol/), where what is carried out was prepared before and has a number. */
export class MyWire implements Wire {
  readonly #texts = new Map<number, string>();
  /** Sent to be prepared, and not yet numbered. */
  readonly #preparing: string[] = [];
  #last = '';

  requested(chunk: Buffer): string {
    return packetsIn(chunk)
      .map((packet) => this.#carriedOut(packet))
      .join('');
  }

  answered(chunk: Buffer): boolean {
    const [first] = packetsIn(chunk);
    const text = this.#preparing.shift();
    // The answer to PREPARE: OK, and the number.
    if (text !== undefined && first?.[0] === 0) this.#texts.set(first.readUInt32LE(1), text);
    return text === undefined;
  }

  #carriedOut(packet: Buffer): string {
    switch (packet[0]) {
      case QUERY:
        return packet.toString('utf8', 1);
      case PREPARE:
        this.#preparing.push((this.#last = packet.toString('utf8', 1)));
        return '';
      case EXECUTE: {
        const number = packet.readUInt32LE(1);
        return number === LAST_PREPARED ? this.#last : (this.#texts.get(number) ?? '');
      }
      default:
        return '';
    }
  }
}

/** What is in the packets of a chunk; one that is cut off at its end is as long as it is here. */
function packetsIn(chunk: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at + HEADER_LENGTH < chunk.length;) {
    const end = at + HEADER_LENGTH + chunk.readUIntLE(at, 3);
    packets.push(chunk.subarray(at + HEADER_LENGTH, end));
    at = end;
  }
  return packets;
}
