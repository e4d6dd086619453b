/**
 * The documents say what is true: the help, the versions, the part list.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import {
  anywhere,
  connect,
  PERMISSIONS,
  readOutput,
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
import { init } from "../references/init.ts";
import { screenshot } from "./screenshot.ts";
import { sealed } from "../verify-sync-script.ts";

const root = join(import.meta.dirname!, "..");
/** Whether the outputs that documents show are to be written anew. */
const UPDATE = !!Deno.env.get("UPDATE_DOCS");
/** Whether each example is proved as a whole, which takes minutes. */
const PROVE = !!Deno.env.get("PROVE_EXAMPLES");
const read = (path: string) => Deno.readTextFileSync(join(root, path));

Deno.test("README shows --help as it is", async () => {
  const { stdout } = await sync(["--help"]);
  const [, shown] = /<!-- help -->\s+```text\n(.*?)```/s.exec(
    read("README.md"),
  ) ?? [];
  assert.equal(shown, stdout);
});

Deno.test("the README's picture is of a dry run as it is", async () => {
  assert.equal(await screenshot(), read("docs/dry-run.svg"));
});

Deno.test("the Deno version is the same wherever it stands", () => {
  const version = read(".dvmrc").trim();
  const files = [
    ...["README.md", "SKILL.md", GUIDE, "deploy.sh"],
    "docs/deployment/github-actions.yml",
  ];
  for (const file of files) {
    const said = [
      ...read(file).matchAll(/deno(?:@|==|:(?:bin-)?)(\d[\d.]+\d)/g),
    ];
    assert.ok(said.length > 0, file);
    for (const [text, other] of said) assert.equal(other, version, text);
  }
});

