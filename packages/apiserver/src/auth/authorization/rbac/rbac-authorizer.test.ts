import type { PolicyRule } from '@kubewright/api/rbac/v1';
import { describe, expect, it } from 'vitest';
import type { Attributes } from '../authorizer.js';
import { RbacAuthorizer } from './rbac-authorizer.js';

const request = (asked: Partial<Attributes>): Attributes => ({
  user: { name: 'jane', groups: ['dev', 'system:authenticated'] },
  verb: 'get',
  isResource: true,
  path: '',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'web',
  name: 'a',
  ...asked,
});

const apiGroup = 'rbac.authorization.k8s.io';
const jane = { kind: 'User', apiGroup, name: 'jane' };
const dev = { kind: 'Group', apiGroup, name: 'dev' };

/** An authorizer with one cluster role and one binding of it. */
function withRule(rule: PolicyRule, subject = jane, namespace = ''): RbacAuthorizer {
  const rbac = new RbacAuthorizer();
  rbac.setRole({ kind: 'ClusterRole', metadata: { name: 'r' }, rules: [rule] });
  rbac.setBinding({
    metadata: { name: 'b', ...(namespace === '' ? {} : { namespace }) },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'r' },
    subjects: [subject],
  });
  return rbac;
}

const pods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };

describe('what a rule matches', () => {
  const cases: readonly [string, PolicyRule, Partial<Attributes>, boolean][] = [
    ['verb, group and resource', pods, {}, true],
    ['another verb', pods, { verb: 'delete' }, false],
    ['another group', pods, { apiGroup: 'apps' }, false],
    ['another resource', pods, { resource: 'secrets' }, false],
    ['a subresource needs a rule of its own', pods, { subresource: 'log' }, false],
    ['a named subresource', { ...pods, resources: ['pods/log'] }, { subresource: 'log' }, true],
    ['not the object of a named subresource', { ...pods, resources: ['pods/log'] }, {}, false],
    ['a subresource of all', { ...pods, resources: ['*/scale'] }, { subresource: 'scale' }, true],
    ['another subresource of all', { ...pods, resources: ['*/scale'] }, { subresource: 'status' }, false],
    ['all resources', { ...pods, resources: ['*'] }, { resource: 'x', subresource: 'y' }, true],
    ['pods/* is not a pattern', { ...pods, resources: ['pods/*'] }, { subresource: 'log' }, false],
    ['all verbs', { ...pods, verbs: ['*'] }, { verb: 'proxy' }, true],
    ['all groups', { ...pods, apiGroups: ['*'] }, { apiGroup: 'apps' }, true],
    ['a name', { ...pods, resourceNames: ['a', 'b'] }, {}, true],
    ['another name', { ...pods, resourceNames: ['b'] }, {}, false],
    ['no name where one is asked for', { ...pods, resourceNames: ['b'] }, { verb: 'list', name: '' }, false],
    [
      'a path',
      { verbs: ['get'], nonResourceURLs: ['/version'] },
      { isResource: false, path: '/version' },
      true,
    ],
    ['no resource by a path', { verbs: ['*'], nonResourceURLs: ['*'] }, {}, false],
    ['no path by a resource', { ...pods, resources: ['*'] }, { isResource: false, path: '/version' }, false],
    [
      'paths below',
      { verbs: ['get'], nonResourceURLs: ['/apis/*'] },
      { isResource: false, path: '/apis/apps/v1' },
      true,
    ],
    [
      'not the path itself',
      { verbs: ['get'], nonResourceURLs: ['/apis/*'] },
      { isResource: false, path: '/apis' },
      false,
    ],
    [
      'all paths',
      { verbs: ['*'], nonResourceURLs: ['*'] },
      { isResource: false, path: '/x', verb: 'post' },
      true,
    ],
  ];
  for (const [name, rule, asked, allows] of cases)
    it(`${name}: ${allows ? 'allowed' : 'not allowed'}`, () => {
      expect(withRule(rule).authorize(request(asked)).verdict).toBe(allows ? 'allow' : 'no opinion');
    });
});

