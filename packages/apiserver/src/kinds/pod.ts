import { Pod } from '@kubewright/api/core/v1';
import { defineRules } from './kind-rules.js';
import { podBinding } from './pod/pod-binding.js';
import { podColumns, podRowConditions } from './pod/pod-columns.js';
import { containerStream, portForward } from './pod/pod-connect.js';
import { defaultPod } from './pod/pod-defaults.js';
import { podEviction } from './pod/pod-eviction.js';
import { validatePodUpdate } from './pod/pod-update-validation.js';
import { validatePod } from './pod/pod-validation.js';
import { podWarnings } from './pod/pod-warnings.js';
import { qosClassOf } from './pod/qos-class.js';

export const podRules = defineRules<Pod>({
  kind: Pod,
  storageKey: 'pods',
  generation: true,
  default: defaultPod,
  prepareForCreate(pod) {
    pod.status = { phase: 'Pending', qosClass: qosClassOf(pod.spec ?? { containers: [] }) };
    if (pod.spec !== undefined) delete pod.spec.ephemeralContainers;
  },
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  warnings: podWarnings,
  gracePeriodSeconds,
  returnsDeleted: true,
  fields: {
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork ?? false),
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
    'status.podIPs': ({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip).join(','),
  },
  columns: podColumns,
  rowConditions: podRowConditions,
  subresources: {
    status: {
      prepareForUpdate(pod, old) {
        if (pod.status !== undefined) pod.status.qosClass = old.status?.qosClass;
      },
    },
    binding: podBinding,
    eviction: podEviction,
    log: containerStream('containerLogs'),
    exec: containerStream('exec'),
    attach: containerStream('attach'),
    portforward: portForward,
    // Each changes its own part of the spec and nothing else.
    ephemeralcontainers: {
      prepareForUpdate(pod, old) {
        const wanted = pod.spec?.ephemeralContainers;
        pod.spec = { ...(old.spec ?? { containers: [] }), ephemeralContainers: wanted };
        pod.status = old.status;
      },
      validateUpdate: (pod) => validatePod(pod),
    },
    resize: {
      prepareForUpdate(pod, old) {
        const wanted = pod.spec?.containers ?? [];
        const spec = old.spec ?? { containers: [] };
        pod.spec = {
          ...spec,
          containers: spec.containers.map((container) => {
            const { resources } = wanted.find(({ name }) => name === container.name) ?? container;
            return { ...container, resources };
          }),
        };
        pod.status = old.status;
      },
      validateUpdate: (pod) => validatePod(pod),
    },
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