Deno.test("deploys ask for what the first line asks for, and lock what it loads", () => {
  const flags = (text: string) =>
    text.match(/--(?:no-prompt|node-modules|allow)[^\s'"]*/g);
  const [first = ""] = read("sync-production-schema.ts").split("\n");
  assert.deepEqual(flags(read("deploy.sh")), flags(first));
  const [all, own] = ["deno.lock", "deploy.lock"].map((f) =>
    JSON.parse(read(f))
  );
  const [client = ""] = Object.keys(own.npm);
  assert.ok(
    read("sync-production-schema.ts").includes(`import("npm:${client}")`),
  );
  assert.deepEqual(own, {
    version: all.version,
    specifiers: { [`npm:${client}`]: client.split("@")[1] },
    npm: { [client]: all.npm[client] },
  });
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
  assert.equal(new Set(inline).size, 4);
  for (const specifier of inline) {
    assert.ok(Object.values(imports).includes(specifier), specifier);
  }
});

Deno.test("deno task sync asks for what the first line asks for", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const [first = ""] = read("sync-production-schema.ts").split("\n");
  const flags = (text: string) => text.match(/--[\w-]+[^\s']*/g);
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

// ═══ Documents ═════════════════════════════════════════════════════════════

const GUIDE = "docs/deployment/SCHEMA_SYNC_GUIDE.md";
const EXAMPLES = "references/workflow-examples.md";
const DOCUMENTS = [
  "README.md",
  "SKILL.md",
  GUIDE,
  EXAMPLES,
  "references/sync-vs-alembic.md",
];

Deno.test("README shows the verifier's --help as it is", async () => {
  const { stdout } = await shell("./verify-sync-script.ts --help", root);
  const [, shown] = /<!-- verify help -->\s+```text\n(.*?)```/s.exec(
    read("README.md"),
  ) ?? [];
  assert.equal(shown, stdout);
});

Deno.test("deno task verify asks for what the first line asks for", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const [first = ""] = read("verify-sync-script.ts").split("\n");
  const flags = (text: string) => text.match(/--[\w-]+[^\s']*/g);
  assert.deepEqual(flags(tasks.verify.command), flags(first));
});

Deno.test("SKILL.md has the front matter of a skill, and is short", () => {
  const text = read("SKILL.md");
  const [, head = ""] = /^---\n([^]*?)\n---\n/.exec(text) ?? [];
  const [, name = "", folded = ""] =
    /^name: (.*)\ndescription: >-\n((?: {2}.*\n?)+)$/.exec(head) ?? [];
  const description = folded.replaceAll(/\n? {2}/g, " ").trim();
  assert.equal(name, "database-schema-sync");
  assert.match(name, /^[a-z0-9-]{1,64}$/);
  assert.ok(description.length > 100 && description.length < 1024);
  assert.doesNotMatch(description, /[<>]/);
  for (
    const word of ["table", "column", "index", "deploy", "--dry-run", "never"]
  ) assert.ok(description.includes(word), word);
  assert.ok(text.trimEnd().split("\n").length < 200);
  assert.ok(text.includes("verify-sync-script.ts"));
});

Deno.test("every link of the documents leads somewhere", () => {
  for (const document of DOCUMENTS) {
    const links = [...prose(read(document)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = ""]) => link);
    for (const link of links.filter((link) => !/^https:/.test(link))) {
      const [path = "", anchor] = link.split("#");
      const target = path === ""
        ? document
        : join(document, "..", decodeURIComponent(path));
      assert.ok(exists(target), `${document}: ${link}`);
      if (anchor === undefined) continue;
      assert.ok(
        anchorsOf(read(target)).includes(anchor),
        `${document}: ${link}`,
      );
    }
  }
});

/** Headings as GitHub makes anchors of them. */
function anchorsOf(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-")
  );
}

Deno.test("the documents name every option, and none that is not there", async () => {
  const options = (text: string) =>
    [...text.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([option]) => option);
  const helps = await Promise.all(
    ["sync-production-schema.ts", "verify-sync-script.ts"].map((program) =>
      shell(`./${program} --help`, root)
    ),
  );
  const known = new Set(helps.flatMap(({ stdout }) => options(stdout)));
  // The engine parses what its help lists, so it is the verifier's that may lack.
  const source = read("verify-sync-script.ts");
  const [, list = ""] = /parseArgs\(\{([^]*?)\n {6}\},\n/.exec(source) ?? [];
  const parsed = [...list.matchAll(/^ {8}"?([\w-]+)"?:/gm)]
    .map(([, name]) => `--${name}`);
  assert.ok(parsed.length > 10);
  for (const option of parsed) assert.ok(known.has(option), option);
  const told = DOCUMENTS.slice(0, 4).flatMap((document) =>
    options(
      read(document).replaceAll(FOREIGN_OPTIONS, "")
        .replaceAll(/```mermaid[^]*?```|^#!.*/gm, ""),
    )
  );
  for (const option of known) assert.ok(told.includes(option), option);
  for (const option of told) assert.ok(known.has(option), option);
});

/** Options of other programs that the documents name. */
const FOREIGN_OPTIONS =
  /--allow-write=PATH|--node-modules-dir|--quiet|--against|--agent|--schema-only|--cwd|--save-exact|--from=|--cached|--no-config|--lock=|--frozen/g;

Deno.test("the guide's generated parts are what the models say", async () => {
  await withCopy(async (copy) => {
    const { code, stdout, stderr } = await shell(
      "deno task --quiet verify --static --update-guide",
      copy,
    );
    assert.equal(code, 0, stdout + stderr);
    const now = Deno.readTextFileSync(join(copy, GUIDE));
    assert.equal(now, read(GUIDE));
  });
});

Deno.test("every column of the models says what it is for", () => {
  const [, tables = ""] =
    /<!-- generated: tables -->([^]*?)<!-- end generated -->/
      .exec(read(GUIDE)) ?? [];
  const rows = [...tables.matchAll(/^\| `(\w+)`.*\|(.*)\|$/gm)];
  assert.ok(rows.length > 65);
  for (const [row, , meaning] of rows) assert.match(meaning!, /\S/, row);
});

Deno.test("the guide tells of the warnings and errors that there are", () => {
  // Messages are put together from pieces of source.
  const source = read("sync-production-schema.ts")
    .replaceAll(/[`"]\s*\+\s*[`"]/g, "").replaceAll(/\s+/g, " ");
  const part = (title: string) =>
    new RegExp(`^## ${title}\n([^]*?)^## `, "m").exec(read(GUIDE))?.[1] ?? "";
  const warnings = part("Acting on a warning").split("\n")
    .filter((line) => /^\| `/.test(line))
    .flatMap((line) =>
      [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, w]) => w!)
    );
  assert.ok(warnings.length >= 15);
  for (const warning of warnings) {
    // Two messages are made of a beginning and what follows it.
    const [, start = "", rest = warning] =
      /^(has a different|may not) (.*)$/.exec(warning) ?? [];
    const end = start === "has a different" ? `"${rest}"` : rest;
    assert.ok(source.includes(start) && source.includes(end), warning);
  }
  const hazards = [...part("Hazards").matchAll(/^\| `([a-z]+)[:`]/gm)];
  assert.deepEqual(
    hazards.map(([, hazard]) => hazard).sort(),
    ["blocking", "conflict", "drop", "rename", "replace", "rewrite"],
  );
});

// ═══ Commands ══════════════════════════════════════════════════════════════

/** What a document says to run and the tests do not, and why. */
const NOT_RUN: [RegExp, string][] = [
  [/ task test$/, "it would run these tests"],
  [/drop:users\.legacy_name/, "no step drops it here, so it is no hazard"],
];

/** What is run in another form, and why. */
const RUN_AS: [RegExp, string, string][] = [
  [/^npx -y deno@[\d.]+ /, "deno ", "the version is compared by a test"],
  [/ verify(?! --static)/, " verify --static", "the whole proof takes long"],
  [/^(.*--init) .*/, "mkdir shop && $1 shop", "there is no other repository"],
];

/** A command in the form in which the tests run it. */
function runAs(command: string): string {
  return RUN_AS.reduce((text, [from, to]) => text.replace(from, to), command);
}

Deno.test("every command of the documents runs", async (t) => {
  const server = await startServer(18);
  // Those of the examples and of the skill are run by tests of their own.
  const others = DOCUMENTS.filter((name) =>
    name !== EXAMPLES && name !== "SKILL.md"
  );
  const left = new Set(NOT_RUN);
  try {
    for (const document of others) {
      const all = blocksOf(read(document)).flatMap(shellCommands);
      const commands = all.filter((command) => {
        const reason = NOT_RUN.find(([pattern]) => pattern.test(command));
        if (reason) left.delete(reason);
        return !reason;
      });
      await t.step(
        document,
        () =>
          withCopy((copy) =>
            server.withDatabase(async (url) => {
              const [own, above] = document === GUIDE
                ? await putInto(join(copy, "shop"), copy)
                : [copy, copy];
              for (const command of commands) {
                const elsewhere = command.includes("schema-sync/") ||
                  command.includes("--cwd");
                await succeeds(command, elsewhere ? above : own, url);
              }
            })
          ),
      );
    }
    assert.equal(left.size, 0, "an exception that no document needs");
  } finally {
    await server.stop();
  }
});

/** What --init makes, with this project's own steps; and the folder above. */
async function putInto(repository: string, copy: string) {
  Deno.mkdirSync(repository);
  await init(repository, "schema.ts", (...told) => new Error(told.join()));
  const own = join(repository, "schema-sync");
  for (const file of ["sync-production-schema.ts", "schema.ts"]) {
    Deno.copyFileSync(join(root, file), join(own, file));
  }
  Deno.copyFileSync(join(root, GUIDE), join(own, GUIDE));
  Deno.renameSync(join(copy, "new"), join(own, "new"));
  // A hook looks at what is to be committed.
  await shell("git init -q && git add -A", repository);
  return [own, repository] as const;
}

async function succeeds(command: string, copy: string, url: string) {
  const env = { DATABASE_URL: url };
  const { code, stdout, stderr } = await shell(runAs(command), copy, env);
  const pending = command.includes("--detailed-exitcode") ? 2 : 0;
  assert.ok([0, pending].includes(code), `${command}\n${stdout}${stderr}`);
  assert.doesNotMatch(stderr, /^error/m, command);
}

/** The commands in a block, whatever file it shows. */
function shellCommands(block: Block): string[] {
  const all = (pattern: RegExp) =>
    [...block.text.matchAll(pattern)].map(([, command = ""]) => command);
  switch (block.info) {
    case "sh":
      return commandsOf(block);
    case "procfile":
      return all(/^\w+: (.*)$/gm);
    case "yaml":
      return [
        ...all(/^\s*(?:- run|entry|preDeployCommand): (.*)$/gm),
        ...all(/^\s*- ((?:sh|npx) .*)$/gm),
        ...all(/^\s*args: (\[.*\])$/gm).map(entry),
      ];
    case "toml":
      return all(/_command = "(.*)"$/gm);
    case "bash hook":
      return [block.text];
    case "json":
      return all(/Command": \["(.*)"\]/g);
    case "dockerfile":
      return [...all(/^RUN (.*)$/gm), ...all(/^CMD (\[.*\])$/gm).map(entry)];
    default:
      return [];
  }
}

/** What a container runs: the script with these arguments. */
function entry(list: string): string {
  return ["./sync-production-schema.ts", ...JSON.parse(list)].join(" ");
}

Deno.test("SKILL.md leads through a whole change", async () => {
  const blocks = blocksOf(read("SKILL.md"));
  const text = (info: string) =>
    blocks.find((block) => block.info === info)?.text ?? "";
  const [before, ...after] = blocks.filter(({ info }) => info === "sh")
    .flatMap(commandsOf);
  await withCopy(async (copy) => {
    const run = async (command: string) => {
      const output = await shell(runAs(command), copy);
      assert.equal(output.code, 0, command + output.stdout + output.stderr);
      return output.stdout;
    };
    const edit = (path: string, change: (text: string) => string) => {
      const file = join(copy, path), old = Deno.readTextFileSync(file);
      assert.notEqual(change(old), old);
      Deno.writeTextFileSync(file, change(old));
    };
    await run(before!);
    edit("schema.ts", (old) =>
      (old + text("ts models")).replace(
        /pgTable\("projects", \{\n/,
        (head) => head + text("ts column"),
      ));
    edit(
      "sync-production-schema.ts",
      (old) =>
        old.replace(/(?=\];\n\n\/\/ ─── End of the steps)/, text("ts steps")),
    );
    assert.equal(after.length, 4);
    const [planned, proved, , left] = [
      await run(after[0]!),
      await run(after[1]!),
      await run(after[2]!),
      await run(after[3]!),
    ];
    assert.match(planned, /Plan \w+: 5 to change, \d+ in place\./);
    assert.match(planned, /\nThe embedded database .*rows.*: .*hazards.*\n$/);
    assert.match(proved, /^Proved/m);
    assert.match(left, /^In sync/m);
    const guide = Deno.readTextFileSync(join(copy, GUIDE));
    assert.ok(guide.includes("A file attached to a task."));
    assert.ok(guide.includes("The code on invoices;"));
  });
});

Deno.test("the guide's grants are enough for an apply, and for a dry run", async (t) => {
  const grants = (info: string) => {
    const found = blocksOf(read(GUIDE)).find((block) => block.info === info);
    return found?.text ?? assert.fail(info);
  };
  for (const major of [14, 18] as const) {
    const server = await startServer(major);
    const admin = connect(server.url());
    await admin`CREATE DATABASE app`;
    const sql = connect(server.url("app"));
    const by = (role: string) => ({ url: server.url("app", role) });
    try {
      await t.step(`PostgreSQL ${major}`, async () => {
        await sql.unsafe(`CREATE ROLE app_owner; CREATE ROLE app LOGIN;
          REVOKE ALL ON DATABASE app FROM PUBLIC;
          REVOKE ALL ON SCHEMA public FROM PUBLIC;
          GRANT CONNECT ON DATABASE app TO app`).simple();
        await sql.unsafe(grants("sql grants")).simple();
        await sql.unsafe(grants("sql grants application")).simple();
        const fresh = await sync(["--apply"], by("schema_sync"));
        assert.equal(fresh.code, 0, fresh.stderr);
        const app = connect(server.url("app", "app"));
        await app`INSERT INTO organizations (name, slug) VALUES ('A', 'a')`;
        await app`INSERT INTO teams (organization_id, name)
          SELECT id, 'Web' FROM organizations`;
        await app.end();

        await sql.unsafe(`GRANT USAGE, CREATE ON SCHEMA public TO app_owner;
          ALTER TABLE teams OWNER TO app_owner;
          ALTER TABLE teams DROP COLUMN created_at`).simple();
        const foreign = await sync(["--apply"], by("schema_sync"));
        assert.equal(foreign.code, 1);
        await sql.unsafe(grants("sql grants owner")).simple();
        const member = await sync(["--apply"], by("schema_sync"));
        assert.equal(member.code, 0, member.stderr);

        await sql.unsafe(grants("sql grants reading")).simple();
        await sql`ALTER TABLE users DROP COLUMN last_seen_at`;
        const { code, stdout } = await sync(["--dry-run"], by("schema_reader"));
        assert.equal(code, 0);
        assert.match(stdout, /⚠ public .* may not create in this schema/);
        assert.match(stdout, /⚠ users .* may not alter this table/);

        await sql.unsafe(grants("sql grants watching")).simple();
        await sql.begin(async (sql) => {
          await sql`LOCK TABLE users IN SHARE MODE`;
          const { stderr } = await sync(
            ["--apply", "--max-wait", "1s"],
            by("schema_sync"),
          );
          assert.match(stderr, /idle in transaction.*LOCK TABLE users/);
        });
      });
    } finally {
      await sql.end();
      await admin.end();
      await server.stop();
    }
  }
});

Deno.test("an older release's steps do what the guide says of a rollback", async () => {
  const server = await startServer(18);
  const older = `createEnum("mood", ["sad", "ok"]), createTable("pets", {
    id: "integer PRIMARY KEY", name: "text DEFAULT 'Rex'", age: "integer" })`;
  const added = `${older}, addColumn("pets", "kind", "text")`;
  const otherwise = added.replace("Rex", "Kim");
  const conflicts = [
    added.replace(`"ok"]`, `"ok", "glad"]`),
    added.replace(`age: "integer"`, `age: "integer DEFAULT 1"`),
    added.replace(`age: "integer"`, `age: "integer NOT NULL"`),
  ];
  try {
    for (const newer of [added, otherwise, ...conflicts]) {
      await server.withDatabase(async (url, sql) => {
        const run = async (steps: string, ...args: string[]) =>
          (await sync(["--apply", ...args], { url, steps })).code;
        assert.equal(await run(newer), 0);
        assert.equal(await run(older), conflicts.includes(newer) ? 3 : 0);
        assert.equal(await run(older, "--allow", "conflict"), 0);
        const [row] = await sql`INSERT INTO pets (id, age) VALUES (1, 2)
          RETURNING name, kind`;
        assert.deepEqual({ ...row }, { name: "Rex", kind: null });
      });
    }
  } finally {
    await server.stop();
  }
});

Deno.test("the guide's upgrade takes the new engine and keeps the steps", async () => {
  const part = partsOf(read(GUIDE)).find(({ title }) =>
    title === "Upgrading the engine"
  );
  const commands = part!.blocks.flatMap(commandsOf);
  const upgrade = commands.filter((command) => command.includes("--upgrade"));
  assert.equal(upgrade.length, 2);
  await withCopy(async (copy) => {
    for (const command of upgrade) {
      const { code, stderr } = await shell(command, copy);
      assert.equal(code, 0, stderr);
    }
    const version = await shell("./sync-production-schema.ts --version", copy);
    assert.match(version.stdout, /^9\.9\.9 \(Deno /);
    const merged = join(copy, "sync-production-schema.ts");
    assert.equal(
      Deno.readTextFileSync(merged),
      ofNextVersion(read("sync-production-schema.ts")),
    );
  });
});

/** The script as a later release has it. */
function ofNextVersion(script: string): string {
  return sealed(script.replace(/(VERSION = )"[^"]*"/, '$1"9.9.9"')) ?? "";
}

/** Calls the function with a copy of what git holds of the project. */
async function withCopy(use: (copy: string) => Promise<void>) {
  const copy = await Deno.makeTempDir({ prefix: "docs-" });
  try {
    const listed = await shell(
      "git ls-files --cached --others --exclude-standard",
      root,
    );
    for (const file of listed.stdout.split("\n").filter(Boolean)) {
      Deno.mkdirSync(join(copy, file, ".."), { recursive: true });
      Deno.copyFileSync(join(root, file), join(copy, file));
    }
    // For the guide's upgrade: a newer engine, with no steps of ours.
    Deno.mkdirSync(join(copy, "new"));
    Deno.writeTextFileSync(
      join(copy, "new", "sync-production-schema.ts"),
      ofNextVersion(
        read("sync-production-schema.ts").replace(
          /(sections: Section\[\] = \[)[^]*?(?=\n\];\n\n\/\/ ─── End)/,
          "$1",
        ),
      ),
    );
    await use(copy);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

/** Runs a command as a shell does, with this Deno as `deno`. */
async function shell(
  command: string,
  cwd: string,
  env: Record<string, string> = {},
) {
  const bin = join(Deno.execPath(), "..");
  return await readOutput(
    new Deno.Command("sh", {
      args: ["-c", command],
      cwd,
      env: {
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        NO_COLOR: "1",
        ...env,
      },
      stdin: "null",
    }),
  );
}

function exists(path: string): boolean {
  try {
    return !!Deno.statSync(join(root, path));
  } catch {
    return false;
  }
}

// ═══ Worked examples ═══════════════════════════════════════════════════════

Deno.test("every worked example does what it says", async (t) => {
  const server = await startServer(18);
  try {
    const examples = partsOf(read(EXAMPLES)).filter(({ blocks }) =>
      blocks.length > 0
    );
    assert.ok(examples.length >= 15);
    const queue = [...examples];
    const shown = new Map<Block, string>();
    // Side by side: most of the time goes into starting processes.
    await Promise.all((PROVE ? [1] : [1, 2, 3]).map(async () => {
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
    if (UPDATE) updateBlocks(EXAMPLES, shown);
    for (const [block, text] of shown) assert.equal(block.text, text);
  } finally {
    await server.stop();
    Deno.removeSync(scratch(), { recursive: true });
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
    const state = { server, url, script: "", models: "", modelsFile: "" };
    const deploys = deploysOf(blocks);
    for (const deploy of deploys) {
      await playDeploy(deploy, state, sql, shown);
      await settled(state, url, deploy === deploys.at(-1));
      await proved(state);
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
  if (models) Object.assign(state, await readModels(models));
  const [steps] = texts("ts steps");
  state.script = writeExample(steps ?? "");
  for (const block of deploy.filter(({ info }) => info === "text")) {
    const [command = ""] = block.text.split("\n");
    const { code, stdout, stderr } = await runExample(state, command.slice(2));
    assert.equal(code, 0, stderr);
    // The first line names the server.
    const lines = anywhere(stdout).split("\n").slice(1);
    shown.set(block, [command, ...lines].join("\n"));
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
  /** The models as SQL, and where they stand as they were written. */
  models: string;
  modelsFile: string;
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

async function readModels({ info, text }: Block) {
  const suffix = info === "sql models" ? ".sql" : ".ts";
  const modelsFile = Deno.makeTempFileSync({ dir: scratch(), suffix });
  if (suffix === ".sql") {
    Deno.writeTextFileSync(modelsFile, text);
    return { models: text, modelsFile };
  }
  const pg = await import("drizzle-orm/pg-core");
  const names = Object.keys(pg).filter((name) => /^[a-z]\w*$/.test(name));
  Deno.writeTextFileSync(
    modelsFile,
    `import { sql } from "drizzle-orm";\nimport { ${names.join(", ")} } ` +
      `from "drizzle-orm/pg-core";\n${text}`,
  );
  const { generateDrizzleJson, generateMigration } = await import(
    "drizzle-kit/api"
  );
  const snapshot = generateDrizzleJson(await import(`file://${modelsFile}`));
  const none = generateDrizzleJson({});
  const statements = await generateMigration(none, snapshot);
  return { models: statements.join("\n"), modelsFile };
}

/**
 * The verifier takes the example's steps and models for each other's. It knows
 * what builders make, but reads the SQL of longhand steps.
 */
async function proved({ script, modelsFile }: Example) {
  const longhand = /CREATE TABLE/.test(Deno.readTextFileSync(script));
  if (!PROVE && !longhand) return;
  const guide = join(script, "..", "GUIDE.md");
  Deno.writeTextFileSync(
    guide,
    "<!-- generated: tables -->\n<!-- end generated -->\n",
  );
  const how = PROVE ? "--update-guide --states 10" : "--static";
  const { code, stdout, stderr } = await shell(
    `./verify-sync-script.ts --script ${script} --models ${modelsFile} ` +
      `--guide ${guide} ${how}`,
    root,
  );
  assert.match(stdout, /^✓ static/m, stdout + stderr);
  if (PROVE) assert.equal(code, 0, stdout + stderr);
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
    Deno.makeTempDirSync({ dir: scratch() }),
    "sync-production-schema.ts",
  );
  const names = [
    ...read("sync-production-schema.ts")
      .matchAll(/^export (?:async )?function (\w+)/gm),
  ].map(([, name]) => name);
  const engine = JSON.stringify(`file://${SCRIPT}`);
  Deno.writeTextFileSync(
    file,
    `${read("sync-production-schema.ts").split("\n")[0]}\n` +
      `import { ${names.join(", ")} } from ${engine};\n` +
      `export * from ${engine};\nexport const sections = [\n${sections}\n];\n` +
      "if (import.meta.main) Deno.exit(await main(sections, Deno.args));\n",
  );
  return file;
}

/** Runs a command of an example with the example's script. */
async function runExample({ url, script }: Example, command: string) {
  const [program, ...args] = command.split(" ");
  assert.equal(program, "./sync-production-schema.ts");
  return await readOutput(
    new Deno.Command(Deno.execPath(), {
      args: ["run", ...PERMISSIONS, script, ...args],
      cwd: join(script, ".."),
      env: { DATABASE_URL: url, NO_COLOR: "1" },
      stdin: "null",
    }),
  );
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

/** A document without its fenced blocks. */
function prose(text: string): string {
  return text.replaceAll(/^( *)```.*\n[^]*?^\1```$/gm, "");
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
