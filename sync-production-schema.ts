#!/usr/bin/env -S deno run --no-prompt --node-modules-dir=none --allow-net --allow-read --allow-write=.embedded-db,/var/run/postgresql --allow-env=DATABASE_URL,USER,INIT_CWD,NO_COLOR,FORCE_COLOR,PG*
/**
 * Brings a PostgreSQL database to the schema that the steps below describe,
 * whatever state it is in: empty, older, half-applied, or already there.
 *
 *     ./sync-production-schema.ts --dry-run     show what would change
 *     ./sync-production-schema.ts --apply       change what is missing
 *     ./sync-production-schema.ts --help        every option and exit status
 *
 * Guarantees: a dry run writes nothing (the server enforces it); an apply
 * changes only what is missing, in an order that keeps the application
 * running, and says what is committed when it stops halfway; a database that
 * has everything gets no DDL at all.
 *
 * Parts, in this order: Steps, Vocabulary, Verbs, Tables, Partitions,
 * Constraints, Rows and drops, Objects, Privileges, Facts, SQL text, Changes,
 * Planner, Plan, Preflight, Apply, Report, Formats, Errors, Connection, Command
 * line.
 *
 *     steps ──▶ wanted parts ─┐
 *                             ├─▶ differences ─▶ changes ─▶ report, or apply
 *     catalogs ─▶ facts ──────┘                     ▲
 *                                             preflight checks
 *
 * A new verb is a builder under Vocabulary and an entry of VERBS, which says
 * what it makes, reads and may need allowed, when it is planned, and by which
 * function: that stands in the part of its kind, and declares the locks of its
 * statements by the constructors under Verbs; TRAITS are what other parts ask of
 * it, and `unnamedIn` what it leaves to name. A new kind of object is an
 * entry of OBJECTS; of tables, a query of FACTS and its place under Facts. A
 * new format stands under Formats, and an option under Command line.
 *
 * @module
 */

// This file travels alone, where no import map resolves a bare name. The client
// and Node's modules load when they are needed, so that --help is instant.
// deno-lint-ignore no-import-prefix
import type postgres from "npm:postgres@3.4.9";
import type { Socket } from "node:net";

/** The version of the engine: everything in this file but the steps. */
export const VERSION = "0.1.0";

/** The oldest Deno that it runs on: the first to read PG* in --allow-env. */
export const OLDEST_DENO = "2.1.0";

/** One check-then-alter pair, as plain data. Made by the builders below. */
export interface Step {
  /** The builder that made it, such as `addColumn`; see "Verbs". */
  verb: string;
  /** What reports call it, and `--only` and `--skip` match. */
  name: string;
  table?: string;
  column?: string;
  constraint?: string;
  /** A column's text, a definition, a condition, a default or a type. */
  text?: string;
  columns?: Record<string, string>;
  shape?: TableShape;
  labels?: string[];
  /** The new name, the role of a grant, or where a dropped column's values are. */
  to?: string;
  /** The object of a grant, or the table of which this is a partition. */
  on?: string;
  /** What WITH holds of a view; how a trigger is enabled. */
  options?: string;
  using?: string;
  /** What a backfill writes, and where. */
  fill?: Fill;
  /** The databases of a policy. */
  reviewed?: string[];
  /** The rows of insertMissing, and the columns that identify one. */
  key?: string[];
  rows?: Values[];
  /** What the longhand says. */
  check?: string;
  alter?: string[];
  phase?: Phase;
  lock?: string;
  hazard?: string;
  undo?: string;
  makes?: string;
  /** Where an extension stands, or what default privileges are about. */
  schema?: string;
  version?: string;
  /** Whose new objects default privileges are about. */
  by?: string;
  /** False where no model has what it makes, on purpose. */
  modelled?: false;
  /** Why the verifier gives no hint about what it makes. */
  unhinted?: string;
}

/** What CREATE TABLE says of a table besides its columns. */
export interface TableShape {
  /** `RANGE (at)`, `LIST (lower(region))` or `HASH (id)`. */
  partitionBy?: string;
  /** The tables that it inherits from, whose columns it has, too. */
  inherits?: string[];
  /** Whether a crash empties it. */
  unlogged?: boolean;
  /** Storage parameters: `fillfactor = 70, autovacuum_enabled = off`. */
  with?: string;
  /** Its access method, where it is not heap. */
  using?: string;
  tablespace?: string;
}

/** A titled group of steps. */
export interface Section {
  title: string;
  steps: Step[];
}

// ═══ Steps ═════════════════════════════════════════════════════════════════
//
// The part to edit. A step says what is wanted, not what happened when:
//   - a new column goes into its table's createTable, whose check covers every
//     column, so a database with an older table gets the column added;
//   - a new table, index or constraint gets a step of its own, with its name;
//   - a step stands below the steps that make what it needs; otherwise order
//     is free, and a section is a topic or a ticket;
//   - what is no longer wanted is dropped by a step (dropColumn, …), never by
//     deleting a step: a step that is gone is a thing nobody checks.
// SQL is written as PostgreSQL reads it; other spellings of the same thing are
// no difference. Try it: deno task sync --embedded --dry-run

const touchUpdatedAt = "BEGIN NEW.updated_at := now(); RETURN NEW; END";

export const sections: Section[] = [
  section("#1 Foundations", [
    createExtension("citext"),
    createExtension("pg_trgm"),
    createEnum("plan", ["free", "team", "enterprise"]),
    createEnum("project_status", ["planned", "active", "paused", "done"]),
    createEnum("task_status", ["todo", "in_progress", "in_review", "done"]),
  ]),

  section("#2 Organizations and people", [
    createTable("organizations", {
      id: "uuid PRIMARY KEY DEFAULT gen_random_uuid()",
      name: "text NOT NULL",
      slug: "citext NOT NULL",
      plan: "plan NOT NULL DEFAULT 'free'",
      settings: "jsonb NOT NULL DEFAULT '{}'",
      owner_id: "uuid",
      created_at: "timestamptz NOT NULL DEFAULT now()",
    }),
    addUnique("organizations", "organizations_slug_key", "(slug)"),

    createTable("roles", {
      id: "smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
      name: "text NOT NULL",
      permissions: "text[] NOT NULL DEFAULT '{}'",
    }),
    addUnique("roles", "roles_name_key", "(name)"),
    insertMissing("roles", ["name"], [
      { name: "owner", permissions: ["*"] },
      { name: "member", permissions: ["read", "write"] },
      { name: "viewer", permissions: ["read"] },
    ]),

    createTable("users", {
      id: "uuid PRIMARY KEY DEFAULT gen_random_uuid()",
      organization_id: "uuid NOT NULL",
      role_id: "smallint",
      email: "varchar(255) NOT NULL",
      first_name: "text NOT NULL DEFAULT ''",
      last_name: "text NOT NULL DEFAULT ''",
      invited_by: "uuid",
      active: "boolean NOT NULL DEFAULT true",
      last_seen_at: "timestamptz",
      created_at: "timestamptz NOT NULL DEFAULT now()",
    }),
    createIndex("users", "users_email_key", "UNIQUE (lower(email))"),
    createIndex(
      "users",
      "users_organization_id_idx",
      "(organization_id) WHERE active",
    ),
    addCheck("users", "users_email_check", "email LIKE '%_@_%'"),
    addForeignKey(
      "users",
      "users_organization_id_fkey",
      "(organization_id) REFERENCES organizations (id) ON DELETE CASCADE",
    ),
    addForeignKey(
      "users",
      "users_role_id_fkey",
      "(role_id) REFERENCES roles (id) ON DELETE RESTRICT",
    ),
    addForeignKey(
      "users",
      "users_invited_by_fkey",
      "(invited_by) REFERENCES users (id) ON DELETE SET NULL",
    ),
    // The other half of the cycle: it can only follow both tables.
    addForeignKey(
      "organizations",
      "organizations_owner_id_fkey",
      "(owner_id) REFERENCES users (id) ON DELETE SET NULL",
    ),
  ]),

  section("#3 Teams", [
    createTable("teams", {
      id: "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
      organization_id: "uuid NOT NULL",
      name: "text NOT NULL",
      created_at: "timestamptz NOT NULL DEFAULT now()",
    }),
    addUnique(
      "teams",
      "teams_organization_id_name_key",
      "(organization_id, name)",
    ),
    addForeignKey(
      "teams",
      "teams_organization_id_fkey",
      "(organization_id) REFERENCES organizations (id) ON DELETE CASCADE",
    ),

    createTable("team_members", {
      team_id: "bigint NOT NULL",
      user_id: "uuid NOT NULL",
      joined_on: "date NOT NULL DEFAULT CURRENT_DATE",
    }),
    addPrimaryKey("team_members", "team_members_pkey", "(team_id, user_id)"),
    createIndex("team_members", "team_members_user_id_idx", "(user_id)"),
    addForeignKey(
      "team_members",
      "team_members_team_id_fkey",
      "(team_id) REFERENCES teams (id) ON DELETE CASCADE",
    ),
    addForeignKey(
      "team_members",
      "team_members_user_id_fkey",
      "(user_id) REFERENCES users (id) ON DELETE CASCADE",
    ),
  ]),

  section("#4 Projects", [
    createTable("projects", {
      id: "uuid PRIMARY KEY DEFAULT gen_random_uuid()",
      organization_id: "uuid NOT NULL",
      team_id: "bigint",
      key: "varchar(10) NOT NULL",
      name: "text NOT NULL",
      status: "project_status NOT NULL DEFAULT 'planned'",
      budget: "numeric(12,2) NOT NULL DEFAULT 0",
      starts_on: "date",
      ends_on: "date",
      created_at: "timestamptz NOT NULL DEFAULT now()",
    }),
    addUnique(
      "projects",
      "projects_organization_id_key_key",
      "(organization_id, key)",
    ),
    createIndex("projects", "projects_team_id_idx", "(team_id)"),
    addCheck("projects", "projects_budget_check", "budget >= 0"),
    addCheck("projects", "projects_dates_check", "ends_on >= starts_on"),
    addForeignKey(
      "projects",
      "projects_organization_id_fkey",
      "(organization_id) REFERENCES organizations (id) ON DELETE CASCADE",
    ),
    addForeignKey(
      "projects",
      "projects_team_id_fkey",
      "(team_id) REFERENCES teams (id) ON DELETE SET NULL",
    ),
  ]),

  section("#5 Tasks", [
    createTable("tasks", {
      id: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
      project_id: "uuid NOT NULL",
      parent_id: "bigint",
      assignee_id: "uuid",
      title: "text NOT NULL",
      description: "text NOT NULL DEFAULT ''",
      status: "task_status NOT NULL DEFAULT 'todo'",
      priority: "smallint NOT NULL DEFAULT 3",
      labels: "text[] NOT NULL DEFAULT '{}'",
      estimate_hours: "numeric(6,2)",
      due_on: "date",
      search: `tsvector GENERATED ALWAYS AS
        (to_tsvector('english', title || ' ' || description)) STORED`,
      created_at: "timestamptz NOT NULL DEFAULT now()",
      updated_at: "timestamptz NOT NULL DEFAULT now()",
    }),
    createIndex(
      "tasks",
      "tasks_project_id_status_idx",
      "(project_id, status) INCLUDE (title)",
    ),
    createIndex(
      "tasks",
      "tasks_assignee_id_due_on_idx",
      "(assignee_id, due_on DESC NULLS LAST) WHERE status <> 'done'",
    ),
    createIndex("tasks", "tasks_parent_id_idx", "(parent_id)"),
    createIndex("tasks", "tasks_labels_idx", "USING gin (labels)"),
    createIndex("tasks", "tasks_search_idx", "USING gin (search)"),
    createIndex(
      "tasks",
      "tasks_title_trgm_idx",
      "USING gin (title gin_trgm_ops)",
    ),
    addCheck("tasks", "tasks_priority_check", "priority BETWEEN 1 AND 5"),
    addForeignKey(
      "tasks",
      "tasks_project_id_fkey",
      "(project_id) REFERENCES projects (id) ON DELETE CASCADE",
    ),
    addForeignKey(
      "tasks",
      "tasks_parent_id_fkey",
      "(parent_id) REFERENCES tasks (id) ON DELETE CASCADE",
    ),
    addForeignKey(
      "tasks",
      "tasks_assignee_id_fkey",
      "(assignee_id) REFERENCES users (id) ON DELETE SET NULL",
    ),
    // PostgreSQL keeps a function's body as it was written, so the text is
    // compared; tgtype 19 is a row trigger before update.
    step("function touch_updated_at", {
      check: `EXISTS (SELECT FROM pg_proc
        WHERE oid = to_regprocedure('touch_updated_at()')
          AND prosrc = '${touchUpdatedAt}')`,
      alter: `CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
        LANGUAGE plpgsql AS '${touchUpdatedAt}'`,
      undo: "DROP FUNCTION touch_updated_at()",
    }),
    step("trigger tasks.touch_updated_at", {
      check: `EXISTS (SELECT FROM pg_trigger
        WHERE tgrelid = to_regclass('tasks') AND tgname = 'touch_updated_at'
          AND tgfoid = to_regprocedure('touch_updated_at()')
          AND tgtype = 19 AND tgattr::text = '' AND tgqual IS NULL
          AND tgenabled = 'O')`,
      alter: `CREATE OR REPLACE TRIGGER touch_updated_at BEFORE UPDATE ON tasks
        FOR EACH ROW EXECUTE FUNCTION touch_updated_at()`,
      lock: "tasks: SHARE ROW EXCLUSIVE for an instant",
      undo: "DROP TRIGGER touch_updated_at ON tasks",
    }),
  ]),

  section("#6 Comments and events", [
    createTable("comments", {
      id: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
      task_id: "bigint NOT NULL",
      author_id: "uuid NOT NULL",
      body: "text NOT NULL",
      created_at: "timestamptz NOT NULL DEFAULT now()",
      edited_at: "timestamptz",
    }),
    createIndex(
      "comments",
      "comments_task_id_created_at_idx",
      "(task_id, created_at)",
    ),
    addCheck("comments", "comments_body_check", "length(body) <= 10000"),
    addForeignKey(
      "comments",
      "comments_task_id_fkey",
      "(task_id) REFERENCES tasks (id) ON DELETE CASCADE",
    ),
    addForeignKey(
      "comments",
      "comments_author_id_fkey",
      "(author_id) REFERENCES users (id) ON DELETE RESTRICT",
    ),

    createTable("events", {
      id: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
      organization_id: "uuid NOT NULL",
      actor_id: "uuid",
      kind: "text NOT NULL",
      payload: "jsonb NOT NULL DEFAULT '{}'",
      duration_ms: "integer",
      occurred_at: "timestamptz NOT NULL DEFAULT now()",
    }),
    createIndex(
      "events",
      "events_organization_id_occurred_at_idx",
      "(organization_id, occurred_at DESC NULLS LAST)",
    ),
    createIndex(
      "events",
      "events_payload_idx",
      "USING gin (payload jsonb_path_ops)",
    ),
    createIndex("events", "events_task_idx", "((payload ->> 'task'))"),
    addForeignKey(
      "events",
      "events_organization_id_fkey",
      "(organization_id) REFERENCES organizations (id) ON DELETE CASCADE",
    ),
    addForeignKey(
      "events",
      "events_actor_id_fkey",
      "(actor_id) REFERENCES users (id) ON DELETE SET NULL",
    ),
  ]),

  // One release added the column and filled it for the people there were; the
  // application writes it ever since, so it may no longer be empty.
  section("#142 Display names", [
    addColumn("users", "display_name", "text"),
    backfill("users", {
      set: `display_name = coalesce(
        nullif(trim(first_name || ' ' || last_name), ''), email)`,
      where: "display_name IS NULL",
    }),
    setNotNull("users", "display_name"),
  ]),
];

// ─── End of the steps: below is the engine ─────────────────────────────────
// engine 0.1.0 sha256 477edefe56debb9870fed1a1b6cfa1ee2d510c2b377e683ffcd6a9f2c4224fca

// ═══ Vocabulary ════════════════════════════════════════════════════════════
//
// One builder for each thing that a step can ask for. A builder only writes
// down what was asked, as plain data: nothing is read, checked or run when this
// file loads. What the words mean stands under "Verbs"; their faults are found
// by `checkSteps`, before anything is connected.
//
// A name is of the target schema (--schema), unless it says another:
// `audit.events`. A name that holds a dot stands in double quotes: `"a.b"`.

/**
 * Groups steps under a title, such as a topic or a ticket.
 *
 * @param title what reports show, and `--only` and `--skip` match
 */
export function section(title: string, steps: Step[]): Section {
  return { title, steps };
}

/**
 * Marks a step of which the models know nothing, on purpose: a table of the
 * operators, an index that the models' language cannot say.
 */
export function notModelled(step: Step): Step {
  return { ...step, modelled: false };
}

/** Silences the verifier's hints about what a step makes, and says why. */
export function unhinted(why: string, step: Step): Step {
  return { ...step, unhinted: why };
}

/**
 * What an apply must keep to, whoever starts it, and whatever `--only` and
 * `--skip` leave: `policy({ reviewed: "*production*" })`.
 *
 * @param options `reviewed`: the databases that take a plan only where
 *   `--expect-plan` says that it was reviewed there. Each is a pattern of a
 *   whole name, in which * is anything: of the database, of the host in the
 *   URL, or of both, as in `*.example.com/app`
 */
export function policy(options: { reviewed: string | string[] }): Step {
  const reviewed = [options?.reviewed].flat();
  return { verb: "policy", name: `reviewed: ${reviewed.join(", ")}`, reviewed };
}

/**
 * The longhand: any check-then-alter pair, for triggers, functions, views,
 * policies and whatever else the other builders do not cover.
 *
 * @param name what reports call it, such as `trigger tasks.touch_updated_at`
 * @param options `check`: an SQL expression, true where the whole effect is in
 *   place, else false, and never NULL; it reads only, and where a thing that it
 *   names does not exist the effect is missing. `alter`: the SQL to run then.
 *   `phase`: when ("expand"). `lock`: the strongest lock that it takes, for the
 *   report. `hazard`: what `--allow` must name before it runs. `undo`: the SQL
 *   that takes it back. `makes`: what the steps below may build on, such as
 *   `table archive` or `view totals`, where the name does not say it
 */
export function step(name: string, options: {
  check: string;
  alter: string | string[];
  phase?: Phase;
  lock?: string;
  hazard?: string;
  undo?: string;
  makes?: string;
}): Step {
  const alter = [options?.alter].flat();
  return { verb: "step", name, ...options, alter };
}

/**
 * An extension; one that is missing goes into the target schema.
 *
 * @param options `schema`: where it stands (anywhere); `version`: which one at
 *   least (any)
 */
export function createExtension(
  name: string,
  options: { schema?: string; version?: string } = {},
): Step {
  return { verb: "createExtension", name, ...options };
}

/** No such extension any more. Applied only with `--allow drop:NAME`. */
export function dropExtension(name: string): Step {
  return { verb: "dropExtension", name };
}

/**
 * An enum type with its labels in order. A label that is missing is added in
 * its place; one that is too many, or out of order, is a conflict, since
 * PostgreSQL cannot take a label back.
 */
export function createEnum(name: string, labels: string[]): Step {
  return { verb: "createEnum", name, labels };
}

/**
 * A table and every one of its columns. Where the table stands in an older
 * shape, the columns that are missing are added, and what can be changed gently
 * (a default, NOT NULL) is changed.
 *
 * @param columns name to text: type, COLLATE, NOT NULL, DEFAULT, GENERATED with
 *   the options of an identity, PRIMARY KEY, and how it is kept: STORAGE,
 *   COMPRESSION, STATISTICS 500; other constraints are steps of their own
 * @param shape how it is partitioned, what it inherits from, how it is stored
 */
export function createTable(
  table: string,
  columns: Record<string, string>,
  shape?: TableShape,
): Step {
  const how = shape && { shape };
  return { verb: "createTable", name: table, table, columns, ...how };
}

/**
 * A partition: `createPartition("events_2026", "events", "FOR VALUES FROM
 * ('2026-01-01') TO ('2027-01-01')")`, or `DEFAULT`. A table of that name that
 * stands by itself is attached.
 *
 * @param shape how it is partitioned itself, and how it is stored
 */
export function createPartition(
  name: string,
  parent: string,
  bounds: string,
  shape?: Omit<TableShape, "inherits">,
): Step {
  const at = { name, table: name, on: parent, text: bounds };
  return { verb: "createPartition", ...at, ...(shape && { shape }) };
}

/** A column, for one that is added in steps: added, filled, made NOT NULL. */
export function addColumn(table: string, column: string, text: string): Step {
  return { verb: "addColumn", name: `${table}.${column}`, table, column, text };
}

/** A primary key of one or several columns, such as `(team_id, user_id)`. */
export function addPrimaryKey(table: string, name: string, text: string): Step {
  return { verb: "addPrimaryKey", name, table, text };
}

/**
 * A unique constraint: `(organization_id, name)`. Its index is built without
 * stopping writes, then made the constraint. For expressions and predicates,
 * write `createIndex` with UNIQUE.
 */
export function addUnique(table: string, name: string, text: string): Step {
  return { verb: "addUnique", name, table, text };
}

/** A foreign key: `(organization_id) REFERENCES organizations (id) …`. */
export function addForeignKey(table: string, name: string, text: string): Step {
  return { verb: "addForeignKey", name, table, text };
}

/** A check: its text is the condition alone, such as `age >= 18`. */
export function addCheck(table: string, name: string, condition: string): Step {
  return { verb: "addCheck", name, table, text: condition };
}

/** An exclusion constraint: `USING gist (room WITH =, during WITH &&)`. */
export function addExclusion(table: string, name: string, text: string): Step {
  return { verb: "addExclusion", name, table, text };
}

/**
 * An index, built without stopping writes where the table has rows.
 *
 * @param text what follows the table in CREATE INDEX, with UNIQUE before it:
 *   `UNIQUE (lower(email))`, `USING gin (tags)`, `(a) INCLUDE (b) WHERE c`
 */
export function createIndex(table: string, name: string, text: string): Step {
  return { verb: "createIndex", name, table, text };
}

/** Another default for a column; rows that exist keep their values. */
export function setDefault(table: string, column: string, value: string): Step {
  const name = `${table}.${column}`;
  return { verb: "setDefault", name, table, column, text: value };
}

/** No default any more: writers must then name the column. */
export function dropDefault(table: string, column: string): Step {
  return { verb: "dropDefault", name: `${table}.${column}`, table, column };
}

/** NOT NULL, proved under traffic before the instant that sets it. */
export function setNotNull(table: string, column: string): Step {
  return { verb: "setNotNull", name: `${table}.${column}`, table, column };
}

/** A column may be null again. */
export function dropNotNull(table: string, column: string): Step {
  return { verb: "dropNotNull", name: `${table}.${column}`, table, column };
}

/**
 * Another type for a column, instant where PostgreSQL need not rewrite the
 * table (varchar to longer or text, numeric to larger with the same scale).
 * Its default and the sequence of a serial change along. Views, policies,
 * triggers, rules and generated columns that need it are dropped and made again
 * as they were, with `--allow replace:TABLE.COLUMN`.
 *
 * @param using how a value becomes the new type, where a cast is not enough
 */
export function changeType(
  table: string,
  column: string,
  type: string,
  using?: string,
): Step {
  const at = { name: `${table}.${column}`, table, column };
  return { verb: "changeType", ...at, text: type, ...(using && { using }) };
}

/** A table under a new name. It breaks an application that reads the old. */
export function renameTable(from: string, to: string): Step {
  return { verb: "renameTable", name: to, table: from, to };
}

/** A column under a new name. It breaks an application that reads the old. */
export function renameColumn(table: string, from: string, to: string): Step {
  const name = `${table}.${to}`;
  return { verb: "renameColumn", name, table, column: from, to };
}

/**
 * Values for the rows that lack them, in batches by block range, each its own
 * short transaction. What it writes must make `where` false.
 *
 * @param options `set`: what UPDATE sets, such as `name = first || last`;
 *   `where`: which rows need it, such as `name IS NULL`
 */
export function backfill(
  table: string,
  options: { set: string; where: string },
): Step {
  const column = /^\s*("[^"]+"|[\w$]+)/.exec(options?.set)?.[1]
    ?.replaceAll('"', "");
  const name = column === undefined ? table : `${table}.${column}`;
  const { set = "", where = "" } = options ?? {};
  return { verb: "backfill", name, table, fill: { table, set, where } };
}

/** What a row says of its columns; `undefined` says nothing. */
type Values = Record<string, unknown>;

/**
 * Reference rows: those whose key is missing are inserted; a row that is
 * there stays as it is. What a row does not say becomes the column's default.
 * Values are as JavaScript has them: a BigInt, a Date, a Uint8Array for bytea,
 * an array, an object for json or a composite type. Where they bring numbers
 * of an identity or serial column, its sequence is moved past them.
 *
 * @param key the columns that identify a row; NULL is a value like another
 */
export function insertMissing(
  table: string,
  key: string[],
  rows: Values[],
): Step {
  return { verb: "insertMissing", name: table, table, key, rows };
}

/** No such table any more. Applied only with `--allow drop:TABLE`. */
export function dropTable(table: string): Step {
  return { verb: "dropTable", name: table, table };
}

/**
 * No such column any more. Applied only with `--allow drop:TABLE.COLUMN`.
 *
 * @param options `copiedTo`: the column that has its values now; while a row
 *   has a value here and none there, it is not dropped
 */
export function dropColumn(
  table: string,
  column: string,
  { copiedTo }: { copiedTo?: string } = {},
): Step {
  const name = `${table}.${column}`;
  const to = copiedTo === undefined ? {} : { to: copiedTo };
  return { verb: "dropColumn", name, table, column, ...to };
}

/**
 * What must be true, or an apply refuses before it writes anything: a guard of
 * the steps below, as of a drop. What it says of things that are not there, or
 * no more, is taken for true.
 *
 * @param condition an SQL expression, true or false, that only reads
 * @param because what is wrong where it is false
 */
export function assert(
  name: string,
  condition: string,
  because: string,
): Step {
  return { verb: "assert", name, check: condition, text: because };
}

/** No such constraint any more: `--allow drop:TABLE.CONSTRAINT`. */
export function dropConstraint(table: string, name: string): Step {
  const step = { verb: "dropConstraint", name: `${table}.${name}` };
  return { ...step, table, constraint: name };
}

/** No such index any more. Applied only with `--allow drop:INDEX`. */
export function dropIndex(name: string): Step {
  return { verb: "dropIndex", name };
}

/** No such enum any more. Applied only with `--allow drop:ENUM`. */
export function dropEnum(name: string): Step {
  return { verb: "dropEnum", name };
}

/** A schema. */
export function createSchema(name: string): Step {
  return { verb: "createSchema", name };
}

/** A domain: `createDomain("email", "text CHECK (VALUE ~ '@')")`. */
export function createDomain(name: string, text: string): Step {
  return { verb: "createDomain", name, text };
}

/** A composite type, from names to types. */
export function createComposite(
  name: string,
  columns: Record<string, string>,
): Step {
  return { verb: "createComposite", name, columns };
}

/** A range type: `createRange("hours", "subtype = time")`. */
export function createRange(name: string, text: string): Step {
  return { verb: "createRange", name, text };
}

/** A sequence with its options: `"START 1000 OWNED BY invoices.number"`. */
export function createSequence(name: string, text = ""): Step {
  return { verb: "createSequence", name, text };
}

/**
 * A view: its query, and what WITH holds, such as `security_invoker` or
 * `check_option = local`. PostgreSQL compares the queries.
 */
export function createView(name: string, query: string, options = ""): Step {
  return { verb: "createView", name, text: query, options };
}

/** A materialized view; its indexes are steps of their own (createIndex). */
export function createMaterializedView(
  name: string,
  query: string,
  options = "",
): Step {
  return { verb: "createMaterializedView", name, text: query, options };
}

/**
 * A function: its name with its arguments, `slug(title text)`, and all that
 * follows them, `RETURNS text LANGUAGE sql IMMUTABLE AS $$ … $$`.
 */
export function createFunction(signature: string, text: string): Step {
  return { verb: "createFunction", name: signature, text };
}

/** A procedure, written as a function is. */
export function createProcedure(signature: string, text: string): Step {
  return { verb: "createProcedure", name: signature, text };
}

/** An aggregate: `createAggregate("first(anyelement)", "SFUNC = …, STYPE = …")`. */
export function createAggregate(signature: string, text: string): Step {
  return { verb: "createAggregate", name: signature, text };
}

/** A collation: `createCollation("ci", "provider = icu, locale = 'und-u-ks-level2', deterministic = false")`. */
export function createCollation(name: string, text: string): Step {
  return { verb: "createCollation", name, text };
}

/**
 * A trigger: `BEFORE UPDATE FOR EACH ROW EXECUTE FUNCTION touch()`.
 *
 * @param enabled "always", "replica" or "disabled", where that is not usual
 */
export function createTrigger(
  table: string,
  name: string,
  text: string,
  enabled = "",
): Step {
  return { verb: "createTrigger", name, table, text, options: enabled };
}

/**
 * A rule: `ON UPDATE WHERE OLD.price <> NEW.price DO ALSO INSERT INTO …`.
 *
 * @param enabled as of a trigger
 */
export function createRule(
  table: string,
  name: string,
  text: string,
  enabled = "",
): Step {
  return { verb: "createRule", name, table, text, options: enabled };
}

/** An event trigger: `ON ddl_command_end EXECUTE FUNCTION audit_ddl()`. */
export function createEventTrigger(name: string, text: string): Step {
  return { verb: "createEventTrigger", name, text };
}

/** A policy: `FOR SELECT TO app USING (tenant = current_tenant())`. */
export function createPolicy(table: string, name: string, text: string): Step {
  return { verb: "createPolicy", name, table, text };
}

/** Row level security; `"forced"` binds the table's owner, too. */
export function enableRowSecurity(table: string, options = ""): Step {
  return { verb: "enableRowSecurity", name: table, table, options };
}

/** What logical replication tells rows apart by: `FULL`, `USING INDEX x`. */
export function setReplicaIdentity(table: string, text: string): Step {
  return { verb: "setReplicaIdentity", name: table, table, text };
}

/** Storage parameters of a table: `fillfactor = 70, autovacuum_enabled = off`. */
export function setParameters(table: string, text: string): Step {
  return { verb: "setParameters", name: table, table, text };
}

/** Extended statistics: `(dependencies) ON city, zip`. */
export function createStatistics(
  table: string,
  name: string,
  text: string,
): Step {
  return { verb: "createStatistics", name, table, text };
}

/** A publication: `FOR TABLE orders, invoices WITH (publish = 'insert')`. */
export function createPublication(name: string, text: string): Step {
  return { verb: "createPublication", name, text };
}

/**
 * A comment on anything: `comment("column orders.total", "with taxes")`; on
 * what hangs on a table, `constraint orders.orders_total_check`.
 */
export function comment(object: string, text: string): Step {
  return { verb: "comment", name: object, text };
}

/**
 * Privileges: `grant("SELECT, INSERT", "table orders", "app")`. What the role
 * may do beyond them is told, and stays.
 */
export function grant(privileges: string, object: string, role: string): Step {
  const name = `${object} to ${role}`;
  return { verb: "grant", name, on: object, to: role, text: privileges };
}

/**
 * Takes privileges away that no `grant` of the steps gives, so that
 * `revoke("ALL", …)` leaves what they say. Applied only with `--allow
 * "drop:OBJECT from ROLE"`.
 */
export function revoke(privileges: string, object: string, role: string): Step {
  const name = `${object} from ${role}`;
  return { verb: "revoke", name, on: object, to: role, text: privileges };
}

/** What default privileges are about. */
type Defaults = { by?: string; schema?: string };

/**
 * Privileges on what is yet to be made: `defaultPrivileges("SELECT", "tables",
 * "app", { schema: "audit" })`.
 *
 * @param kind tables, sequences, functions, types or schemas
 * @param options `by`: the role that makes them (the one that is connected);
 *   `schema`: where (in all)
 */
export function defaultPrivileges(
  privileges: string,
  kind: string,
  role: string,
  options: Defaults = {},
): Step {
  const name = `${describeDefaults(kind, options)} to ${role}`;
  const said = { on: kind, to: role, text: privileges, ...options };
  return { verb: "defaultPrivileges", name, ...said };
}

/** Takes default privileges away, as `revoke` does. */
export function revokeDefaultPrivileges(
  privileges: string,
  kind: string,
  role: string,
  options: Defaults = {},
): Step {
  const name = `${describeDefaults(kind, options)} from ${role}`;
  const said = { on: kind, to: role, text: privileges, ...options };
  return { verb: "revokeDefaultPrivileges", name, ...said };
}

function describeDefaults(kind: string, { by, schema }: Defaults): string {
  return `new ${kind}${schema ? ` in ${schema}` : ""}${by ? ` of ${by}` : ""}`;
}

/** No such schema any more. Applied only with `--allow drop:NAME`. */
export function dropSchema(name: string): Step {
  return { verb: "dropSchema", name };
}

/** No such domain any more. Applied only with `--allow drop:NAME`. */
export function dropDomain(name: string): Step {
  return { verb: "dropDomain", name };
}

/** No such composite type any more. Applied only with `--allow drop:NAME`. */
export function dropComposite(name: string): Step {
  return { verb: "dropComposite", name };
}

/** No such range type any more. Applied only with `--allow drop:NAME`. */
export function dropRange(name: string): Step {
  return { verb: "dropRange", name };
}

/** No such sequence any more. Applied only with `--allow drop:NAME`. */
export function dropSequence(name: string): Step {
  return { verb: "dropSequence", name };
}

/** No such view any more. Applied only with `--allow drop:NAME`. */
export function dropView(name: string): Step {
  return { verb: "dropView", name };
}

/** No such materialized view any more. Applied only with `--allow drop:NAME`. */
export function dropMaterializedView(name: string): Step {
  return { verb: "dropMaterializedView", name };
}

/** No such function; its name with its arguments any more. Applied only with `--allow drop:NAME`. */
export function dropFunction(name: string): Step {
  return { verb: "dropFunction", name };
}

/** No such procedure; its name with its arguments any more. Applied only with `--allow drop:NAME`. */
export function dropProcedure(name: string): Step {
  return { verb: "dropProcedure", name };
}

/** No such aggregate; its name with its arguments any more. Applied only with `--allow drop:NAME`. */
export function dropAggregate(name: string): Step {
  return { verb: "dropAggregate", name };
}

/** No such collation any more. Applied only with `--allow drop:NAME`. */
export function dropCollation(name: string): Step {
  return { verb: "dropCollation", name };
}

/** No such trigger any more. Applied only with `--allow drop:NAME`. */
export function dropTrigger(table: string, name: string): Step {
  return { verb: "dropTrigger", name, table };
}

/** No such rule any more. Applied only with `--allow drop:NAME`. */
export function dropRule(table: string, name: string): Step {
  return { verb: "dropRule", name, table };
}

/** No such event trigger any more. Applied only with `--allow drop:NAME`. */
export function dropEventTrigger(name: string): Step {
  return { verb: "dropEventTrigger", name };
}

/** No such policy any more. Applied only with `--allow drop:NAME`. */
export function dropPolicy(table: string, name: string): Step {
  return { verb: "dropPolicy", name, table };
}

/** No such statistics any more. Applied only with `--allow drop:NAME`. */
export function dropStatistics(table: string, name: string): Step {
  return { verb: "dropStatistics", name, table };
}

/** No such publication any more. Applied only with `--allow drop:NAME`. */
export function dropPublication(name: string): Step {
  return { verb: "dropPublication", name };
}

/**
 * What a scaffold prints runs in any file that imports this one, whichever
 * builders it uses: they are there without a list of imports, too.
 */
Object.assign(
  globalThis,
  { section, notModelled, unhinted, policy, step, createExtension },
  { dropExtension, createEnum, createTable, createPartition, addColumn },
  { addPrimaryKey, addUnique },
  { addForeignKey, addCheck, addExclusion, createIndex, setDefault },
  { dropDefault, setNotNull, dropNotNull, changeType, renameTable },
  { renameColumn, backfill, insertMissing, dropTable, dropColumn, assert },
  { dropConstraint, dropIndex, dropEnum, createSchema, createDomain },
  { createComposite, createRange, createSequence, createView },
  { createMaterializedView, createFunction, createProcedure, createAggregate },
  { createCollation, createTrigger, createRule, createEventTrigger },
  { createPolicy, enableRowSecurity, setReplicaIdentity, setParameters },
  { createStatistics, createPublication, comment, grant, revoke },
  { defaultPrivileges, revokeDefaultPrivileges, dropSchema, dropDomain },
  { dropComposite, dropRange, dropSequence, dropView, dropMaterializedView },
  { dropFunction, dropProcedure, dropAggregate, dropCollation, dropTrigger },
  { dropRule, dropEventTrigger, dropPolicy, dropStatistics, dropPublication },
);

// ═══ Verbs ═════════════════════════════════════════════════════════════════
//
// In come steps and the planner; out go changes, conflicts and issues. A verb
// is one entry of VERBS: what it makes or decides, its faults, and how it
// compares what is wanted with what is there. Statements are made by small
// constructors that declare phase, locks, work, effect, hazard and undo, as
// they were measured; nothing is told back from the text of SQL.

/** A step of which `checkSteps` has found no fault. */
type Said = Required<Step>;

type Fault = string | false | undefined;

interface Verb {
  /** What it defines or decides; two steps may not do so of one thing. */
  owns(step: Step): string;
  /** What is wrong with its text, told before anything is connected. */
  faults(step: Said): Fault[];
  /** Compares the database with what is wanted, and asks for changes. */
  plan(db: Planner, step: Said): void;
  /** What its check looks up by name, besides its table. */
  reads?(step: Step): (string | undefined)[];
  /** When it is planned, where not as usual. */
  turn?: (step: Step) => Turn;
  /** What `--allow` may have to name for it, besides what any step may need. */
  hazard?(step: Step): string;
}

/**
 * The order in which steps are planned: renames, since what follows sees the
 * new names; drops, since what they take away stands in nobody's way, and what
 * hangs on a table before it; a column that goes once its values are in one
 * that another step makes; foreign keys, whose parents other steps make.
 */
const TURNS = [
  ...["rename", "unhook", "drop constraint", "drop index", "drop"],
  ...["usual", "drop once copied", "refer"],
] as const;

type Turn = typeof TURNS[number];

/**
 * What several parts behind ask of a verb; a new one is to be held against
 * each.
 */
const TRAITS = {
  /** It takes what hangs on a table, and is in the way where that goes first. */
  unhooks:
    /^drop(MaterializedView|View|Rule|Policy|Trigger|EventTrigger|Publication)$/,
  /** It takes something away. */
  removes: /^(drop|step$)/,
  /** What it makes follows another type of its column, so it comes after. */
  followsType: /^(add(?!Column)|createIndex$|setDefault$)/,
  /** It does not go along when the new table that it is about is dropped. */
  outlivesTable: /^(create(Table|Partition)|addForeignKey|step)$/,
  /** A constraint may be built on it, and keeps its place behind it. */
  builtOn:
    /^(step|addColumn|changeType|rename|create(Agg|Coll|Comp|Dom|Enum|Ext|Func|Range))/,
  /** A foreign key to its table is not tried before it has run. */
  writesRows: /^(insert|backfill|addColumn|changeType|rename)/,
  /** It makes what others stand on: what is lost may hang on that. */
  bears: /^(create(Table|Enum)|addColumn)$/,
  /** Its undo comes last, as the catalog printed it before any change. */
  undoneLast: /^drop(Index|Constraint)$/,
} as const;

function is(trait: keyof typeof TRAITS, { verb }: Step): boolean {
  return TRAITS[trait].test(verb);
}

function turnOf(step: Step): number {
  return TURNS.indexOf(VERBS[step.verb]?.turn?.(step) ?? "usual");
}

/** Of what goes: allowed by its name, and planned in this turn. */
function dropping(turn: Turn = "drop"): Pick<Verb, "turn" | "hazard"> {
  return { turn: () => turn, hazard: (step) => `drop:${shortName(step)}` };
}

function replacing(step: Step): string {
  return `replace:${shortName(step)}`;
}

const VERBS: Record<string, Verb> = {
  step: {
    owns: ({ name }) => `step ${name}`,
    faults: ({ name, check, alter, makes }) => [
      ...textFaults("a name", name),
      ...textFaults("its check", check),
      ...textFaults("its alter", ...alter),
      makes !== undefined && !/^\w[\w ]* \S/.test(makes) &&
      'what it makes is a kind and a name, such as "table archive"',
      ...alter.flatMap(sessionFaults),
    ],
    plan: planLonghand,
  },
  policy: {
    owns: ({ name }) => `policy ${name}`,
    faults: ({ reviewed }) => textFaults("what is reviewed", ...reviewed),
    plan: () => {},
  },
  assert: {
    owns: ({ name }) => `assert ${name}`,
    faults: ({ name, check, text }) => [
      ...textFaults("a name", name),
      ...textFaults("its condition", check),
      ...textFaults("what is wrong where it is false", text),
    ],
    plan: planAssert,
  },
  createExtension: {
    owns: ({ name }) => `extension ${name}`,
    faults: ({ name }) => nameFaults(name),
    plan: planExtension,
  },
  dropExtension: {
    owns: ({ name }) => `extension ${name}`,
    faults: ({ name }) => nameFaults(name),
    plan: planDropExtension,
    ...dropping(),
  },
  createEnum: {
    owns: ({ name }) => `enum ${name}`,
    faults: ({ name, labels }) => [
      ...pathFaults(name),
      ...(Array.isArray(labels) ? labelFaults(labels) : ["it has no labels"]),
    ],
    plan: planEnum,
  },
  createTable: {
    owns: ({ name }) => `table ${name}`,
    faults: tableFaults,
    plan: planTable,
    reads: ({ shape }) => shape?.inherits ?? [],
  },
  createPartition: {
    owns: ({ name }) => `table ${name}`,
    faults: ({ name, on, text, shape }) => [
      ...pathFaults(name, on),
      ...textFaults("its bounds", text),
      Object.keys(readBounds(`${text}`)).length === 0 &&
      "its bounds must be FOR VALUES FROM (…) TO (…), IN (…), WITH (…) or " +
        "DEFAULT",
      ...shapeFaults(shape),
    ],
    plan: planPartition,
    reads: ({ on }) => [on],
  },
  addColumn: {
    owns: ({ name }) => `column ${name}`,
    faults: ({ table, column, text }) => [
      ...pathFaults(table),
      ...columnFaults(table, column, text),
    ],
    plan(db, { table, column, text }) {
      if (!db.needs(table)) return;
      planColumn(db, { table, column }, parseColumn(text));
      planInlineKey(db, { table, column }, parseColumn(text));
    },
  },
  addPrimaryKey: constraintVerb(planUnique),
  addUnique: constraintVerb(planUnique),
  addForeignKey: {
    ...constraintVerb(planForeignKey),
    turn: () => "refer",
    reads: (step) => typeof step.text === "string" ? [parentOf(step)] : [],
  },
  addCheck: constraintVerb(planCheck),
  addExclusion: constraintVerb(planExclusion),
  createIndex: {
    owns: ({ table, name }) => `index ${besideTable(table ?? "", name)}`,
    faults: ({ table, name, text }) => [
      ...pathFaults(table, name),
      ...definitionFaults(text),
    ],
    plan: planIndex,
    reads: ({ table, name }) => table ? [besideTable(table, name)] : [],
  },
  setDefault: columnVerb(
    "default",
    (db, { table, column, text }) =>
      planSetDefault(db, { table, column }, text),
  ),
  dropDefault: columnVerb("default", planDropDefault),
  setNotNull: columnVerb(
    "not null",
    (db, { table, column }) => planSetNotNull(db, { table, column }),
  ),
  dropNotNull: columnVerb("not null", planDropNotNull),
  changeType: { ...columnVerb("type", planChangeType), hazard: replacing },
  renameTable: {
    owns: ({ name }) => `rename ${name}`,
    faults: ({ table, to }) => {
      const faults = pathFaults(table, to);
      const [old, now] = [table, to].map((name) => parseName(`${name}`));
      const moves = `${old?.slice(0, -1)}` !== `${now?.slice(0, -1)}`;
      return [
        ...faults,
        moves && !faults.some(Boolean) &&
        "both names must have the same schema, or none: a rename moves no " +
          "table",
      ];
    },
    plan: planRenameTable,
    turn: () => "rename",
    reads: ({ to }) => [to],
  },
  renameColumn: {
    owns: ({ name }) => `rename ${name}`,
    faults: ({ table, column, to }) => [
      ...pathFaults(table),
      ...nameFaults(column, to),
    ],
    plan: planRenameColumn,
    turn: () => "rename",
  },
  backfill: {
    owns: ({ name, fill }) => `backfill ${name} where ${fill?.where}`,
    faults: ({ table, fill: { set, where } }) => [
      ...pathFaults(table),
      ...textFaults("its set", set),
      ...textFaults("its where", where),
    ],
    plan: planBackfill,
  },
  insertMissing: {
    owns: ({ name }) => `rows of ${name}`,
    faults: ({ table, key, rows }) => [
      ...pathFaults(table),
      key.length === 0 && "it names no key column",
      ...rowFaults(key, rows),
    ],
    plan: planRows,
  },
  dropTable: {
    owns: ({ name }) => `table ${name}`,
    faults: ({ table }) => pathFaults(table),
    plan: planDropTable,
    ...dropping(),
  },
  dropColumn: {
    owns: ({ name }) => `column ${name}`,
    faults: ({ table, column, to }) => [
      ...pathFaults(table),
      ...nameFaults(column, ...(to === undefined ? [] : [to])),
    ],
    plan: planDropColumn,
    ...dropping(),
    turn: ({ to }) => to === undefined ? "drop" : "drop once copied",
  },
  dropConstraint: {
    owns: ({ name }) => `constraint ${name}`,
    faults: ({ table, constraint }) => [
      ...pathFaults(table),
      ...nameFaults(constraint),
    ],
    plan: planDropConstraint,
    ...dropping("drop constraint"),
  },
  dropIndex: {
    owns: ({ name }) => `index ${name}`,
    faults: ({ name }) => pathFaults(name),
    plan: planDropIndex,
    ...dropping("drop index"),
    reads: ({ name }) => [name],
  },
  dropEnum: {
    owns: ({ name }) => `enum ${name}`,
    faults: ({ name }) => pathFaults(name),
    plan: planDropEnum,
    ...dropping(),
  },
  comment: {
    owns: ({ name }) => `comment ${name}`,
    faults: ({ name, text }) => [
      ...textFaults("its object", name),
      typeof text !== "string" && "its text is missing",
    ],
    plan: planComment,
  },
  grant: privilegeVerb(planGrant),
  revoke: { ...privilegeVerb(planRevoke), ...dropping("usual") },
  defaultPrivileges: privilegeVerb(planGrant),
  revokeDefaultPrivileges: {
    ...privilegeVerb(planRevoke),
    ...dropping("usual"),
  },
};

function privilegeVerb(plan: Verb["plan"]): Verb {
  return {
    owns: ({ verb, name, text }) => `${verb} ${text} ${name}`,
    faults: ({ verb, on, to, text }) => [
      ...textFaults("its privileges", text),
      ...textFaults("its object", on),
      ...textFaults("its role", to),
      /default/i.test(verb) && !Object.hasOwn(NEW_OBJECTS, lower(`${on}`)) &&
      `"${on}" is not one of ${Object.keys(NEW_OBJECTS).join(", ")}`,
      !/default/i.test(verb) &&
      !Object.hasOwn(ACLS, grantedKind(readObject(`${on}`).kind)) &&
      `it cannot set privileges on "${on}": write it as a step(…)`,
    ],
    plan,
  };
}

function constraintVerb(
  plan: (db: Planner, step: Said, parts: Parts) => void,
): Verb {
  return {
    owns: ({ table, name }) => `constraint ${table}.${name}`,
    faults: (step) => [
      ...pathFaults(step.table),
      ...nameFaults(bareName(step.name)),
      ...(step.verb === "addCheck"
        ? textFaults("its definition", step.text)
        : definitionFaults(step.text, definitionOf(step))),
      ...(step.verb === "addForeignKey" ? referenceFaults(step) : []),
    ],
    plan(db, step) {
      const parts = wantedParts(db, step);
      if (db.needs(step.table, ...keyColumns(parts))) plan(db, step, parts);
    },
  };
}

function columnVerb(
  aspect: string,
  plan: (db: Planner, step: Said, fact: ColumnFact) => void,
): Verb {
  const texts = ["default", "type"].includes(aspect);
  return {
    owns: ({ name }) => `${aspect} ${name}`,
    faults: ({ verb, table, column, text }) => [
      ...pathFaults(table),
      ...nameFaults(column),
      ...(texts && verb !== "dropDefault"
        ? textFaults("its last argument", text)
        : []),
    ],
    plan(db, step) {
      if (!db.needs(step.table, step.column)) return;
      const fact = db.column(step);
      if (fact) plan(db, step, fact);
    },
  };
}

/** What a step alone decides of columns, such as `filled users.plan`. */
function decidedBy({ verb, table, fill }: Step): string[] {
  return verb !== "backfill" || !fill ? [] : [
    ...readAssignments(fill.set).keys(),
  ].map((column) => `filled ${table}.${column}`);
}

/** The tables, views and indexes that a step's check looks up by name. */
function relationsOf(step: Step): string[] {
  const more = VERBS[step.verb]?.reads?.(step) ?? [];
  return [step.table, ...more].filter((name) => name !== undefined);
}

/** An index's name with the schema of its table, where that says one. */
function besideTable(table: string, name: string): string {
  const [schema = "", own] = parseName(`${table}`);
  return own === undefined || parseName(`${name}`).length !== 1
    ? name
    : stepName([schema, ...parseName(name)]);
}

/** A name as steps write it. */
function stepName(parts: string[]): string {
  const plain = parts.length === 1
    ? (part: string) => parseName(part).join() === part
    : (part: string) =>
      /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*$/.test(part);
  return parts.map((part) =>
    plain(part) ? part : `"${part.replaceAll('"', '""')}"`
  ).join(".");
}

/** A builder's call as steps have it; more may follow its strings. */
function call(verb: string, strings: string[], more = ""): string {
  const said = strings.map((text) => JSON.stringify(text)).join(", ");
  return `${verb}(${said}${more})`;
}

/** What may stand beside a thing of that name. */
function newName(name: string): string {
  const path = parseName(name);
  return stepName([...path.slice(0, -1), `${path.at(-1) ?? name}_new`]);
}

/** A name that stands for itself, quoted or not. */
function bareName(name: string): string {
  return /^"(?:[^"]|"")*"$/.test(name) ? unquoted(name) : name;
}

/** The table that a foreign key refers to. */
function parentOf(step: Step): string {
  const { parts } = parseDefinition(definitionOf(step));
  return stepName(namePath(parts["referenced table"] ?? step.table ?? ""));
}

const DEFINITIONS: Record<string, string> = {
  addPrimaryKey: "PRIMARY KEY",
  addUnique: "UNIQUE",
  addForeignKey: "FOREIGN KEY",
  addExclusion: "EXCLUDE",
};

/** What stands behind ADD CONSTRAINT and its name. */
const definitionOf = once(({ verb, text = "" }: Step): string =>
  verb === "addCheck" ? `CHECK (${tidy(text)})` : `${DEFINITIONS[verb]} ${text}`
);

/** What a constraint's step wants, part by part. */
function wantedParts(db: Planner, step: Step): Parts {
  if (step.verb === "addCheck") {
    return { kind: "check", condition: strip(step.text ?? "") };
  }
  const { parts } = parseDefinition(definitionOf(step));
  return parts["referenced table"] === undefined
    ? parts
    : { ...parts, "referenced table": db.sql(parentOf(step)) };
}

function tableFaults({ table, columns, shape }: Said): Fault[] {
  const entries = typeof columns === "object" && columns
    ? Object.entries(columns)
    : [];
  const keys = entries.filter(([, text]) =>
    typeof text === "string" && parseColumn(text).primaryKey
  );
  return [
    ...pathFaults(table),
    entries.length === 0 && !shape?.inherits && "it has no columns",
    ...shapeFaults(shape),
    ...entries.flatMap(([column, text]) => columnFaults(table, column, text)),
    keys.length > 1 && `two columns have PRIMARY KEY: write addPrimaryKey(` +
      `"${table}", "${table}_pkey", "(…)") instead`,
  ];
}

function shapeFaults(shape: TableShape = {}): Fault[] {
  const known = ["partitionBy", "inherits", "unlogged", "with", "using"]
    .concat("tablespace");
  const { partitionBy, inherits = [], with: parameters } = shape;
  return [
    ...Object.keys(shape).map((word) =>
      !known.includes(word) && `it has ${word}, which is no option of a table`
    ),
    partitionBy !== undefined && !keyOfPartitions(partitionBy).method &&
    "partitionBy must be RANGE, LIST or HASH with columns: RANGE (at)",
    !Array.isArray(inherits) && "inherits must be a list of tables",
    ...pathFaults(...[inherits].flat()),
    parameters !== undefined && /^\s*\(/.test(parameters) &&
    "write its parameters without brackets: fillfactor = 70",
  ];
}

function labelFaults(labels: string[]): Fault[] {
  return [
    ...labels.map((label) => label === "" ? false : nameFaults(label)).flat(),
    new Set(labels).size < labels.length && "a label appears twice",
  ];
}

function referenceFaults(step: Said): Fault[] {
  const { parts } = parseDefinition(definitionOf(step));
  const table = parts["referenced table"];
  return [
    !table && "it has no REFERENCES",
    table && !parts["referenced columns"] &&
    `it does not say which columns: write REFERENCES ${table} (id)`,
  ];
}

// ── Statements ──

/** What a constructor leaves to the caller. */
type Told = Partial<Omit<ChangeSpec, "sql" | "lock" | "locks">> & {
  lock?: Mode;
  /** Other tables that it locks, the same way or otherwise. */
  also?: Lock[];
};

const REWRITE = { work: "rewrite", hazard: "rewrite" } as const;

const AX = "ACCESS EXCLUSIVE";
const SRX = "SHARE ROW EXCLUSIVE";
const SH = "SHARE";
const SUX = "SHARE UPDATE EXCLUSIVE";
const RX = "ROW EXCLUSIVE";
const RS = "ROW SHARE";

/** What a running application notices of several statements. */
const REFUSES = "writes that violate it fail from then on";
const REFUSES_OLD = "writes that violate it fail, even updates of old rows " +
  "that already do";
const REFUSES_TWICE = "writes that repeat a value fail from then on";
const UNKNOWN_FROM_THEN = "queries that name it fail from then on";

/** A table's column. */
interface At {
  table: string;
  column: string;
}

const NOT_KEPT = "the old definition is not kept";

/** Stands for the SQL that takes a change back, where nothing can. */
function cannot(why: string): string {
  return `-- ${why}`;
}

/** ALTER TABLE: ACCESS EXCLUSIVE for an instant, unless it is told otherwise. */
function alterTable(
  table: string,
  action: string,
  { lock: mode = AX, also = [], ...told }: Told,
): ChangeSpec {
  const sql = `ALTER TABLE ${table} ${action}`;
  const locks = [{ table, mode }, ...also];
  return { phase: "expand", undo: "", ...told, sql, locks };
}

function alterColumn(db: Planner, at: At, action: string, told: Told) {
  const column = `ALTER COLUMN ${id(at.column)}`;
  return alterTable(db.sql(at.table), `${column} ${action}`, told);
}

/** The same as text, for undos. */
function columnUndo(db: Planner, { table, column }: At, action: string) {
  return `ALTER TABLE ${db.sql(table)} ALTER COLUMN ${id(column)} ${action}`;
}

function dropConstraintSql(table: string, name: string): string {
  return `ALTER TABLE ${table} DROP CONSTRAINT ${id(name)}`;
}

/** ADD CONSTRAINT, which the CREATE TABLE of a new table takes along. */
function addConstraint(
  table: string,
  name: string,
  definition: string,
  { refersTo, ...told }: Told & { refersTo?: Key },
): ChangeSpec {
  const sql = `CONSTRAINT ${id(name)} ${definition}`;
  const clause = { sql, ...(refersTo && { refersTo }) };
  return { ...alterTable(table, `ADD ${sql}`, told), clause };
}

function validate(table: string, name: string, told: Told = {}): ChangeSpec {
  const action = `VALIDATE CONSTRAINT ${id(name)}`;
  const how = { phase: "online", lock: SUX, work: "scan" } as const;
  return alterTable(table, action, { ...how, ...told });
}

/** What is made of nothing locks nothing. */
function create(sql: string, undo: string, told: Told = {}): ChangeSpec {
  return { phase: "expand", ...told, sql, undo };
}

/** An UPDATE in batches, each of which locks its rows for a moment. */
function fillRows(
  db: Planner,
  name: string,
  set: string,
  where: string,
  value?: string,
): ChangeSpec {
  const table = db.sql(name);
  const fill = { table, set: tidy(set), where: tidy(where) };
  const filled = [...readAssignments(fill.set).keys()];
  db.coming.fill(name, fill.set, fill.where, value);
  return {
    phase: "online",
    sql: `UPDATE ${table} SET ${fill.set} WHERE ${fill.where}`,
    // What is dropped again takes its values along.
    undo:
      filled.every((column) => db.column({ table: name, column })?.was === "")
        ? ""
        : cannot(`the values that ${fill.set} replaced are not kept`),
    locks: [{ table, mode: RX }],
    work: "batches",
    fill,
    early: true,
  };
}

// ── The longhand, extensions and enums ──

function planLonghand(db: Planner, step: Said) {
  const { name, check, alter, phase = "expand", lock, hazard, undo } = step;
  const { makes = name } = step;
  if (db.holds(check)) return;
  const statements = alter.map(tidy);
  const [, made = ""] =
    /^(?:(?:foreign )?table|(?:materialized )?view) (.*)$/s.exec(makes) ?? [];
  const back = tidy(undo ?? "").replace(/[\s;]+$/, "") || undo ||
    cannot("its step does not say how");
  const changes = statements.map((sql, i) => ({
    ...{ phase, sql, undo: i === 0 ? back : "" },
    ...(lock && { lock, locks: readLocks(db, lock) }),
    ...(hazard && { hazard }),
  }));
  db.change(name, "run", ...changes);
  // What it makes is there for the steps below it.
  if (made && !db.table(made)) db.own(made).vague = true;
}

function planAssert(db: Planner, { name, check, text }: Said) {
  if (db.holds(check, true)) return;
  db.issue(name, `does not hold: ${text}`, "make it true, then run this again");
  db.note("query", `SELECT (${check})`);
}

function planExtension(db: Planner, step: Said) {
  const { name, schema = "", version = "" } = step;
  const fact = db.extensions.get(name);
  if (!fact) return planNewExtension(db, step);
  const place = bareName(schema);
  if (place && place !== fact.schema) {
    if (!fact.relocatable) {
      return db.conflict(name, "is in another schema", {
        step: place,
        database: fact.schema,
        fix: "write the database's: this extension cannot be moved",
      });
    }
    const move = (schema: string) =>
      `ALTER EXTENSION ${id(name)} SET SCHEMA ${id(schema)}`;
    const told = { effect: UNKNOWN_FROM_THEN, keepsPlace: true };
    const change = create(move(place), move(fact.schema), told);
    db.change(name, `move extension from ${fact.schema}`, change);
  }
  if (!version || version === fact.version) return;
  const path = (from: string, to: string) =>
    `(SELECT path FROM pg_extension_update_paths(${literal(name)})
      WHERE source = ${literal(from)} AND target = ${literal(to)}) IS NOT NULL`;
  const found = db.ask(`SELECT CASE WHEN ${path(fact.version, version)}
    THEN 'older' WHEN ${path(version, fact.version)} THEN 'newer' END`);
  const has = `is at ${fact.version}, not ${version}`;
  if (found === "newer") return db.more(name, `${has}, which is older`);
  if (found !== "older") {
    const fix = "install that version on the server, or write another";
    return db.issue(name, `${has}: the server has no update path to it`, fix);
  }
  const sql = `ALTER EXTENSION ${id(name)} UPDATE TO ${literal(version)}`;
  const undo = cannot("an extension can seldom be downgraded");
  const change = create(sql, undo, { keepsPlace: true });
  db.change(name, `update extension from ${fact.version}`, change);
}

/** Those whom providers let create what asks for a superuser. */
const NEARLY_SUPERUSERS = "rds_superuser cloudsqlsuperuser azure_pg_admin " +
  "alloydbsuperuser neon_superuser";

function planNewExtension(db: Planner, step: Said) {
  const { name, schema = "", version = "" } = step;
  const admins = NEARLY_SUPERUSERS.split(" ").map(literal).join(", ");
  const found = db.ask(`SELECT json_build_object(
    'offered', (SELECT json_agg(version ORDER BY version)
      FROM pg_available_extension_versions WHERE name = ${literal(name)}),
    'schemaExists', ${schema ? "" : "true OR "} EXISTS (SELECT
      FROM pg_namespace WHERE nspname = ${literal(bareName(schema))}),
    'powerful', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
      OR EXISTS (SELECT FROM pg_roles WHERE rolname IN (${admins})
        AND pg_has_role(oid, 'MEMBER')),
    'wanted', (SELECT json_build_object('superuser', v.superuser AND NOT
        v.trusted, 'schema', v.schema, 'requires', v.requires)
      FROM pg_available_extensions JOIN pg_available_extension_versions v
      USING (name) WHERE name = ${literal(name)}
        AND version = coalesce(nullif(${literal(version)}, ''),
          default_version)))::text`);
  if (found !== undefined) {
    const { offered, schemaExists, powerful, wanted } = JSON.parse(found);
    const issue = (text: string, fix: string) => db.issue(name, text, fix);
    if (!wanted) {
      return issue(
        offered
          ? `is not available at ${version}: the server has ` +
            `${offered.join(", ")}`
          : "is an extension that the server does not have",
        "install it on the server, or remove the step",
      );
    }
    const required = (wanted.requires ?? []) as string[];
    const lacking = required.filter((other) => !db.extensions.get(other));
    if (lacking.length > 0) {
      return issue(
        `needs the extension ${lacking.join(", ")}`,
        lacking.map((other) => call("createExtension", [other])).join(", ") +
          " above it",
      );
    }
    if (schema && wanted.schema && wanted.schema !== bareName(schema)) {
      return issue(
        `can be in the schema ${wanted.schema} only`,
        call("createExtension", [name], `, { schema: "${wanted.schema}" }`),
      );
    }
    if (!schemaExists && !db.stepOf(`schema ${schema}`)) {
      return issue(
        `needs the schema ${schema}, which does not exist`,
        `${call("createSchema", [schema])} above it`,
      );
    }
    if (wanted.superuser && !powerful) {
      return issue(
        `can be created by a superuser only, and ${id(db.server.user)} is ` +
          `not one`,
        `CREATE EXTENSION ${id(name)}, by a superuser`,
      );
    }
  }
  const fresh = { oid: "", version, relocatable: true };
  db.extensions.set(name, { ...fresh, schema: bareName(schema) });
  const sql = `CREATE EXTENSION IF NOT EXISTS ${id(name)}` +
    (schema ? ` SCHEMA ${id(bareName(schema))}` : "") +
    (version ? ` VERSION ${literal(version)}` : "");
  const undo = `DROP EXTENSION ${id(name)}`;
  const told = schema ? { keepsPlace: true } : {};
  db.change(name, "create extension", create(sql, undo, told));
}

function planDropExtension(db: Planner, step: Said) {
  const { name } = step;
  const fact = db.extensions.get(name);
  if (!fact) return;
  const uses = usesOf(db, `'pg_extension'::regclass, ${fact.oid}::oid, 0`);
  if (uses.length > 0) return blockedBy(db, name, "cannot be dropped", uses);
  const undo = `CREATE EXTENSION ${id(name)} SCHEMA ${id(fact.schema)} ` +
    `VERSION ${literal(fact.version)}`;
  const told = dropped(step, { effect: UNKNOWN_FROM_THEN, rank: 9 });
  const sql = `DROP EXTENSION ${id(name)}`;
  db.change(name, "drop extension", create(sql, undo, told));
}

function planEnum(db: Planner, { name, labels }: Said) {
  const type = db.sql(name);
  const fact = db.types.get(type);
  if (fact?.extension && `${fact.labels}` !== `${labels}`) {
    return ownedByExtension(db, name, fact.extension);
  }
  db.seen.add(type);
  if (fact?.kind === "e") return planLabels(db, name, labels, fact.labels);
  db.types.set(type, { kind: "e", labels });
  const list = labels.map(literal).join(", ");
  const sql = `CREATE TYPE ${type} AS ENUM (${list})`;
  db.change(name, "create enum", create(sql, `DROP TYPE ${type}`));
}

function planLabels(db: Planner, name: string, want: string[], have: string[]) {
  const kept = want.filter((label) => have.includes(label));
  const missing = want.filter((label) => !have.includes(label));
  if (kept.join("\0") !== have.join("\0")) {
    for (const label of missing) db.lacking.set(`"${label}"`, name);
    const all = JSON.stringify([...have, ...missing]);
    return db.conflict(name, "has different enum labels", {
      step: want.map(literal).join(", "),
      database: have.map(literal).join(", "),
      fix: call("createEnum", [name], `, ${all}`) +
        ", or a new type: a label cannot be dropped or moved",
    });
  }
  if (missing.length === 0) return;
  const changes = missing.map((label) => {
    const before = want[want.indexOf(label) - 1];
    const first = have[0] === undefined ? "" : ` BEFORE ${literal(have[0])}`;
    const place = before === undefined ? first : ` AFTER ${literal(before)}`;
    return create(
      `ALTER TYPE ${db.sql(name)} ADD VALUE IF NOT EXISTS ${literal(label)}` +
        place,
      cannot("PostgreSQL cannot drop a label of an enum"),
      {
        phase: "prepare",
        effect: "readers may see a label that they do not know",
      },
    );
  });
  db.types.set(db.sql(name), { kind: "e", labels: want });
  db.change(name, `add ${count(missing.length, "label")}`, ...changes);
}

// ═══ Tables ════════════════════════════════════════════════════════════════
//
// In come the steps of tables and columns; out go the changes that bring one to
// what its step says, or a conflict. A column is made without a rewrite where
// PostgreSQL can: as a constant of the catalog, or empty, filled in batches and
// then proved. A type that changes takes along its default, its sequence and
// what hangs on the column. No row is read here: see "Preflight".

function planTable(db: Planner, step: Said) {
  const { table, columns } = step;
  const fact = db.table(table);
  if (!fact) return planNewTable(db, step);
  if (!isTable(db, step, fact)) return;
  planShape(db, step, fact);
  const said = Object.entries(columns).map(([column, text]) =>
    [{ table, column }, parseColumn(text)] as const
  );
  for (const [at, spec] of said) planColumn(db, at, spec);
  for (const [at, spec] of said) planInlineKey(db, at, spec);
}

/** Whether a relation is a table at all; a conflict where not. */
function isTable(db: Planner, { table }: Said, fact: TableFact): boolean {
  if (/[rpf]/.test(fact.kind)) return true;
  db.conflict(table, "is not a table", {
    step: "a table",
    database: RELATION_KINDS[fact.kind] ?? "another relation",
    fix: "rename the one in the database, or the one in the step",
  });
  return false;
}

function planNewTable(db: Planner, { table, columns, shape = {} }: Said) {
  const { inherits = [], unlogged, partitionBy } = shape;
  if (inherits.some((parent) => !db.needs(parent))) return;
  const fact = db.own(table);
  const parents = inherits.flatMap((parent) => db.table(parent) ?? []);
  inheritColumns(fact, parents);
  const lines = Object.entries(columns).map(([column, text]) => {
    const spec = parseColumn(text);
    promiseColumn(db, { table, column }, spec, spec.notNull);
    if (spec.primaryKey) {
      promiseKey(fact, `${lastName(fact.name)}_pkey`, "p", [column]);
    }
    return `  ${id(column)} ${spec.whole}`;
  });
  Object.assign(fact, {
    kind: partitionBy ? "p" : "r",
    ...(partitionBy && { key: keyOfPartitions(partitionBy) }),
  });
  const head = `CREATE ${unlogged ? "UNLOGGED " : ""}TABLE ${fact.name}`;
  const from = parents.map(({ name }) => name).join(", ");
  const tail = (from && ` INHERITS (${from})`) + shapeSql(shape);
  const body = { head, lines, tail };
  const keys = primaryKeyOf(fact)?.columns;
  const locks = parents.filter(({ was }) => was)
    .map(({ name }): Lock => ({ table: name, mode: SUX }));
  const told = { body, ...(keys && { keys }) };
  const made = create(tableSql(body), `DROP TABLE ${fact.name}`, told);
  const settings = Object.entries(columns).flatMap(([column, text]) =>
    settingChanges(db, { table, column }, parseColumn(text))
  ).map((change) => ({ ...change, undo: "" }));
  // What is made on it stands behind it, not before its parents' changes.
  const whole = { ...made, ...(locks[0] && { locks, keepsPlace: true }) };
  db.change(table, "create table", whole, ...settings);
}

function tableSql({ head, lines, tail }: TableBody): string {
  const list = lines.length > 0 ? `(\n${lines.join(",\n")}\n)` : "()";
  return `${head} ${list}${tail}`;
}

function planColumn(db: Planner, at: At, spec: ColumnSpec) {
  const name = `${at.table}.${at.column}`;
  const fact = db.column(at);
  if (!fact) return planNewColumn(db, at, spec);
  if (isAsSaid(db, spec, fact) && !helperOf(db, at)) return;
  const differs = (what: string, step: string, database: string, fix: string) =>
    db.conflict(name, `has a different ${what}`, { step, database, fix });
  const own = "the type's own";
  const [want = "", have = ""] = [spec, fact].map(({ identity, generated }) =>
    VALUE_SOURCES[identity + generated] ?? "writers"
  );

  if (!db.sameType(spec.type, fact.type)) {
    // Its step changes the default along with the type.
    if (db.stepOf(`type ${name}`)) return;
    const fix = call("changeType", [at.table, at.column, spec.type]);
    return differs("type", spec.type, fact.type, fix);
  }
  const natural = fact.natural ?? '"default"';
  if (
    !db.sameCollation(spec.collation || natural, fact.collation || natural)
  ) {
    const fix = "write the database's, or a new column: a change rebuilds " +
      "every index";
    differs("collation", spec.collation || own, fact.collation || own, fix);
  }
  if (want !== have && !(spec.identity && fact.identity)) {
    return differs("source of values", want, have, "write a new column");
  }
  planIdentity(db, at, spec, fact);
  planSettings(db, at, spec);
  planDefault(db, at, spec, fact);
  planNullability(db, at, spec, fact);
}

/** Statements for how a column is kept; what its text does not say stays. */
function settingChanges(db: Planner, at: At, spec: ColumnSpec): ChangeSpec[] {
  const column = db.column(at);
  const have: Parts = column?.was ? settingsOf(column) : {};
  return Object.entries(spec.settings).flatMap(([part, value]) => {
    const meant = part === "storage" && value === "default"
      ? have.usual ?? ""
      : value;
    if (meant === have[part] || meant === "") return [];
    const set = (value: string) => `SET ${part.toUpperCase()} ${value}`;
    return alterColumn(db, at, set(meant.toUpperCase()), {
      undo: columnUndo(db, at, set((have[part] ?? "default").toUpperCase())),
      ...(part === "statistics" ? { lock: SUX } : {
        effect: "existing values stay as they are stored",
      }),
    });
  });
}

/** An identity column with all that its text does not say. */
function wholeCounter(said: Parts, type: string): Parts {
  const tops: Record<string, bigint> = { smallint: 15n, integer: 31n };
  const top = 2n ** (tops[type] ?? 63n) - 1n;
  const down = said.increment?.startsWith("-");
  const minimum = said.minimum ?? `${down ? -top - 1n : 1}`;
  const maximum = said.maximum ?? `${down ? -1 : top}`;
  const start = down ? maximum : minimum;
  return { increment: "1", cache: "1", minimum, maximum, start, ...said };
}

function planIdentity(db: Planner, at: At, spec: ColumnSpec, fact: ColumnFact) {
  if (!spec.identity || !fact.counter) return;
  const name = `${at.table}.${at.column}`;
  const want = wholeCounter(spec.counter, fact.type);
  const { "sequence name": own = "", oid, ...have } = fact.counter;
  const { "sequence name": sequence = own, ...parts } = want;
  const changed = Object.keys({ ...parts, ...have }).filter((part) =>
    part !== "type" && parts[part] !== have[part]
  );
  const set = (identity: string, parts: Parts) =>
    [
      ...(spec.identity === fact.identity ? [] : [
        `SET GENERATED ${identity === "a" ? "ALWAYS" : "BY DEFAULT"}`,
      ]),
      ...changed.map((part) =>
        part === "cycle"
          ? `SET ${parts.cycle ? "" : "NO "}CYCLE`
          : `SET ${SEQUENCE_WORDS[part]} ${parts[part]}`
      ),
    ].join(" ");
  const always = spec.identity === "a" && fact.identity !== "a";
  const bounds = changed.filter((part) => /imum/.test(part)).length > 0;
  const last = bounds &&
    db.ask(`SELECT coalesce(pg_sequence_last_value(${oid})::text, '')`);
  const { minimum = 0, maximum = 0 } = parts;
  if (
    last && (BigInt(last) < BigInt(minimum) || BigInt(last) > BigInt(maximum))
  ) {
    const fix = "write bounds around it, or restart the sequence by hand";
    const what = `has counted to ${last}, outside ${minimum} to ${maximum}`;
    return db.issue(name, what, fix);
  }
  // One that has not counted yet begins anew within its bounds.
  const restart = last === "" ? " RESTART" : "";
  const action = set(spec.identity, parts) + restart;
  if (action) {
    const change = alterColumn(db, at, action, {
      undo: columnUndo(db, at, set(fact.identity, have) + restart),
      ...(always &&
        { effect: "writes that give it a value fail from then on" }),
    });
    db.change(name, "change identity", change);
  }
  if (sequence === own) return;
  const rename = (from: string, to: string) =>
    `ALTER SEQUENCE ${db.beside(db.own(at.table), from)} RENAME TO ${id(to)}`;
  const change = create(rename(own, sequence), rename(sequence, own));
  db.change(name, `rename its sequence from ${own}`, change);
}

function planSettings(db: Planner, at: At, spec: ColumnSpec) {
  const changes = settingChanges(db, at, spec);
  if (changes.length === 0) return;
  const parts = Object.keys(spec.settings).join(", ");
  db.change(`${at.table}.${at.column}`, `set ${parts}`, ...changes);
}

/** Whether a column is what its step says; of most that is all there is. */
function isAsSaid(db: Planner, spec: ColumnSpec, fact: ColumnFact): boolean {
  const { type, wide, default: value } = fact;
  return spec.notNull === fact.notNull && !fact.unproved && !spec.serial &&
    !spec.generated && !fact.generated && !spec.identity && !fact.identity &&
    Object.keys(spec.settings).length === 0 &&
    spec.collation === fact.collation && db.sameType(spec.type, type) &&
    (spec.default === undefined || value === null
      ? spec.default === undefined && value === null
      : !db.isFrozen(spec.default, type) &&
        db.sameValue(wide ?? type, spec.default, value));
}

function planDefault(db: Planner, at: At, spec: ColumnSpec, fact: ColumnFact) {
  const { table, column } = at;
  const name = `${table}.${column}`;
  const have = realDefault(fact.default ?? undefined) ?? "";
  const relation = db.table(table);
  if (spec.generated && relation) {
    const expression = spec.expression ?? "";
    if (db.sameExpression(relation, expression, have)) return;
    return db.conflict(name, "is generated from a different expression", {
      step: expression,
      database: have,
      fix: "write a new column: changing the expression rewrites the table",
    });
  }
  if (spec.serial) return planSerial(db, at, fact);
  if (db.stepOf(`default ${name}`)) return;
  if (spec.default !== undefined) {
    return planSetDefault(db, at, spec.default);
  }
  if (have === "") return;
  db.conflict(name, "has a default that the step does not have", {
    step: "no default",
    database: `DEFAULT ${have}`,
    fix: `write it into the step, or ${call("dropDefault", [table, column])}`,
  });
}

/** A serial column counts by a sequence of its own, of its own type. */
function planSerial(db: Planner, at: At, fact: ColumnFact) {
  const name = `${at.table}.${at.column}`;
  if (fact.default === null) {
    db.conflict(name, "has no default, so nothing uses its sequence", {
      step: "the next value of its sequence",
      database: "no default",
      fix: `${columnUndo(db, at, "SET DEFAULT nextval('…')")}, with the name ` +
        "of its sequence",
    });
  } else if (!/^nextval\(/.test(fact.default)) {
    return db.conflict(name, "has a default that the step does not have", {
      step: "the next value of its sequence",
      database: `DEFAULT ${fact.default}`,
      fix: "write its type and that default into the step",
    });
  }
  const change = widenSequence(fact, fact.type);
  if (change) db.change(name, `change its sequence to ${fact.type}`, change);
}

/** The sequence of a column ends where its own type does. */
function widenSequence({ sequence }: ColumnFact, type: string) {
  const whole = ["smallint", "integer", "bigint"];
  if (!sequence || sequence.type === type || !whole.includes(type)) return;
  const alter = `ALTER SEQUENCE ${sequence.name} AS`;
  const undo = `${alter} ${sequence.type}`;
  return create(`${alter} ${type}`, undo, { phase: "contract" });
}

function planNullability(
  db: Planner,
  at: At,
  { notNull, default: value, type }: ColumnSpec,
  fact: ColumnFact,
) {
  const { table, column } = at;
  const empty = notNull && !fact.notNull;
  planRestOfFill(db, { ...at, type, empty }, value);
  if (notNull) return planSetNotNull(db, at);
  if (!fact.notNull || db.stepOf(`not null ${table}.${column}`)) return;
  if (primaryKeyOf(db.table(table))?.columns.includes(column)) return;
  db.conflict(`${table}.${column}`, "is NOT NULL, but its step allows NULL", {
    step: "may be null",
    database: "NOT NULL",
    fix: `write it into the step, or ${call("dropNotNull", [table, column])}`,
  });
}

/**
 * A default of its own for each row is filled in batches: goes on with what an
 * earlier run left. Where a column may be null, only the helper tells.
 *
 * @param at the column; `empty` where it is to be NOT NULL, and is not yet
 */
function planRestOfFill(
  db: Planner,
  at: At & { type: string; empty: boolean },
  value?: string,
) {
  const { table, column, type, empty } = at;
  const begun = helperOf(db, at, "fill");
  const fills = (begun || empty) && value !== undefined &&
    db.isVolatile(value, type, value) &&
    db.hasRows(table, `${id(column)} IS NULL`);
  const changes = [
    ...(fills ? [fillDefault(db, at, value)] : []),
    ...(begun ? [endOfFill(db, at)] : []),
  ];
  if (changes.length > 0) db.change(`${table}.${column}`, "fill", ...changes);
}

/**
 * A column that a table with rows lacks. A constant or `now()` default is in
 * the catalog only; another function's would rewrite the table under ACCESS
 * EXCLUSIVE, so the rows are filled in batches instead.
 * https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
 */
function planNewColumn(db: Planner, at: At, spec: ColumnSpec) {
  const { table, column } = at;
  const name = `${table}.${column}`, c = id(column);
  const undo = `ALTER TABLE ${db.sql(table)} DROP COLUMN ${c}`;
  const add = (text: string, told: Told = {}) =>
    alterTable(db.sql(table), `ADD COLUMN ${c} ${text}`, { undo, ...told });
  const value = spec.default;
  const work = spec.serial || spec.identity || spec.generated === "s"
    ? REWRITE
    : typeWork(db, spec);
  const rewrites = work.work !== undefined;
  const lonely = spec.notNull && !rewrites && value === undefined;
  const { sql: shown } = add(spec.withoutKey);
  const volatile = value !== undefined &&
    db.isVolatile(value, spec.type, shown);
  const similar = unnamedLike(db, at, spec);

  if (rewrites || !(volatile || lonely) || db.state(table) !== "filled") {
    promiseColumn(db, at, spec, spec.notNull);
    db.change(
      name,
      "add column",
      add(spec.withoutKey, {
        ...(rewrites && db.state(table) === "filled" && work),
        ...(spec.notNull && value === undefined && !spec.generated &&
          { effect: "writes that leave it out fail from then on" }),
      }),
      ...settingChanges(db, at, spec).map((one) => ({ ...one, undo: "" })),
    );
    const numbered = spec.serial || spec.identity;
    const { domain, known } = typeTraits(db, spec.type) ?? {};
    db.coming.addColumn(
      at,
      numbered ? "row_number() OVER ()" : spec.expression ?? value,
      value !== undefined || !(domain || known === false),
    );
  } else if (lonely && !db.stepOf(`filled ${name}`)) {
    promiseColumn(db, at, spec, true);
    const set = `, { set: '${c} = …', where: '${c} IS NULL' }`;
    const fix = "give it a DEFAULT, or write below it " +
      call("backfill", [table], set);
    return db.issue(name, "cannot be added: rows would have no value", fix);
  } else {
    promiseColumn(db, at, spec, false);
    // Where NULL is no fault, a helper tells the next run of a fill cut short.
    const marked = volatile && !spec.notNull && !db.single;
    const set = volatile ? `, ALTER COLUMN ${c} SET DEFAULT ${value}` : "";
    const mark = marked
      ? `, ADD CONSTRAINT ${id(helperName(at, "fill"))} CHECK (${c} IS NULL ` +
        "OR true) NOT VALID"
      : "";
    const changes = [
      add(spec.bare + set + mark),
      ...settingChanges(db, at, spec).map((one) => ({ ...one, undo: "" })),
    ];
    db.coming.addColumn(at, undefined);
    if (volatile) changes.push(fillDefault(db, at, value));
    if (marked) changes.push(endOfFill(db, at));
    db.change(name, "add column", ...changes);
  }
  if (similar) {
    const rename = call("renameColumn", [table, similar, column]);
    db.note("why", `if it is ${similar} renamed, write ${rename}`);
  }
  if (spec.notNull && !db.column(at)?.notNull) planSetNotNull(db, at);
}

/** A column of the same type that no step names: was it renamed? */
function unnamedLike(db: Planner, { table }: At, { type }: ColumnSpec) {
  const fact = db.table(table);
  if (!fact || db.isNew(table)) return undefined;
  const made = db.stepOf(`table ${table}`)?.columns ?? {};
  return [...fact.columns].find(([name, { type: have, was }]) =>
    was !== "" && have === db.canonicalType(type) &&
    !Object.hasOwn(made, name) &&
    !db.stepOf(`column ${table}.${name}`) &&
    !db.stepOf(`rename ${table}.${name}`)
  )?.[0];
}

/** What the catalog knows of a type. */
interface TypeTraits {
  known: boolean;
  array: boolean;
  domain: boolean;
  /** A domain with a check or NOT NULL, or over one. */
  constrained: boolean;
  /** The default of its own. */
  ownDefault: string | null;
}

function typeQuery(type: string): string {
  const oid = `to_regtype(${literal(type)})`;
  return `SELECT json_build_object('known', ${oid} IS NOT NULL,
      'array', bool_or(oid = ${oid} AND typcategory = 'A'),
      'domain', bool_or(oid = ${oid} AND typtype = 'd'),
      'constrained', bool_or(typtype = 'd' AND (typnotnull OR EXISTS (
        SELECT FROM pg_constraint WHERE contypid = base.oid))),
      'ownDefault', min(typdefault) FILTER (WHERE oid = ${oid}))::text
    FROM (WITH RECURSIVE base AS (
      SELECT * FROM pg_type WHERE oid = ${oid}
      UNION ALL SELECT t.* FROM base JOIN pg_type t ON t.oid = base.typbasetype
    ) SELECT * FROM base) base`;
}

/** What the catalog knows of a type; undefined until that is known. */
function typeTraits(db: Planner, type: string): TypeTraits | undefined {
  const found = db.ask(typeQuery(type), [SYNTAX_ERROR]);
  return found === undefined ? undefined : JSON.parse(found);
}

/**
 * Why a new column of the type would rewrite the table, as work to be told:
 * its domain's checks have to be run, or its own default is volatile.
 */
function typeWork(db: Planner, { type, default: value }: ColumnSpec): Told {
  const { known, constrained, ownDefault } = typeTraits(db, type) ?? {};
  const own = value === undefined ? ownDefault : null;
  if (constrained || (own && db.isVolatile(own, type, own))) return REWRITE;
  if (known !== false || db.comingEnum(type)) return {};
  const how =
    "while it rewrites it, if its type, which does not exist yet, is a " +
    "domain with a check";
  return { ...REWRITE, how };
}

/** Its default for the rows that have no value. */
function fillDefault(db: Planner, { table, column }: At, value: string) {
  const c = id(column);
  const spec = fillRows(db, table, `${c} = DEFAULT`, `${c} IS NULL`, value);
  return {
    ...spec,
    ...(spec.fill && { fill: { ...spec.fill, partly: true } }),
  };
}

/** No more rows to fill with a default: NULL is a value like another again. */
function endOfFill(db: Planner, at: At): ChangeSpec {
  const action = `DROP CONSTRAINT ${id(helperName(at, "fill"))}`;
  const told = { phase: "online", early: true } as const;
  return alterTable(db.sql(at.table), action, told);
}

function promiseColumn(
  db: Planner,
  { table, column }: At,
  spec: ColumnSpec,
  notNull: boolean,
) {
  const fact = db.own(table);
  // Children get it along with their parent.
  for (const child of db.childrenOf(fact)) {
    if (child.columns.has(column)) continue;
    const name = stepName(parseName(child.name));
    promiseColumn(db, { table: name, column }, spec, notNull);
  }
  const { type, collation, identity, generated } = spec;
  const value = spec.serial ? "nextval(" : spec.expression ?? spec.default;
  fact.columns.set(column, {
    ...{ was: "", number: 10_000 + fact.columns.size, type, wide: null },
    ...{ notNull, unproved: null, collation, identity, generated },
    ...{ default: value ?? null, inherited: false, natural: null },
    ...{ storage: "", usual: "", compression: "", statistics: "" },
    ...{ counter: null, sequence: null },
  });
  if (spec.default !== undefined && db.isFrozen(spec.default, type)) {
    refuseFrozen(db, { table, column }, spec.default);
  }
}

/** A key that the plan makes: other steps may build on it. */
function promiseKey(
  fact: TableFact,
  name: string,
  type: string,
  columns: string[],
) {
  const numbers = columns.map((column) =>
    fact.columns.get(column)?.number ?? 0
  );
  fact.constraints.set(name, {
    ...{ oid: "", type, columns: numbers, parent: "0", parentColumns: [] },
    ...{ onUpdate: "a", onDelete: "a", onDeleteColumns: null, match: "s" },
    ...{ deferrable: false, deferred: false, valid: true, local: false },
    ...{ temporal: false, enforced: true, index: "", condition: null },
    ...{ operators: null, inherited: false },
  });
}

function primaryKeyOf(fact: TableFact | undefined) {
  for (const [name, constraint] of fact?.constraints ?? []) {
    if (constraint.type !== "p") continue;
    const { columns: numbers } = constraint;
    const columns = numbers.map((n) => fact ? columnName(fact, n) : "");
    return { name, columns, constraint };
  }
}

function columnName({ columns }: TableFact, number: number): string {
  for (const [name, fact] of columns) if (fact.number === number) return name;
  return "";
}

function planSetDefault(db: Planner, at: At, value: string) {
  const fact = db.column(at);
  if (!fact) return;
  if (db.isFrozen(value, fact.type)) return refuseFrozen(db, at, value);
  const real = realDefault(value);
  if (real === undefined) {
    if (realDefault(fact.default ?? undefined) === undefined) return;
  } else if (fact.default !== null) {
    if (db.sameValue(fact.wide ?? fact.type, real, fact.default)) return;
  }
  const column = db.own(at.table).columns;
  column.set(at.column, { ...fact, default: value });
  const undo = restoreDefault(db, at, fact);
  const change = alterColumn(db, at, `SET DEFAULT ${tidy(value)}`, { undo });
  db.change(`${at.table}.${at.column}`, "set default", change);
}

/** A time in quotes is read once, and would be another at every look. */
function refuseFrozen(db: Planner, { table, column }: At, value: string) {
  const what = `has DEFAULT ${
    tidy(value)
  }, which PostgreSQL evaluates only once`;
  const fix = "write now(), CURRENT_DATE or the like, without quotes: those " +
    "are evaluated for each inserted row";
  db.issue(`${table}.${column}`, what, fix);
}

function restoreDefault(db: Planner, at: At, { default: value }: ColumnFact) {
  return columnUndo(db, at, value ? `SET DEFAULT ${value}` : "DROP DEFAULT");
}

function planDropDefault(db: Planner, step: Said, fact: ColumnFact) {
  if (fact.default === null) return;
  const change = alterColumn(db, step, "DROP DEFAULT", {
    phase: db.phase(step.table, "contract"),
    undo: restoreDefault(db, step, fact),
    effect: "writes that leave it out find no value from then on",
  });
  db.change(step.name, "drop default", change);
}

function planSetNotNull(db: Planner, at: At) {
  const verb = db.column(at)?.notNull ? "finish not null" : "set not null";
  const changes = notNullChanges(db, at);
  if (changes.length === 0) return;
  db.change(`${at.table}.${at.column}`, verb, ...changes);
  const number = db.column(at)?.number ?? 0;
  for (const [name, fact] of db.table(at.table)?.constraints ?? []) {
    if (fact.onDelete !== "n" || !fact.columns.includes(number)) continue;
    db.note("why", `${name} has ON DELETE SET NULL: such deletes will fail`);
  }
  expectNotNull(db, at);
}

/**
 * A validated check spares SET NOT NULL its scan under ACCESS EXCLUSIVE; it
 * must be dropped by a statement of its own.
 * https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL
 */
function notNullChanges(db: Planner, at: At): ChangeSpec[] {
  const { table, column } = at;
  const fact = db.column(at);
  if (!fact) return [];
  const have = helperOf(db, at, "not_null");
  if (fact.notNull && !fact.unproved && !have) return [];
  const sql = db.sql(table);
  const helper = helperName(at, "not_null");
  const drop = alterTable(sql, `DROP CONSTRAINT ${id(helper)}`, {
    phase: "contract",
  });
  if (fact.notNull) {
    const unproved = fact.unproved ? [validate(sql, fact.unproved)] : [];
    return have ? [...unproved, drop] : unproved;
  }
  db.own(table).columns.set(column, { ...fact, notNull: true });
  const set = (phase: Phase, work?: Work) =>
    alterColumn(db, at, "SET NOT NULL", {
      phase,
      undo: columnUndo(db, at, "DROP NOT NULL"),
      effect: "writes of NULL fail from then on",
      ...(work && { work }),
    });
  if (db.plain(table)) return [set(db.phase(table, "online"), "scan")];
  const add = `ADD CONSTRAINT ${id(helper)} CHECK (${id(column)} IS NOT NULL)` +
    " NOT VALID";
  const remove = `ALTER TABLE ${sql} DROP CONSTRAINT IF EXISTS ${id(helper)}`;
  const refuses = { table: sql, column };
  return [
    ...(have ? [] : [alterTable(sql, add, {
      phase: "online",
      undo: remove,
      effect: REFUSES_OLD,
      refuses,
    })]),
    ...(have?.valid
      ? []
      : [validate(sql, helper, { refuses, retreat: remove })]),
    set("contract"),
    drop,
  ];
}

/** The name of a check that is there for a while; see `helperName`. */
const HELPER = /sync_(not_null|fill|partition)$/;

/**
 * The name of a check that is there for a while: it proves NOT NULL, or the
 * bounds of a partition, or says that a column is being filled. Its table has
 * no other of that name.
 */
function helperName(
  { table, column }: At,
  purpose: "not_null" | "fill" | "partition",
) {
  const own = parseName(table).at(-1) ?? table;
  const name = `${own}_${column}_sync_${purpose}`;
  if (byteLength(name) <= 63) return name;
  let hash = 0x811c9dc5; // FNV-1a
  for (const byte of new TextEncoder().encode(`${own}.${column}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return `column_${hash.toString(16)}_sync_${purpose}`;
}

/** A column's helper; most tables have none, and cost nothing more. */
function helperOf(
  db: Planner,
  at: At,
  purpose?: "not_null" | "fill",
): ConstraintFact | undefined {
  const known = db.table(at.table)?.constraints;
  if (!known?.keys().some((name) => HELPER.test(name))) return undefined;
  return purpose
    ? known.get(helperName(at, purpose))
    : helperOf(db, at, "not_null") ?? helperOf(db, at, "fill");
}

function planDropNotNull(db: Planner, step: Said, fact: ColumnFact) {
  if (!fact.notNull) return;
  const change = alterColumn(db, step, "DROP NOT NULL", {
    phase: db.phase(step.table, "contract"),
    undo: columnUndo(db, step, "SET NOT NULL"),
    effect: "readers may see NULL from then on",
  });
  db.change(step.name, "drop not null", change);
}

/** What can be dropped, and made again as it was. */
const RESTORABLE =
  /^(view|materialized view|policy|trigger|rule|generated column) /;

/** Numbers of which another type has every one. */
const WIDER: Record<string, string[]> = {
  smallint: ["integer", "bigint", "numeric"],
  integer: ["bigint", "numeric"],
  bigint: ["numeric"],
  real: ["double precision"],
};

function planChangeType(db: Planner, step: Said, fact: ColumnFact) {
  const { name, table, column, text, using } = step;
  const { type, bare } = parseColumn(text);
  if (db.sameType(type, fact.type)) return;
  if (!using && !castsItself(db, fact.type, type)) {
    return db.conflict(name, `cannot become ${text} without USING`, {
      step: text,
      database: fact.type,
      fix: call("changeType", [
        ...[table, column, text],
        `${id(column)}::${text}`,
      ]),
    });
  }
  const { blockers, others, ...rest } = typeDependents(db, step, type);
  const inTheWay = blockers.filter(({ name }) => !mayRemove(db, name));
  const computed =
    inTheWay.some(({ what }) => what.startsWith("generated column"))
      ? db.generated(db.table(table)?.oid ?? "0", fact.number)
      : [];
  const numbers = [fact, ...computed].map(({ number }) => number).join(", ");
  const hanging = inTheWay.every(({ what }) => RESTORABLE.test(what))
    ? db.hanging(
      "pg_class",
      db.table(table)?.oid ?? "0",
      `unnest(ARRAY[${numbers}])`,
    )
    : undefined;
  const restored = [...computed, ...hanging?.slice(1) ?? []];
  const whole = hanging && restored.every(({ create }) => create);
  if (inTheWay.length > 0 && !whole) {
    const who = inTheWay.map(({ what }) => what).join(", ");
    const fix =
      "drop what depends on it, change the type and create it again, all in " +
      "one longhand step";
    return db.issue(name, `cannot change its type: ${who} depends on it`, fix);
  }
  const work = !using && db.isFreeCast(fact.type, type)
    ? reworked(db.sql(table), rest)
    : REWRITE;
  const gentle = work !== REWRITE;
  const value = gentle ? undefined : newDefault(db, step, fact, type);
  db.own(table).columns.set(column, {
    ...{ ...fact, type, before: fact.type },
    ...(value && { default: value }),
  });
  const isText = /^(text|varchar|char|character|citext)\b/i.test(type);
  const collate = fact.collation ? ` COLLATE ${fact.collation}` : "";
  const kept = isText && bare === type ? collate : "";
  const change = `TYPE ${text}${kept}${using ? ` USING ${tidy(using)}` : ""}`;
  const back = `TYPE ${fact.type}${collate} USING ${id(column)}::${fact.type}`;
  const kin = gentle || keepsValues(db, step, fact.type, type);
  const wider = WIDER[fact.type]?.includes(db.canonicalType(type));
  const widened = widenSequence(fact, db.canonicalType(type));
  const phase = db.phase(table, "contract");
  const changes = [
    alterColumn(db, step, withDefault(step, change, value), {
      phase,
      undo: kin
        ? columnUndo(db, step, withDefault(step, back, value && fact.default))
        : cannot("the old values are not kept"),
      effect: "readers see the new type from then on",
      lossy: !gentle && (!!using || !wider),
      also: others.map((name) => ({
        table: sqlName(name, db.schema),
        mode: AX,
      })),
      ...(db.state(table) === "filled" && work),
    }),
    ...(widened ? [widened] : []),
  ];
  db.change(
    name,
    `change type from ${fact.type}`,
    ...(inTheWay.length > 0
      ? around(restored, step, phase, changes, db.state(table) === "filled")
      : changes),
  );
  if (inTheWay.length > 0) {
    for (const { name } of restored) db.note("restores", name);
  }
  if (computed.length > 0 && inTheWay.length > 0) {
    db.note("why", "the generated column comes last then");
  }
  expectType(db, step, type, using);
}

/** A default that only one of two types can have must change with the type. */
function newDefault(
  db: Planner,
  { table, column }: At,
  { default: value, sequence }: ColumnFact,
  type: string,
): string | undefined {
  if (!value || sequence) return undefined;
  const own = db.stepOf(`default ${table}.${column}`)?.text;
  const text = db.stepOf(`table ${table}`)?.columns?.[column] ??
    db.stepOf(`column ${table}.${column}`)?.text;
  // A constant is read anew, and needs the old type no more.
  const [, constant] = /^(E?'(?:[^']|'')*')::[\w\s".,()[\]]+$/.exec(value) ??
    [];
  return own ?? (text && parseColumn(text).default) ?? constant ??
    `(${value})::${type}`;
}

function withDefault({ column }: At, change: string, value?: string | null) {
  const alter = `ALTER COLUMN ${id(column)}`;
  return value
    ? `DROP DEFAULT, ${alter} ${change}, ${alter} SET DEFAULT ${value}`
    : change;
}

/**
 * Whether a type becomes another without USING, as far as pg_cast tells.
 * https://www.postgresql.org/docs/current/catalog-pg-cast.html
 */
function castsItself(db: Planner, from: string, to: string): boolean {
  if (db.comingEnum(to)) return false;
  return db.ask(`SELECT (bool_and(a.typtype <> 'b' OR b.typtype <> 'b'
      OR 'A' IN (a.typcategory, b.typcategory) OR b.typcategory = 'S'
      OR a.oid = b.oid OR EXISTS (SELECT FROM pg_cast WHERE castsource = a.oid
        AND casttarget = b.oid AND castcontext <> 'e')))::text
    FROM pg_type a, pg_type b WHERE a.oid = to_regtype(${literal(from)})
      AND b.oid = to_regtype(${literal(to)})`) !== "false";
}

/** Whether a cast to another type can be taken back by one to the old type. */
function keepsValues(db: Planner, { column, using }: Said, ...types: string[]) {
  const [[, cast = ""] = []] = cut(using ?? "", /::/g);
  if (using && plainly(cast) !== plainly(id(column))) return false;
  const [a, b] = types.map((type) =>
    `(SELECT coalesce(nullif(typbasetype, 0),
      CASE typcategory WHEN 'A' THEN typelem ELSE oid END)
    FROM pg_type WHERE oid = to_regtype(${literal(type)}))`
  );
  // A type that is still to come is an enum.
  return db.ask(`SELECT (b.typcategory = 'S'
      OR a.typcategory = 'S' AND coalesce(b.typtype, 'e') = 'e'
      OR EXISTS (SELECT FROM pg_cast WHERE castsource = a.oid
        AND casttarget = b.oid AND a.oid <> b.oid AND castcontext = 'i'))::text
    FROM pg_type a LEFT JOIN pg_type b ON b.oid = ${b}
    WHERE a.oid = ${a}`) === "true";
}

/** What a change of type does besides, where the rows stay as they are. */
function reworked(
  table: string,
  { rebuilt, scanned }: Pick<Dependents, "rebuilt" | "scanned">,
): Told {
  const parts = [
    ...(rebuilt.length > 0 ? [`rebuilds ${rebuilt.map(id).join(", ")}`] : []),
    ...(scanned.length > 0
      ? [`scans ${table} for ${scanned.map(id).join(", ")}`]
      : []),
  ];
  if (parts.length === 0) return {};
  const work = rebuilt.length > 0 ? "build" : "scan";
  return { hazard: "blocking", work, how: `while it ${parts.join(" and ")}` };
}

/** What depends on a column that is to get another type. */
interface Dependents {
  /** What PostgreSQL does not change along, as it describes it. */
  blockers: { name: string; what: string }[];
  /** Indexes that are built anew. */
  rebuilt: string[];
  /** Constraints that all rows are tried against again. */
  scanned: string[];
  /** The other tables of its foreign keys, which are locked, too. */
  others: [schema: string, name: string][];
}

/**
 * What happens to a column's dependents where its values are stored alike in
 * the new type. An index is kept unless it has an expression or a predicate, or
 * the new type has another operator class; so is the proof of a foreign key.
 * Checks are tried again.
 */
function dependentsQuery(table: string, column: string, type: string): string {
  const other = `EXISTS (SELECT FROM pg_opclass o JOIN pg_opclass n
      USING (opcmethod) WHERE o.oid = opclass AND o.opcdefault
        AND n.opcdefault AND n.oid <> o.oid
        AND n.opcintype = to_regtype(${literal(type)}))`;
  return `WITH col AS MATERIALIZED (
      SELECT attrelid, attnum, atttypid FROM pg_attribute
      WHERE attrelid IN (${treeOf(table)})
        AND attname = ${literal(column)}
    ), dep AS MATERIALIZED (
      SELECT DISTINCT classid, objid, objsubid, attnum
      FROM pg_depend JOIN col ON refobjid = attrelid AND refobjsubid = attnum
      WHERE refclassid = 'pg_class'::regclass
    ), con AS MATERIALIZED (
      SELECT * FROM pg_constraint WHERE oid IN (SELECT objid FROM dep
        WHERE classid = 'pg_constraint'::regclass)
    ), ind AS MATERIALIZED (
      SELECT x.*, relname FROM pg_index x JOIN pg_class i
        ON i.oid = indexrelid
      WHERE indexrelid IN (SELECT objid FROM dep
          WHERE classid = 'pg_class'::regclass)
        OR indexrelid IN (SELECT conindid FROM con WHERE contype <> 'f')
    )
    SELECT json_build_object(
      'blockers', (SELECT coalesce(json_agg(DISTINCT jsonb_build_object(
          'name', coalesce(relname, polname, tgname, proname, attname),
          'what', CASE
            WHEN relkind = 'v' THEN 'view ' || ev_class::regclass
            WHEN relkind = 'm' THEN 'materialized view ' || ev_class::regclass
            WHEN attname IS NOT NULL THEN 'generated column ' ||
              quote_ident(attname)
            ELSE pg_describe_object(classid, objid, objsubid) END)), '[]')
        FROM dep
        LEFT JOIN pg_rewrite r ON classid = 'pg_rewrite'::regclass
          AND r.oid = objid
        LEFT JOIN pg_class v ON v.oid = ev_class
        LEFT JOIN pg_policy l ON classid = 'pg_policy'::regclass
          AND l.oid = objid
        LEFT JOIN pg_trigger g ON classid = 'pg_trigger'::regclass
          AND g.oid = objid
        LEFT JOIN pg_proc f ON classid = 'pg_proc'::regclass AND f.oid = objid
        LEFT JOIN pg_attrdef d ON classid = 'pg_attrdef'::regclass
          AND d.oid = objid
        -- Before 15, a generated column depends, and not its expression.
        LEFT JOIN pg_attribute a ON a.attrelid = coalesce(adrelid, objid)
          AND a.attnum = coalesce(adnum, objsubid) AND a.attnum > 0
          AND classid IN ('pg_attrdef'::regclass, 'pg_class'::regclass)
        WHERE r.oid IS NOT NULL OR l.oid IS NOT NULL OR g.oid IS NOT NULL
          OR f.oid IS NOT NULL OR a.attnum <> dep.attnum
          OR classid = 'pg_publication_rel'::regclass),
      'rebuilt', (SELECT coalesce(json_agg(DISTINCT relname), '[]') FROM ind
        WHERE indexprs IS NOT NULL OR indpred IS NOT NULL OR NOT indisvalid
          OR EXISTS (SELECT FROM unnest(indkey, indclass) k (key, opclass)
            JOIN col ON attrelid = indrelid AND attnum = key
            WHERE ${other})),
      'scanned', (SELECT coalesce(json_agg(DISTINCT conname), '[]') FROM con
        WHERE convalidated AND (contype = 'c' OR contype = 'f' AND EXISTS (
          SELECT FROM pg_index, unnest(conkey, confkey) f (own, theirs),
            unnest(indkey, indclass) k (key, opclass), col
          WHERE indexrelid = conindid AND key = theirs
            AND (attrelid = conrelid AND attnum = own
              OR attrelid = confrelid AND attnum = theirs) AND ${other}))),
      'others', (SELECT coalesce(json_agg(DISTINCT jsonb_build_array(
          nspname, relname)), '[]')
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE c.oid IN (SELECT unnest(ARRAY[conrelid, confrelid]) FROM con
            WHERE contype = 'f')
          AND c.oid NOT IN (SELECT attrelid FROM col))
    )::text`;
}

function typeDependents(db: Planner, at: At, type: string): Dependents {
  const fact = db.table(at.table);
  const column = db.column(at)?.was || at.column;
  const found = db.ask(dependentsQuery(fact?.was ?? "", column, type));
  const none = { blockers: [], rebuilt: [], scanned: [], others: [] };
  return found ? JSON.parse(found) : none;
}

/** Whether a drop or a longhand step before names it, so may remove it. */
function mayRemove(db: Planner, name: string): boolean {
  return wordsIn(db.removing.join(";\n")).includes(name);
}

// ═══ Partitions ════════════════════════════════════════════════════════════
//
// In come what steps say of a table besides its columns: how it is partitioned,
// what it inherits from, how it is stored; and the steps of partitions. Out go
// changes that attach, make or set, and conflicts where PostgreSQL can change
// nothing. Rows are never moved from table to table.

/** What a partitioned table is partitioned by, as parts of keys. */
function keyOfPartitions(text = ""): Parts {
  const [, method = "", keys = ""] =
    /^\s*(range|list|hash)\s*(\([^]*)$/i.exec(text) ?? [];
  const parts = method ? keysIn(keys) : undefined;
  return parts?.["key 1"] ? { method: lower(method), ...parts } : {};
}

/** The bounds of a partition: `from 1`, `to 1`, `in 1`, `with modulus`, … */
function readBounds(text: string): Parts {
  if (/^\s*default\s*$/i.test(text)) return { default: "yes" };
  const said = cut(text, /\b(?:for\s+values(?:\s+(?:from|in|with))?|to)\b/gi);
  const parts = said.slice(1).flatMap(([words, rest]) => {
    const word = words.split(" ").at(-1) ?? "";
    return list(bracket(rest)[1]).map((value, i): [string, string] => {
      const [name = "", number = ""] = value.split(/\s+/);
      return word === "with"
        ? [`with ${lower(name)}`, number]
        : [`${word} ${i + 1}`, value];
    });
  });
  return Object.fromEntries(parts);
}

/** What follows the columns of a new table. */
function shapeSql(shape: TableShape = {}): string {
  const { partitionBy, using, with: parameters, tablespace } = shape;
  return (partitionBy ? ` PARTITION BY ${tidy(partitionBy)}` : "") +
    (using ? ` USING ${id(using)}` : "") +
    (parameters ? ` WITH (${tidy(parameters)})` : "") +
    (tablespace ? ` TABLESPACE ${id(tablespace)}` : "");
}

/** A new table has the columns of those that it comes from. */
function inheritColumns(fact: TableFact, parents: TableFact[]) {
  for (const { columns, oid } of parents) {
    fact.parents = [...fact.parents, oid];
    for (const [name, column] of columns) {
      const number = 10_000 + fact.columns.size;
      const own = { was: "", number, inherited: true, sequence: null };
      fact.columns.set(name, { ...column, ...own });
    }
  }
}

/** How a table that stands is partitioned and stored, and what it inherits. */
function planShape(db: Planner, step: Said, fact: TableFact) {
  const { table, shape = {} } = step;
  // Neither says anything, as of most tables.
  if (!step.shape && !fact.shape && !fact.unlogged) return;
  const { key, options } = shapeOf(db, fact);
  const other = (what: string, parts: [string, string, string]) => {
    const [step, database, fix] = parts;
    db.conflict(table, what, { step, database, fix });
  };
  const byHand = db.saidByHand(table, "partition");
  const said = keyOfPartitions(shape.partitionBy);
  if ((shape.partitionBy || fact.kind === "p") && !byHand) {
    const describe = (parts: Parts) =>
      parts.method
        ? `PARTITION BY ${parts.method.toUpperCase()} (${describeKeys(parts)})`
        : "not partitioned";
    if (!shape.partitionBy) {
      db.more(table, `${describe(key.have)}, which its step does not say`);
    } else if (db.differ(fact, said, key).length > 0) {
      other("is partitioned differently", [
        describe(said),
        describe(key.have),
        "write the database's into its step, or copy the rows into a new " +
        "table: this cannot be changed",
      ]);
    }
  }
  planLogged(db, step, fact);
  const wanted = optionsIn(list(shape.with));
  const missing = Object.entries(wanted).filter(([part, value]) =>
    options[part] !== value && (!part.startsWith("with toast.") ||
      db.ask(
          "SELECT (reltoastrelid <> 0)::text FROM pg_class WHERE oid = " +
            (fact.oid || "0"),
        ) !== "false")
  );
  if (missing.length > 0) {
    const set = (part: string, value?: string) =>
      setOption("TABLE", fact.name, { [part]: value ?? "" }, part);
    db.change(
      table,
      `set ${missing.map(([part]) => part.slice(5)).join(", ")}`,
      ...missing.map(([part, value]): ChangeSpec => ({
        phase: "expand",
        sql: set(part, value),
        undo: set(part, options[part]),
        locks: [{ table: fact.name, mode: SUX }],
      })),
    );
  }
  for (const [word, own] of [["using", "heap"], ["tablespace", ""]] as const) {
    const wanted = shape[word];
    const have = fact.shape?.[word] ?? (own || db.server.tablespace);
    if (!wanted || nameIn(wanted) === have) continue;
    const set = word === "using" ? "ACCESS METHOD" : "TABLESPACE";
    other(`has a different ${set.toLowerCase()}`, [
      wanted,
      have,
      `ALTER TABLE ${fact.name} SET ${set} ${id(wanted)}, which rewrites it`,
    ]);
  }
  planParents(db, step, fact);
}

function planLogged(db: Planner, { table, shape = {} }: Said, fact: TableFact) {
  const { unlogged } = shape;
  if (!!unlogged === fact.unlogged) return;
  if (unlogged === undefined) {
    if (db.saidByHand(table, "unlogged")) return;
    return db.conflict(table, "is UNLOGGED: a crash empties it", {
      step: "a table",
      database: "an unlogged table",
      fix: "write { unlogged: true } into its step, or { unlogged: false }, " +
        "which rewrites it",
    });
  }
  const set = (unlogged: boolean) => `SET ${unlogged ? "UN" : ""}LOGGED`;
  const change = alterTable(fact.name, set(unlogged), {
    phase: db.phase(table, "contract"),
    undo: `ALTER TABLE ${fact.name} ${set(!unlogged)}`,
    ...(unlogged &&
      { effect: "a crash of the server empties it from then on" }),
    ...(db.state(table) === "filled" && REWRITE),
  });
  db.change(table, lower(set(unlogged)), change);
}

/** The tables that it inherits from, where its step says any. */
function planParents(
  db: Planner,
  { table, shape = {} }: Said,
  fact: TableFact,
) {
  const { inherits } = shape;
  if (!inherits) return;
  const parents = inherits.flatMap((parent) =>
    db.needs(parent) ? db.table(parent) ?? [] : []
  );
  const more = fact.parents.map((oid) => db.tableOf(oid)?.name ?? oid)
    .filter((name) => !parents.some((parent) => parent.name === name));
  if (more.length > 0) {
    db.conflict(table, `inherits from ${more.join(", ")}, too`, {
      step: inherits.join(", "),
      database: more.join(", "),
      fix: `ALTER TABLE ${fact.name} NO INHERIT ${more[0]}, or write it into ` +
        "its step",
    });
  }
  for (const parent of parents) {
    if (parent.oid && fact.parents.includes(parent.oid)) continue;
    const action = (no: string) => `${no}INHERIT ${parent.name}`;
    const change = alterTable(fact.name, action(""), {
      phase: "contract",
      undo: `ALTER TABLE ${fact.name} ${action("NO ")}`,
      effect: `queries of ${parent.name} return its rows, too`,
      also: [{ table: parent.name, mode: SUX }],
    });
    db.change(table, `inherit from ${parent.name}`, change);
  }
}

/** A table's partition key, and its storage parameters, as parts. */
function shapeOf(db: Planner, fact: TableFact) {
  const { shape, key } = fact;
  const partitioned = shape?.strategy
    ? indexParts(db, fact, {
      ...{ oid: "", valid: true, unique: false, method: shape.strategy },
      ...{ keys: shape.columns.length, columns: shape.columns },
      ...{
        expressions: list(shape.expressions ?? ""),
        opclasses: shape.opclasses,
      },
      ...{ order: [], collations: shape.collations, parameters: null },
      ...{ options: [], nulls: false, predicate: null, tablespace: "" },
    })
    : { have: key ?? {}, implied: {} };
  return { key: partitioned, options: optionsIn(shape?.options ?? []) };
}

function planPartition(db: Planner, step: Said) {
  const { name, on, text } = step;
  if (!db.needs(on)) return;
  const parent = db.table(on), fact = db.table(name);
  if (!parent) return;
  if (parent.kind !== "p" && !parent.vague) {
    const fix =
      `write { partitionBy: "RANGE (…)" } into createTable("${on}", …)`;
    const what = `is a partition of ${on}, which is not partitioned`;
    return db.issue(name, what, fix);
  }
  if (!fact) return planNewPartition(db, step, parent);
  if (!isTable(db, step, fact)) return;
  planShape(db, step, fact);
  const helper = helperName({ table: name, column: "bounds" }, "partition");
  const begun = fact.constraints.has(helper);
  if (fact.parents.length === 0) {
    if (hasOtherDefault(db, step, parent)) return;
    const changes = attachChanges(db, step, parent, begun ? "" : helper);
    db.change(name, `attach to ${on}`, ...changes);
    return expectBounds(db, step, parent);
  }
  const [of = ""] = fact.parents;
  const standing = fact.shape?.bounds ?? "";
  const moved = of !== parent.oid;
  if (moved || !sameBounds(db, parent, text, standing)) {
    const from = db.tableOf(of)?.name ?? "the other table";
    return db.conflict(
      name,
      moved ? "belongs to another table" : "has different bounds",
      {
        step: `partition of ${parent.name} ${text}`,
        database: `${standing ? "partition" : "child"} of ${from} ${standing}`,
        fix: standing
          ? `ALTER TABLE ${from} DETACH PARTITION ${fact.name} CONCURRENTLY; ` +
            "the next run attaches it"
          : `ALTER TABLE ${fact.name} NO INHERIT ${from}; the next run ` +
            "attaches it",
      },
    );
  }
  if (begun) db.change(name, "finish attaching", dropHelper(fact, helper));
}

/** A new partition; its parent is locked as little as it can be. */
function planNewPartition(db: Planner, step: Said, parent: TableFact) {
  const { name, on, text, shape = {} } = step;
  if (hasOtherDefault(db, step, parent)) return;
  const fact = db.own(name);
  inheritColumns(fact, [parent]);
  const { partitionBy, unlogged } = shape;
  Object.assign(fact, {
    kind: partitionBy ? "p" : "r",
    ...(partitionBy && { key: keyOfPartitions(partitionBy) }),
  });
  const head = `CREATE ${unlogged ? "UNLOGGED " : ""}TABLE ${fact.name}`;
  const undo = `DROP TABLE ${fact.name}`;
  const told = { phase: "expand", keepsPlace: true, undo } as const;
  if (db.single || db.state(on) !== "filled") {
    const of = `PARTITION OF ${parent.name} ${tidy(text)}`;
    const sql = `${head} ${of}${shapeSql(shape)}`;
    const { locks, crowded } = locksOfParent(db, parent, text, AX);
    const work = crowded ? { work: "scan" as const } : {};
    return db.change(name, "create partition", {
      ...told,
      sql,
      locks,
      ...work,
    });
  }
  // PARTITION OF would stop all who use its parent, and the default partition.
  const like = ["DEFAULTS", "CONSTRAINTS", "GENERATED", "STORAGE"]
    .concat("COMPRESSION").map((what) => ` INCLUDING ${what}`).join("");
  const sql = `${head} (LIKE ${parent.name}${like})${shapeSql(shape)}`;
  db.change(
    name,
    "create partition",
    {
      ...{ ...told, sql },
      locks: [{ table: parent.name, mode: "ACCESS SHARE", only: true }],
    },
    ...attachChanges(db, step, parent, ""),
  );
  expectBounds(db, step, parent);
}

/** The default partition of a parent, as SQL names it. */
function defaultOf(db: Planner, { shape }: TableFact): string | undefined {
  return shape?.rest ? sqlName(namePath(shape.rest), db.schema) : undefined;
}

function hasOtherDefault(
  db: Planner,
  { name, on, text }: Said,
  parent: TableFact,
): boolean {
  const other = readBounds(text).default && defaultOf(db, parent);
  if (!other) return false;
  db.conflict(name, `cannot be the default of ${on}: it has ${other}`, {
    step: `${name} DEFAULT`,
    database: `${other} DEFAULT`,
    fix: `createPartition("${other}", "${on}", "DEFAULT"), or ALTER TABLE ` +
      `${parent.name} DETACH PARTITION ${other}`,
  });
  return true;
}

/**
 * What else is locked where a partition comes: its parent, those to which its
 * foreign keys refer, and the default partition, whose rows are looked at.
 */
function locksOfParent(
  db: Planner,
  parent: TableFact,
  text: string,
  mode: Mode,
): { locks: Lock[]; crowded: boolean } {
  const rest = readBounds(text).default ? undefined : defaultOf(db, parent);
  const others = [...parent.constraints.values()].flatMap(({ type, parent }) =>
    type === "f" ? db.tableOf(parent)?.name ?? [] : []
  );
  const crowded = rest !== undefined &&
    db.state(stepName(parseName(rest))) === "filled";
  const locks: Lock[] = [
    ...(rest ? [{ table: rest, mode: AX } as const] : []),
    { table: parent.name, mode, only: true },
    ...others.map((table): Lock => ({ table, mode: SRX })),
  ];
  return { locks, crowded };
}

/** Rows that keep a partition from being attached. */
function expectBounds(db: Planner, { name, text }: Said, parent: TableFact) {
  const key = shapeOf(db, parent).key.have;
  const condition = boundsCondition(key, readBounds(text));
  if (!condition) return;
  const rest = defaultOf(db, parent);
  const listed = (is: string) => (rows: string, key: string) =>
    `SELECT ${key} AS key FROM ${rows} WHERE (${condition}) ${is}`;
  const outside = ["lies outside its bounds", "lie outside its bounds"];
  expectRows(db, name, outside, listed("IS NOT TRUE"));
  if (rest === undefined) return;
  const inside = [`of ${rest} lies within its bounds`]
    .concat(`of ${rest} lie within its bounds`);
  expectRows(db, stepName(parseName(rest)), inside, listed("IS TRUE"));
}

/**
 * ATTACH PARTITION scans the table while nobody can use it, unless a check that
 * was proved before says what the bounds say. The rows of the default
 * partition are looked at under the same lock.
 * https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE
 *
 * @param helper the name of that check, "" where there is one already
 */
function attachChanges(
  db: Planner,
  { name, text }: Said,
  parent: TableFact,
  helper: string,
): ChangeSpec[] {
  const fact = db.own(name), sql = fact.name;
  const bounds = readBounds(text);
  const filled = db.state(name) === "filled";
  const condition = boundsCondition(shapeOf(db, parent).key.have, bounds);
  const { locks, crowded } = locksOfParent(db, parent, text, SUX);
  const proved = filled && condition && !db.single;
  const slow = crowded || filled && !proved;
  const own = { table: sql, mode: AX } as const;
  const attach: ChangeSpec = {
    phase: filled ? "online" : "expand",
    keepsPlace: true,
    sql: `ALTER TABLE ${parent.name} ATTACH PARTITION ${sql} ${tidy(text)}`,
    undo: `ALTER TABLE ${parent.name} DETACH PARTITION ${sql}`,
    locks: crowded ? [...locks, own] : [own, ...locks],
    ...(slow && { work: "scan" }),
    ...(slow && !db.single && { hazard: "blocking" }),
  };
  fact.parents = [parent.oid];
  if (!proved) return [attach];
  const check = helper ||
    helperName({ table: name, column: "bounds" }, "partition");
  const undo = `ALTER TABLE ${sql} DROP CONSTRAINT IF EXISTS ${id(check)}`;
  return [
    ...(helper
      ? [alterTable(
        sql,
        `ADD CONSTRAINT ${id(helper)} CHECK (${condition}) NOT VALID`,
        { phase: "online", undo, effect: REFUSES_OLD },
      )]
      : []),
    validate(sql, check),
    attach,
    dropHelper(fact, check),
  ];
}

function dropHelper({ name }: TableFact, helper: string): ChangeSpec {
  return alterTable(name, `DROP CONSTRAINT ${id(helper)}`, { phase: "online" });
}

/** What the bounds of a partition by one column say of its rows. */
function boundsCondition(key: Parts, bounds: Parts): string | undefined {
  const { "key 1": column = "" } = key;
  if (key["key 2"] || bounds.default || key.method === "hash") return undefined;
  const values = Object.entries(bounds).filter(([part]) => /^in /.test(part))
    .map(([, value]) => value);
  const isNull = (value: string) => /^null$/i.test(value);
  const known = values.filter((value) => !isNull(value));
  if (values.some(isNull)) {
    return [
      `${column} IS NULL`,
      ...(known.length > 0 ? [`${column} IN (${known.join(", ")})`] : []),
    ].join(" OR ");
  }
  const side = (sign: string, value = "") =>
    /^(min|max)value$/i.test(value) ? [] : [`${column} ${sign} ${value}`];
  return [
    `${column} IS NOT NULL`,
    ...(known.length > 0
      ? [`${column} IN (${known.join(", ")})`]
      : [...side(">=", bounds["from 1"]), ...side("<", bounds["to 1"])]),
  ].join(" AND ");
}

/** Whether two texts of bounds say the same; PostgreSQL compares the values. */
function sameBounds(
  db: Planner,
  parent: TableFact,
  left: string,
  right: string,
): boolean {
  const [want, have] = [readBounds(left), readBounds(right)];
  const { shape } = parent;
  const typeOf = (n: number) => {
    const name = columnName(parent, shape?.columns[n - 1] ?? 0);
    return parent.columns.get(name)?.type ?? shape?.types[n - 1] ?? "text";
  };
  const same = (a: string, b: string, n: number) => {
    const words = /^(min|max)value$|^null$/i;
    return words.test(a) || words.test(b)
      ? lower(a) === lower(b)
      : db.sameValue(typeOf(n), a, b);
  };
  const parts = Object.keys({ ...want, ...have });
  if (parts.some((part) => !want[part] || !have[part])) return false;
  return parts.every((part) => {
    const [word = "", n = ""] = part.split(" ");
    const [a, b] = [want[part] ?? "", have[part] ?? ""];
    if (word !== "in") {
      return a === b || /^\d/.test(n) && same(a, b, Number(n));
    }
    // The values of a list are a set.
    return parts.map((other) => same(a, have[other] ?? "", 1)).includes(true);
  });
}

// ═══ Constraints ═══════════════════════════════════════════════════════════
//
// In come the steps of keys, checks, exclusions, foreign keys and indexes. They
// are compared part by part; what is missing is made without stopping writes:
// indexes CONCURRENTLY, keys of such an index, checks and foreign keys NOT
// VALID and validated later. On a new table it is but a clause, which the
// statement that creates it takes along. What differs is a conflict.

/** PRIMARY KEY in a column's text has no name, so any name will do. */
function planInlineKey(db: Planner, { table, column }: At, spec: ColumnSpec) {
  if (!spec.primaryKey || db.isNew(table)) return;
  const fact = db.table(table);
  if (!fact) return;
  const key = primaryKeyOf(fact);
  const name = key?.name ?? `${lastName(fact.name)}_pkey`;
  const inline = addPrimaryKey(table, name, `(${id(column)})`);
  planUnique(db, inline as Said, {
    kind: "primary key",
    "key 1": id(column),
  }, true);
}

/** A primary key or unique constraint, by way of a concurrently built index. */
function planUnique(db: Planner, step: Said, parts: Parts, inline = false) {
  const { table } = step, name = bareName(step.name);
  const fact = db.table(table);
  if (!fact) return;
  const primary = parts.kind === "primary key";
  const key = primary ? primaryKeyOf(fact) : undefined;
  if (key && !inline && key.name !== name) {
    return db.conflict(name, "exists under another name", {
      step: name,
      database: key.name,
      fix: `write the database's name, or ALTER TABLE ${fact.name} RENAME ` +
        `CONSTRAINT ${id(key.name)} TO ${id(name)}`,
    });
  }
  const found = compareConstraint(db, step, parts);
  const left = found === "in place" && indexOfKey(fact, name)?.valid === false;
  const branches = left || found === "missing"
    ? branchesOf(db, table, fact)
    : undefined;
  if (left && !branches) {
    const fix = `REINDEX INDEX CONCURRENTLY ${db.beside(fact, name)}`;
    const what = "has an INVALID index, so it guarantees nothing";
    return db.issue(name, what, fix);
  }
  if (found !== "missing" && !branches) return;

  const noun = primary ? "add primary key" : "add unique";
  const columns = keyColumns(parts);
  const nulls = primary ? columns : [];
  const undo = dropConstraintSql(fact.name, name);
  const verify = () => {
    for (const column of nulls) expectNotNull(db, { table, column });
    expectUnique(db, table, parts);
  };
  const definition = tidy(definitionOf(step));
  const [text, deferral] = withoutDeferral(step.text);
  const index = `UNIQUE ${indexText(text)}`;
  if (branches) {
    const proofs = nulls.flatMap((column) =>
      notNullChanges(db, { table, column })
    );
    promiseUnique(db, table, name, primary, columns);
    const phase: Phase = proofs.length > 0 ? "contract" : "online";
    const told = { name, text: index, constraint: definition, phase };
    const changes = indexTree(db, fact, branches, told);
    db.change(name, noun, ...proofs, ...changes);
    return verify();
  }
  const whole = isBuiltWhole(db, table, fact);
  if (db.plain(table) || whole) {
    // Foreign keys may need it, and here no finished index stands in for it.
    const back = nulls.filter((column) =>
      !db.column({ table, column })?.notNull
    )
      .map((column) =>
        `;\n${columnUndo(db, { table, column }, "DROP NOT NULL")}`
      );
    promiseUnique(db, table, name, primary, columns);
    db.change(
      name,
      noun,
      addConstraint(fact.name, name, definition, {
        phase: db.phase(table, "online"),
        undo: undo + back.join(""),
        work: "build",
        effect: REFUSES_TWICE,
        keys: columns,
        ...(whole && db.hazard(table, "blocking")),
      }),
    );
    return verify();
  }
  const built = compareIndex(db, table, name, index);
  if (built === "conflict") return;
  const proofs = nulls.flatMap((column) =>
    notNullChanges(db, { table, column })
  );
  promiseUnique(db, table, name, primary, columns);
  const attach = `ADD CONSTRAINT ${id(name)} ${
    primary ? "PRIMARY KEY" : "UNIQUE"
  } USING INDEX ${id(name)}${deferral && ` ${tidy(deferral)}`}`;
  db.change(
    name,
    noun,
    ...proofs,
    ...indexChanges(db, table, name, index, built),
    alterTable(fact.name, attach, {
      phase: "contract",
      undo,
      effect: REFUSES_TWICE,
    }),
  );
  verify();
}

function promiseUnique(
  db: Planner,
  table: string,
  name: string,
  primary: boolean,
  columns: string[],
) {
  const fact = db.own(table);
  promiseKey(fact, name, primary ? "p" : "u", columns);
  for (const column of primary ? columns : []) {
    const known = fact.columns.get(column);
    if (known) fact.columns.set(column, { ...known, notNull: true });
  }
}

/** `(a) INCLUDE (b)` and, apart, what only a constraint can be. */
function withoutDeferral(text: string): [string, string] {
  const at = blanked(text)
    .search(/\b(not\s+deferrable|deferrable|initially)\b/i);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}

/** A unique constraint's text in the order that CREATE INDEX wants. */
function indexText(text: string): string {
  const said = new Map(
    cut(text, CLAUSES).map(([word, rest]) => [word, tidy(rest)]),
  );
  const nulls = said.get("nulls not distinct");
  const clause = (word: string, of = word) =>
    said.has(of) ? ` ${word.toUpperCase()} ${said.get(of)}` : "";
  return (said.get("") || nulls || said.get("nulls distinct")) +
    clause("include") + (nulls === undefined ? "" : " NULLS NOT DISTINCT") +
    clause("with") + clause("tablespace", "using index tablespace");
}

function indexOfKey(fact: TableFact, name: string): IndexFact | undefined {
  return fact.indexes.get(name);
}

/** A foreign key: added unproved, then validated under traffic. */
function planForeignKey(db: Planner, step: Said, parts: Parts) {
  const parent = parentOf(step);
  const columns = splitNames(parts["referenced columns"]);
  const found = compareConstraint(db, step, parts);
  if (found === "in place" || found === "conflict") return;
  const stands = db.table(parent);
  if (found === "missing") {
    if (!db.needs(parent, ...columns)) return;
    if (!refersToKey(db, step, stands, columns)) return;
    if (!refersToType(db, step, keyColumns(parts), parent, columns)) return;
  }
  const fact = db.table(step.table);
  const other = stands?.name ?? db.sql(parent);
  // A new table's rows are nobody's yet, but a parent that stands is not.
  const fresh = db.isNew(step.table) && db.isNew(parent);
  const also = (mode: Mode) => [{ table: other, mode }];
  planProved(db, step, parts, found, {
    noun: "add foreign key",
    fresh,
    // Before 18, a partitioned table takes no foreign key that is NOT VALID.
    whole: fact?.kind === "p" && db.server.version < 180000,
    told: {
      ...{ lock: SRX, also: also(SRX), rank: 6 },
      refersTo: { table: other, columns },
    },
    proof: { also: also(RS), rank: 6 },
  });
  expectParents(db, step.table, parts, parent);
}

/** PostgreSQL refuses a key to columns that nothing makes unique. */
function refersToKey(
  db: Planner,
  { name }: Said,
  parent: TableFact | undefined,
  columns: string[],
): boolean {
  if (!parent || parent.vague) return true;
  const wanted = columns.toSorted().join("\0");
  const names = (numbers: number[]) =>
    numbers.map((n) => columnName(parent, n)).sort().join("\0");
  const unique =
    parent.unique?.some((columns) =>
      columns.toSorted().join("\0") === wanted
    ) ||
    [...parent.constraints.values()].some(({ type, columns }) =>
      /[pu]/.test(type) && names(columns) === wanted
    ) ||
    [...parent.indexes.values()].some((index) =>
      index.unique && index.predicate === null &&
      names(index.columns.slice(0, index.keys)) === wanted
    );
  if (unique) return true;
  const list = columns.map(id).join(", ");
  db.issue(
    name,
    `refers to ${parent.name} (${list}), which nothing makes unique`,
    `write ${call("addUnique", [parent.name, "…", `(${list})`])} above it`,
  );
  return false;
}

/** Nor one between types that no operator compares. */
function refersToType(
  db: Planner,
  { name, table }: Said,
  own: string[],
  parent: string,
  theirs: string[],
): boolean {
  for (const [i, column] of own.entries()) {
    const [a, b] = [
      db.column({ table, column })?.type,
      db.column({ table: parent, column: theirs[i] ?? "" })?.type,
    ];
    if (!a || !b || a === b || db.comingEnum(a) || db.comingEnum(b)) continue;
    if (db.compares(a, b)) continue;
    db.issue(
      name,
      `compares ${table}.${column}, ${a}, with ${b} of ${parent}`,
      `${call("changeType", [table, column, b], ", …")} above it`,
    );
    return false;
  }
  return true;
}

/** A check: its rows are proved under traffic. */
function planCheck(db: Planner, step: Said, parts: Parts) {
  const found = compareConstraint(db, step, parts);
  if (found === "in place" || found === "conflict") return;
  planProved(db, step, parts, found, {
    noun: "add check",
    fresh: db.isNew(step.table),
    whole: false,
    told: {},
    proof: {},
  });
  expectCheck(db, step.table, parts.condition ?? "");
}

/** What a check and a foreign key have in common. */
function planProved(
  db: Planner,
  step: Said,
  parts: Parts,
  found: "missing" | "not valid",
  { noun, fresh, whole, told, proof }: {
    noun: string;
    fresh: boolean;
    whole: boolean;
    told: Told & { refersTo?: Key };
    proof: Told;
  },
) {
  const name = bareName(step.name), table = db.sql(step.table);
  const undo = dropConstraintSql(table, name);
  const definition = tidy(definitionOf(step));
  const unproved = `ADD CONSTRAINT ${id(name)} ${definition} NOT VALID`;
  const how = { phase: "online" as const, undo, ...told };
  const add = (more: Told) =>
    addConstraint(table, name, definition, { ...how, ...more });
  const proved = (back = "") => validate(table, name, { ...proof, undo: back });
  if (parts.enforced) {
    // One that is not enforced is never valid, and needs no proof.
    if (found === "not valid") return;
    db.change(name, "add, not enforced", add({}));
  } else if (found === "not valid") {
    db.change(name, "validate constraint", proved(`${undo}, ${unproved}`));
  } else if (fresh) {
    db.change(name, noun, add({ phase: "expand" }));
  } else if (db.single || whole) {
    db.change(
      name,
      noun,
      add({
        work: "scan",
        effect: REFUSES,
        ...(!db.single && db.hazard(step.table, "blocking")),
      }),
    );
  } else {
    const effect = told.lock ? REFUSES : REFUSES_OLD;
    const { refersTo: _, ...plain } = how;
    const first = alterTable(table, unproved, { ...plain, effect });
    db.change(name, noun, first, proved());
  }
}

function planExclusion(db: Planner, step: Said, parts: Parts) {
  if (compareConstraint(db, step, parts) !== "missing") return;
  const { table } = step, name = bareName(step.name), sql = db.sql(table);
  // There is no online form: the index is built under ACCESS EXCLUSIVE.
  db.change(
    name,
    "add exclusion",
    addConstraint(sql, name, tidy(definitionOf(step)), {
      phase: db.phase(table, "contract"),
      undo: dropConstraintSql(sql, name),
      work: "build",
      effect: REFUSES,
      keys: keyColumns(parts),
      ...db.hazard(table, "blocking"),
    }),
  );
  expectExclusion(db, table, parts);
}

function planIndex(db: Planner, step: Said) {
  const { table, text } = step;
  const name = lastName(step.name);
  const { parts } = parseDefinition(text);
  if (!db.needs(table, ...keyColumns(parts))) return;
  const built = compareIndex(db, table, name, text);
  if (built === "conflict") return;
  const fact = db.table(table);
  if (fact?.constraints.has(name) && indexOfKey(fact, name)) {
    return db.conflict(name, "is a constraint in the database", {
      step: `index ${text}`,
      database: "a constraint",
      fix: call("addUnique", [table, name, "…"]),
    });
  }
  if (built === "in place") return;
  const verb = built === "invalid" ? "rebuild index" : "create index";
  const columns = keyColumns(parts);
  const changes = indexChanges(db, table, name, text, built)
    .map((change) => parts.kind ? { ...change, keys: columns } : change);
  if (changes.length === 0) {
    const fix = `DROP INDEX ${db.beside(db.own(table), name)}; the ` +
      "next run builds it again";
    return db.issue(
      name,
      "is INVALID, although each partition has its index",
      fix,
    );
  }
  db.change(name, verb, ...changes);
  if (!parts.kind) return;
  expectUnique(db, table, parts);
  if (parts.predicate || columns.includes("")) return;
  const own = db.own(table);
  own.unique = [...own.unique ?? [], columns];
}

/**
 * Whether PostgreSQL builds the indexes of a table and its parts at once, and
 * never concurrently: of partitions that are foreign, and of TimescaleDB's.
 */
function isBuiltWhole(db: Planner, table: string, { kind, oid }: TableFact) {
  if (db.plain(table)) return false;
  return kind === "p" || db.ask(`SELECT (EXISTS (SELECT FROM pg_inherits
    JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = ${oid || "0"} AND
    relnamespace = to_regnamespace('_timescaledb_internal')))::text`) ===
      "true";
}

/** What builds an index under traffic; an INVALID one is dropped first. */
function indexChanges(
  db: Planner,
  table: string,
  name: string,
  text: string,
  built: "missing" | "invalid" | "in place",
): ChangeSpec[] {
  if (built === "in place") return [];
  const fact = db.table(table);
  const branches = fact && branchesOf(db, table, fact);
  if (branches) return indexTree(db, fact, branches, { name, text });
  const [, unique = "", rest = ""] = /^(unique\s)?(.*)$/is.exec(tidy(text)) ??
    [];
  const whole = fact !== undefined && isBuiltWhole(db, table, fact);
  const plain = db.plain(table) || whole;
  const how = plain ? "" : "CONCURRENTLY ";
  // Through a pooler no search path holds outside a transaction.
  const on = plain ? db.sql(table) : db.qualified(table);
  const own = fact ? db.beside(fact, name) : id(name);
  const [schema = ""] = plain ? [] : parseName(on);
  const dropped = plain ? own : `${id(schema)}.${id(name)}`;
  const told = {
    phase: db.phase(table, "online"),
    ...(!plain && { alone: true }),
    ...(whole && db.hazard(table, "blocking")),
  };
  const locked = (mode: Mode) => [{ table: db.sql(table), mode }];
  const head = `CREATE ${unique && "UNIQUE "}INDEX ${how}${id(name)} ON ${on}`;
  const keys = rest.trim();
  const create: ChangeSpec = {
    ...told,
    sql: `${head} ${keys}`,
    ...(!plain && { build: { head, table: on, unique, keys, index: dropped } }),
    // A constraint made of the index takes it along.
    undo: `DROP INDEX IF EXISTS ${own}`,
    locks: locked(plain ? SH : SUX),
    work: plain ? "build" : "build online",
    ...(unique && { effect: REFUSES_TWICE }),
  };
  return built === "missing" ? [create] : [{
    ...told,
    sql: `DROP INDEX ${how}${dropped}`,
    undo: "",
    locks: locked(plain ? AX : SUX),
  }, create];
}

/** A partitioned table or a partition, and its indexes. */
interface Branch {
  oid: Oid;
  name: [schema: string, name: string];
  kind: string;
  /** The table of which it is a partition. */
  of: Oid | null;
  indexes: BranchIndex[];
}

interface BranchIndex {
  oid: Oid;
  name: string;
  valid: boolean;
  /** The index of which it is a partition. */
  of: Oid | null;
  /** As pg_constraint.contype, where it is a constraint's. */
  constraint: string | null;
  /** As PostgreSQL prints it. */
  text: string;
}

/**
 * A partitioned table that has rows, with its partitions, each behind the one
 * that it is of. None where they are not indexed one by one: a foreign table
 * has no indexes.
 */
function branchesOf(
  db: Planner,
  table: string,
  { kind, oid }: TableFact,
): Branch[] | undefined {
  if (kind !== "p" || db.plain(table) || db.state(table) !== "filled") return;
  const found = db.ask(`WITH RECURSIVE tree (oid, of, depth) AS (
      SELECT ${oid}::oid, NULL::oid, 0
      UNION ALL SELECT inhrelid, inhparent, depth + 1
      FROM pg_inherits JOIN tree ON inhparent = tree.oid
      WHERE NOT inhdetachpending
    ) SELECT json_agg(json_build_object('oid', c.oid, 'kind', relkind,
        'name', json_build_array(nspname, relname), 'of', of,
        'indexes', (SELECT coalesce(json_agg(json_build_object(
            'oid', i.oid, 'name', i.relname, 'of', h.inhparent,
            'valid', indisvalid AND indisready, 'constraint', contype,
            'text', CASE WHEN indisunique THEN 'UNIQUE' ELSE '' END ||
              substring(pg_get_indexdef(i.oid) FROM ' USING .*'))), '[]')
          FROM pg_index x JOIN pg_class i ON i.oid = indexrelid
          LEFT JOIN pg_inherits h ON h.inhrelid = i.oid
          LEFT JOIN pg_constraint ON conindid = i.oid AND contype IN ('p', 'u')
          WHERE indrelid = c.oid)) ORDER BY depth, nspname, relname)::text
      FROM tree JOIN pg_class c ON c.oid = tree.oid
      JOIN pg_namespace n ON n.oid = relnamespace`);
  const branches = JSON.parse(found ?? "[]") as Branch[];
  return branches.some(({ kind }) => kind === "f") ? undefined : branches;
}

/**
 * An index of a partitioned table, built without stopping writes: on the table
 * alone, which makes it INVALID, then on each partition, where it is attached;
 * with the last of them it is valid. What an earlier run left is gone on with.
 * https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE
 *
 * @param made the index, and what stands behind ADD CONSTRAINT and its name
 *   where it is that of a key
 */
function indexTree(
  db: Planner,
  fact: TableFact,
  branches: Branch[],
  { name, text, constraint = "", phase = "online" }: {
    name: string;
    text: string;
    constraint?: string;
    phase?: Phase;
  },
): ChangeSpec[] {
  const { parts } = parseDefinition(text);
  const [, unique = "", keys = ""] =
    /^(unique\s)?\s*(.*)$/is.exec(tidy(text)) ?? [];
  const [word = ""] = /^(PRIMARY KEY|UNIQUE)?/.exec(constraint) ?? [];
  const type = word ? word.charAt(0).toLowerCase() : null;
  const [, deferral] = withoutDeferral(constraint);
  const told = { phase, ...(unique && { effect: REFUSES_TWICE }) };
  const undoOf = (table: string, index: string) =>
    constraint
      ? `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${id(lastName(index))}`
      : `DROP INDEX IF EXISTS ${index}`;
  const top = db.beside(fact, name), undo = undoOf(fact.name, top);
  const isSame = (index: BranchIndex) =>
    index.of === null && [null, type].includes(index.constraint) &&
    db.differ(fact, parts, {
        have: parseDefinition(index.text).parts,
        implied: { method: "btree" },
      }).length === 0;
  const known = new Map<Oid | null, { index: string; oid?: Oid | undefined }>();
  return branches.flatMap((branch): ChangeSpec[] => {
    const above = known.get(branch.of);
    const found = !above
      ? branch.indexes.find((index) => index.name === name)
      : branch.indexes.find(({ of }) => of !== null && of === above.oid) ??
        branch.indexes.find(isSame);
    const own = found?.name ??
      (above ? branchIndexName(branch, parts, type) : name);
    const table = sqlName(branch.name, db.schema);
    const index = sqlName([branch.name[0], own], db.schema);
    known.set(branch.oid, { index, oid: found?.oid });
    const add = (only: string, definition: string) =>
      alterTable(
        `${only}${table}`,
        `ADD CONSTRAINT ${id(own)} ${definition}`,
        { ...told, undo: undoOf(table, index) },
      );
    const changes: ChangeSpec[] = [];
    if (branch.kind !== "r" && !found) {
      const mode: Mode = constraint ? AX : SH;
      const sql = `CREATE ${unique}INDEX ${id(own)} ON ONLY ${table} ${keys}`;
      const alone = { ...told, sql, undo: undoOf(table, index) };
      changes.push({
        ...(constraint ? add("ONLY ", constraint) : alone),
        locks: [{ table, mode, only: true }],
      });
    }
    if (branch.kind === "r") {
      if (!found?.valid) {
        changes.push(
          ...concurrently({ unique, keys }, table, branch.name, own, !!found),
        );
      }
      if (constraint && !found?.constraint) {
        const using = `${word} USING INDEX ${id(own)}`;
        changes.push(add("", using + (deferral && ` ${tidy(deferral)}`)));
      }
    }
    if (above && !found?.of) {
      // What stood before is dropped along with the index that it is part of.
      const again = found?.valid && !found.constraint
        ? `;\nCREATE ${
          found.text.replace(" USING ", `INDEX ${id(own)} ON ${table} USING `)
        }`
        : "";
      changes.push({
        ...{ phase, undo: undo + again },
        sql: `ALTER INDEX ${above.index} ATTACH PARTITION ${index}`,
        // Whoever plans a query of the partition waits for the instant.
        locks: [{ table, mode: "ACCESS SHARE" }],
      });
    }
    return changes;
  });
}

/** What builds the index of one partition; an INVALID one is dropped first. */
function concurrently(
  { unique, keys }: { unique: string; keys: string },
  table: string,
  path: string[],
  name: string,
  left: boolean,
): ChangeSpec[] {
  const on = path.map(id).join(".");
  const index = `${id(path[0] ?? "")}.${id(name)}`;
  const head = `CREATE ${unique}INDEX CONCURRENTLY ${id(name)} ON ${on}`;
  const told = {
    ...{ phase: "online" as const, alone: true },
    locks: [{ table, mode: SUX as Mode }],
  };
  return [
    ...(left
      ? [{ ...told, sql: `DROP INDEX CONCURRENTLY ${index}`, undo: "" }]
      : []),
    {
      ...told,
      sql: `${head} ${keys}`,
      build: { head, table: on, unique, keys, index },
      undo: `DROP INDEX IF EXISTS ${index}`,
      work: "build online",
    },
  ];
}

/** As PostgreSQL names the index of a partition, so that it is the same. */
function branchIndexName(
  { name: [, table], indexes }: Branch,
  parts: Parts,
  type: string | null,
): string {
  const label = type === "p" ? "pkey" : type === "u" ? "key" : "idx";
  const columns = type === "p" ? [] : [
    ...keysOf(parts).map((key) =>
      isName(key)
        ? unquoted(key)
        : /^([A-Za-z_]\w*)\s*\(/.exec(key)?.[1] ?? "expr"
    ),
    ...splitNames(parts.include),
  ];
  let [first, second] = [table, columns.join("_").slice(0, 63)];
  const room = 63 - label.length - (second ? 2 : 1);
  while (first.length + second.length > room) {
    if (first.length > second.length) first = first.slice(0, -1);
    else second = second.slice(0, -1);
  }
  const made = [first, second, label].filter(Boolean).join("_");
  const taken = indexes.map(({ name }) => name);
  for (let n = 0;; n++) {
    const free = n === 0 ? made : `${made.slice(0, 60)}${n}`;
    if (!taken.includes(free)) return free;
  }
}

/** Whether an index is there and the same; says so where it is not. */
function compareIndex(
  db: Planner,
  name: string,
  index: string,
  text: string,
): "missing" | "conflict" | "invalid" | "in place" {
  const own = db.table(name);
  const elsewhere = own && !own.indexes.has(index)
    ? db.index(besideTable(name, index))
    : undefined;
  const table = elsewhere?.table ?? own;
  const fact = elsewhere?.fact ?? own?.indexes.get(index);
  const { parts } = parseDefinition(text);
  if (!own || !table || !fact) {
    return own && toldAsOther(db, own, index, parts) ? "conflict" : "missing";
  }
  const stands = indexParts(db, table, fact);
  const differences = db.differ(table, parts, stands);
  if (
    setsParameters(db, index, table, {
      ...{ want: parts, have: stands.have, differences },
    })
  ) return "in place";
  if (table !== own) {
    differences.unshift({
      part: "table",
      step: own.name,
      database: table.name,
    });
  }
  if (differences.length === 0) {
    const done = fact.valid || isBuilding(db, own, index);
    return done ? "in place" : "invalid";
  }
  const printed = db.ask(`SELECT pg_get_indexdef(${fact.oid || "NULL"})`) ?? "";
  db.conflict(index, "is a different index", {
    step: `${own.name} ${tidy(text)}`,
    database: printed,
    fix: call("createIndex", [name, newName(index), tidy(text)]) +
      `, ${call("dropIndex", [index])},`,
    differences,
  });
  return "conflict";
}

/** Whether another session builds the index; what it leaves is looked at. */
function isBuilding(db: Planner, table: TableFact, name: string): boolean {
  const index = `to_regclass(${literal(db.beside(table, name))})`;
  // A role that may not see another's progress sees its lock.
  const found = db.ask(
    `SELECT ${
      buildQuery(`(index_relid = ${index} OR index_relid IS NULL
      AND EXISTS (SELECT FROM pg_locks l JOIN pg_index ON indrelid = relation
        WHERE l.pid = p.pid AND granted AND indexrelid = ${index}
          AND mode = 'ShareUpdateExclusiveLock'))`)
    }`,
  );
  if (!found) return false;
  const { key, who } = JSON.parse(found) as Build;
  const text = "is being built by another session";
  db.situation(name, text, [["who", who], ["fix", BUILT]], key);
  return true;
}

/** The same index under a name that no step has: it is not built twice. */
function toldAsOther(
  db: Planner,
  table: TableFact,
  name: string,
  parts: Parts,
): boolean {
  for (const [other, fact] of table.indexes) {
    const named = table.constraints.has(other) ||
      db.stepOf(`index ${besideTable(table.name, other)}`);
    if (named || !fact.valid || fact.oid === "") continue;
    if (!sameKeys(parts, indexParts(db, table, fact).have)) continue;
    if (db.differ(table, parts, indexParts(db, table, fact)).length > 0) {
      continue;
    }
    tellOther(
      db,
      name,
      other,
      `ALTER INDEX ${db.beside(table, other)} RENAME TO`,
    );
    return true;
  }
  return false;
}

function tellOther(db: Planner, name: string, other: string, rename: string) {
  db.conflict(name, `has the same under another name: ${other}`, {
    step: name,
    database: other,
    fix: `write the database's name, or ${rename} ${id(name)}`,
  });
}

/** Spares questions about what is not even alike. */
function sameKeys(a: Parts, b: Parts): boolean {
  const shape = (parts: Parts) =>
    keysOf(parts).map((key) => isName(key) ? key : "()").join(", ");
  return a.kind === b.kind && shape(a) === shape(b);
}

/** An index in the parts in which steps want one. */
function indexParts(db: Planner, table: TableFact, fact: IndexFact) {
  const { columns, keys, order, opclasses, collations, parameters } = fact;
  const implied: Parts = { method: "btree", tablespace: db.server.tablespace };
  const have: Record<string, string | null> = {
    kind: fact.unique ? "unique" : "",
    method: fact.method,
    include: columns.slice(keys).map((n) => id(columnName(table, n))).join(
      ", ",
    ),
    nulls: fact.nulls ? "not distinct" : "",
    predicate: fact.predicate && strip(fact.predicate),
    tablespace: fact.tablespace,
    ...optionsIn(fact.options),
  };
  const expressions = fact.expressions.values();
  columns.slice(0, keys).forEach((number, i) => {
    const n = i + 1;
    const expression = number === 0 ? expressions.next().value ?? "" : "";
    const name = columnName(table, number);
    const column = table.columns.get(name);
    const { name: opclass = "", usual } =
      db.catalog.opclasses.get(opclasses[i] ?? "") ??
        {};
    const flags = order[i] ?? 0;
    const collation = collations?.[i] ?? "";
    const natural = column
      ? column.collation || column.natural
      : collation && collation !== '"default"'
      ? db.collationOf(table, expression)
      : "";
    have[`key ${n}`] = name ? id(name) : strip(expression);
    have[`collation ${n}`] = collation === '"default"' ? "" : collation;
    have[`opclass ${n}`] = usual ? "" : opclass;
    have[`options ${n}`] = sortOptions(parameters?.[n] ?? []);
    have[`order ${n}`] = orderOf((flags & 1) > 0, (flags & 2) > 0);
    if (usual) implied[`opclass ${n}`] = opclass;
    implied[`collation ${n}`] = natural || '"default"';
  });
  return { have: dense(have), implied };
}

/** Changes storage parameters in place, where nothing else differs. */
function setsParameters(
  db: Planner,
  name: string,
  table: TableFact,
  { want, have, differences }: {
    want: Parts;
    have: Parts;
    differences: Difference[];
  },
): boolean {
  const parts = differences.map(({ part }) => part);
  if (parts.length === 0 || !parts.every((part) => /^with /.test(part))) {
    return false;
  }
  const index = db.beside(table, lastName(name));
  const changes = parts.map((part) => ({
    ...create(
      setOption("INDEX", index, want, part),
      setOption("INDEX", index, have, part),
    ),
    // Others lock the index altogether, which every query's plan looks at.
    ...(!/fillfactor|deduplicate_items/.test(part) &&
      { locks: [{ table: table.name, mode: AX } as const] }),
  }));
  db.change(
    name,
    `set ${parts.map((part) => part.slice(5)).join(", ")}`,
    ...changes,
  );
  return true;
}

/** Whether a constraint is there and the same; says so where it is not. */
function compareConstraint(
  db: Planner,
  step: Said,
  parts: Parts,
): "missing" | "conflict" | "not valid" | "in place" {
  const table = db.table(step.table), name = bareName(step.name);
  const fact = table?.constraints.get(name);
  if (!table) return "missing";
  if (!fact) {
    return toldAsOtherConstraint(db, table, name, parts)
      ? "conflict"
      : "missing";
  }
  const stands = constraintParts(db, table, fact);
  const differences = db.differ(table, parts, stands);
  if (
    setsParameters(db, name, table, {
      ...{ want: parts, have: stands.have, differences },
    })
  ) return "in place";
  if (differences.length === 0) {
    return fact.valid ? "in place" : "not valid";
  }
  const printed =
    db.ask(`SELECT pg_get_constraintdef(${fact.oid || "NULL"})`) ?? "";
  db.conflict(name, "is a different constraint", {
    step: definitionOf(step),
    database: printed,
    fix: call("dropConstraint", [step.table, name]) + ", " +
      call(step.verb, [step.table, newName(name), tidy(step.text)]) + ",",
    differences,
  });
  return "conflict";
}

function toldAsOtherConstraint(
  db: Planner,
  table: TableFact,
  name: string,
  parts: Parts,
): boolean {
  for (const [other, fact] of table.constraints) {
    const { have, implied } = constraintParts(db, table, fact);
    if (fact.oid === "" || fact.type === "p" || !fact.valid) continue;
    if (db.stepOf(`constraint ${stepName(parseName(table.name))}.${other}`)) {
      continue;
    }
    if (HELPER.test(other) || !sameKeys(parts, have)) continue;
    if (db.differ(table, parts, { have, implied }).length > 0) continue;
    const rename = `ALTER TABLE ${table.name} RENAME CONSTRAINT ${
      id(other)
    } TO`;
    tellOther(db, name, other, rename);
    return true;
  }
  return false;
}

const CONSTRAINT_KINDS: Record<string, string> = {
  p: "primary key",
  u: "unique",
  f: "foreign key",
  c: "check",
  x: "exclude",
};

/** A constraint in the parts in which steps want one. */
function constraintParts(db: Planner, table: TableFact, fact: ConstraintFact) {
  const { type, columns, parentColumns, parent } = fact;
  const index = /[pux]/.test(type) &&
    table.indexes.values().find(({ oid }) => oid === fact.index);
  const built = index ? indexParts(db, table, index) : undefined;
  const kept = type === "x" ? /^(?!kind)/ : /^(include|with |nulls|tablespace)/;
  const names = (of: TableFact | undefined, numbers: number[] | null) =>
    (numbers ?? []).map((n) => id(of ? columnName(of, n) : "")).join(", ");
  const other = db.tableOf(parent);
  const have: Record<string, string | null | undefined> = {
    kind: CONSTRAINT_KINDS[type],
    ...Object.fromEntries(
      Object.entries(built?.have ?? {}).filter(([part]) => kept.test(part)),
    ),
    condition: fact.condition && strip(fact.condition),
    deferrable: fact.deferrable ? "yes" : "",
    initially: fact.deferred ? "deferred" : "",
    enforced: fact.enforced ? "" : "no",
    temporal: fact.temporal ? "yes" : "",
    inherit: type === "c" && fact.local ? "no" : "",
  };
  if (type === "f") {
    have["referenced table"] = other?.name;
    have["referenced columns"] = names(other, parentColumns);
    have["on update"] = ACTIONS[fact.onUpdate];
    have["on delete"] = ACTIONS[fact.onDelete];
    have["on delete columns"] = names(table, fact.onDeleteColumns);
    have.match = fact.match === "f" ? "full" : "";
  }
  if (type !== "c") {
    columns.forEach((n, i) => {
      const name = columnName(table, n);
      if (name) have[`key ${i + 1}`] = id(name);
    });
  }
  (fact.operators ?? []).forEach((sign, i) => have[`operator ${i + 1}`] = sign);
  const implied = {
    ...built?.implied,
    match: "simple",
    "on delete": "no action",
    "on update": "no action",
  };
  return { have: dense(have), implied };
}

// ═══ Rows and drops ════════════════════════════════════════════════════════
//
// In come renames, backfills, rows that must be there, and drops; out go their
// changes. A drop needs to be allowed, says what it takes away and how to make
// it again, and is refused where something that no step drops depends on it.

const OLD_NAME = "queries that use the old name fail from then on";

function planRenameTable(db: Planner, { name, table, to }: Said) {
  if (!db.table(table)) return;
  if (db.table(to)) return besideOld(db, to, table);
  const [from, now] = [db.sql(table), db.sql(to)];
  db.rename(table, to);
  const own = id(lastName(now));
  const undo = `ALTER TABLE ${now} RENAME TO ${id(lastName(from))}`;
  const told = { undo, effect: OLD_NAME, hazard: "rename", rank: 0 };
  const change = alterTable(from, `RENAME TO ${own}`, told);
  db.change(name, `rename from ${table}`, change);
}

function planRenameColumn(db: Planner, { name, table, column, to }: Said) {
  const fact = db.column({ table, column });
  if (!fact) return;
  if (db.column({ table, column: to })) {
    return besideOld(db, name, `${table}.${column}`);
  }
  const own = db.own(table);
  own.columns = new Map(
    [...own.columns].map((
      [known, fact],
    ) => [known === column ? to : known, fact]),
  );
  const rename = (from: string, to: string) =>
    `RENAME COLUMN ${id(from)} TO ${id(to)}`;
  const undo = `ALTER TABLE ${own.name} ${rename(to, column)}`;
  const told = { undo, effect: OLD_NAME, hazard: "rename", rank: 0 };
  const change = alterTable(own.name, rename(column, to), told);
  db.change(name, `rename from ${table}.${column}`, change);
}

function besideOld(db: Planner, now: string, old: string) {
  db.conflict(now, `exists as well as ${old}`, {
    step: `${old} renamed to ${now}`,
    database: "both",
    fix: "move what the old one still holds, then drop it in a step",
  });
}

/** Whether SQL names a column that a step has dropped. */
function isPast(db: Planner, table: string, sql: string): boolean {
  const { columns, dropped } = db.table(table) ?? {};
  return [...namesIn(sql)].some((name) =>
    db.stepOf(`column ${table}.${name}`)?.verb === "dropColumn" &&
    !columns?.has(name) && !dropped?.has(name)
  );
}

function planBackfill(
  db: Planner,
  { name, table, fill: { set, where } }: Said,
) {
  if (!db.needs(table) || isPast(db, table, `${set} ${where}`)) return;
  const layered = db.coming.of(table, where).layers.length > 0;
  const needed = layered || db.isPromised(table, `${set} ${where}`)
    ? db.state(table) === "filled"
    : db.hasRows(table, where);
  if (needed) db.change(name, "backfill", fillRows(db, table, set, where));
}

function planRows(db: Planner, { table, key, rows }: Said) {
  const columns = [...new Set(rows.flatMap(columnsOf))];
  if (!db.needs(table, ...columns)) return;
  const fact = db.table(table);
  const match = matchKey(key, rows);
  const keys = rows.map((row) => pick(row, key));
  // The keys alone: another value may be a label that is still to come.
  const unknown = db.isPromised(table, key.map(id).join(" ")) ||
    (fact && db.isRenamed(fact));
  const source = { table: db.sql(table), match };
  const found = unknown ? undefined : db.askRows(missingQuery(source, keys));
  const lacking = found === undefined
    ? keys
    : (JSON.parse(found) as number[]).map((i) => keys[i - 1] ?? {});
  if (lacking.length > 0) {
    // Never a row that was there before.
    const undo = found === undefined && !db.isNew(table)
      ? cannot("it is not known which of its rows were there before")
      : `DELETE FROM ${source.table} t USING ` +
        `${recordset(source.table, lacking)} WHERE ${match}`;
    db.coming.insert(table, match, rows);
    db.change(
      table,
      `insert ${lacking.length} of ${count(rows.length, "row")}`,
      {
        phase: db.phase(table, "online"),
        sql: insertQuery(fact, source, rows),
        undo,
        locks: [{ table: source.table, mode: RX }],
        early: true,
      },
    );
  }
  for (const column of columns) planCounter(db, { table, column }, rows);
}

function columnsOf(row: Values): string[] {
  return Object.keys(row).filter((column) => row[column] !== undefined);
}

function pick(row: Values, columns: string[]): Values {
  return Object.fromEntries(columns.map((column) => [column, row[column]]));
}

/** Rows as an item of FROM, typed as the table's. */
function recordset(table: string, rows: Values[]): string {
  return `jsonb_populate_recordset(NULL::${table}, ` +
    `${literal(toJson(rows))}) v`;
}

/**
 * Whether t and v have the same key. A plain = can use an index and be hashed;
 * only a column of which a row says NULL needs more.
 */
function matchKey(key: string[], rows: Values[]): string {
  return key.map(id).map((c, i) => {
    const nulls = rows.some((row) => row[key[i] ?? ""] === null);
    const same = `t.${c} = v.${c}`;
    return nulls ? `(${same} OR (t.${c} IS NULL AND v.${c} IS NULL))` : same;
  }).join(" AND ");
}

/** The rows of an insertMissing: where they go, and when one is there. */
interface Source {
  table: string;
  match: string;
}

/** The numbers of the rows that are missing, from 1, as JSON. */
function missingQuery({ table, match }: Source, keys: Values[]): string {
  return `SELECT coalesce(json_agg(r.n), '[]')::text FROM ` +
    `jsonb_array_elements(${literal(toJson(keys))}) WITH ORDINALITY ` +
    `r (value, n), jsonb_populate_record(NULL::${table}, r.value) v ` +
    `WHERE NOT EXISTS (SELECT 1 FROM ${table} t WHERE ${match})`;
}

/**
 * One statement, also where rows name different columns: rows may refer to one
 * another, and foreign keys are looked at when it ends.
 */
function insertQuery(
  fact: TableFact | undefined,
  { table, match }: Source,
  rows: Values[],
) {
  const groups = new Map<string, Values[]>();
  for (const row of rows) {
    const columns = JSON.stringify(columnsOf(row).sort());
    groups.set(columns, [...groups.get(columns) ?? [], row]);
  }
  const inserts = [...groups.values()].map((rows) => {
    const columns = columnsOf(rows[0] ?? {});
    const list = columns.map(id).join(", ");
    const always = columns.some((column) =>
      fact?.columns.get(column)?.identity === "a"
    );
    return `INSERT INTO ${table} (${list}) ` +
      (always ? "OVERRIDING SYSTEM VALUE " : "") +
      `SELECT ${list} FROM ${recordset(table, rows)} WHERE NOT EXISTS ` +
      `(SELECT 1 FROM ${table} t WHERE ${match})`;
  });
  const last = inserts.pop() ?? "";
  const others = inserts.map((sql, i) => `sync_${i + 1} AS (${sql})`);
  return others.length > 0 ? `WITH ${others.join(", ")} ${last}` : last;
}

/**
 * The sequence of a column moves past the numbers that rows bring, never back,
 * so that the next row of the application does not meet them.
 */
function planCounter(db: Planner, at: At, rows: Values[]) {
  const { table, column } = at;
  const { identity, default: value } = db.column(at) ?? {};
  const [counts, named] =
    /^(?:pg_catalog\.)?nextval\s*\((?:\s*('(?:[^']|'')*'))?/i.exec(
      value ?? "",
    ) ??
      [];
  if (!identity && !counts) return;
  const top = highest(rows.map((row) => row[column]));
  if (top === undefined) return;
  const sequence = named ? `${named}::regclass` : "pg_get_serial_sequence(" +
    `${literal(db.sql(table))}, ${literal(column)})::regclass`;
  const made = db.isPromised(table, id(column));
  const name = made
    ? undefined
    : db.askRows(`SELECT ${sequence}::text`, MISSING_OBJECT);
  if (!made && !name) return;
  // One that the plan makes has not been restarted elsewhere.
  const next = name
    ? `(SELECT last_value + is_called::int FROM ${name})`
    : "coalesce(pg_sequence_last_value(seqrelid) + 1, seqstart)";
  const behind = `FROM pg_sequence WHERE seqrelid = ${sequence} ` +
    `AND seqincrement > 0 AND seqmax > ${top} AND ${next} <= ${top}`;
  const asked = `SELECT EXISTS (SELECT ${behind})::text`;
  if (!made && db.askRows(asked, ["42501"]) !== "true") return;
  db.change(`${table}.${column}`, "move its sequence past the rows", {
    phase: db.phase(table, "online"),
    early: true,
    sql: `SELECT setval(seqrelid::regclass, ${top}) ${behind}`,
    undo: "",
  });
}

/** The highest of those values that are whole numbers. */
function highest(values: unknown[]): bigint | undefined {
  const numbers = values.filter((value) => /^\d{1,19}$/.test(`${value}`))
    .map((value) => BigInt(`${value}`));
  return numbers.reduce<bigint | undefined>(
    (top, n) => top === undefined || n > top ? n : top,
    undefined,
  );
}

/** A change that is allowed by the name of what it drops. */
function dropped(step: Step, told: Told): Told {
  return { phase: "contract", ...told, hazard: `drop:${step.name}` };
}

function planDropTable(db: Planner, step: Said) {
  const fact = db.table(step.table);
  if (!fact) return;
  const uses = dependents(db, step, "table");
  if (uses.length > 0) {
    return blockedBy(db, step.name, "cannot be dropped", uses);
  }
  const held = countHeld(db, step.table);
  db.forget(step.table);
  const undo = cannot("its rows are gone");
  const told = dropped(step, { undo, effect: UNKNOWN_FROM_THEN, rank: 9 });
  const locks: Lock[] = [{ table: fact.name, mode: AX }];
  locks.push(...lockedToo(db, fact, "true"));
  const sql = `DROP TABLE ${fact.name}`;
  db.change(step.name, "drop table", { ...create(sql, undo, told), locks });
  db.note("rows", held);
}

function planDropColumn(db: Planner, step: Said) {
  const { table, column, name } = step;
  const known = db.column(step);
  if (!known) return;
  const uses = dependents(db, step, "column");
  if (uses.length > 0) return blockedBy(db, name, "cannot be dropped", uses);
  const value = `${id(column)} IS NOT NULL`;
  const held = `${
    countHeld(db, table, `${id(known.was)} IS NOT NULL`)
  } with a value`;
  if (step.to && !db.needs(table, step.to)) return;
  const fact = db.own(table);
  fact.columns.delete(column);
  (fact.dropped ??= new Map()).set(column, known);
  const undo = cannot("its values are gone");
  const also = lockedToo(db, fact, `${known.number} = ANY (conkey)`);
  const told = dropped(step, {
    undo,
    effect: UNKNOWN_FROM_THEN,
    rank: 8,
    also,
  });
  const change = alterTable(fact.name, `DROP COLUMN ${id(column)}`, told);
  if (!step.to) {
    db.change(name, "drop column", change);
    return db.note("rows", held);
  }
  const lost = `${value} AND ${id(step.to)} IS NULL`;
  const says = `have a value that ${step.to} lacks`;
  const guard = create(guardSql(fact.name, lost, says), "", {
    ...dropped(step, {}),
    rank: 8,
  });
  const steps = [guard, change].map((one) => ({ ...one, keepsPlace: true }));
  db.change(name, "drop column", ...steps);
  db.note("rows", held);
  expectRows(
    db,
    table,
    [`has${says.slice(4)}`, says],
    (rows, key) => `SELECT ${key} AS key FROM ${rows} WHERE ${lost}`,
  );
}

/** Fails while there are such rows, in the transaction of what follows it. */
function guardSql(table: string, where: string, says: string): string {
  const text = literal(`rows of ${table} ${says}`.replaceAll("%", "%%"));
  return `DO $guard$BEGIN
    IF EXISTS (SELECT FROM ${table} WHERE ${where})
    THEN RAISE ${text}; END IF;
  END$guard$`;
}

/** How many rows a drop is about, such as "2 rows"; nothing of what they hold. */
function countHeld(db: Planner, name: string, where = "true"): string {
  const { was } = db.table(name) ?? {};
  const found = was && db.askRows(
    `SELECT count(*)::text FROM (SELECT FROM ${was} WHERE ${where}
      LIMIT ${MANY}) x`,
    [TIMED_OUT, ...MISSING_OBJECT],
  );
  if (found === undefined) return "not counted within --probe-timeout: rows";
  return Number(found) === 0 ? "no row" : atMost(Number(found));
}

/**
 * The other tables that are locked where a table goes, or a column or
 * constraint of it: those that its foreign keys reference, since triggers go
 * there, and the one of which it is a partition, with the default partition.
 *
 * @param which a condition for these constraints; "true" where all goes
 */
function lockedToo(db: Planner, { oid }: TableFact, which: string): Lock[] {
  const found = db.ask(`SELECT json_agg(DISTINCT o::regclass)::text
    FROM (SELECT confrelid FROM pg_constraint
      c WHERE contype = 'f' AND conrelid = ${oid} AND ${which}
        AND NOT EXISTS (SELECT FROM pg_constraint parent WHERE
          parent.oid = c.conparentid AND parent.conrelid <> ${oid})
      UNION ALL SELECT unnest(ARRAY[inhparent, partdefid]) FROM pg_inherits
        JOIN pg_partitioned_table ON partrelid = inhparent
      WHERE inhrelid = ${oid} AND ${which === "true"}) x (o)
    WHERE o <> ${oid}`);
  const tables = JSON.parse(found ?? "null") as string[] | null ?? [];
  return tables.filter((table) => table !== "-")
    .sort((a, b) => lastName(a) < lastName(b) ? -1 : 1)
    .map((table) => ({ table, mode: AX }));
}

function planDropConstraint(db: Planner, step: Said) {
  const { table } = step, name = bareName(step.constraint);
  const fact = db.table(table)?.constraints.get(name);
  if (!fact) return;
  const uses = dependents(db, step, "constraint", fact.oid);
  if (uses.length > 0) {
    return blockedBy(db, step.name, "cannot be dropped", uses);
  }
  const own = db.own(table);
  own.constraints.delete(name);
  if (/[pux]/.test(fact.type)) own.indexes.delete(name);
  const sql = db.sql(table);
  const told = dropped(step, {
    undo: db.ask(constraintQuery(fact.oid)) ?? "",
    effect: "rows that it rejected are accepted from then on",
    also: lockedToo(db, own, `oid = ${fact.oid}`),
    rank: 3,
  });
  const change = alterTable(sql, `DROP CONSTRAINT ${id(name)}`, told);
  db.change(step.name, "drop constraint", change);
}

function planDropIndex(db: Planner, step: Said) {
  const found = db.index(step.name);
  if (!found) return;
  const { table, fact } = found;
  if (table.extension) return ownedByExtension(db, step.name, table.extension);
  const own = db.own(stepName(parseName(table.name)));
  own.indexes.delete(lastName(step.name));
  const whole = table.kind === "p";
  const plain = db.single || whole;
  const name = plain ? db.sql(step.name) : db.qualified(step.name);
  db.change(step.name, "drop index", {
    ...(dropped(step, {}) as { hazard: string }),
    phase: "contract",
    sql: `DROP INDEX ${plain ? "" : "CONCURRENTLY "}${name}`,
    undo: db.ask(indexQuery(fact.oid)) ?? "",
    locks: [{ table: table.name, mode: plain ? AX : SUX }],
    effect: "queries that used it become slower",
    alone: !plain,
    rank: 4,
  });
}

/** What makes an index again as it is; on a partitioned table, in all of it. */
function indexQuery(oid: Oid): string {
  return `SELECT concat_ws(E';\\n', CASE c.relkind WHEN 'I' THEN
      regexp_replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ')
      ELSE pg_get_indexdef(c.oid) END, ${BESIDES})
    FROM pg_class c JOIN pg_index ON indexrelid = c.oid WHERE c.oid = ${oid}`;
}

/** The same of a constraint, whose definition has nothing of its index. */
function constraintQuery(oid: Oid): string {
  return `SELECT concat_ws(E';\\n', format('ALTER TABLE %s ADD CONSTRAINT %I %s',
      conrelid::regclass, conname, pg_get_constraintdef(k.oid)),
      format('COMMENT ON CONSTRAINT %I ON %s IS ', conname, conrelid::regclass)
        || quote_literal(obj_description(k.oid, 'pg_constraint')),
      format('ALTER INDEX %s SET (', c.oid::regclass)
        || array_to_string(reloptions, ', ') || ')', ${BESIDES})
    FROM pg_constraint k LEFT JOIN pg_class c
      ON c.oid = conindid AND contype IN ('p', 'u', 'x')
    LEFT JOIN pg_index ON indexrelid = c.oid WHERE k.oid = ${oid}`;
}

/** What an index has beside its definition. */
const BESIDES = `
  format('COMMENT ON INDEX %s IS ', c.oid::regclass)
    || quote_literal(obj_description(c.oid, 'pg_class')),
  (SELECT string_agg(format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s',
      c.oid::regclass, attnum, attstattarget), E';\\n' ORDER BY attnum)
    FROM pg_attribute WHERE attrelid = c.oid AND attstattarget >= 0),
  (SELECT format('ALTER INDEX %s SET TABLESPACE %I', c.oid::regclass, spcname)
    FROM pg_tablespace t WHERE t.oid = c.reltablespace),
  CASE WHEN indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I',
    indrelid::regclass, c.relname) END,
  CASE WHEN indisreplident THEN format(
    'ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', indrelid::regclass,
    c.relname) END`;

function planDropEnum(db: Planner, step: Said) {
  const type = db.sql(step.name);
  const fact = db.types.get(type);
  if (fact?.kind !== "e") return;
  if (fact.extension) return ownedByExtension(db, step.name, fact.extension);
  db.seen.add(type);
  db.types.delete(type);
  const list = fact.labels.map(literal).join(", ");
  const undo = `CREATE TYPE ${type} AS ENUM (${list})`;
  const told = dropped(step, { rank: 9.5 });
  const sql = `DROP TYPE ${type}`;
  db.change(step.name, "drop enum", create(sql, undo, told));
}

/** What stands in the way of a drop, or of another type. */
function dependents(
  db: Planner,
  step: Said,
  what: "table" | "column" | "constraint",
  constraint = "",
): string[] {
  const fact = db.table(step.table);
  if (!fact?.oid) return [];
  const number = db.column(step)?.number ?? 0;
  return usesOf(
    db,
    what === "constraint"
      ? `'pg_constraint'::regclass::oid, ${constraint}::oid, 0`
      : `'pg_class'::regclass::oid, ${fact.oid}::oid, ${
        what === "table" ? 0 : number
      }`,
  );
}

/** What depends on an object that is to go, and does not go with it. */
function usesOf(db: Planner, start: string): string[] {
  const found = db.ask(`WITH RECURSIVE gone (class, id, sub) AS (
      SELECT ${start}
      UNION SELECT d.classid, d.objid, d.objsubid
      FROM gone g JOIN pg_depend d ON d.refclassid = g.class
        AND d.refobjid = g.id AND g.sub IN (0, d.refobjsubid)
        AND deptype IN ('a', 'e', 'i', 'P', 'S')
    ), used AS (SELECT DISTINCT d.classid AS class, d.objid AS id,
        d.objsubid AS sub
      FROM gone g JOIN pg_depend d ON d.refclassid = g.class
        AND d.refobjid = g.id AND g.sub IN (0, d.refobjsubid)
      WHERE deptype = 'n'
        AND NOT EXISTS (SELECT FROM gone o WHERE o.class = d.classid
          AND o.id = d.objid AND o.sub IN (0, d.objsubid)))
    SELECT json_agg(json_build_array(coalesce(
        CASE class WHEN 'pg_rewrite'::regclass THEN (SELECT
          CASE relkind WHEN 'm' THEN 'materialized ' ELSE '' END || 'view ' ||
          ev_class::regclass FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
          WHERE r.oid = id) END, pg_describe_object(class, id, sub)), id))::text
    FROM used`);
  const uses = JSON.parse(found ?? "[]") as [string, Oid][];
  return uses.filter(([text, oid]) => {
    const name = /(\S+)$/.exec(text.replace(/ on .*$/, ""))?.[1] ?? "";
    return !db.dropped.has(oid) && !mayRemove(db, lastName(name));
  }).map(([text]) => text);
}

function blockedBy(db: Planner, name: string, text: string, uses: string[]) {
  db.issue(
    name,
    `${text}: ${uses.join(", ")} depends on it`,
    "drop what depends on it in a step above, and create it again below",
  );
}

// ═══ Objects ═══════════════════════════════════════════════════════════════
//
// Every kind of object but tables and their columns, keys and indexes. One
// entry of OBJECTS says all that there is to know about a kind: its words in
// SQL, one scalar query that reads an object as parts, the reader of the step's
// text into the same parts, which parts PostgreSQL has to compare, and what
// changes each in place. What cannot be changed in place is dropped and made
// again in one transaction, with all that hangs on it (see `replaceObject`). An
// extension's own objects are never touched.

/** An object as its query reads it. */
interface ObjectFact {
  oid: Oid;
  have: Parts;
  /** What a step means that does not say it. */
  implied?: Parts;
  /** SQL that makes it as it is. */
  sql?: string;
  /** The columns of a view, with their types. */
  columns?: [name: string, type: string][];
  /** Owned by an extension, which looks after it. */
  extension?: string;
  /** The tables that have a column of the domain. */
  users?: string[] | null;
}

/** Rows that an expression is about: an alias, and names with their types. */
type RowScope = [alias: string, columns: [name: string, type: string][]][];

/** How a part is compared: as a type, a value in a scope, or a whole query. */
type How =
  | "type"
  | "value"
  | "query"
  | "actions"
  | `::${string}`
  | ((part: string, have: Parts) => `::${string}`);

/** What a kind's constructors know of the object at hand. */
interface Wanted {
  db: Planner;
  step: Said;
  /** The object as SQL names it, and its table. */
  ref: string;
  on: string;
  want: Parts;
  have: Parts;
  fact: ObjectFact;
}

/** SQL that changes one part, as a whole statement; none where nothing can. */
type Fix = (
  wanted: Wanted,
  part: string,
) => string | (string | Partial<ChangeSpec>)[] | undefined;

interface ObjectKind {
  /** As CREATE, DROP and COMMENT call it. */
  noun: string;
  /** Whether it belongs to a table, which is then locked this way. */
  lock?: Mode;
  /** A scalar query: json_build_object of oid, have, implied, sql. */
  facts(db: Named, step: Said): string;
  want(step: Said, db: Planner): Parts;
  ask?: Record<string, How>;
  scope?(wanted: Wanted): RowScope;
  create(wanted: Wanted): string;
  /** By part, or by the word that it begins with; `*` is any other. */
  fix: Record<string, Fix>;
  /** The catalog that it stands in, where it can be made again. */
  catalog?: string;
  /** Only what the step says has to be there. */
  atLeast?: boolean;
  /** When, where it is not with what is new: keys are built late. */
  phase?(step: Said): Phase;
  faults?(step: Said): Fault[];
}

/** What makes literals of names for the queries of facts. */
interface Named {
  /** The name with its schema, as a string of SQL. */
  literal(name: string): string;
}

const OWN_EXTENSION = (catalog: string, oid: string) =>
  `'extension', (SELECT extname FROM pg_depend d JOIN pg_extension e
    ON e.oid = d.refobjid WHERE d.deptype = 'e' AND d.objid = ${oid}
    AND d.classid = '${catalog}'::regclass)`;

/** reloptions as parts: `with fillfactor`. */
const RELOPTIONS = `coalesce((SELECT jsonb_object_agg(
  'with ' || split_part(o, '=', 1), substr(o, strpos(o, '=') + 1))
  FROM unnest(reloptions) o), '{}')`;

/** Words of a text, each with what follows it, as parts. */
function clausesAs(text: string, words: Clauses): Parts {
  return readClauses(cut(text, headsOf(words)), words).parts;
}

const says = (part: string, value = "yes") => () => ({ [part]: value });
const nothing = () => ({});

/** A string as it is meant: without its quotes, or its dollars. */
function unstring(text: string): string {
  const [, dollars] = /^(\$[^$]*\$)/.exec(text) ?? [];
  if (dollars) return text.slice(dollars.length, -dollars.length);
  if (/^e'/i.test(text)) {
    const codes: Record<string, string> = { n: "\n", t: "\t", r: "\r" };
    return text.slice(2, -1).replaceAll(
      /\\([^])|''/g,
      (_, code) => code ? codes[code] ?? code : "'",
    );
  }
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}

/** The columns of a step's table, as rows of its expressions. */
function rowOf({ db, step }: Wanted): [string, string][] {
  const columns = db.table(step.table)?.columns ?? new Map();
  return [...columns].map((
    [name, fact]: [string, ColumnFact],
  ) => [name, db.typeNow(fact)]);
}

const oneRow = (wanted: Wanted): RowScope => [
  [lastName(wanted.on), rowOf(wanted)],
];

/** What stands for `name` in a query that looks a relation up. */
const relation = (db: Named, name: string, kind: string) =>
  `FROM pg_class c WHERE c.oid = to_regclass(${db.literal(name)})
    AND c.relkind = '${kind}'`;

function view(noun: string, kind: string): ObjectKind {
  return {
    noun,
    catalog: "pg_class",
    facts: (db, { name }) =>
      `SELECT json_build_object('oid', c.oid, 'sql', pg_get_viewdef(c.oid),
      ${OWN_EXTENSION("pg_class", "c.oid")},
      'columns', (SELECT json_agg(json_build_array(attname,
          format_type(atttypid, atttypmod)) ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
      'have', jsonb_build_object('query', rtrim(pg_get_viewdef(c.oid), ';'))
        || ${RELOPTIONS}) ${relation(db, name, kind)}`,
    want: ({ text, options }) => readView(text, options),
    ask: { query: "query" },
    create: ({ ref, want }) => viewSql(`CREATE ${noun}`, ref, want),
    fix: {
      with: ({ ref, want }, part) => setOption(noun, ref, want, part),
      query: (wanted) =>
        kind === "v" && keepsColumns(wanted)
          ? viewSql("CREATE OR REPLACE VIEW", wanted.ref, wanted.want)
          : undefined,
    },
    faults: ({ text }) => textFaults("its query", text),
  };
}

/** A query's own WITH CHECK OPTION is an option of the view. */
function readView(text: string, options = ""): Parts {
  const query = text.trim().replace(/;$/, "");
  const check = /\s+with\s+(?:(local|cascaded)\s+)?check\s+option\s*$/i
    .exec(blanked(query));
  return {
    ...optionsIn(list(options)),
    ...(check &&
      { "with check_option": (check[1] ?? "cascaded").toLowerCase() }),
    query: query.slice(0, check?.index).trim(),
  };
}

function viewSql(create: string, ref: string, parts: Parts): string {
  const options = optionList(parts);
  const by = options && ` WITH (${options})`;
  return `${create} ${ref}${by} AS ${parts.query}`;
}

function optionList(want: Parts): string {
  return Object.entries(want).filter(([part]) => part.startsWith("with "))
    .map(([part, value]) => `${part.slice(5)} = ${value}`).join(", ");
}

function setOption(noun: string, ref: string, want: Parts, part: string) {
  const option = part.slice("with ".length);
  const action = want[part]
    ? `SET (${option} = ${want[part]})`
    : `RESET (${option})`;
  return `ALTER ${noun} ${ref} ${action}`;
}

/** Whether a view keeps its columns, and has others only behind them. */
function keepsColumns({ db, want, fact }: Wanted): boolean {
  const columns = fact.columns ?? [];
  return db.hasColumns(want.query ?? "", columns);
}

const ARGUMENT_MODES: Record<string, string> = { "in out": "inout" };

/** The arguments of a signature, and of RETURNS TABLE, as parts. */
function signatureParts(text: string, from = 0, mode = ""): Parts {
  const read = list(text).map((argument, i): Parts => {
    const n = i + 1 + from;
    const [[, declared = ""] = [], [, value = ""] = []] = cut(
      argument,
      /\bdefault\b|=/gi,
    );
    const [, own = "in", rest = ""] =
      /^(?:(in\s+out|inout|in|out|variadic)\s+)?([^]*)$/i.exec(declared) ?? [];
    const [first, second] = tokenize(rest);
    const named = second && first && !ONE_WORD.test(rest) &&
      !/^[.([%]/.test(second.text);
    const said = mode || lower(own);
    return {
      [`argument ${n}`]: named ? rest.slice(second.start) : rest,
      [`name ${n}`]: named ? unquoted(first.text) : "",
      [`mode ${n}`]: ARGUMENT_MODES[said] ?? said,
      [`fallback ${n}`]: value,
    };
  });
  return dense(Object.assign({}, ...read));
}

/** Types of several words, which no name stands before. */
const ONE_WORD =
  /^(?:double\s+precision|character\s+varying|char\s+varying|bit\s+varying|national\s+char\w*(?:\s+varying)?|(?:timestamp|time)(?:\s*\(\d+\))?\s+with(?:out)?\s+time\s+zone|interval(?:\s+(?:year|month|day|hour|minute|second)\b.*|\s*\(\d+\))?)\s*(?:\(\d+\))?(?:\[\d*\])*$/i;

function readRoutine({ name, text }: Said): Parts {
  const inputs = bracket(name)[1];
  let columns = "";
  const said = clausesAs(text, {
    returns: (rest): Parts => {
      const [, set, type = ""] = /^(setof\s+)?([^]*)$/i.exec(rest) ?? [];
      const table = /^table\s*\(/i.test(type);
      if (table) columns = bracket(type)[1];
      return dense({
        returns: table ? "" : type,
        "returns set": set || table ? "yes" : "",
      });
    },
    language: (rest) => ({ language: fold(unstring(rest)) }),
    immutable: says("volatility", "immutable"),
    stable: says("volatility", "stable"),
    strict: says("strict"),
    "returns null on null input": says("strict"),
    "security definer": says("security definer"),
    leakproof: says("leakproof"),
    window: says("window"),
    parallel: (rest) => dense({ parallel: lower(rest).replace("unsafe", "") }),
    cost: "cost",
    rows: "rows",
    support: (rest) => ({ support: nameIn(rest) }),
    as: (rest) => ({ body: list(rest).map(unstring).join("\u0001") }),
    set: (rest) => {
      const [, setting = "", value = ""] =
        /^(\S+?)\s*(?:=|\bto\b)\s*([^]*)$/i.exec(rest) ?? [];
      return { [`set ${setting.toLowerCase()}`]: settingOf(value) };
    },
    return: (rest) => ({ "sql body": rest }),
    volatile: nothing,
    "called on null input": nothing,
    "not leakproof": nothing,
    "security invoker": nothing,
    external: nothing,
  });
  const count = list(inputs).length;
  return {
    language: "sql",
    ...said,
    ...signatureParts(inputs),
    ...signatureParts(columns, count, "table"),
  };
}

/** The value of a setting, as SET is given it or proconfig holds it. */
function settingOf(value: string): string {
  return list(value).map((item) =>
    item.startsWith('"') ? unquoted(item) : unstring(item)
  ).join(", ");
}

/** The types of the arguments that tell one overload from another. */
function inputTypes(parts: Parts): string {
  const types: string[] = [];
  for (let n = 1; parts[`argument ${n}`] !== undefined; n++) {
    if (!/^(out|table)$/.test(parts[`mode ${n}`] ?? "in")) {
      types.push(parts[`argument ${n}`] ?? "");
    }
  }
  return types.join(", ");
}

/**
 * Whether a row of pg_proc has this name, with its schema, and these types;
 * before 16, to_regprocedure fails where a type is not there yet.
 */
function isRoutine(name: string, types: string): string {
  const path = `parse_ident(${name})`;
  const oids = list(types).map((type) => `to_regtype(${literal(tidy(type))})`);
  return `proname = (${path})[2] AND pronamespace = (SELECT oid
      FROM pg_namespace WHERE nspname = (${path})[1])
    AND proargtypes::text = array_to_string(ARRAY[${oids}]::oid[], ' ', '0')`;
}

function routine(noun: string, kinds: string): ObjectKind {
  const replace: Fix = ({ step, ref }) =>
    `CREATE OR REPLACE ${noun} ${ref}(${bracket(step.name)[1]}) ${
      tidyEnd(step.text)
    }`;
  const no: Fix = () => undefined;
  return {
    noun,
    catalog: "pg_proc",
    facts: (db, step) => {
      const types = inputTypes(signatureParts(bracket(step.name)[1]));
      const name = db.literal(bracket(step.name)[0]);
      return `SELECT json_build_object('oid', p.oid,
        'sql', pg_get_functiondef(p.oid),
        ${OWN_EXTENSION("pg_proc", "p.oid")},
        'implied', jsonb_build_object(
          'rows', CASE WHEN proretset THEN '1000' ELSE '0' END, 'cost',
          CASE WHEN lanname IN ('c', 'internal') THEN '1' ELSE '100' END,
          'returns', CASE WHEN prokind = 'p' OR proargmodes IS NOT NULL
            THEN format_type(prorettype, NULL) END),
        'have', jsonb_build_object('language', lanname,
          'volatility', CASE provolatile WHEN 'i' THEN 'immutable'
            WHEN 's' THEN 'stable' END,
          'parallel', CASE proparallel WHEN 's' THEN 'safe'
            WHEN 'r' THEN 'restricted' END,
          'strict', CASE WHEN proisstrict THEN 'yes' END,
          'security definer', CASE WHEN prosecdef THEN 'yes' END,
          'leakproof', CASE WHEN proleakproof THEN 'yes' END,
          'window', CASE WHEN prokind = 'w' THEN 'yes' END,
          'returns set', CASE WHEN proretset THEN 'yes' END,
          'cost', procost::text, 'rows', prorows::text,
          'support', CASE WHEN prosupport <> 0 THEN
            (SELECT proname FROM pg_proc s WHERE s.oid = p.prosupport) END,
          'returns', CASE WHEN prorettype <> 0
            THEN format_type(prorettype, NULL) END,
          'body', concat_ws(E'\\x01', probin, nullif(prosrc, '')),
          'sql body', regexp_replace(pg_get_function_sqlbody(p.oid),
            '^\\s*RETURN ', ''))
        || coalesce((SELECT jsonb_object_agg('set ' || lower(
            split_part(c, '=', 1)), substr(c, strpos(c, '=') + 1))
            FROM unnest(proconfig) c), '{}')
        || coalesce((SELECT jsonb_object_agg('argument ' || i,
            format_type(a, NULL)) || jsonb_object_agg('mode ' || i,
            CASE coalesce(proargmodes[i], 'i') WHEN 'i' THEN 'in'
              WHEN 'o' THEN 'out' WHEN 'b' THEN 'inout'
              WHEN 'v' THEN 'variadic' ELSE 'table' END)
            || jsonb_object_agg('name ' || i, proargnames[i])
            || jsonb_object_agg('fallback ' || i,
              pg_get_function_arg_default(p.oid, i::int))
          FROM unnest(coalesce(proallargtypes, proargtypes::oid[]))
            WITH ORDINALITY u (a, i)), '{}'))
      FROM pg_proc p JOIN pg_language l ON l.oid = prolang
      WHERE ${isRoutine(name, types)} AND prokind IN (${kinds})`;
    },
    want: readRoutine,
    ask: {
      returns: "type",
      argument: "type",
      fallback: (part, have) =>
        `::${have[part.replace("fallback", "argument")] ?? "text"}`,
      "sql body": "value",
    },
    scope: ({ have, ref }) => [[
      lastName(ref),
      Object.keys(have).filter((part) => part.startsWith("name "))
        .map((part) => [
          have[part] ?? "",
          have[part.replace("name", "argument")] ?? "text",
        ]),
    ]],
    create: ({ step, ref }) =>
      `CREATE ${noun} ${ref}(${bracket(step.name)[1]}) ${tidyEnd(step.text)}`,
    fix: {
      ...{ returns: no, argument: no, mode: no, name: no, window: no },
      fallback: (wanted, part) =>
        wanted.want[part] ? replace(wanted, part) : undefined,
      "*": replace,
    },
    faults: ({ name, text }) => [
      ...textFaults("its text", text),
      !name.includes("(") && `it names no arguments: write "${name}()"`,
      /\bbegin\s+atomic\b/i.test(blanked(text)) &&
      "a BEGIN ATOMIC body cannot be compared: write AS $$ … $$",
    ],
  };
}

/** Without spaces around it, and as it is: a body is compared exactly. */
function tidyEnd(text: string): string {
  return text.trim().replace(/;$/, "");
}

/** `INSERT OR UPDATE OF a, b` as parts. */
function timing(when: string): (rest: string) => Parts {
  return (rest) => {
    const events = cut(` or ${rest}`, /\bor\b/gi).slice(1)
      .map(([, event]) => event);
    const columns = events.map((event) => /^update\s+of\s+([^]*)$/i.exec(event))
      .flatMap((found) => splitNames(found?.[1] ?? ""));
    return dense({
      timing: when,
      events: events.map((event) => lower(event).split(" ")[0] ?? "").sort()
        .join(" or "),
      columns: columns.map(id).sort().join(", "),
    });
  };
}

function readTrigger({ text, options }: Said): Parts {
  const call = (rest: string): Parts => ({
    function: tidy(bracket(rest)[0]),
    arguments: JSON.stringify(list(bracket(rest)[1]).map(unstring)),
  });
  const transition = (part: string) => (rest: string): Parts => ({
    [part]: nameIn(rest.replace(/^as\s+/i, "")),
  });
  return {
    level: "statement",
    enabled: lower(options || "origin"),
    ...clausesAs(text, {
      constraint: says("constraint"),
      before: timing("before"),
      after: timing("after"),
      "instead of": timing("instead of"),
      deferrable: says("deferrable"),
      "initially deferred": () => ({ deferrable: "yes", deferred: "yes" }),
      "old table": transition("old table"),
      "new table": transition("new table"),
      "for each row": says("level", "row"),
      "for row": says("level", "row"),
      "for each statement": nothing,
      "for statement": nothing,
      when: (rest) => ({ when: strip(rest) }),
      "execute function": call,
      "execute procedure": call,
      ...{ on: nothing, from: nothing, referencing: nothing },
      "not deferrable": nothing,
      "initially immediate": nothing,
    }),
  };
}

const ENABLED = `CASE WHEN tgenabled = 'O' THEN 'origin'
  WHEN tgenabled = 'A' THEN 'always' WHEN tgenabled = 'R' THEN 'replica'
  ELSE 'disabled' END`;

/** Of triggers and rules, which ALTER TABLE enables. */
const enable: Fix = ({ on, ref, want, step }) => {
  const words: Record<string, string> = {
    origin: "ENABLE",
    always: "ENABLE ALWAYS",
    replica: "ENABLE REPLICA",
  };
  const word = words[want.enabled ?? ""] ?? "DISABLE";
  const noun = step.verb === "createRule" ? "RULE" : "TRIGGER";
  return `ALTER TABLE ${on} ${word} ${noun} ${ref}`;
};

const enabledFaults = ({ options, text }: Said): Fault[] => [
  ...textFaults("its text", text),
  !/^(|origin|always|replica|disabled)$/i.test(options ?? "") &&
  `enabled must be "always", "replica" or "disabled", not "${options}"`,
];

/** One bit of tgtype: how a trigger fires. */
const bit = (n: number) => `(tgtype >> ${n}) & 1 = 1`;

const trigger: ObjectKind = {
  noun: "TRIGGER",
  lock: SRX,
  facts: (db, { table, name }) =>
    `SELECT json_build_object('oid', g.oid, 'sql', pg_get_triggerdef(g.oid),
    ${OWN_EXTENSION("pg_trigger", "g.oid")},
    'have', jsonb_build_object(
      'timing', CASE WHEN ${bit(6)} THEN 'instead of'
        WHEN ${bit(1)} THEN 'before' ELSE 'after' END,
      'events', concat_ws(' or ', CASE WHEN ${bit(3)} THEN 'delete' END,
        CASE WHEN ${bit(2)} THEN 'insert' END,
        CASE WHEN ${bit(5)} THEN 'truncate' END,
        CASE WHEN ${bit(4)} THEN 'update' END),
      'level', CASE WHEN ${bit(0)} THEN 'row' ELSE 'statement' END,
      'columns', (SELECT string_agg(quote_ident(attname), ', '
          ORDER BY quote_ident(attname) COLLATE "C")
        FROM pg_attribute WHERE attrelid = tgrelid
          AND attnum = ANY (tgattr::int2[])),
      'function', json_build_array(nspname, proname),
      'arguments', encode(tgargs, 'hex'),
      'constraint', CASE WHEN tgconstraint <> 0 THEN 'yes' END,
      'deferrable', CASE WHEN tgdeferrable THEN 'yes' END,
      'deferred', CASE WHEN tginitdeferred THEN 'yes' END,
      'old table', tgoldtable, 'new table', tgnewtable,
      'enabled', ${ENABLED},
      -- An expression over two rows, which pg_get_expr cannot print.
      'when', CASE WHEN tgqual IS NOT NULL THEN pg_get_triggerdef(g.oid) END))
    FROM pg_trigger g JOIN pg_proc p ON p.oid = tgfoid
    JOIN pg_namespace n ON n.oid = pronamespace
    WHERE tgrelid = to_regclass(${db.literal(table)})
      AND tgname = ${literal(bareName(name))} AND NOT tgisinternal`,
  want: readTrigger,
  ask: { when: "value" },
  scope: (wanted) => [["old", rowOf(wanted)], ["new", rowOf(wanted)]],
  create: (wanted) => triggerSql(wanted, "CREATE"),
  fix: {
    enabled: enable,
    constraint: () => undefined,
    "*": (wanted) =>
      wanted.want.constraint ? undefined : [
        triggerSql(wanted, "CREATE OR REPLACE"),
        ...afterCreate(trigger, wanted),
      ],
  },
  faults: enabledFaults,
};

/** ON and the table stand where the events end. */
function triggerSql({ step, on, ref, want }: Wanted, verb: string): string {
  const kind = want.constraint ? "CONSTRAINT TRIGGER" : "TRIGGER";
  const said = tidy(step.text).replace(/^constraint\s+/i, "");
  const at = blanked(said).search(
    /\b(?:on|from|not\s+deferrable|deferrable|initially|referencing|for|when|execute)\b/i,
  );
  const [events, rest] = [said.slice(0, at).trim(), said.slice(at)];
  const place = /^on\s/i.test(rest) ? "" : `ON ${on} `;
  return `${verb} ${kind} ${ref} ${events} ${place}${rest}`;
}

/** What follows the name of a rule in CREATE RULE; the table may be left out. */
function readRule(text: string): Parts {
  const [at = text.length, after = at] = /\bdo\b/di.exec(blanked(text))
    ?.indices?.[0] ?? [];
  const [head, deed] = [text.slice(0, at), text.slice(after).trim()];
  const [on = "", condition = ""] = cut(head, /\bwhere\b/gi)
    .map(([, rest]) => rest);
  const [, how = "also", actions = ""] =
    /^(also\b|instead\b)?([^]*)$/i.exec(deed) ?? [];
  const inner = strip(actions);
  return dense({
    event: lower(on.replace(/^on\s+/i, "")).split(" ")[0],
    condition: strip(condition),
    instead: lower(how) === "instead" ? "yes" : "",
    actions: actionsIn(inner).length > 0 && !/^nothing$/i.test(inner)
      ? inner
      : "",
  });
}

function actionsIn(text: string): string[] {
  return cut(text, /;/g).map(([, action]) => action)
    .filter((action) => !isNothing(action));
}

const rule: ObjectKind = {
  noun: "RULE",
  catalog: "pg_rewrite",
  lock: AX,
  facts: (db, { table, name }) =>
    `SELECT json_build_object('oid', r.oid, 'sql', pg_get_ruledef(r.oid),
    ${OWN_EXTENSION("pg_rewrite", "r.oid")},
    'have', jsonb_build_object('enabled', ${
      ENABLED.replaceAll("tgenabled", "ev_enabled")
    }))
    FROM pg_rewrite r WHERE ev_class = to_regclass(${db.literal(table)})
      AND rulename = ${literal(bareName(name))}`,
  want: ({ text, options }) => ({
    enabled: lower(options || "origin"),
    ...readRule(text),
  }),
  ask: { condition: "value", actions: "actions" },
  scope: (wanted) => [["old", rowOf(wanted)], ["new", rowOf(wanted)]],
  create: (wanted) => ruleSql(wanted, "CREATE"),
  fix: {
    enabled: enable,
    "*": (wanted) => ruleSql(wanted, "CREATE OR REPLACE"),
  },
  faults: (step) => [
    ...enabledFaults(step),
    !/^\s*on\s+(select|insert|update|delete)\s+(where\b.*)?do\b/i.test(
      blanked(step.text).replaceAll(/\s+/g, " "),
    ) && "its text must be ON INSERT, UPDATE or DELETE, WHERE …, DO …, " +
      "without the table's name",
  ],
};

function ruleSql({ step, on, ref }: Wanted, verb: string): string {
  const [, event = "", rest = ""] =
    /^(on \w+) ([^]*)$/i.exec(tidy(step.text)) ??
      [];
  return `${verb} RULE ${ref} AS ${event} TO ${on} ${rest}`;
}

function readPolicy({ text }: Said): Parts {
  return {
    command: "all",
    roles: "public",
    ...clausesAs(text, {
      as: (rest) =>
        dense({ restrictive: /^restrictive/i.test(rest) ? "yes" : "" }),
      for: (rest) => ({ command: lower(rest) }),
      to: (rest) => ({ roles: splitNames(rest).sort().join(", ") }),
      using: (rest) => ({ using: strip(rest) }),
      "with check": (rest) => ({ "with check": strip(rest) }),
    }),
  };
}

const rowPolicy: ObjectKind = {
  noun: "POLICY",
  catalog: "pg_policy",
  lock: AX,
  facts: (db, { table, name }) =>
    `SELECT json_build_object('oid', p.oid,
    ${OWN_EXTENSION("pg_policy", "p.oid")},
    'have', jsonb_build_object(
      'restrictive', CASE WHEN NOT polpermissive THEN 'yes' END,
      'command', CASE polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
        WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
      'roles', (SELECT string_agg(coalesce(rolname, 'public'), ', '
          ORDER BY coalesce(rolname, 'public') COLLATE "C")
        FROM unnest(polroles) role LEFT JOIN pg_roles r ON r.oid = role),
      'using', pg_get_expr(polqual, polrelid),
      'with check', pg_get_expr(polwithcheck, polrelid)))
    FROM pg_policy p WHERE polrelid = to_regclass(${db.literal(table)})
      AND polname = ${literal(bareName(name))}`,
  want: readPolicy,
  ask: { using: "value", "with check": "value" },
  scope: oneRow,
  create: ({ step, on, ref }) =>
    `CREATE POLICY ${ref} ON ${on} ${tidy(step.text)}`,
  fix: {
    roles: ({ on, ref, want }) =>
      `ALTER POLICY ${ref} ON ${on} TO ${
        splitNames(want.roles).map((role) =>
          /^(public|current_user|session_user|current_role)$/.test(role)
            ? role
            : id(role)
        ).join(", ")
      }`,
    using: ({ on, ref, want }) =>
      want.using && `ALTER POLICY ${ref} ON ${on} USING (${want.using})`,
    "with check": ({ on, ref, want }) =>
      want["with check"] &&
      `ALTER POLICY ${ref} ON ${on} WITH CHECK (${want["with check"]})`,
    "*": () => undefined,
  },
  faults: ({ text }) => textFaults("its text", text),
};

/** A setting of a table that is an object of its own: made by setting it. */
function tableSetting(
  noun: string,
  have: string,
  want: (step: Said, db: Planner) => Parts,
  fix: ObjectKind["fix"],
  { lock = AX, ...more }: Partial<ObjectKind> = {},
): ObjectKind {
  return {
    ...{ noun, lock, want, fix, ...more },
    facts: (db, { table }) =>
      `SELECT json_build_object('oid', c.oid, 'have', ${have})
      FROM pg_class c WHERE c.oid = to_regclass(${db.literal(table)})`,
    create: noStatement,
  };
}

const rowSecurity = tableSetting(
  "ROW LEVEL SECURITY",
  `jsonb_build_object('enabled', CASE WHEN relrowsecurity THEN 'yes' END,
    'forced', CASE WHEN relforcerowsecurity THEN 'yes' END)`,
  ({ options }) =>
    dense({ enabled: "yes", forced: /force/i.test(options) ? "yes" : "" }),
  {
    enabled: ({ on }) => `ALTER TABLE ${on} ENABLE ROW LEVEL SECURITY`,
    forced: ({ on, want }) =>
      `ALTER TABLE ${on} ${want.forced ? "" : "NO "}FORCE ROW LEVEL SECURITY`,
  },
);

const replicaIdentity = tableSetting(
  "REPLICA IDENTITY",
  `jsonb_build_object('identity', CASE relreplident WHEN 'f' THEN 'full'
    WHEN 'n' THEN 'nothing' WHEN 'd' THEN 'default' ELSE (SELECT
      'using index ' || i.relname FROM pg_index x JOIN pg_class i
      ON i.oid = indexrelid WHERE indrelid = c.oid AND indisreplident) END)`,
  ({ text }) => {
    const [, index] = /^using\s+index\s+([^]*)$/i.exec(text.trim()) ?? [];
    return { identity: index ? `using index ${nameIn(index)}` : lower(text) };
  },
  {
    identity: ({ on, step }) =>
      `ALTER TABLE ${on} REPLICA IDENTITY ${tidy(step.text)}`,
  },
  { phase: ({ text }) => /^\s*using/i.test(text) ? "contract" : "expand" },
);

const parameters = tableSetting(
  "STORAGE PARAMETERS",
  RELOPTIONS,
  ({ text }) => optionsIn(list(text)),
  {
    with: ({ on, want }, part) => setOption("TABLE", on, want, part),
  },
  { lock: SUX, atLeast: true },
);

const SEQUENCE_WORDS: Record<string, string> = {
  type: "AS",
  increment: "INCREMENT BY",
  minimum: "MINVALUE",
  maximum: "MAXVALUE",
  start: "START WITH",
  cache: "CACHE",
};

function sequenceOptions(text = ""): Parts {
  return isNothing(text) ? {} : clausesAs(text, {
    as: "type",
    increment: "increment",
    "increment by": "increment",
    minvalue: "minimum",
    maxvalue: "maximum",
    start: "start",
    "start with": "start",
    cache: "cache",
    "owned by": "owned by",
    cycle: says("cycle"),
    "no cycle": nothing,
    "no minvalue": nothing,
    "no maxvalue": nothing,
    "sequence name": (rest) => ({ "sequence name": nameIn(rest) }),
  });
}

const sequence: ObjectKind = {
  noun: "SEQUENCE",
  catalog: "pg_class",
  facts: (db, { name, text }) => {
    const { type = "bigint", increment = "1", ...said } = sequenceOptions(text);
    const down = increment.startsWith("-");
    const top = `CASE to_regtype(${literal(type)})
        WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
        ELSE 9223372036854775807 END`;
    const minimum = said.minimum ?? "1", maximum = said.maximum ?? "-1";
    return `SELECT json_build_object('oid', c.oid,
    ${OWN_EXTENSION("pg_class", "c.oid")},
    'have', jsonb_build_object('type', format_type(seqtypid, NULL), 'increment', seqincrement::text,
      'minimum', seqmin::text, 'maximum', seqmax::text,
      'start', seqstart::text, 'cache', seqcache::text,
      'cycle', CASE WHEN seqcycle THEN 'yes' END,
      'unlogged', CASE WHEN relpersistence = 'u' THEN 'yes' END,
      'owned by', (SELECT json_build_array(nspname, o.relname, attname)
        FROM pg_depend JOIN pg_class o ON o.oid = refobjid
        JOIN pg_namespace n ON n.oid = o.relnamespace
        JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
        WHERE deptype = 'a' AND classid = 'pg_class'::regclass
          AND objid = seqrelid)),
    'implied', jsonb_build_object('type', 'bigint', 'increment', '1',
      'cache', '1', 'start', ${literal(down ? maximum : minimum)},
      'minimum', (${down ? `-${top} - 1` : "1"})::text,
      'maximum', (${down ? "-1" : top})::text))
    FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
    WHERE seqrelid = to_regclass(${db.literal(name)})`;
  },
  want: ({ text }, db) => {
    const { "owned by": owner = "", ...said } = sequenceOptions(text);
    if (!owner || /^none$/i.test(owner)) return said;
    const path = namePath(owner);
    if (path.length === 2) path.unshift(db.schema);
    return { ...said, "owned by": JSON.stringify(path) };
  },
  ask: { type: "type" },
  create: ({ step, ref }) => `CREATE SEQUENCE ${ref} ${tidy(step.text)}`,
  fix: {
    cycle: ({ ref, want }) =>
      `ALTER SEQUENCE ${ref} ${want.cycle ? "" : "NO "}CYCLE`,
    "owned by": ({ ref, want }) =>
      `ALTER SEQUENCE ${ref} OWNED BY ${
        want["owned by"]
          ? (JSON.parse(want["owned by"]) as string[]).map(id).join(".")
          : "NONE"
      }`,
    unlogged: ({ ref }) => `ALTER SEQUENCE ${ref} SET LOGGED`,
    "*": ({ ref, want, have, fact: { implied = {} } }) => {
      const now = { ...implied, ...have }, all = { ...implied, ...want };
      return `ALTER SEQUENCE ${ref} ` +
        Object.entries(SEQUENCE_WORDS).flatMap(([part, word]) =>
          all[part] === now[part] ? [] : `${word} ${all[part]}`
        ).join(" ");
    },
  },
};

/** What scans every table that has the domain, while it keeps out writes. */
function scanUsers(
  { db, ref, fact }: Wanted,
  action: string,
): Partial<ChangeSpec> {
  const tables = fact.users ?? [];
  const some = tables.some((table) => db.sizeOf(table).bytes > 0);
  return {
    sql: `ALTER DOMAIN ${ref} ${action}`,
    phase: "online",
    locks: tables.map((table) => ({ table, mode: SH })),
    ...(some && { work: "scan", hazard: "blocking" }),
  };
}

const domain: ObjectKind = {
  noun: "DOMAIN",
  facts: (db, { name }) =>
    `SELECT json_build_object('oid', t.oid,
    ${OWN_EXTENSION("pg_type", "t.oid")},
    'users', (SELECT json_agg(DISTINCT attrelid::regclass) FROM pg_attribute
      JOIN pg_class c ON c.oid = attrelid
      WHERE atttypid = t.oid AND relkind IN ('r', 'm', 'p')),
    'have', jsonb_build_object(
      'type', format_type(t.typbasetype, t.typtypmod),
      'not null', CASE WHEN t.typnotnull THEN 'yes' END,
      'default', pg_get_expr(t.typdefaultbin, 0),
      'collation', CASE WHEN t.typcollation <> b.typcollation THEN collname END)
    || coalesce((SELECT jsonb_object_agg('check ' || conname,
        pg_get_expr(conbin, 0)) FROM pg_constraint
        WHERE contypid = t.oid AND contype = 'c'), '{}')
    || coalesce((SELECT jsonb_object_agg('valid ' || conname, 'no')
        FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'
          AND NOT convalidated), '{}'))
    FROM pg_type t JOIN pg_type b ON b.oid = t.typbasetype
    LEFT JOIN pg_collation k ON k.oid = t.typcollation
    WHERE t.oid = to_regtype(${db.literal(name)}) AND t.typtype = 'd'`,
  want: ({ name, text }) => {
    const first = blanked(text).search(/\b(constraint|check)\b/i);
    const head = first < 0 ? text : text.slice(0, first);
    const spec = parseColumn(head);
    const checks = first < 0
      ? []
      : cut(text.slice(first), /\b(constraint|check|not\s+null|default)\b/gi)
        .slice(1);
    const parts: Parts = dense({
      type: spec.type,
      "not null": spec.notNull ? "yes" : "",
      default: spec.default,
      collation: nameIn(spec.collation).replace(/^default$/, ""),
    });
    let own = "";
    let n = 0;
    for (const [word, rest] of checks) {
      if (word === "constraint") own = nameIn(rest);
      else if (word === "not null") parts["not null"] = "yes";
      else if (word === "default") parts.default = tidy(rest);
      else {
        const usual = `${lastName(name)}_check${n > 0 ? n : ""}`;
        if (!own) n++;
        parts[`check ${own || usual}`] = strip(rest);
        own = "";
      }
    }
    return parts;
  },
  ask: {
    type: "type",
    default: (_, have) => `::${have.type ?? "text"}`,
    check: "value",
  },
  scope: ({ have }) => [["t", [["value", have.type ?? "text"]]]],
  create: ({ step, ref }) => `CREATE DOMAIN ${ref} AS ${tidy(step.text)}`,
  fix: {
    default: ({ ref, want }) =>
      `ALTER DOMAIN ${ref} ` +
      (want.default ? `SET DEFAULT ${want.default}` : "DROP DEFAULT"),
    "not null": (wanted) =>
      wanted.want["not null"]
        ? [scanUsers(wanted, "SET NOT NULL")]
        : `ALTER DOMAIN ${wanted.ref} DROP NOT NULL`,
    valid: (wanted, part) => [
      scanUsers(wanted, `VALIDATE CONSTRAINT ${id(part.slice(6))}`),
    ],
    check: (wanted, part) => {
      const { ref, want, have } = wanted, name = id(part.slice(6));
      return [
        ...have[part] ? [`ALTER DOMAIN ${ref} DROP CONSTRAINT ${name}`] : [],
        ...want[part]
          ? [
            `ALTER DOMAIN ${ref} ADD CONSTRAINT ${name} ` +
            `CHECK (${want[part]}) NOT VALID`,
            scanUsers(wanted, `VALIDATE CONSTRAINT ${name}`),
          ]
          : [],
      ];
    },
    "*": () => undefined,
  },
  faults: ({ text }) => textFaults("its text", text),
};

const composite: ObjectKind = {
  noun: "TYPE",
  facts: (db, { name }) =>
    `SELECT json_build_object('oid', c.oid,
    ${OWN_EXTENSION("pg_class", "c.oid")},
    'have', (SELECT jsonb_object_agg('field ' || attname,
        format_type(atttypid, atttypmod)) || jsonb_build_object('order',
        json_agg(attname ORDER BY attnum)) FROM pg_attribute
      WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped))
    ${relation(db, name, "c")}`,
  want: ({ columns }) => ({
    ...Object.fromEntries(
      Object.entries(columns).map(([name, type]) => [`field ${name}`, type]),
    ),
    order: JSON.stringify(Object.keys(columns)),
  }),
  ask: { field: "type" },
  create: ({ step, ref }) => {
    const fields = Object.entries(step.columns);
    return `CREATE TYPE ${ref} AS (${
      fields.map(([name, type]) => `${id(name)} ${tidy(type)}`).join(", ")
    })`;
  },
  fix: {
    field: ({ ref, want, have }, part) =>
      have[part]
        ? undefined
        : `ALTER TYPE ${ref} ADD ATTRIBUTE ${id(part.slice(6))} ${want[part]}`,
    // What is new stands behind what is there.
    order: ({ want, have }) =>
      (want.order ?? "").startsWith((have.order ?? "").slice(0, -1))
        ? ""
        : undefined,
  },
  faults: ({ columns }) => [
    (typeof columns !== "object" || !columns) && "it has no fields",
  ],
};

const range: ObjectKind = {
  noun: "TYPE",
  facts: (db, { name }) =>
    `SELECT json_build_object('oid', t.oid,
    ${OWN_EXTENSION("pg_type", "t.oid")},
    'have', jsonb_build_object('subtype', format_type(rngsubtype, NULL),
      'subtype_opclass', (SELECT opcname FROM pg_opclass
        WHERE oid = rngsubopc),
      'collation', (SELECT collname FROM pg_collation
        WHERE oid = rngcollation),
      'canonical', (SELECT proname FROM pg_proc WHERE oid = rngcanonical),
      'subtype_diff', (SELECT proname FROM pg_proc WHERE oid = rngsubdiff),
      'multirange_type_name', m.typname),
    'implied', jsonb_build_object('subtype_opclass', (SELECT opcname
        FROM pg_opclass WHERE oid = rngsubopc AND opcdefault),
      'collation', (SELECT collname FROM pg_type s JOIN pg_collation k
        ON k.oid = s.typcollation WHERE s.oid = rngsubtype),
      'multirange_type_name', m.typname))
    FROM pg_range JOIN pg_type t ON t.oid = rngtypid
    JOIN pg_type m ON m.oid = rngmultitypid
    WHERE t.oid = to_regtype(${db.literal(name)})`,
  want: ({ text }) =>
    Object.fromEntries(
      list(text.trim().replace(/^\(([^]*)\)$/, "$1")).map((option) => {
        const [name = "", value = ""] = option.split(/\s*=\s*([^]*)/);
        const part = lower(name);
        return [part, part === "subtype" ? value : nameIn(value)];
      }),
    ),
  ask: { subtype: "type" },
  create: ({ step, ref }) =>
    `CREATE TYPE ${ref} AS RANGE (${
      tidy(step.text).replace(/^\(([^]*)\)$/, "$1")
    })`,
  fix: { "*": () => undefined },
  faults: ({ text }) => textFaults("its text", text),
};

const schemaKind: ObjectKind = {
  noun: "SCHEMA",
  facts: (_, { name }) =>
    `SELECT json_build_object('oid', n.oid, 'have', '{}'::json)
    FROM pg_namespace n WHERE nspname = ${literal(bareName(name))}`,
  want: () => ({}),
  create: ({ ref }) => `CREATE SCHEMA ${ref}`,
  fix: {},
};

const statistics: ObjectKind = {
  noun: "STATISTICS",
  lock: SUX,
  facts: (db, { table, name }) =>
    `SELECT json_build_object('oid', s.oid, 'sql',
      pg_get_statisticsobjdef(s.oid),
    'have', jsonb_build_object('kinds', (SELECT string_agg(CASE k
          WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
          WHEN 'm' THEN 'mcv' END, ', ' ORDER BY k)
        FROM unnest(stxkind) k WHERE k <> 'e'),
      'columns', (SELECT string_agg(quote_ident(attname), ', '
          ORDER BY quote_ident(attname) COLLATE "C")
        FROM pg_attribute WHERE attrelid = stxrelid
          AND attnum = ANY (stxkeys::int2[])),
      'expressions', pg_get_expr(stxexprs, stxrelid)),
    'implied', jsonb_build_object('kinds', CASE WHEN
      cardinality(stxkeys::int2[]) = 0 AND stxexprs IS NOT NULL
      THEN '' ELSE 'ndistinct, dependencies, mcv' END))
    FROM pg_statistic_ext s WHERE stxname = ${literal(bareName(name))}
      AND stxrelid = to_regclass(${db.literal(table)})`,
  want: ({ text }) => {
    const [kinds, on = ""] = cut(text, /\bon\b/gi).map(([, rest]) => rest);
    const items = list(on.replace(/\bfrom\b[^]*$/i, ""));
    const columns = items.filter((item) => !item.includes("("));
    const order = ["ndistinct", "dependencies", "mcv"];
    const said = splitNames(bracket(kinds ?? "")[1]);
    return dense({
      kinds: order.filter((kind) => said.includes(kind)).join(", "),
      columns: splitNames(columns.join(", ")).map(id).sort().join(", "),
      expressions: items.filter((item) => item.includes("(")).map(strip)
        .join(", "),
    });
  },
  ask: { expressions: "value" },
  scope: oneRow,
  create: ({ step, on, ref }) =>
    `CREATE STATISTICS ${ref} ${tidy(step.text)} FROM ${on}`,
  fix: { "*": () => undefined },
  catalog: "pg_statistic_ext",
  faults: ({ text }) => textFaults("its text", text),
};

const eventTrigger: ObjectKind = {
  noun: "EVENT TRIGGER",
  facts: (_, { name }) =>
    `SELECT json_build_object('oid', e.oid,
    ${OWN_EXTENSION("pg_event_trigger", "e.oid")},
    'have', jsonb_build_object('event', evtevent,
      'tags', (SELECT string_agg(t, ', ' ORDER BY t COLLATE "C")
        FROM unnest(evttags) t),
      'function', json_build_array(nspname, proname), 'enabled', ${
      ENABLED.replaceAll("tgenabled", "evtenabled")
    })) FROM pg_event_trigger e JOIN pg_proc p ON p.oid = evtfoid
    JOIN pg_namespace n ON n.oid = pronamespace
    WHERE evtname = ${literal(bareName(name))}`,
  want: ({ text, options }) => ({
    enabled: lower(options || "origin"),
    ...clausesAs(text, {
      on: (rest) => ({ event: lower(rest) }),
      when: (rest) => ({
        tags: list(bracket(rest)[1]).map((tag) => unstring(tag).toUpperCase())
          .sort().join(", "),
      }),
      "execute function": (rest) => ({
        function: tidy(bracket(rest)[0]),
      }),
      "execute procedure": (rest) => ({
        function: tidy(bracket(rest)[0]),
      }),
    }),
  }),
  create: ({ step, ref }) => `CREATE EVENT TRIGGER ${ref} ${tidy(step.text)}`,
  fix: {
    enabled: ({ ref }) => `ALTER EVENT TRIGGER ${ref} ENABLE`,
    "*": () => undefined,
  },
  catalog: "pg_event_trigger",
  faults: ({ text }) => textFaults("its text", text),
};

const publication: ObjectKind = {
  noun: "PUBLICATION",
  facts: (_, { name }) =>
    `SELECT json_build_object('oid', p.oid, 'have', jsonb_build_object(
      'all', CASE WHEN puballtables THEN 'yes' END,
      'with publish', concat_ws(', ', CASE WHEN pubdelete THEN 'delete' END,
        CASE WHEN pubinsert THEN 'insert' END,
        CASE WHEN pubtruncate THEN 'truncate' END,
        CASE WHEN pubupdate THEN 'update' END),
      'with publish_via_partition_root', CASE WHEN pubviaroot THEN 'true' END,
      'tables', (SELECT json_agg(json_build_array(nspname, relname)
          ORDER BY nspname COLLATE "C", relname COLLATE "C")
        FROM pg_publication_rel JOIN pg_class c ON c.oid = prrelid
        JOIN pg_namespace n ON n.oid = relnamespace WHERE prpubid = p.oid)),
    'implied', json_build_object('with publish',
      'delete, insert, truncate, update'))
    FROM pg_publication p WHERE pubname = ${literal(bareName(name))}`,
  want: ({ text }, db) =>
    clausesAs(text, {
      "for all tables": says("all"),
      "for table": (rest) => ({
        tables: JSON.stringify(
          list(rest).map((table) => {
            const path = namePath(table.replace(/^(only|table)\s+/i, ""));
            return path.length === 1 ? [db.schema, ...path] : path;
          }).sort((a, b) => `${a}` < `${b}` ? -1 : 1),
        ),
      }),
      with: (rest) => {
        const options = optionsIn(list(bracket(rest)[1]));
        const publish = options["with publish"];
        return publish
          ? { ...options, "with publish": list(publish).sort().join(", ") }
          : options;
      },
    }),
  create: ({ step, ref }) => `CREATE PUBLICATION ${ref} ${tidy(step.text)}`,
  fix: {
    tables: ({ ref, want }) =>
      want.tables &&
      `ALTER PUBLICATION ${ref} SET TABLE ${
        (JSON.parse(want.tables) as string[][])
          .map((path) => path.map(id).join(".")).join(", ")
      }`,
    with: ({ ref, want }, part) =>
      `ALTER PUBLICATION ${ref} SET (${part.slice(5)} = ` +
      `${literal(want[part] ?? USUAL_PUBLICATION[part] ?? "false")})`,
    "*": () => undefined,
  },
};

/** `SFUNC = f, STYPE = int` as parts. */
function assignments(text: string): Parts {
  const inner = text.trim().replace(/^\(([^]*)\)$/, "$1");
  return Object.fromEntries(
    list(inner).map(assigned)
      .map(([name, value = "yes"]) => [lower(name), value]),
  );
}

const AGGREGATE = ["sfunc", "finalfunc", "combinefunc", "serialfunc"]
  .concat("deserialfunc", "msfunc", "minvfunc", "mfinalfunc");

const aggregate: ObjectKind = {
  noun: "AGGREGATE",
  catalog: "pg_proc",
  facts: (db, { name }) =>
    `SELECT json_build_object('oid', p.oid,
    ${OWN_EXTENSION("pg_proc", "p.oid")},
    'have', jsonb_build_object('stype', format_type(aggtranstype, NULL),
      'mstype', CASE WHEN aggmtranstype <> 0
        THEN format_type(aggmtranstype, NULL) END,
      'sfunc', aggtransfn::oid, 'finalfunc', aggfinalfn::oid,
      'combinefunc', aggcombinefn::oid, 'serialfunc', aggserialfn::oid,
      'deserialfunc', aggdeserialfn::oid, 'msfunc', aggmtransfn::oid,
      'minvfunc', aggminvtransfn::oid, 'mfinalfunc', aggmfinalfn::oid,
      'initcond', quote_literal(agginitval),
      'minitcond', quote_literal(aggminitval),
      'sspace', nullif(aggtransspace, 0)::text,
      'msspace', nullif(aggmtransspace, 0)::text,
      'finalfunc_extra', CASE WHEN aggfinalextra THEN 'yes' END,
      'mfinalfunc_extra', CASE WHEN aggmfinalextra THEN 'yes' END,
      'hypothetical', CASE WHEN aggkind = 'h' THEN 'yes' END,
      'parallel', CASE proparallel WHEN 's' THEN 'safe'
        WHEN 'r' THEN 'restricted' END))
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
    WHERE ${
      isRoutine(
        db.literal(bracket(name)[0]),
        inputTypes(signatureParts(bracket(name)[1])),
      )
    }`,
  want: ({ text }) => {
    const said = assignments(text);
    const parallel = lower(unstring(said.parallel ?? ""));
    return dense({ ...said, parallel: parallel.replace("unsafe", "") });
  },
  ask: { stype: "type", mstype: "type", initcond: "value", minitcond: "value" },
  create: ({ step, ref }) =>
    `CREATE AGGREGATE ${ref}(${bracket(step.name)[1]}) ${
      step.text.trim().startsWith("(")
        ? tidy(step.text)
        : `(${tidy(step.text)})`
    }`,
  fix: { "*": () => undefined },
  faults: ({ name, text }) => [
    ...textFaults("its text", text),
    !name.includes("(") && `it names no arguments: write "${name}(…)"`,
  ],
};

const collation: ObjectKind = {
  noun: "COLLATION",
  facts: (db, { name }) =>
    `SELECT json_build_object('oid', c.oid,
    ${OWN_EXTENSION("pg_collation", "c.oid")},
    'have', jsonb_build_object(
      'provider', CASE collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc'
        WHEN 'b' THEN 'builtin' END,
      'locale', coalesce(f ->> 'colllocale', f ->> 'colliculocale',
        CASE WHEN collcollate = collctype THEN collcollate END),
      'lc_collate', CASE WHEN collcollate <> collctype THEN collcollate END,
      'lc_ctype', CASE WHEN collcollate <> collctype THEN collctype END,
      'rules', f ->> 'collicurules',
      'deterministic', collisdeterministic::text),
    'implied', jsonb_build_object('provider', 'libc', 'deterministic', 'true'))
    FROM pg_collation c, to_jsonb(c) f
    WHERE c.oid = to_regcollation(${db.literal(name)})`,
  want: ({ text }) => {
    const { locale, lc_collate: collate, lc_ctype: type, ...said } = Object
      .fromEntries(
        Object.entries(assignments(text)).map(([part, value]) => [
          part,
          /^(provider|deterministic)$/.test(part)
            ? lower(unstring(value))
            : unstring(value),
        ]),
      );
    return dense({
      ...said,
      locale: locale ?? (collate === type ? collate : undefined),
      ...(collate !== type && { lc_collate: collate, lc_ctype: type }),
    });
  },
  create: ({ step, ref }) =>
    `CREATE COLLATION ${ref} ${
      step.text.trim().startsWith("(")
        ? tidy(step.text)
        : `(${tidy(step.text)})`
    }`,
  fix: { "*": () => undefined },
  faults: ({ text }) => textFaults("its text", text),
};

const USUAL_PUBLICATION: Record<string, string> = {
  "with publish": "insert, update, delete, truncate",
};

/** By verb; the verb that drops one is its own with another first word. */
const OBJECTS: Record<string, ObjectKind> = {
  createSchema: schemaKind,
  createDomain: domain,
  createComposite: composite,
  createRange: range,
  createSequence: sequence,
  createView: view("VIEW", "v"),
  createMaterializedView: view("MATERIALIZED VIEW", "m"),
  createFunction: routine("FUNCTION", "'f', 'w'"),
  createProcedure: routine("PROCEDURE", "'p'"),
  createAggregate: aggregate,
  createCollation: collation,
  createTrigger: trigger,
  createRule: rule,
  createEventTrigger: eventTrigger,
  createPolicy: rowPolicy,
  enableRowSecurity: rowSecurity,
  setReplicaIdentity: replicaIdentity,
  setParameters: parameters,
  createStatistics: statistics,
  createPublication: publication,
};

for (const [verb, kind] of Object.entries(OBJECTS)) {
  const noun = kind.noun.toLowerCase();
  const owns = ({ table, name }: Step) =>
    `${noun} ${table && table !== name ? `${table}.` : ""}${name}`;
  const faults = ({ name, table }: Said) => [
    ...(table ? pathFaults(table) : []),
    ...pathFaults(kind.catalog === "pg_proc" ? bracket(name)[0] : name),
  ];
  VERBS[verb] = {
    owns,
    faults: (step) => [...faults(step), ...kind.faults?.(step) ?? []],
    plan: planObject,
    ...(kind.catalog && { hazard: replacing }),
  };
  if (!verb.startsWith("create")) continue;
  const drop = verb.replace("create", "drop");
  const turn = TRAITS.unhooks.test(drop) ? "unhook" : "usual";
  VERBS[drop] = { owns, faults, plan: planDropObject, ...dropping(turn) };
}

/** How an object's parts differ from what the step wants. */
function differences(wanted: Wanted, kind: ObjectKind, fact: ObjectFact) {
  const { db, want, have } = wanted;
  const implied = fact.implied ?? {};
  const scope = kind.scope?.(wanted) ?? [];
  const parts = Object.keys(kind.atLeast ? want : { ...want, ...have });
  return parts.filter((part) => {
    const [a, b] = [want[part] ?? implied[part] ?? "", have[part] ?? ""];
    if (a === b) return false;
    if (part === "function") return !isFunction(db, a, b);
    if (AGGREGATE.includes(part)) return !db.isRoutine(a, b);
    const asked = ruleFor(kind.ask ?? {}, part);
    const how = typeof asked === "function" ? asked(part, have) : asked;
    if (!a || !b || !how) return true;
    if (how === "type") return !db.sameType(a, b);
    if (how === "query") return !db.sameQuery(a, b);
    if (how === "actions") return !db.sameActions(rowOf(wanted), a, b);
    const cast = how === "value" ? "" : how;
    return !db.sameIn(scope, a, b, cast);
  });
}

/** A function that a step names: its schema's, the target's or PostgreSQL's. */
function isFunction(db: Planner, written: string, found: string): boolean {
  const [schema, name] = JSON.parse(found) as [string, string];
  const path = namePath(written);
  return path.at(-1) === name &&
    (path.length > 1
      ? path[0] === schema
      : [db.schema, "pg_catalog"].includes(schema));
}

/** `check x` and `argument 2` are ruled by `check` and `argument`. */
function ruleFor<T>(rules: Record<string, T>, part: string): T | undefined {
  const [word = ""] = part.split(" ");
  return Object.hasOwn(rules, part)
    ? rules[part]
    : Object.hasOwn(rules, word)
    ? rules[word]
    : rules["*"];
}

/** What the planner and the constructors know of a step's object. */
function wantedOf(db: Planner, kind: ObjectKind, step: Said): Wanted {
  const on = step.table ? db.sql(step.table) : "";
  const [name] = kind.catalog === "pg_proc" ? bracket(step.name) : [step.name];
  const own = kind.lock || !SCHEMALESS.has(kind.noun)
    ? db.sql(name)
    : id(bareName(name));
  const ref = kind.lock && kind !== statistics ? id(bareName(name)) : own;
  const fact: ObjectFact = { oid: "", have: {} };
  return { db, step, on, ref, want: kind.want(step, db), have: {}, fact };
}

const SCHEMALESS = new Set([
  "SCHEMA",
  "EXTENSION",
  "PUBLICATION",
  "EVENT TRIGGER",
]);

/** A name without the arguments of a routine, as hazards say it. */
function shortName({ verb, name }: Step): string {
  const kind = OBJECTS[verb.replace(/^drop/, "create")];
  return kind?.catalog === "pg_proc" ? bracket(name)[0] : name;
}

/** The statement that drops an object. */
function dropSql(kind: ObjectKind, { ref, on, step }: Wanted): string {
  const signature = kind.catalog === "pg_proc"
    ? `(${inputTypes(signatureParts(bracket(step.name)[1]))})`
    : "";
  const of = kind.lock && kind !== statistics ? ` ON ${on}` : "";
  return `DROP ${kind.noun} ${ref}${signature}${of}`;
}

function sqlOf(fix: ReturnType<Fix>): string[] {
  return [fix ?? []].flat().map((one) =>
    typeof one === "string" ? one : one.sql ?? ""
  );
}

function planObject(db: Planner, step: Said) {
  const kind = OBJECTS[step.verb];
  if (!kind || (step.table && !db.needs(step.table))) return;
  const wanted = wantedOf(db, kind, step);
  const fact = db.object(kind, step);
  const locks = kind.lock ? [{ table: wanted.on, mode: kind.lock }] : [];
  const change = (
    sql: string,
    undo: string,
    told: Partial<ChangeSpec> = {},
  ): ChangeSpec => ({
    ...{ phase: kind.phase?.(step) ?? "expand", keepsPlace: true },
    ...{ undo, locks, ...told, sql },
  });
  const noun = kind.noun.toLowerCase();
  if (!fact && kind.create !== noStatement) {
    const undo = dropSql(kind, wanted);
    const made = RELATIONS[kind.noun];
    if (made) Object.assign(db.own(step.name), { kind: made, vague: true });
    return db.change(
      step.name,
      `create ${noun}`,
      change(kind.create(wanted), undo),
      ...afterCreate(kind, wanted).map((sql) => change(sql, "")),
    );
  }
  const known = fact ?? wanted.fact;
  Object.assign(wanted, { have: known.have, fact: known });
  // What CREATE OR REPLACE would set back comes behind it.
  const parts = differences(wanted, kind, known)
    .toSorted((a, b) => Number(SETTING.test(a)) - Number(SETTING.test(b)));
  if (parts.length === 0) return;
  if (known.extension) {
    return ownedByExtension(db, step.name, known.extension);
  }
  const told = parts.map((part) => ({
    part,
    step: wanted.want[part],
    database: known.have[part],
  }));
  const fixes = parts.map((part) => ruleFor(kind.fix, part)?.(wanted, part));
  if (fixes.every((sql) => sql !== undefined)) {
    const back = { ...wanted, want: known.have, have: wanted.want };
    const restored = restoreSql(kind, wanted, known);
    const whole = restored &&
      [restored, ...afterCreate(kind, back)].join("; ");
    const undoOf = (part: string) =>
      whole ||
      (known.have[part] || part === "enabled"
        ? sqlOf(ruleFor(kind.fix, part)?.(back, part)).join("; ")
        : "") ||
      cannot(`its ${part} is not kept`);
    // One statement may mend several parts.
    const statements = new Map<string, ChangeSpec>();
    for (const [i, part] of parts.entries()) {
      for (const [n, fix] of [fixes[i] ?? []].flat().entries()) {
        const { sql = "", ...told } = typeof fix === "string"
          ? { sql: fix }
          : fix;
        if (!sql || statements.has(sql)) continue;
        statements.set(sql, change(sql, n === 0 ? undoOf(part) : "", told));
      }
    }
    db.change(
      step.name,
      `change ${noun}: ${parts.join(", ")}`,
      ...statements.values(),
    );
    for (const one of told) db.note("differs", describeDifference(one));
    return;
  }
  replaceObject(db, kind, wanted, known, told);
}

/** An extension's own objects are never changed. */
function ownedByExtension(db: Planner, name: string, extension: string) {
  db.issue(
    name,
    `belongs to the extension ${extension}, which manages it`,
    "leave the step out, or drop it from the extension",
  );
}

/** Of what is made, which steps below may name. */
const RELATIONS: Record<string, string> = {
  VIEW: "v",
  "MATERIALIZED VIEW": "m",
};

/** Placeholder of kinds that are set, not made. */
function noStatement() {
  return "";
}

/** What a new object needs besides its CREATE. */
function afterCreate(kind: ObjectKind, wanted: Wanted): string[] {
  const { enabled = "origin" } = wanted.want;
  return enabled === "origin"
    ? []
    : sqlOf(kind.fix.enabled?.(wanted, "enabled"));
}

const SETTING = /^(with|enabled)\b/;

/** The statement that makes an object as it was, where one does all. */
function restoreSql(
  kind: ObjectKind,
  { db, ref, want, have }: Wanted,
  { sql = "", columns = [] }: ObjectFact,
): string | undefined {
  if (kind.noun === "VIEW") {
    const { query = "" } = want;
    return db.namesOf(query)?.length === columns.length
      ? viewSql("CREATE OR REPLACE VIEW", ref, have)
      : cannot("CREATE OR REPLACE cannot remove columns from a view");
  }
  if (!/^(FUNCTION|PROCEDURE|TRIGGER|RULE)$/.test(kind.noun)) return undefined;
  if (want.constraint) return undefined;
  return sql.replace(/^CREATE (?!OR REPLACE)/, "CREATE OR REPLACE ");
}

/**
 * Statements around a change that what hangs on an object does not allow: it is
 * dropped before, and made again behind it with all that it had.
 */
function around(
  others: Hanging[],
  step: Step,
  phase: Phase,
  between: ChangeSpec[],
  filled = false,
): ChangeSpec[] {
  const tables = new Set(others.flatMap(({ table }) => table ?? []));
  const locks = [...tables].map((table) => ({ table, mode: AX as Mode }));
  const hazard = `replace:${shortName(step)}`;
  const lost = between.some(({ undo }) => undo.startsWith("--"));
  const run = (sql: string, undo: string): ChangeSpec => ({
    ...{ phase, keepsPlace: true, sql, locks, hazard },
    undo: lost ? cannot(NOT_KEPT) : undo,
  });
  const made = ({ create, also }: Hanging) => [create ?? "", ...also];
  return [
    ...others.toReversed().map((one) => run(one.drop, made(one).join(";\n"))),
    ...between.map((change) => ({ ...change, phase, keepsPlace: true })),
    ...others.flatMap((one) =>
      made(one).map((sql, i) => ({
        ...run(sql, i === 0 ? one.drop : ""),
        ...(i === 0 && one.rewrites && filled && REWRITE),
      }))
    ),
  ];
}

/**
 * Drops an object and makes it again as the step wants it, in one transaction
 * with all that hangs on it: views, triggers, rules, policies and indexes of
 * materialized views, each with its owner, privileges, comments and options.
 * What hangs on it and cannot be made again is told, and nothing is dropped.
 */
function replaceObject(
  db: Planner,
  kind: ObjectKind,
  wanted: Wanted,
  fact: ObjectFact,
  told: Difference[],
) {
  const { step } = wanted;
  const noun = kind.noun.toLowerCase();
  const parts = told.map(({ part }) => part).join(", ");
  const hanging = kind.catalog ? db.hanging(kind.catalog, fact.oid) : undefined;
  const fixed = hanging?.slice(1).filter(({ create }) => !create) ?? [];
  if (!hanging || fixed.length > 0) {
    const why = fixed.length > 0
      ? `${fixed.map(({ name }) => name).join(", ")} depends on it`
      : `a ${noun} cannot be changed in place`;
    return db.conflict(step.name, `is a different ${noun}`, {
      step: describeParts(wanted.want, told),
      database: describeParts(fact.have, told),
      fix: `${why}: write a new one under another name, and drop this one ` +
        "in a step once nothing uses it",
      differences: told,
    });
  }
  const [own, ...others] = hanging;
  const locks = wanted.on ? [{ table: wanted.on, mode: AX as Mode }] : [];
  const again = [
    dropSql(kind, wanted),
    kind.create(wanted),
    ...afterCreate(kind, wanted),
    ...own?.also ?? [],
  ].map((sql): ChangeSpec => ({
    ...{ phase: "expand", sql, locks },
    undo: cannot(NOT_KEPT),
    hazard: `replace:${shortName(step)}`,
  }));
  db.change(
    step.name,
    `recreate ${noun}: ${parts}`,
    ...around(others, step, "expand", again),
  );
  for (const one of told) db.note("differs", describeDifference(one));
  for (const { name } of others) db.note("restores", name);
}

function describeParts(parts: Parts, told: Difference[]): string {
  return told.map(({ part }) => `${part} ${parts[part] ?? "none"}`).join(", ");
}

function describeDifference({ part, step, database }: Difference): string {
  return `${part}: ${tidy(step ?? "none")}, in the database ${
    tidy(database ?? "none")
  }`;
}

function planDropObject(db: Planner, step: Said) {
  const kind = OBJECTS[step.verb.replace("drop", "create")];
  if (!kind || (step.table && !db.table(step.table))) return;
  const fact = db.object(kind, step);
  if (!fact) return;
  if (fact.extension) return ownedByExtension(db, step.name, fact.extension);
  const wanted = wantedOf(db, { ...kind, want: () => ({}) }, step);
  const [, ...others] = kind.catalog
    ? db.hanging(kind.catalog, fact.oid) ?? []
    : [];
  const uses = others.filter(({ name }) => !db.dropsToo(name));
  if (uses.length > 0) {
    return blockedBy(
      db,
      step.name,
      "cannot be dropped",
      uses.map(({ name }) => name),
    );
  }
  const undo = fact.sql && kind.catalog !== "pg_class"
    ? fact.sql
    : cannot(NOT_KEPT);
  const locks = kind.lock ? [{ table: wanted.on, mode: AX as Mode }] : [];
  db.change(step.name, `drop ${kind.noun.toLowerCase()}`, {
    ...{ phase: "contract", sql: dropSql(kind, wanted), undo, locks },
    ...(kind.lock ? {} : { effect: UNKNOWN_FROM_THEN }),
    hazard: `drop:${shortName(step)}`,
    // What tables need goes after them.
    rank: is("unhooks", step) ? 4.5 : step.verb === "dropSchema" ? 9.9 : 9.5,
  });
}

/** Something that hangs on an object, and how to make it again. */
interface Hanging {
  name: string;
  drop: string;
  /** None where it cannot be made again. */
  create: string | null;
  /** Its owner, privileges, comments and enabled state. */
  also: string[];
  /** Whether its table is written anew for it. */
  rewrites?: boolean;
  /** The table that it belongs to. */
  table: string | null;
}

const QUALIFIED = "quote_ident(nspname) || '.' || quote_ident(relname)";

/**
 * An object and all that hangs on it, in an order in which it can be made.
 * Views and materialized views, triggers, rules, policies and indexes know how
 * they are made; all else has no `create`.
 *
 * @param start class, id and column of what is dropped, as SQL
 */
function hangingQuery(start: string): string {
  return `WITH RECURSIVE hanging (class, id, sub, depth) AS (
    SELECT ${start}, 0
    UNION
    SELECT CASE WHEN rulename = '_RETURN' THEN 'pg_class'::regclass::oid
        ELSE d.classid END,
      CASE WHEN rulename = '_RETURN' THEN ev_class ELSE d.objid END, 0,
      depth + 1
    FROM hanging JOIN pg_depend d ON d.refclassid = class AND d.refobjid = id
      AND sub IN (0, d.refobjsubid) AND deptype IN ('n', 'a')
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass
      AND r.oid = d.objid
    WHERE depth < 100
      -- What else needs a column goes on with its other type.
      AND (sub = 0 OR d.classid IN ('pg_rewrite'::regclass,
        'pg_policy'::regclass, 'pg_trigger'::regclass))
      AND NOT (d.classid = 'pg_rewrite'::regclass
        AND ev_class = id AND rulename = '_RETURN')
  ), each AS (SELECT class, id, max(depth) AS depth FROM hanging
    GROUP BY class, id
  ), owned (class, id, word, ref, owner, acl, kind) AS (
    SELECT 'pg_class'::regclass::oid, c.oid, CASE relkind WHEN 'v' THEN 'VIEW'
        WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'i' THEN 'INDEX'
        WHEN 'I' THEN 'INDEX'
        WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, ${QUALIFIED}, relowner,
      relacl, CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    UNION ALL SELECT 'pg_proc'::regclass, oid, CASE prokind WHEN 'p'
        THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.oid::regprocedure::text,
      proowner, proacl, 'ROUTINE' FROM pg_proc p
  )
  SELECT json_agg(json_build_object('name',
      pg_describe_object(class, id, 0), 'drop', CASE
        WHEN tgname IS NOT NULL THEN 'DROP TRIGGER ' || quote_ident(tgname)
          || ' ON ' || tgrelid::regclass
        WHEN polname IS NOT NULL THEN 'DROP POLICY ' || quote_ident(polname)
          || ' ON ' || polrelid::regclass
        WHEN rulename IS NOT NULL THEN 'DROP RULE ' || quote_ident(rulename)
          || ' ON ' || ev_class::regclass
        ELSE 'DROP ' || word || ' ' || ref END,
      'create', CASE
        WHEN tgname IS NOT NULL THEN pg_get_triggerdef(id)
        WHEN polname IS NOT NULL THEN concat('CREATE POLICY ',
          quote_ident(polname), ' ON ', polrelid::regclass, CASE
          WHEN NOT polpermissive THEN ' AS RESTRICTIVE' END, ' FOR ',
          CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
            WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
          ' TO ', (SELECT string_agg(coalesce(quote_ident(rolname), 'PUBLIC'),
            ', ') FROM unnest(polroles) o LEFT JOIN pg_roles ON oid = o),
          ' USING (' || pg_get_expr(polqual, polrelid) || ')',
          ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
        WHEN rulename IS NOT NULL THEN rtrim(pg_get_ruledef(id), ';')
        WHEN c.relkind IN ('i', 'I')
          THEN replace(pg_get_indexdef(id), ' ON ONLY ', ' ON ')
        WHEN c.relkind IN ('v', 'm') THEN concat('CREATE ', word, ' ', ref,
          ' WITH (' || array_to_string(reloptions, ', ') || ')', ' AS ',
          rtrim(pg_get_viewdef(id), ';'), CASE WHEN c.relkind = 'm'
            AND NOT relispopulated THEN ' WITH NO DATA' END) END,
      'table', coalesce(tgrelid, polrelid, ev_class)::regclass::text,
      'also', array_to_json(array_remove(
        CASE WHEN owner <> current_user::regrole AND word <> 'INDEX' THEN
          ARRAY['ALTER ' || word || ' ' || ref || ' OWNER TO '
            || quote_ident(pg_get_userbyid(owner))] END
        || ARRAY(SELECT concat('GRANT ', string_agg(privilege_type, ', '),
              ' ON ', o.kind, ' ', ref, ' TO ', coalesce(quote_ident(rolname),
              'PUBLIC'), CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
            FROM aclexplode(acl) LEFT JOIN pg_roles r ON r.oid = grantee
            WHERE grantee <> owner GROUP BY rolname, is_grantable)
        || CASE WHEN word IN ('FUNCTION', 'PROCEDURE') AND acl IS NOT NULL
            AND NOT EXISTS (SELECT FROM aclexplode(acl) WHERE grantee = 0)
          THEN 'REVOKE ALL ON ROUTINE ' || ref || ' FROM PUBLIC' END
        || ARRAY(SELECT concat('GRANT ', privilege_type, ' (',
              quote_ident(attname), ') ON ', ref, ' TO ',
              coalesce(quote_ident(rolname), 'PUBLIC'),
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
            FROM pg_attribute, aclexplode(attacl) LEFT JOIN pg_roles r
              ON r.oid = grantee
            WHERE class = 'pg_class'::regclass AND attrelid = id
              AND word <> 'TABLE')
        || ARRAY(SELECT concat('COMMENT ON ', CASE
              WHEN objsubid > 0 THEN 'COLUMN ' || ref || '.' || (SELECT
                quote_ident(attname) FROM pg_attribute
                WHERE attrelid = id AND attnum = objsubid)
              WHEN tgname IS NOT NULL THEN 'TRIGGER ' || quote_ident(tgname)
                || ' ON ' || tgrelid::regclass
              WHEN polname IS NOT NULL THEN 'POLICY ' || quote_ident(polname)
                || ' ON ' || polrelid::regclass
              WHEN rulename IS NOT NULL THEN 'RULE ' || quote_ident(rulename)
                || ' ON ' || ev_class::regclass
              ELSE word || ' ' || ref END, ' IS ', quote_literal(description))
            FROM pg_description WHERE classoid = class AND objoid = id)
        || CASE WHEN tgenabled <> 'O' THEN ARRAY[concat('ALTER TABLE ',
            tgrelid::regclass, CASE tgenabled WHEN 'D' THEN ' DISABLE'
            WHEN 'A' THEN ' ENABLE ALWAYS' ELSE ' ENABLE REPLICA' END,
            ' TRIGGER ', quote_ident(tgname))] END, NULL)))
      ORDER BY depth, id)::text
  FROM each LEFT JOIN owned o USING (class, id)
  LEFT JOIN pg_class c ON class = 'pg_class'::regclass AND c.oid = id
  LEFT JOIN pg_trigger t ON class = 'pg_trigger'::regclass AND t.oid = id
  LEFT JOIN pg_policy p ON class = 'pg_policy'::regclass AND p.oid = id
  LEFT JOIN pg_rewrite w ON class = 'pg_rewrite'::regclass AND w.oid = id
  -- A partition has its parent's.
  WHERE NOT (tgname IS NOT NULL AND (tgisinternal OR tgparentid <> 0))
    AND NOT coalesce(c.relkind IN ('i', 'I') AND c.relispartition, false)`;
}

/**
 * The columns that are generated from a column, with all that goes with them:
 * constraints, indexes, statistics, comments, privileges and how they are kept.
 * One that hangs together with other tables cannot be made again.
 */
function generatedQuery(oid: Oid, column: number): string {
  const own = "ARRAY(SELECT";
  return `WITH mine AS (SELECT a.*, t.relkind, pg_get_expr(adbin, adrelid) AS
      expression, quote_ident(attname) AS name, t.oid::regclass AS rel,
      format('ALTER TABLE %s ALTER COLUMN %I ', t.oid::regclass, attname) AS alter,
      (SELECT CASE WHEN typcollation <> attcollation THEN ' COLLATE ' ||
        attcollation::regcollation END FROM pg_type WHERE oid = atttypid)
        AS mine_collation,
      (SELECT nullif(typstorage, attstorage) IS NOT NULL FROM pg_type
        WHERE oid = atttypid) AS kept
    FROM pg_attribute a JOIN pg_class t ON t.oid = attrelid
    JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = ${oid} AND attgenerated <> '' AND EXISTS (SELECT
      FROM pg_depend WHERE refclassid = 'pg_class'::regclass
        AND refobjid = attrelid AND refobjsubid = ${column}
        AND (classid = 'pg_attrdef'::regclass AND objid = d.oid
          OR classid = 'pg_class'::regclass AND objid = attrelid
            AND objsubid = attnum))
  ), dep AS (SELECT DISTINCT attnum, classid, objid FROM mine JOIN pg_depend
      ON refclassid = 'pg_class'::regclass AND refobjid = attrelid
        AND refobjsubid = attnum)
  SELECT json_agg(json_build_object('number', attnum, 'name', 'column ' || name,
    'table', rel::text, 'rewrites', attgenerated = 's',
    'drop', format('ALTER TABLE %s DROP COLUMN %s', rel, name),
    'create', CASE WHEN relkind = 'r' AND attoptions IS NULL
      AND NOT EXISTS (SELECT FROM pg_inherits
        WHERE attrelid IN (inhrelid, inhparent))
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f'
        AND confrelid = attrelid AND attnum = ANY (confkey))
      AND NOT EXISTS (SELECT FROM dep JOIN pg_index ON indexrelid = objid
        JOIN pg_class i ON i.oid = indexrelid
        WHERE dep.attnum = m.attnum AND (indisreplident OR indisclustered
          OR reltablespace <> 0))
      AND NOT EXISTS (SELECT FROM dep WHERE dep.attnum = m.attnum
        AND classid = 'pg_publication_rel'::regclass)
    THEN concat('ALTER TABLE ', rel, ' ADD COLUMN ', name, ' ',
      format_type(atttypid, atttypmod), mine_collation, ' GENERATED ALWAYS AS (',
      expression, CASE attgenerated WHEN 's' THEN ') STORED'
        ELSE ') VIRTUAL' END, CASE WHEN attnotnull THEN ' NOT NULL' END) END,
    'also', array_to_json(ARRAY(SELECT alter || set FROM (VALUES
        (CASE WHEN attstattarget >= 0
          THEN 'SET STATISTICS ' || attstattarget END),
        (CASE WHEN kept THEN 'SET STORAGE ' || CASE attstorage
          WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
          ELSE 'EXTENDED' END END),
        (CASE attcompression WHEN 'p' THEN 'SET COMPRESSION pglz'
          WHEN 'l' THEN 'SET COMPRESSION lz4' END)) v (set)
        WHERE set IS NOT NULL)
      || ${own} format('ALTER TABLE %s ADD CONSTRAINT %I %s', rel, conname,
          pg_get_constraintdef(c.oid)) FROM pg_constraint c
        WHERE conrelid = attrelid AND m.attnum = ANY (conkey)
          AND contype <> 'n' ORDER BY contype <> 'p', conname)
      || ${own} pg_get_indexdef(objid) FROM dep JOIN pg_index
          ON indexrelid = objid WHERE dep.attnum = m.attnum
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = objid))
      || ${own} pg_get_statisticsobjdef(objid) FROM dep
          WHERE dep.attnum = m.attnum
          AND classid = 'pg_statistic_ext'::regclass)
      || ${own} format('GRANT %s (%s) ON %s TO %s%s', privilege_type, name, rel,
          coalesce(quote_ident(rolname), 'PUBLIC'),
          CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
        FROM aclexplode(attacl) LEFT JOIN pg_roles r ON r.oid = grantee)
      || ${own} format('COMMENT ON COLUMN %s.%s IS %L', rel, name, description)
        FROM pg_description WHERE classoid = 'pg_class'::regclass
          AND objoid = attrelid AND objsubid = m.attnum)
      || ${own} concat('COMMENT ON ', CASE
          WHEN classoid = 'pg_constraint'::regclass THEN (SELECT format(
            'CONSTRAINT %I ON %s', conname, rel) FROM pg_constraint
            WHERE oid = objoid)
          WHEN classoid = 'pg_class'::regclass
            THEN 'INDEX ' || objoid::regclass
          ELSE (SELECT format('STATISTICS %I.%I', nspname, stxname)
            FROM pg_statistic_ext JOIN pg_namespace n ON n.oid = stxnamespace
            WHERE pg_statistic_ext.oid = objoid) END,
          ' IS ', quote_literal(description))
        FROM pg_description WHERE objsubid = 0 AND (classoid, objoid) IN (
          SELECT classid, objid FROM dep WHERE dep.attnum = m.attnum
            AND classid IN ('pg_class'::regclass, 'pg_constraint'::regclass,
              'pg_statistic_ext'::regclass)))))
    ORDER BY attnum)::text FROM mine m`;
}

// ═══ Privileges ════════════════════════════════════════════════════════════
//
// In come comments and grants, of any kind of object; out go the statements for
// what is not there yet. What is granted beyond the steps is told and stays,
// unless a step revokes it.

/** What pg_get_object_address calls what hangs on a table. */
const PARTS_OF_TABLES = /^(column|constraint|trigger|policy|rule)$/;

/** What it calls other kinds by other words than SQL. */
const ADDRESS_WORDS: Record<string, string> = {
  domain: "type",
  statistics: "statistics object",
  "foreign data wrapper": "foreign-data wrapper",
};

/** A kind of object and its name, as `comment` and `grant` are given them. */
function readObject(text: string) {
  const words =
    /^((?:materialized view|foreign table|event trigger|text search \w+|foreign data wrapper|foreign server|\w+)\s+)?([^]*)$/i
      .exec(text.trim()) ?? [];
  return { kind: lower(words[1] ?? "table"), name: (words[2] ?? "").trim() };
}

/** The object's address as PostgreSQL reads it, and its name for COMMENT ON. */
function addressOf(db: Planner, text: string) {
  const { kind, name } = readObject(text);
  const [own, within] = bracket(name);
  const path = namePath(own);
  const array = (list: string[]) =>
    `ARRAY[${list.map(literal).join(", ")}]::text[]`;
  const whole = (size: number) =>
    path.length < size ? [db.schema, ...path] : path;
  if (PARTS_OF_TABLES.test(kind)) {
    const [schema = "", table = "", part = ""] = whole(3);
    const word = /^(column|constraint)$/.test(kind) ? `table ${kind}` : kind;
    const ref = sqlName([schema, table], db.schema);
    return {
      address: `${literal(word)}, ${array([schema, table, part])}, '{}'`,
      ref: kind === "column"
        ? `COLUMN ${ref}.${id(part)}`
        : `${kind.toUpperCase()} ${id(part)} ON ${ref}`,
    };
  }
  const single = SCHEMALESS.has(kind.toUpperCase()) ||
    /^(role|language|server|foreign data wrapper)$/.test(kind);
  const names = single ? path : whole(2);
  const ref = sqlName(names, db.schema);
  const routine = /^(function|procedure|routine|aggregate)$/.test(kind);
  const types = list(inputTypes(signatureParts(within)));
  const type = /^(type|domain)$/.test(kind);
  return {
    address: `${literal(ADDRESS_WORDS[kind] ?? kind)}, ${
      array(type ? [names.map(id).join(".")] : names)
    }, ${routine ? array(types) : "'{}'"}`,
    ref: `${kind.toUpperCase()} ${ref}${
      routine ? `(${types.join(", ")})` : ""
    }`,
  };
}

function planComment(db: Planner, { name, text }: Said) {
  const { address, ref } = addressOf(db, name);
  const found = db.ask(
    `SELECT json_build_array((SELECT description FROM pg_description
      WHERE classoid = classid AND pg_description.objoid = a.objid
        AND pg_description.objsubid = a.objsubid
        -- An INVALID index is built anew.
        AND NOT EXISTS (SELECT FROM pg_index
          WHERE indexrelid = a.objid AND NOT indisvalid)))::text
    FROM pg_get_object_address(${address}) a`,
    MISSING_OBJECT,
  );
  const [have] = JSON.parse(found ?? "[null]") as [string | null];
  if ((have ?? "") === text) return;
  const said = (value: string | null) =>
    `COMMENT ON ${ref} IS ${value ? literal(value) : "NULL"}`;
  // Keys and indexes of tables with rows are built late.
  const late = /^(constraint|index)$/.test(readObject(name).kind);
  db.change(name, "comment", {
    ...{ phase: late ? "contract" : "expand", keepsPlace: true },
    sql: said(text),
    undo: said(have),
  });
}

/** Where the privileges of a kind of object stand, and what they are called. */
const ACLS: Record<string, [from: string, acl: string, letter: string]> = {
  schema: ["pg_namespace WHERE nspname =", "nspacl, nspowner", "n"],
  database: ["pg_database WHERE datname =", "datacl, datdba", "d"],
  type: ["pg_type WHERE oid = to_regtype", "typacl, typowner", "T"],
  domain: ["pg_type WHERE oid = to_regtype", "typacl, typowner", "T"],
  language: ["pg_language WHERE lanname =", "lanacl, lanowner", "l"],
  "foreign server": [
    "pg_foreign_server WHERE srvname =",
    "srvacl, srvowner",
    "S",
  ],
  "foreign data wrapper": [
    "pg_foreign_data_wrapper WHERE fdwname =",
    "fdwacl, fdwowner",
    "F",
  ],
  function: ["pg_proc WHERE", "proacl, proowner", "f"],
  procedure: ["pg_proc WHERE", "proacl, proowner", "f"],
  routine: ["pg_proc WHERE", "proacl, proowner", "f"],
  sequence: ["pg_class WHERE oid = to_regclass", "relacl, relowner", "s"],
  table: ["pg_class WHERE oid = to_regclass", "relacl, relowner", "r"],
};

/** What default privileges are about: the letters of their catalog, and of acldefault. */
const NEW_OBJECTS: Record<string, string> = {
  ...{ tables: "rr", sequences: "Ss", functions: "ff", routines: "ff" },
  ...{ types: "TT", schemas: "nn", "large objects": "LL" },
};

/** Where privileges stand, and how SQL says them. */
interface Privileged {
  /** A query for lists of privileges, each of the whole or a column. */
  lists: string;
  letter: string;
  /** Whether it is there; what is yet to be made has what is usual. */
  there: string;
  /** What stands around GRANT and REVOKE. */
  before: string;
  target: string;
}

function privilegesOf(db: Planner, step: Said): Privileged {
  const { verb, on, by, schema } = step;
  if (!/default/i.test(verb)) return privilegesOn(db, on);
  const [own = "", letter = ""] = NEW_OBJECTS[lower(on)] ?? "";
  const role = by
    ? `(SELECT oid FROM pg_roles WHERE rolname = ${literal(bareName(by))})`
    : "current_user::regrole::oid";
  const place = schema
    ? `(SELECT oid FROM pg_namespace WHERE nspname = ${
      literal(bareName(schema))
    })`
    : "0";
  const without = schema ? "NULL" : `acldefault('${letter}', ${role})`;
  return {
    letter,
    there: "true",
    lists: `SELECT NULL AS part, coalesce((SELECT defaclacl FROM pg_default_acl
      WHERE defaclrole = ${role} AND defaclobjtype = '${own}'
        AND defaclnamespace = ${place}), ${without}) AS acl`,
    before: "ALTER DEFAULT PRIVILEGES " +
      (by ? `FOR ROLE ${id(bareName(by))} ` : "") +
      (schema ? `IN SCHEMA ${id(bareName(schema))} ` : ""),
    target: on.toUpperCase(),
  };
}

/** What GRANT calls a kind of object. */
function grantedKind(kind: string): string {
  if (/^(view|materialized view|foreign table)$/.test(kind)) return "table";
  return kind === "server" ? "foreign server" : kind;
}

function privilegesOn(db: Planner, on: string): Privileged {
  const { kind, name: object } = readObject(on);
  const { ref } = addressOf(db, on);
  const word = grantedKind(kind);
  const table = word === "table";
  const [from = "", columns = "", letter = "r"] = ACLS[word] ?? [];
  const [acl = "", owner = ""] = columns.split(", ");
  const whole = ref.slice(kind.length + 1);
  const path = namePath(bracket(object)[0]);
  const full = path.length > 1 ? whole : `${id(db.schema)}.${whole}`;
  const said = /WHERE$/.test(from)
    ? isRoutine(
      literal(bracket(full)[0]),
      inputTypes(signatureParts(bracket(object)[1])),
    )
    : literal(/=$/.test(from) ? path.at(-1) ?? "" : full);
  const there = `EXISTS (SELECT FROM ${from} (${said}))`;
  const ofColumns = `UNION ALL SELECT attname, attacl FROM pg_attribute
    WHERE attrelid = to_regclass(${said}) AND attacl IS NOT NULL
      AND NOT attisdropped`;
  return {
    letter,
    lists: `SELECT NULL AS part, coalesce(${acl}, acldefault('${letter}',
      ${owner})) AS acl FROM ${from} (${said}) ${table ? ofColumns : ""}
      UNION ALL SELECT NULL, acldefault('${letter}', 10) WHERE NOT ${there}`,
    there,
    before: "",
    target: `${word.toUpperCase()} ${whole}`,
  };
}

/** What a role may do, and which of that a step is about. */
function readPrivileges(db: Planner, step: Said) {
  const { name, text, to, by } = step;
  const { letter, lists, there, before, target } = privilegesOf(db, step);
  const isPublic = /^public$/i.test(to);
  const role = isPublic ? "0" : `(SELECT oid FROM pg_roles
    WHERE rolname = ${literal(bareName(to))})`;
  const roles = [...(isPublic ? [] : [to]), ...(by ? [by] : [])];
  const found = db.ask(`SELECT json_build_object('lacks', (SELECT min(r)
      FROM unnest(ARRAY[${roles.map((r) => literal(bareName(r)))}]::text[]) r
      WHERE r NOT IN (SELECT rolname FROM pg_roles)),
    'there', ${there}, 'all', ARRAY(SELECT lower(privilege_type) FROM aclexplode(acldefault(
      '${letter}', 10)) WHERE grantee = 10), 'have', (
    SELECT json_object_agg(lower(privilege_type) || coalesce(' (' ||
        quote_ident(part) || ')', ''), is_grantable)
    FROM (${lists}) a, aclexplode(acl) WHERE grantee = ${role}))::text`);
  if (found === undefined) return;
  const { lacks, all, have, there: isThere } = JSON.parse(found);
  if (lacks) {
    const what = `needs the role ${lacks}, which does not exist`;
    db.issue(name, what, `CREATE ROLE ${id(bareName(lacks))}`);
    return;
  }
  const grantee = isPublic ? "PUBLIC" : id(bareName(to));
  const option = grantable(text) ? " WITH GRANT OPTION" : "";
  const granted = grantsOf(db).get(`${before}${target} ${bareName(to)}`) ?? [];
  return {
    have: (have ?? {}) as Record<string, boolean>,
    isThere: isThere as boolean,
    wants: privilegesIn(text, all),
    granted: granted.flatMap((text) => privilegesIn(text, all)),
    grantSql: (list: string[]) =>
      `${before}GRANT ${
        sayPrivileges(list)
      } ON ${target} TO ${grantee}${option}`,
    revokeSql: (list: string[]) =>
      `${before}REVOKE ${sayPrivileges(list)} ON ${target} FROM ${grantee}`,
  };
}

/** What all steps grant, by what it is on and to whom. */
function grantsOf(db: Planner): Map<string, string[]> {
  if (db.grants) return db.grants;
  const grants = new Map<string, string[]>();
  for (const step of db.steps()) {
    if (!/^(grant|defaultPrivileges)$/.test(step.verb)) continue;
    const { before, target } = privilegesOf(db, step as Said);
    const key = `${before}${target} ${bareName(step.to ?? "")}`;
    grants.set(key, [...grants.get(key) ?? [], step.text ?? ""]);
  }
  return db.grants = grants;
}

function grantable(text: string): boolean {
  return /\s+with\s+grant\s+option\s*$/i.test(text);
}

/** `SELECT, UPDATE (a, b)` as "select", "update (a)", "update (b)". */
function privilegesIn(text: string, all: string[]): string[] {
  const [privileges] = text.split(/\s+with\s+grant\s+option/i);
  return list(privileges).flatMap((item) => {
    const [privilege, within] = bracket(item);
    const names = lower(privilege).replace(/^all privileges$/, "all");
    const each = names === "all" ? all : [names];
    const parts = list(within).map((column) => ` (${id(nameIn(column))})`);
    return each.flatMap((one) => (within ? parts : [""]).map((p) => one + p));
  });
}

function sayPrivileges(list: string[]): string {
  return list.map((one) =>
    one.replace(/^[a-z ]+?(?= \(|$)/, (word) => word.toUpperCase())
  ).join(", ");
}

function planGrant(db: Planner, step: Said) {
  const read = readPrivileges(db, step);
  if (!read) return;
  const { have, wants, granted, grantSql, revokeSql } = read;
  const missing = wants.filter((one) =>
    !(one in have) || (grantable(step.text) && !have[one])
  );
  if (missing.length > 0) {
    db.change(step.name, "grant", {
      ...{ phase: "expand", keepsPlace: true },
      sql: grantSql(missing),
      undo: revokeSql(missing),
    });
  }
  const more = Object.keys(have).filter((one) => !granted.includes(one));
  if (more.length > 0) db.more(step.name, `may also ${more.join(", ")}`);
}

function planRevoke(db: Planner, step: Said) {
  const read = readPrivileges(db, step);
  if (!read) return;
  const { have, isThere, wants, granted, grantSql, revokeSql } = read;
  // ALL are those of columns, too.
  const meant = /^\s*all\b/i.test(step.text) ? Object.keys(have) : wants;
  const held = meant.filter((one) => one in have && !granted.includes(one));
  if (held.length === 0) return;
  const sql = { sql: revokeSql(held), undo: grantSql(held) };
  // Of what this plan makes nobody has had any use.
  if (!isThere) {
    const place = { phase: "expand", keepsPlace: true } as const;
    return db.change(step.name, "revoke", { ...place, ...sql });
  }
  db.change(step.name, "revoke", {
    ...{ phase: "contract", ...sql },
    effect: `${step.to} may not ${held.join(", ")} from then on`,
    hazard: `drop:${step.name}`,
  });
}

/** The answer of a kind's query, as parts. */
function readObjectFact(text: string): ObjectFact {
  const { have, implied, ...rest } = JSON.parse(text);
  const parts = (values: Record<string, unknown> | null) =>
    dense(
      Object.fromEntries(
        Object.entries(values ?? {}).map(([part, value]) => [
          part,
          typeof value === "object" && value !== null
            ? JSON.stringify(value)
            : value as string,
        ]),
      ),
    );
  const said = parts(have);
  const shown = said.when &&
    cut(said.when, /\bwhen\b/gi)[1]?.[1].replace(/\bexecute\b[^]*$/i, "");
  return {
    ...rest,
    implied: parts(implied),
    have: dense({
      ...said,
      ...(/^CREATE RULE/.test(rest.sql ?? "") &&
        readRule(printedRule(rest.sql))),
      when: shown && strip(shown),
      arguments: said.timing && JSON.stringify(readArgumentBytes(said)),
    }),
  };
}

/** What PostgreSQL prints of a rule, from ON on. */
function printedRule(sql: string): string {
  return cut(sql.replace(/;$/, ""), /\bas\b/gi)[1]?.[1] ?? "";
}

/** The arguments of a trigger, each of which a zero ends. */
function readArgumentBytes({ arguments: hex = "" }: Parts): string[] {
  const bytes = hex.match(/../g)?.map((byte) => parseInt(byte, 16)) ?? [];
  const text = new TextDecoder().decode(new Uint8Array(bytes));
  return text.split("\0").slice(0, -1);
}

/** Rows of NULLs for the columns of each alias. */
function sidesOf(scope: RowScope): Sides {
  const columns = scope.flatMap(([alias, list]) =>
    list.map(([name, type], i) => ({ alias, name, type, i }))
  ).map((column, i) => ({ ...column, c: `c${i}` }));
  const nulls = columns.map(({ type, c }) => `NULL::${type} AS ${c}`);
  const from = scope.map(([alias]) => {
    const own = columns.filter((column) => column.alias === alias);
    return `(SELECT ${
      own.map(({ name, c }) => name ? `t.${c} AS ${id(name)}` : `t.${c}`)
    }) ${id(alias)}`;
  }).join(", ");
  return { nulls: `SELECT ${nulls} OFFSET 0`, left: from, right: from };
}

/** Only the plan of a CTE names the columns that come out of it. */
function whole(query: string): string {
  return `WITH v AS MATERIALIZED (${query}\n) SELECT * FROM v`;
}

/** What EXPLAIN does not print, so that the text itself has to say it. */
const UNPRINTED =
  /\b(?:(?:limit|offset|fetch\s+(?:first|next))\s+[(\s]*[^\s();]+|with\s+ties|distinct(?:\s+on)?|union(?:\s+all)?|only\s+\w+|for\s+(?:no\s+key\s+)?update|for\s+(?:key\s+)?share|skip\s+locked|nowait|collate\s+\S+|values\s*\([^]*?\)(?:\s*,\s*\([^]*?\))*|(?:rows|range|groups)\s+(?:between|unbounded|current|\S+\s+preceding)[^)]*)/gi;

const unprinted = once((text: string): string =>
  [
    ...tidy(text).replaceAll(/::[\w.]+(?: (?:varying|precision))?/g, "")
      .matchAll(UNPRINTED),
  ].map(([clause]) =>
    lower(clause).replace(/^fetch \w+/, "limit")
      .replaceAll(/[\s'"()]+|pg_catalog\./g, " ").trim()
  ).join("; ")
);

/**
 * The action of a rule with the columns of OLD and NEW as values that nothing
 * works out beforehand, since only a rule has such rows.
 */
function rowsIn(columns: [string, string][], text: string): string {
  const tokens = tokenize(text);
  let result = "", from = 0;
  tokens.forEach(({ text: word, start }, i) => {
    const [dot, column] = [tokens[i + 1], tokens[i + 2]];
    const side = fold(word);
    if (!/^(old|new)$/.test(side) || dot?.text !== "." || !column) return;
    const values = columns.filter(([name]) =>
      column.text === "*" || name === unquoted(column.text)
    ).map(([name, type]) =>
      `current_setting(${literal(`${side}.${name}`)})::${type}`
    );
    result += text.slice(from, start) + values.join(", ");
    from = column.end;
  });
  return result + text.slice(from);
}

/** What the plan of a statement does not say: what it writes where. */
function unplanned(action: string): string {
  const [, written = ""] = cut(action, /\bset\b/gi).map(([, rest]) => rest);
  const whole = /\bon\s+conflict\b/i.test(blanked(action));
  const columns = list(cut(written, /\b(from|where|returning)\b/gi)[0]?.[1])
    .map((one) => plainly(whole ? one : one.split("=")[0] ?? ""))
    .map((one) => one.replaceAll(/::[\w. ]+|[()\s]/g, ""));
  // The values of one row are in the plan, those of several are not.
  const [[, head = ""] = [], [, rows = ""] = []] = cut(action, /\bvalues\b/gi);
  const [, , after] = bracket(rows);
  const hidden = after.startsWith(",") ? action : `${head} ${after}`;
  return [unprinted(hidden), ...columns].join("; ");
}

/** The words of a query without tables before columns, casts and brackets. */
function bareWords(query: string): string {
  return plainly(query).replaceAll(/:: \w+( varying)?|[^\s.]+ \. |[()]/g, "")
    .replaceAll(/\s+/g, " ");
}

/** A plan in which tables are named by their place, not by their alias. */
function canonical(plan: PlanNode): string {
  const text = JSON.stringify(plan);
  const found = text.matchAll(
    /"(?:Alias":"|Window":")((?:[^"\\]|\\.)*?)(?: AS |")/g,
  );
  const aliases = [...new Set([...found].map(([, alias = ""]) => alias))];
  return aliases.reduce((text, alias, i) => {
    const word = alias.replaceAll(/\W/g, "\\$&");
    const named = RegExp(
      `(?<=Alias":"|Window":"|OVER )${word}(?=["), ])|` +
        `(?<![\\w.])${word}(?=\\.)`,
      "g",
    );
    return text.replaceAll(named, `#${i}`);
  }, text);
}

// ═══ Facts ═════════════════════════════════════════════════════════════════
//
// In come rows of the catalogs; out go facts: what each object is, part by
// part, structured as the catalogs have it. Only true expressions are printed
// by the server; nothing that it printed is taken apart again. One plain query
// a kind, all in one round trip, for what steps name. A kind of object is one
// query under FACTS, its place in `readFacts`, and what a step wants of it in
// the same parts; `differ` (under "Planner") compares any two of them.

/** What an object is; a part that says nothing is not there. */
type Parts = Record<string, string>;

/** A number of the catalogs, as JSON has it; "" for what is still to come. */
type Oid = string;

/** A relation, with all that hangs on it. */
interface TableFact {
  /** As SQL names it: today, and once the plan has renamed it. */
  was: string;
  name: string;
  oid: Oid;
  /** As pg_class.relkind: r, p, v, m, f or S. */
  kind: string;
  /** Whether the role that is connected may alter it. */
  owned: boolean;
  unlogged: boolean;
  /** The extension that owns it. */
  extension?: string;
  parents: Oid[];
  /** How it is partitioned and stored; none where all is usual. */
  shape: ShapeFact | null;
  /** What the plan partitions it by. */
  key?: Parts;
  columns: Map<string, ColumnFact>;
  /** Columns that the plan drops in the end. */
  dropped?: Map<string, ColumnFact>;
  indexes: Map<string, IndexFact>;
  constraints: Map<string, ConstraintFact>;
  /** Columns that an index of the plan makes unique. */
  unique?: string[][];
  /** A longhand step makes it: what columns it has is not known. */
  vague?: true;
}

interface ShapeFact {
  /** Storage parameters, those of the TOAST table with `toast.` before them. */
  options: string[] | null;
  using: string | null;
  tablespace: string | null;
  /** Of a partition: its bounds, as PostgreSQL prints them. */
  bounds: string | null;
  /** Of a partitioned table: range, list or hash. */
  strategy: string | null;
  columns: number[];
  expressions: string | null;
  opclasses: Oid[];
  collations: (string | null)[] | null;
  /** What the keys' operator classes are for. */
  types: string[];
  /** The default partition. */
  rest: string | null;
}

interface ColumnFact {
  /** Its name today; "" for one that is still to come. */
  was: string;
  number: number;
  type: string;
  /** Its type until the plan changes that. */
  before?: string;
  /** The type without what a cast would cut off, where that is another. */
  wide: string | null;
  notNull: boolean;
  /** Its NOT NULL constraint, where that is not validated (from 18). */
  unproved: string | null;
  /** Where it is not the type's own. */
  collation: string;
  /** The type's own, where that is not the default: of name, of domains. */
  natural: string | null;
  /** The default, or what a generated column computes. */
  default: string | null;
  /** As pg_attribute has them: a or d, and s or v; "" for neither. */
  identity: string;
  generated: string;
  /** Whether a parent brought it. */
  inherited: boolean;
  /** As pg_attribute has them, and its type's own storage. */
  storage: string;
  usual: string;
  compression: string;
  statistics: string;
  /** The options of an identity column, its sequence's name among them. */
  counter: Parts | null;
  /** The sequence that a serial column owns, and its type. */
  sequence: { name: string; type: string } | null;
}

interface IndexFact {
  oid: Oid;
  valid: boolean;
  unique: boolean;
  method: string;
  /** How many of the columns are keys; the others are included. */
  keys: number;
  /** Numbers of columns, 0 for one of the expressions. */
  columns: number[];
  expressions: string[];
  /** By key: oids, and 1 for DESC with 2 for NULLS FIRST. */
  opclasses: Oid[];
  order: number[];
  /** By key, where one is not the default. */
  collations: (string | null)[] | null;
  /** Parameters of operator classes, by column. */
  parameters: Record<string, string[]> | null;
  options: string[];
  nulls: boolean;
  predicate: string | null;
  tablespace: string;
}

interface ConstraintFact {
  oid: Oid;
  /** As pg_constraint.contype: p, u, f, c or x. */
  type: string;
  columns: number[];
  parent: Oid;
  parentColumns: number[];
  onUpdate: string;
  onDelete: string;
  onDeleteColumns: number[] | null;
  match: string;
  deferrable: boolean;
  deferred: boolean;
  valid: boolean;
  local: boolean;
  temporal: boolean;
  enforced: boolean;
  index: Oid;
  condition: string | null;
  operators: string[] | null;
  inherited: boolean;
}

interface TypeFact {
  /** As pg_type.typtype: e, d, c, r, … */
  kind: string;
  labels: string[];
  extension?: string;
}

interface ExtensionFact {
  oid: Oid;
  schema: string;
  version: string;
  relocatable: boolean;
}

/** All that was read. */
export interface Catalog {
  tables: Map<string, TableFact>;
  /** The tables of indexes by their names, and children by their parents. */
  homes: Map<string, { relation: Oid }[]>;
  children: Map<Oid, { oid: Oid }[]>;
  types: Map<string, TypeFact>;
  extensions: Map<string, ExtensionFact>;
  /** Operator classes by oid; the default of a type has one of its own. */
  opclasses: Map<Oid, { name: string; usual: boolean }>;
  /** What stands in these schemas and was not read, as SQL names it. */
  others: { oid: Oid; name: string; sql: string; described: string }[];
}

/** The server and the role, as the first round trip finds them. */
export interface Server {
  /** What version() says, by which forks are told. */
  banner: string;
  version: number;
  versionText: string;
  database: string;
  user: string;
  /** Whether the target schema is there, and the role may create in it. */
  schemaExists: boolean;
  mayCreate: boolean;
  /** Whether the role may create extensions, as far as they are trusted. */
  mayExtend: boolean;
  standby: boolean;
  readOnly: boolean;
  /** What the builders' unqualified names resolve in: extensions', too. */
  searchPath: string;
  /**
   * The same for longhand steps: the target schema, and of the extensions'
   * those that hold nothing else.
   */
  stepPath: string;
  /** Where indexes are that say nothing of it. */
  tablespace: string;
}

/** The kinds of pg_class.relkind that are not tables. */
const RELATION_KINDS: Record<string, string> = {
  v: "a view",
  m: "a materialized view",
  f: "a foreign table",
  S: "a sequence",
};

const ACTIONS: Record<string, string> = {
  c: "cascade",
  n: "set null",
  d: "set default",
  r: "restrict",
};

/** By pg_attribute's attidentity and attgenerated. */
const VALUE_SOURCES: Record<string, string> = {
  a: "GENERATED ALWAYS AS IDENTITY",
  d: "GENERATED BY DEFAULT AS IDENTITY",
  s: "GENERATED ALWAYS, STORED",
  v: "GENERATED ALWAYS, VIRTUAL",
};

/**
 * The search path is the target schema, and after it the schemas of the
 * installed extensions and of those that steps create, so that their types and operator classes are found
 * wherever the provider keeps them.
 */
function serverQuery(schema: string, extensions: Step[] = []): string {
  const name = literal(schema);
  const more = extensions.flatMap(({ schema }) => schema ?? []).map(bareName);
  const path = (where: string) =>
    `concat(quote_ident(${name}), (
      SELECT string_agg(', ' || quote_ident(s), '' ORDER BY s)
      FROM (SELECT nspname FROM pg_extension
          JOIN pg_namespace e ON e.oid = extnamespace WHERE ${where}
        UNION SELECT s FROM unnest(ARRAY[${more.map(literal)}]::name[]) s
        LEFT JOIN pg_namespace e ON nspname = s
        WHERE e.oid IS NULL OR ${where}) x (s)
      WHERE s NOT IN ('pg_catalog', ${name})), ', pg_temp')`;
  return `SELECT to_json(f) AS server FROM (SELECT version() AS banner,
    current_setting('server_version_num')::int AS version,
    current_setting('server_version') AS "versionText",
    current_database() AS database, current_user AS "user",
    n.oid IS NOT NULL AS "schemaExists",
    coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS "mayCreate",
    has_database_privilege(current_database(), 'CREATE') AS "mayExtend",
    pg_is_in_recovery() AS standby,
    current_setting('default_transaction_read_only') = 'on' AS "readOnly",
    (SELECT spcname FROM pg_tablespace s JOIN pg_database ON dattablespace = s.oid
      WHERE datname = current_database()) AS tablespace,
    ${
    path(`NOT EXISTS (SELECT FROM pg_depend d
        WHERE refclassid = 'pg_namespace'::regclass AND refobjid = e.oid
        AND classid <> 'pg_extension'::regclass
        AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classid
          AND x.objid = d.objid AND x.deptype = 'e'))`)
  } AS "stepPath",
    set_config('search_path', ${path("true")}, true) AS "searchPath"
    FROM (VALUES (1)) v LEFT JOIN pg_namespace n ON nspname = ${name}) f`;
}

/** The relations that steps name, and those that their foreign keys name. */
const NAMED = "(SELECT unnest(current_setting('sync.named')::oid[]))";

/** @param names by their schemas */
function namedQuery(names: Map<string, Set<string>>): string {
  const lists = [...names].map(([schema, names]) => [schema, [...names]]);
  return `WITH named AS (SELECT c.oid, relkind, indrelid
    FROM (SELECT key::name AS schema, json_array_elements_text(value)::name
      AS name FROM json_each(${
    literal(JSON.stringify(Object.fromEntries(lists)))
  })) w
    JOIN pg_namespace n ON nspname = schema
    JOIN pg_class c ON relnamespace = n.oid AND relname = name
    LEFT JOIN pg_index ON indexrelid = c.oid)
  SELECT set_config('sync.named', coalesce((SELECT array_agg(oid) FROM (
    SELECT coalesce(indrelid, oid) FROM named
    UNION SELECT confrelid FROM pg_constraint
      WHERE contype = 'f' AND conrelid IN (SELECT oid FROM named)
    UNION SELECT partdefid FROM pg_partitioned_table
      WHERE partdefid <> 0 AND partrelid IN (SELECT oid FROM named)) f (oid)
    )::text, '{}'), true) AS named`;
}

// A column that an older server lacks is found in the outer row, with the
// value that it would have.
const OLDER = `(SELECT false AS indnullsnotdistinct, NULL AS confdelsetcols,
  false AS conperiod, true AS conenforced) older`;

/** What an extension owns. */
const OWNERS = `(SELECT classid, objid, extname FROM pg_depend
  JOIN pg_extension e ON e.oid = refobjid WHERE deptype = 'e') o`;

// Only where anything is not as usual: most tables need no look.
const SHAPE = `CASE WHEN relkind = 'p' OR relispartition OR relam NOT IN (0, 2)
  OR reltablespace <> 0 OR reloptions IS NOT NULL OR EXISTS (SELECT FROM
    pg_class t WHERE t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL)
  THEN (SELECT json_build_object(
    'options', reloptions || ARRAY(SELECT 'toast.' || o FROM pg_class t,
      unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid),
    'using', (SELECT amname FROM pg_am WHERE oid = relam AND oid <> 2),
    'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = reltablespace),
    'bounds', CASE WHEN relispartition
      THEN pg_get_expr(relpartbound, c.oid) END,
    'strategy', CASE partstrat WHEN 'r' THEN 'range' WHEN 'l' THEN 'list'
      WHEN 'h' THEN 'hash' END,
    'columns', partattrs::int2[], 'opclasses', partclass::oid[],
    'expressions', pg_get_expr(partexprs, partrelid),
    'collations', ARRAY(SELECT nullif(id, 0)::regcollation::text
      FROM unnest(partcollation::oid[]) WITH ORDINALITY o (id, i) ORDER BY i),
    'types', ARRAY(SELECT format_type(opcintype, NULL)
      FROM unnest(partclass::oid[]) WITH ORDINALITY o (id, i)
      JOIN pg_opclass p ON p.oid = id ORDER BY i),
    'rest', nullif(partdefid, 0)::regclass)
    FROM (SELECT) x LEFT JOIN pg_partitioned_table ON partrelid = c.oid) END`;

/**
 * One query a kind, whose row has each part of the facts as a list of its own:
 * so the server makes them quickest.
 */
const FACTS: Record<string, string> = {
  relations: `json_agg(nspname) AS schema, json_agg(relname) AS name,
      json_agg(c.oid) AS oid, json_agg(relkind) AS kind,
      json_agg(pg_has_role(relowner, 'USAGE')) AS owned,
      json_agg(relpersistence = 'u') AS unlogged, json_agg(extname) AS extension,
      json_agg(coalesce((SELECT json_agg(inhparent ORDER BY inhseqno)
        FROM pg_inherits WHERE inhrelid = c.oid), '[]')) AS parents,
      json_agg(${SHAPE}) AS shape
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    LEFT JOIN ${OWNERS} ON objid = c.oid AND classid = 'pg_class'::regclass
    WHERE c.oid IN ${NAMED}`,
  columns: `json_agg(attrelid) AS relation, json_agg(attname) AS was,
      json_agg(attnum) AS number,
      json_agg(format_type(atttypid, atttypmod)) AS type,
      json_agg(CASE WHEN typcategory IN ('S', 'V')
        THEN format_type(atttypid, -1) END) AS wide,
      json_agg(attnotnull) AS "notNull", json_agg(conname) AS unproved,
      json_agg(CASE WHEN attcollation = typcollation THEN ''
        ELSE attcollation::regcollation::text END) AS collation,
      json_agg(CASE WHEN typcollation NOT IN
        (0, 'pg_catalog."default"'::regcollation)
        THEN typcollation::regcollation::text END) AS natural,
      json_agg(pg_get_expr(adbin, CASE attgenerated WHEN '' THEN 0
        ELSE attrelid END)) AS default,
      json_agg(attidentity) AS identity, json_agg(attgenerated) AS generated,
      json_agg(attinhcount > 0) AS inherited, json_agg(attstorage) AS storage,
      json_agg(typstorage) AS usual, json_agg(attcompression) AS compression,
      json_agg(coalesce(attstattarget, -1)::text) AS statistics,
      json_agg(CASE deptype WHEN 'i' THEN counter END) AS counter,
      json_agg(CASE deptype WHEN 'a' THEN sequence END) AS sequence
    FROM (SELECT * FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
      AND attrelid IN ${NAMED} OFFSET 0) a
    JOIN pg_type t ON t.oid = atttypid
    JOIN pg_class r ON r.oid = attrelid
      AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
    LEFT JOIN pg_attrdef ON atthasdef AND adrelid = attrelid AND adnum = attnum
    LEFT JOIN (SELECT conrelid, conkey[1] AS key, conname FROM pg_constraint
      WHERE contype = 'n' AND NOT convalidated) u
      ON conrelid = attrelid AND key = attnum
    LEFT JOIN (SELECT refobjid, refobjsubid, deptype, json_build_object(
        'schema', nspname, 'name', relname, 'type', format_type(seqtypid, NULL))
        AS sequence, json_strip_nulls(json_build_object(
        'increment', seqincrement::text, 'minimum', seqmin::text, 'maximum',
        seqmax::text, 'start', seqstart::text, 'cache', seqcache::text,
        'cycle', CASE WHEN seqcycle THEN 'yes' END, 'sequence name', relname,
        'oid', c.oid)) AS counter
      FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
      JOIN pg_namespace n ON n.oid = relnamespace
      JOIN pg_depend ON classid = 'pg_class'::regclass AND objid = seqrelid
        AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')) s
      ON refobjid = attrelid AND refobjsubid = attnum`,
  indexes: `json_agg(indrelid) AS relation, json_agg(relname) AS name,
      json_agg(indexrelid) AS oid, json_agg(indisvalid AND indisready) AS valid,
      json_agg(indisunique) AS unique,
      json_agg(CASE amname WHEN 'btree' THEN '' ELSE amname END) AS method,
      json_agg(indnkeyatts) AS keys, json_agg(indkey::int2[]) AS columns,
      json_agg(CASE WHEN indexprs IS NULL THEN '{}'
        WHEN array_length(array_positions(indkey::int2[], 0::int2), 1) = 1
        THEN ARRAY[pg_get_expr(indexprs, indrelid)]
        ELSE ARRAY(SELECT pg_get_indexdef(indexrelid, k, false)
          FROM generate_series(1, indnkeyatts) k WHERE indkey[k - 1] = 0)
        END) AS expressions,
      json_agg(indclass::oid[]) AS opclasses,
      json_agg(indoption::int2[]) AS order,
      json_agg(CASE WHEN indcollation::text ~ '[^01 ]'
        THEN ARRAY(SELECT nullif(id, 0)::regcollation::text
          FROM unnest(indcollation::oid[]) WITH ORDINALITY o (id, i)
          ORDER BY i) END) AS collations,
      json_agg(parameters) AS parameters,
      json_agg(coalesce(reloptions, '{}')) AS options,
      json_agg(distinct_nulls) AS nulls,
      json_agg(pg_get_expr(indpred, indrelid)) AS predicate,
      json_agg(coalesce(spcname, '')) AS tablespace
    FROM ${OLDER}, LATERAL (SELECT *, indnullsnotdistinct AS distinct_nulls
      FROM pg_index) x JOIN pg_class i ON i.oid = indexrelid
    JOIN pg_am m ON m.oid = i.relam
    LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
    LEFT JOIN (SELECT attrelid, json_object_agg(attnum, attoptions)
        AS parameters
      FROM pg_attribute WHERE attoptions IS NOT NULL GROUP BY 1) p
      ON attrelid = indexrelid
    WHERE indrelid IN ${NAMED}`,
  constraints: `json_agg(conrelid) AS relation, json_agg(conname) AS name,
      json_agg(c.oid) AS oid, json_agg(contype) AS type,
      json_agg(coalesce(conkey, '{}')) AS columns,
      json_agg(confrelid) AS parent, json_agg(confkey) AS "parentColumns",
      json_agg(confupdtype) AS "onUpdate", json_agg(confdeltype) AS "onDelete",
      json_agg(deleted) AS "onDeleteColumns", json_agg(confmatchtype) AS match,
      json_agg(condeferrable) AS deferrable, json_agg(condeferred) AS deferred,
      json_agg(convalidated) AS valid, json_agg(connoinherit) AS local,
      json_agg(period) AS temporal, json_agg(enforced) AS enforced,
      json_agg(conindid) AS index, json_agg(CASE contype WHEN 'c'
        THEN pg_get_expr(conbin, conrelid) END) AS condition,
      json_agg(CASE contype WHEN 'x' THEN ARRAY(SELECT oprname
        FROM unnest(conexclop) WITH ORDINALITY o (id, i)
        JOIN pg_operator p ON p.oid = id ORDER BY i) END) AS operators,
      json_agg(coninhcount > 0) AS inherited
    FROM ${OLDER}, LATERAL (SELECT *, to_json(confdelsetcols) AS deleted,
      conperiod AS period, conenforced AS enforced FROM pg_constraint) c
    -- One to a partitioned table has more, one for each partition.
    WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND conrelid IN ${NAMED}
      AND NOT EXISTS (SELECT FROM pg_constraint p
        WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)`,
  types: `json_agg(nspname) AS schema, json_agg(typname) AS name,
      json_agg(typtype) AS kind, json_agg(extname) AS extension,
      json_agg(coalesce((SELECT json_agg(enumlabel ORDER BY enumsortorder)
        FROM pg_enum WHERE enumtypid = t.oid), '[]')) AS labels
    FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
    LEFT JOIN ${OWNERS} ON objid = t.oid AND classid = 'pg_type'::regclass
    WHERE nspname IN (:schemas) AND typtype IN ('e', 'd', 'c', 'r')
      AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid
        AND relkind <> 'c')`,
  extensions: `json_agg(extname) AS name, json_agg(e.oid) AS oid,
      json_agg(nspname) AS schema, json_agg(extversion) AS version,
      json_agg(extrelocatable) AS relocatable
    FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace`,
  opclasses: `json_agg(oid) AS oid, json_agg(opcname) AS name,
      json_agg(opcdefault) AS usual
    FROM pg_opclass`,
  others: `json_agg(noun) AS noun, json_agg(nspname) AS schema,
      json_agg(CASE class WHEN 'pg_proc'::regclass THEN concat(name, '(',
        pg_get_function_identity_arguments(own), ')') ELSE name END) AS name,
      json_agg(own) AS oid, json_agg("on") AS "on"
    FROM (
      SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN
          'materialized view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS noun,
        relnamespace AS home, relname::text AS name, c.oid, NULL AS "on",
        'pg_class'::regclass AS class, c.oid AS own
      FROM pg_class c
      WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT relispartition
        AND c.oid NOT IN ${NAMED}
      UNION ALL
      SELECT CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
          ELSE 'function' END, pronamespace, proname, oid, NULL,
        'pg_proc'::regclass, oid
      FROM pg_proc
      UNION ALL
      SELECT CASE typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain'
          WHEN 'r' THEN 'range type' ELSE 'composite type' END, typnamespace,
        typname, t.oid, NULL, 'pg_type'::regclass, coalesce(c.oid, t.oid)
      FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
      WHERE typtype IN ('e', 'd', 'r') OR typtype = 'c' AND relkind = 'c'
      UNION ALL
      SELECT 'trigger', relnamespace, tgname, tgrelid, relname,
        'pg_class'::regclass, t.oid
      FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
      WHERE NOT tgisinternal AND tgparentid = 0
        AND tgfoid::regproc::text !~ '^_timescaledb'
      UNION ALL
      SELECT 'policy', relnamespace, polname, polrelid, relname,
        'pg_class'::regclass, p.oid
      FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
      UNION ALL
      SELECT 'rule', relnamespace, rulename, ev_class, relname,
        'pg_class'::regclass, r.oid
      FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
      WHERE rulename <> '_RETURN'
    ) f JOIN pg_namespace n ON n.oid = home
    WHERE nspname IN (:schemas) AND NOT EXISTS (SELECT FROM pg_depend
      WHERE deptype IN ('e', 'a', 'i') AND classid = class AND objid = f.oid
        AND (deptype = 'e' OR noun IN ('sequence', 'function')))`,
};

/**
 * Everything that steps name, as rows by kind. The names of the queries are
 * those of pg_catalog, looked up while nothing else is on the search path; what
 * they print is printed for the steps' path, which `server` sets in between.
 */
function factQueries(
  names: string[][],
  server: string,
  objects: string[],
): string[] {
  const named = new Map<string, Set<string>>();
  for (const [schema = "", name = ""] of names) {
    named.set(schema, (named.get(schema) ?? new Set()).add(name));
  }
  const schemas = [...named.keys()].map(literal).join(", ");
  const queries = Object.entries(FACTS).map(([kind, sql]) => [
    kind,
    `SELECT ${literal(kind)} AS facts, ${sql.replaceAll(":schemas", schemas)}`,
  ]);
  const numbered = numberedQueries(
    "object",
    objects.map((sql, i) => [i, `(${sql})::text`]),
  );
  numbered.forEach((sql, n) => queries.push([`objects_${n}`, sql]));
  return [
    namedQuery(named),
    "SET LOCAL cursor_tuple_fraction = 1",
    ...queries.map(([kind, sql]) =>
      `DECLARE sync_${kind} NO SCROLL CURSOR FOR ${sql}`
    ),
    server,
    ...queries.map(([kind]) => `FETCH ALL FROM sync_${kind}`),
    ...queries.map(([kind]) => `CLOSE sync_${kind}`),
  ];
}

/** The facts of a kind, which came part by part. */
function factsOf<T>(rows: Row[], kind: string): T[] {
  const found = rows.find((row) => row.facts === kind) ?? {};
  const parts = Object.entries(found as Record<string, unknown[] | null>)
    .slice(1);
  return (parts[0]?.[1] ?? []).map((_, i) => {
    const fact: Row = {};
    for (const [part, values] of parts) fact[part] = values?.[i];
    return fact as T;
  });
}

/** The rows of all kinds as facts. */
function readFacts(rows: Row[], schema: string): Catalog {
  interface Named {
    schema: string;
    name: string;
  }
  const sql = ({ schema: own, name }: Named) => sqlName([own, name], schema);
  const tables = new Map<string, TableFact>();
  const byOid = new Map<Oid, TableFact>();
  for (const fact of factsOf<TableFact & Named>(rows, "relations")) {
    const name = sql(fact);
    const parts = { columns: new Map(), indexes: new Map() };
    const table = {
      ...fact,
      ...parts,
      was: name,
      name,
      constraints: new Map(),
    };
    tables.set(name, table);
    byOid.set(fact.oid, table);
  }
  type Of<T> = T & { relation: Oid; name: string };
  const columns = factsOf<Of<ColumnFact>>(rows, "columns");
  for (const fact of columns.sort((a, b) => a.number - b.number)) {
    const { sequence } = fact;
    if (sequence) sequence.name = sql(sequence as unknown as Named);
    byOid.get(fact.relation)?.columns.set(fact.was, fact);
  }
  const indexes = factsOf<Of<IndexFact>>(rows, "indexes");
  for (const fact of indexes) {
    byOid.get(fact.relation)?.indexes.set(fact.name, fact);
  }
  for (const fact of factsOf<Of<ConstraintFact>>(rows, "constraints")) {
    byOid.get(fact.relation)?.constraints.set(fact.name, fact);
  }
  const of = <T>(kind: string) => factsOf<T & Named & { oid: Oid }>(rows, kind);
  return {
    tables,
    homes: Map.groupBy(indexes, ({ name }) => name),
    children: Map.groupBy(
      [...byOid.values()].flatMap(({ oid, parents }) =>
        parents.map((parent) => ({ parent, oid }))
      ),
      ({ parent }) => parent,
    ),
    types: new Map(of<TypeFact>("types").map((fact) => [sql(fact), fact])),
    extensions: new Map(
      of<ExtensionFact>("extensions").map((fact) => [fact.name, fact]),
    ),
    opclasses: new Map(
      of<{ usual: boolean }>("opclasses").map((fact) => [fact.oid, fact]),
    ),
    others: of<{ noun: string; on?: string }>("others").map((fact) => ({
      ...{ oid: fact.oid, name: bracket(fact.name)[0], sql: sql(fact) },
      described: `${fact.noun} ` +
        [fact.schema === schema ? [] : fact.schema, fact.on ?? [], fact.name]
          .flat().join("."),
    })),
  };
}

/** How a column is kept, in the words of SQL. */
function settingsOf(
  { storage, usual, compression, statistics }: ColumnFact,
): Parts {
  return {
    storage: STORAGE[storage] ?? "",
    usual: STORAGE[usual] ?? "",
    compression: COMPRESSION[compression] ?? "default",
    statistics,
  };
}

const STORAGE: Record<string, string> = {
  ...{ p: "plain", e: "external", x: "extended", m: "main" },
};
const COMPRESSION: Record<string, string> = { p: "pglz", l: "lz4" };

/** A name as SQL wants it where the target schema is the search path. */
function sqlName([schema = "", name]: string[], target: string): string {
  if (name === undefined) return id(schema);
  return schema === target ? id(name) : `${id(schema)}.${id(name)}`;
}

// ═══ SQL text ══════════════════════════════════════════════════════════════
//
// In comes the SQL that steps say; out go its clauses, as slices of that very
// text. One function blanks what is quoted, commented or in brackets, at equal
// length, so that plain regular expressions find the words that are SQL's own.
// What an expression or a type means is never decided here: the server is
// asked. What cannot be read is a fault that names it, never a clause lost.

/** What a column's text says. */
type ColumnSpec = ReturnType<typeof parseColumn>;

const parseColumn = once((text: string) => {
  const [[, written = ""] = [], ...clauses] = cut(text, COLUMN_CLAUSES);
  const find = (word: RegExp) => clauses.find(([head]) => word.test(head));
  const after = (word: RegExp) => find(word)?.[1];
  const serial = SERIALS[lower(written)];
  const type = serial ?? tidy(written);
  const identity = find(/identity$/)?.[0].split(" ")[1];
  const computed = after(/^generated .* as$/);
  const [, expression = "", kept = ""] = bracket(computed ?? "");
  const refused = find(/^(references|unique|check|constraint)$/);
  const key = find(/^primary key$/);
  const collation = tidy(after(/^collate$/) ?? "");
  const counted = bracket(after(/identity$/) ?? "");
  const settings = clauses.map(([head]) => head.split(" "))
    .filter(([word = ""]) => Object.hasOwn(SETTING_VALUES, word));
  const plain = withoutSettings(text);
  const [, unread] = clauses.find(([head, rest]) =>
    /^(not null|null|primary key|storage|compression|statistics)/.test(head) &&
    !isNothing(rest)
  ) ?? [, /^(stored|virtual)?$/i.test(tidy(kept)) ? undefined : kept];
  return {
    type,
    notNull: !!find(/^not null$/) || !!key || !!identity || !!serial,
    primaryKey: !!key,
    serial: !!serial,
    collation,
    default: realDefault(after(/^default$/)),
    // As pg_attribute has them: a or d, and s or v; "" for neither.
    identity: identity ? (identity === "always" ? "a" : "d") : "",
    // VIRTUAL is the default from PostgreSQL 18, and an error before.
    generated: computed ? (/^stored/i.test(kept) ? "s" : "v") : "",
    /** What a generated column computes. */
    expression: computed && strip(expression),
    /** The options of an identity column, and how a column is kept. */
    counter: sequenceOptions(counted[1]),
    settings: Object.fromEntries(settings) as Parts,
    /** The text without settings, which are statements of their own. */
    whole: tidy(plain),
    /** The same without PRIMARY KEY, and the type with its collation alone. */
    withoutKey: tidy(key ? hideKey(plain) : plain),
    bare: collation ? `${type} COLLATE ${collation}` : type,
    /** A clause that must be a step of its own, and text that says nothing. */
    refused: refused && tidy(refused.join(" ")),
    unread: (unread && tidy(unread)) ??
      (settings.find(([word = "", value = ""]) =>
        !SETTING_VALUES[word]?.test(value)
      )?.join(" ") || tidy(counted[0] + counted[2]) || undefined),
  };
});

const SETTING_VALUES: Record<string, RegExp> = {
  storage: /^(plain|external|extended|main|default)$/,
  compression: /^(pglz|lz4|default)$/,
  statistics: /^(-1|\d+)$/,
};

function withoutSettings(text: string): string {
  const said = /\b(?:storage|compression|statistics)\s+-?\w+\b/gi;
  let from = 0;
  return [...blanked(text).matchAll(said), undefined].map((found) => {
    const part = text.slice(from, found?.index);
    from = (found?.index ?? 0) + (found?.[0].length ?? 0);
    return part;
  }).join(" ");
}

/** The words that open a clause of a column's text; all of them are reserved. */
const COLUMN_CLAUSES = new RegExp(
  "(?<!\\bset\\s+)\\b(?:collate|not\\s+null|null|default\\s+null|default|" +
    "primary\\s+key|references|unique|check|constraint|" +
    "generated\\s+(?:always|by\\s+default)\\s+as(?:\\s+identity)?|" +
    "(?:storage|compression|statistics)\\s+-?\\w+)\\b",
  "gi",
);

const SERIALS: Record<string, string> = {
  smallserial: "smallint",
  serial2: "smallint",
  serial: "integer",
  serial4: "integer",
  bigserial: "bigint",
  serial8: "bigint",
};

/** NOT NULL in the place of PRIMARY KEY. */
function hideKey(text: string): string {
  const { index = 0, 0: word = "" } =
    /\bprimary\s+key\b/i.exec(blanked(text)) ?? {};
  const rest = text.slice(index + word.length);
  return `${text.slice(0, index)} NOT NULL ${rest}`.trim();
}

/** DEFAULT NULL is no default: PostgreSQL keeps none. */
function realDefault(value: string | undefined): string | undefined {
  return value === undefined || /^null(::.*)?$/i.test(strip(value))
    ? undefined
    : tidy(value);
}

/** What a step says of an index or a constraint, part by part. */
const parseDefinition = once((text: string) => {
  const clauses = clausesOf(text);
  return { clauses, ...readClauses(clauses, CLAUSE_PARTS) };
});

/** What each clause of an index or a constraint says; undefined for nothing. */
const CLAUSE_PARTS: Clauses = {
  "": keysIn,
  exclude: keyed({ kind: "exclude" }),
  unique: keyed({ kind: "unique" }),
  "primary key": keyed({ kind: "primary key" }),
  "foreign key": keyed({ kind: "foreign key" }),
  using: (rest) => {
    const [method, within] = bracket(rest);
    const keys = within && keysIn(rest.slice(method.length));
    return keys ? { ...keys, method: nameIn(method) } : undefined;
  },
  include: (rest) => ifBracketed(rest, { include: namesInBrackets(rest) }),
  with: (rest) => ifBracketed(rest, optionsIn(list(bracket(rest)[1]))),
  where: (rest) => ({ predicate: strip(rest) }),
  tablespace: readTablespace,
  "using index tablespace": readTablespace,
  "nulls not distinct": keyed({ nulls: "not distinct" }),
  "nulls distinct": keysIn,
  references: (rest) => {
    const [table, , after] = bracket(rest);
    if (!isNothing(after)) return undefined;
    const columns = namesInBrackets(rest);
    return { "referenced table": table, "referenced columns": columns };
  },
  match: (rest) => readWord("match", rest, ["full", "simple"]),
  "on delete": (rest) => {
    const [action, , after] = bracket(rest);
    const said = readWord("on delete", action, REFERENTIAL);
    const columns = namesInBrackets(rest);
    return said && isNothing(after)
      ? { ...said, "on delete columns": columns }
      : undefined;
  },
  "on update": (rest) => readWord("on update", rest, REFERENTIAL),
  deferrable: alone({ deferrable: "yes" }),
  "initially deferred": alone({ deferrable: "yes", initially: "deferred" }),
  "not enforced": alone({ enforced: "no" }),
  "not deferrable": alone({}),
  "initially immediate": alone({}),
  enforced: alone({}),
  // Those are the plan's to say.
  "not valid": () => undefined,
  concurrently: () => undefined,
};

const CLAUSES = headsOf(CLAUSE_PARTS);

const REFERENTIAL = [...Object.values(ACTIONS), "no action"];

function ifBracketed(rest: string, parts: Parts): Parts | undefined {
  const [before, , after] = bracket(rest);
  return isNothing(before + after) ? parts : undefined;
}

function readTablespace(rest: string): Parts | undefined {
  return tokenize(rest).length === 1 ? { tablespace: nameIn(rest) } : undefined;
}

function readWord(part: string, rest: string, known: string[]) {
  const word = lower(tidy(rest));
  return known.includes(word) ? { [part]: word } : undefined;
}

/** Words that the keys in brackets may follow. */
function keyed(parts: Parts): (rest: string) => Parts | undefined {
  return (rest) => {
    const keys = keysIn(rest);
    return keys && { ...parts, ...keys };
  };
}

/** Words that nothing may follow. */
function alone(parts: Parts): (rest: string) => Parts | undefined {
  return (rest) => isNothing(rest) ? parts : undefined;
}

/** What follows WHERE is its own, up to the end or the end of its brackets. */
const DEFERRAL = "(not )?deferrable|initially \\w+";
const STORED = "include|with|using index tablespace";

/** The clauses of each kind, beside its own word; all others are lost on it. */
const CLAUSES_OF: Record<string, RegExp> = {
  index: /^(unique|using|include|with|tablespace|where|nulls (not )?distinct)$/,
  unique: new RegExp(`^(nulls (not )?distinct|${STORED}|${DEFERRAL})$`),
  "primary key": new RegExp(`^(${STORED}|${DEFERRAL})$`),
  "foreign key": new RegExp(
    `^(references|match|on delete|on update|(not )?enforced|${DEFERRAL})$`,
  ),
  exclude: new RegExp(`^(using|where|${STORED}|${DEFERRAL})$`),
};

/** A clause or a key that its kind does not have. */
function strayClause(text: string, kind: string): string | undefined {
  const known = CLAUSES_OF[kind];
  const { clauses, parts } = parseDefinition(text);
  const stray = clauses.find(([word]) =>
    word && word !== kind && !known?.test(word)
  );
  if (stray) return tidy(`${stray[0].toUpperCase()} ${stray[1]}`);
  const keys = keysOf(parts);
  const odd = keys.findIndex((key, i) => {
    if (kind === "index") return parts[`operator ${i + 1}`];
    if (kind === "exclude") return !parts[`operator ${i + 1}`];
    return !isName(key) ||
      ["collation", "opclass", "order", "operator"].some((part) =>
        parts[`${part} ${i + 1}`]
      );
  });
  return odd < 0 ? undefined : describeKeys(parts);
}

function clausesOf(text: string): [string, string][] {
  const where = /\bwhere\b/i.exec(blanked(text));
  if (!where) return cut(text, CLAUSES);
  const rest = text.slice(where.index + where[0].length);
  const bracketed = /^\s*exclude\b/i.test(text);
  const end = bracketed ? rest.length - bracket(rest)[2].length : rest.length;
  return [
    ...cut(text.slice(0, where.index), CLAUSES),
    ["where", rest.slice(0, end)],
    ...cut(rest.slice(end), CLAUSES).slice(1),
  ];
}

/** What each word of a text says: a part of this name, or what it makes. */
type Clauses = Record<string, string | ((rest: string) => Parts | undefined)>;

/** The parts that words and what follows them say, and what says nothing. */
function readClauses(cuts: [word: string, rest: string][], words: Clauses) {
  const parts: Parts = {};
  let unread: string | undefined;
  for (const [word, rest] of cuts) {
    const read = words[word];
    const said = typeof read === "string"
      ? { [read]: rest || "yes" }
      : read?.(rest);
    if (!said) unread ??= tidy(`${word.toUpperCase()} ${rest}`);
    Object.assign(parts, dense(said ?? {}));
  }
  return { parts, unread };
}

/** Finds the words, the longest first. */
function headsOf(words: Clauses): RegExp {
  const heads = Object.keys(words).filter(Boolean).toSorted().toReversed();
  return RegExp(`\\b(?:${heads.join("|").replaceAll(" ", "\\s+")})\\b`, "gi");
}

/** Drops what says nothing. */
function dense(parts: Record<string, string | undefined | null>): Parts {
  const said: Parts = {};
  for (const part in parts) if (parts[part]) said[part] = parts[part];
  return said;
}

function namesInBrackets(text: string): string {
  return list(bracket(text)[1]).map((name) => id(nameIn(name))).join(", ");
}

/** `a = b` as a and b; no b where no sign stands. */
function assigned(text: string): [name: string, value: string | undefined] {
  const at = blanked(text).indexOf("=");
  return at < 0
    ? [text.trim(), undefined]
    : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** `fillfactor = '70'` as { "with fillfactor": "70" }. */
function optionsIn(options: string[]): Parts {
  return Object.fromEntries(
    options.map(assigned).map(([name, value]) => {
      const word = lower((value ?? "true").replaceAll("'", ""));
      return [
        `with ${lower(name)}`,
        { on: "true", off: "false" }[word] ?? word,
      ];
    }),
  );
}

/** The parameters of an operator class, in whatever order they were said. */
function sortOptions(options: string[]): string {
  return Object.entries(optionsIn(options))
    .map(([name, value]) => `${name.slice("with ".length)}=${value}`)
    .sort().join(",");
}

/** What SET assigns, by column; no value where it assigns several at once. */
export function readAssignments(set: string): Map<string, string | undefined> {
  return new Map(
    list(set).map(assigned).flatMap(([to, value]) =>
      to.startsWith("(")
        ? splitNames(bracket(to)[1]).map((name) => [name, undefined] as const)
        : [[nameIn(to), value] as const]
    ),
  );
}

/** The keys of an index or a constraint: `key 1`, `order 1`, `key 2`, … */
function keysIn(text: string): Parts | undefined {
  const [before, within, after] = bracket(text);
  if (!isNothing(before + after)) return undefined;
  const period = /\s+without\s+overlaps\s*$/i;
  const keys = list(within).map((key, i) => {
    if (isSimple(key)) return { [`key ${i + 1}`]: key };
    const temporal = period.test(blanked(key)) ||
      /^period\s+\S/i.test(blanked(key));
    const said = readKey(key.replace(period, ""), i + 1);
    return temporal ? { ...said, temporal: "yes" } : said;
  });
  return Object.assign({}, ...keys);
}

/** https://www.postgresql.org/docs/current/sql-createindex.html */
function readKey(text: string, n: number): Parts {
  const [[, subject = ""] = [], ...clauses] = cut(text, KEY_WORDS);
  const said = new Map(clauses);
  const last = said.get("collate") ?? subject;
  const { index = last.length } = OPCLASS.exec(blanked(last)) ?? {};
  const before = last.slice(0, index);
  const [opclass, options] = bracket(last.slice(index));
  const [key, collation] = said.has("collate") ? [subject, before] : [before];
  const desc = said.has("desc");
  const first = said.has("nulls first") || desc && !said.has("nulls last");
  const inner = strip(key);
  const isColumn =
    /^("(?:[^"]|"")*"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)$/;
  return dense({
    [`key ${n}`]: isColumn.test(inner) ? id(nameIn(inner)) : inner,
    [`collation ${n}`]: collation,
    [`opclass ${n}`]: nameIn(opclass),
    [`options ${n}`]: sortOptions(list(options)),
    [`order ${n}`]: orderOf(desc, first),
    [`operator ${n}`]: said.get("with")
      ?.replace(/^operator\s*\((.*)\)$/is, "$1").trim()
      .replace(/^pg_catalog\./i, ""),
  });
}

/** The words of a key; an operator class stands behind it or its collation. */
const KEY_WORDS = /\b(?:collate|asc|desc|nulls\s+(?:first|last)|with)\b/gi;

const OPCLASS = /\s[\w.\u0080-\uffff]+(?:\s*\(\s*\))?$/;

/** NULLS LAST is the default of ASC, and NULLS FIRST that of DESC. */
function orderOf(desc: boolean, first: boolean): string {
  const nulls = desc === first ? "" : first ? "NULLS FIRST" : "NULLS LAST";
  return [desc ? "DESC" : "", nulls].filter(Boolean).join(" ");
}

/** The columns that keys name, and nothing for expressions. */
function keyColumns(parts: Parts): string[] {
  return keysOf(parts).map((key) => isName(key) ? unquoted(key) : "");
}

function keysOf(parts: Parts): string[] {
  const keys: string[] = [];
  for (let n = 1; parts[`key ${n}`] !== undefined; n++) {
    keys.push(parts[`key ${n}`] ?? "");
  }
  return keys;
}

/** Whether a key is a column: id() has written it. */
function isName(key: string): boolean {
  return /^"/.test(key) ? /^"(?:[^"]|"")*"$/.test(key) : isSimple(key);
}

/** Names between commas, as the catalog has them. */
function splitNames(names = ""): string[] {
  return list(names).map(nameIn);
}

/**
 * Cuts a text where words stand.
 *
 * @returns each of these words and what follows it; "" is the beginning
 */
function cut(text: string, words: RegExp): [word: string, rest: string][] {
  const found = [...blanked(text).matchAll(words)];
  const ends = found.map((match) => match.index + match[0].length);
  return ["", ...found.map(([word]) => lower(word))].map((word, i) => [
    word,
    text.slice(ends[i - 1] ?? 0, found[i]?.index).trim(),
  ]);
}

/** A lexeme and where it stands; a blank is a space or a comment. */
interface Token {
  kind: "blank" | "string" | "name" | "other";
  text: string;
  start: number;
  end: number;
}

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
const TOKEN = new RegExp(
  [
    /(\s+|--[^\n]*|\/\*)/,
    /([eE]'(?:[^'\\]|''|\\[^])*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')/,
    /(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)/,
    /((?:[uU]&)?"(?:[^"]|"")*"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/,
    /\d[\w.]*(?:[eE][+-]?\d+)?|::|[-+*/<>=~!@#%^&|`?]+?(?=--|\/\*)/,
    /[-+*/<>=~!@#%^&|`?]+|[^]/,
  ].map((part) => part.source).join("|"),
  "y",
);

/** Steps say the same few things, and say them in each pass. */
function once<T, K = string>(read: (said: K) => T): (said: K) => T {
  const known = new Map<K, T>();
  return (said) => {
    let made = known.get(said);
    if (made === undefined) known.set(said, made = read(said));
    return made;
  };
}

/** All lexemes of a text, spaces and comments too. */
function lexemes(text: string): Token[] {
  const tokens: Token[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    TOKEN.lastIndex = start;
    const [raw = "", blank, quoted, dollars, name] = TOKEN.exec(text) ?? [];
    const string = quoted ?? dollars;
    end = start + raw.length;
    if (raw === "/*") end = endOfComment(text, start);
    if (dollars) {
      const close = text.indexOf(raw, end);
      end = close < 0 ? text.length : close + raw.length;
    }
    const kind = blank ? "blank" : string ? "string" : name ? "name" : "other";
    tokens.push({ kind, text: text.slice(start, end), start, end });
  }
  return tokens;
}

/** PostgreSQL's comments hold others. */
function endOfComment(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  for (let depth = 0, found; (found = marks.exec(text));) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

/** The lexemes' texts, the same for every spelling of them. */
function words(text: string): string[] {
  return tokenize(text).map(({ kind, text }) => {
    const quoted = /^"(.*)"$/s.exec(text)?.[1] ?? "";
    if (isSimple(quoted)) return quoted;
    return kind === "string" || text.endsWith('"') ? text : fold(text);
  });
}

/** The lexemes that say something. */
const tokenize = once((text: string): Token[] =>
  lexemes(text).filter(({ kind }) => kind !== "blank")
);

/**
 * The text at equal length: quotes as "_", and blanks for comments and for
 * what stands in brackets, or between CASE and END.
 */
function blanked(text: string): string {
  const all = /['"$([]|--|\/\*|[^\S ]|\b(?:case|end)\b/i.test(text);
  return all ? blank(text) : text;
}

const blank = once((text: string): string => {
  let depth = 0;
  // Where nothing is quoted, only brackets need to be told from the rest.
  if (!/['"$]|--|\/\*|\b(?:case|end)\b/i.test(text)) {
    return text.replace(/[([]|[)\]]|[^()[\]]+/g, (part) => {
      if (/^[)\]]/.test(part)) depth = Math.max(0, depth - 1);
      const shown = depth > 0 ? " ".repeat(part.length) : part;
      if (/^[([]/.test(part)) depth++;
      return shown.replace(/[^\S ]/g, " ");
    });
  }
  return lexemes(text).map(({ kind, text }) => {
    if (/^([)\]]|end)$/i.test(text)) depth = Math.max(0, depth - 1);
    const hidden = kind === "blank" || depth > 0;
    if (/^([([]|case)$/i.test(text)) depth++;
    if (hidden) return " ".repeat(text.length);
    const quoted = kind === "string" || text.endsWith('"');
    return quoted ? "_".repeat(text.length) : text;
  }).join("");
});

function lower(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, " ").trim();
}

/** What stands between the commas. */
function list(text = ""): string[] {
  return isNothing(text) ? [] : cut(text, /,/g).map(([, part]) => part);
}

/** Whether there is nothing but spaces and comments. */
function isNothing(text: string): boolean {
  return !/^\s*[^\s\-/]/.test(text) && tokenize(text).length === 0;
}

/** A text's first brackets: what stands before, in and after them. */
function bracket(
  text: string,
): [before: string, within: string, after: string] {
  const plain = blanked(text);
  const open = plain.indexOf("("), close = plain.indexOf(")", open);
  if (open < 0 || close < 0) return [text.trim(), "", ""];
  const after = text.slice(close + 1).trim();
  return [text.slice(0, open).trim(), text.slice(open + 1, close), after];
}

/** Without comments, and without the brackets around the whole. */
function strip(text: string): string {
  for (let inner = tidy(text);;) {
    if (!inner.startsWith("(")) return inner;
    if (!/^\(\s*\)$/.test(blanked(inner))) return inner;
    inner = inner.slice(1, -1).trim();
  }
}

/** One line, with strings left as they are; no comments. */
function tidy(text: string): string {
  if (!/^\s|\s$|['"$]|--|\/\*|[^\S ]| {2}|\( | \)/.test(text)) return text;
  const tokens = tokenize(text);
  return tokens.map((token, i) => {
    const next = tokens[i + 1];
    if (!next || next.start === token.end) return token.text;
    // Two strings are one where a line ends between them.
    const between = text.slice(token.end, next.start);
    const joined = /'$/.test(token.text) && /^'/.test(next.text);
    if (joined && between.includes("\n")) return `${token.text}\n`;
    const tight = token.text === "(" || next.text === ")";
    return token.text + (tight ? "" : " ");
  }).join("");
}

const plainly = once((text: string): string => words(strip(text)).join(" "));

/** PostgreSQL folds nothing but A to Z. */
function fold(name: string): string {
  return /[A-Z]/.test(name)
    ? name.replaceAll(/[A-Z]/g, (c) => c.toLowerCase())
    : name;
}

/** A name of SQL, taken apart at its dots. */
function namePath(text: string): string[] {
  return tokenize(text).filter(({ text }) => text !== ".")
    .map(({ text }) => unquoted(text));
}

/** A name of SQL as the catalog holds it, without its schema. */
function nameIn(text = ""): string {
  return isSimple(text) ? text : namePath(text).at(-1) ?? "";
}

function unquoted(name: string): string {
  return name.startsWith('"')
    ? name.slice(1, -1).replaceAll('""', '"')
    : fold(name);
}

/** All names that a text may mean, in the catalog's form. */
const namesIn = once((text: string): Set<string> =>
  new Set(
    tokenize(text).filter(({ kind }) => kind === "name")
      .map(({ text }) => unquoted(text)),
  )
);

/** Every name that SQL may hold, its strings and bodies included. */
function wordsIn(sql: string): string[] {
  const words = sql.matchAll(/"((?:[^"]|"")+)"|[\p{L}_][\p{L}\p{N}_$]*/gu);
  const names = [...words].flatMap(([word, quoted]) =>
    quoted ? [quoted.replaceAll('""', '"')] : [word, word.toLowerCase()]
  );
  return [...new Set(names)];
}

function isSimple(name: string): boolean {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name);
}

/** A name as SQL wants it: quoted where it must be. */
function id(name: string): string {
  return isSimple(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/**
 * A name as steps write it, taken apart: `events`, `audit.events`, `"a.b"`.
 *
 * @returns a name alone, or its schema and name; what is neither is a name
 */
function parseName(text: string): string[] {
  return /^\w+$/.test(text) ? [text] : parsePath(text);
}

const parsePath = once((text: string): string[] => {
  const part = /"((?:[^"]|"")*)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/
    .source;
  const whole = new RegExp(`^(?:(?:${part})\\.)?(?:${part})$`, "s").exec(text);
  if (!whole) return [text];
  const [, quotedSchema, schema, quoted, name] = whole;
  return [quotedSchema ?? schema, quoted ?? name]
    .flatMap((name) => name === undefined ? [] : [name.replaceAll('""', '"')]);
});

/** A string as SQL wants it, whatever standard_conforming_strings is. */
function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}

/** A value as JSON; what JSON lacks, as PostgreSQL reads it. */
function toJson(value: unknown): string {
  if (typeof value === "bigint") return `${value}`;
  if (typeof value === "number" && !Number.isFinite(value)) return `"${value}"`;
  if (value instanceof Uint8Array) return JSON.stringify(`\\x${hexOf(value)}`);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (!isPlain(value)) return JSON.stringify(value) ?? "null";
  const members = columnsOf(value)
    .map((name) => `${JSON.stringify(name)}:${toJson(value[name])}`);
  return `{${members.join(",")}}`;
}

/** An object without a class and without a JSON form of its own. */
function isPlain(value: unknown): value is Values {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) &&
    typeof (value as Values).toJSON !== "function";
}

/** Why a row cannot hold it, or a member of it; none where it can. */
function valueFault(value: unknown, nested = false): string | undefined {
  const inside = (values: unknown[], nested: boolean) =>
    values.map((value) => valueFault(value, nested)).find((why) => why);
  if (Array.isArray(value)) return inside(value, nested);
  if (isPlain(value)) return inside(Object.values(value), true);
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "the date is invalid" : undefined;
  }
  if (value instanceof Uint8Array) {
    return nested ? "JSON has no bytes: write them as text" : undefined;
  }
  const odd = (what: string) => `a ${what} cannot be a value of a row`;
  switch (typeof value) {
    case "string":
      return value.includes("\0") || !value.isWellFormed()
        ? "PostgreSQL's text cannot hold NUL or half of a surrogate pair"
        : undefined;
    case "number":
      if (nested && !Number.isFinite(value)) return `JSON has no ${value}`;
      return Number.isInteger(value) && !Number.isSafeInteger(value) &&
          Math.abs(value) < 1e21
        ? "a number this large may have lost digits: write a BigInt, 1n"
        : undefined;
    case "object":
      return value && typeof (value as Values).toJSON !== "function"
        ? odd(value.constructor.name)
        : undefined;
    case "function":
    case "symbol":
      return odd(typeof value);
  }
}

function rowFaults(key: string[], rows: Values[]): (string | false)[] {
  const seen = new Map<string, number>();
  return rows.flatMap((row, i) => {
    const at = `row ${i + 1}`;
    const lacks = key.some((column) =>
      !Object.hasOwn(row, column) || row[column] === undefined
    );
    if (lacks) return [`a row lacks its key (${key.join(", ")})`];
    const faults = Object.entries(row).flatMap(([column, value]) => {
      const why = valueFault(value);
      return why ? [`${at}, column "${column}": ${why}`] : [];
    });
    if (faults.length > 0) return faults;
    const values = toJson(key.map((column) => row[column]));
    const before = seen.get(values);
    seen.set(values, i + 1);
    return [before !== undefined && `${at} has the key of row ${before}`];
  });
}

/** https://www.postgresql.org/docs/current/sql-keywords-appendix.html */
const RESERVED = new Set((
  "all analyse analyze and any array as asc asymmetric authorization " +
  "binary both case cast check collate collation column concurrently " +
  "constraint create cross current_catalog current_date current_role " +
  "current_schema current_time current_timestamp current_user default " +
  "deferrable desc distinct do else end except false fetch for foreign " +
  "freeze from full grant group having ilike in initially inner intersect " +
  "into is isnull join lateral leading left like limit localtime " +
  "localtimestamp natural not notnull null offset on only or order outer " +
  "overlaps placing primary references returning right select " +
  "session_user similar some symmetric system_user table tablesample then " +
  "to trailing true union unique user using variadic verbose when where " +
  "window with"
).split(" "));

/** What outlives a step, or takes the transaction away that it runs in. */
const SESSION_FAULTS: [RegExp, string][] = [
  [
    /^(begin|start transaction|commit|end|rollback|abort|savepoint|release|prepare transaction|set transaction|set session characteristics)\b/,
    "leave it out: an apply begins and ends the transactions itself",
  ],
  [
    /^(set (session |local )?(role|session authorization)|reset (role|session authorization))\b/,
    "leave it out: connect as that role, or ALTER … OWNER TO it",
  ],
  [
    /^set (session |local )?search_path\b/,
    "leave it out: names without a schema belong to the target schema; " +
    "write others with theirs",
  ],
  [
    /^(set (?!local\b|constraints\b)|reset|discard)/,
    "leave it out, or write SET LOCAL: what it sets outlives the step",
  ],
  [
    /\bset_config \((?=.*, false \))/,
    "leave it out, or give it true as its last argument: what it sets " +
    "outlives the step",
  ],
  [
    /^copy .*\b(from stdin|to stdout)\b/,
    "write INSERT instead: a step cannot send or receive COPY's rows",
  ],
];

/** What a step's SQL, and that of its DO blocks, may not say. */
function sessionFaults(text: unknown): string[] {
  if (typeof text !== "string") return [];
  const all = statementsOf(text);
  const inside = all.filter(([first]) => first === "do").flatMap(blockOf);
  return [...all, ...inside].flatMap((words) => {
    const isString = (word: string) => /^(\$.*\$|'|[eE]')/s.test(word);
    const said = words.map((word) => isString(word) ? "''" : word).join(" ");
    return SESSION_FAULTS.filter(([what]) => what.test(said)).slice(0, 1)
      .map(([what, instead]) => {
        const clause = what.exec(said)?.[0].replace(/ \($/, "").trim();
        return `its alter has ${clause?.toUpperCase()}: ${instead}`;
      });
  });
}

/** The words of each statement; a body after BEGIN ATOMIC belongs to its own. */
function statementsOf(text: string): string[][] {
  const statements: string[][] = [[]];
  let parentheses = 0, blocks = 0;
  words(text).forEach((word, i, all) => {
    if (word === "(") parentheses++;
    if (word === ")") parentheses--;
    if (word === "atomic" && all[i - 1] === "begin") blocks = 1;
    else if (blocks > 0 && word === "case") blocks++;
    else if (blocks > 0 && word === "end") blocks--;
    if (word !== ";" || parentheses + blocks > 0) statements.at(-1)?.push(word);
    else statements.push([]);
  });
  return statements;
}

/** The statements of a DO block; where its END stands is no matter. */
function blockOf(words: string[]): string[][] {
  const at = words.indexOf("language");
  if (at >= 0 && words[at + 1] !== "plpgsql") return [];
  const quoted = words.find((word) => /^(\$|[eE]?')/.test(word)) ?? "";
  const opening = ["begin", "then", "else", "loop", ">>"];
  return statementsOf(unstring(quoted)).map((statement) => {
    const after = statement.findLastIndex((word) => opening.includes(word));
    return statement.slice(after + 1);
  }).filter(([first = ""]) => first !== "end");
}

/** Callers are not always type checked, so what is no text is a fault. */
function isText(text: unknown): text is string {
  return typeof text === "string" && text.trim() !== "";
}

function textFaults(what: string, ...texts: unknown[]): (string | false)[] {
  return texts.map((text) => !isText(text) && `${what} is missing`);
}

/** Faults of names that stand for themselves: columns, constraints, labels. */
function nameFaults(...names: unknown[]): (string | false)[] {
  return names.map((name) =>
    !isText(name) ? "a name is missing" : byteLength(name) > 63 &&
      `the name "${name}" has ${byteLength(name)} bytes; PostgreSQL keeps 63`
  );
}

/** Faults of names that may say their schema. */
function pathFaults(...names: unknown[]): (string | false)[] {
  return names.flatMap((name) =>
    nameFaults(...typeof name === "string" ? parseName(name) : [name])
  );
}

function columnFaults(table: string, column: string, text: string): Fault[] {
  if (text === "") return [`column "${column}" has no type`];
  const missing = [
    ...nameFaults(column),
    ...textFaults(`the text of column "${column}"`, text),
  ];
  if (!isText(text)) return missing;
  const { type, refused, unread } = parseColumn(text);
  return [
    ...missing,
    !type && `column "${column}" has no type`,
    refused && inlineFault(table, column, refused),
    unread && `column "${column}" has a part that cannot be read: ${unread}`,
  ];
}

function inlineFault(table: string, column: string, refused: string): string {
  const clause = refused.split(/\s/)[0]?.toUpperCase();
  const instead: Record<string, string> = {
    REFERENCES: `addForeignKey("${table}", "${table}_${column}_fkey", ` +
      `"(${column}) ${refused.replace(/^references/, "REFERENCES")}")`,
    UNIQUE: `addUnique("${table}", "${table}_${column}_key", "(${column})")`,
    CHECK: `addCheck("${table}", "${table}_${column}_check", "…")`,
  };
  return `column "${column}" has an inline ${clause}, and what has no name ` +
    `cannot be checked: write ${instead[clause ?? ""] ?? "a step"}`;
}

/** @param whole the text with the words before it, where there are some */
function definitionFaults(text: string, whole = text): Fault[] {
  const faults = textFaults("its definition", text);
  if (faults.some(Boolean)) return faults;
  const { parts, unread } = parseDefinition(whole);
  // A constraint's own word stands before its text.
  const kind = lower(whole.slice(0, whole.length - text.length)) || "index";
  const stray = unread ?? strayClause(whole, kind);
  return [
    /^\s*CREATE\b/i.test(text)
      ? "its text starts with CREATE: write only what follows the table's name"
      : /\b(concurrently|not\s+valid)\b/i.test(blanked(whole))
      ? "it has CONCURRENTLY or NOT VALID: leave that to the plan"
      : parts.temporal
      ? "it is temporal (WITHOUT OVERLAPS, PERIOD): write it as a step(…)"
      : stray && `it has a part that cannot be read: ${stray}`,
  ];
}

function byteLength(text: string): number {
  // No character has more than three bytes for its UTF-16 unit.
  if (text.length <= 21) return text.length;
  return new TextEncoder().encode(text).length;
}

async function sha256(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => hex(byte, 2)).join("");
}

/** @param digits how many it has at least */
function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, "0");
}

/** Of things that depend on something, those that are there. */
function given<T>(...things: (T | "" | false | null | undefined)[]): T[] {
  return things.filter((thing): thing is T => !!thing);
}

/** "1 row", "2 rows". */
function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

// ═══ Changes ═══════════════════════════════════════════════════════════════
//
// What a change is: its statement with phase, locks, work, effect and undo, and
// what that means for those who use the database meanwhile; what a line of the
// report is, and what a plan is. Types and tables alone; nothing is done here.

/** In the order in which they run; see the guide. */
export type Phase = "prepare" | "expand" | "online" | "contract";

const PHASES: Phase[] = ["prepare", "expand", "online", "contract"];

/**
 * The table locks that statements take, the strongest first: what each keeps
 * others from doing, where it is not DDL alone that would wait, and the weakest
 * that it must wait for itself.
 * https://www.postgresql.org/docs/current/explicit-locking.html
 */
const LOCKS = {
  "ACCESS EXCLUSIVE": ["reads and writes", "ACCESS SHARE"],
  "EXCLUSIVE": ["writes", "ROW SHARE"],
  "SHARE ROW EXCLUSIVE": ["writes", "ROW EXCLUSIVE"],
  "SHARE": ["writes", "ROW EXCLUSIVE"],
  "SHARE UPDATE EXCLUSIVE": ["no reads or writes", "SHARE UPDATE EXCLUSIVE"],
  "ROW EXCLUSIVE": ["", "SHARE"],
  "ROW SHARE": ["", "EXCLUSIVE"],
  "ACCESS SHARE": ["", "ACCESS EXCLUSIVE"],
} as const;

type Mode = keyof typeof LOCKS;

/** What takes time in proportion to the first table, and its MB a second. */
const WORK = {
  scan: { how: "while it scans it", rate: 200 },
  build: { how: "while it builds an index", rate: 50 },
  "build online": { how: "while it scans it twice", rate: 40 },
  rewrite: { how: "while it rewrites it", rate: 20 },
  batches: { how: "of one batch at a time", rate: 10 },
};

type Work = keyof typeof WORK;

/** What a longhand step says of its locks: "tasks: SHARE for an instant". */
function readLocks(db: Planner, text: string): Lock[] {
  const [, names = "", mode = ""] = /^(.*?): ([A-Z ]+)(?: .*)?$/.exec(text) ??
    [];
  return !(mode in LOCKS) ? [] : list(names).map((name) => ({
    table: sqlName(namePath(name), db.schema),
    mode: mode as Mode,
  }));
}

/** SQLSTATEs that say that a thing which a check names does not exist. */
const MISSING_OBJECT = ["3F000", "42703", "42704", "42883", "42P01"];

/**
 * The strongest lock of a statement on a table; one on a partitioned table is
 * also one on its partitions.
 */
interface Lock {
  /** As SQL names it. */
  table: string;
  mode: Mode;
  /** Not on its partitions. */
  only?: true;
}

/** One statement that a step asks for; constructors declare what it does. */
interface ChangeSpec {
  phase: Phase;
  sql: string;
  /** SQL that takes it back; a comment where nothing can, and "" for no need. */
  undo: string;
  /** Its locks on tables; what takes time is about the first. */
  locks?: Lock[];
  /** The same in words, where a longhand step says it. */
  lock?: string;
  /** What takes time in proportion to the table; an instant without it. */
  work?: Work;
  /** The same in words, where there is more to say of it. */
  how?: string;
  /** What a running application notices of it. */
  effect?: string;
  /** What `--allow` must name. */
  hazard?: string;
  /** Values may be others after it. */
  lossy?: boolean;
  /** Runs outside a transaction. */
  alone?: boolean;
  /** It may need what stands before it, and others may need it. */
  keepsPlace?: boolean;
  /** The build of an index, with all names whole: what stands where. */
  build?: Record<"head" | "table" | "unique" | "keys" | "index", string>;
  /** Writes rows, and comes before the constraints that need them. */
  early?: boolean;
  /** An UPDATE that runs in batches. */
  fill?: Fill;
  /** From then on those fail who write rows without a value in this column. */
  refuses?: At;
  /** Runs where rows violate it, so that no writer goes on failing. */
  retreat?: string;
  /** Its place among others of its phase: earlier is less. */
  rank?: number;
  /** A new table, whose statement takes constraints along. */
  body?: TableBody;
  /** A constraint as CREATE TABLE takes it, and the key that it refers to. */
  clause?: { sql: string; refersTo?: Key };
  /** The columns of the key that it makes. */
  keys?: string[];
}

/** A new table's statement: its lines, and what stands around them. */
interface TableBody {
  head: string;
  lines: string[];
  tail: string;
}

/** Columns of a table, as SQL names it, that a foreign key refers to. */
interface Key {
  table: string;
  columns: string[];
}

/** What a backfill writes, and where. */
interface Fill {
  table: string;
  set: string;
  where: string;
  /** Rows may be left, whose writers or whose default say so. */
  partly?: boolean;
}

/** What a statement means for those who use the database meanwhile. */
interface Impact extends Pick<ChangeSpec, "lock" | "work" | "how" | "effect"> {
  /** What its lock keeps others from doing. */
  blocks?: string;
  /**
   * The tables that stand and that it locks, with an estimate of their rows:
   * none where PostgreSQL has never counted them.
   */
  tables: LockedTable[];
  /** About how long it works, in seconds; none where it is but an instant. */
  seconds?: number;
  /** That its tables are small, and whether it is no hazard for that. */
  small?: string;
  /** The relations that were there before and that it may lock. */
  home: string[];
}

interface LockedTable extends Lock {
  /** What reports call it. */
  name: string;
  rows: number | null;
  bytes: number;
}

/** A statement in a plan, and where it comes from. */
export interface Change extends Omit<ChangeSpec, "locks">, Impact {
  object: string;
  verb: string;
  /** Which of several statements for the object, as " (2 of 4)". */
  part: string;
  /** Lists the keys of the rows that make it fail. */
  query?: string;
  section: string;
  step: Step;
  /** The table of its step, as SQL names it, and whether it goes with that. */
  on: string;
  goes: boolean;
  /** The CREATE TABLE that takes it along. */
  within?: Change;
}

/** One line of the report. */
export interface Item {
  mark: "in place" | "change" | "issue";
  object: string;
  text: string;
  /** Further lines, each with its label. */
  details: [string, string][];
  /**
   * A conflict may be allowed, a privilege must be granted, rows must be
   * mended; a situation, and what could not be looked at, stop no apply.
   */
  reason?: "conflict" | "privilege" | "rows" | "unchecked" | "situation";
  /** Which build of an index an apply waits for. */
  builder?: string;
  changes: Change[];
}

/** A line of an item, which is left out where it has no text. */
type Detail = [label: string, text: string | null | undefined];

/** What a person must look at. */
function issueOf(
  object: string,
  text: string,
  details: Detail[],
  more: Pick<Item, "reason" | "builder"> = {},
): Item {
  const lines = details.filter((line): line is [string, string] =>
    line[1] !== null && line[1] !== undefined
  );
  return { mark: "issue", object, text, details: lines, changes: [], ...more };
}

/** All changes for one database, in the order in which they would run. */
export interface Plan {
  server: Server;
  sections: { title: string; items: Item[] }[];
  changes: Change[];
  issues: Item[];
  inPlace: number;
  digest: string;
  /** Whether all of it runs as one transaction. */
  single: boolean;
  /** What stands in the schemas of the steps, and in none of them. */
  unnamed: string[];
}

/** One part in which a step and the database differ; none has no text. */
interface Difference {
  part: string;
  step: string | undefined;
  database: string | undefined;
}

interface Conflict {
  step: string;
  database: string;
  fix: string;
  differences?: Difference[];
}

/** A row as the client gives it: JSON is parsed. */
type Row = Record<string, unknown>;

/** A node of a plan, as EXPLAIN prints it in JSON. */
interface PlanNode {
  "Output": string[];
  "Filter"?: string;
  "Total Cost"?: number;
  "Plans"?: PlanNode[];
}

/** What the server answered, by the SQL of the question. */
type Answers = Map<string, unknown>;

/**
 * How a question is asked: comparisons; scalar queries of the catalogs alone
 * (see `underCatalog`), of tables and what steps say of their rows, and those of
 * longhand steps, which see the target schema alone; EXPLAINs.
 */
type Asked = "pairs" | "values" | "rows" | "checks" | "plans";

/** How PostgreSQL prints both sides of a comparison. */
type Prints = [left: string, right: string];

const EXPLAIN = "EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON)";

/** Parts whose text PostgreSQL has to compare, in the scope of a table. */
const EXPRESSIONS = /^(key \d+|predicate|condition|expression)$/;

/** Parts of keys, which a report shows together. */
const KEY_PARTS = /^(key|collation|opclass|options|order|operator) \d+$/;

// ═══ Planner ═══════════════════════════════════════════════════════════════
//
// In come the facts and the answers so far; out go questions, what a step finds
// to be the same, and the changes that it asks for. A verb is given the planner
// and nothing else. What the plan promises is kept in copies of the facts, so
// that later steps build on it. Here is also what compares: PostgreSQL prints
// both sides, or plans both. Nothing is sent from here but in `answer`.

/** What the steps ask of the database, and ask to change. */
class Planner {
  /** What the answers lack. */
  readonly open = new Map<string, Asked>();
  /** The oids of what steps name, and the names of their enums. */
  readonly seen = new Set<string>();
  /** The answers that were taken for granted, by the question. */
  readonly expected = new Map<string, string>();
  /** What the data must be like for the changes to succeed. */
  readonly checks: PreflightCheck[] = [];
  readonly coming = new Coming(this);
  readonly schema: string;
  readonly single: boolean;
  readonly safeBelow: number;
  readonly catalog: Catalog;
  readonly #answers: Answers;
  readonly #tables: Map<string, TableFact>;
  /** As the plan makes them. */
  readonly types: Map<string, TypeFact>;
  readonly extensions: Map<string, ExtensionFact>;
  readonly #byOid: Map<Oid, string>;
  /** What was found of types, by the one and the other. */
  readonly #sameTypes = new Map<string, Map<string, boolean>>();
  /** The tables that this plan has a copy of. */
  readonly #own = new Set<TableFact>();
  /** What the steps define or decide, by its key. */
  readonly #steps: Map<string, Step>;
  readonly server: Server;
  /** Constraints that steps drop, with their tables or alone. */
  readonly dropped: Set<Oid>;
  /** The SQL of drops and longhand steps. */
  readonly removing: string[] = [];
  grants?: Map<string, string[]>;
  #section = "";
  #step!: Step;
  #all?: Step[];
  /** The names in each of the longhand steps. */
  #longhand?: Set<string>[];
  #items: Item[] = [];

  constructor(
    { facts, server }: Reading,
    answers: Answers,
    steps: Map<string, Step>,
    { schema, single, safeBelow = 0 }: Pick<
      PlanOptions,
      "schema" | "single" | "safeBelow"
    >,
  ) {
    this.catalog = facts;
    this.server = server;
    this.#answers = answers;
    this.#steps = steps;
    this.schema = schema;
    this.single = single;
    this.safeBelow = safeBelow;
    this.#tables = new Map(facts.tables);
    this.types = new Map(facts.types);
    this.extensions = new Map(facts.extensions);
    this.dropped = new Set(
      [...steps.values()].flatMap(({ verb, table = "", constraint = "" }) => {
        const known = this.table(table)?.constraints;
        return verb === "dropTable"
          ? [...known?.values() ?? []].map(({ oid }) => oid)
          : verb === "dropConstraint"
          ? known?.get(bareName(constraint))?.oid ?? []
          : [];
      }),
    );
    this.#byOid = new Map(
      [...facts.tables].map(([name, { oid }]) => [oid, name]),
    );
  }

  /** Runs one step's check, and returns the lines that it makes. */
  run(section: string, step: Step): Item[] {
    this.#section = section;
    this.#step = step;
    this.#items = [];
    const before = this.checks.length;
    const { extension } = this.table(step.table ?? "") ?? {};
    try {
      VERBS[step.verb]?.plan(this, step as Said);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      // The rest of the step hangs on what is not known.
      this.checks.length = before;
      const who = this.#answers.get(HOLDER);
      this.#items = [
        error.why
          ? issueOf(step.name, "was not checked", [
            ["why", error.why],
            ["query", tidy(error.query)],
            ["fix", "fix the enum first"],
          ], { reason: "conflict" })
          : notAnswered(step, error.query, `${who ?? ""}`),
      ];
    }
    // Rows may be added to what an extension keeps; the rest is its own.
    const changes = this.#items.some(({ mark }) => mark === "change");
    if (extension && changes && !/^(backfill|insertMissing)$/.test(step.verb)) {
      this.#items = [];
      ownedByExtension(this, step.name, extension);
    }
    if (this.#items.length > 0) return this.#items;
    const { name: object, verb: text } = step;
    return [{ mark: "in place", object, text, details: [], changes: [] }];
  }

  // ── Facts, and what the plan has promised ──

  /** A name of a step as SQL wants it. */
  sql = once((name) => {
    const parts = parseName(name);
    return sqlName(parts.length > 0 ? parts : [name], this.schema);
  });

  /** The same with its schema, for what runs outside a transaction. */
  qualified(name: string): string {
    const [first = "", second] = parseName(name);
    return second === undefined
      ? `${id(this.schema)}.${id(first)}`
      : `${id(first)}.${id(second)}`;
  }

  table(name: string): TableFact | undefined {
    return this.#tables.get(this.sql(name));
  }

  /** The table as the plan makes it: a copy, to promise things in. */
  own(name: string): TableFact {
    const key = this.sql(name);
    const fact = this.#tables.get(key) ?? {
      ...{ was: "", name: key, oid: "", kind: "r", owned: true },
      ...{ unlogged: false, parents: [], shape: null, columns: new Map() },
      ...{ indexes: new Map(), constraints: new Map() },
    };
    if (this.#own.has(fact)) return fact;
    const copy: TableFact = {
      ...fact,
      columns: new Map(fact.columns),
      indexes: new Map(fact.indexes),
      constraints: new Map(fact.constraints),
    };
    this.#own.add(copy);
    this.#tables.set(key, copy);
    return copy;
  }

  tableOf(oid: Oid): TableFact | undefined {
    return this.#tables.get(this.#byOid.get(oid) ?? "");
  }

  tables(): Iterable<TableFact> {
    return this.#tables.values();
  }

  forget(name: string) {
    this.#tables.delete(this.sql(name));
  }

  rename(from: string, to: string) {
    const table = this.own(from);
    this.forget(from);
    table.name = this.sql(to);
    this.#tables.set(table.name, table);
    this.#byOid.set(table.oid, table.name);
  }

  column({ table, column }: At): ColumnFact | undefined {
    return this.table(table)?.columns.get(column);
  }

  /** An index by its own name, whichever table has it, and that table. */
  index(name: string): { table: TableFact; fact: IndexFact } | undefined {
    const own = lastName(name);
    for (const { relation } of this.catalog.homes.get(own) ?? []) {
      const table = this.tableOf(relation), fact = table?.indexes.get(own);
      if (table && fact && this.beside(table, own) === this.sql(name)) {
        return { table, fact };
      }
    }
  }

  /** The tables that inherit from it, partitions included. */
  childrenOf({ oid }: TableFact): TableFact[] {
    const found = this.catalog.children.get(oid) ?? [];
    return found.flatMap(({ oid }) => this.tableOf(oid) ?? []);
  }

  /** What belongs to a table has its schema. */
  beside(table: TableFact, name: string): string {
    const [schema = "", own] = parseName(table.name);
    return own === undefined ? id(name) : `${id(schema)}.${id(name)}`;
  }

  #typeName = once((type) => sqlName(namePath(bracket(type)[0]), this.schema));

  /** Labels, in quotation marks, that an enum in conflict will not get. */
  readonly lacking = new Map<string, string>();

  /** An enum with labels that are not there yet. */
  comingEnum(type: string): TypeFact | undefined {
    const name = this.#typeName(type);
    const now = this.types.get(name), before = this.catalog.types.get(name);
    const same = now?.labels.length === before?.labels.length;
    return now?.kind === "e" && !same ? now : undefined;
  }

  /** The step that defines or decides a thing, such as `type users.age`. */
  stepOf(thing: string): Step | undefined {
    return this.#steps.size > 0 ? this.#steps.get(thing) : undefined;
  }

  /** All steps, those that are left out, too. */
  steps(): Step[] {
    return this.#all ??= [...new Set(this.#steps.values())];
  }

  /** Whether the SQL of a longhand step names both a table and a word. */
  saidByHand(table: string, word: string): boolean {
    const name = lastName(this.sql(table));
    this.#longhand ??= this.steps().filter(({ verb }) => verb === "step")
      .map(({ alter = [] }) => namesIn(alter.join(";\n")));
    return this.#longhand.some((names) => names.has(name) && names.has(word));
  }

  /**
   * new: this plan makes it; empty: nobody feels a lock or a rewrite; filled:
   * it has rows, or that could not be found out.
   */
  state(name: string): "new" | "empty" | "filled" {
    const table = this.table(name);
    if (!table || table.was === "") return "new";
    const sql = `SELECT (NOT EXISTS (SELECT 1 FROM ${table.was}))::text`;
    return this.askRows(sql) === "true" ? "empty" : "filled";
  }

  isNew(name: string): boolean {
    return !this.table(name)?.was;
  }

  /** Whether there are such rows, or it could not be found out in time. */
  hasRows(name: string, where: string): boolean {
    const rows = rowsOf(this, name, aliasOf(this, name), where);
    if (rows === undefined) return true;
    const sql = `SELECT EXISTS (SELECT 1 FROM ${rows} WHERE ${where}\n)::text`;
    return this.askRows(sql) !== "false";
  }

  /** Plain statements do: the table is new, or all is one transaction. */
  plain(name: string): boolean {
    return this.single || this.isNew(name);
  }

  /** A new table's changes belong to the transaction that creates it. */
  phase(name: string, otherwise: Phase): Phase {
    return this.isNew(name) ? "expand" : otherwise;
  }

  /** What `--allow` must name where a table with rows feels it. */
  hazard(name: string, hazard: string): { hazard: string } | false {
    return this.state(name) === "filled" && { hazard };
  }

  /** Whether the table and columns are there or promised; an issue if not. */
  needs(name: string, ...columns: string[]): boolean {
    const table = this.table(name);
    if (!table) {
      this.issue(
        this.#step.name,
        `needs the table ${name}, which does not exist`,
        `write ${call("createTable", [name], ", { … }")} above it`,
      );
      return false;
    }
    const missing = table.vague
      ? []
      : columns.filter((column) => column && !table.columns.has(column));
    if (missing.length === 0) return true;
    this.issue(
      this.#step.name,
      `needs ${missing.map((column) => `${name}.${column}`).join(", ")}, ` +
        "which does not exist",
      `write it into ${call("createTable", [name], ", { … }")} above`,
    );
    return false;
  }

  /** Whether the text names a column that the table does not have yet. */
  isPromised(name: string, text: string): boolean {
    const table = this.table(name);
    return this.isNew(name) ||
      [...namesIn(text)].some((name) => table?.columns.get(name)?.was === "");
  }

  // ── Questions ──

  /**
   * An answer, or the error that is one; undefined until it is known.
   *
   * @param shown what reports show of the query
   * @throws Unanswered where no answer came in time, which is none
   */
  #answer<T>(
    sql: string,
    asked: Asked,
    shown = sql,
  ): T | postgres.PostgresError | undefined {
    const answer = this.#answers.get(sql);
    if (answer === undefined) this.open.set(sql, asked);
    if (stateOf(answer) === TIMED_OUT) throw new Unanswered(shown);
    return answer as T | postgres.PostgresError | undefined;
  }

  /**
   * A scalar query's value as text; undefined until it is known.
   *
   * @param tolerated SQLSTATEs that come to undefined
   */
  ask(
    sql: string,
    tolerated: string[] = [],
    { shown = sql, asked = "values" as Asked } = {},
  ): string | undefined {
    const value = this.#answer<string | null>(sql, asked, shown);
    if (!isServerError(value)) return value ?? undefined;
    if (tolerated.includes(value.code)) return undefined;
    return this.#refused(shown, value);
  }

  /**
   * @throws Unanswered where it names a label of an enum whose own conflict is
   * told, and StepError where PostgreSQL refuses it for anything else
   */
  #refused(shown: string, error: postgres.PostgresError): never {
    const label = error.code === INVALID_TEXT
      ? [...this.lacking.keys()].find((label) => error.message.includes(label))
      : undefined;
    if (label === undefined) {
      throw new StepError(this.#section, this.#step, shown, error);
    }
    throw new Unanswered(shown, `${this.lacking.get(label)} has no ${label}`);
  }

  /** The same of a query that names tables, or says what a step does. */
  askRows(sql: string, tolerated: string[] = []): string | undefined {
    return this.ask(sql, tolerated, { asked: "rows" });
  }

  /**
   * What the check of a step says.
   *
   * @param without what it comes to where a thing that it names does not exist
   * @throws SyncError where it says neither true nor false
   */
  holds(check: string, without = false): boolean {
    // OFFSET keeps the server from working it out once for each use.
    const found = this.ask(
      "SELECT json_build_array(pg_typeof(c)::text, c::text)::text " +
        `FROM (SELECT (${check}\n) AS c OFFSET 0) x`,
      MISSING_OBJECT,
      { shown: `SELECT (${check})`, asked: "checks" },
    );
    if (found === undefined) return without;
    const [type, value] = JSON.parse(found) as [string, string | null];
    if (type === "boolean" && value !== null) return value === "true";
    throw new SyncError(
      `the check of ${describeStep(this.#section, this.#step)} returns ` +
        `${value === null ? "NULL" : type}, not true or false`,
      value === null
        ? "Write it so that it is never NULL: EXISTS (SELECT …), " +
          "… IS NOT DISTINCT FROM …, or coalesce(…, false)"
        : "Write a condition, such as EXISTS (SELECT …)",
    );
  }

  /** A plan that EXPLAIN shows, or why it cannot; undefined until then. */
  #explain(sql: string) {
    return this.#answer<PlanNode>(sql, "plans");
  }

  /**
   * Whether each row would get a value of its own from a default, as the server
   * has it; what it cannot tell yet, as of a function to come, counts as so.
   *
   * @param type the type of the column
   * @param told the SQL that an error shows
   */
  isVolatile(expression: string, type: string, told: string): boolean {
    const coming = this.comingEnum(type);
    const sql = coming
      ? volatileQuery(castToText(expression, nameIn(type)), "text")
      : volatileQuery(expression, type);
    const node = this.#explain(sql);
    if (!isServerError(node)) return node !== undefined && hasFilter(node);
    // What the type can never hold is no matter of what is still to come.
    if (!/^22|^42(804|846)/.test(node.code)) return true;
    return this.#refused(told, node);
  }

  /** Whether a time that a string names is a constant once it is read. */
  isFrozen(expression: string, type: string): boolean {
    const moving = /'[^']*\b(now|today|tomorrow|yesterday)\b[^']*'/i;
    if (!moving.test(expression)) return false;
    const prints = this.#prints(`(${expression})::${type}`, "NULL");
    // Where it cannot be planned, nothing stands on the right.
    return !!prints?.[1] && !moving.test(prints[0]);
  }

  /** Whether the type's values are stored as the other's are. */
  isFreeCast(from: string, to: string): boolean {
    const plan = this.#explain(castCostQuery(from, to));
    if (plan === undefined) return true;
    const free = !isServerError(plan) &&
      plan.Plans?.[0]?.["Total Cost"] === plan["Total Cost"];
    return free && typeTraits(this, to)?.array !== true;
  }

  /** Whether PostgreSQL has an operator for two types to be equal by. */
  compares(a: string, b: string): boolean {
    const sql = `${EXPLAIN} SELECT NULL::${a} = NULL::${b}`;
    return !isServerError(this.#explain(sql));
  }

  /** As PostgreSQL prints a type, once it has told. */
  canonicalType(type: string): string {
    const prints = this.#prints(`NULL::${type}`, `NULL::${type}`);
    return prints ? prints[0].slice("NULL::".length) : type;
  }

  sameType(left: string, right: string): boolean {
    if (left === right) return true;
    const known = this.#sameTypes.get(left) ?? new Map<string, boolean>();
    let same = known.get(right);
    if (same !== undefined) return same;
    // Of types with the same modifiers, one question does for all.
    const [a, said, restOfA] = bracket(left);
    const [b, have, restOfB] = bracket(right);
    same = said && said === have
      ? this.sameType(`${a} ${restOfA}`.trim(), `${b} ${restOfB}`.trim())
      : this.#same(`NULL::${left}`, `NULL::${right}`);
    this.#sameTypes.set(left, known.set(right, same));
    return same;
  }

  /** Whether two defaults of a column are the same. */
  sameValue(type: string, left: string, right: string): boolean {
    // What is in quotes is of the column's type, which PostgreSQL says.
    const said = /^'[^'\\]*'$/.test(left) ? `${left}::${type}` : left;
    return said === right || plainly(left) === plainly(right) ||
      this.#same(`(${left})::${type}`, `(${right})::${type}`) &&
        this.#sameHidden(left, right);
  }

  /** Whether a step's expression and one of the catalog are the same. */
  sameExpression(table: TableFact, left: string, right: string): boolean {
    if (plainly(left) === plainly(right) && !this.isRenamed(table)) return true;
    const scope = this.#scope(table, left, right);
    return this.#same(`(${left})`, `(${right})`, scope) &&
      this.#sameHidden(left, right);
  }

  #scope(table: TableFact, left: string, right: string): Sides {
    return scopeOf(table, [left, right], (fact) => this.typeNow(fact));
  }

  /** A column's type and collation, as far as they are there already. */
  typeNow({ type, before, collation }: ColumnFact): string {
    // Expressions of the catalog name no label that is yet to come.
    const isThere = before === undefined &&
      this.catalog.types.has(sqlName(namePath(bracket(type)[0]), this.schema));
    const now = this.comingEnum(type) && !isThere ? before ?? "text" : type;
    return collation ? `${now} COLLATE ${collation}` : now;
  }

  /** The collation that an expression of the catalog has by itself. */
  collationOf(table: TableFact, expression: string): string {
    const { nulls, right } = this.#scope(table, expression, expression);
    const found = this.askRows(`SELECT l.v FROM (${nulls}) t, LATERAL (
      SELECT pg_collation_for((${expression})) AS v FROM ${right}) l`);
    return found ?? "";
  }

  /** Whether two names of collations are one's. */
  sameCollation(left: string, right: string): boolean {
    const [a, b] = [left, right].map((name) =>
      `to_regcollation(${literal(name)})`
    );
    const sql = `SELECT coalesce(${a} = ${b}, false)::text`;
    return left === right || this.#likely(sql);
  }

  isRenamed(table: TableFact): boolean {
    const { was, name, columns } = table;
    return this.#own.has(table) && was !== "" && (was !== name ||
      [...columns].some(([name, { was }]) => was !== "" && was !== name));
  }

  #same(left: string, right: string, scope?: Sides): boolean {
    const prints = this.#prints(left, right, scope);
    return !prints || prints[0] === prints[1];
  }

  /** What is taken to be true until PostgreSQL has answered. */
  #likely(sql: string): boolean {
    this.expected.set(sql, "true");
    return this.ask(sql) !== "false";
  }

  /** Until it is answered, the two count as the same. */
  #prints(left: string, right: string, scope?: Sides): Prints | undefined {
    const pair = scope?.both
      ? `SELECT ${left}, ${right} FROM (${scope.nulls}) ${scope.both} OFFSET 0`
      : scope
      ? `SELECT l.v, r.v FROM (${scope.nulls}) t, LATERAL (SELECT ${left} AS v` +
        ` FROM ${scope.left}) l, LATERAL (SELECT ${right} AS v` +
        ` FROM ${scope.right}) r OFFSET 0`
      : `SELECT ${left}, ${right} OFFSET 0`;
    const prints = this.#answer<Prints>(pair, "pairs");
    return isServerError(prints) ? [prints.message, ""] : prints;
  }

  /** What prints alike is the same where it hides no other thing. */
  #sameHidden(left: string, right: string): boolean {
    return this.#sameFunctions(left, right) &&
      this.#sameCollations(left, right);
  }

  /** EXPLAIN prints no COLLATE of what is no constant. */
  #sameCollations(left: string, right: string): boolean {
    const [a, b] = [left, right].map(collationsIn) as [string[], string[]];
    const within = (some: string[], all: string[]) =>
      some.every((one) => all.some((other) => this.sameCollation(one, other)));
    return within(a, b) && within(b, a);
  }

  /**
   * The planner puts simple SQL functions in place of their calls, and values
   * in place of immutable ones: where the two sides call other functions that
   * somebody made, they are not the same, however equal they print.
   */
  #sameFunctions(left: string, right: string): boolean {
    const [a, b] = [left, right].map(callsIn) as [Set<string>, Set<string>];
    if (a.symmetricDifference(b).size === 0) return true;
    const [here, there] = [a.difference(b), b.difference(a)].map((odd) =>
      `(SELECT string_agg(DISTINCT concat_ws('.', pronamespace, proname), ' ')
        FROM pg_proc WHERE pronamespace <> 'pg_catalog'::regnamespace
        AND (${[...odd, "false"].join(" OR ")}))`
    );
    const sql = `SELECT (${here} IS NOT DISTINCT FROM ${there})::text`;
    return this.#likely(sql);
  }

  /** The parts in which what is wanted and what is there differ. */
  differ(
    table: TableFact,
    want: Parts,
    { have, implied = {} }: { have: Parts; implied?: Parts },
  ): Difference[] {
    const parts = Object.keys({ ...want, ...have });
    const differing = parts.filter((part) => {
      const [a, b] = [want[part] ?? "", have[part] ?? ""];
      if (a === b) return false;
      const usual = implied[part];
      if (usual !== undefined && (a || usual) === (b || usual)) return false;
      if (/^collation/.test(part)) {
        return !this.sameCollation(a || usual || "", b || usual || "");
      }
      const columns = /^key/.test(part) && isName(a) && isName(b);
      const compared = EXPRESSIONS.test(part) && a && b && !columns;
      return !compared || !this.sameExpression(table, a, b);
    });
    const shown = (part: string, text?: string) =>
      text && EXPRESSIONS.test(part) ? `(${text})` : text;
    const rest = differing.filter((part) => !KEY_PARTS.test(part))
      .map((part) => ({
        part,
        step: shown(part, want[part]),
        database: shown(part, have[part]),
      }));
    return rest.length === differing.length ? rest : [
      {
        part: "columns",
        step: describeKeys(want),
        database: describeKeys(have),
      },
      ...rest,
    ];
  }

  // ── Objects ──

  /** A name of a step, with its schema, as a string of SQL. */
  literal(name: string): string {
    return literal(this.qualified(name));
  }

  /** An object as it stands; none where it is not there. */
  object(kind: ObjectKind, step: Said): ObjectFact | undefined {
    const found = this.ask(kind.facts(this, step), MISSING_OBJECT);
    if (found === undefined) return undefined;
    const fact = readObjectFact(found);
    this.seen.add(`${fact.oid}`);
    return fact;
  }

  /** Whether a step's expression and one of the catalog are the same. */
  sameIn(scope: RowScope, left: string, right: string, cast = ""): boolean {
    if (plainly(left) === plainly(right)) return true;
    const sides = scope.some(([, columns]) => columns.length > 0)
      ? sidesOf(scope)
      : undefined;
    if (!/\bselect\b/i.test(left + right)) {
      return this.#same(`(${left})${cast}`, `(${right})${cast}`, sides) &&
        this.#sameHidden(left, right);
    }
    const query = (text: string, from: string) =>
      `SELECT v FROM (${sides?.nulls ?? "SELECT"}) t, ` +
      `LATERAL (SELECT (${text}\n) AS v${from && ` FROM ${from}`}) l`;
    return unprinted(left) === unprinted(right) &&
      this.#samePlan(
        query(left, sides?.left ?? ""),
        query(right, sides?.right ?? ""),
      );
  }

  /** Whether two queries are the same, as far as their plans and words tell. */
  sameQuery(left: string, right: string): boolean {
    return plainly(left) === plainly(right) ||
      unprinted(left) === unprinted(right) &&
        this.#samePlan(whole(left), whole(right)) &&
        this.#sameFunctions(left, right);
  }

  /** Whether the statements of two rules do the same to rows as these. */
  sameActions(row: [string, string][], left: string, right: string): boolean {
    if (plainly(left) === plainly(right)) return true;
    const [a, b] = [left, right].map((text) => actionsIn(rowsIn(row, text)));
    return a?.length === b?.length && !!a?.every((action, i) => {
      const other = b?.[i] ?? "";
      return unplanned(action) === unplanned(other) &&
        (plainly(action) === plainly(other) || this.#samePlan(action, other));
    });
  }

  #samePlan(left: string, right: string): boolean {
    const [a, b] = [left, right].map((query) => this.plan(query));
    if (!a || !b) return true;
    const plan = canonical(a);
    // The plan of no rows does not say of what they are none.
    return plan === canonical(b) &&
      (!plan.includes('"One-Time Filter":"false"') ||
        bareWords(left) === bareWords(right));
  }

  /** The plan of a query; null where what it names is not there. */
  plan(query: string): PlanNode | undefined | null {
    const node = this.#explain(`${EXPLAIN} ${query}`);
    if (!isServerError(node)) return node;
    if (MISSING_OBJECT.includes(node.code)) return null;
    return this.#refused(query, node);
  }

  /** The names of a query's columns as SQL, once they are known. */
  namesOf(query: string): string[] | undefined {
    return this.plan(whole(query))?.Output.map((name) => name.slice(2));
  }

  /**
   * Whether a query begins with these columns: a cast to a column's own type
   * is none, and is not printed.
   */
  hasColumns(query: string, columns: [name: string, type: string][]) {
    const names = this.namesOf(query);
    if (!names || names.length < columns.length) return false;
    const casts = columns.map(([, type], i) => `x.c${i}::${type}`);
    const list = names.map((_, i) => `c${i}`);
    // A subquery that is selected as it is leaves no trace in the plan.
    const types = this.plan(`SELECT 0, ${casts} FROM (SELECT * FROM (${query}\n)
      q OFFSET 0) x (${list})`)?.Output;
    return columns.every(([name], i) =>
      names[i] === id(name) && types?.[i + 1] === `x.c${i}`
    );
  }

  /** What hangs on an object, itself first; none until that is known. */
  hanging(catalog: string, oid: Oid, column = "0"): Hanging[] | undefined {
    const found = this.ask(
      hangingQuery(`'${catalog}'::regclass::oid, ${oid}::oid, ${column}`),
    );
    return found === undefined ? undefined : JSON.parse(found);
  }

  /** The columns of a table that are generated from one of them. */
  generated(oid: Oid, column: number): (Hanging & { number: number })[] {
    return JSON.parse(this.ask(generatedQuery(oid, column)) ?? "null") ?? [];
  }

  /** Whether a step of the plan drops what a description names. */
  dropsToo(described: string): boolean {
    const names = namesIn(described);
    return [...this.#steps.values()].some(({ verb, name }) =>
      verb.startsWith("drop") && names.has(lastName(bracket(name)[0]))
    );
  }

  /** Whether a name is that of a function by its oid, 0 for none. */
  isRoutine(name: string, oid: Oid): boolean {
    if (!name || oid === "0") return !name && oid === "0";
    const path = namePath(name);
    const schemas = path.length > 1
      ? path.slice(0, 1)
      : [this.schema, "pg_catalog"];
    return this.ask(`SELECT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n
      ON n.oid = pronamespace WHERE p.oid = ${oid}
      AND proname = ${literal(path.at(-1) ?? "")}
      AND nspname IN (${schemas.map(literal).join(", ")}))::text`) !== "false";
  }

  /** What is there beyond the step, and stays. */
  more(object: string, text: string) {
    const item = { mark: "in place", object, text } as const;
    this.#items.push({ ...item, details: [], changes: [] });
  }

  // ── What the report shows ──

  /** What others notice; nothing of it where the tables are all new. */
  #impact({ lock, locks = [], work, how, effect }: ChangeSpec): Impact {
    const tables = locks.filter(({ table }) =>
      this.#tables.get(table)?.was !== ""
    ).map((lock) => ({ ...lock, ...this.sizeOf(lock.table) }));
    const [first] = tables;
    const noticed = first || locks.length === 0;
    const told = lock ?? describeLocks(tables, work, how);
    const blocks = work === "batches"
      ? "writes of the same rows"
      : first && LOCKS[first.mode][0];
    return {
      tables,
      home: this.#home(tables.map(({ table }) => table), lock),
      ...(told && { lock: told }),
      ...(blocks && { blocks }),
      ...(first && work && {
        work,
        how: how ?? WORK[work].how,
        seconds: Math.round(first.bytes / 1e6 / WORK[work].rate),
      }),
      ...(effect && noticed && { effect }),
    };
  }

  /**
   * What a longhand step that does not say its lock may lock: whatever
   * relation has a name that its SQL holds, in a string or a body, too.
   */
  #home(tables: string[], lock?: string): string[] {
    const { verb, alter = [], table = "", to = "" } = this.#step;
    if (verb === "renameTable") return [this.sql(table), this.sql(to)];
    if (verb !== "step" || lock) return tables;
    const names = wordsIn(alter.join(";\n")).map(literal).join(", ");
    const found = this.ask(`SELECT coalesce(json_agg(oid::regclass), '[]')
      ::text FROM pg_class WHERE relname = ANY (ARRAY[${names}]::name[])
        AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace <>
        ALL (ARRAY['pg_catalog', 'information_schema']::regnamespace[])`);
    return (JSON.parse(found ?? "[]") as string[]).sort();
  }

  /** Rows as the statistics have them, and bytes. */
  sizeOf(table: string) {
    const { was = table } = this.#tables.get(table) ?? {};
    const value = this.ask(
      `SELECT json_build_object('rows', sum(nullif(reltuples, -1))::bigint,
        'bytes', coalesce(sum(pg_table_size(oid)), 0))::text
      FROM pg_class WHERE oid IN (${treeOf(was)})`,
    );
    const known: { rows: number | null; bytes: number } = value
      ? JSON.parse(value)
      : { rows: null, bytes: 0 };
    return { name: dotted(table), ...known };
  }

  /**
   * The hazard of a change. What takes an instant on small tables is none: they
   * are counted, nothing is lost, and no old transaction is in the way.
   */
  #hazard(
    { hazard, undo, lossy }: ChangeSpec,
    { tables }: Impact,
  ): Pick<Change, "hazard" | "small"> {
    if (!hazard) return {};
    const slow = /^(rewrite|blocking)$/.test(hazard) &&
      this.#step.verb !== "step" && !lossy && !undo.startsWith("--");
    if (!slow || tables.length === 0 || this.safeBelow === 0) return { hazard };
    const counts = tables.map(({ table }) => {
      const { was = table } = this.#tables.get(table) ?? {};
      return this.askRows(smallQuery(was, this.safeBelow), ["42501"]);
    });
    if (counts.includes(undefined)) return { hazard };
    const found = this.ask(`SELECT (${holdersQuery(tables)})::text`);
    const told = tables.map(({ name, bytes }, i) =>
      `${name} has ${count(Number(counts[i]), "row")}, ${size(bytes)}`
    ).join(", ");
    const old = (JSON.parse(found ?? "[]") as Holder[]).find(
      ({ age, yields }) => !yields && Number(age ?? Infinity) > LONG,
    );
    return old
      ? { hazard, small: `small, but in use by ${old.who}` }
      : { small: `no hazard below --safe-below ${this.safeBelow}: ${told}` };
  }

  /** Whether what a step makes has to follow another type of a column. */
  #needsNewType(step: Step): boolean {
    const { verb, table = "", text = "" } = step;
    if (!is("followsType", step)) return false;
    const parent = verb === "addForeignKey" ? parentOf(step) : table;
    const names = namesIn(`${text} ${id(step.column ?? "")}`);
    return [table, parent].some((table) =>
      [...this.table(table)?.columns ?? []].some(([name, { before }]) =>
        before !== undefined && names.has(name)
      )
    );
  }

  /** Asks for a change: one line of the report, one or several statements. */
  change(object: string, text: string, ...specs: ChangeSpec[]) {
    const origin = { section: this.#section, step: this.#step };
    // What hangs on a new table goes with it; what refers to it does not.
    const { table = "" } = this.#step;
    const on = table && this.sql(table);
    if (is("removes", this.#step)) {
      this.removing.push(...specs.map(({ sql }) => sql));
    }
    const goes = !is("outlivesTable", this.#step) &&
      this.table(table)?.was === "";
    const retyped = this.#needsNewType(this.#step);
    const changes = specs.map((spec, i) => {
      const { locks: _, work: _1, how: _2, effect: _3, hazard: _4, ...rest } =
        spec;
      const impact = this.#impact(spec);
      return {
        ...rest,
        ...(retyped && { phase: "contract" as const }),
        ...impact,
        ...this.#hazard(spec, impact),
        ...origin,
        ...{ object, on, goes },
        verb: text,
        part: specs.length > 1 ? ` (${i + 1} of ${specs.length})` : "",
      };
    });
    this.#items.push({ mark: "change", object, text, details: [], changes });
  }

  /** A further line to the change asked for last. */
  note(label: string, text: string) {
    this.#items.at(-1)?.details.push([label, text]);
  }

  /** Something that a person must look at. */
  issue(object: string, text: string, fix: string) {
    this.#items.push(issueOf(object, text, [["fix", fix]]));
  }

  /** What passes by itself, such as the build of an index. */
  situation(object: string, text: string, details: Detail[], builder: string) {
    const told = { reason: "situation", builder } as const;
    this.#items.push(issueOf(object, text, details, told));
  }

  /** What stands there in another shape: shown with both shapes. */
  conflict(
    object: string,
    text: string,
    { step, database, fix, differences = [] }: Conflict,
  ) {
    const parts = differences.map(({ part }) => part).join(", ");
    const told = parts ? `${text}: ${parts}` : text;
    this.#items.push(issueOf(object, told, [
      ["step", tidy(step)],
      ["database", tidy(database)],
      ...differences.map(({ part, step, database }): Detail => [
        "differs",
        `${part}: ${tidy(step ?? "none")}, in the database ` +
        tidy(database ?? "none"),
      ]),
      ["fix", fix],
    ], { reason: "conflict" }));
  }

  /** The change asked for last, which a preflight check is about. */
  get lastChange(): Item | undefined {
    const item = this.#items.at(-1);
    return item?.mark === "change" ? item : undefined;
  }
}

/** What a table may have on disk at most to be a small one, in bytes. */
const SMALL = 1_000_000;

/** How many rows a table has, if they are fewer and it is small on disk. */
function smallQuery(name: string, rows: number): string {
  return `SELECT CASE WHEN (SELECT sum(pg_table_size(oid)) FROM pg_class
      WHERE oid IN (${treeOf(name)})) <= ${SMALL}
    THEN (SELECT CASE WHEN count(*) < ${rows} THEN count(*) END
      FROM (SELECT FROM ${name} LIMIT ${rows}) x)::text END`;
}

/** "tasks, users: SHARE ROW EXCLUSIVE while it scans it"; "" for no lock. */
function describeLocks(
  locks: Lock[],
  work?: Work,
  how = work ? WORK[work].how : "for an instant",
): string {
  const names = (of: Lock[]) => of.map(({ table }) => table).join(", ");
  if (work === "batches") return `${names(locks)}: rows ${how}`;
  const modes = [...new Set(locks.map(({ mode }) => mode))]
    .filter((mode) => LOCKS[mode][0]);
  const told = modes.map((mode) =>
    `${names(locks.filter((lock) => lock.mode === mode))}: ${mode}`
  );
  return told.length > 0 ? `${told.join(", ")} ${how}` : "";
}

/** A query for a table's oid, and those of all its partitions and children. */
function treeOf(name: string): string {
  return `WITH RECURSIVE tree AS (SELECT ${regclass(name)} AS oid
    UNION SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = tree.oid)
    SELECT oid FROM tree`;
}

/** `lower(a) COLLATE "C" text_ops DESC, b WITH =`. */
function describeKeys(parts: Parts): string {
  return keysOf(parts).map((key, i) => {
    const of = (part: string) => parts[`${part} ${i + 1}`];
    return [
      key,
      of("collation") && `COLLATE ${of("collation")}`,
      of("opclass") &&
      `${of("opclass")}${of("options") ? `(${of("options")})` : ""}`,
      of("order"),
      of("operator") && `WITH ${of("operator")}`,
    ].filter(Boolean).join(" ");
  }).join(", ");
}

/** Words that no function can be called without quotes. */
const NO_CALL = /^(all|and|any|case|else|in|not|or|some|then|when)$/i;

/** What finds the functions that an expression calls in pg_proc. */
const callsIn = once((text: string): Set<string> => {
  const tokens = tokenize(text);
  return new Set(
    tokens.flatMap(({ kind, text: name }, i) => {
      if (kind !== "name" || tokens[i + 1]?.text !== "(") return [];
      if (NO_CALL.test(name)) return [];
      const schema = tokens[i - 1]?.text === "." ? tokens[i - 2]?.text : "";
      const place = schema
        ? `pronamespace = to_regnamespace(${literal(schema)})`
        : "pg_function_is_visible(oid)";
      return [`proname = ${literal(unquoted(name))} AND ${place}`];
    }),
  );
});

/** The collations that an expression names. */
const collationsIn = once((text: string): string[] => {
  if (!/collate/i.test(text)) return [];
  const tokens = tokenize(text).map(({ text }) => text);
  return tokens.flatMap((word, i) => {
    const [name = "", dot, own = ""] = tokens.slice(i + 1, i + 4);
    if (lower(word) !== "collate") return [];
    return [dot === "." ? `${name}.${own}` : name];
  });
});

/** A question that ran out of time, or cannot be asked yet, for this reason. */
class Unanswered extends Error {
  constructor(readonly query: string, readonly why = "") {
    super("no answer came in time");
  }
}

/** It stops an apply, which would otherwise do again what may be there. */
function notAnswered({ name, verb }: Step, query: string, who: string): Item {
  const cheaper = verb === "step"
    ? "write a cheaper check"
    : "make the query cheaper, as with an index";
  return issueOf(name, "was not checked", [
    ["why", "reading it took longer than --probe-timeout"],
    ["query", tidy(query)],
    ["who", who || undefined],
    ["fix", `raise --probe-timeout, or ${cheaper}`],
  ]);
}

/** Rows that an expression is about: NULLs, under the names of either side. */
interface Sides {
  nulls: string;
  left: string;
  right: string;
  /** Where the names of both are the same: what they are, the quickest way. */
  both?: string;
}

/**
 * The columns that two expressions name: the step's has the names that the plan
 * will have given, the catalog's those of today. OFFSET 0 keeps the NULLs apart,
 * so that both are printed with the columns of one subquery.
 */
function scopeOf(
  table: TableFact,
  [left, right]: [string, string],
  typeOf: (fact: ColumnFact) => string,
): Sides {
  const now = namesIn(left), today = namesIn(right);
  const own = lastName(table.name), other = lastName(table.was) || own;
  // A column may be said with its table, and the table may be its whole row.
  const whole = now.has(own) || today.has(other);
  const used = [...table.columns].filter(([name, { was }]) =>
    whole || now.has(name) || today.has(was || name)
  ).map(([name, fact]) => ({
    ...{ name, was: fact.was || name },
    type: typeOf(fact),
  }));
  const from = (key: "name" | "was", alias: string) =>
    `(SELECT ${used.map((column, i) => `t.c${i} AS ${id(column[key])}`)}) ` +
    id(whole ? alias : "t");
  const nulls = used.map(({ type }, i) => `NULL::${type} AS c${i}`);
  return {
    nulls: `SELECT ${nulls} OFFSET 0`,
    left: from("name", own),
    right: from("was", other),
    ...(used.length > 0 && from("name", own) === from("was", other) && {
      both: `${id(whole ? own : "t")} (${used.map(({ name }) => id(name))})`,
    }),
  };
}

/** A name of SQL as reports show it. */
function dotted(name: string): string {
  return parseName(name).join(".");
}

/** A name without its schema. */
function lastName(name: string): string {
  return parseName(name).at(-1) ?? "";
}

/**
 * EXPLAIN tells whether an expression is volatile: the planner then neither
 * pulls it out of its subquery nor, with the defaults of its functions'
 * arguments filled in, takes it for a condition that is tested but once.
 * Nothing is executed. The second is what ALTER TABLE goes by today, the first
 * what it went by before 16.2, 15.6 and 14.11.
 */
function volatileQuery(expression: string, type: string): string {
  return `${EXPLAIN} SELECT FROM (VALUES (1), (2)) v,
    LATERAL (SELECT (${expression}\n)::${type} AS x) s WHERE x IS NOT NULL`;
}

/**
 * EXPLAIN tells whether a cast leaves values as they are stored: it then costs
 * nothing, once nothing is charged for the rows themselves. ALTER TABLE goes by
 * the same, but for arrays, whose elements' casts the planner does not count,
 * and for timestamps where the time zone is UTC, which costs.
 */
function castCostQuery(from: string, to: string): string {
  return `EXPLAIN (FORMAT JSON) SELECT (c)::${to} FROM (SELECT NULL::${from}
    AS c FROM generate_series(1, 1000000) OFFSET 0) t`;
}

/** Whether a condition is tested for each row. */
function hasFilter({ Filter, Plans = [] }: PlanNode): boolean {
  return Filter !== undefined || Plans.some(hasFilter);
}

/** Asks everything in one round trip; one by one only where that fails. */
async function answer(
  session: Session,
  open: [sql: string, asked: Asked][],
  answers: Answers,
  settings: string[],
) {
  try {
    return await askTogether(session, open, answers);
  } catch (error) {
    if (!isServerError(error)) throw error;
  }
  await session.query("ROLLBACK");
  await session.begin("READ ONLY", ...settings, "SAVEPOINT one");
  await Promise.all(
    open.map((question) =>
      askTogether(session, [question], answers, "ROLLBACK TO one")
        .catch((error) => {
          if (!isServerError(error)) throw error;
          answers.set(question[0], error);
        })
    ),
  );
  await session.query("ROLLBACK TO one");
  const late = open.some(([sql]) => stateOf(answers.get(sql)) === TIMED_OUT);
  if (late) answers.set(HOLDER, await tableHolder(session));
}

async function askTogether(
  session: Session,
  open: [sql: string, asked: Asked][],
  answers: Answers,
  ...before: string[]
) {
  const all = (asked: Asked) =>
    open.filter((question) => question[1] === asked).map(([sql]) => sql);
  const pairs = all("pairs"), plans = all("plans");
  const groups = inGroups(pairs);
  const scalars = (asked: Asked) =>
    numberedQueries(
      "i",
      open.flatMap(([sql, is], i) => is === asked ? [[i, `(${sql})`]] : []),
    );
  const rows = await session.query([
    ...before,
    ...groups.map(pairsQuery),
    // A plan's cost is then that of what it works out.
    "SET LOCAL cpu_tuple_cost = 0",
    ...plans,
    "SET LOCAL cpu_tuple_cost = DEFAULT",
    ...scalars("values").flatMap((sql) => underCatalog(session, sql)),
    ...scalars("rows"),
    ...scalars("checks").flatMap((sql) => inStepPath(session, sql)),
  ].join(";\n"));
  for (const group of groups) readPairs(planOf(rows.shift()), group, answers);
  for (const sql of plans) answers.set(sql, planOf(rows.shift()));
  for (const { i, v } of rows) answers.set(open[Number(i)]?.[0] ?? "", v);
}

/** Scalar queries in few statements; a column tells the number of each. */
function numberedQueries(
  column: string,
  queries: [number: number, sql: string][],
): string[] {
  return inGroups(queries).map((group) =>
    group.map(([n, sql]) => `SELECT ${n} AS ${column}, ${sql} AS v`)
      .join("\nUNION ALL ")
  );
}

/**
 * Some hundred branches of a query are planned quickest: the time grows with
 * their square, and ten thousand exceed max_stack_depth.
 */
function inGroups<T>(list: T[]): T[][] {
  return Array.from(
    { length: Math.ceil(list.length / 100) },
    (_, i) => list.slice(i * 100, (i + 1) * 100),
  );
}

/**
 * A query of the catalogs, whose functions and operators are looked up while
 * nothing else is on the search path; names in what it prints are the steps'.
 */
function underCatalog(
  { searchPath }: { searchPath: string },
  sql: string,
): string[] {
  return [
    `SET LOCAL search_path = ${CATALOG_PATH}`,
    `DECLARE sync_values NO SCROLL CURSOR FOR ${sql}`,
    `SET LOCAL search_path = ${searchPath}`,
    "FETCH ALL FROM sync_values",
    "CLOSE sync_values",
  ];
}

/** What names a longhand step's SQL needs, and the builders' again after it. */
function inStepPath(
  { stepPath, searchPath }: { stepPath: string; searchPath: string },
  ...statements: string[]
): string[] {
  if (stepPath === searchPath) return statements;
  return [
    `SET LOCAL search_path = ${stepPath}`,
    ...statements,
    `SET LOCAL search_path = ${searchPath}`,
  ];
}

/**
 * One EXPLAIN prints many expressions in their canonical form, without a lock
 * on any table; each branch holds the two sides of a comparison.
 */
function pairsQuery(pairs: string[]): string {
  const branches = pairs.map((pair) => `SELECT q FROM (${pair}) q`);
  return `${EXPLAIN} ${branches.join("\nUNION ALL ")}`;
}

function readPairs(plan: PlanNode, pairs: string[], answers: Answers) {
  const branches = pairs.length > 1 ? plan.Plans ?? [] : [plan];
  pairs.forEach((pair, i) => {
    const [left = "", right = ""] = branches[i]?.Plans?.[0]?.Output ?? [];
    answers.set(pair, [left, right]);
  });
}

function planOf(row: Row | undefined): PlanNode {
  const [first, ...more] = row?.["QUERY PLAN"] as { Plan: PlanNode }[];
  // A rule may make several statements of one, or none.
  const only = first && more.length === 0 ? first.Plan : undefined;
  const Plans = [first, ...more].flatMap((plan) => plan?.Plan ?? []);
  return only ?? { Output: [], Plans };
}

/** An expression with its casts to a type as casts to text. */
function castToText(expression: string, type: string): string {
  const tokens = tokenize(expression);
  return tokens.map(({ text, start }, i) => {
    const end = tokens[i + 1]?.start ?? expression.length;
    const cast = ["::", "as"].includes(lower(tokens[i - 1]?.text ?? ""));
    const space = /\s$/.test(expression.slice(start, end)) ? " " : "";
    return cast && unquoted(text) === type
      ? `text${space}`
      : expression.slice(start, end);
  }).join("");
}

// ═══ Plan ══════════════════════════════════════════════════════════════════
//
// In come the steps and a session; out goes the plan: what is in place, what
// would change, in the order in which it runs, and what a person must look at.
// All facts are read in one round trip; steps are planned over them and over
// what the plan has promised so far, again until PostgreSQL has answered all
// that they ask. In the end it parses the plan. Nothing is written.

/** Which sections and steps a run looks at, and in what manner. */
export interface PlanOptions {
  schema: string;
  single: boolean;
  only: string[];
  skip: string[];
  probeTimeout: number;
  /** Tables with fewer rows are small; none is without it. */
  safeBelow?: number;
  /** Without it, who else uses the tables is not looked at. */
  lockTimeout?: number;
  apply?: boolean;
}

/** What the first round trip brings. */
interface Reading {
  server: Server;
  facts: Catalog;
  /** The answers to the queries of objects, which need no other fact. */
  known: Answers;
}

/** The queries of the objects that steps name. */
function objectQueries(steps: Step[], schema: string): string[] {
  const named = {
    literal: (name: string) =>
      literal(inSchema(name, schema).map(id).join(".")),
  };
  return steps.flatMap((step) => {
    const kind = OBJECTS[step.verb.replace(/^drop/, "create")];
    return kind ? [kind.facts(named, step as Said)] : [];
  });
}

/**
 * Reads the catalog in one round trip, asks what the comparison needs to know
 * in a second, and leaves no transaction behind.
 *
 * @throws StepError where PostgreSQL refuses a step's check
 */
export async function inspect(
  session: Session,
  sections: Section[],
  options: PlanOptions,
): Promise<Plan> {
  const reading = await readDatabase(session, sections, options);
  return makePlan(session, reading, sections, options);
}

async function readDatabase(
  session: Session,
  sections: Section[],
  options: PlanOptions,
): Promise<Reading> {
  const { schema } = options;
  const steps = chooseSteps(sections, options).flatMap(({ steps }) => steps);
  const objects = objectQueries(steps, schema);
  const rows = await session.begin(
    "READ ONLY",
    ...readSettings(options),
    `SET LOCAL search_path = ${CATALOG_PATH}`,
    // Every join is of equals; a bad estimate must not make it quadratic.
    ...HASH_JOINS.map((name) => `SET LOCAL ${name} = off`),
    ...factQueries(
      [
        [schema, ""],
        ...[...new Set(steps.flatMap(relationsOf))]
          .map((name) => inSchema(name, schema)),
      ],
      serverQuery(
        schema,
        steps.filter(({ verb }) => verb === "createExtension"),
      ),
      objects,
    ),
    ...HASH_JOINS.map((name) => `SET LOCAL ${name} = DEFAULT`),
  ).catch((error) => explainReading(session, options, error));
  const server = rows.find((row) => row.server)?.server as Server;
  session.searchPath = server.searchPath;
  session.stepPath = server.stepPath;
  refuseServer(server, schema);
  const known: Answers = new Map();
  for (const { object, v } of rows) {
    if (object !== undefined) known.set(objects[Number(object)] ?? "", v);
  }
  return { server, facts: readFacts(rows, schema), known };
}

/** The schema and the name that a step means. */
function inSchema(name: string, schema: string): string[] {
  const parts = parseName(`${name}`);
  return parts.length > 1 ? parts : [schema, parts[0] ?? `${name}`];
}

const HASH_JOINS = ["enable_nestloop", "enable_mergejoin", "enable_sort"];

/**
 * Where row level security would hide rows from the role, an error says so.
 * https://www.postgresql.org/docs/current/ddl-rowsecurity.html
 */
const SEE_ALL_ROWS = "SET LOCAL row_security = off";

function readSettings({ probeTimeout }: PlanOptions): string[] {
  return [
    `SET LOCAL statement_timeout = ${probeTimeout}`,
    // Constraints that exclude a backfill's rows then spare the look at them.
    "SET LOCAL constraint_exclusion = on",
    "SET LOCAL jit = off",
    SEE_ALL_ROWS,
  ];
}

async function makePlan(
  session: Session,
  reading: Reading,
  sections: Section[],
  options: PlanOptions,
): Promise<Plan> {
  const { facts } = reading;
  const chosen = chooseSteps(sections, options);
  const steps = new Map(
    sections.flatMap(({ steps }) => steps).flatMap((step) =>
      [...ownedBy(step), ...decidedBy(step)].map((thing) => [thing, step])
    ),
  );
  const answers: Answers = new Map(reading.known);
  for (;;) {
    const planner = new Planner(reading, answers, steps, options);
    const lines = runSteps(planner, chosen);
    const open = [...planner.open];
    const changes = lines.some(({ items }) =>
      items.some(({ mark }) => mark === "change")
    );
    if (changes && !session.embedded && !answers.has(SERVER_ID)) {
      open.push([SERVER_ID, "values"]);
    }
    if (open.length > 0) {
      await answer(session, open, answers, readSettings(options));
    }
    // What was taken for granted may have been right.
    const same = open.every(([sql, asked]) => {
      const found = answers.get(sql);
      if (sql === SERVER_ID) return true;
      return asked === "pairs"
        ? Array.isArray(found) && found[0] === found[1]
        : found !== undefined && found === planner.expected.get(sql);
    });
    if (!same) continue;
    for (const [item, found] of await askData(session, planner)) {
      const items = lines.find(({ items }) => items.includes(item))?.items;
      items?.splice(items.indexOf(item) + 1, 0, found);
    }
    const unnamed = unnamedIn(facts, planner);
    const { single, schema } = options;
    const plan = finishPlan(reading, lines, unnamed, single);
    const { server: { database } } = reading;
    const home = JSON.stringify([
      database,
      schema,
      `${answers.get(SERVER_ID)}`,
    ]);
    plan.digest = await digest(plan.changes, home);
    const told = plan.changes.length > 0 && options.lockTimeout !== undefined;
    const look = told
      ? underCatalog(session, situationQuery(plan, options)).join(";\n") +
        ";\n"
      : "";
    const [situation] = await parsed(session, plan, look);
    plan.issues.push(...describeSituation(situation, plan, facts));
    return plan;
  }
}

/**
 * Has PostgreSQL parse the plan, and asks the last thing before ROLLBACK. In a
 * DO block PL/pgSQL parses what it never comes to run, CONCURRENTLY included.
 *
 * @throws ChangeError with the first statement that is no SQL
 */
async function parsed(session: Session, { changes }: Plan, look: string) {
  const sql = changes.map(({ sql }) => sql).filter((sql) => !OWN_SQL.test(sql));
  if (sql.length === 0) return await session.query(`${look}ROLLBACK`);
  const [error, rows] = await Promise.all([
    session.query(`SAVEPOINT parse; ${unrun(sql)}`).catch((error) => error),
    session.query(`ROLLBACK TO parse; ${look}ROLLBACK`),
  ]);
  if (Array.isArray(error)) return rows;
  if (!isServerError(error)) throw error;
  for (const change of error.code === SYNTAX_ERROR ? changes : []) {
    if (OWN_SQL.test(change.sql)) continue;
    const failed = await session.begin("READ ONLY", unrun([change.sql]))
      .catch((error) => error);
    await session.query("ROLLBACK");
    if (Array.isArray(failed)) continue;
    throw isServerError(failed) ? new ChangeError(change, failed) : failed;
  }
  return rows;
}

function unrun(statements: string[]): string {
  const text = statements.join(";\n");
  let tag = "$sync$";
  while (text.includes(tag)) tag = tag.replace("sync", "sync_");
  return `DO ${tag}BEGIN RETURN;\n${text};\nEND${tag}`;
}

const SYNTAX_ERROR = "42601";

/** What PL/pgSQL would take for statements of its own. */
const OWN_SQL =
  /^\s*(?:(?:select|with)\b[^]*\binto|execute|fetch|move|close|open)\b/i;

/** A look at the catalog waits only where a table is locked altogether. */
async function explainReading(
  session: Session,
  { schema }: PlanOptions,
  error: unknown,
): Promise<never> {
  if (!isServerError(error) || session.lost) throw error;
  await session.query("ROLLBACK");
  if (error.code !== TIMED_OUT) {
    // A fork or an old server lacks what the query calls.
    const [row] = await session.look("SELECT version() AS banner");
    refuseFork(`${row?.banner}`);
    const [told] = await session.look(serverQuery(schema)).catch(() => []);
    if (told) refuseServer(told.server as Server, schema);
    throw error;
  }
  const holder = await tableHolder(session);
  throw new SyncError(
    holder
      ? `a table is locked in ACCESS EXCLUSIVE mode by ${holder}`
      : "reading the catalog took longer than --probe-timeout",
    "Wait until that ends, or allow more time with --probe-timeout",
    { cause: error },
  );
}

/** Under which the answers hold who locks a table while none came in time. */
const HOLDER = "holder";

/** Who holds a lock k of pg_locks, in words. */
function lockHolder(where: string): string {
  return `SELECT ${SESSION} AS who FROM pg_locks k
    JOIN pg_stat_activity a USING (pid) WHERE k.granted AND ${HERE} AND ${where}`;
}

async function tableHolder(session: Session): Promise<unknown> {
  const [holder] = await session.look(
    lockHolder("mode = 'AccessExclusiveLock' AND relation IS NOT NULL"),
  );
  return holder?.who;
}

/** Plans each step in its turn; the lines stay in their order. */
function runSteps(planner: Planner, sections: Section[]) {
  const lines = new Map<Step, Item[]>();
  const all = sections.flatMap(({ title, steps }) =>
    steps.map((step) => ({ title, step, turn: turnOf(step) }))
  );
  for (const { title, step } of all.toSorted((a, b) => a.turn - b.turn)) {
    lines.set(step, planner.run(title, step));
  }
  return sections.map(({ title, steps }) => ({
    title,
    items: steps.flatMap((step) => lines.get(step) ?? []),
  }));
}

/** What nobody checks: objects, and what hangs on tables that steps make. */
function unnamedIn({ tables, others }: Catalog, db: Planner): string[] {
  const alters = db.steps().map(({ alter = [] }) => alter.join(";\n"));
  const longhand = new Set(wordsIn(alters.join(";\n")));
  const found = others.filter(({ oid, name, sql }) =>
    !db.seen.has(oid) && !db.seen.has(sql) && !longhand.has(name)
  ).map(({ described }) => described).sort();
  const said = new Set(
    db.steps().flatMap(({ table, name, to, on }) => [table, name, to, on]),
  );
  const named = new Set([...said].map((name) => db.sql(name ?? "")));
  const home = (name: string) => parseName(name).slice(0, -1).join();
  const homes = new Set([...named].map(home));
  const renamed = new Set(
    db.steps().flatMap(({ verb, table, column }) =>
      verb === "renameColumn" ? [`${table}.${column}`] : []
    ),
  );
  for (const { name, columns, indexes, constraints } of tables.values()) {
    const table = stepName(parseName(name));
    // The facts hold what foreign keys refer to, too.
    const known = named.has(name) || longhand.has(lastName(name));
    if (!known && homes.has(home(name))) found.push(`table ${table}`);
    const made = db.stepOf(`table ${table}`);
    if (!made?.columns) continue;
    const parents = (made.shape?.inherits ?? []).map((name) => db.table(name));
    const isUnnamed = (kind: string, name: string) =>
      !db.stepOf(`${kind} ${table}.${name}`) && !longhand.has(name);
    for (const [column, { inherited }] of columns) {
      const known = inherited || Object.hasOwn(made.columns, column) ||
        parents.some((parent) => parent?.columns.has(column)) ||
        db.stepOf(`rename ${table}.${column}`) ||
        renamed.has(`${table}.${column}`);
      if (!known && isUnnamed("column", column)) {
        found.push(`column ${table}.${column}`);
      }
    }
    for (const [index] of indexes) {
      const own = `index ${besideTable(table, index)}`;
      const known = constraints.has(index) || db.stepOf(own);
      if (!known && !longhand.has(index)) found.push(own);
    }
    for (const [constraint, { type, inherited }] of constraints) {
      if (type === "p" || inherited) continue;
      if (isUnnamed("constraint", constraint)) {
        found.push(`constraint ${table}.${constraint}`);
      }
    }
  }
  return found;
}

function finishPlan(
  { server, facts }: Reading,
  sections: Plan["sections"],
  unnamed: string[],
  single: boolean,
): Plan {
  const items = sections.flatMap((section) => section.items);
  const place = ({ phase, early, rank = 5 }: Change) =>
    PHASES.indexOf(phase) * 10 + (phase === "online" && early ? 1 : rank);
  const ranked = items.flatMap((item) => item.changes)
    .sort((a, b) => place(a) - place(b));
  const groups = groupChanges(ranked, single);
  for (const group of groups) foldConstraints(group);
  const changes = groups.flat();
  return {
    server,
    single,
    unnamed,
    sections,
    changes,
    issues: [
      ...items.filter(({ mark }) => mark === "issue"),
      ...missingPrivileges(server, changes, facts),
    ],
    inPlace: items.filter(({ mark }) => mark === "in place").length,
    digest: "",
  };
}

/**
 * What a server is, whatever the address: all that was copied from it block by
 * block is the same to it, and nothing else.
 */
const SERVER_ID = "SELECT system_identifier::text FROM pg_control_system()";

/** How many digits of a digest are about what would run. */
const ABOUT_SQL = 8;

/**
 * A short name for what would run, in its order, and behind it one for where:
 * it changes with either, and tells which.
 *
 * @param home the names of database and schema, and the server's own
 */
async function digest(changes: Change[], home: string): Promise<string> {
  // Most runs find nothing to change, and need not load the hash for that.
  if (changes.length === 0) return "e3b0c44298fc";
  const sql = changes.map(({ phase, sql }) => `${phase} ${sql}`).join("\n");
  const [what, where] = await Promise.all([sql, home].map(sha256));
  return `${what}`.slice(0, ABOUT_SQL) + `${where}`.slice(0, 12 - ABOUT_SQL);
}

/** The steps that `--only` and `--skip` leave. */
function chooseSteps(sections: Section[], { only, skip }: PlanOptions) {
  for (const pattern of [...only, ...skip]) {
    const matches = matcher([pattern]);
    const known = sections.some(({ title, steps }) =>
      matches(title) || steps.some(({ name }) => matches(name))
    );
    refuse(
      !known,
      `no section or step is called "${pattern}"`,
      "Give a section's title or a step's name, with * as wildcard: --verbose " +
        "lists them",
    );
  }
  const isOnly = matcher(only), isSkipped = matcher(skip);
  return sections.map(({ title, steps }) => ({
    title,
    steps: steps.filter(({ name }) =>
      (only.length === 0 || isOnly(title) || isOnly(name)) &&
      !isSkipped(title) && !isSkipped(name)
    ),
  })).filter(({ steps }) => steps.length > 0);
}

/** Whether a name is one of these, in which * is anything. */
function matcher(patterns: string[]): (name: string) => boolean {
  const sources = patterns.map((pattern) =>
    pattern.split("*").map(escapeRegExp).join(".*")
  );
  const expression = new RegExp(`^(${sources.join("|")})$`, "is");
  return (name) => patterns.length > 0 && expression.test(name);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** What a step defines or decides. */
export function ownedBy(step: Step): string[] {
  const verb = VERBS[step.verb];
  return verb ? [verb.owns(step)] : [];
}

/**
 * Looks for what stands in the lists and is no section or no step: all else
 * reads their names.
 *
 * @throws StepFaults with all of them
 */
function checkShapes(sections: unknown) {
  const faults: string[] = [];
  if (!Array.isArray(sections)) faults.push("the sections are not a list");
  for (const [i, given] of [sections].flat().entries()) {
    const { title, steps } = (given ?? {}) as Partial<Section>;
    if (typeof title !== "string" || !Array.isArray(steps)) {
      faults.push(
        `section ${i + 1} is ${whatItIs(given)}: write section("…", [ … ])`,
      );
      continue;
    }
    // Not forEach, which would leave out what a stray comma makes.
    for (const [n, step] of steps.entries()) {
      if (Object.hasOwn(VERBS, step?.verb ?? "")) continue;
      faults.push(
        `step ${n + 1} of section "${title}" is ${whatItIs(step)}: write a ` +
          "builder's call, such as createTable(…)",
      );
    }
  }
  if (faults.length > 0) throw new StepFaults(faults);
}

/** What stands in the place of a step. */
function whatItIs(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  if (Array.isArray(value)) return "a list: put ... before it";
  if (typeof value === "function") return "a function that was not called";
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}

/** What may be left out, and is a string where it is not. */
const OPTIONAL_TEXTS = ["using", "to", "on", "options", "undo", "makes"]
  .concat(["schema", "version", "by"]) as (keyof Step)[];

/**
 * Looks for every mistake in the steps that shows without a database.
 *
 * @throws StepFaults with all of them
 */
export function checkSteps(sections: Section[]) {
  checkShapes(sections);
  const owners = new Map<string, [string, Step]>();
  const again = (title: string, step: Step) =>
    ownedBy(step).flatMap((thing) => {
      const [, table = "", column = ""] = /^column (.*)\.(.*)$/.exec(thing) ??
        [];
      const [, made] = owners.get(`table ${table}`) ?? [];
      const before = made?.columns && Object.hasOwn(made.columns, column)
        ? owners.get(`table ${table}`)
        : owners.get(thing);
      owners.set(thing, [title, step]);
      return before
        ? [`it defines ${thing} again, after ${describeStep(...before)}`]
        : [];
    });
  const faults: string[] = [];
  for (const { title, steps } of sections) {
    for (const step of steps) {
      const where = describeStep(title, step);
      try {
        const found = [
          ...OPTIONAL_TEXTS.map((field) =>
            !["undefined", "string"].includes(typeof step[field]) &&
            `its "${field}" is ${whatItIs(step[field])}: write a string`
          ),
          ...VERBS[step.verb]?.faults(step as Said) ?? [],
          ...again(title, step),
        ];
        faults.push(
          ...found.flatMap((fault) => fault ? [`${where}: ${fault}`] : []),
        );
      } catch {
        faults.push(`${where}: its arguments are not what ${step.verb} takes`);
      }
    }
  }
  if (faults.length > 0) throw new StepFaults(faults);
}

// ═══ Preflight ═════════════════════════════════════════════════════════════
//
// In come the changes that rows could refuse; out go the rows that would. The
// data is asked as the plan will have left it: added, filled and inserted. It
// is only read, each look is bounded, and what was not looked at says so.

/** What the data must be like for a change to succeed. */
interface PreflightCheck {
  item: Item;
  table: string;
  /** What a row does that violates it, of one and of several. */
  says: readonly string[];
  /** The columns that examples show. */
  key: string;
  /**
   * Once the plan is whole, the SQL that lists their keys; undefined where it
   * cannot be foreseen.
   */
  list: () => string | undefined;
  /** Whether rows that it lists are sure to be there by then. */
  sure: () => boolean;
  bytes: number;
}

/** Asks the data, small tables first, in one round trip. */
async function askData(session: Session, { checks }: Planner) {
  const asked = checks.toSorted((a, b) => a.bytes - b.bytes);
  if (asked.length === 0) return [];
  const [, found] = await Promise.all([
    session.query("SAVEPOINT probes"),
    Promise.all(asked.map((check) => askOne(session, check))),
    session.query("ROLLBACK TO probes"),
  ]);
  return found.filter((found) => found !== undefined);
}

/** What one check finds; the item that it belongs after comes first. */
async function askOne(
  session: Session,
  { item, says, key, list: listOf, sure }: PreflightCheck,
): Promise<[Item, Item] | undefined> {
  const { object, text } = item;
  const query = listOf();
  const unchecked = (
    why = "its outcome depends on what the plan does before",
  ): [Item, Item] => {
    const details: Detail[] = [["why", why], ["query", query]];
    const told = `${text} was not checked`;
    return [item, issueOf(object, told, details, { reason: "unchecked" })];
  };
  if (!query) return unchecked();
  try {
    const sql = `ROLLBACK TO probes; ${countProbe(query)}`;
    const [row] = await session.query(sql);
    const { n, keys } = row?.found as { n: number; keys: string[] | null };
    if (n === 0) return undefined;
    if (!sure()) return unchecked();
    const examples = (keys ?? []).join(", ") + (n > 3 ? ", …" : "");
    const they = `${count(n, "row")} ${says[n === 1 ? 0 : 1]}`;
    const details: Detail[] = [
      ["rows", `${key} ${examples}`],
      ["query", query],
      ["fix", "change these rows, or write a backfill into the steps"],
    ];
    const told = `${text} would fail: ${they}`;
    return [item, issueOf(object, told, details, { reason: "rows" })];
  } catch (error) {
    if (!isServerError(error)) throw error;
    return unchecked(
      error.code === TIMED_OUT
        ? "it took longer than --probe-timeout"
        : withoutValues(error, query),
    );
  }
}

/** The SQL that counts what the other lists, with up to three of the keys. */
function countProbe(list: string): string {
  if (list.startsWith("DO ")) {
    return `${list}; SELECT current_setting('sync.found')::json AS found`;
  }
  return `SELECT json_build_object('n', count(*),
    'keys', array_agg(left(key, 80)) FILTER (WHERE i <= 3)) AS found FROM (
    SELECT key, row_number() OVER (ORDER BY length(key), key) AS i
    FROM (${list}) listed) numbered`;
}

function expectNotNull(db: Planner, { table, column }: At) {
  const says = ["is NULL", "are NULL"];
  expectRows(db, table, says, (rows, key) => {
    return `SELECT ${key} AS key FROM ${rows} WHERE ${id(column)} IS NULL`;
  });
}

function expectCheck(db: Planner, table: string, condition: string) {
  expectRows(db, table, ["fails it", "fail it"], (rows, key) => {
    const said = overText(db, table, condition);
    return said && `SELECT ${key} AS key FROM ${rows} WHERE (${said}) IS FALSE`;
  });
}

/** One pass: the window is over what the index would hold. */
function expectUnique(db: Planner, table: string, parts: Parts) {
  const values = keysOf(parts).map((key, i) => {
    const collation = parts[`collation ${i + 1}`];
    return (isName(key) ? key : `(${key})`) +
      (collation ? ` COLLATE ${collation}` : "");
  });
  const where = whereAll([
    ...given(parts.predicate && `(${parts.predicate})`),
    ...(parts.nulls ? [] : values.map((value) => `${value} IS NOT NULL`)),
  ]);
  const says = ["repeats another", "repeat one another"];
  expectRows(db, table, says, (rows, key) => {
    return `SELECT key FROM (SELECT ${key} AS key, count(*) OVER ` +
      `(PARTITION BY ${values.join(", ")}) AS n FROM ${rows}${where}) x ` +
      "WHERE n > 1";
  });
}

function whereAll(conditions: string[]): string {
  return conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
}

function expectParents(
  db: Planner,
  table: string,
  parts: Parts,
  parent: string,
) {
  const theirs = splitNames(parts["referenced columns"]);
  const own = aliasOf(db, table);
  const alias = own === "referenced" ? "referenced_table" : "referenced";
  const columns = keyColumns(parts).map((column) => `${own}.${id(column)}`);
  const joined = columns.map((column, i) =>
    `${alias}.${id(theirs[i] ?? "")} = ${column}`
  );
  const some = columns.map((column) => `${column} IS NOT NULL`)
    .join(parts.match === "full" ? " OR " : " AND ");
  const shown = dotted(parent);
  const says = [`has no row in ${shown}`, `have no row in ${shown}`];
  const sure = () => db.coming.knows(parent, theirs);
  expectRows(db, table, says, (rows, key) => {
    const parents = rowsOf(db, parent, alias, theirs.map(id).join(", "));
    return parents && `SELECT ${key} AS key FROM ${rows} WHERE (${some}) ` +
        `AND NOT EXISTS (SELECT 1 FROM ${parents}${whereAll(joined)})`;
  }, { sure });
}

function expectExclusion(db: Planner, table: string, parts: Parts) {
  const values = keysOf(parts).map((key, i) => `(${key}) AS v${i}`);
  const both = values.map((_, i) => {
    const sign = parts[`operator ${i + 1}`] ?? "=";
    // An operator of another schema needs to be called so.
    return `a.v${i} ${sign.includes(".") ? `OPERATOR(${sign})` : sign} b.v${i}`;
  });
  const where = whereAll(given(parts.predicate));
  const says = ["conflicts with another", "conflict with one another"];
  expectRows(db, table, says, (rows, key) => {
    return `WITH r AS (SELECT ${key} AS key, ROW(${SYSTEM})::text AS at, ` +
      `${values.join(", ")} FROM ${rows}${where}) SELECT key FROM r a ` +
      `WHERE EXISTS (SELECT FROM r b WHERE b.at <> a.at AND ` +
      `${both.join(" AND ")})`;
  });
}

/** Values that the coming type of a column cannot hold. */
function expectType(
  db: Planner,
  { table, column }: At,
  type: string,
  using = id(column),
) {
  const says = [`does not fit ${type}`, `do not fit ${type}`];
  const relation = db.table(table)?.was ?? db.sql(table);
  // A type that is not there yet, or not with every label, is its labels.
  const coming = db.comingEnum(type);
  const labels = coming?.labels.map(literal).join(", ");
  const text = castToText(using, nameIn(type));
  expectRows(db, table, says, (rows, key) => {
    return coming
      ? `SELECT ${key} AS key FROM ${rows} WHERE (${text})::text ` +
        `NOT IN (${labels})`
      : castProbe(
        { rows, key, table: aliasOf(db, table), relation },
        type,
        using,
      );
  }, { about: using });
}

/** What SQL calls the rows of a table, whatever its schema. */
function aliasOf(db: Planner, table: string): string {
  return id(lastName(db.sql(table)));
}

/**
 * Registers what the data must be like for the change asked for last.
 *
 * @param says what a row does that violates it, of one and of several
 * @param list the SQL that lists the keys of such rows
 */
function expectRows(
  db: Planner,
  table: string,
  says: readonly string[],
  list: (rows: string, key: string) => string | undefined,
  { sure = (): boolean => true, about = list("", "") ?? "" } = {},
) {
  const item = db.lastChange;
  if (!item || db.state(table) !== "filled") return;
  const primary = primaryKeyOf(db.table(table));
  // One that is still to come does not tell rows apart yet.
  const columns = primary?.constraint.oid ? primary.columns : [];
  const alias = aliasOf(db, table);
  const quoted = columns.map((column) => `${alias}.${id(column)}`);
  const key = columns.length === 1
    ? `${quoted[0]}::text`
    : columns.length > 1
    ? `concat('(', ${quoted.join(", ', ', ")}, ')')`
    : `${alias}.ctid::text`;
  // Once it fails, all that comes before it in the plan has run.
  const query = list(alias, key);
  if (query && !/^DO |\(SELECT ctid,/.test(query)) {
    for (const change of item.changes) change.query = query;
  }
  db.checks.push({
    ...{ item, table, says, sure, key: columns.join(", ") || "ctid" },
    list: () => {
      const rows = rowsOf(db, table, alias, about);
      return rows && list(rows, key);
    },
    bytes: db.sizeOf(db.sql(table)).bytes,
  });
}

/**
 * The rows of a table as they will be when its constraints see them, as an
 * item of FROM; undefined where that cannot be foreseen.
 *
 * @param about the SQL that names the columns that matter
 */
function rowsOf(db: Planner, name: string, alias: string, about: string) {
  const table = db.table(name);
  const was = table?.was || db.sql(name);
  const { layers, named } = db.coming.of(name, about);
  const computed = [...named].some((c) => table?.columns.get(c)?.generated);
  // It would have to be computed anew from what is filled.
  if (db.coming.has(name) && computed) return undefined;
  const isText = (column: string) =>
    !!table && typeBefore(db, table, column).asText;
  const plain = !table || layers.length === 0 && !db.isRenamed(table) &&
      ![...table.columns.keys()].some((c) => named.has(c) && isText(c));
  if (plain) return alias === was ? alias : `${was} ${alias}`;
  const typeOf = (column: string) => typeBefore(db, table, column).type;
  const all = [...table.columns, ...table.dropped ?? []];
  const standing = all.filter(([, fact]) =>
    fact.was !== "" || table.was === ""
  );
  const columns = standing.map(([name]) => name);
  const list = standing.map(([name, fact]) =>
    isText(name)
      ? `${id(fact.was)}::${typeOf(name)} AS ${id(name)}`
      : fact.was === name
      ? id(name)
      : `${id(fact.was)} AS ${id(name)}`
  );
  const nulls = columns.map((name) => `NULL::${typeOf(name)} AS ${id(name)}`);
  let from = table.was === ""
    ? `SELECT ${[NO_SYSTEM, ...nulls].join(", ")} WHERE false`
    : `SELECT ${[SYSTEM, ...list].join(", ")} FROM ${was}`;
  for (const { wrap } of layers) {
    const scope = { columns, typeOf, named };
    const next = wrap(`(${from}) ${aliasOf(db, name)}`, scope);
    if (next === undefined) return undefined;
    from = next;
  }
  return `(${from}) ${alias}`;
}

/**
 * A condition over columns of enums with labels to come, as one over text;
 * undefined where it asks for more than which label it is.
 */
function overText(db: Planner, table: string, condition: string) {
  const list = words(condition);
  const enumOf = (word = "") => {
    const fact = db.column({ table, column: unquoted(word) });
    const type = fact?.type.replace(/\[\]$/, "");
    return type && db.comingEnum(type) ? nameIn(type) : undefined;
  };
  const enums = new Set(list.flatMap((word) => enumOf(word) ?? []));
  const near = (word = "") => "()".includes(word) || !!enumOf(word);
  const plain = enums.size === 0 ||
    list.every((word, i) =>
      /^([<>]=?|between)$/.test(word)
        ? !near(list[i - 1]) && !near(list[i + 1])
        : list[i + 1] !== "(" || !/^[a-z_"]/.test(word) ||
          /^(and|or|not|in|any|all|coalesce)$/.test(word)
    );
  return plain ? [...enums].reduce(castToText, condition) : undefined;
}

/** A column's type before the plan's end; text for an enum to come. */
function typeBefore(db: Planner, table: TableFact, column: string) {
  const fact = table.columns.get(column);
  const type = fact?.before ?? fact?.type ?? "text";
  const [element = "", list = ""] = type.split(/(?=\[\]$)/);
  if (db.comingEnum(element)) return { type: `text${list}`, asText: true };
  const collate = fact?.collation ? ` COLLATE ${fact.collation}` : "";
  return { type: type + collate, asText: false };
}

/** What tells the rows of tables and partitions apart; the plan's have none. */
const SYSTEM = "ctid, tableoid";
const NO_SYSTEM = "NULL::tid AS ctid, NULL::oid AS tableoid";

/** What a layer is laid over. */
interface Scope {
  columns: string[];
  typeOf: (column: string) => string;
  /** The columns that matter. */
  named: Set<string>;
}

/** The rows of a table as one more change leaves them. */
interface Layer {
  /** The columns that it changes; none where it adds rows. */
  columns: string[];
  /** SQL that names what its values come from. */
  about: string;
  /** The rows that it adds. */
  rows?: Values[];
  /** Puts it over an item of FROM; undefined where it cannot be foreseen. */
  wrap: (from: string, scope: Scope) => string | undefined;
}

/** What a plan does to the rows of tables before constraints see them. */
class Coming {
  /** By the table's name in SQL. */
  #layers = new Map<string, Layer[]>();

  constructor(readonly db: Planner) {}

  has(table: string): boolean {
    return this.#layers.has(this.db.sql(table));
  }

  /**
   * The layers that matter to what the SQL names: those of its columns, of the
   * columns from which these are filled, and of rows.
   */
  of(table: string, about: string) {
    const named = new Set(namesIn(about));
    const matters = ({ columns, about }: Layer) => {
      if (columns.length === 0) return true;
      if (!columns.some((column) => named.has(column))) return false;
      for (const name of namesIn(about)) named.add(name);
      return true;
    };
    const layers = this.#layers.get(this.db.sql(table)) ?? [];
    return { layers: layers.toReversed().filter(matters).reverse(), named };
  }

  #push(table: string, layer: Layer) {
    const name = this.db.sql(table);
    this.#layers.set(name, [...this.#layers.get(name) ?? [], layer]);
  }

  /** @param known whether its value can be foreseen */
  addColumn({ table, column }: At, value = "NULL", known = true) {
    const wrap: Layer["wrap"] = (from, { columns, typeOf }) => {
      columns.push(column);
      const type = typeOf(column);
      return known
        ? `SELECT *, (${value})::${type} AS ${id(column)} FROM ${from}`
        : undefined;
    };
    this.#push(table, { columns: [column], about: value, wrap });
  }

  /** @param value what DEFAULT stands for in `set` */
  fill(table: string, set: string, where: string, value = "NULL") {
    const values = readAssignments(set);
    const about = `${set} ${where} ${value}`;
    const wrap: Layer["wrap"] = (from, { columns, typeOf }) => {
      if ([...values.values()].includes(undefined)) return undefined;
      if (this.#looksElsewhere(table, about)) return undefined;
      // What it reads of its own table, another pass finds filled.
      const read = namesIn([...values.values()].join(" "));
      const own = read.has("select") && read.has(lastName(this.db.sql(table)));
      if (own && [...values.keys()].some((name) => read.has(name))) {
        return undefined;
      }
      const list = columns.map((name) => {
        const to = values.get(name);
        if (to === undefined) return id(name);
        const filled = `(${/^default$/i.test(to) ? value : to})`;
        const type = typeOf(name);
        return `CASE WHEN (${where}) THEN ${filled}::${type} ` +
          `ELSE ${id(name)}::${type} END AS ${id(name)}`;
      });
      return `SELECT ${SYSTEM}, ${list.join(", ")} FROM ${from}`;
    };
    this.#push(table, { columns: [...values.keys()], about, wrap });
  }

  /** Whether it reads what other changes of the plan come to. */
  #looksElsewhere(table: string, about: string): boolean {
    const names = namesIn(about);
    const own = this.db.sql(table);
    return names.has("select") &&
      [...this.db.tables()].some(({ name, was }) =>
        names.has(lastName(name)) &&
        (name === own
          ? (this.#layers.get(name)?.length ?? 0) > 1
          : this.#layers.has(name) || was === "")
      );
  }

  /** Whether the rows that it inserts all say their value of the columns. */
  knows(table: string, columns: string[]): boolean {
    const layers = this.#layers.get(this.db.sql(table)) ?? [];
    return layers.flatMap(({ rows = [] }) => rows).every((row) =>
      columns.every((column) =>
        Object.hasOwn(row, column) && row[column] !== undefined
      )
    );
  }

  /** @param match when a row t of the table has the key of v */
  insert(table: string, match: string, rows: Values[]) {
    const wrap: Layer["wrap"] = (from, { columns, typeOf, named }) => {
      // What identity or a default makes of them is not known yet.
      const needed = columns.filter((column) => named.has(column));
      if (!this.knows(table, needed)) return `SELECT * FROM ${from}`;
      const list = columns.map(id).join(", ");
      const typed = columns.map((column) => `${id(column)} ${typeOf(column)}`);
      const values = literal(toJson(rows));
      return `SELECT ${SYSTEM}, ${list} FROM ${from} UNION ALL SELECT ` +
        `${NO_SYSTEM}, ${list} FROM jsonb_to_recordset(${values}) ` +
        `AS v(${typed.join(", ")}) WHERE NOT EXISTS (SELECT 1 FROM ` +
        `(SELECT * FROM ${from}) t WHERE ${match})`;
    };
    this.#push(table, { columns: [], about: "", rows, wrap });
  }
}

/**
 * Values that an assignment to another type refuses. Only PL/pgSQL can go on
 * after an error: it takes ranges of pages as a whole, which is quick, and row
 * by row only those in which one fails.
 * https://www.postgresql.org/docs/current/plpgsql-control-structures.html#PLPGSQL-ERROR-TRAPPING
 */
function castProbe(
  { rows, key, table, relation }: Record<
    "rows" | "key" | "table" | "relation",
    string
  >,
  type: string,
  using: string,
) {
  const ctid = `${table}.ctid`;
  const range = `${ctid} >= sync_low AND ${ctid} < sync_high`;
  return `DO $sync$
#variable_conflict use_column
DECLARE sync_value ${type}; sync_row record;
  sync_count bigint := 0; sync_keys text[];
  sync_low tid; sync_high tid; sync_pages bigint := coalesce(
    pg_relation_size(to_regclass(${literal(relation)})) / 8192, 0);
BEGIN
  FOR sync_page IN 0 .. sync_pages BY 512 LOOP
    sync_low := format('(%s,0)', sync_page);
    sync_high := format('(%s,0)', CASE WHEN sync_page + 512 <= sync_pages
      THEN sync_page + 512 ELSE 4294967295 END);
  BEGIN
    FOR sync_value IN SELECT ${using}
      FROM ${rows}
      WHERE ${range}
    LOOP END LOOP;
  EXCEPTION
  -- No row's fault.
  WHEN syntax_error_or_access_rule_violation THEN RAISE;
  WHEN OTHERS THEN
    FOR sync_row IN SELECT ${key} AS key,
      ${ctid} AS at, ${table}.tableoid AS part
      FROM ${rows}
      WHERE ${range}
    LOOP BEGIN
      SELECT ${using} INTO sync_value
      FROM ${rows}
      WHERE ${ctid} = sync_row.at AND ${table}.tableoid = sync_row.part;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE '%', sync_row.key;
      sync_count := sync_count + 1;
      IF sync_count <= 3 THEN
        sync_keys := sync_keys || left(sync_row.key, 80);
      END IF;
    END; END LOOP;
  END; END LOOP;
  PERFORM set_config('sync.found',
    json_build_object('n', sync_count, 'keys', sync_keys)::text, true);
END $sync$`;
}

/**
 * Whoever else is at work where the changes will be: transactions that hold
 * locks or old snapshots, another apply, replicas that lag, and autovacuum that
 * will not give way.
 */
function situationQuery({ changes }: Plan, options: PlanOptions): string {
  const oids = (of: Change[]) =>
    `ARRAY[${[...lockedBy(of)].map(regclass)}]::oid[]`;
  const alone = changes.filter(({ alone }) => alone);
  const tables = oids(changes), built = buildQuery("p.pid = b.pid");
  const locked =
    `(SELECT DISTINCT ON (pid) pid, relation::regclass::text AS name
    FROM pg_locks WHERE granted AND relation = ANY (${tables}))`;
  return `SELECT json_agg(f) AS situation, (SELECT coalesce(json_agg(relname),
      '[]') FROM pg_stat_progress_create_index
      JOIN pg_class c ON c.oid = index_relid) AS building FROM (
    SELECT coalesce(l.name, 'transaction') AS object, CASE WHEN l.name IS NULL
        THEN 'is so old that index builds wait for it'
        ELSE 'is in use by an open transaction' END AS text, ${SESSION} AS who,
      'wait for it, or end it: SELECT pg_terminate_backend(' || a.pid || ')'
        AS fix, NULL AS builder
    FROM pg_stat_activity a LEFT JOIN ${locked} l USING (pid)
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND a.backend_type = 'client backend'
      AND now() - xact_start > interval '1 ms' * CASE WHEN l.name IS NOT NULL
        THEN ${options.lockTimeout} WHEN ${alone.length > 0} THEN 60000 END
    UNION ALL
    SELECT DISTINCT relation::regclass::text, 'is in use by a prepared transaction',
      quote_literal(gid),
      'COMMIT PREPARED or ROLLBACK PREPARED it', NULL
    FROM ${PREPARED} p JOIN pg_locks ON virtualtransaction = vxid
    WHERE pid IS NULL AND relation = ANY (${tables})
    UNION ALL
    SELECT relid::regclass::text, 'has an index built by another session',
      build->>'who', ${literal(BUILT)}, build->>'key'
    FROM (SELECT b.relid, (SELECT ${built})::json AS build
      FROM pg_stat_progress_create_index b
      WHERE b.relid = ANY (${oids(alone)}) AND command = 'CREATE INDEX') x
    UNION ALL
    SELECT 'another sync', 'is applying', who, 'wait until it ends', NULL
    FROM (${lockHolder(HOLDS_LOCK)}) k WHERE ${!options.apply}
    UNION ALL
    SELECT 'replica', 'is ' || pg_size_pretty(behind) || ' of WAL behind',
      coalesce(nullif(application_name, ''), client_addr::text),
      'wait until it has caught up: the changes write more WAL', NULL
    FROM pg_stat_replication, LATERAL (SELECT pg_wal_lsn_diff(
      CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END,
      replay_lsn) AS behind) w
    WHERE behind > 32 * 1024 * 1024
    UNION ALL
    SELECT p.relid::regclass::text, 'is in autovacuum that does not give way',
      ${SESSION},
      'wait until it ends: it prevents transaction ID wraparound', NULL
    FROM pg_stat_progress_vacuum p JOIN pg_stat_activity a USING (pid)
    WHERE p.relid = ANY (${tables}) AND query LIKE '%to prevent wraparound%') f`;
}

/** The oid of what a name of SQL names, or NULL. */
function regclass(name: string): string {
  return `to_regclass(${literal(name)})::oid`;
}

/** The tables that changes lock, as SQL names them. */
function lockedBy(changes: Change[]): Set<string> {
  return new Set(
    changes.flatMap(({ tables }) => tables.map(({ table }) => table)),
  );
}

/** A build of an index that another session is at. */
interface Build {
  key: string;
  who: string;
  share: number | null;
}

/** What an apply does about it. */
const BUILT = "wait until it ends: an apply does, and rebuilds what is INVALID";

/** Tells one build p from the next of the same process. */
const BUILD = "concat(p.pid, ' ', relid, ' ', index_relid)";

/** One such build p as JSON, or NULL. */
function buildQuery(where: string): string {
  return `(SELECT json_build_object('key', ${BUILD}, 'who', ${SESSION}, 'share',
      CASE WHEN blocks_total > 0 THEN blocks_done::float8 / blocks_total END)
      ::text
    FROM pg_stat_progress_create_index p JOIN pg_stat_activity a USING (pid)
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND ${where} LIMIT 1)`;
}

/** The lines about it, and about what is half done on the same tables. */
function describeSituation(
  row: Row | undefined,
  { changes }: Plan,
  facts: Catalog,
): Item[] {
  if (changes.length === 0) return [];
  type Found =
    & Record<"object" | "text" | "fix", string>
    & Partial<Record<"who" | "builder", string>>;
  const found = [...(row?.situation ?? []) as Found[]];
  const building = (row?.building ?? []) as string[];
  const mended = new Set([...changes.map(({ object }) => object), ...building]);
  for (const table of lockedBy(changes)) {
    const { indexes = [], constraints = [] } = facts.tables.get(table) ?? {};
    for (const [object, { valid }] of indexes) {
      const fix = `DROP INDEX CONCURRENTLY ${id(object)}`;
      const text = "is INVALID: it slows writes, and serves no query";
      if (!valid && !mended.has(object)) found.push({ object, text, fix });
    }
    for (const [name, { valid, enforced }] of constraints) {
      if (valid || !enforced || mended.has(name)) continue;
      if (HELPER.test(name)) continue;
      const fix = `ALTER TABLE ${table} VALIDATE CONSTRAINT ${id(name)}`;
      const object = `${dotted(table)}.${name}`;
      found.push({ object, text: "is not validated", fix });
    }
  }
  return found.map(({ object, text, who, fix, builder }) => {
    const told = { reason: "situation", ...(builder && { builder }) } as const;
    return issueOf(object, text, [["who", who], ["fix", fix]], told);
  });
}

// ═══ Apply ═════════════════════════════════════════════════════════════════
//
// In comes a plan; out goes a database that has it, or what became of each of
// its statements. They run in the order of the phases, and each waits for its
// locks without making others wait for long. Nothing is planned here, and what
// the server did with a statement is never guessed: it is asked, or not known.

/** What an apply needs besides the plan. */
interface Run {
  session: Session;
  /**
   * Holds the advisory lock in an open transaction, in which nothing else may
   * run: its snapshot would keep CREATE INDEX CONCURRENTLY waiting for ever.
   * The embedded one has neither this nor the next.
   */
  lock?: Session | undefined;
  /** Looks on, and is connected only when there is something to look at. */
  watcher?: Session | undefined;
  /** How it runs its changes; times in milliseconds. */
  options: Pick<Options, "single" | "lockTimeout" | "maxWait">;
  report: Reporter;
  progress: Progress;
  /** When the tables were filled. */
  filled: Map<string, number>;
}

/** What became of the plan's changes. */
class Progress {
  committed: Change[] = [];
  /** Those of a transaction that was rolled back. */
  undone: Change[] = [];
  /** The fill that stopped between two batches, or in one. */
  filling?: Change | undefined;
  /** Those of a transaction whose end is not known, and where to look. */
  unknown?: { changes: Change[]; look?: string };
}

/** SQLSTATEs after which the same statement may be tried again. */
const RETRIED = ["55P03", "40P01"];
const TIMED_OUT = "57014";
const INVALID_TEXT = "22P02";

/** Any number will do, as long as every copy of this script has the same. */
const ADVISORY_KEY = "7236511998345071977";

/** Whether a lock k of pg_locks is in this database. */
const HERE = `k.database = (SELECT oid FROM pg_database
  WHERE datname = current_database())`;

/** Whether it is the one of an apply. */
const HOLDS_LOCK = `k.locktype = 'advisory' AND k.objsubid = 1
  AND (k.classid::bigint << 32 | k.objid::bigint) = ${ADVISORY_KEY}`;

/**
 * Waits for its turn: one apply at a time in a database. The lock belongs to
 * an open transaction, so it survives a transaction-mode pooler.
 */
async function waitForTurn(run: Run) {
  const { lock, options, report } = run;
  if (!lock) return;
  const end = performance.now() + options.maxWait;
  const attempt = `SELECT pg_try_advisory_xact_lock(${ADVISORY_KEY}) AS mine`;
  for (let told = false;; told = true) {
    const rows = await lock.begin("READ ONLY", NO_TIMEOUTS, attempt);
    if (rows.at(-1)?.mine) return;
    await lock.query("ROLLBACK");
    const [holder] = await lock.look(lockHolder(HOLDS_LOCK));
    const who = holder?.who ?? "another session";
    if (performance.now() > end) {
      throw new SyncError(
        `another sync is still running: ${who}`,
        "Wait for it, or allow more time with --max-wait",
      );
    }
    if (!told) report.note(`waiting for another sync: ${who}`);
    await pause(200);
    checkOn(run);
  }
}

/** Runs the changes in their order; throws with what became of them. */
async function applyChanges(run: Run, { changes, single }: Plan) {
  const { session, report, progress } = run;
  const grouped = groupChanges(changes, single);
  const expand = grouped.filter(([first]) => first?.phase === "expand").length;
  try {
    if (session.direct) await session.query(sessionSettings(session));
    for (const group of grouped) {
      checkOn(run);
      const [change] = group;
      report.phase(single ? undefined : change?.phase, expand);
      if (change?.fill && !single) await runBackfill(run, change, change.fill);
      else if (change?.alone) await runAlone(run, change);
      else if (change?.refuses) await runRefusal(run, change, change.refuses);
      else await runTransaction(run, group);
      progress.committed.push(...group);
    }
  } catch (error) {
    throw new ApplyError(error, progress, changes);
  }
}

/**
 * Runs changes as an apply does, with neither its lock nor its report.
 *
 * @param done is told of each change once it is committed, with its time
 * @throws ApplyError with what became of the changes
 */
export async function runChanges(
  session: Session,
  plan: Plan,
  done?: (change: Change, ms: number) => void,
) {
  const report = new Reporter("text", true);
  if (done) report.done = done;
  const options = { single: plan.single, lockTimeout: 5000, maxWait: 10_000 };
  const run = { session, report, options, progress: new Progress() };
  await applyChanges({ ...run, filled: new Map() }, plan);
}

/** @throws SyncError where the run must not go on */
function checkOn({ report, lock }: Run) {
  if (report.stopping) {
    throw new SyncError("stopped by a signal", "Run it again to continue");
  }
  if (lock?.lost) throw lock.lost;
}

/**
 * The transactions of an apply. In the expand phase a lock is held until its
 * transaction ends, so none may wait for a second table: what is new shares
 * one, and each table that stands gets a short one of its own. Elsewhere all
 * but the statements of a longhand step that drops run one by one.
 */
function groupChanges(changes: Change[], single: boolean): Change[][] {
  if (single) return changes.length > 0 ? [changes] : [];
  const of = (phase: Phase) =>
    changes.filter((change) => change.phase === phase);
  return [
    ...of("prepare").map((change) => [change]),
    ...groupExpand(of("expand")),
    ...of("online").map((change) => [change]),
    ...of("contract").reduce((groups: Change[][], change) => {
      const last = groups.at(-1)?.[0]?.step;
      const whole = change.step.verb === "step" || change.keepsPlace;
      const joins = whole && last === change.step;
      if (joins) groups.at(-1)?.push(change);
      else groups.push([change]);
      return groups;
    }, []),
  ];
}

/**
 * New things need nothing of the tables that stand, so they go first. What
 * longhand steps and renames need is not known: they keep their place.
 */
function groupExpand(changes: Change[]): Change[][] {
  const groups: Change[][] = [];
  let from = 0;
  for (const change of changes) {
    const { home, hazard, step } = change;
    const last = groups.at(-1);
    const fixed = hazard === "rename" || change.keepsPlace ||
      (step.verb === "step" && home.length > 0);
    if (fixed) {
      if (last && belongs(change, last)) last.push(change);
      else groups.push([change]);
      from = groups.length;
      continue;
    }
    const same = groups.slice(from).find((group) =>
      `${group[0]?.home}` === `${home}`
    );
    if (same) same.push(change);
    else if (home.length > 0) groups.push([change]);
    else groups.splice(from, 0, [change]);
  }
  return groups;
}

/**
 * Constraints of a new table go into its CREATE TABLE: half as many statements.
 * All that they are built on must stand before that: a foreign key's parent and
 * its key; and rows that the plan writes are not tried before their time. A
 * foreign key in a cycle stays a statement of its own.
 */
function foldConstraints(group: Change[]) {
  const made = new Map<string, number>(), touched = new Map<string, number>();
  const apart = new Set<string>(), along = new Set<string>();
  const key = ({ table, columns }: Key) => `${table} ${columns.toSorted()}`;
  let built = -1;
  const stands = (on: string, at: number, refersTo?: Key) =>
    !refersTo ? built < at : !apart.has(key(refersTo)) &&
      (made.get(refersTo.table) ?? -1) <= at &&
      (touched.get(lastName(on)) ?? -1) < at;
  for (const [i, change] of group.entries()) {
    const { on, body, clause, keys, sql, step } = change;
    const at = made.get(on) ?? -1;
    const own = keys && key({ table: on, columns: keys });
    // PostgreSQL makes one of two alike that stand in a CREATE TABLE.
    // Within, a key would name NOT NULL anew of a column that is inherited.
    const renames = step.verb === "addPrimaryKey" &&
      group[at]?.body?.tail.startsWith(" INHERITS");
    const fits = clause && at >= 0 && !(own && along.has(own)) && !renames &&
      stands(on, at, clause.refersTo);
    if (body) made.set(on, i);
    if (fits) change.within = group[at]!;
    if (own) (body || fits ? along : apart).add(own);
    // What it is built on would be dropped before the table.
    if (change.goes && (at < 0 || built < at)) change.undo = "";
    if (is("builtOn", step)) built = i;
    const names = step.verb === "step"
      ? wordsIn(sql)
      : is("writesRows", step)
      ? [lastName(on)]
      : [];
    for (const name of names) touched.set(name, i);
  }
}

/** A statement, and the changes that it makes; the first is its own. */
interface Statement {
  sql: string;
  changes: [Change, ...Change[]];
}

/** What is sent for changes: constraints are in their table's statement. */
function sentFor(group: Change[]): Statement[] {
  const made = new Map<Change, Change[]>();
  for (const change of group) {
    const along = change.within && made.get(change.within);
    if (along) along.push(change);
    else made.set(change, []);
  }
  return [...made].map(([change, along]) => {
    const { body, sql } = change;
    const clauses = along.map(({ clause }) => `  ${clause?.sql}`);
    const whole = !body
      ? sql
      : tableSql({ ...body, lines: [...body.lines, ...clauses] });
    return { sql: whole, changes: [change, ...along] };
  });
}

/** How many statements are sent for changes. */
function countStatements(changes: Change[]): number {
  return changes.filter(({ within }) => !within).length;
}

function statementsIn(changes: Change[]): string {
  return count(countStatements(changes), "statement");
}

/** Whether it locks nothing that the group does not lock; renames are one. */
function belongs({ home, hazard, step }: Change, group: Change[]): boolean {
  if (group.some((other) => other.step === step)) return true;
  if (hazard === "rename") return group[0]?.hazard === "rename";
  const locked = new Set(group.flatMap((other) => other.home));
  return home.every((name) => locked.has(name));
}

/** For what runs outside a transaction; only where the session is ours. */
function sessionSettings({ searchPath }: Session): string {
  return `SET search_path = ${searchPath}; SET statement_timeout = 0; ` +
    "SET lock_timeout = 0; SET idle_session_timeout = 0; " +
    "SET standard_conforming_strings = on";
}

/**
 * Whatever the role's defaults are, nothing that a server knows of times out;
 * but it gives up a client that vanished, and its locks, in a minute.
 * https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS
 */
const NO_TIMEOUTS = `SELECT set_config(name, value, true) FROM (VALUES
  ('statement_timeout', '0'), ('transaction_timeout', '0'),
  ('idle_in_transaction_session_timeout', '0'), ('tcp_keepalives_idle', '30'),
  ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'))
  settings (name, value) WHERE current_setting(name, true) IS NOT NULL`;

function writeSettings(lockTimeout: number): string[] {
  const limit = `SET LOCAL lock_timeout = ${lockTimeout}`;
  return [NO_TIMEOUTS, SEE_ALL_ROWS, limit];
}

async function runTransaction(run: Run, group: Change[]) {
  const { session, report, progress } = run;
  const done: [Change, number][] = [];
  let statements: Statement[] = [];
  const attempt = async (lockTimeout: number): Promise<void> => {
    done.length = 0;
    statements = sentFor(group);
    const before = await beginChanges(session, group, lockTimeout);
    let xid: unknown;
    try {
      // Sent ahead in batches: a round trip each would cost more than the DDL.
      for (let from = 0; from < statements.length; from += 50) {
        const batch = statements.slice(from, from + 50);
        report.working(batch[0]?.changes[0]);
        await pipeline(session, batch, (change, ms) => done.push([change, ms]));
      }
      const [row] = await session.query(
        "SELECT pg_current_xact_id_if_assigned()::text AS xid",
      );
      xid = row?.xid;
    } catch (error) {
      await session.rollback();
      const ran = done.map(([change]) => change);
      if (session.interfered) progress.unknown = { changes: ran };
      else progress.undone = ran;
      if (session.lost || !isOfSeveral(error, group)) throw error;
      // Each constraint by itself: the step that is at fault then says so.
      for (const change of group) delete change.within;
      return await attempt(lockTimeout);
    }
    progress.undone = [];
    await commit(run, group, before, xid);
  };
  await withRetry(run, group, attempt);
  const sent = new Map(statements.map(({ sql, changes }) => [changes[0], sql]));
  for (const [change, ms] of done) {
    report.done(change, ms, "", sent.get(change));
  }
}

/** Whether a statement failed that makes several steps' changes. */
function isOfSeveral(error: unknown, group: Change[]): boolean {
  return error instanceof ChangeError && isServerError(error.cause) &&
    !RETRIED.includes(error.cause.code) &&
    group.some(({ within }) => within === error.change);
}

/** What a step may not change of the session that runs it. */
const SETTINGS = `SELECT pg_catalog.json_object_agg(name, setting)::text
  AS settings FROM (SELECT name, setting FROM pg_catalog.pg_settings
  WHERE source OPERATOR(pg_catalog.=) 'session'
    AND name OPERATOR(pg_catalog.!~~) 'transaction\\_%'
  UNION ALL VALUES ('role', current_user::text), ('session authorization',
    session_user::text)) s`;

/** @returns the session's settings, where a longhand step could change them */
async function beginChanges(
  session: Session,
  group: Change[],
  lockTimeout: number,
) {
  const look = group.some(({ step }) => step.verb === "step");
  // What was said outside a transaction before is no matter of this one.
  session.interfered = false;
  const rows = await session.begin(
    look ? ["READ WRITE", SETTINGS] : "READ WRITE",
    ...writeSettings(lockTimeout),
  );
  return rows.find(({ settings }) => settings)?.settings;
}

/**
 * Commits, and finds out what became of it where the answer is lost.
 *
 * @param before the session's settings, where they are to be the same after it
 * @throws LostConnection where the connection is gone, even if all is committed
 */
async function commit(
  { session, report, progress }: Run,
  group: Change[],
  before: unknown,
  xid: unknown,
) {
  let after: Row | undefined;
  try {
    [after] = await session.query(before ? `COMMIT;\n${SETTINGS}` : "COMMIT");
  } catch (error) {
    if (session.lost) report.note("asking what became of the last COMMIT");
    const fate = xid && (session.lost || before)
      ? await session.fate(`${xid}`)
      : "aborted";
    if (fate === "committed") progress.committed.push(...group);
    else if (fate === "aborted") progress.undone = group;
    else {
      const look = `SELECT pg_xact_status('${xid}')`;
      progress.unknown = { changes: group, look };
    }
    throw error;
  }
  const found = session.interfered
    ? new SyncError(
      "a step ended the transaction that it ran in",
      "Remove BEGIN, COMMIT and the like: an apply begins and ends the " +
        "transactions itself",
    )
    : leftChanged(before, after?.settings);
  if (!found) return;
  if (session.interfered) progress.unknown = { changes: group };
  else progress.committed.push(...group);
  const change = group.find(({ step }) => step.verb === "step");
  throw change ? new ChangeError(change, found) : found;
}

function leftChanged(before: unknown, after: unknown) {
  if (!before || !after) return undefined;
  const was = JSON.parse(`${before}`), is = JSON.parse(`${after}`);
  const names = Object.keys({ ...was, ...is })
    .filter((name) => was[name] !== is[name]);
  return names.length === 0 ? undefined : new SyncError(
    `a step left the session's ${names.join(", ")} changed`,
    "Write SET LOCAL, or write names with their schema",
  );
}

/** Sends statements without waiting; the first that fails is the failure. */
async function pipeline(
  session: Session,
  batch: Statement[],
  done: (change: Change, ms: number) => void,
) {
  let start = performance.now();
  const results = await Promise.allSettled(batch.map(async (statement) => {
    await session.query(withPath(statement, session).join(";\n"));
    const now = performance.now();
    for (const change of statement.changes) done(change, now - start);
    start = now;
  }));
  results.forEach((result, i) => {
    const [change] = batch[i]?.changes ?? [];
    if (result.status === "fulfilled" || !change) return;
    throw new ChangeError(change, result.reason);
  });
}

/** A statement, with the search path of a longhand step around it. */
function withPath(
  { sql, changes: [{ step, alone }] }: Statement,
  paths: { stepPath: string; searchPath: string },
): string[] {
  return step.verb === "step" && !alone ? inStepPath(paths, `${sql}\n`) : [sql];
}

/**
 * Outside a transaction, and without a lock timeout: it would cancel the
 * harmless wait for old snapshots, and leave an INVALID index.
 * https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
 */
async function runAlone(run: Run, change: Change) {
  const { options, report } = run;
  const start = performance.now();
  for (let tries = 1;; tries++) {
    checkOn(run);
    try {
      if (tries > 1) await dropInvalid(run, change);
      await attemptAlone(run, change);
      return report.done(change, performance.now() - start);
    } catch (error) {
      const over = performance.now() - start > options.maxWait;
      const again = RETRIED.includes(stateOf(error));
      if (!again || over || report.stopping) {
        throw error instanceof ChangeError
          ? error
          : new ChangeError(change, error);
      }
      report.note(`${change.object}: ${messageOf(error)}, trying again`);
    }
    await pause(backOff(tries));
  }
}

/** It waits for others no longer than --max-wait. */
async function attemptAlone(run: Run, change: Change) {
  const { session, options, report } = run;
  // Behind a pooler only its text tells which process runs it.
  const mark = session.direct ? "" : `/* ${crypto.randomUUID()} */ `;
  const giveUp = options.maxWait;
  const watch = watchProgress(run, change, { mark, giveUp });
  try {
    report.working(change);
    await session.query(mark + await qualified(run, change));
  } catch (error) {
    await watch.stop();
    if (!watch.gaveUp) throw error;
    const left = await findInvalid(session, change);
    throw failure(
      change,
      `it was cancelled after --max-wait, blocked by ${watch.blocker}`,
      left
        ? `${left} is left INVALID, for the next run to finish: let that ` +
          "session end first, or raise --max-wait"
        : hintFor("55P03"),
    );
  } finally {
    await watch.stop();
  }
}

/**
 * The build of an index with every name qualified, as PostgreSQL prints it:
 * behind a pooler no search path holds outside a transaction. The server makes
 * it of an empty twin of the table, which is rolled back.
 */
async function qualified({ session, options }: Run, change: Change) {
  const { build, sql } = change;
  if (!build || session.direct) return sql;
  const { head, table, unique, keys } = build;
  try {
    const rows = await session.begin(
      "READ WRITE",
      ...writeSettings(options.lockTimeout),
      `CREATE TEMPORARY TABLE sync_twin (LIKE ${table})`,
      `CREATE ${unique && "UNIQUE "}INDEX sync_index ON sync_twin ${keys}`,
      "SET LOCAL search_path = pg_catalog",
      "SELECT pg_get_indexdef('pg_temp.sync_index'::regclass) AS def",
    );
    const def = String(rows.find((row) => row.def)?.def);
    return head + def.slice(def.indexOf(" USING "));
  } catch (error) {
    // A role that may not make temporary tables goes without.
    if (stateOf(error) !== "42501") throw error;
    return sql;
  } finally {
    await session.rollback();
  }
}

/** The whole name of the change's index, where it is there and INVALID. */
async function findInvalid(session: Session, { object, build }: Change) {
  const rows = await session.transaction(
    "READ ONLY",
    `SELECT format('%I.%I', nspname, relname) AS name FROM pg_index
      JOIN pg_class c ON c.oid = indexrelid
      JOIN pg_namespace n ON n.oid = relnamespace
      WHERE NOT indisvalid AND indexrelid = ${
      regclass(build?.index ?? id(object))
    }`,
  );
  return rows.find(({ name }) => name)?.name;
}

/** What an attempt to build an index has left would be in the way of the next. */
async function dropInvalid({ session }: Run, change: Change) {
  if (!change.sql.startsWith("CREATE ")) return;
  const left = await findInvalid(session, change);
  if (left) await session.query(`DROP INDEX CONCURRENTLY ${left}`);
}

/**
 * Plans once no other session builds an index that the steps ask for: a run
 * that was killed leaves its server process at work.
 */
async function inspectBuilt(
  run: Run,
  sections: Section[],
  options: PlanOptions,
): Promise<Plan> {
  const end = performance.now() + run.options.maxWait;
  for (;;) {
    const plan = await inspect(run.session, sections, options);
    const builds = plan.issues.filter(({ builder }) => builder);
    if (builds.length === 0) return plan;
    for (const build of builds) await untilBuilt(run, build, end);
  }
}

async function untilBuilt(run: Run, { object, builder }: Item, end: number) {
  const built = buildQuery(`${BUILD} = ${literal(builder ?? "")}`);
  for (let told = false;; told = true) {
    const [row] = await run.session.look(`SELECT ${built} AS build`);
    if (!row?.build) return;
    const { who, share } = JSON.parse(String(row.build)) as Build;
    if (!told) run.report.note(`${object}: waiting for its build by ${who}`);
    const wait = { object, verb: "wait for its build" };
    run.report.working(wait, share ?? undefined, who);
    if (performance.now() > end) {
      throw new SyncError(
        `${object} is still being built by ${who}`,
        "Wait until it ends, or allow more time with --max-wait",
      );
    }
    await pause(200);
    checkOn(run);
  }
}

/**
 * Fills a column by ranges of blocks, each in a short transaction of its
 * own. Rows that move or come while it runs are found by another pass; where a
 * third leaves some, more will come.
 * https://www.postgresql.org/docs/current/ddl-system-columns.html
 */
async function runBackfill(run: Run, change: Change, fill: Fill) {
  const { table, set, where } = fill;
  const start = performance.now();
  run.progress.filling = change;
  let rows = 0, came = 0;
  for (let pass = 1, before = 0;; pass++) {
    const { filled, same } = await fillOnce(run, change, fill);
    rows += filled;
    if (pass > 1) came += filled;
    const left = await countRows(run, change, table, where);
    if (left === 0) break;
    if (same > 0 ? same < (before || filled) : pass < 3) {
      before = same;
      continue;
    }
    if (fill.partly) break;
    throw same > 0
      ? failure(
        change,
        `${atMost(left)} of ${table} still match "${where}" after it`,
        `Correct its set or its where, so that a filled row no longer ` +
          `matches; it sets ${set}`,
      )
      : failure(
        change,
        `rows of ${table} that match "${where}" keep coming: ` +
          `${atMost(came + left)} since the backfill filled the others`,
        WRITERS_FIRST,
      );
  }
  run.report.done(change, performance.now() - start, count(rows, "row"));
  run.progress.filling = undefined;
  run.filled.set(table, performance.now());
}

const WRITERS_FIRST = "Deploy the application that writes a value first, or " +
  "give the column a DEFAULT; then run it again: it goes on from there";

/**
 * A check for NOT NULL, unless it would break an application that still writes
 * rows without a value: it stands back before it, and takes the check away
 * again where rows slipped in between.
 */
async function runRefusal(run: Run, change: Change, at: At) {
  const { retreat } = change;
  if (!retreat) await findNulls(run, change, at);
  try {
    await runTransaction(run, [change]);
  } catch (error) {
    if (!retreat || stateOf(error) !== "23514") throw error;
    await runBatch(run, change, retreat);
    await findNulls(run, change, at);
    throw error;
  }
}

/** How long rows without a value may take to show, after a column's filling. */
const WATCHED = 1000;

/** @throws ChangeError where rows have no value in a column */
async function findNulls(run: Run, change: Change, { table, column }: At) {
  const nulls = () => countRows(run, change, table, `${id(column)} IS NULL`);
  const since = run.filled.get(table);
  // Without a lock, nobody else is there: the embedded database.
  if (since !== undefined && run.lock) {
    run.report.working(change);
    await pause(Math.max(0, since + WATCHED - performance.now()));
  }
  const found = await nulls();
  if (found === 0) return;
  await pause(WATCHED / 4);
  const more = await nulls();
  throw more > found
    ? failure(
      change,
      `rows without a value in ${table}.${column} keep coming: ` +
        `${atMost(more)}${since === undefined ? "" : " since it was filled"}`,
      WRITERS_FIRST,
    )
    : failure(
      change,
      `${atMost(more)} of ${table} ${more === 1 ? "has" : "have"} no value ` +
        `in ${column}: NOT NULL would reject such rows from then on`,
      "Write a backfill for them; if an application still writes such rows, " +
        "deploy one that gives a value first",
    );
}

/** How many rows match, but never more than `MANY`. */
function countRows(run: Run, change: Change, name: string, where: string) {
  const sql = `SELECT count(*)::int AS n
    FROM (SELECT 1 FROM ${name} WHERE ${where} LIMIT ${MANY}) x`;
  return runBatch<number>(run, change, sql);
}

const MANY = 1001;

function atMost(rows: number): string {
  return rows >= MANY ? "more than 1000 rows" : count(rows, "row");
}

/** How many rows a pass filled, and how many of these still match. */
interface Filled {
  filled: number;
  same: number;
}

/**
 * One pass over the table, in batches that aim at a quarter of a second. A
 * parent's rows are in its children and partitions, so all of them are read
 * side by side.
 */
async function fillOnce(run: Run, change: Change, fill: Fill): Promise<Filled> {
  const sql = `SELECT json_build_array(
      (SELECT CASE WHEN bool_or(relkind = 'f') THEN 0 ELSE
          max(pg_relation_size(oid)) / current_setting('block_size')::int END
        FROM pg_class WHERE oid IN (${treeOf(fill.table)})),
      (SELECT json_agg(quote_ident(attname) ORDER BY attnum)
        FROM pg_index JOIN pg_attribute ON attrelid = indrelid
          AND attnum = ANY (indkey)
        WHERE indrelid = ${regclass(fill.table)} AND indisprimary)) AS n`;
  const [blocks = 0, keys] = await runBatch<[number, string[] | null]>(
    run,
    change,
    sql,
  );
  return await (blocks > 0
    ? fillByBlocks(run, change, fill, blocks)
    : fillByKey(run, change, fill, keys ?? []));
}

async function fillByBlocks(
  run: Run,
  change: Change,
  fill: Fill,
  blocks: number,
) {
  const all = { filled: 0, same: 0 };
  let size = 128;
  for (let from = 0; from < blocks;) {
    const range = `ctid >= '(${from},0)' AND ctid < '(${from + size},0)'`;
    const took = await fillRange(run, change, fill, range, all);
    from += size;
    run.report.working(change, Math.min(1, from / blocks));
    size = Math.round(Math.max(8, Math.min(8192, size * 250 / took)));
  }
  return all;
}

/**
 * Rows that are not in blocks of their table, since another server or another
 * storage has them, are filled in the order of its primary key.
 */
async function fillByKey(
  run: Run,
  change: Change,
  fill: Fill,
  keys: string[],
) {
  const { table, where } = fill;
  const all = { filled: 0, same: 0 };
  if (keys.length === 0) {
    if (await countRows(run, change, table, where) === 0) return all;
    throw failure(
      change,
      `rows of ${table} are stored elsewhere, and it has no primary key to ` +
        "fill them by",
      "Fill them where they are stored, or in a longhand step",
    );
  }
  const key = keys.join(", ");
  const texts = keys.map((key) => `quote_literal(${key}::text)`);
  let size = 1000;
  for (let after = "true";;) {
    const last = await runBatch<string[] | undefined>(
      run,
      change,
      `SELECT json_build_array(${texts}) AS n
      FROM (SELECT ${key} FROM ${table} WHERE ${after} AND (${where})
        ORDER BY ${key} LIMIT ${size}) x
      ORDER BY ${keys.map((key) => `${key} DESC`)} LIMIT 1`,
    );
    if (!last) return all;
    const range = `${after} AND (${key}) <= (${last})`;
    const took = await fillRange(run, change, fill, range, all);
    after = `(${key}) > (${last})`;
    size = Math.round(Math.max(100, Math.min(50_000, size * 250 / took)));
  }
}

/** @returns how long it took, in milliseconds */
async function fillRange(
  run: Run,
  change: Change,
  { table, set, where }: Fill,
  range: string,
  all: Filled,
) {
  const began = performance.now();
  const [rows, matching] = await runBatch<[number, number]>(
    run,
    change,
    `WITH filled AS (UPDATE ${table} SET ${set}
      WHERE ${range} AND (${where}) RETURNING (${where}) AS same)
    SELECT json_build_array(count(*), count(*) FILTER (WHERE same)) AS n
    FROM filled`,
  );
  all.filled += rows;
  all.same += matching;
  return performance.now() - began;
}

/** The value that a statement returns, in a short transaction of its own. */
async function runBatch<T>(run: Run, change: Change, sql: string): Promise<T> {
  let rows: Row[] = [];
  await withRetry(run, [change], async (lockTimeout) => {
    const all = [...writeSettings(lockTimeout), sql];
    rows = await run.session.transaction("READ WRITE", ...all)
      .catch((error) => {
        throw new ChangeError(change, error);
      });
  });
  return rows.at(-1)?.n as T;
}

/**
 * Runs what takes locks once only short transactions are in the way, and tries
 * again after a lock timeout or a deadlock, with a pause that grows: a waiting
 * ACCESS EXCLUSIVE lock makes every query queue behind it, so it must neither
 * wait long nor come back at once.
 * https://www.postgresql.org/docs/current/explicit-locking.html
 *
 * @param attempt gets the longest time that it may queue for a lock
 */
async function withRetry(
  run: Run,
  group: Change[],
  attempt: (lockTimeout: number) => Promise<void>,
) {
  const wait = startWait(run, group);
  const { change, needs, end } = wait;
  for (let tries = 1;; tries++) {
    checkOn(run);
    await untilFree(run, wait);
    const limit = queueLimit(run, wait);
    const watch = watchProgress(run, change, { first: limit / 2, needs });
    try {
      return await attempt(limit);
    } catch (error) {
      await watch.stop();
      if (!RETRIED.includes(stateOf(error))) throw error;
      const { blocker } = watch;
      const failed = error instanceof ChangeError ? error.change : change;
      if (run.report.stopping || performance.now() > end) {
        throw failed && blocker
          ? new ChangeError(failed, causeOf(error), `blocked by ${blocker}`)
          : error;
      }
      const by = blocker && ` by ${blocker}`;
      run.report.note(`${failed?.object}: locked${by}, trying again`);
    } finally {
      await watch.stop();
    }
    await pause(backOff(tries));
  }
}

/** A pause that grows, and that two runs do not share. */
function backOff(tries: number): number {
  return Math.min(5000, 100 * 2 ** tries) * (0.5 + Math.random());
}

/** The wait for the locks of one transaction. */
interface Wait {
  change: Change | undefined;
  needs: Lock[];
  /** When --max-wait is over. */
  end: number;
  /** Since when no transaction is in the way that never seems to end. */
  since: number;
  /** Whether its queue stops nobody. */
  gentle: boolean;
}

/** Longest time in a queue that stops others, at first (ms). */
const QUEUE = 50;
/** A transaction is taken for a long one from this age on (ms). */
const LONG = 100;
/** Where transactions never end sooner, the queue gets longer after this. */
const PATIENCE = 10_000;

function startWait({ options, watcher }: Run, group: Change[]): Wait {
  const since = performance.now(), end = since + options.maxWait;
  const all = group.flatMap(({ tables }) => tables);
  // To wait for the others, or for rows, holds up nobody but us.
  const needs = all.filter(({ mode }) => LOCKS[mode][0] !== "");
  const stops = needs.some(({ mode }) => mode !== SUX);
  const unknown = all.length === 0 && group.some(({ home }) => home.length > 0);
  const gentle = !watcher || options.single || !(stops || unknown);
  return { change: group[0], needs: [...needs], end, since, gentle };
}

/** How long it may queue for one lock by now (ms). */
function queueLimit({ options }: Run, { since, gentle }: Wait): number {
  const times = Math.floor((performance.now() - since) / PATIENCE);
  const short = gentle ? Infinity : QUEUE * 2 ** Math.min(times, 16);
  return Math.min(options.lockTimeout, short);
}

const MODES = Object.keys(LOCKS) as Mode[];

/**
 * The locks that one must wait for; SHARE stands beside itself.
 * https://www.postgresql.org/docs/current/explicit-locking.html#TABLE-LOCK-COMPATIBILITY
 */
function conflicting(mode: Mode): Mode[] {
  const [, weakest] = LOCKS[mode];
  return MODES.slice(0, MODES.indexOf(weakest) + 1)
    .filter((other) => other !== SH || mode !== SH);
}

/** As pg_locks calls it: ShareRowExclusiveLock. */
function pgLock(mode: Mode): string {
  const camel = mode.toLowerCase()
    .replaceAll(/ ?\b(.)/g, (_, c) => c.toUpperCase());
  return `${camel}Lock`;
}

/** Whoever has a lock that is in the way. */
interface Holder {
  /** What tells its transaction from others. */
  key: string;
  who: string;
  relation: string;
  /** How old its transaction is (ms); null where the role may not see it. */
  age: number | null;
  /** An autovacuum, which gives way to whoever queues for a second. */
  yields: boolean;
}

/** Prepared transactions, which have locks and no process. */
const PREPARED = `(SELECT virtualtransaction AS vxid, gid, prepared
  FROM pg_prepared_xacts JOIN pg_locks
    ON transactionid = transaction AND granted AND pid IS NULL)`;

/** Who holds what these locks wait for, partitions and children included. */
function holdersQuery(needs: Lock[]): string {
  const values = needs.map(({ table, mode }) => {
    const modes = conflicting(mode).map(pgLock).map(literal);
    return `(${regclass(table)}, ARRAY[${modes}]::text[])`;
  });
  return `WITH RECURSIVE needed (relation, modes) AS (
      VALUES ${values.join(", ")}
      UNION
      SELECT other, modes FROM needed, LATERAL (
        SELECT inhrelid FROM pg_inherits WHERE inhparent = relation
        UNION ALL SELECT indrelid FROM pg_index WHERE indexrelid = relation
      ) others (other)
    )
    SELECT coalesce(json_agg(h), '[]') AS holders FROM (
      SELECT DISTINCT ON (k.pid, k.virtualtransaction)
        concat(k.pid, ' ', k.virtualtransaction) AS key,
        k.relation::regclass::text AS relation,
        CASE WHEN k.pid IS NULL THEN concat('the prepared transaction ',
          quote_literal(p.gid)) ELSE ${SESSION} END AS who,
        extract(epoch FROM clock_timestamp() -
          coalesce(a.xact_start, p.prepared))::float8 * 1000 AS age,
        a.pid IS NOT NULL AND a.usesysid IS NULL AND coalesce(a.query, '')
          NOT LIKE '%to prevent wraparound%' AS yields
      FROM needed JOIN pg_locks k ON k.relation = needed.relation
        AND k.mode = ANY (modes) AND k.granted AND k.locktype = 'relation'
        AND ${HERE}
      LEFT JOIN pg_stat_activity a ON a.pid = k.pid
      LEFT JOIN ${PREPARED} p ON k.pid IS NULL
        AND k.virtualtransaction = p.vxid
      WHERE k.pid IS DISTINCT FROM pg_backend_pid()) h`;
}

/**
 * Looks before it queues: while an old transaction has a lock that is in the
 * way, nobody shall wait behind this one.
 */
async function untilFree(run: Run, wait: Wait) {
  const { session, report, options } = run;
  const { change, needs, end } = wait;
  // The embedded one has no other session.
  if (!run.watcher || !change || needs.length === 0) return;
  const began = performance.now();
  let first = new Map<string, number>();
  const asked = new Set<string>();
  let told = "";
  for (;;) {
    const holders = await findHolders(run, needs);
    const now = performance.now();
    first = new Map(holders.map(({ key }) => [key, first.get(key) ?? now]));
    const long = Math.max(LONG, 2 * queueLimit(run, wait));
    const ages = holders.map(({ key, age }) =>
      age ?? now - (first.get(key) ?? now)
    );
    const old = holders.find((_, i) => Number(ages[i]) > long);
    if (ages.some((age) => age > 2 * options.lockTimeout)) wait.since = now;
    // Where no age can be seen, a second look tells who stays.
    const unsure = holders.some(({ age }) => age === null) &&
      now - began <= long;
    if (!old && !unsure) return;
    if (old?.yields && !asked.has(old.key)) {
      asked.add(old.key);
      await displace(session, old.relation);
      continue;
    }
    if (old) {
      const { key, who, relation } = old;
      const inUse = `${relation} is in use, waiting for ${who}`;
      if (key !== told) report.note(`${change.object}: ${inUse}`);
      told = key;
      report.working(change, undefined, who);
      const late =
        `${relation} was not free within --max-wait, blocked by ${who}`;
      if (now > end) throw failure(change, late, hintFor("55P03"));
    }
    await pause(50);
    checkOn(run);
  }
}

async function findHolders(run: Run, needs: Lock[]) {
  const rows = await run.session.transaction(
    "READ ONLY",
    NO_TIMEOUTS,
    holdersQuery(needs),
  ).catch((error) => {
    checkOn(run);
    throw error;
  });
  return rows.flatMap(({ holders }) => (holders ?? []) as Holder[]);
}

/**
 * An autovacuum ends when somebody has waited for its lock for a while: in a
 * queue for the same lock, which holds up neither reads nor writes.
 * https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
 */
async function displace(session: Session, relation: string) {
  await session.transaction(
    "READ WRITE",
    `SELECT set_config('lock_timeout', (1000 + 1000 * extract(
      epoch FROM current_setting('deadlock_timeout')::interval))::int::text,
      true)`,
    `LOCK TABLE ${relation} IN SHARE UPDATE EXCLUSIVE MODE`,
  ).catch((error) => {
    if (!isServerError(error)) throw error;
  });
}

/**
 * While a statement runs: who blocks it, and how far an index build is.
 *
 * @param first when it first looks (ms)
 * @param needs gets the locks that the statement turns out to wait for
 * @param mark how the SQL begins that it sends, where that is no other's
 * @param giveUp for how long it may wait for others before it is cancelled (ms)
 */
function watchProgress(
  { watcher, session, report }: Run,
  change: Change | undefined,
  { first = 250, needs = [] as Lock[], mark = "", giveUp = Infinity },
) {
  const backend = mark
    ? `(SELECT pid FROM pg_stat_activity WHERE state = 'active'
      AND pid <> pg_backend_pid() AND query LIKE ${literal(`${mark}%`)})`
    : `${session.pid}`;
  const state = {
    blocker: "",
    gaveUp: false,
    /** @returns when nothing is looked at any more */
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
  const look = async () => {
    if (!watcher || watcher.busy || watcher.lost || !session.pid) return;
    const [row] = await watcher.look(progressQuery(backend)).catch(() => []);
    if (row?.who) state.blocker = `${row.who}`;
    since = row?.who ? since ?? performance.now() : undefined;
    if (since !== undefined && performance.now() - since > giveUp) {
      state.gaveUp = true;
      await watcher.look(`SELECT pg_cancel_backend(${backend})`)
        .catch(() => []);
    }
    for (const wait of (row?.waits ?? []) as { on: string; mode: string }[]) {
      const mode = MODES.find((mode) => pgLock(mode) === wait.mode);
      const known = needs.some(({ table }) => table === wait.on);
      if (mode && !known) needs.push({ table: wait.on, mode });
    }
    const share = row?.share ? Number(row.share) : undefined;
    report.working(change, share, row?.who ? state.blocker : "");
  };
  /** Since when it waits for others. */
  let since: number | undefined;
  let stopped = false;
  let looking: Promise<void> = Promise.resolve();
  const plan = (ms: number) =>
    setTimeout(async () => {
      await (looking = look());
      if (!stopped) timer = plan(250);
    }, ms);
  let timer = plan(Math.max(20, first));
  return state;
}

/** Who blocks a server process, for which locks, and how far its build is. */
function progressQuery(pid: string): string {
  return `SELECT
    coalesce((SELECT ${SESSION} FROM pg_stat_activity a
      WHERE pid = ANY (pg_blocking_pids(${pid})) LIMIT 1),
      (SELECT concat('the prepared transaction ', quote_literal(gid))
        FROM pg_prepared_xacts JOIN pg_locks ON transactionid = transaction
        WHERE pid = ${pid} AND NOT granted LIMIT 1)) AS who,
    (SELECT json_agg(json_build_object('mode', mode,
      'on', format('%I.%I', nspname, relname))) FROM pg_locks
      JOIN pg_class c ON c.oid = relation
      JOIN pg_namespace n ON n.oid = relnamespace
      WHERE pid = ${pid} AND NOT granted AND locktype = 'relation') AS waits,
    (SELECT CASE WHEN blocks_total > 0
        THEN (blocks_done::float8 / blocks_total)::text END
      FROM pg_stat_progress_create_index WHERE pid = ${pid}) AS share`;
}

/**
 * A session of pg_stat_activity in words; of others' not all may be seen. Of
 * its query only what stands before the first literal, comment or setting.
 */
const SESSION = `concat('pid ', a.pid, ' (', concat_ws(', ',
  coalesce(nullif(application_name, ''), usename), state,
  extract(epoch FROM now() - coalesce(xact_start, state_change))::int || ' s'),
  ')', ': ' || nullif(left(regexp_replace(regexp_replace(regexp_replace(
    regexp_replace(query, '^\\s*set\\M.*$', 'SET ...', 'i'),
    '[^[:alpha:]_\\s,.*()=<>].*$', '...'), '\\m[a-z][.]{3}$', '...', 'i'),
    '\\s+', ' ', 'g'), 60), '<insufficient privilege>'))`;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// ═══ Report ════════════════════════════════════════════════════════════════
//
// In come plans, changes and errors; out go lines: results to stdout, progress
// and errors to stderr. All wording of what goes well stands here. Nothing that
// others wrote is printed before it is made safe, and nothing is decided.

/** https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters */
const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34 };
type Colour = keyof typeof COLOURS;

const MARKS: Record<Item["mark"], [string, Colour]> = {
  "in place": ["✓", "green"],
  "change": ["ℹ", "blue"],
  "issue": ["⚠", "yellow"],
};

/** Passwords: those of URLs, and those that `hide` was given. */
const SECRETS = [/(?<=\b\w+:\/\/[^\s:@/]*:)[^\s@]+(?=@)/g];

/** Never lets this text through, if it says much, however it is encoded. */
function hide(secret: string) {
  if (secret.length > 3) SECRETS.push(anyEncoding(secret));
}

/** A text without secrets, before it is broken into lines, words or escapes. */
function hidden(text: string): string {
  return SECRETS.reduce((safe, one) => safe.replaceAll(one, "***"), text);
}

/** Writes what happens: results to stdout, progress to stderr. */
class Reporter {
  stopping = false;
  #colour = { out: wantsColour("stdout"), err: wantsColour("stderr") };
  #phase: Phase | undefined;
  #width = 0;
  #bar = false;
  #lastNote = 0;
  /** Whether it shows the SQL that ran. */
  verbose = false;

  /**
   * @param format all but text is a document, told as a whole at the end
   * @param quiet whether it writes nothing at all
   */
  constructor(readonly format: Format = "text", readonly quiet = false) {}

  /** One line of result. */
  line(text = "", colour?: Colour) {
    if (this.format === "text") this.#write("out", text, colour);
  }

  /** The first line of several, after a blank one. */
  title(text: string) {
    this.line();
    this.line(text, "bold");
  }

  /** The whole result, in a format for machines or for elsewhere. */
  document(outcome: Outcome) {
    if (this.format === "text" || this.quiet) return;
    const [write, safe] = DOCUMENTS[this.format];
    this.#clearBar();
    console.log(safe(write(outcome)));
  }

  /** What would take back that which was committed. */
  undo({ plan, committed }: Outcome) {
    if (!plan || committed.length === 0) return;
    this.title("To undo it (what was written into it since is lost, too):");
    for (const line of undoScript(plan, committed)) {
      this.line(`  ${safeSql(hidden(line))}`);
    }
  }

  /** One line about what is going on. */
  note(text: string, colour: Colour = "dim") {
    this.#write("err", flat(text), colour);
  }

  /** @returns the lines, without secrets */
  error(...lines: Lines): string[] {
    const [message = "", ...rest] = lines.map(hidden);
    const indented = (text: string) => text.replaceAll("\n", "\n    ");
    this.#write("err", `error: ${indented(message)}`, "red");
    for (const text of rest) this.#write("err", `  ${indented(text)}`);
    return [message, ...rest];
  }

  #write(stream: "out" | "err", text: string, colour?: Colour) {
    if (this.quiet) return;
    this.#clearBar();
    const paint = colour && this.#colour[stream] && text !== "";
    const safe = safeText(hidden(text));
    const line = paint ? `\x1b[${COLOURS[colour]}m${safe}\x1b[0m` : safe;
    (stream === "out" ? console.log : console.error)(line);
  }

  header({ server }: Plan, { where, schema, mode }: Outcome) {
    const at = `${where} (PostgreSQL ${server.versionText})`;
    const what = mode.replace("-", " ");
    const text = `${server.database} on ${at}, schema ${schema}: ${what}`;
    this.line(flat(text), "bold");
  }

  /** The names of a plan's objects stand in one column. */
  align(plan: Plan, verbose = false) {
    const lengths = plan.sections.flatMap(({ items }) => items)
      .filter(({ mark }) => verbose || mark !== "in place")
      .map(({ object }) => object.length);
    this.#width = lengths.reduce((a, b) => Math.max(a, Math.min(b, 40)), 0);
  }

  sections(plan: Plan, verbose: boolean) {
    this.align(plan, verbose);
    const all = plan.sections.flatMap(({ items }) => items);
    for (const { title, items } of plan.sections) {
      this.title(flat(title));
      const shown = verbose
        ? items
        : items.filter(({ mark }) => mark !== "in place");
      for (const item of shown) this.item(item);
      const folded = items.length - shown.length;
      if (folded > 0) {
        const more = folded < items.length ? "more " : "";
        this.line(`  ✓ ${folded} ${more}in place`, "green");
      }
    }
    const rest = plan.issues.filter((issue) => !all.includes(issue));
    if (rest.length > 0) this.title("Situation");
    for (const issue of rest) this.item(issue);
    if (!verbose || plan.unnamed.length === 0) return;
    this.title("In no step");
    for (const name of plan.unnamed) this.line(`  - ${name}`);
  }

  items(items: Item[]) {
    if (items.length > 0) this.line();
    for (const item of items) this.item(item);
  }

  item({ mark, object, text, details, changes }: Item) {
    const [sign, colour] = MARKS[mark];
    // What is in place has its builder's name: createTable.
    const words = text.replaceAll(
      /(?<=[a-z])[A-Z]/g,
      (c) => ` ${c.toLowerCase()}`,
    );
    const told = mark === "in place" ? words : text;
    const name = flat(object).padEnd(this.#width);
    this.line(`  ${sign} ${name}  ${flat(told)}`, colour);
    for (const [label, text] of details) {
      // All but reasons is SQL or steps, in which dashes would begin a comment.
      const safe = hidden(text);
      const [first = "", ...rest] = label === "why" || /\n|--/.test(safe)
        ? safe.split("\n")
        : wrap(safe, 64).map((line) => line.trim());
      this.line(`      ${label.padEnd(9)} ${first}`);
      for (const line of rest) this.line(`${" ".repeat(16)}${line}`);
    }
    for (const change of changes) {
      for (const line of laidOut(change.sql)) this.line(line);
      for (const line of describeImpact(change)) {
        this.line(`      -- ${line}`, "dim");
      }
      const { within } = change;
      if (within) this.line(`      -- in CREATE TABLE ${within.on}`, "dim");
      const { hazard } = change;
      if (change.small) this.line(`      -- ${flat(change.small)}`, "dim");
      if (hazard) this.line(`      -- needs --allow ${hazard}`, "yellow");
    }
  }

  /** The closing lines of a dry run; `next` is what follows it. */
  summary(plan: Plan, ms: number, next: string[] = []) {
    this.line();
    const { changes, issues, inPlace, unnamed } = plan;
    if (changes.length + issues.length === 0) {
      this.line(
        `In sync: ${count(inPlace, "step")} checked in ${seconds(ms)}, ` +
          "nothing to change.",
        "green",
      );
      if (unnamed.length === 0) return;
      const things = count(unnamed.length, "thing");
      return this.line(`In no step: ${things}; --verbose lists them.`, "dim");
    }
    this.line(describeCounts(plan), "bold");
    if (changes.length > 0) this.line(describeOrder(plan));
    if (next.length > 0) this.line(`Next: ${next.join("\n  ")}`);
  }

  /**
   * Asks whoever is at the terminal.
   *
   * @returns the answer, and why there is none
   */
  async ask(
    question: string,
    ms: number,
  ): Promise<[answer: string, none: string]> {
    const put = (text: string) =>
      Deno.stderr.writeSync(new TextEncoder().encode(text));
    const { promise, resolve } = Promise.withResolvers<[string, string]>();
    const none = (why: string) => () => {
      put("\n");
      resolve(["", why]);
    };
    const late = none(`there was no answer for ${seconds(ms)}`);
    const timer = setTimeout(late, ms);
    const stopListening = onSignals(none("it was interrupted"));
    put(`${safeText(hidden(flat(question)))} `);
    const bytes = new Uint8Array(1024);
    Deno.stdin.read(bytes).then((n) => {
      if (!n) return none("nothing was typed")();
      const answer = new TextDecoder().decode(bytes.subarray(0, n)).trim();
      resolve([answer, answer ? "" : "nothing was typed"]);
    }, (error) => none(messageOf(error))());
    const answer = await promise;
    clearTimeout(timer);
    stopListening();
    return answer;
  }

  /** Tells that a phase begins. */
  phase(phase: Phase | undefined, transactions: number) {
    if (phase === this.#phase || !phase) return;
    this.#phase = phase;
    const how = phase === "expand" ? ` (${inTransactions(transactions)})` : "";
    this.title(PHASE_WORDS[phase][0] + how);
  }

  /** One change is committed; `sql` is what was sent for it. */
  done(change: Change, ms: number, extra = "", sql = change.sql) {
    const { object, verb, part, within } = change;
    const more = extra && `, ${extra}`;
    const name = flat(object).padEnd(this.#width);
    const time = within ? `with ${within.object}` : seconds(ms);
    this.line(`  ✓ ${name}  ${verb}${part}  ${time}${more}`, "green");
    if (!this.verbose || within) return;
    for (const line of laidOut(sql)) this.line(line);
  }

  /** What runs now: a bar on a terminal, a line now and then elsewhere. */
  working(
    change: Pick<Change, "object" | "verb"> | undefined,
    share?: number,
    blocker = "",
  ) {
    if (!change || this.quiet) return;
    const part = share === undefined ? "" : ` ${Math.floor(share * 100)}%`;
    const wait = blocker && `, waiting for ${blocker}`;
    const text = flat(`${change.object}: ${change.verb}${part}${wait}`);
    if (Deno.stderr.isTerminal()) {
      const filled = Math.round((share ?? 0) * 20);
      const bar = share === undefined
        ? ""
        : `${"█".repeat(filled)}${"░".repeat(20 - filled)} `;
      const line = safeText(hidden(`  ${bar}${text}`)).slice(0, 79);
      Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
      this.#bar = true;
    } else if (Date.now() - this.#lastNote > 10_000) {
      if (this.#lastNote > 0) this.#write("err", `  ${text}`);
      this.#lastNote = Date.now();
    }
  }

  #clearBar() {
    if (!this.#bar) return;
    Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
    this.#bar = false;
  }
}

/** The text itself, or with any of its characters percent-encoded. */
function anyEncoding(text: string): RegExp {
  const characters = [...text].map((character) => {
    const bytes = [...new TextEncoder().encode(character)]
      .map((byte) => `%${hex(byte, 2)}`);
    return `(?:${escapeRegExp(character)}|${bytes.join("")})`;
  });
  return new RegExp(characters.join(""), "gi");
}

/** What a person decides who allows hazards: what is lost, and who waits. */
function describeDecisions({ sections }: Plan, allow: string[]): string[] {
  return sections.flatMap(({ items }) => items).flatMap((item) => {
    const refused = item.changes.filter((change) => isRefused(change, allow));
    const hazards = [...new Set(refused.map(({ hazard }) => hazard))];
    return hazards.map((hazard) => {
      const parts = refused.filter((change) => change.hazard === hazard)
        .flatMap((change) => describeLoss(item, change));
      return `${item.object} (${hazard}): ${[...new Set(parts)].join("; ")}`;
    });
  });
}

function describeLoss({ object, details }: Item, change: Change): string[] {
  const { undo, hazard = "", how, blocks, tables: [first], effect } = change;
  const { verb } = change.step, byHand = verb === "step";
  const told = (of: string) =>
    details.flatMap(([label, text]) => label === of ? [text] : []);
  const [rows] = told("rows");
  const again = given(verb !== "changeType" && object, ...told("restores"));
  const lost = !byHand && undo.startsWith("--") && undo.slice(3);
  return given(
    byHand && "its step says that a person must allow it",
    lost && (rows ? `${lost} (${rows})` : lost),
    how && first && `${blocks} of ${first.name} wait ${how}`,
    how && describeSizes(change),
    hazard.startsWith("replace:") &&
      `dropped and created again, while whoever uses it waits: ${
        again.join(", ")
      }`,
    effect,
  );
}

/** What a statement locks and for how long, and what others notice of it. */
function describeImpact(change: Change): string[] {
  const { lock, blocks, effect } = change;
  const parts = given(
    lock && `locks ${lock}`,
    blocks && `blocks ${blocks}`,
    describeSizes(change),
  );
  // As few lines as 80 columns allow.
  const lines = parts.reduce((lines: string[], part) => {
    const last = lines.at(-1);
    return last && last.length + part.length <= 69
      ? [...lines.slice(0, -1), `${last}; ${part}`]
      : [...lines, part];
  }, []);
  return given(...lines, effect);
}

/** "users has about 200,000 rows, 26 MB: about 1 s"; "" where it is small. */
function describeSizes({ tables, seconds }: Change): string {
  if (seconds === undefined) return "";
  const sizes = tables.filter(({ bytes }) => bytes >= 1e6)
    .map(({ name, rows, bytes }) => {
      const about = `about ${rows?.toLocaleString("en-US")} rows`;
      return rows === null
        ? `${name} has ${size(bytes)} of rows that PostgreSQL never counted ` +
          `(run ANALYZE)`
        : `${name} has ${about}, ${size(bytes)}`;
    });
  return sizes.join(", ") + (seconds ? `: about ${seconds} s` : "");
}

/** Bytes as people say them: 340 MB. */
function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let n = bytes, unit = 0;
  for (; n >= 1000 && unit < units.length - 1; unit++) n /= 1000;
  return `${n.toFixed(n < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** What is obeyed or cannot be seen, but for the end of a line. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu;

/**
 * Commands of CI services: `::error::` at the start of a line, `##[error]` and
 * `##vso[…]` anywhere.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
const LINE_COMMAND = /^(\s*):(?=:)/gm;
const COMMAND = /##(?=\w*\[)/g;

/** Shows what is not seen, and what would be a command, as its code. */
function safeText(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const point = c.codePointAt(0) ?? 0;
    if (point < 256) return `\\x${hex(point, 2)}`;
    return point < 65536 ? `\\u${hex(point, 4)}` : `\\u{${hex(point, 0)}}`;
  }).replace(LINE_COMMAND, "$1\\x3a").replace(COMMAND, "#\\x23");
}

/** On one line, where a name must not begin another. */
function flat(text: string): string {
  return text.replaceAll("\n", "\\n");
}

/** The same document to whoever parses it. */
function safeJson(text: string): string {
  const units = (text: string) =>
    text.split("").map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`).join("");
  return text.replace(UNSEEN, units).replace(COMMAND, "#\\u0023");
}

/** The same SQL to PostgreSQL: strings and names are spelled with escapes. */
function safeSql(sql: string): string {
  if (safeText(sql) === sql) return sql;
  return lexemes(sql).map(safeToken).join("")
    .replace(LINE_COMMAND, "$1/**/:").replace(COMMAND, "## ");
}

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
function safeToken({ kind, text }: Token): string {
  // Of what has escapes already, they are left as they are.
  if (safeText(text) === text || /^u&/i.test(text)) return safeText(text);
  if (kind === "name") {
    return escapedName(text.startsWith('"') ? text.slice(1, -1) : fold(text));
  }
  if (/^e'/i.test(text)) {
    // One before what needs no escape, or gets one.
    const needless = (all: string, c: string) => escapedText(c) === c ? all : c;
    return escapedString(text.slice(2, -1).replace(/\\([^])/g, needless));
  }
  if (/^['$]/.test(text) && kind === "string") {
    const inner = unstring(text).replaceAll("'", "''");
    return escapedString(inner.replaceAll("\\", "\\\\"));
  }
  return kind === "blank" && !text.trim()
    ? text.replace(UNSEEN, " ")
    : safeText(text);
}

function escapedString(text: string): string {
  return `E'${escapedText(text)}'`;
}

function escapedText(text: string): string {
  const code = (c: string) =>
    c < "\x80" ? `\\x${hex(c.charCodeAt(0), 2)}` : escaped(c, "\\u", "\\U00");
  return text.replaceAll("\n", "\\n").replace(UNSEEN, code)
    .replace(COMMAND, "#\\x23");
}

function escapedName(name: string): string {
  const code = (c: string) => escaped(c, "\\", "\\+");
  const text = name.replaceAll("\\", "\\\\").replace(/\n/g, code)
    .replace(UNSEEN, code).replace(COMMAND, "#\\0023");
  return `U&"${text}"`;
}

/** @param long what stands before six digits, and not four */
function escaped(c: string, short: string, long: string): string {
  // Half a character is none, and reaches no server.
  if (/\p{Cs}/u.test(c)) return "\ufffd";
  const point = c.codePointAt(0) ?? 0;
  return point < 65536 ? short + hex(point, 4) : long + hex(point, 6);
}

/** What each phase is called, and what its statements do. */
const PHASE_WORDS: Record<Phase, [title: string, does: string]> = {
  prepare: ["Prepare", "to prepare"],
  expand: ["Expand", "in"],
  online: ["Online (one by one, reads and writes go on)", "online"],
  contract: ["Contract", "to finish"],
};

/** "Plan 3f9c1a: 2 to change, 1 needs a look, 41 in place." */
function describeCounts(plan: Plan): string {
  const { digest, sections, issues, inPlace, unnamed } = plan;
  const lines = sections.flatMap(({ items }) => items)
    .filter(({ mark }) => mark === "change").length;
  const looks = issues.length === 1 ? "needs a look" : "need a look";
  const parts = given(
    lines > 0 && `${lines} to change`,
    issues.length > 0 && `${issues.length} ${looks}`,
    `${inPlace} in place`,
    unnamed.length > 0 && `${unnamed.length} in no step`,
  );
  return `Plan ${digest}: ${parts.join(", ")}.`;
}

/** "Runs 8 statements: 3 in one transaction, then 5 online." */
function describeOrder(plan: Plan): string {
  const all = statementsIn(plan.changes);
  if (plan.single) return `Runs ${all} in one transaction.`;
  const parts = describePhases(plan).map(([, words]) => words);
  return `Runs ${all}: ${parts.join(", then ")}.`;
}

/** Of each phase that has some, how many statements: "5 online". */
function describePhases({ changes, single }: Plan): [Phase, string][] {
  const groups = groupChanges(changes, single);
  return PHASES.flatMap((phase): [Phase, string][] => {
    const of = groups.filter(([first]) => first?.phase === phase);
    const [, does] = PHASE_WORDS[phase];
    const how = phase === "expand" ? ` ${inTransactions(of.length)}` : "";
    const words = `${countStatements(of.flat())} ${does}${how}`;
    return of.length > 0 ? [[phase, words]] : [];
  });
}

function inTransactions(n: number): string {
  return n === 1 ? "one transaction" : `${n} transactions`;
}

/** Indented and wrapped, unless that would change a string or a comment. */
function laidOut(statement: string): string[] {
  const sql = safeSql(hidden(`${statement};`));
  const fixed = lexemes(sql).some(({ text }) =>
    /^(--|\/\*)/.test(text) || /\S.*\n/.test(text)
  );
  if (fixed) return `      ${sql}`.split("\n");
  return sql.split("\n").flatMap((line) => wrap(line, 74))
    .map((line) => `      ${line}`);
}

/** Breaks SQL between words, never inside a string or a name. */
function wrap(sql: string, width: number): string[] {
  const lines = [/^\s*/.exec(sql)?.[0] ?? ""];
  const tokens = tokenize(sql);
  for (let i = 0; i < tokens.length;) {
    const from = tokens[i]?.start;
    // No line may begin with a cast: to a CI service it would be a command.
    while (
      tokens[i]?.end === tokens[i + 1]?.start || tokens[i + 1]?.text === "::"
    ) i++;
    const chunk = sql.slice(from, tokens[i++]?.end);
    const line = lines.pop() ?? "";
    const joined = /^\s*$/.test(line) ? line + chunk : `${line} ${chunk}`;
    if (joined.length <= width) lines.push(joined);
    else lines.push(...[line, `  ${chunk}`].filter((text) => text.trim()));
  }
  return lines;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** https://no-color.org; FORCE_COLOR wins. */
function wantsColour(stream: "stdout" | "stderr"): boolean {
  if (environment("FORCE_COLOR")) return true;
  return !environment("NO_COLOR") && Deno[stream].isTerminal();
}

// ═══ Formats ═══════════════════════════════════════════════════════════════
//
// In comes what a run did; out goes one document, in the format that was asked
// for. A new format is an entry of DOCUMENTS. Nothing is asked of the server,
// and no format says more than the text does.

/** What a run did, for whoever reads it later. */
interface Outcome {
  mode: "dry-run" | "apply" | "";
  status: number;
  where?: string;
  schema?: string;
  plan?: Plan;
  actions?: NextAction[];
  /** What the plan cannot show. */
  notes?: string[];
  committed: Change[];
  errors?: string[][];
  ms: number;
}

/** What is to be done next, by whom, and the command for it where there is one. */
interface NextAction {
  action: "dry-run" | "fix" | "allow" | "apply";
  command: string | null;
  why: string;
  who: "person" | "anyone";
}

/** What follows a dry run: its command, below what a person must do before. */
function describeNext({ mode, plan, actions = [] }: Outcome): string[] {
  if (mode !== "dry-run" || !plan) return [];
  const [first] = actions;
  if (plan.changes.length + plan.issues.length === 0) return [];
  if (!first?.command) return ["fix what needs a look, then run this again"];
  return given(
    first.action === "allow" &&
      "a person decides on the hazards, and allows them by running",
    first.command,
  );
}

/**
 * How each format is written, and made safe as a whole, so that nothing that
 * others wrote, in names, rows or messages, commands who reads it: a terminal, a
 * CI service that obeys lines of its log, or an eye that sees neither what has
 * no width nor what turns the direction. Each hides secrets in texts before it
 * spells some of their characters in its own way.
 */
const DOCUMENTS = {
  json: [
    (outcome: Outcome) =>
      JSON.stringify(
        toDocument(outcome),
        (_, value) => typeof value === "string" ? hidden(value) : value,
        2,
      ),
    safeJson,
  ],
  // A script has no text of others, and must stay what it is.
  sql: [toSql, safeSql],
  // Its pieces are made code or plain words where they are put together.
  markdown: [toMarkdown, safeText],
  html: [toHtml, safeText],
} as const;

type Format = "text" | keyof typeof DOCUMENTS;

/** The JSON of a run; docs/plan.schema.json describes it. */
type Document = ReturnType<typeof toDocument>;

function toDocument(outcome: Outcome) {
  const { mode, status, where, schema, plan, committed, errors } = outcome;
  const details = plan && detailsOf(plan);
  return {
    formatVersion: 1,
    engine: VERSION,
    mode: mode || null,
    exitStatus: status,
    durationMs: Math.round(outcome.ms),
    database: !plan ? null : {
      name: plan.server.database,
      where,
      schema,
      version: plan.server.versionText,
    },
    plan: !plan ? null : {
      digest: plan.digest,
      inPlace: plan.inPlace,
      unnamed: plan.unnamed,
      changes: plan.changes.map((change) => ({
        ...toDocumentChange(change),
        details: toDocumentDetails(details?.get(change)),
      })),
      issues: plan.issues.map((
        { object, text, reason = "error", details },
      ) => ({ object, text, reason, details: toDocumentDetails(details) })),
    },
    next: describeNext(outcome).join(" ") || null,
    nextActions: outcome.actions ?? [],
    notes: outcome.notes ?? [],
    applied: mode === "apply" && plan
      ? {
        statements: countStatements(committed),
        of: countStatements(plan.changes),
        sql: sentFor(committed).map(({ sql }) => sql),
        undo: undoScript(plan, committed).join("\n"),
      }
      : null,
    errors: (errors ?? []).map(([message, ...hints]) => ({ message, hints })),
  };
}

function toDocumentDetails(details: Item["details"] = []) {
  return details.map(([label, text]) => ({ label, text }));
}

function toDocumentChange(change: Change) {
  const { section, step, object, phase, sql, undo, lock, blocks } = change;
  return {
    section,
    step: { verb: step.verb, name: step.name },
    object,
    action: change.verb,
    phase,
    sql,
    undo: undo.startsWith("--") ? null : undo,
    lock: lock ?? null,
    blocks: blocks ?? null,
    tables: change.tables.map(({ name, mode, only = false, rows, bytes }) => ({
      ...{ name, lock: mode, only, rows, bytes },
    })),
    work: change.work ?? null,
    seconds: change.seconds ?? null,
    effect: change.effect ?? null,
    hazard: change.hazard ?? null,
    small: change.small ?? null,
    within: change.within?.object ?? null,
    transaction: !change.alone,
  };
}

/** Takes back what was committed, last first, in one transaction. */
function undoScript({ server }: Plan, committed: Change[]): string[] {
  // References first: what they refer to cannot go before them. What was
  // dropped comes last, as the catalog printed it before any other change.
  const turn = ({ step }: Change) =>
    step.verb === "addForeignKey" ? 0 : is("undoneLast", step) ? 2 : 1;
  const lost: Set<string>[] = [];
  const retyped = committed.flatMap(({ step, undo }) =>
    step.verb === "changeType" && undo.startsWith("--")
      ? [thingOf(step.table ?? "", step.column)]
      : []
  );
  const back = committed.toReversed().sort((a, b) => turn(a) - turn(b))
    .flatMap((change) => {
      const { object, undo, step } = change;
      const never = undo.startsWith("--");
      const why = never ? undo.slice(3) : undo && hangs(change, lost, retyped);
      if (never || change.fill) lost.push(...lostBy(change, lost));
      if (why) return [`-- ${object}: cannot be undone: ${why}`];
      const sql = step.verb === "step" ? inStepPath(server, undo) : [undo];
      return undo ? sql.map((sql) => `${sql};`) : [];
    });
  if (back.length === 0) return [];
  const path = `SET LOCAL search_path = ${server.searchPath};`;
  const again = (line: string, i: number) =>
    line.includes(" IF EXISTS ") && back.indexOf(line) < i;
  const once = back.filter((line, i) => !again(line, i));
  return ["BEGIN;", path, ...once, "COMMIT;"];
}

/** The names of which one that stays, or is gone, has to do with all. */
function lostBy({ step, sql, fill }: Change, lost: Set<string>[]) {
  const { verb, table = "", column } = step;
  if (verb === "step") return [new Set(wordsIn(sql))];
  if (/^drop/.test(verb)) return [thingOf(table, column)];
  // What was filled from a column that is gone is the only copy of it.
  const from = new Set([lastName(table), ...namesIn(fill?.set ?? "")]);
  const only = lost.some((names) => names.isSubsetOf(from));
  return fill && only
    ? [...readAssignments(fill.set).keys()].map((name) => thingOf(table, name))
    : [];
}

function thingOf(table: string, column?: string): Set<string> {
  return new Set(given(lastName(table), column));
}

/** Why what a change made cannot go, or what it took away not come back. */
function hangs(
  { step, undo }: Change,
  lost: Set<string>[],
  retyped: Set<string>[],
): string {
  const { name, table, column } = step;
  if (is("bears", step)) {
    const own = thingOf(table ?? name, column);
    const kept = lost.some((names) => own.isSubsetOf(names));
    return kept ? "a change that depends on it cannot be undone" : "";
  }
  const names = namesIn(undo);
  // What is but dropped minds no other type.
  const other = / DROP (NOT NULL|DEFAULT)$/.test(undo) ? [] : retyped;
  const gone = [...lost, ...other].some((lost) =>
    lost.size < 3 && lost.isSubsetOf(names)
  );
  return gone ? "what it needs is gone" : "";
}

/** The plan as a script for psql, with the transactions of an apply. */
function toSql(
  { plan, where, schema, notes = [], errors = [] }: Outcome,
): string {
  const comment = (text: string) =>
    `-- ${safeText(hidden(text).replaceAll(/\s*[\n\r]\s*/g, " "))}`;
  if (!plan) return errors.map(([e]) => comment(`error: ${e}`)).join("\n");
  const { server, digest, issues } = plan;
  const groups = groupChanges(plan.changes, plan.single).map((group) => {
    const lines = sentFor(group).flatMap((statement) =>
      withPath(statement, server).map((sql) => `${sql.trimEnd()};`)
    );
    const [{ alone = false, fill } = {}] = group;
    if (alone) {
      return ["SET lock_timeout = 0;", ...lines, "SET lock_timeout = '500ms';"];
    }
    if (fill) return ["-- An apply does this in batches.", ...lines];
    return lines.length > 1 ? ["BEGIN;", ...lines, "COMMIT;"] : lines;
  });
  const of = `${server.database} on ${where}, schema ${schema}`;
  return [
    comment(`Plan ${digest} of ${of}`),
    ...issues.map(({ object, text }) => comment(`⚠ ${object} ${text}`)),
    ...notes.map(comment),
    "\\set ON_ERROR_STOP on",
    `SET search_path = ${server.searchPath};`,
    "SET lock_timeout = '500ms';",
    ...groups.flatMap((lines) => ["", ...lines]),
  ].join("\n");
}

/** GitHub takes 65,536 characters in a comment. */
const MARKDOWN_LIMIT = 60_000;

function toMarkdown(outcome: Outcome): string {
  const { plan, mode, where = "", schema = "", notes = [], committed } =
    outcome;
  const failed = (outcome.errors ?? []).flatMap(([message = "", ...hints]) => [
    `> **error: ${prose(message)}**`,
    ...hints.map((hint) => `>\n> ${hintInMarkdown(hint)}`),
    "",
  ]);
  if (!plan) return failed.join("\n");
  const { server, changes, issues } = plan;
  const done = mode === "apply"
    ? `Applied ${countStatements(committed)} of ${statementsIn(changes)}.`
    : describeCounts(plan);
  const next = describeNext(outcome).map((text) =>
    text === outcome.actions?.[0]?.command ? code(text) : prose(text)
  );
  const budget = { left: MARKDOWN_LIMIT };
  return [
    `### Schema sync: ${mode === "apply" ? "apply" : "dry run"}`,
    "",
    `${code(server.database)} on ${code(where)}, schema ${code(schema)}, ` +
    `PostgreSQL ${prose(server.versionText)}`,
    "",
    `**${done}**`,
    "",
    ...failed,
    ...fit(budget, "needs a look", issues.map(issueInMarkdown)),
    ...(issues.length > 0 ? [""] : []),
    ...(changes.length > 0
      ? [describeOrder(plan), "", ...tableInMarkdown(plan, budget)]
      : []),
    ...(next.length > 0 ? ["", `Next: ${next.join(" ")}`] : []),
    ...notes.flatMap((note) => ["", prose(note)]),
  ].join("\n");
}

/** What is told of each change beside its statement. */
function detailsOf({ sections }: Plan): Map<Change, Item["details"]> {
  const items = sections.flatMap(({ items }) => items);
  return new Map(
    items.flatMap(({ changes, details }) =>
      changes.map((change) => [change, details] as const)
    ),
  );
}

function tableInMarkdown(plan: Plan, budget: { left: number }) {
  const { changes, digest } = plan, details = detailsOf(plan);
  const rows = changes.map((change) => {
    const { object, verb, part, phase, lock, blocks, effect, hazard, small } =
      change;
    const needs = hazard && `needs --allow ${hazard}`;
    const cells = [
      code(object),
      prose(`${verb}${part}`),
      phase,
      prose(lock ? `${lock}; blocks ${blocks ?? "?"}` : ""),
      prose(
        given(
          describeSizes(change),
          effect,
          ...(details.get(change) ?? []).map((pair) => pair.join(": ")),
          small,
          needs,
        ).join("; "),
      ),
    ];
    // What Markdown has as cells of a table.
    const row = cells.map((text) => text.replaceAll("|", "\\|")).join(" | ");
    return `| ${row} |`;
  });
  const script = changes.map(({ sql }) => safeSql(hidden(`${sql};`)));
  const fence = "`".repeat(Math.max(3, longestRun(script.join("\n")) + 1));
  // The table gets half of what is left, the SQL the rest.
  const half = { left: budget.left / 2 };
  const table = fit(half, "rows", rows);
  budget.left -= budget.left / 2 - half.left;
  return [
    "| object | change | phase | lock | what else |",
    "| --- | --- | --- | --- | --- |",
    ...table,
    "",
    `<details><summary>SQL of plan ${digest}</summary>`,
    "",
    `${fence}sql`,
    ...fit(budget, "statements", script),
    fence,
    "",
    "</details>",
  ];
}

/** As many pieces as there is room for, and how many were left out. */
function fit(budget: { left: number }, what: string, pieces: string[]) {
  const kept = pieces.findIndex((piece) => {
    budget.left -= piece.length + 1;
    return budget.left < 0;
  });
  if (kept < 0) return pieces;
  const rest = `… and ${pieces.length - kept} more ${what}: see --format sql`;
  return [
    ...pieces.slice(0, kept),
    what === "statements" ? `-- ${rest}` : rest,
  ];
}

function issueInMarkdown({ object, text, details }: Item): string {
  const lines = details.map(([label, value]) =>
    `  - ${label}: ${code(hidden(value).replaceAll(/\s+/g, " "))}`
  );
  return [`- ⚠ ${code(object)} ${prose(text)}`, ...lines].join("\n");
}

/** Of "SQL: SELECT 1", the second is code. */
function hintInMarkdown(hint: string): string {
  const [, label, sql] = /^(SQL|The rows): (.*)$/s.exec(hint) ?? [];
  return sql === undefined ? prose(hint) : `${label}: ${code(sql)}`;
}

/** Of backticks. */
function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

/** Words that mean nothing to Markdown, nor to GitHub: no link, no mention. */
const PLAIN_WORD =
  /^[("]*-{0,2}(?!www\.|gh-\d)[\p{L}\p{N}]+([.,'’/=+:-][\p{L}\p{N}]+)*[)"]*[.,:;?!…%]*$/iu;

/** Text in which all but plain words is code. */
function prose(text: string): string {
  return hidden(text).trim().split(/\s+/).map((word) =>
    word === "" || PLAIN_WORD.test(word) ? word : code(word)
  ).join(" ");
}

/** Text as code, whatever backticks it has. */
function code(text: string): string {
  const line = hidden(text).replaceAll(/\s*\n\s*/g, " ");
  const longest = longestRun(line);
  const fence = "`".repeat(longest + 1);
  // One space at both ends is taken away.
  const apart = longest > 0 || /^(\s.*\s)?$/s.test(line);
  return apart ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

/** Text, or markup with texts in it. */
type Content = string | Content[] | (() => string);

function markup(parts: TemplateStringsArray, ...values: Content[]): Content {
  return () => String.raw({ raw: parts }, ...values.map(render));
}

/** The one place where text gets into a page, and in which it stays text. */
function render(content: Content): string {
  if (typeof content === "function") return content();
  if (Array.isArray(content)) return content.map(render).join("\n");
  return hidden(content)
    .replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** For light and dark, wide and narrow, and paper; a click takes a command. */
const STYLE = markup`
:root { color-scheme: light dark; --back: #fff; --text: #1f2328; --dim: #59636e;
  --line: #d1d9e0; --code: #f6f8fa; --look: #bf8700; --bad: #cf222e }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3;
  --dim: #9198a1; --line: #3d444d; --code: #161b22; --look: #e3b341;
  --bad: #ff7b72 } }
body { background: var(--back); color: var(--text); margin: auto; padding: 1em;
  font: 1em/1.5 system-ui, sans-serif; max-width: 56em; overflow-wrap: anywhere }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin: 1.8em 0 .5em }
h3 { font-size: 1em; margin: 0 } a { color: inherit }
pre, code, .query, .fix, .undo { font: .875rem/1.6 ui-monospace, Menlo, Consolas,
  monospace; unicode-bidi: isolate; white-space: pre-wrap }
pre { background: var(--code); border-radius: .4em; margin: .6em 0;
  padding: .5em .8em }
.command { border: 1px solid; user-select: all }
article, .phases li { border: 1px solid var(--line); border-radius: .4em;
  margin: .8em 0; padding: .6em 1em }
.issue { border-left: 4px solid var(--look) }
.bad { border-left: 4px solid var(--bad) }
dl { display: grid; grid-template-columns: 5em 1fr; gap: 0 .6em; margin: .4em 0 }
dt, summary { color: var(--dim) } dd { margin: 0; white-space: pre-wrap }
.phases { display: flex; flex-wrap: wrap; gap: .8em; list-style: none; padding: 0 }
.phases li { margin: 0 } .phases li + li::before { content: "→ " }
@media print { :root { font-size: 11px } body { max-width: none }
  h2, h3 { break-after: avoid } article { break-inside: avoid } }
`;

/** One page for people, which needs nothing else and can do nothing. */
function toHtml(outcome: Outcome): string {
  const { plan, mode, errors = [] } = outcome;
  const of = plan ? ` of ${flat(plan.server.database)}` : "";
  const title = `Schema sync: ${mode.replace("-", " ")}${of}`;
  const failed = errors.map(([message = "", ...hints]) =>
    markup`<article class="bad"><h3>error: ${message}</h3>
${hints.map((hint) => markup`<div>${hint}</div>`)}</article>`
  );
  const page = markup`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
${[...failed, ...plan ? planInHtml(outcome, plan) : []]}
</html>`;
  return render(page);
}

/** In the order of what matters to whoever reviews it. */
function planInHtml(outcome: Outcome, plan: Plan): Content[] {
  const { where = "", schema, mode, notes = [], committed } = outcome;
  const { server, changes, issues, sections, unnamed, digest } = plan;
  const counts = changes.length + issues.length === 0
    ? "✓ In sync: nothing to change."
    : mode === "apply"
    ? `Applied ${countStatements(committed)} of ${statementsIn(changes)}.`
    : describeCounts(plan);
  const undo = undoScript(plan, committed).map(hidden).map(safeSql).join("\n");
  return [
    factsInHtml([
      ["database", server.database],
      ["schema", schema],
      ["server", `${where}, PostgreSQL ${server.versionText}`],
      ["plan", digest],
      ["made", new Date().toUTCString()],
    ]),
    markup`<p><b>${counts}</b></p>`,
    ...changes.length > 0 ? [orderInHtml(plan)] : [],
    ...nextInHtml(outcome),
    ...notes.map((note) => markup`<p>${note}</p>`),
    ...issues.length > 0 ? [markup`<h2 id="look">Needs a look</h2>`] : [],
    ...issues.map((issue) => itemInHtml(issue, outcome)),
    ...hazardsInHtml(outcome, plan),
    ...sections.map(({ title, items }) => {
      const pending = items.filter(({ mark }) => mark === "change");
      const there = items.filter(({ mark }) => mark === "in place")
        .map(({ object }) => object);
      if (pending.length === 0) {
        return listInHtml(`in place in ${title}`, there);
      }
      const all = pending.map((item) => itemInHtml(item, outcome));
      return [markup`<h2>${title}</h2>`, ...all, listInHtml("in place", there)];
    }),
    listInHtml("in no step", unnamed),
    ...undo ? [markup`<h2>To undo it</h2>`, markup`<pre>${undo}</pre>`] : [],
  ];
}

/** The phases that it has, as a diagram. */
function orderInHtml(plan: Plan): Content {
  if (plan.single) return markup`<p>${describeOrder(plan)}</p>`;
  const phases = describePhases(plan).map(([phase, words]) =>
    markup`<li><b>${PHASE_WORDS[phase][0]}</b><br>${words}</li>`
  );
  return markup`<p>${statementsIn(plan.changes)}, in this order:</p>
<ol class="phases">${phases}</ol>`;
}

function nextInHtml({ actions = [] }: Outcome): Content[] {
  const words = {
    fix: markup`fix <a href="#look">what needs a look</a>, then run this again`,
    allow: markup`a person decides on <a href="#hazards">the hazards</a>`,
    apply: "whoever agrees to all of it runs",
    "dry-run": "have it reviewed on this database",
  };
  return actions.filter(({ action }, i) => action !== "fix" || i === 0)
    .map((one) => [
      markup`<p>Next: ${words[one.action]}</p>`,
      one.action === "allow" ? "" : runInHtml(one),
    ]);
}

function hazardsInHtml({ actions = [] }: Outcome, plan: Plan): Content[] {
  const decisions = describeDecisions(plan, []);
  if (decisions.length === 0) return [];
  const allow = actions.find(({ action }) => action === "allow");
  const fix = actions.some(({ action }) => action === "fix");
  return [
    markup`<h2 id="hazards">Hazards that a person decides</h2>`,
    ...decisions.map((text) =>
      markup`<article class="issue">${text}</article>`
    ),
    fix ? "Their command follows once nothing else needs a look." : "",
    allow ? [markup`<p>Whoever allows them runs</p>`, runInHtml(allow)] : "",
  ];
}

function itemInHtml(item: Item, { committed, plan }: Outcome): Content {
  const { mark, object, text, details, changes } = item;
  const [sign] = MARKS[mark];
  const from = plan?.sections.find(({ items }) => items.includes(item));
  const section: Detail = ["section", mark === "issue" ? from?.title : ""];
  return markup`<article class="${mark}">
<h3>${sign} <code>${flat(object)}</code> ${text}</h3>
${[
    factsInHtml([section, ...details]),
    ...changes.map((change) => {
      const { phase, lock, blocks, effect, hazard, within, undo } = change;
      const never = undo.startsWith("--");
      return [
        markup`<pre>${safeSql(hidden(`${change.sql};`))}</pre>`,
        factsInHtml([
          ["done", committed.includes(change) ? "committed" : null],
          ["phase", phase],
          ["in", within && `CREATE TABLE ${within.on}`],
          ["locks", lock],
          ["blocks", blocks],
          ["size", given(describeSizes(change), change.small).join("; ")],
          ["effect", effect],
          ["needs", hazard && `--allow ${hazard}`],
          [
            "undo",
            never
              ? `none: ${undo.slice(3)}`
              : undo && safeSql(hidden(`${undo};`)),
          ],
        ]),
      ];
    }),
  ]}
</article>`;
}

/** Labels beside their texts, where there are any. */
function factsInHtml(facts: Detail[]): Content {
  const told = facts.flatMap(([label, text]) =>
    text ? [markup`<dt>${label}<dd class="${label}">${text}`] : []
  );
  return told.length > 0 ? markup`<dl>${told}</dl>` : "";
}

function listInHtml(what: string, names: string[]): Content {
  const all = names.map((name) => markup`<li><code>${flat(name)}</code>`);
  return names.length === 0 ? "" : markup`<details>
<summary>${`${names.length} ${what}`}</summary><ul>${all}</ul></details>`;
}

function runInHtml({ command }: NextAction): Content {
  return command ? markup`<pre class="command">${command}</pre>` : "";
}

// ═══ Errors ════════════════════════════════════════════════════════════════
//
// In comes whatever was thrown; out go lines: what happened, where, what to do
// next, and what state the database is in. All wording of failures stands here
// or where they are thrown. No line has a stack, a password or a value of a row.

/** A message, and what to do about it. */
type Lines = [string, ...string[]];

/** What an error says, and what to do about it; never a stack. */
function explain(error: unknown): Lines {
  if (error instanceof SyncError) {
    return [error.message, ...given(...error.hint.split("\n"))];
  }
  if (error instanceof ChangeError) return explainChange(error);
  if (error instanceof StepError) {
    const { section, step, sql, cause } = error;
    return [
      `the check of ${describeStep(section, step)} failed: ` +
      withoutValues(cause, sql),
      `SQL: ${tidy(sql)}`,
      ...notesOf(cause),
    ];
  }
  if (isServerError(error)) {
    const message = `${withoutValues(error)} (SQLSTATE ${error.code})`;
    return [message, ...notesOf(error)];
  }
  if (error instanceof Deno.errors.NotCapable) {
    const [, flag = "--allow-net"] = /(--allow-\w+)/.exec(error.message) ?? [];
    return [
      `Deno was not given a permission that the script needs: ${flag}`,
      "Run it as ./sync-production-schema.ts or deno task sync, which grant " +
      "them all, or " +
      `add ${flag}`,
    ];
  }
  const stack = error instanceof Error ? error.stack : "";
  const [at] = /[\w-]+\.ts:\d+/.exec(stack ?? "") ?? [];
  return [
    `unexpected: ${messageOf(error)}`,
    `This is a bug${at ? ` (${at})` : ""}; running again is safe`,
  ];
}

function explainChange({ change, cause, hint }: ChangeError): Lines {
  const failed = `${describeStep(change.section, change.step)} failed`;
  const rows = change.query && `The rows: ${tidy(change.query)}`;
  if (!isServerError(cause)) {
    const [message, ...rest] = explain(cause);
    return [`${failed}: ${message}`, ...rest, ...given(change.refuses && rows)];
  }
  return [
    `${failed}: ${withoutValues(cause, change.sql)} (SQLSTATE ${cause.code})`,
    `SQL: ${tidy(change.sql)}`,
    ...given(hint, /^23/.test(cause.code) && rows),
    ...notesOf(cause),
  ];
}

/** A step as messages call it. */
function describeStep(section: string, { verb, name }: Step): string {
  return `${verb} "${name}" in section "${section}"`;
}

/** What an apply that stopped halfway leaves behind. */
function explainProgress({ progress, changes, cause }: ApplyError): string[] {
  const { committed, undone, unknown, filling } = progress;
  const failed = cause instanceof ChangeError ? cause.change : undefined;
  const lost = causeOf(cause) instanceof LostConnection;
  if (committed.length === changes.length) return [allCommitted(committed)];
  if (committed.length === 0 && !failed?.alone && !filling && !unknown) {
    return ["Nothing was changed: what had run was rolled back."];
  }
  const open = unknown?.changes ?? [];
  const [all, done, back, asked] = [changes, committed, undone, open]
    .map(countStatements) as [number, number, number, number];
  const last = committed.at(-1);
  const batches = failed
    ? "Its batches so far"
    : `The batches so far of ${filling?.object}`;
  return given(
    `Committed: ${statementsIn(committed)}` +
      (last ? `, the last for ${last.object}` : "") +
      `. Rolled back: ${back}. Not done: ${all - done - back - asked}.`,
    unknown && `Not known: whether ${statementsIn(open)} more, the first ` +
        `for ${open[0]?.object}, ${asked === 1 ? "is" : "are"} committed` +
        (unknown.look ? `; ask: ${unknown.look}.` : "."),
    filling &&
      `${batches} are committed${lost ? ", the last one perhaps not" : ""}.`,
    failed?.alone &&
      (lost
        ? "The server may still be working on it, or leave an INVALID index."
        : "It may leave an INVALID index."),
    "Run it again: it goes on from there.",
  );
}

function allCommitted(changes: Change[]): string {
  return `Committed: all ${statementsIn(changes)} of the plan.`;
}

/** Something that went wrong, with what to do about it. */
class SyncError extends Error {
  constructor(message: string, readonly hint: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The command line or the connection settings are wrong. */
class UsageError extends SyncError {}

/** Nothing is known of what the server did with the last that was sent. */
class LostConnection extends SyncError {}

/** The plan may not run as it is; nothing was written. */
class Refusal extends SyncError {}

/** Steps that cannot be right, whatever the database. */
class StepFaults extends Error {
  constructor(readonly faults: string[]) {
    super(faults.join("\n"));
  }
}

/** PostgreSQL refused the check of a step. */
class StepError extends Error {
  constructor(
    readonly section: string,
    readonly step: Step,
    readonly sql: string,
    override readonly cause: postgres.PostgresError,
  ) {
    super(cause.message);
  }
}

/** A change failed. */
class ChangeError extends Error {
  constructor(
    readonly change: Change,
    override readonly cause: unknown,
    readonly hint?: string,
  ) {
    super(messageOf(cause));
  }
}

/** A change that failed by what was found, not by what the server said. */
function failure(change: Change, message: string, hint: string): ChangeError {
  return new ChangeError(change, new SyncError(message, hint));
}

function causeOf(error: unknown): unknown {
  return error instanceof ChangeError ? error.cause : error;
}

/** The SQLSTATE of an error, or of a change that failed; "" without one. */
function stateOf(error: unknown): string {
  const cause = causeOf(error);
  return isServerError(cause) ? cause.code : "";
}

/** An apply stopped halfway. */
class ApplyError extends Error {
  constructor(
    override readonly cause: unknown,
    readonly progress: Progress,
    readonly changes: Change[],
  ) {
    super(messageOf(cause));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isServerError(error: unknown): error is postgres.PostgresError {
  return error instanceof Error && error.name === "PostgresError";
}

const RAISE_TIMEOUT = "Raise that timeout for the role (ALTER ROLE … SET …), " +
  "and run again: it goes on from there";

/** What to do about a SQLSTATE, by its code or its class. */
const HINTS: Record<string, string> = {
  "22": "Fix the rows or the expression, and run again",
  "23": "Fix the rows that violate it, then run again: it goes on from there",
  "28P01":
    "Check the password in the URL; percent-encode its special characters",
  "0A": "PostgreSQL does not support this: write the step in another way",
  "28": "Check the role in the URL, and the server's pg_hba.conf",
  "2B": "Drop what depends on it first, in steps above",
  "3D000": "Check the name, or create it: createdb NAME",
  "25P03": RAISE_TIMEOUT,
  "25P04": RAISE_TIMEOUT,
  "57P05": RAISE_TIMEOUT,
  "25006": "Connect to the primary, or make the database writable",
  "40": "Run again: it goes on from there",
  "42501":
    "Run as the owner of the table, or have the privilege granted; where " +
    "row level security hides rows, run as a role with BYPASSRLS",
  "42": "Fix the step's SQL; try it with --dry-run",
  "44": "Fix the rows that violate it, or the view's check",
  "53": "See what the server lacks, then run again: it goes on from there",
  "53100": "Free space on the server's disk, then run again: it goes on from " +
    "there",
  "53200": "Free memory on the server, lower maintenance_work_mem, or raise " +
    "max_locks_per_transaction where that is named; then run again",
  "53300": "Free a connection: an apply takes three",
  "53400": "Raise the limit that is named, such as temp_file_limit, for this " +
    "role; then run again",
  "54": "It exceeds a limit of PostgreSQL: write a smaller one",
  "55P03": "Wait until the blocking session ends, or raise --max-wait",
  "55P04": "Apply without --single-transaction: a new enum label must be " +
    "committed before it is used",
  "57014":
    "Run again; connect without a pooler if the role's statement_timeout " +
    "cancelled it",
  "57P": "Run again: it goes on from there",
  "58": "Read the server's log: its files or disk have a fault",
  "P0": "Read that function, and fix what it objects to or the step",
  "XX": "Read the server's log: its data may be damaged",
};

/** What PostgreSQL says of an error besides, as the client names it. */
type ServerError = postgres.PostgresError & { "data type_name"?: string };

/** The author of a function wrote its text, and may have put values into it. */
function isRaised({ code, routine, where = "" }: ServerError): boolean {
  return /^exec_stmt_(raise|assert)$/.test(routine) ||
    /^(P0|38|39|XX)/.test(code) && where !== "";
}

/** SQLSTATEs of messages that hold names, but never values of rows. */
const NAMES_ONLY =
  /^(0[0-9A-Z]|2[358BD]|3D|40|42(?!601|602|704|703|883|P01)|44|5[3-8])/;

/** SQLSTATEs whose details hold no values of rows either. */
const PLAIN_DETAILS = /^(0A|2B|40|42|5[3-8])/;

/** Any language's quotes: the server's messages are in its own. */
const QUOTES = '"«»„“”‘’「」『』';

/**
 * A message of the server's without the values of rows that it may quote. A
 * quoted part stays where it is a name that the error or the SQL has.
 *
 * @param sql what failed, which is shown beside it
 */
function withoutValues(error: ServerError, sql = ""): string {
  const { code, message } = error;
  if (isRaised(error)) {
    const written = [message, message.replaceAll("'", "''")]
      .some((text) => sql.includes(text));
    return written ? message : "a function of the database raised an exception";
  }
  // An error with a place in the SQL was found while that was read.
  const read = code.startsWith("42") &&
    (error.position ?? error.internal_position) !== undefined;
  if (read || NAMES_ONLY.test(code)) return message;
  const names = [
    error.schema_name,
    error.table_name,
    error.column_name,
    error.constraint_name,
    error["data type_name"],
    ...saidIn(sql),
  ];
  const parts = new RegExp(`[${QUOTES}]([^${QUOTES}]*)[${QUOTES}]`, "g");
  const value = [...message.matchAll(parts)].find(([, part = ""]) =>
    !names.includes(part.trim())
  );
  const shown = value === undefined
    ? message
    // A value may hold quotes itself: all up to the last one goes.
    : message.slice(0, value.index) +
      message.slice(value.index).replace(
        new RegExp(`[${QUOTES}].*[${QUOTES}]`, "s"),
        "…",
      );
  return shown.replaceAll(/\b0x[0-9a-f]{2}\b/g, "…");
}

/** The names and the strings that stand in SQL, also inside its $-strings. */
function saidIn(sql: string): string[] {
  return tokenize(sql).flatMap(({ kind, text }) => {
    if (kind === "name") return [unquoted(text)];
    if (kind !== "string") return [];
    return text.startsWith("$") ? saidIn(unstring(text)) : [unstring(text)];
  });
}

/** What else the server says, without values of rows, and what to do. */
function notesOf(error: ServerError): string[] {
  const { code, detail, where, table_name, constraint_name } = error;
  const raised = isRaised(error);
  const hint = raised ? undefined : error.hint;
  const at = where?.split("\n")[0] ?? "";
  const of = table_name && constraint_name &&
    !error.message.includes(`"${table_name}"`);
  return given(
    PLAIN_DETAILS.test(code) && !raised && detail,
    of && `Constraint: ${constraint_name} of ${table_name}`,
    raised && !/['"]/.test(at) && at && `Raised by ${at}`,
    raised && "Its message is in the server's log",
    hint,
    hintFor(code, hint ? "" : LOOK_UP),
  );
}

function hintFor(code: string, otherwise = LOOK_UP): string {
  return HINTS[code] ?? HINTS[code.slice(0, 3)] ?? HINTS[code.slice(0, 2)] ??
    otherwise;
}

const LOOK_UP = "Look the SQLSTATE up in the PostgreSQL manual, appendix A";

/** What else speaks PostgreSQL's protocol, by what its version() holds. */
const FORKS: [mark: string, name: string][] = [
  ["cockroach", "CockroachDB"],
  ["-yb-", "YugabyteDB"],
  ["redshift", "Amazon Redshift"],
  ["greenplum", "Greenplum"],
  ["cloudberry", "Cloudberry"],
  ["materialize", "Materialize"],
  ["risingwave", "RisingWave"],
  ["crate", "CrateDB"],
  ["questdb", "QuestDB"],
  ["gauss", "openGauss"],
];

/**
 * PostgreSQL says what it was built for and by what; whoever does not, such as
 * Aurora DSQL, has catalogs and locks of its own.
 *
 * @param banner what version() says
 * @throws SyncError for what is not PostgreSQL
 */
function refuseFork(banner: string) {
  const said = banner.toLowerCase();
  const fork = FORKS.find(([mark]) => said.includes(mark))?.[1];
  if (!fork && /^postgresql \d.* on .*\S/.test(said)) return;
  throw new SyncError(
    (fork
      ? `the server is ${fork}, not PostgreSQL`
      : `the server says "${banner.slice(0, 60)}", which is not PostgreSQL`) +
      ": its catalogs and locks are not those that this script relies on",
    "Use it with PostgreSQL 14 or later",
  );
}

/** What keeps a server from being looked at. */
function refuseServer(server: Server, schema: string) {
  refuseFork(server.banner);
  if (server.version < 140000) {
    throw new SyncError(
      `the server is PostgreSQL ${server.versionText}; 14 is the oldest ` +
        "that this script supports",
      "Upgrade the server",
    );
  }
  if (!server.schemaExists) {
    throw new SyncError(
      `the schema "${schema}" does not exist in ${server.database}`,
      `Create it (CREATE SCHEMA ${id(schema)}), or name another with --schema`,
    );
  }
}

/** What the role may not do, of what the changes need. */
function missingPrivileges(
  server: Server,
  changes: Change[],
  facts: Catalog,
): Item[] {
  const user = id(server.user);
  const schema = server.searchPath.split(", ")[0] ?? "";
  const lacks = (object: string, what: string, fix: string) =>
    issueOf(object, `${user} may not ${what}`, [["fix", fix]], {
      reason: "privilege",
    });
  const foreign = new Set(
    changes.filter(({ step }) => step.verb !== "step").flatMap(({ tables }) =>
      tables.slice(0, 1).filter(({ table, mode }) =>
        mode !== RX && facts.tables.get(table)?.owned === false
      )
    ).map(({ table }) => table),
  );
  const extending = changes.some(({ step }) => step.verb === "createExtension");
  return given(
    extending && !server.mayExtend && lacks(
      server.database,
      "create extensions in this database",
      `GRANT CREATE ON DATABASE ${id(server.database)} TO ${user}`,
    ),
    changes.length > 0 && !server.mayCreate && lacks(
      schema,
      "create in this schema",
      `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${user}`,
    ),
    ...[...foreign].map((table) =>
      lacks(
        dotted(table),
        "alter this table: it is not the owner",
        `GRANT the owner's role to ${user}, or ALTER TABLE ${table} ` +
          `OWNER TO ${user}`,
      )
    ),
  );
}

// ═══ Connection ════════════════════════════════════════════════════════════
//
// In comes a URL; out goes a session that runs SQL. What the URL says is honoured
// exactly or refused. A session never connects a second time by itself, and no
// wait on it is for ever. Here is also the embedded PostgreSQL.

/** Where to connect, and how to say it without a secret. */
export interface Target {
  where: string;
  password: string;
  /** The directory of an embedded PostgreSQL, "" for one in memory. */
  embedded?: string;
  options: postgres.Options<Record<string, never>>;
}

/**
 * Reads a connection URI in libpq's forms. What it says and is not honoured
 * exactly is refused.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 *
 * @param schema the target schema, which the URL may name too
 * @throws UsageError where it is none, without repeating it
 */
export function parseTarget(text: string, schema = "public"): Target {
  if (text.startsWith("pglite:")) {
    const embedded = text.slice("pglite:".length);
    const where = `embedded PostgreSQL, ${embedded || "in memory"}`;
    return { where, password: "", embedded, options: {} };
  }
  const { parameters, ...url } = parseUrl(text);
  const take = (name: string) => {
    const value = parameters.get(name) || undefined;
    parameters.delete(name);
    return value;
  };
  refuseTwice(parameters);
  const host = (take("host") ?? url.host).replace(/^\[(.*)\]$/, "$1") ||
    "localhost";
  const wanted = take("port") ?? (url.port || "5432");
  if (/,/.test(host + wanted)) throw severalHosts();
  const port = readNumber("port", wanted);
  const socket = host.startsWith("/");
  const user = take("user") ??
    (url.user || environment("PGUSER") || environment("USER") || "");
  const inQuery = parameters.has("password");
  const password = take("password") ??
    (url.password || environment("PGPASSWORD") || "");
  const database = take("dbname") ?? (url.database || user);
  if (!user) throw badUrl("names no user");
  const ssl = readSsl(host, socket, take);
  const runtime = take("options");
  if (/(^|\s)(-c\s*|--)search[_-]path\b/i.test(runtime ?? "")) {
    throw notHonoured("options", "use --schema NAME instead of search_path");
  }
  const timeout = take("connect_timeout") ?? "10";
  const application = take("application_name") ?? "schema sync";
  refuseOthers(parameters, schema, inQuery);
  const path = `${host}/.s.PGSQL.${port}`;
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    where: socket ? path : address,
    password,
    options: {
      host,
      port,
      ...(socket && { path }),
      user,
      // The client reads PGPASSWORD by itself where this is empty.
      pass: password,
      database,
      ssl,
      connect_timeout: readNumber("connect_timeout", timeout),
      connection: {
        application_name: application,
        ...(runtime && { options: runtime }),
      },
    },
  };
}

/** URL parameters of other clients that change nothing here. */
const HARMLESS = (
  "connection_limit pool_timeout pgbouncer socket_timeout pool pool_size " +
  "statement_cache_size prepared_statement_cache_size max_overflow " +
  "prepared_statements prepareThreshold pool_max_conns pool_min_conns " +
  "conn_max_age reconnect default_query_exec_mode sslcompression sslsni " +
  "statement_cache_capacity keepalives keepalives_idle keepalives_count " +
  "keepalives_interval tcp_user_timeout fallback_application_name " +
  "krbsrvname gsslib"
).split(" ");

/**
 * Others: which values of them change nothing here (for the schema, its own
 * name does), and what to write instead of any other.
 */
const OTHER_PARAMETERS: Record<string, [harmless: RegExp | null, string]> = {
  "client_encoding encoding charset": [
    /^(utf-?8|auto|unicode)$/i,
    "leave it out: it is always UTF8",
  ],
  "schema currentSchema search_path": [null, "use --schema NAME"],
  "channel_binding gssencmode": [
    /^(disable|prefer)$/,
    "leave it out, and use sslmode=verify-full",
  ],
  "target_session_attrs load_balance_hosts": [
    /^(any|disable)$/,
    "name one host and leave it out; an apply refuses a standby",
  ],
  "ssl_min_protocol_version": [
    /^TLSv1(\.[12])?$/,
    "leave it out: TLS 1.2 is the oldest accepted; the server can demand a " +
    "newer one",
  ],
  "ssl_max_protocol_version": [/^TLSv1\.3$/, "leave it out"],
  "sslnegotiation": [
    /^postgres$/,
    "leave it out: every server takes it the usual way",
  ],
  "sslcertmode": [/^allow$/, "leave it out"],
  "sslcrl sslcrldir": [
    /^$/,
    "leave it out: no list of revoked certificates is read",
  ],
  "sslpassword": [/^$/, "name a key without a password in sslkey"],
  "passfile service servicefile": [
    /^$/,
    "write what the file says into the URL, or the password into PGPASSWORD",
  ],
  "hostaddr": [/^$/, "write the address as the URL's host"],
};

function notHonoured(name: string, instead: string): UsageError {
  return new UsageError(
    `the database URL's parameter "${name}" would not be honoured`,
    instead.charAt(0).toUpperCase() + instead.slice(1),
  );
}

function severalHosts(): UsageError {
  return new UsageError(
    "the database URL names several hosts",
    "Name one, the primary",
  );
}

/** Other clients take the first or the last, and some both. */
function refuseTwice(parameters: URLSearchParams) {
  for (const name of new Set(parameters.keys())) {
    if (parameters.getAll(name).length < 2) continue;
    throw notHonoured(parameterName(name), "write it once");
  }
}

/** Of what is left: all but what changes nothing. */
function refuseOthers(
  parameters: URLSearchParams,
  schema: string,
  password: boolean,
) {
  for (const [name, value] of parameters) {
    if (HARMLESS.includes(name)) continue;
    const [, [harmless, instead] = []] = Object.entries(OTHER_PARAMETERS)
      .find(([names]) => names.split(" ").includes(name)) ?? [];
    if (harmless === null ? value === schema : harmless?.test(value)) continue;
    if (instead) throw notHonoured(name, instead);
    throw password
      ? badUrl("has a parameter that is not known, or an & in its password")
      : notHonoured(
        parameterName(name),
        "leave it out, or correct its name: this script does not know it",
      );
  }
}

/** A piece of a password that holds an & is read as a name, too. */
function parameterName(name: string): string {
  return /^[A-Za-z]+(_[A-Za-z]+)*$/.test(name) ? name : "…";
}

function badUrl(why: string): UsageError {
  return new UsageError(
    `the database URL ${why}`,
    "Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, and percent-" +
      "encode what is special in the password (@ %40, # %23, / %2F, ? %3F, " +
      "& %26)",
  );
}

function readNumber(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65536) return Number(text);
  throw badUrl(`has a ${name} that is not a number`);
}

function parseUrl(text: string) {
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw badUrl("does not start with postgres:// or postgresql://");
  }
  // WHATWG URLs want a host; libpq's socket URLs have none.
  const [, user = "", rest = ""] = /^\w+:\/\/([^/?#]*@)?(.*)$/s.exec(text) ??
    [];
  if (/[@#]/.test(rest)) throw badUrl("has an @ or a # where none belongs");
  if (/^[^/?]*,/.test(rest)) throw severalHosts();
  const local = rest === "" || /^[/?:]/.test(rest) ? "localhost" : "";
  try {
    const url = new URL(`postgres://${user}${local}${rest}`);
    return {
      host: decodeURIComponent(url.hostname),
      port: url.port,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      // A plus is a plus to libpq.
      parameters: new URLSearchParams(url.search.replaceAll("+", "%2B")),
    };
  } catch {
    throw badUrl("cannot be read");
  }
}

/**
 * @returns what the client does as libpq would; a socket needs no TLS
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
function readSsl(
  host: string,
  socket: boolean,
  take: (name: string) => string | undefined,
) {
  const root = take("sslrootcert");
  const mode = readSslMode(take, root);
  const certificate = take("sslcert"), key = take("sslkey");
  if (socket || mode === "disable") return false;
  if (mode === "allow" || mode === "prefer") {
    const named = root ? "sslrootcert" : certificate ? "sslcert" : "sslkey";
    if (root ?? certificate ?? key) {
      throw notHonoured(named, "add sslmode=verify-full");
    }
    return "prefer" as const;
  }
  const files = {
    ...(root && root !== "system" && { ca: readFile(root, "sslrootcert") }),
    ...(certificate && { cert: readFile(certificate, "sslcert") }),
    ...(key && { key: readFile(key, "sslkey") }),
  };
  const verified = { ...files, rejectUnauthorized: true };
  if (mode === "verify-full") return { ...verified, host };
  // As libpq does: with a root certificate, require verifies it.
  return files.ca
    ? { ...verified, checkServerIdentity: () => undefined }
    : { ...files, rejectUnauthorized: false };
}

/** Under whatever name: other clients say ssl=, with libpq's words or true. */
function readSslMode(
  take: (name: string) => string | undefined,
  root: string | undefined,
): string {
  const mode = take("sslmode"), ssl = take("ssl") ?? "";
  const legacy = /^(true|1)$/.test(ssl)
    ? "require"
    : /^(false|0)$/.test(ssl)
    ? "disable"
    : ssl || undefined;
  if (mode && legacy && mode !== legacy) {
    throw notHonoured("ssl", "leave it out: sslmode says something else");
  }
  const system = root === "system";
  const wanted = mode ?? legacy ?? (system ? "verify-full" : undefined) ??
    environment("PGSSLMODE") ?? "prefer";
  const repeated = /^[a-z-]{1,20}$/.test(wanted) ? `: ${wanted}` : "";
  refuse(
    !/^(disable|allow|prefer|require|verify-ca|verify-full)$/.test(wanted),
    `the database URL has an ${mode ? "sslmode" : "ssl or sslmode"} that ` +
      `does not exist${repeated}`,
    "Use sslmode=disable, prefer, require, verify-ca or verify-full",
  );
  if (system && wanted !== "verify-full") {
    throw notHonoured("sslrootcert", "add sslmode=verify-full");
  }
  refuse(
    wanted === "verify-ca" && !root,
    "the database URL names no certificate for sslmode=verify-ca to trust",
    "Name it with sslrootcert=FILE, or use sslmode=verify-full",
  );
  return wanted;
}

function readFile(path: string, parameter: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(
      `the file that ${parameter} names cannot be read: ${path}`,
      `${error instanceof Error ? error.name : "error"}: check the path`,
    );
  }
}

/** A variable of the environment; none where it may not be read. */
function environment(name: string): string | undefined {
  try {
    return Deno.env.get(name) || undefined;
  } catch {
    return undefined;
  }
}

/** pg_temp is searched first where it is not named. */
const CATALOG_PATH = "pg_catalog, pg_temp";

/**
 * One connection, on which statements run one after another. Every wait on it
 * ends: with the answer, with the socket, at a signal, or when the server no
 * longer works on what was asked.
 */
export class Session {
  /** After so long without a byte the server is asked what it does (ms). */
  static silence = 30_000;
  /** How long a statement may take to end after a signal (ms). */
  static grace = 5000;

  /** Nothing that an owner of the database could shadow, until it is known. */
  searchPath = CATALOG_PATH;
  stepPath = CATALOG_PATH;
  /** Whether the server's process is ours alone, and no pooler's. */
  direct = false;
  pid = 0;
  /** Why there is no connection any more. */
  lost: Error | undefined;
  /** Whether a step has ended a transaction that the engine began. */
  interfered = false;
  #sql: postgres.Sql;
  #target: Target;
  #net: Net;
  #socket: Socket | undefined;
  /** What names this connection to the server, or to its pooler. */
  #key: ServerKey | undefined;
  /** The statements that wait for their answers. */
  #unanswered: string[] = [];
  #heard = 0;
  #stopping: ReturnType<typeof setInterval> | undefined;
  #watching: ReturnType<typeof setInterval> | undefined;
  #cancelling: Promise<void> | undefined;
  /** The last bytes, among which is the server's reason to hang up. */
  #tail: Uint8Array[] = [];
  #gone = Promise.withResolvers<never>();
  #asked = Promise.withResolvers<void>();
  /** Settles when the first query is on its way to the server. */
  asked = this.#asked.promise;

  private constructor(target: Target, client: typeof postgres, net: Net) {
    this.#target = target;
    this.#net = net;
    this.#gone.promise.catch(() => {});
    this.#sql = client({
      ...target.options,
      // The socket is encrypted before the client has it.
      ssl: false,
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      fetch_types: false,
      prepare: false,
      onnotice: ({ code }) => {
        if (code === NO_TRANSACTION) this.interfered = true;
      },
      debug: () => this.#asked.resolve(),
      // The client documents it, and its types leave it out.
      ...{ socket: () => this.#connect() },
    });
  }

  /** Nothing is connected before the first query. */
  static async open(target: Target): Promise<Session> {
    const [{ default: client }, { connect }, tls] = await Promise.all([
      // deno-lint-ignore no-import-prefix
      import("npm:postgres@3.4.9").catch(notLoaded),
      import("node:net"),
      import("node:tls"),
    ]);
    return new Session(target, client, { connect, secure: tls.connect });
  }

  /** The client would connect again by itself; here nothing may be lost. */
  async #connect(): Promise<Socket> {
    if (this.#socket || this.lost) throw this.lost ?? new Error("closed");
    try {
      const socket = await dial(
        this.#target,
        this.#net,
        (socket) => this.#socket = socket,
      );
      socket.on("data", (bytes: Uint8Array) => {
        this.#heard = performance.now();
        this.#tail = [...this.#tail, bytes].slice(-8);
      });
      socket.on("close", () => this.lose());
      this.#socket = socket;
      if (this.lost) socket.destroy();
      return socket;
    } catch (error) {
      this.lose(connectionError(error, this.#target));
      throw error;
    }
  }

  get busy(): boolean {
    return this.#unanswered.length > 0;
  }

  get embedded(): boolean {
    return this.#target.embedded !== undefined;
  }

  /** Gives the connection up: whatever waits for it ends. */
  lose(why?: unknown) {
    if (this.lost) return;
    const told = fatalMessage(this.#tail);
    this.lost = told
      ? new LostConnection(
        `the server ended the connection: ${told.message} (SQLSTATE ` +
          `${told.code})`,
        hintFor(told.code),
      )
      : why instanceof SyncError || why instanceof Deno.errors.NotCapable
      ? why
      : new LostConnection(
        "the connection to the server was lost",
        "Run it again: it goes on from there",
      );
    this.#gone.reject(this.lost);
    this.#socket?.destroy();
  }

  /**
   * Runs SQL by the simple protocol, which takes several statements in one
   * round trip and prepares none, so it works through any pooler.
   *
   * @returns the rows of all its statements, in their order
   */
  async query(text: string): Promise<Row[]> {
    if (this.lost) throw this.lost;
    if (this.#unanswered.push(text) === 1) this.#watch();
    try {
      const answered = this.#sql.unsafe(text).simple();
      const results = await Promise.race([answered, this.#gone.promise]);
      const last = [results].flat(1).at(-1) as
        | { state?: ServerKey }
        | undefined;
      this.#key = last?.state ?? this.#key;
      // A pooler makes up the process number that it tells its client.
      return ([results].flat(2) as unknown as Row[])
        .filter((row) => row.backend === undefined || this.#knows(row));
    } catch (error) {
      if (isServerError(error)) throw error;
      const why = connectionError(error, this.#target);
      if (!(why instanceof SyncError)) throw why;
      this.lose(this.#key ? undefined : why);
      throw this.lost;
    } finally {
      this.#unanswered.shift();
      if (!this.busy) clearInterval(this.#watching);
    }
  }

  /** Looks at the server's own views, outside a transaction of ours. */
  look(query: string): Promise<Row[]> {
    return this.query(`SET LOCAL search_path = ${CATALOG_PATH}; ${query}`);
  }

  #knows(row: Row): false {
    this.pid = Number(row.backend);
    this.direct = this.#key?.pid === this.pid;
    return false;
  }

  /**
   * A server at work says nothing for hours, and so does one that is no more.
   * Twice in a row must it be seen not to work on what was asked.
   */
  #watch() {
    this.#heard = performance.now();
    let missed = 0, asking = false;
    this.#watching = setInterval(async () => {
      const heard = this.#heard;
      if (asking || this.#target.embedded !== undefined) return;
      if (performance.now() - heard < Session.silence) return;
      asking = true;
      const works = await this.#works();
      asking = false;
      missed = works || this.#heard !== heard ? 0 : missed + 1;
      this.#heard = performance.now();
      if (missed >= 2) this.lose();
    }, Session.silence / 2);
  }

  /**
   * Whether the server works on it, as far as another connection can tell: its
   * own process does, or, behind a pooler, one that runs what was asked.
   */
  async #works(): Promise<boolean> {
    if (!this.#key) return false;
    const limit = 2 * Session.silence;
    const asked = this.#unanswered.slice(0, 100)
      .map((text) => `left(${literal(text.slice(0, 200))}, 200)`);
    const ours = this.direct
      ? `pid = ${this.pid}`
      : `left(query, 200) IN (${asked})`;
    try {
      const [row] = await this.aside(
        `SELECT NOT EXISTS (SELECT FROM pg_stat_activity
          WHERE state = 'active' AND pid <> pg_backend_pid() AND ${ours})
          AS idle`,
        limit,
      );
      return row?.idle !== true;
    } catch (error) {
      return isServerError(error);
    }
  }

  /** Asks on a connection of its own, within a time (ms). */
  async aside(text: string, limit: number): Promise<Row[]> {
    const other = await Session.open(this.#target);
    const timer = setTimeout(() => other.lose(), limit);
    try {
      return await other.look(text);
    } finally {
      clearTimeout(timer);
      await other.end();
    }
  }

  /**
   * What became of a transaction whose COMMIT was not answered: a server that
   * still has it open is told that nobody waits for it any more.
   * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
   */
  async fate(xid: string): Promise<"committed" | "aborted" | undefined> {
    if (this.#target.embedded !== undefined) return undefined;
    const end = performance.now() + 2 * Session.grace;
    const ask = `SELECT pg_xact_status('${xid}') AS fate`;
    const stop = this.direct && this.lost
      ? `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid = ${this.pid} AND backend_xid = '${xid}'::xid8::xid; `
      : "";
    for (;;) {
      const left = end - performance.now();
      const rows = await this.aside(stop + ask, left).catch(() => []);
      const fate = rows.at(-1)?.fate;
      if (fate === "committed" || fate === "aborted") return fate;
      if (performance.now() + 200 > end) return undefined;
      await pause(200);
    }
  }

  /**
   * Asks the server to stop what runs, by the protocol's own request: its key
   * is this connection's alone, and a pooler passes it on to what runs for it.
   * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
   */
  async #cancel() {
    if (!this.#key || this.#target.embedded !== undefined) return;
    const request = new DataView(new ArrayBuffer(16));
    const words = [16, 80877102, this.#key.pid, this.#key.secret];
    words.forEach((word, i) => request.setInt32(4 * i, word));
    const socket = await dial(this.#target, this.#net);
    socket.write(new Uint8Array(request.buffer));
    socket.resume();
    const limit = setTimeout(() => socket.destroy(), Session.grace);
    // The other side hangs up: PgBouncer 1.18 dies of a client that does.
    await eventOf(socket, "close").catch(() => {});
    clearTimeout(limit);
  }

  /** At a signal: what runs is cancelled, and what does not end is left. */
  stop() {
    const end = performance.now() + Session.grace;
    const attempt = () => {
      if (!this.busy) return;
      if (performance.now() > end) {
        this.lose(
          new LostConnection(
            "stopped by a signal; the server no longer answered",
            "Run it again to continue",
          ),
        );
      } else {
        this.#cancelling ??= this.#cancel().catch(() => {})
          .then(() => this.#cancelling = undefined);
      }
    };
    this.#stopping = setInterval(attempt, Session.grace / 5);
    attempt();
  }

  /**
   * Starts a transaction in the steps' search path.
   *
   * @param mode with what is asked before that is set, if anything is
   */
  begin(mode: Access | [Access, string], ...statements: string[]) {
    const [access, ...first] = [mode].flat();
    return this.query([
      `BEGIN ISOLATION LEVEL READ COMMITTED ${access}`,
      ...first,
      `SET LOCAL search_path = ${this.searchPath}`,
      // Steps are read as the standard has it, whatever the database says.
      "SET LOCAL standard_conforming_strings = on",
      "SELECT pg_backend_pid() AS backend",
      ...statements,
    ].join(";\n"));
  }

  /** A whole transaction, which is rolled back where a statement fails. */
  async transaction(access: Access, ...statements: string[]): Promise<Row[]> {
    try {
      return await this.begin(access, ...statements, "COMMIT");
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /** Whatever is open, as long as there is a connection. */
  async rollback() {
    if (!this.lost) await this.query("ROLLBACK");
  }

  /** @param wait until the server's process has ended, too */
  async end(wait = true) {
    clearInterval(this.#stopping);
    if (this.#cancelling) await Promise.race([this.#cancelling, pause(1000)]);
    const ended = this.#sql.end({ timeout: this.lost ? 0 : 1 })
      .then(() => this.#socket?.destroy());
    await (wait ? ended : pause(0));
  }
}

/** @throws SyncError that says what keeps a package from being loaded */
function notLoaded(error: Error): never {
  const [why] = error.message.split("\n");
  throw new SyncError(
    `a package that the script needs cannot be loaded: ${why}`,
    "Check the network and the registry; beside a package.json, Deno needs " +
      "--node-modules-dir=none",
  );
}

type Access = "READ ONLY" | "READ WRITE";

type ServerKey = { pid: number; secret: number };

/** What opens a connection, and what encrypts it. */
interface Net {
  connect: typeof import("node:net").connect;
  secure: typeof import("node:tls").connect;
}

/** The SQLSTATE of COMMIT and ROLLBACK outside a transaction, a warning. */
const NO_TRANSACTION = "25P01";

/**
 * Opens a connection as the URL says, encrypted or not, within its time.
 *
 * @param opening is told of the socket that may still wait
 */
async function dial(
  { options, ...target }: Target,
  { connect, secure }: Net,
  opening: (socket: Socket) => void = () => {},
): Promise<Socket> {
  const { host, port, path, ssl } = options;
  const address = { host: `${host}`, port: Number(port) };
  const socket = connect(path ? { path } : address);
  opening(socket);
  const seconds = Number(options.connect_timeout ?? 10);
  const timer = seconds && setTimeout(() => {
    socket.destroy(socketError("CONNECT_TIMEOUT"));
  }, seconds * 1000);
  try {
    await eventOf(socket, "connect");
    // A host that vanished is noticed, and a quiet connection is kept open.
    if (!path && target.embedded === undefined) {
      socket.setKeepAlive(true, 15_000);
    }
    if (!ssl) return socket;
    socket.write(new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]));
    const [answer, ...more] = await eventOf(socket, "data") as Uint8Array;
    // Bytes that follow were not sent by the server's own side of TLS.
    if (more.length > 0) throw socketError("ECONNRESET");
    if (answer !== "S".charCodeAt(0)) {
      if (ssl === "prefer") return socket;
      throw socketError("NO_TLS");
    }
    socket.removeAllListeners();
    const { isIP } = await import("node:net");
    const encrypted = secure({
      socket,
      ...(!isIP(address.host) && { servername: address.host }),
      ...(ssl === "prefer" ? { rejectUnauthorized: false } : ssl as object),
    });
    await eventOf(encrypted, "secureConnect");
    return encrypted;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The next event of its kind; what ends the socket ends the wait. */
function eventOf(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(socketError("ECONNRESET")));
  });
}

function socketError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * What the server says last before it hangs up. The client gives an error out
 * when the server is ready again, which it is not after this one.
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
function fatalMessage(chunks: Uint8Array[]) {
  const bytes = chunks.flatMap((chunk) => [...chunk.slice(-4096)]);
  const view = new DataView(new Uint8Array(bytes).buffer);
  for (let at = 0; at + 5 <= bytes.length; at++) {
    if (bytes[at] !== "E".charCodeAt(0)) continue;
    if (at + 1 + view.getInt32(at + 1) !== bytes.length) continue;
    const text = new TextDecoder().decode(new Uint8Array(bytes.slice(at + 5)));
    const fields = new Map(
      text.split("\0").map((field) => [field.charAt(0), field.slice(1)]),
    );
    const code = fields.get("C"), message = fields.get("M");
    if (/FATAL|PANIC/.test(fields.get("V") ?? "") && code && message) {
      return { code, message };
    }
  }
  return undefined;
}

/** What went wrong with a connection, in words. */
function connectionError(error: unknown, { where }: Target): unknown {
  const known = error instanceof SyncError ||
    error instanceof Deno.errors.NotCapable || !(error instanceof Error);
  if (known) return error;
  const code = "code" in error ? String(error.code) : "";
  if (code === "EPERM") return new Deno.errors.NotCapable("--allow-net");
  const [, [message, hint] = ["", ""]] = Object.entries(CONNECTION_ERRORS)
    .find(([codes]) => RegExp(codes, "i").test(code)) ?? [];
  const told = message.replace("WHERE", () => where)
    .replace("WHY", () => error.message);
  return new LostConnection(told, hint, { cause: error });
}

/** What the runtime's codes mean: the first of which one has a part. */
const CONNECTION_ERRORS: Record<string, [message: string, hint: string]> = {
  "ENOTFOUND|EAI_AGAIN": [
    "the host of WHERE is not known",
    "Check the host name in the database URL",
  ],
  "ECONNREFUSED": [
    "nothing answers at WHERE",
    "Check host and port, and that the server runs and listens there",
  ],
  "ENOENT": [
    "there is no socket at WHERE",
    "Check the directory and the port, and that the server runs",
  ],
  "CONNECT_TIMEOUT": [
    "WHERE does not answer in time",
    "Check host, port and firewall, or allow more with connect_timeout=SECONDS",
  ],
  "NO_TLS": [
    "WHERE has no TLS, which sslmode demands",
    "Configure TLS on the server; sslmode=prefer does without it",
  ],
  "ECONNRESET": [
    "WHERE closed the connection",
    "Check the port, and sslmode: a server without TLS hangs up on sslmode=require",
  ],
  "CONNECTION_CLOSED": [
    "the connection to WHERE was lost",
    "Run it again: it goes on from there",
  ],
  "CERT|TLS|SSL|SIGNATURE|UNABLE_TO": [
    "the certificate of WHERE is not trusted: WHY",
    "Name its authority with sslrootcert=FILE, or use sslmode=require",
  ],
  "": [
    "the connection to WHERE failed: WHY",
    "Check that it is a PostgreSQL server, and what its log says",
  ],
};

const PGLITE = "npm:@electric-sql/pglite@0.5.14";
const PGLITE_SOCKET = "npm:@electric-sql/pglite-socket@0.2.17";

/** Extensions that come in packages of their own. */
const PGLITE_EXTENSIONS: Record<string, string> = {
  vector: "npm:@electric-sql/pglite-pgvector@0.0.15",
};

/**
 * Starts the embedded PostgreSQL behind its socket server, on the loopback
 * interface, where whoever connects needs the password made for this run.
 *
 * @param directory where its data is, "" for memory
 * @param extensions those of its own that may be created
 * @param options for proofs: it begins as a `copy` of another, which is
 *   quicker than to begin with nothing
 * @returns where it listens, and how to stop it
 */
export async function startEmbedded(
  directory: string,
  extensions: string[],
  { copy }: { copy?: Blob } = {},
) {
  const lock = directory ? await lockDirectory(directory) : undefined;
  const { PGlite } = await import(PGLITE).catch(notLoaded);
  const { PGLiteSocketServer } = await import(PGLITE_SOCKET).catch(notLoaded);
  const loaded: Record<string, unknown> = {};
  for (const name of extensions) {
    const module = name.replaceAll("-", "_");
    try {
      const from = PGLITE_EXTENSIONS[module] ?? `${PGLITE}/contrib/${module}`;
      loaded[module] = (await import(from))[module];
    } catch {
      // CREATE EXTENSION says what is missing.
    }
  }
  const dataDir = directory ? `${directory}/data` : undefined;
  const db = await PGlite.create({
    dataDir,
    extensions: loaded,
    ...(copy && { loadDataDir: copy }),
  });
  const host = "127.0.0.1", password = crypto.randomUUID();
  const sockets = new Set<Socket>();
  const server = new (class extends PGLiteSocketServer {
    handleConnection(socket: Socket) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      askPassword(socket, password, () => super.handleConnection(socket));
    }
  } as typeof PGLiteSocketServer)({ db, port: 0, host, maxConnections: 100 });
  await server.start();
  const port = Number(server.getServerConn().split(":").at(-1));
  return {
    options: {
      host,
      port,
      user: "postgres",
      pass: password,
      database: "postgres",
      ssl: false as const,
    },
    db,
    copy: (): Promise<Blob> => db.dumpDataDir("none"),
    async stop() {
      // Some runtimes never say that the server has closed; no more is needed.
      for (const socket of sockets) socket.destroy();
      await Promise.race([server.stop(), pause(100)]);
      await db.close();
      lock?.close();
    },
  };
}

/**
 * Lets in who knows the password: the socket server itself asks for none.
 * https://www.postgresql.org/docs/current/protocol-flow.html
 */
function askPassword(socket: Socket, password: string, letIn: () => void) {
  let received = new Uint8Array(), startup: Uint8Array | undefined;
  const answer = new TextEncoder().encode(`${password}\0`);
  const listen = (data: Uint8Array) => {
    received = Uint8Array.of(...received, ...data);
    // Its type, which the first message has none of, and its length.
    const head = startup ? 5 : 4;
    if (received.length < head) return;
    const length = new DataView(received.buffer).getInt32(head - 4) + head - 4;
    if (length < head || length > 10_000) return socket.destroy();
    if (received.length < length) return;
    const message = received.slice(0, length);
    received = received.slice(length);
    if (!startup) {
      startup = message;
      // AuthenticationCleartextPassword
      return socket.write(Uint8Array.of(82, 0, 0, 0, 8, 0, 0, 0, 3));
    }
    socket.off("data", listen);
    if (message.slice(head).join() !== answer.join()) {
      const why = "SFATAL\0C28P01\0Mthe password is another\0\0";
      return socket.end(`E\0\0\0${String.fromCharCode(why.length + 4)}${why}`);
    }
    letIn();
    socket.emit("data", startup);
  };
  socket.on("error", () => socket.destroy()).on("data", listen);
}

/** Two processes would corrupt the directory; the system frees the lock. */
async function lockDirectory(directory: string): Promise<Deno.FsFile> {
  const file = openLock(directory);
  // Waits, since older runtimes cannot only try; what still waits ends with us.
  const locked = file.lock(true).then(() => true);
  if (await Promise.race([locked, pause(500).then(() => false)])) return file;
  throw new SyncError(
    `another process uses the embedded PostgreSQL in ${directory}`,
    "Wait until it ends, or use another directory: --database-url pglite:DIR",
  );
}

/** Makes what nobody else may read, and leaves a folder of others as it is. */
function openLock(directory: string): Deno.FsFile {
  const data = `${directory}/data`;
  try {
    Deno.mkdirSync(data, { recursive: true, mode: 0o700 });
    if (Deno.build.os !== "windows") Deno.chmodSync(data, 0o700);
    return Deno.openSync(
      `${directory}/lock`,
      { write: true, create: true, mode: 0o600 },
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new UsageError(
      `the embedded PostgreSQL cannot use ${directory}: ` +
        messageOf(error).split(/ \(os error|: /)[0],
      "Name a directory that can be made or written to: pglite:DIR",
    );
  }
}

// ═══ Command line ══════════════════════════════════════════════════════════
//
// In come arguments; out goes an exit status. An option is a line of HELP and a
// member of what readArguments returns; what is wrong with one is told before
// anything is connected. What a run does is decided here, and done elsewhere.

/** Exit statuses; deploy scripts depend on them. */
const EXIT = {
  /** In sync, or applied. */
  ok: 0,
  error: 1,
  /** Changes are pending; only with --detailed-exitcode. */
  pending: 2,
  /** Nothing was written: a hazard or conflict that is not allowed. */
  refused: 3,
} as const;

const HELP = `\
Brings a PostgreSQL database to the schema that this script's steps describe.

Usage: sync-production-schema.ts (--dry-run | --apply) [options]

  sync-production-schema.ts --dry-run               show what would change
  sync-production-schema.ts --apply                 change what is missing
  sync-production-schema.ts --embedded --dry-run    without a server

Mode:
  --dry-run              show what is there, what would change, what needs a
                         look; writes nothing
  --apply                make the changes, one run at a time
Database:
  --database-url URL     postgres://…, or pglite:DIR (default: $DATABASE_URL)
  --embedded             the embedded PostgreSQL in .embedded-db/
  --schema NAME          target schema (default: public)
Steps:
  --only PATTERN         only these sections or steps, * matches anything
  --skip PATTERN         not these; both may be repeated
Safety:
  --allow HAZARD         let a change pass: rewrite, blocking, rename, conflict,
                         drop:NAME or replace:NAME; may be repeated
  --safe-below ROWS      tables below it and 1 MB are no hazard (default: 1000)
  --expect-plan DIGEST   apply the plan that was reviewed on this database, or
                         refuse; takes a dry run's JSON file as well
  --yes                  on a terminal, apply without asking for the digest
  --single-transaction   all or nothing, in one transaction
  --lock-timeout TIME    longest wait for one lock (default: 500ms)
  --max-wait TIME        longest time to try for a lock (default: 5m)
  --probe-timeout TIME   longest look at the data (default: 5s)
Output:
  --format FORMAT        text (default), json, markdown, html, or sql for psql
  --verbose              list what is in place or in no step, and SQL that ran
  --detailed-exitcode    exit 2 when changes are pending
  --strict               also exit 2 when something is in no step
Setting up:
  --init DIR             put script, verifier and guide into the repository DIR
  --models FILE          its existing models, or a new schema.ts or schema.sql
  --upgrade-engine FILE  show how the engine of another copy differs, and take
                         it after a question, or with --yes; the steps stay
  -h, --help             this text
  --version              the engine's version, and whether it was edited

Environment: DATABASE_URL, PGUSER, PGPASSWORD, PGSSLMODE, NO_COLOR, FORCE_COLOR
Exit status: 0 in sync or applied, 1 error, 2 changes pending, 3 refused`;

/** What the command line says. */
type Options = NonNullable<Awaited<ReturnType<typeof readArguments>>>;

/**
 * Runs the steps as the command line says, and tells what happened.
 *
 * @param sections the steps: this file's, or another's
 * @param args what follows the script's name
 * @returns the exit status
 */
export async function main(
  sections: Section[],
  args: string[],
): Promise<number> {
  const report = new Reporter(readFormat(args));
  const outcome: Outcome = { mode: "", status: EXIT.ok, committed: [], ms: 0 };
  const start = performance.now();
  let embedded: { stop(): Promise<void> } | undefined;
  try {
    const options = await readArguments(args, report);
    if (!options) return EXIT.ok;
    const { target } = options;
    outcome.mode = options.apply ? "apply" : "dry-run";
    outcome.where = target.where;
    outcome.schema = options.schema;
    checkShapes(sections);
    if (options.apply || target.embedded !== undefined) {
      checkSteps(sections);
    }
    chooseSteps(sections, options);
    refuseHazards(sections, options.allow);
    if (!isNamed(target, sections)) hide(target.password);
    if (target.embedded !== undefined) {
      const extensions = sections.flatMap(({ steps }) => steps)
        .filter(({ verb }) => verb === "createExtension");
      const started = await startEmbedded(
        target.embedded,
        extensions.map(({ name }) => name),
      );
      target.options = started.options;
      hide(started.options.pass);
      embedded = started;
    }
    const run = options.apply ? apply : dryRun;
    outcome.status = await run(sections, options, report, outcome);
  } catch (error) {
    outcome.status = fail(error, report, outcome);
  } finally {
    await embedded?.stop();
  }
  outcome.ms = performance.now() - start;
  if (outcome.mode || report.format === "json") report.document(outcome);
  return outcome.status;
}

/** Whether a password is a name as well, which would be hidden wherever it is. */
function isNamed({ password, options }: Target, sections: Section[]): boolean {
  const steps = sections.flatMap(({ steps }) => steps);
  return [options.user, options.database].includes(password) ||
    /^[a-z_]\w*$/.test(password) &&
      toJson(steps).includes(toJson(password));
}

function fail(error: unknown, report: Reporter, outcome: Outcome): number {
  const stopped = error instanceof ApplyError ? error : undefined;
  if (stopped) outcome.committed = stopped.progress.committed;
  const { committed } = outcome;
  // What goes wrong in the look at the end takes nothing back.
  const whole = !stopped && committed.length > 0 && allCommitted(committed);
  if (committed.length > 0) report.undo(outcome);
  const errors: Lines[] = error instanceof StepFaults
    ? error.faults.map((fault) => [fault])
    : [[
      ...explain(stopped?.cause ?? error),
      ...(stopped ? explainProgress(stopped) : []),
      ...given(whole),
    ]];
  outcome.errors = errors.map((lines) => report.error(...lines));
  return error instanceof Refusal ? EXIT.refused : EXIT.error;
}

async function dryRun(
  sections: Section[],
  options: Options,
  report: Reporter,
  outcome: Outcome,
) {
  const start = performance.now();
  const session = await Session.open(options.target);
  try {
    const reading = readDatabase(session, sections, options);
    // While the server reads; the embedded one starts only after its steps
    // were checked.
    if (options.target.embedded === undefined) {
      await Promise.race([session.asked, reading.catch(() => "told below")]);
      await pause(0);
      checkSteps(sections);
    }
    const plan = await makePlan(session, await reading, sections, options);
    outcome.plan = plan;
    report.header(plan, outcome);
    report.sections(plan, options.verbose);
    outcome.actions = nextActions(plan, options);
    const ms = performance.now() - start;
    report.summary(plan, ms, describeNext(outcome));
    if (options.target.embedded !== undefined && plan.changes.length > 0) {
      outcome.notes = [NO_ROWS];
      report.line(NO_ROWS);
    }
    const pending = plan.changes.length + plan.issues.length > 0 ||
      (options.strict && plan.unnamed.length > 0);
    return options.detailed && pending ? EXIT.pending : EXIT.ok;
  } finally {
    await session.end(options.target.embedded !== undefined);
  }
}

const NO_ROWS = "The embedded database lacks production's rows: only a dry " +
  "run on production shows its hazards, NULLs and duplicates";

async function apply(
  sections: Section[],
  options: Options,
  report: Reporter,
  outcome: Outcome,
) {
  const shown = asksFirst(options) &&
    await review(sections, options, report, outcome);
  const start = performance.now();
  const session = await Session.open(options.target);
  const others = options.target.embedded === undefined ? 2 : 0;
  const [lock, watcher] = await Promise.all(
    Array.from({ length: others }, () => Session.open(options.target)),
  );
  const progress = new Progress(), filled = new Map<string, number>();
  const run = { session, lock, watcher, options, report, progress, filled };
  const stopListening = stopOnSignals(run);
  try {
    await waitForTurn(run);
    const plan = await inspectBuilt(run, sections, options);
    outcome.plan = plan;
    if (!shown) report.header(plan, outcome);
    report.align(plan);
    report.verbose = options.verbose;
    // What a signal has cancelled looks like a check that took too long.
    checkOn(run);
    refuseAll(plan, sections, options, report, outcome);
    if (plan.changes.length > 0) {
      const told = plan.issues.filter(({ reason }) => reason !== "conflict");
      report.items(told);
      await applyChanges(run, plan);
      outcome.committed = plan.changes;
      const after = await inspect(session, sections, options);
      confirm(after, plan, report);
    }
    finish(plan, performance.now() - start, report);
    report.undo(outcome);
    return EXIT.ok;
  } finally {
    stopListening();
    await Promise.all([session, lock, watcher].map((open) => open?.end()));
  }
}

/** Whether a person is at the terminal who has not said what to apply. */
function asksFirst({ yes, expected }: Options): boolean {
  return !yes && !expected && Deno.stdin.isTerminal() &&
    Deno.stdout.isTerminal();
}

/** How much of a digest is enough to show that it was looked at. */
const ENOUGH = 4;

/** A terminal where nobody sits must not hold a deploy for ever. */
const ANSWER_WITHIN = 10 * 60_000;

/**
 * Shows the plan to whoever is at the terminal, and asks for its digest. No
 * lock is held meanwhile: the plan is made again behind it, and must be the
 * same.
 *
 * @returns whether it was shown; it is not where there is nothing to change
 * @throws Refusal where it may not be applied, or is not wanted
 */
async function review(
  sections: Section[],
  options: Options,
  report: Reporter,
  outcome: Outcome,
): Promise<boolean> {
  const session = await Session.open(options.target);
  const plan = await inspect(session, sections, options)
    .finally(() => session.end(options.target.embedded !== undefined));
  const { changes, issues, digest, server } = plan;
  if (changes.length === 0) return false;
  outcome.plan = plan;
  report.header(plan, outcome);
  report.align(plan);
  refuseAll(plan, sections, options, report, outcome);
  const shown = plan.sections.flatMap(({ items }) => items)
    .filter(({ mark }) => mark !== "in place");
  report.items([...new Set([...shown, ...issues])]);
  report.summary(plan, 0);
  const [answer, none] = await report.ask(
    `Apply it to ${server.database} on ${outcome.where}? Type the first ` +
      `${ENOUGH} characters of its digest:`,
    ANSWER_WITHIN,
  );
  if (answer.length < ENOUGH || !digest.startsWith(answer.toLowerCase())) {
    const why = none || "the digest does not begin with what was typed";
    throw new Refusal(`not applied: ${why}; nothing was written`, "");
  }
  options.expected = { digest, statements: changes.map(({ sql }) => sql) };
  return true;
}

/** @throws Refusal, or another error, before anything is written */
function refuseAll(
  plan: Plan,
  sections: Section[],
  options: Options,
  report: Reporter,
  outcome: Outcome,
) {
  outcome.actions = nextActions(plan, options, sections);
  refuseOther(plan, options, report);
  refuseUnreviewed(plan, sections, options);
  refusePlan(plan, options, report);
  outcome.actions = [];
}

/** The command that runs this again in another manner. */
function commandFor({ repeated }: Options, ...words: string[]): string {
  const cwd = Deno.cwd(), here = `file://${cwd}/`, file = Deno.mainModule;
  const script = file.startsWith(here)
    ? file.slice(here.length)
    : file.split("/").at(-1);
  // A task runs in the folder of its deno.json, wherever it was called.
  const from = environment("INIT_CWD") ?? cwd;
  const folder = cwd.startsWith(`${from}/`) ? cwd.slice(from.length + 1) : cwd;
  const there = from === cwd ? "" : `cd ${quoted(folder)} && `;
  return there + [`./${script}`, ...words].join(" ") + repeated;
}

/** @param more what a person has yet to allow */
function applyCommand(
  { digest }: Plan,
  options: Options,
  more: string[] = [],
): string {
  const allowed = more.map((hazard) => `--allow ${quoted(hazard)}`);
  return commandFor(options, "--apply", "--expect-plan", digest, ...allowed);
}

/** Whether the database has what was reviewed, if that must be. */
function lacksReview(plan: Plan, options: Options, sections: Section[]) {
  const { expected } = options;
  return expected
    ? expected.digest !== plan.digest
    : policyFor(plan, options, sections) !== undefined;
}

/** What is to be done about a plan, and by whom. */
function nextActions(
  plan: Plan,
  options: Options,
  sections: Section[] = [],
): NextAction[] {
  if (plan.changes.length + plan.issues.length === 0) return [];
  const fixes = blockingIssues(plan, options).map((
    { object, text, details },
  ): NextAction => {
    const [, fix] = details.find(([label]) => label === "fix") ?? [];
    const why = `${object} ${text}${fix ? `: ${fix}` : ""}`;
    return { action: "fix", command: null, why, who: "person" };
  });
  if (fixes.length > 0 || plan.changes.length === 0) return fixes;
  const look: NextAction = {
    action: "dry-run",
    command: commandFor(options, "--dry-run"),
    why: "what runs here must have been reviewed on this database",
    who: "anyone",
  };
  const decisions = describeDecisions(plan, options.allow);
  const hazards = hazardsOf(plan, options);
  return [
    ...(lacksReview(plan, options, sections) ? [look] : []),
    hazards.length > 0
      ? {
        action: "allow",
        command: applyCommand(plan, options, hazards),
        why: decisions.join("\n"),
        who: "person",
      }
      : {
        action: "apply",
        command: applyCommand(plan, options),
        why: `${statementsIn(plan.changes)} would change ` +
          plan.server.database,
        who: options.target.embedded === undefined ? "person" : "anyone",
      },
  ];
}

function finish(plan: Plan, ms: number, report: Reporter) {
  const { changes, issues } = plan;
  if (changes.length + issues.length === 0) return report.summary(plan, ms);
  const conflicts = issues.filter(({ reason }) => reason === "conflict");
  report.line();
  report.line(
    `Applied plan ${plan.digest}: ${statementsIn(changes)} in ` +
      `${seconds(ms)}; ` +
      (conflicts.length > 0
        ? `${count(conflicts.length, "conflict")} left unchanged.`
        : "nothing is left to change."),
    "green",
  );
}

/**
 * What was applied must be there, and a dry run would have nothing to say but
 * what it said before.
 *
 * @throws SyncError with what is left
 */
function confirm(after: Plan, before: Plan, report: Reporter) {
  const said = ({ object, text }: Item) => `${object} ${text}`;
  const told = before.issues.map(said);
  const left = after.issues.filter((issue) =>
    !["unchecked", "situation"].includes(issue.reason ?? "") &&
    !told.includes(said(issue))
  );
  report.items(left);
  const [change] = after.changes, [issue] = left;
  if (change) {
    const step = describeStep(change.section, change.step);
    throw new SyncError(
      `${statementsIn(after.changes)} would still run after ` +
        `this apply, the first for ${step}: ${tidy(change.sql)}`,
      "The check of that step does not see what its alter does: correct the step",
    );
  }
  if (!issue) return;
  throw new SyncError(
    `${lookAt(left)} after this apply, the first: ${said(issue)}`,
    "See it with --dry-run: an apply refuses until it is fixed",
  );
}

/** "1 thing needs a look", "2 things need a look". */
function lookAt({ length }: Item[], where = ""): string {
  const need = length === 1 ? "needs" : "need";
  return `${count(length, "thing")}${where} ${need} a look`;
}

/** What `--allow` takes, whatever the steps. */
const HAZARDS = ["rewrite", "blocking", "rename", "conflict"];

/** @throws UsageError where it allows what none of the steps could do */
function refuseHazards(sections: Section[], allow: string[]) {
  const steps = sections.flatMap(({ steps }) => steps);
  const own = steps.flatMap((step) =>
    step.hazard ?? VERBS[step.verb]?.hazard?.(step) ?? []
  );
  const known = [...new Set([...HAZARDS, ...own])];
  const unknown = allow.filter((hazard) => !known.includes(hazard))
    .map((hazard) => `"${hazard}"`);
  refuse(
    unknown.length > 0,
    `--allow takes a hazard of these steps, not ${unknown.join(", ")}`,
    `Use ${known.slice(0, 12).join(", ")}${known.length > 12 ? ", …" : ""}`,
  );
}

/**
 * Of what needs a look, that which stops an apply.
 *
 * @param allow the hazards that a person allows; `conflict` lets conflicts be
 */
export function blockingIssues(
  { issues }: Pick<Plan, "issues">,
  { allow }: Pick<Options, "allow"> = { allow: [] },
): Item[] {
  const told = ["unchecked", "situation"];
  if (allow.includes("conflict")) told.push("conflict");
  return issues.filter(({ reason = "" }) => !told.includes(reason));
}

/** The pattern of a policy that a plan's database is one of. */
function policyFor(
  { server }: Plan,
  { target: { embedded, options: { host, database } } }: Options,
  sections: Section[],
): string | undefined {
  const names = [server.database, ...given(database)];
  // An embedded one has no host but this machine.
  const hosts = embedded === undefined ? given(host) : [];
  const all = [
    ...names,
    ...hosts.flatMap((
      host,
    ) => [host, ...names.map((name) => `${host}/${name}`)]),
  ];
  return sections.flatMap(({ steps }) => steps)
    .flatMap(({ reviewed = [] }) => reviewed)
    .find((pattern) => all.some(matcher([pattern])));
}

/** @throws Refusal where a policy asks for a review, and none was given */
function refuseUnreviewed(plan: Plan, sections: Section[], options: Options) {
  const pattern = policyFor(plan, options, sections);
  if (!pattern || options.expected || plan.changes.length === 0) return;
  throw new Refusal(
    `${plan.server.database} on ${options.target.where} takes reviewed plans ` +
      `only (policy "${pattern}" of the steps); nothing was written`,
    `Let a person read what this prints: ${
      commandFor(options, "--dry-run")
    }\n` +
      "Then run the command at its end, which has --expect-plan",
  );
}

/** @throws Refusal where the plan is not the one that was reviewed */
function refuseOther(plan: Plan, options: Options, report: Reporter) {
  const { expected } = options, { changes, digest } = plan;
  if (!expected || digest === expected.digest || changes.length === 0) return;
  const again = `Review it with ${commandFor(options, "--dry-run")}`;
  if (digest.startsWith(expected.digest.slice(0, ABOUT_SQL))) {
    throw new Refusal(
      `plan ${expected.digest} has the same SQL, but was reviewed on another ` +
        `database, schema or server${expected.where ?? ""}: here it is ` +
        `${digest}; nothing was written`,
      `${again}, then apply with --expect-plan ${digest}`,
    );
  }
  report.line();
  const now = changes.map(({ sql }) => sql);
  const before = expected.statements;
  for (const sql of before ?? []) {
    if (!now.includes(sql)) report.line(`  - ${tidy(sql)};`, "red");
  }
  for (const sql of now) {
    if (!before) report.line(`  ${tidy(sql)};`);
    else if (!before.includes(sql)) report.line(`  + ${tidy(sql)};`, "green");
  }
  throw new Refusal(
    `the plan is ${digest} now, with the statements above, not ` +
      `${expected.digest}${expected.where ?? ""}; nothing was written`,
    `${again}, then apply with --expect-plan ${digest}`,
  );
}

function isRefused({ hazard }: Change, allow: string[]): boolean {
  return hazard !== undefined && !allow.includes(hazard);
}

/** The hazards of a plan that nobody has allowed. */
function hazardsOf({ changes }: Plan, { allow }: Options): string[] {
  const refused = changes.filter((change) => isRefused(change, allow));
  return [...new Set(refused.flatMap(({ hazard }) => hazard ?? []))];
}

/** @throws Refusal before anything is written */
function refusePlan(plan: Plan, options: Options, report: Reporter) {
  const { server, changes } = plan;
  const blocked = blockingIssues(plan, options);
  if (changes.length > 0 && (server.standby || server.readOnly)) {
    throw new SyncError(
      server.standby
        ? "the server is a read-only standby"
        : "the database is read-only (default_transaction_read_only)",
      hintFor("25006"),
    );
  }
  const hazardous = plan.sections.flatMap(({ items }) => items)
    .filter(({ changes }) =>
      changes.some((change) => isRefused(change, options.allow))
    );
  const shown = [...blocked, ...hazardous];
  if (shown.length === 0) return;
  report.items(shown);
  if (blocked.length > 0) {
    const message = `${lookAt(blocked, " above")}; nothing was written`;
    if (blocked.every(({ reason }) => reason === "privilege")) {
      throw new SyncError(message, "Grant what is missing");
    }
    const conflict = blocked.some(({ reason }) => reason === "conflict");
    throw new Refusal(
      message,
      conflict
        ? "Fix it, skip its step (--skip), or apply the rest (--allow conflict)"
        : "Fix it, or skip its step (--skip)",
    );
  }
  const hazards = hazardsOf(plan, options);
  throw new Refusal(
    `the plan has hazards that are not allowed: ${hazards.join(", ")}; ` +
      "nothing was written",
    [
      ...describeDecisions(plan, options.allow),
      "A person must decide this. Whoever allows it runs:",
      applyCommand(plan, options, hazards),
    ].join("\n"),
  );
}

/** Stops at the next safe place; a second signal stops at once. */
function stopOnSignals({ session, lock, watcher, report }: Run) {
  const stop = () => {
    if (report.stopping) Deno.exit(130);
    report.stopping = true;
    report.note("stopping: cancelling what runs now", "yellow");
    for (const open of [session, lock, watcher]) open?.stop();
  };
  return onSignals(stop);
}

/** @returns what ends it */
function onSignals(stop: () => void): () => void {
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  return () => {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  };
}

async function readArguments(args: string[], report: Reporter) {
  // Before anything else is loaded, so that it is instant.
  if (args.includes("--help") || args.includes("-h")) {
    report.line(HELP);
    return undefined;
  }
  const values = await parseArguments(args);
  const has = (name: string) => values[name] === true;
  const all = (name: string) => [values[name] ?? []].flat().map(String);
  const last = (name: string) => all(name).at(-1);
  const time = (name: string, otherwise: string) =>
    readTime(name, last(name) ?? otherwise);
  refuseMisplaced(values);
  if (has("version")) {
    const own = await readOwnCopy();
    const seal = own ? `, ${own.seal}` : "";
    report.line(`${VERSION} (Deno ${OLDEST_DENO} or newer)${seal}`);
    return undefined;
  }
  refuseOldDeno();
  const repository = last("init"), other = last("upgrade-engine");
  if (repository !== undefined || other !== undefined) {
    const said = other === undefined
      ? await initialize(repository!, last("models"))
      : await upgradeEngine(other, has("yes"), report);
    for (const line of said) report.line(line);
    return undefined;
  }
  const dry = has("dry-run"), apply = has("apply");
  refuse(
    dry === apply,
    dry ? "--dry-run and --apply exclude each other" : "no mode was given",
    "Use --dry-run to see what would change, or --apply to change it",
  );
  refuse(dry && has("yes"), "--yes goes with --apply", "Leave it out");
  const url = readUrl(has("embedded"), last("database-url"));
  const format = last("format");
  refuse(
    format && !FORMATS.some((known) => known === format),
    `there is no format "${format}"`,
    `Use ${FORMATS.join(", ")}`,
  );
  refuse(
    format === "sql" && apply,
    "--format sql is the script of a dry run",
    "Use --dry-run, or another format",
  );
  const schema = last("schema") ?? "public";
  return {
    apply,
    target: parseTarget(url, schema),
    schema,
    only: all("only"),
    skip: all("skip"),
    allow: all("allow"),
    expected: readExpected(last("expect-plan"), apply),
    yes: has("yes"),
    safeBelow: readRows("safe-below", last("safe-below") ?? SAFE_BELOW),
    single: has("single-transaction"),
    verbose: has("verbose"),
    detailed: has("detailed-exitcode"),
    strict: has("strict"),
    lockTimeout: time("lock-timeout", "500ms"),
    maxWait: time("max-wait", "5m"),
    probeTimeout: time("probe-timeout", "5s"),
    /** The options that shape the plan, as they were given. */
    repeated: repeatArguments(args),
  };
}

/** Puts all of this into a repository, which only a checkout can. */
async function initialize(directory: string, models: string | undefined) {
  const code = new URL("references/init.ts", import.meta.url);
  const there = await Deno.stat(code).catch(() => undefined);
  refuse(
    !there,
    "--init needs a checkout of the project, and this is a copy of the " +
      "script alone",
    "Run it there: deno run -A sync-production-schema.ts --init DIR",
  );
  const { init } = await import(code.href);
  return await init(
    directory,
    models,
    (...told: [string, string]) => new UsageError(...told),
  );
}

/** @throws UsageError where something is wrong */
function refuse(wrong: unknown, what: string, instead: string) {
  if (wrong) throw new UsageError(what, instead);
}

function readUrl(embedded: boolean, url: string | undefined): string {
  refuse(
    embedded && url,
    "--embedded and --database-url exclude each other",
    "Give one of them",
  );
  const found = embedded
    ? "pglite:.embedded-db"
    : url ?? environment("DATABASE_URL");
  if (found) return found;
  const name = "env", variable = "DATABASE_URL";
  const { state } = Deno.permissions.querySync({ name, variable });
  if (state !== "granted") {
    throw new Deno.errors.NotCapable("DATABASE_URL needs --allow-env");
  }
  throw new UsageError(
    "no database: DATABASE_URL is not set",
    "Set it or give --database-url postgres://…, or use --embedded, which " +
      "needs no server",
  );
}

/** @throws SyncError where the runtime lacks what this file uses */
export function refuseOldDeno(oldest = OLDEST_DENO) {
  const { deno } = Deno.version;
  const number = (version: string) =>
    version.split(".").reduce((sum, part) => sum * 1000 + parseInt(part), 0);
  if (number(deno) >= number(oldest)) return;
  throw new SyncError(
    `this needs Deno ${oldest} or newer, and runs on ${deno}`,
    "Upgrade it: deno upgrade, or how it was installed",
  );
}

/** Takes the options that the help lists: lists, where they have a value. */
async function parseArguments(args: string[]) {
  const { parseArgs } = await import("node:util");
  const lines = HELP.matchAll(/^ {2}(?:-\w, )?--([\w-]+)( [A-Z]+)?/gm);
  const options = Object.fromEntries([...lines].map(([, name = "", value]) => {
    const type = value ? "string" as const : "boolean" as const;
    return [name, { type, multiple: type === "string" }];
  }));
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw argumentError(error);
  }
}

/** What stands where no option is may hold a password: it is not repeated. */
function argumentError(error: unknown): UsageError {
  const [message = ""] = messageOf(error).split(/\.\s/);
  if (/^Unexpected/.test(message)) {
    return new UsageError(
      "an argument stands alone, without an option before it",
      "A database URL goes with --database-url; --help lists the options",
    );
  }
  const [, option] = /^Unknown option '(-{1,2}[a-z][a-z-]*)'$/.exec(message) ??
    [];
  const known = message.charAt(0).toLowerCase() + message.slice(1);
  const what = option
    ? `unknown option '${option}'`
    : /^Unknown/.test(message)
    ? "there is an option that is not known"
    : known;
  return new UsageError(what, "--help lists the options");
}

/** Where a connection string was taken for the value of another option. */
function refuseMisplaced(values: Record<string, unknown>) {
  const secret = /:\/\/.*[@?]|[^\s:]:[^\s]+@|\b(password|passwd|pwd)\s*=/i;
  for (const [name, given] of Object.entries(values)) {
    if (name === "database-url") continue;
    if (![given].flat().some((value) => secret.test(String(value)))) continue;
    throw new UsageError(
      `--${name} was given what looks like a database URL`,
      "Put --database-url before it",
    );
  }
}

/** The first is the usual one. */
const FORMATS = ["text", ...Object.keys(DOCUMENTS)] as Format[];

/** Before all else, so that a wrong option is told in the right format. */
function readFormat(args: string[]): Format {
  const at = args.findIndex((arg) => /^--format(=|$)/.test(arg));
  const given = args[at]?.split("=")[1] ?? args[at + 1];
  return at < 0 ? "text" : FORMATS.find((format) => format === given) ?? "text";
}

/** What was reviewed: a digest, and the rest where it is known. */
interface Expected {
  digest: string;
  statements?: string[];
  where?: string;
}

/** @param given a plan's digest, or the file of a dry run in JSON */
function readExpected(
  given: string | undefined,
  apply: boolean,
): Expected | undefined {
  if (given === undefined) return undefined;
  refuse(!apply, "--expect-plan goes with --apply", "Leave it out");
  if (/^[0-9a-f]{12}$/.test(given)) return { digest: given };
  try {
    const { plan, database } = JSON.parse(
      Deno.readTextFileSync(given),
    ) as Document;
    const statements = plan!.changes.map(({ sql }) => sql);
    const { name, where, schema } = database!;
    const told = ` (${name} on ${where}, schema ${schema})`;
    return { digest: plan!.digest, statements, where: told };
  } catch {
    throw new UsageError(
      `--expect-plan takes a plan's digest or its JSON file, not "${given}"`,
      "Take the digest from a dry run, or keep one with --format json",
    );
  }
}

/** How many rows a small table has fewer of, where nobody says. */
const SAFE_BELOW = "1000";

/** A number of rows. */
function readRows(name: string, text: string): number {
  refuse(
    !/^\d{1,6}$/.test(text),
    `--${name} takes a number of rows below a million, not "${text}"`,
    "Write 1000, or 0 for none",
  );
  return Number(text);
}

/** Milliseconds, of 500, 500ms, 2s or 5m. */
function readTime(name: string, text: string): number {
  const [, number, unit = "ms"] = /^(\d+)(ms|s|m)?$/.exec(text) ?? [];
  refuse(
    number === undefined,
    `--${name} takes a time, not "${text}"`,
    "Write milliseconds, or 500ms, 2s or 5m",
  );
  return Number(number) * ({ s: 1000, m: 60_000 }[unit] ?? 1);
}

/** The options to give again with another mode; never the URL. */
function repeatArguments(args: string[]): string {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    const [, own, value] = /^--([\w-]+)(=.*)?$/.exec(arg) ?? [];
    if (/^(database-url|format|expect-plan)$/.test(own ?? "")) {
      if (value === undefined) i++;
    } else if (
      !/^(dry-run|apply|yes|verbose|detailed-exitcode)$/.test(own ?? "")
    ) {
      kept.push(quoted(arg));
    }
  }
  return kept.map((arg) => ` ${arg}`).join("");
}

/** As a shell reads it. */
function quoted(arg: string): string {
  if (/^[\w:.,=/-]+$/.test(arg)) return arg;
  if (/^[\w:.,=/ -]+$/.test(arg)) return `"${arg}"`;
  return `'${arg.replaceAll("'", "'\\''")}'`;
}

/** A script in its parts, with "\n" alone at the ends of lines. */
interface Copy {
  head: string;
  steps: string;
  banner: string;
  engine: string;
  version: string;
  /** Whether the engine is what the banner's hash was made of. */
  seal: "as released" | "edited";
  hash: string;
  crlf: boolean;
}

/** @returns undefined where it is no copy of this script, or cannot be read */
async function readCopy(file: URL | string): Promise<Copy | undefined> {
  const written = await Deno.readTextFile(file).catch(() => "");
  const text = written.replaceAll("\r\n", "\n");
  const [whole, head = "", steps = "", banner = "", engine = ""] =
    /^([^]*?)(^\/\/ ═══ Steps ═[^]*)(^\/\/ ─── End of the steps.*\n(?:\/\/ engine .*\n)?)([^]*)/m
      .exec(text) ?? [];
  if (whole === undefined) return undefined;
  const hash = await sha256(engine);
  return {
    head,
    steps,
    banner,
    engine,
    version: /^export const VERSION = "(.*)";/m.exec(head)?.[1] ?? "unknown",
    seal: banner.endsWith(` sha256 ${hash}\n`) ? "as released" : "edited",
    hash,
    crlf: written !== text,
  };
}

/** Nothing of a binary, which holds no source, or of what is on the web. */
async function readOwnCopy(): Promise<Copy | undefined> {
  const here = !Deno.build.standalone && import.meta.url.startsWith("file:");
  return here ? await readCopy(new URL(import.meta.url)) : undefined;
}

/**
 * Puts the engine of another copy under the steps of this one. It is shown
 * first; without leave to write it, that is all.
 *
 * @returns what to print last
 */
async function upgradeEngine(file: string, yes: boolean, report: Reporter) {
  const mine = await readOwnCopy(), theirs = await readCopy(file);
  if (!mine || !theirs) {
    throw new UsageError(
      `${mine ? file : "this"} is not a script with steps between two banners`,
      "Take the engine from sync-production-schema.ts of a newer checkout",
    );
  }
  const own = ownImports(mine, theirs);
  const text = theirs.head + own.map((line) => `${line}\n\n`).join("") +
    mine.steps + theirs.banner + theirs.engine;
  if (text === mine.head + mine.steps + mine.banner + mine.engine) {
    return [`Nothing to change: the engine is that of ${file}`];
  }
  showUpgrade(mine, theirs, own, report);
  const path = await Deno.realPath(new URL(import.meta.url));
  const { state } = await Deno.permissions.query({ name: "write", path });
  const agreed = () =>
    yes || (Deno.stdin.isTerminal() && globalThis.confirm("Write it?"));
  if (state !== "granted" || !agreed()) {
    return [
      "Nothing was written. To write it:",
      `  deno run -A --node-modules-dir=none ${path} --upgrade-engine ${file} --yes`,
    ];
  }
  const kept = await replaceScript(path, mine.crlf, text);
  return [
    `Wrote it; the old file is now ${kept}`,
    "Next: take verify-sync-script.ts from there, too, run it, and check " +
    "that --dry-run shows what it showed before",
  ];
}

/** The imports above the steps that the other copy lacks: a person's own. */
function ownImports(mine: Copy, theirs: Copy): string[] {
  const all = ({ head }: Copy) => head.match(/^import\b[^;]*;$/gm) ?? [];
  const known = (text: string) => text.replace(/(?<=\w)@[^"/]*(?=["/])/, "");
  const theirOwn = all(theirs).map(known);
  return all(mine).filter((text) => !theirOwn.includes(known(text)));
}

/** What would come, and what of this copy would be lost. */
function showUpgrade(
  mine: Copy,
  theirs: Copy,
  own: string[],
  report: Reporter,
) {
  const describe = (where: string, { version, seal, hash, engine }: Copy) =>
    report.line(
      `Engine ${where} ${version}, ${seal}, sha256 ${hash.slice(0, 12)}, ` +
        count(engine.split("\n").length, "line"),
    );
  describe("here: ", mine);
  describe("there:", theirs);
  const gone = lacking(mine.engine, theirs.engine);
  const come = lacking(theirs.engine, mine.engine);
  report.line(
    `${count(gone.length, "line")} would be removed, ${come.length} added; ` +
      `the steps stay${own.map((text) => `, and ${tidy(text)}`).join("")}`,
  );
  if (theirs.seal === "edited") {
    report.line(
      "⚠ The engine there was edited: it is not the one that was tested",
      "yellow",
    );
  }
  const above = lacking(mine.head, [theirs.head, ...own].join("\n"))
    .filter((line) => !line.startsWith("export const VERSION"));
  const edited = mine.seal === "edited";
  const lost = [...above, ...edited ? gone : []];
  if (lost.length === 0) return;
  report.line(
    edited
      ? "⚠ The engine here was edited. These edits would be lost:"
      : "Above the steps, these lines would be removed:",
    "yellow",
  );
  for (const line of lost.slice(0, 20)) report.line(`  - ${line}`, "red");
  if (lost.length > 20) report.line(`  … and ${lost.length - 20} more`);
}

/** The lines that another text lacks, each as often as it lacks them. */
function lacking(text: string, other: string): string[] {
  const left = new Map<string, number>();
  for (const line of other.split("\n")) {
    left.set(line, (left.get(line) ?? 0) + 1);
  }
  return text.split("\n").filter((line) => {
    const n = left.get(line) ?? 0;
    left.set(line, n - 1);
    return n <= 0 && line !== "";
  });
}

/**
 * Writes this very file anew, once what is to be in it loads.
 *
 * @returns the name under which the old one is kept
 */
async function replaceScript(path: string, crlf: boolean, text: string) {
  const trial = path.replace(/(\.\w+)?$/, ".upgrade$1");
  await Deno.copyFile(path, trial);
  await Deno.writeTextFile(trial, crlf ? text.replaceAll("\n", "\r\n") : text);
  try {
    const { checkSteps, sections } = await import(`file://${trial}`);
    checkSteps(sections);
  } catch (error) {
    await Deno.remove(trial);
    throw new SyncError(
      "the steps do not load with that engine, and nothing was written: " +
        messageOf(error).split("\n")[0],
      "Fix the steps for it first",
    );
  }
  let kept = `${path}.bak`;
  for (let n = 2; await Deno.lstat(kept).catch(() => undefined); n++) {
    kept = `${path}.bak${n}`;
  }
  await Deno.copyFile(path, kept);
  await Deno.rename(trial, path);
  return kept;
}

if (import.meta.main) {
  Deno.exitCode = await main(sections, Deno.args);
  // Whatever is still open ends with it. Where nothing was connected it ends by
  // itself, and Deno keeps what it has compiled for the next run.
  if (!/^(-h|--help|--version)$/.test(Deno.args[0] ?? "")) Deno.exit();
}
