/**
 * The plan as a thing that one can hold: its digest, what takes it back, and
 * the formats for machines and for elsewhere.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import type postgres from "postgres";
import { CHROMIUM, Page } from "./browser.ts";
import {
  catalog as inspectCatalog,
  connect,
  isInstalled,
  type Output,
  pause,
  serversOnDemand,
  sync,
  syncCommand,
} from "./helpers.ts";

const onServer = serversOnDemand();

/** A database in an older shape, and every kind of change that it lacks. */
const OLDER = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE TABLE people (id int PRIMARY KEY, name text, nick varchar(10),
    level int DEFAULT 1, born date NOT NULL, gone int, note text);
  INSERT INTO people SELECT i, 'p' || i, 'n' || i, i, '2000-01-01', i, 'x'
    FROM generate_series(1, 50) i;
  ALTER TABLE people ADD CONSTRAINT people_old_check CHECK (level > 0);
  ALTER TABLE people ADD CONSTRAINT people_half_check CHECK (id > 0) NOT VALID;
  CREATE INDEX people_old_idx ON people (gone DESC) WHERE gone > 3;
  CREATE TYPE unused AS ENUM ('a', 'b''c');
  CREATE TABLE pets (id int, owner int);
  INSERT INTO pets VALUES (1, 1), (2, 2);
  CREATE TABLE roles (name text PRIMARY KEY, rank int);
  INSERT INTO roles VALUES ('admin', 7)`;

const STEPS = `
  createEnum("colour", ["red", "green"]),
  createTable("people", {
    id: "int PRIMARY KEY", name: "text NOT NULL", nick: "varchar(20)",
    level: "int DEFAULT 2", born: "date", gone: "int", remark: "text",
    mood: "mood NOT NULL DEFAULT 'ok'",
    token: "uuid NOT NULL DEFAULT gen_random_uuid()",
  }),
  renameColumn("people", "note", "remark"),
  changeType("people", "nick", "varchar(20)"),
  dropNotNull("people", "born"),
  addCheck("people", "people_half_check", "id > 0"),
  addCheck("people", "people_level_check", "level < 100"),
  addUnique("people", "people_name_key", "(name)"),
  createIndex("people", "people_lower_idx", "(lower(name))"),
  dropConstraint("people", "people_old_check"),
  dropIndex("people_old_idx"),
  dropEnum("unused"),
  createTable("pets", { id: "int NOT NULL", owner: "int" }),
  addPrimaryKey("pets", "pets_pkey", "(id)"),
  addForeignKey("pets", "pets_owner_fkey", "(owner) REFERENCES people (id)"),
  createTable("toys", { id: "int PRIMARY KEY", pet: "int NOT NULL" }),
  createIndex("toys", "toys_pet_idx", "(pet)"),
  addForeignKey("toys", "toys_pet_fkey", "(pet) REFERENCES pets (id)"),
  createTable("roles", { name: "text PRIMARY KEY", rank: "int" }),
  insertMissing("roles", ["name"], [{ name: "admin" }, { name: "it's", rank: 2 }]),
  step("view adults", {
    check: "to_regclass('adults') IS NOT NULL",
    alter: "CREATE VIEW adults AS SELECT id FROM people",
    undo: "DROP VIEW adults",
  }),
