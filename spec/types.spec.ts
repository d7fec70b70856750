import { expect } from 'chai';
import { compile } from './support/compiler.js';

const LIBRARY = `import { EXECUTION_SKIPPED, Locked, LockRegistry, NO_LOCK, withLock, type Lease } from '../lib/index.js';
declare const locks: LockRegistry;
/** Accepts a value of this very type only. */
declare function exactly<T>(): <V>(value: V & ([V] extends [T] ? ([T] extends [V] ? unknown : never) : never)) => void;
export {};
`;

type Cases = Readonly<Record<string, string>>;

/** A class with one method, and what stands before it. */
const service = (decorator: string, method: string) => `class Service { tenant = 'a'; ${decorator} ${method} }; void Service; void locks;`;

const decorated: Cases = {
  'a fixed name on a method of any parameters': service(
    `@Locked('job')`,
    `async run(id: string, ...rest: number[]): Promise<number> { return 1; }`,
  ),
  'several names': service(`@Locked(['a', 'b'])`, `async run(): Promise<void> {}`),
  'a key function without parameters': service(`@Locked(() => 'job')`, `async run(id: string): Promise<void> {}`),
  'a key function of the first parameters': service(
    `@Locked((id: string) => \`job:\${id}\`)`,
    `async run(id: string, weight: number): Promise<void> {}`,
  ),
  'a key function of all parameters': service(
    `@Locked((id: string, weight: number) => id + weight)`,
    `async run(id: string, weight: number): Promise<void> {}`,
  ),
  'a key function of a wider type': service(`@Locked((id: string | number) => String(id))`, `async run(id: string): Promise<void> {}`),
  'a key function that needs a parameter less than the method': service(
    `@Locked((id?: string) => id ?? 'none')`,
    `async run(id: string): Promise<void> {}`,
  ),
  'a key function that answers NO_LOCK, or several names': service(
    `@Locked((ids: string[]) => (ids.length === 0 ? NO_LOCK : ids))`,
    `async run(ids: string[]): Promise<void> {}`,
  ),
  'a key function of the object': service(
    `@Locked(function (this: Service, id: string) { return this.tenant + id; })`,
    `async run(id: string): Promise<void> {}`,
  ),
  'a static method': service(`@Locked((id: string) => id)`, `static async run(id: string): Promise<void> {}`),
  'a private method': service(
    `@Locked((id: string) => id)`,
    `private async run(id: string): Promise<void> {} all() { return this.run('1'); }`,
  ),
  'a method that returns a promise of anything': service(`@Locked('job')`, `run(): Promise<any> { return Promise.resolve(); }`),
  'a generic method': service(`@Locked('job')`, `async run<T>(value: T): Promise<T> { return value; }`),
  'a registry and other options': service(
    `@Locked('job', { registry: locks, ttl: '5s', onBusy: 'fail' })`,
    `async run(): Promise<number> { return 1; }`,
  ),
  'skipping, where the promise admits undefined': service(
    `@Locked('job', { onBusy: 'skip' })`,
    `async run(): Promise<number | undefined> { return 1; }`,
  ),
  'skipping, where the promise is of nothing': service(`@Locked('job', { onBusy: 'skip' })`, `async run(): Promise<void> {}`),
};

const refused: Cases = {
  'a key function whose parameter is of another type': service(
    `@Locked((id: number) => String(id))`,
    `async run(id: string): Promise<void> {}`,
  ),
  'a key function with more parameters than the method': service(
    `@Locked((id: string, weight: number) => id + weight)`,
    `async run(id: string): Promise<void> {}`,
  ),
  'a key function on a method without parameters': service(`@Locked((id: string) => id)`, `async run(): Promise<void> {}`),
  'a key function that needs what the method may be called without': service(
    `@Locked((id: string) => id)`,
    `async run(id?: string): Promise<void> {}`,
  ),
  'a key function that may answer undefined': service(`@Locked((id: string) => [id][0])`, `async run(id: string): Promise<void> {}`),
  'a key function that answers a number': service(`@Locked(() => 7)`, `async run(): Promise<void> {}`),
  'a key function of another object': service(
    `@Locked(function (this: { account: string }) { return this.account; })`,
    `async run(): Promise<void> {}`,
  ),
  'a method that returns no promise': service(`@Locked('job')`, `run(): number { return 1; }`),
  'a method that returns nothing': service(`@Locked('job')`, `run(): void {}`),
  'skipping, where the promise does not admit undefined': service(
    `@Locked('job', { onBusy: 'skip' })`,
    `async run(): Promise<number> { return 1; }`,
  ),
  'a getter': service(`@Locked('job')`, `get count(): number { return 1; }`),
  'a field': service(`@Locked('job')`, `count = 1;`),
  'an option that does not exist': service(`@Locked('job', { tll: '5s' })`, `async run(): Promise<void> {}`),
  'a value that an option does not take': service(`@Locked('job', { onBusy: 'queue' })`, `async run(): Promise<void> {}`),
};

