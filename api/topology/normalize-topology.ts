/**
 * Brings a network structure written by Keras 2, Keras 3, TensorFlow.js or by hand to one form:
 * Keras 2 JSON with every default written out. The same form is built, digested and saved, so a
 * model means the same in the trainer, in Keras and in a browser. Builds no model.
 */
import type { Topology } from '../run-config.ts';
import { Failure } from '../failure.ts';
import { isJsonObject, objectAt, textAt, type JsonObject } from './json-object.ts';
import { checkGraph } from './check-graph.ts';
import { checkMasks } from './check-masks.ts';
import { flattenGraph, flattenSequential, type GraphNode } from './flatten-nested.ts';
import { refuseLoneAttention } from './normalize-attention.ts';
import { normalizeInbound, normalizeReferences } from './normalize-inbound.ts';
import { normalizeLayer, type LayerJson, type LayerScope } from './normalize-layer.ts';
import { nameHint } from './name-hint.ts';

/** What only Keras 3 writes; `module` and `registered_name` are in files of late Keras 2 as well. */
const keras3Marks = /"(?:batch_shape|DTypePolicy|__keras_tensor__)"/;

const modelClasses = ['Sequential', 'Functional', 'Model'];

/**
 * @param document `{class_name, config}`, or a document that holds it under `modelTopology` or
 *   `model_config` (model.json of TensorFlow.js, attributes of a Keras .h5).
 * @throws Failure('BadConfig') in one sentence that names the layer and the way out.
 */
export function normalizeTopology(document: unknown): Topology {
  const topology = unwrap(document);
  const used = new Map<string, number>();
  const scope: LayerScope = {
    isKeras3: keras3Marks.test(JSON.stringify(topology)),
    nameFor: (className) => {
      const base = snakeCase(className);
      const count = used.get(base) ?? 0;
      used.set(base, count + 1);
      return count === 0 ? base : `${base}_${count}`;
    },
  };
  const model = normalizeModel(topology, scope, true);
  refuseDuplicates(layerNames(model));
  return model;
}

function unwrap(document: unknown): JsonObject {
  if (isJsonObject(document)) {
    if (document['format'] === 'graph-model') {
      throw new Failure(
        'BadConfig',
        'The model is a frozen TensorFlow.js graph-model, which cannot be trained; give a layers-model or Keras topology.',
      );
    }
    for (const key of ['modelTopology', 'model_config', 'topology']) {
      const inner = document[key];
      if (isJsonObject(inner)) return unwrap(inner);
    }
    if (textAt(document, 'class_name') !== undefined) return document;
  }
  throw new Failure(
    'BadConfig',
    'The topology has no class_name and config; give what Keras model.to_json() or TensorFlow.js model.toJSON() writes.',
  );
}

function normalizeModel(model: JsonObject, scope: LayerScope, isTop: boolean): LayerJson {
  const className = textAt(model, 'class_name') ?? '';
  if (!modelClasses.includes(className)) {
    throw new Failure(
      'BadConfig',
      `The topology is of the class "${className}"; ${nameHint(className, modelClasses)}`,
    );
  }
  // Keras before 2.3 wrote the bare list of layers of a Sequential.
  const config = Array.isArray(model['config'])
    ? { layers: model['config'] as unknown[] }
    : (objectAt(model, 'config') ?? {});
  const name = textAt(config, 'name') ?? scope.nameFor(className);
  const layers = config['layers'];
  if (!Array.isArray(layers) || layers.length === 0) {
    throw new Failure('BadConfig', `Model "${name}" has no layers; list them in config.layers.`);
  }
  return className === 'Sequential'
    ? normalizeSequential({ name, config, layers }, scope, isTop)
    : normalizeFunctional({ name, config, layers }, scope);
}

interface ModelParts {
  readonly name: string;
  readonly config: JsonObject;
  readonly layers: readonly unknown[];
}

