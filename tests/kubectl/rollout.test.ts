import { Node } from '@kubewright/api/core/v1';
import { Client, inProcessTransport } from '@kubewright/client';
import { type Manager, startControllers, startScheduler } from '@kubewright/controllers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runPods } from '../controllers/run-pods.js';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

const stop = new AbortController();
let server: TlsServer;
let client: Client;
let kubectl: Kubectl;
let managers: readonly Manager[] = [];

beforeAll(async () => {
  server = await startTlsServer();
  kubectl = new Kubectl(server.kubeconfig);
  client = new Client(
    inProcessTransport(server.server.inProcess({ name: 'admin', groups: ['system:masters'] })),
  );
  for (const name of ['n1', 'n2']) {
    await client.resource(Node).create({ metadata: { name } });
    await client.resource(Node).status.patchMerge(name, {
      status: {
        allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'ready' }],
      },
    });
  }
  const { signal } = stop;
  [managers] = await Promise.all([
    Promise.all([startControllers(client, { signal }), startScheduler(client, { signal })]),
    runPods(client, signal),
  ]);
});
afterAll(async () => {
  kubectl.close();
  stop.abort();
  await Promise.all(managers.map(({ done }) => done));
  await client.close();
  await server.close();
});

const image = () =>
  kubectl.ok(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}']);

describe.skipIf(kubectlPath === undefined)('kubectl in a cluster with controllers', () => {
  it('rolls out, shows the history, and goes back', async () => {
    await kubectl.ok('create deployment web --image=one --replicas=2');
    expect(await kubectl.ok('rollout status deploy/web --timeout=20s')).toContain('successfully rolled out');
    await kubectl.ok('set image deploy/web one=two');
    await kubectl.ok('annotate deploy/web kubernetes.io/change-cause=second');
    await kubectl.ok('rollout status deploy/web --timeout=20s');
    const history = await kubectl.ok('rollout history deploy/web');
    expect(history).toMatch(/REVISION +CHANGE-CAUSE\n1 +<none>\n2 +/);
    expect(await kubectl.ok('rollout history deploy/web --revision=1')).toContain('Image:\tone');
    expect(await kubectl.ok('rollout undo deploy/web')).toBe('deployment.apps/web rolled back\n');
    await kubectl.ok('rollout status deploy/web --timeout=20s');
    expect(await image()).toBe('one');
    expect(await kubectl.ok('rollout undo deploy/web --to-revision=2')).toContain('rolled back');
    expect(await image()).toBe('two');
    await kubectl.ok('rollout status deploy/web --timeout=20s');
  });

  it('pauses a roll-out, which then goes on, and restarts', async () => {
    await kubectl.ok('rollout pause deploy/web');
    await kubectl.ok('set image deploy/web one=three');
    expect(await kubectl.fails('rollout undo deploy/web')).toContain('paused');
    await kubectl.ok('rollout resume deploy/web');
    await kubectl.ok('rollout restart deploy/web');
    await kubectl.ok('rollout status deploy/web --timeout=20s');
    const running = await kubectl.ok([
      ...['get', 'pods', '-l', 'app=web', '--field-selector=status.phase=Running'],
      ...['-o', 'jsonpath={.items[*].spec.containers[0].image}'],
    ]);
    expect(new Set(running.split(' '))).toEqual(new Set(['three']));
  });

  it('drains a node as far as a disruption budget lets it', async () => {
    await kubectl.ok('create poddisruptionbudget web --selector=app=web --min-available=2');
    const budget = (allowed: number, current: number) =>
      kubectl.ok([
        ...['patch', 'pdb', 'web', '--subresource=status', '--type=merge', '-p'],
        JSON.stringify({
          status: {
            observedGeneration: 1,
            disruptionsAllowed: allowed,
            currentHealthy: current,
            desiredHealthy: 2,
            expectedPods: current,
          },
        }),
      ]);
    await budget(0, 2);
    const node = await kubectl.ok(['get', 'pods', '-o', 'jsonpath={.items[0].spec.nodeName}']);
    const refused = await kubectl.run(`drain ${node} --timeout=2s`);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(await kubectl.ok(`get node ${node}`)).toContain('SchedulingDisabled');
    await budget(10, 12);
    expect(await kubectl.ok(`drain ${node} --timeout=20s`)).toContain('drained');
    await vi.waitFor(
      async () => {
        const places = await kubectl.ok(['get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}']);
        expect(places.split(' ')).not.toContain(node);
      },
      { timeout: 15_000, interval: 100 },
    );
    expect(await kubectl.ok(`uncordon ${node}`)).toContain('uncordoned');
    await kubectl.ok('delete pdb web');
  });

  it('stops dry runs before anything happens', async () => {
    expect(await kubectl.ok('rollout undo deploy/web --dry-run=server')).toContain('server dry run');
    expect(await kubectl.ok('drain n1 --dry-run=server --ignore-daemonsets')).toContain('server dry run');
    expect(await kubectl.ok('get node n1')).not.toContain('SchedulingDisabled');
  });
});
