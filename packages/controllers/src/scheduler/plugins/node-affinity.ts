import { hasLabels } from '../../framework/has-labels.js';
import { selectsNode, termSelects } from '../node-selector.js';
import { normalized, type SchedulerPlugin } from '../plugin.js';

/** Pods go where their nodeSelector and node affinity lead. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  filter({ pod }, { node }) {
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const isSelected =
      hasLabels(pod.spec?.nodeSelector, node.metadata.labels) &&
      (required === undefined || selectsNode(required, node));
    return isSelected ? undefined : ["node(s) didn't match Pod's node affinity/selector"];
  },
  score({ pod }, { node }) {
    const terms = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return terms
      .filter(({ preference }) => termSelects(preference, node))
      .reduce((sum, { weight }) => sum + weight, 0);
  },
  normalizeScore: (scores) => normalized(scores),
};
