import { expect, test } from 'vitest';
import { SharedRead } from './shared-read.js';

test('who asks while a question is on its way shares the next one, and gets nothing older than his call', async () => {
  const answers: ((value: number) => void)[] = [];
  const shared = new SharedRead<number>(() => new Promise((resolve) => answers.push(resolve)));
  const first = shared.read();
  const second = shared.read();
  const third = shared.read();
  expect(answers.length).toBe(1);
  answers[0]?.(1);
  expect(await first).toBe(1);
  await expect.poll(() => answers.length).toBe(2);
  const fourth = shared.read();
  answers[1]?.(2);
  expect([await second, await third]).toEqual([2, 2]);
  await expect.poll(() => answers.length).toBe(3);
  answers[2]?.(3);
  expect(await fourth).toBe(3);
});

test('a question that fails fails those who shared it, and the next is asked anew', async () => {
  let asked = 0;
  const shared = new SharedRead<number>(async () => {
    asked++;
    if (asked === 1) throw new Error('no');
    return asked;
  });
  const first = shared.read();
  const second = shared.read();
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe(2);
});
