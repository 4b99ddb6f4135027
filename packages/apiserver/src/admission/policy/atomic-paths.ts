import type { FieldType } from '../../patch/field-types.js';
import { isObject } from '../../patch/json-object.js';
import { memberType } from '../../patch/typed-value.js';

/** The places of a value that are one field as a whole, though they are lists or objects. */
export function atomicPaths(value: unknown, type: FieldType | undefined, path = ''): string[] {
  if (Array.isArray(value)) {
    const list = type?.list;
    if (list === undefined) return [];
    const own = list.relation === 'atomic' ? [path] : [];
    return [...own, ...value.flatMap((item, index) => atomicPaths(item, list.item, `${path}[${index}]`))];
  }
  const map = isObject(value) ? type?.map : undefined;
  if (map === undefined || !isObject(value)) return [];
  const own = map.atomic ? [path] : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, member]) =>
      map.property(key) === undefined ? [] : atomicPaths(member, memberType(map, key), `${path}.${key}`),
    ),
  ];
}
