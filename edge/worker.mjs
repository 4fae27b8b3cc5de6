// A worker for workerd (or Cloudflare): passes requests on to the origin, or turns them away, by `gate.mjs`.
// Needs the variable ORIGIN, Gatehouse's own address.

import { createGate } from "./gate.mjs";

let gate;

export default {
  async fetch(request, env, context) {
    gate ??= createGate({ origin: env.ORIGIN, shared: false });
    return answer(request, env.ORIGIN, gate, (rest) => context.waitUntil(rest));
  },
};

export async function answer(request, origin, gate, behind) {
  const path = new URL(request.url).pathname;
  let token = bearerOf(request);
  let decision = await gate.decide(path, token, behind);
  let fresh = null;
  if (decision.action === "refresh") {
    fresh = await refreshed(origin, token);
    if (fresh === null) return refuse(401, "TOKEN_OUTDATED");
    decision = await gate.decide(path, (token = fresh), behind);
  }
  const response = await answerTo(decision, request, origin, token);
  if (fresh === null) return response;
  const headers = new Headers(response.headers);
  headers.set("gatehouse-token", fresh);
  return new Response(response.body, { status: response.status, headers });
}

async function answerTo(decision, request, origin, token) {
  switch (decision.action) {
    case "pass":
    case "origin":
      return passOn(request, origin, token);
    case "upgrade":
      return new Response(null, { status: 303, headers: { location: decision.location, "cache-control": "no-store" } });
    case "sign_in":
      return refuse(401, "UNAUTHENTICATED");
    default:
      return refuse(401, "TOKEN_OUTDATED");
  }
}

function passOn(request, origin, token) {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  if (token) headers.set("authorization", `Bearer ${token}`);
  const body = ["GET", "HEAD"].includes(request.method) ? undefined : request.body;
  return fetch(new Request(origin + pathname + search, { method: request.method, headers, body, duplex: "half" }));
}

async function refreshed(origin, token) {
  const answer = await fetch(`${origin}/token`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  return answer.ok ? (await answer.json()).token : null;
}

function bearerOf(request) {
  const [scheme, token] = (request.headers.get("authorization") ?? "").split(" ");
  return scheme.toLowerCase() === "bearer" && token ? token : null;
}

function refuse(status, code) {
  const headers = { "content-type": "application/json", "cache-control": "no-store", "www-authenticate": "Bearer" };
  return new Response(JSON.stringify({ errors: [{ message: "Sign in.", extensions: { code } }] }), { status, headers });
}
