/** A sample as a PNG inside of the page. Grey, RGB or RGBA at 8 bits; scaled by the browser. */
import { encode } from 'fast-png';
import type { WrongSample } from '@tfjs-operator/api/result.ts';

/** Channels that a PNG can have. */
const pngChannels = new Set([1, 2, 3, 4]);
/** A side beyond that is no thumbnail; the page would become too large to be mailed. */
const longestSide = 256;

/** @returns a data URI, or undefined where the sample is no picture or its bytes contradict its shape. */
export function pictureOf(sample: WrongSample): string | undefined {
  const { shape, pixelsBase64 } = sample;
  if (shape === undefined || pixelsBase64 === undefined) return undefined;
  const [height = 0, width = 0, channels = 1] = shape;
  const data = Buffer.from(pixelsBase64, 'base64');
  const isWhole = data.length > 0 && data.length === height * width * channels;
  if (!isWhole || !pngChannels.has(channels)) return undefined;
  if (Math.max(height, width) > longestSide) return undefined;
  const png = encode({ width, height, channels, depth: 8, data: new Uint8Array(data) });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
