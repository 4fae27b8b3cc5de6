// The explorer in a real browser: it loads nothing from elsewhere, runs a query as somebody, and knows the schema.
import assert from "node:assert/strict";
import { openPage, picture } from "./browser.mjs";
import { check } from "./checks.mjs";

export async function checkExplorer(browser, base, tokens, pictures) {
  for (const path of ["/graphql", "/spa/graphql"]) {
    await check(`own explorer at ${path} runs a query as a member and shows the schema`, () =>
      visit(browser, base, `${path}?plain#token=${tokens.pro}`, async (page) => {
        await page.fill("#query", "{ me { id } }");
        await page.click("#run");
        await page.waitForFunction(() => document.getElementById("answer").textContent.includes('"me"'));
        assert.match(await page.textContent("#answer"), /"id": "mem_/);
        await page.waitForSelector("#docs details");
        await page.fill("#find", "Article");
        assert.ok(await page.locator("#docs details:visible", { hasText: "Article" }).count());
        assert.ok(!page.url().includes("token"), "the token stayed in the address");
        await picture(page, pictures, `own${path}`);
      }),
    );
    await check(`GraphiQL at ${path} runs a query as a member and knows the schema`, () =>
      visit(browser, base, `${path}#token=${tokens.pro}`, async (page) => {
        await page.waitForSelector(".graphiql-execute-button");
        await page.evaluate(() => document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.setValue("{ me { id } }"));
        await page.click(".graphiql-execute-button");
        await page.waitForFunction(() => document.querySelector(".result-window")?.textContent.includes("mem_"));
        await page.click('button[aria-label="Show Documentation Explorer"]');
        await page.waitForSelector(".graphiql-doc-explorer-content >> text=Query");
        assert.ok(!page.url().includes("token"), "the token stayed in the address");
        await picture(page, pictures, `graphiql${path}`);
      }),
    );
  }
}

async function visit(browser, base, address, act) {
  const { page, seen, close } = await openPage(browser, base);
  try {
    await page.goto(base + address);
    await act(page);
    assert.deepEqual({ foreign: seen.foreign, errors: seen.errors }, { foreign: [], errors: [] });
  } finally {
    await close();
  }
}
