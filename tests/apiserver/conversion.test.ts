import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';
import { WatchStream } from './watch-stream.js';

interface Item {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
  readonly spec?: Record<string, unknown>;
}

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
});
afterAll(() => server.close());

const post = (path: string, body: object) => server.send({ method: 'POST', path, body });
const put = (path: string, body: object) => server.send({ method: 'PUT', path, body });
const get = (path: string) => server.send({ path });
const merge = (path: string, body: object) =>
  server.send({ method: 'PATCH', path, body, headers: { 'content-type': 'application/merge-patch+json' } });

function item(answer: RawAnswer, code = 200): Item {
  if (answer.code !== code) throw new Error(`${answer.code}: ${answer.text}`);
  return answer.json<Item>();
}

describe('one stored object at several versions', () => {
  it('reads a HorizontalPodAutoscaler at v1 and v2', async () => {
    const path = (version: string) =>
      `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
    const made = item(
      await post(path('v1'), {
        metadata: { name: 'h' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
          maxReplicas: 3,
          targetCPUUtilizationPercentage: 70,
        },
      }),
      201,
    );
    const v2 = item(await get(`${path('v2')}/h`));
    expect(v2).toMatchObject({
      apiVersion: 'autoscaling/v2',
      metadata: { uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion },
      spec: {
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
        ],
      },
    });
    await merge(`${path('v2')}/h`, {
      spec: {
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 60 } },
          },
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    });
    const v1 = item(await get(`${path('v1')}/h`));
    expect(v1.spec).toMatchObject({ targetCPUUtilizationPercentage: 50 });
    // What v1 has no field for comes back through it unharmed.
    item(await put(`${path('v1')}/h`, { ...v1, spec: { ...v1.spec, maxReplicas: 9 } }));
    expect(item(await get(`${path('v2')}/h`)).spec).toMatchObject({
      maxReplicas: 9,
      metrics: expect.arrayContaining([
        expect.objectContaining({ resource: expect.objectContaining({ name: 'memory' }) as object }),
      ]) as object[],
    });
  });

  it('reads an Event of either group at both', async () => {
    const core = '/api/v1/namespaces/default/events';
    const group = '/apis/events.k8s.io/v1/namespaces/default/events';
    await post(core, {
      metadata: { name: 'old' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      message: 'it was said',
      reason: 'Said',
      type: 'Normal',
      count: 2,
    });
    expect(item(await get(`${group}/old`))).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: { kind: 'Pod', name: 'p' },
      note: 'it was said',
      deprecatedCount: 2,
    });
    const made = await post(group, {
      metadata: { name: 'new' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/c',
      reportingInstance: 'c-1',
      action: 'Saying',
      reason: 'Said',
      type: 'Normal',
      note: 'it is said',
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    });
    expect(made.code).toBe(201);
    expect(item(await get(`${core}/new`))).toMatchObject({
      apiVersion: 'v1',
      involvedObject: { kind: 'Pod', name: 'p' },
      message: 'it is said',
      reportingComponent: 'example.com/c',
    });
    const watching = await WatchStream.open(
      server,
      `${core}?watch=true&fieldSelector=involvedObject.name%3Dp`,
    );
    expect((await watching.names(2)).sort()).toEqual(['ADDED new', 'ADDED old']);
    watching.close();
  });
});
