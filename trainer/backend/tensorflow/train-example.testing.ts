/**
 * For tests, as a program: three compiled training steps of the network of examples/mnist, so that
 * a test can start it with the environment variables by which TensorFlow writes its graphs down.
 */
import { join } from 'node:path';
import { env } from 'node:process';
import { environment } from '@tfjs-operator/api/environment.ts';
import { buildModel } from '../../model/build-model.ts';
import { loadTopology } from '../../model/load-topology.ts';
import { lossByName } from '../../model/loss.ts';
import { createCompiledStep } from '../../step/compiled/compiled-step.ts';
import { uniform } from '../../step/simulated-ranks.ts';
import { tensorflowBackend } from './tensorflow-backend.ts';

const count = 4;
const examples = join(import.meta.dirname, '..', '..', '..', 'examples');

await tensorflowBackend({ home: env[environment.tensorflowHome] }).open();
const { topology } = await loadTopology(join(examples, 'mnist', 'files', 'cnn.json'));
const step = createCompiledStep({
  model: buildModel(topology, { seed: 1 }),
  loss: lossByName({ name: 'categoricalCrossentropy' }),
  metrics: [],
  optimizer: { name: 'adam', learningRate: 0.001 },
  bucketBytes: 1 << 22,
});
const next = uniform(1);
const x = Float32Array.from({ length: count * 28 * 28 }, next);
const y = Int32Array.from({ length: count }, (_, index) => index);
for (let index = 0; index < 3; index++) {
  const options = { globalCount: count, step: index, randomKey: index };
  step.gradients({ x, y, count }, options, () => undefined);
  step.apply({ learningRate: 0.001, step: index });
}
