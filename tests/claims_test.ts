/**
 * What a dry run tells before anything is written: what stands under another
 * name, what may have been renamed, what no step names, references that
 * PostgreSQL would refuse, SQL that does not parse, and text that says what
 * cannot be read.
 *
 * @module
 */

import assert from "node:assert/strict";
import { serversOnDemand, sync } from "./helpers.ts";

const onServer = serversOnDemand();
const UNREACHABLE = "postgres://bob@nosuch.invalid/app";

// ─── Of a database ─────────────────────────────────────────────────────────

const STANDS = `
  CREATE SCHEMA audit;
  CREATE TABLE "Big.Parent" (id int PRIMARY KEY, code text, day date, n int,
    CONSTRAINT code_key UNIQUE (code), CONSTRAINT n_check CHECK (n > 0),
    CONSTRAINT day_excl EXCLUDE (day WITH =));
  CREATE INDEX n_idx ON "Big.Parent" (n DESC) WHERE n > 5;
  CREATE UNIQUE INDEX lower_idx ON "Big.Parent" (lower(code));
  CREATE TABLE child (id bigint, parent int CONSTRAINT parent_fkey
    REFERENCES "Big.Parent" ON DELETE CASCADE, code varchar(9), day date);
  CREATE TABLE audit.log (id int, code text);
  CREATE UNIQUE INDEX log_part_idx ON audit.log (id) WHERE id > 0;
  CREATE INDEX log_code_idx ON audit.log (code text_pattern_ops);
  CREATE TYPE spare AS ENUM ('a');
  CREATE TABLE lonely (id int);
  INSERT INTO child SELECT i FROM generate_series(1, 3) i;`;

const P = `'"Big.Parent"'`;

/** The steps, and what is told of them; nothing is to be written by it. */
const TOLD: [steps: string, says: RegExp][] = [
  // The same under another name.
  [
    `addUnique(${P}, "k", "(code)")`,
    /⚠ k +has the same under another name: code_key[^]*RENAME\s+CONSTRAINT code_key TO k/,
  ],
  [
    `addCheck(${P}, "k", "(n) > '0'")`,
    /⚠ k +has the same under another name: n_check/,
  ],
  [
    `addExclusion(${P}, "k", "USING btree (day WITH =)")`,
    /⚠ k +has the same under another name: day_excl/,
  ],
  [
    `addForeignKey("child", "k", '(parent) REFERENCES "Big.Parent" (id) ON DELETE CASCADE')`,
    /⚠ k +has the same under another name: parent_fkey/,
  ],
  [
    `createIndex(${P}, "k", "(n DESC NULLS FIRST) WHERE (n) > 5")`,
    /⚠ k +has the same under another name: n_idx[^]*ALTER INDEX n_idx RENAME TO k/,
  ],
  [
    `createIndex(${P}, "K.2", "UNIQUE ( LOWER(code) )")`,
    /⚠ K\.2 +has the same under another name: lower_idx[^]*RENAME TO\s+"K\.2"/,
  ],
  [
    `createIndex("audit.log", "k", "(code text_pattern_ops)")`,
    /⚠ k +has the same under another name: log_code_idx[^]*ALTER INDEX audit\.log_code_idx/,
  ],
  // References that PostgreSQL refuses.
  [
    `addForeignKey("child", "f", '(parent) REFERENCES "Big.Parent" (n)')`,
    /⚠ f +refers to "Big\.Parent" \(n\), which nothing makes unique/,
  ],
  [
    `addForeignKey("child", "f", "(parent) REFERENCES audit.log (id)")`,
    /⚠ f +refers to audit\.log \(id\), which nothing makes unique/,
  ],
  [
    `addForeignKey("child", "f", '(code, parent) REFERENCES "Big.Parent" (code, id)')`,
    /⚠ f +refers to "Big\.Parent" \(code, id\), which nothing makes unique/,
  ],
  [
    `createTable("new", { id: "int" }), addForeignKey("child", "f", "(parent) REFERENCES new (id)")`,
    /⚠ f +refers to new \(id\), which nothing makes unique/,
  ],
  [
    `addForeignKey("child", "f", '(day) REFERENCES "Big.Parent" (id)')`,
    /⚠ f +compares child\.day, date, with integer of/,
  ],
  [
    `createTable("new", { id: "uuid PRIMARY KEY" }), addForeignKey("child", "f", "(parent) REFERENCES new (id)")`,
    /⚠ f +compares child\.parent, integer, with uuid of new/,
  ],
  // What does not parse.
  [
    `createTable("t", { a: "int DEFAULT (1 +) 2" })`,
    /syntax error at or near "\)"/,
  ],
  [`addCheck("child", "c", "id > > 0 (")`, /SQLSTATE 42601/],
  [`createIndex("child", "i", "((id +))")`, /syntax error/],
  [
    `step("x", { check: "false", alter: "CREAT TABLE x (a int)" })`,
    /syntax error at or near "CREAT"/,
  ],
  [
    `backfill("child", { set: "id = = 1", where: "id > 0" })`,
    /syntax error/,
  ],
  [
    `addColumn("child", "t", "timestamp with time zon")`,
    /syntax error|cannot be read/,
  ],
];

