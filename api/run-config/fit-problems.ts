/**
 * Whether model, labels, loss and metrics fit together, as far as the documents alone tell. Each
 * check is a function of the merged document that gives a problem or nothing; what only the data
 * can tell (the classes found in it) is checked by the trainer.
 */
import type { DocumentName, Problem } from '../finding.ts';
import { valueText } from '../finding.ts';
import { nearestName } from '../nearest-name.ts';
import type { RunConfig } from '../run-config.ts';
import { topologyProblem } from '../topology/topology-problem.ts';
import { inputShape, outputEnd, type OutputEnd } from './topology-ends.ts';
import { classMetrics, manyClassLosses, twoClassLosses } from './training-names.ts';

export type FitProblem = Problem & { readonly document: DocumentName };

/** The run config before its digest is taken. */
type Merged = Omit<RunConfig, 'digest'>;

type Check = (run: Merged, end: OutputEnd | undefined) => FitProblem | undefined;

/** Where parts of the run config stand in the manifest. */
export function fitProblems(run: Merged): readonly FitProblem[] {
  const end = run.model.topology && outputEnd(run.model.topology);
  const problems = checks.map((check) => check(run, end));
  return problems.filter((problem) => problem !== undefined);
}

const checks: readonly Check[] = [
  // Every layer must be one that the trainer has, with settings that it understands.
  layersAreKnown,
  // A loss that compares classes needs labels that are classes, and the other way round.
  lossFitsLabels,
  // Metrics that count right answers need classes too.
  metricsFitLabels,
  // One output per class, or a single one for two classes.
  unitsFitClasses,
  // Probabilities and raw outputs are not the same to a crossentropy.
  activationFitsLoss,
  // The samples must have the shape that the first layer asks for.
  shapeFitsInput,
  // Names of classes must be unique, and mapping must lead to one of them.
  classesAreUnique,
  mappingLeadsToClasses,
  // Pictures only can be shifted, turned and mirrored.
  augmentationFitsShape,
  // A requirement on a figure that nobody computes would never be met.
  requirementsAreComputed,
  requirementsHaveSplit,
];

function layersAreKnown({ model }: Merged): FitProblem | undefined {
  const problem = model.topology && topologyProblem(model.topology);
  return problem && { ...problem, document: 'topology' };
}

function lossFitsLabels({ training, dataset }: Merged): FitProblem | undefined {
  const { name } = training.loss;
  if (dataset.labels.type === 'class' || !manyClassLosses.includes(name)) return undefined;
  const text = 'which compares classes, but dataset.labels.type is number';
  return loss(name, text, 'use meanSquaredError, or set labels.type to class');
}

function metricsFitLabels({ training, dataset }: Merged): FitProblem | undefined {
  const isTwoClass = twoClassLosses.includes(training.loss.name);
  if (dataset.labels.type === 'class' || isTwoClass) return undefined;
  const index = training.metrics.findIndex((name) => classMetrics.includes(name));
  if (index < 0) return undefined;
  return {
    document: 'training',
    path: ['metrics', index],
    value: training.metrics[index],
    text: ` is ${valueText(training.metrics[index])}, which counts right classes, but dataset.labels.type is number`,
    hint: 'use meanAbsoluteError or another metric of numbers',
  };
}

/** Number of classes where the manifest tells it. */
function classCount({ dataset }: Pick<Merged, 'dataset'>): number | undefined {
  const { classes, mapping } = dataset.labels;
  return classes?.length ?? (mapping && new Set(Object.values(mapping)).size);
}

function unitsFitClasses(run: Merged, end: OutputEnd | undefined): FitProblem | undefined {
  if (!end || run.dataset.labels.type !== 'class') return undefined;
  return end.units === 1 ? oneUnit(run, end) : oneUnitPerClass(run, end);
}

function oneUnit(run: Merged, end: OutputEnd): FitProblem | undefined {
  const { name } = run.training.loss;
  const count = classCount(run) ?? 0;
  if (manyClassLosses.includes(name)) {
    const hint = 'give it one unit per class, or use binaryCrossentropy';
    return loss(name, `but the last layer, ${end.layerName}, has 1 unit`, hint);
  }
  if (count <= 2 || !twoClassLosses.includes(name)) return undefined;
  return loss(name, `but there are ${String(count)} classes`, 'use categoricalCrossentropy');
}

function oneUnitPerClass({ dataset }: Merged, end: OutputEnd): FitProblem | undefined {
  const count = classCount({ dataset });
  if (count === undefined || count === end.units) return undefined;
  const field = dataset.labels.classes ? 'classes' : 'mapping';
  return {
    document: 'trainingJob',
    path: ['spec', 'dataset', 'labels', field],
    value: dataset.labels[field],
    text: ` names ${String(count)} classes, but the last layer, ${end.layerName}, has ${String(end.units)} units`,
    hint: `give the layer ${String(count)} units or name ${String(end.units)} classes`,
  };
}

