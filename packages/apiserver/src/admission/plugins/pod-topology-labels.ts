import { type Binding, Node, Pod } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { handlesKind } from '../handles-kind.js';

const topologyLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];
const isBinding = handlesKind(Pod, ['CREATE'], ['binding']);
const isPod = handlesKind(Pod, ['CREATE']);

/** A pod that gets a node is labelled with the node's zone and region. Source: KEP-4742. */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  handles: (target) => isBinding(target) || isPod(target),

  admit({ object, subresource, context }) {
    if (object === undefined) return;
    const node =
      subresource === 'binding' ? nodeOfBinding(object as Binding) : ((object as Pod).spec?.nodeName ?? '');
    if (node === '') return;
    const labels = context.objects.lister(Node).get('', node)?.metadata.labels ?? {};
    for (const name of topologyLabels) {
      const value = labels[name];
      if (value !== undefined) object.metadata.labels = { ...object.metadata.labels, [name]: value };
    }
  },
};

function nodeOfBinding({ target }: Binding): string {
  const kind = target?.kind ?? '';
  return kind === '' || kind === 'Node' ? (target?.name ?? '') : '';
}
