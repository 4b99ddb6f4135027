import type { Pod, Volume } from '@kubewright/api/core/v1';
import { podReferences } from '../../../auth/authorization/node/pod-references.js';

const environment: Readonly<Record<string, string>> = { secret: 'secrets', configmap: 'configmaps' };

/**
 * The first thing of the API that a pod refers to, as upstream names it; undefined for a pod that needs none, as a
 * mirror of a static pod must be.
 */
export function apiReference(pod: Pod): string | undefined {
  if ((pod.spec?.serviceAccountName ?? '') !== '') return 'serviceaccounts';
  const { annotations: _, ...metadata } = pod.metadata;
  // Of a mirror pod, which this is, nothing would be named.
  const kinds = new Set(podReferences({ ...pod, metadata }).map((path) => path.slice(0, path.indexOf('/'))));
  for (const [kind, name] of Object.entries(environment)) if (kinds.has(kind)) return name;
  if ((pod.spec?.resourceClaims ?? []).length > 0) return 'resourceclaims';
  for (const volume of pod.spec?.volumes ?? []) {
    const found = volumeReference(volume);
    if (found !== undefined) return found;
  }
  return undefined;
}

function volumeReference(volume: Volume): string | undefined {
  if (volume.csi !== undefined) return 'csidrivers (via CSI volumes)';
  if (volume.glusterfs !== undefined) return 'endpoints (via glusterFS volumes)';
  if (volume.persistentVolumeClaim !== undefined) return 'persistentvolumeclaims';
  if (volume.ephemeral !== undefined) return 'persistentvolumeclaims (via ephemeral volumes)';
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken !== undefined) return 'serviceaccounts (via projected volumes)';
    if (source.clusterTrustBundle !== undefined) return 'clustertrustbundles';
    if (source.podCertificate !== undefined) return 'podcertificates';
  }
  return undefined;
}
