/**
 * Batch normalization in training as two kernels, forward and backward, where tfjs takes some forty
 * operations, tiles statistics to the size of the input and reads the activations many times.
 * Formulas: Ioffe and Szegedy 2015, arXiv 1502.03167; variance over the batch, not corrected.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { BackendGradient } from '../backend-gradient.ts';
import type { LayerCall } from '../layer-override.ts';
import { floatBytes, sizeOf, type Heap } from './heap.ts';
import { inStrips } from './strips.ts';
import { defineKernel, requireFloats, type KernelContext } from './wasm-kernel.ts';

const forwardName = 'BatchNormalizationInTraining';
const backwardName = 'BatchNormalizationGradient';

interface Matrix {
  readonly rows: number;
  readonly columns: number;
}

interface Attributes {
  readonly epsilon: number;
}

function matrixOf({ shape }: tf.TensorInfo): Matrix {
  const columns = shape.at(-1) ?? 1;
  return { rows: sizeOf(shape) / columns, columns };
}

function valuesAt(heap: Heap, address: number, count: number): Float32Array {
  return heap.floats().subarray(address / floatBytes, address / floatBytes + count);
}

/**
 * Mean and variance of each column: strips are put together in double precision by the update of
 * Chan, Golub and LeVeque 1979. Each is shifted by the mean so far, so that a large mean cancels
 * nothing; the first strip is taken twice, for it has none before.
 */
function statisticsOf(
  { heap, loops }: KernelContext,
  { rows, columns }: Matrix,
  x: number,
): { mean: Float64Array; variance: Float64Array } {
  const mean = new Float64Array(columns);
  const squares = new Float64Array(columns);
  let seen = 0;
  heap.withScratch(3 * columns, (shiftAt) => {
    const [sumsAt, squaresAt] = [1, 2].map((row) => shiftAt + row * columns * floatBytes) as [
      number,
      number,
    ];
    const [shift, sums, stripSquares] = [shiftAt, sumsAt, squaresAt].map((address) =>
      valuesAt(heap, address, columns),
    ) as [Float32Array, Float32Array, Float32Array];
    const measure = (offset: number, count: number): void => {
      heap.fillZeros(sumsAt, 2 * columns);
      loops.shiftedMoments(count, columns, x + offset, shiftAt, sumsAt, squaresAt);
    };
    shift.set(valuesAt(heap, x, columns));
    inStrips({ rows, columns }, (offset, count) => {
      if (seen === 0) {
        measure(offset, count);
        for (let column = 0; column < columns; column++) shift[column]! += sums[column]! / count;
      }
      measure(offset, count);
      const share = count / (seen + count);
      for (let column = 0; column < columns; column++) {
        const above = sums[column]! / count;
        const difference = shift[column]! + above - mean[column]!;
        mean[column]! += difference * share;
        squares[column]! +=
          stripSquares[column]! - above * sums[column]! + difference * difference * seen * share;
        shift[column] = mean[column]!;
      }
      seen += count;
    });
  });
  return { mean, variance: squares.map((sum) => Math.max(0, sum) / rows) };
}

export const batchNormalization = defineKernel<
  { x: tf.TensorInfo; scale: tf.TensorInfo; offset: tf.TensorInfo },
  Attributes
>(forwardName, (context, { x, scale, offset }, { epsilon }) => {
  requireFloats(forwardName, { x, scale, offset });
  const { heap, loops } = context;
  const size = matrixOf(x);
  const { columns } = size;
  const [y, mean, variance] = [
    heap.allocateOutput(x.shape),
    heap.allocateOutput([columns]),
    heap.allocateOutput([columns]),
  ];
  const [xAt, yAt, meanAt] = [x, y, mean].map(heap.addressOf) as [number, number, number];
  const statistics = statisticsOf(context, size, xAt);
  heap.withScratch(columns, (factorAt) => {
    valuesAt(heap, meanAt, columns).set(statistics.mean);
    valuesAt(heap, heap.addressOf(variance), columns).set(statistics.variance);
    const gamma = valuesAt(heap, heap.addressOf(scale), columns);
    valuesAt(heap, factorAt, columns).set(
      statistics.variance.map((value, column) => gamma[column]! / Math.sqrt(value + epsilon)),
    );
    inStrips(size, (at, rows) => {
      const offsetAt = heap.addressOf(offset);
      loops.normalizeColumns(rows, columns, xAt + at, yAt + at, meanAt, factorAt, offsetAt);
    });
  });
  return [y, mean, variance];
});

