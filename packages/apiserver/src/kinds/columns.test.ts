import type { KubernetesObject } from '@kubewright/api';
import { describe, expect, it } from 'vitest';
import { builtinRules } from './builtin-rules.js';

/**
 * The columns of every kind as kube-apiserver 1.36 has them (`pkg/printers/internalversion/printers.go`, and of kinds
 * that it does not name the default table): `NAME` or `NAME:TYPE` where it is no text, with a plus where only
 * `-o wide` shows it.
 */
const upstream: readonly (readonly [kind: string, columns: string])[] = [
  ['APIService', 'Name, Service, Available, Age'],
  ['CertificateSigningRequest', 'Name, Age, SignerName, Requestor, RequestedDuration, Condition'],
  ['ClusterRoleBinding', 'Name, Role, Age, Users+, Groups+, ServiceAccounts+'],
  ['ClusterRole', 'Name, Created At:date'],
  ['ConfigMap', 'Name, Data, Age'],
  ['ControllerRevision', 'Name, Controller, Revision, Age'],
  [
    'CronJob',
    'Name, Schedule, Timezone, Suspend:boolean, Active:integer, Last Schedule, Age, Containers+, Images+, Selector+',
  ],
  [
    'CSIDriver',
    'Name, AttachRequired:boolean, PodInfoOnMount:boolean, StorageCapacity:boolean, TokenRequests, RequiresRepublish:boolean, Modes, Age',
  ],
  ['CSINode', 'Name, Drivers:integer, Age'],
  ['CSIStorageCapacity', 'Name, Created At:date'],
  ['CustomResourceDefinition', 'Name, Created At:date'],
  [
    'DaemonSet',
    'Name, Desired:integer, Current:integer, Ready:integer, Up-to-date:integer, Available:integer, Node Selector, Age, Containers+, Images+, Selector+',
  ],
  ['Deployment', 'Name, Ready, Up-to-date, Available, Age, Containers+, Images+, Selector+'],
  ['DeviceClass', 'Name, Age'],
  ['EndpointSlice', 'Name, AddressType, Ports, Endpoints, Age'],
  ['Endpoints', 'Name, Endpoints, Age'],
  ['Event', 'Last Seen, Type, Reason, Object, Subobject+, Source+, Message, First Seen+, Count+, Name+'],
  ['FlowSchema', 'Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL'],
  ['HorizontalPodAutoscaler', 'Name, Reference, Targets, MinPods, MaxPods, Replicas, Age'],
  ['IngressClass', 'Name, Controller, Parameters, Age'],
  ['Ingress', 'Name, Class, Hosts, Address, Ports, Age'],
  ['IPAddress', 'Name, ParentRef'],
  ['Job', 'Name, Status, Completions, Duration, Age, Containers+, Images+, Selector+'],
  ['Lease', 'Name, Holder, Age'],
  ['LimitRange', 'Name, Created At:date'],
  ['MutatingAdmissionPolicyBinding', 'Name, PolicyName, ParamRef, Age'],
  ['MutatingAdmissionPolicy', 'Name, Mutations:integer, ParamKind, Age'],
  ['MutatingWebhookConfiguration', 'Name, Webhooks:integer, Age'],
  ['Namespace', 'Name, Status, Age'],
  ['NetworkPolicy', 'Name, Pod-Selector, Age'],
  [
    'Node',
    'Name, Status, Roles, Age, Version, Internal-IP+, External-IP+, OS-Image+, Kernel-Version+, Container-Runtime+',
  ],
  [
    'PersistentVolumeClaim',
    'Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, VolumeMode+',
  ],
  [
    'PersistentVolume',
    'Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, VolumeMode+',
  ],
  ['PodDisruptionBudget', 'Name, Min Available, Max Unavailable, Allowed Disruptions:integer, Age'],
  ['Pod', 'Name, Ready, Status, Restarts, Age, IP+, Node+, Nominated Node+, Readiness Gates+'],
  ['PodTemplate', 'Name, Containers, Images, Pod Labels'],
  ['PriorityClass', 'Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy'],
  [
    'PriorityLevelConfiguration',
    'Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age',
  ],
  [
    'ReplicaSet',
    'Name, Desired:integer, Current:integer, Ready:integer, Age, Containers+, Images+, Selector+',
  ],
  [
    'ReplicationController',
    'Name, Desired:integer, Current:integer, Ready:integer, Age, Containers+, Images+, Selector+',
  ],
  ['ResourceClaim', 'Name, State, Age'],
  ['ResourceClaimTemplate', 'Name, Age'],
  ['ResourceQuota', 'Name, Request, Limit, Age'],
  ['ResourceSlice', 'Name, Node, Driver, Pool, Age'],
  ['RoleBinding', 'Name, Role, Age, Users+, Groups+, ServiceAccounts+'],
  ['Role', 'Name, Created At:date'],
  ['RuntimeClass', 'Name, Handler, Age'],
  ['Secret', 'Name, Type, Data, Age'],
  ['ServiceAccount', 'Name, Age'],
  ['ServiceCIDR', 'Name, CIDRs, Age'],
  ['Service', 'Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector+'],
  ['StatefulSet', 'Name, Ready, Age, Containers+, Images+'],
  ['StorageClass', 'Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age'],
  ['ValidatingAdmissionPolicyBinding', 'Name, PolicyName, ParamRef, Age'],
  ['ValidatingAdmissionPolicy', 'Name, Validations:integer, ParamKind, Age'],
  ['ValidatingWebhookConfiguration', 'Name, Webhooks:integer, Age'],
  ['VolumeAttachment', 'Name, Attacher, PV, Node, Attached:boolean, Age'],
  ['VolumeAttributesClass', 'Name, DriverName, Age'],
];

