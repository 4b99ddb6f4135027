import type { Deployment } from '@kubewright/api/apps/v1';
import type { CronJob, Job } from '@kubewright/api/batch/v1';
import { expect, test } from 'vitest';
import type { FieldError } from '../validation/field-error.js';
import { cronJobRules } from './cron-job.js';
import { daemonSetRules } from './daemon-set.js';
import { deploymentRules } from './deployment.js';
import { jobRules } from './job.js';
import { replicaSetRules } from './replica-set.js';
import { statefulSetRules } from './stateful-set.js';
import { testContext } from './test-context.js';

const template = () => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: 'nginx:1' }] },
});
const selector = { matchLabels: { app: 'web' } };
const metadata = () => ({ name: 'web', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' });
const now = Date.parse('2026-01-01T03:00:00Z');

function said(errors: FieldError[] | undefined): string[] {
  return (errors ?? []).map(({ field, message }) => `${field}: ${message}`);
}

function deployment(spec: Partial<Deployment['spec']> = {}): Deployment {
  const made: Deployment = { metadata: metadata(), spec: { selector, template: template(), ...spec } };
  deploymentRules.default?.(made);
  return made;
}

test('a deployment gets its defaults', () => {
  expect(deployment().spec).toMatchObject({
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    template: { spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' } },
  });
  expect(deployment().spec?.template.spec).not.toHaveProperty('enableServiceLinks');
});

test.each<[string, Partial<Deployment['spec']>, string[]]>([
  ['a plain one', {}, []],
  [
    'fewer than none',
    { replicas: -1 },
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'a selector of others',
    { selector: { matchLabels: { app: 'x' } } },
    [
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'no selector',
    { selector: undefined as never },
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'an empty selector',
    { selector: {} },
    ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  ],
  [
    'no room to roll',
    { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } },
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
  ],
  [
    'a share above all',
    { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '101%', maxSurge: 0 } } },
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ],
  [
    'another strategy',
    { strategy: { type: 'Sideways' } },
    [
      'spec.strategy: Unsupported value: {"Type":"Sideways","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ],
  ],
  [
    'pods that end',
    { template: { ...template(), spec: { ...template().spec, restartPolicy: 'Never' } } },
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
])('a deployment with %s is judged as upstream does', (_name, spec, expected) => {
  expect(said(deploymentRules.validate?.(deployment(spec), testContext))).toEqual(expected);
});

test('the selector of a deployment stays', () => {
  const changed = deployment({ selector: { matchLabels: { app: 'web', tier: 'x' } } });
  expect(said(deploymentRules.validateUpdate?.(changed, deployment(), testContext))).toEqual([
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable',
  ]);
});

test('workloads have the columns that kubectl knows', () => {
  const made = deployment({ replicas: 3 });
  made.status = { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 };
  expect(deploymentRules.columns?.map(({ name }) => name)).toEqual([
    'Name',
    'Ready',
    'Up-to-date',
    'Available',
    'Age',
    'Containers',
    'Images',
    'Selector',
  ]);
  expect(deploymentRules.columns?.map((column) => column.cell(made, now))).toEqual([
    'web',
    '2/3',
    3,
    2,
    '3h',
    'app',
    'nginx:1',
    'app=web',
  ]);
  const set = { metadata: metadata(), spec: { selector, template: template() }, status: { replicas: 1 } };
  replicaSetRules.default?.(set);
  expect(replicaSetRules.columns?.map((column) => column.cell(set, now))).toEqual([
    'web',
    1,
    1,
    0,
    '3h',
    'app',
    'nginx:1',
    'app=web',
  ]);
});

test('scale reads and writes the replicas', () => {
  const made = deployment();
  deploymentRules.scale?.setReplicas(made, 5);
  expect(deploymentRules.scale?.replicas(made)).toBe(5);
  expect(deploymentRules.scale?.selector(made)).toBe('app=web');
});

test('daemon sets and stateful sets get their defaults', () => {
  const daemon = { metadata: metadata(), spec: { selector, template: template() } };
  daemonSetRules.default?.(daemon);
  expect(daemon.spec).toMatchObject({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
  });
  expect(said(daemonSetRules.validate?.(daemon, testContext))).toEqual([]);
  const stateful = { metadata: metadata(), spec: { selector, serviceName: 'web', template: template() } };
  statefulSetRules.default?.(stateful);
  expect(stateful.spec).toMatchObject({
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  });
  expect(said(statefulSetRules.validate?.(stateful, testContext))).toEqual([]);
  const changed = { ...stateful, spec: { ...stateful.spec, serviceName: 'other' } };
  expect(said(statefulSetRules.validateUpdate?.(changed, stateful, testContext))[0]).toMatch(
    /^spec: Forbidden: updates to statefulset/,
  );
});

function job(spec: Partial<Job['spec']> = {}): Job {
  const pods = template();
  const made: Job = {
    metadata: { ...metadata(), uid: 'u1' },
    spec: { template: { ...pods, spec: { ...pods.spec, restartPolicy: 'Never' } }, ...spec },
  };
  jobRules.default?.(made);
  jobRules.prepareForCreate?.(made, testContext);
  return made;
}

test('a job knows its pods by generated labels', () => {
  const made = job();
  expect(made.spec?.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } });
  expect(made.spec?.template.metadata?.labels).toEqual({
    app: 'web',
    'controller-uid': 'u1',
    'job-name': 'web',
    'batch.kubernetes.io/controller-uid': 'u1',
    'batch.kubernetes.io/job-name': 'web',
  });
  expect(made.metadata.labels).toEqual({ app: 'web' });
  expect(made.spec).toMatchObject({ completions: 1, parallelism: 1, backoffLimit: 6, suspend: false });
  expect(said(jobRules.validate?.(made, testContext))).toEqual([]);
});

test('a job that never ends is refused', () => {
  expect(said(jobRules.validate?.(job({ template: template() }), testContext))).toEqual([
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ]);
});

test('a finished job shows how long it took', () => {
  const made = job();
  made.status = {
    succeeded: 1,
    startTime: '2026-01-01T00:00:00Z',
    completionTime: '2026-01-01T00:00:09Z',
    conditions: [{ type: 'Complete', status: 'True' }],
  };
  expect(jobRules.columns?.slice(0, 5).map((column) => column.cell(made, now))).toEqual([
    'web',
    'Complete',
    '1/1',
    '9s',
    '3h',
  ]);
});

test.each([
  ['*/5 * * * *', undefined],
  ['0 0 1 jan sun', undefined],
  ['@daily', undefined],
  ['@every 1h30m', undefined],
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
  ['@often', 'unrecognized descriptor: @often'],
])('the schedule %s is judged as upstream does', (schedule, message) => {
  const made: CronJob = {
    metadata: metadata(),
    spec: {
      schedule,
      jobTemplate: {
        spec: { template: { ...template(), spec: { ...template().spec, restartPolicy: 'Never' } } },
      },
    },
  };
  cronJobRules.default?.(made);
  expect(said(cronJobRules.validate?.(made, testContext))).toEqual(
    message === undefined ? [] : [`spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${message}`],
  );
});
