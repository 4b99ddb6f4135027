import type { KubernetesObject } from '@kubewright/api';
import { VirtualClock } from '@kubewright/client';
import { describe, expect, it } from 'vitest';
import { planClaim } from './claim.js';
import { OwnWrites } from './own-writes.js';

const object = (name: string, resourceVersion: string, more: Partial<KubernetesObject['metadata']> = {}) => ({
  metadata: { name, namespace: 'default', uid: name, resourceVersion, ...more },
});

describe('own writes', () => {
  function setUp() {
    const objects = new Map<string, KubernetesObject>();
    const cache = {
      resourceVersion: '10',
      get: (name: string) => objects.get(name),
      put: (each: KubernetesObject) => objects.set(each.metadata.name ?? '', each),
    };
    const clock = new VirtualClock();
    return { cache, clock, objects, own: new OwnWrites(cache, { clock }) };
  }

  it('are seen when the cache has them, or is newer', () => {
    const { cache, own } = setUp();
    expect(own.seen('k')).toBe(true);
    own.stored('k', object('a', '12'));
    own.stored('k', object('b', '13'));
    expect([own.seen('k'), own.seen('other')]).toEqual([false, true]);
    cache.put(object('a', '11'));
    expect(own.seen('k')).toBe(false);
    cache.put(object('a', '12'));
    expect(own.seen('k')).toBe(false);
    cache.resourceVersion = '13';
    expect(own.seen('k')).toBe(true);
  });

  it('that delete are seen when the object is gone, going, or another', () => {
    const { cache, objects, own } = setUp();
    for (const after of [
      undefined,
      object('a', '12', { deletionTimestamp: 'now' }),
      object('a', '12', { uid: 'z' }),
    ]) {
      cache.put(object('a', '9'));
      own.deleted('k', object('a', '9'));
      expect(own.seen('k')).toBe(false);
      if (after === undefined) objects.delete('a');
      else cache.put(after);
      expect(own.seen('k')).toBe(true);
    }
  });

  it('that never show are given up', async () => {
    const { clock, own } = setUp();
    own.stored('k', object('a', '12'));
    await clock.advance(299_999);
    expect(own.seen('k')).toBe(false);
    await clock.advance(1);
    expect(own.seen('k')).toBe(true);
  });
});

describe('a claim', () => {
  const owner = object('owner', '1');
  const ref = (uid: string) => [{ apiVersion: 'v1', kind: 'X', name: uid, uid, controller: true }];
  const candidates = [
    object('mine', '1', { ownerReferences: ref('owner'), labels: { a: '1' } }),
    object('lost', '1', { ownerReferences: ref('owner') }),
    object('theirs', '1', { ownerReferences: ref('other'), labels: { a: '1' } }),
    object('orphan', '1', { labels: { a: '1' } }),
    object('ending', '1', { labels: { a: '1' }, deletionTimestamp: 'now' }),
    object('stranger', '1'),
  ];
  const names = (of: KubernetesObject) => {
    const plan = planClaim(of, candidates, ({ metadata }) => metadata.labels?.a === '1');
    return Object.entries(plan).map(([what, list]) => [
      what,
      (list as KubernetesObject[]).map(({ metadata }) => metadata.name),
    ]);
  };

  it('keeps, adopts and releases by selector and controller', () => {
    expect(names(owner)).toEqual([
      ['keep', ['mine']],
      ['adopt', ['orphan']],
      ['release', ['lost']],
    ]);
  });

  it('of an owner that is deleted changes nothing', () => {
    expect(names(object('owner', '1', { deletionTimestamp: 'now' }))).toEqual([
      ['keep', ['mine']],
      ['adopt', []],
      ['release', []],
    ]);
  });
});
