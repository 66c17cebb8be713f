// Reads graphs, a JSON list of texts on standard input, with Cytoscape.js itself, and prints what
// it understood of each.
import { readFileSync } from "node:fs";
import cytoscape from "cytoscape";

const read = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  const { data, elements } = JSON.parse(text);
  const graph = cytoscape({ headless: true, data, elements });
  return {
    nodes: graph.nodes().map((node) => [node.id(), node.data("label"), node.parent().id() ?? null]),
    edges: graph.edges().map((edge) => [edge.source().id(), edge.target().id()]),
  };
});
console.log(JSON.stringify(read));
