const HIDDEN = '***';

/** The form of an address with a password in it, whoever wrote it into a message. */
const WITH_PASSWORD = /([a-z][a-z\d+.-]*:\/\/[^\s:/@]*):\S*@/gi;

/** `text` without the password of `address`, and without that of any other address in it. */
export function withoutPasswords(text: string, address: string | undefined): string {
  const hidden = secretsOf(address).reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text);
  return hidden.replaceAll(WITH_PASSWORD, `$1:${HIDDEN}@`);
}

/** The longest first: one may be a part of another. */
function secretsOf(address: string | undefined): string[] {
  if (address === undefined || !URL.canParse(address)) return [];
  const { password, searchParams } = new URL(address);
  const parameters = [...searchParams].filter(([name]) => /pass|pwd|secret|token/i.test(name)).map(([, value]) => value);
  return [password, decoded(password), ...parameters].filter((secret) => secret !== '').sort((one, other) => other.length - one.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
