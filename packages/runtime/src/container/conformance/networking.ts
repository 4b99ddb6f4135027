import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { echoServer, logged, type RuntimeUnderTest, roundTrip } from './runtime-under-test.js';

/** How a pod is reached. */
export function testNetworking(t: RuntimeUnderTest): void {
  it('connects to a port of the pod from inside', async () => {
    const sandboxId = await t.pod();
    const [address = ''] = (await t.runtime.podSandboxStatus(sandboxId)).ips;
    const listenAt = t.options.features.podNetwork ? '127.0.0.1' : address;
    const id = await t.container(sandboxId, ['node', '-e', echoServer(listenAt, 8080)]);
    await t.runtime.startContainer(id);
    await logged(join(t.directory, `${sandboxId}.log`), 'listening');
    const connection = await t.runtime.portForward(sandboxId, 8080);
    expect(await roundTrip(connection)).toBe('<ping>');
    await expect(t.runtime.portForward(sandboxId, 8081)).rejects.toMatchObject({
      code: 'ConnectionRefused',
    });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('has a pod answer at its address', async () => {
    const sandboxId = await t.pod();
    const [address = ''] = (await t.runtime.podSandboxStatus(sandboxId)).ips;
    const id = await t.container(sandboxId, ['node', '-e', echoServer(address, 8090)]);
    await t.runtime.startContainer(id);
    await logged(join(t.directory, `${sandboxId}.log`), 'listening');
    expect(await roundTrip(connect(8090, address))).toBe('<ping>');
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('passes a host port on', async () => {
    const sandboxId = await t.pod({
      portMappings: [{ protocol: 'TCP', hostIp: '127.0.0.1', hostPort: 38_473, containerPort: 8092 }],
    });
    const [address = ''] = (await t.runtime.podSandboxStatus(sandboxId)).ips;
    const id = await t.container(sandboxId, ['node', '-e', echoServer(address, 8092)]);
    await t.runtime.startContainer(id);
    await logged(join(t.directory, `${sandboxId}.log`), 'listening');
    expect(await roundTrip(connect(38_473, '127.0.0.1'))).toBe('<ping>');
    await t.runtime.removePodSandbox(sandboxId);
  });
}
