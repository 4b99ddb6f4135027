import { request } from 'node:https';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpsListener } from '../http/https-listener.js';
import { ApiServer } from '../server.js';
import { MemoryStorage } from '../storage/memory.js';
import { createAuthority, issueClient, issueServer, type KeyPair } from './certificate-authority.js';

const yearMs = 365 * 24 * 3600 * 1000;
const jane = { user: 'jane', groups: ['developers'] };
let authority: KeyPair;
let proxies: KeyPair;
let server: ApiServer;
let listener: HttpsListener;

beforeAll(async () => {
  [authority, proxies] = (await Promise.all(['cluster', 'proxies'].map((name) => createAuthority(name)))) as [
    KeyPair,
    KeyPair,
  ];
  server = await ApiServer.start({
    storage: new MemoryStorage(),
    logger: pino({ level: 'silent' }),
    authentication: { frontProxy: { allowedNames: ['front'] } },
  });
  const serving = await issueServer(authority, 'kube-apiserver', ['127.0.0.1', 'localhost']);
  listener = await server.listen({
    ...serving,
    clientCA: authority.certificate,
    requestHeaderCA: proxies.certificate,
    host: '127.0.0.1',
    port: 0,
  });
});
afterAll(() => server.close(0));

/** Who somebody is with a certificate and headers, or the status of his refusal. */
function whoami(
  pair: KeyPair | undefined,
  headers: Readonly<Record<string, string | string[]>> = {},
): Promise<unknown> {
  const body = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: '127.0.0.1', port: listener.port, agent: false, ca: authority.certificate },
        ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
        ...{ method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews' },
        headers: { 'content-type': 'application/json', ...headers },
      },
      async (answer) => {
        let text = '';
        for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
        if (answer.statusCode !== 201) return resolve(answer.statusCode);
        const { userInfo } = (JSON.parse(text) as { status: { userInfo: { username: string } } }).status;
        resolve(userInfo.username);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('a client certificate', () => {
  it('of the CA says who asks', async () => {
    expect(await whoami(await issueClient(authority, jane))).toBe('jane');
  });

  it.each<[string, () => Promise<KeyPair>]>([
    ['that has expired', () => issueClient(authority, jane, Date.now() - 2 * yearMs)],
    ['that is not valid yet', () => issueClient(authority, jane, Date.now() + yearMs)],
    ['that signed itself', () => createAuthority('jane')],
    ['of another CA', async () => issueClient(await createAuthority('cluster'), jane)],
    ['of a server', () => issueServer(authority, 'jane', ['jane'])],
    [
      'that a certificate signed which is no CA',
      async () => issueClient(await issueClient(authority, jane), jane),
    ],
    ['without a name', () => issueClient(authority, { user: '', groups: ['system:masters'] })],
    ['of the CA of front proxies', () => issueClient(proxies, jane)],
  ])('%s is refused', async (_, issue) => {
    expect(await whoami(await issue())).toBe(401);
  });
});

describe('the headers of a front proxy', () => {
  const somebody = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' };

  it('count beside a certificate of its CA and name', async () => {
    expect(await whoami(await issueClient(proxies, { user: 'front', groups: [] }), somebody)).toBe('root');
  });

  it.each<[string, () => Promise<KeyPair | undefined>, unknown]>([
    ['without a certificate', async () => undefined, 401],
    ['beside that of a user', () => issueClient(authority, jane), 'jane'],
    [
      'beside that of a user with the name of a proxy',
      () => issueClient(authority, { user: 'front', groups: [] }),
      'front',
    ],
    ['beside one of the right CA for another name', () => issueClient(proxies, jane), 401],
    [
      'beside one that has expired',
      () => issueClient(proxies, { user: 'front', groups: [] }, Date.now() - 2 * yearMs),
      401,
    ],
    ['beside one that signed itself', () => createAuthority('front'), 401],
  ])('%s mean nothing', async (_, issue, who) => {
    const pair = await issue();
    for (const headers of [
      somebody,
      { 'X-Remote-User': 'root', 'X-REMOTE-GROUP': 'system:masters' },
      { 'x-remote-user': ['root', 'root'] },
      { 'x-remote_user': 'root', x_remote_user: 'root' },
      { 'x-remote-extra-scopes': 'all', 'x-remote-uid': '0', ...somebody },
    ])
      expect(await whoami(pair, headers)).toBe(who);
  });

  it('are all from the proxy, and not from who asked it', async () => {
    // Connection names headers that are not to be passed on; here nobody takes that out of a request.
    const proxy = await issueClient(proxies, { user: 'front', groups: [] });
    expect(await whoami(proxy, { ...somebody, connection: 'x-remote-user' })).toBe('root');
    expect(await whoami(proxy, { 'x-remote-group': 'system:masters' })).toBe(401);
    expect(await whoami(proxy, { 'x-remote-user': '' })).toBe(401);
  });
});

it('counts who asks, and how that was found out', async () => {
  const { text } = await server.metrics.expose(server);
  for (const line of [
    /^authentication_attempts\{result="success"\} [1-9]/m,
    /^authentication_attempts\{result="error"\} [1-9]/m,
    /^authentication_attempts\{result="failure"\} [1-9]/m,
    /^authentication_duration_seconds_bucket\{result="success",le="0\.001"\} /m,
    /^authenticated_user_requests\{username="other"\} [1-9]/m,
  ])
    expect(text).toMatch(line);
  expect(text).not.toContain('username="jane"');
});
