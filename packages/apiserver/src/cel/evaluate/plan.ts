import type { CheckedExpression, Reference } from '../check/checked-expression.js';
import { createListCost, createMapCost, createObjectCost, selectCost } from '../cost/factors.js';
import { displayKey } from '../functions/display.js';
import type {
  Call,
  Comprehension,
  CreateList,
  CreateMap,
  CreateObject,
  Expression,
  Select,
} from '../syntax/ast.js';
import type { CelType, ObjectType } from '../types.js';
import { CreatedObject } from '../values/created-object.js';
import { EvaluationError, noSuchOverload } from '../values/evaluation-error.js';
import { CreatedMap } from '../values/map-value.js';
import { Optional } from '../values/optional.js';
import { TypeValue } from '../values/type-value.js';
import type { Value } from '../values/value.js';
import { planCall } from './call.js';
import { conversionNames, folded, isConstant, planConstantMembership } from './constants.js';
import type { Evaluate } from './evaluation.js';
import { planConditional, planLogic, planOptionalOr } from './logic.js';
import {
  type PlannedMacro,
  planAll,
  planBind,
  planExists,
  planExistsOne,
  planList,
  planMap,
} from './macros.js';
import { planOperator } from './operators.js';
import { planOptionalSelect, planPresence, planSelect } from './select.js';

/** An expression as closures, and where its variables stand in an evaluation's slots. */
export interface Plan {
  readonly evaluate: Evaluate;
  /** In the order of their slots. */
  readonly variables: readonly string[];
}

/** Turns a checked expression into closures: what types decide is decided once. */
export function plan(checked: CheckedExpression): Plan {
  const variables = [...new Set([...checked.references.values()].flatMap(variableName))];
  const planner = new Planner(checked, variables);
  return { evaluate: planner.plan(checked.expression), variables };
}

function variableName(reference: Reference): string[] {
  return reference.kind === 'variable' ? [reference.name] : [];
}

class Planner {
  readonly #checked: CheckedExpression;
  readonly #slots: Map<string, number>;
  readonly #locals: { readonly name: string; readonly slot: number }[] = [];
  #nextSlot: number;

  constructor(checked: CheckedExpression, variables: readonly string[]) {
    this.#checked = checked;
    this.#slots = new Map(variables.map((name, slot) => [name, slot]));
    this.#nextSlot = variables.length;
  }

  plan(expression: Expression): Evaluate {
    const reference = this.#checked.references.get(expression);
    switch (expression.kind) {
      case 'literal': {
        const { value } = expression;
        return () => value;
      }
      case 'identifier':
        return this.#identifier(reference);
      case 'select':
        return reference === undefined ? this.#select(expression) : this.#identifier(reference);
      case 'call':
        return this.#call(expression, reference);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'object':
        return this.#object(expression);
      case 'comprehension':
        return expression.macro === 'bind' ? this.#bind(expression) : this.#macro(expression);
    }
  }

