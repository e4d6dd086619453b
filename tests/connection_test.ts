/**
 * Connection URLs, as text and against real servers: sockets, TLS, run-time
 * parameters, a transaction-mode pooler, and the embedded PostgreSQL.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import {
  parseTarget,
  startEmbedded,
  type Target,
} from "../sync-production-schema.ts";
import {
  connect,
  freePort,
  isInstalled,
  MAJORS,
  PERMISSIONS,
  readOutput,
  type Server,
  startServer,
  startSync,
  sync,
  until,
} from "./helpers.ts";

const OLDEST = MAJORS[0], NEWEST = MAJORS.at(-1) ?? 18;
const servers = new Map<number, Promise<Server>>();

/** The file's server of a major, started by the first test that asks. */
function server(major: typeof MAJORS[number]): Promise<Server> {
  const started = servers.get(major) ?? startServer(major);
  servers.set(major, started);
  return started;
}

Deno.test.afterAll(async () => {
  for (const started of servers.values()) await (await started).stop();
});

/** A step that is in place where the condition holds in the run's session. */
function holds(condition: string): string {
  return `step("condition", { check: ${JSON.stringify(condition)},
    alter: "SELECT 1" })`;
}

/** Asserts that the run's own session sees the condition hold. */
async function assertHolds(
  url: string,
  condition: string,
  permissions = PERMISSIONS,
) {
  const args = ["--dry-run", "--detailed-exitcode"];
  const steps = holds(condition);
  const output = await sync(args, { url, steps, permissions });
  assert.equal(output.code, 0, output.stdout + output.stderr);
  assert.match(output.stdout, /In sync/);
}

/** Asserts that the run fails with one error and one hint. */
async function assertFails(
  url: string,
  what: RegExp,
  hint: RegExp,
  modes = ["--dry-run", "--apply"],
) {
  for (const mode of modes) {
    const output = await sync([mode], { url, steps: holds("true") });
    assert.equal(output.code, 1, output.stdout);
    assert.match(output.stderr, /^error: .+\n {2}.+/);
    assert.match(output.stderr, what);
    assert.match(output.stderr, hint);
    assert.doesNotMatch(output.stderr, /^\s+at |This is a bug/m);
  }
}

// ── parseTarget() ──────────────────────────────────────────────────────────

/** The parts that a URL is read into; those that are left out are not told. */
interface Parts {
  host?: string;
  port?: number;
  path?: string | undefined;
  user?: string;
  password?: string;
  database?: string;
  where?: string;
  ssl?: unknown;
  options?: string | undefined;
  application?: string;
  timeout?: number;
  embedded?: string | undefined;
}

function partsOf({ options: told, ...target }: Target): Required<Parts> {
  const options = told as Record<string, unknown>;
  const connection = options.connection as Record<string, string> | undefined;
  return {
    host: options.host as string,
    port: options.port as number,
    path: options.path as string | undefined,
    user: options.user as string,
    password: target.password,
    database: options.database as string,
    where: target.where,
    ssl: options.ssl,
    options: connection?.options,
    application: connection?.application_name ?? "",
    timeout: options.connect_timeout as number,
    embedded: target.embedded,
  };
}

const FORMS: [url: string, parts: Parts][] = [
  ["postgres://bob:pw@db.example:5433/app", {
    host: "db.example",
    port: 5433,
    path: undefined,
    user: "bob",
    password: "pw",
    database: "app",
    where: "db.example:5433",
    ssl: "prefer",
    options: undefined,
    timeout: 10,
    embedded: undefined,
  }],
  ["postgresql://bob@db/app", { host: "db", port: 5432, database: "app" }],
  ["postgres://bob@db", { host: "db", database: "bob", password: "" }],
  ["postgres://bob@db/", { database: "bob" }],
  ["postgres://bob@/app", { host: "localhost", database: "app" }],
  ["postgres://bob@db/my%20app", { database: "my app" }],
  ["postgres://b%40b:p%40%3A%2F%23%3F%25w@db/app", {
    user: "b@b",
    password: "p@:/#?%w",
    host: "db",
  }],
  ["postgres://bob:a%2525@db/app", { password: "a%25" }],
  ["postgres://bob:a+b@db/app", { password: "a+b" }],
  ["postgres://bob:a:b@db/app", { user: "bob", password: "a:b" }],
  ["postgres://bob:%C3%A9@db/app", { password: "é" }],
  ["postgres://bob@db/app?password=100%25", { password: "100%" }],
  ["postgres://bob@db/app?password=a%2525", { password: "a%25" }],
  ["postgres://bob@db/app?password=a+b", { password: "a+b" }],
  ["postgres://db/app?user=bob", { user: "bob", host: "db" }],
  ["postgres://bob@db?dbname=app", { database: "app" }],
  ["postgres://bob@127.0.0.1/app", { where: "127.0.0.1:5432" }],
  ["postgres://bob@[::1]/app", { host: "::1", where: "[::1]:5432" }],
  ["postgres://bob@[::1]:5433/app", { host: "::1", where: "[::1]:5433" }],
  ["postgres://bob@/app?host=db&port=5433", { where: "db:5433" }],
  ["postgres://bob@other:1/app?host=db&port=5433", { where: "db:5433" }],
  ["postgres:///app?host=/dir&user=bob", {
    path: "/dir/.s.PGSQL.5432",
    where: "/dir/.s.PGSQL.5432",
    database: "app",
    ssl: false,
  }],
  ["postgres://bob@/app?host=/a/b&port=5433", { path: "/a/b/.s.PGSQL.5433" }],
  ["postgres://bob@/app?host=%2Fa%20b", { path: "/a b/.s.PGSQL.5432" }],
  ["postgres://bob@%2Fdir/app", {
    path: "/dir/.s.PGSQL.5432",
    database: "app",
    ssl: false,
  }],
  ["postgres://bob@%2Fdir:5433/app", { path: "/dir/.s.PGSQL.5433" }],
  ["postgres://%2Fdir/app?user=bob", { path: "/dir/.s.PGSQL.5432" }],
  ["postgres://bob@%2Fdir/app?sslmode=require", { ssl: false }],
  ["postgres://bob@db/app?sslmode=disable", { ssl: false }],
  ["postgres://bob@db/app?sslmode=allow", { ssl: "prefer" }],
  ["postgres://bob@db/app?sslmode=prefer", { ssl: "prefer" }],
  ["postgres://bob@db/app?sslmode=require", {
    ssl: { rejectUnauthorized: false },
  }],
  ["postgres://bob@db/app?ssl=true", { ssl: { rejectUnauthorized: false } }],
  ["postgres://bob@db/app?options=-c%20geqo%3Doff", {
    options: "-c geqo=off",
  }],
  ["postgres://bob@db/app?application_name=ci%20job", {
    application: "ci job",
  }],
  ["postgres://bob@db/app?connect_timeout=3", { timeout: 3 }],
  [
    "postgres://bob@db/app?channel_binding=prefer&pgbouncer=true" +
    "&connection_limit=1&schema=public&target_session_attrs=any" +
    "&gssencmode=disable&keepalives=1&keepalives_idle=30&client_encoding=UTF8" +
    "&ssl_min_protocol_version=TLSv1.2&sslnegotiation=postgres&pool_timeout=3",
    { host: "db", database: "app", ssl: "prefer" },
  ],
  ["postgres://bob@db/app?ssl=prefer", { ssl: "prefer" }],
  ["postgres://bob@db/app?ssl=disable", { ssl: false }],
  ["postgres://bob@db/app?ssl=0", { ssl: false }],
  ["postgres://bob@db/app?ssl=require", { ssl: { rejectUnauthorized: false } }],
  ["postgres://bob@db/app?ssl=verify-full", {
    ssl: { rejectUnauthorized: true, host: "db" },
  }],
  ["postgres://bob@db/app?ssl=true&sslmode=require", {
    ssl: { rejectUnauthorized: false },
  }],
  ["postgres://bob@db/app?sslrootcert=system", {
    ssl: { rejectUnauthorized: true, host: "db" },
  }],
  ["pglite:", { embedded: "", where: "embedded PostgreSQL, in memory" }],
  ["pglite:some/dir", { embedded: "some/dir" }],
];

