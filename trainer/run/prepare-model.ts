/** The model of the run, with weights: from the run config's topology or from files it names. */
import type * as tfl from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { RunConfig, Topology } from '@tfjs-operator/api/run-config.ts';
import { loadModel } from '../artifact/load-model.ts';
import type { LoadedModel } from '../artifact/loaded-model.ts';
import type { Dataset } from '../data/dataset.ts';
import { buildModel } from '../model/build-model.ts';
import { checkShapes } from '../model/check-shapes.ts';
import { assignWeights } from '../model/named-weights.ts';

export interface PreparedModel {
  readonly model: tfl.LayersModel;
  /** The one that the model was built from. */
  readonly topology: Topology;
}

/** @throws Failure BadConfig where topology, weights and data do not fit together. */
export async function prepareModel(
  { model: config, training }: RunConfig,
  dataset: Dataset,
  options: { readonly resolve: (uri: string) => string },
): Promise<PreparedModel> {
  const file =
    config.uri === undefined ? undefined : await loadNamed('model.uri', config.uri, options);
  const topology = config.topology ?? file?.topology;
  if (topology === undefined) {
    throw new Failure(
      'BadConfig',
      'The run config names no network structure; set spec.model.inline, configMapKeyRef or uri.',
    );
  }
  const model = buildModel(topology, { seed: training.seed });
  checkShapes(
    model,
    dataset.sampleShape,
    { classCount: dataset.classNames.length, labelWidth: dataset.labelWidth },
    training.loss,
  );
  if (config.weights !== undefined) {
    const { weights } = await loadNamed('model.weights.uri', config.weights.uri, options);
    assignWeights(model, weights, config.weights.uri);
  } else if (file !== undefined && config.uri !== undefined && file.weights.length > 0) {
    assignWeights(model, file.weights, config.uri);
  }
  return { model, topology };
}

/** @throws Failure that begins with the field, as the file alone would send nobody to it. */
async function loadNamed(
  field: string,
  uri: string,
  { resolve }: { readonly resolve: (uri: string) => string },
): Promise<LoadedModel> {
  try {
    return await loadModel(resolve(uri));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.reason, `${field} (${uri}): ${error.message}`, { cause: error });
  }
}