for (const major of [14, 18] as const) {
  Deno.test(`what is to be mended is told before anything is written, on ${major}`, (t) =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(STANDS).simple();
      for (const [steps, says] of TOLD) {
        await t.step(steps, async () => {
          const args = ["--dry-run", "--detailed-exitcode"];
          const { code, stdout, stderr } = await sync(args, { url, steps });
          assert.match(stdout + stderr, says);
          assert.notEqual(code, 0);
        });
      }
      // Nor is what differs taken for the same.
      const steps = `addCheck(${P}, "k1", "n > 1"),
        createIndex(${P}, "k2", "(n DESC) WHERE n > 6"),
        createIndex("audit.log", "k3", "(code)"),
        addForeignKey("child", "k4", '(parent) REFERENCES "Big.Parent" (id)'),
        addForeignKey("child", "k5", '(id) REFERENCES "Big.Parent" (id)')`;
      const { stdout } = await sync(["--dry-run"], { url, steps });
      assert.match(stdout, /Plan \w+: 5 to change/);
    }));
}

Deno.test("a column that may have been renamed is told, and one that a step names is not", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE t (id int PRIMARY KEY, mail varchar(50),
      "Big Note" text)`);
    const told = async (columns: string, more = "") => {
      const steps = `createTable("t", { id: "int PRIMARY KEY", ${columns} }),
        ${more}`;
      return (await sync(["--dry-run"], { url, steps })).stdout;
    };
    const renamed = /if it is (.*) renamed, write (renameColumn\(.*\))/;
    assert.deepEqual(
      renamed.exec(await told(`email: "character varying(50)"`))?.slice(1),
      ["mail", `renameColumn("t", "mail", "email")`],
    );
    assert.deepEqual(
      renamed.exec(await told(`note: "text"`))?.slice(1),
      ["Big Note", `renameColumn("t", "Big Note", "note")`],
    );
    const others = [
      [`email: "varchar(60)"`],
      [`email: "varchar(50)", mail: "varchar(50)"`],
      [`email: "varchar(50)"`, `dropColumn("t", "mail")`],
    ] as const;
    for (const [columns, more] of others) {
      assert.doesNotMatch(await told(columns, more), renamed);
    }
  }));

Deno.test("what no step names is counted, listed, and differs with --strict", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(STANDS).simple();
    const steps = `createTable("child", { id: "bigint", parent: "int" }),
      createTable("audit.log", { id: "int", code: "text" })`;
    const run = (...args: string[]) =>
      sync(["--dry-run", "--detailed-exitcode", ...args], { url, steps });
    const plain = await run();
    assert.equal(plain.code, 0, plain.stdout);
    assert.match(
      plain.stdout,
      /^In no step: \d+ things; --verbose lists them/m,
    );
    const strict = await run("--strict");
    assert.equal(strict.code, 2, strict.stdout);
    const { stdout } = await run("--verbose");
    for (
      const name of [
        "child.code",
        "child.parent_fkey",
        "log_part_idx",
        "spare",
        "table lonely",
        'table "Big.Parent"',
      ]
    ) assert.ok(stdout.includes(name), `${name}\n${stdout}`);
    const renaming = await sync(["--dry-run", "--verbose"], {
      url,
      steps: steps + `, renameColumn("child", "code", "sign")`,
    });
    assert.doesNotMatch(renaming.stdout, /column child\.code/);
    // All that there is has a step, or goes.
    await sql.unsafe(`DROP TABLE "Big.Parent" CASCADE; DROP TYPE spare;
      DROP TABLE lonely;
      ALTER TABLE child DROP code, DROP day; DROP INDEX audit.log_part_idx,
      audit.log_code_idx`);
    const all = await run("--strict", "--verbose");
    assert.equal(all.code, 0, all.stdout);
    assert.doesNotMatch(all.stdout, /[Ii]n no step/);
  }));

// ─── Names with schemas ────────────────────────────────────────────────────

/** Steps in which every name says its schema, for an odd one and a plain one. */
function elsewhere(schema: string): string {
  const of = (name: string) => JSON.stringify(`${schema}.${name}`);
  const raw = (name: string) => `${schema}.${name}`;
  const js = JSON.stringify;
  return [
    `createEnum(${of("mood")}, ["ok", "sad"])`,
    `createDomain(${of("short")}, "varchar(9) CHECK (VALUE <> '')")`,
    `createComposite(${of("pair")}, { a: "int", b: "text" })`,
    `createSequence(${of("numbers")}, "START 100")`,
    `createTable(${of("events")}, { id: "int PRIMARY KEY",
      at: "timestamptz NOT NULL DEFAULT now()", n: ${
      js(`bigint DEFAULT nextval('${raw("numbers")}')`)
    }, mood: ${js(raw("mood"))}, short: ${js(raw("short"))} })`,
    `createTable(${of('"odd.name"')}, { id: "int PRIMARY KEY", event: "int",
      "a.b": "text" })`,
    `addColumn(${of('"odd.name"')}, "more", ${js(`${raw("mood")}[]`)})`,
    `createIndex(${of("events")}, "events_at_idx", "(at DESC) INCLUDE (mood)")`,
    `createIndex(${of('"odd.name"')}, "odd.idx", ${js('(lower("a.b"))')})`,
    `addUnique(${of("events")}, "events_key", "(short, mood)")`,
    `addCheck(${of('"odd.name"')}, "odd.check", ${js("\"a.b\" <> ''")})`,
    `addForeignKey(${of('"odd.name"')}, "odd.fkey",
      ${js(`(event) REFERENCES ${raw("events")} (id) ON DELETE CASCADE`)})`,
    `insertMissing(${
      of("events")
    }, ["id"], [{ id: 1, mood: "ok", short: "x" }])`,
    `backfill(${of("events")}, { set: "mood = 'sad'", where: "mood IS NULL" })`,
    `setNotNull(${of("events")}, "mood")`,
    `setDefault(${of("events")}, "short", "'y'")`,
    `createView(${of("recent")}, ${
      js(`SELECT id, at FROM ${raw("events")} WHERE mood = 'ok'`)
    })`,
    `createMaterializedView(${of("totals")}, ${
      js(`SELECT mood, count(*) AS n FROM ${raw("events")} GROUP BY mood`)
    })`,
    `createFunction(${
      of("touch()")
    }, "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$")`,
    `createTrigger(${of("events")}, "touch", ${
      js(`BEFORE UPDATE FOR EACH ROW EXECUTE FUNCTION ${raw("touch()")}`)
    })`,
    `createPolicy(${of("events")}, "own", "FOR SELECT USING (mood = 'ok')")`,
    `enableRowSecurity(${of('"odd.name"')})`,
    `comment(${js(`table ${raw("events")}`)}, "what was")`,
    `grant("SELECT", ${js(`table ${raw("events")}`)}, "pg_monitor")`,
  ].join(",\n");
}

const SCHEMAS: [schema: string, major: 14 | 18][] = [
  ["audit", 14],
  ['"Odd.Schema"', 18],
];

for (const [schema, major] of SCHEMAS) {
  Deno.test(`every builder makes what is in the schema ${schema}, and finds it, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(`CREATE SCHEMA ${schema};
        CREATE TABLE events (id text); CREATE TYPE mood AS ENUM ('other');
        CREATE TABLE "odd.name" (x int); CREATE SEQUENCE numbers;
        CREATE INDEX events_at_idx ON events (id); CREATE VIEW recent AS
        SELECT 1 AS one`).simple();
      const inPublic = async () => {
        const rows = await sql`SELECT pg_describe_object(classid, objid, 0) AS o
          FROM pg_depend WHERE refobjid = 'public'::regnamespace
          AND deptype = 'n' ORDER BY 1`;
        return rows.map(({ o }) => o);
      };
      const before = await inPublic();
      const steps = elsewhere(schema);
      const applied = await sync(["--apply"], { url, steps });
      assert.equal(applied.code, 0, applied.stdout + applied.stderr);
      const args = ["--dry-run", "--detailed-exitcode"];
      const again = await sync(args, { url, steps });
      assert.equal(again.code, 0, again.stdout + again.stderr);
      assert.deepEqual(await inPublic(), before);
      // The same from a target schema that is another.
      const other = await sync([...args, "--schema", "pg_temp_none"], {
        url,
        steps,
      });
      assert.notEqual(other.code, 2, other.stdout);
      const of = (name: string) => JSON.stringify(`${schema}.${name}`);
      // What hangs on a table goes before it, wherever its step stands.
      const gone = `dropEnum(${of("mood")}), dropDomain(${of("short")}),
        dropTable(${of('"odd.name"')}), dropTable(${of("events")}),
        dropTrigger(${of("events")}, "touch"), dropView(${of("recent")}),
        dropMaterializedView(${of("totals")}), dropFunction(${of("touch()")}),
        dropPolicy(${of("events")}, "own"), dropIndex(${of("events_at_idx")}),
        dropConstraint(${of('"odd.name"')}, "odd.fkey"),
        dropComposite(${of("pair")}), dropSequence(${of("numbers")})`;
      const json = await sync(["--dry-run", "--format", "json"], {
        url,
        steps: gone,
      });
      assert.equal(json.code, 0, json.stderr);
      const hazards = JSON.parse(json.stdout).plan.changes
        .flatMap(({ hazard }: { hazard: string }) => hazard ?? [])
        .flatMap((hazard: string) => ["--allow", hazard]);
      const dropped = await sync(["--apply", ...hazards], { url, steps: gone });
      assert.equal(dropped.code, 0, dropped.stdout + dropped.stderr);
      const [{ left } = {}] = await sql`SELECT count(*)::int AS left
        FROM pg_depend WHERE deptype = 'n'
        AND refobjid = to_regnamespace(${schema})`;
      assert.equal(left, 0);
      assert.deepEqual(await inPublic(), before);
    }));
}

