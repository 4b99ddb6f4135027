import type { Pod, PodStatus } from '@kubewright/api/core/v1';
import { path } from '../../validation/field-error.js';
import { addressWarnings } from '../warnings.js';
import { dropDisabledStatusFields } from './disabled-fields.js';

/** What clients leave out of the status that they do not know. Source: `PrepareForUpdate` of the status strategy. */
export function prepareStatus(status: PodStatus, old: PodStatus): void {
  if (!status.qosClass && old.qosClass !== undefined) status.qosClass = old.qosClass;
  if (!status.observedGeneration && old.observedGeneration !== undefined)
    status.observedGeneration = old.observedGeneration;
  // A type may stand there several times: each takes what the next one of it had.
  const had = new Map<string, (number | undefined)[]>();
  for (const { type, observedGeneration } of old.conditions ?? [])
    had.set(type, [...(had.get(type) ?? []), observedGeneration]);
  for (const condition of status.conditions ?? []) {
    const before = had.get(condition.type)?.shift();
    if (!condition.observedGeneration && before !== undefined) condition.observedGeneration = before;
  }
  dropDisabledStatusFields(status);
}

export function podStatusWarnings({ status }: Pod): string[] {
  return (['podIPs', 'hostIPs'] as const).flatMap((list) =>
    (status?.[list] ?? []).flatMap(({ ip }, index) =>
      addressWarnings(ip, path('status', list).index(index).child('ip')),
    ),
  );
}
