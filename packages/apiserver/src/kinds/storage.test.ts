import { expect, test } from 'vitest';
import { judge, judgeUpdate } from './judge.test.support.js';
import type { KindRules } from './kind-rules.js';
import { persistentVolumeClaimRules, persistentVolumeRules } from './persistent-volume.js';
import {
  csiDriverRules,
  csiNodeRules,
  csiStorageCapacityRules,
  storageClassRules,
  volumeAttachmentRules,
  volumeAttributesClassRules,
} from './storage.js';

const named = { name: 'x' };
const namespaced = { name: 'x', namespace: 'default' };

test.each<[string, KindRules, object, string[]]>([
  [
    'a volume with nothing',
    persistentVolumeRules,
    { metadata: named, spec: {} },
    [
      'spec.accessModes: Required value',
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
      'spec: Required value: must specify a volume type',
    ],
  ],
  [
    'a volume with two sources',
    persistentVolumeRules,
    {
      metadata: named,
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/a' },
        nfs: { path: 'a', server: '' },
      },
    },
    ['spec.nfs: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'a volume with bad modes',
    persistentVolumeRules,
    {
      metadata: named,
      spec: {
        capacity: { storage: '0', cpu: '1' },
        accessModes: ['ReadWriteOncePod', 'ReadWriteOnce', 'Often'],
        persistentVolumeReclaimPolicy: 'Keep',
        volumeMode: 'Disk',
        storageClassName: 'A_B',
        hostPath: { path: '/a/..' },
      },
    },
    [
      'spec.accessModes: Unsupported value: "Often": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      'spec.capacity: Unsupported value: {"cpu":"1","storage":"0"}: supported values: "storage"',
      'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
      'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"',
      'spec.hostPath.path: Invalid value: "/a/..": must not contain \'..\'',
      "spec.storageClassName: Invalid value: \"A_B\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.volumeMode: Unsupported value: "Disk": supported values: "Block", "Filesystem"',
    ],
  ],
  [
    'a root on the host that would be recycled',
    persistentVolumeRules,
    {
      metadata: named,
      spec: {
        capacity: { storage: '1' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Recycle',
        hostPath: { path: '/' },
      },
    },
    ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
  ],
  [
    'a local volume without a node',
    persistentVolumeRules,
    {
      metadata: named,
      spec: { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], local: { path: '/a' } },
    },
    ['spec.nodeAffinity: Required value: Local volume requires node affinity'],
  ],
  [
    'a CSI volume without a driver',
    persistentVolumeRules,
    {
      metadata: named,
      spec: {
        capacity: { storage: '1' },
        accessModes: ['ReadWriteOnce'],
        csi: { driver: '', volumeHandle: '' },
      },
    },
    ['spec.csi.driver: Required value', 'spec.csi.volumeHandle: Required value'],
  ],
  [
    'a claim with nothing',
    persistentVolumeClaimRules,
    { metadata: namespaced, spec: {} },
    [
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ],
  ],
  [
    'a claim with bad wishes',
    persistentVolumeClaimRules,
    {
      metadata: namespaced,
      spec: {
        accessModes: ['ReadWriteOncePod', 'ReadOnlyMany'],
        resources: { requests: { storage: '-1' } },
        selector: { matchExpressions: [{ key: 'a', operator: 'In' }] },
        storageClassName: 'A B',
        volumeMode: 'Disk',
        dataSourceRef: { kind: 'Snapshot', name: '' },
      },
    },
    [
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      'spec.resources[storage]: Invalid value: "-1": must be greater than zero',
      "spec.storageClassName: Invalid value: \"A B\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.volumeMode: Unsupported value: "Disk": supported values: "Block", "Filesystem"',
      'spec.dataSource.name: Required value',
      'spec.dataSource: Invalid value: "Snapshot": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      'spec.dataSourceRef.name: Required value',
      'spec.dataSourceRef: Invalid value: "Snapshot": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
    ],
  ],
  [
    'a class with nothing',
    storageClassRules,
    { metadata: named, provisioner: '' },
    ['provisioner: Required value'],
  ],
  [
    'a class with bad rules',
    storageClassRules,
    {
      metadata: named,
      provisioner: 'a b',
      parameters: { '': 'a' },
      reclaimPolicy: 'Recycle',
      volumeBindingMode: 'Later',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'a', values: [] }] }],
    },
    [
      "provisioner: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'parameters: Invalid value: "": field can not be empty.',
      'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
    ],
  ],
  [
    'a driver with a bad mode',
    csiDriverRules,
    {
      metadata: named,
      spec: {
        volumeLifecycleModes: ['Persistent', 'Shared'],
        fsGroupPolicy: 'Any',
        tokenRequests: [{ audience: 'a', expirationSeconds: 1 }, { audience: 'a' }],
      },
    },
    [
      'spec.fsGroupPolicy: Unsupported value: "Any": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      'spec.volumeLifecycleModes: Unsupported value: "Shared": supported values: "Persistent", "Ephemeral"',
    ],
  ],
  [
    'a node with bad drivers',
    csiNodeRules,
    {
      metadata: named,
      spec: {
        drivers: [
          { name: 'a', nodeID: '', allocatable: { count: -1 }, topologyKeys: ['a', 'a'] },
          { name: 'a', nodeID: 'b' },
        ],
      },
    },
    [
      'spec.drivers[0].nodeID: Required value',
      'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
      'spec.drivers[0]: Duplicate value: "a"',
      'spec.drivers[1].name: Duplicate value: "a"',
    ],
  ],
  [
    'a capacity without a class',
    csiStorageCapacityRules,
    { metadata: namespaced, capacity: '-1' },
    [
      "storageClassName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'an attachment to nothing',
    volumeAttachmentRules,
    { metadata: named, spec: { attacher: '', nodeName: '', source: {} } },
    [
      'spec.attacher: Required value',
      'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
      "spec.nodeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    'a class without a driver',
    volumeAttributesClassRules,
    { metadata: named, driverName: '' },
    ['driverName: Required value', 'parameters: Required value: must contain at least one key/value pair'],
  ],
])('%s is judged as upstream does', (_name, rules, object, expected) => {
  expect(judge(rules, object)).toEqual(expected);
});

