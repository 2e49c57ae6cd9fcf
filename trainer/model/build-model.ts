/**
 * Builds the model to train from a topology of any dialect. Weights are the same on every rank and
 * backend for the same seed; randomness inside layers is the step's (layer-draws.ts). Loads no files.
 */
import * as tf from '@tensorflow/tfjs-core';
// For its side effect: it registers the classes of layers and models.
import '@tensorflow/tfjs-layers';
import './attention/multi-head-attention.ts';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { DeferredInitializer } from './deferred-initializer.ts';
import { initialValues } from './initial-values.ts';
import { walkLayers, type LayerInside } from './layer-walk.ts';
import { normalizeByRows } from './layer-normalization.ts';
import { runWholeSequences } from './recurrent/run-whole-sequences.ts';
import { normalizeTopology } from '@tfjs-operator/api/topology/normalize-topology.ts';
import { toTfjsConfig } from './tfjs-config.ts';

export interface BuildOptions {
  /** `training.seed`: initial weights are a function of it and of their names. */
  readonly seed: number;
}

/**
 * @param topology as Keras 2, Keras 3 or TensorFlow.js write it.
 * @throws Failure('BadConfig') where a layer is unknown or shapes do not fit together.
 */
export function buildModel(topology: Topology, options: BuildOptions): LayersModel {
  const model = instantiate(normalizeTopology(topology));
  setInitialWeights(model, options.seed);
  normalizeByRows(model);
  runWholeSequences(model);
  return model;
}

interface TfjsConfig {
  readonly className: string;
  readonly config: tf.serialization.ConfigDict;
}

function instantiate(topology: Topology): LayersModel {
  const { className, config } = toTfjsConfig(topology) as TfjsConfig;
  const registered = tf.serialization.SerializationMap.getMap().classNameMap[className];
  if (!registered) throw new Error(`TensorFlow.js has no class ${className}`);
  const [constructor, fromConfig] = registered;
  let model: LayersModel | undefined;
  try {
    // Variables outlive the scope; what initializers leave behind (forget gates) does not.
    tf.tidy(() => {
      model = fromConfig(constructor, config) as unknown as LayersModel;
    });
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    const [firstLine = ''] = error.message.split('\n');
    throw new Failure(
      'BadConfig',
      `The layers of the topology do not fit together: ${firstLine.replace(/\.$/, '')}; change the shapes or sizes of that layer.`,
      { cause: error },
    );
  }
  if (!model) throw new Error('TensorFlow.js built no model');
  return model;
}

function setInitialWeights(model: LayersModel, seed: number): void {
  for (const { layer } of walkLayers(model)) {
    const own = [...(layer._trainableWeights ?? []), ...(layer._nonTrainableWeights ?? [])];
    for (const variable of own) {
      const values = weightValues(layer, variable, seed);
      const value = tf.tensor(values, variable.shape as number[]);
      variable.write(value);
      value.dispose();
    }
  }
}

function weightValues(layer: LayerInside, variable: LayerVariable, seed: number): Float32Array {
  const name = variable.originalName;
  const weight = name.slice(name.lastIndexOf('/') + 1);
  const initializer = (layer as unknown as Record<string, unknown>)[initializerKey(weight)];
  if (!(initializer instanceof DeferredInitializer)) {
    throw new Error(`Weight ${name} has no initializer in the catalog of layers`);
  }
  // MultiHeadAttention names its weights `query/kernel` and so on, below its own name.
  const inputAxes = layer.inputAxesOf?.(name.split('/').slice(-2).join('/'));
  const key = { seed, name, inputAxes };
  const values = initialValues(initializer.wanted, variable.shape as number[], key);
  if (weight === 'bias' && layer.unitForgetBias === true) {
    // Gates are laid out input, forget, cell, output: a forget gate that starts open.
    const units = layer.units ?? layer.filters ?? 0;
    values.fill(1, units, 2 * units);
  }
  return values;
}

/** `recurrent_kernel` starts by recurrentInitializer, `moving_mean` by movingMeanInitializer. */
function initializerKey(weight: string): string {
  const stem = weight === 'kernel' ? weight : weight.replace(/_kernel$/, '');
  const camel = stem.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return `${camel}Initializer`;
}
