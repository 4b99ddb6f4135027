const environment: unknown = globalThis.process?.env.NODE_ENV;

/** Whether cached objects are frozen, which costs time: in tests and in development only. */
export const freezing: boolean = environment === 'test' || environment === 'development';

/** Makes a change of a shared object a TypeError, at every depth. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}
