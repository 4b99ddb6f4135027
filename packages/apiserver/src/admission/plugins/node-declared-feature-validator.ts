import { isDeepStrictEqual } from 'node:util';
import { isSidecar } from '@kubewright/api';
import { Pod, type PodSpec } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';
import { nodeOfChangedPod } from '../pod-node.js';
import { refusal } from '../refusal.js';

/**
 * What a change of a pod on a node needs of the node, the node says it can (`status.declaredFeatures`). Source: KEP-5328,
 * and the features of component-helpers' `nodedeclaredfeatures` that concern updates.
 */
export const nodeDeclaredFeatureValidator: AdmissionPlugin<Pod> = {
  name: 'NodeDeclaredFeatureValidator',
  handles: handlesKind(Pod, ['UPDATE'], ['', 'resize']),

  validate(request) {
    const { object, oldObject } = request;
    if (object?.spec === undefined || oldObject?.spec === undefined) return;
    const wanted = neededFor(object.spec, oldObject.spec);
    if (wanted.length === 0) return;
    const node = nodeOfChangedPod(request);
    if (node === undefined) return;
    const missing = wanted.filter((name) => !(node.status?.declaredFeatures ?? []).includes(name));
    if (missing.length > 0)
      throw refusal(
        request,
        `pod update requires features ${missing.join(', ')} which are not available on node "${node.metadata.name ?? ''}"`,
      );
  },
};

/** The names of features, sorted. */
function neededFor(spec: PodSpec, old: PodSpec): string[] {
  const features: string[] = [];
  if (!isDeepStrictEqual(spec.resources, old.resources))
    features.push('InPlacePodLevelResourcesVerticalScaling');
  const isResized = (old.initContainers ?? []).some(
    (container, index) =>
      !isSidecar(container) &&
      !isDeepStrictEqual(container.resources, spec.initContainers?.[index]?.resources),
  );
  if (isResized) features.push('InPlacePodVerticalScalingInitContainers');
  return features;
}
