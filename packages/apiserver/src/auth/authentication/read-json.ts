import type { TransportResponse } from '@kubewright/client';

/** Nobody who vouches for users has more to say. */
const maxBytes = 1024 * 1024;

/** The JSON of an answer. @throws Error for an answer that is an error, too long or no JSON */
export async function readJson({ status, body }: TransportResponse): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (status !== 200 && status !== 201) throw new Error(`the answer has the status ${status}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
