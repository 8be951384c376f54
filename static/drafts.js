// What somebody typed stays in this window, through a reload or a lost session, until it is decided
// or they sign out. It is kept under their id: nobody else in this window gets it.
"use strict";

(() => {
  const { person } = document.body.dataset;
  if (!person) return;
  const OWN = `draft ${person} `;
  const SENT = `sent ${person}`;
  const TYPED = "textarea, input:not([type=hidden], [type=radio], [type=checkbox], [type=submit])";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const keys = (start) => Object.keys(sessionStorage).filter((key) => key.startsWith(start));
  const drop = (found) => found.forEach((key) => sessionStorage.removeItem(key));

  // An action's page, or the form in which it is edited: there it is bound to the revision.
  const HOMES = "#detail[data-action], #edit-form";
  const about = (home) =>
    home.dataset.action ?? `${location.pathname} ${home.elements.revision?.value}`;
  const key = (home, field) => `${OWN}${about(home)} ${field.id || field.name}`;

  document.addEventListener("input", ({ target }) => {
    const home = target.closest(HOMES);
    if (home && target.matches(TYPED)) sessionStorage.setItem(key(home, target), target.value);
  });

  function restore() {
    for (const home of all(HOMES))
      for (const field of all(TYPED, home))
        if (field !== document.activeElement)
          field.value = sessionStorage.getItem(key(home, field)) ?? field.value;
  }

  const forget = (name) => drop(keys(`${OWN}${name} `));
  document.addEventListener("decided", ({ detail }) => forget(detail.id));

  // Without htmx the next page shows whether it was taken: it is about something else.
  document.addEventListener("submit", ({ target }) => {
    if (target.action.endsWith("/logout/")) return drop([...keys(OWN), SENT]);
    const home = target.closest(HOMES);
    if (home) sessionStorage.setItem(SENT, about(home));
  });
  const sent = sessionStorage.getItem(SENT);
  if (sent && !all(HOMES).some((home) => about(home) === sent)) forget(sent);
  drop([SENT, ...keys("draft ").filter((key) => !key.startsWith(OWN))]);

  document.addEventListener("htmx:afterSwap", ({ target }) => target.id === "detail" && restore());
  restore();
})();
