/**
 * The seam for native recurrences: names and signatures of tfjs kernels that run all time steps of
 * an LSTM or GRU in one call. A backend registers them with `registerKernel`; where tfjs finds none
 * for the current backend, the same sequence is composed of plain operations. The kernels hold the
 * recurrence alone: projections of the inputs before it and the gradients of the weights after it
 * are large matrix products, which every backend has.
 *
 * All tensors are float32, time-major and contiguous, in the order in which the layer works through
 * the sequence (a layer that goes backwards reverses its input before). T time steps, B samples,
 * U units. The state before the first step is zero. `·` is the matrix product, `*` element by element.
 */
import { getKernel, getBackend, type Tensor } from '@tensorflow/tfjs-core';

/**
 * With [i f c o] = projected[t] + hidden[t-1] · recurrentKernel, each of the four U wide:
 * gates[t] = [sigmoid(i), sigmoid(f), tanh(c), sigmoid(o)],
 * cells[t] = gates.f * cells[t-1] + gates.i * gates.c, hidden[t] = gates.o * tanh(cells[t]).
 * Runs without attributes; returns [hidden, cells, gates].
 */
export const lstmForwardKernel = 'LstmForward';
export interface LstmForwardInputs {
  /** x · kernel + bias: [T, B, 4U]. */
  readonly projected: Tensor;
  /** [U, 4U]. */
  readonly recurrentKernel: Tensor;
}
export interface LstmForwardOutputs {
  /** [T, B, U]. */
  readonly hidden: Tensor;
  /** [T, B, U]. */
  readonly cells: Tensor;
  /** After their activations: [T, B, 4U]. */
  readonly gates: Tensor;
}

/**
 * Gradient of the loss with respect to `projected`, [T, B, 4U], the kernel's only output. From the
 * last step to the first, with dc and the recurrent part of dh zero after the last step:
 * dh = dHidden[t] + dGates[t+1] · recurrentKernelᵀ, tc = tanh(cells[t]),
 * dc = dc * gates[t+1].f + dh * gates.o * (1 - tc²),
 * dGates[t] = [dc * c * i(1-i), dc * cells[t-1] * f(1-f), dc * i * (1-c²), dh * tc * o(1-o)]
 * where i, f, c, o are the activated gates of step t.
 */
export const lstmBackwardKernel = 'LstmBackward';
export interface LstmBackwardInputs extends LstmForwardOutputs {
  /** [U, 4U]. */
  readonly recurrentKernel: Tensor;
  /** [T, B, U], or [B, U] where only the last step's hidden state went on: the others' are zero. */
  readonly dHidden: Tensor;
}

/**
 * Attribute `resetAfter`. With p = projected[t], h = hidden[t-1], R = recurrentKernel, each cut into
 * three parts of width U for the update gate z, the reset gate r and the candidate c:
 * z = sigmoid(p.z + h · R.z + b.z), r = sigmoid(p.r + h · R.r + b.r),
 * resetAfter: inner[t] = h · R.c + b.c, c = tanh(p.c + r * inner[t]);
 * otherwise:  inner[t] = r * h,         c = tanh(p.c + inner[t] · R.c);
 * hidden[t] = z * h + (1 - z) * c, gates[t] = [z, r, c]. Returns [hidden, gates, inner].
 */
export const gruForwardKernel = 'GruForward';
export interface GruForwardInputs {
  /** x · kernel + bias of the input: [T, B, 3U]. */
  readonly projected: Tensor;
  /** [U, 3U]. */
  readonly recurrentKernel: Tensor;
  /** b above, [3U]: the second bias of `resetAfter`; absent: zero. */
  readonly recurrentBias?: Tensor | undefined;
}
export interface GruForwardOutputs {
  /** [T, B, U]. */
  readonly hidden: Tensor;
  /** After their activations: [T, B, 3U]. */
  readonly gates: Tensor;
  /** [T, B, U]. */
  readonly inner: Tensor;
}
export interface GruAttributes {
  readonly resetAfter: boolean;
}

/**
 * Attribute `resetAfter`. Gradient of the loss with respect to `projected`, [T, B, 3U], the kernel's
 * only output. From the last step to the first, with g = gates[t], h = hidden[t-1]:
 * dh = dHidden[t] + what step t+1 handed back, d.z = dh * (h - c) * z(1-z), d.c = dh * (1-z) * (1-c²),
 * resetAfter: d.r = d.c * inner[t] * r(1-r), handed back: dh * z + [d.z, d.r, d.c * r] · Rᵀ;
 * otherwise: s = d.c · R.cᵀ, d.r = s * h * r(1-r), handed back: dh * z + s * r + [d.z, d.r] · [R.z, R.r]ᵀ.
 */
export const gruBackwardKernel = 'GruBackward';
export interface GruBackwardInputs extends GruForwardOutputs {
  /** [U, 3U]. */
  readonly recurrentKernel: Tensor;
  /** [T, B, U], or [B, U] where only the last step's hidden state went on: the others' are zero. */
  readonly dHidden: Tensor;
}

/** Whether the current backend brings this kernel. */
export function hasSequenceKernel(name: string): boolean {
  return (getKernel(name, getBackend()) as unknown) !== undefined;
}
