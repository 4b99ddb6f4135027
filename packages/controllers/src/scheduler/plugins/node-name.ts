import type { SchedulerPlugin } from '../plugin.js';

/** A pod that names its node goes nowhere else. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  filter({ pod }, { name }) {
    const wanted = pod.spec?.nodeName;
    return wanted && wanted !== name ? ["node(s) didn't match the requested node name"] : undefined;
  },
};
