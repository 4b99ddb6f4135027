import { MemoryStorage } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';

/** Two servers on one store. */
let server: TlsServer;
let second: TlsServer;
const storage = new MemoryStorage();
let now = Date.parse('2026-01-01T00:00:00Z');

beforeAll(async () => {
  const serviceRanges = { clusterIPs: ['10.9.0.0/26'], nodePorts: { from: 31_000, to: 31_059 } };
  const options = { storage, now: () => now, serviceRanges };
  server = await startTlsServer(options);
  second = await startTlsServer(options);
});
afterAll(async () => {
  await second.close();
  await server.close();
  await storage.close();
});

const services = '/api/v1/namespaces/default/services';
const maps = '/api/v1/namespaces/default/configmaps';
const addresses = '/apis/networking.k8s.io/v1/ipaddresses';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';

interface Service {
  readonly spec: { readonly clusterIP: string; readonly ports: readonly { readonly nodePort: number }[] };
}

const post = (path: string, body: object, to = server) => to.send({ method: 'POST', path, body });
/** Every other request goes to the other server. */
const either = (index: number) => (index % 2 === 0 ? server : second);
const remove = (path: string) => server.send({ method: 'DELETE', path });
const nodePort = (name: string, spec: object = {}, to = server) =>
  post(services, { metadata: { name }, spec: { type: 'NodePort', ports: [{ port: 80 }], ...spec } }, to);
const patch = (path: string, body: object, type: string) =>
  server.send({ method: 'PATCH', path, body, headers: { 'content-type': `application/${type}` } });
const times = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));
const codes = (answers: readonly RawAnswer[]) => answers.map(({ code }) => code).sort();
async function names(path: string): Promise<string[]> {
  const { items } = (await server.send({ path })).json<{ items: { metadata: { name: string } }[] }>();
  return items.map(({ metadata }) => metadata.name);
}

describe('addresses and node ports', () => {
  it('are given once each to 40 Services that two servers make at the same time, and come back', async () => {
    const created = await times(40, (index) => nodePort(`many-${index}`, {}, either(index)));
    expect(new Set(codes(created))).toEqual(new Set([201]));
    const specs = created.map((answer) => answer.json<Service>().spec);
    expect(new Set(specs.map(({ clusterIP }) => clusterIP))).toHaveProperty('size', 40);
    expect(new Set(specs.map(({ ports }) => ports[0]?.nodePort))).toHaveProperty('size', 40);
    const gone = await times(40, (index) => remove(`${services}/many-${index}`));
    expect(new Set(codes(gone))).toEqual(new Set([200]));
    expect(await names(addresses)).toEqual([]);
    expect(await names(leases)).toEqual([]);
  });

  it('that one Service asks for go to one of many, whichever server they ask', async () => {
    const spec = { clusterIP: '10.9.0.7', ports: [{ port: 80, nodePort: 31_005 }] };
    const created = await times(20, (index) => nodePort(`wanted-${index}`, spec, either(index)));
    expect(codes(created)).toEqual([201, ...Array.from({ length: 19 }, () => 422)]);
    // The losers gave back what they had taken before they lost.
    expect(await names(addresses)).toEqual(['10.9.0.7']);
    expect(await names(leases)).toEqual(['node-port-31005']);
    await times(20, (index) => remove(`${services}/wanted-${index}`));
  });

  it('that a server took and lost in a crash are given again when no others are left', async () => {
    const parentRef = { resource: 'services', namespace: 'default', name: 'lost' };
    const lost = Array.from({ length: 62 }, (_, index) => `10.9.0.${index + 1}`);
    await times(62, (index) => post(addresses, { metadata: { name: lost[index] }, spec: { parentRef } }));
    const holder = { holderIdentity: 'services/default/lost' };
    await times(60, (index) =>
      post(leases, { metadata: { name: `node-port-${31_000 + index}` }, spec: holder }),
    );
    expect((await nodePort('early')).code).toBe(422);
    now += 120_000;
    const spec = { clusterIP: '10.9.0.7', ports: [{ port: 80, nodePort: 31_005 }] };
    const wanted = await times(10, (index) => nodePort(`late-${index}`, spec, either(index)));
    expect(codes(wanted)).toEqual([201, ...Array.from({ length: 9 }, () => 422)]);
    const any = await times(10, (index) => nodePort(`any-${index}`, {}, either(index)));
    expect(new Set(codes(any))).toEqual(new Set([201]));
    const specs = [...any, ...wanted.filter(({ code }) => code === 201)].map(
      (answer) => answer.json<Service>().spec,
    );
    expect(new Set(specs.map(({ clusterIP }) => clusterIP))).toHaveProperty('size', 11);
    expect(new Set(specs.map(({ ports }) => ports[0]?.nodePort))).toHaveProperty('size', 11);
    await times(10, (index) => remove(`${services}/late-${index}`));
    await times(10, (index) => remove(`${services}/any-${index}`));
  });
});

