// Decides at a CDN's edge who may pass, by the claims of the token, without asking the origin.
//
// Runs wherever WebCrypto and fetch are: workerd, Node 18 or newer, Deno, browsers' service workers. `reference.py` says
// the same in Python; the tests hold the two together. README.md says what each decision asks of the caller.

const LONGEST_TOKEN = 8192;
const LONGEST_LIFE = 5 * 60;
const CLOCK_SKEW = 30;
/** Milliseconds: how old what we know of changes may be to decide on it, and when it is read anew meanwhile. */
const OLDEST_STATE = 1500;
const READ_AGAIN = 750;
const BEHIND_AGAIN = 250;
/** The same of keys: how old they may be, when they are read anew meanwhile, and when again for one we lack. */
const OLDEST_KEYS = 300_000;
const KEYS_AGAIN = 60_000;
const MISSING_KEY_AGAIN = 5000;

const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

/**
 * `origin` is Gatehouse's address; `now` gives milliseconds. `shared` lets requests wait for each other's reads: workerd
 * forbids that.
 */
export function createGate({ origin, fetch = globalThis.fetch, now = () => Date.now(), shared = true }) {
  const state = remember(() => readState(fetch, origin), now, shared);
  const keys = remember(() => readKeys(fetch, origin), now, shared);

  async function keyFor(kid, behind) {
    const known = await keys.get(OLDEST_KEYS, KEYS_AGAIN, behind);
    if (known.has(kid)) return known.get(kid);
    // A key we have not heard of may be new; whoever makes ids up must not make us ask each time.
    return (await keys.get(MISSING_KEY_AGAIN)).get(kid);
  }

  /**
   * `{action, …}`: pass, upgrade (feature, plan, location), sign_in, refresh, refuse, or origin. Never throws. `behind`
   * is handed what goes on after the decision, to keep it alive.
   */
  async function decide(path, token, behind = () => {}) {
    let known;
    try {
      known = await state.get(OLDEST_STATE, READ_AGAIN, behind);
    } catch {
      return { action: "origin", reason: "no state" };
    }
    const route = routeOf(known.routes, path);
    if (!route) return { action: "pass" };
    if (!token) return { action: "sign_in", reason: "no token" };
    let claims;
    try {
      claims = await verify(token, (kid) => keyFor(kid, behind), known, now() / 1000);
    } catch (fault) {
      return { action: "sign_in", reason: fault instanceof Invalid ? fault.message : "unreadable" };
    }
    return decideBy(claims, route, known, await digestOf(claims.sub), now() / 1000);
  }

  return { decide };
}

/** What is known decides alone from here on. */
export function decideBy(claims, route, known, digest, seconds) {
  const own = claims.gatehouse;
  if (own.kind !== "member") return { action: "origin", reason: "not a member" };
  const changed = known.changed[digest] ?? -1;
  const ended = own.held_until !== undefined && seconds >= own.held_until;
  const outdated = own.revision === undefined || own.revision < changed || ended;
  if (outdated) return { action: route.fresh && own.revision !== undefined ? "refuse" : "refresh", reason: "outdated" };
  if (route.fresh) return { action: "origin", reason: "decided there" };
  if (own.features.includes(route.feature)) return { action: "pass", tier: own.tier };
  const plan = route.plans[0] ?? null;
  const query = new URLSearchParams({ feature: route.feature, ...(plan ? { plan } : {}) });
  return { action: "upgrade", feature: route.feature, plan, location: `${known.upgrade}?${query}` };
}

/** The longest route that `path` begins with. Raw bytes that some server might read as another path go to none. */
export function routeOf(routes, path) {
  const plain = normal(path);
  const found = routes.filter((route) => plain.startsWith(route.path) || plain + "/" === route.path);
  return found.sort((one, other) => other.path.length - one.path.length)[0];
}

