/**
 * The application's models: a project tracker with organizations, people,
 * projects and tasks. The application's queries use these tables; the sync
 * script brings a database to them. The comments go into the guide.
 *
 * @module
 */

import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  type PgTableExtraConfigValue,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";

/** Text that compares without regard to case, from the citext extension. */
const citext = customType<{ data: string }>({ dataType: () => "citext" });

/** The lexemes of a document, for full text search. */
const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });

/** A point in time, stored with its zone. */
const timestamptz = (name: string) => timestamp(name, { withTimezone: true });

/** The plans that an organization can pay for. */
export const plan = pgEnum("plan", ["free", "team", "enterprise"]);

/** The states of a project. */
export const projectStatus = pgEnum("project_status", [
  "planned",
  "active",
  "paused",
  "done",
]);

/** The states of a task. */
export const taskStatus = pgEnum("task_status", [
  "todo",
  "in_progress",
  "in_review",
  "done",
]);

/** A customer: the owner of everything else. */
export const organizations = pgTable("organizations", {
  /** Referenced by other tables. */
  id: uuid("id").primaryKey().defaultRandom(),
  /** The name as displayed. */
  name: text("name").notNull(),
  /** The name in URLs. */
  slug: citext("slug").notNull(),
  /** The current plan. */
  plan: plan("plan").notNull().default("free"),
  /** Preferences, always read as a whole. */
  settings: jsonb("settings").notNull().default({}),
  /** The person who pays; NULL until the first user signs up. */
  ownerId: uuid("owner_id"),
  /** When it signed up. */
  createdAt: timestamptz("created_at").notNull().defaultNow(),
}, (t): PgTableExtraConfigValue[] => [
  unique("organizations_slug_key").on(t.slug),
  foreignKey({
    name: "organizations_owner_id_fkey",
    columns: [t.ownerId],
    foreignColumns: [users.id],
  }).onDelete("set null"),
]);

/** Sets of permissions; the rows are part of the schema. */
export const roles = pgTable("roles", {
  /** Referenced by users. */
  id: smallint("id").primaryKey().generatedAlwaysAsIdentity(),
  /** The name that the application uses: owner, member or viewer. */
  name: text("name").notNull(),
  /** What the role may do: read, write, or * for everything. */
  permissions: text("permissions").array().notNull().default([]),
}, (t) => [unique("roles_name_key").on(t.name)]);

/** A person who signs in. */
export const users = pgTable("users", {
  /** Referenced by other tables. */
  id: uuid("id").primaryKey().defaultRandom(),
  /** The organization in which the person works. */
  organizationId: uuid("organization_id").notNull(),
  /** The person's permissions; none without a role. */
  roleId: smallint("role_id"),
  /** For signing in; unique regardless of case. */
  email: varchar("email", { length: 255 }).notNull(),
  /** The given name; empty if unknown. */
  firstName: text("first_name").notNull().default(""),
  /** The family name; empty if unknown. */
  lastName: text("last_name").notNull().default(""),
  /** The name shown; initially made from the two names. */
  displayName: text("display_name").notNull(),
  /** The person who sent the invitation, if any. */
  invitedBy: uuid("invited_by"),
  /** Whether the person may sign in. */
  active: boolean("active").notNull().default(true),
  /** The last request; NULL until the first. */
  lastSeenAt: timestamptz("last_seen_at"),
  /** When the person joined. */
  createdAt: timestamptz("created_at").notNull().defaultNow(),
}, (t) => [
  uniqueIndex("users_email_key").on(sql`lower(${t.email})`),
  index("users_organization_id_idx").on(t.organizationId).where(
    sql`${t.active}`,
  ),
  check("users_email_check", sql`${t.email} LIKE '%_@_%'`),
  foreignKey({
    name: "users_organization_id_fkey",
    columns: [t.organizationId],
    foreignColumns: [organizations.id],
  }).onDelete("cascade"),
  foreignKey({
    name: "users_role_id_fkey",
    columns: [t.roleId],
    foreignColumns: [roles.id],
  }).onDelete("restrict"),
  foreignKey({
    name: "users_invited_by_fkey",
    columns: [t.invitedBy],
    foreignColumns: [t.id],
  }).onDelete("set null"),
]);

