import { dns1123SubdomainErrors, pathSegmentErrors } from '@kubewright/api';
import { Event } from '@kubewright/api/core/v1';
import { Event as EventsEvent } from '@kubewright/api/events/v1';
import type { WriteContext } from '../registry/write-context.js';
import { path } from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { count, nameColumn, text, wide } from './columns.js';
import { validateEvent, validateNewEvent, validateRewrittenEvent } from './event-validation.js';
import { timeSince } from './human-duration.js';
import { type Column, type Conversion, defineRules } from './kind-rules.js';

/** Events that nobody repeats are forgotten after an hour. */
const lifetimeSeconds = 3600;

/** `regarding` and friends are the newer names of the same fields. Source: KEP-383. */
const eventsVersion: Conversion<Event, EventsEvent> = {
  kind: EventsEvent,
  toStored({
    regarding,
    note,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    reportingController,
    apiVersion: _apiVersion,
    kind: _kind,
    ...same
  }) {
    return {
      ...same,
      involvedObject: regarding ?? {},
      message: note,
      source: deprecatedSource,
      firstTimestamp: deprecatedFirstTimestamp,
      lastTimestamp: deprecatedLastTimestamp,
      count: deprecatedCount,
      reportingComponent: reportingController,
    };
  },
  fromStored({
    involvedObject,
    message,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    reportingComponent,
    eventTime,
    apiVersion: _apiVersion,
    kind: _kind,
    ...same
  }) {
    // Fields that events.k8s.io requires are absent from events of the old kind; upstream shows those as null or zero.
    return {
      ...same,
      eventTime,
      regarding: involvedObject,
      note: message,
      deprecatedSource: source,
      deprecatedFirstTimestamp: firstTimestamp,
      deprecatedLastTimestamp: lastTimestamp,
      deprecatedCount: count,
      reportingController: reportingComponent,
    } as EventsEvent;
  },
};

const columns: readonly Column<Event>[] = [
  text('Last Seen', 'Time since it happened last.', (event, now) => timeSince(lastSeen(event), now)),
  text('Type', 'Normal or Warning.', ({ type }) => type ?? ''),
  text('Reason', 'What happened, in one word.', ({ reason }) => reason ?? ''),
  text('Object', 'What it happened to.', ({ involvedObject: { kind = '', name = '' } }) =>
    name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`,
  ),
  wide(
    text('Subobject', 'Which part of the object.', ({ involvedObject }) => involvedObject.fieldPath ?? ''),
  ),
  wide(text('Source', 'Who reports it.', sourceText)),
  text('Message', 'What happened, in a sentence.', ({ message = '' }) => message.trim()),
  wide(text('First Seen', 'Time since it happened first.', (event, now) => timeSince(firstSeen(event), now))),
  wide(count('Count', 'How often it happened.', ({ series, count: times }) => series?.count ?? (times || 1))),
  wide(nameColumn),
];

export const eventRules = defineRules<Event>({
  kind: Event,
  metadataChecks: 'common',
  createdByUpdate: true,
  otherVersions: [
    {
      ...eventsVersion,
      storedFields: Object.fromEntries(
        EventsEvent.selectableFields.map((field) => [field, storedField(field)]),
      ),
    },
  ],
  storageKey: 'events',
  timeToLiveSeconds: lifetimeSeconds,
  validateName: pathSegmentErrors,
  default(event) {
    event.involvedObject ??= {};
    event.source ??= {};
    event.reportingComponent ??= '';
    event.reportingInstance ??= '';
  },
  // The old version takes what clients of old sent; the new one is strict.
  validate: (event, context) => validateEvent(event, isStrict(context)),
  validateCreate: (event, context) =>
    isStrict(context)
      ? [
          ...validateFormat(dns1123SubdomainErrors, event.metadata.name ?? '', path('metadata', 'name')),
          ...validateNewEvent(event),
        ]
      : [],
  validateUpdate: (event, old, context) => (isStrict(context) ? validateRewrittenEvent(event, old) : []),
  fields: {
    source: ({ source, reportingComponent }) => source?.component || reportingComponent || '',
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
  },
  fieldsRead: ['source', 'reportingComponent'],
  columns,
});

function isStrict({ request }: WriteContext): boolean {
  return request?.served.kind.group === EventsEvent.group;
}

function storedField(field: string): string {
  if (field === 'reportingController') return 'reportingComponent';
  return field.replace(/^regarding\./, 'involvedObject.');
}

function firstSeen({ firstTimestamp, eventTime }: Event): string | undefined {
  return firstTimestamp ?? eventTime ?? undefined;
}

function lastSeen(event: Event): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);
}

function sourceText({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || '';
  const instance = source?.host || reportingInstance || '';
  return instance === '' ? component : `${component}, ${instance}`;
}
