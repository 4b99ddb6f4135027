import type { CelType } from '../types.js';
import { typeName } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import { isList } from '../values/list-value.js';
import { isMap } from '../values/map-value.js';
import { TypeValue } from '../values/type-value.js';
import { Uint } from '../values/uint.js';
import { isDouble, isInt, type Value } from '../values/value.js';

/** Whether values are of a type, as far as a call has to know; undefined where every value is. */
export function typeTest(type: CelType): ((value: Value) => boolean) | undefined {
  switch (type.kind) {
    case 'dyn':
    case 'error':
    case 'parameter':
      return undefined;
    case 'null':
      return (value) => value === null;
    case 'bool':
      return (value) => typeof value === 'boolean';
    case 'int':
      return isInt;
    case 'uint':
      return (value) => value instanceof Uint;
    case 'double':
      return isDouble;
    case 'string':
      return (value) => typeof value === 'string';
    case 'bytes':
      return (value) => value instanceof Uint8Array;
    case 'list': {
      const element = typeTest(type.element);
      if (element === undefined) return isList;
      // The first element stands for all.
      return (value) => isList(value) && (value.length === 0 || element(value.at(0)!));
    }
    case 'map':
      return isMap;
    case 'type':
      return (value) => value instanceof TypeValue;
    default: {
      const name = typeName(type);
      return (value) => value instanceof CelValue && typeName(value.type) === name;
    }
  }
}
