import type { SchemaSource, ValidationRule } from '@kubewright/api';
import {
  CompileError,
  compile,
  type DeclaredType,
  declareType,
  type Environment,
  escapeProperty,
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

/** The rules at a schema and below, with the types that they are compiled against. */
export class RuleTree {
  readonly schema: StructuralSchema;
  readonly #declared: DeclaredType | undefined;
  readonly #isResource: boolean;
  #rules: readonly CompiledRule[] | undefined;
  readonly #below = new Map<string, RuleTree | undefined>();

  constructor(schema: StructuralSchema, declared: DeclaredType | undefined, isResource: boolean) {
    this.schema = schema;
    this.#declared = declared;
    this.#isResource = isResource;
  }

  /** Undefined where a schema has no rules at all. */
  static of(schema: StructuralSchema, isResource: boolean): RuleTree | undefined {
    return schema.hasRules ? new RuleTree(schema, declaredTypeOf(schema, isResource), isResource) : undefined;
  }

  /** Compiled when the first object comes. */
  get rules(): readonly CompiledRule[] {
    this.#rules ??= compileRules(this.schema.rules, this.#declared);
    return this.#rules;
  }

  /** `oldSelf` for rules that take it as an optional. */
  optionalOf(old: unknown): Optional {
    if (old === undefined || old === null) return Optional.none;
    return Optional.of(this.#declared?.fromJson?.(old) ?? (old as Value));
  }

  /** The type of its values. */
  get declared(): DeclaredType | undefined {
    return this.#declared;
  }

  /** Bytes of the smallest JSON of a value. */
  get smallest(): number {
    return this.#declared?.minSerializedSize ?? 0;
  }

  property(name: string): RuleTree | undefined {
    return this.#child(`.${name}`, this.schema.property(name), () => this.#declaredField(name));
  }

  get items(): RuleTree | undefined {
    return this.#child('[]', this.schema.items, () => this.#declared?.element);
  }

  get additional(): RuleTree | undefined {
    return this.#child('{}', this.schema.additional, () => this.#declared?.element);
  }

  #child(
    key: string,
    schema: StructuralSchema | undefined,
    declared: () => DeclaredType | undefined,
  ): RuleTree | undefined {
    if (this.#below.has(key)) return this.#below.get(key);
    // Names of members are not the schema's to bound, so only what has rules is kept.
    if (schema?.hasRules !== true) return undefined;
    const tree = new RuleTree(
      schema,
      declared() ?? declaredTypeOf(schema, schema.isEmbedded),
      schema.isEmbedded,
    );
    this.#below.set(key, tree);
    return tree;
  }

  #declaredField(name: string): DeclaredType | undefined {
    const escaped = escapeProperty(name);
    if (escaped === undefined || this.#declared?.type.kind !== 'object') return undefined;
    return this.#declared.type.fields().get(escaped)?.declared;
  }

  get isResource(): boolean {
    return this.#isResource;
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
export function compileRules(
  rules: readonly ValidationRule[],
  declared: DeclaredType | undefined,
): CompiledRule[] {
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
