import { encodeJson } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { ObjectStore } from '../registry/write-context.js';
import type { AggregatorOptions } from './remote-server.js';

/** Where servers behind this one read whom to trust: `extension-apiserver-authentication` in `kube-system`. */
export const authenticationConfigMap = {
  namespace: 'kube-system',
  name: 'extension-apiserver-authentication',
};

/** The names that front proxies have in their certificates. */
export const frontProxyNames = ['front-proxy-client'];

/** Publishes it. Source: kube-apiserver's `ClusterAuthenticationTrustController`. */
export async function publishAuthentication(
  objects: ObjectStore,
  { clientCA, requestHeaderCA }: AggregatorOptions,
): Promise<void> {
  const known = objects
    .lister(ConfigMap)
    .get(authenticationConfigMap.namespace, authenticationConfigMap.name);
  const data = {
    ...known?.data,
    'client-ca-file': clientCA,
    'requestheader-client-ca-file': requestHeaderCA,
    'requestheader-allowed-names': encodeJson(frontProxyNames),
    'requestheader-username-headers': encodeJson(['X-Remote-User']),
    'requestheader-uid-headers': encodeJson(['X-Remote-Uid']),
    'requestheader-group-headers': encodeJson(['X-Remote-Group']),
    'requestheader-extra-headers-prefix': encodeJson(['X-Remote-Extra-']),
  };
  await objects.replace(ConfigMap, { metadata: { ...authenticationConfigMap }, data });
}
