import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A program of the specs, compiled once with all that it imports of this repository: twenty processes that compile for themselves keep
 * two processors busy for ten seconds before the first one is ready.
 */
export class Compiled {
  readonly #folder: string;
  readonly #done = new Set<string>();

  constructor() {
    // Inside the repository, where packages are found.
    mkdirSync(join(root, '.tmp'), { recursive: true });
    this.#folder = mkdtempSync(join(root, '.tmp', 'compiled-'));
    // The package by its name is the package there too.
    copyFileSync(join(root, 'package.json'), join(this.#folder, 'package.json'));
  }

  /** Where the compiled form of `file` is. */
  program(file: URL): URL {
    const path = fileURLToPath(file);
    this.#compile(path);
    return pathToFileURL(this.#target(path));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #compile(path: string): void {
    if (this.#done.has(path)) return;
    this.#done.add(path);
    const text = readFileSync(path, 'utf8');
    const { outputText } = ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: path });
    mkdirSync(dirname(this.#target(path)), { recursive: true });
    writeFileSync(this.#target(path), outputText);
    for (const { fileName } of ts.preProcessFile(outputText).importedFiles) {
      if (fileName.startsWith('.')) this.#compile(resolve(dirname(path), fileName.replace(/\.js$/, '.ts')));
    }
  }

  #target(path: string): string {
    return join(this.#folder, relative(root, path).replace(/\.ts$/, '.js'));
  }
}

const OPTIONS: ts.CompilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
