import { badRequest } from '@kubewright/api';
import { Node, type Pod } from '@kubewright/api/core/v1';
import type { ObjectReader } from '../../registry/write-context.js';
import type { ConnectTarget, SubresourceRules } from '../kind-rules.js';
import { kubeletAddress } from '../kubelet-address.js';

/** Annotation that names the container which commands mean when they name none. */
const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

/** Log, exec and attach go to one container of the pod. `endpoint` is the kubelet's own name for it. */
export function containerStream(endpoint: 'containerLogs' | 'exec' | 'attach'): SubresourceRules<Pod> {
  return {
    async connect(pod, query, objects) {
      const container = containerOf(pod, query.get('container') ?? '');
      const node = await kubeletOf(pod, objects);
      const { namespace = '', name = '' } = pod.metadata;
      return { ...node, path: pathOf([endpoint, namespace, name, container], query) };
    },
  };
}

/** Port forwarding goes to the pod as a whole. */
export const portForward: SubresourceRules<Pod> = {
  async connect(pod, query, objects) {
    const node = await kubeletOf(pod, objects);
    const { namespace = '', name = '' } = pod.metadata;
    return { ...node, path: pathOf(['portForward', namespace, name], query) };
  },
};

function pathOf(segments: readonly string[], query: URLSearchParams): string {
  const path = `/${segments.map(encodeURIComponent).join('/')}`;
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

function containerOf({ metadata, spec }: Pod, asked: string): string {
  const name = metadata.name ?? '';
  const all = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ].map((one) => one.name);
  if (asked !== '') {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only, ...others] = (spec?.containers ?? []).map((one) => one.name);
  if (only !== undefined && others.length === 0) return only;
  const annotated = metadata.annotations?.[defaultContainerAnnotation];
  if (annotated !== undefined && all.includes(annotated)) return annotated;
  const initial = (spec?.initContainers ?? []).map((one) => one.name);
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${[only, ...others].join(' ')}]${
      initial.length === 0 ? '' : ` or one of the init containers: [${initial.join(' ')}]`
    }`,
  );
}

/** Where the kubelet of the pod's node listens. */
async function kubeletOf(pod: Pod, objects: ObjectReader): Promise<Omit<ConnectTarget, 'path'>> {
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${pod.metadata.name ?? ''} does not have a host assigned`);
  return kubeletAddress((await objects.get(Node, '', nodeName)) ?? { metadata: { name: nodeName } });
}
