import type { CelType, ObjectType } from '../types.js';
import { MapValue } from './map-value.js';
import type { Value } from './value.js';

/** An object that an expression makes: `Object.spec{replicas: 3}`. */
export class CreatedObject extends MapValue {
  readonly objectType: ObjectType;
  readonly #content: ReadonlyMap<string, Value>;

  constructor(objectType: ObjectType, content: ReadonlyMap<string, Value>) {
    super();
    this.objectType = objectType;
    this.#content = content;
  }

  override get type(): CelType {
    return this.objectType;
  }

  get size(): number {
    return this.#content.size;
  }

  get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.#content.get(key) : undefined;
  }

  has(key: Value): boolean {
    return typeof key === 'string' && this.#content.has(key);
  }

  keys(): Iterable<Value> {
    return this.#content.keys();
  }
}
