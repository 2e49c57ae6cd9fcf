/**
 * Gradients as they get ready: tfjs has no hooks in its backward pass, but a `customGrad` identity
 * around a variable is called as soon as the variable's gradient is complete. All reads of a
 * variable in a step share one identity, so that a kernel read at each time step of an RNN gives
 * its gradient once, fully summed. The identity is made at the first read, not before, for the
 * backward pass goes through the tape in reverse order.
 *
 * Writes to moving statistics are caught as well: a forward pass leaves the model as it was.
 * Owns the `read` and `write` of the variables it was given until `remove()`.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from './model-layers.ts';

export interface VariableHooks {
  /** Runs `body` with hooked reads; `onGradient` may be called during the backward pass in it. */
  record<T>(onGradient: (index: number, gradient: tf.Tensor) => void, body: () => T): T;
  /**
   * Within `record`, after the forward pass: the value that the forward pass wrote to each of the
   * moving statistics, undefined where it wrote none. Disposed at the end of `record`.
   */
  written(): readonly (tf.Tensor | undefined)[];
  /**
   * Has `refresh` called before each read outside of `record`, of a trainable variable or a moving
   * statistic: their values may be kept elsewhere.
   */
  beforeRead(refresh: () => void): void;
  /** Gives the variables their own methods back. */
  remove(): void;
}

interface Recording {
  readonly onGradient: (index: number, gradient: tf.Tensor) => void;
  readonly reads: (tf.Tensor | undefined)[];
  readonly writes: (tf.Tensor | undefined)[];
}

/**
 * @param trainable variables whose gradients are reported, by index.
 * @param statistics variables whose writes are caught.
 */
export function hookVariables(
  trainable: readonly LayerVariable[],
  statistics: readonly LayerVariable[],
): VariableHooks {
  let recording: Recording | undefined;
  let refresh = (): void => undefined;

  trainable.forEach((variable, index) => {
    const identity = tf.customGrad((value) => ({
      value: tf.clone(value as tf.Tensor),
      gradFunc: (gradient: tf.Tensor) => {
        recording?.onGradient(index, gradient);
        return gradient;
      },
    }));
    const own = claim(variable);
    variable.read = () => {
      if (recording === undefined) {
        refresh();
        return own.read();
      }
      // Kept: the first read may happen in a scope that ends long before the last one.
      return (recording.reads[index] ??= tf.keep(identity(own.read())));
    };
  });

  statistics.forEach((variable, index) => {
    const own = claim(variable);
    variable.read = () => {
      if (recording === undefined) refresh();
      return recording?.writes[index] ?? own.read();
    };
    variable.write = (value) => {
      if (recording === undefined) return own.write(value);
      recording.writes[index]?.dispose();
      // BatchNormalization made this tensor for the write alone: keeping it spares a copy.
      recording.writes[index] = tf.keep(value);
      return variable;
    };
  });

  return {
    record: (onGradient, body) => {
      recording = { onGradient, reads: [], writes: [] };
      try {
        return body();
      } finally {
        tf.dispose([...recording.reads, ...recording.writes]);
        recording = undefined;
      }
    },
    written: () => statistics.map((_, index) => recording?.writes[index]),
    beforeRead: (call) => {
      refresh = call;
    },
    remove: () => {
      for (const variable of [...trainable, ...statistics]) {
        Reflect.deleteProperty(variable, 'read');
        Reflect.deleteProperty(variable, 'write');
      }
    },
  };
}

/** The variable's own methods; two recordings of one variable would disturb each other. */
function claim(variable: LayerVariable): Pick<LayerVariable, 'read' | 'write'> {
  if (Object.hasOwn(variable, 'read')) {
    throw new Error(`${variable.name} belongs to another training step; dispose that first`);
  }
  return { read: variable.read.bind(variable), write: variable.write.bind(variable) };
}
