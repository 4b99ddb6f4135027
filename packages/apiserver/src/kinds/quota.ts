import { randomUUID } from 'node:crypto';
import { LimitRange, type LimitRangeItem, ResourceQuota } from '@kubewright/api/core/v1';
import { ageColumn, createdAtColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { validateLimitRange } from './limit-range-validation.js';
import { validateQuota, validateQuotaStatus, validateQuotaUpdate } from './quota-validation.js';
import { roundResources } from './resource-list.js';

export const resourceQuotaRules = defineRules<ResourceQuota>({
  kind: ResourceQuota,
  storageKey: 'resourcequotas',
  returnsDeleted: true,
  default(quota) {
    quota.spec ??= {};
    roundResources(quota.spec.hard);
    roundResources(quota.status?.hard);
    roundResources(quota.status?.used);
  },
  prepareForCreate(quota) {
    quota.status = {};
  },
  validate: validateQuota,
  validateUpdate: validateQuotaUpdate,
  columns: [
    nameColumn,
    text('Request', 'What is used, and what may be.', (quota) => usageText(quota, { limits: false })),
    text('Limit', 'The same for limits.', (quota) => usageText(quota, { limits: true })),
    ageColumn,
  ],
  subresources: { status: { validateUpdate: validateQuotaStatus } },
});

function usageText({ status }: ResourceQuota, wanted: { readonly limits: boolean }): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith('limits.') === wanted.limits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ');
}

export const limitRangeRules = defineRules<LimitRange>({
  kind: LimitRange,
  createdByUpdate: true,
  storageKey: 'limitranges',
  default({ spec }) {
    for (const item of spec?.limits ?? []) {
      const { max, min, default: standard, defaultRequest, maxLimitRequestRatio } = item;
      for (const list of [max, min, standard, defaultRequest, maxLimitRequestRatio]) roundResources(list);
      if (item.type === 'Container') defaultItem(item);
    }
  },
  prepareForCreate({ metadata }) {
    // From before names could be generated: one without any gets one.
    if (!metadata.name) metadata.name = randomUUID();
  },
  validate: validateLimitRange,
  columns: [nameColumn, createdAtColumn],
});

/** Each bound stands in for the next finer one that is left out. */
function defaultItem(item: LimitRangeItem): void {
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
}
