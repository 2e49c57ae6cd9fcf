/**
 * The layers that a topology may use: those that Keras and TensorFlow.js compute alike, with the
 * configuration keys that both understand. `keep` is passed on; `neutral` lists keys that one side
 * has and the other lacks, with the values under which both agree; `fill` holds Keras's defaults
 * where TensorFlow.js has others. Nothing is read or built here.
 */

export interface LayerRule {
  /** Keys that are passed on as they are. */
  readonly keep: readonly string[];
  /** Keys that are dropped where they hold one of these values, and refused otherwise. */
  readonly neutral?: Readonly<Record<string, readonly unknown[]>>;
  /** Values for keys that are absent. */
  readonly fill?: Readonly<Record<string, unknown>>;
  /** Names that Keras 3 gives to a key. */
  readonly rename?: Readonly<Record<string, string>>;
}

/** Keys that every layer may carry and that say nothing about the computation. */
export const droppedKeys: ReadonlySet<string> = new Set([
  'autocast', 'batch_size', 'dynamic', 'fused', 'implementation', 'input_dtype', 'input_length',
  'key_shape', 'lora_alpha', 'lora_rank', 'noise_seed', 'query_shape', 'renorm_clipping',
  'renorm_momentum', 'seed', 'use_cudnn', 'value_shape', 'zero_output_for_mask', 'unroll_limit',
]); // prettier-ignore

const off = [false, null];
const none = [null];

function weights(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [
    `${name}_initializer`,
    `${name}_regularizer`,
    `${name}_constraint`,
  ]);
}

const kernelAndBias = ['activation', 'use_bias', ...weights(['kernel', 'bias'])];
const kernelFill = { kernel_initializer: 'glorot_uniform', bias_initializer: 'zeros' };
const window = ['strides', 'padding', 'data_format'];
const convolution: LayerRule = {
  keep: ['filters', 'kernel_size', 'dilation_rate', ...window, ...kernelAndBias],
  neutral: { groups: [1, null], output_padding: none },
  fill: kernelFill,
};
const pooling: LayerRule = { keep: ['pool_size', ...window] };
const globalPooling: LayerRule = { keep: ['data_format'], neutral: { keepdims: off } };
const merge: LayerRule = { keep: [] };
const recurrent: LayerRule = {
  keep: [
    'units', 'dropout', 'recurrent_dropout', 'return_sequences', 'return_state', 'go_backwards',
    'unroll', ...kernelAndBias, ...weights(['recurrent']),
  ], // prettier-ignore
  neutral: { stateful: off, time_major: off, reset_after: off },
  fill: { ...kernelFill, recurrent_initializer: 'orthogonal' },
};
/** Keras's defaults; TensorFlow.js would take hard_sigmoid, and forget gates that start half open. */
const gateFill = { ...recurrent.fill, recurrent_activation: 'sigmoid' };
const forgetFill = { ...gateFill, unit_forget_bias: true };
const normalization = weights(['gamma', 'beta']);
const normalizationFill = { gamma_initializer: 'ones', beta_initializer: 'zeros' };

