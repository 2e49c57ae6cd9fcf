/**
 * Who this worker is: the environment that the operator or the local world gave it, read once and
 * validated. Nothing else in the trainer reads the environment.
 */
import { readFile } from 'node:fs/promises';
import { environment } from '@tfjs-operator/api/environment.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { validateRunConfig } from '@tfjs-operator/api/run-config/validate.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { tensorflowHome } from './staged-tensorflow.ts';

export interface WorkerSettings {
  readonly runConfig: RunConfig;
  readonly job: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly rank: number;
  readonly replicas: number;
  readonly peers: string;
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly volumeRoot: string;
  readonly terminationLog: string | undefined;
  readonly tlsDirectory: string | undefined;
  readonly tensorflowHome: string | undefined;
  /** Threads of the backend tensorflow; undefined: one per core. */
  readonly threads: number | undefined;
  /** What of the process's environment TensorFlow's library will read. */
  readonly libraryEnvironment: Environment;
  readonly logLevel: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @throws Failure BadConfig naming the variable that is missing or malformed, or the field of the
 * run config that is wrong.
 */
export async function readWorkerSettings(env: Environment): Promise<WorkerSettings> {
  const required = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '') {
      throw new Failure(
        'BadConfig',
        `The environment variable ${name} is not set; a worker is started by the operator or by "tfjsctl run".`,
      );
    }
    return value;
  };
  const rank = integer(required(environment.rank), environment.rank, 0);
  const replicas = integer(required(environment.replicas), environment.replicas, 1);
  if (rank >= replicas) {
    throw new Failure(
      'BadConfig',
      `${environment.rank} is ${rank}, but a gang of ${replicas} has the ranks 0 to ${replicas - 1}.`,
    );
  }
  return {
    runConfig: await readRunConfig(required(environment.runConfig)),
    job: {
      name: required(environment.jobName),
      namespace: required(environment.jobNamespace),
      uid: required(environment.jobUid),
    },
    rank,
    replicas,
    peers: required(environment.peers),
    grpcAddress: required(environment.grpcAddress),
    httpAddress: required(environment.httpAddress),
    volumeRoot: required(environment.volumeRoot),
    terminationLog: env[environment.terminationLog],
    tlsDirectory: env[environment.tlsDirectory],
    tensorflowHome: tensorflowHome(env[environment.tensorflowHome]),
    threads: optionalInteger(env[environment.threads], environment.threads, 1),
    libraryEnvironment: libraryEnvironment(env),
    logLevel: env[environment.logLevel] ?? 'info',
  };
}

function integer(text: string, name: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Failure(
    'BadConfig',
    `${name} is "${text}"; it must be a whole number of at least ${least}.`,
  );
}

/** TensorFlow and the compiler in it. */
const libraryVariable = /^(?:TF|XLA)_/;

function libraryEnvironment(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => libraryVariable.test(name)));
}

function optionalInteger(
  text: string | undefined,
  name: string,
  least: number,
): number | undefined {
  return text === undefined || text === '' ? undefined : integer(text, name, least);
}

async function readRunConfig(path: string): Promise<RunConfig> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new Failure(
      'BadConfig',
      `The run config ${path} cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  return validateRunConfig(document);
}
