/**
 * Several schemas in one database: what a run for one of them sees, makes and
 * drops, whatever stands in the others and in front of pg_catalog.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { type Major, serversOnDemand, sync } from "./helpers.ts";

const onServer = serversOnDemand();

/** A table with all that hangs on it, as SQL for a schema that stands first. */
const SHOP = `
  CREATE TABLE tasks (id int PRIMARY KEY, title text);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touch BEFORE UPDATE ON tasks
    FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE VIEW open_tasks AS SELECT id FROM tasks;
  CREATE SEQUENCE numbers;
  CREATE TYPE mood AS ENUM ('fine');
  CREATE VIEW old_report AS SELECT 1 AS one;
  CREATE FUNCTION old_one() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE TABLE old_table (id int)`;

const STEPS = `
  createTable("tasks", { id: "int PRIMARY KEY", title: "text" }),
  createIndex("tasks", "tasks_title_idx", "USING gin (title gin_trgm_ops)"),
  step("function touch", {
    check: "to_regprocedure('touch()') IS NOT NULL",
    alter: "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END' -- done",
    undo: "DROP FUNCTION touch()",
  }),
  step("trigger tasks.touch", {
    check: "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('tasks') AND tgname = 'touch')",
    alter: "CREATE TRIGGER touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch()",
    undo: "DROP TRIGGER touch ON tasks",
  }),
  step("view open_tasks", {
    check: "to_regclass('open_tasks') IS NOT NULL",
    alter: ["CREATE VIEW open_tasks AS SELECT id FROM tasks",
      "COMMENT ON VIEW open_tasks IS 'what is open'"],
    undo: "DROP VIEW open_tasks",
  }),
  step("sequence numbers", {
    check: "to_regclass('numbers') IS NOT NULL",
    alter: "CREATE SEQUENCE numbers",
    undo: "DROP SEQUENCE numbers",
  }),
  step("no report", {
    check: "to_regclass('old_report') IS NULL",
    alter: "DROP VIEW old_report",
  }),
  step("no function", {
    check: "to_regprocedure('old_one()') IS NULL",
    alter: "DROP FUNCTION old_one()",
  }),
  step("no table", {
    check: "NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('old_table'))",
    alter: "DROP TABLE old_table",
  }),
`;

/** All that a schema holds, each with its number: what is made anew differs. */
async function contents(sql: postgres.Sql, schema: string) {
  const rows = await sql.unsafe(
    `SELECT pg_describe_object(classid, objid, 0) AS object, objid FROM pg_depend
     WHERE refclassid = 'pg_namespace'::regclass AND deptype = 'n'
       AND refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $1)
     ORDER BY 1`,
    [schema],
  );
  return rows.map(({ object, objid }) => `${object} ${objid}`);
}

const TENANTS: [name: string, major: Major][] = [
  ["tenant", 18],
  ['Second "one", with.dots', 14],
  ["select", 16],
];

for (const [schema, major] of TENANTS) {
  Deno.test(`a run for the schema ${schema} leaves public as it is (${major})`, () =>
    onServer(major, async (url, sql) => {
      const quoted = `"${schema.replaceAll('"', '""')}"`;
      await sql.unsafe("CREATE EXTENSION pg_trgm").simple();
      await sql.unsafe(SHOP).simple();
      await sql.unsafe(`CREATE SCHEMA ${quoted}`);
      const before = await contents(sql, "public");
      const args = ["--schema", schema];
      const options = { url, steps: STEPS };
      const { code, stdout, stderr } = await sync(
        ["--apply", ...args],
        options,
      );
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(await contents(sql, "public"), before);
      const [found] = await sql.unsafe(
        `SELECT
        (SELECT pronamespace::regnamespace::text FROM pg_trigger t
          JOIN pg_proc p ON p.oid = tgfoid
          WHERE tgrelid = $1::regclass) AS called,
        to_regclass($2) IS NOT NULL AS view, to_regclass($3) IS NOT NULL AS seq,
        obj_description(to_regclass($2)) AS comment`,
        [
          `${quoted}.tasks`,
          `${quoted}.open_tasks`,
          `${quoted}.numbers`,
        ],
      );
      assert.deepEqual({ ...found }, {
        called: schema === "tenant" ? "tenant" : quoted,
        view: true,
        seq: true,
        comment: "what is open",
      });
      const again = await sync(
        ["--dry-run", "--detailed-exitcode", ...args],
        options,
      );
      assert.equal(again.code, 0, again.stdout);
      // Its undo is the target's, too.
      const [, undo = ""] = /^( {2}BEGIN;\n[^]*? {2}COMMIT;)$/m.exec(stdout) ??
        [];
      assert.ok(undo, stdout);
      await sql.unsafe(undo).simple();
      assert.deepEqual(await contents(sql, "public"), before);
      assert.deepEqual(await contents(sql, schema), []);
    }));
}

