import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { createEagerPredictor } from './eager-predictor.ts';
import {
  buildTinyModel,
  crossEntropy,
  reducedGradients,
  relativeDifference,
  sliceOf,
  tinyBatch,
  tinyStep,
  type ModelName,
} from './simulated-ranks.ts';
import type { StepBatch, TrainingStep } from './training-step.ts';

const ignore = (): void => undefined;

before(async () => {
  await tf.setBackend('cpu');
});

/** Gradients of mean loss plus penalties by tfjs itself, in the order of the arena. */
function referenceGradients(model: tfl.LayersModel, batch: StepBatch): Float32Array[] {
  return tf.tidy(() => {
    const shape = model.inputs[0]?.shape.slice(1) as number[];
    const x = tf.tensor(batch.x, [batch.count, ...shape]);
    const y = tf.tensor1d(batch.y as Int32Array, 'int32');
    const objective = (): tf.Scalar => {
      const loss = tf.mean(crossEntropy(y, model.apply(x, { training: true }) as tf.Tensor));
      return model.calculateLosses().reduce((sum, term) => tf.add(sum, term), loss as tf.Scalar);
    };
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const { grads } = tf.variableGrads(objective, variables);
    return variables.map((v) => (grads[v.name] as tf.Tensor).dataSync<'float32'>().slice());
  });
}

/** The arena's gradients by variable, in the model's order. */
function arenaGradients(step: TrainingStep): Float32Array[] {
  return step.layout.buckets
    .slice(0, -1)
    .flatMap(({ variables }) => variables)
    .reverse()
    .map(({ offset, length }) => step.arena.slice(offset, offset + length));
}

function bits(step: TrainingStep): string {
  return step
    .state()
    .map(({ data }) => Buffer.from(data.buffer).toString('hex'))
    .join();
}

function train(step: TrainingStep, name: ModelName, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const batch = tinyBatch(name, 6, index);
    step.gradients(batch, { globalCount: batch.count, step: index, randomKey: 1 }, ignore);
    step.apply({ learningRate: 0.01, step: index });
  }
}

