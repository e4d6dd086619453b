/**
 * What a run prints: the whole text, where it goes, in which colours, and
 * what never gets there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type postgres from "postgres";
import {
  connect,
  type Output,
  SCRIPT,
  type Server,
  startServer,
  sync,
} from "./helpers.ts";
import { sealed } from "../verify-sync-script.ts";

let started: Promise<Server> | undefined;

/** A test that has a new database on the newest server. */
function onServer(
  title: string,
  use: (url: string, sql: postgres.Sql) => Promise<void>,
) {
  Deno.test(title, async () => {
    started ??= startServer(18);
    await (await started).withDatabase(use);
  });
}

Deno.test.afterAll(async () => await (await started)?.stop());

/** The output with what differs from run to run made the same. */
function stable(text: string): string {
  return text
    .replaceAll(/^\w+ on 127\.0\.0\.1:\d+ \(PostgreSQL [\d.]+\)/gm, "DATABASE")
    .replaceAll(/\b\d+(\.\d+)? (ms|s)\b/g, "TIME")
    .replaceAll(/\b[Pp]lan [0-9a-f]{12}\b/g, "PLAN")
    .replaceAll(/\.\/steps-\w+\.ts/g, "SCRIPT");
}

function assertPrinted(
  output: Output,
  { code = 0, stdout, stderr = "" }: {
    code?: number;
    stdout: string;
    stderr?: string;
  },
) {
  assert.equal(stable(output.stdout), stdout);
  assert.equal(stable(output.stderr), stderr);
  assert.equal(output.code, code);
}

// ─── Whole outputs ─────────────────────────────────────────────────────────

const STEPS = `
  createEnum("mood", ["sad", "ok"]),
  createTable("people", {
    id: "integer PRIMARY KEY",
    name: "text NOT NULL",
    mood: "mood",
  }),
  createIndex("people", "people_name_idx", "(name)"),
  addCheck("people", "people_name_check", "name <> ''"),
  createTable("pets", { id: "integer PRIMARY KEY", name: "text" }),
`;

const OLDER = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE TABLE people (id integer PRIMARY KEY, name varchar(20) NOT NULL);
  INSERT INTO people VALUES (1, 'Ann')`;

const CONFLICT = `\
  ⚠ people.name        has a different type
      step      text
      database  character varying(20)
      fix       changeType("people", "name", "text")
`;

const CHANGES = `\
  ℹ people.mood        add column
      ALTER TABLE people ADD COLUMN mood mood;
      -- locks people: ACCESS EXCLUSIVE for an instant; blocks reads and writes
  ℹ people_name_idx    create index
      CREATE INDEX CONCURRENTLY people_name_idx ON public.people (name);
      -- locks people: SHARE UPDATE EXCLUSIVE while it scans it twice
      -- blocks no reads or writes
  ℹ people_name_check  add check
      ALTER TABLE people ADD CONSTRAINT people_name_check CHECK (name <> '') NOT
        VALID;
      -- locks people: ACCESS EXCLUSIVE for an instant; blocks reads and writes
      -- writes that violate it fail, even updates of old rows that already do
      ALTER TABLE people VALIDATE CONSTRAINT people_name_check;
      -- locks people: SHARE UPDATE EXCLUSIVE while it scans it
      -- blocks no reads or writes
  ℹ pets               create table
      CREATE TABLE pets (
        id integer PRIMARY KEY,
        name text
      );
`;

const SUMMARY = `
PLAN: 4 to change, 1 needs a look, 1 in place.
Runs 5 statements: 2 in 2 transactions, then 3 online.
Next: fix what needs a look, then run this again
`;

onServer(
  "dry run prints what is there, changes, and needs a look",
  async (url, sql) => {
    await sql.unsafe(OLDER);
    assertPrinted(await sync(["--dry-run"], { url, steps: STEPS }), {
      stdout: `\
DATABASE, schema public: dry run

Steps
${CONFLICT}${CHANGES}  ✓ 1 more in place
${SUMMARY}`,
    });
  },
);

onServer("--verbose lists what is in place", async (url, sql) => {
  await sql.unsafe(OLDER);
  const args = ["--dry-run", "--verbose"];
  assertPrinted(await sync(args, { url, steps: STEPS }), {
    stdout: `\
DATABASE, schema public: dry run

Steps
  ✓ mood               create enum
