import { ApiError, type KubernetesObject, notFound } from '@kubewright/api';
import type { Scale } from '@kubewright/api/autoscaling/v1';
import { AdmissionRequest } from '../admission/admission-request.js';
import { internalError } from '../admission/internal-error.js';
import type { Exchange } from '../exchange.js';
import { ageColumn, integer, nameColumn } from '../kinds/columns.js';
import type { Column, ScaleRules } from '../kinds/kind-rules.js';
import type { JsonObject } from '../patch/json-object.js';
import { matchNamespace } from '../registry/place-in-namespace.js';
import { ServedKind } from '../registry/resource.js';
import { updateObject } from '../registry/update-object.js';
import type { WriteContext } from '../registry/write-context.js';
import { builtinBodyKind } from '../schema/body-kind.js';
import type { StoredEntry } from '../tables/table.js';
import { invalid, invalidObject, path } from '../validation/field-error.js';
import { answerObject } from './answer.js';
import { apply, applyMediaType } from './apply.js';
import { applyPatch, readPatch } from './patch.js';
import { patchedForm } from './patched-form.js';
import { contentTypeOf, readObject, toForm } from './read-body.js';
import { matchName, refuseOtherUid } from './update.js';
import { writeContext, writeOptions } from './write-options.js';
import { warnAboutWrite } from './write-warnings.js';

const scaleIdentity = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
const scaleKind = () => builtinBodyKind('autoscaling', 'v1', 'Scale');

/** GET of the scale of an object. */
export async function getScale(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name } = exchange.info;
  const entry = served.resource.cache.get(served.resource.key(namespace, name));
  if (entry === undefined) throw notFound(served.kind, name);
  if (served.kind.scalePaths !== undefined) await refuseUnscaled(served, entry);
  return answerObject(exchange, scaleView(served), 200, entry);
}

/** @throws ApiError InternalError for an object that does not say how many are wanted, as upstream */
async function refuseUnscaled(served: ServedKind, entry: StoredEntry): Promise<void> {
  await served.prepare([entry]);
  if (scaleRules(served).replicas(served.readStored(entry.bytes, entry.revision)) !== undefined) return;
  const path = JSON.stringify(served.kind.scalePaths?.specReplicasPath);
  throw internalError(new Error(`the spec replicas field ${path} does not exist`));
}

/** PUT of a scale. */
export async function updateScale(exchange: Exchange, served: ServedKind): Promise<void> {
  const options = writeOptions(exchange);
  const wanted = (await readObject(exchange, scaleKind(), options.fieldValidation)) as Scale;
  matchNamespace(wanted, exchange.info.namespace, served.resource);
  matchName(wanted, exchange.info.name);
  await changeScale(exchange, served, () => wanted);
}

/** PATCH of a scale. */
export async function patchScale(exchange: Exchange, served: ServedKind): Promise<void> {
  const options = writeOptions(exchange);
  if (contentTypeOf(exchange) === applyMediaType) {
    const configuration = (config: JsonObject) =>
      objectOfScale(served, toForm(exchange, config, scaleKind(), options.fieldValidation, []) as Scale);
    const context = writeContext(exchange, served, options);
    const admit = async (object: KubernetesObject, current: KubernetesObject): Promise<void> => {
      const scale = scaleOf(served, object);
      const asked = scale.spec?.replicas;
      await admitScale(exchange, served, { scale, old: scaleOf(served, current), context });
      if (scale.spec?.replicas !== asked) scaleRules(served).setReplicas(object, scale.spec?.replicas ?? 0);
    };
    return apply(exchange, served, { view: scaleView(served), configuration, admit });
  }
  const patch = await readPatch(exchange, served);
  await changeScale(exchange, served, (current) => {
    const patched = applyPatch(patch, current, scaleKind().schema);
    const scale = patchedForm(exchange, patched, scaleKind(), options.fieldValidation) as Scale;
    matchNamespace(scale, exchange.info.namespace, served.resource);
    matchName(scale, exchange.info.name);
    return scale;
  });
}

