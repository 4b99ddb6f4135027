import { Deployment } from '@kubewright/api/apps/v1';
import { Namespace, Pod } from '@kubewright/api/core/v1';
import type { ClientOptions } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const latest = Number.POSITIVE_INFINITY;
const privileged = { level: 'privileged', minor: latest } as const;
const warnings: string[] = [];
const options: ClientOptions = { onWarning: (text) => void warnings.push(text) };
let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({
    client: options,
    podSecurity: {
      defaults: { enforce: privileged, audit: privileged, warn: privileged },
      exemptions: { usernames: ['trusted'], namespaces: ['exempt'], runtimeClasses: ['vm'] },
    },
  });
});
afterAll(() => api.close());
beforeEach(() => {
  warnings.length = 0;
});

const label = (mode: string) => `pod-security.kubernetes.io/${mode}`;
async function namespaceWith(name: string, labels: Record<string, string>): Promise<void> {
  const qualified = Object.fromEntries(Object.entries(labels).map(([mode, value]) => [label(mode), value]));
  await api.client.resource(Namespace).create({ metadata: { name, labels: qualified } });
}
const spec = { containers: [{ name: 'a', image: 'x' }], hostNetwork: true };
const pod = (name: string): Pod => ({ metadata: { name }, spec });

describe('a namespace', () => {
  it('keeps pods out that violate its level', async () => {
    await namespaceWith('enforced', { enforce: 'baseline', 'enforce-version': 'v1.30' });
    await expect(api.client.resource(Pod).namespace('enforced').create(pod('p'))).rejects.toThrow(
      'pods "p" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true)',
    );
    expect(warnings).toEqual([]);
  });

  it('warns of pods and of workloads', async () => {
    await namespaceWith('warned', { warn: 'baseline' });
    await api.client.resource(Pod).namespace('warned').create(pod('p'));
    const expected = 'would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)';
    expect(warnings).toEqual([expected]);
    warnings.length = 0;
    await namespaceWith('strict', { enforce: 'baseline' });
    const template = { metadata: { labels: { a: 'b' } }, spec };
    await api.client
      .resource(Deployment)
      .namespace('strict')
      .create({ metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } });
    expect(warnings).toEqual([expected]);
  });

  it('tells which of its pods a stricter level would not let in', async () => {
    await namespaceWith('open', {});
    const pods = api.client.resource(Pod).namespace('open');
    for (const name of ['b', 'a']) await pods.create(pod(name));
    await pods.create({ metadata: { name: 'c' }, spec: { containers: [{ name: 'a', image: 'x' }] } });
    const labels = { [label('enforce')]: 'baseline' };
    await api.client.resource(Namespace).patchMerge('open', { metadata: { labels } }, { dryRun: true });
    expect(warnings).toEqual([
      'existing pods in namespace "open" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 1 other pod): host namespaces',
    ]);
  });

  it('is refused with labels that say nothing, with all that is wrong', async () => {
    await expect(namespaceWith('wrong', { enforce: 'strict', 'warn-version': '1.30' })).rejects.toThrow(
      'Namespace "wrong" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.30": must be "latest" or "v1.x"]',
    );
  });

  it('that is exempt says so', async () => {
    await namespaceWith('exempt', { enforce: 'restricted' });
    expect(warnings).toEqual([
      'namespace "exempt" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored',
    ]);
    await api.client.resource(Pod).namespace('exempt').create(pod('p'));
  });
});

it('exempt users and runtime classes are not looked at', async () => {
  await namespaceWith('others', { enforce: 'restricted' });
  const trusted = api.clientFor({ name: 'trusted', groups: ['system:masters'] });
  await trusted.resource(Pod).namespace('others').create(pod('p'));
});
