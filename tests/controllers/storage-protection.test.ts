import { isNotFound, type KubernetesObject } from '@kubewright/api';
import { PersistentVolume, PersistentVolumeClaim, Pod } from '@kubewright/api/core/v1';
import { VolumeAttributesClass } from '@kubewright/api/storage/v1';
import type { ResourceClient } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({
    controllers: [
      ...['persistentvolumeclaim-protection-controller', 'persistentvolume-protection-controller'],
      'volumeattributesclass-protection-controller',
    ],
  });
});
afterAll(() => api.close());

const claims = () => api.client.resource(PersistentVolumeClaim).namespace('default');
const claimOf = (name: string, volumeAttributesClassName?: string): PersistentVolumeClaim => ({
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...(volumeAttributesClassName === undefined ? {} : { volumeAttributesClassName }),
  },
});
const goes = <T extends KubernetesObject>(resource: ResourceClient<T>, name: string) =>
  expect.poll(() => resource.get(name).catch(isNotFound)).toBe(true);
const waits = async <T extends KubernetesObject>(resource: ResourceClient<T>, name: string) =>
  expect((await resource.get(name)).metadata.deletionTimestamp).toBeDefined();

it('a claim goes when no pod on a node has it any more', async () => {
  const pods = api.client.resource(Pod).namespace('default');
  await claims().create(claimOf('data'));
  await pods.create({
    metadata: { name: 'user' },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'main', image: 'x' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await claims().delete('data');
  await claims().create(claimOf('unused'));
  await claims().delete('unused');
  await goes(claims(), 'unused');
  await waits(claims(), 'data');
  await pods.delete('user', { gracePeriodSeconds: 0 });
  await goes(claims(), 'data');
});

it('a class of attributes goes when no claim and no volume has it any more', async () => {
  const classes = api.client.resource(VolumeAttributesClass);
  const volumes = api.client.resource(PersistentVolume);
  for (const name of ['gold', 'silver'])
    await classes.create({ metadata: { name }, driverName: 'd.example.org', parameters: { iops: '1' } });
  await claims().create(claimOf('fast', 'gold'));
  await volumes.create({
    metadata: { name: 'v' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      csi: { driver: 'd.example.org', volumeHandle: 'h' },
      volumeAttributesClassName: 'gold',
    },
  });
  for (const name of ['gold', 'silver']) await classes.delete(name);
  await goes(classes, 'silver');
  await waits(classes, 'gold');
  await claims().delete('fast');
  await goes(claims(), 'fast');
  await waits(classes, 'gold');
  await volumes.delete('v');
  await goes(volumes, 'v');
  await goes(classes, 'gold');
});
