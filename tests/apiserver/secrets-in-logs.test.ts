import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { auditLog, PkiDirectory, parseAuditPolicy } from '@kubewright/apiserver';
import { Client, httpsTransport, inProcessTransport } from '@kubewright/client';
import { startControllers } from '@kubewright/controllers';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startTlsServer } from '../tls-server.js';

const policy = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: RequestResponse\n';
const base = '/api/v1/namespaces/default';
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Everything that is logged at the highest verbosity, in one text. */
function logbook() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { logger: pino({ level: 'trace' }, stream), text: () => chunks.join('') };
}

it('logs no secret and no token at any level, and writes none down for the audit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kubewright-logs-'));
  const { logger, text } = logbook();
  const pki = await PkiDirectory.open(directory);
  const keys = await pki.tokenKeys();
  const auditFile = join(directory, 'audit.log');
  const server = await startTlsServer({
    logger,
    audit: { policy: parseAuditPolicy(policy), backends: [auditLog({ path: auditFile })] },
    authentication: {
      serviceAccounts: { issuers: ['https://issuer.test'], keys: () => keys },
      bootstrapTokens: true,
      // Nobody is there: what it would have been asked must not be told either.
      webhook: {
        transport: await httpsTransport({ server: 'http://127.0.0.1:9' }),
        pause: async () => undefined,
      },
    },
  });
  const stop = new AbortController();
  const client = new Client(
    inProcessTransport(server.server.inProcess({ name: 'manager', groups: ['system:masters'] })),
  );
  const manager = await startControllers(client, {
    logger,
    signal: stop.signal,
    serviceAccountKey: keys.signing.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
  const secrets: string[] = [];
  const secret = (name: string): string => {
    const value = `${name}-b7e0c1d2f3`;
    secrets.push(value, base64(value).replace(/=+$/, ''));
    return value;
  };
  const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    server.send({ method, path: `${base}${path}`, headers, ...(body === undefined ? {} : { body }) });
  try {
    // Good, bad and refused Secrets, in every way that writes them.
    await send('POST', '/secrets', { metadata: { name: 'a' }, stringData: { password: secret('created') } });
    await send('PUT', '/secrets/a', {
      metadata: { name: 'a' },
      data: { password: base64(secret('updated')) },
    });
    await send(
      'PATCH',
      '/secrets/a',
      { stringData: { password: secret('patched') } },
      { 'content-type': 'application/merge-patch+json' },
    );
    await send(
      'PATCH',
      '/secrets/a?fieldManager=t',
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'a' },
        stringData: { password: secret('applied') },
      },
      { 'content-type': 'application/apply-patch+yaml' },
    );
    await send('POST', '/secrets', {
      metadata: { name: 'B!' },
      stringData: { 'bad key': secret('refused') },
    });
    await send('POST', '/secrets', {
      metadata: { name: 'c' },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.key': secret('incomplete') },
    });
    await send('POST', '/secrets', { metadata: { name: 'd' }, data: { password: secret('not-base64!') } });
    await send('GET', '/secrets');

    // Tokens that are asked for, used, refused and reviewed.
    await send('POST', '/serviceaccounts', { metadata: { name: 'robot' } });
    const asked = await send('POST', '/serviceaccounts/robot/token', { spec: {} });
    const token = asked.json<{ status: { token: string } }>().status.token;
    secrets.push(token, ...token.split('.').slice(1));
    const bearer = { authorization: `Bearer ${token}` };
    expect((await server.sendAs(undefined, { path: `${base}/configmaps`, headers: bearer })).code).toBe(200);
    for (const bad of [
      `${token.slice(0, -4)}AAAA`,
      secret('opaque'),
      `abcdef.${secret('bootstrap').slice(-16)}`,
    ]) {
      secrets.push(bad);
      const headers = { authorization: `Bearer ${bad}` };
      expect((await server.sendAs(undefined, { path: `${base}/configmaps`, headers })).code).toBe(401);
      const path = '/apis/authentication.k8s.io/v1/tokenreviews';
      await server.send({ method: 'POST', path, body: { spec: { token: bad } } });
    }
    await send('POST', '/secrets', {
      metadata: { name: 'long', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      type: 'kubernetes.io/service-account-token',
    });
    await expect.poll(async () => (await send('GET', '/secrets/long')).text).toContain('"token"');
    const filled = (await send('GET', '/secrets/long')).json<{ data: { token: string } }>().data.token;
    secrets.push(filled, Buffer.from(filled, 'base64').toString());
  } finally {
    stop.abort();
    await manager.done;
    await client.close();
    await server.close();
  }
  const audit = await readFile(auditFile, 'utf8');
  await rm(directory, { recursive: true });
  // Otherwise nothing would be found because nothing was written.
  expect(text()).toContain('unable to authenticate the request');
  expect(audit).toContain('"resource":"secrets"');
  const all = `${text()}${audit}`;
  expect(secrets.filter((value) => all.includes(value))).toEqual([]);
});
