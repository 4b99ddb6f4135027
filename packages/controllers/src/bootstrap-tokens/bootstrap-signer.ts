import { createHmac } from 'node:crypto';
import { ConfigMap, Secret } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import { sameValue } from '../framework/same-value.js';
import { bootstrapNamespace, bootstrapSelector, expiresAt, textOf } from './bootstrap-token.js';

const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' };
const signaturePrefix = 'jws-kubeconfig-';

/**
 * Signs the kubeconfig that everybody may read with every bootstrap token, so that who holds one can trust the CA in
 * it. Source: "Authenticating with Bootstrap Tokens", ConfigMap signing.
 */
export function addBootstrapSigner(manager: Manager): void {
  const ofTokens = { namespace: bootstrapNamespace, fieldSelector: bootstrapSelector };
  const ofInfo = {
    namespace: clusterInfo.namespace,
    fieldSelector: `metadata.name=${clusterInfo.name}`,
  };
  const tokens = manager.informer(Secret, ofTokens);
  const maps = manager.informer(ConfigMap, ofInfo);
  manager
    .controller(ConfigMap, { name: 'bootstrap-signer-controller', ...ofInfo })
    .watches(Secret, () => [clusterInfo], ofTokens)
    .reconcile(async ({ name, namespace }, { client, clock, signal }) => {
      const map = maps.get(name, namespace);
      const kubeconfig = map?.data?.kubeconfig;
      if (map === undefined || kubeconfig === undefined) return undefined;
      const good = tokens.list().filter((secret) => expiresAt(secret) > clock.now());
      const data = { ...withoutSignatures(map.data), ...signatures(kubeconfig, good) };
      if (!sameValue(map.data, data)) await client.resource(ConfigMap).replace({ ...map, data }, { signal });
      return undefined;
    });
}

function withoutSignatures(data: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith(signaturePrefix)));
}

function signatures(kubeconfig: string, tokens: readonly Secret[]): Record<string, string> {
  const signing = tokens.filter((secret) => textOf(secret, 'usage-bootstrap-signing') === 'true');
  return Object.fromEntries(
    signing.map((secret) => {
      const id = textOf(secret, 'token-id');
      return [`${signaturePrefix}${id}`, detachedSignature(kubeconfig, id, textOf(secret, 'token-secret'))];
    }),
  );
}

/** A JWS without its content, as RFC 7515, appendix F has it. */
export function detachedSignature(content: string, id: string, secret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url');
  const payload = Buffer.from(content).toString('base64url');
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return `${header}..${mac}`;
}
