import type { SchemaSource, ValidationRule } from '@kubewright/api';
import {
  CompileError,
  compile,
  type DeclaredType,
  declareType,
  type Environment,
  extendEnvironment,
  kubernetesEnvironment,
  type Program,
  type Value,
} from '../cel/index.js';
import { DYN, optionalOf } from '../cel/types.js';
import { Optional } from '../cel/values/optional.js';
import type { StructuralSchema } from './structural-schema.js';

/** A rule of a schema, ready to run; or why it can't. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Program | undefined;
  /** Why the rule has no program. */
  readonly problem: string | undefined;
  readonly message: Program | undefined;
  readonly messageProblem: string | undefined;
  readonly usesOldSelf: boolean;
}

/** The rules at a schema and below. There is one for a schema, wherever that stands. */
export class RuleTree {
  readonly schema: StructuralSchema;
  readonly #isResource: boolean;
  #declared: DeclaredType | undefined;
  #rules: readonly CompiledRule[] | undefined;

  /** @param isResource whether values are whole objects, which have a type and metadata */
  constructor(schema: StructuralSchema, isResource: boolean) {
    this.schema = schema;
    this.#isResource = isResource;
  }

  /** Compiled when the first object comes. */
  get rules(): readonly CompiledRule[] {
    this.#rules ??= compileRules(this.schema.rules, this.declared);
    return this.#rules;
  }

  /** `oldSelf` for rules that take it as an optional. */
  optionalOf(old: unknown): Optional {
    if (old === undefined || old === null) return Optional.none;
    return Optional.of(this.declared?.fromJson?.(old) ?? (old as Value));
  }

  /** The type of its values. */
  get declared(): DeclaredType | undefined {
    this.#declared ??= declaredTypeOf(this.schema, this.#isResource);
    return this.#declared;
  }

  /** Bytes of the smallest JSON of a value. */
  get smallest(): number {
    return this.declared?.minSerializedSize ?? 0;
  }

  property(name: string): RuleTree | undefined {
    return this.schema.property(name)?.memberRules;
  }

  get items(): RuleTree | undefined {
    return this.schema.items?.memberRules;
  }

  get additional(): RuleTree | undefined {
    return this.schema.additional?.memberRules;
  }
}

function declaredTypeOf({ schema }: StructuralSchema, resourceRoot: boolean): DeclaredType | undefined {
  const source: SchemaSource = {
    root: schema,
    resolve(ref) {
      throw new Error(`the schema has no definition named ${ref}`);
    },
  };
  return declareType(source, { resourceRoot });
}

/** The rules of one schema, each with its program or with why it has none, in upstream's words. */
function compileRules(rules: readonly ValidationRule[], declared: DeclaredType | undefined): CompiledRule[] {
  if (rules.length === 0) return [];
  const environments = environmentsOf(declared);
  return rules.map((rule) => {
    const environment = rule.optionalOldSelf === true ? environments.optional : environments.plain;
    const { program, problem } = attempt(rule.rule, environment, 'bool');
    const { messageExpression = '' } = rule;
    const text = messageExpression === '' ? nothing : attempt(messageExpression, environment, 'string');
    return {
      rule,
      program,
      problem:
        problem === undefined ? undefined : problemOf(problem, 'cel expression must evaluate to a bool', ''),
      message: problem === undefined ? text.program : undefined,
      messageProblem:
        problem !== undefined || text.problem === undefined
          ? undefined
          : problemOf(text.problem, 'messageExpression must evaluate to a string', 'messageExpression '),
      usesOldSelf: program?.uses('oldSelf') ?? false,
    };
  });
}

interface Attempt {
  readonly program: Program | undefined;
  /** What the compiler says; empty for a result of another type. */
  readonly problem: string | undefined;
}

const nothing: Attempt = { program: undefined, problem: undefined };

function attempt(expression: string, environment: Environment, kind: string): Attempt {
  if (expression.trim() === '') return nothing;
  try {
    const program = compile(expression, environment);
    return program.resultType.kind === kind
      ? { program, problem: undefined }
      : { program: undefined, problem: '' };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { program: undefined, problem: error.message };
  }
}

function problemOf(problem: string, otherType: string, prefix: string): string {
  return problem === '' ? otherType : `${prefix}compilation failed: ${problem}`;
}

function environmentsOf(declared: DeclaredType | undefined): { plain: Environment; optional: Environment } {
  const self = declared ?? DYN;
  const plain = extendEnvironment(kubernetesEnvironment, { variables: { self, oldSelf: self } });
  const type = declared?.type ?? DYN;
  const optional = extendEnvironment(kubernetesEnvironment, {
    variables: { self, oldSelf: optionalOf(type) },
  });
  return { plain, optional };
}
