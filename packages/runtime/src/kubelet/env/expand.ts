/**
 * Replaces `$(NAME)` by the variable's value and `$$` by `$`. A reference to an unknown variable stays as written.
 * Source: the API reference of `Container.command`.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(variables, name) ? variables[name]! : match;
  });
}
