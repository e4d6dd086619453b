/**
 * Statements do what the plan says of them, as a server finds: what they lock,
 * whether they rewrite, and how much they read.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Sql } from "postgres";
import { type Major, MAJORS, serversOnDemand, sync } from "./helpers.ts";

const onServer = serversOnDemand();

/** Functions, operators and casts behind which a volatile call may hide. */
const FUNCTIONS = `
  CREATE SCHEMA clock;
  CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT clock_timestamp()';
  CREATE FUNCTION _code() RETURNS text LANGUAGE sql AS 'SELECT md5(random()::text)';
  CREATE FUNCTION "Code"() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION steady() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION fixed() RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION inlined() RETURNS text LANGUAGE sql VOLATILE AS 'SELECT now()::text';
  CREATE FUNCTION at(t timestamptz DEFAULT clock_timestamp()) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN t; END';
  CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
  CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = plus);
  CREATE TYPE pair AS (a int);
  CREATE FUNCTION pair(int) RETURNS pair LANGUAGE plpgsql AS 'BEGIN RETURN ROW(1); END';
  CREATE CAST (int AS pair) WITH FUNCTION pair(int) AS ASSIGNMENT;
  CREATE SEQUENCE counter`;

/** Defaults, each with its type and whether every row gets its own value. */
const DEFAULTS: [type: string, value: string, own: boolean][] = [
  ["int", "5", false],
  ["text", "'now()'", false],
  ["text", "NULL", false],
  ["jsonb", "'{}'", false],
  ["text", `lower('A' COLLATE "C")`, false],
  ["timestamptz", "now()", false],
  ["timestamptz", "NOW( )", false],
  ["timestamptz", "CURRENT_TIMESTAMP", false],
  ["timestamptz", "'now'", false],
  ["timestamptz", "now() + interval '1 day'", false],
  ["int", "to_char(now(), 'YYYY')::int", false],
  ["text", "now()", false],
  ["date", "CURRENT_DATE", false],
  ["text", "current_user", false],
  ["bigint", "txid_current()", false],
  ["text", "steady()", false],
  ["text", "public.fixed()", false],
  ["pair", "ROW(1)", false],
  ["timestamptz", "clock_timestamp()", true],
  ["timestamptz", "clock.now()", true],
  ["text", "clock . now()", true],
  ["text", "timeofday()", true],
  ["float8", "random()", true],
  ["int", "1 + (random() * 5)::int", true],
  ["uuid", "gen_random_uuid()", true],
  ["bigint", "nextval('counter')", true],
  ["text", "_code()", true],
  ["text", `"Code"()`, true],
  ["text", `upper(lower("public"._code ( )))`, true],
  ["text[]", "ARRAY[_code()]", true],
  ["timestamptz", "at()", true],
  ["timestamptz", "at(now())", false],
  ["int", "1 ### 2", true],
  ["pair", "1", true],
];

/** Volatile as they are written, but not as a new server plans them. */
const FOLDED: [type: string, value: string][] = [
  ["text", "inlined()"],
  ["text", "CASE WHEN true THEN 'a' ELSE _code() END"],
  ["text", "coalesce('a', _code())"],
];

