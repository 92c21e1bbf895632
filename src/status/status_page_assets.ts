/** The status page's style sheet. */
export const PAGE_STYLE: string =
  `:root{color-scheme:light dark;--back:#f4f6f8;--card:#fff;--ink:#16202a;--soft:#5b6876;--line:#dfe5ea;--good:#0a7d43;--bad:#b3261e;--wait:#8a6100}
@media (prefers-color-scheme:dark){:root{--back:#10161c;--card:#1a232c;--ink:#e6edf3;--soft:#93a1b0;--line:#2b3742;--good:#4cc38a;--bad:#ff8a80;--wait:#e5b567}}
*{box-sizing:border-box}
body{margin:0;padding:2rem 1rem;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:80rem;margin:0 auto;padding:1.5rem;background:var(--card);border-radius:14px}
h1{margin:0 0 .25rem;font-size:1.5rem}
p{margin:0 0 1rem;color:var(--soft)}
p.fault{color:var(--bad)}
table{width:100%;border-collapse:collapse}
th{color:var(--soft);font-weight:500;text-align:left}
th,td{padding:.4rem .9rem .4rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
thead th{border-top:0}
td.mono{font-family:ui-monospace,monospace;font-size:.92em}
td small{display:block;color:var(--soft)}
.mapped{color:var(--good)}
.lost,.unusable,.failed{color:var(--bad)}
.opening{color:var(--wait)}
.note{color:var(--soft);font-size:.9em}
.note .bad{color:var(--bad)}
.note td{border-top:0;padding-top:0}
footer{margin-top:1rem;color:var(--soft);font-size:.85rem}
@media (max-width:50rem){thead{display:none}tr,td{display:block}td{border:0;padding:.1rem 0}tr{padding:.5rem 0;border-top:1px solid var(--line)}tr.note{border:0;padding-top:0}td[data-label]::before{content:attr(data-label) ": ";color:var(--soft);font-family:system-ui,sans-serif}}
`;

/**
 * The status page's script: fetches the page again after events, at most once a second, and every ten seconds for the
 * ages. It asks nobody but the page's own server; without it a `<noscript>` refresh does the work.
 */
export const PAGE_SCRIPT: string = `"use strict";
(() => {
  let timer, last = 0, busy = false;
  async function refresh() {
    timer = undefined;
    if (busy || document.hidden) return;
    busy = true;
    last = Date.now();
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (next) document.querySelector("main").replaceWith(next);
    } catch { /* the next one may work */ } finally { busy = false; }
  }
  const soon = () => { timer ??= setTimeout(refresh, Math.max(0, last + 1000 - Date.now())); };
  async function follow() {
    try {
      const answer = await fetch("events?clients=0", { cache: "no-store" });
      const reader = answer.ok && answer.body ? answer.body.getReader() : undefined;
      while (reader && !(await reader.read()).done) soon();
    } catch { /* tried again below */ }
    setTimeout(follow, 5000);
  }
  setInterval(soon, 10000);
  document.addEventListener("visibilitychange", soon);
  follow();
})();
`;
