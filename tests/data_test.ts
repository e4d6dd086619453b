/**
 * Rows: columns that are filled, by a default or a backfill, while others
 * write; and reference rows.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import {
  connect,
  type Output,
  pause,
  serversOnDemand,
  startSync,
  sync,
  until,
} from "./helpers.ts";

const onServer = serversOnDemand();

function shown({ stdout, stderr }: Output): string {
  return stdout + stderr;
}

async function applies(url: string, steps: string, ...args: string[]) {
  const output = await sync(["--apply", ...args], { url, steps });
  assert.equal(output.code, 0, shown(output));
  return output;
}

/** The apply fails, and says it. */
async function fails(url: string, steps: string, ...says: RegExp[]) {
  const output = await sync(["--apply"], { url, steps });
  assert.equal(output.code, 1, shown(output));
  for (const phrase of says) assert.match(output.stderr, phrase);
  assert.doesNotMatch(output.stderr, /unexpected/);
  return output;
}

async function isInSync(url: string, steps: string, is = true) {
  const args = ["--dry-run", "--detailed-exitcode"];
  const output = await sync(args, { url, steps });
  assert.equal(output.code, is ? 0 : 2, shown(output));
  return output;
}

/** The one value of a query's one row. */
async function valueOf(sql: postgres.Sql, query: string): Promise<unknown> {
  const [row] = await sql.unsafe(query);
  return Object.values(row ?? {})[0];
}

/** No check that is there for a while only. */
async function noHelpers(sql: postgres.Sql) {
  const left = await sql`SELECT conname FROM pg_constraint
    WHERE conname LIKE '%sync_%'`;
  assert.deepEqual([...left], []);
}

// ─── Fills that stop halfway ───────────────────────────────────────────────

const PAD = "repeat('x', 1000)";
const LONG = "organization_billing_address_verification_token_of_the";

/** 3000 rows, and the column that steps add and fill. */
interface Fill {
  title: string;
  setup: string;
  /** Where the rows are; of the table without. */
  rowsIn?: string;
  table: string;
  columns: string[];
  steps: string;
  /** How many rows are filled before it stops. */
  after?: number;
}

const USERS = `CREATE TABLE users (id int PRIMARY KEY, pad text);
  INSERT INTO users SELECT g, ${PAD} FROM generate_series(1, 3000) g`;

const fills: Fill[] = [
  {
    title: "a column that may be null",
    setup: USERS,
    table: "users",
    columns: ["token"],
    steps: `createTable("users", { id: "int PRIMARY KEY", pad: "text",
      token: "uuid DEFAULT gen_random_uuid()" }),`,
  },
  {
    title: "a column that may not be null",
    setup: USERS,
    table: "users",
    columns: ["seen"],
    steps: `createTable("users", { id: "int PRIMARY KEY", pad: "text",
      seen: "timestamptz NOT NULL DEFAULT clock_timestamp()" }),`,
  },
  {
    title: "the second of two columns",
    setup: USERS,
    table: "users",
    columns: ["a", "b"],
    steps: `addColumn("users", "a", "uuid DEFAULT gen_random_uuid()"),
      addColumn("users", "b", "float8 DEFAULT random()"),`,
    after: 5500,
  },
  {
    title: "two columns whose long names begin alike",
    setup: USERS,
    table: "users",
    columns: [`${LONG}_owner`, `${LONG}_buyer`],
    steps: ["owner", "buyer"].map((who) =>
      `addColumn("users", "${LONG}_${who}", "uuid DEFAULT gen_random_uuid()"),`
    ).join("\n"),
  },
  {
    title: "a name in quotes",
    setup: USERS.replaceAll("users", '"Our ""Users"""'),
    table: 'Our "Users"',
    columns: ["The Token"],
    steps: `createTable('Our "Users"', { id: "int PRIMARY KEY", pad: "text",
      "The Token": "uuid DEFAULT gen_random_uuid()" }),`,
  },
  {
    title: "a partitioned table",
    setup: `CREATE TABLE users (id int, pad text) PARTITION BY RANGE (id);
      CREATE TABLE first PARTITION OF users FOR VALUES FROM (0) TO (500);
      CREATE TABLE rest PARTITION OF users FOR VALUES FROM (500) TO (9000);
      INSERT INTO users SELECT g, ${PAD} FROM generate_series(1, 3000) g`,
    table: "users",
    columns: ["token"],
    steps: `createTable("users", { id: "int", pad: "text",
      token: "uuid DEFAULT gen_random_uuid()" }),`,
  },
  {
    title: "a parent whose rows are in its children",
    setup: `CREATE TABLE users (id int, pad text);
      CREATE TABLE guests () INHERITS (users);
      INSERT INTO guests SELECT g, ${PAD} FROM generate_series(1, 3000) g`,
    rowsIn: "guests",
    table: "users",
    columns: ["token"],
    steps: `createTable("users", { id: "int", pad: "text",
      token: "uuid DEFAULT gen_random_uuid()" }),`,
  },
];

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

