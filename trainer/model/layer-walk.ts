/**
 * Visits every layer of a model with nested models, wrappers and recurrent cells opened. The only
 * place that knows where TensorFlow.js keeps inner layers; changes nothing.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';

/** What this trainer reads or sets on a layer or cell, beyond the public types. */
export interface LayerInside {
  readonly name: string;
  getClassName(): string;
  seed?: number;
  rate?: number;
  stddev?: number;
  dropoutFunc?: unknown;
  /** Of MultiHeadAttention. */
  drawFactors?: unknown;
  inputAxesOf?(weight: string): number | undefined;
  units?: number;
  filters?: number;
  unitForgetBias?: boolean;
  readonly layers?: readonly LayerInside[];
  readonly layer?: LayerInside;
  readonly forwardLayer?: LayerInside;
  readonly backwardLayer?: LayerInside;
  readonly cell?: LayerInside;
  readonly _trainableWeights?: readonly LayerVariable[];
  readonly _nonTrainableWeights?: readonly LayerVariable[];
}

export interface VisitedLayer {
  readonly layer: LayerInside;
  /** Names from the model down, unique: `bidirectional/forward_lstm/lstm_cell`. */
  readonly path: string;
}

/** All layers and cells, outermost first, in the order of the topology; each once. */
export function walkLayers(model: LayersModel): VisitedLayer[] {
  const found: VisitedLayer[] = [];
  const seen = new Set<LayerInside>();
  const visit = (layer: LayerInside | undefined, parent: string): void => {
    if (!layer || seen.has(layer)) return;
    seen.add(layer);
    const path = parent === '' ? layer.name : `${parent}/${layer.name}`;
    found.push({ layer, path });
    const { layers = [], layer: wrapped, forwardLayer, backwardLayer, cell } = layer;
    for (const inner of [...layers, wrapped, forwardLayer, backwardLayer, cell]) visit(inner, path);
  };
  for (const layer of model.layers) visit(layer as unknown as LayerInside, '');
  return found;
}

/** The tensor behind a layer's variable: what gradients are taken for and values assigned to. */
export function tensorOf(variable: LayerVariable): Variable {
  return (variable as unknown as { readonly val: Variable }).val;
}