for (const major of MAJORS) {
  Deno.test(`defaults of ${major}: those that differ by row are filled, without a rewrite`, () =>
    onServer(major, async (url, sql) => {
      await sql.unsafe(`${FUNCTIONS}; CREATE TABLE old (id int);
        INSERT INTO old SELECT generate_series(1, 10)`).simple();
      const all = [
        ...DEFAULTS,
        ...FOLDED.map((row) => [...row, true] as typeof DEFAULTS[number]),
      ];
      const steps = all.map(([type, value], i) =>
        `addColumn("old", "c${i}", ${
          JSON.stringify(`${type} DEFAULT ${value}`)
        }),`
      ).join("\n");
      const args = ["--dry-run", "--format", "json"];
      const { stdout } = await sync(args, { url, steps });
      const { plan: { changes } } = JSON.parse(stdout);
      const filled = all.map((_, i) =>
        changes.some(({ sql }: { sql: string }) =>
          sql.startsWith(`UPDATE old SET c${i} = `)
        )
      );
      const said = all.map(([type, value], i) => [type, value, filled[i]]);
      assert.deepEqual(said, all);
      // And the server's own word, of the default as it is written.
      for (const [type, value, own] of DEFAULTS) {
        const before = await fileOf(sql);
        await sql.unsafe(
          `ALTER TABLE old ADD COLUMN c ${type} DEFAULT ${value}`,
        );
        assert.equal(await fileOf(sql) !== before, own, `DEFAULT ${value}`);
        await sql.unsafe("ALTER TABLE old DROP COLUMN c");
      }
    }));
}

async function fileOf(sql: Sql): Promise<unknown> {
  const [row] = await sql`SELECT pg_relation_filenode('old') AS file`;
  return row?.file;
}

/** A statement as the plan has it. */
interface Told {
  object: string;
  sql: string;
  lock: string | null;
  tables: { name: string; lock: string; only: boolean }[];
  work: string | null;
  hazard: string | null;
  transaction: boolean;
}

const DOMAINS = `
  CREATE SCHEMA shared;
  CREATE DOMAIN shared.email AS text CHECK (VALUE LIKE '%@%');
  CREATE DOMAIN "Email" AS text CHECK (VALUE LIKE '%@%');
  CREATE DOMAIN free AS text;
  CREATE DOMAIN over_it AS "Email";
  CREATE DOMAIN needed AS int DEFAULT 1 NOT NULL;
  CREATE DOMAIN five AS int DEFAULT 5;
  CREATE DOMAIN lucky AS float8 DEFAULT random();
  CREATE TABLE shared.far (id int PRIMARY KEY)`;

/**
 * Setup and steps, each for tables of its own: $t has the columns id and a, and
 * rows, as $p has that it may reference.
 */
