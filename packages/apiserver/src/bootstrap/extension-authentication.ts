import { ConfigMap } from '@kubewright/api/core/v1';
import type { FrontProxyOptions } from '../auth/authentication/front-proxy.js';
import type { ListenerCertificates } from '../http/https-listener.js';
import type { ObjectStore } from '../registry/write-context.js';

/** Where servers behind this one read whom to trust. */
export const extensionAuthentication = {
  name: 'extension-apiserver-authentication',
  namespace: 'kube-system',
};

/**
 * Tells API servers that stand behind this one whose certificates they may take for clients and for front proxies.
 * Source: "Configure the Aggregation Layer", the ConfigMap `extension-apiserver-authentication`.
 */
export async function publishExtensionAuthentication(
  objects: ObjectStore,
  { clientCA, requestHeaderCA }: Pick<ListenerCertificates, 'clientCA' | 'requestHeaderCA'>,
  frontProxy: FrontProxyOptions = {},
): Promise<void> {
  const list = JSON.stringify;
  await objects.replace(ConfigMap, {
    metadata: { ...extensionAuthentication },
    data: {
      'client-ca-file': clientCA,
      ...(requestHeaderCA === undefined
        ? {}
        : {
            'requestheader-client-ca-file': requestHeaderCA,
            'requestheader-allowed-names': list(frontProxy.allowedNames ?? []),
            'requestheader-username-headers': list(frontProxy.usernameHeaders ?? ['X-Remote-User']),
            'requestheader-uid-headers': list(frontProxy.uidHeaders ?? ['X-Remote-Uid']),
            'requestheader-group-headers': list(frontProxy.groupHeaders ?? ['X-Remote-Group']),
            'requestheader-extra-headers-prefix': list(frontProxy.extraHeaderPrefixes ?? ['X-Remote-Extra-']),
          }),
    },
  });
}
