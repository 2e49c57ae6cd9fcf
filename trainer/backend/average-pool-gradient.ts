/**
 * The gradient of 2-D average pooling for tfjs's `cpu` and `wasm` backends. Theirs divides by the
 * whole window even where it hangs over the edge, while their forward pass divides by the pixels
 * inside: with `same` padding they differ by up to a factor of 4 from the true gradient.
 */
import type { backend_util } from '@tensorflow/tfjs-core';

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The part of a window that lies inside of the image, on one axis. */
function inside(start: number, window: number, size: number): Span {
  return { from: Math.max(0, start), to: Math.min(size, start + window) };
}

/**
 * dx[window] += dy / pixels of the window, for every output.
 * @param dy [batch, outHeight, outWidth, channels]
 * @param dx zeros of [batch, inHeight, inWidth, channels]
 */
export function addAveragePoolGradient(
  info: backend_util.Conv2DInfo,
  dy: Float32Array,
  dx: Float32Array,
): void {
  const { outHeight, outWidth, inChannels, padInfo } = info;
  const addShare = (image: number, source: number, rows: Span, columns: Span): void => {
    const share = 1 / ((rows.to - rows.from) * (columns.to - columns.from));
    for (let y = rows.from; y < rows.to; y++) {
      const line = (image * info.inHeight + y) * info.inWidth;
      for (let x = columns.from; x < columns.to; x++) {
        const target = (line + x) * inChannels;
        for (let channel = 0; channel < inChannels; channel++) {
          dx[target + channel]! += dy[source + channel]! * share;
        }
      }
    }
  };
  for (let pixel = 0; pixel < info.batchSize * outHeight * outWidth; pixel++) {
    const line = Math.floor(pixel / outWidth);
    const top = (line % outHeight) * info.strideHeight - padInfo.top;
    const left = (pixel % outWidth) * info.strideWidth - padInfo.left;
    const rows = inside(top, info.filterHeight, info.inHeight);
    const columns = inside(left, info.filterWidth, info.inWidth);
    addShare(Math.floor(line / outHeight), pixel * inChannels, rows, columns);
  }
}
