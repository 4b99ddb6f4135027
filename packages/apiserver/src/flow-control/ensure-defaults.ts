import { isDeepStrictEqual } from 'node:util';
import { isAlreadyExists, isConflict, type Kind, type KubernetesObject } from '@kubewright/api';
import { FlowSchema, PriorityLevelConfiguration } from '@kubewright/api/flowcontrol/v1';
import type { ObjectStore } from '../registry/write-context.js';
import { autoUpdate, defaultFlowSchemas, defaultPriorityLevels, mandatory } from './default-objects.js';

/**
 * Creates the default objects and keeps their specs. Mandatory ones are always as they were; suggested ones unless
 * their owner took them over. Source: "Maintenance of the Mandatory and Suggested Configuration Objects".
 */
export async function ensureDefaultFlowControl(objects: ObjectStore): Promise<void> {
  await Promise.all([
    ...defaultPriorityLevels().map((level) => ensure(objects, PriorityLevelConfiguration, level)),
    ...defaultFlowSchemas().map((schema) => ensure(objects, FlowSchema, schema)),
  ]);
}

interface Configured extends KubernetesObject {
  spec?: unknown;
}

async function ensure<T extends Configured>(objects: ObjectStore, kind: Kind<T>, wanted: T): Promise<void> {
  const { name = '' } = wanted.metadata;
  try {
    const existing = await objects.get(kind, '', name);
    if (existing === undefined) await objects.create(kind, wanted);
    else if (isMaintained(existing) && !isDeepStrictEqual(clean(existing.spec), clean(wanted.spec)))
      await objects.replace(kind, { ...existing, spec: wanted.spec });
  } catch (error) {
    // Another server of the same store does the same.
    if (!isAlreadyExists(error) && !isConflict(error)) throw error;
  }
}

function isMaintained({ metadata }: KubernetesObject): boolean {
  const { name = '', annotations = {}, generation } = metadata;
  const wish = annotations[autoUpdate];
  if (mandatory.has(name) || wish === 'true') return true;
  // Without a wish: as long as nobody has changed the spec.
  return wish === undefined && generation === 1;
}

function clean(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
