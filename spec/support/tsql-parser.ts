import { antlr4tsSQL, SQLDialect, type Token } from 'antlr4ts-sql';

/** What is wrong with a T-SQL batch by a grammar, one line each; names and types it does not know. */
export function tsqlErrors(sql: string): string[] {
  const errors: string[] = [];
  const listener = {
    syntaxError: (_recognizer: unknown, _token: Token | number | undefined, line: number, column: number, message: string) =>
      void errors.push(`${line}:${column} ${message.slice(0, 100)}`),
  };
  // The grammar knows keywords in capitals only.
  const parser = new antlr4tsSQL(SQLDialect.TSQL).getParserFromSQL(sql.toUpperCase()) as unknown as TsqlParser;
  for (const part of [parser, parser.inputStream.tokenSource]) {
    part.removeErrorListeners();
    part.addErrorListener(listener);
  }
  parser.tsql_file();
  return errors;
}

/** What its types do not show. */
interface TsqlParser extends Reporting {
  readonly inputStream: { readonly tokenSource: Reporting };
  tsql_file(): unknown;
}

interface Reporting {
  removeErrorListeners(): void;
  addErrorListener(listener: object): void;
}
