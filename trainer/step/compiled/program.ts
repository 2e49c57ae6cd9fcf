/**
 * Graphs that share variables, run by one TensorFlow session. The stock addon of tfjs-node loads a
 * SavedModel and cannot extend it, so that a function which is added later makes a new session,
 * into which the variables move. Values stay where TensorFlow computes: on a GPU no variable leaves
 * it but to be read.
 *
 * Owns the session and its native tensors. Knows nothing of models or training.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeTensor, NodeBackend } from '../../backend/tensorflow/node-backend.ts';
import { elementsOf } from '../../named-array.ts';
import { encodeSavedModel, servingTag } from './graph-def.ts';
import { after, createGraph, DataType, floatType, type Graph, type NodeOutput } from './graph.ts';

/** A float32 tensor that lives in the session from run to run. */
export interface Variable {
  readonly shape: readonly number[];
  /** The resource, an input of operations like ReadVariableOp. */
  readonly handle: NodeOutput;
}

/** A part of the program that is run as one call. */
export interface GraphFunction {
  readonly feeds: readonly NodeOutput[];
  readonly fetches: readonly NodeOutput[];
}

export interface Program {
  /** The variables have been given their initial values. */
  readonly isRunning: boolean;
  /** @param initial row-major; read when the program runs for the first time. */
  variable(shape: readonly number[], initial: () => Float32Array): Variable;
  define(build: (graph: Graph) => GraphFunction): GraphFunction;
  /**
   * @param inputs native tensors in the order of the feeds; they stay the caller's.
   * @returns native tensors in the order of the fetches, the caller's to delete.
   */
  run(called: GraphFunction, inputs: readonly number[]): NativeTensor[];
  /** Copies, row-major, in the order of `variables`. */
  read(variables: readonly Variable[]): Float32Array[];
  assign(values: ReadonlyMap<Variable, Float32Array>): void;
  close(): void;
}

/** Reads a variable in a graph; nodes of the same run that write it must be ordered by hand. */
export function readVariable(graph: Graph, { handle }: Variable): NodeOutput {
  return graph.add('ReadVariableOp', [handle], { dtype: floatType });
}

export function createProgram(backend: NodeBackend): Program {
  const { binding } = backend;
  const graphs: Graph[] = [];
  const variables: { readonly variable: Variable; readonly initial: () => Float32Array }[] = [];
  const handles = createGraph('v');
  const names = new Map<GraphFunction, { readonly feeds: string; readonly fetches: string }>();
  let session: number | undefined;
  let reader: GraphFunction | undefined;
  let writer: GraphFunction | undefined;
  let isExtended = false;

  const define: Program['define'] = (build) => {
    const graph = createGraph(`f${graphs.length}n`);
    const defined = build(graph);
    graphs.push(graph);
    names.set(defined, { feeds: spelled(defined.feeds), fetches: spelled(defined.fetches) });
    isExtended = true;
    return defined;
  };

  const call = (current: number, called: GraphFunction, ids: readonly number[]): NativeTensor[] => {
    const { feeds, fetches } = names.get(called)!;
    return binding.runSavedModel(current, ids, feeds, fetches);
  };

  /** Reading and writing all variables at once: the functions that every program has. */
  const completed = (): { reader: GraphFunction; writer: GraphFunction } => {
    const all = variables.map(({ variable }) => variable);
    reader ??= define((graph) => ({
      feeds: [],
      fetches: all.map((variable) => readVariable(graph, variable)),
    }));
    writer ??= define((graph) => defineWriter(graph, all));
    return { reader, writer };
  };

  const load = (): number => {
    const functions = completed();
    const previous = session;
    // First: where TensorFlow refuses the graphs, the session before can still be read.
    isExtended = false;
    const next = loadSession(backend, [handles, ...graphs]);
    const values =
      previous === undefined
        ? variables.map(({ variable, initial }) => upload(backend, variable, initial()))
        : call(previous, functions.reader, []).map(({ id }) => id);
    remove(backend, call(next, functions.writer, values));
    for (const id of values) binding.deleteTensor(id);
    if (previous !== undefined) binding.deleteSavedModel(previous);
    session = next;
    return next;
  };

  const current = (): number => (session === undefined || isExtended ? load() : session);

  return {
    get isRunning() {
      return session !== undefined;
    },
    define,
    variable: (shape, initial) => {
      if (session !== undefined) throw new Error('the program runs: its variables are settled');
      const attributes = {
        dtype: floatType,
        shape: { kind: 'shape', value: shape },
        shared_name: { kind: 'string', value: `v${variables.length}` },
      } as const;
      const variable = { shape, handle: handles.add('VarHandleOp', [], attributes) };
      variables.push({ variable, initial });
      return variable;
    },
    run: (called, inputs) => call(current(), called, inputs),
    read: (wanted) => {
      const outputs = call(current(), completed().reader, []);
      const positions = new Map(variables.map(({ variable }, index) => [variable, index]));
      const values = wanted.map((variable) => {
        const output = outputs[positions.get(variable) ?? -1];
        if (output === undefined) throw new Error('the variable belongs to another program');
        return binding.tensorDataSync(output.id) as Float32Array;
      });
      remove(backend, outputs);
      return values;
    },
    assign: (values) => {
      const into = current();
      const kept = call(into, completed().reader, []);
      const ids = variables.map(({ variable }, index) => {
        const value = values.get(variable);
        return value === undefined ? kept[index]!.id : upload(backend, variable, value);
      });
      remove(backend, call(into, completed().writer, ids));
      for (const id of new Set([...ids, ...kept.map((tensor) => tensor.id)])) {
        binding.deleteTensor(id);
      }
    },
    close: () => {
      if (session !== undefined) binding.deleteSavedModel(session);
      session = undefined;
    },
  };
}

/** Frees native tensors. */
export function remove(backend: NodeBackend, tensors: readonly NativeTensor[]): void {
  for (const { id } of tensors) backend.binding.deleteTensor(id);
}

/**
 * A fed tensor may alias memory of the caller, which a variable would write to later on: DeepCopy
 * gives the variable memory of its own.
 */
function defineWriter(graph: Graph, variables: readonly Variable[]): GraphFunction {
  const feeds = variables.map(({ shape }) => graph.placeholder(DataType.float, shape));
  const writes = variables.map(({ handle }, index) => {
    const copy = graph.add('DeepCopy', [feeds[index]!], { T: floatType });
    return graph.add('AssignVariableOp', [handle, copy], { dtype: floatType });
  });
  const zero = graph.constant(DataType.float, [], new Uint8Array(4));
  return { feeds, fetches: [after(graph, zero, writes)] };
}

function upload(backend: NodeBackend, { shape }: Variable, values: Float32Array): number {
  if (values.length !== elementsOf(shape)) {
    throw new RangeError(`a variable of shape [${shape.join(', ')}] got ${values.length} values`);
  }
  return backend.binding.createTensor(shape, backend.binding.TF_FLOAT, values);
}

function loadSession(backend: NodeBackend, graphs: readonly Graph[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-graph-'));
  try {
    const nodes = graphs.flatMap((graph) => graph.nodes);
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(nodes));
    return backend.binding.loadSavedModel(folder, servingTag);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function spelled(outputs: readonly NodeOutput[]): string {
  return outputs.map((name) => (name.includes(':') ? name : `${name}:0`)).join();
}
