import { expect, it } from 'vitest';
import type { ContainerEvent } from '../container-runtime.js';
import type { RuntimeUnderTest } from './runtime-under-test.js';

/** The states of sandboxes and containers, with or without real processes. */
export function testLifeCycle(t: RuntimeUnderTest): void {
  it('claims what this test was told that it claims', async () => {
    const status = await t.runtime.status();
    expect(status.ready).toBe(true);
    expect(status.networkReady).toBe(true);
    expect(status.features).toEqual(t.options.features);
  });

  it('takes a sandbox and a container through their states, and tells of each change', async () => {
    const events: ContainerEvent[] = [];
    const unsubscribe = t.runtime.onEvent((event) => events.push(event));
    const sandboxId = await t.pod({ uid: 'cycle', labels: { a: 'b' } });
    const sandbox = await t.runtime.podSandboxStatus(sandboxId);
    expect(sandbox).toMatchObject({
      id: sandboxId,
      state: 'ready',
      config: { uid: 'cycle', labels: { a: 'b' } },
    });
    expect(sandbox.ips).toHaveLength(1);
    const id = await t.container(sandboxId, ['sh', '-c', 'exit 0']);
    expect((await t.runtime.containerStatus(id)).state).toBe('created');
    await t.runtime.startContainer(id);
    const status = await t.end(id, 0);
    expect(status).toMatchObject({ state: 'exited', exitCode: 0, reason: 'Completed', sandboxId });
    expect(status.finishedAt?.getTime()).toBeGreaterThanOrEqual(status.startedAt?.getTime() ?? Infinity);
    await t.runtime.removeContainer(id);
    await t.runtime.removeContainer(id);
    await expect(t.runtime.containerStatus(id)).rejects.toMatchObject({ code: 'NotFound' });
    await t.runtime.stopPodSandbox(sandboxId);
    expect(await t.runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: 'notready', ips: [] });
    await t.runtime.removePodSandbox(sandboxId);
    await t.runtime.removePodSandbox(sandboxId);
    await expect(t.runtime.podSandboxStatus(sandboxId)).rejects.toMatchObject({ code: 'NotFound' });
    unsubscribe();
    expect(events.filter(({ podUid }) => podUid === 'cycle').map(({ type }) => type)).toEqual(
      expect.arrayContaining(['created', 'started', 'stopped', 'deleted']),
    );
  });

  it('refuses a second sandbox and a second container of the same attempt', async () => {
    const sandboxId = await t.pod({ uid: 'twice' });
    await expect(t.pod({ uid: 'twice' })).rejects.toMatchObject({ code: 'AlreadyExists' });
    await t.container(sandboxId, ['sh']);
    await expect(t.container(sandboxId, ['sh'])).rejects.toMatchObject({ code: 'AlreadyExists' });
    const next = await t.container(sandboxId, ['sh'], { attempt: 1 });
    expect(await t.runtime.listContainers({ sandboxId, state: 'created' })).toHaveLength(2);
    expect(await t.runtime.listContainers({ id: next })).toHaveLength(1);
    expect(await t.runtime.listPodSandboxes({ podUid: 'twice' })).toHaveLength(1);
    await t.runtime.removePodSandbox(sandboxId);
    expect(await t.runtime.listContainers({ sandboxId })).toHaveLength(0);
  });

  it('gives each sandbox an address of its own', async () => {
    const ids = await Promise.all([t.pod(), t.pod(), t.pod()]);
    const addresses = await Promise.all(ids.map(async (id) => (await t.runtime.podSandboxStatus(id)).ips[0]));
    expect(new Set(addresses).size).toBe(3);
    await Promise.all(ids.map((id) => t.runtime.removePodSandbox(id)));
  });

  it('records the exit code', async () => {
    const { id, sandboxId } = await t.run(['sh', '-c', 'exit 3']);
    expect(await t.end(id, 3)).toMatchObject({ exitCode: 3, reason: 'Error' });
    await expect(t.runtime.startContainer(id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('stops everything with the sandbox', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    await t.runtime.stopPodSandbox(sandboxId);
    expect(await t.runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    await expect(t.container(sandboxId, ['sh'], { attempt: 1 })).rejects.toMatchObject({
      code: 'FailedPrecondition',
    });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('ends a container on TERM without waiting for its grace', async () => {
    for (const command of [
      ['sleep', '1000'],
      ['sh', '-c', 'sleep 1000'],
      ['sh', '-c', 'sleep 1000; true'],
    ]) {
      const { id, sandboxId } = await t.run(command);
      await t.runtime.stopContainer(id, 600);
      expect(await t.runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 143 });
      await t.runtime.stopContainer(id, 600);
      await t.runtime.removePodSandbox(sandboxId);
    }
  });

  it('answers an unknown id with NotFound, and stops and removes it without one', async () => {
    for (const call of [
      () => t.runtime.startContainer('nobody'),
      () => t.runtime.execSync('nobody', ['true'], { timeoutMs: 1000 }),
      () => t.container('nobody', ['true']),
      () => t.runtime.portForward('nobody', 80),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'NotFound' });
    }
    await t.runtime.stopContainer('nobody', 0);
    await t.runtime.stopPodSandbox('nobody');
  });

  it('runs a command beside the container, and none where it does not run', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    expect(await t.runtime.execSync(id, ['true'], { timeoutMs: 10_000 })).toMatchObject({ exitCode: 0 });
    await t.runtime.stopContainer(id, 0);
    await expect(t.runtime.execSync(id, ['true'], { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'FailedPrecondition',
    });
    await t.runtime.removePodSandbox(sandboxId);
  });
}
