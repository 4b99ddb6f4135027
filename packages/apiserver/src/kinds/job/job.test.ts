import type { Job, JobSpec, JobStatus } from '@kubewright/api/batch/v1';
import { expect, test } from 'vitest';
import type { FieldError } from '../../validation/field-error.js';
import { jobRules } from '../job.js';
import { testContext } from '../test-context.js';

const said = (errors: FieldError[] | undefined) =>
  (errors ?? []).map(({ field, message }) => `${field}: ${message}`);

function job(spec: Partial<JobSpec> = {}, status?: JobStatus): Job {
  const made: Job = {
    metadata: { name: 'sum', namespace: 'default', uid: 'u1' },
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } },
      ...spec,
    },
  };
  jobRules.default?.(made);
  jobRules.prepareForCreate?.(made, testContext);
  if (status !== undefined) made.status = status;
  return made;
}

const indexed: Partial<JobSpec> = { completionMode: 'Indexed', completions: 3, parallelism: 3 };
const condition = (type: string) => ({ type, status: 'True' });

test.each<[string, Partial<JobSpec>, string[]]>([
  ['nothing special', {}, []],
  [
    'limits for indexes that it has none of',
    { maxFailedIndexes: 1 },
    [
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
    ],
  ],
  [
    'more failed indexes than there are',
    { ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 4 },
    ['spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions'],
  ],
  [
    'a manager without a domain',
    { managedBy: 'me' },
    ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
  [
    'a rule about failures that says nothing',
    { podFailurePolicy: { rules: [{ action: '' }] } },
    [
      'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
      'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
    ],
  ],
  [
    'exit codes in disorder',
    {
      podFailurePolicy: {
        rules: [
          { action: 'FailJob', onExitCodes: { operator: 'In', values: [3, 0, 3], containerName: 'b' } },
          { action: 'FailIndex', onPodConditions: [{ type: 'DisruptionTarget', status: 'Maybe' }] },
        ],
      },
    },
    [
      'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "b": must be one of the container or initContainer names in the pod template',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 3',
      'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0,3]: must be ordered',
      'spec.podFailurePolicy.rules[1].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
      'spec.podFailurePolicy.rules[1].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    ],
  ],
  [
    'a success that can not be',
    { ...indexed, successPolicy: { rules: [{}, { succeededIndexes: '0-1,1', succeededCount: 4 }] } },
    [
      'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
      'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "0-1,1": error parsing succeededIndexes: non-increasing order, previous: 1, current: 1',
      'spec.successPolicy.rules[1].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)',
      'spec.successPolicy.rules[1].succeededCount: Invalid value: 4: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)',
    ],
  ],
  [
    'replacements of terminating pods beside a failure policy',
    {
      podFailurePolicy: { rules: [{ action: 'Count', onPodConditions: [{ type: 'A', status: 'True' }] }] },
      podReplacementPolicy: 'TerminatingOrFailed',
    },
    ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
  ],
  [
    'no restart policy',
    { template: { spec: { containers: [{ name: 'a', image: 'a' }] } } },
    ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
])('a job with %s is judged as upstream does', (_name, spec, expected) => {
  expect(said(jobRules.validate?.(job(spec), testContext))).toEqual(expected);
});

const withCpu = (cpu: string, image = 'a'): Partial<JobSpec> => ({
  suspend: true,
  template: {
    spec: {
      restartPolicy: 'Never',
      nodeSelector: { cpu },
      containers: [{ name: 'a', image, resources: { requests: { cpu } } }],
    },
  },
});

test.each<[string, JobStatus, boolean]>([
  ['never started', {}, true],
  [
    'ran and was suspended',
    { startTime: '2026-01-01T00:00:00Z', conditions: [condition('Suspended')] },
    true,
  ],
  [
    'has pods left',
    { startTime: '2026-01-01T00:00:00Z', active: 1, conditions: [condition('Suspended')] },
    false,
  ],
])('a suspended job that %s may change where and with how much it runs', (_name, status, allowed) => {
  const errors = jobRules.validateUpdate?.(job(withCpu('2')), job(withCpu('1'), status), testContext);
  expect(errors).toHaveLength(allowed ? 0 : 1);
  const other = jobRules.validateUpdate?.(job(withCpu('1', 'b')), job(withCpu('1'), status), testContext);
  expect(other?.map(({ field }) => field)).toEqual(['spec.template']);
});

test('completions of an indexed job move with its parallelism', () => {
  const grown = job({ ...indexed, completions: 5, parallelism: 5 });
  expect(jobRules.validateUpdate?.(grown, job(indexed), testContext)).toEqual([]);
  expect(
    said(jobRules.validateUpdate?.(job({ ...indexed, completions: 5 }), job(indexed), testContext)),
  ).toEqual(['spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism']);
});

test.each<[string, JobStatus, JobStatus, string[]]>([
  ['counts on', { active: 1, startTime: '2026-01-01T00:00:00Z' }, {}, []],
  [
    'is complete at once',
    { conditions: [condition('Complete')] },
    {},
    [
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'status.startTime: Required value: startTime is required for finished job',
    ],
  ],
  [
    'takes back what it said',
    { failed: 0, conditions: [] },
    { failed: 2, conditions: [condition('FailureTarget')] },
    [
      'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
      'status.failed: Invalid value: 0: cannot decrease the failed counter',
    ],
  ],
  [
    'has more ready pods than pods',
    { active: 1, ready: 2 },
    {},
    ['status.ready: Invalid value: 2: cannot set more ready pods than active'],
  ],
])('a status that %s is judged as upstream does', (_name, status, old, expected) => {
  const errors = jobRules.subresources?.status?.validateUpdate?.(job({}, status), job({}, old));
  expect(said(errors)).toEqual(expected);
});
