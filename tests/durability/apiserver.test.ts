import { describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { kubewrightOfEachTest } from '../kubewright-of-each-test.js';

const kubewright = kubewrightOfEachTest();
const serve = () => kubewright.start(['apiserver']);

describe.skipIf(kubectlPath === undefined)('kubewright apiserver', () => {
  it('has every ConfigMap again after kill -9', async () => {
    const first = await serve();
    const kubectl = new Kubectl(first.kubeconfig);
    await kubectl.ok('create cm settings --from-literal=greeting=hello');
    await kubectl.ok('create cm gone --from-literal=a=b');
    await kubectl.ok('delete cm gone');
    const before = await kubectl.ok('get cm settings -o json');
    await first.end('SIGKILL');
    await serve();
    expect(await kubectl.ok('get cm settings -o json')).toBe(before);
    expect(await kubectl.fails('get cm gone')).toContain('NotFound');
    const { metadata } = JSON.parse(before) as { metadata: { resourceVersion: string } };
    await kubectl.ok('create cm after');
    const version = await kubectl.ok(['get', 'cm', 'after', '-o', 'jsonpath={.metadata.resourceVersion}']);
    expect(Number(version)).toBeGreaterThan(Number(metadata.resourceVersion));
  });

  it('keeps every write that it has confirmed, whenever it is killed', async () => {
    const first = await serve();
    const kubectl = new Kubectl(first.kubeconfig);
    const confirmed: string[] = [];
    let killed = false;
    const writers = [0, 1, 2].map(async (writer) => {
      for (let i = 0; !killed; i++) {
        const name = `w${writer}-${i}`;
        const { code } = await kubectl.run(`create cm ${name}`);
        if (code === 0) confirmed.push(name);
        if (confirmed.length >= 12 && !killed) {
          killed = true;
          await first.end('SIGKILL');
        }
      }
    });
    await Promise.all(writers);
    await serve();
    const names = (await kubectl.ok('get cm -o name')).split('\n');
    for (const name of confirmed) expect(names).toContain(`configmap/${name}`);
  });

  it('refuses a second server of the same directory in one line', async () => {
    await serve();
    const second = serve();
    await expect(second).rejects.toThrow(/ended with [1-9]\d*: [^\n]*(?:locked|in use)[^\n]*\n$/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends at once on %s', async (signal) => {
    const process = await serve();
    const before = performance.now();
    expect(await process.end(signal)).toBe(0);
    expect(performance.now() - before).toBeLessThan(5000);
  });
});
