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
])('%s', (_, spec, expected) => {
  const lease: Lease = { metadata: { name: 'x' }, ...(spec === undefined ? {} : { spec }) };
  const errors = leaseRules.validate?.(lease, testContext) ?? [];
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});

test('the coordinated election of leaders, which is off by default, is taken and forgotten', () => {
  const lease: Lease = { metadata: { name: 'x' }, spec: { strategy: 'Any', preferredHolder: 'a' } };
  leaseRules.prepareForCreate?.(lease, testContext);
  expect(lease.spec).toEqual({});
});
