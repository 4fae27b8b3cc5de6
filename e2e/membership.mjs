// A membership's life in a real browser: paid on the twin's page, read without a new login, cancelled in the portal,
// ended by the clock. The twin of Stripe is the one that `gatehouse run` brings.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPage, openScript, picture } from "./browser.mjs";
import { check } from "./checks.mjs";

const KEY = { authorization: "Bearer sk_test_e2e" };
const PATIENCE = { timeout: 10_000 };
const MARGIN_SECONDS = 120;

export async function checkMembership(browser, base, tokens, pictures) {
  const script = await readFile(join(import.meta.dirname, "pages", "member.js"), "utf8");
  const { page, seen, close } = await openPage(browser, base);
  const look = (name) => picture(page, pictures, `membership-${name}`);
  let twin;
  const steps = {
    "a lapsed member finds the premium article locked": async () => {
      await openScript(page, base, script, {}, `token=${tokens.lapsed}`);
      await page.waitForSelector("article.locked", PATIENCE);
      await look("1-locked");
    },
    "upgrading leads to the twin's page, with the plan, its price and the cards to try": async () => {
      await page.click("#upgrade");
      await page.waitForSelector("form#pay", PATIENCE);
      twin = new URL(page.url()).origin;
      const text = await page.textContent("main");
      for (const said of ["Pro", "19.00 USD", "month", "4000 0000 0000 0002"]) assert.ok(text.includes(said), `${said} in: ${text}`);
      await look("2-checkout");
    },
    "a card that is declined is said, and another can be given": async () => {
      await pay(page, "4000000000000002");
      assert.match(await page.textContent("[role=alert]"), /declined/);
      await look("3-declined");
    },
    "3-D Secure that fails lets nobody pass": async () => {
      await pay(page, "4000000000003220");
      await look("4-3ds");
      await page.click("#fail button");
      assert.match(await page.textContent("[role=alert]"), /authenticate/);
    },
    "who passes it comes back, and the premium article opens without a new login": async () => {
      await pay(page, "4000000000003220");
      await page.click("#complete button");
      await page.waitForSelector("article.open", PATIENCE);
      assert.ok(page.url().startsWith(`${base}/e2e?paid=1`), page.url());
      assert.ok((await page.textContent("article p")).length > 100);
      await look("5-open");
    },
    "the portal shows the plan, and cancels it at the period's end": async () => {
      await page.click("#billing");
      await page.waitForSelector("#cancel", PATIENCE);
      assert.match(await page.textContent("main"), /Pro active.*19\.00 USD every month.*renews on.*card ending in 3220/s);
      await look("6-portal");
      await page.click("#cancel button");
      await page.waitForSelector("#renew");
      await look("7-cancelled");
      await page.click("#return");
      await page.waitForSelector("article.open", PATIENCE);
    },
    "access lasts until the clock reaches the end, and not a moment longer": async () => {
      const { end, now } = await periodOf(twin, "mem_demolapsed");
      await advance(twin, end - now - MARGIN_SECONDS);
      // A month has passed: the old token has expired, and the member logs in.
      await page.evaluate((token) => sessionStorage.setItem("token", token), mint("mem_demolapsed"));
      await page.waitForTimeout(1_000);
      assert.equal(await page.getAttribute("article", "class"), "open");
      await look("8-last-minutes");
      await advance(twin, MARGIN_SECONDS);
      await page.waitForSelector("article.locked", PATIENCE);
      await look("9-ended");
      await page.goto(twin);
      assert.match(await page.textContent("main"), /days ahead of this machine.*canceled ended on/s);
      await look("10-twin");
    },
  };
  try {
    page.setDefaultTimeout(PATIENCE.timeout);
    // Each begins where the one before ended.
    for (const [name, step] of Object.entries(steps)) {
      if (!(await check(`membership: ${name}`, step))) return await look(`failed at ${page.url().replace(/\W+/g, "-")}`);
    }
    await check("membership: nothing else was asked, and nothing failed in the browser", () => {
      assert.deepEqual(seen.foreign.filter((url) => !url.startsWith(twin)), []);
      assert.deepEqual(seen.errors.filter((fault) => !/40[12]/.test(fault)), []);
    });
  } finally {
    await close();
  }
}

async function pay(page, card) {
  await page.fill("input[name=card]", card);
  await page.click("#pay button");
  await page.waitForLoadState();
}

async function periodOf(twin, member) {
  const { now, objects } = await (await fetch(`${twin}/_twin/state?kind=subscription`)).json();
  const held = objects.find((each) => each.metadata.member_id === member && each.status === "active");
  return { now, end: held.items.data[0].current_period_end };
}

const advance = (twin, seconds) => fetch(`${twin}/_twin/advance`, { method: "POST", body: JSON.stringify({ seconds }) });

/** A token as of now, by the clock of the running Gatehouse. */
function mint(member) {
  const [program, ...rest] = JSON.parse(process.env.E2E_MINT);
  return execFileSync(program, [...rest, member], { encoding: "utf8" }).trim();
}
