import {
  isControlledBy,
  isNotFound,
  type Kind,
  type KubernetesObject,
  ownerReference,
} from '@kubewright/api';
import type { ApplyInput, CallOptions, Client } from '@kubewright/client';

/** A child that is wanted; made with {@link child}. */
export interface Child {
  readonly kind: Kind;
  readonly object: ApplyInput<KubernetesObject>;
}

/** What one manager wants of an object of that kind, checked against its type. */
export function child<T extends KubernetesObject>(kind: Kind<T>, object: ApplyInput<T>): Child {
  return { kind, object };
}

export interface ApplyChildrenOptions<O extends KubernetesObject> extends CallOptions {
  readonly client: Client;
  readonly ownerKind: Kind<O>;
  readonly owner: O;
  /** All that is wanted. They live in the owner's namespace unless they name another or are of the cluster. */
  readonly children: readonly Child[];
  /** The kinds that the owner has children of, now or from before: among these what is unwanted is found. */
  readonly kinds: readonly Kind[];
  /** The name under which the fields are owned: one that stays the same. @default the client's */
  readonly fieldManager?: string | undefined;
}

export interface ApplyChildrenResult {
  /** As the server has them now, in the order in which they were given. */
  readonly applied: readonly KubernetesObject[];
  /** What was deleted, as metadata. */
  readonly pruned: readonly KubernetesObject[];
}

/**
 * Makes the children of an owner those that are wanted: applies each with the owner as its controller, then deletes
 * what this field manager applied for the owner and is not among them. What exists is asked of the server, so an old
 * cache does no harm, and doing it again changes nothing. An owner in deletion gets nothing: its children are
 * collected.
 * @throws ApiError Invalid where a child of that name has another controller already
 */
export async function applyChildren<O extends KubernetesObject>(
  options: ApplyChildrenOptions<O>,
): Promise<ApplyChildrenResult> {
  const { client, owner, ownerKind, children, fieldManager, signal, timeoutMs } = options;
  if (owner.metadata.deletionTimestamp !== undefined) return { applied: [], pruned: [] };
  const reference = ownerReference(ownerKind, owner, true);
  const applied: KubernetesObject[] = [];
  for (const { kind, object } of children) {
    const namespace =
      kind.scope === 'Cluster' ? undefined : (object.metadata.namespace ?? owner.metadata.namespace);
    const owned = { ...object, metadata: { ...object.metadata, ownerReferences: [reference] } };
    applied.push(
      await client
        .resource(kind)
        .namespace(namespace)
        .apply(owned, { fieldManager, force: true, signal, timeoutMs }),
    );
  }
  return {
    applied,
    pruned: await pruneChildren(options, new Set(applied.map(({ metadata }) => metadata.uid))),
  };
}

async function pruneChildren<O extends KubernetesObject>(
  { client, owner, kinds, children, fieldManager, signal, timeoutMs }: ApplyChildrenOptions<O>,
  wanted: ReadonlySet<string | undefined>,
): Promise<KubernetesObject[]> {
  const manager = fieldManager ?? client.requester.fieldManager;
  const calls = { signal, timeoutMs };
  const pruned: KubernetesObject[] = [];
  for (const kind of new Set([...kinds, ...children.map((each) => each.kind)])) {
    const resource = client
      .resource(kind)
      .namespace(kind.scope === 'Cluster' ? undefined : owner.metadata.namespace);
    for await (const { metadata } of resource.metadataOnly().listAll(calls)) {
      const { name = '', uid = '', deletionTimestamp } = metadata;
      if (wanted.has(uid) || deletionTimestamp !== undefined) continue;
      if (!isControlledBy({ metadata }, owner) || !wasAppliedBy(metadata, manager)) continue;
      try {
        await resource.delete(name, { preconditions: { uid }, propagationPolicy: 'Background', ...calls });
      } catch (error) {
        // Somebody was faster.
        if (isNotFound(error)) continue;
        throw error;
      }
      pruned.push({ apiVersion: kind.apiVersion, kind: kind.kind, metadata });
    }
  }
  return pruned;
}

function wasAppliedBy({ managedFields = [] }: KubernetesObject['metadata'], manager: string): boolean {
  return managedFields.some(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource,
  );
}
