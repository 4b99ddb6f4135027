import type { Environment } from '../environment.js';
import type { FunctionDeclaration, Overload } from '../functions/declaration.js';
import type {
  Call,
  Comprehension,
  CreateList,
  CreateMap,
  CreateObject,
  Expression,
  Identifier,
  Literal,
  Select,
} from '../syntax/ast.js';
import type { Problem, Source } from '../syntax/source.js';
import {
  BOOL,
  type CelType,
  DYN,
  ERROR,
  formatType,
  INT,
  isOptional,
  listOf,
  mapOf,
  optionalOf,
  STRING,
  typeOfType,
  unwrapOptional,
} from '../types.js';
import { typeOf } from '../values/value.js';
import type { CheckedExpression, Reference } from './checked-expression.js';
import { mostGeneral, Substitution } from './substitution.js';

/**
 * Checks the types of a parsed expression, with cel-go's rules and wording. Elements of a list or map literal
 * may have different types; they are dyn then.
 */
export function check(
  source: Source,
  expression: Expression,
  environment: Environment,
): { checked: CheckedExpression; problems: readonly Problem[] } {
  const checker = new Checker(source, environment);
  checker.check(expression);
  return { checked: checker.finish(expression), problems: checker.problems };
}

/** Selections from optionals: the parser's call of `a.?b`. */
const optionalSelect: Overload = {
  id: 'select_optional_field',
  member: false,
  params: [DYN, STRING],
  result: optionalOf(DYN),
  call: () => null,
};

class Checker {
  readonly problems: Problem[] = [];
  readonly #source: Source;
  readonly #environment: Environment;
  readonly #types = new Map<Expression, CelType>();
  readonly #references = new Map<Expression, Reference>();
  readonly #substitution = new Substitution();
  /** Variables of macros, the innermost last. */
  readonly #locals: { readonly name: string; readonly type: CelType }[] = [];

  constructor(source: Source, environment: Environment) {
    this.#source = source;
    this.#environment = environment;
  }

  finish(expression: Expression): CheckedExpression {
    for (const [part, type] of this.#types) this.#types.set(part, this.#substitution.apply(type, true));
    return { expression, types: this.#types, references: this.#references };
  }

  check(expression: Expression): CelType {
    const type = this.#typeOf(expression);
    this.#types.set(expression, type);
    return type;
  }

  #typeOf(expression: Expression): CelType {
    switch (expression.kind) {
      case 'literal':
        return this.#literal(expression);
      case 'identifier':
        return this.#identifier(expression);
      case 'select':
        return this.#select(expression);
      case 'call':
        return this.#call(expression);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'object':
        return this.#object(expression);
      case 'comprehension':
        return this.#comprehension(expression);
    }
  }

  #literal({ value }: Literal): CelType {
    return typeOf(value);
  }

