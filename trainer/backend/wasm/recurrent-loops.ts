/**
 * What LSTM and GRU do element by element in one time step, forward and backward, as wasm code.
 * Formulas and layouts: trainer/model/recurrent/sequence-kernels.ts.
 */
import type { Code, WasmFunction } from './assembler.ts';
import { defineGateLoop } from './gate-loop.ts';
import { f32x4 } from './instructions.ts';
import type { MultiplyAdd } from './multiply-add.ts';
import { transcendentalLocals, transcendentals } from './transcendental.ts';

type RecurrentLoop =
  | 'lstmStep'
  | 'lstmStepGradient'
  | 'gruActivateGates'
  | 'gruStep'
  | 'gruResetHidden'
  | 'gruResetInner'
  | 'gruStepGradient'
  | 'gruResetInnerGradient'
  | 'gruResetHiddenGradient';

const { add, subtract, multiply } = f32x4;
const one = f32x4.constant(1);
const temporaries = Object.keys(transcendentalLocals);
const lstmGates = ['i', 'f', 'c', 'o'];
const gruGates = ['z', 'r', 'c'];

/** s·(1 - s): the slope of sigmoid where its value is s. */
const sigmoidSlope = (value: Code): Code => multiply(value, subtract(one, value));
/** 1 - t²: the slope of tanh where its value is t. */
const tanhSlope = (value: Code): Code => subtract(one, multiply(value, value));

/** Activates `gates` in place, then cells = f·before + i·c and hidden = o·tanh(cells). */
function lstmStep(multiplyAdd: MultiplyAdd): WasmFunction {
  return defineGateLoop(
    'lstmStep',
    {
      ...{ units: ['before', 'cells', 'hidden'], gates: { gates: lstmGates } },
      values: ['i', 'f', 'c', 'o', 'cell', ...temporaries],
    },
    ({ get, set, load, store }) => {
      const { sigmoid, tanh } = transcendentals({ get, set }, multiplyAdd);
      return [
        ...sigmoid('i', load('gates.i')),
        ...sigmoid('f', load('gates.f')),
        ...tanh('c', load('gates.c')),
        ...sigmoid('o', load('gates.o')),
        ...lstmGates.flatMap((gate) => store(`gates.${gate}`, get(gate))),
        ...set('cell', add(multiply(get('f'), load('before')), multiply(get('i'), get('c')))),
        ...store('cells', get('cell')),
        ...tanh('cell', get('cell')),
        ...store('hidden', multiply(get('o'), get('cell'))),
      ];
    },
  );
}

/** dGates of a step from dh and dc; dc becomes that of the step before. */
function lstmStepGradient(multiplyAdd: MultiplyAdd): WasmFunction {
  return defineGateLoop(
    'lstmStepGradient',
    {
      units: ['before', 'cells', 'dh', 'dc'],
      gates: { gates: lstmGates, dGates: lstmGates },
      values: ['i', 'f', 'c', 'o', 'cell', 'gradient', 'slope', ...temporaries],
    },
    ({ get, set, load, store }) => {
      const { tanh } = transcendentals({ get, set }, multiplyAdd);
      return [
        ...lstmGates.flatMap((gate) => set(gate, load(`gates.${gate}`))),
        ...tanh('cell', load('cells')),
        ...set('gradient', load('dh')),
        ...store(
          'dGates.o',
          multiply(multiply(get('gradient'), get('cell')), sigmoidSlope(get('o'))),
        ),
        ...set(
          'slope',
          add(load('dc'), multiply(multiply(get('gradient'), get('o')), tanhSlope(get('cell')))),
        ),
        ...store('dGates.i', multiply(multiply(get('slope'), get('c')), sigmoidSlope(get('i')))),
        ...store(
          'dGates.f',
          multiply(multiply(get('slope'), load('before')), sigmoidSlope(get('f'))),
        ),
        ...store('dGates.c', multiply(multiply(get('slope'), get('i')), tanhSlope(get('c')))),
        ...store('dc', multiply(get('slope'), get('f'))),
      ];
    },
  );
}

/** Activates z and r with their biases, in place. */
function gruActivateGates(multiplyAdd: MultiplyAdd): WasmFunction {
  return defineGateLoop(
    'gruActivateGates',
    {
      units: [],
      gates: { gates: gruGates },
      shared: { bias: gruGates },
      values: ['z', ...temporaries],
    },
    ({ get, set, load, store }) => {
      const { sigmoid } = transcendentals({ get, set }, multiplyAdd);
      return ['z', 'r'].flatMap((gate) => [
        ...sigmoid('z', add(load(`gates.${gate}`), load(`bias.${gate}`))),
        ...store(`gates.${gate}`, get('z')),
      ]);
    },
  );
}

