import type { FunctionDeclaration } from './functions/declaration.js';
import type { DeclaredType } from './schema/declared-type.js';
import type { CelType } from './types.js';

/** What expressions may refer to. */
export interface Environment {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  /** Types that expressions can name. */
  readonly types: TypeNames;
  /** Whether there is the macro `cel.bind(name, value, body)`. Kubernetes has it for devices only. */
  readonly bindings?: boolean;
}

export type TypeNames = Pick<ReadonlyMap<string, CelType>, 'get'>;

export interface Variable {
  readonly type: CelType;
  /** Where the type comes from a schema: sizes for the cost estimate, and how JSON becomes a value. */
  readonly declared?: DeclaredType;
}

/** What an environment has besides another's. A name that both have is the new one's. */
export interface EnvironmentExtension {
  readonly variables?: Readonly<Record<string, CelType | DeclaredType>>;
  readonly functions?: readonly FunctionDeclaration[];
  /** Asked for names that the other does not have. */
  readonly types?: TypeNames;
  readonly bindings?: boolean;
}

export function extendEnvironment(base: Environment, extension: EnvironmentExtension): Environment {
  const variables = new Map(base.variables);
  for (const [name, given] of Object.entries(extension.variables ?? {}))
    variables.set(name, 'kind' in given ? { type: given } : { type: given.type, declared: given });
  let { functions } = base;
  // There are hundreds, and an environment for each schema with rules.
  if (extension.functions !== undefined) {
    const all = new Map(functions);
    for (const declaration of extension.functions) all.set(declaration.name, declaration);
    functions = all;
  }
  const more = extension.types;
  const types =
    more === undefined ? base.types : { get: (name: string) => base.types.get(name) ?? more.get(name) };
  return { variables, functions, types, bindings: extension.bindings ?? base.bindings ?? false };
}
