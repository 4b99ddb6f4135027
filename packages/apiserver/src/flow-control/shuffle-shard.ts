import { createHash } from 'node:crypto';

/**
 * The queues that a flow may use: so many different ones, the same for the same flow, so that two flows seldom have
 * all of theirs in common. Source: shuffle sharding, KEP-1040.
 */
export function dealHand(flow: string, queues: number, handSize: number): number[] {
  let entropy = createHash('sha256').update(flow).digest().readBigUInt64BE();
  const hand: number[] = [];
  for (let left = queues; hand.length < Math.min(handSize, queues); left--) {
    let card = Number(entropy % BigInt(left));
    entropy /= BigInt(left);
    // The card counts among those that are left: each smaller one that is dealt moves it up.
    for (const dealt of [...hand].sort((a, b) => a - b)) if (card >= dealt) card++;
    hand.push(card);
  }
  return hand;
}
