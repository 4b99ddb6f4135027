import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ended, following, Kubectl, kubectlPath, otherKubectls } from '../kubectl.js';
import {
  identities,
  KubewrightProcess,
  makeDataDirectory,
  removeDataDirectory,
} from '../kubewright-process.js';

const soon = { timeout: 20_000, interval: 100 };
/** More than all buffers on the way hold. */
const load = randomBytes(1_500_000).toString('hex');
const kubectls = otherKubectls.filter(([version]) => Number(version.slice(2)) >= 27);

const pods = ['echo', 'listener', 'shell'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    restartPolicy: 'Never',
    containers: [
      {
        name: 'main',
        image: 'none',
        env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
        ...{
          echo: {
            command: [
              'node',
              '-e',
              "require('net').createServer({ allowHalfOpen: true }, (c) => c.pipe(c)).listen(7777, process.env.POD_IP, () => console.log('listening'))",
            ],
          },
          listener: { command: ['sh', '-c', 'cat | wc -c'], stdin: true, stdinOnce: true },
          shell: { command: ['sh'], stdin: true, tty: true },
        }[name],
      },
    ],
  },
}));

describe.skipIf(kubectlPath === undefined).each(identities)(
  'streams between kubectl and pods of %s',
  (_, uid) => {
    let directory: string;
    let up: KubewrightProcess;
    let kubectl: Kubectl;

    beforeAll(async () => {
      directory = await makeDataDirectory(uid);
      up = await KubewrightProcess.start(['up'], directory, uid);
      kubectl = new Kubectl(up.kubeconfig);
      await kubectl.ok('apply -f -', {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }),
      });
      await kubectl.ok('wait --for=condition=Ready pod --all --timeout=20s');
    });
    afterAll(async () => {
      kubectl?.close();
      expect(await up?.end('SIGTERM')).toBe(0);
      await removeDataDirectory(directory);
      expect(up?.output).not.toMatch(/Warning:/);
    });

    for (const [version, path] of [['the one here', kubectlPath ?? ''] as const, ...kubectls]) {
      it(`carry 3 MB each way through exec and port-forward (kubectl: ${version})`, async () => {
        const other = new Kubectl(up.kubeconfig, path);
        const { out } = await other.run('exec -i echo -- cat', { input: load });
        expect(out === load).toBe(true);

        const forward = other.start('port-forward pod/echo :7777');
        const { text } = following(forward);
        await vi.waitFor(() => expect(text()).toMatch(/127\.0\.0\.1:\d+ ->/), soon);
        const socket = connect({ port: Number(/127\.0\.0\.1:(\d+)/.exec(text())?.[1]), allowHalfOpen: true });
        let echoed = '';
        socket.setEncoding('utf8').on('data', (chunk: string) => {
          echoed += chunk;
        });
        socket.end(load);
        await once(socket, 'end');
        expect(echoed === load).toBe(true);
        socket.destroy();
        other.close();
      });
    }

    it('forward several ports at once, and tell why one of them leads nowhere', async () => {
      const forward = kubectl.start('port-forward pod/echo :7777 :7778');
      const { text } = following(forward);
      let faults = '';
      forward.stderr?.on('data', (chunk: Buffer) => {
        faults += chunk.toString();
      });
      const localPort = async (port: number) => {
        const shown = new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${port}`);
        await vi.waitFor(() => expect(text()).toMatch(shown), soon);
        return Number(shown.exec(text())?.[1]);
      };
      const [open, nowhere] = [await localPort(7777), await localPort(7778)];
      const socket = connect(open);
      socket.write('ping');
      expect(String((await once(socket, 'data'))[0])).toBe('ping');
      socket.destroy();
      const refused = connect(nowhere);
      await once(refused.resume(), 'close');
      await vi.waitFor(() => expect(faults).toMatch(/error forwarding port 7778 to pod/), soon);
      forward.kill();
    });

    it.each(otherKubectls)('carry logs to kubectl %s', async (_version, path) => {
      const other = new Kubectl(up.kubeconfig, path);
      expect(await other.ok('logs echo')).toBe('listening\n');
      other.close();
    });

    it('carry 3 MB into attach', async () => {
      await kubectl.run('attach -i listener', { input: load });
      await vi.waitFor(async () => expect(await kubectl.ok('logs listener')).toBe(`${load.length}\n`), soon);
    });

    /** Runs kubectl at a terminal of script(1), which types the lines. */
    function atTerminal(args: string, lines: string) {
      const script = new Kubectl(up.kubeconfig, 'script');
      const child = script.start(['-qec', `${kubectlPath} ${args}`, '/dev/null'], { env: { TERM: 'xterm' } });
      const result = ended(child);
      const { text } = following(child);
      return { result, text, type: () => child.stdin?.write(lines) };
    }

    it('give exec -it a terminal of the container, with a name', async () => {
      const { result } = atTerminal("exec -it echo -- sh -c 'tty; exit 5'", '');
      expect(await result).toMatchObject({ code: 5, out: expect.stringMatching(/\/dev\/pts\/\d+\r\n/) });
    });

    it('give the terminal the size of the one that the user has', async () => {
      const script = new Kubectl(up.kubeconfig, 'script');
      const command = `stty rows 33 cols 99; ${kubectlPath} exec -it echo -- sh -c 'while [ "$(stty size)" = "0 0" ]; do sleep 0.1; done; stty size'`;
      const { out } = await ended(script.start(['-qec', command, '/dev/null'], { env: { TERM: 'xterm' } }));
      expect(out).toContain('33 99');
    });

    it('attach to a terminal until its container ends, however that may be', async () => {
      const { result, text, type } = atTerminal('attach -it shell', 'tty; exit 4\r');
      await vi.waitFor(() => expect(text()).toMatch(/press(ing)? enter|[#$] $/), soon);
      type();
      const { code, out } = await result;
      expect(out).toMatch(/\/dev\/(console|pts\/\d+)\r\n/);
      expect(code).toBe(0);
      await vi.waitFor(async () => {
        const exit = 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}';
        expect(await kubectl.ok(['get', 'pod', 'shell', '-o', exit])).toBe('4');
      }, soon);
    });
  },
);
