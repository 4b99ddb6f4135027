import type { CheckedExpression } from '../check/checked-expression.js';
import type { Environment } from '../environment.js';
import type { CallEstimate, EstimatedArgument, Overload } from '../functions/declaration.js';
import type { DeclaredType } from '../schema/declared-type.js';
import type { Call, Comprehension, Expression, Identifier, Select } from '../syntax/ast.js';
import { type CelType, isOptional, unwrapOptional } from '../types.js';
import { characterCount } from '../values/text.js';
import { createListCost, createMapCost, createObjectCost, selectCost } from './factors.js';
import {
  type CostEstimate,
  fixed,
  free,
  one,
  plus,
  type SizeEstimate,
  times,
  union,
  unknownSize,
} from './ranges.js';

/**
 * What an evaluation costs at least and at most, going by the limits of schemas. Every size that nothing limits counts
 * as endless. Source: cel-go's checker.Cost.
 */
export function estimateCost(checked: CheckedExpression, environment: Environment): CostEstimate {
  return new Estimator(checked, environment).estimate(checked.expression).cost;
}

/** Sizes of what a list or map holds. */
interface EntrySizes {
  readonly container: 'list' | 'map';
  readonly key: SizeEstimate;
  readonly value: SizeEstimate;
}

/** What is known of an expression. */
interface Estimate {
  readonly cost: CostEstimate;
  readonly size: SizeEstimate | undefined;
  /** The place in a schema that the value comes from. */
  readonly declared: DeclaredType | undefined;
  readonly entries: EntrySizes | undefined;
}

type Known = Omit<Estimate, 'cost'>;
const unknown: Known = { size: undefined, declared: undefined, entries: undefined };

class Estimator {
  readonly #checked: CheckedExpression;
  readonly #environment: Environment;
  readonly #locals = new Map<string, Known[]>();

  constructor(checked: CheckedExpression, environment: Environment) {
    this.#checked = checked;
    this.#environment = environment;
  }

