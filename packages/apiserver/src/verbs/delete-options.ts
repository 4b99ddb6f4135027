import type { DeleteOptions } from '@kubewright/api/meta/v1';
import type { Exchange } from '../exchange.js';
import { querySwitch } from '../http/query-switch.js';
import { builtinBodyKind } from '../schema/body-kind.js';
import { type FieldError, invalid, notSupported, path } from '../validation/field-error.js';
import { checkContentType, decodeObject } from './read-body.js';
import { wholeNumber } from './read-options.js';
import { dryRunErrors, invalidOptions } from './write-options.js';

/** Options of a delete: the body where there is one, else the query. */
export async function deleteOptions(exchange: Exchange): Promise<DeleteOptions> {
  const options = await given(exchange);
  const errors = optionErrors(options);
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  return options;
}

// Source: apimachinery's `ValidateDeleteOptions`.
function optionErrors({ orphanDependents, propagationPolicy, dryRun }: DeleteOptions): FieldError[] {
  const field = path('propagationPolicy');
  const errors: FieldError[] = [];
  if (orphanDependents != null && propagationPolicy != null)
    errors.push(
      invalid(field, propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  if (propagationPolicy != null && !policies.includes(propagationPolicy))
    errors.push(notSupported(field, propagationPolicy, [...policies, 'nil']));
  return [...errors, ...dryRunErrors(dryRun ?? [])];
}

const policies = ['Foreground', 'Background', 'Orphan'];

async function given(exchange: Exchange): Promise<DeleteOptions> {
  const bytes = await exchange.readBody();
  if (bytes.length === 0) return fromQuery(exchange.info.query);
  checkContentType(exchange);
  const { metadata: _, ...options } = decodeObject(
    exchange,
    bytes,
    builtinBodyKind('', 'v1', 'DeleteOptions'),
    'Ignore',
  );
  return options as DeleteOptions;
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const grace = query.get('gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  const dryRun = query.getAll('dryRun');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: wholeNumber(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(query.has('orphanDependents') ? { orphanDependents: querySwitch(query, 'orphanDependents') } : {}),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}
