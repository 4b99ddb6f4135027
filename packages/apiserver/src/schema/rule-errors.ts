import type { ValidationRule } from '@kubewright/api';
import { EvaluationError, EvaluationStopped, type Program } from '../cel/index.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidWithoutValue,
  required,
} from '../validation/field-error.js';
import type { CompiledRule, RuleTree } from './compiled-rules.js';
import type { Previous } from './previous.js';
import { fieldOf, noField } from './schema-problem.js';
import { mostProblems } from './schema-validator.js';

/** What all rules of one object may cost together. Source: RuntimeCELCostBudget of Kubernetes' CEL. */
export class CostBudget {
  left = 10_000_000;
}

const longestMessage = 5 * 1024;
const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run';

/** A value and what it was before an update. */
interface Step {
  readonly field: FieldPath | undefined;
  readonly value: unknown;
  readonly old: unknown;
  /** How far the value has a past: of itself, else of the closest value around it that has one. */
  readonly past: Past;
}

interface Past {
  readonly own: Previous | undefined;
  readonly around: { readonly previous: Previous; readonly value: unknown } | undefined;
}

/**
 * What the rules of a schema find wrong with a value. Problems of rules without `oldSelf` about what did not change are
 * no problems, and are told as warnings. Source: apiextensions' `cel.Validator`, in whose order and words they are told.
 */
export function ruleErrors(
  tree: RuleTree,
  value: unknown,
  {
    old,
    previous,
    field,
    budget = new CostBudget(),
    warn,
  }: {
    readonly old?: unknown;
    readonly previous?: Previous | undefined;
    readonly field?: FieldPath;
    /** What is left for other values, too. */
    readonly budget?: CostBudget;
    /** Told what would be wrong if it had changed. */
    readonly warn?: ((text: string) => void) | undefined;
  },
): FieldError[] {
  const run = new Run(budget, warn);
  run.walk(tree, { field, value, old, past: { own: previous, around: undefined } });
  return run.errors;
}

class Run {
  readonly errors: FieldError[] = [];
  readonly #budget: CostBudget;
  readonly #warn: ((text: string) => void) | undefined;

  constructor(budget: CostBudget, warn: ((text: string) => void) | undefined) {
    this.#budget = budget;
    this.#warn = warn;
  }

  walk(tree: RuleTree, step: Step): void {
    const { value } = step;
    if (value === null || value === undefined || this.errors.length >= mostProblems) return;
    if (tree.schema.rules.length > 0) this.#evaluate(tree, step);
    if (this.#budget.left < 0 || typeof value !== 'object') return;
    if (Array.isArray(value)) this.#walkList(tree, step, value);
    else this.#walkObject(tree, step, value as Readonly<Record<string, unknown>>);
  }

  #walkList(tree: RuleTree, { field, old, past }: Step, list: readonly unknown[]): void {
    const { items } = tree;
    if (items === undefined) return;
    // Only items of a list of type `map` have a past.
    const before = itemsByKeys(tree, old);
    for (const [index, value] of list.entries()) {
      const own = past.own?.item(list, index);
      this.walk(items, {
        field: (field ?? noField).index(index),
        value,
        old: before?.(value),
        past: { own, around: past.own === undefined ? past.around : { previous: past.own, value: list } },
      });
      if (this.#budget.left < 0) return;
    }
  }

  #walkObject(tree: RuleTree, { field, old, past }: Step, object: Readonly<Record<string, unknown>>): void {
    const before =
      typeof old === 'object' && old !== null && !Array.isArray(old) ? (old as typeof object) : {};
    for (const name of Object.keys(object)) {
      const property = tree.property(name);
      const below = property ?? (tree.schema.property(name) === undefined ? tree.additional : undefined);
      if (below === undefined) continue;
      this.walk(below, {
        field: property === undefined ? (field ?? noField).key(name) : fieldOf(field, name),
        value: object[name],
        old: Object.hasOwn(before, name) ? before[name] : undefined,
        past: {
          own: past.own?.member(name, field === undefined),
          around: past.own === undefined ? past.around : { previous: past.own, value: object },
        },
      });
      if (this.#budget.left < 0) return;
    }
  }

  #evaluate(tree: RuleTree, step: Step): void {
    const { value, old } = step;
    const at = step.field ?? noField;
    const type = tree.schema.schema.type ?? '';
    for (const compiled of tree.rules) {
      const { rule, program, problem, usesOldSelf } = compiled;
      if (problem !== undefined) {
        this.errors.push(invalid(at, type, `rule compile error: ${problem}`));
        continue;
      }
      if (program === undefined) continue;
      const optional = rule.optionalOldSelf === true;
      const hasOld = old !== undefined && old !== null;
      if (usesOldSelf && !hasOld && !optional) continue;
      if (this.#budget.left <= 0) {
        this.errors.push(invalid(at, type, outOfBudget));
        this.#budget.left = -1;
        return;
      }
      const variables = { self: value, oldSelf: optional ? tree.optionalOf(old) : hasOld ? old : undefined };
      const outcome = this.#run(program, variables);
      if (this.#budget.left < 0) {
        const detail =
          outcome.stopped === undefined
            ? outOfBudget
            : `'${outcome.stopped}': no further validation rules will be run due to call cost exceeds limit for rule: ${shown(rule)}`;
        this.errors.push(invalid(at, type, detail));
        return;
      }
      if (outcome.error !== undefined) {
        this.errors.push(invalid(at, type, evaluationProblem(outcome.error, rule)));
        continue;
      }
      if (outcome.value === true) continue;
      const error = this.#failure(compiled, variables, step, type);
      if (error !== undefined) {
        if (usesOldSelf || !isUnchanged(step)) this.errors.push(error);
        else this.#warn?.(`${error.field}: ${error.message}`);
      }
      if (this.#budget.left < 0) return;
    }
  }

  /** The error of a rule that a value fails; the budget is negative where its message cost too much. */
  #failure(
    { rule, message }: CompiledRule,
    variables: Readonly<Record<string, unknown>>,
    { field, value }: Step,
    type: string,
  ): FieldError | undefined {
    const at = fieldOfRule(field, rule);
    let detail =
      rule.message === undefined || rule.message === '' ? `failed rule: ${shown(rule)}` : rule.message.trim();
    if (message !== undefined) {
      const outcome = this.#run(message, variables);
      if (this.#budget.left < 0) {
        const why =
          outcome.stopped === undefined
            ? 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
            : `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`;
        return invalid(at, type, why);
      }
      const text = typeof outcome.value === 'string' ? outcome.value.trim() : '';
      if (text !== '' && Buffer.byteLength(text) <= longestMessage && !text.includes('\n')) detail = text;
    }
    const isCompound = type === 'object' || type === 'array';
    switch (rule.reason) {
      case 'FieldValueForbidden':
        return forbiddenField(at, detail);
      case 'FieldValueRequired':
        return required(at, detail);
      case 'FieldValueDuplicate':
        return duplicate(at, isCompound ? undefined : value);
      default:
        return isCompound ? invalidWithoutValue(at, detail) : invalid(at, value, detail);
    }
  }

