/**
 * The verifier, tried on mistakes: the project's own script, models and guide
 * with one mistake at a time, and the models of every kind of object with one
 * property otherwise. It must catch each with a message that names the object;
 * harmless edits must raise no alarm.
 *
 *     deno task mutants                   all, with the table and the matrix
 *     deno task mutants --only PATTERN    those whose kind or text it matches
 *
 * @module
 */

import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import {
  connect,
  copyOfProject,
  type Project,
  type Server,
  startServer,
  verify,
} from "./helpers.ts";
import {
  errorLines,
  findMigrationCommands,
  prove,
  readArguments,
  Reporter,
  sealed,
} from "../verify-sync-script.ts";
import {
  DEPLOYED,
  DEPLOYED_SAFELY,
  type Edit,
  type File,
  harmless,
  JUDGED,
  mutants,
  OF_CHECKS,
  STATIC,
  UNSEALED,
} from "./mutants_of_project.ts";
import { KINDS, OF_KINDS, SAME_OF_KINDS } from "./mutants_of_kinds.ts";

/** What a proof came to. */
interface Tried {
  /** Checks that failed, each as a row of CHECKS. */
  caught: string[];
  said: string;
}

/** What the verifier looks at, by the check and what it says of a failure. */
const CHECKS: [check: string, what: string, says: RegExp][] = [
  ["loads", "the steps load, and PostgreSQL takes their SQL", /^/],
  ["static", "the engine is as released", /the engine of .* was edited/],
  ["static", "models and steps have the same names", /^/],
  ["fresh", "pg_dump sees no difference", /\(seen by pg_dump\)/],
  ["fresh", "an apply on an empty database succeeds", /^an apply fails/],
  ["fresh", "it makes what the models say", /^/],
  ["idempotent", "a second apply writes nothing", /^a second apply changes/],
  ["idempotent", "a second run plans nothing", /^/],
  ["strict", "every altered property is noticed", /^/],
  ["runs", "both modes work as processes", /^/],
  ["dry", "a dry run writes nothing where much is pending", /^/],
  ["works", "no trigger discards a row", /is silently discarded/],
  ["works", "triggers and functions run", /^/],
  ["convergent", "every table gets rows", /no row could be made/],
  ["convergent", "no row is lost", /an apply loses/],
  ["convergent", "a backfill ends", /a backfill overwrites/],
  ["convergent", "no value changes but by a backfill", /an apply changes/],
  ["convergent", "no sequence goes back", /an apply resets/],
  ["convergent", "a check sees each part", /a part of it is missing/],
  ["convergent", "a check sees its schema alone", /another schema has all/],
  ["convergent", "an apply from any state ends equal", /^/],
  ["interrupted", "an apply after any stop ends equal", /^/],
  ["ran", "all longhand SQL has run", /^/],
  ["documented", "the skill names the programs", /does not name/],
  ["documented", "the guide lists the models", /^/],
  ["alone", "deploy files change nothing", /^/],
];

function rowOf(check: string, message: string): string {
  const [, what] =
    CHECKS.find(([name, , says]) => name === check && says.test(message)) ?? [];
  return `${check}: ${what}`;
}

const BANNER = "// ─── End of the steps";

/** The projects that mistakes are made in, on one scratch server. */
export class Bench {
  private constructor(
    readonly server: Server,
    readonly own: Project,
    readonly files: Record<File, string>,
    /** The steps that a scaffold prints for one of each kind. */
    readonly kinds: Project,
  ) {}

  /** @throws AssertionError where a project is not proved without a mistake */
  static async start(): Promise<Bench> {
    // What is wrong with a mutant is no error of the build.
    Deno.env.delete("GITHUB_ACTIONS");
    const [server, own, kinds] = await Promise.all([
      startServer(18),
      copyOfProject(),
      copyOfProject(),
    ]);
    kinds.models = join(kinds.directory, "models.sql");
    await Deno.writeTextFile(kinds.models, KINDS);
    const [head = "", steps = "", engine = ""] = split(
      await Deno.readTextFile(kinds.script),
    );
    const list = "export const sections: Section[] = [\n";
    const none = steps.slice(0, steps.indexOf(list)) + `${list}];\n\n`;
    await Deno.writeTextFile(kinds.script, head + none + engine);
    const printed = await verify(
      kinds,
      ["--scaffold", "--write"].concat(
        ...["--server", server.url()],
      ),
    );
    assert.equal(printed.code, 0, printed.stdout + printed.stderr);
    const files = { script: "", models: "", guide: "", skill: "" };
    const bench = new Bench(server, own, files, kinds);
    for (const project of [own, kinds]) {
      const tried = await bench.prove(
        project,
        ["--update-guide", "--states", "5"],
      );
      assert.deepEqual(tried.caught, [], tried.said);
    }
    for (const file of Object.keys(files) as File[]) {
      files[file] = await Deno.readTextFile(own[file]);
    }
    return bench;
  }

