import type {
  FlowSchema,
  FlowSchemaSpec,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  ResourcePolicyRule,
} from '@kubewright/api/flowcontrol/v1';

/** With `"false"` a suggested object is left as its owner made it. */
export const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';

type Subjects = FlowSchemaSpec['rules'] extends (infer R)[] | undefined
  ? R extends { subjects: infer S }
    ? S
    : never
  : never;

const groups = (...names: string[]): Subjects => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Subjects => names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts: Subjects = [
  { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } },
];
const everybody = groups('system:unauthenticated', 'system:authenticated');

const rule = (
  apiGroup: string,
  resources: string[],
  { verbs = ['*'], clusterScope = true }: { verbs?: string[]; clusterScope?: boolean } = {},
): ResourcePolicyRule => ({
  verbs,
  apiGroups: [apiGroup],
  resources,
  namespaces: ['*'],
  ...(clusterScope ? { clusterScope } : {}),
});

const allResources = [rule('*', ['*'])];
const allPaths = [{ verbs: ['*'], nonResourceURLs: ['*'] }];

/** `[name, level, precedence, distinguisher, subjects, resource rules, path rules]` */
type SchemaFacts = readonly [
  string,
  string,
  number,
  '' | 'ByUser' | 'ByNamespace',
  Subjects,
  ResourcePolicyRule[],
  { verbs: string[]; nonResourceURLs: string[] }[],
];

const leases = (verbs?: string[]) =>
  rule('coordination.k8s.io', ['leases'], { clusterScope: false, ...(verbs === undefined ? {} : { verbs }) });
const nodeGroup = groups('system:nodes');
const manager = users('system:kube-controller-manager');
const scheduler = users('system:kube-scheduler');
const nodesOwn = [rule('', ['nodes', 'nodes/status']), leases()];
const probes = [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }];

/** Source: the suggested and mandatory objects of the API Priority and Fairness page, as of 1.36. */
const schemas: readonly SchemaFacts[] = [
  ['exempt', 'exempt', 1, '', groups('system:masters'), allResources, allPaths],
  ['probes', 'exempt', 2, '', everybody, [], probes],
  [
    'system-leader-election',
    'leader-election',
    100,
    'ByUser',
    [...manager, ...scheduler, ...systemAccounts],
    [leases(['get', 'create', 'update'])],
    [],
  ],
  ['system-node-high', 'node-high', 400, 'ByUser', nodeGroup, nodesOwn, []],
  ['system-nodes', 'system', 500, 'ByUser', nodeGroup, allResources, allPaths],
  ['kube-controller-manager', 'workload-high', 800, 'ByNamespace', manager, allResources, allPaths],
  ['kube-scheduler', 'workload-high', 800, 'ByNamespace', scheduler, allResources, allPaths],
  [
    'kube-system-service-accounts',
    'workload-high',
    900,
    'ByNamespace',
    systemAccounts,
    allResources,
    allPaths,
  ],
  [
    'service-accounts',
    'workload-low',
    9000,
    'ByUser',
    groups('system:serviceaccounts'),
    allResources,
    allPaths,
  ],
  ['global-default', 'global-default', 9900, 'ByUser', everybody, allResources, allPaths],
  ['catch-all', 'catch-all', 10_000, 'ByUser', everybody, allResources, allPaths],
];

/** `[name, shares, lendable percent, queues, hand size]`; queues hold 50 requests each. */
const queuingLevels: readonly (readonly [string, number, number, number, number])[] = [
  ['system', 30, 33, 64, 6],
  ['node-high', 40, 25, 64, 6],
  ['leader-election', 10, 0, 16, 4],
  ['workload-high', 40, 50, 128, 6],
  ['workload-low', 100, 90, 128, 6],
  ['global-default', 20, 50, 128, 6],
];

/** Those whose spec is always this. */
export const mandatory: ReadonlySet<string> = new Set(['exempt', 'catch-all']);

export function defaultFlowSchemas(): FlowSchema[] {
  return schemas.map(
    ([name, level, matchingPrecedence, type, subjects, resourceRules, nonResourceRules]) => ({
      metadata: metadata(name),
      spec: {
        priorityLevelConfiguration: { name: level },
        matchingPrecedence,
        ...(type === '' ? {} : { distinguisherMethod: { type } }),
        rules: [
          {
            subjects,
            ...(resourceRules.length === 0 ? {} : { resourceRules }),
            ...(nonResourceRules.length === 0 ? {} : { nonResourceRules }),
          },
        ],
      },
    }),
  );
}

export function defaultPriorityLevels(): PriorityLevelConfiguration[] {
  const level = (name: string, spec: PriorityLevelConfigurationSpec) => ({ metadata: metadata(name), spec });
  return [
    level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    level('catch-all', {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
    }),
    ...queuingLevels.map(([name, nominalConcurrencyShares, lendablePercent, queues, handSize]) =>
      level(name, {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares,
          lendablePercent,
          limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
        },
      }),
    ),
  ];
}

function metadata(name: string) {
  return { name, annotations: { [autoUpdate]: 'true' } };
}
