import { expect, test } from 'vitest';
import { certificateSigningRequestRules, priorityClassRules, runtimeClassRules } from './cluster-classes.js';
import { flowSchemaRules, priorityLevelConfigurationRules } from './flow-control.js';
import { horizontalPodAutoscalerRules } from './horizontal-pod-autoscaler.js';
import { judge, judgeUpdate } from './judge.test.support.js';
import type { KindRules } from './kind-rules.js';
import { podDisruptionBudgetRules } from './pod-disruption-budget.js';
import { limitRangeRules, resourceQuotaRules } from './quota.js';
import { clusterRoleBindingRules, clusterRoleRules, roleBindingRules, roleRules } from './rbac.js';

const named = { name: 'x' };
const namespaced = { name: 'x', namespace: 'default' };

test.each<[string, KindRules, object, string[]]>([
  [
    'a quota with bad amounts and scopes',
    resourceQuotaRules,
    {
      metadata: namespaced,
      spec: {
        hard: { pods: '1.5', 'requests.cpu': '-1', 'a b': '1' },
        scopes: ['Terminating', 'NotTerminating', 'Odd'],
        scopeSelector: {
          matchExpressions: [
            { scopeName: 'BestEffort', operator: 'In', values: ['a'] },
            { scopeName: 'PriorityClass', operator: 'In' },
            { scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] },
            { scopeName: 'Odd', operator: 'Like' },
          ],
        },
      },
    },
    [
      'spec.hard[pods]: Invalid value: "1.5": must be an integer',
      'spec.hard[requests.cpu]: Invalid value: "-1": must be greater than or equal to 0',
      "spec.hard[a b]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.hard[a b]: Invalid value: "a b": must be a standard resource for quota',
      'spec.scopes: Invalid value: ["Terminating","NotTerminating","Odd"]: unsupported scope',
      'spec.scopes: Invalid value: ["Terminating","NotTerminating","Odd"]: conflicting scopes',
      'spec.scopeSelector.matchExpressions: Invalid value: {"MatchExpressions":[{"ScopeName":"BestEffort","Operator":"In","Values":["a"]},{"ScopeName":"PriorityClass","Operator":"In","Values":null},{"ScopeName":"PriorityClass","Operator":"Exists","Values":["a"]},{"ScopeName":"Odd","Operator":"Like","Values":null}]}: unsupported scope applied to resource',
      'spec.scopeSelector.matchExpressions.operator: Invalid value: "In": must be \'Exists\' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity',
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      "spec.scopeSelector.matchExpressions.values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
      'spec.scopeSelector.matchExpressions.scopeName: Invalid value: "Odd": unsupported scope',
      'spec.scopeSelector.matchExpressions.operator: Invalid value: "Like": not a valid selector operator',
    ],
  ],
  [
    'limits that contradict each other',
    limitRangeRules,
    {
      metadata: namespaced,
      spec: {
        limits: [
          {
            type: 'Container',
            max: { cpu: '1' },
            min: { cpu: '2' },
            default: { cpu: '3' },
            defaultRequest: { cpu: '4' },
            maxLimitRequestRatio: { cpu: '0.5' },
          },
          { type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
          { type: 'Pod' },
          { type: 'PersistentVolumeClaim' },
          { type: 'odd' },
        ],
      },
    },
    [
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "4": default request value 4 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "4": default request value 4 is greater than default limit value 3',
      'spec.limits[0].default[cpu]: Invalid value: "1": default value 3 is greater than max value 1',
      'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "0.5": ratio 0.5 is less than 1',
      "spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'",
      "spec.limits[1].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'",
      'spec.limits[2].type: Duplicate value: "Pod"',
      'spec.limits[3].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      'spec.limits[4].type: Invalid value: "odd": must be a standard limit type or fully qualified',
    ],
  ],
  [
    'a class with a kept name',
    priorityClassRules,
    { metadata: { name: 'system-high' }, value: 1 },
    [
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-high is not a known system priority class",
    ],
  ],
  [
    'a class that is too high',
    priorityClassRules,
    { metadata: named, value: 2000000001, preemptionPolicy: 'Sometimes' },
    [
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
      'preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"',
    ],
  ],
  [
    'a class with bad parts',
    runtimeClassRules,
    {
      metadata: named,
      handler: 'A',
      overhead: { podFixed: { cpu: '-1' } },
      scheduling: { nodeSelector: { 'a b': 'c' }, tolerations: [{ operator: 'Exists', value: 'a' }] },
    },
    [
      "handler: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      "scheduling.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'scheduling.tolerations[0].operator: Invalid value: "a": value must be empty when `operator` is \'Exists\'',
    ],
  ],
  [
    'a request with nothing',
    certificateSigningRequestRules,
    { metadata: named, spec: {} },
    [
      'spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST',
      'spec.usages: Required value',
      'spec.signerName: Required value',
    ],
  ],
  [
    'a request with bad parts',
    certificateSigningRequestRules,
    {
      metadata: named,
      spec: {
        request: 'YQ==',
        signerName: 'a',
        usages: ['client auth', 'client auth', 'odd'],
        expirationSeconds: 10,
      },
    },
    [
      'spec.request: Invalid value: "YQ==": PEM block type must be CERTIFICATE REQUEST',
      'spec.usages[2]: Unsupported value: "odd": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
      'spec.usages[1]: Duplicate value: "client auth"',
      'spec.signerName: Invalid value: "a": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      'spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 600 seconds (10 minutes)',
    ],
  ],
  [
    'a schema with bad rules',
    flowSchemaRules,
    {
      metadata: named,
      spec: {
        priorityLevelConfiguration: { name: '' },
        matchingPrecedence: 0,
        distinguisherMethod: { type: 'By' },
        rules: [
          {
            subjects: [{ kind: 'User' }, { kind: 'Group', group: { name: '' } }, { kind: 'Odd' }],
            resourceRules: [{ verbs: [], apiGroups: ['*', 'a'], resources: [], clusterScope: false }],
            nonResourceRules: [{ verbs: ['Get'], nonResourceURLs: ['a', '/a*b'] }],
          },
          { subjects: [] },
        ],
      },
    },
    [
      'spec.distinguisherMethod.type: Unsupported value: {"Type":"By"}: supported values: "ByNamespace", "ByUser"',
      'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
      'spec.rules[0].subjects[1].group.name: Required value',
      'spec.rules[0].subjects[2].kind: Unsupported value: "Odd": supported values: "Group", "ServiceAccount", "User"',
      'spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one value',
      'spec.rules[0].resourceRules[0].apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify other api groups',
      'spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource',
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
      'spec.rules[0].nonResourceRules[0].verbs: Unsupported value: ["Get"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash',
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a*b": wildcard can only do suffix matching',
      'spec.rules[1].subjects: Required value: subjects must contain at least one value',
      'spec.rules[1]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
  ],
  [
    'a level without a limit',
    priorityLevelConfigurationRules,
    { metadata: named, spec: { type: 'Limited' } },
    ['spec.limited: Required value: must not be empty when type is Limited'],
  ],
  [
    'a level with bad numbers',
    priorityLevelConfigurationRules,
    {
      metadata: named,
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: -1,
          lendablePercent: 101,
          borrowingLimitPercent: -1,
          limitResponse: { type: 'Queue', queuing: { queues: -1, handSize: 9, queueLengthLimit: -1 } },
        },
      },
    },
    [
      'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
      'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
      'spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive',
      'spec.limited.limitResponse.queuing.queues: Invalid value: -1: must be positive',
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 9: should not be greater than queues (-1)',
    ],
  ],
  [
    'an exempt level with a limit',
    priorityLevelConfigurationRules,
    { metadata: named, spec: { type: 'Exempt', limited: {} } },
    [
      "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
      'spec.limited: Forbidden: must be nil if the type is not Limited',
    ],
  ],
  [
    'a budget with both bounds',
    podDisruptionBudgetRules,
    {
      metadata: namespaced,
      spec: {
        minAvailable: '101%',
        maxUnavailable: -1,
        selector: { matchLabels: { 'a b': 'c' } },
        unhealthyPodEvictionPolicy: 'Sometimes',
      },
    },
    [
      'spec: Invalid value: {"MinAvailable":"101%","Selector":{"matchLabels":{"a b":"c"}},"MaxUnavailable":-1,"UnhealthyPodEvictionPolicy":"Sometimes"}: minAvailable and maxUnavailable cannot be both set',
      'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
      'spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0',
      "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "Sometimes": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ],
  ],
  [
    'a scaler with bad bounds',
    horizontalPodAutoscalerRules,
    {
      metadata: namespaced,
      spec: { scaleTargetRef: { kind: '', name: 'a/b' }, minReplicas: 0, maxReplicas: 0 },
    },
    [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.maxReplicas: Required value: must be set and greater than 0',
      'spec.scaleTargetRef.kind: Required value',
      'spec.scaleTargetRef.name: Invalid value: "a/b": may not contain \'/\'',
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
  ],
  [
    'a scaler with bad metrics',
    horizontalPodAutoscalerRules,
    {
      metadata: namespaced,
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'a' },
        maxReplicas: 2,
        metrics: [
          { type: 'Resource' },
          { type: 'Resource', resource: { name: '', target: { type: 'Utilization' } } },
          {
            type: 'Resource',
            resource: {
              name: 'cpu',
              target: { type: 'Utilization', averageUtilization: 0, averageValue: '1' },
            },
          },
          { type: 'Pods', pods: { metric: { name: '' }, target: { type: 'Value', value: '1' } } },
          {
            type: 'Object',
            object: {
              describedObject: { kind: '', name: '' },
              metric: { name: 'a/b' },
              target: { type: 'Value', value: '-1' },
            },
          },
          {
            type: 'External',
            external: { metric: { name: 'a' }, target: { type: 'Value', value: '1', averageValue: '1' } },
          },
          {
            type: 'ContainerResource',
            containerResource: { name: 'cpu', container: '', target: { type: 'Odd' } },
          },
          { type: 'Odd' },
        ],
      },
    },
    [
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.metrics[0].resource: Required value: must populate information for the given metric source',
      'spec.metrics[1].resource.name: Required value: must specify a resource name',
      'spec.metrics[1].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      'spec.metrics[2].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
      'spec.metrics[2].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
      'spec.metrics[3].pods.metric.name: Required value: must specify a metric name',
      'spec.metrics[3].pods.target.averageValue: Required value: must specify a positive target averageValue',
      'spec.metrics[4].object.describedObject.kind: Required value',
      'spec.metrics[4].object.describedObject.name: Required value',
      'spec.metrics[4].object.metric.name: Invalid value: "a/b": may not contain \'/\'',
      'spec.metrics[4].object.target.value: Invalid value: "-1": must be positive',
      'spec.metrics[5].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
      'spec.metrics[6].containerResource.container: Required value: must specify a container',
      'spec.metrics[6].containerResource.target.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
      'spec.metrics[6].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      'spec.metrics[7].type: Unsupported value: "Odd": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      'spec.metrics[7].type: Unsupported value: "Odd": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
    ],
  ],
  [
    'a scaler with bad behavior',
    horizontalPodAutoscalerRules,
    {
      metadata: namespaced,
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'a' },
        maxReplicas: 2,
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 4000,
            selectPolicy: 'Some',
            policies: [{ type: 'Odd', value: 0, periodSeconds: 2000 }],
          },
          scaleDown: { stabilizationWindowSeconds: -1, policies: [] },
        },
      },
    },
    [
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600',
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Some": supported values: "Disabled", "Max", "Min"',
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Odd": supported values: "Percent", "Pods"',
      'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800',
      'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
      'spec.behavior.scaleDown.policies: Required value: must specify at least one Policy',
    ],
  ],
  [
    'rules with too little and too much',
    roleRules,
    {
      metadata: namespaced,
      rules: [
        { verbs: [] },
        { verbs: ['get'], nonResourceURLs: ['/a'] },
        { verbs: ['get'], apiGroups: [''], resources: [] },
      ],
    },
    [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
      'rules[1].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs',
      'rules[2].resources: Required value: resource rules must supply at least one resource',
    ],
  ],
  [
    'paths that are mixed with resources',
    clusterRoleRules,
    {
      metadata: named,
      rules: [{ verbs: ['get'], nonResourceURLs: ['/a'], apiGroups: [''], resources: ['pods'] }],
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'a b': 'c' } }] },
    },
    [
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
      "aggregationRule.clusterRoleSelectors[0].matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.',
    ],
  ],
  [
    'a binding with bad ends',
    roleBindingRules,
    {
      metadata: namespaced,
      roleRef: { apiGroup: 'x', kind: 'Odd', name: '' },
      subjects: [
        { kind: 'User', name: '' },
        { kind: 'ServiceAccount', name: 'a' },
        { kind: 'Odd', name: 'a' },
        { kind: 'Group', name: 'a', apiGroup: 'x' },
      ],
    },
    [
      'roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
      'roleRef.kind: Unsupported value: "Odd": supported values: "Role", "ClusterRole"',
      'roleRef.name: Required value',
      'subjects[0].name: Required value',
      'subjects[2].kind: Unsupported value: "Odd": supported values: "ServiceAccount", "User", "Group"',
      'subjects[3].apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
    ],
  ],
  [
    'a binding to a role of a namespace',
    clusterRoleBindingRules,
    { metadata: named, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' } },
    ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
  ],
])('%s is judged as upstream does', (_name, rules, object, expected) => {
  expect(judge(rules, object)).toEqual(expected);
});

test.each<[string, KindRules, object, object, string[]]>([
  [
    'a quota gets other scopes',
    resourceQuotaRules,
    { metadata: namespaced, spec: { scopes: ['BestEffort'] } },
    { metadata: namespaced, spec: { scopes: ['NotBestEffort'] } },
    ['spec.scopes: Invalid value: ["NotBestEffort"]: field is immutable'],
  ],
  [
    'a class gets another value',
    priorityClassRules,
    { metadata: named, value: 1 },
    { metadata: named, value: 2, preemptionPolicy: 'Never' },
    [
      'value: Forbidden: may not be changed in an update.',
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ],
  ],
  [
    'a class gets another handler',
    runtimeClassRules,
    { metadata: named, handler: 'a' },
    { metadata: named, handler: 'b' },
    ['handler: Invalid value: "b": field is immutable'],
  ],
  [
    'a binding gets another role',
    roleBindingRules,
    { metadata: namespaced, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' } },
    { metadata: namespaced, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'b' } },
    [
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef',
    ],
  ],
])('%s: the update is judged as upstream does', (_name, rules, old, next, expected) => {
  expect(judgeUpdate(rules, old, next)).toEqual(expected);
});
