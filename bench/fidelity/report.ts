/** The suite's report in Markdown: a table of losses and a table of accuracies. */
import type { JudgedLosses } from './judge-losses.ts';
import type { TrainedDigits } from './train-digits.ts';

export interface FidelityResults {
  readonly date: string;
  readonly processor: string;
  /** Of a training of digits; undefined: as the example says. */
  readonly epochs: number | undefined;
  readonly losses: readonly JudgedLosses[];
  readonly digits: readonly TrainedDigits[];
}

export function renderReport({ losses, digits, ...conditions }: FidelityResults): string {
  const head = `# Training here and in Keras\n\n${conditions.date}, ${conditions.processor}.`;
  return [
    head,
    ...(losses.length > 0 ? [lossesSection(losses)] : []),
    ...(digits.length > 0 ? [digitsSection(digits, conditions.epochs)] : []),
  ].join('\n\n');
}

function lossesSection(losses: readonly JudgedLosses[]): string {
  const left = (step: number | null): string => (step === null ? 'never' : `step ${step}`);
  const rows = losses.map(({ model, kind, batchSize, ours, keras, leftAt, lastLoss }) => [
    ...[model, kind, String(batchSize), ours.toExponential(1)],
    keras.map((difference) => difference.toExponential(1)).join(', '),
    ...[left(leftAt.ours), left(leftAt.keras), lastLoss.toFixed(3)],
  ]);
  const words =
    'Greatest relative difference to the losses of Keras over 200 steps of Adam from the same ' +
    'weights: ours, and those of Keras with its first weights moved by one rounding (two runs). ' +
    'Smooth: elu and mean pools in place of relu and maximum pools.';
  const heads = ['ours', 'Keras, a rounding off', 'ours above 1e-4', 'Keras above 1e-4'];
  return section('Losses', words, [['network', '', 'batch', ...heads, 'last loss'], ...rows]);
}

function digitsSection(digits: readonly TrainedDigits[], epochs: number | undefined): string {
  const keras = digits.find(({ engine }) => engine === 'keras')?.accuracies ?? [];
  const rows = digits.map(({ engine, accuracies }) => [
    engine,
    String(accuracies.length),
    ...[Math.min(...accuracies), meanOf(accuracies), Math.max(...accuracies)].map((share) =>
      share.toFixed(4),
    ),
    engine === 'keras' ? '' : isWithin(meanOf(accuracies), keras) ? 'yes' : 'no',
  ]);
  const time = epochs === undefined ? 'the epochs of the example' : `${epochs} epochs`;
  const words = `Share of the 10,000 test digits of MNIST that the network of examples/mnist reads right after ${time}, with the settings of the example, from different seeds.`;
  const heads = ['engine', 'seeds', 'least', 'mean', 'most', "mean within Keras's spread"];
  return section('Digits', words, [heads, ...rows]);
}

function section(title: string, words: string, rows: readonly (readonly string[])[]): string {
  const [heads = [], ...others] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = line(heads.map((_, index) => (index === 0 ? '---' : '---:')));
  return [`## ${title}`, '', words, '', line(heads), rule, ...others.map(line)].join('\n');
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function isWithin(value: number, spread: readonly number[]): boolean {
  return value >= Math.min(...spread) && value <= Math.max(...spread);
}