function normal(path) {
  // Byte by byte: a path that is not UTF-8 as a whole must not slip by undecoded.
  const bytes = path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  const plain = bytes.replaceAll("\\", "/");
  const parts = [];
  for (const part of plain.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return "/" + parts.join("/") + (plain.endsWith("/") && parts.length ? "/" : "");
}

class Invalid extends Error {}

/** The claims. Throws Invalid. The key brings its algorithm: the header only names the key. */
async function verify(token, keyFor, known, seconds) {
  if (token.length > LONGEST_TOKEN) throw new Invalid("unreadable");
  const [head, body, signature, ...more] = token.split(".");
  if (signature === undefined || more.length) throw new Invalid("unreadable");
  const header = readPart(head);
  const key = header.typ === "at+jwt" && !("crit" in header) ? await keyFor(header.kid) : undefined;
  if (!key || header.alg !== key.alg) throw new Invalid("no key of ours");
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!(await crypto.subtle.verify(ALGORITHMS[key.alg], key.key, bytesOf(signature), signed))) {
    throw new Invalid("signature");
  }
  const claims = readPart(body);
  checkClaims(claims, known, seconds);
  return claims;
}

function checkClaims(claims, known, seconds) {
  const own = claims.gatehouse;
  if (claims.iss !== known.issuer || claims.aud !== known.audience) throw new Invalid("for another service");
  if (typeof claims.sub !== "string" || typeof own !== "object" || own === null) throw new Invalid("unreadable");
  if (![claims.exp, claims.iat].every(Number.isSafeInteger)) throw new Invalid("unreadable");
  if (claims.exp <= seconds) throw new Invalid("expired");
  if (Math.max(claims.iat, claims.nbf ?? 0) > seconds + CLOCK_SKEW) throw new Invalid("not valid yet");
  if (own.development || claims.exp - claims.iat > LONGEST_LIFE) throw new Invalid("too long a life");
  if (own.revision !== undefined && !(Number.isSafeInteger(own.revision) && Array.isArray(own.features))) {
    throw new Invalid("unreadable");
  }
}

export async function digestOf(member) {
  const whole = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(member));
  const text = String.fromCharCode(...new Uint8Array(whole).subarray(0, 16));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** One value; `get(oldest, again, behind)` reads it anew when older than `oldest`, and behind one older than `again`. */
function remember(read, now, shared) {
  let value;
  let readAt = -Infinity;
  let behindAt = -Infinity;
  let reading = null;

  async function readNow() {
    const began = now();
    const found = await read();
    if (began >= readAt) [value, readAt] = [found, began];
    return value;
  }

  function readOnce() {
    if (!shared) return readNow();
    reading ??= readNow().finally(() => (reading = null));
    return reading;
  }

  return {
    async get(oldest, again = oldest, behind = () => {}) {
      const age = now() - readAt;
      if (value === undefined || age > oldest) return readOnce();
      if (age > again && now() - behindAt > BEHIND_AGAIN) {
        behindAt = now();
        behind(readOnce().catch(() => {}));
      }
      return value;
    },
  };
}

async function readState(fetch, origin) {
  return readJson(fetch, `${origin}/.well-known/gatehouse-edge.json`);
}

async function readKeys(fetch, origin) {
  const { keys } = await readJson(fetch, `${origin}/.well-known/jwks.json`);
  const usable = keys.filter((jwk) => ALGORITHMS[jwk.alg]);
  const entries = usable.map(async (jwk) => [
    jwk.kid,
    { alg: jwk.alg, key: await crypto.subtle.importKey("jwk", publicPart(jwk), ALGORITHMS[jwk.alg], false, ["verify"]) },
  ]);
  return new Map(await Promise.all(entries));
}

function publicPart({ kty, crv, x, y }) {
  return { kty, crv, x, ...(y ? { y } : {}) };
}

async function readJson(fetch, url) {
  const answer = await fetch(url, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

function readPart(part) {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(part)));
}

function bytesOf(part) {
  const text = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
