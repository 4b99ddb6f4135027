import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { podJson } from './pod.js';

/** Defaults and validation of a parsed pod together, against the budget. */
export async function benchPodRules(): Promise<Comparison> {
  const child = new Child('./rules.child.mjs');
  const json = podJson('pod');
  try {
    return await compare(
      `defaults and validation of a pod of ${json.length} bytes`,
      () => child.ask<number>({ json, durationMs: 1_000 }),
      50,
      { unit: 'µs of processor time', limit: 'at most 1' },
    );
  } finally {
    child.close();
  }
}
