/**
 * Where the words of vertical marks go: beside their line, on the side with more room, in the first
 * row where they do not cover other words. Pure.
 */
import type { Scale } from './scale.ts';

/** Something that happened at a place of the x axis. */
export interface ChartMark {
  readonly x: number;
  readonly label: string;
}

export interface PlacedMark {
  /** Position, no longer a value. */
  readonly x: number;
  /** Empty where all rows are taken: the line still tells that something happened. */
  readonly label: string;
  readonly row: number;
  readonly side: 'left' | 'right';
}

/** Units of the viewBox; room for the larger letters of a phone. */
export const markRowHeight = 20;
const letterWidth = 10;
/** More rows would cover the curves. */
const mostRows = 4;

interface Area {
  readonly left: number;
  readonly right: number;
}

interface Place {
  readonly row: number;
  readonly side: PlacedMark['side'];
  readonly from: number;
  readonly to: number;
}

export function placeMarks(
  marks: readonly ChartMark[],
  scale: Scale,
  area: Area,
): readonly PlacedMark[] {
  const lines = marks.map((mark) => scale.at(mark.x));
  const taken: Place[] = [];
  return marks.map(({ x: value, label }) => {
    const x = scale.at(value);
    const place = sides(x, label.length * letterWidth, area, lines)
      .flatMap((side) => Array.from({ length: mostRows }, (_, row) => ({ ...side, row })))
      .find((wanted) => taken.every((other) => !covers(other, wanted)));
    if (place === undefined) return { x, label: '', row: 0, side: 'right' };
    taken.push(place);
    return { x, label, row: place.row, side: place.side };
  });
}

/** The sides inside of the area, first the one where the words cross fewer other lines. */
function sides(
  x: number,
  width: number,
  area: Area,
  lines: readonly number[],
): Omit<Place, 'row'>[] {
  const both = [
    { side: 'right', from: x, to: x + width },
    { side: 'left', from: x - width, to: x },
  ] as const;
  const crossed = ({ from, to }: { from: number; to: number }): number =>
    lines.filter((line) => line > from && line < to).length;
  return both
    .filter(({ from, to }) => from >= area.left && to <= area.right)
    .sort((a, b) => crossed(a) - crossed(b));
}

function covers(a: Place, b: Place): boolean {
  return a.row === b.row && a.from < b.to && b.from < a.to;
}
