import type { Node } from '@kubewright/api/core/v1';
import { sameValue } from '../../../validation/immutable.js';
import type { AdmissionRequest } from '../../admission-request.js';
import { refusal } from '../../refusal.js';

/** Labels of Kubernetes' own domains that a kubelet may set on its node. */
const kubeletLabels = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

/** A kubelet writes its own node, and of that nothing by which it would draw pods to itself or keep them away. */
export function checkNode(node: string, request: AdmissionRequest<Node>): void {
  const { operation, name, object, oldObject } = request;
  const who = `node ${JSON.stringify(node)}`;
  // A create names the node in its body alone.
  const target = operation === 'CREATE' ? (object?.metadata.name ?? '') : name;
  if (target !== node)
    throw refusal(request, `${who} is not allowed to modify node ${JSON.stringify(target)}`);
  if (operation === 'DELETE' || object === undefined) return;
  const { labels, ownerReferences } = object.metadata;
  const forbidden = forbiddenLabels(labels ?? {}, oldObject?.metadata.labels ?? {});
  if (operation === 'CREATE') {
    if (object.spec?.configSource !== undefined)
      throw refusal(request, `${who} is not allowed to create pods with a non-nil configSource`);
    if (forbidden.length > 0)
      throw refusal(request, `${who} is not allowed to set the following labels: ${forbidden.join(', ')}`);
    return;
  }
  const { configSource, taints } = object.spec ?? {};
  if (configSource !== undefined && !sameValue(configSource, oldObject?.spec?.configSource))
    throw refusal(request, `${who} is not allowed to update configSource to a new non-nil configSource`);
  if (!sameValue(taints ?? [], oldObject?.spec?.taints ?? []))
    throw refusal(request, `${who} is not allowed to modify taints`);
  if (!sameValue(ownerReferences ?? [], oldObject?.metadata.ownerReferences ?? []))
    throw refusal(request, `${who} is not allowed to modify ownerReferences`);
  if (forbidden.length > 0)
    throw refusal(request, `is not allowed to modify labels: ${forbidden.join(', ')}`);
}

type Labels = Readonly<Record<string, string>>;

/** Labels that differ and are not the kubelet's to set. */
function forbiddenLabels(labels: Labels, old: Labels): string[] {
  const changed = [...new Set([...Object.keys(labels), ...Object.keys(old)])];
  return changed.filter((label) => labels[label] !== old[label] && isForbidden(label)).sort();
}

function isForbidden(label: string): boolean {
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  if (isWithin(domain, 'node-restriction.kubernetes.io')) return true;
  const isKubernetes = isWithin(domain, 'kubernetes.io') || isWithin(domain, 'k8s.io');
  const isKubelets =
    kubeletLabels.has(label) ||
    isWithin(domain, 'kubelet.kubernetes.io') ||
    isWithin(domain, 'node.kubernetes.io');
  return isKubernetes && !isKubelets;
}

function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}
