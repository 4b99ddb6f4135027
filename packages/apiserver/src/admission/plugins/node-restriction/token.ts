import { type KubernetesObject, notFound } from '@kubewright/api';
import type { TokenRequest } from '@kubewright/api/authentication/v1';
import { PersistentVolume, PersistentVolumeClaim, Pod, type Volume } from '@kubewright/api/core/v1';
import { CSIDriver } from '@kubewright/api/storage/v1';
import type { ObjectReader } from '../../../registry/write-context.js';
import type { AdmissionRequest } from '../../admission-request.js';
import { refusal } from '../../refusal.js';

/** A kubelet asks for tokens that are bound to a pod of its own, and for whom a volume of that pod wants one. */
export async function checkToken(node: string, request: AdmissionRequest<KubernetesObject>): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const { spec = {} } = request.object as Partial<TokenRequest>;
  const { context, namespace } = request;
  const bound = spec.boundObjectRef;
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || (bound.name ?? '') === '')
    throw refusal(request, 'node requested token not bound to a pod');
  const { name = '', uid = '' } = bound;
  if (uid === '') throw refusal(request, 'node requested token with a pod binding without a uid');
  const pod = await context.objects.get(Pod, namespace, name);
  if (pod === undefined) throw notFound(Pod, name);
  if (uid !== pod.metadata.uid)
    throw refusal(
      request,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec?.nodeName !== node)
    throw refusal(request, 'node requested token bound to a pod scheduled on a different node');
  const problem = await audienceProblem(spec.audiences ?? [], pod, request);
  if (problem !== undefined) throw refusal(request, problem);
}

async function audienceProblem(
  audiences: readonly string[],
  pod: Pod,
  { user, namespace, name, context }: AdmissionRequest,
): Promise<string | undefined> {
  const [audience = '', ...others] = audiences;
  if (others.length > 0) return 'node may only request 0 or 1 audiences';
  for (const volume of pod.spec?.volumes ?? [])
    if (await wants(volume, audience, pod, context.objects)) return undefined;
  const { verdict } = await context.authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    isResource: true,
    path: '',
    apiGroup: '',
    apiVersion: 'v1',
    resource: audience,
    subresource: '',
    namespace,
    name,
  });
  if (verdict === 'allow') return undefined;
  return `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`;
}

/** Whether a volume has a token for this audience in it, or its CSI driver gets one. */
async function wants(volume: Volume, audience: string, pod: Pod, objects: ObjectReader): Promise<boolean> {
  for (const { serviceAccountToken } of volume.projected?.sources ?? [])
    if (serviceAccountToken !== undefined && (serviceAccountToken.audience ?? '') === audience) return true;
  const driver = await driverOf(volume, pod, objects);
  if (driver === undefined) return false;
  const found = await objects.get(CSIDriver, '', driver);
  return found?.spec.tokenRequests?.some((request) => request.audience === audience) ?? false;
}

async function driverOf(
  volume: Volume,
  { metadata }: Pod,
  objects: ObjectReader,
): Promise<string | undefined> {
  if (volume.csi !== undefined) return volume.csi.driver;
  const { namespace = '', name = '' } = metadata;
  const claimName =
    volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${name}-${volume.name}`;
  if (claimName === undefined) return undefined;
  const claim = await objects.get(PersistentVolumeClaim, namespace, claimName);
  const volumeName = claim?.spec?.volumeName ?? '';
  if (volumeName === '') return undefined;
  return (await objects.get(PersistentVolume, '', volumeName))?.spec?.csi?.driver;
}
