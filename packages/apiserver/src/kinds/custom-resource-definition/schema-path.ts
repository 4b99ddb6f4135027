import type { Schema } from '@kubewright/api';

/**
 * The schema of what a path such as `.spec.replicas` or `.spec['a.b']` leads to, or why it leads nowhere.
 * Source: apiextensions' `cel.ValidFieldPath`.
 */
export function schemaAtPath(
  root: Schema,
  text: string,
  { brackets = true }: { readonly brackets?: boolean } = {},
): Schema | string {
  const tokens = text.match(/'(?:\\.|[^'\\])*'|[.[\]]|[^.[\]']+|'/g) ?? [];
  let schema = root;
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at] ?? '';
    if (token !== '.' && token !== '[') return `expected [ or . but got: ${token}`;
    if (token === '[' && !brackets) return 'array notation is not allowed';
    let name = tokens[at + 1];
    if (name === undefined) return 'unexpected end of JSON path';
    at += 2;
    if (token === '[') {
      if (!/^'.*'$/s.test(name)) return `expected single quoted string but got ${name}`;
      name = name.slice(1, -1).replace(/\\(.)/g, '$1');
      if (tokens[at] === undefined) return 'unexpected end of JSON path';
      if (tokens[at] !== ']') return `expected ] but got ${tokens[at]}`;
      at++;
    }
    const { properties, additionalProperties } = schema;
    const below =
      properties !== undefined
        ? Object.hasOwn(properties, name)
          ? properties[name]
          : undefined
        : typeof additionalProperties === 'object'
          ? additionalProperties
          : undefined;
    if (below === undefined) return 'does not refer to a valid field';
    schema = below;
  }
  return schema;
}
