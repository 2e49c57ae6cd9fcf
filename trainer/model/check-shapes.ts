/**
 * Compares what a model takes and gives with the data and the loss before anything is trained, so
 * that a mismatch is one sentence instead of an error deep inside a kernel.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { LossConfig } from '@tfjs-operator/api/run-config.ts';
import { canonicalLoss } from './loss.ts';

export interface LabelShape {
  /** Number of classes; 0 where labels are numbers. */
  readonly classCount: number;
  /** Numbers per sample; 1 for classes. */
  readonly labelWidth: number;
}

/** Losses that compare a probability per class. */
const perClass = new Set([
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
  'categoricalHinge',
  'kullbackLeiblerDivergence',
]);

/**
 * @param sampleShape of one sample as the data set gives it, for example [28, 28, 1].
 * @throws Failure('BadConfig') in one sentence that names the layer, both shapes and the way out.
 */
export function checkShapes(
  model: LayersModel,
  sampleShape: readonly number[],
  labels: LabelShape,
  loss: LossConfig,
): void {
  checkCounts(model);
  checkInput(model, sampleShape);
  const output = outputOf(model);
  if (labels.classCount > 0) checkClasses(output, labels.classCount, loss);
  else checkNumbers(output, labels.labelWidth, loss);
}

interface Output {
  readonly layer: string;
  readonly shape: readonly (number | null)[];
  /** Numbers per sample; NaN where a dimension is free. */
  readonly units: number;
}

function checkCounts(model: LayersModel): void {
  for (const [what, count] of [
    ['inputs', model.inputs.length],
    ['outputs', model.outputs.length],
  ] as const) {
    if (count === 1) continue;
    throw new Failure(
      'BadConfig',
      `The model has ${count} ${what}, but a data set gives one of each; use a topology with one input and one output.`,
    );
  }
}

function checkInput(model: LayersModel, sampleShape: readonly number[]): void {
  const wanted = (model.inputs[0]?.shape ?? []).slice(1);
  const fits =
    wanted.length === sampleShape.length &&
    wanted.every((size, axis) => size === null || size === sampleShape[axis]);
  if (fits) return;
  const first = model.layers[0]?.name ?? model.name;
  throw new Failure(
    'BadConfig',
    `The model's input, layer "${first}", takes samples of shape ${show(wanted)}, but the data has ${show(sampleShape)}; change batch_input_shape in the topology or dataset.features.shape.`,
  );
}

function outputOf(model: LayersModel): Output {
  const output = model.outputs[0];
  const shape = (output?.shape ?? []).slice(1);
  return {
    layer: output?.sourceLayer.name ?? model.name,
    shape,
    units: shape.reduce<number>((product, size) => product * (size ?? Number.NaN), 1),
  };
}

function checkClasses(output: Output, classes: number, loss: LossConfig): void {
  const name = canonicalLoss(loss.name) ?? loss.name;
  const { layer, shape } = output;
  if (shape.length !== 1) {
    throw new Failure(
      'BadConfig',
      `The last layer, "${layer}", gives shape ${show(shape)} per sample, but class labels need one row of ${classes}; end the model with Flatten and Dense.`,
    );
  }
  const units = shape[0];
  if (units === 1 && !perClass.has(name)) {
    if (classes <= 2) return;
    throw new Failure(
      'BadConfig',
      `The last layer, "${layer}", has 1 unit, which tells 2 classes apart, but the data has ${classes}; give it ${classes} units with softmax and the loss categoricalCrossentropy.`,
    );
  }
  if (units !== classes) {
    const binary =
      units === 1 && classes === 2 ? ', or use the loss binaryCrossentropy with this one unit' : '';
    throw new Failure(
      'BadConfig',
      `The last layer, "${layer}", has ${units} units but the data has ${classes} classes; set its units to ${classes}${binary}.`,
    );
  }
}

function checkNumbers(output: Output, width: number, loss: LossConfig): void {
  const name = canonicalLoss(loss.name) ?? loss.name;
  if (name === 'sparseCategoricalCrossentropy') {
    throw new Failure(
      'BadConfig',
      `The loss ${loss.name} compares class indices, but dataset.labels.type is number; set the type to class or take a loss for numbers such as meanSquaredError.`,
    );
  }
  if (output.units === width) return;
  throw new Failure(
    'BadConfig',
    `The last layer, "${output.layer}", gives ${show(output.shape)} per sample but the data has ${width} label value${width === 1 ? '' : 's'}; set its units to ${width}.`,
  );
}

function show(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? 'any').join(', ')}]`;
}
