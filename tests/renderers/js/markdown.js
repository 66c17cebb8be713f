// Reads documents, a JSON list of texts on standard input, as GitHub shows them: GitHub Flavored
// Markdown with HTML, then a sanitizer with GitHub's rules. Prints the HTML of each.
import { text } from "node:stream/consumers";
import rehypeRaw from "rehype-raw";
import rehypeSanitize from "rehype-sanitize";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

const reader = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkRehype, { allowDangerousHtml: true })
  .use(rehypeRaw);
const safe = reader().use(rehypeSanitize).use(rehypeStringify);
const raw = reader().use(rehypeStringify);
const read = JSON.parse(await text(process.stdin)).map((document) => ({
  raw: String(raw.processSync(document)),
  safe: String(safe.processSync(document)),
}));
console.log(JSON.stringify(read));
