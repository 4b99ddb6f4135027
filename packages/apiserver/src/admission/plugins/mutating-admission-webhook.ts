import { isDeepStrictEqual } from 'node:util';
import { encodeJson, isApiError } from '@kubewright/api';
import type { MutatingWebhookConfiguration } from '@kubewright/api/admissionregistration/v1';
import type { JsonObject } from '../../patch/json-object.js';
import { applyJsonPatch } from '../../patch/json-patch.js';
import type { Lister } from '../../registry/lister.js';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { internalError } from '../internal-error.js';
import { isSelected } from '../matching/selectors.js';
import { Reinvocation } from '../reinvocation.js';
import { callWebhook, type WebhookCaller } from '../webhooks/call-webhook.js';
import { conditionsHold } from '../webhooks/webhook-conditions.js';
import { type Webhook, WebhookIndex, type WebhookMatch } from '../webhooks/webhook-index.js';
import { becomes, inVersion, isOwnKind, readChanged } from '../webhooks/webhook-objects.js';

/** Asks the webhooks of MutatingWebhookConfigurations one after the other, each about what those before it made. */
export function mutatingAdmissionWebhook(
  lister: Lister<MutatingWebhookConfiguration>,
  caller: WebhookCaller,
): AdmissionPlugin {
  const index = new WebhookIndex(lister);
  const rounds = new WeakMap<AdmissionRequest, Reinvocation<Webhook>>();
  return {
    name: 'MutatingAdmissionWebhook',
    admit(request) {
      // What the server writes on its own waits for nobody.
      if (request.context.request === undefined) return undefined;
      const matches = index.matching(request);
      if (matches.length === 0) return undefined;
      const round = rounds.get(request) ?? new Reinvocation<Webhook>();
      rounds.set(request, round);
      return askInTurn(caller, request, matches, round);
    },
  };
}

async function askInTurn(
  caller: WebhookCaller,
  request: AdmissionRequest,
  matches: readonly WebhookMatch[],
  round: Reinvocation<Webhook>,
): Promise<void> {
  round.begin(request);
  for (const match of matches) {
    const { webhook, selectors } = match.registered;
    if (!isSelected(selectors, request)) continue;
    if (
      !(await conditionsHold(match.registered, request, match.served, {
        metrics: caller.metrics,
        type: 'admit',
      }))
    )
      continue;
    if (!round.isAsked(webhook, request)) continue;
    const isChanged = await askOne(caller, request, match);
    round.asked(webhook, request, { isChanged, wantsMore: webhook.reinvocationPolicy === 'IfNeeded' });
  }
  round.end(request);
}

/** @returns whether the webhook changed the object */
async function askOne(
  caller: WebhookCaller,
  request: AdmissionRequest,
  match: WebhookMatch,
): Promise<boolean> {
  const { served } = match;
  const object = inVersion(request, request.object, served);
  const oldObject = inVersion(request, request.oldObject, served);
  let isChanged = false;
  const start = performance.now();
  try {
    const changes = await callWebhook(caller, request, match, { object, oldObject }, 'admit');
    isChanged = changes.length > 0 && change(request, match, changes);
  } finally {
    request.context.request?.waited(performance.now() - start);
    annotate(request, match, isChanged);
  }
  return isChanged;
}

function change(
  request: AdmissionRequest,
  { served, registered, index }: WebhookMatch,
  patch: readonly unknown[],
): boolean {
  const { object } = request;
  if (object === undefined)
    throw internalError(
      new Error(
        `admission webhook "${registered.webhook.name}" attempted to modify the object, which is not supported for this operation`,
      ),
    );
  const before = structuredClone(inVersion(request, object, served)) as unknown as JsonObject;
  const changed = readChanged(request, patched(before, patch), served);
  annotatePatch(request, { registered, index }, patch);
  if (isDeepStrictEqual(changed, before)) return false;
  becomes(object, isOwnKind(request) ? served.toStored(changed) : changed);
  return true;
}

/** @throws ApiError InternalError where the patch does not apply */
function patched(before: JsonObject, patch: readonly unknown[]): JsonObject {
  try {
    return applyJsonPatch(before, patch) as JsonObject;
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw internalError(error.cause instanceof Error ? error.cause : error);
  }
}

type Called = Pick<WebhookMatch, 'registered' | 'index'>;

function annotate(request: AdmissionRequest, called: Called, mutated: boolean): void {
  const { configuration, webhook } = called.registered;
  request.annotate(
    `mutation.webhook.admission.k8s.io/${placeOf(request, called)}`,
    encodeJson({ configuration, webhook: webhook.name, mutated }),
  );
}

function annotatePatch(request: AdmissionRequest, called: Called, patch: readonly unknown[]): void {
  const { configuration, webhook } = called.registered;
  request.annotate(
    `patch.webhook.admission.k8s.io/${placeOf(request, called)}`,
    encodeJson({ configuration, webhook: webhook.name, patch, patchType: 'JSONPatch' }),
    true,
  );
}

function placeOf(request: AdmissionRequest, { index }: Called): string {
  return `round_${request.isSecondRound ? 1 : 0}_index_${index}`;
}
