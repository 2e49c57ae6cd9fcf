/**
 * The second half as a graph: gradients in, weights, slots and moving statistics updated where they
 * are. Every number that changes from step to step is fed.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import type { NodeBackend } from '../../backend/tensorflow/node-backend.ts';
import type { LayerVariable } from '../model-layers.ts';
import type { GradientBucket, GradientPlace, StepContext } from '../step-context.ts';
import { fusedUpdate } from './fused-update.ts';
import { after, DataType, floatType, intConstant, type Graph, type NodeOutput } from './graph.ts';
import { readVariable, type GraphFunction, type Program, type Variable } from './program.ts';
import { record } from './recorder.ts';
import { scoped } from '../scope.ts';

export interface UpdateTools {
  readonly backend: NodeBackend;
  readonly program: Program;
  readonly context: StepContext;
  readonly optimizer: OptimizerConfig;
  readonly isClipping: boolean;
  readonly weights: ReadonlyMap<LayerVariable, Variable>;
  /** By place, then slot. */
  readonly slots: readonly (readonly Variable[])[];
  /** Gradients that stayed, by place; undefined: buckets are fed. */
  readonly kept: readonly Variable[] | undefined;
}

/** Numbers of an update in the order in which they are fed, as one vector. */
export function updateNumbers(
  { context, isClipping, optimizer }: Pick<UpdateTools, 'context' | 'isClipping' | 'optimizer'>,
  step: { readonly learningRate: number; readonly t: number; readonly clip: number },
): Float32Array {
  const { rule } = context;
  const scalars = rule.scalars(step.learningRate, step.t);
  return Float32Array.from([
    ...(fusedUpdate(optimizer, rule)?.numbers(scalars, step.t) ?? scalars),
    ...(isClipping ? [step.clip] : []),
    ...(rule.weightDecay ? [1 - step.learningRate * rule.weightDecay] : []),
  ]);
}

/** Feeds: numbers, moving statistics as one vector if there are any, buckets unless kept. */
export function defineUpdate(tools: UpdateTools): GraphFunction {
  const { program, context, kept, weights } = tools;
  return program.define((graph) => {
    const numbers = splitNumbers(tools, graph);
    const gradients = kept
      ? { feeds: [], outputs: kept.map((variable) => readVariable(graph, variable)) }
      : fedGradients(graph, context.buckets);
    const places = context.buckets.flatMap(({ members }) => members);
    const updates = places.map((place, index) =>
      updateVariable(tools, graph, {
        place,
        weight: weights.get(place.variable)!,
        slots: tools.slots[index]!,
        gradient: gradients.outputs[index]!,
        numbers,
      }),
    );
    const statistics = assignStatistics(tools, graph);
    const zero = graph.constant(DataType.float, [], new Uint8Array(4));
    return {
      feeds: [numbers.feed, ...statistics.feeds, ...gradients.feeds],
      fetches: [after(graph, zero, [...updates, ...statistics.nodes])],
    };
  });
}

interface Numbers {
  readonly feed: NodeOutput;
  readonly scalars: readonly NodeOutput[];
  readonly clip: NodeOutput | undefined;
  readonly decay: NodeOutput | undefined;
}

function splitNumbers(tools: UpdateTools, graph: Graph): Numbers {
  const count = updateNumbers(tools, { learningRate: 1, t: 1, clip: 1 }).length;
  const feed = graph.placeholder(DataType.float, [count]);
  const node = graph.add('Unpack', [feed], {
    T: floatType,
    num: { kind: 'int', value: count },
    axis: { kind: 'int', value: 0 },
  });
  const outputs = Array.from({ length: count }, (_, i) => (i === 0 ? node : `${node}:${i}`));
  const decay = tools.context.rule.weightDecay ? outputs.pop() : undefined;
  const clip = tools.isClipping ? outputs.pop() : undefined;
  return { feed, scalars: outputs, clip, decay };
}

/** The reduced buckets, cut into gradients. */
function fedGradients(
  graph: Graph,
  buckets: readonly GradientBucket[],
): { readonly feeds: NodeOutput[]; readonly outputs: NodeOutput[] } {
  const feeds: NodeOutput[] = [];
  const outputs = buckets.flatMap((bucket) => {
    const feed = graph.placeholder(DataType.float, [bucket.length]);
    feeds.push(feed);
    return bucket.members.map(({ start, length, shape }) =>
      cut(graph, feed, { start, length, shape }),
    );
  });
  return { feeds, outputs };
}

