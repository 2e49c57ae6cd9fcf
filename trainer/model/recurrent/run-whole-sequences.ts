/**
 * Makes recurrent layers compute a sequence as one operation, where tfjs-layers composes each time
 * step of small ones with a gradient for each. Weights, shapes and configuration stay the layer's.
 * What is not covered falls back to tfjs: masks, initial and kept states, returned states, other
 * activations, dropout of the recurrent state, StackedRNNCells and ConvLSTM2D.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { walkLayers, type LayerInside } from '../layer-walk.ts';
import type { CellKind } from './composed-cell.ts';
import { composeSequence } from './composed-sequence.ts';
import { gruCell } from './gru-cell.ts';
import { kernelSequenceOf } from './kernel-sequence.ts';
import { lstmCell } from './lstm-cell.ts';
import type { RunSequence } from './sequence.ts';
import { simpleCell } from './simple-cell.ts';

/** Class names of tfjs-layers. */
const cells: Readonly<Record<string, CellKind>> = {
  LSTM: lstmCell,
  GRU: gruCell,
  SimpleRNN: simpleCell,
};

interface Activation {
  getClassName(): string;
}

interface CellInside {
  readonly kernel: LayerVariable;
  readonly recurrentKernel: LayerVariable;
  readonly bias: LayerVariable | null;
  readonly activation: Activation;
  /** Absent on SimpleRNN. */
  readonly recurrentActivation?: Activation;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly dropoutFunc?: ((ones: tf.Tensor, rate: number) => tf.Tensor) | null;
}

interface CallOptions {
  readonly training?: boolean;
  readonly mask?: unknown;
  readonly initialState?: unknown;
}

type Call = (
  inputs: tf.Tensor | tf.Tensor[],
  options?: CallOptions | null,
) => tf.Tensor | tf.Tensor[];

interface RecurrentLayer {
  readonly cell: CellInside;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  call: Call;
}

/** Every LSTM, GRU and SimpleRNN of the model, those inside of wrappers as well. */
export function runWholeSequences(model: LayersModel): void {
  for (const { layer } of walkLayers(model)) {
    if (Object.hasOwn(cells, layer.getClassName())) runLayerWhole(layer);
  }
}

export function runLayerWhole(given: LayerInside): void {
  const className = given.getClassName();
  const layer = given as unknown as RecurrentLayer;
  const original = (Object.getPrototypeOf(layer) as { call: Call }).call;
  const composed = composeSequence(cells[className]!);
  const call: Call = (inputs, options) => {
    const input = Array.isArray(inputs) ? inputs[0]! : inputs;
    const isAlone = !Array.isArray(inputs) || inputs.length === 1;
    const isOurs = isAlone && !isSlower(className) && isCovered(layer, input, options ?? {});
    if (!isOurs) return original.call(layer, inputs, options);
    const run = kernelSequenceOf(className) ?? composed;
    return tf.tidy(() => runLayer(layer, run, dropInputs(layer.cell, input, options ?? {})));
  };
  Object.assign(given, { call });
}

/** One gate has too little to fuse: TensorFlow's graph of tfjs's own operations is the faster one. */
function isSlower(className: string): boolean {
  return className === 'SimpleRNN' && tf.getBackend() === 'tensorflow';
}

function isCovered(layer: RecurrentLayer, input: tf.Tensor, options: CallOptions): boolean {
  const hasState = !isMissing(options.initialState) || layer.stateful || layer.returnState;
  if (hasState || !isMissing(options.mask) || input.rank !== 3) return false;
  return hasUsualActivations(layer.cell) && (options.training !== true || canDrop(layer.cell));
}

/** Wrappers of tfjs hand on either. */
function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function hasUsualActivations({ activation, recurrentActivation }: CellInside): boolean {
  const gates = recurrentActivation?.getClassName() ?? 'sigmoid';
  return activation.getClassName() === 'tanh' && gates === 'sigmoid';
}

/** tfjs takes rates of 0 and 1 for none. */
function isDropping(rate: number): boolean {
  return 0 < rate && rate < 1;
}

function canDrop({ dropout, recurrentDropout, dropoutFunc }: CellInside): boolean {
  return (
    !isDropping(recurrentDropout) && (!isDropping(dropout) || typeof dropoutFunc === 'function')
  );
}

/** One mask [B, D] for all time steps and gates, as tfjs has it. */
function dropInputs(cell: CellInside, input: tf.Tensor, { training }: CallOptions): tf.Tensor {
  if (training !== true || !isDropping(cell.dropout) || !cell.dropoutFunc) return input;
  const [batch, , features] = input.shape as [number, number, number];
  const mask = cell.dropoutFunc(tf.ones([batch, features]), cell.dropout);
  return tf.mul(input, tf.expandDims(mask, 1));
}

function runLayer(layer: RecurrentLayer, run: RunSequence, input: tf.Tensor): tf.Tensor {
  const { cell, goBackwards, returnSequences } = layer;
  const forward = tf.transpose(input, [1, 0, 2]);
  const output = run(
    {
      x: (goBackwards ? tf.reverse(forward, 0) : forward) as tf.Tensor3D,
      kernel: cell.kernel.read() as tf.Tensor2D,
      recurrentKernel: cell.recurrentKernel.read() as tf.Tensor2D,
      bias: cell.bias?.read(),
    },
    returnSequences,
  );
  return returnSequences ? tf.transpose(output, [1, 0, 2]) : output;
}
