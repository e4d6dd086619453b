/**
 * Tables and what belongs with them: constraints in the statement that creates
 * a table, partitions, inheritance, storage.
 *
 * @module
 */
import { strict as assert } from "node:assert";
import { catalog, serversOnDemand, sync } from "./helpers.ts";

const onServer = serversOnDemand();

// ═══ Constraints of a new table ════════════════════════════════════════════

/** Steps, and the constraints that stay statements of their own. */
const FOLDED: Record<string, { steps: string; alone: string[] }> = {
  "every kind goes into CREATE TABLE": {
    steps: `createTable("parents", { a: "int NOT NULL", b: "int NOT NULL" }),
      addPrimaryKey("parents", "parents_pkey", "(a)"),
      addUnique("parents", "parents_b_key", "(b, a) INCLUDE (a) DEFERRABLE"),
      createTable("Kids", { id: "int PRIMARY KEY", a: "int", up: "int" }),
      createIndex("Kids", "kids_a_idx", "(a)"),
      addCheck("Kids", "kids a", "a <> 1 AND up IS DISTINCT FROM 2"),
      addExclusion("Kids", "kids_excl", "USING btree (a WITH =)"),
      addForeignKey("Kids", "kids_a_fkey", "(a) REFERENCES parents (a)"),
      addForeignKey("Kids", "kids_up_fkey", "(up) REFERENCES \\"Kids\\" (id)"),`,
    alone: [],
  },
  "a foreign key whose parent comes later, or a cycle, does not": {
    steps: `createTable("a", { id: "int PRIMARY KEY", b: "int" }),
      addForeignKey("a", "a_b_fkey", "(b) REFERENCES b (id)"),
      createTable("b", { id: "int PRIMARY KEY", a: "int" }),
      addForeignKey("b", "b_a_fkey", "(a) REFERENCES a (id)"),`,
    alone: ["a_b_fkey"],
  },
  "nor one whose key is an index": {
    steps: `createTable("a", { id: "int" }),
      createIndex("a", "a_key", "UNIQUE (id)"),
      createTable("b", { a: "int" }),
      addForeignKey("b", "b_a_fkey", "(a) REFERENCES a (id)"),`,
    alone: ["b_a_fkey"],
  },
  "nor one before rows that it would refuse": {
    steps: `createTable("a", { id: "int PRIMARY KEY" }),
      createTable("b", { a: "int" }),
      addForeignKey("b", "b_a_fkey", "(a) REFERENCES a (id)"),
      insertMissing("b", ["a"], [{ a: 1 }]),
      insertMissing("a", ["id"], [{ id: 1 }]),`,
    alone: ["b_a_fkey"],
  },
  "nor the second of two that are alike, of which PostgreSQL would make one": {
    steps: `createTable("a", { id: "int PRIMARY KEY", b: "int" }),
      addUnique("a", "a_1", "(b)"),
      addUnique("a", "a_2", "(b)"),
      addUnique("a", "a_3", "(id) DEFERRABLE"),`,
    alone: ["a_2", "a_3"],
  },
  "nor a check of what is made between": {
    steps: `createTable("a", { id: "int" }),
      addCheck("a", "a_1", "id > 0"),
      step("function odd", { check: "to_regproc('odd') IS NOT NULL",
        alter: "CREATE FUNCTION odd(int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 % 2 = 1",
        undo: "DROP FUNCTION odd" }),
      addCheck("a", "a_2", "odd(id)"),
      addColumn("a", "b", "int"),
      addUnique("a", "a_b_key", "(b)"),`,
    alone: ["a_2", "a_b_key"],
  },
};

