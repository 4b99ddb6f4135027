import { expect, it } from 'vitest';
import { nextStep } from './legacy-token-cleaner.js';

const now = Date.parse('2026-06-01T00:00:00Z');
const old = '2024-01-01';

it.each([
  ['never used', {}, 'mark'],
  ['used long ago', { used: '2025-01-01' }, 'mark'],
  ['used lately', { used: '2026-05-01' }, undefined],
  ['marked lately', { invalid: '2026-05-01' }, undefined],
  ['marked long ago', { used: '2024-02-01', invalid: '2025-05-01' }, 'delete'],
  ['marked long ago, and used since', { used: '2026-05-01', invalid: '2025-05-01' }, undefined],
  ['marked with what is no day', { invalid: 'yesterday' }, 'mark'],
  ['made lately', { created: '2026-01-01T00:00:00Z' }, undefined],
  ['of a cluster that notes uses since lately', { since: '2026-01-01' }, undefined],
] as const)('a token %s', (_, { used, invalid, created, since }: Record<string, string>, step) => {
  const labels = {
    ...(used === undefined ? {} : { 'kubernetes.io/legacy-token-last-used': used }),
    ...(invalid === undefined ? {} : { 'kubernetes.io/legacy-token-invalid-since': invalid }),
  };
  const metadata = { name: 'a', labels, creationTimestamp: created ?? '2024-01-01T00:00:00Z' };
  expect(nextStep({ metadata }, { since: since ?? old, now })).toBe(step);
});
