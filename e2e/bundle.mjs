// One script for each client library, as its users would build it. Relay's `graphql` tags become what its compiler made.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const pages = join(import.meta.dirname, "pages");

const relayTags = {
  name: "relay tags",
  setup({ onLoad }) {
    onLoad({ filter: /pages\/relay\.jsx$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const replaced = source.replace(/graphql`\s*query (\w+)[^`]*`/g, (_, name) => `__compiled_${name}`);
      const imports = [...replaced.matchAll(/__compiled_(\w+)/g)]
        .map(([compiled, name]) => `import ${compiled} from "./__generated__/${name}.graphql.js";`);
      return { contents: [...imports, replaced].join("\n"), loader: "jsx" };
    });
  },
};

/** The browser script of `pages/<name>.jsx`, with the library in its production form. */
export async function bundle(name) {
  const result = await build({
    entryPoints: [join(pages, `${basename(name)}.jsx`)],
    bundle: true,
    write: false,
    format: "iife",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [relayTags],
  });
  return result.outputFiles[0].text;
}