describe('writers of one object', () => {
  it('lose no increment with compare-and-swap', async () => {
    await post(maps, { metadata: { name: 'counter' }, data: { count: '0' } });
    const increment = async (): Promise<void> => {
      for (;;) {
        const read = await server.send({ path: `${maps}/counter` });
        const object = read.json<{ data: { count: string } }>();
        const data = { count: String(Number(object.data.count) + 1) };
        const written = await server.send({
          ...{ method: 'PUT', path: `${maps}/counter` },
          body: { ...object, data },
        });
        if (written.code === 200) return;
        expect(written.json()).toMatchObject({ code: 409, reason: 'Conflict' });
      }
    };
    await times(10, increment);
    const { data } = (await server.send({ path: `${maps}/counter` })).json<{ data: { count: string } }>();
    expect(data.count).toBe('10');
  });

  it.each(['merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'])(
    'never see a conflict of %s within the server',
    async (type) => {
      const path = `${maps}/shared-${type.split('-')[0]}`;
      const name = path.slice(path.lastIndexOf('/') + 1);
      const identity = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
      if (!type.startsWith('apply')) await post(maps, identity);
      const answers = await times(50, (index) =>
        patch(`${path}?fieldManager=m${index}`, { ...identity, data: { [`k${index}`]: 'x' } }, type),
      );
      // An apply creates: one of all that come at once, and the others go on as updates.
      const expected = type.startsWith('apply') ? [200, 201] : [200];
      expect([...new Set(codes(answers))]).toEqual(expected);
      const { data } = (await server.send({ path })).json<{ data: object }>();
      expect(Object.keys(data)).toHaveLength(50);
    },
  );
});

describe('a quota', () => {
  it('is never exceeded by creates at two servers at the same time', async () => {
    const quota = '/api/v1/namespaces/default/resourcequotas';
    const counts = { hard: { configmaps: '20' }, used: { configmaps: '0' } };
    await post(quota, { metadata: { name: 'maps' }, spec: { hard: counts.hard } });
    expect((await patch(`${quota}/maps/status`, { status: counts }, 'merge-patch+json')).code).toBe(200);
    const created = await times(50, (index) =>
      post(maps, { metadata: { name: `counted-${index}` } }, either(index)),
    );
    expect(codes(created)).toEqual([
      ...Array.from({ length: 20 }, () => 201),
      ...Array.from({ length: 30 }, () => 403),
    ]);
    const { status } = (await server.send({ path: `${quota}/maps` })).json<{ status: object }>();
    expect(status).toEqual({ ...counts, used: { configmaps: '20' } });
    await remove(`${quota}/maps`);
  });
});

describe('evictions', () => {
  it('take no more from a budget than it has', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const containers = [{ name: 'a', image: 'b' }];
    await times(10, async (index) => {
      await post(pods, {
        metadata: { name: `p${index}`, labels: { app: 'x' } },
        spec: { containers, nodeName: 'n' },
      });
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
      await patch(`${pods}/p${index}/status`, { status }, 'strategic-merge-patch+json');
    });
    const selector = { matchLabels: { app: 'x' } };
    await post(budgets, { metadata: { name: 'b' }, spec: { minAvailable: 7, selector } });
    const counts = { disruptionsAllowed: 3, currentHealthy: 10, desiredHealthy: 7, expectedPods: 10 };
    const status = { status: { ...counts, observedGeneration: 1 } };
    expect((await patch(`${budgets}/b/status`, status, 'merge-patch+json')).code).toBe(200);
    const evicted = await times(10, (index) =>
      post(`${pods}/p${index}/eviction`, { metadata: { name: `p${index}` } }),
    );
    expect(codes(evicted)).toEqual([201, 201, 201, ...Array.from({ length: 7 }, () => 429)]);
  });
});
