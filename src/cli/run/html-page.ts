/** A page of HTML that opens anywhere: its program, uPlot in it, and the style are inside. */

import { readFile } from "node:fs/promises";

/** What a page brings. The build puts both beside this file. */
interface PageParts {
  readonly program: string;
  readonly style: string;
}

let parts: Promise<PageParts> | undefined;

async function readParts(): Promise<PageParts> {
  const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), "utf8");
  const [program, style] = await Promise.all([read("page/page.js"), read("page/page.css")]);
  return { program, style };
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}

/** Returns a table of names, and what belongs to them. */
export function pairsTable(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`,
  );
  return `<table>${cells.join("\n")}</table>`;
}

export interface PageContent {
  readonly title: string;
  /** HTML, under the title. */
  readonly body: string;
  /** What the page's program draws, by the id that it looks for. */
  readonly data: { readonly id: "events" | "trials"; readonly value: unknown };
}

/** Returns the data as a script's text that no markup can end. */
function scriptText(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

export async function htmlPage({ title, body, data }: PageContent): Promise<string> {
  parts ??= readParts();
  const { program, style } = await parts;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
<script type="application/json" id="${data.id}">${scriptText(data.value)}</script>
<script>
${program}</script>
</body>
</html>
`;
}
