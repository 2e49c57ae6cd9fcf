/** Ties a run to those who watch it: progress document and Prometheus metrics of this worker. */
import type { Logger } from 'pino';
import type { EpochRecord } from '@tfjs-operator/api/result.ts';
import { tensorMemory } from '../backend/tensor-memory.ts';
import { trainerVersion } from '../version.ts';
import type { JoinedRun } from './join-run.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunObserver, StepFacts } from './run-observer.ts';
import type { WorkerDesk } from './worker-desk.ts';

export function observeRun(
  run: PreparedRun,
  joined: JoinedRun,
  desk: WorkerDesk,
  log: Logger,
): RunObserver {
  const { collective } = joined.gang;
  let before = collective.stats();
  desk.metrics.setBuild({ version: trainerVersion, backend: run.backend.name });
  desk.metrics.watchMemory(tensorMemory);
  let said = '';
  const tellExecution = (): void => {
    const { execution } = run.step;
    desk.progress.set({ execution });
    // It changes with the first steps, if at all.
    if (execution.reason !== said) log.info(execution, 'how the step runs');
    said = execution.reason;
  };
  return {
    onStep: (facts: StepFacts) => {
      desk.beat();
      tellExecution();
      const { compute, apply, communication, wait, data } = facts.own;
      desk.metrics.observeStep({
        seconds: compute + apply + communication + wait + data,
        step: facts.step,
        epoch: facts.epoch + 1,
        samples: facts.samples,
        loss: facts.loss,
        learningRate: facts.learningRate,
        gradientNorm: facts.gradientNorm,
        phases: facts.own,
      });
      desk.metrics.setFigures(facts.figures);
      const now = collective.stats();
      desk.metrics.addAllReduce({
        bytesSent: now.bytesSent - before.bytesSent,
        bytesReceived: now.bytesReceived - before.bytesReceived,
        seconds: now.seconds - before.seconds,
      });
      before = now;
      desk.progress.set({
        step: facts.step,
        metrics: facts.figures,
        allReduce: {
          algorithm: collective.algorithm.name,
          reason: collective.algorithm.reason,
          bytes: now.bytesSent,
          seconds: now.seconds,
        },
      });
    },
    onEpoch: (record: EpochRecord) => {
      desk.metrics.setFigures(record.metrics);
      desk.progress.set({ metrics: record.metrics });
    },
  };
}
