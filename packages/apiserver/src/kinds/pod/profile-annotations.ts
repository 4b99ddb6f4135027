import type { AppArmorProfile, Pod, PodSpec, SeccompProfile } from '@kubewright/api/core/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
} from '../../validation/field-error.js';
import { validateDescending } from './path-validation.js';
import { visitContainers } from './visit-containers.js';

type Annotations = Readonly<Record<string, string>>;

/** Profiles were annotations before they were fields. */
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
export const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/';
const runtimeDefaults = ['runtime/default', 'docker/default'];
const local = 'localhost/';

/** The form of the annotations, whatever the fields say. */
export function validateProfileAnnotations(
  { annotations = {} }: ObjectMeta,
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const keys = Object.keys(annotations);
  const seccomp = keys.filter((key) => key.startsWith(seccompContainer));
  for (const key of [...(annotations[seccompPod] === undefined ? [] : [seccompPod]), ...seccomp])
    errors.push(...validateSeccompName(annotations[key] ?? '', field.child(key)));
  const profiles = keys.filter((key) => key.startsWith(appArmorContainer));
  if (profiles.length === 0) return errors;
  const names = new Set(visitContainers(spec, field).map(([{ name }]) => name));
  for (const key of profiles) {
    const container = key.slice(appArmorContainer.length);
    const profile = annotations[key] ?? '';
    if (!names.has(container)) errors.push(invalid(field.key(key), container, 'container not found'));
    if (profile !== '' && !isAppArmorName(profile))
      errors.push(
        invalid(field.key(key), profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`),
      );
  }
  return errors;
}

function validateSeccompName(name: string, field: FieldPath): FieldError[] {
  if (runtimeDefaults.includes(name) || name === 'unconfined') return [];
  return name.startsWith(local)
    ? validateDescending(name.slice(local.length), field)
    : [invalid(field, name, 'must be a valid seccomp profile')];
}

function isAppArmorName(name: string): boolean {
  return name === 'runtime/default' || name === 'unconfined' || name.startsWith(local);
}

function namesProfile(key: string): boolean {
  return key === seccompPod || key.startsWith(seccompContainer) || key.startsWith(appArmorContainer);
}

/** A new pod must not say one thing in the annotation and another in the field. */
export function validateProfilesMatch({ metadata, spec = { containers: [] } }: Pod): FieldError[] {
  const { annotations = {} } = metadata;
  if (!Object.keys(annotations).some(namesProfile)) return [];
  const field = path('spec');
  const errors = mismatch(
    'seccomp',
    annotations[seccompPod],
    spec.securityContext?.seccompProfile,
    field.child('securityContext', 'seccompProfile'),
  );
  for (const [{ name, securityContext }, at] of visitContainers(spec, field))
    errors.push(
      ...mismatch(
        'seccomp',
        annotations[`${seccompContainer}${name}`],
        securityContext?.seccompProfile,
        at.child('securityContext', 'seccompProfile'),
      ),
    );
  if (spec.os?.name === 'windows') return errors;
  for (const [{ name, securityContext }, at] of visitContainers(spec, field))
    errors.push(
      ...mismatch(
        'apparmor',
        annotations[`${appArmorContainer}${name}`],
        securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile,
        at.child('securityContext', 'appArmorProfile'),
      ),
    );
  return errors;
}

function mismatch(
  what: 'seccomp' | 'apparmor',
  annotation: string | undefined,
  profile: SeccompProfile | AppArmorProfile | undefined,
  field: FieldPath,
): FieldError[] {
  if (annotation === undefined || profile === undefined) return [];
  const defaults = what === 'seccomp' ? runtimeDefaults : ['runtime/default'];
  const fits =
    (profile.type === 'Unconfined' && annotation === 'unconfined') ||
    (profile.type === 'RuntimeDefault' && defaults.includes(annotation)) ||
    (profile.type === 'Localhost' && annotation.startsWith(local)) ||
    !['Unconfined', 'RuntimeDefault', 'Localhost'].includes(profile.type);
  if (!fits) return [forbiddenField(field.child('type'), `${what} type in annotation and field must match`)];
  return profile.type === 'Localhost' && annotation.slice(local.length) !== profile.localhostProfile
    ? [forbiddenField(field.child('localhostProfile'), `${what} profile in annotation and field must match`)]
    : [];
}

const mirror = 'kubernetes.io/config.mirror';

/** Annotations that say what a pod is stay with it. */
export function validateAnnotationsKept({ metadata }: Pod, { metadata: old }: Pod): FieldError[] {
  const field = path('metadata', 'annotations');
  const now: Annotations = metadata.annotations ?? {};
  const before: Annotations = old.annotations ?? {};
  const kept = (key: string) =>
    key === mirror
      ? 'mirror pod annotation'
      : key.startsWith(appArmorContainer)
        ? 'AppArmor annotations'
        : undefined;
  const errors: FieldError[] = [];
  for (const key of Object.keys(before)) {
    const what = now[key] === before[key] ? undefined : kept(key);
    if (what !== undefined) errors.push(forbiddenField(field.key(key), `may not remove or update ${what}`));
  }
  for (const key of Object.keys(now)) {
    const what = key in before ? undefined : kept(key);
    if (what !== undefined) errors.push(forbiddenField(field.key(key), `may not add ${what}`));
  }
  return errors;
}

/** A container that only the annotation confines gets the field. Source: KEP-24. */
export function fieldsFromAnnotations({ metadata, spec }: Pod): void {
  const { annotations } = metadata;
  if (spec === undefined || spec.os?.name === 'windows' || annotations === undefined) return;
  if (!Object.keys(annotations).some((key) => key.startsWith(appArmorContainer))) return;
  for (const [container] of visitContainers(spec, path('spec'))) {
    const annotation = annotations[`${appArmorContainer}${container.name}`];
    if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) continue;
    const profile = profileOf(annotation);
    const ofPod = spec.securityContext?.appArmorProfile;
    if (profile === undefined || JSON.stringify(profile) === JSON.stringify(ofPod)) continue;
    container.securityContext = { ...container.securityContext, appArmorProfile: profile };
  }
}

function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const localhostProfile = annotation.slice(local.length);
  return annotation.startsWith(local) && localhostProfile !== ''
    ? { type: 'Localhost', localhostProfile }
    : undefined;
}