Deno.test("a volatile default that was filled halfway is found again", async (t) => {
  for (const [i, fill] of fills.entries()) {
    const { title, setup, table, columns, steps, after = 2500 } = fill;
    await t.step(
      title,
      () =>
        onServer(i % 2 === 0 ? 14 : 18, async (url, sql) => {
          await sql.unsafe(setup).simple();
          await sql.unsafe(`CREATE SEQUENCE calls;
          CREATE FUNCTION stop_once() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN
            IF nextval('public.calls') = ${after} THEN
              RAISE EXCEPTION 'stopped halfway';
            END IF;
            RETURN NEW;
          END $$;
          CREATE TRIGGER stop_once BEFORE UPDATE ON
            ${quoted(fill.rowsIn ?? table)}
            FOR EACH ROW EXECUTE FUNCTION stop_once()`).simple();
          await fails(url, steps, /SQLSTATE P0001/);
          const nulls = columns.map((column) =>
            `SELECT count(*)::int FROM ${quoted(table)}
            WHERE ${quoted(column)} IS NULL`
          );
          const last = nulls.at(-1) ?? "";
          const left = Number(await valueOf(sql, last));
          assert.ok(left > 0, "rows are left");

          const dry = await isInSync(url, steps, false);
          assert.match(dry.stdout, /= DEFAULT\s+WHERE/);
          await applies(url, steps);
          for (const query of nulls) assert.equal(await valueOf(sql, query), 0);
          await noHelpers(sql);
          await isInSync(url, steps);
        }),
    );
  }
});

Deno.test("a NULL that is written after the fill stays", () =>
  onServer(18, async (url, sql) => {
    const [{ steps = "" } = {}] = fills;
    await sql.unsafe(USERS).simple();
    await applies(url, steps);
    await sql`UPDATE users SET token = NULL WHERE id = 1`;
    await isInSync(url, steps);
    await applies(url, steps);
    assert.equal(
      await valueOf(sql, "SELECT count(*)::int FROM users WHERE token IS NULL"),
      1,
    );
  }));

