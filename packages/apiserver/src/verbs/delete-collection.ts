import { isNotFound } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import { deleteObject } from '../registry/delete-object.js';
import type { ServedKind } from '../registry/resource.js';
import { formOf, listPieces } from '../tables/forms.js';
import type { StoredEntry } from '../tables/table.js';
import { ConvertedSelection } from './converted-selection.js';
import { deleteOptions } from './delete-options.js';
import { scopeOf } from './read-options.js';
import { writeContext } from './write-options.js';

/** DELETE of all objects that the selectors name; answers with the list of what it deleted. */
export async function deleteCollection(exchange: Exchange, served: ServedKind): Promise<void> {
  const { server } = exchange;
  const { resource } = served;
  const options = await deleteOptions(exchange);
  const dryRun = (options.dryRun ?? []).includes('All');
  const context = writeContext(exchange, served, { dryRun, given: options });
  const scope = scopeOf(exchange, served);
  const list = await (ConvertedSelection.of(served, scope)?.list(
    resource.cache,
    scope,
    server.turns.start(),
  ) ?? resource.cache.select(scope, server.turns.start()));
  const { revision } = list;
  const keys = [...list.entries()].map(({ key }) => key);
  list.release();
  const deleted: StoredEntry[] = [];
  for (const key of keys) {
    try {
      const target = { ...resource.nameOf(key), ofCollection: true };
      deleted.push(await deleteObject(server, resource, target, options, context));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  await served.prepare(deleted);
  const form = formOf(exchange.accepted, exchange.info.query);
  const metadata = { resourceVersion: String(revision) };
  const pieces = listPieces(served, form, deleted, metadata, server.now());
  const bytes = Buffer.concat([...pieces]);
  if (exchange.audit?.keepsResponse === true) exchange.audit.responsePiece(bytes);
  exchange.send(200, form.type, bytes);
}
