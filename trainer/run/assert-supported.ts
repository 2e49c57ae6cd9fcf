/**
 * What the API allows and this version does not do yet is refused with a sentence: no field of a
 * run config is ignored in silence.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { isOpenable } from '../resolve-uri.ts';

/** @throws Failure BadConfig naming the first field that this trainer cannot honour. */
export function assertSupported(runConfig: RunConfig): void {
  const { allReduce } = runConfig;
  assertOpenable(runConfig);
  if (allReduce.deterministic) {
    throw new Failure(
      'BadConfig',
      'allReduce.deterministic is true, which this version of the trainer cannot do; remove it (a run with the same number of workers is the same to the bit in any case).',
    );
  }
  if (allReduce.syncEverySteps !== 1) {
    throw new Failure(
      'BadConfig',
      `allReduce.syncEverySteps is ${allReduce.syncEverySteps}, but this version of the trainer synchronises in each step; set it to 1 or remove it.`,
    );
  }
}

/** The output is written last: that it cannot be opened must not show after hours of training. */
function assertOpenable({ model, dataset, checkpoint, output }: RunConfig): void {
  const uris = {
    'model.uri': model.uri,
    'model.weights.uri': model.weights?.uri,
    'dataset.uri': dataset.uri,
    'checkpoint.uri': checkpoint.uri,
    'output.uri': output.uri,
  };
  for (const [field, uri] of Object.entries(uris)) {
    if (uri === undefined || isOpenable(uri)) continue;
    throw new Failure(
      'BadConfig',
      `${field} is "${uri}", which this version of the trainer cannot open; use pvc://CLAIM/path or, for a local run, file:///path.`,
    );
  }
}
