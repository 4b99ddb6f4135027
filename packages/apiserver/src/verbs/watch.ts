import { encodeJson, initialEventsEnd, isApiError } from '@kubewright/api';
import type { CacheEvent } from '../cache/cache-event.js';
import type { CacheEntry } from '../cache/object-table.js';
import { encodeWatchEvent } from '../encoding/encode-answer.js';
import type { ContentType } from '../encoding/negotiate.js';
import type { Exchange } from '../exchange.js';
import type { ByteStream } from '../http/api-request.js';
import type { ServedKind } from '../registry/resource.js';
import { type Form, formOf, objectJson, tableJson } from '../tables/forms.js';
import { versionOptions } from './list-options.js';
import { booleanOption, numberOption, resourceVersionOf, scopeOf, waitForVersion } from './read-options.js';

/** Upstream's interval of bookmarks. */
const bookmarkMs = 60_000;
/** A watch without a timeout of its own ends after this, or up to twice as long, so that not all end together. */
const minTimeoutMs = 30 * 60 * 1000;

/** GET with `watch=true`: events as they come, until the client leaves, the time is over or the server stops. */
export function watch(exchange: Exchange, served: ServedKind): Promise<void> {
  return exchange.server.metrics.requests.longRunning(exchange, () => new Watch(exchange, served).run());
}

class Watch {
  readonly #exchange: Exchange;
  readonly #served: ServedKind;
  readonly #form: Form;
  /** Names the form among the encodings that an event keeps. */
  readonly #formKey: string;
  #columnsSent = false;

  constructor(exchange: Exchange, served: ServedKind) {
    this.#exchange = exchange;
    this.#served = served;
    const form = formOf(exchange.accepted, exchange.info.query);
    // A list of one is no event: each carries the metadata of its object.
    this.#form = form.as === 'PartialObjectMetadataList' ? { ...form, as: 'PartialObjectMetadata' } : form;
    this.#formKey = `${served.kind.apiVersion} ${form.type} ${form.as} ${form.apiVersion}`;
  }

  async run(): Promise<void> {
    const { request, server } = this.#exchange;
    const { cache } = this.#served.resource;
    const { sendInitialEvents } = versionOptions(this.#exchange, true);
    const version = resourceVersionOf(this.#exchange);
    const bookmarks = booleanOption(this.#exchange, 'allowWatchBookmarks');
    const scope = scopeOf(this.#exchange, this.#served);
    const signal = AbortSignal.any([request.signal, server.stopping, this.#timeout()]);
    const starts = sendInitialEvents || version === undefined || version === 0;
    if (starts) await waitForVersion(this.#exchange, cache);
    const initial = starts ? await cache.list(scope) : undefined;
    const after = initial?.revision ?? version ?? 0;
    const events = cache.watch({ ...scope, after, signal });
    const stream = this.#exchange.open(200, streamType(this.#form.type));
    if (initial !== undefined) await this.#sendInitial(stream, initial.entries, signal);
    if (sendInitialEvents && bookmarks) stream.write(this.#bookmark(after, { [initialEventsEnd]: 'true' }));
    const timer = bookmarks
      ? setInterval(() => stream.write(this.#bookmark(events.revision, undefined)), bookmarkMs)
      : undefined;
    try {
      for await (const batch of events) {
        const frames = batch.events.map((event) => this.#frame(event));
        const bytes = frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames);
        if (!stream.write(bytes)) await stream.drained();
      }
    } catch (error) {
      if (!isApiError(error)) throw error;
      stream.write(this.#encode('ERROR', encodeJson(error.toStatus())));
    } finally {
      clearInterval(timer);
      stream.end();
    }
  }

  #timeout(): AbortSignal {
    const seconds = numberOption(this.#exchange, 'timeoutSeconds');
    return AbortSignal.timeout(seconds > 0 ? seconds * 1000 : Math.floor(minTimeoutMs * (1 + Math.random())));
  }

  async #sendInitial(stream: ByteStream, entries: readonly CacheEntry[], signal: AbortSignal): Promise<void> {
    for (const entry of entries) {
      if (signal.aborted) return;
      if (!stream.write(this.#encode('ADDED', this.#object(entry)))) await stream.drained();
    }
  }

  /** Framed once for all who watch in this form; a Table's ages are of the moment and its columns are sent once. */
  #frame(event: CacheEvent): Uint8Array {
    if (this.#form.as === 'Table') return this.#encode(event.type, this.#object(event));
    return event.encoded(this.#formKey, () => this.#encode(event.type, this.#object(event)));
  }

  #object(entry: { readonly bytes: Buffer; readonly revision: number }): Buffer | string {
    const now = this.#exchange.server.now();
    if (this.#form.as !== 'Table') return objectJson(this.#served, this.#form, entry, now);
    const metadata = { resourceVersion: String(entry.revision) };
    const columns = !this.#columnsSent;
    this.#columnsSent = true;
    return tableJson(this.#served, this.#form, [entry], metadata, now, columns);
  }

  #bookmark(revision: number, annotations: Record<string, string> | undefined): Uint8Array {
    const { kind, apiVersion } = this.#served.kind;
    const metadata = {
      resourceVersion: String(revision),
      ...(annotations === undefined ? {} : { annotations }),
    };
    if (this.#form.as === 'Table')
      return this.#encode('BOOKMARK', tableJson(this.#served, this.#form, [], metadata, 0, false));
    const identity =
      this.#form.as === 'object'
        ? { kind, apiVersion }
        : { kind: 'PartialObjectMetadata', apiVersion: this.#form.apiVersion };
    return this.#encode('BOOKMARK', encodeJson({ ...identity, metadata }));
  }

  #encode(event: string, json: Buffer | string): Uint8Array {
    return encodeWatchEvent(this.#form.type, event, json);
  }
}

/** As upstream says it: the parameter goes without saying in JSON. */
function streamType(type: ContentType): string {
  return type === 'application/json' ? type : `${type};stream=watch`;
}
