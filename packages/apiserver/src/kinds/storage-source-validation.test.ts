import type { PersistentVolume, Pod } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { judge } from './judge.test.support.js';
import { persistentVolumeRules } from './persistent-volume.js';
import { podRules } from './pod.js';

// What Kubernetes 1.36.2 says of each, told by its own strategies; what it says twice stands here once.

const inPods: readonly [object, string[]][] = [
  [{ gcePersistentDisk: {} }, ['spec.volumes[0].persistentDisk.pdName: Required value']],
  [
    { gcePersistentDisk: { pdName: 'p', partition: 256 } },
    ['spec.volumes[0].persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive'],
  ],
  [
    { awsElasticBlockStore: { partition: -1 } },
    [
      'spec.volumes[0].awsElasticBlockStore.volumeID: Required value',
      'spec.volumes[0].awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive',
    ],
  ],
  [
    { iscsi: {} },
    ['spec.volumes[0].iscsi.targetPortal: Required value', 'spec.volumes[0].iscsi.iqn: Required value'],
  ],
  [
    { iscsi: { targetPortal: 'p', iqn: 'x', lun: 256 } },
    [
      'spec.volumes[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
      'spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ],
  ],
  [
    { iscsi: { targetPortal: 'p', iqn: 'iqn.x', lun: 1, chapAuthSession: true } },
    [
      'spec.volumes[0].iscsi.iqn: Invalid value: "iqn.x": must be valid format',
      'spec.volumes[0].iscsi.secretRef: Required value',
    ],
  ],
  [
    { iscsi: { targetPortal: 'p', iqn: 'eui.0123456789abcdef', lun: 0, initiatorName: 'naa.1' } },
    ['spec.volumes[0].iscsi.initiatorname: Invalid value: "naa.1": must be valid format'],
  ],
  [
    { glusterfs: {} },
    ['spec.volumes[0].glusterfs.endpoints: Required value', 'spec.volumes[0].glusterfs.path: Required value'],
  ],
  [
    { flocker: {} },
    ['spec.volumes[0].flocker: Required value: one of datasetName and datasetUUID is required'],
  ],
  [
    { flocker: { datasetName: 'a/b', datasetUUID: 'u' } },
    [
      'spec.volumes[0].flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously',
      'spec.volumes[0].flocker.datasetName: Invalid value: "a/b": must not contain \'/\'',
    ],
  ],
  [
    { rbd: {} },
    ['spec.volumes[0].rbd.monitors: Required value', 'spec.volumes[0].rbd.image: Required value'],
  ],
  [
    { cinder: { secretRef: {} } },
    [
      'spec.volumes[0].cinder.volumeID: Required value',
      'spec.volumes[0].cinder.secretRef.name: Required value',
    ],
  ],
  [{ cephfs: {} }, ['spec.volumes[0].cephfs.monitors: Required value']],
  [
    { quobyte: {} },
    [
      'spec.volumes[0].quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas',
      'spec.volumes[0].quobyte.volume: Required value',
    ],
  ],
  [
    { quobyte: { registry: 'a:1,b', volume: 'v' } },
    [
      'spec.volumes[0].quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by commas',
    ],
  ],
  [
    {
      quobyte: {
        registry: 'a:1',
        volume: 'v',
        tenant: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
      },
    },
    [
      'spec.volumes[0].quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters',
    ],
  ],
  [
    { fc: {} },
    ['spec.volumes[0].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both'],
  ],
  [
    { fc: { targetWWNs: ['a'] } },
    ['spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified'],
  ],
  [
    { fc: { targetWWNs: ['a'], wwids: ['b'], lun: 256 } },
    [
      'spec.volumes[0].fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously',
      'spec.volumes[0].fc.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ],
  ],
  [{ flexVolume: {} }, ['spec.volumes[0].flexVolume.driver: Required value']],
  [
    { flexVolume: { driver: 'd', options: { 'a.k8s.io/b': 'c' } } },
    [
      'spec.volumes[0].flexVolume.options[a.k8s.io/b]: Invalid value: "a.k8s.io/b": kubernetes.io and k8s.io namespaces are reserved',
    ],
  ],
  [
    { azureFile: {} },
    [
      'spec.volumes[0].azureFile.secretName: Required value',
      'spec.volumes[0].azureFile.shareName: Required value',
    ],
  ],
  [{ vsphereVolume: {} }, ['spec.volumes[0].vsphereVolume.volumePath: Required value']],
  [{ photonPersistentDisk: {} }, ['spec.volumes[0].photonPersistentDisk.pdID: Required value']],
  [{ portworxVolume: {} }, ['spec.volumes[0].portworxVolume.volumeID: Required value']],
  [
    { azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Managed', cachingMode: 'Odd' } },
    [
      'spec.volumes[0].azureDisk.cachingMode: Unsupported value: "Odd": supported values: "None", "ReadOnly", "ReadWrite"',
      'spec.volumes[0].azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ],
  ],
  [
    { azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Dedicated' } },
    [
      'spec.volumes[0].azureDisk.diskURI: Unsupported value: "x": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
    ],
  ],
  [
    { scaleIO: {} },
    [
      'spec.volumes[0].scaleIO.gateway: Required value',
      'spec.volumes[0].scaleIO.system: Required value',
      'spec.volumes[0].scaleIO.volumeName: Required value',
    ],
  ],
  [{ storageos: {} }, ['spec.volumes[0].storageos.volumeName: Required value']],
  [
    { storageos: { volumeName: 'A.b', volumeNamespace: '_', secretRef: {} } },
    [
      "spec.volumes[0].storageos.volumeName: Invalid value: \"A.b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      "spec.volumes[0].storageos.volumeNamespace: Invalid value: \"_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'spec.volumes[0].storageos.secretRef.name: Required value',
    ],
  ],
  [
    { nfs: {} },
    [
      'spec.volumes[0].nfs.server: Required value',
      'spec.volumes[0].nfs.path: Required value',
      'spec.volumes[0].nfs.path: Invalid value: "": must be an absolute path',
    ],
  ],
  [
    { csi: { driver: 'd_' } },
    [
      "spec.volumes[0].csi.driver: Invalid value: \"d_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    { csi: { driver: 'd', nodePublishSecretRef: { name: '_' } } },
    [
      "spec.volumes[0].csi.name: Invalid value: \"_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    { csi: { driver: 'd', nodePublishSecretRef: {} } },
    ['spec.volumes[0].csi.nodePublishSecretRef.name: Required value'],
  ],
  [
    {
      ephemeral: {
        volumeClaimTemplate: {
          metadata: { name: 'n', labels: { _: 'x' } },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } },
        },
      },
    },
    [
      "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.labels: Invalid value: \"_\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
    ],
  ],
  [{ projected: { sources: [{ clusterTrustBundle: { path: 'p' } }] } }, []],
  [{ projected: { sources: [{ clusterTrustBundle: { path: '..p', name: '_', labelSelector: {} } }] } }, []],
  [{ projected: { sources: [{ clusterTrustBundle: { signerName: 'x', path: '/p' } }] } }, []],
  [{ projected: { sources: [{ podCertificate: { signerName: 'a.b/c', keyType: 'Odd' } }] } }, []],
  [
    {
      projected: {
        sources: [
          {
            podCertificate: {
              signerName: 'kubernetes.io/c',
              keyType: 'ED25519',
              keyPath: 'k',
              certificateChainPath: 'k',
              maxExpirationSeconds: 86401,
            },
          },
        ],
      },
    },
    [],
  ],
  [
    {
      projected: {
        sources: [
          {
            podCertificate: {
              signerName: 'a.b/c',
              keyType: 'RSA3072',
              credentialBundlePath: '/x',
              userAnnotations: { plain: 'x' },
              maxExpirationSeconds: 60,
            },
          },
        ],
      },
    },
    [],
  ],
  [
    { projected: { sources: [{ serviceAccountToken: { path: '' } }] } },
    [
      'spec.volumes[0].projected.path: Required value',
      'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
    ],
  ],
  [
    { emptyDir: {}, cephfs: { monitors: ['a'] }, downwardAPI: {} },
    [
      'spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type',
      'spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type',
    ],
  ],
  [
    { gcePersistentDisk: { pdName: 'x' }, nfs: { server: 's', path: '/p' } },
    ['spec.volumes[0].nfs: Forbidden: may not specify more than 1 volume type'],
  ],
];

const inVolumes: readonly [object, string[]][] = [
  [{ gcePersistentDisk: {} }, ['spec.persistentDisk.pdName: Required value']],
  [
    { gcePersistentDisk: { pdName: 'p', partition: 256 } },
    ['spec.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive'],
  ],
  [
    { awsElasticBlockStore: { partition: -1 } },
    [
      'spec.awsElasticBlockStore.volumeID: Required value',
      'spec.awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive',
    ],
  ],
  [{ iscsi: {} }, ['spec.iscsi.targetPortal: Required value', 'spec.iscsi.iqn: Required value']],
  [
    { iscsi: { targetPortal: 'p', iqn: 'x', lun: 256 } },
    [
      'spec.iscsi.iqn: Invalid value: "x": must be valid format',
      'spec.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ],
  ],
  [
    { iscsi: { targetPortal: 'p', iqn: 'iqn.x', lun: 1, chapAuthSession: true } },
    ['spec.iscsi.iqn: Invalid value: "iqn.x": must be valid format', 'spec.iscsi.secretRef: Required value'],
  ],
  [
    { iscsi: { targetPortal: 'p', iqn: 'eui.0123456789abcdef', lun: 0, initiatorName: 'naa.1' } },
    ['spec.iscsi.initiatorname: Invalid value: "naa.1": must be valid format'],
  ],
  [{ glusterfs: {} }, ['spec.glusterfs.endpoints: Required value', 'spec.glusterfs.path: Required value']],
  [{ flocker: {} }, ['spec.flocker: Required value: one of datasetName and datasetUUID is required']],
  [
    { flocker: { datasetName: 'a/b', datasetUUID: 'u' } },
    [
      'spec.flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously',
      'spec.flocker.datasetName: Invalid value: "a/b": must not contain \'/\'',
    ],
  ],
  [{ rbd: {} }, ['spec.rbd.monitors: Required value', 'spec.rbd.image: Required value']],
  [
    { cinder: { secretRef: {} } },
    [
      'spec.cinder.volumeID: Required value',
      'spec.cinder.secretRef.name: Required value',
      'spec.cinder.secretRef.namespace: Required value',
    ],
  ],
  [{ cephfs: {} }, ['spec.cephfs.monitors: Required value']],
  [
    { quobyte: {} },
    [
      'spec.quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas',
      'spec.quobyte.volume: Required value',
    ],
  ],
  [
    { quobyte: { registry: 'a:1,b', volume: 'v' } },
    [
      'spec.quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by commas',
    ],
  ],
  [
    {
      quobyte: {
        registry: 'a:1',
        volume: 'v',
        tenant: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
      },
    },
    ['spec.quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters'],
  ],
  [{ fc: {} }, ['spec.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both']],
  [
    { fc: { targetWWNs: ['a'] } },
    ['spec.fc.lun: Required value: lun is required if targetWWNs is specified'],
  ],
  [
    { fc: { targetWWNs: ['a'], wwids: ['b'], lun: 256 } },
    [
      'spec.fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously',
      'spec.fc.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ],
  ],
  [{ flexVolume: {} }, ['spec.flexVolume.driver: Required value']],
  [
    { flexVolume: { driver: 'd', options: { 'a.k8s.io/b': 'c' } } },
    [
      'spec.flexVolume.options[a.k8s.io/b]: Invalid value: "a.k8s.io/b": kubernetes.io and k8s.io namespaces are reserved',
    ],
  ],
  [
    { azureFile: {} },
    ['spec.azureFile.secretName: Required value', 'spec.azureFile.shareName: Required value'],
  ],
  [{ vsphereVolume: {} }, ['spec.vsphereVolume.volumePath: Required value']],
  [{ photonPersistentDisk: {} }, ['spec.photonPersistentDisk.pdID: Required value']],
  [{ portworxVolume: {} }, ['spec.portworxVolume.volumeID: Required value']],
  [
    { azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Managed', cachingMode: 'Odd' } },
    [
      'spec.azureDisk.cachingMode: Unsupported value: "Odd": supported values: "None", "ReadOnly", "ReadWrite"',
      'spec.azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ],
  ],
  [
    { azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Dedicated' } },
    [
      'spec.azureDisk.diskURI: Unsupported value: "x": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
    ],
  ],
  [
    { scaleIO: {} },
    [
      'spec.scaleIO.gateway: Required value',
      'spec.scaleIO.system: Required value',
      'spec.scaleIO.volumeName: Required value',
    ],
  ],
  [{ storageos: {} }, ['spec.storageos.volumeName: Required value']],
  [
    { storageos: { volumeName: 'A.b', volumeNamespace: '_', secretRef: {} } },
    [
      "spec.storageos.volumeName: Invalid value: \"A.b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      "spec.storageos.volumeNamespace: Invalid value: \"_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'spec.storageos.secretRef.name: Required value',
      'spec.storageos.secretRef.namespace: Required value',
    ],
  ],
  [
    { nfs: {} },
    [
      'spec.nfs.server: Required value',
      'spec.nfs.path: Required value',
      'spec.nfs.path: Invalid value: "": must be an absolute path',
    ],
  ],
  [
    { csi: { driver: 'd_' } },
    [
      "spec.csi.driver: Invalid value: \"d_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.csi.volumeHandle: Required value',
    ],
  ],
  [
    {
      csi: {
        driver: 'd',
        volumeHandle: 'h',
        nodePublishSecretRef: { name: '_', namespace: 'a.b' },
        nodeStageSecretRef: {},
      },
    },
    [
      "spec.csi.nodePublishSecretRef.name: Invalid value: \"_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.csi.nodePublishSecretRef.namespace: Invalid value: "a.b": must not contain dots',
    ],
  ],
  [
    { cinder: { volumeID: 'v', secretRef: { name: 'n' } } },
    ['spec.cinder.secretRef.namespace: Required value'],
  ],
  [
    { storageos: { volumeName: 'v', secretRef: { name: 'n' } } },
    ['spec.storageos.secretRef.namespace: Required value'],
  ],
  [
    { glusterfs: { endpoints: 'e', path: 'p', endpointsNamespace: '' } },
    [
      'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
    ],
  ],
  [
    {
      iscsi: {
        targetPortal: 'pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp',
        iqn: 'iqn.2015-02.example.com:test',
        lun: 1,
        initiatorName: 'iqn.2015-02.example.com:test',
        secretRef: {},
      },
    },
    [
      'spec.iscsi.targetportal: Invalid value: "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      'spec.iscsi.secretRef.name: Required value',
    ],
  ],
  [
    { nfs: { server: 's', path: '/p' }, cephfs: { monitors: ['a'] }, flexVolume: {} },
    [
      'spec.cephFS: Forbidden: may not specify more than 1 volume type',
      'spec.flexVolume.driver: Required value',
    ],
  ],
];

describe('sources of volumes', () => {
  it.each(inPods)('in a pod, %j is judged as upstream does', (source, expected) => {
    const pod = {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'default' } },
      spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', ...source }] },
    } as Pod;
    expect(once(judge(podRules, pod))).toEqual(expected);
  });

  it.each(inVolumes)('in a persistent volume, %j is judged as upstream does', (source, expected) => {
    const volume = {
      ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'a' } },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...source },
    } as PersistentVolume;
    expect(once(judge(persistentVolumeRules, volume))).toEqual(expected);
  });
});

function once(errors: readonly string[]): string[] {
  return [...new Set(errors)];
}
