import { normalized, type SchedulerPlugin } from '../plugin.js';
import { isTolerated } from '../tolerations.js';

/** Keeps pods from nodes whose taints they don't tolerate, and prefers nodes with few that only ask. */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,
  filter({ pod }, { node }) {
    const taint = node.spec?.taints?.find(
      ({ effect, ...rest }) =>
        (effect === 'NoSchedule' || effect === 'NoExecute') &&
        !isTolerated({ effect, ...rest }, pod.spec?.tolerations),
    );
    return taint && ['node(s) had untolerated taint(s)'];
  },
  score({ pod }, { node }) {
    const tolerations = pod.spec?.tolerations?.filter(
      ({ effect }) => !effect || effect === 'PreferNoSchedule',
    );
    return (node.spec?.taints ?? []).filter(
      (taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations),
    ).length;
  },
  normalizeScore: (scores) => normalized(scores, { reverse: true }),
};
