import { encodeJson, initialEventsEnd, isApiError } from '@kubewright/api';
import type { CacheEvent } from '../cache/cache-event.js';
import type { CacheWatch } from '../cache/cache-watch.js';
import type { ObjectList } from '../cache/object-list.js';
import { encodeWatchEvent, withoutFrame } from '../encoding/encode-answer.js';
import type { Exchange } from '../exchange.js';
import type { ByteStream } from '../http/api-request.js';
import type { Distribution } from '../metrics/series.js';
import type { ServedKind } from '../registry/resource.js';
import { type Form, formOf, objectJson, tableJson } from '../tables/forms.js';
import { ConvertedSelection } from './converted-selection.js';
import { versionOptions } from './list-options.js';
import { booleanOption, numberOption, resourceVersionOf, scopeOf, waitForVersion } from './read-options.js';
import { bookmarkEvent, openWatchStream } from './watch-stream.js';

/** A watch without a timeout of its own ends after this, or up to twice as long, so that not all end together. */
const minTimeoutMs = 30 * 60 * 1000;
/** A reader that takes nothing for so long is gone. */
const stuckMs = 30_000;
/** What one write hands to the connection at most, about: it may have to hold it while the reader does not read. */
const writeBytes = 256 * 1024;
/** Before a watch ends it gets a last bookmark, as upstream does it. */
const lastBookmarkMs = 2_000;

/** GET with `watch=true`: events as they come, until the client leaves, the time is over or the server stops. */
export function watch(exchange: Exchange, served: ServedKind): Promise<void> {
  return new Watch(exchange, served).run();
}

class Watch {
  readonly #exchange: Exchange;
  /** As of {@link #generation} of the server's kinds. */
  #served: ServedKind;
  #generation: number;
  readonly #form: Form;
  /** Names the form among the encodings that an event keeps. */
  #formKey = '';
  readonly #sizes: Distribution;
  readonly #timeoutMs: number;
  readonly #abort = new AbortController();
  /** Undefined where the cache answers for the selectors. */
  #converted: ConvertedSelection | undefined;
  #columnsSent = false;
  #bookmarkTimer: NodeJS.Timeout | undefined;
  /** While the reader is behind, a bookmark is not worth its place in the buffer. */
  #behind = false;
  /** Whether the connection keeps what is written in one call apart from the next. */
  #framed = false;

  constructor(exchange: Exchange, served: ServedKind) {
    this.#exchange = exchange;
    this.#served = served;
    this.#generation = exchange.server.resources.generation;
    const form = formOf(exchange.accepted, exchange.info.query);
    // A list of one is no event: each carries the metadata of its object.
    this.#form = form.as === 'PartialObjectMetadataList' ? { ...form, as: 'PartialObjectMetadata' } : form;
    this.#nameForm();
    this.#sizes = exchange.server.metrics.watches.of(served.kind);
    const seconds = numberOption(exchange, 'timeoutSeconds');
    this.#timeoutMs = seconds > 0 ? seconds * 1000 : Math.floor(minTimeoutMs * (1 + Math.random()));
  }

