import { portNameErrors } from '@kubewright/api';
import type {
  Container,
  ExecAction,
  HTTPGetAction,
  Lifecycle,
  PodSpec,
  Probe,
  SleepAction,
} from '@kubewright/api/core/v1';
import type { IntOrString } from '@kubewright/api/meta/v1';
import { validateChoice } from '../../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  required,
} from '../../validation/field-error.js';
import { httpHeaderName, portNumber, validateFormat } from '../../validation/formats.js';
import { validateNonNegative } from '../../validation/numbers.js';

/** The three probes of a container, in upstream's order. */
export function validateProbes(container: Container, spec: PodSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[name];
    if (probe === undefined) continue;
    const at = field.child(name);
    errors.push(...validateProbe(probe, spec, at));
    if (name === 'readinessProbe') {
      if (probe.terminationGracePeriodSeconds !== undefined)
        errors.push(
          invalid(
            at.child('terminationGracePeriodSeconds'),
            probe.terminationGracePeriodSeconds,
            'must not be set for readinessProbes',
          ),
        );
    } else if (probe.successThreshold !== 1)
      errors.push(invalid(at.child('successThreshold'), probe.successThreshold ?? 0, 'must be 1'));
  }
  return errors;
}

export function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  if (lifecycle === undefined) return [];
  const errors: FieldError[] = [];
  if (lifecycle.postStart !== undefined)
    errors.push(...validateHandler(lifecycle.postStart, spec, field.child('postStart')));
  if (lifecycle.preStop !== undefined)
    errors.push(...validateHandler(lifecycle.preStop, spec, field.child('preStop')));
  return errors;
}

/** What probes and lifecycle hooks have in common. */
interface Handler {
  exec?: ExecAction | undefined;
  httpGet?: HTTPGetAction | undefined;
  tcpSocket?: { port: IntOrString } | undefined;
  grpc?: { port: number } | undefined;
  sleep?: SleepAction | undefined;
}

function validateProbe(probe: Probe, spec: PodSpec, field: FieldPath): FieldError[] {
  const errors = validateHandler(probe, spec, field);
  for (const name of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const)
    errors.push(...validateNonNegative(probe[name], field.child(name)));
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0)
    errors.push(invalid(field.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0'));
  return errors;
}

function validateHandler(handler: Handler, spec: PodSpec, field: FieldPath): FieldError[] {
  const set = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter(
    (name) => handler[name] !== undefined,
  );
  const [first, ...others] = set;
  if (first === undefined) return [required(field, 'must specify a handler type')];
  return [
    ...validateAction(handler, spec, field),
    ...others.map((name) => forbiddenField(field.child(name), 'may not specify more than 1 handler type')),
  ];
}

/** Checks the first action that is set. */
function validateAction(handler: Handler, spec: PodSpec, field: FieldPath): FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec !== undefined) return exec.command?.length ? [] : [required(field.child('exec', 'command'))];
  if (httpGet !== undefined) return validateHttpGet(httpGet, field.child('httpGet'));
  if (tcpSocket !== undefined) return validatePort(tcpSocket.port, field.child('tcpSocket', 'port'));
  if (grpc !== undefined) return validatePort(grpc.port, field.child('grpc', 'port'));
  const grace = spec.terminationGracePeriodSeconds;
  if (sleep !== undefined && grace !== undefined && (sleep.seconds < 0 || sleep.seconds > grace))
    return [
      invalid(
        field.child('sleep'),
        sleep.seconds,
        `must be non-negative and less than terminationGracePeriodSeconds (${grace})`,
      ),
    ];
  return [];
}

function validateHttpGet(action: HTTPGetAction, field: FieldPath): FieldError[] {
  return [
    ...(action.path ? [] : [required(field.child('path'))]),
    ...validatePort(action.port, field.child('port')),
    ...validateChoice(action.scheme ?? '', ['HTTP', 'HTTPS'], field.child('scheme')),
    ...(action.httpHeaders ?? []).flatMap(({ name }) =>
      validateFormat(httpHeaderName, name, field.child('httpHeaders')),
    ),
  ];
}

/** A port by number or by name. */
export function validatePort(port: IntOrString | undefined, field: FieldPath): FieldError[] {
  if (typeof port === 'string') return validateFormat(portNameErrors, port, field);
  return portNumber(port ?? 0).map((message) => invalid(field, port ?? 0, message));
}
