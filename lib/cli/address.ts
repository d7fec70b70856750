import { type Dialect, dialects } from '../index.js';
import { EXIT } from './exit-codes.js';
import { CliError } from './failure.js';

/** Where the locks are. */
export interface Address {
  readonly dialect: Dialect;
  /** A server's, as it was given. */
  readonly url: string;
  /** The path, where the database is a file. */
  readonly file: string | undefined;
}

const byScheme: Readonly<Record<string, Dialect>> = { ...dialects, postgresql: dialects.postgres };
const SCHEMES = 'postgres://user:password@host:5432/database, mysql://…, mariadb://…, mssql://… or sqlite:PATH';

/**
 * The address that `--url` or `DATABASE_URL` gives.
 *
 * Never repeats what it was given: a password may be anywhere in it.
 *
 * @throws {CliError} none, or not one of a database that can keep locks
 */
export function readAddress(text: string | undefined): Address {
  if (!text) throw new CliError(EXIT.config.code, `No database is named. Pass --url or set DATABASE_URL: ${SCHEMES}.`);
  const dialect = dialectAt(text);
  if (dialect === dialects.sqlite) return { dialect, url: text, file: fileAt(text) };
  checkServer(text);
  return { dialect, url: text, file: undefined };
}

/**
 * The dialect of an address; of the rest nothing is read.
 *
 * @throws {CliError} none, or of a server that is not known here
 */
export function dialectAt(text: string | undefined): Dialect {
  const [, scheme = ''] = /^([a-z][a-z\d+.-]*):/i.exec(text ?? '') ?? [];
  const name = scheme.toLowerCase();
  const dialect = Object.hasOwn(byScheme, name) ? byScheme[name] : undefined;
  if (!dialect)
    throw new CliError(EXIT.config.code, `The address names no database that keeps locks. Pass --url or set DATABASE_URL: ${SCHEMES}.`);
  return dialect;
}

/** `sqlite:locks.db`, `sqlite://locks.db`, `sqlite:/var/locks.db` and `sqlite:///var/locks.db`. */
function fileAt(text: string): string {
  const path = text.replace(/^[^:]+:(\/\/)?/, '');
  if (path === '' || path.includes(':memory:'))
    throw new CliError(EXIT.config.code, 'A database in memory is shared with nobody. Name a file: sqlite:locks.db.');
  return path;
}

/** What stands unescaped in a password ends it early, and the rest would be taken for a host, which errors name. */
function checkServer(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.hash !== '' || (url.username === '' && text.includes('@')))
    throw new CliError(
      EXIT.config.code,
      'The address of the database cannot be read. Write it as scheme://user:password@host:port/database, ' +
        'with special characters of the password as %23 and the like.',
    );
}
