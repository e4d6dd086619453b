/**
 * What a drop takes away is told, and what was not carried over stays.
 *
 * @module
 */
import { strict as assert } from "node:assert";
import { serversOnDemand, sync } from "./helpers.ts";

const onServer = serversOnDemand();
const dry = ["--dry-run", "--detailed-exitcode"];

const PEOPLE = `CREATE TABLE people (id int PRIMARY KEY, mail text,
    "e mail" text, fax text);
  INSERT INTO people VALUES (1, 'a', 'a', NULL), (2, 'secret', NULL, NULL),
    (3, NULL, 'c', NULL);`;

for (const major of [14, 18] as const) {
  Deno.test(`a drop says how many rows it is about, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(`${PEOPLE} CREATE TABLE log (id int);
        INSERT INTO log SELECT generate_series(1, 2000);
        CREATE TABLE none (id int)`);
      const told: Record<string, RegExp> = {
        'dropColumn("people", "mail")': /rows +2 rows with a value$/m,
        'dropColumn("people", "fax")': /rows +no row with a value$/m,
        'dropColumn("log", "id")': /rows +more than 1000 rows with a value$/m,
        'dropTable("people")': /rows +3 rows$/m,
        'dropTable("log")': /rows +more than 1000 rows$/m,
        'dropTable("none")': /rows +no row$/m,
        'renameTable("people", "persons"), dropColumn("persons", "mail")':
          /rows +2 rows with a value$/m,
      };
      for (const [steps, line] of Object.entries(told)) {
        const { code, stdout } = await sync(dry, { url, steps });
        assert.equal(code, 2, stdout);
        assert.match(stdout, line, steps);
        assert.doesNotMatch(stdout, /secret/);
      }
    }));

  Deno.test(`a column whose values are not in the new one stays, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(PEOPLE);
      const drop = `dropColumn("people", "mail", { copiedTo: "e mail" })`;
      const apply = ["--apply", "--allow", "drop:people.mail"];
      const refused = await sync(apply, { url, steps: drop });
      assert.equal(refused.code, 3, refused.stdout + refused.stderr);
      assert.match(
        refused.stdout,
        /⚠ people\.mail +drop column would fail: 1 row has a value that e mail\s+lacks/,
      );
      assert.match(refused.stdout, /rows +id 2$/m);
      assert.doesNotMatch(refused.stdout, /secret/);
      // What the plan itself carries over is no reason to refuse.
      const steps = `backfill("people", {
        set: '"e mail" = mail', where: '"e mail" IS NULL AND mail IS NOT NULL',
      }), ${drop}`;
      const sql = await sync(["--dry-run", "--format", "sql"], { url, steps });
      const made = await sync(apply, { url, steps });
      assert.equal(made.code, 0, made.stdout + made.stderr);
      const rows = await db`SELECT "e mail" AS mail FROM people ORDER BY id`;
      assert.deepEqual(rows.map(({ mail }) => mail), ["a", "secret", "c"]);
      assert.equal((await sync(dry, { url, steps })).code, 0);
      // The guard is in the SQL, whoever runs it.
      const [guard = ""] =
        /^DO \$guard\$.*?END\$guard\$;$/ms.exec(sql.stdout) ??
          [];
      await db.unsafe(`ALTER TABLE people ADD mail text DEFAULT 'b';
        UPDATE people SET "e mail" = NULL WHERE id = 3`);
      await assert.rejects(
        db.unsafe(guard),
        /rows of people have a value that e mail lacks/,
      );
    }));

  Deno.test(`a missed first deploy loses nothing, on ${major}`, () =>
    onServer(major, async (url, db) => {
      await db.unsafe(
        PEOPLE.replaceAll('"e mail" text,', "")
          .replace(/INSERT[^]*/, "INSERT INTO people VALUES (1, 'a', NULL)"),
      );
      const steps = `createTable("people", { id: "int PRIMARY KEY",
          fax: "text", email: "text" }),
        dropColumn("people", "mail", { copiedTo: "email" })`;
      const apply = ["--apply", "--allow", "drop:people.mail"];
      for (const more of [[], ["--single-transaction"]]) {
        const { code, stdout } = await sync([...apply, ...more], {
          url,
          steps,
        });
        assert.equal(code, 3, stdout);
        assert.match(stdout, /drop column would fail: 1 row has a value/);
      }
      const [row] = await db`SELECT mail FROM people`;
      assert.equal(row?.mail, "a");
      const filled = `${steps.replace(", dropColumn", "dropColumn")},
        backfill("people", { set: "email = mail",
          where: "email IS NULL AND mail IS NOT NULL" })`;
      for (const more of [["--single-transaction"]]) {
        const made = await sync([...apply, ...more], { url, steps: filled });
        assert.equal(made.code, 0, made.stdout + made.stderr);
      }
      const [kept] = await db`SELECT email FROM people`;
      assert.equal(kept?.email, "a");
    }));

  Deno.test(`what must be true stops an apply while it is false, on ${major}`, () =>
    onServer(major, async (url, db) => {
      const steps = `assert("mail is copied",
          'NOT EXISTS (SELECT FROM people WHERE mail IS NOT NULL AND "e mail" IS NULL)',
          "somebody's mail is nowhere else"),
        createTable("other", { id: "int" })`;
      // Of what is not there, it says nothing.
      assert.equal((await sync(["--apply"], { url, steps })).code, 0);
      await db.unsafe(`${PEOPLE} DROP TABLE other`);
      const refused = await sync(["--apply"], { url, steps });
      assert.equal(refused.code, 3, refused.stdout);
      assert.match(
        refused.stdout,
        /⚠ mail is copied +does not hold: somebody's mail is nowhere else/,
      );
      assert.match(refused.stdout, /query +SELECT \(NOT EXISTS/);
      const [row] = await db`SELECT to_regclass('other') AS made`;
      assert.equal(row?.made, null);
      await db`UPDATE people SET "e mail" = mail`;
      assert.equal((await sync(["--apply"], { url, steps })).code, 0);
      const wrong = `assert("a", "NULL::boolean", "b")`;
      const { code, stderr } = await sync(dry, { url, steps: wrong });
      assert.equal(code, 1);
      assert.match(stderr, /returns NULL, not true or false/);
    }));
}

Deno.test("a check that goes does not take along the index of its name", () =>
  onServer(18, async (url, db) => {
    await db.unsafe(`CREATE TABLE t (x int CONSTRAINT x CHECK (x > 0));
      CREATE INDEX x ON t (x)`);
    const steps = `dropConstraint("t", "x"), createIndex("t", "x", "(x)")`;
    const args = ["--apply", "--allow", "drop:t.x"];
    const made = await sync(args, { url, steps });
    assert.equal(made.code, 0, made.stdout + made.stderr);
    assert.doesNotMatch(made.stdout, /create index/);
  }));
