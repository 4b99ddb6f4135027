import type { KubernetesObject } from '@kubewright/api';
import type {
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '@kubewright/api/apiextensions/v1';

type Version = CustomResourceDefinitionVersion;

/** A column as v1beta1 has it. */
interface FormerColumn extends Omit<NonNullable<Version['additionalPrinterColumns']>[number], 'jsonPath'> {
  readonly JSONPath: string;
}

interface FormerVersion extends Omit<Version, 'additionalPrinterColumns'> {
  readonly additionalPrinterColumns?: readonly FormerColumn[];
}

/** Of v1beta1: what all versions say alike stands beside them, and a webhook's parts lie open. */
interface FormerSpec {
  readonly group: string;
  readonly names: CustomResourceDefinitionSpec['names'];
  readonly scope: string;
  readonly version?: string;
  readonly versions?: readonly FormerVersion[];
  readonly validation?: Version['schema'];
  readonly subresources?: Version['subresources'];
  readonly additionalPrinterColumns?: readonly FormerColumn[];
  readonly selectableFields?: Version['selectableFields'];
  readonly preserveUnknownFields?: boolean;
  readonly conversion?: {
    readonly strategy: string;
    readonly webhookClientConfig?: object;
    readonly conversionReviewVersions?: readonly string[];
  };
}

/**
 * The definition at v1 that is stored at v1beta1. Source: upstream's conversions of `CustomResourceDefinitionSpec`
 * between v1beta1, its internal form and v1.
 */
export function currentDefinition(object: KubernetesObject): KubernetesObject {
  const { spec, ...rest } = object as KubernetesObject & { readonly spec: FormerSpec };
  const { versions, version } = spec;
  const listed = versions ?? [{ name: version ?? '', served: true, storage: true }];
  const current = {
    group: spec.group,
    names: spec.names,
    scope: spec.scope,
    versions: listed.map((each) => currentVersion(each, spec)),
    ...(spec.conversion === undefined ? {} : { conversion: currentConversion(spec.conversion) }),
    // It is false from the beginning in v1, and left out then.
    ...(spec.preserveUnknownFields === true ? { preserveUnknownFields: true } : {}),
  };
  // The order of JSON of the other members stays.
  return { ...rest, spec: current } as KubernetesObject;
}

/** @param shared what holds for all versions that do not say it themselves */
function currentVersion(version: FormerVersion, shared: FormerSpec): object {
  const { additionalPrinterColumns = shared.additionalPrinterColumns, ...own } = version;
  const schema = own.schema ?? shared.validation;
  const subresources = own.subresources ?? shared.subresources;
  const selectableFields = own.selectableFields ?? shared.selectableFields;
  return {
    ...own,
    ...(schema === undefined ? {} : { schema }),
    ...(subresources === undefined ? {} : { subresources }),
    ...(additionalPrinterColumns === undefined
      ? {}
      : { additionalPrinterColumns: additionalPrinterColumns.map(currentColumn) }),
    ...(selectableFields === undefined ? {} : { selectableFields }),
  };
}

function currentColumn({ JSONPath, ...column }: FormerColumn): object {
  return { ...column, jsonPath: JSONPath };
}

function currentConversion(conversion: NonNullable<FormerSpec['conversion']>): object {
  const { strategy, webhookClientConfig: clientConfig, conversionReviewVersions } = conversion;
  if (clientConfig === undefined && conversionReviewVersions === undefined) return { strategy };
  return {
    strategy,
    webhook: { ...(clientConfig === undefined ? {} : { clientConfig }), conversionReviewVersions },
  };
}
