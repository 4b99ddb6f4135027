import { type EntrySource, KubeconfigError } from './kubeconfig.js';

/** A mapping in a file of which we know the place, so that every error names it. */
export class Fields {
  readonly source: EntrySource;
  readonly #value: Readonly<Record<string, unknown>>;

  /** @throws KubeconfigError when the value is no mapping */
  constructor(value: unknown, source: EntrySource) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new KubeconfigError(`must be a mapping, not ${nameOf(value)}`, source);
    this.source = source;
    this.#value = value as Readonly<Record<string, unknown>>;
  }

  /** Null counts as absent, as in YAML where nothing stands behind the colon. */
  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  string(name: string): string | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'string') return value;
    // A name or token of digits only that nobody put in quotes.
    if (typeof value === 'number') return String(value);
    throw this.error(name, `must be a string, not ${nameOf(value)}`);
  }

  required(name: string): string {
    const value = this.string(name);
    if (value === undefined || value === '') throw this.error(name, 'is missing');
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.error(name, `must be true or false, not ${nameOf(value)}`);
  }

  strings(name: string): string[] {
    return this.#array(name).map((item, index) => {
      if (typeof item === 'string') return item;
      throw this.error(`${name}[${index}]`, `must be a string, not ${nameOf(item)}`);
    });
  }

  /** As it stands there. */
  value(name: string): unknown {
    return this.#get(name);
  }

  names(): string[] {
    return Object.keys(this.#value);
  }

  fields(name: string): Fields {
    return new Fields(this.#get(name) ?? {}, this.#at(name));
  }

  list(name: string): Fields[] {
    return this.#array(name).map((item, index) => new Fields(item, this.#at(`${name}[${index}]`)));
  }

  error(name: string, message: string): KubeconfigError {
    return new KubeconfigError(message, this.#at(name));
  }

  #array(name: string): readonly unknown[] {
    const value = this.#get(name) ?? [];
    if (!Array.isArray(value)) throw this.error(name, `must be a list, not ${nameOf(value)}`);
    return value;
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? (this.#value[name] ?? undefined) : undefined;
  }

  #at(name: string): EntrySource {
    const { file, field } = this.source;
    return { file, field: field === '' ? name : `${field}.${name}` };
  }
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}
