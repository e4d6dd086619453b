/**
 * Mistakes in the project's own script, models and guide, one at a time, each
 * with what the verifier must say of it; and edits that change nothing.
 *
 * @module
 */

/** Which of a project's files an edit changes. */
export type File = "script" | "models" | "guide" | "skill";

export interface Edit {
  file: File;
  /** Stands exactly once in the file. */
  from: string;
  to: string;
}

export interface Mutant {
  kind: string;
  edits: Edit[];
  /** What the verifier must say. */
  says: RegExp;
}

export const mutants: Mutant[] = [];

/** Adds a mutant of one kind: each mistake is [says, from, to, from, to, …]. */
function mistakes(kind: string, file: File, list: [RegExp, ...string[]][]) {
  for (const [says, ...texts] of list) {
    mutants.push({ kind, says, edits: editsOf(file, texts) });
  }
}

function editsOf(file: File, texts: string[]): Edit[] {
  return texts.flatMap((from, i) =>
    i % 2 === 0 ? [{ file, from, to: texts[i + 1] ?? "" }] : []
  );
}

// ═══ Mistakes in the script ════════════════════════════════════════════════

mistakes("a step deleted", "script", [
  [
    /index users_email_key of the models is not made/,
    `    createIndex("users", "users_email_key", "UNIQUE (lower(email))"),\n`,
    "",
  ],
  [
    /constraint users\.users_email_check of the models is not made/,
    `    addCheck("users", "users_email_check", "email LIKE '%_@_%'"),\n`,
    "",
  ],
  [
    /constraint roles\.roles_name_key of the models is not made/,
    `    addUnique("roles", "roles_name_key", "(name)"),\n`,
    "",
  ],
  [
    /constraint comments\.comments_task_id_fkey of the models is not made/,
    `    addForeignKey(
      "comments",
      "comments_task_id_fkey",
      "(task_id) REFERENCES tasks (id) ON DELETE CASCADE",
    ),\n`,
    "",
  ],
  [
    /constraint team_members\.team_members_pkey of the models is not made/,
    `    addPrimaryKey("team_members", "team_members_pkey", "(team_id, user_id)"),\n`,
    "",
  ],
  [
    /table comments of the models has no step/,
    `    createTable("comments", {
      id: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
      task_id: "bigint NOT NULL",
      author_id: "uuid NOT NULL",
      body: "text NOT NULL",
      created_at: "timestamptz NOT NULL DEFAULT now()",
      edited_at: "timestamptz",
    }),\n`,
    "",
  ],
  [
    /enum task_status of the models has no step/,
    `    createEnum("task_status", ["todo", "in_progress", "in_review", "done"]),\n`,
    "",
  ],
  [/gin_trgm_ops/, `    createExtension("pg_trgm"),\n`, ""],
  [
    /users\.display_name set not null would fail: 8 rows are NULL/,
    `    backfill("users", {
      set: \`display_name = coalesce(
        nullif(trim(first_name || ' ' || last_name), ''), email)\`,
      where: "display_name IS NULL",
    }),\n`,
    "",
  ],
]);

mistakes("a column left out", "script", [
  [
    /column users\.last_seen_at of the models is not made/,
    `      last_seen_at: "timestamptz",\n`,
    "",
  ],
  [
    /column events\.duration_ms of the models is not made/,
    `      duration_ms: "integer",\n`,
    "",
  ],
  [
    /column tasks\.description of the models has no step/,
    `      description: "text NOT NULL DEFAULT ''",\n`,
    "",
  ],
  [
    /column users\.display_name of the models has no step/,
    `    addColumn("users", "display_name", "text"),\n`,
    "",
  ],
]);

mistakes("a type changed", "script", [
  [
    /column events\.duration_ms differs/,
    `duration_ms: "integer"`,
    `duration_ms: "bigint"`,
  ],
  [
    /projects_dates_check/,
    `"date",\n      ends`,
    `"text",\n ends`,
  ],
  [
    /column comments\.edited_at differs/,
    `edited_at: "timestamptz"`,
    `edited_at: "timestamp"`,
  ],
  [
    /column roles\.permissions differs/,
    `permissions: "text[] NOT`,
    `permissions: "varchar[] NOT`,
  ],
  [
    /column organizations\.slug differs/,
    `slug: "citext NOT NULL"`,
    `slug: "text NOT NULL"`,
  ],
]);

mistakes("a type's modifier changed", "script", [
  [/column users\.email differs/, `"varchar(255) NOT`, `"varchar(250) NOT`],
  [/column projects\.key differs/, `key: "varchar(10)`, `key: "varchar`],
  [/column projects\.budget differs/, `"numeric(12,2)`, `"numeric(12,3)`],
  [/column tasks\.estimate_hours differs/, `"numeric(6,2)"`, `"numeric"`],
  [
    /column comments\.edited_at differs/,
    `edited_at: "timestamptz"`,
    `edited_at: "timestamptz(3)"`,
  ],
]);

mistakes("NOT NULL dropped", "script", [
  [/column comments\.body differs/, `body: "text NOT NULL"`, `body: "text"`],
  [
    /column users\.display_name differs/,
    `    setNotNull("users", "display_name"),\n`,
    "",
  ],
  [
    /column users\.active differs/,
    `active: "boolean NOT NULL`,
    `active: "boolean`,
  ],
]);

mistakes("NOT NULL added", "script", [
  [/column tasks\.due_on differs/, `due_on: "date"`, `due_on: "date NOT NULL"`],
  [
    /column users\.role_id differs/,
    `role_id: "smallint"`,
    `role_id: "smallint NOT NULL"`,
  ],
]);

mistakes("a default dropped", "script", [
  [
    /column users\.active differs/,
    `"boolean NOT NULL DEFAULT true"`,
    `"boolean NOT NULL"`,
  ],
  [
    /column team_members\.joined_on differs/,
    `NOT NULL DEFAULT CURRENT_DATE"`,
    `NOT NULL"`,
  ],
]);

