import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { following, Kubectl, kubectlPath } from '../kubectl.js';
import {
  identities,
  isAlive,
  KubewrightProcess,
  makeDataDirectory,
  mountsBelow,
  type ProcessMark,
  processesWith,
  removeDataDirectory,
} from '../kubewright-process.js';

const examples = fileURLToPath(new URL('../../examples/hello/', import.meta.url));
const soon = { timeout: 20_000, interval: 100 };

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP: string;
    readonly phase: string;
    readonly containerStatuses: readonly { readonly ready: boolean; readonly restartCount: number }[];
  };
}

/** Issue 2's walk, each step on what the one before left. */
describe.skipIf(kubectlPath === undefined).each(identities)('kubewright up as %s', (title, uid) => {
  let directory: string;
  let up: KubewrightProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    directory = await makeDataDirectory(uid);
    up = await KubewrightProcess.start(['up'], directory, uid);
    kubectl = new Kubectl(up.kubeconfig);
  });
  afterAll(async () => {
    kubectl?.close();
    await up?.end('SIGTERM');
    await removeDataDirectory(directory);
  });

  async function pods(): Promise<Pod[]> {
    const { items } = JSON.parse(await kubectl.ok('get pods -l app=hello -o json')) as { items: Pod[] };
    return items;
  }

  async function names(): Promise<string[]> {
    return (await pods()).map(({ metadata }) => metadata.name);
  }

  async function processes(): Promise<ProcessMark[]> {
    const found = await Promise.all((await names()).map((name) => processesWith(`POD_NAME=${name}`)));
    return found.flat();
  }

  async function ask(url: string): Promise<string> {
    const answer = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) });
    return answer.text();
  }

  async function clusterAddress(): Promise<string> {
    const ip = await kubectl.ok(['get', 'svc', 'hello', '-o', 'jsonpath={.spec.clusterIP}']);
    return `http://${ip}:8080`;
  }

  /** Asks the Service until every ready pod has answered. */
  async function allAnswer(): Promise<void> {
    const url = await clusterAddress();
    const waiting = new Set(await names());
    await vi.waitFor(async () => {
      const answer = await ask(url);
      for (const name of waiting) if (answer.includes(name)) waiting.delete(name);
      expect([...waiting]).toEqual([]);
    }, soon);
  }

  it('brings up the example: rollout status, tables, an answer of each pod', async () => {
    expect(await kubectl.ok(['apply', '-f', examples])).toBe(
      'configmap/hello created\ndeployment.apps/hello created\nservice/hello created\n',
    );
    expect(await kubectl.ok('rollout status deploy/hello --timeout=25s')).toContain(
      'successfully rolled out',
    );
    const table = await kubectl.ok('get deploy,rs,pods,svc,endpointslices -o wide');
    expect(table).toMatch(/^deployment.apps\/hello +3\/3 +3 +3 +\S+ +web +node +app=hello$/m);
    expect(table).toMatch(
      /^pod\/hello-\S+ +1\/1 +Running +0 +\S+ +\d+\.\d+\.\d+\.\d+ +\S+ +<none> +<none>$/m,
    );
    expect(table).toMatch(/^endpointslice\S+\/hello-\S+ +IPv4 +8080 +\d[\d.]+,\d[\d.]+,\d[\d.]+ /m);
    await allAnswer();
    const url = await clusterAddress();
    const inTurn = new Set([await ask(url), await ask(url), await ask(url)]);
    expect(inTurn.size).toBe(3);
  });

  it('gives the setting from the ConfigMap, changed while mounted', async () => {
    await kubectl.ok(['patch', 'cm', 'hello', '--type=merge', '-p', '{"data":{"greeting":"Welcome"}}']);
    await vi.waitFor(async () => expect(await ask(await clusterAddress())).toMatch(/^Welcome from /), {
      timeout: 25_000,
      interval: 250,
    });
  });

  it('shows logs, also as they come', async () => {
    const [name = ''] = await names();
    expect(await kubectl.ok(`logs ${name}`)).toContain(`${name} is listening\n`);
    expect(await kubectl.ok(`logs ${name} --tail=1 --timestamps`)).toMatch(/^\d{4}-\d\d-\d\dT\S+ hello-/);
    await kubectl.ok([
      'run',
      'talker',
      '--image=sh',
      '--restart=Never',
      '--command',
      '--',
      'sh',
      '-c',
      'i=0; while :; do echo line $i; i=$((i+1)); sleep 0.2; done',
    ]);
    await kubectl.ok('wait --for=condition=Ready pod/talker --timeout=20s');
    const { text } = following(kubectl.start('logs -f talker'));
    await vi.waitFor(() => expect(text()).toMatch(/^line 0\n(?:line \d+\n)*line 5\n/), soon);
    await kubectl.ok('delete pod talker --grace-period=1');
  });

  it('runs commands, with a terminal as well', async () => {
    const [name = ''] = await names();
    expect(await kubectl.ok(['exec', name, '--', 'sh', '-c', 'echo $POD_NAME'])).toBe(`${name}\n`);
    const failed = await kubectl.run(['exec', name, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(failed).toMatchObject({ code: 7, out: 'out\n' });
    expect(failed.err).toContain('err\n');
    expect((await kubectl.run(['exec', '-i', name, '--', 'cat'], { input: 'to and fro' })).out).toBe(
      'to and fro',
    );
    // script(1) gives kubectl the terminal that -t wants.
    const line = `${kubectlPath} exec -it ${name} -- sh -c 'test -t 0 && test -t 1 && echo a terminal; exit 5'`;
    const shell = new Kubectl(up.kubeconfig, 'script');
    const { code, out } = await shell.run(['-qec', line, '/dev/null'], { env: { TERM: 'xterm' } });
    expect(out).toContain('a terminal');
    expect(code).toBe(5);
  });

  it('forwards ports to a pod and to the Service', async () => {
    const [name = ''] = await names();
    for (const target of [`pod/${name}`, 'svc/hello']) {
      const child = kubectl.start(`port-forward ${target} :8080`);
      const { text } = following(child);
      await vi.waitFor(() => expect(text()).toMatch(/127\.0\.0\.1:\d+ ->/), soon);
      const port = /127\.0\.0\.1:(\d+)/.exec(text())?.[1];
      expect(await ask(`http://127.0.0.1:${port}`)).toMatch(/ from hello-/);
      child.kill();
    }
  });

  it('describes, and waits for conditions', async () => {
    const [name = ''] = await names();
    expect(await kubectl.ok(`describe pod ${name}`)).toMatch(/Normal +Started .* Container started/);
    expect(await kubectl.ok('describe deploy hello')).toMatch(
      /^ +Available +True +MinimumReplicasAvailable$/m,
    );
    expect(await kubectl.ok('wait --for=condition=Available deploy/hello --timeout=20s')).toContain(
      'condition met',
    );
    expect(await kubectl.ok('get events')).toMatch(/Scheduled/);
  });

  it('restarts a killed container and counts it', async () => {
    const [name = ''] = await names();
    const before = await processesWith(`POD_NAME=${name}`);
    for (const { pid } of before) process.kill(Number(pid), 'SIGKILL');
    await vi.waitFor(async () => {
      const pod = (await pods()).find(({ metadata }) => metadata.name === name);
      expect(pod?.status.containerStatuses[0]).toMatchObject({ ready: true });
      expect(pod?.status.containerStatuses[0]?.restartCount).toBeGreaterThan(0);
    }, soon);
    expect(await kubectl.ok(`logs ${name} --previous`)).toContain('is listening');
    await allAnswer();
  });

  it('holds back a container that keeps failing', async () => {
    await kubectl.ok(['run', 'failing', '--image=sh', '--command', '--', 'sh', '-c', 'exit 3']);
    await vi.waitFor(async () => {
      const table = await kubectl.ok('get pod failing');
      expect(table).toMatch(/CrashLoopBackOff +[1-9]/);
    }, soon);
    expect(await kubectl.ok('describe pod failing')).toMatch(/Exit Code: +3/);
    await kubectl.ok('delete pod failing --grace-period=0 --force');
  });

  it('says why a container without a command has nothing to run', async () => {
    await kubectl.ok('run nothing --image=nginx');
    await vi.waitFor(async () => {
      expect(await kubectl.ok('get pod nothing')).toMatch(/0\/1 +(?:ErrImagePull|ImagePullBackOff)/);
    }, soon);
    expect(await kubectl.ok('describe pod nothing')).toMatch(/command/);
    await kubectl.ok('delete pod nothing --grace-period=0 --force');
  });

  it('replaces a deleted pod', async () => {
    const [name = ''] = await names();
    await kubectl.ok(`delete pod ${name}`);
    await vi.waitFor(async () => {
      const now = await pods();
      expect(now.map(({ metadata }) => metadata.name)).not.toContain(name);
      expect(now.filter(({ status }) => status.containerStatuses?.[0]?.ready)).toHaveLength(3);
    }, soon);
  });

  it('rolls out and back within maxUnavailable and maxSurge', async () => {
    const seen: { ready: number; total: number }[] = [];
    const child = kubectl.start([
      'get',
      'deploy',
      'hello',
      '-w',
      '-o',
      'jsonpath={.status.availableReplicas} {.status.replicas}{"\\n"}',
    ]);
    const { text } = following(child);
    await kubectl.ok('set env deploy/hello COLOR=blue');
    await kubectl.ok('rollout status deploy/hello --timeout=25s');
    expect(await kubectl.ok('rollout history deploy/hello')).toMatch(/^1 .*\n2 /m);
    const [blue = ''] = await names();
    expect(await kubectl.ok(`exec ${blue} -- printenv COLOR`)).toBe('blue\n');
    await kubectl.ok('rollout undo deploy/hello');
    await kubectl.ok('rollout status deploy/hello --timeout=25s');
    child.kill();
    for (const line of text().trim().split('\n')) {
      const [ready = 0, total = 0] = line.split(' ').map(Number);
      seen.push({ ready, total });
    }
    // A quarter of three: none may be missing (rounded down), one may be more (rounded up).
    expect(Math.min(...seen.map(({ ready }) => ready))).toBeGreaterThanOrEqual(3);
    expect(Math.max(...seen.map(({ total }) => total))).toBeLessThanOrEqual(4);
    await vi.waitFor(async () => expect(await names()).toHaveLength(3), soon);
    const [old = ''] = await names();
    expect((await kubectl.run(`exec ${old} -- printenv COLOR`)).code).toBe(1);
    await allAnswer();
  });

  it('has everything again after kill -9, and nothing of the first run', async () => {
    const before = await kubectl.ok('get deploy,rs,svc,cm -o name');
    const first = await processes();
    expect(first.length).toBeGreaterThanOrEqual(3);
    const uids = (await pods()).map(({ metadata }) => metadata.uid).sort();
    await up.end('SIGKILL');
    up = await KubewrightProcess.start(['up'], directory, uid);
    expect(await kubectl.ok('get deploy,rs,svc,cm -o name')).toBe(before);
    await kubectl.ok('rollout status deploy/hello --timeout=25s');
    await vi.waitFor(async () => {
      const now = await pods();
      expect(now.map(({ metadata }) => metadata.uid).sort()).toEqual(uids);
      const found = await processes();
      expect(found.length).toBeGreaterThanOrEqual(3);
    }, soon);
    await allAnswer();
    for (const mark of first) expect(await isAlive(mark)).toBe(false);
  });

  it('leaves nothing of a deleted Deployment', async () => {
    const marks = await processes();
    const addresses = (await pods()).map(({ status }) => status.podIP);
    await kubectl.ok(['delete', '-f', examples]);
    await vi.waitFor(async () => {
      expect(await kubectl.ok('get pods,rs -o name')).toBe('');
      expect(await kubectl.ok('get endpointslices,endpoints -o name')).not.toContain('hello');
      for (const mark of marks) expect(await isAlive(mark)).toBe(false);
    }, soon);
    expect((await mountsBelow(directory)).filter((line) => line.includes('hello'))).toEqual([]);
    expect(addressesOfMachine().filter((address) => addresses.includes(address))).toEqual([]);
  });

  it('stops in order within five seconds', async () => {
    const nodeIP = await kubectl.ok([
      'get',
      'nodes',
      '-o',
      'jsonpath={.items[0].status.addresses[0].address}',
    ]);
    const before = performance.now();
    expect(await up.end('SIGTERM')).toBe(0);
    expect(performance.now() - before).toBeLessThan(5000);
    expect(await mountsBelow(directory)).toEqual([]);
    if (title === 'root') expect(addressesOfMachine()).not.toContain(nodeIP);
    expect(await processesWith(`HOME=${directory}`)).toEqual([]);
  });
});

function addressesOfMachine(): string[] {
  const text = execFileSync('ip', ['-4', '-o', 'addr'], { encoding: 'utf8' });
  return [...text.matchAll(/inet ([\d.]+)\//g)].map(([, address = '']) => address);
}
