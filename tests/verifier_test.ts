/**
 * The verifier as a user meets it: what it prints can be pasted, replayed and
 * read by machines, and a mistake on its command line gets one clear line.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import {
  connect,
  copyOfProject,
  type Project,
  startServer,
  startVerify,
  sync,
  until,
  verify,
} from "./helpers.ts";

const server = await startServer(18);
const onServer = ["--server", server.url(), "--states", "10"];

/** Calls the function with a copied project, and removes it afterwards. */
async function withProject(use: (project: Project) => Promise<void>) {
  const project = await copyOfProject();
  try {
    await use(project);
  } finally {
    await Deno.remove(project.directory, { recursive: true });
  }
}

async function edit(file: string, ...texts: string[]) {
  let text = await Deno.readTextFile(file);
  for (let i = 0; i < texts.length; i += 2) {
    const from = texts[i] ?? "";
    assert.equal(text.split(from).length, 2, `not once: ${from}`);
    text = text.replace(from, () => texts[i + 1] ?? "");
  }
  await Deno.writeTextFile(file, text);
}

/** The steps that a report prints, as a user copies them. */
function printedSteps(report: string): string {
  return [...report.matchAll(/; paste into .*:\n((?: {6}.*\n)+)/g)]
    .map(([, code]) => code).join("");
}

const END = "];\n\n// ─── End of the steps";

/** Pastes steps as the script's last section. */
async function paste({ script }: Project, steps: string) {
  await edit(script, END, `  section("#900 Pasted", [\n${steps}  ]),\n${END}`);
}

/** The script with no step but these. */
async function replaceSteps({ script }: Project, steps: string) {
  const text = await Deno.readTextFile(script);
  const start = "export const sections: Section[] = [\n";
  const before = text.slice(0, text.indexOf(start) + start.length);
  const rest = text.slice(text.indexOf(END));
  await Deno.writeTextFile(script, `${before}${steps}${rest}`);
}

Deno.test("steps that are printed for Drizzle models are ready to run", async () => {
  await withProject(async (project) => {
    await edit(
      project.models,
      `  lastSeenAt: timestamptz("last_seen_at"),`,
      `  lastSeenAt: timestamptz("last_seen_at"),
  nick: varchar("nick", { length: 40 }),
  theme: text("theme").notNull().default("light"),
  locale: text("locale").notNull(),
  age: integer("age"),
  mood: mood("mood").notNull().default("happy"),`,
      `  check("users_email_check"`,
      `  index("users_nick_idx").on(t.nick).where(sql\`\${t.active}\`),
  check("users_age_check", sql\`\${t.age} > 0\`),
  check("users_email_check"`,
      `/** A customer: the owner of everything else. */`,
      `export const mood = pgEnum("mood", ["happy", "it's \\"ok\\""]);

export const badges = pgTable("badges", {
  id: bigint("id", { mode: "number" }).primaryKey()
    .generatedAlwaysAsIdentity(),
  userId: uuid("user_id").notNull(),
  order: smallint("order").notNull().default(0),
  mood: mood("mood"),
}, (t): PgTableExtraConfigValue[] => [
  unique("badges_user_id_order_key").on(t.userId, t.order),
  index("badges_mood_idx").on(t.mood),
  foreignKey({
    name: "badges_user_id_fkey",
    columns: [t.userId],
    foreignColumns: [users.id],
  }).onDelete("cascade"),
]);

/** A customer: the owner of everything else. */`,
    );
    const before = await verify(project, [...onServer, "--verbose"]);
    assert.equal(before.code, 1, before.stdout);
    await paste(project, printedSteps(before.stdout));
    const after = await verify(project, ["--update-guide", ...onServer]);
    assert.equal(after.code, 0, after.stdout + after.stderr);
  });
});

Deno.test("--scaffold prints the steps of models that have none yet", async () => {
  await withProject(async (project) => {
    const foundations = `  section("#1 Foundations", [
    createExtension("citext"), createExtension("pg_trgm"),
  ]),\n`;
    await replaceSteps(project, foundations);
    const scaffold = ["--scaffold", "--server", server.url()];
    const { code, stdout } = await verify(project, scaffold);
    assert.equal(code, 0);
    await replaceSteps(
      project,
      `${foundations}  section("#2 Models", [\n${stdout}  ]),\n`,
    );
    const none = await verify(project, scaffold);
    assert.match(none.stdout, /^\/\/ The script has a step for all of /);
    const after = await verify(project, ["--update-guide", ...onServer]);
    assert.equal(after.code, 0, after.stdout + after.stderr);
  });
});

