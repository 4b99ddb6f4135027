import type { KubernetesObject } from '@kubewright/api';
import { ConfigMap, Pod } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import type { ResourceCache } from '../cache/resource-cache.js';
import { testContext } from '../kinds/test-context.js';
import { AdmissionMetrics } from '../metrics/admission-metrics.js';
import { Resource } from '../registry/resource.js';
import { AdmissionChain } from './admission-chain.js';
import type { AdmissionPlugin } from './admission-plugin.js';
import { AdmissionRequest } from './admission-request.js';
import { refusal } from './refusal.js';

const resourceOf = (kind: typeof Pod | typeof ConfigMap, admission: AdmissionPlugin[] = []) =>
  new Resource({ kind, admission } as never, () => ({}) as ResourceCache);
const pods = resourceOf(Pod);

function createOf(resource: Resource, object: KubernetesObject): AdmissionRequest {
  const { name = '', namespace = '' } = object.metadata;
  const context = testContext;
  return new AdmissionRequest({
    ...{ operation: 'CREATE', resource, subresource: '', namespace, name, object, context },
  });
}

const chainOf = (...plugins: AdmissionPlugin[]) => new AdmissionChain(plugins, new AdmissionMetrics());
const pod = (): KubernetesObject => ({ metadata: { name: 'web', namespace: 'default' } });

describe('the chain of plugins', () => {
  it('runs in order, first synchronously, then behind a plugin that waits', async () => {
    const seen: string[] = [];
    const chain = chainOf(
      { name: 'a', admit: () => void seen.push('a') },
      { name: 'b', admit: async () => void seen.push('b') },
      { name: 'c', admit: () => void seen.push('c') },
    );
    const admitted = chain.admit(createOf(pods, pod()));
    expect(seen).toEqual(['a', 'b']);
    await admitted;
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('waits for nothing where no plugin does', () => {
    expect(chainOf({ name: 'a', admit: () => undefined }).admit(createOf(pods, pod()))).toBeUndefined();
    expect(chainOf().validate(createOf(pods, pod()))).toBeUndefined();
  });

  it('asks a plugin once what it handles', () => {
    let asked = 0;
    let called = 0;
    const chain = chainOf({
      name: 'pods',
      handles: ({ resource }) => {
        asked++;
        return resource === pods;
      },
      validate: () => void called++,
    });
    for (let i = 0; i < 3; i++) {
      chain.validate(createOf(pods, pod()));
      chain.validate(createOf(configMaps, pod()));
    }
    expect({ asked, called }).toEqual({ asked: 2, called: 3 });
    const target = { operation: 'CREATE', subresource: '' } as const;
    expect(chain.concerns({ ...target, resource: pods })).toBe(true);
    expect(chain.concerns({ ...target, resource: configMaps })).toBe(false);
  });

  it('stops at the first refusal, in words of the API', async () => {
    const chain = chainOf(
      {
        name: 'no',
        admit: (request) => {
          throw refusal(request, 'not today');
        },
      },
      { name: 'never', admit: () => expect.unreachable() },
    );
    expect(() => chain.admit(createOf(pods, pod()))).toThrow('pods "web" is forbidden: not today');
    const slow = chainOf({ name: 'slow', validate: () => Promise.reject(new Error('down')) });
    await expect(slow.validate(createOf(pods, pod()))).rejects.toThrow('down');
  });

  it('runs a second round once where a plugin asks for it', () => {
    const rounds: boolean[] = [];
    const chain = chainOf(
      { name: 'early', admit: (request) => void rounds.push(request.isSecondRound) },
      { name: 'late', admit: (request) => request.askForSecondRound() },
    );
    chain.admit(createOf(pods, pod()));
    expect(rounds).toEqual([false, true]);
  });

  it('ends with the admission of the kind itself', () => {
    const seen: string[] = [];
    const own = resourceOf(ConfigMap, [{ name: 'own', admit: () => void seen.push('own') }]);
    const chain = chainOf({ name: 'server', admit: () => void seen.push('server') });
    chain.admit(createOf(own, pod()));
    chain.admit(createOf(pods, pod()));
    expect(seen).toEqual(['server', 'own', 'server']);
  });

  it('leaves the inner writes of an admitted request alone', () => {
    const chain = chainOf({ name: 'never', admit: () => expect.unreachable() });
    const { resource, object } = createOf(pods, pod());
    const inner = { ...testContext, admitted: true } as const;
    const fields = {
      operation: 'CREATE',
      resource,
      subresource: '',
      namespace: '',
      name: '',
      object,
    } as const;
    expect(chain.admit(new AdmissionRequest({ ...fields, context: inner }))).toBeUndefined();
  });
});

const configMaps = resourceOf(ConfigMap);
