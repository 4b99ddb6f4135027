import type { Exchange } from '../exchange.js';
import { querySwitch } from '../http/query-switch.js';
import { dryRunStore } from '../registry/dry-run-store.js';
import { FieldOwnership } from '../registry/field-ownership.js';
import type { ServedKind } from '../registry/resource.js';
import type { WriteContext, WriteRequest } from '../registry/write-context.js';
import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
  tooLong,
} from '../validation/field-error.js';
import { dryRunErrors, invalidOptions } from '../validation/options.js';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What the query of a write says. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
  /** What of these the client gave, as admission is told. */
  readonly given: object;
}

const maxManagerLength = 128;

const optionKinds: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
};

/** @throws ApiError Invalid, in upstream's words, for an option that has no such value */
export function writeOptions({ info, request }: Exchange): WriteOptions {
  const { query, verb } = info;
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const dryRun = query.getAll('dryRun');
  const errors = [
    ...(verb === 'patch' ? applyErrors(request.headers['content-type'] ?? '', query) : []),
    ...managerErrors(fieldManager),
    ...dryRunErrors(dryRun),
    ...(fieldValidations.has(fieldValidation)
      ? []
      : [notSupported(path('fieldValidation'), fieldValidation, [...fieldValidations].sort())]),
  ];
  if (errors.length > 0) throw invalidOptions(optionKinds[verb] ?? 'CreateOptions', errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: fieldManager === '' ? managerOf(request.headers['user-agent']) : fieldManager,
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
    force: querySwitch(query, 'force'),
    given: {
      ...(dryRun.length === 0 ? {} : { dryRun }),
      ...(fieldManager === '' ? {} : { fieldManager }),
      ...(fieldValidation === '' ? {} : { fieldValidation }),
    },
  };
}

/** Who writes, for the rules and the admission of a write; what it changes becomes the field manager's, if it names one. */
export function writeContext(
  exchange: Exchange,
  served: ServedKind,
  { dryRun, fieldManager, given }: Pick<WriteOptions, 'dryRun' | 'given'> & Partial<WriteOptions>,
): WriteContext {
  const { server, user } = exchange;
  // Made anew for each write, so that it is added to rather than copied.
  const context = Object.assign(server.contextFor(user, dryRun), {
    request: new ClientWrite(exchange, served, given),
  });
  if (dryRun) Object.assign(context, { objects: dryRunStore(context.objects) });
  if (fieldManager === undefined) return context;
  return Object.assign(context, {
    ownership: new FieldOwnership(served, { manager: fieldManager, now: () => server.now() }),
  });
}

class ClientWrite implements WriteRequest {
  readonly #exchange: Exchange;
  readonly served: ServedKind;
  readonly options: object;

  constructor(exchange: Exchange, served: ServedKind, options: object) {
    this.#exchange = exchange;
    this.served = served;
    this.options = options;
  }

  // Made when first asked for, as few plugins do.
  get signal(): AbortSignal {
    return this.#exchange.request.signal;
  }

  assertWanted(): void {
    this.#exchange.assertWanted();
  }

  waited(ms: number): void {
    this.#exchange.waitedMs += ms;
  }

  warn(text: string): void {
    this.#exchange.warn(text);
  }

  annotate(key: string, value: string, holdsContent?: boolean): void {
    this.#exchange.annotate(key, value, holdsContent);
  }
}

/** The default manager: what stands before the first slash of the user agent. */
function managerOf(userAgent: string | undefined): string {
  return (userAgent ?? '').split('/')[0]?.slice(0, maxManagerLength) || 'unknown';
}

const fieldValidations = new Set(['', 'Strict', 'Warn', 'Ignore']);

function applyErrors(contentType: string, query: URLSearchParams): FieldError[] {
  if (contentType.startsWith('application/apply-patch'))
    return (query.get('fieldManager') ?? '') === ''
      ? [required(path('fieldManager'), 'is required for apply patch')]
      : [];
  return query.has('force')
    ? [forbiddenField(path('force'), 'may not be specified for non-apply patch')]
    : [];
}

function managerErrors(manager: string): FieldError[] {
  const field = path('fieldManager');
  const errors = Buffer.byteLength(manager) > maxManagerLength ? [tooLong(field, maxManagerLength)] : [];
  const wrong = manager.search(/[^\x20-\x7e\u00a1-\uffff]/);
  if (wrong >= 0) {
    const code = manager.charCodeAt(wrong).toString(16).toUpperCase().padStart(4, '0');
    errors.push(invalid(field, manager, `invalid character U+${code} (at position ${wrong})`));
  }
  return errors;
}