/** What Drizzle has no word for, and SQL has. */
const SQL_MODELS = `CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'happy');
CREATE TYPE odd AS ENUM ('', 'C:\\d', '''"');
CREATE TYPE nothing AS ENUM ();
CREATE TABLE props (id integer PRIMARY KEY, "__proto__" text,
  constructor integer, "toString" text DEFAULT '', o odd DEFAULT '');
CREATE DOMAIN email AS citext NOT NULL CHECK (VALUE LIKE '%_@_%');
CREATE SEQUENCE invoice_numbers AS integer START 100 INCREMENT 10;
CREATE TABLE "Rooms" (
  id serial PRIMARY KEY,
  name varchar(40) COLLATE "C" NOT NULL,
  "Owner" email NOT NULL,
  "order" integer
);
COMMENT ON TABLE "Rooms" IS 'Where people meet.';
CREATE UNIQUE INDEX rooms_name_key
  ON "Rooms" (lower(name) text_pattern_ops DESC) WHERE "order" > 0;
CREATE TABLE bookings (
  id bigint GENERATED ALWAYS AS IDENTITY,
  room_id integer NOT NULL REFERENCES "Rooms" (id) ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED,
  during tstzrange NOT NULL,
  mood mood DEFAULT 'happy',
  note text,
  twice integer GENERATED ALWAYS AS (room_id * 2) STORED,
  CONSTRAINT bookings_pk PRIMARY KEY (id),
  CONSTRAINT bookings_no_overlap EXCLUDE USING gist
    (room_id WITH =, during WITH &&) WHERE (note IS NULL),
  CONSTRAINT bookings_note_key UNIQUE NULLS NOT DISTINCT (room_id, note)
);
ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;
CREATE POLICY reading ON bookings FOR SELECT USING (true);
CREATE POLICY writing ON bookings AS RESTRICTIVE FOR INSERT TO postgres
  WITH CHECK (note IS NOT NULL);
CREATE VIEW busy AS SELECT room_id, count(*) AS n FROM bookings GROUP BY 1;
CREATE MATERIALIZED VIEW busiest AS SELECT room_id FROM bookings;
CREATE FUNCTION keep_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.note := coalesce(NEW.note, OLD.note); RETURN NEW;
END $$;
CREATE TRIGGER keep_note BEFORE UPDATE ON bookings FOR EACH ROW
  WHEN (OLD.note IS NOT NULL) EXECUTE FUNCTION keep_note();
CREATE TABLE visits (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  room_id integer REFERENCES "Rooms" (id),
  PRIMARY KEY (id, seen_at)
) PARTITION BY RANGE (seen_at);
CREATE TABLE visits_2026 PARTITION OF visits
  FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
CREATE INDEX visits_room_idx ON visits (room_id);
`;

/** Changes of those models, and what is told of the script that lacks them. */
const SQL_MUTANTS: [RegExp, string, string][] = [
  [/view busy differs/, "count(*) AS n", "count(note) AS n"],
  [
    /materialized view busiest differs/,
    "room_id FROM bookings;",
    "room_id FROM bookings WHERE true AND id > 0;",
  ],
  [/policy bookings\.reading differs/, "USING (true)", "USING (mood IS NULL)"],
  [/policy bookings\.writing differs/, " AS RESTRICTIVE", ""],
  [
    /row level security bookings is made by the script and not in the models/,
    "ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;",
    "",
  ],
  [
    /trigger bookings\.keep_note differs/,
    "BEFORE UPDATE",
    "BEFORE UPDATE OF note",
  ],
  [
    /function keep_note\(\) differs/,
    "NEW.note := coalesce(NEW.note, OLD.note); ",
    "",
  ],
  [
    /constraint bookings\.bookings_no_overlap differs/,
    "during WITH &&",
    "during WITH =",
  ],
  [/constraint bookings\.bookings_note_key differs/, " NULLS NOT DISTINCT", ""],
  [
    /constraint bookings\.bookings_room_id_fkey differs/,
    "INITIALLY DEFERRED",
    "INITIALLY IMMEDIATE",
  ],
  [/column bookings\.twice differs/, "room_id * 2", "room_id * 3"],
  [/domain email differs/, "AS citext NOT NULL", "AS citext"],
  [/sequence invoice_numbers differs/, "INCREMENT 10", "INCREMENT 5"],
  [/column Rooms\.name differs/, ` COLLATE "C"`, ""],
  [/index rooms_name_key differs/, " text_pattern_ops", ""],
  [
    /table visits differs/,
    "PARTITION BY RANGE (seen_at)",
    "PARTITION BY RANGE (seen_at, id)",
  ],
  [/table visits_2026 differs/, "('2026-01-01') TO", "('2025-01-01') TO"],
  [/enum mood differs/, "'sad', ", ""],
];

