import type { Pod, PodSpec, PodStatus } from '@kubewright/api/core/v1';
import { describe, expect, test } from 'vitest';
import type { FieldError } from '../../validation/field-error.js';
import { podRules } from '../pod.js';
import { testContext } from '../test-context.js';

const said = (errors: FieldError[] | undefined) =>
  (errors ?? []).map(({ field, message }) => `${field}: ${message}`);
const container = { name: 'a', image: 'a' };

function pod(spec: Partial<PodSpec> = {}, annotations?: Record<string, string>, status?: PodStatus): Pod {
  const made: Pod = {
    metadata: { name: 'web', namespace: 'default', ...(annotations === undefined ? {} : { annotations }) },
    spec: structuredClone({ containers: [container], ...spec }),
  };
  podRules.default?.(made);
  if (status !== undefined) made.status = status;
  return made;
}

function judge(made: Pod): string[] {
  return said([
    ...(podRules.validate?.(made, testContext) ?? []),
    ...(podRules.validateCreate?.(made, testContext) ?? []),
  ]);
}

test.each<[string, Partial<PodSpec>, Record<string, string>, string[]]>([
  [
    'ephemeral containers',
    { ephemeralContainers: [{ name: 'e', image: 'e' }] },
    {},
    ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
  ],
  [
    'a node and a gate',
    { nodeName: 'n', schedulingGates: [{ name: 'a/b' }] },
    {},
    ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
  ],
  [
    'profiles that differ',
    {
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          ...container,
          securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } },
        },
      ],
    },
    {
      'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
      'container.apparmor.security.beta.kubernetes.io/a': 'localhost/y',
      'container.apparmor.security.beta.kubernetes.io/b': 'wild',
    },
    [
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: "b": container not found',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: "wild": invalid AppArmor profile name: "wild"',
      'spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
      'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
    ],
  ],
  [
    'claims of devices that are not there',
    {
      resourceClaims: [{ name: 'gpu' }, { name: 'gpu', resourceClaimName: 'A' }],
      containers: [
        { ...container, resources: { claims: [{ name: 'gpu' }, { name: 'gpu' }, { name: 'tpu' }] } },
      ],
    },
    {},
    [
      'spec.resourceClaims[0]: Invalid value: {"Name":"gpu","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      'spec.resourceClaims[1].name: Duplicate value: "gpu"',
      "spec.resourceClaims[1].resourceClaimName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.containers[0].resources.claims[1]: Duplicate value: "gpu"',
      'spec.containers[0].resources.claims[2]: Not found: "tpu": must be one of the names in pod.spec.resourceClaims: gpu, gpu',
    ],
  ],
  [
    'what Linux does not know',
    {
      os: { name: 'linux' },
      containers: [{ ...container, securityContext: { windowsOptions: { runAsUserName: '' } } }],
    },
    {},
    [
      'spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string',
      'spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
    ],
  ],
  [
    'what Windows does not know',
    {
      os: { name: 'windows' },
      hostPID: true,
      securityContext: { fsGroup: 1 },
      containers: [{ ...container, securityContext: { privileged: false } }],
    },
    {},
    [
      'spec.hostPID: Forbidden: cannot be set for a windows pod',
      'spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod',
      'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod',
    ],
  ],
  [
    'half a huge page',
    {
      containers: [
        { ...container, resources: { limits: { 'hugepages-2Mi': '1Mi', cpu: '1' }, requests: { cpu: '2' } } },
      ],
    },
    {},
    [
      'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer multiple of hugepages-2Mi',
      'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer multiple of hugepages-2Mi',
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
  ],
])('a new pod with %s is judged as upstream does', (_name, spec, annotations, expected) => {
  expect(judge(pod(spec, annotations))).toEqual(expected);
});

