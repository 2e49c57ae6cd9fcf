/**
 * Names of the environment variables by which the operator (in a pod) or the local world (in a
 * process) tells a worker who it is. Everything else is in the run config.
 */
export const environment = {
  /** Path of the run config (JSON). */
  runConfig: 'TFJS_RUN_CONFIG',
  /** UID of the TrainingJob: fences messages and checkpoints of another job. */
  jobUid: 'TFJS_JOB_UID',
  jobName: 'TFJS_JOB_NAME',
  jobNamespace: 'TFJS_JOB_NAMESPACE',
  /** Rank of this worker; Kubernetes sets it on the pods of an Indexed Job. */
  rank: 'JOB_COMPLETION_INDEX',
  /** Number of workers of the gang. */
  replicas: 'TFJS_REPLICAS',
  /**
   * Where the workers are found: `dns:HOST_PATTERN:PORT` with `{rank}` in the pattern (pods behind a
   * headless Service), or `dir:PATH`, a folder in which each local process leaves its address.
   */
  peers: 'TFJS_PEERS',
  /** `HOST:PORT` on which gRPC listens; port 0 takes a free one (with `dir:` peers only). */
  grpcAddress: 'TFJS_GRPC_ADDRESS',
  /** `HOST:PORT` for /metrics, /healthz, /readyz and /progress. */
  httpAddress: 'TFJS_HTTP_ADDRESS',
  /** Folder below which `pvc://CLAIM/path` is found as `CLAIM/path`. */
  volumeRoot: 'TFJS_VOLUME_ROOT',
  /** File for the last words of the process (Kubernetes: at most 4,096 bytes). */
  terminationLog: 'TFJS_TERMINATION_LOG',
  /** Folder with tls.crt, tls.key and ca.crt: mutual TLS between the workers. */
  tlsDirectory: 'TFJS_TLS_DIR',
  /**
   * Folder whose node_modules holds @tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu, for the
   * backend `tensorflow`: set by an image, or by a person for a local run. Absent: what `npm run
   * backend:tensorflow` installed for this checkout, else the trainer's own node_modules. Empty: only
   * the latter.
   */
  tensorflowHome: 'TFJS_TENSORFLOW_HOME',
  /**
   * Threads with which the backend `tensorflow` computes, set by the local world to the worker's
   * share of the machine. Absent: one per core that the process may use, by its CPU limit.
   */
  threads: 'TFJS_THREADS',
  /**
   * File descriptor of a pipe whose other end the local world holds open (0, standard input). When it
   * ends, the parent is gone, even by SIGKILL: the worker exits at once, so that none is orphaned.
   * Absent in a pod, where the kubelet minds the process.
   */
  parentFd: 'TFJS_PARENT_FD',
  /** pino level: fatal, error, warn, info, debug, trace or silent. */
  logLevel: 'TFJS_LOG_LEVEL',
} as const;
