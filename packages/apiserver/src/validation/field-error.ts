import { ApiError, encodeJson, type QualifiedResource, type StatusCause } from '@kubewright/api';

/** Why a field is wrong, as `StatusCause.reason` names it. */
export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotFound'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

/** One wrong field: its path, why, and the message without the path, as upstream's `field.Error`. */
export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  /** `Required value: must be set` */
  readonly message: string;
}

/**
 * Where a field stands: `path('spec').child('containers').index(0).child('image')` prints as
 * `spec.containers[0].image`.
 */
export class FieldPath {
  readonly #parent: FieldPath | undefined;
  readonly #segment: string | number;
  readonly #inBrackets: boolean;

  constructor(segment: string | number, parent?: FieldPath, inBrackets = false) {
    this.#segment = segment;
    this.#parent = parent;
    this.#inBrackets = inBrackets;
  }

  child(...names: string[]): FieldPath {
    let path: FieldPath = this;
    for (const name of names) if (name !== '') path = new FieldPath(name, path);
    return path;
  }

  index(index: number): FieldPath {
    return new FieldPath(index, this, true);
  }

  key(key: string): FieldPath {
    return new FieldPath(key, this, true);
  }

  // Put together only where something is wrong: most paths are made for nothing.
  toString(): string {
    const parent = this.#parent?.toString() ?? '';
    // A name that is empty is taken for an index, as upstream does.
    if (this.#inBrackets || this.#segment === '') return `${parent}[${this.#segment}]`;
    return parent === '' ? `${this.#segment}` : `${parent}.${this.#segment}`;
  }
}

/** The path of a top-level field. */
export function path(...names: string[]): FieldPath {
  return new FieldPath(names.join('.'));
}

/** How upstream prints a bad value: strings quoted, the rest as JSON. */
function show(value: unknown): string {
  if (value === undefined) return 'null';
  return typeof value === 'string' ? goQuote(value) : goJson(encodeJson(value));
}

/** Go's JSON has these in texts as escapes, for those who put it into a page. */
function goJson(json: string): string {
  return /[<>&\u2028\u2029]/.test(json)
    ? json.replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
}

/** A string as Go's `%q` shows it. */
function goQuote(text: string): string {
  const quoted = JSON.stringify(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is the control characters that differ
  return /[\u0000-\u001f\u007f-\u00a0\u00ad]/.test(text)
    ? quoted
        .replace(/\\u000b/g, '\\v')
        .replace(/\\u0007/g, '\\a')
        .replace(/\\u00([0-9a-f]{2})/g, '\\x$1')
        .replace(/[\u007f]/g, '\\x7f')
        .replace(/[\u0080-\u00a0\u00ad]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)
    : quoted;
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

export function required(field: FieldPath, detail = ''): FieldError {
  return {
    type: 'FieldValueRequired',
    field: field.toString(),
    message: withDetail('Required value', detail),
  };
}

export function invalid(field: FieldPath, value: unknown, detail: string): FieldError {
  return {
    type: 'FieldValueInvalid',
    field: field.toString(),
    message: withDetail(`Invalid value: ${show(value)}`, detail),
  };
}

/** Where upstream leaves the value out. */
export function invalidWithoutValue(field: FieldPath, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field: field.toString(), message: withDetail('Invalid value', detail) };
}

export function typeInvalid(field: FieldPath, value: unknown, detail: string): FieldError {
  return {
    type: 'FieldValueTypeInvalid',
    field: field.toString(),
    message: withDetail(`Invalid value: ${show(value)}`, detail),
  };
}

export function notSupported(field: FieldPath, value: unknown, supported: readonly string[]): FieldError {
  const values = supported.map((one) => JSON.stringify(one)).join(', ');
  return {
    type: 'FieldValueNotSupported',
    field: field.toString(),
    message: `Unsupported value: ${show(value)}${supported.length === 0 ? '' : `: supported values: ${values}`}`,
  };
}

export function duplicate(field: FieldPath, value: unknown): FieldError {
  return {
    type: 'FieldValueDuplicate',
    field: field.toString(),
    message: value === undefined ? 'Duplicate value' : `Duplicate value: ${show(value)}`,
  };
}

export function forbiddenField(field: FieldPath, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field: field.toString(), message: withDetail('Forbidden', detail) };
}

export function notFoundField(field: FieldPath, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field: field.toString(), message: `Not found: ${show(value)}` };
}

/** What went wrong while a field was looked at. */
export function internalError(field: FieldPath, detail: string): FieldError {
  return { type: 'InternalError', field: field.toString(), message: `Internal error: ${detail}` };
}

export function tooLong(field: FieldPath, maxLength: number): FieldError {
  return {
    type: 'FieldValueTooLong',
    field: field.toString(),
    message: `Too long: may not be more than ${maxLength} byte${maxLength === 1 ? '' : 's'}`,
  };
}

export function tooMany(field: FieldPath, actual: number, maxItems: number): FieldError {
  return {
    type: 'FieldValueTooMany',
    field: field.toString(),
    message: `Too many: ${actual}: must have at most ${maxItems} item${maxItems === 1 ? '' : 's'}`,
  };
}

/** The 422 that a list of field errors becomes; upstream joins more than one in square brackets. */
export function invalidObject(
  resource: QualifiedResource & { readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): ApiError {
  const causes: StatusCause[] = errors.map(({ type, field, message }) => ({ reason: type, message, field }));
  const messages = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  const joined = messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`;
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  return new ApiError('Invalid', `${kind} "${name}" is invalid: ${joined}`, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(resource.group === '' ? {} : { group: resource.group }),
      ...(resource.kind === '' ? {} : { kind: resource.kind }),
      causes,
    },
  });
}
