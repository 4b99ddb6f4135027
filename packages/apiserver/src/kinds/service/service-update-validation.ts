import type { Service } from '@kubewright/api/core/v1';
import { type FieldError, forbiddenField, invalid, path } from '../../validation/field-error.js';
import { isHeadless, needsHealthCheckPort } from './service-type.js';
import { validateLoadBalancerClass } from './service-validation.js';

/** Addresses and families stay; only the second of each may come and go. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors: FieldError[] = [];
  if (service.spec?.type !== 'ExternalName' && old.spec?.type !== 'ExternalName') {
    if (!(isHeadless(service) && isHeadless(old)))
      errors.push(
        ...validateKept(service, old, {
          list: 'clusterIPs',
          primary: 'primary clusterIP',
          second: 'secondary clusterIP',
        }),
      );
    if (isHeadless(service) === isHeadless(old) && !isHeadless(service))
      errors.push(
        ...validateKept(service, old, {
          list: 'ipFamilies',
          primary: 'primary ipFamily',
          second: 'secondary ipFamily',
        }),
      );
  }
  // This is said once more with what holds for every Service.
  errors.push(...validateLoadBalancerClass(service.spec ?? {}, old.spec));
  if (
    needsHealthCheckPort(old) &&
    needsHealthCheckPort(service) &&
    service.spec?.healthCheckNodePort !== old.spec?.healthCheckNodePort
  )
    errors.push(forbiddenField(path('spec', 'healthCheckNodePort'), 'field is immutable'));
  return errors;
}

interface Kept {
  readonly list: 'clusterIPs' | 'ipFamilies';
  readonly primary: string;
  readonly second: string;
}

function validateKept({ spec = {} }: Service, old: Service, { list, primary, second }: Kept): FieldError[] {
  const field = path('spec', list);
  const now: readonly string[] = spec[list] ?? [];
  const before: readonly string[] = old.spec?.[list] ?? [];
  const isAddresses = list === 'clusterIPs';
  const changed = (index: number, shown: readonly string[] | undefined) =>
    invalid(field.index(index), shown, 'may not change once set');
  if (now.length === before.length)
    return before.flatMap((value, index) =>
      value === now[index] ? [] : [changed(isAddresses ? index : 0, now)],
    );
  const isReleased = before.length > now.length;
  const errors: FieldError[] = [];
  // Upstream looks at the addresses, and shows them, in place of the families.
  if (isReleased && (spec.clusterIPs ?? []).length === 0)
    errors.push(invalid(field.index(0), now, `${primary} can not be unset`));
  if (before.length > 0 && now.length > 0 && now[0] !== before[0]) errors.push(changed(0, spec.clusterIPs));
  if (isReleased && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack')
    errors.push(
      invalid(
        path('spec', 'ipFamilyPolicy'),
        spec.ipFamilyPolicy,
        `must be set to 'SingleStack' when releasing the ${second}`,
      ),
    );
  return errors;
}
