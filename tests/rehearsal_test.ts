/**
 * `--rehearse`: the plan on a copy of production, and what is seen of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import {
  connect,
  copyOfProject,
  type Project,
  serversOnDemand,
  sync,
  verify,
} from "./helpers.ts";

const onServer = serversOnDemand();

const STEPS = `
    createTable("events", { id: "int NOT NULL", note: "text" }),
    addPrimaryKey("events", "events_pkey", "(id)"),
    changeType("events", "id", "bigint"),
    addColumn("events", "kind", "text"),
    backfill("events", { set: "kind = 'none'", where: "kind IS NULL" }),
    setDefault("events", "kind", "'none'"),
    setNotNull("events", "kind"),
    createIndex("events", "events_kind_idx", "(kind)"),
`;

const MODELS = `CREATE TABLE events (id bigint PRIMARY KEY,
  kind text NOT NULL DEFAULT 'none', note text);
CREATE INDEX events_kind_idx ON events (kind);
`;

/** Production as it is: a key of four bytes, and rows without a kind. */
const COPY = `CREATE TABLE events (id int PRIMARY KEY, kind text, note text);
INSERT INTO events SELECT n, CASE WHEN n % 3 = 0 THEN 'seen' END, 'secret'
  FROM generate_series(1, 5000) n;
CREATE TABLE others (id int); INSERT INTO others VALUES (1), (2)`;

interface PlanDocument {
  plan: {
    changes: {
      sql: string;
      work: string | null;
      measured?: { milliseconds: number; rewrites: string[] };
    }[];
  };
}

/** The script with no step but these. */
function withSteps(source: string, steps: string): string {
  const start = "export const sections: Section[] = [\n";
  const from = source.indexOf(start) + start.length;
  const to = source.indexOf("];\n\n// ─── End of the steps");
  return `${source.slice(0, from)}section("#1", [${steps}]),${
    source.slice(to)
  }`;
}

/** A project of these steps, and a copy of production to rehearse on. */
async function withCopy(
  steps: string,
  use: (
    project: Project & { url: string },
    rehearse: (...args: string[]) => ReturnType<typeof verify>,
  ) => Promise<void>,
  major: 14 | 18 = 18,
) {
  const project = await copyOfProject();
  const source = await Deno.readTextFile(project.script);
  await Deno.writeTextFile(project.script, withSteps(source, steps));
  const models = join(project.directory, "models.sql");
  await Deno.writeTextFile(models, MODELS);
  try {
    await onServer(major, async (url, sql) => {
      await sql.unsafe(COPY);
      // Nobody else may be connected.
      await sql.end();
      const args = ["--models", models, "--rehearse", url];
      await use(
        { ...project, url },
        (...more) => verify(project, [...args, ...more]),
      );
    });
  } finally {
    await Deno.remove(project.directory, { recursive: true });
  }
}

