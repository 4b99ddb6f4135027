import { badRequest, isApiError, type KubernetesObject } from '@kubewright/api';
import type { DeleteOptions } from '@kubewright/api/meta/v1';
import type { Exchange } from '../exchange.js';
import { querySwitch } from '../http/query-switch.js';
import { builtinBodyKind } from '../schema/body-kind.js';
import { deleteOptionsErrors, invalidOptions } from '../validation/options.js';
import { checkContentType, decodeObject } from './read-body.js';
import { wholeNumber } from './read-options.js';

/** Options of a delete: the body where there is one, else the query. */
export async function deleteOptions(exchange: Exchange): Promise<DeleteOptions> {
  const options = await given(exchange);
  const errors = deleteOptionsErrors(options);
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  return options;
}

async function given(exchange: Exchange): Promise<DeleteOptions> {
  const bytes = await exchange.readBody();
  if (bytes.length === 0) return fromQuery(exchange.info.query);
  checkContentType(exchange);
  const { metadata: _, ...options } = decoded(exchange, bytes);
  return options as DeleteOptions;
}

/** Upstream's decoder of options says what is wrong without what it was about. */
function decoded(exchange: Exchange, bytes: Buffer): KubernetesObject {
  try {
    return decodeObject(exchange, bytes, builtinBodyKind('', 'v1', 'DeleteOptions'), 'Ignore');
  } catch (error) {
    if (!isApiError(error) || error.reason !== 'BadRequest') throw error;
    throw badRequest(
      error.message
        .replace(/^\S+ in version "\S*" cannot be handled as a DeleteOptions: /, '')
        .replace(/in scheme "[^"]*"$/, 'in scheme "pkg/runtime/scheme.go:111"'),
    );
  }
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
