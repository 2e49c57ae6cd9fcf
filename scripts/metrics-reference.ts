/**
 * docs/reference/metrics.md from the trainer's own registry. Stands apart from api/generate.ts
 * because api/ may not import the trainer.
 */
import { join } from 'node:path';
import {
  Registry,
  type MetricObject,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';
import { cell, code, page, table } from '../api/generate/reference-page.ts';
import { trainerMetrics } from '../trainer/endpoints/trainer-metrics.ts';

export const metricsPage = join(import.meta.dirname, '../docs/reference/metrics.md');

/** Our own metrics; those of the process depend on platform and version of Node. */
const prefix = 'tfjs_trainer_';

type Metric = MetricObject & { readonly labelNames?: readonly string[] };

/** @returns Markdown, the same on every machine. */
export async function metricsReference(): Promise<string> {
  const registry = new Registry();
  trainerMetrics(registry);
  const values = new Map(
    (await registry.getMetricsAsJSON()).map((metric) => [metric.name, metric]),
  );
  const metrics = registry.getMetricsAsArray() as readonly Metric[];
  const rows = metrics
    .filter(({ name }) => name.startsWith(prefix))
    .map((metric) => [
      code(metric.name),
      typeName(values.get(metric.name)),
      (metric.labelNames ?? [])
        .map((label) => labelText(label, values.get(metric.name)))
        .join(', '),
      cell(metric.help),
    ]);
  return page('Metrics of a worker', 'trainer/endpoints/trainer-metrics.ts', [
    'Each worker serves its own figures at `/metrics` in the text format of Prometheus, on the address in `TFJS_HTTP_ADDRESS`. Counters begin at 0. Beside these there are the figures of the process that prom-client collects (`process_*`, `nodejs_*`); `process_resident_memory_bytes` is what the node must have.',
    table(['metric', 'type', 'labels', 'meaning'], rows),
    'The values of `metric` are `loss` and the names in `training.metrics`, and the same with `val_` in front for the validation split. `tfjs_trainer_step_duration_seconds` is a histogram, so it has the series `_bucket`, `_sum` and `_count`.',
    'The same server answers `/progress` (JSON, [api/schemas/progress.schema.json](../../api/schemas/progress.schema.json)), `/healthz` (503 when the worker hangs) and `/readyz` (503 until the worker has joined its gang).',
  ]);
}

function typeName(metric: MetricObjectWithValues<MetricValue<string>> | undefined): string {
  return String(metric?.type ?? '');
}

/** A label with its values, where the registry knows them from the start. */
function labelText(
  label: string,
  metric: MetricObjectWithValues<MetricValue<string>> | undefined,
): string {
  const values = new Set((metric?.values ?? []).map(({ labels }) => labels[label]));
  const known = [...values].filter((value) => value !== undefined);
  return known.length === 0 ? code(label) : `${code(label)}: ${known.map(String).join(', ')}`;
}
