import type { Job } from '@kubewright/api/batch/v1';
import type { Container, Pod, PodTemplateSpec } from '@kubewright/api/core/v1';
import {
  failureCountAnnotation,
  ignoredCountAnnotation,
  indexAnnotation,
  indexFailures,
  trackingFinalizer,
} from './job-pod.js';
import { failureVerdict } from './pod-failure-policy.js';

const indexVariable = 'JOB_COMPLETION_INDEX';

/** What a pod of the job is made of. */
export function jobPodTemplate({ spec }: Job): PodTemplateSpec {
  const { metadata, spec: pod } = spec?.template ?? {};
  const finalizers = metadata?.finalizers ?? [];
  return {
    metadata: {
      ...metadata,
      finalizers: finalizers.includes(trackingFinalizer) ? finalizers : [...finalizers, trackingFinalizer],
    },
    spec: pod,
  };
}

/** The same for one completion index. @param replaced the pod of that index that failed last */
export function indexedPodTemplate(job: Job, index: number, replaced: Pod | undefined): PodTemplateSpec {
  const { metadata, spec } = jobPodTemplate(job);
  const withIndex = (container: Container): Container =>
    container.env?.some(({ name }) => name === indexVariable)
      ? container
      : {
          ...container,
          env: [
            ...(container.env ?? []),
            {
              name: indexVariable,
              valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } },
            },
          ],
        };
  const { containers = [], initContainers } = spec ?? {};
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata?.labels, [indexAnnotation]: String(index) },
      annotations: {
        ...metadata?.annotations,
        [indexAnnotation]: String(index),
        ...(job.spec?.backoffLimitPerIndex === undefined ? {} : failureCounts(job, replaced)),
      },
    },
    spec: {
      ...spec,
      hostname: `${job.metadata.name ?? ''}-${index}`,
      containers: containers.map(withIndex),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withIndex) }),
    },
  };
}

/** What the server makes a pod's name of, cut so that the index stays whole. */
export function indexedGenerateName({ metadata }: Job, index: number): string {
  const suffix = `-${index}-`;
  return (metadata.name ?? '').slice(0, 63 - 5 - suffix.length) + suffix;
}

function failureCounts({ spec }: Job, replaced: Pod | undefined): Record<string, string> {
  if (replaced === undefined) return { [failureCountAnnotation]: '0' };
  const { counted, ignored } = indexFailures(replaced);
  const { counts } = failureVerdict(spec?.podFailurePolicy, replaced);
  const nowIgnored = ignored + (counts ? 0 : 1);
  return {
    [failureCountAnnotation]: String(counted + (counts ? 1 : 0)),
    ...(nowIgnored > 0 ? { [ignoredCountAnnotation]: String(nowIgnored) } : {}),
  };
}