const ROWS: [steps: string, setup?: string, from?: Major][] = [
  // Columns.
  [`addColumn("$t", "c", "int"),`],
  [`addColumn("$t", "c", "int NOT NULL DEFAULT 5"),`],
  [`addColumn("$t", "c", "timestamptz NOT NULL DEFAULT now()"),`],
  [`addColumn("$t", "c", "float8 NOT NULL DEFAULT random()"),`],
  [`addColumn("$t", "c", "serial"),`],
  [`addColumn("$t", "c", "int GENERATED ALWAYS AS IDENTITY"),`],
  [`addColumn("$t", "c", "int GENERATED ALWAYS AS (id * 2) STORED"),`],
  [`addColumn("$t", "c", "int GENERATED ALWAYS AS (id * 2) VIRTUAL"),`, "", 18],
  [`addColumn("$t", "c", "text COLLATE \\"C\\""),`],
  [`addColumn("$t", "c", "shared.email"),`],
  [`addColumn("$t", "c", "shared.email DEFAULT 'a@b'"),`],
  [`addColumn("$t", "c", "\\"Email\\""),`],
  [`addColumn("$t", "c", "OVER_IT"),`],
  [`addColumn("$t", "c", "needed"),`],
  [`addColumn("$t", "c", "five"),`],
  [`addColumn("$t", "c", "lucky"),`],
  [`addColumn("$t", "c", "lucky DEFAULT 6"),`],
  [`addColumn("$t", "c", "Free DEFAULT 'x'"),`],
  [`addColumn("$t", "c", "shared.email[]"),`],
  [`createEnum("mood_$t", ["a", "b"]),
    addColumn("$t", "c", "mood_$t NOT NULL DEFAULT 'a'"),`],
  [`setDefault("$t", "a", "'x'"),`],
  [`dropDefault("$t", "a"),`, "ALTER TABLE $t ALTER a SET DEFAULT 'x'"],
  [`setNotNull("$t", "a"),`],
  [`dropNotNull("$t", "a"),`, "ALTER TABLE $t ALTER a SET NOT NULL"],
  [`addColumn("$t", "c", "text NOT NULL"),
    backfill("$t", { set: "c = a", where: "c IS NULL" }),`],
  [`renameColumn("$t", "a", "c"),`],
  [`renameTable("$t", "new_$t"),`],
  [`dropColumn("$t", "a"),`],
  [`dropColumn("$t", "p"),`, "ALTER TABLE $t ADD p int REFERENCES $p"],
  [`dropColumn("$t", "p"),`, "ALTER TABLE $t ADD p int REFERENCES shared.far"],
  [`dropColumn("$t", "p"),`, "ALTER TABLE $t ADD p int REFERENCES $t"],
  // Types.
  ...[
    ["varchar(20)"],
    ["text"],
    ["varchar(5)"],
    ["varchar(20)", "CREATE INDEX ON $t (a)"],
    ["varchar(20)", "CREATE INDEX ON $t (lower(a))"],
    ["varchar(20)", "CREATE INDEX ON $t (a, lower(a || '!'))"],
    ["text", "CREATE INDEX ON $t (id) WHERE a <> 'x'"],
    ["text", "CREATE UNIQUE INDEX ON $t (a varchar_pattern_ops)"],
    ["text", "CREATE INDEX ON $t (lower(id::text))"],
    ["text", "ALTER TABLE $t ADD UNIQUE (a)"],
    ["text", "ALTER TABLE $t ADD EXCLUDE (a WITH =)"],
    ["text", "ALTER TABLE $t ADD EXCLUDE (a WITH =) WHERE (id > 1)"],
    ["varchar(20)", "ALTER TABLE $t ADD CHECK (a <> 'x')"],
    ["varchar(20)", "ALTER TABLE $t ADD CHECK (a <> 'x' AND id > 0)"],
    ["varchar(20)", "ALTER TABLE $t ADD CHECK (a <> 'x') NOT VALID"],
    ["varchar(20)", "ALTER TABLE $t ADD CHECK (id > 0)"],
    ["varchar(20)", "ALTER TABLE $t ALTER a SET NOT NULL"],
    ["varchar(20)", "CREATE STATISTICS s_$t ON id, a FROM $t"],
    ["varchar(20)", "CREATE STATISTICS s_$t ON lower(a), id FROM $t"],
    ["varchar(20)", "ALTER TABLE $t ALTER a SET DEFAULT 'x'"],
    [
      "text",
      `ALTER TABLE $t ADD UNIQUE (a);
      ALTER TABLE $p ADD b varchar(10) REFERENCES $t (a)`,
    ],
    [
      "text",
      `ALTER TABLE $p ADD b varchar(10) UNIQUE;
      ALTER TABLE $t ADD FOREIGN KEY (a) REFERENCES $p (b) NOT VALID`,
    ],
    [
      "text",
      `ALTER TABLE $t ADD UNIQUE (id, a);
      ALTER TABLE $p ADD b varchar(10), ADD FOREIGN KEY (id, b)
        REFERENCES $t (id, a)`,
    ],
    ["free"],
    ["shared.email", "UPDATE $t SET a = 'a@b'"],
  ].map(([type, setup]): [string, string] => [
    `changeType("$t", "a", ${JSON.stringify(type)}),`,
    `ALTER TABLE $t ALTER a TYPE varchar(10); ${setup ?? ""}`,
  ]),
  ...[
    ["bigint", "int"],
    ["numeric(9,2)", "numeric(7,2)"],
    ["numeric", "numeric(7,2)"],
    ["numeric(9,3)", "numeric(7,2)"],
    ["timestamp", "timestamp(3)"],
    ["timestamptz(6)", "timestamptz(3)"],
    ["interval", "interval(3)"],
    ["varbit(9)", "varbit(3)"],
    ["inet", "cidr"],
    ["oid", "int"],
    ["text", `"Email"`],
    ["text", "xml"],
    ["text[]", "varchar(9)[]"],
    ["jsonb", "json"],
  ].map(([to, from]): [string, string] => [
    `changeType("$t", "c", "${to}"),`,
    `ALTER TABLE $t ADD c ${from}; CREATE INDEX ON $t (id) WHERE id > 3`,
  ]),
  [`changeType("$t", "c", "oid"),`, "ALTER TABLE $t ADD c int UNIQUE"],
  [
    `changeType("$t", "id", "bigint"),`,
    "ALTER TABLE $p ADD FOREIGN KEY (id) REFERENCES $t",
  ],
  [`changeType("$t", "a", "int", "length(a)"),`],
  // Constraints and indexes.
  [`addCheck("$t", "$t_check", "a <> ' REFERENCES $p '"),`],
  [
    `addCheck("$t", "$t_check", "id > 0"),`,
    "ALTER TABLE $t ADD CONSTRAINT $t_check CHECK (id > 0) NOT VALID",
  ],
  [`addForeignKey("$t", "$t_fk", "(id) REFERENCES $p(id)"),`],
  [`addForeignKey("$t", "$t_fk", "(id) REFERENCES $t (id)"),`],
  [
    `addForeignKey("$t", "$t_fk", "(f) REFERENCES shared.far (id)"),`,
    "ALTER TABLE $t ADD f int",
  ],
  [
    `addForeignKey("$t", "$t_fk", "(id) REFERENCES $p (id)"),`,
    "ALTER TABLE $t ADD CONSTRAINT $t_fk FOREIGN KEY (id) REFERENCES $p NOT VALID",
  ],
  [`addUnique("$t", "$t_key", "(a)"),`],
  [
    `addPrimaryKey("$t", "$t_pk", "(b)"),`,
    "ALTER TABLE $t DROP CONSTRAINT $t_pkey; ALTER TABLE $t ADD b int; UPDATE $t SET b = id",
  ],
  [`addExclusion("$t", "$t_ex", "(a WITH =)"),`],
  [
    `addForeignKey("$t", "$t_fk", "(id) REFERENCES $p (id) NOT ENFORCED"),`,
    "",
    18,
  ],
  [`createIndex("$t", "$t_idx", "(a)"),`],
  [`createIndex("$t", "$t_idx", "UNIQUE (lower(a)) WHERE id > 3"),`],
  [`dropIndex("$t_idx"),`, "CREATE INDEX $t_idx ON $t (a)"],
  [
    `dropConstraint("$t", "$t_c"),`,
    "ALTER TABLE $t ADD CONSTRAINT $t_c CHECK (id > 0)",
  ],
  [
    `dropConstraint("$t", "$t_c"),`,
    "ALTER TABLE $t ADD CONSTRAINT $t_c UNIQUE (a)",
  ],
  [`dropConstraint("$t", "$t_pkey"),`],
  [
    `dropConstraint("$t", "$t_c"),`,
    "ALTER TABLE $t ADD CONSTRAINT $t_c FOREIGN KEY (id) REFERENCES $p",
  ],
  [
    `dropConstraint("$t", "$t_c"),`,
    "ALTER TABLE $t ADD CONSTRAINT $t_c FOREIGN KEY (id) REFERENCES $t",
  ],
  // Tables and rows.
  [`createTable("new_$t", { id: "int PRIMARY KEY", t: "int" }),
    addForeignKey("new_$t", "new_$t_fk", "(t) REFERENCES $t (id)"),
    createIndex("new_$t", "new_$t_idx", "(t)"),
    insertMissing("new_$t", ["id"], [{ id: 1, t: 1 }]),`],
  [`dropTable("$t"),`],
  [`dropTable("$t"),`, "ALTER TABLE $t ADD FOREIGN KEY (id) REFERENCES $p"],
  [
    `dropTable("$t"),`,
    "ALTER TABLE $t ADD FOREIGN KEY (id) REFERENCES $t; ALTER TABLE $t ADD f int REFERENCES shared.far",
  ],
  [`insertMissing("$t", ["id"], [{ id: 1000, a: "x" }]),`],
  [`backfill("$t", { set: "a = 'y'", where: "a IS DISTINCT FROM 'y'" }),`],
  [`createEnum("e_$t", ["a", "b"]),`, "CREATE TYPE e_$t AS ENUM ('a')"],
  [`dropEnum("e_$t"),`, "CREATE TYPE e_$t AS ENUM ('a')"],
  [`step("trigger $t", {
      check: "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = '$t'::regclass)",
      alter: "CREATE TRIGGER tg BEFORE UPDATE ON $t FOR EACH ROW " +
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
      lock: "$t: SHARE ROW EXCLUSIVE for an instant",
    }),`],
  // Partitioned tables.
  ...[
    `addColumn("$t_p", "c", "int"),`,
    `addColumn("$t_p", "c", "shared.email"),`,
    `addCheck("$t_p", "$t_c", "id > 0"),`,
    `addForeignKey("$t_p", "$t_fk", "(id) REFERENCES $p (id)"),`,
    `addForeignKey("$t", "$t_fk", "(id) REFERENCES $t_p (id)"),`,
    `createIndex("$t_p", "$t_idx", "(a)"),`,
    `setNotNull("$t_p", "a"),`,
    `changeType("$t_p", "a", "varchar(20)"),`,
    `dropConstraint("$t_p", "old_fk_$t"),`,
    `dropColumn("$t_p", "a"),`,
    `dropTable("$t_p"),`,
    `dropTable("$t_1"),`,
    `createPartition("$t_3", "$t_p", "FOR VALUES FROM (1000) TO (1010)"),`,
  ].map((steps): [string, string] => [
    steps,
    `CREATE TABLE $t_p (id int PRIMARY KEY, a varchar(10),
      CONSTRAINT old_fk_$t FOREIGN KEY (id) REFERENCES $p ON DELETE CASCADE)
      PARTITION BY RANGE (id);
    CREATE TABLE $t_1 PARTITION OF $t_p FOR VALUES FROM (0) TO (10);
    CREATE TABLE $t_2 PARTITION OF $t_p DEFAULT;
    CREATE INDEX ON $t_1 (lower(a));
    INSERT INTO $t_p SELECT id, a FROM $t`,
  ]),
];

