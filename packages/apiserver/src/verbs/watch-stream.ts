import { encodeJson } from '@kubewright/api';
import { encodeWatchEvent } from '../encoding/encode-answer.js';
import type { ContentType } from '../encoding/negotiate.js';
import type { Exchange } from '../exchange.js';
import type { ByteStream } from '../http/api-request.js';
import type { ServedKind } from '../registry/resource.js';
import { bookmarkTable, type Form } from '../tables/forms.js';

/** Where the events of a watch go. */
export interface WatchStream {
  readonly stream: ByteStream;
  /** Whether the connection keeps what is written in one call apart from the next. */
  readonly framed: boolean;
}

/** Begins to answer a watch. Over WebSocket each event is a message, of which fabric8's client and browsers make use. */
export async function openWatchStream(exchange: Exchange, { type }: Form): Promise<WatchStream> {
  const { upgrade, headers } = exchange.request;
  if (upgrade === undefined || headers.upgrade?.toLowerCase() !== 'websocket')
    return { stream: exchange.open(200, streamType(type)), framed: false };
  // Loaded by those who need it.
  const { openWebSocket } = await import('../http/web-socket-stream.js');
  const isBinary = type === 'application/vnd.kubernetes.protobuf';
  const stream = await openWebSocket(exchange.request, upgrade, isBinary);
  exchange.status = 101;
  return { stream, framed: true };
}

/** As upstream says it: the parameter goes without saying in JSON. */
function streamType(type: ContentType): string {
  return type === 'application/json' ? type : `${type};stream=watch`;
}

/** How far a watch has come, as an event. */
export function bookmarkEvent(
  served: ServedKind,
  form: Form,
  resourceVersion: string,
  annotations: Record<string, string> | undefined,
): Uint8Array {
  const { kind, apiVersion } = served.kind;
  const metadata = { resourceVersion, ...(annotations === undefined ? {} : { annotations }) };
  if (form.as === 'Table')
    return encodeWatchEvent(form.type, 'BOOKMARK', bookmarkTable(served, form, metadata));
  const identity =
    form.as === 'object'
      ? { kind, apiVersion }
      : { kind: 'PartialObjectMetadata', apiVersion: form.apiVersion };
  return encodeWatchEvent(form.type, 'BOOKMARK', encodeJson({ ...identity, metadata }));
}
