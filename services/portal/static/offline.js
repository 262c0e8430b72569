// Entries typed without a connection wait on the device and are sent, one by one, when there is one again.
"use strict";
(() => {
  const place = document.getElementById("waiting"); // where what waits is shown: Hari ini, and the page without a connection
  const form = document.getElementById("catat");
  const list = document.getElementById("waiting-list");
  const status = document.getElementById("waiting-status");
  const leave = document.getElementById("keluar");
  const nobody = document.getElementById("belum-masuk");
  const said = (place || leave || nobody || {}).dataset;
  if (!said || !window.indexedDB) return;
  const online = "send" in said; // the page came from the server, for somebody who is signed in

  const opened = new Promise((resolve, reject) => {
    const request = indexedDB.open("kinerja", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("entries", { keyPath: "id" });
      request.result.createObjectStore("person", { keyPath: "instansi" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const stored = async (store, mode, work) => {
    const action = (await opened).transaction(store, mode);
    const request = work(action.objectStore(store));
    return new Promise((resolve, reject) => {
      action.oncomplete = () => resolve(request.result);
      action.onerror = action.onabort = () => reject(action.error);
    });
  };
  const put = (store, value) => stored(store, "readwrite", each => each.put(value));
  const remove = id => stored("entries", "readwrite", each => each.delete(id));
  const me = async () => online ? said.person : (await stored("person", "readonly", each => each.get(said.instansi)))?.person;
  const waiting = async () => {
    const person = leave ? leave.dataset.person : await me();
    if (!person) return [];
    const all = await stored("entries", "readonly", each => each.getAll());
    return all.filter(each => each.instansi === said.instansi && each.person === person);
  };

  if (leave) leave.addEventListener("submit", async event => {
    if (leave.dataset.sure) return;
    event.preventDefault();
    const entries = await waiting().catch(() => []);
    if (entries.length && !confirm(leave.dataset.leave)) return;
    const gone = [...entries.map(each => remove(each.id)), stored("person", "readwrite", each => each.delete(said.instansi))];
    await Promise.all(gone).catch(() => {}); // a device that keeps nothing has nothing to forget
    leave.dataset.sure = "yes";
    leave.submit();
  });
  // Whoever comes next is not taken for whoever was here.
  if (nobody) stored("person", "readwrite", each => each.delete(said.instansi)).catch(() => {});
  if (!place || !form) return;

  // RFC 9562: 48 bits of milliseconds, the version, and random bits.
  const uuid7 = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    let now = Date.now();
    for (let index = 5; index >= 0; index--) { bytes[index] = now % 256; now = Math.floor(now / 256); }
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
  // ISO 8601 with this device's own offset: the day it was here counts, not that of Greenwich.
  const moment = () => {
    const now = new Date(), offset = -now.getTimezoneOffset(), two = number => String(Math.floor(Math.abs(number))).padStart(2, "0");
    const here = new Date(now.getTime() + offset * 60000).toISOString().slice(0, 19);
    return here + (offset < 0 ? "-" : "+") + two(offset / 60) + ":" + two(offset % 60);
  };

  const show = async (notes = {}) => {
    const entries = await waiting();
    place.hidden = entries.length === 0;
    list.replaceChildren(...entries.map(each => {
      const item = document.createElement("li"), text = document.createElement("span"), note = document.createElement("small");
      text.textContent = `${each.fields.description || "–"} (${each.fields.quantity}, ${each.fields.day})`;
      note.textContent = notes[each.id] || each.refused || said.waits;
      const drop = document.createElement("button");
      drop.type = "button"; drop.className = "second"; drop.textContent = said.drop;
      drop.setAttribute("aria-label", `${said.drop}: ${text.textContent}`);
      drop.addEventListener("click", async () => { await remove(each.id); await show(); });
      item.append(text, note, drop);
      return item;
    }));
  };

  // What is sent is written down first and stays as it is: sent again with the same id and content it is recorded once.
  const keep = async () => {
    const person = await me();
    if (!person) return null;
    const { csrf, id, ...fields } = Object.fromEntries(new FormData(form));
    const entry = { id: id || uuid7(), instansi: said.instansi, person, fields };
    entry.done_at = online && navigator.onLine ? "" : moment();
    await put("entries", entry);
    return entry;
  };
  const settle = async () => { // the form is ready for the next one
    if (form.elements.id) form.elements.id.value = uuid7();
    form.elements.description.value = form.elements.quantity.value = form.elements.minutes.value = "";
    await show();
    status.textContent = said.kept;
  };

  const ask = async entry => { // "saved", "waits", "again" (sign in first) or the reason why it was refused
    const body = new URLSearchParams({ ...entry.fields, id: entry.id, person: entry.person, done_at: entry.done_at, csrf: form.elements.csrf.value });
    try {
      const answer = await fetch(said.send, { method: "POST", body, redirect: "error", signal: AbortSignal.timeout(20000) });
      if (answer.status === 401 || answer.status === 403) return { again: true };
      if (!answer.ok) return { waits: true };
      return await answer.json();
    } catch (error) {
      if (error instanceof TypeError || error.name === "TimeoutError" || error.name === "AbortError") return { waits: true };
      throw error;
    }
  };

  let busy = false;
  const send = async () => {
    if (!online || busy || !navigator.onLine) return;
    busy = true;
    let saved = 0;
    try {
      for (const each of await waiting()) {
        if (each.refused) continue;
        await show({ [each.id]: said.sending });
        const told = await ask(each);
        if (told.again) { await show(); status.textContent = said.again; return; }
        if (told.waits) break;
        if (told.saved) { await remove(each.id); saved += 1; }
        else await put("entries", { ...each, refused: told.refused });
      }
    } finally {
      busy = false;
    }
    await show();
    if (saved && !form.elements.description.value) location.assign(location.pathname);
  };

  form.addEventListener("submit", async event => {
    event.preventDefault();
    const entry = await keep().catch(() => null); // a device that keeps nothing sends as forms do
    if (!entry && online) { form.submit(); return; }
    if (!entry) { place.hidden = false; status.textContent = said.nobody; return; }
    if (!online || !navigator.onLine) { await settle(); return; }
    const told = await ask(entry);
    if (told.waits) { await settle(); return; }
    await remove(entry.id);
    if (told.saved) location.assign(`${location.pathname}?pesan=entry-logged`);
    else form.submit(); // the page says what to change, or asks to sign in, with all that was typed
  });
  // "online" only says that there is a network; whether the portal is reached, asking shows. What is being typed stays.
  const back = async () => {
    if (form.elements.description.value || form.elements.quantity.value) return;
    try {
      if ((await fetch("/manifest.webmanifest", { cache: "no-store" })).ok) location.assign(form.dataset.today);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  };
  const retry = () => online ? send() : back();
  window.addEventListener("online", retry);
  setInterval(retry, online ? 15000 : 5000);

  (async () => {
    if (online) {
      const indicators = Array.from(form.elements.indicator.options).slice(1).map(each => [each.value, each.textContent]);
      await put("person", { instansi: said.instansi, person: said.person, indicators });
      if ("serviceWorker" in navigator) {
        await navigator.serviceWorker.register("/sw.js");
        const { active } = await navigator.serviceWorker.ready;
        const used = Array.from(document.querySelectorAll('link[rel="stylesheet"], link[rel="icon"], script[src]'), each => each.href || each.src);
        active.postMessage({ keep: [said.offline, ...used] });
      }
    } else {
      const known = await stored("person", "readonly", each => each.get(said.instansi));
      for (const [value, name] of known?.indicators || []) form.elements.indicator.add(new Option(name, value));
      form.elements.day.value = moment().slice(0, 10);
    }
    await show();
    await send();
  })();
})();
