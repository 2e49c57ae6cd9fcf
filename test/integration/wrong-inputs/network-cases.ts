/** Networks that cannot be built or do not fit the data. */
import { flatten, scores, sequential } from './right-job.ts';
import type { WrongInput } from './wrong-input.ts';

const finding = { teller: 'finding', reason: 'BadConfig' } as const;
const job = { teller: 'job', reason: 'BadConfig' } as const;

const model = (value: unknown): Readonly<Record<string, unknown>> => ({
  'spec.model.inline': value,
});

const node = (name: string): unknown => [[[name, 0, 0, {}]]];
const twoOutputs = {
  class_name: 'Functional',
  config: {
    name: 'forked',
    layers: [
      {
        class_name: 'InputLayer',
        name: 'in',
        config: { name: 'in', batch_input_shape: [null, 4] },
        inbound_nodes: [],
      },
      {
        class_name: 'Dense',
        name: 'a',
        config: { name: 'a', units: 3 },
        inbound_nodes: node('in'),
      },
      {
        class_name: 'Dense',
        name: 'b',
        config: { name: 'b', units: 3 },
        inbound_nodes: node('in'),
      },
    ],
    input_layers: [['in', 0, 0]],
    output_layers: [
      ['a', 0, 0],
      ['b', 0, 0],
    ],
  },
};

export const networkCases: readonly WrongInput[] = [
  {
    ...finding,
    name: 'a layer that does not exist',
    set: model(sequential(flatten, ['Dens', { name: 'scores', units: 3 }])),
    says: 'spec.model.inline.config.layers[1]: Layer "scores" is of the class Dens, which this trainer does not have; did you mean "Dense"?',
  },
  {
    ...finding,
    name: 'a layer without its units',
    set: model(sequential(flatten, ['Dense', { name: 'scores', activation: 'softmax' }])),
    says: 'spec.model.inline.config.layers[1]: Layer "scores" (Dense) has no units; add it.',
  },
  {
    ...finding,
    name: 'an activation that does not exist',
    set: model(sequential(flatten, ['Dense', { name: 'scores', units: 3, activation: 'sofmax' }])),
    says: 'spec.model.inline.config.layers[1]: Layer "scores": activation "sofmax" is unknown; did you mean "softmax"?',
  },
  {
    ...finding,
    name: 'a network without an input shape',
    set: model(sequential(['Flatten', { name: 'flat' }], scores())),
    says: 'spec.model.inline.config.layers[0]: The first layer, "flat", has no input shape; add batch_input_shape to its config, for example [null, 28, 28, 1].',
  },
  {
    ...job,
    name: 'a network with two outputs',
    set: model(twoOutputs),
    says: 'The model has 2 outputs, but a data set gives one of each; use a topology with one input and one output.',
  },
  {
    ...finding,
    name: 'a network for another number of classes than the job lists',
    set: {
      ...model(sequential(flatten, scores(4))),
      'spec.dataset.labels.classes': ['a', 'b', 'c'],
    },
    says: 'spec.dataset.labels.classes names 3 classes, but the last layer, scores, has 4 units; give the layer 3 units or name 4 classes.',
  },
  {
    ...job,
    name: 'a network for another number of classes than the labels have',
    set: model(sequential(flatten, scores(2))),
    says: 'The last layer, "scores", has 2 units but the data has 3 classes; set its units to 3.',
  },
  {
    ...job,
    name: 'a network for samples of another shape',
    set: model(
      sequential(['Flatten', { name: 'flat', batch_input_shape: [null, 3, 3] }], scores()),
    ),
    says: `The model's input, layer "flat_input", takes samples of shape [3, 3], but the data has [2, 2]; change batch_input_shape in the topology or dataset.features.shape.`,
  },
  {
    ...job,
    name: 'a layer that does not take what the layer before gives',
    set: model(
      sequential(
        flatten,
        ['Conv2D', { name: 'conv', filters: 2, kernel_size: [3, 3] }],
        ['Flatten', { name: 'f2' }],
        scores(),
      ),
    ),
    says: 'The layers of the topology do not fit together: Input 0 is incompatible with layer conv: expected ndim=4, found ndim=2; change the shapes or sizes of that layer.',
  },
  {
    ...job,
    name: 'a network that nothing in can be trained',
    set: model(
      sequential(flatten, [
        'Dense',
        { name: 'scores', units: 3, activation: 'softmax', trainable: false },
      ]),
    ),
    says: 'The network has no trainable weights; add a layer with weights or set trainable to true.',
  },
];