Deno.test("rows that a default leaves NULL keep nothing from ending", () =>
  onServer(14, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE t (id int);
      INSERT INTO t SELECT g FROM generate_series(1, 100) g`).simple();
    const steps = `addColumn("t", "odd",
      "boolean DEFAULT nullif(random() < 0.5, false)"),`;
    await applies(url, steps);
    await isInSync(url, steps);
    await noHelpers(sql);
  }));

Deno.test("a fill that only its end is missing from ends", () =>
  onServer(18, async (url, sql) => {
    const [{ steps = "" } = {}] = fills;
    await sql.unsafe(`${USERS};
      ALTER TABLE users ADD COLUMN token uuid,
        ALTER COLUMN token SET DEFAULT gen_random_uuid(),
        ADD CONSTRAINT users_token_sync_fill
          CHECK (token IS NULL OR true) NOT VALID;
      UPDATE users SET token = DEFAULT`).simple();
    const dry = await isInSync(url, steps, false);
    assert.doesNotMatch(dry.stdout, /UPDATE|not validated/);
    await applies(url, steps);
    await noHelpers(sql);
    // And where the default is gone from the steps, nothing is filled.
    await sql.unsafe(`ALTER TABLE users ADD CONSTRAINT users_token_sync_fill
      CHECK (token IS NULL OR true) NOT VALID;
      ALTER TABLE users ALTER COLUMN token DROP DEFAULT;
      UPDATE users SET token = NULL`).simple();
    await applies(url, steps.replace(" DEFAULT gen_random_uuid()", ""));
    await noHelpers(sql);
    assert.equal(
      await valueOf(sql, "SELECT count(token)::int FROM users"),
      0,
    );
  }));

// ─── Backfills ─────────────────────────────────────────────────────────────

/** The same server, as another one whose rows it shows. */
const LOOPBACK = `CREATE EXTENSION postgres_fdw;
  DO $$ BEGIN EXECUTE format('CREATE SERVER far FOREIGN DATA WRAPPER
    postgres_fdw OPTIONS (host %L, port %L, dbname %L)', '127.0.0.1',
    inet_server_port(), current_database()); END $$;
  CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'postgres');
  CREATE SCHEMA away;`;

/** Rows that a backfill reaches, however they lie. */
const backfills = [
  {
    title: "rows of another server, by a key of two columns",
    setup: `${LOOPBACK}
      CREATE TABLE t (tenant uuid, id int, name text,
        PRIMARY KEY (tenant, id));
      CREATE TABLE away.far_t (tenant uuid, id int, name text);
      CREATE FOREIGN TABLE far_t () INHERITS (t) SERVER far
        OPTIONS (schema_name 'away');
      INSERT INTO t SELECT gen_random_uuid(), g, NULL
        FROM generate_series(1, 300) g;
      INSERT INTO away.far_t SELECT gen_random_uuid(), g, NULL
        FROM generate_series(1, 3000) g`,
    steps: `backfill("t", { set: "name = 'x'", where: "name IS NULL" }),`,
  },
  {
    title: "the rows of children, and of theirs",
    setup: `CREATE TABLE t (id int, name text);
      CREATE TABLE child () INHERITS (t);
      CREATE TABLE grandchild () INHERITS (child);
      INSERT INTO child SELECT g, NULL FROM generate_series(1, 500) g;
      INSERT INTO grandchild SELECT g, NULL FROM generate_series(1, 5000) g`,
    steps: `backfill("t", { set: "name = 'x'", where: "name IS NULL" }),
      setNotNull("t", "name"),`,
  },
  {
    title: "the rows of partitions of partitions",
    setup: `CREATE TABLE t (id int, name text) PARTITION BY RANGE (id);
      CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (9999)
        PARTITION BY LIST (name);
      CREATE TABLE q PARTITION OF p DEFAULT;
      CREATE TABLE named PARTITION OF p FOR VALUES IN ('x');
      INSERT INTO t SELECT g, NULL FROM generate_series(1, 5000) g`,
    steps: `backfill("t", { set: "name = 'x'", where: "name IS NULL" }),
      setNotNull("t", "name"),`,
  },
  {
    title: "a tree, level by level",
    setup: `CREATE TABLE t (id int PRIMARY KEY, parent int, name text);
      INSERT INTO t SELECT g, nullif(g / 2, 0), NULL
        FROM generate_series(1, 500) g`,
    steps: `backfill("t", { where: "name IS NULL",
      set: "name = CASE WHEN parent IS NULL THEN '/' ELSE (SELECT p.name || " +
        "t.id || '/' FROM t p WHERE p.id = t.parent) END" }),
      setNotNull("t", "name"),`,
  },
  {
    title: "a column that a trigger writes, too, and a generated one",
    setup: `CREATE TABLE t (id int PRIMARY KEY, name text,
        loud text GENERATED ALWAYS AS (upper(name)) STORED);
      INSERT INTO t SELECT g, NULL FROM generate_series(1, 500) g;
      CREATE FUNCTION trim_it() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.name := trim(NEW.name); RETURN NEW; END $$;
      CREATE TRIGGER trim_it BEFORE UPDATE ON t
        FOR EACH ROW EXECUTE FUNCTION trim_it()`,
    steps: `backfill("t", { set: "name = ' x '", where: "loud IS NULL" }),
      setNotNull("t", "name"),`,
  },
];

Deno.test("a backfill reaches every row", async (t) => {
  for (const [i, { title, setup, steps }] of backfills.entries()) {
    await t.step(
      title,
      () =>
        onServer(i % 2 === 0 ? 18 : 14, async (url, sql) => {
          await sql.unsafe(setup).simple();
          await applies(url, steps);
          await isInSync(url, steps);
          assert.equal(
            await valueOf(
              sql,
              "SELECT count(*)::int FROM t WHERE name IS NULL",
            ),
            0,
          );
          await noHelpers(sql);
        }),
    );
  }
});

Deno.test("a backfill that a trigger undoes is told from rows that come", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE t (id int, name text);
      INSERT INTO t SELECT g, NULL FROM generate_series(1, 300) g;
      CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.name := NULL; RETURN NEW; END $$;
      CREATE TRIGGER undo BEFORE UPDATE ON t
        FOR EACH ROW WHEN (OLD.id > 290) EXECUTE FUNCTION undo()`).simple();
    const { stderr } = await fails(
      url,
      `backfill("t", { set: "name = 'x'", where: "name IS NULL" }),`,
      /10 rows of t still match "name IS NULL" after it/,
    );
    assert.doesNotMatch(stderr, /keep coming|application/);
  }));

