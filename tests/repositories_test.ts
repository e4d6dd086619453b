/**
 * Other people's repositories: a package.json beside or above the script, with
 * and without node_modules, and an older Deno.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readOutput, SCRIPT, serversOnDemand } from "./helpers.ts";
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
        /^error: a package that this needs cannot be loaded: .*postgres.*\n {2}.*--node-modules-dir=none\n$/,
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

/** @returns the folder of its program, which this Deno has in its cache */
async function fetchDeno(version: string): Promise<string> {
  const name = `@deno/${platform}`;
  await import(`npm:${name}@${version}/package.json`, {
    with: { type: "json" },
  });
  const { stdout } = await readOutput(
    new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }),
  );
  const { npmCache } = JSON.parse(stdout);
  const [registry] = [...Deno.readDirSync(npmCache)]
    .map((entry) => join(npmCache, entry.name, name, version))
    .filter((path) => exists(join(path, "deno")));
  assert.ok(registry, `Deno ${version} is not in ${npmCache}`);
  const bin = await Deno.makeTempDir({ prefix: `deno-${version}-` });
  await Deno.copyFile(join(registry, "deno"), join(bin, "deno"));
  await Deno.chmod(join(bin, "deno"), 0o755);
  return bin;
}

function exists(path: string): boolean {
  try {
    return !!Deno.statSync(path);
  } catch {
    return false;
  }
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
  url: string,
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
