/** Data that cannot be read, is damaged, or is not what the job says. */
import { encode as encodeJpeg } from 'jpeg-js';
import { idx } from '../../../trainer/data/fixtures.ts';
import { encodeNpz } from '../../../trainer/artifact/npz.ts';
import { labelsBelow, rightFiles, samples, type Changes } from './right-job.ts';
import type { WrongInput } from './wrong-input.ts';

const job = { teller: 'job', reason: 'DataError' } as const;

const right = rightFiles();
const images = Buffer.from(right['data/images'] as Uint8Array);

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

/** The data set of another format, with everything else that is right for it. */
function format(name: string, train: Changes, more: Changes = {}): Changes {
  return {
    'spec.dataset.format': name,
    'spec.dataset.train': train,
    'spec.dataset.features.shape': [2, 2],
    ...more,
  };
}

const npz = encodeNpz([
  {
    name: 'x',
    shape: [samples, 2, 2],
    data: Float32Array.from({ length: samples * 4 }, (_, i) => i),
  },
  { name: 'y', shape: [samples], data: Float32Array.from(labelsBelow(3)) },
]);

/** A npy file, version 1.0, of this dtype. */
function npy(descr: string, shape: string, body: ArrayBufferView<ArrayBuffer>): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;
  const start = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length % 256,
    header.length >> 8,
  ]);
  return Buffer.concat([start, Buffer.from(header), Buffer.from(body.buffer)]);
}

const npyLabels = npy('<i4', `(${samples},)`, Int32Array.from(labelsBelow(3)));
const npyFormat = format('npy', { features: 'x.npy', labels: 'y.npy' });

function csv(change: (rows: string[]) => void = () => undefined): string {
  const rows = Array.from(
    { length: samples },
    (_, i) => `${i % 7},${i % 5},${i % 3},${i % 2},${['cat', 'dog', 'owl'][i % 3]}`,
  );
  change(rows);
  return ['a,b,c,d,kind', ...rows, ''].join('\n');
}

const csvFormat = (more: Changes = {}): Changes =>
  format('csv', { features: 'animals.csv' }, { 'spec.dataset.labels.column': 'kind', ...more });

const jpeg = (value: number): Uint8Array =>
  encodeJpeg({ data: Buffer.alloc(16, value), width: 2, height: 2 }, 90).data;

const imageFolder = format(
  'image-folder',
  { features: 'pictures' },
  {
    'spec.dataset.features.shape': [2, 2, 1],
    'spec.model.inline.config.layers.0.config.batch_input_shape': [null, 2, 2, 1],
  },
);

const pictures = Object.fromEntries(
  ['cat', 'dog', 'owl'].flatMap((kind, at) =>
    Array.from({ length: 5 }, (_, i) => [`data/pictures/${kind}/${i}.jpg`, jpeg(40 * at + 5 * i)]),
  ),
);