Deno.test("SQL models with everything that PostgreSQL has", async (t) => {
  await withProject(async (project) => {
    project.models = join(project.directory, "models.sql");
    await Deno.writeTextFile(project.models, SQL_MODELS);
    const citext = `section("All", [\ncreateExtension("citext"),\n`;
    await replaceSteps(project, `${citext}]),\n`);

    await t.step("the steps that are printed are ready to run", async () => {
      const before = await verify(project, [...onServer, "--verbose"]);
      assert.equal(before.code, 1, before.stdout);
      const steps = printedSteps(before.stdout);
      await replaceSteps(project, `${citext}${steps}]),\n`);
      const after = await verify(project, ["--update-guide", ...onServer]);
      assert.equal(after.code, 0, after.stdout + after.stderr);
    });

    for (const [says, from, to] of SQL_MUTANTS) {
      await t.step(`${says.source.replaceAll("\\", "")}`, async () => {
        const spoiled = SQL_MODELS.replace(from, () => to);
        assert.notEqual(spoiled, SQL_MODELS);
        await Deno.writeTextFile(
          project.models,
          // The partition must fit its parent.
          /seen_at, id/.test(to)
            ? spoiled.replace(
              /\('2026-01-01'\) TO \('2027-01-01'\)/,
              () => "('2026-01-01', MINVALUE) TO ('2027-01-01', MINVALUE)",
            )
            : spoiled,
        );
        const { code, stdout, stderr } = await verify(project, onServer);
        assert.equal(code, 1);
        assert.match(stdout + stderr, says);
      });
    }
  });
});

Deno.test("a state that does not converge can be replayed", async () => {
  await withProject(async (project) => {
    await edit(
      project.script,
      `where: "display_name IS NULL"`,
      `where: "display_name IS NULL AND first_name <> ''"`,
    );
    const file = join(project.directory, "state.sql");
    const { code, stdout } = await verify(project, [
      ...onServer,
      ...["--replay", file],
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /users\.display_name.*--seed \d+\)/);
    assert.match(stdout, /^ {6}--replay FILE writes this state as SQL$/m);
    assert.ok(stdout.split("\n").length <= 40, stdout);
    const state = await Deno.readTextFile(file);
    await server.withDatabase(async (url, sql) => {
      // As psql does it: on after an error.
      for (const statement of state.split(/;\n/)) {
        await sql.unsafe(statement).catch(() => {});
      }
      const [row] = await sql`SELECT count(*)::int AS n FROM users`;
      assert.ok(row?.n > 0);
      const steps = await Deno.readTextFile(project.script);
      assert.ok(steps.includes("first_name <> ''"));
      const applied = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", project.script, "--apply"],
        env: { DATABASE_URL: url },
      }).output();
      assert.notEqual(applied.code, 0);
      const good = await sync(["--apply", "--allow", "rewrite"], { url });
      assert.equal(good.code, 0, good.stdout + good.stderr);
    });
  });
});

