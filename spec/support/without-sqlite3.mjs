// Preloaded with `node --import`: a machine that could neither fetch nor compile sqlite3.
const { dlopen } = process;

process.dlopen = (module, file, ...rest) => {
  if (file.includes('sqlite3')) throw new Error(`Could not locate the bindings file ${file}`);
  return dlopen(module, file, ...rest);
};
