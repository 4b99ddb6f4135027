import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '@kubewright/api/core/v1';
import { validateChoice } from '../../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  required,
} from '../../validation/field-error.js';
import { userId } from '../../validation/formats.js';
import { validateDescending } from './path-validation.js';
import { validateWindowsOptions } from './windows-validation.js';

export function validateContainerSecurity(
  context: SecurityContext | undefined,
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  if (context === undefined) return [];
  const errors = [
    ...validateId(context.runAsUser, field.child('runAsUser')),
    ...validateId(context.runAsGroup, field.child('runAsGroup')),
    ...validateChoice(context.procMount, ['Default', 'Unmasked'], field.child('procMount')),
  ];
  if (context.procMount === 'Unmasked' && spec.hostUsers !== false)
    errors.push(
      invalid(field.child('procMount'), context.procMount, '`hostUsers` must be false to use `Unmasked`'),
    );
  errors.push(...validateSeccomp(context.seccompProfile, field.child('seccompProfile')));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      errors.push(
        invalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
      );
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN'))
      errors.push(
        invalid(
          field,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      );
  }
  errors.push(
    ...validateWindowsOptions(context.windowsOptions, field.child('windowsOptions')),
    ...validateAppArmor(context.appArmorProfile, field.child('appArmorProfile')),
  );
  return errors;
}

export function validatePodSecurity(spec: PodSpec, field: FieldPath): FieldError[] {
  const context = spec.securityContext;
  if (context === undefined) return [];
  const errors = [
    ...validateId(context.fsGroup, field.child('fsGroup')),
    ...validateId(context.runAsUser, field.child('runAsUser')),
    ...validateId(context.runAsGroup, field.child('runAsGroup')),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      validateId(group, field.child('supplementalGroups').index(index)),
    ),
  ];
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    errors.push(
      invalid(
        field.child('shareProcessNamespace'),
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  errors.push(
    ...validateSysctls(context, spec, field.child('sysctls')),
    ...validateChoice(
      context.fsGroupChangePolicy,
      ['Always', 'OnRootMismatch'],
      field.child('fsGroupChangePolicy'),
    ),
    ...validateSeccomp(context.seccompProfile, field.child('seccompProfile')),
    ...validateWindowsOptions(context.windowsOptions, field.child('windowsOptions')),
    ...validateAppArmor(context.appArmorProfile, field.child('appArmorProfile')),
    ...validateChoice(
      context.supplementalGroupsPolicy,
      ['Merge', 'Strict'],
      field.child('supplementalGroupsPolicy'),
    ),
    ...validateChoice(context.seLinuxChangePolicy, ['Recursive'], field.child('seLinuxChangePolicy')),
  );
  return errors;
}

function validateId(id: number | undefined, field: FieldPath): FieldError[] {
  return id === undefined ? [] : userId(id).map((message) => invalid(field, id, message));
}

const sysctlName = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';

function validateSysctls(context: PodSecurityContext, spec: PodSpec, field: FieldPath): FieldError[] {
  const names = new Set<string>();
  return (context.sysctls ?? []).flatMap(({ name }, index) => {
    const at = field.index(index).child('name');
    const errors: FieldError[] = [];
    if (!name) errors.push(required(at));
    else if (name.length > 253 || !new RegExp(sysctlName).test(name))
      errors.push(invalid(at, name, `must have at most 253 characters and match regex ${sysctlName}`));
    else if (names.has(name)) errors.push(duplicate(at, name));
    const dotted = (name ?? '').replaceAll('/', '.');
    if (spec.hostNetwork === true && dotted.startsWith('net.'))
      errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    if (spec.hostIPC === true && /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/.test(dotted))
      errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
    names.add(name);
    return errors;
  });
}

function validateSeccomp(profile: SeccompProfile | undefined, field: FieldPath): FieldError[] {
  if (profile === undefined) return [];
  if (!profile.type) return [required(field.child('type'), 'type is required when seccompProfile is set')];
  const errors = validateChoice(
    profile.type,
    ['Localhost', 'RuntimeDefault', 'Unconfined'],
    field.child('type'),
  );
  const local = profile.localhostProfile;
  if (profile.type === 'Localhost') {
    if (!local)
      errors.push(required(field.child('localhostProfile'), 'must be set when seccomp type is Localhost'));
    else errors.push(...validateDescending(local, field.child('localhostProfile')));
  } else if (local !== undefined)
    errors.push(
      invalid(field.child('localhostProfile'), local, 'can only be set when seccomp type is Localhost'),
    );
  return errors;
}

function validateAppArmor(profile: AppArmorProfile | undefined, field: FieldPath): FieldError[] {
  if (profile === undefined) return [];
  const local = profile.localhostProfile;
  const errors: FieldError[] = [];
  if (profile.type === 'Localhost') {
    if (local === undefined)
      errors.push(required(field.child('localhostProfile'), 'must be set when AppArmor type is Localhost'));
    else {
      const trimmed = local.trim();
      if (trimmed !== local)
        errors.push(invalid(field.child('localhostProfile'), local, 'must not be padded with whitespace'));
      else if (trimmed === '')
        errors.push(required(field.child('localhostProfile'), 'must be set when AppArmor type is Localhost'));
    }
  } else {
    if (!profile.type) return [required(field.child('type'), 'type is required when appArmorProfile is set')];
    if (local !== undefined)
      errors.push(
        invalid(field.child('localhostProfile'), local, 'can only be set when AppArmor type is Localhost'),
      );
    errors.push(
      ...validateChoice(profile.type, ['Localhost', 'RuntimeDefault', 'Unconfined'], field.child('type')),
    );
  }
  return errors;
}

/** A user namespace of the pod's own rules out sharing others with the host. Source: KEP-127. */
export function validateHostUsers(spec: PodSpec, field: FieldPath): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const why = 'when `hostUsers` is false';
  const errors: FieldError[] = [];
  if (spec.hostNetwork === true) errors.push(forbiddenField(field.child('hostNetwork'), why));
  if (spec.hostPID === true) errors.push(forbiddenField(field.child('HostPID'), why));
  if (spec.hostIPC === true) errors.push(forbiddenField(field.child('HostIPC'), why));
  return errors;
}