function normalizeSequential(model: ModelParts, scope: LayerScope, isTop: boolean): LayerJson {
  const layers = model.layers.map((layer) => normalizeNode(layer, scope));
  for (const { class_name, config } of layers) {
    refuseLoneAttention(class_name, String(config['name']));
  }
  const first = layers[0];
  const given = model.config['build_input_shape'];
  if (first && !hasInputShape(first)) {
    if (Array.isArray(given)) {
      layers[0] = {
        ...first,
        config: { ...first.config, batch_input_shape: [null, ...(given.slice(1) as unknown[])] },
      };
    } else if (isTop) {
      const name = String(first.config['name']);
      throw new Failure(
        'BadConfig',
        `The first layer, "${name}", has no input shape; add batch_input_shape to its config, for example [null, 28, 28, 1].`,
      );
    }
  }
  const chain = withInputLayer(flattenSequential(layers));
  const names = chain.map(({ config }) => String(config['name']));
  checkMasks(
    chain.map((layer, index) => ({
      ...layer,
      from: index === 0 ? [] : names.slice(index - 1, index),
    })),
  );
  return { class_name: 'Sequential', config: { name: model.name, layers: chain } };
}

/**
 * The input shape as a layer of its own. Beside a layer's other settings, Keras 3 misreads it in
 * .h5 files: it takes the batch axis for a part of the sample.
 */
function withInputLayer(layers: readonly LayerJson[]): LayerJson[] {
  const [first, ...others] = layers;
  if (!first || first.class_name === 'InputLayer') return [...layers];
  const { name, dtype, batch_input_shape: shape } = first.config;
  if (!Array.isArray(shape)) return [...layers];
  const kept = Object.entries(first.config).filter(([key]) => key !== 'batch_input_shape');
  const config = { name: `${String(name)}_input`, dtype, batch_input_shape: shape };
  return [
    { class_name: 'InputLayer', config },
    { ...first, config: Object.fromEntries(kept) },
    ...others,
  ];
}

function hasInputShape(layer: LayerJson): boolean {
  if (Array.isArray(layer.config['batch_input_shape'])) return true;
  const inner = layer.config['layers'];
  const first = Array.isArray(inner) ? (inner[0] as LayerJson | undefined) : undefined;
  return first !== undefined && hasInputShape(first);
}

function normalizeFunctional(model: ModelParts, scope: LayerScope): LayerJson {
  const layers = model.layers.map((layer): GraphNode => {
    const node = normalizeNode(layer, scope);
    const name = String(node.config['name']);
    const inbound = isJsonObject(layer) ? layer['inbound_nodes'] : undefined;
    if (node.class_name === 'InputLayer' && !hasInputShape(node)) {
      throw new Failure(
        'BadConfig',
        `Input layer "${name}" has no shape; add batch_input_shape to its config, for example [null, 28, 28, 1].`,
      );
    }
    return {
      ...node,
      name,
      inbound_nodes: normalizeInbound(inbound, { layer: name, className: node.class_name }),
    };
  });
  const known = new Set(layers.map((layer) => layer.name));
  for (const layer of layers) {
    for (const [from] of layer.inbound_nodes.flat()) {
      if (known.has(from)) continue;
      throw new Failure(
        'BadConfig',
        `Layer "${layer.name}" takes its input from "${from}", which is no layer of the model; ${nameHint(from, [...known])}`,
      );
    }
  }
  const graph = flattenGraph(layers, scope.isKeras3 ? 0 : 1);
  checkGraph(graph.nodes);
  checkMasks(
    graph.nodes.map((node) => ({ ...node, from: node.inbound_nodes.flat().map(([from]) => from) })),
  );
  const references = (key: string): unknown =>
    normalizeReferences(model.config[key], { model: model.name, key, known }).map(graph.redirect);
  return {
    class_name: 'Functional',
    config: {
      name: model.name,
      layers: graph.nodes,
      input_layers: references('input_layers'),
      output_layers: references('output_layers'),
    },
  };
}

function normalizeNode(layer: unknown, scope: LayerScope): LayerJson {
  const className = isJsonObject(layer) ? textAt(layer, 'class_name') : undefined;
  if (!isJsonObject(layer) || className === undefined) {
    throw new Failure(
      'BadConfig',
      `A layer of the topology is ${JSON.stringify(layer)?.slice(0, 60)}; each must be {class_name, config}.`,
    );
  }
  if (modelClasses.includes(className)) return normalizeModel(layer, scope, false);
  const config = { ...objectAt(layer, 'config') };
  // Older files carry the name beside the config only.
  config['name'] ??= textAt(layer, 'name');
  return normalizeLayer({ class_name: className, config }, scope);
}

function layerNames(model: LayerJson): string[] {
  const layers = model.config['layers'] as readonly LayerJson[];
  return layers.map((layer) => String(layer.config['name']));
}

function refuseDuplicates(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Failure('BadConfig', `Two layers are named "${twice}"; give each its own name.`);
  }
}

function snakeCase(className: string): string {
  return className
    .replaceAll(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
