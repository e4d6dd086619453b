/**
 * Extensions that bring tables, types and partitions of their own: PostGIS and
 * pg_partman, on the server that the system's packages brought. Where there is
 * none, these tests are skipped.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import {
  catalog,
  copyOfProject,
  installedServer,
  sync,
  verify,
} from "./helpers.ts";

const server = await installedServer();
const offered = new Set(
  await server?.withDatabase(async (_, sql) =>
    (await sql`SELECT name FROM pg_available_extensions`).map((row) => row.name)
  ),
);
Deno.test.afterAll(() => server?.stop());

function withExtension(
  extension: string,
  title: string,
  use: (url: string, sql: postgres.Sql) => Promise<void>,
) {
  const ignore = !offered.has(extension);
  const fn = () => server!.withDatabase(use);
  Deno.test({ name: `${extension}: ${title}`, ignore, fn });
}

const PLACES = `createExtension("postgis"),
  createTable("places", {
    id: "bigint PRIMARY KEY",
    at: "geometry(Point, 4326) NOT NULL",
    area: "geography(MultiPolygon,4326)",
    size: "double precision GENERATED ALWAYS AS (ST_Area(area)) STORED",
  }),
  createIndex("places", "places_at", "USING gist (at)"),
  addCheck("places", "places_valid", "ST_IsValid(at)"),
  createView("near",
    "SELECT id FROM places WHERE at && ST_MakeEnvelope(0, 0, 1, 1, 4326)"),`;

withExtension("postgis", "steps with its types and functions", async (url) => {
  const all = { url, steps: PLACES };
  const applied = await sync(["--apply"], all);
  assert.equal(applied.code, 0, applied.stderr);
  // Nothing of the extension's own is listed as what no step names.
  const strict = ["--dry-run", "--detailed-exitcode", "--strict", "--verbose"];
  const same = await sync(strict, all);
  assert.equal(same.code, 0, same.stdout);
  assert.match(same.stdout, /In sync: 5 steps/);
  const changes: [from: string, to: string, says: RegExp][] = [
    ["Point, 4326", "Point, 3857", /places\.at +has a different type/],
    ["MultiPolygon,4326", "Polygon,4326", /places\.area +has a different type/],
    ["USING gist (at)", "USING spgist (at)", /places_at +is a different index/],
    ["ST_IsValid(at)", "ST_IsSimple(at)", /places_valid +is a different con/],
    ["0, 0, 1, 1", "0, 0, 1, 2", /near +change view: query/],
  ];
  for (const [from, to, says] of changes) {
    const steps = PLACES.replace(from, to);
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.match(stdout, says);
  }
});

/** What the verifier scaffolds of a live database, and whether all is in it. */
async function adopts(
  url: string,
  sql: postgres.Sql,
  leaves: RegExp[],
  { same = true } = {},
) {
  const project = await copyOfProject();
  try {
    const text = await Deno.readTextFile(project.script);
    const start = "export const sections: Section[] = [";
    await Deno.writeTextFile(
      project.script,
      text.slice(0, text.indexOf(start) + start.length) +
        text.slice(text.indexOf("];\n\n// ─── End of the steps")),
    );
    project.models = join(project.directory, "models.sql");
    const args = ["--scaffold", "--live", "--write"];
    const { code, stdout, stderr } = await verify(project, args, {
      DATABASE_URL: url,
    });
    assert.equal(code, 0, stdout + stderr);
    const steps = (await Deno.readTextFile(project.script))
      .split("// ─── End of the steps")[0]!;
    for (const name of leaves) assert.doesNotMatch(steps, name);
    const run = async (mode: string, url: string) => {
      const output = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", project.script, mode, "--detailed-exitcode"],
        env: { DATABASE_URL: url, NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      const said = decoder.decode(output.stdout) +
        decoder.decode(output.stderr);
      assert.equal(output.code, 0, said);
      return said;
    };
    assert.match(await run("--dry-run", url), /^In sync: /m);
    await server!.withDatabase(async (emptyUrl, empty) => {
      await run("--apply", emptyUrl);
      assert.match(await run("--dry-run", emptyUrl), /^In sync: /m);
      if (same) assert.deepEqual(await catalog(empty), await catalog(sql));
    });
    return { stdout, steps };
  } finally {
    await Deno.remove(project.directory, { recursive: true });
  }
}

withExtension("postgis", "a live database is adopted", async (url, sql) => {
  await sql.unsafe(`CREATE EXTENSION postgis;
    CREATE DOMAIN wgs84 AS geometry(Point, 4326) CHECK (ST_X(VALUE) <= 180);
    CREATE TABLE shops (id int PRIMARY KEY, at wgs84 NOT NULL,
      area geography(Polygon, 4326), raw geometry);
    CREATE INDEX shops_at ON shops USING gist (at);
    CREATE INDEX shops_3d ON shops USING gist (raw gist_geometry_ops_nd);
    CREATE VIEW near AS SELECT id, ST_AsText(at) AS at FROM shops
      WHERE ST_DWithin(at, ST_SetSRID(ST_MakePoint(1, 2), 4326), 0.5)`);
  const none = [/spatial_ref_sys/, /geometry_columns/, /geography_columns/];
  const { steps } = await adopts(url, sql, none);
  assert.match(steps, /createExtension\("postgis"/);
  assert.match(steps, /geography\(Polygon,\s*4326\)/);
});

withExtension(
  "pg_partman",
  "the partitions that it makes are left to it",
  async (url, sql) => {
    await sql.unsafe(`CREATE SCHEMA partman;
    CREATE EXTENSION pg_partman SCHEMA partman;
    CREATE TABLE events (at timestamptz NOT NULL, what text)
      PARTITION BY RANGE (at);
    CREATE INDEX events_at ON events (at);
    SELECT partman.create_parent('public.events', 'at', 'native', 'daily')`);
    const { stdout } = await adopts(
      url,
      sql,
      [/"events_p\d/, /part_config/],
      { same: false },
    );
    assert.match(stdout, /\d+ partitions of events/);
  },
);
