import type { Writer } from 'protobufjs/minimal.js';

/** A part of a document. */
export type Json = { readonly [key: string]: unknown };

/** The `x-` members of a value. */
export function extensions(writer: Writer, number: number, value: Json): void {
  for (const [key, extension] of Object.entries(value))
    if (key.startsWith('x-')) named(writer, number, key, () => any(writer, extension));
}

/** Free values travel as YAML, which JSON is. */
export function any(writer: Writer, value: unknown): void {
  text(writer, 2, `${JSON.stringify(value)}\n`);
}

/** An entry of a map, which gnostic writes as a list of pairs. */
export function named(writer: Writer, number: number, name: string, value: () => void): void {
  nested(writer, number, () => {
    text(writer, 1, name);
    nested(writer, 2, value);
  });
}

/** A message within a message. */
export function nested(writer: Writer, number: number, write: () => void): void {
  writer.uint32((number << 3) | 2).fork();
  write();
  writer.ldelim();
}

/** A string; nothing where there is none. */
export function text(writer: Writer, number: number, value: unknown): void {
  if (typeof value === 'string') writer.uint32((number << 3) | 2).string(value);
}

/** A list of strings. */
export function texts(writer: Writer, number: number, values: unknown): void {
  for (const value of Array.isArray(values) ? values : []) text(writer, number, value);
}

/** A switch that is on. */
export function flag(writer: Writer, number: number, value: unknown): void {
  if (value === true) writer.uint32(number << 3).bool(true);
}

/** The members of a list; none where there is none. */
export function list(value: unknown): Json[] {
  return Array.isArray(value) ? value : [];
}
