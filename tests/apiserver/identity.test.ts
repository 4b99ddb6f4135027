import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
});
afterAll(() => server.close());

const pods = { path: '/api/v1/namespaces/default/pods' };
const unauthorized = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'Unauthorized',
  reason: 'Unauthorized',
  code: 401,
};

it('answers 401 to a client without a certificate', async () => {
  const answer = await server.sendAs(undefined, pods);
  expect(answer.code).toBe(401);
  expect(answer.json()).toEqual(unauthorized);
});

it('answers 401 to a certificate of another CA', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-other-ca-'));
  try {
    const other = await PkiDirectory.open(directory);
    const pair = await other.client('admin', { user: 'kubernetes-admin', groups: ['system:masters'] });
    const answer = await server.sendAs(pair, pods);
    expect(answer.code).toBe(401);
    expect(answer.json()).toEqual(unauthorized);
  } finally {
    await rm(directory, { recursive: true });
  }
});

it('answers 401 to a bearer token that it never gave out', async () => {
  const answer = await server.sendAs(undefined, { ...pods, headers: { authorization: 'Bearer x' } });
  expect(answer.code).toBe(401);
});

it.each(['/healthz', '/livez', '/readyz', '/version'])('answers anybody on %s', async (path) => {
  expect((await server.sendAs(undefined, { path })).code).toBe(200);
});

it('serves the admin', async () => {
  expect((await server.send(pods)).code).toBe(200);
});
