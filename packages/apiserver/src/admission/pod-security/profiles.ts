import type { SeccompProfile } from '@kubewright/api/core/v1';
import { containersOf, distinct, type PodShape, quoted, setters, type Violation } from './check.js';

interface Secured {
  readonly securityContext?: { readonly seccompProfile?: SeccompProfile | undefined } | undefined;
}

const typeOf = ({ securityContext }: Secured) => securityContext?.seccompProfile?.type;

function isBad(type: string | undefined): boolean {
  return type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
}

/** A seccomp profile that is set to none. */
export function badProfile({ spec }: PodShape): Violation | undefined {
  const podType = typeOf(spec);
  const bad = containersOf(spec).filter((container) => isBad(typeOf(container)));
  const who = setters(isBad(podType), bad);
  if (who === '') return undefined;
  const types = distinct([
    ...(isBad(podType) ? [podType ?? ''] : []),
    ...bad.map((one) => typeOf(one) ?? ''),
  ]);
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  };
}
