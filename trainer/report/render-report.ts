/**
 * The whole page from a result: one document with style, charts and pictures inside. Its content
 * security policy lets the browser load and run nothing, so that it is safe to open even where an
 * escape should be missing. Pure: same result, same page.
 */
import type { Result } from '@tfjs-operator/api/result.ts';
import { classesSection } from './classes-section.ts';
import { confusionSection } from './confusion-section.ts';
import { curvesSection } from './curves-section.ts';
import { dataSection } from './data-section.ts';
import { headSection } from './head-section.ts';
import { html, trusted } from './html.ts';
import { identitySection } from './identity-section.ts';
import { styleSheet } from './style.ts';
import { wrongSection } from './wrong-section.ts';

const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** @returns an HTML document. */
export function renderReport(result: Result): string {
  const { evaluation, job } = result;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${job.name} · training report</title>
        <style>
          ${trusted(styleSheet)}
        </style>
      </head>
      <body>
        <main>
          ${headSection(result)} ${curvesSection(result)}
          ${evaluation !== null && [confusionSection(evaluation), wrongSection(evaluation)]}
          <div class="pair">
            ${evaluation !== null && classesSection(evaluation)} ${dataSection(result)}
          </div>
          ${identitySection(result)}
        </main>
        <footer>
          Written by tfjs-operator when the run ended. This page loads nothing and runs nothing.
        </footer>
      </body>
    </html>`;
  return `${page.markup}\n`;
}
