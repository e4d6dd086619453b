/**
 * Data probes: a dry run says which rows a coming constraint would refuse, how
 * many exactly, and an apply refuses to begin.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import {
  connect,
  type Major,
  serversOnDemand,
  sync,
  until,
} from "./helpers.ts";

const onServer = serversOnDemand();

/** The SQL of the dry run, statement by statement, up to one that fails. */
async function firstError(url: string, script: string) {
  const sql = connect(url);
  try {
    const lines = script.replaceAll(/^(--|\\set).*$/gm, "");
    for (const statement of lines.split(/;$/m)) {
      if (statement.trim()) await sql.unsafe(statement).simple();
    }
  } catch (error) {
    return (error as postgres.PostgresError).code;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

// ─── Rows that violate ─────────────────────────────────────────────────────

interface Case {
  title: string;
  before: string;
  steps: string;
  /** The line of the report, without its mark. */
  says: string;
  /** The examples, as printed. */
  rows: string;
  /** With which SQLSTATE the change itself fails. */
  code: string;
  since?: Major;
}

const PEOPLE = `CREATE TABLE people (id int PRIMARY KEY, name text, n bigint);
  INSERT INTO people SELECT i, 'p' || i, i FROM generate_series(1, 9) i;`;

const people = (rest: string, types = { name: "text", n: "bigint" }) =>
  `createTable("people", { id: "int PRIMARY KEY", name: "${types.name}",
    n: "${types.n}" }), ${rest}`;

const CASES: Case[] = [
  {
    title: "NULLs under a coming NOT NULL",
    before: `${PEOPLE} UPDATE people SET name = NULL WHERE id IN (2, 4, 6, 8)`,
    steps: people("", { name: "text NOT NULL", n: "bigint" }),
    says: "people.name  set not null would fail: 4 rows are NULL",
    rows: "id 2, 4, 6, …",
    code: "23514",
  },
  {
    title: "a NULL that the backfill before it leaves",
    before: `${PEOPLE} UPDATE people SET name = NULL WHERE id IN (2, 4)`,
    steps: people(`
      addColumn("people", "label", "text"),
      backfill("people", { set: "label = name", where: "label IS NULL" }),
      setNotNull("people", "label"),`),
    says: "people.label  set not null would fail: 2 rows are NULL",
    rows: "id 2, 4",
    code: "23514",
  },
  {
    title: "duplicates under a coming unique constraint",
    before: `${PEOPLE} UPDATE people SET n = 1 WHERE id IN (3, 5)`,
    steps: people('addUnique("people", "people_n_key", "(n)"),'),
    says: "people_n_key  add unique would fail: 3 rows repeat one another",
    rows: "id 1, 3, 5",
    code: "23505",
  },
  {
    title: "duplicates under a partial unique index on an expression",
    before: `${PEOPLE} UPDATE people SET name = 'P1' WHERE id IN (2, 9)`,
    steps: people(
      `createIndex("people", "people_name_key", "UNIQUE (lower(name)) WHERE n < 9"),`,
    ),
    says: "people_name_key  create index would fail: 2 rows repeat one another",
    rows: "id 1, 2",
    code: "23505",
  },
  {
    title: "NULLs that are not distinct",
    before: `${PEOPLE} UPDATE people SET n = NULL WHERE id IN (3, 5)`,
    steps: people(
      'addUnique("people", "people_n_key", "NULLS NOT DISTINCT (n)"),',
    ),
    says: "people_n_key  add unique would fail: 2 rows repeat one another",
    rows: "id 3, 5",
    code: "23505",
    since: 15,
  },
  {
    title: "duplicates under a coming primary key",
    before: "CREATE TABLE t (a int NOT NULL, b int NOT NULL); " +
      "INSERT INTO t VALUES (1, 1), (1, 2), (1, 1)",
    steps: `createTable("t", { a: "int NOT NULL", b: "int NOT NULL" }),
      addPrimaryKey("t", "t_pkey", "(a, b)"),`,
    says: "t_pkey  add primary key would fail: 2 rows repeat one another",
    rows: "ctid (0,1), (0,3)",
    code: "23505",
  },
  {
    title: "orphans under a coming foreign key, in several columns",
    before: `CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
      CREATE TABLE c (id int, k text, a int, b int, PRIMARY KEY (id, k));
      INSERT INTO p VALUES (1, 1), (1, 2);
      INSERT INTO c VALUES (1, 'x', 1, 1), (2, 'y', 1, 3), (3, 'z', NULL, 3)`,
    steps: `createTable("p", { a: "int NOT NULL", b: "int NOT NULL" }),
      addPrimaryKey("p", "p_pkey", "(a, b)"),
      createTable("c", { id: "int NOT NULL", k: "text NOT NULL", a: "int", b: "int" }),
      addPrimaryKey("c", "c_pkey", "(id, k)"),
      addForeignKey("c", "c_fkey", "(a, b) REFERENCES p (a, b)"),`,
    says: "c_fkey  add foreign key would fail: 1 row has no row in p",
    rows: "id, k (2, y)",
    code: "23503",
  },
  {
    title: "half a key under MATCH FULL",
    before: `CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
      CREATE TABLE c (id int PRIMARY KEY, a int, b int);
      INSERT INTO c VALUES (1, NULL, NULL), (2, NULL, 3)`,
    steps: `createTable("p", { a: "int NOT NULL", b: "int NOT NULL" }),
      addPrimaryKey("p", "p_pkey", "(a, b)"),
      createTable("c", { id: "int PRIMARY KEY", a: "int", b: "int" }),
      addForeignKey("c", "c_fkey", "(a, b) REFERENCES p (a, b) MATCH FULL"),`,
    says: "c_fkey  add foreign key would fail: 1 row has no row in p",
    rows: "id 2",
    code: "23503",
  },
  {
    title: "orphans in a table that refers to itself",
    before: PEOPLE,
    steps: people(`addForeignKey("people", "people_n_fkey",
      "(id) REFERENCES people (id)"), addColumn("people", "boss", "int"),
      backfill("people", { set: "boss = id + 1", where: "boss IS NULL" }),
      addForeignKey("people", "people_boss_fkey",
        "(boss) REFERENCES people (id)"),`),
    says: "people_boss_fkey  add foreign key would fail: 1 row has no row in " +
      "people",
    rows: "id 9",
    code: "23503",
  },
  {
    title: "rows that fail a coming check, but for NULL",
    before: `${PEOPLE} UPDATE people SET n = NULL WHERE id = 9`,
    steps: people('addCheck("people", "people_n_check", "n < 7"),'),
    says: "people_n_check  add check would fail: 2 rows fail it",
    rows: "id 7, 8",
    code: "23514",
  },
  {
    title: "rows that fail a check which is not validated",
    before: `${PEOPLE} ALTER TABLE people
      ADD CONSTRAINT people_n_check CHECK (n < 9) NOT VALID`,
    steps: people('addCheck("people", "people_n_check", "n < 9"),'),
    says: "people_n_check  validate constraint would fail: 1 row fails it",
    rows: "id 9",
    code: "23514",
  },
  {
    title: "rows that exclude one another",
    before: `CREATE TABLE b (id int PRIMARY KEY, during int4range);
      INSERT INTO b VALUES (1, '[1,5)'), (2, '[4,8)'), (3, '[8,9)')`,
    steps: `createTable("b", { id: "int PRIMARY KEY", during: "int4range" }),
      addExclusion("b", "b_during_excl", "USING gist (during WITH &&)"),`,
    says: "b_during_excl  add exclusion would fail: 2 rows conflict with one " +
      "another",
    rows: "id 1, 2",
    code: "23P01",
  },
  {
    title: "text that is not a number",
    before: `${PEOPLE} UPDATE people SET name = id WHERE id < 8`,
    steps: people('changeType("people", "name", "int", "name::int"),'),
    says:
      "people.name  change type from text would fail: 2 rows do not fit int",
    rows: "id 8, 9",
    code: "22P02",
  },
  {
    title: "numbers that are too large",
    before: `${PEOPLE} UPDATE people SET n = 3000000000 WHERE id = 8`,
    steps: people('changeType("people", "n", "int"),'),
    says:
      "people.n  change type from bigint would fail: 1 row does not fit int",
    rows: "id 8",
    code: "22003",
  },
  {
    title: "text that is too long",
    before: `${PEOPLE} UPDATE people SET name = 'longer' WHERE id = 8`,
    steps: people('changeType("people", "name", "varchar(4)"),'),
    says: "people.name  change type from text would fail: 1 row does not fit " +
      "varchar(4)",
    rows: "id 8",
    code: "22001",
  },
  {
    title: "text that a backfill makes numbers of, but for one",
    before: `${PEOPLE} UPDATE people SET name = id; UPDATE people
      SET name = CASE id WHEN 8 THEN 'x' ELSE '' END WHERE id > 7`,
    steps: people(`
      backfill("people", { set: "name = '0'", where: "name = ''" }),
      changeType("people", "name", "int", "name::int"),`),
    says:
      "people.name  change type from text would fail: 1 row does not fit int",
    rows: "id 8",
    code: "22P02",
  },
  {
    title: "text in two partitions",
    before: `CREATE TABLE people (id int, name text, n bigint, PRIMARY KEY (id))
        PARTITION BY LIST (id);
      CREATE TABLE p1 PARTITION OF people FOR VALUES IN (1);
      CREATE TABLE p2 PARTITION OF people FOR VALUES IN (2);
      INSERT INTO people VALUES (1, '1'), (2, 'bad')`,
    steps: people('changeType("people", "name", "int", "name::int"),'),
    says:
      "people.name  change type from text would fail: 1 row does not fit int",
    rows: "id 2",
    code: "22P02",
  },
  {
    title: "a reference row that repeats one that is there",
    before: "CREATE TABLE r (code text PRIMARY KEY, n int); " +
      "INSERT INTO r VALUES ('a', 1)",
    steps: `createTable("r", { code: "text PRIMARY KEY", n: "int" }),
      insertMissing("r", ["code"], [{ code: "b", n: 1 }]),
      addUnique("r", "r_n_key", "(n)"),`,
    says: "r_n_key  add unique would fail: 2 rows repeat one another",
    rows: "code a, b",
    code: "23505",
  },
  {
    title: "an orphan whose parent is not inserted after all",
    before: `CREATE TABLE r (id int PRIMARY KEY, name text);
      INSERT INTO r VALUES (1, 'admin'); CREATE TABLE c (id int PRIMARY KEY, r int);
      INSERT INTO c VALUES (1, 5)`,
    steps: `createTable("r", { id: "int PRIMARY KEY", name: "text" }),
      insertMissing("r", ["name"], [{ id: 5, name: "admin" }, { id: 6, name: "x" }]),
      createTable("c", { id: "int PRIMARY KEY", r: "int" }),
      addForeignKey("c", "c_fkey", "(r) REFERENCES r (id)"),`,
    says: "c_fkey  add foreign key would fail: 1 row has no row in r",
    rows: "id 1",
    code: "23503",
  },
  {
    title: "text that is no label of an enum that is there",
    before: `${PEOPLE} CREATE TYPE mood AS ENUM ('p1', 'p2', 'p3', 'p4', 'p5')`,
    steps: people(`createEnum("mood", ["p1", "p2", "p3", "p4", "p5"]),
      changeType("people", "name", "mood", "name::mood"),`),
    says:
      "people.name  change type from text would fail: 4 rows do not fit mood",
    rows: "id 6, 7, 8, …",
    code: "22P02",
  },
  {
    title: "text that is no label of an enum that the plan makes",
    before: PEOPLE,
    steps: people(`createEnum("mood", ["p1", "p2", "p3", "p4", "p5"]),
      changeType("people", "name", "mood", "name::mood"),`),
    says:
      "people.name  change type from text would fail: 4 rows do not fit mood",
    rows: "id 6, 7, 8, …",
    code: "22P02",
  },
];

for (const major of [14, 18] as const) {
  Deno.test(`a dry run counts the rows that violate, on ${major}`, async (t) => {
    for (
      const { title, before, steps, says, rows, code, since = 14 } of CASES
    ) {
      if (since > major) continue;
      await t.step(title, () =>
        onServer(major, async (url, sql) => {
          await sql.unsafe(before);
          const flags = ["--allow", "rewrite", "--allow", "blocking"];
          const dry = await sync(["--dry-run"], { url, steps });
          const found = dry.stdout.split("\n").filter((line) =>
            line.includes("would fail")
          );
          assert.deepEqual(
            found.map((line) => line.replaceAll(/ {2,}/g, "  ")),
            [`  ⚠ ${says}`],
          );
          assert.ok(dry.stdout.includes(`\n      rows      ${rows}\n`), rows);

          const apply = await sync(["--apply", ...flags], { url, steps });
          assert.equal(apply.code, 3, apply.stdout + apply.stderr);
          assert.match(apply.stderr, /nothing was written\n/);
          assert.ok(apply.stdout.includes("would fail"));
          const after = await sync(["--dry-run"], { url, steps });
          assert.deepEqual(digest(after.stdout), digest(dry.stdout));

          const args = ["--dry-run", "--format", "sql"];
          const script = await sync(args, { url, steps });
          assert.equal(await firstError(url, script.stdout), code);
        }));
    }
  });
}

function digest(stdout: string): string {
  return /Plan (\w+)/.exec(stdout)?.[1] ?? "";
}

Deno.test("the SQL that a probe prints lists the rows", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${PEOPLE} UPDATE people SET n = 1, name = 'x'`);
    const steps = people(`addUnique("people", "people_n_key", "(n)"),
      addCheck("people", "people_id_check", "id > 3"),`);
    const args = ["--dry-run", "--format", "json"];
    const { stdout } = await sync(args, { url, steps });
    const { issues } = JSON.parse(stdout).plan;
    const listed = [];
    for (const { details } of issues) {
      const { text } = details.find(({ label }: { label: string }) =>
        label === "query"
      );
      listed.push((await sql.unsafe(text)).map(({ key }) => key));
    }
    assert.deepEqual(listed, [
      ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
      ["1", "2", "3"],
    ]);
  }));

// ─── Rows that do not ──────────────────────────────────────────────────────

const FINE: [string, string, string][] = [
  [
    "NULLs that an earlier step fills",
    `${PEOPLE} UPDATE people SET name = NULL WHERE id < 5`,
    people(`
      backfill("people", { set: "name = 'none'", where: "name IS NULL" }),
      setNotNull("people", "name"),`),
  ],
  [
    "NULLs that a later step fills, since rows come first",
    `${PEOPLE} UPDATE people SET name = NULL WHERE id < 5`,
    people(`
      setNotNull("people", "name"),
      backfill("people", { set: "name = 'none', n = 2", where: "name IS NULL" }),
      addCheck("people", "people_name_check", "name <> '' AND n > 0"),`),
  ],
  [
    "a parent row that an earlier step inserts",
    `CREATE TABLE roles (name text PRIMARY KEY);
     CREATE TABLE users (id int PRIMARY KEY, role text);
     INSERT INTO users VALUES (1, 'admin'), (2, 'viewer')`,
    `createTable("roles", { name: "text PRIMARY KEY" }),
     insertMissing("roles", ["name"], [{ name: "admin" }, { name: "viewer" }]),
     createTable("users", { id: "int PRIMARY KEY", role: "text" }),
     addForeignKey("users", "users_role_fkey", "(role) REFERENCES roles (name)"),`,
  ],
  [
    "a parent table that the plan makes and fills",
    `CREATE TABLE users (id int PRIMARY KEY, role text);
     INSERT INTO users VALUES (1, 'admin'), (2, NULL)`,
    `createTable("roles", { name: "text PRIMARY KEY", note: "text" }),
     insertMissing("roles", ["name"], [{ name: "admin", note: "all" }]),
     createTable("users", { id: "int PRIMARY KEY", role: "text" }),
     addForeignKey("users", "users_role_fkey", "(role) REFERENCES roles (name)"),`,
  ],
  [
    "a table and a column that the plan renames",
    `CREATE TABLE person (id int PRIMARY KEY, nick text);
     INSERT INTO person VALUES (1, 'a'), (2, NULL)`,
    `createTable("people", { id: "int PRIMARY KEY", name: "text" }),
     renameTable("person", "people"),
     renameColumn("people", "nick", "name"),
     backfill("people", { set: "name = id::text", where: "name IS NULL" }),
     setNotNull("people", "name"),
     addUnique("people", "people_name_key", "(name)"),`,
  ],
  [
    "a new column with its default under a check",
    PEOPLE,
    people(`addColumn("people", "level", "int NOT NULL DEFAULT 3"),
      addCheck("people", "people_level_check", "level > n - 7"),`),
  ],
  [
    "a column that is filled from another that is new",
    PEOPLE,
    people(`addColumn("people", "first", "text NOT NULL DEFAULT 'a'"),
      addColumn("people", "label", "text"),
      backfill("people", { set: "label = first || id", where: "label IS NULL" }),
      setNotNull("people", "label"),
      addUnique("people", "people_label_key", "(label)"),`),
  ],
  [
    "a new number as the key",
    "CREATE TABLE people (name text); INSERT INTO people VALUES ('a'), ('b')",
    `createTable("people", { name: "text" }),
     addColumn("people", "id", "bigint GENERATED ALWAYS AS IDENTITY"),
     addPrimaryKey("people", "people_pkey", "(id)"),
     addColumn("people", "num", "serial"),
     addCheck("people", "people_num_check", "num IS NOT NULL"),`,
  ],
  [
    "a parent whose name needs quotes, filled by a backfill",
    `CREATE TABLE "Par Ent" (id int PRIMARY KEY, "Ref Key" int);
     INSERT INTO "Par Ent" VALUES (1, NULL);
     CREATE UNIQUE INDEX "Ref idx" ON "Par Ent" ("Ref Key");
     CREATE TABLE c (id int PRIMARY KEY, r int); INSERT INTO c VALUES (1, 7)`,
    `createTable("Par Ent", { id: "int PRIMARY KEY", "Ref Key": "int" }),
     createIndex("Par Ent", "Ref idx", 'UNIQUE ("Ref Key")'),
     backfill("Par Ent", { set: '"Ref Key" = 7', where: '"Ref Key" IS NULL' }),
     createTable("c", { id: "int PRIMARY KEY", r: "int" }),
     addForeignKey("c", "c_fkey", '(r) REFERENCES "Par Ent" ("Ref Key")'),`,
  ],
  [
    "a backfill that another makes necessary",
    `${PEOPLE} UPDATE people SET name = 'old'`,
    people(`addColumn("people", "flag", "text"),
      backfill("people", { set: "name = 'new'", where: "name = 'old'" }),
      backfill("people", { set: "flag = 'x'",
        where: "name = 'new' AND flag IS NULL" }),
      setNotNull("people", "flag"),`),
  ],
  [
    "two NOT NULL columns that one backfill fills",
    PEOPLE,
    people(`addColumn("people", "x", "int NOT NULL"),
      addColumn("people", "y", "int NOT NULL"),
      backfill("people", { set: "x = 1, y = 2",
        where: "x IS NULL OR y IS NULL" }),`),
  ],
  [
    "two columns that one backfill fills",
    PEOPLE,
    people(`addColumn("people", "first", "text"),
      addColumn("people", "last", "text"),
      backfill("people", { set: "first = name, last = 'of ' || name",
        where: "first IS NULL OR last IS NULL" }),
      setNotNull("people", "first"), setNotNull("people", "last"),`),
  ],
  [
    "a column of a new enum under a check",
    PEOPLE,
    people(`createEnum("mood", ["sad", "ok"]),
      addColumn("people", "mood", "mood NOT NULL DEFAULT 'ok'"),
      addCheck("people", "people_mood_check", "mood <> 'sad' OR n > 3"),`),
  ],
];

for (const major of [14, 18] as const) {
  Deno.test(`no alarm where rows will be fine, on ${major}`, async (t) => {
    for (const [title, before, steps] of FINE) {
      await t.step(title, () =>
        onServer(major, async (url, sql) => {
          await sql.unsafe(before);
          const dry = await sync(["--dry-run"], { url, steps });
          assert.doesNotMatch(dry.stdout, /⚠/, dry.stdout);
          const args = ["--apply", "--allow", "rename", "--allow", "rewrite"];
          const { code, stdout, stderr } = await sync(args, { url, steps });
          assert.equal(code, 0, stdout + stderr);
        }));
    }
  });
}

// ─── What could not be looked at ───────────────────────────────────────────

const SLOW = `CREATE FUNCTION slow(int) RETURNS boolean LANGUAGE plpgsql
    IMMUTABLE AS 'BEGIN PERFORM pg_sleep(0.4); RETURN true; END';
  CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3), (4)`;

Deno.test("a probe that runs out of time says so, and stops no apply", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(SLOW);
    const steps = `createTable("t", { id: "int PRIMARY KEY" }),
      addCheck("t", "t_check", "slow(id)"),
      addCheck("t", "t_id_check", "id < 5"),`;
    const args = ["--dry-run", "--probe-timeout", "1s"];
    const { stdout } = await sync(args, { url, steps });
    assert.match(
      stdout,
      /⚠ t_check +add check was not checked\n +why +it took longer than --probe-timeout\n +query +SELECT/,
    );
    assert.doesNotMatch(stdout, /would fail|⚠ t_id_check/);
    const apply = ["--apply", "--probe-timeout", "1s"];
    const { code, stderr } = await sync(apply, { url, steps });
    assert.equal(code, 0, stderr);
  }));

Deno.test("what a plan's rows will be is not guessed", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE roles (id int GENERATED ALWAYS AS IDENTITY
        PRIMARY KEY, name text);
      CREATE TABLE users (id int PRIMARY KEY, role int);
      INSERT INTO users VALUES (1, 1)`);
    const steps = `createTable("roles", {
        id: "int GENERATED ALWAYS AS IDENTITY PRIMARY KEY", name: "text" }),
      insertMissing("roles", ["name"], [{ name: "admin" }]),
      createTable("users", { id: "int PRIMARY KEY", role: "int" }),
      addForeignKey("users", "users_role_fkey", "(role) REFERENCES roles (id)"),`;
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.match(stdout, /was not checked\n +why +its outcome depends on/);
    const { code, stderr } = await sync(["--apply"], { url, steps });
    assert.equal(code, 0, stderr);
  }));

