import type { KubernetesObject } from '@kubewright/api';
import { describe, expect, it } from 'vitest';
import { ObjectCache } from './object-cache.js';
import { compareResourceVersions } from './resource-version.js';
import type { ObjectEvent } from './watch.js';

const object = (name: string, resourceVersion: string, uid = `uid-${name}`): KubernetesObject => ({
  metadata: { name, namespace: 'default', uid, resourceVersion },
});

function brief(events: Iterable<{ type: string; object?: KubernetesObject; observed?: boolean }>): string[] {
  return [...events].map(({ type, object: about, observed }) =>
    [
      type,
      about && `${about.metadata.name}@${about.metadata.resourceVersion}`,
      observed === false && 'unobserved',
    ]
      .filter(Boolean)
      .join(' '),
  );
}

function cacheOf(...items: KubernetesObject[]): ObjectCache<KubernetesObject> {
  const cache = new ObjectCache<KubernetesObject>();
  brief(cache.replace(items, '10'));
  return cache;
}

const event = (type: ObjectEvent<KubernetesObject>['type'], about: KubernetesObject) => ({
  type,
  object: about,
});

describe('ObjectCache', () => {
  it('tells a list as its differences from what was known', () => {
    const cache = cacheOf(object('a', '1'), object('b', '2'), object('c', '3'));
    const list = [object('a', '1'), object('b', '12'), object('d', '13')];
    expect(brief(cache.replace(list, '20'))).toEqual([
      'deleted c@3 unobserved',
      'modified b@12',
      'added d@13',
      'synced',
    ]);
    expect(cache.resourceVersion).toBe('20');
    expect(cache.size).toBe(3);
  });

  it('sees that an object with the same name is another one', () => {
    const cache = cacheOf(object('a', '1', 'one'));
    expect(brief(cache.take(event('MODIFIED', object('a', '11', 'two'))))).toEqual([
      'deleted a@1 unobserved',
      'added a@11',
    ]);
    expect(cache.size).toBe(1);
  });

  it('drops what is not newer than what it knows', () => {
    const cache = cacheOf(object('a', '9'));
    expect(brief(cache.take(event('MODIFIED', object('a', '10'))))).toEqual([]);
    expect(brief(cache.take(event('DELETED', object('a', '11'))))).toEqual(['deleted a@11']);
    expect(brief(cache.take(event('ADDED', object('a', '9'))))).toEqual([]);
    expect(brief(cache.take(event('BOOKMARK', object('', '5'))))).toEqual([]);
    expect(cache.resourceVersion).toBe('11');
    expect(cache.size).toBe(0);
  });

  it('compares revisions as numbers of any length', () => {
    expect(compareResourceVersions('9', '10')).toBeLessThan(0);
    expect(compareResourceVersions('18446744073709551615', '18446744073709551614')).toBeGreaterThan(0);
    expect(compareResourceVersions('7', '7')).toBe(0);
    expect(compareResourceVersions('7', 'x')).toBeUndefined();
    expect(compareResourceVersions('', '7')).toBeUndefined();
  });
});
