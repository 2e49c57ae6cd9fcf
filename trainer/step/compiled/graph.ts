/**
 * A TensorFlow graph under construction: nodes with names, nothing native. Names are short because
 * each run of a session spells out its feeds and fetches.
 */

/** TensorFlow's DataType (tensorflow/core/framework/types.proto). */
export const DataType = { float: 1, int32: 3, bfloat16: 14, resource: 20 } as const;

export type AttributeValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'int' | 'float' | 'type'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'shape'; readonly value: readonly number[] }
  | {
      readonly kind: 'tensor';
      readonly dtype: number;
      readonly shape: readonly number[];
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'list'; readonly of: ScalarKind; readonly values: readonly unknown[] };

export type ScalarKind = 'string' | 'int' | 'float' | 'bool' | 'type';

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** An output of a node: `name`, or `name:1` for its second one. */
export type NodeOutput = string;

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Outputs of other nodes; after them `^name` for nodes that must have run before. */
  readonly inputs: readonly NodeOutput[];
  readonly attributes: Attributes;
}

export interface Graph {
  /** What all its names begin with. */
  readonly prefix: string;
  readonly nodes: readonly GraphNode[];
  /** @returns the node's name, which stands for its first output. */
  add(op: string, inputs: readonly NodeOutput[], attributes?: Attributes): NodeOutput;
  placeholder(dtype: number, shape: readonly number[]): NodeOutput;
  constant(dtype: number, shape: readonly number[], bytes: Uint8Array): NodeOutput;
}

/** @param prefix unique among the graphs that share a session. */
export function createGraph(prefix: string): Graph {
  const nodes: GraphNode[] = [];
  const add: Graph['add'] = (op, inputs, attributes = {}) => {
    const name = `${prefix}${nodes.length}`;
    nodes.push({ name, op, inputs, attributes });
    return name;
  };
  return {
    prefix,
    nodes,
    add,
    placeholder: (dtype, shape) =>
      add('Placeholder', [], { dtype: type(dtype), shape: { kind: 'shape', value: shape } }),
    constant: (dtype, shape, bytes) =>
      add('Const', [], {
        dtype: type(dtype),
        // A copy: the caller's array may be reused.
        value: { kind: 'tensor', dtype, shape, bytes: Uint8Array.from(bytes) },
      }),
  };
}

/** The attribute that names a data type, most often `T` or `dtype`. */
export function type(value: number): AttributeValue {
  return { kind: 'type', value };
}

export const floatType: AttributeValue = type(DataType.float);

export function intConstant(graph: Graph, values: readonly number[]): NodeOutput {
  const array = Int32Array.from(values);
  return graph.constant(DataType.int32, [values.length], new Uint8Array(array.buffer));
}

/** Waits for `nodes` and then passes `value` on: what a run fetches to have them executed. */
export function after(graph: Graph, value: NodeOutput, nodes: readonly NodeOutput[]): NodeOutput {
  return graph.add('Identity', [value, ...nodes.map((name) => `^${name}`)], { T: floatType });
}
