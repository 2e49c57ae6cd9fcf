/** Keeps the history of a long run bounded: a list of points that halves its density when full. */

export interface ThinnedSeries<T> {
  readonly points: readonly T[];
  /** Every stride-th point offered is kept. */
  readonly stride: number;
  readonly offered: number;
}

export function emptySeries<T>(): ThinnedSeries<T> {
  return { points: [], stride: 1, offered: 0 };
}

/** Adds a point; when more than `limit` would be kept, every second one is dropped. */
export function addPoint<T>(series: ThinnedSeries<T>, point: T, limit: number): ThinnedSeries<T> {
  const offered = series.offered + 1;
  if (series.offered % series.stride !== 0) return { ...series, offered };
  const points = [...series.points, point];
  if (points.length <= limit) return { ...series, points, offered };
  return {
    points: points.filter((_, index) => index % 2 === 0),
    stride: series.stride * 2,
    offered,
  };
}
