import type { KubernetesObject } from '@kubewright/api';

/** How to give back what was taken so far, in the order of taking. */
export type Claimed = (() => Promise<void>)[];

/** Longer than any write takes between its claim and its store. */
const settledAfterMs = 60_000;

/** Gives everything back, the newest first. */
export async function giveBack(claimed: Claimed): Promise<void> {
  for (const release of claimed.toReversed()) await release();
  claimed.length = 0;
}

/**
 * True for a claim that no Service uses and that no write can be about to use.
 * @param isUsed whether the Service that it names has it
 */
export function isAbandoned(claim: KubernetesObject, isUsed: boolean, now: number): boolean {
  const created = Date.parse(claim.metadata.creationTimestamp ?? '');
  return !isUsed && now - created > settledAfterMs;
}
