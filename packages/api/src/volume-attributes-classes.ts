import type { PersistentVolumeClaim } from './generated/core/v1.js';

/** The names of the VolumeAttributesClasses that a claim has, wants, or is on its way to; each once. */
export function volumeAttributesClassesOf({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.filter((name): name is string => name !== undefined && name !== ''))];
}
