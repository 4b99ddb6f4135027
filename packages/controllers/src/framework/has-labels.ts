import type { Labels } from '@kubewright/api';

/** Whether all of these labels are there: the form of a Service's selector and of nodeSelector. */
export function hasLabels(wanted: Labels | undefined, labels: Labels | undefined): boolean {
  return Object.entries(wanted ?? {}).every(
    ([key, value]) => labels !== undefined && Object.hasOwn(labels, key) && labels[key] === value,
  );
}
