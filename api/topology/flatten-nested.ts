/**
 * Opens Sequential models that are used as layers: their layers take their place. Keras 2, Keras 3
 * and TensorFlow.js count the calls of a nested model differently, so a file with nested models
 * cannot be right for all three; without them it computes the same and keeps the weights' names.
 */
import { Failure } from '../failure.ts';
import type { InboundReference } from './inbound-reference.ts';
import type { LayerJson } from './normalize-layer.ts';

/** A layer of a functional model with its calls. */
export interface GraphNode extends LayerJson {
  readonly name: string;
  readonly inbound_nodes: readonly (readonly InboundReference[])[];
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** Where a reference to a nested model points now. */
  readonly redirect: (reference: readonly [string, number, number]) => [string, number, number];
}

/** Layers of a Sequential with nested ones spliced in. */
export function flattenSequential(layers: readonly LayerJson[]): LayerJson[] {
  return layers.flatMap((layer, index) => {
    if (!isModel(layer)) return [layer];
    const inner = innerLayers(layer);
    return index === 0 ? inner : withoutInput(inner);
  });
}

/**
 * Nodes of a functional model with nested Sequential models as chains of nodes.
 * @param firstCall index that the dialect gives to the first call of a nested model: Keras 2 and
 *   TensorFlow.js count the model's own input as call 0.
 */
export function flattenGraph(nodes: readonly GraphNode[], firstCall: 0 | 1): Graph {
  const lastOf = new Map<string, string>();
  const chains = nodes.map((node) => {
    if (!isModel(node)) return [node];
    const layers = withoutInput(innerLayers(node));
    const names = layers.map((layer) => String(layer.config['name']));
    lastOf.set(node.name, names.at(-1) ?? node.name);
    return layers.map((layer, position): GraphNode => {
      const previous = names[position - 1];
      const inbound = node.inbound_nodes.map((references, call): readonly InboundReference[] =>
        previous === undefined ? references : [[previous, call, 0, {}]],
      );
      return { ...layer, name: names[position] ?? '', inbound_nodes: inbound };
    });
  });
  const redirect: Graph['redirect'] = ([name, call, output]) => {
    const last = lastOf.get(name);
    return last === undefined ? [name, call, output] : [last, call - firstCall, 0];
  };
  return {
    redirect,
    nodes: chains.flat().map((node) => ({
      ...node,
      inbound_nodes: node.inbound_nodes.map((references) =>
        references.map(([name, call, output, options]): InboundReference => [
          ...redirect([name, call, output]),
          options,
        ]),
      ),
    })),
  };
}

function isModel(layer: LayerJson): boolean {
  return Array.isArray(layer.config['layers']);
}

function innerLayers(model: LayerJson): LayerJson[] {
  if (model.class_name !== 'Sequential') {
    throw new Failure(
      'BadConfig',
      `Layer "${String(model.config['name'])}" is a functional model inside a model, which files for Keras and TensorFlow.js cannot share; put its layers into the outer model.`,
    );
  }
  return flattenSequential(model.config['layers'] as readonly LayerJson[]);
}

/** Inside another model the input comes from there. */
function withoutInput(layers: readonly LayerJson[]): LayerJson[] {
  return layers
    .filter((layer) => layer.class_name !== 'InputLayer')
    .map((layer) => {
      const kept = Object.entries(layer.config).filter(([key]) => key !== 'batch_input_shape');
      return { ...layer, config: Object.fromEntries(kept) };
    });
}
