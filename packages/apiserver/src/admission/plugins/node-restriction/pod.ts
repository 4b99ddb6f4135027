import { notFound } from '@kubewright/api';
import { Node, Pod } from '@kubewright/api/core/v1';
import { sameValue } from '../../../validation/immutable.js';
import type { AdmissionRequest } from '../../admission-request.js';
import { refusal } from '../../refusal.js';
import { apiReference } from './api-reference.js';

const mirror = 'kubernetes.io/config.mirror';

type PodRequest = AdmissionRequest<Pod>;

/** A kubelet mirrors its static pods, and reports on, deletes and evicts those that are bound to it. */
export async function checkPod(node: string, request: PodRequest): Promise<void> {
  const { subresource, operation } = request;
  const who = `node ${JSON.stringify(node)}`;
  switch (`${operation} ${subresource}`) {
    case 'CREATE ':
      return checkMirror(node, request);
    case 'DELETE ': {
      const pod = request.oldObject ?? (await find(request, request.name));
      if (pod.spec?.nodeName !== node)
        throw refusal(request, `${who} can only delete pods with spec.nodeName set to itself`);
      return;
    }
    case 'UPDATE status':
      return checkStatus(node, request);
    case 'CREATE eviction': {
      const name = request.name || (request.object?.metadata.name ?? '');
      if (name === '') throw refusal(request, 'could not determine pod from request data');
      if ((await find(request, name)).spec?.nodeName !== node)
        throw refusal(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
      return;
    }
    default:
      if (subresource === '')
        throw refusal(
          request,
          `unexpected operation ${JSON.stringify(operation)}, ${who} can only create and delete mirror pods`,
        );
      if (subresource === 'status' || subresource === 'eviction')
        throw refusal(request, `unexpected operation ${JSON.stringify(operation)}`);
      throw refusal(
        request,
        `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`,
      );
  }
}

async function checkMirror(node: string, request: PodRequest): Promise<void> {
  const { object: pod } = request;
  if (pod === undefined) return;
  const who = `node ${JSON.stringify(node)}`;
  const { annotations = {}, ownerReferences = [] } = pod.metadata;
  if (annotations[mirror] === undefined)
    throw refusal(request, `pod does not have "${mirror}" annotation, ${who} can only create mirror pods`);
  if (pod.spec?.nodeName !== node)
    throw refusal(request, `${who} can only create pods with spec.nodeName set to itself`);
  const [owner, ...others] = ownerReferences;
  if (others.length > 0)
    throw refusal(request, `${who} can only create pods with a single owner reference set to itself`);
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    throw refusal(request, `${who} can only create pods with an owner reference set to itself`);
  if (owner.controller !== true)
    throw refusal(request, `${who} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true)
    throw refusal(request, `${who} must not set blockOwnerDeletion on an owner reference`);
  const found = await request.context.objects.get(Node, '', node);
  if (found === undefined) throw notFound(Node, node);
  if (owner.uid !== found.metadata.uid)
    throw refusal(request, `node ${node} UID mismatch: expected ${owner.uid} got ${found.metadata.uid}`);
  const reference = apiReference(pod);
  if (reference !== undefined)
    throw refusal(request, `${who} can not create pods that reference ${reference}`);
}

function checkStatus(node: string, request: PodRequest): void {
  const { object, oldObject } = request;
  const who = `node ${JSON.stringify(node)}`;
  if (oldObject?.spec?.nodeName !== node)
    throw refusal(request, `${who} can only update pod status for pods with spec.nodeName set to itself`);
  if (!sameValue(object?.metadata.labels ?? {}, oldObject.metadata.labels ?? {}))
    throw refusal(request, `${who} cannot update labels through pod status`);
  const [status, old] = [object?.status, oldObject.status];
  if (!sameValue(status?.resourceClaimStatuses ?? [], old?.resourceClaimStatuses ?? []))
    throw refusal(request, `${who} cannot update resource claim statues`);
  if (!sameValue(status?.extendedResourceClaimStatus, old?.extendedResourceClaimStatus))
    throw refusal(request, `${who} cannot update extended resource claim status`);
}

async function find({ context, namespace }: PodRequest, name: string): Promise<Pod> {
  const pod = await context.objects.get(Pod, namespace, name);
  if (pod === undefined) throw notFound(Pod, name);
  return pod;
}