Deno.test("a look at other tables that change is not guessed", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE orgs (id int PRIMARY KEY, slug text);
      CREATE TABLE u (id int PRIMARY KEY, org int, s text,
        g text GENERATED ALWAYS AS (lower(s)) STORED);
      INSERT INTO u VALUES (1, NULL), (2, NULL)`);
    const steps = `createTable("orgs", { id: "int PRIMARY KEY", slug: "text" }),
      insertMissing("orgs", ["id"], [{ id: 1, slug: "default" }]),
      createTable("u", { id: "int PRIMARY KEY", org: "int", s: "text",
        g: "text GENERATED ALWAYS AS (lower(s)) STORED" }),
      backfill("u", { set: "org = (SELECT o.id FROM orgs o LIMIT 1), s = 'S'",
        where: "org IS NULL" }),
      setNotNull("u", "org"), setNotNull("u", "g"),`;
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.equal(
      stdout.match(/not checked\n +why +its outcome depends on/g)?.length,
      2,
    );
    assert.doesNotMatch(stdout, /would fail/);
    assert.equal((await sync(["--apply"], { url, steps })).code, 0);
  }));

Deno.test("rows that row level security hides are an error", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${PEOPLE} UPDATE people SET name = NULL WHERE id = 3;
      CREATE ROLE lim LOGIN; ALTER TABLE people OWNER TO lim;
      GRANT ALL ON SCHEMA public TO lim;
      ALTER TABLE people ENABLE ROW LEVEL SECURITY;
      ALTER TABLE people FORCE ROW LEVEL SECURITY`);
    const steps = people('setNotNull("people", "name"),');
    const as = url.replace("postgres@", "lim@");
    const { code, stderr } = await sync(["--apply"], { url: as, steps });
    assert.equal(code, 1);
    assert.match(stderr, /affected by row-level security[^]*BYPASSRLS/);
    await sql.unsafe("DROP OWNED BY lim; DROP ROLE lim");
  }));

