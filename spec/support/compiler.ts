import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = dirname(fileURLToPath(new URL('../../package.json', import.meta.url)));

const memory = join(root, '.memory');

// What is on the disk is read once for all programs: no setting that a spec may give changes how a file is read.
const read = new Map<string, ts.SourceFile | undefined>();

type Settings = Pick<ts.CompilerOptions, 'experimentalDecorators'>;

/** What the compiler says of these files, which exist in memory only, with the settings of `tsconfig.json`; `file:line: message` each. */
export function compile(files: Readonly<Record<string, string>>, settings: Settings = {}): string[] {
  const sources = new Map(Object.entries(files).map(([name, text]) => [join(memory, name), text]));
  const program = programOf([...sources.keys()], settings, sources);
  return [...sources.keys()].flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map(spoken));
}

/** These files and all that they import; those of `sources` exist in memory only. */
export function programOf(paths: readonly string[], settings: Settings = {}, sources: ReadonlyMap<string, string> = new Map()): ts.Program {
  const options = { ...tsconfig(), moduleDetection: ts.ModuleDetectionKind.Force, ...settings };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => sources.has(path) || disk.fileExists(path),
    directoryExists: (path) => path === memory || (disk.directoryExists?.(path) ?? true),
    readFile: (path) => sources.get(path) ?? disk.readFile(path),
    getSourceFile(path, target, ...rest) {
      const text = sources.get(path);
      if (text !== undefined) return ts.createSourceFile(path, text, target);
      if (!read.has(path)) read.set(path, disk.getSourceFile(path, target, ...rest));
      return read.get(path);
    },
  };
  return ts.createProgram(paths, options, host);
}

function tsconfig(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as { config: unknown };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

function spoken({ file, start = 0, messageText }: ts.Diagnostic): string {
  const place = file ? `${file.fileName.replace(/.*\/\.memory\//, '')}:${file.getLineAndCharacterOfPosition(start).line + 1}: ` : '';
  return `${place}${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}
