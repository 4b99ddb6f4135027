import { describe, expect, it } from 'vitest';
import { PersistentVolumeClaim, type ResourceQuota } from '../generated/core/v1.js';
import { ResourceClaim } from '../generated/resource/v1.js';
import { formatQuantity } from '../quantity.js';
import { matchesQuotaScopes } from './quota-scopes.js';
import { quotaConcerns, quotaUsage } from './quota-usage.js';

it('a claim of devices is charged by class, with what its alternatives would take at most', () => {
  const request = (deviceClassName: string, count?: number) => ({
    ...{ name: 'r', deviceClassName, allocationMode: count === undefined ? 'All' : 'ExactCount' },
    ...(count === undefined ? {} : { count }),
  });
  const claim: ResourceClaim = {
    metadata: { name: 'c' },
    spec: {
      devices: {
        requests: [
          { name: 'a', exactly: request('gpu', 2) },
          { name: 'b', firstAvailable: [request('gpu', 3), request('gpu', 1), request('nic', 1)] },
          { name: 'c', exactly: request('disk') },
        ],
      },
    },
  };
  const usage = quotaUsage(ResourceClaim, claim, 0);
  const text = Object.fromEntries(
    Object.entries(usage).map(([name, value]) => [name, formatQuantity(value)]),
  );
  expect(text).toEqual({
    'count/resourceclaims.resource.k8s.io': '1',
    'gpu.deviceclass.resource.k8s.io/devices': '5',
    'nic.deviceclass.resource.k8s.io/devices': '1',
    'disk.deviceclass.resource.k8s.io/devices': '32',
  });
  expect(quotaConcerns(ResourceClaim, 'gpu.deviceclass.resource.k8s.io/devices')).toBe(true);
  expect(quotaConcerns(ResourceClaim, 'pods')).toBe(false);
});

describe('the scope VolumeAttributesClass', () => {
  const quota = (operator: string, values?: string[]): ResourceQuota => ({
    metadata: { name: 'q' },
    spec: {
      scopeSelector: {
        matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator, ...(values && { values }) }],
      },
    },
  });
  const claim = (wanted?: string, current?: string): PersistentVolumeClaim => ({
    metadata: { name: 'c' },
    spec: wanted === undefined ? {} : { volumeAttributesClassName: wanted },
    status: current === undefined ? {} : { currentVolumeAttributesClassName: current },
  });
  it.each([
    [quota('Exists'), claim('gold'), true],
    [quota('Exists'), claim(), false],
    [quota('DoesNotExist'), claim(), true],
    [quota('In', ['gold']), claim('silver', 'gold'), true],
    [quota('In', ['gold']), claim('silver'), false],
    [quota('NotIn', ['gold']), claim(), true],
  ])('takes a claim in by all classes that it has or wants', (of, object, expected) => {
    expect(matchesQuotaScopes(of, PersistentVolumeClaim.plural, object)).toBe(expected);
  });
});
