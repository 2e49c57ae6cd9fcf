/**
 * Images with a border of zeros around them, for convolutions that read beyond the edge. Each image
 * is copied into the same frame in turn: the frame stays in the cache, its border stays zero.
 */
import { floatBytes } from './heap.ts';
import { imageBytes, lineBytes, type Border, type Images } from './images.ts';
import type { KernelContext } from './wasm-kernel.ts';

export interface BorderedImages {
  /** Geometry of the frame; as `images` where there is no border. */
  readonly frame: Images;
  /** The address of an image in its frame, valid until the next call. */
  load(image: number): number;
}

/** Runs `work` on the images with the border; negative widths cut the images off instead. */
export function withBorderedImages<T>(
  { heap, loops }: KernelContext,
  images: Images,
  border: Border,
  work: (bordered: BorderedImages) => T,
): T {
  const { top, bottom, left, right } = border;
  if (top === 0 && bottom === 0 && left === 0 && right === 0) {
    const load = (image: number): number => images.address + image * imageBytes(images);
    return work({ frame: images, load });
  }
  const height = images.height + top + bottom;
  const width = images.width + left + right;
  return heap.withZeros(height * width * images.channels, (address) => {
    const frame = { ...images, address, height, width };
    const pixelBytes = images.channels * floatBytes;
    const firstLine = Math.max(0, -top);
    const lines = Math.min(images.height, height - top) - firstLine;
    const firstPixel = Math.max(0, -left);
    const pixels = Math.min(images.width, width - left) - firstPixel;
    const fromOffset = firstLine * lineBytes(images) + firstPixel * pixelBytes;
    const to = address + (firstLine + top) * lineBytes(frame) + (firstPixel + left) * pixelBytes;
    const load = (image: number): number => {
      const from = images.address + image * imageBytes(images) + fromOffset;
      if (lines > 0 && pixels > 0) {
        loops.copyLines(
          ...[lines, pixels * pixelBytes, from, lineBytes(images), to, lineBytes(frame)],
        );
      }
      return address;
    };
    return work({ frame, load });
  });
}
