import { expect, it } from 'vitest';
import { fromYaml } from './yaml.js';

it.each([
  ['y', true],
  ['Off', false],
  ['yEs', 'yEs'],
  ['0644', 420],
  ['0o10', 8],
  ['0b11', 3],
  ['0x1F', 31],
  ['08', 8],
  ['00', 0],
  ['-010', -8],
  ['1_000', 1000],
  ['1_0.5', 10.5],
  ['+1', 1],
  ['1.', 1],
  ['.5', 0.5],
  ['1e3', 1000],
  ['2001-01-01', '2001-01-01'],
  ['1:30', '1:30'],
  ['"y"', 'y'],
  ['9007199254740993', 9007199254740993n],
  ['18446744073709551615', 18446744073709551615n],
  ['123456789012345678901', 123456789012345680000],
  ['~', null],
])('%s is read as Go reads it', (text, value) => {
  expect(fromYaml(`a: ${text}`).value).toEqual({ a: value });
});

it('reads words in keys, too', () => {
  expect(fromYaml('y: 1\n010: 2').value).toEqual({ true: 1, 8: 2 });
});
