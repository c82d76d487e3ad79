// Read sequence diagrams with Mermaid's own parser.
// Standard input: a JSON list of texts. Standard output: for each {participants, messages} as Mermaid holds them, or {error}.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.argv[2] + "/"));
const { default: mermaid } = await import(pathToFileURL(require.resolve("mermaid")).href);

let given = "";
for await (const chunk of process.stdin) given += chunk;

const found = [];
for (const text of JSON.parse(given)) {
  try {
    const { diagramType } = await mermaid.parse(text);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    const participants = [...db.getActors().values()].map((actor) => actor.description);
    const messages = db.getMessages().map(({ from, to, type, message }) => ({ from, to, type, message }));
    found.push({ diagramType, participants, messages });
  } catch (error) {
    found.push({ error: String(error.message) });
  }
}
process.stdout.write(JSON.stringify(found));
