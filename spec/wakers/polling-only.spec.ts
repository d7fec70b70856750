import { expect } from 'chai';
import { pollingOnly } from '../../lib/wakers/polling-only.js';
import { FakeWakerContext } from '../support/fake-waker-context.js';

describe('pollingOnly', () => {
  it('never listens, and is never relied on', async () => {
    const context = new FakeWakerContext();
    const waker = pollingOnly()(context);
    waker.start();
    waker.doubt();
    waker.stop();
    await context.clock.advance('1h');
    waker.close();
    expect([waker.listens, waker.reliable, context.connections.length, context.clock.pending]).to.deep.equal([false, false, 0, 0]);
  });
});
