import type { FlowControl } from './flow-control.js';

type Row = readonly (string | number | boolean)[];

/** A table in the form of upstream's dumps: columns apart by commas, aligned. */
function table(header: Row, rows: readonly Row[]): string {
  const lines = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => `${cell},`.padEnd((widths[column] ?? 0) + 2))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

/** The debug pages of API priority and fairness, by the last part of their path. */
export const dumps: Readonly<Record<string, (flowControl: FlowControl) => string>> = {
  dump_priority_levels: ({ levels }) =>
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
      [...levels.values()].map(({ name, exempt, queues, waiting, executing, counts }) => [
        name,
        exempt ? '<none>' : queues.filter((queue) => queue.waiting.length > 0).length,
        waiting === 0 && executing === 0,
        false,
        waiting,
        executing,
        counts.dispatched,
        counts.rejected,
        counts.timedOut,
        counts.cancelled,
      ]),
    ),
  dump_queues: ({ levels }) =>
    table(
      ['PriorityLevelName', 'Index', 'PendingRequests', 'NextDispatchR', 'InitialSeatsSum'],
      [...levels.values()].flatMap(({ name, queues }) =>
        queues.map(({ waiting, next }, index) => [
          name,
          index,
          waiting.length,
          next.toFixed(8),
          waiting.reduce((sum, { seats }) => sum + seats, 0),
        ]),
      ),
    ),
  dump_requests: ({ levels }) =>
    table(
      [
        ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher'],
        ...['ArriveTime', 'InitialSeats'],
      ],
      [...levels.values()].flatMap(({ name, queues }) =>
        queues.flatMap(({ waiting }, queue) =>
          waiting.map(({ schema, distinguisher, arrivedAt, seats }, index) => [
            name,
            schema,
            queue,
            index,
            distinguisher,
            new Date(arrivedAt).toISOString(),
            seats,
          ]),
        ),
      ),
    ),
};
