import { createRequire } from 'node:module';
import { ApiError } from '@kubewright/api';
import type { Schema } from 'js-yaml';
import { goScalarTags } from './yaml-scalar-tags.js';

// Loaded on first use: most servers never see YAML.
const require = createRequire(import.meta.url);

interface Yaml {
  readonly library: typeof import('js-yaml');
  readonly schema: Schema;
}

let loaded: Yaml | undefined;

function yaml(): Yaml {
  if (loaded === undefined) {
    const library = require('js-yaml') as typeof import('js-yaml');
    const { CORE_SCHEMA, mergeTag } = library;
    loaded = { library, schema: CORE_SCHEMA.withTags(mergeTag, ...goScalarTags(library)) };
  }
  return loaded;
}

export interface ParsedYaml {
  readonly value: unknown;
  /** What a strict reader refuses, in go-yaml's words: the first key that occurs twice in its map. */
  readonly problems: readonly string[];
}

/** A YAML document as a value; of keys that occur twice the last one wins. @throws ApiError BadRequest */
export function fromYaml(text: string): ParsedYaml {
  const { library, schema } = yaml();
  try {
    return { value: library.load(text, { schema }), problems: [] };
  } catch (cause) {
    if (!(cause instanceof library.YAMLException)) throw cause;
    const { reason, mark } = cause;
    const line = (mark?.line ?? 0) + 1;
    if (reason !== 'duplicated mapping key')
      throw new ApiError('BadRequest', `error converting YAML to JSON: yaml: line ${line}: ${reason}`, {
        cause,
      });
    const key =
      text
        .split('\n')
        [line - 1]?.slice(mark?.column ?? 0)
        .split(':', 1)[0]
        ?.trim()
        // The mark may be within the quotes of the key.
        .replace(/^["']|["']$/g, '') ?? '';
    const problem = `yaml: unmarshal errors:\n  line ${line}: key ${JSON.stringify(key)} already set in map`;
    return { value: library.load(text, { schema, json: true }), problems: [problem] };
  }
}