function loss(name: string, text: string, hint: string): FitProblem {
  return {
    document: 'training',
    path: ['loss', 'name'],
    value: name,
    text: ` is ${valueText(name)}, ${text}`,
    hint,
  };
}

const crossentropies: readonly string[] = [
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
  'binaryCrossentropy',
];

function activationFitsLoss(
  { training }: Merged,
  end: OutputEnd | undefined,
): FitProblem | undefined {
  const { name, fromLogits = false } = training.loss;
  if (!end?.activation || !crossentropies.includes(name)) return undefined;
  const isProbability = ['softmax', 'sigmoid', 'hard_sigmoid', 'hardSigmoid'].includes(
    end.activation,
  );
  if (fromLogits && isProbability) {
    return {
      document: 'training',
      path: ['loss', 'fromLogits'],
      value: true,
      text: ` is true, but the last layer, ${end.layerName}, already ends in ${end.activation}`,
      hint: 'set it to false or take the activation away',
    };
  }
  if (fromLogits || isProbability || end.activation !== 'linear') return undefined;
  const activation = name === 'binaryCrossentropy' ? 'sigmoid' : 'softmax';
  return loss(
    name,
    `which takes probabilities, but the last layer, ${end.layerName}, has no activation`,
    `add the activation ${activation} or set loss.fromLogits to true`,
  );
}

function shapeFitsInput({ dataset, model }: Merged): FitProblem | undefined {
  const { shape } = dataset.features;
  const wanted = model.topology && inputShape(model.topology);
  if (!shape || !wanted) return undefined;
  const fits =
    shape.length === wanted.length &&
    wanted.every((size, index) => size === null || size === shape[index]);
  if (fits) return undefined;
  return {
    document: 'trainingJob',
    path: ['spec', 'dataset', 'features', 'shape'],
    value: shape,
    text: ` is ${valueText(shape)}, but the model's input is ${valueText(wanted)}`,
    hint: 'make them equal',
  };
}

function classesAreUnique({ dataset }: Merged): FitProblem | undefined {
  const classes = dataset.labels.classes ?? [];
  const index = classes.findIndex((name, position) => classes.indexOf(name) !== position);
  if (index < 0) return undefined;
  return {
    document: 'trainingJob',
    path: ['spec', 'dataset', 'labels', 'classes', index],
    value: classes[index],
    text: ` repeats ${valueText(classes[index])}`,
    hint: 'give each class a name of its own',
  };
}

function mappingLeadsToClasses({ dataset }: Merged): FitProblem | undefined {
  const { classes, mapping } = dataset.labels;
  if (!classes || !mapping) return undefined;
  const wrong = Object.entries(mapping).find(([, name]) => !classes.includes(name));
  if (!wrong) return undefined;
  return {
    document: 'trainingJob',
    path: ['spec', 'dataset', 'labels', 'mapping', wrong[0]],
    value: wrong[1],
    text: ` is ${valueText(wrong[1])}, which is not among labels.classes`,
    hint: 'add it there or map to one of them',
  };
}

function augmentationFitsShape({ dataset }: Merged): FitProblem | undefined {
  const { shape } = dataset.features;
  const index = dataset.augmentation.findIndex(({ name }) => name !== 'noise');
  if (index < 0 || !shape || shape.length === 2 || shape.length === 3) return undefined;
  const { name } = dataset.augmentation[index] ?? {};
  return {
    document: 'trainingJob',
    path: ['spec', 'dataset', 'augmentation', index, 'name'],
    value: name,
    text: ` is ${valueText(name)}, which needs pictures, but features.shape is ${valueText(shape)}`,
    hint: 'set features.shape to [height, width, channels] or remove it',
  };
}

function requirementsAreComputed({ evaluation }: Merged): FitProblem | undefined {
  const wrong = Object.entries(evaluation.require).find(
    ([name]) => name !== 'loss' && !evaluation.metrics.includes(name),
  );
  if (!wrong) return undefined;
  const nearest = nearestName(wrong[0], ['loss', ...evaluation.metrics]);
  return {
    document: 'trainingJob',
    path: ['spec', 'evaluation', 'require', wrong[0]],
    value: wrong[1],
    text: ` requires a figure that the evaluation does not compute`,
    hint: nearest ? `did you mean ${nearest}?` : `add ${wrong[0]} to the metrics or remove it here`,
  };
}

function requirementsHaveSplit({ evaluation }: Merged): FitProblem | undefined {
  if (evaluation.split !== 'none' || Object.keys(evaluation.require).length === 0) return undefined;
  return {
    document: 'trainingJob',
    path: ['spec', 'evaluation', 'require'],
    value: evaluation.require,
    text: ' is set, but there is no split to evaluate',
    hint: 'add dataset.split.test or dataset.split.validation',
  };
}
