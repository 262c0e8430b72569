// A subscriber in Node.js: keeps a ledger of entries and results, live, from the beginning of what the road holds.
//
//   node subscribe.mjs LEDGER [--once] [--print]
//
// Reads KINERJA_NATS_URL, KINERJA_NATS_USER, KINERJA_NATS_PASSWORD. `--once` ends when there is nothing left, `--print`
// prints what is true now instead of listening.

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Ledger } from "./ledger.mjs";

// A subscriber reaches what it was granted under this prefix, and nothing else.
const PREFIX = "KINERJA.API";
const STREAMS = ["ACTIVITY", "APPRAISAL"];
const AT_ONCE = 100;

/**
 * Keep what comes, then acknowledge it: after a crash in between it comes again, and is known. True when there is nothing
 * left and `once` was asked for, false when the connection is closed.
 */
async function follow(client, stream, durable, ledger, once) {
  const granted = jetstream(client, { apiPrefix: PREFIX }).consumers;
  for (;;) {
    const messages = [];
    try {
      const consumer = await granted.get(stream, durable);
      for await (const message of await consumer.fetch({ max_messages: AT_ONCE, expires: 1000 })) messages.push(message);
      if (once && !messages.length && (await left(consumer)) === 0) return true;
    } catch (error) {
      if (client.isClosed()) return false; // by the server, such as when what we are granted is changed
      console.error(`${stream}: ${error.message}; trying again`); // away for a moment; the client connects again by itself
      await sleep(1000);
    }
    if (messages.length) {
      ledger.take(messages.map((message) => message.string()));
      for (const message of messages) message.ack();
    }
  }
}

/** How many messages are not acknowledged yet. */
async function left(consumer) {
  const { num_pending, num_ack_pending } = await consumer.info();
  return num_pending + num_ack_pending;
}

/** A variable of the environment; ends the program when it is not set. */
function setting(name) {
  if (process.env[name]) return process.env[name];
  console.error(`${name} is not set; docs/how-to/subscribe.md says where it comes from.`);
  process.exit(1);
}

/** Follow every stream that is granted; true when all is done, false when the server closed the connection. */
async function listen(ledger, once) {
  const user = setting("KINERJA_NATS_USER");
  const pass = setting("KINERJA_NATS_PASSWORD");
  const client = await connect({ servers: setting("KINERJA_NATS_URL"), user, pass, maxReconnectAttempts: -1 });
  const done = await Promise.all(STREAMS.map((stream) => follow(client, stream, `outside-${user}`, ledger, once)));
  if (!client.isClosed()) await client.drain();
  return done.every(Boolean);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { once: { type: "boolean", default: false }, print: { type: "boolean", default: false } },
});
if (positionals.length !== 1) {
  console.error("usage: node subscribe.mjs LEDGER [--once] [--print]");
  process.exit(2);
}
const ledger = new Ledger(positionals[0], { look: values.print });
if (values.print) {
  console.log(JSON.stringify(ledger.picture()));
} else {
  while (!(await listen(ledger, values.once))) await sleep(1000);
}
ledger.close();
