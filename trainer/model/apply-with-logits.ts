/**
 * The forward pass, with what the model's last softmax or sigmoid was applied to. A cross-entropy
 * of probabilities must cut them off near 0 and 1, where a sample that is surely wrong has no
 * gradient any more; of logits it is exact. Keras looks behind the activation in the same way
 * (`_keras_logits`, keras/src/backend/tensorflow/nn.py).
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

export interface Logits {
  readonly activation: 'softmax' | 'sigmoid';
  /** In the shape of the output. */
  readonly values: tf.Tensor;
}

/** The part of tfjs-layers' activations that is needed here. */
interface Activation {
  getClassName(): string;
  apply(values: tf.Tensor): tf.Tensor;
}

/**
 * @param use gets the model's output, a tensor of the caller's scope, and the logits behind it,
 *   which are disposed when it returns; undefined where the last layer has another activation.
 */
export function applyWithLogits<T>(
  model: tfl.LayersModel,
  x: tf.Tensor,
  options: { readonly training: boolean },
  use: (output: tf.Tensor, logits: Logits | undefined) => T,
): T {
  const activation = lastActivation(model);
  const kind = activation?.getClassName();
  if (activation === undefined || (kind !== 'softmax' && kind !== 'sigmoid')) {
    return use(model.apply(x, options) as tf.Tensor, undefined);
  }
  const calls: { values: tf.Tensor; result: tf.Tensor }[] = [];
  const own = activation.apply.bind(activation);
  activation.apply = (values) => {
    // A kept clone: scopes end, and inference frees what goes between layers, before `use`.
    const result = own(values);
    calls.push({ values: tf.keep(tf.clone(values)), result });
    return result;
  };
  try {
    const output = model.apply(x, options) as tf.Tensor;
    const behind = calls.find(({ result }) => result === output);
    return use(output, behind && { activation: kind, values: behind.values });
  } finally {
    Reflect.deleteProperty(activation, 'apply');
    tf.dispose(calls.map(({ values }) => values));
  }
}

/** Of Dense, convolutions and Activation; a model that is the last layer is opened. */
function lastActivation(model: tfl.LayersModel): Activation | undefined {
  const layer = model.outputs[0]?.sourceLayer;
  if (layer instanceof tfl.LayersModel) return lastActivation(layer);
  const activation: unknown = layer === undefined ? undefined : Reflect.get(layer, 'activation');
  return isActivation(activation) ? activation : undefined;
}

function isActivation(value: unknown): value is Activation {
  return typeof value === 'object' && value !== null && 'getClassName' in value && 'apply' in value;
}
