// Validates an AsyncAPI document: edged schema --format asyncapi | node tools/asyncapi/validate.mjs
// Prints every error, a line each; exit code 1 when there is one. First: npm ci --prefix tools/asyncapi
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const ERROR = 0;
const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const errors = diagnostics.filter(({ severity }) => severity === ERROR);
for (const { path, message } of errors) {
  console.log(`/${path.join("/")}: ${message}`);
}
process.exit(document === undefined || errors.length > 0 ? 1 : 0);
