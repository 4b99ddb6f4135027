import type { Container, EphemeralContainer, PersistentVolume, Pod, Volume } from '@kubewright/api/core/v1';

/** Marks a pod that a kubelet shows of its own. */
const mirror = 'kubernetes.io/config.mirror';

/** What a node needs beside a pod to run it, each `KIND/NAMESPACE/NAME`. */
export function podReferences(pod: Pod): string[] {
  const { namespace = '', annotations = {} } = pod.metadata;
  // A node must not gain access by means of a pod that it wrote itself.
  if (annotations[mirror] !== undefined) return [];
  const { spec } = pod;
  const found = new Set<string>();
  const add = (kind: string, name: string | undefined) => {
    if (name !== undefined && name !== '') found.add(`${kind}/${namespace}/${name}`);
  };
  add('serviceaccount', spec?.serviceAccountName);
  for (const { name } of spec?.imagePullSecrets ?? []) add('secret', name);
  const containers = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  for (const container of containers) addEnvironment(container, add);
  for (const volume of spec?.volumes ?? []) addVolume(volume, pod.metadata.name ?? '', add);
  const claims = new Map(
    (pod.status?.resourceClaimStatuses ?? []).map((status) => [status.name, status.resourceClaimName]),
  );
  for (const claim of spec?.resourceClaims ?? [])
    add('resourceclaim', claim.resourceClaimName ?? claims.get(claim.name));
  add('resourceclaim', pod.status?.extendedResourceClaimStatus?.resourceClaimName);
  return [...found];
}

type Add = (kind: string, name: string | undefined) => void;

function addEnvironment({ env = [], envFrom = [] }: Container | EphemeralContainer, add: Add): void {
  for (const { valueFrom } of env) {
    add('secret', valueFrom?.secretKeyRef?.name);
    add('configmap', valueFrom?.configMapKeyRef?.name);
  }
  for (const { secretRef, configMapRef } of envFrom) {
    add('secret', secretRef?.name);
    add('configmap', configMapRef?.name);
  }
}

function addVolume(volume: Volume, pod: string, add: Add): void {
  add('secret', volume.secret?.secretName);
  add('secret', volume.azureFile?.secretName);
  for (const source of [
    volume.cephfs,
    volume.cinder,
    volume.flexVolume,
    volume.rbd,
    volume.scaleIO,
    volume.iscsi,
    volume.storageos,
  ])
    add('secret', source?.secretRef?.name);
  add('secret', volume.csi?.nodePublishSecretRef?.name);
  add('configmap', volume.configMap?.name);
  for (const source of volume.projected?.sources ?? []) {
    add('secret', source.secret?.name);
    add('configmap', source.configMap?.name);
  }
  if (volume.persistentVolumeClaim !== undefined) add('pvc', volume.persistentVolumeClaim.claimName);
  else if (volume.ephemeral !== undefined) add('pvc', `${pod}-${volume.name}`);
}

/** Secrets that a node needs to mount a volume, `secret/NAMESPACE/NAME` each. */
export function volumeSecrets({ spec }: PersistentVolume): string[] {
  const home = spec?.claimRef?.namespace ?? '';
  const found: string[] = [];
  const add = (name: string | undefined, namespace: string | undefined) => {
    if (name !== undefined && name !== '') found.push(`secret/${namespace || home}/${name}`);
  };
  const { azureFile, csi } = spec ?? {};
  add(azureFile?.secretName, azureFile?.secretNamespace);
  for (const source of [
    spec?.cephfs,
    spec?.cinder,
    spec?.flexVolume,
    spec?.rbd,
    spec?.scaleIO,
    spec?.iscsi,
    spec?.storageos,
  ])
    add(source?.secretRef?.name, source?.secretRef?.namespace);
  // The controller's own secrets of CSI drivers are not for nodes.
  for (const ref of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef])
    add(ref?.name, ref?.namespace);
  return found;
}
