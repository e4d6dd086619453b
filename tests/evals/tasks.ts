/**
 * Ten schema changes to give to an agent, and what must hold afterwards.
 *
 * Each begins with a repository whose steps and models agree, and a database
 * with rows that has their schema. `solution` is an answer that passes, and
 * `mistake` is a likely answer that must not.
 *
 * @module
 */

/** What the agent leaves behind. */
export interface Answer {
  /** The steps of the only section, where they change. */
  steps?: string;
  /** The models, as SQL, where they change. */
  models?: string;
  /** What it says at the end. */
  reply?: string;
}

export interface Task {
  name: string;
  prompt: string;
  /** The repository: its steps, and its models as SQL. */
  steps: string;
  models: string;
  /** The rows of the database, which has the models' schema. */
  rows: string;
  /** The hazards that a person allows for this change. */
  allow?: string[];
  /** After an apply: queries, of which each must return true. */
  holds: string[];
  /** What the steps must and must not contain, and what the reply must. */
  steps_have?: RegExp;
  steps_lack?: RegExp;
  reply_has?: RegExp;
  solution: Answer;
  mistake: Answer & {
    /** The check that must find it. */
    found: RegExp;
  };
}

const CUSTOMERS = `createTable("customers", {
  id: "integer PRIMARY KEY",
  email: "text NOT NULL",
  phone: "text",
}),`;
const CUSTOMERS_SQL = `CREATE TABLE customers (
  id integer PRIMARY KEY,
  email text NOT NULL,
  phone text
);`;
const CUSTOMERS_ROWS = `INSERT INTO customers VALUES
  (1, 'ada@example.com', '555-1'),
  (2, 'bob@example.com', NULL),
  (3, 'cyd@example.com', NULL);`;
const customers = {
  steps: CUSTOMERS,
  models: CUSTOMERS_SQL,
  rows: CUSTOMERS_ROWS,
};
/** A statement in the models with one place of it changed. */
const edited = (text: string, from: string, to: string) => {
  if (!text.includes(from)) throw new Error(`not there: ${from}`);
  return text.replace(from, () => to);
};

const PHONE_NOT_NULL_SQL = edited(
  CUSTOMERS_SQL,
  "phone text",
  "phone text NOT NULL",
);
const PHONE_NOT_NULL = edited(
  CUSTOMERS,
  `phone: "text"`,
  `phone: "text NOT NULL"`,
);

const TEAMS = `createTable("teams", {
  id: "uuid PRIMARY KEY DEFAULT gen_random_uuid()",
  name: "text NOT NULL",
  created_at: "timestamptz NOT NULL DEFAULT now()",
}),`;
const TEAMS_SQL = `CREATE TABLE teams (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);`;
const TEAMS_UNIQUE_SQL = `${TEAMS_SQL}
ALTER TABLE teams ADD CONSTRAINT teams_name_key UNIQUE (name);`;

const ORDERS = `createTable("orders", {
  id: "integer PRIMARY KEY",
  quantity: "integer NOT NULL",
  price: "numeric(10,2) NOT NULL",
}),
addCheck("orders", "orders_quantity_check", "quantity > 0"),`;
const ORDERS_SQL = `CREATE TABLE orders (
  id integer PRIMARY KEY,
  quantity integer NOT NULL,
  price numeric(10,2) NOT NULL,
  CONSTRAINT orders_quantity_check CHECK (quantity > 0)
);`;
const ORDERS_ROWS = "INSERT INTO orders VALUES (1, 2, 2.50), (2, 100, 1);";
const orders = { steps: ORDERS, models: ORDERS_SQL, rows: ORDERS_ROWS };

const OFFICES = `createTable("offices", {
  id: "integer PRIMARY KEY",
  city: "text NOT NULL",
  fax: "text NOT NULL",
}),`;
const OFFICES_SQL = `CREATE TABLE offices (
  id integer PRIMARY KEY,
  city text NOT NULL,
  fax text NOT NULL
);`;
const OFFICES_WITHOUT = edited(OFFICES, `  fax: "text NOT NULL",\n`, "");
const OFFICES_WITHOUT_SQL = edited(
  OFFICES_SQL,
  "NOT NULL,\n  fax text NOT NULL",
  "NOT NULL",
);

