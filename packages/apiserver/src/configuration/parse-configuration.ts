import type { Schema } from '@kubewright/api';
import { validateSchema } from '../schema/schema-validator.js';
import { structural } from '../schema/structural.js';
import { StructuralSchema } from '../schema/structural-schema.js';

/** What a configuration file of the server must be. */
export interface ConfigurationForm {
  readonly kind: string;
  /** Those that are read; of each the same fields. */
  readonly apiVersions: readonly string[];
  /** Of the fields besides `apiVersion` and `kind`, with the defaults of those that may be left out. */
  readonly schema: Schema;
}

/**
 * Reads a configuration file in YAML or JSON; a field that there is not is an error.
 * @param file its name, for errors
 * @throws Error that names the file and the field
 */
export async function parseConfiguration<T>(text: string, file: string, form: ConfigurationForm): Promise<T> {
  // Most servers read no such file.
  const { load } = await import('js-yaml');
  const { apiVersion, kind, ...fields } = (load(text) ?? {}) as Record<string, unknown>;
  if (kind !== form.kind || !form.apiVersions.some((one) => one === apiVersion))
    throw new Error(`${file}: is no ${form.kind} of ${form.apiVersions[0]}`);
  const schema = StructuralSchema.of(form.schema);
  const unknown = { fields: [], ofMetadata: [] };
  const value = structural(fields, schema, { unknownFields: unknown });
  const [stranger] = unknown.fields;
  if (stranger !== undefined) throw new Error(`${file}: unknown field ${JSON.stringify(stranger)}`);
  const [problem] = validateSchema(schema, value);
  if (problem !== undefined) throw new Error(`${file}: ${problem.field}: ${problem.message}`);
  return value as T;
}
