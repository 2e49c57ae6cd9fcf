/**
 * Layers of a saved model that the public bundles of TensorFlow.js lack, and the script that gives
 * them to a page: it is written beside model.json. The script is generated (scripts/generate.ts).
 */
import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { isJsonObject } from '@tfjs-operator/api/topology/json-object.ts';
import { attentionClass } from '@tfjs-operator/api/topology/normalize-attention.ts';

export const attentionScript = join(import.meta.dirname, 'multi-head-attention.js');

/** Copies the scripts that a page needs for this topology into the folder; most need none. */
export async function writeBrowserLayers(folder: string, { config }: Topology): Promise<void> {
  const layers: unknown = config['layers'];
  const needsAttention =
    Array.isArray(layers) &&
    layers.some((layer) => isJsonObject(layer) && layer['class_name'] === attentionClass);
  if (needsAttention) await copyFile(attentionScript, join(folder, basename(attentionScript)));
}
