import type { SchedulerPlugin } from '../plugin.js';
import { isTolerated } from '../tolerations.js';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Keeps pods from cordoned nodes, but those that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  filter({ pod }, { node }) {
    if (!node.spec?.unschedulable || isTolerated(taint, pod.spec?.tolerations)) return undefined;
    return ['node(s) were unschedulable'];
  },
};