`;

const ALLOWED = [
  "rename",
  "drop:people.people_old_check",
  "drop:people_old_idx",
  "drop:unused",
].flatMap((hazard) => ["--allow", hazard]);

/** All rows of all tables, as text. */
async function rowsOf(sql: postgres.Sql) {
  const tables = await sql`SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`;
  const all = [];
  for (const { relname } of tables) {
    all.push(
      relname,
      await sql.unsafe(
        `SELECT to_jsonb(t)::text AS row FROM ${relname} t ORDER BY 1`,
      ),
    );
  }
  return JSON.stringify(all);
}

/** The script at the end of an apply's report. */
function undoOf(stdout: string): string {
  return /^To undo it.*\n([^]*)/m.exec(stdout)?.[1] ?? "";
}

function digestOf({ stdout }: Output): string {
  return /[Pp]lan ([0-9a-f]{12})/.exec(stdout)?.[1] ?? "none";
}

// ─── Digest ────────────────────────────────────────────────────────────────

const TABLE = `createTable("t", { id: "int PRIMARY KEY", n: "int" }),
  createIndex("t", "t_n_idx", "(n)"),`;

Deno.test("the digest changes with a statement, not with rows or time", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe("CREATE TABLE t (id int PRIMARY KEY, n int)");
    await sql.unsafe("INSERT INTO t SELECT i, i FROM generate_series(1, 9) i");
    const first = digestOf(await sync(["--dry-run"], { url, steps: TABLE }));
    assert.match(first, /^[0-9a-f]{12}$/);
    await sql.unsafe(
      "INSERT INTO t SELECT i, i FROM generate_series(10, 90000) i; ANALYZE t",
    );
    const again = await sync(["--dry-run"], { url, steps: TABLE });
    assert.equal(digestOf(again), first);
    const other = TABLE.replace("(n)", "(n DESC)");
    const changed = await sync(["--dry-run"], { url, steps: other });
    assert.notEqual(digestOf(changed), first);
  }));

Deno.test("--expect-plan applies what was reviewed, or refuses", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe("CREATE TABLE t (id int PRIMARY KEY)");
    await sql.unsafe("INSERT INTO t VALUES (1)");
    const reviewed = await sync(["--dry-run"], { url, steps: TABLE });
    const [, next] = /Next: .*( --apply --expect-plan \w+)\n/
      .exec(reviewed.stdout) ?? [];
    assert.ok(next, reviewed.stdout);
    const file = await Deno.makeTempFile();
    const json = ["--dry-run", "--format", "json"];
    await Deno.writeTextFile(
      file,
      (await sync(json, { url, steps: TABLE })).stdout,
    );

    await sql.unsafe("ALTER TABLE t ADD COLUMN n int");
    const args = next.trim().split(" ");
    const refused = await sync(args, { url, steps: TABLE });
    assert.equal(refused.code, 3);
    assert.match(
      refused.stderr,
      /the plan is \w{12} now, .* nothing was written/,
    );
    assert.match(refused.stdout, / {2}CREATE INDEX CONCURRENTLY t_n_idx/);
    assert.doesNotMatch(refused.stdout, /ADD COLUMN/);
    const byFile = ["--apply", "--expect-plan", file];
    const differs = await sync(byFile, { url, steps: TABLE });
    assert.equal(differs.code, 3);
    assert.match(differs.stdout, / {2}- ALTER TABLE t ADD COLUMN n int;/);
    assert.doesNotMatch(differs.stdout, /CREATE INDEX/);
    assert.equal((await sql`SELECT to_regclass('t_n_idx') AS i`)[0]!.i, null);

    const now = digestOf(await sync(["--dry-run"], { url, steps: TABLE }));
    const right = ["--apply", "--expect-plan", now];
    assert.equal((await sync(right, { url, steps: TABLE })).code, 0);
    // A deploy that is run again finds nothing to refuse.
    assert.equal((await sync(right, { url, steps: TABLE })).code, 0);
  }));

Deno.test("--expect-plan says what it takes", async () => {
  const url = "postgres://nobody@127.0.0.1:1/none";
  const wrong = await sync(["--apply", "--expect-plan", "soon"], { url });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^error: --expect-plan takes a plan's digest or/);
  const dry = ["--dry-run", "--expect-plan", "0123456789ab"];
  assert.match((await sync(dry, { url })).stderr, /goes with --apply/);
  const yes = await sync(["--dry-run", "--yes"], { url });
  assert.match(yes.stderr, /^error: --yes goes with --apply/);
});

Deno.test("a digest is of a database and a schema, by any address", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe("CREATE SCHEMA tenant");
    const plan = async (url: string, ...args: string[]) =>
      digestOf(await sync(["--dry-run", ...args], { url, steps: TABLE }));
    const here = await plan(url);
    const refused = async (expected: string, ...args: string[]) => {
      const all = ["--apply", "--expect-plan", expected, ...args];
      const { code, stderr } = await sync(all, { url, steps: TABLE });
      assert.equal(code, 3, stderr);
      assert.match(stderr, /another database, schema or server/);
      assert.match(stderr, /Review it with \S+ --dry-run/);
      assert.equal((await sql`SELECT to_regclass('t') AS t`)[0]!.t, null);
      return stderr;
    };
    assert.equal(await plan(url.replace("127.0.0.1", "localhost")), here);
    await refused(here, "--schema", "tenant");
    await onServer(18, async (url) => void await refused(await plan(url)));
    // What has the same names is told from it by its server.
    const [{ name } = { name: "" }] = await sql`SELECT current_database() name`;
    await onServer(14, async (other, sql) => {
      const own = await sql`SELECT FROM pg_database WHERE datname = ${name}`;
      if (own.length === 0) await sql.unsafe(`CREATE DATABASE ${name}`);
      const there = other.replace(/[^/]*$/, name);
      const file = await Deno.makeTempFile();
      const json = ["--dry-run", "--format", "json"];
      const { stdout } = await sync(json, { url: there, steps: TABLE });
      await Deno.writeTextFile(file, stdout);
      assert.ok((await refused(file)).includes(`(${name} on 127.0.0.1:`));
      if (own.length === 0) await sql.unsafe(`DROP DATABASE ${name}`);
    });
    const right = ["--apply", "--expect-plan", here];
    assert.equal((await sync(right, { url, steps: TABLE })).code, 0);
  }));

Deno.test("policy() asks for a review where a database is named", () =>
  onServer(18, async (url, sql) => {
    const [{ name } = { name: "" }] = await sql`SELECT current_database() name`;
    const steps = (reviewed: unknown) =>
      `policy({ reviewed: ${JSON.stringify(reviewed)} }), ${TABLE}`;
    const named = [`${name.toUpperCase().slice(0, 3)}*`, `127.*/${name}`];
    for (const pattern of named) {
      const all = ["--apply", "--yes", "--skip", "reviewed*"];
      const given = steps(["elsewhere", pattern]);
      const { code, stderr } = await sync(all, { url, steps: given });
      assert.equal(code, 3, pattern + stderr);
      assert.match(stderr, /takes reviewed plans only.*nothing was written/);
      assert.match(stderr, /prints: \S+ --dry-run --skip 'reviewed\*'\n/);
      assert.equal((await sql`SELECT to_regclass('t') AS t`)[0]!.t, null);
    }
    const json = ["--apply", "--format", "json"];
    const { nextActions } = readDocument(
      await sync(json, { url, steps: steps("*") }),
    );
    assert.deepEqual(
      nextActions.map(({ action, who }: Record<string, string>) => [
        action,
        who,
      ]),
      [["dry-run", "anyone"], ["apply", "person"]],
    );
    const dry = await sync(["--dry-run"], { url, steps: steps("*") });
    const args = /Next: \S+ (.*)/.exec(dry.stdout)?.[1]?.split(" ") ?? [];
    assert.equal((await sync(args, { url, steps: steps("*") })).code, 0);
    // Where nothing is to change, nothing is to be reviewed.
    const apply = ["--apply"];
    assert.equal((await sync(apply, { url, steps: steps("*") })).code, 0);
    await sql.unsafe("DROP TABLE t");
    const others = [name.slice(1), "other/*", `127.0.0.1/${name}_`];
    assert.equal((await sync(apply, { url, steps: steps(others) })).code, 0);
    const nothing = await sync(apply, { url, steps: steps([""]) });
    assert.match(nothing.stderr, /what is reviewed is missing/);
    const embedded = { url: "pglite:", steps: steps("post*") };
    for (const format of ["json", "markdown"]) {
      const { stdout } = await sync(
        ["--dry-run", "--format", format],
        embedded,
      );
      assert.match(stdout, /lacks production's rows/);
    }
    assert.equal((await sync(apply, embedded)).code, 3);
  }));

// ─── Terminal ──────────────────────────────────────────────────────────────

/** Whether it runs a command on a terminal of its own: util-linux's does. */
const hasTerminal = await isInstalled("script", "--version");

/** Applies on a terminal, and types an answer once it is asked. */
async function onTerminal(
  url: string,
  args: string[],
  answer: (shown: string) => string,
) {
  const { command, env } = syncCommand(["--apply", ...args], {
    url,
    steps: TABLE,
  });
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const terminal = new Deno.Command("script", {
    args: ["-qefc", `exec ${quoted}`, "/dev/null"],
    ...{ clearEnv: true, env },
    ...{ stdin: "piped", stdout: "piped", stderr: "null" },
  }).spawn();
  const keys = terminal.stdin.getWriter();
  let shown = "", asked = false;
  for await (
    const text of terminal.stdout.pipeThrough(new TextDecoderStream())
  ) {
    shown += text;
    if (asked || !/its digest: $/.test(shown)) continue;
    asked = true;
    await keys.write(new TextEncoder().encode(answer(shown)));
  }
  const { code } = await terminal.status;
  await keys.close().catch(() => {});
  return { code, asked, shown: shown.replaceAll("\r", "") };
}

Deno.test({
  name: hasTerminal
    ? "on a terminal, an apply shows its plan and asks for the digest"
    : "no terminal to be had here: that an apply asks is not tested",
  ignore: !hasTerminal,
  fn: () =>
    onServer(18, async (url, sql) => {
      const digest = (shown: string) => /Plan (\w{12})/.exec(shown)?.[1] ?? "";
      const refusals: [string, (shown: string) => string, RegExp][] = [
        ["yes", () => "yes\n", /digest does not begin with what was typed/],
        ["nothing", () => "\n", /nothing was typed/],
        [
          "too little",
          (shown) => `${digest(shown).slice(0, 3)}\n`,
          /begin with/,
        ],
        ["too much", (shown) => `${digest(shown)}0\n`, /begin with/],
        ["Ctrl-C", () => "\x03", /interrupted/],
        ["Ctrl-D", () => "\x04", /nothing was typed/],
      ];
      for (const [title, answer, why] of refusals) {
        const { code, asked, shown } = await onTerminal(url, [], answer);
        assert.deepEqual([code, asked], [3, true], title + shown);
        assert.match(shown, /CREATE INDEX t_n_idx ON t \(n\);/);
        const last = shown.trim().split("\n").at(-1) ?? "";
        assert.match(last, /^error: not applied: .*; nothing was written$/);
        assert.match(last, why, title);
        assert.equal((await sql`SELECT to_regclass('t') AS t`)[0]!.t, null);
      }
      const begins = (shown: string) =>
        `${digest(shown).slice(0, 4).toUpperCase()}\n`;
      const { code, shown } = await onTerminal(url, [], begins);
      assert.equal(code, 0, shown);
      assert.equal(shown.match(/ on 127.0.0.1:/g)?.length, 2, shown);
      assert.equal((await onTerminal(url, [], begins)).asked, false);
      await sql.unsafe("DROP TABLE t");
      const yes = await onTerminal(url, ["--yes"], begins);
      assert.deepEqual([yes.code, yes.asked], [0, false]);
    }),
});

// ─── Hazards ───────────────────────────────────────────────────────────────

Deno.test("a refusal says what a person decides, and the command for it", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE t (id int, n int, gone text);
      INSERT INTO t SELECT i, i, 'x' FROM generate_series(1, 7) i;
      CREATE VIEW v AS SELECT n FROM t; CREATE TABLE old (id int)`);
    const steps = `changeType("t", "n", "text"), dropColumn("t", "gone"),
      dropTable("old"), renameColumn("t", "id", "key"),
      addExclusion("t", "t_n_excl", "USING btree (n WITH =)"),
      step("own", { check: "to_regclass('own') IS NOT NULL",
        alter: "CREATE TABLE own ()", hazard: "odd one" }),`;
    const all = ["--apply", "--safe-below", "0"];
    const { code, stderr } = await sync(all, { url, steps });
    assert.equal(code, 3, stderr);
    for (
      const line of [
        "t.n (rewrite): reads and writes of t wait while it rewrites it",
        "t.n (replace:t.n): dropped and created again, while whoever uses it",
        "t.gone (drop:t.gone): its values are gone (7 rows with a value)",
        "old (drop:old): its rows are gone (no row)",
        "t.key (rename): queries that use the old name fail",
        "t_n_excl (blocking): reads and writes of t wait while it builds",
        "own (odd one): its step says that a person must allow it",
        "A person must decide this",
      ]
    ) assert.ok(stderr.includes(`\n  ${line}`), `${line}\n${stderr}`);
    const [, command = ""] = /^ {2}\S+ (--apply .*)$/m.exec(stderr) ?? [];
    const json = ["--apply", "--format", "json", "--allow", "rename"];
    const refused = readDocument(await sync(json, { url, steps }));
    const [allow, ...more] = refused.nextActions;
    assert.deepEqual([allow.action, allow.who, more], ["allow", "person", []]);
    assert.match(allow.why, /^t\.gone \(drop:t\.gone\): its values are gone/m);
    assert.match(allow.command, / --allow rename$/);
    assert.deepEqual(refused.applied.sql, []);
    const dry = ["--dry-run", "--format", "json"];
    const planned = readDocument(await sync(dry, { url, steps }));
    assert.equal(planned.nextActions[0].action, "allow");
    assert.match(planned.next, /^a person decides .* --allow drop:old( |$)/);

    const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)]
      .map(([, quoted, plain]) => quoted ?? plain ?? "");
    const applied = await sync([...args, "--verbose"], { url, steps });
    assert.equal(applied.code, 0, applied.stderr);
    for (const { sql } of planned.plan.changes) {
      const shown = applied.stdout.replaceAll(/\s+/g, " ");
      assert.ok(shown.includes(`${sql};`.replaceAll(/\s+/g, " ")), sql);
    }
    await sql.unsafe("DROP TABLE own");
    const again = ["--apply", "--format", "json", "--allow", "odd one"];
    const { applied: ran } = readDocument(
      await sync(again, {
        url,
        steps: `${steps} createTable("two", { id: "int" }),
          addUnique("two", "two_id_key", "(id)"),`,
      }),
    );
    assert.deepEqual(ran.sql, [
      "CREATE TABLE own ()",
      "CREATE TABLE two (\n  id int,\n  CONSTRAINT two_id_key UNIQUE (id)\n)",
    ]);
  }));

