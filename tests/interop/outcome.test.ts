import { expect, test } from 'vitest';
import { readOutcome, renderOutcomes, skipped } from './outcome.js';

test('the lines of a program become counts; its log is no line of it', () => {
  const output = 'version v1\nI0101 a log\nok get\nnot ok list: differs\nskip exec: no node\nok watch\n';
  expect(readOutcome('go', output, 1)).toEqual({
    client: 'go',
    version: 'v1',
    passed: ['get', 'watch'],
    failed: ['list: differs'],
    skipped: ['exec: no node'],
  });
});

test.each([
  ['a crash after good checks', 'ok get\n', 2, 'the program ended with 2'],
  ['a signal', 'ok get\n', 'SIGTERM', 'the program ended with SIGTERM'],
  ['silence', '', 0, 'the program checked nothing'],
])('%s is a failure', (_, output, ended, failure) => {
  expect(readOutcome('go', output, ended).failed).toEqual([failure]);
});

test('the table has a line a client, and then says what failed and what was skipped', () => {
  const outcomes = [
    readOutcome('client-go', 'version v0.36.6\nok a\nnot ok b: c\n', 1),
    skipped('x', 'no x'),
  ];
  expect(renderOutcomes(outcomes)).toBe(`client     version  passed  failed  skipped
client-go  v0.36.6  1       1       0
x          -        0       0       1
client-go: failed: b: c
x: skipped: no x
`);
});