export const dataCases: readonly WrongInput[] = [
  {
    ...job,
    name: 'a file that does not exist',
    set: { 'spec.dataset.train.features': 'image' },
    says: 'pvc://data/image does not exist (looked for FOLDER/data/image; its folder holds images, labels); correct the path in dataset or mount the volume that holds it.',
  },
  {
    ...job,
    name: 'a file that is no IDX',
    files: { 'data/images': changed(images, 0, 0x50) },
    says: 'pvc://data/images is no IDX file: byte 0 starts with 50000803 where 0000, a type (08, 09, 0b to 0e) and the number of dimensions belong; check the file and dataset.format.',
  },
  {
    ...job,
    name: 'a truncated IDX file',
    isJson: true,
    files: { 'data/images': images.subarray(0, 100) },
    says: 'pvc://data/images is truncated: the file ends at byte 100 of the 256 bytes that its header announces; fetch the file again.',
  },
  {
    ...job,
    name: 'a damaged gzip file',
    files: { 'data/images': Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), images]) },
    says: 'pvc://data/images is no intact gzip file: invalid stored block lengths; fetch it again.',
  },
  {
    ...job,
    name: 'fewer labels than samples',
    files: { 'data/labels': idx([samples - 1], labelsBelow(3).slice(1)) },
    says: 'pvc://data/labels has 59 labels, but pvc://data/images has 60 samples; name two files that belong together.',
  },
  {
    ...job,
    name: 'a shape that does not multiply out',
    set: {
      'spec.dataset.features.shape': [3, 2],
      'spec.model.inline.config.layers.0.config.batch_input_shape': [null, 3, 2],
    },
    says: 'dataset.features.shape [3, 2] has 6 numbers, but a sample of pvc://data/images, row 0 (counted from 0) has 4 (2 x 2); give a shape that multiplies out to 4.',
  },
  {
    ...job,
    name: 'an unknown label',
    set: { 'spec.dataset.labels.classes': ['0', '1', '3'] },
    says: 'pvc://data/labels, row 2 (counted from 0): the label "2" is not one of the classes 0, 1, 3; add it to dataset.labels.classes or dataset.labels.mapping.',
  },
  {
    ...job,
    name: 'a split that gets no sample',
    set: { 'spec.dataset.split.test.fraction': 0.01 },
    says: 'The test split is empty: dataset.split.test.fraction 0.01 of 60 samples is none; raise the fraction or remove the split.',
  },
  {
    ...job,
    name: 'a data set without samples',
    files: { 'data/images': idx([0, 2, 2], []), 'data/labels': idx([0], []) },
    says: 'The training split is empty: the training source has no sample (left after cleaning); name another source or relax dataset.cleaning.',
  },
  {
    ...job,
    name: 'a value out of the range that a cleaning rule gives',
    set: {
      'spec.dataset.cleaning': [{ rule: 'outOfRange', action: 'fail', minimum: 0, maximum: 200 }],
    },
    says: 'pvc://data/images, row 1, column [1, 0] (counted from 0): the value 222 is outside of [0, 200]; correct it, or change the action of the cleaning rule "outOfRange" from "fail" to "drop".',
  },
  {
    ...job,
    name: 'cleaning that leaves nothing',
    set: { 'spec.dataset.cleaning': [{ rule: 'outOfRange', action: 'drop', minimum: 300 }] },
    says: 'The training split is empty: the training source has no sample (left after cleaning); name another source or relax dataset.cleaning.',
  },
  {
    ...job,
    name: 'a damaged npz file',
    set: {
      ...format('npz', { features: 'x', labels: 'y' }),
      'spec.dataset.uri': 'pvc://data/set.npz',
    },
    files: { 'data/set.npz': changed(npz, 200, 0xff ^ (npz[200] ?? 0)) },
    says: 'pvc://data/set.npz is no intact zip archive: the entry x.npy does not match its checksum; fetch or write it again.',
  },
  {
    ...job,
    name: 'an npz file without the array',
    set: {
      ...format('npz', { features: 'images', labels: 'y' }),
      'spec.dataset.uri': 'pvc://data/set.npz',
    },
    files: { 'data/set.npz': npz },
    says: 'pvc://data/set.npz has no array "images"; it has x, y: name one of them.',
  },
  {
    ...job,
    name: 'an npy file of Python objects',
    set: npyFormat,
    files: {
      'data/x.npy': npy('|O', `(${samples}, 4)`, new Uint8Array(100)),
      'data/y.npy': npyLabels,
    },
    says: 'pvc://data/x.npy is no npy file that can be read: it holds Python objects (dtype object), which are never unpickled; save a numeric array, for example array.astype("float32").',
  },
  {
    ...job,
    name: 'NaN in a feature that is to be standardised',
    set: { ...npyFormat, 'spec.dataset.features.standardize': 'standard' },
    files: {
      'data/x.npy': npy(
        '<f4',
        `(${samples}, 4)`,
        Float32Array.from({ length: 4 * samples }, (_, at) => (at === 42 ? NaN : at)),
      ),
      'data/y.npy': npyLabels,
    },
    says: 'pvc://data/x.npy, row 10, column 2 (counted from 0): the value is NaN; correct it, or list the cleaning rule "missing" with action "drop" in dataset.cleaning.',
  },
  {
    ...job,
    name: 'a word in a column of numbers',
    set: csvFormat(),
    files: { 'data/animals.csv': csv((rows) => (rows[4] = '1,many,2,3,dog')) },
    says: 'pvc://data/animals.csv, row 6, column "b": "many" is not a number; correct it, or list the cleaning rule "unreadable" with action "drop" in dataset.cleaning.',
  },
  {
    ...job,
    name: 'an empty cell',
    set: csvFormat(),
    files: { 'data/animals.csv': csv((rows) => (rows[4] = '1,,2,3,dog')) },
    says: 'pvc://data/animals.csv, row 6, column "b": the cell has no value; correct it, or list the cleaning rule "missing" with action "drop" in dataset.cleaning.',
  },
  {
    ...job,
    name: 'a row with a cell too many',
    set: csvFormat(),
    files: { 'data/animals.csv': csv((rows) => (rows[9] = '1,1,1,1,1,dog')) },
    says: 'pvc://data/animals.csv, row 11 has 6 cells where the header has 5 columns; correct it, or list the cleaning rule "unreadable" with action "drop" in dataset.cleaning.',
  },
  {
    ...job,
    name: 'a label column that is not there',
    set: csvFormat({ 'spec.dataset.labels.column': 'animal' }),
    files: { 'data/animals.csv': csv() },
    says: 'pvc://data/animals.csv, row 1 has no column "animal", which dataset.labels.column names; it has a, b, c, d, kind.',
  },
  {
    ...job,
    name: 'a damaged JPEG',
    set: imageFolder,
    files: { ...pictures, 'data/pictures/dog/3.jpg': jpeg(100).subarray(0, 200) },
    says: 'pvc://data/pictures/dog/3.jpg cannot be read: it is cut off: the end marker FF D9 is missing; correct it, or list the cleaning rule "unreadable" with action "drop" in dataset.cleaning.',
  },
  {
    ...job,
    name: 'a picture of another size',
    set: imageFolder,
    files: {
      ...pictures,
      'data/pictures/dog/3.jpg': encodeJpeg({ data: Buffer.alloc(36, 9), width: 3, height: 3 }, 90)
        .data,
    },
    says: 'pvc://data/pictures/dog/3.jpg is 3 x 3 pixels (height x width), but pvc://data/pictures/cat/0.jpg is 2 x 2; resize the pictures to one size.',
  },
  {
    ...job,
    name: 'a class folder that the job does not list',
    set: { ...imageFolder, 'spec.dataset.labels.classes': ['cat', 'dog', 'owl'] },
    files: { ...pictures, 'data/pictures/bat/0.jpg': jpeg(3) },
    says: 'pvc://data/pictures/bat/0.jpg: the label "bat" is not one of the classes cat, dog, owl; add it to dataset.labels.classes or dataset.labels.mapping.',
  },
  {
    ...job,
    name: 'a class without a folder',
    set: {
      ...imageFolder,
      'spec.dataset.labels.classes': ['cat', 'dog', 'owl', 'bat'],
      'spec.model.inline.config.layers.1.config.units': 4,
    },
    files: pictures,
    says: 'pvc://data/pictures has no folder for the class "bat" of dataset.labels.classes; it has cat, dog, owl: add the folder or remove the class.',
  },
  {
    ...job,
    name: 'an image folder without classes',
    set: imageFolder,
    files: { 'data/pictures/0.jpg': jpeg(3) },
    says: 'pvc://data/pictures has no folders; it needs one folder per class.',
  },
  {
    ...job,
    reason: 'BadConfig',
    name: 'fewer samples than workers',
    set: { 'spec.workers.replicas': 3, 'spec.dataset.split.test': undefined },
    files: {
      'data/images': idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
      'data/labels': idx([2], [0, 1]),
    },
    says: 'The training split has 2 samples, fewer than the 3 workers; lower workers.replicas.',
  },
];
