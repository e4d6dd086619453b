/**
 * What a run says is so; it repeats no value of a row, and nothing that others
 * wrote commands whoever reads it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect, MAJORS, serversOnDemand, sync, until } from "./helpers.ts";

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
    assert.match(
      stdout,
      /big has \d\.\d MB of rows that PostgreSQL never counted/,
    );
    assert.doesNotMatch(stdout, /about 0 rows/);
    const json = await sync(["--dry-run", "--format", "json"], { url, steps });
    const [change] = JSON.parse(json.stdout).plan.changes;
    assert.equal(change.tables[0].rows, null);

    await sql.unsafe("ANALYZE big");
    const after = await sync(["--dry-run"], { url, steps });
    assert.match(after.stdout, /big has about 10,000 rows, \d\.\d MB/);
  }));

// ─── Checks that do not answer ─────────────────────────────────────────────

const ANSWERS: [check: string, says: RegExp | boolean][] = [
  ["true", true],
  ["false", false],
  ["EXISTS (SELECT 1) -- a comment at the end", true],
  ["(SELECT count(*) = 0 FROM nosuch)", false],
  ["nosuch(1)", false],
  ["NULL", /returns NULL/],
  ["NULL::boolean", /returns NULL/],
  ["(SELECT true WHERE false)", /returns NULL/],
  ["obj_description(to_regclass('t'), 'pg_class') = 'v1'", /returns NULL/],
  ["bool_and(NULL)", /returns NULL/],
  ["1", /returns integer/],
  ["'true'", /returns text/],
  ["'secret-word'", /returns text/],
  ["to_jsonb(true)", /returns jsonb/],
  ["(SELECT ROW(true))", /returns record/],
  ["to_regclass('pg_class')", /returns regclass/],
];

Deno.test("a check answers true or false, or nothing is written", async (t) => {
  for (const major of [OLDEST, NEWEST]) {
    await withDatabase(major, async (url, sql) => {
      for (const [check, says] of ANSWERS) {
        await t.step(`${check}, on ${major}`, async () => {
          await sql.unsafe("DROP TABLE IF EXISTS first");
          const steps = `createTable("first", { id: "int" }),
            step("odd", { check: ${JSON.stringify(check)},
              alter: "SELECT 1" }),`;
          const dry = await sync(["--dry-run"], { url, steps });
          if (typeof says === "boolean") {
            assert.equal(dry.code, 0, dry.stderr);
            assert.equal(/ℹ odd/.test(dry.stdout), !says, dry.stdout);
            return;
          }
          assert.equal(dry.code, 1, dry.stdout);
          assert.match(dry.stderr, /check of step "odd" in section "Steps"/);
          assert.match(dry.stderr, says);
          assert.doesNotMatch(dry.stderr, /secret-word/);
          const apply = await sync(["--apply"], { url, steps });
          assert.equal(apply.code, 1);
          const [row] = await sql`SELECT to_regclass('first') AS made`;
          assert.equal(row?.made, null);
        });
      }
    });
  }
});

const SLOW = `CREATE FUNCTION slow(int) RETURNS boolean LANGUAGE plpgsql
    IMMUTABLE AS 'BEGIN PERFORM pg_sleep(3); RETURN true; END';
  CREATE TABLE t (id int PRIMARY KEY, a int);
  INSERT INTO t VALUES (1, 1)`;
const TABLE_T = `createTable("t", { id: "int PRIMARY KEY", a: "int" })`;

/** What holds the table for as long as the run looks. */
const HELD = "BEGIN; LOCK TABLE t";