/** The standing tables by what the plan calls them, and their parents. */
const STANDING = `CREATE SCHEMA look; CREATE TABLE look.tables AS
  SELECT c.oid, CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END ||
    relname AS name, inhparent AS parent
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  LEFT JOIN pg_inherits ON inhrelid = c.oid
  WHERE relkind IN ('r', 'p') AND nspname IN ('public', 'shared')`;

/** Their files, their locks and what was read of them, in this transaction. */
const LOOK = `SELECT
  (SELECT json_object_agg(name, pg_relation_filenode(oid)) FROM look.tables)
    AS files,
  (SELECT json_agg(relfilenode) FROM pg_index JOIN look.tables t
    ON t.oid = indrelid JOIN pg_class i ON i.oid = indexrelid) AS indexes,
  (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int
    FROM pg_stat_xact_user_tables JOIN look.tables ON relid = oid) AS read,
  (SELECT json_agg(json_build_array(name, mode))
    FROM pg_locks JOIN look.tables ON oid = relation
    WHERE pid = pg_backend_pid() AND locktype = 'relation') AS locks`;

interface Look {
  files: Record<string, number | null>;
  indexes: number[];
  read: number | null;
  locks: [name: string, mode: string][] | null;
}

/** From the weakest, as pg_locks calls them. */
const MODES = [
  "AccessShareLock",
  "RowShareLock",
  "RowExclusiveLock",
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
];

