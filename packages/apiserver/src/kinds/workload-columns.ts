import { formatLabelSelector, labelRequirements, SelectorError } from '@kubewright/api';
import type { PodTemplateSpec } from '@kubewright/api/core/v1';
import type { LabelSelector } from '@kubewright/api/meta/v1';
import { orNone, text, wide } from './columns.js';
import type { Column } from './kind-rules.js';

/** Names and images of the containers that a workload runs. */
export function containerColumns<T>(templateOf: (object: T) => PodTemplateSpec | undefined): Column<T>[] {
  const containersOf = (object: T) => templateOf(object)?.spec?.containers ?? [];
  return [
    wide(
      text('Containers', 'Names of the containers of a pod.', (object) =>
        containersOf(object)
          .map(({ name }) => name)
          .join(','),
      ),
    ),
    wide(
      text('Images', 'Images of the containers of a pod.', (object) =>
        containersOf(object)
          .map(({ image = '' }) => image)
          .join(','),
      ),
    ),
  ];
}

/** Which pods belong to a workload. */
export function selectorColumn<T>(selectorOf: (object: T) => LabelSelector | undefined): Column<T> {
  return wide(text('Selector', 'Selects the pods.', (object) => orNone(selectorText(selectorOf(object)))));
}

/** A selector in one line: `app=web,tier in (a,b)`; `<error>` for one that can't be read, as upstream prints it. */
export function selectorText(selector: LabelSelector | undefined): string {
  try {
    return formatLabelSelector(labelRequirements(selector) ?? []);
  } catch (error) {
    if (error instanceof SelectorError) return '<error>';
    throw error;
  }
}
