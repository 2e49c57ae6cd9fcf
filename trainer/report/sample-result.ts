/**
 * A made-up result for the tests of this folder: the shape of a real run on handwritten digits, with
 * a worker that is lost on the way. Everything follows from the arguments.
 */
import type { EpochRecord, Result, WrongSample } from '@tfjs-operator/api/result.ts';

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const samplesPerClass = 1000;

export function sampleResult(changes: Partial<Result> = {}): Result {
  const confusion = sampleConfusion();
  const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const accuracy = right / (samplesPerClass * digits.length);
  return {
    schemaVersion: 1,
    job: { name: 'mnist-cnn', namespace: 'research', uid: '0f6a2c1e-3b52-4f6e-9d1a-7f4d3a1b2c3d' },
    runConfigDigest: `sha256:${'3fa9'.repeat(16)}`,
    summary: {
      accuracy,
      loss: 0.0312,
      metrics: { accuracy, loss: 0.0312 },
      workers: 2,
      steps: 2345,
      epochs: 5,
      seconds: 192.4,
      samplesPerSecond: 1620,
      backend: 'wasm',
      allReduceBytes: 5_412_345_678,
      modelDigest: `sha256:${'b71c'.repeat(16)}`,
      outputDirectory: 'pvc://models/mnist-cnn',
      resumedFromStep: null,
    },
    backend: {
      name: 'wasm',
      reason: 'the fastest backend that works on this node (SIMD, 1 thread).',
      rejected: [
        { name: 'tensorflow', reason: 'the addon is not installed.' },
        { name: 'webgpu', reason: 'this node has no GPU.' },
      ],
    },
    execution: { mode: 'eager', reason: 'operations run one by one on this backend' },
    startTime: '2026-11-23T10:02:00Z',
    completionTime: '2026-11-23T10:05:12Z',
    history: [1, 2, 3, 4, 5].map(sampleEpoch),
    steps: Array.from({ length: 1173 }, (_, i) => ({ step: 1 + 2 * i, loss: sampleLoss(i) })),
    membership: [
      {
        membershipEpoch: 1,
        worldSize: 2,
        step: 0,
        time: '2026-11-23T10:02:04Z',
        reason: 'all workers came',
      },
      {
        membershipEpoch: 2,
        worldSize: 1,
        step: 1290,
        time: '2026-11-23T10:03:40Z',
        reason: 'worker 1 stopped answering',
      },
      {
        membershipEpoch: 3,
        worldSize: 2,
        step: 1500,
        time: '2026-11-23T10:03:58Z',
        reason: 'worker 1 came back',
      },
    ],
    evaluation: {
      split: 'test',
      samples: samplesPerClass * digits.length,
      metrics: { accuracy, loss: 0.0312 },
      require: { accuracy: 0.98 },
      classNames: digits,
      confusion,
      classes: digits.map((name, i) => sampleFigures(name, i, confusion)),
      wrongSamples: Array.from({ length: 18 }, (_, i) => sampleWrong(i)),
    },
    data: {
      digest: `sha256:${'9d02'.repeat(16)}`,
      samples: { train: 54_000, validation: 6000, test: 10_000 },
      cleaning: [
        { rule: 'duplicate', action: 'drop', dropped: 3 },
        { rule: 'missing', action: 'fail', dropped: 0 },
      ],
    },
    ...changes,
  };
}

/** A number in [0, 1) that looks random. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
}

function sampleLoss(i: number): number {
  return (2.25 * Math.exp(-i / 45) + 0.35 / (1 + i / 60)) * (0.6 + 0.8 * noise(i)) + 0.008;
}

function sampleEpoch(epoch: number): EpochRecord {
  const workers = epoch === 3 ? [790, 410] : [812 + 10 * noise(epoch), 809 + 10 * noise(epoch + 9)];
  return {
    epoch,
    step: epoch * 469,
    seconds: 38.5,
    metrics: {
      loss: 0.31 / epoch ** 1.3,
      accuracy: 1 - 0.09 / epoch ** 1.2,
      val_loss: 0.12 / epoch ** 0.75,
      val_accuracy: 1 - 0.034 / epoch ** 0.75,
    },
    learningRate: 0.001 * 0.8 ** epoch,
    samplesPerSecond: (workers[0] ?? 0) + (workers[1] ?? 0),
    workerSamplesPerSecond: workers,
  };
}

function sampleConfusion(): readonly (readonly number[])[] {
  return digits.map((_, i) => {
    const row = digits.map((__, j) => (i === j ? 0 : Math.floor(noise(i * 10 + j) ** 6 * 9)));
    const wrong = row.reduce((sum, value) => sum + value, 0);
    return row.map((value, j) => (i === j ? samplesPerClass - wrong : value));
  });
}

function sampleFigures(name: string, i: number, confusion: readonly (readonly number[])[]) {
  const hit = confusion[i]?.[i] ?? 0;
  const read = confusion.reduce((sum, row) => sum + (row[i] ?? 0), 0);
  const precision = hit / read;
  const recall = hit / samplesPerClass;
  const f1 = (2 * precision * recall) / (precision + recall);
  return { name, precision, recall, f1, support: samplesPerClass };
}

/** A blurred ring with a gap: enough of a digit to judge the picture by. */
function sampleWrong(i: number): WrongSample {
  const side = 28;
  const pixels = new Uint8Array(side * side);
  for (let at = 0; at < pixels.length; at += 1) {
    const x = (at % side) - 13.5;
    const y = Math.floor(at / side) - 13.5;
    const ring = Math.abs(Math.hypot(x * (1 + 0.3 * noise(i)), y) - 8);
    const gap = Math.abs(Math.atan2(y, x) - 6 * noise(i + 50) + 3) < 0.7;
    pixels[at] = gap ? 0 : 255 * Math.max(0, Math.min(1, 2 - ring));
  }
  return {
    index: 247 + i * 391,
    label: digits[i % 10] ?? '',
    predicted: digits[(i * 7 + 3) % 10] ?? '',
    confidence: 0.45 + 0.5 * noise(i + 5),
    shape: [side, side, 1],
    pixelsBase64: Buffer.from(pixels).toString('base64'),
  };
}
