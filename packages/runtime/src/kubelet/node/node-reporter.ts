import { isAlreadyExists, isApiError, isNotFound } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import { Node, type NodeStatus } from '@kubewright/api/core/v1';
import { type Client, type Clock, sleep } from '@kubewright/client';
import type { Logger } from 'pino';
import type { ContainerRuntime } from '../../container/container-runtime.js';
import { type MachineResources, nodeInfo } from './machine.js';
import { nodeLabels, nodeStatus, statusDiffers } from './node-status.js';

export interface NodeReporterOptions {
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly resources: MachineResources;
  readonly port: number;
  readonly podCIDRs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The kubelet's defaults: nodeLeaseDurationSeconds, its renewal, nodeStatusUpdateFrequency and -ReportFrequency. */
const leaseSeconds = 40;
const renewMs = 10_000;
const lookMs = 10_000;
const reportMs = 5 * 60_000;
const retryMs = { first: 200, most: 7_000 };

const leaseNamespace = 'kube-node-lease';

/** Tells the API server that this node is there, what it has, and that it lives. */
export class NodeReporter {
  readonly #options: NodeReporterOptions;
  #reported: NodeStatus | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  /** Registers the node, trying until the API server takes it. @throws the signal's reason */
  async register(): Promise<void> {
    await this.#untilDone('the node could not be registered', () => this.#createOrAdopt());
    await this.#untilDone('the node status could not be written', () => this.#report());
  }

  /** Renews the lease and reports changes until the signal aborts. Never rejects otherwise. */
  async run(): Promise<void> {
    await Promise.all([
      this.#every(renewMs, () => this.#untilDone('the node lease could not be renewed', () => this.#renew())),
      this.#every(lookMs, () =>
        this.#untilDone('the node status could not be written', () => this.#report()),
      ),
    ]);
  }

  async #every(periodMs: number, action: () => Promise<void>): Promise<void> {
    const { clock, signal } = this.#options;
    try {
      for (;;) {
        await action();
        await sleep(clock, periodMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #untilDone(failure: string, action: () => Promise<void>): Promise<void> {
    const { clock, signal, logger } = this.#options;
    for (let delay = retryMs.first; ; delay = Math.min(delay * 2, retryMs.most)) {
      try {
        return await action();
      } catch (error) {
        signal.throwIfAborted();
        logger.warn({ err: error }, failure);
        await sleep(clock, delay, signal);
      }
    }
  }

  async #createOrAdopt(): Promise<void> {
    const { client, name, labels, podCIDRs, runtime, signal } = this.#options;
    const nodes = client.resource(Node);
    const own = { ...nodeLabels(name, await nodeInfo(await runtime.status())), ...labels };
    const status = await this.#status(undefined);
    try {
      await nodes.create(
        {
          metadata: { name, labels: own },
          spec: podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0], podCIDRs: [...podCIDRs] },
          status,
        },
        { signal, timeoutMs: 10_000 },
      );
      this.#noteReport(status);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await nodes.patchMerge(name, { metadata: { labels: own } }, { signal, timeoutMs: 10_000 });
    }
  }

  async #status(previous: Node | undefined): Promise<NodeStatus> {
    const { runtime, clock, name, addresses, resources, port } = this.#options;
    const status = await runtime.status();
    return nodeStatus(previous, {
      name,
      addresses,
      resources,
      info: await nodeInfo(status),
      runtime: status,
      port,
      now: new Date(clock.now()),
    });
  }

  /** Writes the status when it has changed, and from time to time when not. */
  async #report(): Promise<void> {
    const { client, clock, name, signal } = this.#options;
    const previous = this.#reported === undefined ? undefined : { metadata: {}, status: this.#reported };
    const next = await this.#status(previous);
    const due = clock.now() - this.#reportedAt >= reportMs;
    if (this.#reported !== undefined && !due && !statusDiffers(this.#reported, next)) return;
    try {
      await client
        .resource(Node)
        .status.patchStrategic(
          name,
          { status: { ...next, addresses: [{ $patch: 'replace' }, ...(next.addresses ?? [])] } },
          { signal, timeoutMs: 10_000 },
        );
    } catch (error) {
      // Someone has deleted the node while its kubelet lives: it comes back.
      if (!isNotFound(error)) throw error;
      await this.#createOrAdopt();
    }
    this.#noteReport(next);
  }

  #noteReport(status: NodeStatus): void {
    this.#reported = status;
    this.#reportedAt = this.#options.clock.now();
  }

  async #renew(): Promise<void> {
    const { client, clock, name, signal } = this.#options;
    const leases = client.resource(Lease).namespace(leaseNamespace);
    const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z');
    const options = { signal, timeoutMs: 10_000 };
    try {
      await leases.patchMerge(name, { spec: { renewTime } }, options);
    } catch (error) {
      if (!isApiError(error) || error.code !== 404) throw error;
      const node = await client.resource(Node).get(name, options);
      await leases.create(
        {
          metadata: {
            name,
            namespace: leaseNamespace,
            ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid ?? '' }],
          },
          spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
        },
        options,
      );
    }
  }
}