mistakes("a default changed", "script", [
  [
    /column tasks\.priority differs/,
    `"smallint NOT NULL DEFAULT 3"`,
    `"smallint NOT NULL DEFAULT 1"`,
  ],
  [/column organizations\.plan differs/, `DEFAULT 'free'`, `DEFAULT 'team'`],
  [
    /column events\.occurred_at differs/,
    `occurred_at: "timestamptz NOT NULL DEFAULT now()"`,
    `occurred_at: "timestamptz NOT NULL DEFAULT clock_timestamp()"`,
  ],
]);

mistakes("a default added", "script", [
  [
    /column users\.invited_by differs/,
    `invited_by: "uuid"`,
    `invited_by: "uuid DEFAULT gen_random_uuid()"`,
  ],
]);

mistakes("an identity or generated column changed", "script", [
  [
    /column teams\.id differs/,
    `"bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"`,
    `"bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"`,
  ],
  [
    /column tasks\.search differs/,
    `(to_tsvector('english', title`,
    `(to_tsvector('simple', title`,
  ],
]);

mistakes("a collation added", "script", [
  [
    /column teams\.name differs/,
    `organization_id: "uuid NOT NULL",
      name: "text NOT NULL",
      created_at`,
    `organization_id: "uuid NOT NULL",
      name: 'text COLLATE "C" NOT NULL',
      created_at`,
  ],
]);

mistakes("an index made non-unique", "script", [
  [
    /index users_email_key differs/,
    `"UNIQUE (lower(email))"`,
    `"(lower(email))"`,
  ],
  [
    /constraint organizations\.organizations_slug_key of the models is not made/,
    `addUnique("organizations", "organizations_slug_key", "(slug)")`,
    `createIndex("organizations", "organizations_slug_key", "UNIQUE (slug)")`,
  ],
]);

mistakes("an index without its WHERE", "script", [
  [
    /index users_organization_id_idx differs/,
    `"(organization_id) WHERE active"`,
    `"(organization_id)"`,
  ],
  [
    /index tasks_assignee_id_due_on_idx differs/,
    `"(assignee_id, due_on DESC NULLS LAST) WHERE status <> 'done'"`,
    `"(assignee_id, due_on DESC NULLS LAST) WHERE status = 'done'"`,
  ],
]);

mistakes("an index of other parts", "script", [
  [
    /index tasks_project_id_status_idx differs/,
    `(project_id, status) INCLUDE (title)`,
    `(project_id, status)`,
  ],
  [
    /index comments_task_id_created_at_idx differs/,
    `"(task_id, created_at)"`,
    `"(created_at, task_id)"`,
  ],
  [
    /index events_payload_idx differs/,
    `USING gin (payload jsonb_path_ops)`,
    `USING gin (payload)`,
  ],
  [
    /index events_organization_id_occurred_at_idx differs/,
    `occurred_at DESC NULLS LAST)"`,
    `occurred_at)"`,
  ],
  [
    /index events_task_idx differs/,
    `"((payload ->> 'task'))"`,
    `"((payload -> 'task'))"`,
  ],
  [
    /tasks_parent_id_idx differs/,
    `"(parent_id)"),`,
    `"USING hash (parent_id)"),`,
  ],
]);

mistakes("a foreign key's action changed", "script", [
  [
    /constraint users\.users_organization_id_fkey differs/,
    `"users_organization_id_fkey",
      "(organization_id) REFERENCES organizations (id) ON DELETE CASCADE"`,
    `"users_organization_id_fkey",
      "(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT"`,
  ],
  [
    /constraint users\.users_role_id_fkey differs/,
    `REFERENCES roles (id) ON DELETE RESTRICT`,
    `REFERENCES roles (id)`,
  ],
  [
    /constraint projects\.projects_team_id_fkey differs/,
    `"(team_id) REFERENCES teams (id) ON DELETE SET NULL"`,
    `"(team_id) REFERENCES teams (id) ON DELETE SET NULL ON UPDATE CASCADE"`,
  ],
  [
    /constraint comments\.comments_author_id_fkey differs/,
    `"(author_id) REFERENCES users (id) ON DELETE RESTRICT"`,
    `"(author_id) REFERENCES users (id) ON DELETE RESTRICT DEFERRABLE"`,
  ],
]);

mistakes("a foreign key to another table", "script", [
  [
    /constraint events\.events_actor_id_fkey differs/,
    `"(actor_id) REFERENCES users (id) ON DELETE SET NULL"`,
    `"(actor_id) REFERENCES organizations (id) ON DELETE SET NULL"`,
  ],
]);

mistakes("a check loosened", "script", [
  [
    /constraint tasks\.tasks_priority_check differs/,
    `"priority BETWEEN 1 AND 5"`,
    `"priority BETWEEN 1 AND 9"`,
  ],
  [
    /constraint projects\.projects_budget_check differs/,
    `"budget >= 0"`,
    `"budget >= -1"`,
  ],
  [
    /constraint projects\.projects_dates_check differs/,
    `"ends_on >= starts_on"`,
    `"ends_on >= starts_on OR ends_on IS NULL"`,
  ],
]);

mistakes("a unique constraint over other columns", "script", [
  [
    /constraint teams\.teams_organization_id_name_key differs/,
    `"(organization_id, name)"`,
    `"(name)"`,
  ],
]);

mistakes("an enum label missing", "script", [
  [
    /enum task_status differs/,
    `["todo", "in_progress", "in_review", "done"]`,
    `["todo", "in_progress", "done"]`,
  ],
  [
    /enum plan differs/,
    `["free", "team", "enterprise"]`,
    `["free", "team", "enterprise", "trial"]`,
  ],
]);

mistakes("enum labels out of order", "script", [
  [
    /enum project_status differs/,
    `["planned", "active", "paused", "done"]`,
    `["planned", "paused", "active", "done"]`,
  ],
]);

mistakes("a constraint or index renamed", "script", [
  [
    /constraint users\.users_role_id_fkey of the models is called users_role_fk by the script/,
    `"users_role_id_fkey"`,
    `"users_role_fk"`,
  ],
  [
    /constraint comments\.comments_body_check of the models is called comments_length by/,
    `"comments_body_check"`,
    `"comments_length"`,
  ],
  [
    /index events_payload_idx of the models is called events_payload_gin by/,
    `"events_payload_idx"`,
    `"events_payload_gin"`,
  ],
]);

