import 'reflect-metadata';
import type { KubernetesObject } from '@kubewright/api';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import { Lease } from '@kubewright/api/coordination/v1';
import { Node, PersistentVolumeClaim, Pod, ServiceAccount } from '@kubewright/api/core/v1';
import { ResourceSlice } from '@kubewright/api/resource/v1';
import { CSINode } from '@kubewright/api/storage/v1';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { nodeNameOf } from '../../../auth/authorization/node/node-identity.js';
import { sameValue } from '../../../validation/immutable.js';
import type { AdmissionPlugin } from '../../admission-plugin.js';
import type { AdmissionRequest } from '../../admission-request.js';
import { refusal } from '../../refusal.js';
import { checkNode } from './node.js';
import { checkPod } from './pod.js';
import { checkToken } from './token.js';

type Request<T extends KubernetesObject = KubernetesObject> = AdmissionRequest<T>;
type Check = (node: string, request: Request) => void | Promise<void>;

const operations = new Set(['CREATE', 'UPDATE', 'DELETE']);

/**
 * Holds a kubelet to its own node and the pods that are bound to it, where the Node authorizer can't see from the path
 * what is written. Source: the NodeRestriction plugin of the admission controllers reference.
 */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: ({ operation, resource }) =>
    operations.has(operation) && checks.has(resourceOf(resource.rules.kind)),

  admit(request) {
    const node = nodeNameOf(request.user);
    if (node === undefined) return undefined;
    if (node === '')
      throw refusal(request, `could not determine node from user ${JSON.stringify(request.user.name)}`);
    return checks.get(resourceOf(request.resource.rules.kind))?.(node, request);
  },
};

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  [resourceOf(Pod), (node, request) => checkPod(node, request as Request<Pod>)],
  [resourceOf(Node), (node, request) => checkNode(node, request as Request<Node>)],
  [
    resourceOf(PersistentVolumeClaim),
    (node, request) => checkClaim(node, request as Request<PersistentVolumeClaim>),
  ],
  [resourceOf(ServiceAccount), checkToken],
  [resourceOf(Lease), checkLease],
  [resourceOf(CSINode), (node, request) => checkOwnName(node, request, 'CSINode')],
  [resourceOf(ResourceSlice), (node, request) => checkSlice(node, request as Request<ResourceSlice>)],
  [
    resourceOf(CertificateSigningRequest),
    (node, request) => checkSigning(node, request as Request<CertificateSigningRequest>),
  ],
]);

function resourceOf({ group, plural }: { readonly group: string; readonly plural: string }): string {
  return `${plural}.${group}`;
}

function checkClaim(node: string, request: Request<PersistentVolumeClaim>): void {
  const { subresource, operation, object, oldObject } = request;
  if (subresource !== 'status') throw refusal(request, 'may only update PVC status');
  if (operation !== 'UPDATE') throw refusal(request, `unexpected operation ${JSON.stringify(operation)}`);
  if (!sameValue(fixedPart(object), fixedPart(oldObject)))
    throw refusal(
      request,
      `node ${JSON.stringify(node)} is not allowed to update fields other than status.quantity and status.conditions`,
    );
}

/** All of a claim that a node may not change. */
function fixedPart(claim: PersistentVolumeClaim | undefined): unknown {
  if (claim === undefined) return undefined;
  const { resourceVersion: _r, managedFields: _m, ...metadata } = claim.metadata;
  const {
    capacity: _c,
    conditions: _n,
    allocatedResourceStatuses: _s,
    allocatedResources: _a,
    ...status
  } = claim.status ?? {};
  return JSON.parse(JSON.stringify({ ...claim, metadata, status }));
}

function checkLease(node: string, request: Request): void {
  if (request.namespace !== 'kube-node-lease')
    throw refusal(request, 'can only access leases in the "kube-node-lease" system namespace');
  checkOwnName(node, request, 'node lease');
}

function checkOwnName(node: string, request: Request, what: string): void {
  const name = request.operation === 'CREATE' ? request.object?.metadata.name : request.name;
  if (name !== node)
    throw refusal(request, `can only access ${what} with the same name as the requesting node`);
}

function checkSlice(node: string, request: Request<ResourceSlice>): void {
  const { operation, object, oldObject } = request;
  const [slice, verb] = operation === 'CREATE' ? [object, 'create'] : [oldObject, 'delete'];
  if (operation !== 'UPDATE' && slice?.spec?.nodeName !== node)
    throw refusal(request, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
}

const kubeletSigners = new Set([
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/kube-apiserver-client-kubelet',
]);

function checkSigning(node: string, request: Request<CertificateSigningRequest>): void {
  const { operation, subresource, object } = request;
  if (operation !== 'CREATE' || subresource !== '' || !kubeletSigners.has(object?.spec.signerName ?? ''))
    return;
  let commonName: string | undefined;
  try {
    const pem = Buffer.from(object?.spec.request ?? '', 'base64').toString('latin1');
    [commonName] = new Pkcs10CertificateRequest(pem).subjectName.getField('CN');
  } catch (error) {
    throw refusal(request, `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (commonName !== `system:node:${node}`)
    throw refusal(request, `can only create a node CSR with CN=system:node:${node}`);
}
