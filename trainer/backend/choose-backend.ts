/**
 * Takes the backend that a job asks for, or with `auto` the best that works on this node, and says
 * why the better ones were not taken. "Works" means that it computed a gradient correctly.
 * The chosen backend is tfjs's current one afterwards.
 */
import type { BackendChoice } from '@tfjs-operator/api/progress.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { BackendError, type Backend, type BackendInfo, type RequestedBackend } from './backend.ts';
import { cpuBackend } from './cpu-backend.ts';
import { tensorflowBackend, type TensorflowOptions } from './tensorflow/tensorflow-backend.ts';
import { verifyGradient } from './verify-gradient.ts';
import { wasmBackend } from './wasm-backend.ts';
import { webgpuBackend } from './webgpu-backend.ts';

export interface Backends {
  /** What `auto` tries, best first. */
  readonly ordered: readonly Backend[];
  /** What can be named besides. */
  readonly namedOnly: readonly Backend[];
}

/** All that the trainer has. */
export function knownBackends(tensorflow: TensorflowOptions = {}): Backends {
  return {
    ordered: [tensorflowBackend(tensorflow), wasmBackend, cpuBackend],
    namedOnly: [webgpuBackend],
  };
}

async function openVerified(backend: Backend): Promise<BackendInfo | BackendError> {
  try {
    const info = await backend.open();
    await verifyGradient();
    return info;
  } catch (error) {
    if (error instanceof BackendError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new BackendError(`it does not start (${message.split('\n', 1)[0]})`, { cause: error });
  }
}

function describe({ strength }: Backend, { version }: BackendInfo): string {
  return `${strength} (${version})`;
}

async function chooseNamed(
  requested: RequestedBackend,
  known: readonly Backend[],
): Promise<BackendChoice> {
  const backend = known.find(({ name }) => name === requested);
  const names = known.map(({ name }) => name).join(', ');
  if (backend === undefined) {
    throw new Failure(
      'BackendUnavailable',
      `The backend ${requested} is not known; name one of auto, ${names}.`,
    );
  }
  const outcome = await openVerified(backend);
  if (!(outcome instanceof BackendError)) {
    return {
      name: backend.name,
      reason: `The job names it: ${describe(backend, outcome)}.`,
      rejected: [],
    };
  }
  throw new Failure(
    'BackendUnavailable',
    `workers.backend is ${requested}, but ${outcome.message}; set it to auto to take the best that works here.`,
    { cause: outcome },
  );
}

async function chooseBest(ordered: readonly Backend[]): Promise<BackendChoice> {
  const rejected: { name: string; reason: string }[] = [];
  for (const backend of ordered) {
    const outcome = await openVerified(backend);
    if (!(outcome instanceof BackendError)) {
      const reason = `The best that works here: ${describe(backend, outcome)}.`;
      return { name: backend.name, reason, rejected };
    }
    rejected.push({ name: backend.name, reason: outcome.message });
  }
  const reasons = rejected.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new Failure('BackendUnavailable', `No backend works on this node (${reasons}).`);
}

/**
 * @param requested the job's `workers.backend`
 * @throws Failure BackendUnavailable
 */
export function chooseBackend(
  requested: RequestedBackend,
  backends: Backends = knownBackends(),
): Promise<BackendChoice> {
  return requested === 'auto'
    ? chooseBest(backends.ordered)
    : chooseNamed(requested, [...backends.ordered, ...backends.namedOnly]);
}
