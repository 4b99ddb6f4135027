import type { Exchange } from '../exchange.js';
import { createObject } from '../registry/create-object.js';
import { matchNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import { inStep } from '../turn.js';
import { answerObject } from './answer.js';
import { dedupeOwners } from './owner-references.js';
import { readObject } from './read-body.js';
import { writeContext, writeOptions } from './write-options.js';
import { warnAboutWrite } from './write-warnings.js';

/** POST of an object to its collection. */
export async function create(exchange: Exchange, served: ServedKind): Promise<void> {
  const options = writeOptions(exchange);
  const object = await readObject(exchange, served.body, options.fieldValidation);
  matchNamespace(object, exchange.info.namespace, served.resource);
  dedupeOwners(exchange, object);
  const context = writeContext(exchange, served, options);
  const stored = served.toStored(object);
  // With its defaults, as it was sent.
  exchange.audit?.requested(served.conversion === undefined ? stored : object);
  const created = await createObject(exchange.server, served.resource, stored, context);
  warnAboutWrite(exchange, served.resource, created);
  await inStep;
  return answerObject(exchange, served, 201, created);
}
