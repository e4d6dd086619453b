/**
 * What an apply locks, when, and how it waits: on real servers, by what
 * pg_locks shows while it runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import {
  connect,
  during,
  type Output,
  serversOnDemand,
  startSync,
  sync,
  type SyncOptions,
  until,
} from "./helpers.ts";

const onServer = serversOnDemand([
  "max_prepared_transactions = 5",
  "autovacuum_naptime = 1s",
  "deadlock_timeout = 2s",
]);

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
  const says = (phrase: RegExp) =>
    until(() => phrase.test(printed.stderr), `it says ${phrase}`);
  return { child, printed, ended, says };
}

function assertOk(output: Output, ...phrases: RegExp[]) {
  const shown = `${output.stdout}\n${output.stderr}`;
  assert.equal(output.code, 0, shown);
  for (const phrase of phrases) assert.match(shown, phrase);
}

function assertFailed(output: Output, ...phrases: RegExp[]) {
  const shown = `${output.stdout}\n${output.stderr}`;
  assert.equal(output.code, 1, shown);
  assert.doesNotMatch(output.stderr, /^\s+at |unexpected: /m);
  for (const phrase of phrases) assert.match(shown, phrase);
}

async function assertInSync(options: SyncOptions) {
  assertOk(await sync(["--dry-run"], options), /In sync/);
}

async function columnsOf(sql: postgres.Sql, table: string): Promise<string[]> {
  const rows = await sql.unsafe(`SELECT attname FROM pg_attribute
    WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped
      ORDER BY attnum`);
  return rows.map(({ attname }) => attname);
}

/** What the script's sessions hold of the relation. */
async function locksOn(sql: postgres.Sql, relation: string) {
  const rows = await sql.unsafe(`SELECT mode FROM pg_locks
    JOIN pg_stat_activity USING (pid) WHERE application_name = 'schema sync'
      AND granted AND relation = '${relation}'::regclass`);
  return rows.map(({ mode }) => mode);
}

// ─── Transactions ──────────────────────────────────────────────────────────

const TABLES = ["alpha", '"Beta Two"', "gamma"];

const older = TABLES.map((table) =>
  `CREATE TABLE ${table} (id integer PRIMARY KEY); ` +
  `INSERT INTO ${table} VALUES (1);`
).join("\n");

const table = (name: string, columns: string) =>
  `createTable("${name}", { id: "integer PRIMARY KEY", ${columns} }),`;

/** Of each sort that the expand phase has; the second table is held up. */
const GROWTH = `
  createEnum("mood", ["sad", "ok"]),
  ${table("alpha", `mood: "mood", at: "timestamptz DEFAULT now()"`)}
  ${table("Beta Two", `mood: "mood DEFAULT 'ok'"`)}
  ${table("delta", `mood: "mood"`)}
  step("function now_utc", {
    check: "to_regprocedure('now_utc()') IS NOT NULL",
    alter: "CREATE FUNCTION now_utc() RETURNS timestamp LANGUAGE sql AS " +
      "$$ SELECT now() AT TIME ZONE 'UTC' $$",
  }),
  ${table("gamma", `at: "timestamp DEFAULT now_utc()"`)}
  setDefault("alpha", "id", "7"),
  step("comment on delta", {
    check: "obj_description(to_regclass('delta'), 'pg_class') " +
      "IS NOT DISTINCT FROM 'new'",
    alter: "COMMENT ON TABLE delta IS 'new'",
  }),
`;