${CONFLICT}${CHANGES}${SUMMARY}`,
  });
});

onServer("apply prints what it refuses", async (url, sql) => {
  await sql.unsafe(OLDER);
  assertPrinted(await sync(["--apply"], { url, steps: STEPS }), {
    code: 3,
    stdout: `\
DATABASE, schema public: apply

${CONFLICT}`,
    stderr: `\
error: 1 thing above needs a look; nothing was written
  Fix it, skip its step (--skip), or apply the rest (--allow conflict)
`,
  });
});

onServer("apply prints each change, then runs in sync", async (url, sql) => {
  await sql.unsafe(OLDER.replace("varchar(20)", "text"));
  assertPrinted(await sync(["--apply"], { url, steps: STEPS }), {
    stdout: `\
DATABASE, schema public: apply

Expand (2 transactions)
  ✓ pets               create table  TIME
  ✓ people.mood        add column  TIME

Online (one by one, reads and writes go on)
  ✓ people_name_idx    create index  TIME
  ✓ people_name_check  add check (1 of 2)  TIME
  ✓ people_name_check  add check (2 of 2)  TIME

Applied PLAN: 5 statements in TIME; nothing is left to change.

To undo it (what was written into it since is lost, too):
  BEGIN;
  SET LOCAL search_path = public, pg_temp;
  ALTER TABLE people DROP CONSTRAINT people_name_check;
  DROP INDEX IF EXISTS people_name_idx;
  ALTER TABLE people DROP COLUMN mood;
  DROP TABLE pets;
  COMMIT;
`,
  });
  const inSync = "In sync: 5 steps checked in TIME, nothing to change.\n";
  assertPrinted(await sync(["--apply"], { url, steps: STEPS }), {
    stdout: `DATABASE, schema public: apply\n\n${inSync}`,
  });
  assertPrinted(await sync(["--dry-run"], { url, steps: STEPS }), {
    stdout: `\
DATABASE, schema public: dry run

Steps
  ✓ 5 in place

${inSync}`,
  });
  const args = ["--dry-run", "--verbose"];
  assertPrinted(await sync(args, { url, steps: STEPS }), {
    stdout: `\
DATABASE, schema public: dry run

Steps
  ✓ mood               create enum
  ✓ people             create table
  ✓ people_name_idx    create index
  ✓ people_name_check  add check
  ✓ pets               create table

${inSync}`,
  });
});

// ─── Streams and colours ───────────────────────────────────────────────────

onServer(
  "results go to stdout, progress and errors to stderr",
  async (url, sql) => {
    await sql.unsafe(OLDER.replace("varchar(20)", "text"));
    const other = connect(url);
    try {
      await other.unsafe("BEGIN; SELECT FROM people");
      const args = [
        "--apply",
        "--lock-timeout",
        "100ms",
        "--max-wait",
        "500ms",
      ];
      const { code, stdout, stderr } = await sync(args, { url, steps: STEPS });
      assert.equal(code, 1);
      assert.match(stderr, /waiting for pid/);
      assert.match(stderr, /^error: /m);
      assert.doesNotMatch(stdout, /waiting for|error|blocked/);
      assert.match(stdout, /schema public: apply/);
      assert.doesNotMatch(stderr, /schema public|✓/);
    } finally {
      await other.end({ timeout: 1 });
    }
  },
);

const COLOURS: [string, Record<string, string>, boolean][] = [
  ["no colour where output is no terminal", { NO_COLOR: "" }, false],
  ["no colour with NO_COLOR", { NO_COLOR: "1" }, false],
  ["colour with FORCE_COLOR", { NO_COLOR: "", FORCE_COLOR: "1" }, true],
];

const ESCAPE = "\x1b";

for (const [what, env, coloured] of COLOURS) {
  onServer(`output has ${what}`, async (url, sql) => {
    await sql.unsafe(OLDER);
    const plain = await sync(["--dry-run"], { url, steps: STEPS });
    const dry = await sync(["--dry-run"], { url, steps: STEPS, env });
    const refused = await sync(["--apply"], { url, steps: STEPS, env });
    for (const text of [dry.stdout, refused.stdout, refused.stderr]) {
      assert.equal(text.includes(ESCAPE), coloured, text);
    }
    const stripped = stripVTControlCharacters(dry.stdout);
    assert.equal(stable(stripped), stable(plain.stdout));
  });
}

// ─── Help ──────────────────────────────────────────────────────────────────

Deno.test("--help fits on a screen", async () => {
  for (const flag of ["--help", "-h"]) {
    const { code, stdout, stderr } = await sync([flag]);
    assert.deepEqual([code, stderr], [0, ""]);
    const lines = stdout.trimEnd().split("\n");
    assert.ok(lines.length <= 45, `${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 80, line);
  }
});

