/** A parsed JSONPath: the values that it finds in an object, in order. A path that leads nowhere finds nothing. */
export type JsonPath = (object: unknown) => unknown[];

/** One step from values to those below them. */
type Step = (value: unknown) => Iterable<unknown>;

/**
 * Reads one path of kubectl's JSONPath: `.spec.replicas`, `.metadata.labels['app']`, `.a\.b`, `[0]`, `[-1]`, `[1:3]`,
 * `[*]`, `..name`, `[?(@.type=="Ready")]`, `['a','b']`. Source: the JSONPath page of the kubectl reference.
 * @throws SyntaxError for what is no path
 */
export function parseJsonPath(text: string): JsonPath {
  const steps = new PathReader(text).steps();
  return (object) => {
    let values: unknown[] = [object];
    for (const step of steps) {
      const next: unknown[] = [];
      for (const value of values) for (const found of step(value)) next.push(found);
      values = next;
    }
    return values;
  };
}

class PathReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  steps(): Step[] {
    const steps: Step[] = [];
    if (this.#text.startsWith('$') || this.#text.startsWith('@')) this.#at++;
    while (this.#at < this.#text.length) steps.push(this.#step());
    return steps;
  }

  #step(): Step {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith('..')) {
      this.#at += 2;
      return recursive(this.#text[this.#at] === '[' ? this.#bracket() : this.#name());
    }
    if (rest.startsWith('[')) return this.#bracket();
    if (!rest.startsWith('.')) throw this.#wrong('unexpected character');
    this.#at++;
    // A dot before a bracket, and one at the end, say nothing.
    if (this.#at === this.#text.length) return (value) => [value];
    return this.#text[this.#at] === '[' ? this.#bracket() : this.#name();
  }

  #name(): Step {
    const match = /^(?:\\.|[^.[\]\s\\])+/.exec(this.#text.slice(this.#at));
    if (match === null) throw this.#wrong('a name is missing');
    this.#at += match[0].length;
    const name = match[0].replace(/\\(.)/g, '$1');
    return name === '*' ? everything : member(name);
  }

  #bracket(): Step {
    const end = this.#closing();
    const inner = this.#text.slice(this.#at + 1, end).trim();
    this.#at = end + 1;
    if (inner === '*') return everything;
    const filter = /^\?\((.*)\)$/s.exec(inner);
    if (filter !== null) return filtered(parseFilter(filter[1] ?? ''));
    return union(splitAtCommas(inner).map((part) => this.#selector(part.trim())));
  }

  #selector(part: string): Step {
    const quoted = /^'((?:\\.|[^'])*)'$/s.exec(part);
    if (quoted !== null) return member((quoted[1] ?? '').replace(/\\(.)/g, '$1'));
    const slice = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/.exec(part);
    if (slice === null || part === '') throw this.#wrong(`invalid array index ${part}`);
    const [, from = '', to, step] = slice;
    return to === undefined ? item(Number(from)) : sliceOf(from, to, step ?? '');
  }

  /** The bracket that closes the one here, quotes and brackets within aside. */
  #closing(): number {
    let depth = 0;
    let quote = '';
    for (let at = this.#at; at < this.#text.length; at++) {
      const character = this.#text[at] ?? '';
      if (quote !== '') {
        if (character === '\\') at++;
        else if (character === quote) quote = '';
      } else if (character === "'" || character === '"') quote = character;
      else if (character === '[') depth++;
      else if (character === ']' && --depth === 0) return at;
    }
    throw this.#wrong('unterminated array');
  }

  #wrong(why: string): SyntaxError {
    return new SyntaxError(`${why} at ${this.#at} of JSONPath ${this.#text}`);
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(name: string): Step {
  return (value) => (isRecord(value) && Object.hasOwn(value, name) ? [value[name]] : []);
}

const everything: Step = (value) => (isList(value) ? value : isRecord(value) ? Object.values(value) : []);

function item(index: number): Step {
  return (value) => {
    if (!isList(value)) return [];
    const at = index < 0 ? value.length + index : index;
    return at >= 0 && at < value.length ? [value[at]] : [];
  };
}

function sliceOf(from: string, to: string, step: string): Step {
  const stride = step === '' ? 1 : Number(step);
  return (value) => {
    if (!isList(value) || stride <= 0) return [];
    const found = value.slice(from === '' ? 0 : Number(from), to === '' ? undefined : Number(to));
    return found.filter((_, index) => index % stride === 0);
  };
}

function union(steps: readonly Step[]): Step {
  const [only] = steps;
  if (steps.length === 1 && only !== undefined) return only;
  return (value) => steps.flatMap((step) => [...step(value)]);
}

/** The step at the value and at all below. */
function recursive(step: Step): Step {
  return (value) => {
    const found: unknown[] = [];
    const visit = (at: unknown): void => {
      found.push(...step(at));
      for (const below of everything(at)) if (typeof below === 'object' && below !== null) visit(below);
    };
    visit(value);
    return found;
  };
}

function filtered(test: (value: unknown) => boolean): Step {
  return (value) => [...everything(value)].filter(test);
}

const comparisons: Readonly<Record<string, (a: Scalar, b: Scalar) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
};

type Scalar = string | number | boolean;

/** `@.type=="Ready"`, or a path alone, which has to lead somewhere. */
function parseFilter(text: string): (value: unknown) => boolean {
  const parts = /^((?:[^=!<>"']|"(?:\\.|[^"])*"|'(?:\\.|[^'])*')+)(==|!=|<=|>=|<|>)(.*)$/s.exec(text);
  if (parts === null) {
    const path = parseJsonPath(text.trim());
    return (value) => path(value).length > 0;
  }
  const [, left = '', operator = '', right = ''] = parts;
  const compare = comparisons[operator];
  const [a, b] = [operand(left.trim()), operand(right.trim())];
  return (value) => {
    const [one, other] = [a(value), b(value)];
    return (
      one !== undefined &&
      other !== undefined &&
      typeof one === typeof other &&
      compare?.(one, other) === true
    );
  };
}

function operand(text: string): (value: unknown) => Scalar | undefined {
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted !== null) {
    const literal = (quoted[2] ?? '').replace(/\\(.)/g, '$1');
    return () => literal;
  }
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return () => Number(text);
  if (text === 'true' || text === 'false') return () => text === 'true';
  const path = parseJsonPath(text);
  return (value) => {
    const [found] = path(value);
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
      ? found
      : undefined;
  };
}

function splitAtCommas(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|[^,])+/g) ?? [text];
}
