import type { KubernetesObject } from '@kubewright/api';
import {
  type Environment,
  EvaluationError,
  EvaluationStopped,
  extendEnvironment,
  type Value,
} from '../../cel/index.js';
import { AnswerPending } from '../../cel/library/authorizer.js';
import { type CelType, DYN, type ObjectField, type ObjectType, objectType } from '../../cel/types.js';
import { MapValue } from '../../cel/values/map-value.js';
import { compileExpression, type Expression } from './expression.js';
import type { VersionVariables } from './policy-variables.js';

/** A variable of a policy: an expression that later ones know as `variables.name`. */
export interface PolicyVariable {
  readonly name: string;
  readonly expression: Expression;
}

/**
 * Compiles the variables of a policy, each in the environment of those before it.
 * @returns the environment that has them all
 */
export function composeVariables(
  base: Environment,
  variables: readonly { readonly name?: string | undefined; readonly expression?: string | undefined }[],
): { readonly environment: Environment; readonly variables: readonly PolicyVariable[] } {
  const fields = new Map<string, ObjectField>();
  const type: ObjectType = objectType('kubernetes.variables', () => fields);
  const environment = extendEnvironment(base, { variables: { variables: type } });
  const compiled = variables.map(({ name = '', expression: text = '' }) => {
    const expression = compileExpression(text, environment);
    // One that does not compile is known, so that only it is complained of.
    if (text.trim() !== '') fields.set(name, { name, type: expression.program?.resultType ?? DYN });
    return { name, expression };
  });
  return { environment, variables: compiled };
}

/** What expressions of a policy are evaluated with: the variables of the request, the parameters, `variables`. */
export class PolicyScope {
  readonly object: KubernetesObject | null;
  readonly params: KubernetesObject | null;
  readonly variables: MapValue;
  readonly #request: VersionVariables;
  /** What variables have cost since it was last taken. */
  #cost = 0;

  constructor(
    request: VersionVariables,
    params: KubernetesObject | undefined,
    variables: readonly PolicyVariable[],
  ) {
    this.#request = request;
    this.object = request.object;
    this.params = params ?? null;
    this.variables = new LazyVariables(variables, this);
  }

  get oldObject() {
    return this.#request.oldObject;
  }

  get request() {
    return this.#request.request;
  }

  get namespaceObject() {
    return this.#request.namespaceObject;
  }

  get authorizer() {
    return this.#request.authorizer;
  }

  get 'authorizer.requestResource'() {
    return this.#request.requestResource;
  }

  addCost(cost: number): void {
    this.#cost += cost;
  }

  takeCost(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }
}

const anything = objectType('kubernetes.variables');

/** Evaluates a variable when an expression first comes to it. */
class LazyVariables extends MapValue {
  readonly #variables: ReadonlyMap<string, Expression>;
  readonly #scope: PolicyScope;
  readonly #values = new Map<string, Value>();

  constructor(variables: readonly PolicyVariable[], scope: PolicyScope) {
    super();
    this.#variables = new Map(variables.map(({ name, expression }) => [name, expression]));
    this.#scope = scope;
  }

  override get type(): CelType {
    return anything;
  }

  get size(): number {
    return this.#variables.size;
  }

  keys(): Iterable<Value> {
    return this.#variables.keys();
  }

  has(key: Value): boolean {
    return typeof key === 'string' && this.#variables.has(key);
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const expression = this.#variables.get(key);
    if (expression === undefined) return undefined;
    const value = this.#evaluate(key, expression);
    this.#values.set(key, value);
    return value;
  }

  #evaluate(name: string, { program, problem }: Expression): Value {
    const failed = (verb: string, why: string) =>
      new EvaluationError(`composited variable ${JSON.stringify(name)} fails to ${verb}: ${why}`);
    if (program === undefined) throw failed('compile', problem);
    try {
      const { value, cost } = program.evaluate(this.#scope);
      this.#scope.addCost(cost);
      return value;
    } catch (error) {
      if (error instanceof AnswerPending) throw error;
      if (error instanceof EvaluationError || error instanceof EvaluationStopped)
        throw failed('evaluate', error.message);
      throw error;
    }
  }
}
