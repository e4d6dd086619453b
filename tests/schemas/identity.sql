-- An identity server: accounts, credentials, sessions, grants, an audit trail.
CREATE EXTENSION citext;
CREATE SCHEMA auth;
CREATE SCHEMA internal;
CREATE TYPE auth.factor AS ENUM ('password', 'totp', 'webauthn');
CREATE TYPE auth.level AS ENUM ('aal1', 'aal2', 'aal3');
CREATE DOMAIN auth.email AS citext
  CONSTRAINT email_has_an_at CHECK (VALUE ~ '^[^@\s]+@[^@\s]+\.[a-z]{2,}$');
CREATE FUNCTION internal.new_id(prefix text DEFAULT 'u') RETURNS text
  LANGUAGE sql VOLATILE PARALLEL SAFE
  AS $$ SELECT prefix || '_' || replace(gen_random_uuid()::text, '-', '') $$;
CREATE FUNCTION auth.uid() RETURNS text LANGUAGE sql STABLE
  RETURN nullif(current_setting('request.jwt.sub', true), '');
CREATE TABLE auth.users (
  id text PRIMARY KEY DEFAULT internal.new_id('u'),
  email auth.email,
  phone varchar(15),
  name jsonb NOT NULL DEFAULT '{"given": "", "family": ""}',
  given_name text GENERATED ALWAYS AS (name ->> 'given') STORED,
  disabled boolean NOT NULL DEFAULT false,
  created_at timestamp(3) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deleted_at timestamptz,
  CONSTRAINT users_can_be_reached CHECK (email IS NOT NULL OR phone IS NOT NULL),
  CONSTRAINT users_phone_check CHECK (phone IN ('', '0') OR phone LIKE '+%')
);
CREATE UNIQUE INDEX users_email_key ON auth.users (email)
  WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_phone_key ON auth.users (phone) INCLUDE (disabled);
CREATE TABLE auth.identities (
  provider text NOT NULL,
  subject text NOT NULL,
  user_id text NOT NULL REFERENCES auth.users ON DELETE CASCADE ON UPDATE CASCADE,
  claims jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (provider, subject)
);
CREATE INDEX identities_claims_idx ON auth.identities
  USING gin (claims jsonb_path_ops) WITH (fastupdate = off);
CREATE TABLE auth.credentials (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id text NOT NULL REFERENCES auth.users ON DELETE CASCADE,
  factor auth.factor NOT NULL DEFAULT 'password',
  secret bytea,
  "order" smallint NOT NULL DEFAULT 0,
  CONSTRAINT "credentials in order" UNIQUE (user_id, "order")
    DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT credentials_secret_check
    CHECK ((factor = 'webauthn'::auth.factor) = (secret IS NULL))
);
COMMENT ON COLUMN auth.credentials.secret IS E'Hash, never the password;\nargon2id';
CREATE TABLE auth.sessions (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000 CACHE 20) PRIMARY KEY,
  user_id text NOT NULL REFERENCES auth.users ON DELETE CASCADE,
  level auth.level NOT NULL DEFAULT 'aal1',
  ip inet,
  valid tstzrange NOT NULL DEFAULT tstzrange(now(), now() + '1 day'::interval),
  token text COLLATE "C" NOT NULL,
  CHECK (NOT isempty(valid))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX ON auth.sessions (md5(token));
CREATE INDEX sessions_valid_idx ON auth.sessions USING gist (valid);
CREATE TABLE internal.audit (
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  who name NOT NULL DEFAULT CURRENT_USER,
  what text NOT NULL,
  before jsonb,
  after jsonb
);
CREATE INDEX audit_at_idx ON internal.audit USING brin (at);
CREATE FUNCTION internal.keep() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE sql text := $$a 'quoted' "text"$$;
BEGIN
  INSERT INTO internal.audit (what, before, after)
  VALUES (format('%s %s.%s', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME),
    to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END;
$body$;
CREATE TRIGGER keep AFTER INSERT OR DELETE OR UPDATE ON auth.users
  FOR EACH ROW EXECUTE FUNCTION internal.keep();
CREATE TRIGGER keep AFTER UPDATE OF secret ON auth.credentials
  FOR EACH ROW WHEN (OLD.secret IS NOT NULL) EXECUTE FUNCTION internal.keep();
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY "users see themselves" ON auth.users FOR SELECT TO scaffold_app
  USING (id = auth.uid());
CREATE POLICY change ON auth.users FOR UPDATE TO scaffold_app
  USING (id = auth.uid()) WITH CHECK (id = auth.uid() AND NOT disabled);
CREATE FUNCTION auth.people(VARIADIC ids text[]) RETURNS TABLE (id text, name text)
  LANGUAGE sql STABLE STRICT ROWS 20
  AS 'SELECT id, given_name FROM auth.users WHERE id = ANY (ids)';
CREATE VIEW active_users AS
  SELECT u.id, u.email, count(s.id) AS sessions, max(upper(s.valid)) AS until
  FROM auth.users u LEFT JOIN auth.sessions s ON s.user_id = u.id
  WHERE u.deleted_at IS NULL AND u.phone IN ('', '0')
  GROUP BY u.id;
COMMENT ON VIEW active_users IS 'Who is signed in';
REVOKE ALL ON FUNCTION auth.people(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.people(text[]) TO scaffold_app;
GRANT USAGE ON SCHEMA auth TO scaffold_app, scaffold_guest;
GRANT ALL ON auth.users TO scaffold_app;
GRANT SELECT (id, email), UPDATE (email) ON auth.users TO scaffold_guest;
GRANT USAGE ON TYPE auth.level TO scaffold_guest;
GRANT USAGE ON SEQUENCE auth.sessions_id_seq TO scaffold_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA auth GRANT SELECT ON TABLES TO scaffold_guest;
ALTER DEFAULT PRIVILEGES IN SCHEMA auth GRANT USAGE ON SEQUENCES TO scaffold_app;