describe('gradients', () => {
  for (const name of ['mlp', 'cnn', 'lstm'] as const) {
    test(`of 1, 2 and 4 ranks add up to the gradient of the whole batch (${name})`, () => {
      const model = buildTinyModel(name);
      const batch = tinyBatch(name, 10, 1);
      const reference = referenceGradients(model, batch);
      const step = tinyStep(model);
      for (const worldSize of [1, 2, 4]) {
        reducedGradients(step, batch, { worldSize, step: 0 });
        arenaGradients(step).forEach((actual, index) => {
          const difference = relativeDifference(actual, reference[index] ?? []);
          assert.ok(difference < 1e-5, `${worldSize} ranks, variable ${index}: ${difference}`);
        });
      }
      step.dispose();
    });

    test(`and lead 50 steps to equal parameters (${name})`, () => {
      const trained = [1, 2, 4].map((worldSize) => {
        const step = tinyStep(buildTinyModel(name));
        for (let index = 0; index < 50; index++) {
          reducedGradients(step, tinyBatch(name, 10, index), { worldSize, step: index });
          step.apply({ learningRate: 0.01, step: index });
        }
        const weights = step.state().slice(0, step.layout.buckets.length + 1);
        step.dispose();
        return weights;
      });
      for (const ranks of trained.slice(1)) {
        ranks.forEach(({ name: tensor, data }, index) => {
          const difference = relativeDifference(data, trained[0]?.[index]?.data ?? []);
          assert.ok(difference < 1e-5, `${tensor} differs by ${difference}`);
        });
      }
    });
  }

  test('penalties count once, whichever the number of ranks', () => {
    const regularized = (): tfl.LayersModel =>
      tfl.sequential({
        layers: [
          tfl.layers.dense({
            inputShape: [6],
            units: 4,
            kernelRegularizer: tfl.regularizers.l1l2({ l1: 0.03, l2: 0.05 }),
            kernelInitializer: tfl.initializers.glorotUniform({ seed: 1 }),
          }),
          tfl.layers.dense({
            units: 3,
            activation: 'softmax',
            biasInitializer: 'ones',
            biasRegularizer: tfl.regularizers.l2({ l2: 0.5 }),
            kernelInitializer: tfl.initializers.glorotUniform({ seed: 2 }),
          }),
        ],
      });
    const model = regularized();
    const batch = tinyBatch('mlp', 10, 1);
    const reference = referenceGradients(model, batch);
    const step = tinyStep(model);
    const losses = [1, 2, 4].map((worldSize) => {
      reducedGradients(step, batch, { worldSize, step: 0 });
      arenaGradients(step).forEach((actual, index) => {
        assert.ok(relativeDifference(actual, reference[index] ?? []) < 1e-5);
      });
      return step.readSums().loss;
    });
    assert.ok(Math.max(...losses) - Math.min(...losses) < 1e-5);
    step.dispose();
  });

  test('the regularizer of a recurrent cell has its effect', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.gru({
          inputShape: [4, 3],
          units: 3,
          activation: 'softmax',
          recurrentInitializer: 'glorotUniform',
          recurrentRegularizer: tfl.regularizers.l2({ l2: 1 }),
        }),
      ],
    });
    const step = tinyStep(model, { loss: (y) => tf.zerosLike(tf.cast(y, 'float32')) });
    step.gradients(tinyBatch('lstm', 2, 1), { globalCount: 2, step: 0, randomKey: 1 }, ignore);
    const [, recurrent] = arenaGradients(step);
    const kernel = step.state()[1]?.data ?? [];
    assert.ok(
      relativeDifference(
        recurrent ?? [],
        [...kernel].map((w) => 2 * w),
      ) < 1e-6,
    );
    step.dispose();
  });

  test('every bucket is announced once, complete, while others are not yet written, the sums last', () => {
    for (const name of ['mlp', 'cnn', 'lstm'] as const) {
      const step = tinyStep(buildTinyModel(name), { bucketBytes: 16 });
      const gradientBuckets = step.layout.buckets.slice(0, -1);
      const last = gradientBuckets.at(-1)!;
      step.arena.fill(NaN);
      const order: number[] = [];
      step.gradients(tinyBatch(name, 4, 1), { globalCount: 4, step: 0, randomKey: 1 }, (index) => {
        order.push(index);
        const { offset, length } = step.layout.buckets[index]!;
        assert.ok(step.arena.subarray(offset, offset + length).every(Number.isFinite));
        if (index === 0) assert.ok(Number.isNaN(step.arena[last.offset]));
      });
      assert.equal(order[0], 0);
      assert.equal(order.at(-1), step.layout.buckets.length - 1);
      assert.deepEqual(order.toSorted(), [...step.layout.buckets.keys()]);
      step.dispose();
    }
  });

  test('an empty batch gives zeros and still announces every bucket', () => {
    const step = tinyStep(buildTinyModel('mlp'), { worldSize: 2, workerFloats: 1 });
    step.arena.fill(7);
    const order: number[] = [];
    const batch = { x: new Float32Array(0), y: new Int32Array(0), count: 0 };
    const worker = { rank: 1, row: [5] };
    step.gradients(batch, { globalCount: 4, step: 0, randomKey: 1, worker }, (index) =>
      order.push(index),
    );
    assert.deepEqual(order, [...step.layout.buckets.keys()]);
    assert.ok(arenaGradients(step).every((gradient) => gradient.every((value) => value === 0)));
    assert.equal(step.readSums().count, 0);
    assert.deepEqual(step.readSums().workers, [[0], [5]]);
    step.dispose();
  });

  test('variables that the loss does not depend on get zeros', () => {
    const step = tinyStep(buildTinyModel('mlp'), {
      loss: (y) => tf.zerosLike(tf.cast(y, 'float32')),
    });
    step.arena.fill(7);
    const order: number[] = [];
    step.gradients(tinyBatch('mlp', 4, 1), { globalCount: 4, step: 0, randomKey: 1 }, (b) =>
      order.push(b),
    );
    assert.deepEqual(order, [...step.layout.buckets.keys()]);
    assert.ok(arenaGradients(step).every((gradient) => gradient.every((value) => value === 0)));
    step.dispose();
  });

  test('sub-batches that accumulate are the ranks of a sum, to the bit', () => {
    const step = tinyStep(buildTinyModel('batchNormalization'));
    const batch = tinyBatch('batchNormalization', 8, 1);
    const summed = reducedGradients(step, batch, { worldSize: 2, step: 0 });
    for (const part of [0, 1]) {
      const options = { globalCount: 8, step: 0, randomKey: 1, accumulate: part > 0 };
      step.gradients(sliceOf(batch, part, 2), options, ignore);
    }
    assert.deepEqual(step.arena.slice(0, summed.length), summed);
    step.dispose();
  });
});

