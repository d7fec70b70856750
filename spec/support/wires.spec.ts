import { expect } from 'chai';
import { MyWire } from './wires.js';

const packet = (sequence: number, ...body: (number | string)[]) => {
  const bytes = Buffer.concat(body.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));
  const header = Buffer.alloc(4, sequence);
  header.writeUIntLE(bytes.length, 0, 3);
  return Buffer.concat([header, bytes]);
};
const prepare = (text: string) => packet(0, 0x16, text);
const execute = (number: number) => packet(0, 0x17, number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff, (number >> 24) & 0xff);
const prepared = (number: number) => packet(1, 0, number, 0, 0, 0, 0, 0, 0, 0);
const done = packet(1, 0, 0, 0);

describe('The protocol of MySQL and MariaDB, as a proxy reads it', () => {
  let wire: MyWire;

  beforeEach(() => (wire = new MyWire()));

  it('knows what is carried out by the number that its text was given', () => {
    expect([wire.requested(prepare('SELECT 1')), wire.answered(prepared(7))]).to.deep.equal(['', false]);
    expect([wire.requested(execute(7)), wire.answered(done)]).to.deep.equal(['SELECT 1', true]);
  });

  it('knows what is carried out together with its text', () => {
    expect(wire.requested(Buffer.concat([prepare('SELECT 1'), execute(-1)]))).to.equal('SELECT 1');
    expect(wire.answered(Buffer.concat([prepared(7), done]))).to.equal(true);
    expect(wire.requested(execute(7))).to.equal('SELECT 1');
  });

  it('gives each text its own number, however answers are cut into chunks', () => {
    const texts = ['SELECT 1', 'SELECT 2', 'SELECT 3'];
    for (const text of texts) wire.requested(prepare(text));
    const answers = Buffer.concat([prepared(1), packet(2, 'a column'), prepared(2), prepared(3)]);
    for (const byte of answers) expect(wire.answered(Buffer.from([byte]))).to.equal(false);
    expect([1, 2, 3].map((number) => wire.requested(execute(number)))).to.deep.equal(texts);
  });

  it('takes no greeting for a command, and no command without an answer for one with', () => {
    expect(wire.requested(packet(1, 0x03, 'greetings'))).to.equal('');
    expect(wire.answered(packet(2, 0, 0))).to.equal(false);
    wire.requested(packet(0, 0x19, 1, 0, 0, 0));
    expect(wire.requested(packet(0, 0x03, 'SELECT 1'))).to.equal('SELECT 1');
    expect(wire.answered(done)).to.equal(true);
  });
});
