/** Takes a trained model apart into the plain data that artifact/ writes. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { SavedModel } from '../artifact/saved-model.ts';
import { copyOf, layerWeights } from './named-weights.ts';
import { normalizeTopology } from '@tfjs-operator/api/topology/normalize-topology.ts';

/** @param topology the one that the model was built from. */
export async function savedModelOf(model: LayersModel, topology: unknown): Promise<SavedModel> {
  const layers = layerWeights(model).map(async ({ layer, variables }) => ({
    name: layer,
    weights: await Promise.all(variables.map(copyOf)),
  }));
  return { topology: normalizeTopology(topology), layers: await Promise.all(layers) };
}
