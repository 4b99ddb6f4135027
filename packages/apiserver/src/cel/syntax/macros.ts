import {
  accumulator,
  type Call,
  type Comprehension,
  type CreateList,
  type Expression,
  type Identifier,
  type Literal,
  type MacroKind,
  unused,
} from './ast.js';

/** Where a macro is called, on what, with what. */
interface MacroCall {
  readonly offset: number;
  readonly target: Expression;
  readonly args: readonly Expression[];
}

/** Thrown when a macro's arguments are not what it takes. */
export class MacroError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Expands a call of a macro that Kubernetes 1.36 has: the standard ones, those of two variables, of optionals, and
 * `sortBy`. Undefined when the call is none.
 * @throws MacroError
 */
export function expandMacro(
  offset: number,
  name: string,
  target: Expression | undefined,
  args: readonly Expression[],
): Expression | undefined {
  if (target !== undefined) return receiverMacros.get(`${name}:${args.length}`)?.({ offset, target, args });
  if (name !== 'has' || args.length !== 1) return undefined;
  const [argument] = args;
  if (argument?.kind !== 'select' || argument.testOnly)
    throw new MacroError('invalid argument to has() macro', argument?.offset ?? offset);
  return { ...argument, offset, testOnly: true };
}

/** `cel.bind(…)` */
export function isBindCall(name: string, target: Expression | undefined): boolean {
  return name === 'bind' && target?.kind === 'identifier' && target.name === 'cel';
}

/** Expands `cel.bind(name, value, body)`; undefined for another number of arguments. @throws MacroError */
export function expandBind(offset: number, args: readonly Expression[]): Expression | undefined {
  const [name, value, body] = args;
  if (args.length !== 3 || name === undefined || value === undefined || body === undefined) return undefined;
  if (name.kind !== 'identifier')
    throw new MacroError('cel.bind() variable names must be simple identifiers', name.offset);
  return bind(offset, name.name, value, body);
}

const simpleName = 'argument must be a simple name';
const notIdentifier = 'argument is not an identifier';

const receiverMacros = new Map<string, (call: MacroCall) => Expression>([
  ['all:2', (call) => quantifier('all', call, [variable(call, 0, simpleName)])],
  ['exists:2', (call) => quantifier('exists', call, [variable(call, 0, simpleName)])],
  ['exists_one:2', (call) => quantifier('existsOne', call, [variable(call, 0, simpleName)])],
  ['existsOne:2', (call) => quantifier('existsOne', call, [variable(call, 0, simpleName)])],
  ['all:3', (call) => quantifier('all', call, variables(call))],
  ['exists:3', (call) => quantifier('exists', call, variables(call))],
  ['exists_one:3', (call) => quantifier('existsOne', call, variables(call))],
  ['existsOne:3', (call) => quantifier('existsOne', call, variables(call))],
  ['map:2', (call) => list(call, [variable(call, 0, notIdentifier)], undefined, call.args[1]!)],
  ['map:3', (call) => list(call, [variable(call, 0, notIdentifier)], call.args[1], call.args[2]!)],
  ['filter:2', (call) => list(call, [variable(call, 0, notIdentifier)], call.args[1], call.args[0]!)],
  ['transformList:3', (call) => list(call, variables(call), undefined, call.args[2]!)],
  ['transformList:4', (call) => list(call, variables(call), call.args[2], call.args[3]!)],
  ['transformMap:3', (call) => map(call, variables(call), undefined, call.args[2]!)],
  ['transformMap:4', (call) => map(call, variables(call), call.args[2], call.args[3]!)],
  ['transformMapEntry:3', (call) => mapEntry(call, variables(call), undefined, call.args[2]!)],
  ['transformMapEntry:4', (call) => mapEntry(call, variables(call), call.args[2], call.args[3]!)],
  ['optMap:2', (call) => optional(call, 'optMap', true)],
  ['optFlatMap:2', (call) => optional(call, 'optFlatMap', false)],
  ['sortBy:2', sortBy],
]);

function variable({ args }: MacroCall, index: number, otherwise: string): string {
  const argument = args[index]!;
  if (argument.kind !== 'identifier') throw new MacroError(otherwise, argument.offset);
  if (argument.name === accumulator || argument.name === '__result__')
    throw new MacroError('iteration variable overwrites accumulator variable', argument.offset);
  return argument.name;
}

function variables(call: MacroCall): [string, string] {
  const names: [string, string] = [variable(call, 0, simpleName), variable(call, 1, simpleName)];
  if (names[0] === names[1])
    throw new MacroError(`duplicate variable name: ${names[0]}`, call.args[1]!.offset);
  return names;
}

type Variables = readonly [string] | readonly [string, string];

/** What the parts of the fold are, besides those that every macro over a range has. */
interface Fold {
  readonly macro: MacroKind;
  readonly initial: Expression;
  readonly condition?: Expression;
  readonly step: Expression;
  readonly result?: Expression;
  readonly filter?: Expression | undefined;
  readonly body: Expression;
}

function fold({ offset, target }: MacroCall, [first, second]: Variables, parts: Fold): Comprehension {
  return {
    kind: 'comprehension',
    offset,
    range: target,
    variable: first,
    variable2: second,
    accumulator,
    condition: literal(offset, true),
    result: identifier(offset, accumulator),
    filter: undefined,
    ...parts,
  };
}

