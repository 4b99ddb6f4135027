import { createRequire } from 'node:module';
import { ApiError, decodeJson } from '@kubewright/api';

// Loaded on first use: most servers never see YAML.
const load = createRequire(import.meta.url);
let yaml: typeof import('js-yaml') | undefined;

function library(): typeof import('js-yaml') {
  yaml ??= load('js-yaml') as typeof import('js-yaml');
  return yaml;
}

/** A JSON document as YAML. */
export function toYaml(json: Buffer): string {
  return library().dump(decodeJson(json).value, { noRefs: true, lineWidth: -1 });
}

/** A YAML document as a value. @throws ApiError BadRequest */
export function fromYaml(text: string): unknown {
  try {
    return library().load(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new ApiError('BadRequest', `error converting YAML to JSON: yaml: ${reason}`, { cause });
  }
}
