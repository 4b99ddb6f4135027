import type {
  DownwardAPIVolumeFile,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  Volume,
} from '@kubewright/api/core/v1';
import { roundResources } from '../resource-list.js';
import { pullPolicyOf } from './pod-defaults.js';

const fileMode = 0o644;

/** A volume that names no source is an empty directory; files are readable by everybody. */
export function defaultVolume(volume: Volume): void {
  if (Object.entries(volume).every(([key, value]) => key === 'name' || value === undefined))
    volume.emptyDir = {};
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source !== undefined) source.defaultMode ??= fileMode;
  }
  for (const item of volume.downwardAPI?.items ?? []) {
    defaultFile(item);
  }
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= 3600;
    for (const item of source.downwardAPI?.items ?? []) {
      defaultFile(item);
    }
  }
  if (volume.image !== undefined) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference ?? '');
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim !== undefined) defaultClaimSpec(claim);
  defaultStorageSource(volume);
}

/** What pods' volumes and persistent volumes have in common. */
export function defaultStorageSource(
  source: Pick<Volume | PersistentVolumeSpec, 'hostPath' | 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>,
): void {
  if (source.hostPath !== undefined) source.hostPath.type ??= '';
  const iscsi = source.iscsi;
  if (iscsi !== undefined) iscsi.iscsiInterface ||= 'default';
  const rbd = source.rbd;
  if (rbd !== undefined) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  const disk = source.azureDisk;
  if (disk !== undefined) {
    disk.cachingMode ??= 'ReadWrite';
    disk.kind ??= 'Shared';
    disk.fsType ??= 'ext4';
    disk.readOnly ??= false;
  }
  const scale = source.scaleIO;
  if (scale !== undefined) {
    scale.storageMode ||= 'ThinProvisioned';
    scale.fsType ||= 'xfs';
  }
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.resources ??= {};
  roundResources(spec.resources.limits);
  roundResources(spec.resources.requests);
  spec.volumeMode ??= 'Filesystem';
}

function defaultFile({ fieldRef, resourceFieldRef }: DownwardAPIVolumeFile): void {
  if (fieldRef !== undefined) fieldRef.apiVersion ||= 'v1';
  if (resourceFieldRef !== undefined) resourceFieldRef.divisor ??= '0';
}
