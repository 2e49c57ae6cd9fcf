/**
 * Loads a data set as a run config describes it: read, clean, label, split, fit the standardisation
 * on the training split, digest. The result lies in shared memory, raw; batches.ts standardises and
 * augments while it assembles batches. Every fault of the data ends in one sentence (DataError).
 */
import type { CleaningCount } from '@tfjs-operator/api/result.ts';
import type { DatasetConfig, SourceConfig } from '@tfjs-operator/api/run-config.ts';
import { readArraySource } from './array-source.ts';
import { cleaned } from './cleaning.ts';
import { createCleaner, type Cleaner } from './cleaning-rules.ts';
import { readCsvSource } from './csv-source.ts';
import { datasetDigest } from './digest.ts';
import { readImageSource } from './image-source.ts';
import { resolveLabels } from './labels.ts';
import type { Part, ReadRequest, Source } from './source.ts';
import { splitRows, type Splits } from './split.ts';
import { fitStandardization, type Standardization } from './standardization.ts';
import { tableOf, type NamedSource } from './table.ts';

export interface Dataset {
  /** SharedArrayBuffer-backed, [samples, ...sampleShape] row-major, not standardised. */
  readonly features: Uint8Array | Float32Array;
  /** SharedArrayBuffer-backed: class index, or labelWidth numbers, per sample. */
  readonly labels: Int32Array | Float32Array;
  readonly labelWidth: number;
  readonly sampleShape: readonly number[];
  /** Empty for labels of type number. */
  readonly classNames: readonly string[];
  /** Row numbers, ascending, SharedArrayBuffer-backed. */
  readonly splits: Splits;
  readonly standardization: Standardization;
  readonly cleaning: readonly CleaningCount[];
  /** `sha256:…` over features, labels and splits. */
  readonly digest: string;
}

/**
 * @param resolve dataset.uri -> path on this machine.
 * @throws Failure DataError for faults of the data, BadConfig for a config that does not fit them.
 */
export async function loadDataset(
  config: DatasetConfig,
  resolve: (uri: string) => string,
  signal?: AbortSignal,
): Promise<Dataset> {
  const cleaner = createCleaner(config.cleaning);
  const sources = await readSources(config, resolve, { cleaner, signal });
  const table = cleaned(tableOf(sources, config.features.shape), cleaner);
  signal?.throwIfAborted();
  const labels = resolveLabels(table, config.labels);
  const splits = splitRows(table.parts, labels, config.split);
  const { features, sampleShape, width } = table;
  const standardization = fitStandardization(
    config.features.standardize,
    features,
    splits.train,
    width,
  );
  signal?.throwIfAborted();
  const content = {
    features,
    labels: labels.values,
    labelWidth: labels.width,
    sampleShape,
    classNames: labels.classNames,
    splits,
  };
  return {
    ...content,
    standardization,
    cleaning: cleaner.counts(),
    digest: datasetDigest(content),
  };
}

async function readSources(
  config: DatasetConfig,
  resolve: (uri: string) => string,
  context: { readonly cleaner: Cleaner; readonly signal: AbortSignal | undefined },
): Promise<NamedSource[]> {
  const root = { name: config.uri, path: resolve(config.uri) };
  const wanted: [Part, SourceConfig | undefined][] = [
    ['train', config.train],
    ['validation', config.split.validation?.source],
    ['test', config.split.test?.source],
  ];
  const sources: NamedSource[] = [];
  for (const [part, source] of wanted) {
    if (source === undefined) continue;
    context.signal?.throwIfAborted();
    sources.push({ part, source: await readSource({ config, root, source, part, ...context }) });
  }
  return sources;
}

function readSource(request: ReadRequest): Promise<Source> {
  switch (request.config.format) {
    case 'csv':
      return readCsvSource(request);
    case 'image-folder':
      return readImageSource(request);
    case 'idx':
    case 'npy':
    case 'npz':
      return readArraySource(request);
  }
}
