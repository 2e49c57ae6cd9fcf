/**
 * Writes down what an eager computation asks of TensorFlow. tfjs runs operations one by one at the
 * native binding; while a recording goes on, the binding runs them as ever and each becomes a node
 * of a graph, fed with what it was fed with. The computation's results stay valid.
 *
 * What a graph cannot hold is refused: a computation that reads values and goes on from there.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type {
  NativeAttribute,
  NativeValues,
  NodeBackend,
  NodeBinding,
} from '../../backend/tensorflow/node-backend.ts';
import {
  type,
  type AttributeValue,
  type Graph,
  type NodeOutput,
  type ScalarKind,
} from './graph.ts';

/** Why a computation cannot become a graph: half a sentence without a full stop. */
export class NotRecordable extends Error {
  override readonly name = 'NotRecordable';
}

/**
 * Operations of tfjs-node that leave a type to eager execution, which takes it from the first input:
 * a graph must name it.
 */
const inferredTypes: ReadonlyMap<string, string> = new Map([['ExpandDims', 'T']]);

export interface Recording {
  /** What of the graph computes the tensor; the tensor must stem from the recording. */
  outputOf(tensor: TensorInfo): NodeOutput;
}

/**
 * Runs `compute` and adds its operations to `graph`.
 * @param inputs tensors that exist before, and what stands for each of them in the graph. Any other
 * tensor from before is written into the graph as a constant.
 * @throws NotRecordable
 */
export function record<T>(
  backend: NodeBackend,
  graph: Graph,
  inputs: ReadonlyMap<TensorInfo, NodeOutput>,
  compute: (recording: Recording) => T,
): T {
  const own = backend.binding;
  const known = new Map<number, NodeOutput>();
  const dtypes = new Map<number, number>();
  for (const [tensor, output] of inputs) {
    const id = idOf(backend, tensor);
    known.set(id, output);
    dtypes.set(id, backend.getDTypeInteger(tensor.dtype));
  }

  const freeze = (id: number): NodeOutput => {
    // A copy of the handle tells shape and type, which the binding has no other call for.
    const [copy] = own.executeOp('Identity', [], [id], 1);
    const values = own.tensorDataSync(id);
    own.deleteTensor(copy!.id);
    return addConstant(copy!.shape, copy!.dtype, values, id);
  };

  const addConstant = (
    shape: readonly number[],
    dtype: number,
    values: NativeValues,
    id: number,
  ): NodeOutput => {
    if (!ArrayBuffer.isView(values)) {
      throw new NotRecordable('it makes tensors of strings');
    }
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const output = graph.constant(dtype, shape, bytes);
    known.set(id, output);
    dtypes.set(id, dtype);
    return output;
  };

  const recording: NodeBinding = Object.create(own, {
    createTensor: {
      value: (shape: readonly number[], dtype: number, values: NativeValues): number => {
        const id = own.createTensor(shape, dtype, values);
        addConstant(shape, dtype, values, id);
        return id;
      },
    },
    executeOp: {
      value: ((name, attributes, ids, count) => {
        const outputs = own.executeOp(name, attributes, ids, count);
        const feeding = ids.map((id) => known.get(id) ?? freeze(id));
        const inferred = inferredTypes.get(name);
        const node = graph.add(name, feeding, {
          ...attributesOf(own, attributes),
          ...(inferred === undefined ? {} : { [inferred]: type(dtypes.get(ids[0]!)!) }),
        });
        outputs.forEach(({ id, dtype }, index) => {
          known.set(id, index === 0 ? node : `${node}:${index}`);
          dtypes.set(id, dtype);
        });
        return outputs;
      }) satisfies NodeBinding['executeOp'],
    },
    tensorDataSync: {
      value: () => {
        throw new NotRecordable('it reads the value of a tensor on the way');
      },
    },
  }) as NodeBinding;

  backend.binding = recording;
  try {
    return compute({
      outputOf: (tensor) => {
        const id = idOf(backend, tensor);
        return known.get(id) ?? freeze(id);
      },
    });
  } finally {
    backend.binding = own;
  }
}

function idOf(backend: NodeBackend, tensor: TensorInfo): number {
  return backend.getInputTensorIds([tensor])[0]!;
}

function attributesOf(
  binding: NodeBinding,
  attributes: readonly NativeAttribute[],
): Record<string, AttributeValue> {
  const given = attributes.filter(({ value }) => value !== undefined && value !== null);
  return Object.fromEntries(given.map((one) => [one.name, attributeOf(binding, one)]));
}

function attributeOf(binding: NodeBinding, attribute: NativeAttribute): AttributeValue {
  const { name, value } = attribute;
  if (attribute.type === binding.TF_ATTR_SHAPE)
    return { kind: 'shape', value: value as readonly number[] };
  const kinds = new Map<number, ScalarKind>([
    [binding.TF_ATTR_STRING, 'string'],
    [binding.TF_ATTR_INT, 'int'],
    [binding.TF_ATTR_FLOAT, 'float'],
    [binding.TF_ATTR_BOOL, 'bool'],
    [binding.TF_ATTR_TYPE, 'type'],
  ]);
  const kind = kinds.get(attribute.type);
  if (kind === undefined) throw new NotRecordable(`its attribute ${name} is of an unknown kind`);
  return Array.isArray(value)
    ? { kind: 'list', of: kind, values: value }
    : ({ kind, value } as AttributeValue);
}
