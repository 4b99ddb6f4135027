import type { Volume } from '@kubewright/api/core/v1';
import { hasOwnUsers, procMount } from './baseline-checks.js';
import {
  type Check,
  containersOf,
  distinct,
  namesOf,
  type PodShape,
  plural,
  quoted,
  setters,
  type Violation,
} from './check.js';
import { badProfile } from './profiles.js';

function privilegeEscalation({ spec }: PodShape): Violation | undefined {
  const bad = containersOf(spec).filter(
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  );
  return bad.length === 0
    ? undefined
    : {
        reason: 'allowPrivilegeEscalation != false',
        detail: `${namesOf(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
}

function capabilities({ spec }: PodShape): Violation | undefined {
  const all = containersOf(spec);
  const addedBy = ({ securityContext }: (typeof all)[number]) =>
    (securityContext?.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE');
  const keeping = all.filter(({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const adding = all.filter((container) => addedBy(container).length > 0);
  const details = [
    ...(keeping.length === 0
      ? []
      : [`${namesOf(keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
    ...(adding.length === 0
      ? []
      : [
          `${namesOf(adding)} must not include ${quoted(distinct(adding.flatMap(addedBy)))} in securityContext.capabilities.add`,
        ]),
  ];
  return details.length === 0
    ? undefined
    : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

const allowedVolumes: readonly (keyof Volume)[] = [
  ...(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image'] as const),
  ...(['persistentVolumeClaim', 'projected', 'secret'] as const),
];

function volumes({ spec }: PodShape): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) =>
    allowedVolumes.every((type) => volume[type] === undefined),
  );
  if (bad.length === 0) return undefined;
  const types = distinct(bad.map((volume) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'));
  const uses = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', bad)} ${quoted(bad.map(({ name }) => name))} ${uses} ${plural('restricted volume type', types)} ${quoted(types)}`,
  };
}

function nonRoot({ spec }: PodShape): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const all = containersOf(spec);
  const pod = spec.securityContext?.runAsNonRoot;
  const refusing = all.filter(({ securityContext }) => securityContext?.runAsNonRoot === false);
  const who = setters(pod === false, refusing);
  if (who !== '') return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  const silent = all.filter(
    ({ securityContext }) => pod !== true && securityContext?.runAsNonRoot === undefined,
  );
  return silent.length === 0
    ? undefined
    : { reason, detail: `pod or ${namesOf(silent)} must set securityContext.runAsNonRoot=true` };
}

function user({ spec }: PodShape): Violation | undefined {
  const roots = containersOf(spec).filter(({ securityContext }) => securityContext?.runAsUser === 0);
  const who = setters(spec.securityContext?.runAsUser === 0, roots);
  return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` };
}

function seccomp(pod: PodShape): Violation | undefined {
  const bad = badProfile(pod);
  if (bad !== undefined || pod.spec.securityContext?.seccompProfile !== undefined) return bad;
  const silent = containersOf(pod.spec).filter(
    ({ securityContext }) => securityContext?.seccompProfile === undefined,
  );
  return silent.length === 0
    ? undefined
    : {
        reason: 'seccompProfile',
        detail: `pod or ${namesOf(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
      };
}

/** Windows knows nothing of these since the pod can say that it is for Windows. */
const unlessWindows =
  (run: Check['run']): Check['run'] =>
  (pod) =>
    pod.spec.os?.name === 'windows' ? undefined : run(pod);
const unlessOwnUsers =
  (run: Check['run']): Check['run'] =>
  (pod) =>
    hasOwnUsers(pod) ? undefined : run(pod);

function restricted(id: string, from: number, run: Check['run'], overrides?: string): Check {
  return { id, level: 'restricted', from, run, ...(overrides === undefined ? {} : { overrides }) };
}

/** Source: the Restricted policy of the Pod Security Standards page. */
export const restrictedChecks: readonly Check[] = [
  restricted('allowPrivilegeEscalation', 8, privilegeEscalation),
  restricted('allowPrivilegeEscalation', 25, unlessWindows(privilegeEscalation)),
  restricted('capabilities_restricted', 22, capabilities, 'capabilities_baseline'),
  restricted('capabilities_restricted', 25, unlessWindows(capabilities), 'capabilities_baseline'),
  restricted('procMount_restricted', 35, procMount, 'procMount'),
  restricted('restrictedVolumes', 0, volumes, 'hostPathVolumes'),
  restricted('runAsNonRoot', 0, nonRoot),
  restricted('runAsNonRoot', 35, unlessOwnUsers(nonRoot)),
  restricted('runAsUser', 23, user),
  restricted('runAsUser', 35, unlessOwnUsers(user)),
  restricted('seccompProfile_restricted', 19, seccomp, 'seccompProfile_baseline'),
  restricted('seccompProfile_restricted', 25, unlessWindows(seccomp), 'seccompProfile_baseline'),
];