Deno.test("a table for which no row can be made gets the rows that are given", async () => {
  await withProject(async (project) => {
    await edit(
      project.script,
      `    setNotNull("users", "display_name"),\n`,
      `    setNotNull("users", "display_name"),
    addCheck("roles", "roles_name_check", "md5(name) <> 'x'"),
    addCheck("teams", "teams_name_check", "md5(name) LIKE '0cc1%'"),\n`,
    );
    await edit(
      project.models,
      `  unique("teams_organization_id_name_key")`,
      "  check(\"teams_name_check\", sql`md5(${t.name}) LIKE '0cc1%'`),\n" +
        `  unique("teams_organization_id_name_key")`,
    );
    await edit(
      project.models,
      `unique("roles_name_key").on(t.name)`,
      'unique("roles_name_key").on(t.name), ' +
        "check(\"roles_name_check\", sql`md5(${t.name}) <> 'x'`)",
    );
    const without = await verify(project, ["--update-guide", ...onServer]);
    assert.equal(without.code, 1);
    assert.match(without.stdout, /teams: no row could be made for it/);
    assert.match(without.stdout, /--rows FILE/);
    const rows = `INSERT INTO organizations (name, slug) VALUES ('o', 'o');
      INSERT INTO teams (organization_id, name)
      SELECT id, 'a' FROM organizations LIMIT 1`;
    const file = join(project.directory, "rows.sql");
    await Deno.writeTextFile(file, "INSERT INTO nowhere VALUES (1)");
    const wrong = await verify(project, ["--rows", file, ...onServer]);
    assert.match(wrong.stderr, /given rows are rejected: .*"nowhere"/);
    await edit(
      project.models,
      "/** An audit log, also",
      `export const rows = \`${rows}\`;\n\n/** An audit log, also`,
    );
    const exported = await verify(project, onServer);
    assert.equal(exported.code, 0, exported.stdout + exported.stderr);
  });
});

Deno.test("a mistake of the user's gets one clear line", async (t) => {
  const cases: [
    string,
    (project: Project) => void | Promise<void>,
    string[],
    RegExp,
  ][] = [
    [
      "no script",
      (project) => void (project.script = "nothing.ts"),
      [],
      /^error: there is no sync script at nothing\.ts\n {2}Name it with --script FILE\n$/,
    ],
    [
      "no models",
      (project) => void (project.models = "nothing.ts"),
      [],
      /^error: there are no models at nothing\.ts\n {2}Name them with --models/,
    ],
    [
      "models that do not load",
      ({ models }) => Deno.writeTextFile(models, `import "./nothing.ts";`),
      [],
      /^error: .*schema\.ts does not load: Module not found.*\n {2}.*\n$/,
    ],
    [
      "models that throw",
      ({ models }) => Deno.writeTextFile(models, `throw new Error("no");`),
      [],
      /^error: .*schema\.ts does not load: no\n {2}.*\n$/,
    ],
    [
      "models without a table",
      ({ models }) => Deno.writeTextFile(models, `export const a = 1;`),
      [],
      /^error: .*schema\.ts exports no tables\n {2}.*\n$/,
    ],
    [
      "SQL that fails",
      async (project) => {
        project.models = join(project.directory, "models.sql");
        await Deno.writeTextFile(
          project.models,
          "CREATE TABLE a (id int);\n\nCREATE TABLE b (\n  id nothing\n);\n",
        );
      },
      onServer,
      /^error: .*models\.sql, line 4: type "nothing" does not exist\n {2}.*\n$/,
    ],
    [
      "a script with a wrong step",
      ({ script }) => edit(script, `slug: "citext NOT NULL"`, `slug: ""`),
      [],
      /^error: .*does not load: createTable "organizations" in section .*\n {2}.*\n$/,
    ],
    [
      "a script that is no TypeScript",
      ({ script }) => Deno.writeTextFile(script, "export const = 1;"),
      [],
      /^error: .*does not load: .*\n {2}.*\n$/,
    ],
    [
      "an unknown flag",
      () => {},
      ["--sates", "1"],
      /^error: unknown option '--sates'\n {2}--help lists the options\n$/,
    ],
    [
      "a flag without its value",
      () => {},
      ["--server", "--static"],
      /^error: --server takes a value\n {2}.*\n$/,
    ],
    [
      "no number",
      () => {},
      ["--states", "few"],
      /^error: --states takes a number, not "few"\n {2}.*\n$/,
    ],
    [
      "no such format",
      () => {},
      ["--format", "xml"],
      /^error: there is no format "xml"\n {2}Use text, json or markdown\n$/,
    ],
    [
      "a server that does not answer",
      () => {},
      ["--server", "postgres://someone:secret@127.0.0.1:1/x"],
      /^error: (?!.*secret).*127\.0\.0\.1.*\n {2}.*\n$/,
    ],
    [
      "a URL that is none",
      () => {},
      ["--server", "localhost"],
      /^error: .*\n {2}.*\n$/,
    ],
  ];
  for (const [name, spoil, args, says] of cases) {
    await t.step(name, () =>
      withProject(async (project) => {
        await spoil(project);
        const { code, stderr } = await verify(
          project,
          args.length > 0 ? args : ["--static"],
        );
        assert.equal(code, 1);
        assert.match(stderr, says);
      }));
  }
});

