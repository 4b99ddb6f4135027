import type { FlowControl } from './flow-control.js';
import type { FlowRequest, PriorityLevel } from './priority-level.js';

type Row = readonly (string | number | boolean)[];

/** A table in the form of upstream's dumps: columns apart by commas, aligned. */
function table(header: Row, rows: readonly Row[]): string {
  const lines = [header, ...rows].map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? String(cell) : `${cell},`)),
  );
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 1))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

function sorted({ levels }: FlowControl): PriorityLevel[] {
  return [...levels.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Work is counted in seats here; that of a queue is not bounded by time, and nobody holds a seat afterwards. */
const seatSeconds = (seats: number) => `${seats.toFixed(8)}ss`;

function requestRow(request: FlowRequest, at: readonly [queue: number, index: number], start: string): Row {
  const { level, schema, distinguisher, arrivedAt, seats } = request;
  const arrived = new Date(arrivedAt).toISOString();
  return [level.name, schema, ...at, distinguisher, arrived, seats, 0, '0s', start];
}

const details = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];

function detailsOf({ user, info }: FlowRequest): Row {
  const { verb, path, isResource, namespace, name, group, version, resource, subresource } = info;
  const apiVersion = !isResource ? '' : group === '' ? version : `${group}/${version}`;
  return [user.name, verb, path, namespace, name, apiVersion, resource, subresource];
}

/** What upstream shows for a time that has not come. */
const noTime = '0001-01-01T00:00:00Z';

/** The debug pages of API priority and fairness, by the last part of their path. */
export const dumps: Readonly<Record<string, (flowControl: FlowControl, query: URLSearchParams) => string>> = {
  dump_priority_levels: (flowControl) =>
    table(
      [
        ...[
          'PriorityLevelName',
          'ActiveQueues',
          'IsIdle',
          'IsQuiescing',
          'WaitingRequests',
          'ExecutingRequests',
        ],
        ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
      ],
      sorted(flowControl).map(({ name, queues, waiting, running, counts }) => [
        name,
        queues.filter((queue) => queue.waiting.length > 0).length,
        waiting === 0 && running.size === 0,
        false,
        waiting,
        running.size,
        counts.dispatched,
        counts.rejected,
        counts.timedOut,
        counts.cancelled,
      ]),
    ),
  dump_queues: (flowControl) =>
    table(
      [
        ...[
          'PriorityLevelName',
          'Index',
          'PendingRequests',
          'ExecutingRequests',
          'SeatsInUse',
          'NextDispatchR',
        ],
        ...['InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'],
      ],
      sorted(flowControl).flatMap(({ name, queues }) =>
        queues.map(({ waiting, next }, index) => {
          const seats = waiting.reduce((sum, one) => sum + one.seats, 0);
          // Requests under way are of their level: they have left their queue.
          return [name, index, waiting.length, 0, 0, seatSeconds(next), seats, seats, seatSeconds(seats)];
        }),
      ),
    ),
  dump_requests(flowControl, query) {
    const isDetailed = query.has('includeRequestDetails');
    const row = (...of: Parameters<typeof requestRow>) =>
      isDetailed ? [...requestRow(...of), ...detailsOf(of[0])] : requestRow(...of);
    return table(
      [
        ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher'],
        ...['ArriveTime', 'InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'],
        ...(isDetailed ? details : []),
      ],
      sorted(flowControl).flatMap(({ queues, running }) => [
        ...queues.flatMap(({ waiting }, queue) =>
          waiting.map((request, index) => row(request, [queue, index], noTime)),
        ),
        ...[...running].map(({ request, startedAt }) =>
          row(request, [-1, -1], new Date(startedAt).toISOString()),
        ),
      ]),
    );
  },
};