for (const major of [14, 18] as const) {
  Deno.test(`each standing table has a transaction of its own, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(older);
      await during(url, `SELECT FROM "Beta Two"`, async (release, pid) => {
        const run = running(["--apply"], { url, steps: GROWTH });
        await run.says(new RegExp(`pid ${pid} \\(`));
        assert.deepEqual(await columnsOf(sql, "alpha"), ["id", "mood", "at"]);
        for (const free of ["alpha", "gamma", "delta"]) {
          assert.deepEqual(await locksOn(sql, free), [], `${free} is free`);
        }
        await release();
        assertOk(await run.ended, /Expand \(4 transactions\)/);
      });
      const [made] = await sql.unsafe(`SELECT
        count(DISTINCT xmin::text)::int AS transactions FROM (
          SELECT xmin FROM pg_class WHERE relname = 'delta'
          UNION ALL SELECT xmin FROM pg_type WHERE typname = 'mood'
          UNION ALL SELECT xmin FROM pg_proc WHERE proname = 'now_utc'
          UNION ALL SELECT xmin FROM pg_description
            WHERE objoid = 'delta'::regclass AND objsubid = 0) AS made`);
      assert.equal(made!.transactions, 1, "what is new shares a transaction");
      await assertInSync({ url, steps: GROWTH });
    }));
}

Deno.test("an error at a later table says what is committed, and undoes it", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${older}
      CREATE FUNCTION broken() RETURNS integer STABLE LANGUAGE sql
        AS 'SELECT 1 / (SELECT id - 1 FROM alpha)'`);
    const steps = `${table("alpha", `n: "integer"`)}
      ${table("delta", `n: "integer"`)}
      step("trouble on gamma", {
        check: "to_regclass('trouble') IS NOT NULL",
        alter: ["ALTER TABLE gamma ADD COLUMN half integer",
          "CREATE TABLE trouble AS SELECT broken() FROM gamma"],
      }),
      ${table("Beta Two", `n: "integer"`)}`;
    const output = await sync(["--apply"], { url, steps });
    assertFailed(
      output,
      /"trouble on gamma"/,
      /Committed: 2 statements, the last for alpha\.n\. Rolled back: 1\. Not done: 2\./,
      /Run it again/,
    );
    assert.deepEqual(await columnsOf(sql, "alpha"), ["id", "n"]);
    assert.deepEqual(await columnsOf(sql, "gamma"), ["id"]);
    assert.deepEqual(await columnsOf(sql, '"Beta Two"'), ["id"]);
    const undo = /^ {2}BEGIN;[^]*COMMIT;$/m.exec(output.stdout)?.[0] ?? "";
    await sql.unsafe(undo).simple();
    assert.deepEqual(await columnsOf(sql, "alpha"), ["id"]);
    const [left] = await sql.unsafe("SELECT to_regclass('delta') AS made");
    assert.equal(left!.made, null);
  }));

Deno.test("renames are one transaction, with what hangs on them", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(older);
    const steps = `renameTable("alpha", "omega"),
      renameColumn("gamma", "id", "key"),
      step("comment on omega", {
        check: "obj_description(to_regclass('omega'), 'pg_class') " +
          "IS NOT DISTINCT FROM 'alpha'",
        alter: "COMMENT ON TABLE omega IS 'alpha'",
      }),
      createTable("delta", { id: "integer" }),`;
    const args = ["--apply", "--allow", "rename"];
    assertOk(await sync(args, { url, steps }), /Expand \(2 transactions\)/);
    const [row] = await sql.unsafe(`SELECT count(DISTINCT xmin::text)::int AS n
      FROM (SELECT xmin FROM pg_class WHERE relname = 'omega'
        UNION ALL SELECT xmin FROM pg_attribute WHERE attname = 'key'
        UNION ALL SELECT xmin FROM pg_description
          WHERE description = 'alpha') AS made`);
    assert.equal(row!.n, 1);
    await assertInSync({ url, steps });
  }));

Deno.test("--single-transaction and --format sql keep to the same groups", () =>
  onServer(14, async (url, sql) => {
    await sql.unsafe(older);
    const script = await sync(["--dry-run", "--format", "sql"], {
      url,
      steps: GROWTH,
    });
    assertOk(script);
    assert.equal(script.stdout.match(/^BEGIN;$/gm)?.length, 2);
    const single = ["--single-transaction"];
    const options = { url, steps: GROWTH };
    const dry = await sync(["--dry-run", ...single], options);
    assertOk(dry, /Runs \d+ statements in one transaction\./);
    const before = await sql.unsafe("SELECT pg_current_xact_id()::text AS x");
    assertOk(await sync(["--apply", ...single], options), /Applied plan/);
    const after = await sql.unsafe("SELECT pg_current_xact_id()::text AS x");
    assert.equal(BigInt(after[0]!.x) - BigInt(before[0]!.x), 2n);
    await assertInSync(options);
  }));

