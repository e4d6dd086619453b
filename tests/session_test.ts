/**
 * Connections that are lost, and sessions that a step would change: every wait
 * ends, and what a run says of the database is so.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import {
  checkSteps,
  parseTarget,
  section,
  Session,
  step,
} from "../sync-production-schema.ts";
import {
  type Major,
  type Output,
  readOutput,
  serversOnDemand,
  startSync,
  sync,
  until,
} from "./helpers.ts";
import { type Cut, type Loss, type Proxy, startProxy } from "./proxy.ts";

const onServer = serversOnDemand();

/** A database behind a proxy. */
function behindProxy(
  major: Major,
  use: (
    proxied: string,
    proxy: Proxy,
    url: string,
    sql: postgres.Sql,
  ) => Promise<void>,
) {
  return onServer(major, async (url, sql) => {
    const proxy = await startProxy(Number(new URL(url).port));
    const proxied = new URL(url);
    proxied.port = `${proxy.port}`;
    try {
      await use(proxied.href, proxy, url, sql);
    } finally {
      await proxy.stop();
    }
  });
}

/** Waits for a minute, unless somebody has made the table `go`. */
const PAUSE = "DO $$ BEGIN IF to_regclass('go') IS NULL THEN " +
  "PERFORM pg_sleep(60); END IF; END $$";

const PAUSES: [where: string, steps: string, said: RegExp][] = [
  [
    "a transaction",
    `createTable("a", { id: "integer" }),
      step("pause", { check: "to_regclass('b') IS NOT NULL",
        alter: [${JSON.stringify(PAUSE)}, "CREATE TABLE b ()"] })`,
    /Nothing was changed/,
  ],
  [
    "a batch",
    `createTable("a", { id: "integer" }),
      createTable("old", { id: "integer" }),
      backfill("old", { set: "id = CASE WHEN to_regclass('go') IS NULL " +
        "THEN (SELECT 1 FROM pg_sleep(60)) ELSE 1 END",
        where: "id IS NULL" })`,
    /Committed: 1 statement\b[^]*batches so far/,
  ],
];

async function untilPaused(sql: postgres.Sql) {
  await until(async () => {
    const rows = await sql`SELECT FROM pg_stat_activity
      WHERE wait_event = 'PgSleep' AND datname = current_database()`;
    return rows.length > 0;
  }, "it waits in the middle");
}

/** Nothing of the run is left, so that the next has its turn. */
async function untilGone(sql: postgres.Sql) {
  await until(async () => {
    const rows = await sql`SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database
        WHERE datname = current_database())`;
    return rows.length === 0;
  }, "the run's lock is free");
}

function assertFailed({ code, stdout, stderr }: Output, ...said: RegExp[]) {
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, /^error: /m);
  assert.doesNotMatch(stderr, /^\s+at |This is a bug/m);
  for (const what of said) assert.match(stderr, what);
}