/** A group of people inside an organization. */
export const teams = pgTable("teams", {
  /** Referenced by other tables. */
  id: bigint("id", { mode: "number" }).primaryKey()
    .generatedByDefaultAsIdentity(),
  /** The organization that it belongs to. */
  organizationId: uuid("organization_id").notNull(),
  /** Unique within the organization. */
  name: text("name").notNull(),
  /** When it was created. */
  createdAt: timestamptz("created_at").notNull().defaultNow(),
}, (t) => [
  unique("teams_organization_id_name_key").on(t.organizationId, t.name),
  foreignKey({
    name: "teams_organization_id_fkey",
    columns: [t.organizationId],
    foreignColumns: [organizations.id],
  }).onDelete("cascade"),
]);

/** The members of teams. */
export const teamMembers = pgTable("team_members", {
  /** The team. */
  teamId: bigint("team_id", { mode: "number" }).notNull(),
  /** The person. */
  userId: uuid("user_id").notNull(),
  /** When the person joined the team. */
  joinedOn: date("joined_on").notNull().default(sql`CURRENT_DATE`),
}, (t) => [
  primaryKey({ name: "team_members_pkey", columns: [t.teamId, t.userId] }),
  index("team_members_user_id_idx").on(t.userId),
  foreignKey({
    name: "team_members_team_id_fkey",
    columns: [t.teamId],
    foreignColumns: [teams.id],
  }).onDelete("cascade"),
  foreignKey({
    name: "team_members_user_id_fkey",
    columns: [t.userId],
    foreignColumns: [users.id],
  }).onDelete("cascade"),
]);

/** A project with a budget and an end date. */
export const projects = pgTable("projects", {
  /** Referenced by other tables. */
  id: uuid("id").primaryKey().defaultRandom(),
  /** The organization that owns it. */
  organizationId: uuid("organization_id").notNull(),
  /** The team in charge. */
  teamId: bigint("team_id", { mode: "number" }),
  /** The prefix of the tasks' names: WEB in WEB-17. */
  key: varchar("key", { length: 10 }).notNull(),
  /** The name as displayed. */
  name: text("name").notNull(),
  /** The current state. */
  status: projectStatus("status").notNull().default("planned"),
  /** The maximum cost, in the organization's currency. */
  budget: numeric("budget", { precision: 12, scale: 2 }).notNull()
    .default("0"),
  /** The first day; NULL until planned. */
  startsOn: date("starts_on"),
  /** The last day; NULL until planned. */
  endsOn: date("ends_on"),
  /** When it was created. */
  createdAt: timestamptz("created_at").notNull().defaultNow(),
}, (t) => [
  unique("projects_organization_id_key_key").on(t.organizationId, t.key),
  index("projects_team_id_idx").on(t.teamId),
  check("projects_budget_check", sql`${t.budget} >= 0`),
  check("projects_dates_check", sql`${t.endsOn} >= ${t.startsOn}`),
  foreignKey({
    name: "projects_organization_id_fkey",
    columns: [t.organizationId],
    foreignColumns: [organizations.id],
  }).onDelete("cascade"),
  foreignKey({
    name: "projects_team_id_fkey",
    columns: [t.teamId],
    foreignColumns: [teams.id],
  }).onDelete("set null"),
]);

