/**
 * Breaks applies in every way there is, and looks whether all ends well: that
 * the run ends, that what it says of the database is so, that no row is lost,
 * and that the next run finishes. Each run begins with an older database with
 * rows, and comes to its fault at a random moment.
 *
 *     deno task faults                        300 runs, a table at the end
 *     deno task faults --runs 30 --seed 7     fewer, and others
 *     deno task faults --only 'stall|reset'   those kinds
 *     deno task faults --seed 7 --run 12      one again
 *
 * @module
 */

import type postgres from "postgres";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  addCheck,
  addForeignKey,
  addUnique,
  backfill,
  createEnum,
  createIndex,
  createTable,
  dropColumn,
  dropIndex,
  insertMissing,
  inspect,
  main,
  parseTarget,
  section,
  Session,
  setNotNull,
  step,
} from "../sync-production-schema.ts";
import {
  connect,
  type Major,
  type Output,
  pause,
  readOutput,
  type Server,
  startServer,
  until,
} from "./helpers.ts";
import { type Loss, type Proxy, startProxy } from "./proxy.ts";

/** A plan with every phase. */
const sections = [section("Faults", [
  createEnum("mood", ["good", "bad"]),
  createTable("customers", {
    id: "integer PRIMARY KEY",
    email: "text NOT NULL",
    region: "text NOT NULL DEFAULT 'eu'",
  }),
  createTable("orders", {
    id: "integer PRIMARY KEY",
    customer_id: "integer",
    total: "integer NOT NULL",
    token: "uuid NOT NULL DEFAULT gen_random_uuid()",
    cents: "integer",
    mood: "mood",
    note_id: "integer",
  }),
  createTable("notes", { id: "integer PRIMARY KEY", body: "text" }),
  createTable("kinds", { code: "text PRIMARY KEY", label: "text" }),
  insertMissing("kinds", ["code"], [
    { code: "a", label: "A" },
    { code: "b", label: "B" },
  ]),
  backfill("orders", { set: "cents = total * 100", where: "cents IS NULL" }),
  setNotNull("orders", "cents"),
  createIndex("orders", "orders_customer_id_idx", "(customer_id)"),
  createIndex("orders", "orders_total_idx", "(total) WHERE total > 10"),
  addUnique("customers", "customers_email_key", "(email)"),
  addForeignKey(
    "orders",
    "orders_customer_id_fkey",
    "(customer_id) REFERENCES customers (id)",
  ),
  addForeignKey(
    "orders",
    "orders_note_id_fkey",
    "(note_id) REFERENCES notes (id)",
  ),
  addCheck("orders", "orders_total_check", "total >= 0"),
  step("audit", {
    check: "to_regclass('audit') IS NOT NULL",
    alter: ["CREATE TABLE audit (id integer)", "INSERT INTO audit VALUES (1)"],
  }),
  dropColumn("orders", "legacy"),
  dropIndex("orders_old_idx"),
])];

const ALLOWED = ["drop:orders.legacy", "drop:orders_old_idx"]
  .flatMap((what) => ["--allow", what]);

const ROWS = 40_000;
const OLDER = `
  CREATE TABLE customers (id integer PRIMARY KEY, email text NOT NULL);
  INSERT INTO customers SELECT n, n || '@example.com'
    FROM generate_series(1, 2000) n;
  CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer,
    total integer NOT NULL, legacy text);
  INSERT INTO orders SELECT n, 1 + n % 2000, n % 977, 'old'
    FROM generate_series(1, ${ROWS}) n;
  CREATE INDEX orders_old_idx ON orders (total, id);
  VACUUM ANALYZE`;

/** What every row must still say, whatever has happened. */
const DIGEST = `SELECT (SELECT md5(string_agg(
      concat_ws(' ', id, customer_id, total), ',' ORDER BY id))
    FROM orders WHERE id <= ${ROWS}) || (SELECT md5(string_agg(
      concat_ws(' ', id, email), ',' ORDER BY id)) FROM customers) AS digest`;

/** What the plan makes of the rows. */
const FILLED =
  `SELECT count(*) FILTER (WHERE cents IS DISTINCT FROM total * 100)
    + count(*) FILTER (WHERE token IS NULL)
    + count(*) - count(DISTINCT token)
    + (SELECT count(*) FROM customers WHERE region IS DISTINCT FROM 'eu')
    + (SELECT abs(count(*) - 2) FROM kinds)
    + (SELECT abs(count(*) - 1) FROM audit) AS wrong FROM orders`;

/** A run that is to be broken. */
interface Trial {
  child: Deno.ChildProcess;
  /** Settles after the random moment. */
  moment: Promise<void>;
  random: () => number;
  server: Server;
  proxy: Proxy;
  url: string;
  sql: postgres.Sql;
  /** Whether the run has ended. */
  over: () => boolean;
}

