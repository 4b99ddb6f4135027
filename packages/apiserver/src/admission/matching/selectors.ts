import type { KubernetesObject, LabelRequirement, LabelSelector } from '@kubewright/api';
import { labelRequirements, matchesLabels, notFound } from '@kubewright/api';
import { Namespace } from '@kubewright/api/core/v1';
import type { AdmissionRequest } from '../admission-request.js';

/** What a webhook or a policy says of the labels of objects and namespaces, read once. */
export interface Selectors {
  /** Undefined: every namespace. */
  readonly namespaces: readonly LabelRequirement[] | undefined;
  /** Undefined: every object. */
  readonly objects: readonly LabelRequirement[] | undefined;
}

export function readSelectors(of: {
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
}): Selectors {
  return { namespaces: requirements(of.namespaceSelector), objects: requirements(of.objectSelector) };
}

function requirements(selector: LabelSelector | undefined): readonly LabelRequirement[] | undefined {
  const all = labelRequirements(selector ?? {}) ?? [];
  return all.length === 0 ? undefined : all;
}

/**
 * Whether a request is of a namespace and an object that are selected. An object is when it is so before or after the
 * change; objects of the cluster are in no namespace and always selected, but for namespaces, whose own labels count.
 * @throws ApiError NotFound where the namespace is not there
 */
export function isSelected({ namespaces, objects }: Selectors, request: AdmissionRequest): boolean {
  if (
    namespaces !== undefined &&
    !matchesLabels(namespaces, namespaceLabels(request) ?? {}) &&
    isNamespaced(request)
  )
    return false;
  if (objects === undefined) return true;
  return [request.object, request.oldObject].some(
    (object) => object?.metadata !== undefined && matchesLabels(objects, object.metadata.labels ?? {}),
  );
}

function isNamespaced({ resource }: AdmissionRequest): boolean {
  return resource.namespaced || resource.rules.kind.plural === Namespace.plural;
}

function namespaceLabels(request: AdmissionRequest): KubernetesObject['metadata']['labels'] {
  const { resource, operation, subresource, namespace, name, object, oldObject, context } = request;
  if (!resource.namespaced) {
    const isOwn = subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
    return (isOwn ? object : (oldObject ?? context.objects.lister(Namespace).get('', name)))?.metadata.labels;
  }
  const found = context.objects.lister(Namespace).get('', namespace);
  if (found === undefined) throw notFound(Namespace, namespace);
  return found.metadata.labels;
}
