/**
 * Keras's layer MultiHeadAttention, which TensorFlow.js has in its sources but in none of its
 * bundles: the same weights by name and shape, computed with one matrix product per projection
 * instead of einsum. It is called with [query] (self-attention), [query, value] or
 * [query, value, key]; masks are not looked at. Importing this file registers the class.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { attend } from './attend.ts';

type Shape = (number | null)[];
type Variable = tfl.LayerVariable;
type LayerConfig = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]>;
type DenseConfig = Omit<Parameters<typeof tfl.layers.dense>[0], 'units' | 'activation'>;

export interface MultiHeadAttentionConfig
  extends
    LayerConfig,
    Pick<
      DenseConfig,
      'useBias' | `${'kernel' | 'bias'}${'Initializer' | 'Regularizer' | 'Constraint'}`
    > {
  readonly numHeads: number;
  readonly keyDim: number;
  /** Default: keyDim. */
  readonly valueDim?: number | null;
  /** Share of the attention probabilities that training drops; default 0. */
  readonly dropout?: number;
  /** Width of the output, as a list of one; default: that of the query. */
  readonly outputShape?: readonly number[] | null;
}

interface WeightRules {
  readonly initializer: ReturnType<typeof tfl.initializers.zeros>;
  readonly regularizer: ReturnType<typeof tfl.regularizers.l2>;
  readonly constraint: ReturnType<typeof tfl.constraints.nonNeg>;
}

interface Projection {
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
}

/** Options of a call as the topology writes them. */
interface CallOptions {
  readonly training?: boolean;
  readonly useCausalMask?: boolean;
  /** Indices of query, value and key in the list of inputs. */
  readonly tensors?: readonly number[];
}

/** `tensors` by the number of inputs. */
const usualTensors = [[], [0, 0, 0], [0, 1, 1], [0, 1, 2]] as const;

/** Far below every score, yet finite; each query sees at least its own place. */
const hiddenScore = -1e30;

