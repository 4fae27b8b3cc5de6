// Copies GraphiQL and what it needs from their npm packages into ../dist, which Gatehouse serves. Run `npm ci` first.
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";

const here = import.meta.dirname;
const target = join(here, "..", "dist");
const files = [
  "node_modules/react/umd/react.production.min.js",
  "node_modules/react-dom/umd/react-dom.production.min.js",
  "node_modules/graphql-ws/umd/graphql-ws.min.js",
  "node_modules/graphiql/graphiql.min.js",
  "node_modules/graphiql/graphiql.min.css",
  "start.css",
  "start.js",
  "index.html", // last: Gatehouse takes the folder as built when this file is there
];
mkdirSync(target, { recursive: true });
for (const file of files) copyFileSync(join(here, file), join(target, basename(file)));
console.log(`GraphiQL is in ${target}`);
