/**
 * The weights of a model by the names that files use: `layer/kernel`, as TensorFlow.js itself
 * matches them on loading. Reads them out and sets them from a file's, saying clearly what does not
 * fit. Reads and writes no files.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { NamedArray } from '../named-array.ts';
import { tensorOf } from './layer-walk.ts';

export interface LayerWeights {
  /** Name of a layer of the outermost model. */
  readonly layer: string;
  readonly variables: readonly LayerVariable[];
}

/** Variables by outermost layer, trainable ones first: the order of Keras and TensorFlow.js. */
export function layerWeights(model: LayersModel): LayerWeights[] {
  return model.layers
    .filter((layer) => layer.weights.length > 0)
    .map((layer) => ({ layer: layer.name, variables: layer.weights }));
}

/** Copies of all weights, in the order of layerWeights. */
export async function readWeights(model: LayersModel): Promise<NamedArray[]> {
  return Promise.all(layerWeights(model).flatMap((layer) => layer.variables.map(copyOf)));
}

/** A copy of one weight's values. */
export async function copyOf(variable: LayerVariable): Promise<NamedArray> {
  return {
    name: variable.originalName,
    shape: variable.shape as number[],
    data: Float32Array.from(await tensorOf(variable).data<'float32'>()),
  };
}

/**
 * Sets all weights of the model. Names match exactly or, for files that name variables otherwise
 * (Keras), by outermost layer and position.
 * @param source file or URI, for the message.
 * @throws Failure('BadConfig') in one sentence where a weight is missing, unknown or of another
 *   shape; the model is unchanged then.
 */
export function assignWeights(
  model: LayersModel,
  given: readonly NamedArray[],
  source: string,
): void {
  const layers = new Set(model.layers.map((layer) => layer.name));
  const weights = given.map((weight) => ({ ...weight, name: fromLayerOn(weight.name, layers) }));
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const used = new Set<NamedArray>();
  const pairs: { variable: LayerVariable; value: NamedArray }[] = [];
  for (const { layer, variables } of layerWeights(model)) {
    const ofLayer = weights.filter((weight) => weight.name.startsWith(`${layer}/`));
    const byPosition = ofLayer.length === variables.length ? ofLayer : [];
    for (const [index, variable] of variables.entries()) {
      const value = byName.get(variable.originalName) ?? byPosition[index];
      if (!value) throw missing(variable, ofLayer, source);
      checkShape(variable, value, source);
      used.add(value);
      pairs.push({ variable, value });
    }
  }
  const left = weights.find((weight) => !used.has(weight));
  if (left) {
    throw new Failure(
      'BadConfig',
      `The weights in ${source} hold "${left.name}", for which the model has no layer; give the weights of this topology.`,
    );
  }
  for (const { variable, value } of pairs) {
    const tensor = tf.tensor(value.data, [...value.shape]);
    variable.write(tensor);
    tensor.dispose();
  }
}

/** Keras puts the names of outer models before the layer's, and `:0` behind the weight's. */
function fromLayerOn(name: string, layers: ReadonlySet<string>): string {
  const parts = name.replace(/:\d+$/, '').split('/');
  const start = parts.findIndex((part) => layers.has(part));
  return parts.slice(Math.max(0, start)).join('/');
}

function missing(variable: LayerVariable, found: readonly NamedArray[], source: string): Failure {
  const others =
    found.length === 0 ? '' : ` (that layer has ${found.map(({ name }) => name).join(', ')})`;
  return new Failure(
    'BadConfig',
    `The weights in ${source} lack "${variable.originalName}"${others}; give the weights of this topology.`,
  );
}

function checkShape(variable: LayerVariable, value: NamedArray, source: string): void {
  if (variable.shape.join() === value.shape.join()) return;
  throw new Failure(
    'BadConfig',
    `The weight "${value.name}" in ${source} has the shape [${value.shape.join(', ')}], but the model needs [${variable.shape.join(', ')}]; give the weights of this topology.`,
  );
}
