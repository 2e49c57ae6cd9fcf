/** What every benchmark is: a function of its arguments and of the machine it measures. */

export interface SuiteWorld {
  /** To standard output, where only results go. */
  readonly print: (text: string) => void;
  /** A line of what is being done, to standard error. */
  readonly progress: (sentence: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly date: Date;
  readonly processor: string;
  readonly processors: number;
  /** Runnable processes, mean over the last minute. */
  readonly load: () => number;
  /** The command that runs a TypeScript file. */
  readonly node: readonly [string, ...string[]];
  /** A Python that has the peers; rejects where it cannot be had. */
  readonly python: () => Promise<string>;
  /** A folder for TFJS_TENSORFLOW_HOME; rejects where it cannot be had. */
  readonly tensorflowHome: () => Promise<string>;
  readonly temporaryFolder: string;
  readonly resultsFolder: string;
}

/** Resolves to the exit code: 0, or 1 where a part could not be measured. */
export type Suite = (args: readonly string[], world: SuiteWorld) => Promise<number>;