  estimate(expression: Expression): Estimate {
    switch (expression.kind) {
      case 'literal':
        return this.#of(expression, free);
      case 'identifier':
        return this.#identifier(expression);
      case 'select':
        return this.#select(expression);
      case 'call':
        return this.#call(expression);
      case 'list': {
        const elements = expression.elements.map((element) => this.estimate(element));
        const cost = plus(fixed(createListCost), ...elements.map((element) => element.cost));
        const entries: EntrySizes = { container: 'list', key: one, value: joint(elements) };
        return this.#of(expression, cost, { entries });
      }
      case 'map': {
        const keys = expression.entries.map(({ key }) => this.estimate(key));
        const values = expression.entries.map(({ value }) => this.estimate(value));
        const cost = plus(fixed(createMapCost), ...[...keys, ...values].map((entry) => entry.cost));
        return this.#of(expression, cost, {
          entries: { container: 'map', key: joint(keys), value: joint(values) },
        });
      }
      case 'object': {
        const costs = expression.fields.map(({ value }) => this.estimate(value).cost);
        return this.#of(expression, plus(fixed(createObjectCost), ...costs));
      }
      case 'comprehension':
        return expression.macro === 'bind' ? this.#bind(expression) : this.#comprehension(expression);
    }
  }

  /** Completes what is known of an expression with the size that it, its schema or its type tells. */
  #of(expression: Expression, cost: CostEstimate, known: Partial<Known> = {}): Estimate {
    const { declared, entries } = known;
    const size =
      known.size ??
      literalSize(expression) ??
      (declared && { min: 0, max: declared.maxElements }) ??
      (isScalar(this.#type(expression)) ? one : undefined);
    return { cost, size, declared, entries };
  }

  #type(expression: Expression): CelType {
    return this.#checked.types.get(expression)!;
  }

  #identifier(expression: Identifier | Select): Estimate {
    const reference = this.#checked.references.get(expression);
    const cost = fixed(selectCost);
    // Of names of types upstream's estimate says so, too.
    if (reference?.kind === 'type') return this.#of(expression, cost, { size: fixed(0) });
    if (reference?.kind !== 'local') {
      const variable = reference?.kind === 'variable' ? reference.name : '';
      return this.#of(expression, cost, { declared: this.#environment.variables.get(variable)?.declared });
    }
    const { declared, size, entries } = this.#locals.get(reference.name)?.at(-1) ?? unknown;
    const found = this.#of(expression, cost, { declared, entries });
    return { ...found, size: found.size ?? size };
  }

  #select(expression: Select): Estimate {
    // A name with dots, of a variable or a type.
    if (this.#checked.references.has(expression)) return this.#identifier(expression);
    const operand = this.estimate(expression.operand);
    // Presence costs nothing, as Kubernetes has it.
    if (expression.testOnly) return this.#of(expression, operand.cost);
    const type = this.#type(expression.operand);
    const costs = type.kind === 'map' || type.kind === 'object';
    return this.#of(expression, costs ? plus(operand.cost, fixed(selectCost)) : operand.cost, {
      declared: fieldOf(operand.declared, expression.field),
    });
  }

  #call(expression: Call): Estimate {
    const { target, args } = expression;
    const reference = this.#checked.references.get(expression);
    if (reference?.kind !== 'call') return this.#of(expression, free);
    const operands = (target === undefined || reference.namespaced ? args : [target, ...args]).map(
      (operand) => this.estimate(operand),
    );
    const costs = operands.map((operand) => operand.cost);
    switch (expression.function) {
      case '_&&_':
      case '_||_':
        return this.#of(expression, { min: costs[0]!.min, max: plus(costs[0]!, costs[1]!).max });
      case '_?_:_':
        return this.#conditional(expression, operands as [Estimate, Estimate, Estimate]);
      case 'dyn':
        return { ...operands[0]!, cost: plus(one, costs[0]!) };
      default: {
        const known = this.#callKnown(expression, reference.overloads, operands);
        return this.#of(expression, plus(known.cost, ...costs), known);
      }
    }
  }

  #conditional(
    expression: Expression,
    [condition, ifTrue, ifFalse]: [Estimate, Estimate, Estimate],
  ): Estimate {
    return this.#of(expression, plus(condition.cost, union(ifTrue.cost, ifFalse.cost)), {
      size: union(ifTrue.size ?? unknownSize, ifFalse.size ?? unknownSize),
      entries: unite(ifTrue.entries, ifFalse.entries),
    });
  }

  /** Of the call alone, over all overloads that it may be. */
  #callKnown(
    expression: Call,
    overloads: readonly Overload[],
    operands: readonly Estimate[],
  ): Partial<Known> & { cost: CostEstimate } {
    const { target, args } = expression;
    const expressions = operands.length > args.length ? [target!, ...args] : args;
    const call = { args: operands.map((operand, index) => this.#argument(expressions[index]!, operand)) };
    const estimates = overloads.map(({ cost }): CallEstimate => cost?.estimate?.(call) ?? { cost: one });
    const cost = estimates.map((estimate) => estimate.cost).reduce(union);
    const sizes = estimates.map(({ size }) => size).filter((size) => size !== undefined);
    const size = sizes.length === 0 ? undefined : sizes.reduce(union);
    const [first, second] = operands;
    if (overloads.some(({ id }) => id === 'index_list' || id === 'index_map'))
      return { cost, size: first!.entries?.value, declared: first!.declared?.element };
    if (overloads.some(({ id }) => id === 'add_list'))
      return {
        cost,
        size: size ?? plus(first!.size ?? unknownSize, second!.size ?? unknownSize),
        entries: unite(first!.entries, second!.entries),
      };
    return { cost, size };
  }

  #argument(expression: Expression, { size, declared, entries }: Estimate): EstimatedArgument {
    const element = declared?.element;
    return {
      type: this.#type(expression),
      size: size ?? unknownSize,
      elementSize:
        element === undefined ? (entries?.value ?? unknownSize) : { min: 0, max: element.maxElements },
      literal: expression.kind === 'literal' ? expression.value : undefined,
    };
  }

  #bind(expression: Comprehension): Estimate {
    const range = this.estimate(expression.range);
    const initial = this.estimate(expression.initial);
    const body = this.#with([[expression.accumulator, initial]], () => this.estimate(expression.result));
    return { ...body, declared: undefined, cost: plus(range.cost, initial.cost, body.cost) };
  }

  #comprehension(expression: Comprehension): Estimate {
    const range = this.estimate(expression.range);
    const initial = this.estimate(expression.initial);
    const accumulator: [string, Known] = [expression.accumulator, initial];
    const variables = this.#variables(expression, range);
    const [condition, step] = this.#with([accumulator, ...variables], () => [
      this.estimate(expression.condition),
      this.estimate(expression.step),
    ]) as [Estimate, Estimate];
    const result = this.#with([accumulator], () => this.estimate(expression.result));
    const count = range.size ?? unknownSize;
    const cost = plus(range.cost, initial.cost, result.cost, times(count, plus(condition.cost, step.cost)));
    const collects = expression.initial.kind === 'list' || expression.initial.kind === 'map';
    return this.#of(expression, cost, {
      size: collects ? count : one,
      entries: collects ? step.entries : undefined,
    });
  }

  #variables({ variable, variable2, range }: Comprehension, known: Estimate): [string, Known][] {
    const { declared, entries } = known;
    const isList = (entries?.container ?? this.#type(range).kind) === 'list';
    const key: Known = {
      size: entries?.key,
      declared: isList ? undefined : declared?.key,
      entries: undefined,
    };
    const value: Known = { size: entries?.value, declared: declared?.element, entries: undefined };
    if (variable2 !== undefined)
      return [
        [variable, key],
        [variable2, value],
      ];
    return [[variable, isList ? value : key]];
  }

  #with<T>(locals: readonly (readonly [string, Known])[], estimate: () => T): T {
    for (const [name, known] of locals) {
      const stack = this.#locals.get(name) ?? [];
      this.#locals.set(name, stack);
      stack.push(known);
    }
    const result = estimate();
    for (const [name] of locals) this.#locals.get(name)?.pop();
    return result;
  }
}

function literalSize(expression: Expression): SizeEstimate | undefined {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      if (typeof value === 'string') return fixed(characterCount(value));
      return fixed(value instanceof Uint8Array ? value.length : 1);
    }
    case 'list':
      return fixed(expression.elements.length);
    case 'map':
      return fixed(expression.entries.length);
    default:
      return undefined;
  }
}

function joint(estimates: readonly Estimate[]): SizeEstimate {
  if (estimates.length === 0) return fixed(0);
  return estimates.map(({ size }) => size ?? unknownSize).reduce(union);
}

function unite(a: EntrySizes | undefined, b: EntrySizes | undefined): EntrySizes | undefined {
  if (a === undefined || b === undefined) return undefined;
  return { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) };
}

function fieldOf(declared: DeclaredType | undefined, field: string): DeclaredType | undefined {
  return declared?.type.kind === 'object' ? declared.type.fields().get(field)?.declared : declared?.members;
}

const scalars = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);

function isScalar(type: CelType): boolean {
  return isOptional(type) ? isScalar(unwrapOptional(type)) : scalars.has(type.kind);
}
