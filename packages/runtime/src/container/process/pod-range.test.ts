import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRange, rangesOverlap } from './address-pool.js';
import { choosePodRange, interfaceName } from './pod-range.js';

it('chooses the same free range for the same directory, and another for another', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-'));
  const other = join(directory, 'other');
  await mkdir(other);
  const options = { within: '10.128.0.0/9' };
  const range = await choosePodRange(directory, options);
  expect(await choosePodRange(directory, options)).toBe(range);
  expect(await choosePodRange(other, options)).not.toBe(range);
  expect(rangesOverlap(parseRange(range), parseRange(options.within))).toBe(true);
  expect(interfaceName(directory)).toMatch(/^kw[0-9a-f]{8}$/);
  await rm(directory, { recursive: true });
});

it('stays inside the loopback network when asked for it', async () => {
  const range = await choosePodRange(tmpdir(), { loopback: true });
  expect(rangesOverlap(parseRange(range), parseRange('127.0.0.0/16'))).toBe(false);
  expect(rangesOverlap(parseRange(range), parseRange('127.64.0.0/10'))).toBe(true);
});
