/**
 * The gradient half as a graph: records one training pass over a batch and adds what carries its
 * results out. One function per number of samples, since shapes are constants of a recording.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NodeBackend } from '../../backend/tensorflow/node-backend.ts';
import type { StatelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import { batchTensors } from '../batch-tensors.ts';
import type { LayerVariable } from '../model-layers.ts';
import type { GradientBucket, StepContext } from '../step-context.ts';
import type { TrainingPass } from '../training-pass.ts';
import type { Precision, StepBatch } from '../training-step.ts';
import { copyInBfloat16 } from './in-bfloat16.ts';
import { assertSameNodes } from './same-nodes.ts';
import {
  after,
  createGraph,
  DataType,
  floatType,
  intConstant,
  type Graph,
  type NodeOutput,
} from './graph.ts';
import { readVariable, type GraphFunction, type Program, type Variable } from './program.ts';
import { record, type Recording } from './recorder.ts';
import { scoped } from '../scope.ts';

/** Numbers that change from step to step. */
export interface PassNumbers {
  /** 1 / globalCount */
  readonly weight: number;
  readonly randomKey: number;
}

/** What a pass computed, by values. */
export interface PassValues {
  /** By place: flat, zeros where the loss does not depend on the variable. */
  readonly gradients: readonly Float32Array[];
  /** Loss, metrics and statistics one after another, as they lie in the sums bucket. */
  readonly sums: Float32Array;
}

export interface GradientTools {
  readonly backend: NodeBackend;
  readonly program: Program;
  readonly context: StepContext;
  readonly pass: TrainingPass;
  readonly draws: StatelessDraws;
  /** All weights of the model. */
  readonly weights: ReadonlyMap<LayerVariable, Variable>;
  /** Where gradients stay, by place; undefined: they are fetched, bucket by bucket. */
  readonly kept: readonly Variable[] | undefined;
  readonly precision: Precision;
}

export interface GradientFunction {
  /** In float32. */
  readonly called: GraphFunction;
  /** The same in bfloat16, where that is the precision. */
  readonly inBfloat16: GraphFunction | undefined;
  /** What the eager pass gave that was recorded. */
  readonly recorded: PassValues;
}

/** Floats of a fetched piece: 1 MiB, the size up to which fresh memory is read fastest. */
export const pieceFloats = 2 ** 18;

/**
 * Feeds: x, y, weight, random key. Fetches: sums, then the sum of squares of all gradients where
 * they are kept, else the buckets in pieces.
 * @throws NotRecordable where the step cannot become a graph.
 */
export function defineGradients(
  tools: GradientTools,
  batch: StepBatch,
  numbers: PassNumbers,
): GradientFunction {
  let recorded: PassValues | undefined;
  let copy: ((graph: Graph) => GraphFunction) | undefined;
  const called = tools.program.define((graph) => {
    const first = recordPass(tools, graph, batch, numbers);
    recorded = first.values;
    // Other numbers: what tfjs draws or computes in JavaScript shows as another constant.
    const otherNumbers = { weight: numbers.weight / 2, randomKey: numbers.randomKey ^ 0x55555555 };
    const second = createGraph(graph.prefix);
    recordPass(tools, second, batch, otherNumbers);
    assertSameNodes(graph.nodes, second.nodes);
    const { sums, gradients, feeds } = first;
    const pass = [...graph.nodes];
    copy = (other) => {
      const { outputOf } = copyInBfloat16(pass, other);
      const carried = carryOut(tools, other, gradients.map(outputOf));
      return { feeds: feeds.map(outputOf), fetches: [outputOf(sums), ...carried] };
    };
    return { feeds, fetches: [sums, ...carryOut(tools, graph, gradients)] };
  });
  const inBfloat16 = tools.precision === 'bfloat16' ? tools.program.define(copy!) : undefined;
  return { called, inBfloat16, recorded: recorded! };
}

interface RecordedPass {
  readonly feeds: readonly NodeOutput[];
  readonly sums: NodeOutput;
  readonly gradients: readonly NodeOutput[];
  readonly values: PassValues;
}

