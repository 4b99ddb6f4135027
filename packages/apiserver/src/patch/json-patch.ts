import { ApiError, badRequest, encodeJson } from '@kubewright/api';
import { goJsonName, isObject, type JsonObject, jsonEqual, own, put } from './json-object.js';

/** Upstream's limit on operations. */
export const maxJsonPatchOperations = 10_000;
/** What `copy` may add to a document in total, in characters of JSON: that of a request body. */
const maxCopiedSize = 3 * 1024 * 1024;

/**
 * Applies a JSON patch (RFC 6902) and returns the result; neither argument is changed, the result may share parts
 * with both. As upstream has it, negative indexes count from the end of a list, and an operation that does not apply
 * fails the whole patch with one general message.
 *
 * This is no library: fast-json-patch changes the document or clones it whole through JSON text (which loses large
 * integers), throws on `__proto__`, knows no negative indexes and bounds no copy.
 * @throws ApiError BadRequest when it is no JSON patch, RequestEntityTooLarge when it has too many operations,
 * Invalid when an operation does not apply.
 */
export function applyJsonPatch(document: JsonObject, patch: unknown): unknown {
  const operations = decode(patch);
  const editor = new Editor(document);
  for (const operation of operations) editor.apply(operation);
  return editor.root;
}

/** Members that no operation has, as `unknown field "[0].x"`. */
export function unknownMembers(patch: unknown): string[] {
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((operation: unknown, index) =>
    isObject(operation)
      ? Object.keys(operation)
          .filter((name) => !members.has(name))
          .map((name) => `unknown field "[${index}].${name}"`)
      : [],
  );
}

const members = new Set(['op', 'path', 'from', 'value']);

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from: string | undefined;
  readonly value: unknown;
}

