import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { programOf } from './compiler.js';

/** Something that the package exports, or a public member of such a class or interface. */
export interface PublicThing {
  /** `LockRegistry.run` for a member. */
  readonly name: string;
  /** It has a doc comment with text. */
  readonly described: boolean;
  /** It says `@throws`. */
  readonly warns: boolean;
  /** It throws by itself, or calls something that says `@throws`. */
  readonly mayThrow: boolean;
}

/** All that an entry point of the package exports, types included, by its path below `lib`. */
export function publicThings(entry: string): PublicThing[] {
  const path = fileURLToPath(new URL(`../../lib/${entry}`, import.meta.url));
  const program = programOf([path]);
  const source = program.getSourceFile(path);
  const checker = program.getTypeChecker();
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${entry} exports nothing.`);
  return checker.getExportsOfModule(module).flatMap((exported) => thingsOf(checker, exported));
}

function thingsOf(checker: ts.TypeChecker, exported: ts.Symbol): PublicThing[] {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const [declaration] = symbol.declarations ?? [];
  if (!declaration) throw new Error(`${exported.name} is declared nowhere.`);
  const members = ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration) ? membersOf(declaration) : [];
  return [
    thing(checker, exported.name, declaration),
    ...members.map((member) => thing(checker, `${exported.name}.${nameOf(member)}`, member)),
  ];
}

function membersOf({ members }: ts.ClassDeclaration | ts.InterfaceDeclaration): ts.Node[] {
  const isPublic = (member: ts.ClassElement | ts.TypeElement) =>
    !(member.name && (ts.isPrivateIdentifier(member.name) || ts.isComputedPropertyName(member.name))) &&
    !(ts.canHaveModifiers(member) && ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword));
  return [...members].filter(isPublic);
}

const nameOf = (member: ts.Node) => (ts.isConstructorDeclaration(member) ? 'constructor' : ((member as ts.NamedDeclaration).name?.getText() ?? '?'));

function thing(checker: ts.TypeChecker, name: string, declaration: ts.Node): PublicThing {
  return { name, described: isDescribed(declaration), warns: warns(declaration), mayThrow: mayThrow(checker, declaration) };
}

// The comment of `export const x = …` is the statement's, which is where the compiler looks too.
const isDescribed = (node: ts.Node) => ts.getJSDocCommentsAndTags(node).some((doc) => ts.isJSDoc(doc) && (doc.comment !== undefined || doc.tags !== undefined));

const warns = (node: ts.Node) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'throws');

/** What functions inside it do when they are called is their own matter, unless it is them that is declared. */
function mayThrow(checker: ts.TypeChecker, declaration: ts.Node): boolean {
  const body = bodyOf(declaration);
  if (!body) return false;
  const visit = (node: ts.Node): boolean => {
    if (ts.isThrowStatement(node) || callsSomethingThatWarns(checker, node)) return true;
    if (ts.isTryStatement(node)) return node.catchClause ? visit(node.catchClause) : visit(node.tryBlock);
    return !ts.isFunctionLike(node) && ts.forEachChild(node, visit) === true;
  };
  return visit(body);
}

function bodyOf(declaration: ts.Node): ts.Node | undefined {
  if (ts.isVariableDeclaration(declaration)) return declaration.initializer && bodyOf(declaration.initializer);
  return ts.isFunctionLike(declaration) && 'body' in declaration ? (declaration.body as ts.Node | undefined) : undefined;
}

function callsSomethingThatWarns(checker: ts.TypeChecker, node: ts.Node): boolean {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  const called = checker.getResolvedSignature(node)?.declaration;
  return called !== undefined && !called.getSourceFile().isDeclarationFile && warns(called);
}
