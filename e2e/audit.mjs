// The official audit of GraphQL over HTTP: each of its 61 audits is a check, and a warning is a failure.
import assert from "node:assert/strict";
import { serverAudits } from "graphql-http";
import { check } from "./checks.mjs";

const AUDITS = 61;

export async function auditEndpoint(base, path) {
  const audits = serverAudits({ url: base + path, fetchFn: fetch });
  await check(`${path}: the audit still has ${AUDITS} parts`, () => assert.equal(audits.length, AUDITS));
  for (const audit of audits) {
    await check(`${path}: ${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      assert.equal(result.status, "ok", `${result.status}: ${result.reason} (${result.response?.status})`);
    });
  }
}
