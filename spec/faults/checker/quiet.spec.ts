import { expect } from 'chai';
import { event } from './by-hand.js';
import { quiet } from './quiet.js';

const closing = event(0, 'a', { kind: 'closing' });

describe('C8, quiet', () => {
  it('lets a process pass that ends by itself, and one that was killed', () => {
    expect(quiet([closing, event(900, 'a', { kind: 'exited', clean: true })])).to.deep.equal([]);
    expect(quiet([closing, event(5, 'a', { kind: 'died' })])).to.deep.equal([]);
  });

  it('finds one that does not end, or not by itself, or late', () => {
    expect(quiet([closing])).to.have.length(1);
    expect(quiet([closing, event(900, 'a', { kind: 'exited', clean: false })])).to.have.length(1);
    expect(quiet([closing, event(1_100, 'a', { kind: 'exited', clean: true })])).to.have.length(1);
  });

  it('finds what nobody handled, and a body’s error that was replaced', () => {
    expect(quiet([event(0, 'a', { kind: 'stray', error: 'Error: x' })])).to.have.length(1);
    expect(quiet([event(0, 'a', { kind: 'replaced', thrown: 'Error: mine', got: 'LeaseLostError' })])).to.have.length(1);
  });

  it('finds what a process has left behind', () => {
    expect(quiet([event(0, 'a', { kind: 'left', what: '1 TCPSocketWrap instead of 0' })])).to.have.length(1);
  });
});
