import type { Schema } from '@kubewright/api';
import type { CompiledRule, RuleTree } from '../../schema/compiled-rules.js';
import { StructuralSchema } from '../../schema/structural-schema.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField as forbidden,
  invalid,
} from '../../validation/field-error.js';
import { internalRule } from './internal-form.js';

/** Limits of estimates, of one expression and of all of a schema. Source: apiextensions' `StaticEstimated…CostLimit`. */
const expressionLimit = 10_000_000;
const schemaLimit = 100_000_000;
/** What a request has at most, to upstream. */
const longestRequest = 3 * 1024 * 1024;
const mostTold = 4;

interface Standing {
  readonly field: FieldPath;
  /** How often a value of the schema can occur, by the limits around it; undefined where one has none. */
  readonly cardinality: number | undefined;
  /** The list or map from which on values have no past. */
  readonly uncorrelatable: FieldPath | undefined;
}

/**
 * What is wrong with the expressions of a schema: types, what they may cost, where they ask for a past that is not
 * known. Source: `ValidateCustomResourceDefinitionOpenAPISchema`.
 * @param isUnchanged whether the schema is that of before an update, whose expressions may cost what they did
 */
export function ruleErrorsOf(schema: Schema, field: FieldPath, isUnchanged: boolean): FieldError[] {
  const tree = StructuralSchema.of(schema).ruleTree;
  if (tree === undefined) return [];
  const checks = new RuleChecks(isUnchanged);
  checks.walk(tree, { field, cardinality: 1, uncorrelatable: undefined });
  return [...checks.errors, ...checks.totalErrors(field)];
}

class RuleChecks {
  readonly errors: FieldError[] = [];
  readonly #isUnchanged: boolean;
  readonly #costs: { readonly field: FieldPath; readonly cost: number }[] = [];

  constructor(isUnchanged: boolean) {
    this.#isUnchanged = isUnchanged;
  }

  walk(tree: RuleTree, standing: Standing): void {
    const { schema } = tree;
    const { field, uncorrelatable } = standing;
    const { additional, items } = tree;
    const cardinality = times(standing.cardinality, mostElements(schema.schema));
    if (additional !== undefined)
      this.walk(additional, { field: field.child('additionalProperties'), cardinality, uncorrelatable });
    for (const name of Object.keys(schema.schema.properties ?? {})) {
      const property = tree.property(name);
      if (property !== undefined)
        this.walk(property, { field: field.child('properties').key(name), cardinality, uncorrelatable });
    }
    if (items !== undefined) {
      const unknown = schema.listType === 'map' ? uncorrelatable : (uncorrelatable ?? field);
      this.walk(items, { field: field.child('items'), cardinality, uncorrelatable: unknown });
    }
    if (schema.rules.length === 0) return;
    const most = standing.cardinality ?? Math.floor(longestRequest / (tree.smallest + 1));
    for (const [index, compiled] of tree.rules.entries())
      this.#check(compiled, field.child('x-kubernetes-validations').index(index), most, uncorrelatable);
  }

  /** Where all together cost too much, those that cost most are told. */
  totalErrors(field: FieldPath): FieldError[] {
    const total = this.#costs.reduce((sum, { cost }) => sum + cost, 0);
    if (total <= schemaLimit) return [];
    const told = this.#costs
      .filter(({ cost }) => cost >= schemaLimit / 100)
      .sort((a, b) => b.cost - a.cost)
      .slice(0, mostTold);
    return [
      ...told.map((one) =>
        forbidden(
          one.field,
          'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
        ),
      ),
      forbidden(
        field,
        exceeds(
          'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
          total,
          schemaLimit,
        ),
      ),
    ];
  }

  #check(
    compiled: CompiledRule,
    field: FieldPath,
    cardinality: number,
    uncorrelatable: FieldPath | undefined,
  ): void {
    const { rule, program, problem, message, messageProblem, usesOldSelf } = compiled;
    const at = field.child('rule');
    if (program !== undefined) {
      const cost = program.cost.max * cardinality;
      if (!this.#isUnchanged && cost > expressionLimit)
        this.errors.push(forbidden(at, exceeds('estimated rule cost', cost, expressionLimit)));
      this.#costs.push({ field: at, cost });
    }
    if (problem !== undefined) this.errors.push(invalid(at, internalRule(rule), problem));
    if (messageProblem !== undefined)
      this.errors.push(invalid(field.child('messageExpression'), internalRule(rule), messageProblem));
    else if (message !== undefined) {
      const { max } = message.cost;
      if (!this.#isUnchanged && max > expressionLimit)
        this.errors.push(
          forbidden(
            field.child('messageExpression'),
            exceeds('estimated messageExpression cost', max, expressionLimit),
          ),
        );
      this.#costs.push({ field: field.child('messageExpression'), cost: max });
    }
    if (usesOldSelf) {
      if (uncorrelatable !== undefined)
        this.errors.push(
          invalid(
            at,
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable.toString()}`,
          ),
        );
    } else if (rule.optionalOldSelf !== undefined)
      this.errors.push(
        invalid(
          field.child('optionalOldSelf'),
          rule.optionalOldSelf,
          'may not be set if oldSelf is not used in rule',
        ),
      );
  }
}

/** Undefined where nothing limits it. */
function mostElements({ type, additionalProperties, maxProperties, maxItems }: Schema): number | undefined {
  if (type === 'array') return maxItems === undefined ? undefined : Math.max(0, maxItems);
  if (type === 'object' && additionalProperties !== undefined)
    return maxProperties === undefined ? undefined : Math.max(0, maxProperties);
  return 1;
}

function times(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}

function exceeds(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown =
    factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
