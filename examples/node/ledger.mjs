// What a subscriber keeps: a ledger that says the same whatever came twice, late or out of order.
//
// Every event is kept once by its id. What is true now is kept by subject: the newest (epoch, sourceversion) wins.
// The file is a journal: one line for each batch, on disk before the batch is acknowledged.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";

const ENTRY = ["logged", "amended", "withdrawn", "verified", "returned", "verification-withdrawn", "lapsed", "imported"];
/** The messages this system listens to, and what each of them is about. */
const ABOUT = new Map([
  ...ENTRY.map((what) => [`activity.entry.${what}.v1`, "entry"]),
  ["appraisal.review.closed.v1", "closed"],
  ["appraisal.review.adjusted.v1", "adjusted"],
]);
const RENEWED = new Set(["activity.record.renewed.v1", "appraisal.record.renewed.v1"]);

/** What this program needs of a message. */
const ATTRIBUTES = [
  ...["id", "type", "instansi", "subject", "recordedat"].map((name) => [name, "string"]),
  ...["epoch", "sourceversion"].map((name) => [name, "number"]),
  ["data", "object"],
];

const newer = (one, other) => one.epoch > other.epoch || (one.epoch === other.epoch && one.version > other.version);

export class Ledger {
  #events = new Set();
  #facts = new Map();
  #renewed = new Map();
  #file;

  /** `look`: only look at what another process keeps. */
  constructor(path, { look = false } = {}) {
    if (existsSync(path)) this.#read(path, look);
    if (!look) this.#file = openSync(path, "a");
  }

  /** Keep some messages; acknowledge them only after this returned. */
  take(bodies) {
    const events = bodies.map(readable);
    writeSync(this.#file, JSON.stringify(events) + "\n");
    fsyncSync(this.#file);
    events.forEach((event) => this.#apply(event));
  }

  close() {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  /** What is true now: entries, what counts of them, closed results with their adjustments; and the events' ids. */
  picture() {
    const entries = {}, results = {};
    const counted = new Map();
    const facts = [...this.#facts.values()].sort((one, other) => one.version - other.version);
    for (const { subject, about, version, data } of facts) {
      if (about === "entry") {
        entries[subject] = [version, data.status, data.quantity];
        if (data.status === "verified" || data.status === "imported") {
          const key = `${data.employee} ${data.period}`;
          counted.set(key, plus(counted.get(key) ?? "0", data.quantity));
        }
        continue;
      }
      const result = (results[subject] ??= { adjusted: [], percent: null });
      if (about === "closed") result.percent = data.percent;
      else result.adjusted.push(data.new_percent);
    }
    for (const result of Object.values(results)) {
      if (result.adjusted.length) result.percent = result.adjusted.at(-1);
    }
    return { entries, counted: Object.fromEntries(counted), results, events: [...this.#events].sort() };
  }

  /** The journal from its beginning. A kill leaves half a line at its end: that batch was not acknowledged. */
  #read(path, look) {
    const text = readFileSync(path, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (!look && whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
    for (const line of whole.split("\n").filter(Boolean)) JSON.parse(line).forEach((event) => this.#apply(event));
  }

  #apply(event) {
    if (event.unreadable !== undefined) return; // it stays in the journal, for a human
    const kind = event.type.replace(/^id\.go\.kinerja\./, "");
    const service = kind.split(".")[0];
    const place = `${event.instansi} ${service}`;
    this.#events.add(event.id);
    if (RENEWED.has(kind)) {
      // The record was restored and told anew: what has an older epoch did not come again, and is void.
      this.#renewed.set(place, Math.max(this.#renewed.get(place) ?? 0, event.data.epoch));
      for (const [key, fact] of this.#facts) {
        if (fact.place === place && fact.epoch < event.data.epoch) this.#facts.delete(key);
      }
      return;
    }
    if (!ABOUT.has(kind) || event.epoch < (this.#renewed.get(place) ?? 0)) return;
    const about = ABOUT.get(kind);
    const key = [event.instansi, event.subject, about === "adjusted" ? `adjusted ${event.sourceversion}` : about].join(" ");
    const { subject, epoch, sourceversion: version, data } = event;
    const fact = { place, subject, about, epoch, version, data };
    const known = this.#facts.get(key);
    if (known === undefined || newer(fact, known)) this.#facts.set(key, fact);
  }
}

/** The message, or why it cannot be read: it must not hold up the rest. */
function readable(body) {
  try {
    const event = JSON.parse(body);
    for (const [name, type] of ATTRIBUTES) {
      if (typeof event?.[name] !== type || event[name] === null) throw new TypeError(`${name} is missing or no ${type}`);
    }
    return event;
  } catch (error) {
    return { unreadable: body, reason: String(error) };
  }
}

/** The sum of two decimal strings, exactly: money and ratings hang on it. */
function plus(one, other) {
  const places = Math.max(...[one, other].map((text) => (text.split(".")[1] ?? "").length));
  const units = (text) => {
    const [whole, part = ""] = text.split(".");
    return BigInt(whole + part.padEnd(places, "0"));
  };
  const sum = (units(one) + units(other)).toString().padStart(places + 1, "0");
  return places ? `${sum.slice(0, -places)}.${sum.slice(-places)}` : sum;
}