function decode(patch: unknown): Operation[] {
  const wrong = (what: string, type: string) =>
    badRequest(`error decoding patch: json: cannot unmarshal ${what} into Go ${type}`);
  if (!Array.isArray(patch)) throw wrong(goJsonName(patch), 'value of type []handlers.jsonPatchOp');
  if (patch.length > maxJsonPatchOperations)
    throw new ApiError(
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${patch.length}`,
    );
  // What has no types is told before what does not apply; a null is an operation that says nothing.
  const read = patch.map((one: unknown): JsonObject => {
    const operation = one ?? {};
    if (!isObject(operation)) throw wrong(goJsonName(operation), 'value of type handlers.jsonPatchOp');
    for (const key of ['op', 'path', 'from']) {
      const value = own(operation, key);
      if (value !== undefined && value !== null && typeof value !== 'string')
        throw wrong(goJsonName(value), `struct field jsonPatchOp.${key} of type string`);
    }
    return operation;
  });
  return read.map((operation): Operation => {
    const text = (key: string) => own(operation, key) as string | null | undefined;
    const path = text('path');
    if (path === undefined || path === null) throw unprocessable('operation missing path field');
    return {
      op: text('op') ?? 'unknown',
      path,
      from: text('from') ?? undefined,
      value: own(operation, 'value'),
    };
  });
}

/** Upstream answers one general message; what failed is the error's cause, in the words of its library. */
function unprocessable(why: string): ApiError {
  return new ApiError('Invalid', 'the server rejected our request due to an error in our request', {
    details: {},
    cause: new Error(why),
  });
}

/** Of these operations the library quotes the path that is missing. */
const quotes = new Set(['add', 'remove']);

type Container = JsonObject | unknown[];

/** Copies each container once, on its first change, so that many operations on one document cost what they touch. */
class Editor {
  root: unknown;
  readonly #ours = new WeakSet<object>();
  /** The operation that is applied. */
  #op = '';
  #copied = 0;

  constructor(document: JsonObject) {
    this.root = document;
  }

  apply({ op, path, from, value }: Operation): void {
    this.#op = op;
    switch (op) {
      case 'add':
        this.#add(path, value ?? null);
        break;
      case 'remove':
        this.#remove(path);
        break;
      case 'replace':
        this.#replace(path, value ?? null);
        break;
      case 'test':
        if (!jsonEqual(this.#get(path) ?? null, value ?? null))
          throw unprocessable(`testing value ${path} failed: test failed`);
        break;
      case 'move':
        this.#add(path, this.#remove(needed(from)));
        break;
      case 'copy': {
        const source = this.#get(needed(from));
        if (source === undefined) throw unprocessable(`copy: ${from}: missing value`);
        this.#copied += encodeJson(source).length;
        if (this.#copied > maxCopiedSize) throw unprocessable('the accumulated size of copies is too large');
        this.#add(path, structuredClone(source));
        break;
      }
      default:
        throw unprocessable(`Unexpected kind: ${op}`);
    }
  }

  #get(path: string): unknown {
    const keys = pointerKeys(path);
    let value: unknown = this.root;
    for (const [depth, key] of keys.entries()) {
      if (Array.isArray(value)) value = value[indexOf(key, value.length - 1, path)];
      else if (isObject(value)) value = own(value, key);
      else value = undefined;
      if (value === undefined && depth < keys.length - 1) throw unprocessable(`${path}: missing path`);
    }
    return value;
  }

  #add(path: string, value: unknown): void {
    const parent = this.#parent(path);
    if (parent === undefined) this.#setRoot(value);
    else if (!Array.isArray(parent.container)) put(parent.container, parent.key, value);
    else {
      const { container, key } = parent;
      // A negative index counts from behind the place of the new item: -1 appends.
      const index = key === '-' ? container.length : indexOf(key, container.length, path);
      container.splice(index, 0, value);
    }
  }

  #replace(path: string, value: unknown): void {
    const parent = this.#parent(path);
    if (parent === undefined) {
      this.#setRoot(value);
      return;
    }
    const { container, key } = parent;
    if (Array.isArray(container)) container[indexOf(key, container.length - 1, path)] = value;
    // Upstream lets `replace` add a member that an object lacks.
    else put(container, key, value);
  }

  #remove(path: string): unknown {
    const parent = this.#parent(path);
    if (parent === undefined) throw unprocessable('the whole document cannot be removed');
    const { container, key } = parent;
    if (Array.isArray(container)) return container.splice(indexOf(key, container.length - 1, path), 1)[0];
    if (!Object.hasOwn(container, key))
      throw unprocessable(
        `error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`,
      );
    const value = container[key];
    delete container[key];
    return value;
  }

  #setRoot(value: unknown): void {
    if (typeof value !== 'object' || value === null)
      throw unprocessable('replace operation value must be object or array');
    this.root = value;
  }

  /** The container that the last key of a path stands in, made ours on the way; undefined for the document itself. */
  #parent(path: string): { container: Container; key: string } | undefined {
    const keys = pointerKeys(path);
    const last = keys.pop();
    if (last === undefined) return undefined;
    let container = this.#own(this.root, path);
    this.root = container;
    for (const key of keys) {
      let child: Container;
      if (Array.isArray(container)) {
        const index = indexOf(key, container.length - 1, path);
        child = this.#own(container[index], path);
        container[index] = child;
      } else {
        child = this.#own(own(container, key), path);
        put(container, key, child);
      }
      container = child;
    }
    return { container, key: last };
  }

  #own(value: unknown, path: string): Container {
    if (typeof value !== 'object' || value === null)
      throw unprocessable(
        `${this.#op} operation does not apply: doc is missing path: ${quotes.has(this.#op) ? `"${path}"` : path}: missing value`,
      );
    if (this.#ours.has(value)) return value as Container;
    const copy: Container = Array.isArray(value) ? [...value] : { ...value };
    this.#ours.add(copy);
    return copy;
  }
}

function needed(from: string | undefined): string {
  if (from === undefined) throw unprocessable('operation, missing from field');
  return from;
}

/** The keys of a JSON pointer (RFC 6901): `~1` is a slash, `~0` a tilde. */
export function pointerKeys(path: string): string[] {
  if (path === '') return [];
  if (!path.startsWith('/')) throw unprocessable(`${path}: missing path`);
  return path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function indexOf(key: string, last: number, path: string): number {
  if (!/^[+-]?\d+$/.test(key)) throw unprocessable(`${path}: value was not a proper array index: '${key}'`);
  const index = Number(key);
  if (index > last || index < -(last + 1))
    throw unprocessable(`${path}: Unable to access invalid index: ${key}`);
  return index < 0 ? index + last + 1 : index;
}
