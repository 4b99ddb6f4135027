import type { PodFailurePolicyRule } from '@kubewright/api/batch/v1';
import type { Pod } from '@kubewright/api/core/v1';
import { expect, it } from 'vitest';
import { failureVerdict } from './pod-failure-policy.js';

/** A failed pod whose containers `main` and `side` ended with these codes, and that has this condition. */
function pod(codes: readonly number[], condition?: string): Pod {
  return {
    metadata: { name: 'p', namespace: 'n' },
    status: {
      containerStatuses: codes.map((exitCode, index) => ({
        name: ['main', 'side'][index] ?? '',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode } },
      })),
      conditions: condition === undefined ? [] : [{ type: condition, status: 'True' }],
    },
  };
}
const codes = (
  action: string,
  operator: string,
  values: number[],
  containerName?: string,
): PodFailurePolicyRule => ({
  action,
  onExitCodes: { operator, values, ...(containerName === undefined ? {} : { containerName }) },
});
const disrupted = (action: string): PodFailurePolicyRule => ({
  action,
  onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
});

it.each([
  ['no rule matches', [codes('Ignore', 'In', [3])], pod([1]), { counts: true }],
  ['a code is ignored', [codes('Ignore', 'In', [3])], pod([3]), { counts: false, action: 'Ignore' }],
  ['success is no code', [codes('Ignore', 'NotIn', [3])], pod([0]), { counts: true }],
  ['any but one', [codes('FailIndex', 'NotIn', [3])], pod([4]), { counts: true, action: 'FailIndex' }],
  ['of one container', [codes('Ignore', 'In', [3], 'side')], pod([3, 1]), { counts: true }],
  ['a disruption', [disrupted('Ignore')], pod([1], 'DisruptionTarget'), { counts: false, action: 'Ignore' }],
  [
    'the first wins',
    [codes('Count', 'In', [1]), disrupted('Ignore')],
    pod([1], 'DisruptionTarget'),
    { counts: true, action: 'Count' },
  ],
  [
    'the job fails by a code',
    [disrupted('Ignore'), codes('FailJob', 'In', [42])],
    pod([0, 42]),
    {
      counts: true,
      action: 'FailJob',
      message: 'Container side for pod n/p failed with exit code 42 matching FailJob rule at index 1',
    },
  ],
  [
    'the job fails by a condition',
    [disrupted('FailJob')],
    pod([], 'DisruptionTarget'),
    {
      counts: true,
      action: 'FailJob',
      message: 'Pod n/p has condition DisruptionTarget matching FailJob rule at index 0',
    },
  ],
])('where %s', (_title, rules, failed, verdict) => {
  expect(failureVerdict({ rules }, failed)).toEqual(verdict);
});
