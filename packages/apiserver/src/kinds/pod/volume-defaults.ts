import type { PersistentVolumeClaimSpec, Volume } from '@kubewright/api/core/v1';
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
    if (item.fieldRef !== undefined) item.fieldRef.apiVersion ||= 'v1';
  }
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= 3600;
    for (const item of source.downwardAPI?.items ?? []) {
      if (item.fieldRef !== undefined) item.fieldRef.apiVersion ||= 'v1';
    }
  }
  if (volume.hostPath !== undefined) volume.hostPath.type ??= '';
  if (volume.image !== undefined) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference ?? '');
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim !== undefined) defaultClaimSpec(claim);
  const iscsi = volume.iscsi;
  if (iscsi !== undefined) iscsi.iscsiInterface ||= 'default';
  const rbd = volume.rbd;
  if (rbd !== undefined) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  const disk = volume.azureDisk;
  if (disk !== undefined) {
    disk.cachingMode ||= 'ReadWrite';
    disk.kind ||= 'Shared';
    disk.fsType ||= 'ext4';
    disk.readOnly ??= false;
  }
  const scale = volume.scaleIO;
  if (scale !== undefined) {
    scale.storageMode ||= 'ThinProvisioned';
    scale.fsType ||= 'xfs';
  }
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.resources ??= {};
  spec.volumeMode ??= 'Filesystem';
}