Deno.test("on a small table that is free, what takes an instant is no hazard", () =>
  onServer(14, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE few (n int, s smallint, v varchar(9),
        b bigint);
      INSERT INTO few SELECT i, i, 'x', i FROM generate_series(1, 999) i;
      CREATE TABLE many AS SELECT i AS n FROM generate_series(1, 1000) i;
      CREATE TABLE wide (n int, t text); ALTER TABLE wide ALTER t SET STORAGE
        EXTERNAL; INSERT INTO wide SELECT i, repeat('x', 600000)
        FROM generate_series(1, 2) i;
      CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (1);
      CREATE TABLE uses (k int REFERENCES kept);
      INSERT INTO uses SELECT 1 FROM generate_series(1, 1000);
      CREATE TABLE parts (n int) PARTITION BY LIST (n);
      CREATE TABLE part PARTITION OF parts DEFAULT;
      INSERT INTO parts SELECT generate_series(1, 1000);
      CREATE DOMAIN positive AS int; CREATE TABLE held (n positive);
      INSERT INTO held VALUES (1)`).simple();
    const free = [
      'changeType("few", "n", "bigint"), ',
      'addColumn("few", "id", "int GENERATED ALWAYS AS IDENTITY"), ',
      'addExclusion("few", "few_excl", "USING btree (n WITH =)"), ',
      'createDomain("positive", "int CHECK (VALUE > 0)"), ',
    ].join("");
    // What is larger, alone or with what is locked along, or loses something.
    const hazards = [
      'changeType("many", "n", "bigint"), changeType("wide", "n", "bigint"), ',
      'changeType("kept", "id", "bigint"), changeType("parts", "n", "bigint"),',
      'changeType("few", "b", "int"), changeType("few", "v", "varchar(5)"), ',
      'changeType("few", "s", "bigint", "s / 2"), dropColumn("few", "gone"),',
      'renameTable("uses", "using_it"), step("x", { check: "false",',
      'alter: "ALTER TABLE few ADD y int", hazard: "rewrite" }), ',
    ].join("");
    await sql.unsafe("ALTER TABLE few ADD gone int");
    const plan = async (...args: string[]) => {
      const all = ["--dry-run", "--format", "json", ...args];
      const steps = free + hazards;
      const { plan } = readDocument(await sync(all, { url, steps }));
      return (plan.changes as Record<string, string | null>[]).map((
        { object, hazard, small },
      ) => [object, hazard, small?.split(/[:,]/)[0] ?? null]);
    };
    const why = "no hazard below --safe-below 1000";
    const found = await plan();
    assert.deepEqual(found.filter(([, , small]) => small), [
      ["few.id", null, why],
      ["positive", null, why],
      ["few.n", null, why],
      ["few_excl", null, why],
    ]);
    assert.deepEqual(
      found.filter(([, hazard]) => hazard).map(([object, hazard]) => [
        object,
        hazard,
      ]).sort(),
      [
        ["few.b", "rewrite"],
        ["few.gone", "drop:few.gone"],
        ["few.s", "rewrite"],
        ["few.v", "rewrite"],
        ["kept.id", "rewrite"],
        ["many.n", "rewrite"],
        ["parts.n", "rewrite"],
        ["using_it", "rename"],
        ["wide.n", "rewrite"],
        ["x", "rewrite"],
      ],
    );
    const off = await plan("--safe-below", "0");
    assert.deepEqual(off.filter(([object]) => object === "few.n"), [
      ["few.n", "rewrite", null],
    ]);
    assert.deepEqual(
      (await plan("--safe-below", "1001")).filter(([, , small]) => small)
        .length,
      7,
    );

    const args = ["--apply", "--max-wait", "2s"];
    await sql.begin(async (other) => {
      await other`SELECT 1 FROM few`;
      await pause(150);
      const refused = await sync(args, { url, steps: free });
      assert.equal(refused.code, 3, refused.stdout);
      assert.match(refused.stdout, /-- small, but in use by pid/);
    });
    const { code, stderr } = await sync(args, { url, steps: free });
    assert.equal(code, 0, stderr);
  }));

Deno.test("--safe-below says what it takes", async () => {
  for (const wrong of ["many", "-1", "1.5", "10000000"]) {
    const args = ["--dry-run", `--safe-below=${wrong}`];
    const { code, stderr } = await sync(args, {
      url: "postgres://a@[::1]:1/a",
    });
    assert.equal(code, 1);
    assert.match(stderr, /^error: --safe-below takes a number of rows/);
  }
});

// ─── Undo ──────────────────────────────────────────────────────────────────

for (const major of [14, 18] as const) {
  for (const single of [false, true]) {
    const how = single ? "in one transaction" : "online";
    Deno.test(`the undo script of an apply ${how} takes it back, on ${major}`, () =>
      onServer(major, async (url, sql) => {
        await sql.unsafe(OLDER);
        const catalog = await inspectCatalog(sql);
        const rows = await rowsOf(sql);
        const args = ["--apply", ...ALLOWED];
        if (single) args.push("--single-transaction");
        const applied = await sync(args, { url, steps: STEPS });
        assert.equal(applied.code, 0, applied.stdout + applied.stderr);
        assert.notDeepEqual(await inspectCatalog(sql), catalog);
        const undo = undoOf(applied.stdout);
        await sql.unsafe(undo).simple();
        assert.deepEqual(await inspectCatalog(sql), catalog);
        assert.equal(await rowsOf(sql), rows);
      }));
  }
}

Deno.test("the undo script takes no row that was there before", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE roles (name text PRIMARY KEY);
      INSERT INTO roles VALUES ('admin'), ('viewer')`);
    const catalog = await inspectCatalog(sql);
    const steps = `createTable("roles", { name: "text PRIMARY KEY" }),
      addColumn("roles", "label", "text NOT NULL DEFAULT ''"),
      insertMissing("roles", ["name"], [
        { name: "admin", label: "A" }, { name: "guest", label: "G" }]),`;
    const { stdout } = await sync(["--apply"], { url, steps });
    const undo = undoOf(stdout);
    await sql.unsafe(undo).simple();
    assert.deepEqual(await inspectCatalog(sql), catalog);
    const rows = await sql`SELECT name FROM roles ORDER BY name`;
    assert.deepEqual(rows.map(({ name }) => name), ["admin", "viewer"]);
  }));

