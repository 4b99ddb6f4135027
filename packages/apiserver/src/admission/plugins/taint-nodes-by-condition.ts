import { Node } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** A new node gets no pods before its controller has seen it ready. */
export const taintNodesByCondition: AdmissionPlugin<Node> = {
  name: 'TaintNodesByCondition',
  handles: handlesKind(Node, ['CREATE']),

  admit({ object }) {
    if (object === undefined) return;
    const { taints = [] } = object.spec ?? {};
    if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return;
    object.spec = { ...object.spec, taints: [...taints, { ...notReady }] };
  },
};
