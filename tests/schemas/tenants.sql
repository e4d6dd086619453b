-- A product of many tenants: schemas of its own, row level security, roles.
CREATE SCHEMA tenancy;
CREATE SCHEMA audit;
CREATE TYPE tenancy.role AS ENUM ('owner', 'member');
CREATE FUNCTION tenancy.current_tenant() RETURNS integer LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.tenant', true), '')::integer $$;
CREATE TABLE tenancy.tenants (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE
);
CREATE TABLE tenancy.members (
  tenant_id integer NOT NULL REFERENCES tenancy.tenants (id),
  email text NOT NULL,
  role tenancy.role NOT NULL DEFAULT 'member',
  PRIMARY KEY (tenant_id, email)
);
CREATE TABLE documents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id integer NOT NULL DEFAULT tenancy.current_tenant()
    REFERENCES tenancy.tenants (id),
  title text NOT NULL,
  secret boolean NOT NULL DEFAULT false
);
CREATE INDEX documents_tenant_id_idx ON documents (tenant_id);
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON documents
  USING (tenant_id = tenancy.current_tenant());
CREATE POLICY guests ON documents AS RESTRICTIVE FOR SELECT TO scaffold_guest
  USING (NOT secret);
CREATE POLICY writing ON documents FOR INSERT TO scaffold_app, scaffold_guest
  WITH CHECK (EXISTS (SELECT FROM tenancy.members m
    WHERE m.tenant_id = documents.tenant_id AND m.role = 'owner'));
CREATE TABLE audit.log (
  at timestamptz NOT NULL DEFAULT now(),
  what text NOT NULL,
  row jsonb
);
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.log (what, row) VALUES (TG_OP, to_jsonb(NEW));
  RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON documents
  FOR EACH ROW EXECUTE FUNCTION audit.note();
CREATE RULE keep AS ON DELETE TO audit.log DO INSTEAD NOTHING;
CREATE VIEW my_documents AS
  SELECT d.id, d.title, t.name AS tenant
  FROM documents d JOIN tenancy.tenants t ON t.id = d.tenant_id;
GRANT USAGE ON SCHEMA tenancy TO scaffold_app;
GRANT SELECT, INSERT, UPDATE ON documents TO scaffold_app;
GRANT SELECT ON my_documents TO scaffold_guest;
GRANT SELECT (id, title) ON documents TO scaffold_guest;
GRANT SELECT ON tenancy.members TO scaffold_app WITH GRANT OPTION;
REVOKE EXECUTE ON FUNCTION tenancy.current_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.current_tenant() TO scaffold_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA tenancy GRANT SELECT ON TABLES TO scaffold_app;
COMMENT ON SCHEMA audit IS 'Written by triggers alone';
COMMENT ON POLICY own ON documents IS 'Everybody sees the own tenant''s';
