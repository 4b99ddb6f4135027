import { compareQuantities, qualifiedNameErrors, quantityMilliValue } from '@kubewright/api';
import type { LimitRange, LimitRangeItem } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import {
  mayOvercommit,
  validateContainerResourceName,
  validateResourceName,
} from './pod/resource-validation.js';

const types = ['Pod', 'Container', 'PersistentVolumeClaim'];

type Amounts = Readonly<Record<string, Quantity>>;

/** Limits but for their metadata. Source: `ValidateLimitRange` of core. */
export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const seen = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, index) => {
    const at = path('spec', 'limits').index(index);
    const errors = validateType(item.type ?? '', at.child('type'));
    if (seen.has(item.type)) errors.push(duplicate(at.child('type'), item.type));
    seen.add(item.type);
    return [...errors, ...validateNames(item, at), ...validateBounds(item, at)];
  });
}

function validateType(type: string, field: FieldPath): FieldError[] {
  const errors = validateFormat(qualifiedNameErrors, type, field);
  if (errors.length > 0 || type.includes('/') || types.includes(type)) return errors;
  return [invalid(field, type, 'must be a standard limit type or fully qualified')];
}

function validateNames(item: LimitRangeItem, field: FieldPath): FieldError[] {
  const nameRule =
    item.type === 'Pod' || item.type === 'Container' ? validateContainerResourceName : validateResourceName;
  const names = (list: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio') =>
    Object.keys(item[list] ?? {}).flatMap((name) => nameRule(name, field.child(list).key(name)));
  const errors = [...names('max'), ...names('min')];
  for (const list of ['default', 'defaultRequest'] as const) {
    if (item.type !== 'Pod') errors.push(...names(list));
    else if (Object.keys(item[list] ?? {}).length > 0)
      errors.push(forbiddenField(field.child(list), "may not be specified when `type` is 'Pod'"));
  }
  if (
    item.type === 'PersistentVolumeClaim' &&
    item.min?.storage === undefined &&
    item.max?.storage === undefined
  )
    errors.push(
      required(
        field.child('limits'),
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    );
  return [...errors, ...names('maxLimitRequestRatio')];
}

function validateBounds(item: LimitRangeItem, field: FieldPath): FieldError[] {
  const isPod = item.type === 'Pod';
  const lists: Readonly<Record<string, Amounts>> = {
    min: item.min ?? {},
    max: item.max ?? {},
    default: isPod ? {} : (item.default ?? {}),
    defaultRequest: isPod ? {} : (item.defaultRequest ?? {}),
    ratio: item.maxLimitRequestRatio ?? {},
  };
  const names = new Set(Object.values(lists).flatMap((list) => Object.keys(list)));
  return [...names].flatMap((name) => {
    const get = (list: string): Quantity | undefined =>
      Object.hasOwn(lists[list] ?? {}, name) ? lists[list]?.[name] : undefined;
    const [min, max] = [get('min'), get('max')];
    const [usual, request] = [get('default'), get('defaultRequest')];
    const errors: FieldError[] = [];
    const wrong = (list: string, shown: Quantity, detail: string) =>
      errors.push(invalid(field.child(list).key(name), String(shown), detail));
    if (above(min, max)) wrong('min', min, `min value ${min} is greater than max value ${max}`);
    if (request !== undefined && above(min, request))
      wrong('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
    if (above(request, max))
      wrong('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
    if (above(request, usual))
      wrong(
        'defaultRequest',
        request,
        `default request value ${request} is greater than default limit value ${usual}`,
      );
    if (above(min, usual)) wrong('default', min, `min value ${min} is greater than default value ${usual}`);
    if (max !== undefined && above(usual, max))
      wrong('default', max, `default value ${usual} is greater than max value ${max}`);
    const ratio = get('ratio');
    if (ratio !== undefined && compareQuantities(ratio, '1') < 0)
      wrong('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
    if (ratio !== undefined && min !== undefined && max !== undefined) {
      const most = Number(quantityMilliValue(max)) / Number(quantityMilliValue(min));
      if (Number(quantityMilliValue(ratio)) / 1000 > most)
        wrong('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`);
    }
    if (
      !mayOvercommit(name) &&
      usual !== undefined &&
      request !== undefined &&
      compareQuantities(usual, request) !== 0
    )
      wrong(
        'defaultRequest',
        request,
        `default value ${usual} must equal to defaultRequest value ${request} in ${name}`,
      );
    return errors;
  });
}

function above(one: Quantity | undefined, other: Quantity | undefined): one is Quantity {
  return one !== undefined && other !== undefined && compareQuantities(one, other) > 0;
}
