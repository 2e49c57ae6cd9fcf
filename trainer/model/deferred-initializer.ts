/**
 * Stands in for every initializer while TensorFlow.js builds a model: makes zeros and keeps what
 * the topology asked for, so that initial-values.ts can compute it afterwards. Registered under a
 * name of its own; never part of a saved topology.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { InitializerJson } from './initial-values.ts';

export class DeferredInitializer extends tf.serialization.Serializable {
  static readonly className = 'DeferredInitializer';
  readonly wanted: InitializerJson;

  constructor(config: { readonly wanted: InitializerJson }) {
    super();
    this.wanted = config.wanted;
  }

  apply(shape: number[], dtype?: tf.DataType): tf.Tensor {
    return tf.zeros(shape, dtype ?? 'float32');
  }

  /** Bidirectional makes its two layers from the configuration of one. */
  getConfig(): tf.serialization.ConfigDict {
    return { wanted: this.wanted as unknown as tf.serialization.ConfigDict };
  }
}

tf.serialization.registerClass(
  DeferredInitializer as unknown as tf.serialization.SerializableConstructor<DeferredInitializer>,
);
