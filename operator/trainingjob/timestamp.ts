/** Time as the status carries it. */

/** RFC 3339 of milliseconds since 1970. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
