// What htmx leaves to us: focus after a swap, rows that go, drafts that stay, and trouble told
// in words. Every page works without this file.
"use strict";

(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const shown = (element) => Boolean(element && element.getClientRects().length);
  const rowOf = (action) => action && document.getElementById(`row-${action}`);

  // A row opens beside the list where there is room; else, and with Enter or a modifier, it is
  // the link that it is.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".row .what");
    const plain = event.detail > 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (link && plain && shown(find("#detail"))) {
      event.preventDefault();
      htmx.trigger(link, "choose");
    }
  });

  // What would be swapped into a place that nobody sees goes the plain way.
  const plainly = (form) => form instanceof HTMLFormElement && form.submit();
  // The server says which action was decided: its row leaves the list, if there is one.
  document.addEventListener("decided", ({ detail }) =>
    document.getElementById(`row-${detail.id}`)?.remove(),
  );
  document.addEventListener("htmx:targetError", (event) => plainly(event.target));
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, target } = event.detail;
    if (target?.id === "detail" && !shown(target) && elt instanceof HTMLFormElement) {
      event.preventDefault();
      plainly(elt);
    }
  });

  all("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "fresh" && document.hidden) event.preventDefault();
  });

  // Drafts: what was typed about an action stands there again when one comes back to it.
  const drafts = new Map();
  const fields = (detail) => all("textarea[id]", detail);
  const key = (detail, field) => `${detail.dataset.action} ${field.id}`;
  const keep = (detail) =>
    fields(detail).forEach((field) => drafts.set(key(detail, field), field.value));
  const restore = (detail) =>
    fields(detail).forEach((field) => (field.value ||= drafts.get(key(detail, field)) ?? ""));

  let leaving = null;
  let lastFresh = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    const text = detail.xhr.responseText;
    if (!detail.shouldSwap) return;
    if (text.includes('name="password"')) {
      detail.shouldSwap = false;
      tell("out");
    } else if (detail.target.id === "fresh") {
      detail.shouldSwap = text.trim() !== lastFresh;
      lastFresh = text.trim();
    } else if (detail.target.id === "detail") {
      leaving = detail.target;
      if (leaving.dataset.action) keep(leaving);
      if (!text.includes('id="detail"')) {
        detail.shouldSwap = false;
        location.assign(detail.xhr.responseURL);
      }
    }
  });

  // A refused post is no place to come back to.
  document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
    const here = { type: "replace", path: location.pathname + location.search };
    if (detail.xhr.status >= 400) Object.assign(detail.history, here);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "detail") arrive(event.target, event.detail);
    if (event.target.id === "rows") {
      lastFresh = "";
      mark(find("#detail")?.dataset.action);
      if (document.activeElement === document.body) find(".what", event.target)?.focus();
    }
    if (event.target.id === "form-fields") stayBy(event.detail.requestConfig.elt);
    passToasts();
  });

  // The button that added or took out an item is a new one now; focus stays where it was.
  function stayBy({ name, value }) {
    const same = document.getElementsByName(name);
    const button = [...same].find((each) => each.value === value) ?? find('[name="add"]');
    button.focus();
  }

  function arrive(article, { xhr, requestConfig }) {
    const { path, verb, elt } = requestConfig;
    const decided = verb === "post" && xhr.status < 300;
    if (decided && path.includes("/decide")) forget(leaving.dataset.action);
    if (decided && path.includes("/undo") && !rowOf(article.dataset.action)) reloadRows();
    restore(article);
    mark(article.dataset.action);
    const zone = article.closest(".inbox > .detail");
    if (zone) zone.scrollTop = 0;
    else scrollTo(0, 0);
    if (elt.matches(".what")) return;
    const row = rowOf(article.dataset.action);
    lookAt(
      find("[data-focus]", article) ?? (row ? find(".what", row) : find("#sentence", article)),
    );
  }

  // The browser shuts a refused form: while both stand in the page, the old one is the open one.
  function lookAt(element) {
    const form = element.closest("details.drop");
    if (form) form.open = true;
    element.focus();
  }

  // The server has taken the row out; its drafts and a heading without rows go after it.
  function forget(action) {
    for (const name of [...drafts.keys()]) if (name.startsWith(action)) drafts.delete(name);
    for (const list of all("#rows ol"))
      if (!list.children.length) {
        list.previousElementSibling.remove();
        list.remove();
      }
  }

  function reloadRows() {
    const view = find("#tiers [aria-current]");
    if (view) htmx.ajax("GET", view.href, { target: "#rows", swap: "outerHTML" });
  }

  function mark(action) {
    all(".row .what[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
    const row = rowOf(action);
    if (!row) return;
    row.classList.replace("new", "seen");
    find(".what", row).setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  }

  // Trouble: said in place, taken back when the server answers.
  const trouble = find("#trouble");
  function tell(what) {
    find("p", trouble).textContent = trouble.dataset[what] ?? trouble.dataset.failed;
    trouble.dataset.what = what;
    trouble.hidden = false;
  }
  for (const name of ["htmx:sendError", "htmx:timeout"])
    document.addEventListener(name, () => tell("gone"));
  document.addEventListener("htmx:responseError", ({ detail }) => {
    if (detail.elt.id !== "fresh") tell(String(detail.xhr.status));
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.successful && trouble.dataset.what === "gone") trouble.hidden = true;
  });

  // A toast goes after ten seconds, not while it is under the mouse or has the focus.
  function passToasts() {
    all("[data-passes]").forEach((toast) => {
      toast.removeAttribute("data-passes");
      const leave = () => (toast.matches(":hover, :focus-within") ? later() : toast.remove());
      const later = () => setTimeout(leave, 10_000);
      later();
    });
  }

  document.addEventListener("click", (event) => {
    all("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    const closing = event.target.closest("[data-close]");
    if (!closing) return;
    const pop = closing.closest("details");
    if (pop) {
      event.preventDefault();
      pop.open = false;
      find("summary", pop).focus();
    } else {
      trouble.hidden = true;
    }
  });

  find("[data-focus]")?.focus();
  passToasts();
})();