for (const major of [14, 18] as const) {
  Deno.test(`a plan is rehearsed on a copy, PostgreSQL ${major}`, async () => {
    await withCopy(STEPS, async (project, rehearse) => {
      const { directory, url } = project;
      const asked = ["--dry-run", "--format", "json"];
      const made = await sync(asked, { url, steps: STEPS });
      const file = join(directory, "plan.json");
      // Production has another name, and its plan another digest.
      const other = made.stdout.replace(/("digest": "\w{8})\w{4}/, "$10000");
      assert.notEqual(other, made.stdout);
      await Deno.writeTextFile(file, other);
      const { code, stdout, stderr } = await rehearse("--plan", file);
      const all = stdout + stderr;
      assert.equal(code, 0, all);
      assert.match(all, /✓ models/);
      assert.match(all, /✓ rows +5002 rows of 2 tables/);
      assert.match(all, /✓ promises/);
      assert.match(
        all,
        /events\.id .*ACCESS EXCLUSIVE expected, ACCESS EXCLUSIVE seen; rewrite expected, events seen/,
      );
      assert.match(all, /Rehearsed: 4 checks/);
      assert.ok(!all.includes("secret"));
      const document: PlanDocument = JSON.parse(await Deno.readTextFile(file));
      const schema = JSON.parse(
        await Deno.readTextFile(
          join(import.meta.dirname!, "..", "docs", "plan.schema.json"),
        ),
      );
      const valid = new Ajv2020({ allErrors: true }).compile(schema);
      assert.ok(valid(document), JSON.stringify(valid.errors));
      for (const { sql, measured } of document.plan.changes) {
        assert.ok(Number.isInteger(measured?.milliseconds), sql);
      }
      const rewritten = document.plan.changes
        .find(({ work }) => work === "rewrite");
      assert.deepEqual(rewritten?.measured?.rewrites, ["events"]);
    }, major);
  });
}

const ELSEWHERE = `createTable("events", { id: "int", kind: "text" }),`;

/** Steps that do what they do not say, and what is told of them. */
const LIES: [steps: string, told: RegExp][] = [
  [
    `step("wide note", { check: "false", lock: "SHARE UPDATE EXCLUSIVE",
      alter: "ALTER TABLE events ALTER note TYPE varchar(9)" })`,
    /wide note .* locked events ACCESS EXCLUSIVE; the plan said/,
  ],
  [
    `step("wide note", { check: "false", lock: "ACCESS EXCLUSIVE",
      alter: "ALTER TABLE events ALTER note TYPE varchar(9)" })`,
    /wide note .* rewrote events; the plan did not say so/,
  ],
  [
    `step("tidy", { check: "NOT EXISTS (SELECT FROM others)",
      alter: "DELETE FROM others WHERE id = 1" })`,
    /others lost 1 of its 2 rows; no step says/,
  ],
  [
    `step("tidy", { check: "to_regclass('others') IS NULL",
      alter: "DROP TABLE others" })`,
    /others lost 2 of its 2 rows, and the table with them/,
  ],
];

/** The same, said; nothing is promised where a step says no lock. */
const HONEST = [
  `step("wide note", { check: "false", lock: "ACCESS EXCLUSIVE on events",
    hazard: "rewrite", alter: "ALTER TABLE events ALTER note TYPE varchar(9)" })`,
  `step("fill", { check: "false",
    alter: "ALTER TABLE events ALTER note SET DEFAULT ''" })`,
  `step("tidy", { check: "to_regclass('others') IS NULL", hazard: "tidy",
    alter: "DROP TABLE others" })`,
  `dropTable("others")`,
];

Deno.test("a rehearsal finds nothing wrong with what is said", async (t) => {
  for (const steps of HONEST) {
    await t.step(steps.slice(0, 20), async () => {
      await withCopy(`${ELSEWHERE} ${steps}`, async (_, rehearse) => {
        const { stdout, stderr } = await rehearse();
        assert.match(stdout, /✓ applied/, stderr);
        assert.match(stdout, /✓ rows/);
        assert.match(stdout, /✓ promises/);
      });
    });
  }
});

Deno.test("a copy that somebody uses is refused, and nothing is written", async () => {
  await withCopy(STEPS, async ({ url }, rehearse) => {
    const sql = connect(`${url}?application_name=shop`);
    try {
      await sql`SELECT 1`;
      const { code, stderr } = await rehearse();
      assert.match(stderr, /others are connected .*postgres of shop/);
      assert.equal(code, 1);
      const [row] = await sql`SELECT pg_typeof(id)::text AS t FROM events
        LIMIT 1`;
      assert.equal(row?.t, "integer");
    } finally {
      await sql.end();
    }
  });
});

Deno.test("a plan of other statements is refused, and nothing is written", async () => {
  await withCopy(STEPS, async ({ directory, url }, rehearse) => {
    const file = join(directory, "plan.json");
    const asked = ["--dry-run", "--format", "json"];
    const made = await sync(asked, { url, steps: ELSEWHERE });
    await Deno.writeTextFile(file, made.stdout);
    const other = await rehearse("--plan", file);
    assert.match(other.stderr, /they are not the same statements/);
    await Deno.writeTextFile(file, "{}");
    const none = await rehearse("--plan", file);
    assert.match(none.stderr, /is not a plan\n.*--dry-run --format json/);
    const sql = connect(url);
    const [row] =
      await sql`SELECT pg_typeof(id)::text AS t FROM events LIMIT 1`;
    await sql.end();
    assert.equal(row?.t, "integer");
  });
});

Deno.test("what the copy's rows refuse stops a rehearsal", async () => {
  const steps = `${ELSEWHERE} setNotNull("events", "kind"),`;
  await withCopy(steps, async (_, rehearse) => {
    const { code, stdout } = await rehearse();
    assert.match(stdout, /✗ applied[^]*events\.kind/);
    assert.ok(!stdout.includes("secret"));
    assert.equal(code, 1);
  });
});

Deno.test("production itself is refused", async () => {
  const project = await copyOfProject();
  const url = "postgres://app:hidden@127.0.0.1:1/shop";
  const { code, stderr } = await verify(
    project,
    ["--rehearse", url],
    { DATABASE_URL: url },
  );
  await Deno.remove(project.directory, { recursive: true });
  assert.match(stderr, /--rehearse was given the database of \$DATABASE_URL/);
  assert.ok(!stderr.includes("hidden"));
  assert.equal(code, 1);
});

Deno.test("what a step does and does not say is told", async (t) => {
  for (const [steps, told] of LIES) {
    await t.step(`${told}`, async () => {
      await withCopy(`${ELSEWHERE} ${steps}`, async (_, rehearse) => {
        const { code, stdout, stderr } = await rehearse();
        assert.match(stdout + stderr, told);
        assert.equal(code, 1);
      });
    });
  }
});

/** Steps beside two tables, what is hinted of them, and the step to silence. */
const NOTICED: [step: string, sql: string, hint: RegExp][] = [
  [
    `addForeignKey("b", "b_a_fkey", "(a) REFERENCES a (id)")`,
    `ALTER TABLE b ADD CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES a (id)`,
    /b\.b_a_fkey has no index on its columns.*\n.*fix: createIndex on a/,
  ],
  [
    `addForeignKey("b", "b_c_fkey",
      "(c) REFERENCES a (id) ON DELETE SET NULL")`,
    `ALTER TABLE b ADD CONSTRAINT b_c_fkey FOREIGN KEY (c) REFERENCES a (id)
      ON DELETE SET NULL`,
    /b\.b_c_fkey sets c to NULL when its row of a is deleted, and c is NOT NULL/,
  ],
  [
    `createPolicy("b", "own", "FOR SELECT USING (a > 0)")`,
    `CREATE POLICY own ON b FOR SELECT USING (a > 0)`,
    /policy b\.own filters nothing.*\n.*fix: enableRowSecurity\("b"\)/,
  ],
  [
    `createIndex("a", "a_again", "(id)")`,
    `CREATE INDEX a_again ON a (id)`,
    /index a_again is on the same columns as that of constraint a_pkey/,
  ],
];

Deno.test("what an application notices is hinted, until its step says why", async (t) => {
  const project = await copyOfProject();
  const source = await Deno.readTextFile(project.script);
  const models = join(project.directory, "models.sql");
  await Deno.writeTextFile(
    models,
    `CREATE TABLE a (id int PRIMARY KEY);
    CREATE TABLE b (a int, c int NOT NULL);
    CREATE INDEX b_c_idx ON b (c, a);
    ${NOTICED.map(([, sql]) => `${sql};`).join("\n")}`,
  );
  const tables = `createTable("a", { id: "int NOT NULL" }),
    addPrimaryKey("a", "a_pkey", "(id)"),
    createTable("b", { a: "int", c: "int NOT NULL" }),
    createIndex("b", "b_c_idx", "(c, a)"),`;
  // Of all at once every second one is silenced, and then the others.
  for (const rest of [0, 1]) {
    const said = NOTICED.map(([step], i) =>
      i % 2 === rest ? step : `unhinted("it is small", ${step})`
    );
    await Deno.writeTextFile(
      project.script,
      withSteps(source, `${tables} ${said.join(", ")}`),
    );
    const args = ["--models", models, "--quick"];
    const { stdout, stderr } = await verify(project, args);
    assert.match(stdout, /✓ idempotent/, stderr);
    for (const [i, [, , hint]] of NOTICED.entries()) {
      const isTold = i % 2 === rest;
      await t.step(`${isTold ? "told" : "silenced"}: ${hint}`, () => {
        assert.equal(hint.test(stdout), isTold, stdout);
      });
    }
  }
  await Deno.remove(project.directory, { recursive: true });
});
