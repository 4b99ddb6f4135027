import { dns1123LabelErrors, formatTime, pathSegmentErrors } from '@kubewright/api';
import { CertificateSigningRequest } from '@kubewright/api/certificates/v1';
import type { Toleration } from '@kubewright/api/core/v1';
import { RuntimeClass } from '@kubewright/api/node/v1';
import { PriorityClass } from '@kubewright/api/scheduling/v1';
import { validateRequiredChoice } from '../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { sameValue, validateImmutable } from '../validation/immutable.js';
import { validateLabels } from '../validation/label-selector.js';
import { validateSigningRequest, validateSigningRequestUpdate } from './certificate-request-validation.js';
import { ageColumn, flag, integer, nameColumn, orNone, text } from './columns.js';
import { humanDuration } from './human-duration.js';
import { defineRules } from './kind-rules.js';
import { validateContainerResources } from './pod/resource-validation.js';
import { validateTolerations } from './pod/scheduling-validation.js';
import { oldNodeLabel } from './warnings.js';

const highestUserPriority = 1_000_000_000;

/** The classes that every cluster has. */
export const systemPriorities: ReadonlyMap<string, { readonly value: number; readonly description: string }> =
  new Map([
    [
      'system-cluster-critical',
      { value: 2_000_000_000, description: 'Of pods that the cluster can not be without, on any node.' },
    ],
    [
      'system-node-critical',
      { value: 2_000_001_000, description: 'Of pods that their node can not be without.' },
    ],
  ]);

export const priorityClassRules = defineRules<PriorityClass>({
  kind: PriorityClass,
  storageKey: 'priorityclasses',
  generation: 'fixed',
  default(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority';
    object.value ??= 0;
  },
  validateCreate({ metadata, value = 0, preemptionPolicy }) {
    const { name = '' } = metadata;
    const errors: FieldError[] = [];
    if (name.startsWith('system-')) {
      const known = systemPriorities.get(name)?.value;
      const why =
        known === undefined
          ? `${name} is not a known system priority class`
          : `value of ${name} PriorityClass must be ${known}`;
      if (known !== value)
        errors.push(
          forbiddenField(
            path('metadata', 'name'),
            `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`,
          ),
        );
    } else if (value > highestUserPriority)
      errors.push(
        forbiddenField(
          path('value'),
          `maximum allowed value of a user defined priority is ${highestUserPriority}`,
        ),
      );
    errors.push(
      ...validateRequiredChoice(
        preemptionPolicy,
        ['PreemptLowerPriority', 'Never'],
        path('preemptionPolicy'),
      ),
    );
    return errors;
  },
  validateUpdate: (object, old) => [
    ...(object.value === old.value
      ? []
      : [forbiddenField(path('value'), 'may not be changed in an update.')]),
    ...validateImmutable(object.preemptionPolicy, old.preemptionPolicy, path('preemptionPolicy')),
  ],
  columns: [
    nameColumn,
    integer('Value', 'The priority.', ({ value }) => value ?? 0),
    flag(
      'Global-Default',
      'Whether pods without a class have it.',
      ({ globalDefault }) => globalDefault ?? false,
    ),
    ageColumn,
    text(
      'PreemptionPolicy',
      'Whether pods of it push others out.',
      ({ preemptionPolicy }) => preemptionPolicy ?? '',
    ),
  ],
});

export const runtimeClassRules = defineRules<RuntimeClass>({
  kind: RuntimeClass,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  storageKey: 'runtimeclasses',
  validate: ({ handler, overhead, scheduling }) => [
    ...(handler ? validateFormat(dns1123LabelErrors, handler, path('handler')) : [required(path('handler'))]),
    ...(overhead === undefined
      ? []
      : validateContainerResources({ limits: overhead.podFixed }, { containers: [] }, path('overhead'))),
    ...validateLabels(scheduling?.nodeSelector, path('scheduling', 'nodeSelector')),
    ...validateTolerations(scheduling?.tolerations ?? [], path('scheduling', 'tolerations')),
    ...validateDistinct(scheduling?.tolerations ?? [], path('scheduling', 'tolerations')),
  ],
  warnings: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
      const message = oldNodeLabel(key);
      return message === undefined ? [] : [`${path('scheduling', 'nodeSelector')}: ${message}`];
    }),
  validateUpdate: (object, old) => validateImmutable(object.handler, old.handler, path('handler')),
  columns: [nameColumn, text('Handler', 'What runs the containers.', ({ handler }) => handler), ageColumn],
});

