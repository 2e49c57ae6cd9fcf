/**
 * Sources whose features and labels are arrays: two IDX files, two npy files, or two arrays of one
 * npz file. Checks that they belong together; looks at no element.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import { fileBelow, readDataFile } from './data-file.ts';
import { readIdx } from './idx.ts';
import { readNpy } from '../numpy/npy.ts';
import { elements, toFeatures, toNumbers, type NumericArray } from '../numpy/numeric-array.ts';
import { arrayPlace, type ReadRequest, type Source } from './source.ts';
import { readZipDirectory, readZipEntry } from '../numpy/zip.ts';

interface NamedNumbers {
  readonly name: string;
  readonly array: NumericArray;
}

/** @throws Failure DataError, or BadConfig where the source names no labels. */
export async function readArraySource(request: ReadRequest): Promise<Source> {
  const { source, config, part } = request;
  if (source.labels === undefined) {
    throw new Failure(
      'BadConfig',
      `dataset: the ${part} source has no labels; with format ${config.format} name the array of labels beside features.`,
    );
  }
  const [features, labels] =
    config.format === 'npz'
      ? await readPairOfNpz(request, source.features, source.labels)
      : // One after the other: of two faults the same one is always named.
        [
          await readArrayFile(request, source.features),
          await readArrayFile(request, source.labels),
        ];
  const rows = rowsOf(features);
  if (rowsOf(labels) !== rows) {
    throw new Failure(
      'DataError',
      `${labels.name} has ${rowsOf(labels)} labels, but ${features.name} has ${rows} samples; name two files that belong together.`,
    );
  }
  const stored = features.array.shape.slice(1);
  const sampleShape = stored.length === 0 ? [1] : stored;
  return {
    features: toFeatures(features.array),
    rows,
    sampleShape,
    labels: {
      kind: 'numbers',
      width: elements(labels.array.shape.slice(1)),
      values: toNumbers(labels.array),
    },
    place: arrayPlace(features.name, sampleShape),
    labelPlace: arrayPlace(labels.name, []),
  };
}

async function readArrayFile(request: ReadRequest, path: string): Promise<NamedNumbers> {
  const file = fileBelow(request.root, path);
  const bytes = await readDataFile(file, request.signal);
  const array =
    request.config.format === 'idx' ? await readIdx(bytes, file.name) : readNpy(bytes, file.name);
  return { name: file.name, array };
}

async function readPairOfNpz(
  request: ReadRequest,
  features: string,
  labels: string,
): Promise<[NamedNumbers, NamedNumbers]> {
  const { root, signal } = request;
  const archive = await readDataFile(root, signal);
  const directory = readZipDirectory(archive, root.name);
  const read = (wanted: string): NamedNumbers => {
    const entry = directory.find(({ name }) => name === `${wanted}.npy` || name === wanted);
    if (entry === undefined) {
      const names = directory.map((known) => known.name.replace(/\.npy$/, '')).join(', ');
      throw new Failure(
        'DataError',
        `${root.name} has no array "${wanted}"; it has ${names || 'none at all'}: name one of them.`,
      );
    }
    const name = `${root.name}[${wanted}]`;
    return { name, array: readNpy(readZipEntry(archive, entry, root.name), name) };
  };
  return [read(features), read(labels)];
}

function rowsOf({ name, array }: NamedNumbers): number {
  const [rows] = array.shape;
  if (rows !== undefined) return rows;
  throw new Failure(
    'DataError',
    `${name} is a single number without dimensions; its first dimension must count the samples.`,
  );
}
