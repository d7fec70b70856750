/** The longest name, in bytes of UTF-8: its encoded form still fits the index keys of every server. */
export const LONGEST_NAME_BYTES = 1024;

const plain = /^(?!~)[!-~](?:[ -~]*[!-~])?$/;

/**
 * The key under which a name is stored: printable ASCII as it is, anything else as `~` and the base64url of its bytes.
 *
 * The key is ASCII without leading or trailing blanks, so no server's collation, padding or normal form can make one key of two names,
 * and it is injective: {@link decodeName} gives every name back.
 *
 * @throws {TypeError} not a string, or empty
 * @throws {RangeError} longer than {@link LONGEST_NAME_BYTES}
 */
export function encodeName(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError(`A lock's name must be text; got ${name === null ? 'null' : typeof name}.`);
  if (name === '') throw new TypeError("A lock's name must not be empty: a missing id must not turn into no exclusion.");
  const bytes = Buffer.byteLength(name, 'utf8');
  if (bytes > LONGEST_NAME_BYTES) {
    throw new RangeError(`A lock's name may have up to ${LONGEST_NAME_BYTES} bytes of UTF-8; "${name.slice(0, 40)}…" has ${bytes}.`);
  }
  return plain.test(name) ? name : `~${bytesOf(name).toString('base64url')}`;
}

/** The name that {@link encodeName} made `key` of. */
export function decodeName(key: string): string {
  return key.startsWith('~') ? textOf(Buffer.from(key.slice(1), 'base64url')) : key;
}

// UTF-8 has no bytes for a lone surrogate and Node writes U+FFFD, which would make one key of many names.
// WTF-8 (https://simonsapin.github.io/wtf-8/) gives each surrogate the three bytes that its number would have.
function bytesOf(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name, 'utf8');
  return Buffer.concat([...name].map((char) => (char.isWellFormed() ? Buffer.from(char, 'utf8') : surrogateBytes(char.charCodeAt(0)))));
}

const surrogateBytes = (unit: number) => Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]);

function textOf(bytes: Buffer): string {
  let text = '';
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    // 0xED followed by 0xA0 or more is what UTF-8 never has: a surrogate.
    const second = bytes[at + 1];
    if (bytes[at] !== 0xed || second === undefined || second < 0xa0) continue;
    text += bytes.toString('utf8', start, at) + String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f));
    start = at + 3;
    at += 2;
  }
  return text + bytes.toString('utf8', start);
}
