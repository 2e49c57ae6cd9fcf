/**
 * The two loops of a depthwise convolution's gradients, as wasm code. Both walk over the pixels of
 * one image for one tap of the filter, channels side by side, four at a time.
 */
import {
  defineFunction,
  loopUntilZero,
  loopWhile,
  type Code,
  type Frame,
  type ValueType,
  type WasmFunction,
} from './assembler.ts';
import { f32, f32x4, i32, v128 } from './instructions.ts';

const locals: Readonly<Record<string, ValueType>> = {
  ...{ channel: 'i32', channelBytes: 'i32', line: 'i32', left: 'i32' },
  ...{ oneAt: 'i32', twoAt: 'i32', oneStart: 'i32', twoStart: 'i32' },
  ...{ sumv128: 'v128', sumf32: 'f32' },
};

const parameters = [
  'channels',
  'lines',
  'steps',
  'one',
  'oneLine',
  'oneStep',
  'two',
  'twoLine',
  'twoStep',
  'tap',
];

const floatBytes = 4;
const vectorBytes = 16;

interface Instructions {
  readonly type: 'v128' | 'f32';
  readonly bytes: number;
  readonly load: typeof f32.load;
  readonly store: typeof f32.store;
  readonly add: typeof f32.add;
  readonly multiply: typeof f32.multiply;
}

const vectors: Instructions = {
  ...f32x4,
  type: 'v128',
  bytes: vectorBytes,
  load: v128.load,
  store: v128.store,
};
const scalars: Instructions = { ...f32, type: 'f32', bytes: floatBytes };

/** Runs `before`, `pixel` for every pixel, and `after`, for each group of channels. */
function overPixels(
  { get, set, increase }: Frame,
  part: (instructions: Instructions) => { before: Code; pixel: Code; after: Code },
): Code {
  const overChannels = (instructions: Instructions): Code => {
    const { before, pixel, after } = part(instructions);
    const bytes = i32.constant(instructions.bytes);
    const steps = loopUntilZero(get('left'), [
      ...pixel,
      ...increase('oneAt', get('oneStep')),
      ...increase('twoAt', get('twoStep')),
      ...increase('left', i32.constant(-1)),
    ]);
    const lines = loopUntilZero(get('line'), [
      ...set('oneAt', get('oneStart')),
      ...set('twoAt', get('twoStart')),
      ...set('left', get('steps')),
      ...steps,
      ...increase('oneStart', get('oneLine')),
      ...increase('twoStart', get('twoLine')),
      ...increase('line', i32.constant(-1)),
    ]);
    return loopWhile(i32.isGreaterOrEqual(get('channelBytes'), i32.add(get('channel'), bytes)), [
      ...set('oneStart', i32.add(get('one'), get('channel'))),
      ...set('twoStart', i32.add(get('two'), get('channel'))),
      ...set('line', get('lines')),
      ...before,
      ...lines,
      ...after,
      ...increase('channel', bytes),
    ]);
  };
  return [
    ...set('channelBytes', i32.multiply(get('channels'), i32.constant(floatBytes))),
    ...set('channel', i32.constant(0)),
    ...overChannels(vectors),
    ...overChannels(scalars),
  ];
}

/** tap[channel] += Σ over pixels of one[pixel, channel] * two[pixel, channel]. */
export const depthwiseFilterLoop: WasmFunction = defineFunction(
  'depthwiseFilterLoop',
  parameters,
  locals,
  (frame) => {
    const { get, set } = frame;
    const tap = i32.add(get('tap'), get('channel'));
    return overPixels(frame, ({ type, load, store, add, multiply }) => {
      const product = multiply(load(get('oneAt')), load(get('twoAt')));
      return {
        before: set(`sum${type}`, load(tap)),
        pixel: set(`sum${type}`, add(get(`sum${type}`), product)),
        after: store(tap, get(`sum${type}`)),
      };
    });
  },
);

/** one[pixel, channel] += two[pixel, channel] * tap[channel]. */
export const depthwiseInputLoop: WasmFunction = defineFunction(
  'depthwiseInputLoop',
  parameters,
  locals,
  (frame) => {
    const { get, set } = frame;
    return overPixels(frame, ({ type, load, store, add, multiply }) => ({
      before: set(`sum${type}`, load(i32.add(get('tap'), get('channel')))),
      pixel: store(
        get('oneAt'),
        add(load(get('oneAt')), multiply(load(get('twoAt')), get(`sum${type}`))),
      ),
      after: [],
    }));
  },
);
