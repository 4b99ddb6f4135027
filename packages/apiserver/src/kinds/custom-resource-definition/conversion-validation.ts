import type { CustomResourceConversion } from '@kubewright/api/apiextensions/v1';
import { isCaBundle } from '../../extensions/ca-bundle.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../../validation/field-error.js';
import { validateReviewVersions, validateWebhookClient } from '../webhook-validation.js';

/** How versions are converted. The fields are those of upstream's internal version, as its errors name them. */
export function validateConversion(
  conversion: CustomResourceConversion | undefined,
  field: FieldPath,
  mayHaveInvalidBundle: boolean,
): FieldError[] {
  if (conversion === undefined) return [];
  const { strategy = '', webhook } = conversion;
  const errors: FieldError[] = [];
  if (strategy === '') errors.push(required(field.child('strategy')));
  else if (strategy !== 'None' && strategy !== 'Webhook')
    errors.push(notSupported(field.child('strategy'), strategy, ['None', 'Webhook']));
  const client = field.child('webhookClientConfig');
  const reviews = field.child('conversionReviewVersions');
  if (strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig !== undefined) errors.push(forbiddenField(client, detail));
    if ((webhook?.conversionReviewVersions ?? []).length > 0) errors.push(forbiddenField(reviews, detail));
    return errors;
  }
  const config = webhook?.clientConfig;
  if (config === undefined) errors.push(required(client, 'required when strategy is set to Webhook'));
  else {
    errors.push(...validateWebhookClient(config, client));
    const { caBundle = '' } = config;
    if (caBundle !== '' && !mayHaveInvalidBundle && !isCaBundle(caBundle))
      errors.push(
        invalid(
          client.child('caBundle'),
          caBundle,
          'unable to load root certificates: unable to parse bytes as PEM block',
        ),
      );
  }
  return [...errors, ...validateReviewVersions(webhook?.conversionReviewVersions ?? [], reviews, '')];
}
