/**
 * Markup that is safe by construction: the only way to make `Html` is the tag below, which escapes
 * every value that is not `Html` itself. Names of jobs and classes are anybody's input.
 */

/** A piece of finished markup. */
export interface Html {
  readonly markup: string;
}

export type Insertable = Html | string | number | null | undefined | false | readonly Insertable[];

/**
 * ``html`<td>${name}</td>` ``: values are escaped for text and for quoted attributes; lists are
 * joined; null, undefined and false leave nothing. Never put a value into a tag's or an attribute's
 * name, into an unquoted attribute, a script or a style sheet.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Insertable[]): Html {
  const markup = parts.map((part, index) =>
    index === 0 ? part : insert(values[index - 1]) + part,
  );
  return { markup: markup.join('') };
}

/** Markup that this program wrote itself: a style sheet. Never call it with anybody's input. */
export function trusted(markup: string): Html {
  return { markup };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

function insert(value: Insertable): string {
  if (value === null || value === undefined || value === false) return '';
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') return String(value);
  return 'markup' in value ? value.markup : value.map(insert).join('');
}

/** Control characters have no place in HTML; bidirectional overrides could turn a line around. */
function escape(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
    .replace(/[&<>"'`]/g, (character) => entities[character] ?? '');
}