for (const [name, { steps, alone }] of Object.entries(FOLDED)) {
  Deno.test(`constraints of a new table: ${name}`, async () => {
    await onServer(18, async (url, sql) => {
      const printed = await sync(["--dry-run", "--format", "sql"], {
        ...{ url, steps },
      });
      const kept = [...printed.stdout.matchAll(
        /^ALTER TABLE \S+ ADD CONSTRAINT ("[^"]+"|\S+)/gm,
      )].map(([, name]) => name);
      assert.deepEqual(kept, alone, printed.stdout);
      const run = await sync(["--apply", "--format", "json"], { url, steps });
      assert.equal(run.code, 0, run.stderr);
      const { plan, applied } = JSON.parse(run.stdout);
      const folded = plan.changes.filter(
        (change: { within: string | null }) => change.within !== null,
      );
      assert.equal(applied.statements, plan.changes.length - folded.length);
      assert.equal(applied.of, applied.statements);
      const constraints = [...steps.matchAll(/^\s*add(?!Column)\w+/gm)].length;
      assert.equal(folded.length, constraints - alone.length);
      // Undone, and made by statements alone, it is the same.
      const made = await catalog(sql);
      await sql.unsafe(applied.undo).simple();
      for (const { sql: one } of plan.changes) await sql.unsafe(one).simple();
      assert.deepEqual(await catalog(sql), made);
    });
  });
}

Deno.test("a constraint that CREATE TABLE refuses is told with its step", async () => {
  await onServer(14, async (url, sql) => {
    const before = await catalog(sql);
    const refused: Record<string, string> = {
      'addCheck("a", "a_check", "nothing(id)")': 'addCheck "a_check"',
      'addExclusion("a", "a_excl", "USING gist (id WITH =)")':
        'addExclusion "a_excl"',
      'addUnique("a", "a_key", "(data)")': 'addUnique "a_key"',
    };
    for (const [step, told] of Object.entries(refused)) {
      const steps = `createTable("a", { id: "int", data: "point" }),
        addCheck("a", "fine", "id > 0"), ${step},`;
      const { code, stderr } = await sync(["--apply"], { url, steps });
      assert.equal(code, 1);
      assert.ok(
        stderr.includes(`error: ${told} in section "Steps" failed`),
        stderr,
      );
      assert.match(stderr, /Nothing was changed/);
      assert.deepEqual(await catalog(sql), before);
    }
  });
});

// ═══ Partitions, inheritance and storage ═══════════════════════════════════

interface Case {
  /** SQL before. */
  setup: string;
  steps: string;
  /** What `--allow` names. */
  allow?: string[];
  /** What the dry run says. */
  says?: RegExp[];
  /** What it does not say. */
  never?: RegExp;
  /** Nothing is applied: the report says why. */
  refused?: true;
  /** Queries that are true afterwards. */
  after?: string[];
}

const PARENT = `CREATE TABLE "Log" (id bigint NOT NULL, at date NOT NULL,
  kind text DEFAULT 'a' CHECK (kind <> 'z')) PARTITION BY RANGE (at);
  CREATE TABLE log_2025 PARTITION OF "Log"
    FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  INSERT INTO "Log" SELECT n, '2025-02-03' FROM generate_series(1, 100) n;`;
const LOG = `createTable("Log", { id: "bigint NOT NULL", at: "date NOT NULL",
  kind: "text DEFAULT 'a'" }, { partitionBy: "range ( \\"at\\" )" }),`;
const LOG_2025 = `createPartition("log_2025", "Log",
  "for values from (DATE '2025-1-1') to ('2026-01-01'::date)"),`;
const LOG_2026 = `createPartition("log_2026", "Log",
  "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"),`;
const ATTACHED = `SELECT (SELECT inhparent = '"Log"'::regclass FROM pg_inherits
  WHERE inhrelid = 'log_2026'::regclass)`;

const TREE = PARENT + `CREATE TABLE log_2026 PARTITION OF "Log"
    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (kind);
  CREATE TABLE log_2026_a PARTITION OF log_2026 FOR VALUES IN ('a');
  CREATE TABLE log_2026_b PARTITION OF log_2026 DEFAULT;
  INSERT INTO "Log" SELECT n, '2026-02-03', CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END
  FROM generate_series(1, 10) n;`;

