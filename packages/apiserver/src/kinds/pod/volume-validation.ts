import { compareQuantities, dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
} from '@kubewright/api/core/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { validateChoice } from '../../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  required,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateLabels } from '../../validation/label-selector.js';
import { validateAnnotations } from '../../validation/object-meta.js';
import { validateClaimSpec } from '../persistent-volume-claim-validation.js';
import { validateDriverName } from '../persistent-volume-validation.js';
import { validateIscsi, validateStorageSource } from '../storage-source-validation.js';
import { validatePullPolicy } from './container-validation.js';
import { validateFieldRef, validateResourceFieldRef, volumeFields } from './env-validation.js';
import { validateNoBacksteps, validateProjectedPath } from './path-validation.js';

export interface ValidatedVolumes {
  /** Those without an error, by name: containers may mount only them. */
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly errors: FieldError[];
}

/** @param meta of a real pod; a template has none */
export function validateVolumes(
  list: readonly Volume[],
  meta: ObjectMeta | undefined,
  field: FieldPath,
): ValidatedVolumes {
  const volumes = new Map<string, Volume>();
  const errors: FieldError[] = [];
  const created = new Set(
    meta?.name ? list.filter(({ ephemeral }) => ephemeral).map(({ name }) => `${meta.name}-${name}`) : [],
  );
  list.forEach((volume, index) => {
    const at = field.index(index);
    const wrong = validateSource(volume, meta !== undefined, at);
    if (!volume.name) wrong.push(required(at.child('name')));
    else wrong.push(...validateFormat(dns1123LabelErrors, volume.name, at.child('name')));
    if (volumes.has(volume.name)) wrong.push(duplicate(at.child('name'), volume.name));
    if (wrong.length === 0) volumes.set(volume.name, volume);
    errors.push(...wrong);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim))
      errors.push(
        invalid(
          at.child('persistentVolumeClaim', 'claimName'),
          claim,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      );
  });
  return { volumes, errors };
}

/** As upstream writes them in the path of a source that is one too many. */
const oddNames: Readonly<Partial<Record<keyof Volume, string>>> = {
  cephfs: 'cephFS',
  downwardAPI: 'downwarAPI',
};

type SourceRule = (volume: Volume, field: FieldPath, isPod: boolean) => FieldError[];

/** In the order in which upstream looks at them: the first one counts, any further one is one too many. */
const sourceNames = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const satisfies readonly Exclude<keyof Volume, 'name'>[];

