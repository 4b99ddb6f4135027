import { isApiError, type KubernetesObject } from '@kubewright/api';
import { TokenReview } from '@kubewright/api/authentication/v1';
import { SubjectAccessReview } from '@kubewright/api/authorization/v1';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import { extensionAuthentication } from '../../bootstrap/extension-authentication.js';
import type { AuthenticationOptions } from '../authentication.js';
import { CredentialError, type TokenAuthenticator } from '../authenticator.js';
import type { AuthorizationOptions } from '../authorization/authorization.js';
import type { Attributes, Authorizer, Decision } from '../authorization/authorizer.js';
import { ReviewCache } from './review-cache.js';

/** What a server behind another one is started and listens with. */
export interface Delegation {
  readonly authentication: AuthenticationOptions;
  readonly authorization: AuthorizationOptions;
  /** PEM, for {@link ApiServer.listen}. */
  readonly clientCA: string;
  readonly requestHeaderCA: string;
}

/**
 * Lets a cluster say who its users are and what they may do, for a server that is aggregated into it: front proxies by
 * the ConfigMap that the cluster publishes, tokens by TokenReview, permissions by SubjectAccessReview. The client's user
 * needs the role `extension-apiserver-authentication-reader` in `kube-system` and the cluster role
 * `system:auth-delegator`.
 * @throws ApiError where the ConfigMap can't be read
 */
export async function delegateToCluster(client: Client): Promise<Delegation> {
  const { namespace, name } = extensionAuthentication;
  const { data = {} } = await client.resource(ConfigMap).namespace(namespace).get(name);
  const names = (key: string): string[] => {
    const value: unknown = JSON.parse(data[key] ?? '[]');
    return Array.isArray(value) ? value.map(String) : [];
  };
  return {
    authentication: {
      frontProxy: {
        allowedNames: names('requestheader-allowed-names'),
        usernameHeaders: names('requestheader-username-headers'),
        uidHeaders: names('requestheader-uid-headers'),
        groupHeaders: names('requestheader-group-headers'),
        extraHeaderPrefixes: names('requestheader-extra-headers-prefix'),
      },
      tokens: [reviewedTokens(client)],
    },
    authorization: { modes: [reviewedAccess(client)] },
    clientCA: data['client-ca-file'] ?? '',
    requestHeaderCA: data['requestheader-client-ca-file'] ?? '',
  };
}

/** As upstream's delegating options have them, in milliseconds. */
const tokenMs = 10_000;
const allowedMs = 10_000;
const deniedMs = 10_000;

function reviewedTokens(client: Client): TokenAuthenticator {
  const cache = new ReviewCache<TokenReview>();
  return {
    async authenticateToken(token, audiences) {
      const key = JSON.stringify([token, audiences]);
      const { status } = await cache.get(
        key,
        () => tokenMs,
        () => create(client, TokenReview, { metadata: {}, spec: { token, audiences: [...audiences] } }),
      );
      if (status?.authenticated !== true) {
        if (status?.error) throw new CredentialError(status.error);
        return undefined;
      }
      const { username = '', uid, groups = [], extra } = status.user ?? {};
      return {
        user: { name: username, ...(uid ? { uid } : {}), groups, ...(extra === undefined ? {} : { extra }) },
        audiences: status.audiences ?? audiences,
      };
    },
  };
}

function reviewedAccess(client: Client): Authorizer {
  const cache = new ReviewCache<SubjectAccessReview>();
  return {
    async authorize(attributes): Promise<Decision> {
      const spec = specOf(attributes);
      try {
        const { status } = await cache.get(
          JSON.stringify(spec),
          (review) => (review.status?.allowed ? allowedMs : deniedMs),
          () => create(client, SubjectAccessReview, { metadata: {}, spec }),
        );
        const reason = status?.reason ?? '';
        if (status?.allowed) return { verdict: 'allow', reason };
        return { verdict: status?.denied ? 'deny' : 'no opinion', reason };
      } catch (error) {
        if (!isApiError(error) && !(error instanceof Error)) throw error;
        return { verdict: 'no opinion', reason: '', error };
      }
    },
    rulesFor: () => ({
      rules: [],
      incomplete: true,
      problem: 'webhook authorizer does not support user rule resolution',
    }),
  };
}

function specOf(attributes: Attributes): NonNullable<SubjectAccessReview['spec']> {
  const { user, isResource, verb, path, namespace, name } = attributes;
  const { subresource, resource, apiGroup, apiVersion } = attributes;
  const extra = Object.fromEntries(
    Object.entries(user.extra ?? {}).map(([key, values]) => [key, [...values]]),
  );
  return {
    user: user.name,
    groups: [...user.groups],
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
    ...(isResource
      ? {
          resourceAttributes: {
            verb,
            namespace,
            name,
            subresource,
            resource,
            group: apiGroup,
            version: apiVersion,
          },
        }
      : { nonResourceAttributes: { verb, path } }),
  };
}

function create<T extends KubernetesObject>(
  client: Client,
  kind: Parameters<Client['resource']>[0],
  object: KubernetesObject & Record<string, unknown>,
): Promise<T> {
  return client.resource(kind).create(object) as Promise<KubernetesObject> as Promise<T>;
}