describe('batch normalization', () => {
  test('moves its statistics in apply only, to the average of what the ranks saw', () => {
    const model = buildTinyModel('batchNormalization');
    const batch = tinyBatch('batchNormalization', 7, 3);
    const statistics = (): number[][] =>
      model.nonTrainableWeights.map((weight) => [...weight.read().dataSync()]);
    const before_ = statistics();
    const hidden = tfl.model({
      inputs: model.inputs,
      outputs: model.layers[1]!.output as tfl.SymbolicTensor,
    });
    const expected = [0, 1].map((rank) => {
      const part = sliceOf(batch, rank, 2);
      return tf.tidy(() => {
        const { mean, variance } = tf.moments(
          hidden.apply(tf.tensor2d(part.x, [part.count, 5])) as tf.Tensor,
          0,
        );
        return [mean, variance].map((t) => [...t.dataSync()].map((v) => (v * part.count) / 7));
      });
    });
    const step = tinyStep(model);
    reducedGradients(step, batch, { worldSize: 2, step: 0 });
    assert.deepEqual(statistics(), before_);
    step.apply({ learningRate: 0.01, step: 0 });
    statistics().forEach((values, which) => {
      const average = values.map(
        (_, i) =>
          0.99 * before_[which]![i]! + 0.01 * (expected[0]![which]![i]! + expected[1]![which]![i]!),
      );
      assert.ok(relativeDifference(values, average) < 1e-6);
    });
    step.dispose();
  });
});

