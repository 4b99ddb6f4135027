import { dns1123LabelErrors, labelValueErrors } from '@kubewright/api';
import type {
  Affinity,
  Container,
  EphemeralContainer,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  ResourceRequirements,
  Volume,
} from '@kubewright/api/core/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { type FieldPath, path } from '../../validation/field-error.js';
import { addressWarnings, fractionWarnings, nodeTermWarnings, oldNodeLabel } from '../warnings.js';
import { portWarnings } from './port-warnings.js';
import { visitContainers } from './visit-containers.js';
import { overlapWarnings } from './volume-warnings.js';

/** Warnings for a new pod; people seldom change pods, so an update has none. Source: `GetWarningsForPod`. */
export function podWarnings(pod: Pod, old: Pod | undefined): string[] {
  if (old !== undefined) return [];
  const errors = dns1123LabelErrors(pod.metadata.name ?? '');
  return [
    ...(errors.length === 0
      ? []
      : [
          `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${errors.join(' ')}]`,
        ]),
    ...specWarnings(pod.spec, pod.metadata, undefined),
  ];
}

export function podTemplateWarnings(template: PodTemplateSpec | undefined, field: FieldPath): string[] {
  return specWarnings(template?.spec, template?.metadata ?? {}, field);
}

/**
 * Runs at every create, and most pods have nothing to be warned of: what a pod hasn't costs nothing.
 * @param field of a template; a pod stands for itself
 */
