/**
 * Every kind of object that is no table: made where it is missing, the same in
 * another spelling, changed where it differs, and dropped.
 *
 * @module
 */
import { strict as assert } from "node:assert";
import { serversOnDemand, sync } from "./helpers.ts";

const onServer = serversOnDemand();

interface Kind {
  /** What must stand before it. */
  setup?: string;
  /** The step, and the same object as a person may have made it. */
  step: string;
  sql: string;
  /** Steps for which the object must change, each from the first one. */
  changed?: string[];
  allow?: string[];
  /** Changes that only a person can make. */
  conflicts?: string[];
  /** Changes that cannot be undone by the first step alone. */
  oneWay?: RegExp;
  drop?: string;
}

const TABLE = `CREATE TABLE orders (id int PRIMARY KEY, total numeric(10,2)
  NOT NULL DEFAULT 0, state text, at timestamptz NOT NULL DEFAULT now());
  INSERT INTO orders VALUES (1, 10, 'new'), (2, 20, 'paid');`;

const FUNCTION = `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql
  AS $$BEGIN RETURN NEW; END$$;`;

const KINDS: Record<string, Kind> = {
  schema: {
    step: 'createSchema("Audit log")',
    sql: 'CREATE SCHEMA "Audit log"',
    drop: 'dropSchema("Audit log")',
  },
  domain: {
    step:
      `createDomain("email", "text NOT NULL DEFAULT 'a@b' CHECK (VALUE LIKE '%@%')")`,
    sql: `CREATE DOMAIN email AS text DEFAULT ('a@b') NOT NULL
      CONSTRAINT email_check CHECK (VALUE ~~ '%@%'::text)`,
    changed: [
      `createDomain("email", "text DEFAULT 'c@d' CHECK (VALUE LIKE '%@%')")`,
      `createDomain("email", "text NOT NULL DEFAULT 'a@b' CHECK (VALUE LIKE '%@%') CONSTRAINT longer CHECK (length(VALUE) > 3)")`,
      `createDomain("email", "text NOT NULL DEFAULT 'a@b' CHECK (VALUE LIKE '%@@%')")`,
    ],
    conflicts: [
      `createDomain("email", "varchar(20) NOT NULL DEFAULT 'a@b' CHECK (VALUE LIKE '%@%')")`,
    ],
    drop: 'dropDomain("email")',
  },
  composite: {
    step: `createComposite("address", { street: "text", zip: "varchar(10)" })`,
    sql: "CREATE TYPE address AS (street text, zip character varying(10))",
    changed: [
      `createComposite("address", { street: "text", zip: "varchar(10)", city: "text" })`,
    ],
    conflicts: [`createComposite("address", { street: "text", zip: "int" })`],
    // Its values would be lost.
    oneWay: /city/,
    drop: 'dropComposite("address")',
  },
  range: {
    step: `createRange("hours", "subtype = time")`,
    sql: "CREATE TYPE hours AS RANGE (SUBTYPE = time without time zone)",
    conflicts: [`createRange("hours", "subtype = timetz")`],
    drop: 'dropRange("hours")',
  },
  sequence: {
    setup: TABLE,
    step: `createSequence("numbers", "START 1000 OWNED BY orders.id")`,
    sql: `CREATE SEQUENCE numbers AS bigint INCREMENT BY 1 START WITH 1000
      NO CYCLE; ALTER SEQUENCE numbers OWNED BY public.orders.id`,
    changed: [
      `createSequence("numbers", "START 1000")`,
      `createSequence("numbers", "START 1000 CYCLE CACHE 10 OWNED BY orders.id")`,
      `createSequence("numbers", "AS integer START 1000 INCREMENT 5 OWNED BY orders.id")`,
    ],
    drop: 'dropSequence("numbers")',
  },
  view: {
    setup: TABLE,
    step:
      `createView("paid", "SELECT id, total FROM orders WHERE state = 'paid' ORDER BY id LIMIT 10")`,
    sql: `CREATE VIEW paid AS SELECT o.id, o.total FROM public.orders AS o
      WHERE (o.state = 'paid'::text) ORDER BY 1 LIMIT 10`,
    changed: [
      `createView("paid", "SELECT id, total FROM orders WHERE state = 'paid' ORDER BY id LIMIT 11")`,
      `createView("paid", "SELECT id, total, at FROM orders WHERE state = 'paid' ORDER BY id LIMIT 10")`,
      `createView("paid", "SELECT id, total FROM orders WHERE state = 'paid' ORDER BY id LIMIT 10", "security_barrier")`,
      `createView("paid", "SELECT id FROM orders")`,
      `createView("paid", "SELECT id, total::int FROM orders")`,
    ],
    allow: ["replace:paid"],
    drop: 'dropView("paid")',
  },
  "view of a table alone": {
    setup: TABLE,
    step: `createView("all_orders", "SELECT id, total FROM orders")`,
    sql: "CREATE VIEW all_orders AS SELECT orders.id, orders.total FROM orders",
    changed: [
      `createView("all_orders", "SELECT id, total FROM orders WHERE total > 1")`,
      `createView("all_orders", "SELECT * FROM orders")`,
    ],
    allow: ["replace:all_orders"],
    drop: 'dropView("all_orders")',
  },
  "materialized view": {
    setup: TABLE,
    step:
      `createMaterializedView("totals", "SELECT state, sum(total) AS total FROM orders GROUP BY state"), createIndex("totals", "totals_key", "UNIQUE (state)")`,
    sql: `CREATE MATERIALIZED VIEW totals AS SELECT orders.state,
      sum(orders.total) total FROM orders GROUP BY orders.state;
      CREATE UNIQUE INDEX totals_key ON totals (state)`,
    changed: [
      `createMaterializedView("totals", "SELECT state, sum(total) AS total FROM orders GROUP BY 1 HAVING true AND sum(total) > 1"), createIndex("totals", "totals_key", "UNIQUE (state)")`,
    ],
    allow: ["replace:totals"],
  },
  function: {
    step:
      `createFunction("tax(amount numeric, rate numeric DEFAULT 0.2)", "RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT amount * rate $$")`,
    sql: `CREATE FUNCTION public.tax(IN amount numeric, rate decimal = 0.2)
      RETURNS numeric IMMUTABLE STRICT LANGUAGE 'sql' COST 100
      AS ' SELECT amount * rate '`,
    changed: [
      `createFunction("tax(amount numeric, rate numeric DEFAULT 0.2)", "RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT amount * rate + 1 $$")`,
      `createFunction("tax(amount numeric, rate numeric DEFAULT 0.2)", "RETURNS numeric LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT amount * rate $$")`,
      `createFunction("tax(amount numeric, rate numeric DEFAULT 0.2)", "RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT (amount * rate)::text $$")`,
    ],
    allow: ["replace:tax"],
    drop: 'dropFunction("tax(numeric, numeric)")',
  },
  "function of own types": {
    step: [
      `createEnum("mood", ["good", "bad"])`,
      `createFunction("worse(m mood, VARIADIC others mood[])", "RETURNS mood LANGUAGE sql AS $$ SELECT m $$")`,
      `createProcedure("feel(INOUT m mood)", "LANGUAGE plpgsql AS $$BEGIN END$$")`,
      `grant("EXECUTE", "function worse(mood, mood[])", "pg_monitor")`,
      `comment("function worse(mood, mood[])", "the first")`,
    ].join(", "),
    sql: `CREATE TYPE mood AS ENUM ('good', 'bad');
      CREATE FUNCTION worse(m mood, VARIADIC others mood[]) RETURNS mood
        LANGUAGE sql AS ' SELECT m ';
      CREATE PROCEDURE feel(INOUT m public.mood) LANGUAGE plpgsql
        AS 'BEGIN END';
      GRANT EXECUTE ON FUNCTION worse TO pg_monitor;
      COMMENT ON FUNCTION worse IS 'the first'`,
    drop: `dropFunction("worse(mood, mood[])")`,
  },
  "function of a table": {
    step:
      `createFunction("pairs(n int)", "RETURNS TABLE (a int, b text) LANGUAGE plpgsql AS $$BEGIN RETURN QUERY SELECT n, 'x'; END$$")`,
    sql: `CREATE FUNCTION pairs(n integer) RETURNS TABLE (a integer, b text)
      LANGUAGE plpgsql ROWS 1000 AS 'BEGIN RETURN QUERY SELECT n, ''x''; END'`,
    changed: [
      `createFunction("pairs(n int)", "RETURNS TABLE (a int, b text) LANGUAGE plpgsql ROWS 10 AS $$BEGIN RETURN QUERY SELECT n, 'x'; END$$")`,
    ],
    drop: 'dropFunction("pairs(int)")',
  },
  procedure: {
    setup: TABLE,
    step:
      `createProcedure("clear(INOUT n int DEFAULT 1)", "LANGUAGE plpgsql AS $$BEGIN n := 2; END$$")`,
    sql: `CREATE PROCEDURE clear(INOUT n integer = 1) LANGUAGE plpgsql
      AS $x$BEGIN n := 2; END$x$`,
    changed: [
      `createProcedure("clear(INOUT n int DEFAULT 1)", "LANGUAGE plpgsql AS $$BEGIN n := 3; END$$")`,
    ],
    drop: 'dropProcedure("clear(int)")',
  },
  aggregate: {
    step:
      `createAggregate("total(int)", "SFUNC = int4pl, STYPE = int, INITCOND = '0', PARALLEL = SAFE")`,
    sql: `CREATE AGGREGATE total(integer) (stype = integer, initcond = 0,
      sfunc = pg_catalog.int4pl, parallel = safe)`,
    changed: [
      `createAggregate("total(int)", "SFUNC = int4pl, STYPE = int, INITCOND = '1', PARALLEL = SAFE")`,
      `createAggregate("total(int)", "SFUNC = int4mul, STYPE = int, INITCOND = '0', PARALLEL = SAFE")`,
    ],
    allow: ["replace:total"],
    drop: 'dropAggregate("total(int)")',
  },
  collation: {
    step:
      `createCollation("ci", "provider = icu, locale = 'und-u-ks-level2', deterministic = false")`,
    sql:
      `CREATE COLLATION ci (DETERMINISTIC = false, PROVIDER = 'icu', LOCALE = 'und-u-ks-level2')`,
    conflicts: [
      `createCollation("ci", "provider = icu, locale = 'und-u-ks-level1', deterministic = false")`,
    ],
    drop: 'dropCollation("ci")',
  },
  trigger: {
    setup: TABLE + FUNCTION,
    step:
      `createTrigger("orders", "touch", "BEFORE INSERT OR UPDATE OF state, total FOR EACH ROW WHEN (NEW.total > 0 AND NEW.state <> 'x') EXECUTE FUNCTION touch('a\\\\b', '2')")`,
    sql: `CREATE TRIGGER touch BEFORE UPDATE OF total, state OR INSERT ON orders
      FOR EACH ROW WHEN (((new.total > 0::numeric) AND new.state <> 'x'))
      EXECUTE PROCEDURE public.touch('a\\b', 2)`,
    changed: [
      `createTrigger("orders", "touch", "AFTER INSERT FOR EACH ROW EXECUTE FUNCTION touch()")`,
      `createTrigger("orders", "touch", "BEFORE INSERT OR UPDATE OF state, total FOR EACH ROW WHEN (NEW.total > 1 AND NEW.state <> 'x') EXECUTE FUNCTION touch('a\\\\b', '2')")`,
      `createTrigger("orders", "touch", "BEFORE INSERT OR UPDATE OF state, total FOR EACH ROW WHEN (NEW.total > 0 AND NEW.state <> 'x') EXECUTE FUNCTION touch('a\\\\b', '2')", "disabled")`,
    ],
    drop: 'dropTrigger("orders", "touch")',
  },
  "constraint trigger": {
    setup: TABLE + FUNCTION,
    step:
      `createTrigger("orders", "late", "CONSTRAINT AFTER UPDATE DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch()")`,
    sql: `CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON orders DEFERRABLE
      INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch()`,
  },
  rule: {
    setup: TABLE + "CREATE TABLE log (id int, what text, n int DEFAULT 1);",
    step:
      `createRule("orders", "logged", "ON UPDATE WHERE NEW.total <> OLD.total DO ALSO (INSERT INTO log (id, what) VALUES (OLD.id, NEW.state || 'x'); UPDATE log SET n = n + 1, what = NEW.state WHERE log.id = NEW.id)")`,
    sql:
      `CREATE RULE logged AS ON UPDATE TO orders WHERE (new.total != old.total)
      DO (INSERT INTO public.log VALUES (old.id, (new.state || 'x'::text), DEFAULT);
        UPDATE log AS l SET n = l.n + 1, what = new.state WHERE l.id = new.id;)`,
    changed: [
      `createRule("orders", "logged", "ON UPDATE WHERE NEW.total <> OLD.total DO ALSO (INSERT INTO log (id, what) VALUES (OLD.id, NEW.state || 'y'); UPDATE log SET n = n + 1, what = NEW.state WHERE log.id = NEW.id)")`,
      `createRule("orders", "logged", "ON UPDATE WHERE NEW.total <> OLD.total DO ALSO (INSERT INTO log (id, what) VALUES (NEW.id, NEW.state || 'x'); UPDATE log SET n = n + 1, what = NEW.state WHERE log.id = NEW.id)")`,
      `createRule("orders", "logged", "ON UPDATE WHERE NEW.total <> OLD.total DO ALSO (INSERT INTO log (id, what) VALUES (OLD.id, NEW.state || 'x'); UPDATE log SET id = n + 1, what = NEW.state WHERE log.id = NEW.id)")`,
      `createRule("orders", "logged", "ON DELETE DO INSTEAD NOTHING")`,
      `createRule("orders", "logged", "ON UPDATE WHERE NEW.total > OLD.total DO INSTEAD UPDATE log SET what = NEW.state WHERE id = NEW.id", "always")`,
    ],
    drop: 'dropRule("orders", "logged")',
  },
  "rule of a view": {
    setup: TABLE + "CREATE VIEW paid AS SELECT id, total FROM orders;",
    step:
      `createRule("paid", "paid insert", "ON INSERT DO INSTEAD INSERT INTO orders (id, total) VALUES (NEW.*) ON CONFLICT (id) DO UPDATE SET total = EXCLUDED.total RETURNING id, total")`,
    sql: `CREATE RULE "paid insert" AS ON INSERT TO paid DO INSTEAD
      INSERT INTO orders (id, total) VALUES (new.id, new.total)
      ON CONFLICT (id) DO UPDATE SET total = excluded.total
      RETURNING orders.id, orders.total`,
    changed: [
      `createRule("paid", "paid insert", "ON INSERT DO INSTEAD NOTHING")`,
    ],
    drop: 'dropRule("paid", "paid insert")',
  },
  "event trigger": {
    setup:
      "CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
    step:
      `createEventTrigger("told", "ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION told()")`,
    sql: `CREATE EVENT TRIGGER told ON ddl_command_end
      WHEN tag IN ('CREATE TABLE') EXECUTE FUNCTION public.told()`,
    drop: 'dropEventTrigger("told")',
  },
  policy: {
    setup: TABLE +
      "CREATE TABLE members (name text, order_id int, active bool)",
    step:
      `createPolicy("orders", "own", "FOR SELECT TO PUBLIC USING (state = 'new' AND EXISTS (SELECT 1 FROM members m WHERE m.order_id = orders.id AND m.name = current_user))")`,
    sql: `CREATE POLICY own ON orders FOR SELECT USING ((orders.state = 'new'
      AND EXISTS (SELECT 1 FROM members AS m WHERE m.order_id = id
      AND m.name = CURRENT_USER)))`,
    changed: [
      `createPolicy("orders", "own", "FOR SELECT TO pg_monitor USING (state = 'new' AND EXISTS (SELECT 1 FROM members m WHERE m.order_id = orders.id AND m.name = current_user))")`,
      `createPolicy("orders", "own", "FOR SELECT USING (state = 'new' AND EXISTS (SELECT 1 FROM members m WHERE m.order_id = orders.id AND m.active))")`,
      `createPolicy("orders", "own", "FOR UPDATE USING (state = 'new') WITH CHECK (total > 0)")`,
    ],
    allow: ["replace:own"],
    drop: 'dropPolicy("orders", "own")',
  },
  "row security": {
    setup: TABLE,
    step: 'enableRowSecurity("orders", "forced")',
    sql:
      "ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    changed: ['enableRowSecurity("orders")'],
  },
  "replica identity": {
    setup: TABLE,
    step: 'setReplicaIdentity("orders", "USING INDEX orders_pkey")',
    sql: "ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_pkey",
    changed: ['setReplicaIdentity("orders", "FULL")'],
  },
  parameters: {
    setup: TABLE,
    step:
      'setParameters("orders", "fillfactor = 70, autovacuum_enabled = off")',
    sql: "ALTER TABLE orders SET (autovacuum_enabled = false, fillfactor = 70)",
    changed: ['setParameters("orders", "fillfactor = 80")'],
  },
  statistics: {
    setup: TABLE,
    step:
      'createStatistics("orders", "orders_stat", "(dependencies, ndistinct) ON state, at")',
    sql:
      "CREATE STATISTICS orders_stat (ndistinct, dependencies) ON at, state FROM orders",
    changed: ['createStatistics("orders", "orders_stat", "ON state, at")'],
    allow: ["replace:orders_stat"],
    drop: 'dropStatistics("orders", "orders_stat")',
  },
  publication: {
    setup: TABLE,
    step:
      `createPublication("feed", "FOR TABLE orders WITH (publish = 'insert, update')")`,
    sql:
      "CREATE PUBLICATION feed FOR TABLE public.orders WITH (publish = 'update, insert')",
    changed: [`createPublication("feed", "FOR TABLE orders")`],
    drop: 'dropPublication("feed")',
  },
  comment: {
    setup: TABLE + FUNCTION,
    step: [
      'comment("table orders", "what was sold")',
      'comment("column orders.total", "it\'s with \\\\ taxes")',
      'comment("constraint orders.orders_pkey", "a key")',
      'comment("function touch()", "nothing")',
      'comment("schema public", "ours")',
    ].join(", "),
    sql: `COMMENT ON TABLE orders IS 'what was sold';
      COMMENT ON COLUMN orders.total IS E'it''s with \\\\ taxes';
      COMMENT ON CONSTRAINT orders_pkey ON orders IS 'a key';
      COMMENT ON FUNCTION touch() IS 'nothing';
      COMMENT ON SCHEMA public IS 'ours'`,
    changed: ['comment("table orders", "others")'],
  },
  grant: {
    setup: TABLE + FUNCTION,
    step: [
      'grant("SELECT, UPDATE (state)", "table orders", "pg_monitor")',
      'grant("ALL", "orders", "pg_signal_backend")',
      'grant("EXECUTE", "function touch()", "pg_monitor")',
      'grant("USAGE", "schema public", "pg_monitor")',
    ].join(", "),
    sql: `GRANT UPDATE (state), SELECT ON orders TO pg_monitor;
      GRANT ALL PRIVILEGES ON TABLE orders TO pg_signal_backend;
      GRANT EXECUTE ON FUNCTION touch() TO pg_monitor;
      GRANT USAGE ON SCHEMA public TO pg_monitor`,
    changed: [
      'grant("SELECT, DELETE", "orders", "pg_monitor")',
      'grant("SELECT WITH GRANT OPTION", "orders", "pg_monitor")',
    ],
  },
  extension: {
    setup: "CREATE SCHEMA tools",
    step: `createExtension("hstore", { schema: "tools", version: "1.7" })`,
    sql: "CREATE EXTENSION hstore SCHEMA tools VERSION '1.8'",
    changed: [`createExtension("hstore", { schema: "public" })`],
    drop: 'dropExtension("hstore")',
  },
  "older extension": {
    step: `createExtension("citext")`,
    sql: "CREATE EXTENSION citext VERSION '1.4'",
    changed: [`createExtension("citext", { version: "1.6" })`],
    conflicts: [`createExtension("citext", { version: "9.9" })`],
    drop: 'dropExtension("citext")',
  },
  "foreign objects": {
    step: [
      `createExtension("postgres_fdw")`,
      `step("server branch", {
        check: "EXISTS (SELECT FROM pg_foreign_server WHERE srvname = 'branch' AND srvoptions = '{host=other}')",
        alter: "CREATE SERVER branch FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'other')",
        makes: "server branch",
      })`,
      `step("its orders", {
        check: "EXISTS (SELECT FROM pg_foreign_table WHERE ftrelid = to_regclass('branch_orders'))",
        alter: "CREATE FOREIGN TABLE branch_orders (id int, total numeric) SERVER branch",
        makes: "foreign table branch_orders",
      })`,
      `comment("server branch", "another shop")`,
      `comment("foreign table branch_orders", "of another shop")`,
      `comment("column branch_orders.total", "with taxes")`,
      `grant("USAGE", "foreign server branch", "pg_monitor")`,
      `grant("SELECT", "foreign table branch_orders", "pg_monitor")`,
      `createView("all_orders", "SELECT id FROM branch_orders")`,
    ].join(", "),
    sql: `CREATE EXTENSION postgres_fdw; CREATE SERVER branch FOREIGN DATA
        WRAPPER postgres_fdw OPTIONS (host 'other');
      CREATE FOREIGN TABLE branch_orders (id int, total numeric) SERVER branch;
      COMMENT ON SERVER branch IS 'another shop';
      COMMENT ON FOREIGN TABLE branch_orders IS 'of another shop';
      COMMENT ON COLUMN branch_orders.total IS 'with taxes';
      GRANT USAGE ON FOREIGN SERVER branch TO pg_monitor;
      GRANT SELECT ON branch_orders TO pg_monitor;
      CREATE VIEW all_orders AS SELECT b.id FROM branch_orders b`,
  },
  "other objects by hand": {
    step: [
      `step("words", {
        check: "EXISTS (SELECT FROM pg_ts_config WHERE cfgname = 'words')",
        alter: "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)",
        makes: "text search configuration words",
      })`,
      `comment("text search configuration words", "plain ones")`,
      `step("operator", {
        check: "to_regoperator('=== (int, int)') IS NOT NULL",
        alter: "CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
        makes: "operator ===",
      })`,
      `createEnum("mood", ["good", "bad"])`,
      `createFunction("mood_of(n int)", "RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN n > 0 THEN 'good'::mood ELSE 'bad'::mood END $$")`,
      `step("cast of int to mood", {
        check: "EXISTS (SELECT FROM pg_cast WHERE castsource = 'int'::regtype AND casttarget = 'mood'::regtype AND castfunc = 'mood_of(int)'::regprocedure)",
        alter: "CREATE CAST (int AS mood) WITH FUNCTION mood_of(int)",
        makes: "cast (int AS mood)",
      })`,
      `createView("moods", "SELECT 1::mood AS mood, 1 === 1 AS same, to_tsvector('words', 'a b') AS words")`,
    ].join(", "),
    sql: `CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
      COMMENT ON TEXT SEARCH CONFIGURATION words IS 'plain ones';
      CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
      CREATE TYPE mood AS ENUM ('good', 'bad');
      CREATE FUNCTION mood_of(n integer) RETURNS mood IMMUTABLE LANGUAGE sql
        AS $x$ SELECT CASE WHEN n > 0 THEN 'good'::mood ELSE 'bad'::mood END $x$;
      CREATE CAST (integer AS mood) WITH FUNCTION mood_of(int);
      CREATE VIEW moods AS SELECT CAST (1 AS mood) AS mood, 1 === 1 AS same,
        to_tsvector('words'::regconfig, 'a b') AS words`,
  },
  "kept columns": {
    step:
      `createTable("docs", { id: "int PRIMARY KEY", body: "text STORAGE EXTERNAL COMPRESSION pglz NOT NULL DEFAULT 'storage main'", tags: "text[] STATISTICS 500" }), addColumn("docs", "more", "jsonb STORAGE MAIN")`,
    sql:
      `CREATE TABLE docs (id int PRIMARY KEY, body text COMPRESSION pglz NOT NULL DEFAULT 'storage main', tags text[], more jsonb);
      ALTER TABLE docs ALTER body SET STORAGE external, ALTER tags SET STATISTICS 500, ALTER more SET STORAGE main`,
    changed: [
      `createTable("docs", { id: "int PRIMARY KEY", body: "text STORAGE DEFAULT COMPRESSION default NOT NULL DEFAULT 'storage main'", tags: "text[] STATISTICS 10" })`,
      `createTable("docs", { id: "int PRIMARY KEY", body: "text STORAGE MAIN NOT NULL DEFAULT 'storage main'", tags: "text[] STATISTICS -1", extra: "text STORAGE EXTERNAL STATISTICS 9" })`,
    ],
  },
  "identity columns": {
    step:
      `createTable("items", { id: "bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000 INCREMENT BY 10) PRIMARY KEY", down: "smallint GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1)", plain: "int GENERATED ALWAYS AS IDENTITY" })`,
    sql:
      `CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME items_id_seq START WITH 1000 INCREMENT BY 10 NO MINVALUE NO MAXVALUE CACHE 1) PRIMARY KEY,
        down smallint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY -1 START -1 MAXVALUE -1 MINVALUE -32768),
        plain int GENERATED ALWAYS AS IDENTITY (START 1 MAXVALUE 2147483647))`,
    changed: [
      `createTable("items", { id: "bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 5 INCREMENT BY 1 CYCLE CACHE 20) PRIMARY KEY", down: "smallint GENERATED ALWAYS AS IDENTITY (INCREMENT -1)", plain: "int GENERATED ALWAYS AS IDENTITY (MAXVALUE 99 MINVALUE 7)" })`,
      `createTable("items", { id: "bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME numbers START WITH 1000 INCREMENT BY 10) PRIMARY KEY", down: "smallint GENERATED BY DEFAULT AS IDENTITY", plain: "int GENERATED ALWAYS AS IDENTITY" })`,
    ],
  },
  revoke: {
    setup: TABLE +
      "GRANT SELECT, INSERT, UPDATE (state) ON orders TO pg_monitor WITH GRANT OPTION;",
    step: 'grant("SELECT", "table orders", "pg_monitor")',
    sql: "REVOKE INSERT ON orders FROM pg_monitor",
    changed: [
      'grant("SELECT", "table orders", "pg_monitor"), revoke("ALL", "orders", "pg_monitor")',
    ],
    allow: ["drop:orders from pg_monitor"],
    drop: 'revoke("ALL", "orders", "pg_monitor")',
  },
  "default privileges": {
    step: [
      'defaultPrivileges("SELECT, INSERT", "tables", "pg_monitor", { schema: "public" })',
      'defaultPrivileges("EXECUTE WITH GRANT OPTION", "functions", "pg_signal_backend", { by: "pg_monitor" })',
    ].join(", "),
    sql: `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT, SELECT
        ON TABLES TO pg_monitor;
      ALTER DEFAULT PRIVILEGES FOR USER pg_monitor GRANT EXECUTE ON ROUTINES
        TO "pg_signal_backend" WITH GRANT OPTION`,
    changed: [
      'defaultPrivileges("ALL", "tables", "pg_monitor", { schema: "public" })',
      'revokeDefaultPrivileges("EXECUTE", "functions", "public", { by: "pg_monitor" })',
      'defaultPrivileges("USAGE", "schemas", "pg_monitor")',
    ],
    allow: ["drop:new functions of pg_monitor from public"],
    drop:
      'revokeDefaultPrivileges("ALL", "tables", "pg_monitor", { schema: "public" })',
  },
};