Deno.test("an error in a probe tells no value", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${PEOPLE} UPDATE people SET name = 'secret-word'`);
    const steps = people('addCheck("people", "c", "name::int > 0"),');
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.match(stdout, /was not checked\n +why +invalid input syntax/);
    assert.doesNotMatch(stdout, /secret-word/);
  }));

Deno.test("an error in a probe is told, and the others go on", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${PEOPLE} UPDATE people SET n = 0 WHERE id = 1`);
    const steps = people(`addCheck("people", "people_n_check", "9 / n > 0"),
      addCheck("people", "people_id_check", "id > 1"),`);
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.match(
      stdout,
      /people_n_check +add check was not checked\n +why +division/,
    );
    assert.match(
      stdout,
      /people_id_check +add check would fail: 1 row fails it/,
    );
  }));

// ─── Names and values that bite ────────────────────────────────────────────

const BITING = `x"; DROP TABLE keep; --'`;

Deno.test("names and values in probes are no SQL", () =>
  onServer(18, async (url, sql) => {
    const id = `"${BITING.replaceAll('"', '""')}"`;
    const text = `'${BITING.replaceAll("'", "''")}'`;
    await sql.unsafe(`CREATE TABLE keep (); CREATE TABLE ${id} (
        ${id} text PRIMARY KEY, other text);
      INSERT INTO ${id} VALUES (${text}, ${text}), ('b', ${text}), ('c', NULL)`);
    const name = JSON.stringify(BITING);
    const steps = `createTable(${name}, { [${name}]: "text PRIMARY KEY",
        other: "text NOT NULL" }),
      addUnique(${name}, "other_key", "(other)"),
      addCheck(${name}, "other_check", ${JSON.stringify(`other <> ${text}`)}),
      addForeignKey(${name}, "other_fkey", ${
      JSON.stringify(`(other) REFERENCES ${id} (${id})`)
    }),
      backfill(${name}, { set: ${JSON.stringify(`other = ${text}`)},
        where: "other IS NULL" }),
      insertMissing(${name}, [${name}], [{ [${name}]: "'; DROP TABLE keep",
        other: "\\\\'" }]),`;
    const args = ["--dry-run", "--format", "json"];
    const { stdout, stderr } = await sync(args, { url, steps });
    assert.equal(stderr, "");
    const { issues } = JSON.parse(stdout).plan;
    assert.deepEqual(issues.map(({ text }: { text: string }) => text), [
      "add unique would fail: 3 rows repeat one another",
      "add check would fail: 3 rows fail it",
      `add foreign key would fail: 1 row has no row in ${BITING}`,
    ]);
    assert.equal((await sql`SELECT to_regclass('keep') AS t`)[0]!.t, "keep");
  }));

