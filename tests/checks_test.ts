/**
 * The checks of the steps: whatever is dropped or altered behind the script's
 * back is noticed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Major, type Server, startServer, sync } from "./helpers.ts";

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
    says: /^⚠ .*different index/,
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
    says: /^⚠ .*different constraint/,
    restore: drop,
  };
}

const breaks: Break[] = [
  // Columns.
  column(
    "another type",
    "events.kind",
    "THIS TYPE varchar",
    /^⚠ .*different type/,
    "THIS TYPE text",
  ),
  column(
    "another length of varchar",
    "users.email",
    "THIS TYPE varchar(100)",
    /^⚠ .*different type/,
    "THIS TYPE varchar(255)",
  ),
  column(
    "no length of varchar",
    "projects.key",
    "THIS TYPE varchar",
    /^⚠ .*different type/,
    "THIS TYPE varchar(10)",
  ),
  column(
    "another numeric precision",
    "projects.budget",
    "THIS TYPE numeric(14,2)",
    /^⚠ .*different type/,
    "THIS TYPE numeric(12,2)",
  ),
  column(
    "another numeric scale",
    "tasks.estimate_hours",
    "THIS TYPE numeric(6,3)",
    /^⚠ .*different type/,
    "THIS TYPE numeric(6,2)",
  ),
  column(
    "a timestamp without its zone",
    "comments.edited_at",
    "THIS TYPE timestamp",
    /^⚠ .*different type/,
    "THIS TYPE timestamptz",
  ),
  column(
    "an array that is none any more",
    "roles.permissions",
    "THIS DROP DEFAULT, THIS TYPE text USING permissions[1]",
    /^⚠ .*different type/,
    "THIS TYPE text[] USING ARRAY[permissions], THIS SET DEFAULT '{}'",
  ),
  {
    ...column(
      "an enum column that became text",
      "organizations.plan",
      "THIS DROP DEFAULT, THIS TYPE text, THIS SET DEFAULT 'free'",
      /^⚠ .*different type/,
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
    says: /^⚠ .*different type/,
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
    info,
  ),
  column(
    "an identity that counts otherwise",
    "tasks.id",
    "THIS SET INCREMENT BY 5 SET CYCLE",
    info,
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
  {
    title: "a storage parameter",
    object: "tasks_project_id_status_idx",
    sql: "ALTER INDEX tasks_project_id_status_idx SET (fillfactor = 50)",
    says: /^ℹ .*set fillfactor/,
  },
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

// ═══ Foreign keys and serials ══════════════════════════════════════════════

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
      const another = "⚠ is a different constraint: referenced table";
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
    assert.match(
      stdout,
      /⚠ t\.id\s+has no default, so nothing uses its sequence/,
    );
  });
});