/** A piece of work in a project; may have subtasks. */
export const tasks = pgTable("tasks", {
  /** The number in the task's name: 17 in WEB-17. */
  id: bigint("id", { mode: "number" }).primaryKey()
    .generatedAlwaysAsIdentity(),
  /** The project that it belongs to. */
  projectId: uuid("project_id").notNull(),
  /** The task of which this is a subtask. */
  parentId: bigint("parent_id", { mode: "number" }),
  /** The person who does it; NULL until assigned. */
  assigneeId: uuid("assignee_id"),
  /** A summary in one line. */
  title: text("title").notNull(),
  /** The full description. */
  description: text("description").notNull().default(""),
  /** The current state. */
  status: taskStatus("status").notNull().default("todo"),
  /** From 1 (urgent) to 5 (some day). */
  priority: smallint("priority").notNull().default(3),
  /** Keywords. */
  labels: text("labels").array().notNull().default(sql`'{}'::text[]`),
  /** The estimated time, in hours. */
  estimateHours: numeric("estimate_hours", { precision: 6, scale: 2 }),
  /** The due date. */
  dueOn: date("due_on"),
  /** Title and description, for full-text search. */
  search: tsvector("search").generatedAlwaysAs(
    sql`to_tsvector('english', title || ' ' || description)`,
  ),
  /** When it was created. */
  createdAt: timestamptz("created_at").notNull().defaultNow(),
  /** Kept current by a trigger. */
  updatedAt: timestamptz("updated_at").notNull().defaultNow(),
}, (t) => [
  // Drizzle has no INCLUDE: it is appended to the last column.
  index("tasks_project_id_status_idx").on(
    t.projectId,
    sql`"status") INCLUDE ("title"`,
  ),
  index("tasks_assignee_id_due_on_idx").on(t.assigneeId, t.dueOn.desc())
    .where(sql`${t.status} <> 'done'`),
  index("tasks_parent_id_idx").on(t.parentId),
  index("tasks_labels_idx").using("gin", t.labels),
  index("tasks_search_idx").using("gin", t.search),
  index("tasks_title_trgm_idx").using("gin", t.title.op("gin_trgm_ops")),
  check("tasks_priority_check", sql`${t.priority} BETWEEN 1 AND 5`),
  foreignKey({
    name: "tasks_project_id_fkey",
    columns: [t.projectId],
    foreignColumns: [projects.id],
  }).onDelete("cascade"),
  foreignKey({
    name: "tasks_parent_id_fkey",
    columns: [t.parentId],
    foreignColumns: [t.id],
  }).onDelete("cascade"),
  foreignKey({
    name: "tasks_assignee_id_fkey",
    columns: [t.assigneeId],
    foreignColumns: [users.id],
  }).onDelete("set null"),
]);

/** Comments on tasks. */
export const comments = pgTable("comments", {
  /** In order of creation. */
  id: bigint("id", { mode: "number" }).primaryKey()
    .generatedAlwaysAsIdentity(),
  /** The task that it is about. */
  taskId: bigint("task_id", { mode: "number" }).notNull(),
  /** The person who wrote it. */
  authorId: uuid("author_id").notNull(),
  /** The text. */
  body: text("body").notNull(),
  /** When it was written. */
  createdAt: timestamptz("created_at").notNull().defaultNow(),
  /** When it was last edited; NULL if never. */
  editedAt: timestamptz("edited_at"),
}, (t) => [
  index("comments_task_id_created_at_idx").on(t.taskId, t.createdAt),
  check("comments_body_check", sql`length(${t.body}) <= 10000`),
  foreignKey({
    name: "comments_task_id_fkey",
    columns: [t.taskId],
    foreignColumns: [tasks.id],
  }).onDelete("cascade"),
  foreignKey({
    name: "comments_author_id_fkey",
    columns: [t.authorId],
    foreignColumns: [users.id],
  }).onDelete("restrict"),
]);

/** An audit log, also for the activity feed. */
export const events = pgTable("events", {
  /** In order of creation. */
  id: bigint("id", { mode: "number" }).primaryKey()
    .generatedAlwaysAsIdentity(),
  /** The organization in which it happened. */
  organizationId: uuid("organization_id").notNull(),
  /** The person who did it; NULL if none, or if deleted. */
  actorId: uuid("actor_id"),
  /** The kind of event, such as task.created. */
  kind: text("kind").notNull(),
  /** The object at that time. */
  payload: jsonb("payload").notNull().default({}),
  /** How long the request took, in milliseconds. */
  durationMs: integer("duration_ms"),
  /** When it happened. */
  occurredAt: timestamptz("occurred_at").notNull().defaultNow(),
}, (t) => [
  index("events_organization_id_occurred_at_idx").on(
    t.organizationId,
    t.occurredAt.desc(),
  ),
  index("events_payload_idx").using("gin", t.payload.op("jsonb_path_ops")),
  index("events_task_idx").on(sql`(payload ->> 'task')`),
  foreignKey({
    name: "events_organization_id_fkey",
    columns: [t.organizationId],
    foreignColumns: [organizations.id],
  }).onDelete("cascade"),
  foreignKey({
    name: "events_actor_id_fkey",
    columns: [t.actorId],
    foreignColumns: [users.id],
  }).onDelete("set null"),
]);
