import type { JobSpec } from '@kubewright/api/batch/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';

/** The labels by which a job knows its pods. */
const uidLabel = 'batch.kubernetes.io/controller-uid';
const nameLabel = 'batch.kubernetes.io/job-name';

/** Labels and selector that no other job can have. A label that the user set stays, and is refused by validation. */
export function generateSelector({ uid = '', name = '' }: ObjectMeta, spec: JobSpec): void {
  spec.template.metadata ??= {};
  spec.template.metadata.labels = { ...generatedLabels(uid, name), ...spec.template.metadata.labels };
  spec.selector ??= {};
  spec.selector.matchLabels ??= {};
  spec.selector.matchLabels[uidLabel] ??= uid;
}

/** The first two are of old. */
export function generatedLabels(uid: string, name: string): Record<string, string> {
  return { 'controller-uid': uid, 'job-name': name, [uidLabel]: uid, [nameLabel]: name };
}
