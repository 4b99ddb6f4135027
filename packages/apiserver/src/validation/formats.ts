import { dns1123SubdomainErrors } from '@kubewright/api';
import { type FieldError, type FieldPath, invalid, required } from './field-error.js';

/** Says what is wrong with a value, nothing where it is right. */
export type Format = (value: string) => string[];

/** One error for each message of the format. A value that a client left out is empty, as it is in Go. */
export function validateFormat(format: Format, value: string | undefined, field: FieldPath): FieldError[] {
  const text = value ?? '';
  const messages = format(text);
  return messages.length === 0 ? [] : messages.map((message) => invalid(field, text, message));
}

/**
 * What `generateName` has to fulfil: the name's own format, except that it may end with a dash, as more characters
 * follow.
 */
export function asPrefix(format: Format): Format {
  return (value) => format(value.length > 1 && value.endsWith('-') ? `${value.slice(0, -2)}a` : value);
}

/** `must be between 1 and 65535, inclusive` */
export function inRange(from: number, to: number): string {
  return `must be between ${from} and ${to}, inclusive`;
}

export function portNumber(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : [inRange(1, 65535)];
}

/** A user or group id of Linux. */
export function userId(id: number): string[] {
  return id >= 0 && id <= 2147483647 ? [] : [inRange(0, 2147483647)];
}

export function percent(value: string): string[] {
  return /^[0-9]+%$/.test(value)
    ? []
    : [
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ];
}

export function httpHeaderName(name: string): string[] {
  return /^[-A-Za-z0-9]+$/.test(name)
    ? []
    : [
        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
      ];
}

/** A domain, a slash and a path: `example.com/thing`. Source: apimachinery's `IsDomainPrefixedPath`. */
export function validateDomainPrefixedPath(value: string, field: FieldPath): FieldError[] {
  if (value === '') return [required(field)];
  const slash = value.indexOf('/');
  const [domain, rest] = [value.slice(0, slash), value.slice(slash + 1)];
  if (slash <= 0 || rest === '')
    return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = dns1123SubdomainErrors(domain).map((message) => invalid(field, domain, message));
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest))
    errors.push(
      invalid(field, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"),
    );
  return errors;
}
