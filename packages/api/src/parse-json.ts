/** A body that is no JSON. The message is worded as Go's encoding/json words it, since clients see it. */
export class JsonSyntaxError extends SyntaxError {
  /** Where in the text, in characters. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

export interface ParsedJson {
  readonly value: unknown;
  /** Paths of keys that occur more than once in their object, each once, at most 100 of them. The last value wins. */
  readonly duplicates: readonly string[];
}

/** A number as it was written, where its value prints otherwise: `1.0`, `1e3`. */
export class NumberLiteral {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): number {
    return Number(this.text);
  }
}

/**
 * How numbers and keys that occur twice come out. `plain`: numbers as their values, of a key the last value.
 * `literal`: numbers that print otherwise than they were written as {@link NumberLiteral}s. `struct`, as Go decodes
 * into its structs: the same, and of objects under one key the members are joined.
 */
export type JsonReading = 'plain' | 'literal' | 'struct';

const maxDuplicates = 100;

/**
 * The exact JSON parser: integers beyond 2^53 become bigints, `__proto__` is a plain own property, duplicate keys are
 * reported with their paths (`spec.containers[0].name`). Several times slower than `JSON.parse`, whose place it takes
 * only where that would lose something, and for the wording of errors.
 * @throws JsonSyntaxError
 */
export function parseJson(text: string, maxDepth: number, reading: JsonReading = 'plain'): ParsedJson {
  const parser = new Parser(text, maxDepth, reading);
  const value = parser.value();
  parser.end();
  return { value, duplicates: [...parser.duplicates] };
}

class Parser {
  readonly duplicates = new Set<string>();
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #reading: JsonReading;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string, maxDepth: number, reading: JsonReading) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#reading = reading;
  }

  value(): unknown {
    this.#skipSpace();
    const char = this.#text[this.#at];
    switch (char) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#literal('true', true);
      case 'f':
        return this.#literal('false', false);
      case 'n':
        return this.#literal('null', null);
      default:
        if (char !== undefined && /[-0-9]/.test(char)) return this.#number();
        return this.#fail('looking for beginning of value');
    }
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#enter();
    if (this.#take('}')) return object;
    const seen = new Set<string>();
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      const key = this.#string();
      this.#path.push(key);
      const isAgain = seen.has(key);
      if (isAgain && this.duplicates.size < maxDuplicates) this.duplicates.add(pathText(this.#path));
      seen.add(key);
      this.#expect(':', 'after object key');
      const read = this.value();
      const value = isAgain && this.#reading === 'struct' ? joined(object[key], read) : read;
      // Assignment would set the prototype for the key `__proto__`.
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
      this.#path.pop();
    } while (this.#more('}', 'after object key:value pair'));
    return object;
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    this.#enter();
    if (this.#take(']')) return array;
    do {
      this.#path.push(array.length);
      array.push(this.value());
      this.#path.pop();
    } while (this.#more(']', 'after array element'));
    return array;
  }

  #enter(): void {
    if (this.#path.length >= this.#maxDepth) throw new JsonSyntaxError('exceeded max depth', this.#at);
    this.#at++;
  }

  #more(close: string, context: string): boolean {
    if (this.#take(',')) return true;
    this.#expect(close, context);
    return false;
  }

  #expect(char: string, context: string): void {
    if (!this.#take(char)) this.#fail(context);
  }

  #take(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #string(): string {
    const start = this.#at++;
    let hasEscape = false;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) break;
      if (Number.isNaN(code) || code < 0x20) this.#fail('in string literal');
      if (code === 0x5c) {
        hasEscape = true;
        this.#escape();
      } else this.#at++;
    }
    this.#at++;
    if (!hasEscape) return this.#text.slice(start + 1, this.#at - 1);
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #escape(): void {
    this.#at++;
    const char = this.#text[this.#at];
    if (char === undefined || !'"\\/bfnrtu'.includes(char)) this.#fail('in string escape code');
    this.#at++;
    if (char !== 'u') return;
    for (let digit = 0; digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
      this.#at++;
    }
  }

  #number(): number | bigint | NumberLiteral {
    const start = this.#at;
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else this.#digits('in numeric literal');
    let isInteger = true;
    if (this.#text[this.#at] === '.') {
      isInteger = false;
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      isInteger = false;
      this.#at++;
      if (/[-+]/.test(this.#text[this.#at] ?? '')) this.#at++;
      this.#digits('in exponent of numeric literal');
    }
    const literal = this.#text.slice(start, this.#at);
    const number = Number(literal);
    if (!Number.isFinite(number))
      throw new JsonSyntaxError(
        `json: cannot unmarshal number ${literal} into Go value of type float64`,
        start,
      );
    if (this.#reading !== 'plain' && !isInteger && String(number) !== literal)
      return new NumberLiteral(literal);
    // A number that prints as it was written loses nothing.
    if (!isInteger || Number.isSafeInteger(number) || String(number) === literal) return number;
    return BigInt(literal);
  }

  #digits(context: string): void {
    const start = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at === start) this.#fail(context);
  }

  #literal<T>(word: string, value: T): T {
    for (let k = 0; k < word.length; k++) {
      if (this.#text[this.#at] !== word[k]) this.#fail(`in literal ${word} (expecting '${word[k]}')`);
      this.#at++;
    }
    return value;
  }

  #fail(context: string): never {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new JsonSyntaxError('unexpected end of JSON input', this.#at);
    throw new JsonSyntaxError(`invalid character ${quotedCharacter(code)} ${context}`, this.#at);
  }
}

/** Go decodes the second value into what the first one left; lists begin anew. */
function joined(before: unknown, value: unknown): unknown {
  return isMembers(before) && isMembers(value) ? joinMembers(before, value) : value;
}

function joinMembers(before: Record<string, unknown>, value: Record<string, unknown>): object {
  const result = { ...before };
  for (const [key, member] of Object.entries(value))
    Object.defineProperty(result, key, {
      value: Object.hasOwn(before, key) ? joined(before[key], member) : member,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return result;
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral)
  );
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Path elements as upstream joins them; map keys are not escaped. */
function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** A character as Go quotes it; it works on bytes, so a character beyond ASCII shows as its first byte. */
function quotedCharacter(code: number): string {
  if (code === 0x27) return `'\\''`;
  if (code === 0x22) return `'"'`;
  const escapes: Record<number, string> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
    92: '\\\\',
  };
  const byte = code < 0x80 ? code : (new TextEncoder().encode(String.fromCodePoint(code))[0] ?? code);
  const escaped = escapes[byte];
  if (escaped !== undefined) return `'${escaped}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`;
  return `'${String.fromCharCode(byte)}'`;
}
