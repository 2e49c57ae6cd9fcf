/**
 * Fills one batch: position in the epoch -> row -> raw sample -> augmented -> standardised. Pure
 * with respect to its request, so that it does not matter which thread or worker does it.
 */
import type { AugmentationConfig } from '@tfjs-operator/api/run-config.ts';
import { createAugmenter, type Augmenter } from './augmentation.ts';
import type { Dataset } from './dataset.ts';
import { createPermutation } from './permutation.ts';
import type { Part } from './source.ts';
import { createStandardizer } from './standardization.ts';

export interface BatchRequest {
  readonly split: Part;
  /** Keys the permutation of the training split and the augmentation. */
  readonly epoch: number;
  /** Positions [start, end): of the training split in the epoch's permuted order, else in order. */
  readonly start: number;
  readonly end: number;
  readonly augment: boolean;
}

/** What the assembly needs of a data set; all arrays in shared memory. */
export type BatchData = Pick<
  Dataset,
  'features' | 'labels' | 'labelWidth' | 'sampleShape' | 'splits' | 'standardization'
>;

export interface AssemblyOptions {
  readonly seed: number;
  readonly augmentation: readonly AugmentationConfig[];
}

/** Writes x [count, ...sampleShape] and y [count, labelWidth] of a request. */
export type Assemble = (
  request: BatchRequest,
  x: Float32Array,
  y: Int32Array | Float32Array,
) => void;

/** @throws Failure BadConfig where the augmentation does not fit the samples. */
export function createAssembly(data: BatchData, { seed, augmentation }: AssemblyOptions): Assemble {
  const { features, labels, labelWidth, sampleShape, splits } = data;
  const width = sampleShape.reduce((product, size) => product * size, 1);
  const standardize = createStandardizer(data.standardization);
  const augmenter =
    augmentation.length > 0 ? createAugmenter(augmentation, sampleShape) : undefined;
  return (request, x, y) => {
    const { split, epoch, start, end, augment } = request;
    const rows = splits[split];
    const order = split === 'train' ? createPermutation(rows.length, { seed, epoch }) : undefined;
    for (let position = start; position < end; position++) {
      const row = rows[order ? order(position) : position]!;
      const at = position - start;
      const raw = features.subarray(row * width, (row + 1) * width);
      const out = x.subarray(at * width, (at + 1) * width);
      if (augment && augmenter)
        write(raw, out, { augmenter, standardize, key: { seed, epoch, position } });
      else standardize(raw, out);
      for (let i = 0; i < labelWidth; i++) y[at * labelWidth + i] = labels[row * labelWidth + i]!;
    }
  };
}

function write(
  raw: Uint8Array | Float32Array,
  out: Float32Array,
  how: {
    readonly augmenter: Augmenter;
    readonly standardize: ReturnType<typeof createStandardizer>;
    readonly key: Parameters<Augmenter>[1];
  },
): void {
  const { moved, addNoise } = how.augmenter(raw, how.key);
  how.standardize(moved, out);
  addNoise(out);
}
