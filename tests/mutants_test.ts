/**
 * Some of the mistakes of `tests/mutants.ts`: one for each check of the
 * verifier, and one for each kind of object. `deno task mutants` tries all.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Bench, each, isCaught, mistakesOf, tryHarmless } from "./mutants.ts";

const bench = await Bench.start();

/** How many run side by side; a scratch server leaves each some waiting. */
const WORKERS = 2;

Deno.test("a mistake for each check and of each kind is caught by name", async () => {
  const all = mistakesOf();
  const some = all.filter(({ isQuick }) => isQuick);
  assert.ok(all.length >= 250 && some.length >= 60);
  const survivors: string[] = [];
  await each(some, WORKERS, async (one) => {
    const tried = await one.try(bench);
    if (isCaught(one, tried)) return;
    survivors.push(`${one.kind}: ${one.text}\n${tried.said}`);
  });
  console.log(`${some.length} of ${all.length} mistakes tried`);
  assert.deepEqual(survivors, []);
});

Deno.test("harmless edits raise no alarm", async () => {
  const { n, red } = await tryHarmless(bench);
  assert.deepEqual(red.map(({ said }) => said), []);
  assert.ok(n >= 60, `${n}`);
});

Deno.test("the server is stopped, and no database is left", () => bench.stop());