for (const [i, [where, steps, said]] of PAUSES.entries()) {
  for (const how of ["reset", "end"] as Loss[]) {
    const major = (i === 0) === (how === "end") ? 14 : 18;
    Deno.test(`a connection lost in ${where} (${how}) ends the run`, async () => {
      await behindProxy(major, async (url, proxy, direct, sql) => {
        await sql`CREATE TABLE old (id integer)`;
        await sql`INSERT INTO old VALUES (NULL)`;
        const ended = readOutput(startSync(["--apply"], { url, steps }));
        await untilPaused(sql);
        proxy.lose(how);
        assertFailed(await ended, /connection .*lost/, /Run it again/, said);
        await sql.unsafe(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE wait_event = 'PgSleep' AND datname = current_database()`);
        await untilGone(sql);
        await sql`CREATE TABLE go ()`;
        const again = await sync(["--apply"], { url: direct, steps });
        assert.equal(again.code, 0, again.stderr);
      });
    });
  }
}

Deno.test("a first signal ends a run whose connection says nothing more", async () => {
  await behindProxy(18, async (url, proxy, _direct, sql) => {
    const [, steps] = PAUSES[0]!;
    const child = startSync(["--apply"], { url, steps });
    const ended = readOutput(child);
    await untilPaused(sql);
    proxy.lose("stall", true);
    child.kill("SIGINT");
    assertFailed(await ended, /stopped by a signal/, /Nothing was changed/);
  });
});

const CUTS: [cut: Cut, how: Loss, said: RegExp, made: boolean][] = [
  ["before", "reset", /Nothing was changed/, false],
  ["before", "end", /Nothing was changed/, false],
  ["after", "reset", /Committed: all 2 statements/, true],
  ["after", "end", /Committed: all 2 statements/, true],
];

const TWO = `createTable("a", { id: "integer" }),
  step("b", { check: "to_regclass('b') IS NOT NULL",
    alter: "CREATE TABLE b ()" })`;

for (const [cut, how, said, made] of CUTS) {
  Deno.test(`a COMMIT cut ${cut} the server has it (${how}) is looked up`, async () => {
    await behindProxy(made ? 14 : 18, async (url, proxy, _direct, sql) => {
      const lost = proxy.cutAtCommit(cut, how);
      const output = await sync(["--apply"], { url, steps: TWO });
      await lost;
      assertFailed(output, /connection .*lost/, said);
      const [row] = await sql`SELECT to_regclass('b') IS NOT NULL AS made`;
      assert.equal(row?.made, made);
    });
  });
}

Deno.test("a COMMIT whose end cannot be looked up is said to be unknown", async () => {
  await behindProxy(18, async (url, proxy, _direct, sql) => {
    const lost = proxy.cutAtCommit("after");
    const ended = sync(["--apply"], { url, steps: TWO });
    await lost;
    proxy.lose("reset");
    await proxy.stop();
    const output = await ended;
    assertFailed(output, /Not known: whether 2 statements more/);
    assert.doesNotMatch(output.stderr, /Nothing was changed|Committed: all/);
    const [, query = ""] = /ask: (.*)\.$/m.exec(output.stderr) ?? [];
    const [row] = await sql.unsafe(query);
    assert.equal(row?.pg_xact_status, "committed");
  });
});

// ── What the server says ───────────────────────────────────────────────────

Deno.test("the server's reason to end a connection is shown", async (t) => {
  await onServer(18, async (url, sql) => {
    const name = new URL(url).pathname.slice(1);
    const limits: [setting: string, steps: string, said: RegExp][] = [
      [
        "transaction_timeout = '300ms'",
        `step("slow", { check: "(SELECT pg_sleep(5)) IS NOT NULL",
          alter: "SELECT 1" })`,
        /due to transaction timeout \(SQLSTATE 25P04\)\n {2}Raise that/,
      ],
    ];
    for (const [setting, steps, said] of limits) {
      await t.step(setting, async () => {
        await sql.unsafe(`ALTER DATABASE ${name} SET ${setting}`);
        assertFailed(await sync(["--dry-run"], { url, steps }), said);
        await sql.unsafe(`ALTER DATABASE ${name} RESET ALL`);
      });
    }
    await t.step("an administrator", async () => {
      const [, steps] = PAUSES[0]!;
      const ended = readOutput(startSync(["--apply"], { url, steps }));
      await untilPaused(sql);
      await sql.unsafe(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event = 'PgSleep' AND datname = current_database()`);
      assertFailed(
        await ended,
        /due to administrator command \(SQLSTATE 57P01\)/,
        /Nothing was changed/,
      );
    });
  });
});

Deno.test("a silent connection is given up only where nothing is at work", async () => {
  const before = Session.silence;
  Session.silence = 1000;
  try {
    await behindProxy(18, async (url, proxy) => {
      const session = await Session.open(parseTarget(url));
      try {
        await session.begin("READ ONLY");
        await session.query("SELECT pg_sleep(4)");
        await session.query("SELECT 1");
        for (const more of [false, true]) {
          const other = await Session.open(parseTarget(url));
          await other.begin("READ ONLY");
          proxy.lose("stall", more);
          await assert.rejects(other.query("SELECT 1"), /lost/);
          await assert.rejects(other.query("SELECT 1"), /lost/);
          await other.end();
        }
      } finally {
        await session.end();
      }
    });
  } finally {
    Session.silence = before;
  }
});