Deno.test("the script for psql makes the same in the target schema", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe("CREATE EXTENSION pg_trgm").simple();
    await sql.unsafe(SHOP).simple();
    await sql.unsafe("CREATE SCHEMA tenant");
    const before = await contents(sql, "public");
    const args = ["--schema", "tenant"];
    const options = { url, steps: STEPS };
    const { stdout } = await sync(
      ["--dry-run", "--format", "sql", "--single-transaction", ...args],
      options,
    );
    const script = stdout.replaceAll(/^\\.*$/gm, "");
    await sql.unsafe(script).simple();
    await sql.unsafe("RESET ALL");
    assert.deepEqual(await contents(sql, "public"), before);
    const again = await sync(
      ["--dry-run", "--detailed-exitcode", ...args],
      options,
    );
    assert.equal(again.code, 0, again.stdout);
  }));

Deno.test("longhand steps find an extension that has a schema of its own", () =>
  onServer(17, async (url, sql) => {
    await sql.unsafe(`CREATE SCHEMA extensions; CREATE SCHEMA tenant;
      CREATE EXTENSION citext SCHEMA extensions`).simple();
    const steps = `step("function same", {
      check: "to_regprocedure('same(citext)') IS NOT NULL",
      alter: "CREATE FUNCTION same(citext) RETURNS citext LANGUAGE sql AS 'SELECT $1'",
    })`;
    const args = ["--apply", "--schema", "tenant"];
    const { code, stderr } = await sync(args, { url, steps });
    assert.equal(code, 0, stderr);
  }));

/** What an owner of a database may put in the way of the catalog's names. */
const SHADOWS: [name: string, sql: string][] = [
  [
    "a function before pg_catalog",
    `CREATE FUNCTION mine.quote_ident(text) RETURNS text LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'a function of mine was called'; END $$`,
  ],
  [
    "a function that fits its argument better",
    `CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'a function of mine was called'; END $$;
    CREATE FUNCTION public.format_type(oid, smallint) RETURNS text
      LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'a function of mine was called'; END $$`,
  ],
  [
    "functions that fit the looks at what would change better",
    ["pg_table_size(oid)", "json_build_object(text, bigint, text, numeric)"]
      .concat("pg_get_indexdef(integer)", "pg_stat_get_activity(bigint)")
      .concat("concat(text, integer, text, text)")
      .map((name) =>
        `CREATE FUNCTION public.${name} RETURNS json LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'a function of mine was called'; END $$`
      ).join(";\n"),
  ],
  [
    "an operator before pg_catalog",
    `CREATE FUNCTION mine.alike(name, name) RETURNS boolean LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'a function of mine was called'; END $$;
    CREATE OPERATOR mine.= (FUNCTION = mine.alike, LEFTARG = name,
      RIGHTARG = name)`,
  ],
  [
    "a table before pg_catalog",
    `CREATE TABLE mine.pg_namespace (oid oid, nspname name);
    CREATE TABLE mine.pg_extension (oid oid, extname name)`,
  ],
];

for (const [name, shadow] of SHADOWS) {
  Deno.test(`the catalog is read whatever shadows it: ${name}`, () =>
    onServer(18, async (url, sql) => {
      await sql.unsafe(`CREATE SCHEMA mine; ${shadow};
        CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 3, s text);
        CREATE INDEX t_s_idx ON t (lower(s));
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path =
          mine, pg_catalog, public', current_database()); END $$`).simple();
      const steps = `
        createTable("t", { id: "int PRIMARY KEY", n: "int DEFAULT 3", s: "text", "A b": "text" }),
        createIndex("t", "t_s_idx", "(lower(s))"),
        createIndex("t", "t_n_idx", "(n)"),`;
      for (const mode of ["--dry-run", "--apply", "--dry-run"]) {
        const { code, stdout, stderr } = await sync([mode], { url, steps });
        assert.equal(code, 0, stdout + stderr);
        assert.doesNotMatch(stdout + stderr, /of mine/);
      }
    }));
}

Deno.test("indexes of two schemas may have one name", () =>
  onServer(18, async (url, db) => {
    await db.unsafe('CREATE SCHEMA audit; CREATE SCHEMA "Other one"');
    const steps = ["orders", "audit.orders", '"Other one".orders'].map(
      (table) => {
        const name = JSON.stringify(table);
        return `createTable(${name}, { id: "int PRIMARY KEY", at: "date" }),
        createIndex(${name}, "orders_at_idx", "(at)")`;
      },
    ).join();
    const made = await sync(["--apply"], { url, steps });
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const rows = await db.unsafe(
      "SELECT FROM pg_class WHERE relname = 'orders_at_idx'",
    );
    assert.equal(rows.length, 3);
    const dry = ["--dry-run", "--detailed-exitcode"];
    assert.equal((await sync(dry, { url, steps })).code, 0);
  }));
