import { expect } from 'chai';

describe('specs of this folder', () => {
  it('are compiled with experimentalDecorators: a decorator gets target, key and descriptor', () => {
    const seen: unknown[][] = [];
    const record = (...args: unknown[]): void => void seen.push(args);
    class Service {
      @record
      work(): void {
        // only declared
      }
    }
    expect(seen).to.have.length(1);
    expect(seen[0]?.slice(0, 2)).to.deep.equal([Service.prototype, 'work']);
  });
});
