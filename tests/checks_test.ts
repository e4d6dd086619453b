/**
 * The checks of the steps: whatever is dropped or altered behind the script's
 * back is noticed, and another spelling of the same thing is no difference.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Major,
  MAJORS,
  type Server,
  startServer,
  sync,
} from "./helpers.ts";

const servers = new Map<Major, Promise<Server>>();

function server(major: Major): Promise<Server> {
  if (!servers.has(major)) servers.set(major, startServer(major));
  return servers.get(major)!;
}

Deno.test.afterAll(async () => {
  for (const started of servers.values()) await (await started).stop();
});

/** What a dry run reports of each object, by the object's name. */
function reported(stdout: string): Map<string, string> {
  return new Map(
    [...stdout.matchAll(/^ {2}([ℹ⚠]) (\S.*?) {2,}(.*)$/gm)]
      .map(([, mark, object, text]) => [object!, `${mark} ${text}`]),
  );
}

// ═══ Weak checks ═══════════════════════════════════════════════════════════

/** One way to break the converged database. */
interface Break {
  title: string;
  /** What the dry run must name. */
  object: string;
  sql: string;
  /** ℹ where an apply mends it, ⚠ where a person must. */
  says: RegExp;
  /** What puts it back, as far as the apply after it does not. */
  restore?: string;
  /** Other objects that break with it; * for any. */
  touches?: string[];
  since?: Major;
}

const info = /^ℹ /, warning = /^⚠ /;

/** The same column with a type of these labels. */
function relabel(
  [table, column, fallback]: [string, string, string],
  type: string,
  labels: string[],
): string {
  const t = `ALTER TABLE ${table} ALTER COLUMN ${column}`;
  const list = labels.map((label) => `'${label}'`).join(", ");
  return `${t} DROP DEFAULT; ${t} TYPE text; DROP TYPE IF EXISTS ${type};
    CREATE TYPE ${type} AS ENUM (${list});
    ${t} TYPE ${type} USING ${column}::${type}, ALTER COLUMN ${column}
      SET DEFAULT '${fallback}'`;
}

const plan: [string, string, string] = ["organizations", "plan", "free"];
const status: [string, string, string] = ["projects", "status", "planned"];
const plans = ["free", "team", "enterprise"];
const statuses = ["planned", "active", "paused", "done"];

function column(
  title: string,
  object: string,
  sql: string,
  says: RegExp,
  restore?: string,
): Break {
  const [table, name] = object.split(".");
  const alter = (text: string) =>
    `ALTER TABLE ${table} ${text.replaceAll("THIS", `ALTER COLUMN ${name}`)}`;
  return {
    title,
    object,
    sql: alter(sql),
    says,
    ...(restore && { restore: alter(restore) }),
  };
}

/** The index under its name with another definition; an apply rebuilds it. */
function index(title: string, object: string, sql: string): Break {
  return {
    title,
    object,
    sql: `DROP INDEX ${object}; CREATE ${sql.replace("THIS", object)}`,
    says: /^⚠ .*another index/,
    restore: `DROP INDEX ${object}`,
  };
}

/** The constraint under its name with another definition. */
function constraint(
  title: string,
  table: string,
  object: string,
  sql: string,
): Break {
  const drop = `ALTER TABLE ${table} DROP CONSTRAINT ${object}`;
  return {
    title,
    object,
    sql: `${drop}; ALTER TABLE ${table} ADD CONSTRAINT ${object} ${sql}`,
    says: /^⚠ .*another constraint/,
    restore: drop,
  };
}

