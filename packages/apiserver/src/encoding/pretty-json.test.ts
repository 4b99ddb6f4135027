import fc from 'fast-check';
import { expect, it } from 'vitest';
import { prettyJson } from './pretty-json.js';

it('indents as JSON.stringify does', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
    }),
  );
});

it('keeps integers that no number holds', () => {
  expect(prettyJson('{"a":9007199254740993}')).toBe('{\n  "a": 9007199254740993\n}');
});

it('indents a part of a larger text', () => {
  expect(prettyJson('{"a":[]}', '    ')).toBe('{\n      "a": []\n    }');
});
