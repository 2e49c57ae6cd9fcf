/**
 * What the catalog of layers has against a topology, as a problem at the layer it is about: found
 * where manifests are checked, long before a worker would build the network.
 */
import { Failure } from '../failure.ts';
import type { Problem } from '../finding.ts';
import type { Topology } from '../run-config.ts';
import { isJsonObject } from './json-object.ts';
import { normalizeTopology } from './normalize-topology.ts';

/** The first fault of the topology; its path counts from the topology's root. */
export function topologyProblem(topology: Topology): Problem | undefined {
  try {
    normalizeTopology(topology);
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [what = '', ...ways] = error.message.replace(/\.$/, '').split('; ');
    const hint = ways.length > 0 ? { hint: ways.join('; ') } : {};
    return { path: placeOf(topology, what), value: undefined, text: `: ${what}`, ...hint };
  }
}

/** The layer that a sentence names, if it stands in the outermost list. */
function placeOf({ config }: Topology, sentence: string): readonly (string | number)[] {
  const name = /[Ll]ayer,? "([^"]+)"/.exec(sentence)?.[1];
  const layers: unknown = config['layers'];
  if (name === undefined || !Array.isArray(layers)) return [];
  const index = layers.findIndex(
    (layer) =>
      isJsonObject(layer) && isJsonObject(layer['config']) && layer['config']['name'] === name,
  );
  return index < 0 ? [] : ['config', 'layers', index];
}
