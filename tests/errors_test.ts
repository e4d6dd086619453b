/**
 * Every error that a user can make: one line that says what is wrong, one that
 * says what to do, exit 1, no stack, no password, and nothing written.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import {
  connect,
  freePort,
  MAJORS,
  type Output,
  PERMISSIONS,
  type Server,
  startServer,
  sync,
  until,
} from "./helpers.ts";

const OLDEST = MAJORS[0], NEWEST = MAJORS.at(-1) ?? 18;
/** In every URL's password here, and in no output. */
const SECRET = "s3cr3t";
/** A run that comes this far has not stopped before it connects. */
const UNREACHABLE = `postgres://bob:${SECRET}@nosuch.invalid/app`;
const TABLE = `createTable("notes", { id: "integer PRIMARY KEY" })`;

const servers = new Map<number, Promise<Server>>();

/** The file's server of a major, started by the first test that asks. */
function server(major: typeof MAJORS[number]): Promise<Server> {
  const started = servers.get(major) ??
    // Replication, for the standby.
    startServer(major, ["wal_level = replica"]);
  servers.set(major, started);
  return started;
}

Deno.test.afterAll(async () => {
  for (const started of servers.values()) await (await started).stop();
});

/** Asserts that the run ended as every error of a user must end. */
function assertError(output: Output, what: RegExp, hint: RegExp = /\S/) {
  const { code, stdout, stderr } = output;
  const [first = "", second = ""] = stderr.split("\n")
    .filter((line) => !line.includes("waiting for"));
  assert.equal(code, 1, stdout + stderr);
  assert.match(first, /^error: /);
  assert.match(stderr, what);
  assert.match(second, /^ {2}\S/, `no hint: ${stderr}`);
  assert.match(stderr, hint);
  assertDiscreet(output);
}

/** Asserts that neither a stack nor a password got out. */
function assertDiscreet({ stdout, stderr }: Output) {
  const all = stdout + stderr;
  assert.doesNotMatch(all, /^\s+at .*:\d+/m);
  assert.doesNotMatch(all, /Uncaught|unexpected:|This is a bug/);
  assert.ok(!all.includes(SECRET), `the password is in: ${all}`);
  assert.ok(!all.includes("cr3t"), `a part of the password is in: ${all}`);
}

/** Everything in the database that somebody made. */
async function contents(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql.unsafe<{ thing: string }[]>(`
    WITH ours AS (SELECT oid FROM pg_namespace
      WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
    SELECT format('%s %s', relkind, oid::regclass) AS thing FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM ours)
    UNION ALL
    SELECT format('column %s.%s %s', attrelid::regclass, attname, attnotnull)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace IN (SELECT oid FROM ours) AND attnum > 0
    UNION ALL
    SELECT format('type %s', typname) FROM pg_type
    WHERE typnamespace IN (SELECT oid FROM ours)
    UNION ALL
    SELECT format('constraint %s', conname) FROM pg_constraint
    WHERE connamespace IN (SELECT oid FROM ours)
    ORDER BY 1`);
  return rows.map(({ thing }) => thing);
}

/** Asserts that what the function does leaves the database as it was. */
async function assertUntouched(
  sql: postgres.Sql,
  act: () => Promise<unknown>,
) {
  const before = await contents(sql);
  await act();
  assert.deepEqual(await contents(sql), before);
}

// ── Command line ───────────────────────────────────────────────────────────

const DRY = "--dry-run";

const COMMAND_LINES: [args: string[], what: RegExp, hint: RegExp][] = [
  [[], /no mode/, /--dry-run.*--apply/],
  [["--verbose"], /no mode/, /--dry-run.*--apply/],
  [[DRY, "--apply"], /exclude each other/, /--dry-run.*--apply/],
  [[DRY, "--force"], /'--force'/, /--help/],
  [[DRY, "-x"], /'-x'/, /--help/],
  [[DRY, "--schema"], /--schema/, /--help/],
  [["--dry-run=yes"], /--dry-run/, /--help/],
  [["up"], /argument stands alone/, /--help/],
  [[DRY, UNREACHABLE], /./, /--database-url|--help/],
  [[DRY, `--databse-url=${UNREACHABLE}`], /--databse-url/, /--help/],
  [
    [DRY, "--embedded", "--database-url", UNREACHABLE],
    /--embedded.*--database-url/,
    /one of them/,
  ],
  [[DRY, "--lock-timeout", "soon"], /--lock-timeout.*"soon"/, /500ms/],
  [[DRY, "--lock-timeout", "5h"], /--lock-timeout.*"5h"/, /500ms/],
  [[DRY, "--lock-timeout=-1"], /--lock-timeout.*"-1"/, /500ms/],
  [[DRY, "--lock-timeout="], /--lock-timeout/, /500ms/],
  [[DRY, "--max-wait", "1.5s"], /--max-wait.*"1.5s"/, /500ms/],
  [[DRY, "--probe-timeout", "x"], /--probe-timeout.*"x"/, /500ms/],
  [[DRY, "--only", "nosuch"], /"nosuch"/, /wildcard/],
  [[DRY, "--only", "nosuch*"], /"nosuch\*"/, /wildcard/],
  [["--apply", "--skip", "nosuch"], /"nosuch"/, /wildcard/],
];

