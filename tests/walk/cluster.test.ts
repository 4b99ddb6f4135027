import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { following, Kubectl, kubectlPath } from '../kubectl.js';
import {
  identities,
  KubewrightProcess,
  makeDataDirectory,
  processesWith,
  removeDataDirectory,
} from '../kubewright-process.js';

const examples = fileURLToPath(new URL('../../examples/hello/', import.meta.url));
const soon = { timeout: 20_000, interval: 100 };

/** What an administrator does to a cluster with a node, and two clusters beside each other. */
describe.skipIf(kubectlPath === undefined).each(identities)('a cluster of %s', (_title, uid) => {
  const directories: string[] = [];
  const running: KubewrightProcess[] = [];
  let kubectl: Kubectl;

  async function start(): Promise<KubewrightProcess> {
    const directory = await makeDataDirectory(uid);
    directories.push(directory);
    const up = await KubewrightProcess.start(['up'], directory, uid);
    running.push(up);
    return up;
  }

  beforeAll(async () => {
    kubectl = new Kubectl((await start()).kubeconfig);
    await kubectl.ok(['apply', '-f', examples]);
    await kubectl.ok('rollout status deploy/hello --timeout=25s');
  });
  afterAll(async () => {
    kubectl?.close();
    await Promise.all(running.map((up) => up.end('SIGTERM')));
    await Promise.all(directories.map(removeDataDirectory));
  });

  async function pods(selector = ''): Promise<string[]> {
    return (await kubectl.ok(['get', 'pods', '-o', 'name', ...(selector === '' ? [] : ['-l', selector])]))
      .split('\n')
      .filter((name) => name !== '');
  }

  it('tells how its parts do, and with which options it runs', async () => {
    const components = await kubectl.ok('get componentstatuses');
    expect(components.replace(/ +/g, ' ').trim().split(/ ?\n/)).toEqual([
      'NAME STATUS MESSAGE ERROR',
      ...['scheduler', 'controller-manager', 'etcd-0'].map((name) => `${name} Healthy ok`),
    ]);
    expect(await kubectl.ok('get --raw /readyz?verbose')).toContain(
      '[+]poststarthook/apiservice-registration-controller ok\n',
    );
    expect(await kubectl.ok('get --raw /flagz')).toMatch(/^data-dir=\S+$/m);
  });

  it('serves a NodePort', async () => {
    await kubectl.ok('expose deploy hello --name=outside --type=NodePort --port=8080');
    const port = await kubectl.ok(['get', 'svc', 'outside', '-o', 'jsonpath={.spec.ports[0].nodePort}']);
    const node = await kubectl.ok(['get', 'node', '-o', 'jsonpath={.items[0].status.addresses[0].address}']);
    await vi.waitFor(async () => {
      const answer = await fetch(`http://${node}:${port}`, { signal: AbortSignal.timeout(2000) });
      expect(await answer.text()).toMatch(/ from hello-/);
    }, soon);
    await kubectl.ok('delete svc outside');
  });

  it('runs jobs, also those that a CronJob would start, and counts their indexes', async () => {
    const command = ['--image=busybox', '--', 'sh', '-c', 'echo done'];
    await kubectl.ok(['create', 'job', 'once', ...command]);
    await kubectl.ok(['create', 'cronjob', 'yearly', '--schedule=0 0 1 1 *', ...command]);
    await kubectl.ok('create job now --from=cronjob/yearly');
    const indexed = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'indexed' },
      spec: {
        completions: 2,
        completionMode: 'Indexed',
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [
              { name: 'work', image: 'busybox', command: ['sh', '-c', 'echo "index $JOB_COMPLETION_INDEX"'] },
            ],
          },
        },
      },
    };
    await kubectl.ok('apply -f -', { input: JSON.stringify(indexed) });
    await kubectl.ok('wait --for=condition=complete job/once job/now job/indexed --timeout=25s');
    expect(await kubectl.ok('logs job/once')).toBe('done\n');
    const logs = await kubectl.ok('logs -l batch.kubernetes.io/job-name=indexed');
    expect(logs.split('\n').sort()).toEqual(['', 'index 0', 'index 1']);
    expect(await kubectl.ok('get job indexed -o jsonpath={.status.completedIndexes}')).toBe('0,1');
    await kubectl.ok('delete job once now indexed');
    await kubectl.ok('delete cronjob yearly');
  });

  it('shows pods as they change', async () => {
    const watching = kubectl.start('get pods -l run=watched -w --no-headers -v=6');
    const { text } = following(watching);
    let log = '';
    watching.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8');
    });
    // Who watches too late does not see how the pod began.
    await vi.waitFor(() => expect(log).toMatch(/watch=true.*200/), soon);
    await kubectl.ok('run watched --image=sh --restart=Never --command -- true');
    await vi.waitFor(
      () => expect(text()).toMatch(/^watched .* Pending (?:.*\n)*watched .* Completed /m),
      soon,
    );
    await kubectl.ok('delete pod watched');
  });

  it('copies files to and from a container, not to the machine', async () => {
    const from = join(directories[0] ?? '', 'from');
    const to = join(directories[0] ?? '', 'to');
    await writeFile(from, 'copied');
    const [pod = ''] = (await pods('app=hello')).map((name) => name.replace('pod/', ''));
    await kubectl.ok(['cp', from, `${pod}:/tmp/kubewright-copied`]);
    await kubectl.ok(['cp', `${pod}:/tmp/kubewright-copied`, to]);
    expect(await readFile(to, 'utf8')).toBe('copied');
    await expect(readFile('/tmp/kubewright-copied')).rejects.toThrow('ENOENT');
  });

  it('gives what a pod mounts and reads of ConfigMaps, Secrets and itself', async () => {
    await kubectl.ok('create secret generic hidden --from-literal=word=swordfish');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'reader', labels: { tier: 'test' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'sh',
            image: 'sh',
            command: ['sh', '-c', 'echo there > /empty/file; exec sleep 1000'],
            env: [
              { name: 'WORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'word' } } },
              { name: 'TIER', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } },
              { name: 'BOTH', value: '$(WORD)-$(TIER)' },
            ],
            envFrom: [{ configMapRef: { name: 'hello' } }],
            volumeMounts: [
              { name: 'secret', mountPath: '/secret' },
              { name: 'empty', mountPath: '/empty' },
            ],
          },
        ],
        volumes: [
          { name: 'secret', secret: { secretName: 'hidden' } },
          { name: 'empty', emptyDir: {} },
        ],
      },
    };
    await kubectl.ok('create -f -', { input: JSON.stringify(pod) });
    await kubectl.ok('wait --for=condition=Ready pod/reader --timeout=20s');
    const script = 'echo $BOTH $greeting; cat /secret/word; echo; cat /empty/file';
    expect(await kubectl.ok(['exec', 'reader', '--', 'sh', '-c', script])).toBe(
      'swordfish-test Good day\nswordfish\nthere\n',
    );
    await kubectl.ok('delete pod/reader secret/hidden');
  });

  it('empties a namespace that is deleted', async () => {
    await kubectl.ok('create ns short');
    await kubectl.ok('run -n short sleeper --image=sh --command -- sleep 1000');
    await kubectl.ok('create cm -n short settings');
    await kubectl.ok('wait -n short --for=condition=Ready pod/sleeper --timeout=20s');
    expect(await kubectl.ok('delete ns short --timeout=25s')).toContain('namespace "short" deleted');
    expect(await kubectl.fails('get ns short')).toContain('NotFound');
    expect(await kubectl.ok('get pods,cm -n short -o name')).toBe('');
  });

  it('leaves the dependents of what is deleted with --cascade=orphan, and collects them later', async () => {
    await kubectl.ok('create deployment owner --image=sh --replicas=2 -- sleep 1000');
    await kubectl.ok('rollout status deploy/owner --timeout=25s');
    const before = await pods('app=owner');
    await kubectl.ok('delete deploy owner --cascade=orphan --timeout=20s');
    expect(await pods('app=owner')).toEqual(before);
    await kubectl.ok('delete rs -l app=owner --cascade=foreground --timeout=25s');
    expect(await pods('app=owner')).toEqual([]);
  });

  it('drains a node and takes it back', async () => {
    const node = await kubectl.ok(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']);
    const before = await pods('app=hello');
    expect(await kubectl.ok(`drain ${node} --force --delete-emptydir-data --timeout=25s`)).toContain(
      `node/${node} drained`,
    );
    await vi.waitFor(async () => {
      const table = await kubectl.ok('get pods -l app=hello --no-headers');
      expect(table.match(/ Pending /g)).toHaveLength(3);
    }, soon);
    expect((await pods('app=hello')).filter((name) => before.includes(name))).toEqual([]);
    await kubectl.ok(`uncordon ${node}`);
    await kubectl.ok('rollout status deploy/hello --timeout=25s');
  });

  it('stands beside another one without sharing anything', async () => {
    const other = new Kubectl((await start()).kubeconfig);
    await other.ok(['apply', '-f', examples]);
    await other.ok('rollout status deploy/hello --timeout=25s');
    const path = 'jsonpath={.items[*].status.podIP}';
    const addresses = async (of: Kubectl) =>
      (await of.ok(['get', 'pods', '-l', 'app=hello', '-o', path])).split(' ');
    const [mine, theirs] = await Promise.all([addresses(kubectl), addresses(other)]);
    expect(mine.filter((address) => theirs.includes(address))).toEqual([]);
    const nodes = ['get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[0].address}'];
    expect(await kubectl.ok(nodes)).not.toBe(await other.ok(nodes));
    await other.ok(['delete', '-f', examples]);
    expect(await pods('app=hello')).toHaveLength(3);
    await kubectl.ok('rollout status deploy/hello --timeout=25s');
  });

  it('says nothing but that it is ready', async () => {
    const [first] = running;
    const warnings = first?.output.split('\n').filter((line) => / warning | error | fatal /.test(line)) ?? [];
    // As an ordinary user the Service `kubernetes` has a port that only root may bind.
    expect(warnings.filter((line) => !line.includes('service=default/kubernetes'))).toEqual([]);
  });

  it('ends its pods with itself', async () => {
    const names = (await pods('app=hello')).map((name) => name.replace('pod/', ''));
    await running[0]?.end('SIGINT');
    for (const name of names) expect(await processesWith(`POD_NAME=${name}`)).toEqual([]);
  });
});
