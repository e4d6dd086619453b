/**
 * What an apply locks, when, and how it waits: on real servers, by what
 * pg_locks shows while it runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import {
  connect,
  type Output,
  serversOnDemand,
  startSync,
  sync,
  type SyncOptions,
  until,
} from "./helpers.ts";

const onServer = serversOnDemand();

/** A run that goes on, with what it has printed so far. */
function running(args: string[], options: SyncOptions) {
  const child = startSync(args, options);
  const printed = { stdout: "", stderr: "" };
  const read = async (name: "stdout" | "stderr") => {
    const text = child[name].pipeThrough(new TextDecoderStream());
    for await (const chunk of text) printed[name] += chunk;
  };
  const ended = Promise.all([read("stdout"), read("stderr"), child.status])
    .then(([, , { code }]): Output => ({ code, ...printed }));
  const says = (phrase: RegExp) =>
    until(() => phrase.test(printed.stderr), `it says ${phrase}`);
  return { child, printed, ended, says };
}

function assertOk(output: Output, ...phrases: RegExp[]) {
  const shown = `${output.stdout}\n${output.stderr}`;
  assert.equal(output.code, 0, shown);
  for (const phrase of phrases) assert.match(shown, phrase);
}

function assertFailed(output: Output, ...phrases: RegExp[]) {
  const shown = `${output.stdout}\n${output.stderr}`;
  assert.equal(output.code, 1, shown);
  assert.doesNotMatch(output.stderr, /^\s+at |unexpected: /m);
  for (const phrase of phrases) assert.match(shown, phrase);
}

async function assertInSync(options: SyncOptions) {
  assertOk(await sync(["--dry-run"], options), /In sync/);
}

/** Runs `use` while another session has executed the SQL and not ended. */
async function during<T>(
  url: string,
  held: string,
  use: (release: () => Promise<void>, pid: number) => Promise<T>,
): Promise<T> {
  const other = connect(url);
  try {
    const [row] = await other.unsafe("SELECT pg_backend_pid() AS pid");
    await other.unsafe(`BEGIN; ${held}`);
    const release = async () => {
      await other.unsafe("ROLLBACK");
    };
    return await use(release, Number(row!.pid));
  } finally {
    await other.end({ timeout: 1 });
  }
}

async function columnsOf(sql: postgres.Sql, table: string): Promise<string[]> {
  const rows = await sql.unsafe(`SELECT attname FROM pg_attribute
    WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped
      ORDER BY attnum`);
  return rows.map(({ attname }) => attname);
}

/** What the script's sessions hold of the relation. */
async function locksOn(sql: postgres.Sql, relation: string) {
  const rows = await sql.unsafe(`SELECT mode FROM pg_locks
    JOIN pg_stat_activity USING (pid) WHERE application_name = 'schema sync'
      AND granted AND relation = '${relation}'::regclass`);
  return rows.map(({ mode }) => mode);
}

// ─── Transactions ──────────────────────────────────────────────────────────

const TABLES = ["alpha", '"Beta Two"', "gamma"];

const older = TABLES.map((table) =>
  `CREATE TABLE ${table} (id integer PRIMARY KEY); ` +
  `INSERT INTO ${table} VALUES (1);`
).join("\n");

const table = (name: string, columns: string) =>
  `createTable("${name}", { id: "integer PRIMARY KEY", ${columns} }),`;

/** Of each sort that the expand phase has; the second table is held up. */
const GROWTH = `
  createEnum("mood", ["sad", "ok"]),
  ${table("alpha", `mood: "mood", at: "timestamptz DEFAULT now()"`)}
  ${table("Beta Two", `mood: "mood DEFAULT 'ok'"`)}
  ${table("delta", `mood: "mood"`)}
  step("function now_utc", {
    check: "to_regprocedure('now_utc()') IS NOT NULL",
    alter: "CREATE FUNCTION now_utc() RETURNS timestamp LANGUAGE sql AS " +
      "$$ SELECT now() AT TIME ZONE 'UTC' $$",
  }),
  ${table("gamma", `at: "timestamp DEFAULT now_utc()"`)}
  setDefault("alpha", "id", "7"),
  step("comment on delta", {
    check: "obj_description(to_regclass('delta'), 'pg_class') = 'new'",
    alter: "COMMENT ON TABLE delta IS 'new'",
  }),
`;