  #identifier(expression: Identifier): CelType {
    const found = this.#resolve(expression.name);
    if (found === undefined) return this.#undeclared(expression.offset, expression.name);
    this.#references.set(expression, found.reference);
    return found.type;
  }

  #resolve(name: string): { type: CelType; reference: Reference } | undefined {
    const rooted = name.startsWith('.');
    const local = rooted ? undefined : this.#locals.findLast((candidate) => candidate.name === name);
    if (local !== undefined) return { type: local.type, reference: { kind: 'local', name } };
    const plain = rooted ? name.slice(1) : name;
    const variable = this.#environment.variables.get(plain);
    if (variable !== undefined) return { type: variable.type, reference: { kind: 'variable', name: plain } };
    const type = this.#environment.types.get(plain);
    return type && { type: typeOfType(type), reference: { kind: 'type', type } };
  }

  #select(expression: Select): CelType {
    const name = expression.testOnly ? undefined : this.#qualifiedName(expression);
    const found = name === undefined ? undefined : this.#resolve(name);
    if (found !== undefined) {
      this.#references.set(expression, found.reference);
      return found.type;
    }
    const type = this.#field(expression, expression.operand, expression.field);
    return expression.testOnly ? BOOL : this.#substitution.apply(type, false);
  }

  /** `a.b.c` as one name; undefined where it is none, or where `a` is a macro's variable. */
  #qualifiedName(expression: Expression): string | undefined {
    if (expression.kind === 'identifier') {
      const isLocal = this.#locals.some(({ name }) => name === expression.name);
      return isLocal ? undefined : expression.name;
    }
    if (expression.kind !== 'select' || expression.testOnly) return undefined;
    const prefix = this.#qualifiedName(expression.operand);
    return prefix === undefined ? undefined : `${prefix}.${expression.field}`;
  }

  #field(expression: Expression, operand: Expression, field: string): CelType {
    const operandType = this.#substitution.apply(this.check(operand), false);
    const type = unwrapOptional(operandType);
    const result = this.#fieldOf(type, field, expression.offset);
    return isOptional(operandType) ? optionalOf(result) : result;
  }

  #fieldOf(type: CelType, field: string, offset: number): CelType {
    switch (type.kind) {
      case 'map':
        return type.value;
      case 'object': {
        const found = type.fields().get(field) ?? type.fields().get(`__${field}__`);
        if (found !== undefined) return found.type;
        this.#problem(offset, `undefined field '${field}'`);
        return ERROR;
      }
      case 'parameter':
        this.#substitution.assignable([DYN], [type]);
        return DYN;
      case 'dyn':
      case 'error':
        return DYN;
      default:
        this.#problem(offset, `type '${formatType(type)}' does not support field selection`);
        return DYN;
    }
  }

  #call(expression: Call): CelType {
    const { target, args } = expression;
    if (expression.function === '_?._') return this.#optionalSelect(expression);
    for (const arg of args) this.check(arg);
    const name = expression.function.replace(/^\./, '');
    if (target === undefined) return this.#resolveCall(expression, name, undefined, args, false);
    const prefix = this.#qualifiedName(target);
    const qualified = prefix === undefined ? undefined : `${prefix.replace(/^\./, '')}.${name}`;
    if (qualified !== undefined && this.#environment.functions.has(qualified))
      return this.#resolveCall(expression, qualified, undefined, args, true);
    this.check(target);
    return this.#resolveCall(expression, name, target, args, false);
  }

  #optionalSelect(expression: Call): CelType {
    const [operand, field] = expression.args;
    const name = field?.kind === 'literal' && typeof field.value === 'string' ? field.value : '';
    if (field !== undefined) this.#types.set(field, STRING);
    const type = this.#field(expression, operand!, name);
    this.#references.set(expression, { kind: 'call', overloads: [optionalSelect], namespaced: false });
    return this.#substitution.apply(isOptional(type) ? type : optionalOf(type), false);
  }

  #resolveCall(
    expression: Call,
    name: string,
    target: Expression | undefined,
    args: readonly Expression[],
    namespaced: boolean,
  ): CelType {
    const declaration = this.#environment.functions.get(name);
    if (declaration === undefined) return this.#undeclared(expression.offset, expression.function);
    if (name === '_&&_' || name === '_||_') return this.#logical(expression, declaration);
    const operands = target === undefined ? args : [target, ...args];
    const types = operands.map((operand) => this.#types.get(operand)!);
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of declaration.overloads) {
      if (overload.member !== (target !== undefined)) continue;
      const { params, result: overloadResult } = this.#instantiate(overload);
      if (!this.#substitution.assignable(types, params)) continue;
      fitting.push(overload);
      const next = this.#substitution.apply(overloadResult, false);
      if (result === undefined) result = next;
      else if (result.kind !== 'dyn' && formatType(result) !== formatType(next)) result = DYN;
    }
    if (result === undefined) {
      this.#noOverload(expression, name, types, target !== undefined);
      return ERROR;
    }
    this.#references.set(expression, { kind: 'call', overloads: fitting, namespaced });
    return result;
  }

  #logical(expression: Call, declaration: FunctionDeclaration): CelType {
    let holds = true;
    for (const arg of expression.args) {
      const type = this.#types.get(arg)!;
      if (this.#substitution.assignable([type], [BOOL])) continue;
      holds = false;
      this.#mismatch(arg.offset, BOOL, type);
    }
    this.#references.set(expression, { kind: 'call', overloads: declaration.overloads, namespaced: false });
    return holds ? BOOL : ERROR;
  }

  /** The signature with parameters of its own for this call. */
  #instantiate({ params, result }: Overload): { params: readonly CelType[]; result: CelType } {
    const fresh = new Map<string, CelType>();
    const replace = (type: CelType): CelType => {
      switch (type.kind) {
        case 'parameter': {
          const known = fresh.get(type.name) ?? this.#substitution.freshParameter();
          fresh.set(type.name, known);
          return known;
        }
        case 'list':
          return listOf(replace(type.element));
        case 'map':
          return mapOf(replace(type.key), replace(type.value));
        case 'opaque':
          return type.parameters.length === 0 ? type : { ...type, parameters: type.parameters.map(replace) };
        case 'type':
          return type.of === undefined ? type : typeOfType(replace(type.of));
        default:
          return type;
      }
    };
    return { params: params.map(replace), result: replace(result) };
  }

  #list({ elements, optional }: CreateList): CelType {
    let type: CelType | undefined;
    elements.forEach((element, index) => {
      const elementType = this.#entryType(element, optional.has(index));
      type = this.#join(type, elementType);
    });
    return listOf(type ?? this.#substitution.freshParameter());
  }

  #map({ entries }: CreateMap): CelType {
    let keyType: CelType | undefined;
    let valueType: CelType | undefined;
    for (const { key, value, optional } of entries) {
      keyType = this.#join(keyType, this.check(key));
      valueType = this.#join(valueType, this.#entryType(value, optional));
    }
    return mapOf(
      keyType ?? this.#substitution.freshParameter(),
      valueType ?? this.#substitution.freshParameter(),
    );
  }

  #entryType(value: Expression, optional: boolean): CelType {
    const type = this.check(value);
    if (!optional) return type;
    const known = this.#substitution.apply(type, false);
    if (!isOptional(known) && known.kind !== 'dyn') this.#mismatch(value.offset, optionalOf(known), known);
    return unwrapOptional(known);
  }

  #join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current;
    if (this.#substitution.assignable([previous], [current])) return mostGeneral(previous, current);
    return DYN;
  }

  #object(expression: CreateObject): CelType {
    const { typeName, fields, offset } = expression;
    const type = this.#environment.types.get(typeName.replace(/^\./, ''));
    if (type === undefined) return this.#undeclared(offset, typeName);
    if (type.kind !== 'object' || type.constructible !== true) {
      this.#problem(offset, `'${formatType(type)}' is not a message type`);
      return ERROR;
    }
    this.#references.set(expression, { kind: 'type', type });
    for (const field of fields) {
      const valueType = this.#entryType(field.value, field.optional);
      const fieldType = this.#fieldOf(type, field.name, field.offset);
      if (this.#substitution.assignable([fieldType], [valueType])) continue;
      const [wanted, given] = [fieldType, valueType].map((part) =>
        formatType(this.#substitution.apply(part, true)),
      );
      this.#problem(
        field.offset,
        `expected type of field '${field.name}' is '${wanted}' but provided type is '${given}'`,
      );
    }
    return type;
  }

  #comprehension(expression: Comprehension): CelType {
    const rangeType = this.#substitution.apply(this.check(expression.range), false);
    const accumulated = this.check(expression.initial);
    this.#locals.push({ name: expression.accumulator, type: accumulated });
    const types = this.#variableTypes(expression, rangeType);
    this.#locals.push({ name: expression.variable, type: types[0] });
    if (expression.variable2 !== undefined) this.#locals.push({ name: expression.variable2, type: types[1] });
    this.#assert(expression.condition, BOOL);
    this.#assert(expression.step, accumulated);
    this.#locals.length -= expression.variable2 === undefined ? 1 : 2;
    const result = this.check(expression.result);
    this.#locals.pop();
    return this.#substitution.apply(result, false);
  }

  #variableTypes({ range, variable2 }: Comprehension, type: CelType): [CelType, CelType] {
    switch (type.kind) {
      case 'list':
        return variable2 === undefined ? [type.element, DYN] : [INT, type.element];
      case 'map':
        return [type.key, type.value];
      case 'dyn':
      case 'error':
      case 'parameter':
        this.#substitution.assignable([DYN], [type]);
        return [DYN, DYN];
      default:
        this.#problem(
          range.offset,
          `expression of type '${formatType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [ERROR, ERROR];
    }
  }

  #assert(expression: Expression, wanted: CelType): void {
    const type = this.check(expression);
    if (!this.#substitution.assignable([wanted], [type])) this.#mismatch(expression.offset, wanted, type);
  }

  #undeclared(offset: number, name: string): CelType {
    this.#problem(offset, `undeclared reference to '${name}' (in container '')`);
    return ERROR;
  }

  #noOverload({ offset }: Call, name: string, types: readonly CelType[], member: boolean): void {
    const names = types.map((type) => formatType(this.#substitution.apply(type, true)));
    const [target, ...args] = names;
    const signature = member ? `${target}.(${args.join(', ')})` : `(${names.join(', ')})`;
    this.#problem(offset, `found no matching overload for '${name}' applied to '${signature}'`);
  }

  #mismatch(offset: number, wanted: CelType, given: CelType): void {
    this.#problem(offset, `expected type '${formatType(wanted)}' but found '${formatType(given)}'`);
  }

  #problem(offset: number, message: string): void {
    this.problems.push({ location: this.#source.location(offset), message });
  }
}