function specWarnings(
  spec: PodSpec | undefined,
  { annotations = {} }: ObjectMeta,
  field: FieldPath | undefined,
): string[] {
  if (spec === undefined) return [];
  const at = field?.child('spec') ?? path('spec');
  const notes = field?.child('metadata', 'annotations') ?? path('metadata', 'annotations');
  const containers = visitContainers(spec, at);
  const warnings: string[] = [];
  if (spec.affinity ?? spec.nodeSelector ?? spec.topologySpreadConstraints)
    warnings.push(...nodeWarnings(spec, at));
  for (const [key, message] of oldAnnotations)
    if (annotations[key] !== undefined) warnings.push(`${notes.key(key)}: ${message}`);
  if (spec.volumes !== undefined) {
    for (const [index, volume] of spec.volumes.entries())
      warnings.push(...volumeWarnings(volume, at.child('volumes').index(index)));
    warnings.push(...overlapWarnings(spec.volumes));
  }
  if (spec.hostAliases !== undefined)
    warnings.push(...repeated(spec.hostAliases, 'ip', at.child('hostAliases')));
  if (spec.imagePullSecrets !== undefined)
    warnings.push(...pullSecretWarnings(spec.imagePullSecrets, at.child('imagePullSecrets')));
  if (spec.overhead !== undefined)
    for (const name of byteResources)
      warnings.push(...fractionWarnings(spec.overhead[name], at.child('overhead').key(name)));
  if (spec.securityContext?.seccompProfile === undefined && annotations[seccompPod] !== undefined)
    warnings.push(
      `${notes.key(seccompPod)}: non-functional in v1.27+; use the "seccompProfile" field instead`,
    );
  const hasNotes = Object.keys(annotations).some((key) => key.startsWith(containerNotes));
  for (const [container, path] of containers) {
    if (hasNotes) warnings.push(...profileWarnings(container, spec, annotations, notes, field !== undefined));
    if (container.resources !== undefined) warnings.push(...resourceWarnings(container.resources, path));
    if (container.env !== undefined) warnings.push(...environmentWarnings(container.env, path));
  }
  warnings.push(...portWarnings(containers));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(
      `${at.child('terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  if (spec.affinity !== undefined) warnings.push(...affinityWarnings(spec.affinity, at.child('affinity')));
  for (const [index, server] of spec.dnsConfig?.nameservers?.entries() ?? [])
    warnings.push(...addressWarnings(server, at.child('dnsConfig', 'nameservers').index(index)));
  for (const [index, { ip }] of spec.hostAliases?.entries() ?? [])
    warnings.push(...addressWarnings(ip, at.child('hostAliases').index(index).child('ip')));
  return warnings;
}

function pullSecretWarnings(secrets: NonNullable<PodSpec['imagePullSecrets']>, field: FieldPath): string[] {
  return [
    ...repeated(secrets, 'name', field),
    ...secrets.flatMap(({ name }, index) =>
      name ? [] : [`${field.index(index).child('name')}: invalid empty name ""`],
    ),
  ];
}

const byteResources = ['memory', 'ephemeral-storage'];

function resourceWarnings(resources: ResourceRequirements, field: FieldPath): string[] {
  const warnings: string[] = [];
  for (const name of byteResources) {
    for (const list of ['limits', 'requests'] as const) {
      const quantity = resources[list]?.[name];
      if (quantity !== undefined)
        warnings.push(...fractionWarnings(quantity, field.child('resources', list).key(name)));
    }
  }
  return warnings;
}

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
/** What the annotations of single containers begin with. */
const containerNotes = 'container.';
const seccompContainer = `${containerNotes}seccomp.security.alpha.kubernetes.io/`;
const appArmorContainer = `${containerNotes}apparmor.security.beta.kubernetes.io/`;

const oldAnnotations: readonly (readonly [string, string])[] = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  [
    'security.alpha.kubernetes.io/unsafe-sysctls',
    'non-functional in v1.11+; use the "sysctls" field instead',
  ],
];

function nodeWarnings(spec: PodSpec, field: FieldPath): string[] {
  const node = spec.affinity?.nodeAffinity;
  const at = field.child('affinity', 'nodeAffinity');
  const required = at.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
  const preferred = at.child('preferredDuringSchedulingIgnoredDuringExecution');
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) => {
      const message = oldNodeLabel(key);
      return message === undefined ? [] : [`${field.child('nodeSelector').key(key)}: ${message}`];
    }),
    ...(node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).flatMap(
      (term, index) => nodeTermWarnings(term, required.index(index)),
    ),
    ...(node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ preference }, index) => {
      const path = preferred.index(index).child('preference');
      return [...nodeTermWarnings(preference, path), ...valueWarnings(preference, path)];
    }),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const path = field.child('topologySpreadConstraints').index(index);
      const message = oldNodeLabel(topologyKey);
      return [
        ...(message === undefined ? [] : [`${path.child('topologyKey')}: ${topologyKey} is ${message}`]),
        ...(labelSelector === undefined ? [matchesNothing(path.child('labelSelector'))] : []),
      ];
    }),
  ];
}

/** Values that no label has: a preference may name them all the same. */
function valueWarnings(
  term: { matchExpressions?: { values?: string[] | undefined }[] | undefined } | undefined,
  field: FieldPath,
): string[] {
  return (term?.matchExpressions ?? []).flatMap(({ values = [] }, index) =>
    values.flatMap((value, valueIndex) =>
      labelValueErrors(value).map((message) => {
        const at = field.child('matchExpressions').index(index).child('values').index(valueIndex);
        return `${at}: ${value} is invalid, ${message}`;
      }),
    ),
  );
}

function matchesNothing(field: FieldPath): string {
  return `${field}: a null labelSelector results in matching no pod`;
}

const goneVolumes: readonly (readonly [keyof Volume, string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['ephemeral', ''],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

function volumeWarnings(volume: Volume, field: FieldPath): string[] {
  return goneVolumes.flatMap(([name, message]) => {
    if (volume[name] === undefined) return [];
    // Upstream's path has the field's name in another spelling.
    const at = field.child(name === 'storageos' ? 'storageOS' : name);
    if (name !== 'ephemeral') return [`${at}: ${message}`];
    const resources = volume.ephemeral?.volumeClaimTemplate?.spec?.resources;
    return (['requests', 'limits'] as const).flatMap((list) =>
      fractionWarnings(
        resources?.[list]?.storage,
        at.child('volumeClaimTemplate', 'spec', 'resources', list).key('storage'),
      ),
    );
  });
}

/** Lists that are merged by a key must not have it twice. */
function repeated<K extends string>(
  items: readonly { readonly [key in K]?: string | undefined }[],
  key: K,
  field: FieldPath,
): string[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const value = item[key] ?? '';
    if (seen.has(value))
      return [`${field.index(index).child(key)}: duplicate ${key} ${JSON.stringify(value)}`];
    seen.add(value);
    return [];
  });
}

function profileWarnings(
  { name, securityContext }: Container | EphemeralContainer,
  spec: PodSpec,
  annotations: Readonly<Record<string, string>>,
  notes: FieldPath,
  isTemplate: boolean,
): string[] {
  const warnings: string[] = [];
  if (
    securityContext?.seccompProfile === undefined &&
    annotations[`${seccompContainer}${name}`] !== undefined
  )
    warnings.push(
      `${notes.key(`${seccompContainer}${name}`)}: non-functional in v1.27+; use the "seccompProfile" field instead`,
    );
  const key = `${appArmorContainer}${name}`;
  if (
    isTemplate &&
    annotations[key] !== undefined &&
    securityContext?.appArmorProfile === undefined &&
    spec.securityContext?.appArmorProfile === undefined
  )
    warnings.push(`${notes.key(key)}: deprecated since v1.30; use the "appArmorProfile" field instead`);
  return warnings;
}

function environmentWarnings(env: NonNullable<Container['env']>, container: FieldPath): string[] {
  const seen = new Set<string>();
  const warnings: string[] = [];
  for (const [index, { name, value = '', valueFrom }] of env.entries()) {
    if (!seen.has(name)) {
      seen.add(name);
      continue;
    }
    // A value that builds on the one before is meant: X=a; X=$(X)b.
    const reference = `$(${name})`;
    if (valueFrom === undefined && value !== reference && value.includes(reference)) continue;
    warnings.push(
      `${container.child('env').index(index)}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    );
  }
  return warnings;
}

function affinityWarnings(affinity: Affinity, field: FieldPath): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((name) => {
    const required = field.child(name, 'requiredDuringSchedulingIgnoredDuringExecution');
    const preferred = field.child(name, 'preferredDuringSchedulingIgnoredDuringExecution');
    const term = ({ labelSelector }: PodAffinityTerm, path: FieldPath) =>
      labelSelector === undefined ? [matchesNothing(path.child('labelSelector'))] : [];
    return [
      ...(affinity[name]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((one, index) =>
        term(one, required.index(index)),
      ),
      ...(affinity[name]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
        ({ podAffinityTerm }, index) =>
          term(podAffinityTerm, preferred.index(index).child('podAffinityTerm')),
      ),
    ];
  });
}
