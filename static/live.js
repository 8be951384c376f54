// What happens while a page stands: new work, what others do with its rows, and whether the server
// is within reach. An event stream tells it; where there is none, it is asked for.
"use strict";

(() => {
  const ASK = 5_000; // ms between two looks whether all is well
  const SILENCE = 40_000; // ms without a word of a stream that gives one every 15 s
  const AGAIN = 60_000; // ms after which a refused stream is tried again
  const HERE = 25_000; // ms between two signs that one still has the action open
  const IDLE = 300_000; // ms without a hand on mouse or keys: nobody is here

  if (!document.body.dataset.person) return;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fresh = () => find("#fresh");
  const detail = () => find("#detail[data-action]");
  const query = () => fresh()?.getAttribute("hx-get").split("?")[1] ?? "";
  const onScreen = () => {
    const ids = all("#rows .row[id]").map((row) => row.id.slice("row-".length));
    return [...new Set([detail()?.dataset.action, ...ids])].filter(Boolean).slice(0, 100);
  };
  const address = (path) => `${path}?${query()}&rows=${onScreen().join()}`;

  // The stream. While it is open, the page does not ask by itself.
  let source = null;
  let asked = { query: "", rows: [] };
  let told = "";
  let heardAt = 0;
  let triedAt = 0;
  const streaming = () => source?.readyState === EventSource.OPEN;

  function listen() {
    hush();
    if (!fresh() || document.hidden || !window.EventSource) return;
    if (asked.query !== query()) told = "";
    asked = { query: query(), rows: onScreen() };
    triedAt = performance.now();
    source = new EventSource(address("/live/inbox"));
    on("open", () => away && check());
    on("here");
    on("fresh", showFresh);
    on("elsewhere", (data) => apply(JSON.parse(data)));
    on("out", () => (hush(), htmx.trigger(fresh(), "ask")));
    source.addEventListener("error", check);
  }

  function on(name, act) {
    source.addEventListener(name, ({ data }) => {
      heardAt = performance.now();
      act?.(data);
    });
  }

  function hush() {
    source?.close();
    source = null;
  }

  function showFresh(html) {
    if (html === told || !fresh()) return;
    told = html;
    htmx.swap(fresh(), html, { swapStyle: "innerHTML" });
  }

  const polls = ({ detail }) => detail.elt.id === "fresh";
  const bell = ({ detail }) => detail.elt.id === "n-notices";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ((polls(event) || bell(event)) && streaming()) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!polls(event)) return;
    if (event.detail.successful) check();
    else if (!event.detail.xhr.status || event.detail.xhr.status >= 500) leave("gone");
  });
  document.addEventListener("htmx:afterSettle", () => {
    const open = detail()?.dataset.action;
    const known = asked.query === query() && (!open || asked.rows.includes(open));
    if (source && !known) listen();
  });

  setInterval(() => {
    if (document.hidden) return;
    if (away) check();
    else if (streaming() && performance.now() - heardAt > SILENCE) listen();
    else if (!source || source.readyState === EventSource.CLOSED)
      if (performance.now() - triedAt > AGAIN) listen();
  }, ASK);

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return hush();
    listen();
    check();
  });

  // What others do with the rows on the screen. Nothing moves, and nothing typed is touched.
  let checking = false;
  async function check() {
    if (checking) return;
    checking = true;
    try {
      const answer = await fetch(address("/inbox/elsewhere"), patiently());
      if (answer.status >= 500) throw new Error(answer.statusText);
      if (answer.ok && !answer.redirected) apply(await answer.json());
      comeBack();
    } catch {
      leave(navigator.onLine ? "gone" : "offline");
    } finally {
      checking = false;
    }
  }

  function patiently(options = {}) {
    const headers = { "HX-Request": "true", ...options.headers };
    return { ...options, headers, signal: AbortSignal.timeout(10_000) };
  }

  const heard = new Map();
  function hear(action, row) {
    const now = JSON.stringify(row);
    if (heard.has(action) && heard.get(action) !== now)
      document.dispatchEvent(new CustomEvent("changed", { detail: { id: action } }));
    heard.set(action, now);
  }

  function apply({ rows, open }) {
    const pending = !query().includes("state=");
    for (const [action, row] of Object.entries(rows)) {
      hear(action, row);
      const line = document.getElementById(`row-${action}`);
      if (!line) continue;
      if (pending) fade(line, row.word);
      nameReader(line, Object.values(open[action] ?? {})[0]);
    }
    const article = detail();
    const row = article && rows[article.dataset.action];
    if (!row || find(".htmx-request", article)) return;
    tellChange(article, row);
    tellReaders(article, open[article.dataset.action] ?? {});
  }

  function fade(line, word) {
    const due = find(":scope > .due", line) ?? line.appendChild(make("span", "due"));
    due.dataset.was ??= due.textContent;
    due.textContent = word ?? due.dataset.was;
    line.classList.toggle("gone", Boolean(word));
  }

  function nameReader(line, name) {
    const words = name && `${name} has it open`;
    const shown = find(".open", line);
    if (shown?.dataset.words === words) return;
    shown?.remove();
    if (!words) return;
    const mark = make("span", "av live", name.slice(0, 2));
    mark.setAttribute("aria-hidden", "true");
    const span = make("span", "open", mark, words);
    span.dataset.words = words;
    find(".by", line).after(span);
  }

  function tellChange(article, row) {
    const fields = find("form:has([name=policy_revision])", article)?.elements;
    const bound = fields && `${fields.revision.value} ${fields.policy_revision.value}`;
    let words = "";
    if (bound && row.note) words = row.note;
    else if (bound && row.bound !== bound)
      words = `This changed while you looked: it is revision ${row.bound.split(" ")[0]} now.`;
    const shown = find("#changed-elsewhere", article);
    if (!words) return shown?.remove();
    if (shown) find("b", shown).textContent = words;
    else addNote(article, "changed-elsewhere", words, true);
  }

  function tellReaders(article, readers) {
    for (const [person, name] of Object.entries(readers)) {
      const shown = document.getElementById(`open-${person}`);
      if (!shown) addNote(article, `open-${person}`, `${name} has this open`, false);
      else if (shown.dataset.left) find("b", shown).textContent = `${name} has this open`;
    }
    for (const note of all(".note[id^='open-']", article))
      if (!(note.id.slice("open-".length) in readers)) {
        const title = find("b", note);
        title.textContent = title.textContent.replace(/ has this open.*/, " had this open");
        note.dataset.left = "yes";
      }
  }

  function addNote(article, id, words, withLink) {
    const note = find("#live-note").content.firstElementChild.cloneNode(true);
    note.id = id;
    find("b", note).textContent = words;
    const link = find("a", note);
    if (withLink) link.href = `/actions/${article.dataset.action}/${location.search}`;
    else link.parentElement.remove();
    find("header", article).after(note);
    if (!withLink) return;
    link.setAttribute("hx-get", link.getAttribute("href"));
    htmx.process(note);
  }

  function make(name, css, ...children) {
    const element = document.createElement(name);
    element.className = css;
    element.append(...children);
    return element;
  }

  // A sign now and then that one has the action open: others see it, and it is checked meanwhile.
  let handAt = performance.now();
  for (const name of ["pointermove", "keydown", "touchstart", "wheel"])
    document.addEventListener(name, () => (handAt = performance.now()), { passive: true });
  setInterval(async () => {
    const action = detail()?.dataset.action;
    if (!action || document.hidden || away || performance.now() - handAt > IDLE) return;
    const headers = { "X-CSRFToken": find("[name=csrfmiddlewaretoken]").value };
    try {
      const options = patiently({ method: "POST", headers });
      const answer = await fetch(`/actions/${action}/here`, options);
      if (answer.ok && !answer.redirected) apply(await answer.json());
    } catch {
      check();
    }
  }, HERE);

  // Out of reach: reading goes on, deciding waits until it was checked that nothing changed.
  let away = "";
  const note = find("#away");
  function leave(why) {
    if (away) return;
    away = why;
    const since = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    find("b", note).textContent = `${note.dataset[why]} ${since}.`;
    note.hidden = false;
    switchDeciding();
  }

  function comeBack() {
    if (!away) return;
    away = "";
    note.hidden = true;
    switchDeciding();
    listen();
  }

  function switchDeciding() {
    document.body.toggleAttribute("data-away", Boolean(away));
    for (const button of all(".decide [type=submit]"))
      if (away) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
  }

  document.addEventListener(
    "submit",
    (event) => {
      if (!away) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      note.focus();
    },
    true,
  );
  addEventListener("offline", () => leave("offline"));
  addEventListener("online", check);
  if (!navigator.onLine) leave("offline");
  listen();
})();
