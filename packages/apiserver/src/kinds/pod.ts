import { Pod } from '@kubewright/api/core/v1';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { ephemeralContainers } from './pod/ephemeral-containers.js';
import { podBinding } from './pod/pod-binding.js';
import { podColumns, podRowConditions } from './pod/pod-columns.js';
import { containerStream, portForward } from './pod/pod-connect.js';
import { defaultPod } from './pod/pod-defaults.js';
import { podEviction } from './pod/pod-eviction.js';
import { prepareNewPod } from './pod/pod-preparation.js';
import { podProxy } from './pod/pod-proxy.js';
import { podResize } from './pod/pod-resize.js';
import { podStatusWarnings, prepareStatus } from './pod/pod-status.js';
import { validatePodStatus } from './pod/pod-status-validation.js';
import { validatePodUpdate } from './pod/pod-update-validation.js';
import { validateNewPod, validatePod } from './pod/pod-validation.js';
import { podWarnings } from './pod/pod-warnings.js';

export const podRules = defineRules<Pod>({
  kind: Pod,
  metadataChecks: 'as new',
  statusKeeps: ['ownerReferences'],
  storageKey: 'pods',
  generation: true,
  default: defaultPod,
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec),
  prepareForCreate: (pod, { now }) => prepareNewPod(pod, now()),
  validate: validatePod,
  validateCreate: validateNewPod,
  validateUpdate: validatePodUpdate,
  warnings: podWarnings,
  gracePeriodSeconds,
  returnsDeleted: true,
  fields: {
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork ?? false),
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
    // Upstream takes the name and knows no value of it.
    'status.podIPs': () => '',
  },
  fieldsRead: ['spec.hostNetwork', 'spec.serviceAccountName', 'status.podIP', 'status.podIPs'],
  columns: podColumns,
  rowConditions: podRowConditions,
  subresources: {
    status: {
      prepareForUpdate(pod, old) {
        pod.status ??= {};
        prepareStatus(pod.status, old.status ?? {});
      },
      validateUpdate: validatePodStatus,
      warnings: podStatusWarnings,
    },
    binding: podBinding,
    eviction: podEviction,
    log: containerStream('containerLogs'),
    exec: containerStream('exec'),
    attach: containerStream('attach'),
    portforward: portForward,
    proxy: podProxy,
    ephemeralcontainers: ephemeralContainers,
    resize: podResize,
  },
});

/**
 * The time that a deleted pod has to stop: what the delete asks for, or what the pod itself says. A pod that no node
 * runs yet, or that ended, needs none. Source: the pod strategy's `CheckGracefulDelete`.
 */
function gracePeriodSeconds({ spec, status }: Pod, requested: number | undefined): number {
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}