test.each<[string, KindRules, object, object, string[]]>([
  [
    'a volume gets another source',
    persistentVolumeRules,
    {
      metadata: named,
      spec: { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } },
    },
    {
      metadata: named,
      spec: { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], nfs: { path: '/a', server: 'b' } },
    },
    [
      [
        'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
        '@@ -1,12 +1,13 @@',
        ' {',
        '  "GCEPersistentDisk": null,',
        '  "AWSElasticBlockStore": null,',
        '- "HostPath": {',
        '+ "HostPath": null,',
        '+ "Glusterfs": null,',
        '+ "NFS": {',
        '+  "Server": "b",',
        '   "Path": "/a",',
        '-  "Type": ""',
        '+  "ReadOnly": false',
        '  },',
        '- "Glusterfs": null,',
        '- "NFS": null,',
        '  "RBD": null,',
        '  "Quobyte": null,',
        '  "ISCSI": null,',
        '',
      ].join('\n'),
    ],
  ],
  [
    'a bound claim shrinks',
    persistentVolumeClaimRules,
    {
      metadata: namespaced,
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'a',
        resources: { requests: { storage: '2Gi' } },
        volumeName: 'v',
      },
      status: { phase: 'Bound', capacity: { storage: '2Gi' } },
    },
    {
      metadata: namespaced,
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'a',
        resources: { requests: { storage: '1Gi' } },
        volumeName: 'v',
      },
      status: { phase: 'Bound', capacity: { storage: '2Gi' } },
    },
    ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
  ],
  [
    'a class changes',
    storageClassRules,
    { metadata: named, provisioner: 'a', parameters: { a: 'b' } },
    {
      metadata: named,
      provisioner: 'b',
      parameters: { a: 'c' },
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    [
      'parameters: Invalid value: {"a":"c"}: field is immutable',
      'provisioner: Invalid value: "b": field is immutable',
      'reclaimPolicy: Invalid value: "Retain": field is immutable',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ],
  ],
  [
    'a driver changes',
    csiDriverRules,
    { metadata: named, spec: { attachRequired: true } },
    { metadata: named, spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] } },
    [
      'spec.attachedRequired: Invalid value: false: field is immutable',
      'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
    ],
  ],
])('%s: the update is judged as upstream does', (_name, rules, old, next, expected) => {
  expect(judgeUpdate(rules, old, next)).toEqual(expected);
});
