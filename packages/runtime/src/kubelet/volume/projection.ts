import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  Volume,
  VolumeProjection,
} from '@kubewright/api/core/v1';
import { type DownwardFacts, podField, resourceField } from '../env/downward-api.js';
import type { ConfigSource } from '../env/environment.js';
import type { ProjectedFile } from './atomic-directory.js';
import type { PodTokens } from './pod-tokens.js';

/** A volume that can't be made now; the message is what the FailedMount event says. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/** Where the content of a volume comes from. */
export interface VolumeSources {
  readonly config: ConfigSource;
  readonly facts: DownwardFacts;
  readonly tokens: PodTokens;
}

const defaultFileMode = 0o644;

/**
 * The files of a configMap, secret, downwardAPI or projected volume; undefined for a volume of another sort.
 * Sources that need what this kubelet can't give are named in `skipped`.
 * @throws VolumeError for an object or key that is missing and not optional
 */
export async function projectedFiles(
  pod: Pod,
  volume: Volume,
  from: VolumeSources,
): Promise<{ readonly files: Map<string, ProjectedFile>; readonly skipped: readonly string[] } | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (projected !== undefined) {
    const files = new Map<string, ProjectedFile>();
    const skipped: string[] = [];
    for (const source of projected.sources ?? []) {
      const part = await projectionFiles(pod, source, {
        ...from,
        mode: projected.defaultMode ?? defaultFileMode,
      });
      if (part === undefined) skipped.push(Object.keys(source)[0] ?? 'empty source');
      else for (const [path, file] of part) files.set(path, file);
    }
    return { files, skipped };
  }
  if (configMap === undefined && secret === undefined && downwardAPI === undefined) return undefined;
  const source: VolumeProjection = {
    configMap,
    secret: secret && { name: secret.secretName, items: secret.items, optional: secret.optional },
    downwardAPI,
  };
  const mode = (configMap ?? secret ?? downwardAPI)!.defaultMode ?? defaultFileMode;
  return { files: (await projectionFiles(pod, source, { ...from, mode })) ?? new Map(), skipped: [] };
}

/** The names of the ConfigMaps and Secrets that a pod's environment and volumes refer to. */
export function referredConfig(pod: Pod): {
  readonly configMaps: Set<string>;
  readonly secrets: Set<string>;
} {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const add = (set: Set<string>, name: string | undefined) => {
    if (name) set.add(name);
  };
  for (const volume of pod.spec?.volumes ?? []) {
    add(configMaps, volume.configMap?.name);
    add(secrets, volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add(configMaps, source.configMap?.name);
      add(secrets, source.secret?.name);
    }
  }
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    for (const source of container.envFrom ?? []) {
      add(configMaps, source.configMapRef?.name);
      add(secrets, source.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add(configMaps, valueFrom?.configMapKeyRef?.name);
      add(secrets, valueFrom?.secretKeyRef?.name);
    }
  }
  return { configMaps, secrets };
}

interface Sources extends VolumeSources {
  readonly mode: number;
}

/** Undefined for a source of a sort that this kubelet can't give. */
async function projectionFiles(
  pod: Pod,
  source: VolumeProjection,
  from: Sources,
): Promise<Map<string, ProjectedFile> | undefined> {
  if (source.configMap !== undefined) {
    const { name = '', items, optional = false } = source.configMap;
    const object = from.config.configMap(name);
    if (object === undefined && !optional) throw new VolumeError(`configmap "${name}" not found`);
    return pick(configMapData(object), items, { optional, mode: from.mode, what: 'configmap' });
  }
  if (source.secret !== undefined) {
    const { name = '', items, optional = false } = source.secret;
    const object = from.config.secret(name);
    if (object === undefined && !optional) throw new VolumeError(`secret "${name}" not found`);
    return pick(secretData(object), items, { optional, mode: from.mode, what: 'secret' });
  }
  if (source.serviceAccountToken !== undefined) {
    const token = await from.tokens.get(pod, source.serviceAccountToken);
    return new Map([[source.serviceAccountToken.path, { data: Buffer.from(token), mode: from.mode }]]);
  }
  if (source.downwardAPI !== undefined)
    return new Map(
      (source.downwardAPI.items ?? []).map((item) => [
        item.path,
        { data: Buffer.from(downwardText(pod, item, from.facts)), mode: item.mode ?? from.mode },
      ]),
    );
  return undefined;
}

function configMapData(object: ConfigMap | undefined): Map<string, Buffer> {
  const data = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(object?.data ?? {})) data.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(object?.binaryData ?? {}))
    data.set(key, Buffer.from(value, 'base64'));
  return data;
}

function secretData(object: Secret | undefined): Map<string, Buffer> {
  return new Map(
    Object.entries(object?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
  );
}

/** All keys as files of their names, or the named items at their paths. */
function pick(
  data: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  { optional, mode, what }: { readonly optional: boolean; readonly mode: number; readonly what: string },
): Map<string, ProjectedFile> {
  const files = new Map<string, ProjectedFile>();
  if (items === undefined || items.length === 0) {
    for (const [key, value] of data) files.set(key, { data: value, mode });
    return files;
  }
  for (const item of items) {
    const value = data.get(item.key);
    if (value !== undefined) files.set(item.path, { data: value, mode: item.mode ?? mode });
    else if (!optional) throw new VolumeError(`${what} references non-existent config key: ${item.key}`);
  }
  return files;
}

function downwardText(pod: Pod, item: DownwardAPIVolumeFile, facts: DownwardFacts): string {
  if (item.fieldRef !== undefined) return podField(pod, item.fieldRef, facts);
  const reference = item.resourceFieldRef;
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const container = all.find(({ name }) => name === reference?.containerName);
  if (reference === undefined || container === undefined)
    throw new VolumeError(`the downward API has no value for the file ${item.path}`);
  return resourceField(container, reference, facts);
}