// What they have in common cannot be said there: these compile under one standard only.
const wrapped: Cases = {
  'parameters and result': `
    const ship = withLock('a', async (id: string, weight?: number) => weight ?? id);
    exactly<(id: string, weight?: number) => Promise<string | number>>()(ship);`,
  'a result that is no promise': `exactly<() => Promise<number>>()(withLock('a', () => 1));`,
  '`this`': `
    const service = { tenant: 'a', run: withLock('a', async function (this: { tenant: string }) { return this.tenant; }) };
    exactly<Promise<string>>()(service.run());`,
  'a key function of the arguments, whose types it is told': `void withLock((id) => id.toUpperCase(), async (id: string) => id);`,
  'a key function of `this`': `
    void withLock(function (this: { tenant: string }) { return this.tenant; }, async function (this: { tenant: string }) {});`,
  'a key function that answers NO_LOCK or several names': `
    void withLock((id: string) => (id ? [id] : NO_LOCK), async (id: string) => id);`,
  'the symbol beside the result, where calls may be skipped': `
    const tick = withLock('a', async () => 1, { onBusy: 'skip' });
    exactly<() => Promise<number | typeof EXECUTION_SKIPPED>>()(tick);
    const seen = await tick();
    if (seen !== EXECUTION_SKIPPED) exactly<number>()(seen);`,
  'no symbol where they are not': `exactly<() => Promise<number>>()(withLock('a', async () => 1, { onBusy: 'fail', ttl: '5s' }));`,
  'the same of a registry’s own': `
    exactly<(id: string) => Promise<string | typeof EXECUTION_SKIPPED>>()(locks.withLock('a', async (id: string) => id, { onBusy: 'skip' }));`,
  'the result of what runs at once, and its lease': `
    exactly<Promise<number>>()(locks.run('a', (lease) => (exactly<Lease>()(lease), 1)));
    exactly<Promise<number>>()(locks.run(['a', 'b'], async () => 1, { ttl: 5_000 }));
    exactly<Promise<number | typeof EXECUTION_SKIPPED>>()(locks.run('a', async () => 1, { onBusy: 'skip' }));`,
  'what is acquired': `
    exactly<Promise<Lease>>()(locks.acquire('a'));
    exactly<Promise<Lease | undefined>>()(locks.tryAcquire('a', { ttl: '5s' }));`,
};

const unwrapped: Cases = {
  'a call with arguments of other types': `void withLock('a', async (id: string) => id)(7);`,
  'a call without its arguments': `void withLock('a', async (id: string) => id)();`,
  'a call with more arguments': `void withLock('a', async (id: string) => id)('1', '2');`,
  'a call on another `this`': `void withLock('a', async function (this: { tenant: string }) { return this.tenant; })();`,
  'a skipped result taken for the function’s': `
    const seen: number = await withLock('a', async () => 1, { onBusy: 'skip' })();
    void seen;`,
  'a key function of other arguments': `void withLock((id: number) => String(id), async (id: string) => id);`,
  'a key function that may answer undefined': `void withLock((id: string) => [id][0], async (id: string) => id);`,
  'a name that is none': `void withLock(7, async () => 1);`,
  'an option that does not exist': `void withLock('a', async () => 1, { tll: '5s' });`,
  'options of running for what is only acquired': `void locks.acquire('a', { onBusy: 'skip' });`,
};

function compiled(cases: Cases, settings: { readonly experimentalDecorators?: boolean }): ReadonlyMap<string, string[]> {
  const files = Object.entries(cases).map(([title, text], at) => ({ title, file: `case-${at}.ts`, text: LIBRARY + text }));
  const complaints = compile(Object.fromEntries(files.map(({ file, text }) => [file, text])), settings);
  return new Map(files.map(({ title, file }) => [title, complaints.filter((complaint) => complaint.startsWith(`${file}:`))]));
}

/** A spec for each case; all are compiled together, before the first. */
function compileAll(accepted: Cases, rejected: Cases, settings = {}): void {
  let complaints: ReadonlyMap<string, string[]>;

  before(function () {
    this.timeout(30_000); // the compiler reads the types of Sequelize and Node
    complaints = compiled({ ...prefixed('takes', accepted), ...prefixed('refuses', rejected) }, settings);
  });
  for (const title of Object.keys(accepted)) it(`takes ${title}`, () => expect(complaints.get(`takes ${title}`)).to.deep.equal([]));
  for (const title of Object.keys(rejected)) it(`refuses ${title}`, () => expect(complaints.get(`refuses ${title}`)).not.to.deep.equal([]));
}

const prefixed = (prefix: string, cases: Cases) =>
  Object.fromEntries(Object.entries(cases).map(([title, text]) => [`${prefix} ${title}`, text]));

describe('The compiler', () => {
  describe('of @Locked under TC39 decorators', () => compileAll(decorated, refused));
  describe('of @Locked under experimentalDecorators', () => compileAll(decorated, refused, { experimentalDecorators: true }));
  describe('of withLock and run', () => compileAll(wrapped, unwrapped));
});
