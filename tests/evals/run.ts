/**
 * Gives an agent ten schema changes, and checks what it has done:
 *
 *     deno task evals --agent 'COMMAND'   run it for each task, then check
 *     deno task evals                     check the solutions and mistakes here
 *     deno task evals --only REGEX        only tasks of such a name
 *     deno task evals --server URL        there, instead of on a server from npm
 *
 * The command runs in a new repository with the prompt on its standard input
 * and in $PROMPT; $DATABASE_URL is a database with rows, which it may read. It
 * may use any tool and its own credentials: run it where that is safe. What it
 * prints is its reply.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  connect,
  inDatabase,
  readOutput,
  type Server,
  startServer,
} from "../helpers.ts";
import { init } from "../../references/init.ts";
import { type Answer, type Task, tasks } from "./tasks.ts";

/** A repository, and the database that an apply of its script changes. */
interface Workplace {
  root: string;
  /** The folder with the script. */
  own: string;
  url: string;
}

const { values: options } = parseArgs({
  args: Deno.args.filter((arg) => arg !== "--"),
  options: {
    agent: { type: "string" },
    only: { type: "string", default: "" },
    server: { type: "string" },
  },
});
const started = options.server ? undefined : await startServer(18);
const server = started ?? serverAt(options.server!);
try {
  const chosen = tasks.filter(({ name }) =>
    new RegExp(options.only, "i").test(name)
  );
  if (chosen.length === 0) throw new Error(`no task matches ${options.only}`);
  let failed = 0;
  for (const task of chosen) failed += await evaluate(task) ? 0 : 1;
  console.log(`\n${chosen.length - failed} of ${chosen.length} passed`);
  Deno.exitCode = failed > 0 ? 1 : 0;
} finally {
  await started?.stop();
}

/** @returns whether the task has the outcome that it must have */
async function evaluate(task: Task): Promise<boolean> {
  const tell = (ok: boolean, what: string) => {
    console.log(`| ${task.name.padEnd(44)} | ${what} |`);
    return ok;
  };
  if (options.agent) {
    const wrong = await play(task, (place) => ask(task, place));
    return tell(wrong.length === 0, wrong.join("; ") || "passed");
  }
  const wrong = await play(task, (place) => write(place, task.solution));
  if (wrong.length > 0) return tell(false, `SOLUTION: ${wrong.join("; ")}`);
  const found = await play(task, (place) => write(place, task.mistake));
  const reason = found.find((line) => task.mistake.found.test(line));
  return reason
    ? tell(true, `solution passed; mistake failed: ${reason}`)
    : tell(false, `MISTAKE found by: ${found.join("; ") || "nothing"}`);
}

/** Lets somebody answer the task, and says what is wrong with the result. */
async function play(
  task: Task,
  answer: (place: Workplace) => Promise<string>,
): Promise<string[]> {
  const root = await Deno.makeTempDir({ prefix: "evals-" });
  try {
    await init(root, undefined, (...told) => new Error(told.join(": ")));
    return await server.withDatabase(async (url, sql) => {
      const place = { root, own: join(root, "schema-sync"), url };
      await sql.unsafe(`${task.models}\n${task.rows}`).simple();
      await write(place, task);
      const reply = await answer(place);
      return await check(task, place, reply);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Writes steps and models, and the guide that belongs to them. */
async function write({ own }: Workplace, { steps, models, reply }: Answer) {
  const file = join(own, "sync-production-schema.ts");
  if (steps) {
    const text = (await Deno.readTextFile(file)).replace(
      /(sections: Section\[\] = \[)[^]*?(?=\n\];\n\n\/\/ ─── End)/,
      (_, head) => `${head}\nsection("#1 Schema", [\n${steps}\n]),`,
    );
    await Deno.writeTextFile(file, text);
  }
  if (models) {
    await Deno.writeTextFile(join(own, "schema.sql"), `${models}\n`);
  }
  if (steps || models) {
    await run(own, "verify-sync-script.ts", "--static", "--update-guide");
  }
  return reply ?? "";
}

async function ask({ prompt }: Task, { root, url }: Workplace) {
  const child = new Deno.Command("sh", {
    args: ["-c", options.agent!],
    cwd: root,
    env: { PROMPT: prompt, DATABASE_URL: url },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A command that reads $PROMPT may have ended by now.
  await writer.write(new TextEncoder().encode(prompt)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout } = await child.output();
  if (code !== 0) throw new Error(`the agent's command ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

async function check(task: Task, place: Workplace, reply: string) {
  const wrong: string[] = [];
  const steps = (await Deno.readTextFile(
    join(place.own, "sync-production-schema.ts"),
  )).split("// ─── End of the steps")[0]!;
  if (task.steps_have && !task.steps_have.test(steps)) {
    wrong.push(`steps lack ${task.steps_have}`);
  }
  if (task.steps_lack?.test(steps)) wrong.push(`steps have ${task.steps_lack}`);
  if (task.reply_has && !task.reply_has.test(reply)) {
    wrong.push(`reply lacks ${task.reply_has}`);
  }
  const proof = await run(
    ...[place.own, "verify-sync-script.ts", "--quick"],
    ...["--server", server.url()],
  );
  if (proof.code !== 0) wrong.push(`verifier: ${firstFault(proof)}`);
  const database = ["--database-url", place.url];
  const apply = (hazards: string[]) =>
    run(
      ...[place.own, "sync-production-schema.ts", "--apply", "--yes"],
      ...[...database, ...hazards.flatMap((hazard) => ["--allow", hazard])],
    );
  let applied = await apply(task.allow ?? []);
  // Steps without the drop that a person allows.
  if (/--allow takes a hazard/.test(applied.stderr)) applied = await apply([]);
  if (applied.code !== 0) wrong.push(`apply: ${firstFault(applied)}`);
  const again = await run(
    ...[place.own, "sync-production-schema.ts", "--dry-run"],
    ...[...database, "--detailed-exitcode"],
  );
  if (again.code !== 0) wrong.push("dry run afterwards: not in sync");
  const sql = connect(place.url);
  try {
    for (const query of task.holds) {
      const said = await sql.unsafe(query).then(
        ([row]) => Object.values(row ?? {})[0] === true,
        () => false,
      );
      if (!said) wrong.push(`does not hold: ${query}`);
    }
  } finally {
    await sql.end();
  }
  return wrong;
}

/** The line of an output that says what is wrong. */
function firstFault({ stdout, stderr }: { stdout: string; stderr: string }) {
  const lines = `${stderr}\n${stdout}`.split("\n").map((line) => line.trim());
  // A check's name says less than the line below it.
  const at = lines.findIndex((line) => /^(✗|⚠)/.test(line));
  return (at < 0 ? undefined : lines.slice(at, at + 2).join(": ")) ??
    lines.find((line) => /^error/.test(line)) ?? "failed";
}

/** Runs one of the repository's programs. */
function run(cwd: string, program: string, ...args: string[]) {
  return readOutput(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--node-modules-dir=none", program, ...args],
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }),
  );
}

/** A server that is there already. */
function serverAt(address: string): Pick<Server, "url" | "withDatabase"> {
  const url = (database?: string) => {
    const made = new URL(address);
    if (database) made.pathname = `/${database}`;
    return made.href;
  };
  return {
    url,
    withDatabase: (use) =>
      inDatabase(url, `evals_${crypto.randomUUID().slice(0, 8)}`, use),
  };
}