/** All indexes of the five tables are valid and hang together. */
function validTree(count: number): string {
  return `SELECT bool_and(indisvalid) AND count(*) = ${count}
      AND count(inhrelid) = ${count} * 4 / 5
    FROM pg_index LEFT JOIN pg_inherits ON inhrelid = indexrelid
    WHERE indrelid::regclass::text ~* '^"?log'
      AND indexrelid::regclass::text <> 'other'`;
}

const CASES: Record<string, Case> = {
  "what stands is in place, in another spelling": {
    setup: PARENT + `CREATE TABLE log_rest PARTITION OF "Log" DEFAULT;
      CREATE TABLE h (id int, t text COLLATE "C") PARTITION BY HASH (id, lower(t));
      CREATE TABLE h_1 PARTITION OF h FOR VALUES WITH (modulus 4, remainder 1);
      CREATE TABLE l (k int, v timestamptz) PARTITION BY LIST ((k % 3));
      CREATE TABLE l_1 PARTITION OF l FOR VALUES IN (1, NULL, 2)
        PARTITION BY RANGE (v, k);
      CREATE TABLE l_1_a PARTITION OF l_1
        FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2026-01-01 00:00+00', 5);`,
    steps: LOG + LOG_2025 + `
      createPartition("log_rest", "Log", "default"),
      createTable("h", { id: "int", t: 'text COLLATE "C"' },
        { partitionBy: "HASH (id, lower(t))" }),
      createPartition("h_1", "h", "FOR VALUES WITH (MODULUS 4, REMAINDER 1)"),
      createTable("l", { k: "int", v: "timestamptz" },
        { partitionBy: "LIST ((k % 3))" }),
      createPartition("l_1", "l", "FOR VALUES IN (2, 1, null)",
        { partitionBy: "RANGE (v, k)" }),
      createPartition("l_1_a", "l_1", "FOR VALUES FROM (minvalue, MINVALUE) " +
        "TO ('2026-01-01 02:00:00+02', 5)"),`,
    says: [/In sync: 8 steps/],
  },
  "all of it is made, level by level": {
    setup: "",
    steps: LOG + LOG_2025 + `createPartition("log_2026", "Log",
        "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        { partitionBy: "LIST (kind)" }),
      createPartition("log_2026_a", "log_2026", "FOR VALUES IN ('a')",
        { with: "fillfactor = 70", unlogged: true }),
      dropDefault("log_2026_a", "kind"),
      createIndex("Log", "log_kind", "(kind)"),
      addPrimaryKey("Log", "log_pkey", "(id, at, kind)"),`,
    after: [
      ATTACHED,
      `SELECT reloptions = '{fillfactor=70}' AND relpersistence = 'u'
        FROM pg_class WHERE oid = 'log_2026_a'::regclass`,
      `SELECT count(*) = 4 FROM pg_constraint WHERE contype = 'p'
        AND conrelid >= 16384`,
    ],
  },
  "a new one locks a parent with rows as little as can be": {
    setup: PARENT,
    steps: LOG + LOG_2026 +
      `createIndex("log_2026", "log_2026_kind", "(kind)"),`,
    says: [
      /CREATE TABLE log_2026 \(LIKE "Log" /,
      /-- locks "Log": SHARE UPDATE EXCLUSIVE for an instant/,
    ],
    never: /ACCESS EXCLUSIVE/,
    after: [ATTACHED],
  },
  "one by itself is attached, its rows proved before": {
    setup: PARENT + `CREATE TABLE log_2026 (LIKE "Log" INCLUDING CONSTRAINTS);
      INSERT INTO log_2026 VALUES (1, '2026-05-05');`,
    steps: LOG + LOG_2026,
    says: [
      /VALIDATE CONSTRAINT log_2026_bounds_sync_partition/,
      /-- locks log_2026: ACCESS EXCLUSIVE, "Log": SHARE UPDATE EXCLUSIVE for an\s/,
    ],
    never: /--allow blocking/,
    after: [
      ATTACHED,
      "SELECT count(*) = 0 FROM pg_constraint WHERE conname ~ 'sync_'",
    ],
  },
  "what an earlier run left goes on": {
    setup: PARENT + `CREATE TABLE log_2026 (LIKE "Log" INCLUDING CONSTRAINTS);
      INSERT INTO log_2026 VALUES (1, '2026-05-05');
      ALTER TABLE log_2026 ADD CONSTRAINT log_2026_bounds_sync_partition
        CHECK (at IS NOT NULL AND at >= '2026-01-01' AND at < '2027-01-01') NOT VALID;`,
    steps: LOG + LOG_2026,
    never: /ADD CONSTRAINT/,
    after: [
      ATTACHED,
      "SELECT count(*) = 0 FROM pg_constraint WHERE conname ~ 'sync_'",
    ],
  },
  "rows outside the bounds are told before": {
    setup: PARENT + `CREATE TABLE log_2026 (LIKE "Log" INCLUDING CONSTRAINTS);
      INSERT INTO log_2026 VALUES (1, '2024-05-05');`,
    steps: LOG + LOG_2026,
    says: [/log_2026 .*would fail: 1 row lies outside its bounds/],
    refused: true,
  },
  "rows of the default partition, too": {
    setup: PARENT + `CREATE TABLE rest PARTITION OF "Log" DEFAULT;
      INSERT INTO "Log" VALUES (1, '2026-05-05'), (2, '2026-05-05');`,
    steps: LOG + LOG_2026,
    says: [/log_2026 .*would fail: 2 rows of rest lie within its bounds/],
    refused: true,
  },
  "a default partition with rows is scanned, which is a hazard": {
    setup: PARENT + `CREATE TABLE rest PARTITION OF "Log" DEFAULT;
      INSERT INTO "Log" VALUES (1, '2030-05-05');`,
    steps: LOG + LOG_2026,
    allow: ["blocking"],
    says: [/locks rest: ACCESS EXCLUSIVE, .* while it scans it/],
    after: [ATTACHED],
  },
  "other bounds are a conflict": {
    setup: PARENT,
    steps: LOG + LOG_2025.replace("2025-1-1", "2025-01-02"),
    says: [
      /log_2025 +has different bounds/,
      /DETACH PARTITION log_2025 CONCURRENTLY/,
    ],
    refused: true,
  },
  "so is another parent, and a second default": {
    setup: PARENT + `CREATE TABLE other (LIKE "Log") PARTITION BY RANGE (at);
      CREATE TABLE log_2026 PARTITION OF other
        FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      CREATE TABLE a PARTITION OF "Log" DEFAULT;`,
    steps: LOG + LOG_2026 + 'createPartition("b", "Log", "DEFAULT"),',
    says: [
      /log_2026 +belongs to another table/,
      /b +cannot be the default of Log: it has a/,
    ],
    refused: true,
  },
  "another key is a conflict, and one that no step says is not": {
    setup: `CREATE TABLE a (id int, at date) PARTITION BY RANGE (at);
      CREATE TABLE b (id int); CREATE TABLE c (id int) PARTITION BY HASH (id);`,
    steps:
      `createTable("a", { id: "int", at: "date" }, { partitionBy: "RANGE (id)" }),
      createTable("b", { id: "int" }, { partitionBy: "LIST (id)" }),
      createTable("c", { id: "int" }),`,
    says: [
      /a +is partitioned differently/,
      /b +is partitioned differently/,
      /PARTITION BY RANGE \(id\)/,
    ],
    never: /c +is partitioned differently/,
    refused: true,
  },
  "a partition of what is not partitioned is told": {
    setup: "CREATE TABLE a (id int);",
    steps: `createPartition("b", "a", "DEFAULT"),`,
    says: [/b +is a partition of a, which is not partitioned/],
    refused: true,
  },
  "partitions that no step names are no news": {
    setup: PARENT,
    steps: LOG,
    says: [/In sync/],
    never: /log_2025/,
  },
  "an index of a partitioned table with rows stops no writer": {
    setup: TREE,
    steps:
      `createIndex("Log", "log_kind", "(kind, lower(kind)) INCLUDE (at)"),`,
    says: [
      /CREATE INDEX log_kind ON ONLY "Log" \(kind/,
      /CREATE INDEX CONCURRENTLY log_2025_kind_lower_at_idx ON public\.log_2025/,
      /CREATE INDEX log_2026_kind_lower_at_idx ON ONLY log_2026 /,
      /ALTER INDEX log_2026_kind_lower_at_idx ATTACH PARTITION\s+log_2026_a_kind_lower_at_idx;/,
    ],
    never: /--allow|builds an index/,
    after: [validTree(5)],
  },
  "an index that is INVALID though its partitions have their parts is told": {
    setup: TREE + `CREATE INDEX log_kind ON "Log" (kind);
      UPDATE pg_index SET indisvalid = false
        WHERE indexrelid = 'log_kind'::regclass;`,
    steps: `createIndex("Log", "log_kind", "(kind)"),`,
    says: [
      /log_kind +is INVALID, although each partition has its index/,
      /DROP INDEX log_kind; the next run builds it again/,
    ],
    refused: true,
  },
  "an index that a partition has already is attached": {
    setup: TREE +
      `CREATE INDEX mine ON log_2025 (kind text_ops DESC) WHERE (id > 3);
      CREATE INDEX other ON log_2026_b (kind) WHERE id > 4;`,
    steps: `createIndex("Log", "log_kind", "(kind DESC) WHERE id > 3"),`,
    says: [/ATTACH PARTITION mine/],
    never: /CONCURRENTLY log_2025/,
    after: [validTree(5)],
  },
  "an index goes on where a run was cut short": {
    setup: TREE + `CREATE UNIQUE INDEX log_key ON ONLY "Log" (id, at, kind);
      CREATE UNIQUE INDEX log_2025_id_at_kind_idx ON log_2025 (id, at, kind);
      ALTER INDEX log_key ATTACH PARTITION log_2025_id_at_kind_idx;
      CREATE UNIQUE INDEX log_2026_id_at_kind_idx ON ONLY log_2026 (id, at, kind);
      CREATE UNIQUE INDEX log_2026_a_id_at_kind_idx ON log_2026_a (id, at, kind);
      UPDATE pg_index SET indisvalid = false
        WHERE indexrelid = 'log_2026_a_id_at_kind_idx'::regclass;`,
    steps: `createIndex("Log", "log_key", "UNIQUE (id, at, kind)"),`,
    says: [
      /DROP INDEX CONCURRENTLY public\.log_2026_a_id_at_kind_idx;/,
      /ATTACH PARTITION log_2026_id_at_kind_idx;/,
    ],
    never: /ONLY|log_2025|--allow/,
    after: [validTree(5)],
  },
  "a primary key and a unique constraint, too": {
    setup: TREE +
      `ALTER TABLE log_2025 ADD CONSTRAINT own UNIQUE (at, kind, id);`,
    steps: `addPrimaryKey("Log", "log_pkey", "(id, at, kind)"),
      addUnique("Log", "log_key", "(at, kind, id)"),
      createTable("notes", { a: "bigint", b: "date", c: "text" }),
      addForeignKey("notes", "notes_fkey",
        "(b, c, a) REFERENCES \\"Log\\" (at, kind, id)"),`,
    says: [
      /ALTER TABLE ONLY "Log" ADD CONSTRAINT log_pkey PRIMARY KEY/,
      /ATTACH PARTITION own/,
    ],
    never: /--allow/,
    after: [
      validTree(10),
      `SELECT count(*) = 10 FROM pg_constraint
      WHERE contype IN ('p', 'u') AND conrelid >= 16384`,
    ],
  },
  "and go on where a run was cut short": {
    setup: TREE + `ALTER TABLE "Log" ALTER kind SET NOT NULL;
      ALTER TABLE ONLY "Log" ADD CONSTRAINT log_pkey PRIMARY KEY (id, at, kind);
      CREATE UNIQUE INDEX log_2025_pkey ON log_2025 (id, at, kind);
      ALTER TABLE log_2026_a ADD CONSTRAINT log_2026_a_pkey
        PRIMARY KEY (id, at, kind);`,
    steps: `addPrimaryKey("Log", "log_pkey", "(id, at, kind)"),`,
    says: [
      /ADD CONSTRAINT log_2025_pkey PRIMARY KEY USING INDEX\s+log_2025_pkey/,
      /ATTACH PARTITION log_2026_a_pkey/,
    ],
    never: /ONLY "Log"|CONCURRENTLY log_2025|CONCURRENTLY log_2026_a/,
    after: [validTree(5)],
  },
  "drops, checks and foreign keys of a partitioned table": {
    setup: TREE + `CREATE TABLE kinds (kind text PRIMARY KEY);
      INSERT INTO kinds VALUES ('a'), ('b'); CREATE INDEX old ON "Log" (kind);`,
    steps: `dropIndex("old"), setNotNull("Log", "kind"),
      addCheck("Log", "log_id", "id > 0"),
      addForeignKey("Log", "log_kind_fkey", "(kind) REFERENCES kinds (kind)"),`,
    allow: ["drop:old", "blocking"],
    after: [
      `SELECT count(*) = 0 FROM pg_class WHERE relname ~ 'old|log_2025_kind'`,
      `SELECT bool_and(convalidated) AND count(*) >= 10 FROM pg_constraint
        WHERE conname ~ '^log_(id|kind_fkey)'`,
    ],
  },
  "a child has its parent's columns, and backfills reach it": {
    setup: `CREATE TABLE beings (id int PRIMARY KEY, name text);
      CREATE TABLE cats (lives int) INHERITS (beings);
      CREATE TABLE dogs (id int NOT NULL, name text, tricks int);
      INSERT INTO cats VALUES (1, NULL, 9);`,
    steps:
      `createTable("beings", { id: "int PRIMARY KEY", name: "text NOT NULL",
        age: "int" }),
      createTable("cats", { lives: "int" }, { inherits: ["beings"] }),
      createTable("dogs", { id: "int NOT NULL", name: "text", age: "int",
        tricks: "int" }),
      createTable("birds", { wings: "int DEFAULT 2" }, { inherits: ["beings"] }),
      addPrimaryKey("birds", "birds_pkey", "(id)"),
      backfill("beings", { set: "name = 'x'", where: "name IS NULL" }),
      addCheck("beings", "beings_age", "age > 0"),`,
    after: [
      `SELECT count(*) = 2 FROM pg_inherits WHERE inhparent = 'beings'::regclass`,
      `SELECT count(*) = 3 FROM pg_constraint WHERE conname = 'beings_age'`,
      `SELECT name = 'x' AND age IS NULL FROM cats`,
    ],
  },
  "one that does not inherit comes to do so, and one that inherits more is told":
    {
      setup: `CREATE TABLE a (id int); CREATE TABLE b (id int, x int);
      CREATE TABLE c (id int) ; CREATE TABLE d () INHERITS (a, c);`,
      steps: `createTable("a", { id: "int" }), createTable("c", { id: "int" }),
      createTable("b", { x: "int" }, { inherits: ["a"] }),`,
      says: [/ALTER TABLE b INHERIT a;/],
      after: [
        `SELECT count(*) = 2 FROM pg_inherits WHERE inhparent = 'a'::regclass`,
      ],
    },
  "a parent too many is a conflict": {
    setup: `CREATE TABLE a (id int); CREATE TABLE b (id int);
      CREATE TABLE c () INHERITS (a, b);`,
    steps: `createTable("a", { id: "int" }), createTable("b", { id: "int" }),
      createTable("c", {}, { inherits: ["a"] }),`,
    says: [/c +inherits from b, too/, /NO INHERIT b/],
    refused: true,
  },
  "storage parameters, UNLOGGED and LOGGED are changed in place": {
    setup: `CREATE TABLE a (id text) WITH (fillfactor = 50, autovacuum_enabled);
      CREATE TABLE b (id int); INSERT INTO b VALUES (1);
      CREATE UNLOGGED TABLE c (id int); INSERT INTO c VALUES (1);`,
    steps: `createTable("a", { id: "text" }, { with: "fillfactor=70, " +
        "toast.autovacuum_enabled = off" }),
      createTable("b", { id: "int" }, { unlogged: true }),
      createTable("c", { id: "int" }, { unlogged: false }),`,
    allow: ["rewrite"],
    says: [/ALTER TABLE b SET UNLOGGED/, /ALTER TABLE c SET LOGGED/],
    after: [
      `SELECT reloptions @> '{fillfactor=70}' FROM pg_class WHERE relname = 'a'`,
      `SELECT string_agg(relpersistence, '' ORDER BY relname) = 'up'
        FROM pg_class WHERE relname IN ('b', 'c')`,
    ],
  },
  "an index of a hypertable is told as blocking, since no other can be built": {
    setup: `CREATE SCHEMA _timescaledb_internal;
      CREATE TABLE metrics (at timestamptz NOT NULL, n int);
      CREATE TABLE _timescaledb_internal.chunk_1 () INHERITS (metrics);
      CREATE FUNCTION _timescaledb_internal.insert_blocker() RETURNS trigger
        LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER ts_insert_blocker BEFORE INSERT ON metrics
        FOR EACH ROW EXECUTE FUNCTION _timescaledb_internal.insert_blocker();
      INSERT INTO metrics SELECT now(), g FROM generate_series(1, 9) g`,
    steps: `createTable("metrics", { at: "timestamptz NOT NULL", n: "int" }),
      createIndex("metrics", "metrics_n", "(n)"),
      addUnique("metrics", "metrics_key", "(at, n)"),`,
    allow: ["blocking"],
    says: [/metrics: SHARE while it builds an index/, /needs --allow blocking/],
    never: /CONCURRENTLY|In no step/,
  },
  "storage parameters of indexes and keys change in place": {
    setup: `CREATE SCHEMA "Far away";
      CREATE TABLE "Far away".p (id bigint PRIMARY KEY, n int, j jsonb);
      CREATE INDEX p_n ON "Far away".p (n)
        WITH (fillfactor = 70, deduplicate_items = off);
      CREATE INDEX p_j ON "Far away".p USING gin (j);
      ALTER TABLE "Far away".p ADD CONSTRAINT "P k" UNIQUE (n)
        WITH (fillfactor = 60)`,
    steps: `createIndex('"Far away".p', "p_n", "(n) WITH (fillfactor=80)"),
      createIndex('"Far away".p', "p_j", "USING gin (j) WITH (fastupdate = off)"),
      addUnique('"Far away".p', "P k", "(n)"),
      addPrimaryKey('"Far away".p', "p_pkey", "(id) WITH (fillfactor = 90)"),`,
    says: [
      /ALTER INDEX "Far away"\.p_n RESET \(deduplicate_items\)/,
      /ALTER INDEX "Far away"\."P k" RESET \(fillfactor\)/,
      /fastupdate = false\);\n.*ACCESS EXCLUSIVE for an instant/,
    ],
  },
};

for (const major of [14, 18] as const) {
  for (const [name, one] of Object.entries(CASES)) {
    Deno.test(`${name}, on ${major}`, async () => {
      await onServer(major, async (url, sql) => {
        await sql.unsafe(one.setup).simple();
        const { steps, refused, says = [], after = [] } = one;
        // What is a hazard of a large table shall be one of these few rows.
        const safe = "--safe-below=0";
        const dry = await sync(["--dry-run", safe], { url, steps });
        for (const said of says) assert.match(dry.stdout, said);
        if (one.never) assert.doesNotMatch(dry.stdout, one.never);
        const allow = (one.allow ?? []).map((hazard) => `--allow=${hazard}`);
        const applied = await sync(["--apply", safe, ...allow], { url, steps });
        assert.equal(applied.code, refused ? 3 : 0, applied.stderr);
        if (refused) return;
        const again = await sync(["--dry-run", "--detailed-exitcode"], {
          ...{ url, steps },
        });
        assert.equal(again.code, 0, again.stdout);
        for (const query of after) {
          const [row] = await sql.unsafe(query);
          assert.equal(Object.values(row ?? {})[0], true, query);
        }
      });
    });
  }
}
