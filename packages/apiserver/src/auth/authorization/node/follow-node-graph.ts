import { PersistentVolume, Pod } from '@kubewright/api/core/v1';
import { ResourceSlice } from '@kubewright/api/resource/v1';
import { VolumeAttachment } from '@kubewright/api/storage/v1';
import { parseStored } from '../../../encoding/object-bytes.js';
import { followObjects } from '../../../registry/follow-objects.js';
import type { ResourceTable } from '../../../registry/resource-table.js';
import type { NodeGraph } from './node-graph.js';

/** Keeps the graph in step with the objects that it is made of. */
export function followNodeGraph(resources: ResourceTable, graph: NodeGraph): void {
  followPods(resources, graph);
  followObjects(resources, PersistentVolume, {
    set: (volume) => graph.setVolume(volume),
    delete: (_, name) => graph.deleteVolume(name),
  });
  followObjects(resources, VolumeAttachment, {
    set: ({ metadata, spec }) =>
      graph.setOwned('volumeattachment', metadata.name ?? '', spec?.nodeName ?? ''),
    delete: (_, name) => graph.setOwned('volumeattachment', name, ''),
  });
  followObjects(resources, ResourceSlice, {
    set: ({ metadata, spec }) => graph.setOwned('resourceslice', metadata.name ?? '', spec?.nodeName ?? ''),
    delete: (_, name) => graph.setOwned('resourceslice', name, ''),
  });
}

/** What can change of a pod's references while it stays at its node. */
const mutable = ['"ephemeralContainers"', '"resourceClaimStatuses"', '"extendedResourceClaimStatus"'];

/** Pods change often, and hardly ever in what matters here: those are not parsed. */
function followPods(resources: ResourceTable, graph: NodeGraph): void {
  const { resource } = resources.of<Pod>(Pod);
  for (const { bytes, revision } of resource.cache.listNow()) graph.setPod(parseStored<Pod>(bytes, revision));
  resource.cache.onChange(({ name: { namespace, name }, revision, after }) => {
    if (after === undefined) {
      graph.deletePod(namespace, name);
      return;
    }
    const node = after.head.fields['spec.nodeName'] ?? '';
    const known = graph.nodeOfPod(namespace, name) ?? '';
    if (node === known && (node === '' || !mutable.some((field) => after.bytes.includes(field)))) return;
    graph.setPod(parseStored<Pod>(after.bytes, revision));
  });
}
