// Says politely that there is something new about the person, or about who reports to them; never touches what is typed.
"use strict";
(() => {
  const place = document.getElementById("kabar");
  const badge = document.getElementById("belum-dibaca");
  if (!place || !window.EventSource) return;
  let source = null, since = place.dataset.since, done = false;
  const later = (work, seconds) => setTimeout(work, (1 + Math.random()) * seconds * 1000);

  const show = () => {
    if (place.firstChild) return;
    place.append(document.getElementById("kabar-isi").content.cloneNode(true));
    const address = new URL(location.href);
    address.searchParams.delete("pesan");
    address.hash = "";
    place.querySelector("a").href = address;
  };

  const count = async () => {
    const answer = await fetch(place.dataset.count, { headers: { Accept: "application/json" }, redirect: "error" });
    const { text } = await answer.json();
    if (!badge || text === null) return;
    badge.textContent = text;
    badge.hidden = !text;
  };

  const close = () => {
    if (source) source.close();
    source = null;
  };

  const open = () => {
    if (source || done || document.hidden) return;
    source = new EventSource(`${place.dataset.live}?sejak=${since}`);
    source.addEventListener("baru", event => {
      since = event.lastEventId;
      show();
      later(() => count().catch(() => {}), 2); // the notice about it comes a little later
    });
    source.addEventListener("selesai", () => { done = true; close(); });
    source.addEventListener("error", () => {
      if (source && source.readyState === EventSource.CLOSED) { close(); later(open, 30); }
    });
  };

  document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
})();