  #type(expression: Expression): CelType {
    return this.#checked.types.get(expression)!;
  }

  #identifier(reference: Reference | undefined): Evaluate {
    if (reference?.kind === 'type') {
      const value = new TypeValue(reference.type);
      return () => value;
    }
    const name = reference !== undefined && 'name' in reference ? reference.name : '';
    const local = this.#locals.findLast((candidate) => candidate.name === name);
    const slot = reference?.kind === 'local' ? local!.slot : this.#slots.get(name)!;
    return (evaluation) => {
      const value = evaluation.slots[slot];
      evaluation.charge(1);
      if (value === undefined) throw new EvaluationError(`no such attribute(s): ${name}`);
      return value;
    };
  }

  #select({ operand, field, testOnly }: Select): Evaluate {
    const evaluate = this.#root(operand);
    const type = this.#type(operand);
    const name = fieldName(type, field);
    return testOnly ? planPresence(evaluate, type, name) : planSelect(evaluate, type, name);
  }

  #call(expression: Call, reference: Reference | undefined): Evaluate {
    if (reference?.kind !== 'call') throw noSuchOverload();
    const { target, function: name } = expression;
    const operands =
      target === undefined || reference.namespaced ? expression.args : [target, ...expression.args];
    if (name === '_?._') {
      const [operand, field] = operands;
      const named = field?.kind === 'literal' ? String(field.value) : '';
      return planOptionalSelect(this.#root(operand!), fieldName(this.#type(operand!), named));
    }
    const args = this.#operands(name, operands);
    const [first, second, third] = args;
    switch (name) {
      case '_&&_':
        return planLogic(false, first!, second!);
      case '_||_':
        return planLogic(true, first!, second!);
      case '_?_:_':
        return planConditional(first!, second!, third!);
      case 'or':
      case 'orValue':
        if (reference.overloads[0]?.id.startsWith('optional_'))
          return planOptionalOr(name === 'orValue', first!, second!);
    }
    const types = operands.map((operand) => this.#type(operand));
    const constants = operands.map((operand) => this.#constant(operand));
    if (name === '@in') {
      const members = planConstantMembership(first!, constants[1]);
      if (members !== undefined) return members;
    }
    const planned = planOperator(name, args, types) ?? planCall(reference.overloads, args, types);
    return conversionNames.has(name) && constants[0] !== undefined ? folded(planned) : planned;
  }

  /**
   * Paths (`a.b[c].d`) are charged once for where they begin and once a step: a path that is the branch of a ternary or
   * a key is a part of the whole, and one that begins with another kind of expression is charged for its beginning.
   */
  #operands(name: string, operands: readonly Expression[]): Evaluate[] {
    const [first, ...rest] = operands;
    const isIndex = name === '_[_]' || name === '_[?_]';
    if (first !== undefined && (isIndex || name === '_?_:_'))
      return [isIndex ? this.#root(first) : this.plan(first), ...rest.map((operand) => this.#part(operand))];
    return operands.map((operand) => this.plan(operand));
  }

  #root(operand: Expression): Evaluate {
    const evaluate = this.plan(operand);
    if (isPath(operand)) return evaluate;
    return (evaluation) => {
      evaluation.charge(selectCost);
      return evaluate(evaluation);
    };
  }

  #part(operand: Expression): Evaluate {
    const evaluate = this.plan(operand);
    if (!isPath(operand) || isTernary(operand)) return evaluate;
    return (evaluation) => {
      evaluation.charge(-selectCost);
      return evaluate(evaluation);
    };
  }

  /** The value of a literal or of a list of literals; undefined for all else. */
  #constant(expression: Expression): Value | undefined {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'list': {
        const values = expression.elements.map((element) => this.#constant(element));
        return expression.optional.size === 0 && values.every((value) => value !== undefined)
          ? values
          : undefined;
      }
      default:
        return undefined;
    }
  }

  #list({ elements, optional }: CreateList): Evaluate {
    const planned = elements.map((element) => this.plan(element));
    const cost = elements.every(isConstant) ? 0 : createListCost;
    return (evaluation) => {
      const list: Value[] = [];
      planned.forEach((element, index) => {
        const value = element(evaluation);
        const kept = optional.has(index) ? contentOf(value) : value;
        if (kept !== undefined) list.push(kept);
      });
      evaluation.charge(cost);
      return list;
    };
  }

  #map({ entries }: CreateMap): Evaluate {
    const planned = entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }));
    const cost = entries.every(({ key, value }) => isConstant(key) && isConstant(value)) ? 0 : createMapCost;
    return (evaluation) => {
      const map = new CreatedMap();
      for (const entry of planned) {
        const key = entry.key(evaluation);
        const value = entry.value(evaluation);
        const kept = entry.optional ? contentOf(value) : value;
        if (kept === undefined) continue;
        if (!map.add(key, kept))
          throw new EvaluationError(
            map.has(key) ? `Failed with repeated key: ${displayKey(key)}` : 'unsupported key type',
          );
      }
      evaluation.charge(cost);
      return map;
    };
  }

  #object(expression: CreateObject): Evaluate {
    const reference = this.#checked.references.get(expression);
    const type = (reference as Reference & { kind: 'type' }).type as ObjectType;
    const fields = expression.fields.map(({ name, value, optional }) => ({
      name,
      value: this.plan(value),
      optional,
    }));
    return (evaluation) => {
      const content = new Map<string, Value>();
      for (const { name, value: evaluate, optional } of fields) {
        const value = evaluate(evaluation);
        const kept = optional ? contentOf(value) : value;
        if (kept !== undefined) content.set(name, kept);
      }
      evaluation.charge(createObjectCost);
      return new CreatedObject(type, content);
    };
  }

  #bind({ accumulator, initial, result }: Comprehension): Evaluate {
    const value = this.plan(initial);
    const slot = this.#nextSlot++;
    return planBind(
      slot,
      value,
      this.#within([{ name: accumulator, slot }], () => this.plan(result)),
    );
  }

  #macro({ macro, range, variable, variable2, filter, body }: Comprehension): Evaluate {
    const over = this.plan(range);
    const slot = this.#nextSlot++;
    const slot2 = variable2 === undefined ? undefined : this.#nextSlot++;
    const locals = [{ name: variable, slot }];
    if (variable2 !== undefined && slot2 !== undefined) locals.push({ name: variable2, slot: slot2 });
    const planned: PlannedMacro = this.#within(locals, () => ({
      range: over,
      slot,
      slot2,
      filter: filter && this.plan(filter),
      body: this.plan(body),
    }));
    switch (macro) {
      case 'all':
        return planAll(planned);
      case 'exists':
        return planExists(planned);
      case 'existsOne':
        return planExistsOne(planned);
      case 'map':
      case 'mapEntry':
        return planMap(planned, macro === 'mapEntry');
      default:
        return planList(planned);
    }
  }

  #within<T>(locals: readonly { readonly name: string; readonly slot: number }[], plan: () => T): T {
    this.#locals.push(...locals);
    const planned = plan();
    this.#locals.length -= locals.length;
    return planned;
  }
}

/** What cel-go calls an attribute: a variable and steps from it. */
function isPath(expression: Expression): boolean {
  if (expression.kind === 'identifier') return true;
  if (expression.kind === 'select') return !expression.testOnly;
  return expression.kind === 'call' && pathCalls.has(expression.function);
}

const pathCalls = new Set(['_[_]', '_[?_]', '_?._', '_?_:_']);

function isTernary(expression: Expression): boolean {
  return expression.kind === 'call' && expression.function === '_?_:_';
}

/** Words of the grammar are fields under their escaped names. */
function fieldName(type: CelType, field: string): string {
  if (type.kind !== 'object' || type.fields().has(field)) return field;
  const escaped = `__${field}__`;
  return type.fields().has(escaped) ? escaped : field;
}

/** Of `?element`: what is in the optional. */
function contentOf(value: Value): Value | undefined {
  if (!(value instanceof Optional)) throw noSuchOverload();
  return value.content;
}