const breaks: Break[] = [
  // Columns.
  column(
    "another type",
    "events.kind",
    "THIS TYPE varchar",
    /^⚠ .*another type/,
    "THIS TYPE text",
  ),
  column(
    "another length of varchar",
    "users.email",
    "THIS TYPE varchar(100)",
    /^⚠ .*another type/,
    "THIS TYPE varchar(255)",
  ),
  column(
    "no length of varchar",
    "projects.key",
    "THIS TYPE varchar",
    /^⚠ .*another type/,
    "THIS TYPE varchar(10)",
  ),
  column(
    "another numeric precision",
    "projects.budget",
    "THIS TYPE numeric(14,2)",
    /^⚠ .*another type/,
    "THIS TYPE numeric(12,2)",
  ),
  column(
    "another numeric scale",
    "tasks.estimate_hours",
    "THIS TYPE numeric(6,3)",
    /^⚠ .*another type/,
    "THIS TYPE numeric(6,2)",
  ),
  column(
    "a timestamp without its zone",
    "comments.edited_at",
    "THIS TYPE timestamp",
    /^⚠ .*another type/,
    "THIS TYPE timestamptz",
  ),
  column(
    "an array that is none any more",
    "roles.permissions",
    "THIS DROP DEFAULT, THIS TYPE text USING permissions[1]",
    /^⚠ .*another type/,
    "THIS TYPE text[] USING ARRAY[permissions], THIS SET DEFAULT '{}'",
  ),
  {
    ...column(
      "an enum column that became text",
      "organizations.plan",
      "THIS DROP DEFAULT, THIS TYPE text, THIS SET DEFAULT 'free'",
      /^⚠ .*another type/,
      "THIS DROP DEFAULT, THIS TYPE plan USING plan::plan, " +
        "THIS SET DEFAULT 'free'",
    ),
    touches: ["plan"],
  },
  {
    title: "a type of that name in another schema",
    object: "projects.status",
    sql: `CREATE SCHEMA other; CREATE TYPE other.project_status AS ENUM
        ('planned', 'active', 'paused', 'done');
      ALTER TABLE projects ALTER status DROP DEFAULT, ALTER status
        TYPE other.project_status USING status::text::other.project_status,
        ALTER status SET DEFAULT 'planned'`,
    says: /^⚠ .*another type/,
    restore: `ALTER TABLE projects ALTER status DROP DEFAULT, ALTER status
        TYPE project_status USING status::text::project_status,
        ALTER status SET DEFAULT 'planned';
      DROP SCHEMA other CASCADE`,
    touches: ["project_status", "schema other"],
  },
  column(
    "another collation",
    "teams.name",
    'THIS TYPE text COLLATE "C"',
    /^⚠ .*collation/,
    'THIS TYPE text COLLATE "default"',
  ),
  column("another default", "tasks.priority", "THIS SET DEFAULT 4", info),
  column(
    "a default of another case",
    "tasks.description",
    "THIS SET DEFAULT ' '",
    info,
  ),
  column(
    "another JSON default",
    "organizations.settings",
    `THIS SET DEFAULT '{"a": 1}'`,
    info,
  ),
  column(
    "another default that calls a function",
    "users.created_at",
    "THIS SET DEFAULT now() + '1 day'",
    info,
  ),
  column(
    "another default of the key",
    "users.id",
    "THIS SET DEFAULT '00000000-0000-0000-0000-000000000000'",
    info,
  ),
  column(
    "another enum default",
    "tasks.status",
    "THIS SET DEFAULT 'done'",
    info,
  ),
  column("no default any more", "users.active", "THIS DROP DEFAULT", info),
  column(
    "a default where none is",
    "events.duration_ms",
    "THIS SET DEFAULT 0",
    warning,
    "THIS DROP DEFAULT",
  ),
  column("no NOT NULL any more", "projects.name", "THIS DROP NOT NULL", info),
  column(
    "no NOT NULL that a step of its own sets",
    "users.display_name",
    "THIS DROP NOT NULL",
    info,
  ),
  {
    ...column(
      "a NOT NULL that is not validated",
      "users.first_name",
      "THIS DROP NOT NULL, ADD CONSTRAINT n NOT NULL first_name NOT VALID",
      info,
    ),
    since: 18,
  },
  column(
    "NOT NULL where none is",
    "projects.starts_on",
    "THIS SET NOT NULL",
    warning,
    "THIS DROP NOT NULL",
  ),
  column(
    "no identity any more",
    "teams.id",
    "THIS DROP IDENTITY",
    warning,
    "THIS ADD GENERATED BY DEFAULT AS IDENTITY",
  ),
  column(
    "identity that takes other values",
    "comments.id",
    "THIS SET GENERATED BY DEFAULT",
    warning,
    "THIS SET GENERATED ALWAYS",
  ),
  {
    title: "a sequence instead of an identity",
    object: "events.id",
    sql: `ALTER TABLE events ALTER id DROP IDENTITY; CREATE SEQUENCE s;
      ALTER TABLE events ALTER id SET DEFAULT nextval('s')`,
    says: warning,
    restore: `ALTER TABLE events ALTER id DROP DEFAULT, ALTER id
      ADD GENERATED ALWAYS AS IDENTITY; DROP SEQUENCE s`,
    touches: ["events_pkey"],
  },
  column(
    "a dropped column",
    "users.last_seen_at",
    "DROP COLUMN last_seen_at",
    info,
  ),
  {
    ...column(
      "a column under another name",
      "organizations.name",
      "RENAME COLUMN name TO title",
      info,
      "RENAME COLUMN title TO name",
    ),
  },
  {
    ...column(
      "a generated column that is none any more",
      "tasks.search",
      "THIS DROP EXPRESSION",
      warning,
      "DROP COLUMN search",
    ),
    touches: ["tasks_search_idx"],
  },
  {
    ...column(
      "a generated column with another expression",
      "tasks.search",
      `DROP COLUMN search, ADD COLUMN search tsvector GENERATED ALWAYS AS
        (to_tsvector('english', title)) STORED`,
      warning,
      "DROP COLUMN search",
    ),
    touches: ["tasks_search_idx"],
  },
  {
    ...column(
      "a generated column that is not stored",
      "tasks.search",
      `DROP COLUMN search, ADD COLUMN search tsvector GENERATED ALWAYS AS
        (to_tsvector('english', title || ' ' || description)) VIRTUAL`,
      warning,
      "DROP COLUMN search",
    ),
    touches: ["tasks_search_idx"],
    since: 18,
  },

  // Indexes.
  {
    title: "a dropped index",
    object: "projects_team_id_idx",
    sql: "DROP INDEX projects_team_id_idx",
    says: info,
  },
  {
    title: "an index of that name in another schema",
    object: "projects_team_id_idx",
    sql: `DROP INDEX projects_team_id_idx; CREATE SCHEMA other;
      CREATE TABLE other.projects (team_id bigint);
      CREATE INDEX projects_team_id_idx ON other.projects (team_id)`,
    says: info,
    restore: "DROP SCHEMA other CASCADE",
    touches: ["schema other"],
  },
  {
    title: "a constraint in the place of an index",
    object: "projects_team_id_idx",
    sql: `DROP INDEX projects_team_id_idx; ALTER TABLE projects
      ADD CONSTRAINT projects_team_id_idx UNIQUE (team_id)`,
    says: warning,
    restore: "ALTER TABLE projects DROP CONSTRAINT projects_team_id_idx",
  },
  index(
    "an index that is not unique any more",
    "users_email_key",
    "INDEX THIS ON users (lower(email))",
  ),
  index(
    "an index with another expression",
    "users_email_key",
    "UNIQUE INDEX THIS ON users (upper(email))",
  ),
  index(
    "a column in the place of an expression",
    "users_email_key",
    "UNIQUE INDEX THIS ON users (email)",
  ),
  index(
    "a unique index of fewer rows",
    "users_email_key",
    "UNIQUE INDEX THIS ON users (lower(email)) WHERE active",
  ),
  {
    ...index(
      "an index in which nulls are not distinct",
      "users_email_key",
      "UNIQUE INDEX THIS ON users (lower(email)) NULLS NOT DISTINCT",
    ),
    since: 15,
  },
  index(
    "another predicate",
    "users_organization_id_idx",
    "INDEX THIS ON users (organization_id) WHERE NOT active",
  ),
  index(
    "no predicate any more",
    "users_organization_id_idx",
    "INDEX THIS ON users (organization_id)",
  ),
  index(
    "a predicate with another string",
    "tasks_assignee_id_due_on_idx",
    "INDEX THIS ON tasks (assignee_id, due_on DESC NULLS LAST) " +
      "WHERE status <> 'todo'",
  ),
  index(
    "no DESC any more",
    "tasks_assignee_id_due_on_idx",
    "INDEX THIS ON tasks (assignee_id, due_on) WHERE status <> 'done'",
  ),
  index(
    "another order of nulls",
    "tasks_assignee_id_due_on_idx",
    "INDEX THIS ON tasks (assignee_id, due_on DESC) WHERE status <> 'done'",
  ),
  index(
    "DESC where ASC is wanted",
    "comments_task_id_created_at_idx",
    "INDEX THIS ON comments (task_id DESC, created_at)",
  ),
  index(
    "an index that became unique",
    "comments_task_id_created_at_idx",
    "UNIQUE INDEX THIS ON comments (task_id, created_at)",
  ),
  index(
    "another order of columns",
    "tasks_project_id_status_idx",
    "INDEX THIS ON tasks (status, project_id) INCLUDE (title)",
  ),
  index(
    "one column more",
    "tasks_project_id_status_idx",
    "INDEX THIS ON tasks (project_id, status, id) INCLUDE (title)",
  ),
  index(
    "one column less",
    "tasks_project_id_status_idx",
    "INDEX THIS ON tasks (project_id) INCLUDE (title)",
  ),
  index(
    "no INCLUDE any more",
    "tasks_project_id_status_idx",
    "INDEX THIS ON tasks (project_id, status)",
  ),
  index(
    "a key column that should only be included",
    "tasks_project_id_status_idx",
    "INDEX THIS ON tasks (project_id, status, title)",
  ),
  index(
    "a storage parameter",
    "tasks_project_id_status_idx",
    "INDEX THIS ON tasks (project_id, status) INCLUDE (title) " +
      "WITH (fillfactor = 50)",
  ),
  index(
    "another operator class",
    "events_payload_idx",
    "INDEX THIS ON events USING gin (payload)",
  ),
  index(
    "another method",
    "tasks_labels_idx",
    "INDEX THIS ON tasks (labels)",
  ),
  index(
    "another method with its operator class",
    "tasks_title_trgm_idx",
    "INDEX THIS ON tasks USING gist (title gist_trgm_ops)",
  ),
  index(
    "another key in an expression",
    "events_task_idx",
    "INDEX THIS ON events ((payload ->> 'tasks'))",
  ),
  index(
    "another operator in an expression",
    "events_task_idx",
    "INDEX THIS ON events ((payload -> 'task'))",
  ),
  index(
    "another collation in an index",
    "events_task_idx",
    `INDEX THIS ON events ((payload ->> 'task') COLLATE "C")`,
  ),
  index(
    "an index of that name on another table",
    "team_members_user_id_idx",
    "INDEX THIS ON events (actor_id)",
  ),
  {
    title: "an INVALID index",
    object: "tasks_parent_id_idx",
    sql: `UPDATE pg_index SET indisvalid = false
      WHERE indexrelid = 'tasks_parent_id_idx'::regclass`,
    says: /^ℹ .*rebuild/,
  },
  {
    title: "an index that writers do not maintain",
    object: "tasks_parent_id_idx",
    sql: `UPDATE pg_index SET indisvalid = false, indisready = false
      WHERE indexrelid = 'tasks_parent_id_idx'::regclass`,
    says: /^ℹ .*rebuild/,
  },

  // Unique constraints and keys.
  {
    title: "a dropped unique constraint",
    object: "organizations_slug_key",
    sql: "ALTER TABLE organizations DROP CONSTRAINT organizations_slug_key",
    says: info,
  },
  constraint(
    "a unique constraint on other columns",
    "teams",
    "teams_organization_id_name_key",
    "UNIQUE (name)",
  ),
  constraint(
    "a unique constraint in another order",
    "teams",
    "teams_organization_id_name_key",
    "UNIQUE (name, organization_id)",
  ),
  constraint(
    "a deferrable unique constraint",
    "projects",
    "projects_organization_id_key_key",
    "UNIQUE (organization_id, key) DEFERRABLE",
  ),
  constraint(
    "a unique constraint that includes another column",
    "projects",
    "projects_organization_id_key_key",
    "UNIQUE (organization_id, key) INCLUDE (name)",
  ),
  {
    ...constraint(
      "a unique constraint in which nulls are not distinct",
      "projects",
      "projects_organization_id_key_key",
      "UNIQUE NULLS NOT DISTINCT (organization_id, key)",
    ),
    since: 15,
  },
  {
    title: "a unique index in the place of a constraint",
    object: "roles_name_key",
    sql: `ALTER TABLE roles DROP CONSTRAINT roles_name_key;
      CREATE UNIQUE INDEX roles_name_key ON roles (name)`,
    says: info,
  },
  {
    title: "an index in the place of a unique constraint",
    object: "roles_name_key",
    sql: `ALTER TABLE roles DROP CONSTRAINT roles_name_key;
      CREATE INDEX roles_name_key ON roles (name)`,
    says: warning,
    restore: "DROP INDEX roles_name_key",
  },
  {
    title: "a unique constraint whose index is INVALID",
    object: "roles_name_key",
    sql: `UPDATE pg_index SET indisvalid = false
      WHERE indexrelid = 'roles_name_key'::regclass`,
    says: /^[ℹ⚠] /,
    restore: `UPDATE pg_index SET indisvalid = true
      WHERE indexrelid = 'roles_name_key'::regclass`,
  },
  {
    title: "a dropped primary key",
    object: "team_members_pkey",
    sql: "ALTER TABLE team_members DROP CONSTRAINT team_members_pkey",
    says: info,
  },
  constraint(
    "a primary key in another order",
    "team_members",
    "team_members_pkey",
    "PRIMARY KEY (user_id, team_id)",
  ),
  constraint(
    "a primary key of one column",
    "team_members",
    "team_members_pkey",
    "PRIMARY KEY (team_id)",
  ),
  constraint(
    "a unique constraint in the place of the primary key",
    "team_members",
    "team_members_pkey",
    "UNIQUE (team_id, user_id)",
  ),
  {
    title: "a dropped primary key of a column's text",
    object: "comments_pkey",
    sql: "ALTER TABLE comments DROP CONSTRAINT comments_pkey",
    says: info,
    touches: ["comments.id"],
  },
  {
    ...constraint(
      "a wider primary key than a column's text says",
      "events",
      "events_pkey",
      "PRIMARY KEY (id, organization_id)",
    ),
    touches: ["events.id"],
  },

  // Foreign keys.
  {
    title: "a dropped foreign key",
    object: "users_role_id_fkey",
    sql: "ALTER TABLE users DROP CONSTRAINT users_role_id_fkey",
    says: info,
  },
  constraint(
    "another ON DELETE",
    "users",
    "users_invited_by_fkey",
    "FOREIGN KEY (invited_by) REFERENCES users (id) ON DELETE CASCADE",
  ),
  constraint(
    "no ON DELETE any more",
    "users",
    "users_invited_by_fkey",
    "FOREIGN KEY (invited_by) REFERENCES users (id)",
  ),
  constraint(
    "SET DEFAULT for SET NULL",
    "users",
    "users_invited_by_fkey",
    "FOREIGN KEY (invited_by) REFERENCES users (id) ON DELETE SET DEFAULT",
  ),
  constraint(
    "NO ACTION for RESTRICT",
    "users",
    "users_role_id_fkey",
    "FOREIGN KEY (role_id) REFERENCES roles (id) ON DELETE NO ACTION",
  ),
  constraint(
    "another ON UPDATE",
    "users",
    "users_organization_id_fkey",
    "FOREIGN KEY (organization_id) REFERENCES organizations (id) " +
      "ON UPDATE CASCADE ON DELETE CASCADE",
  ),
  constraint(
    "a deferrable foreign key",
    "organizations",
    "organizations_owner_id_fkey",
    "FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE SET NULL DEFERRABLE",
  ),
  constraint(
    "a foreign key of another column",
    "tasks",
    "tasks_parent_id_fkey",
    "FOREIGN KEY (id) REFERENCES tasks (id) ON DELETE CASCADE",
  ),
  {
    title: "a foreign key to another column",
    object: "events_actor_id_fkey",
    sql: `ALTER TABLE users ADD CONSTRAINT extra UNIQUE (invited_by);
      ALTER TABLE events DROP CONSTRAINT events_actor_id_fkey,
        ADD CONSTRAINT events_actor_id_fkey FOREIGN KEY (actor_id)
        REFERENCES users (invited_by) ON DELETE SET NULL`,
    says: warning,
    restore: `ALTER TABLE events DROP CONSTRAINT events_actor_id_fkey;
      ALTER TABLE users DROP CONSTRAINT extra`,
  },
  constraint(
    "a foreign key to another table",
    "team_members",
    "team_members_user_id_fkey",
    "FOREIGN KEY (user_id) REFERENCES organizations (id) ON DELETE CASCADE",
  ),
  {
    title: "a foreign key to a table of that name in another schema",
    object: "projects_team_id_fkey",
    sql: `CREATE SCHEMA other; CREATE TABLE other.teams (id bigint PRIMARY KEY);
      ALTER TABLE projects DROP CONSTRAINT projects_team_id_fkey,
        ADD CONSTRAINT projects_team_id_fkey FOREIGN KEY (team_id)
        REFERENCES other.teams (id) ON DELETE SET NULL`,
    says: warning,
    restore: `ALTER TABLE projects DROP CONSTRAINT projects_team_id_fkey;
      DROP SCHEMA other CASCADE`,
    touches: ["schema other"],
  },
  constraint(
    "a foreign key that matches in full",
    "projects",
    "projects_organization_id_fkey",
    "FOREIGN KEY (organization_id) REFERENCES organizations (id) MATCH FULL " +
      "ON DELETE CASCADE",
  ),
  {
    ...constraint(
      "a foreign key that sets one column null",
      "tasks",
      "tasks_assignee_id_fkey",
      "FOREIGN KEY (assignee_id) REFERENCES users (id) " +
        "ON DELETE SET NULL (assignee_id)",
    ),
    since: 15,
  },
  {
    ...constraint(
      "a foreign key that is not enforced",
      "events",
      "events_organization_id_fkey",
      "FOREIGN KEY (organization_id) REFERENCES organizations (id) " +
        "ON DELETE CASCADE NOT ENFORCED",
    ),
    since: 18,
  },
  {
    ...constraint(
      "a foreign key that is not validated",
      "comments",
      "comments_task_id_fkey",
      "FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE CASCADE NOT VALID",
    ),
    says: /^ℹ .*validate/,
    restore: "SELECT",
  },

  // Checks.
  {
    title: "a dropped check",
    object: "projects_budget_check",
    sql: "ALTER TABLE projects DROP CONSTRAINT projects_budget_check",
    says: info,
  },
  constraint(
    "a looser check",
    "tasks",
    "tasks_priority_check",
    "CHECK (priority BETWEEN 1 AND 6)",
  ),
  constraint(
    "a check with OR for AND",
    "tasks",
    "tasks_priority_check",
    "CHECK (priority >= 1 OR priority <= 5)",
  ),
  constraint(
    "a check of another column",
    "tasks",
    "tasks_priority_check",
    "CHECK (estimate_hours BETWEEN 1 AND 5)",
  ),
  constraint(
    "a check that is always true",
    "comments",
    "comments_body_check",
    "CHECK (length(body) <= 10000 OR true)",
  ),
  constraint(
    "a check with another string",
    "users",
    "users_email_check",
    "CHECK (email LIKE '%@_%')",
  ),
  constraint(
    "a check with an operator that ignores case",
    "users",
    "users_email_check",
    "CHECK (email ILIKE '%_@_%')",
  ),
  constraint(
    "a check that children do not inherit",
    "projects",
    "projects_dates_check",
    "CHECK (ends_on >= starts_on) NO INHERIT",
  ),
  {
    ...constraint(
      "a check that is not enforced",
      "projects",
      "projects_budget_check",
      "CHECK (budget >= 0) NOT ENFORCED",
    ),
    since: 18,
  },
  {
    ...constraint(
      "a check that is not validated",
      "users",
      "users_email_check",
      "CHECK (email LIKE '%_@_%') NOT VALID",
    ),
    says: /^ℹ .*validate/,
    restore: "SELECT",
  },
  {
    title: "a unique constraint in the place of a check",
    object: "projects_dates_check",
    sql: `ALTER TABLE projects DROP CONSTRAINT projects_dates_check,
      ADD CONSTRAINT projects_dates_check UNIQUE (ends_on, starts_on)`,
    says: warning,
    restore: "ALTER TABLE projects DROP CONSTRAINT projects_dates_check",
  },

  // Enums.
  {
    title: "a label that is missing in the middle",
    object: "plan",
    sql: relabel(plan, "plan", ["free", "enterprise"]),
    says: /^ℹ .*label/,
    touches: ["organizations.plan"],
  },
  {
    title: "a label that is missing at the start",
    object: "plan",
    sql: relabel(["organizations", "plan", "team"], "plan", plans.slice(1)),
    says: /^ℹ .*label/,
    touches: ["organizations.plan"],
  },
  {
    title: "labels in another order",
    object: "project_status",
    sql: relabel(status, "project_status", statuses.toReversed()),
    says: warning,
    restore: relabel(status, "project_status", statuses),
    touches: ["projects.status"],
  },
  {
    title: "a label too many",
    object: "project_status",
    sql: "ALTER TYPE project_status ADD VALUE 'lost'",
    says: warning,
    restore: relabel(status, "project_status", statuses),
    touches: ["projects.status"],
  },
  {
    title: "a label of another case",
    object: "project_status",
    sql: "ALTER TYPE project_status RENAME VALUE 'done' TO 'Done'",
    says: warning,
    restore: "ALTER TYPE project_status RENAME VALUE 'Done' TO 'done'",
    touches: ["projects.status"],
  },
  {
    title: "a domain in the place of an enum",
    object: "plan",
    sql: `ALTER TABLE organizations ALTER plan DROP DEFAULT, ALTER plan
        TYPE text; DROP TYPE plan; CREATE DOMAIN plan AS text;
      ALTER TABLE organizations ALTER plan TYPE plan,
        ALTER plan SET DEFAULT 'free'`,
    says: /^[ℹ⚠] /,
    restore: `ALTER TABLE organizations ALTER plan DROP DEFAULT, ALTER plan
        TYPE text; DROP DOMAIN plan; ${relabel(plan, "plan", plans)}`,
    touches: ["organizations.plan"],
  },

  // Tables.
  {
    title: "a view in the place of a table",
    object: "comments",
    sql: `ALTER TABLE comments RENAME TO old; CREATE VIEW comments AS
      SELECT * FROM old`,
    says: warning,
    restore: "DROP VIEW comments; ALTER TABLE old RENAME TO comments",
    touches: ["*"],
  },
  {
    title: "a table in another schema",
    object: "comments",
    sql: "CREATE SCHEMA other; ALTER TABLE comments SET SCHEMA other",
    says: info,
    restore: "ALTER TABLE other.comments SET SCHEMA public; DROP SCHEMA other",
    touches: ["*"],
  },
  {
    title: "a dropped table",
    object: "events",
    sql: "DROP TABLE events",
    says: info,
    touches: ["*"],
  },

  // What the longhand covers, and rows.
  {
    title: "a dropped trigger",
    object: "trigger tasks.touch_updated_at",
    sql: "DROP TRIGGER touch_updated_at ON tasks",
    says: info,
  },
  {
    title: "a disabled trigger",
    object: "trigger tasks.touch_updated_at",
    sql: "ALTER TABLE tasks DISABLE TRIGGER touch_updated_at",
    says: info,
    // CREATE OR REPLACE TRIGGER leaves a disabled one disabled before 15.
    restore: "DROP TRIGGER touch_updated_at ON tasks",
  },
  {
    title: "a trigger that fires later",
    object: "trigger tasks.touch_updated_at",
    sql: `DROP TRIGGER touch_updated_at ON tasks; CREATE TRIGGER
      touch_updated_at AFTER UPDATE ON tasks FOR EACH ROW
      EXECUTE FUNCTION touch_updated_at()`,
    says: info,
  },
  {
    title: "a trigger that fires for one column, or under a condition",
    object: "trigger tasks.touch_updated_at",
    sql: `DROP TRIGGER touch_updated_at ON tasks; CREATE TRIGGER
      touch_updated_at BEFORE UPDATE OF title ON tasks FOR EACH ROW
      WHEN (false) EXECUTE FUNCTION touch_updated_at()`,
    says: info,
  },
  {
    title: "a trigger of that name on another table",
    object: "trigger tasks.touch_updated_at",
    sql: `DROP TRIGGER touch_updated_at ON tasks; CREATE TRIGGER
      touch_updated_at BEFORE UPDATE ON comments FOR EACH ROW
      EXECUTE FUNCTION touch_updated_at()`,
    says: info,
    restore: "DROP TRIGGER touch_updated_at ON comments",
  },
  {
    title: "another body of the function",
    object: "function touch_updated_at",
    sql: `CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
      LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
    says: info,
  },
  {
    title: "a dropped function",
    object: "function touch_updated_at",
    sql: "DROP FUNCTION touch_updated_at CASCADE",
    says: info,
    touches: ["trigger tasks.touch_updated_at"],
  },
  {
    title: "a deleted reference row",
    object: "roles",
    sql: "DELETE FROM roles WHERE name = 'viewer'",
    says: /^ℹ .*insert 1 of 3 rows/,
  },
  {
    title: "a reference row with another key",
    object: "roles",
    sql: "UPDATE roles SET name = 'Viewer' WHERE name = 'viewer'",
    says: /^ℹ .*insert 1 of 3 rows/,
  },
  {
    title: "a dropped extension",
    object: "pg_trgm",
    sql: "DROP EXTENSION pg_trgm CASCADE",
    says: info,
    touches: ["tasks_title_trgm_idx"],
  },
];

/** Breaks that have no object in common share a dry run: it is quicker. */
function rounds(cases: Break[]): Break[][] {
  const made: { taken: Set<string>; members: Break[] }[] = [];
  for (const item of cases) {
    const mine = [item.object, ...item.touches ?? []];
    let round = made.find(({ taken }) =>
      !mine.includes("*") && !taken.has("*") &&
      mine.every((object) => !taken.has(object))
    );
    if (!round) made.push(round = { taken: new Set(), members: [] });
    for (const object of mine) round.taken.add(object);
    round.members.push(item);
  }
  return made.map(({ members }) => members);
}

for (const major of [14, 18] as const) {
  Deno.test(`a dry run notices whatever is dropped or altered, on ${major}`, async (t) => {
    const { withDatabase } = await server(major);
    await withDatabase(async (url, sql) => {
      const detailed = ["--dry-run", "--detailed-exitcode"];
      assert.equal((await sync(["--apply"], { url })).code, 0);
      const before = await sync(detailed, { url });
      assert.equal(before.code, 0, before.stdout);
      for (
        const round of rounds(breaks.filter(({ since = 14 }) => since <= major))
      ) {
        for (const item of round) {
          await sql.unsafe(item.sql).simple()
            .catch((error) => assert.fail(`${item.title}: ${error.message}`));
        }
        const { code, stdout, stderr } = await sync(detailed, { url });
        const lines = reported(stdout);
        for (const { title, object, says } of round) {
          await t.step(`${object}: ${title}`, () => {
            assert.equal(code, 2, stdout + stderr);
            assert.match(lines.get(object) ?? `nothing of ${object}`, says);
          });
        }
        const known = new Set(
          round.flatMap(({ object, touches = [] }) => [object, ...touches]),
        );
        if (!known.has("*")) {
          const others = [...lines.keys()].filter((name) => !known.has(name));
          assert.deepEqual(others, [], stdout);
        }
        for (const { restore } of round) {
          if (restore) await sql.unsafe(restore).simple();
        }
        const applied = await sync(["--apply"], { url });
        assert.equal(applied.code, 0, applied.stdout + applied.stderr);
        const after = await sync(detailed, { url });
        assert.equal(after.code, 0, after.stdout);
      }
    });
  });
}

// ═══ Equivalent spellings ══════════════════════════════════════════════════

/** One thing in two spellings: a column's text, a check, an index, … */
type Spelling = [kind: string, written: string, other: string];

/** Spellings that PostgreSQL reads as the same. */
const equal: Spelling[] = [
  // Types.
  ["column", "int", "integer"],
  ["column", "int4", "INT"],
  ["column", "bigint", "int8"],
  ["column", "smallint", "INT2"],
  ["column", "varchar(20)", "character varying(20)"],
  ["column", "varchar", "CHARACTER  VARYING"],
  ["column", "varchar(20)", "VARCHAR ( 20 )"],
  ["column", "char(3)", "character(3)"],
  ["column", "char", "character(1)"],
  ["column", "bpchar", "bpchar"],
  ["column", "timestamptz", "timestamp with time zone"],
  ["column", "timestamp", "timestamp without time zone"],
  ["column", "timestamp(3)", "timestamp (3) without time zone"],
  ["column", "timestamptz(3)", "timestamp(3) with time zone"],
  ["column", "timetz", "time with time zone"],
  ["column", "bool", "boolean"],
  ["column", "decimal(10,2)", "numeric(10, 2)"],
  ["column", "numeric(10)", "dec(10,0)"],
  ["column", "decimal", "numeric"],
  ["column", "float8", "double precision"],
  ["column", "float", "DOUBLE  PRECISION"],
  ["column", "float4", "real"],
  ["column", "float(24)", "real"],
  ["column", "int[]", "integer[]"],
  ["column", "int[]", "integer ARRAY"],
  ["column", "int[3]", "integer[][]"],
  ["column", "varchar(5)[]", "character varying(5) []"],
  ["column", "bit varying(4)", "varbit(4)"],
  ["column", "interval(3)", "INTERVAL (3)"],
  ["column", "text", "pg_catalog.text"],
  ["column", "mood", '"mood"'],
  ["column", "mood", "public.mood"],
  ["column", '"Mixed Mood"', 'public."Mixed Mood"'],
  // Nullability and keys.
  ["column", "text", "text NULL"],
  ["column", "text NOT NULL", "text not  null"],
  ["column", "text NOT NULL DEFAULT 'x'", "text DEFAULT 'x' NOT NULL"],
  // Defaults.
  ["column", "text DEFAULT 'x'", "text DEFAULT 'x'::text"],
  ["column", "text DEFAULT 'x'", "text default ('x')"],
  ["column", "text DEFAULT 'x'", "text DEFAULT E'x'"],
  ["column", "text DEFAULT 'it''s'", "text DEFAULT $$it's$$"],
  ["column", "text DEFAULT 'NOT NULL'", "text DEFAULT ('NOT NULL')"],
  ["column", "text DEFAULT 'a -- b'", "text DEFAULT /* why */ 'a -- b'"],
  ["column", "varchar(9) DEFAULT 'x'", "varchar(9) DEFAULT 'x'::text"],
  [
    "column",
    "varchar(9) DEFAULT 'x'",
    "varchar(9) DEFAULT 'x'::character varying",
  ],
  ["column", "int DEFAULT 0", "int DEFAULT '0'"],
  ["column", "int DEFAULT 0", "int DEFAULT (0)"],
  ["column", "int DEFAULT -1", "int DEFAULT '-1'::integer"],
  ["column", "int DEFAULT -1", "int DEFAULT (-1)"],
  ["column", "bigint DEFAULT 0", "bigint DEFAULT 0::bigint"],
  // The column's scale makes the same constant of both.
  ["column", "numeric(10,2) DEFAULT 0", "numeric(10,2) DEFAULT 0.00"],
  ["column", "bool DEFAULT true", "bool DEFAULT TRUE"],
  ["column", "bool DEFAULT true", "bool DEFAULT 't'"],
  ["column", "jsonb DEFAULT '{}'", "jsonb DEFAULT '{}'::jsonb"],
  ["column", `jsonb DEFAULT '{"a":1}'`, `jsonb DEFAULT '{ "a" : 1 }'`],
  ["column", "text[] DEFAULT '{}'", "text[] DEFAULT '{}'::text[]"],
  ["column", "text[] DEFAULT '{}'", "text[] DEFAULT ARRAY[]::text[]"],
  ["column", "int[] DEFAULT '{1,2}'", "int[] DEFAULT ARRAY[1, 2]"],
  ["column", "mood DEFAULT 'ok'", "mood DEFAULT 'ok'::mood"],
  ["column", "mood DEFAULT 'ok'", "mood DEFAULT 'ok'::public.mood"],
  ["column", "timestamptz DEFAULT now()", "timestamptz DEFAULT NOW( )"],
  [
    "column",
    "timestamptz DEFAULT now()",
    "timestamptz DEFAULT (pg_catalog.now())",
  ],
  ["column", "date DEFAULT CURRENT_DATE", "date DEFAULT current_date"],
  [
    "column",
    "uuid DEFAULT gen_random_uuid()",
    "uuid DEFAULT GEN_RANDOM_UUID ()",
  ],
  [
    "column",
    "text DEFAULT lower('X' || 'y')",
    "text DEFAULT LOWER( 'X'||'y' )",
  ],
  ["column", "text", "text DEFAULT NULL"],
  ["column", "text DEFAULT NULL", "text"],
  ["column", "varchar(9) DEFAULT NULL", "varchar(9) DEFAULT NULL"],
  [
    "column",
    "interval DEFAULT '1 hour'",
    "interval DEFAULT interval '60 minutes'",
  ],
  // Identity, serial and generated columns.
  [
    "column",
    "int GENERATED ALWAYS AS IDENTITY",
    "integer NOT NULL generated  always as identity",
  ],
  [
    "column",
    "bigint GENERATED BY DEFAULT AS IDENTITY",
    "int8 GENERATED BY DEFAULT AS IDENTITY (START WITH 1) NOT NULL",
  ],
  ["column", "serial", "SERIAL"],
  ["column", "serial", "serial4 NOT NULL"],
  ["column", "bigserial", "serial8"],
  [
    "column",
    "text GENERATED ALWAYS AS (b || 'x') STORED",
    "text generated always as ( ( b||'x'::text ) ) stored",
  ],
  [
    "column",
    "int GENERATED ALWAYS AS (a + 1) STORED",
    "integer GENERATED ALWAYS AS ( ( A+1 ) ) stored",
  ],
  // Collations.
  ["column", 'text COLLATE "C"', 'text collate "C"'],
  ["column", 'text COLLATE "C"', 'text COLLATE pg_catalog."C"'],
  ["column", 'text COLLATE "C" NOT NULL', 'text NOT NULL COLLATE "C"'],
  ["column", "text", 'text COLLATE "default"'],
  // Checks.
  ["check", "a IN (1, 2)", "a = ANY (ARRAY[1, 2])"],
  ["check", "b IN ('x', 'y')", "b = ANY (ARRAY['x'::text, 'y'::text])"],
  ["check", "email IN ('x', 'y')", "email = ANY ('{x,y}'::text[])"],
  ["check", "a NOT IN (1, 2)", "a <> ALL (ARRAY[1, 2])"],
  ["check", "a BETWEEN 1 AND 5", "a >= 1 AND a <= 5"],
  ["check", "a <> 1", "a != 1"],
  ["check", "cast(a as text) <> ''", "a::text <> ''"],
  ["check", "a > 1 AND (b <> '')", "((a) > (1)) and ((b) <> (''))"],
  ["check", "a > 1 OR b = 'X'", "A > 1\n  OR /* either */ B = 'X'"],
  ["check", "a > 1\n-- at least\nAND a < 9", "a>1 AND a<9"],
  ["check", "b LIKE 'x%'", "b ~~ 'x%'"],
  ["check", "b NOT LIKE 'x%'", "b !~~ 'x%'::text"],
  ["check", "b ILIKE 'x%'", "b ~~* 'x%'"],
  ["check", "length(b) > 1", "LENGTH( b ) > 1"],
  ["check", "char_length(b) > 1", "pg_catalog.char_length(b) > 1"],
  ["check", "a > 3", "spelled.a > 3"],
  ["check", "a > 4", 'spelled."a" > 4'],
  ["check", "a IS NOT NULL", "(a IS NOT NULL)"],
  ["check", "NOT (a > 7)", "not a > 7"],
  ["check", "flag", "(flag)"],
  ["check", "flag IS TRUE", "flag is true"],
  ["check", "state = 'ok'", "state = 'ok'::mood"],
  ["check", "state IN ('ok', 'bad')", "state = ANY ('{ok,bad}'::mood[])"],
  ["check", "price > 0", "price > 0::numeric"],
  ["check", "price > 0.5", "price > '0.5'"],
  ["check", "coalesce(a, 0) > 0", "COALESCE (a,0) > 0"],
  [
    "check",
    "CASE WHEN flag THEN a > 0 ELSE true END",
    "case when flag then a > 0 else TRUE end",
  ],
  ["check", "at > '2020-01-01'", "at > timestamptz '2020-01-01'"],
  ["check", "doc ? 'k'", "(doc ? 'k'::text)"],
  ["check", "(doc ->> 'k') <> ''", "doc->>'k' <> ''"],
  ["check", "tags <@ ARRAY['x']", "tags <@ '{x}'"],
  ["check", "tags[1] <> ''", "(tags[1]) <> ''"],
  ["check", "b ~ '^[a-z]\\d+$'", "b ~ E'^[a-z]\\\\d+$'"],
  ["check", '"Mixed Case" > 0', '("Mixed Case" > 0)'],
  ["check", '"order" > 0', 'spelled."order" > 0'],
  // Indexes.
  ["index", "(a)", "USING btree (a)"],
  ["index", "(a)", "( A ASC NULLS LAST )"],
  ["index", "(a)", '("a" int4_ops)'],
  ["index", "(a DESC)", "(a desc nulls first)"],
  ["index", "(a NULLS FIRST)", "(a ASC NULLS FIRST)"],
  ["index", "(b)", "(b text_ops)"],
  ["index", "(b)", "(b pg_catalog.text_ops ASC)"],
  ["index", "(email)", "(email text_ops)"],
  ["index", "(email varchar_ops)", "(email varchar_ops)"],
  ["index", "(b text_pattern_ops)", "(b  TEXT_PATTERN_OPS asc)"],
  ["index", "(tags)", "(tags array_ops)"],
  ["index", "(state)", "(state enum_ops)"],
  ["index", "(a, b)", "(a,b)"],
  ["index", "UNIQUE (lower(email))", "unique ( LOWER( email ) )"],
  ["index", "(lower(email))", "((lower(email)))"],
  ["index", "(lower(email))", "(lower(email::text) text_ops)"],
  ["index", "((a + 1))", "(( a+1 ) int4_ops)"],
  ["index", "(a) WHERE flag", "(a) WHERE (flag)"],
  ["index", "(a) WHERE b <> 'x'", "(a) where ((b != 'x'::text))"],
  ["index", "(a) WHERE a IN (1, 2)", "(a) WHERE a = ANY (ARRAY[1,2])"],
  ["index", "(a) INCLUDE (b)", '(a) include ("b")'],
  ["index", "(a) INCLUDE (b, email)", "(a)INCLUDE(b,email)"],
  ["index", "(a) WITH (fillfactor = 70)", "(a) with (fillfactor='70')"],
  ["index", "USING gin (doc)", "USING GIN (doc jsonb_ops)"],
  ["index", "USING gin (tags)", "using gin(tags array_ops)"],
  ["index", "USING hash (a)", "USING HASH (a)"],
  ["index", "USING brin (at)", "USING brin (at timestamptz_minmax_ops)"],
  ["index", 'USING btree (b COLLATE "C")', '(b COLLATE pg_catalog."C")'],
  ["index", "(b)", '(b COLLATE "default")'],
  ["index", "(c)", '(c COLLATE "C")'],
  ["index", '("Mixed Case")', '( "Mixed Case" ASC )'],
  ["index", '("order", a)', '("order" NULLS LAST, a)'],
  ["index", "((doc ->> 'k'))", "((doc->>'k'))"],
  ["index", "(date_trunc('day', plain))", "(DATE_TRUNC( 'day' , plain ))"],
  // Keys.
  ["unique", "(a, b)", '("a",b)'],
  ["unique", "(a) INCLUDE (b)", "( a ) INCLUDE ( b )"],
  ["unique", "(a)", "(a) NOT DEFERRABLE INITIALLY IMMEDIATE"],
  ["unique", "(a) DEFERRABLE", "(a) deferrable initially immediate"],
  ["unique", '("Mixed Case")', '( "Mixed Case" )'],
  // Foreign keys.
  [
    "foreign",
    "(a) REFERENCES parent (id)",
    "(a) REFERENCES public.parent(id)",
  ],
  ["foreign", "(a) REFERENCES parent (id)", '("a") references "parent" ("id")'],
  [
    "foreign",
    "(a) REFERENCES parent (id)",
    "(a) REFERENCES parent (id) ON DELETE NO ACTION ON UPDATE no action",
  ],
  [
    "foreign",
    "(a) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE SET NULL",
    "(a) REFERENCES parent (id) on update set null on delete cascade",
  ],
  [
    "foreign",
    "(a) REFERENCES parent (id)",
    "(a) REFERENCES parent (id) MATCH SIMPLE NOT DEFERRABLE",
  ],
  [
    "foreign",
    "(a) REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED",
    "(a) REFERENCES parent (id) INITIALLY DEFERRED DEFERRABLE",
  ],
  // Exclusions.
  [
    "exclusion",
    "USING gist (span WITH &&)",
    "using gist ( span range_ops with && )",
  ],
  [
    "exclusion",
    "USING gist (span WITH &&) WHERE (flag)",
    "USING gist (span WITH &&) WHERE ((flag))",
  ],
];

/** Spellings as close as those, that mean something else. */
const different: Spelling[] = [
  ["column", "varchar(10)", "varchar(20)"],
  ["column", "varchar(10)", "varchar"],
  ["column", "numeric(10,2)", "numeric(10,3)"],
  ["column", "timestamp(3)", "timestamp(6)"],
  ["column", "timestamptz", "timestamp"],
  ["column", "int", "int[]"],
  ["column", "char(3)", "char(4)"],
  ["column", "json", "jsonb"],
  ["column", "text DEFAULT 'x'", "text DEFAULT 'X'"],
  ["column", "text DEFAULT 'x'", "text DEFAULT 'x '"],
  ["column", "text DEFAULT ''", "text"],
  ["column", "text", "text DEFAULT ''"],
  ["column", "text DEFAULT '-- x'", "text DEFAULT '-- y'"],
  ["column", "int DEFAULT 0", "int DEFAULT 1"],
  ["column", "bool DEFAULT true", "bool DEFAULT false"],
  // Two constants: the second is printed with its zeros.
  ["column", "numeric DEFAULT 0", "numeric DEFAULT 0.00"],
  // Two expressions, although both are the transaction's start.
  [
    "column",
    "timestamptz DEFAULT now()",
    "timestamptz DEFAULT CURRENT_TIMESTAMP",
  ],
  [
    "column",
    "int GENERATED ALWAYS AS IDENTITY",
    "int GENERATED BY DEFAULT AS IDENTITY",
  ],
  [
    "column",
    "int GENERATED ALWAYS AS (a + 1) STORED",
    "int GENERATED ALWAYS AS (a + 2) STORED",
  ],
  ["column", 'text COLLATE "C"', 'text COLLATE "POSIX"'],
  ["check", "a IN (1, 2)", "a IN (1, 2, 3)"],
  ["check", "b = 'x'", "b = 'X'"],
  ["check", "b = 'x  y'", "b = 'x y'"],
  ["check", "a > 1", "a >= 1"],
  ["check", "a > 1 AND flag OR a < 0", "a > 1 AND (flag OR a < 0)"],
  ["check", "b LIKE 'x%'", "b ILIKE 'x%'"],
  ["check", '"Mixed Case" > 0', '"order" > 0'],
  ["index", "(a)", "(a DESC)"],
  ["index", "(a DESC)", "(a DESC NULLS LAST)"],
  ["index", "(a)", "UNIQUE (a)"],
  ["index", "(a, b)", "(b, a)"],
  ["index", "(b)", "(b text_pattern_ops)"],
  ["index", "(b)", '(b COLLATE "C")'],
  ["index", "(lower(b))", "(upper(b))"],
  ["index", "(a) WHERE flag", "(a) WHERE NOT flag"],
  ["index", "(a) WHERE flag", "(a)"],
  ["index", "(a) INCLUDE (b)", "(a, b)"],
  ["index", "(a) WITH (fillfactor = 70)", "(a) WITH (fillfactor = 80)"],
  ["index", "((doc ->> 'k'))", "((doc ->> 'K'))"],
  ["index", "USING gin (doc)", "USING gin (doc jsonb_path_ops)"],
  ["unique", "(a, b)", "(b, a)"],
  ["unique", "(a)", "(a) DEFERRABLE"],
  ["unique", '("Mixed Case")', '("order")'],
  [
    "foreign",
    "(a) REFERENCES parent (id)",
    "(a) REFERENCES parent (id) ON DELETE CASCADE",
  ],
  [
    "foreign",
    "(a) REFERENCES parent (id)",
    "(a) REFERENCES parent (other)",
  ],
  [
    "exclusion",
    "USING gist (span WITH &&)",
    "USING gist (span WITH =)",
  ],
];

const builders: Record<string, string> = {
  check: "addCheck",
  index: "createIndex",
  unique: "addUnique",
  foreign: "addForeignKey",
  exclusion: "addExclusion",
};

/** Every spelling of a list, the first or the second of each, as steps. */
function spell(spellings: Spelling[], prefix: string, which: 1 | 2): string {
  const table = (name: string, columns: Record<string, string>) =>
    `createTable(${JSON.stringify(name)}, ${JSON.stringify(columns)}),`;
  const base = {
    a: "int",
    b: "text",
    c: 'text COLLATE "C"',
    email: "varchar(50)",
    price: "numeric",
    flag: "boolean",
    at: "timestamptz",
    plain: "timestamp",
    tags: "text[]",
    doc: "jsonb",
    state: "mood",
    span: "int4range",
    "Mixed Case": "int",
    order: "int",
  };
  const own = spellings.flatMap((spelling, i) =>
    spelling[0] === "column" ? [[`${prefix}${i}`, spelling[which]]] : []
  );
  return [
    'createEnum("mood", ["ok", "bad"]),',
    'createEnum("Mixed Mood", ["ok"]),',
    table("parent", { id: "int PRIMARY KEY", other: "int NOT NULL" }),
    'addUnique("parent", "parent_other_key", "(other)"),',
    table("spelled", { ...base, ...Object.fromEntries(own) }),
    ...spellings.flatMap((spelling, i) => {
      const builder = builders[spelling[0]];
      const name = `${prefix}${i}`;
      const text = JSON.stringify(spelling[which]);
      return builder ? [`${builder}("spelled", "${name}", ${text}),`] : [];
    }),
  ].join("\n");
}

const places: (Major | "PGlite")[] = [...MAJORS, "PGlite"];
for (const place of places) {
  Deno.test(`another spelling is no difference, on ${place}`, async (t) => {
    const all = [...equal, ...different];
    const compare = async (url: string) => {
      // The project's flags let it write to one directory alone.
      const options = { url, permissions: ["-A"] };
      const detailed = ["--dry-run", "--detailed-exitcode"];
      const steps = spell(all, "s", 1);
      // Its own step, so that one spelling hides no other.
      await t.step("applied as written, it is in sync", async () => {
        const applied = await sync(["--apply"], { ...options, steps });
        assert.equal(applied.code, 0, applied.stderr);
        const again = await sync(detailed, { ...options, steps });
        assert.equal(again.code, 0, again.stdout + again.stderr);
      });
      const other = spell(all, "s", 2);
      const { code, stdout, stderr } = await sync(detailed, {
        ...options,
        steps: other,
      });
      assert.equal(code, 2, stdout + stderr);
      const lines = new Map(
        [...reported(stdout)].map(([object, text]) => [
          object.replace("spelled.", ""),
          text,
        ]),
      );
      for (const [i, [kind, written, spelled]] of all.entries()) {
        const line = lines.get(`s${i}`);
        const same = i < equal.length;
        const sign = same ? "is" : "is not";
        await t.step(`${kind} ${written} ${sign} ${spelled}`, () => {
          if (same) assert.equal(line, undefined);
          else assert.match(line ?? "no line", /^[ℹ⚠] /);
        });
        lines.delete(`s${i}`);
      }
      assert.deepEqual([...lines], [], stdout);
    };
    if (place === "PGlite") {
      const directory = await Deno.makeTempDir({ prefix: "pglite-" });
      try {
        await compare(`pglite:${directory}/db`);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    } else {
      await (await server(place)).withDatabase(compare);
    }
  });
}

for (const major of [14, 18] as const) {
  Deno.test(`a foreign key finds a parent whose name needs quotes, on ${major}`, async () => {
    await (await server(major)).withDatabase(async (url, sql) => {
      const steps = (order: string, big: string) => `
        createTable("user", { id: "int PRIMARY KEY" }),
        createTable("Big Parent", { "Its Id": "int PRIMARY KEY" }),
        createTable("select", { order: "int", "Its Id": "int" }),
        addForeignKey("select", "select_order_fkey", \`${order}\`),
        addForeignKey("select", "Its key", \`${big}\`),`;
      const written = steps(
        '("order") REFERENCES "user" (id)',
        '("Its Id") REFERENCES "Big Parent" ("Its Id") ON DELETE CASCADE',
      );
      const other = steps(
        '("order")references "user"("id")',
        '("Its Id") REFERENCES public."Big Parent"("Its Id") on delete cascade',
      );
      const different = steps(
        '("order") REFERENCES "Big Parent" ("Its Id")',
        '("Its Id") REFERENCES "Big Parent" ("Its Id")',
      );
      const detailed = ["--dry-run", "--detailed-exitcode"];
      await sql.unsafe('CREATE TABLE "Big Parent" ("Its Id" int PRIMARY KEY)');
      const dry = await sync(["--dry-run"], { url, steps: written });
      assert.match(dry.stdout, /-- locks "Big Parent": SHARE ROW EXCLUSIVE/);
      const applied = await sync(["--apply"], { url, steps: written });
      assert.equal(applied.code, 0, applied.stdout + applied.stderr);
      const same = await sync(detailed, { url, steps: other });
      assert.equal(same.code, 0, same.stdout + same.stderr);
      const changed = await sync(detailed, { url, steps: different });
      assert.equal(changed.code, 2, changed.stdout + changed.stderr);
      assert.deepEqual([...reported(changed.stdout).keys()], [
        "select_order_fkey",
        "Its key",
      ]);
    });
  });
}

