/**
 * Other people's repositories: what --init puts into one, a package.json beside
 * or above the script, with and without node_modules, and an older Deno.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import {
  fetchPackage,
  readOutput,
  SCRIPT,
  serversOnDemand,
} from "./helpers.ts";
import { sealed } from "../verify-sync-script.ts";
import { OLDEST_DENO, refuseOldDeno } from "../sync-production-schema.ts";

const root = dirname(SCRIPT);
const onServer = serversOnDemand();

const GUIDE = "docs/deployment/SCHEMA_SYNC_GUIDE.md";

/** A client of the same name, and of no use. */
const NODE_MODULES = {
  "node_modules/postgres/package.json":
    `{ "name": "postgres", "version": "3.4.9", "main": "index.js" }`,
  "node_modules/postgres/index.js": "throw new Error('not this one')",
};

const PACKAGE = `{ "name": "shop", "private": true, "dependencies":
  { "postgres": "^3.4.0", "drizzle-orm": "^0.40.0", "own": "workspace:*" } }`;

/** Files of the repository; the script's folder is `tools` or the root. */
const REPOSITORIES: [name: string, folder: string, Record<string, string>][] = [
  ["nothing else", ".", {}],
  ["a package.json beside", ".", { "package.json": PACKAGE }],
  ["a package.json above", "tools", { "package.json": PACKAGE }],
  ["node_modules beside", ".", { "package.json": PACKAGE, ...NODE_MODULES }],
  ["node_modules above", "tools", { "package.json": PACKAGE, ...NODE_MODULES }],
  ["Deno's settings above", "tools", {
    "package.json": PACKAGE,
    "deno.json": `{ "nodeModulesDir": "manual" }`,
  }],
];

/** What is copied, what is called in that folder, and what it must say. */
const CALLS: [files: string[], command: string, says: RegExp][] = [
  [["sync-production-schema.ts"], "./sync-production-schema.ts --dry-run", /P/],
  [
    ["sync-production-schema.ts", "deno.json", "deno.lock"],
    "deno task --quiet sync --dry-run",
    /^Next: /m,
  ],
  [
    ["sync-production-schema.ts", "verify-sync-script.ts", "schema.ts"]
      .concat("deno.json", "deno.lock", "SKILL.md", GUIDE),
    "deno task --quiet verify --static",
    /^Proved: /m,
  ],
];

for (const [name, folder, files] of REPOSITORIES) {
  Deno.test(`script, tasks and verifier work in a repository with ${name}`, async (t) => {
    for (const [copied, command, says] of CALLS) {
      await t.step(
        command,
        () =>
          withRepository(folder, files, copied, async (directory) => {
            await onServer(18, async (url) => {
              const { code, stdout, stderr } = await shell(
                command,
                directory,
                url,
              );
              assert.equal(code, 0, stdout + stderr);
              assert.match(stdout, says);
              assert.doesNotMatch(stderr, /bug/);
            });
          }),
      );
    }
  });
}

// ═══ --init ════════════════════════════════════════════════════════════════

const SKILL = ".claude/skills/database-schema-sync/SKILL.md";
const WORKFLOW = ".github/workflows/schema-sync.yml";
/** What is in the folder whatever the repository, besides the models. */
const PUT = [
  ".gitignore",
  "README.md",
  "deno.json",
  "deno.lock",
  GUIDE,
  "docs/deployment/github-actions.yml",
  "deploy.lock",
  "deploy.sh",
  "docs/plan.schema.json",
  "references/sync-vs-alembic.md",
  "references/workflow-examples.md",
  "sync-production-schema.ts",
  "verify-sync-script.ts",
].map((file) => `schema-sync/${file}`);
const [STEPS_PUT, GUIDE_PUT] = ["sync-production-schema.ts", GUIDE]
  .map((file) => `schema-sync/${file}`) as [string, string];

const DRIZZLE = `import { pgTable, uuid } from "drizzle-orm/pg-core";
export const carts = pgTable("carts", { id: uuid("id").primaryKey() });
`;

interface Repository {
  files: Record<string, string>;
  args?: string[];
  /** What it gets besides what everyone does. */
  puts: string[];
  says?: RegExp[];
  /** Tasks that write its steps, and its guide. */
  steps?: string[];
}

