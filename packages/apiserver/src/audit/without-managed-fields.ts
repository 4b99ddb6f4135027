/** A copy of an object, a list or a table without the managed fields of any object in it. */
export function withoutManagedFields(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { items, rows } = value;
  return {
    ...stripped(value),
    ...(Array.isArray(items) ? { items: items.map(stripped) } : {}),
    ...(Array.isArray(rows)
      ? { rows: rows.map((row) => (isRecord(row) ? { ...row, object: stripped(row.object) } : row)) }
      : {}),
  };
}

function stripped<T>(value: T): T {
  if (!isRecord(value) || !isRecord(value.metadata)) return value;
  const { managedFields: _, ...metadata } = value.metadata;
  return { ...value, metadata };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
