import { ServiceAccount } from '@kubewright/api/core/v1';
import { ageColumn, count, nameColumn } from './columns.js';
import { defineRules } from './kind-rules.js';

export const serviceAccountRules = defineRules<ServiceAccount>({
  kind: ServiceAccount,
  storageKey: 'serviceaccounts',
  returnsDeleted: true,
  columns: [
    nameColumn,
    count('Secrets', 'How many secrets the account lists.', ({ secrets }) => (secrets ?? []).length),
    ageColumn,
  ],
});