describe('whom a binding is for', () => {
  it('names user, role and binding in the reason', () => {
    expect(withRule(pods).authorize(request({})).reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to User "jane"',
    );
    expect(withRule(pods, dev, 'web').authorize(request({})).reason).toBe(
      'RBAC: allowed by RoleBinding "b/web" of ClusterRole "r" to Group "dev"',
    );
  });

  it('holds in its namespace alone', () => {
    const rbac = withRule(pods, dev, 'web');
    expect(rbac.authorize(request({ namespace: 'other' })).verdict).toBe('no opinion');
    expect(rbac.authorize(request({ namespace: '' })).verdict).toBe('no opinion');
  });

  it('finds service accounts, by default those of the namespace of the binding', () => {
    const account = { kind: 'ServiceAccount', name: 'bot' };
    const rbac = withRule(pods, account as typeof jane, 'web');
    const bot = { name: 'system:serviceaccount:web:bot', groups: [] };
    expect(rbac.authorize(request({ user: bot })).reason).toContain('to ServiceAccount "bot/web"');
    expect(rbac.authorize(request({ user: { name: 'bot', groups: [] } })).verdict).toBe('no opinion');
    const nowhere = withRule(pods, account as typeof jane);
    expect(nowhere.authorize(request({ user: bot })).verdict).toBe('no opinion');
  });

  it('takes a user for no group', () => {
    const user = { name: 'dev', groups: ['jane'] };
    expect(withRule(pods, dev).authorize(request({ user })).verdict).toBe('no opinion');
    expect(withRule(pods, jane).authorize(request({ user })).verdict).toBe('no opinion');
  });
});

describe('changes', () => {
  it('follows a role', () => {
    const rbac = withRule(pods);
    rbac.authorize(request({}));
    rbac.setRole({
      kind: 'ClusterRole',
      metadata: { name: 'r' },
      rules: [{ ...pods, resources: ['secrets'] }],
    });
    expect(rbac.authorize(request({})).verdict).toBe('no opinion');
    expect(rbac.authorize(request({ resource: 'secrets' })).verdict).toBe('allow');
  });

  it('says what role is missing, and takes it when it comes', () => {
    const rbac = withRule(pods);
    rbac.deleteRole({ kind: 'ClusterRole' }, '', 'r');
    expect(rbac.authorize(request({})).reason).toBe(
      'RBAC: clusterrole.rbac.authorization.k8s.io "r" not found',
    );
    rbac.setRole({ kind: 'ClusterRole', metadata: { name: 'r' }, rules: [pods] });
    expect(rbac.authorize(request({})).verdict).toBe('allow');
  });

  it('follows a binding, and forgets a deleted one', () => {
    const rbac = withRule(pods);
    rbac.setBinding({
      metadata: { name: 'b' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'r' },
      subjects: [dev],
    });
    expect(rbac.authorize(request({ user: { name: 'jane', groups: [] } })).verdict).toBe('no opinion');
    expect(rbac.authorize(request({})).verdict).toBe('allow');
    rbac.deleteBinding('', 'b');
    expect(rbac.authorize(request({})).verdict).toBe('no opinion');
  });

  it('tells a Role from a ClusterRole of the same name', () => {
    const rbac = new RbacAuthorizer();
    rbac.setRole({ kind: 'ClusterRole', metadata: { name: 'r' }, rules: [{ ...pods, verbs: ['*'] }] });
    rbac.setRole({ kind: 'Role', metadata: { name: 'r', namespace: 'web' }, rules: [pods] });
    rbac.setBinding({
      metadata: { name: 'b', namespace: 'web' },
      roleRef: { apiGroup, kind: 'Role', name: 'r' },
      subjects: [jane],
    });
    expect(rbac.authorize(request({})).verdict).toBe('allow');
    expect(rbac.authorize(request({ verb: 'delete' })).verdict).toBe('no opinion');
  });
});

it('lists the rules that somebody has in a namespace', () => {
  const rbac = withRule(pods, dev, 'web');
  const user = { name: 'jane', groups: ['dev'] };
  expect(rbac.rulesFor(user, 'web').rules).toEqual([pods]);
  expect(rbac.rulesFor(user, 'other').rules).toEqual([]);
});
