import { expect, it } from 'vitest';
import type { RuntimeUnderTest } from './runtime-under-test.js';

/** What happens to those who take too much. */
export function testMemoryLimits(t: RuntimeUnderTest): void {
  it('says OOMKilled where the kernel killed for want of memory', async () => {
    const { id, sandboxId } = await t.run(
      ['node', '-e', 'const a = []; for (;;) a.push(Buffer.alloc(1e6, 1))'],
      {
        resources: { memoryLimit: 96 * 1024 * 1024 },
      },
    );
    expect(await t.exited(id)).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    await t.runtime.removePodSandbox(sandboxId);
  });
}
