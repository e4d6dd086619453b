/**
 * Statements do what the plan says of them, as a server finds: what they lock,
 * whether they rewrite, and how much they read.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MAJORS, serversOnDemand, sync } from "./helpers.ts";

const onServer = serversOnDemand();

/** Functions, operators and casts behind which a volatile call may hide. */
const FUNCTIONS = `
  CREATE SCHEMA clock;
  CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT clock_timestamp()';
  CREATE FUNCTION _code() RETURNS text LANGUAGE sql AS 'SELECT md5(random()::text)';
  CREATE FUNCTION "Code"() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION steady() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION fixed() RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION inlined() RETURNS text LANGUAGE sql VOLATILE AS 'SELECT now()::text';
  CREATE FUNCTION at(t timestamptz DEFAULT clock_timestamp()) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN t; END';
  CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
  CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = plus);
  CREATE TYPE pair AS (a int);
  CREATE FUNCTION pair(int) RETURNS pair LANGUAGE plpgsql AS 'BEGIN RETURN ROW(1); END';
  CREATE CAST (int AS pair) WITH FUNCTION pair(int) AS ASSIGNMENT;
  CREATE SEQUENCE counter`;

/** Defaults, each with its type and whether every row gets its own value. */
const DEFAULTS: [type: string, value: string, own: boolean][] = [
  ["int", "5", false],
  ["text", "'now()'", false],
  ["text", "NULL", false],
  ["jsonb", "'{}'", false],
  ["text", `lower('A' COLLATE "C")`, false],
  ["timestamptz", "now()", false],
  ["timestamptz", "NOW( )", false],
  ["timestamptz", "CURRENT_TIMESTAMP", false],
  ["timestamptz", "'now'", false],
  ["timestamptz", "now() + interval '1 day'", false],
  ["int", "to_char(now(), 'YYYY')::int", false],
  ["text", "now()", false],
  ["date", "CURRENT_DATE", false],
  ["text", "current_user", false],
  ["bigint", "txid_current()", false],
  ["text", "steady()", false],
  ["text", "public.fixed()", false],
  ["pair", "ROW(1)", false],
  ["timestamptz", "clock_timestamp()", true],
  ["timestamptz", "clock.now()", true],
  ["text", "clock . now()", true],
  ["text", "timeofday()", true],
  ["float8", "random()", true],
  ["int", "1 + (random() * 5)::int", true],
  ["uuid", "gen_random_uuid()", true],
  ["bigint", "nextval('counter')", true],
  ["text", "_code()", true],
  ["text", `"Code"()`, true],
  ["text", `upper(lower("public"._code ( )))`, true],
  ["text[]", "ARRAY[_code()]", true],
  ["timestamptz", "at()", true],
  ["timestamptz", "at(now())", false],
  ["int", "1 ### 2", true],
  ["pair", "1", true],
];

/** Volatile as they are written, but not as a new server plans them. */
const FOLDED: [type: string, value: string][] = [
  ["text", "inlined()"],
  ["text", "CASE WHEN true THEN 'a' ELSE _code() END"],
  ["text", "coalesce('a', _code())"],
];

for (const major of MAJORS) {
  Deno.test(`defaults of ${major}: those that differ by row are filled, without a rewrite`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(`${FUNCTIONS}; CREATE TABLE old (id int);
        INSERT INTO old SELECT generate_series(1, 10)`).simple();
      const all = [
        ...DEFAULTS,
        ...FOLDED.map((row) => [...row, true] as typeof DEFAULTS[number]),
      ];
      const steps = all.map(([type, value], i) =>
        `addColumn("old", "c${i}", ${
          JSON.stringify(`${type} DEFAULT ${value}`)
        }),`
      ).join("\n");
      const args = ["--dry-run", "--format", "json"];
      const { stdout } = await sync(args, { url, steps });
      const { plan: { changes } } = JSON.parse(stdout);
      const filled = all.map((_, i) =>
        changes.some(({ sql }: { sql: string }) =>
          sql.startsWith(`UPDATE old SET c${i} = `)
        )
      );
      const said = all.map(([type, value], i) => [type, value, filled[i]]);
      assert.deepEqual(said, all);
      // And the server's own word, of the default as it is written.
      for (const [type, value, own] of DEFAULTS) {
        const before = await fileOf(sql);
        await sql.unsafe(
          `ALTER TABLE old ADD COLUMN c ${type} DEFAULT ${value}`,
        );
        assert.equal(await fileOf(sql) !== before, own, `DEFAULT ${value}`);
        await sql.unsafe("ALTER TABLE old DROP COLUMN c");
      }
    }));
}

async function fileOf(sql: import("postgres").Sql): Promise<unknown> {
  const [row] = await sql`SELECT pg_relation_filenode('old') AS file`;
  return row?.file;
}