describe('a new pod', () => {
  test('that is gated says so', () => {
    const made = pod({ schedulingGates: [{ name: 'a/b' }] });
    podRules.prepareForCreate?.(made, testContext);
    expect(made.status?.conditions).toEqual([
      {
        lastProbeTime: null,
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
  });

  test('has the values of the labels that its terms name', () => {
    const term = {
      topologyKey: 'zone',
      labelSelector: {},
      matchLabelKeys: ['app'],
      mismatchLabelKeys: ['x'],
    };
    const made = pod({
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    });
    made.metadata.labels = { app: 'web' };
    podRules.prepareForCreate?.(made, testContext);
    const [merged] = made.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    expect(merged?.labelSelector).toEqual({
      matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }],
    });
  });
});

test('a gated pod may be narrowed, and no more', () => {
  const terms = (...keys: string[]): Partial<PodSpec> => ({
    schedulingGates: [{ name: 'a/b' }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: keys.map((key) => ({ key, operator: 'Exists' })) }],
        },
      },
    },
  });
  const update = (now: Partial<PodSpec>, old: Partial<PodSpec>) =>
    said(podRules.validateUpdate?.(pod(now), pod(old), testContext));
  expect(update(terms('a', 'b'), terms('a'))).toEqual([]);
  expect(update(terms('b'), terms('a'))[0]).toMatch(
    /nodeSelectorTerms\[0\]: Invalid value: .*: only additions are allowed \(no mutations or deletions\)$/,
  );
  expect(update({ ...terms('a'), nodeSelector: {} }, { ...terms('a'), nodeSelector: { x: 'y' } })).toEqual([
    'spec.nodeSelector: Invalid value: {}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
  ]);
});

describe('resize', () => {
  const { resize } = podRules.subresources ?? {};
  const sized = (requests: Record<string, string>, name = 'a'): Pod =>
    pod({ containers: [{ name, image: 'a', resources: { requests } }] });
  const tried = (wanted: Pod, old: Pod): string[] => {
    resize?.prepareForUpdate?.(wanted, old, testContext);
    return said(resize?.validateUpdate?.(wanted, old));
  };

  test.each<[string, Pod, string[]]>([
    ['more CPU', sized({ cpu: '2', memory: '1Gi' }), []],
    [
      'no memory any more',
      sized({ cpu: '1' }),
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'another resource',
      sized({ cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' }),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    [
      'nothing at all',
      sized({}),
      [
        'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
        'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      ],
    ],
    [
      'another container',
      sized({ cpu: '1', memory: '1Gi' }, 'b'),
      ['spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize'],
    ],
  ])('to %s is judged as upstream does', (_name, wanted, expected) => {
    const old = sized({ cpu: '1', memory: '1Gi' });
    old.status = { qosClass: 'Burstable' };
    expect(tried(wanted, old)).toEqual(expected);
  });
});

test('ephemeral containers stay as they came', () => {
  const rules = podRules.subresources?.ephemeralcontainers;
  const debug = (image: string): Partial<PodSpec> => ({ ephemeralContainers: [{ name: 'd', image }] });
  const tried = (now: Partial<PodSpec>) => said(rules?.validateUpdate?.(pod(now), pod(debug('x'))));
  expect(tried(debug('x'))).toEqual([]);
  expect(tried(debug('y'))[0]).toMatch(
    /^spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be changed/,
  );
  expect(tried({})[0]).toMatch(
    /^spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed/,
  );
});

test('init containers that had succeeded run again where their pod is always restarted', () => {
  const init = { name: 'i', image: 'i', imageID: '', ready: true, restartCount: 0 };
  const judged = (restartPolicy: 'Always' | 'OnFailure') => {
    const spec: Partial<PodSpec> = { restartPolicy, initContainers: [{ name: 'i', image: 'i' }] };
    const status = (state: object) => pod(spec, undefined, { initContainerStatuses: [{ ...init, state }] });
    const [now, old] = [status({ running: {} }), status({ terminated: { exitCode: 0 } })];
    return said(podRules.subresources?.status?.validateUpdate?.(now, old));
  };
  expect(judged('Always')).toEqual([]);
  expect(judged('OnFailure')).toEqual([
    'status.initContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ]);
});

test.each<[string, Partial<PodSpec>, PodStatus, string[]]>([
  [
    'a container runs again that should not',
    { restartPolicy: 'Never' },
    {
      containerStatuses: [
        { ...container, imageID: '', ready: true, restartCount: 1, state: { running: {} } },
      ],
    },
    ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'],
  ],
  [
    'a container runs again as it should',
    { restartPolicy: 'Always' },
    {
      containerStatuses: [
        { ...container, imageID: '', ready: true, restartCount: 1, state: { running: {} } },
      ],
    },
    [],
  ],
  [
    'two addresses are of one family',
    {},
    { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] },
    [
      'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: may specify no more than one IP for each IP family',
    ],
  ],
  [
    'a bound pod is nominated',
    { nodeName: 'n' },
    { nominatedNodeName: 'm' },
    ['status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node'],
  ],
])('a status in which %s is judged as upstream does', (_name, spec, status, expected) => {
  const old = pod(spec, undefined, {
    containerStatuses: [
      { ...container, imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 1 } } },
    ],
  });
  const rules = podRules.subresources?.status;
  expect(said(rules?.validateUpdate?.(pod(spec, undefined, status), old))).toEqual(expected);
});

test('a status keeps the generations and the class that a client leaves out', () => {
  const condition = (type: string, observedGeneration?: number) => ({
    type,
    status: 'True',
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  });
  const old = pod({}, undefined, {
    qosClass: 'BestEffort',
    observedGeneration: 3,
    conditions: [condition('a/b', 1), condition('a/b', 2), condition('Ready', 3)],
  });
  const next = pod({}, undefined, {
    conditions: [condition('a/b'), condition('Ready', 4), condition('a/b'), condition('a/b')],
    nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'x', containers: [], resources: {} }],
  });
  podRules.subresources?.status?.prepareForUpdate?.(next, old, testContext);
  expect(next.status).toEqual({
    qosClass: 'BestEffort',
    observedGeneration: 3,
    conditions: [condition('a/b', 1), condition('Ready', 4), condition('a/b', 2), condition('a/b')],
  });
});

