import type { DeleteOptions } from '@kubewright/api/meta/v1';
import type { Exchange } from '../exchange.js';
import { builtinBodyKind } from '../schema/body-kind.js';
import { decodeObject } from './read-body.js';

/** Options of a delete: the body where there is one, else the query. */
export async function deleteOptions(exchange: Exchange): Promise<DeleteOptions> {
  const bytes = await exchange.request.readBody();
  if (bytes.length === 0) return fromQuery(exchange.info.query);
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
  const orphan = query.get('orphanDependents');
  const dryRun = query.getAll('dryRun');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: orphan === 'true' }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}
