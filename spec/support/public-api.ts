import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { programOf } from './compiler.js';

/** Something that the package exports, or a method of such a class. */
export interface PublicThing {
  /** `LockRegistry.run` for a method, `new LockRegistry` for a constructor. */
  readonly name: string;
  /** It has a doc comment, of its own or of the interface that it fulfils. */
  readonly described: boolean;
  /** That says `@throws`. */
  readonly warns: boolean;
  /** It throws by itself, or calls something that says `@throws`. */
  readonly mayThrow: boolean;
}

/** All that an entry point of the package exports, types included, by its path below `lib`. */
export function publicThings(entry: string): PublicThing[] {
  const path = fileURLToPath(new URL(`../../lib/${entry}`, import.meta.url));
  const program = programOf([path]);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${entry} exports nothing.`);
  return checker.getExportsOfModule(module).flatMap((symbol) => new Exported(checker, symbol).things());
}

class Exported {
  readonly #checker: ts.TypeChecker;
  readonly #name: string;
  readonly #symbol: ts.Symbol;

  constructor(checker: ts.TypeChecker, symbol: ts.Symbol) {
    this.#checker = checker;
    this.#name = symbol.name;
    this.#symbol = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  things(): PublicThing[] {
    const declaration = this.#symbol.declarations?.[0];
    if (!declaration || ts.isSourceFile(declaration)) return []; // a namespace: its file is checked by itself
    const methods = ts.isClassDeclaration(declaration) ? declaration.members.filter(isPublicMethod) : [];
    return [
      this.#thing(this.#name, this.#symbol, declaration),
      ...methods.map((method) => this.#thing(`${this.#name}.${method.name.getText()}`, this.#symbolOf(method), method)),
      ...(ts.isClassDeclaration(declaration) ? declaration.members.filter(ts.isConstructorDeclaration) : []).map((maker) => ({
        ...this.#thing(`new ${this.#name}`, this.#symbol, maker),
        warns: hasThrows(ts.getJSDocTags(maker)),
      })),
    ];
  }

  #symbolOf({ name }: PublicMethod): ts.Symbol {
    const symbol = this.#checker.getSymbolAtLocation(name);
    if (!symbol) throw new Error(`${this.#name}.${name.getText()} is nothing.`);
    return symbol;
  }

  #thing(name: string, symbol: ts.Symbol, declaration: ts.Node): PublicThing {
    const tags = symbol.getJsDocTags(this.#checker);
    return {
      name,
      described: tags.length > 0 || symbol.getDocumentationComment(this.#checker).length > 0,
      warns: tags.some((tag) => tag.name === 'throws'),
      mayThrow: this.#mayThrow(bodyOf(declaration)),
    };
  }

  /** What the functions inside it do when they are called is their own matter. */
  #mayThrow(node: ts.Node | undefined): boolean {
    if (!node || ts.isFunctionLike(node)) return false;
    if (ts.isThrowStatement(node) || this.#callsWhatThrows(node)) return true;
    if (ts.isTryStatement(node)) return this.#mayThrow(node.catchClause ?? node.tryBlock);
    return ts.forEachChild(node, (child) => this.#mayThrow(child) || undefined) ?? false;
  }

  #callsWhatThrows(node: ts.Node): boolean {
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
    const called = this.#checker.getResolvedSignature(node)?.declaration;
    return called !== undefined && !called.getSourceFile().isDeclarationFile && hasThrows(ts.getJSDocTags(called));
  }
}

type PublicMethod = (ts.MethodDeclaration | ts.AccessorDeclaration) & { readonly name: ts.Identifier };

const isPublicMethod = (member: ts.ClassElement): member is PublicMethod =>
  (ts.isMethodDeclaration(member) || ts.isAccessor(member)) && ts.isIdentifier(member.name);

const hasThrows = (tags: readonly ts.JSDocTag[]) => tags.some(({ tagName }) => tagName.text === 'throws');

function bodyOf(declaration: ts.Node): ts.Node | undefined {
  if (ts.isVariableDeclaration(declaration)) return declaration.initializer && bodyOf(declaration.initializer);
  return ts.isFunctionLike(declaration) && 'body' in declaration ? declaration.body : undefined;
}
