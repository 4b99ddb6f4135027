import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkFieldSelector,
  fieldText,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
} from './field-selector.js';
import { ConfigMap, Pod } from './generated/core/v1.js';

const pod = {
  metadata: { name: 'a', namespace: 'default' },
  spec: { hostNetwork: true },
  status: { phase: 'Running' },
};
const matches = (text: string) => matchesFields(parseFieldSelector(text), (field) => fieldText(pod, field));

describe('field selectors', () => {
  it.each([
    // The examples of the documentation's page on field selectors.
    ['status.phase=Running', true],
    ['metadata.namespace!=default', false],
    ['status.phase!=Running,spec.restartPolicy=Always', false],
    ['metadata.name==a', true],
    ['spec.hostNetwork=true', true],
    ['spec.nodeName=', true],
    ['spec.nodeName!=', false],
    ['', true],
    [',,metadata.name=a,', true],
  ])('%j is %s', (text, expected) => {
    expect(matches(text)).toBe(expected);
  });

  it.each([
    ['a', "invalid selector: 'a'; can't understand 'a'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\b', 'invalid field selector: invalid escape sequence: \\b'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('refuses %j: %s', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });

  it('read back what they print', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const requirements = [{ field: 'metadata.name', operator: '=', value } as const];
        expect(parseFieldSelector(formatFieldSelector(requirements))).toEqual(requirements);
      }),
    );
  });

  it('name only fields that the kind offers', () => {
    expect(() =>
      checkFieldSelector(parseFieldSelector('spec.nodeName=a,metadata.name=b'), Pod),
    ).not.toThrow();
    expect(() => checkFieldSelector(parseFieldSelector('spec.foo=a'), Pod)).toThrow(
      'field label not supported: spec.foo',
    );
    expect(() => checkFieldSelector(parseFieldSelector('data=a'), ConfigMap)).toThrow(
      '"data" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });
});
