/**
 * Puts the script, the verifier and what belongs to them into a repository:
 * `sync-production-schema.ts --init DIR`. It stays with the checkout: a script
 * that has been copied needs it no more.
 *
 * In comes a folder; into it go files, all of them into a folder of their own
 * but three that others look for at the top: the skill, the workflow, and a
 * line of AGENTS.md. What is there already is never written over.
 *
 * @module
 */

import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { findMigrationCommands } from "../verify-sync-script.ts";

/** The project's own folder, from which everything is taken. */
const HOME = dirname(import.meta.dirname!);
/** Its hyphen keeps Python's packaging from taking it for a package. */
const FOLDER = "schema-sync";
const SKILL = ".claude/skills/database-schema-sync/SKILL.md";
const WORKFLOW = ".github/workflows/schema-sync.yml";
const GUIDE = "docs/deployment/SCHEMA_SYNC_GUIDE.md";

/** What is copied, and what each file is for. */
const COPIED: Record<string, string> = {
  "sync-production-schema.ts": "your steps, followed by the engine",
  "verify-sync-script.ts": "proves the steps against the models",
  "schema.ts": "the models: the schema that the application expects",
  "deno.json": "the tasks sync and verify, and pinned dependencies",
  "deno.lock": "the hashes of these dependencies",
  "deploy.sh": "runs the script in a deploy",
  "deploy.lock": "the hash of the one package it downloads",
  ".gitignore": "keeps the embedded database out of git",
  "README.md": "every builder and option",
  [GUIDE]: "deploying, warnings, failures; your tables",
  "docs/deployment/github-actions.yml": "an example workflow that also applies",
  "docs/plan.schema.json": "what --format json prints",
  "references/workflow-examples.md": "a worked example for each kind of change",
  "references/sync-vs-alembic.md": "when to use another tool",
  "SKILL.md": "how to make a change, for people and agents",
};

/** What of README is of use there. */
const README_PARTS = [
  "Write steps",
  "What an apply does",
  "Options",
  "Verify",
  "Limits",
];

const TASKS = ["sync", "verify", "compile", "check"];

/** Of no use but to the project's own tests. */
const FOR_TESTS = ["ajv"];

const EXAMPLE = `\
export const sections: Section[] = [
  // An example; the models have the same table.
  //
  // section("#1 Accounts", [
  //   createTable("accounts", {
  //     id: "uuid PRIMARY KEY DEFAULT gen_random_uuid()",
  //     email: "varchar(255) NOT NULL",
  //     created_at: "timestamptz NOT NULL DEFAULT now()",
  //   }),
  //   createIndex("accounts", "accounts_email_key", "UNIQUE (lower(email))"),
  // ]),
];

`;

/** Models without any table yet, by the kind of their file. */
const MODELS: Record<string, string> = {
  ".ts": `\
/**
 * The application's models: the tables that its queries use. The verifier
 * proves the steps of sync-production-schema.ts against them. The comments of
 * tables and columns go into the guide. An example:
 *
 * @module
 */

// import { sql } from "drizzle-orm";
// import {
//   pgTable,
//   timestamp,
//   uniqueIndex,
//   uuid,
//   varchar,
// } from "drizzle-orm/pg-core";
//
// /** A paying customer. */
// export const accounts = pgTable("accounts", {
//   /** Appears in URLs. */
//   id: uuid("id").primaryKey().defaultRandom(),
//   /** For invoices; unique regardless of case. */
//   email: varchar("email", { length: 255 }).notNull(),
//   /** When the account was created. */
//   createdAt: timestamp("created_at", { withTimezone: true })
//     .notNull().defaultNow(),
// }, (t) => [
//   uniqueIndex("accounts_email_key").on(sql\`lower(\${t.email})\`),
// ]);

export {};
`,
  ".sql": `\
-- The application's models, as SQL that creates them in an empty database. The
-- verifier proves the steps of sync-production-schema.ts against them. An
-- example:
--
-- CREATE TABLE accounts (
--   id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
--   email varchar(255) NOT NULL,
--   created_at timestamptz NOT NULL DEFAULT now()
-- );
-- CREATE UNIQUE INDEX accounts_email_key ON accounts (lower(email));
`,
};