async function changeScale(
  exchange: Exchange,
  served: ServedKind,
  change: (current: Scale) => Scale,
): Promise<void> {
  const { namespace, name, subresource } = exchange.info;
  const options = writeOptions(exchange);
  const rules = scaleRules(served);
  const context = writeContext(exchange, served, options);
  const updated = await updateObject(
    exchange.server,
    served.resource,
    {
      namespace,
      name,
      subresource,
      change: async (current) => {
        const old = scaleOf(served, current);
        // Who changes a scale says how many are wanted, not how many there are.
        const scale: Scale = { ...change(old), ...(old.status === undefined ? {} : { status: old.status }) };
        refuseOtherUid(served, scale, current);
        await admitScale(exchange, served, { scale, old: scaleOf(served, current), context });
        const replicas = scale.spec?.replicas ?? 0;
        // A kind with a schema is held against it.
        if (replicas < 0 && !served.resource.rules.structural)
          throw invalidObject({ group: 'autoscaling', plural: 'scales', kind: 'Scale' }, name, [
            invalid(path('spec', 'replicas'), replicas, 'must be greater than or equal to 0'),
          ]);
        if (scale.metadata.resourceVersion !== undefined)
          current.metadata.resourceVersion = scale.metadata.resourceVersion;
        rules.setReplicas(current, replicas);
        return current;
      },
    },
    { ...context, admitted: true },
  );
  warnAboutWrite(exchange, served.resource, updated);
  return answerObject(exchange, scaleView(served), 200, updated);
}

interface AdmittedScale {
  /** May be changed. */
  readonly scale: Scale;
  readonly old: Scale;
  readonly context: WriteContext;
}

/** Admission sees the scale, not the object that it is of. */
async function admitScale(
  { info, server }: Exchange,
  { resource }: ServedKind,
  { scale, old, context }: AdmittedScale,
): Promise<void> {
  const { namespace, name, subresource } = info;
  const request = new AdmissionRequest<KubernetesObject>({
    ...({ operation: 'UPDATE', resource, subresource, namespace, name, context } as const),
    kind: scaleIdentity,
    object: scale,
    oldObject: () => old,
  });
  await server.admission.admit(request);
  await server.admission.validate(request);
}

/** The scales of a kind: another form of its objects, to be read in all forms that objects have. */
function scaleView(served: ServedKind): ServedKind {
  scaleRules(served);
  const kind = { ...served.kind, ...{ group: 'autoscaling', version: 'v1' }, ...identity };
  return new ServedKind(served.resource, kind, {
    kind,
    fromStored: (object) => scaleOf(served, object),
    toStored: () => {
      throw new Error('a scale is written through the rules of its kind');
    },
    columns: scaleColumns,
  });
}

const identity = { apiVersion: 'autoscaling/v1', kind: 'Scale' } as const;

/** Source: the scale printer of kube-apiserver. */
const scaleColumns: readonly Column<Scale>[] = [
  nameColumn,
  integer('Desired', 'Replicas that are wanted.', ({ spec }) => spec?.replicas ?? 0),
  integer('Available', 'Replicas that there are.', ({ status }) => status?.replicas ?? 0),
  ageColumn,
];

/** What a scale that is applied says of the object: its replicas alone. */
function objectOfScale(served: ServedKind, { metadata, spec }: Scale): JsonObject {
  const { apiVersion, kind } = served.kind;
  const object = { apiVersion, kind, metadata, spec: {} };
  if (spec?.replicas !== undefined) scaleRules(served).setReplicas(object, spec.replicas);
  return object;
}

function scaleRules(served: ServedKind): ScaleRules<KubernetesObject> {
  const { scale } = served.resource.rules;
  if (scale === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  return scale;
}

function scaleOf(served: ServedKind, object: KubernetesObject): Scale {
  const rules = scaleRules(served);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = rules.replicas(object) ?? 0;
  const selector = rules.selector(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: rules.statusReplicas(object), ...(selector === '' ? {} : { selector }) },
  };
}
