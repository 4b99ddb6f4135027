import { encodeJson, type KubernetesObject, parseTime } from '@kubewright/api';
import type { CustomResourceColumnDefinition } from '@kubewright/api/apiextensions/v1';
import { nameColumn } from '../kinds/columns.js';
import { humanDuration } from '../kinds/human-duration.js';
import type { Column } from '../kinds/kind-rules.js';
import { sortedJson } from '../patch/json-object.js';
import { type JsonPath, parseJsonPath } from './json-path.js';

/** The columns of a table of custom resources: the name and those that the definition adds, or name and age. */
export function printerColumns(
  definitions: readonly CustomResourceColumnDefinition[] | undefined,
): Column<KubernetesObject>[] {
  const own = definitions === undefined || definitions.length === 0 ? [age] : definitions;
  // As upstream: what can't be read, which it does not refuse, ends the columns.
  const wrong = own.findIndex(({ jsonPath }) => !isJsonPath(jsonPath));
  return [nameColumn, ...own.slice(0, wrong < 0 ? own.length : wrong).map(printerColumn)];
}

const age: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

function printerColumn(definition: CustomResourceColumnDefinition): Column<KubernetesObject> {
  const { name, type, format = '', description, priority = 0, jsonPath } = definition;
  // Parsed by the first table that shows it.
  let path: JsonPath | undefined;
  return {
    name,
    type: type as Column<KubernetesObject>['type'],
    format,
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    cell(object, now) {
      path ??= parseJsonPath(jsonPath);
      const [value] = path(object);
      return value === undefined ? null : cellOf(type, value, now);
    },
  };
}

function isJsonPath(text: string): boolean {
  try {
    parseJsonPath(text);
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

/** Source: `cellForJSONValue` of apiextensions' table convertor. */
function cellOf(type: string, value: unknown, now: number): string | number | bigint | boolean | null {
  switch (type) {
    case 'string':
      return typeof value === 'object' && value !== null
        ? encodeJson(sortedJson(value))
        : String(value ?? '<no value>');
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date': {
      if (typeof value !== 'string') return null;
      if (value === '') return '<unknown>';
      const time = parseTime(value);
      return time === undefined ? '<invalid>' : humanDuration(now - time);
    }
    default:
      return null;
  }
}