describe('a step', () => {
  test('leaves no tensor behind, in either half, with sums and predictions read', () => {
    for (const name of ['mlp', 'cnn', 'lstm', 'batchNormalization'] as const) {
      const model = buildTinyModel(name);
      const weightsOnly = tf.memory().numTensors;
      const step = tinyStep(model, { clipNorm: 1 });
      train(step, name, 0, 2);
      const tensors = tf.memory().numTensors;
      for (let index = 2; index < 8; index++) {
        train(step, name, index, index + 1);
        step.readSums();
        createEagerPredictor(model).measure(tinyBatch(name, 3, 1), { metrics: [] });
        step.restore(step.state());
        assert.equal(tf.memory().numTensors, tensors);
      }
      step.dispose();
      assert.equal(tf.memory().numTensors, weightsOnly);
      assert.ok(!Object.hasOwn(model.trainableWeights[0]!, 'read'));
    }
  });

  test('reports the loss and metrics of all ranks and the row of each', () => {
    const model = buildTinyModel('mlp');
    const batch = tinyBatch('mlp', 10, 1);
    const step = tinyStep(model, { worldSize: 3, workerFloats: 2 });
    const reduced = new Float32Array(step.arena.length);
    for (let rank = 0; rank < 3; rank++) {
      const worker = { rank, row: [rank + 1, 10 * rank] };
      step.gradients(
        sliceOf(batch, rank, 3),
        { globalCount: 10, step: 0, randomKey: 1, worker },
        ignore,
      );
      step.arena.forEach((value, i) => (reduced[i]! += value));
    }
    step.arena.set(reduced);
    const { values } = createEagerPredictor(model).measure(batch, { metrics: [] });
    const chances = [...batch.y].map((label, i) => values[3 * i + label]!);
    const right = [...batch.y].filter((label, i) => {
      const row = values.slice(3 * i, 3 * i + 3);
      return row.indexOf(Math.max(...row)) === label;
    });
    const sums = step.readSums();
    const meanLoss = -chances.reduce((sum, p) => sum + Math.log(p), 0) / 10;
    assert.ok(Math.abs(sums.loss - meanLoss) < 1e-6);
    assert.equal(sums.count, 10);
    assert.deepEqual(sums.metrics, { accuracy: [right.length] });
    assert.deepEqual(sums.workers, [
      [1, 0],
      [2, 10],
      [3, 20],
    ]);
    step.dispose();
  });

  test('goes on from its state to the bit, also through shared memory', () => {
    for (const optimizer of ['adam', 'momentum', 'rmsprop'] as const) {
      const options = { optimizer: { name: optimizer, learningRate: 0.01, momentum: 0.5 } };
      const name = 'batchNormalization';
      const original = tinyStep(buildTinyModel(name), options);
      train(original, name, 0, 3);
      const saved = original.state();
      const { offset, length } = original.layout.state;
      original.writeStateTo(original.arena.subarray(offset, offset + length));
      const flat = original.arena.slice(offset, offset + length);
      assert.equal(length, original.stateFloats);
      train(original, name, 3, 6);

      const restored = tinyStep(buildTinyModel(name), { ...options, bucketBytes: 1024 });
      restored.restore(saved);
      assert.equal(restored.iteration, 3);
      train(restored, name, 3, 6);
      assert.equal(bits(restored), bits(original));

      const received = tinyStep(buildTinyModel(name), options);
      received.readStateFrom(flat);
      train(received, name, 3, 6);
      assert.equal(bits(received), bits(original));
      for (const step of [original, restored, received]) step.dispose();
    }
  });

  test('refuses the state of another model or optimizer and names the tensor', () => {
    const step = tinyStep(buildTinyModel('mlp'));
    const other = tinyStep(buildTinyModel('batchNormalization'));
    const sgd = tinyStep(buildTinyModel('mlp'), { optimizer: { name: 'sgd', learningRate: 1 } });
    for (const state of [other.state(), sgd.state()]) {
      assert.throws(
        () => step.restore(state),
        (error: unknown) => error instanceof Failure && error.reason === 'CheckpointError',
      );
    }
    for (const each of [step, other, sgd]) each.dispose();
  });

  test('applies constraints after the update, as Keras does', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({
          inputShape: [6],
          units: 3,
          activation: 'softmax',
          kernelConstraint: tfl.constraints.nonNeg(),
        }),
      ],
    });
    const step = tinyStep(model);
    train(step, 'mlp', 0, 1);
    assert.ok(step.state()[0]?.data.every((value) => value >= 0));
    step.dispose();
  });

  test('stops at a loss that is not finite, names step and way out, and changes nothing', () => {
    const step = tinyStep(buildTinyModel('mlp'));
    train(step, 'mlp', 0, 1);
    const before_ = bits(step);
    const batch = tinyBatch('mlp', 4, 1);
    batch.x[3] = NaN;
    step.gradients(batch, { globalCount: 4, step: 41, randomKey: 1 }, ignore);
    assert.throws(
      () => step.apply({ learningRate: 0.01, step: 41 }),
      (error: unknown) =>
        error instanceof Failure &&
        error.reason === 'NumericError' &&
        /loss is NaN at step 41.*learningRate.*clipping.*standardize/.test(error.message),
    );
    assert.equal(bits(step), before_);

    step.gradients(tinyBatch('mlp', 4, 1), { globalCount: 4, step: 42, randomKey: 1 }, ignore);
    step.arena[step.layout.buckets[0]!.offset] = Infinity;
    assert.throws(
      () => step.apply({ learningRate: 0.01, step: 42 }),
      /norm of the gradient is Infinity at step 42/,
    );
    assert.equal(bits(step), before_);
    step.dispose();
  });

  test('refuses networks that one batch and one loss cannot train', () => {
    const input = tfl.input({ shape: [2] });
    const outputs = [1, 2].map(
      (units) => tfl.layers.dense({ units }).apply(input) as tfl.SymbolicTensor,
    );
    const frozen = buildTinyModel('mlp');
    frozen.trainable = false;
    for (const [model, words] of [
      [tfl.model({ inputs: input, outputs }), '2 outputs'],
      [frozen, 'no trainable weights'],
    ] as const) {
      assert.throws(
        () => tinyStep(model),
        (error: unknown) =>
          error instanceof Failure && error.reason === 'BadConfig' && error.message.includes(words),
      );
    }
  });

  test('says which shape the model takes where the samples do not fit', () => {
    const step = tinyStep(buildTinyModel('cnn'));
    assert.throws(
      () =>
        step.gradients(tinyBatch('mlp', 2, 1), { globalCount: 2, step: 0, randomKey: 1 }, ignore),
      /shape \[6, 6, 1\], but the data set has 6 numbers per sample/,
    );
    step.dispose();
  });
});
