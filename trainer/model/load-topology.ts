/** Reads a network structure, with weights where the file has them, and brings it to one form. */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { loadModel } from '../artifact/load-model.ts';
import type { NamedArray } from '../named-array.ts';
import { normalizeTopology } from '@tfjs-operator/api/topology/normalize-topology.ts';

/**
 * @param path topology .json, model.json, Keras .h5, or a folder of a saved model.
 * @throws Failure('BadConfig') where there is no network structure in it.
 */
export async function loadTopology(
  path: string,
): Promise<{ topology: Topology; weights?: readonly NamedArray[] }> {
  const { topology, weights } = await loadModel(path);
  if (!topology) {
    throw new Failure(
      'BadConfig',
      `${path} holds weights only; give the network structure as well (a topology .json, model.json or a whole .h5).`,
    );
  }
  const normalized = normalizeTopology(topology);
  return weights.length === 0 ? { topology: normalized } : { topology: normalized, weights };
}
