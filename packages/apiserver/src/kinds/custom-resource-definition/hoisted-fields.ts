import type { CustomResourceDefinitionVersion } from '@kubewright/api/apiextensions/v1';
import { jsonEqual } from '../../patch/json-object.js';

/**
 * What all versions of a definition say alike: upstream moves it to the spec before it validates, so errors about it
 * stand there (`spec.validation.openAPIV3Schema`). Source: the conversion of `CustomResourceDefinitionSpec` to its
 * internal version.
 */
export interface Hoisted {
  readonly schema: boolean;
  readonly subresources: boolean;
  readonly columns: boolean;
  readonly selectableFields: boolean;
}

export function hoisted(versions: readonly CustomResourceDefinitionVersion[]): Hoisted {
  const [first] = versions;
  const same = (read: (version: CustomResourceDefinitionVersion) => unknown) =>
    first !== undefined && versions.every((version) => jsonEqual(read(version) ?? null, read(first) ?? null));
  return {
    schema: same(({ schema }) => schema),
    subresources: same(({ subresources }) => subresources),
    columns: same(({ additionalPrinterColumns }) => additionalPrinterColumns),
    selectableFields: same(({ selectableFields }) => selectableFields),
  };
}
