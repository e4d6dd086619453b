/**
 * Speed and memory of the script, as ratios taken in one run, since absolute
 * times say more of the machine than of the script. Both sides of a ratio run
 * in turns, as whole processes, and their medians are compared.
 *
 *     deno task bench
 *     deno task bench --locks           only what an apply does to writers
 *     deno task bench --dry-run         only dry runs
 *     deno task bench --against FILE    beside another copy of the script
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  connect,
  type Major,
  pause,
  PERMISSIONS,
  SCRIPT,
  type Server,
  startServer,
} from "./helpers.ts";

const SIZES = [10, 100, 1000] as const;
/** For the slope: a step of a large schema must cost what it does in a small. */
const LARGE = [1000, 3000, 10_000] as const;
const MEMORY = 250 * 1024;
const { values: CHOSEN } = parseArgs({
  options: {
    "locks": { type: "boolean" },
    "dry-run": { type: "boolean" },
    "against": { type: "string" },
  },
});
const ALL = !CHOSEN.locks && !CHOSEN["dry-run"];
const AGAINST = CHOSEN.against && resolve(CHOSEN.against);
const DIRECTORY = Deno.makeTempDirSync({ prefix: "bench-" });

// ═══ The result ════════════════════════════════════════════════════════════

const table = [["measure", "value", "limit", ""]];

/** One line of the table; without a limit it only informs. */
function measure(name: string, value: string, limit = "", holds = true) {
  table.push([name, value, limit, limit && (holds ? "ok" : "OVER")]);
  // It takes minutes.
  console.error(`${name}: ${value}`);
}

function ratio(name: string, ours: number[], theirs: number[], limit?: number) {
  const [a, b] = [median(ours), median(theirs)];
  const value = `${(a / b).toFixed(2)} x (${a.toFixed(0)}/${b.toFixed(0)} ms)`;
  measure(name, value, limit ? `${limit} x` : "", !limit || a / b <= limit);
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;
}

function printTable() {
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0))
  );
  for (const row of table) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    console.log(cells.join("  ").trimEnd());
  }
}

// ═══ The programs ══════════════════════════════════════════════════════════

/** Tables of ten kinds, as partitions and tenants are. */
const ALIKE = `
const key = (i) => i % 3 ? "bigint" : "uuid";

function steps(n) {
  const t = \`item_\${n}\`, parent = n < 10 ? n : n - 10, i = n % 10;
  return [
    createTable(t, {
      id: i % 3
        ? "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        : "uuid PRIMARY KEY DEFAULT gen_random_uuid()",
      parent_id: key(i),
      name: \`varchar(\${50 + i % 5 * 50}) NOT NULL\`,
      email: i % 4 ? "text NOT NULL" : "varchar(255) NOT NULL",
      status: i % 2 ? "text NOT NULL DEFAULT 'new'" : "smallint DEFAULT 0",
      amount: \`numeric(\${10 + i % 7},2) NOT NULL DEFAULT 0\`,
      quantity: "int NOT NULL DEFAULT 1",
      active: "boolean NOT NULL DEFAULT true",
      tags: "text[] NOT NULL DEFAULT '{}'",
      payload: i % 5 ? "jsonb" : "jsonb NOT NULL DEFAULT '{}'",
      starts_on: "date",
      created_at: "timestamptz NOT NULL DEFAULT now()",
    }),
    createIndex(t, \`\${t}_email_key\`, "UNIQUE (lower(email))"),
    createIndex(
      t,
      \`\${t}_status_idx\`,
      i % 2
        ? "(status, created_at DESC NULLS LAST)"
        : \`(status) WHERE active AND quantity > \${i % 11}\`,
    ),
    addForeignKey(
      t,
      \`\${t}_parent_id_fkey\`,
      \`(parent_id) REFERENCES item_\${parent} (id) ON DELETE CASCADE\`,
    ),
    addCheck(
      t,
      \`\${t}_amount_check\`,
      \`amount >= \${i} AND quantity IN (1, 2, 3)\`,
    ),
  ];
}
`;

