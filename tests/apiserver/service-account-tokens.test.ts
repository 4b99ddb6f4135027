import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readTokenKeys, type TokenKeys } from '@kubewright/apiserver';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';

const rsa = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
const ecdsa = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' });

const issuer = 'https://issuer.test';
const [first, second, foreign] = [String(rsa()), String(ecdsa()), String(rsa())];
let keys: TokenKeys = readTokenKeys(first);
let now = Date.UTC(2026, 10, 1);
let server: TlsServer;
let uid = '';

beforeAll(async () => {
  server = await startTlsServer({
    now: () => now,
    authentication: {
      serviceAccounts: { issuers: [issuer, 'https://older.test'], keys: () => keys },
    },
  });
  uid = (await create('serviceaccounts', { metadata: { name: 'robot' } })).metadata.uid;
});
afterAll(() => server.close());

interface Created {
  readonly metadata: { readonly uid: string; readonly creationTimestamp: string };
  readonly spec: { readonly audiences: string[]; readonly expirationSeconds: number };
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

const base = '/api/v1/namespaces/default';

async function create(path: string, body: object): Promise<Created> {
  const answer = await server.send({ method: 'POST', path: `${base}/${path}`, body });
  expect(answer.code, answer.text).toBe(201);
  return answer.json<Created>();
}

function tokenRequest(spec: object, account = 'robot'): Promise<RawAnswer> {
  return server.send({
    method: 'POST',
    path: `${base}/serviceaccounts/${account}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
  });
}

async function tokenFor(spec: object = {}, account = 'robot'): Promise<string> {
  return (await create(`serviceaccounts/${account}/token`, { spec })).status.token;
}

function ask(token: string, path = `${base}/configmaps`): Promise<RawAnswer> {
  return server.sendAs(undefined, { path, headers: { authorization: `Bearer ${token}` } });
}

const remove = (path: string) => server.send({ method: 'DELETE', path: `${base}/${path}` });

interface Review {
  readonly status: {
    readonly authenticated?: boolean;
    readonly error?: string;
    readonly audiences?: string[];
    readonly user: { username?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}

async function review(token: string, audiences?: string[]): Promise<Review['status']> {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const answer = await server.send({ method: 'POST', path, body: { spec: { token, audiences } } });
  expect(answer.code, answer.text).toBe(201);
  return answer.json<Review>().status;
}

const pod = (name: string, more: object = {}) => ({
  metadata: { name },
  spec: { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'x' }], ...more },
});

/** Past the moment for which good tokens are remembered. */
const forgetTokens = () => {
  now += 6_000;
};

describe('a token that was asked for', () => {
  it('stands for its account', async () => {
    const answer = await tokenRequest({});
    const { spec, status } = answer.json<Created>();
    expect(spec).toEqual({ audiences: [issuer], expirationSeconds: 3600, boundObjectRef: null });
    expect(Date.parse(status.expirationTimestamp)).toBe(now + 3_600_000);
    expect((await ask(status.token)).code).toBe(200);
    expect(await review(status.token)).toEqual({
      authenticated: true,
      audiences: [issuer],
      user: {
        username: 'system:serviceaccount:default:robot',
        uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
        extra: {
          'authentication.kubernetes.io/credential-id': [
            `JTI=${jwt.decode(status.token, { json: true })?.jti}`,
          ],
        },
      },
    });
  });

  it('is verified by a relying party with what discovery serves', async () => {
    const token = await tokenFor({ audiences: ['vault'] });
    const document = await server.send({ path: '/.well-known/openid-configuration' });
    expect(document.json<object>()).toEqual({
      issuer,
      jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
    const jwks = await server.send({ path: '/openid/v1/jwks' });
    expect(jwks.headers['content-type']).toBe('application/jwk-set+json');
    const set = createRemoteJWKSet(new URL('https://issuer.test/jwks'), {
      [(await import('jose')).customFetch]: async () => new Response(jwks.text),
    });
    const { payload } = await jwtVerify(token, set, {
      issuer,
      audience: 'vault',
      currentDate: new Date(now),
    });
    expect(payload.sub).toBe('system:serviceaccount:default:robot');
  });

  it.each([
    [
      { expirationSeconds: 599 },
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [
      { expirationSeconds: 2 ** 32 + 1 },
      'spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    ],
  ])('is refused with %j', async (spec, message) => {
    const answer = await tokenRequest(spec);
    expect(answer.code).toBe(422);
    expect(answer.json().message).toContain(message);
  });

  it('is refused for an account that is not there', async () => {
    const answer = await tokenRequest({}, 'nobody');
    expect(answer.code).toBe(404);
    expect(answer.json().message).toBe('serviceaccounts "nobody" not found');
  });
});

describe('a token that is not good', () => {
  const claims = (changes: object = {}) => {
    const seconds = Math.floor(now / 1000);
    return {
      iss: issuer,
      aud: [issuer],
      sub: 'system:serviceaccount:default:robot',
      iat: seconds,
      nbf: seconds,
      exp: seconds + 600,
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot', uid } },
      ...changes,
    };
  };
  const signed = (changes: object = {}, key = first) =>
    jwt.sign(claims(changes), key, { algorithm: 'RS256', keyid: readTokenKeys(first).signing.id });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = () => Math.floor(now / 1000);

  it('would be good but for what these tests change', async () => {
    expect((await ask(signed())).code).toBe(200);
  });

  it.each<[string, () => string, string]>([
    ['of another key', () => signed({}, foreign), 'invalid signature'],
    [
      'of an unknown key',
      () => jwt.sign(claims(), foreign, { algorithm: 'RS256', keyid: 'x' }),
      'invalid signature, no keys found',
    ],
    [
      'without a signature',
      () => `${encode({ alg: 'none' })}.${encode(claims())}.`,
      'jwt signature is required',
    ],
    [
      'signed with the public key as a secret',
      () => {
        const text = `${encode({ alg: 'HS256' })}.${encode(claims())}`;
        const secret = readTokenKeys(first).signing.key.export({ type: 'spki', format: 'pem' });
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
      },
      'invalid algorithm',
    ],
    ['that has expired', () => signed({ exp: seconds() - 61 }), 'service account token has expired'],
    [
      'that is not valid yet',
      () => signed({ nbf: seconds() + 61 }),
      'service account token is not valid yet',
    ],
    [
      'for somebody else',
      () => signed({ aud: ['vault'] }),
      'token audiences ["vault"] is invalid for the target audiences ["https://issuer.test"]',
    ],
    [
      'of an account that was made anew',
      () =>
        signed({
          'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot', uid: 'older' } },
        }),
      'service account UID',
    ],
    [
      'whose subject is another',
      () => signed({ sub: 'system:serviceaccount:kube-system:admin' }),
      'the subject',
    ],
    [
      'changed on the way',
      () => signed().replace(/\.[^.]+\./, `.${encode({ ...claims(), exp: seconds() + 9_999 })}.`),
      'invalid signature',
    ],
    ['cut off', () => signed().slice(0, -10), 'invalid signature'],
  ])('is refused: one %s', async (_name, token, error) => {
    expect((await ask(token())).code).toBe(401);
    const status = await review(token());
    expect(status.authenticated).toBeUndefined();
    expect(status.error).toContain(error);
  });

  it.each<[string, () => string]>([
    ['of another issuer', () => signed({ iss: 'https://elsewhere.test' })],
    ['that is no token', () => 'x.y.z'],
    ['that is empty JSON', () => `${encode({})}.${encode({})}.`],
  ])('is refused as nobody knows it: one %s', async (_name, token) => {
    expect((await ask(token())).code).toBe(401);
    expect(await review(token())).toEqual({ user: {}, error: 'invalid bearer token' });
  });

  it('does not become anonymous, even where anybody may ask', async () => {
    expect((await ask('bad', '/version')).code).toBe(401);
    expect((await server.sendAs(undefined, { path: '/version' })).code).toBe(200);
  });

  it('is forgiven beside a good certificate', async () => {
    const answer = await server.send({ path: `${base}/pods`, headers: { authorization: 'Bearer bad' } });
    expect(answer.code).toBe(200);
  });
});

describe('a token that is bound', () => {
  it('says which pod and node use it, and dies with the pod', async () => {
    const { metadata } = await create('pods', pod('bound', { nodeName: 'here' }));
    const token = await tokenFor({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'bound' } });
    expect((await review(token)).user.extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['bound'],
      'authentication.kubernetes.io/pod-uid': [metadata.uid],
      'authentication.kubernetes.io/node-name': ['here'],
    });
    await server.send({ method: 'DELETE', path: `${base}/pods/bound?gracePeriodSeconds=0` });
    forgetTokens();
    expect((await ask(token)).code).toBe(401);
    expect((await review(token)).error).toBe(
      '[invalid bearer token, service account token has been invalidated]',
    );
  });

  it('dies with its secret', async () => {
    await create('secrets', { metadata: { name: 'holder' } });
    const token = await tokenFor({ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'holder' } });
    expect((await ask(token)).code).toBe(200);
    await remove('secrets/holder');
    forgetTokens();
    expect((await ask(token)).code).toBe(401);
  });

  it('dies with its account', async () => {
    await create('serviceaccounts', { metadata: { name: 'brief' } });
    const token = await tokenFor({}, 'brief');
    expect((await ask(token)).code).toBe(200);
    await remove('serviceaccounts/brief');
    await create('serviceaccounts', { metadata: { name: 'brief' } });
    forgetTokens();
    expect((await ask(token)).code).toBe(401);
  });

  it.each([
    [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' },
      400,
      'cannot bind token to object of type /v1, Kind=ConfigMap',
    ],
    [{ apiVersion: 'v1', kind: 'Pod', name: 'gone' }, 404, 'pods "gone" not found'],
    [
      { apiVersion: 'v1', kind: 'Pod', name: 'bound-to-other' },
      400,
      'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
    ],
    [
      { apiVersion: 'v1', kind: 'Secret', name: 'another', uid: 'x' },
      409,
      'does not match the UID in record',
    ],
  ])('is refused for %j', async (boundObjectRef, code, message) => {
    await server.send({
      method: 'POST',
      path: `${base}/pods`,
      body: pod('bound-to-other', { serviceAccountName: 'other' }),
    });
    await server.send({ method: 'POST', path: `${base}/secrets`, body: { metadata: { name: 'another' } } });
    const answer = await tokenRequest({ boundObjectRef });
    expect(answer.code).toBe(code);
    expect(answer.json().message).toContain(message);
  });

  it('lives for a year where a pod asks for the customary hour, and says when it is stale', async () => {
    await create('pods', pod('customary'));
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'customary' };
    const token = await tokenFor({ boundObjectRef, expirationSeconds: 3607 });
    const payload = jwt.decode(token, { json: true });
    expect((payload?.exp ?? 0) - (payload?.iat ?? 0)).toBe(365 * 24 * 3600);
    expect(payload?.['kubernetes.io'].warnafter).toBe((payload?.iat ?? 0) + 3607);
  });
});

it('takes tokens of keys and issuers that were before', async () => {
  const old = await tokenFor();
  keys = readTokenKeys(second, [first]);
  forgetTokens();
  const young = await tokenFor();
  expect(jwt.decode(young, { complete: true })?.header.alg).toBe('ES256');
  expect((await ask(old)).code).toBe(200);
  expect((await ask(young)).code).toBe(200);
  expect((await ask(`${young}x`)).code).toBe(401);
  keys = readTokenKeys(second);
  forgetTokens();
  expect((await ask(old)).code).toBe(401);
  keys = readTokenKeys(first);
});

it('says who asks', async () => {
  const token = await tokenFor();
  const answer = await server.sendAs(undefined, {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: { authorization: `bearer ${token}` },
    body: {},
  });
  expect(answer.code).toBe(201);
  const { status } = answer.json<{ status: { userInfo: { username: string } } }>();
  expect(status.userInfo.username).toBe('system:serviceaccount:default:robot');
});
