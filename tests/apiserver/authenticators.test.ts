import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory, parseAuthenticationConfiguration } from '@kubewright/apiserver';
import { httpsTransport } from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Credentials, type RawRequest, startTlsServer, type TlsServer } from '../tls-server.js';
import { type OidcIssuer, startOidcIssuer } from './oidc-issuer.js';

let now = Date.UTC(2026, 10, 1);
let directory: string;
let pki: PkiDirectory;
let proxies: PkiDirectory;
let server: TlsServer;
let issuer: OidcIssuer;
let other: OidcIssuer;
let webhook: Server;
let webhookCalls = 0;

const secondsFromNow = (seconds: number) => Math.floor(now / 1000) + seconds;

/** A server that reviews tokens: `good-NAME` is NAME. */
async function startWebhook(): Promise<Server> {
  const started = createServer(async (request, response) => {
    webhookCalls++;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { spec } = JSON.parse(Buffer.concat(chunks).toString()) as { spec: { token: string } };
    const [, name] = /^good-(.+)$/.exec(spec.token) ?? [];
    const status =
      name === undefined
        ? { authenticated: false, error: spec.token === 'odd' ? 'the token is odd' : '' }
        : { authenticated: true, user: { username: name, groups: ['of-the-webhook'] } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status }));
  });
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return started;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-authenticators-'));
  pki = await PkiDirectory.open(join(directory, 'pki'));
  proxies = await PkiDirectory.open(join(directory, 'proxies'));
  [issuer, other, webhook] = await Promise.all([
    startOidcIssuer(pki),
    startOidcIssuer(pki, 'ES256'),
    startWebhook(),
  ]);
  const certificateAuthority = pki.authority.certificate;
  const configuration = JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    anonymous: { enabled: true, conditions: [{ path: '/livez' }, { path: '/readyz' }] },
    jwt: [
      {
        issuer: { url: issuer.url, certificateAuthority, audiences: ['kubernetes', 'cli'] },
        claimValidationRules: [{ claim: 'hd', requiredValue: 'example.test' }],
        claimMappings: {
          username: { claim: 'email', prefix: 'oidc:' },
          groups: { claim: 'groups', prefix: 'oidc:' },
          uid: { claim: 'sub' },
        },
      },
      {
        issuer: { url: other.url, certificateAuthority, audiences: ['other'] },
        claimValidationRules: [{ expression: 'claims.exp - claims.nbf <= 3600', message: 'too long a life' }],
        claimMappings: {
          username: { expression: 'claims.?nick.orValue(claims.sub)' },
          groups: { expression: "claims.?roles.orValue('').split(',').filter(r, r != '')" },
          extra: [{ key: 'example.test/tenant', valueExpression: 'claims.?tenant.orValue("")' }],
        },
        userValidationRules: [
          { expression: "!user.username.startsWith('system:')", message: 'username is reserved' },
        ],
      },
    ],
  });
  const parsed = await parseAuthenticationConfiguration(configuration, 'authentication.yaml');
  server = await startTlsServer(
    {
      now: () => now,
      authentication: {
        ...parsed,
        bootstrapTokens: true,
        frontProxy: { allowedNames: ['front-proxy-client'] },
        webhook: {
          transport: await httpsTransport({
            server: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/review`,
          }),
        },
      },
    },
    { requestHeaderCA: proxies.authority.certificate },
  );
  // Two processes and three certificates: long on a machine that is busy.
}, 60_000);
afterAll(async () => {
  await server.close();
  webhook.close();
  await Promise.all([issuer.close(), other.close()]);
  await rm(directory, { recursive: true });
});

interface Who {
  readonly username: string;
  readonly uid?: string;
  readonly groups: string[];
  readonly extra?: Record<string, string[]>;
}

/** Who the server takes the sender for; the code where it takes it for nobody. */
async function whoIs(headers: RawRequest['headers'], credentials?: Credentials): Promise<Who | number> {
  const answer = await server.sendAs(credentials, {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: {},
    headers: headers ?? {},
  });
  return answer.code === 201 ? answer.json<{ status: { userInfo: Who } }>().status.userInfo : answer.code;
}
const whoHas = (token: string) => whoIs({ authorization: `Bearer ${token}` });

describe('OpenID Connect', () => {
  const claims = (changes: Record<string, unknown> = {}) => ({
    aud: 'cli',
    sub: '1234',
    email: 'jane@example.test',
    email_verified: true,
    hd: 'example.test',
    groups: ['dev', 'ops'],
    iat: secondsFromNow(0),
    exp: secondsFromNow(600),
    ...changes,
  });

  it('finds users, groups and UIDs in the claims of each issuer', async () => {
    expect(await whoHas(await issuer.sign(claims()))).toEqual({
      username: 'oidc:jane@example.test',
      uid: '1234',
      groups: ['oidc:dev', 'oidc:ops', 'system:authenticated'],
    });
  });

  const theirs = (changes: Record<string, unknown>) =>
    other.sign({ aud: ['x', 'other'], nbf: secondsFromNow(0), exp: secondsFromNow(600), ...changes });

  it('goes by expressions over the claims and over the user', async () => {
    expect(await whoHas(await theirs({ sub: 'bob', roles: 'a,b', tenant: 't' }))).toEqual({
      username: 'bob',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'example.test/tenant': ['t'] },
    });
    expect(await whoHas(await theirs({ sub: 'bob', nick: 'bobby' }))).toMatchObject({ username: 'bobby' });
    expect(await whoHas(await theirs({ sub: 'system:admin' }))).toBe(401);
    expect(await whoHas(await theirs({ sub: 'bob', exp: secondsFromNow(7200) }))).toBe(401);
    expect(await whoHas(await theirs({}))).toBe(401);
  });

  it('is not configured with expressions that make no sense', async () => {
    const configuration = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [
        {
          issuer: { url: 'http://plain.test', audiences: ['a'] },
          claimMappings: { username: { expression: 'claims.' }, groups: { claim: 'groups' } },
          userValidationRules: [{ expression: 'user.name == ""' }],
        },
      ],
    };
    const parsing = parseAuthenticationConfiguration(JSON.stringify(configuration), 'a.yaml');
    await expect(parsing).rejects.toThrow(
      /issuer\.url: .*https.*groups\.prefix: Required.*username\.expression: .*Syntax error.*userValidationRules\[0\]\.expression: .*undefined field 'name'/s,
    );
  });

  it('refuses what another issuer would be needed for', async () => {
    expect(await whoHas(await theirs({ iss: issuer.url, sub: 'x' }))).toBe(401);
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['for another audience', () => ({ aud: 'somebody-else' })],
    ['that has expired', () => ({ exp: secondsFromNow(-1) })],
    ['that never expires', () => ({ exp: undefined })],
    ['that is not valid yet', () => ({ nbf: secondsFromNow(60) })],
    ['against a required claim', () => ({ hd: 'elsewhere.test' })],
    ['without a required claim', () => ({ hd: undefined })],
    ['with an address that is not verified', () => ({ email_verified: false })],
    ['without a name', () => ({ email: undefined })],
    ['whose groups are none', () => ({ groups: [{ name: 'dev' }] })],
    ['of another issuer', () => ({ iss: 'https://elsewhere.test' })],
  ])('refuses a token %s', async (_name, changes) => {
    expect(await whoHas(await issuer.sign(claims(changes())))).toBe(401);
  });

  it('follows keys that rotate', async () => {
    await other.rotate();
    const token = await theirs({ sub: 'carol' });
    await expect
      .poll(() => whoHas(token), { timeout: 20_000, interval: 500 })
      .toMatchObject({ username: 'carol' });
  });
});

describe('a webhook', () => {
  it('is asked about tokens that nobody else knows, and what it says is remembered for a moment', async () => {
    const before = webhookCalls;
    const expected = { username: 'dave', groups: ['of-the-webhook', 'system:authenticated'] };
    expect(await whoHas('good-dave')).toMatchObject(expected);
    expect(await whoHas('good-dave')).toMatchObject(expected);
    expect(webhookCalls).toBe(before + 1);
    now += 6_000;
    expect(await whoHas('good-dave')).toMatchObject(expected);
    expect(webhookCalls).toBe(before + 2);
  });

  it('may say no', async () => {
    expect(await whoHas('bad')).toBe(401);
    expect(await whoHas('odd')).toBe(401);
  });
});

describe('a bootstrap token', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const create = async (id: string, changes: Record<string, string> = {}) => {
    const data = {
      'token-id': id,
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': 'system:bootstrappers:workers',
      ...changes,
    };
    const answer = await server.send({
      method: 'POST',
      path: '/api/v1/namespaces/kube-system/secrets',
      body: {
        metadata: { name: `bootstrap-token-${id}` },
        type: 'bootstrap.kubernetes.io/token',
        data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
      },
    });
    expect(answer.code, answer.text).toBe(201);
  };

  it('is somebody who bootstraps', async () => {
    await create('aaaaaa');
    expect(await whoHas('aaaaaa.0123456789abcdef')).toEqual({
      username: 'system:bootstrap:aaaaaa',
      groups: ['system:bootstrappers', 'system:bootstrappers:workers', 'system:authenticated'],
    });
    expect(await whoHas('aaaaaa.0123456789abcdee')).toBe(401);
  });

  it('is good until it expires, and is gone with its secret', async () => {
    await create('bbbbbb', { expiration: new Date(now + 60_000).toISOString() });
    expect(await whoHas('bbbbbb.0123456789abcdef')).toMatchObject({ username: 'system:bootstrap:bbbbbb' });
    now += 61_000;
    expect(await whoHas('bbbbbb.0123456789abcdef')).toBe(401);
    await create('cccccc');
    expect(await whoHas('cccccc.0123456789abcdef')).toMatchObject({ username: 'system:bootstrap:cccccc' });
    await server.send({
      method: 'DELETE',
      path: '/api/v1/namespaces/kube-system/secrets/bootstrap-token-cccccc',
    });
    now += 6_000;
    expect(await whoHas('cccccc.0123456789abcdef')).toBe(401);
  });

  it.each<[string, Record<string, string>]>([
    ['is only for signing', { 'usage-bootstrap-authentication': 'false' }],
    ['claims a group that is not its to give', { 'auth-extra-groups': 'system:masters' }],
    ['has a time that nobody can read', { expiration: 'soon' }],
  ])('is refused where it %s', async (_name, changes) => {
    const id = `d${Math.random().toString(36).slice(2, 7)}`;
    await create(id, changes);
    expect(await whoHas(`${id}.0123456789abcdef`)).toBe(401);
  });
});

describe('a front proxy', () => {
  const proxy = (name = 'front-proxy-client') => proxies.client(name, { user: name, groups: [] });
  const headers = {
    'X-Remote-User': 'erin',
    'X-Remote-Uid': '99',
    'X-Remote-Group': 'dev, with a comma',
    'X-Remote-Extra-Example.test%2Fscopes': 'read',
  };

  it('says for whom it asks', async () => {
    expect(await whoIs(headers, await proxy())).toEqual({
      username: 'erin',
      uid: '99',
      groups: ['dev, with a comma', 'system:authenticated'],
      extra: { 'example.test/scopes': ['read'] },
    });
  });

  it('is nobody without saying so, and nobody under another name', async () => {
    expect(await whoIs({}, await proxy())).toBe(401);
    expect(await whoIs(headers, await proxy('somebody'))).toBe(401);
  });

  it('is not who has a certificate of the clients, or none', async () => {
    const admin = await pki.client('x', { user: 'x', groups: [] });
    expect(await whoIs(headers, admin)).toBe(401);
    expect(await whoIs(headers)).toBe(401);
    const { username } = (await whoIs(headers, server.admin)) as Who;
    expect(username).toBe('kubernetes-admin');
  });
});

describe('anonymous requests', () => {
  it('are let in where the configuration says so, and nowhere else', async () => {
    expect((await server.sendAs(undefined, { path: '/livez?verbose' })).code).toBe(200);
    expect((await server.sendAs(undefined, { path: '/readyz' })).code).toBe(200);
    for (const path of ['/healthz', '/livez/', '//livez', '/livez/ping', '/LIVEZ', '/api/v1/pods'])
      expect((await server.sendAs(undefined, { path })).code, path).toBe(401);
  });
});
