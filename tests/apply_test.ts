/**
 * Apply and dry run on real servers: what they write, lock, survive and say.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import {
  during,
  type Major,
  MAJORS,
  type Output,
  SCRIPT,
  type Server,
  startServer,
  startSync,
  sync,
  type SyncOptions,
  until,
} from "./helpers.ts";

// ─── Servers ───────────────────────────────────────────────────────────────

/** Every statement is logged; nothing but the tests takes a transaction id. */
const SETTINGS = [
  "logging_collector = on",
  "log_directory = 'log'",
  "log_filename = 'all'",
  "log_statement = 'all'",
  "log_line_prefix = '%a|%p| '",
  "autovacuum = off",
];

const started = new Map<Major, Promise<Server>>();

function server(major: Major): Promise<Server> {
  const running = started.get(major) ?? startServer(major, SETTINGS);
  started.set(major, running);
  return running;
}

Deno.test.afterAll(async () => {
  const running = await Promise.allSettled(started.values());
  await Promise.all(
    running.map((result) =>
      result.status === "fulfilled" && result.value.stop()
    ),
  );
});

type Use = (url: string, sql: postgres.Sql, server: Server) => Promise<void>;

/** The same on the oldest and the newest server. */
function onBoth(title: string, use: Use) {
  for (const major of [14, 18] as const) onServer(major, title, use);
}

function onServer(major: Major, title: string, use: Use) {
  Deno.test(`${title}, on ${major}`, async () => {
    const running = await server(major);
    await running.withDatabase((url, sql) => use(url, sql, running));
  });
}

let markers = 0;

/** What the script sent to the server while `work` ran. */
async function logged(
  { directory }: Server,
  sql: postgres.Sql,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const read = () => Deno.readTextFileSync(join(directory, "data/log/all"));
  const mark = async () => {
    const text = `marker ${++markers} of ${directory}`;
    await sql.unsafe(`SELECT '${text}'`);
    await until(() => read().includes(text), "the log is written");
    return text;
  };
  const from = await mark();
  await work();
  const to = await mark();
  const log = read();
  return log.slice(log.indexOf(from), log.indexOf(to))
    .split(/^(?=[^|\n]*\|\d+\| )/m)
    .filter((entry) => entry.startsWith("schema sync|"))
    .flatMap((entry) => /statement: ([^]*)$/.exec(entry)?.[1] ?? []);
}

const WRITES = new RegExp(
  "(^|;)\\s*(CREATE|ALTER|DROP|TRUNCATE|INSERT|UPDATE|DELETE|MERGE|LOCK|" +
    "COMMENT|GRANT|REINDEX|VACUUM|ANALYZE|SET (?!LOCAL)|COMMIT)\\b",
  "i",
);

/** How many transaction ids have been given out, this one included. */
async function lastXid(sql: postgres.Sql): Promise<bigint> {
  const [row] = await sql.unsafe("SELECT pg_current_xact_id()::text AS xid");
  return BigInt(row!.xid);
}

// ─── The script ────────────────────────────────────────────────────────────

/** A run that goes on, with what it has printed so far. */
function running(args: string[], options: SyncOptions) {
  const child = startSync(args, options);
  const printed = { stdout: "", stderr: "" };
  const read = async (name: "stdout" | "stderr") => {
    const text = child[name].pipeThrough(new TextDecoderStream());
    for await (const chunk of text) printed[name] += chunk;
  };
  const ended = Promise.all([read("stdout"), read("stderr"), child.status])
    .then(([, , { code }]): Output => ({ code, ...printed }));
  return { child, printed, ended };
}

function assertOk(output: Output, ...phrases: (string | RegExp)[]): Output {
  const shown = `${output.stdout}\n${output.stderr}`;
  assert.equal(output.code, 0, shown);
  for (const phrase of phrases) assert.match(shown, new RegExp(phrase));
  return output;
}

async function assertInSync(options: SyncOptions, ...args: string[]) {
  assertOk(await sync(["--dry-run", ...args], options), "In sync");
}

/** A failed run says what to do; it never shows where the code is. */
function assertFailed(output: Output, code: number, ...phrases: RegExp[]) {
  const shown = `${output.stdout}\n${output.stderr}`;
  assert.equal(output.code, code, shown);
  assert.match(output.stderr, /^error: /m, shown);
  assert.doesNotMatch(output.stderr, /^\s+at |unexpected: /m);
  for (const phrase of phrases) assert.match(shown, phrase);
}

/** What the script waits for, as the server tells it. */
async function waiting(sql: postgres.Sql, event = "Lock") {
  await until(async () => {
    const rows = await sql.unsafe(`SELECT FROM pg_stat_activity
      WHERE application_name = 'schema sync' AND datname = current_database()
        AND state = 'active' AND wait_event_type = '${event}'`);
    return rows.length > 0;
  }, "the script waits for a lock");
}

async function noSessions(sql: postgres.Sql) {
  await until(async () => {
    const rows = await sql.unsafe(`SELECT FROM pg_stat_activity
      WHERE application_name = 'schema sync' AND datname = current_database()`);
    return rows.length === 0;
  }, "the sessions of the script end");
}

// ─── Shapes ────────────────────────────────────────────────────────────────

