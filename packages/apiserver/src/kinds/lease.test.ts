import type { Lease } from '@kubewright/api/coordination/v1';
import { expect, test } from 'vitest';
import { leaseRules } from './lease.js';
import { testContext } from './test-context.js';

test.each<[string, Lease['spec'], string[]]>([
  ['a lease that its holder has let go', { holderIdentity: '', leaseDurationSeconds: 1 }, []],
  ['no spec', undefined, []],
  [
    'numbers below their range',
    { leaseDurationSeconds: 0, leaseTransitions: -1 },
    [
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  ['strategies', { strategy: 'OldestEmulationVersion', preferredHolder: 'a' }, []],
  ['the strategy of somebody else', { strategy: 'example.com/mine' }, []],
  [
    'an unknown strategy',
    { strategy: 'Mine' },
    ['spec.strategy.strategy: Unsupported value: "Mine": supported values: "OldestEmulationVersion"'],
  ],
  [
    'a preferred holder without strategy',
    { preferredHolder: 'a' },
    ['spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined'],
  ],
])('%s', (_, spec, expected) => {
  const lease: Lease = { metadata: { name: 'x' }, ...(spec === undefined ? {} : { spec }) };
  const errors = leaseRules.validate?.(lease, testContext) ?? [];
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});