/** Tables of which each has columns, indexes and constraints of its own. */
const DIFFERING = `
/** Numbers that are the same in each run (mulberry32). */
function random(seed) {
  return (n) => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) % n;
  };
}

const WORDS = ("account address amount batch city code country currency day " +
  "email event fee group height invoice item kind label level limit line log " +
  "margin mode name note number offer order owner page part path phase plan " +
  "point price rank rate reason region rule score shop size slot source stage " +
  "state step stock store tag tax team term title token topic total unit " +
  "value version view volume week weight zone").split(" ");

const NUMBERS = [
  (r) => \`int NOT NULL DEFAULT \${r(900)}\`,
  (r) => ["bigint", "smallint NOT NULL"][r(2)],
  (r) => \`numeric(\${6 + r(12)},\${r(5)}) NOT NULL DEFAULT \${r(90)}\`,
];
const TEXTS = [
  (r) => ["text", "text NOT NULL", "text NOT NULL DEFAULT ''"][r(3)],
  (r) => \`text DEFAULT 'v\${r(500)}'\`,
  (r) => \`varchar(\${10 + r(290)})\${[" NOT NULL", ""][r(2)]}\`,
  (r) => \`varchar(\${10 + r(90)}) NOT NULL DEFAULT 'n\${r(90)}'\`,
];
const TIMES = [
  (r) => ["timestamptz", "timestamptz NOT NULL DEFAULT now()"][r(2)],
  (r) => ["date", "date DEFAULT CURRENT_DATE"][r(2)],
];
const OTHERS = [
  (r) => \`boolean NOT NULL DEFAULT \${["true", "false"][r(2)]}\`,
  (r) => ["text[]", "text[] NOT NULL DEFAULT '{}'"][r(2)],
  (r) => ["uuid", "uuid NOT NULL DEFAULT gen_random_uuid()"][r(2)],
  (r) => ["double precision", \`double precision DEFAULT \${r(90)}.5\`][r(2)],
  (r) => \`interval DEFAULT '\${1 + r(30)} days'\`,
];
const JSON = [(r) => ["jsonb", "jsonb NOT NULL DEFAULT '{}'"][r(2)]];
const SORTS = [NUMBERS, TEXTS, TIMES, OTHERS, JSON];

const tables = [];
const hasUuid = (n) => n % 3 === 0;

function steps(n) {
  const r = random(n);
  const word = () => WORDS[r(WORDS.length)];
  const t = tables[n] = \`\${word()}_\${word()}_\${n}\`;
  const columns = {
    id: hasUuid(n)
      ? "uuid PRIMARY KEY DEFAULT gen_random_uuid()"
      : "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  };
  const named = SORTS.map(() => []);
  for (let i = 3 + r(18); i > 0; i--) {
    const sort = r(SORTS.length), makes = SORTS[sort];
    const name = \`\${word()}_\${word()}\`;
    if (columns[name]) continue;
    columns[name] = makes[r(makes.length)](r);
    named[sort].push(name);
  }
  const [numbers, texts, times, others, json] = named;
  const made = [createTable(t, columns)];
  const index = (text) =>
    made.push(createIndex(t, \`\${t}_\${made.length}_idx\`, text));
  if (texts[0]) index(\`UNIQUE (lower(\${texts[0]}), id)\`);
  if (numbers[0] && times[0]) index(\`(\${numbers[0]}, \${times[0]} DESC)\`);
  if (numbers[1]) index(\`(\${numbers[1]}) WHERE \${numbers[1]} > \${r(900)}\`);
  if (json[0]) index(\`USING gin (\${json[0]}\${[" jsonb_path_ops", ""][r(2)]})\`);
  if (times[1]) index(\`USING brin (\${times[1]})\`);
  if (others[0] && r(2)) {
    made.push(addUnique(t, \`\${t}_key\`, \`(\${others[0]}, id)\`));
  }
  numbers.slice(0, r(3)).forEach((name, i) => {
    const condition = [
      \`\${name} >= 0\`,
      \`\${name} BETWEEN \${r(9)} AND \${9 + r(900)}\`,
      \`\${name} IN (\${r(9)}, \${9 + r(9)})\`,
    ][r(3)];
    made.push(addCheck(t, \`\${t}_\${i}_check\`, condition));
  });
  for (let i = n > 0 ? r(3) : 0; i > 0; i--) {
    const parent = r(n), column = \`parent_\${i}\`;
    columns[column] = hasUuid(parent) ? "uuid" : "bigint";
    made.push(addForeignKey(
      t,
      \`\${t}_\${column}_fkey\`,
      \`(\${column}) REFERENCES \${tables[parent]} (id)\` +
        ["", " ON DELETE CASCADE", " ON DELETE SET NULL"][r(3)],
    ));
  }
  return made;
}
`;

