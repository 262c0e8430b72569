// Reads AsyncAPI documents (files named on the command line) and prints the errors and warnings of the official parser as JSON.

import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const found = {};
for (const path of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
  found[path] = {
    messages: document ? document.allMessages().all().length : 0,
    problems: diagnostics.filter((each) => each.severity <= 1).map((each) => `${each.path.join(".")}: ${each.message}`),
  };
}
console.log(JSON.stringify(found));