Deno.test("rows of another server without a key are not filled in secret", () =>
  onServer(16, async (url, sql) => {
    await sql.unsafe(`${LOOPBACK}
      CREATE TABLE away.t (id int, name text);
      INSERT INTO away.t VALUES (1, NULL);
      CREATE FOREIGN TABLE t (id int, name text) SERVER far
        OPTIONS (schema_name 'away')`).simple();
    const steps =
      `backfill("t", { set: "name = 'x'", where: "name IS NULL" }),`;
    await fails(url, steps, /stored elsewhere, and it has no primary key/);
    await sql`UPDATE away.t SET name = 'y'`;
    await isInSync(url, steps);
  }));

// ─── Under writers ─────────────────────────────────────────────────────────

/** Runs `use` while a statement is sent so many times a second. */
async function underWriter(
  url: string,
  { text, rate }: { text: string; rate: number },
  use: () => Promise<void>,
) {
  const sql = connect(url, 5);
  const open = new Set<Promise<unknown>>();
  const errors: unknown[] = [];
  const start = Date.now();
  let sent = 0, over = false;
  const write = async () => {
    while (!over) {
      while (sent < (Date.now() - start) * rate / 1000) {
        sent++;
        const written = sql.unsafe(text)
          .catch((error) => errors.push(error))
          .finally(() => open.delete(written));
        open.add(written);
      }
      await pause(2);
    }
  };
  const writing = write();
  try {
    await until(() => sent > 2, "the writer writes");
    await use();
  } finally {
    over = true;
    await writing;
    await Promise.all(open);
    await sql.end({ timeout: 1 });
  }
  assert.deepEqual(errors, [], "no writer failed");
}

const MEMBERS = `CREATE TABLE members (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
  INSERT INTO members (name) SELECT 'n' || g FROM generate_series(1, 5000) g`;
const LABELLED = `addColumn("members", "label", "text"),
  backfill("members", { set: "label = name", where: "label IS NULL" }),
  setNotNull("members", "label"),`;
const UNAWARE = "INSERT INTO members (name) VALUES ('new')";
const IS_NOT_NULL = `SELECT attnotnull FROM pg_attribute
  WHERE attrelid = 'members'::regclass AND attname = 'label'`;

const welcome = [
  {
    title: "writers that know the column",
    setup: `${MEMBERS}; ALTER TABLE members ADD COLUMN label text`,
    steps: LABELLED,
    text: "INSERT INTO members (name, label) VALUES ('new', 'label')",
  },
  {
    title: "a default that each row has of its own",
    setup: MEMBERS,
    steps: `addColumn("members", "label",
      "text NOT NULL DEFAULT gen_random_uuid()::text"),`,
    text: UNAWARE,
  },
  {
    title: "a default that a backfill corrects",
    setup: `${MEMBERS};
      ALTER TABLE members ADD COLUMN label text;
      ALTER TABLE members ALTER COLUMN label SET DEFAULT 'none'`,
    steps: `addColumn("members", "label", "text DEFAULT 'none'"),
      backfill("members", { set: "label = name", where: "label IS NULL" }),
      setNotNull("members", "label"),`,
    text: UNAWARE,
  },
];

