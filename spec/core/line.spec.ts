import { expect } from 'chai';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { leave, Line, type Place } from '../../lib/core/line.js';

describe('Line', () => {
  it('serves those first who came first', () => {
    const line = new Line<string>();
    for (const one of ['a', 'b', 'c']) line.enter(one);
    expect([line.first, line.size, [...line]]).to.deep.equal(['a', 3, ['a', 'b', 'c']]);
  });

  it('is left from anywhere, once', () => {
    const line = new Line<string>();
    const [first, middle, last] = ['a', 'b', 'c'].map((one) => line.enter(one));
    expect([leave(middle), leave(middle), [...line]]).to.deep.equal([true, false, ['a', 'c']]);
    expect([leave(first), leave(last), line.size, line.first]).to.deep.equal([true, true, 0, undefined]);
    expect(leave(undefined)).to.equal(false);
  });

  it('shows those who were there when it was looked at, whoever leaves meanwhile', () => {
    const line = new Line<string>();
    const places = new Map(['a', 'b', 'c'].map((one) => [one, line.enter(one)] as const));
    const seen: string[] = [];
    for (const one of line) {
      seen.push(one);
      for (const place of places.values()) leave(place);
    }
    expect(seen).to.deep.equal(['a', 'b', 'c']);
  });

  it('keeps nobody alive who has left, even where those before them have grown old', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
    const collectYoung = () => collect({ type: 'minor' });
    const line = new Line<number[]>();
    const places: Place<number[]>[] = [];
    const enter = () => places.push(line.enter(new Array<number>(100).fill(0)));
    for (let one = 0; one < 50; one++) enter();
    for (let round = 0; round < 3; round++) collectYoung();
    const before = oldBytes();
    for (let round = 1; round <= 20_000; round++) {
      leave(places.shift());
      enter();
      if (round % 1_000 === 0) collectYoung();
    }
    expect(oldBytes() - before, 'bytes that grew old').to.be.below(100_000); // 16 MB came and went
  });
});

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? NaN;
}