/** Tools that would take the folder's files for the application's own. */
const TOOLS: [file: RegExp, unless: RegExp | undefined, advice: string][] = [
  [
    /^tsconfig\.json$/,
    /"(include|files)"\s*:/,
    `includes every folder: add "${FOLDER}" to its "exclude"`,
  ],
  [
    /^(\.?eslint(rc)?\b.*|\.prettierrc.*|prettier\.config\..*|biome\.jsonc?)$/,
    /schema-sync/,
    `should ignore ${FOLDER}/: deno fmt and deno lint check that folder`,
  ],
];

/** What is wrong with the command line, and what to do about it. */
type Refuse = (what: string, instead: string) => Error;

interface Target {
  directory: string;
  /** The models' path in it, and their text where they are not there yet. */
  models: { path: string; text: string | undefined };
}

/**
 * @param given the repository, as the command line names it
 * @param models its models, or `schema.ts` or `schema.sql` for new ones
 * @param refuse makes an error of the command line
 * @returns what to print: what was written, what was not, and what comes next
 */
export async function init(
  given: string,
  models: string | undefined,
  refuse: Refuse,
): Promise<string[]> {
  const directory = resolve(given);
  if (!isDirectory(directory)) {
    throw refuse(`there is no folder ${given}`, "Name the repository's folder");
  }
  if (directory === HOME) {
    throw refuse(
      `${given} is this project itself`,
      "Name the repository to set up",
    );
  }
  const target = { directory, models: chooseModels(directory, models, refuse) };
  const files = filesFor(target);
  const blocked =
    [...files.keys()].find((path) => isDirectory(join(directory, path))) ??
      parentsOf([...files.keys()]).find((path) =>
        exists(join(directory, path)) && !isDirectory(join(directory, path))
      );
  if (blocked) {
    throw refuse(`${blocked} is in the way`, "Move it, then run this again");
  }
  const said = write(directory, files);
  const line = addLine(directory, target.models.path);
  if (line) said.wrote.push(["AGENTS.md", line]);
  return [
    ...describe(given, said),
    ...await advise(target),
    ...said.wrote.length > 0 ? next(given, target) : [],
  ];
}

/** Models that are there, or new ones in the language of the repository. */
function chooseModels(
  directory: string,
  given: string | undefined,
  refuse: Refuse,
): Target["models"] {
  const path = given === undefined
    ? modelsBefore(directory)
    : relative(directory, resolve(directory, given));
  const name = path ?? (usesDrizzle(directory) ? "schema.ts" : "schema.sql");
  const text = MODELS[extname(name)];
  if (text !== undefined && exists(join(directory, name))) {
    const own = dirname(name) === FOLDER;
    return { path: name, text: own ? text : undefined };
  }
  if (text !== undefined && basename(name) === name) {
    return { path: `${FOLDER}/${name}`, text };
  }
  throw refuse(
    `--models takes a Drizzle module or SQL, not "${given}"`,
    "Name an existing one by its path in the repository, or schema.ts or " +
      "schema.sql for a new one",
  );
}

