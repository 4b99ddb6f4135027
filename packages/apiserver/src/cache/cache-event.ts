import type { Head } from './head.js';
import type { ObjectName } from './object-name.js';
import { type EventType, type Selection, selects, transition } from './selection.js';

/** An event as it goes to watchers: one value for all who see the change with the same type. */
export class CacheEvent {
  readonly type: EventType;
  readonly key: string;
  readonly change: Change;
  /** The stored bytes; for DELETED the last that matched. */
  readonly bytes: Buffer;
  /** The revision of the change; newer than the bytes where the type is DELETED. */
  readonly revision: number;
  #forms: Map<string, Uint8Array> | undefined;

  constructor(type: EventType, change: Change, bytes: Buffer) {
    this.type = type;
    this.key = change.key;
    this.change = change;
    this.bytes = bytes;
    this.revision = change.revision;
  }

  /** The event in one form (served version and media type), made when somebody first asks for it, and kept. */
  encoded(form: string, make: (event: CacheEvent) => Uint8Array): Uint8Array {
    this.#forms ??= new Map();
    let bytes = this.#forms.get(form);
    if (bytes === undefined) {
      bytes = make(this);
      this.#forms.set(form, bytes);
    }
    return bytes;
  }
}

/** The memory of a change besides its bytes: two heads and the objects around them. */
const overhead = 1000;

/** An object before or after a change. */
export interface Side {
  readonly bytes: Buffer;
  readonly head: Head;
}

/** One change of one object, from which each watcher's event follows. */
export class Change {
  readonly key: string;
  readonly name: ObjectName;
  readonly revision: number;
  readonly before: Side | undefined;
  readonly after: Side | undefined;
  readonly #events: Partial<Record<EventType, CacheEvent>> = {};

  constructor(change: {
    readonly key: string;
    readonly name: ObjectName;
    readonly revision: number;
    readonly before: Side | undefined;
    readonly after: Side | undefined;
  }) {
    this.key = change.key;
    this.name = change.name;
    this.revision = change.revision;
    this.before = change.before;
    this.after = change.after;
  }

  /** What it costs to keep, about. */
  get size(): number {
    return overhead + (this.before?.bytes.length ?? 0) + (this.after?.bytes.length ?? 0);
  }

  /** The event that a watcher of a selection sees, if any. */
  seenThrough(selection: Selection): CacheEvent | undefined {
    const { before, after } = this;
    const type = transition(
      before !== undefined && selects(selection, this.name, before.head),
      after !== undefined && selects(selection, this.name, after.head),
    );
    const side = type === 'DELETED' ? before : after;
    if (type === undefined || side === undefined) return undefined;
    this.#events[type] ??= new CacheEvent(type, this, side.bytes);
    return this.#events[type];
  }
}