Deno.test("the command line says what is wrong with it, before it connects", async (t) => {
  for (const [args, what, hint] of COMMAND_LINES) {
    const title = args.join(" ").replaceAll(UNREACHABLE, "URL");
    await t.step(title || "nothing", async () => {
      const output = await sync(args, { url: UNREACHABLE });
      assertError(output, what, hint);
      assert.doesNotMatch(output.stderr, /host of/);
      assert.equal(output.stdout, "");
    });
  }
});

const URLS: [title: string, url: string, what: RegExp, hint?: RegExp][] = [
  ["http://", `http://bob:${SECRET}@db.invalid/app`, /start with postgres:/],
  ["no scheme", `bob:${SECRET}@db.invalid/app`, /start with postgres:/],
  ["key=value", `host=db user=bob password=${SECRET}`, /start with postgres:/],
  ["one slash", `postgres:/bob:${SECRET}@db.invalid/app`, /postgres:\/\//],
  ["# in a password", `postgres://bob:a#${SECRET}@db.invalid/app`, /./, /%23/],
  ["# after digits", `postgres://bob:12#${SECRET}@db.invalid/app`, /#/, /%23/],
  ["/ in a password", `postgres://bob:a/${SECRET}@db.invalid/app`, /./, /%2F/],
  ["/ after digits", `postgres://bob:12/${SECRET}@db.invalid/app`, /./, /%2F/],
  ["? after digits", `postgres://bob:12?${SECRET}@db.invalid/app`, /./, /%/],
  ["% in a password", `postgres://bob:a%${SECRET}@db.invalid/app`, /./, /%/],
  ["no @", `postgres://bob:${SECRET}`, /cannot be read/],
  ["a port of letters", `postgres://bob:${SECRET}@db.invalid:x/app`, /./],
  ["a port too large", `postgres://bob:${SECRET}@db.invalid:70000/app`, /./],
  ["port=x", `postgres://bob:${SECRET}@db.invalid/app?port=x`, /port/],
  [
    "connect_timeout=x",
    `postgres://bob:${SECRET}@db.invalid/app?connect_timeout=x`,
    /connect_timeout/,
  ],
  [
    "sslmode=on",
    `postgres://bob:${SECRET}@db.invalid/app?sslmode=on`,
    /sslmode/,
    /verify-full/,
  ],
  [
    "sslrootcert of nothing",
    `postgres://bob:${SECRET}@db.invalid/app?sslmode=verify-ca&sslrootcert=/nosuch.crt`,
    /sslrootcert.*\/nosuch\.crt/,
  ],
];

Deno.test("a malformed URL is refused before anything connects", async (t) => {
  for (const [title, url, what, hint] of URLS) {
    await t.step(title, async () => {
      const env = { USER: "bob" };
      const output = await sync([DRY], { url, steps: TABLE, env });
      assertError(output, what, hint);
      assert.match(output.stderr, /URL|file/);
      assert.doesNotMatch(output.stderr, /host of|answers/);
      assert.equal(output.stdout, "");
    });
  }
});

Deno.test("no DATABASE_URL is an error that names both ways to go on", async () => {
  for (const url of [{}, { env: { DATABASE_URL: "" } }]) {
    const output = await sync(["--apply"], url);
    assertError(output, /DATABASE_URL/, /--database-url.*--embedded/);
    assert.equal(output.stdout, "");
  }
});

const NO_PERMISSION: [flags: string[], args: string[], flag: RegExp][] = [
  [[], [DRY], /--allow-(env|net)/],
  [["--allow-env"], [DRY], /--allow-net/],
  [["--allow-env", "--allow-read"], ["--apply"], /--allow-net/],
  [
    ["--allow-env", "--allow-net", "--allow-read"],
    [DRY, "--embedded"],
    /--allow-write/,
  ],
];

Deno.test("a missing permission is named, with the way to grant it", async (t) => {
  for (const [flags, args, flag] of NO_PERMISSION) {
    await t.step(
      `${flags.join(" ") || "none"}: ${args.join(" ")}`,
      async () => {
        const output = await sync(args, {
          url: args.includes("--embedded") ? "" : UNREACHABLE,
          permissions: ["--no-prompt", ...flags],
        });
        assertError(output, flag);
        assert.doesNotMatch(output.stderr, /is not set|EPERM/);
      },
    );
  }
});

// ── Steps ──────────────────────────────────────────────────────────────────

const LONG = "n".repeat(64);
/** 32 characters, but 64 bytes. */
const WIDE = "é".repeat(32);

const FAULTS: [steps: string, ...what: RegExp[]][] = [
  [
    `createTable("a", { b_id: "integer NOT NULL REFERENCES b (id)" })`,
    /createTable "a" in section "Steps"/,
    /addForeignKey\("a", "a_b_id_fkey", "\(b_id\) REFERENCES b \(id\)"\)/,
  ],
  [
    `createTable("a", { b: "text UNIQUE" })`,
    /addUnique\("a", "a_b_key", "\(b\)"\)/,
  ],
  [
    `createTable("a", { b: "integer CHECK (b > 0)" })`,
    /addCheck\("a", "a_b_check"/,
  ],
  [
    `createTable("a", { b: "integer CONSTRAINT c NOT NULL" })`,
    /"b".*CONSTRAINT/,
  ],
  [
    `addColumn("a", "b", "text UNIQUE")`,
    /addUnique\("a", "a_b_key", "\(b\)"\)/,
  ],
  [`addColumn("a", "b", "int REFERENCES c")`, /addForeignKey\("a", "a_b_fkey"/],
  [`createTable("${LONG}", { id: "integer" })`, /64 bytes/, /63/],
  [`createTable("${WIDE}", { id: "integer" })`, /64 bytes/],
  [`createTable("a", { ${LONG}: "integer" })`, /64 bytes/],
  [`addColumn("a", "${LONG}", "integer")`, /64 bytes/],
  [`createIndex("a", "${LONG}", "(b)")`, /64 bytes/],
  [`addCheck("a", "${LONG}", "b > 0")`, /64 bytes/],
  [`createEnum("a", ["${LONG}"])`, /64 bytes/],
  [`createTable("", { id: "integer" })`, /createTable ""/],
  [
    `createTable("a", { b: "int PRIMARY KEY", c: "int PRIMARY KEY" })`,
    /PRIMARY KEY.*addPrimaryKey\("a", "a_pkey"/,
  ],
  [`addForeignKey("a", "a_fk", "(b_id)")`, /no REFERENCES/],
  [`addForeignKey("a", "a_fk", "(b) REFERENCES b")`, /REFERENCES b \(id\)/],
  [
    `createIndex("a", "a_b_idx", "(b)"), createIndex("c", "a_b_idx", "(d)")`,
    /createIndex "a_b_idx".*again/,
  ],
  [`${TABLE}, ${TABLE}`, /table notes again/],
  [
    `createTable("a", { b: "text" }), addColumn("a", "b", "text")`,
    /addColumn "a\.b".*again.*createTable "a"/,
  ],
  [`createTable("a", { b: "" })`, /"b" has no type/],
  [`createTable("a", { b: "NOT NULL" })`, /"b" has no type/],
  [`createTable("a", {})`, /no columns/],
  [`createEnum("a", ["x", "y", "x"])`, /createEnum "a".*twice/],
  [`backfill("a", { set: "b = 1" })`, /its where is missing/],
  [`backfill("a", { set: "", where: "b IS NULL" })`, /its set is missing/],
  [`step("a", { alter: "SELECT 1" })`, /step "a".*its check is missing/],
  [`step("a", { check: "true" })`, /step "a".*its alter is missing/],
  [`step("a", { check: "", alter: "" })`, /its check is missing/],
  [
    `createIndex("a", "a_b_idx", "CREATE INDEX a_b_idx ON a (b)")`,
    /starts with CREATE/,
  ],
  [`createIndex("a", "a_b_idx", "CONCURRENTLY (b)")`, /CONCURRENTLY/],
  [`createIndex("a", "a_b_idx", "")`, /definition is missing/],
  [
    `changeType("a", "b", "bigint", { using: "b" })`,
    /its "using" is another object: write a string/,
  ],
  [`createView("v", "SELECT 1", [])`, /its "options" is a list/],
  [`grant("SELECT", "table a", 5)`, /its "to" is a number/],
  [
    `addForeignKey("a", "f", "(b) REFERENCES c (id) NOT VALID")`,
    /NOT VALID/,
  ],
  [
    `addUnique("a", "k", "(b, during WITHOUT OVERLAPS)")`,
    /temporal.*step\(/,
  ],
  [`addUnique("a", "a_b_key", "")`, /addUnique "a_b_key"/],
  [`addCheck("a", "a_b_check", "")`, /addCheck "a_b_check"/],
  [`insertMissing("a", [], [{ b: 1 }])`, /no key/],
  [`insertMissing("a", ["b"], [{ c: 1 }])`, /lacks its key/],
  // What TypeScript would tell, had it been asked: deno run does not.
  [`createTable("a")`, /createTable "a"/],
  [`createTable("a", "id integer")`, /createTable "a"/],
  [`createTable("a", { b: 5 })`, /createTable "a"/],
  [`createTable({ name: "a" })`, /createTable/],
  [`createEnum("a")`, /createEnum "a"/],
  [`createEnum("a", "xy")`, /createEnum "a"/],
  [`createExtension()`, /createExtension/],
  [`addColumn("a", "b")`, /addColumn "a\.b"/],
  [`createIndex("a", "a_b_idx")`, /createIndex "a_b_idx"/],
  [`addUnique("a", "a_b_key")`, /addUnique "a_b_key"/],
  [`addCheck("a", "a_b_check")`, /addCheck "a_b_check"/],
  [`addForeignKey("a", "a_b_fkey")`, /addForeignKey "a_b_fkey"/],
  [`setDefault("a", "b")`, /setDefault "a\.b"/],
  [`setNotNull("a")`, /setNotNull/],
  [`changeType("a", "b")`, /changeType "a\.b"/],
  [`renameTable("a")`, /renameTable/],
  [
    `renameTable("audit.o", "n")`,
    /both names must have the same schema, or none/,
  ],
  [`renameColumn("a", "b")`, /renameColumn/],
  [`backfill("a")`, /backfill/],
  [`insertMissing("a")`, /insertMissing "a"/],
  [`dropTable()`, /dropTable/],
  [`dropTable(5)`, /dropTable/],
  [`dropColumn("a")`, /dropColumn/],
  [`step("a")`, /step "a"/],
];

Deno.test("a step that cannot be right is refused before anything connects", async (t) => {
  for (const [steps, ...whats] of FAULTS) {
    await t.step(steps, async () => {
      const output = await sync([DRY], { url: UNREACHABLE, steps });
      assert.equal(output.code, 1, output.stdout);
      assert.match(output.stderr, /^error: .*in section "Steps"/);
      for (const what of whats) assert.match(output.stderr, what);
      assert.doesNotMatch(output.stderr, /host of/);
      assert.equal(output.stdout, "");
      assertDiscreet(output);
    });
  }
});

Deno.test("main() reports the faults of all steps at once", async () => {
  const steps = `
    createTable("a", { b: "integer CHECK (b > 0)", c: "text UNIQUE" }),
    createEnum("e", ["x", "x"]),
    backfill("a", { set: "b = 1" })`;
  for (const mode of [DRY, "--apply"]) {
    const output = await sync([mode], { url: UNREACHABLE, steps });
    assert.equal(output.code, 1);
    const errors = output.stderr.split("\n")
      .filter((line) => line.startsWith("error: "));
    assert.deepEqual(
      errors.map((line) => /error: (\w+ "[\w.]+")/.exec(line)?.[1]),
      [
        `createTable "a"`,
        `createTable "a"`,
        `createEnum "e"`,
        `backfill "a.b"`,
      ],
    );
    assertDiscreet(output);
  }
});

// ── Connection ─────────────────────────────────────────────────────────────

Deno.test("an unknown host is named, and where to look", async () => {
  for (const mode of [DRY, "--apply"]) {
    const output = await sync([mode], { url: UNREACHABLE, steps: TABLE });
    assertError(output, /nosuch\.invalid:5432 is not known/, /host name/);
  }
});

Deno.test("a port where nobody listens is named", async () => {
  const port = freePort();
  for (const mode of [DRY, "--apply"]) {
    const url = `postgres://bob:${SECRET}@127.0.0.1:${port}/app`;
    const output = await sync([mode], { url, steps: TABLE });
    assertError(output, RegExp(`127\\.0\\.0\\.1:${port}`), /server runs/);
  }
});

const STRANGERS: [what: string, reply: string | undefined][] = [
  ["hangs up", ""],
  ["speaks another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n"],
  ["says nothing", undefined],
];

Deno.test("a server that is not PostgreSQL is told from one that is", async (t) => {
  for (const [what, reply] of STRANGERS) {
    await t.step(what, async () => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      const accepted: Deno.Conn[] = [];
      const answer = async (connection: Deno.Conn) => {
        if (reply === undefined) return;
        await connection.read(new Uint8Array(8));
        if (reply) await connection.write(new TextEncoder().encode(reply));
        connection.close();
      };
      const listening = (async () => {
        for await (const connection of listener) {
          accepted.push(connection);
          await answer(connection).catch(() => {});
          // A client that never gives up must not keep the test from ending.
          if (accepted.length === 20) break;
        }
      })();
      try {
        const url =
          `postgres://bob:${SECRET}@127.0.0.1:${port}/app?connect_timeout=1`;
        const output = await sync([DRY], { url, steps: TABLE });
        assertError(output, RegExp(`127\\.0\\.0\\.1:${port}`));
        assert.ok(accepted.length < 20, `${accepted.length} connections`);
      } finally {
        try {
          listener.close();
        } catch {
          // The loop's end closed it.
        }
        await listening;
        if (reply === undefined) accepted.forEach((each) => each.close());
      }
    });
  }
});

Deno.test("a wrong password is told without showing it", async () => {
  const { port, directory, url } = await server(NEWEST);
  const admin = connect(url());
  await admin.unsafe(`CREATE ROLE carol LOGIN PASSWORD 'right';
    CREATE ROLE dave LOGIN CONNECTION LIMIT 1`);
  const hba = join(directory, "data", "pg_hba.conf");
  const rules = await Deno.readTextFile(hba);
  const rule = "host all carol 127.0.0.1/32 scram-sha-256\n";
  await Deno.writeTextFile(hba, rule + rules);
  await admin`SELECT pg_reload_conf()`;
  const as = (password: string) =>
    `postgres://carol:${password}@127.0.0.1:${port}/postgres`;
  await until(async () => {
    const sql = connect(as("nonsense"));
    const refused = await sql`SELECT 1`.then(() => false, () => true);
    await sql.end();
    return refused;
  }, "pg_hba.conf is loaded");

  for (const mode of [DRY, "--apply"]) {
    const output = await sync([mode], { url: as(SECRET), steps: TABLE });
    assertError(output, /password authentication failed/, /percent-encode/);
  }
  const none = await sync([DRY], {
    url: `postgres://carol@127.0.0.1:${port}/postgres`,
    steps: TABLE,
  });
  assertError(none, /password/);
  const right = await sync([DRY], { url: as("right"), steps: TABLE });
  assert.equal(right.code, 0, right.stderr);
  // An apply takes three connections.
  const full = await sync(["--apply"], {
    url: url("postgres", "dave"),
    steps: TABLE,
  });
  assertError(full, /too many connections/, /three/);
  await admin.end();
});

Deno.test("a missing database and a missing role are named", async () => {
  const { url } = await server(NEWEST);
  const database = await sync([DRY], { url: url("nosuch"), steps: TABLE });
  assertError(database, /"nosuch" does not exist/, /createdb/);
  const nobody = url("postgres", "nosuch");
  const role = await sync(["--apply"], { url: nobody, steps: TABLE });
  assertError(role, /"nosuch" does not exist/, /role/);
});

Deno.test("a server older than 14 is refused", async () => {
  const old = await startServer(13);
  try {
    await old.withDatabase(async (url, sql) => {
      for (const mode of [DRY, "--apply"]) {
        await assertUntouched(sql, async () => {
          const output = await sync([mode], { url });
          assertError(output, /PostgreSQL 13\.\d+.*14/, /Upgrade/);
        });
      }
    });
  } finally {
    await old.stop();
  }
});

/** What version() says, and how the server is called. */
const BANNERS: [says: string, called: RegExp | undefined][] = [
  ["CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)", /is CockroachDB, not Post/],
  ["PostgreSQL 15.2-YB-2.25.1.0-b0 on x86_64, compiled by clang", /YugabyteDB/],
  ["PostgreSQL 8.0.2 on i686, compiled by GCC, Redshift 1.0.57", /Redshift/],
  ["PostgreSQL 9.4.24 (Greenplum Database 6.1) on x86_64", /Greenplum/],
  ["PostgreSQL 13.14.0-RisingWave-1.10.0 (d3f)", /RisingWave/],
  ["PostgreSQL 16", /says "PostgreSQL 16", which is not PostgreSQL/],
  ["PostgreSQL 17.0 on x86_64-windows, compiled by msvc-19.41", undefined],
  [
    "PostgreSQL 16.1 (EnterpriseDB Advanced Server 16.1.0) on x86_64",
    undefined,
  ],
];

Deno.test("what only speaks PostgreSQL's protocol is refused in one sentence", async () => {
  const { withDatabase } = await server(NEWEST);
  await withDatabase(async (url, sql) => {
    // The planner puts the body in the place of the call.
    const replace = (name: string, value: string) =>
      sql.unsafe(`CREATE OR REPLACE FUNCTION pg_catalog.${name}
        STABLE LANGUAGE sql AS $$ SELECT ${value} $$`);
    const dryRun = (says: string) =>
      replace("version() RETURNS text", `'${says}'`)
        .then(() => sync([DRY], { url, steps: TABLE }));
    for (const [says, called] of BANNERS) {
      const output = await dryRun(says);
      if (called) assertError(output, called, /PostgreSQL 14 or later/);
      else assert.equal(output.code, 0, output.stderr);
    }
    // One that cannot even answer what the catalogs are asked.
    await replace("pg_is_in_recovery() RETURNS boolean", "1 / 0 = 1");
    for (const [says, called] of BANNERS) {
      if (called) assertError(await dryRun(says), called, /PostgreSQL 14/);
    }
  });
});

// ── Database ───────────────────────────────────────────────────────────────

for (const major of [OLDEST, NEWEST]) {
  Deno.test(`--schema of a schema that is missing says how to make it (${major})`, async () => {
    const { withDatabase } = await server(major);
    await withDatabase(async (url, sql) => {
      for (const mode of [DRY, "--apply"]) {
        await assertUntouched(sql, async () => {
          const args = [mode, "--schema", "No Such"];
          const output = await sync(args, { url, steps: TABLE });
          assertError(output, /"No Such"/, /CREATE SCHEMA "No Such"/);
        });
      }
    });
  });

  Deno.test(`a missing privilege is named with its grant (${major})`, async (t) => {
    const { port, withDatabase } = await server(major);
    await withDatabase(async (admin, sql) => {
      const database = new URL(admin).pathname;
      await sql.unsafe(`CREATE ROLE eve LOGIN;
        CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO eve;
        CREATE SCHEMA hidden;
        CREATE SCHEMA shared; GRANT ALL ON SCHEMA shared TO eve;
        CREATE TABLE shared.notes (id integer PRIMARY KEY);
        GRANT SELECT ON shared.notes TO eve;
        CREATE TABLE shared.secrets (id integer);
        INSERT INTO shared.secrets VALUES (1)`);
      const url = `postgres://eve:${SECRET}@127.0.0.1:${port}${database}`;
      const refused = (schema: string, steps: string, what: RegExp) =>
        assertUntouched(sql, async () => {
          const args = ["--schema", schema];
          const dry = await sync([DRY, ...args], { url, steps });
          assertDiscreet(dry);
          const output = await sync(["--apply", ...args], { url, steps });
          assert.equal(output.code, 1, output.stdout + output.stderr);
          assert.match(output.stdout + output.stderr, what);
          assertDiscreet(output);
        });

      await t.step("no CREATE on the schema", async () => {
        await refused("app", TABLE, /GRANT USAGE, CREATE ON SCHEMA app TO eve/);
      });
      await t.step("no USAGE on the schema", async () => {
        await refused("hidden", TABLE, /GRANT .* ON SCHEMA hidden TO eve/);
      });
      await t.step("no CREATE on the database, for an extension", async () => {
        const steps = `createExtension("citext")`;
        await refused("shared", steps, /GRANT CREATE ON DATABASE \w+ TO eve/);
      });
      await t.step("the dry run tells, too", async () => {
        const args = [DRY, "--schema", "app", "--detailed-exitcode"];
        const output = await sync(args, { url, steps: TABLE });
        assert.equal(output.code, 2);
        assert.match(output.stdout, /⚠.*eve may not create/);
        assert.match(output.stdout, /GRANT USAGE, CREATE ON SCHEMA app TO eve/);
      });
      for (
        const steps of [
          `addColumn("notes", "body", "text")`,
          `createIndex("notes", "notes_id_idx", "(id)")`,
          `addCheck("notes", "notes_id_check", "id > 0")`,
          `createTable("notes", { id: "integer PRIMARY KEY", b: "text" })`,
        ]
      ) {
        await t.step(`not the owner: ${steps}`, async () => {
          await refused("shared", steps, /notes.*not the owner|owner of/);
        });
      }
      await t.step("no SELECT on a table", async () => {
        const steps = `backfill("secrets", { set: "id = 2", where: "id = 1" })`;
        await refused("shared", steps, /permission denied for table secrets/);
      });
      await t.step("granted, it works", async () => {
        await sql.unsafe("GRANT CREATE ON SCHEMA app TO eve");
        const args = ["--apply", "--schema", "app"];
        const output = await sync(args, { url, steps: TABLE });
        assert.equal(output.code, 0, output.stderr);
        await sql.unsafe("DROP OWNED BY eve; DROP ROLE eve");
      });
    });
  });
}

Deno.test("a read-only database takes a dry run, and no apply", async () => {
  const { withDatabase } = await server(OLDEST);
  await withDatabase(async (url, sql) => {
    const name = new URL(url).pathname.slice(1);
    await sql.unsafe(
      `ALTER DATABASE ${name} SET default_transaction_read_only = on`,
    );
    await assertUntouched(sql, async () => {
      const dry = await sync([DRY], { url, steps: TABLE });
      assert.equal(dry.code, 0, dry.stderr);
      assert.match(dry.stdout, /CREATE TABLE notes/);
      const output = await sync(["--apply"], { url, steps: TABLE });
      assertError(output, /read-only/, /primary|writable/);
    });
  });
});

/** A copy of a running server's data, kept as a hot standby of it. */
async function startStandby(primary: Server, postgresOf: string) {
  const directory = await Deno.makeTempDir({ prefix: "standby-" });
  const data = join(directory, "data");
  const port = freePort();
  const sql = connect(primary.url());
  await sql`SELECT pg_backup_start('standby', true)`;
  const source = join(primary.directory, "data");
  const { success, stderr } = await new Deno.Command("cp", {
    args: ["-a", source, data],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const [stopped] = await sql`SELECT labelfile FROM pg_backup_stop(false)`;
  await sql.end();
  await Deno.remove(join(data, "postmaster.pid"));
  const { uid, gid } = await Deno.stat(source);
  for (
    const [name, text] of Object.entries({
      "backup_label": stopped?.labelfile,
      "standby.signal": "",
      "postgresql.auto.conf": `port = ${port}
        unix_socket_directories = ''
        listen_addresses = '127.0.0.1'
        max_connections = 60
        shared_buffers = 64MB
        primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres'`,
    })
  ) {
    const path = join(data, name);
    await Deno.writeTextFile(path, text);
    await Deno.chown(path, uid, gid);
  }
  await Deno.chown(directory, uid, gid);
  const process = new Deno.Command(postgresOf, {
    args: ["-D", data],
    stdout: "null",
    stderr: "null",
    ...(Deno.uid() === 0 && { uid: uid ?? 0, gid: gid ?? 0 }),
  }).spawn();
  return {
    url: `postgres://postgres@127.0.0.1:${port}`,
    async stop() {
      process.kill("SIGQUIT");
      await process.status;
      await Deno.remove(directory, { recursive: true });
    },
  };
}

Deno.test({
  name: "a standby takes a dry run, and no apply",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const primary = await server(NEWEST);
    await primary.withDatabase(async (url, sql) => {
      await sql.unsafe(
        "CREATE TABLE people (id integer PRIMARY KEY, age text)",
      );
      await sql.unsafe("INSERT INTO people SELECT generate_series(1, 10)");
      const [config] =
        await sql`SELECT setting FROM pg_config WHERE name = 'BINDIR'`;
      const standby = await startStandby(
        primary,
        join(config?.setting, "postgres"),
      );
      try {
        const copy = `${standby.url}${new URL(url).pathname}`;
        await until(async () => {
          const reader = connect(copy);
          const ready = await reader`SELECT pg_is_in_recovery() AS standby`
            .then(([row]) => row?.standby, () => false);
          await reader.end({ timeout: 1 });
          return ready;
        }, "the standby answers");
        const steps = `${TABLE},
          setNotNull("people", "age"),
          addCheck("people", "people_age_check", "age > ''")`;
        const dry = await sync([DRY], { url: copy, steps });
        assert.equal(dry.code, 0, dry.stderr);
        assert.match(dry.stdout, /CREATE TABLE notes/);
        assert.match(dry.stdout, /people_age_check/);
        await assertUntouched(sql, async () => {
          const output = await sync(["--apply"], { url: copy, steps });
          assertError(output, /standby/, /primary/);
        });
        const done = `createTable("people", {
          id: "integer PRIMARY KEY", age: "text" })`;
        const nothing = await sync([DRY], { url: copy, steps: done });
        assert.match(nothing.stdout, /In sync/, nothing.stderr);

        // One that cannot keep up bears on what is to come.
        const behind = /⚠ replica +is \d+ MB of WAL behind/;
        const early = await sync([DRY], { url, steps });
        assert.doesNotMatch(early.stdout, behind);
        const reader = connect(copy);
        await reader`SELECT pg_wal_replay_pause()`;
        await reader.end();
        await sql.unsafe(`CREATE TABLE filler AS
          SELECT repeat('x', 1000) FROM generate_series(1, 50000)`);
        const late = await sync([DRY], { url, steps });
        assert.match(late.stdout, behind);
      } finally {
        await standby.stop();
      }
    });
  },
});

// ── SQL ────────────────────────────────────────────────────────────────────

interface SqlError {
  title: string;
  /** What stands before. */
  before?: string;
  steps: string;
  /** The step as the error calls it, the statement, PostgreSQL's message. */
  what: [step: RegExp, sql: RegExp, message: RegExp];
}

const SQL_ERRORS: SqlError[] = [
  {
    title: "a type that does not exist",
    steps: `createTable("bad", { id: "nosuchtype" })`,
    what: [
      /createTable "bad"/,
      /CREATE TABLE bad \( ?id nosuchtype ?\)/,
      /type "nosuchtype" does not exist/,
    ],
  },
  {
    title: "a default of another type",
    steps: `createTable("bad", { id: "integer DEFAULT 'x'" })`,
    what: [/createTable "bad"/, /DEFAULT 'x'/, /invalid input syntax .*"x"/],
  },
  {
    title: "a default that calls what does not exist",
    steps: `createTable("bad", { id: "integer DEFAULT nosuch()" })`,
    what: [/createTable "bad"/, /DEFAULT nosuch\(\)/, /nosuch\(\).*not exist/],
  },
  {
    title: "a default for a column of a table with rows",
    before: "CREATE TABLE bad (id int); INSERT INTO bad VALUES (1)",
    steps: `addColumn("bad", "n", "integer DEFAULT 'x'")`,
    what: [/addColumn "bad\.n"/, /ALTER TABLE bad/, /invalid input.*"x"/],
  },
  {
    title: "a check that is no SQL",
    steps: `step("bad", { check: "SELEC 1", alter: "SELECT 1" })`,
    what: [/step "bad"/, /SELEC 1/, /syntax error/],
  },
  {
    title: "a check that fails while it runs",
    steps: `step("bad", { check: "1 / 0 = 1", alter: "SELECT 1" })`,
    what: [/step "bad"/, /1 \/ 0 = 1/, /division by zero/],
  },
  {
    title: "an alter that is no SQL",
    steps: `step("bad", { check: "false", alter: "CREAT TABLE x ()" })`,
    what: [/step "bad"/, /CREAT TABLE x \(\)/, /syntax error.*"CREAT"/],
  },
  {
    title: "the second alter of a step",
    steps: `step("bad", { check: "to_regclass('x') IS NOT NULL",
      alter: ["CREATE TABLE x ()", "ALTER TABLE x ADD y nosuch"] })`,
    what: [/step "bad"/, /ALTER TABLE x ADD y nosuch/, /"nosuch" does not/],
  },
  {
    title: "an alter without effect",
    steps: `step("bad", { check: "to_regclass('never') IS NOT NULL",
      alter: "SELECT 1" })`,
    what: [/step "bad"/, /SELECT 1/, /would still run/],
  },
  {
    title: "a check constraint of what is not there",
    steps: `createTable("bad", { id: "integer" }),
      addCheck("bad", "bad_check", "nosuch > 0")`,
    what: [/addCheck "bad_check"/, /CHECK \(nosuch > 0\)/, /"nosuch"/],
  },
  {
    title: "an operator class of what is not there",
    steps: `createTable("bad", { id: "integer" }),
      createIndex("bad", "bad_idx", "(id nosuch_ops)")`,
    what: [/createIndex "bad_idx"/, /\(id nosuch_ops\)/, /"nosuch_ops"/],
  },
];

Deno.test("an extension that the server does not have is told before anything is written", async () => {
  const { withDatabase } = await server(NEWEST);
  await withDatabase(async (url, sql) => {
    const steps = `${TABLE}, createExtension("nosuchext")`;
    const dry = await sync([DRY], { url, steps });
    assert.match(
      dry.stdout,
      /⚠ nosuchext +is an extension that the server does/,
    );
    await assertUntouched(sql, async () => {
      assert.equal((await sync(["--apply"], { url, steps })).code, 3);
    });
  });
});

Deno.test("an error in a step's SQL names section, step, statement and cause", async (t) => {
  const { withDatabase } = await server(NEWEST);
  for (const { title, before = "SELECT 1", steps, what } of SQL_ERRORS) {
    await t.step(title, async () => {
      await withDatabase(async (url, sql) => {
        await sql.unsafe(before);
        const all = `createTable("good", { id: "integer" }),\n${steps},
          createTable("later", { id: "integer" })`;
        const apply = () => sync(["--apply"], { url, steps: all });
        let output: Output | undefined;
        if (title === "an alter without effect") output = await apply();
        else {
          await assertUntouched(sql, async () => {
            output = await apply();
          });
        }
        assert.ok(output);
        assertError(output, /section "Steps"/);
        for (const part of what) assert.match(output.stderr, part);
      });
    });
  }
});

Deno.test("an apply that fails after a commit says what is committed", async () => {
  const { withDatabase } = await server(NEWEST);
  await withDatabase(async (url, sql) => {
    await sql.unsafe(`CREATE TABLE people (id integer, share integer);
      INSERT INTO people VALUES (0, NULL)`);
    const steps = `createTable("good", { id: "integer" }),
      backfill("people", { set: "share = 1 / id", where: "share IS NULL" }),
      setNotNull("people", "share")`;
    const output = await sync(["--apply"], { url, steps });
    assertError(output, /backfill "people\.share" in section "Steps"/);
    assert.match(output.stderr, /division by zero/);
    assert.match(output.stderr, /UPDATE people SET share = 1 \/ id/);
    assert.match(output.stderr, /Committed: 1 statement, the last for good/);
    assert.ok((await contents(sql)).includes("r good"));
    assert.ok((await contents(sql)).includes("column people.share f"));

    await sql.unsafe("UPDATE people SET id = 1");
    const again = await sync(["--apply"], { url, steps });
    assert.equal(again.code, 0, again.stderr);
    assert.ok((await contents(sql)).includes("column people.share t"));
  });
});

Deno.test("a password is in no line of a run that works", async () => {
  const { port, withDatabase } = await server(NEWEST);
  await withDatabase(async (plain) => {
    const url = `postgres://postgres:${SECRET}@127.0.0.1:${port}` +
      new URL(plain).pathname;
    for (const mode of [DRY, "--apply", DRY]) {
      for (const given of [{ url }, {}]) {
        const args = "url" in given ? [] : ["--database-url", url];
        const permissions = PERMISSIONS;
        const output = await sync([mode, "--verbose", ...args], {
          ...given,
          steps: TABLE,
          permissions,
        });
        assert.equal(output.code, 0, output.stderr);
        assertDiscreet(output);
      }
    }
  });
});
