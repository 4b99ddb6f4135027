import type { AuditEvent } from './audit-event.js';

/**
 * The event's JSON; without its objects where it is too long. Source: "Event truncation" of the Auditing page.
 * @returns undefined for one that is too long all the same
 */
export function truncated(event: AuditEvent, maxBytes: number | undefined): string | undefined {
  const text = JSON.stringify(event);
  if (maxBytes === undefined || Buffer.byteLength(text) <= maxBytes) return text;
  const { requestObject: _q, responseObject: _s, annotations, ...rest } = event;
  const shorter = JSON.stringify({
    ...rest,
    annotations: { ...annotations, 'audit.k8s.io/truncated': 'true' },
  });
  return Buffer.byteLength(shorter) <= maxBytes ? shorter : undefined;
}