// ─── Waiting ───────────────────────────────────────────────────────────────

/** Whether a session of the script stands in a queue for a lock. */
async function isQueueing(sql: postgres.Sql): Promise<boolean> {
  const rows = await sql.unsafe(`SELECT FROM pg_locks
    JOIN pg_stat_activity USING (pid) WHERE application_name = 'schema sync'
      AND datname = current_database() AND NOT granted`);
  return rows.length > 0;
}

/** What `held` does keeps each of the steps waiting. */
interface Standstill {
  title: string;
  before: string;
  held: string;
  steps: string;
  args?: string[];
  /** The relation that it says is in use. */
  relation: string;
}

const PEOPLE =
  `CREATE TABLE people (id integer PRIMARY KEY, name text, n integer);
  INSERT INTO people VALUES (1, 'Ann', 1);
  CREATE TABLE pets (id integer PRIMARY KEY, person integer);
  INSERT INTO pets VALUES (1, 1);`;
const READER = "SELECT FROM people";
const ROW_LOCK = "SELECT FROM people WHERE id = 1 FOR UPDATE";

const STANDSTILLS: Standstill[] = [
  {
    title: "a column beside a reader",
    before: PEOPLE,
    held: READER,
    steps: `addColumn("people", "age", "integer DEFAULT 1"),`,
    relation: "people",
  },
  {
    title: "a check beside a reader",
    before: PEOPLE,
    held: READER,
    steps: `addCheck("people", "people_n", "n > 0"),`,
    relation: "people",
  },
  {
    title: "a foreign key beside a writer of the referenced table",
    before: PEOPLE,
    held: "UPDATE people SET n = 2 WHERE id = 1",
    steps: `addForeignKey("pets", "pets_person_fkey",
      "(person) REFERENCES people (id)"),`,
    relation: "people",
  },
  {
    title: "a foreign key's drop beside a reader of the referenced table",
    before: `${PEOPLE} ALTER TABLE pets ADD CONSTRAINT pets_person_fkey
      FOREIGN KEY (person) REFERENCES people`,
    held: READER,
    steps: `dropConstraint("pets", "pets_person_fkey"),`,
    args: ["--allow", "drop:pets.pets_person_fkey"],
    relation: "people",
  },
  {
    title: "a rename beside a row lock",
    before: PEOPLE,
    held: ROW_LOCK,
    steps: `renameColumn("people", "n", "count"),`,
    args: ["--allow", "rename"],
    relation: "people",
  },
  {
    title: "a drop beside a row lock",
    before: PEOPLE,
    held: ROW_LOCK,
    steps: `dropColumn("people", "n"),`,
    args: ["--allow", "drop:people.n"],
    relation: "people",
  },
  {
    title: "SET NOT NULL beside a reader, after what it goes without",
    before: `${PEOPLE} ALTER TABLE people ADD CONSTRAINT
      people_n_sync_not_null CHECK (n IS NOT NULL)`,
    held: READER,
    steps: `setNotNull("people", "n"),`,
    relation: "people",
  },
  {
    title: "a trigger of a longhand step that says its lock",
    before: PEOPLE,
    held: "UPDATE people SET n = 2 WHERE id = 1",
    steps: `step("trigger people.same", {
      check: "EXISTS (SELECT FROM pg_trigger WHERE tgname = 'same')",
      alter: "CREATE TRIGGER same BEFORE UPDATE ON people FOR EACH ROW " +
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
      lock: "people: SHARE ROW EXCLUSIVE for an instant",
    }),`,
    relation: "people",
  },
  {
    title: "a column of a partitioned table beside a reader of a partition",
    before: `CREATE TABLE logs (id integer, n integer) PARTITION BY LIST (id);
      CREATE TABLE "Logs 1" PARTITION OF logs FOR VALUES IN (1)`,
    held: `SELECT FROM "Logs 1"`,
    steps: `addColumn("logs", "age", "integer"),`,
    relation: '"Logs 1"',
  },
  {
    title: "a column of a table beside a reader of its child",
    before: `${PEOPLE} CREATE TABLE staff () INHERITS (people)`,
    held: "SELECT FROM ONLY staff",
    steps: `addColumn("people", "age", "integer"),`,
    relation: "staff",
  },
];

