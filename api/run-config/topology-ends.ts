/**
 * What can be known of a topology without building the model: the shape of its input and what its
 * last layer gives. Where it is not certain the answer is undefined; the trainer builds the model
 * and judges again.
 */
import { isObject } from '../crd/structural-schema.ts';
import type { Topology } from '../run-config.ts';

type Json = Readonly<Record<string, unknown>>;

export interface OutputEnd {
  readonly layerName: string;
  readonly units: number;
  /** Of the last layer or of the activation layers after it; undefined where it is a custom one. */
  readonly activation: string | undefined;
}

/** Layers after the last Dense that change neither its width nor what the numbers mean. */
const transparentLayers: readonly string[] = ['Dropout', 'Activation', 'Softmax', 'ReLU'];

function layersOf(topology: Topology): readonly Json[] {
  const layers = topology.config['layers'];
  return Array.isArray(layers) ? layers.filter(isObject) : [];
}

function configOf(layer: Json | undefined): Json {
  return layer && isObject(layer['config']) ? layer['config'] : {};
}

function isSequential(topology: Topology): boolean {
  return topology.class_name === 'Sequential';
}

/** Shape of one sample as the model asks for it, without the batch; null where any size goes. */
export function inputShape(topology: Topology): readonly (number | null)[] | undefined {
  const layers = layersOf(topology);
  const inputs = isSequential(topology)
    ? layers.slice(0, 1)
    : layers.filter((layer) => layer['class_name'] === 'InputLayer');
  if (inputs.length !== 1) return undefined;
  const config = configOf(inputs[0]);
  const shape = config['batch_input_shape'] ?? config['batch_shape'] ?? config['batchInputShape'];
  if (!Array.isArray(shape)) return undefined;
  return shape.slice(1).map((size: unknown) => (typeof size === 'number' ? size : null));
}

/** What the model's single output gives, if it comes from a Dense layer. */
export function outputEnd(topology: Topology): OutputEnd | undefined {
  const layers = isSequential(topology) ? layersOf(topology) : chainToOutput(topology);
  let activation: string | undefined;
  for (const layer of [...layers].reverse()) {
    const config = configOf(layer);
    const className = String(layer['class_name']);
    if (className === 'Dense') return endOf(config, activation);
    if (!transparentLayers.includes(className)) return undefined;
    activation ??= activationOf(className, config);
  }
  return undefined;
}

function endOf(config: Json, after: string | undefined): OutputEnd | undefined {
  const { units, name } = config;
  if (typeof units !== 'number') return undefined;
  const own = config['activation'] ?? 'linear';
  const activation = after ?? (typeof own === 'string' ? own : undefined);
  return { layerName: typeof name === 'string' ? name : 'Dense', units, activation };
}

function activationOf(className: string, config: Json): string | undefined {
  if (className === 'Softmax') return 'softmax';
  if (className === 'ReLU') return 'relu';
  const { activation } = config;
  return className === 'Activation' && typeof activation === 'string' ? activation : undefined;
}

/** Layers from the single input to the single output of a functional model without branches. */
function chainToOutput(topology: Topology): readonly Json[] {
  const outputs = topology.config['output_layers'];
  const output = singleName(outputs);
  const layers = layersOf(topology);
  const last = layers.findIndex((layer) => layerName(layer) === output);
  // Keras writes layers in topological order; only the one before the output may be looked through.
  return output === undefined || last < 0 ? [] : layers.slice(last, last + 1);
}

function layerName(layer: Json): unknown {
  return layer['name'] ?? configOf(layer)['name'];
}

/** `[["dense", 0, 0]]` (Keras 2) or `["dense", 0, 0]` (Keras 3). */
function singleName(outputs: unknown): string | undefined {
  if (!Array.isArray(outputs)) return undefined;
  if (typeof outputs[0] === 'string') return outputs[0];
  if (outputs.length !== 1 || !Array.isArray(outputs[0])) return undefined;
  const [name] = outputs[0] as unknown[];
  return typeof name === 'string' ? name : undefined;
}
