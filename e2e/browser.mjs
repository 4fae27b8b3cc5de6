// A real Chromium, and pages of ours served into the origin of the running Gatehouse.
import { chromium } from "playwright-core";

export const launch = () => chromium.launch({ executablePath: process.env.E2E_CHROMIUM, args: ["--no-sandbox"] });

/** A fresh page that keeps count of what must not happen: foreign requests, console errors, uncaught faults. */
export async function openPage(browser, base) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const seen = { foreign: [], errors: [], bodies: [] };
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("data:")) seen.foreign.push(request.url());
  });
  page.on("response", async (response) => {
    if (response.url().includes("graphql")) seen.bodies.push(await response.text().catch(() => ""));
  });
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("pageerror", (fault) => seen.errors.push(String(fault)));
  return { page, seen, close: () => context.close() };
}

/** Opens an empty page of Gatehouse's origin that runs `script`. */
export async function openScript(page, base, script, query) {
  const html = '<!doctype html><title>client</title><link rel="icon" href="data:,"><div id="root"></div><script src="/e2e.js"></script>';
  await page.route(`${base}/e2e*`, (route) => {
    const asked = new URL(route.request().url()).pathname;
    return asked === "/e2e.js"
      ? route.fulfill({ contentType: "text/javascript", body: script })
      : route.fulfill({ contentType: "text/html", body: html });
  });
  await page.goto(`${base}/e2e?${new URLSearchParams(query)}`);
}
