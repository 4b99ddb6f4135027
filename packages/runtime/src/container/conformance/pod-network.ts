import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { echoServer, logged, printed, type RuntimeUnderTest, roundTrip } from './runtime-under-test.js';

/** What only pods with networks of their own can have. */
export function testPodNetwork(t: RuntimeUnderTest): void {
  it('lets two pods have the same port, and containers of one pod talk over its loopback', async () => {
    const ids = await Promise.all([t.pod(), t.pod()]);
    for (const sandboxId of ids) {
      await t.runtime.startContainer(await t.container(sandboxId, ['node', '-e', echoServer('0.0.0.0', 80)]));
      await logged(join(t.directory, `${sandboxId}.log`), 'listening');
      const [address = ''] = (await t.runtime.podSandboxStatus(sandboxId)).ips;
      expect(await roundTrip(connect(80, address))).toBe('<ping>');
    }
    const [first = '', second = ''] = ids;
    const [other = ''] = (await t.runtime.podSandboxStatus(second)).ips;
    const ask = (host: string) =>
      `require('node:net').connect(80, ${JSON.stringify(host)}, function () { this.end('ping'); this.pipe(process.stdout) })`;
    const peer = await t.container(first, ['node', '-e', ask('127.0.0.1')], {
      name: 'peer',
      logPath: 'peer.log',
    });
    await t.runtime.startContainer(peer);
    await t.exited(peer);
    const across = await t.container(first, ['node', '-e', ask(other)], {
      name: 'across',
      logPath: 'across.log',
    });
    await t.runtime.startContainer(across);
    await t.exited(across);
    expect(printed(join(t.directory, 'peer.log'))).toBe('<ping>');
    expect(printed(join(t.directory, 'across.log'))).toBe('<ping>');
    await Promise.all(ids.map((id) => t.runtime.removePodSandbox(id)));
  });
}
