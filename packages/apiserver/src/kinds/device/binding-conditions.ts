import { duplicate, type FieldError, type FieldPath, invalid } from '../../validation/field-error.js';
import { validateLabelKey } from '../../validation/label-selector.js';
import { validateList } from './bounded-lists.js';

const maxConditions = 4;

/** What a device waits for before a pod is bound to a node: conditions for and against, of which each needs the other. */
export interface BindingConditions {
  readonly bindingConditions?: readonly string[] | undefined;
  readonly bindingFailureConditions?: readonly string[] | undefined;
}

/** Source: `validateDeviceBindingParameters` of resource.k8s.io. */
export function validateBindingConditions(
  { bindingConditions: good = [], bindingFailureConditions: bad = [] }: BindingConditions,
  field: FieldPath,
): FieldError[] {
  const [goodField, badField] = [field.child('bindingConditions'), field.child('bindingFailureConditions')];
  const errors = [
    ...validateList(good, maxConditions, goodField, validateLabelKey),
    ...validateList(bad, maxConditions, badField, validateLabelKey),
  ];
  const isRepeated = (list: readonly string[], index: number) => list.indexOf(list[index] ?? '') < index;
  good.forEach((condition, index) => {
    if (isRepeated(good, index)) errors.push(duplicate(goodField.index(index), condition));
  });
  bad.forEach((condition, index) => {
    const at = badField.index(index);
    if (isRepeated(bad, index)) errors.push(duplicate(at, condition));
    if (good.includes(condition))
      errors.push(invalid(at, condition, 'bindingFailureConditions must not overlap with bindingConditions'));
  });
  if (good.length === 0 && bad.length > 0)
    errors.push(invalid(goodField, null, 'bindingConditions are required to use bindingFailureConditions'));
  if (bad.length === 0 && good.length > 0)
    errors.push(invalid(badField, null, 'bindingFailureConditions are required to use bindingConditions'));
  return errors;
}