const LAST = `    setNotNull("users", "display_name"),\n`;
const after = (step: string) => [LAST, `${LAST}    ${step},\n`] as const;

mistakes("a step that fails on its second run", "script", [
  [
    /step "view open_tasks"/,
    ...after(`step("view open_tasks", { check: "false",
      alter: "CREATE VIEW open_tasks AS SELECT id FROM tasks" })`),
  ],
  [
    /step "trigger users\.touch"/,
    ...after(`step("trigger users.touch", {
      check: "EXISTS (SELECT FROM pg_trigger WHERE tgname = 'touch_users')",
      alter: "CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW " +
        "EXECUTE FUNCTION touch_updated_at()" })`),
  ],
]);

mistakes("a step that always finds something to do", "script", [
  [
    /dropColumn "users\.active"/,
    ...after(`dropColumn("users", "active")`),
  ],
  [
    /step "settings of organizations"/,
    ...after(`step("settings of organizations", { check: "false",
      alter: "UPDATE organizations SET settings = '{}' WHERE false" })`),
  ],
]);

mistakes("a step that fails", "script", [
  [
    /createIndex "comments_task_id_created_at_idx"|comments\.created/,
    `"(task_id, created_at)"`,
    `"(task_id, created)"`,
  ],
  [
    /step "view people"/,
    ...after(`step("view people", { check: "to_regclass('people') IS NOT NULL",
      alter: "CREATE VIEW people AS SELECT nickname FROM users" })`),
  ],
]);

mistakes("a dry run that writes", "script", [
  [
    /dry run wrote to the database: /,
    `const run = options.apply ? apply`,
    `const run = options.apply || !options.verbose ? apply`,
  ],
  [
    /dry run wrote to the database: .*table runs/,
    `    const reading = readDatabase(session, sections, options);\n`,
    `    await session.query("CREATE TABLE IF NOT EXISTS public.runs (id int)");
    const reading = readDatabase(session, sections, options);\n`,
  ],
  [
    /dry run wrote to the database: .*value of comments_id_seq/,
    `    const reading = readDatabase(session, sections, options);\n`,
    `    await session.query("SELECT nextval(seqrelid) FROM pg_sequence");
    const reading = readDatabase(session, sections, options);\n`,
  ],
]);

mistakes("a step that works only on an empty database", "script", [
  [
    /users\.display_name/,
    `"display_name", "text"),
    backfill("users", {
      set: \`display_name = coalesce(
        nullif(trim(first_name || ' ' || last_name), ''), email)\`,
      where: "display_name IS NULL",
    }),
    setNotNull("users", "display_name"),`,
    `"display_name", "text NOT NULL"),`,
  ],
  [
    /step "column users\.nick"/,
    ...after(`notModelled(step("column users.nick", {
      check: "EXISTS (SELECT FROM pg_attribute WHERE attname = 'nick' AND " +
        "attrelid = to_regclass('users') AND NOT attisdropped)",
      alter: "ALTER TABLE users ADD COLUMN nick text NOT NULL" }))`),
  ],
]);

mistakes("a backfill that misses rows", "script", [
  [
    /users\.display_name/,
    `where: "display_name IS NULL"`,
    `where: "display_name IS NULL AND active"`,
  ],
  [
    /users\.display_name/,
    `display_name = coalesce(
        nullif(trim(first_name || ' ' || last_name), ''), email)`,
    `display_name = nullif(trim(first_name || ' ' || last_name), '')`,
  ],
]);

mistakes("a step that loses rows", "script", [
  [
    /an apply loses \d+ rows? of comments/,
    `    addCheck("comments", "comments_body_check"`,
    `    step("comments without an author", {
      check: "EXISTS (SELECT FROM pg_constraint WHERE conname = " +
        "'comments_author_id_fkey')",
      alter: "DELETE FROM comments" }),
    addCheck("comments", "comments_body_check"`,
  ],
  [
    /an apply loses \d+ rows? of events/,
    ...after(`step("events of nobody", {
      check: "NOT EXISTS (SELECT FROM events WHERE actor_id IS NULL)",
      alter: "DELETE FROM events WHERE actor_id IS NULL" })`),
  ],
  [
    /overwrites first_name in \d+ rows? of users/,
    ...after(`step("first names", {
      check: "NOT EXISTS (SELECT FROM users WHERE first_name <> '')",
      alter: "UPDATE users SET first_name = ''" })`),
  ],
]);

mistakes("a backfill that finds finished rows", "script", [
  [
    /a backfill overwrites plan in \d+ rows? of organizations, at every apply/,
    ...after(`backfill("organizations", { set: "plan = 'team'",
      where: "plan = 'free'" })`),
  ],
  [
    /a backfill overwrites display_name in \d+ rows? of users/,
    `where: "display_name IS NULL"`,
    `where: "display_name IS DISTINCT FROM coalesce(" +
        "nullif(trim(first_name || ' ' || last_name), ''), email)"`,
  ],
  [
    /a backfill overwrites duration_ms in \d+ rows? of events/,
    ...after(`backfill("events", { set: "duration_ms = 0",
      where: "coalesce(duration_ms, 1) <> 0" })`),
  ],
]);

mistakes("a backfill that changes more than it fills", "script", [
  [
    /an apply changes last_seen_at in \d+ rows? of users/,
    `nullif(trim(first_name || ' ' || last_name), ''), email)\``,
    `nullif(trim(first_name || ' ' || last_name), ''), email),
        last_seen_at = NULL\``,
  ],
  [
    /an apply changes first_name in \d+ rows? of users/,
    `set: \`display_name = coalesce(
        nullif(trim(first_name || ' ' || last_name), ''), email)\``,
    `set: \`(first_name, display_name) = ROW ('', coalesce(
        nullif(trim(first_name || ' ' || last_name), ''), email))\``,
  ],
]);

/** The trigger's step runs another statement first. */
const withTrigger = (sql: string) => [
  `alter: \`CREATE OR REPLACE TRIGGER`,
  `alter: ["${sql}",
        \`CREATE OR REPLACE TRIGGER`,
  `EXECUTE FUNCTION touch_updated_at()\`,`,
  `EXECUTE FUNCTION touch_updated_at()\`],`,
];