for (const major of [14, 18] as const) {
  Deno.test(`each standing table has a transaction of its own, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(older);
      await during(url, `SELECT FROM "Beta Two"`, async (release, pid) => {
        const run = running(["--apply"], { url, steps: GROWTH });
        await run.says(new RegExp(`pid ${pid} \\(`));
        assert.deepEqual(await columnsOf(sql, "alpha"), ["id", "mood", "at"]);
        for (const free of ["alpha", "gamma", "delta"]) {
          assert.deepEqual(await locksOn(sql, free), [], `${free} is free`);
        }
        await release();
        assertOk(await run.ended, /Expand \(4 transactions\)/);
      });
      const [made] = await sql.unsafe(`SELECT
        count(DISTINCT xmin::text)::int AS transactions FROM (
          SELECT xmin FROM pg_class WHERE relname = 'delta'
          UNION ALL SELECT xmin FROM pg_type WHERE typname = 'mood'
          UNION ALL SELECT xmin FROM pg_proc WHERE proname = 'now_utc'
          UNION ALL SELECT xmin FROM pg_description
            WHERE objoid = 'delta'::regclass AND objsubid = 0) AS made`);
      assert.equal(made!.transactions, 1, "what is new shares a transaction");
      await assertInSync({ url, steps: GROWTH });
    }));
}

Deno.test("an error at a later table says what is committed, and undoes it", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${older}
      CREATE FUNCTION broken() RETURNS integer STABLE LANGUAGE sql
        AS 'SELECT 1 / (SELECT id - 1 FROM alpha)'`);
    const steps = `${table("alpha", `n: "integer"`)}
      ${table("delta", `n: "integer"`)}
      step("trouble on gamma", {
        check: "to_regclass('trouble') IS NOT NULL",
        alter: ["ALTER TABLE gamma ADD COLUMN half integer",
          "CREATE TABLE trouble AS SELECT broken() FROM gamma"],
      }),
      ${table("Beta Two", `n: "integer"`)}`;
    const output = await sync(["--apply"], { url, steps });
    assertFailed(
      output,
      /"trouble on gamma"/,
      /Committed: 2 statements, the last for alpha\.n\. Rolled back: 1\. Not done: 2\./,
      /Run it again/,
    );
    assert.deepEqual(await columnsOf(sql, "alpha"), ["id", "n"]);
    assert.deepEqual(await columnsOf(sql, "gamma"), ["id"]);
    assert.deepEqual(await columnsOf(sql, '"Beta Two"'), ["id"]);
    const undo = /^ {2}BEGIN;[^]*COMMIT;$/m.exec(output.stdout)?.[0] ?? "";
    await sql.unsafe(undo).simple();
    assert.deepEqual(await columnsOf(sql, "alpha"), ["id"]);
    const [left] = await sql.unsafe("SELECT to_regclass('delta') AS made");
    assert.equal(left!.made, null);
  }));

Deno.test("renames are one transaction, with what hangs on them", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(older);
    const steps = `renameTable("alpha", "omega"),
      renameColumn("gamma", "id", "key"),
      step("comment on omega", {
        check: "obj_description(to_regclass('omega'), 'pg_class') = 'alpha'",
        alter: "COMMENT ON TABLE omega IS 'alpha'",
      }),
      createTable("delta", { id: "integer" }),`;
    const args = ["--apply", "--allow", "rename"];
    assertOk(await sync(args, { url, steps }), /Expand \(2 transactions\)/);
    const [row] = await sql.unsafe(`SELECT count(DISTINCT xmin::text)::int AS n
      FROM (SELECT xmin FROM pg_class WHERE relname = 'omega'
        UNION ALL SELECT xmin FROM pg_attribute WHERE attname = 'key'
        UNION ALL SELECT xmin FROM pg_description
          WHERE description = 'alpha') AS made`);
    assert.equal(row!.n, 1);
    await assertInSync({ url, steps });
  }));

Deno.test("--single-transaction and --format sql keep to the same groups", () =>
  onServer(14, async (url, sql) => {
    await sql.unsafe(older);
    const script = await sync(["--dry-run", "--format", "sql"], {
      url,
      steps: GROWTH,
    });
    assertOk(script);
    assert.equal(script.stdout.match(/^BEGIN;$/gm)?.length, 2);
    const single = ["--single-transaction"];
    const options = { url, steps: GROWTH };
    const dry = await sync(["--dry-run", ...single], options);
    assertOk(dry, /Runs \d+ statements in one transaction\./);
    const before = await sql.unsafe("SELECT pg_current_xact_id()::text AS x");
    assertOk(await sync(["--apply", ...single], options), /Applied plan/);
    const after = await sql.unsafe("SELECT pg_current_xact_id()::text AS x");
    assert.equal(BigInt(after[0]!.x) - BigInt(before[0]!.x), 2n);
    await assertInSync(options);
  }));
