import { ConfigMap, ServiceAccount } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import { sameValue } from '../framework/same-value.js';
import { addDefaultObjectController } from './default-objects.js';

/** Keeps the account `default` in every namespace, which pods have that name none. */
export function addServiceAccountController(manager: Manager): void {
  addDefaultObjectController<ServiceAccount>(manager, {
    controller: 'serviceaccount-controller',
    kind: ServiceAccount,
    name: 'default',
    make: (namespace) => ({ metadata: { name: 'default', namespace } }),
  });
}

/** So often it is looked whether the CA is still the same: changes are announced a month before they matter. */
export const caCheckMs = 60 * 60 * 1000;

/** Keeps the server's CA in every namespace, where pods mount it from. @param ca certificates in PEM, as they are now */
export function addRootCaPublisher(manager: Manager, ca: () => string): void {
  const name = 'kube-root-ca.crt';
  addDefaultObjectController<ConfigMap>(manager, {
    controller: 'root-ca-certificate-publisher-controller',
    kind: ConfigMap,
    name,
    make: (namespace) => ({ metadata: { name, namespace }, data: { 'ca.crt': ca() } }),
    repair: (configMap) => {
      const data = { 'ca.crt': ca() };
      return sameValue(configMap.data, data) ? undefined : { ...configMap, data };
    },
    againAfterMs: caCheckMs,
  });
}
