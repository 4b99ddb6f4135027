import { gunzipSync } from 'node:zlib';
import { MemoryStorage } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';

/** A store that can be made to answer nothing, or no. */
class MoodyStorage extends MemoryStorage {
  mood: 'well' | 'silent' | 'ill' = 'well';

  override async revision(): Promise<number> {
    if (this.mood === 'silent') return new Promise(() => undefined);
    if (this.mood === 'ill') throw new Error('no leader');
    return super.revision();
  }
}

let server: TlsServer;
const storage = new MoodyStorage();
const get = (path: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  server.send({ path, headers });

beforeAll(async () => {
  server = await startTlsServer({
    storage,
    flowControl: {},
    authorization: { modes: ['RBAC'] },
    components: [
      { name: 'scheduler', check: () => undefined },
      {
        name: 'controller-manager',
        check: () => {
          throw new Error('it has ended');
        },
      },
    ],
    flags: { 'data-dir': '/data', v: '0' },
  });
  await server.server.advertise({ address: '192.0.2.1', port: server.port, servicePort: 443 });
  await server.server.identify('here');
  await server.server.publishAuthorities({ clientCA: server.ca });
});
afterAll(() => server.close());

const soon = { timeout: 10_000 };

/** The steps of this server's start, in their order. */
const steps = [
  'start-apiextensions-controllers',
  'start-system-namespaces-controller',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-config-producer',
  'rbac/bootstrap-roles',
  'start-kubernetes-service-cidr-controller',
  'bootstrap-controller',
  'peer-endpoint-reconciler-controller',
  'start-kube-apiserver-identity-lease-controller',
  'start-cluster-authentication-info-controller',
].map((step) => `poststarthook/${step}`);
const lines = (names: readonly string[]) => names.map((name) => `[+]${name} ok\n`).join('');

describe('health', () => {
  it('has the checks of upstream that there is something to check for', async () => {
    const alive = lines(['ping', 'etcd', ...steps]);
    expect((await get('/livez?verbose')).text).toBe(`${alive}livez check passed\n`);
    expect((await get('/healthz?verbose')).text).toBe(`${alive}healthz check passed\n`);
    const ready = lines(['ping', 'etcd', 'etcd-readiness', 'informer-sync', ...steps, 'shutdown']);
    expect((await get('/readyz?verbose')).text).toBe(`${ready}readyz check passed\n`);
  });

  it('answers for each check, whose paths the root names', async () => {
    const { paths } = (await get('/')).json<{ paths: string[] }>();
    const own = paths.filter((path) => path.startsWith('/readyz/'));
    expect(own).toHaveLength(steps.length + 5);
    for (const path of own) expect(await get(path)).toMatchObject({ code: 200, text: 'ok' });
    expect(await get('/livez/shutdown')).toMatchObject({ code: 404, text: '404 page not found\n' });
  });

  it('leaves out what it is asked to, also where the name has slashes', async () => {
    const { text } = await get('/livez?verbose&exclude=poststarthook/rbac/bootstrap-roles&exclude=none');
    expect(text).toContain('[+]poststarthook/rbac/bootstrap-roles excluded: ok\n');
    expect(text).toContain('warn: some health checks cannot be excluded: no matches for "none"\n');
  });

  it.each([
    ['silent', 'context deadline exceeded'],
    ['ill', 'no leader'],
  ] as const)('fails, in the words of upstream, while the store is %s', async (mood, why) => {
    storage.mood = mood;
    try {
      const [alive, ready, single, excluded] = await Promise.all(
        ['/livez', '/readyz', '/livez/etcd', '/livez?exclude=etcd'].map((path) => get(path)),
      );
      expect(alive).toMatchObject({
        code: 500,
        text: `${lines(['ping'])}[-]etcd failed: reason withheld\n${lines(steps)}livez check failed\n`,
      });
      expect(alive?.headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      });
      expect(ready?.text).toContain('[-]etcd-readiness failed: reason withheld\n[+]informer-sync ok\n');
      expect(single).toMatchObject({
        code: 500,
        text: `internal server error: error getting data from etcd: ${why}\n`,
      });
      expect(excluded).toMatchObject({ code: 200, text: 'ok' });
    } finally {
      storage.mood = 'well';
    }
  });

  it('is counted for those who measure how long the server was well', async () => {
    await get('/livez');
    const { text, headers } = await get('/metrics/slis');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
    expect(text).toContain('# HELP kubernetes_healthcheck [STABLE] ');
    expect(text).toContain('kubernetes_healthcheck{name="etcd",type="livez"} 1\n');
    expect(text).toMatch(/^kubernetes_healthchecks_total\{name="etcd",status="error",type="livez"\} 2$/m);
    expect(text).toMatch(
      /^kubernetes_healthchecks_total\{name="shutdown",status="success",type="readyz"\} \d+$/m,
    );
    expect(text).toMatch(/^process_start_time_seconds \d+/m);
  });
});

