import type { Problem, Source } from './source.js';

export type TokenKind =
  | 'identifier'
  | 'escapedIdentifier'
  | 'int'
  | 'uint'
  | 'float'
  | 'string'
  | 'bytes'
  | 'symbol'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

/** With more of them an expression is not read to its end. */
const mostProblems = 100;

/** Words that are symbols of their own, not identifiers. */
const words = new Set(['in', 'true', 'false', 'null']);
const whitespace = new Set(['\t', ' ', '\r', '\n', '\f']);
const twoCharacterSymbols = new Set(['==', '!=', '<=', '>=', '&&', '||']);
const oneCharacterSymbols = new Set('<>[]{}().,-!?:+*/%');

const number =
  /^(?:0x[0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?)/;
/** As far as a number or a quoted name is looked at: what is longer is none. */
const longestLookahead = 512;
const escapedIdentifier = /^`[A-Za-z0-9_.\-/ ]+`/;
const stringStart = /^[bB]?[rR]?(?:"""|'''|"|')/;
const escapeSequence =
  /^\\(?:[abfnrtv"'\\?`]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/;

/** Divides an expression into tokens. What is no token is named and left out. */
export function tokenize(source: Source, problems: Problem[]): Token[] {
  const { characters } = source;
  const tokens: Token[] = [];
  let offset = 0;
  const take = (kind: TokenKind, length: number) => {
    tokens.push({ kind, text: characters.slice(offset, offset + length).join(''), offset });
    offset += length;
  };
  while (offset < characters.length) {
    const character = characters[offset]!;
    if (whitespace.has(character)) offset++;
    else if (character === '/' && characters[offset + 1] === '/') {
      while (offset < characters.length && characters[offset] !== '\n') offset++;
    } else {
      const found = tokenAt(characters, offset);
      if (found !== undefined) take(found.kind, found.length);
      else {
        const length = unrecognisedLength(characters, offset);
        if (problems.length === mostProblems) break;
        problems.push({
          location: source.location(offset),
          message: `Syntax error: token recognition error at: '${shown(characters.slice(offset, offset + length))}'`,
        });
        offset += length;
      }
    }
  }
  tokens.push({ kind: 'end', text: '<EOF>', offset: characters.length });
  return tokens;
}

function tokenAt(
  characters: readonly string[],
  offset: number,
): { kind: TokenKind; length: number } | undefined {
  const character = characters[offset]!;
  const ahead = characters.slice(offset, offset + 5).join('');
  const quote = stringStart.exec(ahead)?.[0];
  if (quote !== undefined) {
    const length = stringLength(characters, offset, quote);
    if (length !== undefined) return { kind: /^[bB]/.test(quote) ? 'bytes' : 'string', length };
  }
  if (/[\d.]/.test(character)) {
    const text = number.exec(characters.slice(offset, offset + longestLookahead).join(''))?.[0];
    if (text !== undefined) return { kind: numberKind(text), length: text.length };
  }
  if (/[A-Za-z_]/.test(character)) {
    let end = offset + 1;
    while (end < characters.length && /[A-Za-z0-9_]/.test(characters[end]!)) end++;
    const word = characters.slice(offset, end).join('');
    return { kind: words.has(word) ? 'symbol' : 'identifier', length: end - offset };
  }
  if (character === '`') {
    const text = escapedIdentifier.exec(characters.slice(offset, offset + longestLookahead).join(''))?.[0];
    return text === undefined ? undefined : { kind: 'escapedIdentifier', length: text.length };
  }
  if (twoCharacterSymbols.has(ahead.slice(0, 2))) return { kind: 'symbol', length: 2 };
  return oneCharacterSymbols.has(character) ? { kind: 'symbol', length: 1 } : undefined;
}

function numberKind(text: string): TokenKind {
  if (/[uU]$/.test(text)) return 'uint';
  return /^0x/.test(text) || /^\d+$/.test(text) ? 'int' : 'float';
}

/** The length of the literal that starts here, in characters; undefined where it does not end. */
function stringLength(characters: readonly string[], offset: number, start: string): number | undefined {
  const raw = /[rR]/.test(start);
  const quote = start.replace(/^[bBrR]*/, '');
  const multiline = quote.length === 3;
  let at = offset + start.length;
  while (at < characters.length) {
    const character = characters[at]!;
    if (characters.slice(at, at + quote.length).join('') === quote) return at + quote.length - offset;
    if (!multiline && (character === '\n' || character === '\r')) return undefined;
    if (character === '\\' && !raw) {
      const sequence = escapeSequence.exec(characters.slice(at, at + 10).join(''))?.[0];
      if (sequence === undefined) return undefined;
      at += sequence.length;
    } else at++;
  }
  return undefined;
}

/** How far the text goes that can't be a token: of a literal that does not end, up to where it breaks. */
function unrecognisedLength(characters: readonly string[], offset: number): number {
  const start = stringStart.exec(characters.slice(offset, offset + 5).join(''))?.[0];
  if (start === undefined) {
    // What could have begun a symbol of two characters takes the second one along.
    return /[&|=]/.test(characters[offset]!) && offset + 1 < characters.length ? 2 : 1;
  }
  let at = offset + start.length;
  while (at < characters.length && characters[at] !== '\n' && characters[at] !== '\r') {
    if (characters[at] === '\\') {
      const sequence = escapeSequence.exec(characters.slice(at, at + 10).join(''))?.[0];
      if (sequence === undefined) return at + 2 - offset;
      at += sequence.length;
    } else at++;
  }
  return Math.min(at, characters.length) - offset;
}

function shown(characters: readonly string[]): string {
  return characters.join('').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}