/** Breaks it; what it returns is called before the rerun. */
type Fault = (trial: Trial) => Promise<void | (() => Promise<void>)>;

const signal = (name: Deno.Signal): Fault => async ({ child, moment }) => {
  await moment;
  try {
    child.kill(name);
  } catch {
    // It has ended.
  }
};

const lose = (how: Loss): Fault => async ({ moment, proxy, random }) => {
  await moment;
  const more = random() < 0.5;
  proxy.lose(how, more);
  // Who stalls for ever cannot ask what became of it; most come back.
  if (more) return () => Promise.resolve(proxy.mend());
};

const cut = (when: "before" | "after"): Fault => async (trial) => {
  const { proxy, random, over } = trial;
  const how = (["reset", "end", "stall"] as const)[Math.floor(random() * 3)];
  const done = proxy.cutAtCommit(when, how, Math.floor(random() * 12));
  await Promise.race([done, until(() => over(), "it ends", 60_000)]);
  proxy.mend();
};

const backend = (what: string, whom: string): Fault => async (trial) => {
  await trial.moment;
  await trial.sql.unsafe(`SELECT ${what}(pid) FROM (SELECT pid
    FROM pg_stat_activity WHERE datname = current_database()
      AND application_name = 'schema sync' AND ${whom}
    ORDER BY (pid * ${Math.floor(trial.random() * 97) + 1}) % 101 LIMIT 1) s`);
};

/** Two sessions that lock the same rows in opposite orders, over and over. */
const deadlock: Fault = async ({ url, over }) => {
  const statements = [
    "UPDATE customers SET email = email WHERE id = 1",
    "UPDATE orders SET total = total WHERE id = 1",
    "LOCK TABLE orders IN SHARE MODE",
  ];
  const orders = [[0, 1], [1, 0], [0, 2], [2, 0]];
  await Promise.all(orders.map(async (order) => {
    const sql = connect(url);
    const end = Date.now() + 4000;
    while (!over() && Date.now() < end) {
      const [first, second] = order.map((i) => statements[i]);
      await sql.unsafe(`BEGIN; ${first}; SELECT pg_sleep(0.02); ${second};
        COMMIT`).simple().catch(() => sql.unsafe("ROLLBACK").simple());
      await pause(30);
    }
    await sql.end();
  }));
};

/** What somebody else may make in the meantime. */
const MADE = [
  "CREATE TABLE notes (id integer PRIMARY KEY, body text)",
  "ALTER TABLE orders ADD cents integer",
  "ALTER TABLE orders ADD note_id integer",
  "ALTER TABLE customers ADD region text NOT NULL DEFAULT 'eu'",
  "CREATE INDEX orders_customer_id_idx ON orders (customer_id)",
  "ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email)",
  "ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey " +
  "FOREIGN KEY (customer_id) REFERENCES customers (id)",
  "ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0)",
  "CREATE TYPE mood AS ENUM ('good', 'bad')",
  "ALTER TABLE orders DROP COLUMN legacy",
  "DROP INDEX orders_old_idx",
];

const meanwhile: Fault = async ({ moment, sql, random }) => {
  await moment;
  const made = MADE[Math.floor(random() * MADE.length)] ?? "";
  await sql.unsafe(made).catch(() => {});
};

const holder: Fault = async ({ moment, url, random }) => {
  await moment;
  const sql = connect(url);
  const held = random() < 0.5
    ? "SELECT 1 FROM orders LIMIT 1"
    : "UPDATE customers SET email = email WHERE id = 2";
  await sql.unsafe(`BEGIN; ${held}; SELECT pg_sleep(2); COMMIT`).simple();
  await sql.end();
};

/** 300 inserts a second, of rows that say `cents` as soon as it is there. */
const writers: Fault = async ({ url, sql, over }) => {
  const clients = Array.from({ length: 4 }, () => connect(url));
  let id = ROWS;
  const written: number[] = [];
  const insert = async (client: postgres.Sql) => {
    const mine = ++id;
    const row = `${mine}, ${1 + mine % 2000}, ${mine % 977}`;
    await client.unsafe(`INSERT INTO orders (id, customer_id, total, cents)
        VALUES (${row}, ${mine % 977} * 100)`).catch(async (error) => {
      if (error.code !== "42703") throw error;
      await client.unsafe(
        `INSERT INTO orders (id, customer_id, total) VALUES (${row})`,
      );
    });
    written.push(mine);
  };
  await Promise.all(clients.map(async (client) => {
    while (!over()) {
      const next = pause(1000 * clients.length / 300);
      await insert(client);
      await next;
    }
    await client.end();
  }));
  return async () => {
    const [row] = await sql`SELECT count(*)::int AS n FROM orders
      WHERE id > ${ROWS}`;
    if (row?.n !== written.length) {
      throw new Error(`${written.length} were written, ${row?.n} are there`);
    }
  };
};