const dry = ["--dry-run", "--detailed-exitcode"];

for (const major of [14, 18] as const) {
  for (const [name, kind] of Object.entries(KINDS)) {
    const { setup = "", step, sql, changed = [], conflicts = [], drop } = kind;
    const allowed = (steps: string) =>
      ["rewrite", ...kind.allow ?? []].filter((hazard) =>
        /evoke/.test(steps) || !hazard.startsWith("drop:")
      ).flatMap((hazard) => ["--allow", hazard]);
    Deno.test(`${name}: made where it is missing, and dropped, on ${major}`, () =>
      onServer(major, async (url, db) => {
        await db.unsafe(setup);
        const made = await sync(["--apply"], { url, steps: step });
        assert.equal(made.code, 0, made.stdout + made.stderr);
        const again = await sync(dry, { url, steps: step });
        assert.equal(again.code, 0, again.stdout);
        if (!drop) return;
        const refused = await sync(["--apply"], { url, steps: drop });
        assert.equal(refused.code, 3, refused.stdout + refused.stderr);
        const [, hazard = ""] = /--allow ("?drop:.*)$/m.exec(refused.stderr) ??
          [];
        const word = hazard.replaceAll("'", "").replaceAll('"', "");
        const gone = await sync(["--apply", "--allow", word], {
          url,
          steps: drop,
        });
        assert.equal(gone.code, 0, gone.stdout + gone.stderr);
        assert.equal((await sync(dry, { url, steps: drop })).code, 0);
      }));

    Deno.test(`${name}: the same in another spelling, on ${major}`, () =>
      onServer(major, async (url, db) => {
        await db.unsafe(`${setup}; ${sql}`);
        const { code, stdout } = await sync(dry, { url, steps: step });
        assert.equal(code, 0, stdout);
      }));

    // One of each on the oldest: every form on both takes minutes.
    for (const other of major === 18 ? changed : changed.slice(0, 1)) {
      Deno.test(`${name}: changed to ${other}, and back, on ${major}`, () =>
        onServer(major, async (url, db) => {
          await db.unsafe(`${setup}; ${sql}`);
          const told = await sync(dry, { url, steps: other });
          assert.equal(told.code, 2, told.stdout + told.stderr);
          // What only the other says may stay, or needs a person.
          const back = kind.oneWay?.test(other) ? [] : [step];
          for (const steps of [other, ...back]) {
            const args = ["--apply", ...allowed(steps)];
            const made = await sync(args, { url, steps });
            assert.equal(made.code, 0, made.stdout + made.stderr);
            assert.match(made.stdout, /nothing is left to change|^In sync/m);
          }
          const steps = [other, ...back].at(-1)!;
          const again = await sync(dry, { url, steps });
          assert.equal(again.code, 0, again.stdout);
        }));
    }

    for (const other of conflicts) {
      Deno.test(`${name}: a conflict with ${other}, on ${major}`, () =>
        onServer(major, async (url, db) => {
          await db.unsafe(`${setup}; ${sql}`);
          const { code, stdout } = await sync(["--apply"], {
            url,
            steps: other,
          });
          assert.equal(code, 3, stdout);
          assert.match(stdout, /⚠/);
        }));
    }
  }
}

/** All that hangs on what is made again, as the catalogs have it. */
const STATE = `SELECT json_build_object(
  'relations', (SELECT json_agg(json_build_array(relname, relkind, reloptions,
      pg_get_userbyid(relowner), relacl, obj_description(c.oid, 'pg_class'),
      (SELECT json_agg(json_build_array(attname, attacl,
        col_description(c.oid, attnum)) ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0)) ORDER BY relname)
    FROM pg_class c WHERE relnamespace = 'public'::regnamespace
      AND relname IN ('b', 'c', 'c_key', 'orders')),
  'views', (SELECT json_agg(definition ORDER BY viewname) FROM pg_views
    WHERE viewname IN ('b', 'c')),
  'triggers', (SELECT json_agg(json_build_array(pg_get_triggerdef(oid),
      tgenabled, obj_description(oid, 'pg_trigger')) ORDER BY tgname)
    FROM pg_trigger WHERE NOT tgisinternal),
  'policies', (SELECT json_agg(json_build_array(polname, polroles,
      pg_get_expr(polqual, polrelid), obj_description(oid, 'pg_policy')))
    FROM pg_policy))::text AS state`;

for (const major of [14, 18] as const) {
  Deno.test(`what hangs on a view is restored whole when it is made again, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`${TABLE} ${FUNCTION}
        CREATE VIEW a AS SELECT id, total FROM orders;
        CREATE VIEW b WITH (security_barrier) AS SELECT id, total FROM a;
        CREATE MATERIALIZED VIEW c AS SELECT sum(total) AS total FROM b;
        CREATE UNIQUE INDEX c_key ON c (total);
        CREATE TRIGGER b_write INSTEAD OF INSERT ON b FOR EACH ROW
          EXECUTE FUNCTION touch();
        ALTER VIEW b OWNER TO pg_monitor;
        GRANT SELECT ON a TO pg_monitor;
        GRANT SELECT ON b TO PUBLIC, pg_signal_backend;
        GRANT SELECT ON c TO pg_signal_backend WITH GRANT OPTION;
        GRANT UPDATE (id) ON b TO pg_signal_backend;
        COMMENT ON VIEW b IS 'it''s b'; COMMENT ON COLUMN b.id IS 'a key';
        COMMENT ON TRIGGER b_write ON b IS 'writes';
        COMMENT ON MATERIALIZED VIEW c IS 'sums';`);
      const [before] = await db.unsafe(STATE);
      const steps =
        `createView("a", "SELECT id, total::numeric, state FROM orders WHERE id > 0")`;
      const refused = await sync(["--apply"], { url, steps });
      assert.equal(refused.code, 3, refused.stdout + refused.stderr);
      assert.match(refused.stdout, /restores +view b/);
      assert.match(refused.stderr, /replace:a/);
      const made = await sync(["--apply", "--allow", "replace:a"], {
        url,
        steps,
      });
      assert.equal(made.code, 0, made.stdout + made.stderr);
      const [after] = await db.unsafe(STATE);
      // The order of what a privileges' list holds says nothing.
      const sorted = (row: typeof before) =>
        JSON.parse(
          `${row?.state}`,
          (_, value) =>
            Array.isArray(value) && `${value}`.includes("=r/")
              ? value.toSorted()
              : value,
        );
      assert.deepEqual(sorted(after), sorted(before));
      assert.equal((await sync(dry, { url, steps })).code, 0);
    }));

  Deno.test(`what calls a function is restored when it is made again, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`${TABLE}
        CREATE FUNCTION low(n numeric) RETURNS int LANGUAGE sql
          AS 'SELECT n::int';
        CREATE VIEW b AS SELECT id, low(total) > 1 AS is_low FROM orders;
        CREATE POLICY p ON orders FOR SELECT TO pg_monitor
          USING (low(total) > 3);
        COMMENT ON POLICY p ON orders IS 'low ones';
        GRANT SELECT ON b TO pg_monitor;
        REVOKE ALL ON FUNCTION low FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION low TO pg_monitor;`);
      const steps =
        `createFunction("low(n numeric)", "RETURNS bigint LANGUAGE sql AS 'SELECT n::bigint'")`;
      const made = await sync(["--apply", "--allow", "replace:low"], {
        url,
        steps,
      });
      assert.equal(made.code, 0, made.stdout + made.stderr);
      const [row] = await db.unsafe(`SELECT relacl::text AS acl,
          proacl::text AS call, obj_description(p.oid, 'pg_policy') AS said
        FROM pg_class, pg_proc, pg_policy p
        WHERE relname = 'b' AND proname = 'low'`);
      assert.match(`${row?.acl}`, /pg_monitor=r/);
      assert.match(`${row?.call}`, /pg_monitor=X/);
      assert.doesNotMatch(`${row?.call}`, /[{,]=X/);
      assert.equal(row?.said, "low ones");
      assert.equal((await sync(dry, { url, steps })).code, 0);
    }));

  Deno.test(`what reads a column is restored when its type changes, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`${TABLE} ${FUNCTION}
        CREATE VIEW b WITH (security_barrier) AS SELECT id, total FROM orders;
        CREATE VIEW c AS SELECT count(*) AS n FROM b WHERE total > 1;
        CREATE POLICY p ON orders FOR SELECT TO pg_monitor USING (total > 3);
        COMMENT ON POLICY p ON orders IS 'low ones';
        CREATE TRIGGER t BEFORE UPDATE OF total ON orders FOR EACH ROW
          WHEN (OLD.total <> NEW.total) EXECUTE FUNCTION touch();
        ALTER TABLE orders ENABLE ALWAYS TRIGGER t;
        COMMENT ON TRIGGER t ON orders IS 'touches';
        GRANT SELECT ON b TO pg_monitor WITH GRANT OPTION;
        CREATE INDEX orders_total_idx ON orders (total);`);
      const steps = `changeType("orders", "total", "numeric(14,4)")`;
      const told = await sync(["--dry-run"], { url, steps });
      for (const name of ["view b", "view c", "policy p", "trigger t"]) {
        assert.match(told.stdout, new RegExp(`restores +${name}`));
      }
      const refused = await sync(["--apply", "--allow", "rewrite"], {
        url,
        steps,
      });
      assert.equal(refused.code, 3, refused.stdout + refused.stderr);
      const [, allow = ""] = /(--allow replace:.*)$/m.exec(refused.stderr) ??
        [];
      const made = await sync(
        ["--apply", "--allow", "rewrite", ...allow.split(" ")],
        { url, steps },
      );
      assert.equal(made.code, 0, made.stdout + made.stderr);
      const [row] = await db.unsafe(`SELECT
          (SELECT relacl::text FROM pg_class WHERE relname = 'b') AS acl,
          (SELECT reloptions::text FROM pg_class WHERE relname = 'b') AS options,
          (SELECT tgenabled FROM pg_trigger WHERE tgname = 't') AS enabled,
          (SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger
            WHERE tgname = 't') AS said,
          (SELECT obj_description(oid, 'pg_policy') FROM pg_policy) AS also,
          (SELECT n FROM c)::int AS n,
          format_type(atttypid, atttypmod) AS type
        FROM pg_attribute WHERE attrelid = 'orders'::regclass
          AND attname = 'total'`);
      assert.match(`${row?.acl}`, /pg_monitor=r\*/);
      assert.equal(row?.options, "{security_barrier=true}");
      assert.equal(row?.enabled, "A");
      assert.deepEqual([row?.said, row?.also], ["touches", "low ones"]);
      assert.deepEqual([row?.n, row?.type], [2, "numeric(14,4)"]);
      assert.equal((await sync(dry, { url, steps })).code, 0);
    }));
}

/** All of a generated column, as the catalogs have it. */
const COMPUTED = `SELECT json_build_object(
  'column', (SELECT json_build_array(format_type(atttypid, atttypmod),
      attgenerated, attnotnull, attstorage, attacl::text,
      pg_get_expr(adbin, adrelid), coalesce(attstattarget, -1),
      col_description(attrelid, attnum))
    FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = 'sums'::regclass AND attname = 'both sums'),
  'constraints', (SELECT json_agg(json_build_array(conname,
      pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
      ORDER BY conname) FROM pg_constraint
    WHERE conrelid = 'sums'::regclass AND contype <> 'n'),
  'indexes', (SELECT json_agg(json_build_array(pg_get_indexdef(indexrelid),
      obj_description(indexrelid, 'pg_class')) ORDER BY indexrelid::regclass::text)
    FROM pg_index WHERE indrelid = 'sums'::regclass),
  'statistics', (SELECT json_agg(json_build_array(pg_get_statisticsobjdef(oid),
      obj_description(oid, 'pg_statistic_ext'))) FROM pg_statistic_ext),
  'view', pg_get_viewdef('shown'),
  'rows', (SELECT json_agg("both sums" ORDER BY a) FROM sums))::text AS state`;

for (const major of [14, 18] as const) {
  Deno.test(`what is generated from a column is restored when its type changes, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`CREATE TABLE sums (a int, b int, "both sums" bigint
          GENERATED ALWAYS AS (a + b) STORED NOT NULL, other int
          GENERATED ALWAYS AS (b * 2) STORED, third int,
          CONSTRAINT sums_key UNIQUE ("both sums"),
          CONSTRAINT sums_check CHECK ("both sums" > 0 AND third IS NULL));
        INSERT INTO sums VALUES (1, 2), (3, 4);
        CREATE INDEX sums_idx ON sums (("both sums" % 2)) WHERE b > 0;
        CREATE STATISTICS sums_stat ON "both sums", b FROM sums;
        CREATE VIEW shown AS SELECT "both sums" AS s FROM sums;
        ALTER TABLE sums ALTER "both sums" SET STATISTICS 77;
        GRANT SELECT ("both sums") ON sums TO pg_monitor WITH GRANT OPTION;
        COMMENT ON COLUMN sums."both sums" IS 'it''s both';
        COMMENT ON CONSTRAINT sums_key ON sums IS 'one';
        COMMENT ON INDEX sums_idx IS 'odd ones';
        COMMENT ON STATISTICS sums_stat IS 'known';`);
      const [before] = await db.unsafe(COMPUTED);
      const steps = `changeType("sums", "a", "smallint", "a::smallint")`;
      const told = await sync(["--dry-run"], { url, steps });
      assert.match(told.stdout, /restores +column "both sums"/);
      assert.match(told.stdout, /restores +view shown/);
      assert.doesNotMatch(told.stdout, /restores +column other/);
      const refused = await sync(["--apply"], { url, steps });
      assert.equal(refused.code, 3, refused.stdout + refused.stderr);
      assert.match(refused.stderr, /rewrite/);
      assert.match(refused.stderr, /replace:sums\.a/);
      const allow = ["--allow", "rewrite", "--allow", "replace:sums.a"];
      const made = await sync(["--apply", ...allow], { url, steps });
      assert.equal(made.code, 0, made.stdout + made.stderr);
      const [after] = await db.unsafe(COMPUTED);
      assert.deepEqual(
        JSON.parse(after?.state),
        // What is printed of the expression knows the other type.
        JSON.parse(before?.state),
      );
      const [row] = await db`SELECT format_type(atttypid, -1) AS type
        FROM pg_attribute WHERE attrelid = 'sums'::regclass AND attname = 'a'`;
      assert.equal(row?.type, "smallint");
      assert.equal((await sync(dry, { url, steps })).code, 0);
    }));

  Deno.test(`a generated column that others refer to is left to a person, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`CREATE TABLE sums (a int, s int GENERATED ALWAYS
          AS (a + 1) STORED UNIQUE);
        CREATE TABLE refers (s int REFERENCES sums (s))`);
      const { code, stdout } = await sync(["--apply"], {
        url,
        steps: `changeType("sums", "a", "bigint")`,
      });
      assert.equal(code, 3, stdout);
      assert.match(
        stdout,
        /cannot change its type: generated column s depends/,
      );
    }));
}

for (const major of [14, 18] as const) {
  Deno.test(`an index has the collation of its column's type, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`CREATE DOMAIN code AS text COLLATE "C";
        CREATE TABLE t (a name, b code, c text COLLATE "C", d text);
        CREATE INDEX t_idx ON t (a, b, c, d)`);
      const right = `createIndex("t", "t_idx", "(a, b, c, d)")`;
      assert.equal((await sync(dry, { url, steps: right })).code, 0);
      const other = `createIndex("t", "t_idx", "(a, b, c, d COLLATE \\"C\\")")`;
      assert.equal((await sync(dry, { url, steps: other })).code, 2);
    }));
}

Deno.test("steps build on what a longhand step says that it makes", () =>
  onServer(18, async (url) => {
    const steps = `step("old rows of a long label, kept " + "x".repeat(80), {
        check: "to_regclass('archive') IS NOT NULL",
        alter: "CREATE TABLE archive (LIKE pg_class)",
        makes: "table archive",
      }),
      createIndex("archive", "archive_relname_idx", "(relname)"),`;
    const made = await sync(["--apply"], { url, steps });
    assert.equal(made.code, 0, made.stdout + made.stderr);
    assert.equal((await sync(dry, { url, steps })).code, 0);
    const wrong = `step("a", { check: "true", alter: "SELECT 1", makes: "b" })`;
    const { code, stderr } = await sync(dry, { url, steps: wrong });
    assert.equal(code, 1);
    assert.match(stderr, /what it makes is a kind and a name/);
  }));

const REFUSED: Record<string, [setup: string, steps: string, text: RegExp]> = {
  "the server does not have": [
    "",
    `createExtension("no such thing")`,
    /no such thing +is an extension that the server does not have/,
  ],
  "the server does not have at that version": [
    "",
    `createExtension("hstore", { version: "99" })`,
    /hstore +is not available at 99: the server has .*1\.8/,
  ],
  "needs another": [
    "",
    `createExtension("earthdistance")`,
    /earthdistance +needs the extension cube/,
  ],
  "needs a schema": [
    "",
    `createExtension("hstore", { schema: "tools" })`,
    /hstore +needs the schema tools, which does not exist/,
  ],
  "is bound to a schema": [
    "",
    `dropExtension("plpgsql"), createSchema("tools"), createExtension("xml2", { schema: "tools" }), createExtension("plperl", { schema: "tools" })`,
    /plperl +can be in the schema pg_catalog only/,
  ],
  "cannot be moved": [
    "CREATE SCHEMA tools; CREATE EXTENSION xml2",
    `createExtension("xml2", { schema: "tools" })`,
    /xml2 +is in another schema/,
  ],
  "is in use": [
    "CREATE EXTENSION citext; CREATE TABLE t (a citext)",
    `dropExtension("citext")`,
    /citext +cannot be dropped: column a of table t depends on it/,
  ],
};

for (const [what, [setup, steps, text]] of Object.entries(REFUSED)) {
  Deno.test(`an extension that ${what} is told, and nothing is written`, () =>
    onServer(18, async (url, db) => {
      await db.unsafe(setup);
      const { code, stdout, stderr } = await sync(["--apply"], { url, steps });
      assert.equal(code, 3, stdout + stderr);
      assert.match(stdout, text);
    }));
}

for (const major of [14, 18] as const) {
  Deno.test(`a role creates the extensions that are trusted, on ${major}`, () =>
    onServer(major, async (url, db) => {
      const role = `maker_${crypto.randomUUID().slice(0, 8)}`;
      await db.unsafe(`CREATE ROLE ${role} LOGIN;
        GRANT CREATE, USAGE ON SCHEMA public TO ${role};
        DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ${role}',
          current_database()); END$$`);
      const by = new URL(url);
      by.username = role;
      try {
        const made = await sync(["--apply"], {
          url: `${by}`,
          steps: `createExtension("citext")`,
        });
        assert.equal(made.code, 0, made.stdout + made.stderr);
        const refused = await sync(dry, {
          url: `${by}`,
          steps: `createExtension("postgres_fdw")`,
        });
        assert.match(refused.stdout, /can be created by a superuser only/);
      } finally {
        await db.unsafe(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
      }
    }));

  Deno.test(`what an extension owns is never changed, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`CREATE EXTENSION citext;
        CREATE TABLE kept (id int); CREATE INDEX kept_idx ON kept (id);
        CREATE VIEW shown AS SELECT 1 AS one;
        CREATE TYPE mood AS ENUM ('good');
        ALTER EXTENSION citext ADD TABLE kept;
        ALTER EXTENSION citext ADD VIEW shown;
        ALTER EXTENSION citext ADD TYPE mood`);
      const steps = [
        `createTable("kept", { id: "int", more: "text" })`,
        `dropTable("kept")`,
        `dropIndex("kept_idx")`,
        `createView("shown", "SELECT 2 AS one")`,
        `dropView("shown")`,
        `createEnum("mood", ["good", "bad"])`,
        `dropFunction("citext_eq(citext, citext)")`,
        `createFunction("citext_eq(citext, citext)", "RETURNS bool LANGUAGE sql AS 'SELECT true'")`,
      ];
      for (const steps_ of steps) {
        const { code, stdout } = await sync(dry, { url, steps: steps_ });
        assert.equal(code, 2, stdout);
        assert.match(stdout, /belongs to the extension citext/, steps_);
        assert.match(stdout, /1 needs a look, 0 in place/, steps_);
      }
      const rows = `insertMissing("kept", ["id"], [{ id: 1 }])`;
      assert.equal((await sync(["--apply"], { url, steps: rows })).code, 0);
    }));
}

