// Keeps style, scripts and the page for times without a connection; never a page about anybody.
"use strict";
const KEPT = "kinerja-1";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));

self.addEventListener("message", event => {
  // A page says what it needs to be shown without a connection; what was kept before goes.
  event.waitUntil((async () => {
    const kept = await caches.open(KEPT);
    const wanted = event.data.keep.map(address => new URL(address, self.location.origin).href);
    await kept.addAll(wanted);
    for (const request of await kept.keys())
      if (request.url.includes("/static/") && !wanted.includes(request.url)) await kept.delete(request);
  })());
});

self.addEventListener("fetch", event => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(request).then(found => found || fetch(request)));
  } else if (request.mode === "navigate" && url.pathname.startsWith("/i/")) {
    const offline = url.pathname.split("/").slice(0, 3).join("/") + "/luring";
    event.respondWith(fetch(request).catch(async error => {
      const found = await caches.match(offline);
      if (found) return found;
      throw error;
    }));
  }
});
