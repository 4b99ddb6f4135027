import type { ObjectOf } from '@kubewright/api';
import { HorizontalPodAutoscaler } from '@kubewright/api/autoscaling/v2';
import { builtinKinds } from '@kubewright/api/builtin';
import { Pod } from '@kubewright/api/core/v1';
import { definitions } from '@kubewright/api/schemas';
import { describe, expect, it } from 'vitest';

describe('the modules of the built-in kinds', () => {
  it('carry identity, names and subresources', () => {
    expect(Pod).toMatchObject({
      group: '',
      apiVersion: 'v1',
      plural: 'pods',
      shortNames: ['po'],
      categories: ['all'],
      scope: 'Namespaced',
    });
    expect(Pod.subresources.eviction).toEqual({
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    });
    expect(Pod.subresources.exec).toMatchObject({ verbs: ['create', 'get'], connect: true });
    expect(Pod.subresources.log).toMatchObject({ verbs: ['get'] });
    expect(HorizontalPodAutoscaler.apiVersion).toBe('autoscaling/v2');
  });

  it('type objects so that a literal is checked', () => {
    const pod: ObjectOf<typeof Pod> = {
      metadata: { name: 'a', labels: undefined },
      spec: { containers: [{ name: 'web', resources: { limits: { cpu: 1, memory: '1Gi' } } }] },
    };
    // @ts-expect-error a container has a name
    const wrong: Pod = { metadata: {}, spec: { containers: [{}] } };
    expect([pod.spec?.containers.length, wrong.spec?.containers.length]).toEqual([1, 1]);
  });

  it('resolve every reference of every schema', () => {
    let references = 0;
    JSON.stringify(definitions.all(), (key, value: unknown) => {
      if (key === '$ref' && typeof value === 'string') {
        references += 1;
        definitions.get(value);
      }
      return value;
    });
    expect(references).toBeGreaterThan(700);
    for (const kind of builtinKinds) expect(kind.schema.root.type, kind.kind).toBe('object');
  });

  it('find bodies that are no resources by their kind', () => {
    expect(definitions.ofKind('policy', 'v1', 'Eviction')?.name).toBe('io.k8s.api.policy.v1.Eviction');
    expect(definitions.ofKind('', 'v1', 'PodList')?.root.properties?.items?.type).toBe('array');
    expect(definitions.ofKind('', 'v1', 'Nothing')).toBeUndefined();
  });
});
