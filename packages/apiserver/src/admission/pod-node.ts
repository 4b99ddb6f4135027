import { isDeepStrictEqual } from 'node:util';
import { Node, type Pod } from '@kubewright/api/core/v1';
import type { AdmissionRequest } from './admission-request.js';
import { refusal } from './refusal.js';

/**
 * The node of a pod whose spec changes; undefined where the pod is on none, or nothing of its spec changes.
 * @throws ApiError Forbidden where the node is not there
 */
export function nodeOfChangedPod(request: AdmissionRequest<Pod>): Node | undefined {
  const { object, oldObject, context } = request;
  const name = object?.spec?.nodeName ?? '';
  if (name === '' || isDeepStrictEqual(object?.spec, oldObject?.spec)) return undefined;
  const node = context.objects.lister(Node).get('', name);
  if (node === undefined) throw refusal(request, `node "${name}" not found`);
  return node;
}
