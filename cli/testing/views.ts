/** Views of a run, as tests of what is drawn need them. */
import type { Progress } from '@tfjs-operator/api/progress.ts';
import { decide } from '@tfjs-operator/operator/trainingjob/decide.ts';
import { World } from '@tfjs-operator/operator/trainingjob/testing/world.ts';
import type { RunView } from '../world/local-world.ts';

export interface ViewOptions {
  readonly progress?: Partial<Progress> | null;
  readonly replicas?: number;
  readonly isStopping?: boolean;
}

/** A running job with a real status: what the operator decides about such a world. */
export function aView({
  progress = {},
  replicas = 2,
  isStopping = false,
}: ViewOptions = {}): RunView {
  const world = new World({ replicas });
  world.pass();
  world.run(...Array.from({ length: replicas }, (_, rank) => rank));
  if (progress !== null) world.report({ workers: workers(replicas), ...progress });
  const observed = world.observed();
  const { status } = decide(observed);
  return { job: observed.job, status, progress: observed.progress, isStopping };
}

function workers(count: number): Progress['workers'] {
  return Array.from({ length: count }, (_, rank) => ({
    rank,
    backend: 'wasm',
    computeShare: 0.5,
    communicationShare: 0.3,
    waitShare: 0.2,
    samplesPerSecond: 400,
  }));
}
