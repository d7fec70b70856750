import { expect } from 'chai';
import * as api from '../lib/index.js';
import * as dialects from '../lib/dialects/index.js';
import * as policies from '../lib/policies/index.js';
import * as wakers from '../lib/wakers/index.js';
import { type PublicThing, publicThings } from './support/public-api.js';

describe('The public API', () => {
  let things: PublicThing[];

  before(function () {
    this.timeout(30_000); // the compiler reads the types of Sequelize and Node
    things = publicThings('index.ts');
  });

  it('exports what it says', () => {
    const open = new Set([...Object.keys(policies), ...Object.keys(wakers)]);
    console.log(things.filter(({ name }) => !name.includes('.') && !open.has(name)).map((t) => t.name).sort());
    console.log(things.filter((t) => !t.described).map((t) => t.name), things.filter((t) => t.mayThrow && !t.warns).map((t) => t.name), things.filter((t) => t.warns && !t.mayThrow).map((t) => t.name));
    console.log(publicThings('testing/index.ts').filter((t) => !t.described || (t.mayThrow && !t.warns)).map((t) => t.name));
    expect(api.dialects).to.equal(dialects);
  });
});
