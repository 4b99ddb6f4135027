import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isNotFound } from '@kubewright/api';
import { Secret, ServiceAccount } from '@kubewright/api/core/v1';
import jwt from 'jsonwebtoken';
import type { Manager } from '../framework/manager.js';
import { nameOf } from '../framework/object-name.js';
import { caCheckMs } from './service-account-controller.js';

const type = 'kubernetes.io/service-account-token';
const annotation = 'kubernetes.io/service-account';

/**
 * Fills the Secrets that ask for a token of an account that does not expire, and deletes them with their account.
 * Source: "Manually create a long-lived API token for a ServiceAccount".
 * @param keys the private key that signs, and certificates of the server's CA as they are now, both PEM
 */
export function addTokenSecretController(
  manager: Manager,
  { key, rootCa }: { readonly key: string; readonly rootCa: (() => string) | undefined },
): void {
  const fieldSelector = `type=${type}`;
  const secrets = manager.informer(Secret, {
    fieldSelector,
    indexes: { account: (secret: Secret) => [`${secret.metadata.namespace}/${accountOf(secret)}`] },
  });
  const privateKey = createPrivateKey(key);
  manager
    .controller(Secret, { name: 'legacy-serviceaccount-token-controller', fieldSelector })
    .watches(ServiceAccount, ({ metadata }) =>
      secrets.byIndex('account', `${metadata.namespace}/${metadata.name}`).map(nameOf),
    )
    .reconcile(async ({ name, namespace }, { client, signal }) => {
      const secret = secrets.get(name, namespace);
      if (secret === undefined) return undefined;
      const resource = client.resource(Secret).namespace(namespace);
      const account = await client
        .resource(ServiceAccount)
        .namespace(namespace)
        .get(accountOf(secret), { signal })
        .catch(undefinedWhenGone);
      const { uid } = secret.metadata;
      try {
        if (account === undefined || !isOf(secret, account))
          await resource.delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
        else {
          const filled = fill(secret, account, { privateKey, rootCa: rootCa?.() });
          if (filled !== undefined) await resource.replace(filled, { signal });
        }
      } catch (error) {
        // Somebody was faster.
        if (!isNotFound(error)) throw error;
      }
      return rootCa === undefined ? undefined : { requeueAfterMs: caCheckMs };
    });
}

function accountOf({ metadata }: Secret): string {
  return metadata.annotations?.[`${annotation}.name`] ?? '';
}

function isOf({ metadata }: Secret, account: ServiceAccount): boolean {
  const uid = metadata.annotations?.[`${annotation}.uid`];
  return uid === undefined || uid === '' || uid === account.metadata.uid;
}

/** The Secret with all that it shall hold; undefined where it has that. */
function fill(
  secret: Secret,
  account: ServiceAccount,
  { privateKey, rootCa }: { readonly privateKey: KeyObject; readonly rootCa: string | undefined },
): Secret | undefined {
  const { namespace = '', name = '' } = secret.metadata;
  const uid = account.metadata.uid ?? '';
  const wanted: Record<string, string> = {
    ...(rootCa === undefined ? {} : { 'ca.crt': rootCa }),
    namespace,
  };
  const data = { ...secret.data };
  const annotated = secret.metadata.annotations?.[`${annotation}.uid`] === uid;
  let changed = !annotated;
  for (const [key, text] of Object.entries(wanted)) {
    const encoded = Buffer.from(text).toString('base64');
    if (data[key] === encoded) continue;
    data[key] = encoded;
    changed = true;
  }
  if (!data.token) {
    data.token = Buffer.from(sign({ namespace, secret: name, account, privateKey })).toString('base64');
    changed = true;
  }
  if (!changed) return undefined;
  const annotations = { ...secret.metadata.annotations, [`${annotation}.uid`]: uid };
  return { ...secret, metadata: { ...secret.metadata, annotations }, data };
}

function sign(of: {
  readonly namespace: string;
  readonly secret: string;
  readonly account: ServiceAccount;
  readonly privateKey: KeyObject;
}): string {
  const { namespace, secret, account, privateKey } = of;
  const { name = '', uid = '' } = account.metadata;
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const payload = {
    iss: 'kubernetes/serviceaccount',
    'kubernetes.io/serviceaccount/namespace': namespace,
    'kubernetes.io/serviceaccount/secret.name': secret,
    'kubernetes.io/serviceaccount/service-account.name': name,
    'kubernetes.io/serviceaccount/service-account.uid': uid,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
  return jwt.sign(payload, privateKey, {
    algorithm: privateKey.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256',
    keyid: createHash('sha256').update(der).digest('base64url'),
    noTimestamp: true,
  });
}

function undefinedWhenGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
