/**
 * One optimizer update of a variable and its slots in one pass, as wasm code. The operations and
 * their order are those of trainer/step/optimizer-rule.ts, so that the results are equal to the bit:
 * no fused multiply-add here.
 */
import type { Code, WasmFunction } from './assembler.ts';
import { defineFlatLoop, type Elements } from './element-loops.ts';
import { f32x4 } from './instructions.ts';
import type { UpdateFormula } from '../../step/update-kernel.ts';

const { add, subtract, multiply, divide, squareRoot, negate } = f32x4;
/** The most that a formula takes. */
export const scalarCount = 5;
const scalars = Array.from({ length: scalarCount }, (_, index) => `s${index}`);

/** Leaves the update in local `update`; `g` holds the gradient. Slots are loaded and stored. */
type Formula = (elements: Elements) => Code;

const squared = ({ get }: Elements): Code => multiply(get('g'), get('g'));

/** m = μ·m - lr·g, with lr·g left in `scaled`. */
const momentumOf = ({ get, set, load, store }: Elements): Code => [
  ...set('scaled', multiply(get('g'), get('s0'))),
  ...set('m', subtract(multiply(load('slot0'), get('s1')), get('scaled'))),
  ...store('slot0', get('m')),
];

const rmspropUpdate = ({ get, set, load, store }: Elements, target: string): Code => [
  ...set(
    'v',
    add(multiply(load('slot0'), get('s1')), multiply(multiply(get('g'), get('g')), get('s2'))),
  ),
  ...store('slot0', get('v')),
  ...set(target, divide(multiply(get('g'), get('s0')), squareRoot(add(get('v'), get('s3'))))),
];

const formulas: Readonly<Record<UpdateFormula, { slots: 0 | 1 | 2; body: Formula }>> = {
  sgd: { slots: 0, body: ({ get, set }) => set('update', multiply(get('g'), get('s0'))) },
  momentum: {
    slots: 1,
    body: (elements) => [...momentumOf(elements), ...elements.set('update', elements.get('m'))],
  },
  nesterov: {
    slots: 1,
    body: (elements) => {
      const { get, set } = elements;
      const ahead = subtract(multiply(get('m'), get('s1')), get('scaled'));
      return [...momentumOf(elements), ...set('update', ahead)];
    },
  },
  rmsprop: { slots: 1, body: (elements) => rmspropUpdate(elements, 'update') },
  rmspropMomentum: {
    slots: 2,
    body: (elements) => {
      const { get, set, load, store } = elements;
      return [
        ...rmspropUpdate(elements, 'scaled'),
        ...set('m', subtract(multiply(load('slot1'), get('s4')), get('scaled'))),
        ...store('slot1', get('m')),
        ...set('update', negate(get('m'))),
      ];
    },
  },
  adagrad: {
    slots: 1,
    body: (elements) => {
      const { get, set, load, store } = elements;
      return [
        ...set('v', add(load('slot0'), squared(elements))),
        ...store('slot0', get('v')),
        ...set(
          'update',
          divide(multiply(get('g'), get('s0')), squareRoot(add(get('v'), get('s1')))),
        ),
      ];
    },
  },
  adam: {
    slots: 2,
    body: (elements) => {
      const { get, set, load, store } = elements;
      return [
        ...set('m', load('slot0')),
        ...set('m', add(get('m'), multiply(subtract(get('g'), get('m')), get('s0')))),
        ...store('slot0', get('m')),
        ...set('v', load('slot1')),
        ...set('v', add(get('v'), multiply(subtract(squared(elements), get('v')), get('s1')))),
        ...store('slot1', get('v')),
        ...set(
          'update',
          divide(multiply(get('m'), get('s2')), add(squareRoot(get('v')), get('s3'))),
        ),
      ];
    },
  },
};

/** Parameters: count, weight, next, gradient, slots, scalars. */
function optimizerLoop(formula: UpdateFormula): WasmFunction {
  const { slots, body } = formulas[formula];
  return defineFlatLoop(
    formula,
    {
      arrays: ['weight', 'next', 'gradient', ...['slot0', 'slot1'].slice(0, slots)],
      scalars: ['clip', 'decay', ...scalars],
      values: ['g', 'm', 'v', 'scaled', 'update'],
    },
    (elements) => {
      const { get, set, load, store } = elements;
      return [
        ...set('g', multiply(load('gradient'), get('clip'))),
        ...body(elements),
        ...store('next', add(multiply(load('weight'), get('decay')), get('update'))),
      ];
    },
  );
}

export const optimizerLoops = {
  sgd: optimizerLoop('sgd'),
  momentum: optimizerLoop('momentum'),
  nesterov: optimizerLoop('nesterov'),
  rmsprop: optimizerLoop('rmsprop'),
  rmspropMomentum: optimizerLoop('rmspropMomentum'),
  adagrad: optimizerLoop('adagrad'),
  adam: optimizerLoop('adam'),
} satisfies Readonly<Record<UpdateFormula, WasmFunction>>;
