import { Pod, type PodSpec, type PodStatus } from '@kubewright/api/core/v1';
import { expect, test } from 'vitest';
import type { FieldError } from '../validation/field-error.js';
import { qosClassOf } from './pod/qos-class.js';
import { podRules } from './pod.js';
import { testContext } from './test-context.js';

const now = Date.parse('2026-01-01T01:00:00Z');

function pod(spec: Partial<PodSpec> = {}, status?: PodStatus): Pod {
  const made: Pod = {
    metadata: { name: 'web', namespace: 'default', creationTimestamp: '2026-01-01T00:55:00Z' },
    spec: { containers: [{ name: 'app', image: 'nginx' }], ...spec },
  };
  podRules.default?.(made);
  if (status !== undefined) made.status = status;
  return made;
}

function said(errors: FieldError[] | undefined): string[] {
  return (errors ?? []).map(({ field, message }) => `${field}: ${message}`);
}

function row(object: Pod): unknown[] {
  return (podRules.columns ?? []).map((column) => column.cell(object, now));
}

test('a bare pod gets every default', () => {
  expect(pod().spec).toEqual({
    containers: [
      {
        name: 'app',
        image: 'nginx',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'Always',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  });
});

test.each([
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['nginx:1.29', 'IfNotPresent'],
  ['localhost:5000/nginx', 'Always'],
  ['localhost:5000/nginx:1', 'IfNotPresent'],
  ['nginx@sha256:abc', 'IfNotPresent'],
])('image %s is pulled %s', (image, policy) => {
  expect(pod({ containers: [{ name: 'app', image }] }).spec?.containers[0]?.imagePullPolicy).toBe(policy);
});

test('probes, ports, volumes and requests get theirs', () => {
  const { spec } = pod({
    containers: [
      {
        name: 'app',
        image: 'a:1',
        ports: [{ containerPort: 80 }],
        readinessProbe: { httpGet: { port: 80 } },
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
      },
    ],
    volumes: [
      { name: 'a' },
      { name: 'b', configMap: { name: 'c' } },
      { name: 'd', hostPath: { path: '/x' } },
    ],
  });
  expect(spec?.containers[0]).toMatchObject({
    ports: [{ containerPort: 80, protocol: 'TCP' }],
    readinessProbe: {
      httpGet: { port: 80, path: '/', scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    resources: { requests: { cpu: '500m', memory: '1Gi' } },
  });
  expect(spec?.volumes).toEqual([
    { name: 'a', emptyDir: {} },
    { name: 'b', configMap: { name: 'c', defaultMode: 420 } },
    { name: 'd', hostPath: { path: '/x', type: '' } },
  ]);
});

test('limits of a pod as a whole become requests, but for what its containers request', () => {
  const { spec } = pod({
    resources: { limits: { cpu: '4', memory: '1Gi' } },
    initContainers: [{ name: 'i', image: 'a', resources: { requests: { cpu: '3' } } }],
    containers: [
      { name: 'a', image: 'a', resources: { requests: { cpu: '500m' } } },
      { name: 'b', image: 'a', resources: { requests: { cpu: '1' } } },
    ],
  });
  expect(spec?.resources?.requests).toEqual({ cpu: '3', memory: '1Gi' });
});

test.each<[string, Partial<PodSpec>, string[]]>([
  ['a plain pod', {}, []],
  ['no containers', { containers: [] }, ['spec.containers: Required value']],
  [
    'a nameless container without image',
    { containers: [{ name: '' }] },
    ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
  ],
  [
    'two containers of one name',
    {
      containers: [
        { name: 'a', image: 'a' },
        { name: 'a', image: 'a' },
      ],
    },
    ['spec.containers[1].name: Duplicate value: "a"'],
  ],
  [
    'an unknown restart policy',
    { restartPolicy: 'Sometimes' },
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    'a mount of a volume that is not there',
    { containers: [{ name: 'a', image: 'a', volumeMounts: [{ name: 'x', mountPath: '/x' }] }] },
    ['spec.containers[0].volumeMounts[0].name: Not found: "x"'],
  ],
  [
    'a request above its limit',
    { containers: [{ name: 'a', image: 'a', resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }] },
    [
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
  ],
  [
    'a port out of range',
    { containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 70000 }] }] },
    [
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
  ],
  [
    'a probe without a handler',
    { containers: [{ name: 'a', image: 'a', livenessProbe: {} }] },
    ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  ],
  [
    'an init container with a probe',
    { initContainers: [{ name: 'i', image: 'a', livenessProbe: { exec: { command: ['x'] } } }] },
    [
      'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
  ],
  [
    'two sources in a volume',
    { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x', type: '' } }] },
    ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'an environment variable from two places',
    {
      containers: [
        {
          name: 'a',
          image: 'a',
          env: [{ name: 'X', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        },
      ],
    },
    [
      'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
  ],
  [
    'a toleration of everything without Exists',
    { tolerations: [{ effect: 'NoSchedule' }] },
    [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
])('%s is judged as upstream does', (_name, spec, expected) => {
  expect(said(podRules.validate?.(pod(spec), testContext))).toEqual(expected);
});

test('an update may change images only', () => {
  const old = pod();
  expect(
    podRules.validateUpdate?.(
      pod({ containers: [{ name: 'app', image: 'nginx:2', imagePullPolicy: 'Always' }] }),
      old,
      testContext,
    ),
  ).toEqual([]);
  const [error, ...others] = said(podRules.validateUpdate?.(pod({ hostname: 'other' }), old, testContext));
  expect(error).toMatch(
    /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`,/,
  );
  expect(others).toEqual([]);
  expect(said(podRules.validateUpdate?.(pod({ containers: [] }), old, testContext))).toEqual([
    'spec.containers: Forbidden: pod updates may not add or remove containers',
  ]);
});

test.each<[string, PodSpec, string]>([
  ['nothing', { containers: [{ name: 'a' }] }, 'BestEffort'],
  ['a request', { containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }] }, 'Burstable'],
  [
    'equal requests and limits',
    {
      containers: [
        {
          name: 'a',
          resources: { requests: { cpu: '1000m', memory: '1Gi' }, limits: { cpu: '1', memory: '1024Mi' } },
        },
      ],
    },
    'Guaranteed',
  ],
])('a pod with %s is %s', (_name, spec, expected) => {
  expect(qosClassOf(spec)).toBe(expected);
});

test.each<[string, PodSpec, PodStatus | undefined, number | undefined, number]>([
  ['runs', { nodeName: 'n', containers: [] }, { phase: 'Running' }, undefined, 30],
  ['runs, asked for 5', { nodeName: 'n', containers: [] }, { phase: 'Running' }, 5, 5],
  ['runs, asked for 0', { nodeName: 'n', containers: [] }, { phase: 'Running' }, 0, 0],
  ['is not bound', { containers: [] }, { phase: 'Pending' }, undefined, 0],
  ['ended', { nodeName: 'n', containers: [] }, { phase: 'Failed' }, 5, 0],
])('a pod that %s has its time to stop', (_name, spec, status, requested, expected) => {
  expect(podRules.gracePeriodSeconds?.(pod(spec, status), requested)).toBe(expected);
});

const running = { running: { startedAt: '2026-01-01T00:56:00Z' } };
const container = { name: 'app', image: 'nginx', imageID: '', restartCount: 0, ready: true };

test.each<[string, Partial<PodSpec>, PodStatus, unknown[]]>([
  [
    'new',
    {},
    { phase: 'Pending' },
    ['web', '0/1', 'Pending', '0', '5m', '<none>', '<none>', '<none>', '<none>'],
  ],
  [
    'running',
    { nodeName: 'n1' },
    { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }], containerStatuses: [{ ...container, state: running }] },
    ['web', '1/1', 'Running', '0', '5m', '10.0.0.1', 'n1', '<none>', '<none>'],
  ],
  [
    'restarted',
    {},
    {
      phase: 'Running',
      containerStatuses: [
        {
          ...container,
          restartCount: 2,
          state: running,
          lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:59:00Z' } },
        },
      ],
    },
    ['web', '1/1', 'Running', '2 (60s ago)', '5m', '<none>', '<none>', '<none>', '<none>'],
  ],
  [
    'crashing',
    {},
    {
      phase: 'Running',
      containerStatuses: [{ ...container, ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    },
    ['web', '0/1', 'CrashLoopBackOff', '0', '5m', '<none>', '<none>', '<none>', '<none>'],
  ],
  [
    'through',
    {},
    {
      phase: 'Succeeded',
      containerStatuses: [
        { ...container, ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
      ],
    },
    ['web', '0/1', 'Completed', '0', '5m', '<none>', '<none>', '<none>', '<none>'],
  ],
  [
    'at its second init container',
    {
      initContainers: [
        { name: 'a', image: 'a' },
        { name: 'b', image: 'b' },
      ],
    },
    {
      phase: 'Pending',
      initContainerStatuses: [
        { ...container, name: 'a', state: { terminated: { exitCode: 0 } } },
        { ...container, name: 'b', ready: false, state: running },
      ],
      containerStatuses: [{ ...container, ready: false, state: { waiting: { reason: 'PodInitializing' } } }],
    },
    ['web', '0/1', 'Init:1/2', '0', '5m', '<none>', '<none>', '<none>', '<none>'],
  ],
])('a pod that is %s has its row', (_name, spec, status, expected) => {
  expect(row(pod(spec, status))).toEqual(expected);
});

test('a deleted pod is Terminating until it ended', () => {
  const deleted = pod({}, { phase: 'Running', containerStatuses: [{ ...container, state: running }] });
  deleted.metadata.deletionTimestamp = '2026-01-01T00:59:00Z';
  expect(row(deleted)[2]).toBe('Terminating');
});

test('rules belong to the kind', () => {
  expect(podRules.kind).toBe(Pod);
  expect(podRules.storageKey).toBe('pods');
});
