import { ApiError, encodeJson } from '@kubewright/api';
import { Client, type Clock, inProcessTransport } from '@kubewright/client';
import { expect, it } from 'vitest';
import { PodTokens } from './pod-tokens.js';

const pod = {
  metadata: { name: 'web', namespace: 'default', uid: 'u' },
  spec: { serviceAccountName: 'robot', containers: [] },
};

/** A server that hands out numbered tokens for as long as it is asked for, and the times that it was asked. */
function issuer() {
  let now = Date.UTC(2026, 0, 1);
  const asked: { path: string; spec: { expirationSeconds: number; boundObjectRef: object } }[] = [];
  const state = { failing: false };
  const client = new Client(
    inProcessTransport(async ({ path, body }) => {
      const answer = (status: number, object: object) => ({
        status,
        headers: { 'content-type': 'application/json' },
        body: (async function* () {
          yield Buffer.from(encodeJson(object));
        })(),
      });
      if (state.failing) return answer(404, new ApiError('NotFound', 'no such account').toStatus());
      const { spec } = JSON.parse(String(body));
      asked.push({ path, spec });
      const expirationTimestamp = new Date(now + spec.expirationSeconds * 1000).toISOString();
      return answer(201, { metadata: {}, spec, status: { token: `t${asked.length}`, expirationTimestamp } });
    }),
  );
  const clock: Clock = { now: () => now, schedule: () => () => undefined };
  return { tokens: new PodTokens(client, clock), asked, state, pass: (ms: number) => (now += ms) };
}

it('asks for a token that is bound to the pod', async () => {
  const { tokens, asked } = issuer();
  expect(await tokens.get(pod, { audience: 'vault', expirationSeconds: 600 })).toBe('t1');
  expect(asked).toEqual([
    {
      path: '/api/v1/namespaces/default/serviceaccounts/robot/token',
      spec: {
        audiences: ['vault'],
        expirationSeconds: 600,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u' },
      },
    },
  ]);
});

it('asks anew when a fifth of its life is left, and once a day', async () => {
  const { tokens, pass } = issuer();
  expect(await tokens.get(pod, {})).toBe('t1');
  pass(47 * 60_000);
  expect(await tokens.get(pod, {})).toBe('t1');
  pass(2 * 60_000);
  expect(await tokens.get(pod, {})).toBe('t2');
  const week = { expirationSeconds: 7 * 24 * 3600 };
  expect(await tokens.get(pod, week)).toBe('t3');
  pass(25 * 3_600_000);
  expect(await tokens.get(pod, week)).toBe('t4');
});

it('keeps a token that is still good while there is no new one, and no longer', async () => {
  const { tokens, pass, state } = issuer();
  await tokens.get(pod, {});
  state.failing = true;
  pass(50 * 60_000);
  expect(await tokens.get(pod, {})).toBe('t1');
  pass(11 * 60_000);
  await expect(tokens.get(pod, {})).rejects.toThrow('failed to fetch token: no such account');
});
