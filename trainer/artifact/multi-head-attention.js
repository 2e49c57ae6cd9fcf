/**
 * MultiHeadAttention for TensorFlow.js, whose bundles lack it. Include this script after those of
 * tf-core and tf-layers (or tf), and before tf.loadLayersModel. Generated from
 * trainer/model/attention/ of tfjs-operator by scripts/browser-layers.ts; Apache-2.0.
 */
(() => {
  const tf = globalThis.tf;
  const tfl = globalThis.tf;
  /**
   * softmax(q·kᵀ + bias)·v, where the probabilities are multiplied with `factors` first.
   * @param q [batch, heads, queries, keyDim], scaled already.
   * @param k [batch, heads, keys, keyDim].
   * @param v [batch, heads, keys, valueDim].
   * @returns [batch, heads, queries, valueDim].
   */
  function attend(q, k, v, { bias, factors } = {}) {
    const operation = tf.customGrad((...given) => {
      const [query, key, value] = given;
      const save = given.at(-1);
      const scores = tf.matMul(query, key, false, true);
      const probabilities = tf.softmax(bias === undefined ? scores : tf.add(scores, bias));
      const weights = factors === undefined ? probabilities : tf.mul(probabilities, factors);
      const output = tf.matMul(weights, value);
      save([query, key, value, probabilities, output, ...(factors === undefined ? [] : [factors])]);
      return { value: output, gradFunc: (gradient, saved) => attentionGradients(gradient, saved) };
    });
    return operation(q, k, v);
  }
  function attentionGradients(gradient, saved) {
    const [q, k, v, probabilities, output, factors] = saved;
    const weights = factors === undefined ? probabilities : tf.mul(probabilities, factors);
    const weightGradient = tf.matMul(gradient, v, false, true);
    const probabilityGradient =
      factors === undefined ? weightGradient : tf.mul(weightGradient, factors);
    // Σ over keys of probability times its gradient, which softmax subtracts.
    const rowSums = tf.sum(tf.mul(gradient, output), -1, true);
    const scoreGradient = tf.mul(probabilities, tf.sub(probabilityGradient, rowSums));
    return [
      tf.matMul(scoreGradient, k),
      tf.matMul(scoreGradient, q, true, false),
      tf.matMul(weights, gradient, true, false),
    ];
  }

  /** `tensors` by the number of inputs. */
  const usualTensors = [[], [0, 0, 0], [0, 1, 1], [0, 1, 2]];
  /** Far below every score, yet finite; each query sees at least its own place. */
  const hiddenScore = -1e30;
  class MultiHeadAttention extends tfl.layers.Layer {
    static className = 'MultiHeadAttention';
    numHeads;
    keyDim;
    valueDim;
    dropout;
    /** Those of the symbolic call: TensorFlow.js computes without the options of the topology. */
    #options = {
      useCausalMask: false,
      tensors: undefined,
    };
    /** Draws the factors of the probabilities, 0 or 1 / (1 - rate); whoever trains replaces it. */
    drawFactors = (shape, rate) => tf.dropout(tf.ones([...shape]), rate);
    #config;
    /** Never built: TensorFlow.js reads the words of a configuration inside of its layers only. */
    #reader;
    #projections = new Map();
    constructor(config) {
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
      });
    }
    /** What initial-values.ts looks for on every layer. */
    get kernelInitializer() {
      return this.#rules('kernel').initializer;
    }
    get biasInitializer() {
      return this.#rules('bias').initializer;
    }
    /** Leading axes of a kernel that count inputs: what Keras's initializers take their fans from. */
    inputAxesOf(weight) {
      if (!weight.endsWith('/kernel')) return undefined;
      return weight === 'attention_output/kernel' ? 2 : 1;
    }
    build(shapes) {
      const { query, value, key } = this.#inputs(shapes);
      const { numHeads: heads, keyDim, valueDim } = this;
      const width = (shape) => shape.at(-1) ?? 0;
      this.#project('query', [width(query)], [heads, keyDim]);
      this.#project('key', [width(key)], [heads, keyDim]);
      this.#project('value', [width(value)], [heads, valueDim]);
      this.#project(
        'attention_output',
        [heads, valueDim],
        [width(this.computeOutputShape(shapes))],
      );
      this.built = true;
    }
    computeOutputShape(shapes) {
      const { query } = this.#inputs(shapes);
      return [...query.slice(0, -1), this.#config.outputShape?.[0] ?? query.at(-1) ?? null];
    }
    apply(inputs, options) {
      if (options?.useCausalMask === true) this.#options.useCausalMask = true;
      if (options?.tensors) this.#options.tensors = options.tensors;
      return super.apply(inputs, options);
    }
    call(inputs, { training = false }) {
      const [query, value, key] = this.#roles(Array.isArray(inputs) ? inputs : [inputs]);
      return tf.tidy(() => {
        const q = this.#heads('query', query, this.keyDim ** -0.5);
        const k = this.#heads('key', key);
        const v = this.#heads('value', value);
        const scores = [q.shape[0], this.numHeads, q.shape[2], k.shape[2]];
        const context = attend(q, k, v, {
          bias: this.#options.useCausalMask ? causalBias(scores[2], scores[3]) : undefined,
          factors:
            training && this.dropout > 0 ? this.drawFactors(scores, this.dropout) : undefined,
        });
        const rows = tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [
          -1,
          this.numHeads * this.valueDim,
        ]);
        const output = this.#product('attention_output', rows, rows.shape[1], 1);
        return tf.reshape(output, [q.shape[0], q.shape[2], output.shape[1]]);
      });
    }
    getConfig() {
      const { numHeads, keyDim, valueDim, dropout } = this;
      const ofReader = Object.entries(this.#reader.getConfig()).filter(([key]) =>
        isWeightRule(key),
      );
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
        ...own,
      };
    }
    /** Query, value and key out of what the layer is called with, tensors or shapes. */
    #roles(inputs) {
      const indices = this.#options.tensors ?? usualTensors[inputs.length] ?? [];
      return indices.map((index) => inputs[index]);
    }
    #inputs(shapes) {
      const list = Array.isArray(shapes[0]) ? shapes : [shapes];
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
    #rules(weight) {
      const found = (what) => Reflect.get(this.#reader, `${weight}${what}`);
      return {
        initializer: found('Initializer'),
        regularizer: found('Regularizer'),
        constraint: found('Constraint'),
      };
    }
    #project(name, from, to) {
      const add = (weight, shape) => {
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
    #heads(name, input, scale = 1) {
      const [batch, length, width] = input.shape;
      const rows = this.#product(name, tf.reshape(input, [-1, width]), width, scale);
      const heads = [batch, length, this.numHeads, rows.shape[1] / this.numHeads];
      return tf.transpose(tf.reshape(rows, heads), [0, 2, 1, 3]);
    }
    /** Rows times kernel plus bias; `scale` falls on the weights, which are smaller than the rows. */
    #product(name, rows, width, scale) {
      const { kernel, bias } = this.#projections.get(name);
      const scaled = (weights) => (scale === 1 ? weights : tf.mul(weights, scale));
      const product = tf.matMul(rows, scaled(tf.reshape(kernel.read(), [width, -1])));
      return bias === undefined ? product : tf.add(product, scaled(tf.reshape(bias.read(), [-1])));
    }
  }
  function isWeightRule(key) {
    return key === 'useBias' || /^(kernel|bias)/.test(key);
  }
  /** 0 where a query may look at a key: not beyond its own place. */
  function causalBias(queries, keys) {
    const values = Float32Array.from({ length: queries * keys }, (_, index) =>
      index % keys > Math.floor(index / keys) ? hiddenScore : 0,
    );
    return tf.tensor2d(values, [queries, keys]);
  }
  tf.serialization.registerClass(MultiHeadAttention);
})();
