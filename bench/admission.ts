import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { podJson } from './pod.js';

/** What a create pays for a hundred webhook configurations of which none concerns it. */
export async function benchWebhookCheck(): Promise<Comparison> {
  const child = new Child('./admission.child.mjs');
  const json = podJson('pod');
  try {
    return await compare(
      'a create beside 100 webhook configurations that do not concern it',
      () => child.ask<number>({ json, durationMs: 500 }),
      5,
      { unit: 'µs of processor time', limit: 'at most 1' },
    );
  } finally {
    child.close();
  }
}