function quantifier(
  macro: 'all' | 'exists' | 'existsOne',
  macroCall: MacroCall,
  names: Variables,
): Expression {
  const { offset, args } = macroCall;
  const body = args[names.length]!;
  const accu = identifier(offset, accumulator);
  switch (macro) {
    case 'all':
      return fold(macroCall, names, {
        macro,
        initial: literal(offset, true),
        condition: call(offset, '@not_strictly_false', accu),
        step: call(offset, '_&&_', accu, body),
        body,
      });
    case 'exists':
      return fold(macroCall, names, {
        macro,
        initial: literal(offset, false),
        condition: call(offset, '@not_strictly_false', call(offset, '!_', accu)),
        step: call(offset, '_||_', accu, body),
        body,
      });
    case 'existsOne':
      return fold(macroCall, names, {
        macro,
        initial: literal(offset, 0),
        step: call(offset, '_?_:_', body, call(offset, '_+_', accu, literal(offset, 1)), accu),
        result: call(offset, '_==_', accu, literal(offset, 1)),
        body,
      });
  }
}

function list(
  macroCall: MacroCall,
  names: Variables,
  filter: Expression | undefined,
  body: Expression,
): Comprehension {
  const { offset } = macroCall;
  const accu = identifier(offset, accumulator);
  const added = call(offset, '_+_', accu, createList(offset, body));
  const step = filter === undefined ? added : call(offset, '_?_:_', filter, added, accu);
  return fold(macroCall, names, { macro: 'list', initial: createList(offset), step, filter, body });
}

function map(
  macroCall: MacroCall,
  names: readonly [string, string],
  filter: Expression | undefined,
  body: Expression,
): Expression {
  const { offset } = macroCall;
  const accu = identifier(offset, accumulator);
  const inserted = call(offset, 'cel.@mapInsert', accu, identifier(offset, names[0]), body);
  return intoMap('map', macroCall, names, { filter, body, inserted });
}

function mapEntry(
  macroCall: MacroCall,
  names: readonly [string, string],
  filter: Expression | undefined,
  body: Expression,
): Expression {
  const { offset } = macroCall;
  const inserted = call(offset, 'cel.@mapInsert', identifier(offset, accumulator), body);
  return intoMap('mapEntry', macroCall, names, { filter, body, inserted });
}

function intoMap(
  macro: 'map' | 'mapEntry',
  macroCall: MacroCall,
  names: Variables,
  parts: { filter: Expression | undefined; body: Expression; inserted: Expression },
): Expression {
  const { offset } = macroCall;
  const { filter, body, inserted } = parts;
  const step =
    filter === undefined
      ? inserted
      : call(offset, '_?_:_', filter, inserted, identifier(offset, accumulator));
  const initial: Expression = { kind: 'map', offset, entries: [] };
  return fold(macroCall, names, { macro, initial, step, filter, body });
}

function optional(macroCall: MacroCall, name: string, wraps: boolean): Expression {
  const { offset, target, args } = macroCall;
  const [first, body] = args as readonly [Expression, Expression];
  if (first.kind !== 'identifier')
    throw new MacroError(`${name}() variable name must be a simple identifier`, first.offset);
  const bound = bind(offset, first.name, memberCall(offset, 'value', target), body);
  return call(
    offset,
    '_?_:_',
    memberCall(offset, 'hasValue', target),
    wraps ? call(offset, 'optional.of', bound) : bound,
    call(offset, 'optional.none'),
  );
}

/** No identifier can be it. */
const sortInput = '@__sortBy_input__';

function sortBy(macroCall: MacroCall): Expression {
  const { offset, target, args } = macroCall;
  if (target.kind === 'literal' || target.kind === 'map' || target.kind === 'object')
    throw new MacroError(
      'sortBy can only be applied to a list, identifier, comprehension, call or select expression',
      target.offset,
    );
  const input = identifier(offset, sortInput);
  const name = variable(macroCall, 0, notIdentifier);
  const keys = list({ offset, target: input, args }, [name], undefined, args[1]!);
  return bind(offset, sortInput, target, memberCall(offset, '@sortByAssociatedKeys', input, keys));
}

function bind(offset: number, name: string, value: Expression, body: Expression): Comprehension {
  return {
    kind: 'comprehension',
    macro: 'bind',
    offset,
    range: createList(offset),
    variable: unused,
    variable2: undefined,
    accumulator: name,
    initial: value,
    condition: literal(offset, false),
    step: identifier(offset, name),
    result: body,
    filter: undefined,
    body,
  };
}

function literal(offset: number, value: boolean | number): Literal {
  return { kind: 'literal', offset, value };
}

function identifier(offset: number, name: string): Identifier {
  return { kind: 'identifier', offset, name };
}

function createList(offset: number, ...elements: Expression[]): CreateList {
  return { kind: 'list', offset, elements, optional: new Set() };
}

function call(offset: number, name: string, ...args: Expression[]): Call {
  return { kind: 'call', offset, function: name, target: undefined, args };
}

function memberCall(offset: number, name: string, target: Expression, ...args: Expression[]): Call {
  return { kind: 'call', offset, function: name, target, args };
}
