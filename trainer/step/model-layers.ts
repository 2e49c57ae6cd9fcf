/**
 * What a step must know about a layers model: its distinct layers at any depth, their penalties
 * and their moving statistics. tfjs-layers itself looks for penalties in direct layers only, so
 * the regularizers of recurrent cells and of wrapped layers would have no effect.
 */
import * as tfl from '@tensorflow/tfjs-layers';
import type * as tf from '@tensorflow/tfjs-core';

export type LayerVariable = tfl.LayerVariable;

/** Fields through which tfjs-layers nests layers: containers, RNNs and stacked cells, wrappers. */
const NESTING_FIELDS = ['layers', 'cell', 'cells', 'layer', 'forwardLayer', 'backwardLayer'];

/** Each layer once, outer before inner, however often a model uses it. */
export function distinctLayers(model: tfl.LayersModel): readonly tfl.layers.Layer[] {
  const found = new Set<tfl.layers.Layer>([model]);
  for (const layer of found) {
    // A set goes on with what is added during the walk, and takes nothing twice.
    for (const inner of nestedLayers(layer)) found.add(inner);
  }
  return [...found];
}

function nestedLayers(layer: tfl.layers.Layer): readonly tfl.layers.Layer[] {
  return NESTING_FIELDS.flatMap((field): unknown => Reflect.get(layer, field)).filter(
    (nested) => nested instanceof tfl.layers.Layer,
  );
}

/** L1 and L2 terms of the model, each of them once; call them inside of the gradient's tape. */
export function penaltiesOf(model: tfl.LayersModel): readonly (() => tf.Scalar)[] {
  return distinctLayers(model).flatMap((layer) => [...layer.losses]);
}

/** The moving means and variances that BatchNormalization writes while it trains. */
export function movingStatisticsOf(model: tfl.LayersModel): readonly LayerVariable[] {
  const variables = distinctLayers(model)
    .filter((layer) => layer.getClassName() === 'BatchNormalization')
    .flatMap((layer) => layer.weights as LayerVariable[])
    .filter(({ originalName }) => /moving_(mean|variance)$/.test(originalName));
  return [...new Set(variables)];
}

/** The variable's values, row-major: a copy, for on some backends a read gives its own memory. */
export function valuesOf(variable: LayerVariable): Float32Array {
  return variable.read().dataSync<'float32'>().slice();
}
