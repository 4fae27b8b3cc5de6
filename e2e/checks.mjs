// The smallest runner that will do: a check is a name and a function that throws.
const results = { passed: 0, failed: 0 };

/** Whether it passed. */
export async function check(name, run) {
  try {
    await run();
    results.passed += 1;
    console.log(`ok      ${name}`);
    return true;
  } catch (fault) {
    results.failed += 1;
    console.log(`FAILED  ${name}\n        ${String(fault.stack ?? fault).replaceAll("\n", "\n        ")}`);
    return false;
  }
}

/** Prints the sum and says whether everything passed, and anything ran. */
export function conclude() {
  console.log(`${results.passed} passed, ${results.failed} failed`);
  return results.failed === 0 && results.passed > 0;
}