const OTHERS: Record<string, Repository> = {
  "Node, TypeScript and Drizzle": {
    files: {
      "package.json": PACKAGE,
      "tsconfig.json": "{}",
      "src/db/tables.ts": DRIZZLE,
      ".github/dependabot.yml": "version: 2\n",
      ".git/HEAD": "ref: refs/heads/main\n",
    },
    puts: ["schema-sync/schema.ts", WORKFLOW],
    says: [
      /^ {2}tsconfig\.json includes every folder: add "schema-sync" to/m,
      /^ {2}src\/db\/tables\.ts has models already: .* --models src\/db\/tab/m,
    ],
  },
  "Node with models that are there": {
    files: { "package.json": PACKAGE, "src/tables.ts": DRIZZLE },
    args: ["--models", "src/tables.ts"],
    puts: [],
    steps: ["verify --scaffold --write", "verify --static --update-guide"],
  },
  "Node workspaces": {
    files: {
      "package.json": `{ "private": true, "workspaces": ["packages/*"] }`,
      "packages/a/package.json": `{ "name": "a", "version": "1.0.0" }`,
      ...NODE_MODULES,
    },
    puts: ["schema-sync/schema.sql"],
  },
  "Python with GitLab's CI": {
    files: {
      "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n",
      ".gitlab-ci.yml": "test:\n  script: [pytest]\n",
      "AGENTS.md": "# Agents\n\nRun the tests.",
    },
    puts: ["schema-sync/schema.sql"],
    says: [/^ {2}Add to \.gitlab-ci\.yml:\n {4}schema-sync:\n/m],
  },
  "Ruby that wants Drizzle": {
    files: { Gemfile: "gem 'rails'\n", "bin/x": "" },
    args: ["--models", "schema.ts"],
    puts: ["schema-sync/schema.ts"],
    says: [
      /^ {2}Run in your CI on every change: npx -y deno@\S+ task --cwd /m,
    ],
  },
  "Deno with a workspace": {
    files: { "deno.json": `{ "workspace": ["./a"] }`, "a/deno.json": "{}" },
    puts: ["schema-sync/schema.sql"],
  },
};

for (const [name, repository] of Object.entries(OTHERS)) {
  Deno.test(`--init puts all into a repository of ${name}, once`, () => {
    const { files, args = [], puts, says = [], steps = [] } = repository;
    return withRepository(".", files, [], async (directory) => {
      const first = await init(directory, args);
      assert.equal(first.code, 0, first.stderr);
      for (const said of says) assert.match(first.stdout, said);
      const now = readAll(directory);
      const expected = [...PUT, SKILL, "AGENTS.md", ...puts];
      const made = Object.keys(now).filter((file) => !(file in files));
      assert.deepEqual(
        made.sort(),
        expected.filter((file) => !(file in files)).sort(),
      );
      for (const file of made) {
        assert.match(first.stdout, new RegExp(`^ {2}${file} +\\S`, "m"));
      }
      for (const [file, text] of Object.entries(files)) {
        const line = file === "AGENTS.md" ? /\n\nDatabase schema: .*\n$/ : "";
        assert.equal(now[file]!.replace(line, ""), text, file);
      }
      followLinks(now);

      const again = await init(directory, args.slice(2));
      assert.match(
        again.stdout,
        /^Nothing was written: \S+ already has all of it\.$/m,
      );
      assert.doesNotMatch(again.stdout, /^(Kept|Next)/m);
      assert.deepEqual(readAll(directory), now);

      await onServer(18, async (url) => {
        const task = "deno task --quiet --cwd schema-sync";
        const dry = await shell(`${task} sync --dry-run`, directory, url);
        assert.match(dry.stdout, /^In sync: /m, dry.stderr);
        for (const command of [...steps, "verify --static"]) {
          const { code, stdout, stderr } = await shell(
            `${task} ${command}`,
            directory,
            url,
          );
          assert.equal(code, 0, stdout + stderr);
        }
      });
      if (steps.length > 0) {
        await onServer(18, async (url) => {
          const deploy = "sh schema-sync/deploy.sh --dry-run";
          const { stdout } = await shell(deploy, directory, url);
          const next = /^Next: (\.\/schema-sync\/sync-.* --apply .*)$/m.exec(
            stdout,
          );
          const task = "deno task --quiet --cwd schema-sync sync --dry-run";
          const pending = await shell(task, directory, url);
          assert.match(pending.stdout, /^Next: cd schema-sync && \.\/sync-/m);
          const applied = await shell(next?.[1] ?? "false", directory, url);
          assert.match(applied.stdout, /^Applied plan /m, applied.stderr);
        });
      }
      const format = await shell(
        "deno fmt --check",
        `${directory}/schema-sync`,
      );
      assert.equal(format.code, 0, format.stderr);
      // Neither the lock nor anything else needs to be written anew.
      const edited = Object.entries(readAll(directory))
        .filter(([file, text]) => now[file] !== text).map(([file]) => file);
      assert.deepEqual(
        edited.sort(),
        steps.length > 0 ? [GUIDE_PUT, STEPS_PUT] : [],
      );
    });
  });
}

