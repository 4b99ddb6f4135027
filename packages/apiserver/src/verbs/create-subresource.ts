import { encodeJson } from '@kubewright/api';
import { AdmissionRequest } from '../admission/admission-request.js';
import type { Exchange } from '../exchange.js';
import { deleteObject } from '../registry/delete-object.js';
import { placeInNamespace } from '../registry/place-in-namespace.js';
import type { ServedKind } from '../registry/resource.js';
import { updateObject } from '../registry/update-object.js';
import type { WriteContext } from '../registry/write-context.js';
import { bodyKindOf, builtinBodyKind } from '../schema/body-kind.js';
import { readObject } from './read-body.js';
import { writeContext, writeOptions } from './write-options.js';

/** POST of a body of its own kind to a subresource: a Binding, an Eviction. */
export async function createSubresource(
  exchange: Exchange,
  served: ServedKind,
  subresource = exchange.info.subresource,
): Promise<void> {
  const { server, info } = exchange;
  const { namespace } = info;
  const { resource } = served;
  const options = writeOptions(exchange);
  const { group, version, kind } = served.kind.subresources[subresource] ?? served.kind;
  const rules = resource.rules.subresources?.[subresource];
  const own = rules?.body;
  const expected = own === undefined ? builtinBodyKind(group, version, kind) : bodyKindOf(own, true);
  const { formerVersions } = rules ?? {};
  const accepted = formerVersions === undefined ? expected : { ...expected, formerVersions };
  const body = await readObject(exchange, accepted, options.fieldValidation);
  if (namespace !== '') placeInNamespace(body, namespace);
  const name = info.name === '' ? (body.metadata.name ?? '') : info.name;
  const context = writeContext(exchange, served, options);
  const request = new AdmissionRequest({
    ...({ operation: 'CREATE', resource, subresource, namespace, name, object: body, context } as const),
    kind: { group, version, kind },
  });
  await server.admission.admit(request);
  await server.admission.validate(request);
  const { ownership, ...unowned } = context;
  const inner: WriteContext = {
    ...unowned,
    ...(ownership === undefined || rules?.untracked ? {} : { ownership }),
    admitted: true,
  };
  const answer = await rules?.create?.(body, {
    ...context,
    namespace,
    name,
    update: async (change) =>
      (await updateObject(server, resource, { namespace, name, subresource, change }, inner)).object,
    delete: async (deleteOptions) => {
      const dryRun = context.dryRun || (deleteOptions.dryRun ?? []).length > 0;
      await deleteObject(server, resource, { namespace, name }, deleteOptions, { ...inner, dryRun });
    },
  });
  exchange.sendJson(201, encodeJson(answer));
}