Deno.test("another type keeps the collation, and the undo brings all back", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(
      `CREATE TABLE t (v varchar(10) COLLATE "POSIX", a int, b int);
      INSERT INTO t VALUES ('x', 1, 1)`,
    );
    const catalog = await inspectCatalog(sql);
    const steps = `changeType("t", "v", "text"),
      addPrimaryKey("t", "t_pkey", "(a, b)"),`;
    const args = ["--apply", "--single-transaction", "--allow", "rewrite"];
    const { code, stdout, stderr } = await sync(args, { url, steps });
    assert.equal(code, 0, stdout + stderr);
    const [column] = await sql`SELECT collation_name AS name
      FROM information_schema.columns WHERE column_name = 'v'`;
    assert.equal(column!.name, "POSIX");
    const undo = undoOf(stdout);
    await sql.unsafe(undo).simple();
    assert.deepEqual(await inspectCatalog(sql), catalog);
  }));

Deno.test("the undo script says what cannot be undone", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TYPE mood AS ENUM ('sad');
      CREATE TABLE old (id int); INSERT INTO old VALUES (1);
      CREATE TABLE t (id int, a int, b int); INSERT INTO t VALUES (1, 2)`);
    const steps = `createEnum("mood", ["sad", "ok"]),
      createTable("t", { id: "int", b: "int" }),
      backfill("t", { set: "b = 1", where: "b IS NULL" }),
      dropColumn("t", "a"), dropTable("old"),
      step("grant", { check: "EXISTS (SELECT FROM pg_roles WHERE false)
        OR to_regclass('v') IS NOT NULL", alter: "CREATE VIEW v AS SELECT 1" }),`
      .replaceAll(/\n +OR/g, " OR");
    const args = ["--apply", "--allow", "drop:t.a", "--allow", "drop:old"];
    const { code, stdout, stderr } = await sync(args, { url, steps });
    assert.equal(code, 0, stdout + stderr);
    for (
      const line of [
        "-- old: cannot be undone: its rows are gone",
        "-- t.a: cannot be undone: its values are gone",
        "-- t.b: cannot be undone: the values that b = 1 replaced are not kept",
        "-- mood: cannot be undone: PostgreSQL cannot drop a label of an enum",
        "-- grant: cannot be undone: its step does not say how",
      ]
    ) assert.ok(stdout.includes(line), `${line}\n${stdout}`);
  }));

