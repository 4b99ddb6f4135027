import { createHash } from 'node:crypto';
import type { PolicyRule } from '@kubewright/api/rbac/v1';
import { describe, expect, it } from 'vitest';
import { breakDown } from '../covers.js';
import { RbacAuthorizer } from '../rbac-authorizer.js';
import { defaultPolicy } from './default-policy.js';

/**
 * What upstream's roles give: how many pairs of a verb and a resource, a name of one, or a path, and a digest of them,
 * worked out from the expectations that upstream's own tests of 1.36 hold its bootstrap policy to.
 */
const expectations: readonly (readonly [role: string, permissions: number, digest: string])[] = [
  ['admin', 0, 'e3b0c44298fc'],
  ['cluster-admin', 2, '26f7c6ac421e'],
  ['edit', 0, 'e3b0c44298fc'],
  ['system:aggregate-to-admin', 17, 'da5157faae8f'],
  ['system:aggregate-to-edit', 229, '1cf2fc8cec8d'],
  ['system:aggregate-to-view', 180, '062fa2191832'],
  ['system:auth-delegator', 2, '2b7fc063bd7f'],
  ['system:basic-user', 3, '3ce5b145cc2d'],
  ['system:certificates.k8s.io:certificatesigningrequests:nodeclient', 1, 'c1f44c81d30f'],
  ['system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', 1, '22ca26e09164'],
  ['system:certificates.k8s.io:kube-apiserver-client-approver', 1, 'f3129e32739b'],
  ['system:certificates.k8s.io:kube-apiserver-client-kubelet-approver', 1, 'fcb577f4ab7c'],
  ['system:certificates.k8s.io:kubelet-serving-approver', 1, 'd370793536c4'],
  ['system:certificates.k8s.io:legacy-unknown-approver', 1, '8dfcfd711763'],
  ['system:discovery', 11, '321859d07589'],
  ['system:heapster', 15, '3fa4f1f7d151'],
  ['system:kube-aggregator', 6, '25aa5132d037'],
  ['system:kube-controller-manager', 23, '1e9647206fb9'],
  ['system:kube-dns', 4, 'c5c264181cb2'],
  ['system:kube-scheduler', 92, '466e0959619b'],
  ['system:kubelet-api-admin', 11, '88f8715722c5'],
  ['system:monitoring', 11, '0b50e2779442'],
  ['system:node', 65, 'aa381e64a69b'],
  ['system:node-bootstrapper', 4, 'fbd9b7629bb9'],
  ['system:node-problem-detector', 8, 'c1810bd37c33'],
  ['system:node-proxier', 17, 'd7348601ce61'],
  ['system:persistent-volume-provisioner', 19, 'e121db7b934a'],
  ['system:public-info-viewer', 5, 'a2b6ebd39085'],
  ['system:service-account-issuer-discovery', 4, '500c08d32b88'],
  ['system:volume-scheduler', 13, '4948b351e32e'],
  ['view', 0, 'e3b0c44298fc'],
  ['system:controller:attachdetach-controller', 28, 'afda45132756'],
  ['system:controller:certificate-controller', 18, 'da559e097733'],
  ['system:controller:clusterrole-aggregation-controller', 6, '3b29ddadbe07'],
  ['system:controller:cronjob-controller', 22, 'fd5dc96acfc4'],
  ['system:controller:daemon-set-controller', 31, '48255bd9b16b'],
  ['system:controller:deployment-controller', 36, '4c489bf969c8'],
  ['system:controller:device-taint-eviction-controller', 21, '20e16d1ac4dd'],
  ['system:controller:disruption-controller', 31, 'e007602ea4d3'],
  ['system:controller:endpoint-controller', 19, 'f3bc047d6448'],
  ['system:controller:endpointslice-controller', 22, '80e64c709a0d'],
  ['system:controller:endpointslicemirroring-controller', 20, '2595d5462eaa'],
  ['system:controller:ephemeral-volume-controller', 14, '0afd585fe39b'],
  ['system:controller:expand-controller', 16, '248bf0c00be9'],
  ['system:controller:generic-garbage-collector', 12, 'eaf1bb7bf2dd'],
  ['system:controller:horizontal-pod-autoscaler', 22, '7d6484e20fed'],
  ['system:controller:job-controller', 18, '54502414f404'],
  ['system:controller:legacy-service-account-token-cleaner', 3, '155f4d03358a'],
  ['system:controller:namespace-controller', 11, '9a277a05af6c'],
  ['system:controller:node-controller', 20, 'd7f328a06fa0'],
  ['system:controller:persistent-volume-binder', 29, 'd6f353bc1f57'],
  ['system:controller:pod-garbage-collector', 7, '993c023f166a'],
  ['system:controller:pv-protection-controller', 10, '5bc002e0461c'],
  ['system:controller:pvc-protection-controller', 14, 'ad9f03bdba01'],
  ['system:controller:replicaset-controller', 23, '3fee571f878c'],
  ['system:controller:replication-controller', 17, 'c7f18c948bb1'],
  ['system:controller:resource-claim-controller', 23, '57682e5746f0'],
  ['system:controller:resourcequota-controller', 9, 'c65abfa01745'],
  ['system:controller:root-ca-cert-publisher', 8, 'a493322b2ad9'],
  ['system:controller:route-controller', 9, 'fe6308297cd0'],
  ['system:controller:selinux-warning-controller', 18, 'd53c22d93da2'],
  ['system:controller:service-account-controller', 7, '50b3fc3340c4'],
  ['system:controller:service-cidrs-controller', 18, '770bad5535ab'],
  ['system:controller:service-controller', 13, 'f83edc8eca27'],
  ['system:controller:statefulset-controller', 32, '7926d5579791'],
  ['system:controller:ttl-after-finished-controller', 10, 'eaab2d6e50d2'],
  ['system:controller:ttl-controller', 10, '1fdad5add863'],
  ['system:controller:validatingadmissionpolicy-status-controller', 12, 'acbd7d73cf9a'],
  ['system:controller:volumeattributesclass-protection-controller', 16, '9941d168fc8b'],
  ['kube-public/system:controller:bootstrap-signer', 10, '6de82b1dcc15'],
  ['kube-system/extension-apiserver-authentication-reader', 3, 'fdb96e66557c'],
  ['kube-system/system::leader-locking-kube-controller-manager', 10, '437e48017f42'],
  ['kube-system/system::leader-locking-kube-scheduler', 10, '437e48017f42'],
  ['kube-system/system:controller:bootstrap-signer', 3, '3da00a601d18'],
  ['kube-system/system:controller:cloud-provider', 4, 'd699c09dda62'],
  ['kube-system/system:controller:token-cleaner', 10, '84b6ed04b1b5'],
];

