import {
  CompileError,
  compile,
  type DeclaredType,
  extendEnvironment,
  kubernetesEnvironment,
  type Program,
} from '../../cel/index.js';
import { quantityType } from '../../cel/library/quantity.js';
import { BOOL, type CelType, DYN, describeType, mapOf, objectType, STRING } from '../../cel/types.js';
import { type FieldError, type FieldPath, forbiddenField, invalid } from '../../validation/field-error.js';

/** What a selector may cost at most. Source: CELSelectorExpressionMaxCost. */
const maxCost = 1_000_000;
/** Attributes and capacities of a device. */
const maxEntries = 32;
const longest = { attribute: 64, domain: 63, identifier: 32, driver: 63 };

function sized(type: CelType, maxElements: number): DeclaredType {
  return { type, maxElements, minSerializedSize: 1, fromJson: undefined };
}

function map(key: DeclaredType, element: DeclaredType, members?: DeclaredType): DeclaredType {
  return { ...sized(mapOf(key.type, element.type), maxEntries), key, element, ...(members && { members }) };
}

const attribute = sized(DYN, longest.attribute);
const identifier = sized(STRING, longest.identifier);
const domain = sized(STRING, longest.domain);

const fields = new Map(
  Object.entries({
    driver: sized(STRING, longest.driver),
    attributes: map(domain, map(identifier, attribute, attribute)),
    capacity: map(domain, map(identifier, sized(quantityType, 0))),
    allowMultipleAllocations: sized(BOOL, 0),
  }).map(([name, declared]) => [name, { name, type: declared.type, declared }]),
);

/** What selectors see: one device. Source: dynamic-resource-allocation's CEL compiler. */
const environment = extendEnvironment(kubernetesEnvironment, {
  variables: {
    device: sized(
      objectType('kubernetes.DRADevice', () => fields),
      0,
    ),
  },
  bindings: true,
});

/** What is wrong with the expression of a device selector. */
export function validateSelectorExpression(expression: string, field: FieldPath): FieldError[] {
  let program: Program;
  try {
    program = compile(expression, environment);
  } catch (error) {
    if (error instanceof CompileError)
      return [invalid(field, expression, `compilation failed: ${error.message}`)];
    throw error;
  }
  const { resultType } = program;
  if (resultType.kind !== 'bool' && resultType.kind !== 'dyn')
    return [
      invalid(
        field,
        expression,
        `must evaluate to bool or the unknown type, not ${describeType(resultType)}`,
      ),
    ];
  return program.cost.max > maxCost ? [forbiddenField(field, 'too complex, exceeds cost limit')] : [];
}