test('a status is warned of addresses that are written oddly', () => {
  const made = pod({}, undefined, { podIPs: [{ ip: 'FD00::1' }], hostIPs: [{ ip: '1.2.3.4' }] });
  expect(podRules.subresources?.status?.warnings?.(made)).toEqual([
    'status.podIPs[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
  ]);
});

test('fields of features that are off stay until the pod is prepared', () => {
  const made = pod({
    containers: [{ ...container, lifecycle: { stopSignal: 'SIGTERM' } }],
    volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'p' } }] } }],
  });
  expect(made.spec?.containers[0]?.lifecycle).toEqual({ stopSignal: 'SIGTERM' });
  podRules.dropDisabled?.(made);
  expect(made.spec?.containers[0]).not.toHaveProperty('lifecycle');
  expect(made.spec?.volumes?.[0]?.projected?.sources).toEqual([{}]);
});

test('a pod is limited to the huge pages of its containers, and requests what a pod may', () => {
  const made = pod({
    resources: { limits: { cpu: '2', 'example.com/x': '1' } },
    containers: [{ ...container, resources: { limits: { 'hugepages-2Mi': '4Mi', cpu: '1' } } }],
  });
  expect(made.spec?.resources).toEqual({
    limits: { cpu: '2', 'example.com/x': '1', 'hugepages-2Mi': '4Mi' },
    requests: { cpu: '1', 'hugepages-2Mi': '4Mi' },
  });
});

test('a resize changes CPU and memory of containers that stay, and nothing else', () => {
  const resources = (cpu: string) => ({ requests: { cpu }, limits: { cpu } });
  const old = pod({ containers: [{ ...container, resources: resources('1') }] });
  const next = pod({ containers: [{ ...container, image: 'b', resources: resources('2') }] }, { x: 'y' });
  podRules.subresources?.resize?.prepareForUpdate?.(next, old, testContext);
  expect(next.spec?.containers[0]).toMatchObject({ image: 'a', resources: resources('2') });
  expect(next.metadata.annotations).toBeUndefined();
  expect(said(podRules.subresources?.resize?.validateUpdate?.(next, old))).toEqual([]);
});
