/**
 * Draws the README's picture of a dry run, from the output of one.
 *
 *     deno task screenshot
 *
 * @module
 */

import { join } from "node:path";
import { anywhere, connect, startServer, sync } from "./helpers.ts";

/** What is out of step in the database of the picture. */
const SPOIL = `
  INSERT INTO organizations (name, slug) VALUES ('Acme', 'acme');
  INSERT INTO projects (organization_id, key, name)
    SELECT id, 'WEB', 'Web' FROM organizations;
  ALTER TABLE tasks DROP CONSTRAINT tasks_priority_check;
  DROP INDEX tasks_labels_idx;
  INSERT INTO tasks (project_id, title, priority)
    SELECT id, 'Task ' || i, CASE WHEN i % 40000 = 0 THEN 9 ELSE 3 END
    FROM projects, generate_series(1, 120000) i;
  ALTER TABLE tasks DROP COLUMN due_on CASCADE;
  ALTER TABLE tasks ALTER COLUMN estimate_hours TYPE numeric(8,2);
  ANALYZE`;

/** The output of a dry run in a terminal. */
async function takeOutput(): Promise<string> {
  const server = await startServer(18);
  try {
    const admin = connect(server.url());
    await admin.unsafe("CREATE DATABASE shop");
    await admin.end();
    const url = server.url("shop");
    await sync(["--apply"], { url });
    const sql = connect(url);
    await sql.unsafe(SPOIL);
    await sql.end();
    const env = { NO_COLOR: "", FORCE_COLOR: "1" };
    const args = ["--dry-run", "--only", "#5*"];
    const { stdout } = await sync(args, { url, env });
    return anywhere(stdout).replace(
      /on 127\.0\.0\.1:\d+/,
      "on db.example:5432",
    );
  } finally {
    await server.stop();
  }
}

/** https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters */
const STYLES: Record<string, string> = {
  1: 'font-weight="bold" fill="#ffffff"',
  2: 'fill="#8b949e"',
  31: 'fill="#ff7b72"',
  32: 'fill="#7ee787"',
  33: 'fill="#f2cc60"',
  34: 'fill="#79c0ff"',
};

const LINE = 18, LEFT = 18, TOP = 44;

/** Lines with colour codes as a picture of a terminal. */
function draw(output: string): string {
  const command = "$ ./sync-production-schema.ts --dry-run --only '#5*'";
  const lines = [command, ...output.trimEnd().split("\n")];
  const height = TOP + lines.length * LINE + 6;
  const rows = lines.map((line, i) => {
    const [, code = "", text = line] =
      // deno-lint-ignore no-control-regex
      /^\x1b\[(\d+)m(.*)\x1b\[0m$/.exec(line) ?? [];
    const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return `<text x="${LEFT}" y="${TOP + i * LINE}" xml:space="preserve" ` +
      `${STYLES[code] ?? 'fill="#e6edf3"'}>${safe}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${height}" ` +
    'font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" ' +
    'font-size="13.5">',
    `<title>A dry run of sync-production-schema.ts</title>`,
    `<rect width="720" height="${height}" rx="8" fill="#0d1117"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map((colour, i) =>
      `<circle cx="${20 + 18 * i}" cy="17" r="5.5" fill="${colour}"/>`
    ),
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

/** The picture as the README shows it. */
export async function screenshot(): Promise<string> {
  return draw(await takeOutput());
}

if (import.meta.main) {
  const file = join(import.meta.dirname!, "..", "docs", "dry-run.svg");
  Deno.writeTextFileSync(file, await screenshot());
}
