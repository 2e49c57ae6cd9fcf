/**
 * Max pooling that leaves one of 2 x 2 pixels, forward and backward, as wasm code: the usual case,
 * where windows neither overlap nor reach beyond the image. All lines of all images in one call.
 * The gradient goes to the first input that equals the maximum, as on the `cpu` backend.
 */
import {
  defineFunction,
  loopUntilZero,
  loopWhile,
  type Code,
  type Frame,
  type WasmFunction,
} from './assembler.ts';
import { localsOf, widths, type Width } from './element-loops.ts';
import { f32x4, i32, v128 } from './instructions.ts';

/** Of a window in row order: two pixels of the upper line, two of the lower. */
const corners = ['topLeft', 'topRight', 'bottomLeft', 'bottomRight'] as const;

interface Window {
  readonly frame: Frame;
  readonly width: Width;
  /** Address of a corner's channels in an array that lies like the input. */
  at(array: string, corner: (typeof corners)[number]): Code;
}

function atCorner({ get }: Frame, array: string, corner: (typeof corners)[number]): Code {
  const right = corner.endsWith('Right') ? get('pixelBytes') : i32.constant(0);
  const line = corner.startsWith('bottom') ? get('lineBytes') : i32.constant(0);
  return i32.add(i32.add(get(array), get('channel')), i32.add(right, line));
}

/**
 * Parameters of the function: output lines, output pixels in a line, channels (all at least 1), then
 * the addresses of `large` arrays (like the input) and `small` ones (like the output).
 */
function defineQuarterLoop(
  name: string,
  arrays: { readonly large: readonly string[]; readonly small: readonly string[] },
  body: (window: Window) => Code,
): WasmFunction {
  const { large, small } = arrays;
  const locals = {
    ...localsOf(['pixelBytes', 'lineBytes', 'left', 'channel'], 'i32'),
    ...localsOf(['maximum', 'rest', 'hit'], 'v128'),
  };
  const parameters = ['lines', 'pixels', 'channels', ...large, ...small];
  return defineFunction(name, parameters, locals, (frame) => {
    const { get, set, increase } = frame;
    const at: Window['at'] = (array, corner) => atCorner(frame, array, corner);
    const overChannels = widths.flatMap((width) =>
      loopWhile(
        i32.isGreaterOrEqual(get('pixelBytes'), i32.add(get('channel'), i32.constant(width.bytes))),
        [...body({ frame, width, at }), ...increase('channel', i32.constant(width.bytes))],
      ),
    );
    const twoPixels = i32.add(get('pixelBytes'), get('pixelBytes'));
    const pixel = [
      ...set('channel', i32.constant(0)),
      ...overChannels,
      ...large.flatMap((array) => increase(array, twoPixels)),
      ...small.flatMap((array) => increase(array, get('pixelBytes'))),
      ...increase('left', i32.constant(-1)),
    ];
    return [
      ...set('pixelBytes', i32.multiply(get('channels'), i32.constant(4))),
      ...set('lineBytes', i32.multiply(get('pixels'), twoPixels)),
      ...loopUntilZero(get('lines'), [
        ...set('left', get('pixels')),
        ...loopUntilZero(get('left'), pixel),
        ...large.flatMap((array) => increase(array, get('lineBytes'))),
        ...increase('lines', i32.constant(-1)),
      ]),
    ];
  });
}

export const quarterMaximum: WasmFunction = defineQuarterLoop(
  'quarterMaximum',
  { large: ['x'], small: ['y'] },
  ({ frame: { get }, width, at }) => {
    const [first, ...others] = corners.map((corner) => width.load(at('x', corner)));
    const maximum = others.reduce((most, value) => f32x4.max(most, value), first!);
    return width.store(i32.add(get('y'), get('channel')), maximum);
  },
);

export const quarterMaximumGradient: WasmFunction = defineQuarterLoop(
  'quarterMaximumGradient',
  { large: ['x', 'dx'], small: ['y', 'dy'] },
  ({ frame: { get, set }, width, at }) => [
    ...set('maximum', width.load(i32.add(get('y'), get('channel')))),
    ...set('rest', width.load(i32.add(get('dy'), get('channel')))),
    ...corners.flatMap((corner) => [
      ...set('hit', f32x4.isEqual(width.load(at('x', corner)), get('maximum'))),
      ...width.store(at('dx', corner), v128.and(get('rest'), get('hit'))),
      ...set('rest', v128.andNot(get('rest'), get('hit'))),
    ]),
  ],
);
