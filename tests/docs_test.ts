/**
 * The documents say what is true: the help, the versions, the part list.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import {
  connect,
  PERMISSIONS,
  SCRIPT,
  type Server,
  startServer,
  sync,
} from "./helpers.ts";
import {
  inspect,
  parseTarget,
  runChanges,
  Session,
} from "../sync-production-schema.ts";

const root = join(import.meta.dirname!, "..");
/** Whether the outputs that documents show are to be written anew. */
const UPDATE = !!Deno.env.get("UPDATE_DOCS");
const read = (path: string) => Deno.readTextFileSync(join(root, path));

Deno.test("README shows --help as it is", async () => {
  const { stdout } = await sync(["--help"]);
  const [, shown] = /<!-- help -->\s+```text\n(.*?)```/s.exec(
    read("README.md"),
  ) ?? [];
  assert.equal(shown, stdout);
});

Deno.test("the Deno version is the same wherever it stands", () => {
  const version = read(".dvmrc").trim();
  const said = [...read("README.md").matchAll(/deno@([\d.]+)/g)].map(([, v]) =>
    v
  );
  assert.ok(said.length >= 2);
  for (const other of said) assert.equal(other, version);
});

Deno.test("the script pins what deno.json pins", () => {
  const { imports } = JSON.parse(read("deno.json")) as {
    imports: Record<string, string>;
  };
  const inline = [
    ...read("sync-production-schema.ts").matchAll(
      /"(npm:[^"]+@\d[^"/]*)"/g,
    ),
  ].map(([, specifier]) => specifier!);
  assert.equal(new Set(inline).size, 3);
  for (const specifier of inline) {
    assert.ok(Object.values(imports).includes(specifier), specifier);
  }
});

Deno.test("deno task sync asks for what the first line asks for", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const [first = ""] = read("sync-production-schema.ts").split("\n");
  const flags = (text: string) => text.match(/--[\w-]+\S*/g);
  assert.deepEqual(flags(tasks.sync.command), flags(first));
  assert.ok(Deno.statSync(SCRIPT).mode! & 0o100, "the script has its run bit");
});

Deno.test("the header lists the parts in their order", () => {
  const text = read("sync-production-schema.ts");
  const [, list = ""] = /Parts, in this order: ([^]*?)\./.exec(text) ?? [];
  const parts = list.replaceAll(/\s*\n \* /g, " ").split(", ");
  const banners = [...text.matchAll(/^\/\/ ═══ ([\w ]+) ═+$/gm)]
    .map(([, name]) => name);
  assert.deepEqual(parts, banners);
});