/** Upstream shows a toleration in its internal form here. */
function validateDistinct(tolerations: readonly Toleration[], field: FieldPath): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds = null } = toleration;
    const shown = {
      Key: key,
      Operator: operator,
      Value: value,
      Effect: effect,
      TolerationSeconds: tolerationSeconds,
    };
    return tolerations.slice(0, index).some((other) => sameValue(other, toleration))
      ? [duplicate(field.index(index), shown)]
      : [];
  });
}

export const certificateSigningRequestRules = defineRules<CertificateSigningRequest>({
  kind: CertificateSigningRequest,
  metadataChecks: 'as new',
  storageKey: 'certificatesigningrequests',
  // Who asks and for what is said once, and what becomes of it by the one who may.
  resetFields: {
    '': { 'f:spec': {}, 'f:status': {} },
    approval: { 'f:spec': {}, 'f:status': { 'f:certificate': {} } },
    status: { 'f:spec': {}, 'f:status': { 'f:conditions': {} } },
  },
  prepareForCreate(request, { user }) {
    // Who asks is not for the asker to say.
    if (request.spec !== undefined) {
      request.spec.username = user.name;
      request.spec.groups = [...user.groups];
      request.spec.uid = user.uid;
      request.spec.extra = Object.fromEntries(
        Object.entries(user.extra ?? {}).map(([key, values]) => [key, [...values]]),
      );
      if (Object.keys(request.spec.extra).length === 0) delete request.spec.extra;
    }
    request.status = {};
  },
  prepareForUpdate(request, old) {
    request.spec = old.spec;
  },
  // Any segment of a path will do.
  validateName: pathSegmentErrors,
  validate: validateSigningRequest,
  validateUpdate: (request, old) => validateSigningRequestUpdate(request, old, 'object'),
  columns: [
    nameColumn,
    ageColumn,
    text('SignerName', 'Who shall sign.', ({ spec }) => orNone(spec?.signerName)),
    text('Requestor', 'Who asks.', ({ spec }) => spec?.username ?? ''),
    text('RequestedDuration', 'How long the certificate shall last.', ({ spec }) =>
      spec?.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    ),
    text('Condition', 'How far the request is.', conditionText),
  ],
  subresources: {
    approval: {
      prepareForUpdate(request, old, { now }) {
        const wanted = request.status?.conditions;
        request.spec = old.spec;
        request.status = { ...old.status, conditions: wanted };
        fillTimes(request, old, now());
      },
      validateUpdate: (request, old) => [
        ...validateSigningRequest(request),
        ...validateSigningRequestUpdate(request, old, 'approval'),
      ],
    },
    status: {
      prepareForUpdate(request, old, { now }) {
        keepDecisions(request, old);
        fillTimes(request, old, now());
      },
      validateUpdate: (request, old) => [
        ...validateSigningRequest(request),
        ...validateSigningRequestUpdate(request, old, 'status'),
      ],
    },
  },
});

/** Approval has a place of its own: where no decision comes or goes, none changes. Validation refuses the rest. */
function keepDecisions(request: CertificateSigningRequest, old: CertificateSigningRequest): void {
  const conditions = request.status?.conditions;
  if (conditions === undefined) return;
  for (const decision of ['Approved', 'Denied']) {
    const before = (old.status?.conditions ?? []).filter(({ type }) => type === decision);
    const places = conditions.flatMap(({ type }, index) => (type === decision ? [index] : []));
    if (places.length !== before.length) continue;
    places.forEach((place, i) => {
      const kept = before[i];
      if (kept !== undefined) conditions[place] = kept;
    });
  }
}

/** Conditions without times are of now; one that was so before changed when it did then. */
function fillTimes(request: CertificateSigningRequest, old: CertificateSigningRequest, now: number): void {
  for (const condition of request.status?.conditions ?? []) {
    condition.lastUpdateTime ??= formatTime(now);
    const before = (old.status?.conditions ?? []).find(
      ({ type, status, lastTransitionTime }) =>
        type === condition.type && status === condition.status && Boolean(lastTransitionTime),
    );
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? formatTime(now);
  }
}

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (wanted: string) => (status?.conditions ?? []).some(({ type }) => type === wanted);
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}