Deno.test("the commented examples of steps and models are one", async (t) => {
  for (const models of ["schema.ts", "schema.sql"]) {
    await t.step(
      models,
      () =>
        withRepository(".", {}, [], async (directory) => {
          await init(directory, ["--models", models]);
          const edit = (file: string, change: (text: string) => string) => {
            const path = join(directory, "schema-sync", file);
            Deno.writeTextFileSync(path, change(Deno.readTextFileSync(path)));
          };
          edit("sync-production-schema.ts", (text) =>
            text.replace(
              /^ {2}\/\/ section[^]*?(?=^\];)/m,
              (example) => example.replaceAll(/^ {2}\/\/ ?/gm, ""),
            ));
          edit(models, (text) =>
            text.replace(
              /^(?:\/\/|--) (?:import|CREATE)[^]*/m,
              (example) => example.replaceAll(/^(?:\/\/|--) ?/gm, ""),
            ));
          const proof = await shell(
            "deno task --quiet --cwd schema-sync verify --quick --update-guide",
            directory,
            "",
          );
          assert.match(proof.stdout, /^✓ static +1 table, 3 columns, 1 index/m);
          assert.match(proof.stdout, /^Proved: /m, proof.stdout + proof.stderr);
          const guide = readAll(directory)[GUIDE_PUT]!;
          assert.match(guide, /^\| `created_at` \| .* DEFAULT now\(\)` \| /m);
        }),
    );
  }
});

Deno.test("--init keeps what it would write otherwise, and names it", () => {
  const files = {
    [SKILL]: "own\n",
    [WORKFLOW]: "own\n",
    "schema-sync/README.md": "own\n",
    "AGENTS.md": "See database-schema-sync.\n",
  };
  return withRepository(".", files, [], async (directory) => {
    const { stdout } = await init(directory, []);
    assert.match(stdout, /^Wrote into /m);
    const [, kept = ""] =
      /^Kept as they are.*:\n((?: {2}.*\n)+)/m.exec(stdout) ??
        [];
    assert.deepEqual(
      kept.trim().split(/\n */).sort(),
      [WORKFLOW, SKILL, "schema-sync/README.md"].sort(),
    );
    const now = readAll(directory);
    for (const [file, text] of Object.entries(files)) {
      assert.equal(now[file], text);
    }
  });
});

/** What cannot be: where, with which arguments, and what is said. */
const MISTAKES: [Record<string, string>, args: string[], RegExp][] = [
  [{}, ["--init", "nowhere"], /^error: there is no folder nowhere\n {2}\S/],
  [{}, ["--init", root], /^error: \S+ is this project itself\n {2}\S/],
  [
    { "schema-sync": "" },
    ["--init", "."],
    /^error: schema-sync is in the way\n/,
  ],
  [
    {},
    ["--init", ".", "--models", "a/b.ts"],
    /^error: --models takes .* "a\/b/,
  ],
  [{}, ["--init", ".", "--models", "schema.rb"], /^error: --models takes /],
];

Deno.test("--init says what is in the way before it writes anything", async () => {
  for (const [files, args, said] of MISTAKES) {
    await withRepository(".", files, [], async (directory) => {
      const { code, stderr } = await shell(
        `deno run -A ${SCRIPT} ${args.join(" ")}`,
        directory,
      );
      assert.equal(code, 1);
      assert.match(stderr, said);
      assert.deepEqual(readAll(directory), files);
    });
  }
});

Deno.test("--init of a script that was copied alone says what it needs", () =>
  withRepository(".", {}, ["sync-production-schema.ts"], async (directory) => {
    const command = "./sync-production-schema.ts --init .";
    const { code, stderr } = await shell(command, directory);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: --init needs a checkout .*\n {2}Run it /,
    );
  }));

Deno.test("deploy files above the folder are told by --init and the verifier", () => {
  const files = {
    ".git/HEAD": "ref: refs/heads/main\n",
    Procfile: "web: node .\nrelease: npx prisma migrate deploy\n",
  };
  return withRepository(".", files, [], async (directory) => {
    const problem = /^ +Procfile:2 runs prisma migrate deploy: /m;
    assert.match((await init(directory, [])).stdout, problem);
    const { code, stdout } = await shell(
      "GITHUB_ACTIONS=1 deno task --cwd schema-sync verify --static",
      directory,
    );
    assert.equal(code, 1);
    assert.match(stdout, problem);
    assert.match(stdout, /^::error file=Procfile,line=2::/m);
  });
});

function init(directory: string, args: string[]) {
  return shell(
    ["deno run -A", SCRIPT, "--init", directory, ...args].join(" "),
    directory,
  );
}

/** Every file of a folder with its text, by its path. */
function readAll(directory: string, within = ""): Record<string, string> {
  const entries = [...Deno.readDirSync(join(directory, within))];
  return Object.assign(
    {},
    ...entries.map(({ name, isDirectory }) => {
      const path = join(within, name);
      return isDirectory
        ? readAll(directory, path)
        : { [path]: Deno.readTextFileSync(join(directory, path)) };
    }),
  );
}

/** Every link of what was put there leads to something that is there. */
function followLinks(files: Record<string, string>) {
  const documents = Object.entries(files).filter(([file]) =>
    /\.md$/.test(file)
  );
  assert.ok(documents.length >= 6);
  for (const [file, text] of documents) {
    const links = text.matchAll(/\]\((?!https?:|#)([^)\s#]+)/g);
    for (const [, link = ""] of links) {
      assert.ok(join(dirname(file), link) in files, `${file}: ${link}`);
    }
  }
  assert.ok(files[SKILL]!.includes(`](../../../${GUIDE_PUT})`));
  const examples = "../../references/workflow-examples.md";
  assert.ok(files[GUIDE_PUT]!.includes(`](${examples}#`));
}

// ═══ deploy.sh ═════════════════════════════════════════════════════════════

/** Programs of an image, and what a deploy says there. */
const IMAGES: [image: string, programs: string[], code: number, RegExp][] = [
  ["Node", ["npx"], 0, /^In sync: /m],
  ["Python or Deno", ["deno"], 0, /^In sync: /m],
  ["neither", [], 1, /^error: there is neither deno nor npx here\n {2}\S/],
];

Deno.test("a deploy takes deno or npx, or says that neither is there", () =>
  withRepository(".", { "package.json": PACKAGE }, [], async (directory) => {
    await init(directory, []);
    const version = Deno.readTextFileSync(join(root, ".dvmrc")).trim();
    const programs = {
      npx: `#!/bin/sh\n[ "$1 $2" = "-y deno@${version}" ] || exit 9\n` +
        `shift 2\nexec ${Deno.execPath()} "$@"\n`,
      deno: `#!/bin/sh\nexec ${Deno.execPath()} "$@"\n`,
      dirname: `#!/bin/sh\necho "\${1%/*}"\n`,
    };
    for (const [image, names, code, said] of IMAGES) {
      const bin = join(directory, image);
      Deno.mkdirSync(bin);
      for (const [name, text] of Object.entries(programs)) {
        if (name !== "dirname" && !names.includes(name)) continue;
        Deno.writeTextFileSync(join(bin, name), text, { mode: 0o755 });
      }
      await onServer(18, async (url) => {
        const output = await shell(
          `PATH="${bin}" /bin/sh schema-sync/deploy.sh --apply`,
          directory,
          url,
        );
        assert.equal(output.code, code, output.stderr);
        assert.match(output.stdout + output.stderr, said);
      });
    }
  }));

Deno.test("a deploy fetches the client alone, what its lock says, and once", () => {
  const [, image = ""] = /^FROM denoland[^]*?^(RUN .*)$/m.exec(
    Deno.readTextFileSync(join(root, GUIDE)),
  ) ?? [];
  return withRepository(".", {}, [], async (directory) => {
    await init(directory, []);
    const folder = join(directory, "schema-sync");
    const run = (command: string, cache: string) =>
      shell(`DENO_DIR=${directory}/${cache} ${command}`, folder, NOWHERE);
    const built = await run(image.replace("RUN ", ""), "image");
    assert.equal(built.code, 0, built.stderr);
    const packages = Object.keys(readAll(join(directory, "image", "npm")))
      .map((path) => path.split("/")[1]);
    assert.deepEqual([...new Set(packages)], ["postgres"]);
    const dead = "http://127.0.0.1:1";
    const offline = `HTTPS_PROXY=${dead} HTTP_PROXY=${dead} NO_PROXY= ` +
      "sh deploy.sh --dry-run";
    const started = await run(offline, "image");
    assert.match(started.stderr, /^error: nothing answers at 127\.0\.0\.1:1\n/);
    const without = await run(offline, "nothing");
    assert.match(without.stderr, /^error: a package .*'postgres@/m);

    const lock = join(folder, "deploy.lock");
    const other = Deno.readTextFileSync(lock).replace(
      /sha512-.{4}/,
      "sha512-AAAA",
    );
    Deno.writeTextFileSync(lock, other);
    const refused = await run("sh deploy.sh --dry-run", "another");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^error: a package .*'postgres@/m);
  });
});

/** Where no server is: what connects there has loaded its client. */
const NOWHERE = "postgres://nobody@127.0.0.1:1/none";

// ═══ --upgrade-engine ══════════════════════════════════════════════════════

const released = Deno.readTextFileSync(SCRIPT);
/** The script of a release to come: another version, and a line more. */
const newer = sealed(
  released.replace(/(VERSION = )"[^"]*"/, '$1"9.9.9"') + "// One line more.\n",
)!;
const END = "// ─── End of the steps";
const OWN_IMPORT = `import { join } from "node:path";`;
const OWN_STEPS = `const name = join("own");
export const sections: Section[] = [
  section("Own", [createTable(name, { id: "bigint" })]),
];

`;
/** A person's copy: steps and an import of their own. */
const own = released
  .replace(
    /(^\/\/ ═══ Steps[^]*?\n\n)[^]*?(?=^\/\/ ─── End)/m,
    `$1${OWN_STEPS}`,
  )
  .replace(/^(?=import type \{ Socket)/m, `${OWN_IMPORT}\n`);

/** Runs the function in a folder with a person's script and a newer one. */
function withScripts(
  script: string,
  other: string,
  use: (
    run: (args: string, flags?: string) => ReturnType<typeof shell>,
    files: () => Record<string, string>,
  ) => Promise<void>,
) {
  const files = { "app.ts": script, "new.ts": other };
  return withRepository(".", files, [], async (directory) =>
    await use(
      (args, flags = "-A") =>
        shell(`deno run --no-prompt ${flags} app.ts ${args}`, directory),
      () => readAll(directory),
    ));
}

Deno.test("--upgrade-engine takes the engine, and keeps steps, imports and the old file", () =>
  withScripts(own, newer, async (run, files) => {
    const before = files();
    const command = "--upgrade-engine new.ts";
    for (const flags of ["-A", "--allow-read"]) {
      const { code, stdout } = await run(command, flags);
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^Engine here: {2}\S+, as released, sha256 \w{12}, \d+ lines$/m,
      );
      assert.match(stdout, /^Engine there: 9\.9\.9, as released, sha256 /m);
      assert.match(
        stdout,
        /^0 lines would be removed, 1 added; the steps stay, and import/m,
      );
      assert.match(
        stdout,
        /^Nothing was written\. .*\n {2}deno run .* --yes$/m,
      );
      assert.doesNotMatch(stdout, /^ {2}-|⚠/m);
      assert.deepEqual(files(), before);
    }
    assert.match(
      (await run(`${command} --yes`)).stdout,
      /^Wrote it; .*app\.ts\.bak$/m,
    );
    const now = files();
    assert.deepEqual(Object.keys(now).sort(), [
      "app.ts",
      "app.ts.bak",
      "new.ts",
    ]);
    assert.equal(now["app.ts.bak"], own);
    assert.match((await run("--version")).stdout, /^9\.9\.9 .* as released$/m);
    const [head, steps] = newer.split(/^(?=\/\/ ═══ Steps)/m);
    const engine = steps!.slice(steps!.indexOf(END));
    assert.equal(
      now["app.ts"],
      head + `${OWN_IMPORT}\n\n` +
        own.slice(own.indexOf("// ═══ Steps"), own.indexOf(END)) + engine,
    );
    const again = await run(`${command} --yes`);
    assert.match(again.stdout, /^Nothing to change: /);
    // Back again: what was kept before is not written over.
    await run("--upgrade-engine app.ts.bak --yes");
    assert.deepEqual(
      { ...now, "app.ts": own, "app.ts.bak2": now["app.ts"] },
      { ...files(), "app.ts": own },
    );
    const back = files()["app.ts"]!;
    assert.ok(back.includes(OWN_STEPS) && back.includes(OWN_IMPORT));
    assert.match((await run("--version")).stdout, /, as released$/m);
  }));

Deno.test("--upgrade-engine names what somebody wrote into the engine", () => {
  const edited = own.replace("// ═══ Verbs ", "const mine = 1;\n// ═══ Verbs ")
    .replace(/^(\/\*\* The version of the engine)/m, "const above = 2;\n$1");
  const crlf = edited.replaceAll("\n", "\r\n");
  return withScripts(crlf, newer + "// edited\n", async (run, files) => {
    const { stdout } = await run("--upgrade-engine new.ts --yes");
    assert.match(stdout, /^Engine here: {2}\S+, edited, /m);
    assert.match(stdout, /^⚠ The engine there was edited/m);
    assert.match(
      stdout,
      /^⚠ The engine here was edited\. .*\n {2}- const above = 2;\n {2}- const mine = 1;\n\w/m,
    );
    assert.ok(!/[^\r]\n/.test(files()["app.ts"]!));
  });
});

Deno.test("--upgrade-engine refuses what would not run", async () => {
  const renamed = newer.replaceAll(/\bcreateTable\b/g, "makeTable");
  const cases: [other: string, said: RegExp][] = [
    [
      renamed,
      /^error: the steps do not load with that engine, .*makeTable.*\n {2}\S/,
    ],
    [
      "",
      /^error: new\.ts is not a script with steps between two banners\n {2}\S/,
    ],
  ];
  for (const [other, said] of cases) {
    await withScripts(own, other, async (run, files) => {
      const { code, stderr } = await run("--upgrade-engine new.ts --yes");
      assert.equal(code, 1);
      assert.match(stderr, said);
      assert.deepEqual(files(), { "app.ts": own, "new.ts": other });
    });
  }
});

Deno.test("steps in a file of their own run and are proved, as the guide has them", () => {
  const [, code = ""] = /^`{3}ts own\n([^]*?)^`{3}/m.exec(
    Deno.readTextFileSync(join(root, GUIDE)),
  ) ?? [];
  const files = {
    "schema-sync/steps.ts": code,
    "schema-sync/schema.sql":
      "CREATE TABLE accounts (id uuid PRIMARY KEY DEFAULT gen_random_uuid());",
    [SKILL]: "steps.ts verify-sync-script.ts",
  };
  return withRepository(".", files, [], async (directory) => {
    await init(directory, []);
    await onServer(18, async (url) => {
      const { stdout, stderr } = await shell(
        `cd schema-sync && chmod +x steps.ts && ./steps.ts --apply &&
        ./steps.ts --dry-run && ./steps.ts --version &&
        deno task verify --script steps.ts --static`,
        directory,
        url,
      );
      for (
        const said of [
          /^Applied plan /m,
          /^In sync: 1 step/m,
          /, as released$/m,
          /^✓ static +1 table, /m,
        ]
      ) assert.match(stdout, said, stderr);
    });
  });
});

// ═══ Deno ══════════════════════════════════════════════════════════════════

Deno.test("a client that cannot be loaded is no bug, and says what to do", () =>
  withRepository(
    ".",
    { "package.json": PACKAGE },
    ["sync-production-schema.ts"],
    async (directory) => {
      const url = "postgres://nobody@127.0.0.1:1/none";
      const { code, stderr } = await shell(
        "deno run --no-prompt -A sync-production-schema.ts --dry-run",
        directory,
        url,
      );
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^error: a package that the script needs cannot be loaded: .*postgres.*\n {2}.*--node-modules-dir=none\n$/,
      );
    },
  ));

Deno.test("a Deno that is too old is told which one is needed", () => {
  refuseOldDeno("1.46.3");
  refuseOldDeno("2.9.0");
  refuseOldDeno(Deno.version.deno);
  for (const oldest of ["99.0.0", "2.999.0"]) {
    assert.throws(
      () => refuseOldDeno(oldest),
      new RegExp(
        `needs Deno ${oldest} or newer, and runs on ${Deno.version.deno}`,
      ),
    );
  }
});

const os = { linux: "linux", darwin: "darwin" }[Deno.build.os as string];
const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
const platform = `${os}-${arch}${os === "linux" ? "-glibc" : ""}`;

Deno.test({
  name: "the oldest Deno that is named runs the script, and the one before not",
  // The package of that version is there for Linux alone.
  ignore: os !== "linux",
  fn: () =>
    withRepository(
      "tools",
      { "package.json": PACKAGE },
      ["sync-production-schema.ts"],
      async (directory) => {
        for (const [version, expected] of [[OLDEST_DENO, 0], ["2.0.6", 1]]) {
          const bin = await fetchDeno(`${version}`);
          await onServer(18, async (url) => {
            const { code, stdout, stderr } = await shell(
              "./sync-production-schema.ts --apply",
              directory,
              url,
              bin,
            );
            assert.equal(code, expected, stdout + stderr);
            if (expected === 0) return;
            assert.match(
              stderr,
              new RegExp(
                `^error: this needs Deno ${OLDEST_DENO} or newer`,
                "m",
              ),
            );
          });
        }
      },
    ),
});

/** @returns a folder with its program */
async function fetchDeno(version: string): Promise<string> {
  const found = await fetchPackage(`@deno/${platform}`, version);
  const bin = await Deno.makeTempDir({ prefix: `deno-${version}-` });
  await Deno.copyFile(join(found, "deno"), join(bin, "deno"));
  await Deno.chmod(join(bin, "deno"), 0o755);
  return bin;
}

async function withRepository(
  folder: string,
  files: Record<string, string>,
  copied: string[],
  use: (directory: string) => Promise<void>,
) {
  const repository = await Deno.makeTempDir({ prefix: "repository-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(repository, name)), { recursive: true });
      await Deno.writeTextFile(join(repository, name), text);
    }
    const directory = join(repository, folder);
    await Deno.mkdir(directory, { recursive: true });
    for (const name of copied) {
      await Deno.mkdir(dirname(join(directory, name)), { recursive: true });
      await Deno.copyFile(join(root, name), join(directory, name));
    }
    await use(directory);
  } finally {
    await Deno.remove(repository, { recursive: true });
  }
}

/** Runs a command as a shell does; `deno` is this one unless told. */
function shell(
  command: string,
  cwd: string,
  url = "",
  bin = dirname(Deno.execPath()),
) {
  return readOutput(
    new Deno.Command("sh", {
      args: ["-c", command],
      cwd,
      env: {
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        DENO_TLS_CA_STORE: "system",
        DATABASE_URL: url,
        NO_COLOR: "1",
      },
      stdin: "null",
    }),
  );
}