/** The models that an earlier run has chosen. */
function modelsBefore(directory: string): string | undefined {
  const text = read(join(directory, FOLDER, "deno.json")) ?? "";
  const [, named] = / --models ([^" ]+)/.exec(text) ?? [];
  return [named, "schema.ts", "schema.sql"]
    .flatMap((name) => name ? join(FOLDER, name) : [])
    .find((path) => exists(join(directory, path)));
}

function usesDrizzle(directory: string): boolean {
  return ["package.json", "deno.json", "deno.jsonc"].some((file) =>
    /"drizzle-orm"\s*:/.test(read(join(directory, file)) ?? "")
  );
}

/** The files by their paths in the repository, with what is to be in them. */
function filesFor({ directory, models }: Target): Map<string, string> {
  const from = relative(FOLDER, models.path);
  const places = new Map(
    Object.keys(COPIED).map((file) => [file, placeOf(file, models.path)]),
  );
  const texts: Record<string, (text: string) => string | undefined> = {
    "sync-production-schema.ts": withoutSteps,
    "schema.ts": () => models.text,
    "deno.json": (text) => settings(text, from),
    "deno.lock": lock,
    ".gitignore": () => ".embedded-db/\n",
    "README.md": readme,
    [GUIDE]: (text) => withoutTables(text, from),
    "SKILL.md": (text) => named(text, from),
  };
  const files = new Map<string, string>();
  for (const [file, place] of places) {
    const source = read(join(HOME, file)) ?? "";
    const text = texts[file] ? texts[file](source) : source;
    if (text === undefined) continue;
    files.set(place, /\.md$/.test(file) ? relink(text, file, places) : text);
  }
  if (isDirectory(join(directory, ".github"))) {
    const source = read(join(HOME, "docs/deployment/github-actions.yml"));
    files.set(WORKFLOW, proofAlone(source ?? ""));
  }
  return files;
}

function placeOf(file: string, models: string): string {
  if (file === "SKILL.md") return SKILL;
  return file === "schema.ts" ? models : `${FOLDER}/${file}`;
}

/** The script with an example in the place of the project's own steps. */
function withoutSteps(text: string): string {
  return text.replace(
    /(^\/\/ ═══ Steps[^]*?\n\n)[^]*?(?=^\/\/ ─── End of the steps)/m,
    (_, banner) => banner + EXAMPLE,
  );
}

function settings(text: string, models: string): string {
  const { tasks, imports, nodeModulesDir, lock } = JSON.parse(text);
  for (const name of Object.keys(tasks)) {
    if (!TASKS.includes(name)) delete tasks[name];
  }
  for (const name of FOR_TESTS) delete imports[name];
  if (!/^schema\.(ts|sql)$/.test(models)) {
    tasks.verify.command += ` --models ${models}`;
  }
  // Formatting would change what the project formats in its own way.
  const fmt = { exclude: ["README.md", "docs", "references"] };
  const exclude = [".embedded-db/"];
  const kept = { tasks, imports, nodeModulesDir, exclude, fmt, lock };
  return JSON.stringify(kept, null, 2) + "\n";
}

/** The lock of what is imported there, as Deno would write it. */
function lock(text: string): string {
  const { version, specifiers, npm, workspace } = JSON.parse(text);
  const { imports } = JSON.parse(settings(readHome("deno.json"), "schema.ts"));
  const wanted = new Set(Object.values<string>(imports));
  const used = new Set<string>();
  const use = (name: string) => {
    const id = npm[name]
      ? name
      : Object.keys(npm).find((id) => id.startsWith(`${name}@`));
    if (id === undefined || used.has(id)) return;
    used.add(id);
    const { dependencies = [], optionalDependencies = [] } = npm[id];
    [...dependencies, ...optionalDependencies].forEach(use);
  };
  const kept = only(specifiers, wanted);
  for (const [specifier, resolved] of Object.entries(kept)) {
    use(specifier.replace(/^npm:(.+)@.*$/, `$1@${resolved}`));
  }
  const dependencies = workspace.dependencies.filter((name: string) =>
    wanted.has(name)
  );
  return JSON.stringify(
    {
      version,
      specifiers: kept,
      npm: only(npm, used),
      workspace: { dependencies },
    },
    null,
    2,
  ) + "\n";
}

function only<T>(all: Record<string, T>, names: Set<string>) {
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => names.has(name)),
  );
}

/** What README says of the use, below what each file is for. */
function readme(text: string): string {
  const parts = README_PARTS.map((title) =>
    new RegExp(`^## ${title}\n[^]*?(?=^## |$(?![^]))`, "m").exec(text)?.[0] ??
      ""
  );
  return "# Schema sync\n\nOne idempotent script instead of migration files. " +
    `Run commands in this folder, or as \`deno task --cwd ${FOLDER} …\` in ` +
    `the folder above it.\n\n${parts.join("").trimEnd()}\n`;
}

