import {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '@kubewright/api/authorization/v1';
import { ConfigMap, Pod, Secret } from '@kubewright/api/core/v1';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '@kubewright/api/rbac/v1';
import type { Client } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const apiGroup = 'rbac.authorization.k8s.io';
let test: TestServer;
let jane: Client;

/** Gives a user a role of its own in a namespace, or everywhere. */
async function grant(user: string, rules: Role['rules'], namespace?: string): Promise<void> {
  const name = `grant-${user}`;
  const subjects = [{ kind: 'User', apiGroup, name: user }];
  if (namespace === undefined) {
    await test.client.resource(ClusterRole).create({ metadata: { name }, rules });
    const roleRef = { apiGroup, kind: 'ClusterRole', name };
    await test.client.resource(ClusterRoleBinding).create({ metadata: { name }, roleRef, subjects });
  } else {
    await test.client.resource(Role).create({ metadata: { name, namespace }, rules });
    const roleRef = { apiGroup, kind: 'Role', name };
    await test.client.resource(RoleBinding).create({ metadata: { name, namespace }, roleRef, subjects });
  }
}

beforeAll(async () => {
  test = await startTestServer({ authorization: { modes: ['Node', 'RBAC'] } });
  jane = test.clientFor({ name: 'jane' });
  await grant(
    'jane',
    [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] },
      { verbs: ['create', 'update', 'patch'], apiGroups: [apiGroup], resources: ['roles', 'rolebindings'] },
    ],
    'default',
  );
});
afterAll(() => test.close());

describe('refusals are worded as upstream words them', () => {
  const cases: readonly [string, () => Promise<unknown>, string][] = [
    [
      'a list in a namespace',
      () => jane.resource(Pod).namespace('default').list(),
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      'a get',
      () => jane.resource(Pod).namespace('default').get('a'),
      'pods "a" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "default"',
    ],
    [
      'at the scope of the cluster',
      () => jane.resource(ClusterRole).list(),
      'clusterroles.rbac.authorization.k8s.io is forbidden: User "jane" cannot list resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope',
    ],
    [
      'a subresource',
      () => jane.resource(Pod).namespace('default').logs('a').next(),
      'pods "a" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "default"',
    ],
  ];
  for (const [name, call, message] of cases)
    it(name, async () => {
      await expect(call()).rejects.toMatchObject({ reason: 'Forbidden', message });
    });

  it('a path that is no resource', async () => {
    await expect(request('jane', '/metrics')).resolves.toEqual([
      403,
      'forbidden: User "jane" cannot get path "/metrics"',
    ]);
  });
});

/** Status and message of a GET. */
async function request(user: string, path: string, query = ''): Promise<[number, string]> {
  const handle = test.server.inProcess({ name: user, groups: [] });
  const response = await handle({
    method: 'GET',
    path,
    query: new URLSearchParams(query),
    headers: {},
  });
  let text = '';
  for await (const chunk of response.body) text += Buffer.from(chunk).toString();
  const { message = '' } = text.startsWith('{') ? JSON.parse(text) : { message: text };
  return [response.status, message];
}

describe('no way of writing a path gets around a decision', () => {
  for (const path of [
    '//api/v1/namespaces/default/secrets',
    '/api//v1/namespaces/default/secrets',
    '/api/v1//namespaces/default/secrets',
    '/api/v1/namespaces/default/secrets/',
    '/api/v1/namespaces/default//secrets',
    '/api/v1/namespaces/default/%73ecrets',
    '/%61pi/v1/namespaces/default/secrets',
    '/api/v1/namespaces/default/configmaps/../secrets/s',
    '/api/v1/namespaces/default/configmaps/%2e%2e/secrets/s',
    '/api/v1/namespaces/default/configmaps/..%2fsecrets%2fs',
    '/api/v1/namespaces/default%2f..%2fkube-system/secrets/s',
    '/api/v1/namespaces/default/configmaps%2f..%2fsecrets/s',
    '/api/v1/namespaces/default/Secrets',
    '/API/v1/namespaces/default/secrets',
    '/api/V1/namespaces/default/secrets',
    '/api/v1/watch/namespaces/default/secrets',
    '/api/v1/namespaces/default/secrets/s/status',
    '/api/v1/namespaces//secrets',
    '/api/v1/secrets',
    '/api/v1/namespaces/DEFAULT/secrets',
    '/apis//v1/namespaces/default/secrets',
    '/apis/v1/namespaces/default/secrets',
    '/metrics/',
    '//metrics',
    '/healthz/../metrics',
    '/version/..%2fmetrics',
    '/%6detrics',
  ])
    it(path, async () => {
      await test.client
        .resource(Secret)
        .namespace('default')
        .apply({ metadata: { name: 's' }, stringData: { password: 'hunter2' } }, { force: true });
      const [status, text] = await request('jane', path);
      expect([403, 404, 405, 400]).toContain(status);
      expect(text).not.toContain('hunter2');
    });
});

