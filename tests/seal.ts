/**
 * Writes into the script what its engine's text hashes to, so that a copy can
 * tell that it was edited; with --check it only looks.
 *
 * @module
 */

import { sealed } from "../verify-sync-script.ts";

const file = new URL("../sync-production-schema.ts", import.meta.url);
const text = await Deno.readTextFile(file);
const now = sealed(text);
if (now === undefined) throw new Error(`no banner below the steps of ${file}`);
if (now !== text && Deno.args.includes("--check")) {
  console.error("The engine was edited since it was sealed: deno task seal");
  Deno.exit(1);
}
if (now !== text) await Deno.writeTextFile(file, now);
