// All checks against a running, seeded Gatehouse: E2E_BASE is its address, E2E_TOKENS its demo tokens as JSON,
// E2E_CHROMIUM a browser, E2E_MINT a command that mints a token for a member; E2E_PICTURES, when set, a folder for screenshots.
import { auditEndpoint } from "./audit.mjs";
import { launch } from "./browser.mjs";
import { conclude } from "./checks.mjs";
import { checkClients } from "./clients.mjs";
import { checkExplorer } from "./explorer.mjs";
import { checkMembership } from "./membership.mjs";

const { E2E_BASE: base, E2E_TOKENS, E2E_PICTURES: pictures } = process.env;
const tokens = JSON.parse(E2E_TOKENS);

await auditEndpoint(base, "/graphql");
await auditEndpoint(base, "/spa/graphql");
const browser = await launch();
try {
  await checkExplorer(browser, base, tokens, pictures);
  await checkClients(browser, base, tokens);
  await checkMembership(browser, base, tokens, pictures);
} finally {
  await browser.close();
}
process.exitCode = conclude() ? 0 : 1;
