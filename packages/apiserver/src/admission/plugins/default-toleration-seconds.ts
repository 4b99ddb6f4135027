import { Pod, type Toleration } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';

const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';
/** kube-apiserver's `--default-not-ready-toleration-seconds` and its twin. */
const defaultSeconds = 300;

/** A pod stays five minutes on a node in trouble, unless it says otherwise. */
export const defaultTolerationSeconds: AdmissionPlugin<Pod> = {
  name: 'DefaultTolerationSeconds',
  handles: handlesKind(Pod, ['CREATE', 'UPDATE']),

  admit({ object }) {
    if (object?.spec === undefined) return;
    const tolerations = object.spec.tolerations ?? [];
    const missing = [notReady, unreachable].filter((key) => !tolerations.some((one) => tolerates(one, key)));
    if (missing.length === 0) return;
    object.spec.tolerations = [
      ...tolerations,
      ...missing.map((key) => ({
        ...{ key, operator: 'Exists', effect: 'NoExecute' },
        tolerationSeconds: defaultSeconds,
      })),
    ];
  },
};

function tolerates({ key = '', effect = '' }: Toleration, taint: string): boolean {
  return (key === '' || key === taint) && (effect === '' || effect === 'NoExecute');
}
