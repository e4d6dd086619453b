#!/usr/bin/env -S deno run --no-prompt --node-modules-dir=none --allow-net --allow-read --allow-write --allow-env --allow-sys --allow-run
/**
 * Proves the sync script against the models: that every model has its steps,
 * and that an apply brings a database from any state to the same schema as
 * the models ask for, loses no row, and has nothing to do a second time.
 *
 *     ./verify-sync-script.ts             the whole proof, on the embedded PostgreSQL
 *     ./verify-sync-script.ts --static    only what needs no database
 *     ./verify-sync-script.ts --help      every option and exit status
 *
 * It reads databases with a query of its own, and has pg_dump compare them as
 * well, so that the proof does not rest on what it proves.
 *
 * Parts, in this order: Proof, Models, Catalog, Inventory, Scaffold, Databases,
 * Rows, States, Guide, Deploy files, Report, Command line.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Dockerfile from "dockerfile-ast";
import type * as Shell from "unbash";
import type * as Yaml from "yaml";
import type * as Script from "./sync-production-schema.ts";

/** What one check tried, and what it found. */
interface Proof {
  name: string;
  /** What was tried: how many states, which server, which seed. */
  text: string;
  problems: Problem[];
  /** Why it was not tried. */
  skipped?: string;
  /** In milliseconds. */
  ms: number;
}

/** Something that is not as it must be. */
interface Problem {
  message: string;
  /** SQL or steps, to paste. */
  code?: string;
  /** A failing state as SQL, which makes it in an empty database. */
  replay?: string;
  file?: string;
  /** Text in the file near which an annotation belongs. */
  near?: string;
  line?: number;
}

/** The oldest Deno that reads the lock file beside it. */
const OLDEST_DENO = "2.3.0";

/** An error of the user's, told in one line, with what to do. */
class VerifyError extends Error {
  constructor(message: string, readonly hint: string) {
    super(message);
  }
}

// ═══ Proof ═════════════════════════════════════════════════════════════════

type Step = Script.Step;
type Session = Script.Session;

/** What the checks share. */
interface Context {
  options: Options;
  script: typeof Script;
  models: Models;
  report: Reporter;
}

/** The checks, in their order; each adds a line. */
export async function prove(options: Options, report: Reporter) {
  const script = await loadScript(options.script);
  script.refuseOldDeno(OLDEST_DENO);
  const models = await loadModels(options.models, script);
  const { rowsFile } = options;
  options.rows = rowsFile === undefined ? models.rows : readFile(rowsFile);
  const context = { options, script, models, report };
  if (options.static) {
    const wanted = readNames(models.sql);
    await report.run("static", () => checkStatic(context, wanted));
  }
  const modelled = !options.static
    ? await proveOnServer(context)
    : options.updateGuide
    ? await updateGuideAlone(context)
    : undefined;
  await report.run(
    "documented",
    () => checkDocuments(options, models, modelled),
  );
  await report.run("alone", () => checkDeployFiles());
}

/** @throws VerifyError where there is no such file */
function readFile(file: string): string {
  if (exists(file)) return Deno.readTextFileSync(file);
  throw new VerifyError(`there is no file ${file}`, "Name it with --rows FILE");
}

/** The names of both sides, and that the engine is as released. */
function checkStatic(context: Context, wanted: Names) {
  const found = checkNames(context, wanted);
  const problems = checkSeal(context.options.script);
  return { ...found, problems: [...problems, ...found.problems] };
}

/** The script's engine, or that which a file with steps of its own imports. */
function checkSeal(script: string): Problem[] {
  const banner = /^\/\/ (?:─── End of the steps|═══ Vocabulary)/m;
  const text = Deno.readTextFileSync(script);
  const files = banner.test(text) ? [script] : [
    ...text.matchAll(/\bfrom "((?:\.|file:)[^"]+)"/g),
  ].map(([, path = ""]) =>
    fileURLToPath(new URL(path, pathToFileURL(resolve(script))))
  );
  const problems: Problem[] = [];
  for (const file of new Set(files)) {
    const source = exists(file) ? Deno.readTextFileSync(file) : "";
    if (!banner.test(source)) continue;
    if (source.replaceAll("\r\n", "\n") === sealed(source)) continue;
    problems.push({
      message: `the engine of ${file}, below its steps, was edited after its ` +
        "release: take it from the release again, and write what it lacks as " +
        "a step(…)",
      file,
      near: "End of the steps",
    });
  }
  return problems;
}

/** A script with the line that says what its engine is, by what it holds. */
export function sealed(source: string): string | undefined {
  const text = source.replaceAll("\r\n", "\n");
  const banner = /^\/\/ ─── End of the steps.*\n(?:\/\/ engine .*\n)?/m.exec(
    text,
  );
  if (!banner) return undefined;
  const [, version] = /^export const VERSION = "(.*)";/m.exec(text) ?? [];
  const engine = text.slice(banner.index + banner[0].length);
  const hash = createHash("sha256").update(engine).digest("hex");
  const [title] = banner[0].split("\n", 1);
  return text.slice(0, banner.index) + `${title}\n// engine ${version} ` +
    `sha256 ${hash}\n${engine}`;
}

async function loadScript(file: string): Promise<typeof Script> {
  if (!exists(file)) {
    throw new VerifyError(
      `there is no sync script at ${file}`,
      "Name it with --script FILE",
    );
  }
  try {
    const script = await import(pathToFileURL(resolve(file)).href);
    script.checkSteps(script.sections);
    return script;
  } catch (error) {
    const [first = ""] = "faults" in (error as Error)
      ? (error as Error & { faults: string[] }).faults
      : messageOf(error).split("\n");
    throw new VerifyError(
      `${file} does not load: ${first}`,
      "Fix it; deno check and --dry-run report the same",
    );
  }
}

/** What needs a database, on the embedded PostgreSQL or a scratch server. */
async function proveOnServer(context: Context): Promise<Objects> {
  const { options, script, models, report } = context;
  const applied = options.server === undefined && !options.quick
    ? runProcess(options, ["--apply", "--database-url", "pglite:"])
    : undefined;
  const server = options.server === undefined
    ? await Embedded.start(script, { extensions: models.extensions })
    : await ScratchServer.start(script, options.server);
  const next = { interrupted: counter(), convergent: counter() };
  const helper = server instanceof Embedded && !options.quick
    ? new Helper(options, next, await server.copy())
    : undefined;
  try {
    const first = await server.open();
    await first.reset();
    const modelled = await buildModels(first, models, script);
    const wanted = namesOf(modelled.objects);
    await report.run("static", () => checkStatic(context, wanted));
    if (options.updateGuide) updateGuide(options, models, modelled.objects);
    await first.reset();
    const fresh = await report.run(
      "fresh",
      () => proveFresh(context, first, modelled),
    );
    let prepared: Promise<States> | undefined;
    const states = () =>
      prepared ??= States.prepare(
        script,
        first,
        fresh.changes,
        fresh.target,
        fresh.dump,
        options,
      );
    let databases: Promise<Database[]> | undefined;
    const long = (name: LongCheck) => async () => {
      databases ??= server.openMore(fresh.target);
      const all = [first, ...await databases];
      const found = helper?.result(name);
      return await proveStates(context, name, await states(), all, next, found);
    };
    const quick = fresh.problems.length > 0 && !options.keepGoing
      ? "fresh"
      : "";
    const failed = await proveInOrder(report, quick, {
      idempotent: () => proveIdempotent(context, first),
      ...(options.schema && {
        schema: () => proveSchema(context, first, fresh.target),
      }),
    });
    if (fresh.problems.length === 0) report.hints = await readHints(first);
    if (options.quick) return modelled.objects;
    await proveInOrder(report, failed, {
      strict: async () => await proveStrict(context, first, await states()),
      runs: () => checkProcesses(context, first, applied),
      dry: async () => await proveDry(context, first, await states()),
      works: async () => await (await states()).exercise(first, context),
      convergent: long("convergent"),
      interrupted: long("interrupted"),
      ran: async () => {
        const all = await states();
        for (const step of helper?.ran ?? []) all.ran.add(step);
        report.unseen = all.unseen();
        const text = "the SQL of every step that is written by hand has run";
        return { text, problems: all.notRun() };
      },
    });
    return modelled.objects;
  } finally {
    helper?.stop();
    await applied?.catch(() => {});
    await server.stop();
  }
}

const NOTHING_FOUND: Found = { text: "could not be tried", problems: [] };

/** Checks of which each rests on those before: the first failure ends them. */
async function proveInOrder(
  report: Reporter,
  failed: string,
  checks: Record<string, () => Promise<Found>>,
): Promise<string> {
  for (const [name, check] of Object.entries(checks)) {
    if (failed) report.skip(name, `"${failed}" comes first`);
    else {
      const { keepGoing } = report.options;
      const found = await report.run(
        name,
        // What an earlier failure has broken tells nothing of its own.
        () => keepGoing ? check().catch(() => NOTHING_FOUND) : check(),
      );
      if (found.problems.length > 0 && !keepGoing) failed = name;
    }
  }
  return failed;
}

/** Shares a long check's states among databases and the worker. */
async function proveStates(
  { options, report }: Context,
  name: LongCheck,
  states: States,
  databases: Database[],
  next: Counters,
  helped: Promise<Problem[]> | undefined,
) {
  const [first] = databases as [Database];
  const jobs = await states.jobs(name, first, options);
  const [ours, theirs] = await Promise.all([
    share(databases, jobs.list, next[name], report),
    helped ?? [],
  ]);
  const times = Object.entries(states.times)
    .map(([name, ms]) => `${name} ${seconds(ms)}`);
  states.times = {};
  const text = jobs.text + (options.verbose ? `; ${times.join(", ")}` : "");
  const problems = [...ours, ...theirs].slice(0, 1);
  if (name === "convergent") problems.unshift(...states.withoutRows());
  return { text, problems };
}

type LongCheck = "interrupted" | "convergent";

/** Which job comes next, for all who share a list of them. */
type Counters = Record<LongCheck, Int32Array>;

function counter(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** Proves states beside us, on an embedded PostgreSQL of its own. */
class Helper {
  readonly #worker = new Worker(import.meta.url, { type: "module" });
  readonly #results = {
    interrupted: Promise.withResolvers<Problem[]>(),
    convergent: Promise.withResolvers<Problem[]>(),
  };

  /** The steps that have run there. */
  readonly ran = new Set<string>();

  /** @param copy of an embedded PostgreSQL that has just been started */
  constructor(options: Options, next: Counters, copy: ArrayBuffer) {
    this.#worker.onmessage = (
      { data: [name, problems, ran] }: MessageEvent<
        [LongCheck, Problem[], string[]]
      >,
    ) => {
      for (const step of ran) this.ran.add(step);
      this.#results[name].resolve(problems);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const problems = [{ message: `a worker failed: ${event.message}` }];
      for (const { resolve } of Object.values(this.#results)) resolve(problems);
    };
    this.#worker.postMessage([options, next, copy]);
  }

  result(name: LongCheck): Promise<Problem[]> {
    return this.#results[name].promise;
  }

  stop() {
    this.#worker.terminate();
  }
}

/** What the worker does, told over messages. */
async function help(
  options: Options,
  next: Counters,
  copy: ArrayBuffer,
  tell: (message: unknown) => void,
) {
  const script = await loadScript(options.script);
  const server = await Embedded.start(script, { copy: new Blob([copy]) });
  const database = await server.open();
  await database.reset();
  const { changes } = await database.apply();
  const target = await readObjects(database.session);
  const states = await States.prepare(
    script,
    database,
    changes,
    target,
    await database.dump(),
    options,
  );
  for (const name of ["convergent", "interrupted"] as const) {
    const { list } = await states.jobs(name, database, options);
    const problems = await share([database], list, next[name]);
    tell([name, problems, [...states.ran]]);
  }
  await server.stop();
}

/** The script exists, runs, and has both modes. */
async function checkProcesses(
  { options }: Context,
  database: Database,
  embedded: Promise<ProcessOutput> | undefined,
) {
  const problems: Problem[] = [];
  const file = options.script;
  await database.reset();
  const url = database.url;
  const [help, neither, dry] = await Promise.all([
    runProcess(options, ["--help"]),
    runProcess(options, [], url),
    runProcess(options, ["--dry-run"], url),
  ]);
  for (const flag of ["--dry-run", "--apply"]) {
    if (help.code !== 0 || !help.stdout.includes(flag)) {
      problems.push({ message: `--help does not list ${flag}`, file });
    }
  }
  // Extensions and our own schemas stay while a schema is emptied.
  const written = [...await readObjects(database.session)]
    .filter(([key, { kind }]) => kind !== "extension" && !/\bverify_/.test(key))
    .map(([key]) => key);
  if (written.length > 0) problems.push(dryRunWrote(file, written));
  const runs = {
    "--dry-run": dry,
    "--apply": await (embedded ?? runProcess(options, ["--apply"], url)),
  };
  for (const [flag, { code, stderr, stdout }] of Object.entries(runs)) {
    if (code === 0) continue;
    const said = (stderr || stdout).trim().split("\n").slice(0, 3).join("\n");
    problems.push({
      message: `${flag} on an empty database ends with status ${code}`,
      code: said,
      file,
    });
  }
  if (neither.code !== 1) {
    const message = `without a mode it ends with status ${neither.code}, not 1`;
    problems.push({ message, file });
  }
  const where = await database.describe();
  const text = `--help, --dry-run and --apply, as processes, on ${where}`;
  return { text, problems };
}

/** An empty database and an apply make what the models ask for. */
async function proveFresh(
  context: Context,
  database: Database,
  modelled: Modelled,
) {
  const { script } = context;
  const plan = await database.inspect();
  const problems = script.blockingIssues(plan).map(describeIssue);
  try {
    await script.runChanges(database.session, plan);
  } catch (error) {
    problems.push({ message: `an apply fails: ${failure(error)}` });
  }
  const target = await readObjects(database.session);
  let dump: Dump | undefined;
  const unmodelled = new Set(
    stepsOf(script).filter(({ modelled }) => modelled === false)
      .flatMap((step) => [
        ...script.ownedBy(step),
        ...readNames((step.alter ?? []).join(";\n")).keys(),
      ]),
  );
  if (problems.length === 0) {
    problems.push(
      ...await compareWithModels(
        { modelled, target, unmodelled },
        context,
        database,
      ),
    );
    dump = await database.dump();
    const told = problems.map(({ message, code }) => `${message} ${code}`);
    problems.push(
      ...await judge(context, database, modelled, dump, told.join("\n")),
    );
  }
  const where = await database.describe();
  const judged = modelled.dump
    ? "which pg_dump confirms"
    : `without pg_dump (${database.noDump})`;
  const text = `${count(plan.changes.length, "change")} on an empty database ` +
    `make the ${count(modelled.objects.size, "object")} of the models, ` +
    `${judged}, on ${where}`;
  return { text, problems, changes: plan.changes, target, dump };
}

/** A second apply finds nothing to do. */
async function proveIdempotent({ script }: Context, database: Database) {
  const before = await fingerprint(database.session);
  const plan = await database.inspect();
  const problems = leftover(script, plan);
  if (problems.length === 0) {
    await script.runChanges(database.session, plan);
    const changed = differing(before, await fingerprint(database.session));
    if (changed.length > 0) {
      problems.push({
        message: `a second apply changes ${changed.join(", ")}`,
      });
    }
  }
  return { text: "a second run plans no change and makes none", problems };
}

/** With `--schema` the steps make the same there, and nothing in public. */
async function proveSchema(
  { script, options }: Context,
  database: Database,
  target: Objects,
) {
  const { session } = database, schema = options.schema ?? "";
  await database.reset();
  await session.query(`CREATE SCHEMA ${quote(schema)}`);
  const plan = await database.inspect(schema);
  const problems = script.blockingIssues(plan).map(describeIssue);
  const end = problems.length > 0 ? 0 : plan.changes.length;
  const changes = plan.changes.slice(0, end);
  await script.runChanges(session, { ...plan, changes }).catch((error) => {
    problems.push({ message: `an apply fails: ${failure(error)}` });
  });
  if (problems.length === 0) {
    problems.push(...leftover(script, await database.inspect(schema)));
    const within = new RegExp(
      `(?<![\\w"])(?:${
        [schema, quote(schema)].map(escapeRegExp).join("|")
      })\\.`,
      "g",
    );
    const there = await readObjects(session);
    there.delete(`schema ${schema}`);
    const reached: Objects = new Map(
      [...there].map(([key, thing]) => {
        const definition = thing.definition.replace(within, "");
        return [key.replace(within, ""), { ...thing, definition }] as const;
      }),
    );
    for (const [key] of there) {
      const [, table] = /^table ([^.]*)$/.exec(key) ?? [];
      if (table === undefined) continue;
      problems.push({ message: `${key} is made in public, not in ${schema}` });
    }
    const differ = await compareWithTarget(session, target, reached);
    problems.push(...differ.map((message) => ({ message })));
  }
  await database.reset();
  await database.apply();
  const text = `--schema ${schema} makes the same ${
    count(target.size, "object")
  } there`;
  return { text, problems };
}

/** Kinds of which SQL says all that matters. */
const SPOKEN_OF = /^(column|constraint|index|enum|domain|view|trigger|policy)$/;

/**
 * What has the right name and is otherwise in one property is noticed, and
 * where a change is planned for it, that change mends it.
 */
async function proveStrict(
  { script, options }: Context,
  database: Database,
  states: States,
) {
  const problems: Problem[] = [];
  let altered = 0;
  const target = sampleOf(script, states.target);
  const early = states.changes.map(({ sql }) => sql);
  const ways = [...target].flatMap(([key, thing]) => {
    const step = findStep(script, key);
    const list = step ? alterations(thing, states.target) : [];
    return list.length === 0 ? [] : [{ key, thing, step: step as Step, list }];
  });
  const most = Math.max(...ways.map(({ list }) => list.length));
  // Of very many alike, each tries a few of its properties, all of them all.
  const rounds = ways.some(({ step }) => step.alter)
    ? most
    : Math.ceil(most / thinned(states.target));
  for (let n = 0; n < rounds; n++) {
    const round = ways.flatMap(({ list, ...way }, i) => {
      const at = rounds < most ? (i + n) % list.length : n;
      const [property, sql] = list[at] ?? [];
      return sql === undefined ? [] : [{ ...way, property, sql: [sql].flat() }];
    });
    const harm = round.flatMap(({ sql }) => sql);
    await states.build(database, { ...NOTHING, early, harm });
    const reached = await readObjects(database.session);
    const plan = await database.inspect();
    const mended: string[] = [];
    for (const { key, thing, step, property, sql } of round) {
      const other = reached.get(key);
      if (!other || other.definition === thing.definition) continue;
      // What was added to what is made by hand, and its SQL does not speak of.
      const added = !(property === "body" || SPOKEN_OF.test(thing.kind)) &&
        other.definition.length > thing.definition.length;
      if (step.alter && added) continue;
      altered++;
      if (isTold(plan.issues, key, step)) continue;
      if (isNoticed(plan, key, step)) mended.push(...sql);
      else if (!await isSame(database.session, thing, other)) {
        problems.push({
          message: `${step.verb} "${step.name}" accepts another ${key} as ` +
            `its own: its check must compare more than the name, also the ` +
            property,
          code: `wanted    ${thing.definition}\naccepted  ${other.definition}`,
          file: options.script,
          near: step.name,
        });
      }
    }
    const recipe = { ...NOTHING, early, harm: mended };
    if (mended.length > 0) {
      problems.push(...await states.prove(database, recipe));
    }
  }
  const text = `each of ${count(altered, "alteration")} of one property is ` +
    "noticed, and fixed where a change is planned for it";
  return { text, problems };
}

/**
 * Where there is very much, all that steps check by hand, and of the rest,
 * which a few builders check, as much as can be altered in seconds.
 */
function sampleOf(script: typeof Script, target: Objects): Objects {
  const every = thinned(target);
  return new Map(
    [...target].filter(([key], i) =>
      i % every === 0 || findStep(script, key)?.alter
    ),
  );
}

/** Of how many things one is altered. */
function thinned(target: Objects): number {
  return Math.max(1, Math.ceil(target.size / 1000));
}

function isNoticed(plan: Script.Plan, key: string, step: Step): boolean {
  return isTold(plan.issues, key, step) ||
    (step.alter
      ? plan.changes.some((change) => change.step === step)
      : isTold(plan.changes, key, step));
}

/** Whether one of these is about a thing, or the step that makes it. */
function isTold(list: { object: string }[], key: string, step: Step): boolean {
  const names = [nameOf(key), nameOf(key, true), step.name];
  return list.some(({ object }) => names.includes(object));
}

/** What names a step in what a proof remembers. */
function stepKey(section: string, { verb, name }: Step): string {
  return `${verb} "${name}" in section "${section}"`;
}

/** The step that makes a thing; of a longhand one the SQL tells. */
/** A key in which steps and catalogs agree: no names or types of arguments. */
function spelled(key: string): string {
  return key.replace(/^(function|procedure|aggregate) ([^(]*)\(.*/s, "$1 $2")
    .replace(/^comment \w+/, (word) => word.toLowerCase())
    .replace(/^(comment \w+) (.*) on table (.*)$/, "$1 $3.$2")
    .replace(/^(statistics [^.]*)\..*/s, "$1");
}

function findStep(script: typeof Script, key: string): Step | undefined {
  const { owners, byHand } = ownersOf(script);
  const owner = owners.get(spelled(key)) ??
    owners.get(spelled(key.replace(/^function /, "procedure ")));
  if (owner) return owner;
  const kind = key.split(" ")[0] ?? "";
  const name = nameOf(key).replace(/\(.*/s, "");
  // Triggers and policies of several tables may have one name.
  const [, table] = /^(?:trigger|policy) (.*)\./s.exec(key) ?? [];
  const on = table === undefined
    ? ""
    : `\\b.*\\sON\\s+([\\w"]+\\.)?"?${escapeRegExp(table)}`;
  const made = new RegExp(
    `\\b${kind}\\s+([\\w"]+\\.)?"?${escapeRegExp(name)}${on}\\b`,
    "is",
  );
  return byHand.find(({ alter }) => alter?.some((sql) => made.test(sql)));
}

interface Owners {
  owners: Map<string, Step>;
  byHand: Step[];
}

const known = new WeakMap<typeof Script, Owners>();

function ownersOf(script: typeof Script): Owners {
  const before = known.get(script);
  if (before) return before;
  const steps = stepsOf(script);
  const found: Owners = {
    owners: new Map(steps.flatMap((step) => [
      ...script.ownedBy(step).map((key) => [spelled(key), step] as const),
      ...Object.keys(step.columns ?? {}).map((column) =>
        [`column ${step.name}.${column}`, step] as const
      ),
    ])),
    byHand: steps.filter(({ alter }) => alter),
  };
  known.set(script, found);
  return found;
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[^\w]/g, "\\$&");
}

/** A dry run writes nothing where changes are pending. */
async function proveDry(
  { options }: Context,
  database: Database,
  states: States,
) {
  const problems: Problem[] = [];
  await states.build(database, states.filled(options.seed, 0.3));
  const before = await fingerprint(database.session);
  const { code, stderr } = await runProcess(
    options,
    ["--dry-run"],
    database.url,
  );
  const changed = differing(before, await fingerprint(database.session));
  if (changed.length > 0) {
    problems.push(dryRunWrote(options.script, changed));
  } else if (code !== 0) {
    problems.push({
      message: `a dry run ends with status ${code}: ${stderr.trim()}`,
    });
  }
  const text = "a dry run with changes pending leaves catalog, rows, " +
    "sequences and transaction numbers as they were";
  return { text, problems };
}

function dryRunWrote(file: string, what: string[]): Problem {
  const list = some(what, 8);
  return { message: `a dry run wrote to the database: ${list}`, file };
}

/** One state to prove, on any database. */
type Job = (database: Database) => Promise<Problem[]>;

/** Runs jobs on databases, each on the next that is free, up to a failure. */
async function share(
  databases: Database[],
  jobs: Job[],
  next: Int32Array,
  report?: Reporter,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  await Promise.all(databases.map(async (database) => {
    for (;;) {
      const job = jobs[Atomics.add(next, 0, 1)];
      if (!job) return;
      const found = await job(database);
      problems.push(...found);
      if (found.length > 0) Atomics.store(next, 0, jobs.length);
      report?.progress(Math.min(1, Atomics.load(next, 0) / jobs.length));
    }
  }));
  return problems;
}

/** What a plan that must be empty holds. */
function leftover(script: typeof Script, plan: Script.Plan): Problem[] {
  return [
    ...script.blockingIssues(plan).map(describeIssue),
    ...plan.changes.slice(0, 3).map(({ section, step, sql }) => ({
      message: `${stepKey(section, step)} still finds something to change`,
      code: `${sql};`,
      near: step.name,
    })),
  ];
}

function describeIssue({ object, text, details }: Script.Item): Problem {
  return {
    message: `${object} ${text}`,
    code: details.map(([label, text]) => `${label}: ${text}`).join("\n"),
    near: object,
  };
}

function stepsOf({ sections }: typeof Script): Step[] {
  return sections.flatMap(({ steps }) => steps);
}

function extensionsOf(script: typeof Script): string[] {
  return stepsOf(script).filter(({ verb }) => verb === "createExtension")
    .map(({ name }) => name);
}

interface ProcessOutput {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the script as an operator does, with the permissions of its shebang. */
async function runProcess(
  { script }: Options,
  args: string[],
  url?: string,
): Promise<ProcessOutput> {
  const [shebang = ""] = Deno.readTextFileSync(script).split("\n", 1);
  const permissions = shebang.split(" ").filter((word) => /^--/.test(word));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, script, ...args],
    env: { NO_COLOR: "1", ...(url && { DATABASE_URL: url }) },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

// ═══ Models ════════════════════════════════════════════════════════════════

/** The models as SQL, whoever printed it. */
interface Models {
  file: string;
  source: string;
  sql: string;
  /** What of a dump is not run: no step could make it. */
  skipped: string[];
  extensions: string[];
  /** Roles that the SQL names. */
  roles: string[];
  /** SQL that inserts rows where none can be made by trying. */
  rows: string;
}

/** What the models make of an empty database. */
interface Modelled {
  objects: Objects;
  inventory: Inventory;
  dump: Dump | undefined;
}

async function loadModels(
  file: string,
  script: typeof Script,
): Promise<Models> {
  if (!exists(file)) {
    throw new VerifyError(
      `there are no models at ${file}`,
      "Name them with --models FILE: a Drizzle module, or SQL",
    );
  }
  const source = Deno.readTextFileSync(file);
  if (file.endsWith(".sql")) {
    return { file, source, rows: "", ...readDump(source) };
  }
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw new VerifyError(
      `${file} does not load: ${messageOf(error).split("\n")[0]}`,
      "Fix the module; deno check shows more",
    );
  }
  const { generateDrizzleJson, generateMigration } = await import(
    "drizzle-kit/api"
  );
  const snapshot = generateDrizzleJson(module);
  // Where there are no steps either, nothing was written yet.
  if (
    Object.keys(snapshot.tables).length === 0 && stepsOf(script).length > 0
  ) {
    throw new VerifyError(
      `${file} exports no tables`,
      "Export each pgTable, or name another module with --models FILE",
    );
  }
  const none = generateDrizzleJson({});
  const statements = await generateMigration(none, snapshot);
  const sql = statements.join("\n");
  const rows = [module.rows ?? []].flat().join(";\n");
  return { file, source, sql, rows, skipped: [], extensions: [], roles: [] };
}

/** A statement of an SQL text: where it stands, and its words. */
interface Statement {
  start: number;
  end: number;
  words: string[];
}

const SQL_TOKEN = new RegExp(
  [
    /\s+|--[^\n]*|\/\*[^]*?\*\//,
    /[eE]'(?:[^'\\]|''|\\[^])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"/,
    /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[^]*?\$\1\$/,
    /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d+|[^]/,
  ].map(({ source }) => source).join("|"),
  "y",
);

/**
 * The statements of an SQL text, as psql parts them: its own commands, which
 * begin with a backslash, and the rows below a COPY are one each.
 */
function statementsOf(sql: string): Statement[] {
  const statements: Statement[] = [];
  let now: Statement = { start: 0, end: 0, words: [] };
  let depth = 0;
  const finish = (end: number) => {
    statements.push({ ...now, end });
    now = { start: end, end, words: [] };
    depth = 0;
  };
  for (let at = 0; at < sql.length;) {
    if (now.words.length === 0 && sql[at] === "\\") {
      now.words.push("\\");
      const end = sql.indexOf("\n", at);
      finish(at = end < 0 ? sql.length : end);
      continue;
    }
    SQL_TOKEN.lastIndex = at;
    const [token = sql[at] ?? ""] = SQL_TOKEN.exec(sql) ?? [];
    at += token.length;
    if (/^(\s|--|\/\*)/.test(token)) continue;
    if (now.words.length === 0) now.start = at - token.length;
    const word = /^\w/.test(token) ? token.toUpperCase() : token;
    const last = now.words.at(-1);
    // The body of a function in SQL has statements of its own.
    if (word === "ATOMIC" && last === "BEGIN") depth++;
    else if (depth > 0 && word === "CASE") depth++;
    else if (depth > 0 && word === "END") depth--;
    if (token === ";" && depth === 0) {
      if (/^COPY .* FROM STDIN/s.test(now.words.join(" "))) {
        const end = /^\\\.$/m.exec(sql.slice(at));
        at = end ? at + end.index + 2 : sql.length;
      }
      finish(at);
    } else now.words.push(/^["']/.test(token) ? token : word);
  }
  if (now.words.length > 0) finish(sql.length);
  return statements;
}

/** What `pg_dump` and `psql` write that a model is not, and what it is called. */
const NOT_MODELLED: [RegExp, string?][] = [
  [/^\\/],
  [/^COPY .* FROM STDIN/s],
  [/^SET (?:SESSION |LOCAL )?\w*_TIMEOUT\b/],
  [/^SET (?:DEFAULT_TABLESPACE|DEFAULT_WITH_OIDS|ROW_SECURITY|ROLE|SESSION)\b/],
  [/^(?:RESET|SET) (?:ROLE|SESSION AUTHORIZATION)\b/],
  [/^CREATE SCHEMA (?:IF NOT EXISTS )?"?PUBLIC"?(?: AUTHORIZATION \S+)?$/i],
  [/^ALTER .* OWNER TO \S+$/s, "owners"],
  [/^COMMENT ON (?:EXTENSION|DATABASE|ROLE|TABLESPACE)\b/],
  [/^SELECT PG_CATALOG \. SETVAL\b/],
  [/^(?:CREATE|ALTER|DROP) (?:DATABASE|TABLESPACE)\b/, "databases"],
  [/^(?:CREATE|ALTER|DROP) (?:ROLE|GROUP)\b/, "roles"],
  [/^(?:CREATE|ALTER|DROP) USER (?!MAPPING)/, "roles"],
  [/^(?:GRANT|REVOKE) (?:(?! ON ).)*$/s, "roles"],
  [/^(?:GRANT|REVOKE) .* ON (?:DATABASE|TABLESPACE|PARAMETER)\b/s, "roles"],
  [/^(?:CREATE|ALTER) SUBSCRIPTION\b/, "subscriptions"],
  [/^(?:CREATE|ALTER) USER MAPPING\b/, "user mappings"],
  [/^SECURITY LABEL\b/, "security labels"],
  [/^ALTER .* SET TABLESPACE\b/s, "tablespaces"],
];

/**
 * SQL models as they can run in a scratch database, at equal length, so that
 * the line of an error is the file's.
 */
function readDump(source: string) {
  const skipped = new Set<string>();
  const extensions = new Set<string>(), roles = new Set<string>();
  let sql = source, begun = false;
  for (const { start, end, words } of statementsOf(source)) {
    const text = words.join(" ");
    begun ||= /^CREATE (?!SCHEMA)/.test(text);
    // A dump with --clean begins by dropping what it is going to make.
    const cleans = !begun && /^(?:DROP|ALTER TABLE .* DROP) /s.test(text);
    const found = NOT_MODELLED.find(([pattern]) => pattern.test(text));
    if (found || cleans) {
      if (found?.[1]) skipped.add(found[1]);
      sql = sql.slice(0, start) +
        sql.slice(start, end).replaceAll(/[^\n]/g, " ") + sql.slice(end);
      continue;
    }
    const [, name] = /^CREATE EXTENSION (?:IF NOT EXISTS )?(\S+)/.exec(text) ??
      [];
    if (name) extensions.add(nameOfWord(name));
    for (const role of rolesIn(words)) roles.add(role);
  }
  return {
    sql,
    skipped: [...skipped],
    extensions: [...extensions],
    roles: [...roles],
  };
}

function nameOfWord(word: string): string {
  return word.startsWith('"') ? unquote(word) : word.toLowerCase();
}

/** The roles to which a statement grants something, or for which it is. */
function rolesIn(words: string[]): string[] {
  const text = words.join(" ");
  const name = String.raw`("(?:[^"]|"")*"|[\w$]+)`;
  const list = `${name}(?: , ${name})*`;
  const patterns: [RegExp, RegExp][] = [
    [/^(?:GRANT|ALTER DEFAULT)\b/, new RegExp(` TO (${list})`)],
    [/^(?:REVOKE|ALTER DEFAULT)\b/, new RegExp(` FROM (${list})`)],
    [/^(?:CREATE|ALTER) POLICY\b/, new RegExp(` TO (${list})`)],
    [/^ALTER DEFAULT\b/, new RegExp(` FOR (?:ROLE|USER) (${list})`)],
    [/^CREATE SCHEMA\b/, new RegExp(` AUTHORIZATION (${list})`)],
  ];
  return patterns.flatMap(([kind, where]) => {
    const [, found = ""] = kind.test(text) ? where.exec(text) ?? [] : [];
    return (found.match(/"(?:[^"]|"")*"|[\w$]+/g) ?? []).map(nameOfWord);
  }).filter((role) =>
    !/^(public|current_user|current_role|session_user|group|pg_.*)$/.test(role)
  );
}

/** Builds the models' own database, and reads it. */
async function buildModels(
  database: Database,
  { file, sql, roles, extensions: own }: Models,
  script: typeof Script,
): Promise<Modelled> {
  const { session } = database;
  for (const name of extensionsOf(script)) {
    if (own.includes(name)) continue;
    await session.query(`CREATE EXTENSION IF NOT EXISTS "${name}"`);
  }
  await database.makeRoles(roles);
  try {
    await session.query(sql);
  } catch (error) {
    const { position, code } = error as { position?: string; code?: string };
    const line = position && sql.slice(0, Number(position)).split("\n").length;
    throw new VerifyError(
      file.endsWith(".sql") && line
        ? `${file}, line ${line}: ${messageOf(error)}`
        : `the models' SQL fails: ${messageOf(error)}`,
      code === "0A000" && database.embedded
        ? "The embedded PostgreSQL lacks it: name a server that has it with " +
          "--server URL"
        : "Fix the models; an extension that they need is a createExtension " +
          "step",
    );
  }
  await session.query("RESET ALL");
  const objects = await readObjects(session);
  const inventory = await readInventory(session);
  const named = new Set(
    stepsOf(script).filter(({ verb }) => verb === "createPartition")
      .map(({ name }) => name),
  );
  for (const partitions of jobPartitions(inventory.items).values()) {
    for (const { label } of partitions) {
      // What steps name is no job's.
      if (named.has(label)) continue;
      for (const [key, { table }] of objects) {
        if (table === label) objects.delete(key);
      }
    }
  }
  return { objects, inventory, dump: await database.dump() };
}

/** What the models or steps name, by the keys that steps own. */
type Names = Map<string, string[]>;

/** The names in SQL that creates tables, indexes, constraints and enums. */
function readNames(sql: string): Names {
  const names: Names = new Map();
  for (const statement of splitSql(sql)) {
    const text = statement.map(({ text }) => text);
    const at = (...words: string[]) =>
      words.every((word, i) => text[i]?.toUpperCase() === word);
    const name = (i: number) => {
      while (/^(IF|NOT|EXISTS|ONLY|CONCURRENTLY)$/i.test(text[i] ?? "")) i++;
      const schema = text[i + 1] === "." ? unquote(text[i]) : "public";
      if (text[i + 1] === ".") i += 2;
      const own = unquote(text[i]);
      return [schema === "public" ? own : `${schema}.${own}`, i + 1] as const;
    };
    const constraints = (table: string, from: number) => {
      for (let i = from; i < text.length; i++) {
        if (text[i]?.toUpperCase() !== "CONSTRAINT") continue;
        if (text[i + 2]?.toUpperCase() === "NOT") continue;
        names.set(`constraint ${table}.${unquote(text[i + 1])}`, []);
      }
    };
    if (at("CREATE", "TABLE") || at("CREATE", "UNLOGGED", "TABLE")) {
      const [table, open] = name(at("CREATE", "TABLE") ? 2 : 3);
      const columns: string[] = [];
      let depth = 0;
      // What follows PARTITION OF is no list of columns.
      for (
        let i = text[open] === "(" ? open : text.length;
        i < text.length;
        i++
      ) {
        if (text[i] === "(") depth++;
        if (text[i] === ")") depth--;
        const starts = depth === 1 && (i === open || text[i] === ",");
        const word = text[i + 1] ?? "";
        const isColumn =
          !/^(CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN|EXCLUDE|LIKE)$/i
            .test(word);
        if (starts && isColumn) columns.push(unquote(word));
        if (starts && /^LIKE$/i.test(word)) {
          const [other] = name(i + 2);
          columns.push(...names.get(`table ${other}`) ?? []);
        }
      }
      names.set(`table ${table}`, columns);
      for (const column of columns) names.set(`column ${table}.${column}`, []);
      constraints(table, open);
    } else if (at("ALTER", "TABLE")) {
      const [table, rest] = name(2);
      readAlteration(names, table, text.slice(rest));
      if (text[rest]?.toUpperCase() === "ADD") constraints(table, rest);
    } else if (at("CREATE", "INDEX") || at("CREATE", "UNIQUE", "INDEX")) {
      const [index, rest] = name(at("CREATE", "INDEX") ? 2 : 3);
      // It stands beside its table.
      const [table] = name(rest + 1);
      names.set(`index ${table.replace(/[^.]*$/, "")}${index}`, []);
    } else if (at("CREATE", "TYPE")) {
      const [type, rest] = name(2);
      if (text[rest + 1]?.toUpperCase() === "ENUM") {
        const labels = text.slice(rest + 2).filter((t) => t.startsWith("'"));
        names.set(`enum ${type}`, labels);
      }
    }
  }
  return names;
}

/** What ALTER TABLE does to the names: columns come, go, and are renamed. */
function readAlteration(names: Names, table: string, words: string[]) {
  const key = `table ${table}`;
  const columns = names.get(key);
  if (!columns) return;
  const isWord = (i: number, ...list: string[]) =>
    list.includes(words[i]?.toUpperCase() ?? "");
  const skip = (i: number) => {
    while (isWord(i, "COLUMN", "IF", "NOT", "EXISTS")) i++;
    return i;
  };
  if (isWord(0, "RENAME") && !isWord(1, "CONSTRAINT")) {
    const at = skip(1);
    const [from, to] = isWord(1, "TO")
      ? [undefined, unquote(words[2])]
      : [unquote(words[at]), unquote(words[at + 2])];
    if (from === undefined) {
      names.delete(key);
      names.set(`table ${to}`, columns);
    }
    for (const column of columns.splice(0)) {
      const now = column === from ? to : column;
      columns.push(now);
      names.delete(`column ${table}.${column}`);
      names.set(`column ${from === undefined ? to : table}.${now}`, []);
    }
    return;
  }
  const other = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
    .concat(["EXCLUDE"]);
  let depth = 0;
  words.forEach((word, i) => {
    depth += word === "(" ? 1 : word === ")" ? -1 : 0;
    if (depth > 0 || i > 0 && words[i - 1] !== ",") return;
    const at = skip(i + 1);
    if (isWord(at, ...other)) return;
    const column = unquote(words[at]);
    if (isWord(i, "ADD")) {
      if (!columns.includes(column)) columns.push(column);
      names.set(`column ${table}.${column}`, []);
    } else if (isWord(i, "DROP")) {
      columns.splice(0, columns.length, ...columns.filter((c) => c !== column));
      names.delete(`column ${table}.${column}`);
    }
  });
}

/** The tokens of each statement; strings and quoted names are one each. */
function splitSql(sql: string) {
  const statements: { text: string }[][] = [[]];
  const tokens =
    /\s+|--[^\n]*|\/\*[^]*?\*\/|[eE]?'(?:[^']|'')*'|\$(\w*)\$[^]*?\$\1\$|"(?:[^"]|"")*"|[\w\u0080-\uffff]+|[^]/g;
  for (const [text] of sql.matchAll(tokens)) {
    if (/^(\s|--|\/\*)/.test(text)) continue;
    if (text === ";") statements.push([]);
    else statements.at(-1)?.push({ text });
  }
  return statements;
}

function unquote(name = ""): string {
  return name.startsWith('"')
    ? name.slice(1, -1).replaceAll('""', '"')
    : name.toLowerCase();
}

/** The same names, of what PostgreSQL has made of the models. */
function namesOf(objects: Objects): Names {
  const names: Names = new Map();
  for (const [key, { kind, table }] of objects) {
    if (!["table", "column", "constraint", "index", "enum"].includes(kind)) {
      continue;
    }
    names.set(key, names.get(key) ?? []);
    if (kind === "column") names.get(`table ${table}`)?.push(nameOf(key));
  }
  return names;
}

/** A name of another schema, as steps write it. */
const ELSEWHERE =
  /^(?:"(?:[^"]|"")*"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)\.(?=\S)/;

/** Every model has a step, and every step a model, by their names. */
function checkNames({ options, script, models }: Context, wanted: Names) {
  const owned = new Map<string, Step>();
  const longhand: string[] = [];
  for (const step of stepsOf(script)) {
    if (step.alter) longhand.push(...step.alter);
    if (/^(drop|revoke)/.test(step.verb)) continue;
    for (const thing of script.ownedBy(step)) {
      owned.set(thing, step);
      for (const column of Object.keys(step.columns ?? {})) {
        owned.set(thing.replace("table", "column") + `.${column}`, step);
      }
    }
  }
  for (const [name] of readNames(longhand.join(";\n"))) {
    if (!owned.has(name)) owned.set(name, { modelled: false } as Step);
  }
  const problems: Problem[] = [];
  const lacking = (key: string): boolean => {
    const [kind = "", name = ""] = key.split(/ (.*)/s);
    const [table = ""] = name.split(".");
    if (kind === "constraint" && name === `${table}.${table}_pkey`) {
      return !owned.has(`table ${table}`);
    }
    const above = owned.get(`table ${table}`)?.shape?.inherits ?? [];
    const inherited = kind === "column" &&
      above.some((from) =>
        !lacking(`column ${from}${name.slice(table.length)}`)
      );
    return !owned.has(key) && !inherited;
  };
  for (const key of wanted.keys()) {
    const [, table] = /^(?:column|constraint) (.*?)\./.exec(key) ?? [];
    if (!lacking(key) || (table && lacking(`table ${table}`))) continue;
    // What a table made by hand has is looked at where it is made.
    if (table && owned.get(`table ${table}`)?.modelled === false) continue;
    problems.push({
      message: `${key} of the models has no step` +
        (options.static ? "; without --static the step is printed" : ""),
      file: models.file,
      near: key.split(/[ .]/).at(-1)!,
    });
  }
  for (const [key, { modelled, verb, name, table: on = name }] of owned) {
    // What PostgreSQL has made elsewhere is compared object by object.
    if (!options.static && ELSEWHERE.test(on)) continue;
    const [, table] = /^column (.*)\./s.exec(key) ?? [];
    if (modelled === false || !/^(table|column|index|enum) /.test(key)) {
      continue;
    }
    if (wanted.has(key) || (table && !wanted.has(`table ${table}`))) continue;
    // A unique constraint's index has its name.
    const named = key.replace(/^index /, ".");
    const constraint = (k: string) =>
      k.startsWith("constraint ") && k.endsWith(named);
    if (key.startsWith("index ") && [...wanted.keys()].some(constraint)) {
      continue;
    }
    problems.push({
      message: `the models have no ${key}, which ${verb} "${name}" makes: ` +
        "drop it in a step, or mark the step with notModelled(…)",
      file: options.script,
      near: `"${key.split(/[ .]/).at(-1)}"`,
    });
  }
  const kinds = ["table", "column", "index", "constraint", "enum"].map(
    (kind) => {
      const n =
        [...wanted.keys()].filter((k) => k.startsWith(`${kind} `)).length;
      return n > 0 ? count(n, kind) : [];
    },
  ).flat();
  return {
    text: kinds.length > 0
      ? `${kinds.join(", ")} of the models have their steps`
      : "neither the models nor the steps make a table yet",
    problems,
  };
}

// ═══ Catalog ═══════════════════════════════════════════════════════════════

/** One thing in a database, as PostgreSQL describes it. */
interface Thing {
  kind: string;
  /** The table that it hangs on, or that it is. */
  table?: string;
  /** The same as SQL wants it. */
  on: string;
  /** Its name as SQL wants it, or of what has none alone, its table's. */
  sql: string;
  name: string;
  definition: string;
  about: About;
}

type Defined = Pick<Thing, "kind" | "definition">;

/** All of a database, by keys such as `column users.email`. */
type Objects = Map<string, Thing>;

/** What models and script must have alike; the rest only where models have it. */
const BOTH_WAYS = ["table", "column", "constraint", "index", "enum"]
  .concat(["domain", "row level security"]);

/** Definitions that steps to paste ask for, too. */
const POLICY = `concat_ws(' ',
  CASE WHEN NOT polpermissive THEN 'AS RESTRICTIVE' END,
  'FOR ' || CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
    WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' END,
  'TO ' || (SELECT string_agg(quote_ident(rolname), ', '
    ORDER BY rolname) FROM pg_roles WHERE oid = ANY (polroles)),
  'USING (' || pg_get_expr(polqual, polrelid, true) || ')',
  'WITH CHECK (' || pg_get_expr(polwithcheck, polrelid, true) || ')')`;

const DOMAIN = `concat_ws(' ', format_type(typbasetype, typtypmod),
  (SELECT 'COLLATE ' || t.typcollation::regcollation FROM pg_type b
    WHERE b.oid = t.typbasetype AND t.typcollation <> b.typcollation),
  'DEFAULT ' || typdefault, CASE WHEN typnotnull THEN 'NOT NULL' END,
  (SELECT string_agg('CONSTRAINT ' || quote_ident(conname) || ' ' ||
    pg_get_constraintdef(c.oid, true), ' ' ORDER BY conname)
    FROM pg_constraint c WHERE contypid = t.oid AND contype = 'c'))`;

/** A cast list prints in one of two ways: as first written, or read again. */
function castEach(definition: string): string {
  const each = (to: string) => (_: string, items: string) =>
    `ARRAY[${items.replaceAll(CAST_ITEM, to)}]`;
  return definition.replaceAll(CAST_AGAIN, each("($&)::text"))
    .replaceAll(CAST_AT_ONCE, each("$&::text"));
}

const CAST_ITEM = /'(?:[^']|'')*'::character varying/g;
const CAST_LIST = `ARRAY\\[(${CAST_ITEM.source}(?:, ${CAST_ITEM.source})*)\\]`;
const CAST_AGAIN = new RegExp(`\\(${CAST_LIST}\\)::text\\[\\]`, "g");
const CAST_AT_ONCE = new RegExp(`${CAST_LIST}::text\\[\\]`, "g");

/** Everything in a database, each with a definition of its own. */
async function readObjects(session: Session): Promise<Objects> {
  // Planned once: it takes PostgreSQL longer than to run it.
  const read = () =>
    session.query(`SET search_path = ${SEARCH_PATH}; EXECUTE verify_items`);
  const [row] = await read().catch(async (error) => {
    if (error.code !== "26000") throw error;
    await session.query(`PREPARE verify_items AS ${itemsQuery()}`);
    return await read();
  });
  return objectsOf((row?.items ?? []) as Item[]);
}

/**
 * Definitions in which neither the order of columns nor a name of its own
 * shows, as PostgreSQL prints them, so that two databases of one server compare
 * as text.
 */
function objectsOf(items: Item[]): Objects {
  const objects: Objects = new Map();
  const tables = new Map(
    items.filter(({ kind }) => /^(table|.*view)$/.test(kind))
      .map((item) => [item.id, item]),
  );
  const inOrder = items.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
  for (const item of inOrder) {
    const { kind, label, sql, about } = item;
    const table = tables.get(kind === "table" ? item.id : item.on ?? "");
    const add = (key: string, thing: Partial<Thing> & Defined) =>
      objects.set(key, {
        ...{ sql, about, name: about.name ?? label, ...thing },
        on: table?.sql ?? "",
        ...table && { table: table.label },
      });
    if (kind === "comment") {
      for (const { column, text } of about.parts ?? []) {
        const of = column === undefined
          ? label
          : `column ${table?.label}.${column}`;
        const name = column === undefined
          ? label.replace(/ on table /, " ON ")
          : `COLUMN ${table?.sql}.${quote(`${column}`)}`;
        add(`comment ${of}`, { kind, name, definition: `${text}` });
      }
      continue;
    }
    const define = DEFINITIONS[kind] ?? (() => substance(item));
    add(keyOf(item), { kind, definition: castEach(define(about)) });
    if (kind !== "table" || about.bound) continue;
    for (const column of about.columns ?? []) {
      add(`column ${label}.${column.name}`, {
        kind: "column",
        name: column.name,
        about: { ...column },
        definition: castEach(defineColumn(column)),
      });
    }
  }
  return objects;
}

/** Those that a person should read; what the others are is told as it is. */
const DEFINITIONS: Record<string, ((about: About) => string) | undefined> = {
  table: ({ bound, parents = [], partitionBy, unlogged, type, server }) => {
    const above = parents.map(({ name }) => name).join(", ");
    return inWords(
      bound ? `PARTITION OF ${above} ${bound}` : above && `INHERITS (${above})`,
      partitionBy && `PARTITION BY ${partitionBy}`,
      unlogged && "UNLOGGED",
      type && `OF ${type}`,
      server as string && `SERVER ${server}`,
    );
  },
  constraint: ({ definition }) => definition ?? "",
  index: ({ text, valid }) => inWords(text, !valid && "INVALID"),
  enum: ({ labels = [] }) => labels.map(quoteText).join(", "),
  domain: ({ definition }) => definition ?? "",
  policy: ({ definition }) => definition ?? "",
  function: ({ definition }) => definition ?? "",
  trigger: ({ definition, enabled }) => inWords(definition, enabled),
  extension: () => "",
};

function defineColumn(column: ColumnAbout): string {
  const { type, collation, notNull, unproved, identity, generated } = column;
  return inWords(
    type,
    collation && `COLLATE ${collation}`,
    notNull && !identity && "NOT NULL",
    unproved && "NOT VALID",
    column.default && `DEFAULT ${column.default}`,
    generated && `GENERATED ALWAYS AS (${generated}`,
    identity && `GENERATED ${identity} AS IDENTITY`,
    column.counter && `(${column.counter})`,
    column.kept,
  );
}

/** One text of those that there are. */
function inWords(...parts: (string | false | undefined)[]): string {
  return parts.filter((part) => part).join(" ");
}

/** The differences of the models' database and the script's, as problems. */
async function compareWithModels(
  { modelled, target: made, unmodelled }: {
    modelled: Modelled;
    target: Objects;
    unmodelled: Set<string>;
  },
  { options, script, models: { file } }: Context,
  database: Database,
): Promise<Problem[]> {
  const models = modelled.objects;
  const reached = await readInventory(database.session);
  const problems: Problem[] = [];
  const ofUnmodelled = (key: string, { table }: Thing) =>
    unmodelled.has(key) || unmodelled.has(`table ${table}`) ||
    findStep(script, key)?.modelled === false ||
    findStep(script, `table ${table}`)?.modelled === false;
  const missing = [...models].filter(([key]) => !made.has(key));
  // SQL can say all that there is, so that what it does not say is too much.
  const counts = ({ kind }: Thing) =>
    BOTH_WAYS.includes(kind) || file.endsWith(".sql") && kind !== "extension";
  const extra = [...made].filter(([key, thing]) =>
    !models.has(key) && counts(thing) && !ofUnmodelled(key, thing)
  );
  const renamed = new Set<string>();
  for (const [key, thing] of missing) {
    const same = extra.find(([other, { kind, table, definition }]) =>
      !renamed.has(other) && kind === thing.kind && table === thing.table &&
      ["index", "constraint"].includes(kind) && definition === thing.definition
    );
    if (!same) continue;
    renamed.add(key).add(same[0]);
    problems.push({
      message: `${key} of the models is called ` +
        `${nameOf(same[0])} by the script: give it one name in both`,
      file: options.script,
      near: `"${nameOf(same[0])}"`,
    });
  }
  const paper = new Paper(modelled.inventory, ...madeBy(script, made, reached));
  problems.push(
    ...await missingSteps(paper, reached, (key) => renamed.has(key), {
      script: options.script,
      file,
    }),
  );
  for (const [key, thing] of extra) {
    if (renamed.has(key)) continue;
    const { table = "" } = thing;
    const isOn = ["table", "view", "materialized view"]
      .map((above) => `${above} ${table}`);
    // Of what is too much itself, its parts are not told.
    if (table && !isOn.includes(key) && !isOn.some((on) => models.has(on))) {
      continue;
    }
    problems.push({
      message: `${key} is made by the script and not in the models: drop it ` +
        "in a step, or mark its step with notModelled(…)",
      // Not what only a program reads.
      code: thing.definition.replace(/^\{.*/s, ""),
      file: options.script,
      near: nameOf(key),
    });
  }
  for (const [key, want] of models) {
    const have = made.get(key);
    if (!have || await isSame(database.session, want, have)) continue;
    problems.push({
      message: `${key} differs`,
      code: `models  ${want.definition || "(nothing special)"}\n` +
        `script  ${have.definition || "(nothing special)"}`,
      file: options.script,
      near: nameOf(key),
    });
  }
  return problems;
}

/** What there are steps for, and which tables a `createTable` makes. */
function madeBy(
  script: typeof Script,
  objects: Objects,
  { items }: Inventory,
): [Set<string>, Set<string>] {
  const columns = items.flatMap(({ kind, label, about: { columns } }) =>
    kind === "table"
      ? columns?.map(({ name }) => `column ${label}.${name}`) ?? []
      : []
  );
  return [
    new Set([...objects.keys(), ...items.map(keyOf), ...columns]),
    new Set(
      stepsOf(script)
        .filter(({ verb }) => /^create(Table|Partition)$/.test(verb))
        .map(({ name }) => name),
    ),
  ];
}

/** A problem for each thing that there is no step for, with the steps. */
async function missingSteps(
  paper: Paper,
  reached: Inventory,
  isRenamed: (key: string) => boolean,
  { script, file }: { script: string; file: string },
): Promise<Problem[]> {
  const groups: { key: string; name: string; steps: string[] }[] = [];
  const tables = new Set<string>();
  for (const { key, item, steps } of paper.print()) {
    if (isRenamed(key)) continue;
    // What hangs on a missing table is told with it.
    if (item.on && tables.has(item.on)) groups.at(-1)?.steps.push(...steps);
    else groups.push({ key, name: item.about.name ?? item.label, steps });
    if (/^(table|view|materialized view)$/.test(item.kind)) tables.add(item.id);
  }
  const texts = groups.length === 0
    ? []
    : await formatSteps(groups.map(({ steps }) => steps.map(onOneLine)));
  const known = new Set(reached.left.map(({ what }) => what));
  return [
    ...groups.map(({ key, name }, i) => ({
      message: `${key} of the models is not made by the script; paste into ` +
        `${basename(script)}:`,
      code: texts[i] ?? "",
      file,
      near: nameOf(`x ${name}`),
    })),
    ...paper.left.filter(({ what }) => !known.has(what)).map(({ what }) => ({
      message: `${what} of the models is not made by the script, and no ` +
        "scaffolded step can make it: write it by hand",
      file,
    })),
  ];
}

/** What an object is, without numbers that every database gives anew. */
function substance({ about }: Item): string {
  return JSON.stringify(about, (key, value) => {
    if (/^(id|parent|indexId|defaultId|usual|version)$/.test(key)) {
      return undefined;
    }
    if (!Array.isArray(value)) return value;
    return key === "columns"
      ? value.toSorted((a, b) => a.name < b.name ? -1 : 1)
      : key === "options"
      ? value.toSorted()
      : value;
  });
}

/**
 * Whether two definitions mean the same: PostgreSQL prints what they compute
 * with its constants folded, so that '0' and 0 of a numeric column are alike.
 */
async function isSame(session: Session, a: Thing, b: Thing): Promise<boolean> {
  if (a.definition === b.definition) return true;
  const [left, right] = [a, b].map(({ kind, definition }) => {
    const pattern = EXPRESSIONS[kind];
    const [, before = definition, expression = ""] =
      pattern?.exec(definition) ?? [];
    return { before, expression };
  });
  if (!left?.expression || !right?.expression) return false;
  if (left.before !== right.before) return false;
  const [type = ""] = left.before.split(/ (?=NOT NULL|COLLATE)/);
  const list = [left, right].map(({ expression }) =>
    a.kind === "column" ? `(${expression})::${type}` : `(${expression})`
  );
  const [row] = await session.query(
    `EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT ${list.join(", ")}
    FROM ${a.on}`,
  ).catch(() => []);
  if (!row) return false;
  const [plan] = row?.["QUERY PLAN"] as [{ Plan: { Output: string[] } }];
  return plan.Plan.Output[0] === plan.Plan.Output[1];
}

/** What stands before a definition's expression, and the expression. */
const EXPRESSIONS: Record<string, RegExp | undefined> = {
  column: /^(.*?) DEFAULT (.*)$/s,
  constraint: /^(CHECK) (.*)$/s,
  index: /^(.*) WHERE (.*)$/s,
};

/**
 * Whether two texts have the same words: a column that was made again is the last
 * of its table, and extensions stand apart in one of the databases.
 */
function sameWords(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) =>
    text.replaceAll(/\b(?:public|verify_extensions)\./g, "")
      .replaceAll(/\bOPERATOR\(([^)\s]*)\)/g, "$1")
      .split(/[\s,;()[\]{}"]+/).sort().join(" ")
  );
  return left === right;
}

/** What differs from the target, for a state that did not get there. */
async function compareWithTarget(
  session: Session,
  target: Objects,
  reached: Objects,
): Promise<string[]> {
  const keys = new Set([...target.keys(), ...reached.keys()]);
  const byDefault = [...keys].some((key) => /^default privileges /.test(key));
  const found: string[] = [];
  for (const key of keys) {
    const [want, have] = [target.get(key), reached.get(key)];
    // Default privileges give what was made later more than a step does.
    if (byDefault && have?.kind === "privileges") continue;
    if (!have) found.push(`${key} is missing`);
    else if (!want) {
      found.push(`${key} should not be there: ${have.definition}`);
    } else if (want.definition === have.definition) continue;
    else if (/^(\{|INHERITS )/.test(have.definition)) {
      // What was made again is the last column, or the last parent, there.
      if (sameWords(want.definition, have.definition)) continue;
      found.push(`${key} differs`);
    } else if (!await isSame(session, want, have)) {
      found.push(`${key} is ${have.definition}, not ${want.definition}`);
    }
  }
  return found;
}

/** What pg_dump prints of a database, by keys such as `policy tasks.own`. */
type Dump = Map<string, string>;

/** What no step makes: what is said of an extension, and of schema public. */
const NOT_OURS = /^(?:EXTENSION .*|SCHEMA public|public)$/;

/** The comment above each of its entries. */
const ENTRY =
  /^-- Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: .*\n--\n/gm;

/** A dump in which the order of columns, of grants and of objects is none. */
function readEntries(text: string): Dump {
  const entries: Dump = new Map();
  const add = (key: string, text: string) =>
    entries.set(
      key,
      [...entries.has(key) ? [entries.get(key)] : [], text]
        .join("\n"),
    );
  const found = [...text.matchAll(ENTRY)];
  found.forEach(
    ({ 0: head, 1: name = "", 2: type = "", 3: schema, index }, i) => {
      if (/\bverify_\w+$/.test(schema === "-" ? name : `${schema}`)) return;
      if (type === "EXTENSION" || NOT_OURS.test(name)) return;
      const body = castEach(
        text.slice(index + head.length, found[i + 1]?.index)
          .replaceAll(/^(?:SET default_.*|--.*|\\.*)$/gm, "")
          .replaceAll(/CONSTRAINT (?:"(?:[^"]|"")*"|\S+) (?=NOT NULL)/g, "")
          .trim(),
      );
      const within = schema === "public" || schema === "-" ? "" : `${schema}.`;
      const kind = type.replace(/^(?:FK|CHECK) (?=CONSTRAINT)/, "")
        .toLowerCase();
      const key = `${kind} ${within}${
        /^(?:constraint|trigger|policy|rule|default)$/.test(kind)
          ? name.replace(" ", ".")
          : name
      }`;
      const [, before, items, after] =
        (kind === "table" ? /^(CREATE [^(]* \()\n(.*?)\n(\).*)$/s : /$.^/)
          .exec(body) ?? [];
      const sorted = /^(?:default )?acl$/.test(kind);
      add(
        key,
        items === undefined
          ? sorted ? body.split("\n").sort().join("\n") : body
          : `${before} … ${after}`,
      );
      for (const item of items?.split(/,\n(?= {4}\S)/) ?? []) {
        const [, constraint, own = "", rest = ""] =
          /^ *(CONSTRAINT )?("(?:[^"]|"")*"|\S+) (.*)$/s.exec(item) ?? [];
        const kind = constraint ? "constraint" : "column";
        add(`${kind} ${within}${name}.${unquoteExactly(own)}`, rest);
      }
    },
  );
  return entries;
}

/** Where pg_dump sees two databases differ, with what it prints of each. */
async function dumpsDiffer(
  session: Session,
  want: Dump,
  have: Dump,
): Promise<{ key: string; want?: string; have?: string }[]> {
  const found = [];
  for (const key of new Set([...want.keys(), ...have.keys()])) {
    const [left, right] = [want.get(key), have.get(key)];
    if (left === right) continue;
    if (left !== undefined && right !== undefined) {
      const [kind = ""] = key.split(" ");
      const table = key.slice(kind.length + 1).split(".").slice(0, -1).join(
        ".",
      );
      const [a, b] = [left, right].map((definition) => ({
        kind,
        on: quote(table),
        // As it stands in the definition of a thing.
        definition: definition.replace(
          /( DEFAULT .*) NOT NULL$/s,
          " NOT NULL$1",
        ),
      })) as [Thing, Thing];
      if (await isSame(session, a, b)) continue;
    }
    found.push({
      key,
      ...(left !== undefined && { want: left }),
      ...(right !== undefined && { have: right }),
    });
  }
  return found;
}

/**
 * What only pg_dump sees differ from the models. What is beyond them counts
 * where they can say it: in SQL everything, else each kind that they have.
 */
async function judge(
  { script, models, options }: Context,
  database: Database,
  { dump: want }: Modelled,
  have: Dump | undefined,
  told: string,
): Promise<Problem[]> {
  if (!want || !have) return [];
  const words = (text: string): string[] =>
    text.match(/[\p{L}\p{N}_$]+/gu) ?? [];
  const known = new Set(words(told.toLowerCase()));
  const kinds = new Set([...want.keys()].map((key) => key.split(" ")[0]));
  const unmodelled = stepsOf(script).filter((step) => step.modelled === false)
    .map((step) => ({
      step,
      words: new Set(words(JSON.stringify(step).toLowerCase())),
    }));
  const found = await dumpsDiffer(database.session, want, have);
  const missing = found.filter(({ key, have }) =>
    have === undefined && key.startsWith("table ")
  ).map(({ key }) => key);
  // It comes with its table, which is missing itself.
  const isPart = (key: string, text: string) => {
    const owner = want.get(`sequence owned by ${nameOf(key, true)}`) ?? text;
    const all = words(key.startsWith("sequence ") ? key + owner : key);
    return missing.some((table) =>
      key !== table && words(nameOf(table, true)).every((w) => all.includes(w))
    );
  };
  return found.flatMap(({ key, want, have }) => {
    const named = words(key.slice(key.indexOf(" ")).toLowerCase());
    if (named.every((word) => known.has(word))) return [];
    if (want !== undefined && isPart(key, want)) return [];
    if (want === undefined) {
      const sql = models.file.endsWith(".sql");
      if (!sql && !kinds.has(key.split(" ")[0])) return [];
      const excused = unmodelled.some(({ step, words }) =>
        named.every((word) => words.has(word)) ||
        /Table$|^step$/.test(step.verb) && named[0] === step.name.toLowerCase()
      );
      if (excused) return [];
    }
    const [message, code] = want === undefined
      ? [
        "is made by the script and not in the models: drop it in a step, or " +
        "mark its step with notModelled(…)",
        have,
      ]
      : have === undefined
      ? ["of the models is not made by the script", want]
      : ["differs", `models  ${want}\nscript  ${have}`];
    return [{
      message: `${key} ${message} (seen by pg_dump)`,
      code: code ?? "",
      file: options.script,
      near: nameOf(key),
    }];
  });
}

/** The last part of a key, or all but its kind. */
function nameOf(key: string, whole = false): string {
  const name = key.replace(/^(materialized )?\S+ /, "");
  return whole ? name : name.split(".").at(-1) ?? name;
}

/**
 * All that a write would change: catalog, rows, sequences and, where nobody
 * else shares the server, the number of the next transaction.
 */
async function fingerprint(session: Session): Promise<Map<string, string>> {
  const objects = await readObjects(session);
  const tables = [...objects].filter(([, { kind }]) => kind === "table");
  const parts = [
    ...tables.map(([key, { sql }]) =>
      `SELECT ${quoteText(`rows of ${nameOf(key, true)}`)}, count(*) || ' ' ||
        coalesce(bit_xor(hashtextextended(t::text, 0)), 0) FROM ${sql} t`
    ),
    `SELECT 'next value of ' || seqrelid::regclass,
      coalesce(pg_sequence_last_value(seqrelid), 0)::text FROM pg_sequence`,
    `SELECT 'the number of the next transaction',
      pg_snapshot_xmax(pg_current_snapshot())::text
    FROM (SELECT count(*) FROM pg_stat_activity) x (n) WHERE n < 3`,
  ];
  const data = await session.query(
    parts.map((sql) => `SELECT what, value FROM (${sql}) f (what, value)`)
      .join(";\n"),
  );
  return new Map([
    ...[...objects].map(([key, { definition }]) => [key, definition] as const),
    ...data.map(({ what, value }) => [`${what}`, `${value}`] as const),
  ]);
}

/** What of it is not the same. */
function differing(before: Map<string, string>, now: Map<string, string>) {
  const keys = new Set([...before.keys(), ...now.keys()]);
  return [...keys].filter((key) => before.get(key) !== now.get(key));
}

function quote(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

const KEYWORDS = new Set(
  ("all analyse analyze and any array as asc both case cast check collate " +
    "column constraint create default desc distinct do else end except false " +
    "fetch for foreign from grant group having in into limit not null offset " +
    "on only or order primary references returning select some table then to " +
    "true union unique user using when where window with").split(" "),
);

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The labels in SQL, as they stand there and as they are. */
function labelsOf(sql: string): { written: string; label: string }[] {
  const strings = /[eE]'((?:[^'\\]|''|\\[^])*)'|'((?:[^']|'')*)'/g;
  return [...sql.matchAll(strings)].map(([written, escaped, plain = ""]) => ({
    written,
    label: (escaped?.replaceAll(/\\([^])/g, "$1") ?? plain)
      .replaceAll("''", "'"),
  }));
}

// ═══ Inventory ═════════════════════════════════════════════════════════════
//
// Every object of a database, of whatever kind and in any schema, and what
// needs what. What belongs to an extension, or stands in a schema that one
// made, is nobody's to write down.

/** One object, or one setting of an object that has a step of its own. */
interface Item {
  kind: string;
  /** Its name, with its schema where that is not the steps' own. */
  label: string;
  /** The same as SQL wants it. */
  sql: string;
  /** Catalog and number, such as `pg_class 16385`. */
  id: string;
  /** The relation or the type that it hangs on, by its number. */
  on?: string;
  about: About;
}

/** What the catalogs say of an object: the parts that its kind has. */
interface About {
  schema?: string;
  name?: string;
  definition?: string;
  options?: string[];
  columns?: ColumnAbout[];
  /** All columns in one text, as `COLUMNS` has them. */
  shape?: string;
  relkind?: string;
  unlogged?: boolean;
  parents?: { id: string; name: string }[];
  bound?: string;
  partitionBy?: string;
  /** Of a partition by range: whether its key is a date or a time. */
  byTime?: boolean;
  type?: string;
  collation?: string;
  default?: string;
  notNull?: boolean;
  valid?: boolean;
  unique?: boolean;
  enabled?: string;
  labels?: string[];
  fields?: [name: string, type: string][];
  language?: string;
  body?: string;
  parts?: Record<string, unknown>[];
  owner?: { id: string; table: string; column: string };
  text?: string;
  [other: string]: unknown;
}

interface ColumnAbout {
  name: string;
  ident: string;
  type: string;
  collation?: string;
  notNull: boolean;
  unproved?: boolean;
  default?: string;
  generated?: string;
  identity?: string;
  /** Options of its identity that are not the usual ones. */
  counter?: string;
  inherited?: boolean;
  /** Its storage, compression and statistics target, where not usual. */
  kept?: string;
  /** The number of its default. */
  defaultId?: string;
}

/** All of a database. */
interface Inventory {
  items: Item[];
  /** Numbers of what is part of an object, and the object's. */
  aliases: Map<string, string>;
  /** What each object needs, by their numbers. */
  needs: Map<string, Set<string>>;
  /** What no step can make, each with a reason. */
  left: { what: string; why: string }[];
}

/** A row of a kind: `id` is catalog and number, as text. */
function rowOf(
  kind: string,
  catalog: string,
  oid: string,
  name: string,
  sql: string,
  on: string,
  about: string,
): string {
  return `SELECT '${kind}' AS kind, '${catalog} ' || ${oid} AS id,
    ${name} AS label, ${sql} AS sql, ${on} AS "on",
    json_build_object(${about}) AS about`;
}

/** What follows the first place of a mark in a text. */
function behind(text: string, mark: string): string {
  return `substr(${text}, strpos(${text}, ${mark}) + length(${mark}))`;
}

/** The columns of a longhand table, as its check reads them. */
const SHAPE = `(SELECT string_agg(concat_ws(' ', attname,
    format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NOT NULL' END,
    nullif(attidentity::text || attgenerated::text, ''), pg_get_expr(adbin, adrelid),
    CASE WHEN attcollation <> 100 THEN nullif(attcollation, 0)::regcollation
      END), ', ' ORDER BY attname)
  FROM pg_attribute LEFT JOIN pg_attrdef
    ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attislocal)`;

/** Options of a sequence that are not those it has by itself. */
const COUNTER = `(SELECT concat_ws(' ',
    CASE WHEN seqincrement <> 1 THEN 'INCREMENT BY ' || seqincrement END,
    CASE WHEN seqmin <> low THEN 'MINVALUE ' || seqmin END,
    CASE WHEN seqmax <> high THEN 'MAXVALUE ' || seqmax END,
    CASE WHEN seqstart <> CASE WHEN seqincrement > 0 THEN seqmin ELSE seqmax END
      THEN 'START WITH ' || seqstart END,
    CASE WHEN seqcache <> 1 THEN 'CACHE ' || seqcache END,
    CASE WHEN seqcycle THEN 'CYCLE' END)
  FROM (SELECT CASE seqtypid WHEN 'int2'::regtype THEN 32767
    WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END) t (top),
  LATERAL (SELECT CASE WHEN seqincrement > 0 THEN 1 ELSE -top - 1 END,
    CASE WHEN seqincrement > 0 THEN top ELSE -1 END) u (low, high))`;

const AGGREGATE = `concat_ws(', ', 'SFUNC = ' || aggtransfn,
  'STYPE = ' || format_type(aggtranstype, NULL),
  'SSPACE = ' || nullif(aggtransspace, 0),
  'FINALFUNC = ' || nullif(aggfinalfn, 0)::regproc,
  CASE WHEN aggfinalextra THEN 'FINALFUNC_EXTRA' END,
  CASE WHEN aggfinalfn <> 0 THEN CASE aggfinalmodify
    WHEN 's' THEN 'FINALFUNC_MODIFY = SHAREABLE'
    WHEN 'w' THEN 'FINALFUNC_MODIFY = READ_WRITE' END END,
  'COMBINEFUNC = ' || nullif(aggcombinefn, 0)::regproc,
  'SERIALFUNC = ' || nullif(aggserialfn, 0)::regproc,
  'DESERIALFUNC = ' || nullif(aggdeserialfn, 0)::regproc,
  'INITCOND = ' || quote_literal(agginitval),
  'MSFUNC = ' || nullif(aggmtransfn, 0)::regproc,
  'MINVFUNC = ' || nullif(aggminvtransfn, 0)::regproc,
  'MSTYPE = ' || format_type(nullif(aggmtranstype, 0), NULL),
  'MFINALFUNC = ' || nullif(aggmfinalfn, 0)::regproc,
  'MINITCOND = ' || quote_literal(aggminitval),
  'SORTOP = ' || (SELECT format('OPERATOR(%I.%s)', nspname, oprname)
    FROM pg_operator o JOIN pg_namespace n ON n.oid = oprnamespace
    WHERE o.oid = aggsortop),
  CASE proparallel WHEN 's' THEN 'PARALLEL = SAFE'
    WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
  CASE aggkind WHEN 'h' THEN 'HYPOTHETICAL' END)`;

const RANGE = `concat_ws(', ', 'subtype = ' || format_type(rngsubtype, NULL),
  (SELECT 'subtype_opclass = ' || quote_ident(opcname) FROM pg_opclass
    WHERE oid = rngsubopc AND NOT opcdefault),
  (SELECT 'collation = ' || rngcollation::regcollation FROM pg_type b
    WHERE b.oid = rngsubtype AND rngcollation <> b.typcollation),
  'canonical = ' || nullif(rngcanonical, 0)::regproc,
  'subtype_diff = ' || nullif(rngsubdiff, 0)::regproc,
  (SELECT 'multirange_type_name = ' || quote_ident(m.typname) FROM pg_type m
    WHERE m.oid = rngmultitypid AND m.typname <> CASE
      WHEN t.typname LIKE '%range%'
        THEN regexp_replace(t.typname, 'range', 'multirange')
      ELSE t.typname || '_multirange' END))`;

const OPERATOR = `concat_ws(', ', 'FUNCTION = ' || oprcode,
  'LEFTARG = ' || format_type(nullif(oprleft, 0), NULL),
  'RIGHTARG = ' || format_type(nullif(oprright, 0), NULL),
  (SELECT format('COMMUTATOR = OPERATOR(%I.%s)', nspname, x.oprname)
    FROM pg_operator x JOIN pg_namespace n ON n.oid = x.oprnamespace
    WHERE x.oid = o.oprcom),
  (SELECT format('NEGATOR = OPERATOR(%I.%s)', nspname, x.oprname)
    FROM pg_operator x JOIN pg_namespace n ON n.oid = x.oprnamespace
    WHERE x.oid = o.oprnegate),
  'RESTRICT = ' || nullif(oprrest, 0)::regproc,
  'JOIN = ' || nullif(oprjoin, 0)::regproc,
  CASE WHEN oprcanhash THEN 'HASHES' END,
  CASE WHEN oprcanmerge THEN 'MERGES' END)`;

const COLLATION = `concat_ws(', ',
  'provider = ' || CASE collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc'
    WHEN 'b' THEN 'builtin' ELSE 'default' END,
  'locale = ' || quote_literal(coalesce(to_jsonb(c) ->> 'colllocale',
    to_jsonb(c) ->> 'colliculocale', CASE WHEN collcollate = collctype
      THEN collcollate END)),
  CASE WHEN collcollate <> collctype THEN format(
    'lc_collate = %L, lc_ctype = %L', collcollate, collctype) END,
  CASE WHEN NOT collisdeterministic THEN 'deterministic = false' END,
  'rules = ' || quote_literal(to_jsonb(c) ->> 'collicurules'))`;

/** Rows of `pg_attribute` as a table's `columns`. */
const TABLE_COLUMNS = `(SELECT json_agg(json_strip_nulls(json_build_object(
    'name', attname, 'ident', quote_ident(attname),
    'type', format_type(atttypid, atttypmod),
    'collation', CASE WHEN attcollation <> typcollation
      THEN attcollation::regcollation END,
    'notNull', attnotnull, 'unproved', EXISTS (SELECT FROM pg_constraint
      WHERE contype = 'n' AND conrelid = attrelid AND conkey[1] = attnum
        AND NOT convalidated) OR NULL,
    'default', CASE attgenerated WHEN '' THEN pg_get_expr(adbin, adrelid) END,
    'generated', CASE WHEN attgenerated <> ''
      THEN pg_get_expr(adbin, adrelid) ||
        CASE attgenerated WHEN 's' THEN ') STORED' ELSE ') VIRTUAL' END END,
    'identity', CASE attidentity WHEN 'a' THEN 'ALWAYS'
      WHEN 'd' THEN 'BY DEFAULT' END,
    'counter', CASE WHEN attidentity <> '' THEN (SELECT ${COUNTER}
      FROM pg_sequence JOIN pg_depend i ON i.classid = 'pg_class'::regclass
        AND i.objid = seqrelid AND i.deptype = 'i'
      WHERE i.refobjid = attrelid AND i.refobjsubid = attnum) END,
    'defaultId', CASE attgenerated WHEN '' THEN 'pg_attrdef ' ||
      pg_attrdef.oid END,
    'kept', concat_ws(' ', CASE WHEN attstorage <> typstorage THEN 'STORAGE ' ||
        CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
          WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
      CASE attcompression WHEN 'p' THEN 'COMPRESSION pglz'
        WHEN 'l' THEN 'COMPRESSION lz4' END,
      'STATISTICS ' || nullif(attstattarget, -1)),
    'inherited', NOT attislocal OR NULL)) ORDER BY attnum)
  FROM pg_attribute JOIN pg_type y ON y.oid = atttypid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped)`;

/** How a trigger is enabled, where that is not usual. */
const enabledAs = (column: string) =>
  `CASE ${column} WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica'
    WHEN 'D' THEN 'disabled' END`;

/** Privileges of others than the owner, in a list of them. */
function privilegesIn(acl: string, owner: string, column = "NULL"): string {
  return `SELECT jsonb_build_object('who', CASE grantee WHEN 0 THEN 'PUBLIC'
      ELSE pg_get_userbyid(grantee) END, 'what', privilege_type,
      'column', ${column}, 'again', is_grantable)
    FROM aclexplode(${acl}) WHERE grantee <> ${owner}`;
}

/** What is granted beyond the usual, and what of that is not. */
function grantedAndRevoked(
  now: string,
  usual: string,
  owner: string,
  more = "",
) {
  const [is, was] = [now, usual].map((acl) => privilegesIn(acl, owner));
  const list = (query: string) =>
    `(SELECT coalesce(json_agg(e ORDER BY e), '[]') FROM (${query}) g (e))`;
  return `'granted', ${list(`(${is} EXCEPT ${was}) ${more}`)},
    'revoked', ${list(`${was} EXCEPT ${is}`)}`;
}

/** Where each kind of object has its owner and privileges. */
const PRIVILEGES: [string, string, string, string, string][] = [
  [
    "pg_class",
    "relacl",
    "relowner",
    "CASE relkind WHEN 'S' THEN 's' ELSE 'r' END",
    `relkind <> 'c' AND (relacl IS NOT NULL OR EXISTS (SELECT FROM pg_attribute
      WHERE attrelid = o.oid AND attacl IS NOT NULL AND NOT attisdropped))`,
  ],
  ["pg_proc", "proacl", "proowner", "'f'", "proacl IS NOT NULL"],
  ["pg_type", "typacl", "typowner", "'T'", "typacl IS NOT NULL"],
  [
    "pg_namespace",
    "nspacl",
    "nspowner",
    "'n'",
    "nspacl IS NOT NULL AND nspname <> 'public'",
  ],
  [
    "pg_foreign_data_wrapper",
    "fdwacl",
    "fdwowner",
    "'F'",
    "fdwacl IS NOT NULL",
  ],
  ["pg_foreign_server", "srvacl", "srvowner", "'S'", "srvacl IS NOT NULL"],
];

/** Whether an object belongs to no extension. */
function free(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend WHERE classid =
    '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`;
}

/** Schemas that are nobody else's. */
const OURS = `(SELECT n.oid FROM pg_namespace n
  WHERE nspname !~ '^(pg_|_timescaledb|verify_)'
    AND nspname <> 'information_schema' AND ${free("pg_namespace", "n.oid")})`;

/** A name with its schema, where that is not \`public\`. */
const plainly = (schema: string, name: string) =>
  `CASE ${schema}::regnamespace::text WHEN 'public' THEN ''
    ELSE (SELECT nspname FROM pg_namespace WHERE oid = ${schema}) || '.'
    END || ${name}`;

/** The rows of each kind; `ns` and `rel` hold what is nobody else's. */
const ITEMS: string[] = [
  rowOf(
    "schema",
    "pg_namespace",
    "oid",
    "nspname",
    "quote_ident(nspname)",
    "NULL",
    "'name', nspname",
  ) + ` FROM ns WHERE nspname <> 'public'`,
  rowOf(
    "extension",
    "pg_extension",
    "e.oid",
    "extname",
    "quote_ident(extname)",
    "NULL",
    "'schema', nspname, 'version', extversion",
  ) +
  ` FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace
    WHERE extname <> 'plpgsql'`,
  rowOf(
    "collation",
    "pg_collation",
    "c.oid",
    "plain || collname",
    "prefix || quote_ident(collname)",
    "NULL",
    `'name', collname, 'schema', nspname, 'definition', ${COLLATION}`,
  ) +
  ` FROM pg_collation c JOIN ns ON ns.oid = collnamespace
    WHERE ${free("pg_collation", "c.oid")}`,
  rowOf(
    "enum",
    "pg_type",
    "t.oid",
    "plain || typname",
    "prefix || quote_ident(typname)",
    "NULL",
    `'name', typname, 'schema', nspname, 'labels', (SELECT
      coalesce(json_agg(enumlabel ORDER BY enumsortorder), '[]') FROM pg_enum
      WHERE enumtypid = t.oid)`,
  ) +
  ` FROM pg_type t JOIN ns ON ns.oid = typnamespace
    WHERE typtype = 'e' AND ${free("pg_type", "t.oid")}`,
  rowOf(
    "type",
    "pg_type",
    "t.oid",
    "plain || typname",
    "prefix || quote_ident(typname)",
    "NULL",
    `'name', typname, 'schema', nspname,
    'fields', (SELECT coalesce(json_agg(json_build_array(attname,
        concat_ws(' ', format_type(atttypid, atttypmod), 'COLLATE ' || CASE
        WHEN attcollation <> y.typcollation THEN attcollation::regcollation END))
        ORDER BY attnum), '[]') FROM pg_attribute JOIN pg_type y
      ON y.oid = atttypid WHERE attrelid = t.typrelid AND attnum > 0
        AND NOT attisdropped)`,
  ) +
  ` FROM pg_type t JOIN ns ON ns.oid = typnamespace
    JOIN pg_class c ON c.oid = typrelid AND relkind = 'c'
    WHERE typtype = 'c' AND ${free("pg_type", "t.oid")}`,
  rowOf(
    "range",
    "pg_type",
    "t.oid",
    "plain || typname",
    "prefix || quote_ident(typname)",
    "NULL",
    `'name', typname, 'schema', nspname, 'definition', ${RANGE}`,
  ) +
  ` FROM pg_range JOIN pg_type t ON t.oid = rngtypid
    JOIN ns ON ns.oid = typnamespace WHERE ${free("pg_type", "t.oid")}`,
  rowOf(
    "domain",
    "pg_type",
    "t.oid",
    "plain || typname",
    "prefix || quote_ident(typname)",
    "NULL",
    `'name', typname, 'schema', nspname, 'definition', ${DOMAIN}`,
  ) +
  ` FROM pg_type t JOIN ns ON ns.oid = typnamespace
    WHERE typtype = 'd' AND ${free("pg_type", "t.oid")}`,
  rowOf(
    "sequence",
    "pg_class",
    "rel.oid",
    "rel.label",
    "rel.sql",
    "NULL",
    `'name', relname, 'schema', nspname, 'type', format_type(seqtypid, NULL),
    'unlogged', relpersistence = 'u', 'text', ${COUNTER},
    'owner', (SELECT json_build_object('id', 'pg_class ' || d.refobjid,
      'table', o.sql, 'column', (SELECT quote_ident(attname) FROM pg_attribute
        WHERE attrelid = d.refobjid AND attnum = d.refobjsubid))
      FROM pg_depend d JOIN rel o ON o.oid = d.refobjid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = rel.oid
        AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass)`,
  ) +
  ` FROM rel JOIN pg_sequence ON seqrelid = rel.oid WHERE NOT EXISTS (
      SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass
        AND objid = rel.oid AND deptype = 'i')`,
  rowOf(
    "function",
    "pg_proc",
    "p.oid",
    "p.oid::regprocedure::text",
    "p.oid::regprocedure::text",
    "NULL",
    `'name', proname, 'schema', nspname, 'language', lanname, 'body', prosrc,
    'definition', regexp_replace(pg_get_functiondef(p.oid),
      '^(CREATE OR REPLACE \\w+) (?:"(?:[^"]|"")*"|[^".]+)\\.',
      '\\1 ' || prefix),
    'text', ${
      behind(
        "pg_get_functiondef(p.oid)",
        "concat(quote_ident(proname), '(', pg_get_function_arguments(p.oid), ')')",
      )
    },
    'atomic', pg_get_function_sqlbody(p.oid) LIKE 'BEGIN ATOMIC%',
    'procedure', prokind = 'p', 'arguments', pg_get_function_arguments(p.oid)`,
  ) +
  ` FROM pg_proc p JOIN ns ON ns.oid = pronamespace
    JOIN pg_language l ON l.oid = prolang
    WHERE prokind <> 'a' AND ${free("pg_proc", "p.oid")} AND NOT EXISTS (
      SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass
        AND objid = p.oid AND deptype = 'i')`,
  rowOf(
    "aggregate",
    "pg_proc",
    "p.oid",
    "p.oid::regprocedure::text",
    "p.oid::regprocedure::text",
    "NULL",
    `'name', proname, 'schema', nspname, 'relkind', aggkind,
    'definition', ${AGGREGATE}, 'arguments', pg_get_function_arguments(p.oid)`,
  ) +
  ` FROM pg_proc p JOIN pg_aggregate a ON aggfnoid = p.oid
    JOIN ns ON ns.oid = pronamespace
    WHERE prokind = 'a' AND ${free("pg_proc", "p.oid")}`,
  rowOf(
    "operator",
    "pg_operator",
    "o.oid",
    "o.oid::regoperator::text",
    "o.oid::regoperator::text",
    "NULL",
    `'name', prefix || oprname, 'definition', ${OPERATOR}`,
  ) +
  ` FROM pg_operator o JOIN ns ON ns.oid = oprnamespace
    WHERE oprcode <> 0 AND ${free("pg_operator", "o.oid")}`,
  rowOf(
    "cast",
    "pg_cast",
    "c.oid",
    "format('%s as %s', format_type(castsource, NULL), format_type(casttarget, NULL))",
    "format('%s AS %s', format_type(castsource, NULL), format_type(casttarget, NULL))",
    "NULL",
    `'source', format_type(castsource, NULL),
    'target', format_type(casttarget, NULL), 'context', castcontext,
    'method', castmethod, 'definition', CASE castmethod
      WHEN 'i' THEN 'WITH INOUT' WHEN 'b' THEN 'WITHOUT FUNCTION'
      ELSE 'WITH FUNCTION ' || castfunc::regprocedure END ||
      CASE castcontext WHEN 'a' THEN ' AS ASSIGNMENT'
        WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END,
    'function', nullif(castfunc, 0)::regprocedure`,
  ) +
  ` FROM pg_cast c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT
      FROM pg_depend WHERE classid = 'pg_cast'::regclass AND objid = c.oid
        AND deptype = 'i') AND ${free("pg_cast", "c.oid")}`,
  rowOf(
    "text search dictionary",
    "pg_ts_dict",
    "c.oid",
    "plain || dictname",
    "prefix || quote_ident(dictname)",
    "NULL",
    `'name', dictname, 'template', (SELECT t.tmplname FROM pg_ts_template t
      WHERE t.oid = dicttemplate), 'text', dictinitoption`,
  ) +
  ` FROM pg_ts_dict c JOIN ns ON ns.oid = dictnamespace
    WHERE ${free("pg_ts_dict", "c.oid")}`,
  rowOf(
    "text search configuration",
    "pg_ts_config",
    "c.oid",
    "plain || cfgname",
    "prefix || quote_ident(cfgname)",
    "NULL",
    `'parser', (SELECT prsname FROM pg_ts_parser WHERE oid = cfgparser),
    'parts', (SELECT coalesce(json_agg(json_build_object('token', token,
      'dictionaries', dictionaries) ORDER BY token), '[]') FROM (
        SELECT (SELECT alias FROM ts_token_type(cfgparser)
          WHERE tokid = maptokentype) AS token, string_agg(
          mapdict::regdictionary::text, ', ' ORDER BY mapseqno) AS dictionaries
        FROM pg_ts_config_map WHERE mapcfg = c.oid GROUP BY maptokentype) m)`,
  ) +
  ` FROM pg_ts_config c JOIN ns ON ns.oid = cfgnamespace
    WHERE ${free("pg_ts_config", "c.oid")}`,
  rowOf(
    "foreign-data wrapper",
    "pg_foreign_data_wrapper",
    "f.oid",
    "fdwname",
    "quote_ident(fdwname)",
    "NULL",
    `'definition', concat_ws(' ', 'HANDLER ' || nullif(fdwhandler, 0)::regproc,
      'VALIDATOR ' || nullif(fdwvalidator, 0)::regproc), 'options', fdwoptions`,
  ) +
  ` FROM pg_foreign_data_wrapper f
    WHERE ${free("pg_foreign_data_wrapper", "f.oid")}`,
  rowOf(
    "server",
    "pg_foreign_server",
    "s.oid",
    "srvname",
    "quote_ident(srvname)",
    "NULL",
    `'type', srvtype, 'version', srvversion, 'options', srvoptions,
    'wrapper', (SELECT fdwname FROM pg_foreign_data_wrapper
      WHERE oid = srvfdw)`,
  ) +
  ` FROM pg_foreign_server s WHERE ${free("pg_foreign_server", "s.oid")}`,
  rowOf(
    "table",
    "pg_class",
    "t.oid",
    "t.label",
    "t.sql",
    "NULL",
    `'name', relname, 'schema', nspname, 'relkind', relkind,
    'unlogged', relpersistence = 'u', 'columns', coalesce(${TABLE_COLUMNS}, '[]'),
    'shape', ${SHAPE}, 'parents', (SELECT json_agg(json_build_object('id',
      'pg_class ' || inhparent, 'name', inhparent::regclass) ORDER BY inhseqno)
      FROM pg_inherits WHERE inhrelid = t.oid),
    'using', (SELECT amname FROM pg_am WHERE oid = relam AND amname <> 'heap'),
    'parent', (SELECT 'pg_class ' || inhparent FROM pg_inherits
      WHERE inhrelid = t.oid AND relispartition),
    'bound', pg_get_expr(relpartbound, t.oid),
    'partitionBy', CASE relkind WHEN 'p' THEN pg_get_partkeydef(t.oid) END,
    'byTime', EXISTS (SELECT FROM pg_inherits
      JOIN pg_partitioned_table ON partrelid = inhparent AND partstrat = 'r'
      JOIN pg_attribute ON attrelid = inhparent AND attnum = partattrs[0]
      WHERE inhrelid = t.oid AND atttypid IN ('date'::regtype,
        'timestamp'::regtype, 'timestamptz'::regtype)) OR NULL,
    'type', CASE WHEN reloftype <> 0 THEN format_type(reloftype, NULL) END,
    'server', (SELECT srvname FROM pg_foreign_table JOIN pg_foreign_server s
      ON s.oid = ftserver WHERE ftrelid = t.oid),
    'options', (SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = t.oid)`,
  ) +
  ` FROM rel t WHERE relkind IN ('r', 'p', 'f')`,
  rowOf(
    "row level security",
    "pg_class",
    "t.oid || ' security'",
    "t.label",
    "t.sql",
    "'pg_class ' || t.oid",
    `'enabled', relrowsecurity::text, 'forced', relforcerowsecurity`,
  ) +
  ` FROM rel t WHERE relrowsecurity OR relforcerowsecurity`,
  rowOf(
    "replica identity",
    "pg_class",
    "t.oid || ' identity'",
    "t.label",
    "t.sql",
    "'pg_class ' || t.oid",
    `'text', CASE relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
      ELSE 'USING INDEX ' || (SELECT quote_ident(i.relname) FROM pg_index
        JOIN pg_class i ON i.oid = indexrelid
        WHERE indrelid = t.oid AND indisreplident) END,
    'indexId', (SELECT 'pg_class ' || indexrelid FROM pg_index
      WHERE indrelid = t.oid AND indisreplident)`,
  ) +
  ` FROM rel t WHERE relkind IN ('r', 'p', 'm') AND relreplident <> 'd'`,
  rowOf(
    "clustering",
    "pg_class",
    "t.oid || ' cluster'",
    "t.label",
    "t.sql",
    "'pg_class ' || t.oid",
    `'index', quote_ident(i.relname), 'indexId', 'pg_class ' || i.oid`,
  ) +
  ` FROM rel t JOIN pg_index x ON indrelid = t.oid AND indisclustered
    JOIN pg_class i ON i.oid = indexrelid`,
  rowOf(
    "storage parameters",
    "pg_class",
    "t.oid || ' options'",
    "t.label",
    "t.sql",
    "'pg_class ' || t.oid",
    `'options', (SELECT json_agg(o) FROM (
      SELECT unnest(reloptions) UNION ALL SELECT 'toast.' || unnest(
        (SELECT k.reloptions FROM pg_class k WHERE k.oid = t.reltoastrelid))
      ) u (o))`,
  ) +
  ` FROM rel t WHERE relkind IN ('r', 'p') AND (reloptions IS NOT NULL
      OR EXISTS (SELECT FROM pg_class k WHERE k.oid = t.reltoastrelid
        AND k.reloptions IS NOT NULL))`,
  rowOf(
    "column storage",
    "pg_class",
    "t.oid || ' column ' || attnum",
    "t.label || '.' || attname",
    "t.sql",
    "'pg_class ' || t.oid",
    `'name', attname, 'storage', CASE WHEN attstorage <> typstorage
      THEN attstorage END, 'compression', nullif(attcompression, ''),
    'statistics', nullif(attstattarget, -1), 'options', attoptions`,
  ) +
  ` FROM rel t JOIN pg_attribute a ON attrelid = t.oid AND attnum > 0
      AND NOT attisdropped JOIN pg_type y ON y.oid = atttypid
    WHERE relkind IN ('r', 'p', 'm', 'f') AND NOT relispartition
      AND (attstorage <> typstorage
      OR attcompression <> '' OR attstattarget <> -1 AND
      attstattarget IS NOT NULL OR attoptions IS NOT NULL)
      AND (attoptions IS NOT NULL OR relkind NOT IN ('r', 'p')
        OR reloftype <> 0 OR NOT attislocal)`,
  rowOf(
    "constraint",
    "pg_constraint",
    "c.oid",
    "t.label || '.' || conname",
    "t.sql",
    "'pg_class ' || t.oid",
    `'name', conname, 'type', contype, 'valid', convalidated OR
      NOT coalesce((to_jsonb(c) ->> 'conenforced')::bool, true),
    'definition', pg_get_constraintdef(c.oid, true), 'parent', CASE WHEN contype = 'f'
      THEN 'pg_class ' || confrelid END`,
  ) +
  ` FROM rel t JOIN pg_constraint c ON conrelid = t.oid
    WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND conparentid = 0
      AND (conislocal OR NOT relispartition AND contype <> 'c')`,
  rowOf(
    "index",
    "pg_class",
    "i.oid",
    "ns.plain || i.relname",
    "ns.prefix || quote_ident(i.relname)",
    "'pg_class ' || t.oid",
    `'name', i.relname, 'valid', indisvalid,
    'text', CASE WHEN indisunique THEN 'UNIQUE ' ELSE '' END || regexp_replace(
      regexp_replace(pg_get_indexdef(i.oid, 0, true), '^.*? USING ', 'USING '),
      '^USING btree ', '')`,
  ) +
  ` FROM rel t JOIN pg_index ON indrelid = t.oid
    JOIN pg_class i ON i.oid = indexrelid
    JOIN ns ON ns.oid = i.relnamespace
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid
        AND contype IN ('p', 'u', 'x')) AND NOT i.relispartition
      AND ${free("pg_class", "i.oid")}`,
  rowOf(
    "view",
    "pg_class",
    "t.oid",
    "t.label",
    "t.sql",
    "NULL",
    `'name', relname, 'schema', nspname, 'options', reloptions,
    'definition', pg_get_viewdef(t.oid, true)`,
  ) +
  ` FROM rel t WHERE relkind = 'v'`,
  rowOf(
    "materialized view",
    "pg_class",
    "t.oid",
    "t.label",
    "t.sql",
    "NULL",
    `'name', relname, 'schema', nspname, 'options', reloptions,
    'definition', pg_get_viewdef(t.oid, true)`,
  ) +
  ` FROM rel t WHERE relkind = 'm'`,
  rowOf(
    "rule",
    "pg_rewrite",
    "w.oid",
    "t.label || '.' || rulename",
    "t.sql",
    "'pg_class ' || t.oid",
    `'name', rulename, 'enabled', ${enabledAs("ev_enabled")},
    'definition', ${
      behind(
        "rtrim(pg_get_ruledef(w.oid, true), ';')",
        "concat('CREATE RULE ', quote_ident(rulename), ' AS')",
      )
    }`,
  ) +
  ` FROM rel t JOIN pg_rewrite w ON ev_class = t.oid
    WHERE rulename <> '_RETURN'`,
  rowOf(
    "trigger",
    "pg_trigger",
    "g.oid",
    "t.label || '.' || tgname",
    "t.sql",
    "'pg_class ' || t.oid",
    `'name', tgname, 'enabled', ${enabledAs("tgenabled")},
    'definition', CASE WHEN tgconstraint <> 0 THEN 'CONSTRAINT ' ELSE '' END ||
      ${
      behind(
        "pg_get_triggerdef(g.oid, true)",
        "concat(' TRIGGER ', quote_ident(tgname), ' ')",
      )
    }`,
  ) +
  ` FROM rel t JOIN pg_trigger g ON tgrelid = t.oid
    WHERE NOT tgisinternal AND tgparentid = 0 AND ${free("pg_trigger", "g.oid")}
      AND tgfoid::regproc::text !~ '^_timescaledb'
      AND NOT EXISTS (SELECT FROM pg_proc p JOIN pg_depend d
        ON d.classid = 'pg_namespace'::regclass AND d.objid = pronamespace
        AND d.deptype = 'e' WHERE p.oid = tgfoid)`,
  rowOf(
    "policy",
    "pg_policy",
    "y.oid",
    "t.label || '.' || polname",
    "t.sql",
    "'pg_class ' || t.oid",
    `'name', polname, 'definition', ${POLICY}`,
  ) +
  ` FROM rel t JOIN pg_policy y ON polrelid = t.oid`,
  rowOf(
    "statistics",
    "pg_statistic_ext",
    "s.oid",
    "plain || stxname",
    "prefix || quote_ident(stxname)",
    "'pg_class ' || stxrelid",
    `'name', stxname, 'schema', nspname, 'definition', regexp_replace(
      pg_get_statisticsobjdef(s.oid), '^CREATE STATISTICS [^ ]+ | FROM [^ ]+$',
      '', 'g')`,
  ) +
  ` FROM pg_statistic_ext s JOIN ns ON ns.oid = stxnamespace`,
  rowOf(
    "event trigger",
    "pg_event_trigger",
    "e.oid",
    "evtname",
    "quote_ident(evtname)",
    "NULL",
    `'name', evtname, 'enabled', ${enabledAs("evtenabled")},
    'definition', concat('ON ', evtevent, ' WHEN TAG IN (' || (SELECT
      string_agg(quote_literal(tag), ', ') FROM unnest(evttags) tag) || ')',
      ' EXECUTE FUNCTION ', evtfoid::regprocedure)`,
  ) +
  ` FROM pg_event_trigger e WHERE ${free("pg_event_trigger", "e.oid")}`,
  rowOf(
    "publication",
    "pg_publication",
    "p.oid",
    "pubname",
    "quote_ident(pubname)",
    "NULL",
    `'name', pubname, 'definition',
    -- Row filters, lists of columns and whole schemas are for no builder.
    CASE WHEN NOT EXISTS (SELECT FROM pg_publication_rel r WHERE prpubid = p.oid
        AND jsonb_strip_nulls(to_jsonb(r) - 'oid' - 'prpubid' - 'prrelid')
          <> '{}')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE deptype = 'a'
        AND refclassid = 'pg_publication'::regclass AND refobjid = p.oid
        AND classid <> 'pg_publication_rel'::regclass)
    THEN concat_ws(' ', CASE WHEN puballtables THEN 'FOR ALL TABLES' END,
      (SELECT 'FOR TABLE ' || string_agg(prrelid::regclass::text, ', '
        ORDER BY prrelid::regclass::text) FROM pg_publication_rel
        WHERE prpubid = p.oid),
      'WITH (' || nullif(concat_ws(', ',
        CASE WHEN NOT (pubinsert AND pubupdate AND pubdelete AND pubtruncate)
          THEN format('publish = %L', concat_ws(', ',
            CASE WHEN pubinsert THEN 'insert' END,
            CASE WHEN pubupdate THEN 'update' END,
            CASE WHEN pubdelete THEN 'delete' END,
            CASE WHEN pubtruncate THEN 'truncate' END)) END,
        CASE WHEN pubviaroot THEN 'publish_via_partition_root = true' END), '')
        || ')') END`,
  ) +
  ` FROM pg_publication p`,
  // A comment of everything that one object has: its own and its columns'.
  rowOf(
    "comment",
    "pg_description",
    "classoid::int || ' ' || objoid",
    "pg_describe_object(classoid, objoid, 0)",
    "''",
    "classoid::regclass || ' ' || objoid",
    `'parts', json_agg(json_build_object('column', (SELECT attname
        FROM pg_attribute WHERE objsubid > 0 AND attrelid = objoid
        AND attnum = objsubid), 'text', description) ORDER BY objsubid)`,
  ) +
  ` FROM pg_description
    WHERE objoid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = classoid AND d.objid = objoid AND deptype = 'e')
      AND classoid <> 'pg_extension'::regclass GROUP BY classoid, objoid`,
  ...PRIVILEGES.map(([catalog, acl, owner, type, where]) => {
    const usual = `acldefault((${type})::"char", ${owner})`;
    const columns = catalog !== "pg_class"
      ? ""
      : `UNION ALL ${
        privilegesIn("attacl", owner, "quote_ident(attname)")
          .replace("FROM", "FROM pg_attribute,")
      } AND attrelid = o.oid AND NOT attisdropped`;
    const now = `coalesce(${acl}, ${usual})`;
    return rowOf(
      "privileges",
      catalog,
      "o.oid || ' privileges'",
      `pg_describe_object('${catalog}'::regclass, o.oid, 0)`,
      "''",
      `'${catalog} ' || o.oid`,
      `${grantedAndRevoked(now, usual, owner, columns)},
      'all', (SELECT json_agg(privilege_type ORDER BY privilege_type)
        FROM aclexplode(${usual}) WHERE grantee = ${owner})
      ${
        // One that a column counts with has no step of its own.
        catalog === "pg_class"
          ? ", 'sequence', CASE relkind WHEN 'S' THEN o.oid::regclass END"
          : ""}`,
    ) + ` FROM ${catalog} o WHERE ${where} AND oid >= 16384
      AND ${free(catalog, "o.oid")}`;
  }),
  rowOf(
    "privileges",
    "pg_namespace",
    "oid || ' privileges'",
    "'schema public'",
    "'public'",
    "NULL",
    `'all', json_build_array('CREATE', 'USAGE'), 'granted', (
      SELECT json_agg(e ORDER BY e) FROM (${
      privilegesIn("nspacl", "nspowner")
    } AND grantee NOT IN (0, 'pg_database_owner'::regrole)) g (e)),
    'revoked', '[]'::json`,
  ) +
  ` FROM pg_namespace WHERE nspname = 'public' AND EXISTS (SELECT
      FROM aclexplode(nspacl) WHERE grantee
        NOT IN (0, nspowner, 'pg_database_owner'::regrole))`,
  rowOf(
    "default privileges",
    "pg_default_acl",
    "d.oid",
    `format('%s%s for %s', CASE defaclobjtype WHEN 'r' THEN 'tables'
      WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
      WHEN 'n' THEN 'schemas' ELSE 'large objects' END,
      ' in ' || nspname, pg_get_userbyid(defaclrole))`,
    "''",
    "NULL",
    `'role', pg_get_userbyid(defaclrole), 'schema', nspname,
    'mine', defaclrole = current_user::regrole,
    'type', defaclobjtype, 'all', (SELECT json_agg(privilege_type
      ORDER BY privilege_type) FROM aclexplode(every) WHERE grantee = defaclrole),
    ${grantedAndRevoked("defaclacl", "usual", "defaclrole")}`,
  ) +
  ` FROM pg_default_acl d LEFT JOIN ns ON ns.oid = defaclnamespace,
    -- One for all schemas stands in place of what is usual, others beside it.
    LATERAL (SELECT acldefault(CASE defaclobjtype WHEN 'S' THEN 's'
      ELSE defaclobjtype END, defaclrole)) x (every),
    LATERAL (SELECT CASE defaclnamespace WHEN 0 THEN every END) y (usual)
    WHERE defaclnamespace = 0 OR ns.oid IS NOT NULL`,
];

/** What is there and no step can write, by one query over the catalogs. */
const LEFT = `SELECT coalesce(json_agg(json_build_object('what', what,
    'why', why) ORDER BY what), '[]') AS left FROM (
  SELECT pg_describe_object(classid, oid, 0), why FROM (
    SELECT 'pg_subscription'::regclass, oid, 'it holds a password'
      FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database
        WHERE datname = current_database())
    UNION ALL SELECT 'pg_user_mapping'::regclass, umid, 'it holds a password'
      FROM pg_user_mappings
    UNION ALL SELECT 'pg_transform'::regclass, oid, '' FROM pg_transform
    UNION ALL SELECT 'pg_language'::regclass, oid, '' FROM pg_language
    UNION ALL SELECT 'pg_am'::regclass, oid, '' FROM pg_am
    UNION ALL SELECT 'pg_conversion'::regclass, oid, '' FROM pg_conversion
    UNION ALL SELECT 'pg_opclass'::regclass, oid, '' FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, '' FROM pg_opfamily f
      WHERE NOT EXISTS (SELECT FROM pg_opclass WHERE opcfamily = f.oid)
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid, '' FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template'::regclass, oid, '' FROM pg_ts_template
    UNION ALL SELECT 'pg_type'::regclass, oid, 'a base type' FROM pg_type t
      WHERE typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e
        WHERE e.typarray = t.oid)
    UNION ALL SELECT 'pg_operator'::regclass, oid, 'it has no function'
      FROM pg_operator WHERE oprcode = 0
    UNION ALL SELECT 'pg_class'::regclass, indexrelid, 'it is INVALID'
      FROM pg_index JOIN rel ON rel.oid = indrelid WHERE NOT indisvalid
    UNION ALL SELECT 'pg_class'::regclass, c.oid, 'it is in a tablespace: ' ||
      spcname FROM pg_class c JOIN ns ON ns.oid = relnamespace
      JOIN pg_tablespace s ON s.oid = reltablespace WHERE relkind <> 't'
    UNION ALL SELECT 'pg_class'::regclass, c.oid, 'its access method is ' ||
      amname FROM pg_class c JOIN ns ON ns.oid = relnamespace
      JOIN pg_am a ON a.oid = relam
      WHERE (relkind = 'm' OR relkind = 'r' AND reloftype <> 0)
        AND amname <> 'heap'
  ) o (classid, oid, why) WHERE oid >= 16384 AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.oid
      AND deptype = 'e')
  UNION ALL SELECT format('default of column %s of view %s', attname,
    t.sql), '' FROM pg_attrdef JOIN rel t ON t.oid = adrelid AND relkind = 'v'
    JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  UNION ALL SELECT 'target of the statistics ' || stxname, ''
    FROM pg_statistic_ext s, to_jsonb(s) j
    WHERE nullif((j ->> 'stxstattarget')::int, -1) IS NOT NULL
  UNION ALL SELECT format('NOT VALID of the check %s of domain %s', conname,
    contypid::regtype), 'it is validated' FROM pg_constraint
    WHERE contypid <> 0 AND NOT convalidated
  UNION ALL SELECT format('statistics target of column %s of index %s', attnum,
    attrelid::regclass), '' FROM pg_attribute JOIN pg_class i
    ON i.oid = attrelid JOIN ns ON ns.oid = relnamespace
    WHERE relkind = 'i' AND attstattarget >= 0
  UNION ALL SELECT 'security label of ' || pg_describe_object(classoid, objoid,
    objsubid), provider FROM pg_seclabel
  UNION ALL SELECT format('setting of the database: %s', setting),
    coalesce('for the role ' || pg_get_userbyid(nullif(setrole, 0)), '')
    FROM pg_db_role_setting, unnest(setconfig) setting
    WHERE setdatabase = (SELECT oid FROM pg_database
      WHERE datname = current_database())
  UNION ALL SELECT 'owners', 'objects belong to ' || string_agg(DISTINCT
    pg_get_userbyid(relowner), ', ') FROM rel HAVING count(DISTINCT relowner) > 1
) f (what, why)`;

/** What is part of what: their numbers. */
const ALIASES = `SELECT coalesce(json_object_agg(part, whole), '{}') AS aliases
  FROM (
    SELECT 'pg_type ' || typarray, 'pg_type ' || oid FROM pg_type
      WHERE typarray <> 0
    UNION SELECT 'pg_type ' || reltype, 'pg_class ' || oid FROM pg_class
      WHERE reltype <> 0 AND relkind <> 'c'
    UNION SELECT 'pg_class ' || typrelid, 'pg_type ' || t.oid FROM pg_type t
      JOIN pg_class c ON c.oid = typrelid AND relkind = 'c'
    UNION SELECT 'pg_type ' || rngmultitypid, 'pg_type ' || rngtypid
      FROM pg_range
    UNION SELECT 'pg_proc ' || objid, 'pg_type ' || refobjid FROM pg_depend
      WHERE classid = 'pg_proc'::regclass AND deptype = 'i'
        AND refclassid = 'pg_type'::regclass
    UNION SELECT 'pg_attrdef ' || oid, 'pg_class ' || adrelid FROM pg_attrdef
    UNION SELECT 'pg_rewrite ' || oid, 'pg_class ' || ev_class FROM pg_rewrite
      WHERE rulename = '_RETURN'
    UNION SELECT 'pg_class ' || conindid, 'pg_constraint ' || oid
      FROM pg_constraint WHERE contype IN ('p', 'u', 'x')
    UNION SELECT 'pg_constraint ' || oid, 'pg_class ' || conrelid
      FROM pg_constraint WHERE contype = 'n' AND conrelid <> 0
    UNION SELECT 'pg_constraint ' || oid, 'pg_type ' || contypid
      FROM pg_constraint WHERE contypid <> 0
    UNION SELECT 'pg_publication_rel ' || oid, 'pg_publication ' || prpubid
      FROM pg_publication_rel
    UNION SELECT 'pg_class ' || objid, 'pg_class ' || refobjid FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND deptype = 'i'
        AND refclassid = 'pg_class'::regclass
    UNION SELECT 'pg_class ' || inhrelid, 'pg_class ' || inhparent
      FROM pg_inherits JOIN pg_class i ON i.oid = inhrelid
      WHERE relkind IN ('i', 'I')
    UNION SELECT 'pg_constraint ' || oid, 'pg_constraint ' || conparentid
      FROM pg_constraint WHERE conparentid <> 0
  ) a (part, whole) WHERE split_part(part, ' ', 2)::bigint >= 16384`;

/** What needs what; a default apart, since it can follow its table. */
const NEEDS = `SELECT coalesce(json_agg(DISTINCT classid::regclass || ' ' ||
    objid || ' ' || refclassid::regclass || ' ' || refobjid), '[]') AS needs
  FROM pg_depend d WHERE objid >= 16384 AND refobjid >= 16384
    AND deptype IN ('n', 'a', 'i', 'P', 'S')
    -- A sequence is made before the column that owns it.
    AND NOT (deptype = 'a' AND classid = 'pg_class'::regclass AND EXISTS (
      SELECT FROM pg_sequence WHERE seqrelid = objid))
    -- What a partition has from its parent is made by either, the later.
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE oid = objid
      AND classid = 'pg_constraint'::regclass AND conparentid <> 0)
    AND NOT EXISTS (SELECT FROM pg_class WHERE oid = objid
      AND classid = 'pg_class'::regclass AND relispartition AND relkind IN ('i', 'I'))`;

/** All items, as one list, with what \`more\` selects besides. */
function itemsQuery(more = ""): string {
  return `WITH ns AS MATERIALIZED (
    SELECT oid, nspname, nspacl, nspowner,
      CASE nspname WHEN 'public' THEN '' ELSE quote_ident(nspname) || '.' END
        AS prefix,
      CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END AS plain
    FROM pg_namespace WHERE oid IN ${OURS}
  ), rel AS MATERIALIZED (
    SELECT c.*, nspname, prefix, plain, prefix || quote_ident(relname) AS sql,
      plain || relname AS label
    FROM pg_class c JOIN ns ON ns.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND ${free("pg_class", "c.oid")}
  ), items AS (${ITEMS.join("\nUNION ALL ")})
  SELECT (SELECT coalesce(json_agg(json_build_object('kind', kind, 'id', id,
      'label', label, 'sql', sql, 'on', "on", 'about',
      json_strip_nulls(about))), '[]') FROM items) AS items${more}`;
}

/** Reads a database; of other catalogs nothing is locked or written. */
async function readInventory(
  session: Session,
  local = "",
): Promise<Inventory> {
  const rows = await session.query(
    `SET ${local}search_path = public; ${
      itemsQuery(
        `, (${ALIASES}) AS aliases, (${NEEDS}) AS needs, (${LEFT}) AS left`,
      )
    }; ` +
      `SET ${local}search_path = ${SEARCH_PATH}`,
  );
  const row = rows.find(({ items }) => items) as unknown as {
    items: Item[];
    aliases: Record<string, string>;
    needs: string[];
    left: Inventory["left"];
  };
  const needs = new Map<string, Set<string>>();
  for (const line of row.needs) {
    const [catalog, oid, other, ref] = line.split(" ");
    const from = `${catalog} ${oid}`;
    const found = needs.get(from) ?? new Set();
    needs.set(from, found.add(`${other} ${ref}`));
  }
  return {
    items: row.items.map((item) => ({ ...item, on: item.on ?? undefined })),
    aliases: new Map(Object.entries(row.aliases)),
    needs,
    left: row.left,
  } as Inventory;
}

// ═══ Scaffold ══════════════════════════════════════════════════════════════
//
// The steps for what a database has: builders where there are any, longhand
// with a check of the whole effect for all else, in an order that works.

/** How the objects of a kind are written as steps. */
interface Kind {
  /** The code of its steps; none where no step can say it. */
  print(item: Item, paper: Paper): string[];
  /** What `comment` and `grant` call it, where that is not its kind. */
  word?(item: Item): string;
}

/** Kinds in the order in which a topic prints them. */
const KINDS: Record<string, Kind> = {
  schema: { print: ({ label }) => [call("createSchema", label)] },
  extension: {
    print({ label, about: { schema = "" } }) {
      const usual = ["public", "pg_catalog", EXTENSIONS].includes(schema);
      return [call("createExtension", label, usual ? "" : { schema })];
    },
  },
  collation: named("createCollation"),
  enum: {
    print: (item) => [
      call("createEnum", stepNameOf(item), item.about.labels ?? []),
    ],
    word: () => "type",
  },
  type: {
    print: (item) => [
      call("createComposite", stepNameOf(item), fieldsOf(item)),
    ],
  },
  range: { ...named("createRange"), word: () => "type" },
  domain: named("createDomain"),
  sequence: named("createSequence"),
  function: {
    print(item) {
      const { label, sql, about } = item;
      const { definition = "", text = "", procedure, atomic } = about;
      if (!atomic) {
        const name = `${stepNameOf(item)}(${about.arguments})`;
        const verb = procedure ? "createProcedure" : "createFunction";
        return [call(verb, name, routineText(text))];
      }
      // A body that PostgreSQL has read is printed by each version its way.
      const plain = (text: string) =>
        `regexp_replace(${text}, '[[:alnum:]_"]+[.]|[[:space:]()]', '', 'g')`;
      return [
        longhand(
          `${procedure ? "procedure" : "function"} ${label}`,
          rowExists(
            "pg_proc",
            `oid = to_regprocedure(${quoteText(sql)})`,
            `${plain("pg_get_functiondef(oid)")}\n        = ${
              plain(quoteText(definition))
            }`,
          ),
          definition.trimEnd(),
        ),
      ];
    },
    word: ({ about }) => about.procedure ? "procedure" : "function",
  },
  aggregate: {
    print(item) {
      const name = `${stepNameOf(item)}(${item.about.arguments})`;
      if (item.about.relkind !== "n") return [];
      return [call("createAggregate", name, item.about.definition)];
    },
  },
  operator: {
    print: ({ label, sql, about: { name, definition = "" } }) => [
      longhand(
        `operator ${label}`,
        rowExists(
          "pg_operator o",
          `oid = to_regoperator(${quoteText(sql)})`,
          `${OPERATOR}\n        = ${quoteText(definition)}`,
        ),
        `CREATE OPERATOR ${name} (${definition})`,
      ),
    ],
  },
  cast: {
    print({ label, sql, about }) {
      const { definition = "", source, target, method, context } = about;
      const type = (name: unknown) => `to_regtype(${quoteText(`${name}`)})`;
      const called = about.function
        ? `to_regprocedure(${quoteText(`${about.function}`)})`
        : "0";
      return [
        longhand(
          `cast ${label}`,
          rowExists(
            "pg_cast",
            `(castsource, casttarget) = (${type(source)}, ${type(target)})`,
            `(castmethod, castcontext) = ('${method}', '${context}')`,
            `castfunc = ${called}`,
          ),
          `DROP CAST IF EXISTS (${sql})`,
          `CREATE CAST (${sql}) ${definition}`,
        ),
      ];
    },
  },
  "text search dictionary": {
    print({ label, sql, about: { template, text: options } }) {
      return [
        longhand(
          `text search dictionary ${label}`,
          rowExists(
            "pg_ts_dict JOIN pg_ts_template t ON t.oid = dicttemplate",
            `pg_ts_dict.oid = ${quoteText(sql)}::regdictionary`,
            `tmplname = ${quoteText(`${template}`)}`,
            options
              ? `dictinitoption = ${quoteText(options)}`
              : "dictinitoption IS NULL",
          ),
          `CREATE TEXT SEARCH DICTIONARY ${sql} (${
            [`TEMPLATE = ${template}`, ...(options ? [options] : [])]
              .join(", ")
          })`,
        ),
      ];
    },
  },
  "text search configuration": {
    print({ label, sql, about: { parser, parts = [] } }) {
      const list = parts.map(({ token, dictionaries }) =>
        `${token}: ${dictionaries}`
      ).sort().join("; ");
      const made = Map.groupBy(parts, ({ dictionaries }) => dictionaries);
      return [
        longhand(
          `text search configuration ${label}`,
          "(SELECT string_agg(token, '; ' ORDER BY token COLLATE \"C\") FROM (\n" +
            "    SELECT alias || ': ' || string_agg(mapdict::regdictionary::text,\n" +
            "      ', ' ORDER BY mapseqno) AS token\n" +
            "    FROM pg_ts_config_map JOIN ts_token_type(" +
            `${quoteText(`${parser}`)})\n      ON tokid = maptokentype\n` +
            `    WHERE mapcfg = ${quoteText(sql)}::regconfig\n` +
            `    GROUP BY alias) m)\n    IS NOT DISTINCT FROM ${
              quoteText(list)
            }`,
          // All or nothing: half of it would stand in the way of the rest.
          [
            "DO $$ BEGIN",
            `CREATE TEXT SEARCH CONFIGURATION ${sql} (PARSER = ${parser});`,
            ...[...made].map(([dictionaries, rows]) =>
              `ALTER TEXT SEARCH CONFIGURATION ${sql} ADD MAPPING FOR ${
                rows.map(({ token }) => token).join(", ")
              } WITH ${dictionaries};`
            ),
            "END $$",
          ].join("\n"),
        ),
      ];
    },
  },
  "foreign-data wrapper": {
    print: ({ label, sql, about: { definition = "", options } }) => [
      longhand(
        `foreign-data wrapper ${label}`,
        rowExists(
          "pg_foreign_data_wrapper",
          `fdwname = ${quoteText(label)}`,
          "concat_ws(' ', 'HANDLER ' || nullif(fdwhandler, 0)::regproc,\n" +
            "        'VALIDATOR ' || nullif(fdwvalidator, 0)::regproc) = " +
            quoteText(definition),
          sameOptions("fdwoptions", options),
        ),
        `CREATE FOREIGN DATA WRAPPER ${sql} ${definition}${
          foreignOptions(options)
        }`.trim(),
      ),
    ],
    word: () => "foreign data wrapper",
  },
  server: {
    print({ label, sql, about: { options, wrapper, type, version } }) {
      return [
        longhand(
          `server ${label}`,
          rowExists(
            "pg_foreign_server JOIN pg_foreign_data_wrapper f ON f.oid = srvfdw",
            `srvname = ${quoteText(label)}`,
            `fdwname = ${quoteText(`${wrapper}`)}`,
            type ? `srvtype = ${quoteText(type)}` : "srvtype IS NULL",
            sameOptions("srvoptions", options),
          ),
          `CREATE SERVER ${sql}${type ? ` TYPE ${quoteText(type)}` : ""}${
            version ? ` VERSION ${quoteText(`${version}`)}` : ""
          } FOREIGN DATA WRAPPER ${quote(`${wrapper}`)}${
            foreignOptions(options)
          }`,
        ),
      ];
    },
    word: () => "foreign server",
  },
  table: {
    print: printTable,
    word: ({ about }) => about.relkind === "f" ? "foreign table" : "table",
  },
  column: {
    print({ about: { columns = [], ...about } }, paper) {
      const table = about.table as Item;
      return columns.flatMap((column) =>
        columnSteps(stepNameOf(table), column.name, paper.column(table, column))
      );
    },
  },
  default: {
    print({ label, sql, about: { name = "", ...about } }, paper) {
      const value = about.default ?? "";
      if (paper.isBuilt(about.table as Item)) {
        return [
          call("setDefault", stepNameOf(about.table as Item), name, value),
        ];
      }
      return [
        longhand(
          `default of ${label}`,
          rowExists(
            "pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum",
            `attrelid = to_regclass(${quoteText(sql)})`,
            `attname = ${quoteText(name)}`,
            `pg_get_expr(adbin, adrelid) = ${quoteText(value)}`,
          ),
          `ALTER TABLE ${sql} ALTER COLUMN ${quote(name)} SET DEFAULT ${value}`,
        ),
      ];
    },
  },
  "storage parameters": {
    print: ({ about: { options = [] }, ...item }, paper) => [
      call(
        "setParameters",
        paper.tableName(item),
        options.map(parameter).join(", "),
      ),
    ],
  },
  "column storage": {
    print({ label, sql, about }) {
      const { name = "", storage, compression, statistics, options } = about;
      const column = `ALTER TABLE ${sql} ALTER COLUMN ${quote(name)}`;
      const words: Record<string, string> = {
        p: "PLAIN",
        e: "EXTERNAL",
        m: "MAIN",
        x: "EXTENDED",
      };
      const methods: Record<string, string> = { p: "pglz", l: "lz4" };
      return [
        longhand(
          `storage of column ${label}`,
          rowExists(
            "pg_attribute",
            `attrelid = to_regclass(${quoteText(sql)})`,
            `attname = ${quoteText(name)}`,
            storage && `attstorage = '${storage}'`,
            compression && `attcompression = '${compression}'`,
            statistics !== undefined && `attstattarget = ${statistics}`,
            options && sameOptions("attoptions", options),
          ),
          ...[
            storage && `${column} SET STORAGE ${words[`${storage}`]}`,
            compression &&
            `${column} SET COMPRESSION ${methods[`${compression}`]}`,
            statistics !== undefined &&
            `${column} SET STATISTICS ${statistics}`,
            options && `${column} SET (${options.map(parameter).join(", ")})`,
          ].filter((part) => typeof part === "string"),
        ),
      ];
    },
  },
  constraint: { print: (item, paper) => [printConstraint(item, paper)] },
  index: {
    print(item, paper) {
      const { sql, label, about: { name = "", text, valid } } = item;
      const table = paper.table(item);
      if (!valid || !table) return [];
      if (table.kind === "table" && !paper.isBuilt(table)) {
        return [indexByHand(label, sql, table.sql, `${text}`)];
      }
      return [
        call(
          "createIndex",
          paper.tableName(item),
          stepName(name),
          unlisted(`${text}`),
        ),
      ];
    },
  },
  "row level security": {
    print({ label, sql, about: { enabled, forced }, ...item }, paper) {
      if (enabled === "true") {
        const table = paper.tableName(item);
        return [call("enableRowSecurity", table, forced ? "forced" : "")];
      }
      // Forced where it is not enabled: no builder leaves it off.
      return [
        longhand(
          `forced row level security of ${label}`,
          rowExists(
            "pg_class",
            `oid = to_regclass(${quoteText(sql)})`,
            "relforcerowsecurity",
          ),
          `ALTER TABLE ${sql} FORCE ROW LEVEL SECURITY`,
        ),
      ];
    },
  },
  policy: onTable("createPolicy"),
  view: named("createView"),
  "materialized view": named("createMaterializedView"),
  rule: onTable("createRule", "TO"),
  trigger: onTable("createTrigger", "ON"),
  statistics: onTable("createStatistics"),
  "replica identity": {
    print: ({ about: { text }, ...item }, paper) => [
      call("setReplicaIdentity", paper.tableName(item), text),
    ],
  },
  clustering: {
    print: ({ label, sql, about: { index } }) => [
      longhand(
        `clustering of ${label}`,
        rowExists(
          "pg_index",
          `indrelid = to_regclass(${quoteText(sql)})`,
          "indisclustered",
          `indexrelid::regclass::text LIKE ${quoteText(`%${index}`)}`,
        ),
        `ALTER TABLE ${sql} CLUSTER ON ${index}`,
      ).replace(/(?=}\),$)/, `  phase: "contract",\n`),
    ],
  },
  comment: { print: printComments },
  privileges: { print: printPrivileges },
  "default privileges": { print: printDefaultPrivileges },
  publication: named("createPublication"),
  "event trigger": named("createEventTrigger"),
};

/** An index of a table that is made by hand. */
function indexByHand(label: string, sql: string, table: string, text: string) {
  const [, unique = "", rest = ""] = /^(UNIQUE )?([^]*)$/.exec(text) ?? [];
  const name = sql.split(".").at(-1);
  return longhand(
    `index ${label}`,
    rowExists(
      "pg_index",
      `indexrelid = to_regclass(${quoteText(sql)})`,
      "indisvalid",
      `${unique ? "" : "NOT "}indisunique`,
      "regexp_replace(pg_get_indexdef(indexrelid, 0, true), '^.*? USING ', '')\n" +
        `        = ${
          quoteText(rest.replace(/^USING |^(?=\()/, (w) => w ? "" : "btree "))
        }`,
    ),
    `CREATE ${unique}INDEX ${name} ON ${table} ${rest}`,
  );
}

/** A kind whose builder takes a name, a definition and options. */
function named(builder: string): Kind {
  return {
    print: (item) => {
      const { definition, options, enabled } = item.about;
      const list = options?.map(parameter).join(", ") ?? enabled;
      return definition === undefined
        ? []
        : [call(builder, stepNameOf(item), tidied(definition), list)];
    },
  };
}

/** A kind whose builder takes a table, a name, a definition and a state. */
function onTable(builder: string, word?: string): Kind {
  return {
    print: (item, paper) => {
      const { sql, about: { schema, name = "", definition = "", enabled } } =
        item;
      const own = schema ? stepNameOf(item) : stepName(name);
      // What PostgreSQL prints names the table, which has its own place here.
      const text = word
        ? definition.replace(
          new RegExp(` ${word} ${escapeRegExp(sql)}(?=\\s)`),
          "",
        )
        : definition;
      const lines = word === "ON" && !text.includes("'")
        ? text.replaceAll(/ (?=FOR EACH|WHEN \(|EXECUTE )/g, "\n")
        : text;
      return [
        call(builder, paper.tableName(item), own, tidied(lines), enabled),
      ];
    },
  };
}

/** A call of a builder; what is left out at its end is not said. */
function call(builder: string, ...args: unknown[]): string {
  while (!args.at(-1) && args.length > 1) args.pop();
  // Options, which come last, stand in one line where they fit.
  const code = args.map((arg, i) =>
    i < 2
      ? valueCode(arg)
      : valueCode(arg).replace(/^\{\n([^]*),\n\}$/, "{ $1 }")
  );
  return `${builder}(${code.join(", ")}),`;
}

/** A text, a list of texts, or names with texts, as TypeScript. */
function valueCode(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => text(v)).join(", ")}]`;
  if (typeof value !== "object" || !value) return js(`${value ?? ""}`);
  const lines = Object.entries(value).map(([name, of]) =>
    `${property(name)}: ${of === true ? "true" : valueCode(of)},`
  );
  return `{\n${lines.join("\n")}\n}`;
}

/** A name as steps write it, with its schema where that is not their own. */
function stepNameOf({ about: { schema, name = "" } }: Item): string {
  if (!schema || schema === "public") return stepName(name);
  return [schema, name].map((part) =>
    /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*$/.test(part)
      ? part
      : `"${part.replaceAll('"', '""')}"`
  ).join(".");
}

/** The fields of a composite type; "__proto__" is one, too. */
function fieldsOf({ about: { fields = [] } }: Item): Record<string, string> {
  return Object.fromEntries(fields.map(([name, type]) => [name, brief(type)]));
}

/** A string of TypeScript; in backticks where quotes or lines ask for it. */
function js(text: string): string {
  return /["\n]/.test(text) && !/[\r\u2028\u2029]/.test(text)
    ? `\`${text.replaceAll(/[\\`]|\$(?=\{)/g, "\\$&")}\``
    : JSON.stringify(text);
}

/** A name without a schema, as steps write it: one with a dot is quoted. */
function stepName(name: string): string {
  return /[."]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/** The same of words that nobody would write in backticks. */
function text(value: string): string {
  return JSON.stringify(value);
}

/** Types by the names that people call them. */
const BRIEF: [RegExp, string][] = [
  [/^(timestamp|time)(\(\d\))? with time zone/, "$1tz$2"],
  [/^(timestamp|time)(\(\d\))? without time zone/, "$1$2"],
  [/^character varying/, "varchar"],
  [/^character\b/, "char"],
];

function brief(type: string): string {
  return BRIEF.reduce((type, [pattern, by]) => type.replace(pattern, by), type);
}

/** A value without the cast to its column's own type. */
function uncast(value: string, type: string): string {
  const [, plain = value, cast = ""] = /^('(?:[^']|'')*')::([^:]+)$/
    .exec(value) ?? [];
  return cast === type.replace(/\(.*?\)/, "") ? plain : value;
}

/** How deep the lines of SQL stand that follow its first. */
const DEEP = "\n        ";

/** A clause of a query, which begins a line. */
const CLAUSE =
  /^(?:(?:(?:LEFT|RIGHT|FULL|CROSS) )?JOIN|FROM|WHERE|GROUP BY|HAVING|WINDOW|ORDER BY|LIMIT|OFFSET|UNION|EXCEPT|INTERSECT|SELECT|WITH|DO|VALUES|SET)\b/;

/** `a = ANY (ARRAY['x'::text, …])`, which was written `a IN ('x', …)`. */
const LISTED =
  /([\p{L}\w."]+?)(?:::text)? (= ANY|<> ALL) \(ARRAY\[((?:'(?:[^']|'')*'::[^,\]']+(?:, )?)+)\](?:::text\[\])?\)/gu;

function unlisted(sql: string): string {
  return sql.replaceAll(LISTED, (all, name, word, items: string) => {
    const types = new Set(
      items.match(/(?<=')::[^,\]']+/g)?.map((type) => type.trim()),
    );
    // A number may be of another type than the column.
    if (
      types.size > 1 || /int|num|double|real|date|time/.test([...types][0]!)
    ) {
      return all;
    }
    const list = items.replaceAll(/(?<=')::[^,\]']+/g, "");
    return `${name} ${word === "= ANY" ? "IN" : "NOT IN"} (${list})`;
  });
}

/** SQL that PostgreSQL prints over many lines, as a person would. */
function tidied(printed: string): string {
  const sql = unlisted(printed);
  const parts = sql.trim().replace(/;$/, "").split("\n");
  // A string that holds a line's end is left as it is.
  if (parts.some((part) => part.split("'").length % 2 === 0)) {
    return parts.join("\n");
  }
  return filled(parts.map((part) => part.trim()));
}

/** In one line where that is short, else in lines that are well filled. */
function filled(parts: string[], width = 66): string {
  if (parts.join(" ").length < width) return parts.join(" ");
  const lines: string[] = [];
  for (const part of parts) {
    const line = `${lines.at(-1)} ${part}`;
    if (lines.length === 0 || CLAUSE.test(part) || line.length > width) {
      lines.push(part);
    } else lines[lines.length - 1] = line;
  }
  return lines.join(DEEP);
}

/** A function's attributes in short lines, and its body as it is. */
function routineText(definition: string): string {
  const [, head = definition, mark = "", body = ""] =
    /^([^]*?)\bAS (\$\w+\$)([^]*)\2\s*$/.exec(definition) ?? [];
  const parts = head.trim().split("\n").map((part) => part.trim());
  if (!mark) return filled(parts);
  const dollars = /\$\$|\$$/.test(body) ? mark : "$$";
  const text = `${dollars}${body}${dollars}`;
  return body.includes("\n")
    ? `${filled([...parts, "AS"])} ${text}`
    : filled([...parts, `AS ${text}`]);
}

/** The longhand step, which says what it makes where its name does not. */
function longhand(label: string, check: string, ...alter: string[]): string {
  const list = alter.map(js);
  return `step(${text(label)}, {\n  check: ${js(check)},\n  alter: ${
    list.length === 1 ? list[0] : `[${list.join(", ")}]`
  },\n}),`;
}

/** A check that a row of a catalog is as it must be. */
function rowExists(
  from: string,
  ...conditions: unknown[]
): string {
  const list = conditions.filter((condition) => condition);
  const line = `EXISTS (SELECT FROM ${from} WHERE ${list.join(" AND ")})`;
  return line.length < 60 && !line.includes("\n")
    ? line
    : `EXISTS (SELECT FROM ${from}\n    WHERE ${list.join("\n      AND ")})`;
}

function sameOptions(column: string, options: string[] | undefined): string {
  return options
    ? `${column} = ARRAY[${options.map(quoteText).join(", ")}]`
    : `${column} IS NULL`;
}

/** An option as the catalogs keep it, as SQL reads it. */
function parameter(option: string): string {
  const [name = "", value = ""] = option.split(/=(.*)/s);
  if (/^security_\w+$/.test(name) && value === "true") return name;
  return /^[\w.]+$/.test(value)
    ? `${name} = ${value}`
    : `${name} = ${quoteText(value)}`;
}

function foreignOptions(options: string[] | undefined): string {
  const list = options?.map((option) => {
    const [name = "", value = ""] = option.split(/=(.*)/s);
    return `${quote(name)} ${quoteText(value)}`;
  });
  return list ? ` OPTIONS (${list.join(", ")})` : "";
}

/** What `comment` and `grant` call an object. */
function called(item: Item, paper: Paper): string {
  const { kind, sql, about: { name = "" } } = item;
  const word = KINDS[kind]?.word?.(item) ?? kind;
  return /^(constraint|trigger|policy|rule)$/.test(kind) && paper.table(item)
    ? `${word} ${sql}.${quote(name)}`
    : `${word} ${sql}`;
}

/** Privileges of one role on one thing, as `grant` is told them. */
interface Privilege {
  who: string;
  what: string;
  column: string | null;
  again: boolean;
}

/** Calls of a builder, one for each role, with its privileges in one text. */
function printAcl(
  builder: string,
  { about }: Item,
  entries: Privilege[],
  ...args: unknown[]
): string[] {
  const roles = Map.groupBy(entries, ({ who, again }) => `${again} ${who}`);
  return [...roles.values()].map((list) => {
    const { who = "", again = false } = list[0] ?? {};
    const whole = list.filter(({ column }) => !column).map(({ what }) => what);
    const columns = Map.groupBy(
      list.filter(({ column }) => column),
      ({ what }) => what,
    );
    const every = about.all as string[];
    const all = every.length > 1 && every.every((word) => whole.includes(word));
    const words = [
      ...(all ? ["ALL"] : whole),
      ...[...columns].map(([what, rows]) =>
        `${what} (${rows.map(({ column }) => column).join(", ")})`
      ),
    ].join(", ") + (again ? " WITH GRANT OPTION" : "");
    const [on, ...rest] = args;
    return call(builder, words, on, who, ...rest);
  });
}

function printPrivileges(item: Item, paper: Paper): string[] {
  const of = paper.find(item.on);
  const { sequence } = item.about;
  // GRANT knows aggregates as functions.
  const on = sequence
    ? `sequence ${sequence}`
    : of
    ? called(of, paper).replace(/^aggregate /, "function ")
    : item.label;
  const { granted, revoked } = item.about as unknown as {
    granted: Privilege[];
    revoked: Privilege[];
  };
  if (item.on && !of) return [];
  return [
    ...printAcl("revoke", item, revoked, on),
    ...printAcl("grant", item, granted, on),
  ];
}

function printDefaultPrivileges(item: Item): string[] {
  const { label, about: { role, mine, schema } } = item;
  const { granted, revoked } = item.about as unknown as {
    granted: Privilege[];
    revoked: Privilege[];
  };
  const [on = ""] = label.split(/ (?:in|for) /);
  const options = { ...(!mine && { by: role }), ...(schema && { schema }) };
  const more = Object.keys(options).length > 0 ? [options] : [];
  return [
    ...printAcl("revokeDefaultPrivileges", item, revoked, on, ...more),
    ...printAcl("defaultPrivileges", item, granted, on, ...more),
  ];
}

/** All comments of one object: its own, and those of its columns. */
function printComments(item: Item, paper: Paper): string[] {
  const of = paper.original(item.on) ?? paper.find(item.on);
  if (!of || of.id !== item.on && of.kind !== "type") return [];
  if (of.kind === "cast") return [];
  const parts = item.about.parts as { column?: string; text: string }[];
  if (of.kind === "operator") {
    const { sql } = of;
    const said = quoteText(parts[0]?.text ?? "");
    return [
      longhand(
        `comment on operator ${of.label}`,
        `obj_description(to_regoperator(${quoteText(sql)}), 'pg_operator')\n` +
          `    IS NOT DISTINCT FROM ${said}`,
        `COMMENT ON OPERATOR ${sql.replace(",", ", ")} IS ${said}`,
      ),
    ];
  }
  return parts.map(({ column, text }) =>
    call(
      "comment",
      column ? `column ${of.sql}.${quote(column)}` : called(of, paper),
      text,
    )
  );
}

/** What `createTable` and `createPartition` can say. */
function isOwnTable({ kind, about }: Item): boolean {
  const { relkind = "", parents, type, columns = [] } = about;
  return kind === "table" && /^[rp]$/.test(relkind) && !type &&
    (parents || columns).length > 0;
}

function printTable(item: Item, paper: Paper): string[] {
  if (!isOwnTable(item)) return [printTableByHand(item, paper)];
  const { bound, partitionBy, unlogged, using, columns = [] } = item.about;
  const above = item.about.parents ?? [];
  const found = above.map(({ id }) => paper.find(id));
  const names = above.map(({ name }, i) =>
    found[i] ? stepNameOf(found[i]) : name
  );
  const inherits = bound === undefined && names.length > 0 && names;
  const shape = Object.entries({ partitionBy, inherits, unlogged, using })
    .filter(([, value]) => value);
  const more = shape.length > 0 && Object.fromEntries(shape);
  const texts = columns.filter(({ inherited }) => !inherited)
    .map((column) => [column.name, paper.column(item, column)]);
  const made = bound === undefined
    ? call("createTable", stepNameOf(item), Object.fromEntries(texts), more)
    : call("createPartition", stepNameOf(item), names[0], bound, more);
  const of = found.flatMap((parent) => parent?.about.columns ?? []);
  return [made, ...columns.flatMap((column) => changed(item, column, of))];
}

/** What a column has otherwise than those that it is inherited from. */
function changed(item: Item, column: ColumnAbout, of: ColumnAbout[]): string[] {
  const { name, type, notNull, default: value, inherited } = column;
  const above = of.filter((other) => other.name === name);
  if (!inherited || above.length === 0) return [];
  const at = [stepNameOf(item), name];
  const isNew = !above.some((other) => other.default === value);
  return [
    isNew && value === undefined && call("dropDefault", ...at),
    isNew && value && call("setDefault", ...at, uncast(value, type)),
    notNull && !above.some((other) => other.notNull) &&
    call("setNotNull", ...at),
  ].filter((step) => typeof step === "string");
}

/** A name as a key of an object; `__proto__` alone would be its prototype. */
function property(name: string): string {
  if (name === "__proto__") return `["__proto__"]`;
  return /^[a-z_]\w*$/i.test(name) ? name : JSON.stringify(name);
}

/** Foreign tables, and tables of a type. */
function printTableByHand(item: Item, paper: Paper): string {
  const { label, sql, about } = item;
  const { relkind = "", parents, bound, partitionBy, columns = [] } = about;
  const from = parents?.map(({ name }) => name).join(", ") ?? "";
  const foreign = relkind === "f";
  const lines = columns.filter(({ inherited }) => !inherited)
    .map((column) => `  ${column.ident} ${paper.column(item, column)}`);
  const list = lines.length > 0 ? `(\n${lines.join(",\n")}\n)` : "()";
  const same = (expression: string, text: string | undefined) =>
    `${expression}\n        IS NOT DISTINCT FROM ${
      text ? quoteText(text) : "NULL"
    }`;
  const shape = bound !== undefined
    ? `PARTITION OF ${from} ${bound}`
    : about.type
    ? `OF ${about.type}`
    : list + (from && ` INHERITS (${from})`);
  return longhand(
    `${foreign ? "foreign table" : "table"} ${label}`,
    rowExists(
      "pg_class t",
      `t.oid = to_regclass(${quoteText(sql)})`,
      `relkind = '${relkind}'`,
      `reloftype = ${about.type ? `to_regtype(${quoteText(about.type)})` : 0}`,
      same(
        "(SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno)\n" +
          "        FROM pg_inherits WHERE inhrelid = t.oid)",
        from,
      ),
      bound !== undefined && same("pg_get_expr(relpartbound, t.oid)", bound),
      partitionBy && same("pg_get_partkeydef(t.oid)", partitionBy),
      bound === undefined && same(SHAPE, about.shape),
      foreign && sameOptions(
        "(SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = t.oid)",
        about.options,
      ),
    ),
    `CREATE ${foreign ? "FOREIGN " : ""}TABLE ${sql} ${shape}` +
      (partitionBy ? ` PARTITION BY ${partitionBy}` : "") +
      (foreign
        ? ` SERVER ${quote(`${about.server}`)}${foreignOptions(about.options)}`
        : ""),
  ).replace(/(?=}\),$)/, () => `  makes: ${text(`table ${label}`)},\n`);
}

function printConstraint(item: Item, paper: Paper): string {
  const { label, sql, about } = item;
  const { name = "", definition = "", valid } = about;
  const table = paper.table(item);
  const parent = paper.find(`${about.parent}`);
  const code = valid && table && paper.isBuilt(table) &&
    (!parent || paper.isBuilt(parent)) &&
    builtConstraint(stepNameOf(table), name, definition);
  if (code) return code;
  const again = /^[cf]$/.test(about.type ?? "")
    ? [`ALTER TABLE ${sql} DROP CONSTRAINT IF EXISTS ${quote(name)}`]
    : [];
  // What it refers to may be a key that the plan builds late.
  return longhand(
    `constraint ${label}`,
    rowExists(
      "pg_constraint",
      `conrelid = to_regclass(${quoteText(sql)})`,
      `conname = ${quoteText(name)}`,
      `regexp_replace(pg_get_constraintdef(oid, true), ' NOT VALID$', '')\n` +
        `        = ${quoteText(definition.replace(/ NOT VALID$/, ""))}`,
    ),
    ...again,
    `ALTER TABLE ${sql} ADD CONSTRAINT ${quote(name)} ${definition}`,
  ).replace(/(?=}\),$)/, `  phase: "contract",\n`);
}

function builtConstraint(table: string, name: string, definition: string) {
  const kinds: [RegExp, string][] = [
    [/^PRIMARY KEY (.*)$/s, "addPrimaryKey"],
    [/^UNIQUE (.*)$/s, "addUnique"],
    [/^FOREIGN KEY (.*)$/s, "addForeignKey"],
    [/^CHECK \((.*)\)$/s, "addCheck"],
    [/^EXCLUDE (.*)$/s, "addExclusion"],
  ];
  if (/ (WITHOUT OVERLAPS|PERIOD |NOT ENFORCED)/.test(definition)) return "";
  for (const [pattern, builder] of kinds) {
    const [, rest] = pattern.exec(definition) ?? [];
    if (rest === undefined) continue;
    const spaced = builder === "addForeignKey"
      ? rest.replace(/( REFERENCES [^(]*[^( ])\(/, "$1 (")
      : rest;
    return call(builder, table, stepName(name), unlisted(spaced));
  }
  return "";
}

/** A column that comes to a table which may have rows. */
function columnSteps(table: string, column: string, definition: string) {
  const [t, c] = [js(stepName(table)), text(column)];
  const needsValue = / NOT NULL\b/.test(definition) &&
    !/ (DEFAULT|GENERATED) /.test(definition);
  if (!needsValue) return [`addColumn(${t}, ${c}, ${js(definition)}),`];
  const nullable = definition.replace(" NOT NULL", "");
  const fill = `${quote(column)} = ${neutralValue(nullable)}`;
  const where = `${quote(column)} IS NULL`;
  return [
    `addColumn(${t}, ${c}, ${js(nullable)}),`,
    "// What the rows that are there get; choose the value.\n" +
    `backfill(${t}, { set: ${js(fill)}, where: ${js(where)} }),`,
    `setNotNull(${t}, ${c}),`,
  ];
}

/** A value that every column of the type takes. */
function neutralValue(type: string): string {
  if (/\[\]$/.test(type)) return "'{}'";
  const values: [RegExp, string][] = [
    [/^(text|character|varchar|citext|bytea)/, "''"],
    [/^(smallint|integer|bigint|numeric|real|double|money)/, "0"],
    [/^boolean/, "false"],
    [/^jsonb?/, "'{}'"],
    [/^(date|timestamp|time)/, "now()"],
    [/^uuid/, "gen_random_uuid()"],
    [/^interval/, "'0'"],
  ];
  return values.find(([pattern]) => pattern.test(type))?.[1] ?? "…";
}

function oneLine(sql: string): string {
  return sql.replaceAll(/\s*\n\s*/g, " ");
}

function unquoteExactly(name: string): string {
  return name.startsWith('"') ? unquote(name) : name;
}

/** One object with its steps, and the topic under which they stand. */
interface Printed {
  item: Item;
  key: string;
  steps: string[];
  topic: string;
  /** The object that it hangs on, or itself. */
  group: string;
}

/** Lays out the steps for an inventory. */
class Paper {
  readonly #items = new Map<string, Item>();
  readonly #originals = new Map<string, Item>();
  readonly #aliases: Map<string, string>;
  readonly #needs = new Map<string, Set<string>>();
  /** What bodies of functions name, which need not be there. */
  readonly #wishes = new Map<string, Set<string>>();
  readonly #serial = new Map<string, string>();
  readonly #key = new Map<string, string>();
  readonly #late = new Set<string>();
  /** Partitions that a job makes, by their parent. */
  readonly jobs = new Map<string, Item[]>();
  /** What no step can say. */
  readonly left: { what: string; why: string }[];

  /**
   * @param made the keys of what there are steps for
   * @param built the tables that a `createTable` makes
   */
  constructor(
    readonly inventory: Inventory,
    readonly made: Set<string>,
    readonly built: Set<string>,
  ) {
    this.#aliases = new Map(inventory.aliases);
    this.left = [...inventory.left];
    for (const item of inventory.items) this.#items.set(item.id, item);
    this.#leaveOutJobs();
    for (const [id, item] of this.#items) this.#originals.set(id, item);
    this.#merge();
    this.#connect();
    this.#addColumns();
  }

  /** The object with this number, or of which it is a part. */
  find(id: string | undefined): Item | undefined {
    for (let at = id, turns = 0; at !== undefined && turns < 9; turns++) {
      const found = this.#items.get(at);
      if (found) return found;
      at = this.#aliases.get(at);
    }
    return undefined;
  }

  /** The object with this number, though another's step makes it. */
  original(id: string | undefined): Item | undefined {
    return id === undefined ? undefined : this.#originals.get(id);
  }

  table(item: Item): Item | undefined {
    return this.find(item.on);
  }

  /** The name of its table, as steps write it. */
  tableName(item: Pick<Item, "on">): string {
    const table = this.find(item.on);
    return table ? stepNameOf(table) : "";
  }

  isBuilt(table: Item): boolean {
    return this.made.has(keyOf(table))
      ? this.built.has(stepNameOf(table))
      : isOwnTable(table);
  }

  /** What stands behind a column's name. */
  column(table: Item, column: ColumnAbout): string {
    const { type, collation, notNull, unproved, identity, counter } = column;
    const serial = this.#serial.get(`${table.id} ${column.name}`);
    const key = this.#key.get(table.id) === column.name;
    const late = this.#late.has(`${table.id} ${column.name}`);
    return [
      serial ?? brief(type),
      collation && `COLLATE ${collation}`,
      notNull && !unproved && !identity && !serial && !key && "NOT NULL",
      column.default !== undefined && !serial && !late &&
      `DEFAULT ${uncast(column.default, type)}`,
      column.generated &&
      `GENERATED ALWAYS AS${column.generated.length > 40 ? DEEP : " "}(${
        tidied(column.generated)
      }`,
      identity &&
      `GENERATED ${identity} AS IDENTITY${counter ? ` (${counter})` : ""}`,
      key && "PRIMARY KEY",
      isOwnTable(table) && column.kept,
    ].filter((part) => part).join(" ");
  }

  /** A job's partitions come and go: their parent alone is the schema's. */
  #leaveOutJobs() {
    for (const [parent, partitions] of jobPartitions(this.inventory.items)) {
      const item = this.#items.get(parent);
      if (!item) continue;
      this.jobs.set(item.label, partitions);
      const gone = new Set(partitions.map(({ id }) => id));
      for (const id of gone) {
        this.#items.delete(id);
        for (const part of this.#items.values()) {
          if (part.on === id) gone.add(part.id);
        }
      }
    }
  }

  /** What is written within something else: keys and serials. */
  #merge() {
    for (const item of [...this.#items.values()]) {
      const { kind, on, about } = item;
      if (kind === "constraint" && about.type === "p") {
        this.#mergeKey(item, this.#items.get(on ?? ""));
      } else if (kind === "sequence") this.#mergeSequence(item);
    }
  }

  #mergeKey(item: Item, table: Item | undefined) {
    const { name, definition = "" } = item.about;
    const [, column = ""] =
      /^PRIMARY KEY \(("(?:[^"]|"")*"|[^(),"]+)\)$/.exec(definition) ?? [];
    if (
      !column || !table || name !== `${table.about.name}_pkey` ||
      !isOwnTable(table) || table.about.parents || this.made.has(keyOf(table))
    ) return;
    this.#key.set(table.id, unquoteExactly(column));
    this.#into(item, table);
  }

  /** One of a serial column is made with it; any other behind its owner. */
  #mergeSequence(item: Item) {
    const { id, sql, about: { owner, type, text, unlogged, ...about } } = item;
    const table = this.#items.get(owner?.id ?? "");
    const column = table?.about.columns?.find(({ ident }) =>
      ident === owner?.column
    );
    const word = { smallint: "smallserial", integer: "serial" }[type ?? ""] ??
      "bigserial";
    const counts = column?.default === `nextval(${quoteText(sql)}::regclass)`;
    if (
      table && column && counts && !text && isOwnTable(table) &&
      !column.inherited && column.notNull && column.type === type &&
      about.name === `${table.about.name}_${column.name}_seq`
    ) {
      this.#serial.set(`${table.id} ${column.name}`, word);
      this.#into(item, table);
      return;
    }
    const definition = [
      type !== "bigint" && `AS ${type}`,
      text,
      owner && table && `OWNED BY ${owner.table}.${owner.column}`,
    ].filter((part) => part).join(" ");
    const own = { ...item, about: { ...about, owner, unlogged, definition } };
    if (unlogged) own.about.definition = undefined!;
    this.#items.set(id, own as Item);
    if (!table) return;
    this.#needs.set(id, new Set([table.id]));
    (own as Item).on = table.id;
    if (column && counts && !this.made.has(keyOf(table))) {
      this.#splitDefault(table, column, [id]);
    }
  }

  /** A default as a step of its own, which may stand behind its table's. */
  #splitDefault(table: Item, column: ColumnAbout, needs: string[]): Item {
    const { id, sql, label } = table;
    this.#late.add(`${id} ${column.name}`);
    const later: Item = {
      kind: "default",
      label: `${label}.${column.name}`,
      sql,
      id: `${id} default ${column.name}`,
      on: id,
      about: { name: column.name, default: column.default!, table },
    };
    this.#items.set(later.id, later);
    this.#needs.set(later.id, new Set([...needs, id]));
    return later;
  }

  #into({ id }: Item, whole: Item) {
    this.#items.delete(id);
    this.#aliases.set(id, whole.id);
  }

  #connect() {
    const add = (from: string, to: string | undefined) => {
      const [a, b] = [this.find(from), this.find(to)];
      if (!a || !b || a === b) return;
      // A default that is a step of its own needs it, and not the table.
      if (b.kind === "sequence" && b.on === a.id) return;
      this.#needs.set(a.id, (this.#needs.get(a.id) ?? new Set()).add(b.id));
    };
    for (const [from, all] of this.inventory.needs) {
      for (const to of all) add(from, to);
    }
    const names = new Map<string, Item[]>();
    for (const item of this.#items.values()) {
      const { id, kind, on, about } = item;
      add(id, on);
      for (const other of ["parent", "indexId"]) add(id, `${about[other]}`);
      for (const parent of about.parents ?? []) add(id, parent.id);
      if (
        /^(table|view|materialized view|sequence|enum|type|domain|range)$/
          .test(kind) || kind === "function" || kind === "aggregate"
      ) {
        const name = /[^.]+$/.exec(item.sql.replace(/\(.*/s, ""))?.[0] ?? "";
        const plain = unquoteExactly(name);
        names.set(plain, [...(names.get(plain) ?? []), item]);
      }
    }
    for (const item of this.#items.values()) {
      if (item.kind !== "function" || item.about.inSql) continue;
      if (!/^(sql|plpgsql)$/.test(item.about.language ?? "")) continue;
      const words = new Set(
        (item.about.body ?? "").match(/[\p{L}_][\p{L}\w$]*/gu)?.flatMap((
          word,
        ) => [word, word.toLowerCase()]),
      );
      const wishes = [...words].flatMap((word) => names.get(word) ?? [])
        .filter((other) => other !== item);
      this.#wishes.set(item.id, new Set(wishes.map(({ id }) => id)));
    }
  }

  /** All that there are no steps for, each behind what it needs. */
  print(): Printed[] {
    const topics = new Topics(
      [...this.#items.values()],
      this.#needs,
      this.#originals,
    );
    const waiting = new Map(
      [...this.#items].filter(([, item]) => !this.made.has(keyOf(item))),
    );
    const printed: Printed[] = [];
    const unmet = (item: Item, needs: Map<string, Set<string>>) =>
      [...needs.get(item.id) ?? []].filter((id) => waiting.has(id));
    const emit = (item: Item, topic: string) => {
      waiting.delete(item.id);
      const kind = KINDS[item.kind];
      const steps = kind?.print(item, this) ?? [];
      if (steps.length > 0) {
        const { id: group } = rootOf(item, this.#originals);
        printed.push({ item, key: keyOf(item), steps, topic, group });
      } else if (!this.#isForeign(item)) {
        this.left.push({ what: keyOf(item), why: "" });
      }
    };
    const isReady = (item: Item) =>
      waiting.has(item.id) && unmet(item, this.#needs).length === 0 &&
      unmet(item, this.#wishes).length === 0;
    // What hangs on the object before goes first.
    const next = (from: number, to: number) => {
      const group = printed.at(-1)?.group;
      let first: Item | undefined;
      for (const item of topics.inOrder) {
        const place = topics.place(item);
        if (place < from || place > to || !isReady(item)) continue;
        if (rootOf(item, this.#originals).id === group) return item;
        first ??= item;
      }
      return first;
    };
    const emitAll = (from: number, to: number, title: string) => {
      for (let item; (item = next(from, to));) emit(item, title);
    };
    topics.titles.forEach((title, place) => {
      // What belongs to an earlier topic waits for the end of this one.
      emitAll(place, place, title);
      emitAll(0, place, title);
    });
    while (waiting.size > 0) {
      const all = topics.inOrder.filter(({ id }) => waiting.has(id));
      const open = all.find((item) => unmet(item, this.#needs).length === 0) ??
        all.find((item) => this.#putOff(item, waiting, topics)) ?? all[0]!;
      emit(open, CYCLES);
      // What was waiting for it alone goes on in its order.
      emitAll(0, Infinity, CYCLES);
    }
    return printed;
  }

  /** Of what is nobody's to write, the comments and privileges neither are. */
  #isForeign({ kind, on }: Item): boolean {
    return /^(comment|privileges)$/.test(kind) && !this.find(on);
  }

  /** A default may follow its table, where it needs what needs the table. */
  #putOff(item: Item, waiting: Map<string, Item>, topics: Topics): boolean {
    const { id, kind, about: { columns = [] } } = item;
    if (kind !== "table") return false;
    const needs = this.#needs.get(id) ?? new Set();
    const open = [...needs].filter((need) => waiting.has(need));
    const found = columns.flatMap((column) => {
      const all = [...this.inventory.needs.get(column.defaultId ?? "") ?? []]
        .map((need) => this.find(need)?.id ?? "");
      return column.default && all.some((need) => open.includes(need))
        ? [{ column, all }]
        : [];
    });
    const covered = new Set(found.flatMap(({ all }) => all));
    if (!open.every((need) => covered.has(need))) return false;
    for (const { column, all } of found) {
      const later = this.#splitDefault(item, column, all);
      waiting.set(later.id, later);
      topics.inOrder.splice(topics.inOrder.indexOf(item) + 1, 0, later);
    }
    return true;
  }

  /** Columns that a table lacks which there is a step for, as objects. */
  #addColumns() {
    for (const table of [...this.#items.values()]) {
      const { id, label, sql, about: { columns = [], bound } } = table;
      if (table.kind !== "table" || !this.made.has(keyOf(table))) continue;
      const before = this.#needs.get(id) ?? new Set();
      const missing = columns.filter(({ name }) =>
        bound === undefined && !this.made.has(`column ${label}.${name}`)
      ).map((column): Item => ({
        kind: "column",
        label: `${label}.${column.name}`,
        sql,
        id: `${id} column ${column.name} itself`,
        on: id,
        about: { name: column.name, columns: [column], table },
      }));
      for (const needs of this.#needs.values()) {
        if (needs.has(id)) { for (const { id } of missing) needs.add(id); }
      }
      for (const item of missing) {
        this.#items.set(item.id, item);
        this.#needs.set(item.id, new Set([...before, id]));
      }
    }
  }
}

function keyOf({ kind, label }: Pick<Item, "kind" | "label">): string {
  return `${kind} ${label}`;
}

/** Series of partitions that are called by a day or a month, by parent. */
function jobPartitions(items: Item[]): Map<string, Item[]> {
  const series = new Map<string, Item[]>();
  for (const item of items) {
    const { about: { parent, byTime, name = "" } } = item;
    if (item.kind !== "table" || !parent || !byTime) continue;
    const digits = name.replaceAll(/\D/g, "");
    const dated = /[_p](?:19|20)\d\d/.test(name) && digits.length >= 4;
    if (dated) {
      series.set(`${parent}`, [...series.get(`${parent}`) ?? [], item]);
    }
  }
  for (const list of series.values()) {
    list.sort((a, b) => a.label < b.label ? -1 : 1);
  }
  // One year or two are somebody's own; months and days are a job's.
  return new Map(
    [...series].filter(([, list]) =>
      list.length > 2 || list.length > 1 &&
        list.every(({ about: { name = "" } }) =>
          /\d\D?\d\d$/.test(name) &&
          /(?:19|20)\d\d\D?\d\d/.test(name)
        )
    ),
  );
}

/** The object that others hang on, such as a trigger's table. */
function rootOf(item: Item, byId: Map<string, Item>): Item {
  const on = byId.get(item.on ?? "");
  return on && on !== item ? rootOf(on, byId) : item;
}

/** The topics of a schema, and the place of each object. */
class Topics {
  readonly titles: string[];
  readonly inOrder: Item[];
  readonly #topics = new Map<string, string>();
  readonly #places: Map<string, number>;

  constructor(
    items: Item[],
    readonly needs: Map<string, Set<string>>,
    merged: Map<string, Item>,
  ) {
    const byId = new Map([
      ...merged,
      ...items.map((item) => [item.id, item] as const),
    ]);
    const tables = items.filter(({ kind }) => kind === "table");
    const stems = new Stems(tables);
    for (const table of tables) {
      this.#topics.set(table.id, stems.titleOf(table, byId));
    }
    const ranks = Object.keys(KINDS);
    for (const item of items) this.#assign(item, byId);
    this.#assignByUse(items);
    const order = this.#orderTables(tables, items);
    this.titles = [
      FOUNDATIONS,
      "Functions",
      ...new Set(order.map(({ id }) => this.#topics.get(id) ?? "")),
      "Views",
      DATABASE,
    ];
    this.#places = new Map(this.titles.map((title, i) => [title, i]));
    const turn = new Map(order.map(({ id }, i) => [id, i]));
    const rank = ({ kind }: Item) => ranks.indexOf(kind);
    const byLabel = (a: Item, b: Item) =>
      a.label < b.label ? -1 : a.label > b.label ? 1 : 0;
    const part = ({ about }: Item) => "puxcf".indexOf(about.type ?? "");
    // What hangs on an object stands with it.
    const compare = (a: Item, b: Item) => {
      const [x, y] = [rootOf(a, byId), rootOf(b, byId)];
      const [i, j] = [x, y].map(({ id }) => turn.get(id) ?? Infinity);
      return this.place(a) - this.place(b) || (i === j ? 0 : i! - j!) ||
        rank(x) - rank(y) || byLabel(x, y) || rank(a) - rank(b) ||
        part(a) - part(b) || byLabel(a, b);
    };
    this.inOrder = items.toSorted(compare);
  }

  place(item: Item): number {
    const topic = this.#topics.get(item.id) ?? this.#topics.get(item.on ?? "");
    return this.#places.get(topic ?? FOUNDATIONS) ?? 0;
  }

  #assign(item: Item, byId: Map<string, Item>) {
    const { id, kind, on } = item;
    if (this.#topics.has(id)) return;
    const whole = on === undefined ? undefined : byId.get(on);
    if (whole) {
      this.#assign(whole, byId);
      this.#topics.set(id, this.#topics.get(whole.id) ?? FOUNDATIONS);
    } else if (/^(publication|event trigger|default privileges)$/.test(kind)) {
      this.#topics.set(id, DATABASE);
    } else if (!/^(function|aggregate|view|materialized view)$/.test(kind)) {
      this.#topics.set(id, FOUNDATIONS);
    }
  }

  /** Views and functions stand with the tables that they are for. */
  #assignByUse(items: Item[]) {
    const users = new Map<string, Set<string>>();
    for (const [from, all] of this.needs) {
      for (const to of all) {
        users.set(to, (users.get(to) ?? new Set()).add(from));
      }
    }
    for (const { id, kind } of items) {
      if (this.#topics.has(id)) continue;
      const isView = /view$/.test(kind);
      const near = isView ? this.needs.get(id) : users.get(id);
      const found = new Set(
        [...near ?? []].map((other) => this.#topics.get(other))
          .filter((topic) => topic && topic !== FOUNDATIONS),
      );
      const [only] = found;
      this.#topics.set(
        id,
        found.size === 1 && only ? only : isView ? "Views" : "Functions",
      );
    }
    for (const item of items) {
      const topic = this.#topics.get(item.on ?? "");
      if (topic) this.#topics.set(item.id, topic);
    }
  }

  /** Tables by name, each behind those that it refers to. */
  #orderTables(tables: Item[], items: Item[]): Item[] {
    const byId = new Map(tables.map((table) => [table.id, table]));
    const refers = new Map<string, Set<string>>();
    for (const { kind, id, on, about } of items) {
      const from = kind === "table" ? id : on;
      if (!from || !byId.has(from)) continue;
      const set = refers.get(from) ?? new Set();
      for (const to of [about.parent, ...this.needs.get(id) ?? []]) {
        if (byId.has(`${to}`)) set.add(`${to}`);
      }
      refers.set(from, set);
    }
    const byTopic = Map.groupBy(
      tables.toSorted((a, b) => a.label < b.label ? -1 : 1),
      ({ id }) => this.#topics.get(id) ?? "",
    );
    const order: Item[] = [];
    const visit = (table: Item, path: Item[], within?: string) => {
      if (order.includes(table) || path.includes(table)) return;
      for (const id of refers.get(table.id) ?? []) {
        const other = byId.get(id);
        if (!other) continue;
        const near = this.#topics.get(id) === within;
        if (within === undefined || near) {
          visit(other, [...path, table], within);
        }
      }
      order.push(table);
    };
    for (const table of byTopic.values()) for (const t of table) visit(t, []);
    // Topics in the order of their first tables, and all of each together.
    const titles = new Set(
      order.map(({ id }) => this.#topics.get(id) ?? ""),
    );
    const whole = order.splice(0);
    for (const title of titles) {
      for (const table of whole) {
        if (this.#topics.get(table.id) === title) visit(table, [], title);
      }
    }
    return order;
  }
}

const FOUNDATIONS = "Foundations";
/** Behind all others, so that the order holds. */
const CYCLES = "What needs each other";
const DATABASE = "Privileges, replication and events";

/** Tables with one first word are one topic. */
class Stems {
  readonly #titles = new Map<string, string>();
  readonly #prefix: string;

  constructor(tables: Item[]) {
    const firsts = tables.map(({ about: { name = "" } }) => name.split("_")[0]);
    const [common = ""] = firsts.filter((word) =>
      firsts.filter((other) => other === word).length > tables.length * 0.6
    );
    this.#prefix = tables.length > 5 && common ? `${common}_` : "";
    const inOrder = tables.toSorted((a, b) =>
      a.label.length - b.label.length || (a.label < b.label ? -1 : 1)
    );
    const stems = Map.groupBy(inOrder, (table) => this.#stemOf(table));
    for (const [stem, [table, ...others]] of stems) {
      const { name = "", schema = "public" } = table?.about ?? {};
      const all = this.#bare(name).replaceAll("_", " ").trim() || name;
      // Several with a first word, and none of it alone.
      const words = others.length > 0 ? all.split(" ")[0] ?? all : all;
      const title = words.charAt(0).toUpperCase() + words.slice(1);
      this.#titles.set(
        stem,
        schema === "public" ? title : `${schema}: ${title}`,
      );
    }
  }

  /** A partition or a child stands with its parent. */
  titleOf(table: Item, byId: Map<string, Item>): string {
    const parent = byId.get(`${table.about.parent}`);
    return parent
      ? this.titleOf(parent, byId)
      : this.#titles.get(this.#stemOf(table)) ?? FOUNDATIONS;
  }

  #bare(name: string): string {
    return name.startsWith(this.#prefix)
      ? name.slice(this.#prefix.length)
      : name;
  }

  #stemOf({ about: { name = "", schema } }: Item): string {
    const [word = ""] = this.#bare(name).split("_");
    return `${schema}.${word.replace(/ies$/, "y").replace(/(ss|[^s])s$/, "$1")}`
      .toLowerCase();
  }
}

/** The steps as text to paste, under headings where there are topics. */
async function layOut(printed: Printed[]): Promise<string> {
  const headed = new Set(printed.map(({ topic }) => topic)).size > 1;
  const parts = printed.map((one, i) => {
    const { steps, topic } = one;
    const before = printed[i - 1];
    const heading = headed && topic !== before?.topic
      ? [`// ─── ${topic} ───`, ""]
      : [];
    const apart = heading.length > 0 ||
      before && startsGroup(one, before);
    return [...(apart && before ? [""] : []), ...heading, ...steps];
  });
  const [text = ""] = await formatSteps([parts.flat()]);
  return text;
}

/** The steps as sections, with what stands in the script's list of them. */
async function toSections(printed: Printed[]): Promise<string> {
  const sections = Map.groupBy(printed, ({ topic }) => topic);
  const parts = [...sections].map(([topic, list]) => {
    const steps = list.flatMap((one, i) => {
      const before = list[i - 1];
      const apart = before && startsGroup(one, before);
      return [...(apart ? [""] : []), ...one.steps];
    });
    return `section(${text(topic)}, [\n${steps.join("\n")}\n]),`;
  });
  const code = `export const sections: Section[] = [\n${
    parts.join("\n\n")
  }\n];\n`;
  const formatted = await format(code) ?? code;
  return formatted.slice(
    formatted.indexOf("\n") + 1,
    formatted.lastIndexOf("]"),
  );
}

/** Whether a blank line goes before it: a table opens a group. */
function startsGroup(one: Printed, before: Printed): boolean {
  const { kind, about: { text } } = one.item;
  return kind === "table" || one.group !== before.group &&
      (kind !== before.item.kind || kind === "function" && text !== undefined);
}

/** What the steps leave out, in words. */
function leftOut({ left, jobs }: Paper, skipped: string[]): string[] {
  const lines = [...jobs].map(([parent, partitions]) => {
    const names = partitions.map(({ label }) => label);
    return `${count(names.length, "partition")} of ${parent}, which a job ` +
      `makes: ${names[0]} … ${names.at(-1)}`;
  });
  const rest = left.map(({ what, why }) => `${what}${why ? ` (${why})` : ""}`);
  lines.push(...skipped.map((what) => `${what} of the dump`));
  if (lines.length + rest.length === 0) return [];
  return [
    "// Not made by these steps:",
    ...[...lines, ...rest].map((line) => `//   ${oneLine(line)}`),
  ];
}

/**
 * A step whose strings do not go over lines: a report indents them, and what
 * is copied from there must be the same.
 */
function onOneLine(step: string): string {
  const strings = /"(?:[^"\\]|\\[^])*"|`((?:[^`\\]|\\[^])*)`/g;
  return step.replaceAll(
    strings,
    (all, body?: string) =>
      body?.includes("\n")
        ? JSON.stringify(body.replaceAll(/\\([^])/g, "$1"))
        : all,
  );
}

/** Groups of steps as `deno fmt` has them, each step a statement to it. */
async function formatSteps(groups: string[][]): Promise<string[]> {
  const code = groups.map((group) =>
    group.map((step) => step.replace(/,$/, ";\n//·")).join("\n")
  ).join("\n//§\n");
  const formatted = await format(code);
  if (formatted === undefined) return groups.map((group) => group.join("\n"));
  return formatted.replaceAll(/;\n\/\/·/g, ",").split(/\n*\/\/§\n*/)
    .map((text) => text.trim());
}

async function format(code: string): Promise<string | undefined> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { success, stdout } = await fmt.output();
  return success ? new TextDecoder().decode(stdout) : undefined;
}

// ═══ Databases ═════════════════════════════════════════════════════════════

const PLAN_OPTIONS = {
  single: false,
  only: [],
  skip: [],
  probeTimeout: 30_000,
};

/** Extensions stay while the schema is emptied: to create them takes long. */
const EXTENSIONS = "verify_extensions";
const SEARCH_PATH = `public, ${EXTENSIONS}`;

/** What is in a database beside the schema public. */
const DROP_OTHERS = `SET client_min_messages = error;
  DO $verify$ DECLARE one text; BEGIN
    FOR one IN
      SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger
      WHERE ${free("pg_event_trigger", "pg_event_trigger.oid")}
      UNION ALL SELECT format('DROP PUBLICATION %I', pubname)
      FROM pg_publication
      UNION ALL SELECT format('DROP SCHEMA %I CASCADE', nspname)
      FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN
        ('information_schema', 'public', 'verify_extensions', 'verify_before')
        AND ${free("pg_namespace", "pg_namespace.oid")}
      UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER %I CASCADE', fdwname)
      FROM pg_foreign_data_wrapper
      WHERE ${free("pg_foreign_data_wrapper", "pg_foreign_data_wrapper.oid")}
      UNION ALL SELECT format('DROP CAST (%s AS %s)', castsource::regtype,
        casttarget::regtype) FROM pg_cast WHERE oid >= 16384
        AND castsource < 16384 AND casttarget < 16384
        AND ${free("pg_cast", "pg_cast.oid")}
      UNION ALL SELECT 'DELETE FROM pg_default_acl' FROM pg_default_acl
      WHERE defaclnamespace = 0
    LOOP EXECUTE one; END LOOP;
  END $verify$`;

/** A scratch database, with the one session that works on it. */
class Database {
  constructor(
    readonly script: typeof Script,
    readonly session: Session,
    readonly url: string,
    readonly embedded: boolean,
    /** Roles that were made on its server, to be dropped again. */
    readonly roles: string[] = [],
    /** Prints its schema, by a program that is not ours. */
    readonly dumps: () => Promise<string> = () => Promise.reject(Error("none")),
  ) {}

  /** Why there is no dump of it. */
  noDump = "";

  async dump(): Promise<Dump | undefined> {
    if (this.noDump) return undefined;
    try {
      return readEntries(await this.dumps());
    } catch (error) {
      this.noDump = messageOf(error).split("\n")[0] ?? "";
    }
  }

  /** Whether it holds the target, as the last proof left it. */
  atTarget = false;

  /** Empties it. */
  async reset() {
    this.atTarget = false;
    const [row] = await this.session.query(
      "ROLLBACK; SELECT json_agg(quote_ident(relname)) AS tables " +
        "FROM pg_class WHERE relkind IN ('r', 'p') " +
        "AND relnamespace = to_regnamespace('public')",
    );
    // In portions: a transaction holds the locks of all that it drops.
    const tables = (row?.tables ?? []) as string[];
    for (let from = 100; from < tables.length; from += 100) {
      const portion = tables.slice(from, from + 100);
      await this.session.query(
        "SET client_min_messages = error; SET search_path = public; " +
          `DROP TABLE IF EXISTS ${portion} CASCADE`,
      );
    }
    await this.session.query(
      `${DROP_OTHERS}; DROP SCHEMA public CASCADE; CREATE SCHEMA public; ` +
        `SET search_path = ${SEARCH_PATH}`,
    );
    // The ROLLBACK above, where there was nothing to roll back.
    this.session.interfered = false;
  }

  /** Makes roles that the models name and the server lacks. */
  async makeRoles(names: string[]) {
    for (const name of names) {
      const role = quote(name);
      const [known] = await this.session.query(
        `SELECT FROM pg_roles WHERE rolname = ${quoteText(name)}`,
      );
      if (known) continue;
      try {
        await this.session.query(`CREATE ROLE ${role}`);
      } catch (error) {
        throw new VerifyError(
          `the models name the role ${name}, which cannot be made: ` +
            messageOf(error),
          "Create it on the scratch server",
        );
      }
      this.roles.push(role);
    }
  }

  async apply(): Promise<Script.Plan> {
    const plan = await this.inspect();
    await this.script.runChanges(this.session, plan);
    return plan;
  }

  /** @throws VerifyError that names the step whose SQL PostgreSQL refuses */
  async inspect(schema = "public"): Promise<Script.Plan> {
    const { script, session } = this;
    try {
      const options = { ...PLAN_OPTIONS, schema };
      return await script.inspect(session, script.sections, options);
    } catch (error) {
      const { section, step } = error as { section?: string; step?: Step };
      if (section === undefined || !step) throw error;
      throw new VerifyError(
        `PostgreSQL refuses the SQL of ${stepKey(section, step)}: ` +
          messageOf(error),
        "Fix the step; --dry-run on a database with its tables reports the " +
          "same",
      );
    }
  }

  async describe(): Promise<string> {
    const [row] = await this.session.query(
      "SELECT current_setting('server_version') AS version",
    );
    const embedded = this.embedded ? " (embedded)" : "";
    return `PostgreSQL ${`${row?.version}`.split(" ")[0]}${embedded}`;
  }
}

/** The embedded PostgreSQL, started once and emptied between states. */
class Embedded {
  private constructor(
    readonly script: typeof Script,
    readonly started: Awaited<ReturnType<typeof Script.startEmbedded>>,
  ) {}

  /** @param more extensions that the models create */
  static async start(
    script: typeof Script,
    { copy, extensions: more = [] }: { copy?: Blob; extensions?: string[] } =
      {},
  ) {
    const extensions = [...new Set([...extensionsOf(script), ...more])];
    const options = copy ? { copy } : {};
    return new Embedded(
      script,
      await script.startEmbedded("", extensions, options),
    );
  }

  async open(): Promise<Database> {
    const { options } = this.started;
    const target = { ...this.script.parseTarget("pglite:"), options };
    const session = await this.script.Session.open(target);
    this.#session = session;
    // For a script that runs beside the verifier.
    const url = `postgres://postgres:${options.pass}@127.0.0.1:` +
      `${options.port}/postgres?sslmode=disable`;
    const dumps = async () => {
      const { pgDump } = await import("@electric-sql/pglite-tools/pg_dump");
      const pg = this.started.db as Parameters<typeof pgDump>[0]["pg"];
      try {
        return await (await pgDump({ pg, args: DUMP })).text();
      } finally {
        // It shares the only connection, and leaves its transaction open.
        await session.query(
          `ROLLBACK; RESET ALL; SET search_path = ${SEARCH_PATH}`,
        );
      }
    };
    return new Database(this.script, session, url, true, [], dumps);
  }

  #session?: Session;

  /** What another can begin from; before anything is in it. */
  async copy(): Promise<ArrayBuffer> {
    return await (await this.started.copy()).arrayBuffer();
  }

  openMore(_target: Objects): Promise<Database[]> {
    return Promise.resolve([]);
  }

  async stop() {
    await this.#session?.end();
    await this.started.stop();
  }
}

/** Databases on a server that is there, dropped again whatever happens. */
class ScratchServer {
  readonly #open: Database[] = [];
  /** Those that this run has made, and no other: what may be dropped. */
  readonly #names: string[] = [];
  /** Those that are being made, which a signal waits for. */
  readonly #coming: Promise<void>[] = [];
  readonly #roles: string[] = [];
  #stopped = false;
  readonly #interrupt = () => this.#drop().then(() => Deno.exit(130));

  private constructor(
    readonly script: typeof Script,
    readonly url: string,
    readonly admin: Session,
  ) {
    for (const signal of SIGNALS) {
      Deno.addSignalListener(signal, this.#interrupt);
    }
  }

  static async start(script: typeof Script, url: string) {
    const admin = await script.Session.open(script.parseTarget(url));
    const [role] = await admin.query(
      "SELECT rolname AS name, rolcreatedb OR rolsuper AS may FROM pg_roles " +
        "WHERE rolname = current_user",
    );
    if (role?.may) return new ScratchServer(script, url, admin);
    await admin.end();
    throw new VerifyError(
      `${role?.name} may not create databases on that server, and a proof ` +
        "creates its own",
      `Allow it: ALTER ROLE ${quote(`${role?.name}`)} CREATEDB, or name a ` +
        "scratch server with another role",
    );
  }

  async open(): Promise<Database> {
    if (this.#stopped) await NEVER;
    const name = `verify_${crypto.randomUUID().replaceAll("-", "")}`;
    const made = this.admin
      .query(`CREATE DATABASE ${name} TEMPLATE template0`)
      .then(() => void this.#names.push(name));
    this.#coming.push(made);
    await made;
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    const target = this.script.parseTarget(url.href);
    const session = await this.script.Session.open(target);
    await session.query("SET client_min_messages = error");
    const database = new Database(
      this.script,
      session,
      url.href,
      false,
      this.#roles,
      () => dumpServer(session, url),
    );
    this.#open.push(database);
    return database;
  }

  /** As many as the server has locks for: an apply may hold all it makes. */
  async openMore(target: Objects): Promise<Database[]> {
    const [row] = await this.admin.query(
      "SELECT current_setting('max_locks_per_transaction')::int * " +
        "current_setting('max_connections')::int AS locks",
    );
    // A table has a TOAST table with an index, and often a sequence.
    const needed = [...target.values()].reduce(
      (n, { kind }) =>
        n + (kind === "table" ? 4 : /index|constraint/.test(kind) ? 1 : 0),
      1,
    );
    const workers = Math.min(WORKERS, Number(row?.locks) / needed);
    const more = [];
    for (let i = 1; i < workers; i++) more.push(await this.open());
    return more;
  }

  async stop() {
    // After a signal, what fails because its database went is no news.
    if (this.#stopped) await NEVER;
    for (const signal of SIGNALS) {
      Deno.removeSignalListener(signal, this.#interrupt);
    }
    for (const { session } of this.#open.splice(0)) await session.end();
    await this.#drop();
    await this.admin.end();
  }

  async #drop() {
    this.#stopped = true;
    await Promise.allSettled(this.#coming);
    for (const name of this.#names.splice(0)) {
      await this.admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    }
    // Another proof beside this one may use them still.
    for (const role of this.#roles.splice(0)) {
      await this.admin.query(`DROP ROLE IF EXISTS ${role}`).catch(() => {});
    }
  }
}

const DUMP = ["--schema-only", "--no-owner"];

/** What the pg_dump on the PATH prints, where it fits the server. */
async function dumpServer(session: Session, url: URL): Promise<string> {
  const run = async (args: string[], env: Record<string, string> = {}) => {
    const output = await new Deno.Command("pg_dump", { args, env }).output()
      .catch(() => {
        throw Error("there is none on the PATH");
      });
    const [stdout = "", stderr = ""] = [output.stdout, output.stderr]
      .map((bytes) => new TextDecoder().decode(bytes));
    if (!output.success) throw Error(stderr.trim());
    return stdout;
  };
  const [row] = await session.query(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  const [, major = ""] = /(\d+)/.exec(await run(["--version"])) ?? [];
  if (Number(major) < Number(row?.major)) {
    throw Error(`that on the PATH is of PostgreSQL ${major}`);
  }
  const target = new URL(url);
  target.password = "";
  const password = decodeURIComponent(url.password);
  return await run([...DUMP, "--dbname", target.href], {
    ...(password && { PGPASSWORD: password }),
  });
}

const NEVER = new Promise<never>(() => {});
const WORKERS = 4;
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

// ═══ Rows ══════════════════════════════════════════════════════════════════

/** What the catalog says that rows and states need. */
interface Facts {
  tables: TableFacts[];
  superuser: boolean;
  /** Indexes on which foreign keys rest. */
  needed: string[];
}

interface TableFacts {
  /** As steps name it. */
  name: string;
  /** As SQL wants it. */
  sql: string;
  columns: ColumnFacts[];
  checks: string[];
  foreign: { columns: string[]; parent: string; parentColumns: string[] }[];
  /** Columns of primary keys and of unique constraints and indexes. */
  keys: string[];
  primary: string[];
  takesRows: boolean;
  /** Whether triggers look at each row that is updated. */
  triggers: boolean;
  /** Tables that it inherits from, which have its rows as well, as in SQL. */
  heirOf: string[];
}

interface ColumnFacts {
  name: string;
  /** Of a domain its base type, of an array that of its elements. */
  type: string;
  array: boolean;
  /** Of its type: `c` is a composite, of so many fields, and `r` a range. */
  sort: string;
  fields: number;
  /** Those of its domain. */
  checks: string[];
  labels: string[] | null;
  notNull: boolean;
  default: string | null;
  identity: boolean;
  generated: boolean;
}

const FACTS = `SELECT json_build_object(
  'superuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
  'needed', (SELECT coalesce(json_agg(relname), '[]') FROM pg_constraint
    JOIN pg_class i ON i.oid = conindid WHERE contype = 'f'),
  'tables', (SELECT json_agg(json_build_object(
    'name', ${plainly("relnamespace", "relname")}, 'sql', c.oid::regclass,
    'columns', (SELECT json_agg(json_build_object('name', attname,
        'type', format_type(e.oid, CASE WHEN t.typcategory = 'A' OR
          t.typtype <> 'd' THEN atttypmod ELSE t.typtypmod END),
        'array', t.typcategory = 'A', 'sort', e.typtype,
        'fields', (SELECT count(*) FROM pg_attribute
          WHERE attrelid = e.typrelid AND attnum > 0 AND NOT attisdropped),
        'checks', (SELECT coalesce(json_agg(pg_get_constraintdef(d.oid)), '[]')
          FROM pg_constraint d WHERE contypid = t.oid AND contype = 'c'),
        'labels', (SELECT json_agg(enumlabel ORDER BY enumsortorder)
          FROM pg_enum WHERE enumtypid = e.oid),
        'notNull', attnotnull OR t.typnotnull, 'identity', attidentity <> '',
        'default', (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
          WHERE adrelid = attrelid AND adnum = attnum AND attgenerated = ''),
        'generated', attgenerated <> '') ORDER BY attnum)
      FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
      JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem
        WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
      WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
    'checks', (SELECT coalesce(json_agg(text), '[]') FROM (
      SELECT pg_get_constraintdef(oid) FROM pg_constraint
      WHERE conrelid = c.oid AND contype = 'c'
      UNION ALL SELECT pg_get_partition_constraintdef(inhrelid)
      FROM pg_inherits WHERE inhparent = c.oid AND relkind = 'p') found (text)
      WHERE text IS NOT NULL),
    'foreign', (SELECT coalesce(json_agg(json_build_object(
        'parent', confrelid::regclass::text,
        'columns', (SELECT json_agg(attname ORDER BY n) FROM
          unnest(conkey) WITH ORDINALITY u (k, n) JOIN pg_attribute
          ON attrelid = conrelid AND attnum = k),
        'parentColumns', (SELECT json_agg(attname ORDER BY n) FROM
          unnest(confkey) WITH ORDINALITY u (k, n) JOIN pg_attribute
          ON attrelid = confrelid AND attnum = k))), '[]')
      FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'),
    'heirOf', (SELECT coalesce(json_agg(inhparent::regclass), '[]')
      FROM pg_inherits WHERE inhrelid = c.oid),
    'takesRows', relkind = 'r' OR EXISTS (SELECT FROM pg_inherits
      WHERE inhparent = c.oid),
    'triggers', EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid
      AND NOT tgisinternal AND tgtype::int & 17 = 17),
    'primary', (SELECT coalesce(json_agg(attname), '[]') FROM pg_constraint
      JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
      WHERE conrelid = c.oid AND contype = 'p'),
    'keys', (SELECT coalesce(json_agg(DISTINCT attname), '[]') FROM pg_attribute
      WHERE attrelid = c.oid AND attnum > 0 AND (EXISTS (
        SELECT FROM pg_index LEFT JOIN pg_depend
          ON classid = 'pg_class'::regclass AND objid = indexrelid
          AND refobjid = indrelid
        WHERE indrelid = c.oid AND indisunique
          AND (attnum = ANY (indkey) OR attnum = refobjsubid))
        OR EXISTS (SELECT FROM pg_constraint WHERE contype = 'f'
          AND confrelid = c.oid AND attnum = ANY (confkey)))))
    ORDER BY relname) FROM pg_class c WHERE relkind IN ('r', 'p')
      AND NOT relispartition AND relnamespace IN ${OURS}
      AND ${free("pg_class", "c.oid")})) AS facts`;

/** Rows that the schema accepts, found by trying. */
interface Rows {
  facts: Facts;
  /** Several sets of rows, of which each state takes another. */
  pools: Pool[];
  /** Tables for which none could be made, with PostgreSQL's reason. */
  unfilled: Map<string, string>;
}

/** For each table, as in SQL, how many rows, and the statements that insert them. */
type Pool = Map<string, { rows: number; sql: string[] }>;

/** How many sets of rows there are, where tables are not many. */
const POOLS = 3;

const ROWS = 8;

/**
 * Fills the target's tables with rows, several times.
 *
 * @param given SQL of the user's that inserts rows where ours are refused
 */
async function makeRows(
  database: Database,
  seed: number,
  given: string,
): Promise<Rows> {
  const { session } = database;
  const [row] = await session.query(FACTS);
  const facts = row?.facts as Facts;
  facts.tables ??= [];
  const unfilled = new Map<string, string>();
  const all = facts.tables.map(({ sql }) => sql);
  const pools = [];
  for (let n = 0; n < (all.length > 60 ? 1 : POOLS); n++) {
    if (n > 0) {
      await session.query(
        all.length === 0 ? "" : `TRUNCATE ${all} RESTART IDENTITY CASCADE`,
      );
      await database.apply();
    }
    try {
      await session.query(given);
    } catch (error) {
      throw new VerifyError(
        `the given rows are rejected: ${messageOf(error)}`,
        "Fix the file of --rows, or the models' export rows",
      );
    }
    pools.push(await fillTables(session, facts, seed + n, unfilled));
  }
  return { facts, pools, unfilled };
}

/** Fills the tables with rows, parents first, and reads them back. */
async function fillTables(
  session: Session,
  facts: Facts,
  seed: number,
  unfilled: Map<string, string>,
): Promise<Pool> {
  const random = randomFrom(seed);
  const made = new Map<string, Record<string, string | null>[]>();
  const rows = async ({ sql, columns }: TableFacts) => {
    const list = columns.map(({ name }) =>
      `${quoteText(name)}, t.${quote(name)}::text`
    );
    // A function takes a hundred arguments.
    const portions = Array.from(
      { length: Math.ceil(list.length / 50) },
      (_, i) => `jsonb_build_object(${list.slice(i * 50, i * 50 + 50)})`,
    );
    const [found] = await session.query(
      `SELECT json_agg(${portions.join(" || ") || "'{}'::jsonb"}) AS rows ` +
        // Rows of tables that inherit from it are theirs.
        `FROM ${sql} t JOIN pg_class c ON c.oid = ${quoteText(sql)}::regclass
          AND (relkind = 'p' OR t.tableoid = c.oid)`,
    );
    return (found?.rows ?? []) as Record<string, string | null>[];
  };
  const ordered = parentsFirst(facts.tables);
  for (const table of ordered) {
    const tries = Array.from(
      { length: isChecked(table) ? 160 : 20 },
      (_, i) => insertion(table, candidate(table, i, random, made)),
    );
    await session.query(
      `DO $verify$ DECLARE made int := 0; why text := ''; BEGIN
        SET CONSTRAINTS ALL IMMEDIATE; ${
        tries.map((sql) =>
          `IF made < ${ROWS} THEN BEGIN ${sql}; made := made + 1; ` +
          "EXCEPTION WHEN OTHERS THEN why := SQLERRM; END; END IF;"
        ).join("\n")
      } PERFORM set_config('verify.why', why, false); END $verify$`,
    );
    made.set(table.sql, await rows(table));
    // A parent without partitions takes none.
    if (made.get(table.sql)?.length === 0 && table.takesRows) {
      const [why] = await session.query(
        "SELECT current_setting('verify.why') AS why",
      );
      unfilled.set(table.name, `${why?.why}`);
    }
  }
  // References that had no row to point at yet.
  for (const { sql, foreign } of ordered) {
    for (const { columns, parent, parentColumns } of foreign) {
      const [left, right] = [columns.map(quote), parentColumns.map(quote)];
      await session.query(tolerant([
        `UPDATE ${sql} SET (${left}) = ROW (${
          right.map((c) => `(SELECT ${c} FROM ${parent} LIMIT 1)`)
        }) WHERE ${
          left.map((c) => `${c} IS NULL`).join(" AND ")
        } AND abs(hashtext(ctid::text)) % 2 = 0`,
      ]));
    }
  }
  const pool: Pool = new Map();
  for (const table of ordered) {
    const all = await rows(table);
    const sql = all.map((row) => insertion(table, row));
    const counters = table.columns.filter(({ identity, default: value }) =>
      identity || /^nextval\(/.test(value ?? "")
    );
    for (const { name } of counters) {
      sql.push(
        `SELECT setval(pg_get_serial_sequence(${quoteText(table.sql)}, ${
          quoteText(name)
        }), max(${quote(name)})) FROM ${table.sql}`,
      );
    }
    if (all.length > 0) pool.set(table.sql, { rows: all.length, sql });
  }
  return pool;
}

function isChecked({ checks, columns }: TableFacts): boolean {
  return checks.length > 0 || columns.some(({ checks }) => checks.length > 0);
}

/** Tables after those that their NOT NULL references need. */
function parentsFirst(tables: TableFacts[]): TableFacts[] {
  const ordered: TableFacts[] = [];
  const visit = (table: TableFacts, path: TableFacts[]) => {
    if (ordered.includes(table) || path.includes(table)) return;
    for (const { parent, columns } of table.foreign) {
      const needed = table.columns.some(({ name, notNull }) =>
        notNull && columns.includes(name)
      );
      const found = tables.find(({ sql }) => sql === parent);
      if (needed && found) visit(found, [...path, table]);
    }
    ordered.push(table);
  };
  for (const table of tables) visit(table, []);
  return ordered;
}

function insertion(table: TableFacts, row: Record<string, string | null>) {
  const columns = table.columns.filter(({ name, generated }) =>
    !generated && name in row
  );
  const values = columns.map(({ name }) => {
    const value = row[name];
    return value === null || value === undefined ? "NULL" : quoteText(value);
  });
  return columns.length === 0
    ? `INSERT INTO ${table.sql} DEFAULT VALUES`
    : `INSERT INTO ${table.sql} (${
      columns.map(({ name }) => quote(name)).join(", ")
    }) OVERRIDING SYSTEM VALUE VALUES (${values.join(", ")})`;
}

/** A row that may please the table's constraints. */
function candidate(
  { sql, columns, checks, foreign, keys }: TableFacts,
  i: number,
  random: () => number,
  made: Map<string, Record<string, string | null>[]>,
): Record<string, string | null> {
  // Columns may be called toString, or __proto__.
  const row: Record<string, string | null> = Object.create(null);
  // The first row has only what it must, the second all that it can.
  const chance = (p: number) => i === 0 || i > 1 && random() < p;
  for (const column of columns) {
    if (column.generated) continue;
    // A key's value must be another in each row.
    const unique = keys.includes(column.name);
    const hints = checks.filter((check) => check.includes(column.name))
      .concat(column.checks).flatMap(hintsOf).flatMap((hint) =>
        unique
          ? [hint, `${i}${hint}`, `${hint}${i}`, hint + LETTERS[i % 26]]
          : [hint]
      );
    if (!column.notNull && chance(0.25)) row[column.name] = null;
    else if (column.default && !column.identity && chance(0.2)) continue;
    else row[column.name] = valueFor(column, i, random, hints, unique);
  }
  for (const { columns: names, parent, parentColumns } of foreign) {
    const parents = made.get(parent) ?? [];
    const found = parents[Math.floor(random() * parents.length)];
    const self = parent === sql;
    names.forEach((column, n) => {
      const nullable = columns.some(({ name, notNull }) =>
        name === column && !notNull
      );
      if (nullable && (!found || self || chance(0.2))) row[column] = null;
      else if (found) row[column] = found[parentColumns[n] ?? ""] ?? null;
    });
  }
  return row;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** What patterns and functions that look at texts mostly want. */
const USUAL_TEXTS = ["abc", "ABC", "abc-def", "abc_def", "ab12", "1234567890"]
  .concat(["+491234567890", "a@b.example", "https://a.example/b", "#a1b2c3"])
  .concat(["10.0.0.1", "1.2.3", "2024-05-06", "12:34"]);

/** Values that a check's own text suggests. */
function hintsOf(check: string): string[] {
  const strings = [...check.matchAll(/'((?:[^']|'')*)'/g)].map((
    [, text = ""],
  ) => text.replaceAll("''", "'"));
  const numbers = [
    ...check.replaceAll(/'[^']*'/g, "").matchAll(/-?\d+(\.\d+)?/g),
  ]
    .flatMap(([n]) => [n, `${Number(n) + 1}`, `${Number(n) - 1}`]);
  const looksAtText = /~|\w\(|SIMILAR|LIKE/i.test(check);
  return [
    ...looksAtText ? USUAL_TEXTS : [],
    ...strings,
    ...strings.map((text) => text.replaceAll("%", "x").replaceAll("_", "a")),
    ...numbers,
  ];
}

/** A value of a column's type, as text that PostgreSQL reads. */
function valueFor(
  column: ColumnFacts,
  i: number,
  random: () => number,
  hints: string[],
  unique: boolean,
): string {
  if (column.array) {
    const one = { ...column, array: false };
    const values = [0, 1].slice(0, Math.floor(random() * 3)).map(() =>
      `"${
        valueFor(one, i, random, hints, unique).replaceAll(/["\\]/g, "\\$&")
      }"`
    );
    return `{${values.join(",")}}`;
  }
  const pick = <T>(list: T[]) => list[Math.floor(random() * list.length)] as T;
  const { type, labels, sort, fields } = column;
  if (sort === "c") return `(${",".repeat(fields - 1)})`;
  if (sort === "r" && !/^(int|num|ts|date)\w*range$/.test(type)) {
    return pick([
      `[${i},${i + 1})`,
      "empty",
      `[2024-05-06,2024-05-${7 + i % 20}]`,
    ]);
  }
  // So that in a few rows each of them is there.
  if (labels) return labels[i % labels.length] ?? "";
  const [, base = type, size] =
    /^([a-z ]+?)(?:\((\d+).*\))?(?: with.*)?$/.exec(type) ?? [];
  const digits = (n: number) =>
    Array.from({ length: n }, () => Math.floor(random() * 16).toString(16))
      .join("");
  const day = `20${10 + Math.floor(random() * 15)}-0${
    1 + Math.floor(random() * 9)
  }-1${Math.floor(random() * 10)}`;
  switch (base) {
    case "uuid":
      return `${digits(8)}-${digits(4)}-4${digits(3)}-8${digits(3)}-${
        digits(12)
      }`;
    case "smallint":
    case "integer":
    case "bigint": {
      if (column.identity) return `${100 + i}`;
      const numbers = hints.filter((hint) => /^-?\d+$/.test(hint));
      if (numbers.length > 0 && random() < 0.7) return pick(numbers);
      return unique || random() < 0.7 ? `${1 + i}` : pick(["0", "-1", "32767"]);
    }
    case "numeric":
    case "real":
    case "double precision":
    case "money": {
      const numbers = hints.filter((hint) => /^-?\d+(\.\d+)?$/.test(hint));
      if (numbers.length > 0 && random() < 0.7) return pick(numbers);
      if (size && Number(size) < 4) return "0";
      return unique || random() < 0.7 ? `${i}.5` : pick(["0", "-0.5"]);
    }
    case "boolean":
      return i % 2 === 0 ? "true" : "false";
    case "date":
      return day;
    case "timestamp":
      return `${day} 12:3${i % 10}:00`;
    case "time":
      return `12:3${i % 10}:00`;
    case "interval":
      return `${i} hours`;
    case "json":
    case "jsonb":
      return pick(["{}", `{"n": ${i}, "text": "x"}`, "[1, null]"]);
    case "bytea":
      return `\\x${digits(8)}`;
    case "inet":
      return `10.0.0.${1 + i % 250}`;
    case "cidr":
      return `10.${i % 250}.0.0/16`;
    case "macaddr":
      return `08:00:2b:01:02:${digits(2)}`;
    case "tsvector":
      return "one two";
    case "point":
      return `(${i},1)`;
    case "bit":
    case "bit varying":
      return "1".repeat(Number(size ?? 1));
    case "xml":
      return "<a/>";
    default: {
      if (/range$/.test(base)) {
        return /date|ts/.test(base) ? `[${day},${day}]` : `[${i},${i + 1})`;
      }
      const words = [
        "Zoë O'Hara",
        "north",
        "south gate",
        "x",
        "100%",
        "日本 🌍",
      ];
      const text = hints.length > 0 && random() < 0.7
        ? pick(hints)
        : random() < 0.1
        ? ""
        : random() < 0.1
        ? `${i} ${"long ".repeat(60)}`
        : `${pick(words)} ${i}`;
      return text.slice(0, Number(size ?? 1000));
    }
  }
}

/** Runs statements of which any may fail. */
function tolerant(statements: string[]): string {
  const blocks = statements.map((sql) =>
    `BEGIN EXECUTE $verify_sql$${sql}$verify_sql$; ` +
    "EXCEPTION WHEN OTHERS THEN NULL; END;"
  );
  return "DO $verify_any$ BEGIN SET CONSTRAINTS ALL IMMEDIATE;\n" +
    `${blocks.join("\n")} END $verify_any$`;
}

/** A stream of numbers from 0 to 1, the same for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

// ═══ States ════════════════════════════════════════════════════════════════

/** How to make a starting state. */
interface Recipe {
  /** From an empty database to where rows go in, and from there on. */
  early: string[];
  rows: string[];
  late: string[];
  /** What is then dropped or left half done; any of it may fail. */
  harm: string[];
  /** Whether before the harm it is the target, but for its rows. */
  fromTarget: boolean;
  /** Whether nothing is left to be done but for the rows. */
  finished?: boolean;
}

/** What comes before rows; the rest would be in their way. */
const AFTER_ROWS = new RegExp(
  "ADD CONSTRAINT|^CREATE (UNIQUE )?INDEX|^CREATE (OR REPLACE )?TRIGGER|" +
    "^INSERT|SET NOT NULL$",
);

const NOTHING: Recipe = {
  early: [],
  rows: [],
  late: [],
  harm: [],
  fromTarget: false,
};

/** What may be gone from a state or be left half done, and how often. */
const HARM_WEIGHTS = {
  tables: 1 / 3,
  empty: 1 / 3,
  rows: 1,
  labels: 1.3,
  columns: 1,
  later: 1 / 3,
  nullability: 1,
  defaults: 1 / 2,
  constraints: 1,
  unproved: 1,
  indexes: 1,
  invalid: 1 / 2,
  others: 1,
  undone: 1 / 2,
};

type Harm = keyof typeof HARM_WEIGHTS;

const HARM_WORDS: Record<Harm, string> = {
  tables: "without any table",
  empty: "without any row",
  rows: "without a third of the rows",
  labels: "without labels that no row needs",
  columns: "without every column that may be missing",
  later: "before the columns that came later were there or filled",
  nullability: "without any NOT NULL",
  defaults: "without any default",
  constraints: "without any constraint",
  unproved: "with every constraint NOT VALID",
  indexes: "without any index",
  invalid: "with every index INVALID",
  others: "without functions, triggers, views and policies",
  undone: "with all undone that steps made beside tables",
};

const HARMS = Object.keys(HARM_WEIGHTS) as Harm[];

/** Of these an undo is seen elsewhere, or would take rows along. */
const KEPT =
  /^(step|createTable|createPartition|addColumn|backfill|insertMissing)$/;

/** Those that a state is tried without altogether, whatever the seed. */
const STRIPPED = HARMS.slice(HARMS.indexOf("rows"));

function strengthsOf(harms: Harm[], strength: number) {
  return Object.fromEntries(
    harms.map((harm) => [harm, strength * HARM_WEIGHTS[harm]]),
  );
}

/** How many random states pg_dump compares, too. */
const JUDGED = 4;

/** Starting states between nothing and the target, and their proof. */
class States {
  /** Where the time of the proofs went, in milliseconds. */
  times: Record<string, number> = {};
  /** The steps that have run, by `stepKey`. */
  readonly ran = new Set<string>();
  readonly #fills: Fill[];
  /** Columns that a builder makes, and of these the ones that came later. */
  readonly #built: Set<string>;
  readonly #later: Set<string>;

  constructor(
    readonly script: typeof Script,
    readonly changes: Script.Change[],
    readonly target: Objects,
    readonly rows: Rows,
    readonly options: Options,
    /** The same target as pg_dump prints it. */
    readonly dump: Dump | undefined,
  ) {
    for (const { section, step } of changes) {
      this.ran.add(stepKey(section, step));
    }
    const steps = stepsOf(script);
    const gone = steps.filter(({ verb }) => verb === "dropColumn");
    this.#fills = steps.flatMap((step) => fillsOf(script, step)).filter((
      { table, text },
    ) =>
      // One that reads a dropped column has nothing left to fill from.
      !gone.some((step) =>
        step.table === table &&
        text.split(/[^\p{L}\p{N}_$]+/u).includes(step.column ?? "")
      )
    );
    const added = steps.filter(({ verb }) => verb === "addColumn");
    this.#later = new Set(added.map(({ name }) => name));
    this.#built = new Set([
      ...this.#later,
      ...steps.flatMap(({ name, columns = {} }) =>
        Object.keys(columns).map((column) => `${name}.${column}`)
      ),
    ]);
  }

  /**
   * Makes rows in a database that holds the target, and sets its extensions
   * apart.
   */
  static async prepare(
    script: typeof Script,
    database: Database,
    changes: Script.Change[],
    target: Objects,
    dump: Dump | undefined,
    options: Options,
  ): Promise<States> {
    const rows = await makeRows(database, options.seed, options.rows);
    await database.session.query(
      [
        `CREATE SCHEMA IF NOT EXISTS ${EXTENSIONS}`,
        ...stepsOf(script).filter(({ verb, schema }) =>
          verb === "createExtension" && !schema
        ).map(({ name }) =>
          tolerant([`ALTER EXTENSION "${name}" SET SCHEMA ${EXTENSIONS}`])
        ),
      ].join(";\n"),
    );
    return new States(script, changes, target, rows, options, dump);
  }

  /** The states of a long check, the same list wherever it is made. */
  async jobs(
    name: LongCheck,
    database: Database,
    options: Options,
  ): Promise<{ list: Job[]; text: string }> {
    return name === "convergent"
      ? this.#randomJobs(options)
      : await this.#interruptions(database, options);
  }

  /** Tables of which nothing is proved with rows in them. */
  withoutRows(): Problem[] {
    return [...this.rows.unfilled].map(([table, why]) => ({
      message: `${table}: no row could be made for it, so nothing is proved ` +
        `with rows (the last attempt: ${why}). ` +
        "Give some with --rows FILE (INSERT statements), or export rows " +
        "beside the models",
      near: table,
    }));
  }

  /** How many states to try: without a wish fewer where each takes seconds. */
  #wanted({ states }: Options): number {
    return states ??
      Math.max(10, Math.min(100, Math.floor(60_000 / this.target.size)));
  }

  #randomJobs(options: Options) {
    const { seed } = options, states = this.#wanted(options);
    const job = (
      recipe: () => Recipe,
      name: string,
      judged = false,
    ): Job =>
    async (on) => {
      const problems = await this.prove(on, recipe(), { judged });
      return problems.map((problem) => ({
        ...problem,
        message: `${problem.message} (${name})`,
      }));
    };
    const list = [
      ...this.rows.pools.map((_, i) =>
        job(
          () => ({ ...this.#harmed(seed + i, {}, 1), finished: true }),
          `the finished schema, with rows; --seed ${seed + i}`,
        )
      ),
      ...[...this.#stripped(seed)].map(([harm, recipe]) =>
        job(
          () => recipe,
          `${HARM_WORDS[harm]}; --seed ${seed}`,
        )
      ),
      ...[...this.#around()].map(([name, recipe]) => job(() => recipe, name)),
      ...this.#omissions(),
      ...Array.from({ length: states }, (_, i) =>
        job(
          () => this.degraded(seed + i),
          `--states 1 --seed ${seed + i}`,
          i < JUDGED,
        )),
    ];
    const { pools } = this.rows;
    const filled = pools.flatMap((pool) => [...pool.values()])
      .reduce((n, { rows }) => n + rows, 0);
    const text = `${count(STRIPPED.length, "state")} that lack all of a ` +
      `kind, ${count(states, "random one")} from seed ${seed}, with ${
        count(filled, "row")
      } in ${count(pools[0]?.size ?? 0, "table")}`;
    return { list, text };
  }

  /** States that are not between nothing and the target. */
  *#around(): Generator<[name: string, recipe: Recipe]> {
    const early = this.changes.map(({ sql }) => sql);
    const state = { ...NOTHING, early };
    const decoy = { ...state, harm: [DROP_OTHERS, DECOY] };
    yield ["while another schema has all of it", decoy];
    const old = stepsOf(this.script).flatMap((step) => {
      const make = OLD[step.verb];
      return make ? [make(step)] : [];
    });
    if (old.length > 0) {
      yield ["with all that steps drop or rename", { ...state, harm: old }];
    }
  }

  /** Whether a check asks for each of the statements of its step. */
  #omissions(): Job[] {
    const all = this.changes.map(({ sql }) => sql);
    const parts = this.changes.filter(({ step }) =>
      step.alter && step.alter.length > 1
    );
    return parts.map((change): Job => async (database) => {
      const early = all.filter((sql) => sql !== change.sql);
      await this.build(database, { ...NOTHING, early });
      database.atTarget = false;
      const plan = await database.inspect();
      if (plan.changes.some(({ step }) => step === change.step)) return [];
      const { session } = database, reached = await readObjects(session);
      const [differs] = await compareWithTarget(session, this.target, reached);
      return differs === undefined ? [] : [{
        message: `${stepKey(change.section, change.step)} does not notice ` +
          `that a part of it is missing (${differs}): its check must ask for ` +
          "the whole effect",
        code: `missing  ${change.sql}`,
        file: this.options.script,
        near: change.step.name,
      }];
    });
  }

  /**
   * Updates and deletes a row of each table that has triggers, and calls each
   * PL/pgSQL function that is none of a trigger: what nobody has run may fail,
   * or drop a row without a word. What a trigger raises itself is its purpose.
   */
  async exercise(database: Database, { models }: Context) {
    const recipe = this.#harmed(this.options.seed, {}, 1);
    await this.build(database, recipe);
    database.atTarget = false;
    const [row] = await database.session.query(EXERCISE);
    const { pools } = this.rows;
    const pool = pools[this.options.seed % pools.length];
    const found = (row?.found as Exercised[])
      .filter(({ table }) => !table || pool?.has(table));
    // A call with NULLs may be refused; only what it does not find is amiss.
    const wrong = (table: string) => table ? /^(42|22|0A|XX)/ : /^42(?!501)/;
    const problems = found.filter(({ error, kept, table }) =>
      error
        // Of SQL models, a trigger of theirs does what it is to do.
        ? wrong(table).test(error)
        : kept && !(models.file.endsWith(".sql") &&
          new RegExp(`\\bTRIGGER\\b[^;]*\\b${escapeRegExp(table)}\\b`, "i")
            .test(models.sql))
    ).map(({ table, what, why, kept }) => ({
      message: kept
        ? `${what} of ${table} is silently discarded by a trigger: its ` +
          "function returns NULL"
        : `${what}${table && ` of ${table}`} fails: ${why}`,
      near: table,
      file: this.options.script,
    }));
    const tried = found.filter(({ table }) => table).length;
    const text = `${count(tried, "statement")} on tables with triggers, ` +
      `and ${count(found.length - tried, "function")} called`;
    return { text, problems };
  }

  /** What no check of the proof sees, or did not come to here. */
  unseen(): string[] {
    const kinds = new Set([...this.target.values()].map(({ kind }) => kind));
    const same = [...kinds].filter((kind) =>
      !ALTERED[kind] && !["extension", "schema"].includes(kind)
    );
    const idle = this.script.sections.flatMap(({ title, steps }) =>
      steps.filter((step) => step.fill && !this.ran.has(stepKey(title, step)))
        .map(({ name }) => name)
    );
    return [
      "how long a change takes on your tables, and whom it blocks: --rehearse",
      "rows that differ from those it makes: give some of yours with --rows",
      "what triggers, functions and views compute: only that they run",
      "what another role may do: it ran as one that may do everything",
      ...(same.length > 0
        ? [`other properties of these kinds: ${same.join(", ")}`]
        : []),
      ...(idle.length > 0
        ? [`these backfills, which found no row: ${idle.join(", ")}`]
        : []),
    ];
  }

  /** Steps whose SQL was run in no state. */
  notRun(): Problem[] {
    return this.script.sections.flatMap(({ title, steps }) =>
      steps.filter((step) => step.alter && !this.ran.has(stepKey(title, step)))
        .map((step) => ({
          message: `${stepKey(title, step)}: its check was true in every ` +
            "state, so nothing proves its alter. Where it removes " +
            "something, use the builder for it (dropTable, revoke, …); where it " +
            "needs rows, give them with --rows",
          file: this.options.script,
          near: step.name,
        }))
    );
  }

  async #interruptions(database: Database, options: Options) {
    const all = this.prefixes(), states = this.#wanted(options);
    // As many as random states are wanted, spread over all of them.
    const few = Math.min(all.length, Math.max(5, states));
    const prefixes = all.filter((_, i) =>
      Math.floor(i * few / all.length) !==
        Math.floor((i - 1) * few / all.length)
    );
    // An older shape with rows, where an apply works online.
    const older = this.filled(options.seed, 0.12);
    await this.build(database, older);
    const { changes: { length } } = await database.inspect();
    // Spread over all of them.
    const stops = Math.min(length, Math.max(10, states));
    const list: Job[] = [
      ...prefixes.map((recipe): Job => (on) => this.prove(on, recipe)),
      ...Array.from(
        { length: stops },
        (_, k): Job => (on) =>
          this.prove(on, older, {
            stopAfter: Math.ceil((k + 1) * length / stops),
          }),
      ),
    ];
    const waves = all.length < this.changes.length - 1
      ? ` (${all.length} waves; in each, every table is one change further)`
      : "";
    const some = few < all.length ? `${few} of the ` : "each of ";
    const text = `stopped after ${some}${
      count(this.changes.length, "change")
    } of an empty database${waves}, and of ${
      stops < length ? `${stops} of the ` : ""
    }${length} of an older one with rows`;
    return { list, text };
  }

  /**
   * What an apply on an empty database leaves when it stops after each
   * change. Where there are too many to try one by one, each table stops
   * one change further in each wave.
   */
  prefixes(): Recipe[] {
    const all = this.changes.map(({ sql }) => sql);
    if (all.length <= 200) {
      return all.slice(1).map((_, k) => ({
        ...NOTHING,
        early: all.slice(0, k + 1),
      }));
    }
    const turns = new Map<string, number>();
    const turn = this.changes.map(({ step }) => {
      const { table = "" } = step;
      const n = turns.get(table) ?? 0;
      turns.set(table, n + 1);
      return table === "" ? 0 : n;
    });
    const waves = Math.max(...turn) + 1;
    return Array.from({ length: waves }, (_, wave) => ({
      ...NOTHING,
      early: all.filter((_, i) => (turn[i] ?? 0) <= wave),
    }));
  }

  /** An older or half-finished shape of the target, with rows in it or not. */
  degraded(seed: number, strength = 0.15): Recipe {
    return this.#harmed(seed, strengthsOf(HARMS, strength), 0.8);
  }

  /** The same, but with every table and rows in it. */
  filled(seed: number, strength: number): Recipe {
    return this.#harmed(seed, strengthsOf(STRIPPED, strength), 1);
  }

  /** Shapes that lack all that there is of one kind, with rows in them. */
  #stripped(seed: number): Map<Harm, Recipe> {
    return new Map(
      STRIPPED.map((harm) => [harm, this.#harmed(seed, { [harm]: 1 }, 1)]),
    );
  }

  #harmed(
    seed: number,
    strengths: Partial<Record<Harm, number>>,
    withRows: number,
  ): Recipe {
    const { pools } = this.rows;
    const pool: Pool = pools[seed % pools.length] ?? new Map();
    const random = randomFrom(seed);
    const strikes = (harm: Harm) => random() < (strengths[harm] ?? 0);
    const whole = this.changes.map(({ sql }) => sql);
    const all = whole.map((sql) =>
      strikes("labels") ? this.#withoutLabels(sql, pool, random) : sql
    );
    const { tables } = this.rows.facts;
    const missing = this.#closed(tables.filter(() => strikes("tables")));
    const rows = random() < withRows;
    const empty = this.#closed(tables.filter(() => strikes("empty")));
    const filled = rows
      ? [...pool].filter(([t]) => !missing.has(t) && !empty.has(t))
      : [];
    // Reference rows are there without ours.
    const given = stepsOf(this.script)
      .filter(({ verb }) => verb === "insertMissing").map(({ name }) => name);
    const hasRows = new Set([
      ...filled.map(([table]) => table),
      ...tables.filter(({ name, sql }) =>
        given.includes(name) && !missing.has(sql)
      ).map(({ sql }) => sql),
    ]);
    for (const table of hasRows) {
      const { heirOf = [] } = tables.find(({ sql }) => sql === table) ?? {};
      for (const parent of heirOf) hasRows.add(parent);
    }
    const harm: string[] = [];
    // Before any reference is dropped: the rest fails where rows refer to it.
    for (const table of hasRows) {
      if (!strikes("rows")) continue;
      harm.push(
        `DELETE FROM ${table} WHERE abs(hashtext(ctid::text)) % 3 = 0`,
      );
    }
    for (const table of missing) {
      harm.push(`DROP TABLE ${table} CASCADE`);
    }
    for (const table of this.rows.facts.tables) {
      if (missing.has(table.sql)) continue;
      harm.push(...this.#harmColumns(table, hasRows, strikes));
    }
    for (const [key, thing] of this.target) {
      if (missing.has(thing.on)) continue;
      const spoiled = this.#harmObject(key, thing, strikes);
      if (spoiled) harm.push(...spoiled);
    }
    // Of every kind that there is a builder for, by what an undo says.
    for (const { step, undo } of this.changes.toReversed()) {
      if (KEPT.test(step.verb) || undo.startsWith("--")) continue;
      if (undo && strikes("undone")) harm.push(undo);
    }
    return {
      early: all.filter((sql) => !AFTER_ROWS.test(sql)),
      rows: filled.flatMap(([, { sql }]) => sql),
      late: all.filter((sql) => AFTER_ROWS.test(sql)),
      harm,
      fromTarget: all.every((sql, i) => sql === whole[i]),
    };
  }

  /** With all tables that refer to them, since their rows would be orphans. */
  #closed(tables: TableFacts[]): Set<string> {
    const closed = new Set(tables.map(({ sql }) => sql));
    for (const table of closed) {
      for (const { sql, foreign } of this.rows.facts.tables) {
        if (foreign.some(({ parent }) => parent === table)) closed.add(sql);
      }
    }
    return closed;
  }

  /** An enum as it was before it had all labels. */
  #withoutLabels(sql: string, pool: Pool, random: () => number): string {
    if (!/^CREATE TYPE .* AS ENUM/s.test(sql)) return sql;
    const others = [
      ...this.changes.filter((change) => change.sql !== sql)
        .map(({ sql }) => sql),
      ...[...pool.values()].flatMap(({ sql }) => sql),
    ].join("\n");
    const labels = labelsOf(sql).map(({ written }) => written);
    const kept = labels.filter((label, i) =>
      i === 0 || others.includes(label) || random() < 0.5
    );
    return sql.replace(/\(.*\)/s, `(${kept.join(", ")})`);
  }

  #harmColumns(
    { name: table, sql, columns, keys, foreign, checks }: TableFacts,
    hasRows: Set<string>,
    strikes: (harm: Harm) => boolean,
  ): string[] {
    const harm: string[] = [];
    const alter = `ALTER TABLE ${sql}`;
    for (const column of columns) {
      const { name, notNull, default: value, generated } = column;
      // Of a table that is made by hand, its step promises no columns.
      if (!this.#built.has(`${table}.${name}`)) continue;
      // One that is for other rows than those without a value tells nothing of
      // whether the column was ever without.
      const empty = new RegExp(`\\b${escapeRegExp(name)}"?\\s+IS\\s+NULL`, "i");
      const fills = this.#fills.filter((fill) =>
        fill.table === table && fill.columns[0] === name &&
        empty.test(fill.where)
      );
      const referenced = this.rows.facts.tables.some((child) =>
        child.foreign.some(({ parent, parentColumns }) =>
          parent === sql && parentColumns.includes(name)
        )
      );
      const later = this.#later.has(`${table}.${name}`);
      const refillable = !keys.includes(name) && (fills.length > 0 ||
        !checks.some((check) => check.includes(name)) &&
          (!notNull || value !== null || generated) &&
          !(notNull && foreign.some(({ columns }) => columns.includes(name))));
      const mayGo = !referenced && (!hasRows.has(sql) || later || refillable);
      const dropped = mayGo && !column.identity &&
        (strikes("columns") || later && strikes("later"));
      const c = quote(name);
      if (dropped) {
        harm.push(`${alter} DROP COLUMN ${c} CASCADE`);
        continue;
      }
      if (fills.length > 0 && strikes("later")) {
        harm.push(
          `${alter} ALTER COLUMN ${c} DROP NOT NULL`,
          ...this.#quietly(`UPDATE ${sql} SET ${c} = NULL`),
        );
        continue;
      }
      const primary = keys.includes(name) && column.notNull;
      if (notNull && !primary && !generated && strikes("nullability")) {
        harm.push(`${alter} ALTER COLUMN ${c} DROP NOT NULL`);
        if (fills.length > 0) {
          harm.push(...this.#quietly(
            `UPDATE ${sql} SET ${c} = NULL WHERE ` +
              "abs(hashtext(ctid::text)) % 2 = 0",
          ));
        }
      }
      const counts = /^nextval\(/.test(value ?? "");
      if (value !== null && !counts && strikes("defaults")) {
        harm.push(`${alter} ALTER COLUMN ${c} DROP DEFAULT`);
      }
    }
    return harm;
  }

  /** What was before today's triggers must not be altered by them. */
  #quietly(sql: string): string[] {
    if (!this.rows.facts.superuser) return [sql];
    const role = "SET session_replication_role =";
    return [`${role} replica`, sql, `${role} origin`];
  }

  /** Drops a thing, or leaves it half done. */
  #harmObject(
    key: string,
    { kind, table = "", on, sql, definition, ...thing }: Thing,
    strikes: (harm: Harm) => boolean,
  ): string[] | undefined {
    const name = quote(thing.name), alter = `ALTER TABLE ${on}`;
    // Only a builder leaves its work half done, and mends it.
    const built = !findStep(this.script, key)?.alter;
    switch (kind) {
      case "constraint": {
        const drop = `${alter} DROP CONSTRAINT ${name}`;
        // What a longhand CREATE TABLE holds is not put back by itself.
        const within = !findStep(this.script, key) &&
          findStep(this.script, `table ${table}`)?.alter;
        if (within) return undefined;
        if (strikes("constraints")) return [drop];
        const half = built && /^(CHECK|FOREIGN KEY)/.test(definition) &&
          strikes("unproved");
        return half
          ? [drop, `${alter} ADD CONSTRAINT ${name} ${definition} NOT VALID`]
          : undefined;
      }
      case "index":
        if (strikes("indexes")) return [`DROP INDEX ${sql}`];
        if (findStep(this.script, `table ${table}`)?.shape?.partitionBy) {
          return strikes("invalid")
            ? [
              `DROP INDEX ${sql}`,
              createIndex(name, `ONLY ${on}`, definition),
            ]
            : undefined;
        }
        return built && this.rows.facts.superuser && strikes("invalid") &&
            !this.rows.facts.needed.includes(thing.name)
          ? [
            `UPDATE pg_index SET indisvalid = false WHERE indexrelid = ${
              quoteText(sql)
            }::regclass`,
          ]
          : undefined;
      case "trigger":
        return strikes("others")
          ? [`DROP TRIGGER ${name} ON ${on}`]
          : undefined;
      case "function":
        // With the triggers that call it, which would keep it.
        return strikes("others") ? [`DROP FUNCTION ${sql} CASCADE`] : undefined;
      case "view":
        return strikes("others") ? [`DROP VIEW ${sql}`] : undefined;
      case "policy":
        return strikes("others") ? [`DROP POLICY ${name} ON ${on}`] : undefined;
      case "enum":
        return strikes("others") ? [`DROP TYPE ${sql}`] : undefined;
      case "extension":
        return strikes("others") ? [`DROP EXTENSION ${sql}`] : undefined;
    }
  }

  /** Makes the state, from the target where the database still holds it. */
  async build(database: Database, recipe: Recipe) {
    const { session } = database;
    const { early, rows, late, harm } = recipe;
    if (
      recipe.fromTarget && database.atTarget && this.rows.facts.superuser
    ) {
      database.atTarget = false;
      const tables = this.rows.facts.tables.map(({ sql }) => sql);
      await session.query([
        `SET search_path = ${SEARCH_PATH}`,
        "SET session_replication_role = replica",
        ...tables.map((table) => `DELETE FROM ${table}`),
        ...rows,
        "SET session_replication_role = origin",
        ...late.filter((sql) => sql.startsWith("INSERT")),
      ].join(";\n"));
    } else {
      await database.reset();
      const sql = [...early, ...rows, ...late];
      // In portions: a transaction holds the locks of all that it made.
      for (let from = 0; from < sql.length; from += 100) {
        const portion = sql.slice(from, from + 100);
        await session.query(portion.join(";\n"))
          .catch(() => session.query(tolerant(portion)));
      }
    }
    for (let from = 0; from < harm.length; from += 100) {
      await session.query(tolerant(harm.slice(from, from + 100)));
    }
    if (rows.length > 0) await session.query(KEEP_ROWS);
  }

  async #timed<T>(name: string, work: Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work;
    this.times[name] = (this.times[name] ?? 0) + performance.now() - start;
    return result;
  }

  /**
   * Applies from a state, and again, and compares with the target.
   *
   * @param stopAfter so many changes of a first apply that is interrupted
   * @param judged whether pg_dump compares, too
   */
  async prove(
    database: Database,
    recipe: Recipe,
    { stopAfter = 0, judged = false } = {},
  ): Promise<Problem[]> {
    const { session } = database;
    await this.#timed("build", this.build(database, recipe));
    const found: Problem[] = [];
    const inspect = () => this.#timed("inspect", database.inspect());
    const run = async (plan: Script.Plan) => {
      await this.#timed("apply", this.script.runChanges(session, plan));
      for (const { section, step } of plan.changes) {
        this.ran.add(stepKey(section, step));
      }
    };
    try {
      if (stopAfter > 0) {
        const plan = await inspect();
        const changes = plan.changes.slice(0, stopAfter);
        await run({ ...plan, changes });
      }
      const plan = await inspect();
      found.push(...this.script.blockingIssues(plan).map(describeIssue));
      if (found.length === 0) {
        await run(plan);
        if (recipe.harm.includes(DECOY)) await session.query(DROP_DECOY);
        const differences = await compareWithTarget(
          session,
          this.target,
          await this.#timed("compare", readObjects(session)),
        );
        found.push(...differences.map((message) => ({ message })));
        // Default privileges give what was made later more than a step does.
        const byDefault = [...this.dump?.keys() ?? []]
          .some((key) => key.startsWith("default acl "));
        const dump = judged && found.length === 0 && this.dump &&
          await this.#timed("dump", database.dump());
        if (this.dump && dump) {
          const seen = (await dumpsDiffer(session, this.dump, dump))
            .filter(({ key, want = "", have = "" }) =>
              !sameWords(want, have) && !(byDefault && key.startsWith("acl "))
            );
          found.push(
            ...seen.map((
              { key, want = "missing", have = "missing" },
            ) => ({
              message: `pg_dump prints ${key} as ${have}, not ${want}`,
            })),
          );
        }
        // Without rows, the target itself was seen to need nothing.
        if (recipe.rows.length > 0) {
          found.push(...leftover(this.script, await inspect()));
          const lost = this.#lostRows(session, recipe.finished ?? false);
          found.push(...await this.#timed("compare", lost));
        }
      }
    } catch (error) {
      found.push({ message: `an apply fails: ${failure(error)}` });
    }
    const [first] = found;
    database.atTarget = !first;
    if (!first) return [];
    const more = found.slice(1, 4).map(({ message }) => message)
      .concat(found.length > 4 ? `and ${found.length - 4} more` : []);
    const stopped = stopAfter > 0
      ? ` after an apply that stopped after ${count(stopAfter, "change")}`
      : "";
    return [{
      ...first,
      message: [`${first.message}${stopped}`, ...more].join("; "),
      replay: [recipe.early, recipe.rows, recipe.late, recipe.harm].flat()
        .map((sql) => `${sql};\n`).join(""),
    }];
  }

  /**
   * Rows of before that are not there, or have other values, and sequences that
   * count anew. A backfill may change what it sets, in the rows that it finds:
   * what was NULL, and what its `where` asks about. Where the schema was finished
   * before, it may do so to NULLs alone, since it would find the others at each
   * apply.
   */
  async #lostRows(session: Session, finished: boolean): Promise<Problem[]> {
    const tables = this.rows.facts.tables.map((facts) =>
      lostRowsQuery(
        facts,
        this.#fills.filter(({ table }) => table === facts.name),
        finished,
      )
    );
    const lost = await session.query(
      [`SET search_path = ${SEARCH_PATH}`, ...tables, LOST_COUNTS].join(";\n"),
    );
    return lost.map(({ what, table, column, n, fills }) => {
      const rows = `${count(Number(n), "row")} of ${table}`;
      const of = column === null ? rows : `${column} in ${rows}`;
      return {
        message: what === "count"
          ? `an apply resets ${table}: it would give out numbers that rows ` +
            "already have"
          : what === "gone"
          ? `an apply loses ${rows}`
          : what === "changed" && finished && fills
          ? `a backfill overwrites ${of}, at every apply: its where matches ` +
            "what the application may write. Narrow it, or forbid the value " +
            "with a check"
          : `an apply changes ${of}, which no backfill fills`,
        near: String(table),
      };
    });
  }
}

/** What a step may change in rows: columns, in the rows that it finds. */
interface Fill {
  table: string;
  columns: string[];
  where: string;
  /** All that it says. */
  text: string;
}

/** What a step fills: a backfill, or an UPDATE whose check asks for it. */
function fillsOf(script: typeof Script, step: Step): Fill[] {
  const { fill, check = "", alter = [] } = step;
  if (fill) {
    const columns = [...script.readAssignments(fill.set).keys()];
    return [{ ...fill, columns, text: `${fill.set} ${fill.where}` }];
  }
  return alter.flatMap((sql) => {
    const [, table, set, where = "true"] =
      /^\s*UPDATE\s+(?:ONLY\s+)?("[^"]+"|[\w.]+)\s+SET\s+(.*?)(?:\sWHERE\s(.*))?$/is
        .exec(sql) ?? [];
    if (!table || !set) return [];
    const columns = [...script.readAssignments(set).keys()]
      .filter((column) => check.includes(column));
    if (columns.length === 0) return [];
    return [{ table: unquote(table), columns, where, text: sql }];
  });
}

/** What a table's rows have lost: `gone`, or `changed` in a column. */
function lostRowsQuery(
  { name, sql: table, columns, primary, triggers }: TableFacts,
  fills: Fill[],
  finished: boolean,
): string {
  const literal = quoteText(table), alias = quote(name.replace(/.*\./, ""));
  const generated = columns.filter(({ generated }) => generated)
    .map(({ name }) => name);
  const found = (row: string, where: string) =>
    `coalesce((SELECT ${where} FROM (SELECT (jsonb_populate_record(` +
    `NULL::${table}, ${row})).*) ${alias}), false)`;
  // Steps before it, and other fills, may have made what its where asks for.
  const finds = ({ where }: Fill) =>
    `(${found("b.row", where)} OR ${
      found("to_jsonb(u) || jsonb_build_object(k.key, k.value)", where)
    })`;
  const asks = (fill: Fill, column: string) =>
    new RegExp(`(?<![\\w$])${escapeRegExp(column)}(?![\\w$])`, "i")
      .test(fill.where);
  const may = fills.flatMap((fill) => [
    ...fill.columns.map((column) =>
      `k.key = ${quoteText(column)} AND ${
        !finished && asks(fill, column) ? "true" : "k.value = 'null'"
      } AND ${finds(fill)}`
    ),
    // What its triggers do is theirs.
    ...triggers
      ? [`k.key NOT IN (${fill.columns.map(quoteText)}) AND ${finds(fill)}`]
      : [],
  ]);
  const filled = fills.flatMap(({ columns }) => columns).map(quoteText);
  const known = `k.key IN (${["NULL", ...filled]})`;
  const head = (what: string, column: string, n: string, more: string) =>
    `SELECT ${quoteText(what)} AS what, ${literal} AS "table",
      ${column} AS column, ${n}::int AS n, ${more} AS fills`;
  const rows = `(SELECT row FROM verify_before.rows WHERE name = ${literal}) b`;
  const keys = primary.map((c) =>
    `b.row ->> ${quoteText(c)} = to_jsonb(u) ->> ${quoteText(c)}`
  );
  if (keys.length === 0) {
    const but = [...generated.map(quoteText), ...filled]
      .map((column) => ` - ${column}`).join("");
    return `${head("gone", "NULL", "count(*)", "false")} FROM ${rows}
      WHERE NOT EXISTS (SELECT FROM ${table} u
        WHERE to_jsonb(u) @> (b.row${but}))
      OR (SELECT count(*) FROM ${table}) <
        (SELECT count(*) FROM verify_before.rows x WHERE x.name = ${literal})
    HAVING count(*) > 0`;
  }
  return `${head("gone", "NULL", "count(*)", "false")} FROM ${rows}
    WHERE NOT EXISTS (SELECT FROM ${table} u WHERE ${keys.join(" AND ")})
    HAVING count(*) > 0
    UNION ALL (${head("changed", "k.key", "count(*)", `bool_and(${known})`)}
    FROM ${rows} JOIN ${table} u ON ${keys.join(" AND ")}
    CROSS JOIN LATERAL jsonb_each(b.row) k
    WHERE to_jsonb(u) ? k.key AND k.key NOT IN (${[
    "''",
    ...generated.map(quoteText),
  ]})
      AND to_jsonb(u) -> k.key <> k.value
      AND NOT (${["false", ...may].join(" OR ")})
    GROUP BY k.key)`;
}

/** Sequences that stand before where they stood. */
const LOST_COUNTS = `SELECT 'count', name, NULL, 1, false
  FROM verify_before.counts, to_regclass(name) sequence
  WHERE sequence IS NOT NULL
    AND coalesce(pg_sequence_last_value(sequence), 0) < value`;

/** SQL that makes a property another; the last statement that works counts. */
type Alteration = [property: string, sql: string | string[]];

/**
 * Ways to make a thing other than it is, under its own name, one property each.
 * Any of it may fail, and what it does not change is not counted.
 */
function alterations(thing: Thing, target: Objects): Alteration[] {
  return (ALTERED[thing.kind]?.(thing, target) ?? [])
    .filter(([, sql]) => sql.length > 0);
}

/** A text with one part replaced, or with another part behind it. */
function switched(text: string, part: RegExp, more: string): string {
  return part.test(text) ? text.replace(part, "") : `${text} ${more}`;
}

/** Whichever of two the text does not say. */
function other(text: string, one: string, two: string): string {
  return text.includes(one) ? two : one;
}

function createIndex(name: string, on: string, definition: string): string {
  const [, unique = "", rest] = /^(UNIQUE )?(.*)$/s.exec(definition) ?? [];
  return `CREATE ${unique}INDEX ${name} ON ${on} ${rest}`;
}

/** A function that does nothing, for a trigger that should call another. */
const OTHER_FUNCTION = `CREATE SCHEMA IF NOT EXISTS verify_before;
  CREATE OR REPLACE FUNCTION verify_before.other() RETURNS trigger
  LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`;

/** Each kind's properties. */
const ALTERED: Record<
  string,
  ((thing: Thing, target: Objects) => Alteration[]) | undefined
> = {
  table({ sql, about: { unlogged, bound, parents = [] } }) {
    const alter = `ALTER TABLE ${sql}`;
    const [above] = parents;
    return [
      ["persistence", `${alter} SET ${unlogged ? "LOGGED" : "UNLOGGED"}`],
      [
        "parent",
        !above
          ? ""
          : bound
          ? `ALTER TABLE ${above.name} DETACH PARTITION ${sql}`
          : `${alter} NO INHERIT ${above.name}`,
      ],
    ];
  },
  column(thing, target) {
    const { name, on, about } = thing;
    const { type = "", notNull, identity, generated, counter } = about;
    const kept = `${about.kept ?? ""}`;
    const alter = `ALTER TABLE ${on} ALTER ${quote(name)}`;
    const set = (what: string) => `${alter} SET ${what}`;
    return [
      ["type", alterType(alter, type)],
      ["default", alterDefault(alter, thing, target)],
      ["absence of a default", about.default ? `${alter} DROP DEFAULT` : ""],
      ["NOT NULL", notNull ? `${alter} DROP NOT NULL` : set("NOT NULL")],
      ["collation", `${alter} TYPE ${type} COLLATE "C"`],
      [
        "identity",
        identity
          ? set(`GENERATED ${other(`${identity}`, "ALWAYS", "BY DEFAULT")}`)
          : "",
      ],
      ["increment", identity ? set(`INCREMENT BY ${counter ? 1 : 7}`) : ""],
      [
        "expression",
        generated
          ? [`${alter} DROP EXPRESSION`, set("EXPRESSION AS (NULL)")]
          : "",
      ],
      [
        "storage",
        kept.includes("STORAGE")
          ? set(`STORAGE ${other(kept, "MAIN", "PLAIN")}`)
          : "",
      ],
      [
        "statistics target",
        kept.includes("STATISTICS") ? set("STATISTICS 77") : "",
      ],
    ];
  },
  constraint({ name, on, definition: text }) {
    const own = quote(name);
    const as = (text: string) =>
      `ALTER TABLE ${on} DROP CONSTRAINT ${own}, ADD CONSTRAINT ${own} ${text}`;
    const references = text.startsWith("FOREIGN KEY");
    const action = (on: string) => new RegExp(` ON ${on} (SET \\w+|\\w+)`);
    const acts = (event: string) =>
      as(
        action(event).test(text)
          ? text.replace(action(event), "")
          : text.replace(
            /( DEFERRABLE.*| NOT VALID|$)/,
            ` ON ${event} CASCADE$1`,
          ),
      );
    const check = /^CHECK \((.*)\)( NO INHERIT)?( NOT VALID)?$/s.exec(text);
    return [
      ["ON DELETE", references ? acts("DELETE") : ""],
      ["ON UPDATE", references ? acts("UPDATE") : ""],
      ["expression", check ? as(`CHECK ((${check[1]}) IS NOT NULL)`) : ""],
      [
        "inheritance",
        check ? as(switched(text, / NO INHERIT/, "NO INHERIT")) : "",
      ],
      [
        "deferral",
        check ? "" : as(switched(text, / DEFERRABLE.*/, "DEFERRABLE")),
      ],
      [
        "treatment of NULLs",
        text.startsWith("UNIQUE")
          ? as(
            text.includes(" NULLS NOT")
              ? text.replace(" NULLS NOT DISTINCT", "")
              : text.replace("UNIQUE", "UNIQUE NULLS NOT DISTINCT"),
          )
          : "",
      ],
    ];
  },
  index({ name, sql, on, definition: text }) {
    const as = (text: string) =>
      `DROP INDEX ${sql}; ${createIndex(quote(name), on, text)}`;
    return [
      [
        "uniqueness",
        as(text.startsWith("UNIQUE ") ? text.slice(7) : `UNIQUE ${text}`),
      ],
      ["WHERE", as(switched(text, / WHERE .*/s, "WHERE 1 > 2"))],
      ["fill factor", `ALTER INDEX ${sql} SET (fillfactor = 37)`],
      [
        "method",
        /USING/.test(text) ? "" : as(text.replace("(", "USING hash (")),
      ],
      [
        "order",
        /USING|DESC/.test(text) ? "" : as(text.replace(/\)/, " DESC)")),
      ],
    ];
  },
  enum: ({ sql, about: { labels: [label = ""] = [] } }) => [
    ["list of labels", `ALTER TYPE ${sql} ADD VALUE 'other of verify'`],
    [
      "label",
      `ALTER TYPE ${sql} RENAME VALUE ${quoteText(label)} TO 'verify'`,
    ],
  ],
  domain: ({ sql, definition: text }) => [
    ["check", `ALTER DOMAIN ${sql} ADD CHECK (VALUE IS NOT NULL)`],
    [
      "NOT NULL",
      `ALTER DOMAIN ${sql} ${other(text, "SET", "DROP")} NOT NULL`,
    ],
    [
      "default",
      ["NULL", "42", "'2001-02-03'", "'x'"].map((value) =>
        `ALTER DOMAIN ${sql} SET DEFAULT ${value}`
      ),
    ],
  ],
  type: ({ sql }) => [
    ["fields", `ALTER TYPE ${sql} ADD ATTRIBUTE other_of_verify int`],
  ],
  sequence: ({ sql, about: { text = "", type = "" } }) =>
    [
      ["increment", "INCREMENT 7"],
      ["maximum", "MAXVALUE 7777"],
      ["start", "START 77"],
      ["cache", "CACHE 77"],
      ["cycle", / ?CYCLE/.test(text) ? "NO CYCLE" : "CYCLE"],
      ["type", `AS ${other(type, "integer", "bigint")}`],
    ].map(([property = "", clause]) => [
      property,
      `ALTER SEQUENCE ${sql} ${clause}`,
    ]),
  view({ sql, about: { definition = "", options } }) {
    const query = definition.replace(/;\s*$/, "");
    return [
      [
        "query",
        `CREATE OR REPLACE VIEW ${sql} AS SELECT * FROM (${query}) x WHERE 1 > 2`,
      ],
      [
        "option",
        `ALTER VIEW ${sql} SET (security_barrier = ${!`${options}`.includes(
          "barrier=true",
        )})`,
      ],
    ];
  },
  "materialized view": ({ sql, about: { definition = "" } }) => [[
    "query",
    `DROP MATERIALIZED VIEW ${sql}; CREATE MATERIALIZED VIEW ${sql} AS
      SELECT * FROM (${definition.replace(/;\s*$/, "")}) x WHERE 1 > 2`,
  ]],
  function({ sql, definition: text }) {
    const set = (what: string) => `ALTER ROUTINE ${sql} ${what}`;
    return [
      ["body", text.replace(/(\$\w*\$)(\s*)$/, "\n/* other */ $1$2")],
      ["volatility", set(other(text, "IMMUTABLE", "STABLE"))],
      [
        "treatment of NULLs",
        set(other(text, " STRICT", "").trim() || "CALLED ON NULL INPUT"),
      ],
      [
        "security",
        set(
          `SECURITY ${/SECURITY DEFINER/.test(text) ? "INVOKER" : "DEFINER"}`,
        ),
      ],
      ["parallel safety", set(`PARALLEL ${other(text, "SAFE", "RESTRICTED")}`)],
      ["cost", set("COST 77")],
      ["setting", set("SET work_mem = '77kB'")],
    ];
  },
  aggregate: ({ sql, about: { definition } }) => [
    ["size", `CREATE OR REPLACE AGGREGATE ${sql} (${definition}, SSPACE = 77)`],
  ],
  trigger({ name, on, about: { definition = "" } }) {
    const [, constraint = "", rest = ""] =
      /^(CONSTRAINT )?(.*)$/s.exec(definition) ?? [];
    const own = quote(name);
    const as = (text: string) =>
      `DROP TRIGGER ${own} ON ${on}; ` +
      `CREATE ${constraint}TRIGGER ${own} ${text}`;
    const timing = other(rest, "BEFORE", "AFTER");
    const event = other(rest.replace(/ ON .*/s, ""), "INSERT", "DELETE");
    return [
      ["timing", constraint ? "" : as(rest.replace(/^(BEFORE|AFTER)/, timing))],
      [
        "events",
        as(rest.replace(/^(BEFORE|AFTER|INSTEAD OF)/, `$& ${event} OR`)),
      ],
      [
        "condition",
        as(
          / WHEN \(/.test(rest)
            ? rest.replace(/ WHEN \(.*(?= EXECUTE )/s, "")
            : rest.replace(/ EXECUTE /, " WHEN (1 > 2)$&"),
        ),
      ],
      ["function", [
        OTHER_FUNCTION,
        as(
          rest.replace(
            /EXECUTE .*$/s,
            "EXECUTE FUNCTION verify_before.other()",
          ),
        ),
      ]],
      ["state", `ALTER TABLE ${on} DISABLE TRIGGER ${own}`],
    ];
  },
  policy({ name, on, definition: text }) {
    const own = `POLICY ${quote(name)} ON ${on}`;
    const as = (text: string) => `DROP ${own}; CREATE ${own} ${text}`;
    return [
      ["USING", `ALTER ${own} USING (1 > 2)`],
      ["CHECK", `ALTER ${own} WITH CHECK (1 > 2)`],
      ["roles", `ALTER ${own} TO pg_monitor`],
      ["command", as(text.replace(/FOR ALL/, "FOR UPDATE"))],
      [
        "combination",
        as(
          text.startsWith("AS ")
            ? text.replace(/^AS \w+ /, "")
            : `AS RESTRICTIVE ${text}`,
        ),
      ],
    ];
  },
  rule({ name, on, about: { definition = "" } }) {
    const own = `RULE ${quote(name)}`;
    return [
      [
        "action",
        `DROP ${own} ON ${on}; CREATE ${own} AS ${
          definition.replace(/ DO .*/s, " DO INSTEAD NOTHING")
        }`,
      ],
      ["state", `ALTER TABLE ${on} DISABLE ${own}`],
    ];
  },
  "event trigger": (
    { sql },
  ) => [["state", `ALTER EVENT TRIGGER ${sql} DISABLE`]],
  "row level security": ({ sql, about: { forced } }) => [
    ["state", `ALTER TABLE ${sql} DISABLE ROW LEVEL SECURITY`],
    [
      "force",
      `ALTER TABLE ${sql} ${forced ? "NO " : ""}FORCE ROW LEVEL SECURITY`,
    ],
  ],
  "replica identity": ({ sql, about: { text = "" } }) => [
    [
      "text",
      `ALTER TABLE ${sql} REPLICA IDENTITY ${other(text, "FULL", "NOTHING")}`,
    ],
  ],
  "storage parameters": ({ sql, about: { options = [] } }) => {
    const names = options.map((option) => option.replace(/=.*/, ""));
    return [
      ["value", `ALTER TABLE ${sql} SET (${names.map((n) => `${n} = 77`)})`],
      ["list", `ALTER TABLE ${sql} RESET (${names})`],
    ];
  },
  publication: ({ sql }) => [
    [
      "list of operations",
      `ALTER PUBLICATION ${sql} SET (publish = 'truncate')`,
    ],
  ],
  statistics: ({ sql, on, definition: text }) => [
    [
      "kinds",
      `DROP STATISTICS ${sql}; CREATE STATISTICS ${sql} ${
        switched(text.replace(/^ON/, " ON"), /^\(.*?\) /, "")
          .replace(/^ ON/, "(ndistinct) ON")
      } FROM ${on}`,
    ],
  ],
  comment: ({ definition, ...thing }) => [
    ["text", `COMMENT ON ${thing.name} IS ${quoteText(`${definition}!`)}`],
  ],
};

function alterType(alter: string, type: string): string {
  const [, base = type, size, rest = "", array = ""] =
    /^([^([]*)(?:\((\d+)(.*?)\))?.*?((?:\[\])*)$/.exec(type) ?? [];
  if (size) return `${alter} TYPE ${base}(${Number(size) + 1}${rest})${array}`;
  const others: Record<string, string> = {
    integer: "bigint",
    smallint: "integer",
    bigint: "integer",
    text: "varchar(77)",
    "timestamp with time zone": "timestamp",
    date: "timestamp",
    jsonb: "json",
    numeric: "numeric(20,5)",
  };
  return `${alter} TYPE ${others[base] ?? "text"}${array}`;
}

/** Another default, of values of which the type takes some. */
function alterDefault(alter: string, { about }: Thing, target: Objects) {
  const { type, default: value = "", generated, identity } = about;
  if (generated || identity) return [];
  const { labels = [] } = target.get(`enum ${type}`)?.about ?? {};
  return [
    "42",
    "'2001-02-03'",
    "'{}'",
    `'{"other": true}'`,
    "'00000000-0000-0000-0000-000000000000'",
    ...(value ? [`NOT (${value})`] : ["true"]),
    ...labels.map(quoteText).filter((label) => !value.startsWith(label)),
  ].map((value) => `${alter} SET DEFAULT ${value}`);
}

/**
 * What stands there before a step drops or renames it. Rows and what hangs on it
 * may say more, and any of it may fail.
 */
const OLD: Record<string, ((step: Step) => string) | undefined> = {
  dropTable: ({ name }) => `CREATE TABLE ${sqlName(name)} (id int)`,
  dropColumn: ({ table = "", column = "" }) =>
    `ALTER TABLE ${sqlName(table)} ADD COLUMN ${quote(column)} text`,
  dropConstraint: ({ table = "", constraint = "" }) =>
    `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${quote(constraint)} ` +
    "CHECK (true)",
  dropEnum: ({ name }) => `CREATE TYPE ${sqlName(name)} AS ENUM ('a')`,
  dropDomain: ({ name }) => `CREATE DOMAIN ${sqlName(name)} AS text`,
  dropSequence: ({ name }) => `CREATE SEQUENCE ${sqlName(name)}`,
  dropView: ({ name }) => `CREATE VIEW ${sqlName(name)} AS SELECT 1 AS one`,
  dropMaterializedView: ({ name }) =>
    `CREATE MATERIALIZED VIEW ${sqlName(name)} AS SELECT 1 AS one`,
  dropSchema: ({ name }) => `CREATE SCHEMA ${sqlName(name)}`,
  renameColumn: ({ table = "", column = "", to = "" }) =>
    `ALTER TABLE ${sqlName(table)} RENAME ${quote(to)} TO ${quote(column)}`,
  renameTable: ({ table = "", to = "" }) =>
    `ALTER TABLE ${sqlName(to)} RENAME TO ${quote(table)}`,
};

/** A name of a step, which may have a schema, as SQL wants it. */
function sqlName(name: string): string {
  const [schema] = ELSEWHERE.exec(name) ?? [];
  return schema === undefined ? quote(name) : name;
}

/**
 * All of the target in a schema that steps do not mean, and nothing where they
 * mean it. Extensions stay; with one that cannot move, all stays.
 */
const DECOY = `DO $verify$ DECLARE name text; BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE NOT extrelocatable
    AND extnamespace = 'public'::regnamespace) THEN RETURN; END IF;
  CREATE SCHEMA IF NOT EXISTS ${EXTENSIONS};
  FOR name IN SELECT extname FROM pg_extension
    WHERE extnamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER EXTENSION %I SET SCHEMA ${EXTENSIONS}', name);
  END LOOP;
  ALTER SCHEMA public RENAME TO verify_decoy;
  CREATE SCHEMA public;
END $verify$`;

const DROP_DECOY = "DROP SCHEMA IF EXISTS verify_decoy CASCADE";

/** What came of a statement on a table, or of a call. */
interface Exercised {
  /** Empty where a function was called. */
  table: string;
  what: string;
  /** The SQLSTATE, and PostgreSQL's words, of what failed. */
  error?: string;
  why?: string;
  /** Whether a row stayed as it was, and nothing was said. */
  kept?: boolean;
}

/**
 * Everything is rolled back, one by one. Arguments are NULL, so that strict
 * functions are left out: they would not run.
 */
const EXERCISE = `
  CREATE TEMP TABLE IF NOT EXISTS verify_exercised (found jsonb);
  DELETE FROM verify_exercised;
  DO $verify$ DECLARE one record; rows bigint; what jsonb := '[]'; BEGIN
    FOR one IN
      SELECT c.oid::regclass::text AS "table", op, CASE op WHEN 'an UPDATE'
        THEN format('UPDATE %s SET %2$I = %2$I WHERE ctid = (SELECT ctid FROM %1$s
          ORDER BY ctid LIMIT 1)', c.oid::regclass, (SELECT attname
            FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
            AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
            ORDER BY attnum LIMIT 1))
        ELSE format('DELETE FROM %s WHERE ctid = (SELECT ctid FROM %1$s
          ORDER BY ctid LIMIT 1)', c.oid::regclass) END AS sql
      FROM pg_class c, unnest(ARRAY['an UPDATE', 'a DELETE']) op
      WHERE relkind IN ('r', 'p') AND relnamespace IN ${OURS}
        AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid
          AND NOT tgisinternal)
      UNION ALL
      SELECT '', 'a call of ' || p.oid::regprocedure, format('SELECT %s(%s)',
        p.oid::regproc, (SELECT string_agg(format('NULL::%s',
            format_type(t, NULL)), ', ' ORDER BY n)
          FROM unnest(proargtypes) WITH ORDINALITY a (t, n)))
      FROM pg_proc p WHERE prokind = 'f' AND NOT proisstrict
        AND pronamespace IN ${OURS}
        AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
        AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')
        AND provariadic = 0 AND NOT EXISTS (SELECT FROM pg_depend
          WHERE classid = 'pg_proc'::regclass AND objid = p.oid
          AND deptype = 'e')
        AND NOT EXISTS (SELECT FROM unnest(proargtypes) t (oid)
          JOIN pg_type USING (oid) WHERE typtype = 'p')
    LOOP
      BEGIN
        EXECUTE one.sql;
        GET DIAGNOSTICS rows = ROW_COUNT;
        -- All that it did is taken back, also where it works.
        RAISE EXCEPTION USING ERRCODE = 'VERIF', MESSAGE = rows::text;
      EXCEPTION WHEN SQLSTATE 'VERIF' THEN
        what := what || jsonb_build_object('table', one."table", 'what', one.op,
          'kept', one."table" <> '' AND SQLERRM = '0');
      WHEN OTHERS THEN
        what := what || jsonb_build_object('table', one."table", 'what', one.op,
          'error', SQLSTATE, 'why', SQLERRM);
      END;
    END LOOP;
    INSERT INTO verify_exercised SELECT what;
  END $verify$;
  SELECT found FROM verify_exercised`;

/** Copies all rows, and where sequences stand, to compare with afterwards. */
const KEEP_ROWS = `CREATE SCHEMA IF NOT EXISTS verify_before;
  CREATE TABLE IF NOT EXISTS verify_before.rows (name text, row jsonb);
  DELETE FROM verify_before.rows;
  DROP TABLE IF EXISTS verify_before.counts;
  CREATE TABLE verify_before.counts AS
    SELECT seqrelid::regclass::text AS name, last.value
    FROM pg_sequence, pg_sequence_last_value(seqrelid) last (value)
    WHERE last.value IS NOT NULL AND seqincrement > 0;
  DO $verify$ DECLARE t text; BEGIN
    FOR t IN SELECT c.oid::regclass FROM pg_class c WHERE relkind = 'r'
      AND relnamespace IN ${OURS} AND ${free("pg_class", "c.oid")}
    LOOP EXECUTE format('INSERT INTO verify_before.rows
      SELECT %1$L, to_jsonb(t) FROM %1$s t', t); END LOOP;
  END $verify$`;

/** What an apply died of: the change, and PostgreSQL's words. */
function failure(error: unknown): string {
  const { cause, change } = error as {
    cause?: unknown;
    change?: Script.Change;
  };
  if (change) {
    const { section, step, sql } = change;
    return `${stepKey(section, step)}: ${messageOf(cause)} in ` +
      `${sql.replaceAll(/\s+/g, " ")}`;
  }
  return cause ? failure(cause) : messageOf(error);
}

// ═══ Rehearsal ═════════════════════════════════════════════════════════════
//
// The plan, applied to a copy of production that nobody else uses: what comes
// of it is held against the models, its rows are counted before and after, and
// each promise of a lock, a rewrite and a time is held against what was seen.
// It refuses before anything is written, and prints no value of a row.

/** What was seen of the changes of one transaction, or of one outside. */
interface Seen {
  /** The strongest lock on each table that was there, by its number. */
  locks: Map<string, string>;
  rewrites: Set<string>;
}

/** A change that ran; those of one transaction share what was seen. */
interface Ran {
  change: Script.Change;
  ms: number;
  seen: Seen;
}

/** A table that was there before, with the tables above it, by number. */
interface Before {
  name: string;
  above: string[];
  filenode: string;
  rows: number;
}

type Standing = Map<string, Before>;

/** Weakest first. https://www.postgresql.org/docs/current/explicit-locking.html */
const LOCKS = ["ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE"]
  .concat("SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE")
  .concat("EXCLUSIVE", "ACCESS EXCLUSIVE");

const stronger = (a: string, b = "") => LOCKS.indexOf(a) > LOCKS.indexOf(b);

const strongest = (a: string, b: string) => stronger(b, a) ? b : a;

/** The lock that a step written by hand names in its words, if any. */
function lockIn(words: string): string {
  // "SHARE" is in the names of others.
  return LOCKS.toSorted((a, b) => b.length - a.length)
    .find((lock) => words.toUpperCase().includes(lock)) ?? "";
}

/** Applies the plan to the copy that `--rehearse` names, and judges it. */
async function rehearse(options: Options, url: string): Promise<Reporter> {
  const report = new Reporter(options);
  const script = await loadScript(options.script);
  const models = await loadModels(options.models, script);
  const context = { options, script, models, report };
  await withSession(script, url, (session) => refuseInUse(session));
  const modelled = await modelsFor(context, url);
  await withSession(script, url, async (session) => {
    const copy = new Database(script, session, url, false);
    const plan = await copy.inspect();
    const reviewed = options.plan && readPlan(options.plan, plan);
    const issues = script.blockingIssues(plan).map(describeIssue);
    const where = await copy.describe();
    const before = await readStanding(session);
    const ran: Ran[] = [];
    const numbers = new Map<string, string>();
    await addNumbers(copy, plan, numbers);
    const applied = await report.run("applied", async () => {
      const problems = issues.length > 0
        ? issues
        : await runWatched(copy, plan, before, ran);
      const what = count(plan.changes.length, "statement");
      return { text: `${what} of plan ${plan.digest}, on ${where}`, problems };
    });
    if (applied.problems.length === 0) {
      await judgeCopy(context, copy, modelled);
    }
    await report.run("rows", async () => {
      const after = await readStanding(session);
      const rows = [...before.values()].reduce((n, t) => n + t.rows, 0);
      const text = `${count(rows, "row")} of ${count(before.size, "table")} ` +
        "are still there, except for what steps drop";
      return { text, problems: lostRows(before, after, ran) };
    });
    await report.run("promises", async () => {
      // Those that a rename has given since.
      await addNumbers(copy, plan, numbers);
      const problems = brokenPromises(ran, before, numbers);
      const text = "nothing was locked or rewritten that the plan did not " +
        "announce";
      return { text, problems };
    });
    if (options.plan && reviewed && ran.length > 0) {
      writeMeasured(options.plan, reviewed, ran, before);
    }
    report.table = rehearsed(ran, before);
  });
  report.finish();
  if (options.format === "json") printJson([report]);
  return report;
}

async function withSession<T>(
  script: typeof Script,
  url: string,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const target = script.parseTarget(url);
  const production = Deno.env.get("DATABASE_URL");
  const key = ({ where, options }: Script.Target) =>
    `${where} ${options.database}`;
  if (target.embedded !== undefined) {
    throw new VerifyError(
      "--rehearse takes the URL of a server",
      "The embedded PostgreSQL has nothing to rehearse on",
    );
  }
  if (production && key(script.parseTarget(production)) === key(target)) {
    throw new VerifyError(
      "--rehearse was given the database of $DATABASE_URL",
      "Name a copy of it: a branch, a clone, a restored backup",
    );
  }
  const session = await script.Session.open(target);
  try {
    return await use(session);
  } finally {
    await session.end();
  }
}

/** @throws VerifyError where others are connected to the same database */
async function refuseInUse(session: Session) {
  const others = await session.query(
    `SELECT concat_ws(' ', usename, 'of ' || nullif(application_name, ''),
      'from ' || host(client_addr), '(process ' || pid || ')') AS who
    FROM pg_catalog.pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND coalesce(backend_type, 'client backend') IN
        ('client backend', 'walsender') ORDER BY pid`,
  );
  if (others.length === 0) return;
  const named = others.slice(0, 5).map(({ who }) => who).join(", ");
  throw new VerifyError(
    `others are connected to the database of --rehearse: ${named}` +
      (others.length > 5 ? `, and ${others.length - 5} more` : ""),
    "Rehearse on a copy that nobody uses; nothing was written",
  );
}

/** Built on the copy's server, so that one version prints both sides. */
async function modelsFor({ script, models, options }: Context, url: string) {
  const scratch = await ScratchServer.start(script, options.server ?? url);
  try {
    return await buildModels(await scratch.open(), models, script);
  } catch (error) {
    if ((error as { code?: string }).code !== "42501") throw error;
  } finally {
    await scratch.stop();
  }
  // A role that may make no database.
  const { extensions } = models;
  const embedded = await Embedded.start(script, { extensions });
  try {
    return await buildModels(await embedded.open(), models, script);
  } finally {
    await embedded.stop();
  }
}

/** What it must be now; what the models do not know may stand in a copy. */
async function judgeCopy(context: Context, copy: Database, modelled: Modelled) {
  await context.report.run("models", async () => {
    const problems = leftover(context.script, await copy.inspect());
    const target = new Map(
      [...await readObjects(copy.session)]
        .filter(([key]) => modelled.objects.has(key)),
    );
    const unmodelled = new Set<string>();
    problems.push(
      ...await compareWithModels(
        { modelled, target, unmodelled },
        context,
        copy,
      ),
    );
    const what = count(modelled.objects.size, "object");
    return { text: `the ${what} of the models are there`, problems };
  });
}

/** Every table with its rows, counted; `ONLY`, so that each counts once. */
async function readStanding(session: Session): Promise<Standing> {
  const tables = await session.query(
    `SET search_path = ${SEARCH_PATH}; WITH RECURSIVE above AS (
      SELECT inhrelid AS below, inhparent FROM pg_catalog.pg_inherits
      UNION SELECT below, i.inhparent FROM above a
      JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.inhparent)
    SELECT c.oid::text, c.oid::regclass::text AS name,
      format('%I.%I', nspname, relname) AS whole,
      coalesce(pg_relation_filenode(c.oid)::text, '') AS filenode,
      (SELECT coalesce(json_agg(inhparent::text), '[]') FROM above
        WHERE below = c.oid) AS above
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND relpersistence <> 't'
      AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    ORDER BY c.oid`,
  );
  const standing: Standing = new Map();
  for (const { oid, name, whole, filenode, above } of tables) {
    const [row] = await session.query(
      `SELECT count(*)::text AS n FROM ONLY ${whole}`,
    );
    standing.set(`${oid}`, {
      name: `${name}`,
      above: above as string[],
      filenode: `${filenode}`,
      rows: Number(row?.n),
    });
  }
  return standing;
}

/** The locks of a process; in a transaction, as they are before its COMMIT. */
const locksOf = (pid: string) =>
  `SELECT relation::text AS watched, mode,
    pg_catalog.pg_relation_filenode(relation)::text AS filenode
  FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND granted
    AND pid = ${pid}`;

/** Applies the plan, and notes what each transaction locks and rewrites. */
async function runWatched(
  { script, session, url }: Database,
  plan: Script.Plan,
  before: Standing,
  ran: Ran[],
): Promise<Problem[]> {
  const nodes = new Map([...before].map(([oid, t]) => [oid, t.filenode]));
  const none = (): Seen => ({ locks: new Map(), rewrites: new Set() });
  let seen = none(), over = false, running = true;
  const note = ({ watched, mode, filenode }: Record<string, unknown>) => {
    const oid = `${watched}`;
    if (!before.has(oid)) return;
    const lock = `${mode}`.replace(/Lock$/, "")
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toUpperCase();
    if (stronger(lock, seen.locks.get(oid))) seen.locks.set(oid, lock);
    if (filenode && filenode !== nodes.get(oid)) seen.rewrites.add(oid);
    if (filenode) nodes.set(oid, `${filenode}`);
  };
  const query = session.query.bind(session);
  const [own] = await query("SELECT pg_backend_pid() AS pid");
  // All that an apply says goes through here.
  session.query = async (text) => {
    if (over) [seen, over] = [none(), false];
    const look = locksOf("pg_catalog.pg_backend_pid()");
    const rows = await query(text.replace(
      /^COMMIT\b|(?<=;\n)COMMIT$/,
      (commit) => `${look};\n${commit}`,
    ));
    rows.filter((row) => "watched" in row).forEach(note);
    return rows.filter((row) => !("watched" in row));
  };
  const watch = withSession(script, url, async (other) => {
    // What runs outside a transaction is seen from beside it.
    while (running) {
      const now = seen, between = over;
      const rows = await other.look(locksOf(`${own?.pid}`));
      if (now === seen && !between) rows.forEach(note);
      await new Promise((done) => setTimeout(done, 2));
    }
  });
  try {
    await script.runChanges(session, plan, (change, ms) => {
      ran.push({ change, ms, seen });
      over = true;
    });
    return [];
  } catch (error) {
    await session.rollback();
    return [{ message: `the apply fails: ${failure(error)}` }];
  } finally {
    session.query = query;
    running = false;
    await watch;
  }
}

/** The number of each table that changes are told to lock, by its name. */
async function addNumbers(
  { session }: Database,
  { changes }: Script.Plan,
  found: Map<string, string>,
) {
  const names = changes.flatMap(({ tables }) => tables)
    .map(({ table }) => table);
  for (const name of new Set(names).difference(found)) {
    const [row] = await session.query(
      `SET search_path = ${SEARCH_PATH}; ` +
        `SELECT to_regclass(${quoteText(name)})::oid::text AS oid`,
    );
    if (row?.oid) found.set(name, `${row.oid}`);
  }
}

/** Where a table has fewer rows, and no step that ran there may drop any. */
function lostRows(before: Standing, after: Standing, ran: Ran[]): Problem[] {
  const meant = new Set(
    ran.filter(({ change: { step, hazard } }) =>
      /^drop(Table|Schema)$/.test(step.verb) || step.verb === "step" && hazard
    ).flatMap(({ seen }) => [...seen.locks.keys()]),
  );
  return [...before].flatMap(([oid, { name, rows }]) => {
    const left = after.get(oid)?.rows ?? 0;
    if (left >= rows || meant.has(oid)) return [];
    const what = after.has(oid) ? "" : ", and the table with them";
    return [{
      message: `${name} lost ${rows - left} of its ${count(rows, "row")}` +
        `${what}; no step says that it drops them`,
    }];
  });
}

/** Locks and rewrites that the statements of a transaction were not told of. */
function brokenPromises(
  ran: Ran[],
  before: Standing,
  numbered: Map<string, string>,
): Problem[] {
  const problems: Problem[] = [];
  for (const seen of new Set(ran.map(({ seen }) => seen))) {
    const changes = ran.filter((one) => one.seen === seen)
      .map(({ change }) => change);
    const by = changes.map(({ object, verb }) => `${object} (${verb})`)
      .slice(0, 3).join(", ");
    const told = changes.flatMap(({ tables }) => tables);
    const words = changes.filter(({ step }) => step.verb === "step")
      .map(({ lock }) =>
        lock === undefined ? "ACCESS EXCLUSIVE" : lockIn(lock)
      );
    for (const [oid, lock] of seen.locks) {
      const table = before.get(oid);
      if (!table || lock === "ACCESS SHARE") continue;
      const most = told.filter(({ table: name, only }) => {
        const number = numbered.get(name) ?? "";
        return number === oid || !only && table.above.includes(number);
      }).map(({ mode }): string => mode).concat(words).reduce(strongest, "");
      if (!stronger(lock, most)) continue;
      problems.push({
        message: `${by} locked ${table.name} ${lock}; the plan said ` +
          (most || "no lock on it"),
        code: changes[0]?.sql ?? "",
      });
    }
    const rewrites = changes.some(({ work, hazard, lock, step }) =>
      work === "rewrite" ||
      step.verb === "step" && /rewrit/i.test(`${hazard} ${lock}`)
    );
    for (const oid of rewrites ? [] : seen.rewrites) {
      problems.push({
        message: `${by} rewrote ${
          before.get(oid)?.name
        }; the plan did not say so`,
        code: changes[0]?.sql ?? "",
      });
    }
  }
  return problems;
}

/** What was told and seen of each statement on a table, as lines. */
function rehearsed(ran: Ran[], before: Standing): string[] {
  return ran.filter(({ change }) => change.tables.length > 0)
    .map(({ change, ms, seen }) => {
      const { object, verb, part, tables, work, seconds: about } = change;
      const most = tables.map(({ mode }) => mode).reduce(strongest, "");
      const lock = [...seen.locks.values()]
        .reduce(strongest, "");
      const rewrites = [...seen.rewrites].map((oid) => before.get(oid)?.name);
      const rewrite = work === "rewrite" || rewrites.length > 0
        ? `; rewrite ${work === "rewrite" ? "" : "not "}expected, ` +
          `${rewrites.join(", ") || "none"} seen`
        : "";
      return `${object}  ${verb}${part}: lock ${most} expected, ` +
        `${lock || "none"} seen${rewrite}; ` +
        `${
          about === undefined ? "an instant" : `${about || "under 1"} s`
        } expected, ` +
        `${seconds(ms)} taken`;
    });
}

interface PlanDocument {
  plan: {
    digest: string;
    changes: { sql: string; measured?: unknown }[];
  } | null;
}

/** @throws VerifyError where the file's plan is not the copy's */
function readPlan(file: string, plan: Script.Plan): PlanDocument {
  let document: PlanDocument | undefined;
  try {
    document = JSON.parse(Deno.readTextFileSync(file));
  } catch {
    // Told below.
  }
  if (!Array.isArray(document?.plan?.changes)) {
    throw new VerifyError(
      `${file} is not a plan`,
      `Write it with --dry-run --format json > ${file}`,
    );
  }
  // A digest is of its database, too.
  const [here, there] = [plan.changes, document.plan?.changes ?? []]
    .map((changes) => changes.map(({ sql }) => sql).join(";\n"));
  if (here === there) return document;
  throw new VerifyError(
    `the copy's plan is ${plan.digest}, and that of ${file} ` +
      `${document.plan?.digest}: they are not the same statements`,
    "Take a newer copy, or a newer plan; nothing was written",
  );
}

/** Puts what was measured beside what was told. */
function writeMeasured(
  file: string,
  document: PlanDocument,
  ran: Ran[],
  before: Standing,
) {
  const names = (numbers: Iterable<string>) =>
    [...numbers].map((oid) => before.get(oid)?.name ?? oid);
  const left = [...ran];
  for (const change of document.plan?.changes ?? []) {
    const at = left.findIndex((one) => one.change.sql === change.sql);
    const [one] = at < 0 ? [] : left.splice(at, 1);
    if (!one) continue;
    change.measured = {
      milliseconds: Math.round(one.ms),
      locks: [...one.seen.locks].map(([oid, lock]) => ({
        name: before.get(oid)?.name ?? oid,
        lock,
      })),
      rewrites: names(one.seen.rewrites),
    };
  }
  Deno.writeTextFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
}

// ═══ Hints ═════════════════════════════════════════════════════════════════
//
// What the running application will notice of a schema that is as it was asked
// for. They fail no proof; `unhinted("why", step)` silences those of a step.

/** Each with the key of the object whose step can silence it, and the fix. */
const HINTS = `WITH con AS MATERIALIZED (
    SELECT c.*, t.relname AS on_table, to_jsonb(c) -> 'confdelsetcols' AS nulled
    FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
    WHERE relnamespace = 'public'::regnamespace AND conparentid = 0
  ), ind AS MATERIALIZED (
    SELECT x.*, i.relname AS name, relam, (string_to_array(indkey::text, ' ')
      ::smallint[])[:indnkeyatts] AS keys, EXISTS (SELECT FROM pg_constraint
        WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) AS owned
    FROM pg_index x JOIN pg_class i ON i.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT relispartition
  )
  SELECT 'constraint ' || on_table || '.' || conname AS key,
    format('sets %s to NULL when its row of %s is deleted, and %1$s is ' ||
      'NOT NULL: that DELETE fails', attname, confrelid::regclass) AS what,
    'drop the NOT NULL, or use another ON DELETE' AS fix
  FROM con JOIN pg_attribute ON attrelid = conrelid AND attnotnull
    AND attnum = ANY (conkey)
    AND (coalesce(nulled, 'null') = 'null' OR nulled @> to_jsonb(attnum))
  WHERE contype = 'f' AND confdeltype = 'n'
  UNION ALL
  SELECT 'constraint ' || on_table || '.' || conname,
    format('has no index on its columns: each DELETE in %s reads all of %s',
      confrelid::regclass, conrelid::regclass),
    'createIndex on ' || (SELECT string_agg(attname, ', ' ORDER BY n)
      FROM unnest(conkey) WITH ORDINALITY k (attnum, n)
      JOIN pg_attribute a USING (attnum) WHERE attrelid = conrelid)
  FROM con WHERE contype = 'f' AND NOT EXISTS (SELECT FROM ind
    WHERE indrelid = conrelid AND indpred IS NULL AND indisvalid
      AND keys[:cardinality(conkey)] @> conkey)
  UNION ALL
  SELECT 'policy ' || relname || '.' || polname,
    format('filters nothing: %s has no row level security', t.oid::regclass),
    format('enableRowSecurity("%s")', relname)
  FROM pg_policy JOIN pg_class t ON t.oid = polrelid
  WHERE relnamespace = 'public'::regnamespace AND NOT relrowsecurity
  UNION ALL
  SELECT 'index ' || i.name, format('is on the same columns as that of ' ||
    'constraint %s: each write pays for both', c.name), 'leave it out'
  FROM ind i JOIN ind c ON c.indrelid = i.indrelid AND c.owned
    AND c.relam = i.relam AND c.keys = i.keys AND c.indpred IS NULL
    AND c.indclass::text = i.indclass::text AND c.indoption = i.indoption
    AND c.indcollation::text = i.indcollation::text
    AND string_to_array(c.indkey::text, ' ')
      @> string_to_array(i.indkey::text, ' ')
  WHERE NOT i.owned AND i.indpred IS NULL AND i.indexprs IS NULL
  ORDER BY 1, 2`;

/** What holds of a database that is as the steps want it. */
async function readHints({ script, session }: Database): Promise<Problem[]> {
  const rows = await session.query(
    `SET search_path = ${SEARCH_PATH}; ${HINTS}`,
  );
  return rows.flatMap(({ key, what, fix }) => {
    const step = findStep(script, `${key}`);
    if (step?.unhinted !== undefined) return [];
    const near = nameOf(`${key}`);
    return [{ message: `${key} ${what}`, code: `fix: ${fix}`, near }];
  });
}

// ═══ Guide ═════════════════════════════════════════════════════════════════

/** The guide lists every model; the skill names the two programs. */
function checkDocuments(
  options: Options,
  models: Models,
  modelled: Objects | undefined,
) {
  const { guide, skill } = options;
  const names = modelled ? namesOf(modelled) : readNames(models.sql);
  const keys = [...names.keys()];
  const tables = keys.filter((key) => key.startsWith("table "));
  const columns = keys.filter((key) => key.startsWith("column "));
  const text = exists(guide) ? Deno.readTextFileSync(guide) : undefined;
  const wrong = text === undefined
    ? `there is no guide at ${guide}`
    : faultOfGuide(guide, text, [...tables, ...columns], models, modelled);
  const problems: Problem[] = wrong ? [{ message: wrong, file: guide }] : [];
  const skillText = exists(skill) ? Deno.readTextFileSync(skill) : "";
  for (
    const name of [options.script, import.meta.url].map((f) => basename(f))
  ) {
    if (skillText.includes(name)) continue;
    problems.push({ message: `${skill} does not name ${name}`, file: skill });
  }
  return {
    text: `${relative(Deno.cwd(), guide)} lists ${
      count(tables.length, "table")
    } and ${count(columns.length, "column")}; ${
      relative(Deno.cwd(), skill)
    } names both programs`,
    problems,
  };
}

const GENERATED =
  /(<!-- generated: (tables|diagram) -->\n)((?:(?!<!-- generated)[^])*?)(<!-- end generated -->)/g;

/** What is wrong with a guide; a part without its markers would go stale. */
function faultOfGuide(
  guide: string,
  text: string,
  keys: string[],
  models: Models,
  modelled: Objects | undefined,
): string | undefined {
  const parts = [...text.matchAll(GENERATED)].map(([, , part]) => part);
  const rest = text.replaceAll(GENERATED, "");
  const [stray] = /<!-- (?:end )?generated.*/.exec(rest) ?? [];
  const missing = !parts.includes("tables")
    ? "tables"
    : /^erDiagram$/m.test(rest)
    ? "diagram"
    : undefined;
  if (stray || missing) {
    const what = stray ? `a stray "${stray}"` : `no generated ${missing}`;
    return `${guide} has ${what}: each part stands between ` +
      `"<!-- generated: ${missing ?? "tables"} -->" and ` +
      '"<!-- end generated -->"; then run this with --update-guide';
  }
  const absent = keys.filter((key) =>
    !text.includes(`\`${nameOf(key, key.startsWith("table "))}\``)
  ).map((key) => nameOf(key, true));
  if (absent.length > 0) {
    return `${guide} does not list ${some(absent, 12)}: ` +
      "run this with --update-guide";
  }
  const stale = modelled &&
    plain(updated(text, models, modelled)) !== plain(text);
  return stale
    ? `the generated parts of ${guide} do not match the models: run ` +
      "this with --update-guide"
    : undefined;
}

/** The first of a list, and how many more there are. */
function some(all: string[], most: number): string {
  const more = all.length - most;
  return all.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/**
 * As it is compared: formatters align the cells of a table, and the order of
 * the models' columns is nobody's business; that of the tables is.
 */
function plain(text: string): string {
  return text.replaceAll(
    /^\|.*$/gm,
    (row) => row.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---"),
  ).replaceAll(
    /(?:^(?:\|| {4}).*\n)+/gm,
    (rows) => rows.split("\n").sort().join("\n"),
  );
}

function updateGuide({ guide }: Options, models: Models, modelled: Objects) {
  if (!exists(guide)) {
    throw new VerifyError(
      `there is no guide at ${guide}`,
      `Create it with a line "<!-- generated: tables -->" and a line ` +
        `"<!-- end generated -->"`,
    );
  }
  const text = Deno.readTextFileSync(guide);
  const now = updated(text, models, modelled);
  if (now !== text) Deno.writeTextFileSync(guide, now);
}

/** Prints the steps for all that the models have and the script lacks. */
async function scaffold(options: Options) {
  const script = await loadScript(options.script);
  const models = options.live
    ? undefined
    : await loadModels(options.models, script);
  const live = options.live ? await readLive(script) : undefined;
  // An empty list of steps makes nothing, which needs no server.
  const server = live && stepsOf(script).length === 0
    ? undefined
    : options.server === undefined
    ? await Embedded.start(script, { extensions: models?.extensions ?? [] })
    : await ScratchServer.start(script, options.server);
  try {
    const database = await server?.open();
    const wanted = live ??
      (await buildModels(database!, models!, script)).inventory;
    await database?.reset();
    await database?.apply();
    const made = database && await readInventory(database.session);
    const paper = new Paper(
      wanted,
      ...madeBy(script, new Map(), made ?? NO_INVENTORY),
    );
    const printed = paper.print();
    const rest = leftOut(paper, models?.skipped ?? []);
    if (options.write) await writeSteps(options, printed, rest);
    else {
      const steps = await layOut(printed);
      const none = rest.length > 0
        ? "// The script has a step for all else."
        : "// The script has a step for all of the models.";
      console.log([steps || none, ...rest].join("\n"));
    }
  } catch (error) {
    if (error instanceof VerifyError) throw error;
    throw new VerifyError(
      `the script does not apply to an empty database: ${failure(error)}`,
      "Fix it first",
    );
  } finally {
    await server?.stop();
  }
}

const NO_INVENTORY: Inventory = {
  items: [],
  aliases: new Map(),
  needs: new Map(),
  left: [],
};

/** Reads the database of $DATABASE_URL, in a transaction that cannot write. */
async function readLive(script: typeof Script): Promise<Inventory> {
  const url = Deno.env.get("DATABASE_URL");
  if (!url) {
    throw new VerifyError(
      "--live reads the database of $DATABASE_URL, which is not set",
      "Set it, as for the script; nothing is written there",
    );
  }
  const session = await script.Session.open(script.parseTarget(url));
  try {
    await session.query(
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " +
        "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '60s'",
    );
    return await readInventory(session, "LOCAL ");
  } catch (error) {
    if (!(error as { code?: string }).code) throw error;
    throw new VerifyError(
      `the database of $DATABASE_URL cannot be read: ${messageOf(error)}`,
      "Its role only needs to connect; PostgreSQL 14 or later",
    );
  } finally {
    await session.query("ROLLBACK").catch(() => {});
    await session.end();
  }
}

/** Puts the steps as sections into the script, behind those that are there. */
async function writeSteps(
  { script }: Options,
  printed: Printed[],
  rest: string[],
) {
  const source = Deno.readTextFileSync(script);
  const place = /\];\s*(?=^\/\/ ─── End of the steps)/m.exec(source);
  const start = source.indexOf("// ═══ Steps");
  if (start < 0 || !place || place.index < start) {
    throw new VerifyError(
      `${script} has no list of sections between its banners`,
      'It begins with "// ═══ Steps", and ends with "];" above ' +
        '"// ─── End of the steps"',
    );
  }
  if (printed.length === 0) {
    console.log("The script has a step for all that there is.");
    return;
  }
  const before = source.slice(0, place.index);
  const sections = await toSections(printed);
  const lines = rest.map((line) => `  ${line}\n`).join("");
  const apart = /\[\s*$/.test(before) ? "" : "\n";
  const opened = before.replace(/\[\s*$/, "[\n");
  const text = opened + apart + sections + lines +
    source.slice(place.index);
  // One that does not load stays beside the script, to be looked at.
  const trial = script.replace(/(\.\w+)?$/, ".scaffold$1");
  Deno.writeTextFileSync(trial, text);
  await loadScript(trial);
  Deno.removeSync(trial);
  Deno.writeTextFileSync(script, text);
  const steps = printed.flatMap(({ steps }) => steps).length;
  const topics = new Set(printed.map(({ topic }) => topic)).size;
  console.log(
    [`Wrote ${count(steps, "step")} in ${
      count(topics, "section")
    } to ${script}`]
      .concat(rest).join("\n"),
  );
}

/** For --static: the models' database is built, and nothing is proved on it. */
async function updateGuideAlone({ options, script, models }: Context) {
  const server = options.server === undefined
    ? await Embedded.start(script, { extensions: models.extensions })
    : await ScratchServer.start(script, options.server);
  try {
    const database = await server.open();
    const { objects } = await buildModels(database, models, script);
    updateGuide(options, models, objects);
    return objects;
  } finally {
    await server.stop();
  }
}

/** The guide with its generated parts made anew. */
function updated(text: string, models: Models, modelled: Objects): string {
  const parts: Record<string, () => string> = {
    tables: () => tablesInWords(models, modelled),
    diagram: () => diagram(models, modelled),
  };
  return text.replaceAll(
    GENERATED,
    (_, open, part, _old, close) => `${open}\n${parts[part]?.()}\n\n${close}`,
  );
}

/** Tables with their columns in the models' order, and the enums. */
function tablesInWords({ source, sql }: Models, modelled: Objects): string {
  const meanings = readMeanings(source);
  const meaning = (key: string) =>
    (modelled.get(`comment ${key}`)?.definition ?? meanings.get(key) ?? "")
      .replaceAll(/\s*\n\s*/g, " ");
  const tables = [...readNames(sql)].filter(([key]) => modelled.has(key));
  const enums = [...modelled].filter(([, { kind }]) => kind === "enum")
    .map(([key, { definition }]) => [code(nameOf(key, true)), definition]);
  const parts = tables.filter(([key]) => key.startsWith("table ")).map(
    ([key, columns]) => {
      const table = nameOf(key, true);
      const parts = [...modelled].filter(([, part]) => part.table === table);
      const rows = columns.map((column) => {
        const key = `column ${table}.${column}`;
        const { definition = "" } = modelled.get(key) ?? {};
        return [code(column), code(definition), meaning(key)];
      });
      const rest = parts.filter(([, { kind }]) =>
        ["constraint", "index", "policy", "trigger"].includes(kind)
      ).map(([key, { kind, definition }]) => [
        code(nameOf(key)),
        kind,
        code(definition),
      ]);
      return [
        `### \`${table}\``,
        meaning(key),
        tableOf(["column", "type", "what it is for"], rows),
        ...(rest.length > 0
          ? [tableOf(["name", "kind", "definition"], rest)]
          : []),
      ].filter((part) => part).join("\n\n");
    },
  );
  if (enums.length > 0) {
    parts.push(`### Enums\n\n${tableOf(["enum", "labels"], enums)}`);
  }
  return parts.join("\n\n");
}

/** Text as code inside a cell of a Markdown table. */
function code(text: string): string {
  return `\`${text}\``;
}

/** A Markdown table, unaligned: one longer cell changes one line. */
function tableOf(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((row) =>
    `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`
  ).join("\n");
}

/** What the comments of a Drizzle module say of its tables and columns. */
function readMeanings(source: string): Map<string, string> {
  const meanings = new Map<string, string>();
  const pattern =
    /(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\s*)?(?:(?:export )?const \w+ = \w*[tT]able\(\s*"([^"]+)"|\b\w+: (?:\w+\.)?\w+\(\s*"([^"]+)")/g;
  let table = "";
  for (const [, comment, ofTable, ofColumn] of source.matchAll(pattern)) {
    table = ofTable ?? table;
    const text = comment?.replaceAll(/^\s*\*( |$)/gm, "").trim();
    const key = ofTable ? `table ${table}` : `column ${table}.${ofColumn}`;
    if (text) meanings.set(key, text);
  }
  return meanings;
}

/** Tables and references, as Mermaid draws them. */
function diagram({ sql }: Models, modelled: Objects): string {
  const word = (text: string) =>
    text.replace("[]", "_array").replaceAll(/[^\w]+/g, "_").replace(/_$/, "");
  const parts = (kind: string, table: string) =>
    [...modelled].filter(([, part]) =>
      part.kind === kind && part.table === table
    ).map(([, { definition }]) => definition);
  const names = [...readNames(sql)].filter(([key]) =>
    key.startsWith("table ") && modelled.has(key)
  );
  const tables = names.map(([key, columns]) => {
    const table = nameOf(key, true);
    const constraints = parts("constraint", table);
    const lines = columns.map((column) => {
      const { definition = "" } = modelled.get(`column ${table}.${column}`) ??
        {};
      const [type = ""] = definition.split(
        / (?=NOT|DEFAULT|GENERATED|COLLATE)/,
      );
      const keys = MERMAID_KEYS.filter(([kind]) =>
        constraints.some((text) => columnsOf(kind, text).includes(column))
      ).map(([, mark]) => mark);
      return `    ${[word(type), word(column), keys.join(", ")].join(" ")}`
        .trimEnd();
    });
    return `  ${word(table)} {\n${lines.join("\n")}\n  }`;
  });
  const references = names.flatMap(([key]) => {
    const table = nameOf(key, true);
    return parts("constraint", table).flatMap((text) => {
      const columns = columnsOf("FOREIGN KEY", text);
      const [, parent] = /REFERENCES ("[^"]+"|\w+)/.exec(text) ?? [];
      if (!parent) return [];
      const always = columns.every((column) =>
        / NOT NULL\b/.test(
          modelled.get(`column ${table}.${column}`)?.definition ?? "",
        )
      );
      return `  ${word(unquote(parent))} ${always ? "||" : "|o"}--o{ ` +
        `${word(table)} : "${columns.join(", ")}"`;
    });
  });
  return ["```mermaid", "erDiagram", ...tables, ...references, "```"].join(
    "\n",
  );
}

const MERMAID_KEYS: [string, string][] = [
  ["PRIMARY KEY", "PK"],
  ["FOREIGN KEY", "FK"],
  ["UNIQUE", "UK"],
];

/** The columns of a key as PostgreSQL prints it. */
function columnsOf(kind: string, definition: string): string[] {
  const [, list = ""] = new RegExp(`^${kind} \\(([^)]*)\\)`).exec(definition) ??
    [];
  return list.split(", ").map(unquote);
}

// ═══ Deploy files ══════════════════════════════════════════════════════════

/** Nothing that deploys changes the schema but the sync script, looked at. */
async function checkDeployFiles() {
  const root = repositoryRoot();
  const { files, problems } = await findMigrationCommands(root);
  for (const problem of problems) {
    problem.file = relative(Deno.cwd(), join(root, problem.file!));
  }
  const run = files.length === 1 ? "runs" : "run";
  return {
    text: `${count(files.length, "deploy file")} ${run} no migration tool`,
    problems,
  };
}

/** The folder above all that git holds; this one, where git holds nothing. */
function repositoryRoot(): string {
  const here = Deno.cwd();
  for (let at = here; at !== dirname(at); at = dirname(at)) {
    // A worktree's is a file.
    if (exists(join(at, ".git", "HEAD")) || exists(join(at, ".git"))) return at;
  }
  return here;
}

/** What the deploy files of a project run that they must not run. */
export async function findMigrationCommands(root: string) {
  const files: string[] = [];
  const problems: Problem[] = [];
  for (const file of filesUnder(root, "").sort()) {
    const forms = FORMS.filter(([name]) => name.test(file));
    if (forms.length === 0 || forDevelopment(file.split("/").at(-1)!)) continue;
    const text = Deno.readTextFileSync(join(root, file))
      .replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
    const form = forms.find(([, , , holds]) => holds?.test(text) ?? true);
    if (!form) continue;
    files.push(file);
    const judge = new Judge(file, text, await import("unbash"));
    try {
      const [, read, keys = /$/] = form;
      for (const snippet of await read(text, keys, file)) {
        judge.snippet(snippet);
      }
    } catch (error) {
      const [message = ""] = messageOf(error).split("\n");
      judge.add(
        (error as { line?: number }).line ?? 1,
        "cannot be read",
        message,
      );
    }
    problems.push(
      ...[...judge.problems.values()].sort((a, b) => a.line! - b.line!),
    );
  }
  return { files, problems };
}

/**
 * What changes a schema, by the programs' names. Options may stand before and
 * between the words; after "…" anything may.
 */
const MIGRATION_TOOLS: Record<string, string> = {
  ace: "migration:(?:run|fresh|refresh|rollback|reset)",
  aerich: "upgrade|downgrade|init-db",
  alembic: "upgrade|downgrade",
  artisan: "migrate(?::fresh|:refresh|:rollback|:reset)?",
  atlas: "(?:migrate|schema) apply|migrate down",
  console: "doctrine:(?:migrations:(?:migrate|execute)|schema:update)",
  "db-migrate": "up|down|reset",
  dbmate: "up|migrate|down|rollback|load",
  diesel: "migration (?:run|redo|revert)|setup|database (?:setup|reset)",
  directus: "bootstrap|database migrate:(?:latest|up|down)",
  "django-admin manage.py tern": "migrate",
  dotnet: "ef database update",
  "dotnet-ef": "database update",
  "drizzle-kit": "(?:push|migrate)(?::\\w+)?",
  flask: "db (?:upgrade|downgrade)",
  flyway: "… migrate|undo|clean",
  goose: "… up|up-to|up-by-one|down|down-to|redo|reset",
  "gradle gradlew": "… \\S*(?:flywayMigrate|liquibaseUpdate)",
  "graphile-migrate": "migrate|watch|reset",
  hasura: "migrate apply|deploy",
  knex: "migrate:(?:latest|up|down|rollback)",
  kysely: "migrate[: ](?:latest|up|down|rollback)",
  liquibase: "update(?:-count|-to-tag|Count|ToTag)?|rollback|drop-all",
  medusa: "db:(?:migrate|setup)|migrations run",
  migrate: "(?<= --?(?:path|source|database)[ =].*)(?:up|down|goto|drop)",
  "mikro-orm": "migration:(?:up|down|fresh)|schema:(?:update|fresh)",
  mix: "… ecto\\.(?:migrate|rollback|setup|reset)",
  "mvn mvnw": "… \\S*(?:flyway\\S*:migrate|liquibase\\S*:update)",
  "node-pg-migrate sql-migrate": "up|down|redo",
  payload: "migrate(?::down|:fresh|:refresh|:reset)?",
  pgroll: "start|complete|migrate|rollback",
  phinx: "migrate|rollback",
  piccolo: "migrations (?:forwards|backwards)",
  prisma: "migrate (?:deploy|reset)|db (?:push|execute)",
  psql:
    "… (?:-\\w*f|--file|<)[ =]?\\S*(?:schema|structure|migrat|ddl|tables)\\S*",
  psqldef: "[^-\\s]\\S*",
  "rails rake":
    "… db:(?:migrate(?!:status)|schema:load|setup|prepare|reset)\\S*",
  "sea-orm-cli": "migrate(?! (?:status|generate|init)\\b)",
  "sequelize sequelize-cli": "db:migrate(?!:status)\\S*",
  sqitch: "deploy|revert|rebase",
  sqlx: "migrate (?:run|revert)|database (?:setup|reset)",
  supabase: "db push|migration up",
  "typeorm typeorm-ts-node-commonjs typeorm-ts-node-esm":
    "migration:(?:run|revert)|schema:(?:sync|drop)",
  yoyo: "apply|reapply|rollback",
  zenstack: "migrate (?:deploy|reset)|db push",
};

/** With one of these, a tool changes nothing. */
const HARMLESS =
  / --(?:help|version|dry-?run|sql|pretend|plan|check|list)(?= |$)| -h$/i;

/** What only developers run, by the words of a file's or a task's name. */
function forDevelopment(name: string): boolean {
  const words = name.toLowerCase().split(/[^a-z\d]+/);
  const some = (pattern: RegExp) => words.some((word) => pattern.test(word));
  return some(
    /^(?:pre|post)?(?:dev|develop|development|local|override|tests?|e2e)$/,
  ) && !some(/^(?:deploy|prod|production|release|staging)$/);
}

/** A comment that excuses its own line, or the one below, and says why. */
const EXCUSE = /(?:#|\/\/|\/\*).*\bsync-ignore:\s*\w+\W+\w/;
const LONE_COMMENT = /^\s*(?:#|\/\/|\/\*|"\/\/)/;

const SHELLS = new Set(["ash", "bash", "dash", "ksh", "sh", "zsh"]);

/** Programs that run the command, or the shell text, among their words. */
const WRAPPERS = new Set([
  ...SHELLS,
  ...`. blitz bun bunx bundle cargo chamber command composer concurrently conda
    corepack cross-env deno direnv doas docker docker-compose doppler dotenv
    dotenvx dotnet dumb-init env env-cmd eval exec find fly flyctl foreman go
    gosu hatch heroku honcho infisical ionice java kubectl lerna mise nerdctl
    nice nix nix-shell node nohup npm npx nx op pdm php pipenv pipx pnpm pnpx
    podman poetry py python python3 railway retry ruby runuser rush rw rye
    setpriv source spring ssh stdbuf su su-exec sudo time timeout tini trap
    ts-node tsx turbo uv uvx watch with-contenv xargs yarn`.split(/\s+/),
]);

type Read = (
  text: string,
  keys: RegExp,
  file: string,
) => Snippet[] | Promise<Snippet[]>;

/**
 * Files that run something: by their names, how they are read, where in them
 * the commands stand, and what they must hold. A key's string is shell text,
 * its list is a program and its words, unless the key names the list's items.
 */
const FORMS: [name: RegExp, read: Read, keys?: RegExp, holds?: RegExp][] = [
  [/(?:^|\/)Procfile(?:\.\w+)?$/, matched, /^(?<key>[\w-]+):\s*(?<code>.*)$/gm],
  [
    /(?:^|\/)(?:(?:GNU)?[Mm]akefile|[\w.-]+\.mk|\.?[Jj]ustfile|[\w-]+\.just)$/,
    matched,
    /^(?:@?(?<key>[\w./%-]+)(?:[ \t]+[^:=\s]+(?:=\S+)?)*[ \t]*:(?!=)[^;\n]*(?:;[ \t]*[@+-]*(?<also>.*))?|[ \t]+[@+-]*(?<code>(?:.*\\\n)*.*))$/gm,
  ],
  [
    /(?:^|\/)(?:[\w-]+\.)?Jenkinsfile(?:\.[\w-]+)?$|\.jenkinsfile$/,
    (text, keys) => matched(withoutComments(text), keys),
    /\bstage\s*\(\s*["'](?<key>[^"']*)|\b(?:sh|bat|pwsh|powershell)\b[\s(]*(?:\w+\s*:\s*(?:\w+|'[^']*'|"[^"]*")\s*,\s*)*?(?:script\s*:\s*)?(?<quote>'''|"""|'|")(?<code>[^]*?)(?<!\\)\k<quote>/g,
  ],
  [
    /(?:^|\/)(?:.+\.)?(?:Docker|Container)file(?!.*\.(?:dockerignore|md)$)[\w.-]*$/,
    docker,
  ],
  [/\.(?:ba|da|k|z)?sh$/, whole],
  [/(?:^|\/)[\w-]+$/, whole, /$/, /^#!.*\b(?:ba|da|k|z|a)?sh\b/],
  [/(?:^|\/)(?:bin|scripts?)\/[\w-]+$/, whole, /$/, /^(?!#!)[^\0]*$/],
  [/(?:^|\/)package\.json$/, keyed, /^scripts\.(?!\/\/)[^.]+$/],
  [/(?:^|\/)deno\.jsonc?$/, keyed, /^tasks\.[^.]+(?:\.command)?$/],
  [/(?:^|\/)app\.json$/, keyed, /^(?:environments\.[^.]+\.)?scripts\.[^.]+$/],
  [
    /(?:^|\/)(?:vercel|railway|render|netlify|nixpacks)\.(?:json|toml|ya?ml)$/,
    keyed,
    /(?:^|\.)(?:build|install|start|docker|preDeploy)Command(?:\.\d+)?$|^(?:build|context\.[^.]+)\.command$|^phases\.[^.]+\.cmds\.\d+$|^start\.cmd$/,
  ],
  [
    /(?:^|\/)fly(?:[.-][\w.-]+)?\.toml$/,
    keyed,
    /^(?:deploy\.release_command|processes\.[^.]+|experimental\.(?:cmd|entrypoint|exec))$/,
  ],
  [
    /(?:^|\/)heroku\.yml$/,
    keyed,
    /^(?:release\.command|run\.[^.]+(?:\.command)?)(?:\.\d+)?$/,
  ],
  [
    /(?:^|\/)(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/,
    keyed,
    /^services\.[^.]+\.(?:command|entrypoint|(?:post_start|pre_stop)\.\d+\.command)$/,
  ],
  [
    /^\.(?:github|gitea|forgejo)\/(?:workflows\/[^/]+|actions\/.+\/action)\.ya?ml$|(?:^|\/)action\.ya?ml$/,
    keyed,
    /^(?:jobs\.[^.]+|runs)\.steps\.\d+\.(?:run|with\.script)$/,
  ],
  [
    /(?:^|\/)(?:[\w.-]*\.)?(?:gitlab-ci[\w.-]*|travis)\.ya?ml$|^\.gitlab\/.+\.ya?ml$|(?:^|\/)bitbucket-pipelines\.ya?ml$/,
    keyed,
    /(?:^|\.)(?:(?:before|after)[_-])?(?:script|deploy|install)(?:\.\d+)*$/,
  ],
  [
    /(?:^|\/)[Tt]askfile(?:\.\w+)?\.ya?ml$/,
    keyed,
    /^tasks\.[^.]+\.cmds\.\d+(?:\.cmd)?$/,
  ],
  [
    /^\.circleci\/.+\.ya?ml$/,
    keyed,
    /(?:^|\.)steps\.\d+\.run(?:\.command)?$/,
  ],
  [
    /(?:^|\/)(?:[\w.-]*azure-pipelines[\w.-]*|\.azure[\w-]*\/.+)\.ya?ml$/,
    keyed,
    /(?:^|\.)(?:script|bash|pwsh|powershell|inlineScript)$/i,
  ],
  [
    /(?:^|\/)[\w.-]*cloudbuild[\w.-]*\.(?:ya?ml|json)$/,
    keyed,
    /^steps\.\d+\.(?:args|script)$/,
  ],
  [
    /^\.?(?:buildkite|woodpecker|drone)(?:\/.+)?\.ya?ml$/,
    keyed,
    /(?:^|\.)commands?(?:\.\d+)?$/,
  ],
  [
    /\.ya?ml$/,
    kubernetes,
    /(?:^|\.)(?:c|initC|ephemeralC)ontainers\.\d+\.(?:command|args|lifecycle\.\w+\.exec\.command)$/,
    /^apiVersion:[^]*^kind:|^kind:[^]*^apiVersion:/m,
  ],
];

/** Directories that hold no deploy files of the project's own. */
const NOT_WALKED =
  /^(?:\.(?!(?:github|gitea|forgejo|gitlab|circleci|azure.*|buildkite|woodpecker|docker)$).*|node_modules|vendor|third_party|dist|target|tests?|__tests__|spec|fixtures|examples?|venv)$/;

/** All but what is too long to be written by hand, or may not be read. */
function filesUnder(root: string, directory: string): string[] {
  let entries: Deno.DirEntry[] = [];
  try {
    entries = [...Deno.readDirSync(join(root, directory))];
  } catch { /* Such as a container's data. */ }
  return entries.flatMap((entry) => {
    const path = directory + entry.name;
    if (entry.isFile) {
      return Deno.statSync(join(root, path)).size < 1e6 ? [path] : [];
    }
    return entry.isDirectory && !NOT_WALKED.test(entry.name)
      ? filesUnder(root, `${path}/`)
      : [];
  });
}

/** A word of a command; the line is 0 where it stands elsewhere. */
interface Word {
  text: string;
  line: number;
}

/** Shell text, or a program and its words, in a file. */
interface Snippet {
  code: string | string[];
  line: number;
  /** The task, job or service that it belongs to. */
  key?: string;
  /** Whether the lines of the code are not those of the file. */
  folded?: boolean;
  /** The program whose words these are, such as an image's entrypoint. */
  before?: string[];
}

const LEAVE_OUT = ": nobody reviews there what it allows; remove it, and " +
  "allow the hazard once, by hand";
const RUN_SCRIPT = ": only the sync script may change the schema; run it " +
  'there with --apply instead, or say why in "# sync-ignore: …" above';

/** Holds the commands of a file against the table of tools. */
class Judge {
  readonly problems = new Map<string, Problem>();
  readonly #lines: string[];
  #snippet: Snippet = { code: "", line: 1 };

  constructor(
    readonly file: string,
    text: string,
    readonly shell: typeof Shell,
  ) {
    this.#lines = text.split("\n");
  }

  add(line: number, verb: string, what: string, advice = "") {
    const [own = "", above = ""] = [line - 1, line - 2]
      .map((i) => this.#lines[i]);
    if (EXCUSE.test(own)) return;
    if (LONE_COMMENT.test(above) && EXCUSE.test(above)) return;
    const { file } = this;
    this.problems.set(`${line} ${what.split(" ", 1)}`, {
      message: `${file}:${line} ${verb}${advice ? " " : ": "}${what}${advice}`,
      file,
      line,
    });
  }

  snippet(snippet: Snippet) {
    const { code, line, key = "", before = [] } = snippet;
    if (forDevelopment(key)) return;
    this.#snippet = snippet;
    const program = before.map((text) => ({ text, line: 0 }));
    if (typeof code === "string") return this.#shell(code, line, program);
    const words = code.map((text) => ({ text, line }));
    this.#command(words);
    if (program.length > 0) this.#command([...program, ...words]);
  }

  #shell(code: string, line: number, program: Word[] = []) {
    const commands = readShell(this.shell, code, line);
    if (program.length > 0) {
      this.#command([...program, ...commands[0]?.words ?? []]);
    }
    for (const { words, bodies } of commands) {
      // What psql is told to read.
      const named = bodies.flatMap(({ text }) =>
        [...text.matchAll(/^\s*\\ir?\s+(\S+)/gm)]
          .map(([, file]) => ({ text: `<${file}`, line: 0 }))
      );
      this.#command([...words, ...named]);
      const toShell = words.length === 0 ||
        words.some(({ text }) => text === "ssh" || SHELLS.has(programOf(text)));
      if (!toShell) continue;
      for (const { text, line } of bodies) this.#shell(text, line);
    }
  }

  #command(words: Word[]) {
    const [first] = words;
    if (!first || /^(?:echo|printf)$/.test(first.text)) return;
    if (this.#isWrong(words)) return;
    if (!WRAPPERS.has(programOf(first.text)) && !first.text.endsWith(".sh")) {
      const dashes = words.findIndex(({ text }) => text === "--");
      if (dashes > 0) this.#command(words.slice(dashes + 1));
      return;
    }
    for (let i = 1; i < words.length; i++) {
      const word = words[i]!;
      if (this.#isWrong(words.slice(i))) return;
      if (/\s/.test(word.text)) this.#shell(word.text, word.line);
    }
  }

  #isWrong([first, ...rest]: Word[]): boolean {
    const args = rest.map(({ text }) => ` ${text.replaceAll(/\s/g, "_")}`)
      .join("");
    if (HARMLESS.test(args)) return false;
    const tool = programOf(first!.text);
    const [, allowed] =
      / --apply(?= |$)/.test(args) && / (--allow[ =]\S+)/.exec(args) || [];
    const [, subcommand] = toolPattern(tool)?.exec(args) ?? [];
    if (allowed) {
      const line = this.#lineOf(first!, "--allow");
      this.add(line, "applies with", allowed, LEAVE_OUT);
    } else if (subcommand) {
      // Options are not told: these hold passwords.
      const command = `${tool} ${subcommand.replace(/ -.* /, " ")}`;
      this.add(this.#lineOf(first!, tool), "runs", command, RUN_SCRIPT);
    }
    return Boolean(allowed || subcommand);
  }

  #lineOf({ line }: Word, near: string): number {
    const { line: from, folded } = this.#snippet;
    if (!folded) return line || from;
    const found = this.#lines.findIndex((text, i) =>
      i >= from - 1 && text.includes(near)
    );
    return found < 0 || line === 0 ? from : found + 1;
  }
}

/** The program's name: without its path, version, image tag or `npm:`. */
function programOf(word: string): string {
  const [, package_] = /node_modules\/(?!\.bin\/)([^/]+)\//.exec(word) ?? [];
  const name = package_ ?? word.replace(/^npm:/, "").split("/").at(-1)!;
  return name.replace(/(?<=.)[@:].*$|\.(?:exe|cmd|bat)$/, "");
}

function toolPattern(tool: string): RegExp | undefined {
  const [, row] = Object.entries(MIGRATION_TOOLS)
    .find(([names]) => names.split(" ").includes(tool)) ?? [];
  if (!row) return undefined;
  const options = "(?: -\\S+(?: [^-\\s]\\S*)?)*";
  const [, anything, words = ""] = /^(… )?(.*)$/.exec(row)!;
  // What looks ahead or behind, and classes, have spaces of their own.
  const spaced = words.replaceAll(
    /(\[[^\]]*\]|\(\?<?[=!](?:[^()]|\([^()]*\))*\))| /g,
    (_, own) => own ?? `${options} `,
  );
  return new RegExp(
    `^${anything ? "(?: \\S+)*?" : options} (${spaced})(?= |$)`,
  );
}

function whole(code: string): Snippet[] {
  return [{ code, line: 1 }];
}

/** The groups `code` of a pattern, each under the last `key` before it. */
function matched(text: string, pattern: RegExp): Snippet[] {
  let key = "";
  return [...text.matchAll(pattern)].flatMap((match) => {
    const { key: own, also, code = also, quote } = match.groups!;
    key = own ?? key;
    if (!code) return [];
    const at = match.index + match[0].lastIndexOf(code);
    // What make and Groovy write for "$" and a quote.
    const shell = code.replaceAll("$$", "$");
    const unquoted = quote ? shell.replaceAll(/\\(["'])/g, "$1") : shell;
    return [{ code: unquoted, key, line: lineAt(text, at) }];
  });
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

/** https://docs.docker.com/reference/dockerfile/#format */
async function docker(text: string): Promise<Snippet[]> {
  const { DockerfileParser } = await import("dockerfile-ast");
  let before: string[] = [];
  return DockerfileParser.parse(text).getInstructions().flatMap((found) => {
    const own = found.getKeyword() === "ONBUILD"
      ? (found as Dockerfile.Onbuild).getTriggerInstruction() ?? found
      : found;
    // Docker drops comments and empty lines within an instruction.
    const body = (own.getRawArgumentsContent() ?? "")
      .replace(/^CMD\s+(?=\S)/i, "").replaceAll(/\\[ \t]+$/gm, "\\")
      .replaceAll(/(?<=\\\n(?:[ \t]*(?:#.*)?\n)*)[ \t]*(?:#.*)?\n/g, "\\\n");
    const words = execForm(body);
    const kind = own.getKeyword();
    if (kind === "FROM") before = body.split(/\s+/, 1);
    if (kind === "ENTRYPOINT") before = words ?? [];
    if (!/^(?:ENTRYPOINT|CMD|RUN|HEALTHCHECK)$/.test(kind)) return [];
    return [{
      code: words ?? body,
      line: (own.getArgumentsRange() ?? own.getRange()).start.line + 1,
      folded: Boolean(words),
      before: kind === "CMD" ? before : [],
    }];
  });
}

/** A list of words; what is no JSON, Docker takes as shell text too. */
function execForm(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    return JSON.parse(text.replaceAll(/\\\n/g, "\n")).map(String);
  } catch {
    return undefined;
  }
}

/** Manifests, also those that Helm makes: its own parts are left out. */
async function kubernetes(text: string, keys: RegExp): Promise<Snippet[]> {
  const plain = text.replaceAll(/^\s*\{\{.*\}\}\s*$/gm, "")
    .replaceAll(/\{\{.*?\}\}/g, "x");
  // What Helm leaves is not always YAML.
  return await keyed(plain, keys, "").catch(() => []);
}

/** YAML, TOML, and JSON, which is YAML but for comments. */
async function keyed(
  text: string,
  keys: RegExp,
  file: string,
): Promise<Snippet[]> {
  const yaml = await import("yaml");
  if (file.endsWith(".toml")) {
    const { parse } = await import("smol-toml");
    const document = new yaml.Document(parse(text));
    return select(yaml, document, keys, (path) => tomlLine(text, path));
  }
  const isJson = /\.jsonc?$/.test(file);
  const source = isJson ? withoutComments(text) : text;
  if (isJson) checkJson(source);
  const documents: Yaml.Document.Parsed[] = yaml.parseAllDocuments(source, {
    merge: true,
    uniqueKeys: false,
  });
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error) throw malformed(error.message, lineAt(source, error.pos[0]));
    return select(
      yaml,
      document,
      keys,
      (_, node) => lineAt(source, node.range?.[0] ?? 0),
    );
  });
}

/** The strings and lists of strings of a document whose keys match. */
function select(
  yaml: typeof Yaml,
  document: Yaml.Document,
  keys: RegExp,
  lineOf: (path: string[], node: Yaml.Node) => number,
): Snippet[] {
  const snippets: Snippet[] = [];
  function add(node: Yaml.Node, path: string[], map: Yaml.Node | null) {
    const code = node.toJS(document);
    const literal = yaml.isScalar(node) && node.type === "BLOCK_LITERAL";
    snippets.push({
      code: Array.isArray(code) ? code.map(String) : code,
      key: path.join("."),
      line: lineOf(path, node) + (literal ? 1 : 0),
      folded: !literal,
      before: programBefore(path.at(-1), map?.toJS(document)),
    });
  }
  // Aliases and merged maps are read where they stand.
  function walk(given: unknown, path: string[], map: Yaml.Node | null) {
    const node = yaml.isAlias(given) ? given.resolve(document) : given;
    const at = path.map((name) => name.replaceAll(".", "_")).join(".");
    if (path.length > 20) return;
    if (yaml.isScalar(node) && typeof node.value === "string") {
      if (keys.test(at)) add(node, path, map);
    } else if (yaml.isSeq(node)) {
      if (keys.test(at) && !keys.test(`${at}.0`)) add(node, path, map);
      node.items.forEach((item, i) => walk(item, [...path, `${i}`], map));
    } else if (yaml.isMap(node)) {
      for (const { key, value } of node.items) {
        const name = yaml.isScalar(key) && key.source || `${key}`;
        if (name !== "<<") walk(value, [...path, name], node);
        else if (!yaml.isSeq(value)) walk(value, path, map);
        else value.items.forEach((item) => walk(item, path, map));
      }
    }
  }
  walk(document.contents, [], null);
  return snippets;
}

/** What runs a container's words: its entrypoint, or that of its image. */
function programBefore(key = "", map: Record<string, unknown> = {}): string[] {
  const given = key === "command"
    ? map.entrypoint ?? map.image
    : key === "args"
    ? map.entrypoint ?? map.command ?? map.image ?? map.name
    : undefined;
  return Array.isArray(given)
    ? given.map(String)
    : typeof given === "string"
    ? given.trim().split(/\s+/)
    : [];
}

/** Where a key of a table stands. */
function tomlLine(text: string, path: string[]): number {
  let at = 0;
  for (const key of path.filter((key) => !/^\d+$/.test(key))) {
    const name = `["']?${key.replaceAll(/\W/g, "\\$&")}["']?`;
    const pattern = new RegExp(
      `^[ \\t]*\\[.*?${name}[ \\t.\\]]|^[^#\\n]*?\\b${name}[ \\t]*=`,
      "gm",
    );
    pattern.lastIndex = at;
    at = pattern.exec(text)?.index ?? at;
  }
  return lineAt(text, at);
}

/** Blanks comments and trailing commas; lines stay where they are. */
function withoutComments(text: string): string {
  const tokens =
    /'''[^]*?'''|"""[^]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\/.*|\/\*[^]*?\*\/|,(?=(?:\s|\/\/.*|\/\*[^]*?\*\/)*[}\]])/g;
  return text.replaceAll(
    tokens,
    (token) => /^["']/.test(token) ? token : token.replaceAll(/./g, " "),
  );
}

function checkJson(source: string) {
  try {
    JSON.parse(source);
  } catch (error) {
    const message = messageOf(error);
    const [, token = "", near = ""] =
      /token '(.)', (?:\.{3})?"([^]*)"(?:\.{3})? is not/u.exec(message) ?? [];
    const at = source.indexOf(near) + near.indexOf(token);
    const [, line = lineAt(source, at)] = /line (\d+)/.exec(message) ?? [];
    throw malformed(message.replace(/, (?:\.{3})?"[^]*| in JSON.*/, ""), +line);
  }
}

function malformed(message: string, line = 1) {
  const [first = ""] = message.split("\n");
  return Object.assign(new Error(first.replace(/ at line .*/, "")), { line });
}

/** A command of a shell, with the texts that it reads. */
interface ShellCommand {
  words: Word[];
  bodies: Word[];
}

/** The commands of shell text, also those of `$(…)`, variables filled in. */
function readShell(
  shell: typeof Shell,
  given: string,
  from: number,
  tries = 20,
): ShellCommand[] {
  const code = withoutIndentedEnds(given);
  const commands: ShellCommand[] = [];
  const variables = new Map<string, string>();
  const sqlFiles: string[] = [];
  const wordAt = (text: string, at: number): Word => ({
    text: text.replaceAll(
      /\$\{?(\w+)\}?/g,
      (own, name) => variables.get(name) ?? own,
    ),
    // Few are asked for, and counting takes long.
    get line() {
      return from + lineAt(code, at) - 1;
    },
  });
  const wordOf = (node: Shell.CommandArgument) =>
    wordAt(node.type === "Word" ? node.value : node.text, node.pos);

  /** What later words may stand for. */
  function remember(node: Shell.SyntaxNode) {
    if (node.type === "Word") {
      const { text } = wordOf(node);
      if (text.endsWith(".sql")) sqlFiles.push(text);
    } else if (node.type === "For") {
      const texts = node.wordlist?.map((word) => wordOf(word).text) ?? [];
      variables.set(node.name.value, texts.join("_"));
    } else if (node.type === "Assignment" && node.value.type === "Word") {
      variables.set(node.name, wordOf(node.value).text);
    }
  }

  function add({ name, args, redirects }: Shell.Command, piped: string[]) {
    const words = [...name ? [name] : [], ...args].map(wordOf);
    words.push(...piped.map((file) => ({ text: `<${file}`, line: 0 })));
    const bodies: Word[] = [];
    for (const given of redirects) {
      if (given.type === "HereDoc") {
        bodies.push(wordAt(given.body.text, given.body.pos));
      } else if (given.operator === "<<<" && given.target) {
        bodies.push(wordOf(given.target));
      } else if (given.operator === "<" && given.target) {
        words.push(wordAt(`<${given.target.value}`, given.pos));
      }
    }
    commands.push({ words, bodies });
  }

  /** @param piped the SQL files named before it in its pipeline */
  function read(node: Shell.SyntaxNode, piped: string[]) {
    if (node.type === "Pipeline") {
      const start = sqlFiles.length;
      for (const part of node.commands) {
        read(part, [...piped, ...sqlFiles.slice(start)]);
      }
      return;
    }
    if (node.type === "CommandExpansion" && node.script?.source) {
      // What is escaped in backquotes has positions of its own.
      const { line } = wordAt("", node.pos);
      commands.push(...readShell(shell, node.script.source, line));
      return;
    }
    if (node.type === "Command") add(node, piped);
    // An array that holds a command is most often run.
    if (node.type === "ArrayValue") {
      commands.push({ words: node.elements.map(wordOf), bodies: [] });
    }
    remember(node);
    shell.forEachChild(node, (child) => read(child, piped));
  }

  const script = shell.parse(code);
  read(script, []);
  // What the parser leaves out stands behind what it cannot place.
  const { pos: at } =
    script.errors?.find(({ message }) =>
      /^unexpected|^unterminated (?!.*quote)/.test(message)
    ) ?? {};
  if (at !== undefined && tries > 0) {
    const rest = code.slice(at).replace(/^(?:\w+|.)/, "");
    commands.push(...readShell(shell, rest, wordAt("", at).line, tries - 1));
  }
  return commands;
}

/** Here-documents end where the shell sees it: files indent more than it. */
function withoutIndentedEnds(code: string): string {
  return code.replaceAll(
    /^[ \t]+(\w+)[ \t]*$/gm,
    (line, word) =>
      new RegExp(`<<-?\\s*["']?${word}\\b`).test(code) ? word : line,
  );
}

// ═══ Report ════════════════════════════════════════════════════════════════

type Found = Omit<Proof, "name" | "ms">;

/** How many lines of problems are printed without --verbose. */
const ROOM = 22;

/** Tells each check as it ends; the machine-readable forms at the end. */
export class Reporter {
  readonly proofs: Proof[] = [];
  /** What the running application will notice; no failure. */
  hints: Problem[] = [];
  /** What the proof does not see. */
  unseen: string[] = [];
  /** What was told and seen of each statement of a rehearsal. */
  table: string[] = [];
  readonly #start = performance.now();
  #bar = false;
  #room: number;

  constructor(readonly options: Options) {
    this.#room = options.verbose ? Infinity : ROOM;
  }

  /** Runs one check, and adds its line. */
  async run<T extends Found>(name: string, check: () => Promise<T> | T) {
    const start = performance.now();
    const found = await check();
    const { text, problems } = found;
    this.#add({ name, text, problems, ms: performance.now() - start });
    return found;
  }

  skip(name: string, why: string) {
    this.#add({ name, text: "", problems: [], skipped: why, ms: 0 });
  }

  #add(proof: Proof) {
    this.proofs.push(proof);
    this.#clear();
    const text = this.options.format === "text";
    if (text) this.#print(proof);
    // What a machine reads on stdout stays as it is.
    const tell = text ? console.log : console.error;
    for (const { message, file, near, line } of proof.problems) {
      annotate(tell, file, line ?? lineOf(file, near), message);
    }
  }

  #print({ name, text, problems, skipped, ms }: Proof) {
    const [sign, colour] = skipped
      ? ["-", 2]
      : problems.length > 0
      ? ["✗", 31]
      : ["✓", 32];
    const time = this.options.verbose ? ` (${seconds(ms)})` : "";
    const said = skipped
      ? `not tried: ${skipped}`
      : problems.length > 0
      ? count(problems.length, "problem")
      : text;
    console.log(paint(`${sign} ${name.padEnd(12)} ${said}${time}`, colour));
    this.#printProblems(problems);
  }

  #printProblems(problems: Problem[]) {
    const full = problems.flatMap(linesOf);
    // Every message comes before the code of any, and that before what is cut.
    let spare = this.#room - problems.length;
    const lines = problems.length === 1 ? full : problems.flatMap((problem) => {
      const [message = "", ...details] = linesOf(problem);
      if (details.length > spare) return [message];
      spare -= details.length;
      return [message, ...details];
    });
    const shown = lines.slice(0, this.#room);
    for (const line of shown) console.log(line);
    this.#room -= shown.length;
    const more = full.length - shown.length;
    if (more > 0) {
      console.log(`    … and ${count(more, "more line")}: see --verbose`);
    }
  }

  /** A bar on a terminal; nothing elsewhere, since the proof is short. */
  progress(share: number) {
    if (this.options.format !== "text" || !Deno.stderr.isTerminal()) return;
    const filled = Math.round(share * 20);
    const bar = `${"█".repeat(filled)}${"░".repeat(20 - filled)}`;
    Deno.stderr.writeSync(
      new TextEncoder().encode(`\r\x1b[K  ${bar}`),
    );
    this.#bar = true;
  }

  #clear() {
    if (this.#bar) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
    this.#bar = false;
  }

  get proved(): boolean {
    return this.proofs.every(({ problems }) => problems.length === 0);
  }

  finish() {
    const { proofs, options, proved } = this;
    const failed = proofs.filter(({ problems }) => problems.length > 0);
    const time = seconds(performance.now() - this.#start);
    const part = options.quick ? " of the quick form" : "";
    const done = options.rehearse === undefined ? "Proved" : "Rehearsed";
    const verdict = proved
      ? `${done}: ${count(proofs.length, "check")}${part} in ${time}.`
      : `Not ${done.toLowerCase()}: ${
        failed.map(({ name }) => name).join(", ")
      } failed.`;
    const { hints, table } = this;
    if (options.format === "markdown") {
      const list = [...hints.map(({ message }) => message), ...table]
        .map((line) => `\n- ${clean(line)}`).join("");
      console.log(markdown(proofs, verdict) + (list && `\n${list}`));
    }
    if (options.format !== "text") return;
    if (hints.length > 0) {
      console.log('\nHints, which unhinted("why", step) silences:');
      this.#printProblems(hints);
    }
    const shown = options.verbose ? table : table.slice(0, ROOM);
    for (const line of shown) console.log(`  ${clean(line)}`);
    if (shown.length < table.length) {
      console.log(`  … and ${table.length - shown.length} more: --verbose`);
    }
    if (
      proved && !options.rehearse && !options.static &&
      options.server === undefined
    ) {
      console.log(
        "  on the embedded PostgreSQL alone; --server URL proves on others",
      );
    }
    if (options.verbose && this.unseen.length > 0) {
      console.log("\nNot seen by this proof:");
      for (const line of this.unseen) console.log(`    ${clean(line)}`);
    }
    console.log(`\n${paint(verdict, proved ? 32 : 31)}`);
  }
}

/** A problem as it is printed. */
function linesOf({ message, code = "", replay }: Problem): string[] {
  const details = clean(code).split("\n").filter((line) => line)
    .map((line) => `      ${line}`);
  const how = replay ? ["      --replay FILE writes this state as SQL"] : [];
  return [`    ${clean(message)}`, ...details, ...how];
}

/** Writes the first state that fails, for psql to make it again. */
function writeReplay(file: string, reports: Reporter[]) {
  const failing = reports.flatMap(({ proofs }) => proofs)
    .flatMap(({ problems }) => problems).find(({ replay }) => replay);
  if (failing) {
    const [first = ""] = clean(failing.message).split("\n");
    Deno.writeTextFileSync(
      file,
      `-- ${first}\n-- Replay it in an empty database: psql -f ` +
        `${
          basename(file)
        }\n-- Statements that fail are part of it.\n${failing.replay}`,
    );
  }
  console.error(
    failing
      ? `${file} makes the failing state in an empty database: psql -f ${file}`
      : `${file} is not written: no state failed`,
  );
}

function markdown(proofs: Proof[], verdict: string): string {
  const cell = (text: string) => clean(text).replaceAll("|", "\\|");
  const rows = proofs.map(({ name, text, problems, skipped }) =>
    `| ${skipped ? "–" : problems.length > 0 ? "❌" : "✅"} | ${name} | ${
      cell(
        skipped ??
          (problems.length > 0 ? count(problems.length, "problem") : text),
      )
    } |`
  );
  const details = proofs.flatMap(({ name, problems }) =>
    problems.map(({ message, code }) =>
      `- **${name}**: ${clean(message)}` +
      (code
        ? `\n\n  \`\`\`\n  ${clean(code).replaceAll("\n", "\n  ")}\n  \`\`\``
        : "")
    )
  );
  return [
    `### ${verdict}`,
    "",
    "| | check | what was tried |",
    "| --- | --- | --- |",
    ...rows,
    ...(details.length > 0 ? ["", ...details] : []),
  ].join("\n");
}

/** https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions */
function annotate(
  tell: (text: string) => void,
  file: string | undefined,
  line: number,
  message: string,
) {
  if (!Deno.env.get("GITHUB_ACTIONS")) return;
  const text = clean(message).replaceAll("%", "%25").replaceAll("\n", "%0A");
  const at = file
    ? ` file=${relative(repositoryRoot(), resolve(file))},line=${line}`
    : "";
  tell(`::error${at}::${text}`);
}

function lineOf(file: string | undefined, near = ""): number {
  if (!file || !near || !exists(file)) return 1;
  const lines = Deno.readTextFileSync(file).split("\n");
  const exact = lines.findIndex((line) => line.includes(`"${near}"`));
  return 1 +
    Math.max(0, exact >= 0 ? exact : lines.findIndex((l) => l.includes(near)));
}

function paint(text: string, colour: number): string {
  const forced = Deno.env.get("FORCE_COLOR");
  const wanted = forced ||
    !Deno.env.get("NO_COLOR") && Deno.stdout.isTerminal();
  return wanted ? `\x1b[${colour}m${clean(text)}\x1b[0m` : clean(text);
}

/** Without the codes that a terminal would obey, and without passwords. */
function clean(text: string): string {
  return withoutPasswords(text).replace(
    /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu,
    (c) => {
      const point = c.codePointAt(0) ?? 0;
      const hex = point.toString(16);
      if (point < 256) return `\\x${hex.padStart(2, "0")}`;
      return point < 65536 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
    },
  ).replace(/^(\s*):(?=:)/gm, "$1\\x3a").replace(/##(?=\w*\[)/g, "#\\x23");
}

function withoutPasswords(text: string): string {
  return text.replaceAll(
    /(postgres(?:ql)?:\/\/[^:@/\s]*:)[^@\s]*@/g,
    "$1***@",
  );
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : /x$/.test(noun) ? "es" : "s"}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

// ═══ Command line ══════════════════════════════════════════════════════════

const HELP = `\
Proves the sync script against the models, on a real PostgreSQL.

Usage: verify-sync-script.ts [options]

  verify-sync-script.ts                   the whole proof, embedded
  verify-sync-script.ts --static          only what needs no database
  verify-sync-script.ts --update-guide    rewrite the guide's generated parts

What is proved:
  --script FILE       the script (default: sync-production-schema.ts)
  --models FILE       Drizzle models, or SQL (default: schema.ts or schema.sql)
  --guide FILE        default: docs/deployment/SCHEMA_SYNC_GUIDE.md
  --skill FILE        default: SKILL.md, or where --init has put it
How:
  --static            only what needs no database, in under a second
  --states N          how many random starting states (default: 100, fewer
                      for more than 600 objects)
  --seed N            the first of their seeds (default: 1)
  --quick             only a fresh database and a second apply, for editors
  --keep-going        try every check, also after one that failed
  --rows FILE         INSERT statements for tables that no row can be made up
                      for (or export rows beside Drizzle models)
  --schema NAME       prove an apply to this schema, too
  --server URL        a scratch server instead of the embedded PostgreSQL; its
                      databases verify_… are dropped again; may be repeated
  --rehearse URL      apply the plan to a copy of production that nobody uses:
                      models, rows, locks, rewrites and times are compared
  --plan FILE         with --rehearse: the JSON of a dry run; it must be this
                      plan, and gets the measurements
Output:
  --scaffold          print the steps for all that the models have and the
                      script lacks, and name what no step makes
  --live              with --scaffold: for the database of $DATABASE_URL instead
                      of the models, which it only reads
  --write             with --scaffold: put the steps into the script
  --update-guide      rewrite the guide's generated parts from the models; with
                      --static, prove nothing on a database
  --format FORMAT     text, json or markdown
  --replay FILE       write the state that failed as SQL for an empty database
  --verbose           print every problem, and where the time went
  -h, --help          this text

Exit status: 0 proved, 1 not, or an error`;

interface Options {
  script: string;
  models: string;
  guide: string;
  skill: string;
  static: boolean;
  scaffold: boolean;
  live: boolean;
  write: boolean;
  updateGuide: boolean;
  states: number | undefined;
  seed: number;
  quick: boolean;
  keepGoing: boolean;
  /** All that were given; `server` is the one in turn. */
  servers: string[];
  rowsFile: string | undefined;
  /** What is in it, or what the models export. */
  rows: string;
  server: string | undefined;
  schema: string | undefined;
  replay: string | undefined;
  rehearse: string | undefined;
  plan: string | undefined;
  format: string;
  verbose: boolean;
}

/**
 * Runs the verifier.
 *
 * @param args what follows the program's name
 * @returns the exit status
 */
export async function main(args: string[]): Promise<number> {
  try {
    const options = await readArguments(args);
    if (!options) return 0;
    if (options.scaffold) {
      await scaffold(options);
      return 0;
    }
    if (options.rehearse !== undefined) {
      const { proved } = await rehearse(options, options.rehearse);
      return proved ? 0 : 1;
    }
    const reports = await proveOnEach(options);
    if (options.replay) writeReplay(options.replay, reports);
    return reports.every(({ proved }) => proved) ? 0 : 1;
  } catch (error) {
    for (const line of errorLines(error)) console.error(line);
    return 1;
  }
}

/** An error in two lines, the second of what to do. */
export function errorLines(error: unknown): string[] {
  const known = error instanceof VerifyError ||
    typeof (error as { hint?: unknown }).hint === "string";
  const hint = known
    ? (error as VerifyError).hint
    : `This is a bug in the verifier: ${
      (error as Error).stack?.split("\n")[1]?.trim()
    }`;
  return [clean(`error: ${messageOf(error)}`), clean(`  ${hint}`)];
}

/** One report for each server, or one for the embedded PostgreSQL. */
async function proveOnEach(options: Options): Promise<Reporter[]> {
  const reports: Reporter[] = [];
  const servers = options.static || options.servers.length === 0
    ? [options.server]
    : options.servers;
  for (const server of servers) {
    const report = new Reporter({ ...options, server });
    if (servers.length > 1 && options.format !== "json") {
      const heading = `Server ${reports.length + 1} of ${servers.length}`;
      console.log(`${reports.length > 0 ? "\n" : ""}${heading}`);
    }
    reports.push(report);
    await prove(report.options, report);
    report.finish();
  }
  if (options.format === "json") printJson(reports);
  return reports;
}

function printJson(reports: Reporter[]) {
  const all = reports.map(({ proved, proofs, hints, table }) => ({
    proved,
    checks: proofs,
    ...(hints.length > 0 && { hints }),
    ...(table.length > 0 && { statements: table }),
  }));
  const proved = all.every(({ proved }) => proved);
  const what = all.length > 1 ? { proved, reports: all } : all[0];
  console.log(
    withoutPasswords(JSON.stringify({ version: 1, ...what }, null, 2)),
  );
}

/** What the command line says; undefined where it asks for help. */
export async function readArguments(
  args: string[],
): Promise<Options | undefined> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(HELP);
    return undefined;
  }
  const { parseArgs } = await import("node:util");
  const flag = { type: "boolean" } as const, text = { type: "string" } as const;
  let values;
  try {
    values = parseArgs({
      args,
      options: {
        script: text,
        models: text,
        guide: text,
        skill: text,
        static: flag,
        states: text,
        seed: text,
        quick: flag,
        "keep-going": flag,
        server: { ...text, multiple: true },
        schema: text,
        replay: text,
        rehearse: text,
        plan: text,
        rows: text,
        scaffold: flag,
        live: flag,
        write: flag,
        "update-guide": flag,
        format: text,
        verbose: flag,
      },
    }).values;
  } catch (error) {
    const [message = ""] = messageOf(error).split(/\.\s/);
    const [, name] = /'(--[\w-]+).*argument (?:is ambiguous|missing)/
      .exec(message) ?? [];
    if (name) {
      throw new VerifyError(
        `${name} takes a value`,
        "Write the value after it; --help lists the options",
      );
    }
    // What stands alone may be a URL with a password: it is not repeated.
    throw new VerifyError(
      /^Unexpected/.test(message)
        ? "an argument stands alone, without an option before it"
        : message.charAt(0).toLowerCase() + message.slice(1),
      "--help lists the options",
    );
  }
  const secret = /:\/\/.*[@?]|[^\s:]:[^\s]+@|\b(password|passwd|pwd)\s*=/i;
  for (const [name, given] of Object.entries(values)) {
    if (/^(server|rehearse)$/.test(name) || !secret.test(String(given))) {
      continue;
    }
    throw new VerifyError(
      `--${name} was given what looks like a database URL`,
      "Put --server before it",
    );
  }
  const number = (name: "states" | "seed") => {
    const given = values[name];
    if (given === undefined) return undefined;
    if (/^\d{1,9}$/.test(given)) return Number(given);
    throw new VerifyError(
      `--${name} takes a number, not "${given}"`,
      "Write it in digits",
    );
  };
  for (const name of ["live", "write"] as const) {
    if (!values[name] || values.scaffold) continue;
    throw new VerifyError(
      `--${name} belongs to --scaffold`,
      `Write --scaffold --${name}`,
    );
  }
  if (values.plan !== undefined && values.rehearse === undefined) {
    throw new VerifyError(
      "--plan belongs to --rehearse",
      "Write --rehearse URL --plan FILE",
    );
  }
  const format = values.format ?? "text";
  if (!["text", "json", "markdown"].includes(format)) {
    throw new VerifyError(
      `there is no format "${format}"`,
      "Use text, json or markdown",
    );
  }
  return {
    script: values.script ?? "sync-production-schema.ts",
    models: values.models ?? firstOf("schema.ts", "schema.sql"),
    guide: values.guide ?? join("docs", "deployment", "SCHEMA_SYNC_GUIDE.md"),
    skill: values.skill ??
      firstOf("SKILL.md", "../.claude/skills/database-schema-sync/SKILL.md"),
    static: values.static ?? false,
    scaffold: values.scaffold ?? false,
    live: values.live ?? false,
    write: values.write ?? false,
    updateGuide: values["update-guide"] ?? false,
    states: number("states"),
    seed: number("seed") ?? 1,
    quick: values.quick ?? false,
    keepGoing: values["keep-going"] ?? false,
    servers: values.server ?? [],
    server: values.server?.[0],
    schema: values.schema,
    replay: values.replay,
    rehearse: values.rehearse,
    plan: values.plan,
    rowsFile: values.rows,
    rows: "",
    format,
    verbose: values.verbose ?? false,
  };
}

/** The first of these files that is there, or the usual one. */
function firstOf(...files: [string, ...string[]]): string {
  return files.find(exists) ?? files[0];
}

if ("WorkerGlobalScope" in globalThis) {
  const worker = self as unknown as Worker;
  worker.onmessage = ({ data }) =>
    void help(
      data[0],
      data[1],
      data[2],
      (message) => worker.postMessage(message),
    );
} else if (import.meta.main) Deno.exit(await main(Deno.args));
