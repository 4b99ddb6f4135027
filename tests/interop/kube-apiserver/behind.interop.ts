import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCondition } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { Service } from '@kubewright/api/core/v1';
import { expect, it, vi } from 'vitest';
import { startEtcd } from '../../etcd-process.js';
import { startFrontServer } from '../../front-server.js';
import { following, Kubectl } from '../../kubectl.js';
import { freePort, startKubeApiserver } from './kube-apiserver.js';

const schema = {
  type: 'object',
  properties: { spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1 } } } },
};

it('a kube-apiserver serves a group behind Kubewright, to kubectl', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-behind-'));
  const front = await startFrontServer();
  const kubectl = new Kubectl(front.kubeconfig);
  const etcd = await startEtcd();
  const port = await freePort();
  const requestHeaderCA = join(directory, 'requestheader.crt');
  await writeFile(requestHeaderCA, front.requestHeaderCA);
  const moreFlags = {
    'requestheader-client-ca-file': requestHeaderCA,
    'requestheader-allowed-names': front.proxyName,
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
  };
  const real = await startKubeApiserver(etcd, { directory, port, moreFlags });
  try {
    await real.client.resource(CustomResourceDefinition).create({
      metadata: { name: 'widgets.real.dev' },
      spec: {
        ...{ group: 'real.dev', scope: 'Namespaced' },
        names: { kind: 'Widget', plural: 'widgets' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    });
    await front.client
      .resource(Service)
      .namespace('default')
      .create({
        metadata: { name: 'real' },
        spec: { type: 'ExternalName', externalName: 'localhost' },
      });
    const services = front.client.resource(APIService);
    await services.create({
      metadata: { name: 'v1.real.dev' },
      spec: {
        ...{ group: 'real.dev', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10 },
        service: { name: 'real', namespace: 'default', port },
        insecureSkipTLSVerify: true,
      },
    });
    await vi.waitFor(
      async () =>
        expect(
          findCondition((await services.get('v1.real.dev')).status?.conditions, 'Available'),
        ).toMatchObject({
          status: 'True',
        }),
      { timeout: 30_000, interval: 100 },
    );
    const widget = (size: number) =>
      JSON.stringify({ apiVersion: 'real.dev/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { size } });
    const watching = following(kubectl.start('get widgets -w -o name'));
    expect(await kubectl.ok('create -f -', { input: widget(1) })).toBe('widget.real.dev/w created\n');
    await vi.waitFor(() => expect(watching.text()).toContain('widget.real.dev/w'), { timeout: 20_000 });
    expect(await kubectl.ok('get widget w -o jsonpath={.spec.size}')).toBe('1');
    expect(await kubectl.fails('apply --server-side --force-conflicts -f -', { input: widget(0) })).toContain(
      'should be greater than or equal to 1',
    );
    await vi.waitFor(async () => expect(await kubectl.ok('explain widget.spec')).toContain('size'), {
      timeout: 60_000,
      interval: 1000,
    });
    expect(await kubectl.fails('get widgets --as=jane')).toContain(
      'widgets.real.dev is forbidden: User "jane" cannot list resource "widgets" in API group "real.dev"',
    );
    await kubectl.ok('delete widget w');
  } finally {
    kubectl.close();
    await real.close();
    await etcd.close();
    await front.close();
    await rm(directory, { recursive: true, force: true });
  }
}, 240_000);