/** The project's steps, as they were before most constraints and indexes. */
async function olderProject(url: string, sql: postgres.Sql) {
  const skipped = ["#142*", "*_idx", "*_key", "*_fkey", "*_check"];
  assertOk(
    await sync(
      ["--apply", ...skipped.flatMap((pattern) => ["--skip", pattern])],
      { url },
    ),
    "Applied plan",
  );
  await sql.unsafe(`
    INSERT INTO organizations (name, slug)
      SELECT 'Organization ' || g, 'o' || g FROM generate_series(1, 50) g;
    INSERT INTO users (organization_id, email, first_name)
      SELECT id, slug || '@example.org', name FROM organizations;
    INSERT INTO projects (organization_id, key, name)
      SELECT id, 'WEB', name FROM organizations;
    INSERT INTO tasks (project_id, title) SELECT id, name FROM projects;
    INSERT INTO comments (task_id, author_id, body)
      SELECT tasks.id, users.id, 'Hello' FROM tasks, users LIMIT 100;
    INSERT INTO events (organization_id, kind)
      SELECT id, 'organization.created' FROM organizations`);
}

const ORDERS = `
  createTable("orders", {
    id: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    total: "numeric NOT NULL",
    note: "text",
  }),
  addColumn("orders", "label", "text"),
  backfill("orders", { set: "label = 'o' || id", where: "label IS NULL" }),
  setNotNull("orders", "label"),
  createIndex("orders", "orders_total_idx", "(total)"),
  addCheck("orders", "orders_total_check", "total >= 0"),
`;

/** Rows wide enough that a backfill takes more than one batch. */
async function olderOrders(sql: postgres.Sql, rows = 100) {
  await sql.unsafe(`CREATE TABLE orders (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      total numeric NOT NULL,
      note text
    );
    INSERT INTO orders (total, note)
      SELECT g, repeat('x', 1000) FROM generate_series(1, ${rows}) g`);
}

async function assertOrders(sql: postgres.Sql, rows = 100) {
  const [row] = await sql.unsafe(`SELECT count(*)::int AS n,
    count(*) FILTER (WHERE label = 'o' || id)::int AS filled FROM orders`);
  assert.deepEqual({ ...row }, { n: rows, filled: rows });
  const left = await sql.unsafe(`
    SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
    UNION ALL SELECT conname FROM pg_constraint
      WHERE NOT convalidated OR conname LIKE '%sync_not_null%'`);
  assert.deepEqual([...left], []);
}

async function relations(sql: postgres.Sql, schema: string): Promise<string[]> {
  const rows = await sql.unsafe(`SELECT relname FROM pg_class
    WHERE relnamespace = '${schema}'::regnamespace ORDER BY 1`);
  return rows.map(({ relname }) => relname);
}

// ─── Empty databases ───────────────────────────────────────────────────────

for (const major of MAJORS) {
  onServer(
    major,
    "apply builds an empty database in one transaction",
    async (url, sql) => {
      const dry = assertOk(await sync(["--dry-run"], { url }), "Next: ");
      for (const name of ["organizations", "users_email_key", "events"]) {
        assert.match(dry.stdout, new RegExp(`ℹ ${name} `));
      }
      assert.doesNotMatch(dry.stdout, /⚠/);
      assert.deepEqual(await relations(sql, "public"), []);

      assertOk(await sync(["--apply"], { url }), "Applied plan");
      const [made] = await sql.unsafe(`SELECT count(*)::int AS relations,
        count(DISTINCT xmin::text)::int AS transactions
        FROM pg_class WHERE relnamespace = 'public'::regnamespace`);
      assert.equal(made!.transactions, 1);
      assert.ok(made!.relations > 40);

      const before = await lastXid(sql);
      const again = assertOk(await sync(["--apply"], { url }), "In sync");
      assert.doesNotMatch(again.stdout, /Applied|ℹ|⚠/);
      const look = assertOk(await sync(["--dry-run"], { url }), "In sync");
      assert.doesNotMatch(look.stdout, /ℹ|⚠/);
      assert.equal(await lastXid(sql), before + 1n);
    },
  );
}

