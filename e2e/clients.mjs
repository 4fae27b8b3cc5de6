// Apollo, urql and Relay with their default settings show the same locked and unlocked articles.
import assert from "node:assert/strict";
import { openPage, openScript } from "./browser.mjs";
import { bundle } from "./bundle.mjs";
import { check } from "./checks.mjs";

const CLIENTS = ["apollo", "urql", "relay"];

export async function checkClients(browser, base, tokens) {
  for (const client of CLIENTS) {
    const script = await bundle(client);
    const show = (token) => shownBy(browser, base, script, token);
    let premium;
    await check(`${client}: a pro member reads every article`, async () => {
      const { articles, seen } = await show(tokens.pro);
      assert.ok(articles.length > 0, "no article was shown");
      assert.ok(articles.every(({ state, body }) => state === "open" && body.length > 0), JSON.stringify(articles));
      assertQuiet(seen);
      premium = articles;
    });
    await check(`${client}: a free member sees premium articles locked, and what opens them`, async () => {
      const { articles, seen } = await show(tokens.free);
      const locked = articles.filter(({ state }) => state === "locked");
      assert.ok(locked.length > 0, "nothing was locked");
      assert.ok(locked.every(({ offer }) => offer === "ENTITLEMENT_REQUIRED: included in Pro, Enterprise"), JSON.stringify(locked));
      assertQuiet(seen);
      const secrets = premium.filter(({ title }) => locked.some((article) => article.title === title));
      assert.equal(secrets.length, locked.length);
      for (const { body } of secrets) assert.ok(seen.bodies.every((answer) => !answer.includes(body)), "a body leaked");
    });
  }
}

async function shownBy(browser, base, script, token) {
  const { page, seen, close } = await openPage(browser, base);
  try {
    await openScript(page, base, script, { token });
    await page.waitForSelector("#articles, #failed", { timeout: 10_000 });
    assert.equal(await page.locator("#failed").count(), 0, await page.locator("#root").textContent());
    const articles = await page.locator("#articles li").evaluateAll((items) =>
      items.map((item) => ({
        state: item.dataset.state,
        title: item.querySelector("h2").textContent,
        body: item.querySelector("p")?.textContent ?? "",
        offer: item.querySelector("aside")?.textContent ?? "",
      })),
    );
    return { articles, seen };
  } finally {
    await close();
  }
}

function assertQuiet(seen) {
  assert.deepEqual({ foreign: seen.foreign, errors: seen.errors }, { foreign: [], errors: [] });
  assert.ok(seen.bodies.length > 0, "no GraphQL answer was seen");
}
