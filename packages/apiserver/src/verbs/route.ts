import { type Endpoint, listRoute, objectRoute } from '../encoding/negotiate.js';
import { hasProtobufForm } from '../encoding/protobuf.js';
import type { Exchange } from '../exchange.js';
import type { RequestInfo } from '../http/request-info.js';
import type { ServedKind } from '../registry/resource.js';
import { connect } from './connect.js';
import { create } from './create.js';
import { createSubresource } from './create-subresource.js';
import { deleteVerb } from './delete.js';
import { deleteCollection } from './delete-collection.js';
import { get } from './get.js';
import { list } from './list.js';
import { patch } from './patch.js';
import { proxy } from './proxy.js';
import { answerUnknown, methodNotAllowed, unknownResource, watchNotSupported } from './refusals.js';
import { review } from './review.js';
import { getScale, patchScale, updateScale } from './scale.js';
import { getSourced, listSourced, watchSourced } from './sourced-reads.js';
import { update } from './update.js';
import { watch } from './watch.js';

type VerbFunction = (exchange: Exchange, served: ServedKind) => Promise<void>;

const objectVerbs: Readonly<Record<string, VerbFunction>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: deleteVerb,
  deletecollection: deleteCollection,
};

/** Reads of what is not in the store, and so in no cache. */
const sourcedVerbs: Readonly<Record<string, VerbFunction>> = {
  get: getSourced,
  list: listSourced,
  watch: watchSourced,
};

/** Subresources that speak the object's own kind (status, resize, finalize, …). */
const ownKindVerbs: Readonly<Record<string, VerbFunction>> = { get, update, patch };

const scaleVerbs: Readonly<Record<string, VerbFunction>> = {
  get: getScale,
  update: updateScale,
  patch: patchScale,
};

/** Hands the request to its verb: a resource's, or the handler of a path that is none. */
export async function route(exchange: Exchange): Promise<void> {
  const { info, server } = exchange;
  if (server.aggregator?.concerns(info)) {
    await server.aggregator.handle(exchange);
    return;
  }
  if (!info.isResource) {
    await server.paths.handle(exchange);
    return;
  }
  const served = server.resources.at(info.group, info.version, info.resource);
  if (served === undefined) {
    const asked = server.resources.reviewAt(info.group, info.version, info.resource);
    if (asked === undefined) answerUnknown(exchange);
    else await review(exchange, asked);
    return;
  }
  const run = verbOf(exchange, served);
  exchange.counted = server.metrics.requests.ofResource(exchange, served);
  const { deprecation } = served.resource.rules;
  if (deprecation !== undefined) {
    exchange.warn(deprecation);
    exchange.annotate('k8s.io/deprecated', 'true');
  }
  // A stream is not in the API's types.
  if (run !== connect && run !== proxy) exchange.accept(new ServedEndpoint(served, info.verb));
  // What has no deadline goes on for as long as its client wants.
  if (exchange.deadline !== undefined) await run(exchange, served);
  else await server.metrics.requests.longRunning(exchange, () => run(exchange, served));
}

/** Of a served kind. Whether it has a protobuf form is looked up where somebody asks for more than JSON. */
class ServedEndpoint implements Endpoint {
  readonly transforms = true;
  readonly #served: ServedKind;
  readonly #verb: string;

  constructor(served: ServedKind, verb: string) {
    this.#served = served;
    this.#verb = verb;
  }

  get produces(): readonly string[] | undefined {
    if (!this.#served.isBuiltin) return undefined;
    return readVerbs.has(this.#verb) ? listRoute : objectRoute;
  }

  get protobuf(): boolean {
    const { apiVersion, kind } = this.#served.kind;
    return hasProtobufForm(apiVersion, kind);
  }
}

function verbOf({ info, request }: Exchange, served: ServedKind): VerbFunction {
  const { subresource, verb } = info;
  const isHead = request.method === 'HEAD' && served.isBuiltin;
  const definition = subresource === '' ? undefined : served.kind.subresources[subresource];
  if (!hasPath(info, served) || (subresource !== '' && definition === undefined)) throw unknownResource();
  if (definition === undefined) {
    const run = objectVerbs[verb];
    const allowed = served.kind.verbs.some((one) => one === verb);
    if (verb === 'watch' && !allowed && served.kind.verbs.includes('list'))
      throw watchNotSupported(served.kind);
    if (run === undefined || !allowed || isHead || !fitsPath(info, served)) throw methodNotAllowed();
    return (served.resource.rules.source === undefined ? undefined : sourcedVerbs[verb]) ?? run;
  }
  const { rules } = served.resource;
  const own = rules.subresources?.[subresource];
  if (own?.proxy !== undefined) return proxy;
  if (own?.serve !== undefined) return connect;
  let run: VerbFunction | undefined;
  if (own?.connect !== undefined) run = definition.verbs.some((one) => one === verb) ? connect : undefined;
  else if (info.rest.length > 0) throw unknownResource();
  else if (own?.create !== undefined) run = verb === 'create' ? createSubresource : undefined;
  else if (subresource === 'scale' && rules.scale !== undefined) run = scaleVerbs[verb];
  else if (definition.kind === served.kind.kind) run = ownKindVerbs[verb];
  else throw unknownResource();
  if (run === undefined || isHead) throw methodNotAllowed();
  return run;
}

/** A kind of the cluster is in no namespace, and an object of a namespace is named with that. */
function hasPath({ name, inNamespace }: RequestInfo, { kind }: ServedKind): boolean {
  return kind.scope === 'Namespaced' ? inNamespace || name === '' : !inNamespace;
}

/** Verbs of one object need its name, verbs of a collection have none; only reads go over all namespaces. */
function fitsPath({ verb, name, namespace }: RequestInfo, { kind }: ServedKind): boolean {
  const named = name !== '';
  if (named ? collectionVerbs.has(verb) : !collectionVerbs.has(verb) && !readVerbs.has(verb)) return false;
  return kind.scope !== 'Namespaced' || namespace !== '' || (!named && readVerbs.has(verb));
}

const collectionVerbs = new Set(['create', 'deletecollection']);
const readVerbs = new Set(['list', 'watch']);