const LATE: [title: string, step: string, object: RegExp, held?: string][] = [
  [
    "a check",
    `step("late", { check: "slow(1)", alter: "UPDATE t SET a = a + 1" })`,
    /⚠ late +was not checked\n +why .*\n +query +SELECT \(slow\(1\)\)/,
  ],
  [
    "whether a backfill has rows",
    `backfill("t", { set: "a = a + 1", where: "slow(a)" })`,
    /⚠ t\.a +was not checked\n +why .*\n +query +SELECT EXISTS .*slow\(a\)/,
  ],
  [
    "whether a table is empty",
    `addColumn("t", "b", "int NOT NULL")`,
    /⚠ t\.b +was not checked\n +why .*\n +query +SELECT \(NOT EXISTS/,
    HELD,
  ],
  [
    "which rows are missing",
    `insertMissing("t", ["id"], [{ id: 1, a: 2 }, { id: 2, a: 2 }])`,
    /⚠ t +was not checked\n +why .*\n +query +SELECT coalesce/,
    HELD,
  ],
  [
    "how large a table is",
    `addCheck("t", "t_a_check", "a > 0")`,
    /⚠ t_a_check +was not checked/,
    HELD,
  ],
];

Deno.test("what ran out of time is not known, and stops an apply", async (t) => {
  for (const [title, step, says, held] of LATE) {
    await t.step(title, () =>
      withDatabase(NEWEST, async (url, sql) => {
        await sql.unsafe(SLOW);
        const steps = `createTable("first", { id: "int" }), ${TABLE_T},
          ${step},`;
        const other = connect(url);
        try {
          if (held) await other.unsafe(held);
          const args = ["--probe-timeout", "300ms"];
          const dry = await sync(["--dry-run", ...args], { url, steps });
          assert.match(dry.stdout, says);
          assert.match(dry.stdout, /fix +raise --probe-timeout, or \w+/);
          assert.match(dry.stdout, /ℹ first +create table/);
          assert.match(dry.stdout, /fix what needs a look/);
          const apply = await sync(["--apply", ...args], { url, steps });
          assert.equal(apply.code, 3, apply.stderr);
          assert.match(apply.stdout, says);
          assert.match(apply.stderr, /1 thing above needs a look; nothing was/);
        } finally {
          await other.end({ timeout: 1 });
        }
        const [row] = await sql`SELECT to_regclass('first') AS made,
          (SELECT sum(a) FROM t)::int AS sum`;
        assert.deepEqual({ ...row }, { made: null, sum: 1 });
        // Given the time, it is looked at after all.
        const after = await sync(["--dry-run"], { url, steps });
        assert.doesNotMatch(after.stdout, /not checked/);
      }));
  }
});

// ─── Values of rows ────────────────────────────────────────────────────────

const PRIVATE = `CREATE TYPE mood AS ENUM ('sad');
  CREATE TABLE parents (id text PRIMARY KEY);
  CREATE TABLE people (id int PRIMARY KEY, secret text, role text NOT NULL,
    other text UNIQUE, parent text REFERENCES parents, n int, m mood, j jsonb,
    CONSTRAINT short CHECK (length(other) < 99));
  INSERT INTO people VALUES (1, 'ada@hidden.example "or" :leak ( & hidden',
    'x'), (2, 'ada@hidden.example "or" :leak ( & hidden', 'x');
  CREATE VIEW few AS SELECT * FROM people WHERE other IS NULL
    WITH CHECK OPTION;`;

/** A trigger whose own words hold values. */
const raising = (options: string) =>
  `CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'no % here', NEW.secret ${options};
    END $$;
  CREATE TRIGGER guard BEFORE UPDATE ON people FOR EACH ROW
    EXECUTE FUNCTION guard();`;

const set = (value: string) =>
  `backfill("people", { set: ${JSON.stringify(value)}, where: "n IS NULL" })`;
const run = (alter: string) =>
  `step("odd", { check: "false", alter: ${JSON.stringify(alter)} })`;

interface Leak {
  title: string;
  before?: string;
  step: string;
  says: RegExp;
}

const LEAKS: Leak[] = [
  { title: "null", step: set("role = NULL"), says: /"role" of relation "peo/ },
  {
    title: "a duplicate",
    step: set("other = secret"),
    says: /"people_other_key" \(SQLSTATE 23505[^]*: people_other_key of people/,
  },
  {
    title: "a missing parent",
    step: set("parent = secret"),
    says: /"people" violates foreign key constraint "people_parent_fkey"/,
  },
  {
    title: "a check",
    step: set("other = repeat(secret, 9)"),
    says: /relation "people" violates check constraint "short"/,
  },
  {
    title: "a view's check",
    step: run("UPDATE few SET other = secret || id"),
    says: /check option for view "few"/,
  },
  {
    title: "a number",
    step: set("n = secret::int"),
    says: /invalid input syntax for type integer: … \(SQLSTATE 22P02/,
  },
  {
    title: "a label",
    step: set("m = secret::mood"),
    says: /invalid input value for enum mood: …/,
  },
  {
    title: "JSON, with its context",
    step: set("j = secret::jsonb"),
    says: /invalid input syntax for type json \(SQLSTATE 22P02/,
  },
  {
    title: "a date",
    step: set("other = secret::date"),
    says: /type date: …/,
  },
  {
    title: "a search",
    step: set("other = to_tsquery(secret)"),
    says: /syntax error in tsquery: … \(SQLSTATE 42601/,
  },
  {
    title: "a relation that is named by a value",
    step: set("n = split_part(secret, '@', 1)::regclass::oid::int"),
    says: /relation … does not exist/,
  },
  {
    title: "bytes",
    step: set("other = convert_from(decode('ff', 'hex'), 'UTF8')"),
    says: /invalid byte sequence for encoding "UTF8": …/,
  },
  {
    title: "a trigger",
    before: raising(""),
    step: set("n = 1"),
    says: /raised an exception \(SQLSTATE P0001[^]*Raised by PL\/pgSQL .*guard/,
  },
  {
    title: "a trigger with details and a code",
    before: raising(
      "USING ERRCODE = '23505', DETAIL = NEW.secret, HINT = NEW.secret",
    ),
    step: set("n = 1"),
    says: /raised an exception \(SQLSTATE 23505/,
  },
  {
    title: "a check of a step",
    step: `step("odd", { check: "(SELECT bool_or(secret::int > 0) FROM people)",
      alter: "SELECT 1" })`,
    says: /check of step "odd" in section "Steps" failed: .* integer: …/,
  },
];

Deno.test("no value of a row is in an error, whatever the format", async (t) => {
  for (const { title, before = "", step, says } of LEAKS) {
    await t.step(title, () =>
      withDatabase(NEWEST, async (url, sql) => {
        await sql.unsafe(PRIVATE + before);
        const text = await sync(["--apply"], { url, steps: step });
        assert.equal(text.code, 1, text.stdout);
        assert.match(text.stderr, says);
        for (const format of ["json", "markdown"]) {
          const args = ["--apply", "--format", format];
          const output = await sync(args, { url, steps: step });
          text.stdout += output.stdout + output.stderr;
        }
        assert.doesNotMatch(text.stdout + text.stderr, /hidden|ada\b|leak/);
      }));
  }
});

const SHOWN: [title: string, step: string, says: RegExp, before?: string][] = [
  ["a literal of the step", set("n = 'six'::int"), /type integer: "six"/],
  [
    "what a step's own block says",
    run("DO $$ BEGIN RAISE EXCEPTION 'first mend the orders'; END $$"),
    /failed: first mend the orders \(SQLSTATE P0001/,
  ],
  [
    "what depends on it",
    run("DROP TABLE parents"),
    /2BP01[^]*people_parent_fkey on table people depends[^]*Use DROP \.\.\./,
  ],
  [
    "the hint of the server",
    set("n = 1"),
    /set REPLICA IDENTITY using ALTER TABLE/,
    "CREATE PUBLICATION p FOR ALL TABLES; ALTER TABLE people REPLICA IDENTITY NOTHING",
  ],
  [
    "a column that is spelled wrong",
    set("n = peple.id"),
    /missing FROM-clause entry for table "peple"/,
  ],
  [
    "what a trigger's function lacks",
    set("n = 1"),
    /relation "audit" does not exist/,
    `CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO audit VALUES (1); RETURN NEW; END';
    CREATE TRIGGER log BEFORE UPDATE ON people FOR EACH ROW
      EXECUTE FUNCTION log()`,
  ],
];

Deno.test("what is no value stays in an error", async (t) => {
  for (const [title, step, says, before = ""] of SHOWN) {
    await t.step(title, () =>
      withDatabase(NEWEST, async (url, sql) => {
        await sql.unsafe(PRIVATE + before);
        const { stderr } = await sync(["--apply"], { url, steps: step });
        assert.match(stderr, says);
      }));
  }
});

Deno.test("a constraint that rows violate after all names the rows' query", () =>
  withDatabase(NEWEST, async (url, sql) => {
    // Where it was not looked at before.
    await sql.unsafe(`CREATE TABLE t (id int PRIMARY KEY, a int, b int);
      INSERT INTO t VALUES (1, 1, 1), (7, NULL, 1)`);
    const steps = `createTable("t", { id: "int PRIMARY KEY", a: "int NOT NULL",
        b: "int" }),
      backfill("t", { set: "b = (SELECT max(a) FROM u), a = NULL",
        where: "b = 1" }),
      createTable("u", { a: "int" }),`;
    const { stderr } = await sync(["--apply"], { url, steps });
    const [, query = ""] = /The rows: (SELECT .*)/.exec(stderr) ?? [];
    assert.notEqual(query, "", stderr);
    const rows = await sql.unsafe(query);
    assert.ok(rows.some(({ key }) => key === "7"), query);
  }));

const QUERIES: [query: string, shown: string][] = [
  ["SELECT id FROM people WHERE secret = 'hidden-1'", "WHERE secret = ..."],
  ["SELECT 77001, secret FROM people", "SELECT ..."],
  ["SELECT id FROM people WHERE secret = $$hidden$$", "WHERE secret = ..."],
  ["SELECT id FROM people WHERE secret=E'hid\\'den'", "WHERE secret=..."],
  ["SELECT id FROM people WHERE secret IN (U&'hidden')", "secret IN (..."],
  ["/* user=hidden */ SELECT id FROM people", ": ..."],
  ["SELECT id FROM people -- hidden", "FROM people ..."],
  [`SELECT id AS "hidden" FROM people`, "SELECT id AS ..."],
  ["SELECT id FROM people WHERE id = -77001", "WHERE id = ..."],
  ["SELECT id FROM people", "SELECT id FROM people"],
];

Deno.test("the query of another session is shown without a literal", () =>
  withDatabase(NEWEST, async (url, sql) => {
    await sql.unsafe("CREATE TABLE people (id int, secret text)");
    const steps = `createTable("people", { id: "int", secret: "text" }),
      addCheck("people", "c", "id > 0")`;
    for (const [query, shown] of QUERIES) {
      const other = connect(url);
      try {
        await other.unsafe("BEGIN");
        await other.unsafe(query);
        const args = ["--dry-run", "--lock-timeout", "1ms"];
        let stdout = "";
        await until(async () => {
          stdout = (await sync(args, { url, steps })).stdout;
          return stdout.includes("open transaction");
        }, "the transaction is old enough");
        const flat = stdout.replaceAll(/\s+/g, " ");
        assert.ok(flat.includes(shown), `${query}: ${stdout}`);
        assert.doesNotMatch(stdout, /hidden|hid|77001/);
      } finally {
        await other.end({ timeout: 1 });
      }
    }
  }));

// ─── Passwords ─────────────────────────────────────────────────────────────

const PASSWORD = 'p@ss /w"ö\\<&rd:%20';

Deno.test("a password is hidden in any form of it", async (t) => {
  const forms = [
    PASSWORD,
    encodeURIComponent(PASSWORD),
    encodeURIComponent(PASSWORD).toLowerCase(),
    encodeURI(PASSWORD),
    PASSWORD.replace("@", "%40"),
    "postgres://bob:other@host/",
  ];
  await withDatabase(NEWEST, async (url) => {
    const given = url.replace("@", `:${encodeURIComponent(PASSWORD)}@`);
    for (const form of forms) {
      await t.step(form, async () => {
        const check = `'${form}'::int = 1`;
        const steps = `step("a", { check: ${JSON.stringify(check)},
          alter: "SELECT 1" })`;
        for (const format of ["text", "json", "markdown", "sql"]) {
          const args = ["--dry-run", "--format", format];
          const { stdout, stderr } = await sync(args, { url: given, steps });
          const all = stdout + stderr;
          assert.match(all, /\*\*\*/);
          assert.doesNotMatch(all, /p(@|%40)ss|&rd|:other@/i);
        }
      });
    }
    await t.step("in what steps say", async () => {
      const steps = forms.map((form, i) =>
        `step("a${i}", { check: "to_regclass('a${i}') IS NOT NULL",
          alter: ${JSON.stringify(`SELECT '${form}'`)} })`
      ).join();
      for (const format of ["text", "json", "markdown", "html"]) {
        const args = ["--dry-run", "--format", format];
        const { stdout } = await sync(args, { url: given, steps });
        assert.equal(stdout.match(/SELECT .*\*\*\*/g)?.length, forms.length);
        assert.doesNotMatch(stdout, /p(@|%40)ss|&rd|:other@/i);
      }
      // As words of prose, which Markdown takes one by one.
      const words = `assert("a", "false", ${JSON.stringify(PASSWORD)})`;
      const args = ["--dry-run", "--format", "markdown"];
      const { stdout } = await sync(args, { url: given, steps: words });
      assert.match(stdout, /does not hold: `\*\*\*`/);
    });
    await t.step("a name that is the password as well stays", async () => {
      const same = url.replace("@", ":postgres@");
      const steps = `createTable("postgres_1", { id: "int" })`;
      const args = ["--dry-run", "--format", "json"];
      const { stdout } = await sync(args, { url: same, steps });
      assert.match(stdout, /CREATE TABLE postgres_1/);
      const column = url.replace("@", ":a_column@");
      const named = `createTable("t", { a_column: "int" })`;
      const text = await sync(["--dry-run"], { url: column, steps: named });
      assert.match(text.stdout, /a_column int/);
    });
  });
});

// ─── The look at the end ───────────────────────────────────────────────────

const OTHER_TYPE = `createTable("a", { id: "int" }),
  step("other", { check: \`EXISTS (SELECT FROM pg_attribute WHERE attname = 'id'
      AND attrelid = to_regclass('a') AND atttypid = 'text'::regtype)\`,
    alter: "ALTER TABLE a ALTER id TYPE text" })`;

const ENDS: [title: string, steps: string, code: number, says: RegExp][] = [
  [
    "a conflict that the plan makes",
    OTHER_TYPE,
    1,
    /⚠ a\.id +has a different type[^]*1 thing needs a look after.* a\.id has a d/,
  ],
  [
    "what the plan takes from a step",
    `createTable("b", { id: "int" }), createIndex("b", "b_idx", "(id)"),
    step("gone", { check: "to_regclass('b') IS NULL", alter: "DROP TABLE b" })`,
    1,
    /\d statements? would still run after this apply/,
  ],
  [
    "a conflict that is told and allowed",
    `createTable("c", { id: "int" }), createTable("a", { id: "int" })`,
    0,
    /⚠ c\.id +has a different type|1 conflict left unchanged/,
  ],
  [
    "a check that has become slow",
    `createTable("a", { id: "int" }), step("slow", { check:
      "to_regclass('a') IS NOT NULL AND (SELECT pg_sleep(3) IS NOT NULL)",
      alter: "SELECT 1" })`,
    1,
    /1 thing needs a look after this apply, the first: slow was not checked/,
  ],
  [
    "a check that fails from then on",
    `createTable("a", { id: "int" }), step("odd", { check:
      "CASE WHEN to_regclass('a') IS NULL THEN false END", alter: "SELECT 1" })`,
    1,
    /check of step "odd" in section "Steps" returns NULL/,
  ],
];

Deno.test("an apply says what a dry run after it would say", async (t) => {
  for (const [title, steps, code, says] of ENDS) {
    await t.step(title, () =>
      withDatabase(NEWEST, async (url, sql) => {
        await sql.unsafe("CREATE TABLE c (id text)");
        const allow = /"c"/.test(steps) ? ["--allow", "conflict"] : [];
        const args = ["--probe-timeout", "1s", ...allow];
        const apply = await sync(["--apply", ...args], { url, steps });
        const all = apply.stdout + apply.stderr;
        assert.equal(apply.code, code, all);
        assert.match(all, says);
        if (code === 0) return assert.match(all, /Applied plan/);
        assert.match(apply.stderr, /Committed: all \d statements? of the plan/);
        assert.match(apply.stdout, /To undo it/);
        assert.doesNotMatch(all, /nothing is left|[Nn]othing was/);
        const dry = ["--dry-run", "--detailed-exitcode", ...args];
        assert.notEqual((await sync(dry, { url, steps })).code, 0);
      }));
  }
});

// ─── Data that would be commands ───────────────────────────────────────────

/** What terminals, CI services, Markdown and SQL read, to be mixed. */
const BITES = [
  "\n",
  "\n::error::x",
  "::set-output name=a::b",
  "\n  ::warning file=a::",
  "##[error]x",
  "##vso[task.complete]",
  "##teamcity[x]",
  "\r",
  "\t",
  "\x07",
  "\x1b[31m",
  "\x1b]0;x\x07",
  "\x7f",
  "\u0085",
  "\u009b31m",
  "\u2028",
  "\u202e",
  "\u2066",
  "\u200b",
  "\u200d",
  "\ufeff",
  "\u00ad",
  "\u{e0041}",
  "\u3164",
  "`",
  "``",
  "```\n",
  "|",
  "\\",
  "\\|",
  "<img src=x>",
  "](http://x.y)",
  "![a",
  "@everyone",
  " www.x.y ",
  "https://x.y",
  "#1",
  "*",
  "_",
  "'",
  '"',
  "$$",
  "--",
  "/*",
  "*/",
  ";",
  " ",
  "é",
  "a",
  "B",
];

/** The same numbers for the same seed, from 0 to 1. */
function seeded(seed: number) {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Texts of such pieces, none twice, as long as a name may be. */
function bitingTexts(n: number, random: () => number): string[] {
  const texts = new Set<string>();
  while (texts.size < n) {
    let text = "";
    for (let pieces = 2 + random() * 5; pieces > 0; pieces--) {
      text += BITES[Math.floor(random() * BITES.length)];
    }
    const { length } = new TextEncoder().encode(text);
    if (length < 56 && text.trim() === text) texts.add(text);
  }
  return [...texts];
}

const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u;

function assertHarmless(text: string) {
  assert.doesNotMatch(text, UNSEEN);
  assert.doesNotMatch(text, /^\s*::/m);
  assert.doesNotMatch(text, /##\w*\[/);
}

/** What is left of a line of Markdown when its code is taken out. */
function withoutCode(line: string): string {
  let rest = line, plain = "";
  for (;;) {
    const open = /`+/.exec(rest);
    if (!open) return plain + rest;
    const after = rest.slice(open.index + open[0].length);
    const close = [...after.matchAll(/`+/g)]
      .find(([run]) => run.length === open[0].length);
    assert.ok(close, `code that is not closed: ${line}`);
    plain += rest.slice(0, open.index);
    rest = after.slice(close.index + close[0].length);
  }
}

function assertMarkdown(text: string) {
  assertHarmless(text);
  let fence = "";
  for (const line of text.split("\n")) {
    const [, run = ""] = /^(`{3,})(?:sql)?$/.exec(line) ?? [];
    if (fence ? run === fence : run) {
      fence = fence ? "" : run;
      continue;
    }
    if (fence) {
      const [longest = ""] = /^`{3,}$/.exec(line.trim()) ?? [];
      assert.ok(longest.length < fence.length, line);
      continue;
    }
    if (line.startsWith("|")) {
      assert.equal(line.split(/(?<!\\)\|/).length, 7, line);
    }
    const plain = withoutCode(line)
      .replaceAll(/^#{3} |<\/?(details|summary)>|\*\*|\\\||^> ?|^ *- /g, "");
    assert.doesNotMatch(plain, /[<@*#[\]\\]|https?:|www\./, line);
  }
  assert.equal(fence, "");
}

/** Nothing is markup but what the page itself is made of. */
function assertHtml(text: string) {
  assertHarmless(text);
  const [, body = ""] = text.split("</style>");
  const own =
    /<\/?(html|h[123]|p|b|br|a|d[ltd]|[ou]l|li|pre|code|div|article|details|summary)( (class|id|href)="#?\w*")?>/g;
  const rest = body.replaceAll(own, "");
  assert.doesNotMatch(rest, /[<>"']|&(?!#\d+;)/);
}

/** A table for each text, in which it is whatever it can be. */
function bitingSteps(texts: string[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const named = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const ts = (value: unknown) => JSON.stringify(value);
  return texts.map((text, i) =>
    [
      `createTable(${ts(text)}, { ${ts(text)}: "text", [${ts(text + "k")}]: ${
        ts(`text DEFAULT ${quoted(text)}`)
      } })`,
      `addCheck(${ts(text)}, ${ts(`${text}c`)}, ${
        ts(`${named(text)} <> ${quoted(text)}`)
      })`,
      `createEnum(${ts(`${text}e`)}, [${ts(text)}, "b"])`,
      `step(${ts(`${text}\ud800`)}, { check: "to_regprocedure('f${i}()') " +
        "IS NOT NULL", alter: ${
        ts(`CREATE FUNCTION f${i}() RETURNS text LANGUAGE plpgsql AS $q${i}$
        BEGIN RETURN ${quoted(text)}
          ::text; END $q${i}$`)
      } })`,
    ].join(",\n")
  ).join(",\n");
}

for (const seed of [1, 2, 3]) {
  Deno.test(`what others wrote commands nobody, seed ${seed}`, () =>
    withDatabase(NEWEST, async (url, sql) => {
      const texts = bitingTexts(12, seeded(seed));
      const steps = bitingSteps(texts);
      const named = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
      const look = async (format: string, ...more: string[]) => {
        const args = ["--dry-run", "--format", format, ...more];
        const { code, stdout, stderr } = await sync(args, { url, steps });
        assert.equal(code, 0, stderr);
        assertHarmless(stdout + stderr);
        return stdout;
      };
      assertMarkdown(await look("markdown"));
      await look("text");
      const { plan } = JSON.parse(await look("json"));
      const objects = plan.changes.map(({ object }: { object: string }) =>
        object
      );
      for (const text of texts) assert.ok(objects.includes(text), text);

      // The SQL is what an apply would run.
      const script = (await look("sql")).replace(/^\\set .*$/m, "");
      await sql.unsafe(script).simple();
      const args = ["--dry-run", "--detailed-exitcode", "--verbose"];
      const after = await sync(args, { url, steps });
      assert.equal(after.code, 0, after.stdout + after.stderr);
      assertHarmless(after.stdout);
      const rows = await sql`SELECT relname FROM pg_class WHERE relkind = 'r'
        AND relnamespace = 'public'::regnamespace`;
      const made = rows.map(({ relname }) => relname).sort();
      assert.deepEqual(made, texts.toSorted());

      // Other shapes, and rows that are in the way.
      for (const text of texts) {
        await sql.unsafe(`ALTER TABLE ${named(text)}
            ALTER ${named(`${text}k`)} SET DEFAULT ${quoted(`${text}x`)},
            DROP CONSTRAINT ${named(`${text}c`)},
            ADD CONSTRAINT ${named(`${text}c`)}
              CHECK (${named(text)} <> ${quoted(`${text}y`)}),
            ADD PRIMARY KEY (${named(text)});
          INSERT INTO ${named(text)} VALUES (${quoted(text)}, NULL);
          ALTER TYPE ${named(`${text}e`)} ADD VALUE ${quoted(`${text}z`)}`);
      }
      const told = await look("text");
      assert.match(told, /is a different constraint/);
      assert.match(told, /has different enum labels/);
      assertMarkdown(await look("markdown"));
      assertHtml(await look("html"));
      await look("json");
      await look("sql");
      for (const format of ["text", "markdown", "json"]) {
        const args = ["--apply", "--format", format, "--only", texts[0] ?? ""];
        const apply = await sync(args, { url, steps });
        assertHarmless(apply.stdout + apply.stderr);
      }
    }));
}

// ─── What to do ────────────────────────────────────────────────────────────

const HINTED: [code: string, hint: RegExp][] = [
  ["53000", /See what the server lacks/],
  ["53100", /Free space on the server's disk/],
  ["53200", /Free memory[^]*max_locks_per_transaction/],
  ["53300", /Free a connection/],
  ["53400", /Raise the limit that is named/],
  ["54000", /exceeds a limit/],
  ["40001", /Run again/],
  ["58030", /log: its files or disk/],
  ["23505", /Fix the rows/],
  ["55000", /Look the SQLSTATE up/],
];

Deno.test("each SQLSTATE has the hint that fits", (t) =>
  withDatabase(NEWEST, async (url) => {
    for (const [code, hint] of HINTED) {
      await t.step(code, async () => {
        const block = `DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = ` +
          `'${code}'; END $$`;
        const steps = run(block);
        const { stderr } = await sync(["--apply"], { url, steps });
        assert.ok(stderr.includes(`failed: told (SQLSTATE ${code})`), stderr);
        assert.match(stderr, hint);
      });
    }
  }));
