/**
 * The environment variables by which TensorFlow's library is set up. It reads them once, when it is
 * loaded, and by itself takes a thread per core that the process may run on: it does not know the
 * CPU limit of a container, nor that other workers share the machine. Pure: reads and sets nothing.
 */

export interface RuntimeFacts {
  /** Cores that the process may use: affinity and the CPU limit of its cgroup, rounded down. */
  readonly cores: number;
  /** The worker's share of a machine that several workers share; absent: `cores`. */
  readonly threads?: number | undefined;
  /** TensorFlow's variables that are set already: they are left as they are. */
  readonly given: Readonly<Record<string, string | undefined>>;
}

export interface RuntimeOption {
  readonly name: string;
  readonly value: string;
  /** Half a sentence for the log. */
  readonly reason: string;
}

/** Threads within one operation, and operations at a time. */
const threadVariables = ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'] as const;

/** What TensorFlow is to run with, each with its reason; one entry per variable. */
export function runtimeOptions({ cores, threads, given }: RuntimeFacts): RuntimeOption[] {
  const share = Math.max(1, Math.min(threads ?? cores, cores));
  const reason =
    threads === undefined || threads >= cores
      ? `cores of this process: ${cores}`
      : `this worker's share of ${cores} cores`;
  const chosen: readonly RuntimeOption[] = [
    ...threadVariables.map((name) => ({ name, value: `${share}`, reason })),
    {
      name: 'TF_CPP_MIN_LOG_LEVEL',
      value: '1',
      reason: 'warnings of the library, without its notes',
    },
  ];
  const isGiven = ({ name }: { readonly name: string }): boolean =>
    given[name] !== undefined && given[name] !== '';
  const kept = Object.entries(given).flatMap(([name, value = '']) =>
    value === '' ? [] : [{ name, value, reason: 'set in the environment' }],
  );
  return [...chosen.filter((option) => !isGiven(option)), ...kept];
}

/** Threads within one operation; undefined where the value is none that TensorFlow takes. */
export function threadsOf(options: readonly RuntimeOption[]): number | undefined {
  const value = Number(options.find(({ name }) => name === threadVariables[0])?.value);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