Deno.test("the formats tell the same", async (t) => {
  await withProject(async (project) => {
    await edit(
      project.models,
      `  lastSeenAt: timestamptz("last_seen_at"),`,
      `  lastSeenAt: timestamptz("last_seen_at"),\n  nick: text("nick"),`,
    );
    const lines = (await Deno.readTextFile(project.models)).split("\n");
    const line = 1 + lines.findIndex((text) => text.includes(`"nick"`));

    await t.step("json", async () => {
      const { code, stdout } = await verify(project, [
        ...onServer,
        "--format",
        "json",
      ]);
      assert.equal(code, 1);
      const { version, proved, checks } = JSON.parse(stdout);
      assert.deepEqual([version, proved], [1, false]);
      const fresh = checks.find(({ name }: { name: string }) =>
        name === "fresh"
      );
      assert.equal(
        fresh.problems[0].code,
        `addColumn("users", "nick", "text"),`,
      );
    });

    await t.step("markdown", async () => {
      const { code, stdout } = await verify(project, [
        "--static",
        "--format",
        "markdown",
      ]);
      assert.equal(code, 1);
      assert.match(stdout, /^### Not proved: static, documented failed\.\n\n/);
      assert.match(stdout, /\n\| ❌ \| static \| 1 problem \|\n/);
      assert.match(stdout, /\n- \*\*static\*\*: column users\.nick of the/);
    });

    await t.step("annotations of GitHub", async () => {
      const env = { GITHUB_ACTIONS: "true" };
      for (const format of ["text", "json", "markdown"]) {
        const args = ["--static", "--format", format];
        const { stdout, stderr } = await verify(project, args, env);
        const told = format === "text" ? stdout : stderr;
        assert.match(
          told,
          new RegExp(
            `^::error file=schema\\.ts,line=${line}::column users\\.nick`,
            "m",
          ),
        );
        if (format === "json") JSON.parse(stdout);
      }
    });
  });
});

Deno.test("databases on a scratch server are dropped after Ctrl-C", async () => {
  const admin = connect(server.url());
  const mine = async () =>
    (await admin`SELECT datname FROM pg_database WHERE datname LIKE 'verify%'`)
      .length;
  await withProject(async (project) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const run = startVerify(project, [
        ...["--server", server.url(), "--states", "1000"],
      ]);
      const output = run.output();
      await until(async () => await mine() > 1, "states are being proved");
      run.kill(signal);
      const { code, stderr } = await output;
      assert.equal(code, 130, new TextDecoder().decode(stderr));
      assert.equal(await mine(), 0);
      assert.equal(new TextDecoder().decode(stderr), "");
    }
  });
  await admin.end();
});

Deno.test("a database that the verifier did not make is left alone", async () => {
  const admin = connect(server.url());
  await withProject(async (project) => {
    const run = startVerify(project, [...onServer]);
    const output = run.output();
    // As it would name them if it counted.
    const names = [1, 2, 3].map((n) => `verify_${run.pid}_${n}`);
    for (const name of names) await admin.unsafe(`CREATE DATABASE ${name}`);
    const made = async () =>
      (await admin`SELECT datname FROM pg_database
        WHERE datname LIKE 'verify%'`)
        .map(({ datname }) => datname).filter((name) => !names.includes(name));
    await until(async () => (await made()).length > 0, "a database is made");
    for (const name of await made()) {
      assert.match(name, /^verify_[0-9a-f]{32}$/);
    }
    run.kill("SIGINT");
    await output;
    assert.deepEqual(await made(), []);
    for (const name of names) await admin.unsafe(`DROP DATABASE ${name}`);
  });
  await admin.end();
});

