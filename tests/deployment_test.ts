/**
 * The files under docs/deployment do what they say: each command of the
 * workflow is run as it stands, on a real server, with GitHub's own part
 * played by a stub; and the script as one binary.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { parse } from "yaml";
import { init } from "../references/init.ts";
import { type Server, startServer } from "./helpers.ts";

const root = join(import.meta.dirname!, "..");
let started: Promise<Server> | undefined;

async function onServer(
  use: (url: string, sql: postgres.Sql) => Promise<void>,
) {
  started ??= startServer(18);
  await (await started).withDatabase(use);
}

Deno.test.afterAll(async () => await (await started)?.stop());

interface WorkflowStep {
  name?: string;
  run?: string;
  env?: Record<string, string>;
}

const { jobs } = parse(
  Deno.readTextFileSync(join(root, "docs", "deployment", "github-actions.yml")),
) as { jobs: Record<string, { steps: WorkflowStep[] }> };

/** npx, which here is the runtime that runs the test, and GitHub's gh. */
const STUBS = {
  npx: `[ "$1" = -y ] && [ "$2" = "deno@$(cat "$ROOT/.dvmrc")" ] || exit 9
shift 2
exec ${Deno.execPath()} "$@"`,
  gh: `echo "$*" >> gh.log
case "$*" in
*--paginate*) [ -f comments ] && echo 17; exit 0 ;;
*) cp comment.md comments ;;
esac`,
};

/** Runs a step's script as GitHub does, in a copy of the repository. */
async function runStep(
  directory: string,
  job: string,
  name: string | undefined,
  values: Record<string, string>,
) {
  const found = jobs[job]?.steps.find((step) => step.run && step.name === name);
  assert.ok(found?.run, `${job}: ${name}`);
  const env = Object.fromEntries(
    Object.entries(found.env ?? {}).map(([key, text]) => [
      key,
      text.replaceAll(/\$\{\{ *([\w.]+) *\}\}/g, (_, path) => {
        assert.ok(path in values, path);
        return values[path]!;
      }),
    ]),
  );
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-eo", "pipefail", "-c", found.run],
    cwd: directory,
    env: {
      ...env,
      ROOT: root,
      PATH: `${directory}/stubs:${Deno.env.get("PATH")}`,
      GITHUB_STEP_SUMMARY: join(directory, "summary"),
      GITHUB_OUTPUT: join(directory, "output"),
    },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** A repository with what --init makes, and with this project's own steps. */
async function checkOut(): Promise<string> {
  const directory = Deno.makeTempDirSync({ prefix: "workflow-" });
  await init(directory, "schema.ts", (...told) => new Error(told.join(": ")));
  for (const file of ["schema.ts", "sync-production-schema.ts"]) {
    Deno.copyFileSync(join(root, file), join(directory, "schema-sync", file));
  }
  Deno.mkdirSync(join(directory, "stubs"));
  for (const [name, text] of Object.entries(STUBS)) {
    const path = join(directory, "stubs", name);
    Deno.writeTextFileSync(path, `#!/usr/bin/env bash\n${text}\n`);
    Deno.chmodSync(path, 0o755);
  }
  return directory;
}

Deno.test("the workflow keeps one comment with the plan, then applies it", () =>
  onServer(async (url, sql) => {
    const directory = await checkOut();
    const read = (file: string) => Deno.readTextFileSync(join(directory, file));
    const values: Record<string, string> = {
      "secrets.STAGING_DATABASE_URL": url,
      "secrets.PRODUCTION_DATABASE_URL": url,
      "github.token": "none",
      "github.repository": "team/app",
      "github.event.pull_request.number": "7",
    };
    const run = (job: string, name: string) =>
      runStep(directory, job, name, values);

    assert.deepEqual(await run("plan", "Dry run"), { code: 0, stderr: "" });
    assert.match(read("summary"), /### Schema sync: dry run/);
    assert.equal((await run("plan", "Comment")).code, 0);
    assert.equal((await run("plan", "Comment")).code, 0);
    const posts = read("gh.log").split("\n").filter((line) =>
      line.includes("--field body=@comment.md")
    );
    assert.match(posts[0]!, /--method POST repos\/team\/app\/issues\/7\/comm/);
    assert.match(posts[1]!, /--method PATCH repos\/team\/app\/.*\/17 /);
    assert.match(read("comments"), /^<!-- schema sync -->\n### Schema sync/);

    assert.deepEqual(await run("review", "Dry run"), { code: 0, stderr: "" });
    assert.match(read("plan.html"), /<h1>Schema sync: dry run of /);
    const [, digest = ""] = /^digest=([0-9a-f]{12})$/m.exec(read("output")) ??
      [];
    values["needs.review.outputs.digest"] = digest;
    await sql.unsafe("CREATE TYPE plan AS ENUM ('free', 'team', 'enterprise')");
    const refused = await run("apply", "Apply");
    assert.equal(refused.code, 3);
    assert.match(read("summary"), /the plan is \w+ now/);
    await sql.unsafe("DROP TYPE plan");
    assert.deepEqual(await run("apply", "Apply"), { code: 0, stderr: "" });
    assert.match(read("summary"), /\*\*Applied (\d+) of \1 statements\.\*\*/);
    Deno.removeSync(directory, { recursive: true });
  }));

Deno.test("a dry run that fails fails its job, and says why in the comment", async () => {
  const directory = await checkOut();
  const { code } = await runStep(directory, "plan", "Dry run", {
    "secrets.STAGING_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
  });
  assert.equal(code, 1);
  const text = Deno.readTextFileSync(join(directory, "plan.md"));
  assert.match(text, /\*\*error: nothing answers at 127\.0\.0\.1:1\*\*/);
  Deno.removeSync(directory, { recursive: true });
});

// The runtime's compiler loads a base binary of its own the first time.
const workshop = join(await checkOut(), "schema-sync");
const compiled = await new Deno.Command(Deno.execPath(), {
  args: ["task", "--quiet", "compile"],
  cwd: workshop,
}).output();
const said = new TextDecoder().decode(compiled.stderr);
const unreachable = /Setting up base binary/.test(said);

Deno.test({
  name: "deno task compile makes one binary that needs nothing else",
  ignore: unreachable,
  fn: () =>
    onServer(async (url) => {
      assert.ok(compiled.success, said);
      for (const mode of ["--dry-run", "--apply", "--dry-run"]) {
        const { code, stdout, stderr } = await new Deno.Command(
          join(workshop, "schema-sync"),
          {
            args: [mode],
            clearEnv: true,
            env: { DATABASE_URL: url, NO_COLOR: "1" },
          },
        ).output();
        const text = new TextDecoder().decode(stdout);
        assert.equal(code, 0, text + new TextDecoder().decode(stderr));
      }
    }),
});
