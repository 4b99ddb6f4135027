import { gzipSync } from 'node:zlib';
import { messageCodec } from '../encoding/message-layout.js';

/** A function in which something was seen. */
export interface Frame {
  readonly functionName: string;
  /** Of the file; empty for what is V8's own. */
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

/** What was seen under one stack of calls. */
export interface Sample {
  /** The innermost first. */
  readonly stack: readonly Frame[];
  /** One for each of the {@link ProfileKind.values}. */
  readonly values: readonly number[];
}

export interface ProfileKind {
  /** What the numbers of a sample are, with their units: `cpu`, `nanoseconds`. */
  readonly values: readonly (readonly [type: string, unit: string])[];
  /** What was sampled, and how much of it lies between two samples. */
  readonly period: readonly [type: string, unit: string, amount: number];
}

const valueType = { type: [1, 'int'], unit: [2, 'int'] } as const;

/** The part of pprof's `profile.proto` that is written here. */
export const profileCodec = messageCodec({
  sampleType: [1, valueType, 'repeated'],
  sample: [2, { locationId: [1, 'int', 'repeated'], value: [2, 'int', 'repeated'] }, 'repeated'],
  location: [
    4,
    { id: [1, 'int'], line: [4, { functionId: [1, 'int'], line: [2, 'int'] }, 'repeated'] },
    'repeated',
  ],
  function: [
    5,
    { id: [1, 'int'], name: [2, 'int'], filename: [4, 'int'], startLine: [5, 'int'] },
    'repeated',
  ],
  strings: [6, 'string', 'repeated'],
  timeNanos: [9, 'int'],
  durationNanos: [10, 'int'],
  periodType: [11, valueType],
  period: [12, 'int'],
});

/** A profile in the form that `go tool pprof` and its kin read. */
export function encodeProfile(
  kind: ProfileKind,
  samples: readonly Sample[],
  when: { readonly startedAt: number; readonly ms: number },
): Buffer {
  const strings = new Numbers<string>(0);
  strings.of('');
  const functions = new Numbers<string>(1);
  const frames: Frame[] = [];
  const locationOf = (frame: Frame) => {
    const id = functions.of(`${frame.functionName}\n${frame.url}\n${frame.lineNumber}`);
    frames[id - 1] ??= frame;
    return id;
  };
  const typeOf = ([type, unit]: readonly [string, string]) => ({
    type: strings.of(type),
    unit: strings.of(unit),
  });
  const [periodType, periodUnit, period] = kind.period;
  const message = {
    sampleType: kind.values.map(typeOf),
    sample: samples.map(({ stack, values }) => ({ locationId: stack.map(locationOf), value: values })),
    periodType: typeOf([periodType, periodUnit]),
    period,
    timeNanos: when.startedAt * 1e6,
    durationNanos: Math.round(when.ms * 1e6),
    location: frames.map(({ lineNumber }, at) => ({
      id: at + 1,
      line: [{ functionId: at + 1, line: lineNumber + 1 }],
    })),
    function: frames.map(({ functionName, url, lineNumber }, at) => ({
      id: at + 1,
      name: strings.of(functionName || '(anonymous)'),
      filename: strings.of(url),
      startLine: lineNumber + 1,
    })),
  };
  return gzipSync(profileCodec.encode({ ...message, strings: strings.all }));
}

/** Numbers things as they come, each once. */
class Numbers<T> {
  readonly #first: number;
  readonly #numbers = new Map<T, number>();

  constructor(first: number) {
    this.#first = first;
  }

  get all(): readonly T[] {
    return [...this.#numbers.keys()];
  }

  of(thing: T): number {
    const number = this.#numbers.get(thing) ?? this.#first + this.#numbers.size;
    this.#numbers.set(thing, number);
    return number;
  }
}
