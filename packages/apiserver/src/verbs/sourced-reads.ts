import { initialEventsEnd, type KubernetesObject, notFound } from '@kubewright/api';
import { headOf } from '../cache/head.js';
import { selects } from '../cache/selection.js';
import { encodeWatchEvent } from '../encoding/encode-answer.js';
import type { Exchange } from '../exchange.js';
import { type ObjectSource, sourceEntry } from '../registry/object-source.js';
import type { ServedKind } from '../registry/resource.js';
import { formOf, listPieces, objectJson } from '../tables/forms.js';
import { answerObject } from './answer.js';
import { versionOptions } from './list-options.js';
import { booleanOption, numberOption, scopeOf } from './read-options.js';
import { bookmarkEvent, openWatchStream } from './watch-stream.js';

/** GET of an object that its source has. */
export async function getSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name } = exchange.info;
  const object = await sourceOf(served).get(namespace, name);
  if (object === undefined) throw notFound(served.kind, name);
  return answerObject(exchange, served, 200, sourceEntry(object, served.kind));
}

/** GET of a collection that its source has. */
export async function listSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, selects: isSelected } = selectorOf(exchange, served);
  const objects = (await sourceOf(served).list(namespace)).filter(isSelected);
  const entries = objects.map((object) => sourceEntry(object, served.kind));
  const newest = entries.reduce((most, { revision }) => Math.max(most, revision), 0);
  const form = formOf(exchange.accepted, exchange.info.query);
  const metadata = newest === 0 ? {} : { resourceVersion: String(newest) };
  const pieces = listPieces(served, form, entries, metadata, exchange.server.now());
  exchange.send(200, form.type, Buffer.concat([...pieces]));
}

/**
 * GET with `watch=true`: what there is, then the changes that the source tells of, until the client leaves, its
 * `timeoutSeconds` are over or the server stops.
 */
export async function watchSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { server, request, info } = exchange;
  const source = sourceOf(served);
  const { namespace, selects: isSelected } = selectorOf(exchange, served);
  const { sendInitialEvents } = versionOptions(exchange, true);
  const version = info.query.get('resourceVersion') ?? '';
  const bookmarks = booleanOption(exchange, 'allowWatchBookmarks');
  const seconds = numberOption(exchange, 'timeoutSeconds');
  const ends = [request.signal, server.stopping];
  if (seconds > 0) ends.push(AbortSignal.timeout(seconds * 1000));
  const changes = source.watch?.(namespace, AbortSignal.any(ends));
  if (changes === undefined) return;
  const form = formOf(exchange.accepted, info.query);
  const frame = (type: string, entry: SourcedEntry) =>
    encodeWatchEvent(form.type, type, objectJson(served, form, entry, server.now()));
  const entryOf = (object: KubernetesObject) => sourceEntry(object, served.kind);
  const { stream } = await openWatchStream(exchange, form);
  try {
    if (sendInitialEvents ?? (version === '' || version === '0')) {
      const entries = (await source.list(namespace)).filter(isSelected).map(entryOf);
      for (const entry of entries) if (!stream.write(frame('ADDED', entry))) await stream.drained();
      // As of a list: what has no versions ends with the first.
      const newest = entries.reduce((most, { revision }) => Math.max(most, revision), 1);
      if (sendInitialEvents && bookmarks)
        stream.write(bookmarkEvent(served, form, String(newest), { [initialEventsEnd]: 'true' }));
    }
    for await (const { type, object } of changes) {
      if (!isSelected(object)) continue;
      if (!stream.write(frame(type, entryOf(object)))) await stream.drained();
    }
  } finally {
    stream.end();
  }
}

type SourcedEntry = ReturnType<typeof sourceEntry>;

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
