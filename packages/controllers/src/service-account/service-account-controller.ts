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

/** Keeps the server's CA in every namespace, where pods mount it from. @param ca certificates in PEM */
export function addRootCaPublisher(manager: Manager, ca: string): void {
  const name = 'kube-root-ca.crt';
  const data = { 'ca.crt': ca };
  addDefaultObjectController<ConfigMap>(manager, {
    controller: 'root-ca-certificate-publisher-controller',
    kind: ConfigMap,
    name,
    make: (namespace) => ({ metadata: { name, namespace }, data }),
    repair: (configMap) => (sameValue(configMap.data, data) ? undefined : { ...configMap, data }),
  });
}