function cut(
  graph: Graph,
  flat: NodeOutput,
  { start, length, shape }: Pick<GradientPlace, 'start' | 'length' | 'shape'>,
): NodeOutput {
  const index = { kind: 'type', value: DataType.int32 } as const;
  const range = [intConstant(graph, [start]), intConstant(graph, [length])];
  const part = graph.add('Slice', [flat, ...range], { T: floatType, Index: index });
  const size = intConstant(graph, shape);
  return graph.add('Reshape', [part, size], { T: floatType, Tshape: index });
}

interface Update {
  readonly place: GradientPlace;
  readonly weight: Variable;
  readonly slots: readonly Variable[];
  readonly gradient: NodeOutput;
  readonly numbers: Numbers;
}

/** @returns the last node of the update. */
function updateVariable(tools: UpdateTools, graph: Graph, update: Update): NodeOutput {
  const { numbers, weight, slots } = update;
  const gradient = numbers.clip
    ? graph.add('Mul', [update.gradient, numbers.clip], { T: floatType })
    : update.gradient;
  const order: NodeOutput[] = [];
  if (numbers.decay) {
    const decayed = graph.add('Mul', [readVariable(graph, weight), numbers.decay], {
      T: floatType,
    });
    order.push(assign(graph, weight, decayed));
  }
  const fused = fusedUpdate(tools.optimizer, tools.context.rule);
  const handles = slots.map(({ handle }) => handle);
  const updated = fused
    ? fused.add(graph, { weight: weight.handle, slots: handles, gradient, order }, numbers.scalars)
    : recordedUpdate(tools, graph, { ...update, gradient });
  return constrain(tools, graph, update, updated);
}

/** The rule itself, written down operation by operation. */
function recordedUpdate(tools: UpdateTools, graph: Graph, update: Update): NodeOutput {
  const { weight, slots, gradient, numbers, place } = update;
  return scoped(() => {
    const standIn = (shape: readonly number[]): tf.Tensor => tf.ones([...shape]);
    const tensors = [gradient, ...slots].map(() => standIn(place.shape));
    const scalars = numbers.scalars.map(() => standIn([]));
    const inputs = new Map<tf.TensorInfo, NodeOutput>();
    tensors.forEach((tensor, i) =>
      inputs.set(tensor, i === 0 ? gradient : readVariable(graph, slots[i - 1]!)),
    );
    scalars.forEach((tensor, i) => inputs.set(tensor, numbers.scalars[i]!));
    const [first, ...others] = tensors;
    const outputs = record(tools.backend, graph, inputs, (recording) => {
      const result = tools.context.rule.update(first!, others, scalars);
      return [result.update, ...result.slots].map((tensor) => recording.outputOf(tensor));
    });
    const [change, ...values] = outputs;
    const written = slots.map((slot, i) => assign(graph, slot, values[i]!));
    return graph.add(
      'AssignAddVariableOp',
      [weight.handle, change!, ...written.map((name) => `^${name}`)],
      { dtype: floatType },
    );
  });
}

/** Applies the variable's constraint to what the update made of it, as Keras does. */
function constrain(
  { backend }: UpdateTools,
  graph: Graph,
  { place, weight }: Update,
  updated: NodeOutput,
): NodeOutput {
  const { constraint } = place.variable as unknown as {
    readonly constraint: { apply(value: tf.Tensor): tf.Tensor } | null;
  };
  if (!constraint) return updated;
  const value = graph.add('ReadVariableOp', [weight.handle, `^${updated}`], { dtype: floatType });
  const projected = scoped(() => {
    const standIn = tf.ones([...place.shape]);
    return record(backend, graph, new Map([[standIn, value]]), (recording) =>
      recording.outputOf(constraint.apply(standIn)),
    );
  });
  return assign(graph, weight, projected);
}

function assignStatistics(
  { context, weights }: UpdateTools,
  graph: Graph,
): { readonly feeds: NodeOutput[]; readonly nodes: NodeOutput[] } {
  const held = context.statistics.map((variable) => weights.get(variable)!);
  if (held.length === 0) return { feeds: [], nodes: [] };
  const lengths = held.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const feed = graph.placeholder(DataType.float, [lengths.reduce((sum, length) => sum + length)]);
  let start = 0;
  const nodes = held.map((variable, index) => {
    const length = lengths[index]!;
    const part = cut(graph, feed, { start, length, shape: variable.shape });
    start += length;
    // What is fed may alias the caller's memory.
    return assign(graph, variable, graph.add('DeepCopy', [part], { T: floatType }));
  });
  return { feeds: [feed], nodes };
}

function assign(graph: Graph, { handle }: Variable, value: NodeOutput): NodeOutput {
  return graph.add('AssignVariableOp', [handle, value], { dtype: floatType });
}