const FAULTS: Record<string, Fault> = {
  SIGINT: signal("SIGINT"),
  SIGTERM: signal("SIGTERM"),
  SIGKILL: signal("SIGKILL"),
  terminate: backend("pg_terminate_backend", "true"),
  cancel: backend("pg_cancel_backend", "state = 'active'"),
  restart: async ({ server, moment, random }) => {
    await moment;
    await server.restart(random() < 0.5 ? "SIGINT" : "SIGQUIT");
  },
  reset: lose("reset"),
  end: lose("end"),
  stall: lose("stall"),
  "cut before COMMIT": cut("before"),
  "cut after COMMIT": cut("after"),
  deadlock,
  meanwhile,
  holder,
  writers,
};

/** How long a run may take to end after its fault. */
const BOUND = 60_000;

interface Result {
  hung: boolean;
  lost: string;
  finished: boolean;
  untrue: string;
  output: Output | undefined;
  ms: number;
}

/** What the plan still asks for. */
async function remaining(url: string): Promise<string[]> {
  const session = await Session.open(parseTarget(url));
  try {
    const plan = await inspect(session, sections, {
      schema: "public",
      single: false,
      only: [],
      skip: [],
      probeTimeout: 60_000,
    });
    return [
      ...plan.changes.map(({ sql }) => sql),
      ...plan.issues
        .filter(({ reason = "" }) =>
          !["situation", "unchecked"].includes(reason)
        )
        .map(({ object, text }) => `⚠ ${object} ${text}`),
    ];
  } finally {
    await session.end();
  }
}

/** What the run says that is not so; nothing where all of it is. */
function untruth(
  { code, stdout, stderr }: Output,
  before: string[],
  after: string[],
  others: boolean,
): string {
  const text = stdout + stderr;
  if (code === 0 || /Committed: all/.test(text)) {
    return after.length === 0 ? "" : `it says all is done; left: ${after[0]}`;
  }
  const number = (what: RegExp) => Number(what.exec(text)?.[1] ?? 0);
  const committed = number(/Committed: (\d+) statement/);
  const unknown = number(/Not known: whether (\d+)/);
  const partly = /batches so far|INVALID/.test(text) ? 1 : 0;
  const wrong = before.slice(0, committed).find((sql) => after.includes(sql));
  if (wrong) return `it says that it is committed, and it is not: ${wrong}`;
  if (others) return "";
  const undone = before.slice(committed + unknown + partly)
    .find((sql) => !after.includes(sql));
  return undone ? `it says that it is not done, and it is: ${undone}` : "";
}