export const layerCatalog: Readonly<Record<string, LayerRule>> = {
  InputLayer: { keep: [], neutral: { sparse: off, ragged: off, optional: off } },
  Dense: {
    keep: ['units', ...kernelAndBias],
    neutral: { quantization_config: none },
    fill: kernelFill,
  },
  Activation: { keep: ['activation'] },
  Flatten: { keep: ['data_format'] },
  Reshape: { keep: ['target_shape'] },
  Permute: { keep: ['dims'] },
  RepeatVector: { keep: ['n'] },
  Masking: { keep: ['mask_value'] },
  Embedding: {
    keep: ['input_dim', 'output_dim', 'mask_zero', ...weights(['embeddings'])],
    neutral: { sparse: off, quantization_config: none },
    fill: { embeddings_initializer: 'random_uniform' },
  },
  ReLU: { keep: ['max_value'], neutral: { negative_slope: [0, null], threshold: [0, null] } },
  LeakyReLU: { keep: ['alpha'], rename: { negative_slope: 'alpha' } },
  PReLU: { keep: ['shared_axes', ...weights(['alpha'])], fill: { alpha_initializer: 'zeros' } },
  ELU: { keep: ['alpha'] },
  ThresholdedReLU: { keep: ['theta'] },
  Softmax: { keep: ['axis'] },
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: convolution,
  Conv3DTranspose: convolution,
  DepthwiseConv2D: {
    ...convolution,
    keep: [
      'kernel_size', 'depth_multiplier', 'dilation_rate', 'activation', 'use_bias', ...window,
      ...weights(['depthwise', 'bias']),
    ], // prettier-ignore
    fill: { depthwise_initializer: 'glorot_uniform', bias_initializer: 'zeros' },
  },
  SeparableConv2D: {
    ...convolution,
    keep: [
      'filters', 'kernel_size', 'depth_multiplier', 'dilation_rate', 'activation', 'use_bias',
      ...window, ...weights(['depthwise', 'pointwise', 'bias']),
    ], // prettier-ignore
    fill: {
      depthwise_initializer: 'glorot_uniform',
      pointwise_initializer: 'glorot_uniform',
      bias_initializer: 'zeros',
    },
  },
  Cropping2D: { keep: ['cropping', 'data_format'] },
  ZeroPadding2D: { keep: ['padding', 'data_format'] },
  // Bilinear sampling differs: Keras samples at pixel centres, TensorFlow.js at corners.
  UpSampling2D: { keep: ['size', 'data_format'], neutral: { interpolation: ['nearest', null] } },
  MaxPooling1D: pooling,
  MaxPooling2D: pooling,
  MaxPooling3D: pooling,
  AveragePooling1D: pooling,
  AveragePooling2D: pooling,
  AveragePooling3D: pooling,
  GlobalAveragePooling1D: globalPooling,
  GlobalAveragePooling2D: globalPooling,
  GlobalMaxPooling1D: globalPooling,
  GlobalMaxPooling2D: globalPooling,
  SimpleRNN: recurrent,
  LSTM: {
    ...recurrent,
    keep: [...recurrent.keep, 'recurrent_activation', 'unit_forget_bias'],
    fill: forgetFill,
  },
  GRU: {
    ...recurrent,
    keep: [...recurrent.keep, 'recurrent_activation', 'reset_after'],
    // Keras's default is true, which TensorFlow.js cannot compute: the saved file has to say so.
    fill: { ...gateFill, reset_after: false },
  },
  ConvLSTM2D: {
    ...recurrent,
    keep: [
      ...recurrent.keep, 'filters', 'kernel_size', 'dilation_rate', ...window,
      'recurrent_activation', 'unit_forget_bias',
    ], // prettier-ignore
    fill: forgetFill,
  },
  Bidirectional: { keep: ['merge_mode', 'layer'], neutral: { backward_layer: none } },
  TimeDistributed: { keep: ['layer'] },
  Dropout: { keep: ['rate', 'noise_shape'] },
  SpatialDropout1D: { keep: ['rate'] },
  GaussianNoise: { keep: ['stddev'] },
  GaussianDropout: { keep: ['rate'] },
  AlphaDropout: { keep: ['rate', 'noise_shape'] },
  Add: merge,
  Multiply: merge,
  Average: merge,
  Maximum: merge,
  Minimum: merge,
  Concatenate: { keep: ['axis'] },
  Dot: { keep: ['axes', 'normalize'] },
  BatchNormalization: {
    keep: ['axis', 'momentum', 'epsilon', 'center', 'scale', ...normalization,
      'moving_mean_initializer', 'moving_variance_initializer'], // prettier-ignore
    neutral: { renorm: off, synchronized: off, virtual_batch_size: none, adjustment: none },
    fill: {
      ...normalizationFill,
      moving_mean_initializer: 'zeros',
      moving_variance_initializer: 'ones',
    },
  },
  LayerNormalization: {
    keep: [
      'axis', 'epsilon', 'center', 'scale', 'gamma_initializer', 'beta_initializer',
      'gamma_regularizer', 'beta_regularizer',
    ], // prettier-ignore
    // TensorFlow.js reads the constraints of this layer and forgets them.
    neutral: { rms_scaling: off, gamma_constraint: none, beta_constraint: none },
    fill: normalizationFill,
  },
  MultiHeadAttention: {
    keep: [
      'num_heads', 'key_dim', 'value_dim', 'dropout', 'use_bias', 'output_shape', 'attention_axes',
      ...weights(['kernel', 'bias']),
    ], // prettier-ignore
    neutral: { use_gate: off, sliding_window: none, activity_regularizer: none },
    fill: { ...kernelFill, dropout: 0, use_bias: true },
  },
  Rescaling: { keep: ['scale', 'offset'] },
  CenterCrop: { keep: ['height', 'width'] },
};

/** Keys without which TensorFlow.js builds a layer of nonsense or fails far from the cause. */
export const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  Dense: ['units'],
  Embedding: ['input_dim', 'output_dim'],
  Conv1D: ['filters', 'kernel_size'],
  Conv2D: ['filters', 'kernel_size'],
  Conv3D: ['filters', 'kernel_size'],
  Conv2DTranspose: ['filters', 'kernel_size'],
  Conv3DTranspose: ['filters', 'kernel_size'],
  SeparableConv2D: ['filters', 'kernel_size'],
  DepthwiseConv2D: ['kernel_size'],
  ConvLSTM2D: ['filters', 'kernel_size'],
  SimpleRNN: ['units'],
  LSTM: ['units'],
  GRU: ['units'],
  MultiHeadAttention: ['num_heads', 'key_dim'],
  Activation: ['activation'],
  Reshape: ['target_shape'],
  Permute: ['dims'],
  RepeatVector: ['n'],
  Dropout: ['rate'],
  SpatialDropout1D: ['rate'],
  GaussianNoise: ['stddev'],
  GaussianDropout: ['rate'],
  AlphaDropout: ['rate'],
  Bidirectional: ['layer'],
  TimeDistributed: ['layer'],
  Dot: ['axes'],
  Rescaling: ['scale'],
};
