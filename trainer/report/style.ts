/**
 * The style sheet of the report. Colours are variables with a value for light and one for dark;
 * text has a contrast of at least 4.5 to 1 on its ground, lines of charts at least 3 to 1, and the
 * pairs that must be told apart (training and validation, right and wrong) also differ for eyes
 * that do not see red or green. The heat colours keep away from the colour of the letters, so that
 * these need not change.
 */
export const styleSheet = `
:root{color-scheme:light dark;--page:#f6f7f9;--surface:#fff;--ink:#161b24;--muted:#586272;--rule:#e2e6ec;--grid:#e9ecf1;
--train:#2459c4;--validation:#b85410;--wrong:#b8450c;--heat-right:#86aefb;--heat-wrong:#f6935a;--good:#14713f;--bad:#b3261e;
--part-0:#2f66d0;--part-1:#0f8583;--part-2:#8453c9;--part-3:#b9506f;--part-4:#6f7d1f;--part-5:#b0740f;--part-6:#566579;--part-7:#1c86b8}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--surface:#151b23;--ink:#e9edf3;--muted:#9da8b7;--rule:#2a323d;--grid:#232b35;
--train:#74a9ff;--validation:#f5a55c;--wrong:#f0954a;--heat-right:#2a5cc2;--heat-wrong:#a24a12;--good:#5fd092;--bad:#ff938a;
--part-0:#6d9ff5;--part-1:#3fbdb8;--part-2:#b28cf0;--part-3:#e98aa6;--part-4:#b3c257;--part-5:#e3ad4f;--part-6:#97a7bb;--part-7:#5cbfec}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
main,footer{max-width:1160px;margin:0 auto;padding:0 24px}
h1,h2,h3{line-height:1.2;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.375rem;margin:0 0 6px}
h3{font-size:1rem;margin:0;letter-spacing:0}
p{margin:0}
.note,.lead,dt,small,.eyebrow,footer{color:var(--muted)}
.note{margin:0 0 16px;max-width:75ch}
.note b{color:var(--ink)}
header{display:grid;grid-template-columns:1fr auto;gap:20px 48px;align-items:end;padding:56px 0 36px}
.eyebrow{font-size:.8125rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
h1{font-size:clamp(1.875rem,5vw,2.75rem);margin:6px 0 10px;overflow-wrap:anywhere}
.lead{max-width:58ch;text-wrap:pretty;overflow-wrap:anywhere}
.whole{white-space:nowrap}
.headline{text-align:right;display:grid;gap:4px}
.headline strong{font-size:clamp(2.75rem,8vw,4.5rem);font-weight:650;line-height:1;letter-spacing:-.035em;color:var(--train);white-space:nowrap}
.headline span{color:var(--muted)}
.gates{list-style:none;margin:14px 0 0;padding:0;display:flex;flex-wrap:wrap;gap:8px}
.gates li{font-size:.875rem;font-weight:550;border:1px solid currentColor;border-radius:99px;padding:2px 12px}
.met{color:var(--good)}.unmet{color:var(--bad)}
.facts{grid-column:1/-1;margin:12px 0 0;display:grid;grid-template-columns:repeat(auto-fit,minmax(132px,1fr));gap:1px;background:var(--rule);border:1px solid var(--rule);border-radius:12px;overflow:hidden}
.facts div{background:var(--surface);padding:14px 18px}
dt{font-size:.8125rem}
dd{margin:0}
.facts dd{font-size:1.1875rem;font-weight:600;letter-spacing:-.01em}
section{margin:24px 0 44px}
.charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:20px;margin-top:14px}
.panel{margin:0;background:var(--surface);border:1px solid var(--rule);border-radius:12px;padding:18px 18px 8px;display:flex;flex-direction:column;justify-content:space-between}
.legend{list-style:none;margin:6px 0 10px;padding:0;display:flex;flex-wrap:wrap;gap:2px 18px;font-size:.875rem;color:var(--muted)}
.legend b{color:var(--ink);font-weight:600}
.swatch{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:7px;vertical-align:middle;background:currentColor}
.swatch[class*=part]{height:10px;width:10px}
.swatch.total{display:none}
.chart{display:block;width:100%;height:auto;overflow:visible}
.chart text{font-size:12px;fill:var(--muted)}
.grid{stroke:var(--grid)}
.axis{stroke:var(--muted);stroke-opacity:.55}
.mark{stroke:var(--ink);stroke-opacity:.6;stroke-dasharray:3 3}
.chart .mark-label{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--surface);stroke-width:4px}
.line{fill:none;stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}
.line.train{stroke:var(--train)}.line.validation{stroke:var(--validation)}
.line.raw{stroke:var(--train);stroke-width:1;opacity:.32}
.dot{stroke:var(--surface);stroke-width:1.5}
.dot.train{fill:var(--train)}.dot.validation{fill:var(--validation)}
.swatch.train{background:var(--train)}.swatch.validation{background:var(--validation)}.swatch.raw{background:var(--train);opacity:.4}
.part{stroke:var(--surface);stroke-width:1}
${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `.part-${i}{fill:var(--part-${i});background:var(--part-${i})}`).join('')}
details{margin-top:18px}
summary{cursor:pointer;color:var(--train);font-weight:550;width:fit-content}
details[open] summary{margin-bottom:14px}
.scroll{overflow-x:auto;background:var(--surface);border:1px solid var(--rule);border-radius:12px;margin:0 0 16px;width:fit-content;max-width:100%}
:focus-visible{outline:3px solid var(--train);outline-offset:2px}
table{border-collapse:collapse;font-size:.9375rem}
th,td{padding:7px 16px;border-top:1px solid var(--rule);white-space:nowrap}
thead th,thead td{border-top:0;font-size:.8125rem;font-weight:550;color:var(--muted)}
tbody th{font-weight:550}
.word{text-align:left}.number{text-align:right}
td.word{white-space:normal}td.word:last-child{min-width:18ch}
.tag{font-size:.75rem;font-weight:550;color:var(--wrong);border:1px solid currentColor;border-radius:99px;padding:0 8px;margin-left:6px}
.heat{table-layout:fixed}
.heat th,.heat td{padding:0 8px;height:42px;min-width:50px;text-align:center;border:1px solid var(--rule)}
.heat tr>:first-child{border-left:0}.heat tr>:last-child{border-right:0}.heat thead :is(th,td){border-top:0}.heat tbody tr:last-child>*{border-bottom:0}
.heat tbody th{position:sticky;left:0;background:var(--surface);text-align:right;max-width:22ch;overflow:hidden;text-overflow:ellipsis}
.heat thead th{color:var(--ink);font-size:.9375rem;max-width:14ch;overflow:hidden;text-overflow:ellipsis}
.heat .corner{font-weight:400;white-space:nowrap}
.heat .none{color:var(--muted)}
.heat .right{background:color-mix(in srgb,var(--heat-right) var(--heat),var(--surface))}
.heat .wrong{background:color-mix(in srgb,var(--heat-wrong) var(--heat),var(--surface))}
.heat .right{font-weight:600}
.gallery{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(118px,1fr));gap:14px}
.gallery li{background:var(--surface);border:1px solid var(--rule);border-radius:12px;overflow:hidden}
.gallery img{display:block;width:100%;height:auto;aspect-ratio:1;object-fit:contain;image-rendering:pixelated;background:#000}
.gallery p{padding:8px 12px 10px;font-weight:600;overflow-wrap:anywhere;line-height:1.35}
.gallery .read{color:var(--wrong)}
.gallery small{display:block;font-weight:400;font-size:.8125rem}
.beside{display:flex;flex-wrap:wrap;gap:0 28px;align-items:start}
.pair{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:0 40px;align-items:start}
.identity{background:var(--surface);border:1px solid var(--rule);border-radius:12px;margin:10px 0 16px;padding:4px 18px}
.identity div{display:grid;grid-template-columns:150px 1fr;gap:4px 20px;padding:8px 0;border-top:1px solid var(--rule)}
.identity div:first-child{border-top:0}
.identity dt{font-size:.9375rem}
.identity dd{overflow-wrap:anywhere;min-width:0}
code{font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
footer{padding-bottom:48px;font-size:.875rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:760px){main,footer{padding:0 16px}header{grid-template-columns:minmax(0,1fr);padding:36px 0 20px}.whole{white-space:nowrap}
.headline{text-align:left}
.charts,.pair{grid-template-columns:minmax(0,1fr)}.panel{padding:16px 12px 6px}.chart text{font-size:17px}
.identity div{grid-template-columns:minmax(0,1fr)}th,td{padding:7px 12px}.heat th,.heat td{min-width:42px;padding:0 6px}
.facts{grid-template-columns:repeat(2,minmax(0,1fr))}.facts div:last-child:nth-child(odd){grid-column:1/-1}.gallery{grid-template-columns:repeat(3,minmax(0,1fr));gap:10px}}
@media print{body{background:#fff}.panel,.gallery li,tr{break-inside:avoid}details{display:none}}
@media (forced-colors:active){.swatch,.part,.heat td,`;
