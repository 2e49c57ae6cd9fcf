import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Result } from '@tfjs-operator/api/result.ts';
import { needsChromium, withPage } from '../../test/chromium.ts';
import { renderReport } from './render-report.ts';
import { sampleResult } from './sample-result.ts';

async function written(t: TestContext, result: Result): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'report-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'report.html'), renderReport(result));
  return directory;
}

/** Strings that have opened a way in somewhere. */
const attacks = [
  '<script>window.hit=1</script>',
  '"><img src=x onerror="window.hit=1">',
  "'><svg onload='window.hit=1'>",
  '</style><script>window.hit=1</script>',
  '</title><script>window.hit=1</script>',
  'javascript:window.hit=1',
  '<!--',
  ']]><script>window.hit=1</script>',
];

/** Puts an attack in front of every string of a document, keys of records included. */
function poisoned(value: unknown, attack: string): unknown {
  if (typeof value === 'string') return attack + value;
  if (Array.isArray(value)) return value.map((inner) => poisoned(inner, attack));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    if (key === 'pixelsBase64') return [key, inner];
    const isName = ['metrics', 'require'].includes(key) && inner !== null;
    const named = isName
      ? Object.fromEntries(Object.entries(inner as object).map(([k, v]) => [attack + k, v]))
      : poisoned(inner, attack);
    return [key, named];
  });
  return Object.fromEntries(entries);
}

test('no string of a result can run anything or change the page', needsChromium(), async (t) => {
  for (const attack of attacks) {
    const directory = await written(t, poisoned(sampleResult(), attack) as Result);
    await withPage(directory, async (page, url) => {
      await page.goto(`${url}/report.html`);
      const found = await page.evaluate(`({
        hit: window.hit, scripts: document.scripts.length,
        handlers: [...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith('on')).length,
        pictures: [...document.images].every((image) => image.src.startsWith('data:image/png')),
        heading: document.querySelector('h1').textContent,
        sections: document.querySelectorAll('main section').length,
      })`);
      assert.deepEqual(found, {
        scripts: 0,
        handlers: 0,
        pictures: true,
        heading: `${attack}mnist-cnn`,
        sections: 6,
        hit: undefined,
      });
    });
  }
});

test(
  'the page asks the network for nothing and the browser has no complaint',
  needsChromium(),
  async (t) => {
    const directory = await written(t, sampleResult());
    await withPage(directory, async (page, url) => {
      const asked: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith('data:') && !request.url().endsWith('/favicon.ico'))
          asked.push(request.url());
      });
      page.on('console', (message) => {
        if (!message.location().url.endsWith('/favicon.ico')) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`${url}/report.html`);
      assert.deepEqual(asked, [`${url}/report.html`]);
      assert.deepEqual(complaints, []);
      const sizes = await page.evaluate('[...document.images].map((i) => i.naturalWidth)');
      assert.deepEqual(
        sizes,
        Array.from({ length: 18 }, () => 28),
      );
    });
  },
);

test(
  'it fits screens from a small phone to a desktop without scrolling sideways',
  needsChromium(),
  async (t) => {
    const long = 'a-very-long-name-that-a-generator-made-'.repeat(4);
    const result = sampleResult();
    const job = { ...result.job, name: long, namespace: long };
    const directory = await written(t, { ...result, job });
    await withPage(directory, async (page, url) => {
      for (const width of [320, 390, 768, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(`${url}/report.html`);
        await page.evaluate("document.querySelector('details').open = true");
        assert.ok(
          Number(await page.evaluate('document.documentElement.scrollWidth')) <= width,
          `${width}`,
        );
      }
    });
  },
);

/**
 * Runs in the page: the text of least contrast (WCAG 2.1, 1.4.3) on the colour behind it. Text of
 * charts stands on a panel; opacity is taken into account.
 */
const leastContrast = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const ground = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
  const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  let least = { ratio: 99, text: '' };
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
    if (!own || e.closest('title,desc,.unseen,style')) continue;
    const style = getComputedStyle(e);
    const color = rgba(e.closest('svg') ? style.fill : style.color);
    color[3] *= Number(style.opacity);
    const back = ground(e);
    const [a, b] = [light(over(color, back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least.ratio) least = { ratio, text: e.className.baseVal ?? (e.tagName + '.' + e.className + ': ' + e.textContent.trim()) };
  }
  return least;
})()`;

test('all text has a contrast of 4.5 to 1 in light and in dark', needsChromium(), async (t) => {
  // Every shade of the heat table from the faintest to the fullest.
  const { evaluation } = sampleResult();
  const confusion = Array.from({ length: 10 }, (_, i) =>
    Array.from({ length: 10 }, (__, j) => (i === j ? 10 + 100 * i : 1 + i * 10 + j)),
  );
  const directory = await written(t, sampleResult({ evaluation: { ...evaluation!, confusion } }));
  await withPage(directory, async (page, url) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${url}/report.html`);
      const least = (await page.evaluate(leastContrast)) as { ratio: number; text: string };
      assert.ok(least.ratio >= 4.5, `${colorScheme}: ${least.ratio.toFixed(2)} at ${least.text}`);
    }
  });
});

test('charts, tables and sections have names for those who listen', needsChromium(), async (t) => {
  const directory = await written(t, sampleResult());
  await withPage(directory, async (page, url) => {
    await page.goto(`${url}/report.html`);
    assert.equal(
      await page
        .getByRole('img', { name: /^Training loss by step .*moving average: from/ })
        .count(),
      1,
    );
    assert.equal(
      await page.getByRole('img', { name: /^Throughput by epoch [\d,]+ samples\/s/ }).count(),
      1,
    );
    assert.equal(await page.getByRole('table', { name: /^Confusion matrix/ }).count(), 1);
    assert.equal(await page.getByRole('rowheader', { name: '7', exact: true }).first().count(), 1);
    assert.equal(await page.getByRole('region', { name: 'What is taken for what' }).count(), 1);
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
    const ids = (await page.evaluate(
      '[...document.querySelectorAll("[id]")].map((e) => e.id)',
    )) as string[];
    assert.equal(new Set(ids).size, ids.length);
  });
});