describe('escalation', () => {
  const roles = () => jane.resource(Role).namespace('default');

  it('nobody writes a role that gives more than he has', async () => {
    const rules = [
      { verbs: ['get', 'delete'], apiGroups: [''], resources: ['configmaps', 'secrets'] },
      { verbs: ['list'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['a', 'b'] },
    ];
    await expect(roles().create({ metadata: { name: 'more' }, rules })).rejects.toMatchObject({
      reason: 'Forbidden',
      message: `roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["configmaps"], Verbs:["delete"]}
{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}
{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["a"], Verbs:["list"]}
{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["b"], Verbs:["list"]}`,
    });
  });

  it('what he has, he may give, and not more later', async () => {
    const rule = { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] };
    await roles().create({ metadata: { name: 'part' }, rules: [rule] });
    const worse = { metadata: { name: 'part', labels: { a: 'b' } }, rules: [{ ...rule, verbs: ['*'] }] };
    await expect(roles().replace(worse)).rejects.toThrow(/permissions not currently held:\n.*Verbs:\["\*"\]/);
    await expect(roles().patchMerge('part', { rules: worse.rules })).rejects.toThrow(/not currently held/);
    await roles().patchMerge('part', { metadata: { labels: { a: 'b' } } });
  });

  it('nobody binds a role that gives more than he has, unless he may bind it', async () => {
    const bindings = jane.resource(RoleBinding).namespace('default');
    const bind = (name: string, role: string) =>
      bindings.create({
        metadata: { name },
        roleRef: { apiGroup, kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'User', apiGroup, name: 'joe' }],
      });
    await expect(bind('admins', 'cluster-admin')).rejects.toThrow(
      /rolebindings.rbac.authorization.k8s.io "admins" is forbidden: user "jane" .*not currently held/,
    );
    await expect(bind('nobody', 'not-there')).rejects.toThrow(
      'rolebindings.rbac.authorization.k8s.io "not-there" not found',
    );
    await test.client.resource(Role).create({
      metadata: { name: 'binder', namespace: 'default' },
      rules: [
        {
          verbs: ['bind'],
          apiGroups: [apiGroup],
          resources: ['clusterroles'],
          resourceNames: ['system:kube-dns'],
        },
      ],
    });
    await test.client.resource(RoleBinding).create({
      metadata: { name: 'binder', namespace: 'default' },
      roleRef: { apiGroup, kind: 'Role', name: 'binder' },
      subjects: [{ kind: 'User', apiGroup, name: 'jane' }],
    });
    await bind('dns', 'system:kube-dns');
    await expect(bind('node', 'system:node')).rejects.toThrow(/not currently held/);
  });

  it('only who may do everything writes a role that gathers others', async () => {
    await grant('gatherer', [{ verbs: ['*'], apiGroups: [apiGroup], resources: ['clusterroles'] }]);
    const gatherer = test.clientFor({ name: 'gatherer' }).resource(ClusterRole);
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    // With every verb, `escalate` among them.
    await gatherer.create({ metadata: { name: 'all' }, aggregationRule });
    await grant('creator', [{ verbs: ['create'], apiGroups: [apiGroup], resources: ['clusterroles'] }]);
    const creator = test.clientFor({ name: 'creator' }).resource(ClusterRole);
    await expect(creator.create({ metadata: { name: 'other' }, aggregationRule })).rejects.toThrow(
      'clusterroles.rbac.authorization.k8s.io "other" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );
  });
});

