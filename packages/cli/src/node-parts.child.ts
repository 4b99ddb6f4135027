/**
 * The second process of `kubewright up`: kubelet and proxy. Its parent tells it what to run over the IPC channel; when
 * the channel closes, the parent was killed: then it stops at once, as the next `kubewright up` may be waiting.
 */

import type { ContainerRuntime } from '@kubewright/runtime';
import { errorLine } from './command-error.js';
import type { RunningKubelet } from './components/kubelet.js';
import type { Running } from './components/running.js';
import type { NodePartsMessage, NodePartsOptions } from './node-parts.js';

/** After this it ends as it is; what it runs is killed by the kernel with it. */
const closeWithinMs = { inOrder: 3_500, inHurry: 1_000 };

let runtime: Promise<ContainerRuntime> | undefined;
let parts: Promise<RunningKubelet> | undefined;
let stopping = false;

// Loaded while the parent still starts the API server.
const loaded = import('./node-parts.js');
loaded.catch(() => undefined);

process.on('message', (message: NodePartsMessage) => {
  if (message.type === 'prepare') {
    runtime = loaded.then(({ prepareNodeParts }) => prepareNodeParts(message.runtime));
    // Who starts the parts is told.
    runtime.catch(() => undefined);
  } else if (message.type === 'start') {
    parts = start(message.options);
    parts.then(
      () => tell({ type: 'ready' }),
      (error: unknown) => tell({ type: 'failed', message: errorLine(error) }),
    );
  } else if (message.type === 'certificate')
    // A start that failed was told already.
    void parts?.then(
      (running) => running.replaceCertificate(message.tls),
      () => undefined,
    );
  else if (message.type === 'stop') void stop(false);
});
process.on('disconnect', () => void stop(true));
// A terminal sends these to both processes; the parent says when it is this one's turn.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

async function start(options: NodePartsOptions): Promise<RunningKubelet> {
  const { startNodeParts } = await loaded;
  if (runtime === undefined) throw new Error('the container runtime was not prepared');
  return startNodeParts(await runtime, options);
}

async function stop(hurry: boolean): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), hurry ? closeWithinMs.inHurry : closeWithinMs.inOrder).unref();
  // What failed to start has closed itself, and the parent was told.
  const running: Running | undefined = await (parts ?? runtime)?.catch(() => undefined);
  try {
    await running?.close({ hurry });
    process.exit(0);
  } catch (error) {
    process.stderr.write(`kubewright: the node parts did not stop in order: ${errorLine(error)}\n`);
    process.exit(1);
  }
}

function tell(message: NodePartsMessage): void {
  // A parent that is gone is noticed by `disconnect`.
  if (process.connected) process.send?.(message, () => undefined);
}
