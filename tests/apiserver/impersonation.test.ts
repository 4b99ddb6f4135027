import { ClusterRole, ClusterRoleBinding } from '@kubewright/api/rbac/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const apiGroup = 'rbac.authorization.k8s.io';
let test: TestServer;

async function grant(user: string, ...rules: NonNullable<ClusterRole['rules']>): Promise<void> {
  const name = `grant-${user}`;
  await test.client.resource(ClusterRole).create({ metadata: { name }, rules });
  await test.client.resource(ClusterRoleBinding).create({
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', apiGroup, name: user }],
  });
}

const authentication = 'authentication.k8s.io';

beforeAll(async () => {
  test = await startTestServer({ authorization: { modes: ['RBAC'] } });
  await grant(
    'legacy',
    { verbs: ['impersonate'], apiGroups: [''], resources: ['users', 'groups', 'serviceaccounts'] },
    { verbs: ['impersonate'], apiGroups: [authentication], resources: ['userextras/scopes', 'uids'] },
  );
  await grant(
    'narrow',
    {
      verbs: ['impersonate:user-info'],
      apiGroups: [authentication],
      resources: ['users'],
      resourceNames: ['joe'],
    },
    {
      verbs: ['impersonate-on:user-info:create'],
      apiGroups: [authentication],
      resources: ['selfsubjectreviews'],
    },
  );
  await grant(
    'noder',
    { verbs: ['impersonate:arbitrary-node'], apiGroups: [authentication], resources: ['nodes'] },
    { verbs: ['impersonate-on:arbitrary-node:*'], apiGroups: ['*'], resources: ['*'] },
    {
      verbs: ['impersonate-on:arbitrary-node:create'],
      apiGroups: [authentication],
      resources: ['selfsubjectreviews'],
    },
  );
});
afterAll(() => test.close());

interface Answer {
  readonly message?: string;
  readonly status?: { readonly userInfo?: unknown };
}

/** Who somebody is to the server with these headers. */
async function whoami(user: string, headers: readonly (readonly [string, string])[], groups: string[] = []) {
  let body = '';
  let status = 0;
  const stop = new AbortController();
  await test.server.handle(
    {
      method: 'POST',
      url: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: { 'content-type': 'application/json', ...Object.fromEntries(headers) },
      rawHeaders: headers.flat(),
      readBody: async () =>
        Buffer.from('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'),
      bodyStream: () => {
        throw new Error('nothing is passed on');
      },
      signal: stop.signal,
      abandon: () => stop.abort(),
      remoteAddress: '',
      user: { name: user, groups: [...groups, 'system:authenticated'] },
    },
    {
      send: (code, _headers, bytes) => {
        status = code;
        body = Buffer.from(bytes).toString();
      },
      open: () => {
        throw new Error('nothing is streamed');
      },
    },
  );
  const answer = JSON.parse(body) as Answer;
  return status === 201 ? answer.status?.userInfo : answer.message;
}

describe('whoever may impersonate', () => {
  it('is another user, who is authenticated', async () => {
    expect(await whoami('legacy', [['impersonate-user', 'joe']])).toEqual({
      username: 'joe',
      groups: ['system:authenticated'],
    });
  });

  it('has the groups, the UID and the extra that were asked for', async () => {
    const headers = [
      ['impersonate-user', 'joe'],
      ['impersonate-group', 'dev'],
      ['impersonate-group', 'a, b'],
      ['impersonate-uid', '7'],
      ['impersonate-extra-scopes', 'view'],
    ] as const;
    expect(await whoami('legacy', headers)).toEqual({
      username: 'joe',
      uid: '7',
      groups: ['dev', 'a, b', 'system:authenticated'],
      extra: { scopes: ['view'] },
    });
  });

  it('is a service account with its groups', async () => {
    expect(await whoami('legacy', [['impersonate-user', 'system:serviceaccount:web:bot']])).toEqual({
      username: 'system:serviceaccount:web:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:web', 'system:authenticated'],
    });
  });

  it('is nobody with the group of nobody', async () => {
    const anonymous = await whoami('admin', [['impersonate-user', 'system:anonymous']], ['system:masters']);
    // Nobody may ask who he is.
    expect(anonymous).toContain('User "system:anonymous" cannot create resource "selfsubjectreviews"');
  });

  it('is system:masters only by the plain verb', async () => {
    const headers = [
      ['impersonate-user', 'boss'],
      ['impersonate-group', 'system:masters'],
    ] as const;
    expect(await whoami('legacy', headers)).toMatchObject({
      groups: ['system:masters', 'system:authenticated'],
    });
  });
});

describe('who may not', () => {
  it('is told what he would need', async () => {
    expect(await whoami('nobody', [['impersonate-user', 'joe']])).toBe(
      'selfsubjectreviews.authentication.k8s.io is forbidden: User "nobody" cannot impersonate-on:user-info:create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
    );
  });

  it('gets no groups without a user', async () => {
    expect(await whoami('legacy', [['impersonate-group', 'dev']])).toBe(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
  });
});

it('the way that somebody was let is the one that is spoken of when he is not', async () => {
  await grant('sometimes', {
    verbs: ['impersonate'],
    apiGroups: [''],
    resources: ['users'],
    resourceNames: ['joe'],
  });
  const ask = (user: string) => whoami('sometimes', [['impersonate-user', user]]);
  expect(await ask('jane')).toContain('cannot impersonate-on:user-info:create resource');
  await ask('joe');
  expect(await ask('jane')).toBe(
    'users "jane" is forbidden: User "sometimes" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
});

describe('constrained impersonation', () => {
  it('is for one user, on what it names', async () => {
    expect(await whoami('narrow', [['impersonate-user', 'joe']])).toMatchObject({ username: 'joe' });
    expect(await whoami('narrow', [['impersonate-user', 'jane']])).toBe(
      'users.authentication.k8s.io "jane" is forbidden: User "narrow" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    );
    const grouped = [
      ['impersonate-user', 'joe'],
      ['impersonate-group', 'dev'],
    ] as const;
    expect(await whoami('narrow', grouped)).toContain('cannot impersonate:user-info resource "groups"');
  });

  it('of a node gives the group of nodes', async () => {
    expect(await whoami('noder', [['impersonate-user', 'system:node:a']])).toEqual({
      username: 'system:node:a',
      groups: ['system:nodes', 'system:authenticated'],
    });
    expect(await whoami('noder', [['impersonate-user', 'joe']])).toContain('forbidden');
  });
});