type Shape = "alike" | "differing";

/** Steps for so many tables, for the script or another copy of it. */
function writeSteps(
  tables: number,
  shape: Shape = "alike",
  engine = SCRIPT,
): string {
  const known = engine === SCRIPT ? "" : "-against";
  return write(
    `steps-${shape}-${tables}${known}.ts`,
    `import { addCheck, addForeignKey, addUnique, createIndex, createTable, main,
  section } from ${JSON.stringify(`file://${engine}`)};
${shape === "alike" ? ALIKE : DIFFERING}
const sections = [];
for (let i = 0; i < ${tables}; i += 10) {
  const numbers = Array.from({ length: 10 }, (_, n) => i + n);
  sections.push(section(\`Items from \${i}\`, numbers.flatMap(steps)));
}
Deno.exit(await main(sections, Deno.args));
`,
  );
}

/** What any tool asks that compares schemas: all in one plain query. */
const CATALOG = `SELECT relname AS table, 'column' AS kind,
    attname::text AS name, concat_ws(' ', format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN 'NOT NULL' END, attidentity, attgenerated,
      pg_get_expr(adbin, adrelid)) AS definition
  FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND attnum > 0 AND NOT attisdropped
  UNION ALL SELECT indrelid::regclass::text, 'index',
    indexrelid::regclass::text, pg_get_indexdef(indexrelid)
  FROM pg_index JOIN pg_class c ON c.oid = indrelid
  WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT conrelid::regclass::text, 'constraint', conname,
    pg_get_constraintdef(c.oid)
  FROM pg_constraint c WHERE connamespace = 'public'::regnamespace
    AND contype IN ('c', 'f', 'p', 'u', 'x')`;

/** The least that any program does which talks to a database. */
const SELECT = write(
  "select.ts",
  `import postgres from "npm:postgres@3.4.9";
const url = new URL(Deno.env.get("DATABASE_URL"));
const sql = postgres({
  host: url.hostname,
  port: Number(url.port),
  user: url.username,
  pass: "",
  database: url.pathname.slice(1),
  ssl: "prefer",
  connect_timeout: 10,
  connection: { application_name: "schema sync" },
  max: 1,
  idle_timeout: 0,
  max_lifetime: null,
  fetch_types: false,
  prepare: false,
  onnotice: () => {},
});
const rows = await sql.unsafe(Deno.args[0]).simple();
if (rows.length === 0) throw new Error("no answer");
await sql.end({ timeout: 1 });
Deno.exit(0);
`,
);

const EMPTY = write("empty.ts", "");

function write(name: string, text: string): string {
  const path = join(DIRECTORY, name);
  Deno.writeTextFileSync(path, text);
  return path;
}

interface Result {
  ms: number;
  /** The peak of the resident memory in KiB; 0 where it is not known. */
  memory: number;
  stdout: string;
}

interface RunOptions {
  url?: string | undefined;
  args?: string[];
  /** Looks at the memory while it runs, which disturbs the time. */
  watch?: boolean;
}

/** Runs a program of the runtime with the script's own permissions. */
function runDeno(file: string, options: RunOptions = {}): Promise<Result> {
  const { args = [] } = options;
  return run(Deno.execPath(), ["run", ...PERMISSIONS, file, ...args], options);
}

async function run(
  command: string,
  args: string[],
  { url, watch }: RunOptions = {},
): Promise<Result> {
  const start = performance.now();
  const child = new Deno.Command(command, {
    args,
    cwd: dirname(SCRIPT),
    env: { NO_COLOR: "1", ...(url && { DATABASE_URL: url }) },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let memory = 0;
  const timer = watch && setInterval(() => {
    memory = Math.max(memory, peakMemory(child.pid));
  }, 5);
  const { success, stdout, stderr } = await child.output();
  const ms = performance.now() - start;
  if (timer) clearInterval(timer);
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`${command} ${args.join(" ")}:\n${decoder.decode(stderr)}`);
  }
  return { ms, memory, stdout: decoder.decode(stdout) };
}

/** Linux tells it of a process that runs; elsewhere it is not known. */
function peakMemory(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The times of each program, run in turns, some of them to warm up. */
async function inTurns(
  { warmUp = 1, turns }: { warmUp?: number; turns: number },
  ...programs: (() => Promise<Result>)[]
): Promise<number[][]> {
  const times: number[][] = programs.map(() => []);
  for (let turn = 0; turn < warmUp + turns; turn++) {
    for (const [i, program] of programs.entries()) {
      const { ms } = await program();
      if (turn >= warmUp) times[i]?.push(ms);
    }
  }
  return times;
}

// ═══ The wire ══════════════════════════════════════════════════════════════

/** Stands before a server, makes it as slow as told, and counts. */
function startProxy(port: number, delay = 0) {
  const counts = { statements: 0, roundTrips: 0 };
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      let ready = false;
      pump(client, server, delay, (chunk) => {
        // X is the client's farewell.
        if (ready && chunk[0] !== 88) counts.roundTrips++, ready = false;
      });
      const read = messageReader((type) => {
        // CommandComplete, ErrorResponse and ReadyForQuery.
        if (type === "C" || type === "E") counts.statements++;
        if (type === "Z") ready = true;
      });
      pump(server, client, delay, read);
    }
  })();
  return {
    counts,
    url: (database: string) =>
      `postgres://postgres@127.0.0.1:${
        (listener.addr as Deno.NetAddr).port
      }/${database}`,
    stop: () => listener.close(),
  };
}

/** Passes on what comes, each piece so much later. */
async function pump(
  from: Deno.Conn,
  to: Deno.Conn,
  delay: number,
  look: (chunk: Uint8Array) => void,
) {
  let written: Promise<unknown> = Promise.resolve();
  try {
    for await (const chunk of from.readable.values({ preventCancel: true })) {
      look(chunk);
      const due = delay &&
        new Promise((resolve) => setTimeout(resolve, delay));
      written = written.then(() => due).then(() => writeAll(to, chunk));
      written.catch(() => {});
    }
    await written;
  } catch {
    // Either side may hang up at any time.
  }
  try {
    to.close();
  } catch {
    // The other direction has closed it.
  }
}

async function writeAll(to: Deno.Conn, chunk: Uint8Array) {
  for (let from = 0; from < chunk.length;) {
    from += await to.write(chunk.subarray(from));
  }
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
function messageReader(found: (type: string) => void) {
  let rest = new Uint8Array();
  let tls = true;
  return (chunk: Uint8Array) => {
    // One byte alone answers the question for TLS.
    if (tls && chunk.length === 1) return;
    tls = false;
    const data = new Uint8Array(rest.length + chunk.length);
    data.set(rest), data.set(chunk, rest.length);
    const view = new DataView(data.buffer);
    let at = 0;
    while (at + 5 <= data.length) {
      const end = at + 1 + view.getUint32(at + 1);
      if (end > data.length) break;
      found(String.fromCharCode(data[at] ?? 0));
      at = end;
    }
    rest = data.slice(at);
  };
}

// ═══ The measures ══════════════════════════════════════════════════════════

/** The statements that a dry run prints, without what it says of them. */
function printedSql(stdout: string): string[] {
  return stdout.split("\n")
    .filter((line) => /^ {6}(?!-- )/.test(line))
    .join("\n").split(/;$/m).map((sql) => sql.trim()).filter(Boolean);
}

async function createDatabase(server: Server, name: string): Promise<string> {
  const admin = connect(server.url());
  await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.unsafe(`CREATE DATABASE ${name}`);
  await admin.end();
  return server.url(name);
}

/** Runs statements, by psql or else by the client: as one transaction, if whole. */
async function runSql(
  url: string,
  statements: string[],
  { whole = true } = {},
): Promise<Result> {
  const text = statements.map((sql) => `${sql};\n`).join("");
  if (hasPsql) {
    const file = write("schema.sql", text);
    return await run("psql", [
      whole ? "-Xq1" : "-Xq",
      "-v",
      "ON_ERROR_STOP=1",
      "-f",
      file,
      url,
    ]);
  }
  const start = performance.now();
  const sql = connect(url);
  if (whole) await sql.unsafe("BEGIN");
  for (const statement of statements) await sql.unsafe(statement).simple();
  if (whole) await sql.unsafe("COMMIT");
  await sql.end();
  return { ms: performance.now() - start, memory: 0, stdout: "" };
}

const hasPsql = await run("psql", ["--version"]).then(() => true, () => false);

/** Databases that have everything, as the statistics of a settled one. */
async function settle(url: string) {
  const sql = connect(url);
  await sql.unsafe("VACUUM ANALYZE");
  await sql.end();
}

/** Drops a part of every table, so that a dry run has much to say. */
async function unsettle(url: string) {
  const sql = connect(url);
  const tables = await sql`SELECT relname AS t FROM pg_class
    WHERE relkind = 'r' AND relname LIKE 'item\\_%'`;
  await sql.unsafe(
    tables.map(({ t }) =>
      `ALTER TABLE ${t} DROP COLUMN payload, DROP COLUMN starts_on,
        DROP CONSTRAINT ${t}_amount_check, ALTER active DROP NOT NULL,
        ALTER quantity DROP DEFAULT; DROP INDEX ${t}_status_idx; COMMIT`
    ).join("; "),
  );
  await sql.end();
}

interface DryRun {
  shape?: Shape;
  engine?: string | undefined;
  watch?: boolean;
}

function dryRun(
  tables: number,
  url: string,
  { shape, engine, watch = false }: DryRun = {},
) {
  const args = ["--dry-run", "--probe-timeout", "1m"];
  return runDeno(writeSteps(tables, shape, engine), { url, args, watch });
}

const select = (url: string, query = "SELECT 1") =>
  runDeno(SELECT, { url, args: [query] });

async function measureStartUp() {
  const [ours = [], empty = []] = await inTurns(
    { turns: 20 },
    () => runDeno(SCRIPT, { args: ["--help"] }),
    () => runDeno(EMPTY),
  );
  ratio("start-up: --help / empty program", ours, empty, 1.5);
}

/** Leaves the databases of each size, with everything in place. */
async function measureApply(server: Server) {
  const file = writeSteps(1000);
  const args = ["--apply"];
  for (const tables of SIZES) {
    const url = await createDatabase(server, `bench_${tables}`);
    const { stdout } = await dryRun(tables, url);
    const statements = printedSql(stdout);
    if (tables < 1000) await runSql(url, statements);
    else {
      const [ours = [], theirs = []] = await inTurns(
        { turns: 3, warmUp: 0 },
        async () => {
          const url = await createDatabase(server, "bench_apply");
          return await runDeno(file, { url, args });
        },
        async () => {
          const url = await createDatabase(server, "bench_1000");
          return await runSql(url, statements);
        },
      );
      const client = hasPsql ? "psql -f" : "postgres.js, one by one";
      ratio(`apply, 1000 tables / ${client}`, ours, theirs, 1.15);
    }
    await settle(url);
  }
}

async function measureDryRun(server: Server, turns: number) {
  const [one = [], ...times] = await inTurns(
    { turns },
    () => select(server.url("bench_1000")),
    ...SIZES.map((tables) => () =>
      dryRun(tables, server.url(`bench_${tables}`))
    ),
  );
  SIZES.forEach((tables, i) => {
    const name = `dry run, ${tables} tables in place / SELECT 1 ` +
      `(PostgreSQL ${server.major})`;
    ratio(name, times[i] ?? [], one, tables === 1000 ? 5 : undefined);
  });
}

/** The same schema grows, and is looked at on the way. */
async function measureShape(server: Server, shape: Shape) {
  const url = await createDatabase(server, `bench_${shape}`);
  const sizes = shape === "alike" ? LARGE.slice(0, 1) : LARGE;
  const costs: number[] = [];
  for (const tables of sizes) {
    await runSql(
      url,
      printedSql((await dryRun(tables, url, { shape })).stdout),
      {
        whole: false,
      },
    );
    await settle(url);
    const engines = [SCRIPT, ...(AGAINST ? [AGAINST] : [])];
    const [one = [], plain = [], ours = [], theirs = []] = await inTurns(
      { turns: tables > 1000 ? 3 : 7 },
      () => select(url),
      () => select(url, CATALOG),
      ...engines.map((engine) => () => dryRun(tables, url, { shape, engine })),
    );
    costs.push((median(ours) - median(one)) / tables);
    const name = `dry run, ${tables} ${shape} tables in place`;
    const limit = shape === "differing" && tables === 1000 ? 1.3 : undefined;
    ratio(`${name} / a plain catalog query`, ours, plain, limit);
    if (AGAINST) ratio(`${name} / the other copy`, ours, theirs, 1);
  }
  if (costs.length === 1) return;
  const [first = 0] = costs;
  measure(
    `dry run, ms a table of ${sizes.join(", ")} ${shape}`,
    costs.map((cost) => cost.toFixed(2)).join(", "),
    "1.3 x the first",
    costs.every((cost) => cost <= 1.3 * first),
  );
}

async function measureSlowDryRun(server: Server) {
  const proxy = startProxy(server.port, 25);
  const [ours = [], one = []] = await inTurns(
    { turns: 5 },
    () => dryRun(100, proxy.url("bench_100")),
    () => select(proxy.url("bench_100")),
  );
  proxy.stop();
  ratio("dry run, 100 tables, 50 ms a round trip / SELECT 1", ours, one, 3);
}

async function measureRoundTrips(server: Server, state: string) {
  // What does not wait for an answer comes well before one.
  const proxy = startProxy(server.port, 20);
  const found: { statements: number; roundTrips: number }[] = [];
  for (const tables of SIZES) {
    Object.assign(proxy.counts, { statements: 0, roundTrips: 0 });
    const { stdout } = await dryRun(tables, proxy.url(`bench_${tables}`));
    const changes = printedSql(stdout).length;
    if ((state === "in place") !== (changes === 0)) {
      throw new Error(`${changes} statements where all is ${state}`);
    }
    found.push({ ...proxy.counts });
  }
  proxy.stop();
  const same = (numbers: number[]) => new Set(numbers).size === 1;
  const statements = found.map((counts) => counts.statements);
  const roundTrips = found.map((counts) => counts.roundTrips);
  const sizes = `10, 100, 1000 tables, ${state}`;
  measure(
    `round trips of a dry run: ${sizes}`,
    roundTrips.join(", "),
    "3",
    Math.max(...roundTrips) <= 3,
  );
  measure(
    `statements of a dry run: ${sizes}`,
    statements.join(", "),
    "same",
    same(statements),
  );
}

async function measureMemory(server: Server) {
  const args = ["--apply"];
  const url = await createDatabase(server, "bench_apply");
  const apply = await runDeno(writeSteps(1000), { url, args, watch: true });
  const url1000 = server.url("bench_1000");
  const look = await dryRun(1000, url1000, { watch: true });
  const memories = { "dry run": look.memory, apply: apply.memory };
  for (const [what, memory] of Object.entries(memories)) {
    const name = `peak memory: ${what}, 1000 tables`;
    if (memory === 0) measure(name, "not known on this system");
    else {
      const value = `${(memory / 1024).toFixed(0)} MB`;
      measure(name, value, "250 MB", memory <= MEMORY);
    }
  }
}

// ─── Beside writers ────────────────────────────────────────────────────────

const ROWS = 2_000_000;
const WRITERS = 8;
/** How much longer than ever in a quiet time a write may wait (ms). */
const STALL = 50;

const BUSY = `CREATE TABLE kinds (id integer PRIMARY KEY);
  INSERT INTO kinds SELECT generate_series(0, 9);
  CREATE TABLE busy AS SELECT g::bigint AS id, g % 10 AS kind, 0 AS n,
    md5(g::text) AS name FROM generate_series(1, ${ROWS}) g;
  ALTER TABLE busy ADD PRIMARY KEY (id)`;

/** Every sort of lock that stops writers, and what runs without one. */
const BUSY_STEPS = [
  `addColumn("busy", "at", "timestamptz NOT NULL DEFAULT now()")`,
  `addCheck("busy", "busy_n_check", "n >= 0")`,
  `addForeignKey("busy", "busy_kind_fkey", "(kind) REFERENCES kinds (id)")`,
  `createIndex("busy", "busy_name_idx", "(name)")`,
  `setNotNull("busy", "kind")`,
];

const BUSY_UNDO = `ALTER TABLE busy DROP COLUMN IF EXISTS at,
  DROP CONSTRAINT IF EXISTS busy_n_check,
  DROP CONSTRAINT IF EXISTS busy_kind_fkey, ALTER kind DROP NOT NULL;
  DROP INDEX IF EXISTS busy_name_idx`;

/** Before looking: a lock timeout, and another try after a pause. */
async function alterNaively(url: string) {
  const sql = connect(url);
  await sql.unsafe("SET lock_timeout = '500ms'");
  for (;;) {
    try {
      await sql.unsafe("ALTER TABLE busy ADD COLUMN at timestamptz");
      break;
    } catch {
      await pause(1000);
    }
  }
  await sql.end();
}

/**
 * The longest that a write waited while `work` was done (ms), and the longest
 * of it in a queue for the table, as pg_locks was seen.
 */
async function longestWait(url: string, work: () => Promise<unknown>) {
  const sql = connect(url, WRITERS), watcher = connect(url);
  let longest = 0, queued = 0, going = true;
  const write = async () => {
    while (going) {
      const id = 2 + Math.floor(Math.random() * (ROWS - 2));
      const start = performance.now();
      await sql.unsafe(`UPDATE busy SET n = n + 1 WHERE id = ${id}`);
      longest = Math.max(longest, performance.now() - start);
      await pause(5);
    }
  };
  const watch = async () => {
    while (going) {
      const [row] = await watcher.unsafe(`SELECT coalesce(max(extract(epoch
          FROM clock_timestamp() - waitstart)), 0)::float8 * 1000 AS ms
        FROM pg_locks WHERE NOT granted AND mode = 'RowExclusiveLock'`);
      queued = Math.max(queued, row?.ms);
      await pause(5);
    }
  };
  const busy = [watch(), ...Array.from({ length: WRITERS }, write)];
  await work();
  going = false;
  await Promise.all(busy);
  await Promise.all([sql.end(), watcher.end()]);
  return { longest, queued };
}

/** Runs `work` beside a session that forgets a row lock for ten seconds. */
async function besideIdle(url: string, work: () => Promise<unknown>) {
  const sql = connect(url);
  await sql.unsafe("BEGIN; SELECT FROM busy WHERE id = 1 FOR UPDATE");
  const freed = pause(10_000).then(async () => {
    await sql.unsafe("ROLLBACK");
    return performance.now();
  });
  await Promise.all([work(), freed]);
  await sql.end();
}

async function measureLocks(server: Server) {
  const url = await createDatabase(server, "bench_locks");
  const admin = connect(url);
  await admin.unsafe(BUSY);
  await settle(url);
  const file = write(
    "busy.ts",
    `import { addCheck, addColumn, addForeignKey, createIndex, main, section,
  setNotNull } from ${JSON.stringify(`file://${SCRIPT}`)};
Deno.exit(await main([section("Busy", [${BUSY_STEPS}])], Deno.args));
`,
  );
  const ours = () => runDeno(file, { url, args: ["--apply"] });
  const naive = () => alterNaively(url);
  await longestWait(url, () => pause(1000));
  const { longest: quiet } = await longestWait(url, () => pause(10_000));
  const programs: [string, () => Promise<unknown>, boolean][] = [
    ["apply", ours, true],
    [
      "apply, a session idle in transaction for 10 s",
      () => besideIdle(url, ours),
      true,
    ],
    ["plain ALTER, lock_timeout 500ms", naive, false],
    [
      "plain ALTER, a session idle in transaction for 10 s",
      () => besideIdle(url, naive),
      false,
    ],
  ];
  for (const [what, work, limited] of programs) {
    const { longest, queued } = await longestWait(url, work);
    measure(
      `longest write wait, ${WRITERS} writers: ${what} / quiet`,
      `${longest.toFixed(0)}/${quiet.toFixed(0)} ms, ` +
        `${queued.toFixed(0)} of it queued`,
      limited ? `+ ${STALL} ms` : "",
      longest <= quiet + STALL,
    );
    await admin.unsafe(BUSY_UNDO);
  }
  await admin.end();
}

async function measureServer(major: Major) {
  const server = await startServer(major);
  try {
    if (major === 18) {
      if (!CHOSEN["dry-run"]) await measureLocks(server);
      if (CHOSEN.locks) return;
      for (const shape of ["alike", "differing"] as const) {
        await measureShape(server, shape);
      }
      if (!ALL) return;
      await measureApply(server);
      await measureMemory(server);
      await measureDryRun(server, 7);
      await measureSlowDryRun(server);
      await measureRoundTrips(server, "in place");
      for (const tables of SIZES) await unsettle(server.url(`bench_${tables}`));
      await measureRoundTrips(server, "pending");
    } else {
      for (const tables of SIZES) {
        const url = await createDatabase(server, `bench_${tables}`);
        await runSql(url, printedSql((await dryRun(tables, url)).stdout));
        await settle(url);
      }
      await measureDryRun(server, 5);
    }
  } finally {
    await server.stop();
  }
}

try {
  if (ALL) await measureStartUp();
  await measureServer(18);
  if (ALL) await measureServer(14);
} finally {
  Deno.removeSync(DIRECTORY, { recursive: true });
}
printTable();
Deno.exit(table.some((row) => row.includes("OVER")) ? 1 : 0);
