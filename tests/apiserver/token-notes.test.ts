import { generateKeyPairSync } from 'node:crypto';
import { type AuditEvent, parseAuditPolicy, readTokenKeys } from '@kubewright/apiserver';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = String(privateKey.export({ type: 'sec1', format: 'pem' }));
const keys = readTokenKeys(pem);
const day = 24 * 3600 * 1000;
let now = Date.UTC(2026, 10, 1, 12);
let server: TlsServer;
const events: AuditEvent[] = [];
const base = '/api/v1/namespaces/default';

beforeAll(async () => {
  const backend = {
    name: 'memory',
    write: (event: AuditEvent) => void events.push(event),
    close: async () => undefined,
  };
  server = await startTlsServer({
    now: () => now,
    authentication: { serviceAccounts: { issuers: ['https://issuer.test'], keys: () => keys } },
    audit: {
      policy: parseAuditPolicy(
        'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{ level: Metadata }]',
      ),
      backends: [() => backend],
    },
  });
  await post('serviceaccounts', { metadata: { name: 'robot' } });
});
afterAll(() => server.close());

async function post<T>(path: string, body: object): Promise<T> {
  const answer = await server.send({ method: 'POST', path: `${base}/${path}`, body });
  expect(answer.code, answer.text).toBe(201);
  return answer.json<T>();
}

const ask = (token: string) =>
  server.sendAs(undefined, { path: `${base}/configmaps`, headers: { authorization: `Bearer ${token}` } });

async function metric(name: string): Promise<number> {
  const { text } = await server.send({ path: '/metrics' });
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

interface Requested {
  readonly status: { readonly token: string };
}

it('tells of a pod that goes on with a token that it should have renewed', async () => {
  const spec = { serviceAccountName: 'robot', containers: [{ name: 'a', image: 'none' }] };
  await post('pods', { metadata: { name: 'web' }, spec });
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'web' };
  const request = { spec: { boundObjectRef, expirationSeconds: 3607 } };
  const { token } = (await post<Requested>('serviceaccounts/robot/token', request)).status;
  const { jti } = jwt.decode(token, { json: true }) ?? {};
  expect(events.at(-1)?.annotations).toMatchObject({
    'authentication.kubernetes.io/issued-credential-id': `JTI=${jti}`,
  });
  expect((await ask(token)).code).toBe(200);
  expect(events.at(-1)?.annotations).not.toHaveProperty(['authentication.k8s.io/stale-token']);
  expect(await metric('serviceaccount_valid_tokens_total')).toBe(1);
  now += 4000 * 1000;
  expect((await ask(token)).code).toBe(200);
  const stale = 'subject: system:serviceaccount:default:robot, seconds after warning threshold: 393';
  expect(events.at(-1)?.annotations).toMatchObject({ 'authentication.k8s.io/stale-token': stale });
  // What is remembered of a token says so as well.
  expect((await ask(token)).code).toBe(200);
  expect(events.at(-1)?.annotations).toMatchObject({ 'authentication.k8s.io/stale-token': stale });
  expect(await metric('serviceaccount_stale_tokens_total')).toBe(1);
});

/** A Secret with a token, as the controller that makes them leaves it. */
async function legacyToken(name: string): Promise<string> {
  const account = await server.send({ path: `${base}/serviceaccounts/robot` });
  const payload = {
    iss: 'kubernetes/serviceaccount',
    'kubernetes.io/serviceaccount/namespace': 'default',
    'kubernetes.io/serviceaccount/secret.name': name,
    'kubernetes.io/serviceaccount/service-account.name': 'robot',
    'kubernetes.io/serviceaccount/service-account.uid': account.json<{ metadata: { uid: string } }>().metadata
      .uid,
    sub: 'system:serviceaccount:default:robot',
  };
  const token = jwt.sign(payload, pem, { algorithm: 'ES256', keyid: keys.signing.id, noTimestamp: true });
  await post('secrets', {
    metadata: { name, annotations: { 'kubernetes.io/service-account.name': 'robot' } },
    type: 'kubernetes.io/service-account-token',
    stringData: { token },
  });
  return token;
}

const labelsOf = async (name: string) =>
  (await server.send({ path: `${base}/secrets/${name}` })).json<{
    metadata: { labels?: Record<string, string> };
  }>().metadata.labels;

function patch(path: string, body: object) {
  const headers = { 'content-type': 'application/merge-patch+json' };
  return server.send({ method: 'PATCH', path: `${base}/${path}`, headers, body });
}

it('tells of tokens in Secrets, notes the day of their last use, and takes none that is marked', async () => {
  const map = await server.send({
    path: '/api/v1/namespaces/kube-system/configmaps/kube-apiserver-legacy-service-account-token-tracking',
  });
  expect(map.json<{ data: object }>().data).toEqual({ since: '2026-11-01' });
  const token = await legacyToken('manual');
  const answer = await ask(token);
  expect([answer.code, answer.warnings]).toEqual([200, []]);
  expect(events.at(-1)?.annotations).toMatchObject({
    'authentication.k8s.io/legacy-token': 'system:serviceaccount:default:robot',
    'authentication.k8s.io/legacy-token-manual-secret': 'manual',
  });
  const lastUsed = 'kubernetes.io/legacy-token-last-used';
  await vi.waitFor(async () => expect(await labelsOf('manual')).toEqual({ [lastUsed]: '2026-11-01' }), {
    timeout: 15_000,
  });
  now += day;
  expect((await ask(token)).code).toBe(200);
  await vi.waitFor(async () => expect(await labelsOf('manual')).toEqual({ [lastUsed]: '2026-11-02' }), {
    timeout: 15_000,
  });

  // Those that an account names were made by former versions on their own.
  const automatic = await legacyToken('automatic');
  await patch('serviceaccounts/robot', { secrets: [{ name: 'automatic' }] });
  const warned = await ask(automatic);
  expect([warned.code, warned.warnings]).toEqual([
    200,
    [
      'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.',
    ],
  ]);
  const marked = { 'kubernetes.io/legacy-token-invalid-since': '2026-11-02' };
  expect((await patch('secrets/automatic', { metadata: { labels: marked } })).code).toBe(200);
  now += 6_000;
  expect((await ask(automatic)).code).toBe(401);
  expect(await metric('serviceaccount_legacy_tokens_total')).toBe(4);
  expect(await metric('serviceaccount_legacy_manual_token_uses_total')).toBe(2);
  expect(await metric('serviceaccount_legacy_auto_token_uses_total')).toBe(1);
  expect(await metric('serviceaccount_invalid_legacy_auto_token_uses_total')).toBe(1);
});
