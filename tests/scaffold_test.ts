/**
 * What the verifier scaffolds: the steps of a database that nobody has written
 * steps for, in an order that works, with nothing left out in silence.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import {
  catalog,
  connect,
  copyOfProject,
  type Major,
  type Project,
  type Server,
  startServer,
  verify,
} from "./helpers.ts";
import { COMPANY } from "./schemas/company.ts";

const servers = new Map<Major, Promise<Server>>();

Deno.test.afterAll(async () => {
  for (const server of servers.values()) await (await server).stop();
});

async function serverOf(major: Major): Promise<Server> {
  if (!servers.has(major)) servers.set(major, startServer(major));
  return await servers.get(major)!;
}

const END = "];\n\n// ─── End of the steps";

/** Calls the function with a project whose script has no step. */
async function withProject(use: (project: Project) => Promise<void>) {
  const project = await copyOfProject();
  const text = await Deno.readTextFile(project.script);
  const start = "export const sections: Section[] = [";
  const before = text.slice(0, text.indexOf(start) + start.length);
  await Deno.writeTextFile(
    project.script,
    before + text.slice(text.indexOf(END)),
  );
  project.models = join(project.directory, "models.sql");
  try {
    await use(project);
  } finally {
    await Deno.remove(project.directory, { recursive: true });
  }
}