  async run(): Promise<void> {
    const { request, server } = this.#exchange;
    const end = () => this.#abort.abort();
    const timer = setTimeout(end, this.#timeoutMs);
    const ends = [request.signal, server.stopping];
    for (const signal of ends) {
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    }
    try {
      await this.#run();
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#bookmarkTimer);
      for (const signal of ends) signal.removeEventListener('abort', end);
    }
  }

  async #run(): Promise<void> {
    const { server } = this.#exchange;
    const { cache } = this.#served.resource;
    const { signal } = this.#abort;
    const { sendInitialEvents } = versionOptions(this.#exchange, true);
    const version = resourceVersionOf(this.#exchange);
    const bookmarks = booleanOption(this.#exchange, 'allowWatchBookmarks');
    const asked = scopeOf(this.#exchange, this.#served);
    this.#converted = ConvertedSelection.of(this.#served, asked);
    const { scope } = this.#converted ?? { scope: asked };
    const anyVersion = version === undefined || version === 0;
    try {
      if (sendInitialEvents || anyVersion) await waitForVersion(this.#exchange, cache, version);
    } catch (error) {
      // Upstream has begun to answer before it waits.
      if (!sendInitialEvents || !isApiError(error)) throw error;
      const { stream } = await openWatchStream(this.#exchange, this.#form);
      this.#write(stream, this.#encode('ERROR', encodeJson(error.toStatus())));
      stream.end();
      return;
    }
    const turn = server.turns.start();
    const initial = sendInitialEvents
      ? await (this.#converted?.list(cache, scope, turn) ?? cache.select(scope, turn))
      : undefined;
    const after = initial?.revision ?? (anyVersion ? cache.revision : version);
    let stream: ByteStream | undefined;
    try {
      const onOverrun = () => stream?.destroy();
      const events = cache.watch({ ...scope, after, signal, onOverrun });
      const opened = await openWatchStream(this.#exchange, this.#form);
      stream = opened.stream;
      this.#framed = opened.framed;
      if (initial !== undefined) await this.#sendInitial(stream, initial);
      if (sendInitialEvents && bookmarks) {
        this.#write(stream, this.#bookmark(after, { [initialEventsEnd]: 'true' }));
        this.#countStreamedList();
      }
      if (bookmarks) this.#scheduleBookmark(stream, events);
      await this.#forward(stream, events);
    } finally {
      initial?.release();
      stream?.end();
    }
  }

  /** Sends each batch in few writes: all that one tick of the loop brought goes out together. */
  async #forward(stream: ByteStream, watched: CacheWatch): Promise<void> {
    try {
      for await (const batch of watched) {
        this.#followKind();
        const converted = this.#converted;
        const events = converted === undefined ? batch.events : await converted.events(batch.events);
        const preparing = this.#served.prepare(events);
        if (preparing !== undefined) await preparing;
        let frames: Uint8Array[] = [];
        let bytes = 0;
        for (const event of events) {
          const frame = this.#frame(event);
          this.#sizes.observe(frame.length);
          frames.push(frame);
          bytes += frame.length;
          if (bytes < writeBytes) continue;
          if (!(await this.#flush(stream, frames))) return;
          frames = [];
          bytes = 0;
        }
        if (frames.length > 0 && !(await this.#flush(stream, frames))) return;
      }
    } catch (error) {
      if (!isApiError(error)) throw error;
      this.#write(stream, this.#encode('ERROR', encodeJson(error.toStatus())));
    }
  }

  /** False where the watch is over because its reader takes nothing. */
  async #flush(stream: ByteStream, frames: readonly Uint8Array[]): Promise<boolean> {
    if (this.#writeAll(stream, frames)) return true;
    this.#behind = true;
    const drained = await stream.drained(stuckMs);
    this.#behind = false;
    if (!drained) stream.destroy();
    return drained;
  }

  #writeAll(stream: ByteStream, frames: readonly Uint8Array[]): boolean {
    if (!this.#framed) return this.#write(stream, this.#exchange.server.joinedFrames.join(frames));
    let takesMore = true;
    for (const frame of frames) takesMore = this.#write(stream, frame);
    return takesMore;
  }

  #write(stream: ByteStream, frame: Uint8Array): boolean {
    const bytes = this.#framed ? withoutFrame(this.#form.type, frame) : frame;
    this.#exchange.sentBytes += bytes.length;
    return stream.write(bytes);
  }

  async #sendInitial(stream: ByteStream, list: ObjectList): Promise<void> {
    const turn = this.#exchange.server.turns.start();
    const entries = this.#served.resource.forms?.prepare === undefined ? list.entries() : [...list.entries()];
    if (Array.isArray(entries)) await this.#served.prepare(entries);
    let frames: Uint8Array[] = [];
    let bytes = 0;
    for (const entry of entries) {
      const frame = this.#encode('ADDED', this.#object(entry));
      this.#sizes.observe(frame.length);
      frames.push(frame);
      bytes += frame.length;
      if (bytes < writeBytes && !turn.over) continue;
      if (!(await this.#flush(stream, frames))) break;
      frames = [];
      bytes = 0;
      if (turn.over) await turn.next();
      if (this.#abort.signal.aborted) break;
    }
    if (frames.length > 0) await this.#flush(stream, frames);
    list.release();
  }

  #countStreamedList(): void {
    const { counted, server, startedAt } = this.#exchange;
    if (counted === undefined) return;
    const { group, version, resource, scope } = counted.labels;
    const streamed = server.metrics.watches.streamedList({ group, version, resource, scope });
    streamed.observe((server.now() - startedAt) / 1000);
  }

  /** Not all at the same moment: clients that came together would be answered together for ever. */
  #scheduleBookmark(stream: ByteStream, events: CacheWatch): void {
    const started = performance.now();
    const { bookmarkIntervalMs } = this.#exchange.server;
    const next = () => {
      const beforeEnd = this.#timeoutMs - lastBookmarkMs - (performance.now() - started);
      const jittered = bookmarkIntervalMs * (1 + Math.random() / 4);
      this.#bookmarkTimer = setTimeout(
        () => {
          if (!this.#behind) this.#write(stream, this.#bookmark(events.revision, undefined));
          next();
        },
        beforeEnd > 0 ? Math.min(jittered, beforeEnd) : jittered,
      );
    };
    next();
  }

  #nameForm(): void {
    const { type, as, apiVersion } = this.#form;
    const kinds = this.#served.resource.forms === undefined ? '' : `${this.#generation}`;
    this.#formKey = `${this.#served.kind.apiVersion} ${type} ${as} ${apiVersion} ${kinds}`;
  }

  /** The schema of a custom resource may change while it is watched; where its version is gone, the watch ends. */
  #followKind(): void {
    const { resources } = this.#exchange.server;
    if (resources.generation === this.#generation) return;
    this.#generation = resources.generation;
    const { group, version, plural } = this.#served.kind;
    const served = resources.at(group, version, plural);
    if (served === undefined || served.resource.cache !== this.#served.resource.cache) {
      this.#abort.abort();
      return;
    }
    this.#served = served;
    this.#nameForm();
    const converted = ConvertedSelection.of(served, scopeOf(this.#exchange, served));
    // The cache was asked for less, or for more.
    if ((converted === undefined) !== (this.#converted === undefined)) this.#abort.abort();
    this.#converted = converted;
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
    return bookmarkEvent(this.#served, this.#form, String(revision), annotations);
  }

  #encode(event: string, json: Buffer | string): Uint8Array {
    return encodeWatchEvent(this.#form.type, event, json);
  }
}
