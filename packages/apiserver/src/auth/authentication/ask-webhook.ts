import type { Transport } from '@kubewright/client';
import { readJson } from './read-json.js';

/** What a webhook for tokens or permissions answers to a review. @throws Error where it does not answer well in time */
export async function askWebhook(transport: Transport, body: string, timeoutMs: number): Promise<unknown> {
  const answer = await transport.request({
    method: 'POST',
    path: '',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  return readJson(answer);
}
