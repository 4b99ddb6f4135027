import { sizeOf, traversal, traversalFactor } from '../cost/factors.js';
import { scaled, times } from '../cost/ranges.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DYN,
  INT,
  listOf,
  mapOf,
  parameter,
  STRING,
  typeOfType,
} from '../types.js';
import { TypeValue } from '../values/type-value.js';
import { typeOf, type Value } from '../values/value.js';
import { conversions } from './conversions.js';
import type { CallCost, FunctionDeclaration, Overload } from './declaration.js';
import { matches, patternCost } from './regular-expressions.js';
import { timeFunctions } from './time-functions.js';

const A = parameter('A');
const B = parameter('B');

/** Every place of the text may have to be compared with every character of the part. */
const containsCost: CallCost = {
  estimate: ({ args: [text, part] }) => ({
    cost: times(scaled(text!.size, traversalFactor), scaled(part!.size, traversalFactor)),
  }),
  actual: ([text, part]) => traversal(sizeOf(text!)) * traversal(sizeOf(part!)),
};

/** The static cost is that of the affix, what is charged that of the text: as upstream has it. */
const affixCost: CallCost = {
  estimate: ({ args: [, affix] }) => ({ cost: scaled(affix!.size, traversalFactor) }),
  actual: ([text]) => traversal(sizeOf(text!)),
};

/** The functions of CEL's standard library. */
export const standardFunctions: readonly FunctionDeclaration[] = [
  {
    name: 'size',
    overloads: [
      ...sizes(BYTES, 'bytes'),
      ...sizes(listOf(A), 'list'),
      ...sizes(mapOf(A, B), 'map'),
      ...sizes(STRING, 'string'),
    ],
  },
  {
    name: 'type',
    overloads: [
      {
        id: 'type',
        member: false,
        params: [A],
        result: typeOfType(A),
        call: (value) => new TypeValue(typeOf(value!)),
      },
    ],
  },
  {
    name: 'dyn',
    overloads: [{ id: 'to_dyn', member: false, params: [A], result: DYN, call: (value) => value! }],
  },
  ...conversions,
  {
    name: 'contains',
    overloads: [test('contains_string', (text, part) => text.includes(part), containsCost)],
  },
  {
    name: 'startsWith',
    overloads: [test('starts_with_string', (text, part) => text.startsWith(part), affixCost)],
  },
  {
    name: 'endsWith',
    overloads: [test('ends_with_string', (text, part) => text.endsWith(part), affixCost)],
  },
  {
    name: 'matches',
    overloads: [
      test('matches_string', matches, patternCost),
      { ...test('matches', matches, patternCost), member: false },
    ],
  },
  ...timeFunctions,
];

function sizes(type: CelType, name: string): Overload[] {
  const call = (value: Value | undefined) => sizeOf(value!);
  return [
    { id: `size_${name}`, member: false, params: [type], result: INT, call },
    { id: `${name}_size`, member: true, params: [type], result: INT, call },
  ];
}

function test(id: string, holds: (text: string, part: string) => boolean, cost: CallCost): Overload {
  const call = (text: Value | undefined, part: Value | undefined) => holds(text as string, part as string);
  return { id, member: true, params: [STRING, STRING], result: BOOL, call, cost };
}
