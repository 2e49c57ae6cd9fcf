import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, trusted } from './html.ts';

test('values are escaped for text and for attributes', () => {
  const name = `<script>alert("1")</script>' onload=\`x\` &amp;`;
  assert.equal(
    html`<p title="${name}">${name}</p>`.markup,
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#96;x&#96; &amp;amp;">' +
      '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#96;x&#96; &amp;amp;</p>',
  );
});

test('markup of the tag is inserted as it is, at any depth', () => {
  const rows = ['<a>', 'b'].map((text) => html`<li>${text}</li>`);
  assert.equal(html`<b>${rows}</b>`.markup, '<b><li>&lt;a&gt;</li><li>b</li></b>');
  assert.equal(html`${trusted('<b>')}${[[html`<i></i>`], 'x']}`.markup, '<b><i></i>x');
});

test('nothing comes of null, undefined and false, but 0 is a figure', () => {
  assert.equal(html`${null}${undefined}${false}${0}`.markup, '0');
});

test('control characters and bidirectional overrides cannot disguise a name', () => {
  assert.equal(html`${'a\u0000b\u202ec\u2066d\te'}`.markup, 'a\ufffdb\ufffdc\ufffdd\te');
});
