/**
 * The gradient of a 2-D convolution with respect to its input: a convolution of dy with the filter
 * turned by 180 degrees. With strides the input falls into phases, each of which sees only every
 * stride-th tap of the filter and is such a convolution of its own. tfjs's own kernel on wasm is a
 * plain loop over single numbers.
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
import {
  defineKernel,
  requireChannelsLast,
  requireFloats,
  type KernelContext,
} from './wasm-kernel.ts';
import { floatBytes, sizeOf } from './heap.ts';
import { imageBytes, lineBytes, type Border, type Images } from './images.ts';
import { panelColumns, panelFloats } from './panels.ts';
import { callProduct, withOffsets } from './product.ts';

/** One gradient to compute; `dy` and `filter` are addresses. */
interface Task {
  readonly info: ConvInfo;
  readonly dy: number;
  readonly filter: number;
  readonly dx: Images;
}

/**
 * On one axis, the inputs of a phase: input `first + stride·i` is the sum over its taps, from the
 * last to the first, of dy at `dyFirst + i` and on.
 */
interface Phase {
  readonly first: number;
  readonly count: number;
  /** Indices into the filter, in the order of dy. */
  readonly taps: readonly number[];
  readonly dyFirst: number;
}

function phasesOf(axis: { size: number; pad: number; stride: number; window: number }): Phase[] {
  const { size, pad, stride, window } = axis;
  return Array.from({ length: stride }, (_, phase): Phase => {
    const first = (((phase - pad) % stride) + stride) % stride;
    const taps = Array.from({ length: window }, (__, tap) => tap)
      .filter((tap) => tap % stride === phase)
      .reverse();
    const count = Math.max(0, Math.ceil((size - first) / stride));
    const dyFirst = (first + pad - phase) / stride - (taps.length - 1);
    return { first, count, taps, dyFirst };
  });
}

/** How far the phases read beyond dy on one axis. */
function reach(phases: readonly Phase[], size: number): { before: number; after: number } {
  const ends = phases.map(({ dyFirst, count, taps }) => dyFirst + count - 1 + taps.length);
  return {
    before: Math.max(0, ...phases.map(({ dyFirst }) => -dyFirst)),
    after: Math.max(0, ...ends.map((end) => end - size)),
  };
}

/** The taps of a phase as panels: rows are taps and output channels, columns input channels. */
function writeTaps(
  { loops }: KernelContext,
  { info, filter }: Task,
  [high, wide]: readonly [Phase, Phase],
  panels: number,
): void {
  const { filterWidth, inChannels, outChannels } = info;
  const rowBytes = outChannels * floatBytes;
  const panelBytes = panelFloats(high.taps.length * wide.taps.length * outChannels, 1) * floatBytes;
  let target = panels;
  for (const row of high.taps) {
    for (const column of wide.taps) {
      const tap = filter + (row * filterWidth + column) * inChannels * rowBytes;
      loops.panelsOfColumns(outChannels, inChannels, tap, rowBytes, target, panelBytes);
      target += outChannels * panelColumns * floatBytes;
    }
  }
}

function convolvePhase(
  context: KernelContext,
  task: Task,
  phases: readonly [Phase, Phase],
  o: { border: Border; panels: number },
): void {
  const { heap } = context;
  const { info, dy, dx } = task;
  const [high, wide] = phases;
  const { inChannels, outChannels, strideHeight, strideWidth } = info;
  const rows = high.count * wide.count;
  const pixelBytes = inChannels * floatBytes;
  writeTaps(context, task, phases, o.panels);
  withBorderedImages(context, outputImages(info, dy), o.border, ({ frame, load }) => {
    const line = lineBytes(frame);
    const source = (row: number): number =>
      (high.dyFirst + o.border.top + Math.floor(row / wide.count)) * line +
      (wide.dyFirst + o.border.left + (row % wide.count)) * outChannels * floatBytes;
    const target = (row: number): number =>
      (high.first + Math.floor(row / wide.count) * strideHeight) * lineBytes(dx) +
      (wide.first + (row % wide.count) * strideWidth) * pixelBytes;
    const convolveImages = (aTable: number, cTable: number): void => {
      for (let image = 0; image < dx.count; image++) {
        callProduct(context, {
          ...{ rows, columns: inChannels, aTable, cTable, panels: o.panels },
          ...{ segments: high.taps.length, steps: wide.taps.length * outChannels },
          a: { address: load(image), segment: line, step: floatBytes },
          c: dx.address + image * imageBytes(dx),
        });
      }
    };
    withOffsets(heap, rows, {
      offsetOf: source,
      work: (aTable) => {
        withOffsets(heap, rows, {
          offsetOf: target,
          work: (cTable) => convolveImages(aTable, cTable),
        });
      },
    });
  });
}

function convolveTurned(context: KernelContext, task: Task): void {
  const { info, dx } = task;
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth } = info;
  const high = phasesOf({
    ...{ size: dx.height, pad: padInfo.top, stride: strideHeight, window: filterHeight },
  });
  const wide = phasesOf({
    ...{ size: dx.width, pad: padInfo.left, stride: strideWidth, window: filterWidth },
  });
  const [vertical, horizontal] = [reach(high, info.outHeight), reach(wide, info.outWidth)];
  const border = {
    ...{ top: vertical.before, bottom: vertical.after },
    ...{ left: horizontal.before, right: horizontal.after },
  };
  const taps = filterHeight * filterWidth * info.outChannels;
  context.heap.withScratch(panelFloats(taps, info.inChannels), (panels) => {
    for (const one of high) {
      for (const two of wide) {
        const products = one.count * two.count * one.taps.length * two.taps.length;
        if (products > 0) convolvePhase(context, task, [one, two], { border, panels });
      }
    }
  });
}

export const conv2dBackpropInput = defineKernel<
  { dy: TensorInfo; filter: TensorInfo },
  ConvAttributes & { readonly inputShape: readonly number[] }
>('Conv2DBackpropInput', (context, { dy, filter }, attributes) => {
  requireFloats('Conv2DBackpropInput', { dy, filter });
  requireChannelsLast('Conv2DBackpropInput', attributes.dataFormat);
  const { heap } = context;
  const info = describe(attributes.inputShape, filter.shape, attributes);
  const hasGaps = info.strideHeight > info.filterHeight || info.strideWidth > info.filterWidth;
  const gradient = (hasGaps ? heap.allocateZeros : heap.allocateOutput)(attributes.inputShape);
  const dx = inputImages(info, heap.addressOf(gradient));
  const task = { info, dx, dy: heap.addressOf(dy), filter: heap.addressOf(filter) };
  if (sizeOf(dy.shape) > 0) convolveTurned(context, task);
  else heap.fillZeros(dx.address, sizeOf(attributes.inputShape));
  return gradient;
});
