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

/** Keep what comes, then acknowledge it: after a crash in between it comes again, and is known. */
async function follow(client, stream, durable, ledger, once) {
  const consumer = await jetstream(client, { apiPrefix: PREFIX }).consumers.get(stream, durable);
  for (;;) {
    const messages = [];
    try {
      const fetched = await consumer.fetch({ max_messages: AT_ONCE, expires: 1000 });
      for await (const message of fetched) messages.push(message);
    } catch (error) {
      if (client.isClosed()) throw error;
      await sleep(1000); // away; the client connects again by itself
    }
    if (messages.length) {
      ledger.take(messages.map((message) => message.string()));
      for (const message of messages) message.ack();
    } else if (once) {
      const info = await consumer.info();
      if (info.num_pending + info.num_ack_pending === 0) return;
    }
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { once: { type: "boolean", default: false }, print: { type: "boolean", default: false } },
});
if (positionals.length !== 1) {
  console.error("usage: node subscribe.mjs LEDGER [--once] [--print]");
  process.exit(2);
}
const ledger = new Ledger(positionals[0]);
if (values.print) {
  console.log(JSON.stringify(ledger.picture()));
} else {
  const user = process.env.KINERJA_NATS_USER;
  const client = await connect({
    servers: process.env.KINERJA_NATS_URL,
    user,
    pass: process.env.KINERJA_NATS_PASSWORD,
    maxReconnectAttempts: -1,
  });
  await Promise.all(STREAMS.map((stream) => follow(client, stream, `outside-${user}`, ledger, values.once)));
  await client.drain();
}
ledger.close();
