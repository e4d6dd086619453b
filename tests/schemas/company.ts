/**
 * A company's 150 tables: fifteen departments, each with ten tables alike.
 *
 * @module
 */

const DEPARTMENTS = ["sales", "buying", "stock", "hr", "pay", "bank", "tax"]
  .concat("fleet", "plant", "quality", "support", "legal", "web", "travel")
  .concat("asset");
const KINDS = ["units", "partners", "items", "orders", "lines", "moves"]
  .concat("notes", "files", "rates", "plans");

function table(name: string, parent: string): string {
  const type = parent === "companies" ? "integer" : "bigint";
  return `CREATE TABLE ${name} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  company_id integer NOT NULL REFERENCES companies,
  parent_id ${type} REFERENCES ${parent} ON DELETE CASCADE,
  code varchar(40) NOT NULL,
  state step NOT NULL DEFAULT 'new',
  amount numeric(12,2) NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ${name}_code_key UNIQUE (company_id, code),
  CONSTRAINT ${name}_amount_check CHECK (amount >= 0 OR state IN ('new', 'open'))
);
CREATE INDEX ${name}_parent_idx ON ${name} (parent_id) WHERE state <> 'closed';`;
}

function department(name: string): string {
  const tables = KINDS.map((kind) => `${name}_${kind}`)
    .filter((table) => table !== "asset_plans");
  return [
    ...tables.map((one, i) => table(one, tables[i - 1] ?? "companies")),
    `CREATE TRIGGER ${name}_touch BEFORE UPDATE ON ${name}_orders FOR EACH ROW
  EXECUTE FUNCTION touch();
CREATE VIEW ${name}_open AS SELECT o.id, o.code, sum(l.amount) AS total
  FROM ${name}_orders o JOIN ${name}_lines l ON l.parent_id = o.id
  WHERE o.state = 'open' GROUP BY o.id, o.code;
COMMENT ON TABLE ${name}_units IS 'Where ${name} is done';`,
  ].join("\n");
}

export const COMPANY = `
CREATE TYPE step AS ENUM ('new', 'open', 'closed');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN NEW.changed_at := now(); RETURN NEW; END $$;
CREATE TABLE companies (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name varchar(200) NOT NULL UNIQUE
);
${DEPARTMENTS.map(department).join("\n")}
`;
