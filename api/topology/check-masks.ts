/**
 * Refuses networks in which Keras hands a mask (of Embedding with mask_zero, or of Masking) to a
 * layer that would compute otherwise without it, and TensorFlow.js does not: attention to padding,
 * and means over it. Recurrent layers get their masks in both.
 */
import { Failure } from '../failure.ts';
import { isJsonObject, objectAt, type JsonObject } from './json-object.ts';
import type { LayerJson } from './normalize-layer.ts';

export interface MaskedNode extends LayerJson {
  /** Names of the layers that it takes tensors from. */
  readonly from: readonly string[];
}

/** Layers whose result has the mask of their input in Keras 3. */
const carriers: ReadonlySet<string> = new Set([
  'Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax', 'Dense',
  'Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'Add',
  'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'BatchNormalization',
  'LayerNormalization', 'MultiHeadAttention', 'TimeDistributed',
]); // prettier-ignore

const consumers: ReadonlySet<string> = new Set(['MultiHeadAttention', 'GlobalAveragePooling1D']);

/** @throws Failure('BadConfig') that names both layers and the way out. */
export function checkMasks(nodes: readonly MaskedNode[]): void {
  /** The layer that a layer's mask comes from, by layer. */
  const masks = new Map<string, string>();
  const nameOf = (node: MaskedNode): string => String(node.config['name']);
  // Layers may stand in any order; each round carries masks at least one layer on.
  for (let known = -1; known < masks.size;) {
    known = masks.size;
    for (const node of nodes) {
      const source = makesMask(node) ? nameOf(node) : carriedMask(node, masks);
      if (source !== undefined) masks.set(nameOf(node), source);
    }
  }
  for (const node of nodes.filter(({ class_name }) => consumers.has(class_name))) {
    const source = node.from.map((name) => masks.get(name)).find((name) => name !== undefined);
    if (source === undefined) continue;
    throw new Failure(
      'BadConfig',
      `Layer "${nameOf(node)}" (${node.class_name}) would get the mask of the layer "${source}" in Keras, and TensorFlow.js gives it none; set mask_zero to false there, or take the Masking layer out.`,
    );
  }
}

function makesMask({ class_name, config }: LayerJson): boolean {
  return class_name === 'Masking' || (class_name === 'Embedding' && config['mask_zero'] === true);
}

function carriedMask(node: MaskedNode, masks: ReadonlyMap<string, string>): string | undefined {
  if (!carriers.has(node.class_name) && !returnsSequences(node.config)) return undefined;
  return node.from.map((name) => masks.get(name)).find((name) => name !== undefined);
}

/** Of recurrent layers, also inside of Bidirectional. */
function returnsSequences(config: JsonObject): boolean {
  const inner = config['layer'];
  const own = isJsonObject(inner) ? objectAt(inner, 'config') : config;
  return own?.['return_sequences'] === true;
}