// ── What a step may not do to its session ──────────────────────────────────

const REFUSED: [alter: string, said: RegExp][] = [
  ["BEGIN; CREATE TABLE b (id int); COMMIT", /BEGIN[^]*COMMIT/],
  ["/* a */ Commit work", /COMMIT/],
  ["-- a\nstart transaction", /START TRANSACTION/],
  ["SELECT 1; end", /END/],
  ["ROLLBACK AND CHAIN", /ROLLBACK/],
  ["ABORT", /ABORT/],
  ["SAVEPOINT a", /SAVEPOINT/],
  ["PREPARE TRANSACTION 'a'", /PREPARE TRANSACTION/],
  ["SET TRANSACTION READ ONLY", /SET TRANSACTION/],
  ["SET ROLE a", /SET ROLE/],
  ["SET LOCAL ROLE a", /SET LOCAL ROLE/],
  ["RESET ROLE", /RESET ROLE/],
  ["set session authorization a", /SESSION AUTHORIZATION/],
  ["SET search_path = a", /SEARCH_PATH/],
  ['SET LOCAL "search_path" = a', /SEARCH_PATH/],
  ["SET SESSION search_path TO a", /SEARCH_PATH/],
  ["SET a.b = 1", /SET: .*SET LOCAL/],
  ["SET TIME ZONE 'UTC'", /SET: .*SET LOCAL/],
  ["RESET ALL", /RESET/],
  ["DISCARD ALL", /DISCARD/],
  ["SELECT pg_catalog.set_config('search_path', '', false)", /SET_CONFIG/],
  ["COPY a FROM STDIN", /COPY/],
  ["COPY (SELECT 1) TO STDOUT", /COPY/],
  [
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; COMMIT",
    /COMMIT/,
  ],
  ["DO $$ BEGIN COMMIT; END $$", /COMMIT/],
  ["DO $a$ BEGIN IF true THEN ROLLBACK; END IF; END $a$", /ROLLBACK/],
  ["DO 'BEGIN EXECUTE ''x''; COMMIT; END'", /COMMIT/],
  ["DO $$ BEGIN FOR i IN 1..2 LOOP COMMIT; END LOOP; END $$", /COMMIT/],
  ["DO $$ BEGIN SET search_path = a; END $$", /SEARCH_PATH/],
  ["DO $$ BEGIN PERFORM set_config('a.b','c',false); END $$", /SET_CONFIG/],
];

const ACCEPTED = [
  "SET LOCAL statement_timeout = 0",
  "SET CONSTRAINTS ALL DEFERRED",
  "SELECT set_config('a.b', 'c', true)",
  "COPY a FROM '/a/file'",
  "SELECT 'a; COMMIT; b'",
  "SELECT 'it''s; COMMIT'",
  "SELECT E'\\'; COMMIT; '",
  "SELECT $$; COMMIT; $$",
  "/* a /* b */ ; COMMIT; */ SELECT 1",
  'CREATE TABLE "commit" (id int)',
  "PREPARE a AS SELECT 1",
  "CALL p()",
  "ALTER ROLE a SET search_path = b",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = '' " +
  "BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
  "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$",
  "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'",
  "DO $$ DECLARE a int; BEGIN UPDATE b SET a = 1; PERFORM 1; END $$",
  "DO LANGUAGE plpgsql $$ BEGIN NULL; EXCEPTION WHEN others THEN NULL; END $$",
  "CREATE RULE r AS ON INSERT TO a DO ALSO (SELECT 1; SELECT 2)",
];

Deno.test("checkSteps() refuses SQL that takes the transaction or the session", async (t) => {
  const faults = (alter: string) => {
    try {
      checkSteps([section("All", [step("it", { check: "true", alter })])]);
      return "";
    } catch (error) {
      return `${error}`;
    }
  };
  for (const [alter, said] of REFUSED) {
    await t.step(alter, () => assert.match(faults(alter), said));
  }
  for (const alter of ACCEPTED) {
    await t.step(alter, () => assert.equal(faults(alter), ""));
  }
});