Deno.test("--help names every option that is read and no other", async (t) => {
  const { stdout } = await sync(["--help"]);
  const told = [...stdout.matchAll(/^ {2}(?:-h, )?--([a-z-]+)( [A-Z]+)?/gm)]
    .map(([, name = "", value = ""]) => ({ name, value }));
  const source = await Deno.readTextFile(SCRIPT);
  const [reader = ""] = /function readArguments[^]*?\n}/.exec(source) ?? [];
  const read = reader.matchAll(/\b(?:has|all|last|time)\("([a-z-]+)"/g);
  const names = new Set(["help", ...[...read].map(([, name]) => name)]);
  assert.deepEqual(told.map(({ name }) => name).sort(), [...names].sort());
  for (const { name, value } of told) {
    await t.step(`--${name}${value}`, async () => {
      const wrong = value ? [`--${name}`] : [`--${name}=x`];
      const { stdout, stderr } = await sync(wrong);
      if (!stdout) assert.match(stderr, RegExp(`--${name}\\b.*argument`));
    });
  }
});

Deno.test("--help tells the defaults and exit statuses of the source", async () => {
  const { stdout } = await sync(["--help"]);
  for (const status of ["0 in sync", "1 error", "2 changes", "3 refused"]) {
    assert.match(stdout, new RegExp(status));
  }
  const url = { url: "postgres://nobody@127.0.0.1:1/none" };
  for (const [, option] of stdout.matchAll(/--([a-z-]+) TIME/g)) {
    const args = ["--dry-run", `--${option}`, "soon"];
    const { code, stderr } = await sync(args, url);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`--${option} takes a time, not "soon"`));
  }
});

Deno.test("--version prints the engine's version, the Deno it needs, and whether it is as released", async () => {
  const source = sealed(await Deno.readTextFile(SCRIPT)) ?? "";
  const [, version] = /export const VERSION = "(.*)"/.exec(source) ?? [];
  const [, deno] = /export const OLDEST_DENO = "(.*)"/.exec(source) ?? [];
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  const cases: [string, string][] = [
    [source, "as released"],
    [source.replaceAll("\n", "\r\n"), "as released"],
    [source.replace("// ─── End", "// Mine.\n\n// ─── End"), "as released"],
    [source.replace("// ═══ Report", "// ═══  Report"), "edited"],
    [source.replace(/^\/\/ engine .*\n/m, ""), "edited"],
  ];
  for (const [text, said] of cases) {
    await Deno.writeTextFile(file, text);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", file, "--version"],
    }).output();
    assert.equal(
      new TextDecoder().decode(stdout),
      `${version} (Deno ${deno} or newer), ${said}\n`,
    );
  }
  await Deno.remove(file);
});