Deno.test("types of an extension in a schema of its own are found at once", () =>
  onServer(18, async (url) => {
    const steps = `createSchema("tools"),
      createExtension("citext", { schema: "tools" }),
      createTable("users", { email: "citext NOT NULL", tags: "citext[]" }),
      createIndex("users", "users_email_key", "UNIQUE (email)"),`;
    const made = await sync(["--apply"], { url, steps });
    assert.equal(made.code, 0, made.stdout + made.stderr);
    assert.equal((await sync(dry, { url, steps })).code, 0);
  }));

/** Queries of a view that was `SELECT id, total FROM orders`. */
const QUERIES: [query: string, inPlace: boolean][] = [
  ["SELECT id, total FROM orders WHERE total > 0", true],
  ["SELECT o.id, o.total FROM orders o ORDER BY 1", true],
  ["SELECT max(id) AS id, total FROM orders GROUP BY total", true],
  ["SELECT id, total, state FROM orders", true],
  ["WITH o AS (SELECT * FROM orders) SELECT id, total FROM o LIMIT 1", true],
  ["SELECT id, total::numeric FROM orders", false],
  ["SELECT id::bigint, total FROM orders", false],
  ["SELECT total, id FROM orders", false],
  ["SELECT id AS key, total FROM orders", false],
  ["SELECT id FROM orders", false],
];