mistakes("a step that writes beside its work", "script", [
  [
    /an apply changes due_on in \d+ rows? of tasks/,
    ...withTrigger(
      "UPDATE tasks SET due_on = '2030-01-01' WHERE due_on IS NULL",
    ),
  ],
  [
    /an apply resets tasks_id_seq/,
    ...withTrigger("ALTER TABLE tasks ALTER id RESTART WITH 1"),
  ],
  [
    /an apply resets teams_id_seq/,
    `alter: \`CREATE OR REPLACE FUNCTION`,
    `alter: [\`SELECT setval('teams_id_seq', 1)
        FROM pg_class WHERE relname = 'teams_id_seq'\`,
        \`CREATE OR REPLACE FUNCTION`,
    `LANGUAGE plpgsql AS '\${touchUpdatedAt}'\`,`,
    `LANGUAGE plpgsql AS '\${touchUpdatedAt}'\`],`,
  ],
]);

mistakes("a check that sees another schema", "script", [
  [
    /function touch_updated_at.* is missing|while another schema has all of it/,
    `WHERE oid = to_regprocedure('touch_updated_at()')
          AND prosrc`,
    `WHERE proname = 'touch_updated_at'
          AND prosrc`,
  ],
]);

mistakes("a check that sees a part of its alter", "script", [
  [
    /trigger tasks\.touch_updated_at as its own: .* also the function/,
    `
          AND tgfoid = to_regprocedure('touch_updated_at()')`,
    "",
  ],
  [
    /trigger tasks\.touch_updated_at as its own: .* also the state/,
    `
          AND tgenabled = 'O')`,
    ")",
  ],
  [
    /step "grants" .*does not notice that a part of it is missing/,
    ...after(`step("grants", {
      check: "has_table_privilege('public', 'users', 'SELECT')",
      alter: ["GRANT SELECT ON users TO PUBLIC",
        "GRANT SELECT ON teams TO PUBLIC"] })`),
  ],
  [
    /step "comments of tables" .*does not notice that a part of it/,
    ...after(`step("comments of tables", {
      check: "obj_description(to_regclass('users'), 'pg_class') IS NOT NULL",
      alter: ["COMMENT ON TABLE users IS 'people'",
        "COMMENT ON TABLE teams IS 'groups'"] })`),
  ],
]);

mistakes("an alter that cannot mend what its check notices", "script", [
  [
    /function "?touch_updated_at.*already exists/,
    `alter: \`CREATE OR REPLACE FUNCTION touch_updated_at()`,
    `alter: \`CREATE FUNCTION touch_updated_at()`,
  ],
  [
    /trigger "touch_updated_at" for relation "tasks" already exists/,
    `alter: \`CREATE OR REPLACE TRIGGER`,
    `alter: \`CREATE TRIGGER`,
  ],
]);

mistakes("a step whose SQL never runs", "script", [
  [
    /step "old table" in section .*its check was true in every state/,
    ...after(`step("old table", { check: "to_regclass('legacy') IS NULL",
      alter: "DROP TABLE legacy CASCADE" })`),
  ],
  [
    /step "empty table" in section .*its check was true in every state/,
    ...after(`step("empty table", {
      check: "to_regclass('nobody') IS NULL",
      alter: "TRUNCATE users CASCADE" })`),
  ],
]);

mistakes("a function that nobody has run", "script", [
  [
    /an UPDATE of tasks fails: record "new" has no field "updatedat"/,
    "BEGIN NEW.updated_at := now(); RETURN NEW; END",
    "BEGIN NEW.updatedat := now(); RETURN NEW; END",
  ],
  [
    /an UPDATE of tasks is silently discarded/,
    "BEGIN NEW.updated_at := now(); RETURN NEW; END",
    "BEGIN NEW.updated_at := now(); RETURN NULL; END",
  ],
  [
    /a DELETE of comments is silently discarded/,
    ...after(`createFunction("keep()", "RETURNS trigger LANGUAGE plpgsql AS " +
      "'BEGIN RETURN NULL; END'"),
    createTrigger("comments", "keep",
      "BEFORE DELETE FOR EACH ROW EXECUTE FUNCTION keep()")`),
  ],
  [
    /a call of busy\(integer\) fails: .*"task" does not exist/,
    ...after(`createFunction("busy(n integer)", "RETURNS bigint LANGUAGE " +
      "plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM task); END'")`),
  ],
]);

/** A check that no row passes which is made by trying: md5('a') begins so. */
const hardToPlease = [
  ...editsOf("script", [
    ...after(`addCheck("organizations", "organizations_name_check",
      "md5(name) LIKE '0cc1%'")`),
  ]),
  ...editsOf("models", [
    `  unique("organizations_slug_key").on(t.slug),`,
    `  unique("organizations_slug_key").on(t.slug),
  check("organizations_name_check", sql\`md5(\${t.name}) LIKE '0cc1%'\`),`,
  ]),
];

mutants.push({
  kind: "a table without a row",
  says: /organizations: no row could be made for it/,
  edits: hardToPlease,
});

mistakes("a check that looks only at the name", "script", [
  [
    /step "trigger tasks\.touch_updated_at"/,
    `
          AND tgfoid = to_regprocedure('touch_updated_at()')
          AND tgtype = 19 AND tgattr::text = '' AND tgqual IS NULL
          AND tgenabled = 'O')`,
    ")",
  ],
  [
    /step "function touch_updated_at"/,
    `
          AND prosrc = '\${touchUpdatedAt}')`,
    ")",
  ],
  [
    /index events_task_idx/,
    `createIndex("events", "events_task_idx", "((payload ->> 'task'))")`,
    `step("index events_task_idx", {
      check: "to_regclass('events_task_idx') IS NOT NULL",
      alter: "CREATE INDEX events_task_idx ON events ((payload ->> 'task'))" })`,
  ],
  [
    /constraint projects\.projects_budget_check/,
    `addCheck("projects", "projects_budget_check", "budget >= 0")`,
    `step("check projects_budget_check", {
      check: "EXISTS (SELECT FROM pg_constraint WHERE conname = " +
        "'projects_budget_check')",
      alter: "ALTER TABLE projects ADD CONSTRAINT projects_budget_check " +
        "CHECK (budget >= 0)" })`,
  ],
  [
    /column events\.duration_ms/,
    `      duration_ms: "integer",\n`,
    "",
    LAST,
    `${LAST}    step("column events.duration_ms", {
      check: "EXISTS (SELECT FROM pg_attribute WHERE attname = " +
        "'duration_ms' AND attrelid = to_regclass('events'))",
      alter: "ALTER TABLE events ADD COLUMN duration_ms integer" }),\n`,
  ],
  [
    /createTable ".*" accepts another column .* as its own|has a different type/,
    `if (!db.sameType(spec.type, fact.type)) {`,
    `if (!spec.type) {`,
  ],
]);

