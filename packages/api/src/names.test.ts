import { describe, expect, it } from 'vitest';
import {
  configMapKeyErrors,
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  environmentNameErrors,
  labelValueErrors,
  pathSegmentErrors,
  portNameErrors,
  qualifiedNameErrors,
  wildcardDns1123SubdomainErrors,
} from './names.js';

describe('names', () => {
  it.each([
    [
      dns1123LabelErrors,
      ['a', 'web-1', '1', 'a'.repeat(63)],
      ['', 'A', 'a_b', '-a', 'a-', 'a.b', 'a'.repeat(64), 'a\n'],
    ],
    [
      dns1123SubdomainErrors,
      ['a', 'a.b', 'web-1.example.com', '1.2'],
      ['', 'A', 'a..b', '.a', 'a.', 'a b', 'a.'.repeat(127)],
    ],
    [dns1035LabelErrors, ['a', 'a1', 'a-1'], ['', '1a', 'a.b', 'A', 'a'.repeat(64)]],
    [wildcardDns1123SubdomainErrors, ['*.a', '*.foo.bar.com'], ['*', '*.*.a', 'foo.*.com', 'a.b']],
    [
      qualifiedNameErrors,
      ['simple', 'now-with-dashes', '1.2', 'example.com/MyName', 'a_b.c', 'a'.repeat(63)],
      ['', '/', 'a/', '/a', 'a/b/c', 'Upper.com/a', 'nospecial%', '-a', 'a'.repeat(64)],
    ],
    [labelValueErrors, ['', 'a', 'A_b.c-1'], ['-a', 'a-', 'a/b', 'a b', 'a'.repeat(64)]],
    [portNameErrors, ['http', 'a1', '9p'], ['', '80', 'a--b', '-a', 'A', 'toolongaportname1']],
    [configMapKeyErrors, ['a', 'KEY_NAME', '.hidden', 'a..b'], ['', '.', '..', '..a', 'a/b']],
    [environmentNameErrors, ['A', '1', 'a b', 'x.y-z'], ['', 'a=b', 'é', 'a\n']],
    [pathSegmentErrors, ['a', 'system:node', '...'], ['.', '..', 'a/b', 'a%b']],
  ] as const)('%o accepts and refuses', (errorsOf, valid, invalid) => {
    expect(valid.flatMap((value) => errorsOf(value))).toEqual([]);
    expect(invalid.filter((value) => errorsOf(value).length === 0)).toEqual([]);
  });

  it('words messages as clients know them', () => {
    expect(dns1123SubdomainErrors('Web')).toEqual([
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    expect(dns1123LabelErrors('a.b')).toEqual(['must not contain dots']);
    expect(dns1123LabelErrors('a'.repeat(64))).toEqual(['must be no more than 63 characters']);
    expect(labelValueErrors('a b')[0]).toContain("(e.g. 'MyValue',  or 'my_value',  or '12345', regex used");
  });
});
