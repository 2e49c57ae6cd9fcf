/**
 * The loop of max pooling's gradient, as wasm code: each output's gradient goes to the first input
 * of its window that equals the maximum, as on the `cpu` backend. One image at a time; channels
 * side by side, four at a time; windows may overlap and are cut at the edges of the image.
 */
import {
  defineFunction,
  loopWhile,
  when,
  type Code,
  type Frame,
  type WasmFunction,
} from './assembler.ts';
import { f32, f32x4, i32, v128 } from './instructions.ts';

const floatBytes = 4;
const vectorBytes = 16;

/** Window rows [from, to) x columns [from, to) of the image that belong to the output pixel. */
function clipped({ get, set }: Frame, axis: 'y' | 'x'): Code {
  const at = (name: string): string => `${axis}${name}`;
  return [
    ...set(
      at('From'),
      i32.subtract(i32.multiply(get(at('Out')), get(at('Stride'))), get(at('Pad'))),
    ),
    ...set(at('To'), i32.add(get(at('From')), get(at('Window')))),
    ...when(i32.isLess(get(at('From')), i32.constant(0)), set(at('From'), i32.constant(0))),
    ...when(i32.isLess(get(at('In')), get(at('To'))), set(at('To'), get(at('In')))),
  ];
}

/** Visits the window's inputs in row order; `inputAt` is the byte offset of the input. */
function overWindow({ get, set, increase }: Frame, visit: Code): Code {
  const rowStart = i32.add(
    i32.multiply(i32.add(i32.multiply(get('y'), get('xIn')), get('xFrom')), get('pixelBytes')),
    get('channel'),
  );
  const row = [
    ...set('inputAt', rowStart),
    ...set('x', get('xFrom')),
    ...loopWhile(i32.isLess(get('x'), get('xTo')), [
      ...visit,
      ...increase('inputAt', get('pixelBytes')),
      ...increase('x', i32.constant(1)),
    ]),
  ];
  return [
    ...set('y', get('yFrom')),
    ...loopWhile(i32.isLess(get('y'), get('yTo')), [...row, ...increase('y', i32.constant(1))]),
  ];
}

function fourChannels(frame: Frame): Code {
  const { get, set, increase } = frame;
  const target = i32.add(get('dx'), get('inputAt'));
  const visit = [
    ...set(
      'hit',
      v128.andNot(
        f32x4.isEqual(v128.load(i32.add(get('input'), get('inputAt'))), get('maximum')),
        get('taken'),
      ),
    ),
    ...v128.store(target, f32x4.add(v128.load(target), v128.and(get('gradient'), get('hit')))),
    ...set('taken', v128.or(get('taken'), get('hit'))),
  ];
  return [
    ...set('maximum', v128.load(i32.add(get('outputAt'), get('channel')))),
    ...set('gradient', v128.load(i32.add(get('gradientAt'), get('channel')))),
    ...set('taken', v128.zero()),
    ...overWindow(frame, visit),
    ...increase('channel', i32.constant(vectorBytes)),
  ];
}

function oneChannel(frame: Frame): Code {
  const { get, set, increase } = frame;
  const target = i32.add(get('dx'), get('inputAt'));
  const gradient = f32.load(i32.add(get('gradientAt'), get('channel')));
  const isMaximum = f32.isEqual(
    f32.load(i32.add(get('input'), get('inputAt'))),
    f32.load(i32.add(get('outputAt'), get('channel'))),
  );
  const visit = when(i32.isLess(get('isTaken'), isMaximum), [
    ...f32.store(target, f32.add(f32.load(target), gradient)),
    ...set('isTaken', i32.constant(1)),
  ]);
  return [
    ...set('isTaken', i32.constant(0)),
    ...overWindow(frame, visit),
    ...increase('channel', i32.constant(floatBytes)),
  ];
}

const axes = ['y', 'x'] as const;

export const maxPoolLoop: WasmFunction = defineFunction(
  'maxPoolLoop',
  [
    ...['input', 'output', 'dy', 'dx', 'channels'],
    ...axes.flatMap((axis) =>
      ['In', 'OutSize', 'Stride', 'Window', 'Pad'].map((name) => axis + name),
    ),
  ],
  {
    ...{ pixelBytes: 'i32', channel: 'i32', outputAt: 'i32', gradientAt: 'i32', inputAt: 'i32' },
    ...{
      y: 'i32',
      yOut: 'i32',
      yFrom: 'i32',
      yTo: 'i32',
      x: 'i32',
      xOut: 'i32',
      xFrom: 'i32',
      xTo: 'i32',
    },
    ...{ isTaken: 'i32', maximum: 'v128', gradient: 'v128', taken: 'v128', hit: 'v128' },
  },
  (frame) => {
    const { get, set, increase } = frame;
    const hasChannels = (bytes: number): Code =>
      i32.isGreaterOrEqual(get('pixelBytes'), i32.add(get('channel'), i32.constant(bytes)));
    const pixel = [
      ...clipped(frame, 'x'),
      ...set('channel', i32.constant(0)),
      ...loopWhile(hasChannels(vectorBytes), fourChannels(frame)),
      ...loopWhile(hasChannels(floatBytes), oneChannel(frame)),
      ...increase('outputAt', get('pixelBytes')),
      ...increase('gradientAt', get('pixelBytes')),
      ...increase('xOut', i32.constant(1)),
    ];
    const row = [
      ...clipped(frame, 'y'),
      ...set('xOut', i32.constant(0)),
      ...loopWhile(i32.isLess(get('xOut'), get('xOutSize')), pixel),
      ...increase('yOut', i32.constant(1)),
    ];
    return [
      ...set('pixelBytes', i32.multiply(get('channels'), i32.constant(floatBytes))),
      ...set('outputAt', get('output')),
      ...set('gradientAt', get('dy')),
      ...set('yOut', i32.constant(0)),
      ...loopWhile(i32.isLess(get('yOut'), get('yOutSize')), row),
    ];
  },
);
