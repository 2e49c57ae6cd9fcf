/**
 * Gradients of tfjs's kernels for one backend. tfjs keeps gradients by kernel name alone, for all
 * backends: a layered one answers with ours while that backend is the current one, and with what was
 * registered before otherwise. Registering twice is harmless.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendName } from './backend.ts';

export interface BackendGradient {
  readonly name: string;
  readonly inputsToSave: readonly string[];
  /** By position. */
  readonly outputsToSave: readonly boolean[];
  /**
   * The gradients by the inputs' names; each is called where it is wanted.
   * @param dy by the first output.
   * @param saved the inputs in the order of `inputsToSave`, then the outputs.
   */
  readonly gradients: (
    dy: tf.Tensor,
    saved: readonly tf.Tensor[],
    attributes: tf.NamedAttrMap,
  ) => Readonly<Record<string, () => tf.Tensor>>;
}

const layeredFor = Symbol('backends with a gradient of their own');
type Layered = tf.GradConfig & { readonly [layeredFor]?: readonly BackendName[] };

/** tfjs types a lookup as if it always found something. */
const gradientOf = tf.getGradient as (name: string) => Layered | undefined;

export function registerGradientOn(backend: BackendName, gradient: BackendGradient): void {
  const { name, inputsToSave, outputsToSave, gradients } = gradient;
  const next = gradientOf(name);
  const backends = next?.[layeredFor] ?? [];
  if (backends.includes(backend)) return;
  const ours: tf.GradConfig = {
    kernelName: name,
    inputsToSave: [...inputsToSave],
    outputsToSave: [...outputsToSave],
    gradFunc: (dy, saved, attributes) => {
      const first = Array.isArray(dy) ? dy[0]! : dy;
      return gradients(first, saved, attributes) as ReturnType<tf.GradFunc>;
    },
  };
  const active = (): tf.GradConfig =>
    next === undefined || tf.getBackend() === backend ? ours : next;
  const layered: Layered = {
    kernelName: name,
    get inputsToSave() {
      return active().inputsToSave ?? [];
    },
    get outputsToSave() {
      return active().outputsToSave ?? [];
    },
    get saveAllInputs() {
      return active().saveAllInputs ?? false;
    },
    get gradFunc() {
      return active().gradFunc;
    },
    [layeredFor]: [...backends, backend],
  };
  tf.registerGradient(layered);
}
