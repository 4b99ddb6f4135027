/** The members that are wanted of an object, each with those that are wanted of it; `true` takes all of it. */
export type Wanted = readonly WantedMember[];

interface WantedMember {
  readonly name: string;
  /** The name as it stands in JSON. */
  readonly bytes: Buffer;
  readonly of: Wanted | true;
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** What {@link pickMembers} takes for paths such as `spec.nodeName`. */
export function wantedOf(paths: readonly (readonly string[])[]): Wanted {
  const names = [...new Set(paths.map(([name = '']) => name))];
  return names.map((name) => {
    const below = paths.filter(([first]) => first === name).map((path) => path.slice(1));
    const whole = below.some((path) => path.length === 0);
    return { name, bytes: Buffer.from(name), of: whole ? true : wantedOf(below) };
  });
}

/**
 * An object with nothing but some of the members of a JSON object, without parsing the rest: of a pod that is a fifth of
 * the time. The JSON is as the store has it, without spaces; undefined where it is otherwise, or no JSON.
 */
export function pickMembers(bytes: Buffer, wanted: Wanted): object | undefined {
  return new Picker(bytes).object(wanted);
}

class Picker {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  object(wanted: Wanted): Record<string, unknown> | undefined {
    const picked: Record<string, unknown> = {};
    const bytes = this.#bytes;
    if (bytes[this.#at++] !== openBrace) return undefined;
    if (bytes[this.#at] === closeBrace) {
      this.#at++;
      return picked;
    }
    for (;;) {
      if (bytes[this.#at++] !== quote) return undefined;
      const member = this.#name(wanted);
      if (bytes[this.#at++] !== colon || this.#at >= this.#end) return undefined;
      if (member === undefined) this.#skip();
      else {
        const value = this.#value(member.of);
        if (value === undefined) return undefined;
        picked[member.name] = value;
      }
      const next = bytes[this.#at++];
      if (next === closeBrace) return picked;
      if (next !== comma) return undefined;
    }
  }

  /** Reads past a name; @returns the member that it is, where it is wanted */
  #name(wanted: Wanted): WantedMember | undefined {
    const start = this.#at;
    this.#skipString();
    const length = this.#at - 1 - start;
    for (const member of wanted) if (length === member.bytes.length && this.#is(start, member)) return member;
    return undefined;
  }

  #is(start: number, { bytes }: WantedMember): boolean {
    for (let i = 0; i < bytes.length; i++) if (this.#bytes[start + i] !== bytes[i]) return false;
    return true;
  }

  /** Undefined where it makes no sense. */
  #value(wanted: Wanted | true): unknown {
    if (wanted !== true && this.#bytes[this.#at] === openBrace) return this.object(wanted);
    const start = this.#at;
    this.#skip();
    try {
      return JSON.parse(this.#bytes.toString('utf8', start, this.#at));
    } catch {
      // Who parses the whole says what is wrong with it.
      return undefined;
    }
  }

  #skip(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    const first = bytes[this.#at];
    if (first === quote) {
      this.#at++;
      this.#skipString();
    } else if (first === openBrace || first === openBracket) this.#skipNested();
    else
      for (; this.#at < end; this.#at++) {
        const byte = bytes[this.#at];
        if (byte === comma || byte === closeBrace || byte === closeBracket) return;
      }
  }

  #skipNested(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    let depth = 0;
    while (at < end) {
      const byte = bytes[at++];
      if (byte === quote) {
        for (let inside = bytes[at++]; inside !== quote && at < end; inside = bytes[at++])
          if (inside === backslash) at++;
      } else if (byte === openBrace || byte === openBracket) depth++;
      else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) break;
    }
    this.#at = at;
  }

  /** From behind the first quote to behind the last. */
  #skipString(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    for (let byte = bytes[at++]; byte !== quote && at < end; byte = bytes[at++]) if (byte === backslash) at++;
    this.#at = at;
  }
}
