/**
 * Turns what the HDF5 library throws (a listing of its call stack) into an error with the cause in
 * a few words, and with the code of the system where the disk is the cause.
 */

/** System errors by the words in HDF5's listing. */
const systemCodes: readonly (readonly [string, string])[] = [
  ['No space left on device', 'ENOSPC'],
  ['Quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
  ['Permission denied', 'EACCES'],
];

/** The same error, or one for people where it came from HDF5. */
export function readableHdf5Error(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.includes('HDF5')) return error;
  const [, code] = systemCodes.find(([words]) => error.message.includes(words)) ?? [];
  // The deepest line of the listing says what failed: `#008: file.c line 9 in f(): the cause`.
  const causes = [...error.message.matchAll(/#\d+: .*?\(\): (.*)/g)];
  const cause = causes.at(-1)?.[1]?.split(', ')[0] ?? 'the HDF5 library failed';
  return Object.assign(new Error(cause, { cause: error }), code === undefined ? {} : { code });
}