mistakes("a flag removed", "script", [
  [/--dry-run/, `has("dry-run")`, `has("dryrun")`],
  [/--apply/, `has("apply")`, `has("applies")`],
  [
    /--help does not list --dry-run/,
    `  --dry-run              show what is there`,
    `  --preview              show what is there`,
    `(--dry-run | --apply) [options]`,
    `[options]`,
    `sync-production-schema.ts --dry-run               show`,
    `sync-production-schema.ts                         show`,
    `sync-production-schema.ts --embedded --dry-run `,
    `sync-production-schema.ts --embedded`,
  ],
  [/without a mode it ends with status 0/, `dry === apply`, `dry && apply`],
]);

mistakes("a step twice", "script", [
  [
    /does not load: .*users_email_check/,
    ...after(`addCheck("users", "users_email_check", "email <> ''")`),
  ],
]);

mistakes("a step whose model is gone", "script", [
  [
    /the models have no table badges, which createTable "badges" makes/,
    ...after(`createTable("badges", { id: "uuid PRIMARY KEY" })`),
  ],
  [
    // A column of that name is no excuse.
    /the models have no table status, which createTable "status" makes/,
    ...after(`createTable("status", { id: "uuid PRIMARY KEY" })`),
  ],
  [
    /index users_created_at_idx is made by the script and not in the models/,
    ...after(
      `createIndex("users", "users_created_at_idx", "(created_at)")`,
    ),
  ],
]);

mistakes("a step that the steps contradict", "script", [
  [/comments/, ...after(`dropTable("comments")`)],
  [/users_email_key/, ...after(`dropIndex("users_email_key")`)],
  [
    /users_email_check/,
    ...after(`dropConstraint("users", "users_email_check")`),
  ],
  [/plan/, ...after(`dropEnum("plan")`)],
  [/title/, ...after(`dropNotNull("tasks", "title")`)],
  [/users\.nickname|nickname/, ...after(`setNotNull("users", "nickname")`)],
  [/nobody/, ...after(`backfill("nobody", { set: "a = 1", where: "a = 2" })`)],
]);

mistakes("a rename that is wrong", "script", [
  [/body/, ...after(`renameColumn("comments", "body", "content")`)],
  [/comments/, ...after(`renameTable("comments", "remarks")`)],
]);

mistakes("a default or type by a step of its own", "script", [
  [
    /column tasks\.priority/,
    ...after(`setDefault("tasks", "priority", "4")`),
  ],
  [/column users\.active/, ...after(`dropDefault("users", "active")`)],
  [
    /users\.first_name/,
    ...after(`changeType("users", "first_name", "varchar(3)")`),
  ],
  [
    /column users\.display_name/,
    ...after(`dropNotNull("users", "display_name")`),
    `    setNotNull("users", "display_name"),\n    dropNotNull`,
    `    dropNotNull`,
  ],
]);

mistakes("reference rows that are wrong", "script", [
  [/title/, ...after(`insertMissing("teams", ["title"], [{ title: "a" }])`)],
  [
    /organization_id.*not-null|null value in column/,
    ...after(`insertMissing("teams", ["name"], [{ name: "a" }])`),
  ],
  [
    /roles/,
    `{ name: "viewer", permissions: ["read"] }`,
    `{ name: "viewer", permissions: ["read"], level: 3 }`,
  ],
  [
    /tasks_priority_check|violates|null value/,
    ...after(
      `insertMissing("tasks", ["title"], [{ title: "a", priority: 9 }])`,
    ),
  ],
]);

mistakes("an assertion that does not hold", "script", [
  [/never/, ...after(`assert("never", "false", "it is false")`)],
  [
    /no tasks/,
    ...after(`assert("no tasks", "NOT EXISTS (SELECT FROM tasks)",
      "there are tasks")`),
  ],
]);

mistakes("a step before what it needs", "script", [
  [
    /step "view early"|users/,
    `    createExtension("citext"),\n`,
    `    createExtension("citext"),
    step("view early", { check: "to_regclass('early') IS NOT NULL",
      alter: "CREATE VIEW early AS SELECT id FROM users" }),\n`,
  ],
  [
    /touch_tasks/,
    `    createExtension("citext"),\n`,
    `    createExtension("citext"),
    step("trigger touch_tasks", {
      check: "EXISTS (SELECT FROM pg_trigger WHERE tgname = 'touch_tasks')",
      alter: "CREATE TRIGGER touch_tasks BEFORE UPDATE ON tasks " +
        "FOR EACH ROW EXECUTE FUNCTION touch_updated_at()" }),\n`,
  ],
]);

