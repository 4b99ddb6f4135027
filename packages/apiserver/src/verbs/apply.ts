import {
  ApiError,
  badRequest,
  conflict,
  isApiError,
  JsonSyntaxError,
  type KubernetesObject,
} from '@kubewright/api';
import { fromYaml } from '../encoding/yaml.js';
import type { Exchange } from '../exchange.js';
import { metadataOf } from '../patch/field-ownership.js';
import { goJsonName, isObject, type JsonObject } from '../patch/json-object.js';
import { type ApplyWrite, applyConfiguration, checkTypes } from '../patch/server-side-apply.js';
import { createObject } from '../registry/create-object.js';
import { FieldOwnership } from '../registry/field-ownership.js';
import { matchNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import { updateObject } from '../registry/update-object.js';
import type { WriteContext } from '../registry/write-context.js';
import { answerObject } from './answer.js';
import { conversionProblem } from './patched-form.js';
import { fromJson } from './read-body.js';
import { matchName } from './update.js';
import { type FieldValidation, writeContext, writeOptions } from './write-options.js';
import { warnAboutWrite } from './write-warnings.js';

/** The media type of a server-side apply; JSON is YAML too. */
export const applyMediaType = 'application/apply-patch+yaml';

/** Another form of the object, which is applied and answered in its place. */
export interface AppliedForm {
  readonly view: ServedKind;
  /** What the configuration of the other form says of the object itself. */
  configuration(config: JsonObject): JsonObject;
  /** Has admission look at the other form of what the object becomes; may change the object as admission says. */
  admit(object: KubernetesObject, current: KubernetesObject): Promise<void>;
}

/**
 * PATCH with a configuration: server-side apply to an object or to a subresource of its own kind, or of another with
 * its `form`.
 */
export async function apply(exchange: Exchange, served: ServedKind, form?: AppliedForm): Promise<void> {
  const { server, info } = exchange;
  const { namespace, name, subresource } = info;
  const { resource } = served;
  const options = writeOptions(exchange);
  const { config: sent, problems } = readConfiguration(await exchange.readBody());
  const config = form === undefined ? sent : form.configuration(sent);
  const writer = { manager: options.fieldManager, now: () => server.now() };
  const ownership = new FieldOwnership(served, writer);
  const write = ownership.applyWrite(subresource, options.force);
  const { dryRun, given } = options;
  // The apply itself says whose the fields are.
  const context: WriteContext = {
    ...writeContext(exchange, served, { dryRun, given }),
    ...(form === undefined ? {} : { admitted: true }),
  };
  const applied = (live: KubernetesObject | undefined): KubernetesObject | undefined => {
    const before = live as JsonObject | undefined;
    const value = applyConfiguration(before, config, write);
    tellProblems(exchange, problems, options.fieldValidation);
    if (value === before) return undefined;
    const object = converted(value, { config, served, write });
    matchNamespace(object, namespace, served.resource);
    matchName(object, name);
    return served.toStored(object);
  };
  let created = false;
  const create = async () => {
    const object = applied(undefined);
    if (object === undefined) throw new Error('an apply to nothing makes an object');
    refuseUid(served, object);
    const made = await createObject(server, resource, object, context);
    // One who comes too late for it updates after all.
    created = true;
    return made;
  };
  const written = await updateObject(
    server,
    resource,
    {
      namespace,
      name,
      subresource,
      change: (current) => {
        const object = ownership.converting(() => applied(served.fromStored(current)));
        return form === undefined ? object : admittedForm(form, object, current);
      },
      ...(subresource === '' ? { create } : {}),
    },
    form === undefined ? context : { ...context, admitted: true },
  );
  warnAboutWrite(exchange, resource, written);
  return answerObject(exchange, form?.view ?? served, created ? 201 : 200, written);
}

async function admittedForm(
  form: AppliedForm,
  applied: KubernetesObject | undefined | Promise<KubernetesObject | undefined>,
  current: KubernetesObject,
): Promise<KubernetesObject | undefined> {
  const object = await applied;
  await form.admit(object ?? structuredClone(current), current);
  return object;
}

interface Converted {
  readonly config: JsonObject;
  readonly served: ServedKind;
  readonly write: ApplyWrite;
}

/** @throws ApiError with code 500, as upstream, for what its schema lets pass and its Go type does not */
function converted(value: JsonObject, { config, served, write }: Converted): KubernetesObject {
  const { normalise, normaliseApplied = normalise } = served.body;
  const { apiVersion, kind } = served.kind;
  try {
    const { object, unknownFields } = normaliseApplied(value);
    if (unknownFields.length > 0) checkTypes(config, write);
    return { ...object, apiVersion, kind, metadata: object.metadata ?? {} } as KubernetesObject;
  } catch (error) {
    if (!isApiError(error) || error.reason !== 'BadRequest') throw error;
    // What is one field was not looked into before.
    checkTypes(config, write);
    const { namespace = '', name = '' } = metadataOf(config);
    const type = `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
    throw new ApiError(
      '',
      `failed to convert new object (${namespace}/${name}; ${type}) to proper version: unable to convert unstructured object to ${type}: ${conversionProblem(error.message)}`,
      { code: 500 },
    );
  }
}

function readConfiguration(bytes: Buffer): { config: JsonObject; problems: readonly string[] } {
  const { value, problems } = parse(bytes);
  if (value === null || value === undefined) return { config: {}, problems };
  if (!isObject(value))
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${goJsonName(value)} into Go value of type map[string]interface {}`,
    );
  return { config: value, problems };
}

function parse(bytes: Buffer): { value: unknown; problems: readonly string[] } {
  if (bytes[0] === '{'.charCodeAt(0)) {
    try {
      const json = fromJson(bytes, 'plain');
      // To upstream all of it is YAML, and the YAML reader words what it finds.
      if (json.problems.length === 0) return json;
    } catch (error) {
      // A flow mapping of YAML begins like JSON.
      if (!(error instanceof JsonSyntaxError)) throw error;
    }
  }
  try {
    return fromYaml(bytes.toString('utf8'));
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw badRequest(`error decoding YAML: ${error.message}`);
  }
}

/** @throws ApiError BadRequest for keys that occur twice, where the client is strict */
function tellProblems(exchange: Exchange, problems: readonly string[], validation: FieldValidation): void {
  if (problems.length === 0 || validation === 'Ignore') return;
  if (validation === 'Strict')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${problems.join('\n')}`);
  for (const problem of problems) exchange.warn(problem.slice(problem.lastIndexOf('\n') + 1).trim());
}

/** @throws ApiError Conflict for a configuration of an object that should exist */
function refuseUid({ kind }: ServedKind, { metadata }: KubernetesObject): void {
  const { uid, name = '' } = metadata;
  if (uid === undefined || uid === '') return;
  throw conflict(
    kind,
    name,
    `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
  );
}
