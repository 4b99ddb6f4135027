import { expect, test } from 'vitest';
import { Turns } from './turns.js';

test('of those who wait for their turn one goes on in each round of the loop, in their order', async () => {
  const turns = new Turns();
  const rounds: string[] = [];
  let round = 0;
  const count = () => {
    round++;
    if (round < 10) setImmediate(count);
  };
  setImmediate(count);
  const work = async (name: string) => {
    for (let i = 0; i < 2; i++) {
      await turns.wait();
      rounds.push(`${name}${round}`);
    }
  };
  await Promise.all([work('a'), work('b')]);
  expect(new Set(rounds).size).toBe(4);
  expect(rounds.map((one) => one[0])).toEqual(['a', 'b', 'a', 'b']);
});
