import { createHash } from 'node:crypto';

const names = new Map<string, string>();

/**
 * The name under which a statement is prepared: one for each text. Behind a transaction pooler a client may reach the server on which another
 * application, or another version of this library, has prepared its own; under a name of both it would run that one, on the other's table.
 */
export function preparedName(id: string, text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `${id}_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    names.set(text, name);
  }
  return name;
}
