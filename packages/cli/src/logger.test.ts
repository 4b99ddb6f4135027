import { expect, it } from 'vitest';
import { readable } from './logger.js';

const noon = new Date(2026, 0, 1, 12, 0, 0);

it('writes an entry as one line for people', () => {
  const line = JSON.stringify({ level: 40, component: 'kubelet', pod: 'web/a', msg: 'it waits' });
  expect(readable(line, noon)).toBe('12:00:00 warning kubelet: it waits (pod=web/a)\n');
});

it('says what an error is, not where', () => {
  const line = JSON.stringify({
    level: 50,
    component: 'proxy',
    err: { message: 'no', stack: 'x' },
    msg: 'failed',
  });
  expect(readable(line, noon)).toBe('12:00:00 error proxy: failed: no\n');
});
