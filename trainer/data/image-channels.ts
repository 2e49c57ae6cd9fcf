/**
 * Converts the channels of a picture: grey to RGB and back, and away with alpha.
 */
import type { Image } from './image.ts';

/** Weights of ITU-R BT.601 in 16-bit fixed point, rounded as Pillow's mode "L" does. */
const RED = 19595;
const GREEN = 38470;
const BLUE = 7471;
const HALF = 0x8000;

/** @returns [height, width, channels]; alpha is dropped, not blended. */
export function withChannels(image: Image, channels: 1 | 3): Uint8Array {
  const { pixels, channels: from } = image;
  if (from === channels) return pixels;
  const count = image.width * image.height;
  const isGrey = from < 3;
  const out = new Uint8Array(count * channels);
  for (let at = 0; at < count; at++) {
    const r = pixels[at * from]!;
    const g = isGrey ? r : pixels[at * from + 1]!;
    const b = isGrey ? r : pixels[at * from + 2]!;
    if (channels === 1) {
      out[at] = isGrey ? r : (r * RED + g * GREEN + b * BLUE + HALF) >> 16;
    } else {
      out[at * 3] = r;
      out[at * 3 + 1] = g;
      out[at * 3 + 2] = b;
    }
  }
  return out;
}
