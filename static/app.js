// What htmx leaves to us: focus after a swap, rows that go, what is fetched ahead, and trouble told
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
      choose(link);
    }
  });

  function choose(link) {
    if (!showAhead(link)) htmx.trigger(link, "choose");
  }

  // The detail of the row that comes next is fetched ahead, and shown at once when it is chosen.
  // A decision on one that changed meanwhile is refused, so being a little old does no harm.
  const AHEAD = 10_000; // ms for which it may be shown
  const ahead = new Map();

  async function fetchAhead(link) {
    const known = link && ahead.get(link.href);
    if (!link || isFresh(known)) return;
    const entry = { html: "", at: performance.now() };
    ahead.set(link.href, entry);
    const headers = { "HX-Request": "true", "X-Prefetch": "1" };
    const answer = await fetch(link.href, { headers }).catch(() => null);
    if (answer?.ok && !answer.redirected) entry.html = await answer.text();
    else ahead.delete(link.href);
  }

  const isFresh = (entry) => entry && performance.now() - entry.at < AHEAD;

  function showAhead(link) {
    const entry = ahead.get(link.href);
    ahead.delete(link.href);
    const target = find("#detail");
    if (!isFresh(entry) || !entry.html || !shown(target)) return false;
    htmx.trigger("#rows", "htmx:abort");
    leaving = target;
    history.pushState({ htmx: true }, "", link.href);
    const requestConfig = { path: link.href, verb: "get", elt: link };
    const eventInfo = { xhr: { status: 200 }, requestConfig, target };
    htmx.swap(target, entry.html, { swapStyle: "outerHTML" }, { eventInfo });
    oncePainted(() => sayHere(find("#detail").dataset.action));
    return true;
  }

  // What can wait until the reader sees the page: it would only hold the page up.
  const oncePainted = (act) => requestAnimationFrame(() => setTimeout(act));

  function sayHere(action) {
    const token = find('[name="csrfmiddlewaretoken"]').value;
    const headers = { "X-CSRFToken": token };
    fetch(`/actions/${action}/here`, { method: "POST", headers }).catch(() => null);
  }

  // The row beside this one: in the direction in which the reader goes, or the one that comes next.
  function beyond(article, next = false) {
    const links = all(".row .what");
    const at = (action) => links.findIndex((link) => link.closest(".row") === rowOf(action));
    const here = at(article.dataset.action);
    const back = !next && at(leaving?.dataset.action) > here;
    return here < 0 ? undefined : links[here + (back ? -1 : 1)];
  }

  // What is heard of one action makes what was fetched of it old.
  document.addEventListener("changed", ({ detail }) => forgetAhead(detail.id));
  function forgetAhead(action) {
    for (const address of [...ahead.keys()]) if (address.includes(action)) ahead.delete(address);
  }

  // The keys choose a row too. They hear whether it is there already.
  document.addEventListener("show-ahead", (event) => {
    if (showAhead(event.target)) event.preventDefault();
  });

  // What would be swapped into a place that nobody sees goes the plain way.
  const plainly = (form) => form instanceof HTMLFormElement && form.submit();
  // The server says which action was decided: its row leaves the list, if there is one.
  // Where it names the one that comes next, that one's detail was fetched ahead.
  document.addEventListener("decided", ({ detail }) => {
    const next = detail.next && rowOf(detail.next);
    rowOf(detail.id)?.remove();
    forgetAhead(detail.id);
    dropEmptyLists();
    tellChosen();
    if (next) setTimeout(() => goOn(find(".what", next)));
  });
  function goOn(link) {
    link.focus();
    choose(link);
  }

  // A verdict says which detail is at hand: the server then does not make it once more.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const link = detail.path.includes("/decide") && beyond(find("#detail"), true);
    if (link && isFresh(ahead.get(link.href)) && ahead.get(link.href).html)
      detail.headers["X-Ahead"] = link.closest(".row").id.slice("row-".length);
  });

  // Chosen rows stay chosen when the list is made anew; how many they are stands on the button.
  const chosen = new Set();
  document.addEventListener("change", ({ target }) => {
    if (!target.matches(".choose input")) return;
    if (target.checked) chosen.add(target.value);
    else chosen.delete(target.value);
    tellChosen();
  });
  function tellChosen() {
    const form = find("#chosen");
    if (!form) return;
    all(".choose input").forEach((box) => (box.checked ||= chosen.has(box.value)));
    const count = all(".choose input:checked").length;
    find("[data-chosen]", form).textContent = count ? `Look at ${count} chosen` : "Choose rows";
    form.hidden = count === 0;
  }
  document.addEventListener(
    "submit",
    (event) => {
      const target = event.target.getAttribute("hx-target");
      if (target && !find(target)) event.stopImmediatePropagation();
    },
    true,
  );
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

  // What is to be pasted elsewhere. Browsers let pages copy only over https and on this machine.
  if (navigator.clipboard) all("[data-copy]").forEach((button) => (button.hidden = false));
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    const source = find("pre, input", button.parentElement);
    const copied = await navigator.clipboard.writeText(source.value ?? source.textContent).then(
      () => true,
      () => false,
    );
    find("[aria-live]", button).textContent = copied ? "Copied" : "Not copied";
  });

  // One box for all of a table: it says whether all are chosen, and chooses all or none.
  all("[data-all]").forEach((box) => {
    const boxes = all(`input[name="${box.dataset.all}"]`, box.form);
    const tellAll = () => {
      const count = boxes.filter((each) => each.checked).length;
      box.checked = count === boxes.length;
      box.indeterminate = count > 0 && count < boxes.length;
    };
    box.addEventListener("change", () => boxes.forEach((each) => (each.checked = box.checked)));
    boxes.forEach((each) => each.addEventListener("change", tellAll));
    box.hidden = boxes.length < 2;
    tellAll();
  });

  // What a page asks for while it stands: nobody waits for the answer, and nobody misses it.
  const asksByItself = ({ detail }) => ["fresh", "n-notices"].includes(detail.elt.id);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (asksByItself(event) && document.hidden) event.preventDefault();
  });

  // Where the next detail is at hand, the answer to a verdict brings only the toast.
  const swaps = (xhr) => xhr.getResponseHeader?.("HX-Reswap") !== "none";

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
      if (swaps(detail.xhr) && !text.includes('id="detail"')) {
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
    if (event.target.id === "detail" && swaps(event.detail.xhr)) arrive(event.target, event.detail);
    if (event.target.id === "rows") {
      lastFresh = "";
      mark(find("#detail")?.dataset.action);
      if (document.activeElement === document.body)
        (find(".what[aria-current]", event.target) ?? event.target).focus();
      tellChosen();
    }
    if (event.target.id === "form-fields") stayBy(event.detail.requestConfig.elt);
    passToasts();
  });

  document.addEventListener("htmx:oobAfterSwap", passToasts);

  // The button that added or took out an item is a new one now; focus stays where it was.
  function stayBy({ name, value }) {
    const same = document.getElementsByName(name);
    const button = [...same].find((each) => each.value === value) ?? find('[name="add"]');
    button.focus();
  }

  function arrive(article, { xhr, requestConfig }) {
    const { verb, elt } = requestConfig;
    const decided = verb === "post" && xhr.status < 300;
    if (decided && !rowOf(article.dataset.action)) reloadRows();
    mark(article.dataset.action);
    if (shown(find("#rows"))) oncePainted(() => fetchAhead(beyond(article)));
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

  // The server has taken the row out; a heading without rows goes after it.
  function dropEmptyLists() {
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
    document.addEventListener(name, (event) => asksByItself(event) || tell("gone"));
  document.addEventListener("htmx:responseError", (event) => {
    if (!asksByItself(event)) tell(String(event.detail.xhr.status));
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
  tellChosen();
  passToasts();
})();
