import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in bytes, as upstream has them. */
const bounds = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/** The events that went out to watchers. */
export class WatchMetrics {
  readonly #sizes = new ByLabels(() => new Distribution(bounds));

  /** Where the events of a watch are counted, each with its size in bytes. */
  of({ group, version, plural }: { group: string; version: string; plural: string }): Distribution {
    return this.#sizes.at({ group, version, resource: plural });
  }

  metrics(): ExposedMetric[] {
    const sizes = 'apiserver_watch_events_sizes';
    return [
      exposed('apiserver_watch_events_total', 'counter', 'Events that were sent to watchers.', () =>
        this.#sizes.flatMap((labels, size) => [{ labels, value: size.count }]),
      ),
      exposed(sizes, 'histogram', 'Bytes of the events that were sent to watchers.', () =>
        this.#sizes.flatMap((labels, size) => size.values(sizes, labels)),
      ),
    ];
  }
}
