/** Whether the backend that was chosen computes in the precision that the job asks for. */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { BackendChoice } from '@tfjs-operator/api/progress.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';

/** @throws Failure BadConfig where `training.precision` is not what the backend can compute in. */
export function assertPrecision({ training }: RunConfig, backend: BackendChoice): void {
  if (training.precision === 'float32' || backend.name === 'tensorflow') return;
  const rejected = backend.rejected.find(({ name }) => name === 'tensorflow');
  const why = rejected === undefined ? '' : ` (tensorflow: ${rejected.reason})`;
  throw new Failure(
    'BadConfig',
    `training.precision is ${training.precision}, which the backend tensorflow alone computes in, but this worker computes on ${backend.name}${why}; give it TensorFlow and set workers.backend to auto or tensorflow, or set training.precision to float32.`,
  );
}
