import type { Schema, ValidationRule } from '@kubewright/api';
import { RuleTree } from './compiled-rules.js';
import { knownFormat } from './known-formats.js';
import { linearPattern, type Pattern } from './linear-pattern.js';

/**
 * A schema as values are walked along it: made of {@link Schema} where the walk first comes by, so that what no object
 * uses costs nothing. One is shared by all who prune, default and validate.
 */
export class StructuralSchema {
  readonly schema: Schema;
  /** Empty where the schema has none; both for an int-or-string. */
  readonly types: readonly string[];
  readonly nullable: boolean;
  readonly preservesUnknown: boolean;
  readonly isEmbedded: boolean;
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly mapKeys: readonly string[];
  readonly required: readonly string[];
  readonly enum: readonly unknown[];
  /** Of those that are checked for the type; others say nothing. */
  readonly format: string;
  readonly rules: readonly ValidationRule[];
  /** Properties that have a default, with it. */
  readonly defaults: readonly (readonly [name: string, value: unknown])[];
  /** Whether members without a property of their own may be there, whatever they are. */
  readonly allowsAny: boolean;
  /** False only where the schema says `additionalProperties: false`. */
  readonly allowsAdditional: boolean;
  readonly allOf: readonly StructuralSchema[];
  readonly anyOf: readonly StructuralSchema[];
  readonly oneOf: readonly StructuralSchema[];
  readonly not: StructuralSchema | undefined;
  #properties: Map<string, StructuralSchema> | undefined;
  #items: StructuralSchema | undefined;
  #additional: StructuralSchema | undefined;
  #pattern: Pattern | undefined;
  #hasRules: boolean | undefined;
  #ruleTree: RuleTree | undefined;
  #memberRules: RuleTree | undefined;

  private constructor(schema: Schema) {
    this.schema = schema;
    this.types = typesOf(schema);
    this.nullable = schema.nullable === true;
    this.preservesUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;
    this.isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
    this.listType = schema['x-kubernetes-list-type'];
    this.mapKeys = schema['x-kubernetes-list-map-keys'] ?? none;
    this.required = schema.required ?? none;
    this.enum = schema.enum ?? none;
    this.format = knownFormat(this.types, schema.format ?? '');
    this.rules = schema['x-kubernetes-validations'] ?? none;
    this.defaults = defaultsOf(schema);
    this.allowsAny = schema.additionalProperties === true || this.preservesUnknown;
    this.allowsAdditional = schema.additionalProperties !== false;
    this.allOf = schema.allOf?.map(StructuralSchema.of) ?? none;
    this.anyOf = schema.anyOf?.map(StructuralSchema.of) ?? none;
    this.oneOf = schema.oneOf?.map(StructuralSchema.of) ?? none;
    this.not = schema.not === undefined ? undefined : StructuralSchema.of(schema.not);
  }

  /** The one for that schema value. */
  static of(this: void, schema: Schema): StructuralSchema {
    let made = known.get(schema);
    if (made === undefined) {
      made = new StructuralSchema(schema);
      known.set(schema, made);
    }
    return made;
  }

  /** Of a declared property. */
  property(name: string): StructuralSchema | undefined {
    const { properties } = this.schema;
    if (properties === undefined) return undefined;
    const found = this.#properties?.get(name);
    if (found !== undefined) return found;
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (schema === undefined) return undefined;
    const made = StructuralSchema.of(schema);
    this.#properties ??= new Map();
    this.#properties.set(name, made);
    return made;
  }

  /** Of members that are no properties, where there is a schema for them. */
  get additional(): StructuralSchema | undefined {
    const { additionalProperties } = this.schema;
    if (typeof additionalProperties !== 'object') return undefined;
    this.#additional ??= StructuralSchema.of(additionalProperties);
    return this.#additional;
  }

  /** Of a property or of a map's member. */
  member(name: string): StructuralSchema | undefined {
    return this.property(name) ?? this.additional;
  }

  get items(): StructuralSchema | undefined {
    const { items } = this.schema;
    if (items === undefined) return undefined;
    this.#items ??= StructuralSchema.of(items);
    return this.#items;
  }

  /** Matches in linear time. */
  get pattern(): Pattern | undefined {
    const { pattern } = this.schema;
    if (pattern === undefined || pattern === '') return undefined;
    this.#pattern ??= linearPattern(pattern);
    return this.#pattern;
  }

  /** The rules in CEL of a whole object of it; undefined where it has none. */
  get ruleTree(): RuleTree | undefined {
    if (!this.hasRules) return undefined;
    this.#ruleTree ??= new RuleTree(this, true);
    return this.#ruleTree;
  }

  /** The same of a value within an object. */
  get memberRules(): RuleTree | undefined {
    if (!this.hasRules) return undefined;
    this.#memberRules ??= new RuleTree(this, this.isEmbedded);
    return this.#memberRules;
  }

  /** Whether it or anything below has rules in CEL. */
  get hasRules(): boolean {
    this.#hasRules ??= rulesBelow(this.schema);
    return this.#hasRules;
  }
}

const known = new WeakMap<Schema, StructuralSchema>();

// Thousands of schemas have the same of these.
const none: readonly never[] = [];
const intOrString = ['integer', 'string'];
const single = new Map<string, readonly string[]>();

function typesOf({ type, 'x-kubernetes-int-or-string': isIntOrString }: Schema): readonly string[] {
  if (isIntOrString) return intOrString;
  if (type === undefined) return none;
  let types = single.get(type);
  if (types === undefined) {
    types = [type];
    single.set(type, types);
  }
  return types;
}

function defaultsOf({ properties = {} }: Schema): readonly (readonly [name: string, value: unknown])[] {
  const found = Object.entries(properties).filter(([, property]) => hasDefault(property));
  return found.length === 0 ? none : found.map(([name, property]) => [name, property.default]);
}

/** A null is no default: upstream can't tell it from none. */
function hasDefault({ default: value }: Schema): boolean {
  return value !== undefined && value !== null;
}

function rulesBelow(schema: Schema): boolean {
  if ((schema['x-kubernetes-validations'] ?? []).length > 0) return true;
  if (schema.items !== undefined && rulesBelow(schema.items)) return true;
  const { additionalProperties, properties = {} } = schema;
  if (typeof additionalProperties === 'object' && rulesBelow(additionalProperties)) return true;
  return Object.values(properties).some(rulesBelow);
}