Deno.test("an apply that stops halfway tells how to take back what it did", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(
      "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",
    );
    const catalog = await inspectCatalog(sql);
    const steps = `createTable("t", { id: "int PRIMARY KEY", n: "int" }),
      addCheck("t", "t_id_check", "id > 0"),
      createIndex("t", "t_bad_idx", "((1 / (id - 1)))"),`;
    const { code, stdout } = await sync(["--apply"], { url, steps });
    assert.equal(code, 1);
    const undo = undoOf(stdout);
    await sql.unsafe("DROP INDEX t_bad_idx");
    await sql.unsafe(undo).simple();
    assert.deepEqual(await inspectCatalog(sql), catalog);
  }));

// ─── JSON ──────────────────────────────────────────────────────────────────

const schema = JSON.parse(
  Deno.readTextFileSync(
    join(import.meta.dirname!, "..", "docs", "plan.schema.json"),
  ),
);
const validate = new Ajv2020({ allErrors: true }).compile(schema);

// deno-lint-ignore no-explicit-any
function readDocument({ stdout }: Output): any {
  const document = JSON.parse(stdout);
  assert.ok(validate(document), JSON.stringify(validate.errors, null, 2));
  return document;
}

Deno.test("--format json follows its schema, in every outcome", async (t) => {
  await onServer(18, async (url, sql) => {
    await sql.unsafe(OLDER);
    const run = (...args: string[]) =>
      sync([...args, "--format", "json"], { url, steps: STEPS });
    await t.step("a dry run", async () => {
      const output = await run("--dry-run");
      const { mode, plan, database, applied, next } = readDocument(output);
      assert.deepEqual([mode, applied], ["dry-run", null]);
      assert.equal(database.schema, "public");
      assert.match(next, /--apply --expect-plan/);
      const add = plan.changes.find(({ object }: { object: string }) =>
        object === "people.mood"
      );
      assert.equal(add.undo, "ALTER TABLE people DROP COLUMN mood");
      assert.equal(add.blocks, "reads and writes");
      assert.equal(output.stderr, "");
    });
    await t.step("a refusal", async () => {
      const output = await run("--apply");
      const { exitStatus, errors, applied } = readDocument(output);
      assert.deepEqual([exitStatus, output.code], [3, 3]);
      assert.match(errors[0].message, /hazards that are not allowed/);
      assert.equal(applied.statements, 0);
    });
    await t.step("violating rows", async () => {
      await sql.unsafe("UPDATE people SET name = 'same' WHERE id < 3");
      const { plan, exitStatus } = readDocument(await run("--apply"));
      assert.deepEqual(
        plan.issues.map(({ reason }: { reason: string }) => reason),
        ["rows"],
      );
      assert.equal(exitStatus, 3);
      await sql.unsafe("UPDATE people SET name = 'p' || id");
    });
    await t.step("an apply", async () => {
      const { applied, plan } = readDocument(await run("--apply", ...ALLOWED));
      assert.equal(applied.statements, plan.changes.length);
      assert.match(applied.undo, /^BEGIN;\n.*\nCOMMIT;$/s);
    });
    await t.step("nothing to change", async () => {
      const { plan } = readDocument(await run("--dry-run"));
      assert.deepEqual([plan.changes, plan.issues], [[], []]);
      assert.ok(plan.inPlace > 20);
    });
    await t.step("changes pending", async () => {
      await sql.unsafe("DROP VIEW adults");
      const output = await run("--dry-run", "--detailed-exitcode");
      assert.deepEqual([readDocument(output).exitStatus, output.code], [2, 2]);
    });
    await t.step("an apply that fails halfway", async () => {
      await sql.unsafe("CREATE FUNCTION adults() RETURNS int RETURN 1");
      const steps = `createTable("new", { id: "int" }),
        createTable("people", { id: "int PRIMARY KEY" }),
        createIndex("people", "people_bad_idx", "((1 / (id - 1)))"),`;
      const args = ["--apply", "--format", "json"];
      const document = readDocument(await sync(args, { url, steps }));
      assert.equal(document.exitStatus, 1);
      assert.match(document.errors[0].message, /division by zero/);
      assert.match(document.applied.undo, /DROP TABLE new;/);
    });
  });
  const errors: [string, string[], string | undefined][] = [
    ["no mode", [], "postgres://a@127.0.0.1:1/x"],
    ["no URL", ["--dry-run"], undefined],
    ["a wrong URL", ["--dry-run"], "mysql://secret@host"],
    ["nobody there", ["--apply"], "postgres://a:hidden-word@127.0.0.1:1/x"],
    ["an unknown option", ["--dry-run", "--nonsense"], undefined],
  ];
  for (const [title, args, url] of errors) {
    await t.step(title, async () => {
      const output = await sync([...args, "--format=json"], {
        ...(url && { url }),
        steps: TABLE,
      });
      const document = readDocument(output);
      assert.deepEqual([document.exitStatus, output.code], [1, 1]);
      assert.equal(document.errors.length, 1);
      assert.match(output.stderr, /^error: /);
      assert.doesNotMatch(output.stdout + output.stderr, /hidden-word|secret@/);
    });
  }
});