for (const [i, trial] of STANDSTILLS.entries()) {
  const major = i % 2 ? 18 : 14;
  Deno.test(`an apply waits without queueing: ${trial.title}, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      const { before, held, steps, args = [], relation } = trial;
      await sql.unsafe(before);
      await during(url, held, async (release, pid) => {
        const run = running(["--apply", ...args], { url, steps });
        await run.says(
          new RegExp(`: ${relation} is in use, waiting for pid ${pid} \\(`),
        );
        for (let look = 0; look < 50; look++) {
          assert.equal(await isQueueing(sql), false, "it stands in no queue");
        }
        await release();
        assertOk(await run.ended, /Applied plan/);
        assert.doesNotMatch(run.printed.stderr, /trying again/);
      });
      await assertInSync({ url, steps });
    }));
}

const AGE = `addColumn("people", "age", "integer"),`;

Deno.test("an apply learns what a longhand step waits for that tells no lock", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(PEOPLE);
    const steps = `step("trigger", {
      check: "EXISTS (SELECT FROM pg_trigger WHERE tgname = 'same')",
      alter: "CREATE TRIGGER same BEFORE UPDATE ON people FOR EACH ROW " +
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    }),`;
    const held = "UPDATE people SET n = 2 WHERE id = 1";
    await during(url, held, async (release, pid) => {
      const run = running(["--apply"], { url, steps });
      await run.says(new RegExp(`people is in use, waiting for pid ${pid} `));
      for (let look = 0; look < 50; look++) {
        assert.equal(await isQueueing(sql), false, "it stands in no queue");
      }
      await release();
      assertOk(await run.ended, /Applied plan/);
    });
    await assertInSync({ url, steps });
  }));

for (const major of [14, 18] as const) {
  Deno.test(`a role that sees nobody's queries waits as well, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      const role = `plain_${major}`;
      await sql.unsafe(`CREATE ROLE ${role} LOGIN; ${PEOPLE}
        ALTER TABLE people OWNER TO ${role};
        GRANT CREATE ON SCHEMA public TO ${role}`);
      const plain = url.replace("//postgres@", `//${role}@`);
      await during(url, READER, async (release, pid) => {
        const options = { url: plain, steps: AGE };
        const run = running(["--apply"], options);
        await run.says(new RegExp(`in use, waiting for pid ${pid} `));
        for (let look = 0; look < 50; look++) {
          assert.equal(await isQueueing(sql), false, "it stands in no queue");
        }
        await release();
        assertOk(await run.ended, /Applied plan/);
        assert.doesNotMatch(run.printed.stderr, /trying again/);
      });
      await sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }));

  Deno.test(`a prepared transaction is named, and waited for, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(PEOPLE);
      const INDEX = `createIndex("people", "people_n_idx", "(n)"),`;
      const gid = `left ${major}`;
      await sql.unsafe(`BEGIN; UPDATE people SET n = 3;
        PREPARE TRANSACTION '${gid}'`);
      try {
        const named = new RegExp(`prepared transaction '${gid}'`);
        const brief = ["--apply", "--max-wait", "200ms"];
        const failed = await sync(brief, { url, steps: AGE });
        assertFailed(failed, named, /Nothing was changed/);
        const build = await sync(brief, { url, steps: INDEX });
        assertFailed(build, named, /public\.people_n_idx is left INVALID/);
        const run = running(["--apply"], { url, steps: AGE + INDEX });
        await run.says(named);
        assert.equal(await isQueueing(sql), false);
        await sql.unsafe(`COMMIT PREPARED '${gid}'`);
        assertOk(await run.ended, /Applied plan/);
      } finally {
        // A database with one cannot be dropped.
        await sql.unsafe(`ROLLBACK PREPARED '${gid}'`).catch(() => {});
      }
      await assertInSync({ url, steps: AGE + INDEX });
    }));

  Deno.test(`an autovacuum gives way to an apply, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(`${PEOPLE}
        INSERT INTO people SELECT g, repeat('x', 500), g
          FROM generate_series(2, 20000) g`);
      await sql.unsafe(`ALTER TABLE people SET (autovacuum_vacuum_threshold = 1,
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_limit = 1,
        autovacuum_vacuum_cost_delay = 100)`);
      await sql.unsafe("DELETE FROM people WHERE n % 2 = 0");
      await until(async () => {
        const rows = await sql.unsafe(`SELECT FROM pg_stat_progress_vacuum
          JOIN pg_stat_activity USING (pid)
          WHERE relid = 'people'::regclass
            AND now() - xact_start > interval '200 ms'`);
        return rows.length > 0;
      }, "the autovacuum is at work");
      const steps = `${AGE} addCheck("people", "people_n", "n > 0"),`;
      assertOk(
        await sync(["--apply", "--max-wait", "30s"], { url, steps }),
        /Applied plan/,
      );
      await assertInSync({ url, steps });
    }));
}

