import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { encode } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { needsPython, python } from '../../test/python.ts';
import { loadDataset } from './dataset.ts';
import { aConfig, aFolder, failure, load, type ConfigParts, type Files } from './fixtures.ts';
import { decodeImage, imageHeader } from './image.ts';
import { withChannels } from './image-channels.ts';

const folder = { format: 'image-folder', train: { features: 'train' } } as const;

function png(width: number, height: number, channels: number, value = 9): Uint8Array {
  const data = new Uint8Array(width * height * channels).fill(value);
  return encode({ width, height, channels, depth: 8, data });
}

function jpeg(width: number, height: number): Uint8Array {
  const data = Buffer.alloc(width * height * 4, 77);
  return new Uint8Array(encodeJpeg({ width, height, data }, 90).data);
}

test('Classes are the folders and samples the files, both in the order of their names', async (t) => {
  const files = {
    'train/b/2.png': png(2, 3, 1, 22),
    'train/b/1.png': png(2, 3, 1, 21),
    'train/a/x.PNG': png(2, 3, 1, 10),
    'train/a/.hidden': 'x',
    'train/README': 'x',
  };
  const data = await load(t, files, folder);
  assert.deepEqual(data.classNames, ['a', 'b']);
  assert.deepEqual(data.sampleShape, [3, 2, 1]);
  assert.ok(data.features instanceof Uint8Array);
  assert.deepEqual([data.features[0], data.features[6], data.features[12]], [10, 21, 22]);
  assert.deepEqual([...data.labels], [0, 1, 1]);
});

test(
  'Pillow reads the same pixels from PNG of every mode, and converts to grey and RGB alike',
  needsPython(),
  async (t) => {
    const where = await aFolder(t);
    const listing = await python(
      `
from PIL import Image
import numpy as np, json
rng = np.random.default_rng(5)
rgb = Image.fromarray(rng.integers(0, 256, (9, 13, 3), dtype=np.uint8))
rgba = Image.fromarray(rng.integers(0, 256, (9, 13, 4), dtype=np.uint8))
grey = Image.fromarray(rng.integers(0, 256, (9, 13), dtype=np.uint8))
images = {'rgb': rgb, 'rgba': rgba, 'grey': grey, 'la': rgba.convert('LA'), 'bits1': grey.convert('1'), 'palette': rgb.convert('P'), 'palette16': rgb.quantize(16), 'palette3': rgb.quantize(3)}
out = {}
for name, image in images.items():
    image.save(name + '.png', optimize=(name == 'rgb'))
    again = Image.open(name + '.png')
    out[name] = {'grey': np.asarray(again.convert('RGB').convert('L') if name != 'grey' else again).ravel().tolist(), 'rgb': np.asarray(again.convert('RGB')).ravel().tolist()}
print(json.dumps(out))
`,
      { cwd: where },
    );
    const cases = JSON.parse(listing) as Record<string, { grey: number[]; rgb: number[] }>;
    for (const [name, { grey, rgb }] of Object.entries(cases)) {
      const bytes = await readFile(join(where, `${name}.png`));
      const image = decodeImage(bytes, imageHeader(bytes));
      assert.deepEqual([image.height, image.width], [9, 13]);
      assert.deepEqual([...withChannels(image, 3)], rgb, `${name} as RGB`);
      assert.deepEqual([...withChannels(image, 1)], grey, `${name} as grey`);
    }
  },
);

