import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { normalizeTopology } from '@tfjs-operator/api/topology/normalize-topology.ts';

interface LayerJson {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const root = join(import.meta.dirname, '..', '..');

async function layersOf(file: string): Promise<readonly LayerJson[]> {
  const topology = normalizeTopology(JSON.parse(await readFile(join(root, file), 'utf8')));
  const { config } = topology as unknown as { readonly config: { layers: LayerJson[] } };
  return config.layers.filter(({ class_name }) => class_name !== 'InputLayer');
}

test('the cnn of the benchmark is the network of the example', async () => {
  const example = await layersOf('examples/mnist/files/cnn.json');
  const ours = await layersOf('bench/step/models/cnn.json');
  /** Ours are written by Keras with all its defaults; the example says only what matters. */
  const settings = ({ class_name, config }: LayerJson, keys: readonly string[]): unknown => [
    class_name,
    Object.fromEntries(keys.map((key) => [key, config[key]])),
  ];
  assert.equal(ours.length, example.length);
  example.forEach((layer, index) => {
    const keys = Object.keys(layer.config).filter(
      (key) => key !== 'name' && key !== 'batch_input_shape',
    );
    assert.deepEqual(settings(ours[index]!, keys), settings(layer, keys));
  });
});
