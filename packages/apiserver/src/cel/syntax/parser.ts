import { canonicalInt, maxInt, maxUint, minInt } from '../values/integers.js';
import { Uint } from '../values/uint.js';
import { boxDouble, type Value } from '../values/value.js';
import type { Expression, MapEntry, ObjectFieldEntry } from './ast.js';
import { type Token, tokenize } from './lexer.js';
import { expandBind, expandMacro, isBindCall, MacroError } from './macros.js';
import { nowhere, type Problem, type Source } from './source.js';
import { unescapeBytes, unescapeString } from './unescape.js';

/** What cel-go's parser takes at most. */
const longestExpression = 100_000;
const deepestExpression = 250;

const reserved = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
);
const literals = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const startOfExpression = `{'[', '{', '(', '.', '-', '!', ${literals}`;
const startOfEntry = `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${literals}`;
const startOfElement = `{'[', ']', '{', '(', '.', ',', '-', '!', '?', ${literals}`;
const startOfArgument = `{'[', '{', '(', ')', '.', '-', '!', ${literals}`;
const startOfIndex = `{'[', '{', '(', '.', '-', '!', '?', ${literals}`;
const startOfField = "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}";
const startSymbols = new Set(['[', '{', '(', '.', '-', '!', 'true', 'false', 'null']);

const binaryOperators: Readonly<Record<string, { level: number; name: string }>> = {
  '<': { level: 1, name: '_<_' },
  '<=': { level: 1, name: '_<=_' },
  '>': { level: 1, name: '_>_' },
  '>=': { level: 1, name: '_>=_' },
  '==': { level: 1, name: '_==_' },
  '!=': { level: 1, name: '_!=_' },
  in: { level: 1, name: '@in' },
  '+': { level: 2, name: '_+_' },
  '-': { level: 2, name: '_-_' },
  '*': { level: 3, name: '_*_' },
  '/': { level: 3, name: '_/_' },
  '%': { level: 3, name: '_%_' },
};

/** Symbols between two expressions, besides those of {@link binaryOperators}. */
const connectives = new Set(['&&', '||', '?']);

/** Ends the parse: the problem is noted. */
class Unparsable extends Error {}

/**
 * Parses CEL as cel-go does, its macros expanded, with its problems' wording.
 * @param bindings whether `cel.bind` is a macro
 */
export function parse(
  source: Source,
  bindings = false,
): { expression: Expression | undefined; problems: readonly Problem[] } {
  const { length } = source.characters;
  if (length > longestExpression) {
    const message = `expression code point size exceeds limit: size: ${length}, limit ${longestExpression}`;
    return { expression: undefined, problems: [{ location: nowhere, message }] };
  }
  const parser = new Parser(source, bindings);
  return { expression: parser.parse(), problems: parser.problems };
}