const policy = defaultPolicy();
const rulesByRole = new Map(
  [...policy.clusterRoles, ...policy.roles].map(({ metadata: { namespace, name }, rules }) => [
    namespace === undefined ? name : `${namespace}/${name}`,
    rules ?? [],
  ]),
);

function permissionsOf(rules: readonly PolicyRule[]): string[] {
  const texts = rules.flatMap(breakDown).map((part) => {
    const [url] = part.nonResourceURLs ?? [];
    const [verb] = part.verbs;
    if (url !== undefined) return `${verb} ${url}`;
    return [verb, part.apiGroups?.[0], part.resources?.[0], part.resourceNames?.[0] ?? ''].join(' ');
  });
  return [...new Set(texts)].sort();
}

describe('the default roles are those of upstream', () => {
  for (const [role, count, digest] of expectations)
    it(role, () => {
      const permissions = permissionsOf(rulesByRole.get(role) ?? []);
      expect(permissions).toHaveLength(count);
      expect(createHash('sha256').update(permissions.join('\n')).digest('hex').slice(0, 12)).toBe(digest);
    });

  it('and no others', () => {
    expect([...rulesByRole.keys()].sort()).toEqual(expectations.map(([role]) => role).sort());
  });
});

/** Who may do what by the default bindings: `VERB RESOURCE[/SUB][.GROUP] [in NAMESPACE]`, or `VERB PATH`. */
const decisions: readonly (readonly [user: string, groups: string, allowed: string[], refused: string[]])[] =
  [
    [
      'system:anonymous',
      'system:unauthenticated',
      ['get /healthz', 'get /version'],
      [
        'get /api',
        'get /metrics',
        'get /openapi/v2',
        'list pods',
        'create selfsubjectaccessreviews.authorization.k8s.io',
      ],
    ],
    [
      'jane',
      'system:authenticated',
      ['get /apis/apps/v1', 'get /openapi/v3', 'create selfsubjectreviews.authentication.k8s.io'],
      ['get /metrics', 'list pods in default', 'post /api', 'get secrets in default'],
    ],
    [
      'root',
      'system:masters',
      ['post /anything', 'escalate clusterroles.rbac.authorization.k8s.io', 'x y.z'],
      [],
    ],
    ['probe', 'system:monitoring', ['get /metrics', 'get /livez/ping'], ['get /debug/pprof', 'list nodes']],
    [
      'system:kube-scheduler',
      'system:authenticated',
      [
        'create pods/binding in default',
        'list nodes',
        'update leases.coordination.k8s.io in kube-system',
        'patch persistentvolumeclaims in default',
      ],
      ['create pods in default', 'get secrets in kube-system', 'update nodes'],
    ],
    [
      'system:kube-proxy',
      'system:authenticated',
      ['watch endpointslices.discovery.k8s.io', 'list services', 'get nodes', 'create events in default'],
      ['get services', 'list pods', 'list secrets', 'update nodes'],
    ],
    [
      'system:kube-controller-manager',
      'system:authenticated',
      ['list secrets', 'watch widgets.example.dev', 'create serviceaccounts/token in kube-system'],
      ['delete pods in default', 'update deployments.apps in default'],
    ],
    [
      'system:serviceaccount:kube-system:deployment-controller',
      'system:serviceaccounts',
      ['update deployments.apps in default', 'create replicasets.apps in default', 'get /openid/v1/jwks'],
      ['patch deployments.apps in default', 'create pods in default'],
    ],
    [
      'system:serviceaccount:default:deployment-controller',
      'system:serviceaccounts',
      [],
      ['update deployments.apps in default', 'create replicasets.apps in default'],
    ],
    [
      'system:serviceaccount:kube-system:token-cleaner',
      'system:serviceaccounts',
      ['delete secrets in kube-system'],
      ['delete secrets in default', 'delete secrets'],
    ],
    ['system:node:a', 'system:nodes', [], ['get nodes', 'list pods', 'get secrets in default']],
  ];