test(
  'JPEG of Pillow, grey, RGB and progressive, differ from Pillow by rounding only',
  needsPython(),
  async (t) => {
    const where = await aFolder(t);
    const listing = await python(
      `
from PIL import Image
import numpy as np, json
y, x = np.mgrid[0:24, 0:40]
a = np.stack([x * 6, y * 10, 255 - x * 3], -1).astype(np.uint8)
out = {}
for name, image, options in [('rgb', Image.fromarray(a), {'subsampling': 0}), ('grey', Image.fromarray(a[..., 0]), {}), ('progressive', Image.fromarray(a), {'progressive': True, 'subsampling': 0})]:
    image.save(name + '.jpg', quality=92, **options)
    again = np.asarray(Image.open(name + '.jpg'))
    out[name] = {'channels': 1 if again.ndim == 2 else 3, 'pixels': again.ravel().tolist()}
print(json.dumps(out))
`,
      { cwd: where },
    );
    const cases = JSON.parse(listing) as Record<string, { channels: number; pixels: number[] }>;
    for (const [name, { channels, pixels }] of Object.entries(cases)) {
      const bytes = await readFile(join(where, `${name}.jpg`));
      const image = decodeImage(bytes, imageHeader(bytes));
      assert.deepEqual([image.height, image.width, image.channels], [24, 40, channels], name);
      const worst = Math.max(...image.pixels.map((value, i) => Math.abs(value - pixels[i]!)));
      assert.ok(worst <= 3, `${name} differs by ${worst}`);
    }
  },
);

test('PNG of 16 and of 2 bits become 8 bits', () => {
  const wide = encode({
    width: 2,
    height: 1,
    channels: 1,
    depth: 16,
    data: Uint16Array.from([65535, 257 * 3]),
  });
  assert.deepEqual([...decodeImage(wide, imageHeader(wide)).pixels], [255, 3]);
  const narrow = encode({
    width: 5,
    height: 2,
    channels: 1,
    depth: 2,
    data: Uint8Array.from([0b00011011, 0b01000000, 0b11100100, 0b10000000]),
  });
  assert.deepEqual(
    [...decodeImage(narrow, imageHeader(narrow)).pixels],
    [0, 85, 170, 255, 85, 255, 170, 85, 0, 170],
  );
});

test('features.shape with 1 or 3 channels converts a mixed folder', async (t) => {
  const files = {
    'train/a/1.png': png(4, 4, 4, 50),
    'train/a/2.png': png(4, 4, 1, 60),
    'train/b/3.jpg': jpeg(4, 4),
  };
  const rgb = await load(t, files, { ...folder, features: { shape: [4, 4, 3] } });
  assert.equal(rgb.features.length, 3 * 48);
  assert.deepEqual([...rgb.features.subarray(0, 4)], [50, 50, 50, 50]);
  const grey = await load(t, files, { ...folder, features: { shape: [4, 4, 1] } });
  assert.deepEqual([grey.features[0], grey.features[16], grey.features[32]], [50, 60, 77]);
});

test('A truncated or flipped picture never decodes in silence where the format can tell', async () => {
  for (const whole of [png(20, 20, 3), jpeg(20, 20)]) {
    for (let length = 0; length < whole.length; length += 3) {
      const cut = whole.subarray(0, length);
      assert.throws(
        () => decodeImage(cut, imageHeader(cut)),
        { name: 'ImageError' },
        `cut at ${length}`,
      );
    }
  }
  const whole = png(20, 20, 3);
  for (let at = 0; at < whole.length; at++) {
    const flipped = Uint8Array.from(whole);
    flipped[at]! ^= 4;
    assert.throws(
      () => decodeImage(flipped, imageHeader(flipped)),
      { name: 'ImageError' },
      `flipped at ${at}`,
    );
  }
});

test('Unreadable pictures are dropped and counted where the rule says so', async (t) => {
  const files = {
    'train/a/0.png': 'no picture',
    'train/a/1.png': png(2, 2, 1),
    'train/a/2.png': png(2, 2, 1).subarray(0, 40),
    'train/b/3.png': png(2, 2, 1, 3),
  };
  const data = await load(t, files, {
    ...folder,
    cleaning: [{ rule: 'unreadable', action: 'drop' }],
  });
  assert.deepEqual(data.cleaning, [{ rule: 'unreadable', action: 'drop', dropped: 2 }]);
  assert.deepEqual([...data.labels], [0, 1]);
});

