/**
 * What all training steps are made of: buckets, arena, sums, state and iteration for one model,
 * around the engine that computes the two halves. One step owns the model's variable reads until
 * `dispose`.
 */
import type * as tfl from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import { drawLayersFrom, type LayerDraws } from '../model/layer-draws.ts';
import { elementsOf, type NamedArray } from '../named-array.ts';
import { movingStatisticsOf, type LayerVariable } from './model-layers.ts';
import { createOptimizerRule } from './optimizer-rule.ts';
import { createOptimizerSlots } from './optimizer-slots.ts';
import {
  planBuckets,
  withStateRegion,
  type ArenaLayout,
  type BucketLayout,
  type NamedShape,
} from './plan-buckets.ts';
import type { GradientBucket, StepContext } from './step-context.ts';
import { createStepState, flattenState, unflattenState, type StepState } from './step-state.ts';
import { openSums, sumsRegions } from './step-sums.ts';
import type { StepEngine } from './step-engine.ts';
import { createTrainingPass, type TrainingPass } from './training-pass.ts';
import type { SampleLosses, StepMetric, TrainingStep } from './training-step.ts';

export interface StepOptions {
  readonly model: tfl.LayersModel;
  readonly loss: SampleLosses;
  readonly metrics: readonly StepMetric[];
  readonly optimizer: OptimizerConfig;
  /** training.clipping.globalNorm; absent: no clipping. */
  readonly clipNorm?: number | undefined;
  readonly bucketBytes: number;
  /** Most workers that the sums bucket has a row for; default 1. */
  readonly worldSize?: number;
  /** Figures in a worker's row; default 0. */
  readonly workerFloats?: number;
  /**
   * There is no other rank, so that gradients need not come to the arena: a compiled step keeps
   * them in TensorFlow. Default: false.
   */
  readonly isAlone?: boolean;
  /** Milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

export type OpenEngine = (context: StepContext, pass: TrainingPass) => StepEngine;

/** @throws Failure BadConfig where the model cannot be trained by one batch and one loss. */
export function openStep(
  options: StepOptions & { readonly draws: LayerDraws },
  openEngine: OpenEngine,
): TrainingStep {
  const { now = () => performance.now() } = options;
  const { context, layout, pass, state, stateFloats } = layOut(options);
  const { arena, sums, slots } = context;
  const engine = openEngine(context, pass);
  pass.hooks.beforeRead(engine.beforeRead);
  let iteration = 0;
  const read = (): NamedArray[] => {
    engine.beforeRead();
    return state.read(iteration);
  };
  const write = (arrays: readonly NamedArray[]): void => {
    iteration = state.write(arrays);
    engine.afterWrite();
  };

  return {
    layout,
    arena,
    stateFloats,
    get iteration() {
      return iteration;
    },
    get execution() {
      return engine.execution;
    },
    gradients: (batch, gradientsOptions, onBucket) => {
      const start = now();
      engine.gradients(batch, gradientsOptions, onBucket);
      return { computeSeconds: (now() - start) / 1000 };
    },
    apply: ({ learningRate, step }) => {
      const update = { learningRate, step, t: iteration + 1, clipNorm: options.clipNorm };
      const gradientNorm = engine.update(update);
      iteration += 1;
      return { gradientNorm };
    },
    readSums: () => sums.read(),
    state: read,
    restore: write,
    writeStateTo: (target) => flattenState(read(), target),
    readStateFrom: (source) => write(unflattenState(state.shapes, source)),
    dispose: () => {
      engine.beforeRead();
      engine.dispose();
      pass.hooks.remove();
      slots.dispose();
    },
  };
}

interface LaidOut {
  readonly context: StepContext;
  readonly layout: ArenaLayout;
  readonly pass: TrainingPass;
  readonly state: StepState;
  readonly stateFloats: number;
}

function layOut(options: StepOptions & { readonly draws: LayerDraws }): LaidOut {
  const { model, draws, loss, metrics } = options;
  const variables = [...new Set(model.trainableWeights as LayerVariable[])];
  assertTrainable(model, variables);
  drawLayersFrom(model, draws);
  const statistics = movingStatisticsOf(model);
  const sumsPlan = {
    metrics,
    statistics: statistics.map(namedShape),
    worldSize: options.worldSize ?? 1,
    workerFloats: options.workerFloats ?? 0,
  };
  const plan = planBuckets(variables.map(namedShape), options.bucketBytes, sumsRegions(sumsPlan));
  const rule = createOptimizerRule(options.optimizer);
  const buckets = placeVariables(plan, variables);
  const slots = createOptimizerSlots(rule, buckets);
  const parts = { model, draws, statistics, rule, buckets, slots };
  const state = createStepState(parts);
  const stateFloats = state.shapes.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  const layout = withStateRegion(plan, stateFloats);
  const arena = new Float32Array(new SharedArrayBuffer(layout.floats * FLOAT_BYTES));
  const sums = openSums(arena, layout.buckets.at(-1)!, sumsPlan);
  const pass = createTrainingPass({
    model,
    variables: buckets.flatMap(({ members }) => members.map(({ variable }) => variable)),
    statistics,
    loss,
    metrics,
  });
  return { context: { ...parts, arena, sums }, layout, pass, state, stateFloats };
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
