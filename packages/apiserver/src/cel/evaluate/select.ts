import type { CelType } from '../types.js';
import { noSuchKey, noSuchOverload } from '../values/evaluation-error.js';
import { isMap, MapValue, mapGet, mapHas } from '../values/map-value.js';
import { Optional } from '../values/optional.js';
import type { JsonMap, Value } from '../values/value.js';
import type { Evaluate } from './evaluation.js';

/** `operand.field`. Of an object with a schema the property is read directly. */
export function planSelect(operand: Evaluate, type: CelType, field: string): Evaluate {
  if (type.kind === 'object' && !(field in Object.prototype))
    return (evaluation) => {
      const object = operand(evaluation);
      evaluation.charge(1);
      if (object instanceof MapValue) return object.get(field) ?? missing(object, field);
      const found = (object as JsonMap | null)?.[field];
      // A null stands for a field that is not there.
      if (found === undefined || found === null) throw noSuchKey(field);
      return found;
    };
  return (evaluation) => {
    const found = select(operand(evaluation), field);
    evaluation.charge(1);
    if (found === undefined) throw noSuchKey(field);
    return found;
  };
}

/** `has(operand.field)`: costs nothing, its operand was charged for it. */
export function planPresence(operand: Evaluate, type: CelType, field: string): Evaluate {
  if (type.kind === 'object')
    return (evaluation) => {
      const found = select(operand(evaluation), field);
      return found !== undefined && found !== null;
    };
  return (evaluation) => {
    const value = operand(evaluation);
    if (value instanceof Optional) return value.content !== undefined && present(value.content, field);
    return present(value, field);
  };
}

/** `operand.?field` */
export function planOptionalSelect(operand: Evaluate, field: string): Evaluate {
  return (evaluation) => {
    const value = operand(evaluation);
    evaluation.charge(1);
    const inner = value instanceof Optional ? value.content : value;
    const found = inner === undefined ? undefined : select(inner, field);
    return found === undefined ? Optional.none : Optional.of(found);
  };
}

function missing(object: MapValue, field: string): null {
  if (object.has(field)) return null;
  throw noSuchKey(field);
}

function select(value: Value, field: string): Value | undefined {
  if (isMap(value)) return mapGet(value, field);
  if (!(value instanceof Optional)) throw noSuchOverload();
  const found = value.content === undefined ? undefined : select(value.content, field);
  return found === undefined ? Optional.none : Optional.of(found);
}

function present(value: Value, field: string): boolean {
  if (!isMap(value)) throw noSuchOverload();
  return mapHas(value, field);
}
