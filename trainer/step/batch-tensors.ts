/**
 * Sample data of a batch as tensors in the shapes that the model and the losses expect. On some
 * backends the tensors alias the batch's memory: dispose them before the batch is released.
 */
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { elementsOf } from '../named-array.ts';
import type { StepBatch } from './training-step.ts';

/**
 * @returns x [count, ...sample shape of the model's input] and y: [count] int32 for classes,
 * [count, width] float32 for values.
 * @throws Failure BadConfig where the samples do not fit the model's input.
 */
export function batchTensors(
  model: tfl.LayersModel,
  batch: StepBatch,
): { readonly x: tf.Tensor; readonly y: tf.Tensor } {
  const { x, y, count } = batch;
  const sampleShape = sampleShapeOf(model, x.length / count);
  return {
    x: tf.tensor(x, [count, ...sampleShape], 'float32'),
    y:
      y instanceof Int32Array
        ? tf.tensor1d(y, 'int32')
        : tf.tensor2d(y, [count, y.length / count], 'float32'),
  };
}

/** The model's input shape; one open dimension (time steps) takes what is left. */
function sampleShapeOf(model: tfl.LayersModel, sampleFloats: number): number[] {
  const shape = model.inputs[0]?.shape.slice(1) ?? [];
  const known = elementsOf(shape.map((size) => size ?? 1));
  const open = shape.filter((size) => size === null).length;
  const filled = shape.map((size) => size ?? sampleFloats / known);
  if (open > 1 || !filled.every(Number.isInteger) || elementsOf(filled) !== sampleFloats) {
    throw new Failure(
      'BadConfig',
      `The model's input takes samples of shape [${shape.map((size) => size ?? 'any').join(', ')}], ` +
        `but the data set has ${sampleFloats} numbers per sample; ` +
        'set dataset.features.shape or the batch input shape of the first layer.',
    );
  }
  return filled;
}
