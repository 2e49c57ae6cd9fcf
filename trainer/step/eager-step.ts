/**
 * The training step as plain tfjs operations, on any backend: puts together the arena, the two
 * halves and the state for one model. One step owns the model's variable reads until `dispose`.
 */
import type * as tfl from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import { drawLayersFrom, type LayerDraws } from '../model/layer-draws.ts';
import { seededDraws } from '../model/seeded-draws.ts';
import { elementsOf } from '../named-array.ts';
import { createGradientHalf } from './gradient-half.ts';
import { movingStatisticsOf, penaltiesOf, type LayerVariable } from './model-layers.ts';
import { createOptimizerRule } from './optimizer-rule.ts';
import { createOptimizerSlots } from './optimizer-slots.ts';
import {
  planBuckets,
  withStateRegion,
  type BucketLayout,
  type NamedShape,
} from './plan-buckets.ts';
import type { GradientBucket, StepContext } from './step-context.ts';
import { createStepState, flattenState, unflattenState } from './step-state.ts';
import { openSums, sumsRegions } from './step-sums.ts';
import type { SampleLosses, StepMetric, TrainingStep } from './training-step.ts';
import { applyUpdate } from './update-half.ts';

export interface EagerStepOptions {
  readonly model: tfl.LayersModel;
  readonly loss: SampleLosses;
  readonly metrics: readonly StepMetric[];
  readonly optimizer: OptimizerConfig;
  /** Where random layers of the model draw from; default: seeded draws, on any backend. */
  readonly draws?: LayerDraws;
  /** training.clipping.globalNorm; absent: no clipping. */
  readonly clipNorm?: number | undefined;
  readonly bucketBytes: number;
  /** Most workers that the sums bucket has a row for; default 1. */
  readonly worldSize?: number;
  /** Figures in a worker's row; default 0. */
  readonly workerFloats?: number;
  /** Milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

/** @throws Failure BadConfig where the model cannot be trained by one batch and one loss. */
export function createEagerStep(options: EagerStepOptions): TrainingStep {
  const { model, optimizer, draws = seededDraws(), now = () => performance.now() } = options;
  const variables = [...new Set(model.trainableWeights as LayerVariable[])];
  assertTrainable(model, variables);
  drawLayersFrom(model, draws);

  const statistics = movingStatisticsOf(model);
  const sumsPlan = {
    metrics: options.metrics,
    statistics: statistics.map(namedShape),
    worldSize: options.worldSize ?? 1,
    workerFloats: options.workerFloats ?? 0,
  };
  const plan = planBuckets(variables.map(namedShape), options.bucketBytes, sumsRegions(sumsPlan));
  const rule = createOptimizerRule(optimizer);
  const buckets = placeVariables(plan, variables);
  const parts = {
    model,
    draws,
    statistics,
    rule,
    buckets,
    slots: createOptimizerSlots(rule, buckets),
  };
  const state = createStepState(parts);
  const stateFloats = state.shapes.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  const layout = withStateRegion(plan, stateFloats);
  const arena = new Float32Array(new SharedArrayBuffer(layout.floats * FLOAT_BYTES));
  const sums = openSums(arena, layout.buckets.at(-1)!, sumsPlan);
  const context: StepContext = { ...parts, arena, sums };
  const gradientHalf = createGradientHalf(context, {
    loss: options.loss,
    penalties: penaltiesOf(model),
    metrics: options.metrics,
  });
  let iteration = 0;

  return {
    layout,
    arena,
    stateFloats,
    get iteration() {
      return iteration;
    },
    gradients: (batch, gradientsOptions, onBucket) => {
      const start = now();
      gradientHalf.run(batch, gradientsOptions, onBucket);
      return { computeSeconds: (now() - start) / 1000 };
    },
    apply: ({ learningRate, step }) => {
      const update = { learningRate, step, t: iteration + 1, clipNorm: options.clipNorm };
      const gradientNorm = applyUpdate(context, update);
      iteration += 1;
      return { gradientNorm };
    },
    readSums: () => sums.read(),
    state: () => state.read(iteration),
    restore: (arrays) => {
      iteration = state.write(arrays);
    },
    writeStateTo: (target) => flattenState(state.read(iteration), target),
    readStateFrom: (source) => {
      iteration = state.write(unflattenState(state.shapes, source));
    },
    dispose: () => {
      gradientHalf.dispose();
      parts.slots.dispose();
    },
  };
}

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

function namedShape({ originalName, shape }: LayerVariable): NamedShape {
  return { name: originalName, shape: shape as number[] };
}

/** The plan lists variables in reverse; the variable objects come back by position. */
function placeVariables(
  plan: BucketLayout,
  variables: readonly LayerVariable[],
): readonly GradientBucket[] {
  let order = variables.length;
  return plan.buckets.slice(0, -1).map((bucket) => ({
    index: bucket.index,
    offset: bucket.offset,
    length: bucket.length,
    members: bucket.variables.map(({ shape, offset, length }) => {
      order -= 1;
      const start = offset - bucket.offset;
      return {
        variable: variables[order]!,
        shape,
        order,
        bucket: bucket.index,
        offset,
        start,
        length,
      };
    }),
  }));
}

function assertTrainable(model: tfl.LayersModel, variables: readonly LayerVariable[]): void {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new Failure(
      'BadConfig',
      `The network has ${model.inputs.length} inputs and ${model.outputs.length} outputs; ` +
        'training takes networks with one input and one output.',
    );
  }
  if (variables.length === 0) {
    throw new Failure(
      'BadConfig',
      'The network has no trainable weights; add a layer with weights or set trainable to true.',
    );
  }
}