Deno.test("a step that says COMMIT is refused before anything is written", async () => {
  await onServer(18, async (url, sql) => {
    const steps = `createTable("a", { id: "integer" }),
      step("pasted", { check: "to_regclass('b') IS NOT NULL",
        alter: "BEGIN; CREATE TABLE b (id int); COMMIT" })`;
    for (const mode of ["--dry-run", "--apply"]) {
      assertFailed(await sync([mode], { url, steps }), /pasted.*has COMMIT/);
    }
    const [row] = await sql`SELECT to_regclass('a') IS NULL
      AND to_regclass('b') IS NULL AS untouched`;
    assert.equal(row?.untouched, true);
  });
});

Deno.test("a COMMIT that a setting would hide is seen before anything runs", async () => {
  // Where backslashes escape, the server would read other strings than we do.
  const hidden = String.raw`SELECT 'a\\''; COMMIT; SELECT '\\''`;
  await onServer(14, async (url, sql) => {
    const options = encodeURIComponent("-c standard_conforming_strings=off");
    const output = await sync(["--apply"], {
      url: `${url}?options=${options}`,
      steps: `createTable("a", { id: "integer" }), step("hidden",
        { check: "to_regclass('c') IS NOT NULL",
          alter: ["${hidden}", "CREATE TABLE c ()"] })`,
    });
    assertFailed(output, /"hidden"[^]*syntax error/);
    const [row] =
      await sql`SELECT to_regclass('a') AS a, to_regclass('c') AS c`;
    assert.deepEqual({ ...row }, { a: null, c: null });
  });
});

Deno.test("a step that leaves its session changed is noticed", async (t) => {
  const changes: [name: string, body: string][] = [
    ["search_path", "PERFORM set_config('search_path', 'pg_catalog', false)"],
    ["lock_timeout", "PERFORM set_config('lock_timeout', '7s', false)"],
    ["role", "SET ROLE pg_monitor"],
    ["work_mem", "EXECUTE 'SET work_mem = 1234'"],
  ];
  for (const [name, body] of changes) {
    await t.step(name, async () => {
      await onServer(name === "role" ? 14 : 18, async (url, sql) => {
        await sql.unsafe(`CREATE FUNCTION change() RETURNS void
          LANGUAGE plpgsql AS $$ BEGIN ${body}; END $$`);
        const steps = `step("changes", { check: "to_regclass('a') IS NOT NULL",
          alter: ["CREATE TABLE a ()", "SELECT public.change()"] })`;
        const output = await sync(["--apply"], { url, steps });
        assertFailed(
          output,
          new RegExp(`"changes".*left the session's ${name} changed`),
          /Committed: all 2 statements/,
        );
        assert.equal((await sql`SELECT FROM a`).length, 0);
      });
    });
  }
  await t.step("what lasts for the transaction is no change", async () => {
    await onServer(18, async (url) => {
      const steps = `step("local", { check: "to_regclass('a') IS NOT NULL",
        alter: ["SET LOCAL work_mem = 1234", "CREATE TABLE a ()"] })`;
      const output = await sync(["--apply"], { url, steps });
      assert.equal(output.code, 0, output.stderr);
    });
  });
});

Deno.test("a look at the end that fails does not deny what is committed", async () => {
  await onServer(18, async (url, sql) => {
    const steps = `createTable("a", { id: "integer" }), step("slow", {
      check: "to_regclass('a') IS NOT NULL AND " +
        "(SELECT pg_sleep(5) IS NOT NULL)",
      alter: "SELECT 1" })`;
    const args = ["--apply", "--probe-timeout", "500ms"];
    const { code, stdout, stderr } = await sync(args, { url, steps });
    assert.notEqual(code, 0, stdout);
    assert.match(stderr, /Committed: all 2 statements/);
    assert.doesNotMatch(stderr, /[Nn]othing was (changed|written)/);
    assert.equal((await sql`SELECT FROM a`).length, 0);
  });
});
