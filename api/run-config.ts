/**
 * The trainer's single input: network structure and training configuration merged, defaulted and
 * validated. The operator writes it into an immutable ConfigMap, the local world into a file.
 */

export interface RunConfig {
  readonly apiVersion: 'tfjs-operator.io/v1alpha1';
  readonly kind: 'RunConfig';
  readonly job: { readonly name: string; readonly namespace: string };
  readonly model: ModelConfig;
  readonly training: TrainingConfig;
  readonly dataset: DatasetConfig;
  readonly evaluation: EvaluationConfig;
  readonly workers: { readonly backend: 'auto' | 'tensorflow' | 'webgpu' | 'wasm' | 'cpu' };
  readonly allReduce: AllReduceConfig;
  readonly checkpoint: CheckpointConfig;
  readonly output: OutputConfig;
  /** `sha256:…` over the canonical JSON of all other fields. */
  readonly digest: string;
}

export interface ModelConfig {
  /** Keras or tfjs topology: `{class_name, config}`; exactly one of topology and uri. */
  readonly topology?: Topology;
  readonly uri?: string;
  readonly weights?: { readonly uri: string };
}

export interface Topology {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface TrainingConfig {
  readonly epochs: number;
  /** Samples of one step over all workers. */
  readonly batchSize: number;
  readonly optimizer: OptimizerConfig;
  readonly loss: LossConfig;
  readonly metrics: readonly string[];
  readonly learningRateSchedule: ScheduleConfig;
  readonly scaleLearningRate: 'none' | 'linear';
  readonly clipping: { readonly globalNorm?: number };
  readonly earlyStopping?: EarlyStoppingConfig;
  readonly seed: number;
  readonly precision: 'float32';
}

export interface OptimizerConfig {
  readonly name: 'sgd' | 'momentum' | 'rmsprop' | 'adagrad' | 'adam' | 'adamw';
  readonly learningRate: number;
  /** momentum and rmsprop. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** rmsprop: decay of the squared gradient (Keras `rho`). */
  readonly rho?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** adamw: decoupled weight decay. */
  readonly weightDecay?: number;
  /** adagrad. */
  readonly initialAccumulatorValue?: number;
}

export interface LossConfig {
  /** A Keras loss by its camelCase or snake_case name. */
  readonly name: string;
  readonly fromLogits?: boolean;
  readonly labelSmoothing?: number;
  readonly delta?: number;
}

export interface ScheduleConfig {
  readonly name: 'constant' | 'step' | 'exponential' | 'cosine';
  /** Steps over which the rate rises linearly from 0 (counted before the schedule starts). */
  readonly warmupSteps: number;
  /** step, exponential: steps between two decays. cosine: steps to the end; default: all steps. */
  readonly decaySteps?: number;
  /** step, exponential: factor of a decay. */
  readonly decayRate?: number;
  /** cosine: fraction of the base rate at the end. */
  readonly alpha?: number;
}

export interface EarlyStoppingConfig {
  /** A metric of the history, for example `val_loss` or `val_accuracy`. */
  readonly monitor: string;
  readonly mode: 'min' | 'max';
  /** Epochs without an improvement of at least minDelta. */
  readonly patience: number;
  readonly minDelta: number;
  readonly restoreBestWeights: boolean;
}

export interface SourceConfig {
  /** idx, npy, csv, image-folder: path below the uri; npz: name of the array. */
  readonly features: string;
  /** As features; absent for csv (column) and image-folder (directory names). */
  readonly labels?: string;
}

export interface DatasetConfig {
  readonly uri: string;
  readonly format: 'idx' | 'csv' | 'npy' | 'npz' | 'image-folder';
  readonly train: SourceConfig;
  readonly features: {
    /** csv: columns taken as features; default all but the label column. */
    readonly columns?: readonly string[];
    /** Shape of one sample, for example [28, 28, 1]; default as stored. */
    readonly shape?: readonly number[];
    /** none; scale: from [0, 255] to [0, 1]; standard: (x - mean) / std over all features of the
     * training split; standard-per-feature: the same for each feature by itself. */
    readonly standardize: 'none' | 'scale' | 'standard' | 'standard-per-feature';
  };
  readonly labels: {
    readonly type: 'class' | 'number';
    /** csv: the label's column. */
    readonly column?: string;
    /** Class names by index; default: the values found (sorted), or the directory names. */
    readonly classes?: readonly string[];
    /** Raw label to class name, applied before `classes`. */
    readonly mapping?: Readonly<Record<string, string>>;
  };
  readonly split: {
    readonly seed: number;
    readonly stratify: boolean;
    readonly validation?: SplitConfig;
    readonly test?: SplitConfig;
  };
  readonly cleaning: readonly CleaningRule[];
  readonly augmentation: readonly AugmentationConfig[];
}

/** A part of the training source, or a source of its own; exactly one of the two. */
export interface SplitConfig {
  readonly fraction?: number;
  readonly source?: SourceConfig;
}

export interface CleaningRule {
  readonly rule: 'missing' | 'outOfRange' | 'duplicate' | 'unreadable';
  readonly action: 'drop' | 'fail';
  /** outOfRange: inclusive bounds of a feature value. */
  readonly minimum?: number;
  readonly maximum?: number;
}

/** `name` is one of shift, rotate, flipHorizontal, noise; applied to training samples only. */
export interface AugmentationConfig {
  readonly name: 'shift' | 'rotate' | 'flipHorizontal' | 'noise';
  /** shift: pixels; rotate: degrees; noise: standard deviation; flipHorizontal: probability. */
  readonly amount: number;
}

export interface EvaluationConfig {
  readonly split: 'test' | 'validation' | 'train' | 'none';
  readonly batchSize: number;
  readonly metrics: readonly string[];
  /** Least value by metric; for `loss` the greatest. */
  readonly require: Readonly<Record<string, number>>;
  /** Wrongly read samples kept for the report. */
  readonly wrongSamples: number;
}

export interface AllReduceConfig {
  readonly algorithm: 'auto' | 'ring' | 'direct';
  readonly wireType: 'float32' | 'bfloat16';
  readonly bucketBytes: number;
  readonly deterministic: boolean;
  readonly syncEverySteps: number;
  /** A peer that sends nothing for so long during an all-reduce is given up. */
  readonly timeoutSeconds: number;
}

export interface CheckpointConfig {
  /** Absent: no checkpoints. */
  readonly uri?: string;
  readonly everySteps?: number;
  readonly everySeconds?: number;
  readonly keep: number;
}

export interface OutputConfig {
  readonly uri: string;
  readonly formats: readonly ('layers-model' | 'keras-h5' | 'npz')[];
  readonly quantization: 'none' | 'float16' | 'uint16' | 'uint8';
}