Deno.test("--format says which there are", async () => {
  const url = "postgres://nobody@127.0.0.1:1/none";
  const wrong = await sync(["--dry-run", "--format", "yaml"], { url });
  assert.equal(
    wrong.stderr,
    'error: there is no format "yaml"\n  Use text, json, sql, markdown, html\n',
  );
  const sql = await sync(["--apply", "--format", "sql"], { url });
  assert.match(sql.stderr, /--format sql is the script of a dry run/);
});

// ─── SQL ───────────────────────────────────────────────────────────────────

for (const major of [14, 18] as const) {
  Deno.test(`--format sql comes to the same as an apply, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(OLDER);
      const args = ["--dry-run", "--format", "sql"];
      const { stdout, code } = await sync(args, { url, steps: STEPS });
      assert.equal(code, 0);
      await runScript(url, stdout);
      const byHand = await inspectCatalog(sql);
      const after = await sync(["--dry-run"], { url, steps: STEPS });
      assert.match(after.stdout, /In sync/);
      await onServer(major, async (url, sql) => {
        await sql.unsafe(OLDER);
        const apply = ["--apply", ...ALLOWED];
        assert.equal((await sync(apply, { url, steps: STEPS })).code, 0);
        assert.deepEqual(await inspectCatalog(sql), byHand);
      });
    }));
}

/** By psql where there is one, as the script is meant. */
async function runScript(url: string, script: string) {
  if (await isInstalled("psql", "--version")) {
    const file = await Deno.makeTempFile({ suffix: ".sql" });
    await Deno.writeTextFile(file, script);
    const { success, stderr } = await new Deno.Command("psql", {
      args: ["-Xq", "-f", file, url],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return;
  }
  const sql = connect(url);
  for (const statement of script.replaceAll(/^(--|\\).*$/gm, "").split(/;$/m)) {
    if (statement.trim()) await sql.unsafe(statement).simple();
  }
  await sql.end();
}

// ─── Markdown ──────────────────────────────────────────────────────────────

Deno.test("--format markdown tells what needs a look first", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(OLDER);
    await sql.unsafe("UPDATE people SET name = NULL WHERE id = 3");
    const args = ["--dry-run", "--format", "markdown"];
    const { stdout } = await sync(args, { url, steps: STEPS });
    assert.match(stdout, /^### Schema sync: dry run\n/);
    assert.match(stdout, /\*\*Plan \w+: \d+ to change, 1 needs a look, /);
    const look = stdout.indexOf("- ⚠ `people.name` set not null would fail");
    const table = stdout.indexOf("| object | change | phase | lock |");
    const details = stdout.indexOf("<details><summary>SQL");
    assert.ok(look > 0 && look < table && table < details, stdout);
    assert.match(
      stdout,
      /\| `people\.mood` \| add column \| expand \| people: ACCESS EXCLUSIVE for an instant; blocks reads and writes \|/,
    );
    assert.match(stdout, /needs --allow rename/);
    const lines = stdout.split("\n").filter((line) => line.startsWith("| "));
    for (const line of lines) {
      assert.equal(line.replaceAll("\\|", "").match(/\|/g)?.length, 6, line);
    }
  }));

Deno.test("--format markdown leaves no name a way out", () =>
  onServer(18, async (url) => {
    const name = "a|b`c<script>";
    const steps = `createTable(${JSON.stringify(name)}, {
      id: "int", "\`\`\`": "text" }),`;
    const args = ["--dry-run", "--format", "markdown"];
    const { stdout } = await sync(args, { url, steps });
    const row = stdout.split("\n").find((line) => line.startsWith("| ``"));
    assert.equal(
      row,
      "| `` a\\|b`c<script> `` | create table | expand |  |  |",
    );
    const [, fence] = /^(`{3,})sql$/m.exec(stdout) ?? [];
    assert.equal(fence, "````");
  }));

Deno.test("--format markdown fits a comment of GitHub's at 1,000 changes", () =>
  onServer(18, async (url, sql) => {
    const names = Array.from({ length: 1000 }, (_, i) => `a_long_name_${i}`);
    const steps = names.map((name) =>
      `createTable("${name}", { id: "int PRIMARY KEY", body: "text NOT NULL" }),`
    ).join("\n");
    await sql.unsafe("CREATE TABLE a_long_name_3 (id text)");
    const args = ["--dry-run", "--format", "markdown"];
    const { stdout } = await sync(args, { url, steps });
    assert.ok(stdout.length < 65_536, `${stdout.length}`);
    assert.match(stdout, /… and \d+ more rows: see --format sql/);
    assert.match(stdout, /-- … and \d+ more statements: see --format sql/);
    assert.match(stdout, /<\/details>/);
    assert.match(stdout, /- ⚠ `a_long_name_3\.id` has a different type/);
  }));

// ─── HTML ──────────────────────────────────────────────────────────────────

/** What would be markup, or turns the direction, as names and as rows. */
const BITING = [
  "<script>document.title = 'run'</script>",
  '"><img src=x onerror=alert(1)>',
  "</pre></style></title><h1>&lt;b&gt;",
  "a\u202eb",
  "a_name_that_is_long_and_has_no_place_where_it_could_be_broken",
];

Deno.test("--format html is a page for people", (t) =>
  onServer(18, async (url, sql) => {
    await sql`CREATE TABLE notes (key text PRIMARY KEY, n int, old int)`;
    const rows = BITING.map((key) => ({ key, n: 0, old: 1 }));
    await sql`INSERT INTO notes ${sql(rows)}`;
    const tables = BITING.map((name) =>
      `createTable(${JSON.stringify(name)}, { id: "int PRIMARY KEY" }),`
    );
    const steps = `${tables.join("")}
      createTable("notes", { key: "text PRIMARY KEY", n: "int" }),
      addCheck("notes", "notes_n_check", "n > 0"),
      dropColumn("notes", "old"),
      step("odd", { check: "to_regclass('odd') IS NOT NULL",
        alter: "SELECT '<b>x'::int", phase: "contract" }),`;
    const take = async (...args: string[]) =>
      (await sync([...args, "--format", "html"], { url, steps })).stdout;
    const skip = ["--skip", "notes_n_check"];
    const look = await take("--dry-run");
    const allow = await take("--dry-run", ...skip);
    const failed = await take("--apply", ...skip, "--allow", "drop:notes.old");

    const inOrder = (page: string, texts: string[]) => {
      let at = 0;
      for (const text of texts) {
        at = page.indexOf(text, at);
        assert.ok(at >= 0, `${text} is missing, or too early:\n${page}`);
      }
    };
    await t.step("with what matters most first", () => {
      inOrder(look, [
        "<h1>Schema sync: dry run of ",
        "8 to change, 1 needs a look",
        "<b>Expand</b><br>5 in one transaction</li>",
        "<b>Contract</b><br>2 to finish</li>",
        '<p>Next: fix <a href="#look">',
        ">Needs a look<",
        "add check would fail: 5 rows fail it",
        'id="hazards">',
        "notes.old (drop:notes.old): its values are gone (5 rows with a value)",
        "<h2>Steps</h2>",
        "ALTER TABLE notes DROP COLUMN old;",
        'class="locks">notes: ACCESS EXCLUSIVE for an instant',
        'class="blocks">reads and writes',
        'class="undo">none: its values are gone',
      ]);
      assert.doesNotMatch(look, /class="command"/);
    });
    await t.step("with the command for whoever allows its hazards", () => {
      const [, digest] = /Plan (\w+): /.exec(allow) ?? [];
      const [, command] = /<pre class="command">.*?(--.*)</.exec(allow) ?? [];
      assert.equal(
        command,
        `--apply --expect-plan ${digest} --allow drop:notes.old ` +
          skip.join(" "),
      );
    });
    await t.step("with what an apply did, and how to take it back", () => {
      inOrder(failed, [
        "<h1>Schema sync: apply of ",
        "error: step &#34;odd&#34;",
        "type integer: &#34;&#60;b&#62;x&#34;",
        "Applied 5 of 7 statements.",
        'class="done">committed',
        "<h2>To undo it</h2>",
        "DROP TABLE ",
      ]);
    });
    await t.step({
      name: "in a browser, where there is Chromium",
      ignore: !CHROMIUM,
      fn: () => showAll([look, allow, failed]),
    });
  }));

/** Each page does nothing, shows names as they are, and fits any window. */
async function showAll(htmls: string[]) {
  const file = await Deno.makeTempFile({ suffix: ".html" });
  const page = await Page.open();
  try {
    const shown = BITING.map((name) => name.replace("\u202e", "\\u202e"));
    for (const html of htmls) {
      await Deno.writeTextFile(file, html);
      await page.show(file);
      const back = new Set<string>();
      for (const width of [1000, 360]) {
        for (const scheme of ["light", "dark"] as const) {
          await page.look(width, scheme);
          const [wide, colours] = await page.value(`[
            document.documentElement.scrollWidth,
            getComputedStyle(document.body).backgroundColor]`);
          assert.ok(wide <= width, `${wide} > ${width}`);
          back.add(colours);
        }
      }
      assert.equal(back.size, 2, "light is as dark");
      const names = await page.value(
        "[...document.querySelectorAll('h3 code')].map((e) => e.innerText)",
      );
      for (const name of shown) assert.ok(names.includes(name), name);
      const [text, title, foreign] = await page.value(`[
        document.body.innerText, document.title,
        document.querySelectorAll("script, img, h1 ~ h1").length]`);
      assert.match(title, /^Schema sync: /);
      assert.match(text, /'<\/?script|<script>document/);
      assert.equal(foreign, 0);
      const requests = page.heard("Network.requestWillBeSent");
      assert.deepEqual(requests.map(({ request }) => request.url), [
        `file://${file}`,
      ]);
      for (const what of ["Log.entryAdded", "Runtime.exceptionThrown"]) {
        assert.deepEqual(page.heard(what), []);
      }
    }
  } finally {
    await page.close();
    await Deno.remove(file);
  }
}