const RENAMED_SQL = `CREATE TABLE customers (
  id integer PRIMARY KEY,
  email text NOT NULL,
  phone text,
  mobile text
);
CREATE FUNCTION customers_same_mobile() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.mobile := coalesce(NEW.mobile, NEW.phone);
    NEW.phone := coalesce(NEW.phone, NEW.mobile);
  ELSIF NEW.phone IS DISTINCT FROM OLD.phone THEN
    NEW.mobile := NEW.phone;
  ELSIF NEW.mobile IS DISTINCT FROM OLD.mobile THEN
    NEW.phone := NEW.mobile;
  END IF;
  RETURN NEW; END$$;
CREATE TRIGGER same_mobile BEFORE INSERT OR UPDATE ON customers
  FOR EACH ROW EXECUTE FUNCTION customers_same_mobile();`;
const [, SAME_MOBILE = ""] = /(RETURNS trigger[^]*?END\$\$);/.exec(
  RENAMED_SQL,
) ?? [];

export const tasks: Task[] = [
  {
    name: "a table",
    prompt: "Customers write notes. Add a table notes: an integer id that " +
      "the database generates (always as identity), the customer, the text, " +
      "and when it was written (by default now). Deleting a customer deletes " +
      "the customer's notes. We list notes by customer. Name the index " +
      "notes_customer_id_idx and the foreign key notes_customer_id_fkey; the " +
      "columns are id, customer_id, body and written_at.",
    ...customers,
    holds: [
      "INSERT INTO notes (customer_id, body) VALUES (1, 'x') RETURNING written_at <= now()",
      "WITH gone AS (DELETE FROM customers WHERE id = 1 RETURNING 1) SELECT count(*) = 1 FROM gone",
      "SELECT count(*) = 0 FROM notes",
      "SELECT count(*) = 1 FROM pg_index WHERE indexrelid = 'notes_customer_id_idx'::regclass AND indisvalid",
      "SELECT count(*) = 3 FROM information_schema.columns WHERE table_name = 'notes' AND is_nullable = 'NO' AND column_name <> 'id'",
    ],
    solution: {
      steps: `${CUSTOMERS}
createTable("notes", {
  id: "integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  customer_id: "integer NOT NULL",
  body: "text NOT NULL",
  written_at: "timestamptz NOT NULL DEFAULT now()",
}),
createIndex("notes", "notes_customer_id_idx", "(customer_id)"),
addForeignKey("notes", "notes_customer_id_fkey",
  "(customer_id) REFERENCES customers (id) ON DELETE CASCADE"),`,
      models: `${CUSTOMERS_SQL}
CREATE TABLE notes (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id integer NOT NULL,
  body text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT notes_customer_id_fkey FOREIGN KEY (customer_id)
    REFERENCES customers (id) ON DELETE CASCADE
);
CREATE INDEX notes_customer_id_idx ON notes (customer_id);`,
    },
    mistake: {
      models: `${CUSTOMERS_SQL}
CREATE TABLE notes (id integer PRIMARY KEY, customer_id integer NOT NULL,
  body text NOT NULL, written_at timestamptz NOT NULL DEFAULT now());`,
      found: /^verifier/,
    },
  },
  {
    name: "a column with a default",
    prompt: "Add a column time_zone to customers: text, never NULL, by " +
      "default 'UTC', also for existing customers.",
    ...customers,
    holds: [
      "SELECT count(*) = 3 FROM customers WHERE time_zone = 'UTC'",
      "INSERT INTO customers (id, email) VALUES (9, 'e') RETURNING time_zone = 'UTC'",
      "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'customers'::regclass AND attname = 'time_zone'",
    ],
    solution: {
      steps: edited(
        CUSTOMERS,
        `  phone: "text",`,
        `  phone: "text",\n  time_zone: "text NOT NULL DEFAULT 'UTC'",`,
      ),
      models: edited(
        CUSTOMERS_SQL,
        "phone text",
        "phone text,\n  time_zone text NOT NULL DEFAULT 'UTC'",
      ),
    },
    mistake: {
      steps: edited(
        CUSTOMERS,
        `  phone: "text",`,
        `  phone: "text",\n  time_zone: "text DEFAULT 'UTC'",`,
      ),
      models: edited(
        CUSTOMERS_SQL,
        "phone text",
        "phone text,\n  time_zone text DEFAULT 'UTC'",
      ),
      found: /attnotnull/,
    },
  },
  {
    name: "NOT NULL with NULLs: ask",
    prompt: "The column phone of customers must be NOT NULL from now on. " +
      "$DATABASE_URL is a copy of production that you may read.",
    ...customers,
    holds: ["SELECT count(*) = 2 FROM customers WHERE phone IS NULL"],
    reply_has: /phone[^]*\?/i,
    solution: {
      reply: "2 of 3 customers have no phone. Which value should they get, " +
        "or should the column phone stay nullable?",
    },
    mistake: {
      steps: `${PHONE_NOT_NULL}
backfill("customers", { set: "phone = ''", where: "phone IS NULL" }),`,
      models: PHONE_NOT_NULL_SQL,
      reply: "The column phone is NOT NULL now.",
      found: /reply|phone IS NULL/,
    },
  },
  {
    name: "NOT NULL with a value for existing rows",
    prompt: "The column phone of customers must be NOT NULL from now on. " +
      "Customers without one get 'unknown'; that is decided. The application " +
      "already writes the column.",
    ...customers,
    holds: [
      "SELECT count(*) = 2 FROM customers WHERE phone = 'unknown'",
      "SELECT phone = '555-1' FROM customers WHERE id = 1",
      "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'customers'::regclass AND attname = 'phone'",
      "SELECT count(*) = 0 FROM pg_attrdef WHERE adrelid = 'customers'::regclass",
    ],
    solution: {
      steps: `${PHONE_NOT_NULL}
backfill("customers", { set: "phone = 'unknown'", where: "phone IS NULL" }),`,
      models: PHONE_NOT_NULL_SQL,
    },
    mistake: {
      steps: PHONE_NOT_NULL,
      models: PHONE_NOT_NULL_SQL,
      found: /^apply/,
    },
  },
  {
    name: "unique with duplicates, uuid keys",
    prompt: "Team names must become unique (constraint teams_name_key), and " +
      "there are duplicates: the oldest by created_at keeps its name; append " +
      "' (2)', ' (3)' and so on to the others, by age. No team may be lost.",
    steps: TEAMS,
    models: TEAMS_SQL,
    rows: `INSERT INTO teams (name, created_at) VALUES ('Web', '2026-03-01'),
      ('Web', '2026-01-01'), ('Web', '2026-02-01'), ('Ops', '2026-01-01');`,
    holds: [
      "SELECT string_agg(name, ',' ORDER BY name, created_at) = 'Ops,Web,Web (2),Web (3)' FROM teams",
      "SELECT name = 'Web' FROM teams WHERE created_at = '2026-01-01' AND name LIKE 'W%'",
      "SELECT name = 'Web (2)' FROM teams WHERE created_at = '2026-02-01'",
      "SELECT contype = 'u' AND convalidated FROM pg_constraint WHERE conname = 'teams_name_key'",
    ],
    solution: {
      steps: `${TEAMS}
backfill("teams", {
  set: \`name = name || ' (' || (SELECT 1 + count(*) FROM teams older
    WHERE older.name = teams.name
      AND (older.created_at, older.id) < (teams.created_at, teams.id)) || ')'\`,
  where: \`EXISTS (SELECT FROM teams older WHERE older.name = teams.name
    AND (older.created_at, older.id) < (teams.created_at, teams.id))\`,
}),
addUnique("teams", "teams_name_key", "(name)"),`,
      models: TEAMS_UNIQUE_SQL,
    },
    mistake: {
      steps: `${TEAMS}\naddUnique("teams", "teams_name_key", "(name)"),`,
      models: TEAMS_UNIQUE_SQL,
      found: /^apply/,
    },
  },
  {
    name: "a rename without downtime, first deploy",
    prompt: "Rename the column phone of customers to mobile without " +
      "downtime. For a week, releases that use only phone run beside releases " +
      "that use only mobile; both read and write. Make the first deploy of " +
      "this, with a trigger that keeps the two columns equal.",
    ...customers,
    holds: [
      "SELECT count(*) = 3 FROM customers WHERE mobile IS NOT DISTINCT FROM phone",
      "SELECT mobile = '555-1' FROM customers WHERE id = 1",
      "INSERT INTO customers (id, email, phone) VALUES (7, 'e', '7') RETURNING mobile = '7'",
      "INSERT INTO customers (id, email, mobile) VALUES (8, 'f', '8') RETURNING phone = '8'",
      "UPDATE customers SET mobile = '9' WHERE id = 7 RETURNING phone = '9'",
      "UPDATE customers SET phone = '10' WHERE id = 8 RETURNING mobile = '10'",
    ],
    solution: {
      steps: `${CUSTOMERS}
addColumn("customers", "mobile", "text"),
createFunction("customers_same_mobile()", \`${SAME_MOBILE}\`),
createTrigger("customers", "same_mobile",
  "BEFORE INSERT OR UPDATE FOR EACH ROW EXECUTE FUNCTION customers_same_mobile()"),
backfill("customers", {
  set: "mobile = phone",
  where: "mobile IS NULL AND phone IS NOT NULL",
}),`,
      models: RENAMED_SQL,
    },
    mistake: {
      steps: edited(CUSTOMERS, "phone:", "mobile:"),
      models: edited(CUSTOMERS_SQL, "phone text", "mobile text"),
      found: /mobile/,
    },
  },
  {
    name: "a changed check",
    prompt: "An order may have at most 100 pieces: change the check on its " +
      "quantity to quantity BETWEEN 1 AND 100. Dropping the old constraint is " +
      "approved.",
    ...orders,
    allow: ["drop:orders.orders_quantity_check"],
    holds: [
      "SELECT count(*) = 1 AND bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'c'",
      "INSERT INTO orders VALUES (3, 1, 1) RETURNING true",
      "SELECT pg_get_constraintdef(oid) LIKE '%100%' FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'c'",
      "SELECT count(*) = 3 FROM orders",
    ],
    solution: {
      steps: edited(
        ORDERS,
        `"orders_quantity_check", "quantity > 0"),`,
        `"orders_quantity_range_check", "quantity BETWEEN 1 AND 100"),
dropConstraint("orders", "orders_quantity_check"),`,
      ),
      models: edited(
        ORDERS_SQL,
        "orders_quantity_check CHECK (quantity > 0)",
        "orders_quantity_range_check CHECK (quantity BETWEEN 1 AND 100)",
      ),
    },
    mistake: {
      steps: edited(ORDERS, "quantity > 0", "quantity BETWEEN 1 AND 100"),
      models: edited(ORDERS_SQL, "quantity > 0", "quantity BETWEEN 1 AND 100"),
      found: /^apply/,
    },
  },
  {
    name: "a generated column",
    prompt: "Add a stored generated column total to orders: numeric(12,2), " +
      "quantity * price. Rewriting the table is approved.",
    ...orders,
    allow: ["rewrite"],
    holds: [
      "SELECT total = 5 FROM orders WHERE id = 1",
      "UPDATE orders SET quantity = 3 WHERE id = 1 RETURNING total = 7.5",
      "SELECT attgenerated = 's' FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'total'",
    ],
    solution: {
      steps: edited(
        ORDERS,
        `  price: "numeric(10,2) NOT NULL",`,
        `  price: "numeric(10,2) NOT NULL",
  total: "numeric(12,2) GENERATED ALWAYS AS (quantity * price) STORED",`,
      ),
      models: edited(
        ORDERS_SQL,
        "price numeric(10,2) NOT NULL,",
        `price numeric(10,2) NOT NULL,
  total numeric(12,2) GENERATED ALWAYS AS (quantity * price) STORED,`,
      ),
    },
    mistake: {
      steps: `${ORDERS}
addColumn("orders", "total", "numeric(12,2)"),
backfill("orders", { set: "total = quantity * price", where: "total IS NULL" }),`,
      models: edited(
        ORDERS_SQL,
        "price numeric(10,2) NOT NULL,",
        "price numeric(10,2) NOT NULL,\n  total numeric(12,2),",
      ),
      found: /total/,
    },
  },
  {
    name: "a column no longer needed, first deploy",
    prompt: "The fax number of offices is no longer needed. Make the first " +
      "of two deploys: after it, the application no longer uses the column, " +
      "which keeps its values until the second deploy.",
    steps: OFFICES,
    models: OFFICES_SQL,
    rows: "INSERT INTO offices VALUES (1, 'Paris', '555');",
    holds: [
      "SELECT fax = '555' FROM offices WHERE id = 1",
      "INSERT INTO offices (id, city) VALUES (2, 'Rome') RETURNING fax IS NULL",
    ],
    steps_lack: /dropColumn\(/,
    solution: {
      steps: `${OFFICES_WITHOUT}
notModelled(addColumn("offices", "fax", "text")),
notModelled(dropNotNull("offices", "fax")),`,
      models: OFFICES_WITHOUT_SQL,
    },
    mistake: {
      steps: OFFICES_WITHOUT,
      models: OFFICES_WITHOUT_SQL,
      found: /INSERT INTO offices/,
    },
  },
  {
    name: "a wider type",
    prompt: "The price of orders needs more digits: numeric(14,2).",
    ...orders,
    holds: [
      "SELECT format_type(atttypid, atttypmod) = 'numeric(14,2)' FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'price'",
      "SELECT sum(price) = 3.5 FROM orders",
    ],
    steps_have: /changeType\(/,
    solution: {
      steps: `${edited(ORDERS, "numeric(10,2)", "numeric(14,2)")}
changeType("orders", "price", "numeric(14,2)"),`,
      models: edited(ORDERS_SQL, "numeric(10,2)", "numeric(14,2)"),
    },
    mistake: {
      steps: edited(ORDERS, "numeric(10,2)", "numeric(14,2)"),
      models: edited(ORDERS_SQL, "numeric(10,2)", "numeric(14,2)"),
      found: /^apply/,
    },
  },
];