describe('the default bindings', () => {
  const rbac = new RbacAuthorizer();
  for (const role of policy.clusterRoles) rbac.setRole({ ...role, kind: 'ClusterRole' });
  for (const role of policy.roles) rbac.setRole({ ...role, kind: 'Role' });
  for (const binding of [...policy.clusterRoleBindings, ...policy.roleBindings]) rbac.setBinding(binding);
  const verdict = (user: string, group: string, text: string) => {
    const [verb = '', what = '', , namespace = ''] = text.split(' ');
    const [, resource = '', subresource = '', apiGroup = ''] =
      /^(\w+)(?:\/(\w+))?(?:\.(.+))?$/.exec(what) ?? [];
    const isResource = !what.startsWith('/');
    const target = { apiGroup, apiVersion: '*', resource, subresource, namespace, name: 'kube-scheduler' };
    const asked = { user: { name: user, groups: [group] }, verb, isResource, path: what, ...target };
    return rbac.authorize(asked).verdict;
  };
  for (const [user, group, allowed, refused] of decisions)
    it(`${user} may do what it needs and no more`, () => {
      for (const text of allowed) expect([text, verdict(user, group, text)]).toEqual([text, 'allow']);
      for (const text of refused) expect([text, verdict(user, group, text)]).toEqual([text, 'no opinion']);
    });
});