  async stop() {
    const admin = connect(this.server.url());
    const left = await admin`SELECT datname FROM pg_database
      WHERE datname LIKE 'verify%'`;
    await admin.end();
    await this.server.stop();
    for (const { directory } of [this.own, this.kinds]) {
      await Deno.remove(directory, { recursive: true });
    }
    assert.deepEqual([...left], []);
  }

  /** The project's own files, edited. */
  async edited(
    edits: Edit[],
    args: string[],
    isSealed = true,
  ): Promise<Tried> {
    const files = { ...this.files };
    for (const { file, from, to } of edits) {
      const found = files[file].split(from).length - 1;
      assert.equal(found, 1, `${found} times in the ${file}: ${from}`);
      files[file] = files[file].replace(from, () => to);
    }
    const edited = new Set(edits.map(({ file }) => file));
    const project = { ...this.own };
    project.directory = await Deno.makeTempDir({ prefix: "project-" });
    for (const file of edited) {
      project[file] = join(project.directory, basename(this.own[file]));
      const text = file === "script"
        ? this.#onEngine(files.script, isSealed)
        : files[file];
      await Deno.writeTextFile(project[file], text);
    }
    // Models and guide are looked at by the quick form, and by no other check.
    const quick = edited.has("script") ? [] : ["--quick"];
    const tried = await this.prove(project, [...quick, ...args]);
    await Deno.remove(project.directory, { recursive: true });
    return tried;
  }

  /** The same steps, on the engine that is loaded; where it is not edited. */
  #onEngine(script: string, isSealed: boolean): string {
    const [head = "", steps = "", engine = ""] = split(script);
    const [, , own = ""] = split(this.files.script);
    if (engine !== own) return isSealed ? sealed(script) ?? "" : script;
    const [shebang] = head.split("\n", 1);
    const from = JSON.stringify(pathToFileURL(this.own.script).href);
    const names = [...own.matchAll(/^export (?:async )?function (\w+)/gm)]
      .map(([, name]) => name);
    return `${shebang}\n// deno-lint-ignore-file\n` +
      `import { type Section, ${names.join(", ")} } from ${from};\n` +
      `export * from ${from};\n${steps}\n` +
      "if (import.meta.main) Deno.exit(await main(sections, Deno.args));\n";
  }

  /** The models of every kind, otherwise than the steps. */
  async otherwise(
    edit: (models: string) => string,
    args: string[],
  ): Promise<Tried> {
    const models = edit(KINDS);
    assert.notEqual(models, KINDS);
    const directory = await Deno.makeTempDir({ prefix: "project-" });
    const project = {
      ...this.kinds,
      models: join(directory, "models.sql"),
      guide: join(directory, "GUIDE.md"),
    };
    await Deno.writeTextFile(project.models, models);
    await Deno.copyFile(this.kinds.guide, project.guide);
    const tried = await this.prove(project, ["--quick", ...args]);
    await Deno.remove(directory, { recursive: true });
    return tried;
  }

  /** A project that holds the files, looked at in its own directory. */
  async deployed(files: Record<string, string>): Promise<Tried> {
    const directory = await Deno.makeTempDir({ prefix: "project-" });
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(directory, name)), { recursive: true });
      await Deno.writeTextFile(join(directory, name), text);
    }
    const { problems } = await findMigrationCommands(directory);
    await Deno.remove(directory, { recursive: true });
    const said = problems.map(({ message }) => message).join("\n");
    return {
      caught: problems.map(({ message }) => rowOf("alone", message)),
      said,
    };
  }

  /** The proof, in this process: to load all of it takes longer. */
  async prove(project: Project, args: string[]): Promise<Tried> {
    const { script, models, guide, skill } = project;
    const flags = Object.entries({ script, models, guide, skill })
      .flatMap(([flag, path]) => [`--${flag}`, path]);
    const embedded = args.includes("--embedded");
    const options = await readArguments([
      ...flags,
      ...embedded ? [] : ["--server", this.server.url()],
      ...["--format", "json"],
      ...args.filter((arg) => arg !== "--embedded"),
    ]);
    const report = new Reporter(options!);
    const failed: [check: string, message: string, code?: string][] = [];
    try {
      await prove(options!, report);
    } catch (error) {
      failed.push(["loads", errorLines(error).join("\n")]);
    }
    for (const { name, problems } of report.proofs) {
      for (const { message, code } of problems) {
        failed.push([name, message, code ?? ""]);
      }
    }
    return {
      caught: [
        ...new Set(failed.map(([name, message]) => rowOf(name, message))),
      ],
      said: failed.map((parts) => parts.join("\n")).join("\n"),
    };
  }
}