/** The strongest lock on each table, above what any query takes. */
function strongest(locks: [name: string, mode: string][]) {
  const found: Record<string, string> = {};
  for (const [name, mode] of locks) {
    const [rank, before] = [mode, found[name] ?? ""].map((mode) =>
      MODES.indexOf(mode)
    ) as [number, number];
    if (rank > 2 && rank > before) found[name] = mode;
  }
  return found;
}

/** What the plan says that a statement locks, partitions included. */
function toldLocks({ tables }: Told, parents: [string, string | null][]) {
  const below = (name: string): string[] => [
    name,
    ...parents.filter(([, parent]) => parent === name)
      .flatMap(([child]) => below(child)),
  ];
  return strongest(tables.flatMap(({ name, lock, only }) => {
    const mode = `${lock.toLowerCase()} lock`
      .replace(/(?:^| )(.)/g, (_, letter) => letter.toUpperCase());
    const locked = only ? [name] : below(name);
    return locked.map((name): [string, string] => [name, mode]);
  }));
}

/** What a statement worked on, as the server shows. */
function worked(before: Look, after: Look): string | null {
  const rewritten = Object.entries(after.files).some(([name, file]) =>
    file !== null && file !== before.files[name]
  );
  if (rewritten) return "rewrite";
  if (after.indexes.some((file) => !before.indexes.includes(file))) {
    return "build";
  }
  return (after.read ?? 0) > (before.read ?? 0) ? "scan" : null;
}

