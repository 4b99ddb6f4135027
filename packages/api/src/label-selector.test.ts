import { describe, expect, it } from 'vitest';
import {
  formatLabelSelector,
  type LabelSelector,
  labelRequirements,
  matchesLabels,
  parseLabelSelector,
  selectorMatches,
} from './label-selector.js';

const matches = (text: string, labels: Record<string, string>) =>
  matchesLabels(parseLabelSelector(text), labels);

describe('parseLabelSelector', () => {
  const production = { environment: 'production', tier: 'frontend' };
  it.each([
    // The examples of the documentation's page on labels and selectors.
    ['environment = production', production, true],
    ['tier != frontend', production, false],
    ['tier != frontend', { environment: 'qa' }, true],
    ['environment=production,tier!=frontend', production, false],
    ['environment in (production, qa)', production, true],
    ['tier notin (frontend, backend)', production, false],
    ['tier notin (frontend, backend)', {}, true],
    ['partition', production, false],
    ['!partition', production, true],
    ['partition,environment notin (qa)', { partition: 'a' }, true],
    ['environment in (production),tier in (frontend)', production, true],
    // Its grammar.
    ['', production, true],
    ['x in (foo,,baz),y,z notin ()', { x: '', y: '', z: 'a' }, true],
    ['x in (foo,,baz)', { x: 'bar' }, false],
    ['x=', { x: '' }, true],
    ['x==a', { x: 'a' }, true],
    ['x in (in,notin)', { x: 'notin' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['x>1,x<10', { x: '5' }, true],
    ['x>1', { x: 'a' }, false],
    ['x>1', {}, false],
    ['example.com/a=b', { 'example.com/a': 'b' }, true],
    ['constructor', {}, false],
  ])('%j of %j is %s', (text, labels, expected) => {
    expect(matches(text, labels)).toBe(expected);
  });

  it.each([
    ['a=b,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['x in a', "unable to parse requirement: found 'a' expected: '('"],
    ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['x=(', "unable to parse requirement: found '(', expected: identifier"],
    ['x>a', "values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer"],
    ['a/b/c=d', 'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must consist'],
    ['a=-b', 'unable to parse requirement: values[0][a]: Invalid value: "-b": a valid label must be'],
    ['!', "unable to parse requirement: found '', expected: identifier"],
  ])('refuses %j: %s', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });

  it('prints what it reads back, sorted', () => {
    const text = '!d,a=b,c in (x,y),e,f!=g,h notin (,z),i>1';
    const printed = formatLabelSelector(parseLabelSelector(text));
    expect(printed).toBe('a=b,c in (x,y),!d,e,f!=g,h notin (,z),i>1');
    expect(formatLabelSelector(parseLabelSelector(printed))).toBe(printed);
  });
});

describe('LabelSelector objects', () => {
  const selector: LabelSelector = {
    matchLabels: { component: 'redis' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['cache'] },
      { key: 'environment', operator: 'NotIn', values: ['dev'] },
      { key: 'team', operator: 'Exists' },
      { key: 'canary', operator: 'DoesNotExist' },
    ],
  };

  it('select what meets all of their parts', () => {
    const labels = { component: 'redis', tier: 'cache', team: 'a' };
    expect(selectorMatches(selector, labels)).toBe(true);
    expect(selectorMatches(selector, { ...labels, environment: 'dev' })).toBe(false);
    expect(selectorMatches(selector, { ...labels, canary: '' })).toBe(false);
  });

  it('select everything when empty and nothing when absent', () => {
    expect([selectorMatches({}, undefined), selectorMatches(undefined, { a: 'b' })]).toEqual([true, false]);
    expect(labelRequirements(undefined)).toBeUndefined();
  });

  it('refuse unknown operators and missing values', () => {
    expect(() => labelRequirements({ matchExpressions: [{ key: 'a', operator: 'Near' }] })).toThrow(
      '"Near" is not a valid label selector operator',
    );
    expect(() => labelRequirements({ matchExpressions: [{ key: 'a', operator: 'In', values: [] }] })).toThrow(
      "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    );
  });
});