/** The guide of models that have no tables yet. */
function withoutTables(text: string, models: string): string {
  const generated = /(<!-- generated: (\w+) -->\n)[^]*?(<!-- end generated)/g;
  return named(
    text.replaceAll(
      generated,
      (_, open, part, close) =>
        open +
        (part === "diagram" ? "\n```mermaid\nerDiagram\n```\n\n" : "\n\n\n") +
        close,
    ),
    models,
  );
}

/** A document that calls the models by the name that they have there. */
function named(text: string, models: string): string {
  return text.replaceAll(/(?<![\w./-])schema\.ts\b/g, models);
}

/** Links lead to where a file is now; of what stayed behind the words stay. */
function relink(
  text: string,
  file: string,
  places: Map<string, string>,
): string {
  const place = places.get(file)!;
  return text.replaceAll(
    /\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)/g,
    (_, words, path, anchor = "") => {
      const found = places.get(join(dirname(file), path));
      if (found === undefined) return words;
      return `[${words}](${relative(dirname(place), found)}${anchor})`;
    },
  );
}

/** The workflow's first job: it needs no secret and no server. */
function proofAlone(text: string): string {
  const [head = ""] = text.split(/\n {2}# On a pull request/);
  const jobs = head.replace(/^(#.*\n)+/, "").trimEnd();
  return "# Proves that the steps and the models of " +
    `${FOLDER}/ agree. Jobs that show the\n# plan and apply it: ` +
    `${FOLDER}/docs/deployment/github-actions.yml\n${jobs}\n`;
}

interface Written {
  wrote: [path: string, what: string][];
  kept: string[];
}

function write(directory: string, files: Map<string, string>): Written {
  const said: Written = { wrote: [], kept: [] };
  for (const [path, text] of files) {
    const file = join(directory, path);
    const there = read(file);
    if (there === text) continue;
    if (there !== undefined) {
      said.kept.push(path);
      continue;
    }
    Deno.mkdirSync(dirname(file), { recursive: true });
    const mode = text.startsWith("#!") ? 0o755 : 0o644;
    Deno.writeTextFileSync(file, text, { createNew: true, mode });
    said.wrote.push([path, purposeOf(path)]);
  }
  return said;
}

function purposeOf(path: string): string {
  if (path === WORKFLOW) return "proves every change";
  if (path === SKILL) return COPIED["SKILL.md"]!;
  const own = path.replace(`${FOLDER}/`, "");
  return COPIED[own.replace(/^schema\.sql$/, "schema.ts")] ?? "";
}

/** @returns what was done to AGENTS.md, if anything */
function addLine(directory: string, models: string): string | undefined {
  const file = join(directory, "AGENTS.md");
  const text = read(file);
  if (text?.includes("database-schema-sync")) return undefined;
  const line = "Database schema: to change it, edit " +
    `\`${models}\` and \`${FOLDER}/sync-production-schema.ts\` as ` +
    `[the skill](${SKILL}) describes.\n`;
  const before = text ? text.replace(/\n*$/, "\n\n") : "";
  Deno.writeTextFileSync(file, before + line);
  return text === undefined
    ? "a line that points agents to the skill"
    : "a new line that points agents to the skill";
}

function describe(given: string, { wrote, kept }: Written): string[] {
  const width = Math.max(...wrote.map(([path]) => path.length));
  const lines = wrote.length > 0
    ? [
      `Wrote into ${given}:`,
      ...wrote.map(([path, what]) => `  ${path.padEnd(width)}  ${what}`),
    ]
    : [`Nothing was written: ${given} already has all of it.`];
  if (kept.length === 0) return lines;
  return [
    ...lines,
    "",
    "Kept as they are, because they exist with other content:",
    ...kept.map((path) => `  ${path}`),
  ];
}

/** What a person should look at, since nothing that was there is edited. */
async function advise({ directory, models }: Target): Promise<string[]> {
  const advice: string[] = [];
  const entries = [...Deno.readDirSync(directory)].map(({ name }) => name)
    .sort();
  for (const name of entries) {
    const text = read(join(directory, name)) ?? "";
    for (const [file, unless, what] of TOOLS) {
      if (!file.test(name) || unless?.test(text)) continue;
      advice.push(`${name} ${what}`);
    }
  }
  const { problems } = await findMigrationCommands(directory);
  advice.push(...problems.map(({ message }) => message));
  if (models.text !== undefined) {
    advice.push(
      ...modelsIn(directory).map((path) =>
        `${path} has models already: to prove the steps against them, delete ` +
        `${FOLDER}/ and ${dirname(SKILL)}/, and run this again with ` +
        `--models ${path}`
      ),
    );
  }
  if (!entries.includes(".github")) advice.push(...ciLines(entries));
  return advice.length > 0
    ? ["", "Needs a look:", ...advice.map((line) => `  ${line}`)]
    : [];
}

function ciLines(entries: string[]): string[] {
  const command = `${deno()} task --cwd ${FOLDER} verify`;
  if (!entries.includes(".gitlab-ci.yml")) {
    return [`Run in your CI on every change: ${command}`];
  }
  return [
    "Add to .gitlab-ci.yml:",
    "  schema-sync:",
    "    image: node:22",
    "    script:",
    `      - ${command}`,
  ];
}

/** Models that this could prove against, where they are easily found. */
function modelsIn(directory: string): string[] {
  const found: string[] = [];
  const walk = (path: string, depth: number) => {
    for (const entry of Deno.readDirSync(join(directory, path))) {
      const { name } = entry, inner = join(path, name);
      if (entry.isDirectory) {
        const own = /^(\..*|node_modules|vendor|dist|build|schema-sync)$/;
        if (depth < 4 && !own.test(name)) walk(inner, depth + 1);
      } else if (name === "structure.sql") found.push(inner);
      else if (/^(?!.*\.(d|test|spec)\.ts$).*\.ts$/.test(name)) {
        const text = read(join(directory, inner)) ?? "";
        if (
          /"drizzle-orm\/pg-core"|'drizzle-orm\/pg-core'/.test(text) &&
          /\bpgTable\(/.test(text)
        ) found.push(inner);
      }
    }
  };
  walk("", 0);
  return found.sort().slice(0, 3);
}

function next(given: string, { models }: Target): string[] {
  const task = `${deno()} task --cwd ${FOLDER}`;
  const own = `"$DATABASE_URL" > ${models.path}`;
  return [
    "",
    "Next:",
    ...resolve(given) === Deno.cwd() ? [] : [`  cd ${quoted(given)}`],
    "  export DATABASE_URL=postgres://…",
    ...models.text === undefined
      ? ["generate the steps from the models:"]
      : ["if you have a database already, generate its steps:"],
    `  ${task} verify --scaffold ` +
    (models.text === undefined ? "--write" : "--live --write"),
    ...models.text !== undefined && models.path.endsWith(".sql")
      ? [`  pg_dump --schema-only ${own}`]
      : [],
    `then, and after each edit of ${models.path} and the steps:`,
    `  ${task} verify --update-guide`,
    `  ${task} sync --dry-run`,
  ];
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Deno, as it runs where it is not installed. */
function deno(): string {
  return `npx -y deno@${readHome(".dvmrc").trim()}`;
}

function readHome(file: string): string {
  return Deno.readTextFileSync(join(HOME, file));
}

/** @returns undefined where there is no such file */
function read(file: string): string | undefined {
  return exists(file) && !isDirectory(file)
    ? Deno.readTextFileSync(file)
    : undefined;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

function parentsOf(paths: string[]): string[] {
  return [...new Set(paths.map((path) => dirname(path)))].flatMap((path) => {
    const parts = path.split("/");
    return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  });
}