/** Runs a statement: what the plan says of it, and what is so. */
async function run(sql: Sql, told: Told, parents: [string, string | null][]) {
  const look = async () => (await sql.unsafe<Look[]>(LOOK))[0]!;
  if (told.transaction) await sql.unsafe("BEGIN");
  const before = await look();
  await sql.unsafe(told.sql);
  const after = await look();
  if (told.transaction) await sql.unsafe("COMMIT");
  const work = told.work === "build online" ? "build" : told.work;
  const said = { locks: toldLocks(told, parents), work };
  // Nobody is stopped by rows that are read, nor by new tables.
  const quiet = /^(INSERT|UPDATE)/.test(told.sql) || told.tables.length === 0;
  const found = {
    // Once it has ended, one that runs alone holds none.
    locks: told.transaction ? strongest(after.locks ?? []) : said.locks,
    work: quiet ? work : worked(before, after),
  };
  return { found, said };
}

for (const major of MAJORS) {
  for (const mode of [[], ["--single-transaction"]]) {
    Deno.test(`statements of ${major} lock and work as told ${mode}`, () =>
      onServer(major, async (url, sql) => {
        const rows = ROWS.filter(([, , from = 14]) => major >= from);
        const named = (text: string, i: number) =>
          text.replaceAll("$t", `t${i}`).replaceAll("$p", `p${i}`);
        const setup = rows.map(([, more = ""], i) =>
          named(
            `CREATE TABLE $t (id int PRIMARY KEY, a text);
            INSERT INTO $t SELECT i, i FROM generate_series(1, 50) i;
            CREATE TABLE $p (id int PRIMARY KEY);
            INSERT INTO $p SELECT generate_series(1, 50); ${more}`,
            i,
          )
        );
        const steps = rows.map(([steps], i) => named(steps, i)).join("\n");
        await sql.unsafe([DOMAINS, ...setup, STANDING].join(";\n")).simple();
        const parents = (await sql`SELECT t.name, p.name AS parent
          FROM look.tables t LEFT JOIN look.tables p ON p.oid = t.parent`)
          .map(({ name, parent }): [string, string | null] => [name, parent]);
        const args = ["--dry-run", "--format", "json", ...mode]
          .concat("--safe-below=0");
        const { stdout, stderr } = await sync(args, { url, steps });
        const { plan } = JSON.parse(stdout);
        const issues = plan.issues.filter(({ reason }: { reason: string }) =>
          reason !== "situation"
        );
        assert.deepEqual(issues, [], stderr);
        const wrong: unknown[] = [];
        for (const told of plan.changes as Told[]) {
          const result = await run(sql, told, parents);
          if (!isDeepStrictEqual(result.found, result.said)) {
            wrong.push([told.sql, result]);
          }
          const { hazard, lock, work } = told;
          const stalls = mode.length === 0 &&
            /ACCESS EXCLUSIVE/.test(lock ?? "") &&
            work !== null;
          if (stalls) assert.match(hazard ?? "", /rewrite|blocking/, told.sql);
        }
        assert.deepEqual(wrong, []);
        assert.match(
          (await sync(["--dry-run"], { url, steps })).stdout,
          /In sync/,
        );
      }));
  }
}