for (const major of [14, 18] as const) {
  Deno.test(`a view that keeps its columns is changed in place, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`${TABLE} CREATE VIEW v AS SELECT id, total FROM orders`);
      for (const [query, inPlace] of QUERIES) {
        const steps = `createView("v", ${JSON.stringify(query)})`;
        const { stdout } = await sync(["--dry-run"], { url, steps });
        assert.match(stdout, inPlace ? /v +change view/ : /v +recreate view/);
        const changes = /^ {6}CREATE OR REPLACE VIEW v /m;
        assert.equal(changes.test(stdout), inPlace, stdout);
      }
    }));
}

for (const major of [14, 18] as const) {
  Deno.test(`a domain's checks are proved once they are there, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`CREATE DOMAIN email AS text;
        CREATE TABLE users (id int, "at home" email);
        INSERT INTO users VALUES (1, 'a@b'), (2, 'none')`);
      const steps = `createDomain("email", "text CHECK (VALUE LIKE '%@%')")`;
      const { stdout } = await sync(["--dry-run"], { url, steps });
      assert.match(stdout, /ADD CONSTRAINT email_check CHECK .* NOT\s+VALID;/);
      assert.match(stdout, /users: SHARE while it scans it/);
      const args = ["--apply", "--allow", "blocking"];
      const refused = await sync(args, { url, steps });
      assert.equal(refused.code, 1, refused.stdout);
      assert.match(refused.stderr, /contains values that violate|violat/);
      await db.unsafe("UPDATE users SET \"at home\" = 'c@d' WHERE id = 2");
      const made = await sync(args, { url, steps });
      assert.equal(made.code, 0, made.stdout + made.stderr);
      const again = await sync(dry, { url, steps });
      assert.equal(again.code, 0, again.stdout);
    }));
}

Deno.test("what a column's text says of how it is kept must be known", () =>
  onServer(18, async (url) => {
    const texts: Record<string, RegExp> = {
      "text STORAGE fast": /has a part that cannot be read: storage fast/,
      "text COMPRESSION zip": /has a part that cannot be read: compression zip/,
      "text STATISTICS many": /has a part that cannot be read: statistics many/,
      "int GENERATED ALWAYS AS IDENTITY (START 1) CYCLE":
        /has a part that cannot be read: cycle/i,
    };
    for (const [text, told] of Object.entries(texts)) {
      const steps = `createTable("t", { a: ${JSON.stringify(text)} })`;
      const { code, stderr } = await sync(dry, { url, steps });
      assert.equal(code, 1, text);
      assert.match(stderr, told, text);
    }
  }));

Deno.test("an identity column keeps counting where it is within its bounds", () =>
  onServer(18, async (url, db) => {
    await db.unsafe(
      `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, a int);
      INSERT INTO t (a) SELECT generate_series(1, 50)`,
    );
    const steps = (bounds: string) =>
      `createTable("t", { id: "int GENERATED ALWAYS AS IDENTITY (${bounds})", a: "int" })`;
    const told = await sync(dry, { url, steps: steps("MAXVALUE 40") });
    assert.match(told.stdout, /t\.id +has counted to 50, outside 1 to 40/);
    const made = await sync(["--apply"], { url, steps: steps("MAXVALUE 60") });
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const [row] = await db`INSERT INTO t (a) VALUES (1) RETURNING id`;
    assert.equal(row?.id, 51);
  }));

/** What must be changed in place, in all of its properties by one apply. */
const IN_PLACE: Record<string, { setup: string; steps: string }> = {
  "a setting of a function that triggers call": {
    setup: `CREATE TABLE parts (id int) PARTITION BY RANGE (id);
      CREATE TABLE parts_rest PARTITION OF parts DEFAULT; ${FUNCTION}
      CREATE TRIGGER touch BEFORE UPDATE ON parts
        FOR EACH ROW EXECUTE FUNCTION touch();
      ALTER FUNCTION touch() SET work_mem = '77kB'`,
    steps: `createFunction("touch()",
      "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$")`,
  },
  "the events of a trigger that is to be disabled": {
    setup: `${TABLE} ${FUNCTION} CREATE TRIGGER touch BEFORE DELETE ON orders
      FOR EACH ROW EXECUTE FUNCTION touch()`,
    steps: `createTrigger("orders", "touch",
      "BEFORE INSERT FOR EACH ROW EXECUTE FUNCTION touch()", "disabled")`,
  },
  "the events of a trigger that is disabled": {
    setup: `${TABLE} ${FUNCTION} CREATE TRIGGER touch BEFORE DELETE ON orders
      FOR EACH ROW EXECUTE FUNCTION touch();
      ALTER TABLE orders DISABLE TRIGGER touch`,
    steps: `createTrigger("orders", "touch",
      "BEFORE INSERT FOR EACH ROW EXECUTE FUNCTION touch()", "disabled")`,
  },
  "the query and the options of a view": {
    setup: `${TABLE} CREATE VIEW big WITH (security_barrier) AS
      SELECT id, total FROM (SELECT * FROM orders) x WHERE 1 > 2`,
    steps: `createView("big",
      "SELECT id, total FROM orders WHERE total > 5 WITH LOCAL CHECK OPTION")`,
  },
};

for (const major of [14, 18] as const) {
  for (const [what, { setup, steps }] of Object.entries(IN_PLACE)) {
    Deno.test(`${what}: changed in place, and back, on ${major}`, () =>
      onServer(major, async (url, db) => {
        await db.unsafe(setup);
        const all = () =>
          db.unsafe(`SELECT pg_get_functiondef(oid) FROM pg_proc
              WHERE proname = 'touch'
            UNION ALL SELECT pg_get_triggerdef(oid) || tgenabled::text
              FROM pg_trigger
            UNION ALL SELECT pg_get_viewdef(oid) || reloptions::text
              FROM pg_class WHERE relname = 'big'`);
        const before = await all();
        const { stdout } = await sync(["--dry-run"], { url, steps });
        assert.doesNotMatch(stdout, /DROP|needs --allow/);
        const made = await sync(["--apply"], { url, steps });
        assert.equal(made.code, 0, made.stdout + made.stderr);
        assert.equal((await sync(dry, { url, steps })).code, 0);
        const [, undo = ""] =
          /(?:BEGIN;\n)([^]*?) *COMMIT;/.exec(made.stdout) ??
            [];
        await db.unsafe(undo);
        assert.deepEqual(await all(), before);
      }));
  }

  Deno.test(`what partitions have of their parent is not made again, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`CREATE TABLE parts (id int, n int)
          PARTITION BY RANGE (id);
        CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9);
        CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
        CREATE FUNCTION low(n int) RETURNS int LANGUAGE sql IMMUTABLE
          AS 'SELECT n';
        CREATE INDEX parts_low_idx ON parts (low(n)); ${FUNCTION}
        CREATE TRIGGER touch BEFORE UPDATE OF n ON parts
          FOR EACH ROW EXECUTE FUNCTION touch();
        INSERT INTO parts VALUES (1, 1), (10, 2)`);
      const steps = `createFunction("low(m int)",
          "RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT m'"),
        changeType("parts", "n", "bigint", "n")`;
      for (const step of steps.split(/,\s*(?=changeType)/)) {
        const hazards = step.startsWith("create")
          ? ["replace:low", "rewrite"]
          : ["replace:parts.n", "rewrite"];
        const args = hazards.flatMap((hazard) => ["--allow", hazard]);
        const made = await sync(["--apply", ...args], { url, steps: step });
        assert.equal(made.code, 0, made.stdout + made.stderr);
        assert.equal((await sync(dry, { url, steps: step })).code, 0);
        const [row] = await db.unsafe(`SELECT
          (SELECT count(*)::int FROM pg_index
            WHERE indisvalid AND indexprs IS NOT NULL) AS indexes,
          (SELECT count(*)::int FROM pg_trigger WHERE tgname = 'touch')
            AS triggers`);
        assert.deepEqual(row, {
          indexes: step.startsWith("create") ? 3 : 0,
          triggers: 3,
        });
        await db.unsafe("DROP INDEX IF EXISTS parts_low_idx");
      }
    }));

  Deno.test(`an enum's conflict is told with all that asks for its labels, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`CREATE TYPE mood AS ENUM ('glad', 'sad');
        CREATE TABLE days (id int PRIMARY KEY, mood mood NOT NULL);
        CREATE VIEW fine AS SELECT id FROM days WHERE mood = 'glad';
        CREATE POLICY own ON days USING (mood = 'glad')`);
      const steps = `createEnum("mood", ["fine", "sad"]),
        createTable("days", { id: "int PRIMARY KEY", mood: "mood NOT NULL" }),
        createView("fine", "SELECT id FROM days WHERE mood = 'fine'::mood"),
        createPolicy("days", "own", "USING (mood = 'fine'::mood)")`;
      const { stdout, stderr } = await sync(["--dry-run"], { url, steps });
      assert.equal(stderr, "");
      assert.match(stdout, /⚠ mood +has different enum labels/);
      assert.match(
        stdout,
        /⚠ fine +was not checked\n +why +mood has no "fine"/,
      );
      assert.equal((await sync(["--apply"], { url, steps })).code, 3);
    }));
}

Deno.test("each of very many objects gets its own answer", () =>
  onServer(18, async (url, db) => {
    const made = Array.from(
      { length: 250 },
      (_, i) =>
        `CREATE SEQUENCE s${i} INCREMENT ${i === 150 ? 7 : i + 1};
      CREATE TABLE t${i} (a int); INSERT INTO t${i} VALUES (${i});`,
    );
    await db.unsafe(made.join("\n"));
    // Of the objects, and of what is asked of their rows.
    const steps = `...Array.from({ length: 250 }, (_, i) => [
      createSequence(\`s\${i}\`, \`INCREMENT \${i + 1}\`),
      createTable(\`t\${i}\`, { a: "int" }),
      addCheck(\`t\${i}\`, \`t\${i}_check\`, \`a <> 150 AND a > \${i} - 1\`),
    ]).flat()`;
    const { code, stdout } = await sync(dry, { url, steps });
    assert.equal(code, 2, stdout);
    assert.deepEqual(stdout.match(/^ *ℹ .*sequence.*$/gm)?.length, 1, stdout);
    assert.match(stdout, /ALTER SEQUENCE s150 INCREMENT/);
    assert.deepEqual(stdout.match(/^ *⚠ .*$/gm)?.length, 1, stdout);
    assert.match(stdout, /⚠ .*t150_check/);
  }));
