import { dns1123LabelErrors } from '@kubewright/api';
import type { PersistentVolumeSpec, Volume } from '@kubewright/api/core/v1';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  required,
} from '../validation/field-error.js';
import { inRange, validateFormat } from '../validation/formats.js';

/** Where data is, as volumes of pods and persistent volumes both say it. */
type Sources = {
  readonly [N in keyof Volume & keyof PersistentVolumeSpec]?: Volume[N] | PersistentVolumeSpec[N];
};
type SourceName = keyof Sources;
type Source<N extends SourceName> = NonNullable<Sources[N]>;

/** The sources that tell the kubelet of a storage system by itself; most are served by nobody any more. */
export const storageSources: {
  readonly [N in SourceName]?: (source: Source<N>, field: FieldPath) => FieldError[];
} = {
  gcePersistentDisk: (source, field) => [
    ...needs(source, ['pdName'], field),
    ...partition(source.partition, field),
  ],
  awsElasticBlockStore: (source, field) => [
    ...needs(source, ['volumeID'], field),
    ...partition(source.partition, field),
  ],
  glusterfs: (source, field) => needs(source, ['endpoints', 'path'], field),
  flocker: ({ datasetName = '', datasetUUID = '' }, field) => [
    ...(datasetName === '' && datasetUUID === ''
      ? [required(field, 'one of datasetName and datasetUUID is required')]
      : []),
    ...(datasetName !== '' && datasetUUID !== ''
      ? [invalid(field, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')]
      : []),
    ...(datasetName.includes('/')
      ? [invalid(field.child('datasetName'), datasetName, "must not contain '/'")]
      : []),
  ],
  rbd: (source, field) => [
    ...(source.monitors?.length ? [] : [required(field.child('monitors'))]),
    ...needs(source, ['image'], field),
  ],
  quobyte: ({ registry, tenant = '', volume }, field) => [
    ...validateRegistry(registry, tenant, field),
    ...needs({ volume }, ['volume'], field),
  ],
  cephfs: ({ monitors }, field) => (monitors?.length ? [] : [required(field.child('monitors'))]),
  cinder: (source, field) => [
    ...needs(source, ['volumeID'], field),
    ...(source.secretRef === undefined ? [] : needs(source.secretRef, ['name'], field.child('secretRef'))),
  ],
  fc: ({ targetWWNs = [], wwids = [], lun }, field) => {
    const names = field.child('targetWWNs');
    const errors: FieldError[] = [];
    if (targetWWNs.length === 0 && wwids.length === 0)
      errors.push(required(names, 'must specify either targetWWNs or wwids, but not both'));
    if (targetWWNs.length === 0) return errors;
    if (wwids.length > 0)
      errors.push(invalid(names, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
    return [
      ...errors,
      ...(lun === undefined
        ? [required(field.child('lun'), 'lun is required if targetWWNs is specified')]
        : validateUnit(lun, field)),
    ];
  },
  flexVolume: (source, field) => [
    ...needs(source, ['driver'], field),
    ...Object.keys(source.options ?? {}).flatMap((key) =>
      /(^|\.)(kubernetes|k8s)\.io(\/|$)/i.test(key)
        ? [invalid(field.child('options').key(key), key, 'kubernetes.io and k8s.io namespaces are reserved')]
        : [],
    ),
  ],
  azureFile: (source, field) => needs(source, ['secretName', 'shareName'], field),
  vsphereVolume: (source, field) => needs(source, ['volumePath'], field),
  photonPersistentDisk: (source, field) => needs(source, ['pdID'], field),
  portworxVolume: (source, field) => needs(source, ['volumeID'], field),
  azureDisk: (source, field) => [
    ...needs(source, ['diskName', 'diskURI'], field),
    ...oneOf(source.cachingMode, ['None', 'ReadOnly', 'ReadWrite'], field.child('cachingMode')),
    ...oneOf(source.kind, ['Dedicated', 'Managed', 'Shared'], field.child('kind')),
    ...validateDiskUri(source.kind, source.diskURI ?? '', field.child('diskURI')),
  ],
  scaleIO: (source, field) => needs(source, ['gateway', 'system', 'volumeName'], field),
  storageos: ({ volumeName, volumeNamespace, secretRef }, field) => [
    ...(volumeName
      ? validateFormat(dns1123LabelErrors, volumeName, field.child('volumeName'))
      : [required(field.child('volumeName'))]),
    ...(volumeNamespace
      ? validateFormat(dns1123LabelErrors, volumeNamespace, field.child('volumeNamespace'))
      : []),
    ...(secretRef === undefined ? [] : needs(secretRef, ['name'], field.child('secretRef'))),
  ],
};

/** Those of a pod's volume or of a persistent volume that the table knows. */
export function validateStorageSource(name: string, sources: Sources, field: FieldPath): FieldError[] {
  const rule = (
    storageSources as Readonly<Record<string, ((source: object, at: FieldPath) => FieldError[]) | undefined>>
  )[name];
  const source = (sources as Readonly<Record<string, object | undefined>>)[name];
  return rule === undefined || source === undefined ? [] : rule(source, field);
}

/** An error for each member that is absent or empty. */
export function needs(source: object, names: readonly string[], field: FieldPath): FieldError[] {
  const members: Readonly<Record<string, unknown>> = { ...source };
  return names.filter((name) => !members[name]).map((name) => required(field.child(name)));
}

/** The words for a bad name of an iSCSI party differ between pods and persistent volumes. */
export interface IscsiSource {
  readonly targetPortal?: string | undefined;
  readonly iqn?: string | undefined;
  readonly lun?: number | undefined;
  readonly initiatorName?: string | undefined;
  readonly chapAuthDiscovery?: boolean | undefined;
  readonly chapAuthSession?: boolean | undefined;
  readonly secretRef?: { readonly name?: string | undefined } | undefined;
}

/** @param unknownForm what is said of a name that begins like none of the three forms */
export function validateIscsi(source: IscsiSource, field: FieldPath, unknownForm: string): FieldError[] {
  const { iqn, initiatorName, secretRef } = source;
  return [
    ...needs(source, ['targetPortal'], field),
    ...(iqn ? validateIscsiName(iqn, field.child('iqn'), unknownForm) : [required(field.child('iqn'))]),
    ...validateUnit(source.lun ?? 0, field),
    ...((source.chapAuthDiscovery || source.chapAuthSession) && secretRef === undefined
      ? [required(field.child('secretRef'))]
      : []),
    ...(initiatorName === undefined
      ? []
      : validateIscsiName(initiatorName, field.child('initiatorname'), unknownForm)),
  ];
}

const iscsiForms: readonly (readonly [prefix: string, form: RegExp])[] = [
  ['iqn', /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/],
  ['eui', /^eui.[A-Za-z0-9]{16}$/],
  ['naa', /^naa.[A-Za-z0-9]{32}$/],
];

function validateIscsiName(name: string, field: FieldPath, unknownForm: string): FieldError[] {
  const form = iscsiForms.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (form === undefined) return [invalid(field, name, unknownForm)];
  return form.test(name) ? [] : [invalid(field, name, 'must be valid format')];
}

function validateUnit(lun: number, field: FieldPath): FieldError[] {
  return lun < 0 || lun > 255 ? [invalid(field.child('lun'), lun, inRange(0, 255))] : [];
}

function partition(value: number | undefined, field: FieldPath): FieldError[] {
  return value !== undefined && (value < 0 || value > 255)
    ? [invalid(field.child('partition'), value, inRange(1, 255))]
    : [];
}

function oneOf(value: string | undefined, supported: readonly string[], field: FieldPath): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

function validateRegistry(registry: string | undefined, tenant: string, field: FieldPath): FieldError[] {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  if (!registry) return [required(field.child('registry'), pairs)];
  if (tenant.length >= 65)
    return [required(field.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters')];
  return registry
    .split(',')
    .filter((pair) => !/^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair))
    .map(() => invalid(field.child('registry'), registry, pairs));
}

/** Each kind of disk has addresses of its own. */
function validateDiskUri(kind: string | undefined, uri: string, field: FieldPath): FieldError[] {
  if (kind === undefined) return [];
  if (kind === 'Managed')
    return uri.startsWith('/subscriptions/')
      ? []
      : [
          notSupported(field, uri, [
            '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
          ]),
        ];
  return uri.startsWith('https://')
    ? []
    : [
        notSupported(field, uri, [
          'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
        ]),
      ];
}
