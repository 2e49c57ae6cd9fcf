/**
 * Inference as TensorFlow graphs: one for each size of batch and set of figures, recorded and
 * compared when it first comes. Weights lie in the session and are sent again when the model has
 * other ones. A model that cannot become a graph runs as operations.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { nodeBackend, type NodeBackend } from '../../backend/tensorflow/node-backend.ts';
import { batchTensors } from '../batch-tensors.ts';
import { createEagerPredictor } from '../eager-predictor.ts';
import { valuesOf, type LayerVariable } from '../model-layers.ts';
import { measuredOf, measureTensors, type Figures, type Predictor } from '../predictor.ts';
import type { StepBatch } from '../training-step.ts';
import { valuesDifference } from './differences.ts';
import { firstCall } from './first-call.ts';
import type { Graph, NodeOutput } from './graph.ts';
import {
  createProgram,
  readVariable,
  remove,
  type GraphFunction,
  type Program,
  type Variable,
} from './program.ts';
import { NotRecordable, record } from './recorder.ts';
import { scoped } from '../scope.ts';

interface Tools {
  readonly model: tfl.LayersModel;
  readonly backend: NodeBackend;
  readonly program: Program;
  readonly weights: ReadonlyMap<LayerVariable, Variable>;
}

interface Measurement {
  readonly called: GraphFunction;
  readonly figures: Figures;
  readonly size: string;
}

export function createCompiledPredictor(
  model: tfl.LayersModel,
  onObstacle: (reason: string) => void = () => undefined,
): Predictor {
  const backend = nodeBackend();
  const program = createProgram(backend);
  const weights = new Map(
    [...new Set(model.weights as LayerVariable[])].map((variable) => [
      variable,
      program.variable(variable.shape as number[], () => valuesOf(variable)),
    ]),
  );
  const tools: Tools = { model, backend, program, weights };
  const eager = createEagerPredictor(model);
  const known: Measurement[] = [];
  let sent: readonly object[] = [];
  let isEager = false;

  /** A variable that is assigned gets other data. */
  const sendWeights = (): void => {
    const current = [...weights.keys()].map((variable) => variable.read().dataId);
    if (program.isRunning && current.some((dataId, index) => dataId !== sent[index])) {
      program.assign(new Map([...weights].map(([from, to]) => [to, valuesOf(from)])));
    }
    sent = current;
  };

  const run: Predictor['measure'] = (batch, figures) => {
    const size = `${batch.count} ${batch.x.length}`;
    const found = known.find((one) => one.size === size && isSame(one.figures, figures));
    sendWeights();
    if (found) return call(tools, found.called, { batch, figures });
    const called = define(tools, batch, figures);
    const measured = firstCall(() => call(tools, called, { batch, figures }));
    const expected = eager.measure(batch, figures);
    const difference = valuesDifference(expected.values, measured.values);
    if (difference !== undefined) throw new NotRecordable(difference);
    known.push({ called, figures, size });
    return measured;
  };

  return {
    measure: (batch, figures) => {
      if (isEager) return eager.measure(batch, figures);
      try {
        return run(batch, figures);
      } catch (error) {
        if (!(error instanceof NotRecordable)) throw error;
        isEager = true;
        program.close();
        onObstacle(error.message);
        return eager.measure(batch, figures);
      }
    },
    dispose: () => program.close(),
  };
}

/** Feeds: x and y. Fetches: the output and the sums. */
function define(tools: Tools, batch: StepBatch, figures: Figures): GraphFunction {
  return tools.program.define((graph) => scoped(() => recordInto(tools, graph, batch, figures)));
}

function recordInto(
  { model, backend, weights }: Tools,
  graph: Graph,
  batch: StepBatch,
  figures: Figures,
): GraphFunction {
  const { x, y } = batchTensors(model, batch);
  const feeds = [x, y].map(({ dtype, shape }) =>
    graph.placeholder(backend.getDTypeInteger(dtype), shape),
  );
  const inputs = new Map<tf.TensorInfo, NodeOutput>([x, y].map((t, i) => [t, feeds[i]!]));
  for (const [variable, held] of weights) inputs.set(variable.read(), readVariable(graph, held));
  const fetches = record(backend, graph, inputs, (recording) => {
    const { output, sums } = measureTensors(model, { x, y }, figures);
    return [recording.outputOf(output), recording.outputOf(sums)];
  });
  return { feeds, fetches };
}

function call(
  { model, backend, program }: Tools,
  called: GraphFunction,
  { batch, figures }: { readonly batch: StepBatch; readonly figures: Figures },
): ReturnType<Predictor['measure']> {
  const outputs = scoped(() => {
    const { x, y } = batchTensors(model, batch);
    return program.run(called, backend.getInputTensorIds([x, y]));
  });
  const [values, sums] = outputs.map(({ id }) => backend.binding.tensorDataSync(id));
  const { shape } = outputs[0]!;
  remove(backend, outputs);
  const prediction = { values: values as Float32Array, shape, count: batch.count };
  return measuredOf(prediction, sums as Float32Array, figures);
}

function isSame(a: Figures, b: Figures): boolean {
  return (
    a.loss === b.loss &&
    a.metrics.length === b.metrics.length &&
    a.metrics.every((metric, index) => metric === b.metrics[index])
  );
}
