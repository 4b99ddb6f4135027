import type { Kind } from '@kubewright/api';
import { builtinKinds } from '@kubewright/api/builtin';
import { configMapRules } from './config-map.js';
import { cronJobRules } from './cron-job.js';
import { daemonSetRules } from './daemon-set.js';
import { deploymentRules } from './deployment.js';
import { endpointSliceRules } from './endpoint-slice.js';
import { endpointsRules } from './endpoints.js';
import { jobRules } from './job.js';
import { defineRules, type KindRules } from './kind-rules.js';
import { leaseRules } from './lease.js';
import { namespaceRules } from './namespace.js';
import { nodeRules } from './node.js';
import { podRules } from './pod.js';
import { replicaSetRules } from './replica-set.js';
import { replicationControllerRules } from './replication-controller.js';
import { secretRules } from './secret.js';
import { serviceRules } from './service.js';
import { serviceAccountRules } from './service-account.js';
import { statefulSetRules } from './stateful-set.js';

const own: readonly KindRules[] = [
  configMapRules,
  cronJobRules,
  daemonSetRules,
  deploymentRules,
  endpointSliceRules,
  endpointsRules,
  jobRules,
  leaseRules,
  namespaceRules,
  nodeRules,
  podRules,
  replicaSetRules,
  replicationControllerRules,
  secretRules,
  serviceAccountRules,
  serviceRules,
  statefulSetRules,
];

/** Kinds that rules name already, as their own or as another version. */
const covered = new Set<Kind>(
  own.flatMap(({ kind, otherVersions = [] }) => [kind, ...otherVersions.map((version) => version.kind)]),
);

/** The rules of every built-in kind that is stored. */
export const builtinRules: readonly KindRules[] = [
  ...own,
  ...builtinKinds
    .filter((kind) => !covered.has(kind) && kind.verbs.includes('create') && kind.verbs.includes('watch'))
    .filter((kind) => kind.group !== 'events.k8s.io' && !(kind.group === 'autoscaling' && kind.version === 'v1'))
    .map((kind) => defineRules({ kind, storageKey: folderOf(kind) })),
];

/** Below `/registry/` upstream stores its own kinds by plural alone; two servers beside it keep the group. */
function folderOf({ group, plural }: Kind): string {
  return group === 'apiextensions.k8s.io' || group === 'apiregistration.k8s.io'
    ? `${group}/${plural}`
    : plural;
}
