import { antlr4tsSQL, SQLDialect, Token } from 'antlr4ts-sql';

/** What is wrong with a T-SQL batch by a grammar, one line each; names and types it does not know. */
export function tsqlErrors(sql: string): string[] {
  // The grammar knows keywords in capitals only.
  return errorsOf(parserOf(SQLDialect.TSQL, sql.toUpperCase()), (parser) => parser.tsql_file?.());
}

/** What is wrong with a statement for MySQL 8.0 by a grammar, one line each; names it does not know. */
export function mysqlErrors(sql: string): string[] {
  const parser = parserOf(SQLDialect.MYSQL, sql);
  parser.serverVersion = parser.inputStream.tokenSource.serverVersion = 80013;
  const errors = errorsOf(parser, () => parser.query?.());
  // The grammar is content with a statement that goes on as it does not know.
  const { type, start, text } = parser.currentToken;
  return type === Token.EOF ? errors : [...errors, `${start}: "${text}" and what follows`];
}

function parserOf(dialect: SQLDialect, sql: string): Parser {
  return new antlr4tsSQL(dialect).getParserFromSQL(sql) as unknown as Parser;
}

function errorsOf(parser: Parser, parse: (parser: Parser) => unknown): string[] {
  const errors: string[] = [];
  const listener = {
    syntaxError: (_recognizer: unknown, _token: Token | number | undefined, line: number, column: number, message: string) =>
      void errors.push(`${line}:${column} ${message.slice(0, 100)}`),
  };
  for (const part of [parser, parser.inputStream.tokenSource]) {
    part.removeErrorListeners();
    part.addErrorListener(listener);
  }
  parse(parser);
  return errors;
}

/** What its types do not show; each grammar has an entry of its own. */
interface Parser extends Reporting {
  tsql_file?(): unknown;
  query?(): unknown;
  serverVersion?: number;
  readonly inputStream: { readonly tokenSource: Reporting & { serverVersion: number } };
  readonly currentToken: { readonly start: number; readonly type: number; readonly text: string };
}

interface Reporting {
  removeErrorListeners(): void;
  addErrorListener(listener: object): void;
}
