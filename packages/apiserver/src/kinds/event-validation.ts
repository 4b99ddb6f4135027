import { dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type { Event } from '@kubewright/api/core/v1';
import { type FieldError, invalid, path, required } from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { goForm } from '../validation/go-form.js';
import { sameValue } from '../validation/immutable.js';

const maxText = 128;
const maxMessage = 1024;

/**
 * What holds for every event. Those without `eventTime` are of old, and little is asked of them. In `strict` writes,
 * those of events.k8s.io, the reporter goes by its name there.
 */
export function validateEvent(event: Event, strict: boolean): FieldError[] {
  const { namespace = '' } = event.metadata;
  const about = event.involvedObject.namespace ?? '';
  const wrongNamespace = invalid(
    path('involvedObject', 'namespace'),
    about,
    'does not match event.namespace',
  );
  const errors: FieldError[] = [];
  if (!event.eventTime) {
    const matches = about === '' ? namespace === '' || namespace === 'default' : about === namespace;
    if (!matches) errors.push(wrongNamespace);
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') errors.push(wrongNamespace);
    errors.push(...validateReport(event, strict));
  }
  return [...errors, ...validateFormat(dns1123SubdomainErrors, namespace, path('namespace'))];
}

function validateReport(event: Event, strict: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const reporter = path(strict ? 'reportingController' : 'reportingComponent');
  const component = event.reportingComponent ?? '';
  if (component === '') errors.push(required(reporter));
  errors.push(...validateFormat(qualifiedNameErrors, component, reporter));
  for (const name of ['reportingInstance', 'action', 'reason'] as const) {
    const value = event[name] ?? '';
    if (value === '') errors.push(required(path(name)));
    errors.push(...validateLength(value, name, maxText));
  }
  return [...errors, ...validateLength(event.message ?? '', 'message', maxMessage)];
}

/** Go counts bytes. */
function validateLength(value: string, name: string, max: number): FieldError[] {
  return Buffer.byteLength(value) > max
    ? [invalid(path(name), '', `can have at most ${max} characters`)]
    : [];
}

/** What events.k8s.io asks of new events besides. */
export function validateNewEvent(event: Event): FieldError[] {
  const errors = validateSeries(event);
  if (!event.eventTime) errors.push(required(path('eventTime')));
  const { type = '', source } = event;
  if (type !== 'Normal' && type !== 'Warning')
    errors.push(invalid(path('type'), '', `has invalid value: ${type}`));
  const old = [
    ...(['firstTimestamp', 'lastTimestamp', 'count'] as const).filter((name) => event[name]),
    ...(source?.component || source?.host ? ['source'] : []),
  ];
  return [...errors, ...old.map((name) => invalid(path(name), '', 'needs to be unset'))];
}

const immutable = [
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
] as const satisfies readonly (keyof Event)[];

/** What events.k8s.io lets be changed: the series. */
export function validateRewrittenEvent(event: Event, old: Event): FieldError[] {
  const fixed = (name: keyof Event, shown: string = name) =>
    sameValue(event[name], old[name])
      ? []
      : [invalid(path(shown), shownForm(event, name), 'field is immutable')];
  return [
    ...(sameValue(event.series, old.series) ? [] : validateSeries(event)),
    ...fixed('involvedObject'),
    ...immutable.flatMap((name) => fixed(name)),
    ...fixed('reportingComponent', 'reportingController'),
    ...fixed('reportingInstance'),
  ];
}

/** Members that are structs inside of upstream, which shows them so. */
const structs: Partial<Record<keyof Event, string>> = {
  involvedObject: 'ObjectReference',
  related: '*ObjectReference',
  source: 'EventSource',
};
const texts: readonly (keyof Event)[] = [
  'action',
  'message',
  'reason',
  'reportingComponent',
  'reportingInstance',
  'type',
];

function shownForm(event: Event, name: keyof Event): unknown {
  const type = structs[name];
  if (type !== undefined) return goForm(event[name], type);
  return texts.includes(name) ? (event[name] ?? '') : event[name];
}

function validateSeries({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalid(path('series.count'), '', 'should be at least 2')] : []),
    ...(!series.lastObservedTime ? [required(path('series.lastObservedTime'))] : []),
  ];
}