mistakes("too much made", "script", [
  [
    /index events_kind_idx is made/,
    ...after(`createIndex("events", "events_kind_idx", "(kind)")`),
  ],
  [
    /constraint events\.events_kind_check is made/,
    ...after(`addCheck("events", "events_kind_check", "kind <> ''")`),
  ],
  [
    /constraint projects\.projects_key_key is made/,
    ...after(`addUnique("projects", "projects_key_key", "(key, id)")`),
  ],
  [
    /constraint events\.events_org_fkey is made/,
    ...after(`addForeignKey("events", "events_org_fkey",
      "(actor_id) REFERENCES users (id)")`),
  ],
  [
    /column teams\.colour/,
    ...after(`addColumn("teams", "colour", "text")`),
  ],
  [/enum mood/, ...after(`createEnum("mood", ["glad", "sad"])`)],
  [/domain zip/, ...after(`createDomain("zip", "text")`)],
  [
    /row level security teams/,
    ...after(`enableRowSecurity("teams")`),
  ],
  [
    /table audit/,
    ...after(`step("table audit", {
      check: "to_regclass('audit') IS NOT NULL",
      alter: "CREATE TABLE audit (id int PRIMARY KEY)" })`),
  ],
  [
    /column teams\.size/,
    ...after(`step("column teams.size", {
      check: "EXISTS (SELECT FROM pg_attribute WHERE attname = 'size' AND " +
        "attrelid = to_regclass('teams') AND NOT attisdropped)",
      alter: "ALTER TABLE teams ADD size int" })`),
  ],
]);

mistakes("a step that destroys rows", "script", [
  [
    /an apply loses \d+ rows? of events/,
    ...after(`step("events anew", {
      check: "to_regclass('events_payload_idx') IS NOT NULL AND " +
        "NOT EXISTS (SELECT FROM events)",
      alter: "TRUNCATE events" })`),
  ],
  [
    /an apply loses \d+ rows? of tasks/,
    ...after(`step("no finished tasks", {
      check: "NOT EXISTS (SELECT FROM tasks WHERE status = 'done')",
      alter: "DELETE FROM tasks WHERE status = 'done'" })`),
  ],
  [
    /name in \d+ rows? of projects/,
    ...after(`step("short names", {
      check: "NOT EXISTS (SELECT FROM projects WHERE length(name) > 2)",
      alter: "UPDATE projects SET name = left(name, 2)" })`),
  ],
  [
    /priority in \d+ rows? of tasks/,
    ...after(`step("no urgency", {
      check: "NOT EXISTS (SELECT FROM tasks WHERE priority < 3)",
      alter: "UPDATE tasks SET priority = 3 WHERE priority < 3" })`),
  ],
]);

mistakes("a check that looks for something else", "script", [
  [
    /comment of teams/,
    ...after(`step("comment of teams", {
      check: "obj_description(to_regclass('users'), 'pg_class') IS NOT NULL",
      alter: "COMMENT ON TABLE teams IS 'groups'" })`),
  ],
  [
    /default privileges/,
    ...after(`step("default privileges", {
      check: "to_regclass('comments') IS NOT NULL",
      alter: "ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO pg_monitor" })`),
  ],
]);

mistakes("a second apply that writes", "script", [
  [
    /a second apply changes/,
    `  await applyChanges({ ...run, filled: new Map() }, plan);\n`,
    `  await applyChanges({ ...run, filled: new Map() }, plan);
  await session.query("SELECT nextval(seqrelid) FROM pg_sequence");\n`,
  ],
]);

/** What is made that catalogs are not compared by: seen embedded alone. */
export const JUDGED = "what only pg_dump sees";

mistakes(JUDGED, "script", [
  [
    /index tasks_parent_id_idx differs \(seen by pg_dump\)/,
    ...after(`step("order of tasks", {
      check: "EXISTS (SELECT FROM pg_index WHERE indisclustered AND " +
        "indexrelid = to_regclass('tasks_parent_id_idx'))",
      alter: "ALTER TABLE tasks CLUSTER ON tasks_parent_id_idx" })`),
  ],
  [
    /tasks.*\(seen by pg_dump\)/,
    ...after(`step("titles of tasks", {
      check: "EXISTS (SELECT FROM pg_attribute WHERE attname = 'title' AND " +
        "attrelid = to_regclass('tasks') AND attoptions IS NOT NULL)",
      alter: "ALTER TABLE tasks ALTER title SET (n_distinct = 5)" })`),
  ],
]);

/** The form without a database, in which only names are compared. */
export const STATIC = "without a database";

mistakes(STATIC, "script", [
  [
    /constraint users\.users_email_check of the models has no step/,
    `    addCheck("users", "users_email_check", "email LIKE '%_@_%'"),\n`,
    "",
  ],
  [
    /index tasks_parent_id_idx of the models has no step/,
    `    createIndex("tasks", "tasks_parent_id_idx", "(parent_id)"),\n`,
    "",
  ],
  [
    /column users\.display_name of the models has no step/,
    `    addColumn("users", "display_name", "text"),\n`,
    "",
  ],
  [
    /the models have no table badges/,
    ...after(`createTable("badges", { id: "uuid PRIMARY KEY" })`),
  ],
]);

/** What is edited below the steps stands as released only in its own line. */
export const UNSEALED = "the engine edited";

mistakes(UNSEALED, "script", [
  [
    /the engine of .* was edited/,
    ` * Groups steps under a title, such as a topic or a ticket.\n`,
    ` * Groups steps below a title, such as a topic or a ticket.\n`,
  ],
  [
    /the engine of .* was edited/,
    `const options = { single: plan.single, lockTimeout: 5000`,
    `const options = { single: plan.single, lockTimeout: 6000`,
  ],
  [
    /the engine of .* was edited/,
    `  if (lock?.lost) throw lock.lost;\n`,
    "",
  ],
]);

mistakes("the skill names no program", "skill", [
  [
    /does not name verify-sync-script\.ts/,
    "verify-sync-script.ts",
    "the proof",
  ],
  [
    /does not name sync-production-schema\.ts/,
    "sync-production-schema.ts",
    "the script",
  ],
]);

// ═══ Mistakes in the models ════════════════════════════════════════════════

