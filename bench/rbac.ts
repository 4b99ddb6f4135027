import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';

/** An authorization decision beside 1,000 roles that are all bound to the group of who asks, against the budget. */
export async function benchRbac(): Promise<Comparison> {
  const child = new Child('./rbac.child.mjs');
  try {
    return await compare(
      'an authorization decision beside 1,000 roles and bindings of one group',
      () => child.ask<number>({ count: 1_000 }),
      5,
      { unit: 'µs of processor time', limit: 'at most 1' },
    );
  } finally {
    child.close();
  }
}
