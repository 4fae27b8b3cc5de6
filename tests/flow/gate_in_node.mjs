// Answers each line of input with one of output: the gate's decisions about a step's requests, how long each took in
// milliseconds, and how often it asked for each document. Without an `origin` the documents are the step's own. With
// `through` it is the worker that answers, and what it answered is told.

import { createInterface } from "node:readline";
import { createGate } from "../../edge/gate.mjs";
import { answer } from "../../edge/worker.mjs";

const asked = { state: 0, keys: 0 };
let step;

function fetchOfStep(url, options) {
  const kind = url.endsWith("jwks.json") ? "keys" : "state";
  asked[kind] += 1;
  if (step.origin) return fetch(url, options);
  const document = step[kind];
  return Promise.resolve({ ok: document !== null, status: 503, json: async () => structuredClone(document) });
}

async function through(path, token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const response = await answer(new Request(`http://edge.test${path}`, { headers, redirect: "manual" }), step.origin, gate);
  const [location, fresh] = ["location", "gatehouse-token"].map((name) => response.headers.get(name));
  return { status: response.status, location, fresh };
}

let gate;
for await (const line of createInterface({ input: process.stdin })) {
  step = JSON.parse(line);
  gate ??= createGate({ origin: step.origin ?? "http://origin.test", fetch: fetchOfStep, now: () => step.now * 1000 });
  const decisions = [];
  const milliseconds = [];
  for (const [path, token] of step.requests) {
    const began = performance.now();
    decisions.push(step.through ? await through(path, token) : await gate.decide(path, token));
    milliseconds.push(performance.now() - began);
  }
  process.stdout.write(JSON.stringify({ decisions, milliseconds, asked }) + "\n");
}