mistakes("models: a column without a step", "models", [
  [
    /column users\.phone of the models is not made[^]*addColumn\("users", "phone"/,
    `  lastSeenAt: timestamptz("last_seen_at"),`,
    `  lastSeenAt: timestamptz("last_seen_at"),\n  phone: text("phone"),`,
  ],
]);

mistakes("models: a table without a step", "models", [
  [
    /table badges of the models is not made[^]*createTable\("badges"/,
    `/** Comments on tasks. */`,
    `export const badges = pgTable("badges", { id: uuid("id").primaryKey() });
/** Comments on tasks. */`,
  ],
]);

mistakes("models: a column or table removed", "models", [
  [
    /column users\.last_seen_at is made by the script and not in the models/,
    `  lastSeenAt: timestamptz("last_seen_at"),\n`,
    "",
  ],
  [
    /the models have no table comments/,
    `export const comments = pgTable(`,
    `const _comments = pgTable(`,
  ],
]);

mistakes("models: another type", "models", [
  [
    /column events\.duration_ms differs/,
    `integer("duration_ms")`,
    `bigint("duration_ms", { mode: "number" })`,
  ],
  [/column users\.email differs/, `{ length: 255 }`, `{ length: 320 }`],
  [
    /column projects\.budget differs/,
    `{ precision: 12, scale: 2 }`,
    `{ precision: 14, scale: 2 }`,
  ],
]);

mistakes("models: another nullability", "models", [
  [
    /column tasks\.due_on differs/,
    `date("due_on")`,
    `date("due_on").notNull()`,
  ],
  [/column comments\.body differs/, `text("body").notNull()`, `text("body")`],
]);

mistakes("models: another default", "models", [
  [/column tasks\.priority differs/, `.default(3)`, `.default(2)`],
  [
    /column organizations\.plan differs/,
    `.default("free")`,
    `.default("team")`,
  ],
  [/column users\.active differs/, `.default(true)`, ``],
]);

mistakes("models: another index", "models", [
  [
    /index users_email_key differs/,
    `uniqueIndex("users_email_key")`,
    `index("users_email_key")`,
  ],
  [
    /index users_organization_id_idx differs/,
    `.where(
    sql\`\${t.active}\`,
  )`,
    "",
  ],
  [
    /index comments_created_at_idx of the models is not made[^]*createIndex/,
    `  index("comments_task_id_created_at_idx")`,
    `  index("comments_created_at_idx").on(t.createdAt),
  index("comments_task_id_created_at_idx")`,
  ],
  [
    /index events_payload_idx is made by the script and not in the models/,
    `  index("events_payload_idx").using("gin", t.payload.op("jsonb_path_ops")),\n`,
    "",
  ],
]);

mistakes("models: another constraint", "models", [
  [
    /constraint tasks\.tasks_priority_check differs/,
    `BETWEEN 1 AND 5`,
    `BETWEEN 0 AND 5`,
  ],
  [
    /constraint users\.users_role_id_fkey differs/,
    `foreignColumns: [roles.id],
  }).onDelete("restrict")`,
    `foreignColumns: [roles.id],
  }).onDelete("cascade")`,
  ],
  [
    /constraint roles\.roles_name_key is made by the script and not in the models/,
    `(t) => [unique("roles_name_key").on(t.name)]`,
    `() => []`,
  ],
  [
    /constraint comments\.comments_body_check of the models is called|constraint comments\.comments_max of the models is called comments_body_check by/,
    `check("comments_body_check"`,
    `check("comments_max"`,
  ],
]);

mistakes("models: other enum labels", "models", [
  [
    /enum task_status differs/,
    `  "in_review",\n`,
    `  "in_review",\n  "blocked",\n`,
  ],
  [
    /enum plan differs/,
    `["free", "team", "enterprise"]`,
    `["team", "free", "enterprise"]`,
  ],
]);

mistakes("a table or column missing from the guide", "guide", [
  [/does not list teams/, "### `teams`", "### `squads`"],
  [/does not list comments\.edited_at/, "`edited_at`", "`changed_at`"],
  [
    /the generated parts of .* do not match/,
    "| `smallint NOT NULL DEFAULT 3`",
    "| `smallint NOT NULL DEFAULT 4`",
  ],
]);

// ═══ Harmless edits ════════════════════════════════════════════════════════

/** Edits that can stand in a project together; each list is one run. */
export const harmless: Record<string, Edit[]>[] = [{
  "columns reordered": editsOf("script", [
    `      name: "text NOT NULL",
      slug: "citext NOT NULL",\n`,
    `      slug: "citext NOT NULL",
      name: "text NOT NULL",\n`,
  ]),
  "character varying": editsOf("script", [
    `"varchar(255) NOT`,
    `"character varying(255) NOT`,
  ]),
  "timestamp with time zone": editsOf("script", [
    `edited_at: "timestamptz"`,
    `edited_at: "timestamp with time zone"`,
  ]),
  "int": editsOf("script", [`duration_ms: "integer"`, `duration_ms: "int4"`]),
  "bool in capitals": editsOf("script", [
    `"boolean NOT NULL DEFAULT true"`,
    `"BOOL DEFAULT 't' NOT NULL"`,
  ]),
  "decimal": editsOf("script", [`"numeric(6,2)"`, `"decimal(6, 2)"`]),
  "a default with a cast": editsOf("script", [
    `settings: "jsonb NOT NULL DEFAULT '{}'"`,
    `settings: "jsonb NOT NULL DEFAULT '{}'::jsonb"`,
  ]),
  "a number as text": editsOf("script", [
    `"numeric(12,2) NOT NULL DEFAULT 0"`,
    `"numeric(12,2) NOT NULL DEFAULT '0'"`,
  ]),
  "an array written out": editsOf("script", [
    `labels: "text[] NOT NULL DEFAULT '{}'"`,
    `labels: "text[] NOT NULL DEFAULT ARRAY[]::text[]"`,
  ]),
  "a check spelled otherwise": editsOf("script", [
    `"priority BETWEEN 1 AND 5"`,
    `"priority >= 1 AND (priority <= 5)"`,
  ]),
  "an operator's other name": editsOf("script", [
    `"email LIKE '%_@_%'"`,
    `"email ~~ '%_@_%'::text"`,
  ]),
  "the default action written out": editsOf("script", [
    `"(author_id) REFERENCES users (id) ON DELETE RESTRICT"`,
    `"(author_id) REFERENCES users (id) ON UPDATE NO ACTION ON DELETE RESTRICT"`,
  ]),
  "a type in capitals": editsOf("script", [
    `first_name: "text NOT NULL DEFAULT ''"`,
    `first_name: "TEXT DEFAULT ''::text NOT NULL"`,
  ]),
  "the default method written out": editsOf("script", [
    `"(organization_id) WHERE active"`,
    `"USING btree (organization_id ASC) WHERE (active)"`,
  ]),
  "not equal in other signs": editsOf("script", [
    `NULLS LAST) WHERE status <> 'done'"`,
    `NULLS LAST) WHERE status != 'done'::task_status"`,
  ]),
  "a comment": editsOf("script", [
    `    createTable("teams", {\n`,
    `    // Teams of people, not of "teams".\n    createTable("teams", {\n`,
  ]),
  "a section's title": editsOf("script", [`"#3 Teams"`, `"#31 Groups"`]),
  "a row of reference data more": editsOf("script", [
    `      { name: "viewer", permissions: ["read"] },\n`,
    `      { name: "viewer", permissions: ["read"] },
      { name: "auditor", permissions: ["read"] },\n`,
  ]),
  "a table of the operators by a longhand step, marked": editsOf("script", [
    ...after(`notModelled(step("table audit", {
      check: "to_regclass('audit') IS NOT NULL",
      alter: "CREATE TABLE audit (id int PRIMARY KEY, said text)",
    }))`),
  ]),
  "a backfill that names its table": editsOf("script", [
    `where: "display_name IS NULL",`,
    `where: "users.display_name IS NULL",`,
  ]),
  "an index of the operators, marked": editsOf("script", [
    ...after(
      `notModelled(createIndex("users", "users_seen_idx", "(last_seen_at)"))`,
    ),
  ]),
}, {
  "a step split in two": editsOf("script", [
    `      last_seen_at: "timestamptz",\n`,
    "",
    `    createIndex("users", "users_email_key", "UNIQUE (lower(email))"),\n`,
    `    addColumn("users", "last_seen_at", "timestamptz"),
    createIndex("users", "users_email_key", "UNIQUE (lower(email))"),\n`,
  ]),
  "a default as a step of its own": editsOf("script", [
    `    createIndex("events", "events_task_idx"`,
    `    setDefault("events", "payload", "'{}'"),
    createIndex("events", "events_task_idx"`,
  ]),
  "sections reordered": [
    ...editsOf("script", [
      `  section("#142 Display names", [
    addColumn("users", "display_name", "text"),
    backfill("users", {
      set: \`display_name = coalesce(
        nullif(trim(first_name || ' ' || last_name), ''), email)\`,
      where: "display_name IS NULL",
    }),
    setNotNull("users", "display_name"),
  ]),\n`,
      "",
      `  section("#3 Teams", [\n`,
      `  section("#142 Display names", [
    addColumn("users", "display_name", "text"),
    backfill("users", {
      set: "display_name = COALESCE(NULLIF(trim(first_name || ' ' || " +
        "last_name), ''), email)",
      where: "display_name IS NULL",
    }),
    setNotNull("users", "display_name"),
  ]),
  section("#3 Teams", [\n`,
    ]),
  ],
  "models: columns reordered": editsOf("models", [
    `  /** The text. */\n  body: text("body").notNull(),\n`,
    "",
    `  editedAt: timestamptz("edited_at"),\n`,
    `  editedAt: timestamptz("edited_at"),
  /** The text. */
  body: text("body").notNull(),\n`,
  ]),
  "models: a check spelled otherwise": editsOf("models", [
    "sql`${t.priority} BETWEEN 1 AND 5`",
    "sql`${t.priority} >= 1 AND ${t.priority} <= 5`",
  ]),
  "models: a default as SQL": editsOf("models", [
    `.default(true)`,
    ".default(sql`'yes'::boolean`)",
  ]),
  "models: now() as SQL": editsOf("models", [
    `timestamptz("occurred_at").notNull().defaultNow()`,
    `timestamptz("occurred_at").notNull().default(sql\`now()\`)`,
  ]),
  "models: a comment": editsOf("models", [
    `/** Comments on tasks. */`,
    `/** Comments\n * on tasks. */`,
  ]),
}];

// ═══ Deploy files ══════════════════════════════════════════════════════════

/** Files that change the schema beside the script: [says, name, text]. */
export const DEPLOYED: [says: string, name: string, text: string][] = [
  ["prisma migrate deploy", "Procfile", "release: npx prisma migrate deploy\n"],
  ["drizzle-kit push", "deploy.sh", "#!/bin/sh\nnpx drizzle-kit push\n"],
  ["alembic upgrade", "Dockerfile", "FROM x\nRUN alembic upgrade head\n"],
  ["psql -f schema.sql", "Makefile", "deploy:\n\tpsql -f schema.sql\n"],
  [
    "rails db:migrate",
    "package.json",
    '{ "scripts": { "deploy": "rails db:migrate" } }\n',
  ],
  [
    "flyway migrate",
    ".github/workflows/deploy.yml",
    "jobs:\n  a:\n    steps:\n      - run: flyway migrate\n",
  ],
];

/** Files that only look so. */
export const DEPLOYED_SAFELY: [name: string, text: string][] = [
  ["Procfile", "web: npx prisma generate && node server.js\n"],
  ["deploy.sh", "#!/bin/sh\n# npx drizzle-kit push is what we no longer do\n"],
  ["Makefile", "look:\n\tpsql -c 'SELECT 1'\n"],
  [
    "deploy/up.sh",
    "#!/bin/sh\nalembic upgrade head # sync-ignore: another database\n",
  ],
];

/** Kinds of which the first shows that one of the verifier's checks is needed. */
export const OF_CHECKS = [
  JUDGED,
  STATIC,
  "a step deleted",
  "a step that always finds something to do",
  "a step that fails",
  "a dry run that writes",
  "a step that works only on an empty database",
  "a step that loses rows",
  "a backfill that finds finished rows",
  "a backfill that changes more than it fills",
  "a step that writes beside its work",
  "a check that sees another schema",
  "a check that sees a part of its alter",
  "a step whose SQL never runs",
  "a function that nobody has run",
  "a table without a row",
  "a check that looks only at the name",
  "a flag removed",
  "a step twice",
  "a table or column missing from the guide",
  "reference rows that are wrong",
  "a check that looks for something else",
  "a second apply that writes",
  "the engine edited",
  "the skill names no program",
  "deploy files",
];
