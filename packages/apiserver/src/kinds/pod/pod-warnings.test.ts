import type { PodSpec } from '@kubewright/api/core/v1';
import { expect, test } from 'vitest';
import { path } from '../../validation/field-error.js';
import { podTemplateWarnings, podWarnings } from './pod-warnings.js';

const container = { name: 'a', image: 'a' };

test.each<[string, Partial<PodSpec>, string[]]>([
  ['nothing special', {}, []],
  [
    'labels of nodes of old',
    {
      nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
      topologySpreadConstraints: [
        {
          topologyKey: 'failure-domain.beta.kubernetes.io/zone',
          maxSkew: 1,
          whenUnsatisfiable: 'DoNotSchedule',
        },
      ],
    },
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    ],
  ],
  [
    'variables and ports twice',
    {
      containers: [
        {
          ...container,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
            { name: 'A', value: '$(A)3' },
          ],
          ports: [
            { name: 'web', containerPort: 80, protocol: 'TCP' },
            { name: 'alt', containerPort: 80, protocol: 'TCP', hostIP: '10.0.0.1' },
          ],
        },
        { name: 'b', image: 'b', ports: [{ name: 'web', containerPort: 81, protocol: 'TCP' }] },
      ],
    },
    [
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
      'spec.containers[0].ports[1]: hostIP set without hostPort: {Name:alt HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}',
      'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
      'spec.containers[1].ports[0]: duplicate port name "web" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
    ],
  ],
  [
    'a fraction of a byte',
    { containers: [{ ...container, resources: { requests: { memory: '1500m' } } }] },
    [
      'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ],
  [
    'volumes that are gone, files in each other’s place',
    {
      volumes: [
        { name: 'g', glusterfs: { endpoints: 'e', path: '/' } },
        {
          name: 'c',
          configMap: {
            name: 'm',
            items: [
              { key: 'a', path: 'x' },
              { key: 'b', path: 'x/y' },
            ],
          },
        },
      ],
    },
    [
      'spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+',
      'volume "c" (ConfigMap "m"): overlapping paths: "x/y" with "x"',
    ],
  ],
])('a pod with %s is warned about', (_name, spec, expected) => {
  const pod = { metadata: { name: 'web' }, spec: { containers: [container], ...spec } };
  expect(podWarnings(pod, undefined)).toEqual(expected);
  expect(podWarnings(pod, pod)).toEqual([]);
  const inTemplate = podTemplateWarnings({ spec: pod.spec }, path('spec', 'template'));
  expect(inTemplate).toEqual(expected.map((text) => text.replaceAll('spec.', 'spec.template.spec.')));
});

test('a name that is no host name', () => {
  expect(podWarnings({ metadata: { name: 'a.b' }, spec: { containers: [container] } }, undefined)[0]).toMatch(
    /^metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: \[must not contain dots]$/,
  );
});
