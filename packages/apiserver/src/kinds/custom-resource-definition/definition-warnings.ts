import type { Schema } from '@kubewright/api';
import type { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { knownFormat } from '../../schema/known-formats.js';

/** What is odd about a definition and was not so before. Source: the strategy's `WarningsOnCreate` and `-OnUpdate`. */
export function definitionWarnings(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): string[] {
  const before = new Set(old === undefined ? [] : oddities(old));
  return oddities(definition).filter((text) => !before.has(text));
}

function oddities({ spec }: CustomResourceDefinition): string[] {
  const formats: string[] = [];
  const sets = new Set<string>();
  const visit = (schema: Schema): void => {
    const { format = '', items, additionalProperties, properties = {}, not } = schema;
    if (format !== '' && knownFormat(schema.type === undefined ? [] : [schema.type], format) === '')
      formats.push(`unrecognized format ${JSON.stringify(format)}`);
    if (schema['x-kubernetes-list-type'] === 'set' && (items?.type === 'object' || items?.type === 'array'))
      sets.add(
        `x-kubernetes-list-type: set for items of type "${items.type}" is not supported by server-side apply or CEL validation rules`,
      );
    if (items !== undefined) visit(items);
    if (typeof additionalProperties === 'object') visit(additionalProperties);
    if (not !== undefined) visit(not);
    for (const one of [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) visit(one);
    for (const property of Object.values(properties)) visit(property);
  };
  for (const { schema } of spec?.versions ?? [])
    if (schema?.openAPIV3Schema !== undefined) visit(schema.openAPIV3Schema as Schema);
  return [...formats, ...[...sets].sort()];
}
