import { findMessage, type Message } from './protobuf-layout.js';

/**
 * The members of a Go type that JSON shows although they are zero: pointers, and those that are never left out. Every
 * other string, number or boolean is left out when it is empty.
 * @param definition the type's name in the OpenAPI document, as `io.k8s.api.core.v1.PodSpec`
 * @returns undefined for what is no Go type of Kubernetes, of which everything is shown
 */
export function keptZeros(definition: string): ReadonlySet<string> | undefined {
  const message = findMessage(definition.replace(/^io\.k8s\./, 'k8s.io.').replace(/-/g, '_'));
  if (message === undefined) return undefined;
  const kept = new Set<string>();
  collect(message, kept);
  return kept;
}

/** The members of structs embedded inline are their owner's. */
function collect(message: Message, kept: Set<string>): void {
  for (const { json, type, keepsZero } of message.fields) {
    if (json === undefined) {
      if (typeof type === 'object') collect(type, kept);
    } else if (keepsZero) kept.add(json);
  }
}
