import { describe, expect, it } from 'vitest';
import { Client } from '../client.js';
import { inProcessTransport } from '../transport/in-process.js';

const resource = (name: string, kind: string) => ({
  name,
  singularName: kind.toLowerCase(),
  namespaced: true,
  kind,
  verbs: ['get', 'list'],
});
const group = (name: string) => ({
  name,
  versions: [{ version: 'v1' }],
  preferredVersion: { version: 'v1' },
});

/** What a server says of itself, behind which another one is away. */
const answers: Readonly<Record<string, object>> = {
  '/api': { versions: ['v1'] },
  '/apis': { groups: [group('apps'), group('away.example')] },
  '/api/v1': { resources: [resource('pods', 'Pod')] },
  '/apis/apps/v1': { resources: [resource('deployments', 'Deployment')] },
};
const { discovery } = new Client(
  inProcessTransport(async ({ path }) => {
    const body = answers[path] ?? {
      kind: 'Status',
      code: 503,
      reason: 'ServiceUnavailable',
      message: 'away',
    };
    return {
      status: path in answers ? 200 : 503,
      headers: {},
      body: (async function* () {
        yield new TextEncoder().encode(JSON.stringify(body));
      })(),
    };
  }),
);

describe('discovery beside a group that does not answer', () => {
  it('finds what the other groups have', async () => {
    expect(await discovery.kindNamed('deployments.v1.apps')).toMatchObject({ kind: 'Deployment' });
    expect(await discovery.kindNamed('pods')).toMatchObject({ kind: 'Pod' });
    await expect(discovery.kindNamed('gadgets')).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });

  it('gives no part for the whole unless it is asked to', async () => {
    await expect(discovery.kinds()).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    const faults: string[] = [];
    const kinds = await discovery.kinds({ onFault: (_error, apiVersion) => faults.push(apiVersion) });
    expect(kinds.map(({ kind }) => kind)).toEqual(['Pod', 'Deployment']);
    expect(faults).toEqual(['away.example/v1']);
  });
});
