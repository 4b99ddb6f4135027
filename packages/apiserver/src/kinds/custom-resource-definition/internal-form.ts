import type { Schema, ValidationRule } from '@kubewright/api';
import type { CustomResourceDefinitionVersion } from '@kubewright/api/apiextensions/v1';
import type { Hoisted } from './hoisted-fields.js';

/**
 * Schemas and versions as upstream's errors show them: the JSON of its internal Go types, every field by its Go name,
 * set or not. Source: `JSONSchemaProps` and `CustomResourceDefinitionVersion` of pkg/apis/apiextensions.
 */
export function internalSchema(schema: Schema): object {
  const all: Readonly<Record<string, unknown>> = { ...schema };
  const text = (name: string) => all[name] ?? '';
  const flag = (name: string) => all[name] === true;
  const value = (name: string) => all[name] ?? null;
  const nested = (one: Schema | undefined) => (one === undefined ? null : internalSchema(one));
  const list = (schemas: readonly Schema[] | undefined) => schemas?.map(internalSchema) ?? null;
  const { items, additionalProperties } = schema;
  return {
    ID: text('id'),
    Schema: text('$schema'),
    Ref: value('$ref'),
    Description: text('description'),
    Type: text('type'),
    Nullable: flag('nullable'),
    Format: text('format'),
    Title: text('title'),
    Default: value('default'),
    Maximum: value('maximum'),
    ExclusiveMaximum: flag('exclusiveMaximum'),
    Minimum: value('minimum'),
    ExclusiveMinimum: flag('exclusiveMinimum'),
    MaxLength: value('maxLength'),
    MinLength: value('minLength'),
    Pattern: text('pattern'),
    MaxItems: value('maxItems'),
    MinItems: value('minItems'),
    UniqueItems: flag('uniqueItems'),
    MultipleOf: value('multipleOf'),
    Enum: value('enum'),
    MaxProperties: value('maxProperties'),
    MinProperties: value('minProperties'),
    Required: value('required'),
    Items: items === undefined ? null : { Schema: internalSchema(items), JSONSchemas: null },
    AllOf: list(schema.allOf),
    OneOf: list(schema.oneOf),
    AnyOf: list(schema.anyOf),
    Not: nested(schema.not),
    Properties: propertiesOf(schema.properties),
    AdditionalProperties:
      additionalProperties === undefined
        ? null
        : typeof additionalProperties === 'object'
          ? { Allows: true, Schema: internalSchema(additionalProperties) }
          : { Allows: additionalProperties, Schema: null },
    PatternProperties: null,
    Dependencies: null,
    AdditionalItems: null,
    Definitions: null,
    ExternalDocs: null,
    Example: value('example'),
    XPreserveUnknownFields: value('x-kubernetes-preserve-unknown-fields'),
    XEmbeddedResource: flag('x-kubernetes-embedded-resource'),
    XIntOrString: flag('x-kubernetes-int-or-string'),
    XListMapKeys: value('x-kubernetes-list-map-keys'),
    XListType: value('x-kubernetes-list-type'),
    XMapType: value('x-kubernetes-map-type'),
    XValidations: schema['x-kubernetes-validations']?.map(internalRule) ?? null,
  };
}

function propertiesOf(properties: Schema['properties']): object | null {
  if (properties === undefined) return null;
  const sorted = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, one]) => [name, internalSchema(one)]));
}

/** A rule of a schema, the same way. */
export function internalRule({
  rule,
  message = '',
  messageExpression = '',
  reason,
  fieldPath = '',
  optionalOldSelf,
}: ValidationRule): object {
  return {
    Rule: rule,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason ?? null,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf ?? null,
  };
}

/** @param shown what stands in the spec, and is not said of each version then */
export function internalVersions(
  versions: readonly CustomResourceDefinitionVersion[],
  shown: Hoisted,
): object[] {
  return versions.map((version) => {
    const { schema, subresources, additionalPrinterColumns: columns, selectableFields } = version;
    return {
      Name: version.name ?? '',
      Served: version.served ?? false,
      Storage: version.storage ?? false,
      Deprecated: version.deprecated ?? false,
      DeprecationWarning: version.deprecationWarning ?? null,
      Schema:
        shown.schema || schema === undefined
          ? null
          : {
              OpenAPIV3Schema:
                schema.openAPIV3Schema === undefined
                  ? null
                  : internalSchema(schema.openAPIV3Schema as Schema),
            },
      Subresources:
        shown.subresources || subresources === undefined
          ? null
          : {
              Status: subresources.status ?? null,
              Scale:
                subresources.scale === undefined
                  ? null
                  : {
                      SpecReplicasPath: subresources.scale.specReplicasPath,
                      StatusReplicasPath: subresources.scale.statusReplicasPath,
                      LabelSelectorPath: subresources.scale.labelSelectorPath ?? null,
                    },
            },
      AdditionalPrinterColumns:
        shown.columns || columns === undefined
          ? null
          : columns.map(({ name, type, format = '', description = '', priority = 0, jsonPath }) => ({
              Name: name,
              Type: type,
              Format: format,
              Description: description,
              Priority: priority,
              JSONPath: jsonPath,
            })),
      SelectableFields:
        shown.selectableFields || selectableFields === undefined
          ? null
          : selectableFields.map(({ jsonPath }) => ({ JSONPath: jsonPath })),
    };
  });
}
