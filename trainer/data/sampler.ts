/**
 * Which positions of an epoch belong to a step and to a rank: pure arithmetic on the cursor, no
 * state. A step's positions depend on the global batch size only, never on the number of workers,
 * so the number may change at any step and each sample is still seen exactly once per epoch.
 */

export interface SliceRequest {
  /** Samples of the training split. */
  readonly samples: number;
  /** Samples of one step over all workers. */
  readonly batchSize: number;
  readonly stepInEpoch: number;
  readonly rank: number;
  readonly worldSize: number;
}

export interface Slice {
  /** Positions [start, end) in the epoch's permuted order; empty where a tail has fewer samples
   * than there are workers. */
  readonly start: number;
  readonly end: number;
  /** Samples of the step over all ranks: what the loss is divided by. */
  readonly globalCount: number;
}

/** Steps of an epoch; the last one may have fewer samples. */
export function stepsPerEpoch(samples: number, batchSize: number): number {
  return Math.ceil(samples / batchSize);
}

/**
 * The slice of a rank; slices of one step differ by at most one sample.
 * @throws RangeError for a step or rank that does not exist.
 */
export function sliceOfStep(request: SliceRequest): Slice {
  const { samples, batchSize, stepInEpoch, rank, worldSize } = request;
  if (!(stepInEpoch >= 0 && stepInEpoch < stepsPerEpoch(samples, batchSize))) {
    throw new RangeError(`Step ${stepInEpoch} is not in an epoch of ${samples}/${batchSize}.`);
  }
  if (!(rank >= 0 && rank < worldSize)) {
    throw new RangeError(`Rank ${rank} is not in a world of ${worldSize}.`);
  }
  const first = stepInEpoch * batchSize;
  const globalCount = Math.min(batchSize, samples - first);
  return {
    start: first + Math.floor((globalCount * rank) / worldSize),
    end: first + Math.floor((globalCount * (rank + 1)) / worldSize),
    globalCount,
  };
}
