import { encodeJson, type KubernetesObject } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import { type Deleted, deleteObject } from '../registry/delete-object.js';
import type { ServedKind } from '../registry/resource.js';
import { answerObject } from './answer.js';
import { deleteOptions } from './delete-options.js';
import { writeContext } from './write-options.js';

/** DELETE of one object. */
export async function deleteVerb(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name } = exchange.info;
  const options = await deleteOptions(exchange);
  const deleted = await deleteObject(
    exchange.server,
    served.resource,
    { namespace, name },
    options,
    writeContext(exchange, served, { dryRun: (options.dryRun ?? []).includes('All'), given: options }),
  );
  if (!deleted.gone || served.resource.rules.returnsDeleted) {
    // The answer of old to those who want dependents to go along, and have to wait.
    const status = !deleted.gone && options.orphanDependents === false ? 202 : 200;
    return answerObject(exchange, served, status, deleted);
  }
  exchange.sendJson(200, encodeJson(success(served, deleted)));
}

function success({ kind }: ServedKind, { object }: Deleted<KubernetesObject>): object {
  const { name, uid } = object.metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, uid },
  };
}
