import { initialEventsEnd, type KubernetesObject, notFound } from '@kubewright/api';
import { headOf } from '../cache/head.js';
import { type Selection, selects, transition } from '../cache/selection.js';
import { encodeWatchEvent, withoutFrame } from '../encoding/encode-answer.js';
import type { Exchange } from '../exchange.js';
import { type ObjectSource, sourceEntry } from '../registry/object-source.js';
import type { ServedKind } from '../registry/resource.js';
import { type FeedEvent, idOf, type SourceFeed } from '../registry/source-feed.js';
import { type Form, formOf, listPieces, objectJson } from '../tables/forms.js';
import { answerObject } from './answer.js';
import { isOfName } from './converted-selection.js';
import { versionOptions } from './list-options.js';
import { booleanOption, numberOption, resourceVersionOf, scopeOf } from './read-options.js';
import { bookmarkEvent, openWatchStream } from './watch-stream.js';

/** GET of an object that its source has. */
export async function getSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name } = exchange.info;
  const object = await sourceOf(served).get(namespace, name);
  if (object === undefined) throw notFound(served.kind, name);
  return answerObject(exchange, served, 200, sourceEntry(object, served.kind));
}

/** GET of a collection that its source has. Its version is where a watch goes on, if there is one. */
export async function listSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, selects: isSelected } = selectorOf(exchange, served);
  const position = feedOf(exchange, served)?.position;
  const objects = (await sourceOf(served).list(namespace)).filter(isSelected);
  const entries = objects.map((object) => sourceEntry(object, served.kind));
  const version = position ?? entries.reduce((most, { revision }) => Math.max(most, revision), 0);
  const form = formOf(exchange.accepted, exchange.info.query);
  const metadata = version === 0 ? {} : { resourceVersion: String(version) };
  const pieces = listPieces(served, form, entries, metadata, exchange.server.now());
  exchange.send(200, form.type, Buffer.concat([...pieces]));
}

/**
 * GET with `watch=true`: what there is, or what happened since a list or a bookmark, then the changes that the source
 * tells of, until the client leaves, its `timeoutSeconds` are over or the server stops.
 * @throws ApiError Expired for a version that the feed does not know, as are those that the source gives its objects
 */
export async function watchSourced(exchange: Exchange, served: ServedKind): Promise<void> {
  const { server, request, info } = exchange;
  const feed = feedOf(exchange, served);
  if (feed === undefined) return;
  const { sendInitialEvents } = versionOptions(exchange, true);
  const version = resourceVersionOf(exchange);
  const seconds = numberOption(exchange, 'timeoutSeconds');
  const ends = [request.signal, server.stopping];
  if (seconds > 0) ends.push(AbortSignal.timeout(seconds * 1000));
  const now = feed.position;
  const anyVersion = version === undefined || version === 0;
  const after = sendInitialEvents || anyVersion ? now : version;
  const events = feed.follow(after, AbortSignal.any(ends));
  const form = formOf(exchange.accepted, info.query);
  const { stream, framed } = await openWatchStream(exchange, form);
  const write = (frame: Uint8Array) => stream.write(framed ? withoutFrame(form.type, frame) : frame);
  const bookmark = (position: number, annotations?: Record<string, string>) =>
    write(bookmarkEvent(served, form, String(position), annotations));
  const bookmarks = booleanOption(exchange, 'allowWatchBookmarks');
  const reader = new SourceReader(exchange, served, form);
  let position = after;
  const timer = bookmarks
    ? setInterval(() => bookmark(position), server.bookmarkIntervalMs * (1 + Math.random() / 4))
    : undefined;
  try {
    for (const frame of await reader.begin(sendInitialEvents)) if (!write(frame)) await stream.drained();
    if (sendInitialEvents && bookmarks) bookmark(after, { [initialEventsEnd]: 'true' });
    for await (const event of events) {
      const frame = reader.read(event, event.position <= now);
      if (frame !== undefined && !write(frame)) await stream.drained();
      ({ position } = event);
    }
  } finally {
    clearInterval(timer);
    stream.end();
  }
}

/** What one watcher sees of a source: an object that enters its selection is ADDED, one that leaves it DELETED. */
class SourceReader {
  readonly #exchange: Exchange;
  readonly #served: ServedKind;
  readonly #form: Form;
  readonly #selector: ReturnType<typeof selectorOf>;
  /** The selected objects, where not all are. */
  #known: Set<string> | undefined;

  constructor(exchange: Exchange, served: ServedKind, form: Form) {
    this.#exchange = exchange;
    this.#served = served;
    this.#form = form;
    this.#selector = selectorOf(exchange, served);
  }

  /** The frames of what there is, where these are wanted. */
  async begin(wanted: boolean): Promise<Uint8Array[]> {
    const { namespace, selects: isSelected, selectsAll } = this.#selector;
    if (!wanted && selectsAll) return [];
    const objects = (await sourceOf(this.#served).list(namespace)).filter(isSelected);
    if (!selectsAll) this.#known = new Set(objects.map(idOf));
    return wanted ? objects.map((object) => this.#frame('ADDED', object, undefined)) : [];
  }

  /** @param missed whether the change came before the watcher did, who may have seen the object before it */
  read({ type, object, position }: FeedEvent, missed: boolean): Uint8Array | undefined {
    const { namespace, selects: isSelected, mayName } = this.#selector;
    if (namespace !== undefined && object.metadata.namespace !== namespace) return undefined;
    const known = this.#known;
    if (known === undefined) return this.#frame(type, object, position);
    const id = idOf(object);
    const after = type !== 'DELETED' && isSelected(object);
    const before = known.has(id) || (missed && type !== 'ADDED' && mayName(object));
    if (after) known.add(id);
    else known.delete(id);
    const seen = transition(before, after);
    return seen && this.#frame(seen, object, position);
  }

  #frame(type: string, object: KubernetesObject, position: number | undefined): Uint8Array {
    const { bytes, revision } = sourceEntry(object, this.#served.kind);
    const entry = { bytes, revision: position ?? revision };
    const { server } = this.#exchange;
    return encodeWatchEvent(this.#form.type, type, objectJson(this.#served, this.#form, entry, server.now()));
  }
}

function feedOf({ server }: Exchange, { resource }: ServedKind): SourceFeed | undefined {
  return resource.source?.feed({
    now: () => server.now(),
    signal: server.stopping,
    onProblem: (error) =>
      server.logger.error({ error, kind: resource.rules.kind.kind }, 'the watch of a source failed'),
  });
}

function sourceOf({ resource }: ServedKind): ObjectSource {
  const { source } = resource.rules;
  if (source === undefined) throw new Error(`${resource.rules.kind.kind} has no source of its own`);
  return source;
}

function selectorOf(exchange: Exchange, served: ServedKind) {
  const { namespace, selection } = scopeOf(exchange, served);
  const { labels, fields } = selection;
  const names = (fields ?? []).filter(({ field }) => isOfName(field));
  const matches = (wanted: Selection) => (object: KubernetesObject) => {
    const name = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
    return selects(wanted, name, headOf(object, served.kind.selectableFields));
  };
  return {
    namespace,
    selectsAll: labels === undefined && fields === undefined,
    selects: matches(selection),
    /** Whether the names that are asked for are the object's, which never changes. */
    mayName: matches({ fields: names }),
  };
}