Deno.test("NOT NULL comes under writers that leave no row without a value", async (t) => {
  for (const { title, setup, steps, text } of welcome) {
    await t.step(title, () =>
      onServer(18, async (url, sql) => {
        await sql.unsafe(setup).simple();
        await underWriter(url, { text, rate: 300 }, async () => {
          await applies(url, steps);
        });
        assert.equal(await valueOf(sql, IS_NOT_NULL), true);
        await noHelpers(sql);
      }));
  }
});

const unaware = [
  { title: "many rows", rate: 300, setup: MEMBERS, steps: LABELLED },
  { title: "few rows", rate: 10, setup: MEMBERS, steps: LABELLED },
  {
    title: "rows of a partitioned table",
    rate: 300,
    setup: `CREATE TABLE members (id serial, name text)
        PARTITION BY RANGE (id);
      CREATE TABLE first PARTITION OF members FOR VALUES FROM (0) TO (500);
      CREATE TABLE rest PARTITION OF members DEFAULT;
      INSERT INTO members (name)
        SELECT 'n' || g FROM generate_series(1, 5000) g`,
    steps: `createTable("members", { id: "serial", name: "text",
        label: "text NOT NULL" }),
      backfill("members", { set: "label = name", where: "label IS NULL" }),`,
  },
];

Deno.test("NOT NULL stands back where rows keep coming without a value", async (t) => {
  for (const { title, rate, setup, steps } of unaware) {
    await t.step(title, () =>
      onServer(14, async (url, sql) => {
        await sql.unsafe(setup).simple();
        await underWriter(url, { text: UNAWARE, rate }, async () => {
          const { stderr } = await fails(
            url,
            steps,
            /keep coming: .*\d rows since (it was|the backfill) filled/,
            /Deploy the application that writes a value first, or/,
          );
          assert.doesNotMatch(stderr, /still match|backfill sets/);
        });
        assert.equal(await valueOf(sql, IS_NOT_NULL), false);
        await noHelpers(sql);
        // Once nobody writes such rows, it goes on.
        await applies(url, steps);
        assert.equal(await valueOf(sql, IS_NOT_NULL), true);
      }));
  }
});

Deno.test("a NOT NULL that a late row fails leaves no check behind", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`${MEMBERS};
      ALTER TABLE members ADD COLUMN label text; UPDATE members SET label = ''`)
      .simple();
    const writer = connect(url);
    await writer.unsafe(`BEGIN; ${UNAWARE}`);
    const steps = `setNotNull("members", "label"),`;
    const child = startSync(["--apply"], { url, steps });
    let printed = "";
    const read = child.stderr.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write: (text) => void (printed += text) }));
    try {
      await until(() => /waiting for pid/.test(printed), "it waits");
    } finally {
      await writer.unsafe("COMMIT");
      await child.stdout.cancel();
      await read;
    }
    assert.equal((await child.status).code, 1, printed);
    assert.match(printed, /setNotNull "members\.label"/);
    assert.match(printed, /1 row of members has no value in label/);
    await noHelpers(sql);
    await writer.unsafe(UNAWARE);
    await writer.end();
  }));

// ─── Reference rows ────────────────────────────────────────────────────────

/** Rows that an apply inserts once, and what is in the database then. */
interface Inserted {
  title: string;
  setup?: string;
  steps: string;
  /** Queries, each with its one value as text. */
  is: Record<string, string>;
  major?: 14 | 18;
}

const LIMIT = "9007199254740993";

