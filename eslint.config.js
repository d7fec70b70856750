import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TIME = 'Time comes in through contracts/clock.ts; its door is in lib/adapters.';
const CHANCE = 'Chance comes in as an argument; its door is in lib/adapters.';
const PROCESS = 'The process has its door in lib/adapters.';

const global = (message, ...names) => names.map((name) => ({ name, message }));
const property = (message, object, ...names) => names.map((name) => ({ object, property: name, message }));

export default defineConfig(
  { ignores: ['dist/', 'coverage/', '.tmp/', 'spec/consumers/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './spec/legacy-decorators/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': 'off', // `return resolve()` reads well
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }], // text is cut by code points on purpose
      // An error of somebody else's is passed on as it is, whatever it is.
      '@typescript-eslint/only-throw-error': ['error', { allowRethrowing: true, allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',
      'max-lines-per-function': ['warn', { max: 40, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/adapters/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...global(TIME, 'performance', 'setTimeout', 'setInterval', 'setImmediate'),
        ...global(PROCESS, 'process'),
      ],
      'no-restricted-properties': [
        'error',
        ...property(TIME, 'Date', 'now'),
        ...property(TIME, 'AbortSignal', 'timeout'),
        ...property(CHANCE, 'Math', 'random'),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.name="Date"]', message: TIME },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'sequelize', message: 'Sequelize has its door in lib/adapters.', allowTypeImports: true }],
          patterns: [{ regex: '^(node:)?(timers(/promises)?|perf_hooks|process)$', message: `${TIME} ${PROCESS}` }],
        },
      ],
    },
  },
  {
    // Nest knows a module by its class, which may have nothing in it.
    files: ['lib/integrations/nestjs/**', 'spec/integrations/nestjs/**'],
    rules: { '@typescript-eslint/no-extraneous-class': 'off' },
  },
  {
    // The command line is a program: the process and its connections are its own. Time comes in by the one door all the same.
    files: ['lib/cli/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...global(TIME, 'performance', 'setTimeout', 'setInterval', 'setImmediate')],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(node:)?(timers(/promises)?|perf_hooks)$', message: TIME }] },
      ],
    },
  },
  {
    // A clock that is moved by hand lets the real event loop have its turns all the same.
    files: ['lib/testing/manual-clock.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
  {
    files: ['spec/**/*.ts', 'examples/**/*.ts'],
    rules: {
      // Chai asserts by properties; a suite is one long function; doubles often have nothing to wait for.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
      'max-lines-per-function': 'off',
    },
  },
);
