import { dns1123SubdomainErrors } from '@kubewright/api';
import type { PodSpec, WindowsSecurityContextOptions } from '@kubewright/api/core/v1';
import { type FieldError, type FieldPath, forbiddenField, invalid } from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { visitContainers } from './visit-containers.js';

const maxSpecKiB = 64;
const maxDomain = 256;
const maxUser = 104;
const netBiosDomain = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dnsDomain = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const controlCharacters = /[\u0000-\u001f\u007f]/;

/** Who a container on Windows runs as. Source: `validateWindowsSecurityContextOptions` of core. */
export function validateWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  field: FieldPath,
): FieldError[] {
  if (options === undefined) return [];
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName } = options;
  const errors =
    name === undefined
      ? []
      : validateFormat(dns1123SubdomainErrors, name, field.child('gmsaCredentialSpecName'));
  const at = field.child('gmsaCredentialSpec');
  if (spec === '') errors.push(invalid(at, spec, 'gmsaCredentialSpec cannot be an empty string'));
  else if (spec !== undefined && Buffer.byteLength(spec) > maxSpecKiB * 1024)
    errors.push(invalid(at, spec, `gmsaCredentialSpec size must be under ${maxSpecKiB} KiB`));
  if (runAsUserName !== undefined)
    errors.push(
      ...userNameErrors(runAsUserName).map((message) =>
        invalid(field.child('runAsUserName'), runAsUserName, message),
      ),
    );
  return errors;
}

/** `DOMAIN\user`, the domain may be missing. */
function userNameErrors(text: string): string[] {
  if (text === '') return ['runAsUserName cannot be an empty string'];
  if (controlCharacters.test(text)) return ['runAsUserName cannot contain control characters'];
  const parts = text.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? parts[0] : undefined;
  const errors: string[] = [];
  if ((domain ?? '').length >= maxDomain)
    errors.push(`runAsUserName's Domain length must be under ${maxDomain} characters`);
  if (domain !== undefined && !netBiosDomain.test(domain) && !dnsDomain.test(domain))
    errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  else if (user.length > maxUser)
    errors.push(`runAsUserName's User length must not be longer than ${maxUser} characters`);
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    errors.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  return errors;
}

/** Containers that are processes of the host: all of them or none, in the host's network. */
export function validateHostProcess(spec: PodSpec, field: FieldPath): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const errors: FieldError[] = [];
  let all = 0;
  let host = 0;
  for (const [{ securityContext }, at] of visitContainers(spec, field)) {
    const own = securityContext?.windowsOptions?.hostProcess;
    all++;
    if (own ?? ofPod) host++;
    if (ofPod !== undefined && own !== undefined && ofPod !== own)
      errors.push(
        invalid(
          at.child('securityContext', 'windowsOptions', 'hostProcess'),
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      );
  }
  if (host === 0) return errors;
  if (host !== all)
    errors.push(
      invalid(
        field,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    );
  if (spec.hostNetwork !== true)
    errors.push(
      invalid(
        field.child('hostNetwork'),
        false,
        'hostNetwork must be true if pod contains any hostProcess containers',
      ),
    );
  return errors;
}

/** What a pod for one system must not say of the other. */
export function validateForSystem(spec: PodSpec, field: FieldPath): FieldError[] {
  const at = field.child('securityContext');
  const context = spec.securityContext;
  if (spec.os?.name === 'linux') {
    const why = 'windows options cannot be set for a linux pod';
    return [
      ...(context?.windowsOptions === undefined ? [] : [forbiddenField(at.child('windowsOptions'), why)]),
      ...visitContainers(spec, field)
        .filter(([{ securityContext }]) => securityContext?.windowsOptions !== undefined)
        .map(([, path]) => forbiddenField(path.child('securityContext', 'windowsOptions'), why)),
    ];
  }
  if (spec.os?.name !== 'windows') return [];
  const why = 'cannot be set for a windows pod';
  const errors: FieldError[] = [];
  if (context !== undefined)
    for (const name of linuxOnlyOfPod) {
      const own = name in shared ? shared[name as keyof typeof shared](spec) : undefined;
      if (own !== undefined) {
        if (own) errors.push(forbiddenField(field.child(name), why));
        continue;
      }
      const value = (context as Readonly<Record<string, unknown>>)[name];
      if (Array.isArray(value) && name === 'sysctls' ? value.length > 0 : value !== undefined)
        errors.push(forbiddenField(at.child(name), why));
    }
  for (const [{ securityContext = {} }, path] of visitContainers(spec, field))
    for (const name of linuxOnly)
      if (securityContext[name] !== undefined)
        errors.push(forbiddenField(path.child('securityContext', name), why));
  return errors;
}

/** In upstream's order; those in `shared` are fields of the pod's spec. */
const linuxOnlyOfPod = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
];

const shared = {
  hostUsers: ({ hostUsers }: PodSpec) => hostUsers !== undefined,
  hostPID: ({ hostPID }: PodSpec) => hostPID === true,
  hostIPC: ({ hostIPC }: PodSpec) => hostIPC === true,
  shareProcessNamespace: ({ shareProcessNamespace }: PodSpec) => shareProcessNamespace !== undefined,
};

const linuxOnly = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;
