import { Pod } from '@kubewright/api/core/v1';
import { expect, it } from 'vitest';
import { fieldTypeOf } from './field-types.js';
import { typeProblems } from './type-problems.js';

const custom = fieldTypeOf({
  root: {
    type: 'object',
    properties: {
      metadata: { type: 'object' },
      list: { type: 'array', items: { type: 'string' } },
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      map: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' } } },
      },
      any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  resolve: (name) => {
    throw new Error(name);
  },
});

// What Kubernetes 1.36.3 says of each.
it.each<[object, string[]]>([
  [{ list: ['a'], set: ['a'], map: [{ k: 'a', v: 1 }], any: { x: [1] } }, []],
  [{ list: null, set: null, map: null, any: null, metadata: null }, []],
  [{ list: [1] }, ['.list[0]: expected string, got &value.valueUnstructured{Value:1}']],
  [
    { list: [{ k: 'a' }, []] },
    [
      '.list[0]: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"k":"a"}}',
      '.list[1]: expected string, got &value.valueUnstructured{Value:[]interface {}{}}',
    ],
  ],
  [{ any: [1] }, ['.any: expected map, got &{[1]}']],
  [{ set: [{}, {}] }, [".set: element 0: associative list without keys has an element that's a map type"]],
  [{ set: ['a', 'a'] }, ['.set: duplicate entries for key [="a"]']],
  [{ map: ['a', 'b'] }, ['.map: element 0: associative list with keys may not have non-map elements']],
  [{ map: [{ k: null }] }, []],
  [
    { map: [{ v: 1 }] },
    [
      '.map: element 0: associative list with keys has an element that omits all key fields ["k"] (and doesn\'t have default values for any key fields)',
    ],
  ],
  [{ nope: 1 }, ['.nope: field not declared in schema']],
  [{ metadata: 'x' }, ['.metadata: expected map, got &{x}']],
  [{ metadata: { ownerReferences: [{ name: 'x' }] } }, []],
  [
    { metadata: { ownerReferences: [{ uid: '1', controller: 'true', nope: 1 }] } },
    [
      '.metadata.ownerReferences[uid="1"].controller: expected boolean, got &{true}',
      '.metadata.ownerReferences[uid="1"].nope: field not declared in schema',
    ],
  ],
  [{ metadata: { managedFields: ['x'] } }, ['.metadata.managedFields[0]: expected map, got &{x}']],
])('an apply of a custom resource with %j is told what does not fit', (value, problems) => {
  expect(typeProblems(value, custom)).toEqual(problems);
});

it('what is one field of a built-in kind is looked into, too', () => {
  const pod = { spec: { containers: [{ name: 'a', args: [1] }] } };
  expect(typeProblems(pod, fieldTypeOf(Pod.schema))).toEqual([
    '.spec.containers[name="a"].args[0]: expected string, got &value.valueUnstructured{Value:1}',
  ]);
});
