/**
 * A graph in the bytes that TensorFlow loads: a SavedModel with one GraphDef. Field numbers are those
 * of tensorflow/core/protobuf/{saved_model,meta_graph}.proto and tensorflow/core/framework/
 * {graph,node_def,attr_value,tensor,tensor_shape,versions}.proto, which may not change.
 */
import { ProtoWriter } from '../../protobuf.ts';
import type { AttributeValue, GraphNode, ScalarKind } from './graph.ts';

/** The tag under which the graph is found. */
export const servingTag = 'serve';

/** GraphDef version of TensorFlow 2.9, the oldest library that the trainer takes. */
const producer = 1087;
const minimumConsumer = 12;

export function encodeSavedModel(nodes: readonly GraphNode[]): Buffer {
  const graph = new ProtoWriter();
  for (const node of nodes) graph.bytes(1, encodeNode(node));
  graph.bytes(4, new ProtoWriter().uint32(1, producer).uint32(2, minimumConsumer).finish());
  const meta = new ProtoWriter()
    .bytes(1, new ProtoWriter().string(4, servingTag).finish())
    .bytes(2, graph.finish());
  return new ProtoWriter().uint32(1, 1).bytes(2, meta.finish()).finish();
}

function encodeNode({ name, op, inputs, attributes }: GraphNode): Buffer {
  const node = new ProtoWriter().string(1, name).string(2, op);
  for (const input of inputs) node.string(3, input);
  for (const [key, value] of Object.entries(attributes)) {
    node.bytes(5, new ProtoWriter().string(1, key).bytes(2, encodeAttribute(value)).finish());
  }
  return node.finish();
}

function encodeAttribute(attribute: AttributeValue): Buffer {
  const writer = new ProtoWriter();
  switch (attribute.kind) {
    case 'shape':
      return writer.bytes(7, encodeShape(attribute.value)).finish();
    case 'tensor': {
      const tensor = new ProtoWriter()
        .uint32(1, attribute.dtype)
        .bytes(2, encodeShape(attribute.shape))
        .bytes(4, attribute.bytes);
      return writer.bytes(8, tensor.finish()).finish();
    }
    case 'list': {
      const list = new ProtoWriter();
      for (const value of attribute.values) writeScalar(list, attribute.of, value);
      return writer.bytes(1, list.finish()).finish();
    }
    case 'string':
    case 'int':
    case 'float':
    case 'bool':
    case 'type':
      return writeScalar(writer, attribute.kind, attribute.value).finish();
  }
}

/** AttrValue and AttrValue.ListValue number their fields alike. */
function writeScalar(writer: ProtoWriter, kind: ScalarKind, value: unknown): ProtoWriter {
  switch (kind) {
    case 'string':
      return writer.string(2, String(value));
    case 'int':
      return writer.int64(3, Number(value));
    case 'float':
      return writer.float(4, Number(value));
    case 'bool':
      return writer.uint32(5, value === true ? 1 : 0);
    case 'type':
      return writer.uint32(6, Number(value));
  }
}

function encodeShape(shape: readonly number[]): Buffer {
  const writer = new ProtoWriter();
  for (const size of shape) writer.bytes(2, new ProtoWriter().int64(1, size).finish());
  return writer.finish();
}
