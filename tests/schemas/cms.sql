-- A content management system: pages as a tree, search, revisions.
CREATE EXTENSION citext;
CREATE EXTENSION pg_trgm;
CREATE TYPE page_state AS ENUM ('draft', 'in review', 'published');
CREATE FUNCTION is_slug(text) RETURNS boolean LANGUAGE sql IMMUTABLE
  AS $$ SELECT $1 ~ '^[a-z0-9]+(-[a-z0-9]+)*$' $$;
CREATE DOMAIN slug AS text CONSTRAINT slug_is_plain CHECK (is_slug(VALUE));
CREATE TABLE authors (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email citext NOT NULL,
  name text NOT NULL DEFAULT '',
  biography text
);
CREATE UNIQUE INDEX authors_email_key ON authors (email);
CREATE TABLE pages (
  id bigserial PRIMARY KEY,
  parent_id bigint REFERENCES pages (id) ON DELETE RESTRICT,
  author_id integer NOT NULL REFERENCES authors (id),
  slug slug NOT NULL,
  title text NOT NULL,
  body text NOT NULL DEFAULT '',
  state page_state NOT NULL DEFAULT 'draft',
  tags text[] NOT NULL DEFAULT '{}',
  published_at timestamptz,
  search tsvector GENERATED ALWAYS AS
    (to_tsvector('simple', title || ' ' || body)) STORED,
  CONSTRAINT pages_are_dated
    CHECK (state <> 'published' OR published_at IS NOT NULL),
  CONSTRAINT pages_parent_id_slug_key UNIQUE (parent_id, slug)
);
ALTER TABLE pages ALTER body SET STORAGE EXTERNAL, ALTER state SET STATISTICS 200;
CREATE INDEX pages_search_idx ON pages USING gin (search);
CREATE INDEX pages_title_idx ON pages USING gin (title gin_trgm_ops);
CREATE INDEX pages_published_idx ON pages (published_at DESC NULLS LAST)
  WHERE state = 'published';
CREATE TABLE page_revisions (
  page_id bigint NOT NULL REFERENCES pages (id) ON DELETE CASCADE,
  revision integer NOT NULL,
  body text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (page_id, revision)
) WITH (fillfactor = 90);
CREATE FUNCTION keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- What was there, with its quotes: 'it''s' and "names".
  INSERT INTO page_revisions (page_id, revision, body)
  SELECT OLD.id, coalesce(max(revision), 0) + 1, OLD.body
  FROM page_revisions WHERE page_id = OLD.id;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_revision BEFORE UPDATE OF body ON pages FOR EACH ROW
  WHEN (OLD.body IS DISTINCT FROM NEW.body) EXECUTE FUNCTION keep_revision();
-- The names say the wrong order on purpose: the second reads the first.
CREATE VIEW published AS SELECT id, slug, title FROM pages
  WHERE state = 'published';
CREATE VIEW latest AS SELECT p.id, p.title, r.made_at FROM published p
  LEFT JOIN page_revisions r ON r.page_id = p.id AND r.revision = 1;
CREATE MATERIALIZED VIEW page_counts AS
  SELECT author_id, count(*) AS pages FROM pages GROUP BY author_id;
CREATE UNIQUE INDEX page_counts_author_id_key ON page_counts (author_id);
COMMENT ON TABLE pages IS 'What visitors read; it''s a tree';
COMMENT ON COLUMN pages.slug IS 'The last part of its address';
COMMENT ON VIEW published IS 'What the world may see';
COMMENT ON INDEX page_counts_author_id_key IS 'For REFRESH CONCURRENTLY';
GRANT SELECT ON published TO PUBLIC;
