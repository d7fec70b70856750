import { expect } from 'chai';
import type { Waker } from '../../lib/contracts/waker.js';
import { notifications } from '../../lib/wakers/notifications.js';
import { FakeWakerContext, withoutListening } from '../support/fake-waker-context.js';

const OWNER = 'n123456789abcdef0123456789abcdef';
const refuse = () => Promise.reject(new Error('connection refused'));

describe('notifications', () => {
  let context: FakeWakerContext;
  let waker: Waker;

  beforeEach(() => {
    context = new FakeWakerContext();
    waker = notifications()(context);
  });

  /** It was started, and has had the time to prove itself. */
  async function proven(): Promise<void> {
    waker.start();
    await context.clock.advance(0);
    expect(waker.reliable).to.equal(true);
  }

  it('opens nothing before somebody waits', async () => {
    await context.clock.advance('1h');
    expect(context.connections).to.deep.equal([]);
    expect(waker.reliable).to.equal(false);
  });

  it('hands on whose turn it is, and asks for a look at all where no owner was told', async () => {
    await proven();
    context.woken.length = 0;
    context.deliver(OWNER);
    context.deliver('look');
    expect(context.woken).to.deep.equal([OWNER, undefined]);
  });

  describe('proves each connection', () => {
    it('by a notification sent from another one, before it may be relied on', async () => {
      context.delivers = false;
      waker.start();
      await context.clock.advance(999);
      expect(waker.reliable).to.equal(false);
      context.deliver(context.notified[0] ?? '');
      await context.clock.advance(0);
      expect(waker.reliable).to.equal(true);
      expect(context.changes).to.deep.equal([true]);
    });

    it('and has all waiters look then, because what was handed over before was not heard', async () => {
      await proven();
      expect(context.woken).to.deep.equal([undefined]);
    });

    it('and hands on what arrives meanwhile', async () => {
      context.delivers = false;
      waker.start();
      await context.clock.advance(10);
      context.deliver(OWNER);
      expect(context.woken).to.deep.equal([OWNER]);
    });

    it('not by the test of an earlier connection, nor by anybody else’s', async () => {
      context.delivers = false;
      waker.start();
      await context.clock.advance(10);
      context.deliver('test 00000000-0000-0000-0000-000000000000');
      await context.clock.advance(10);
      expect([waker.reliable, context.woken.length]).to.deep.equal([false, 0]);
    });

    it('however long the test took to be sent', async () => {
      context.sending = () => context.clock.sleep(4_000);
      waker.start();
      await context.clock.advance(4_000);
      expect(waker.reliable).to.equal(true);
    });

    it('again later where the test could not be sent: that is no proof either way', async () => {
      context.sending = refuse;
      waker.start();
      await context.clock.advance(10);
      expect([waker.reliable, context.open.length, context.changes]).to.deep.equal([false, 0, [false]]);
      context.sending = () => Promise.resolve();
      await context.clock.advance(100);
      expect([waker.reliable, context.open.length, context.changes]).to.deep.equal([true, 1, [false, true]]);
    });
  });

  describe('that do not arrive', () => {
    beforeEach(async () => {
      context.delivers = false;
      waker.start();
      await context.clock.advance('1s');
    });

    it('are not waited for: it says so once, and hangs up', async () => {
      expect([waker.reliable, context.changes, context.open.length]).to.deep.equal([false, [false], 0]);
      waker.stop();
      waker.start();
      await context.clock.advance('9m');
      expect([context.changes, context.connections.length]).to.deep.equal([[false], 1]);
    });

    it('are tested again after the retest, and used where they arrive by then', async () => {
      context.delivers = true;
      await context.clock.advance('10m');
      expect([waker.reliable, context.changes, context.open.length]).to.deep.equal([true, [false, true], 1]);
    });

    it('are tested again when somebody waits, not before', async () => {
      context.delivers = true;
      waker.stop();
      await context.clock.advance('1h');
      expect(context.connections).to.have.length(1);
      await proven();
    });
  });

  describe('on a broken connection', () => {
    it('listens on another one, and has all waiters look then', async () => {
      await proven();
      context.connection.breaks();
      expect([waker.reliable, context.changes]).to.deep.equal([false, [true, false]]);
      await context.clock.advance(50);
      expect([waker.reliable, context.changes, context.woken]).to.deep.equal([true, [true, false, true], [undefined, undefined]]);
    });

    it('tries with growing pauses, up to 5 s, and says once that there are no notifications', async () => {
      await proven();
      const attempts: number[] = [];
      context.opening = () => (attempts.push(context.clock.now().monotonicMs), refuse());
      context.connection.breaks();
      await context.clock.advance('30s');
      expect(attempts.slice(0, 8)).to.deep.equal([50, 150, 350, 750, 1_550, 3_150, 6_350, 11_350]);
      expect(context.changes).to.deep.equal([true, false]);
    });

    it('begins with the shortest pause again once a connection was proven', async () => {
      context.opening = refuse;
      waker.start();
      await context.clock.advance('30s');
      context.opening = () => Promise.resolve();
      await context.clock.advance('5s');
      context.connection.breaks();
      await context.clock.advance(50);
      expect(waker.reliable).to.equal(true);
    });

    it('that breaks under its test opens another one at once, not after the retest', async () => {
      context.delivers = false;
      waker.start();
      await context.clock.advance(500);
      context.connection.breaks();
      context.delivers = true;
      await context.clock.advance(50);
      expect([waker.reliable, context.open.length]).to.deep.equal([true, 1]);
      await context.clock.advance('1m');
      expect([waker.reliable, context.connections.length]).to.deep.equal([true, 2]);
    });

    it('that breaks before anybody knows that it is open is not used', async () => {
      context.opening = () => context.clock.sleep(100);
      waker.start();
      await context.clock.advance(50);
      context.breaksEarly();
      context.opening = () => Promise.resolve();
      await context.clock.advance(50);
      expect([waker.reliable, context.open.length, context.connections.length]).to.deep.equal([true, 1, 2]);
    });

    it('opens no other one while nobody waits', async () => {
      await proven();
      waker.stop();
      context.connection.breaks();
      await context.clock.advance('1h');
      expect(context.connections).to.have.length(1);
    });
  });

  describe('while waits come and go', () => {
    it('keeps its connection for a while after the last one, then hangs up', async () => {
      await proven();
      waker.stop();
      await context.clock.advance(9_999);
      expect(context.open).to.have.length(1);
      await context.clock.advance(1);
      expect([context.open.length, waker.reliable]).to.deep.equal([0, false]);
    });

    it('opens one connection for any number of short waits', async () => {
      for (let wait = 0; wait < 100; wait++) {
        waker.start();
        await context.clock.advance(wait % 7);
        waker.stop();
        await context.clock.advance('1s');
      }
      expect(context.connections).to.have.length(1);
    });

    it('counts the while from the last wait', async () => {
      await proven();
      waker.stop();
      await context.clock.advance('6s');
      waker.start();
      await context.clock.advance('6s');
      waker.stop();
      await context.clock.advance('6s');
      expect(context.open).to.have.length(1);
    });

    it('has one connection, however slowly it opens and whoever stops and starts meanwhile', async () => {
      waker = notifications({ linger: 0 })(context);
      context.opening = () => context.clock.sleep(300);
      context.sending = () => context.clock.sleep(300);
      for (let wait = 0; wait < 10; wait++) {
        waker.start();
        await context.clock.advance(20);
        waker.stop();
        await context.clock.advance(1);
      }
      waker.start();
      await context.clock.advance('1m');
      expect([context.open.length, waker.reliable]).to.deep.equal([1, true]);
    });

    it('has one connection, where an attempt that was given up fails late', async () => {
      waker = notifications({ linger: 0 })(context);
      context.opening = () => context.clock.sleep(300).then(refuse);
      waker.start();
      await context.clock.advance(100);
      waker.stop();
      await context.clock.advance(0);
      context.opening = () => context.clock.sleep(1_000);
      waker.start();
      await context.clock.advance('1m');
      expect([context.connections.length, context.changes]).to.deep.equal([1, [true]]);
    });
  });

  describe('doubted', () => {
    beforeEach(proven);

    it('are tested on the connection that is open', async () => {
      waker.doubt();
      await context.clock.advance('5s');
      expect([waker.reliable, context.connections.length, context.notified.length, context.changes]).to.deep.equal([true, 1, 2, [true]]);
    });

    it('are found not to arrive any more', async () => {
      context.delivers = false;
      waker.doubt();
      await context.clock.advance(999);
      expect(waker.reliable).to.equal(true);
      await context.clock.advance(1);
      expect([waker.reliable, context.open.length, context.changes]).to.deep.equal([false, 0, [true, false]]);
    });

    it('are tested once, however many doubt at once', async () => {
      for (let doubts = 0; doubts < 5; doubts++) waker.doubt();
      await context.clock.advance('5s');
      expect([waker.reliable, context.notified.length]).to.deep.equal([true, 2]);
    });

    it('are tested again at the next doubt', async () => {
      waker.doubt();
      await context.clock.advance(1);
      waker.doubt();
      await context.clock.advance(1);
      expect(context.notified).to.have.length(3);
    });
  });

  it('tests nothing on a doubt while nothing is proven', async () => {
    waker.doubt();
    await context.clock.advance('1m');
    expect(context.notified).to.deep.equal([]);
  });

  describe('closed', () => {
    const stages: Record<string, () => Promise<void>> = {
      'before it began': async () => undefined,
      'while its connection opens': async () => {
        context.opening = () => context.clock.sleep(500);
        waker.start();
      },
      'while its connection is tested': async () => {
        context.delivers = false;
        waker.start();
        await context.clock.advance(500);
      },
      'while it is relied on': proven,
      'while it lingers': async () => {
        await proven();
        waker.stop();
      },
      'while it waits for another attempt': async () => {
        context.opening = refuse;
        waker.start();
        await context.clock.advance('20s');
        context.opening = () => Promise.resolve();
      },
      'while an attempt is about to fail': async () => {
        context.opening = () => context.clock.sleep(500).then(refuse);
        waker.start();
      },
      'while it was found useless': async () => {
        context.delivers = false;
        waker.start();
        await context.clock.advance('2s');
      },
    };

    for (const [stage, reach] of Object.entries(stages)) {
      it(`${stage}, leaves nothing open and says nothing more`, async () => {
        await reach();
        const changes = [...context.changes];
        waker.close();
        waker.start();
        waker.doubt();
        await context.clock.advance('1h');
        expect([context.open.length, waker.reliable, context.changes]).to.deep.equal([0, false, changes]);
      });
    }
  });

  describe('where the server has none', () => {
    it('does not listen, and does not mind', async () => {
      waker = notifications()(withoutListening(context));
      waker.start();
      waker.doubt();
      waker.stop();
      await context.clock.advance('1h');
      waker.close();
      expect([waker.listens, waker.reliable, context.notified, context.changes]).to.deep.equal([false, false, [], []]);
    });
  });

  it('refuses durations that are none, and names them', () => {
    expect(() => notifications({ proof: -1 })).to.throw(RangeError, 'Option "proof"');
    expect(() => notifications({ linger: 'long' })).to.throw(TypeError, 'Option "linger"');
    expect(() => notifications({ retest: NaN })).to.throw(TypeError, 'Option "retest"');
  });
});
