import { Gauge, type GaugeConfiguration, type MetricObjectWithValues } from 'prom-client';
import type { HistogramView } from '../base/index.ts';

type Value = {
  readonly metricName: string;
  readonly labels: { le?: string | number };
  readonly value: number;
};

/** A histogram that is kept elsewhere, and only told here. (A Histogram of the library counts by itself.) */
export class ScrapedHistogram extends Gauge {
  readonly #config: GaugeConfiguration<string>;
  readonly #view: () => HistogramView;

  constructor(config: GaugeConfiguration<string>, view: () => HistogramView) {
    super(config);
    this.#config = config;
    this.#view = view;
  }

  override async get(): Promise<MetricObjectWithValues<never>> {
    const { name, help } = this.#config;
    const { bounds, counts, sum, count } = this.#view();
    let below = 0;
    const values: Value[] = bounds.map((le, i) => {
      below += counts[i] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le }, value: below };
    });
    values.push({ metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count });
    values.push({ metricName: `${name}_sum`, labels: {}, value: sum });
    values.push({ metricName: `${name}_count`, labels: {}, value: count });
    const told = { name, help, type: 'histogram', values, aggregator: 'sum' };
    return told as unknown as MetricObjectWithValues<never>;
  }
}