/** What is before the steps, the steps, and the engine. */
function split(script: string): string[] {
  const steps = script.indexOf("// ═══ Steps ═");
  const engine = script.indexOf(BANNER);
  return [
    script.slice(0, steps),
    script.slice(steps, engine),
    script.slice(engine),
  ];
}

/** How the proof is run for kinds that another form of it is for. */
const FORMS: Record<string, string[]> = {
  [JUDGED]: ["--quick", "--embedded"],
  [STATIC]: ["--static"],
};

/** A mistake of any sort. */
export interface Mistake {
  kind: string;
  text: string;
  try(bench: Bench, ...args: string[]): Promise<Tried>;
  /** What the verifier must say. */
  says: RegExp | string;
  /** Why the verifier does not see it. */
  missed?: string;
  /** Whether CI tries it: the first of a kind of object, or of a check. */
  isQuick?: boolean;
}

export function mistakesOf(): Mistake[] {
  const all = allMistakes();
  for (const [kind, [first]] of Map.groupBy(all, ({ kind }) => kind)) {
    first!.isQuick = kind.startsWith("kind: ") || OF_CHECKS.includes(kind);
  }
  return all;
}

function allMistakes(): Mistake[] {
  const behind = (sql: string) => (models: string) => `${models}\n${sql};\n`;
  return [
    ...mutants.map(({ kind, edits, says }): Mistake => ({
      kind,
      text: textOf(edits),
      try: (bench, ...args) =>
        bench.edited(
          edits,
          [...FORMS[kind] ?? ["--states", "12"], ...args],
          kind !== UNSEALED,
        ),
      says,
    })),
    ...Object.entries(OF_KINDS).flatMap(([kind, rows]) =>
      rows.map(([says, sql, missed]): Mistake => ({
        kind: `kind: ${kind}`,
        text: sql,
        try: (bench, ...args) => bench.otherwise(behind(sql), args),
        says,
        ...(missed && { missed }),
      }))
    ),
    ...DEPLOYED.map(([says, name, text]): Mistake => ({
      kind: "deploy files",
      text: `${name}: ${text}`,
      try: (bench) => bench.deployed({ [name]: text }),
      says,
    })),
  ];
}

/** What an edit adds, or what it does to what was there. */
function textOf([edit]: Edit[]): string {
  const { from = "", to = "" } = edit ?? {};
  const added = to.startsWith(from) ? to.slice(from.length) : "";
  return added.trim() || `${from.trim()} → ${to.trim()}`;
}

/** Whether the verifier has seen a mistake, and named it. */
export function isCaught({ says }: Mistake, { caught, said }: Tried): boolean {
  const named = typeof says === "string"
    ? said.includes(says)
    : says.test(said);
  return caught.length > 0 && named && !/bug in the verifier/.test(said);
}

/** Runs them, several at a time, in their order. */
export async function each<T>(
  list: T[],
  workers: number,
  run: (one: T) => Promise<void>,
) {
  const next = list.values();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const one of next) await run(one);
    }),
  );
}

