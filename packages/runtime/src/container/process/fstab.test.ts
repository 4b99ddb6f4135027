import { expect, it } from 'vitest';
import { formatFstab, isWithin, parseMountInfo } from './fstab.js';

it('writes what would end a field as octal', () => {
  const line = { source: '/a b', target: '/c\\d\n', type: 'none', options: ['bind', 'ro'] };
  expect(formatFstab([line])).toBe('/a\\040b /c\\134d\\012 none bind,ro 0 0\n');
});

it('reads mount points with blanks, and with and without optional fields', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root rw',
    '37 35 0:5 / /proc ro,nosuid - proc proc rw',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    { target: '/mnt 2', options: ['rw', 'noatime'], type: 'ext3' },
    { target: '/proc', options: ['ro', 'nosuid'], type: 'proc' },
  ]);
});

it('knows what is below a directory', () => {
  expect(isWithin('/a/b', '/a')).toBe(true);
  expect(isWithin('/a', '/a')).toBe(true);
  expect(isWithin('/ab', '/a')).toBe(false);
  expect(isWithin('/ab', '/')).toBe(true);
});
