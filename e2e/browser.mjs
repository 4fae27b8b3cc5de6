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

/** Opens an empty page of Gatehouse's origin that runs `script`. By Chromium's own protocol, which sees redirects too. */
export async function openScript(page, base, script, query, hash = "") {
  const html = '<!doctype html><title>client</title><link rel="icon" href="data:,"><div id="root"></div><script src="/e2e.js"></script>';
  const chromium = await page.context().newCDPSession(page);
  chromium.on("Fetch.requestPaused", ({ requestId, request }) => {
    const [type, body] = new URL(request.url).pathname === "/e2e.js" ? ["text/javascript", script] : ["text/html", html];
    const responseHeaders = [{ name: "content-type", value: `${type}; charset=utf-8` }];
    const encoded = Buffer.from(body).toString("base64");
    // It fails where the page has moved on meanwhile, and asks for nothing any more.
    chromium.send("Fetch.fulfillRequest", { requestId, responseCode: 200, responseHeaders, body: encoded }).catch(() => {});
  });
  await chromium.send("Fetch.enable", { patterns: [{ urlPattern: `${base}/e2e*` }] });
  await page.goto(`${base}/e2e?${new URLSearchParams(query)}#${hash}`);
}

/** For whoever wants to look: into `folder`, where one is given. */
export const picture = (page, folder, name) =>
  folder && page.screenshot({ path: `${folder}/${name.replaceAll("/", "-")}.png`, fullPage: true });
