// A member's page as its owner might write it: one premium article, and the way to it. The token outlives the way to
// Stripe's pages and back: who has paid is not asked to log in again.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", location.pathname + location.search);
}

const ARTICLE = "{ articles(first: 1) { edges { node { title body access { granted } } } } }";
const CHECKOUT = `mutation ($input: StartCheckoutInput!) {
  startCheckout(input: $input) { checkout { url } userErrors { message } }
}`;
const PORTAL = `mutation ($input: OpenBillingPortalInput!) {
  openBillingPortal(input: $input) { portal { url } userErrors { message } }
}`;

document.getElementById("root").innerHTML = `
  <style>
    body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #1a1f36 }
    article { border: 1px solid #e3e8ee; border-radius: 10px; padding: 1rem 1.5rem; margin: 1.5rem 0 }
    .locked p { color: #8792a2; font-style: italic }
    button { font: inherit; padding: .5rem 1.1rem; border: 0; border-radius: 6px; background: #0a2540; color: #fff }
  </style>
  <p id="who"></p><article><h2></h2><p></p></article>
  <button id="upgrade">Upgrade to Pro</button> <button id="billing">Billing</button> <p id="problem" role="alert"></p>`;

async function ask(query, variables) {
  const response = await fetch("/spa/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${sessionStorage.getItem("token")}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

async function show() {
  const { data } = await ask(ARTICLE);
  if (data) {
    const { title, body, access } = data.articles.edges[0].node;
    const article = document.querySelector("article");
    article.className = access.granted ? "open" : "locked";
    article.querySelector("h2").textContent = title;
    article.querySelector("p").textContent = body ?? "For members of Pro.";
  }
  document.getElementById("who").textContent = new URLSearchParams(location.search).has("paid") ? "Welcome back." : "Hello.";
  setTimeout(show, 200);
}

async function leave(name, query, input) {
  const { data, errors } = await ask(query, { input: { ...input, idempotencyKey: crypto.randomUUID() } });
  const url = Object.values(data?.[name] ?? {}).find((entity) => entity?.url)?.url;
  if (url) location.assign(url);
  else document.getElementById("problem").textContent = JSON.stringify(errors ?? data);
}

document.getElementById("upgrade").onclick = () =>
  leave("startCheckout", CHECKOUT, { plan: "pro", interval: "MONTH", successUrl: "/e2e?paid=1", cancelUrl: "/e2e" });
document.getElementById("billing").onclick = () => leave("openBillingPortal", PORTAL, { returnUrl: "/e2e" });
show();