const inserted: Inserted[] = [
  {
    title: "NULL in a key, alone and beside others",
    steps: `createTable("words", { code: "text", lang: "text", n: "int" }),
      insertMissing("words", ["code", "lang"], [
        { code: "hi", lang: null, n: 1 }, { code: "hi", lang: "de", n: 2 },
        { code: null, lang: null, n: 3 }]),
      createTable("one", { code: "text" }),
      insertMissing("one", ["code"], [{ code: null }]),`,
    is: {
      "SELECT string_agg(n::text, ' ' ORDER BY n) FROM words": "1 2 3",
      "SELECT count(*) FROM one": "1",
    },
  },
  {
    title: "a row of another shape, which gets the defaults",
    steps: `createTable("kinds", { code: "text PRIMARY KEY",
        colour: "text DEFAULT 'grey'", parent: "text" }),
      addForeignKey("kinds", "kinds_parent_fkey",
        "(parent) REFERENCES kinds (code)"),
      insertMissing("kinds", ["code"], [
        { code: "a", colour: "red", parent: "c" }, { code: "b" },
        { code: "c", colour: undefined }, { code: "d", colour: null }]),`,
    is: {
      "SELECT string_agg(concat(code, colour), ' ' ORDER BY code) FROM kinds":
        "ared bgrey cgrey d",
    },
    major: 14,
  },
  {
    title: "BigInt in a value, a key and JSON",
    steps: `createTable("limits", { n: "bigint PRIMARY KEY", top: "numeric",
        more: "jsonb" }),
      insertMissing("limits", ["n"], [
        { n: ${LIMIT}n, top: ${LIMIT}${LIMIT}n, more: { n: [${LIMIT}n] } },
        { n: ${LIMIT}n + 1n }]),`,
    is: {
      "SELECT string_agg(n::text, ' ' ORDER BY n) FROM limits": `${LIMIT} ${
        LIMIT.replace(/3$/, "4")
      }`,
      "SELECT top FROM limits ORDER BY n LIMIT 1": LIMIT + LIMIT,
      "SELECT more ->> 'n' FROM limits ORDER BY n LIMIT 1": `[${LIMIT}]`,
    },
  },
  {
    title: "dates, bytes, arrays, documents, and numbers that are none",
    steps: `createTable("all_sorts", { id: "int PRIMARY KEY", at: "timestamptz",
        "on": "date", bytes: "bytea", tags: "text[]", grid: "int[]",
        doc: "jsonb", more: "json", n: "float8[]", big: "float8",
        "not one": "numeric" }),
      insertMissing("all_sorts", ["id", "at", "bytes"], [{ id: 1,
        at: new Date(86400000), "on": new Date(86400000),
        bytes: new Uint8Array([0, 255, 92]), tags: ["a,b", 'c"', null],
        grid: [[1, 2], [3, 4]], doc: { a: [1, { b: null }], "it's": "\\\\" },
        more: [true, "x"], n: [NaN, -Infinity], big: Infinity,
        "not one": NaN }]),`,
    is: {
      "SELECT (at = '1970-01-02Z' AND \"on\" = '1970-01-02')::text FROM all_sorts":
        "true",
      "SELECT encode(bytes, 'hex') FROM all_sorts": "00ff5c",
      "SELECT (tags = ARRAY['a,b', 'c\"', NULL])::text FROM all_sorts": "true",
      "SELECT grid::text FROM all_sorts": "{{1,2},{3,4}}",
      "SELECT doc::text FROM all_sorts":
        `{"a": [1, {"b": null}], "it's": "\\\\"}`,
      "SELECT more ->> 1 FROM all_sorts": "x",
      'SELECT concat(n, big, "not one") FROM all_sorts':
        "{NaN,-Infinity}InfinityNaN",
    },
  },
  {
    title: "keys that PostgreSQL finds equal: citext, a domain, char, an enum",
    setup: `CREATE EXTENSION citext; CREATE DOMAIN code AS varchar(9);
      CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE "My Words" (
        word citext, "The Code" code, c char(4), mood mood, n int);
      INSERT INTO "My Words" VALUES ('HELLO', 'x', 'a', 'sad', 1)`,
    steps: `insertMissing("My Words", ["word", "The Code", "c", "mood"], [
      { word: "hello", "The Code": "x", c: "a", mood: "sad", n: 2 },
      { word: "hello", "The Code": "y", c: "a", mood: "sad", n: 3 }]),`,
    is: {
      "SELECT string_agg(n::text, ' ' ORDER BY n) FROM \"My Words\"": "1 3",
    },
    major: 14,
  },
  {
    title: "ids of new identity and serial columns",
    steps: ["int GENERATED BY DEFAULT AS IDENTITY", "serial"]
      .concat(
        "bigint GENERATED ALWAYS AS IDENTITY",
        "int GENERATED ALWAYS AS IDENTITY (START WITH 1000)",
      )
      .map((type, i) =>
        `createTable("Roles ${i}", { "The Id": "${type}", name: "text" }),
         insertMissing("Roles ${i}", ["The Id"], [
           { "The Id": 1, name: "a" }, { "The Id": 12, name: "b" }]),`
      ).join("\n"),
    is: Object.fromEntries(
      [13, 13, 13, 1000].map((next, i) => [
        `INSERT INTO "Roles ${i}" (name) VALUES ('c') RETURNING "The Id"`,
        `${next}`,
      ]),
    ),
  },
  {
    title: "ids whose sequence is another one, ahead, or behind",
    setup: `CREATE SEQUENCE "The Other";
      CREATE TABLE a (id serial, n int);
      ALTER TABLE a ALTER id SET DEFAULT nextval('"The Other"');
      CREATE TABLE b (id serial, n int); SELECT setval('b_id_seq', 500);
      CREATE TABLE c (id serial, n int); INSERT INTO c VALUES (7, 0);
      CREATE TABLE d (id int GENERATED ALWAYS AS IDENTITY, n int);
      ALTER TABLE d ALTER id RESTART WITH 900;
      CREATE TABLE e (id int GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 99))`,
    steps:
      ["a", "b", "c", "d"].map((table) =>
        `insertMissing("${table}", ["id"], [{ id: 7, n: 0 }]),`
      ).join("\n") + `insertMissing("e", ["id"], [{ id: 99 }]),`,
    is: {
      "INSERT INTO a (n) VALUES (1) RETURNING id": "8",
      "SELECT (last_value, is_called)::text FROM a_id_seq": "(1,f)",
      "INSERT INTO b (n) VALUES (1) RETURNING id": "501",
      "INSERT INTO c (n) VALUES (1) RETURNING id": "8",
      "INSERT INTO d (n) VALUES (1) RETURNING id": "900",
      "INSERT INTO e DEFAULT VALUES RETURNING id": "1",
    },
    major: 14,
  },
  {
    title: "an id in a table that gets its counter from the same plan",
    setup: `CREATE TABLE t (name text); INSERT INTO t VALUES ('x'), ('y')`,
    steps: `createTable("t", { name: "text", id: "serial" }),
      insertMissing("t", ["id"], [{ id: 30, name: "z" }]),`,
    is: { "INSERT INTO t (name) VALUES ('c') RETURNING id": "31" },
  },
];

