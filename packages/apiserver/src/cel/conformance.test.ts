import { tests as conformance } from '@bufbuild/cel-spec/testdata/conformance.js';
import { describe, expect, it } from 'vitest';
import { check } from './check/check.js';
import { CompileError } from './compile.js';
import { free } from './cost/ranges.js';
import { type Environment, extendEnvironment } from './environment.js';
import { kubernetesEnvironment } from './kubernetes-environment.js';
import { Program } from './program.js';
import { parse } from './syntax/parser.js';
import { Source } from './syntax/source.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  formatType,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  UINT,
} from './types.js';
import { parseDuration } from './values/duration.js';
import { equal } from './values/equality.js';
import { canonicalInt } from './values/integers.js';
import { CreatedMap } from './values/map-value.js';
import { parseTimestamp } from './values/timestamp.js';
import { TypeValue } from './values/type-value.js';
import { Uint } from './values/uint.js';
import { boxDouble, typeOf, type Value } from './values/value.js';

/** The shape of the cases, as far as they are read here. Source: cel-spec's tests/simple, as JSON. */
interface Case {
  readonly original: {
    readonly name?: string;
    readonly expr: string;
    readonly value?: WireValue;
    readonly evalError?: unknown;
    readonly typeEnv?: readonly Declaration[];
    readonly bindings?: Readonly<Record<string, { readonly value?: WireValue }>>;
    readonly container?: string;
    readonly disableMacros?: boolean;
    readonly disableCheck?: boolean;
    readonly typedResult?: unknown;
  };
  readonly type?: string;
  readonly error?: string;
}
interface Suite {
  readonly name: string;
  readonly suites?: readonly Suite[];
  readonly tests?: readonly Case[];
}
interface Declaration {
  readonly name: string;
  readonly ident?: { readonly type: WireType };
}
type WireValue = Readonly<Record<string, unknown>>;
type WireType = Readonly<Record<string, unknown>>;

/** What Kubernetes does not have: protobuf messages, `cel.block`, base64, math and newer string functions. */
const suites = [
  'basic',
  'bindings_ext',
  'comparisons',
  'conversions',
  'fields',
  'fp_math',
  'integer_math',
  'lists',
  'logic',
  'macros',
  'macros2',
  'optionals',
  'parse',
  'plumbing',
  'string',
  'string_ext',
  'timestamps',
];
/** Of later versions of the string extension than Kubernetes takes. */
const later =
  /^"%s"\.format\(\[(?:dyn\()?[[{](?!timestamp)|format\(\[(?:\[)?(?:double\("(?:NaN|-?Infinity)"\)|1052\.|(?:dyn\()?2\.71828)|indexOf\('a', 30\)|lastIndexOf\('a', 30\)/i;
const elsewhere =
  /TestAllTypes|DoubleValue|google\.protobuf\.[A-CE-SU-Z]|proto[23]|NestedEnum|\.reverse\(\)|GlobalEnum|EnumValue/;

describe('the conformance cases of CEL', () => {
  for (const suite of (conformance as unknown as Suite).suites ?? [])
    if (suites.includes(suite.name)) describe(suite.name, () => runSuite(suite));
});

function runSuite(suite: Suite): void {
  for (const inner of suite.suites ?? []) runSuite(inner);
  const cases = (suite.tests ?? []).filter((test) => isApplicable(test));
  if (cases.length === 0) return;
  it.each(cases.map((test) => [test.original.expr, test] as const))(`${suite.name}: %s`, (_name, test) =>
    run(test),
  );
}

function isApplicable({ original }: Case): boolean {
  const text = JSON.stringify(original);
  return (
    !elsewhere.test(text) &&
    !later.test(original.expr) &&
    original.disableMacros !== true &&
    original.disableCheck !== true &&
    (original.container ?? '') === '' &&
    (original.value !== undefined || original.evalError !== undefined)
  );
}

function run({ original }: Case): void {
  const environment = extendEnvironment(kubernetesEnvironment, {
    variables: Object.fromEntries(
      (original.typeEnv ?? []).flatMap(({ name, ident }) =>
        ident === undefined ? [] : [[name, typeFromWire(ident.type)]],
      ),
    ),
  });
  const variables = Object.fromEntries(
    Object.entries(original.bindings ?? {}).map(([name, { value }]) => [name, valueFromWire(value ?? {})]),
  );
  const evaluate = () => compileLoosely(original.expr, environment).evaluate(variables).value;
  if (original.value === undefined) expect(evaluate).toThrow();
  else {
    const value = evaluate();
    const wanted = valueFromWire(original.value);
    const same = Number.isNaN(wanted) ? Number.isNaN(value) : equal(value, wanted);
    expect({ same, type: formatType(typeOf(value)), value: String(value) }).toEqual({
      same: true,
      type: formatType(typeOf(wanted)),
      value: String(value),
    });
  }
}

/** Kubernetes wants one type for all elements of a literal, CEL does not. */
function compileLoosely(expression: string, environment: Environment): Program {
  const source = new Source(expression);
  const parsed = parse(source, true);
  if (parsed.expression === undefined || parsed.problems.length > 0)
    throw new CompileError(source, parsed.problems);
  const { checked, problems } = check(source, parsed.expression, environment);
  if (problems.length > 0) throw new CompileError(source, problems);
  return new Program(expression, { checked, cost: free, environment });
}

function typeFromWire(wire: WireType): CelType {
  const primitives: Readonly<Record<string, CelType>> = {
    BOOL,
    BYTES,
    DOUBLE,
    INT64: INT,
    STRING,
    UINT64: UINT,
    TIMESTAMP,
    DURATION,
  };
  const [[kind, content] = ['dyn', {}]] = Object.entries(wire);
  const inner = content as Readonly<Record<string, WireType>>;
  switch (kind) {
    case 'primitive':
    case 'wellKnown':
      return primitives[content as string] ?? DYN;
    case 'null':
      return NULL;
    case 'listType':
      return listOf(typeFromWire(inner.elemType ?? {}));
    case 'mapType':
      return mapOf(typeFromWire(inner.keyType ?? {}), typeFromWire(inner.valueType ?? {}));
    case 'abstractType':
      return optionalOf(DYN);
    default:
      return DYN;
  }
}

function valueFromWire(wire: WireValue): Value {
  const [[kind, content] = ['nullValue', null]] = Object.entries(wire);
  switch (kind) {
    case 'int64Value':
      return canonicalInt(BigInt(content as string));
    case 'uint64Value':
      return new Uint(canonicalInt(BigInt(content as string)));
    case 'doubleValue':
      return boxDouble(Number(content));
    case 'bytesValue':
      return Uint8Array.from(Buffer.from(content as string, 'base64'));
    case 'stringValue':
      return content as string;
    case 'boolValue':
      return content as boolean;
    case 'typeValue':
      return new TypeValue(kubernetesEnvironment.types.get(content as string) ?? DYN);
    case 'listValue':
      return ((content as { values?: WireValue[] }).values ?? []).map(valueFromWire);
    case 'mapValue': {
      const map = new CreatedMap();
      for (const { key, value } of (content as { entries?: { key: WireValue; value: WireValue }[] })
        .entries ?? [])
        map.add(valueFromWire(key), valueFromWire(value));
      return map;
    }
    case 'objectValue': {
      const { '@type': type, value } = content as Readonly<Record<string, string>>;
      const parsed = type?.endsWith('Duration') ? parseDuration(value ?? '') : parseTimestamp(value ?? '');
      return parsed ?? null;
    }
    default:
      return null;
  }
}
