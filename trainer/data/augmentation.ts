/**
 * Augmentation of training samples. All geometric entries of the list become one affine map and one
 * bilinear resampling of the raw picture (shift and flip alone are exact); what comes in from
 * outside is 0, the raw value of black. Noise is added after the standardisation, in the units that
 * the model sees. The random numbers of a sample are a function of (seed, epoch, position in the
 * epoch) only: the same for any number of workers.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { AugmentationConfig } from '@tfjs-operator/api/run-config.ts';
import { createRandom } from './random.ts';

export interface SampleKey {
  readonly seed: number;
  readonly epoch: number;
  /** Position in the epoch's permuted order. */
  readonly position: number;
}

export interface SampleAugmentation {
  /** The raw sample, moved; may be the given array itself, or memory that the next call reuses. */
  readonly moved: ArrayLike<number>;
  /** Adds noise to the standardised sample, in place. */
  addNoise(sample: Float32Array): void;
}

export type Augmenter = (raw: ArrayLike<number>, key: SampleKey) => SampleAugmentation;

/** Keeps augmentation apart from other uses of the same seed. */
const AUGMENTATION_STREAM = 3;

/**
 * @param sampleShape [height, width] or [height, width, channels] for geometric entries.
 * @throws Failure BadConfig where an entry does not fit the samples.
 */
export function createAugmenter(
  entries: readonly AugmentationConfig[],
  sampleShape: readonly number[],
): Augmenter {
  const moves = entries.filter(({ name }) => name !== 'noise');
  const deviations = entries.filter(({ name }) => name === 'noise').map(({ amount }) => amount);
  for (const entry of moves) refuseUnfit(entry, sampleShape);
  const [height = 1, width = 1, channels = 1] = sampleShape;
  const out = new Float32Array(moves.length > 0 ? height * width * channels : 0);
  return (raw, { seed, epoch, position }) => {
    const random = createRandom([AUGMENTATION_STREAM, seed, epoch, position]);
    const map = moves.reduce(
      (before, entry) => compose(before, inverseOf(entry, random)),
      IDENTITY,
    );
    return {
      moved: isIdentity(map) ? raw : resample(raw, map, [height, width, channels], out),
      addNoise: (sample) => {
        for (const deviation of deviations) addGaussian(sample, deviation, random);
      },
    };
  };
}

/**
 * Output pixel -> input pixel, about the picture's centre:
 * x' = xx * x + xy * y + x0, y' = yx * x + yy * y + y0.
 */
interface AffineMap {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

const IDENTITY: AffineMap = { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 };

/** The random map of one entry, inverted: where an output pixel comes from. */
function inverseOf({ name, amount }: AugmentationConfig, random: () => number): AffineMap {
  switch (name) {
    case 'shift': {
      const [dx, dy] = [wholePixels(amount, random), wholePixels(amount, random)];
      return { ...IDENTITY, x0: -dx, y0: -dy };
    }
    case 'rotate': {
      const angle = ((2 * random() - 1) * amount * Math.PI) / 180;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return { ...IDENTITY, xx: cos, xy: sin, yx: -sin, yy: cos };
    }
    case 'flipHorizontal':
      return random() < amount ? { ...IDENTITY, xx: -1 } : IDENTITY;
    case 'noise':
      return IDENTITY;
  }
}

/** Uniform over the whole numbers of [-amount, amount]: a shift keeps every pixel's value. */
function wholePixels(amount: number, random: () => number): number {
  const most = Math.floor(amount);
  return Math.floor(random() * (2 * most + 1)) - most;
}

/** First `inner`, then `outer`: entries apply in the order of the list. */
function compose(outer: AffineMap, inner: AffineMap): AffineMap {
  return {
    xx: outer.xx * inner.xx + outer.xy * inner.yx,
    xy: outer.xx * inner.xy + outer.xy * inner.yy,
    x0: outer.xx * inner.x0 + outer.xy * inner.y0 + outer.x0,
    yx: outer.yx * inner.xx + outer.yy * inner.yx,
    yy: outer.yx * inner.xy + outer.yy * inner.yy,
    y0: outer.yx * inner.x0 + outer.yy * inner.y0 + outer.y0,
  };
}

function isIdentity({ xx, xy, x0, yx, yy, y0 }: AffineMap): boolean {
  return xx === 1 && xy === 0 && x0 === 0 && yx === 0 && yy === 1 && y0 === 0;
}

type PictureShape = readonly [height: number, width: number, channels: number];

function resample(
  raw: ArrayLike<number>,
  map: AffineMap,
  [height, width, channels]: PictureShape,
  out: Float32Array,
): Float32Array {
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [dx, dy] = [column - centreX, row - centreY];
      const x = map.xx * dx + map.xy * dy + map.x0 + centreX;
      const y = map.yx * dx + map.yy * dy + map.y0 + centreY;
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, bottom] = [x - left, y - top];
      for (let channel = 0; channel < channels; channel++) {
        const at = (i: number, j: number): number =>
          i < 0 || j < 0 || i >= height || j >= width
            ? 0
            : raw[(i * width + j) * channels + channel]!;
        const above = at(top, left) * (1 - right) + at(top, left + 1) * right;
        const below = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right;
        out[to++] = above * (1 - bottom) + below * bottom;
      }
    }
  }
  return out;
}

/** Box and Muller's transform: two normal numbers from two uniform ones. */
function addGaussian(sample: Float32Array, deviation: number, random: () => number): void {
  for (let i = 0; i < sample.length; i += 2) {
    // 1 - random() lies in (0, 1], where the logarithm is finite.
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    sample[i]! += radius * Math.cos(angle);
    if (i + 1 < sample.length) sample[i + 1]! += radius * Math.sin(angle);
  }
}

function refuseUnfit({ name, amount }: AugmentationConfig, sampleShape: readonly number[]): void {
  if (sampleShape.length !== 2 && sampleShape.length !== 3) {
    throw new Failure(
      'BadConfig',
      `dataset.augmentation ${name} needs pictures, but a sample has shape [${sampleShape.join(', ')}]; set dataset.features.shape to [height, width, channels] or remove it.`,
    );
  }
  if (name === 'shift' && amount < 1) {
    throw new Failure(
      'BadConfig',
      `dataset.augmentation shift amount ${amount} is less than a pixel, the unit of shifts; set 1 or more, or remove it.`,
    );
  }
}
