/**
 * How a bucket is cut: into one part per worker, and each part into chunks, the units on the wire.
 * Pure arithmetic that every worker, and every foreign client, does alike.
 */

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Part `part` of `parts`: elements [floor(part*L/parts), floor((part+1)*L/parts)) of the bucket. */
export function partSpan(length: number, parts: number, part: number): Span {
  return {
    start: Math.floor((part * length) / parts),
    end: Math.floor(((part + 1) * length) / parts),
  };
}

/** Chunks that cover a span; an empty span has none. */
export function chunkCount(span: Span, chunkLength: number): number {
  return Math.ceil((span.end - span.start) / chunkLength);
}

/** Chunk `chunk` of a span; the last one may be shorter. */
export function chunkSpan(span: Span, chunkLength: number, chunk: number): Span {
  const start = span.start + chunk * chunkLength;
  return { start, end: Math.min(start + chunkLength, span.end) };
}
