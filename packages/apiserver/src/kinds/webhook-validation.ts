import { dns1035LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import type {
  MutatingWebhook,
  ValidatingWebhook,
  WebhookClientConfig,
} from '@kubewright/api/admissionregistration/v1';
import { validateChoice } from '../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { portNumber, validateFormat } from '../validation/formats.js';
import { parseGoUrl } from '../validation/go-url.js';
import { validateLabelSelector } from '../validation/label-selector.js';
import {
  failurePolicies,
  matchPolicies,
  validateMatchConditions,
  validateRule,
} from './admission-rule-validation.js';

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

/** The webhooks of a configuration, of either kind. Source: `validateValidatingWebhook` and its twin. */
export function validateWebhooks(webhooks: readonly Webhook[] | undefined): FieldError[] {
  const names = new Set<string>();
  return (webhooks ?? []).flatMap((webhook, index) => {
    const at = path('webhooks').index(index);
    const errors = [
      ...validateWebhook(webhook, at),
      ...validateReviewVersions(webhook.admissionReviewVersions ?? [], at.child('admissionReviewVersions')),
    ];
    if (webhook.name && names.has(webhook.name)) errors.push(duplicate(at.child('name'), webhook.name));
    names.add(webhook.name);
    return errors;
  });
}

const sideEffects = ['None', 'NoneOnDryRun'];

function validateWebhook(webhook: Webhook, field: FieldPath): FieldError[] {
  const { timeoutSeconds } = webhook;
  const errors = [
    ...validateQualifiedName(webhook.name, field.child('name')),
    ...(webhook.rules ?? []).flatMap((rule, index) => validateRule(rule, field.child('rules').index(index))),
    ...validateChoice(webhook.failurePolicy, failurePolicies, field.child('failurePolicy')),
    ...validateChoice(webhook.matchPolicy, matchPolicies, field.child('matchPolicy')),
  ];
  const effects = field.child('sideEffects');
  if (webhook.sideEffects === undefined)
    errors.push(required(effects, `must specify one of ${sideEffects.join(', ')}`));
  else if (!sideEffects.includes(webhook.sideEffects))
    errors.push(notSupported(effects, webhook.sideEffects, sideEffects));
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1))
    errors.push(
      invalid(
        field.child('timeoutSeconds'),
        timeoutSeconds,
        'the timeout value must be between 1 and 30 seconds',
      ),
    );
  return [
    ...errors,
    ...validateLabelSelector(webhook.namespaceSelector, field.child('namespaceSelector')),
    ...validateLabelSelector(webhook.objectSelector, field.child('objectSelector')),
    ...validateChoice(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], field.child('reinvocationPolicy')),
    ...validateWebhookClient(webhook.clientConfig ?? {}, field.child('clientConfig')),
    ...validateMatchConditions(webhook.matchConditions ?? [], field.child('matchConditions')),
  ];
}

/** A name with a domain of at least three parts: `check.example.com`. */
function validateQualifiedName(name: string, field: FieldPath): FieldError[] {
  if (!name) return [required(field)];
  const errors = dns1123SubdomainErrors(name);
  if (errors.length > 0) return [invalid(field, name, errors.join(','))];
  return name.split('.').length < 3
    ? [invalid(field, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

const reviewVersions = ['v1', 'v1beta1'];

/** The versions of reviews that a webhook takes; `missing` is said where it names none. */
export function validateReviewVersions(
  versions: readonly string[],
  field: FieldPath,
  missing = `must specify one of ${reviewVersions.join(', ')}`,
): FieldError[] {
  if (versions.length === 0) return [required(field, missing)];
  const seen = new Set<string>();
  const errors = versions.flatMap((version, index) => {
    const at = field.index(index);
    if (seen.has(version)) return [invalid(at, version, 'duplicate version')];
    seen.add(version);
    return validateFormat(dns1035LabelErrors, version, at);
  });
  if (!reviewVersions.some((version) => versions.includes(version)))
    errors.push(invalid(field, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  return errors;
}

/** Where a webhook is called: a URL or a Service. */
export function validateWebhookClient(
  { url, service }: Pick<WebhookClientConfig, 'url' | 'service'>,
  field: FieldPath,
): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(field, 'exactly one of url or service is required')];
  if (url !== undefined) return validateUrl(url, field.child('url'));
  const at = field.child('service');
  const errors: FieldError[] = [];
  // Upstream's check takes the two the other way round than its callers give them.
  if (!service?.namespace) errors.push(required(at.child('name')));
  if (!service?.name) errors.push(required(at.child('namespace')));
  const port = service?.port ?? 443;
  if (portNumber(port).length > 0)
    errors.push(invalid(at.child('port'), port, `port is not valid: ${portNumber(port).join(', ')}`));
  if (service?.path !== undefined) errors.push(...validateUrlPath(service.path, at.child('path')));
  return errors;
}

function validateUrl(text: string, field: FieldPath): FieldError[] {
  const form = '; desired format: https://host[/path]';
  const url = parseGoUrl(text);
  if (typeof url === 'string') return [required(field, `url must be a valid URL: ${url}${form}`)];
  const errors: FieldError[] = [];
  if (url.scheme !== 'https')
    errors.push(invalid(field, url.scheme, `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') errors.push(invalid(field, url.host, `host must be specified${form}`));
  if (url.user !== undefined)
    errors.push(invalid(field, url.user, 'user information is not permitted in the URL'));
  if (url.fragment !== '')
    errors.push(invalid(field, url.fragment, 'fragments are not permitted in the URL'));
  if (url.query !== '')
    errors.push(invalid(field, url.query, 'query parameters are not permitted in the URL'));
  return errors;
}

function validateUrlPath(text: string, field: FieldPath): FieldError[] {
  if (text === '/' || text === '') return [];
  if (text === '//') return [invalid(field, text, 'segment[0] may not be empty')];
  const errors = text.startsWith('/') ? [] : [invalid(field, text, "must start with a '/'")];
  const segments = text.slice(1).replace(/\/$/, '').split('/');
  return [
    ...errors,
    ...segments.flatMap((segment, index) => {
      if (segment === '') return [invalid(field, text, `segment[${index}] may not be empty`)];
      return dns1123SubdomainErrors(segment).map((message) =>
        invalid(field, text, `segment[${index}]: ${message}`),
      );
    }),
  ];
}
