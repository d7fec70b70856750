import { expect } from 'chai';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { leave, Line, type Place } from '../../lib/core/line.js';

describe('Line in memory', () => {
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
