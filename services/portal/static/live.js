// What changes by itself is asked for again at each event; without a script one reloads the page.
"use strict";
for (const part of document.querySelectorAll("[data-events]")) {
  const stream = new EventSource(part.dataset.events);
  const refresh = () => {
    const now = document.querySelector("[data-events]");
    if (now) htmx.trigger(now, "news"); else stream.close();
  };
  for (const kind of ["state", "progress", "log", "end"]) stream.addEventListener(kind, refresh);
  stream.addEventListener("end", () => stream.close());
}