describe('components', () => {
  it('are shown as the parts of the control plane say that they do', async () => {
    const list = (await get('/api/v1/componentstatuses')).json<{ items: object[] }>();
    const condition = (status: string, message: string) => [{ type: 'Healthy', status, message }];
    expect(list.items).toEqual([
      { metadata: { name: 'scheduler' }, conditions: condition('True', 'ok') },
      { metadata: { name: 'controller-manager' }, conditions: condition('False', 'it has ended') },
      { metadata: { name: 'etcd-0' }, conditions: condition('True', 'ok') },
    ]);
  });
});

describe('what is not over', () => {
  it('is not well', async () => {
    const held = new Promise<void>(() => undefined);
    const starting = await startTlsServer({
      admission: [
        { name: 'Held', admit: ({ resource }) => (resource.rules.kind.kind === 'Lease' ? held : undefined) },
      ],
    });
    try {
      void starting.server.identify('here');
      const name = 'poststarthook/start-kube-apiserver-identity-lease-controller';
      await vi.waitFor(
        async () =>
          expect((await starting.send({ path: '/readyz' })).text).toContain(
            `[-]${name} failed: reason withheld\n`,
          ),
        soon,
      );
      expect((await starting.send({ path: `/livez/${name}` })).text).toBe(
        'internal server error: not finished\n',
      );
    } finally {
      await starting.close();
    }
  });
});

describe('profiles', () => {
  it('are taken one at a time, and are for pprof', async () => {
    const [taken, refused] = await Promise.all([
      get('/debug/pprof/profile?seconds=0.3'),
      get('/debug/pprof/heap?seconds=0.3'),
    ]);
    expect(taken).toMatchObject({
      code: 200,
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment; filename="profile"',
      },
    });
    expect(gunzipSync(taken.bytes).length).toBeGreaterThan(0);
    expect(refused).toMatchObject({
      code: 500,
      text: 'Could not enable profiling: another profile is being taken\n',
    });
    expect((await get('/debug/pprof/heap?seconds=0.1')).code).toBe(200);
  });

  it('are named by an index; what there is none of is unknown', async () => {
    expect(await get('/debug/pprof')).toMatchObject({ code: 302, headers: { location: '/debug/pprof/' } });
    expect((await get('/debug/pprof/')).text).toContain('<a href="profile?seconds=30">');
    expect(await get('/debug/pprof/goroutine')).toMatchObject({ code: 404, text: 'Unknown profile\n' });
  });

  it('end with the connection of who asked', async () => {
    const socket = await server.connect();
    socket.write('GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await vi.waitFor(async () => expect((await get('/debug/pprof/heap?seconds=0.1')).code).toBe(500), soon);
    socket.destroy();
    await vi.waitFor(async () => expect((await get('/debug/pprof/heap?seconds=0.1')).code).toBe(200), soon);
  });
});

describe('the pages for people', () => {
  const warning =
    'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.\n';

  it('say since when which version runs', async () => {
    const { text, headers } = await get('/statusz');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text).toMatch(new RegExp(`^\napiserver statusz\n${warning}\nStarted: `));
    expect(text).toMatch(/^Up: 0 hr 00 min \d\d sec$/m);
    expect(text).toMatch(
      /^Paths: \/backup \/configz \/flagz \/healthz \/livez \/metrics \/readyz \/statusz \/version\n$/m,
    );
  });

  it('are objects for those who ask for such', async () => {
    const as = 'v=v1beta1;g=config.k8s.io;as=Statusz';
    const answer = await get('/statusz', { accept: `application/json;${as}` });
    expect(answer.headers['content-type']).toBe('application/json;g=config.k8s.io;v=v1beta1;as=Statusz');
    expect(answer.json()).toMatchObject({
      kind: 'Statusz',
      apiVersion: 'config.k8s.io/v1beta1',
      metadata: { name: 'apiserver' },
      emulationVersion: '1.36',
      paths: expect.arrayContaining(['/livez']),
    });
    const yaml = await get('/statusz', { accept: `application/yaml;${as}` });
    expect(yaml.text).toContain('kind: Statusz\n');
  });

  it('warn of the version that is deprecated', async () => {
    const accept = 'application/json;v=v1alpha1;g=config.k8s.io;as=Flagz';
    const { warnings } = await get('/flagz', { accept });
    expect(warnings).toEqual([
      'This version of the flagz endpoint is deprecated. Please use a newer version.',
    ]);
  });

  it.each(['application/json', 'text/html', 'application/json;v=v1;g=config.k8s.io;as=Statusz'])(
    'refuse %s',
    async (accept) => {
      const answer = await get('/statusz', { accept });
      expect(answer.code).toBe(406);
      expect(answer.json().message).toBe(
        'only the following media types are accepted: application/json, application/yaml, text/plain',
      );
    },
  );

  it('tell the options that the server was started with', async () => {
    expect((await get('/flagz')).text).toBe(`\napiserver flagz\n${warning}data-dir=/data\nv=0\n`);
    const answer = await get('/flagz', { accept: 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz' });
    expect(answer.json<{ flags: object }>().flags).toEqual({ 'data-dir': '/data', v: '0' });
  });

  it('are for those who may read them', async () => {
    expect((await server.sendAs(undefined, { path: '/statusz' })).code).toBe(401);
  });
});
