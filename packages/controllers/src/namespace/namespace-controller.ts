import { isApiError, isNotFound, type Kind, type KubernetesObject } from '@kubewright/api';
import { Namespace, Pod } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import type { ReconcileContext, ReconcileResult } from '../framework/reconcile.js';
import { updateStatus } from '../framework/status.js';
import { deletionConditions, type Remaining } from './namespace-conditions.js';

/** The finalizer in `spec.finalizers` that stands for the namespace's content. */
const contentFinalizer = 'kubernetes';

/** When to look again while something is left; longer and longer, since grace periods may be long. */
const lookAgainMs = { first: 200, longest: 5000 } as const;

/** Empties a namespace that is deleted, and then lets it go. */
export function addNamespaceController(manager: Manager): void {
  const namespaces = manager.informer(Namespace);
  const passes = new Map<string, number>();
  manager
    .controller(Namespace, {
      name: 'namespace-controller',
      concurrency: 5,
      predicates: [({ object }) => object.metadata.deletionTimestamp !== undefined],
    })
    .reconcile(async ({ name }, context) => {
      const namespace = namespaces.get(name);
      if (namespace?.spec?.finalizers?.includes(contentFinalizer) && namespace.metadata.deletionTimestamp) {
        const pass = passes.get(name) ?? 0;
        passes.set(name, pass + 1);
        return empty(namespace, context, Math.min(lookAgainMs.first * 2 ** pass, lookAgainMs.longest));
      }
      passes.delete(name);
      return undefined;
    });
}

async function empty(
  namespace: Namespace,
  context: ReconcileContext,
  againInMs: number,
): Promise<ReconcileResult | undefined> {
  const { client, clock, signal } = context;
  const remaining = await deleteContent(namespace.metadata.name ?? '', context);
  const isEmpty =
    remaining.perResource.size === 0 &&
    remaining.failures.length === 0 &&
    remaining.discoveryFailure === undefined;
  if (isEmpty) {
    await finalize(namespace, context);
    return undefined;
  }
  const status = {
    ...namespace.status,
    phase: 'Terminating',
    conditions: [...deletionConditions(namespace.status?.conditions, remaining, clock.now())],
  };
  await updateStatus(client.resource(Namespace), namespace, status, { signal });
  return { requeueAfterMs: againInMs };
}

/** Deletes what is there and counts what is left: first the pods, so that nothing that they use goes before them. */
async function deleteContent(namespace: string, context: ReconcileContext): Promise<Remaining> {
  const { client, signal } = context;
  const perResource = new Map<string, number>();
  const perFinalizer = new Map<string, number>();
  const failures: string[] = [];
  let discoveryFailure: string | undefined;
  // What is known goes meanwhile; the namespace stays for what is not.
  const onFault = (error: unknown) => {
    discoveryFailure = messageOf(error);
  };
  let kinds: readonly Kind[];
  try {
    client.discovery.refresh();
    kinds = (await client.discovery.kinds({ signal, onFault })).filter(isContent);
  } catch (error) {
    return { perResource, perFinalizer, failures, discoveryFailure: messageOf(error) };
  }
  const deleteAll = async (kind: Kind) => {
    try {
      for (const object of await deleteKind(kind, namespace, context)) {
        const resource = `${kind.plural}.${kind.group}`;
        perResource.set(resource, (perResource.get(resource) ?? 0) + 1);
        for (const finalizer of object.metadata.finalizers ?? [])
          perFinalizer.set(finalizer, (perFinalizer.get(finalizer) ?? 0) + 1);
      }
    } catch (error) {
      signal.throwIfAborted();
      failures.push(messageOf(error));
    }
  };
  const isPods = (kind: Kind) => kind.group === Pod.group && kind.plural === Pod.plural;
  await Promise.all(kinds.filter(isPods).map(deleteAll));
  if (perResource.size === 0) await Promise.all(kinds.filter((kind) => !isPods(kind)).map(deleteAll));
  return { perResource, perFinalizer, failures, discoveryFailure };
}

/** @returns what is left after the deletion */
async function deleteKind(
  kind: Kind,
  namespace: string,
  { client, signal }: ReconcileContext,
): Promise<readonly KubernetesObject[]> {
  const resource = client.resource(kind).namespace(namespace);
  const before = await listOrNone(kind, namespace, { client, signal });
  if (before.every(({ metadata }) => metadata.deletionTimestamp !== undefined)) return before;
  if (kind.verbs.includes('deletecollection'))
    await resource.deleteCollection({ propagationPolicy: 'Background', signal });
  else
    for (const { metadata } of before) {
      try {
        await resource.delete(metadata.name ?? '', { propagationPolicy: 'Background', signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  return listOrNone(kind, namespace, { client, signal });
}

/** A kind that went away since discovery has no objects. */
async function listOrNone(
  kind: Kind,
  namespace: string,
  { client, signal }: Pick<ReconcileContext, 'client' | 'signal'>,
): Promise<readonly KubernetesObject[]> {
  try {
    return (await client.resource(kind).namespace(namespace).list({ signal })).items;
  } catch (error) {
    if (isNotFound(error) || (isApiError(error) && error.code === 405)) return [];
    throw error;
  }
}

/** Takes the content's finalizer away; the server then removes the namespace. */
async function finalize(namespace: Namespace, { client, signal }: ReconcileContext): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== contentFinalizer);
  try {
    await client
      .resource(Namespace)
      .subresource<Namespace>('finalize')
      .replace({ ...namespace, spec: { ...namespace.spec, finalizers } }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function isContent({ scope, verbs }: Kind): boolean {
  return scope === 'Namespaced' && verbs.includes('list') && verbs.includes('delete');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
