import type { KubernetesObject } from '@kubewright/api';
import { expect, it } from 'vitest';
import { builtinRules } from './builtin-rules.js';
import { judge } from './judge.test.support.js';

// What Kubernetes 1.36.2 says of each, told by its own strategies; what it says twice stands here once.
const judged: readonly (readonly [object, string[]])[] = [
  [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        serviceName: 'A',
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i',
                volumeMounts: [
                  { name: 'data', mountPath: '/d' },
                  { name: 'gone', mountPath: '/g' },
                ],
              },
            ],
            hostname: '_',
          },
        },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: [] } }],
      },
    },
    [
      'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      "spec.serviceName: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'spec.template.spec.containers[0].volumeMounts[1].name: Not found: "gone"',
    ],
  ],
  [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        serviceName: 's',
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [] } },
      },
    },
    ['spec.template.spec.containers: Required value'],
  ],
  [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        serviceName: 's',
        selector: { matchLabels: { a: '_' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    },
    [
      "spec.selector.matchLabels: Invalid value: \"_\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      'spec.selector: Invalid value: {"matchLabels":{"a":"_"}}',
    ],
  ],
  [
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        selector: { matchLabels: { a: '_' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    },
    [
      "spec.selector.matchLabels: Invalid value: \"_\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ],
  [
    {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        selector: { a: '_' },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    },
    ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
  ],
  [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', namespace: 'default' } },
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
      'spec.template.spec.containers: Required value',
    ],
  ],
  [
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'a', namespace: 'default' },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['1.2.3.4'],
          hints: { forZones: [{ name: 'z' }, { name: 'z' }, { name: '_' }], forNodes: [{ name: 'N' }] },
        },
      ],
      ports: [{ name: 'p', port: 0, protocol: 'TCP' }],
    },
    [
      'endpoints[0].hints.forZones[1].name: Duplicate value: "z"',
      "endpoints[0].hints.forZones[2].name: Invalid value: \"_\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      "endpoints[0].hints.forNodes[0].name: Invalid value: \"N\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'a', namespace: 'default' },
      subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 1, appProtocol: '_' }] }],
    },
    [
      "subsets[0].ports[0].appProtocol: Invalid value: \"_\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
  [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'a' },
      spec: { podCIDR: 'x', podCIDRs: ['10.0.0.0/8'] },
    },
    ['spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ],
  [
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'a' },
      spec: { serviceAccountTokenInSecrets: true },
    },
    [
      'spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
    ],
  ],
  [
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'a' },
      provisioner: 'p',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'a', values: ['_', '_'] }] }],
    },
    ['allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "_"'],
  ],
  [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        containers: [{ name: 'c', image: 'i', resources: { limits: { 'A_b!/x y': '1' } } }],
        dnsConfig: { searches: ['_a.b', '-'] },
        securityContext: { seLinuxChangePolicy: 'MountOption' },
      },
    },
    [
      "spec.containers[0].resources.limits[A_b!/x y]: Invalid value: \"A_b!/x y\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      "spec.containers[0].resources.limits[A_b!/x y]: Invalid value: \"A_b!/x y\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.containers[0].resources.limits[A_b!/x y]: Invalid value: "A_b!/x y": doesn\'t follow extended resource name standard',
      "spec.containers[0].resources.requests[A_b!/x y]: Invalid value: \"A_b!/x y\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      "spec.containers[0].resources.requests[A_b!/x y]: Invalid value: \"A_b!/x y\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.containers[0].resources.requests[A_b!/x y]: Invalid value: "A_b!/x y": doesn\'t follow extended resource name standard',
      'spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"',
      "spec.dnsConfig.searches[1]: Invalid value: \"-\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'a', namespace: 'default' },
      spec: { scaleTargetRef: { kind: 'K', name: 'n' }, maxReplicas: -1 },
    },
    [
      'spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1',
      'spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`',
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
    ],
  ],
];

it.each(judged)('%j is judged as upstream does', (object, expected) => {
  const rules = builtinRules.find(({ kind }) => kind.kind === (object as KubernetesObject).kind);
  if (rules === undefined) throw new Error('there are no rules of the kind');
  expect([...new Set(judge(rules, object))].sort()).toEqual([...expected].sort());
});