interface GradientInputs {
  readonly dy: tf.TensorInfo;
  readonly x: tf.TensorInfo;
  readonly scale: tf.TensorInfo;
  readonly mean: tf.TensorInfo;
  readonly variance: tf.TensorInfo;
}

/**
 * With d = 1 / √(variance + ε), n = (x - mean)·d and means over the rows:
 * dx = scale·d·(dy - mean(dy) - n·mean(dy·n)), dScale = Σ dy·n, dOffset = Σ dy.
 */
export const batchNormalizationGradient = defineKernel<GradientInputs, Attributes>(
  backwardName,
  ({ heap, loops }, { dy, x, scale, mean, variance }, { epsilon }) => {
    const size = matrixOf(x);
    const { columns } = size;
    const [dx, dScale, dOffset] = [
      heap.allocateOutput(x.shape),
      heap.allocateZeros([columns]),
      heap.allocateZeros([columns]),
    ];
    const at = (tensor: tf.TensorInfo): number => heap.addressOf(tensor);
    const [dyAt, xAt, dxAt, meanAt] = [at(dy), at(x), at(dx), at(mean)];
    heap.withScratch(3 * columns, (factorAt) => {
      inStrips(size, (offset, rows) => {
        loops.gradientSums(
          ...[rows, columns, dyAt + offset, xAt + offset, meanAt, at(dOffset), at(dScale)],
        );
      });
      const [gamma, squares, products, sums] = [scale, variance, dScale, dOffset].map((tensor) =>
        valuesAt(heap, at(tensor), columns),
      ) as [Float32Array, Float32Array, Float32Array, Float32Array];
      const [slopeAt, shiftAt] = [1, 2].map((row) => factorAt + row * columns * floatBytes) as [
        number,
        number,
      ];
      const factors = valuesAt(heap, factorAt, 3 * columns);
      for (let column = 0; column < columns; column++) {
        const inverse = 1 / Math.sqrt(squares[column]! + epsilon);
        const factor = gamma[column]! * inverse;
        const normal = products[column]! * inverse;
        factors[column] = factor;
        factors[columns + column] = (-factor * inverse * normal) / size.rows;
        factors[2 * columns + column] = (-factor * sums[column]!) / size.rows;
        products[column] = normal;
      }
      inStrips(size, (offset, rows) => {
        loops.normalizedGradient(
          ...[rows, columns, dyAt + offset, xAt + offset, dxAt + offset],
          ...[meanAt, factorAt, slopeAt, shiftAt],
        );
      });
    });
    return [dx, dScale, dOffset];
  },
);

export const gradientOfBatchNormalization: BackendGradient = {
  name: forwardName,
  inputsToSave: ['x', 'scale'],
  outputsToSave: [false, true, true],
  gradients: (dy, saved, attributes) => {
    const [x, scale, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const [dx, dScale, dOffset] = tf
      .engine()
      .runKernel<tf.Tensor[]>(backwardName, { dy, x, scale, mean, variance }, attributes);
    return { x: () => dx!, scale: () => dScale!, offset: () => dOffset! };
  },
};

/** What tfjs-layers' BatchNormalization has besides its public interface. */
interface BatchNormalizationLayer {
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number;
  /** Absent where the layer does not scale or centre. */
  readonly gamma?: LayerVariable;
  readonly beta?: LayerVariable;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
}

export const callBatchNormalization: LayerCall<BatchNormalizationLayer> = (layer, x, options) => {
  const { gamma, beta, epsilon, momentum } = layer;
  const isLast = (layer.axis + x.rank) % x.rank === x.rank - 1;
  if (options.training !== true || !gamma || !beta || !isLast || x.dtype !== 'float32') {
    return undefined;
  }
  const inputs = { x, scale: gamma.read(), offset: beta.read() };
  const [y, mean, variance] = tf.engine().runKernel<tf.Tensor[]>(forwardName, inputs, { epsilon });
  moveTowards(layer.movingMean, mean!, momentum);
  moveTowards(layer.movingVariance, variance!, momentum);
  return y!;
};

/** value -= (value - target)·(1 - momentum), the formula of tfjs and Keras. */
function moveTowards(variable: LayerVariable, target: tf.Tensor, momentum: number): void {
  const value = variable.read();
  variable.write(tf.sub(value, tf.mul(tf.sub(value, target), 1 - momentum)));
}
