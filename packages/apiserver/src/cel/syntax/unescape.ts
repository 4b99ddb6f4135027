const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const digitsOf: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 };

/** The value of a string literal, quotes and prefix included; undefined where an escape is no character. */
export function unescapeString(literal: string): string | undefined {
  const { text, raw } = content(literal);
  if (raw || !text.includes('\\')) return text;
  let result = '';
  for (const part of parts(text)) {
    if (part.literal) result += part.text;
    else {
      const code = part.code;
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
      result += String.fromCodePoint(code);
    }
  }
  return result;
}

/** The value of a bytes literal: `\x` and octal escapes are bytes; undefined where an escape is none. */
export function unescapeBytes(literal: string): Uint8Array | undefined {
  const { text, raw } = content(literal.slice(1));
  const encoder = new TextEncoder();
  if (raw || !text.includes('\\')) return encoder.encode(text);
  const bytes: number[] = [];
  for (const part of parts(text)) {
    if (part.literal) bytes.push(...encoder.encode(part.text));
    else if (part.unicode) return undefined;
    else bytes.push(part.code);
  }
  return Uint8Array.from(bytes);
}

function content(literal: string): { text: string; raw: boolean } {
  const raw = /^[rR]/.test(literal);
  const quoted = (raw ? literal.slice(1) : literal).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const length = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1;
  return { text: quoted.slice(length, -length), raw };
}

type Part =
  | { readonly literal: true; readonly text: string }
  | { readonly literal: false; readonly code: number; readonly unicode: boolean };

/** The lexer let only well-formed escapes through. */
function* parts(text: string): Generator<Part> {
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('\\', at);
    if (next !== at) {
      yield { literal: true, text: text.slice(at, next < 0 ? undefined : next) };
      if (next < 0) return;
    }
    const letter = text[next + 1] ?? '';
    const digits = digitsOf[letter];
    if (digits !== undefined) {
      const code = Number.parseInt(text.slice(next + 2, next + 2 + digits), 16);
      yield { literal: false, code, unicode: digits > 2 };
      at = next + 2 + digits;
    } else if (letter >= '0' && letter <= '7') {
      yield { literal: false, code: Number.parseInt(text.slice(next + 1, next + 4), 8), unicode: false };
      at = next + 4;
    } else {
      yield { literal: true, text: simple[letter] ?? letter };
      at = next + 2;
    }
  }
}
