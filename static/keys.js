// The keys, all of them in one table: it is what they do and what `?` shows.
"use strict";

(() => {
  const REST = 600; // ms that a detail has to be on screen before a verdict key counts
  const PAUSE = 150; // ms without j or k before a detail is loaded, for one who rushes
  const SECOND = 1000; // ms to press the second key of a pair

  const KEYS = [
    { keys: ["j"], words: "next action", short: "next", run: () => step(1), when: rows },
    { keys: ["k"], words: "previous action", short: "previous", run: () => step(-1), when: rows },
    { keys: ["Enter"], words: "open on its own page", short: "open", when: rows },
    { keys: [" "], words: "choose it, or take it out", run: pick, when: boxes },
    { keys: ["J"], words: "choose on to the next", run: () => extend(1), when: rows },
    { keys: ["K"], words: "choose back to the previous", run: () => extend(-1), when: rows },
    { keys: ["s"], words: "look at the chosen ones" },
    { keys: ["n"], words: "the next one to look at closely" },
    { keys: ["o"], words: "back to the list" },
    { keys: ["a"], words: "approve, or answer", short: "approve" },
    { keys: ["e"], words: "edit and approve", short: "edit" },
    { keys: ["r"], words: "reject", short: "reject" },
    { keys: ["1", "2", "3", "4", "5"], words: "then: the reason; Enter sends" },
    { keys: ["c"], words: "ask for changes", short: "changes" },
    { keys: ["x"], words: "escalate", short: "escalate" },
    { keys: ["h"], words: "hand over" },
    { keys: ["t"], words: "take it: others see that you have it" },
    { keys: ["u"], words: "undo", short: "undo" },
    { keys: ["/"], words: "search" },
    { keys: ["g", "i"], words: "to the inbox", pair: true },
    { keys: ["g", "o"], words: "to ownership", pair: true },
    { keys: ["g", "r"], words: "to the record", pair: true },
    { keys: ["?"], words: "these keys", run: help, when: () => true },
    { keys: ["Esc"], words: "close what is open, keep its text", when: forms },
    { keys: ["Ctrl+Enter"], words: "send the open form", when: forms },
  ];

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const visible = (selector, within) =>
    all(selector, within).find((element) => element.getClientRects().length);
  const openPop = () => visible("details.drop[open], details.menu[open]");
  const named = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const exists = (row) => {
    if (row.when) return Boolean(row.when());
    return row.pair ? visible(`[data-go="${row.keys[1]}"]`) : row.keys.some(named);
  };
  const typing = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=radio], [type=checkbox])");

  const off = document.body.dataset.keys === "off";
  let since = performance.now();
  let first = { key: "", at: 0 };
  let timer = 0;

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "detail") since = performance.now();
  });

  document.addEventListener("keydown", (event) => {
    if (event.repeat || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
    if (off || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === " " && event.target.matches("button, summary, input")) return;
    if (handle(event.key)) event.preventDefault();
  });

  function handle(key) {
    const pair = first.key === "g" && performance.now() - first.at < SECOND;
    first = { key, at: performance.now() };
    const row = KEYS.find((row) =>
      pair && !openPop() ? row.pair && row.keys[1] === key : !row.pair && row.keys.includes(key),
    );
    if (!row) return false;
    if (row.pair) return press(visible(`[data-go="${key}"]`));
    if (row.run) return !openPop() && row.run() !== false;
    return press(visible(`[data-key="${CSS.escape(key)}"]`, openPop()?.querySelector(".pop")));
  }

  function press(element) {
    const fresh = performance.now() - since < REST;
    if (!element || (fresh && element.closest("#detail, #selection"))) return false;
    if (element.matches("input:not([type=radio])")) element.select();
    else element.click();
    if (element.matches("summary")) firstField(element.parentElement)?.focus();
    if (element.matches("[type=radio]")) element.focus();
    return true;
  }

  function firstField(details) {
    return visible("input:not([type=hidden]), select, textarea", details);
  }

  function close() {
    const open = openPop();
    if (!open) return document.activeElement.blur();
    open.open = false;
    open.querySelector("summary").focus();
  }

  // Ctrl+Enter sends the form one is in; on the edit page it approves from anywhere.
  function send(event) {
    const main = visible('[data-key="Ctrl+Enter"]');
    const pop = openPop();
    const form = event.target.closest("details.drop form") ?? pop?.querySelector("form") ?? pop;
    const button = main ?? (form && visible("button[type=submit]", form));
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  function rows() {
    return visible(".row .what");
  }

  function boxes() {
    return visible(".choose input, .pick-cell input");
  }

  function forms() {
    return document.querySelector("details.drop, [data-key='Ctrl+Enter']");
  }

  // The row that has the focus, else the one whose detail is shown.
  function here() {
    const row = document.activeElement.closest(".row, tr");
    return row ?? document.querySelector(".row:has([aria-current])");
  }

  function pick() {
    const box = here()?.querySelector(".choose input, .pick-cell input");
    if (!box) return false;
    box.click();
  }

  function extend(by) {
    const box = here()?.querySelector(".choose input");
    if (box && !box.checked) box.click();
    step(by);
    const next = here()?.querySelector(".choose input");
    if (next && !next.checked) next.click();
  }

  let stepped = 0;
  function step(by) {
    const links = all(".row .what, .list-more a");
    const focused = links.indexOf(document.activeElement);
    const from = focused >= 0 ? focused : links.findIndex((link) => link.ariaCurrent);
    const next = links[from < 0 ? 0 : Math.min(Math.max(from + by, 0), links.length - 1)];
    if (!next) return;
    next.focus();
    clearTimeout(timer);
    if (!next.matches(".what") || !visible("#detail")) return;
    const rushing = performance.now() - stepped < PAUSE;
    stepped = performance.now();
    const ahead = new CustomEvent("show-ahead", { bubbles: true, cancelable: true });
    if (!next.dispatchEvent(ahead)) return;
    timer = setTimeout(() => htmx.trigger(next, "choose"), rushing ? PAUSE : 0);
  }

  function make(name, text = "", ...children) {
    const element = document.createElement(name);
    element.append(text, ...children);
    return element;
  }

  const caps = (row) =>
    row.keys.flatMap((key) => [make("kbd", { " ": "Space" }[key] ?? key), " "]);

  function help() {
    const dialog = make("dialog");
    const title = make("h2", "Keys");
    title.id = "keys-title";
    dialog.setAttribute("aria-labelledby", title.id);
    const list = make("div");
    list.className = "in keymap small";
    const rows = KEYS.filter(exists);
    for (let start = 0; start < rows.length; start += 6) {
      const column = make("dl");
      column.className = "kv";
      for (const row of rows.slice(start, start + 6))
        column.append(make("dt", "", ...caps(row)), make("dd", row.words));
      list.append(column);
    }
    const note = make("span", off ? "switched off in your settings" : "off while you type");
    note.className = "small dim";
    const done = make("button", "Close");
    done.className = "btn sm";
    done.addEventListener("click", () => dialog.close());
    const card = make("div", "", make("header", "", title, note, done), list);
    card.className = "card";
    dialog.append(card);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  const button = document.querySelector('button[data-key="?"]');
  if (button) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
  const foot = document.querySelector("[data-keys-foot]");
  if (foot && !off) {
    foot.append(...KEYS.filter((row) => row.short).map((row) => make("span", "", ...caps(row), row.short)));
    foot.hidden = false;
  }
})();