Deno.test("apply builds an empty embedded database and finds it again", async () => {
  const directory = await Deno.makeTempDir();
  const options = { url: `pglite:${directory}/db`, permissions: ["-A"] };
  try {
    assertOk(
      await sync(["--dry-run"], options),
      "ℹ organizations ",
      "in one transaction",
    );
    assertOk(await sync(["--apply"], options), "Applied plan");
    assertOk(await sync(["--apply"], options), "In sync");
    await assertInSync(options);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

// ─── Dry runs write nothing ────────────────────────────────────────────────

onBoth(
  "dry run is a READ ONLY transaction that is rolled back",
  async (url, sql, server) => {
    await olderProject(url, sql);
    const before = await lastXid(sql);
    const statements = await logged(server, sql, async () => {
      const output = await sync(["--dry-run"], { url });
      assertOk(output, "CREATE INDEX CONCURRENTLY", "Plan ");
    });
    assert.equal(await lastXid(sql), before + 1n, "no transaction has an id");
    const begins = statements.filter((text) => /^BEGIN/.test(text));
    assert.ok(begins.length > 0);
    for (const begin of begins) assert.match(begin, /^BEGIN [A-Z ]*READ ONLY/);
    // The plan is parsed behind a RETURN, and so never run.
    const parsed = /DO (\$\w+\$)BEGIN RETURN;[^]*?END\1/;
    assert.ok(statements.some((text) => parsed.test(text)));
    for (const text of statements) {
      assert.doesNotMatch(text.replace(parsed, ""), WRITES);
    }
    assert.match(statements.at(-1)!, /^(.*;\s+)?ROLLBACK\s*$/s);
  },
);

const WRITING_CHECKS: [string, string][] = [
  ["nextval", "nextval('counter') > 0"],
  ["an inserting function", "write_down()"],
];

for (const [what, check] of WRITING_CHECKS) {
  onServer(
    18,
    `dry run lets the server refuse a check that calls ${what}`,
    async (url, sql) => {
      await sql.unsafe(`CREATE SEQUENCE counter; CREATE TABLE log (at text);
        CREATE FUNCTION write_down() RETURNS boolean LANGUAGE sql VOLATILE
        AS 'INSERT INTO log VALUES (''x'') RETURNING true'`);
      for (const mode of ["--dry-run", "--apply"]) {
        const steps = `step("sly", {
          check: "${check}",
          alter: "SELECT 1",
        })`;
        const output = await sync([mode], { url, steps });
        assertFailed(output, 1, /"sly"/, /read-only transaction/);
      }
      const [row] = await sql.unsafe(
        "SELECT (SELECT is_called FROM counter), (SELECT count(*)::int AS n FROM log)",
      );
      assert.deepEqual({ ...row }, { is_called: false, n: 0 });
    },
  );
}

// ─── Converged databases ───────────────────────────────────────────────────

onBoth(
  "converged database gets no DDL and no lock above ACCESS SHARE",
  async (url, sql, server) => {
    await olderProject(url, sql);
    assertOk(await sync(["--apply"], { url }), "Applied plan");
    const tables = await sql.unsafe(`SELECT relname FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`);
    const list = tables.map(({ relname }) => relname).join(", ");
    const before = await lastXid(sql);
    // EXCLUSIVE conflicts with every lock but ACCESS SHARE.
    await during(url, `LOCK TABLE ${list} IN EXCLUSIVE MODE`, async () => {
      for (const mode of ["--apply", "--dry-run"]) {
        const statements = await logged(server, sql, async () => {
          const limits = ["--lock-timeout", "100ms", "--max-wait", "1s"];
          const output = await sync([mode, ...limits], { url });
          assertOk(output, "In sync");
          assert.doesNotMatch(output.stderr, /wait|lock/);
        });
        assert.ok(statements.length > 0);
        for (const text of statements) assert.doesNotMatch(text, WRITES);
      }
    });
    assert.equal(await lastXid(sql), before + 1n);
  },
);

onBoth("converged checks hold ACCESS SHARE locks only", async (url, sql) => {
  await olderOrders(sql);
  const steps = `${ORDERS}
    step("locks", {
      check: \`(SELECT bool_and(mode = 'AccessShareLock') FROM pg_locks
        WHERE pid = pg_backend_pid() AND locktype = 'relation')\`,
      alter: "SELECT 1",
    }),`;
  assertOk(await sync(["--apply", "--skip", "locks"], { url, steps }));
  assertOk(await sync(["--apply"], { url, steps }), "In sync");
  await assertInSync({ url, steps });
});

// ─── Several at once ───────────────────────────────────────────────────────

const CROWDS: [string, number, "empty" | "older", string][] = [
  ["two applies at once", 2, "empty", "CREATE TYPE plan AS ENUM ('x')"],
  ["eight applies at once", 8, "empty", "CREATE TYPE plan AS ENUM ('x')"],
  ["eight applies at once", 8, "older", "SELECT FROM users"],
];

for (const [what, size, shape, held] of CROWDS) {
  onServer(
    size === 2 ? 14 : 18,
    `one of ${what} changes the ${shape} database, the others wait`,
    async (url, sql) => {
      if (shape === "older") await olderProject(url, sql);
      // The one that works is held up until all others have found it there.
      const runs = await during(url, held, async (release) => {
        const runs = Array.from(
          { length: size },
          () => running(["--apply"], { url }),
        );
        const waiters = () =>
          runs.filter(({ printed }) =>
            printed.stderr.includes("waiting for another sync")
          );
        await until(() => waiters().length === size - 1, "all others wait");
        const [holder] = await sql.unsafe(`SELECT pid FROM pg_locks
          WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database
              WHERE datname = current_database())`);
        for (const { printed } of waiters()) {
          assert.match(
            printed.stderr,
            new RegExp(`waiting for another sync: pid ${holder!.pid} \\(`),
          );
        }
        await release();
        return runs;
      });
      const outputs = await Promise.all(runs.map(({ ended }) => ended));
      for (const output of outputs) assertOk(output);
      const count = (phrase: string) =>
        outputs.filter(({ stdout }) => stdout.includes(phrase)).length;
      assert.deepEqual(
        [count("Applied plan"), count("In sync")],
        [1, size - 1],
      );
      await assertInSync({ url });
    },
  );
}

onServer(18, "apply gives up its turn after --max-wait", async (url, sql) => {
  await olderOrders(sql);
  await during(url, "SELECT FROM orders", async (release) => {
    const first = running(["--apply"], { url, steps: ORDERS });
    await until(
      () => first.printed.stderr.includes("waiting for pid"),
      "the first waits for the table",
    );
    const args = ["--apply", "--max-wait", "300ms"];
    const second = await sync(args, { url, steps: ORDERS });
    assertFailed(second, 1, /another sync is still running: pid \d+/);
    await release();
    assertOk(await first.ended, "Applied plan");
  });
});

// ─── Errors ────────────────────────────────────────────────────────────────

onServer(
  14,
  "error in the expand phase rolls all of it back",
  async (url, sql) => {
    const steps = (divisor: number) => `
      createEnum("kind", ["a", "b"]),
      createTable("first", { id: "integer PRIMARY KEY", kind: "kind" }),
      step("division", {
        check: "to_regclass('division') IS NOT NULL",
        alter: "CREATE TABLE division AS SELECT 1 / ${divisor} AS result",
      }),
      createTable("second", { id: "integer PRIMARY KEY" }),`;
    const output = await sync(["--apply"], { url, steps: steps(0) });
    assertFailed(
      output,
      1,
      /division by zero/,
      /"division" in section "Steps"/,
      /nothing was changed/i,
    );
    assert.deepEqual(await relations(sql, "public"), []);
    const types = await sql.unsafe(
      "SELECT FROM pg_type WHERE typname = 'kind'",
    );
    assert.equal(types.length, 0);
    assertOk(await sync(["--apply"], { url, steps: steps(1) }), "Applied plan");
    await assertInSync({ url, steps: steps(1) });
  },
);

/** One that no probe foresees: a row divides by zero. */
const FAILING_INDEX =
  `createIndex("orders", "orders_share_idx", "((100 / (total - 50)))"),`;

onBoth(
  "error in the online phase keeps what is committed and a rerun goes on",
  async (url, sql) => {
    await olderOrders(sql);
    const steps = `${ORDERS}
      ${FAILING_INDEX}
      createIndex("orders", "orders_later_idx", "(note, total)"),`;
    const output = await sync(["--apply"], { url, steps });
    assertFailed(
      output,
      1,
      /"orders_share_idx" in section "Steps"/,
      /Committed: \d+ statements/,
      /Not done: [1-9]/,
    );
    const [filled] = await sql.unsafe(
      "SELECT count(label)::int AS n FROM orders",
    );
    assert.equal(filled!.n, 100);
    assert.ok(!(await relations(sql, "public")).includes("orders_later_idx"));

    await sql.unsafe("UPDATE orders SET total = 1000 WHERE total = 50");
    const dry = await sync(["--dry-run"], { url, steps });
    assertOk(dry, "ℹ orders_share_idx +rebuild index");
    assertOk(await sync(["--apply"], { url, steps }), "Applied plan");
    await assertOrders(sql);
    await assertInSync({ url, steps });
  },
);

onServer(
  18,
  "error of the first statement does not deny the index that it leaves",
  async (url, sql) => {
    await olderOrders(sql);
    const steps = FAILING_INDEX;
    const output = await sync(["--apply"], { url, steps });
    assertFailed(output, 1, /"orders_share_idx"/);
    assert.ok((await relations(sql, "public")).includes("orders_share_idx"));
    assert.doesNotMatch(output.stderr, /nothing was changed/i);
  },
);

onServer(
  18,
  "error in a backfill does not deny the batches that it has committed",
  async (url, sql) => {
    await olderOrders(sql, 3000);
    await sql.unsafe("ALTER TABLE orders ADD COLUMN label text");
    const steps = `backfill("orders", {
      set: "label = (1 / (2999 - id))::text",
      where: "label IS NULL",
    }),`;
    const output = await sync(["--apply"], { url, steps });
    assertFailed(output, 1, /division by zero/);
    const [row] = await sql.unsafe("SELECT count(label)::int AS n FROM orders");
    assert.ok(row!.n > 0, "some batches are committed");
    assert.doesNotMatch(output.stderr, /nothing was changed/i);
  },
);

onServer(
  18,
  "apply fails when a step's check does not see what its alter does",
  async (url) => {
    const steps = `step("blind", { check: "false", alter: "SELECT 1" })`;
    const output = await sync(["--apply"], { url, steps });
    assertFailed(output, 1, /would still run/, /"blind"/);
  },
);

// ─── Faults ────────────────────────────────────────────────────────────────

/** A row of the last block: a backfill reaches it after some batches. */
const LAST_ROW = "SELECT FROM orders WHERE id = 3000 FOR UPDATE";
const PATIENT = ["--apply", "--lock-timeout", "1m"];
const RECEIPTS = `createTable("receipts", { id: "integer PRIMARY KEY" }),`;

/** Steps of which one statement is committed before the backfill starts. */
const FILLING = RECEIPTS + ORDERS;

async function unfilledOrders(sql: postgres.Sql) {
  await olderOrders(sql, 3000);
  await sql.unsafe("ALTER TABLE orders ADD COLUMN label text");
}

onBoth("apply goes on after kill -9 in a backfill", async (url, sql) => {
  await unfilledOrders(sql);
  await during(url, LAST_ROW, async (release) => {
    const run = running(PATIENT, { url, steps: FILLING });
    await waiting(sql);
    run.child.kill("SIGKILL");
    await run.ended;
    const [row] = await sql.unsafe("SELECT count(label)::int AS n FROM orders");
    assert.ok(row!.n > 0 && row!.n < 3000, `${row!.n} rows are filled`);
    await release();
  });
  await noSessions(sql);
  const rerun = await sync(["--apply"], { url, steps: FILLING });
  assertOk(rerun, "Applied plan");
  await assertOrders(sql, 3000);
  await assertInSync({ url, steps: FILLING });
});

/** A transaction that an index build has to wait for. */
const WRITER = "UPDATE orders SET total = total WHERE id = 1";
const INDEX = `createIndex("orders", "orders_total_idx", "(total)"),`;

async function building(sql: postgres.Sql): Promise<number> {
  let pid = 0;
  await until(async () => {
    const [row] = await sql.unsafe(`SELECT pid FROM pg_stat_activity
      WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'
        AND datname = current_database() AND wait_event_type = 'Lock'`);
    pid = Number(row?.pid ?? 0);
    return pid > 0;
  }, "the index build waits");
  return pid;
}

onBoth(
  "apply goes on after kill -9 in an index build that dies, too",
  async (url, sql) => {
    await olderOrders(sql);
    await during(url, WRITER, async () => {
      const run = running(["--apply"], { url, steps: INDEX });
      const pid = await building(sql);
      run.child.kill("SIGKILL");
      await run.ended;
      await sql.unsafe(`SELECT pg_terminate_backend(${pid})`);
      await noSessions(sql);
    });
    const dry = await sync(["--dry-run"], { url, steps: INDEX });
    assertOk(dry, "ℹ orders_total_idx +rebuild index", "DROP INDEX CONC");
    assertOk(await sync(["--apply"], { url, steps: INDEX }), "Applied plan");
    await assertInSync({ url, steps: INDEX });
  },
);

onServer(
  14,
  "apply says that its working session was terminated, and a rerun goes on",
  async (url, sql) => {
    await unfilledOrders(sql);
    const output = await during(url, LAST_ROW, async () => {
      const run = running(PATIENT, { url, steps: FILLING });
      await waiting(sql);
      await sql.unsafe(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'schema sync' AND wait_event_type = 'Lock'
          AND datname = current_database()`);
      return await run.ended;
    });
    assertFailed(
      output,
      1,
      /terminating connection|connection .* lost/,
      /Committed: 1 statement\b/,
      /[Rr]un (it )?again/,
    );
    assertOk(await sync(["--apply"], { url, steps: FILLING }), "Applied plan");
    await assertOrders(sql, 3000);
    await assertInSync({ url, steps: FILLING });
  },
);

onServer(
  18,
  "apply survives or reports the end of the session that holds its turn",
  async (url, sql) => {
    await unfilledOrders(sql);
    const output = await during(url, LAST_ROW, async (release) => {
      const run = running(PATIENT, { url, steps: FILLING });
      await waiting(sql);
      const ended = await sql.unsafe(`SELECT pg_terminate_backend(pid)
        FROM pg_locks WHERE locktype = 'advisory' AND granted
          AND database = (SELECT oid FROM pg_database
            WHERE datname = current_database())`);
      assert.equal(ended.length, 1);
      await release();
      return await run.ended;
    });
    if (output.code === 0) assertOk(output, "Applied plan");
    else assertFailed(output, 1, /connection|turn|lock/, /[Rr]un (it )?again/);
    assertOk(await sync(["--apply"], { url, steps: FILLING }));
    await assertOrders(sql, 3000);
    await assertInSync({ url, steps: FILLING });
  },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  onServer(
    signal === "SIGINT" ? 18 : 14,
    `apply stops at ${signal} while it waits for a lock`,
    async (url, sql) => {
      await unfilledOrders(sql);
      const output = await during(url, LAST_ROW, async () => {
        const run = running(PATIENT, { url, steps: FILLING });
        await waiting(sql);
        run.child.kill(signal);
        return await run.ended;
      });
      assert.notEqual(output.code, 0);
      assert.match(output.stderr, /stopping/);
      assert.match(output.stderr, /Committed: 1 statement\b/);
      assert.doesNotMatch(output.stderr, /^\s+at /m);
      await noSessions(sql);
      assertOk(await sync(["--apply"], { url, steps: FILLING }), "Applied");
      await assertOrders(sql, 3000);
    },
  );
}

onServer(
  18,
  "apply stops at SIGINT while it waits without queueing",
  async (url, sql) => {
    await olderOrders(sql);
    const output = await during(url, "SELECT FROM orders", async (release) => {
      const run = running(["--apply"], { url, steps: ORDERS });
      await until(
        () => run.printed.stderr.includes("waiting for pid"),
        "it waits for the table",
      );
      run.child.kill("SIGINT");
      await until(
        () => run.printed.stderr.includes("stopping"),
        "it has the signal",
      );
      await release();
      return await run.ended;
    });
    assert.notEqual(output.code, 0, output.stdout);
    assert.doesNotMatch(output.stdout, /Applied plan/);
    const columns = await sql.unsafe(`SELECT FROM pg_attribute
      WHERE attrelid = 'orders'::regclass AND attname = 'label'`);
    assert.equal(columns.length, 0);
  },
);

onServer(
  18,
  "apply stops at SIGINT while it waits for its turn",
  async (url, sql) => {
    await olderOrders(sql);
    await during(url, "SELECT FROM orders", async (release) => {
      const first = running(["--apply"], { url, steps: ORDERS });
      await until(
        () => first.printed.stderr.includes("waiting for pid"),
        "the first waits for the table",
      );
      const second = running(["--apply"], { url, steps: ORDERS });
      await until(
        () => second.printed.stderr.includes("waiting for another sync"),
        "the second waits for its turn",
      );
      second.child.kill("SIGINT");
      let ended = false;
      second.ended.then(() => ended = true);
      try {
        await until(() => ended, "the second stops");
      } finally {
        if (!ended) second.child.kill("SIGKILL");
      }
      assert.notEqual((await second.ended).code, 0);
      await release();
      assertOk(await first.ended, "Applied plan");
    });
  },
);

// ─── Locks of others ───────────────────────────────────────────────────────

const BLOCKERS: [Major, string, string][] = [
  [14, "has read it", "SELECT FROM orders"],
  [18, "locks it for writes", "LOCK TABLE orders IN SHARE MODE"],
];

for (const [major, what, held] of BLOCKERS) {
  onServer(
    major,
    `apply names and outwaits an idle transaction that ${what}`,
    async (url, sql) => {
      await olderOrders(sql);
      await during(url, held, async (release, pid) => {
        const limits = ["--max-wait", "2s"];
        const run = running(["--apply", ...limits], { url, steps: ORDERS });
        let ended = false;
        run.ended.then(() => ended = true);
        // Nobody else's query may queue behind the script for long.
        await sql.unsafe("SET statement_timeout = '3s'");
        while (!ended) await sql.unsafe("SELECT count(*) FROM orders");
        const output = await run.ended;
        assertFailed(output, 1, /nothing was changed/i);
        const [error] = /^error: [^]*/m.exec(output.stderr) ?? [""];
        assert.match(output.stderr, new RegExp(`waiting for pid ${pid} \\(`));
        assert.match(error, new RegExp(`blocked by pid ${pid} \\(`));

        const patient = running(["--apply"], { url, steps: ORDERS });
        await until(
          () => patient.printed.stderr.includes(`waiting for pid ${pid}`),
          "it is told who has the lock",
        );
        await release();
        assertOk(await patient.ended, "Applied plan");
      });
      await assertOrders(sql);
    },
  );
}

onBoth(
  "apply refuses while a table is locked against reads, and says by whom",
  async (url, sql) => {
    await olderOrders(sql);
    const held = "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE";
    await during(url, held, async (release, pid) => {
      const limits = ["--probe-timeout", "300ms", "--max-wait", "1s"];
      const args = ["--apply", ...limits];
      const output = await sync(args, { url, steps: ORDERS });
      assertFailed(output, 3, new RegExp(`pid ${pid}`));
      assert.ok(
        (await relations(sql, "public")).every((name) =>
          name !== "orders_total_idx"
        ),
      );
      await release();
    });
    assertOk(await sync(["--apply"], { url, steps: ORDERS }), "Applied plan");
    await assertOrders(sql);
  },
);

onServer(
  14,
  "index build waits for an old transaction beyond the lock timeout",
  async (url, sql) => {
    await olderOrders(sql);
    const output = await during(url, WRITER, async (release) => {
      const args = ["--apply", "--lock-timeout", "100ms"];
      const run = running(args, { url, steps: INDEX });
      const pid = await building(sql);
      await until(async () => {
        const [row] = await sql.unsafe(`SELECT
          now() - query_start > interval '500 ms' AS long
          FROM pg_stat_activity WHERE pid = ${pid} AND state = 'active'`);
        assert.ok(row, "the build goes on");
        return row.long;
      }, "it waits for longer than the lock timeout");
      await release();
      return await run.ended;
    });
    assertOk(output, "Applied plan");
    assert.doesNotMatch(output.stderr, /trying again/);
    await assertInSync({ url, steps: INDEX });
  },
);

// ─── One transaction ───────────────────────────────────────────────────────

onBoth(
  "--single-transaction changes a populated database in one transaction",
  async (url, sql, server) => {
    await olderProject(url, sql);
    const statements = await logged(server, sql, async () => {
      const args = ["--apply", "--single-transaction"];
      assertOk(await sync(args, { url }), "Applied plan");
    });
    const all = statements.join(";\n");
    assert.equal(all.match(/^BEGIN .*READ WRITE/gm)?.length, 1);
    assert.equal(all.match(/^COMMIT/gm)?.length, 1);
    assert.doesNotMatch(all, /CONCURRENTLY|NOT VALID/);
    const [row] = await sql.unsafe(`SELECT
      count(DISTINCT xmin::text)::int AS transactions FROM pg_constraint
      WHERE conname ~ '_(fkey|check)$' AND conrelid::regclass::text <> ''
        AND connamespace = 'public'::regnamespace`);
    assert.equal(row!.transactions, 1);
    await assertInSync({ url });
  },
);

onServer(
  14,
  "--single-transaction rolls all of it back after a late error",
  async (url, sql) => {
    await olderOrders(sql);
    const steps = `${ORDERS}
      ${FAILING_INDEX}`;
    const before = await relations(sql, "public");
    const args = ["--apply", "--single-transaction"];
    const output = await sync(args, { url, steps });
    assertFailed(output, 1, /orders_share_idx/, /nothing was changed/i);
    assert.deepEqual(await relations(sql, "public"), before);
    const columns = await sql.unsafe(`SELECT FROM pg_attribute
      WHERE attrelid = 'orders'::regclass AND attname = 'label'`);
    assert.equal(columns.length, 0);
  },
);

onServer(
  18,
  "--single-transaction says why a new enum label cannot be used yet",
  async (url, sql) => {
    await sql.unsafe(`CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TABLE people (name text, mood mood);
      INSERT INTO people VALUES ('Ann', NULL)`);
    const steps = `
      createEnum("mood", ["sad", "ok", "happy"]),
      createTable("people", { name: "text", mood: "mood" }),
      backfill("people", { set: "mood = 'happy'", where: "mood IS NULL" }),`;
    const args = ["--apply", "--single-transaction"];
    const output = await sync(args, { url, steps });
    assertFailed(output, 1, /55P04/, /without --single-transaction/);
    assertOk(await sync(["--apply"], { url, steps }), "Applied plan");
    await assertInSync({ url, steps });
  },
);

onServer(
  14,
  "reference row takes an enum label that the same run adds",
  async (url, sql) => {
    await sql.unsafe(`CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TABLE people (name text, mood mood)`);
    const steps = `
      createEnum("mood", ["sad", "ok", "happy"]),
      createTable("people", { name: "text", mood: "mood" }),
      insertMissing("people", ["name"], [{ name: "Bob", mood: "happy" }]),`;
    assertOk(await sync(["--dry-run"], { url, steps }), "add 1 label");
    assertOk(await sync(["--apply"], { url, steps }), "Applied plan");
    await assertInSync({ url, steps });
  },
);

// ─── Schemas and names ─────────────────────────────────────────────────────

const QUOTED = `
  createEnum("Order Kind", ["new", "it's"]),
  createTable("order", {
    id: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    user: "text NOT NULL",
    "Mixed Case": "integer NOT NULL DEFAULT 0",
    kind: \`"Order Kind" NOT NULL DEFAULT 'new'\`,
  }),
  createTable("select", { order: "bigint", from: "text" }),
  createIndex("order", "Order Index", '("user", "Mixed Case" DESC)'),
  addForeignKey("select", "Select fkey", '("order") REFERENCES "order" (id)'),
  addUnique("select", "Select key", '("from")'),
  addCheck("order", "order_check", '"Mixed Case" >= 0'),
  addColumn("order", "Full Label", "text NOT NULL"),
  backfill("order", { set: '"Full Label" = "user"', where: '"Full Label" IS NULL' }),
  insertMissing("order", ["user"], [{ user: "Zoë", "Full Label": "Zoë" }]),
`;

const SCHEMAS: [Major, string][] = [[14, "my schema"], [18, "order"]];

for (const [major, schema] of SCHEMAS) {
  onServer(
    major,
    `--schema "${schema}" takes names that need quotes`,
    async (url, sql) => {
      await sql.unsafe(`CREATE SCHEMA "${schema}";
        CREATE TABLE "${schema}"."order" (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          "user" text NOT NULL
        );
        CREATE TABLE "${schema}"."select" ("order" bigint);
        INSERT INTO "${schema}"."order" ("user") VALUES ('Ann'), ('Bob');
        INSERT INTO "${schema}"."select" VALUES (1)`);
      const args = ["--schema", schema];
      const steps = QUOTED;
      const dry = await sync(["--dry-run", ...args], { url, steps });
      assertOk(dry, "CREATE INDEX CONCURRENTLY");
      const output = await sync(["--apply", ...args], { url, steps });
      assertOk(output, "Applied plan");
      await assertInSync({ url, steps }, ...args);
      assert.deepEqual(await relations(sql, "public"), []);
      const rows = await sql.unsafe(
        `SELECT "user", "Full Label" FROM "${schema}"."order" ORDER BY 1`,
      );
      assert.deepEqual(
        rows.map((row) => Object.values(row)),
        [["Ann", "Ann"], ["Bob", "Bob"], ["Zoë", "Zoë"]],
      );
    },
  );
}

onServer(18, "--schema that does not exist is an error", async (url) => {
  const output = await sync(["--dry-run", "--schema", "none"], { url });
  assertFailed(output, 1, /"none" does not exist/, /CREATE SCHEMA none/);
});

onServer(
  14,
  "apply finds extensions that live in another schema",
  async (url, sql) => {
    await sql.unsafe(`CREATE SCHEMA extensions;
      CREATE EXTENSION citext SCHEMA extensions;
      CREATE EXTENSION pg_trgm SCHEMA extensions`);
    assertOk(await sync(["--apply"], { url }), "Applied plan");
    await assertInSync({ url });
    const rows = await sql.unsafe(`SELECT extname FROM pg_extension
      WHERE extnamespace = 'extensions'::regnamespace ORDER BY 1`);
    assert.deepEqual(rows.map(({ extname }) => extname), ["citext", "pg_trgm"]);
  },
);

// ─── Which steps ───────────────────────────────────────────────────────────

const THREE = `
  createTable("apples", { id: "integer PRIMARY KEY" }),
  createTable("pears", { id: "integer PRIMARY KEY" }),
  createIndex("pears", "pears_id_idx", "(id)"),
`;

const CHOICES: [string[], string[]][] = [
  [[], ["apples", "pears", "pears_id_idx"]],
  [["--only", "apples"], ["apples"]],
  [["--only", "pear*"], ["pears", "pears_id_idx"]],
  [["--only", "APPLES", "--only", "pears"], ["apples", "pears"]],
  [["--only", "Steps"], ["apples", "pears", "pears_id_idx"]],
  [["--only", "St*", "--skip", "*_idx"], ["apples", "pears"]],
  [["--skip", "pears*"], ["apples"]],
  [["--skip", "Steps"], []],
];

onServer(18, "--only and --skip choose sections and steps", async (url) => {
  for (const [args, names] of CHOICES) {
    const output = await sync(["--dry-run", ...args], { url, steps: THREE });
    assertOk(output);
    const planned = [...output.stdout.matchAll(/^ {2}ℹ (\S+)/gm)];
    assert.deepEqual(planned.map(([, name]) => name), names, args.join(" "));
  }
});

onServer(
  18,
  "--only and --skip refuse a name that matches nothing",
  async (url) => {
    for (const option of ["--only", "--skip"]) {
      const args = ["--apply", option, "plums"];
      const output = await sync(args, { url, steps: THREE });
      assertFailed(output, 1, /no section or step is called "plums"/);
    }
  },
);

onServer(18, "--only leaves the other steps for later", async (url, sql) => {
  const only = ["--only", "apples"];
  const output = await sync(["--apply", ...only], { url, steps: THREE });
  assertOk(output, "Applied plan");
  assert.deepEqual(await relations(sql, "public"), ["apples", "apples_pkey"]);
  await assertInSync({ url, steps: THREE }, ...only);
  assertOk(await sync(["--dry-run"], { url, steps: THREE }), "ℹ pears ");
});

// ─── Exit statuses ─────────────────────────────────────────────────────────

onServer(18, "--detailed-exitcode tells pending changes", async (url) => {
  const run = async (...args: string[]) =>
    (await sync(args, { url, steps: THREE })).code;
  assert.equal(await run("--dry-run"), 0);
  assert.equal(await run("--dry-run", "--detailed-exitcode"), 2);
  assert.equal(await run("--apply", "--detailed-exitcode"), 0);
  assert.equal(await run("--dry-run", "--detailed-exitcode"), 0);
});

const REFUSED: [string, string, string, RegExp, string[]][] = [
  [
    "a conflict",
    "CREATE TABLE apples (id text PRIMARY KEY)",
    THREE,
    /⚠ apples\.id +has a different type/,
    ["--allow", "conflict"],
  ],
  [
    "a drop",
    "CREATE TABLE apples (id integer PRIMARY KEY, old text)",
    `${THREE} dropColumn("apples", "old"),`,
    /needs --allow drop:apples\.old/,
    ["--allow", "drop:apples.old"],
  ],
  [
    "a rewrite",
    `CREATE TABLE apples (id integer PRIMARY KEY, n integer);
     INSERT INTO apples VALUES (1)`,
    `${THREE} changeType("apples", "n", "text"),`,
    /needs --allow rewrite/,
    ["--allow", "rewrite"],
  ],
];

for (const [what, prepared, steps, phrase, allowed] of REFUSED) {
  onServer(18, `apply refuses ${what} before it writes`, async (url, sql) => {
    await sql.unsafe(prepared);
    const before = await lastXid(sql);
    const refused = await sync(["--apply"], { url, steps });
    assertFailed(refused, 3, phrase, /nothing was written/);
    assert.match(refused.stderr, new RegExp(allowed.join(" ")));
    assert.equal(await lastXid(sql), before + 1n);

    const output = await sync(["--apply", ...allowed], { url, steps });
    assertOk(output, "Applied plan");
    assert.ok((await relations(sql, "public")).includes("pears"));
    const dry = ["--dry-run", "--detailed-exitcode"];
    const { code } = await sync(dry, { url, steps });
    assert.equal(code, what === "a conflict" ? 2 : 0);
  });
}

onServer(18, "--skip leaves a conflicting step out", async (url, sql) => {
  await sql.unsafe("CREATE TABLE apples (id text PRIMARY KEY)");
  const args = ["--apply", "--skip", "apples"];
  assertOk(await sync(args, { url, steps: THREE }), "Applied plan");
});

// ─── As a module ───────────────────────────────────────────────────────────

Deno.test("importing the script runs nothing and gives main and sections", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    path,
    `import { main, section, sections } from ${
      JSON.stringify(`file://${SCRIPT}`)
    };
    const titles: string[] = sections.map(({ title }) => title);
    console.log(titles[0], main.length);
    console.log(await main([section("Mine", [])], ["--version"]));
    console.log(await main([section("Mine", [])], ["--nonsense"]));`,
  );
  try {
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      { args: ["run", "--no-prompt", path, "--apply"], stdin: "null" },
    ).output();
    const text = new TextDecoder().decode(stdout);
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.match(
      text,
      /^#1 Foundations 2\n\d+\.\d+\.\d+ \(Deno [\d.]+ or newer\)\n0\n1\n$/,
    );
  } finally {
    await Deno.remove(path);
  }
});
