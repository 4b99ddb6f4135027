import {
  mutatingAdmissionPolicyBindingRules,
  mutatingAdmissionPolicyRules,
  mutatingWebhookConfigurationRules,
  validatingAdmissionPolicyBindingRules,
  validatingAdmissionPolicyRules,
  validatingWebhookConfigurationRules,
} from './admission-registration.js';
import { apiServiceRules } from './api-service.js';
import { certificateSigningRequestRules, priorityClassRules, runtimeClassRules } from './cluster-classes.js';
import { configMapRules } from './config-map.js';
import { cronJobRules } from './cron-job.js';
import { customResourceDefinitionRules } from './custom-resource-definition.js';
import { daemonSetRules } from './daemon-set.js';
import { deploymentRules } from './deployment.js';
import {
  deviceClassRules,
  resourceClaimRules,
  resourceClaimTemplateRules,
  resourceSliceRules,
} from './device.js';
import { endpointSliceRules } from './endpoint-slice.js';
import { endpointsRules } from './endpoints.js';
import { eventRules } from './event.js';
import { flowSchemaRules, priorityLevelConfigurationRules } from './flow-control.js';
import { horizontalPodAutoscalerRules } from './horizontal-pod-autoscaler.js';
import { ingressClassRules, ingressRules } from './ingress.js';
import { jobRules } from './job.js';
import type { KindRules } from './kind-rules.js';
import { leaseRules } from './lease.js';
import { namespaceRules } from './namespace.js';
import { ipAddressRules, networkPolicyRules, serviceCidrRules } from './network.js';
import { nodeRules } from './node.js';
import { persistentVolumeClaimRules, persistentVolumeRules } from './persistent-volume.js';
import { podRules } from './pod.js';
import { podDisruptionBudgetRules } from './pod-disruption-budget.js';
import { controllerRevisionRules, podTemplateRules } from './pod-template.js';
import { limitRangeRules, resourceQuotaRules } from './quota.js';
import { clusterRoleBindingRules, clusterRoleRules, roleBindingRules, roleRules } from './rbac.js';
import { replicaSetRules } from './replica-set.js';
import { replicationControllerRules } from './replication-controller.js';
import { secretRules } from './secret.js';
import { serviceRules } from './service.js';
import { serviceAccountRules } from './service-account.js';
import { statefulSetRules } from './stateful-set.js';
import {
  csiDriverRules,
  csiNodeRules,
  csiStorageCapacityRules,
  storageClassRules,
  volumeAttachmentRules,
  volumeAttributesClassRules,
} from './storage.js';

/**
 * The rules of every built-in kind that is stored. Not stored are those that only carry a question or an order
 * (TokenReview, SubjectAccessReview, Binding, Eviction, Scale, TokenRequest) and ComponentStatus.
 */
export const builtinRules: readonly KindRules[] = [
  apiServiceRules,
  certificateSigningRequestRules,
  clusterRoleBindingRules,
  clusterRoleRules,
  configMapRules,
  controllerRevisionRules,
  cronJobRules,
  csiDriverRules,
  csiNodeRules,
  csiStorageCapacityRules,
  customResourceDefinitionRules,
  daemonSetRules,
  deploymentRules,
  deviceClassRules,
  endpointSliceRules,
  endpointsRules,
  eventRules,
  flowSchemaRules,
  horizontalPodAutoscalerRules,
  ingressClassRules,
  ingressRules,
  ipAddressRules,
  jobRules,
  leaseRules,
  limitRangeRules,
  mutatingAdmissionPolicyBindingRules,
  mutatingAdmissionPolicyRules,
  mutatingWebhookConfigurationRules,
  namespaceRules,
  networkPolicyRules,
  nodeRules,
  persistentVolumeClaimRules,
  persistentVolumeRules,
  podDisruptionBudgetRules,
  podRules,
  podTemplateRules,
  priorityClassRules,
  priorityLevelConfigurationRules,
  replicaSetRules,
  replicationControllerRules,
  resourceClaimRules,
  resourceClaimTemplateRules,
  resourceQuotaRules,
  resourceSliceRules,
  roleBindingRules,
  roleRules,
  runtimeClassRules,
  secretRules,
  serviceAccountRules,
  serviceCidrRules,
  serviceRules,
  statefulSetRules,
  storageClassRules,
  validatingAdmissionPolicyBindingRules,
  validatingAdmissionPolicyRules,
  validatingWebhookConfigurationRules,
  volumeAttachmentRules,
  volumeAttributesClassRules,
];