  #run(program: Program, variables: Readonly<Record<string, unknown>>): Outcome {
    try {
      const { value, cost } = program.evaluate(variables, this.#budget.left);
      this.#budget.left -= cost;
      return { value };
    } catch (error) {
      if (error instanceof EvaluationStopped) {
        const mayHaveMore = this.#budget.left > perCall;
        this.#budget.left = -1;
        return mayHaveMore ? { stopped: 'operation cancelled: actual cost limit exceeded' } : {};
      }
      if (!(error instanceof EvaluationError)) throw error;
      return { error: error.message };
    }
  }
}

/** One expression's own limit; what is stopped while the budget had more was stopped by it. */
const perCall = 1_000_000;

interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
  readonly stopped?: string;
}

function isUnchanged({ value, past: { own, around } }: Step): boolean {
  if (own !== undefined) return own.isEqualTo(value);
  return around?.previous.isEqualTo(around.value) ?? false;
}

function evaluationProblem(error: string, rule: ValidationRule): string {
  if (error.startsWith('no such overload'))
    return `'${error}': call arguments did not match a supported operator, function or macro signature for rule: ${shown(rule)}`;
  return `${error} evaluating rule: ${shown(rule)}`;
}

/** What stands for a rule in messages. */
function shown({ message = '', rule }: ValidationRule): string {
  return (message === '' ? rule : message).trim();
}

/** `.spec['a.b']` below the value's own field, as `spec[a.b]`. */
function fieldOfRule(field: FieldPath | undefined, { fieldPath = '' }: ValidationRule): FieldPath {
  let at = field;
  for (const [, name, quoted] of fieldPath.matchAll(/\.([^.[\]]+)|\['((?:\\.|[^'])*)'\]/g)) {
    if (name !== undefined) at = fieldOf(at, name);
    else at = fieldOf(at, (quoted ?? '').replace(/\\(.)/g, '$1'));
  }
  return at ?? noField;
}

function itemsByKeys(tree: RuleTree, old: unknown): ((item: unknown) => unknown) | undefined {
  const { listType, mapKeys } = tree.schema;
  if (listType !== 'map' || !Array.isArray(old)) return undefined;
  const keyOf = (item: unknown) =>
    typeof item === 'object' && item !== null
      ? JSON.stringify(mapKeys.map((key) => String((item as Readonly<Record<string, unknown>>)[key])))
      : undefined;
  const byKey = new Map(old.map((item: unknown) => [keyOf(item), item]));
  return (item) => {
    const key = keyOf(item);
    return key === undefined ? undefined : byKey.get(key);
  };
}
