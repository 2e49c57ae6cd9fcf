/**
 * What a kernel of ours is: a name that tfjs looks up and a function of tensors and attributes.
 * The casts between tfjs's loose kernel types and a kernel's own happen here and nowhere else.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';
import type { Loops } from './loops.ts';

export interface KernelContext {
  readonly heap: Heap;
  readonly loops: Loops;
}

/** @throws TypeError for a data type or layout that the kernel does not handle */
export type KernelRun<Inputs, Attributes> = (
  context: KernelContext,
  inputs: Inputs,
  attributes: Attributes,
) => TensorInfo | TensorInfo[];

type AnyInputs = Readonly<Record<string, TensorInfo>>;
type AnyAttributes = Readonly<Record<string, unknown>>;

export interface WasmKernel {
  readonly name: string;
  readonly run: KernelRun<AnyInputs, AnyAttributes>;
  /** Where false, tfjs's own kernel of that name runs instead. */
  readonly handles: (inputs: AnyInputs, attributes: AnyAttributes) => boolean;
}

/**
 * tfjs hands over what its op of that name documents, so the narrower types hold.
 * @param handles for a kernel that is better than tfjs's for some shapes only
 */
export function defineKernel<Inputs, Attributes>(
  name: string,
  run: KernelRun<Inputs, Attributes>,
  handles: (inputs: Inputs, attributes: Attributes) => boolean = () => true,
): WasmKernel {
  return {
    name,
    run: (context, inputs, attributes) => run(context, inputs as Inputs, attributes as Attributes),
    handles: (inputs, attributes) => handles(inputs as Inputs, attributes as Attributes),
  };
}

export function requireFloats(kernel: string, tensors: Readonly<Record<string, TensorInfo>>): void {
  for (const [name, { dtype }] of Object.entries(tensors)) {
    if (dtype !== 'float32') {
      throw new TypeError(`${kernel}: ${name} is ${dtype}; the wasm kernel takes float32 only.`);
    }
  }
}

export function requireChannelsLast(kernel: string, dataFormat: string | undefined): void {
  if (dataFormat !== undefined && dataFormat !== 'NHWC') {
    throw new TypeError(
      `${kernel}: the layout ${dataFormat} is not supported on wasm; use channels last (NHWC).`,
    );
  }
}