// ─── Indexes ───────────────────────────────────────────────────────────────

const INDEX = `createIndex("people", "people_name_idx", "(name)"),`;
/** A transaction that an index build has to wait for. */
const WRITER = "UPDATE people SET n = n WHERE id = 1";
const BUILD = "CREATE INDEX CONCURRENTLY people_name_idx ON people (name)";

async function isValid(sql: postgres.Sql, index: string) {
  const rows = await sql.unsafe(`SELECT indisvalid FROM pg_index
    WHERE indexrelid = to_regclass('${index}')`);
  return rows[0]?.indisvalid as boolean | undefined;
}

/** The processes that build an index here. */
async function builders(sql: postgres.Sql): Promise<number[]> {
  const rows = await sql.unsafe(`SELECT pid FROM pg_stat_progress_create_index
    WHERE datname = current_database()`);
  return rows.map(({ pid }) => Number(pid));
}

const untilBuilding = (sql: postgres.Sql) =>
  until(async () => (await builders(sql)).length > 0, "the index is built");

for (const major of [14, 18] as const) {
  Deno.test(`--max-wait bounds the wait of an index build, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(PEOPLE);
      const args = ["--apply", "--max-wait", "300ms"];
      await during(url, WRITER, async (_, pid) => {
        const output = await sync(args, { url, steps: INDEX });
        const who = new RegExp(`--max-wait, blocked by pid ${pid} \\(`);
        assertFailed(output, who, /public\.people_name_idx is left INVALID/);
        assert.equal(await isValid(sql, "people_name_idx"), false);
        assert.deepEqual(await builders(sql), []);
      });
      assertOk(await sync(["--apply"], { url, steps: INDEX }), /Applied plan/);
      await assertInSync({ url, steps: INDEX });
    }));

  Deno.test(`--max-wait bounds the wait of an index drop, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(
        `${PEOPLE} CREATE INDEX people_name_idx ON people (name)`,
      );
      const steps = `dropIndex("people_name_idx"),`;
      const allow = ["--apply", "--allow", "drop:people_name_idx"];
      await during(url, READER, async (_, pid) => {
        const args = [...allow, "--max-wait", "300ms"];
        const output = await sync(args, { url, steps });
        assertFailed(output, new RegExp(`blocked by pid ${pid} \\(`));
      });
      assertOk(await sync(allow, { url, steps }), /Applied plan/);
      assert.equal(await isValid(sql, "people_name_idx"), undefined);
    }));

  Deno.test(`a killed run's index build is waited for, on ${major}`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(PEOPLE);
      const steps = INDEX;
      await during(url, WRITER, async (release) => {
        const first = running(["--apply"], { url, steps });
        await untilBuilding(sql);
        first.child.kill("SIGKILL");
        await first.ended;
        const [pid] = await builders(sql);
        const [before] = await sql.unsafe(
          "SELECT 'people_name_idx'::regclass::oid AS oid",
        );
        const dry = await sync(["--dry-run"], { url, steps });
        const told = new RegExp(
          "⚠ people_name_idx +is being built by another session\n" +
            ` +who +pid ${pid} `,
        );
        assertOk(dry, told);
        assert.doesNotMatch(dry.stdout, /DROP INDEX|rebuild index/);
        const impatient = ["--apply", "--max-wait", "200ms"];
        const gaveUp = await sync(impatient, { url, steps });
        assertFailed(gaveUp, new RegExp(`still being built by pid ${pid} `));
        const rerun = running(["--apply"], { url, steps });
        await rerun.says(
          new RegExp(`people_name_idx: waiting for its build by pid ${pid} `),
        );
        assert.deepEqual(await builders(sql), [pid]);
        await release();
        assertOk(await rerun.ended, /In sync/);
        const [after] = await sql.unsafe(
          "SELECT 'people_name_idx'::regclass::oid AS oid",
        );
        assert.equal(after!.oid, before!.oid, "nobody built it again");
      });
      await assertInSync({ url, steps });
    }));
}