Deno.test("insertMissing() inserts rows once, as they are said", async (t) => {
  for (const { title, setup = "", steps, is, major = 18 } of inserted) {
    await t.step(title, () =>
      onServer(major, async (url, sql) => {
        await sql.unsafe(setup).simple();
        await applies(url, steps, "--allow", "rewrite");
        await isInSync(url, steps);
        for (const [query, value] of Object.entries(is)) {
          assert.equal(`${await valueOf(sql, query)}`, value, query);
        }
      }));
  }
});

Deno.test("the undo of an insert takes what it inserted", () =>
  onServer(18, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE t (n bigint, lang text);
      INSERT INTO t VALUES (${LIMIT}, NULL), (1, 'x')`).simple();
    const { stdout } = await applies(
      url,
      `insertMissing("t", ["n", "lang"], [{ n: ${LIMIT}n, lang: null },
        { n: ${LIMIT}n + 1n, lang: null }, { n: ${LIMIT}n, lang: "y" }]),`,
    );
    assert.equal(await valueOf(sql, "SELECT count(*)::int FROM t"), 4);
    const [, undo = ""] = /^To undo it.*\n([^]*)/m.exec(stdout) ?? [];
    await sql.unsafe(undo).simple();
    const rows = await sql`SELECT n::text, lang FROM t ORDER BY n`;
    assert.deepEqual(rows.map((row) => ({ ...row })), [
      { n: "1", lang: "x" },
      { n: LIMIT, lang: null },
    ]);
  }));

/** Values that no row can hold, and what is said of them. */
const refused: [row: string, says: RegExp][] = [
  ["{ id: 1, v: new Map() }", /row 1, column "v": a Map cannot be a value/],
  ["{ id: 1, v: [new Set()] }", /row 1, column "v": a Set cannot be a value/],
  ["{ id: 1, v: () => 1 }", /column "v": a function cannot be a value/],
  ["{ id: 1, v: Symbol() }", /column "v": a symbol cannot be a value/],
  ["{ id: 1, v: new Date(NaN) }", /column "v": the date is invalid/],
  ["{ id: 1, v: { a: NaN } }", /column "v": JSON has no NaN/],
  ["{ id: 1, v: { a: new Uint8Array() } }", /column "v": JSON has no bytes/],
  ["{ id: 1, v: 'a\\0b' }", /column "v": PostgreSQL's text cannot hold NUL/],
  ["{ id: 1, v: '\\ud800' }", /column "v": .* half of a surrogate pair/],
  ["{ id: 1, v: 9007199254740992 }", /column "v": .* write a BigInt/],
  ["{ id: 1 }, { id: 1, v: 2 }", /row 2 has the key of row 1/],
  ["{ id: null }, { id: null }", /row 2 has the key of row 1/],
  ["{ id: undefined }", /a row lacks its key \(id\)/],
];

Deno.test("insertMissing() refuses what no row can hold, by its name", async () => {
  const steps = refused.map(([rows], i) =>
    `insertMissing("t${i}", ["id"], [${rows}]),`
  );
  const { code, stderr } = await sync(["--dry-run"], {
    url: "postgres://nobody@127.0.0.1:1/none",
    steps: steps.join("\n"),
  });
  assert.equal(code, 1);
  const lines = stderr.split("\n");
  for (const [i, [row, says]] of refused.entries()) {
    const line = lines.find((line) => line.includes(`"t${i}"`)) ?? "";
    assert.match(line, says, row);
  }
});

const JOBS = `CREATE TYPE state AS ENUM ('open', 'done');
  CREATE TABLE jobs (id int PRIMARY KEY, state state NOT NULL DEFAULT 'open',
    past state[]);
  INSERT INTO jobs VALUES (1), (2)`;

/** Checks over labels that the same plan adds: what a dry run says of them. */
const labels: [check: string, row: string, says: RegExp | null][] = [
  ["state <> 'lost'", "{ id: 3, state: 'held' }", null],
  ["state IN ('open', 'held')", "{ id: 3, state: 'held' }", null],
  ["state = 'lost'::state OR state::text <> ''", "{ id: 3 }", null],
  ["past IS NULL OR id > 2", "{ id: 3, past: ['held'] }", null],
  ["state <> 'held'", "{ id: 3, state: 'held' }", /would fail: 1 row fails it/],
  ["state > 'lost'", "{ id: 3, state: 'held' }", /was not checked/],
];

Deno.test("a probe sees rows that bear a label of the same plan", async (t) => {
  for (const [check, row, says] of labels) {
    await t.step(check, () =>
      onServer(18, async (url, sql) => {
        await sql.unsafe(JOBS).simple();
        const steps = `createEnum("state", ["open", "held", "done", "lost"]),
          createTable("jobs", { id: "int PRIMARY KEY",
            state: "state NOT NULL DEFAULT 'held'", past: "state[]" }),
          addCheck("jobs", "jobs_check", ${JSON.stringify(check)}),
          insertMissing("jobs", ["id"], [${row}]),`;
        const dry = await sync(["--dry-run"], { url, steps });
        assert.equal(dry.code, 0, shown(dry));
        if (says) return assert.match(dry.stdout, says);
        assert.doesNotMatch(dry.stdout, /⚠/);
        await applies(url, steps);
      }));
  }
});