// ─── The situation ─────────────────────────────────────────────────────────

Deno.test("a dry run tells who stands in the way", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${PEOPLE} CREATE TABLE other (id int);
      ALTER TABLE people ADD CONSTRAINT odd CHECK (n <> 4) NOT VALID;
      CREATE INDEX people_old_idx ON people (n);
      UPDATE pg_index SET indisvalid = false
        WHERE indexrelid = 'people_old_idx'::regclass`);
    const steps = people('createIndex("people", "people_name_idx", "(name)"),');
    const reader = connect(url), sync_ = connect(url);
    try {
      await reader.unsafe("BEGIN; SELECT FROM people");
      await sync_.unsafe(
        "BEGIN; SELECT pg_advisory_xact_lock(7236511998345071977)",
      );
      const args = ["--dry-run", "--lock-timeout", "1ms"];
      let stdout = "";
      await until(async () => {
        stdout = (await sync(args, { url, steps })).stdout;
        return stdout.includes("open transaction");
      }, "the transaction is old enough");
      const [, situation = ""] = stdout.split("\nSituation\n");
      assert.match(
        situation,
        /⚠ people +is in use by an open transaction\n +who +pid \d+ \(/,
      );
      assert.match(situation, /⚠ another sync +is applying\n/);
      assert.match(situation, /⚠ people_old_idx +is INVALID/);
      assert.match(situation, /⚠ people.odd +is not validated/);
      const none = `createTable("other", { id: "int", more: "text" }),`;
      const elsewhere = await sync(args, { url, steps: none });
      assert.doesNotMatch(elsewhere.stdout, /people/);
    } finally {
      await reader.end({ timeout: 1 });
      await sync_.end({ timeout: 1 });
    }
    const { code, stdout } = await sync(["--apply"], { url, steps });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /⚠ people_old_idx +is INVALID/);
  }));

Deno.test("a dry run tells of an autovacuum that does not give way", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${PEOPLE} INSERT INTO people
      SELECT i, repeat('x', 500), i FROM generate_series(10, 2000) i`);
    const steps = people('createIndex("people", "people_name_idx", "(name)"),');
    // What autovacuum calls itself then, in a vacuum that takes its time.
    const vacuum = connect(url);
    await vacuum.unsafe("SET vacuum_cost_delay = 100");
    await vacuum.unsafe("SET vacuum_cost_limit = 1");
    const running = vacuum.unsafe("VACUUM people /* to prevent wraparound */")
      .catch(() => {});
    try {
      await until(async () => {
        const rows = await sql`SELECT FROM pg_stat_progress_vacuum`;
        return rows.length > 0;
      }, "the vacuum is under way");
      const { stdout } = await sync(["--dry-run"], { url, steps });
      assert.match(stdout, /⚠ people +is in autovacuum that does not give way/);
    } finally {
      await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_progress_vacuum`;
      await running;
      await vacuum.end({ timeout: 1 });
    }
  }));

Deno.test("conflicts are shown part by part, with the steps that mend them", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${PEOPLE}
      CREATE INDEX people_name_idx ON people (name DESC) WHERE n > 1;
      ALTER TABLE people ADD CONSTRAINT people_n_check CHECK (n > 0)`);
    const index = 'createIndex("people", "people_name_idx", "UNIQUE (name)")';
    const check = 'addCheck("people", "people_n_check", "n > 1")';
    const { stdout } = await sync(["--dry-run"], {
      url,
      steps: people(`${index}, ${check},`),
    });
    const flat = stdout.replaceAll(/\s+/g, " ");
    for (
      const part of [
        "⚠ people_name_idx is a different index: columns, kind, predicate",
        "differs columns: name, in the database name DESC",
        "differs predicate: none, in the database (n > 1)",
        "⚠ people_n_check is a different constraint: condition",
        "differs condition: (n > 1), in the database (n > 0)",
      ]
    ) assert.ok(flat.includes(part), `${part}\n${stdout}`);
    const mends = [...flat.matchAll(/ fix (.*?),(?= [ℹ⚠✓])/g)]
      .map(([, mend]) => mend);
    assert.equal(mends.length, 2);
    const steps = people(`${mends.join(", ")},`);
    const mended = await sync([
      "--apply",
      "--allow",
      "drop:people_name_idx",
      "--allow",
      "drop:people.people_n_check",
      "--skip",
      "people_n_check_new",
    ], {
      url,
      steps,
    });
    assert.equal(mended.code, 0, mended.stdout + mended.stderr);
  }));