// ─── What cannot be read ───────────────────────────────────────────────────

/** A step whose text loses a clause if it is not told, and what is named. */
const UNREAD: [step: string, says: RegExp][] = [
  [
    `addColumn("t", "a", "int NOT NULL here")`,
    /cannot be read: here/,
  ],
  [`addColumn("t", "a", "int NULL or so")`, /cannot be read: or so/],
  [
    `addColumn("t", "a", "int PRIMARY KEY USING INDEX TABLESPACE x")`,
    /cannot be read: USING INDEX/,
  ],
  [
    `addColumn("t", "a", "int PRIMARY KEY DEFERRABLE")`,
    /cannot be read: .*deferrable/i,
  ],
  [
    `addColumn("t", "a", "int GENERATED ALWAYS AS (1) STORED twice")`,
    /cannot be read: stored twice/i,
  ],
  [
    `addColumn("t", "a", "int GENERATED ALWAYS AS IDENTITY (START 1) more")`,
    /cannot be read/i,
  ],
  [`addColumn("t", "a", "int CONSTRAINT x NOT NULL")`, /inline CONSTRAINT/],
  [
    `addColumn("t", "a", "int UNIQUE")`,
    /inline UNIQUE[^]*addUnique\("t", "t_a_key"/,
  ],
  [
    `addColumn("t", "a", "int REFERENCES p(id)")`,
    /inline REFERENCES[^]*addForeignKey/,
  ],
  [`addColumn("t", "a", "int CHECK(a > 0)")`, /inline CHECK[^]*addCheck/],
  [`createIndex("t", "i", "(a) USING btree")`, /cannot be read: using btree/i],
  [`createIndex("t", "i", "(a) (b)")`, /cannot be read/],
  [`createIndex("t", "i", "(a) INCLUDE (b) more")`, /cannot be read: include/i],
  [
    `createIndex("t", "i", "(a) WITH (fillfactor = 70) more")`,
    /cannot be read: with/i,
  ],
  [
    `createIndex("t", "i", "(a) TABLESPACE x y")`,
    /cannot be read: tablespace/i,
  ],
  [
    `createIndex("t", "i", "(a) NULLS NOT DISTINCT b")`,
    /cannot be read: nulls not/i,
  ],
  [`createIndex("t", "i", "CONCURRENTLY (a)")`, /CONCURRENTLY or NOT VALID/],
  [`createIndex("t", "i", "IF NOT EXISTS (a)")`, /cannot be read/],
  [`createIndex("t", "i", "ON t (a)")`, /cannot be read/],
  [`createIndex("t", "i", "(a) DEFERRABLE")`, /cannot be read: .*deferrable/i],
  [`createIndex("t", "i", "(a) REFERENCES p (id)")`, /cannot be read/],
  [`addUnique("t", "k", "(a) WHERE a > 0")`, /cannot be read: where/i],
  [`addUnique("t", "k", "USING INDEX i")`, /cannot be read: using index/i],
  [
    `addUnique("t", "k", "(a) DEFERRABLE sometimes")`,
    /cannot be read: deferrable sometimes/i,
  ],
  [`addUnique("t", "k", "(a DESC)")`, /cannot be read/],
  [`addUnique("t", "k", "(lower(a))")`, /cannot be read/],
  [`addUnique("t", "k", "(a) NOT VALID")`, /NOT VALID/],
  [`addPrimaryKey("t", "k", "(a) NULLS NOT DISTINCT")`, /cannot be read/],
  [`addPrimaryKey("t", "k", "USING INDEX i")`, /cannot be read/],
  [`addForeignKey("t", "k", "(a) REFERENCES p")`, /which columns/],
  [
    `addForeignKey("t", "k", "(a) REFERENCES p (id) MATCH SOME")`,
    /cannot be read: match some/i,
  ],
  [
    `addForeignKey("t", "k", "(a) REFERENCES p (id) ON DELETE DESTROY")`,
    /cannot be read: on delete destroy/i,
  ],
  [
    `addForeignKey("t", "k", "(a) REFERENCES p (id) ON UPDATE SET")`,
    /cannot be read: on update set/i,
  ],
  [
    `addForeignKey("t", "k", "(a) REFERENCES p (id) ON TRUNCATE CASCADE")`,
    /cannot be read/,
  ],
  [`addForeignKey("t", "k", "(a) REFERENCES p (id) NOT VALID")`, /NOT VALID/],
  [`addForeignKey("t", "k", "(a) REFERENCES p (id) (b)")`, /cannot be read/],
  [
    `addForeignKey("t", "k", "(a) REFERENCES p (id) WHERE a > 0")`,
    /cannot be read/,
  ],
  [`addExclusion("t", "k", "USING gist (a)")`, /cannot be read|WITH/],
  [
    `addExclusion("t", "k", "USING gist (a WITH &&) DEFERRABLE maybe")`,
    /cannot be read: deferrable/i,
  ],
];

Deno.test("a text that cannot be read whole is told before anything connects", async (t) => {
  for (const [steps, says] of UNREAD) {
    await t.step(steps, async () => {
      const { code, stderr } = await sync(["--dry-run"], {
        url: UNREACHABLE,
        steps,
      });
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /host of/);
    });
  }
});
