import type { FunctionDeclaration } from '../functions/declaration.js';
import { STRING } from '../types.js';
import { transformCost } from './costs.js';
import { global, named } from './define.js';

/** Kubernetes' jsonpatch library: a key as a part of a JSON pointer. */
export const jsonPatchFunctions: readonly FunctionDeclaration[] = [
  named(
    'jsonpatch.escapeKey',
    global(
      ['string_jsonpatch_escapeKey_string', [STRING], STRING],
      (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
      transformCost,
    ),
  ),
];
