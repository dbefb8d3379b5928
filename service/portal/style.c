// style - the one style sheet: system fonts, light and dark, tables that become cards on a phone.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "portal/visit.h"

// One rule or so each: compilers need not take longer literals than 4 KB.
// clang-format off
static const char *const style[] = {
  (":root{--bg:#f6f7f9;--card:#fff;--text:#1c2530;--soft:#566372;--line:#d9dee5;--main:#0b5cad;--main-text:#fff;"
   "--good:#146c3a;--good-bg:#e2f4e9;--bad:#a61b29;--bad-bg:#fdeaec;--busy:#7a4b00;--busy-bg:#fdf1da;--off:#4d5966;"
   "--off-bg:#e9edf1;color-scheme:light dark}\n"),
  ("@media(prefers-color-scheme:dark){:root{--bg:#12171d;--card:#1b222a;--text:#e6ebf0;--soft:#a3b0bd;--line:#323c47;"
   "--main:#78b8f5;--main-text:#0b1722;--good:#7fd6a0;--good-bg:#163323;--bad:#ff9aa4;--bad-bg:#40191e;--busy:#f3c474;"
   "--busy-bg:#3b2c10;--off:#b4bfca;--off-bg:#2a333d}}\n"),
  "*{box-sizing:border-box}\n",
  ("body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,"
   "'Noto Sans','Liberation Sans',sans-serif;overflow-wrap:anywhere}\n"),
  "header{background:var(--card);border-bottom:1px solid var(--line)}\n",
  ".bar,nav ul,main{max-width:60rem;margin:0 auto;padding:0 1rem}\n",
  ".bar{display:flex;align-items:center;justify-content:space-between;gap:1rem;min-height:3.5rem}\n",
  ".brand{font-weight:700;font-size:1.15rem;color:var(--text);text-decoration:none}\n",
  ".out{display:flex;align-items:center;gap:.75rem;color:var(--soft);font-size:.9rem;min-width:0}\n",
  ".out span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}\n",
  "nav{overflow-x:auto}\n",
  "nav ul{display:flex;gap:.25rem;list-style:none}\n",
  ("nav a{display:block;padding:.6rem .8rem;color:var(--soft);text-decoration:none;white-space:nowrap;"
   "border-bottom:3px solid transparent}\n"),
  "nav li:first-child a{margin-left:-.8rem}\n",
  "nav a:hover{color:var(--text)}\n",
  "nav a[aria-current]{color:var(--text);border-color:var(--main);font-weight:600}\n",
  "main{padding:1.5rem 1rem 4rem}\n",
  "main.narrow{max-width:28rem;padding-top:8vh}\n",
  "h1{font-size:1.6rem;line-height:1.25;margin:.25rem 0 1rem}\n",
  "h2{font-size:1.15rem;margin:0 0 .25rem}\n",
  "section{margin-top:2.5rem}section h2{margin-bottom:.5rem}\n",
  "a{color:var(--main)}\n",
  ("a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,summary:focus-visible{"
   "outline:3px solid var(--main);outline-offset:2px;border-radius:.3rem}\n"),
  ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem 1rem}\n",
  ".card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1.25rem;margin:1rem 0}\n",
  "form.card{max-width:40rem}\n",
  (".cards{list-style:none;margin:0;padding:0;display:grid;gap:1rem;"
   "grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr))}\n"),
  ".cards .card{margin:0}\n",
  ".sub,.hint,small,.none{color:var(--soft)}.sub{margin:0 0 .75rem}\n",
  ".hint,small{font-size:.875rem}small{display:block}\n",
  "dl{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1.25rem;margin:.75rem 0}\n",
  "dt{color:var(--soft)}dd{margin:0}\n",
  "label{display:block;font-weight:600;margin:.9rem 0 .3rem}form.card>label:first-child{margin-top:0}\n",
  ("input:not([type=checkbox]):not([type=hidden]),select{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;"
   "background:var(--bg);border:1px solid var(--soft);border-radius:.4rem}\n"),
  "input.code{font:600 1.5rem/1.4 ui-monospace,monospace;letter-spacing:.12em;text-transform:uppercase;max-width:16rem;display:block;margin-bottom:1rem}\n",
  "input.code::placeholder{color:var(--soft);opacity:.5}\n",
  ("button,.button{display:inline-block;margin-top:1.1rem;padding:.65rem 1.2rem;font:inherit;font-weight:600;"
   "color:var(--main-text);background:var(--main);border:1px solid var(--main);border-radius:.4rem;cursor:pointer;"
   "text-decoration:none}\n"),
  "button:hover,.button:hover{filter:brightness(1.1)}\n",
  "button.small{margin:0;padding:.3rem .7rem;font-size:.9rem}\n",
  ("button.plain{margin:0;padding:.3rem .7rem;background:none;color:var(--text);border-color:var(--line);"
   "font-weight:400;white-space:nowrap}\n"),
  ".act input.pin[type=password]{width:6rem;padding:.3rem .5rem;margin-right:.5rem}\n",
  "button.danger{background:none;color:var(--bad);border-color:var(--bad)}\n",
  ".buttons{display:flex;gap:1rem;flex-wrap:wrap}.buttons button{min-width:8rem}\n",
  (".state{display:inline-block;padding:.05rem .6rem;border-radius:1rem;font-size:.9rem;font-weight:600;"
   "color:var(--off);background:var(--off-bg)}\n"),
  ".state.good{color:var(--good);background:var(--good-bg)}.state.bad{color:var(--bad);background:var(--bad-bg)}\n",
  ".state.busy{color:var(--busy);background:var(--busy-bg)}\n",
  ".note{padding:.8rem 1rem;border-radius:.5rem;border-left:4px solid}\n",
  ".note.good{color:var(--good);background:var(--good-bg)}.note.bad{color:var(--bad);background:var(--bad-bg)}\n",
  ".note p{margin:.25rem 0}.note+.sub{margin-top:1rem}\n",
  ".shown{font:700 1.5rem/1.3 ui-monospace,monospace;letter-spacing:.1em;color:var(--text)}\n",
  "code.shown{font-size:1.15rem;letter-spacing:0;user-select:all}\n",
  (".compare{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.25rem;padding:1rem 1.25rem;"
   "background:var(--busy-bg);color:var(--busy);border-radius:.6rem}\n"),
  ".compare .shown{font-size:1.9rem;white-space:nowrap}.compare span:last-child{flex:1 1 16rem}\n",
  "fieldset{border:0;margin:0;padding:0}legend{font-weight:700;font-size:1.1rem;padding:0}\n",
  ".picks{list-style:none;margin:0;padding:0}\n",
  ".picks li+li{border-top:1px solid var(--line)}\n",
  ".pick{display:flex;gap:.8rem;align-items:flex-start;margin:0;padding:.7rem 0;font-weight:400;cursor:pointer}\n",
  ".pick input{width:1.3rem;height:1.3rem;margin:.15rem 0 0;flex:none;accent-color:var(--main)}\n",
  ".adopt{display:block;margin:0 0 .9rem 2.1rem;font-weight:400}.adopt select,.adopt input{margin-top:.3rem}\n",
  "table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);border-radius:.6rem}\n",
  "table:not(:has(tbody tr)){display:none}\n",
  "th,td{overflow-wrap:break-word}tbody th{overflow-wrap:anywhere;min-width:9rem}.state,button,time,.none{white-space:nowrap}\n",
  "th,td{padding:.6rem .8rem;text-align:left;vertical-align:top;font-weight:400;border-top:1px solid var(--line)}\n",
  "thead th,thead td{border-top:0;color:var(--soft);font-size:.875rem}\n",
  "tbody th{font-weight:600}.num{color:var(--soft);font-weight:400}\n",
  ".act{text-align:right}.line{display:flex;gap:.5rem;align-items:center}.line select{padding:.3rem .5rem;width:auto}\n",
  ".empty{padding:2rem 1.5rem;text-align:center;color:var(--soft);border:1px dashed var(--line);border-radius:.6rem}\n",
  "code{font-family:ui-monospace,monospace;font-size:.92em}\n",
  "details{margin-top:.5rem}summary{color:var(--soft);cursor:pointer;font-size:.9rem;width:max-content}\n",
  ("@media(max-width:44rem){thead{display:none}tr{display:block;padding:.7rem 0;border-top:1px solid var(--line)}"
   "tbody tr:first-child{border-top:0}th,td{display:block;border:0;padding:.15rem 1rem}"
   "td[data-label]{display:grid;grid-template-columns:6.5rem 1fr}td[data-label]::before{content:attr(data-label);"
   "color:var(--soft)}td[data-label]>*{grid-column:2;justify-self:start}.act{text-align:left;padding-top:.5rem}"
   ".buttons button{flex:1}.out span{display:none}}\n"),
};
// clang-format on

void
pb_style_get(pb_visit_t *visit)
{
  visit->call->status       = 200;
  visit->call->content_type = "text/css; charset=utf-8";
  for (size_t i = 0; i < sizeof(style) / sizeof(style[0]); i++)
    if (!pb_buffer_append_text(&visit->call->reply, style[i], /*err*/ NULL))
      visit->html.is_failed = true;
}
