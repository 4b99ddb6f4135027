import { ApiError } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { WriteContext } from '../registry/write-context.js';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What the query of a write says. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
}

const maxManagerLength = 128;

/** @throws ApiError Invalid, in upstream's words, for an option that has no such value */
export function writeOptions({ info, request }: Exchange): WriteOptions {
  const { query } = info;
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  if (dryRun.some((value) => value !== 'All'))
    throw invalidOption('dryRun', `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`);
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore')
    throw invalidOption(
      'fieldValidation',
      `Unsupported value: ${JSON.stringify(fieldValidation)}: supported values: "Ignore", "Warn", "Strict"`,
    );
  const fieldManager = query.get('fieldManager') ?? '';
  if (fieldManager.length > maxManagerLength)
    throw invalidOption('fieldManager', `Too long: may not be more than ${maxManagerLength} bytes`);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: fieldManager === '' ? managerOf(request.headers['user-agent']) : fieldManager,
    fieldValidation,
    force: query.get('force') === 'true' || query.get('force') === '1',
  };
}

/** Who writes, for the rules and the admission of a write. */
export function writeContext(exchange: Exchange, options: { readonly dryRun: boolean }): WriteContext {
  return exchange.server.contextFor(exchange.user, options.dryRun);
}

/** The default manager: what stands before the first slash of the user agent. */
function managerOf(userAgent: string | undefined): string {
  return (userAgent ?? '').split('/')[0]?.slice(0, maxManagerLength) || 'unknown';
}

function invalidOption(field: string, message: string): ApiError {
  return new ApiError('Invalid', ` "" is invalid: ${field}: ${message}`, {
    details: { causes: [{ reason: 'FieldValueNotSupported', message, field }] },
  });
}
