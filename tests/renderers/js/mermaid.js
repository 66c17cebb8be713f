// Reads flowcharts, a JSON list of texts on standard input, with Mermaid itself, and prints what it
// understood of each.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<body></body>");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

const read = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  read.push({
    labels: Object.fromEntries([...db.getVertices()].map(([id, { text }]) => [id, text])),
    edges: db.getEdges().map(({ start, end, text }) => [start, end, text]),
    groups: db.getSubGraphs().map(({ id, title, nodes }) => [id, title, nodes]),
  });
}
console.log(JSON.stringify(read));
