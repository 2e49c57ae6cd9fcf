/**
 * A recorded graph in mixed precision: matrix products and convolutions take and give bfloat16, which
 * has the range of float32 and 8 bits of its precision. Weights, gradients as they leave the graph,
 * losses, softmax, sums and everything else stay float32. Pure: nodes in, nodes out.
 *
 * A tensor has up to two forms, float32 and bfloat16; the one that was not computed is cast when the
 * first operation asks for it, and cast once.
 */
import { DataType, type, type Graph, type GraphNode, type NodeOutput } from './graph.ts';

/** What is computed in bfloat16 wherever it is found, and which of its inputs are tensors of `T`. */
const products: ReadonlyMap<string, readonly number[]> = new Map([
  ['MatMul', [0, 1]],
  ['BatchMatMulV2', [0, 1]],
  ['Conv2D', [0, 1]],
  // Input 0 is a shape, of the image or of the filter.
  ['Conv2DBackpropInput', [1, 2]],
  ['Conv2DBackpropFilter', [0, 2]],
]);

interface Follower {
  /** The inputs that are cast. */
  readonly cast: readonly number[];
  /** Those that must have been computed in bfloat16 for the operation to follow. */
  readonly led: readonly number[];
}

/**
 * What follows its inputs, so that values do not go to float32 and back between two products, and
 * TensorFlow fuses a product with its bias and activation. All but BiasAdd and batch normalization
 * give the same whether they are computed before a cast or after it; batch normalization takes its
 * statistics, and scale and offset, in float32 (attribute `U`).
 */
const followers: ReadonlyMap<string, Follower> = new Map([
  ['Reshape', { cast: [0], led: [0] }],
  ['Transpose', { cast: [0], led: [0] }],
  ['BiasAdd', { cast: [0, 1], led: [0] }],
  ['Relu', { cast: [0], led: [0] }],
  ['ReluGrad', { cast: [0, 1], led: [0, 1] }],
  ['MaxPool', { cast: [0], led: [0] }],
  ['MaxPoolGrad', { cast: [0, 1, 2], led: [0, 1] }],
  ['FusedBatchNormV3', { cast: [0], led: [0] }],
  ['FusedBatchNormGradV3', { cast: [0, 1], led: [1] }],
]);

export interface Copied {
  /** What stands in the copy for an output of the original, in float32 where that was float32. */
  outputOf(original: NodeOutput): NodeOutput;
}

/** Writes `nodes`, each after what it reads, into `graph`. Names that are not theirs stay. */
export function copyInBfloat16(nodes: readonly GraphNode[], graph: Graph): Copied {
  /** By outputs of the original; an absent one is computed from the other form when it is needed. */
  const exact = new Map<NodeOutput, NodeOutput>();
  const halves = new Map<NodeOutput, NodeOutput>();
  const renamed = new Map<string, string>();

  const outputOf = (original: NodeOutput): NodeOutput => {
    const known = exact.get(original);
    if (known !== undefined) return known;
    const half = halves.get(original);
    const output =
      half === undefined
        ? withNode(original, renamed)
        : addCast(graph, half, { from: DataType.bfloat16, to: DataType.float });
    exact.set(original, output);
    return output;
  };

  const halfOf = (original: NodeOutput): NodeOutput => {
    const known = halves.get(original);
    if (known !== undefined) return known;
    const ends = { from: DataType.float, to: DataType.bfloat16 };
    const half = addCast(graph, outputOf(original), ends);
    halves.set(original, half);
    return half;
  };

  /** Computed in bfloat16, and not cast to it. */
  const led = new Set<NodeOutput>();

  const castInputs = ({ op, inputs, attributes }: GraphNode): readonly number[] | undefined => {
    const dtype = attributes['T'];
    if (dtype?.kind !== 'type' || dtype.value !== DataType.float) return undefined;
    const follower = followers.get(op);
    const isFollowing = follower?.led.every((index) => led.has(inputs[index]!)) === true;
    return isFollowing ? follower!.cast : products.get(op);
  };

  for (const node of nodes) {
    const { name, op, inputs, attributes } = node;
    const cast = castInputs(node);
    if (cast === undefined) {
      renamed.set(name, graph.add(op, inputs.map(outputOf), attributes));
      continue;
    }
    const taken = inputs.map((input, index) =>
      cast.includes(index) ? halfOf(input) : outputOf(input),
    );
    const half = graph.add(op, taken, { ...attributes, T: type(DataType.bfloat16) });
    renamed.set(name, half);
    halves.set(name, half);
    led.add(name);
  }
  return { outputOf };
}

function addCast(
  graph: Graph,
  output: NodeOutput,
  { from, to }: { readonly from: number; readonly to: number },
): NodeOutput {
  return graph.add('Cast', [output], { SrcT: type(from), DstT: type(to) });
}

/** `^name`, `name` or `name:1` with another name. */
function withNode(output: NodeOutput, names: ReadonlyMap<string, string>): NodeOutput {
  const [, before = '', name = '', after = ''] = /^(\^?)([^:]*)(.*)$/.exec(output) ?? [];
  return `${before}${names.get(name) ?? name}${after}`;
}
