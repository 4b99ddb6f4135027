import { ApiError, notFound } from '@kubewright/api';
import type { TokenRequest } from '@kubewright/api/authentication/v1';
import { ServiceAccount } from '@kubewright/api/core/v1';
import { requestToken } from '../auth/service-account/token-request.js';
import { ageColumn, nameColumn } from './columns.js';
import { defineRules, type SubresourceRules } from './kind-rules.js';

/** A token for the account, for some time and for some audiences. */
const serviceAccountToken: SubresourceRules<ServiceAccount> = {
  confidential: true,
  async create(body, { namespace, name, authentication, objects, now, request }) {
    const { serviceAccountTokens: tokens, audiences } = authentication;
    if (tokens === undefined)
      throw new ApiError('NotFound', 'this server signs no tokens: it has no key for them', { details: {} });
    const account = await objects.get(ServiceAccount, namespace, name);
    if (account === undefined) throw notFound(ServiceAccount, name);
    return requestToken(account, body as TokenRequest, {
      ...{ tokens, audiences, objects, now },
      warn: (text) => request?.warn(text),
      annotate: (key, value) => request?.annotate(key, value),
    });
  },
};

/** Of a reference to a secret only the name counts. */
function keepSecretNames(account: ServiceAccount): void {
  if (account.secrets !== undefined)
    account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

export const serviceAccountRules = defineRules<ServiceAccount>({
  kind: ServiceAccount,
  metadataChecks: 'as new',
  storageKey: 'serviceaccounts',
  returnsDeleted: true,
  prepareForCreate: keepSecretNames,
  prepareForUpdate: keepSecretNames,
  subresources: { token: serviceAccountToken },
  columns: [nameColumn, ageColumn],
});
