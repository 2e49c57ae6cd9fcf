/**
 * The memory of the tfjs wasm backend as the gradient kernels see it: addresses of tensors,
 * outputs, and scratch space that is always given back. Addresses are bytes from the start of the
 * memory. The memory may grow at any allocation, which detaches every view taken before: ask for
 * `floats()` after the last allocation.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

export const floatBytes = 4;
const tileFloats = 32;

/** What Emscripten gives; tfjs declares it through a package of types that is not installed. */
interface EmscriptenModule {
  readonly HEAPF32: Float32Array;
  readonly HEAP32: Int32Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

export interface Heap {
  addressOf(tensor: TensorInfo): number;
  /** The same numbers as another tensor: tfjs frees them with the last that refers to them. */
  share(tensor: TensorInfo): TensorInfo;
  /** A new float32 tensor, not initialised. */
  allocateOutput(shape: readonly number[]): TensorInfo;
  /** A new float32 tensor of zeros. */
  allocateZeros(shape: readonly number[]): TensorInfo;
  /** Runs `work` with the address of room for `floats`, which is freed afterwards. */
  withScratch<T>(floats: number, work: (address: number) => T): T;
  /** The same, filled with zeros. */
  withZeros<T>(floats: number, work: (address: number) => T): T;
  fillZeros(address: number, floats: number): void;
  /** The address of 32 floats that any loop may overwrite. */
  readonly tile: number;
  floats(): Float32Array;
  integers(): Int32Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function openHeap(backend: BackendWasm): Heap {
  const wasm = backend.wasm as unknown as EmscriptenModule;
  const floats = (): Float32Array => wasm.HEAPF32;
  const addressOf = (tensor: TensorInfo): number => backend.getMemoryOffset(tensor.dataId);
  const allocateOutput = (shape: readonly number[]): TensorInfo =>
    backend.makeOutput([...shape], 'float32');
  const fillZeros = (address: number, count: number): void => {
    floats().fill(0, address / floatBytes, address / floatBytes + count);
  };
  // Never freed: a few bytes for each time that the backend is opened.
  const tile = wasm._malloc(tileFloats * floatBytes) >>> 0;
  const withScratch = <T>(count: number, work: (address: number) => T): T => {
    // The allocator returns a signed number above 2 GiB.
    const address = wasm._malloc(count * floatBytes) >>> 0;
    if (address === 0) {
      throw new RangeError(`The wasm memory has no room for ${count} more numbers.`);
    }
    try {
      return work(address);
    } finally {
      wasm._free(address);
    }
  };
  return {
    tile,
    addressOf,
    share: ({ dataId, shape, dtype }) => {
      backend.incRef(dataId);
      return { dataId, shape, dtype };
    },
    allocateOutput,
    allocateZeros: (shape) => {
      const output = allocateOutput(shape);
      fillZeros(addressOf(output), sizeOf(shape));
      return output;
    },
    withScratch,
    withZeros: (count, work) =>
      withScratch(count, (address) => {
        fillZeros(address, count);
        return work(address);
      }),
    fillZeros,
    floats,
    integers: () => wasm.HEAP32,
  };
}
