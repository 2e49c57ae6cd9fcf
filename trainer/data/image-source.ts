/**
 * An image folder: one folder per class, in it PNG and JPEG files of one size. Reads classes and
 * files in the order of their names, so that the data set is the same on every machine.
 */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { fileBelow, readDataFile, unreadable, type DataFile } from './data-file.ts';
import { withChannels } from './image-channels.ts';
import { decodeImage, ImageError, imageHeader, type Image } from './image.ts';
import type { ReadRequest, Source } from './source.ts';

interface Picture {
  readonly file: DataFile;
  readonly label: string;
}

/** @throws Failure DataError for a malformed folder or picture. */
export async function readImageSource(request: ReadRequest): Promise<Source> {
  const root = fileBelow(request.root, request.source.features);
  const pictures = await listPictures(root);
  refuseMissingClass(pictures, request, root);
  const kept: Picture[] = [];
  const samples: Uint8Array[] = [];
  let format: SampleFormat | undefined;
  for (const picture of pictures) {
    const bytes = await readDataFile(picture.file, request.signal);
    try {
      const header = imageHeader(bytes);
      if (format) sameSize(format, header, picture.file);
      const image = decodeImage(bytes, header);
      format ??= formatOf(image, request.config.features.shape, picture.file);
      samples.push(pixelsOf(image, format, picture.file));
      kept.push(picture);
    } catch (cause) {
      if (!(cause instanceof ImageError)) throw cause;
      request.cleaner.reject('unreadable', `${picture.file.name} cannot be read: ${cause.message}`);
    }
  }
  const { width, height, channels } = format ?? { width: 0, height: 0, channels: 0 };
  const place = (row: number, element?: number): string => {
    const name = kept[row]?.file.name ?? '?';
    if (element === undefined) return name;
    const pixel = Math.floor(element / channels);
    return `${name}, row ${Math.floor(pixel / width)}, column ${pixel % width} (counted from 0)`;
  };
  return {
    features: joined(samples, width * height * channels),
    rows: kept.length,
    sampleShape: [height, width, channels],
    labels: { kind: 'text', values: kept.map(({ label }) => label) },
    place,
    labelPlace: (row) => place(row),
  };
}

/**
 * A class of the list that no folder has is a slip of the pen or a folder that was not copied. Only
 * where all folders are known: one of another name is told with its first picture.
 */
function refuseMissingClass(
  pictures: readonly Picture[],
  { config, part }: ReadRequest,
  root: DataFile,
): void {
  const { classes, mapping } = config.labels;
  if (part !== 'train' || classes === undefined) return;
  const folders = [...new Set(pictures.map(({ label }) => label))];
  const names = folders.map((folder) => mapping?.[folder] ?? folder);
  const missing = classes.find((name) => !names.includes(name));
  if (missing === undefined || names.some((name) => !classes.includes(name))) return;
  throw new Failure(
    'DataError',
    `${root.name} has no folder for the class "${missing}" of dataset.labels.classes; it has ${folders.join(', ')}: add the folder or remove the class.`,
  );
}

/** Size and channels of every sample; the first picture and features.shape decide. */
interface SampleFormat {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** True where features.shape asks for 1 or 3 channels, whatever the files have. */
  readonly converts: boolean;
  readonly first: string;
}

function formatOf(
  image: Image,
  shape: readonly number[] | undefined,
  file: DataFile,
): SampleFormat {
  const wanted = shape?.length === 3 ? shape[2] : undefined;
  const converts = wanted === 1 || wanted === 3;
  const { width, height } = image;
  if (shape?.length === 3 && (shape[0] !== height || shape[1] !== width)) {
    throw new Failure(
      'DataError',
      `${file.name} is ${height} x ${width} pixels (height x width), but dataset.features.shape is [${shape.join(', ')}]; resize the pictures or set features.shape to [${height}, ${width}, ${wanted}].`,
    );
  }
  return {
    width,
    height,
    channels: converts ? wanted : image.channels,
    converts,
    first: file.name,
  };
}

function sameSize(
  format: SampleFormat,
  found: { readonly width: number; readonly height: number },
  file: DataFile,
): void {
  if (found.width === format.width && found.height === format.height) return;
  throw new Failure(
    'DataError',
    `${file.name} is ${found.height} x ${found.width} pixels (height x width), but ${format.first} is ${format.height} x ${format.width}; resize the pictures to one size.`,
  );
}

function pixelsOf(image: Image, format: SampleFormat, file: DataFile): Uint8Array {
  if (format.converts) return withChannels(image, format.channels as 1 | 3);
  if (image.channels === format.channels) return image.pixels;
  throw new Failure(
    'DataError',
    `${file.name} has ${image.channels} channels, but ${format.first} has ${format.channels}; set dataset.features.shape to [${format.height}, ${format.width}, 1] or [${format.height}, ${format.width}, 3] to convert all.`,
  );
}

function joined(samples: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(samples.length * length);
  for (const [row, sample] of samples.entries()) all.set(sample, row * length);
  return all;
}

async function listPictures(root: DataFile): Promise<Picture[]> {
  const folders = (await listed(root)).filter((entry) => !entry.isFile());
  if (folders.length === 0) {
    throw new Failure('DataError', `${root.name} has no folders; it needs one folder per class.`);
  }
  const pictures: Picture[] = [];
  for (const folder of folders) {
    const inside = fileBelow(root, folder.name);
    const files = await listed(inside);
    const nested = files.find((entry) => entry.isDirectory());
    if (nested !== undefined) {
      throw new Failure(
        'DataError',
        `${inside.name}/${nested.name} is a folder where pictures are expected; a class is one folder of files.`,
      );
    }
    if (files.length === 0) {
      throw new Failure(
        'DataError',
        `${inside.name} is an empty class folder; add PNG or JPEG files or remove it.`,
      );
    }
    for (const { name } of files)
      pictures.push({ file: fileBelow(inside, name), label: folder.name });
  }
  return pictures;
}

/** Entries by name, without hidden ones (".DS_Store", the "..data" of Kubernetes volumes). */
async function listed(folder: DataFile): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder.path, { withFileTypes: true });
    const visible = entries.filter(({ name }) => !name.startsWith('.'));
    return visible.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw await unreadable(folder, cause);
  }
}
