import { prefixOf } from '../registry/resource.js';
import { builtinRules } from './builtin-rules.js';

/** The keys that go by themselves, and how many seconds after their last write. */
export function expiringPrefixes(): { readonly prefix: string; readonly seconds: number }[] {
  return builtinRules.flatMap((rules) =>
    rules.timeToLiveSeconds === undefined
      ? []
      : [{ prefix: prefixOf(rules), seconds: rules.timeToLiveSeconds }],
  );
}