function recordPass(
  tools: GradientTools,
  graph: Graph,
  batch: StepBatch,
  numbers: PassNumbers,
): RecordedPass {
  const { backend, context, pass, draws, weights } = tools;
  return scoped(() => {
    const { x, y } = batchTensors(context.model, batch);
    const weight = tf.scalar(numbers.weight);
    const key = tf.scalar(numbers.randomKey, 'int32');
    const fed = [x, y, weight, key];
    const feeds = fed.map(({ dtype, shape }) =>
      graph.placeholder(backend.getDTypeInteger(dtype), shape),
    );
    const inputs = new Map<tf.TensorInfo, NodeOutput>(fed.map((tensor, i) => [tensor, feeds[i]!]));
    for (const [variable, held] of weights) inputs.set(variable.read(), readVariable(graph, held));
    const places = context.buckets.flatMap(({ members }) => members);
    const found: (tf.Tensor | undefined)[] = places.map(() => undefined);
    let held: readonly tf.Tensor[] = [];
    const compute = (recording: Recording): Omit<RecordedPass, 'feeds' | 'values'> => {
      draws.startPassWith(key);
      const sums = pass.run(
        { x, y, count: batch.count, weight },
        (index, gradient) => (found[index] = tf.keep(tf.clone(gradient))),
        ({ loss, metrics, statistics }) =>
          tf.keep(tf.concat([loss, ...metrics, ...statistics].map((t) => tf.reshape(t, [-1])))),
      );
      // No path from the loss to the variable: a gradient of zeros.
      const gradients = places.map(({ shape }, index) => found[index] ?? tf.zeros([...shape]));
      held = [sums, ...gradients];
      return {
        sums: recording.outputOf(sums),
        gradients: gradients.map((gradient) => recording.outputOf(gradient)),
      };
    };
    try {
      const outputs = record(backend, graph, inputs, compute);
      const [sums, ...gradients] = held.map((tensor) => tensor.dataSync<'float32'>());
      return { ...outputs, feeds, values: { sums: sums!, gradients } };
    } finally {
      tf.dispose([...held, ...found.filter((tensor) => tensor !== undefined)]);
    }
  });
}

function carryOut(
  { kept, context }: GradientTools,
  graph: Graph,
  gradients: readonly NodeOutput[],
): NodeOutput[] {
  if (kept !== undefined) return [keep(graph, kept, gradients)];
  let first = 0;
  return context.buckets.flatMap((bucket) => {
    const members = gradients.slice(first, first + bucket.members.length);
    first += bucket.members.length;
    return inPieces(graph, bucket, concat(graph, members));
  });
}

/** Gradients to their variables. @returns the sum of their squares. */
function keep(
  graph: Graph,
  kept: readonly Variable[],
  gradients: readonly NodeOutput[],
): NodeOutput {
  const halves = gradients.map((gradient) => graph.add('L2Loss', [gradient], { T: floatType }));
  const half = graph.add('AddN', halves, {
    T: floatType,
    N: { kind: 'int', value: halves.length },
  });
  const squares = graph.add('AddV2', [half, half], { T: floatType });
  const writes = kept.map(({ handle }, index) =>
    graph.add('AssignVariableOp', [handle, gradients[index]!], { dtype: floatType }),
  );
  return after(graph, squares, writes);
}

function concat(graph: Graph, tensors: readonly NodeOutput[]): NodeOutput {
  const flat = intConstant(graph, [-1]);
  const parts = tensors.map((tensor) => graph.add('Reshape', [tensor, flat], { T: floatType }));
  if (parts.length === 1) return parts[0]!;
  const axis = graph.constant(DataType.int32, [], new Uint8Array(4));
  return graph.add('ConcatV2', [...parts, axis], {
    T: floatType,
    Tidx: { kind: 'type', value: DataType.int32 },
    N: { kind: 'int', value: parts.length },
  });
}

/** Views where a piece begins at 64 bytes, as all of them do: slicing costs no copy. */
function inPieces(graph: Graph, { length }: GradientBucket, flat: NodeOutput): NodeOutput[] {
  const pieces: NodeOutput[] = [];
  for (let start = 0; start < length; start += pieceFloats) {
    const size = Math.min(pieceFloats, length - start);
    const range = [intConstant(graph, [start]), intConstant(graph, [size])];
    const attributes = { T: floatType, Index: { kind: 'type', value: DataType.int32 } } as const;
    pieces.push(graph.add('Slice', [flat, ...range], attributes));
  }
  return pieces;
}
