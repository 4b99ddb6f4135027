/**
 * JSON Schema as Kubernetes writes it: OpenAPI's subset with the `x-kubernetes-*` extensions.
 * References are `{ $ref: NAME }` with a bare definition name, looked up through {@link SchemaSource.resolve}.
 */
export interface Schema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  /**
   * `int32`, `int64`, `double`, `date-time`, `byte`, `int-or-string`, `quantity`, `micro-time`, …
   * `int-or-string` and `quantity` stand without a `type`, since JSON strings and numbers both fit.
   */
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  /** OpenAPI's form: whether `minimum` itself is too small. */
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
  /** The kinds whose whole object this definition is. */
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
  readonly 'x-kubernetes-unions'?: readonly unknown[];
}

/** A rule in CEL about the value that the schema stands for. Source: KEP-2876. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?:
    | 'FieldValueInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate';
  /** Where an error stands, relative to the value: `.spec.replicas` */
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** A kind's root schema and the definitions that its references name. */
export interface SchemaSource {
  /** The name of the root definition (`io.k8s.api.core.v1.Pod`), where it has one. */
  readonly name?: string;
  readonly root: Schema;
  /** Another one where the root is another one, for schemas that are long to read. */
  readonly digest?: string;
  /** The root with descriptions, where these are left out of it; made anew by each call. */
  documented?(): Schema;
  /** The definition of that name. @throws Error when there is none: a fault of the data, not of a request. */
  resolve(ref: string): Schema;
}
