/**
 * 2-D convolution as a product of matrices whose rows are the patches of the images where they lie,
 * one image at a time; bias and relu are added to finished sums. A third faster than XNNPACK's
 * through tfjs, which has no fused multiply-add.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { withBorderedImages } from './bordered-images.ts';
import {
  describe,
  inputImages,
  outputImages,
  type ConvAttributes,
  type ConvInfo,
} from './conv2d-geometry.ts';
import { floatBytes, sizeOf } from './heap.ts';
import { imageBytes, lineBytes } from './images.ts';
import { callProduct, withOffsets, withPanels, type Finish } from './product.ts';
import { defineKernel, type KernelContext } from './wasm-kernel.ts';

interface Operands {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
}

interface Attributes extends ConvAttributes {
  readonly dilations?: number | readonly [number, number];
}

function convolve(
  context: KernelContext,
  info: ConvInfo,
  at: { readonly x: number; readonly filter: number; readonly y: number },
  finish: Finish,
): void {
  const { heap } = context;
  const { filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = info;
  const steps = filterWidth * inChannels;
  const pixels = outHeight * outWidth;
  const b = { address: at.filter, row: outChannels * floatBytes, isTransposed: false };
  const output = outputImages(info, at.y);
  withPanels(context, { rows: filterHeight * steps, columns: outChannels }, b, (panels) => {
    withBorderedImages(context, inputImages(info, at.x), info.padInfo, ({ frame, load }) => {
      const line = lineBytes(frame);
      const patchAt = (pixel: number): number =>
        Math.floor(pixel / outWidth) * info.strideHeight * line +
        (pixel % outWidth) * info.strideWidth * inChannels * floatBytes;
      const convolveImages = (aTable: number, cTable: number): void => {
        for (let image = 0; image < info.batchSize; image++) {
          callProduct(context, {
            ...{ ...finish, rows: pixels, columns: outChannels, segments: filterHeight, steps },
            ...{ aTable, cTable, panels },
            a: { address: load(image), segment: line, step: floatBytes },
            c: output.address + image * imageBytes(output),
          });
        }
      };
      withOffsets(heap, pixels, {
        offsetOf: patchAt,
        work: (aTable) => {
          withOffsets(heap, pixels, {
            offsetOf: (pixel) => pixel * outChannels * floatBytes,
            work: (cTable) => convolveImages(aTable, cTable),
          });
        },
      });
    });
  });
}

function run(
  context: KernelContext,
  { x, filter }: Operands,
  attributes: Attributes,
  finish: Finish,
): TensorInfo {
  const { heap } = context;
  const info = describe(x.shape, filter.shape, attributes);
  const output = heap.allocateOutput(info.outShape);
  const at = { x: heap.addressOf(x), filter: heap.addressOf(filter), y: heap.addressOf(output) };
  if (sizeOf(info.outShape) > 0) convolve(context, info, at, finish);
  return output;
}

function isPlain({ x, filter }: Operands, { dilations, dataFormat }: Attributes): boolean {
  const isDense = [dilations ?? 1].flat().every((dilation) => dilation === 1);
  const isChannelsLast = dataFormat === undefined || dataFormat === 'NHWC';
  const hasFloats = x.dtype === 'float32' && filter.dtype === 'float32';
  return isDense && isChannelsLast && hasFloats && sizeOf(filter.shape) > 0;
}

export const conv2d = defineKernel<Operands, Attributes>(
  'Conv2D',
  (context, operands, attributes) => run(context, operands, attributes, {}),
  isPlain,
);

export const fusedConv2d = defineKernel<
  Operands & { readonly bias?: TensorInfo; readonly preluActivationWeights?: TensorInfo },
  Attributes & { readonly activation?: string }
>(
  'FusedConv2D',
  (context, operands, attributes) => {
    const { bias } = operands;
    return run(context, operands, attributes, {
      bias: bias === undefined ? 0 : context.heap.addressOf(bias),
      isRelu: attributes.activation === 'relu',
    });
  },
  (operands, attributes) =>
    isPlain(operands, attributes) &&
    operands.preluActivationWeights === undefined &&
    ['linear', 'relu'].includes(attributes.activation ?? 'linear') &&
    (operands.bias === undefined || sizeOf(operands.bias.shape) === operands.filter.shape[3]),
);
