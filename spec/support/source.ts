import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** An import in any spelling: `import`, `export from`, `import()` as a call or as a type, `require()`. */
export interface Import {
  /** A file below the root, or a package's name. */
  readonly target: string;
  readonly typeOnly: boolean;
}

/** One TypeScript file, read as a syntax tree. */
export interface Source {
  /** Its path below the root, with slashes. */
  readonly file: string;
  readonly imports: readonly Import[];
  /** The globals it uses: `setTimeout`, `Math.random`, and `new Date` where it means now. */
  readonly globals: ReadonlySet<string>;
  /** Its string literals. */
  readonly texts: ReadonlySet<string>;
}

/** Reads every TypeScript file below `root`. */
export function readSources(root: string): Source[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => read(file, readFileSync(`${root}/${file}`, 'utf8')));
}

function read(file: string, text: string): Source {
  const source = { file, imports: [] as Import[], globals: new Set<string>(), texts: new Set<string>() };
  const visit = (node: ts.Node): void => {
    const found = importIn(node);
    if (found) source.imports.push({ ...found, target: resolve(file, found.target) });
    const used = globalIn(node);
    if (used !== undefined) source.globals.add(used);
    if (ts.isStringLiteralLike(node)) source.texts.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return source;
}

function importIn(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node))
    return { target: textOf(node.moduleSpecifier), typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword };
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) return { target: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly };
  if (ts.isExternalModuleReference(node)) return { target: textOf(node.expression), typeOnly: false };
  if (ts.isImportTypeNode(node))
    return { target: textOf(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument), typeOnly: true };
  if (!ts.isCallExpression(node)) return undefined;
  const isImport =
    node.expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(node.expression) && node.expression.text === 'require');
  return isImport ? { target: textOf(node.arguments[0]), typeOnly: false } : undefined;
}

function globalIn(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node)) return undefined;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    if (parent.name === node) return undefined;
    if (node.text === 'globalThis') return parent.name.text;
    if (['Math', 'Date', 'AbortSignal'].includes(node.text)) return `${node.text}.${parent.name.text}`;
  }
  if (node.text === 'Date') return tellsNow(parent) ? 'new Date' : undefined;
  const declares = 'name' in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent);
  return declares ? undefined : node.text;
}

/** False where `Date` is a type, or converts a time that came from elsewhere. */
function tellsNow(use: ts.Node): boolean {
  return ts.isCallExpression(use) || (ts.isNewExpression(use) && (use.arguments ?? []).length === 0);
}

function resolve(file: string, target: string): string {
  return target.startsWith('.') ? posix.join(posix.dirname(file), target).replace(/\.js$/, '.ts') : target;
}

function textOf(node: ts.Node | undefined): string {
  return node && ts.isStringLiteralLike(node) ? node.text : `(computed) ${node?.getText() ?? ''}`;
}
