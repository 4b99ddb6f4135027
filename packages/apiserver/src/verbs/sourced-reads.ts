import { type KubernetesObject, notFound } from '@kubewright/api';
import { headOf } from '../cache/head.js';
import { selects } from '../cache/selection.js';
import { encodeWatchEvent } from '../encoding/encode-answer.js';
import type { Exchange } from '../exchange.js';
import { type ObjectSource, sourceEntry } from '../registry/object-source.js';
import type { ServedKind } from '../registry/resource.js';
import { formOf, listPieces, objectJson } from '../tables/forms.js';
import { answerObject } from './answer.js';
import { scopeOf } from './read-options.js';

/** GET of an object that its source has. */
export async function getSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name } = exchange.info;
  const object = await sourceOf(served).get(namespace, name);
  if (object === undefined) throw notFound(served.kind, name);
  return answerObject(exchange, served, 200, sourceEntry(identified(served, object)));
}

/** GET of a collection that its source has. */
export async function listSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, selects: isSelected } = selectorOf(exchange, served);
  const objects = (await sourceOf(served).list(namespace)).filter(isSelected);
  const entries = objects.map((object) => sourceEntry(identified(served, object)));
  const newest = entries.reduce((most, { revision }) => Math.max(most, revision), 0);
  const form = formOf(exchange.accepted, exchange.info.query);
  const metadata = { resourceVersion: newest === 0 ? '' : String(newest) };
  const pieces = listPieces(served, form, entries, metadata, exchange.server.now());
  exchange.send(200, form.type, Buffer.concat([...pieces]));
}

/** GET with `watch=true`: what there is, then the changes that the source tells of. */
export async function watchSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { server, request, info } = exchange;
  const source = sourceOf(served);
  const { namespace, selects: isSelected } = selectorOf(exchange, served);
  const signal = AbortSignal.any([request.signal, server.stopping]);
  const changes = source.watch?.(namespace, signal);
  if (changes === undefined) return;
  const form = formOf(exchange.accepted, info.query);
  const frame = (type: string, object: KubernetesObject) =>
    encodeWatchEvent(
      form.type,
      type,
      objectJson(served, form, sourceEntry(identified(served, object)), server.now()),
    );
  const stream = exchange.open(200, form.type);
  try {
    const version = info.query.get('resourceVersion') ?? '';
    if (version === '' || version === '0')
      for (const object of (await source.list(namespace)).filter(isSelected))
        stream.write(frame('ADDED', object));
    for await (const { type, object } of changes) {
      if (!isSelected(object)) continue;
      if (!stream.write(frame(type, object))) await stream.drained();
    }
  } finally {
    stream.end();
  }
}

function sourceOf({ resource }: ServedKind): ObjectSource {
  const { source } = resource.rules;
  if (source === undefined) throw new Error(`${resource.rules.kind.kind} has no source of its own`);
  return source;
}

function selectorOf(exchange: Exchange, served: ServedKind) {
  const { namespace, selection } = scopeOf(exchange, served);
  return {
    namespace,
    selects: (object: KubernetesObject) => {
      const name = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
      return selects(selection, name, headOf(object, served.kind.selectableFields));
    },
  };
}

/** Sources need not say the kind of each object. */
function identified({ kind }: ServedKind, object: KubernetesObject): KubernetesObject {
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
}
