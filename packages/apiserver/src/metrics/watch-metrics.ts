import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in bytes, as upstream has them. */
const bounds = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/** The same in seconds, of lists that are streamed by watches. */
const listSeconds = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60];

export type StreamedListLabels = Readonly<Record<'group' | 'version' | 'resource' | 'scope', string>>;

/** The events that went out to watchers. */
export class WatchMetrics {
  readonly #lists = new ByLabels(() => new Distribution(listSeconds));
  readonly #sizes = new ByLabels(() => new Distribution(bounds));

  /** Where the events of a watch are counted, each with its size in bytes. */
  of({ group, version, plural }: { group: string; version: string; plural: string }): Distribution {
    return this.#sizes.at({ group, version, resource: plural });
  }

  /** Where it is counted how long the objects took that a watch began with, in seconds. */
  streamedList(labels: StreamedListLabels): Distribution {
    return this.#lists.at({ ...labels });
  }

  metrics(): ExposedMetric[] {
    const lists = 'apiserver_watch_list_duration_seconds';
    const sizes = 'apiserver_watch_events_sizes';
    return [
      exposed(lists, 'histogram', '[BETA] Time until a watch has sent all that there was at first.', () =>
        this.#lists.flatMap((labels, seconds) => seconds.values(lists, labels)),
      ),
      exposed('apiserver_watch_events_total', 'counter', '[ALPHA] Events that were sent to watchers.', () =>
        this.#sizes.flatMap((labels, size) => [{ labels, value: size.count }]),
      ),
      exposed(sizes, 'histogram', '[ALPHA] Bytes of the events that were sent to watchers.', () =>
        this.#sizes.flatMap((labels, size) => size.values(sizes, labels)),
      ),
    ];
  }
}
