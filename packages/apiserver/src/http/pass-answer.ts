import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Exchange } from '../exchange.js';
import type { ResponseHeaders } from './api-request.js';

/** Answers with what another server answers, as it comes, under these headers. @param body where it was changed */
export async function passAnswer(
  exchange: Exchange,
  incoming: IncomingMessage,
  { 'content-type': contentType = 'application/octet-stream', ...headers }: ResponseHeaders,
  body: Readable = incoming,
): Promise<void> {
  const stream = exchange.open(incoming.statusCode ?? 502, String(contentType), headers);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) if (!stream.write(chunk)) await stream.drained();
    stream.end();
  } catch (error) {
    // The answer has begun, so all that can be said is that it is not whole.
    stream.destroy();
    if (!exchange.request.signal.aborted) throw error;
  }
}