/** What PostgreSQL does not change along with a column's type. */
const IN_THE_WAY: [what: string, setup: string, from?: Major][] = [
  ["view v", "CREATE VIEW v AS SELECT a FROM t"],
  ["view v", "CREATE VIEW v AS SELECT id FROM t WHERE a <> 'x'"],
  ['view "My V"', 'CREATE VIEW "My V" AS SELECT * FROM t'],
  ["materialized view m", "CREATE MATERIALIZED VIEW m AS SELECT a FROM t"],
  [
    "generated column low",
    "ALTER TABLE t ADD low text GENERATED ALWAYS AS (lower(a)) STORED",
  ],
  ["policy mine on table t", "CREATE POLICY mine ON t USING (a = 'x')"],
  [
    "trigger tg on table t",
    `CREATE TRIGGER tg BEFORE UPDATE OF a ON t FOR EACH ROW
      EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  ],
  [
    "trigger tg on table t",
    `CREATE TRIGGER tg BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.a <> NEW.a)
      EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  ],
  [
    "function f()",
    "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT a FROM t; END",
  ],
  [
    "publication of table t in publication pub",
    "CREATE PUBLICATION pub FOR TABLE t WHERE (a <> 'x')",
    15,
  ],
];

const newest: Major = 18, oldest: Major = 14;
const ends: Major[] = [oldest, newest];

for (const major of ends) {
  Deno.test(`changeType() on ${major} names what is in its way, before anything is written`, async (t) => {
    for (const [what, setup, from = oldest] of IN_THE_WAY) {
      if (major < from) continue;
      await t.step(setup, () =>
        onServer(major, async (url, sql) => {
          await sql.unsafe(`CREATE TABLE t (id int PRIMARY KEY, a varchar(9));
            INSERT INTO t VALUES (1, 'x'); ${setup}`).simple();
          const steps = `addColumn("t", "note", "text"),
            changeType("t", "a", "varchar(20)"),`;
          const { code, stdout } = await sync(["--apply"], { url, steps });
          // What can be made again is restored, where that is allowed.
          const restored = /^(view|materialized|policy|trigger|generated)/
            .test(what);
          const says = restored
            ? `restores  ${what.replace("generated ", "")}`
            : `its type: ${what} depends on it`;
          assert.ok(stdout.includes(says), stdout);
          assert.equal(code, 3);
          const [row] = await sql`SELECT count(*)::int AS n FROM pg_attribute
            WHERE attrelid = 't'::regclass AND attname = 'note'`;
          assert.equal(row?.n, 0);
          if (!restored) return;
          const allowed = ["--apply", "--allow", "replace:t.a"]
            .concat(what.startsWith("generated") ? ["--allow", "rewrite"] : []);
          const made = await sync(allowed, { url, steps });
          assert.equal(made.code, 0, made.stdout + made.stderr);
          const [still] = await sql`SELECT EXISTS (
            SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
            WHERE refobjid = 't'::regclass AND refobjsubid = 2
              AND (${what} IN (pg_describe_object(classid, objid, 0), (
                SELECT pg_describe_object('pg_class'::regclass, ev_class, 0)
                FROM pg_rewrite r WHERE r.oid = objid))
              OR pg_describe_object(classid, objid, objsubid)
                LIKE '%column low of table t')) AS there`;
          assert.equal(still?.there, true);
        }));
    }
  });
}