const now = Date.parse('2026-01-02T00:00:00Z');
const metadata = { name: 'a', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' };

describe('tables', () => {
  it.each(upstream)('of %s have the columns of upstream', (kind, expected) => {
    const rules = builtinRules.find((one) => one.kind.kind === kind);
    const columns = (rules?.columns ?? []).map(({ name, type, priority }) => {
      const suffix = priority === 1 ? '+' : '';
      return `${name}${type === 'string' ? '' : `:${type}`}${suffix}`;
    });
    expect(columns.join(', ')).toBe(expected);
  });

  it('are known for every kind', () => {
    expect(upstream.map(([kind]) => kind)).toEqual(builtinRules.map(({ kind }) => kind.kind));
  });

  it.each<[kind: string, column: string, object: object, cell: unknown]>([
    ['ControllerRevision', 'Revision', { revision: 3 }, 3],
    ['CronJob', 'Suspend', { spec: { suspend: false } }, 'False'],
    ['CronJob', 'Suspend', { spec: {} }, '<unset>'],
    ['FlowSchema', 'MatchingPrecedence', { spec: { matchingPrecedence: 7 } }, 7],
    ['PriorityLevelConfiguration', 'Queues', { spec: { type: 'Exempt' } }, '<none>'],
    [
      'PriorityLevelConfiguration',
      'Queues',
      { spec: { limited: { limitResponse: { queuing: { queues: 8 } } } } },
      8,
    ],
    ['StorageClass', 'AllowVolumeExpansion', { provisioner: 'p' }, false],
    ['StorageClass', 'ReclaimPolicy', { provisioner: 'p' }, 'Delete'],
    [
      'ValidatingAdmissionPolicyBinding',
      'ParamRef',
      { spec: { paramRef: { selector: { matchLabels: { b: '2', a: '1' } } } } },
      '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{},}',
    ],
    [
      'Pod',
      'Status',
      podOf('Completed', [
        { exitCode: 0, reason: 'Completed' },
        { exitCode: 3, reason: 'Error' },
      ]),
      'Error',
    ],
    [
      'Pod',
      'Status',
      podOf('Completed', [{ exitCode: 0, reason: 'Completed' }, { exitCode: 3 }]),
      'ExitCode:3',
    ],
    ['Pod', 'Status', podOf('Completed', [{ exitCode: 0, reason: 'Completed' }]), 'Completed'],
    [
      'Service',
      'External-IP',
      {
        spec: { type: 'LoadBalancer', externalIPs: ['10.0.0.1'] },
        status: {
          loadBalancer: { ingress: [{ hostname: 'a-name-that-is-long.example.com' }, { ip: '1.2.3.4' }] },
        },
      },
      '1.2.3.4,a-name-that-is-long.example.com,10.0.0.1',
    ],
    [
      'ResourceQuota',
      'Request',
      { status: { hard: { pods: '2', 'limits.cpu': '3' }, used: { pods: '1' } } },
      'pods: 1/2',
    ],
    [
      'Ingress',
      'Hosts',
      { spec: { rules: ['a', 'b', 'c', 'd'].map((host) => ({ host })) } },
      'a,b,c + 1 more...',
    ],
  ])('of %s show %s as upstream does', (kind, name, object, cell) => {
    const rules = builtinRules.find((one) => one.kind.kind === kind);
    const column = rules?.columns?.find((one) => one.name === name);
    expect(column?.cell({ metadata, ...object } as KubernetesObject, now)).toEqual(cell);
  });
});

function podOf(reason: string, ends: readonly object[]): object {
  const containers = ends.map((_, index) => ({ name: `c${index}` }));
  const containerStatuses = ends.map((terminated, index) => ({ name: `c${index}`, state: { terminated } }));
  return { spec: { containers }, status: { phase: 'Failed', reason, containerStatuses } };
}