class Parser {
  readonly problems: Problem[] = [];
  readonly #source: Source;
  readonly #bindings: boolean;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: Source, bindings: boolean) {
    this.#source = source;
    this.#bindings = bindings;
    this.#tokens = tokenize(source, this.problems);
  }

  parse(): Expression | undefined {
    try {
      const expression = this.#expression();
      if (this.#next.kind !== 'end') this.#unexpected('<EOF>', this.#after.kind === 'end');
      return this.problems.length === 0 ? expression : undefined;
    } catch (error) {
      if (error instanceof Unparsable) return undefined;
      throw error;
    }
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  get #after(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)]!;
  }

  #expression(): Expression {
    this.#deeper();
    let result = this.#or();
    const question = this.#takeSymbol('?');
    if (question !== undefined) {
      const ifTrue = this.#or();
      this.#expect(':');
      result = this.#call(question, '_?_:_', [result, ifTrue, this.#expression()]);
    }
    this.#depth--;
    return result;
  }

  #or(): Expression {
    return this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#binary(1)));
  }

  /** Terms of one operator become a balanced tree, so that long chains are not deep. */
  #logical(symbol: string, name: string, term: () => Expression): Expression {
    const terms = [term()];
    const operators: Token[] = [];
    for (let token = this.#takeSymbol(symbol); token !== undefined; token = this.#takeSymbol(symbol)) {
      operators.push(token);
      terms.push(term());
    }
    const tree = (from: number, to: number): Expression => {
      const middle = Math.floor((from + to + 1) / 2);
      const left = middle === from ? terms[middle]! : tree(from, middle - 1);
      const right = middle === to ? terms[middle + 1]! : tree(middle + 1, to);
      return this.#call(operators[middle]!, name, [left, right]);
    };
    return operators.length === 0 ? terms[0]! : tree(0, operators.length - 1);
  }

  #binary(level: number): Expression {
    if (level > 3) return this.#unary();
    let left = this.#binary(level + 1);
    const before = this.#depth;
    for (;;) {
      const token = this.#next;
      const operator = token.kind === 'symbol' ? binaryOperators[token.text] : undefined;
      if (operator?.level !== level) break;
      this.#deeper();
      this.#at++;
      left = this.#call(token, operator.name, [left, this.#binary(level + 1)]);
    }
    this.#depth = before;
    return left;
  }

  #unary(): Expression {
    const token = this.#next;
    const symbol = token.kind === 'symbol' ? token.text : '';
    if (symbol !== '!' && symbol !== '-') return this.#member(this.#primary());
    let count = 0;
    while (this.#isSymbol(symbol)) {
      if (symbol === '-' && isNumber(this.#after) && count === 0) return this.#member(this.#primary());
      this.#at++;
      count++;
    }
    if (this.#next.kind === 'end') this.#nothingToChange(symbol);
    const operand = this.#member(this.#primary());
    if (count % 2 === 0) return operand;
    return this.#call(token, symbol === '!' ? '!_' : '-_', [operand]);
  }

  /** An operator before nothing, in the words of a grammar that has a rule for each of the two. */
  #nothingToChange(symbol: string): void {
    const { offset } = this.#next;
    if (symbol === '!')
      this.#fail(offset, `Syntax error: extraneous input '<EOF>' expecting ${startOfExpression}`);
    this.#note(offset, "Syntax error: no viable alternative at input '-'");
  }

  #member(start: Expression): Expression {
    let operand = start;
    const before = this.#depth;
    for (;;) {
      const token = this.#next;
      if (this.#isSymbol('.')) operand = this.#select(token, operand);
      else if (this.#isSymbol('[')) operand = this.#index(token, operand);
      else break;
      this.#deeper();
    }
    this.#depth = before;
    return operand;
  }

  #select(dot: Token, operand: Expression): Expression {
    this.#at++;
    const optional = this.#takeSymbol('?') !== undefined;
    const name = this.#fieldName(dot);
    if (optional) {
      const field: Expression = { kind: 'literal', offset: name.offset, value: name.text };
      return this.#call(dot, '_?._', [operand, field]);
    }
    const open = this.#next;
    if (!name.escaped && this.#takeSymbol('(') !== undefined) {
      return this.#call(open, name.text, this.#arguments(), operand);
    }
    return { kind: 'select', offset: dot.offset, operand, field: name.text, testOnly: false };
  }

  #fieldName(dot: Token): { text: string; offset: number; escaped: boolean } {
    const { kind, text, offset } = this.#next;
    if (kind === 'identifier' || kind === 'escapedIdentifier') {
      this.#at++;
      const escaped = kind === 'escapedIdentifier';
      return { text: escaped ? text.slice(1, -1) : text, offset, escaped };
    }
    if (kind === 'symbol' && /^[a-z]/.test(text) && text !== 'in')
      return this.#fail(offset, `Syntax error: mismatched input '${text}' expecting IDENTIFIER`);
    return this.#fail(offset, noAlternative(dot, this.#next));
  }

  #index(open: Token, operand: Expression): Expression {
    this.#at++;
    const optional = this.#takeSymbol('?') !== undefined;
    if (!optional) this.#start(startOfIndex);
    const index = this.#expression();
    this.#expect(']');
    return this.#call(open, optional ? '_[?_]' : '_[_]', [operand, index]);
  }

  #primary(): Expression {
    const token = this.#next;
    if (token.kind === 'symbol') {
      switch (token.text) {
        case '(': {
          this.#at++;
          const inner = this.#expression();
          this.#expect(')');
          return inner;
        }
        case '[':
          this.#at++;
          return this.#listLiteral(token);
        case '{':
          this.#at++;
          return { kind: 'map', offset: token.offset, entries: this.#entries() };
        case '-':
        case '!':
          return isNumber(this.#after) && token.text === '-' ? this.#number() : this.#unary();
        case '.':
          this.#at++;
          if (this.#next.kind !== 'identifier')
            this.#fail(this.#next.offset, noAlternative(token, this.#next));
          return this.#identifier('.');
        case 'true':
        case 'false':
        case 'null':
          this.#at++;
          return this.#literal(token, token.text === 'null' ? null : token.text === 'true');
      }
    }
    switch (token.kind) {
      case 'identifier':
        return this.#identifier('');
      case 'int':
      case 'uint':
      case 'float':
        return this.#number();
      case 'string':
      case 'bytes': {
        this.#at++;
        const value = token.kind === 'string' ? unescapeString(token.text) : unescapeBytes(token.text);
        if (value === undefined)
          this.#note(
            token.offset,
            token.kind === 'string' ? 'invalid unicode code point' : 'unable to unescape string',
          );
        return this.#literal(token, value ?? '');
      }
      default:
        if (this.#connects() && !canStart(this.#after)) {
          this.#note(token.offset, mismatched(token, startOfExpression));
          return this.#literal(token, null);
        }
        this.#unexpected(startOfExpression, canStart(this.#after));
        return this.#primary();
    }
  }

  #identifier(dot: '' | '.'): Expression {
    const token = this.#next;
    if (token.kind !== 'identifier') this.#unexpected('IDENTIFIER', false);
    this.#at++;
    const object = this.#objectLiteral(dot, token);
    if (object !== undefined) return object;
    if (reserved.has(token.text)) this.#note(token.offset, `reserved identifier: ${token.text}`);
    const name = dot + token.text;
    const open = this.#takeSymbol('(');
    if (open === undefined) return { kind: 'identifier', offset: token.offset, name };
    return this.#call(open, name, this.#arguments());
  }

  #arguments(): Expression[] {
    this.#start(startOfArgument, [')']);
    return this.#list(')', () => this.#expression());
  }

  /** Says what may begin here, besides the symbols, where nothing does. */
  #start(wanted: string, symbols: readonly string[] = []): void {
    const starts = (token: Token) =>
      canStart(token) || (token.kind === 'symbol' && symbols.includes(token.text));
    if (!starts(this.#next)) this.#unexpected(wanted, starts(this.#after));
  }

  /** True at what stands between two expressions: a parse without the first of them goes on there. */
  #connects(): boolean {
    const { kind, text } = this.#next;
    return kind === 'symbol' && (binaryOperators[text] !== undefined || connectives.has(text));
  }

  /** `a.b.C{…}`: a chain of names and then a brace. */
  #objectLiteral(dot: '' | '.', first: Token): Expression | undefined {
    let at = this.#at;
    let name = dot + first.text;
    while (this.#tokens[at]?.text === '.' && this.#tokens[at + 1]?.kind === 'identifier') {
      name += `.${this.#tokens[at + 1]!.text}`;
      at += 2;
    }
    const brace = this.#tokens[at]!;
    if (brace.kind !== 'symbol' || brace.text !== '{') return undefined;
    this.#at = at + 1;
    return { kind: 'object', offset: brace.offset, typeName: name, fields: this.#fields() };
  }

  #fields(): ObjectFieldEntry[] {
    return this.#list('}', () => {
      const optional = this.#takeSymbol('?') !== undefined;
      const token = this.#next;
      if (token.kind !== 'identifier' && token.kind !== 'escapedIdentifier')
        this.#unexpected(optional ? '{IDENTIFIER, ESC_IDENTIFIER}' : startOfField, isName(this.#after));
      const { kind, text } = this.#next;
      this.#at++;
      const name = kind === 'escapedIdentifier' ? text.slice(1, -1) : text;
      const { offset } = this.#expect(':');
      return { offset, name, value: this.#expression(), optional };
    });
  }

  #entries(): MapEntry[] {
    return this.#list('}', () => {
      const optional = this.#takeSymbol('?') !== undefined;
      if (!optional) this.#start(startOfEntry);
      const key = this.#expression();
      this.#expect(':');
      return { key, value: this.#expression(), optional };
    });
  }

  #listLiteral({ offset }: Token): Expression {
    const optional = new Set<number>();
    let index = 0;
    this.#start(startOfElement, [']', ',', '?']);
    const elements = this.#list(']', () => {
      if (this.#takeSymbol('?') !== undefined) optional.add(index);
      index++;
      return this.#expression();
    });
    return { kind: 'list', offset, elements, optional };
  }

  /** Elements with commas between them up to the closing symbol; brackets and braces may have one more comma. */
  #list<T>(close: ')' | ']' | '}', element: () => T): T[] {
    const elements: T[] = [];
    if (this.#takeSymbol(close) !== undefined) return elements;
    if (close !== ')' && this.#takeSymbol(',') !== undefined) {
      this.#expect(close);
      return elements;
    }
    for (;;) {
      elements.push(element());
      if (this.#takeSymbol(close) !== undefined) return elements;
      const separators = `{'${close}', ','}`;
      if (close === '}' && this.#next.kind === 'end') this.#unexpected(separators, false);
      if (this.#takeSymbol(',') === undefined) this.#expect(close, separators);
      if (close !== ')' && (this.#next.kind === 'end' || this.#isSymbol(close))) {
        this.#expect(close);
        return elements;
      }
    }
  }

  #number(): Expression {
    const first = this.#next;
    const sign = this.#takeSymbol('-') === undefined ? '' : '-';
    const { kind, text } = this.#next;
    this.#at++;
    if (kind === 'float') {
      const value = Number(sign + text);
      if (!Number.isFinite(value)) this.#note(first.offset, 'invalid double literal');
      return this.#literal(first, boxDouble(value));
    }
    if (kind === 'uint') {
      const value = BigInt(text.slice(0, -1));
      if (value > maxUint) this.#note(first.offset, 'invalid uint literal');
      return this.#literal(first, new Uint(canonicalInt(value)));
    }
    const value = sign === '-' ? -BigInt(text) : BigInt(text);
    if (value > maxInt || value < minInt) this.#note(first.offset, 'invalid int literal');
    return this.#literal(first, canonicalInt(value));
  }

  #literal({ offset }: Token, value: Value): Expression {
    return { kind: 'literal', offset, value };
  }

  #call({ offset }: Token, name: string, args: readonly Expression[], target?: Expression): Expression {
    try {
      const expanded =
        this.#bindings && isBindCall(name, target)
          ? expandBind(offset, args)
          : expandMacro(offset, name, target, args);
      if (expanded !== undefined) return expanded;
    } catch (error) {
      if (!(error instanceof MacroError)) throw error;
      this.#note(error.offset, error.message);
    }
    return { kind: 'call', offset, function: name, target, args };
  }

  #isSymbol(text: string): boolean {
    return this.#next.kind === 'symbol' && this.#next.text === text;
  }

  #takeSymbol(text: string): Token | undefined {
    if (!this.#isSymbol(text)) return undefined;
    return this.#tokens[this.#at++];
  }

  #expect(symbol: string, wanted = `'${symbol}'`): Token {
    const token = this.#takeSymbol(symbol);
    if (token !== undefined) return token;
    if (this.#next.kind === 'end' && symbol !== ':')
      return this.#fail(this.#next.offset, `Syntax error: missing '${symbol}' at '<EOF>'`);
    this.#unexpected(wanted, this.#after.kind === 'symbol' && this.#after.text === symbol);
    return this.#expect(symbol);
  }

  /** Notes what is not expected here. Where leaving it out helps, the parse goes on behind it. */
  #unexpected(wanted: string, helps: boolean): void {
    const { text, offset } = this.#next;
    if (!helps) this.#fail(offset, mismatched(this.#next, wanted));
    this.#note(offset, `Syntax error: extraneous input '${text}' expecting ${wanted}`);
    this.#at++;
  }

  #note(offset: number, message: string): void {
    this.problems.push({ location: this.#source.location(offset), message });
  }

  #fail(offset: number, message: string): never {
    this.#note(offset, message);
    throw new Unparsable(message);
  }

  #deeper(): void {
    this.#depth++;
    if (this.#depth <= deepestExpression) return;
    const message = `expression recursion limit exceeded: ${deepestExpression}`;
    this.problems.push({ location: nowhere, message });
    throw new Unparsable(message);
  }
}

function mismatched({ text }: Token, wanted: string): string {
  return `Syntax error: mismatched input '${text}' expecting ${wanted}`;
}

function noAlternative(dot: Token, { kind, text }: Token): string {
  return `Syntax error: no viable alternative at input '${dot.text}${kind === 'end' ? '' : text}'`;
}

function canStart({ kind, text }: Token): boolean {
  if (kind === 'symbol') return startSymbols.has(text);
  return kind !== 'end' && kind !== 'escapedIdentifier';
}

/** Of which a sign may be a part. */
function isNumber({ kind }: Token): boolean {
  return kind === 'int' || kind === 'float';
}

function isName({ kind }: Token): boolean {
  return kind === 'identifier' || kind === 'escapedIdentifier';
}
