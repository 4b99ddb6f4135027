import type { User } from '../../user.js';

const prefix = 'system:node:';

/** The name of the node that a user is, undefined for others. Source: "Using Node Authorization". */
export function nodeNameOf({ name, groups }: User): string | undefined {
  return name.startsWith(prefix) && groups.includes('system:nodes') ? name.slice(prefix.length) : undefined;
}