Deno.test("an edited engine fails, and edited steps do not", async (t) => {
  const cases: [string, (script: string) => string, boolean][] = [
    ["as it is", (script) => script, false],
    ["steps edited", (s) => s.replace("#5 Tasks", "#5 Chores"), false],
    ["lines that end as on Windows", (s) => s.replaceAll("\n", "\r\n"), false],
    ["one blank at the end", (s) => `${s} `, true],
    [
      "a letter in a comment",
      (s) => s.replace("═══ Report", "═══ Reports"),
      true,
    ],
    ["an operator", (s) => s.replace(/ > 0(?![^]* > 0)/, " >= 0"), true],
    ["another hash", (s) => s.replace(/(sha256 )\w/, "$1g"), true],
    [
      "another version",
      (s) => s.replace(/^(\/\/ engine )\S+/m, "$19.9.9"),
      true,
    ],
    ["no hash", (s) => s.replace(/^\/\/ engine .*\n/m, ""), true],
    ["no banner", (s) => s.replace(/^\/\/ ─── End.*\n/m, ""), true],
  ];
  await withProject(async (project) => {
    const script = await Deno.readTextFile(project.script);
    const says =
      /the engine of .*, below its steps, was edited after its release: take it/;
    for (const [title, spoil, wrong] of cases) {
      await t.step(title, async () => {
        assert.equal(spoil(script) === script, title === "as it is");
        await Deno.writeTextFile(project.script, spoil(script));
        const { stdout } = await verify(project, ["--static"]);
        assert.equal(says.test(stdout), wrong, stdout);
      });
    }
    await t.step("a file of steps that imports it", async () => {
      const own = join(project.directory, "steps.ts");
      await Deno.writeTextFile(
        own,
        `export * from "./sync-production-schema.ts";
import { section } from "./sync-production-schema.ts";
export const sections = [section("Mine", [])];\n`,
      );
      await Deno.writeTextFile(project.script, `${script} `);
      const { stdout } = await verify(
        { ...project, script: own },
        ["--static", "--verbose"],
      );
      assert.match(stdout, says);
    });
  });
});

Deno.test("a guide whose parts are not between markers fails", async (t) => {
  const tables = "<!-- generated: tables -->";
  const diagram = "<!-- generated: diagram -->";
  const end = "<!-- end generated -->";
  const cases: [string, (guide: string) => string, RegExp | undefined][] = [
    ["as it is", (guide) => guide, undefined],
    [
      "no first line",
      (g) => g.replace(`${tables}\n`, ""),
      /has a stray "<!-- end/,
    ],
    [
      "no last line",
      (g) => g.replace(`${end}\n`, ""),
      /a stray "<!-- generated/,
    ],
    ["nothing of it", () => "# Guide\n", /has no generated tables/],
    [
      "another word",
      (g) => g.replace(tables, "<!-- generated: tabels -->"),
      /a stray "<!-- generated: tabels -->"/,
    ],
    [
      "no markers of the tables",
      (g) => g.replace(`${tables}\n`, "").replace(`${end}\n`, ""),
      /has no generated tables/,
    ],
    [
      "a diagram without markers",
      (g) => g.replace(new RegExp(`${diagram}\n([^]*)${end}\n`), "$1"),
      /has no generated diagram/,
    ],
    [
      "a guide without a diagram",
      (g) => g.replace(new RegExp(`${diagram}\n[^]*${end}\n`), ""),
      undefined,
    ],
  ];
  await withProject(async (project) => {
    const update = ["--static", "--update-guide", "--server", server.url()];
    const made = await verify(project, update);
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const guide = await Deno.readTextFile(project.guide);
    for (const [title, spoil, says] of cases) {
      await t.step(title, async () => {
        await Deno.writeTextFile(project.guide, spoil(guide));
        const { code, stdout } = await verify(project, ["--static"]);
        assert.equal(code, says ? 1 : 0, stdout);
        if (says) assert.match(stdout, says);
      });
    }
    await t.step("one longer comment changes one line", async () => {
      await edit(
        project.models,
        "/** The text. */",
        "/** What it says, in as many words as its author found it to need. */",
      );
      await Deno.writeTextFile(project.guide, guide);
      assert.equal((await verify(project, update)).code, 0);
      const before = guide.split("\n");
      const now = (await Deno.readTextFile(project.guide)).split("\n");
      assert.equal(now.filter((line) => !before.includes(line)).length, 1);
      assert.equal(now.length, before.length);
    });
    await t.step("a formatter may align the tables", async () => {
      const { code } = await new Deno.Command(Deno.execPath(), {
        args: ["fmt", "--quiet", project.guide],
      }).output();
      assert.equal(code, 0);
      const aligned = await Deno.readTextFile(project.guide);
      assert.match(aligned, /\| -{9,} \|/);
      const quick = ["--quick", "--server", server.url()];
      const same = await verify(project, quick);
      assert.equal(same.code, 0, same.stdout + same.stderr);
      // A row under another table's name is another guide.
      const [row = ""] = /^\| `body` .*\n/m.exec(aligned) ?? [];
      await Deno.writeTextFile(
        project.guide,
        aligned.replace(row, "").replace(/^\| `slug` .*\n/m, `$&${row}`),
      );
      const other = await verify(project, quick);
      assert.match(
        other.stdout,
        /generated parts of .* do not match the models/,
      );
    });
  });
});

