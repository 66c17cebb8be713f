// Reads diagrams, a JSON list of texts on standard input, with D2's own compiler, and prints what
// it understood of each.
import { readFileSync } from "node:fs";
import { D2 } from "@terrastruct/d2";

const d2 = new D2();
const read = [];
for (const index of JSON.parse(readFileSync(0, "utf8"))) {
  const { diagram } = await d2.compile({ fs: { index }, inputPath: "index" });
  read.push({
    labels: Object.fromEntries(diagram.shapes.map(({ id, label }) => [id, label])),
    edges: diagram.connections.map(({ src, dst, label }) => [src, dst, label]),
  });
}
process.stdout.write(JSON.stringify(read), () => process.exit(0));
