import { expect } from 'chai';
import { Consumer } from './consumer.js';

describe('The packed tarball in an application on Nest 11', () => {
  let consumer: Consumer;

  before(async function () {
    this.timeout(300_000); // npm fetches Nest
    consumer = await Consumer.installByNpm('nest-11');
  });
  after(() => consumer.remove());

  it('type-checks, with decorator metadata, as CommonJS', async () => {
    expect(await consumer.tool('tsc', '-p', '.')).to.equal('');
  });

  it('is tested by Jest', async () => {
    expect(await consumer.tool('jest')).to.match(/Tests: +5 passed, 5 total/);
  });
});
