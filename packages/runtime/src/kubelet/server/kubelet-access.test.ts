import type { IncomingMessage } from 'node:http';
import { encodeJson } from '@kubewright/api';
import { Client, inProcessTransport } from '@kubewright/client';
import { expect, it } from 'vitest';
import { KubeletAccess } from './kubelet-access.js';

interface Spec {
  readonly user?: string;
  readonly token?: string;
  readonly groups?: string[];
  readonly resourceAttributes?: Record<string, string>;
}

/** An API server that knows one token, and lets the admins do all and the others read metrics. */
function apiServer() {
  let now = 0;
  const asked: Spec[] = [];
  const client = new Client(
    inProcessTransport(async ({ body }) => {
      const { spec } = JSON.parse(String(body)) as { spec: Spec };
      asked.push(spec);
      const status =
        spec.token !== undefined
          ? { authenticated: spec.token === 'good', user: { username: 'prometheus', groups: ['monitoring'] } }
          : {
              allowed:
                spec.groups?.includes('admins') === true ||
                spec.resourceAttributes?.subresource === 'metrics',
            };
      return {
        status: 201,
        headers: { 'content-type': 'application/json' },
        body: (async function* () {
          yield Buffer.from(encodeJson({ metadata: {}, spec, status }));
        })(),
      };
    }),
  );
  const access = new KubeletAccess(client, 'n1', { now: () => now, schedule: () => () => undefined });
  return { access, asked, pass: (ms: number) => (now += ms) };
}

function request(
  url: string,
  { certificate, token, method = 'GET' }: { certificate?: object; token?: string; method?: string } = {},
): IncomingMessage {
  const socket = {
    authorized: certificate !== undefined,
    getPeerCertificate: () => ({ subject: certificate }),
  };
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return { url, method, headers, socket } as unknown as IncomingMessage;
}

it('asks the API server whether who has a certificate may', async () => {
  const { access, asked } = apiServer();
  await access.check(
    request('/exec/default/web/c?command=ls', { certificate: { CN: 'root', O: ['admins'] }, method: 'POST' }),
  );
  expect(asked).toEqual([
    {
      user: 'root',
      groups: ['admins', 'system:authenticated'],
      resourceAttributes: {
        verb: 'create',
        version: 'v1',
        resource: 'nodes',
        subresource: 'proxy',
        name: 'n1',
      },
    },
  ]);
  const other = request('/containerLogs/default/web/c', { certificate: { CN: 'jane' } });
  await expect(access.check(other)).rejects.toMatchObject({ code: 403 });
});

it('asks it who has a token, and remembers for a moment', async () => {
  const { access, asked, pass } = apiServer();
  await access.check(request('/metrics', { token: 'good' }));
  await access.check(request('/metrics', { token: 'good' }));
  expect(asked).toHaveLength(2);
  await expect(access.check(request('/pods', { token: 'good' }))).rejects.toMatchObject({ code: 403 });
  pass(11_000);
  await access.check(request('/metrics', { token: 'good' }));
  expect(asked).toHaveLength(5);
});

it('does not know strangers', async () => {
  const { access, asked } = apiServer();
  await expect(access.check(request('/metrics'))).rejects.toMatchObject({ code: 401 });
  await expect(access.check(request('/metrics', { token: 'bad' }))).rejects.toMatchObject({ code: 401 });
  expect(asked).toHaveLength(1);
});
