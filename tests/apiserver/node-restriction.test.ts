import { Lease } from '@kubewright/api/coordination/v1';
import { Node, Pod, ServiceAccount } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let test: TestServer;
let kubelet: Client;

const container = { name: 'c', image: 'i' };

beforeAll(async () => {
  test = await startTestServer({
    authorization: { modes: ['Node', 'RBAC'] },
    enableAdmissionPlugins: ['NodeRestriction'],
  });
  kubelet = test.clientFor({ name: 'system:node:a', groups: ['system:nodes'] });
});
afterAll(() => test.close());

describe('a kubelet and its node', () => {
  const nodes = () => kubelet.resource(Node);

  it('registers itself, with labels that are its own to set', async () => {
    await expect(nodes().create({ metadata: { name: 'b' } })).rejects.toThrow(
      'nodes "b" is forbidden: node "a" is not allowed to modify node "b"',
    );
    const restricted = { 'node-restriction.kubernetes.io/secret': 'x', 'k8s.io/y': 'z', mine: 'a' };
    await expect(nodes().create({ metadata: { name: 'a', labels: restricted } })).rejects.toThrow(
      'node "a" is not allowed to set the following labels: k8s.io/y, node-restriction.kubernetes.io/secret',
    );
    const labels = { 'kubernetes.io/hostname': 'a', 'node.kubernetes.io/x': 'y', mine: 'a' };
    await nodes().create({ metadata: { name: 'a', labels } });
  });

  it('changes neither its taints nor labels that steer pods', async () => {
    await expect(
      nodes().patchMerge('a', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
    ).rejects.toThrow('node "a" is not allowed to modify taints');
    await expect(
      nodes().patchMerge('a', { metadata: { labels: { 'kubernetes.io/other': 'x' } } }),
    ).rejects.toThrow('is not allowed to modify labels: kubernetes.io/other');
    await nodes().status.patchMerge('a', { status: { nodeInfo: undefined } });
  });

  it('renews its own lease alone', async () => {
    const leases = kubelet.resource(Lease).namespace('kube-node-lease');
    await leases.create({ metadata: { name: 'a' } });
    await expect(leases.create({ metadata: { name: 'b' } })).rejects.toThrow(
      'can only access node lease with the same name as the requesting node',
    );
  });
});

describe('a kubelet and pods', () => {
  const pods = () => kubelet.resource(Pod).namespace('default');

  it('reports on its own pods, and not by labels', async () => {
    for (const nodeName of ['a', 'b'])
      await test.client.resource(Pod).create({
        metadata: { name: `on-${nodeName}`, namespace: 'default' },
        spec: { nodeName, containers: [container] },
      });
    await pods().status.patchMerge('on-a', { status: { phase: 'Running' } });
    await expect(pods().status.patchMerge('on-b', { status: { phase: 'Running' } })).rejects.toThrow(
      'node "a" can only update pod status for pods with spec.nodeName set to itself',
    );
    await expect(pods().status.patchMerge('on-a', { metadata: { labels: { a: 'b' } } })).rejects.toThrow(
      'node "a" cannot update labels through pod status',
    );
  });

  it('deletes its own pods', async () => {
    await expect(pods().delete('on-b')).rejects.toThrow(
      'node "a" can only delete pods with spec.nodeName set to itself',
    );
    await pods().delete('on-a', { gracePeriodSeconds: 0 });
  });

  it('creates mirrors of static pods that refer to nothing', async () => {
    const { metadata } = await kubelet.resource(Node).get('a');
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'a', uid: metadata.uid ?? '', controller: true };
    const mirror = (name: string, spec: object = {}) => ({
      metadata: {
        name,
        annotations: { 'kubernetes.io/config.mirror': 'x' },
        ownerReferences: [owner],
      },
      spec: { nodeName: 'a', containers: [container], ...spec },
    });
    await pods().create(mirror('static'));
    const plain = mirror('plain');
    await expect(pods().create({ ...plain, metadata: { name: 'plain' } })).rejects.toThrow(
      'pod does not have "kubernetes.io/config.mirror" annotation, node "a" can only create mirror pods',
    );
    await expect(pods().create(mirror('elsewhere', { nodeName: 'b' }))).rejects.toThrow(
      'node "a" can only create pods with spec.nodeName set to itself',
    );
    const secret = { volumes: [{ name: 's', secret: { secretName: 'any' } }] };
    await expect(pods().create(mirror('reader', secret))).rejects.toThrow(
      'node "a" can not create pods that reference secrets',
    );
  });

  it('asks for tokens of its own pods', async () => {
    await test.client.resource(ServiceAccount).create({ metadata: { name: 'bot', namespace: 'default' } });
    const pod = await test.client.resource(Pod).create({
      metadata: { name: 'bots', namespace: 'default' },
      spec: { nodeName: 'a', serviceAccountName: 'bot', containers: [container] },
    });
    const ask = (boundObjectRef?: object) =>
      kubelet.requester.json({
        method: 'POST',
        path: '/api/v1/namespaces/default/serviceaccounts/bot/token',
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: [], ...(boundObjectRef === undefined ? {} : { boundObjectRef }) },
        },
      });
    await expect(ask()).rejects.toThrow('node requested token not bound to a pod');
    const bound = { apiVersion: 'v1', kind: 'Pod', name: 'bots' };
    await expect(ask({ ...bound, uid: 'other' })).rejects.toThrow('does not match the UID in record');
    await expect(ask({ ...bound, uid: pod.metadata.uid })).rejects.toThrow(
      'audience "" not found in pod spec volume, system:node:a is not authorized to request tokens for this audience',
    );
  });
});
