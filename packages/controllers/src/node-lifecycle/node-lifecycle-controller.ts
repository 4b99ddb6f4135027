import { findCondition, formatTime, isNotFound } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import { Node, Pod, type Taint } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import type { ReconcileContext } from '../framework/reconcile.js';
import { sameValue } from '../framework/same-value.js';
import { updateStatus } from '../framework/status.js';
import { isPodReady } from '../pods/pod-state.js';
import { nodeGraceMs, type Readiness, readinessOf, silentConditions, taintsOf } from './node-health.js';

const leaseNamespace = 'kube-node-lease';

/** The last sign of life that was seen of a node, and when by this process's clock. */
interface Heartbeat {
  readonly sign: string;
  readonly at: number;
  readonly readiness: Readiness;
}

/** Notices nodes that fall silent, and taints nodes by their conditions. */
export function addNodeLifecycleController(manager: Manager): void {
  const nodes = manager.informer(Node);
  const leases = manager.informer(Lease, { namespace: leaseNamespace });
  const pods = manager.informer(Pod, {
    indexes: { node: ({ spec }: Pod) => (spec?.nodeName ? [spec.nodeName] : []) },
  });
  const heartbeats = new Map<string, Heartbeat>();
  manager
    .controller(Node, { name: 'node-lifecycle-controller', concurrency: 2 })
    .watches(Lease, ({ metadata }) => [{ name: metadata.name ?? '' }], { namespace: leaseNamespace })
    .reconcile(async ({ name }, context) => {
      const cached = nodes.get(name);
      if (cached === undefined) {
        heartbeats.delete(name);
        return undefined;
      }
      const now = context.clock.now();
      const known = heartbeats.get(name);
      const sign = signOf(cached, leases.get(name, leaseNamespace));
      const at = known !== undefined && known.sign === sign ? known.at : now;
      if (known === undefined)
        context.events.normal(
          cached,
          'RegisteredNode',
          `Node ${name} event: Registered Node ${name} in Controller`,
        );
      const isSilent = now - at >= nodeGraceMs;
      const node = isSilent ? await markSilent(cached, context) : cached;
      const readiness = readinessOf(node);
      await taint(node, context);
      if (readiness !== 'True') await markPodsNotReady(pods.byIndex('node', name), context);
      if (known?.readiness === 'True' && readiness !== 'True')
        context.events.normal(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      heartbeats.set(name, { sign, at, readiness });
      return isSilent ? undefined : { requeueAfterMs: at + nodeGraceMs - now };
    });
}

/** Changes with each sign of life; clocks of other machines are never compared with ours. */
function signOf({ status, metadata }: Node, lease: Lease | undefined): string {
  const ready = findCondition(status?.conditions, 'Ready');
  return [
    metadata.uid,
    lease?.spec?.renewTime,
    ready?.lastHeartbeatTime,
    // What this controller itself wrote is no sign of life.
    ready?.status === 'Unknown' ? '' : ready?.status,
  ].join('\n');
}

async function markSilent(node: Node, { client, clock, signal }: ReconcileContext): Promise<Node> {
  const conditions = silentConditions(node, clock.now());
  if (conditions === node.status?.conditions) return node;
  return updateStatus(
    client.resource(Node),
    node,
    { ...node.status, conditions: [...conditions] },
    { signal },
  );
}

async function taint(node: Node, { client, clock, signal }: ReconcileContext): Promise<void> {
  const taints = taintsOf(node, clock.now());
  if (sameTaints(taints, node.spec?.taints ?? [])) return;
  const { name = '', resourceVersion } = node.metadata;
  await client
    .resource(Node)
    .patchMerge(
      name,
      { metadata: { resourceVersion }, spec: { taints: taints.length === 0 ? null : [...taints] } },
      { signal },
    );
}

/** In whatever order. */
function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  const idsOf = (taints: readonly Taint[]) => taints.map(({ key, effect }) => `${key}:${effect}`).sort();
  return sameValue(idsOf(a), idsOf(b));
}

/** Takes the pods of a silent node out of their services at once, long before they are evicted. */
async function markPodsNotReady(
  pods: readonly Pod[],
  { client, clock, signal }: ReconcileContext,
): Promise<void> {
  await Promise.all(
    pods.filter(isPodReady).map(async ({ metadata: { name = '', namespace, uid } }) => {
      const condition = { type: 'Ready', status: 'False', lastTransitionTime: formatTime(clock.now()) };
      try {
        await client
          .resource(Pod)
          .namespace(namespace)
          .status.patchStrategic(
            name,
            { metadata: { uid }, status: { conditions: [condition] } },
            { signal },
          );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
}
