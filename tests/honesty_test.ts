/**
 * What a run says is so; it repeats no value of a row, and nothing that others
 * wrote commands whoever reads it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MAJORS, serversOnDemand, sync } from "./helpers.ts";

const withDatabase = serversOnDemand();
const NEWEST = MAJORS.at(-1) ?? 18;
const OLDEST = MAJORS[0];

const UNREACHABLE = "postgres://bob@nosuch.invalid/app";

// ─── What is no step, and no hazard ────────────────────────────────────────

const NO_STEPS: [steps: string, says: RegExp][] = [
  ["null,", /step 2 of section "Steps" is null: write a builder's call/],
  ["undefined,", /step 2 .* is undefined/],
  [",", /step 2 .* is undefined/],
  ["createExtension,", /step 2 .* is a function that was not called/],
  [`[createTable("b", { id: "int" })],`, /step 2 .* is a list: put \.\.\. b/],
  [`"createTable",`, /step 2 .* is a string/],
  ["{ verb: 'nosuch', name: 'x' },", /step 2 .* is another object/],
  ["{ verb: 'step', name: 'x' },", /step "x" .* arguments are not what step/],
  ["notModelled(null),", /step 2 .* is another object/],
  [`5, false, `, /step 2 .* is a number[^]*step 3 .* is a boolean/],
];

Deno.test("what is no step is told by its place, before anything connects", async (t) => {
  for (const [given, says] of NO_STEPS) {
    for (const mode of ["--dry-run", "--apply"]) {
      await t.step(`${given} ${mode}`, async () => {
        const steps = `createTable("a", { id: "int" }), ${given}`;
        const output = await sync([mode], { url: UNREACHABLE, steps });
        assert.equal(output.code, 1);
        assert.match(output.stderr, says);
        assert.doesNotMatch(output.stderr, /unexpected|bug|host of/);
        assert.equal(output.stdout, "");
      });
    }
  }
});

const HAZARDOUS = `createTable("a", { id: "int" }), dropTable("old"),
  dropColumn("a", "b"), dropIndex("a_idx"),
  step("x", { check: "true", alter: "SELECT 1", hazard: "truncate" })`;

const ALLOWED: [allow: string, known: boolean][] = [
  ["nonsense", false],
  ["", false],
  ["drop", false],
  ["drop:", false],
  ["drop:a", false],
  ["drop:a.c", false],
  ["Rewrite", false],
  ["rewrite,blocking", false],
  ["constructor", false],
  ["rewrite", true],
  ["blocking", true],
  ["rename", true],
  ["conflict", true],
  ["drop:old", true],
  ["drop:a.b", true],
  ["drop:a_idx", true],
  ["truncate", true],
];

Deno.test("--allow takes the hazards that the steps could have", async (t) => {
  for (const [allow, known] of ALLOWED) {
    await t.step(`"${allow}"`, async () => {
      const args = ["--apply", "--allow", "rename", "--allow", allow];
      const steps = HAZARDOUS;
      const { stderr, code } = await sync(args, { url: UNREACHABLE, steps });
      assert.equal(code, 1);
      if (known) return assert.match(stderr, /host of nosuch/);
      assert.match(stderr, /^error: --allow takes a hazard of these steps/);
      assert.ok(stderr.includes(`not "${allow}"`), stderr);
      assert.match(stderr, /Use rewrite, blocking, rename, conflict, drop:old/);
      assert.doesNotMatch(stderr, /host of/);
    });
  }
});

// ─── Labels ────────────────────────────────────────────────────────────────

const LABELS: [have: string[] | undefined, want: string[]][] = [
  [[], ["open"]],
  [[], ["", "a", "b"]],
  [[], []],
  [undefined, []],
  [undefined, ["", "C:\\d", "it's"]],
  [["a"], ["", "a"]],
  [[""], ["", "C:\\d"]],
  [["", "z"], ["", "y", "z"]],
];

Deno.test("an enum has any labels, and none", async (t) => {
  for (const major of [OLDEST, NEWEST]) {
    for (const [have, want] of LABELS) {
      await t.step(
        `${have?.join() ?? "nothing"} to ${want}, on ${major}`,
        () =>
          withDatabase(major, async (url, sql) => {
            const list = (have ?? []).map((label) => `'${label}'`);
            if (have) await sql.unsafe(`CREATE TYPE e AS ENUM (${list})`);
            const steps = `createEnum("e", ${JSON.stringify(want)})`;
            const applied = await sync(["--apply"], { url, steps });
            assert.equal(applied.code, 0, applied.stdout + applied.stderr);
            const [row] = await sql`SELECT coalesce(json_agg(enumlabel
            ORDER BY enumsortorder), '[]') AS labels FROM pg_enum`;
            assert.deepEqual(row?.labels, want);
            const args = ["--dry-run", "--detailed-exitcode"];
            assert.equal((await sync(args, { url, steps })).code, 0);
          }),
      );
    }
  }
});

// ─── Estimates ─────────────────────────────────────────────────────────────

Deno.test("rows that were never counted are not said to be none", () =>
  withDatabase(NEWEST, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE big (id int, t text)
      WITH (autovacuum_enabled = off);
      INSERT INTO big SELECT n, repeat('x', 500)
        FROM generate_series(1, 10000) n`);
    const steps = `createIndex("big", "big_idx", "(id)")`;
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.match(stdout, /big has \d\.\d MB of rows that were never counted/);
    assert.doesNotMatch(stdout, /about 0 rows/);
    const json = await sync(["--dry-run", "--format", "json"], { url, steps });
    const [change] = JSON.parse(json.stdout).plan.changes;
    assert.equal(change.tables[0].rows, null);

    await sql.unsafe("ANALYZE big");
    const after = await sync(["--dry-run"], { url, steps });
    assert.match(after.stdout, /big has about 10,000 rows, \d\.\d MB/);
  }));