Deno.test("an index that another session's build leaves INVALID is rebuilt", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(PEOPLE);
    await during(url, WRITER, async (release) => {
      const person = connect(url);
      const build = person.unsafe(BUILD).catch(() => "cancelled");
      await untilBuilding(sql);
      const rerun = running(["--apply"], { url, steps: INDEX });
      await rerun.says(/people_name_idx: waiting for its build by pid/);
      await sql.unsafe(`SELECT pg_cancel_backend(pid)
        FROM pg_stat_progress_create_index`);
      assert.equal(await build, "cancelled");
      await release();
      assertOk(await rerun.ended, /rebuild index/);
      await person.end();
    });
    await assertInSync({ url, steps: INDEX });
  }));

Deno.test("an index that another session builds in a transaction is waited for", () =>
  onServer(14, async (url, sql) => {
    await sql.unsafe(`${PEOPLE}
      CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_lock_shared(9); RETURN $1; END'`);
    const steps = `createIndex("people", "people_slow_idx", "(slow(name))"),`;
    await sql.unsafe("SELECT pg_advisory_lock(9)");
    const person = connect(url);
    const build = person.unsafe(
      "CREATE INDEX people_slow_idx ON people (slow(name))",
    ).execute();
    await untilBuilding(sql);
    const rerun = running(["--apply"], { url, steps });
    await rerun.says(/people: waiting for its build by pid/);
    await sql.unsafe("SELECT pg_advisory_unlock(9)");
    await build;
    assertOk(await rerun.ended, /In sync/);
    await person.end();
  }));

Deno.test("a deadlock of an index build is tried again, on a clean table", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(PEOPLE);
    const other = connect(url);
    await other.unsafe(`SET deadlock_timeout = '1h'; BEGIN; ${WRITER}`);
    const run = running(["--apply"], { url, steps: INDEX });
    await until(async () => {
      const rows = await sql.unsafe(`SELECT FROM pg_stat_progress_create_index
        WHERE phase LIKE 'waiting for writers%'`);
      return rows.length > 0;
    }, "the build waits for the writer");
    await other.unsafe("LOCK TABLE people IN SHARE UPDATE EXCLUSIVE MODE");
    await run.says(/people_name_idx: deadlock detected, trying again/);
    await other.unsafe("COMMIT");
    assertOk(await run.ended, /Applied plan/);
    await other.end();
    await assertInSync({ url, steps: INDEX });
    const left = await sql.unsafe("SELECT FROM pg_index WHERE NOT indisvalid");
    assert.equal(left.length, 0);
  }));