const one = { 'train/a/1.png': png(2, 3, 1) };
const bomb = Buffer.from(png(2, 3, 1));
bomb.writeUInt32BE(2 ** 31 - 1, 16);
bomb.writeUInt32BE(2 ** 31 - 1, 20);
const wrong: Record<string, { files: Files; says: RegExp; parts?: ConfigParts }> = {
  'a corrupt PNG': {
    files: { 'train/a/1.png': png(2, 3, 1).subarray(0, 50) },
    says: /pvc:\/\/set\/train\/a\/1\.png cannot be read: it is damaged.*; correct it, or list/,
  },
  'a corrupt JPEG': {
    files: { 'train/a/1.jpg': jpeg(20, 20).subarray(0, 400) },
    says: /1\.jpg cannot be read: it is (cut off|no intact)/,
  },
  'another file type': {
    files: { 'train/a/1.gif': 'GIF89a' },
    says: /1\.gif cannot be read: it is no intact PNG or JPEG/,
  },
  'a size beyond all bounds': {
    files: { 'train/a/1.png': bomb },
    says: /its header announces 2147483647 x 2147483647 pixels/,
  },
  'another size': {
    files: { ...one, 'train/b/2.png': png(3, 3, 1) },
    says: /train\/b\/2\.png is 3 x 3 pixels \(height x width\), but pvc:\/\/set\/train\/a\/1\.png is 3 x 2; resize/,
  },
  'another number of channels': {
    files: { ...one, 'train/b/2.png': png(2, 3, 3) },
    says: /b\/2\.png has 3 channels, but .*1\.png has 1; set dataset\.features\.shape to \[3, 2, 1\]/,
  },
  'a shape of another size': {
    files: one,
    parts: { features: { shape: [28, 28, 1] } },
    says: /1\.png is 3 x 2 pixels .*features\.shape is \[28, 28, 1\]; resize/,
  },
  'a shape that does not multiply out': {
    files: one,
    parts: { features: { shape: [7] } },
    says: /shape \[7\] has 7 numbers, but a sample of .*1\.png has 6/,
  },
  'an empty class folder': {
    files: { ...one, 'train/b/.keep': '' },
    says: /train\/b is an empty class folder/,
  },
  'no class folder': {
    files: { 'train/1.png': png(2, 3, 1) },
    says: /train has no folders; it needs one folder per class/,
  },
  'a folder in a class': {
    files: { ...one, 'train/a/deep/1.png': png(2, 3, 1) },
    says: /train\/a\/deep is a folder where pictures are expected/,
  },
  'a missing folder': {
    files: { 'other/a/1.png': png(2, 3, 1) },
    says: /train does not exist .*its folder holds other/,
  },
  'a class without a folder': {
    files: one,
    parts: { labels: { classes: ['a', 'z'] } },
    says: /train has no folder for the class "z" of dataset\.labels\.classes; it has a: add/,
  },
  'a class that is not in the list': {
    files: one,
    parts: { labels: { classes: ['b'] } },
    says: /1\.png: the label "a" is not one of the classes b/,
  },
};

for (const [what, { files, says, parts }] of Object.entries(wrong)) {
  test(`It ends in one sentence: ${what}`, async (t) => {
    assert.match(await failure(load(t, files, { ...folder, ...parts })), says);
  });
}

test('A named test source takes the same classes', async (t) => {
  const where = await aFolder(t, {
    ...one,
    'train/b/1.png': png(2, 3, 1, 5),
    'check/b/1.png': png(2, 3, 1, 7),
  });
  const config = aConfig({ ...folder, split: { test: { source: { features: 'check' } } } });
  const data = await loadDataset(config, () => where);
  assert.deepEqual([...data.splits.test], [2]);
  assert.deepEqual([...data.labels], [0, 1, 1]);
  assert.deepEqual((await readdir(where)).sort(), ['check', 'train']);
});