Deno.test("README names every builder", () => {
  const text = read("README.md");
  const [engine = ""] = read("sync-production-schema.ts")
    .split("// ═══ SQL text").slice(0, 1);
  const builders = [...engine.matchAll(/^export function (\w+)\(/gm)];
  assert.ok(builders.length > 20);
  for (const [, name] of builders) assert.ok(text.includes(name!), name);
});

// ═══ Worked examples ═══════════════════════════════════════════════════════

Deno.test("every worked example does what it says", async (t) => {
  const path = "references/workflow-examples.md";
  const server = await startServer(18);
  try {
    const examples = partsOf(read(path)).filter(({ blocks }) =>
      blocks.length > 0
    );
    assert.ok(examples.length >= 15);
    const queue = [...examples];
    const shown = new Map<Block, string>();
    // Three side by side: most of the time goes into starting processes.
    await Promise.all([1, 2, 3].map(async () => {
      for (let next; (next = queue.shift());) {
        const { title, blocks } = next;
        await t.step({
          name: title,
          fn: () => playExample(server, blocks, shown),
          sanitizeExit: false,
          sanitizeOps: false,
          sanitizeResources: false,
        });
      }
    }));
    if (UPDATE) updateBlocks(path, shown);
    for (const [block, text] of shown) assert.equal(block.text, text);
  } finally {
    await server.stop();
  }
});

/**
 * Plays an example deploy by deploy. Its blocks are SQL before, models, steps,
 * dry runs, commands, and SQL after, of which each statement must say true.
 */
async function playExample(
  server: Server,
  blocks: Block[],
  shown: Map<Block, string>,
) {
  await server.withDatabase(async (url, sql) => {
    const state: Example = { server, url, script: "", models: "" };
    const deploys = deploysOf(blocks);
    for (const deploy of deploys) {
      await playDeploy(deploy, state, sql, shown);
      await settled(state, url, deploy === deploys.at(-1));
    }
  });
}

/** Each deploy has steps of its own; models only where they change. */
function deploysOf(blocks: Block[]): Block[][] {
  const deploys: Block[][] = [];
  for (const block of blocks) {
    const current = deploys.at(-1);
    const begins = / (models|steps)$/.test(block.info) &&
      current?.some(({ info }) => info === "ts steps");
    if (current && !begins) current.push(block);
    else deploys.push([block]);
  }
  return deploys;
}

async function playDeploy(
  deploy: Block[],
  state: Example,
  sql: postgres.Sql,
  shown: Map<Block, string>,
) {
  const texts = (info: string) =>
    deploy.filter((block) => block.info === info).map(({ text }) => text);
  for (const text of texts("sql before")) await sql.unsafe(text).simple();
  const models = deploy.find(({ info }) => / models$/.test(info));
  if (models) state.models = await modelsAsSql(models);
  const [steps] = texts("ts steps");
  state.script = writeExample(steps ?? "");
  for (const block of deploy.filter(({ info }) => info === "text")) {
    const [command = ""] = block.text.split("\n");
    const { code, stdout, stderr } = await runExample(state, command.slice(2));
    assert.equal(code, 0, stderr);
    // The first line names the server.
    shown.set(block, [command, ...stdout.split("\n").slice(1)].join("\n"));
  }
  const commands = deploy.filter(({ info }) => info === "sh")
    .flatMap(commandsOf);
  for (const command of commands.length > 0 ? commands : [APPLY]) {
    const { code, stderr } = await runExample(state, command);
    assert.equal(code, 0, stderr);
  }
  for (const text of texts("sql after")) await holds(state.url, text);
}

interface Example {
  server: Server;
  url: string;
  /** The file with the steps. */
  script: string;
  /** The models as SQL. */
  models: string;
}

const APPLY = "./sync-production-schema.ts --apply";

/** Another run finds nothing to do; other starts end where this one did. */
async function settled(state: Example, url: string, last: boolean) {
  const { sections } = await import(`file://${state.script}`);
  const plan = async (url: string, run = true) => {
    const session = await Session.open(parseTarget(url));
    try {
      const plan = await inspect(session, sections, PLAN_OPTIONS);
      if (run) await runChanges(session, plan);
      return plan;
    } finally {
      await session.end();
    }
  };
  const { changes, issues } = await plan(url, false);
  assert.deepEqual([changes, issues], [[], []], "a second run");
  const reached = await describe(url);
  if (last) {
    await state.server.withDatabase(async (url) => {
      await plan(url);
      assert.equal(await describe(url), reached, "from an empty database");
    });
  }
  await state.server.withDatabase(async (url, sql) => {
    await sql.unsafe(state.models).simple();
    const kept = reached.split("\n").filter((line) =>
      !hidden(state.script).some((name) => line.includes(name))
    );
    assert.equal(await describe(url), kept.join("\n"), "the models");
    await plan(url);
    assert.equal(await describe(url), reached, "from the models' database");
  });
}

const PLAN_OPTIONS = {
  schema: "public",
  single: false,
  only: [],
  skip: [],
  probeTimeout: 5000,
};

/** The columns that the models do not have, on purpose. */
function hidden(script: string): string[] {
  const text = Deno.readTextFileSync(script);
  const pattern = /notModelled\(addColumn\("(\w+)", "(\w+)"/g;
  return [...text.matchAll(pattern)].map(([, t, c]) => `${t}.${c} `);
}

/** Tables, columns, constraints, indexes and labels, as PostgreSQL prints. */
async function describe(url: string): Promise<string> {
  const sql = connect(url);
  const [row] = await sql`SELECT string_agg(x, E'\n' ORDER BY x) AS all FROM (
    SELECT format('%s.%s %s %s', attrelid::regclass, attname,
      format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN 'NOT NULL' END)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('%s %s %s', conrelid::regclass, conname,
      pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      AND contype <> 'n'
    UNION ALL
    SELECT pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE
      ' INVALID' END
    FROM pg_index JOIN pg_class i ON i.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s', enumtypid::regtype, enumlabel) FROM pg_enum
  ) f (x)`;
  await sql.end();
  return row?.all;
}

/** Each line of statements must end with a row that says true. */
async function holds(url: string, text: string) {
  for (const statement of text.split(/;\n/).filter((part) => part.trim())) {
    // A role of the statement's own must not outlive it.
    const sql = connect(url);
    try {
      const rows = await sql.unsafe(statement).simple();
      const last = (rows as unknown as unknown[]).flat().at(-1);
      assert.deepEqual(Object.values(last ?? {}), [true], statement);
    } finally {
      await sql.end();
    }
  }
}

async function modelsAsSql({ info, text }: Block): Promise<string> {
  if (info === "sql models") return text;
  const pg = await import("drizzle-orm/pg-core");
  const names = Object.keys(pg).filter((name) => /^[a-z]\w*$/.test(name));
  const file = Deno.makeTempFileSync({ dir: scratch(), suffix: ".ts" });
  Deno.writeTextFileSync(
    file,
    `import { sql } from "drizzle-orm";\nimport { ${names.join(", ")} } ` +
      `from "drizzle-orm/pg-core";\n${text}`,
  );
  const { generateDrizzleJson, generateMigration } = await import(
    "drizzle-kit/api"
  );
  const module = await import(`file://${file}`);
  const snapshot = generateDrizzleJson(module);
  const none = generateDrizzleJson({});
  return (await generateMigration(none, snapshot)).join("\n");
}

/** Inside the project, where the import map holds; git does not see it. */
function scratch(): string {
  const directory = join(root, ".cache", "docs");
  Deno.mkdirSync(directory, { recursive: true });
  return directory;
}

/** A script of the example's sections, under the name that reports show. */
function writeExample(sections: string): string {
  const file = join(
    Deno.makeTempDirSync({ prefix: "example-" }),
    "sync-production-schema.ts",
  );
  const names = [
    ...read("sync-production-schema.ts")
      .matchAll(/^export (?:async )?function (\w+)/gm),
  ].map(([, name]) => name);
  Deno.writeTextFileSync(
    file,
    `import { ${names.join(", ")} } from ${
      JSON.stringify(`file://${SCRIPT}`)
    };\nexport const sections = [\n${sections}\n];\n` +
      "if (import.meta.main) Deno.exit(await main(sections, Deno.args));\n",
  );
  return file;
}

/** Runs a command of an example with the example's script. */
async function runExample({ url, script }: Example, command: string) {
  const [program, ...args] = command.split(" ");
  assert.equal(program, "./sync-production-schema.ts");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...PERMISSIONS, script, ...args],
    env: { DATABASE_URL: url, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

// ═══ Markdown ══════════════════════════════════════════════════════════════

/** A fenced block: its info string, and what is in it. */
interface Block {
  info: string;
  text: string;
  /** Where that begins in the document. */
  at: number;
}

interface Part {
  title: string;
  blocks: Block[];
}

/** The fenced blocks of a document. */
function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^( *)```(.*)\n([^]*?)^\1```$/gm)].map((
    { 1: indent = "", 2: info = "", 3: body = "", index },
  ) => ({
    info,
    text: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    at: index + indent.length + 3 + info.length + 1,
  }));
}

/** The parts under headings of the second level. */
function partsOf(text: string): Part[] {
  const heads = [...text.matchAll(/^## (.*)$/gm)];
  const blocks = blocksOf(text);
  return heads.map(({ 1: title = "", index }, i) => {
    const end = heads[i + 1]?.index ?? text.length;
    const own = blocks.filter(({ at }) => at > index && at < end);
    return { title, blocks: own };
  });
}

/** The commands of a block, each on one line, without comments. */
function commandsOf({ text }: Block): string[] {
  return text.replaceAll("\\\n", " ").split("\n")
    .map((line) =>
      line.replace(/(^|\s)#.*$/, "").replaceAll(/\s+/g, " ").trim()
    )
    .filter((line) => line !== "");
}

/** Puts what was shown into the document: UPDATE_DOCS=1 deno test … */
function updateBlocks(path: string, shown: Map<Block, string>) {
  let text = read(path);
  const last = [...shown].sort(([a], [b]) => b.at - a.at);
  for (const [block, now] of last) {
    const end = block.at + block.text.length;
    text = text.slice(0, block.at) + now + text.slice(end);
    block.text = now;
  }
  Deno.writeTextFileSync(join(root, path), text);
}
