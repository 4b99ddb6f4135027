import { expect, test } from 'vitest';
import { goForm } from './go-form.js';

// What kube-apiserver 1.36.3 prints in its errors.
test.each<[string, unknown, string, unknown]>([
  ['a source of events', { component: 'x' }, 'EventSource', { Component: 'x', Host: '' }],
  ['nothing behind a pointer', undefined, '*PodFailurePolicy', null],
  ['a list that is not there', {}, 'SuccessPolicy', { Rules: null }],
  [
    'a policy of a job',
    { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } }] },
    'PodFailurePolicy',
    {
      Rules: [
        {
          Action: 'Ignore',
          OnExitCodes: { ContainerName: null, Operator: 'In', Values: [1] },
          OnPodConditions: null,
        },
      ],
    },
  ],
  [
    'terms with their values',
    { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: '', operator: 'Exists' }] }] } },
    '*VolumeNodeAffinity',
    {
      Required: {
        NodeSelectorTerms: [
          { MatchExpressions: [{ Key: '', Operator: 'Exists', Values: null }], MatchFields: null },
        ],
      },
    },
  ],
])('%s is shown as upstream has it inside', (_, value, type, expected) => {
  expect(JSON.stringify(goForm(value, type))).toBe(JSON.stringify(expected));
});

test('what a pod shares with its host belongs to its security context, sources stand beside the name', () => {
  const pod = goForm(
    { hostNetwork: true, volumes: [{ name: 'v', emptyDir: {} }], containers: [] },
    'PodSpec',
  );
  expect(pod).toMatchObject({
    SecurityContext: { HostNetwork: true, HostPID: false, ShareProcessNamespace: null },
    Volumes: [{ Name: 'v', EmptyDir: { Medium: '', SizeLimit: null }, HostPath: null }],
    Containers: [],
    InitContainers: null,
    ServiceAccountName: '',
  });
});
