/** Inference as plain tfjs operations, on any backend. */
import type * as tfl from '@tensorflow/tfjs-layers';
import { batchTensors } from './batch-tensors.ts';
import { measuredOf, measureTensors, type Predictor } from './predictor.ts';
import { scoped } from './scope.ts';

export function createEagerPredictor(model: tfl.LayersModel): Predictor {
  return {
    measure: (batch, figures) =>
      scoped(() => {
        const { output, sums } = measureTensors(model, batchTensors(model, batch), figures);
        const values = output.dataSync<'float32'>().slice();
        const prediction = { values, shape: output.shape, count: batch.count };
        return measuredOf(prediction, sums.dataSync<'float32'>(), figures);
      }),
    dispose: () => undefined,
  };
}