Deno.test("changeType() goes on where a step before removes what is in its way", () =>
  onServer(newest, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE t (id int PRIMARY KEY, a varchar(9));
      CREATE VIEW v AS SELECT a FROM t`).simple();
    const steps = `step("view v is gone", {
        check: "to_regclass('v') IS NULL", alter: "DROP VIEW v",
      }),
      changeType("t", "a", "varchar(20)"),`;
    const { code, stderr } = await sync(["--apply"], { url, steps });
    assert.equal(code, 0, stderr);
  }));

Deno.test("a type change tells what it rebuilds and scans", () =>
  onServer(newest, async (url, sql) => {
    await sql.unsafe(`CREATE TABLE t (id int, a varchar(9));
      INSERT INTO t VALUES (1, 'x');
      CREATE INDEX t_lower ON t (lower(a)); CREATE INDEX t_plain ON t (a);
      ALTER TABLE t ADD CONSTRAINT t_check CHECK (a <> '')`).simple();
    const steps = `changeType("t", "a", "varchar(20)"),`;
    const args = ["--apply", "--safe-below", "0"];
    const { code, stdout } = await sync(args, { url, steps });
    assert.equal(code, 3);
    assert.match(
      stdout,
      /locks t: ACCESS EXCLUSIVE while it rebuilds t_lower and scans t for\s+(-- )?t_check/,
    );
    assert.match(stdout, /needs --allow blocking/);
  }));

Deno.test("a drop names the referenced tables in its lock", () =>
  onServer(newest, async (url, sql) => {
    await sql.unsafe(`CREATE SCHEMA other;
      CREATE TABLE other.users (id int PRIMARY KEY);
      CREATE TABLE "Teams" (id int PRIMARY KEY);
      CREATE TABLE a (u int, CONSTRAINT a_fk FOREIGN KEY (u) REFERENCES other.users);
      CREATE TABLE b (u int REFERENCES other.users, t int REFERENCES "Teams");
      CREATE TABLE c (u int REFERENCES other.users, t int REFERENCES "Teams")`)
      .simple();
    const steps = `dropConstraint("a", "a_fk"), dropColumn("b", "t"),
      dropTable("c"),`;
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.match(stdout, /locks a, other\.users: ACCESS EXCLUSIVE/);
    assert.match(stdout, /locks b, "Teams": ACCESS EXCLUSIVE/);
    assert.match(stdout, /locks c, "Teams", other\.users: ACCESS EXCLUSIVE/);
  }));

/** Times in quotes, which are read but once, and strings that are none. */
const FROZEN: [type: string, value: string, frozen: boolean][] = [
  ["timestamptz", "'now'", true],
  ["date", "'today'", true],
  ["date", "DATE ' Tomorrow ' + 1", true],
  ["timestamp", "'now'::timestamp", true],
  ["timestamptz[]", "'{now}'", true],
  ["text", "'now'", false],
  ["timestamptz", "now()", false],
  ["timestamptz", "'epoch'", false],
  ["timestamptz", "'now'::text::timestamptz", false],
];

Deno.test("a default that PostgreSQL would read but once is refused", () =>
  onServer(newest, async (url, sql) => {
    await sql.unsafe("CREATE TABLE old (id int PRIMARY KEY)");
    for (const table of ["old", "new"]) {
      const columns = FROZEN.map(([type, value], i) =>
        `c${i}: ${JSON.stringify(`${type} DEFAULT ${value}`)}`
      );
      const steps = `createTable("${table}", { id: "int PRIMARY KEY",
        ${columns.join(", ")} }),`;
      const { stdout } = await sync(["--dry-run"], { url, steps });
      const told = FROZEN.map(([type, value], i) => [
        type,
        value,
        new RegExp(`⚠ ${table}\\.c${i} +has DEFAULT`).test(stdout),
      ]);
      assert.deepEqual(told, FROZEN);
    }
  }));