/** Those that only pods have; of the others {@link validateStorageSource} knows. */
const podSources: Readonly<Partial<Record<(typeof sourceNames)[number], SourceRule>>> = {
  emptyDir: ({ emptyDir }, field) =>
    emptyDir?.sizeLimit !== undefined && compareQuantities(emptyDir.sizeLimit, '0') < 0
      ? [forbiddenField(field.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
      : [],
  hostPath: ({ hostPath }, field) => validateHostPath(hostPath ?? { path: '' }, field),
  gitRepo: ({ gitRepo }, field) => needs(gitRepo?.repository, field.child('repository')),
  secret: ({ secret }, field) => [
    ...needs(secret?.secretName, field.child('secretName')),
    ...validateFiles(secret ?? {}, field),
  ],
  nfs: ({ nfs }, field) => validateNfs(nfs ?? { server: '', path: '' }, field),
  iscsi: ({ iscsi = {} }, field) =>
    validateIscsi(iscsi, field, 'must be valid format starting with iqn, eui, or naa'),
  persistentVolumeClaim: ({ persistentVolumeClaim }, field) =>
    needs(persistentVolumeClaim?.claimName, field.child('claimName')),
  downwardAPI: ({ downwardAPI }, field) => [
    ...validateMode(downwardAPI?.defaultMode, field.child('defaultMode')),
    ...(downwardAPI?.items ?? []).flatMap((item) => validateDownwardFile(item, field)),
  ],
  configMap: ({ configMap }, field) => [
    ...needs(configMap?.name, field.child('name')),
    ...validateFiles(configMap ?? {}, field),
  ],
  projected: ({ projected }, field) => validateProjected(projected ?? {}, field),
  csi: ({ csi }, field) => {
    const secret = csi?.nodePublishSecretRef;
    return [
      ...validateDriverName(csi?.driver, field.child('driver')),
      ...(secret === undefined
        ? []
        : secret.name
          ? // Upstream's path leaves out the member that the name is of.
            validateFormat(dns1123SubdomainErrors, secret.name, field.child('name'))
          : [required(field.child('nodePublishSecretRef', 'name'))]),
    ];
  },
  ephemeral: ({ ephemeral }, field) => {
    const at = field.child('volumeClaimTemplate');
    const template = ephemeral?.volumeClaimTemplate;
    return template === undefined
      ? [required(at)]
      : [
          ...validateTemplateMetadata(template.metadata, at),
          ...validateClaimSpec(template.spec, at.child('spec')),
        ];
  },
  image: ({ image }, field, isPod) => [
    ...(isPod && !image?.reference ? [required(field.child('reference'))] : []),
    ...validatePullPolicy(image?.pullPolicy, field.child('pullPolicy')),
  ],
};

function validateSource(volume: Volume, isPod: boolean, field: FieldPath): FieldError[] {
  const [first, ...others] = sourceNames.filter((name) => volume[name] !== undefined);
  if (first === undefined) return [required(field, 'must specify a volume type')];
  // Upstream calls this one by its old name, but for where it is one too many.
  const at = field.child(first === 'gcePersistentDisk' ? 'persistentDisk' : first);
  const rule = podSources[first];
  return [
    ...(rule === undefined ? validateStorageSource(first, volume, at) : rule(volume, at, isPod)),
    ...others.map((name) =>
      forbiddenField(field.child(oddNames[name] ?? name), 'may not specify more than 1 volume type'),
    ),
  ];
}

function needs(value: string | undefined, field: FieldPath): FieldError[] {
  return value ? [] : [required(field)];
}

/** A path of the node and what should be there. */
export function validateHostPath(
  source: { path: string; type?: string | undefined },
  field: FieldPath,
): FieldError[] {
  if (!source.path) return [required(field.child('path'))];
  return [
    ...validateNoBacksteps(source.path, field.child('path')),
    ...validateChoice(
      source.type,
      ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
      field.child('type'),
    ),
  ];
}

export function validateNfs(
  { server, path }: { server: string; path: string },
  field: FieldPath,
): FieldError[] {
  const errors = [...needs(server, field.child('server')), ...needs(path, field.child('path'))];
  if (!path?.startsWith('/'))
    errors.push(invalid(field.child('path'), path ?? '', 'must be an absolute path'));
  return errors;
}

function validateFiles(
  source: { defaultMode?: number | undefined; items?: KeyToPath[] | undefined },
  field: FieldPath,
): FieldError[] {
  return [
    ...validateMode(source.defaultMode, field.child('defaultMode')),
    ...(source.items ?? []).flatMap((item, index) => validateItem(item, field.child('items').index(index))),
  ];
}

function validateItem(item: KeyToPath, field: FieldPath): FieldError[] {
  return [
    ...needs(item.key, field.child('key')),
    ...needs(item.path, field.child('path')),
    ...validateProjectedPath(item.path ?? '', field.child('path')),
    ...validateMode(item.mode, field.child('mode')),
  ];
}

function validateMode(mode: number | undefined, field: FieldPath): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777)
    ? [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
}

function validateDownwardFile(file: DownwardAPIVolumeFile, field: FieldPath): FieldError[] {
  const errors = [
    ...needs(file.path, field.child('path')),
    ...validateProjectedPath(file.path ?? '', field.child('path')),
  ];
  if (file.fieldRef !== undefined) {
    errors.push(...validateFieldRef(file.fieldRef, volumeFields, field.child('fieldRef')));
    if (file.resourceFieldRef !== undefined)
      errors.push(
        invalid(field, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'),
      );
  } else if (file.resourceFieldRef !== undefined)
    errors.push(
      ...validateResourceFieldRef(file.resourceFieldRef, field.child('resourceFieldRef'), {
        needsContainer: true,
      }),
    );
  else errors.push(required(field, 'one of fieldRef and resourceFieldRef is required'));
  errors.push(...validateMode(file.mode, field.child('mode')));
  return errors;
}

function validateProjected(projected: ProjectedVolumeSource, field: FieldPath): FieldError[] {
  const errors = validateMode(projected.defaultMode, field.child('defaultMode'));
  const paths = new Set<string>();
  const claimPath = (filePath: string | undefined, shown: string) => {
    if (!filePath) return;
    if (paths.has(filePath)) errors.push(invalid(field, shown, 'conflicting duplicate paths'));
    paths.add(filePath);
  };
  (projected.sources ?? []).forEach((source, index) => {
    const at = field.child('sources').index(index);
    for (const name of ['secret', 'configMap'] as const) {
      const files = source[name];
      if (files === undefined) continue;
      errors.push(...needs(files.name, at.child(name, 'name')));
      (files.items ?? []).forEach((item, itemIndex) => {
        errors.push(...validateItem(item, at.child(name, 'items').index(itemIndex)));
        claimPath(item.path, files.name ?? '');
      });
    }
    for (const item of source.downwardAPI?.items ?? []) {
      errors.push(...validateDownwardFile(item, at.child('downwardAPI')));
      claimPath(item.path, item.path);
    }
    const token = source.serviceAccountToken;
    if (token !== undefined) {
      const tokenField = at.child('serviceAccountToken');
      const seconds = token.expirationSeconds ?? 0;
      if (seconds < 600)
        errors.push(
          invalid(
            tokenField.child('expirationSeconds'),
            seconds,
            'may not specify a duration less than 10 minutes',
          ),
        );
      if (seconds > 2 ** 32)
        errors.push(
          invalid(
            tokenField.child('expirationSeconds'),
            seconds,
            'may not specify a duration larger than 2^32 seconds',
          ),
        );
      // Upstream's path is that of the volume, and two tokens may have one file.
      if (!token.path) errors.push(required(field.child('path')));
      else errors.push(...validateProjectedPath(token.path, field.child('path')));
    }
    const kinds = Object.values(source).filter((value) => value !== undefined).length;
    if (kinds > 1) errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'));
  });
  return errors;
}

/** Only labels and annotations of an object that is to be made may be set. */
export function validateTemplateMetadata(meta: ObjectMeta = {}, field: FieldPath): FieldError[] {
  const { labels, annotations, ...others } = meta;
  const at = field.child('metadata');
  return [
    ...validateAnnotations(annotations, at.child('annotations')),
    ...validateLabels(labels, at.child('labels')),
    ...Object.keys(others).map((name) =>
      forbiddenField(at.child(name === 'uid' ? 'uID' : name), 'cannot be set'),
    ),
  ];
}
