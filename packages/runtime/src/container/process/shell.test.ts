import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quote } from './shell.js';

it('quotes any text as one word', () => {
  const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(quote).join(' ')}`]);
      expect(printed.equals(Buffer.from(words.map((each) => `${each}\0`).join('')))).toBe(true);
    }),
    { numRuns: 20, examples: [[["it's", '$(x)`y`"\\', '\n\n', '-n', '', '*']]] },
  );
});

it('refuses what no argument can carry', () => {
  expect(() => quote('a\0b')).toThrow('NUL');
});