Deno.test("parseTarget() reads the forms that libpq reads", async (t) => {
  const names = ["PGUSER", "PGPASSWORD", "PGSSLMODE"];
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  for (const name of names) Deno.env.delete(name);
  try {
    for (const [url, parts] of FORMS) {
      await t.step(url, () => {
        const all = partsOf(parseTarget(url));
        const told = Object.keys(parts).map((key) => [
          key,
          all[key as keyof Parts],
        ]);
        assert.deepEqual(Object.fromEntries(told), parts);
      });
    }
  } finally {
    for (const [name, value] of before) {
      if (value !== undefined) Deno.env.set(name, value);
    }
  }
});

Deno.test("parseTarget() takes what the URL leaves out from the environment", () => {
  const given = { PGUSER: "eve", PGPASSWORD: "pw", PGSSLMODE: "disable" };
  const before = Object.keys(given).map((name) =>
    [name, Deno.env.get(name)] as const
  );
  for (const [name, value] of Object.entries(given)) Deno.env.set(name, value);
  try {
    const { user, password, database, ssl } = partsOf(
      parseTarget("postgres://db"),
    );
    assert.deepEqual([user, password, database, ssl], [
      "eve",
      "pw",
      "eve",
      false,
    ]);
    const own = partsOf(
      parseTarget("postgres://bob:own@db/app?sslmode=prefer"),
    );
    assert.deepEqual([own.user, own.password, own.ssl], [
      "bob",
      "own",
      "prefer",
    ]);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
});

Deno.test("parseTarget() verifies the server as sslmode says", () => {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, "a certificate");
    const read = (mode: string) =>
      partsOf(parseTarget(
        `postgres://bob@db/app?sslmode=${mode}&sslrootcert=` +
          encodeURIComponent(file),
      )).ssl as Record<string, unknown>;
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      const ssl = read(mode);
      assert.equal(ssl.ca, "a certificate", mode);
      assert.equal(ssl.rejectUnauthorized, true, mode);
      const name = ssl.checkServerIdentity as (() => unknown) | undefined;
      assert.equal(
        typeof name,
        mode === "verify-full" ? "undefined" : "function",
      );
    }
    const system = partsOf(
      parseTarget(
        "postgres://bob@db/app?sslmode=verify-full&sslrootcert=system",
      ),
    ).ssl as Record<string, unknown>;
    assert.equal(system.ca, undefined);
    assert.equal(system.rejectUnauthorized, true);
  } finally {
    Deno.removeSync(file);
  }
});