Deno.test("unknown option is one line and what to do", async () => {
  const { code, stdout, stderr } = await sync(["--dry-run", "--frce"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^error: .*--frce.*\n {2}--help lists the options\n$/);
});

// ─── SQL to run by hand ────────────────────────────────────────────────────

/** The SQL of a dry run: all that is set in, since nothing needs a look. */
function printedSql(stdout: string): string {
  assert.doesNotMatch(stdout, /⚠/);
  return stdout.split("\n").filter((line) => line.startsWith("      "))
    .join("\n");
}

onServer("SQL of a dry run builds the database by hand", async (url, sql) => {
  const { stdout } = await sync(["--dry-run"], { url });
  await sql.unsafe(printedSql(stdout));
  const { stdout: after } = await sync(["--dry-run"], { url });
  assert.match(after, /In sync/, after);
});

const LONG = "one and  two and three ".repeat(8).trim();

onServer(
  "SQL of a dry run keeps long strings as they are",
  async (url, sql) => {
    const steps = `
    createTable("notes", {
      id: "integer PRIMARY KEY",
      body: "text NOT NULL DEFAULT '${LONG}'",
      "two words": "text",
    }),
    addCheck("notes", "notes_body_check", "body <> '${LONG} --'"),
    insertMissing("notes", ["id"], [
      { id: 1, body: "${LONG}" },
      { id: 2, body: "it's; -- ${LONG}" },
    ]),
    step("function say", {
      check: "EXISTS (SELECT FROM pg_proc WHERE proname = 'say')",
      alter: \`CREATE FUNCTION say() RETURNS text LANGUAGE sql AS $$
        SELECT '${LONG}' -- a comment
          -- another
      $$\`,
    }),`;
    const { stdout } = await sync(["--dry-run"], { url, steps });
    await sql.unsafe(printedSql(stdout));
    const rows = await sql.unsafe(
      "INSERT INTO notes (id) VALUES (3); SELECT say() AS said",
    ) as unknown as Record<string, string>[][];
    assert.equal(rows.at(-1)?.[0]?.said, LONG);
    const [made] = await sql.unsafe(
      "SELECT prosrc FROM pg_proc WHERE proname = 'say'",
    );
    assert.equal(
      made?.prosrc,
      `\n        SELECT '${LONG}' -- a comment\n          -- another\n      `,
    );
    const bodies = await sql.unsafe("SELECT body FROM notes ORDER BY id");
    assert.deepEqual(bodies.map(({ body }) => body), [
      LONG,
      `it's; -- ${LONG}`,
      LONG,
    ]);
    const { stdout: after } = await sync(["--dry-run"], { url, steps });
    assert.match(after, /In sync/, after);
  },
);

// ─── What must not get out ─────────────────────────────────────────────────

const RED = "\x1b[31mred\x9b5m\x07";
const QUOTED = JSON.stringify(RED);

const UNSAFE: [string, string, string, string[]][] = [
  [
    "a view's name",
    `CREATE VIEW "${RED}" AS SELECT 1 AS id`,
    `createTable(${QUOTED}, { id: "integer" }),`,
    ["--dry-run"],
  ],
  [
    "an enum's labels",
    `CREATE TYPE mood AS ENUM ('${RED}')`,
    `createEnum("mood", ["calm"]),`,
    ["--dry-run"],
  ],
  [
    "a column's default",
    `CREATE TABLE people (name text DEFAULT '${RED}')`,
    `createTable("people", { name: "text" }),`,
    ["--dry-run"],
  ],
  [
    "a new table's name",
    "SELECT 1",
    `createTable(${QUOTED}, { id: "integer" }),`,
    ["--dry-run"],
  ],
  [
    "a key of a row that violates a constraint",
    `CREATE TABLE people (name text PRIMARY KEY);
     INSERT INTO people VALUES ('${RED}')`,
    `createTable("people", { name: "text PRIMARY KEY" }),
     addCheck("people", "people_name_check", "name = ''"),`,
    ["--apply"],
  ],
  [
    "a literal in an error's message",
    "SELECT 1",
    `step("cast", { check: "'${RED}'::integer = 1", alter: "SELECT 1" }),`,
    ["--dry-run"],
  ],
  [
    "a literal in the error of a change",
    "SELECT 1",
    `step("cast", { check: "false", alter: "SELECT '${RED}'::integer" }),`,
    ["--apply"],
  ],
  ["a pattern", "SELECT 1", STEPS, ["--dry-run", "--only", RED]],
  ["a schema's name", "SELECT 1", STEPS, ["--dry-run", "--schema", RED]],
];

for (const [what, prepared, steps, args] of UNSAFE) {
  onServer(
    `terminal codes of ${what} are printed as text`,
    async (url, sql) => {
      await sql.unsafe(prepared);
      const plain = await sync(args, { url, steps });
      const text = plain.stdout + plain.stderr;
      assert.doesNotMatch(text, /(?!\n)\p{Cc}/u);
      assert.match(text, /\\x1b\[31mred/);

      // With colour there are codes, and again none of the database's.
      const env = { NO_COLOR: "", FORCE_COLOR: "1" };
      const coloured = await sync(args, { url, steps, env });
      const both = coloured.stdout + coloured.stderr;
      const [first, ...codes] = both.split(ESCAPE);
      assert.ok(codes.length > 0);
      for (const code of codes) assert.match(code, /^\[\d+m(?!red)/);
      assert.doesNotMatch([first, ...codes].join(""), /(?!\n)\p{Cc}/u);
    },
  );
}
