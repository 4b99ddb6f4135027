import type { EphemeralContainer, Pod } from '@kubewright/api/core/v1';
import { forbiddenField, path } from '../../validation/field-error.js';
import { goForm } from '../../validation/go-form.js';
import { sameValue } from '../../validation/immutable.js';
import { lineDifference } from '../../validation/line-difference.js';
import type { SubresourceRules } from '../kind-rules.js';
import { dropDisabledPodFields } from './disabled-fields.js';
import { keepMetadata } from './keep-metadata.js';
import { validateAnnotationsUpdate, validatePod } from './pod-validation.js';

const mirror = 'kubernetes.io/config.mirror';

/** Containers for debugging: they come to a running pod and stay. Source: KEP-277. */
export const ephemeralContainers: SubresourceRules<Pod> = {
  prepareForUpdate(pod, old) {
    const wanted = pod.spec?.ephemeralContainers;
    pod.spec = { ...(old.spec ?? { containers: [] }), ephemeralContainers: wanted };
    pod.status = old.status;
    keepMetadata(pod, old);
    dropDisabledPodFields(pod.spec);
  },
  validateUpdate(pod, old) {
    if (old.metadata.annotations?.[mirror] !== undefined)
      return [forbiddenField(path(''), 'static pods do not support ephemeral containers')];
    const field = path('spec', 'ephemeralContainers');
    const type = 'EphemeralContainer';
    const wanted = new Map<string, EphemeralContainer>(
      (pod.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]),
    );
    const kept = (old.spec?.ephemeralContainers ?? []).flatMap((container) => {
      const now = wanted.get(container.name);
      if (now !== undefined && sameValue(now, container)) return [];
      const what =
        now === undefined
          ? 'removed\n'
          : `changed\n${lineDifference(goForm(container, type), goForm(now, type))}`;
      return [
        forbiddenField(
          field,
          `existing ephemeral containers ${JSON.stringify(container.name)} may not be ${what}`,
        ),
      ];
    });
    return [...validatePod(pod), ...validateAnnotationsUpdate(pod, old), ...kept];
  },
};
