import type { Client } from '@kubewright/client';
import { addBootstrapSigner } from './bootstrap-tokens/bootstrap-signer.js';
import { addTokenCleaner } from './bootstrap-tokens/token-cleaner.js';
import { addCsrApprovingController } from './certificates/csr-approving-controller.js';
import { addCsrCleanerController } from './certificates/csr-cleaner-controller.js';
import { addCsrSigningController } from './certificates/csr-signing-controller.js';
import type { SigningAuthority } from './certificates/sign-certificate.js';
import { addClusterRoleAggregation } from './cluster-role-aggregation/cluster-role-aggregation-controller.js';
import { addCronJobController } from './cron-job/cron-job-controller.js';
import { addDeploymentController } from './deployment/deployment-controller.js';
import { addEndpointSliceController } from './endpoint-slice/endpoint-slice-controller.js';
import { addEndpointsController } from './endpoint-slice/endpoints-controller.js';
import { Manager, type ManagerOptions } from './framework/manager.js';
import { addGarbageCollector } from './garbage-collector/garbage-collector-controller.js';
import { addJobController } from './job/job-controller.js';
import { addNamespaceController } from './namespace/namespace-controller.js';
import { addNodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.js';
import { addTaintEvictionController } from './node-lifecycle/taint-eviction.js';
import { addPodGarbageCollector } from './pod-gc/pod-gc-controller.js';
import { addReplicaSetController } from './replica-set/replica-set-controller.js';
import { addResourceQuotaController } from './resource-quota/resource-quota-controller.js';
import { addLegacyTokenCleaner } from './service-account/legacy-token-cleaner.js';
import {
  addRootCaPublisher,
  addServiceAccountController,
} from './service-account/service-account-controller.js';
import { addTokenSecretController } from './service-account/token-secret-controller.js';
import { addAttributesClassProtectionController } from './storage-protection/attributes-class-protection-controller.js';
import { addClaimProtectionController } from './storage-protection/claim-protection-controller.js';
import { addVolumeProtectionController } from './storage-protection/volume-protection-controller.js';
import { addTtlAfterFinishedController } from './ttl-after-finished/ttl-after-finished-controller.js';

export interface ControllersOptions extends Omit<ManagerOptions, 'clientFor'> {
  /** Only these, by name. @default all of {@link builtinControllers} */
  readonly controllers?: readonly string[] | undefined;
  /**
   * Certificates in PEM, as they are now, that every namespace gets as the ConfigMap `kube-root-ca.crt`.
   * @default none gets it
   */
  readonly rootCa?: (() => string) | undefined;
  /** A client that acts as this service account of `kube-system`. @default all act as the manager's client */
  readonly accountClient?: ((serviceAccount: string) => Client) | undefined;
  /** Signs certificates that were approved. @default nobody signs any */
  readonly signing?: SigningAuthority | undefined;
  /** In PEM: signs the tokens of Secrets that ask for one. @default none gets one */
  readonly serviceAccountKey?: string | undefined;
}

/** A controller by its name, and how it is added to a manager. */
export interface BuiltinController {
  readonly name: string;
  /** As whom it acts, in `kube-system`, as upstream's controllers do. @default as the manager itself */
  readonly serviceAccount?: string;
  readonly add: (manager: Manager, options: ControllersOptions) => void;
}

/** Everything that `kubewright controller-manager` runs. */
export const builtinControllers: readonly BuiltinController[] = [
  { name: 'namespace-controller', serviceAccount: 'namespace-controller', add: addNamespaceController },
  {
    name: 'serviceaccount-controller',
    serviceAccount: 'service-account-controller',
    add: addServiceAccountController,
  },
  {
    name: 'root-ca-certificate-publisher-controller',
    serviceAccount: 'root-ca-cert-publisher',
    add: (manager, { rootCa }) => {
      if (rootCa !== undefined) addRootCaPublisher(manager, rootCa);
    },
  },
  {
    name: 'legacy-serviceaccount-token-controller',
    add: (manager, { serviceAccountKey: key, rootCa }) => {
      if (key !== undefined) addTokenSecretController(manager, { key, rootCa });
    },
  },
  {
    name: 'legacy-serviceaccount-token-cleaner-controller',
    serviceAccount: 'legacy-service-account-token-cleaner',
    add: addLegacyTokenCleaner,
  },
  {
    name: 'certificatesigningrequest-signing-controller',
    serviceAccount: 'certificate-controller',
    add: (manager, { signing }) => {
      if (signing !== undefined) addCsrSigningController(manager, signing);
    },
  },
  {
    name: 'certificatesigningrequest-approving-controller',
    serviceAccount: 'certificate-controller',
    add: addCsrApprovingController,
  },
  {
    name: 'certificatesigningrequest-cleaner-controller',
    serviceAccount: 'certificate-controller',
    add: addCsrCleanerController,
  },
  { name: 'token-cleaner-controller', serviceAccount: 'token-cleaner', add: addTokenCleaner },
  { name: 'bootstrap-signer-controller', serviceAccount: 'bootstrap-signer', add: addBootstrapSigner },
  { name: 'deployment-controller', serviceAccount: 'deployment-controller', add: addDeploymentController },
  { name: 'replicaset-controller', serviceAccount: 'replicaset-controller', add: addReplicaSetController },
  { name: 'job-controller', serviceAccount: 'job-controller', add: addJobController },
  { name: 'cronjob-controller', serviceAccount: 'cronjob-controller', add: addCronJobController },
  {
    name: 'ttl-after-finished-controller',
    serviceAccount: 'ttl-after-finished-controller',
    add: addTtlAfterFinishedController,
  },
  {
    name: 'endpointslice-controller',
    serviceAccount: 'endpointslice-controller',
    add: addEndpointSliceController,
  },
  { name: 'endpoints-controller', serviceAccount: 'endpoint-controller', add: addEndpointsController },
  { name: 'node-lifecycle-controller', serviceAccount: 'node-controller', add: addNodeLifecycleController },
  { name: 'taint-eviction-controller', serviceAccount: 'node-controller', add: addTaintEvictionController },
  {
    name: 'pod-garbage-collector-controller',
    serviceAccount: 'pod-garbage-collector',
    add: addPodGarbageCollector,
  },
  {
    name: 'clusterrole-aggregation-controller',
    serviceAccount: 'clusterrole-aggregation-controller',
    add: addClusterRoleAggregation,
  },
  {
    name: 'garbage-collector-controller',
    serviceAccount: 'generic-garbage-collector',
    add: addGarbageCollector,
  },
  {
    name: 'resourcequota-controller',
    serviceAccount: 'resourcequota-controller',
    add: addResourceQuotaController,
  },
  {
    name: 'persistentvolumeclaim-protection-controller',
    serviceAccount: 'pvc-protection-controller',
    add: addClaimProtectionController,
  },
  {
    name: 'persistentvolume-protection-controller',
    serviceAccount: 'pv-protection-controller',
    add: addVolumeProtectionController,
  },
  {
    name: 'volumeattributesclass-protection-controller',
    serviceAccount: 'volumeattributesclass-protection-controller',
    add: addAttributesClassProtectionController,
  },
];

/**
 * Starts {@link builtinControllers}; resolves when they work. They end with the signal.
 * @throws RangeError for a name that none of them has
 */
export async function startControllers(client: Client, options: ControllersOptions): Promise<Manager> {
  const {
    accountClient,
    controllers = builtinControllers.map(({ name }) => name),
    ...managerOptions
  } = options;
  const clients = new Map(
    builtinControllers.map(({ name, serviceAccount }) => [
      name,
      serviceAccount === undefined ? client : (accountClient?.(serviceAccount) ?? client),
    ]),
  );
  const manager = new Manager(client, {
    ...managerOptions,
    clientFor: (name) => clients.get(name) ?? client,
  });
  for (const wanted of controllers) {
    const found = builtinControllers.find(({ name }) => name === wanted);
    if (found === undefined) throw new RangeError(`there is no built-in controller ${wanted}`);
    found.add(manager, options);
  }
  await manager.start();
  return manager;
}
