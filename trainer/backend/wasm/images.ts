/**
 * Batches of images in the wasm memory, channels last and dense: adds and removes the border that
 * convolutions read beyond the edge, so that the loops need no test for edges.
 */
import { floatBytes, type Heap } from './heap.ts';

export interface Images {
  readonly address: number;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface Border {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export function lineBytes({ width, channels }: Images): number {
  return width * channels * floatBytes;
}

export function imageBytes(images: Images): number {
  return images.height * lineBytes(images);
}

/** to[y + top, x + left] = from[y, x] wherever both exist; negative offsets cut off. */
export function copyShifted(
  heap: Heap,
  from: Images,
  to: Images,
  offset: { top: number; left: number },
): void {
  const floats = heap.floats();
  const firstColumn = Math.max(0, -offset.left);
  const columns = Math.min(from.width, to.width - offset.left) - firstColumn;
  const firstRow = Math.max(0, -offset.top);
  const lastRow = Math.min(from.height, to.height - offset.top);
  if (columns <= 0) return;
  const indexIn = (images: Images, image: number, y: number, x: number): number =>
    images.address / floatBytes +
    ((image * images.height + y) * images.width + x) * images.channels;
  for (let image = 0; image < from.count; image++) {
    for (let y = firstRow; y < lastRow; y++) {
      const start = indexIn(from, image, y, firstColumn);
      const target = indexIn(to, image, y + offset.top, firstColumn + offset.left);
      floats.copyWithin(target, start, start + columns * from.channels);
    }
  }
}

/** Runs `work` on the images with a border of zeros around them (negative widths cut off). */
export function withBorder<T>(
  heap: Heap,
  images: Images,
  border: Border,
  work: (bordered: Images) => T,
): T {
  const { top, bottom, left, right } = border;
  if (top === 0 && bottom === 0 && left === 0 && right === 0) return work(images);
  const height = images.height + top + bottom;
  const width = images.width + left + right;
  return heap.withZeros(images.count * height * width * images.channels, (address) => {
    const bordered = { ...images, address, height, width };
    copyShifted(heap, images, bordered, { top, left });
    return work(bordered);
  });
}

/** Runs `add` on zeroed images with a border, then copies their inside to `target`. */
export function collectInside(
  heap: Heap,
  target: Images,
  border: Border,
  add: (bordered: Images) => void,
): void {
  const { top, bottom, left, right } = border;
  if (top === 0 && bottom === 0 && left === 0 && right === 0) {
    heap.fillZeros(target.address, target.count * target.height * target.width * target.channels);
    add(target);
    return;
  }
  const height = target.height + top + bottom;
  const width = target.width + left + right;
  heap.withZeros(target.count * height * width * target.channels, (address) => {
    const bordered = { ...target, address, height, width };
    add(bordered);
    copyShifted(heap, bordered, target, { top: -top, left: -left });
  });
}