export class MultiHeadAttention extends tfl.layers.Layer {
  static readonly className = 'MultiHeadAttention';
  readonly numHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly dropout: number;
  /** Those of the symbolic call: TensorFlow.js computes without the options of the topology. */
  readonly #options: { useCausalMask: boolean; tensors: readonly number[] | undefined } = {
    useCausalMask: false,
    tensors: undefined,
  };
  /** Draws the factors of the probabilities, 0 or 1 / (1 - rate); whoever trains replaces it. */
  drawFactors = (shape: readonly number[], rate: number): tf.Tensor =>
    tf.dropout(tf.ones([...shape]), rate);
  readonly #config: MultiHeadAttentionConfig;
  /** Never built: TensorFlow.js reads the words of a configuration inside of its layers only. */
  readonly #reader: tfl.layers.Layer;
  readonly #projections = new Map<string, Projection>();

  constructor(config: MultiHeadAttentionConfig) {
    super(config);
    this.#config = config;
    this.numHeads = config.numHeads;
    this.keyDim = config.keyDim;
    this.valueDim = config.valueDim ?? config.keyDim;
    this.dropout = config.dropout ?? 0;
    const { kernelInitializer = 'glorotUniform', biasInitializer, useBias } = config;
    const { kernelRegularizer, biasRegularizer, kernelConstraint, biasConstraint } = config;
    this.#reader = tfl.layers.dense({
      ...{ units: 1, useBias: useBias ?? true, kernelInitializer, kernelRegularizer },
      ...{ kernelConstraint, biasInitializer, biasRegularizer, biasConstraint },
    } as Parameters<typeof tfl.layers.dense>[0]);
  }

  /** What initial-values.ts looks for on every layer. */
  get kernelInitializer(): unknown {
    return this.#rules('kernel').initializer;
  }

  get biasInitializer(): unknown {
    return this.#rules('bias').initializer;
  }

  /** Leading axes of a kernel that count inputs: what Keras's initializers take their fans from. */
  inputAxesOf(weight: string): number | undefined {
    if (!weight.endsWith('/kernel')) return undefined;
    return weight === 'attention_output/kernel' ? 2 : 1;
  }

  override build(shapes: Shape | Shape[]): void {
    const { query, value, key } = this.#inputs(shapes);
    const { numHeads: heads, keyDim, valueDim } = this;
    const width = (shape: Shape): number => shape.at(-1) ?? 0;
    this.#project('query', [width(query)], [heads, keyDim]);
    this.#project('key', [width(key)], [heads, keyDim]);
    this.#project('value', [width(value)], [heads, valueDim]);
    this.#project('attention_output', [heads, valueDim], [width(this.computeOutputShape(shapes))]);
    this.built = true;
  }

  override computeOutputShape(shapes: Shape | Shape[]): Shape {
    const { query } = this.#inputs(shapes);
    return [...query.slice(0, -1), this.#config.outputShape?.[0] ?? query.at(-1) ?? null];
  }

  override apply(
    inputs: Parameters<tfl.layers.Layer['apply']>[0],
    options?: tf.serialization.ConfigDict & CallOptions,
  ): ReturnType<tfl.layers.Layer['apply']> {
    if (options?.useCausalMask === true) this.#options.useCausalMask = true;
    if (options?.tensors) this.#options.tensors = options.tensors;
    return super.apply(inputs, options);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: CallOptions): tf.Tensor {
    const [query, value, key] = this.#roles(Array.isArray(inputs) ? inputs : [inputs]);
    return tf.tidy(() => {
      const q = this.#heads('query', query, this.keyDim ** -0.5);
      const k = this.#heads('key', key);
      const v = this.#heads('value', value);
      const scores = [q.shape[0]!, this.numHeads, q.shape[2]!, k.shape[2]!];
      const context = attend(q, k, v, {
        bias: this.#options.useCausalMask ? causalBias(scores[2]!, scores[3]!) : undefined,
        factors: training && this.dropout > 0 ? this.drawFactors(scores, this.dropout) : undefined,
      });
      const rows = tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [
        -1,
        this.numHeads * this.valueDim,
      ]);
      const output = this.#product('attention_output', rows, rows.shape[1]!, 1);
      return tf.reshape(output, [q.shape[0]!, q.shape[2]!, output.shape[1]!]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { numHeads, keyDim, valueDim, dropout } = this;
    const ofReader = Object.entries(this.#reader.getConfig()).filter(([key]) => isWeightRule(key));
    const own = {
      numHeads,
      keyDim,
      valueDim,
      dropout,
      outputShape: this.#config.outputShape ?? null,
    };
    return {
      ...Object.fromEntries(ofReader),
      ...super.getConfig(),
      ...(own as tf.serialization.ConfigDict),
    };
  }

  /** Query, value and key out of what the layer is called with, tensors or shapes. */
  #roles<T>(inputs: readonly T[]): readonly [T, T, T] {
    const indices = this.#options.tensors ?? usualTensors[inputs.length] ?? [];
    return indices.map((index) => inputs[index]) as [T, T, T];
  }

  #inputs(shapes: Shape | Shape[]): { query: Shape; value: Shape; key: Shape } {
    const list = (Array.isArray(shapes[0]) ? shapes : [shapes]) as Shape[];
    const [query, value, key] = this.#roles(list);
    for (const shape of [query, value, key]) {
      if (shape.length === 3) continue;
      throw new Error(
        `Layer ${this.name} (MultiHeadAttention) takes inputs of shape [batch, length, width], not of ${shape.length} axes`,
      );
    }
    if (value[1] !== key[1]) {
      throw new Error(
        `Layer ${this.name} (MultiHeadAttention) has ${String(value[1])} values but ${String(key[1])} keys`,
      );
    }
    return { query, value, key };
  }

  #rules(weight: 'kernel' | 'bias'): WeightRules {
    const found = (what: string): unknown => Reflect.get(this.#reader, `${weight}${what}`);
    return {
      initializer: found('Initializer'),
      regularizer: found('Regularizer'),
      constraint: found('Constraint'),
    } as WeightRules;
  }

  #project(name: string, from: readonly number[], to: readonly number[]): void {
    const add = (weight: 'kernel' | 'bias', shape: Shape): Variable => {
      const { initializer, regularizer, constraint } = this.#rules(weight);
      const own = `${name}/${weight}`;
      // A weight is trainable by itself; the layer's own switch stands above.
      return this.addWeight(own, shape, 'float32', initializer, regularizer, true, constraint);
    };
    const kernel = add('kernel', [...from, ...to]);
    const bias = this.#config.useBias === false ? undefined : add('bias', [...to]);
    this.#projections.set(name, { kernel, bias });
  }

  /** [batch, length, width] to [batch, heads, length, width of a head]. */
  #heads(name: string, input: tf.Tensor, scale = 1): tf.Tensor {
    const [batch, length, width] = input.shape as [number, number, number];
    const rows = this.#product(name, tf.reshape(input, [-1, width]), width, scale);
    const heads = [batch, length, this.numHeads, rows.shape[1]! / this.numHeads];
    return tf.transpose(tf.reshape(rows, heads), [0, 2, 1, 3]);
  }

  /** Rows times kernel plus bias; `scale` falls on the weights, which are smaller than the rows. */
  #product(name: string, rows: tf.Tensor, width: number, scale: number): tf.Tensor {
    const { kernel, bias } = this.#projections.get(name)!;
    const scaled = (weights: tf.Tensor): tf.Tensor =>
      scale === 1 ? weights : tf.mul(weights, scale);
    const product = tf.matMul(rows, scaled(tf.reshape(kernel.read(), [width, -1])));
    return bias === undefined ? product : tf.add(product, scaled(tf.reshape(bias.read(), [-1])));
  }
}

function isWeightRule(key: string): boolean {
  return key === 'useBias' || /^(kernel|bias)/.test(key);
}

/** 0 where a query may look at a key: not beyond its own place. */
function causalBias(queries: number, keys: number): tf.Tensor {
  const values = Float32Array.from({ length: queries * keys }, (_, index) =>
    index % keys > Math.floor(index / keys) ? hiddenScore : 0,
  );
  return tf.tensor2d(values, [queries, keys]);
}

tf.serialization.registerClass(
  MultiHeadAttention as unknown as tf.serialization.SerializableConstructor<MultiHeadAttention>,
);
