import { randomInt } from 'node:crypto';
import { type ApiError, notFound } from '@kubewright/api';
import { type Container, Pod, ServiceAccount, type Volume } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';
import { referencedSecrets } from './service-account/referenced-secrets.js';

const defaultName = 'default';
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets';
const volumePrefix = 'kube-api-access-';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and seven seconds by which upstream knows its own from what users ask for. */
const tokenSeconds = 3607;
/** A new namespace's own account is made by a controller a moment later. */
const waits = { attempts: 10, ms: 150 };

/**
 * Every pod has a service account, whose token is mounted into its containers. Source: the page on managing service
 * accounts and the ServiceAccount plugin of the admission controllers reference.
 */
export const serviceAccount: AdmissionPlugin<Pod> = {
  name: 'ServiceAccount',
  handles: (target) => isCreate(target) || isEphemeral(target),

  admit(request) {
    const { object, operation } = request;
    if (operation !== 'CREATE' || object?.spec === undefined || isMirror(object)) return undefined;
    object.spec.serviceAccountName ||= defaultName;
    const account = find(request);
    if (account !== undefined) {
      complete(object, account);
      return undefined;
    }
    return waitFor(request).then((late) => complete(object, late));
  },

  validate(request) {
    const { object, operation } = request;
    if (object?.spec === undefined) return;
    if (isMirror(object)) {
      if (operation === 'CREATE') validateMirror(request, object);
      return;
    }
    if ((object.spec.serviceAccountName ?? '') === '')
      throw refusal(request, `no service account specified for pod ${request.namespace}/${request.name}`);
    const account = find(request);
    if (account === undefined) throw missing(request);
    if (account.metadata.annotations?.[enforceAnnotation] === 'true') limitSecrets(request, object, account);
  },
};

const isCreate = handlesKind(Pod, ['CREATE']);
const isEphemeral = handlesKind(Pod, ['UPDATE'], ['ephemeralcontainers']);

/** The mirror of a static pod has no account, since its kubelet could not give it one. */
function isMirror({ metadata }: Pod): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined;
}

function find({ object, namespace, context }: AdmissionRequest<Pod>): ServiceAccount | undefined {
  return context.objects.lister(ServiceAccount).get(namespace, object?.spec?.serviceAccountName ?? '');
}

async function waitFor(request: AdmissionRequest<Pod>): Promise<ServiceAccount> {
  const attempts = request.object?.spec?.serviceAccountName === defaultName ? waits.attempts : 1;
  const signal = request.context.request?.signal;
  for (let attempt = 1; attempt < attempts; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, waits.ms));
    signal?.throwIfAborted();
    const found = find(request);
    if (found !== undefined) return found;
  }
  throw missing(request);
}

function missing(request: AdmissionRequest<Pod>): ApiError {
  const name = request.object?.spec?.serviceAccountName ?? '';
  const { message } = notFound({ group: '', plural: 'serviceaccount' }, name);
  return refusal(request, `error looking up service account ${request.namespace}/${name}: ${message}`);
}

function complete(pod: Pod, account: ServiceAccount): void {
  const { spec } = pod;
  if (spec === undefined) return;
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec);
  if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0)
    spec.imagePullSecrets = account.imagePullSecrets?.map((one) => ({ ...one })) ?? [];
}

/** Containers that have something else mounted there keep it. */
function mountToken(spec: NonNullable<Pod['spec']>): void {
  const known = (spec.volumes ?? []).find(({ name }) => name.startsWith(volumePrefix))?.name;
  const name = known ?? `${volumePrefix}${suffix()}`;
  let needed = false;
  const mount = (container: Container): void => {
    const mounts = container.volumeMounts ?? [];
    if (mounts.some((one) => one.mountPath === mountPath)) return;
    container.volumeMounts = [...mounts, { name, readOnly: true, mountPath }];
    needed = true;
  };
  for (const container of spec.initContainers ?? []) mount(container);
  for (const container of spec.containers) mount(container);
  if (needed && known === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}

function suffix(): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  let text = '';
  for (let i = 0; i < 5; i++) text += letters[randomInt(letters.length)];
  return text;
}

function validateMirror(request: AdmissionRequest<Pod>, { spec }: Pod): void {
  if ((spec?.serviceAccountName ?? '') !== '')
    throw refusal(request, 'a mirror pod may not reference service accounts');
  if (referencedSecrets(spec).length > 0) throw refusal(request, 'a mirror pod may not reference secrets');
  const projects = (spec?.volumes ?? []).some(({ projected }) =>
    (projected?.sources ?? []).some((source) => source.serviceAccountToken !== undefined),
  );
  if (projects) throw refusal(request, 'a mirror pod may not use ServiceAccountToken volume projections');
}

/** An account may say that its pods use no secrets but its own. */
function limitSecrets(request: AdmissionRequest<Pod>, { spec }: Pod, account: ServiceAccount): void {
  const name = account.metadata.name ?? '';
  const mountable = new Set((account.secrets ?? []).map((one) => one.name));
  for (const { secret, where } of referencedSecrets(spec)) {
    if (!mountable.has(secret))
      throw refusal(
        request,
        `${where} secret.secretName="${secret}" is not allowed because service account ${name} does not reference that secret`,
      );
  }
  const pullable = new Set((account.imagePullSecrets ?? []).map((one) => one.name));
  (spec?.imagePullSecrets ?? []).forEach((one, index) => {
    if (!pullable.has(one.name))
      throw refusal(
        request,
        `imagePullSecrets[${index}].name="${one.name ?? ''}" is not allowed because service account ${name} does not reference that imagePullSecret`,
      );
  });
}