describe('reviews', () => {
  it('say whether somebody may do something, and why', async () => {
    const ask = (resource: string) =>
      test.client.resource(SubjectAccessReview).create({
        metadata: {},
        spec: { user: 'jane', resourceAttributes: { verb: 'get', resource, namespace: 'default' } },
      });
    expect((await ask('configmaps')).status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "grant-jane/default" of Role "grant-jane" to User "jane"',
    });
    expect((await ask('secrets')).status).toEqual({ allowed: false });
  });

  it('about oneself need no rights', async () => {
    const asked = await jane.resource(SelfSubjectAccessReview).create({
      metadata: {},
      spec: { nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    });
    expect(asked.status).toEqual({ allowed: false });
    await expect(
      jane
        .resource(SubjectAccessReview)
        .create({ metadata: {}, spec: { user: 'joe', nonResourceAttributes: {} } }),
    ).rejects.toThrow('cannot create resource "subjectaccessreviews"');
  });

  it('of one namespace are about that one', async () => {
    const ask = (namespace: string) =>
      test.client
        .resource(LocalSubjectAccessReview)
        .namespace('default')
        .create({
          metadata: {},
          spec: { user: 'jane', resourceAttributes: { verb: 'list', resource: 'configmaps', namespace } },
        });
    expect((await ask('default')).status?.allowed).toBe(true);
    await expect(ask('kube-system')).rejects.toThrow(/must match metadata.namespace/);
  });

  it('are refused when they ask nothing or two things', async () => {
    await expect(jane.resource(SelfSubjectAccessReview).create({ metadata: {}, spec: {} })).rejects.toThrow(
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  });

  it.each([
    [
      'values',
      { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['a', 'b'] }] },
      'spec.resourceAttributes.fieldSelector ignored due to parse error',
    ],
    [
      'operators',
      {
        requirements: [
          { key: 'spec.nodeName', operator: 'In', values: ['a'] },
          { key: 'a', operator: 'Before', values: ['b'] },
        ],
      },
      'spec.resourceAttributes.fieldSelector partially ignored due to parse error',
    ],
  ])('go on without the part of a selector that they cannot read: %s', async (_what, fieldSelector, said) => {
    const asked = await jane.resource(SelfSubjectAccessReview).create({
      metadata: {},
      spec: { resourceAttributes: { verb: 'list', resource: 'pods', fieldSelector } },
    });
    expect(asked.status).toEqual({ allowed: false, evaluationError: said });
  });

  it.each([
    [
      { key: 'a', operator: 'Exists', values: ['b'] },
      'requirements[0].values: Forbidden: may not be specified',
    ],
    [{ key: 'a b', operator: 'Exists' }, 'requirements[0].key: Invalid value: "a b": name part must consist'],
    [{ key: 'a', operator: 'In' }, 'requirements[0].values: Required value: must be specified when'],
  ])('are refused with a selector that cannot be: %j', async (requirement, said) => {
    const labelSelector = { requirements: [requirement] };
    await expect(
      jane.resource(SelfSubjectAccessReview).create({
        metadata: {},
        spec: { resourceAttributes: { verb: 'list', resource: 'pods', labelSelector } },
      }),
    ).rejects.toThrow(`spec.resourceAttributes.labelSelector.${said}`);
  });

  it('list what somebody may do', async () => {
    const { status } = await jane
      .resource(SelfSubjectRulesReview)
      .create({ metadata: {}, spec: { namespace: 'default' } });
    expect(status?.incomplete).toBe(false);
    expect(status?.resourceRules).toContainEqual({
      verbs: ['get', 'list'],
      apiGroups: [''],
      resources: ['configmaps'],
    });
    expect(status?.nonResourceRules.flatMap(({ nonResourceURLs }) => nonResourceURLs)).toContain('/apis/*');
  });
});

describe('a node', () => {
  const node = () => test.clientFor({ name: 'system:node:a', groups: ['system:nodes'] });

  it('reads what its pods need, and loses it with them', async () => {
    const secrets = node().resource(Secret).namespace('default');
    const maps = node().resource(ConfigMap).namespace('default');
    await test.client.resource(ConfigMap).create({ metadata: { name: 'c', namespace: 'default' } });
    await test.client.resource(Secret).create({ metadata: { name: 'own', namespace: 'default' } });
    await expect(secrets.get('own')).rejects.toThrow(
      `User "system:node:a" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node 'a' and this object`,
    );
    await test.client.resource(Pod).create({
      metadata: { name: 'p', namespace: 'default' },
      spec: {
        nodeName: 'a',
        containers: [
          {
            name: 'c',
            image: 'i',
            envFrom: [{ configMapRef: { name: 'c' } }, { secretRef: { name: 'own' } }],
          },
        ],
      },
    });
    await secrets.get('own');
    await maps.get('c');
    await expect(secrets.list()).rejects.toThrow('No Object name found');
    const other = test.clientFor({ name: 'system:node:b', groups: ['system:nodes'] });
    await expect(other.resource(Secret).namespace('default').get('own')).rejects.toThrow(/no relationship/);
    await test.client.resource(Pod).namespace('default').delete('p', { gracePeriodSeconds: 0 });
    await expect(secrets.get('own')).rejects.toThrow(/no relationship/);
  });

  it('lists the pods that are bound to it, and no others', async () => {
    const pods = node().resource(Pod);
    await pods.list({ fieldSelector: 'spec.nodeName=a' });
    await expect(pods.list()).rejects.toThrow('can only list/watch pods with spec.nodeName field selector');
    await expect(pods.list({ fieldSelector: 'spec.nodeName!=a' })).rejects.toThrow('can only list/watch');
    await expect(pods.list({ fieldSelector: 'spec.nodeName=b' })).rejects.toThrow('can only list/watch');
  });
});
