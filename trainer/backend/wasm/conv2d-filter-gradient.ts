/**
 * The gradient of a 2-D convolution with respect to its filter, which tfjs's wasm backend lacks: a
 * product of the patches, as columns, with dy. An image is taken in strips of lines whose pixels
 * stay in the first-level cache while all of the filter passes by.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { withBorderedImages } from './bordered-images.ts';
import { describe, inputImages, outputImages, type ConvAttributes } from './conv2d-geometry.ts';
import { defineKernel, requireChannelsLast, requireFloats } from './wasm-kernel.ts';
import { floatBytes, sizeOf } from './heap.ts';
import { imageBytes, lineBytes } from './images.ts';
import { panelFloats } from './panels.ts';
import { callProduct, withOffsets } from './product.ts';

/** Half of a first-level cache of 32 KiB; the rest is for a panel of dy. */
const stripBytes = 16 * 1024;

/** filter[ky, kx·ci, co] = Σ over pixels of x[pixel + tap, ci] · dy[pixel, co]. */
export const conv2dBackpropFilter = defineKernel<
  { x: TensorInfo; dy: TensorInfo },
  ConvAttributes & { readonly filterShape: readonly number[] }
>('Conv2DBackpropFilter', (context, { x, dy }, attributes) => {
  requireFloats('Conv2DBackpropFilter', { x, dy });
  requireChannelsLast('Conv2DBackpropFilter', attributes.dataFormat);
  const { heap, loops } = context;
  const info = describe(x.shape, attributes.filterShape, attributes);
  const { outHeight, outWidth, outChannels, strideHeight, strideWidth } = info;
  const gradient = heap.allocateZeros(info.filterShape);
  if (sizeOf(dy.shape) === 0 || sizeOf(info.filterShape) === 0) return gradient;
  const rowNumbers = info.filterWidth * info.inChannels;
  const rows = info.filterHeight * rowNumbers;
  const outputRow = outChannels * floatBytes;
  const output = outputImages(info, heap.addressOf(dy));
  const pixelBytes = info.inChannels * floatBytes;

  withBorderedImages(context, inputImages(info, heap.addressOf(x)), info.padInfo, (input) => {
    const line = lineBytes(input.frame);
    const linesPerStrip = Math.max(1, Math.floor(stripBytes / (line * strideHeight)));
    const addStrip = (first: number, at: { image: number; y: number }, o: Buffers): void => {
      const lines = Math.min(linesPerStrip, outHeight - first);
      const dyAt = at.y + first * lineBytes(output);
      const panelBytes = panelFloats(lines * outWidth, 1) * floatBytes;
      loops.panelsOfRows(lines * outWidth, outChannels, dyAt, outputRow, o.panels, panelBytes);
      callProduct(context, {
        ...{ ...o, rows, columns: outChannels, segments: lines, steps: outWidth },
        a: {
          address: at.image + first * strideHeight * line,
          segment: strideHeight * line,
          step: strideWidth * pixelBytes,
        },
        ...{ c: heap.addressOf(gradient), added: heap.addressOf(gradient) },
      });
    };
    const addImages = (o: Buffers): void => {
      for (let image = 0; image < info.batchSize; image++) {
        const at = { image: input.load(image), y: output.address + image * imageBytes(output) };
        for (let first = 0; first < outHeight; first += linesPerStrip) addStrip(first, at, o);
      }
    };
    const strips = Math.min(linesPerStrip, outHeight) * outWidth;
    heap.withScratch(panelFloats(strips, outChannels), (panels) => {
      withOffsets(heap, rows, {
        offsetOf: (row) => Math.floor(row / rowNumbers) * line + (row % rowNumbers) * floatBytes,
        work: (aTable) => {
          withOffsets(heap, rows, {
            offsetOf: (row) => row * outputRow,
            work: (cTable) => addImages({ aTable, cTable, panels }),
          });
        },
      });
    });
  });
  return gradient;
});

interface Buffers {
  readonly aTable: number;
  readonly cTable: number;
  readonly panels: number;
}