/** How many harmless edits there are, and what is said of each set of them. */
export async function tryHarmless(bench: Bench) {
  const runs: Tried[] = [];
  for (const edits of harmless) {
    const all = Object.values(edits).flat();
    runs.push(await bench.edited(all, ["--states", "20"]));
  }
  const others = SAME_OF_KINDS.reduce((text, [from, to]) => {
    assert.equal(text.split(from).length, 2, `not once: ${from}`);
    return text.replace(from, () => to);
  }, KINDS);
  // The guide is made from the models' own words.
  runs.push(await bench.otherwise(() => others, ["--update-guide"]));
  for (const [name, text] of DEPLOYED_SAFELY) {
    runs.push(await bench.deployed({ [name]: text }));
  }
  const n = harmless.flatMap(Object.keys).length + SAME_OF_KINDS.length +
    DEPLOYED_SAFELY.length;
  return { n, red: runs.filter(({ caught }) => caught.length > 0) };
}

/** All of it, as `deno task mutants` prints it. */
async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { only: { type: "string" } },
  });
  const only = new RegExp(values.only ?? "", "i");
  const list = mistakesOf().filter(({ kind, text }) =>
    only.test(`${kind} ${text}`)
  );
  const bench = await Bench.start();
  const found = new Map<Mistake, string[]>();
  const missed = new Set<Mistake>();
  await each(list, Math.max(1, navigator.hardwareConcurrency), async (one) => {
    // All checks, also after one that failed: which of them see it?
    const tried = await one.try(bench, "--keep-going");
    found.set(one, tried.caught);
    if (found.size % 20 === 0) {
      console.error(`${found.size} of ${list.length} tried`);
    }
    if (isCaught(one, tried)) return;
    missed.add(one);
    if (!one.missed) {
      console.error(`missed: ${one.kind}: ${one.text}\n${tried.said}\n`);
    }
  });
  const { n, red } = only.test("harmless")
    ? await tryHarmless(bench)
    : { n: 0, red: [] };
  await bench.stop();

  printKinds(list, missed);
  const lonely = printMatrix(found);
  for (const { said } of red) {
    console.error(
      `not proved, though harmless: ` +
        `${said}`,
    );
  }
  const kinds = new Set(list.map(({ kind }) => kind)).size;
  console.log(
    `\n${list.length - missed.size} of ${list.length} mistakes in ${kinds} ` +
      `kinds caught; ${n} harmless edits, ${red.length} runs of them red`,
  );
  const unknown = [...missed].filter((one) => !one.missed);
  const whole = values.only === undefined;
  return unknown.length + red.length > 0 || whole && lonely > 0 ? 1 : 0;
}

function printKinds(list: Mistake[], missed: Set<Mistake>) {
  console.log("| mistakes in | made | caught |\n| --- | ---: | ---: |");
  for (const [kind, of] of Map.groupBy(list, ({ kind }) => kind)) {
    const caught = of.filter((one) => !missed.has(one));
    console.log(`| ${kind} | ${of.length} | ${caught.length} |`);
  }
  for (const { kind, text, missed: why } of missed) {
    console.log(`missed: ${kind}: ${text}${why ? `, since ${why}` : ""}`);
  }
}

/** @returns how many checks no mistake needs */
function printMatrix(found: Map<Mistake, string[]>): number {
  console.log(
    "\n| check | catches | alone | such as |\n| --- | ---: | ---: | --- |",
  );
  const needed = new Set<string>();
  for (const [check, what] of CHECKS) {
    const row = `${check}: ${what}`;
    const caught = [...found].filter(([, rows]) => rows.includes(row));
    const alone = caught.filter(([, rows]) =>
      rows.every((row) => row.startsWith(`${check}: `))
    );
    const [one] = alone.toSorted(([, a], [, b]) => a.length - b.length);
    if (one) needed.add(check);
    const [{ kind, text }] = one ?? [{ kind: "", text: "" }];
    const such = one && `${kind}: ${text.split("\n")[0]}`.slice(0, 80);
    console.log(
      `| ${row} | ${caught.length} | ${alone.length} | ` +
        `${such?.replaceAll("|", "\\|") ?? ""} |`,
    );
  }
  const idle = [...new Set(CHECKS.map(([check]) => check))]
    .filter((check) => !needed.has(check));
  console.log(
    `\nchecks without a mistake of their own: ${idle.join(", ") || "none"}`,
  );
  return idle.length;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