for (const major of [14, 18] as const) {
  Deno.test(`tables that are alike keep their foreign keys apart, on ${major}`, async () => {
    await (await server(major)).withDatabase(async (url, sql) => {
      const steps = (ofB: string) => `
        createTable("p", { id: "int PRIMARY KEY" }),
        createTable("P 2", { id: "int PRIMARY KEY" }),
        createTable("a", { p: "int" }),
        createTable("b", { p: "int" }),
        createTable("c", { p: "int" }),
        addForeignKey("a", "a_fkey", '(p) REFERENCES p (id)'),
        addForeignKey("b", "b_fkey", '(p) REFERENCES ${ofB}'),
        addForeignKey("c", "c_fkey", '(p) REFERENCES p (id) ON DELETE SET NULL'),`;
      const dryRun = async (ofB: string) => {
        const { stdout } = await sync(["--dry-run"], {
          url,
          steps: steps(ofB),
        });
        return [...reported(stdout)];
      };
      const { code } = await sync(["--apply"], {
        url,
        steps: steps('"P 2" (id)'),
      });
      assert.equal(code, 0);
      assert.deepEqual(await dryRun('"P 2" (id)'), []);
      const another = "⚠ is another constraint: referenced table";
      assert.deepEqual(await dryRun("p (id)"), [["b_fkey", another]]);
      await sql`ALTER TABLE a DROP CONSTRAINT a_fkey, ADD CONSTRAINT a_fkey
        FOREIGN KEY (p) REFERENCES "P 2" (id)`;
      assert.deepEqual(await dryRun('"P 2" (id)'), [["a_fkey", another]]);
    });
  });
}

Deno.test("a serial column without its default is a conflict", async () => {
  const { withDatabase } = await server(18);
  await withDatabase(async (url, sql) => {
    const steps = `createTable("t", { id: "serial" }),`;
    assert.equal((await sync(["--apply"], { url, steps })).code, 0);
    await sql`ALTER TABLE t ALTER id DROP DEFAULT`;
    const { stdout } = await sync(["--dry-run"], { url, steps });
    assert.match(stdout, /⚠ t\.id\s+has no default, so it counts nothing/);
  });
});
