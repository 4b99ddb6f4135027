import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  isCountedByQuota,
  type KubernetesObject,
  matchesQuotaScopes,
  missingForQuota,
  parseQuantity,
  quotaConcerns,
  quotaUsage,
  type ResourceList,
  subtractQuantities,
} from '@kubewright/api';
import { Pod, ResourceQuota } from '@kubewright/api/core/v1';
import type { AdmissionPlugin, AdmissionTarget } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { refusal } from '../refusal.js';

/**
 * What a namespace uses stays within its ResourceQuotas. Usage is kept in the status of each quota and raised there as
 * a compare-and-swap before the object is stored, so that any number of creates on any number of servers hold to it;
 * the quota controller corrects it when objects go, or when a create fails after all. The last plugin: nothing is
 * charged that another one refuses. Source: the page on resource quotas.
 */
export function resourceQuota(): AdmissionPlugin {
  /** Creates in one namespace take turns, which is quicker than to meet at the quota. */
  const turns = new Map<string, Promise<void>>();
  return {
    name: 'ResourceQuota',
    handles,

    validate(request) {
      const { namespace, context } = request;
      if (context.objects.lister(ResourceQuota).list(namespace).length === 0) return undefined;
      const before = turns.get(namespace) ?? Promise.resolve();
      const charged = before.then(() => charge(request));
      // Who waits for the turn does not care how it ended: who asked is told.
      const turn = charged.catch(() => undefined);
      turns.set(namespace, turn);
      void turn.then(() => {
        if (turns.get(namespace) === turn) turns.delete(namespace);
      });
      return charged;
    },
  };
}

/** Updates that can use more than before, of the core group. */
const updates: Readonly<Record<string, readonly string[]>> = {
  pods: ['resize'],
  services: [''],
  persistentvolumeclaims: ['', 'status'],
};

function handles({ operation, resource, subresource }: AdmissionTarget): boolean {
  const { kind } = resource.rules;
  if (!resource.namespaced || !isCountedByQuota(kind)) return false;
  if (operation === 'CREATE') return subresource === '';
  return operation === 'UPDATE' && kind.group === '' && (updates[kind.plural] ?? []).includes(subresource);
}

async function charge(request: AdmissionRequest): Promise<void> {
  const { namespace, context, object } = request;
  if (object === undefined) return;
  const { kind } = request.resource.rules;
  const quotas = context.objects
    .lister(ResourceQuota)
    .list(namespace)
    .filter((quota) => Object.keys(quota.status?.hard ?? {}).some((name) => quotaConcerns(kind, name)))
    .filter((quota) => matchesQuotaScopes(quota, kind.plural, object));
  if (kind.plural === Pod.plural && kind.group === '')
    for (const quota of quotas) {
      const missing = missingForQuota(object as Pod, Object.keys(quota.status?.hard ?? {}));
      if (missing !== undefined)
        throw refusal(request, `failed quota: ${quota.metadata.name ?? ''}: ${missing}`);
    }
  const charges = quotas
    .map((quota) => ({ quota, delta: deltaOf(request, object, quota) }))
    .filter(({ delta }) => Object.keys(delta).length > 0);
  // All are looked at before any is charged.
  for (const { quota, delta } of charges) raised(request, quota, delta);
  if (context.dryRun) return;
  const done: { readonly name: string; readonly delta: ResourceList }[] = [];
  try {
    for (const { quota, delta } of charges) {
      const name = quota.metadata.name ?? '';
      await context.objects.changeStatus(ResourceQuota, namespace, name, (now) =>
        raised(request, now, delta),
      );
      done.push({ name, delta });
    }
  } catch (error) {
    for (const { name, delta } of done)
      await context.objects.changeStatus(ResourceQuota, namespace, name, (now) => lowered(now, delta));
    throw error;
  }
}

/** What the object uses of a quota beyond what it used of it before; nothing that stays the same. */
function deltaOf(
  { resource, oldObject, operation, context }: AdmissionRequest,
  object: KubernetesObject,
  quota: ResourceQuota,
): ResourceList {
  const { kind } = resource.rules;
  const usage = quotaUsage(kind, object, context.now());
  const wasCounted =
    operation === 'UPDATE' && oldObject !== undefined && matchesQuotaScopes(quota, kind.plural, oldObject);
  const before = wasCounted ? quotaUsage(kind, oldObject, context.now()) : {};
  const names = [...new Set([...Object.keys(usage), ...Object.keys(before)])];
  return Object.fromEntries(
    names
      .map((name) => [name, subtractQuantities(usage[name] ?? 0, before[name] ?? 0)] as const)
      .filter(([, quantity]) => quantity.nanos !== 0n),
  );
}

/** The quota with more used. @throws ApiError Forbidden where that is beyond what is allowed */
function raised(request: AdmissionRequest, quota: ResourceQuota, delta: ResourceList): ResourceQuota {
  const { hard = {}, used = {} } = quota.status ?? {};
  const names = Object.keys(delta)
    .filter((name) => hard[name] !== undefined)
    .sort();
  const name = quota.metadata.name ?? '';
  const unknown = names.filter((one) => used[one] === undefined);
  if (unknown.length > 0)
    throw refusal(request, `status unknown for quota: ${name}, resources: ${unknown.join(',')}`);
  const sum = (one: string) => addQuantities(used[one] ?? 0, delta[one] ?? 0);
  const beyond = names.filter(
    (one) => (delta[one]?.nanos ?? 0n) > 0n && compareQuantities(sum(one), hard[one] ?? 0) > 0,
  );
  if (beyond.length > 0) {
    const text = (list: Readonly<Record<string, string | number | ResourceList[string]>>) =>
      beyond.map((one) => `${one}=${formatQuantity(parseQuantity(list[one] ?? 0))}`).join(',');
    throw refusal(
      request,
      `exceeded quota: ${name}, requested: ${text(delta)}, used: ${text(used)}, limited: ${text(hard)}`,
    );
  }
  return withUsed(quota, Object.fromEntries(names.map((one) => [one, formatQuantity(sum(one))])));
}

function lowered(quota: ResourceQuota, delta: ResourceList): ResourceQuota {
  const { used = {} } = quota.status ?? {};
  const names = Object.keys(delta).filter((name) => used[name] !== undefined);
  return withUsed(
    quota,
    Object.fromEntries(
      names.map((name) => [name, formatQuantity(subtractQuantities(used[name] ?? 0, delta[name] ?? 0))]),
    ),
  );
}

function withUsed(quota: ResourceQuota, used: Readonly<Record<string, string>>): ResourceQuota {
  return { ...quota, status: { ...quota.status, used: { ...quota.status?.used, ...used } } };
}