Deno.test("a role that may make no databases is told at once", async () => {
  const admin = connect(server.url());
  await admin.unsafe(`CREATE ROLE "Poor one" LOGIN PASSWORD 'x'`);
  const url = new URL(server.url());
  Object.assign(url, { username: "Poor one", password: "x" });
  await withProject(async (project) => {
    const { code, stderr } = await verify(project, ["--server", url.href]);
    assert.equal(code, 1);
    assert.match(stderr, /Poor one may not create databases on that server/);
    assert.match(stderr, /ALTER ROLE "Poor one" CREATEDB/);
    assert.doesNotMatch(stderr, /bug/);
  });
  await admin.unsafe(`DROP ROLE "Poor one"`);
  await admin.end();
});

Deno.test("--schema proves that the same is made there, and nothing in public", async () => {
  const args = ["--quick", "--update-guide", "--schema", "My tenant"]
    .concat(onServer);
  await withProject(async (project) => {
    const whole = await verify(project, args);
    assert.equal(whole.code, 0, whole.stdout + whole.stderr);
    assert.match(whole.stdout, /✓ schema +--schema My tenant makes the same/);
    await paste(
      project,
      `notModelled(step("table strays", {
        check: "to_regclass('public.strays') IS NOT NULL",
        alter: "CREATE TABLE public.strays (id int PRIMARY KEY)",
        undo: "DROP TABLE public.strays",
      })),\n`,
    );
    const stray = await verify(project, args);
    assert.equal(stray.code, 1);
    assert.match(stray.stdout, /table strays is made in public, not in My ten/);
  });
});

Deno.test("each server has a report of its own, also of the quick form", async () => {
  await withProject(async (project) => {
    const both = ["--server", server.url(), "--server", server.url()];
    const { code, stdout } = await verify(project, [
      ...["--quick", "--update-guide", ...both],
    ]);
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      /^Server 1 of 2\n✓ static[^]*\nServer 2 of 2\n✓ static/,
    );
    assert.equal(
      stdout.match(/^Proved: .* of the quick form in /gm)?.length,
      2,
    );
    assert.doesNotMatch(stdout, /convergent|interrupted|alone; --server/);
    const json = await verify(project, ["--quick", "--format=json", ...both]);
    const { version, proved, reports } = JSON.parse(json.stdout);
    assert.deepEqual([version, proved, reports.length], [1, true, 2]);
    assert.ok(reports[1].checks.length >= 5);
    assert.equal(reports[1].proved, true);
  });
});

Deno.test("more than 40 lines are printed only by --verbose", async () => {
  await withProject(async (project) => {
    await replaceSteps(project, "");
    const short = await verify(project, ["--static"]);
    assert.equal(short.code, 1);
    assert.ok(short.stdout.split("\n").length <= 41, short.stdout);
    const [, hidden] = /… and (\d+) more lines: see --verbose/
      .exec(short.stdout) ?? [];
    const long = await verify(project, ["--static", "--verbose"]);
    const lines = (text: string) => text.match(/^ {4}/gm)?.length ?? 0;
    assert.equal(lines(long.stdout), lines(short.stdout) - 1 + Number(hidden));
  });
});

