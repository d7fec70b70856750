import { expect } from 'chai';
import { Consumer } from './consumer.js';
import { NODE_VERSIONS, nodeBinary } from './nodes.js';

describe('The packed tarball', () => {
  let consumer: Consumer;

  before(async () => {
    consumer = await Consumer.install();
  });
  after(() => consumer.remove());

  for (const version of NODE_VERSIONS) {
    describe(`on Node ${version}`, () => {
      let node: string;

      before(async () => {
        node = await nodeBinary(version);
      });

      for (const file of ['import.mjs', 'require.cjs', 'both.mjs']) {
        it(`works from ${file}, without a word`, async () => {
          expect(await consumer.run(node, file)).to.equal('');
        });
      }
    });
  }

  it('is required by Jest', async () => {
    expect(await consumer.tool('jest')).to.contain('1 passed');
  });

  for (const decorators of ['false', 'true']) {
    it(`type-checks in ES modules and CommonJS with experimentalDecorators ${decorators}`, async () => {
      expect(await consumer.tool('tsc', '-p', '.', '--experimentalDecorators', decorators)).to.equal('');
    });
  }
});