/** inner = r·h. */
const gruResetHidden: WasmFunction = defineGateLoop(
  'gruResetHidden',
  { units: ['before', 'inner'], gates: { gates: gruGates }, values: [] },
  ({ load, store }) => store('inner', multiply(load('gates.r'), load('before'))),
);

/** c += r·inner. */
const gruResetInner: WasmFunction = defineGateLoop(
  'gruResetInner',
  { units: ['inner'], gates: { gates: gruGates }, values: [] },
  ({ load, store }) =>
    store('gates.c', add(load('gates.c'), multiply(load('gates.r'), load('inner')))),
);

/** Activates c in place, then hidden = z·before + (1 - z)·c. */
function gruStep(multiplyAdd: MultiplyAdd): WasmFunction {
  return defineGateLoop(
    'gruStep',
    {
      ...{ units: ['before', 'hidden'], gates: { gates: gruGates } },
      values: ['z', 'c', ...temporaries],
    },
    ({ get, set, load, store }) => [
      ...transcendentals({ get, set }, multiplyAdd).tanh('c', load('gates.c')),
      ...store('gates.c', get('c')),
      ...set('z', load('gates.z')),
      ...store(
        'hidden',
        add(multiply(get('z'), load('before')), multiply(subtract(one, get('z')), get('c'))),
      ),
    ],
  );
}

/** With dh = dHidden + handed: dGates.z, dGates.c, and handed = dh·z. */
const gruStepGradient: WasmFunction = defineGateLoop(
  'gruStepGradient',
  {
    units: ['before', 'dHidden', 'handed'],
    gates: { gates: gruGates, dGates: gruGates },
    values: ['z', 'c', 'gradient'],
  },
  ({ get, set, load, store }) => [
    ...set('z', load('gates.z')),
    ...set('c', load('gates.c')),
    ...set('gradient', add(load('dHidden'), load('handed'))),
    ...store(
      'dGates.z',
      multiply(
        multiply(get('gradient'), subtract(load('before'), get('c'))),
        sigmoidSlope(get('z')),
      ),
    ),
    ...store(
      'dGates.c',
      multiply(multiply(get('gradient'), subtract(one, get('z'))), tanhSlope(get('c'))),
    ),
    ...store('handed', multiply(get('gradient'), get('z'))),
  ],
);

/** resetAfter: dGates.r = dGates.c·inner·slope of r; toBefore = dGates, of which c times r. */
const gruResetInnerGradient: WasmFunction = defineGateLoop(
  'gruResetInnerGradient',
  {
    units: ['inner'],
    gates: { gates: gruGates, dGates: gruGates, toBefore: gruGates },
    values: ['r', 'dc', 'dr'],
  },
  ({ get, set, load, store }) => [
    ...set('r', load('gates.r')),
    ...set('dc', load('dGates.c')),
    ...set('dr', multiply(multiply(get('dc'), load('inner')), sigmoidSlope(get('r')))),
    ...store('dGates.r', get('dr')),
    ...store('toBefore.z', load('dGates.z')),
    ...store('toBefore.r', get('dr')),
    ...store('toBefore.c', multiply(get('dc'), get('r'))),
  ],
);

/** Otherwise, with s the gradient by r·h: dGates.r = s·h·slope of r, handed += s·r. */
const gruResetHiddenGradient: WasmFunction = defineGateLoop(
  'gruResetHiddenGradient',
  {
    ...{ units: ['before', 'dInner', 'handed'], gates: { gates: gruGates, dGates: gruGates } },
    values: ['r', 's'],
  },
  ({ get, set, load, store }) => [
    ...set('r', load('gates.r')),
    ...set('s', load('dInner')),
    ...store('dGates.r', multiply(multiply(get('s'), load('before')), sigmoidSlope(get('r')))),
    ...store('handed', add(load('handed'), multiply(get('s'), get('r')))),
  ],
);

export const recurrentLoops = (
  multiplyAdd: MultiplyAdd,
): Readonly<Record<RecurrentLoop, WasmFunction>> => ({
  lstmStep: lstmStep(multiplyAdd),
  lstmStepGradient: lstmStepGradient(multiplyAdd),
  gruActivateGates: gruActivateGates(multiplyAdd),
  gruStep: gruStep(multiplyAdd),
  ...{ gruResetHidden, gruResetInner, gruStepGradient },
  ...{ gruResetInnerGradient, gruResetHiddenGradient },
});
