import { type JsonReading, type ParsedJson, parseJson } from './parse-json.js';
import { scanJson } from './scan-json.js';

/**
 * How deep a body may nest. Go's decoder stops at 10,000; every object that an API server accepts is walked by
 * recursive functions later, which JavaScript's stack bounds earlier.
 */
export const maxJsonDepth = 1000;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The one decoder of JSON bodies: bytes become a value that encodes to the same JSON again. Integers beyond 2^53 are
 * bigints, `__proto__` keys are plain own properties, and keys that occur twice are reported, not dropped silently.
 * Bytes that are no UTF-8 become U+FFFD, as in Go.
 * @throws JsonSyntaxError with the message that Go's encoding/json has for the same body
 */
export function decodeJson(bytes: Uint8Array, reading: JsonReading = 'plain'): ParsedJson {
  const text = utf8.decode(bytes);
  if (scanJson(bytes, maxJsonDepth) === 'plain') {
    try {
      return { value: JSON.parse(text) as unknown, duplicates: [] };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      // The exact parser finds the same fault, and words it as clients know it.
    }
  }
  return parseJson(text, maxJsonDepth, reading);
}

/** The same for a text, such as a field of another document. */
export function decodeJsonText(text: string): ParsedJson {
  return decodeJson(new TextEncoder().encode(text));
}
