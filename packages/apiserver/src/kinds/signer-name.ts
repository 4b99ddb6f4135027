import { dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import { type FieldError, type FieldPath, invalid, required, tooLong } from '../validation/field-error.js';

/** `example.com/signer`: a domain, a slash and a name. */
export function validateSignerName(name: string, field: FieldPath): FieldError[] {
  if (name === '') return [required(field)];
  const parts = name.split('/');
  if (parts.length !== 2)
    return [
      invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  const [domain = '', rest = ''] = parts;
  // Each label of the domain is told by itself.
  const errors = domain
    .split('.')
    .flatMap((label) =>
      dns1123LabelErrors(label).map((message) =>
        invalid(field, domain, `validating label ${JSON.stringify(label)}: ${message}`),
      ),
    );
  if (domain.split('.').length < 2)
    errors.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'));
  errors.push(
    ...dns1123SubdomainErrors(rest).map((message) =>
      invalid(field, rest, `validating label ${JSON.stringify(rest)}: ${message}`),
    ),
  );
  if (name.length > 571) errors.push(tooLong(field, 571));
  return errors;
}