Deno.test("the embedded PostgreSQL proves without a server", async () => {
  await withProject(async (project) => {
    project.models = join(project.directory, "models.sql");
    await Deno.writeTextFile(
      project.models,
      `CREATE EXTENSION vector;
      CREATE TABLE notes (id serial PRIMARY KEY, text text NOT NULL, at vector(3));
      CREATE INDEX notes_at ON notes USING hnsw (at vector_l2_ops);`,
    );
    await replaceSteps(
      project,
      `section("Notes", [createExtension("vector")]),\n`,
    );
    const before = await verify(project, ["--quick"]);
    // Its sequence and its key are not told beside it.
    assert.match(
      before.stdout,
      /✗ fresh +1 problem\n.*table notes.*\n.*createT/,
    );
    await replaceSteps(
      project,
      `section("Notes", [createExtension("vector"), createTable("notes", {
        id: "serial PRIMARY KEY", text: "text NOT NULL", at: "vector(3)" }),
        createIndex("notes", "notes_at", "USING hnsw (at vector_l2_ops)")]),\n`,
    );
    const { code, stdout, stderr } = await verify(project, [
      "--update-guide",
      ...["--states", "3", "--seed", "7"],
    ]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^✓ fresh .*PostgreSQL [\d.]+ \(embedded\)$/m);
    assert.match(stdout, /^✓ convergent .*3 random ones from seed 7/m);
    assert.match(stdout, /^ {2}on the embedded PostgreSQL alone; --server /m);
    assert.match(stdout, /\nProved: 12 checks in [\d.]+ m?s\.\n$/);
  });
});

Deno.test("what the steps make beyond SQL models is too much", async () => {
  await withProject(async (project) => {
    project.models = join(project.directory, "models.sql");
    const tables = ["notes", "tags"].map((table) =>
      `CREATE TABLE ${table} (id int PRIMARY KEY, text text DEFAULT 'x');`
    );
    await Deno.writeTextFile(
      project.models,
      `${tables.join("\n")}
      CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER keep BEFORE UPDATE ON notes
        FOR EACH ROW EXECUTE FUNCTION keep();`,
    );
    const beyond: [RegExp, string][] = [
      [
        /policy tags\.everyone is made by/,
        "CREATE POLICY everyone ON tags USING (true)",
      ],
      [
        /rule tags\.quiet is made by/,
        "CREATE RULE quiet AS ON DELETE TO tags DO INSTEAD NOTHING",
      ],
      [/privileges table tags is made by/, "GRANT SELECT ON tags TO PUBLIC"],
      [/comment table tags is made by/, "COMMENT ON TABLE tags IS 'labels'"],
      [
        /function other\(\) is made by/,
        "CREATE FUNCTION other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      ],
      [/trigger notes\.keep differs/, "ALTER TABLE notes DISABLE TRIGGER ALL"],
    ];
    await replaceSteps(
      project,
      `section("Notes", [
        ${
        ["notes", "tags"].map((table) =>
          `createTable("${table}", { id: "int PRIMARY KEY", text: "text DEFAULT 'x'" }),`
        ).join("\n")
      }
        createFunction("keep()", "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"),
        createTrigger("notes", "keep", "BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION keep()"),
        step("more", {
          check: "EXISTS (SELECT FROM pg_policies WHERE policyname = 'everyone')",
          alter: ${JSON.stringify(beyond.map(([, sql]) => sql))},
        }),
      ]),\n`,
    );
    const { code, stdout } = await verify(project, ["--quick"]);
    assert.equal(code, 1, stdout);
    for (const [says] of beyond) assert.match(stdout, says);
  });
});

Deno.test("the server is stopped", async () => {
  const admin = connect(server.url());
  const left = await admin`SELECT datname FROM pg_database
    WHERE datname LIKE 'verify%'`;
  await admin.end();
  await server.stop();
  assert.deepEqual([...left], []);
});
