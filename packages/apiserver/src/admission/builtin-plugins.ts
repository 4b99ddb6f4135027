import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '@kubewright/api/admissionregistration/v1';
import type { PodSecurityMetrics } from '../metrics/pod-security-metrics.js';
import type { ObjectReader } from '../registry/write-context.js';
import type { AdmissionPlugin } from './admission-plugin.js';
import { certificateApproval } from './plugins/certificate-approval.js';
import { certificateSigning } from './plugins/certificate-signing.js';
import { certificateSubjectRestriction } from './plugins/certificate-subject-restriction.js';
import { defaultIngressClass } from './plugins/default-ingress-class.js';
import { defaultStorageClass } from './plugins/default-storage-class.js';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.js';
import { limitRanger } from './plugins/limit-ranger.js';
import { mutatingAdmissionPolicy } from './plugins/mutating-admission-policy.js';
import { mutatingAdmissionWebhook } from './plugins/mutating-admission-webhook.js';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.js';
import { nodeDeclaredFeatureValidator } from './plugins/node-declared-feature-validator.js';
import { nodeRestriction } from './plugins/node-restriction/node-restriction.js';
import { persistentVolumeClaimResize } from './plugins/persistent-volume-claim-resize.js';
import { podResizeValidator } from './plugins/pod-resize-validator.js';
import { podSecurity } from './plugins/pod-security.js';
import { podTopologyLabels } from './plugins/pod-topology-labels.js';
import { priority } from './plugins/priority.js';
import { resourceQuota } from './plugins/resource-quota.js';
import { runtimeClass } from './plugins/runtime-class.js';
import { serviceAccount } from './plugins/service-account.js';
import { storageObjectInUseProtection } from './plugins/storage-object-in-use-protection.js';
import { taintNodesByCondition } from './plugins/taint-nodes-by-condition.js';
import { type PolicyObservers, validatingAdmissionPolicy } from './plugins/validating-admission-policy.js';
import { validatingAdmissionWebhook } from './plugins/validating-admission-webhook.js';
import { defaultPodSecurity, type PodSecurityConfiguration } from './pod-security/configuration.js';
import type { ParamSource } from './policy/params.js';
import type { WebhookCaller } from './webhooks/call-webhook.js';
import type { WebhookUsers } from './webhooks/webhook-users.js';

/** Which of the built-in plugins a server has besides or without those that are on by default. */
export interface PluginSelection {
  /** Names, as kube-apiserver's `--enable-admission-plugins` takes them. */
  readonly enableAdmissionPlugins?: readonly string[];
  /** Names, as kube-apiserver's `--disable-admission-plugins` takes them. */
  readonly disableAdmissionPlugins?: readonly string[];
  /** What PodSecurity asks for where namespaces say nothing. @default nothing, and nobody is exempt */
  readonly podSecurity?: PodSecurityConfiguration;
  /** As whom mutating webhooks are asked. @default nobody */
  readonly mutatingWebhookUsers?: WebhookUsers;
  /** As whom validating webhooks are asked. @default nobody */
  readonly validatingWebhookUsers?: WebhookUsers;
}

/** Those that have to be enabled. */
const offByDefault: ReadonlySet<string> = new Set([nodeRestriction.name]);

/** What built-in plugins need of their server. */
export interface PluginParts {
  readonly objects: ObjectReader;
  readonly webhooks: WebhookCaller;
  readonly params: ParamSource;
  readonly metrics: PolicyObservers & { readonly podSecurity: PodSecurityMetrics };
}

/** All of them, in the order of kube-apiserver's `AllOrderedPlugins`. */
const ordered = (
  options: PluginSelection,
  { objects, webhooks, params, metrics }: PluginParts,
): readonly AdmissionPlugin[] => [
  namespaceLifecycle,
  limitRanger,
  serviceAccount as AdmissionPlugin,
  nodeRestriction,
  taintNodesByCondition as AdmissionPlugin,
  podSecurity(options.podSecurity ?? defaultPodSecurity, metrics.podSecurity),
  priority,
  defaultTolerationSeconds as AdmissionPlugin,
  defaultStorageClass as AdmissionPlugin,
  storageObjectInUseProtection,
  persistentVolumeClaimResize as AdmissionPlugin,
  runtimeClass as AdmissionPlugin,
  certificateApproval as AdmissionPlugin,
  certificateSigning as AdmissionPlugin,
  certificateSubjectRestriction as AdmissionPlugin,
  defaultIngressClass as AdmissionPlugin,
  podTopologyLabels,
  nodeDeclaredFeatureValidator as AdmissionPlugin,
  podResizeValidator as AdmissionPlugin,
  mutatingAdmissionPolicy(
    {
      policies: objects.lister(MutatingAdmissionPolicy),
      bindings: objects.lister(MutatingAdmissionPolicyBinding),
    },
    params,
    metrics,
  ),
  mutatingAdmissionWebhook(objects.lister(MutatingWebhookConfiguration), {
    ...webhooks,
    users: options.mutatingWebhookUsers,
  }),
  validatingAdmissionPolicy(
    {
      policies: objects.lister(ValidatingAdmissionPolicy),
      bindings: objects.lister(ValidatingAdmissionPolicyBinding),
    },
    params,
    metrics,
  ),
  validatingAdmissionWebhook(objects.lister(ValidatingWebhookConfiguration), {
    ...webhooks,
    users: options.validatingWebhookUsers,
  }),
  resourceQuota(),
];

/** The built-in plugins of a server, in upstream's order. @throws Error for a name that no plugin has, or one that is on and off */
export function builtinPlugins(options: PluginSelection, parts: PluginParts): AdmissionPlugin[] {
  const { enableAdmissionPlugins: enable = [], disableAdmissionPlugins: disable = [] } = options;
  const all = ordered(options, parts);
  const names = new Set(all.map(({ name }) => name));
  for (const [option, list] of [
    ['enable-admission-plugins', enable],
    ['disable-admission-plugins', disable],
  ] as const)
    for (const name of list) if (!names.has(name)) throw new Error(`${option} plugin "${name}" is unknown`);
  const both = enable.filter((name) => disable.includes(name));
  if (both.length > 0)
    throw new Error(
      `[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`,
    );
  return all.filter(
    ({ name }) => !disable.includes(name) && (!offByDefault.has(name) || enable.includes(name)),
  );
}
