import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';

/** A validation rule over an object, and a policy of three expressions over a request, each against its budget. */
export const benchCelRule = () => benchCel('a validation rule over a parsed object', 'rule', 5_000);
export const benchPolicy = () =>
  benchCel('a ValidatingAdmissionPolicy of three expressions', 'policy', 30_000);

async function benchCel(name: string, what: string, limitNs: number): Promise<Comparison> {
  const child = new Child('./cel.child.mjs');
  try {
    return await compare(name, () => child.ask<number>({ what, durationMs: 500 }), limitNs, {
      unit: 'ns of processor time',
      limit: 'at most 1',
    });
  } finally {
    child.close();
  }
}
