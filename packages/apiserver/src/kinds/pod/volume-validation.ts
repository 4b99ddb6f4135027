import { compareQuantities, dns1123LabelErrors } from '@kubewright/api';
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
import { validateClaimSpec } from '../persistent-volume-claim-validation.js';
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

type SourceRule = (volume: Volume, field: FieldPath, isPod: boolean) => FieldError[];

/** In the order in which upstream looks at them: the first one counts, any further one is one too many. */
const sources: readonly (readonly [Exclude<keyof Volume, 'name'>, SourceRule])[] = [
  [
    'emptyDir',
    ({ emptyDir }, field) =>
      emptyDir?.sizeLimit !== undefined && compareQuantities(emptyDir.sizeLimit, '0') < 0
        ? [forbiddenField(field.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
        : [],
  ],
  ['hostPath', ({ hostPath }, field) => validateHostPath(hostPath ?? { path: '' }, field)],
  ['gitRepo', ({ gitRepo }, field) => needs(gitRepo?.repository, field.child('repository'))],
  [
    'gcePersistentDisk',
    ({ gcePersistentDisk }, field) => needs(gcePersistentDisk?.pdName, field.child('pdName')),
  ],
  [
    'awsElasticBlockStore',
    ({ awsElasticBlockStore }, field) => needs(awsElasticBlockStore?.volumeID, field.child('volumeID')),
  ],
  [
    'secret',
    ({ secret }, field) => [
      ...needs(secret?.secretName, field.child('secretName')),
      ...validateFiles(secret ?? {}, field),
    ],
  ],
  ['nfs', ({ nfs }, field) => validateNfs(nfs ?? { server: '', path: '' }, field)],
  [
    'iscsi',
    ({ iscsi }, field) => [
      ...needs(iscsi?.targetPortal, field.child('targetPortal')),
      ...needs(iscsi?.iqn, field.child('iqn')),
    ],
  ],
  [
    'glusterfs',
    ({ glusterfs }, field) => [
      ...needs(glusterfs?.endpoints, field.child('endpoints')),
      ...needs(glusterfs?.path, field.child('path')),
    ],
  ],
  ['flocker', () => []],
  [
    'persistentVolumeClaim',
    ({ persistentVolumeClaim }, field) => needs(persistentVolumeClaim?.claimName, field.child('claimName')),
  ],
  [
    'rbd',
    ({ rbd }, field) =>
      rbd?.monitors?.length ? needs(rbd.image, field.child('image')) : [required(field.child('monitors'))],
  ],
  ['cinder', ({ cinder }, field) => needs(cinder?.volumeID, field.child('volumeID'))],
  ['cephfs', ({ cephfs }, field) => (cephfs?.monitors?.length ? [] : [required(field.child('monitors'))])],
  [
    'quobyte',
    ({ quobyte }, field) => [
      ...needs(quobyte?.registry, field.child('registry')),
      ...needs(quobyte?.volume, field.child('volume')),
    ],
  ],
  [
    'downwardAPI',
    ({ downwardAPI }, field) => [
      ...validateMode(downwardAPI?.defaultMode, field.child('defaultMode')),
      ...(downwardAPI?.items ?? []).flatMap((item) => validateDownwardFile(item, field)),
    ],
  ],
  ['fc', () => []],
  ['flexVolume', ({ flexVolume }, field) => needs(flexVolume?.driver, field.child('driver'))],
  [
    'configMap',
    ({ configMap }, field) => [
      ...needs(configMap?.name, field.child('name')),
      ...validateFiles(configMap ?? {}, field),
    ],
  ],
  [
    'azureFile',
    ({ azureFile }, field) => [
      ...needs(azureFile?.secretName, field.child('secretName')),
      ...needs(azureFile?.shareName, field.child('shareName')),
    ],
  ],
  [
    'vsphereVolume',
    ({ vsphereVolume }, field) => needs(vsphereVolume?.volumePath, field.child('volumePath')),
  ],
  [
    'photonPersistentDisk',
    ({ photonPersistentDisk }, field) => needs(photonPersistentDisk?.pdID, field.child('pdID')),
  ],
  ['portworxVolume', ({ portworxVolume }, field) => needs(portworxVolume?.volumeID, field.child('volumeID'))],
  [
    'azureDisk',
    ({ azureDisk }, field) => [
      ...needs(azureDisk?.diskName, field.child('diskName')),
      ...needs(azureDisk?.diskURI, field.child('diskURI')),
    ],
  ],
  ['storageos', () => []],
  ['projected', ({ projected }, field) => validateProjected(projected ?? {}, field)],
  [
    'scaleIO',
    ({ scaleIO }, field) => [
      ...needs(scaleIO?.gateway, field.child('gateway')),
      ...needs(scaleIO?.system, field.child('system')),
      ...needs(scaleIO?.volumeName, field.child('volumeName')),
    ],
  ],
  ['csi', ({ csi }, field) => needs(csi?.driver, field.child('driver'))],
  [
    'ephemeral',
    ({ ephemeral }, field) => {
      const at = field.child('volumeClaimTemplate');
      const template = ephemeral?.volumeClaimTemplate;
      return template === undefined ? [required(at)] : validateClaimSpec(template.spec, at.child('spec'));
    },
  ],
  [
    'image',
    ({ image }, field, isPod) => [
      ...(isPod && !image?.reference ? [required(field.child('reference'))] : []),
      ...validatePullPolicy(image?.pullPolicy, field.child('pullPolicy')),
    ],
  ],
];

function validateSource(volume: Volume, isPod: boolean, field: FieldPath): FieldError[] {
  const set = sources.filter(([name]) => volume[name] !== undefined);
  if (set.length === 0) return [required(field, 'must specify a volume type')];
  return set.flatMap(([name, rule], index) =>
    index === 0
      ? rule(volume, field.child(name), isPod)
      : [forbiddenField(field.child(name), 'may not specify more than 1 volume type')],
  );
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
  if (path && !path.startsWith('/'))
    errors.push(invalid(field.child('path'), path, 'must be an absolute path'));
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
      if (!token.path) errors.push(required(tokenField.child('path')));
      else {
        errors.push(...validateProjectedPath(token.path, tokenField.child('path')));
        claimPath(token.path, token.path);
      }
    }
    const kinds = Object.values(source).filter((value) => value !== undefined).length;
    if (kinds > 1) errors.push(forbiddenField(at, 'may not specify more than 1 volume type'));
  });
  return errors;
}
