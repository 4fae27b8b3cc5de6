// Reads one order from stdin and writes how many milliseconds each decision took. Anything but `pass` is a failure.

import { text } from "node:stream/consumers";
import { createGate } from "../edge/gate.mjs";

const order = JSON.parse(await text(process.stdin));
const documents = { keys: order.keys, state: order.state };
const fetchOfOrder = (url) =>
  Promise.resolve({ ok: true, status: 200, json: async () => structuredClone(documents[url.endsWith("jwks.json") ? "keys" : "state"]) });
const gate = createGate({ origin: "http://origin.test", fetch: fetchOfOrder, now: () => order.now * 1000 });
const took = [];
for (let number = 0; number < order.warmUp + order.requests; number += 1) {
  const began = performance.now();
  const { action, reason } = await gate.decide(order.path, order.token);
  took.push(performance.now() - began);
  if (action !== "pass") throw new Error(`decided ${action}, ${reason}`);
}
process.stdout.write(JSON.stringify(took.slice(order.warmUp)));
