import { createRequire } from 'node:module';
import { ApiError } from '@kubewright/api';
import type { Schema } from 'js-yaml';
import { parseOwnJson } from './own-json.js';

// Loaded on first use: most servers never see YAML.
const require = createRequire(import.meta.url);

interface Yaml {
  readonly library: typeof import('js-yaml');
  readonly reading: Schema;
  /** Texts that readers of YAML 1.1 would take for something else are quoted. */
  readonly writing: Schema;
}

let loaded: Yaml | undefined;

function yaml(): Yaml {
  if (loaded === undefined) {
    const library = require('js-yaml') as typeof import('js-yaml');
    const { CORE_SCHEMA, DUMP_SCHEMA, mergeTag } = library;
    const integer = exactInteger(library);
    loaded = {
      library,
      reading: CORE_SCHEMA.withTags(mergeTag, integer),
      writing: DUMP_SCHEMA.withTags(integer),
    };
  }
  return loaded;
}

/** The library's integers, and beyond 2^53 bigints. */
function exactInteger({ defineScalarTag, intCoreTag }: typeof import('js-yaml')) {
  return defineScalarTag(intCoreTag.tagName, {
    implicit: true,
    implicitFirstChars: intCoreTag.implicitFirstChars,
    resolve: (text, isExplicit, tagName) => {
      const number = intCoreTag.resolve(text, isExplicit, tagName);
      if (typeof number !== 'number' || Number.isSafeInteger(number) || !/^[-+]?\d+$/.test(text))
        return number;
      return BigInt(text.replace('+', ''));
    },
    identify: (value) => typeof value === 'bigint' || intCoreTag.identify(value),
    represent: (value) => String(value),
  });
}

/** A JSON document as YAML, its keys sorted and its lists not indented, as Go writes it. */
export function toYaml(json: Buffer): string {
  return valueToYaml(parseOwnJson(json));
}

/** The same for a value. */
export function valueToYaml(value: unknown): string {
  const { library, writing } = yaml();
  return library.dump(value, {
    schema: writing,
    noRefs: true,
    lineWidth: -1,
    sortKeys: true,
    seqNoIndent: true,
    quoteStyle: 'double',
  });
}

export interface ParsedYaml {
  readonly value: unknown;
  /** What a strict reader refuses, in go-yaml's words: the first key that occurs twice in its map. */
  readonly problems: readonly string[];
}

/** A YAML document as a value; of keys that occur twice the last one wins. @throws ApiError BadRequest */
export function fromYaml(text: string): ParsedYaml {
  const { library, reading } = yaml();
  try {
    return { value: library.load(text, { schema: reading }), problems: [] };
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
    return { value: library.load(text, { schema: reading, json: true }), problems: [problem] };
  }
}
