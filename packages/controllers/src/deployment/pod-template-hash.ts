import type { PodTemplateSpec } from '@kubewright/api/core/v1';

export const podTemplateHashLabel = 'pod-template-hash';

/** No vowels and no look-alikes, so that a name never spells a word; Kubernetes' alphabet for generated names. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * A short name of a template, the same for the same content in whatever order its fields stand. Upstream hashes a
 * printed Go value, which nobody can repeat: ReplicaSets are found by their template, never by this. Another
 * `collisions` gives another name to a template whose name is taken.
 */
export function podTemplateHash(template: PodTemplateSpec, collisions: number | undefined): string {
  const text = canonical(template) + (collisions === undefined ? '' : `#${collisions}`);
  return [...String(fnv1a(text))].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && member !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}

/** The 32-bit Fowler-Noll-Vo hash, variant 1a, of the text in UTF-8. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
