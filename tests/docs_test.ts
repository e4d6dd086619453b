/**
 * The documents say what is true: the help, the versions, the part list.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { SCRIPT, sync } from "./helpers.ts";

const root = join(import.meta.dirname!, "..");
const read = (path: string) => Deno.readTextFileSync(join(root, path));

Deno.test("README shows --help as it is", async () => {
  const { stdout } = await sync(["--help"]);
  const [, shown] = /<!-- help -->\s+```text\n(.*?)```/s.exec(
    read("README.md"),
  ) ?? [];
  assert.equal(shown, stdout);
});

Deno.test("the Deno version is the same wherever it stands", () => {
  const version = read(".dvmrc").trim();
  const said = [...read("README.md").matchAll(/deno@([\d.]+)/g)].map(([, v]) =>
    v
  );
  assert.ok(said.length >= 2);
  for (const other of said) assert.equal(other, version);
});

Deno.test("the script pins what deno.json pins", () => {
  const { imports } = JSON.parse(read("deno.json")) as {
    imports: Record<string, string>;
  };
  const inline = [
    ...read("sync-production-schema.ts").matchAll(
      /"(npm:[^"]+@\d[^"/]*)"/g,
    ),
  ].map(([, specifier]) => specifier!);
  assert.equal(new Set(inline).size, 3);
  for (const specifier of inline) {
    assert.ok(Object.values(imports).includes(specifier), specifier);
  }
});

Deno.test("deno task sync asks for what the first line asks for", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const [first = ""] = read("sync-production-schema.ts").split("\n");
  const flags = (text: string) => text.match(/--[\w-]+\S*/g);
  assert.deepEqual(flags(tasks.sync.command), flags(first));
  assert.ok(Deno.statSync(SCRIPT).mode! & 0o100, "the script has its run bit");
});

Deno.test("the header lists the parts in their order", () => {
  const text = read("sync-production-schema.ts");
  const [, list = ""] = /Parts, in this order: ([^]*?)\./.exec(text) ?? [];
  const parts = list.replaceAll(/\s*\n \* /g, " ").split(", ");
  const banners = [...text.matchAll(/^\/\/ ═══ ([\w ]+) ═+$/gm)]
    .map(([, name]) => name);
  assert.deepEqual(parts, banners);
});

Deno.test("README names every builder", () => {
  const text = read("README.md");
  const [engine = ""] = read("sync-production-schema.ts")
    .split("// ═══ SQL text").slice(0, 1);
  const builders = [...engine.matchAll(/^export function (\w+)\(/gm)];
  assert.ok(builders.length > 20);
  for (const [, name] of builders) assert.ok(text.includes(name!), name);
});
