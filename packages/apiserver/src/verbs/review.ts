import { encodeJson } from '@kubewright/api';
import type { Endpoint } from '../encoding/negotiate.js';
import type { Exchange } from '../exchange.js';
import type { ServedReview } from '../registry/resource-table.js';
import { placeInNamespace } from './create.js';
import { readObject } from './read-body.js';
import { methodNotAllowed, unknownResource } from './refusals.js';
import { writeOptions } from './write-options.js';

/** Reviews have no tables, and every built-in kind has a protobuf form. */
const endpoint: Endpoint = { transforms: false, protobuf: true };

/** POST of a question: the answer is the same object with its status. Nothing is stored. */
export async function review(exchange: Exchange, { rules, body }: ServedReview): Promise<void> {
  const { verb, name, subresource, namespace } = exchange.info;
  if (subresource !== '') throw unknownResource();
  const fits = name === '' && (rules.kind.scope === 'Namespaced') === (namespace !== '');
  if (verb !== 'create' || !fits) throw methodNotAllowed();
  exchange.accept(endpoint);
  const options = writeOptions(exchange);
  const asked = await readObject(exchange, body(), options.fieldValidation);
  if (namespace !== '') placeInNamespace(asked, namespace);
  const context = exchange.server.contextFor(exchange.user, options.dryRun);
  exchange.sendJson(201, encodeJson(await rules.answer(asked, { ...context, namespace })));
}