/** The command line, as a process of its own. */
function start(args: string[], url: string) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", fileURLToPath(import.meta.url), "apply", ...args],
    env: { DATABASE_URL: url, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Numbers between 0 and 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** How long a run without a fault takes (ms), as it was last seen. */
let usual = 0;

async function attempt(
  server: Server,
  kind: string,
  random: () => number,
  number: number,
): Promise<Result> {
  const name = `run_${number + 1}`;
  let admin = connect(server.url());
  await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE older`);
  await admin.end();
  const direct = server.url(name);
  const proxy = await startProxy(server.port);
  const url = `postgres://postgres@127.0.0.1:${proxy.port}/${name}`;
  const before = await remaining(direct);
  const sql = connect(direct);
  const [was] = await sql.unsafe(DIGEST);

  const at = (0.1 + 0.9 * random()) * usual;
  const child = start(["--max-wait", "20s"], url);
  const began = performance.now();
  let over = false;
  const ended = readOutput(child).finally(() => over = true);
  const fault = FAULTS[kind]?.({
    child,
    moment: pause(at),
    random,
    server,
    proxy,
    url: direct,
    sql,
    over: () => over,
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), BOUND + usual);
  const output = await ended;
  clearTimeout(limit);
  const ms = performance.now() - began;
  const hung = ms > BOUND + usual - 100;
  const result: Result = {
    hung,
    lost: "",
    finished: false,
    untrue: "",
    output,
    ms,
  };
  // Other programs slow it down or no longer do.
  if (output.code === 0 && !/stall|holder/.test(kind)) usual = ms;
  const rest = await fault;
  if (rest) await rest().catch((error) => result.lost = messageOf(error));
  proxy.mend();
  // What a killed run asked for may still be at work.
  await until(async () => {
    const left = await sql`SELECT FROM pg_stat_activity
      WHERE datname = ${name} AND application_name = 'schema sync'`
      .catch(() => [1]);
    return left.length === 0;
  }, "the run's sessions end");
  if (kind !== "SIGKILL" && !hung) {
    const after = await remaining(direct);
    const others = kind === "meanwhile";
    result.untrue = untruth(output, before, after, others);
  }
  const again = await readOutput(start([], url));
  const left = again.code === 0 ? await remaining(direct) : [again.stderr];
  result.finished = left.length === 0;
  if (!result.finished) result.untrue ||= `the rerun: ${left[0]}`;
  const [is] = await sql.unsafe(DIGEST);
  if (was?.digest !== is?.digest) result.lost = "the rows are others";
  if (result.finished) {
    const [row] = await sql.unsafe(FILLED);
    if (Number(row?.wrong) > 0) result.lost = `${row?.wrong} filled wrongly`;
  }
  await sql.end();
  await proxy.stop();
  admin = connect(server.url());
  await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
  await admin.end();
  return result;
}

async function faults() {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "300" },
      seed: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      run: { type: "string" },
      major: { type: "string", default: "18" },
    },
  });
  const kinds = Object.keys(FAULTS);
  const only = new RegExp(values.only, "i");
  const seed = Number(values.seed);
  const chosen = Array.from({ length: 100_000 }, (_, i) => i)
    .filter((i) => only.test(kinds[i % kinds.length] ?? ""))
    .slice(0, Number(values.runs));
  const numbers = values.run ? [Number(values.run)] : chosen;
  const server = await startServer(Number(values.major) as Major, [
    "deadlock_timeout = 100ms",
    "autovacuum = off",
  ]);
  const rows = new Map<string, Result[]>();
  const began = performance.now();
  try {
    const admin = connect(server.url());
    await admin.unsafe("CREATE DATABASE older");
    await admin.end();
    const older = connect(server.url("older"));
    for (const sql of OLDER.split(";")) await older.unsafe(sql);
    await older.end();
    await attempt(server, "none", randomOf(seed), -1);
    for (const i of numbers) {
      const kind = kinds[i % kinds.length] ?? "";
      const random = randomOf(seed * 1_000_003 + i);
      const result = await attempt(server, kind, random, i);
      rows.set(kind, [...rows.get(kind) ?? [], result]);
      tell(seed, i, kind, result);
    }
  } finally {
    await server.stop();
  }
  table(rows, performance.now() - began);
  const all = [...rows.values()].flat();
  const bad = all.some((result) =>
    result.hung || result.lost || !result.finished || result.untrue
  );
  return bad ? 1 : 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function tell(seed: number, i: number, kind: string, result: Result) {
  const { hung, lost, untrue, output, ms } = result;
  const faults = [hung && "HUNG", lost, untrue].filter(Boolean);
  const seconds = (ms / 1000).toFixed(1);
  console.log(
    `${i} ${kind}: exit ${output?.code}, ${seconds} s` +
      (faults.length > 0 ? `  ✗ ${faults.join("; ")}` : ""),
  );
  if (faults.length === 0) return;
  console.log(`  again: deno task faults --seed ${seed} --run ${i}`);
  console.log(output?.stderr.replaceAll(/^/gm, "    "));
}

function table(rows: Map<string, Result[]>, ms: number) {
  const head = ["kind", "runs", "stopped", "hangs", "rows lost"]
    .concat("finished at first rerun", "message true", "longest");
  const lines = [...rows].map(([kind, results]) => [
    kind,
    results.length,
    results.filter(({ output }) => output?.code !== 0).length,
    results.filter(({ hung }) => hung).length,
    results.filter(({ lost }) => lost).length,
    results.filter(({ finished }) => finished).length,
    results.filter(({ untrue }) => !untrue).length,
    `${(Math.max(...results.map(({ ms }) => ms)) / 1000).toFixed(1)} s`,
  ]);
  const sum = (at: number) =>
    lines.reduce((total, line) => total + Number(line[at]), 0);
  lines.push(["all", ...[1, 2, 3, 4, 5, 6].map(sum), ""]);
  console.log(`\n| ${head.join(" | ")} |`);
  console.log(`|${" --- |".repeat(head.length)}`);
  for (const line of lines) console.log(`| ${line.join(" | ")} |`);
  console.log(`\n${sum(1) / 2} runs in ${Math.round(ms / 1000)} s`);
}

if (import.meta.main) {
  const [first, ...rest] = Deno.args;
  if (first !== "apply") Deno.exit(await faults());
  // So that a stall is noticed in seconds.
  Session.silence = 2000;
  Deno.exit(await main(sections, ["--apply", ...ALLOWED, ...rest]));
}