const REFUSED: [url: string, what: RegExp][] = [
  ["", /postgres:\/\//],
  ["db", /postgres:\/\//],
  ["http://bob:s3cr3t@db/app", /postgres:\/\//],
  ["POSTGRES//bob:s3cr3t@db/app", /postgres:\/\//],
  ["postgres:bob:s3cr3t@db/app", /postgres:\/\//],
  ["postgres://bob:s3cr3t#@db/app", /URL/],
  ["postgres://bob:12#s3cr3t@db/app", /#/],
  ["postgres://bob:12/s3cr3t@db/app", /URL/],
  ["postgres://bob:12?s3cr3t@db/app", /URL/],
  ["postgres://bob:%s3cr3t@db/app", /URL/],
  ["postgres://bob:s3cr3t@%zz/app", /URL/],
  ["postgres://bob:s3cr3t@db:port/app", /URL/],
  ["postgres://bob:s3cr3t@db:65536/app", /URL/],
  ["postgres://bob:s3cr3t@db/app?port=65536", /port/],
  ["postgres://bob:s3cr3t@db/app?port=x", /port/],
  ["postgres://bob:s3cr3t@db/app?connect_timeout=x", /connect_timeout/],
  ["postgres://bob:s3cr3t@[::1/app", /URL/],
  ["postgres://bob:s3cr3t@db/app?sslmode=verify", /sslmode.*verify/],
  [
    "postgres://bob:s3cr3t@db/app?sslmode=require&sslrootcert=/nosuch",
    /sslrootcert.*nosuch/,
  ],
  [
    "postgres://bob:s3cr3t@db/app?sslmode=require&sslcert=/nosuch",
    /sslcert.*nosuch/,
  ],
];

/** Parameters that are not honoured as they stand, and what to write. */
const NOT_HONOURED: [parameters: string, name: RegExp, instead: RegExp][] = [
  ["ssl=verify", /ssl.*verify/, /sslmode=/],
  ["ssl=on", /ssl.*on/, /sslmode=/],
  ["ssl=no-verify", /ssl.*no-verify/, /sslmode=/],
  ["ssl=true&sslmode=disable", /"ssl"/, /leave it out/i],
  ["sslmode=no-verify", /sslmode.*no-verify/, /require/],
  ["sslmode=verify-ca", /verify-ca/, /sslrootcert=FILE/],
  ["sslrootcert=system&sslmode=require", /"sslrootcert"/, /verify-full/],
  ["sslrootcert=/some/file", /"sslrootcert"/, /sslmode=verify-full/],
  ["sslmode=prefer&sslrootcert=/f", /"sslrootcert"/, /sslmode=verify-full/],
  ["sslcert=/some/file", /"sslcert"/, /sslmode=/],
  ["sslkey=/some/file", /"sslkey"/, /sslmode=/],
  ["schema=tenant", /"schema"/, /--schema/],
  ["currentSchema=tenant", /"currentSchema"/, /--schema/],
  ["search_path=tenant", /"search_path"/, /--schema/],
  ["options=-c%20search_path%3Dtenant", /"options"/, /--schema/],
  ["options=--search-path%3Dtenant", /"options"/, /--schema/],
  ["options=-csearch_path%3Dtenant", /"options"/, /--schema/],
  ["channel_binding=require", /"channel_binding"/, /sslmode=verify-full/],
  ["gssencmode=require", /"gssencmode"/, /leave it out/i],
  ["ssl_min_protocol_version=TLSv1.3", /"ssl_min_pro/, /leave it out/i],
  ["ssl_max_protocol_version=TLSv1.2", /"ssl_max_pro/, /leave it out/i],
  ["sslnegotiation=direct", /"sslnegotiation"/, /leave it out/i],
  ["sslcertmode=require", /"sslcertmode"/, /leave it out/i],
  ["sslcrl=/some/file", /"sslcrl"/, /leave it out/i],
  ["sslcrldir=/some", /"sslcrldir"/, /leave it out/i],
  ["sslpassword=s3cr3t", /"sslpassword"/, /sslkey/],
  ["target_session_attrs=read-write", /"target_session/, /one host/],
  ["target_session_attrs=primary", /"target_session/, /one host/],
  ["load_balance_hosts=random", /"load_balance_hosts"/, /one host/],
  ["passfile=/some/file", /"passfile"/, /PGPASSWORD/],
  ["service=app", /"service"/, /URL/],
  ["servicefile=/some/file", /"servicefile"/, /URL/],
  ["hostaddr=10.0.0.1", /"hostaddr"/, /host/],
  ["client_encoding=LATIN1", /"client_encoding"/, /UTF8/],
  ["host=a,b", /several hosts/, /one/],
  ["port=5432,5433", /several hosts/, /one/],
  ["sslmode=require&sslmode=disable", /"sslmode"/, /once/],
  ["sslmod=require", /"sslmod"/, /correct its name/],
  ["Host=x", /"Host"/, /correct its name/],
  ["constructor=x", /"constructor"/, /correct its name/],
  ["requirepeer=postgres", /"requirepeer"/, /leave it out/i],
  ["require_auth=scram-sha-256", /"require_auth"/, /leave it out/i],
  ["password=a&s3cr3t", /an & in its password/, /%26/],
  ["x%20s3cr3t=1", /"…"/, /correct/],
];

Deno.test("parseTarget() refuses parameters that would not be honoured, by name", async (t) => {
  const refuses = (url: string, name: RegExp, instead: RegExp) =>
    assert.throws(() => parseTarget(url), (error) => {
      assert.ok(error instanceof Error && "hint" in error);
      assert.match(error.message, name);
      assert.match(`${error.hint}`, instead);
      assert.ok(!`${error.message}${error.hint}`.includes("s3cr3t"));
      return true;
    });
  for (const [parameters, name, instead] of NOT_HONOURED) {
    await t.step(parameters, () => {
      refuses(`postgres://bob:s3cr3t@db/app?${parameters}`, name, instead);
    });
  }
  for (const hosts of ["a,b", "a:5432,b:5433", "a,b:5433"]) {
    await t.step(hosts, () => {
      refuses(`postgres://bob:s3cr3t@${hosts}/app`, /several hosts/, /one/);
    });
  }
  await t.step("the URL may name the schema that is the target", () => {
    for (const name of ["schema", "currentSchema", "search_path"]) {
      parseTarget(`postgres://bob@db/app?${name}=tenant`, "tenant");
      assert.throws(
        () => parseTarget(`postgres://bob@db/app?${name}=public`, "tenant"),
        RegExp(`"${name}"`),
      );
    }
  });
});

/** Where a URL does not belong, or is none. */
const MISPLACED: string[][] = [
  ["--dry-run", "postgresql+psycopg2://ada:s3cr3t@db.example.org/shop"],
  ["postgres://ada:s3cr3t@db.example.org/shop", "--dry-run"],
  ["--dry-run", "DATABASE_URL=postgres://ada:s3cr3t@db/shop"],
  ["--dry-run", "jdbc:postgresql://db/shop?user=ada&password=s3cr3t"],
  ["--dry-run", "host=db user=ada password=s3cr3t"],
  ["--dry-run", "--", "s3cr3t"],
  ["--dry-run", "s3cr3t"],
  ["--dry-run", "-ps3cr3t"],
  ["--dry-run", "--s3cr3t"],
  ["--dry-run", "--postgres://ada:s3cr3t@db/shop"],
  ["--dry-run", "--databse-url", "postgres://ada:s3cr3t@db/shop"],
  ["--dry-run", "--database-urls=postgres://ada:s3cr3t@db/shop"],
  ["--dry-run=postgres://ada:s3cr3t@db/shop"],
  ["--dry-run", "--database-url", "host=db password=s3cr3t"],
  ["--dry-run", "--database-url", "mysql://ada:s3cr3t@db/shop"],
  ["--dry-run", "--database-url", "ada:s3cr3t@db/shop"],
  ["--dry-run", "--database-url", "postgres//ada:s3cr3t@db/shop"],
  ["--dry-run", "--database-url", "'postgres://ada:s3cr3t@db/shop'"],
  ["--dry-run", "--database-url", "DATABASE_URL=postgres://ada:s3cr3t@db/s"],
  ...["schema", "only", "skip", "allow", "format", "lock-timeout"].flatMap(
    (option) => [
      ["--dry-run", `--${option}`, "postgres://ada:s3cr3t@db/shop"],
      ["--dry-run", `--${option}=host=db password=s3cr3t`],
      ["--dry-run", `--${option}`, "ada:s3cr3t@db/shop"],
    ],
  ),
  ["--apply", "--expect-plan", "postgres://ada:s3cr3t@db/shop"],
];

Deno.test("no argument that holds a password is repeated", async (t) => {
  const steps = holds("true");
  for (const args of MISPLACED) {
    await t.step(args.join(" "), async () => {
      const url = "postgres://nobody@127.0.0.1:1/nowhere";
      for (const more of [[], ["--format", "json"]]) {
        const output = await sync([...args, ...more], { url, steps });
        const { code, stderr, stdout } = output;
        assert.equal(code, 1, stdout);
        assert.doesNotMatch(stderr + stdout, /s3cr3t|This is a bug/);
        if (more.length > 0) continue;
        assert.match(stderr, /^error: .+\n {2}.+\n$/);
        assert.doesNotMatch(stderr, /127\.0\.0\.1/);
      }
    });
  }
});

Deno.test("parseTarget() refuses what it cannot read, without repeating it", async (t) => {
  for (const [url, what] of REFUSED) {
    await t.step(url || "nothing", () => {
      assert.throws(() => parseTarget(url), (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, what);
        assert.ok("hint" in error && typeof error.hint === "string");
        assert.ok(!(error.message + error.hint).includes("s3cr3t"));
        return true;
      });
    });
  }
});

Deno.test("a URL parameter that would not be honoured stops every run", async () => {
  const { withDatabase } = await server(NEWEST);
  await withDatabase(async (url, sql) => {
    await sql`CREATE SCHEMA tenant`;
    const steps = `createTable("a", { id: "integer" })`;
    for (const mode of ["--dry-run", "--apply"]) {
      const output = await sync([mode], { url: `${url}?schema=tenant`, steps });
      assert.equal(output.code, 1, output.stdout);
      assert.match(
        output.stderr,
        /^error: .*"schema".*\n {2}.*--schema NAME\n$/,
      );
    }
    const named = await sync(["--apply", "--schema", "tenant"], {
      url: `${url}?schema=tenant&pgbouncer=true&connection_limit=1`,
      steps,
    });
    assert.equal(named.code, 0, named.stderr);
    assert.equal(named.stderr, "");
    const [made] = await sql`SELECT to_regclass('tenant.a') IS NOT NULL
      AND to_regclass('public.a') IS NULL AS right`;
    assert.equal(made?.right, true);
  });
});

// ── Servers ────────────────────────────────────────────────────────────────

for (const major of [OLDEST, NEWEST]) {
  Deno.test({
    name: `a unix socket takes dry run and apply (${major})`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const { directory, port, withDatabase } = await server(major);
      const permissions = [
        ...PERMISSIONS.filter((flag) => !flag.startsWith("--allow-write")),
        `--allow-write=${directory},.embedded-db`,
      ];
      await withDatabase(async (url, sql) => {
        const name = new URL(url).pathname;
        const host = encodeURIComponent(directory);
        const forms = [
          `postgres://${host}:${port}${name}?user=postgres`,
          `postgres://postgres@${host}:${port}${name}`,
          `postgres://${name}?host=${directory}&port=${port}&user=postgres`,
        ];
        for (const form of forms) {
          const local = "inet_client_addr() IS NULL";
          await assertHolds(form, local, permissions);
        }
        const steps = `createTable("a", { id: "integer" })`;
        const output = await sync(["--apply"], {
          url: forms[0] ?? "",
          steps,
          permissions,
        });
        assert.equal(output.code, 0, output.stderr);
        await sql`SELECT id FROM a`;
      });
      const nowhere = await sync(["--dry-run"], {
        url: `postgres://postgres@${encodeURIComponent(directory)}:1/x`,
        steps: holds("true"),
        permissions,
      });
      assert.equal(nowhere.code, 1);
      assert.match(nowhere.stderr, /\.s\.PGSQL\.1\b/);
      assert.match(nowhere.stderr, /^error: .+\n {2}.+/);
    },
  });
}

Deno.test("a password with special characters opens the database", async () => {
  const { url, port, directory } = await server(NEWEST);
  const password = `a@b:c/d#e?f%g+h i'j"k\\é&=`;
  const admin = connect(url());
  await admin.unsafe(
    `CREATE ROLE "r@le" LOGIN PASSWORD E'${
      password.replace(/['\\]/g, "\\$&")
    }'`,
  );
  const hba = join(directory, "data", "pg_hba.conf");
  const rules = await Deno.readTextFile(hba);
  const rule = 'host all "r@le" 127.0.0.1/32 scram-sha-256\n';
  await Deno.writeTextFile(hba, rule + rules);
  await admin`SELECT pg_reload_conf()`;
  const as = (secret: string) =>
    `postgres://r%40le:${
      encodeURIComponent(secret)
    }@127.0.0.1:${port}/postgres`;
  await until(async () => {
    const sql = connect(as("wrong"));
    const refused = await sql`SELECT 1`.then(() => false, () => true);
    await sql.end();
    return refused;
  }, "pg_hba.conf is loaded");

  await assertFails(as("wrong"), /password authentication/, /percent-encode/);
  await assertHolds(as(password), "current_user = 'r@le'");
  const parameter = `postgres://127.0.0.1:${port}/postgres?user=r%40le` +
    `&password=${encodeURIComponent(password)}`;
  await assertHolds(parameter, "current_user = 'r@le'");
  const output = await sync(["--dry-run"], {
    url: `postgres://r%40le@127.0.0.1:${port}/postgres`,
    steps: holds("true"),
    env: { PGPASSWORD: password },
  });
  assert.equal(output.code, 0, output.stderr);
  await admin.end();
});

const CONDITIONS: [parameters: string, condition: string][] = [
  ["", "current_setting('application_name') = 'schema sync'"],
  [
    "application_name=ci%20job",
    `(SELECT application_name = 'ci job' FROM pg_stat_activity
      WHERE pid = pg_backend_pid())`,
  ],
  ["options=-c%20work_mem%3D7MB", "current_setting('work_mem') = '7MB'"],
  [
    "options=-c%20statement_timeout%3D4321%20-c%20geqo%3Doff",
    `(SELECT bool_and(reset_val IN ('4321', 'off')) FROM pg_settings
      WHERE name IN ('statement_timeout', 'geqo'))`,
  ],
];

Deno.test("the URL's run-time parameters reach the server", async (t) => {
  for (const major of [OLDEST, NEWEST]) {
    const { url } = await server(major);
    for (const [parameters, condition] of CONDITIONS) {
      await t.step(`${major}: ${parameters}`, async () => {
        await assertHolds(`${url()}?${parameters}`, condition);
      });
    }
  }
});

Deno.test("a session's own timeouts do not stop an apply", async () => {
  const { withDatabase } = await server(NEWEST);
  await withDatabase(async (url, sql) => {
    await sql.unsafe("CREATE TABLE a (id integer); INSERT INTO a VALUES (1)");
    const steps = `
      step("slow", { check: "to_regclass('slow') IS NOT NULL",
        alter: ["SELECT pg_sleep(0.4)", "CREATE TABLE slow ()"] }),
      createTable("a", { id: "integer", n: "integer" }),
      backfill("a", { set: "n = (SELECT 1 FROM pg_sleep(0.4))",
        where: "n IS NULL" }),
      createIndex("a", "a_id_idx", "(id)")`;
    const options = encodeURIComponent(
      "-c statement_timeout=200 -c idle_in_transaction_session_timeout=200" +
        " -c lock_timeout=200",
    );
    const all = `${url}?options=${options}`;
    const output = await sync(["--apply"], { url: all, steps });
    assert.equal(output.code, 0, output.stdout + output.stderr);
  });
});

// ── TLS ────────────────────────────────────────────────────────────────────

const openssl = await isInstalled("openssl", "version");

/** An authority, and a certificate of its for the name localhost. */
async function makeCertificates(directory: string) {
  const run = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command("openssl", {
      args,
      cwd: directory,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  };
  const key = ["-newkey", "ec", "-nodes"];
  key.push("-pkeyopt", "ec_paramgen_curve:prime256v1");
  for (const name of ["ca", "other"]) {
    await run(
      ...["req", "-x509", ...key, "-days", "2", "-subj", `/CN=${name}`],
      ...["-keyout", `${name}.key`, "-out", `${name}.crt`],
    );
  }
  await run(
    ...["req", ...key, "-subj", "/CN=server"],
    ...["-keyout", "server.key", "-out", "server.csr"],
  );
  const extension = join(directory, "extension");
  await Deno.writeTextFile(extension, "subjectAltName = DNS:localhost\n");
  await run(
    ...["x509", "-req", "-in", "server.csr", "-CA", "ca.crt"],
    ...["-CAkey", "ca.key", "-CAcreateserial", "-days", "2"],
    ...["-extfile", extension, "-out", "server.crt"],
  );
  if (Deno.uid() !== 0) return;
  // The server runs as nobody then, and takes no key of another's.
  await Deno.chmod(directory, 0o755);
  await Deno.chown(join(directory, "server.key"), 65534, 65534);
}

Deno.test({
  name: "sslmode does what libpq's does",
  ignore: !openssl,
  fn: async (t) => {
    const directory = await Deno.makeTempDir({ prefix: "tls-" });
    await makeCertificates(directory);
    const { port, stop } = await startServer(NEWEST, [
      "ssl = on",
      `ssl_cert_file = '${directory}/server.crt'`,
      `ssl_key_file = '${directory}/server.key'`,
    ]);
    const url = (host: string, parameters: string) =>
      `postgres://postgres@${host}:${port}/postgres?${parameters}`;
    const file = (name: string) =>
      `sslrootcert=${encodeURIComponent(join(directory, name))}`;
    const short = (parameters: string) =>
      parameters.replace(/=%2F.*%2F/, "=") || "no parameters";
    const ssl = "(SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())";
    const accepted: [host: string, parameters: string, condition: string][] = [
      ["127.0.0.1", "sslmode=disable", `NOT ${ssl}`],
      ["127.0.0.1", "ssl=false", `NOT ${ssl}`],
      ["127.0.0.1", "", ssl],
      ["127.0.0.1", "sslmode=prefer", ssl],
      ["127.0.0.1", "sslmode=require", ssl],
      ["localhost", "sslmode=require", ssl],
      ["127.0.0.1", `sslmode=require&${file("ca.crt")}`, ssl],
      ["127.0.0.1", `sslmode=verify-ca&${file("ca.crt")}`, ssl],
      ["localhost", `sslmode=verify-ca&${file("ca.crt")}`, ssl],
      ["localhost", `sslmode=verify-full&${file("ca.crt")}`, ssl],
    ];
    const refused: [host: string, parameters: string][] = [
      ["127.0.0.1", `sslmode=verify-full&${file("ca.crt")}`],
      ["localhost", `sslmode=verify-full&${file("other.crt")}`],
      ["localhost", `sslmode=verify-ca&${file("other.crt")}`],
      ["localhost", `sslmode=require&${file("other.crt")}`],
      ["localhost", "sslmode=verify-full"],
      ["localhost", "sslmode=verify-ca"],
    ];
    try {
      for (const [host, parameters, condition] of accepted) {
        await t.step(`${host} takes ${short(parameters)}`, async () => {
          await assertHolds(url(host, parameters), condition);
        });
      }
      for (const [host, parameters] of refused) {
        await t.step(
          `${host} is refused with ${short(parameters)}`,
          async () => {
            await assertFails(url(host, parameters), /certificate/, /ssl/, [
              "--dry-run",
            ]);
          },
        );
      }
      await t.step("an apply is encrypted on both connections", async () => {
        const steps = `step("both", {
          check: "to_regclass('seen') IS NOT NULL",
          alter: "CREATE TABLE seen AS SELECT bool_and(ssl) AS every, " +
            "count(*) AS n FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)" +
            " WHERE application_name = 'schema sync'" })`;
        const all = url("localhost", `sslmode=verify-full&${file("ca.crt")}`);
        const output = await sync(["--apply"], { url: all, steps });
        assert.equal(output.code, 0, output.stderr);
        const sql = connect(url("127.0.0.1", "sslmode=disable"));
        const [seen] = await sql`SELECT every, n::int FROM seen`;
        await sql.end();
        assert.deepEqual({ ...seen }, { every: true, n: 2 });
      });
    } finally {
      await stop();
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("sslmode=require says that a server has no TLS", async () => {
  for (const major of [OLDEST, NEWEST]) {
    const { url } = await server(major);
    await assertFails(`${url()}?sslmode=require`, /127\.0\.0\.1/, /TLS/);
    await assertHolds(`${url()}?sslmode=prefer`, "true");
  }
});

// ── Pooler ─────────────────────────────────────────────────────────────────

const pooler = await isInstalled("pgbouncer", "--version");
const POOL = 3;

/** PgBouncer in transaction mode, before the server. */
async function startPooler(behind: Server, size = POOL) {
  const directory = await Deno.makeTempDir({ prefix: "pooler-" });
  const port = freePort();
  const config = join(directory, "pgbouncer.ini");
  await Deno.writeTextFile(
    config,
    `[databases]
* = host=127.0.0.1 port=${behind.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${directory}/users
pool_mode = transaction
default_pool_size = ${size}
query_wait_timeout = 20
server_round_robin = 1
`,
  );
  await Deno.writeTextFile(join(directory, "users"), '"postgres" ""\n');
  await Deno.chmod(directory, 0o755);
  const process = new Deno.Command("pgbouncer", {
    args: [config],
    stdout: "null",
    stderr: "null",
    ...(Deno.uid() === 0 && { uid: 65534, gid: 65534 }),
  }).spawn();
  const stop = async () => {
    process.kill("SIGKILL");
    await process.status;
    await Deno.remove(directory, { recursive: true });
  };
  try {
    await until(async () => {
      const listens = await Deno.connect({ port, hostname: "127.0.0.1" })
        .then((connection) => connection, () => undefined);
      listens?.close();
      return listens !== undefined;
    }, "the pooler listens");
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

/** What a session of the application must not find changed. */
const SESSION = `SELECT pg_backend_pid() AS pid,
  current_setting('search_path') AS path,
  current_setting('statement_timeout') AS statement,
  current_setting('lock_timeout') AS lock,
  current_setting('idle_in_transaction_session_timeout') AS idle,
  current_setting('default_transaction_read_only') AS readonly,
  current_setting('constraint_exclusion') AS exclusion`;

/** Asserts that no connection that the pooler holds kept anything. */
async function assertClean(pooled: string, sql: postgres.Sql) {
  const clients = Array.from({ length: POOL }, () => connect(pooled));
  const seen = new Set<number>();
  try {
    // Transactions that are open at once are on different connections.
    for (const client of clients) {
      await client.unsafe("BEGIN").simple();
      const [row] = await client.unsafe<Record<string, unknown>[]>(SESSION)
        .simple();
      const { pid, ...settings } = row ?? {};
      seen.add(Number(pid));
      assert.deepEqual(settings, {
        path: '"$user", public',
        statement: "0",
        lock: "0",
        idle: "0",
        readonly: "off",
        exclusion: "partition",
      });
    }
    assert.equal(seen.size, POOL);
    const held = await sql`SELECT pid, mode FROM pg_locks
      WHERE locktype = 'advisory'`;
    assert.deepEqual([...held], []);
    const used = await sql`SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'`;
    for (const { pid } of used) assert.ok(seen.has(pid), `${pid} not seen`);
  } finally {
    for (const client of clients) {
      await client.unsafe("ROLLBACK").simple();
      await client.end();
    }
  }
}

Deno.test({
  name: "a transaction-mode pooler takes every run and keeps no session state",
  ignore: !pooler,
  fn: async (t) => {
    for (const major of [OLDEST, NEWEST]) {
      const behind = await server(major);
      const { port, stop } = await startPooler(behind);
      try {
        await behind.withDatabase(async (url, sql) => {
          const pooled = `postgres://postgres@127.0.0.1:${port}` +
            `${new URL(url).pathname}`;
          const run = async (mode: string, steps?: string) => {
            const output = await sync([mode], {
              url: `${pooled}?pgbouncer=true`,
              ...(steps !== undefined && { steps }),
            });
            assert.equal(output.code, 0, output.stdout + output.stderr);
            return output.stdout;
          };
          await t.step(`${major}: dry run`, async () => {
            assert.match(await run("--dry-run"), /CREATE TABLE users/);
            await assertClean(pooled, sql);
          });
          await t.step(`${major}: apply on nothing`, async () => {
            await run("--apply");
            assert.match(await run("--dry-run"), /In sync/);
            await assertClean(pooled, sql);
          });
          await t.step(`${major}: apply on an older shape`, async () => {
            await sql.unsafe(`
              INSERT INTO organizations (name, slug) VALUES ('Acme', 'acme');
              INSERT INTO users (organization_id, email, display_name)
              SELECT o.id, n || '@example.com', 'x'
              FROM organizations o, generate_series(1, 500) n;
              ALTER TABLE users DROP COLUMN display_name;
              DROP INDEX users_email_key;
              DROP INDEX users_organization_id_idx;
              ALTER TABLE users DROP CONSTRAINT users_organization_id_fkey;
              ALTER TABLE users DROP CONSTRAINT users_email_check;
              ALTER TABLE organizations DROP CONSTRAINT organizations_slug_key`);
            const planned = await run("--dry-run");
            for (
              const part of [
                /CREATE UNIQUE INDEX CONCURRENTLY users_email_key/,
                /UPDATE users SET display_name/,
                /VALIDATE CONSTRAINT users_organization_id_fkey/,
                /ALTER COLUMN display_name SET NOT NULL/,
                /USING INDEX organizations_slug_key/,
              ]
            ) assert.match(planned, part);
            await run("--apply");
            assert.match(await run("--dry-run"), /In sync/);
            const [row] = await sql`SELECT count(*)::int AS n FROM users
              WHERE display_name = email`;
            assert.equal(row?.n, 500);
            const invalid =
              await sql`SELECT FROM pg_index WHERE NOT indisvalid`;
            assert.equal(invalid.length, 0);
            await assertClean(pooled, sql);
          });
          await t.step(`${major}: an index of another schema`, async () => {
            await sql.unsafe(`CREATE SCHEMA "ten ant";
              CREATE TYPE "ten ant".mood AS ENUM ('a', 'b');
              CREATE TABLE "ten ant"."In Use" (name text, mood "ten ant".mood,
                n int GENERATED ALWAYS AS (length(name)) STORED);
              INSERT INTO "ten ant"."In Use" VALUES ('Ab'), ('Cd');
              CREATE FUNCTION short(text) RETURNS text IMMUTABLE
                LANGUAGE sql AS $$SELECT 'wrong'$$;
              CREATE FUNCTION "ten ant".short(text) RETURNS text IMMUTABLE
                LANGUAGE sql AS 'SELECT lower($1)';
              CREATE FUNCTION "ten ant".own(text) RETURNS text IMMUTABLE
                LANGUAGE sql AS 'SELECT $1'`);
            const { code, stdout, stderr } = await sync([
              "--apply",
              "--schema",
              "ten ant",
            ], {
              url: pooled,
              steps: `createIndex("In Use", "a USING b",
                "UNIQUE (short(name), own(name) text_pattern_ops) " +
                  "INCLUDE (n) WHERE mood IS DISTINCT FROM 'b'")`,
            });
            assert.equal(code, 0, stdout + stderr);
            const [row] = await sql`SELECT string_agg(
                refobjid::regprocedure::text, ' ') AS calls
              FROM pg_depend WHERE classid = 'pg_class'::regclass
                AND objid = '"ten ant"."a USING b"'::regclass
                AND refclassid = 'pg_proc'::regclass`;
            assert.match(`${row?.calls}`, /"ten ant"\.short\(text\)/);
            await assertClean(pooled, sql);
          });
          await t.step(`${major}: a run that fails`, async () => {
            const output = await sync(["--apply"], {
              url: pooled,
              steps: `createTable("a", { id: "nosuch" })`,
            });
            assert.equal(output.code, 1);
            assert.match(output.stderr, /"nosuch" does not exist/);
            await assertClean(pooled, sql);
          });
          await t.step(`${major}: another schema`, async () => {
            await sql.unsafe(`CREATE SCHEMA app;
              CREATE TABLE app.a (id integer); INSERT INTO app.a VALUES (1)`);
            const steps = `createTable("a", { id: "integer", n: "integer" }),
              createIndex("a", "a_id_idx", "(id)"),
              backfill("a", { set: "n = 1", where: "n IS NULL" }),
              dropIndex("a_old_idx"),
              setNotNull("a", "n")`;
            await sql.unsafe("CREATE INDEX a_old_idx ON app.a (id, id)");
            const output = await sync([
              "--apply",
              "--schema",
              "app",
              "--allow",
              "drop:a_old_idx",
            ], { url: pooled, steps });
            assert.equal(output.code, 0, output.stdout + output.stderr);
            const names = await sql`SELECT indexname FROM pg_indexes
              WHERE schemaname = 'app'`;
            assert.deepEqual([...names].map((row) => row.indexname), [
              "a_id_idx",
            ]);
            await assertClean(pooled, sql);
          });
        });
      } finally {
        await stop();
      }
    }
  },
});

Deno.test({
  name: "Ctrl-C through a pooler cancels what is ours, and nothing else",
  ignore: !pooler || Deno.build.os === "windows",
  fn: async (t) => {
    const behind = await server(NEWEST);
    const { port, stop } = await startPooler(behind, 4);
    const WORK = "SELECT 'ours', pg_sleep(60)";
    const sleeps = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`;
    const where: [what: string, steps: string][] = [
      [
        "in a transaction",
        `createTable("a", { id: "integer" }), step("work",
          { check: "to_regclass('b') IS NOT NULL", alter: "${WORK}" })`,
      ],
      [
        "outside of one",
        `createTable("a", { id: "integer", n: "integer" }),
          createIndex("a", "a_slow_idx", "(slow(id))")`,
      ],
    ];
    try {
      for (const [what, steps] of where) {
        await t.step(what, async () => {
          await behind.withDatabase(async (url, sql) => {
            await sql.unsafe(`CREATE TABLE a (id integer);
              INSERT INTO a VALUES (1);
              CREATE FUNCTION slow(integer) RETURNS integer IMMUTABLE
              LANGUAGE plpgsql AS
              'BEGIN PERFORM pg_sleep(60); RETURN 1; END'`);
            const pooled = new URL(url);
            pooled.port = `${port}`;
            // All its connections are open, so that transactions take turns.
            const early = connect(pooled.href, 4);
            await Promise.all(
              [1, 2, 3, 4].map(() => early`SELECT pg_sleep(0.2)`.simple()),
            );
            await early.end();
            const run = startSync(["--apply"], { url: pooled.href, steps });
            const ended = readOutput(run);
            await until(
              async () => (await sql.unsafe(sleeps)).length === 1,
              "the run is at work",
            );
            // On the connections that the run has used before.
            const others = [connect(pooled.href), connect(pooled.href)];
            const victims = others.map((other) =>
              other.unsafe("SELECT pg_sleep(2)").then(() => "whole", String)
            );
            await until(
              async () => (await sql.unsafe(sleeps)).length === 3,
              "the others are at work",
            );
            run.kill("SIGINT");
            const { code, stderr } = await ended;
            assert.equal(code, 1, stderr);
            assert.match(stderr, /due to user request \(SQLSTATE 57014\)/);
            assert.deepEqual(await Promise.all(victims), ["whole", "whole"]);
            await Promise.all(others.map((other) => other.end()));
          });
        });
      }
    } finally {
      await stop();
    }
  },
});

// ── Embedded ───────────────────────────────────────────────────────────────

Deno.test("an embedded directory that cannot be is the caller's mistake", async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "embedded-" });
  await Deno.writeTextFile(`${directory}/file`, "");
  await Deno.symlink("nowhere/at all", `${directory}/link`);
  const steps = `createTable("a", { id: "integer" })`;
  try {
    for (const path of ["file", "file/below", "link"]) {
      await t.step(path, async () => {
        const url = `pglite:${directory}/${path}`;
        const permissions = ["-A", "--node-modules-dir=none"];
        const output = await sync(["--dry-run"], { url, steps, permissions });
        assert.equal(output.code, 1);
        assert.match(
          output.stderr,
          /^error: the embedded PostgreSQL cannot use .+: [A-Z][^:]+\n {2}.+\n$/,
        );
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test({
  name: "the embedded PostgreSQL's files are for its user alone",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const directory = await Deno.makeTempDir({ prefix: "embedded-" });
    await Deno.chmod(directory, 0o755);
    // One that somebody has made before, and one that was open to all.
    for (const path of ["there", "there/data"]) {
      await Deno.mkdir(`${directory}/${path}`, { mode: 0o755 });
      await Deno.chmod(`${directory}/${path}`, 0o755);
    }
    try {
      for (const [name, mode] of [["new", 0o700], ["there", 0o755]] as const) {
        const started = await startEmbedded(`${directory}/${name}`, []);
        await started.stop();
        const modeOf = (path: string) =>
          Deno.statSync(`${directory}/${name}${path}`).mode! & 0o777;
        assert.equal(modeOf(""), mode);
        assert.equal(modeOf("/data"), 0o700);
        assert.equal(modeOf("/lock"), 0o600);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("the embedded PostgreSQL takes who knows this run's password alone", async (t) => {
  const started = await startEmbedded("", []);
  // One that says nothing must neither be in the way nor be waited for.
  const silent = await Deno.connect({
    hostname: started.options.host,
    port: started.options.port,
  });
  const { host, port, user, pass, database } = started.options;
  const client = (password: string) =>
    postgres({
      ...{ host, port, user, database, password },
      max: 1,
      fetch_types: false,
      connect_timeout: 5,
    });
  try {
    for (const wrong of ["", "x", pass.slice(1), `${pass}x`, "é".repeat(40)]) {
      await t.step(`"${wrong.replace(pass, "PASS")}"`, async () => {
        const sql = client(wrong);
        await assert.rejects(async () => await sql`SELECT 1`);
        await sql.end({ timeout: 1 });
      });
    }
    await t.step("what is no PostgreSQL client", async () => {
      for (
        const bytes of [[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 8, 4, 210, 22, 47]]
      ) {
        const stranger = await Deno.connect({ hostname: host, port });
        await stranger.write(new Uint8Array(bytes));
        stranger.close();
      }
    });
    const sql = client(pass);
    assert.deepEqual([...await sql`SELECT 1 AS one`], [{ one: 1 }]);
    await sql.end({ timeout: 1 });
  } finally {
    await started.stop();
    silent.close();
  }
});

Deno.test({
  name: "a second process on an embedded directory is refused",
  // Windows has no signal that stops a process for a while.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const directory = await Deno.makeTempDir({ prefix: "embedded-" });
    const url = `pglite:${directory}/db`;
    const permissions = [
      ...PERMISSIONS.filter((flag) => !flag.startsWith("--allow-write")),
      `--allow-write=${directory}`,
    ];
    const steps = `createTable("a", { id: "integer" })`;
    try {
      const first = startSync(["--apply"], { url, steps, permissions });
      const ended = first.output();
      await until(
        () =>
          Deno.stat(`${directory}/db/data/PG_VERSION`)
            .then(() => true, () => false),
        "the first process has locked the directory and writes to it",
      );
      Deno.kill(first.pid, "SIGSTOP");
      try {
        for (const mode of ["--dry-run", "--apply"]) {
          const second = await sync([mode], { url, steps, permissions });
          assert.equal(second.code, 1, second.stdout);
          assert.match(second.stderr, /^error: another process .+\n {2}.+/);
          assert.ok(second.stderr.includes(`${directory}/db`));
        }
      } finally {
        Deno.kill(first.pid, "SIGCONT");
      }
      const { code, stderr } = await ended;
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const later = await sync(["--dry-run"], { url, steps, permissions });
      assert.equal(later.code, 0, later.stderr);
      assert.match(later.stdout, /In sync/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
