/**
 * States for the tests of this folder: every number follows from the step, so that a state read
 * back can be checked without having kept what was written.
 */
import type { TrainingState } from './training-state.ts';

export const sampleRun = 'sha256:run';

/** @param floats numbers of the large tensor among the three. */
export function sampleState(step: number, floats = 1000): TrainingState {
  return {
    runConfigDigest: sampleRun,
    datasetDigest: 'sha256:data',
    seed: 7,
    epoch: Math.floor(step / 10),
    step,
    tensors: [
      { name: 'dense/kernel', shape: [floats], data: numbersOf(step, floats) },
      { name: 'dense/bias', shape: [2, 3], data: numbersOf(step + 0.5, 6) },
      { name: 'optimizer/iterations', shape: [], data: new Float32Array([step]) },
    ],
    extra: { history: [{ epoch: 1, loss: 1 / (step + 1) }], note: 'ÄÖ ✓ "</script>"' },
  };
}

function numbersOf(seed: number, length: number): Float32Array {
  const numbers = new Float32Array(length);
  for (let index = 0; index < length; index += 1) numbers[index] = seed * 1.25 + index * 0.001;
  return numbers;
}