/** The project's own script, with the steps that it has now. */
async function run({ script }: Project, args: string[], url: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, ...args],
    env: { DATABASE_URL: url, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function printed(project: Project, models: string, major: Major = 18) {
  await Deno.writeTextFile(project.models, models);
  const server = ["--server", (await serverOf(major)).url()];
  const { code, stdout, stderr } = await verify(project, [
    "--scaffold",
    ...server,
  ]);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** Roles are the server's, and stay as long as it runs. */
async function makeRoles(server: Server) {
  const admin = connect(server.url());
  for (const role of ["scaffold_app", "scaffold_guest"]) {
    await admin.unsafe(`DROP ROLE IF EXISTS ${role}; CREATE ROLE ${role}`);
  }
  await admin.end();
}

const SCHEMAS = [...Deno.readDirSync(new URL("schemas", import.meta.url))]
  .map(({ name }) => name).sort();

for (const major of [14, 18] as const) {
  Deno.test(`a live database becomes steps that make it again, on ${major}`, async (t) => {
    const server = await serverOf(major);
    await makeRoles(server);
    for (const [i, name] of SCHEMAS.entries()) {
      const sql = name === "company.ts"
        ? COMPANY
        : await Deno.readTextFile(new URL(`schemas/${name}`, import.meta.url));
      await t.step(
        name,
        () =>
          withProject((project) =>
            server.withDatabase((url, database) =>
              server.withDatabase(async (emptyUrl, empty) => {
                await database.unsafe(sql);
                const live = await verify(project, [
                  "--scaffold",
                  "--live",
                  "--write",
                ], { DATABASE_URL: url });
                assert.equal(live.code, 0, live.stdout + live.stderr);
                assert.match(live.stdout, /^Wrote \d+ steps in \d+ sections/);
                assert.doesNotMatch(live.stdout, /Not made by these steps/);

                const formatted = await new Deno.Command(Deno.execPath(), {
                  args: ["fmt", "--check", project.script],
                }).output();
                assert.ok(formatted.success, "as deno fmt has it");

                const dry = await run(
                  project,
                  ["--dry-run", "--detailed-exitcode", "--strict", "--verbose"],
                  url,
                );
                assert.equal(dry.code, 0, dry.said);
                assert.match(dry.said, /^In sync: /m);

                const apply = await run(project, ["--apply"], emptyUrl);
                assert.equal(apply.code, 0, apply.said);
                assert.deepEqual(await catalog(empty), await catalog(database));
                // Steps for the one and for the other are the same text, too.
                await withProject(async (again) => {
                  const scaffold = ["--scaffold", "--live"];
                  const texts = [];
                  for (const DATABASE_URL of [url, emptyUrl]) {
                    const env = { DATABASE_URL };
                    texts.push((await verify(again, scaffold, env)).stdout);
                  }
                  assert.ok(texts[0]);
                  assert.equal(texts[1], texts[0]);
                });

                // Each on one of the two; on both takes minutes more.
                const proves = (i % 2 === 0) === (major === 18);
                if (!proves && !Deno.env.get("PROVE_EXAMPLES")) return;
                await Deno.writeTextFile(project.models, sql);
                // One whole proof on each; of 150 tables it takes minutes.
                const whole = /^(cms|tenants)/.test(name) ||
                  Deno.env.get("PROVE_EXAMPLES");
                const proved = await verify(project, [
                  "--update-guide",
                  ...["--server", server.url(), "--states", "1"],
                  ...(name === "company.ts"
                    ? ["--static"]
                    : whole
                    ? []
                    : ["--quick"]),
                ]);
                assert.equal(proved.code, 0, proved.stdout + proved.stderr);
              })
            )
          ),
      );
    }
  });
}

Deno.test("what no step makes is named, and fails the proof", async (t) => {
  const cases: [string, string, RegExp][] = [
    [
      "an operator class",
      `CREATE OPERATOR CLASS mine FOR TYPE integer USING btree AS
        OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
        FUNCTION 1 btint4cmp(integer, integer)`,
      /operator class mine/,
    ],
    [
      "a default of a view",
      `
      CREATE TABLE t (id integer PRIMARY KEY);
      CREATE VIEW v AS SELECT id FROM t; ALTER VIEW v ALTER id SET DEFAULT 3`,
      /default of column id of view v/,
    ],
    [
      "a publication with a row filter",
      `CREATE TABLE t (id integer PRIMARY KEY);
      CREATE PUBLICATION few FOR TABLE t WHERE (id > 3)`,
      /publication few/,
    ],
  ];
  for (const [name, sql, says] of cases) {
    await t.step(name, () =>
      withProject(async (project) => {
        const steps = await printed(project, `${sql};\n`);
        assert.match(
          steps,
          new RegExp(`^// Not made by these steps:\\n.*${says.source}`, "ms"),
        );
        const text = await Deno.readTextFile(project.script);
        const from = "export const sections: Section[] = [];";
        assert.ok(text.includes(from));
        await Deno.writeTextFile(
          project.script,
          text.replace(from, () =>
            `export const sections: Section[] = [section("All", [\n${steps}\n])];`),
        );
        const server = await serverOf(18);
        const { code, stdout } = await verify(project, [
          ...["--server", server.url(), "--states", "1"],
        ]);
        assert.equal(code, 1, stdout);
        assert.match(
          stdout,
          new RegExp(`${says.source}.* is not made by the script`),
        );
      }));
  }
});

/** What `pg_dump` writes, of several versions and with several options. */
const DUMP = String.raw`--
-- PostgreSQL database dump
--
\restrict 8sJ2mQ
\connect shop
SET statement_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
DROP TABLE public.notes;
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO shop_owner;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
COMMENT ON EXTENSION citext IS 'text without case';
CREATE FUNCTION public.counted() RETURNS bigint
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT CASE WHEN (count(*) > 1) THEN 1 ELSE 0 END AS "case";
END;
SET default_tablespace = '';
CREATE TABLE public.notes (
    id integer CONSTRAINT notes_have_ids NOT NULL,
    text public.citext
);
ALTER TABLE public.notes OWNER TO shop_owner;
COPY public.notes (id, text) FROM stdin;
1	it's; DROP TABLE nothing
\.
SELECT pg_catalog.setval('public.nothing', 1, true);
CREATE TABLE public.pay (id integer, day date) PARTITION BY LIST (id);
CREATE TABLE public.pay_1 (id integer, day date);
ALTER TABLE ONLY public.pay ATTACH PARTITION public.pay_1 FOR VALUES IN (1);
ALTER TABLE ONLY public.notes ADD CONSTRAINT notes_pkey PRIMARY KEY (id);
GRANT SELECT ON TABLE public.notes TO shop_reader;
GRANT shop_owner TO shop_reader;
\unrestrict 8sJ2mQ
`;

Deno.test("what pg_dump writes is taken as it comes", () =>
  withProject(async (project) => {
    const steps = await printed(project, DUMP);
    assert.match(
      steps,
      /^createTable\("notes", \{\n {2}id: "integer PRIMARY KEY"/m,
    );
    assert.match(
      steps,
      /^createPartition\("pay_1", "pay", "FOR VALUES IN \(1\)"\)/m,
    );
    assert.match(steps, /^grant\("SELECT", "table notes", "shop_reader"\)/m);
    assert.match(steps, /^\/\/ {3}owners of the dump$/m);
    const admin = connect((await serverOf(18)).url());
    const roles = await admin`SELECT FROM pg_roles WHERE rolname ~ '^shop_'`;
    await admin.end();
    assert.equal(roles.length, 0, "roles of the dump are dropped again");
  }));

Deno.test("partitions that a job makes are left out, and their parent is kept", () =>
  withProject(async (project) => {
    const months = Array.from(
      { length: 4 },
      (_, i) =>
        `CREATE TABLE log_2026_0${i + 1} PARTITION OF log
        FOR VALUES FROM ('2026-0${i + 1}-01') TO ('2026-0${i + 2}-01');`,
    );
    const steps = await printed(
      project,
      `CREATE TABLE log (at date, what text) PARTITION BY RANGE (at);
      ${months.join("\n")}`,
    );
    assert.match(
      steps,
      /^createTable\("log", \{.*\}, \{ partitionBy: "RANGE \(at\)" \}\)/ms,
    );
    assert.doesNotMatch(steps, /"log_2026/);
    assert.match(
      steps,
      /4 partitions of log, which a job makes: log_2026_01 … log_2026_04/,
    );
  }));

Deno.test("what TimescaleDB makes of a table is left to it", () =>
  withProject(async (project) => {
    const steps = await printed(
      project,
      `CREATE SCHEMA _timescaledb_internal; CREATE SCHEMA _timescaledb_functions;
      CREATE TABLE metrics (at timestamptz NOT NULL, n int);
      CREATE TABLE _timescaledb_internal._hyper_1_1_chunk () INHERITS (metrics);
      CREATE INDEX of_chunk ON _timescaledb_internal._hyper_1_1_chunk (at);
      CREATE FUNCTION _timescaledb_functions.insert_blocker() RETURNS trigger
        LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER ts_insert_blocker BEFORE INSERT ON metrics
        FOR EACH ROW EXECUTE FUNCTION _timescaledb_functions.insert_blocker();`,
    );
    assert.match(steps, /^createTable\("metrics", \{[^}]*\}\),\n*$/);
  }));

Deno.test("a mistake with the scaffold's options gets one clear line", async (t) => {
  const cases: [string[], RegExp][] = [
    [["--live"], /^error: --live belongs to --scaffold\n/],
    [["--write"], /^error: --write belongs to --scaffold\n/],
    [
      ["--scaffold", "--live"],
      /^error: --live reads the database of \$DATABASE_URL, which is not set\n/,
    ],
  ];
  for (const [args, says] of cases) {
    await t.step(args.join(" "), () =>
      withProject(async (project) => {
        const { code, stderr } = await verify(project, args);
        assert.equal(code, 1);
        assert.match(stderr, says);
      }));
  }
});

/** The blocks to run of the guide's chapter on adopting a database. */
async function adoptionBlocks(): Promise<string[]> {
  const guide = await Deno.readTextFile(
    new URL("../docs/deployment/SCHEMA_SYNC_GUIDE.md", import.meta.url),
  );
  const [, chapter = ""] = /^## Adopt an existing database$([^]*?)^## /m
    .exec(guide) ?? [];
  return [...chapter.matchAll(/^```bash\n([^]*?)^```$/gm)]
    .map(([, block = ""]) => block);
}

/** Little, of which 14 and 18 print much each their way. */
const SMALL = `
CREATE TYPE state AS ENUM ('new', 'sold');
CREATE TABLE boats (id integer PRIMARY KEY, kind varchar(20) NOT NULL,
  state state NOT NULL DEFAULT 'new',
  CONSTRAINT boats_kind_check CHECK (kind IN ('dinghy', 'yawl')));
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RETURN OLD; END $$;
CREATE TRIGGER keep BEFORE DELETE ON boats FOR EACH ROW
  WHEN (OLD.state = 'new') EXECUTE FUNCTION keep();
CREATE VIEW dinghies AS SELECT id, upper(kind) AS kind FROM boats
  WHERE kind IN ('dinghy') AND state <> 'sold' ORDER BY id;
COMMENT ON VIEW dinghies IS 'Small ones';`;

/** What a checkout has beside the script. */
const FILES = ["verify-sync-script.ts", "deno.json", "deno.lock", "SKILL.md"]
  .concat("docs/deployment/SCHEMA_SYNC_GUIDE.md");

Deno.test("the guide's chapter leads from a database of 14 to a proof on the embedded PostgreSQL", async (t) => {
  const blocks = await adoptionBlocks();
  assert.equal(blocks.length, 4);
  const server = await serverOf(14);
  await makeRoles(server);
  const sql = SMALL;
  await withProject((project) =>
    server.withDatabase((url, database) =>
      server.withDatabase(async (emptyUrl, empty) => {
        await database.unsafe(sql);
        await Deno.mkdir(join(project.directory, "docs/deployment"), {
          recursive: true,
        });
        for (const name of FILES) {
          await Deno.copyFile(
            new URL(`../${name}`, import.meta.url),
            join(project.directory, name),
          );
        }
        for (const block of blocks) {
          await t.step(block.trim(), async () => {
            const command = new Deno.Command("bash", {
              args: ["-euo", "pipefail", "-c", block],
              cwd: project.directory,
              env: {
                DATABASE_URL: url,
                EMPTY_DATABASE_URL: emptyUrl,
                NO_COLOR: "1",
                PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
              },
              stdin: "null",
            });
            const { code, stdout, stderr } = await command.output();
            const decoder = new TextDecoder();
            const said = decoder.decode(stdout) + decoder.decode(stderr);
            if (/^pg_dump/.test(block) && /not found|mismatch/.test(said)) {
              // A machine without it: any SQL of the schema serves.
              await Deno.writeTextFile(
                join(project.directory, "schema.sql"),
                sql,
              );
            } else assert.equal(code, 0, said);
          });
        }
        assert.deepEqual(await catalog(empty), await catalog(database));
      })
    )
  );
});
